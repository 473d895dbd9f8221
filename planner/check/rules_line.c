/* SPDX-License-Identifier: MIT */
/* Rules over the kernel line's CPU lists: what they say, and what the kernel makes of that. */
#include "planner/check/rules_found.h"
#include "planner/check/rules_table.h"
#include "topology/base/list.h"

#include <string.h>

#define LINE "/proc/cmdline"
#define SUBJECT "kernel"
#define ISOLATION_C "kernel/sched/isolation.c"
#define BITMAP_C "lib/bitmap.c bitmap_parselist (6.12: lib/bitmap-str.c)"

static const char *done_to(const char *name)
{
	if (g_str_equal(name, "rcu_nocbs"))
		return "the kernel offloads the RCU callbacks of every CPU instead";
	if (g_str_equal(name, "irqaffinity"))
		return "the kernel says nothing and sends interrupts to what stands before the "
		       "fault and to the boot CPU alone";
	return "the kernel ignores the whole parameter: it isolates nothing";
}

typedef struct Named {
	const char *name;
	const CmdlineEffect *effect;
} Named;

static void each_effect(const Audit *audit, Named named[4])
{
	const CmdlineEffects *effects = audit->effects;

	named[0] = (Named){"isolcpus", &effects->isolcpus};
	named[1] = (Named){"nohz_full", &effects->nohz_full};
	named[2] = (Named){"rcu_nocbs", &effects->rcu_nocbs};
	named[3] = (Named){"irqaffinity", &effects->irqaffinity};
}

/* Vendors change what their kernels take: where sysfs shows the set, it was taken. */
static bool shown_all_the_same(const Audit *audit, const Named *named)
{
	const KernelFacts *kernel = audit->facts->kernel;
	hwloc_const_bitmap_t shown = g_str_equal(named->name, "isolcpus")    ? kernel->isolated
				     : g_str_equal(named->name, "nohz_full") ? kernel->nohz_full
									     : NULL;

	return shown && !hwloc_bitmap_iszero(shown) &&
	       hwloc_bitmap_isequal(shown, named->effect->asked);
}

/* StarlingX writes nohz_full=disabled where it wants none, and means what the kernel makes of it.
 */
static bool is_disabled(const Audit *audit, const Named *named)
{
	return g_strcmp0(named->effect->value, "disabled") == 0 && audit->cmdline &&
	       cmdline_last(audit->cmdline, "kthread_cpus");
}

static bool has_outcome(const Audit *audit, const Named *named, Outcome outcome)
{
	return named->effect->outcome == outcome && !named->effect->torn &&
	       !shown_all_the_same(audit, named) && !is_disabled(audit, named);
}

/* Do both have the same list, whatever flags stand before it? */
static bool lists_equal(const Named *a, const Named *b)
{
	const char *x = a->effect->value, *y = b->effect->value;
	const char *first = strpbrk(x, "0123456789"), *second = strpbrk(y, "0123456789");

	return g_str_equal(first ? first : x, second ? second : y);
}

/* A list that stands in several parameters is one cause. */
static void eval_outcome(const Rule *rule, const Audit *audit, GPtrArray *findings, Outcome outcome,
			 const char *what)
{
	Named named[4];
	bool told[4] = {false};

	if (!audit->effects)
		return;
	each_effect(audit, named);
	for (unsigned i = 0; i < G_N_ELEMENTS(named); i++) {
		g_autoptr(GString) others = g_string_new(NULL);

		if (told[i] || !has_outcome(audit, &named[i], outcome))
			continue;
		for (unsigned j = i + 1; j < G_N_ELEMENTS(named); j++)
			if (has_outcome(audit, &named[j], outcome) &&
			    lists_equal(&named[i], &named[j])) {
				told[j] = true;
				list_add(others, "%s", named[j].name);
			}
		rule_found(rule, findings, SUBJECT, LINE, NULL, "%s=%s %s: %s%s%s", named[i].name,
			   named[i].effect->value, what, done_to(named[i].name),
			   others->len ? "; the same list is in " : "", others->str);
	}
}

static void eval_out_of_range(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	g_autofree char *what = NULL;

	if (!audit->facts->kernel->possible)
		return;
	what = g_strdup_printf("names CPUs beyond %d, the last this machine can have",
			       hwloc_bitmap_last(audit->facts->kernel->possible));
	eval_outcome(rule, audit, findings, OUTCOME_OUT_OF_RANGE, what);
}

