/* SPDX-License-Identifier: MIT */
/* Rules over what the kernel made of its line: its sets, its build, its partitions. */
#include "planner/base/version.h"
#include "planner/check/line_advice.h"
#include "planner/check/rules_found.h"
#include "planner/check/rules_table.h"
#include "planner/kernel/feature.h"

#include <string.h>

#define LINE "/proc/cmdline"
#define SUBJECT "kernel"
#define CPU_FILES "/sys/devices/system/cpu/"
#define ISOLATION_C "kernel/sched/isolation.c"

/* Sets against the plan */

/* How a set is worded: "CPUs 4-7 are isolated; the plan isolates 4-9: 8-9 are missing". */
typedef struct SetWords {
	const char *none;	    /* it is empty */
	const char *before, *after; /* around its CPUs */
	const char *planned;	    /* before the plan's */
} SetWords;

/* What is missing and what is extra; none are where nothing is set at all. */
static char *set_difference_text(hwloc_const_bitmap_t missing, hwloc_const_bitmap_t extra)
{
	g_autofree char *less = set_text(missing), *more = set_text(extra);

	if (hwloc_bitmap_iszero(extra))
		return g_strdup_printf(": %s missing", less);
	if (hwloc_bitmap_iszero(missing))
		return g_strdup_printf(": %s too many", more);
	return g_strdup_printf(": %s missing, %s too many", less, more);
}

/* What the line is to bring about of which PARAMETER speaks, by whatever words; NULL = not known.
 */
static hwloc_const_bitmap_t set_of_line(const CmdlineEffects *effects, LineParameter parameter)
{
	if (!effects)
		return NULL;
	switch (parameter) {
	case LINE_NOHZ_FULL:
		return effects->tick;
	case LINE_RCU_NOCBS:
		return effects->rcu;
	case LINE_IRQAFFINITY:
		return effects->irq;
	default:
		return effects->domain;
	}
}

/* What to do where the kernel does not do what PARAMETER is for; where the line is to bring about
 * what the plan WANTs, no other will do better. */
static char *set_fix(const Rule *rule, const Audit *audit, LineParameter parameter,
		     hwloc_const_bitmap_t want)
{
	hwloc_const_bitmap_t made = set_of_line(audit->effects, parameter);

	if (!made || !set_same(made, want))
		return g_strdup(rule->remedy);
	return line_unbuilt(audit, parameter)
		       ? g_strdup_printf("boot a kernel with %s: the line is as planned",
					 line_parameter_option(parameter))
		       : g_strdup("the line is as planned: 'dmesg | grep -e Housekeeping -e "
				  "isolcpus -e NO_HZ' may say what the kernel made of it");
}

/* CPUs that are offline are not too many. Where the list of PARAMETER is what the plan has, and
 * broken, that is what is found. */
static void set_differs(const Rule *rule, const Audit *audit, GPtrArray *findings,
			const char *evidence, const SetWords *words, LineParameter parameter,
			hwloc_const_bitmap_t have, hwloc_const_bitmap_t want)
{
	g_auto(CpuSet) missing = set_minus(want, have), extra = set_minus(have, want);
	g_auto(CpuSet) both = set_new();
	g_autofree char *all = set_text(have), *planned = set_text(want), *difference = NULL;
	const CmdlineEffect *effect = line_effect(audit->effects, parameter);
	g_autofree char *fix = set_fix(rule, audit, parameter, want);
	bool none = hwloc_bitmap_iszero(have);

	if (audit->facts->kernel->offline)
		hwloc_bitmap_andnot(extra, extra, audit->facts->kernel->offline);
	if (hwloc_bitmap_iszero(missing) && hwloc_bitmap_iszero(extra))
		return;
	if (effect && cmdline_broken(effect) && set_same(effect->asked, want))
		return;
	hwloc_bitmap_or(both, missing, extra);
	difference = none ? g_strdup("") : set_difference_text(missing, extra);
	rule_found_fix(rule, findings, SUBJECT, evidence, both, fix, "%s%s%s; the plan %s %s%s",
		       none ? words->none : words->before, none ? "" : all,
		       none ? "" : words->after, words->planned, planned, difference);
}

