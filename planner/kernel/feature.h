/* SPDX-License-Identifier: MIT */
/*
 * What a kernel has, by its release. Linux's own number tells of Linux's own kernels: "5.4.0".
 * Vendors take features back into older ones and keep the number: of "4.18.0-553.el8_10.x86_64",
 * "5.4.0-150-generic" or "-rt" it says only what there is at least. What vendors took back comes
 * from a table of their change logs, by build; what is not in it is not known.
 */
#ifndef PLANNER_KERNEL_FEATURE_H
#define PLANNER_KERNEL_FEATURE_H

#include "topology/base/tristate.h"

typedef enum KernelFeature {
	KERNEL_ISOLCPUS_FLAGS,	/* isolcpus=domain, 4.15 */
	KERNEL_DISABLE_EXITS,	/* KVM_CAP_X86_DISABLE_EXITS, 4.17 */
	KERNEL_POSTED_TIMERS,	/* kvm.pi_inject_timer, 5.3 */
	KERNEL_MANAGED_IRQ,	/* isolcpus=managed_irq, 5.6 */
	KERNEL_SKIPS_FLAGS,	/* isolcpus goes on after a flag it does not know, 5.6 */
	KERNEL_LIST_N,		/* 'N' in CPU lists, 5.13 */
	KERNEL_LIST_ALL,	/* 'all' in CPU lists, 5.14 */
	KERNEL_NODE_HUGEPAGES,	/* hugepages=0:4,1:4, 5.16 */
	KERNEL_MASK_PER_TYPE,	/* isolcpus and nohz_full may differ, 5.18 */
	KERNEL_CPUSET_ISOLATED, /* cpuset.cpus.partition = isolated, 6.1 */
	KERNEL_PRESENT_CPU,	/* isolcpus and nohz_full leave a CPU that is present, 5.2 */
	KERNEL_IPI_FAST_PATH,	/* KVM: the ICR written in x2APIC mode, 5.6 */
	KERNEL_TIMER_FAST_PATH, /* KVM: TSC_DEADLINE written, 5.8 */
	KERNEL_TIMER_PER_VCPU, /* KVM: exitless timers leave other VMs alone; in 2022, and in 6.1 */
	KERNEL_IPI_VIRTUAL,    /* KVM: IPI virtualization, x2AVIC, 6.0 */
	KERNEL_COMMON_CPU,     /* and together one, else the second is dropped, 6.18 */
	KERNEL_FEATURES
} KernelFeature;

/* Has a kernel of RELEASE (NULL = unknown) FEATURE? */
Tristate kernel_has(const char *release, KernelFeature feature);

#endif
