/* SPDX-License-Identifier: MIT */
/* Why guests leave their CPUs to KVM. */
#include "planner/measure/causes.h"

#include "planner/check/rules_found.h"
#include "topology/base/list.h"
#include "topology/facts/perf_counts.h"

#include <string.h>

/* What delivers interrupts into running guests: APICv, AVIC. */
typedef struct Posting {
	const char *name; /* NULL = not known which */
	Tristate on;
} Posting;

static Posting causes_posting(const Audit *audit)
{
	const char *intel = kvm_value(audit->facts, "kvm_intel.enable_apicv");
	const char *amd = kvm_value(audit->facts, "kvm_amd.avic");
	const char *value = intel ? intel : amd;

	if (!value)
		return (Posting){NULL, TRISTATE_UNKNOWN};
	return (Posting){intel ? "APICv" : "AVIC",
			 kvm_value_on(value) ? TRISTATE_YES : TRISTATE_NO};
}

#define POSTED                                                                                     \
	"interrupts reach a running guest, and its IPIs and ends of interrupts leave it, without " \
	"an exit"

char *causes_posted_fix(const Audit *audit)
{
	Posting posting = causes_posting(audit);

	if (!posting.name)
		return g_strdup("with APICv (Intel) or AVIC (AMD) " POSTED);
	if (posting.on == TRISTATE_YES)
		return g_strdup_printf("%s is on and takes what it can; setting the guest's timer "
				       "always costs an exit",
				       posting.name);
	return g_strdup_printf("with %s, which is off here, " POSTED ": %s", posting.name,
			       g_str_equal(posting.name, "AVIC")
				       ? "kvm_amd.avic=1; guests with x2APIC need x2AVIC (6.0 and "
					 "later)"
				       : "kvm_intel.enable_apicv=1, if the processor has it");
}

char *causes_timer_fix(const Audit *audit, const AuditVm *vm)
{
	Posting posting = causes_posting(audit);
	const char *inject = kvm_value(audit->facts, "kvm.pi_inject_timer");
	g_autoptr(GString) lacks = g_string_new(NULL);

	if (posting.on != TRISTATE_YES)
		list_add(lacks, "%s %s", posting.name ? posting.name : "APICv or AVIC",
			 posting.on == TRISTATE_NO ? "(off here)" : "(not known here)");
	if (!inject || g_str_equal(inject, "0"))
		list_add(lacks, "kvm.pi_inject_timer=1 %s",
			 inject ? "(0 here)" : "(not known here)");
	if (hwloc_bitmap_iszero(audit->tick))
		list_add(lacks, "nohz_full=, which sets housekeeping CPUs aside");
	if (vm->pm_now != TRISTATE_YES)
		list_add(lacks, "cpu-pm in this VM");
	if (!lacks->len)
		return g_strdup("this node has all that exitless timers need; if the guest's are "
				"not posted, look at kvm_apicv_inhibit_changed");
	return g_strdup_printf("a guest's timers fire without an exit if housekeeping CPUs serve "
			       "them; that still needs: %s",
			       lacks->str);
}

/* What is there instead of the halts. */
static const char *halt_instead(const Audit *audit)
{
	return causes_posting(audit).on == TRISTATE_YES
		       ? ""
		       : "; without APICv or AVIC each halt then becomes an interrupt exit, so "
			 "expect faster wake-ups and not fewer exits";
}

/* The verdict of what runs; where a fact for it is missing, the plan's. */
static const Cpupm *halt_verdict(const AuditVm *vm)
{
	bool known = vm->cpupm && vm->cpupm->verdict != CPUPM_UNKNOWN;

	return !known && vm->vm && vm->vm->cpupm ? vm->vm->cpupm : vm->cpupm;
}

char *causes_halt_fix(const Audit *audit, const AuditVm *vm)
{
	static const char otherwise[] =
		"halt_poll_ns of KVM (for all VMs), or haltpoll in the guest, make its wake-ups "
		"cheaper";
	const Cpupm *cpupm = halt_verdict(vm);
	g_autofree char *why = cpupm ? cpupm_reasons_text(cpupm) : NULL;

	if (cpupm && cpupm->verdict == CPUPM_ON)
		return g_strdup_printf("cpu-pm, which this VM may have%s%s",
				       vm->pm_next == TRISTATE_YES && vm->pm_now == TRISTATE_NO
					       ? ": it takes effect at its next start"
					       : "",
				       halt_instead(audit));
	if (why && *why)
		return g_strdup_printf("%s: %s; %s",
				       cpupm->verdict == CPUPM_UNKNOWN
					       ? "whether it may have cpu-pm is not known"
					       : "not cpu-pm",
				       why, otherwise);
	return g_strdup_printf("cpu-pm, if this VM may have it ('planner check' says so); %s",
			       otherwise);
}

/* Exits by KVM's counters */

static char *fix_halt(const Audit *audit, const AuditVm *vm)
{
	return causes_halt_fix(audit, vm);
}

static char *fix_delivery(const Audit *audit, const AuditVm *vm)
{
	(void)vm;
	return causes_posted_fix(audit);
}

static char *fix_timers(const Audit *audit, const AuditVm *vm)
{
	g_autofree char *fires = causes_timer_fix(audit, vm);

	return g_strdup_printf("fewer timers in the guest: setting one always costs an exit; %s",
			       fires);
}