const Rule rule_kernel_list_out_of_range = {
	.id = "kernel.list-out-of-range",
	.severity = SEVERITY_ERROR,
	.title = "A CPU list names CPUs that this machine cannot have",
	.sees = "isolcpus, nohz_full, rcu_nocbs and irqaffinity against "
		"/sys/devices/system/cpu/possible.",
	.why = "One wrong CPU invalidates the list: isolcpus and nohz_full are ignored, rcu_nocbs "
	       "applies to all CPUs, irqaffinity falls back to the boot CPU.",
	.remedy = "plan the line for this machine: 'planner emit cmdline'; do not share one line "
		  "between kinds of machines",
	.fixes = &fixes_line,
	.source = ISOLATION_C " housekeeping_setup(); kernel/rcu/tree_nocb.h "
			      "rcu_nocb_setup(); kernel/irq/irqdesc.c irq_affinity_setup()",
	.needs = FACT_LINE | FACT_POSSIBLE,
	.eval = eval_out_of_range,
};

/* WORD as it stands on the line, up to what a blank tore off. */
static char *torn_begin(const CmdlineWord *word)
{
	return word->value ? g_strconcat(word->name, "=", word->value, NULL) : g_strdup(word->name);
}

/* A blank ends the word, and what follows is the next. The same in several parameters is one cause.
 */
static void found_torn(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	const GPtrArray *words = audit->cmdline->words;
	const CmdlineWord *first = NULL;
	g_autoptr(GString) others = g_string_new(NULL);
	g_autofree char *begin = NULL, *fix = NULL;

	for (unsigned i = 0; i < words->len; i++) {
		const CmdlineWord *word = g_ptr_array_index(words, i);

		if (word->stray && first)
			list_add(others, "%s (%s)", word->name, word->stray);
		else if (word->stray)
			first = word;
	}
	if (!first)
		return;
	begin = torn_begin(first);
	fix = g_strdup_printf("write %s=%s without a blank, and reboot", first->name, first->meant);
	rule_found_fix(
		rule, findings, SUBJECT, LINE, NULL,
		fixes_text(rule->fixes, audit->facts->platform) ? rule->remedy : fix,
		"%s ends at the blank: '%s' is an argument of init, not part of the list%s%s",
		begin, first->stray, others->len ? "; likewise in " : "", others->str);
}

/* Of rcu_nocbs alone a bare word means something: the CPUs are to be chosen later. */
static void found_bare(const Rule *rule, const GPtrArray *words, GPtrArray *findings)
{
	for (unsigned i = 0; i < words->len; i++) {
		const CmdlineWord *word = g_ptr_array_index(words, i);

		if (!word->value && !word->stray && cmdline_listed(cmdline_cpu_names, word->name) &&
		    !cmdline_same(word->name, "rcu_nocbs"))
			rule_found(rule, findings, SUBJECT, LINE, NULL,
				   "%s has no list: it is an argument of init", word->name);
	}
}

static void eval_malformed(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	eval_outcome(rule, audit, findings, OUTCOME_MALFORMED, "is no CPU list to this kernel");
	if (!audit->cmdline)
		return;
	found_torn(rule, audit, findings);
	found_bare(rule, audit->cmdline->words, findings);
}

const Rule rule_kernel_list_malformed = {
	.id = "kernel.list-malformed",
	.severity = SEVERITY_ERROR,
	.title = "The kernel rejects a CPU list",
	.sees = "isolcpus, nohz_full, rcu_nocbs and irqaffinity, read as the kernel of this "
		"version reads them: 'all' since 5.14, 'N' since 5.13, flags of isolcpus since "
		"4.15, managed_irq since 5.6; pieces of a list behind a blank; and a name without "
		"a list.",
	.why = "A list with one error fails as a whole: nothing is isolated, RCU callbacks of all "
	       "CPUs are offloaded, interrupts go to the boot CPU. A blank ends the list, and "
	       "the rest becomes an argument of init.",
	.remedy = "write plain ascending lists without blanks, as 'planner emit cmdline' does",
	.fixes = &fixes_line,
	.source = BITMAP_C "; " ISOLATION_C " housekeeping_isolcpus_setup()",
	.needs = FACT_LINE | FACT_RELEASE,
	.eval = eval_malformed,
};