static void eval_isolcpus(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	static const SetWords words = {"no CPU is isolated", "CPUs ", " are isolated", "isolates"};

	if (audit->facts->kernel->isolated || audit->effects)
		set_differs(rule, audit, findings, CPU_FILES "isolated", &words, LINE_ISOLCPUS,
			    audit->scheduler, audit->planned_effects->domain);
}

const Rule rule_kernel_isolcpus_differs = {
	.id = "kernel.isolcpus-differs",
	.severity = SEVERITY_ERROR,
	.title = "isolcpus differs from the plan",
	.sees = "/sys/devices/system/cpu/isolated against the plan's isolcpus; if the file cannot "
		"be read, the effect of the kernel line on this kernel.",
	.why = "The scheduler balances tasks onto CPUs of VMs or the SDK, or the host lacks CPUs "
	       "that are unused.",
	.remedy = "boot with the plan's line: 'planner emit cmdline'",
	.fixes = &fixes_line,
	.source = ISOLATION_C "; Documentation/admin-guide/kernel-parameters.txt isolcpus=",
	.when = WHEN_PLAN,
	.needs = FACT_ISOLATED,
	.eval = eval_isolcpus,
};

static void eval_nohz(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	static const SetWords words = {"no CPU is in nohz_full", "CPUs ", " are in nohz_full",
				       "has"};

	if (audit->facts->kernel->nohz_full || audit->effects)
		set_differs(rule, audit, findings, CPU_FILES "nohz_full", &words, LINE_NOHZ_FULL,
			    audit->tick, audit->planned_effects->tick);
}

const Rule rule_kernel_nohz_full_differs = {
	.id = "kernel.nohz-full-differs",
	.severity = SEVERITY_ERROR,
	.title = "nohz_full differs from the plan",
	.sees = "/sys/devices/system/cpu/nohz_full against the plan's nohz_full; '(null)' and a "
		"missing file are the empty set.",
	.why = "CPUs outside it keep the scheduler's tick, their RCU callbacks, unbound work and "
	       "movable kernel threads.",
	.remedy = "boot with the plan's line: 'planner emit cmdline'",
	.fixes = &fixes_line,
	.source = ISOLATION_C "; Documentation/timers/no_hz.rst",
	.when = WHEN_PLAN,
	.needs = FACT_NOHZ,
	.eval = eval_nohz,
};

static void eval_rcu(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	static const SetWords words = {"no RCU callbacks are offloaded", "RCU callbacks of CPUs ",
				       " are offloaded", "offloads those of"};

	if (audit->effects)
		set_differs(rule, audit, findings, LINE, &words, LINE_RCU_NOCBS, audit->rcu,
			    audit->planned_effects->rcu);
}

const Rule rule_kernel_rcu_nocbs_differs = {
	.id = "kernel.rcu-nocbs-differs",
	.severity = SEVERITY_ERROR,
	.title = "The CPUs whose RCU callbacks are offloaded differ from the plan",
	.sees = "The CPUs of rcu_nocbs and nohz_full together against the plan's, because "
		"nohz_full implies rcu_nocbs. No file shows this set; it is derived from the line "
		"and /sys/devices/system/cpu/nohz_full.",
	.why = "CPUs outside it run RCU callbacks in softirq, while a guest runs.",
	.remedy = "boot with the plan's line: 'planner emit cmdline'",
	.fixes = &fixes_line,
	.source = "kernel/rcu/tree_nocb.h rcu_init_nohz()",
	.when = WHEN_PLAN,
	.needs = FACT_LINE,
	.eval = eval_rcu,
};

static void eval_irqaffinity(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	static const SetWords words = {"irqaffinity= is not set", "irqaffinity= is ", "", "sets"};
	hwloc_const_bitmap_t want = audit->planned_effects->irq;
	g_auto(CpuSet) none = set_new();

	if (want && audit->effects)
		set_differs(rule, audit, findings, LINE, &words, LINE_IRQAFFINITY,
			    audit->effects->irq ? audit->effects->irq : none, want);
}

