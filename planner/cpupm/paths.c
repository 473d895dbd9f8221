/* SPDX-License-Identifier: MIT */
/*
 * Where the paths are from: arch/x86/kvm/lapic.c, kvm_can_post_timer_interrupt() and
 * kvm_can_use_hv_timer(); arch/x86/kvm/x86.c, handle_fastpath_set_msr_irqoff(). AMD has no
 * preemption timer.
 */
#include "planner/cpupm/paths.h"
#include "planner/kernel/feature.h"

#include <glib.h>

bool vm_paths_timer_lost(const char *kernel)
{
	return kernel_has(kernel, KERNEL_POSTED_TIMERS) != TRISTATE_NO &&
	       kernel_has(kernel, KERNEL_TIMER_PER_VCPU) != TRISTATE_YES;
}

static char *timers_with(const char *kernel)
{
	static const char *const fires[] = {
		[TRISTATE_UNKNOWN] =
			"whether it fires without one is not known: Linux 5.3 has exitless timers",
		[TRISTATE_NO] = "when it fires, on the VM's own CPU, is another: Linux before 5.3 "
				"has no exitless timers",
		[TRISTATE_YES] =
			"a housekeeping CPU lets it fire and posts it, without an exit, if "
			"APICv or AVIC is on",
	};

	return g_strdup_printf("setting one is an exit; %s",
			       fires[kernel_has(kernel, KERNEL_POSTED_TIMERS)]);
}

static char *timers_without(const char *kernel)
{
	bool fast = kernel_has(kernel, KERNEL_TIMER_FAST_PATH) == TRISTATE_YES;

	return g_strdup_printf(
		"setting one is an exit%s; Intel's preemption timer lets it fire on the VM's CPU, "
		"with AMD a timer of the host interrupts the guest%s",
		fast ? ", on Intel by a fast path" : "",
		vm_paths_timer_lost(kernel)
			? "; a kernel before 6.1 may take the preemption timer from all VMs if "
			  "exitless timers are on"
			: "");
}

VmPaths vm_paths(const char *kernel, bool on)
{
	bool fast = kernel_has(kernel, KERNEL_IPI_FAST_PATH) == TRISTATE_YES;
	bool none = kernel_has(kernel, KERNEL_IPI_VIRTUAL) == TRISTATE_YES;

	return (VmPaths){
		.timers = on ? timers_with(kernel) : timers_without(kernel),
		.ipis = g_strdup_printf("each is an exit%s%s",
					fast ? ", by a fast path if x2APIC sends it to one vCPU"
					     : "",
					none ? "; none with Intel's IPI virtualization or AMD's "
					       "x2AVIC"
					     : ""),
		.halts = g_strdup(on ? "the guest halts its CPU itself"
				     : "each is an exit, after which KVM polls for a while "
				       "(halt_poll_ns) before the vCPU sleeps"),
	};
}

void vm_paths_clear(VmPaths *paths)
{
	g_free(paths->timers);
	g_free(paths->ipis);
	g_free(paths->halts);
}