static void eval_keyword(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	Named named[4];

	if (!audit->effects)
		return;
	each_effect(audit, named);
	for (unsigned i = 0; i < G_N_ELEMENTS(named); i++)
		if (named[i].effect->outcome == OUTCOME_TAKEN && named[i].effect->keyword)
			rule_found(rule, findings, SUBJECT, LINE, NULL,
				   "%s=%s uses 'all' or 'N', which this kernel takes",
				   named[i].name, named[i].effect->value);
}

const Rule rule_kernel_list_keyword = {
	.id = "kernel.list-keyword",
	.severity = SEVERITY_WARNING,
	.title = "A CPU list says 'all' or 'N'",
	.sees = "'all' and 'N' in isolcpus, nohz_full, rcu_nocbs and irqaffinity, if this kernel "
		"accepts them.",
	.why = "They exist since 5.14 and 5.13; an older kernel refuses the list. Every kernel "
	       "reads isolcpus=all and isolcpus=N as a flag and isolates nothing. They also hide "
	       "which CPUs are meant.",
	.remedy = "write the numbers",
	.fixes = &fixes_line,
	.source = BITMAP_C ", commit b18def121f07 (5.14); " ISOLATION_C,
	.needs = FACT_LINE,
	.eval = eval_keyword,
};

static void eval_flags(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	const CmdlineEffect *effect = audit->effects ? &audit->effects->isolcpus : NULL;

	if (effect && effect->flagged && !effect->domain &&
	    !shown_all_the_same(audit, &(Named){"isolcpus", effect}))
		rule_found(
			rule, findings, SUBJECT, LINE, effect->asked,
			"isolcpus=%s isolates nothing from the scheduler: its flags lack 'domain'",
			effect->value);
}

const Rule rule_kernel_flags_without_domain = {
	.id = "kernel.flags-without-domain",
	.severity = SEVERITY_ERROR,
	.title = "isolcpus has flags, but not 'domain'",
	.sees = "The flags before the list of isolcpus.",
	.why = "Without flags isolcpus means 'domain'; with any flag it does not. "
	       "isolcpus=managed_irq,LIST leaves the CPUs to the scheduler.",
	.remedy = "write isolcpus=managed_irq,domain,LIST",
	.fixes = &fixes_domain_flag,
	.deliberate = 1u << PLATFORM_OPENSHIFT,
	.at_most = SEVERITY_INFO,
	.source = ISOLATION_C " housekeeping_isolcpus_setup()",
	.needs = FACT_LINE,
	.eval = eval_flags,
};

static void eval_unknown_flag(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	const CmdlineEffect *effect = audit->effects ? &audit->effects->isolcpus : NULL;

	if (effect && effect->unknown_flag && effect->outcome == OUTCOME_TAKEN)
		rule_found(rule, findings, SUBJECT, LINE, NULL,
			   "isolcpus=%s: '%s' is no flag; this kernel skips it", effect->value,
			   effect->unknown_flag);
}

const Rule rule_kernel_flag_unknown = {
	.id = "kernel.flag-unknown",
	.severity = SEVERITY_WARNING,
	.title = "isolcpus has a flag the kernel does not know",
	.sees = "The flags before the list of isolcpus: nohz, domain and managed_irq are known.",
	.why = "Since 5.6 the kernel skips an unknown word and applies the rest; earlier ones drop "
	       "the whole parameter.",
	.remedy = "leave it out",
	.fixes = &fixes_line,
	.source = ISOLATION_C " housekeeping_isolcpus_setup()",
	.needs = FACT_LINE,
	.eval = eval_unknown_flag,
};

static void eval_duplicate(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	Named named[4];

	if (!audit->effects)
		return;
	each_effect(audit, named);
	for (unsigned i = 0; i < G_N_ELEMENTS(named); i++)
		if (named[i].effect->differs)
			rule_found(rule, findings, SUBJECT, LINE, NULL,
				   "%s is given %u times with different values; the %s counts",
				   named[i].name, named[i].effect->times,
				   i < 2 ? "first that the kernel takes" : "last");
}