const Rule rule_kernel_irqaffinity_differs = {
	.id = "kernel.irqaffinity-differs",
	.severity = SEVERITY_ERROR,
	.title = "irqaffinity differs from the plan",
	.sees = "irqaffinity= on the line against the plan's, if the plan has one.",
	.why = "New interrupts are placed by this default, possibly on isolated CPUs.",
	.remedy = "boot with the plan's line: 'planner emit cmdline'",
	.fixes = &fixes_line,
	.source = "kernel/irq/irqdesc.c irq_affinity_setup()",
	.when = WHEN_PLAN,
	.needs = FACT_LINE,
	.eval = eval_irqaffinity,
};

/* One set, and honoured */

/* What did the kernel do about it? */
static const char *mismatch_text(const Audit *audit)
{
	const CmdlineEffects *effects = audit->effects;

	if (effects && effects->nohz_full.outcome == OUTCOME_NO_COMMON)
		return "; the kernel dropped nohz_full, which came second: with both no CPU would "
		       "be left to it";
	if (effects && effects->isolcpus.outcome == OUTCOME_NO_COMMON)
		return "; the kernel dropped isolcpus, which came second: with both no CPU would "
		       "be left to it";
	if (effects && effects->nohz_full.outcome == OUTCOME_MISMATCH)
		return "; the kernel dropped nohz_full, which came second";
	if (effects && effects->isolcpus.outcome == OUTCOME_MISMATCH)
		return "; the kernel dropped isolcpus, which came second";
	return "";
}

/* Is nohz_full on the line of a kernel that was built without it? Then that is what is found, and
 * what follows from it is not found again. */
static bool tick_not_built(const Audit *audit)
{
	return audit->cmdline && cmdline_last(audit->cmdline, "nohz_full") &&
	       line_unbuilt(audit, LINE_NOHZ_FULL);
}

/* StarlingX offloads RCU callbacks of all but the platform's CPUs on purpose, and of more than it
 * isolates. */
static bool is_starlingx(const Audit *audit)
{
	const CmdlineEffects *effects = audit->effects;

	return effects && audit->cmdline && cmdline_last(audit->cmdline, "kthread_cpus") &&
	       hwloc_bitmap_isincluded(audit->quiet, audit->rcu) &&
	       hwloc_bitmap_isincluded(audit->tick, audit->quiet);
}

/* Unraid's form knows isolcpus alone, and whoever wants more writes it on the line by hand. */
static bool is_unraids(const Audit *audit)
{
	return audit->facts->platform == PLATFORM_UNRAID && audit->cmdline &&
	       !cmdline_last(audit->cmdline, "nohz_full") &&
	       !cmdline_last(audit->cmdline, "rcu_nocbs");
}

/* tuned's cpu-partitioning keeps tasks off by systemd's affinity, and leaves the CPUs to the
 * scheduler on purpose: its line has no isolcpus=. */
static bool is_tuneds(const Audit *audit)
{
	return audit->cmdline && cmdline_last(audit->cmdline, "tuned.non_isolcpus") &&
	       !cmdline_last(audit->cmdline, "isolcpus") && hwloc_bitmap_iszero(audit->quiet) &&
	       set_same(audit->tick, audit->rcu);
}

/* Do cpuset partitions alone isolate? */
static bool by_partitions(const Audit *audit)
{
	return hwloc_bitmap_iszero(audit->scheduler) && !hwloc_bitmap_iszero(audit->partitions) &&
	       !fixes_text(&fixes_line, audit->facts->platform);
}

/* SET, and what a list that went astray was to add to it. */
static hwloc_bitmap_t set_meant(hwloc_const_bitmap_t set, const CmdlineEffect *effect)
{
	hwloc_bitmap_t meant = hwloc_bitmap_dup(set);

	if (effect && effect->astray)
		hwloc_bitmap_or(meant, meant, effect->asked);
	return meant;
}

/* Did EFFECT's list go astray, and nobody knows what it was? */
static bool is_lost(const CmdlineEffect *effect)
{
	return effect->astray && hwloc_bitmap_iszero(effect->asked);
}

