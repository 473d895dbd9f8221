/* SPDX-License-Identifier: MIT */
/* Rules over frequencies and idle states that undo a plan. */
#include "planner/check/rules_found.h"
#include "planner/check/rules_table.h"

#include <string.h>

#define GOVERNORS "/sys/devices/system/cpu/cpu*/cpufreq/scaling_governor"
#define IDLE_STATES "/sys/devices/system/cpu/cpu*/cpuidle"

static const CpuPower *cpu_power(const Audit *audit, unsigned cpu)
{
	const GArray *power = audit->facts->power;

	for (unsigned i = 0; power && i < power->len; i++)
		if (g_array_index(power, CpuPower, i).cpu == cpu)
			return &g_array_index(power, CpuPower, i);
	return NULL;
}

/* These drivers take powersave for "choose by load"; for all others it is the lowest frequency. */
static bool always_slowest(const CpuPower *cpu)
{
	return cpu->governor && cpu->driver && g_str_equal(cpu->governor, "powersave") &&
	       !g_str_equal(cpu->driver, "intel_pstate") &&
	       !g_str_equal(cpu->driver, "amd-pstate-epp");
}

static void eval_governor(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	const GArray *power = audit->facts->power;
	g_auto(CpuSet) cpus = set_new();
	const char *one = NULL;
	g_autofree char *list = NULL;

	for (unsigned i = 0; power && i < power->len; i++) {
		const CpuPower *cpu = &g_array_index(power, CpuPower, i);

		if (!cpu->governor || g_str_equal(cpu->governor, "performance") ||
		    always_slowest(cpu) || !hwloc_bitmap_isset(audit->isolated, cpu->cpu))
			continue;
		hwloc_bitmap_set(cpus, cpu->cpu);
		one = cpu->governor;
	}
	list = set_text(cpus);
	if (one)
		rule_found(rule, findings, "power", GOVERNORS, cpus,
			   "isolated CPUs %s have the governor %s", list, one);
}

const Rule rule_power_governor = {
	.id = "power.governor",
	.severity = SEVERITY_INFO,
	.title = "Isolated CPUs change their frequency",
	.sees = "scaling_governor of the isolated CPUs: any other than performance, except for the "
		"case of power.slowest.",
	.why = "A CPU that clocks down while its guest sleeps answers the next packet late. With "
	       "cpu-pm the host sees the CPU as always busy, so load-based governors cannot work.",
	.remedy = "set the governor performance on isolated CPUs",
	.fixes = &fixes_host,
	.source = "Documentation/admin-guide/pm/cpufreq.rst; QEMU -overcommit cpu-pm",
	.when = WHEN_ISOLATED,
	.needs = FACT_POWER,
	.eval = eval_governor,
};

static void eval_idle(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	const CmdlineWord *word = audit->cmdline ? cmdline_last(audit->cmdline, "idle") : NULL;

	if (word && g_strcmp0(word->value, "poll") == 0)
		rule_found(rule, findings, "power", "/proc/cmdline", NULL,
			   "idle=poll keeps every idle CPU of the host spinning");
}

const Rule rule_power_idle_poll = {
	.id = "power.idle-poll",
	.severity = SEVERITY_WARNING,
	.title = "Idle host CPUs spin",
	.sees = "idle=poll on the kernel line.",
	.why = "A spinning sibling takes half of a core, and no core ever boosts, as if turbo were "
	       "off. It does not affect guests with cpu-pm, which idle by themselves.",
	.remedy = "remove it; cpu-pm gives dedicated VMs what it was meant for",
	.fixes = &fixes_line,
	.source = "Documentation/timers/no_hz.rst; kernel-parameters.txt idle=",
	.when = WHEN_ISOLATED,
	.needs = FACT_LINE,
	.eval = eval_idle,
};

static void eval_slowest(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	g_auto(CpuSet) cpus = set_new();
	g_autofree char *list = NULL;
	const char *driver = NULL;
	unsigned cpu;

	hwloc_bitmap_foreach_begin(cpu, audit->isolated)
		const CpuPower *power = cpu_power(audit, cpu);

		if (power && always_slowest(power)) {
			hwloc_bitmap_set(cpus, cpu);
			driver = power->driver;
		}
	hwloc_bitmap_foreach_end();
	list = set_text(cpus);
	if (driver)
		rule_found(rule, findings, "power", GOVERNORS, cpus,
			   "isolated CPUs %s run at their lowest frequency: powersave of %s", list,
			   driver);
}

