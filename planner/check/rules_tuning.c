/* SPDX-License-Identifier: MIT */
/* Rules over settings of the whole host that pinned or real-time VMs feel. */
#include "planner/base/version.h"
#include "planner/check/rules_found.h"
#include "planner/check/rules_table.h"

#include <string.h>

/* As kstrtobool() reads it, by the first letters. */
static bool tuning_is_off(const char *value)
{
	return g_ascii_strncasecmp(value, "n", 1) == 0 || g_str_has_prefix(value, "0") ||
	       g_ascii_strncasecmp(value, "of", 2) == 0;
}

static void eval_nohz_off(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	const CmdlineWord *word = audit->cmdline ? cmdline_last(audit->cmdline, "nohz") : NULL;

	if (word && word->value && tuning_is_off(word->value) && audit->effects &&
	    !hwloc_bitmap_iszero(audit->effects->tick))
		rule_found(rule, findings, "kernel", "/proc/cmdline", audit->effects->tick,
			   "nohz=%s: the tick stops on no CPU, and nohz_full has no effect on it",
			   word->value);
}

const Rule rule_kernel_nohz_off = {
	.id = "kernel.nohz-off",
	.severity = SEVERITY_ERROR,
	.title = "nohz=off keeps the tick on all CPUs",
	.sees = "nohz=off or nohz=0 on the kernel line, beside nohz_full.",
	.why = "The tick is stopped by the code that nohz=off turns off. The kernel says nothing, "
	       "and still shows the CPUs in nohz_full.",
	.remedy = "take nohz=off from the line: 'planner emit cmdline' has none",
	.fixes = &fixes_line,
	.source = "kernel/time/tick-sched.c setup_tick_nohz(), tick_nohz_switch_to_nohz()",
	.needs = FACT_LINE,
	.eval = eval_nohz_off,
};

/* What an x86 kernel falls back to when the TSC is no good. */
static bool clock_is_fallback(const char *clock)
{
	static const char *const names[] = {"hpet", "acpi_pm", "jiffies", "refined-jiffies", NULL};

	return clock && g_strv_contains(names, clock);
}

/* One that somebody chose leaves the TSC among those that are available. */
static bool tsc_offered(const char *available)
{
	g_auto(GStrv) names = g_strsplit(available, " ", -1);

	return g_strv_contains((const char *const *)names, "tsc");
}

/* Did the line give the TSC up? */
static bool tsc_refused(const Audit *audit)
{
	const CmdlineWord *word = audit->cmdline ? cmdline_last(audit->cmdline, "tsc") : NULL;

	return (word && g_strcmp0(word->value, "unstable") == 0) ||
	       (audit->cmdline && cmdline_last(audit->cmdline, "notsc"));
}

static void eval_tsc(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	const char *current = sysctl_value(audit->facts, "clocksource", "current");
	const char *available = sysctl_value(audit->facts, "clocksource", "available");
	bool ticks = !hwloc_bitmap_iszero(audit->tick);

	if (!clock_is_fallback(current) || !available || tsc_offered(available))
		return;
	rule_found_fix(rule, findings, "kernel", "/sys/devices/system/clocksource", NULL,
		       tsc_refused(audit) ? "take tsc=unstable or notsc from the line, and reboot"
					  : rule->remedy,
		       "the clock is %s, because the kernel does not trust the TSC%s", current,
		       ticks ? ": the tick goes on on nohz_full CPUs" : "");
}

const Rule rule_kernel_tsc_unstable = {
	.id = "kernel.tsc-unstable",
	.severity = SEVERITY_WARNING,
	.title = "The kernel does not trust the TSC",
	.sees = "/sys/devices/system/clocksource: hpet, acpi_pm or jiffies is in use, and tsc is "
		"not among the available ones.",
	.why = "Without a stable scheduler clock the kernel stops the tick on no CPU, nohz_full or "
	       "not. KVM tells guests that their clock is not stable: each look at it is a system "
	       "call there.",
	.remedy = "'dmesg | grep -i tsc' says why; update the firmware. tsc=reliable only where "
		  "the hardware is known to keep its TSCs in step",
	.source = "kernel/sched/clock.c, kernel/time/tick-sched.c TICK_DEP_BIT_CLOCK_UNSTABLE",
	.when = WHEN_ISOLATED,
	.eval = eval_tsc,
};

