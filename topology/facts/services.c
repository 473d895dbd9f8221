/* SPDX-License-Identifier: MIT */
#include "topology/facts/services.h"

#include "topology/base/text.h"

#include <string.h>

static const char *const irqbalance_files[] = {"/etc/default/irqbalance",
					       "/etc/sysconfig/irqbalance"};
/* A drop-in of an earlier folder hides those of the same name in later ones. */
static const char *const systemd_folders[] = {
	"/etc/systemd/system.conf.d",
	"/run/systemd/system.conf.d",
	"/usr/local/lib/systemd/system.conf.d",
	"/usr/lib/systemd/system.conf.d",
};

/* What rules read of a file of settings; the rest, environment and arguments of services, may hold
 * secrets. A section's head stays, since systemd's settings count in their section alone. */
static const char *const settings_kept[] = {"IRQBALANCE_BANNED_CPUS",
					    "IRQBALANCE_BANNED_CPULIST",
					    "CPUAffinity",
					    "NUMAPolicy",
					    "NUMAMask",
					    NULL};

/* The lines of PATH that are kept, which are all that is recorded of it. NULL as root_text(). */
static char *settings_text(Root *root, const char *path)
{
	g_autofree char *text = root_text_private(root, path, NULL);
	g_auto(GStrv) lines = text ? g_strsplit(text, "\n", -1) : NULL;
	GString *kept = g_string_new(NULL);

	for (unsigned i = 0; text && lines[i]; i++) {
		char *line = g_strstrip(lines[i]);
		const char *name = line + (g_str_has_prefix(line, "export ") ? 7 : 0);
		g_autofree char *key = g_strndup(name, strcspn(name, "="));

		if (g_strv_contains(settings_kept, g_strstrip(key)))
			g_string_append_printf(kept, "%s\n", line);
		else if (*line == '[')
			g_string_append(kept,
					g_str_equal(line, "[Manager]") ? "[Manager]\n" : "[]\n");
	}
	if (text)
		root_record_text(root, path, kept->str);
	return g_string_free(kept, !text);
}

static GHashTable *irqbalance_load(Root *root)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(irqbalance_files); i++) {
		g_autofree char *text = settings_text(root, irqbalance_files[i]);

		if (text)
			return settings_parse(text);
	}
	return NULL;
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
	g_autofree char *text = settings_text(root, path);

	if (text)
		systemd_parse(manager, text);
}

static GHashTable *systemd_load(Root *root)
{
	GHashTable *manager = table_new();
	g_autoptr(GTree) dropins =
		g_tree_new_full((GCompareDataFunc)(void (*)(void))strcmp, NULL, g_free, g_free);

	file_parse(root, manager, "/etc/systemd/system.conf");
	for (unsigned i = 0; i < G_N_ELEMENTS(systemd_folders); i++) {
		g_auto(GStrv) names = root_list(root, systemd_folders[i], NULL);

		for (unsigned n = 0; names[n]; n++)
			if (g_str_has_suffix(names[n], ".conf") &&
			    !g_tree_lookup(dropins, names[n]))
				g_tree_insert(dropins, g_strdup(names[n]),
					      g_build_filename(systemd_folders[i], names[n], NULL));
	}
	for (GTreeNode *node = g_tree_node_first(dropins); node; node = g_tree_node_next(node))
		file_parse(root, manager, g_tree_node_value(node));
	return manager;
}

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
	g_free(services->tuned_profile);
	g_free(services);
}

void services_load(Root *root, const TaskFacts *tasks, ServiceFacts *services)
{
	services->irqbalance = irqbalance_load(root);
	services->irqbalance_runs = services_runs(tasks, "irqbalance");
	services->tuned_profile = tuned_load(root);
	services->systemd = systemd_load(root);
}

/* Machines without them have no such files. */
const FactSource service_sources[] = {
	{FACT_SERVICES,
	 {"/etc/default/irqbalance", "/etc/sysconfig/irqbalance", "/etc/systemd", "/etc/tuned"},
	 NULL},
	{0},
};
