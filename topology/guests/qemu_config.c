/* SPDX-License-Identifier: MIT */
#include "topology/guests/qemu_config.h"

#include "topology/guests/domain.h"

#include <string.h>

/* The group of the file, and the option that says the same. Those of several things have an id:
 * [object "mem0"]; KIND names the key that an option says without its name. */
static const struct {
	const char *group, *option, *kind;
} groups[] = {
	{"machine", "-machine", "type"},
	{"smp-opts", "-smp", NULL},
	{"memory", "-m", NULL},
	{"overcommit", "-overcommit", NULL},
	{"object \"", "-object", "qom-type"},
	{"device \"", "-device", "driver"},
};

/* The value of KEY without its quotes, yours; NULL = not said. */
static char *value_of(GKeyFile *file, const char *group, const char *key)
{
	char *value = g_key_file_get_value(file, group, key, NULL);
	size_t length = value ? strlen(value) : 0;

	if (length > 1 && *value == '"' && value[length - 1] == '"') {
		memmove(value, value + 1, length - 2);
		value[length - 2] = '\0';
	}
	return value;
}

/* "host-nodes.0" is one of a list, which an option says several times. */
static void key_append(GString *words, const char *key, const char *value)
{
	size_t length = strcspn(key, ".");

	g_string_append_printf(words, "%s%.*s=%s", words->len ? "," : "", (int)length, key, value);
}

/* GROUP as an option of two words, added to ARGS. */
static void group_add(GPtrArray *args, GKeyFile *file, const char *group, unsigned row)
{
	g_auto(GStrv) keys = g_key_file_get_keys(file, group, NULL, NULL);
	const char *quote = strchr(group, '"');
	const char *kind = groups[row].kind;
	g_autofree char *first = kind ? value_of(file, group, kind) : NULL;
	GString *words = g_string_new(first);

	if (quote)
		g_string_append_printf(words, "%sid=%.*s", words->len ? "," : "",
				       (int)strcspn(quote + 1, "\""), quote + 1);
	for (unsigned i = 0; keys && keys[i]; i++) {
		g_autofree char *value = value_of(file, group, keys[i]);

		if (value && g_strcmp0(keys[i], kind) != 0)
			key_append(words, keys[i], value);
	}
	g_ptr_array_add(args, g_strdup(groups[row].option));
	g_ptr_array_add(args, g_string_free(words, FALSE));
}

/* The row of GROUP, -1 = it is about something else. */
static int group_row(const char *group)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(groups); i++)
		if (strchr(groups[i].group, '"') ? g_str_has_prefix(group, groups[i].group)
						 : g_str_equal(group, groups[i].group))
			return (int)i;
	return -1;
}

static GKeyFile *config_parse(const char *text)
{
	GKeyFile *file = g_key_file_new();

	if (!g_key_file_load_from_data(file, text, (gsize)-1, G_KEY_FILE_NONE, NULL))
		g_clear_pointer(&file, g_key_file_unref);
	return file;
}

/* The arguments of GROUP, yours; NULL where it concerns neither CPUs nor memory. */
static char **group_args(GKeyFile *file, const char *group)
{
	g_autoptr(GPtrArray) args = g_ptr_array_new_with_free_func(g_free);
	char **kept;
	int row = group_row(group);

	if (row < 0)
		return NULL;
	group_add(args, file, group, (unsigned)row);
	g_ptr_array_add(args, NULL);
	kept = qemu_args_keep((const char *const *)args->pdata);
	if (!*kept)
		g_clear_pointer(&kept, g_strfreev);
	return kept;
}

char *qemu_config_keep(const char *text)
{
	g_autoptr(GKeyFile) file = config_parse(text);
	g_auto(GStrv) names = file ? g_key_file_get_groups(file, NULL) : NULL;
	g_autofree char *data = NULL;

	for (unsigned i = 0; names && names[i]; i++) {
		g_auto(GStrv) args = group_args(file, names[i]);

		if (!args)
			g_key_file_remove_group(file, names[i], NULL);
	}
	if (!file)
		return g_strdup("");
	/* GLib differs by version in whether a blank line is left at the end. */
	data = g_strchomp(g_key_file_to_data(file, NULL, NULL));
	return g_strconcat(data, *data ? "\n" : "", NULL);
}

char **qemu_config_args(const char *text)
{
	g_autoptr(GKeyFile) file = config_parse(text);
	g_auto(GStrv) names = file ? g_key_file_get_groups(file, NULL) : NULL;
	g_autoptr(GStrvBuilder) all = g_strv_builder_new();

	for (unsigned i = 0; names && names[i]; i++) {
		g_auto(GStrv) args = group_args(file, names[i]);

		if (args)
			g_strv_builder_addv(all, (const char **)args);
	}
	return g_strv_builder_end(all);
}
