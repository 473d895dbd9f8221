/* SPDX-License-Identifier: MIT */
#include "topology/facts/services.h"

#include "topology/base/list.h"
#include "topology/base/text.h"

#include <string.h>

static const char *const irqbalance_files[] = {"/etc/default/irqbalance",
					       "/etc/sysconfig/irqbalance"};
/* A drop-in of an earlier folder hides those of the same name in later ones. */
static const char *const systemd_folders[] = {
	"/etc/systemd/",
	"/run/systemd/",
	"/usr/local/lib/systemd/",
	"/usr/lib/systemd/",
};

/* What rules read of a file of settings; the rest, environment and arguments of services, may hold
 * secrets. A section's head stays, since systemd's settings count in their section alone. */
const char *const services_kept[] = {"IRQBALANCE_BANNED_CPUS",
				     "IRQBALANCE_BANNED_CPULIST",
				     "CPUAffinity",
				     "NUMAPolicy",
				     "NUMAMask",
				     NULL};

static char *settings_keep(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	GString *kept = g_string_new(NULL);

	for (unsigned i = 0; lines[i]; i++) {
		char *line = g_strstrip(lines[i]);
		const char *name = line + (g_str_has_prefix(line, "export ") ? 7 : 0);
		g_autofree char *key = g_strndup(name, strcspn(name, "="));

		if (g_strv_contains(services_kept, g_strstrip(key)))
			g_string_append_printf(kept, "%s\n", line);
		else if (*line == '[')
			g_string_append(kept,
					g_str_equal(line, "[Manager]") ? "[Manager]\n" : "[]\n");
	}
	return g_string_free(kept, FALSE);
}

/* systemd */

static void manager_set(GHashTable *manager, const char *name, const char *value)
{
	const char *old = g_hash_table_lookup(manager, name);
	bool adds_up = !strcmp(name, "CPUAffinity") || !strcmp(name, "NUMAMask");
	char *merged = adds_up && old && *old && *value ? g_strdup_printf("%s %s", old, value)
							: g_strdup(value);

	g_hash_table_insert(manager, g_strdup(name), merged);
}

void systemd_parse(GHashTable *manager, const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	bool inside = false;

	for (unsigned i = 0; lines[i]; i++) {
		char *line = g_strstrip(lines[i]), *value = strchr(line, '=');

		if (*line == '[')
			inside = g_str_equal(line, "[Manager]");
		if (!inside || !value || strchr("#;[", *line))
			continue;
		*value++ = '\0';
		manager_set(manager, g_strstrip(line), g_strstrip(value));
	}
}

static void file_parse(Root *root, GHashTable *manager, const char *path)
{
	g_autofree char *text = root_text_kept(root, path, settings_keep);

	if (text)
		systemd_parse(manager, text);
}

static gboolean dropin_path(gpointer name, gpointer path, gpointer paths)
{
	(void)name;
	g_ptr_array_add(paths, g_strdup(path));
	return FALSE;
}

/* The paths of the drop-ins NAME.d/… of systemd, in the order in which they count: by name. */
static GPtrArray *dropins_find(Root *root, const char *name)
{
	g_autoptr(GTree) dropins =
		g_tree_new_full((GCompareDataFunc)(void (*)(void))strcmp, NULL, g_free, g_free);
	GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);

	for (unsigned i = 0; i < G_N_ELEMENTS(systemd_folders); i++) {
		g_autofree char *folder = g_strconcat(systemd_folders[i], name, ".d", NULL);
		g_auto(GStrv) names = root_list(root, folder, NULL);

		for (unsigned n = 0; names[n]; n++)
			if (g_str_has_suffix(names[n], ".conf") &&
			    !g_tree_lookup(dropins, names[n]))
				g_tree_insert(dropins, g_strdup(names[n]),
					      g_build_filename(folder, names[n], NULL));
	}
	g_tree_foreach(dropins, dropin_path, paths);
	return paths;
}

