/* SPDX-License-Identifier: MIT */
#include "topology/facts/kernel_line.h"

#include <string.h>

#define NAME_MOST 64
#define BLANKS " \t\n\v\f\r"

/* What concerns CPUs, timers, KVM and memory. */
const char *const kernel_tuning[] = {
	/* CPUs and their idling */
	"nosmt",
	"maxcpus",
	"nr_cpus",
	"possible_cpus",
	"idle",
	"intel_pstate",
	"amd_pstate",
	"nox2apic",
	"preempt",
	"threadirqs",
	"acpi_irq_nobalance",
	"kthread_cpus",
	"mce",
	"audit",
	/* clocks and watchdogs */
	"skew_tick",
	"nohz",
	"tsc",
	"clocksource",
	"hpet",
	"nosoftlockup",
	"nowatchdog",
	"nmi_watchdog",
	"watchdog_thresh",
	"rcu_nocb_poll",
	/* weaknesses */
	"mitigations",
	"pti",
	"nopti",
	"kpti",
	"spectre_v2",
	"spectre_v2_user",
	"spec_store_bypass_disable",
	"l1tf",
	"mds",
	"tsx",
	"tsx_async_abort",
	"mmio_stale_data",
	"retbleed",
	"srbds",
	"gather_data_sampling",
	"spec_rstack_overflow",
	"reg_file_data_sampling",
	"nospectre_v1",
	"nospectre_v2",
	"noibrs",
	"noibpb",
	/* memory and devices */
	"hugepages",
	"hugepagesz",
	"default_hugepagesz",
	"hugetlb_cma",
	"hugetlb_free_vmemmap",
	"transparent_hugepage",
	"numa_balancing",
	"intel_iommu",
	"amd_iommu",
	"iommu",
	"pcie_aspm",
	/* systemd and cgroups */
	"systemd.cpu_affinity",
	"tuned.non_isolcpus",
	"systemd.unified_cgroup_hierarchy",
	"cgroup_no_v1",
	"cgroup_disable",
	"psi",
	NULL,
};
/* clang-format off */
const char *const kernel_tuning_modules[] = {
	"cpuidle.",
	"cpufreq.",
	"iommu.",
	"processor.",
	"intel_idle.",
	"kvm.",
	"kvm_intel.",
	"kvm_amd.",
	"vfio",
	"rcupdate.",
	"rcutree.",
	"workqueue.",
	NULL,
};
/* clang-format on */

/* What else nobody hides: what rules read or compare, and what every line has. */
const char *const kernel_plain[] = {
	"isolcpus",	 "nohz_full",	 "rcu_nocbs",
	"irqaffinity",	 "BOOT_IMAGE",	 "initrd",
	"console",	 "crashkernel",	 "net.ifnames",
	"biosdevname",	 "selinux",	 "apparmor",
	"security",	 "panic",	 "loglevel",
	"consoleblank",	 "numa",	 "elevator",
	"init_on_alloc", "init_on_free", "memory_corruption_check",
	"resume_offset", NULL,
};
/* Misspelt, these still say what was meant. */
const char *const kernel_list_names[] = {"isol", "nohz", "rcu", "irq", "hugepage", NULL};

static bool word_begins(const char *const *beginnings, const char *name)
{
	for (; *beginnings; beginnings++)
		if (g_str_has_prefix(name, *beginnings))
			return true;
	return false;
}

/* In names '-' and '_' are the same. */
bool kernel_word_tunes(const char *name)
{
	g_autofree char *same = g_strdelimit(g_strdup(name), "-", '_');

	return g_strv_contains(kernel_tuning, same) || word_begins(kernel_tuning_modules, same);
}

/* Are blanks in VALUE, which quotes keep together, but those of a list? Then it may be anything. */
static bool has_words(const char *value)
{
	return value[strcspn(value, BLANKS)] && value[strspn(value, G_CSET_DIGITS ",-:/\"" BLANKS)];
}

static bool value_kept(const char *name, const char *value)
{
	g_autofree char *small = NULL;

	if (has_words(value))
		return false;
	if (kernel_word_tunes(name) || g_strv_contains(kernel_plain, name))
		return true;
	small = g_ascii_strdown(name, -1);
	return word_begins(kernel_list_names, small) && !value[strspn(value, "0123456789,-")];
}

