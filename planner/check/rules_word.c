/* SPDX-License-Identifier: MIT */
/* Rules over the kernel line's words: misspelt, refused, waiting for the next boot, missing. */
#include "planner/base/nearest.h"
#include "planner/check/rules_found.h"
#include "planner/check/rules_table.h"
#include "topology/facts/kernel_line.h"

#include <string.h>

#define LINE "/proc/cmdline"
#define SUBJECT "kernel"

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

static char *word_text(const CmdlineWord *word)
{
	return word->value ? g_strconcat(word->name, "=", word->value, NULL) : g_strdup(word->name);
}

/* "isolcpus" of "isolcpus:4-7", whose sign is the wrong one; NULL. */
static const char *before_sign(const char *name)
{
	size_t length = strcspn(name, LINE_WRONG_SIGNS);

	for (unsigned i = 0; name[length] && depended_on[i]; i++)
		if (strlen(depended_on[i]) == length && !strncmp(depended_on[i], name, length))
			return depended_on[i];
	return NULL;
}

const char *line_word_meant(const char *name)
{
	g_autofree char *plain = g_strdelimit(g_strdup(name), "-", '_');
	g_autofree char *small = g_ascii_strdown(plain, -1);
	const char *before = before_sign(name);

	if (before)
		return before;

	if (cmdline_listed(depended_on, plain) || cmdline_listed(others, plain) ||
	    strlen(plain) < 5)
		return NULL;
	return nearest_word(small, depended_on);
}

/* What does its work all the same: nohz_full offloads RCU callbacks (rcu_init_nohz()). */
static char *rules_word_covered(const Audit *audit, const char *name, const char *value)
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
		return g_strdup_printf(" nohz_full makes up for it: RCU callbacks of CPUs %s are "
				       "offloaded nevertheless",
				       list);
	if (hwloc_bitmap_iszero(audit->tick))
		return g_strdup("");
	return g_strdup_printf(" nohz_full covers only CPUs %s", list);
}