static GHashTable *systemd_load(Root *root)
{
	GHashTable *manager = table_new();
	g_autoptr(GPtrArray) dropins = dropins_find(root, "system.conf");

	file_parse(root, manager, "/etc/systemd/system.conf");
	for (unsigned i = 0; i < dropins->len; i++)
		file_parse(root, manager, g_ptr_array_index(dropins, i));
	return manager;
}

/* irqbalance */

char *environment_keep(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	GString *kept = g_string_new(NULL);

	for (unsigned i = 0; lines[i]; i++) {
		char *line = g_strstrip(lines[i]);
		g_auto(GStrv) words = NULL;

		if (!g_str_has_prefix(line, "Environment="))
			continue;
		line += strlen("Environment=");
		if (!*line)
			g_string_append(kept, "Environment=\n");
		if (!g_shell_parse_argv(line, NULL, &words, NULL))
			continue;
		for (unsigned w = 0; words[w]; w++)
			if (g_str_has_prefix(words[w], "IRQBALANCE_") && !strchr(words[w], '"'))
				g_string_append_printf(kept, "Environment=\"%s\"\n", words[w]);
	}
	return g_string_free(kept, FALSE);
}

/* Add what KEPT, lines of environment_keep(), set to ENVIRONMENT. */
static void environment_take(GHashTable *environment, const char *kept)
{
	g_auto(GStrv) lines = g_strsplit(kept, "\n", -1);

	for (unsigned i = 0; lines[i] && *lines[i]; i++) {
		g_auto(GStrv) parts = g_strsplit(lines[i], "\"", -1);
		char *value = parts[1] ? strchr(parts[1], '=') : NULL;

		if (!parts[1])
			g_hash_table_remove_all(environment);
		if (value)
			g_hash_table_insert(environment,
					    g_strndup(parts[1], (gsize)(value - parts[1])),
					    g_strdup(value + 1));
	}
}

static void setting_copy(gpointer name, gpointer value, gpointer to)
{
	g_hash_table_insert(to, g_strdup(name), g_strdup(value));
}

static void irqbalance_load(Root *root, ServiceFacts *services)
{
	g_autoptr(GPtrArray) dropins = dropins_find(root, "system/irqbalance.service");
	g_autoptr(GString) sources = g_string_new(NULL);

	services->irqbalance = table_new();
	for (unsigned i = 0; i < dropins->len; i++) {
		const char *path = g_ptr_array_index(dropins, i);
		g_autofree char *kept = root_text_kept(root, path, environment_keep);

		if (!kept || !*kept)
			continue;
		environment_take(services->irqbalance, kept);
		list_add(sources, "%s", path);
	}
	for (unsigned i = 0; i < G_N_ELEMENTS(irqbalance_files); i++) {
		g_autofree char *text = root_text_kept(root, irqbalance_files[i], settings_keep);
		g_autoptr(GHashTable) file = text ? settings_parse(text) : NULL;

		if (!file)
			continue;
		g_hash_table_foreach(file, setting_copy, services->irqbalance);
		if (g_hash_table_size(file))
			list_add(sources, "%s", irqbalance_files[i]);
		break;
	}
	if (sources->len)
		services->irqbalance_source = g_strdup(sources->str);
	if (!g_hash_table_size(services->irqbalance))
		g_clear_pointer(&services->irqbalance, g_hash_table_unref);
}

/* tuned */

/* "Current active profile: NAME" */
static char *tuned_load(Root *root)
{
	static const char said[] = "Current active profile:";
	char *profile = root_text(root, "/etc/tuned/active_profile", NULL);
	g_autofree char *text = NULL;
	const char *at;

	if (!profile) {
		text = root_text(root, "/sos_commands/tuned/tuned-adm_active", NULL);
		at = text ? strstr(text, said) : NULL;
		if (at)
			profile = g_strndup(at + strlen(said), strcspn(at, "\n") - strlen(said));
	}
	if (profile && !*g_strstrip(profile))
		g_clear_pointer(&profile, g_free);
	return profile;
}