/* Did lists go astray, so that nothing is in force with which they could be compared? */
static bool sets_lost(const Audit *audit)
{
	const CmdlineEffects *effects = audit->effects;

	if (!effects || !(effects->isolcpus.astray || effects->nohz_full.astray))
		return false;
	return is_lost(&effects->isolcpus) || is_lost(&effects->nohz_full) ||
	       (hwloc_bitmap_iszero(audit->quiet) && hwloc_bitmap_iszero(audit->tick));
}

/* The CPUs that are not in all three sets, as their lists were meant. */
static hwloc_bitmap_t sets_difference(const Audit *audit)
{
	const CmdlineEffects *effects = audit->effects;
	g_auto(CpuSet) domain = set_meant(audit->quiet, effects ? &effects->isolcpus : NULL);
	g_auto(CpuSet) tick = set_meant(audit->tick, effects ? &effects->nohz_full : NULL);
	g_auto(CpuSet) rcu = set_meant(audit->rcu, effects ? &effects->rcu_nocbs : NULL);
	g_auto(CpuSet) common = set_and(domain, tick);
	hwloc_bitmap_t all = set_new();

	if (sets_lost(audit))
		return all;
	hwloc_bitmap_or(rcu, rcu, tick);
	hwloc_bitmap_and(common, common, rcu);
	hwloc_bitmap_or(all, domain, tick);
	/* Of "all" kernel.list-keyword tells. */
	if (effects && effects->rcu_nocbs.outcome == OUTCOME_TAKEN && !effects->rcu_nocbs.keyword)
		hwloc_bitmap_or(all, all, effects->rcu_nocbs.asked);
	hwloc_bitmap_andnot(all, all, common);
	return all;
}

static void eval_sets(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	g_autofree char *domain = set_text(audit->quiet), *tick = set_text(audit->tick);
	g_autofree char *rcu = set_text(audit->rcu);
	g_auto(CpuSet) all = sets_difference(audit);
	bool line_agrees = !audit->effects || (set_same(audit->effects->isolcpus.asked,
							audit->effects->nohz_full.asked));

	if (hwloc_bitmap_iszero(all) && (line_agrees || !*mismatch_text(audit)))
		return;
	/* On OpenShift the profile leaves CPUs to the scheduler: kernel.flags-without-domain. */
	if (audit->facts->platform == PLATFORM_OPENSHIFT && audit->effects &&
	    audit->effects->isolcpus.flagged && !audit->effects->isolcpus.domain)
		return;
	if (is_starlingx(audit) || is_unraids(audit) || is_tuneds(audit))
		return;
	if (lists_refused(audit) || (tick_not_built(audit) && line_agrees))
		return; /* that is the cause */
	rule_found_fix(rule, findings, SUBJECT, LINE, all,
		       by_partitions(audit) ? "give nohz_full and rcu_nocbs the CPUs of the "
					      "partitions; not isolcpus, which does not mix with "
					      "them"
					    : rule->remedy,
		       "isolated from the scheduler: %s, without ticks: %s, RCU callbacks "
		       "offloaded: %s%s",
		       domain, tick, rcu, mismatch_text(audit));
}

const Rule rule_kernel_sets_differ = {
	.id = "kernel.sets-differ",
	.severity = SEVERITY_WARNING,
	.title = "isolcpus, nohz_full and rcu_nocbs differ",
	.sees = "The three sets in effect; isolated cpuset partitions count with isolcpus, and "
		"nohz_full with rcu_nocbs. Only without a plan, which would say which of them is "
		"wrong; not on Unraid where the line has isolcpus alone, as its form writes it, "
		"nor "
		"where tuned has nohz_full and rcu_nocbs alone (cpu-partitioning).",
	.why = "isolcpus alone stops neither ticks nor RCU callbacks, nohz_full alone leaves the "
	       "CPUs to the scheduler. Before 5.18 the kernel has one mask and drops the second of "
	       "two that differ; disjoint sets leave 6.1 without a CPU for unbound work.",
	.remedy = "give isolcpus, nohz_full and rcu_nocbs the same list",
	.fixes = &fixes_line,
	.source = ISOLATION_C " housekeeping_setup(), commit 04d4e665a609 (5.18)",
	.when = WHEN_NO_PLAN | WHEN_ISOLATED,
	.needs = FACT_LINE | FACT_NOHZ | FACT_ISOLATED,
	.eval = eval_sets,
};

