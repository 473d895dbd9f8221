/* SPDX-License-Identifier: MIT */
/*
 * Which way a VM's timers, IPIs and halts take through KVM: said before anybody measures it, from
 * the node's kernel and whether the VM has cpu-pm. KVM chooses the way for each exit anew, and no
 * guest sees which: it may differ between two nodes.
 */
#ifndef PLANNER_CPUPM_PATHS_H
#define PLANNER_CPUPM_PATHS_H

#include <stdbool.h>

typedef struct VmPaths {
	char *timers, *ipis, *halts;
} VmPaths;

/* Of a VM with (ON) or without cpu-pm on an x86 node whose kernel is KERNEL. Yours. */
VmPaths vm_paths(const char *kernel, bool on);
void vm_paths_clear(VmPaths *paths);
/* May KERNEL take the preemption timer from VMs without cpu-pm, if its exitless timers are on? */
bool vm_paths_timer_lost(const char *kernel);

#endif
