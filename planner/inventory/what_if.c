/* SPDX-License-Identifier: MIT */
#include "planner/inventory/what_if.h"
#include "planner/base/ini_file.h"
#include "planner/base/nearest.h"
#include "planner/inventory/settings.h"

#include <stdbool.h>
#include <string.h>

typedef struct WhatIf {
	char *section, *key, *value; /* section as in the file: "sdk", "vm vm1" */
	bool written;
} WhatIf;

static void what_if_clear(gpointer data)
{
	WhatIf *wish = data;

	g_free(wish->section);
	g_free(wish->key);
	g_free(wish->value);
}

G_GNUC_PRINTF(3, 4)
static bool what_if_refuse(GPtrArray *errors, const char *word, const char *format, ...)
{
	g_autofree char *safe = g_utf8_make_valid(word, -1);
	g_autofree char *what = NULL;
	va_list args;

	va_start(args, format);
	what = g_strdup_vprintf(format, args);
	va_end(args);
	g_strdelimit(safe, "\n\r\t\033", '?');
	g_ptr_array_add(errors, g_strdup_printf("--what-if '%s': %s", safe, what));
	return false;
}

/* Sections of the text */

/* The section that LINE begins, yours; NULL where it begins none. */
static char *section_of(const char *line)
{
	const char *close = strchr(line, ']');
	char *name;

	if (*line != '[' || !close)
		return NULL;
	name = g_strstrip(g_strndup(line + 1, (gsize)(close - line - 1)));
	if (g_str_has_prefix(name, "vm "))
		g_strchug(name + 3);
	return name;
}

static GPtrArray *sections_of(char **lines)
{
	GPtrArray *sections = g_ptr_array_new_with_free_func(g_free);

	for (; *lines; lines++) {
		char *section = section_of(*lines);

		if (section)
			g_ptr_array_add(sections, section);
	}
	return sections;
}

static bool has_section(const GPtrArray *sections, const char *name)
{
	for (unsigned i = 0; i < sections->len; i++)
		if (!strcmp(g_ptr_array_index(sections, i), name))
			return true;
	return false;
}

/* What is asked for */

static bool what_if_section_unknown(const GPtrArray *sections, const char *word, const char *name,
				    GPtrArray *errors)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autofree char *known = g_strjoinv(", ", (char **)inventory_sections);
	const char *near;

	for (unsigned i = 0; inventory_sections[i]; i++)
		g_ptr_array_add(names, (char *)inventory_sections[i]);
	for (unsigned i = 0; i < sections->len; i++) {
		char *section = g_ptr_array_index(sections, i);

		if (g_str_has_prefix(section, "vm "))
			g_ptr_array_add(names, section + 3);
	}
	g_ptr_array_add(names, NULL);
	near = nearest_word(name, (const char *const *)names->pdata);
	if (near)
		return what_if_refuse(errors, word, "no section or VM '%s'; did you mean '%s'?",
				      name, near);
	return what_if_refuse(
		errors, word,
		"no section or VM '%s'; write %s, a VM's name, or 'vm NAME' for a new one", name,
		known);
}

static bool section_find(const GPtrArray *sections, const char *word, WhatIf *wish,
			 GPtrArray *errors)
{
	g_autofree char *vm = g_strconcat("vm ", wish->section, NULL);

	if (g_strv_contains(inventory_sections, wish->section) ||
	    g_str_has_prefix(wish->section, "vm "))
		return true;
	if (!has_section(sections, vm))
		return what_if_section_unknown(sections, word, wish->section, errors);
	g_free(wish->section);
	wish->section = g_steal_pointer(&vm);
	return true;
}

static bool word_fit(const char *word, GPtrArray *errors)
{
	if (!g_utf8_validate(word, -1, NULL))
		return what_if_refuse(errors, word, "is not UTF-8");
	for (const char *c = word; *c; c = g_utf8_next_char(c))
		if (g_unichar_iscntrl(g_utf8_get_char(c)) || *c == ';')
			return what_if_refuse(errors, word, "has a ';' or a control character");
	return true;
}

static bool what_if_parse(const char *word, const GPtrArray *sections, WhatIf *wish,
			  GPtrArray *errors)
{
	const char *equals = strchr(word, '=');
	const char *dot = equals ? g_strrstr_len(word, equals - word, ".") : NULL;

	if (!word_fit(word, errors))
		return false;
	if (!dot || dot == word || dot + 1 == equals || !equals[1])
		return what_if_refuse(errors, word,
				      "write SECTION.KEY=VALUE, such as sdk.cores-per-node=1");
	wish->section = g_strndup(word, (gsize)(dot - word));
	wish->key = g_strndup(dot + 1, (gsize)(equals - dot - 1));
	wish->value = g_strdup(equals + 1);
	if (wish->key[strspn(wish->key, INI_KEY_CHARACTERS)])
		return what_if_refuse(errors, word,
				      "'%s' is not a key: lower-case letters, digits and '-'",
				      wish->key);
	return section_find(sections, word, wish, errors);
}

