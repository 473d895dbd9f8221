/* SPDX-License-Identifier: MIT */
#include "topology/facts/kernel.h"

#include "topology/base/text.h"
#include "topology/facts/bootloader.h"
#include "topology/facts/kernel_line.h"
#include "topology/root/gunzip.h"

#include <string.h>

#define CPU "/sys/devices/system/cpu/"
#define CONFIG_MAX (8u << 20)

/* Name in facts → file. */
#define CLOCKSOURCE "/sys/devices/system/clocksource/clocksource0/"

static const struct {
	const char *name, *path;
} sysctls[] = {
	{"kernel.hostname", "/proc/sys/kernel/hostname"},
	{"kernel.timer_migration", "/proc/sys/kernel/timer_migration"},
	{"kernel.sched_rt_runtime_us", "/proc/sys/kernel/sched_rt_runtime_us"},
	{"kernel.sched_rt_period_us", "/proc/sys/kernel/sched_rt_period_us"},
	{"kernel.watchdog", "/proc/sys/kernel/watchdog"},
	{"kernel.nmi_watchdog", "/proc/sys/kernel/nmi_watchdog"},
	{"kernel.soft_watchdog", "/proc/sys/kernel/soft_watchdog"},
	{"kernel.numa_balancing", "/proc/sys/kernel/numa_balancing"},
	{"vm.stat_interval", "/proc/sys/vm/stat_interval"},
	{"ksm.run", "/sys/kernel/mm/ksm/run"},
	{"transparent_hugepage.enabled", "/sys/kernel/mm/transparent_hugepage/enabled"},
	{"clocksource.current", CLOCKSOURCE "current_clocksource"},
	{"clocksource.available", CLOCKSOURCE "available_clocksource"},
};

/* Configuration */

static void config_line(GHashTable *config, const char *line)
{
	static const char unset[] = " is not set";

	if (g_str_has_prefix(line, "# CONFIG_") && g_str_has_suffix(line, unset))
		g_hash_table_insert(config, g_strndup(line + 2, strlen(line + 2) - strlen(unset)),
				    g_strdup("n"));
}

GHashTable *kernel_config_parse(const char *text)
{
	GHashTable *config = settings_parse(text);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (unsigned i = 0; lines[i]; i++)
		config_line(config, lines[i]);
	return config;
}

/* Distributions keep it beside the kernel or beside its modules. *THERE: it is, whole or not. */
static char *config_text(Root *root, const char *release, bool *there)
{
	static const char *const places[] = {"/boot/config-%s", "/lib/modules/%s/config",
					     "/usr/lib/modules/%s/config"};
	char *text = NULL;

	for (unsigned i = 0; release && !text && i < G_N_ELEMENTS(places); i++) {
		g_auto(GStrv) parts = g_strsplit(places[i], "%s", 2);
		g_autofree char *path = g_strjoinv(release, parts);
		size_t length;

		text = root_read(root, path, NULL, CONFIG_MAX, &length);
		*there |= text != NULL;
		if (text && root_note_damage(root, path, NULL, text, length))
			g_clear_pointer(&text, g_free);
	}
	return text;
}

/* The running kernel's own copy, where it was built with CONFIG_IKCONFIG_PROC. */
static char *config_own(Root *root)
{
	static const char path[] = "/proc/config.gz";
	size_t length;
	g_autofree char *bytes = root_read(root, path, NULL, CONFIG_MAX, &length);
	char *text = NULL;
	const char *why;

	if (bytes) {
		text = gunzip(bytes, length, CONFIG_MAX, &why);
		if (!text)
			root_note_text(root, path, why);
	}
	return text;
}

static GHashTable *config_load(Root *root, const char *release)
{
	bool there = false;
	g_autofree char *text = config_text(root, release, &there);
	g_autofree char *valid = NULL;

	if (!text)
		text = config_own(root);
	if (!text) {
		if (release && !there && !root_is_snapshot(root) &&
		    !root_exists(root, "/proc/config.gz"))
			root_remark(root, "kernel configuration",
				    "there is no /boot/config-* and no /proc/config.gz");
		return NULL;
	}
	valid = g_utf8_make_valid(text, -1);
	return kernel_config_parse(valid);
}