const Rule rule_power_slowest = {
	.id = "power.slowest",
	.severity = SEVERITY_WARNING,
	.title = "Isolated CPUs run at their lowest frequency",
	.sees = "The governor powersave on isolated CPUs, if scaling_driver is neither "
		"intel_pstate nor amd-pstate-epp.",
	.why = "These two drivers choose the frequency by load under powersave. Every other driver "
	       "uses the lowest frequency, whatever the load: VMs and polling cores run at a "
	       "fraction of their speed.",
	.remedy = "set the governor performance on isolated CPUs",
	.fixes = &fixes_host,
	.source = "Documentation/admin-guide/pm/cpufreq.rst powersave; intel_pstate.rst; "
		  "amd-pstate.rst",
	.when = WHEN_ISOLATED,
	.needs = FACT_POWER,
	.eval = eval_slowest,
};

/* Idle states. What halts a CPU there is the host, but under cpu-pm the guest. */

static bool idles_itself(const AuditVm *vm)
{
	if (vm->guest)
		return (vm->guest->running ? vm->pm_now : vm->pm_next) == TRISTATE_YES;
	return vm->vm && vm->vm->placed && vm->vm->cpupm->verdict == CPUPM_ON;
}

/* Of max_cstate; this and above is no limit: CPUIDLE_STATE_MAX - 1, ACPI_PROCESSOR_MAX_POWER + 1 */
#define NO_LIMIT 9

static bool rules_power_limits(const char *name, const char *value)
{
	if (g_str_equal(name, "idle"))
		return g_str_equal(value, "halt") || g_str_equal(value, "nomwait");
	if (g_str_equal(name, "cpuidle.off"))
		return g_str_equal(value, "1");
	return g_ascii_isdigit(*value) && g_ascii_strtoull(value, NULL, 10) < NO_LIMIT;
}

/* "intel_idle.max_cstate=1" and what else keeps the host's CPUs from their deep states; yours. */
static char *limit_on_line(const Audit *audit)
{
	static const char *const names[] = {"intel_idle.max_cstate", "processor.max_cstate",
					    "cpuidle.off", "idle"};

	for (unsigned i = 0; audit->cmdline && i < G_N_ELEMENTS(names); i++) {
		const CmdlineWord *word = cmdline_last(audit->cmdline, names[i]);

		if (word && word->value && rules_power_limits(names[i], word->value))
			return g_strdup_printf("%s=%s", names[i], word->value);
	}
	return NULL;
}

/* Which CPUs of VMs that idle themselves had states taken from them in sysfs. */
static hwloc_bitmap_t limited_in_sysfs(const Audit *audit, const AuditVm *vm)
{
	hwloc_bitmap_t cpus = set_new();
	unsigned cpu;

	if (vm->cpus)
		hwloc_bitmap_foreach_begin(cpu, vm->cpus)
			const CpuPower *power = cpu_power(audit, cpu);

			if (power && power->idle_limited)
				hwloc_bitmap_set(cpus, cpu);
	hwloc_bitmap_foreach_end();
	return cpus;
}

static void eval_idle_limit(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	g_autofree char *line = limit_on_line(audit), *names = NULL, *list = NULL;
	Naming vms = {0};
	g_auto(CpuSet) limited = set_new();

	for (unsigned i = 0; i < audit->vms->len; i++) {
		const AuditVm *vm = g_ptr_array_index(audit->vms, i);
		g_auto(CpuSet) cpus = limited_in_sysfs(audit, vm);

		if (!idles_itself(vm) || (!line && hwloc_bitmap_iszero(cpus)))
			continue;
		hwloc_bitmap_or(limited, limited, cpus);
		naming_add(&vms, vm->name);
	}
	if (!vms.n)
		return;
	names = naming_end(&vms);
	list = set_text(limited);
	if (line)
		rule_found(rule, findings, "power", "/proc/cmdline", NULL,
			   "%s does not affect guests with cpu-pm: %s", line, names);
	else
		rule_found(rule, findings, "power", IDLE_STATES, limited,
			   "idle states of CPUs %s are switched off, which does not affect guests "
			   "with cpu-pm: %s",
			   list, names);
}

