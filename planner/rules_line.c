/* SPDX-License-Identifier: MIT */
/* Rules over the kernel line: what it says, and what the kernel makes of that. */
#include "planner/kernelargs.h"
#include "planner/nearest.h"
#include "planner/rules_found.h"
#include "planner/rules_table.h"

#include <string.h>

#define LINE "/proc/cmdline"
#define SUBJECT "kernel"
#define ISOLATION_C "kernel/sched/isolation.c"
#define BITMAP_C "lib/bitmap.c bitmap_parselist (6.12: lib/bitmap-str.c)"

/* Misspelt and refused parameters */

/* Those an isolated node depends on, and may be misspelt. */
static const char *const depended_on[] = {
	"isolcpus",
	"nohz_full",
	"rcu_nocbs",
	"rcu_nocb_poll",
	"irqaffinity",
	"skew_tick",
	"nosoftlockup",
	"nowatchdog",
	"nmi_watchdog",
	"hugepages",
	"hugepagesz",
	"default_hugepagesz",
	"transparent_hugepage",
	"maxcpus",
	"nr_cpus",
	"mitigations",
	"intel_pstate",
	"intel_iommu",
	"intel_idle.max_cstate",
	"processor.max_cstate",
	"workqueue.unbound_cpus",
	"systemd.cpu_affinity",
	"kvm.halt_poll_ns",
	"kvm.pi_inject_timer",
	"kvm.nx_huge_pages",
	"kvm.mitigate_smt_rsb",
	"kvm_intel.ple_gap",
	"kvm_intel.ple_window",
	"kvm_intel.enable_apicv",
	"kvm_intel.preemption_timer",
	"kvm_intel.nested",
	"kvm_amd.avic",
	"kvm_amd.nested",
	"kvm_amd.pause_filter_count",
	"kvm_amd.pause_filter_thresh",
	NULL,
};

/* Near to one of those, and parameters all the same. */
static const char *const others[] = {
	"hugetlb_cma",
	"intel_idle.max_cstates",
	"kvm.halt_poll_ns_grow",
	"kvm.halt_poll_ns_shrink",
	"kvm_intel.ple_window_grow",
	"kvm_intel.ple_window_max",
	"kvm_intel.ple_window_shrink",
	"kvm_amd.pause_filter_count_max",
	"kvm_amd.pause_filter_count_grow",
	"kvm_amd.pause_filter_count_shrink",
	"nr_uarts",
	"amd_pstate",
	"amd_iommu",
	"hugetlb_free_vmemmap",
	NULL,
};

static bool listed(const char *const *names, const char *name)
{
	for (; *names; names++)
		if (cmdline_same(*names, name))
			return true;
	return false;
}

/* What NAME was meant to be; NULL where it is a parameter, or near to none. */
static const char *meant(const char *name)
{
	g_autofree char *plain = g_strdelimit(g_strdup(name), "-", '_');

	if (listed(depended_on, plain) || listed(others, plain) || strlen(plain) < 5)
		return NULL;
	return nearest_word(plain, depended_on);
}

/* What does its work all the same: nohz_full offloads RCU callbacks (rcu_init_nohz()). */
static char *covered(const Audit *audit, const char *name, const char *value)
{
	g_auto(CpuSet) asked = NULL;
	g_autofree char *list = NULL;

	if (!g_str_equal(name, "rcu_nocbs") || !value)
		return g_strdup("");
	asked = cpulist_parse(value, NULL);
	if (!asked)
		return g_strdup("");
	list = set_text(audit->tick);
	if (hwloc_bitmap_isincluded(asked, audit->tick))
		return g_strdup_printf(" nohz_full covers for it: RCU callbacks of CPUs %s are "
				       "offloaded all the same",
				       list);
	return g_strdup_printf(" nohz_full covers only CPUs %s", list);
}

static void eval_misspelt(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	for (unsigned i = 0; audit->cmdline && i < audit->cmdline->words->len; i++) {
		const CmdlineWord *word = g_ptr_array_index(audit->cmdline->words, i);
		const char *near = meant(word->name);
		g_autofree char *cover = NULL;

		if (!near)
			continue;
		cover = covered(audit, near, word->value);
		rule_found(rule, findings, SUBJECT, LINE, NULL,
			   "'%s' is no parameter of the kernel, which passed it on%s; did you "
			   "mean %s?%s",
			   word->name,
			   strchr(word->name, '.') ? " to a module that does not know it"
						   : " to init",
			   near, cover);
	}
}

