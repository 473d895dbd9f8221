/* SPDX-License-Identifier: MIT */
#include "planner/measure/causes.h"

#include "planner/check/line_advice.h"
#include "planner/check/rules_found.h"
#include "planner/measure/parts.h"

#include <string.h>

/* What rule ID says to do about this CPU; yours. */
static char *rule_fix(const MeasureScene *scene, const char *id)
{
	g_auto(CpuSet) cpus = set_new();

	hwloc_bitmap_set(cpus, scene->cpu);
	return rule_remedy_here(rule_find(id), scene->audit, scene->audit->facts->platform, cpus);
}

/* Interrupts that each CPU has */

#define HOST_FIX "keep the tasks that run there on host CPUs"
#define TICKS_A_SWITCH 10 /* two tasks that share a CPU switch at every few ticks */

static char *fix_posted(const MeasureScene *scene, const Interruption *interruption)
{
	(void)interruption;
	return scene->vm ? causes_posted_fix(scene->audit) : g_strdup(HOST_FIX);
}

static char *fix_call(const MeasureScene *scene, const Interruption *interruption)
{
	(void)interruption;
	if (!scene->vm && scene->others)
		return g_strdup(HOST_FIX);
	return scene->halts ? causes_halt_fix(scene->audit, scene->vm)
			    : g_strdup("lock the VMs' memory and use huge pages; do not trace, "
				       "load modules or change settings meanwhile");
}

/* FIX, which is to boot with PARAMETER, as far as it holds for this CPU; yours. */
static char *line_fix(const MeasureScene *scene, LineParameter parameter, const char *fix)
{
	const char *name = line_parameter_name(parameter);
	g_auto(CpuSet) cpus = set_new();

	hwloc_bitmap_set(cpus, scene->cpu);
	switch (line_stand(scene->audit, parameter, cpus)) {
	case LINE_UNBUILT:
		return g_strdup_printf("boot a kernel with %s: this one was built without it, and "
				       "ignores %s",
				       line_parameter_option(parameter), name);
	case LINE_MISSES:
		return g_strdup_printf("the line's %s leaves this CPU out: boot with all isolated "
				       "CPUs in it, 'planner emit cmdline'",
				       name);
	case LINE_UNHEARD:
		return g_strdup_printf("the line has %s, but the kernel did not take it: 'planner "
				       "check' says why",
				       name);
	case LINE_WORKS:
		return g_strdup("the kernel line does what it can; what is left follows other "
				"tasks and interrupts on this CPU");
	default:
		return g_strdup(fix);
	}
}

#define RCU_FIX "boot with rcu_nocbs= of the isolated CPUs"

static char *fix_work(const MeasureScene *scene, const Interruption *interruption)
{
	(void)interruption;
	return line_fix(scene, LINE_RCU_NOCBS, RCU_FIX ", and trace nothing there");
}

/* What fires most on this CPU. */
typedef enum TimerOf { TIMER_UNKNOWN, TIMER_TICK, TIMER_GUEST, TIMER_SLEEP, TIMER_OTHER } TimerOf;

static TimerOf timer_of(const Interruption *interruption)
{
	/* Functions that hrtimers call. */
	static const char *const ticks[] = {"tick_sched_timer", "tick_nohz_handler", NULL};
	static const char *const guests[] = {"apic_timer_fn [kvm]", "pit_timer_fn [kvm]", NULL};
	static const char *const sleeps[] = {"hrtimer_wakeup", NULL};
	const char *most = interruption->parts ? parts_most(interruption->parts) : NULL;

	return !most			       ? TIMER_UNKNOWN
	       : g_strv_contains(ticks, most)  ? TIMER_TICK
	       : g_strv_contains(guests, most) ? TIMER_GUEST
	       : g_strv_contains(sleeps, most) ? TIMER_SLEEP
					       : TIMER_OTHER;
}

#define ALONE_FIX "keep other tasks off this CPU: the tick stops only while one task alone is there"

