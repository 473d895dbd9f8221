/* SPDX-License-Identifier: MIT */
#include "planner/artifacts/template.h"
#include "topology/base/error.h"
#include "topology/base/text.h"

#include <string.h>

/* As the inventory allows in [kernel] extra. */
#define KERNEL_SAFE "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.,:=/@+%*~^ "

const char *template_text(GHashTable *site, const char *name, GError **error)
{
	const char *text = site ? g_hash_table_lookup(site, name) : NULL;

	if (text)
		return text;
	for (const TemplateFile *file = template_files; file->name; file++)
		if (!strcmp(file->name, name))
			return file->text;
	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT, "%s: no such template", name);
	return NULL;
}

/* TEXT, UTF-8: does it hold what ends a line, or what a terminal obeys? */
static bool template_has_control(const char *text)
{
	for (; *text; text = g_utf8_next_char(text))
		if (text_obeyed(g_utf8_get_char(text)))
			return true;
	return false;
}

/* TEXT with each of CHARACTERS replaced by WITH, in which '@' stands for the character. */
static char *escape_each(const char *text, const char *characters, const char *with)
{
	GString *escaped = g_string_new(NULL);

	for (; *text; text++)
		if (strchr(characters, *text))
			for (const char *w = with; *w; w++)
				g_string_append_c(escaped, *w == '@' ? *text : *w);
		else
			g_string_append_c(escaped, *text);
	return g_string_free(escaped, FALSE);
}

static char *template_escape(const TemplateValue *value)
{
	switch (value->escape) {
	case TEMPLATE_XML:
		return g_markup_escape_text(value->text, -1);
	case TEMPLATE_SHELL:
		return escape_each(value->text, "'", "'\\@'");
	case TEMPLATE_STRING:
		return escape_each(value->text, "\"\\", "\\@");
	default:
		return g_strdup(value->text);
	}
}

/* What the value must not hold where it goes, NULL = it is fine. */
static const char *value_fault(const TemplateValue *value)
{
	if (value->escape == TEMPLATE_RAW)
		return NULL;
	if (!g_utf8_validate(value->text, -1, NULL))
		return "is not UTF-8";
	if (template_has_control(value->text))
		return "has a control character";
	if (value->escape == TEMPLATE_KERNEL && value->text[strspn(value->text, KERNEL_SAFE)])
		return "has a character that is not safe on a kernel line";
	return NULL;
}

static bool append_value(GString *out, const TemplateValue *value, const char *name, GError **error)
{
	const char *fault = value_fault(value);
	g_autofree char *escaped = NULL;

	if (fault) {
		g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT, "%s: the value of ${%s} %s",
			    name, value->name, fault);
		return false;
	}
	escaped = template_escape(value);
	g_string_append(out, escaped);
	return true;
}

/* The value called by the LENGTH bytes at NAME; its index is marked in USED. */
static const TemplateValue *value_find(const TemplateValue *values, const char *name, size_t length,
				       bool *used)
{
	for (unsigned i = 0; values[i].name; i++)
		if (strlen(values[i].name) == length && !strncmp(values[i].name, name, length)) {
			used[i] = true;
			return &values[i];
		}
	return NULL;
}

static unsigned template_values_count(const TemplateValue *values)
{
	unsigned n = 0;

	while (values[n].name)
		n++;
	return n;
}

static bool all_used(const char *name, const TemplateValue *values, const bool *used,
		     GError **error)
{
	for (unsigned i = 0; values[i].name; i++)
		if (!used[i]) {
			g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
				    "%s: ${%s} is missing; the template must use it", name,
				    values[i].name);
			return false;
		}
	return true;
}

/* A name as a message may have it: short, one line of UTF-8, whatever a site wrote. Yours. */
static char *name_shown(const char *start, size_t length)
{
	g_autofree char *valid = g_utf8_make_valid(start, (gssize)MIN(length, 64));
	GString *shown = g_string_new(NULL);

	for (const char *c = valid; *c; c = g_utf8_next_char(c))
		g_string_append_unichar(shown,
					text_obeyed(g_utf8_get_char(c)) ? '?' : g_utf8_get_char(c));
	return g_string_free(shown, FALSE);
}

/* Substitute the "$…" at *TEXT and step over it. */
static bool template_substitute(GString *out, const char **text, const char *name,
				const TemplateValue *values, bool *used, GError **error)
{
	const char *start = *text + 2, *close;
	g_autofree char *shown = NULL;
	const TemplateValue *value;

	if ((*text)[1] == '$') {
		g_string_append_c(out, '$');
		*text += 2;
		return true;
	}
	close = (*text)[1] == '{' ? strchr(start, '}') : NULL;
	if (!close) {
		g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
			    "%s: a single '$'; write ${name}, or $$ for a dollar", name);
		return false;
	}
	value = value_find(values, start, (size_t)(close - start), used);
	if (!value) {
		shown = name_shown(start, (size_t)(close - start));
		g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT, "%s: unknown name ${%s}",
			    name, shown);
		return false;
	}
	*text = close + 1;
	return append_value(out, value, name, error);
}

char *template_fill(const char *name, const char *text, const TemplateValue *values, GError **error)
{
	g_autofree bool *used = g_new0(bool, template_values_count(values) + 1);
	g_autoptr(GString) out = g_string_new(NULL);

	while (*text) {
		const char *dollar = strchrnul(text, '$');

		g_string_append_len(out, text, dollar - text);
		text = dollar;
		if (*text && !template_substitute(out, &text, name, values, used, error))
			return NULL;
	}
	if (!all_used(name, values, used, error))
		return NULL;
	return g_string_free(g_steal_pointer(&out), FALSE);
}