/* The environment of init */

static bool same_name(const char *a, const char *b, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((a[i] == '-' ? '_' : a[i]) != (b[i] == '-' ? '_' : b[i]))
			return false;
	return true;
}

/* Does a word of the line begin with the variable's NAME= ? Words may stand in quotes. */
static bool line_names(const char *cmdline, const char *variable)
{
	size_t length = strcspn(variable, "=") + 1;

	for (const char *at = cmdline; *at; at++)
		if ((at == cmdline || strchr(" \t\n\"", at[-1])) && strlen(at) >= length &&
		    same_name(at, variable, length))
			return true;
	return false;
}

char **kernel_environ_parse(const char *bytes, size_t length, const char *cmdline)
{
	GPtrArray *kept = g_ptr_array_new();

	for (size_t at = 0; at < length; at += strnlen(bytes + at, length - at) + 1) {
		g_autofree char *raw = g_strndup(bytes + at, length - at);
		g_autofree char *variable = g_utf8_make_valid(raw, -1);

		if (strchr(variable, '=') && *variable != '=' && line_names(cmdline, variable))
			g_ptr_array_add(kept, g_steal_pointer(&variable));
	}
	g_ptr_array_add(kept, NULL);
	return (char **)g_ptr_array_free(kept, FALSE);
}

static void environ_record(Root *root, char **variables)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	for (unsigned i = 0; variables[i]; i++)
		g_byte_array_append(bytes, (const guint8 *)variables[i],
				    (guint)strlen(variables[i]) + 1);
	root_record_bytes(root, "/proc/1/environ", bytes->data, bytes->len);
}

static char **environ_load(Root *root, const char *cmdline)
{
	static const char path[] = "/proc/1/environ";
	size_t length;
	int failure;
	g_autofree char *bytes = root_read_private(root, path, ROOT_TEXT_MAX, &length, &failure);
	char **variables;

	if (!bytes) {
		root_failed(root, path, NULL, failure);
		root_note_missing(root, path);
		return NULL;
	}
	if (!root_is_live(root) && (length ? bytes[length - 1] : !root_is_snapshot(root)))
		root_remark(root, path, "was cut, or is damaged"); /* its recording is not */
	variables = kernel_environ_parse(bytes, length, cmdline ? cmdline : "");
	for (char **one = variables; *one; one++) {
		char *clean = kernel_word_clean(*one);

		g_free(*one);
		*one = clean;
	}
	environ_record(root, variables);
	return variables;
}

/* Sets */

hwloc_bitmap_t kernel_nohz_parse(const char *text)
{
	g_autofree char *list = g_strstrip(g_strdup(text));

	return cpulist_parse(g_str_equal(list, "(null)") ? "" : list, NULL);
}

static hwloc_bitmap_t kernel_needed(Root *root, const char *path)
{
	hwloc_bitmap_t set = root_cpulist(root, path, NULL);

	if (!set)
		root_note_missing(root, path);
	return set;
}

/* CPUs that every machine has some of. */
static hwloc_bitmap_t kernel_some(Root *root, const char *path)
{
	g_auto(CpuSet) set = kernel_needed(root, path);

	if (!set || !hwloc_bitmap_iszero(set))
		return g_steal_pointer(&set);
	root_note_text(root, path, "names no CPU");
	return NULL;
}

static void nohz_load(Root *root, KernelFacts *kernel)
{
	static const char path[] = CPU "nohz_full";
	g_autofree char *text = root_text(root, path, NULL);

	kernel->nohz_full_file = text;
	if (text) {
		kernel->nohz_full = kernel_nohz_parse(text);
		if (!kernel->nohz_full)
			root_note_text(root, path, "does not hold a CPU list");
	} else if (kernel->possible && !root_exists(root, path)) {
		kernel->nohz_full = hwloc_bitmap_alloc();
	}
}