/* Why the kernel does not stop the tick of a CPU that nohz_full= names. */
static const struct TickCause {
	TickReason reason;
	const char *cause, *fix;
} tick_causes[] = {
	{TICK_POSIX_TIMER, "the scheduler's tick: a task here has a timer of its CPU time",
	 "take the task's CPU time limit or timer away: 'prlimit --cpu', setitimer(2)"},
	{TICK_PERF, "the scheduler's tick: perf counts events here in turns",
	 "no perf on this CPU; the NMI watchdog off"},
	{TICK_SCHED, "the scheduler's tick: more than one task wants this CPU", ALONE_FIX},
	{TICK_CLOCK_UNSTABLE, "the scheduler's tick: the clock is not stable",
	 "find out why the kernel does not trust the TSC: 'dmesg | grep -i tsc'"},
	{TICK_RCU, "the scheduler's tick: RCU needs it here", NULL}, /* by the line */
	{TICK_RCU_EXP, "the scheduler's tick: RCU waits for this CPU",
	 "do not trace, load modules or change settings meanwhile"},
};

/* The traced reason, where ticks fire most; NULL = none. */
static const struct TickCause *tick_cause(const MeasureScene *scene, TimerOf of)
{
	for (unsigned i = 0; of == TIMER_TICK && i < G_N_ELEMENTS(tick_causes); i++)
		if (tick_causes[i].reason == scene->tick)
			return &tick_causes[i];
	return NULL;
}

static bool timer_ticks(const MeasureScene *scene)
{
	return !hwloc_bitmap_isset(scene->audit->tick, scene->cpu);
}

/* Do others run there often enough to keep the tick? */
static bool timer_shared(const MeasureScene *scene, uint64_t count)
{
	return scene->others && scene->others >= count / TICKS_A_SWITCH;
}

#define SLEEP_FIX "keep the tasks that set timers on host CPUs"

static char *fix_timer(const MeasureScene *scene, const Interruption *interruption)
{
	TimerOf of = timer_of(interruption);
	const struct TickCause *tick = tick_cause(scene, of);

	if (of == TIMER_GUEST && scene->vm)
		return causes_timer_fix(scene->audit, scene->vm);
	if (of == TIMER_SLEEP || of == TIMER_OTHER)
		return g_strdup(SLEEP_FIX);
	if (timer_ticks(scene))
		return line_fix(
			scene, LINE_NOHZ_FULL,
			"boot with nohz_full= of the isolated CPUs: 'planner emit cmdline'");
	if (tick)
		return tick->fix ? g_strdup(tick->fix) : line_fix(scene, LINE_RCU_NOCBS, RCU_FIX);
	if (timer_shared(scene, interruption->count))
		return g_strdup(ALONE_FIX);
	if (scene->vm)
		return causes_timer_fix(scene->audit, scene->vm);
	return g_strdup(SLEEP_FIX);
}

/* A row of /proc/interrupts that is the CPU's own. */
typedef struct OwnCause {
	const char *name, *what, *cause, *fix;
	/* instead of fix */
	char *(*fix_of)(const MeasureScene *scene, const Interruption *interruption);
	const char *alone; /* the cause on a CPU of no VM; NULL = the same */
} OwnCause;

#define MEMORY_FIX                                                                                 \
	"lock the VM's memory and use huge pages; switch balloon, KSM and NUMA balancing off"
#define MACHINE_FIX "look for errors: 'ras-mc-ctl --errors', 'dmesg'"

