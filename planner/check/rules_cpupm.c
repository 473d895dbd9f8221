/* SPDX-License-Identifier: MIT */
/*
 * Rules over cpu-pm. What a VM may have is decided by cpupm_judge() alone, over the CPUs that its
 * threads, and all others', were found to be allowed.
 */
#include "planner/base/version.h"
#include "planner/check/line_advice.h"
#include "planner/check/rules_sides.h"
#include "planner/check/rules_table.h"
#include "planner/cpupm/partner.h"
#include "planner/cpupm/paths.h"

#include <inttypes.h>
#include <string.h>

/* Where it is on, for words; NULL where it is off. */
static const char *on_where(const AuditVm *vm)
{
	if (vm->pm_now == TRISTATE_YES)
		return vm->pm_next == TRISTATE_YES
			       ? "runs with cpu-pm=on"
			       : "runs with cpu-pm=on, its XML no longer has it";
	return vm->pm_next == TRISTATE_YES ? "has cpu-pm=on for its next start" : NULL;
}

static const char *on_evidence(const AuditVm *vm)
{
	return vm->pm_now == TRISTATE_YES ? "/proc/PID/cmdline" : "domain XML";
}

static bool has_reason(const Cpupm *cpupm, const char *code)
{
	for (unsigned i = 0; i < cpupm->reasons->len; i++)
		if (g_str_equal(((CpupmReason *)g_ptr_array_index(cpupm->reasons, i))->code, code))
			return true;
	return false;
}

static bool rules_cpupm_judged(const AuditVm *vm, CpupmVerdict verdict)
{
	return vm->cpupm && vm->cpupm->verdict == verdict;
}

static void eval_ineligible(const Rule *rule, const Audit *audit, const AuditVm *vm,
			    GPtrArray *findings)
{
	const char *where = on_where(vm);
	g_autofree char *why = NULL;

	(void)audit;
	if (!where || !rules_cpupm_judged(vm, CPUPM_INELIGIBLE))
		return;
	why = cpupm_reasons_text(vm->cpupm);
	rule_found(rule, findings, vm->subject, on_evidence(vm), vm->cpus,
		   "%s and must not have it: %s", where, why);
}

const Rule rule_cpu_pm_on_ineligible = {
	.id = "cpu-pm.on-ineligible",
	.severity = SEVERITY_ERROR,
	.title = "A VM that must not have cpu-pm has it",
	.sees = "-overcommit cpu-pm=on of the running QEMU and of the XML, if a vCPU may run where "
		"others may, is not pinned to one CPU, shares a core, or its CPUs are not "
		"isolated.",
	.why = "The guest never yields its CPU when it idles: whoever shares it waits for whole "
	       "time slices. PAUSE-loop exiting and the paravirtual unhalt are off as well, so "
	       "vCPUs spin for preempted lock holders.",
	.remedy = "remove -overcommit cpu-pm=on and power the VM off and on; or give it whole "
		  "isolated cores first",
	.fixes = &fixes_settings,
	.source = "QEMU docs: -overcommit cpu-pm; Documentation/virt/kvm/api.rst 7.13; "
		  "arch/x86/kvm/cpuid.c",
	.when = WHEN_GUESTS,
	.needs = FACT_GUESTS,
	.eval_vm = eval_ineligible,
};

/* With a plan, its verdict counts too: off in the inventory is off. */
static bool rules_cpupm_wanted(const Audit *audit, const AuditVm *vm)
{
	if (vm->vm)
		return vm->vm->placed && vm->vm->cpupm->verdict == CPUPM_ON;
	return !audit->plan && vm->dedicated;
}

/* Can somebody give a VM of PLATFORM another command line, that lasts? */
static bool rules_cpupm_settable(Platform platform)
{
	return fixes_text(&fixes_cpu_pm, platform) != fixes_none;
}

static void eval_off(const Rule *rule, const Audit *audit, const AuditVm *vm, GPtrArray *findings)
{
	if (vm->pm_next == TRISTATE_NO && !vm->guest->unlisted && !audit->unplaced &&
	    !vm->guest->refusal && rules_cpupm_judged(vm, CPUPM_ON) &&
	    rules_cpupm_wanted(audit, vm) && rules_cpupm_settable(vm->guest->platform))
		rule_found(rule, findings, vm->subject, "domain XML", NULL,
			   "it may have cpu-pm and does not");
}