/* The values of include= in [main] of a tuned profile's TEXT; yours. */
static char **tuned_includes_parse(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autoptr(GStrvBuilder) names = g_strv_builder_new();
	bool inside = false;

	for (unsigned i = 0; lines[i]; i++) {
		char *line = g_strstrip(lines[i]), *value = strchr(line, '=');
		g_auto(GStrv) parts = NULL;

		if (*line == '[')
			inside = g_str_equal(line, "[main]");
		if (!inside || !value || !g_str_has_prefix(line, "include"))
			continue;
		parts = g_strsplit_set(value + 1, " \t,;", -1);
		for (unsigned p = 0; parts[p]; p++)
			if (*parts[p] && !strchr(parts[p], '/') && !strchr(parts[p], '$'))
				g_strv_builder_add(names, parts[p]);
	}
	return g_strv_builder_end(names);
}

static char *tuned_keep(const char *text)
{
	g_auto(GStrv) names = tuned_includes_parse(text);
	g_autofree char *list = g_strjoinv(",", names);

	return g_strdup_printf("[main]\ninclude=%s\n", list);
}

/* What the profile NAME includes; its own file comes before the distribution's. NULL = no file. */
static char **tuned_includes(Root *root, const char *name)
{
	static const char *const folders[] = {"/etc/tuned/", "/etc/tuned/profiles/",
					      "/usr/lib/tuned/", "/usr/lib/tuned/profiles/"};

	for (unsigned i = 0; i < G_N_ELEMENTS(folders); i++) {
		g_autofree char *path = g_strconcat(folders[i], name, "/tuned.conf", NULL);
		g_autofree char *kept = root_text_kept(root, path, tuned_keep);

		if (kept)
			return tuned_includes_parse(kept);
	}
	return NULL;
}

#define INCLUDED_MAX 32u

static void included_add(GPtrArray *found, char **names)
{
	for (; names && *names && found->len < INCLUDED_MAX; names++)
		if (**names && !g_ptr_array_find_with_equal_func(found, *names, g_str_equal, NULL))
			g_ptr_array_add(found, g_strdup(*names));
}

/* PROFILE, which may name several, and all that they include; each name once. */
static char **tuned_included(Root *root, const char *profile)
{
	GPtrArray *found = g_ptr_array_new();
	g_auto(GStrv) names = g_strsplit_set(profile, " \t,", -1);

	included_add(found, names);
	for (unsigned i = 0; i < found->len; i++) {
		g_auto(GStrv) more = tuned_includes(root, g_ptr_array_index(found, i));

		included_add(found, more);
	}
	g_ptr_array_add(found, NULL);
	return (char **)g_ptr_array_free(found, FALSE);
}

static bool services_runs(const TaskFacts *tasks, const char *comm)
{
	for (guint i = 0; i < tasks->tasks->len; i++)
		if (!strcmp(g_array_index(tasks->tasks, Task, i).comm, comm))
			return true;
	return false;
}

ServiceFacts *services_new(void)
{
	return g_new0(ServiceFacts, 1);
}

void services_free(ServiceFacts *services)
{
	g_clear_pointer(&services->irqbalance, g_hash_table_unref);
	g_clear_pointer(&services->systemd, g_hash_table_unref);
	g_free(services->irqbalance_source);
	g_free(services->tuned_profile);
	g_strfreev(services->tuned_included);
	g_free(services);
}

void services_load(Root *root, const TaskFacts *tasks, ServiceFacts *services)
{
	irqbalance_load(root, services);
	services->irqbalance_runs = services_runs(tasks, "irqbalance");
	services->tuned_profile = tuned_load(root);
	if (services->tuned_profile)
		services->tuned_included = tuned_included(root, services->tuned_profile);
	services->systemd = systemd_load(root);
}

/* Machines without them have no such files. */
const FactSource service_sources[] = {
	{FACT_SERVICES,
	 {"/etc/default/irqbalance", "/etc/sysconfig/irqbalance", "/etc/systemd", "/etc/tuned",
	  "/usr/lib/tuned"},
	 NULL},
	{0},
};
