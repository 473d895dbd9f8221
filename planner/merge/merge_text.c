/* SPDX-License-Identifier: MIT */
#include "planner/merge/merge_text.h"
#include "topology/base/error.h"
#include "topology/guests/libxml_load.h"

#include <string.h>

#define DEPTH_MOST 200 /* libxml2 itself stops at 256 */

typedef struct MergeEdit {
	size_t from, to;
	char *text;
} MergeEdit;

typedef struct MergeAppend {
	const xmlNode *parent;
	GString *lines;
} MergeAppend;

static void edit_clear(MergeEdit *edit)
{
	g_free(edit->text);
}

static void append_free(MergeAppend *append)
{
	g_string_free(append->lines, TRUE);
	g_free(append);
}

static void edit_add(MergeText *merge, size_t from, size_t to, char *text)
{
	MergeEdit edit = {from, to, text};

	g_array_append_val(merge->edits, edit);
}

/* Where elements stand */

/* The text is walked before libxml2 sees it, so it may be anything: no step trusts what follows. */
typedef struct TextWalk {
	const char *text, *end, *at;
	GArray *spans;
	unsigned open[DEPTH_MOST], depth;
	const char *fault;
} TextWalk;

static bool walk_fault(TextWalk *walk, const char *fault)
{
	walk->fault = fault;
	return false;
}

/* Step behind the next CLOSE. */
static bool skip_to(TextWalk *walk, const char *close)
{
	const char *found = memmem(walk->at, (size_t)(walk->end - walk->at), close, strlen(close));

	if (!found)
		return walk_fault(walk, "is not well-formed XML");
	walk->at = found + strlen(close);
	return true;
}

/* Step behind the '>' of a tag; those in quotes are values. */
static bool skip_tag(TextWalk *walk)
{
	char quote = 0;

	for (; walk->at < walk->end; walk->at++) {
		char c = *walk->at;

		if (quote)
			quote = c == quote ? 0 : quote;
		else if (c == '\'' || c == '"')
			quote = c;
		else if (c == '>') {
			walk->at++;
			return true;
		}
	}
	return walk_fault(walk, "is not well-formed XML");
}

static bool walk_start(TextWalk *walk)
{
	Span span = {.start = (size_t)(walk->at - walk->text)};

	if (!skip_tag(walk))
		return false;
	span.open_end = span.close = span.end = (size_t)(walk->at - walk->text);
	g_array_append_val(walk->spans, span);
	if (walk->at[-2] == '/')
		return true;
	if (walk->depth == DEPTH_MOST)
		return walk_fault(walk, "is nested too deeply");
	walk->open[walk->depth++] = walk->spans->len - 1;
	return true;
}

static bool walk_end(TextWalk *walk)
{
	Span *span;

	if (!walk->depth)
		return walk_fault(walk, "is not well-formed XML");
	span = &g_array_index(walk->spans, Span, walk->open[--walk->depth]);
	span->close = (size_t)(walk->at - walk->text);
	if (!skip_tag(walk))
		return false;
	span->end = (size_t)(walk->at - walk->text);
	return true;
}

static bool walk_markup(TextWalk *walk)
{
	static const struct {
		const char *open, *close;
	} passed[] = {{"<!--", "-->"}, {"<![CDATA[", "]]>"}, {"<?", "?>"}};
	size_t left = (size_t)(walk->end - walk->at);

	for (unsigned i = 0; i < G_N_ELEMENTS(passed); i++) {
		size_t length = strlen(passed[i].open);

		if (left >= length && !memcmp(walk->at, passed[i].open, length)) {
			walk->at += length;
			return skip_to(walk, passed[i].close);
		}
	}
	if (left >= 2 && walk->at[1] == '!')
		return walk_fault(walk, "has a DOCTYPE, which no domain needs");
	return left >= 2 && walk->at[1] == '/' ? walk_end(walk) : walk_start(walk);
}

static bool merge_text_walk(TextWalk *walk)
{
	while ((walk->at = memchr(walk->at, '<', (size_t)(walk->end - walk->at))))
		if (!walk_markup(walk))
			return false;
	return walk->depth == 0 || walk_fault(walk, "is not well-formed XML");
}

/* Elements in document order have the spans in order. */
static unsigned spans_assign(MergeText *merge, xmlNode *node, unsigned n)
{
	for (; node; node = node->next)
		if (node->type == XML_ELEMENT_NODE) {
			if (n < merge->spans->len)
				node->_private = &g_array_index(merge->spans, Span, n);
			n = spans_assign(merge, node->children, n + 1);
		}
	return n;
}

