/* SPDX-License-Identifier: MIT */
#include "topology/facts/line_written.h"

#include "topology/base/list.h"
#include "topology/base/text.h"
#include "topology/facts/grubenv.h"
#include "topology/facts/kernel_line.h"

#include <string.h>

/* The settings NAMES (ending with NULL) of TEXT, without secrets. */
static char *names_keep(const char *text, const char *const *names)
{
	g_autoptr(GHashTable) settings = settings_parse(text);
	GString *kept = g_string_new(NULL);

	for (; *names; names++) {
		const char *value = g_hash_table_lookup(settings, *names);
		g_autofree char *clean = value ? kernel_line_clean(value) : NULL;

		if (clean)
			g_string_append_printf(kept, "%s=\"%s\"\n", *names, clean);
	}
	return g_string_free(kept, FALSE);
}

static const char *const grub_names[] = {"GRUB_CMDLINE_LINUX", "GRUB_CMDLINE_LINUX_DEFAULT", NULL};
static const char *const tuned_names[] = {"TUNED_BOOT_CMDLINE", NULL};
static const char *const zipl_names[] = {"parameters", NULL};
static const char *const alpine_names[] = {"default_kernel_opts", NULL};

static char *grub_names_keep(const char *text)
{
	return names_keep(text, grub_names);
}

static char *tuned_names_keep(const char *text)
{
	return names_keep(text, tuned_names);
}

/* Its sections do not matter: they say of which kernel. */
static char *zipl_names_keep(const char *text)
{
	return names_keep(text, zipl_names);
}

static char *alpine_names_keep(const char *text)
{
	return names_keep(text, alpine_names);
}

/* The words that FILE sets, added to LINE and the file's name to FILES; $variables, which are left
 * out, stand for what earlier files set. */
static bool line_written_file_take(Root *root, const char *file, char *(*keep)(const char *),
				   const char *const *names, GString *line, GString *files)
{
	g_autofree char *kept = root_text_kept(root, file, keep);
	g_autoptr(GHashTable) settings = kept ? settings_parse(kept) : NULL;
	bool said = false;

	for (; settings && *names; names++) {
		const char *value = g_hash_table_lookup(settings, *names);
		char *next;

		while (value && (next = kernel_line_word(&value))) {
			g_autofree char *word = next;

			if (g_str_equal(word, KERNEL_LEFT_OUT))
				continue;
			g_string_append_printf(line, "%s%s", line->len ? " " : "", word);
			said = true;
		}
	}
	if (said)
		list_add(files, "%s", file);
	return settings;
}

static LineWritten written_end(bool there, GString *line, GString *files)
{
	LineWritten written = {NULL, g_string_free(files, FALSE)};

	written.words = g_string_free(line, !there);
	return written;
}

static LineWritten grub_written(Root *root)
{
	static const char folder[] = "/etc/default/grub.d";
	GString *line = g_string_new(NULL), *files = g_string_new(NULL);
	bool there = line_written_file_take(root, "/etc/default/grub", grub_names_keep, grub_names,
					    line, files);
	g_auto(GStrv) names = root_list(root, folder, NULL);

	for (unsigned i = 0; names[i]; i++) {
		g_autofree char *path = g_build_filename(folder, names[i], NULL);

		if (g_str_has_suffix(names[i], ".cfg") &&
		    line_written_file_take(root, path, grub_names_keep, grub_names, line, files))
			there = true;
	}
	return written_end(there, line, files);
}

static LineWritten file_written(Root *root, const char *file, char *(*keep)(const char *),
				const char *const *names)
{
	GString *line = g_string_new(NULL), *files = g_string_new(NULL);
	bool there = line_written_file_take(root, file, keep, names, line, files);

	return written_end(there, line, files);
}

static LineWritten oem_written(Root *root)
{
	g_autoptr(GHashTable) variables = grubenv_load(root, HARVESTER_ENV);
	const char *words = variables ? g_hash_table_lookup(variables, HARVESTER_ADDED) : NULL;

	return (LineWritten){g_strdup(words), g_strdup(HARVESTER_ENV)};
}

void written_load(Root *root, LineWritten *written)
{
	static const char kernel[] = "/etc/kernel/cmdline";

	written[WRITTEN_GRUB] = grub_written(root);
	written[WRITTEN_KERNEL] = (LineWritten){kernel_line_load(root, kernel), g_strdup(kernel)};
	written[WRITTEN_TUNED] =
		file_written(root, "/etc/tuned/bootcmdline", tuned_names_keep, tuned_names);
	written[WRITTEN_ZIPL] = file_written(root, "/etc/zipl.conf", zipl_names_keep, zipl_names);
	written[WRITTEN_ALPINE] =
		file_written(root, "/etc/update-extlinux.conf", alpine_names_keep, alpine_names);
	written[WRITTEN_OEM] = oem_written(root);
}

void written_clear(LineWritten *written)
{
	for (unsigned i = 0; i < WRITTEN_COUNT; i++) {
		g_clear_pointer(&written[i].words, g_free);
		g_clear_pointer(&written[i].file, g_free);
	}
}