/* A name, as parameters have, of LETTERS. */
static bool is_name(const char *name, const char *letters)
{
	return *name && strlen(name) <= NAME_MOST && !name[strspn(name, letters)];
}

/* TEXT behind the flags of isolcpus that it begins with. */
static const char *after_flags(const char *text)
{
	static const char *const flags[] = {"nohz,", "domain,", "managed_irq,"};

	for (unsigned i = 0; i < G_N_ELEMENTS(flags); i++)
		if (g_str_has_prefix(text, flags[i]))
			return after_flags(text + strlen(flags[i]));
	return text;
}

/* Is TEXT of numbers as CPUs have, and the signs of a list? A longer one is some other number. */
static bool is_of_list(const char *text)
{
	for (size_t digits; *text; text += digits + strspn(text + digits, ",-:/")) {
		digits = strspn(text, G_CSET_DIGITS);
		if (digits > 4 || (!digits && !strchr(",-:/", *text)))
			return false;
	}
	return true;
}

bool kernel_word_is_piece(const char *word)
{
	return *word && is_of_list(after_flags(word + (*word == '=')));
}

/* "isolcpus:4-7" */
static bool has_wrong_sign(const char *word)
{
	const char *sign = word + strspn(word, G_CSET_a_2_z "_");

	return *sign && strchr(":;,", *sign) && word_begins(kernel_list_names, word) &&
	       kernel_word_is_piece(sign + 1);
}

char *kernel_word_clean(const char *word)
{
	static const char all[] = G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_-.";
	const char *equals = strchr(word, '=');
	bool quoted = *word == '"';
	g_autofree char *name =
		equals ? g_strndup(word + quoted, (gsize)(equals - word - quoted)) : g_strdup(word);

	/* A word that is none of these is somebody's token; $NAME is GRUB's variable. */
	if (!equals && has_wrong_sign(word))
		return g_strdup(word);
	if (!equals)
		return g_strdup(is_name(name + (*name == '$'), G_CSET_a_2_z "_-.") ||
						kernel_word_tunes(name) ||
						g_strv_contains(kernel_plain, name)
					? word
					: KERNEL_LEFT_OUT);
	if (!is_name(name, all))
		return g_strdup(KERNEL_LEFT_OUT);
	return value_kept(name, equals + 1) ? g_strdup(word)
					    : g_strconcat(name, "=", KERNEL_LEFT_OUT, NULL);
}

char *kernel_line_word(const char **line)
{
	const char *word = *line + strspn(*line, BLANKS), *end = word;
	bool quoted = false;

	for (; *end && (quoted || !g_ascii_isspace(*end)); end++)
		if (*end == '"')
			quoted = !quoted;
	*line = end;
	return end > word ? g_strndup(word, (gsize)(end - word)) : NULL;
}

/* May pieces of a list follow WORD? */
static bool begins_list(const char *word)
{
	const char *equals = strchr(word, '=');

	return word_begins(kernel_list_names, word) &&
	       (!equals || !equals[1] || kernel_word_is_piece(equals + 1));
}

/* A word of init's, after "--": kept where it was meant for the kernel. */
static char *init_word_clean(const char *word)
{
	g_autofree char *clean = kernel_word_clean(word);

	return strchr(word, '=') && g_str_equal(clean, word) ? g_steal_pointer(&clean)
							     : g_strdup(KERNEL_LEFT_OUT);
}

char *kernel_line_clean(const char *line)
{
	GString *clean = g_string_new(NULL);
	bool inits = false, list = false;
	char *next;

	while ((next = kernel_line_word(&line))) {
		g_autofree char *word = next;
		bool piece = list && kernel_word_is_piece(word);
		bool whole = g_str_equal(word, "--") || piece;
		g_autofree char *kept = whole	? g_strdup(word)
					: inits ? init_word_clean(word)
						: kernel_word_clean(word);

		g_string_append_printf(clean, "%s%s", clean->len ? " " : "", kept);
		inits = inits || g_str_equal(word, "--");
		list = piece || (begins_list(word) && g_str_equal(kept, word));
	}
	return g_string_free(clean, FALSE);
}

static char *line_keep(const char *text)
{
	g_autofree char *clean = kernel_line_clean(text);

	return g_strconcat(clean, "\n", NULL);
}

char *kernel_line_load(Root *root, const char *path)
{
	char *line = root_text_kept(root, path, line_keep);

	return line ? g_strchomp(line) : NULL;
}