const Rule rule_kernel_parameter_misspelt = {
	.id = "kernel.parameter-misspelt",
	.severity = SEVERITY_ERROR,
	.title = "A kernel parameter is misspelt",
	.sees = "Each name on the kernel line that is no parameter but within two letters of one "
		"that isolation, huge pages or KVM depend on; '-' and '_' are the same in names.",
	.why = "The kernel passes words it does not know on to init, without a message before "
	       "5.14; names with a dot go to modules and are never reported. What was asked for "
	       "does not happen.",
	.remedy = "write the name as the kernel has it, in the boot loader, and reboot",
	.source = "init/main.c unknown_bootoption(); the message is of 5.14, commit 86d1919a4fb0",
	.needs = FACT_LINE,
	.eval = eval_misspelt,
};

/* Of /proc/1/environ: names the kernel knows are there only when it refused the value. */
static void eval_refused(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	static const char *const refusable[] = {"isolcpus",	      "nohz_full", "rcu_nocbs",
						"hugepages",	      "maxcpus",   "nr_cpus",
						"default_hugepagesz", NULL};

	for (char **entry = audit->facts->kernel->init_environ; entry && *entry; entry++) {
		g_autofree char *name = g_strndup(*entry, strcspn(*entry, "="));

		if (listed(refusable, name))
			rule_found(rule, findings, SUBJECT, "/proc/1/environ", NULL,
				   "the kernel refused '%s' and passed it on to init", *entry);
	}
}

const Rule rule_kernel_parameter_refused = {
	.id = "kernel.parameter-refused",
	.severity = SEVERITY_ERROR,
	.title = "The kernel refused a parameter's value",
	.sees = "A parameter the kernel knows in the environment of init: the kernel puts there "
		"what it did not take, also a known name whose value its handler refused.",
	.why = "The parameter has no effect at all; dmesg may have been overwritten since, the "
	       "environment of init stays.",
	.remedy = "mend the value in the boot loader, and reboot",
	.source = "init/main.c unknown_bootoption(), obsolete_checksetup()",
	.needs = FACT_ENVIRON,
	.eval = eval_refused,
};

/* Lists */

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

static void eval_outcome(const Rule *rule, const Audit *audit, GPtrArray *findings, Outcome outcome,
			 const char *what)
{
	Named named[4];

	if (!audit->effects)
		return;
	each_effect(audit, named);
	for (unsigned i = 0; i < G_N_ELEMENTS(named); i++)
		if (named[i].effect->outcome == outcome && !shown_all_the_same(audit, &named[i]))
			rule_found(rule, findings, SUBJECT, LINE, NULL, "%s=%s %s: %s",
				   named[i].name, named[i].effect->value, what,
				   done_to(named[i].name));
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
	.title = "A CPU list names CPUs this machine cannot have",
	.sees = "isolcpus, nohz_full, rcu_nocbs and irqaffinity against "
		"/sys/devices/system/cpu/possible.",
	.why = "One CPU too many spoils the list: isolcpus and nohz_full are ignored as a whole, "
	       "rcu_nocbs applies to all CPUs, irqaffinity falls back to the boot CPU.",
	.remedy = "plan the line for this machine: 'planner emit cmdline'; never share one line "
		  "between kinds of machines",
	.source = ISOLATION_C " housekeeping_setup(); kernel/rcu/tree_nocb.h "
			      "rcu_nocb_setup(); kernel/irq/irqdesc.c irq_affinity_setup()",
	.needs = FACT_LINE | FACT_POSSIBLE,
	.eval = eval_out_of_range,
};

