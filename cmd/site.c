/* SPDX-License-Identifier: MIT */
#include "cmd/site.h"
#include "cmd/inputs.h"
#include "planner/artifacts/template.h"
#include "planner/base/nearest.h"
#include "topology/base/error.h"
#include "topology/base/text.h"

#include <string.h>

static bool site_refused(GError **error, const char *path, const char *why)
{
	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT, "%s: %s", path, why);
	return false;
}

/* The names of all templates, ended by NULL; yours, but not the names. */
static const char **template_names(void)
{
	GPtrArray *names = g_ptr_array_new();

	for (const TemplateFile *file = template_files; file->name; file++)
		g_ptr_array_add(names, (gpointer)file->name);
	g_ptr_array_add(names, NULL);
	return (const char **)g_ptr_array_free(names, FALSE);
}

/* Is NAME a folder of templates, or the top ("")? */
static bool is_folder(const char *const *names, const char *name)
{
	g_autofree char *start = g_strconcat(name, "/", NULL);

	for (; *names && *name; names++)
		if (g_str_has_prefix(*names, start))
			return true;
	return !*name;
}

static bool passed_over(const char *folder, const char *name)
{
	return *name == '.' || g_str_has_suffix(name, "~") || g_str_has_prefix(name, "README") ||
	       (!*folder && !strcmp(name, "ansible"));
}

/* The first character of TEXT that a terminal obeys, but for what lines are made of; 0 = none. */
static gunichar site_obeyed(const char *text)
{
	for (; *text; text = g_utf8_next_char(text))
		if (!strchr("\t\n\r", *text) && text_obeyed(g_utf8_get_char(text)))
			return g_utf8_get_char(text);
	return 0;
}

static bool add_template(GHashTable *site, const char *path, const char *name, GError **error)
{
	g_autofree char *text = NULL, *why = NULL;
	gunichar obeyed;
	size_t length;

	text = input_read_regular(path, &length, error);
	if (!text)
		return false;
	if (strlen(text) != length || !g_utf8_validate(text, -1, NULL))
		return site_refused(error, path, "is not UTF-8 text");
	obeyed = site_obeyed(text);
	if (obeyed) {
		why = g_strdup_printf("has the character U+%04X, which cannot be printed", obeyed);
		return site_refused(error, path, why);
	}
	g_hash_table_insert(site, g_strdup(name), g_steal_pointer(&text));
	return true;
}

static bool site_unknown(const char *const *names, const char *path, const char *name,
			 GError **error)
{
	const char *near = nearest_word(name, names);
	g_autofree char *meant = near ? g_strdup_printf("; did you mean %s?", near) : g_strdup("");
	g_autofree char *why =
		g_strdup_printf("is not a template%s (templates/README lists them)", meant);

	return site_refused(error, path, why);
}

static bool site_add_folder(GHashTable *site, const char *const *names, const char *top,
			    const char *folder, GError **error);

static bool site_add_entry(GHashTable *site, const char *const *names, const char *top,
			   const char *name, GError **error)
{
	g_autofree char *path = g_build_filename(top, name, NULL);

	if (is_folder(names, name))
		return site_add_folder(site, names, top, name, error);
	if (g_strv_contains(names, name))
		return add_template(site, path, name, error);
	return site_unknown(names, path, name, error);
}

static int site_by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What is in the folder, by name, so that of several wrong files it is always the same one that is
 * said; NULL with ERROR. */
static GPtrArray *entries_of(const char *path, GError **error)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	GPtrArray *entries;
	const char *name;

	if (!dir) {
		error_errno(error, path);
		return NULL;
	}
	entries = g_ptr_array_new_with_free_func(g_free);
	while ((name = g_dir_read_name(dir)))
		g_ptr_array_add(entries, g_strdup(name));
	g_ptr_array_sort(entries, site_by_name);
	return entries;
}

/* No deeper than the names of templates, which have one folder at most. */
static bool site_add_folder(GHashTable *site, const char *const *names, const char *top,
			    const char *folder, GError **error)
{
	g_autofree char *path = g_build_filename(top, folder, NULL);
	g_autoptr(GPtrArray) entries = entries_of(path, error);

	for (unsigned i = 0; entries && i < entries->len; i++) {
		const char *entry = g_ptr_array_index(entries, i);
		g_autofree char *name =
			*folder ? g_strconcat(folder, "/", entry, NULL) : g_strdup(entry);

		if (!passed_over(folder, entry) && !site_add_entry(site, names, top, name, error))
			return false;
	}
	return entries;
}

GHashTable *site_templates(const char *dir, GError **error)
{
	g_autoptr(GHashTable) site = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autofree const char **names = template_names();

	if (dir && !site_add_folder(site, names, dir, "", error))
		return NULL;
	if (dir && !g_hash_table_size(site)) {
		site_refused(error, dir, "contains no template; see templates/README");
		return NULL;
	}
	return g_steal_pointer(&site);
}