/* Real-time vCPUs */

static void eval_throttled(const Rule *rule, const Audit *audit, const AuditVm *vm,
			   GPtrArray *findings)
{
	const char *runtime = sysctl_value(audit->facts, "kernel", "sched_rt_runtime_us");
	const char *period = sysctl_value(audit->facts, "kernel", "sched_rt_period_us");
	const char *release = audit->facts->kernel->release;

	if (!vm->guest->realtime || !runtime || g_str_equal(runtime, "-1") || !release ||
	    !version_before(release, 6, 12))
		return;
	rule_found(rule, findings, vm->subject, "/proc/sys/kernel/sched_rt_runtime_us", NULL,
		   "its vCPUs are real-time tasks, and these may run %s us of each %s alone",
		   runtime, period ? period : "period");
}

const Rule rule_vm_realtime_throttled = {
	.id = "vm.realtime-throttled",
	.severity = SEVERITY_WARNING,
	.title = "Real-time vCPUs are throttled",
	.sees = "kernel.sched_rt_runtime_us, beside VMs whose vCPUs have the scheduler fifo or rr "
		"(<vcpusched>, or the threads themselves), on kernels before 6.12.",
	.why = "A vCPU that never sleeps, as one with a real-time guest or cpu-pm, is stopped for "
	       "50 ms of each second. From 6.12 a server for other tasks takes its place, and the "
	       "setting is without effect.",
	.remedy = "sysctl kernel.sched_rt_runtime_us=-1, if nothing else has to run on these CPUs",
	.fixes = &fixes_host,
	.source = "Documentation/scheduler/sched-rt-group.rst; kernel/sched/rt.c",
	.when = WHEN_GUESTS,
	.needs = FACT_GUESTS | FACT_RELEASE,
	.eval_vm = eval_throttled,
};

/* "vCPU 0 is none" of those whose scheduler WHERE is not the plan's. */
static void scheduler_name(const AuditVm *vm, const GuestThread *thread, const Scheduler *has,
			   const char *where, Naming *naming)
{
	const VmSpec *spec = vm->vm->spec;
	const Scheduler other = {SCHEDULER_OTHER, 0};
	const Scheduler *wants = vm_spec_realtime(spec, thread->number) ? &spec->realtime : &other;
	g_autofree char *text = scheduler_text(has), *planned = scheduler_text(wants);
	g_autofree char *name = NULL;

	if (has->policy == SCHEDULER_UNKNOWN || scheduler_equal(has, wants))
		return;
	name = g_strdup_printf("vCPU %u has %s%s, the plan %s", thread->number, text, where,
			       planned);
	naming_add(naming, name);
}

/* The threads where they run, the XML of the next start. A plan that says nothing of it may be of
 * an inventory in which nobody has written it down. */
static void eval_realtime(const Rule *rule, const Audit *audit, const AuditVm *vm,
			  GPtrArray *findings)
{
	Naming naming = {0};
	g_autofree char *text = NULL;

	(void)audit;
	if (!vm->vm || !scheduler_realtime(&vm->vm->spec->realtime))
		return;
	for (unsigned v = 0; v < vm->guest->vcpu_threads->len; v++) {
		const GuestThread *thread = guest_thread(vm->guest->vcpu_threads, v);
		const Scheduler *runs = thread->scheduler.policy == SCHEDULER_UNKNOWN
						? &thread->live_scheduler
						: &thread->scheduler;

		scheduler_name(vm, thread, runs, "", &naming);
		scheduler_name(vm, thread, &thread->inactive_scheduler, " at its next start",
			       &naming);
	}
	text = naming_end(&naming);
	if (*text)
		rule_found_vm(rule, findings, vm, "/proc/PID/task/TID/stat, domain XML", NULL, "%s",
			      text);
}