static void not_honoured(const Rule *rule, GPtrArray *findings, const char *name,
			 const char *evidence, hwloc_const_bitmap_t asked,
			 hwloc_const_bitmap_t shown)
{
	g_auto(CpuSet) missing = set_minus(asked, shown);
	g_autofree char *less = set_text(missing), *all = set_text(shown);

	if (!hwloc_bitmap_iszero(missing))
		rule_found(rule, findings, SUBJECT, evidence, missing,
			   "the line asks for %s of CPUs %s, the kernel shows %s", name, less, all);
}

static void eval_not_honoured(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	const KernelFacts *kernel = audit->facts->kernel;

	if (audit->effects && kernel->isolated)
		not_honoured(rule, findings, "isolcpus", CPU_FILES "isolated",
			     audit->effects->domain, kernel->isolated);
	if (audit->effects && kernel->nohz_full && !tick_not_built(audit))
		not_honoured(rule, findings, "nohz_full", CPU_FILES "nohz_full",
			     audit->effects->tick, kernel->nohz_full);
}

const Rule rule_kernel_not_honoured = {
	.id = "kernel.not-honoured",
	.severity = SEVERITY_ERROR,
	.title = "The kernel does not show what its line asks for",
	.sees = "The effect of the line on a kernel of this version, against "
		"/sys/devices/system/cpu/isolated and nohz_full.",
	.why = "Something outside the line disables the parameter: a missing build option, a "
	       "vendor's patch, a line captured from another boot.",
	.remedy = "read 'dmesg | grep -e Housekeeping -e isolcpus -e NO_HZ'",
	.source = ISOLATION_C "; drivers/base/cpu.c",
	.needs = FACT_LINE | FACT_ISOLATED | FACT_NOHZ,
	.eval = eval_not_honoured,
};

/* The build */

static void option_check(const Rule *rule, const Audit *audit, GPtrArray *findings,
			 const char *parameter, const char *option)
{
	GHashTable *config = audit->facts->kernel->config;
	const char *value = config ? g_hash_table_lookup(config, option) : NULL;

	if (!config || !audit->cmdline || !cmdline_last(audit->cmdline, parameter))
		return;
	if (!value || !g_str_equal(value, "y"))
		rule_found(
			rule, findings, SUBJECT, "kernel configuration", NULL,
			"%s is on the line, but the kernel was built without %s%s", parameter,
			option,
			g_str_equal(option, "CONFIG_NO_HZ_FULL")
				? ": no CPU is without ticks, and the lockup watchdog runs on all"
				: "");
}

static void eval_option(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	const KernelFacts *kernel = audit->facts->kernel;

	/* Older kernels have no such option, and honour isolcpus. */
	if (!kernel->release || !version_before(kernel->release, 4, 15))
		option_check(rule, audit, findings, "isolcpus", "CONFIG_CPU_ISOLATION");
	option_check(rule, audit, findings, "nohz_full", "CONFIG_NO_HZ_FULL");
	option_check(rule, audit, findings, "rcu_nocbs", "CONFIG_RCU_NOCB_CPU");
	if (!kernel->config && kernel->nohz_full && !kernel->nohz_full_file && audit->cmdline &&
	    cmdline_last(audit->cmdline, "nohz_full"))
		rule_found(rule, findings, SUBJECT, CPU_FILES "nohz_full", NULL,
			   "nohz_full is on the line, but the file does not exist: the kernel was "
			   "built without CONFIG_NO_HZ_FULL");
}

const Rule rule_kernel_option_missing = {
	.id = "kernel.option-missing",
	.severity = SEVERITY_ERROR,
	.title = "The kernel was built without an option that its line needs",
	.sees = "CONFIG_CPU_ISOLATION, CONFIG_NO_HZ_FULL and CONFIG_RCU_NOCB_CPU in /boot/config-* "
		"or /proc/config.gz, for the parameters on the line.",
	.why = "The parameter is ignored, with at most a line in dmesg ('Housekeeping: nohz "
	       "unsupported. Build with CONFIG_NO_HZ_FULL').",
	.remedy = "boot a kernel that has the option",
	.source = ISOLATION_C " housekeeping_setup(); kernel/time/Kconfig",
	.when = WHEN_ISOLATED,
	.needs = FACT_LINE | FACT_CONFIG,
	.eval = eval_option,
};

