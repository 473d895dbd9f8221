/* SPDX-License-Identifier: MIT */
#include "topology/facts/kernel_line.h"

#include <string.h>

#define NAME_MOST 64

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

static bool value_kept(const char *name, const char *value)
{
	if (kernel_word_tunes(name) || g_strv_contains(kernel_plain, name))
		return true;
	return word_begins(kernel_list_names, name) && !value[strspn(value, "0123456789,-")];
}

/* A name, as parameters have, of LETTERS. */
static bool is_name(const char *name, const char *letters)
{
	return *name && strlen(name) <= NAME_MOST && !name[strspn(name, letters)];
}

char *kernel_word_clean(const char *word)
{
	static const char all[] = G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_-.";
	const char *equals = strchr(word, '=');
	bool quoted = *word == '"';
	g_autofree char *name =
		equals ? g_strndup(word + quoted, (gsize)(equals - word - quoted)) : g_strdup(word);

	/* A word that is none of these is somebody's token; $NAME is GRUB's variable. */
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

/* The kernel splits at white space outside double quotes. */
static size_t word_end(const char *text)
{
	bool quoted = false;
	size_t i;

	for (i = 0; text[i] && (quoted || !g_ascii_isspace(text[i])); i++)
		if (text[i] == '"')
			quoted = !quoted;
	return i;
}

/* A CPU list that a blank has torn apart: "4-5, 6-7". */
static bool list_goes_on(const GString *line, const char *word)
{
	return line->len && line->str[line->len - 1] == ',' &&
	       !word[strspn(word, G_CSET_DIGITS ",-:/")];
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
	bool inits = false;

	while (*(line += strspn(line, " \t\n\v\f\r"))) {
		size_t length = word_end(line);
		g_autofree char *word = g_strndup(line, length);
		bool whole = g_str_equal(word, "--") || list_goes_on(clean, word);
		g_autofree char *kept = whole	? g_strdup(word)
					: inits ? init_word_clean(word)
						: kernel_word_clean(word);

		g_string_append_printf(clean, "%s%s", clean->len ? " " : "", kept);
		inits = inits || g_str_equal(word, "--");
		line += length;
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