const Rule rule_vm_realtime_differs = {
	.id = "vm.realtime-differs",
	.severity = SEVERITY_ERROR,
	.title = "The real-time scheduler of a vCPU differs from the plan",
	.sees = "Scheduler and priority of each vCPU's thread, and of <vcpusched> for the next "
		"start, against realtime and realtime-vcpus. VMs without these keys are left out.",
	.why = "A vCPU that is not real-time waits for kernel threads of its CPU, and the guest "
	       "misses its deadlines.",
	.remedy = "define the plan's XML ('planner emit domain NAME') and power the VM off and on: "
		  "libvirt does not change it in a running VM; until then 'chrt -f -p PRIORITY "
		  "TID'",
	.fixes = &fixes_settings,
	.source = "libvirt formatdomain, <vcpusched>; sched(7)",
	.when = WHEN_PLAN | WHEN_GUESTS,
	.needs = FACT_GUESTS,
	.eval_vm = eval_realtime,
};

/* Settings that a plan writes */

static void eval_sysctl(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	static const struct {
		const char *group, *name, *planned;
	} rows[] = {{"kernel", "timer_migration", "1"}, {"vm", "stat_interval", "10"}};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		const char *value = sysctl_value(audit->facts, rows[i].group, rows[i].name);

		if (value && !g_str_equal(value, rows[i].planned))
			rule_found(rule, findings, "node", "/proc/sys", NULL,
				   "%s.%s is %s; 'planner emit sysctl' sets %s", rows[i].group,
				   rows[i].name, value, rows[i].planned);
	}
}

const Rule rule_kernel_sysctl_differs = {
	.id = "kernel.sysctl-differs",
	.severity = SEVERITY_INFO,
	.title = "A kernel setting is not the plan's",
	.sees = "kernel.timer_migration and vm.stat_interval against what 'planner emit sysctl' "
		"writes; the watchdog and NUMA balancing, which it writes too, have rules of their "
		"own.",
	.why = "Timers that stay on idle isolated CPUs, and statistics that are folded each "
	       "second, "
	       "interrupt guests a little.",
	.remedy = "'planner emit sysctl' writes them",
	.fixes = &fixes_host,
	.source = "Documentation/admin-guide/sysctl/kernel.rst, vm.rst",
	.when = WHEN_PLAN | WHEN_ISOLATED,
	.eval = eval_sysctl,
};

/* KVM */

/* Proxmox's kernels do not grow the time from 0: they do not poll whatever its maximum is. */
static void eval_polling(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	const char *limit = kvm_value(audit->facts, "kvm.halt_poll_ns");
	const char *grow = kvm_value(audit->facts, "kvm.halt_poll_ns_grow");
	unsigned shared = 0;

	for (unsigned i = 0; i < audit->vms->len; i++) {
		const AuditVm *vm = g_ptr_array_index(audit->vms, i);

		if (!vm->guest || !vm->guest->running)
			continue;
		if (vm->dedicated && vm->pm_now != TRISTATE_YES)
			return; /* it gains what the others lose */
		shared += !vm->dedicated;
	}
	if (shared && limit && !g_str_equal(limit, "0") && (!grow || !g_str_equal(grow, "0")))
		rule_found(rule, findings, "kvm", "/sys/module/kvm/parameters/halt_poll_ns", NULL,
			   "kvm.halt_poll_ns is %s, and all VMs without cpu-pm share CPUs", limit);
}

const Rule rule_kvm_halt_polling = {
	.id = "kvm.halt-polling",
	.severity = SEVERITY_INFO,
	.title = "KVM polls on CPUs that VMs share",
	.sees = "kvm.halt_poll_ns, if every running VM that does not share CPUs has "
		"cpu-pm; not if kvm.halt_poll_ns_grow is 0.",
	.why = "A vCPU that idles keeps its CPU that long, in case it is woken: time that another "
	       "VM on this CPU could have.",
	.remedy = "options kvm halt_poll_ns=0: 'planner emit modprobe' writes it",
	.fixes = &fixes_host,
	.source = "Documentation/virt/kvm/halt-polling.rst",
	.when = WHEN_PLAN | WHEN_GUESTS,
	.needs = FACT_KVM | FACT_GUESTS,
	.eval = eval_polling,
};