/* Versions */

/* The versions from which on QEMU and libvirt do what planner decides by: a release between two of
 * them changes nothing. */
typedef struct VersionStep {
	unsigned major, minor;
} VersionStep;

static const VersionStep qemu_steps[] = {{3, 0}, {9, 1}, {10, 0}, {0, 0}};
static const VersionStep libvirt_steps[] = {{5, 7}, {9, 0}, {10, 4}, {0, 0}};

static bool steps_between(const VersionStep *step, const char *a, const char *b)
{
	for (; step->major; step++)
		if (version_before(a, step->major, step->minor) !=
		    version_before(b, step->major, step->minor))
			return true;
	return false;
}

/* Has the one what the other lacks? Of a vendor's it may not be known. */
static bool kernels_differ(const char *a, const char *b)
{
	for (KernelFeature feature = 0; feature < KERNEL_FEATURES; feature++) {
		Tristate one = kernel_has(a, feature), other = kernel_has(b, feature);

		if (one != other && one != TRISTATE_UNKNOWN && other != TRISTATE_UNKNOWN)
			return true;
	}
	return false;
}

static void version_check(const Rule *rule, GPtrArray *findings, const char *what,
			  const char *evidence, const char *planned, const char *found,
			  const VersionStep *steps)
{
	if (!planned || !found || !version_valid(found) ||
	    !(steps ? steps_between(steps, planned, found) : kernels_differ(planned, found)))
		return;
	rule_found(rule, findings, "node", evidence, NULL,
		   "the plan is for %s %s, the node has %s, and they differ in what the plan "
		   "depends on",
		   what, planned, found);
}

static void eval_versions(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	const GuestFacts *guests = audit->facts->guests;

	version_check(rule, findings, "kernel", "/proc/sys/kernel/osrelease",
		      audit->plan->node->kernel, audit->facts->kernel->release, NULL);
	if (!guests)
		return;
	version_check(rule, findings, "QEMU", guests->source, audit->plan->node->qemu, guests->qemu,
		      qemu_steps);
	version_check(rule, findings, "libvirt", guests->source, audit->plan->node->libvirt,
		      guests->libvirt, libvirt_steps);
}

const Rule rule_node_version_differs = {
	.id = "node.version-differs",
	.severity = SEVERITY_WARNING,
	.title = "The node has other versions than the plan assumes",
	.sees = "[node] kernel, qemu and libvirt of the inventory against what runs, where the one "
		"has what the other lacks: flags of isolcpus, lists, cpu-pm, hint-dedicated, pins. "
		"Releases between which nothing of that changed are the same.",
	.why = "The flags of isolcpus and the VMs that may have cpu-pm depend on the versions.",
	.remedy = "set [node] to the versions of the node, and plan again",
	.source = "the plan",
	.when = WHEN_PLAN,
	.needs = FACT_RELEASE,
	.eval = eval_versions,
};

/* The first error, and how many there are. */
static const Finding *rules_kernel_first_error(const GPtrArray *findings, unsigned *n)
{
	const Finding *first = NULL;

	*n = 0;
	for (unsigned i = 0; i < findings->len; i++) {
		const Finding *finding = g_ptr_array_index(findings, i);

		if (finding->severity != SEVERITY_ERROR || finding->verdict != VERDICT_FAIL)
			continue;
		first = first ? first : finding;
		++*n;
	}
	return first;
}

static void eval_plan(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	const Plan *plan = audit->plan;
	unsigned n;
	const Finding *error = rules_kernel_first_error(plan->findings, &n);
	g_autofree char *more =
		n > 1 ? g_strdup_printf(", and %u more error%s", n - 1, n > 2 ? "s" : "")
		      : g_strdup("");

	if (error)
		rule_found(rule, findings, "node", "the plan", NULL, "%s: %s (%s)%s",
			   error->subject, error->text, error->id, more);
	else if (plan->placed < plan->wanted)
		rule_found(rule, findings, "node", "the plan", NULL,
			   "%u of %u VMs of the inventory are placed", plan->placed, plan->wanted);
}