const Rule rule_cpu_pm_off_eligible = {
	.id = "cpu-pm.off-eligible",
	.severity = SEVERITY_WARNING,
	.advice = true,
	.title = "A VM that may have cpu-pm does not",
	.sees = "VMs whose verdict is on and whose XML has no -overcommit cpu-pm=on; not those of "
		"OpenStack, oVirt and KubeVirt, which write the command line themselves and have "
		"no setting for it. Without a plan it is an info, because nothing says that the VM "
		"is to have it.",
	.why = "Each time the guest idles, it exits to the host and must be woken up; with cpu-pm "
	       "it halts and idles its core itself, with steadier latency.",
	.remedy = "redefine it: 'planner emit domain NAME'; power off and on",
	.fixes = &fixes_cpu_pm,
	.source = "QEMU docs: -overcommit cpu-pm",
	.when = WHEN_ISOLATED | WHEN_GUESTS,
	.needs = FACT_GUESTS,
	.eval_vm = eval_off,
};

static void eval_not_running(const Rule *rule, const Audit *audit, const AuditVm *vm,
			     GPtrArray *findings)
{
	(void)audit;
	if (vm->guest->running && vm->pm_next == TRISTATE_YES && vm->pm_now == TRISTATE_NO)
		rule_found(rule, findings, vm->subject, "/proc/PID/cmdline", NULL,
			   "its XML has cpu-pm=on, the running QEMU does not");
}

const Rule rule_cpu_pm_not_running = {
	.id = "cpu-pm.not-running",
	.severity = SEVERITY_WARNING,
	.title = "cpu-pm is in the XML, but not in the running QEMU",
	.sees = "-overcommit of the inactive XML against the running QEMU's command line; before "
		"QEMU 9.1 the last -overcommit counts.",
	.why = "QEMU gets it at its start. A reboot inside the guest is not enough, because KVM "
	       "accepts it only before the first vCPU exists.",
	.remedy = "power the VM off and on",
	.fixes = &fixes_restart,
	.source = "arch/x86/kvm/x86.c KVM_CAP_X86_DISABLE_EXITS; QEMU system/vl.c",
	.when = WHEN_GUESTS,
	.needs = FACT_GUESTS | FACT_ARGV,
	.eval_vm = eval_not_running,
};

#define HALTS_MOST 1000 /* a boot may halt before interrupts are set up */

static void eval_not_effective(const Rule *rule, const Audit *audit, const AuditVm *vm,
			       GPtrArray *findings)
{
	const Guest *guest = vm->guest;

	(void)audit;
	if (!on_where(vm))
		return;
	if (guest->log_refusal)
		rule_found(rule, findings, vm->subject, "the domain's log", NULL, "KVM refused: %s",
			   guest->log_refusal);
	else if (vm->pm_now == TRISTATE_YES && guest->halt_exits > HALTS_MOST)
		rule_found(rule, findings, vm->subject, "halt_exits", NULL,
			   "its vCPUs exited %" PRId64 " times for HLT since its start",
			   guest->halt_exits);
}

const Rule rule_cpu_pm_not_effective = {
	.id = "cpu-pm.not-effective",
	.severity = SEVERITY_ERROR,
	.title = "cpu-pm is set but has no effect",
	.sees = "'guest stopping CPU not supported' in the domain's log since its last start; "
		"halt_exits of the running VM, if KVM's counters can be read.",
	.why = "KVM refused to disable the exits. QEMU before 10.0 continues without; later ones "
	       "do not start the VM. With the exits disabled a guest never exits for HLT.",
	.remedy = "see cpu-pm.unsupported for what the node lacks",
	.source = "QEMU target/i386/kvm/kvm.c kvm_arch_init(); arch/x86/kvm/x86.c halt_exits",
	.when = WHEN_GUESTS,
	.needs = FACT_GUESTS | FACT_LOG,
	.eval_vm = eval_not_effective,
};