static bool is_vm(const WhatIf *wish)
{
	return g_str_has_prefix(wish->section, "vm ");
}

/* Is KEY of its section the same as what WISH sets, or another way to say it? */
static bool what_if_same(const WhatIf *wish, const char *key)
{
	g_autoptr(GArray) rows = settings_of_section(is_vm(wish) ? "vm" : wish->section);
	const SettingRow *row = setting_row_find(rows, wish->key);
	const SettingRow *other = setting_row_find(rows, key);

	return !strcmp(wish->key, key) || (row && other && setting_excludes(row, other));
}

/* Of two wishes for the same, only one can hold. */
static bool what_if_fresh(const char *word, const WhatIf *wish, const GArray *wishes,
			  GPtrArray *errors)
{
	for (unsigned i = 0; i < wishes->len; i++) {
		const WhatIf *other = &g_array_index(wishes, WhatIf, i);

		if (strcmp(wish->section, other->section) != 0 || !what_if_same(wish, other->key))
			continue;
		return what_if_refuse(errors, word, "%s.%s=%s contradicts it; keep one of the two",
				      other->section, other->key, other->value);
	}
	return true;
}

static GArray *what_if_parse_all(char *const *words, const GPtrArray *sections, GPtrArray *errors)
{
	GArray *wishes = g_array_new(FALSE, TRUE, sizeof(WhatIf));

	g_array_set_clear_func(wishes, what_if_clear);
	for (; *words; words++) {
		WhatIf wish = {0};

		if (what_if_parse(*words, sections, &wish, errors) &&
		    what_if_fresh(*words, &wish, wishes, errors))
			g_array_append_val(wishes, wish);
		else
			what_if_clear(&wish);
	}
	return wishes;
}

/* Lines */

/* Does a line with KEY go where WISH comes? */
static bool what_if_excludes(const WhatIf *wish, const char *key)
{
	const Setting *setting = is_vm(wish) ? setting_find(vm_settings, wish->key) : NULL;

	return what_if_same(wish, key) || (setting && !g_strcmp0(setting->voids, key));
}

static bool what_if_removes(const WhatIf *wish)
{
	return is_vm(wish) && !strcmp(wish->key, "count") && !strcmp(wish->value, "0");
}

/* Is LINE, in SECTION, still there? */
static bool line_stays(const GArray *wishes, const char *section, const char *line)
{
	g_autofree char *key = g_strndup(line, strcspn(line, " \t="));

	for (unsigned i = 0; i < wishes->len; i++) {
		const WhatIf *wish = &g_array_index(wishes, WhatIf, i);

		if (!strcmp(wish->section, section) &&
		    (what_if_removes(wish) || (*line != '[' && what_if_excludes(wish, key))))
			return false;
	}
	return true;
}

static bool is_removed(const GArray *wishes, const char *section)
{
	for (unsigned i = 0; i < wishes->len; i++) {
		const WhatIf *wish = &g_array_index(wishes, WhatIf, i);

		if (!strcmp(wish->section, section) && what_if_removes(wish))
			return true;
	}
	return false;
}

/* What is set of a section that is taken away goes with it. */
static void what_if_write(GString *text, GArray *wishes, const char *section)
{
	bool removed = is_removed(wishes, section);

	for (unsigned i = 0; i < wishes->len; i++) {
		WhatIf *wish = &g_array_index(wishes, WhatIf, i);

		if (strcmp(wish->section, section) != 0)
			continue;
		wish->written = true;
		if (!removed)
			g_string_append_printf(text, "%s = %s\n", wish->key, wish->value);
	}
}

/* Sections that are not in the text come last. */
static void what_if_write_new(GString *text, GArray *wishes)
{
	for (unsigned i = 0; i < wishes->len; i++) {
		const WhatIf *wish = &g_array_index(wishes, WhatIf, i);

		if (wish->written)
			continue;
		if (!is_removed(wishes, wish->section))
			g_string_append_printf(text, "[%s]\n", wish->section);
		what_if_write(text, wishes, wish->section);
	}
}

static char *what_if_rewrite(char **lines, GArray *wishes)
{
	GString *text = g_string_new(NULL);
	g_autofree char *section = g_strdup("");

	for (; *lines; lines++) {
		char *begun = section_of(*lines);

		if (begun) {
			g_free(section);
			section = begun;
		}
		if (line_stays(wishes, section, *lines))
			g_string_append_printf(text, "%s\n", *lines);
		if (begun)
			what_if_write(text, wishes, section);
	}
	what_if_write_new(text, wishes);
	return g_string_free(text, FALSE);
}

char *what_if_apply(const char *text, char *const *words, GPtrArray *errors)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autoptr(GPtrArray) sections = sections_of(lines);
	g_autoptr(GArray) wishes = NULL;

	wishes = what_if_parse_all(words, sections, errors);
	return errors->len ? NULL : what_if_rewrite(lines, wishes);
}
