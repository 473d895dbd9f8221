/* SPDX-License-Identifier: MIT */
#include "planner/template.h"
#include "topology/error.h"

#include <string.h>

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

static bool has_control(const char *text)
{
	for (const char *c = text; *c; c++)
		if (g_ascii_iscntrl(*c))
			return true;
	return false;
}

static bool append_value(GString *out, const TemplateValue *value, const char *name, GError **error)
{
	g_autofree char *escaped = NULL;

	if (value->escape != TEMPLATE_RAW && has_control(value->text)) {
		g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
			    "%s: the value of ${%s} has a control character", name, value->name);
		return false;
	}
	if (value->escape == TEMPLATE_XML)
		escaped = g_markup_escape_text(value->text, -1);
	g_string_append(out, escaped ? escaped : value->text);
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

static unsigned values_count(const TemplateValue *values)
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
				    "%s: ${%s} is not used; it must stand in the template", name,
				    values[i].name);
			return false;
		}
	return true;
}

/* Substitute the "$…" at *TEXT and step over it. */
static bool substitute(GString *out, const char **text, const char *name,
		       const TemplateValue *values, bool *used, GError **error)
{
	const char *start = *text + 2, *close;
	const TemplateValue *value;

	if ((*text)[1] == '$') {
		g_string_append_c(out, '$');
		*text += 2;
		return true;
	}
	close = (*text)[1] == '{' ? strchr(start, '}') : NULL;
	if (!close) {
		g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
			    "%s: a lone '$'; write ${name}, or $$ for a dollar", name);
		return false;
	}
	value = value_find(values, start, (size_t)(close - start), used);
	if (!value) {
		g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT, "%s: unknown name ${%.*s}",
			    name, (int)MIN(close - start, 64), start);
		return false;
	}
	*text = close + 1;
	return append_value(out, value, name, error);
}

char *template_fill(const char *name, const char *text, const TemplateValue *values, GError **error)
{
	g_autofree bool *used = g_new0(bool, values_count(values) + 1);
	g_autoptr(GString) out = g_string_new(NULL);

	while (*text) {
		const char *dollar = strchrnul(text, '$');

		g_string_append_len(out, text, dollar - text);
		text = dollar;
		if (*text && !substitute(out, &text, name, values, used, error))
			return NULL;
	}
	if (!all_used(name, values, used, error))
		return NULL;
	return g_string_free(g_steal_pointer(&out), FALSE);
}