static const char *text_fault(MergeText *merge)
{
	TextWalk w = {merge->text, merge->text + merge->length, merge->text, merge->spans, {0}, 0,
		      NULL};
	const xmlChar *encoding;

	g_assert(xmlReadMemory); /* whoever merges has called libxml_load() */
	if (memchr(merge->text, 0, merge->length) ||
	    !g_utf8_validate(merge->text, (gssize)merge->length, NULL))
		return "is not a text in UTF-8; xmllint --encode UTF-8 makes it one";
	if (!merge_text_walk(&w))
		return w.fault;
	merge->doc = xmlReadMemory(merge->text, (int)merge->length, NULL, NULL,
				   XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	if (!merge->doc)
		return "is not well-formed XML";
	encoding = merge->doc->encoding;
	if (encoding && g_ascii_strcasecmp((const char *)encoding, "utf-8") != 0 &&
	    g_ascii_strcasecmp((const char *)encoding, "us-ascii") != 0)
		return "says that it is not in UTF-8";
	if (spans_assign(merge, merge->doc->children, 0) != merge->spans->len)
		return "is XML that cannot be edited";
	return NULL;
}

MergeText *merge_text_parse(const char *name, const char *text, size_t length, GError **error)
{
	g_autoptr(MergeText) merge = g_new0(MergeText, 1);
	const char *fault;

	merge->text = text;
	merge->length = length;
	merge->newline = memmem(text, length, "\r\n", 2) ? "\r\n" : "\n";
	merge->spans = g_array_new(FALSE, FALSE, sizeof(Span));
	merge->edits = g_array_new(FALSE, FALSE, sizeof(MergeEdit));
	g_array_set_clear_func(merge->edits, (GDestroyNotify)edit_clear);
	merge->appended = g_ptr_array_new_with_free_func((GDestroyNotify)append_free);
	fault = text_fault(merge);
	if (!fault)
		return g_steal_pointer(&merge);
	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT, "%s: %s", name, fault);
	return NULL;
}

void merge_text_free(MergeText *merge)
{
	if (merge->doc)
		xmlFreeDoc(merge->doc);
	g_array_unref(merge->spans);
	g_array_unref(merge->edits);
	g_ptr_array_unref(merge->appended);
	g_free(merge);
}

/* Attributes */

