/* SPDX-License-Identifier: MIT */
#include "topology/facts/grubenv.h"

#include "topology/base/text.h"
#include "topology/facts/kernel_line.h"

#include <string.h>

GHashTable *grubenv_load(Root *root, const char *path)
{
	static const char *const names[] = {"kernelopts", "tuned_params", "saved_entry",
					    HARVESTER_ADDED};
	g_autoptr(GString) kept = g_string_new(NULL);
	g_autoptr(GHashTable) all = NULL;
	size_t length;
	int failure;
	g_autofree char *raw = root_read_private(root, path, ROOT_TEXT_MAX, &length, &failure);
	g_autofree char *text = raw ? g_utf8_make_valid(raw, -1) : NULL;

	if (!text) {
		root_failed(root, path, NULL, failure);
		return NULL;
	}
	all = settings_parse(text);
	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
		const char *value = g_hash_table_lookup(all, names[i]);
		bool id = g_str_equal(names[i], "saved_entry");
		g_autofree char *clean =
			value ? (id ? g_strdup(value) : kernel_line_clean(value)) : NULL;

		if (clean)
			g_string_append_printf(kept, "%s=%s\n", names[i], clean);
	}
	root_record_text(root, path, kept->str);
	return settings_parse(kept->str);
}

/* The setting behind the command `set` of LINE whose variable the kernel line is made of, NULL = it
 * is another. */
static const char *grubenv_setting(const char *line)
{
	const char *setting = g_str_has_prefix(line, "set ") ? line + strlen("set ") : line;
	const char *end = strchr(setting, '=');
	g_autofree char *name = end ? g_strndup(setting, (gsize)(end - setting)) : NULL;

	if (setting == line || !name)
		return NULL;
	return g_str_equal(name, "kernelcmd") || g_str_has_suffix(name, "_params") ? setting : NULL;
}

char *grub_sets_keep(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	GString *kept = g_string_new(NULL);

	for (unsigned i = 0; lines[i]; i++) {
		const char *setting = grubenv_setting(g_strstrip(lines[i]));
		g_autoptr(GHashTable) one = setting ? settings_parse(setting) : NULL;
		GHashTableIter iter;
		gpointer name, value;

		if (!one)
			continue;
		g_hash_table_iter_init(&iter, one);
		while (g_hash_table_iter_next(&iter, &name, &value)) {
			g_autofree char *clean = kernel_line_clean(value);

			g_string_append_printf(kept, "set %s=%s\n", (const char *)name, clean);
		}
	}
	return g_string_free(kept, FALSE);
}

GHashTable *grub_sets_parse(const char *text)
{
	g_autofree char *kept = grub_sets_keep(text);
	g_auto(GStrv) lines = g_strsplit(kept, "\n", -1);
	g_autoptr(GString) settings = g_string_new(NULL);

	for (unsigned i = 0; lines[i] && *lines[i]; i++)
		g_string_append_printf(settings, "%s\n", lines[i] + strlen("set "));
	return settings_parse(settings->str);
}

void grub_variables_fill(GString *line, const char *text, GHashTable *variables)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

	if (line->len)
		g_string_append_c(line, ' ');
	while (*text) {
		size_t plain = strcspn(text, "$");
		g_autofree char *name = NULL;
		const char *value;

		g_string_append_len(line, text, (gssize)plain);
		text += plain;
		if (!*text)
			break;
		text++;
		name = g_strndup(text, strspn(text, letters));
		value = variables ? g_hash_table_lookup(variables, name) : NULL;
		g_string_append(line, value ? value : "");
		text += strlen(name);
	}
}
