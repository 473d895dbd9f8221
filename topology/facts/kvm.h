/* SPDX-License-Identifier: MIT */
/* KVM: its modules' parameters, and which exits it lets a guest go without. */
#ifndef TOPOLOGY_FACTS_KVM_H
#define TOPOLOGY_FACTS_KVM_H

#include "topology/facts/facts.h"
#include "topology/root/root.h"

/* Where a snapshot keeps the answer of /dev/kvm: a number. */
#define KVM_ANSWER "/planner/kvm-disable-exits"

/*
 * /dev/kvm itself is asked on this machine alone, opened for reading and without making a VM; of a
 * capture, KVM_ANSWER says.
 */
void kvm_load(Root *root, KvmFacts *kvm);

/* Is the machine of this /proc/cpuinfo a guest itself? Unknown where CPUs have no flags. */
Tristate cpuinfo_nested(const char *text);
/*
 * Have its CPUs PAUSE-loop exits: Intel's ple, AMD's pausefilter and pfthreshold? Without, KVM sets
 * its parameters to 0 by itself (svm_hardware_setup(), vmx_init()). Unknown where kernels do not
 * show it: Intel's before 5.10.
 */
Tristate cpuinfo_pause_exits(const char *text);

#endif