static void eval_misspelt(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	for (unsigned i = 0; audit->cmdline && i < audit->cmdline->words->len; i++) {
		const CmdlineWord *word = g_ptr_array_index(audit->cmdline->words, i);
		const char *near = line_word_meant(word->name);
		g_autofree char *cover = NULL;

		if (!near)
			continue;
		cover = rules_word_covered(audit, near, word->value);
		rule_found(rule, findings, SUBJECT, LINE, NULL,
			   "'%s' is not a kernel parameter; the kernel passed it on%s; did you "
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
	.sees = "Each name on the kernel line that is not a parameter, but differs by at most two "
		"letters from one for isolation, huge pages or KVM, in capitals, or with another "
		"sign than '='; '-' and '_' are the same in names.",
	.why = "The kernel passes unknown words to init, without a message before 5.14. Names with "
	       "a dot go to modules and are never reported. The setting has no effect.",
	.remedy = "correct the name in the boot loader's configuration, and reboot",
	.fixes = &fixes_line,
	.source = "init/main.c unknown_bootoption(); the message is of 5.14, commit 86d1919a4fb0",
	.needs = FACT_LINE,
	.eval = eval_misspelt,
};

/* What follows `--` the kernel does not read. */
static void eval_for_init(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	const char *rest = audit->cmdline ? audit->cmdline->init : NULL;
	g_autoptr(Cmdline) words = cmdline_parse(rest ? rest : "");
	Naming naming = {0};
	g_autofree char *names = NULL;

	for (unsigned i = 0; i < words->words->len; i++) {
		const CmdlineWord *word = g_ptr_array_index(words->words, i);
		g_autofree char *text = word_text(word);

		if (cmdline_listed(depended_on, word->name))
			naming_add(&naming, text);
	}
	names = naming_end(&naming);
	if (*names)
		rule_found(rule, findings, SUBJECT, LINE, NULL,
			   "after '--' the line is for init; the kernel does not read %s", names);
}

const Rule rule_kernel_parameter_for_init = {
	.id = "kernel.parameter-for-init",
	.severity = SEVERITY_ERROR,
	.title = "A kernel parameter stands after '--'",
	.sees = "Words after '--' on the kernel line that are parameters for isolation, huge pages "
		"or KVM.",
	.why = "'--' ends what the kernel reads: the rest are arguments of init, without a "
	       "message.",
	.remedy = "write it before '--' in the boot loader's configuration, and reboot",
	.fixes = &fixes_line,
	.source = "kernel/params.c parse_args(); init/main.c set_init_arg()",
	.needs = FACT_LINE,
	.eval = eval_for_init,
};

/* Is it known why the kernel refused the list NAME? Then that is what is found. */
static bool refused_for_its_list(const Audit *audit, const char *name)
{
	const CmdlineEffects *effects = audit->effects;

	return effects &&
	       ((cmdline_same(name, "isolcpus") && cmdline_broken(&effects->isolcpus)) ||
		(cmdline_same(name, "nohz_full") && cmdline_broken(&effects->nohz_full)) ||
		(cmdline_same(name, "rcu_nocbs") && cmdline_broken(&effects->rcu_nocbs)));
}

/* Of /proc/1/environ: names the kernel knows are there only when it refused the value. */
static void eval_refused(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	static const char *const refusable[] = {"isolcpus",	      "nohz_full", "rcu_nocbs",
						"hugepages",	      "maxcpus",   "nr_cpus",
						"default_hugepagesz", NULL};

	for (char **entry = audit->facts->kernel->init_environ; entry && *entry; entry++) {
		g_autofree char *name = g_strndup(*entry, strcspn(*entry, "="));

		if (cmdline_listed(refusable, name) && !refused_for_its_list(audit, name))
			rule_found(rule, findings, SUBJECT, "/proc/1/environ", NULL,
				   "the kernel refused '%s' and passed it on to init", *entry);
	}
}

const Rule rule_kernel_parameter_refused = {
	.id = "kernel.parameter-refused",
	.severity = SEVERITY_ERROR,
	.title = "The kernel refused a parameter's value",
	.sees = "Known parameters in the environment of init. The kernel puts there whatever it "
		"did not accept, including a known name whose value was refused.",
	.why = "The parameter has no effect. dmesg may have been overwritten since; the "
	       "environment of init stays.",
	.remedy = "fix the value in the boot loader's configuration, and reboot",
	.fixes = &fixes_line,
	.source = "init/main.c unknown_bootoption(), obsolete_checksetup()",
	.needs = FACT_ENVIRON,
	.eval = eval_refused,
};

/* The next boot */

/* Words that differ between kernels and roots, never between plans. */
static bool of_the_boot(const char *name)
{
	static const char *const names[] = {"BOOT_IMAGE", "initrd", "root", "rootflags", NULL};

	return cmdline_listed(names, name);
}

static bool rules_word_has_word(const Cmdline *cmdline, const CmdlineWord *wanted)
{
	for (unsigned i = 0; i < cmdline->words->len; i++) {
		const CmdlineWord *word = g_ptr_array_index(cmdline->words, i);

		if (cmdline_same(word->name, wanted->name) &&
		    g_strcmp0(word->value, wanted->value) == 0)
			return true;
	}
	return false;
}

/* The words of A that B has not; of all, or of those that somebody depends on. */
static char *only_in(const Cmdline *a, const Cmdline *b, bool all)
{
	Naming naming = {0};

	for (unsigned i = 0; i < a->words->len; i++) {
		const CmdlineWord *word = g_ptr_array_index(a->words, i);
		g_autofree char *text = word_text(word);

		if (!of_the_boot(word->name) && !rules_word_has_word(b, word) &&
		    (all || cmdline_listed(depended_on, word->name)))
			naming_add(&naming, text);
	}
	return naming_end(&naming);
}

/* Who writes the lines that the loader reads, and would write them over somebody's own. */
typedef enum LineKeeper {
	KEEPER_LOADER, /* the loader's own tools, of the loader's own configuration */
	KEEPER_GRUBBY, /* entries of Fedora and its kin */
	KEEPER_OSTREE,
	KEEPER_NIXOS,
	KEEPER_PROXMOX,
	KEEPER_ALPINE,
	KEEPER_COUNT
} LineKeeper;

/* Where NixOS copies kernels to for systemd-boot, and for GRUB; GRUB may also read its store. */
static bool is_of_nixos(const char *line)
{
	static const char *const places[] = {"\\EFI\\nixos\\", "//kernels/", "/nix/store/"};

	for (unsigned i = 0; line && i < G_N_ELEMENTS(places); i++)
		if (strstr(line, places[i]))
			return true;
	return false;
}

static LineKeeper line_keeper(const KernelFacts *kernel)
{
	const char *source = kernel->boot_source ? kernel->boot_source : "";

	if (kernel->loader == LOADER_PROXMOX)
		return KEEPER_PROXMOX;
	if (is_of_nixos(kernel->cmdline))
		return KEEPER_NIXOS;
	if (strstr(source, "/loader/entries/ostree-"))
		return KEEPER_OSTREE;
	if (kernel->loader == LOADER_GRUB && strstr(source, "/loader/entries/"))
		return KEEPER_GRUBBY;
	if (kernel->loader == LOADER_SYSLINUX && kernel->written[WRITTEN_ALPINE].words)
		return KEEPER_ALPINE;
	return KEEPER_LOADER;
}

/* What the running line has and the next one has not. */
static const char *const line_lost[KEEPER_COUNT] = {
	[KEEPER_LOADER] = "write the running parameters to the boot loader's configuration: a "
			  "reboot loses them",
	[KEEPER_GRUBBY] = "add the running parameters by 'grubby --update-kernel=ALL "
			  "--args=WORDS': a reboot loses them",
	[KEEPER_OSTREE] = "add the running parameters by 'rpm-ostree kargs --append=WORD': a "
			  "reboot loses them",
	[KEEPER_NIXOS] = "write the running parameters to boot.kernelParams of the system's "
			 "configuration, and run 'nixos-rebuild boot': it makes the loader's "
			 "entries anew",
	[KEEPER_PROXMOX] = "write the running parameters to /etc/kernel/cmdline, and run "
			   "'proxmox-boot-tool refresh'",
	[KEEPER_ALPINE] = "write the running parameters to default_kernel_opts in "
			  "/etc/update-extlinux.conf, and run 'update-extlinux': a reboot loses "
			  "them",
};

/* A reboot is the cure only of what it ADDS. */
static const char *reboot_fix(const Rule *rule, const Audit *audit, bool adds)
{
	LineKeeper keeper = line_keeper(audit->facts->kernel);

	if (fixes_text(rule->fixes, audit->facts->platform))
		return rule->remedy;
	if (!adds)
		return line_lost[keeper];
	return keeper == KEEPER_PROXMOX ? "run 'proxmox-boot-tool refresh' and reboot, or write "
					  "the running parameters to /etc/kernel/cmdline first"
					: rule->remedy;
}

static void eval_reboot(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	const KernelFacts *kernel = audit->facts->kernel;
	g_autofree char *added = NULL, *gone = NULL;

	if (!audit->next || !audit->cmdline)
		return;
	added = only_in(audit->next, audit->cmdline, true);
	/* Firmware that reads such a menu adds words of its own; and so may Harvester's. */
	gone = only_in(audit->cmdline, audit->next,
		       kernel->loader != LOADER_SYSLINUX &&
			       audit->facts->platform != PLATFORM_HARVESTER);
	if (*added || *gone)
		rule_found_fix(rule, findings, SUBJECT,
			       kernel->boot_source ? kernel->boot_source : "boot loader", NULL,
			       reboot_fix(rule, audit, *added), "the next boot %s%s%s%s%s",
			       *added ? "adds " : "", added, *added && *gone ? "; it " : "",
			       *gone ? "loses " : "", gone);
}

const Rule rule_kernel_reboot_pending = {
	.id = "kernel.reboot-pending",
	.severity = SEVERITY_WARNING,
	.title = "The next boot has another kernel line",
	.sees = "/proc/cmdline against the line that the boot loader would boot next: the loader "
		"that booted this kernel, as BOOT_IMAGE= or initrd= of the running line tell. "
		"root=, rootflags=, initrd= and BOOT_IMAGE= are not compared.",
	.why = "Either a change waits for its reboot, or the next reboot undoes the plan.",
	.remedy = "reboot, or fix the boot loader's configuration",
	.fixes = &fixes_reboot,
	.source = "Boot Loader Specification entries; grub.cfg; syslinux(1)",
	.needs = FACT_LINE | FACT_BOOT,
	.eval = eval_reboot,
};

/* Where the loader does not look */

/* Parameters that somebody wrote for isolation, huge pages or VMs: the words of TEXT (NULL = none)
 * that neither the running line nor the next one has. Yours. */
static char *unread_words(const Audit *audit, const char *text)
{
	g_autoptr(Cmdline) written = cmdline_parse(text ? text : "");
	Naming naming = {0};

	for (unsigned i = 0; i < written->words->len; i++) {
		const CmdlineWord *word = g_ptr_array_index(written->words, i);
		g_autofree char *shown = word_text(word);

		if (cmdline_listed(depended_on, word->name) &&
		    !rules_word_has_word(audit->cmdline, word) &&
		    !(audit->next && rules_word_has_word(audit->next, word)))
			naming_add(&naming, shown);
	}
	return naming_end(&naming);
}

/* Who booted the kernel. */
static const char *const loader_names[LOADER_COUNT] = {
	[LOADER_GRUB] = "GRUB",
	[LOADER_SYSLINUX] = "syslinux, or what reads its menu,",
	[LOADER_PROXMOX] = "systemd-boot with proxmox-boot-tool",
	[LOADER_ENTRIES] = "systemd-boot or the firmware",
	[LOADER_UKI] = "a unified kernel image, which has its line inside,",
	[LOADER_ZIPL] = "zipl",
};

#define TO_GRUB                                                                                    \
	"write it to GRUB_CMDLINE_LINUX_DEFAULT in /etc/default/grub, run 'update-grub', and "     \
	"then reboot"

/* A file that LOADER does not read: no reboot brings what it says. */
static const struct {
	Loader loader;
	Written written;
	Platform only; /* on this platform; PLATFORM_LIBVIRT = on any */
	const char *fix;
} unread[] = {
	{LOADER_PROXMOX, WRITTEN_GRUB, PLATFORM_LIBVIRT,
	 "write it to /etc/kernel/cmdline, run 'proxmox-boot-tool refresh', and then reboot"},
	{LOADER_ENTRIES, WRITTEN_GRUB, PLATFORM_LIBVIRT,
	 "write it to /etc/kernel/cmdline and run 'kernel-install add-all', or to the options of "
	 "the loader's entries; then reboot"},
	{LOADER_GRUB, WRITTEN_GRUB, PLATFORM_HARVESTER,
	 "write it to third_party_kernel_args in /oem/grubenv by 'grub2-editenv', and then reboot"},
	{LOADER_UKI, WRITTEN_GRUB, PLATFORM_LIBVIRT,
	 "write it to /etc/kernel/cmdline, build the image again ('kernel-install add-all'), and "
	 "then reboot"},
	{LOADER_SYSLINUX, WRITTEN_GRUB, PLATFORM_LIBVIRT,
	 "write it to the APPEND line of the default entry, and then reboot"},
	{LOADER_ZIPL, WRITTEN_GRUB, PLATFORM_LIBVIRT,
	 "write it to the parameters of /etc/zipl.conf, run 'zipl', and then reboot"},
};

/* A file that entries are made of: a tool has to bring it there. */
static const struct {
	Loader loader;
	Written written;
	bool next; /* only where it is known what boots next */
	const char *fix;
} unmade[] = {
	{LOADER_GRUB, WRITTEN_TUNED, true,
	 "the loader's entries lack $tuned_params: 'grubby --update-kernel=ALL "
	 "--args=$tuned_params' or the words themselves, and then reboot"},
	{LOADER_ENTRIES, WRITTEN_KERNEL, true, "run 'kernel-install add-all', and then reboot"},
	{LOADER_UKI, WRITTEN_KERNEL, false,
	 "build the image again ('kernel-install add-all'), and then reboot"},
	{LOADER_ZIPL, WRITTEN_ZIPL, false, "run 'zipl', and then reboot"},
	{LOADER_SYSLINUX, WRITTEN_ALPINE, true, "run 'update-extlinux', and then reboot"},
	{LOADER_GRUB, WRITTEN_OEM, false, "reboot (maintenance mode first)"},
};

/* Are there words in WRITTEN that no line has? FIX brings them. MADE: entries are made of it. */
static bool found_written(const Rule *rule, const Audit *audit, GPtrArray *findings,
			  Written written, const char *fix, bool made)
{
	const KernelFacts *kernel = audit->facts->kernel;
	const LineWritten *line = &kernel->written[written];
	g_autofree char *words = unread_words(audit, line->words);

	if (!*words)
		return false;
	/* Harvester's own file has the words already. */
	if (written != WRITTEN_OEM && fixes_text(rule->fixes, audit->facts->platform))
		fix = rule->remedy;
	if (made)
		rule_found_fix(rule, findings, SUBJECT, line->file, NULL, fix,
			       "%s is in %s, but not in what %s boots", words, line->file,
			       loader_names[kernel->loader]);
	else
		rule_found_fix(rule, findings, SUBJECT, line->file, NULL, fix,
			       "%s is in %s, but %s booted this kernel and does not read that file",
			       words, line->file, loader_names[kernel->loader]);
	return true;
}

/* GRUB boots what the next line has, and a tool wrote that: of which file says the tool. */
static void found_of_grub(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	LineKeeper keeper = line_keeper(audit->facts->kernel);
	bool entries = keeper == KEEPER_GRUBBY || keeper == KEEPER_OSTREE;
	const char *fix =
		keeper == KEEPER_GRUBBY
			? "run 'grubby --update-kernel=ALL --args=WORDS', and then reboot"
		: keeper == KEEPER_OSTREE
			? "run 'rpm-ostree kargs --append=WORD' for each, and then reboot"
			: "run 'update-grub' or 'grub2-mkconfig', and then reboot; a later file in "
			  "/etc/default/grub.d may set the variable again";

	if (found_written(rule, audit, findings, WRITTEN_GRUB, fix, true))
		return;
	/* kernel-install reads it, for the entries of the next kernel; others leave it behind. */
	if (entries || audit->facts->platform == PLATFORM_PROXMOX)
		found_written(rule, audit, findings, WRITTEN_KERNEL, entries ? fix : TO_GRUB,
			      entries);
}

static void eval_elsewhere(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	const KernelFacts *kernel = audit->facts->kernel;
	Platform platform = audit->facts->platform;

	if (!audit->cmdline || platform == PLATFORM_OPENSHIFT)
		return;
	for (unsigned i = 0; i < G_N_ELEMENTS(unread); i++)
		if (unread[i].loader == kernel->loader &&
		    (unread[i].only == PLATFORM_LIBVIRT || unread[i].only == platform))
			found_written(rule, audit, findings, unread[i].written, unread[i].fix,
				      false);
	if (kernel->loader == LOADER_GRUB && audit->next && platform != PLATFORM_HARVESTER)
		found_of_grub(rule, audit, findings);
	for (unsigned i = 0; i < G_N_ELEMENTS(unmade); i++)
		if (unmade[i].loader == kernel->loader && (!unmade[i].next || audit->next) &&
		    (platform == PLATFORM_HARVESTER) == (unmade[i].written == WRITTEN_OEM))
			found_written(rule, audit, findings, unmade[i].written, unmade[i].fix,
				      true);
}

const Rule rule_kernel_line_elsewhere = {
	.id = "kernel.line-elsewhere",
	.severity = SEVERITY_WARNING,
	.title = "Kernel parameters are in a file that the boot loader does not read",
	.sees = "Parameters for isolation, huge pages and KVM in /etc/default/grub and its folder, "
		"/etc/kernel/cmdline, /etc/tuned/bootcmdline, /etc/zipl.conf, "
		"/etc/update-extlinux.conf and Harvester's /oem/grubenv that neither the running "
		"line nor the next one has: files that the loader which booted this kernel does "
		"not read, and files that its entries are made of.",
	.why = "No reboot brings them: the loader that boots this machine has its line from "
	       "elsewhere.",
	.remedy = "write it where the loader reads it, or run the tool that makes its entries; "
		  "then reboot",
	.fixes = &fixes_line,
	.source = "Proxmox VE manual, Host Bootloader; kernel-install(8); update-grub(8); zipl(8)",
	.needs = FACT_LINE,
	.eval = eval_elsewhere,
};

/* The plan's other parameters */

static void rules_word_eval_missing(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	for (unsigned i = 0; audit->cmdline && i < audit->plan->parameters->len; i++) {
		const KernelParameter *p = g_ptr_array_index(audit->plan->parameters, i);
		const CmdlineWord wanted = {p->name, p->value};
		const CmdlineWord *word = cmdline_last(audit->cmdline, p->name);
		g_autofree char *text = word_text(&wanted);
		g_autofree char *have = word ? word_text(word) : NULL;

		if (cmdline_listed(cmdline_cpu_names, p->name) ||
		    rules_word_has_word(audit->cmdline, &wanted))
			continue;
		if (word && g_strcmp0(word->value, KERNEL_LEFT_OUT) == 0)
			rule_unknown(rule, findings, SUBJECT, LINE,
				     "the plan has %s; the value on the line is not shown, because "
				     "the parameter may hold a secret",
				     text);
		else
			rule_found(rule, findings, SUBJECT, LINE, NULL,
				   "the plan has %s, the line %s%s", text,
				   have ? "has " : "does not", have ? have : "");
	}
}

const Rule rule_kernel_parameter_missing = {
	.id = "kernel.parameter-missing",
	.severity = SEVERITY_ERROR,
	.title = "A parameter of the plan is not on the kernel line",
	.sees = "Each parameter of the plan, except isolcpus, nohz_full, rcu_nocbs and "
		"irqaffinity, which have rules of their own.",
	.why = "The node was not booted with the parameters that the inventory asks for ([kernel] "
	       "extra).",
	.remedy = "add it to the line: 'planner emit cmdline' prints the whole line",
	.fixes = &fixes_line,
	.source = "the plan",
	.when = WHEN_PLAN,
	.needs = FACT_LINE,
	.eval = rules_word_eval_missing,
};