static void rules_cpupm_unsupported(const Rule *rule, const AuditVm *vm, GPtrArray *findings)
{
	g_autofree char *why = cpupm_reasons_text(vm->cpupm);

	rule_found(rule, findings, vm->subject, on_evidence(vm), NULL, "%s: %s", on_where(vm), why);
}

static void eval_passthrough(const Rule *rule, const Audit *audit, const AuditVm *vm,
			     GPtrArray *findings)
{
	(void)audit;
	if (on_where(vm) && rules_cpupm_judged(vm, CPUPM_UNSUPPORTED) &&
	    has_reason(vm->cpupm, "passthrough-without-mwait"))
		rules_cpupm_unsupported(rule, vm, findings);
}

const Rule rule_cpu_pm_passthrough_without_mwait = {
	.id = "cpu-pm.passthrough-without-mwait",
	.severity = SEVERITY_ERROR,
	.title = "cpu-pm shows the guest MWAIT that the node lacks",
	.sees = "host-passthrough or maximum with cpu-pm=on and QEMU before 9.1, where "
		"KVM_CHECK_EXTENSION(KVM_CAP_X86_DISABLE_EXITS) has no bit 0.",
	.why = "This QEMU always sets CPUID MONITOR; the guest executes MWAIT and dies of an "
	       "invalid opcode. monitor=off does not help.",
	.remedy = "use host-model, turn MWAIT on in the firmware, or use QEMU 9.1",
	.fixes = &fixes_settings,
	.source = "QEMU target/i386/host-cpu.c host_cpu_enable_cpu_pm(); fixed by 05fc711c3aa0 "
		  "(9.1)",
	.when = WHEN_GUESTS,
	.needs = FACT_GUESTS,
	.eval_vm = eval_passthrough,
};

static void eval_unsupported(const Rule *rule, const Audit *audit, const AuditVm *vm,
			     GPtrArray *findings)
{
	(void)audit;
	if (on_where(vm) && rules_cpupm_judged(vm, CPUPM_UNSUPPORTED) &&
	    !has_reason(vm->cpupm, "passthrough-without-mwait"))
		rules_cpupm_unsupported(rule, vm, findings);
}

const Rule rule_cpu_pm_unsupported = {
	.id = "cpu-pm.unsupported",
	.severity = SEVERITY_ERROR,
	.title = "A VM has cpu-pm that this node cannot give",
	.sees = "cpu-pm=on where QEMU is before 3.0, KVM does not offer KVM_CAP_X86_DISABLE_EXITS, "
		"or the node is itself a virtual machine.",
	.why = "Depending on versions, the VM does not start, runs without cpu-pm's effect, or "
	       "fails when it enters the guest.",
	.remedy = "remove it, or run the VM on a node that supports it",
	.source = "arch/x86/kvm/x86.c kvm_vm_ioctl_check_extension(); QEMU 3.0 -overcommit",
	.when = WHEN_GUESTS,
	.needs = FACT_GUESTS,
	.eval_vm = eval_unsupported,
};

/* Can it be told at all? Only of VMs that have it. */
static void eval_unjudged(const Rule *rule, const Audit *audit, const AuditVm *vm,
			  GPtrArray *findings)
{
	g_autofree char *why = NULL;

	(void)audit;
	if (!on_where(vm) || (vm->cpupm && vm->cpupm->verdict != CPUPM_UNKNOWN))
		return;
	why = vm->cpupm ? cpupm_reasons_text(vm->cpupm)
			: g_strdup("its threads or cores are unknown");
	rule_unknown(rule, findings, vm->subject, on_evidence(vm),
		     "%s; cannot tell whether it may: %s", on_where(vm), why);
}

const Rule rule_cpu_pm_unjudged = {
	.id = "cpu-pm.unjudged",
	.severity = SEVERITY_WARNING,
	.title = "Cannot tell whether a VM may have cpu-pm",
	.sees = "VMs with cpu-pm=on whose verdict is unknown: versions, MWAIT or topology could "
		"not be read.",
	.why = "On the wrong node it kills the guest or starves others.",
	.remedy = "let planner read libvirt and /dev/kvm",
	.source = "the facts named",
	.when = WHEN_GUESTS,
	.needs = FACT_GUESTS,
	.eval_vm = eval_unjudged,
};