const Rule rule_node_plan_bad = {
	.id = "node.plan-bad",
	.severity = SEVERITY_ERROR,
	.title = "The plan itself has errors on this machine",
	.sees = "The plan's own findings: its first error and the number of others, or unplaced "
		"VMs.",
	.why = "The node is compared with a faulty plan. Often the machine is no longer what the "
	       "inventory was written for (SMT off, CPUs offline).",
	.remedy = "see 'planner plan' with the same -i",
	.source = "the plan",
	.when = WHEN_PLAN,
	.eval = eval_plan,
};

static void eval_watchdog(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	const KernelFacts *kernel = audit->facts->kernel;
	const char *runs = sysctl_value(audit->facts, "kernel", "watchdog");

	if ((!runs || !g_str_equal(runs, "0")) && !tick_not_built(audit))
		rule_found_on_isolated(rule, audit, findings, SUBJECT,
				       "/proc/sys/kernel/watchdog_cpumask", kernel->watchdog,
				       "the lockup watchdog runs on", audit->lost);
}

static const LineAdvice watchdog_line = {LINE_NOHZ_FULL,
					 "write the host's CPUs to watchdog_cpumask", false};

const Rule rule_kernel_watchdog_on_isolated = {
	.id = "kernel.watchdog-on-isolated",
	.severity = SEVERITY_INFO,
	.title = "The lockup watchdog runs on isolated CPUs",
	.sees = "/proc/sys/kernel/watchdog_cpumask, if kernel.watchdog is not 0.",
	.why = "It wakes a timer and a thread on each of its CPUs every few seconds. nohz_full "
	       "excludes CPUs from it, isolcpus alone does not.",
	.remedy = "boot with nohz_full, or write the host's CPUs to watchdog_cpumask",
	.fixes = &fixes_line,
	.line = &watchdog_line,
	.source = "kernel/watchdog.c lockup_detector_init()",
	.when = WHEN_ISOLATED,
	.needs = FACT_WATCHDOG,
	.eval = eval_watchdog,
};

static int name_order(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Those whose file begins with "Vulnerable". Names are borrowed. */
static GPtrArray *rules_kernel_vulnerable(GHashTable *table)
{
	GPtrArray *names = g_ptr_array_new();
	GHashTableIter iter;
	gpointer name, text;

	g_hash_table_iter_init(&iter, table);
	while (g_hash_table_iter_next(&iter, &name, &text))
		if (g_str_has_prefix(text, "Vulnerable"))
			g_ptr_array_add(names, name);
	g_ptr_array_sort(names, name_order);
	return names;
}

static void eval_vulnerable(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	GHashTable *table = audit->facts->kernel->vulnerabilities;
	g_autoptr(GPtrArray) names = table ? rules_kernel_vulnerable(table) : g_ptr_array_new();
	Naming naming = {0};
	g_autofree char *text = NULL;

	for (unsigned i = 0; i < names->len; i++)
		naming_add(&naming, g_ptr_array_index(names, i));
	text = naming_end(&naming);
	if (names->len)
		rule_found(rule, findings, SUBJECT, CPU_FILES "vulnerabilities", NULL,
			   "the kernel says Vulnerable of %s", text);
}

const Rule rule_kernel_vulnerable = {
	.id = "kernel.vulnerable",
	.severity = SEVERITY_INFO,
	.title = "The kernel reports a vulnerability without mitigation",
	.sees = "The files of /sys/devices/system/cpu/vulnerabilities that begin with "
		"'Vulnerable', on nodes with VMs.",
	.why = "VMs that share a core could read each other (planner gives no core to two); "
	       "mitigations also change how much an IPI or a timer exit costs, so figures of two "
	       "nodes compare only where these files agree.",
	.remedy = "update microcode and kernel, or accept it knowingly",
	.source = "Documentation/ABI/testing/sysfs-devices-system-cpu",
	.when = WHEN_GUESTS,
	.eval = eval_vulnerable,
};