/* "isolcpus=4-5, 6-7": the blank ends the word, and what follows is the next. */
static void cut_short(const Rule *rule, const CmdlineWord *word, const CmdlineWord *next,
		      GPtrArray *findings)
{
	static const char *const lists[] = {"isolcpus", "nohz_full", "rcu_nocbs", "irqaffinity",
					    NULL};

	if (word->value && g_str_has_suffix(word->value, ",") && listed(lists, word->name) &&
	    !next->value && g_ascii_isdigit(*next->name))
		rule_found(rule, findings, SUBJECT, LINE, NULL,
			   "%s=%s ends at the blank: '%s' is an argument of init, not part of the "
			   "list",
			   word->name, word->value, next->name);
}

static void eval_malformed(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	const GPtrArray *words = audit->cmdline ? audit->cmdline->words : NULL;

	eval_outcome(rule, audit, findings, OUTCOME_MALFORMED, "is no CPU list to this kernel");
	for (unsigned i = 0; words && i + 1 < words->len; i++)
		cut_short(rule, g_ptr_array_index(words, i), g_ptr_array_index(words, i + 1),
			  findings);
}

const Rule rule_kernel_list_malformed = {
	.id = "kernel.list-malformed",
	.severity = SEVERITY_ERROR,
	.title = "A CPU list is none to the kernel",
	.sees = "isolcpus, nohz_full, rcu_nocbs and irqaffinity, read as the kernel of this "
		"version reads them: 'all' since 5.14, 'N' since 5.13, flags of isolcpus since "
		"4.15, managed_irq since 5.6; and a word after a list that ends in a comma.",
	.why = "A list with one fault fails as a whole: nothing is isolated, RCU callbacks of all "
	       "CPUs are offloaded, interrupts go to the boot CPU. A blank after a comma ends the "
	       "list and the rest becomes an argument of init.",
	.remedy = "write plain ascending lists without blanks, as 'planner emit cmdline' does",
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
	.sees = "'all' and 'N' in isolcpus, nohz_full, rcu_nocbs and irqaffinity, where this "
		"kernel takes them.",
	.why = "They came with 5.14 and 5.13; an older kernel refuses the list, and isolcpus=all "
	       "or "
	       "isolcpus=N is read as a flag by every kernel and isolates nothing. They also hide "
	       "which CPUs are meant.",
	.remedy = "write the numbers",
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
	.why = "Without flags isolcpus means 'domain'; with any flag it does not, so that "
	       "isolcpus=managed_irq,LIST leaves the CPUs to the scheduler.",
	.remedy = "write isolcpus=managed_irq,domain,LIST",
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
	.why = "Since 5.6 the kernel skips a word it does not know and applies the rest; earlier "
	       "ones drop the whole parameter.",
	.remedy = "leave it out",
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
	.why = "Of isolcpus and nohz_full the first that is taken counts and the next is refused, "
	       "with a "
	       "message about something else ('nohz_full= must match isolcpus='); of rcu_nocbs "
	       "and irqaffinity the last counts. Usually one is from the boot loader's own file "
	       "and one from a drop-in.",
	.remedy = "keep one, in one place of the boot loader's configuration",
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
	for (unsigned i = 0; i < 2; i++)
		if (hwloc_bitmap_isset(named[i].effect->asked, 0))
			rule_found(rule, findings, SUBJECT, LINE, NULL,
				   "%s=%s names CPU 0, the boot CPU", named[i].name,
				   named[i].effect->value);
}

const Rule rule_kernel_boot_cpu_isolated = {
	.id = "kernel.boot-cpu-isolated",
	.severity = SEVERITY_ERROR,
	.title = "The boot CPU is to be isolated",
	.sees = "CPU 0 in isolcpus or nohz_full.",
	.why = "The kernel keeps timekeeping on the boot CPU: on x86 it takes CPU 0 out of "
	       "nohz_full again, but its housekeeping masks stay without it, and kernel threads "
	       "end up pinned to it.",
	.remedy = "leave CPU 0 and its siblings to the host",
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
	.why = "What is beyond the limit is cut off in the middle of a list, or the kernel does "
	       "not come up.",
	.remedy = "shorten the lists: choose host CPUs that make longer ranges",
	.source = "arch/x86/include/asm/setup.h COMMAND_LINE_SIZE",
	.needs = FACT_LINE,
	.eval = eval_line_length,
};

/* The next boot */