/* Where VMs may migrate to */

typedef struct Losing {
	const Rule *rule;
	GPtrArray *findings;
} Losing;

static void rules_cpupm_partner_found(void *data, const NodeSpec *partner, const char *vms,
				      const char *why, bool unknown)
{
	const Losing *losing = data;
	g_autofree char *subject = g_strconcat("partner ", partner->name, NULL);

	if (unknown)
		rule_unknown(losing->rule, losing->findings, subject, "the inventory",
			     "cannot tell whether cpu-pm of %s survives on %s: %s", vms,
			     partner->name, why);
	else
		rule_found(losing->rule, losing->findings, subject, "the inventory", NULL,
			   "cpu-pm of %s would not survive on %s: %s", vms, partner->name, why);
}

static void eval_partners(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	g_autoptr(GPtrArray) vms = g_ptr_array_new();
	Losing losing = {rule, findings};

	for (unsigned i = 0; i < audit->vms->len; i++) {
		const AuditVm *vm = g_ptr_array_index(audit->vms, i);

		if (vm->guest && on_where(vm))
			g_ptr_array_add(vms, vm->spec);
	}
	partners_judge(audit->plan->partners, audit->plan->host, vms, rules_cpupm_partner_found,
		       &losing);
}

const Rule rule_cpu_pm_lost_on_migration = {
	.id = "cpu-pm.lost-on-migration",
	.severity = SEVERITY_WARNING,
	.title = "A VM would lose cpu-pm on a node that it may migrate to",
	.sees = "VMs with cpu-pm=on, running or for the next start, against the kernel, QEMU and "
		"MWAIT of every [partner] of the inventory.",
	.why = "cpu-pm is not part of the guest's state: it is in the domain XML. A partner whose "
	       "QEMU does not know it refuses the VM. One whose kernel cannot give it runs the VM "
	       "without it, or, from QEMU 10.0, refuses the VM as well. One without MWAIT kills a "
	       "guest that uses MWAIT.",
	.remedy = "keep the VM from migrating there, update the partner, or remove cpu-pm",
	.source = "QEMU system/vl.c, target/i386/kvm/kvm.c kvm_arch_init(): no vmstate",
	.when = WHEN_PLAN | WHEN_GUESTS,
	.needs = FACT_GUESTS,
	.eval = eval_partners,
};

/* Memory locking and the namespace */

static bool forgets_lock(const AuditVm *vm, char **arguments, const char *qemu)
{
	return vm->guest->locked && arguments && *arguments &&
	       overcommit_on(arguments, "cpu-pm", qemu) &&
	       !overcommit_on(arguments, "mem-lock", qemu);
}

static void eval_unlocked(const Rule *rule, const Audit *audit, const AuditVm *vm,
			  GPtrArray *findings)
{
	const char *qemu = audit->facts->guests->qemu;
	const Guest *guest = vm->guest;

	if (qemu && !version_before(qemu, 9, 1))
		return;
	if (forgets_lock(vm, guest->overcommit_live, qemu) ||
	    forgets_lock(vm, guest->overcommit_inactive, qemu))
		rule_found(rule, findings, vm->subject, "domain XML", NULL,
			   "a second -overcommit undoes <memoryBacking><locked/>: its memory is "
			   "not locked");
}

const Rule rule_cpu_pm_memory_unlocked = {
	.id = "cpu-pm.memory-unlocked",
	.severity = SEVERITY_ERROR,
	.title = "cpu-pm undoes memory locking",
	.sees = "-overcommit arguments with cpu-pm and without mem-lock, of VMs with "
		"<memoryBacking><locked/>, with QEMU before 9.1.",
	.why = "Each -overcommit sets both options; libvirt gives its own mem-lock=on first, and "
	       "the one from qemu:commandline undoes it silently.",
	.remedy = "write -overcommit mem-lock=on,cpu-pm=on; power off and on",
	.fixes = &fixes_settings,
	.source = "QEMU system/vl.c; fixed by 3fd73736c69b (9.1)",
	.when = WHEN_GUESTS,
	.needs = FACT_GUESTS,
	.eval_vm = eval_unlocked,
};