static char *fix_devices(const Audit *audit, const AuditVm *vm)
{
	const GPtrArray *devices = vm->guest ? vm->guest->slow_devices : NULL;
	Naming naming = {0};
	g_autofree char *names = NULL;

	(void)audit;
	for (unsigned i = 0; devices && i < devices->len; i++)
		naming_add(&naming, g_ptr_array_index(devices, i));
	names = naming_end(&naming);
	return g_strdup_printf("virtio devices with vhost instead of emulated ones%s%s; kvm-clock "
			       "in the guest, no HPET",
			       *names ? ", here: " : "", names);
}

typedef struct ExitCause {
	const char *name, *what, *cause, *fix;
	char *(*fix_of)(const Audit *audit, const AuditVm *vm); /* instead of fix */
} ExitCause;

/* By KVM's counter, by name of a reason, by register. */
static const ExitCause exit_causes[] = {
	{"halt_exits", "HLT exits", "the guest idles and gives its CPU back", NULL, fix_halt},
	{"irq_exits", "exits for interrupts of the host",
	 "an interrupt came while the guest ran: those of its CPUs are listed here", ""},
	{"irq_window_exits", "interrupt window exits",
	 "an interrupt waits until the guest allows interrupts", NULL, fix_delivery},
	{"nmi_window_exits", "NMI window exits", "an NMI waits until the guest allows it",
	 "no perf and no watchdog in the guest"},
	{"io_exits", "port I/O exits", "the guest reads or writes a port of an emulated device",
	 NULL, fix_devices},
	{"mmio_exits", "MMIO exits that QEMU handles",
	 "the guest reads or writes memory of a device that QEMU emulates", NULL, fix_devices},
	{"hypercalls", "hypercalls", "the guest calls KVM: IPIs, wake-ups of its vCPUs", ""},
	{OTHER_EXITS, "other exits",
	 "MSR writes (timer, end of interrupt, IPI), CPUID, PAUSE, memory touched first: KVM has "
	 "no "
	 "counter for each of these",
	 NULL, fix_delivery},
	{PERF_OTHERS, "exits for other reasons",
	 "without histograms only the reasons that are listed here are counted one by one", ""},
	{"MSR " PERF_OTHERS " written", "exits: other MSRs written", "the guest's choice", ""},
	{"MSR " PERF_OTHERS " read", "exits: MSRs read", "the guest's choice", ""},
	{"MSR 6e0 written", "exits: MSR 6e0 written", "the guest sets its timer", NULL, fix_timers},
	{"MSR 80b written", "exits: MSR 80b written",
	 "the guest ends an interrupt, and nothing takes that from KVM", NULL, fix_delivery},
	{"MSR 830 written", "exits: MSR 830 written", "the guest sends an IPI", NULL, fix_delivery},
	{"CPUID", "CPUID exits", "the guest asks what the processor has", ""},
	{"NPF", "nested page faults",
	 "memory that is touched first, or a device that is emulated at that address", NULL,
	 fix_devices},
	{"EPT_VIOLATION", "EPT violations", "memory that is touched first, or was taken away",
	 "lock the VM's memory and use huge pages; switch balloon, KSM and NUMA balancing off"},
	{"EPT_MISCONFIG", "EPT misconfigurations",
	 "the guest reads or writes memory of an emulated device, or rings a virtio device", NULL,
	 fix_devices},
	{"PREEMPTION_TIMER", "preemption timer exits", "a timer of the guest fires", NULL,
	 fix_timers},
	{"signal_exits", "signals to vCPU threads",
	 "QEMU is asked something: a monitor command, a migration",
	 "ask less often: statistics of vCPUs (virsh domstats) throw each out of its guest"},
	{"request_irq_exits", "exits for QEMU's interrupt controller",
	 "the interrupt controller is emulated by QEMU", "kernel_irqchip=on"},
	{"directed_yield_attempted", "vCPUs that spin for another",
	 "a vCPU waits for one that does not run",
	 "fewer vCPUs on each CPU; a VM with CPUs of its own has no such exits with cpu-pm. Never "
	 "ple_gap=0 while VMs share CPUs"},
};

const char *const causes_exits[] = {"halt_exits",	"irq_exits", "irq_window_exits",
				    "nmi_window_exits", "io_exits",  "mmio_exits",
				    "hypercalls",	NULL};

/* 5.10.262 counts an MSR access twice where QEMU filters MSRs. */
static const char *count_doubt(const Audit *audit)
{
	const char *release = audit->facts->kernel->release;

	return release && g_str_has_prefix(release, "5.10.")
		       ? "; kernels 5.10 may count accesses to MSRs twice"
		       : "";
}

void causes_exit(const Audit *audit, const AuditVm *vm, Interruption *interruption)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(exit_causes); i++) {
		const ExitCause *exit = &exit_causes[i];

		if (!g_str_equal(exit->name, interruption->name))
			continue;
		interruption->what = g_strdup(exit->what);
		interruption->cause = g_strconcat(
			exit->cause, g_str_equal(exit->name, OTHER_EXITS) ? count_doubt(audit) : "",
			NULL);
		interruption->fix = exit->fix_of ? exit->fix_of(audit, vm) : g_strdup(exit->fix);
		return;
	}
	interruption->what = g_strdup_printf("exits: %s", interruption->name);
	interruption->cause = g_strdup("");
	interruption->fix = g_strdup("");
}