const Rule rule_power_idle_limit = {
	.id = "power.idle-limit",
	.severity = SEVERITY_WARNING,
	.title = "C-state limits of the host do not affect guests with cpu-pm",
	.sees = "intel_idle.max_cstate, processor.max_cstate, cpuidle.off, idle=halt or nomwait on "
		"the kernel line; idle states switched off, or limited by "
		"power/pm_qos_resume_latency_us, on CPUs of VMs with cpu-pm=on.",
	.why = "Such a guest executes MWAIT and HLT itself, and KVM does not filter the states: "
	       "its cores go as deep as the guest's idle driver asks for. The limit only keeps the "
	       "host's other cores awake, which costs the busy cores their turbo.",
	.remedy = "limit it in the guest (by its kernel line or a latency request) and let the "
		  "host's cores sleep; or remove cpu-pm from the VM",
	.source = "arch/x86/kvm/vmx/vmx.c MWAIT_EXITING; kernel-parameters.txt; "
		  "Documentation/admin-guide/pm/cpuidle.rst",
	.when = WHEN_ISOLATED | WHEN_GUESTS,
	.needs = FACT_POWER | FACT_LINE | FACT_GUESTS,
	.eval = eval_idle_limit,
};

/* µs. C1E wakes within 10 on all processors that intel_idle knows, C3 and C6 take 33 and more. */
#define SHALLOW 20

/* The inventory says that the host shall idle them. */
static bool rules_power_chosen(const AuditVm *vm)
{
	return vm->vm && vm->vm->cpupm->verdict == CPUPM_OFF;
}

static void eval_deep_idle(const Rule *rule, const Audit *audit, const AuditVm *vm,
			   GPtrArray *findings)
{
	g_auto(CpuSet) cpus = set_new();
	g_autofree char *list = NULL;
	unsigned cpu, latency = 0;

	if (!vm->dedicated || !vm->guest->running || vm->pm_now != TRISTATE_NO ||
	    rules_power_chosen(vm))
		return;
	hwloc_bitmap_foreach_begin(cpu, vm->cpus)
		const CpuPower *power = cpu_power(audit, cpu);

		if (power && power->deepest_idle != G_MAXUINT && power->deepest_idle > SHALLOW &&
		    hwloc_bitmap_isset(audit->isolated, cpu)) {
			hwloc_bitmap_set(cpus, cpu);
			latency = MAX(latency, power->deepest_idle);
		}
	hwloc_bitmap_foreach_end();
	list = set_text(cpus);
	if (latency)
		rule_found(rule, findings, vm->subject, IDLE_STATES, cpus,
			   "without cpu-pm the host puts its CPUs %s to sleep when it idles, and "
			   "they take %u µs to wake",
			   list, latency);
}

const Rule rule_power_deep_idle = {
	.id = "power.deep-idle",
	.severity = SEVERITY_INFO,
	.title = "A dedicated VM's CPUs fall into deep C-states",
	.sees = "cpuidle states of more than 20 µs exit latency that are neither switched off nor "
		"above power/pm_qos_resume_latency_us, on isolated CPUs of running dedicated VMs "
		"without cpu-pm, unless the inventory says cpu-pm = off. A request that a process "
		"holds in /dev/cpu_dma_latency (tuned's "
		"force_latency) is not seen.",
	.why = "Nothing else runs there, so each pause of the guest lets the host enter a deep "
	       "state. The next packet waits for the wake-up and for the exit to the host. With "
	       "cpu-pm the guest chooses, and it knows its load.",
	.remedy = "give the VM cpu-pm if it may have it; else limit the latency of its CPUs: "
		  "power/pm_qos_resume_latency_us, or tuned's force_latency",
	.fixes = &fixes_idle,
	.source = "Documentation/admin-guide/pm/cpuidle.rst; drivers/idle/intel_idle.c",
	.when = WHEN_ISOLATED | WHEN_GUESTS,
	.needs = FACT_POWER | FACT_GUESTS | FACT_ARGV,
	.eval_vm = eval_deep_idle,
};