/* LOC has no cause here: causes_timer() finds it. */
static const OwnCause own_causes[] = {
	{"LOC", "local timer interrupts", NULL, NULL, fix_timer},
	{"RES", "rescheduling interrupts",
	 "a running vCPU is kicked for a timer or an IPI that another CPU handles, or a task is "
	 "preempted",
	 NULL, fix_posted, "a task is woken or preempted here"},
	{"CAL", "function call interrupts",
	 "another CPU wakes this one from idle, or has it flush its TLB or see changed kernel code",
	 NULL, fix_call},
	{"TLB", "TLB shootdowns, counted among the function calls",
	 "memory of QEMU is unmapped: balloon, KSM, NUMA balancing, transparent huge pages",
	 MEMORY_FIX},
	{"IWI", "IRQ work interrupts",
	 "the kernel does later what it could not do at once: RCU, perf, printk, or the tick has "
	 "another reason to run",
	 NULL, fix_work},
	{"NMI", "non-maskable interrupts", "the watchdog, or perf",
	 "nmi_watchdog=0, and no perf on this CPU"},
	{"PMI", "performance monitoring interrupts", "perf, or the VM's own PMU",
	 "no perf on this CPU; <pmu state='off'/> in the VM"},
	{"PIN", "posted-interrupt notifications",
	 "an interrupt was posted for a vCPU that was not in its guest", ""},
	{"PIW", "posted-interrupt wake-ups", "an interrupt was posted for a vCPU that halts", NULL,
	 fix_call},
	{"NPI", "nested posted interrupts", "a guest of the guest gets its interrupts", ""},
	{"PMN", "posted MSI notifications", "devices post their interrupts here",
	 "move the devices' interrupts to host CPUs"},
	{"TRM", "thermal event interrupts", "the processor is too hot, or limits its power",
	 "cooling and power limits of the machine"},
	{"THR", "threshold interrupts", "memory errors that were corrected", MACHINE_FIX},
	{"DFR", "deferred error interrupts", "errors of the hardware", MACHINE_FIX},
	{"MCE", "machine checks", "errors of the hardware", MACHINE_FIX},
	{"MCP", "machine check polls", "the kernel looks for errors, by default every 5 minutes",
	 "leave it; mce=ignore_ce ends it, but then nothing reports corrected errors"},
	{"SPU", "spurious interrupts", "an interrupt was gone before it was served",
	 "look at the devices and their firmware"},
};

/* Without a trace, one task and no nohz_full is not told from two. */
static const char *causes_timer(const MeasureScene *scene, const Interruption *interruption)
{
	TimerOf of = timer_of(interruption);
	const struct TickCause *tick = tick_cause(scene, of);

	if (of == TIMER_GUEST)
		return "a timer of the guest fires on its own CPU";
	if (of == TIMER_SLEEP)
		return "a task that sleeps for a time, and wakes here";
	if (of == TIMER_OTHER)
		return "a timer of the kernel that was set on this CPU";
	if (timer_ticks(scene))
		return "the scheduler's tick: the kernel does not stop it here";
	if (tick)
		return tick->cause;
	if (timer_shared(scene, interruption->count))
		return "the scheduler's tick, or a timer: other tasks run here too";
	return scene->vm ? "a timer of the guest fires on its own CPU, or the tick has a reason to "
			   "run"
			 : "a timer that was set on this CPU";
}

static void causes_own(const MeasureScene *scene, const OwnCause *own, Interruption *interruption)
{
	const char *cause = own->alone && !scene->vm ? own->alone : own->cause;

	interruption->what = g_strdup(own->what);
	interruption->cause = g_strdup(cause ? cause : causes_timer(scene, interruption));
	interruption->fix = own->fix_of ? own->fix_of(scene, interruption) : g_strdup(own->fix);
}

/* Interrupts of devices */

static const Irq *causes_irq(const Audit *audit, const char *name)
{
	const GArray *irqs = audit->facts->irqs->irqs;
	guint64 number;

	if (!g_ascii_string_to_unsigned(name, 10, 0, G_MAXUINT, &number, NULL))
		return NULL;
	for (unsigned i = 0; i < irqs->len; i++) {
		const Irq *irq = &g_array_index(irqs, Irq, i);

		if (irq->number == number)
			return irq;
	}
	return NULL;
}

/* The device is passed through: to the VM whose CPU it interrupts, or to another. */
static void causes_passed(const MeasureScene *scene, const Irq *irq, Interruption *interruption)
{
	bool own = irq && scene->vm && irq_owner(scene->audit, irq) == scene->vm;

	interruption->cause = g_strdup(own ? "a device that is passed through to this VM: it is in "
					     "place here"
					   : "a device that is passed through to a VM");
	interruption->fix = own ? g_strdup("") : rule_fix(scene, "irq.passed-elsewhere");
}