static void eval_namespace(const Rule *rule, const Audit *audit, const AuditVm *vm,
			   GPtrArray *findings)
{
	(void)audit;
	if (vm->guest->namespace_missing)
		rule_found(rule, findings, vm->subject, "domain XML", NULL,
			   "<qemu:commandline> without xmlns:qemu on <domain>");
}

const Rule rule_cpu_pm_namespace_missing = {
	.id = "cpu-pm.namespace-missing",
	.severity = SEVERITY_ERROR,
	.title = "libvirt drops qemu:commandline because its namespace is missing",
	.sees = "qemu:commandline in a domain's file without "
		"xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'.",
	.why = "virsh define succeeds but drops the element: QEMU never gets cpu-pm.",
	.remedy = "add the namespace to <domain> and redefine it, with --validate",
	.fixes = &fixes_settings,
	.source = "libvirt src/qemu/qemu_domain.c; seen with 9.0",
	.when = WHEN_GUESTS,
	.needs = FACT_GUESTS,
	.eval_vm = eval_namespace,
};

/* KVM's own parameters */

static bool any_shared(const Audit *audit)
{
	for (unsigned i = 0; i < audit->vms->len; i++) {
		const AuditVm *vm = g_ptr_array_index(audit->vms, i);

		if (vm->guest && !vm->dedicated && !vm->unplaced)
			return true;
	}
	return false;
}

static void eval_ple(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	static const char *const names[] = {"kvm_intel.ple_gap", "kvm_amd.pause_filter_count",
					    "kvm_amd.pause_filter_thresh"};

	if (audit->facts->kvm->pause_exits == TRISTATE_NO || !any_shared(audit))
		return;
	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
		if (g_strcmp0(kvm_value(audit->facts, names[i]), "0") == 0)
			rule_found(rule, findings, "kvm", "/sys/module/*/parameters", NULL,
				   "%s=0 on a node with overcommitted VMs", names[i]);
}

const Rule rule_kvm_ple_gap = {
	.id = "kvm.ple-gap",
	.severity = SEVERITY_WARNING,
	.title = "PAUSE-loop exiting is off, but there are overcommitted VMs",
	.sees = "kvm_intel.ple_gap, kvm_amd.pause_filter_count and pause_filter_thresh of 0, if a "
		"VM floats; not if the processor has no such exits and KVM itself sets them to 0.",
	.why = "The setting is for all VMs. Overcommitted ones need the exits: a vCPU that spins "
	       "for a preempted lock holder burns its whole time slice. Dedicated VMs already "
	       "avoid the exits through cpu-pm.",
	.remedy = "leave the parameter at its default and reload the module",
	.fixes = &fixes_host,
	.source = "arch/x86/kvm/vmx/vmx.c vmx_vm_init(); arch/x86/kvm/svm/svm.c svm_vm_init()",
	.when = WHEN_GUESTS,
	.needs = FACT_GUESTS | FACT_KVM,
	.eval = eval_ple,
};

#define DEFAULT_TIMER "leave kvm.pi_inject_timer at its default"

/* On the line, or written since. */
static bool timers_asked(const Audit *audit)
{
	const CmdlineWord *word =
		audit->cmdline ? cmdline_last(audit->cmdline, "kvm.pi_inject_timer") : NULL;

	return kvm_value_on(kvm_value(audit->facts, "kvm.pi_inject_timer")) ||
	       (word && kvm_value_on(word->value));
}

