/* SPDX-License-Identifier: MIT */
#include "planner/merge/merge_tree.h"
#include "topology/base/error.h"

#include <string.h>

/* Reading */

xmlDoc *merge_tree_parse(const char *name, const char *text, size_t length, GError **error)
{
	g_autoptr(xmlDoc) doc = NULL;
	const char *fault = NULL;

	if (!g_utf8_validate(text, (gssize)length, NULL)) {
		fault = "is not UTF-8 text; xmllint --encode UTF-8 makes it one";
	} else {
		doc = xml_document(text, length, error);
		if (!doc)
			g_prefix_error(error, "%s: ", name);
		else if (!doc->encoding) /* else letters beyond ASCII are written as numbers */
			doc->encoding = xmlStrdup((const xmlChar *)"UTF-8");
		else if (g_ascii_strcasecmp((const char *)doc->encoding, "utf-8") != 0)
			fault = "says that it is not in UTF-8";
	}
	if (!fault)
		return g_steal_pointer(&doc);
	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT, "%s: %s", name, fault);
	return NULL;
}

unsigned merge_tree_number(const xmlNode *node, const char *attribute, unsigned fallback)
{
	g_autofree char *text = attribute ? xml_get(node, attribute) : xml_text(node);
	guint64 number = fallback;

	if (text)
		g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT, &number, NULL);
	return (unsigned)number;
}

/* Writing */

/* libxml2 writes what is no element, and metadata, as it does for libvirt. */
static GString *text_of(const xmlNode *node)
{
	xmlBuffer *buffer = xmlBufferCreate();
	GString *text;

	xmlNodeDump(buffer, node->doc, (xmlNode *)node, 0, 0);
	text = g_string_new((const char *)xmlBufferContent(buffer));
	xmlBufferFree(buffer);
	return text;
}

/* libxml2 puts values in "", where " is &quot;; libvirt and most files have ''. */
static void attribute_write(GString *out, const xmlAttr *attribute, char quote)
{
	g_autoptr(GString) text = text_of((const xmlNode *)attribute);

	if (quote == '\'') {
		g_string_replace(text, "'", "&apos;", 0);
		g_string_replace(text, "\"", "'", 0);
		g_string_replace(text, "&quot;", "\"", 0);
	}
	g_string_append_len(out, text->str, (gssize)text->len);
}

static void name_write(GString *out, const xmlNode *node)
{
	if (node->ns && node->ns->prefix)
		g_string_append_printf(out, "%s:", node->ns->prefix);
	g_string_append(out, (const char *)node->name);
}

static void namespaces_write(GString *out, const xmlNode *node, char quote)
{
	for (const xmlNs *ns = node->nsDef; ns; ns = ns->next) {
		g_autofree char *uri =
			g_markup_escape_text(ns->href ? (const char *)ns->href : "", -1);

		g_string_append_printf(out, " xmlns%s%s=%c%s%c", ns->prefix ? ":" : "",
				       ns->prefix ? (const char *)ns->prefix : "", quote, uri,
				       quote);
	}
}

static void attributes_write(GString *out, const xmlNode *node, char quote)
{
	for (const xmlAttr *attribute = node->properties; attribute; attribute = attribute->next)
		attribute_write(out, attribute, quote);
}

/* Namespaces first, as libxml2 has it; but as libvirt has it, last in <domain>. */
static void tag_write(GString *out, const xmlNode *node, char quote)
{
	bool root = node->parent->type != XML_ELEMENT_NODE;

	name_write(out, node);
	if (!root)
		namespaces_write(out, node, quote);
	attributes_write(out, node, quote);
	if (root)
		namespaces_write(out, node, quote);
}

static void element_write(GString *out, const xmlNode *node, char quote);

static void tree_node_write(GString *out, const xmlNode *node, char quote)
{
	g_autoptr(GString) text = NULL;

	if (node->type == XML_ELEMENT_NODE && !xml_is(node->parent, "metadata")) {
		element_write(out, node, quote);
		return;
	}
	text = text_of(node);
	g_string_append_len(out, text->str, (gssize)text->len);
}

static void element_write(GString *out, const xmlNode *node, char quote)
{
	g_string_append_c(out, '<');
	tag_write(out, node, quote);
	if (!node->children) {
		g_string_append(out, "/>");
		return;
	}
	g_string_append_c(out, '>');
	for (const xmlNode *child = node->children; child; child = child->next)
		tree_node_write(out, child, quote);
	g_string_append(out, "</");
	name_write(out, node);
	g_string_append_c(out, '>');
}

/* The quote that the first attribute in TEXT has. */
static char quote_of(const char *text)
{
	while ((text = strchr(text, '<'))) {
		text++;
		if (*text == '!' || *text == '?')
			continue;
		text += strcspn(text, "<>'\"");
		if (*text == '\'' || *text == '"')
			return *text;
	}
	return '\'';
}

char *merge_tree_write(xmlDoc *doc, const char *base)
{
	GString *out = g_string_new(NULL);
	const char *text = g_str_has_prefix(base, "\xef\xbb\xbf") ? base + 3 : base;

	if (g_str_has_prefix(text, "<?xml ")) {
		size_t length = (size_t)(strstr(text, "?>") + 2 - text);

		g_string_append_len(out, text, (gssize)length);
		g_string_append_c(out, '\n');
		text += length;
	}
	for (const xmlNode *node = doc->children; node; node = node->next) {
		tree_node_write(out, node, quote_of(text));
		g_string_append_c(out, '\n');
	}
	if (strstr(base, "\r\n"))
		g_string_replace(out, "\n", "\r\n", 0);
	return g_string_free(out, FALSE);
}