static void eval_nx(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	const char *value = kvm_value(audit->facts, "kvm.nx_huge_pages");
	const char *ratio = kvm_value(audit->facts, "kvm.nx_huge_pages_recovery_ratio");
	bool pinned = false;

	for (unsigned i = 0; i < audit->vms->len; i++) {
		const AuditVm *vm = g_ptr_array_index(audit->vms, i);

		pinned |= vm->guest && vm->dedicated;
	}
	if (pinned && value && g_ascii_strcasecmp(value, "N") != 0 &&
	    g_ascii_strcasecmp(value, "never") != 0 && !g_str_equal(value, "0") &&
	    (!ratio || !g_str_equal(ratio, "0")))
		rule_found(rule, findings, "kvm", "/sys/module/kvm/parameters/nx_huge_pages", NULL,
			   "kvm.nx_huge_pages is %s: KVM splits huge pages where guests run code, "
			   "and takes the pieces back at times",
			   value);
}

const Rule rule_kvm_nx_huge_pages = {
	.id = "kvm.nx-huge-pages",
	.severity = SEVERITY_INFO,
	.title = "KVM splits guests' huge pages",
	.sees = "kvm.nx_huge_pages and nx_huge_pages_recovery_ratio, beside VMs whose vCPUs have "
		"one "
		"CPU each.",
	.why = "It is the mitigation of iTLB multihit, on by itself on CPUs that have the fault. A "
	       "thread zaps split pages once in a while: guests fault on them again.",
	.remedy = "keep it where guests are not trusted; kvm.nx_huge_pages_recovery_ratio=0 leaves "
		  "split pages alone, kvm.nx_huge_pages=off turns all of it off",
	.fixes = &fixes_host,
	.source = "Documentation/admin-guide/hw-vuln/multihit.rst; arch/x86/kvm/mmu/mmu.c",
	.when = WHEN_GUESTS,
	.needs = FACT_KVM | FACT_GUESTS,
	.eval = eval_nx,
};

/* Memory */

static const AuditVm *tuning_small_pages(const Audit *audit)
{
	for (unsigned i = 0; i < audit->vms->len; i++) {
		const AuditVm *vm = g_ptr_array_index(audit->vms, i);

		if (vm->guest && vm->dedicated && vm->guest->running && !vm->guest->hugepages)
			return vm;
	}
	return NULL;
}

static void eval_thp(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	const char *value = sysctl_value(audit->facts, "transparent_hugepage", "enabled");
	const AuditVm *vm = tuning_small_pages(audit);

	if (vm && value && strstr(value, "[never]"))
		rule_found(rule, findings, "node", "/sys/kernel/mm/transparent_hugepage/enabled",
			   NULL,
			   "transparent huge pages are off, and %s, which is pinned, has no "
			   "others",
			   vm->name);
}

const Rule rule_memory_small_pages = {
	.id = "memory.small-pages",
	.severity = SEVERITY_INFO,
	.title = "A pinned VM has only small pages",
	.sees = "Whether /sys/kernel/mm/transparent_hugepage/enabled is never, if a running VM "
		"whose vCPUs have one CPU each has no huge pages of its own.",
	.why = "Two page tables, the guest's and the host's, are walked for each miss of the TLB: "
	       "with 4K pages there are many more misses, and each costs more.",
	.remedy = "give the VM huge pages, or set transparent_hugepage to madvise: QEMU asks for "
		  "them",
	.fixes = &fixes_host,
	.source = "Documentation/admin-guide/mm/transhuge.rst; QEMU "
		  "qemu_madvise(QEMU_MADV_HUGEPAGE)",
	.when = WHEN_GUESTS,
	.needs = FACT_GUESTS,
	.eval = eval_thp,
};