static void eval_timer(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	bool no_ticks = hwloc_bitmap_iszero(audit->tick);
	const char *apicv = kvm_value(audit->facts, "kvm_intel.enable_apicv");

	if (!timers_asked(audit))
		return;
	if (no_ticks && (audit->facts->kernel->nohz_full || audit->effects))
		rule_found(rule, findings, "kvm", "/sys/module/kvm/parameters/pi_inject_timer",
			   NULL, "exitless timers are on without nohz_full");
	else if (apicv && (g_str_equal(apicv, "N") || g_str_equal(apicv, "0")))
		rule_found_fix(
			rule, findings, "kvm", "/sys/module/kvm_intel/parameters/enable_apicv",
			NULL,
			"kvm_intel.enable_apicv=1, if the processor has APICv; or " DEFAULT_TIMER,
			"exitless timers are on without APICv");
}

static const LineAdvice timer_line = {LINE_NOHZ_FULL, DEFAULT_TIMER, true};

const Rule rule_kvm_exitless_timer = {
	.id = "kvm.exitless-timer",
	.severity = SEVERITY_WARNING,
	.title = "Exitless timers are requested, but their prerequisites are missing",
	.sees = "kvm.pi_inject_timer, on the kernel line or set later, against nohz_full and "
		"kvm_intel.enable_apicv.",
	.why = "Timers of guests are then served by housekeeping CPUs, which only nohz_full sets "
	       "aside, and posted through APICv. The default follows nohz_full. Without nohz_full, "
	       "timers fire on the VMs' own CPUs, and kernels without the per-vCPU rule of 2022 "
	       "lose the preemption timer of all VMs.",
	.remedy = DEFAULT_TIMER ", and boot with nohz_full",
	.fixes = &fixes_line,
	.line = &timer_line,
	.source = "arch/x86/kvm/x86.c pi_inject_timer; arch/x86/kvm/lapic.c "
		  "kvm_can_post_timer_interrupt()",
	.when = WHEN_GUESTS,
	.needs = FACT_KVM,
	.eval = eval_timer,
};

/* VMs that run without cpu-pm: "a, b"; "" = there is none. Yours. */
static char *timers_of(const Audit *audit)
{
	Naming naming = {0};

	for (unsigned i = 0; i < audit->vms->len; i++) {
		const AuditVm *vm = g_ptr_array_index(audit->vms, i);

		if (vm->guest && vm->guest->running && vm->pm_now == TRISTATE_NO)
			naming_add(&naming, vm->name);
	}
	return naming_end(&naming);
}

static void eval_timer_lost(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	const char *release = audit->facts->kernel->release;
	g_autofree char *vms = NULL;

	if (!vm_paths_timer_lost(release) || !timers_asked(audit) ||
	    !kvm_value_on(kvm_value(audit->facts, "kvm_intel.enable_apicv")) ||
	    !kvm_value_on(kvm_value(audit->facts, "kvm_intel.preemption_timer")))
		return;
	vms = timers_of(audit);
	if (*vms)
		rule_found(rule, findings, "kvm", "/sys/module/kvm/parameters/pi_inject_timer",
			   NULL,
			   "kernel %s may take the preemption timer from VMs without cpu-pm: %s",
			   release, vms);
}

const Rule rule_kvm_preemption_timer = {
	.id = "kvm.preemption-timer",
	.severity = SEVERITY_INFO,
	.title = "VMs without cpu-pm may have lost the preemption timer",
	.sees = "Running VMs without cpu-pm on Intel, if kvm.pi_inject_timer, APICv and the "
		"preemption timer are on and the kernel is older than 6.1 and has exitless "
		"timers.",
	.why = "Exitless timers are for VMs that halt their CPUs themselves. Until 2022 KVM gave "
	       "them to all: the others' timers then fire as interrupts on housekeeping CPUs, and "
	       "setting one has no fast path. Kernels got the change by stable releases and "
	       "vendors, so that the version alone does not say. If 'planner measure' shows "
	       "PREEMPTION_TIMER exits of such a VM, it has its timer.",
	.remedy = "update the kernel; on a host without VMs that have cpu-pm, boot with "
		  "kvm.pi_inject_timer=0",
	.source = "arch/x86/kvm/lapic.c kvm_can_post_timer_interrupt(), kvm_can_use_hv_timer()",
	.when = WHEN_GUESTS,
	.needs = FACT_KVM | FACT_GUESTS | FACT_RELEASE,
	.eval = eval_timer_lost,
};
