/* SPDX-License-Identifier: MIT */
#include "planner/inventory/what_if.h"
#include "planner/base/nearest.h"

#include <stdbool.h>
#include <string.h>

typedef struct Setting {
	char *section, *key, *value; /* section as in the file: "sdk", "vm vm1" */
	bool written;
} Setting;

static void setting_clear(gpointer data)
{
	Setting *setting = data;

	g_free(setting->section);
	g_free(setting->key);
	g_free(setting->value);
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

/* Settings */

static const char *const fixed[] = {"node", "host", "sdk", "shared", "kernel", NULL};

static bool what_if_section_unknown(const GPtrArray *sections, const char *word, const char *name,
				    GPtrArray *errors)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	const char *near;

	for (unsigned i = 0; fixed[i]; i++)
		g_ptr_array_add(names, (char *)fixed[i]);
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
		"no section or VM '%s'; write node, host, sdk, shared, kernel, a VM's name, "
		"or 'vm NAME' for a new one",
		name);
}

static bool section_find(const GPtrArray *sections, const char *word, Setting *setting,
			 GPtrArray *errors)
{
	g_autofree char *vm = g_strconcat("vm ", setting->section, NULL);

	if (g_strv_contains(fixed, setting->section) || g_str_has_prefix(setting->section, "vm "))
		return true;
	if (!has_section(sections, vm))
		return what_if_section_unknown(sections, word, setting->section, errors);
	g_free(setting->section);
	setting->section = g_steal_pointer(&vm);
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

static bool what_if_setting_parse(const char *word, const GPtrArray *sections, Setting *setting,
				  GPtrArray *errors)
{
	const char *equals = strchr(word, '=');
	const char *dot = equals ? g_strrstr_len(word, equals - word, ".") : NULL;

	if (!word_fit(word, errors))
		return false;
	if (!dot || dot == word || dot + 1 == equals || !equals[1])
		return what_if_refuse(errors, word,
				      "write SECTION.KEY=VALUE, such as sdk.cores-per-node=1");
	setting->section = g_strndup(word, (gsize)(dot - word));
	setting->key = g_strndup(dot + 1, (gsize)(equals - dot - 1));
	setting->value = g_strdup(equals + 1);
	if (setting->key[strspn(setting->key, "abcdefghijklmnopqrstuvwxyz-")])
		return what_if_refuse(errors, word, "'%s' is no key: lower-case letters and '-'",
				      setting->key);
	return section_find(sections, word, setting, errors);
}

static bool asks_for_cores(const char *key)
{
	static const char *const ways[] = {"cores-per-socket", "cores-per-node", "cores", "cpus",
					   NULL};

	return g_strv_contains(ways, key);
}

static bool is_vm(const Setting *setting)
{
	return g_str_has_prefix(setting->section, "vm ");
}

/* Of two settings of the same, only one can hold. */
static bool setting_fresh(const char *word, const Setting *setting, const GArray *settings,
			  GPtrArray *errors)
{
	for (unsigned i = 0; i < settings->len; i++) {
		const Setting *other = &g_array_index(settings, Setting, i);

		if (strcmp(setting->section, other->section) != 0 ||
		    (strcmp(setting->key, other->key) != 0 &&
		     (is_vm(setting) || !asks_for_cores(setting->key) ||
		      !asks_for_cores(other->key))))
			continue;
		return what_if_refuse(errors, word, "%s.%s=%s says otherwise; keep one of the two",
				      other->section, other->key, other->value);
	}
	return true;
}

static GArray *what_if_settings_parse(char *const *words, const GPtrArray *sections,
				      GPtrArray *errors)
{
	GArray *settings = g_array_new(FALSE, TRUE, sizeof(Setting));

	g_array_set_clear_func(settings, setting_clear);
	for (; *words; words++) {
		Setting setting = {0};

		if (what_if_setting_parse(*words, sections, &setting, errors) &&
		    setting_fresh(*words, &setting, settings, errors))
			g_array_append_val(settings, setting);
		else
			setting_clear(&setting);
	}
	return settings;
}

/* Lines */

/* Does a line with KEY go where SETTING comes? */
static bool what_if_excludes(const Setting *setting, const char *key)
{
	bool vm = is_vm(setting);

	return !strcmp(setting->key, key) ||
	       (vm && !strcmp(setting->key, "vcpus") && !strcmp(key, "cpus")) ||
	       (!vm && asks_for_cores(setting->key) && asks_for_cores(key));
}

static bool what_if_removes(const Setting *setting)
{
	return is_vm(setting) && !strcmp(setting->key, "count") && !strcmp(setting->value, "0");
}

/* Is LINE, in SECTION, still there? */
static bool line_stays(const GArray *settings, const char *section, const char *line)
{
	g_autofree char *key = g_strndup(line, strcspn(line, " \t="));

	for (unsigned i = 0; i < settings->len; i++) {
		const Setting *setting = &g_array_index(settings, Setting, i);

		if (!strcmp(setting->section, section) &&
		    (what_if_removes(setting) || (*line != '[' && what_if_excludes(setting, key))))
			return false;
	}
	return true;
}

static bool is_removed(const GArray *settings, const char *section)
{
	for (unsigned i = 0; i < settings->len; i++) {
		const Setting *setting = &g_array_index(settings, Setting, i);

		if (!strcmp(setting->section, section) && what_if_removes(setting))
			return true;
	}
	return false;
}

/* What is set of a section that is taken away goes with it. */
static void write_settings(GString *text, GArray *settings, const char *section)
{
	bool removed = is_removed(settings, section);

	for (unsigned i = 0; i < settings->len; i++) {
		Setting *setting = &g_array_index(settings, Setting, i);

		if (strcmp(setting->section, section) != 0)
			continue;
		setting->written = true;
		if (!removed)
			g_string_append_printf(text, "%s = %s\n", setting->key, setting->value);
	}
}

/* Sections that are not in the text come last. */
static void write_new(GString *text, GArray *settings)
{
	for (unsigned i = 0; i < settings->len; i++) {
		const Setting *setting = &g_array_index(settings, Setting, i);

		if (setting->written)
			continue;
		if (!is_removed(settings, setting->section))
			g_string_append_printf(text, "[%s]\n", setting->section);
		write_settings(text, settings, setting->section);
	}
}

static char *what_if_rewrite(char **lines, GArray *settings)
{
	GString *text = g_string_new(NULL);
	g_autofree char *section = g_strdup("");

	for (; *lines; lines++) {
		char *begun = section_of(*lines);

		if (begun) {
			g_free(section);
			section = begun;
		}
		if (line_stays(settings, section, *lines))
			g_string_append_printf(text, "%s\n", *lines);
		if (begun)
			write_settings(text, settings, section);
	}
	write_new(text, settings);
	return g_string_free(text, FALSE);
}

char *what_if_apply(const char *text, char *const *words, GPtrArray *errors)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autoptr(GPtrArray) sections = sections_of(lines);
	g_autoptr(GArray) settings = NULL;

	settings = what_if_settings_parse(words, sections, errors);
	return errors->len ? NULL : what_if_rewrite(lines, settings);
}