/* A kernel that was built with the option has the file: where it is not there, it was lost. */
static void nohz_judge(Root *root, KernelFacts *kernel)
{
	const char *option =
		kernel->config ? g_hash_table_lookup(kernel->config, "CONFIG_NO_HZ_FULL") : NULL;

	if (kernel->nohz_full_file || !kernel->nohz_full || g_strcmp0(option, "y") != 0)
		return;
	g_clear_pointer(&kernel->nohz_full, hwloc_bitmap_free);
	root_note_text(root, CPU "nohz_full",
		       "is not there, though the kernel was built with CONFIG_NO_HZ_FULL");
}

static void sets_load(Root *root, KernelFacts *kernel)
{
	static const char wq[] = "/sys/devices/virtual/workqueue/cpumask";

	kernel->possible = kernel_some(root, CPU "possible");
	kernel->present = kernel_some(root, CPU "present");
	kernel->online = kernel_some(root, CPU "online");
	kernel->offline = root_cpulist(root, CPU "offline", NULL);
	kernel->isolated = kernel_needed(root, CPU "isolated");
	nohz_load(root, kernel);
	kernel->smt_control = root_text(root, CPU "smt/control", NULL);
	kernel->workqueue = root_cpumask(root, wq);
	if (!kernel->workqueue)
		root_note_missing(root, wq);
	kernel->writeback = root_cpumask(root, "/sys/devices/virtual/workqueue/writeback/cpumask");
	kernel->watchdog = root_cpulist(root, "/proc/sys/kernel/watchdog_cpumask", NULL);
}

static GHashTable *vulnerabilities_load(Root *root)
{
	g_auto(GStrv) names = root_list(root, CPU "vulnerabilities", NULL);
	GHashTable *table = *names ? table_new() : NULL;

	for (unsigned i = 0; names[i]; i++) {
		g_autofree char *path = g_strconcat(CPU "vulnerabilities/", names[i], NULL);
		char *text = root_text(root, path, CPU "vulnerabilities/*");

		if (text)
			g_hash_table_insert(table, g_utf8_make_valid(names[i], -1), text);
	}
	return table;
}

/*
 * What `sysctl -a` printed: sosreports have that and no /proc/sys. Of all this only what is asked
 * for may be recorded: there are keys in it.
 */
static GHashTable *printed_load(Root *root)
{
	static const char path[] = "/sos_commands/kernel/sysctl_-a";
	size_t length;
	int failure;
	g_autofree char *bytes =
		root_is_live(root) ? NULL
				   : root_read_private(root, path, CONFIG_MAX, &length, &failure);
	g_autofree char *text = g_utf8_make_valid(bytes ? bytes : "", -1);

	return settings_parse(text);
}

/* What the file says, or was printed of NAME; a recording has it in the file. */
static char *sysctl_text(Root *root, GHashTable *printed, const char *name, const char *path)
{
	char *text = root_text(root, path, NULL);

	if (!text && g_hash_table_contains(printed, name)) {
		g_autofree char *line = NULL;

		text = g_strdup(g_hash_table_lookup(printed, name));
		line = g_strconcat(text, "\n", NULL);
		root_record_text(root, path, line);
	}
	return text;
}

static GHashTable *sysctls_load(Root *root, GHashTable *printed)
{
	GHashTable *table = table_new();

	for (unsigned i = 0; i < G_N_ELEMENTS(sysctls); i++) {
		char *text = sysctl_text(root, printed, sysctls[i].name, sysctls[i].path);

		if (text)
			g_hash_table_insert(table, g_strdup(sysctls[i].name), text);
	}
	return table;
}

KernelFacts *kernel_new(void)
{
	return g_new0(KernelFacts, 1);
}