/* Attributes and text */

void merge_tree_set(xmlNode *node, const char *attribute, const char *value)
{
	xmlSetProp(node, (const xmlChar *)attribute, (const xmlChar *)value);
}

void merge_tree_unset(xmlNode *node, const char *attribute)
{
	xmlUnsetNsProp(node, NULL, (const xmlChar *)attribute);
}

static void tree_node_free(xmlNode *node)
{
	xmlUnlinkNode(node);
	xmlFreeNode(node);
}

static bool is_text(const xmlNode *node)
{
	return node && (node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE);
}

void merge_tree_set_text(xmlNode *node, const char *text)
{
	g_autofree char *have = xml_text(node);

	if (have && !strcmp(have, text))
		return;
	for (xmlNode *child = node->children, *next; child; child = next) {
		next = child->next;
		if (is_text(child))
			tree_node_free(child);
	}
	xmlAddChild(node, xmlNewDocText(node->doc, (const xmlChar *)text));
}

/* Lines */

static bool is_blank(const xmlNode *node)
{
	return is_text(node) && xmlIsBlankNode((xmlNode *)node);
}

/* What begins the line of NODE: "\n" and its indent; NULL where it does not begin one. Yours. */
static char *merge_tree_line(const xmlNode *node)
{
	const char *line;

	if (node->parent->type != XML_ELEMENT_NODE)
		return g_strdup("\n");
	line = is_text(node->prev) ? strrchr((const char *)node->prev->content, '\n') : NULL;
	return line && !line[1 + strspn(line + 1, " \t")] ? g_strdup(line) : NULL;
}

static char *first_line_in(const xmlNode *parent)
{
	char *line = NULL;

	for (const xmlNode *child = parent->children; child && !line; child = child->next)
		if (child->type == XML_ELEMENT_NODE)
			line = merge_tree_line(child);
	return line;
}

static bool has_elements(const xmlNode *node)
{
	for (const xmlNode *child = node->children; child; child = child->next)
		if (child->type == XML_ELEMENT_NODE)
			return true;
	return false;
}

/* How much deeper a child stands than its parent, as the children of the root do. */
static char *step_of(const xmlNode *node)
{
	g_autofree char *line = first_line_in(xmlDocGetRootElement(node->doc));

	return g_strdup(line && line[1] ? line + 1 : "  ");
}

/* What a new child's line in PARENT begins with; NULL = it goes on in the line. */
static char *line_in(const xmlNode *parent)
{
	char *line = first_line_in(parent);
	g_autofree char *own = line || has_elements(parent) ? NULL : merge_tree_line(parent);
	g_autofree char *step = step_of(parent);

	return own ? g_strconcat(own, step, NULL) : line;
}

static xmlNode *text_new(const xmlNode *beside, const char *text)
{
	return xmlNewDocText(beside->doc, (const xmlChar *)text);
}

/* NODE, and what is in it, on lines of their own. */
static void lines_put(xmlNode *node, const char *line, const char *step)
{
	g_autofree char *inner = g_strconcat(line, step, NULL);

	xmlAddPrevSibling(node, text_new(node, line));
	if (!has_elements(node))
		return;
	for (xmlNode *child = node->children; child; child = child->next)
		if (child->type == XML_ELEMENT_NODE)
			lines_put(child, inner, step);
	xmlAddChild(node, text_new(node, line));
}

void merge_tree_append(xmlNode *parent, xmlNode *node)
{
	g_autofree char *line = line_in(parent), *end = merge_tree_line(parent),
			*step = step_of(parent);

	if (is_blank(parent->last)) {
		xmlAddPrevSibling(parent->last, node);
	} else {
		xmlAddChild(parent, node);
		if (line && end)
			xmlAddChild(parent, text_new(parent, end));
	}
	if (line)
		lines_put(node, line, step);
}

/* The last of the comments that follow NODE on its line, or NODE. */
static xmlNode *line_last(xmlNode *node)
{
	for (xmlNode *next = node->next; next; next = next->next) {
		if (next->type == XML_COMMENT_NODE)
			node = next;
		else if (!is_blank(next) || strchr((const char *)next->content, '\n'))
			break;
	}
	return node;
}

void merge_tree_insert_after(xmlNode *sibling, xmlNode *node)
{
	g_autofree char *line = merge_tree_line(sibling), *step = step_of(sibling);

	xmlAddNextSibling(line_last(sibling), node);
	if (line)
		lines_put(node, line, step);
}

static bool is_line_end(const xmlNode *next)
{
	const char *text = is_text(next) ? (const char *)next->content : "";

	return !next || text[strspn(text, " \t")] == '\n';
}

static bool is_all_blank(const xmlNode *parent)
{
	for (const xmlNode *child = parent->children; child; child = child->next)
		if (!is_blank(child))
			return false;
	return true;
}

void merge_tree_remove(xmlNode *node)
{
	xmlNode *parent = node->parent;
	g_autofree char *line = merge_tree_line(node);

	if (line && is_line_end(node->next)) {
		const char *text = (const char *)node->prev->content;
		g_autofree char *before = g_strndup(text, strlen(text) - strlen(line));

		xmlNodeSetContent(node->prev, (const xmlChar *)before);
	}
	tree_node_free(node);
	while (is_all_blank(parent) && parent->children)
		tree_node_free(parent->children);
}
