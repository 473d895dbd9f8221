/* SPDX-License-Identifier: MIT */
/* KVM: its modules' parameters, and which exits it lets a guest go without. */
#ifndef TOPOLOGY_FACTS_KVM_H
#define TOPOLOGY_FACTS_KVM_H

#include "topology/base/tristate.h"
#include "topology/root/fact.h"
#include "topology/root/root.h"

typedef struct KvmFacts {
	GHashTable
		*parameters; /* "kvm_intel.ple_gap" → "128": /sys/module/MODULE/parameters/NAME */
	int disable_exits;   /* KVM_CHECK_EXTENSION(KVM_CAP_X86_DISABLE_EXITS) of /dev/kvm; -1 = not
				known */
	Tristate nested;
	Tristate pause_exits; /* the processor has PAUSE-loop exits */
} KvmFacts;

/* Where a snapshot keeps the answer of /dev/kvm: a number. */
#define KVM_ANSWER "/planner/kvm-disable-exits"

KvmFacts *kvm_new(void);
void kvm_free(KvmFacts *kvm);
/*
 * /dev/kvm itself is asked on this machine alone, opened for reading and without making a VM; of a
 * capture, KVM_ANSWER says.
 */
void kvm_load(Root *root, KvmFacts *kvm);

/* The most that /proc/cpuinfo may hold. */
#define CPUINFO_MAX (64u << 20)

/* KvmFacts.disable_exits, of this machine's /dev/kvm; -1 with errno where it does not answer. */
int kvm_ask(void);

/* Is the machine of this /proc/cpuinfo a guest itself? Unknown where CPUs have no flags. */
Tristate cpuinfo_nested(const char *text);
/*
 * Have its CPUs PAUSE-loop exits: Intel's ple, AMD's pausefilter and pfthreshold? Without, KVM sets
 * its parameters to 0 by itself (svm_hardware_setup(), vmx_init()). Unknown where kernels do not
 * show it: Intel's before 5.10.
 */
Tristate cpuinfo_pause_exits(const char *text);

/* Where they are from. */
extern const FactSource kvm_sources[];

#endif