void kernel_free(KernelFacts *kernel)
{
	hwloc_bitmap_t sets[] = {kernel->possible,  kernel->present,   kernel->online,
				 kernel->offline,   kernel->isolated,  kernel->nohz_full,
				 kernel->workqueue, kernel->writeback, kernel->watchdog};
	char *texts[] = {kernel->release, kernel->cmdline, kernel->boot_cmdline,
			 kernel->boot_source, kernel->smt_control};
	GHashTable *tables[] = {kernel->config, kernel->vulnerabilities, kernel->sysctls};

	for (guint i = 0; i < G_N_ELEMENTS(sets); i++)
		hwloc_bitmap_free(sets[i]);
	for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
		g_free(texts[i]);
	written_clear(kernel->written);
	for (guint i = 0; i < G_N_ELEMENTS(tables); i++)
		g_clear_pointer(&tables[i], g_hash_table_unref);
	g_strfreev(kernel->init_environ);
	g_free(kernel);
}

void kernel_load(Root *root, KernelFacts *kernel)
{
	static const char osrelease[] = "/proc/sys/kernel/osrelease";
	g_autoptr(GHashTable) printed = printed_load(root);

	kernel->cmdline = kernel_line_load(root, "/proc/cmdline");
	if (!kernel->cmdline)
		root_note_missing(root, "/proc/cmdline");
	kernel->release = sysctl_text(root, printed, "kernel.osrelease", osrelease);
	if (!kernel->release)
		kernel->release = boot_image_release(kernel->cmdline);
	sets_load(root, kernel);
	kernel->vulnerabilities = vulnerabilities_load(root);
	kernel->sysctls = sysctls_load(root, printed);
	kernel->config = config_load(root, kernel->release);
	if (!kernel->release)
		root_note_missing(root, osrelease);
	nohz_judge(root, kernel);
	kernel->init_environ = environ_load(root, kernel->cmdline);
	kernel->loader = loader_find(root, kernel->cmdline);
	kernel->boot_cmdline = bootloader_load(root, kernel->loader, kernel->cmdline,
					       kernel->release, &kernel->boot_source);
	written_load(root, kernel->written);
}

/* Sources */

static bool line_known(const void *reader)
{
	const KernelFacts *kernel = reader;

	return kernel->cmdline;
}

static bool release_known(const void *reader)
{
	const KernelFacts *kernel = reader;

	return kernel->release;
}

static bool possible_known(const void *reader)
{
	const KernelFacts *kernel = reader;

	return kernel->possible;
}

static bool isolated_known(const void *reader)
{
	const KernelFacts *kernel = reader;

	return kernel->isolated;
}

static bool nohz_known(const void *reader)
{
	const KernelFacts *kernel = reader;

	return kernel->nohz_full;
}

static bool config_known(const void *reader)
{
	const KernelFacts *kernel = reader;

	return kernel->config;
}

static bool environ_known(const void *reader)
{
	const KernelFacts *kernel = reader;

	return kernel->init_environ;
}

static bool boot_known(const void *reader)
{
	const KernelFacts *kernel = reader;

	return kernel->boot_cmdline;
}

static bool workqueue_known(const void *reader)
{
	const KernelFacts *kernel = reader;

	return kernel->workqueue;
}

static bool watchdog_known(const void *reader)
{
	const KernelFacts *kernel = reader;

	return kernel->watchdog;
}

const FactSource kernel_sources[] = {
	{FACT_LINE, {"/proc/cmdline"}, line_known},
	{FACT_RELEASE, {"/proc/sys/kernel/osrelease"}, release_known},
	{FACT_POSSIBLE, {CPU "possible"}, possible_known},
	{FACT_ISOLATED, {CPU "isolated"}, isolated_known},
	{FACT_NOHZ, {CPU "nohz_full"}, nohz_known},
	{FACT_CONFIG, {"kernel configuration", "/boot/config-", "/proc/config.gz"}, config_known},
	{FACT_ENVIRON, {"/proc/1/environ"}, environ_known},
	{FACT_BOOT, {BOOTLOADER_SOURCES}, boot_known},
	{FACT_WORKQUEUE, {"/sys/devices/virtual/workqueue/cpumask"}, workqueue_known},
	{FACT_WATCHDOG, {"/proc/sys/kernel/watchdog_cpumask"}, watchdog_known},
	{0},
};