static void causes_device(const MeasureScene *scene, const char *text, Interruption *interruption)
{
	const Irq *irq = causes_irq(scene->audit, interruption->name);
	bool managed = irq && irq->managed;

	interruption->what =
		g_strdup_printf("interrupt %s%s%s", interruption->name, *text ? " of " : "", text);
	if (g_str_has_prefix(text, "vfio-")) {
		causes_passed(scene, irq, interruption);
		return;
	}
	interruption->cause =
		g_strdup(managed ? "the kernel placed it here, and user space cannot move it"
				 : "the kernel delivers this device's interrupt to this CPU");
	interruption->fix =
		rule_fix(scene, managed ? "irq.managed-on-isolated" : "irq.on-isolated");
}

void causes_interrupt(const MeasureScene *scene, const char *text, Interruption *interruption)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(own_causes); i++)
		if (g_str_equal(own_causes[i].name, interruption->name)) {
			causes_own(scene, &own_causes[i], interruption);
			return;
		}
	if (g_ascii_isdigit(*interruption->name)) {
		causes_device(scene, text, interruption);
		return;
	}
	interruption->what = g_strdup(*text ? text : interruption->name);
	interruption->cause = g_strdup("");
	interruption->fix = g_strdup("");
}

/* Softirqs */

static const struct {
	const char *name, *cause, *fix;
} softirq_causes[] = {
	{"HI", "a driver's urgent work", "move the driver's interrupt to host CPUs"},
	{"TIMER", "a timer of the kernel that was set on this CPU",
	 "keep what sets timers off this CPU: tasks and work items"},
	{"NET_TX", "packets that were sent from here", "send from host CPUs"},
	{"NET_RX", "packets that came in here",
	 "move the card's interrupts and rps_cpus to host CPUs"},
	{"BLOCK", "block I/O that this CPU asked for, or whose interrupt it has",
	 "do I/O from host CPUs: I/O threads, the emulator"},
	{"IRQ_POLL", "block I/O that is polled here", "do I/O from host CPUs"},
	{"TASKLET", "a driver's work", "move the driver's interrupt to host CPUs"},
	{"SCHED", "the scheduler balances load here", "boot with isolcpus=domain,LIST"},
	{"HRTIMER", "a timer that was set on this CPU",
	 "keep what sets timers off this CPU: tasks and work items"},
	{"RCU", "RCU has work of this CPU", RCU_FIX},
};

static char *softirq_fix(const MeasureScene *scene, const char *name, const char *fix)
{
	if (g_str_equal(name, "RCU"))
		return line_fix(scene, LINE_RCU_NOCBS, fix);
	if (g_str_equal(name, "SCHED"))
		return line_fix(scene, LINE_ISOLCPUS, fix);
	return g_strdup(fix);
}

void causes_softirq(const MeasureScene *scene, Interruption *interruption)
{
	interruption->what = g_strdup_printf("softirq %s", interruption->name);
	for (unsigned i = 0; i < G_N_ELEMENTS(softirq_causes); i++)
		if (g_str_equal(softirq_causes[i].name, interruption->name)) {
			interruption->cause = g_strdup(softirq_causes[i].cause);
			interruption->fix =
				softirq_fix(scene, interruption->name, softirq_causes[i].fix);
			return;
		}
	interruption->cause = g_strdup("");
	interruption->fix = g_strdup("");
}

/* Tasks */

void causes_task(const MeasureScene *scene, Interruption *interruption)
{
	g_autofree char *user = rule_fix(scene, "task.user-on-isolated");
	g_autofree char *kernel = rule_fix(scene, "task.kernel-thread-on-isolated");

	interruption->what = g_strdup("other tasks were put on this CPU");
	interruption->cause = g_strdup(
		scene->vm ? "something else than the vCPU runs here: a user task, a kernel thread, "
			    "a work item"
			  : "something runs here: a user task, a kernel thread, a work item");
	interruption->fix =
		g_strdup_printf("'planner check' lists what may run here; %s; %s", user, kernel);
}

void causes_sharers(const Audit *audit, Interruption *interruption)
{
	interruption->what = g_strdup("other vCPUs were put on this CPU");
	interruption->cause = g_strdup("they are pinned to it, too: each waits while another runs");
	interruption->fix =
		g_strdup(rule_remedy(rule_find("vm.pin-doubled"), audit->facts->platform));
}