static const Span *span_of(const xmlNode *node)
{
	return node->_private;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* An attribute in a start tag: from the blank before it to its closing quote. */
typedef struct Where {
	size_t from, value, value_end, to;
} Where;

/* The attribute called NAME; false when there is none, and *WHERE is then where one would go. */
static bool attribute_find(const MergeText *merge, const xmlNode *node, const char *name,
			   Where *where)
{
	const char *text = merge->text;
	size_t at = span_of(node)->start + 1, end = span_of(node)->open_end, word;

	while (!is_blank(text[at]) && text[at] != '/' && text[at] != '>')
		at++;
	where->to = at;
	for (;;) {
		where->from = at;
		while (is_blank(text[at]))
			at++;
		if (at + 1 >= end || text[at] == '/' || text[at] == '>')
			return false;
		word = at;
		while (!is_blank(text[at]) && text[at] != '=')
			at++;
		word = at - word;
		while (text[at] != '\'' && text[at] != '"')
			at++;
		where->value = at + 1;
		where->value_end =
			(size_t)((const char *)memchr(text + at + 1, text[at], end - at - 1) -
				 text);
		if (word == strlen(name) &&
		    !strncmp(text + where->from + strspn(text + where->from, " \t\r\n"), name,
			     word)) {
			where->to = where->value_end + 1;
			return true;
		}
		at = where->to = where->value_end + 1;
	}
}

void merge_set_attribute(MergeText *merge, const xmlNode *node, const char *name, const char *value)
{
	xmlChar *have = xmlGetNoNsProp((xmlNode *)node, (const xmlChar *)name);
	bool same = have && !strcmp((const char *)have, value);
	g_autofree char *escaped = g_markup_escape_text(value, -1);
	Where where;

	xmlFree(have);
	if (same)
		return;
	if (attribute_find(merge, node, name, &where))
		edit_add(merge, where.value, where.value_end, g_steal_pointer(&escaped));
	else
		edit_add(merge, where.to, where.to, g_strdup_printf(" %s='%s'", name, escaped));
}

void merge_remove_attribute(MergeText *merge, const xmlNode *node, const char *name)
{
	Where where;

	if (attribute_find(merge, node, name, &where))
		edit_add(merge, where.from, where.to, g_strdup(""));
}

/* Elements */

void merge_set_content(MergeText *merge, const xmlNode *node, const char *content)
{
	const Span *span = span_of(node);
	xmlChar *raw = xmlNodeGetContent(node);
	g_autofree char *have = g_strstrip(g_strdup((const char *)raw));
	g_autofree char *escaped = g_markup_escape_text(content, -1);

	xmlFree(raw);
	if (!strcmp(have, content))
		return;
	if (span->open_end == span->end)
		edit_add(merge, span->end - 2, span->end,
			 g_strdup_printf(">%s</%s>", escaped, node->name));
	else
		edit_add(merge, span->open_end, span->close, g_steal_pointer(&escaped));
}

/* Where the line of AT begins, if only blanks are before it; else SIZE_MAX. */
static size_t line_start(const MergeText *merge, size_t at)
{
	while (at > 0 && (merge->text[at - 1] == ' ' || merge->text[at - 1] == '\t'))
		at--;
	return at == 0 || merge->text[at - 1] == '\n' ? at : SIZE_MAX;
}

void merge_remove(MergeText *merge, const xmlNode *node)
{
	const Span *span = span_of(node);
	size_t from = line_start(merge, span->start), to = span->end;

	while (to < merge->length && is_blank(merge->text[to]) && merge->text[to] != '\n')
		to++;
	if (from != SIZE_MAX && to < merge->length && merge->text[to] == '\n')
		edit_add(merge, from, to + 1, g_strdup(""));
	else
		edit_add(merge, span->start, span->end, g_strdup(""));
}

/* The blanks before AT, yours; NULL where it does not begin a line. */
static char *indent_at(const MergeText *merge, size_t at)
{
	size_t start = line_start(merge, at);

	return start == SIZE_MAX ? NULL : g_strndup(merge->text + start, at - start);
}

/* LINES, each with INDENT before it; without line ends and blanks where INDENT is NULL. */
static char *merge_text_indented(const MergeText *merge, const char *lines, const char *indent)
{
	g_auto(GStrv) line = g_strsplit(lines, "\n", -1);
	GString *text = g_string_new(NULL);

	for (char **l = line; *l; l++)
		if (**l && indent)
			g_string_append_printf(text, "%s%s%s", indent, *l, merge->newline);
		else
			g_string_append(text, g_strchug(*l));
	return g_string_free(text, FALSE);
}

void merge_append(MergeText *merge, const xmlNode *parent, const char *lines)
{
	MergeAppend *append = NULL;

	for (unsigned i = 0; i < merge->appended->len && !append; i++) {
		MergeAppend *one = g_ptr_array_index(merge->appended, i);

		append = one->parent == parent ? one : NULL;
	}
	if (!append) {
		append = g_new0(MergeAppend, 1);
		append->parent = parent;
		append->lines = g_string_new(NULL);
		g_ptr_array_add(merge->appended, append);
	}
	g_string_append(append->lines, lines);
}

void merge_insert_after(MergeText *merge, const xmlNode *sibling, const char *lines)
{
	const Span *span = span_of(sibling);
	g_autofree char *indent = indent_at(merge, span->start);
	char *text = merge_text_indented(merge, lines, indent);

	/* The line's own end follows: what is put before it begins with one instead. */
	if (indent && g_str_has_suffix(text, merge->newline)) {
		g_autofree char *bare = text;

		text[strlen(text) - strlen(merge->newline)] = 0;
		text = g_strconcat(merge->newline, bare, NULL);
	}
	edit_add(merge, span->end, span->end, text);
}

/* The indent of PARENT's children: that of the first that has one, else two blanks more. */
static char *child_indent(const MergeText *merge, const xmlNode *parent, const char *own)
{
	for (const xmlNode *child = parent->children; child; child = child->next)
		if (child->type == XML_ELEMENT_NODE) {
			char *indent = indent_at(merge, span_of(child)->start);

			if (indent)
				return indent;
		}
	return own ? g_strconcat(own, "  ", NULL) : NULL;
}

static void append_finish(MergeText *merge, const MergeAppend *append)
{
	const Span *span = span_of(append->parent);
	const xmlNs *ns = append->parent->ns;
	const char *prefix = ns && ns->prefix ? (const char *)ns->prefix : NULL;
	g_autofree char *own = indent_at(merge, span->start);
	g_autofree char *indent = child_indent(merge, append->parent, own);
	g_autofree char *text = merge_text_indented(merge, append->lines->str, indent);
	size_t line = line_start(merge, span->close);
	size_t slash = span->end - 2;

	if (span->open_end == span->end) {
		while (is_blank(merge->text[slash - 1]))
			slash--;
		edit_add(merge, slash, span->end,
			 g_strdup_printf(">%s%s%s</%s%s%s>", own ? merge->newline : "", text,
					 own ? own : "", prefix ? prefix : "", prefix ? ":" : "",
					 append->parent->name));
	} else if (line != SIZE_MAX && line >= span->open_end) {
		edit_add(merge, line, line, g_steal_pointer(&text));
	} else {
		edit_add(
			merge, span->close, span->close,
			g_strdup_printf("%s%s%s", own ? merge->newline : "", text, own ? own : ""));
	}
}

/* By place; edits of one place in the order they were made. */
static gint edit_compare(gconstpointer a, gconstpointer b)
{
	const MergeEdit *x = a, *y = b;

	return x->from < y->from ? -1 : x->from > y->from;
}

char *merge_text_finish(MergeText *merge)
{
	GString *out = g_string_new(NULL);
	size_t at = 0;

	for (unsigned i = 0; i < merge->appended->len; i++)
		append_finish(merge, g_ptr_array_index(merge->appended, i));
	g_array_sort(merge->edits, edit_compare); /* stable since GLib 2.32 */
	for (unsigned i = 0; i < merge->edits->len; i++) {
		const MergeEdit *edit = &g_array_index(merge->edits, MergeEdit, i);

		if (edit->from > at)
			g_string_append_len(out, merge->text + at, (gssize)(edit->from - at));
		g_string_append(out, edit->text);
		at = MAX(at, edit->to);
	}
	g_string_append_len(out, merge->text + at, (gssize)(merge->length - at));
	return g_string_free(out, FALSE);
}