const Rule rule_kernel_parameter_duplicate = {
	.id = "kernel.parameter-duplicate",
	.severity = SEVERITY_ERROR,
	.title = "A parameter is given twice",
	.sees = "isolcpus, nohz_full, rcu_nocbs and irqaffinity more than once, with different "
		"values.",
	.why = "For isolcpus and nohz_full the first valid one counts; the next is refused, with a "
	       "misleading message ('nohz_full= must match isolcpus='). For rcu_nocbs and "
	       "irqaffinity the last counts. Usually one is from the boot loader's main file and "
	       "one from a drop-in.",
	.remedy = "keep one, in one place of the boot loader's configuration",
	.fixes = &fixes_line,
	.source = ISOLATION_C " housekeeping_setup(); seen on 6.1 and 6.12",
	.needs = FACT_LINE,
	.eval = eval_duplicate,
};

static void eval_boot_cpu(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	Named named[4];

	if (!audit->effects)
		return;
	each_effect(audit, named);
	for (unsigned i = 0; i < 2; i++) {
		const CmdlineEffect *effect = named[i].effect;

		if (!hwloc_bitmap_isset(effect->asked, 0))
			continue;
		/* A word that is misspelt, torn or doubled: the list is not its value alone. */
		if (!effect->value || effect->torn || effect->differs)
			rule_found(rule, findings, SUBJECT, LINE, NULL,
				   "what was meant for %s= names CPU 0, the boot CPU",
				   named[i].name);
		else
			rule_found(rule, findings, SUBJECT, LINE, NULL,
				   "%s=%s names CPU 0, the boot CPU", named[i].name, effect->value);
	}
}

const Rule rule_kernel_boot_cpu_isolated = {
	.id = "kernel.boot-cpu-isolated",
	.severity = SEVERITY_ERROR,
	.title = "The kernel line isolates the boot CPU",
	.sees = "CPU 0 in isolcpus or nohz_full.",
	.why = "The kernel keeps timekeeping on the boot CPU. On x86 it removes CPU 0 from "
	       "nohz_full again, but its housekeeping masks stay without it, and kernel threads "
	       "end up pinned to it.",
	.remedy = "leave CPU 0 and its siblings to the host",
	.fixes = &fixes_line,
	.source = "kernel/time/tick-sched.c tick_nohz_init(): 'NO_HZ: Clearing 0 from nohz_full "
		  "range for timekeeping'",
	.needs = FACT_LINE,
	.eval = eval_boot_cpu,
};

/* COMMAND_LINE_SIZE by architecture: arch/.../include/(uapi/)asm/setup.h of 6.1. */
static size_t line_size(const Audit *audit)
{
	static const struct {
		const char *arch;
		size_t size;
	} sizes[] = {{"x86_64", 2048}, {"i686", 2048},	  {"aarch64", 2048}, {"ppc64le", 2048},
		     {"ppc64", 2048},  {"riscv64", 1024}, {"armv7l", 1024},  {"mips64", 4096}};
	const char *arch = audit->host ? audit->host->arch : NULL;

	for (unsigned i = 0; arch && i < G_N_ELEMENTS(sizes); i++)
		if (g_str_equal(sizes[i].arch, arch))
			return sizes[i].size;
	return CMDLINE_SIZE;
}

static void line_length(const Rule *rule, const Audit *audit, GPtrArray *findings, const char *line,
			const char *source)
{
	size_t length = line ? strlen(line) : 0, size = line_size(audit);

	if (length >= size - 1)
		rule_found(rule, findings, SUBJECT, source, NULL,
			   "the line is %zu bytes long; this kernel reads %zu at most", length,
			   size - 1);
}

static void eval_line_length(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	const KernelFacts *kernel = audit->facts->kernel;

	line_length(rule, audit, findings, kernel->cmdline, LINE);
	line_length(rule, audit, findings, kernel->boot_cmdline,
		    kernel->boot_source ? kernel->boot_source : "boot loader");
}

const Rule rule_kernel_line_too_long = {
	.id = "kernel.line-too-long",
	.severity = SEVERITY_ERROR,
	.title = "The kernel line is too long",
	.sees = "The length of /proc/cmdline and of what the boot loader would boot next, against "
		"COMMAND_LINE_SIZE: 2048 with its final NUL on x86, arm64 and powerpc.",
	.why = "The rest is cut off, possibly in the middle of a list, or the kernel does not "
	       "boot.",
	.remedy = "shorten the lists: choose host CPUs that make longer ranges",
	.fixes = &fixes_line,
	.source = "arch/x86/include/asm/setup.h COMMAND_LINE_SIZE",
	.needs = FACT_LINE,
	.eval = eval_line_length,
};