/* Words that differ between kernels and roots, never between plans. */
static bool of_the_boot(const char *name)
{
	static const char *const names[] = {"BOOT_IMAGE", "initrd", "root", "rootflags", NULL};

	return listed(names, name);
}

static char *word_text(const CmdlineWord *word)
{
	return word->value ? g_strconcat(word->name, "=", word->value, NULL) : g_strdup(word->name);
}

static bool has_word(const Cmdline *cmdline, const CmdlineWord *wanted)
{
	for (unsigned i = 0; i < cmdline->words->len; i++) {
		const CmdlineWord *word = g_ptr_array_index(cmdline->words, i);

		if (cmdline_same(word->name, wanted->name) &&
		    g_strcmp0(word->value, wanted->value) == 0)
			return true;
	}
	return false;
}

/* The words of A that B has not. */
static char *only_in(const Cmdline *a, const Cmdline *b)
{
	Naming naming = {0};

	for (unsigned i = 0; i < a->words->len; i++) {
		const CmdlineWord *word = g_ptr_array_index(a->words, i);
		g_autofree char *text = word_text(word);

		if (!of_the_boot(word->name) && !has_word(b, word))
			naming_add(&naming, text);
	}
	return naming_end(&naming);
}

static void eval_reboot(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	const KernelFacts *kernel = audit->facts->kernel;
	g_autoptr(Cmdline) next = NULL;
	g_autofree char *added = NULL, *gone = NULL;

	if (!kernel->boot_cmdline || !audit->cmdline)
		return;
	next = cmdline_parse(kernel->boot_cmdline);
	added = only_in(next, audit->cmdline);
	gone = only_in(audit->cmdline, next);
	if (*added || *gone)
		rule_found(rule, findings, SUBJECT,
			   kernel->boot_source ? kernel->boot_source : "boot loader", NULL,
			   "the next boot has another line: with %s, without %s",
			   *added ? added : "nothing more", *gone ? gone : "nothing less");
}

const Rule rule_kernel_reboot_pending = {
	.id = "kernel.reboot-pending",
	.severity = SEVERITY_WARNING,
	.title = "The next boot has another kernel line",
	.sees = "/proc/cmdline against the line the boot loader would boot next; root=, "
		"rootflags=, initrd= and BOOT_IMAGE= are not compared.",
	.why = "Either a change waits for its reboot, or the next reboot undoes the plan.",
	.remedy = "reboot, or mend the boot loader's configuration",
	.source = "Boot Loader Specification entries; grub.cfg",
	.needs = FACT_LINE | FACT_BOOT,
	.eval = eval_reboot,
};

/* The plan's other parameters */

static bool is_set_parameter(const char *name)
{
	static const char *const names[] = {"isolcpus", "nohz_full", "rcu_nocbs", "irqaffinity",
					    NULL};

	return listed(names, name);
}

static void eval_missing(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	for (unsigned i = 0; audit->cmdline && i < audit->plan->parameters->len; i++) {
		const KernelParameter *p = g_ptr_array_index(audit->plan->parameters, i);
		const CmdlineWord wanted = {p->name, p->value};
		const CmdlineWord *word = cmdline_last(audit->cmdline, p->name);
		g_autofree char *text = word_text(&wanted);
		g_autofree char *have = word ? word_text(word) : NULL;

		if (is_set_parameter(p->name) || has_word(audit->cmdline, &wanted))
			continue;
		rule_found(rule, findings, SUBJECT, LINE, NULL, "the plan has %s, the line %s%s",
			   text, have ? "has " : "does not", have ? have : "");
	}
}

const Rule rule_kernel_parameter_missing = {
	.id = "kernel.parameter-missing",
	.severity = SEVERITY_ERROR,
	.title = "A parameter of the plan is not on the kernel line",
	.sees = "Each parameter of the plan but isolcpus, nohz_full, rcu_nocbs and irqaffinity, "
		"which have rules of their own.",
	.why = "The node was not booted with what the inventory asks for ([kernel] extra).",
	.remedy = "put it on the line: 'planner emit cmdline' prints all of it",
	.source = "the plan",
	.when = WHEN_PLAN,
	.needs = FACT_LINE,
	.eval = eval_missing,
};
