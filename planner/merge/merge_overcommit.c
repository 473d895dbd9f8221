/* SPDX-License-Identifier: MIT */
#include "planner/merge/merge_overcommit.h"
#include "topology/base/error.h"

#include <string.h>

#define QEMU_URI "http://libvirt.org/schemas/domain/qemu/1.0"

typedef struct Overcommit {
	MergeText *merge;
	const xmlNode *root;
	bool on, running, locked;
	GPtrArray *commandlines; /* of xmlNode */
	GPtrArray *arguments;	 /* of xmlNode: their qemu:arg, in order */
	GPtrArray *words;	 /* of char *: "mem-lock=on", of all -overcommit together */
} Overcommit;

static bool merge_overcommit_is_qemu(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && node->ns &&
	       !strcmp((const char *)node->ns->href, QEMU_URI) &&
	       !strcmp((const char *)node->name, name);
}

static char *merge_overcommit_value_of(const xmlNode *argument)
{
	xmlChar *raw = xmlGetNoNsProp((xmlNode *)argument, (const xmlChar *)"value");
	char *value = g_strdup(raw ? (const char *)raw : "");

	xmlFree(raw);
	return value;
}

static void merge_overcommit_collect(Overcommit *o)
{
	for (xmlNode *node = o->root->children; node; node = node->next) {
		if (!merge_overcommit_is_qemu(node, "commandline"))
			continue;
		g_ptr_array_add(o->commandlines, node);
		for (xmlNode *child = node->children; child; child = child->next)
			if (merge_overcommit_is_qemu(child, "arg"))
				g_ptr_array_add(o->arguments, child);
	}
}

static bool is_option(const xmlNode *argument)
{
	g_autofree char *value = merge_overcommit_value_of(argument);

	return !strcmp(value, "-overcommit") || !strcmp(value, "--overcommit");
}

/* Words */

static size_t key_length(const char *word)
{
	return strcspn(word, "=");
}

static bool same_key(const char *a, const char *b)
{
	return key_length(a) == key_length(b) && !strncmp(a, b, key_length(a));
}

static int word_find(const Overcommit *o, const char *key)
{
	for (unsigned i = 0; i < o->words->len; i++)
		if (same_key(g_ptr_array_index(o->words, i), key))
			return (int)i;
	return -1;
}

/* As QEMU: what is said later counts. */
static void word_set(Overcommit *o, const char *word)
{
	int i = word_find(o, word);

	if (i < 0) {
		g_ptr_array_add(o->words, g_strdup(word));
		return;
	}
	g_free(o->words->pdata[i]);
	o->words->pdata[i] = g_strdup(word);
}

static void words_add(Overcommit *o, const char *value)
{
	g_auto(GStrv) words = g_strsplit(value, ",", -1);

	for (char **word = words; *word; word++)
		if (**word)
			word_set(o, *word);
}

/* Is the option called KEY there, and not off? "cpu-pm" alone is on, too. */
static bool merge_overcommit_is_on(const Overcommit *o, const char *key)
{
	int i = word_find(o, key);
	const char *word = i < 0 ? NULL : g_ptr_array_index(o->words, (unsigned)i);

	return word && strcmp(word + key_length(word), "=off") != 0 &&
	       strcmp(word + key_length(word), "=no") != 0 &&
	       strcmp(word + key_length(word), "=false") != 0;
}

/* libvirt's own mem-lock=on comes before ours, and before QEMU 9.1 ours would cancel it. */
static void words_decide(Overcommit *o)
{
	int pm = word_find(o, "cpu-pm");

	if (!o->on && pm >= 0)
		g_ptr_array_remove_index(o->words, (unsigned)pm);
	if (o->on && !merge_overcommit_is_on(o, "cpu-pm"))
		word_set(o, "cpu-pm=on");
	if (o->words->len && o->locked && !merge_overcommit_is_on(o, "mem-lock")) {
		if (word_find(o, "mem-lock") >= 0)
			word_set(o, "mem-lock=on");
		else
			g_ptr_array_insert(o->words, 0, g_strdup("mem-lock=on"));
	}
}

static char *words_text(const Overcommit *o)
{
	GString *text = g_string_new(NULL);

	for (unsigned i = 0; i < o->words->len; i++)
		g_string_append_printf(text, "%s%s", i ? "," : "",
				       (const char *)g_ptr_array_index(o->words, i));
	return g_string_free(text, FALSE);
}

/* Edits */

static bool has_other_children(const xmlNode *commandline, const GPtrArray *removed)
{
	for (xmlNode *child = commandline->children; child; child = child->next)
		if (child->type != XML_TEXT_NODE &&
		    !g_ptr_array_find((GPtrArray *)removed, child, NULL))
			return true;
	return false;
}

/* Take REMOVED away, and command lines that held nothing else. */
static void remove_all(Overcommit *o, const GPtrArray *removed)
{
	for (unsigned i = 0; i < removed->len; i++) {
		const xmlNode *argument = g_ptr_array_index(removed, i);

		if (has_other_children(argument->parent, removed))
			merge_remove(o->merge, argument);
	}
	for (unsigned i = 0; removed->len && i < o->commandlines->len; i++) {
		const xmlNode *commandline = g_ptr_array_index(o->commandlines, i);

		if (!has_other_children(commandline, removed))
			merge_remove(o->merge, commandline);
	}
}

/* Change the first -overcommit that is there, or take it away; the others go. True if one stays. */
static bool edit_existing(Overcommit *o, const char *text)
{
	g_autoptr(GPtrArray) removed = g_ptr_array_new();
	bool kept = false;

	for (unsigned i = 0; i < o->arguments->len; i++) {
		xmlNode *option = g_ptr_array_index(o->arguments, i), *value;

		if (!is_option(option))
			continue;
		value = g_ptr_array_index(o->arguments, ++i);
		if (*text && !kept) {
			merge_set_attribute(o->merge, value, "value", text);
			kept = true;
		} else {
			g_ptr_array_add(removed, option);
			g_ptr_array_add(removed, value);
		}
	}
	remove_all(o, removed);
	return kept;
}

static bool merge_overcommit_refused(GError **error, const char *why)
{
	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT, "domain: %s", why);
	return false;
}

/* The prefix of QEMU's namespace, declared where it is not yet. */
static const char *merge_overcommit_prefix(Overcommit *o, GError **error)
{
	for (const xmlNs *ns = o->root->nsDef; ns; ns = ns->next) {
		bool ours = !strcmp((const char *)ns->href, QEMU_URI);

		if (ours && ns->prefix)
			return (const char *)ns->prefix;
		if (ns->prefix && !strcmp((const char *)ns->prefix, "qemu")) {
			merge_overcommit_refused(error, "xmlns:qemu is not QEMU's namespace");
			return NULL;
		}
	}
	merge_set_attribute(o->merge, o->root, "xmlns:qemu", QEMU_URI);
	return "qemu";
}

static bool add_new(Overcommit *o, const char *text, GError **error)
{
	const xmlNode *commandline =
		o->commandlines->len ? g_ptr_array_index(o->commandlines, 0) : NULL;
	const char *p = commandline ? (const char *)commandline->ns->prefix
				    : merge_overcommit_prefix(o, error);
	g_autofree char *name = NULL, *lines = NULL;

	if (!p && !commandline)
		return false;
	name = p ? g_strconcat(p, ":", NULL) : g_strdup("");
	lines = g_strdup_printf("<%sarg value='-overcommit'/>\n<%sarg value='%s'/>\n", name, name,
				text);
	if (commandline) {
		merge_append(o->merge, commandline, lines);
		return true;
	}
	g_free(lines);
	lines = g_strdup_printf("<%scommandline>\n  <%sarg value='-overcommit'/>\n"
				"  <%sarg value='%s'/>\n</%scommandline>\n",
				name, name, name, text, name);
	merge_append(o->merge, o->root, lines);
	return true;
}

/* An element "qemu:commandline" whose prefix nobody declared: libvirt drops it. */
static bool is_undeclared(const xmlNode *root)
{
	for (const xmlNode *node = root->children; node; node = node->next)
		if (node->type == XML_ELEMENT_NODE && !node->ns &&
		    !strcmp((const char *)node->name, "qemu:commandline"))
			return true;
	return false;
}

static bool merge_overcommit_decide(Overcommit *o, GError **error)
{
	g_autofree char *text = NULL;

	for (unsigned i = 0; i < o->arguments->len; i++) {
		g_autofree char *value = NULL;

		if (!is_option(g_ptr_array_index(o->arguments, i)))
			continue;
		if (++i == o->arguments->len)
			return merge_overcommit_refused(
				error, "qemu:commandline ends in -overcommit without its value");
		value = merge_overcommit_value_of(g_ptr_array_index(o->arguments, i));
		words_add(o, value);
	}
	o->on = o->on && (!o->running || merge_overcommit_is_on(o, "cpu-pm"));
	words_decide(o);
	text = words_text(o);
	return edit_existing(o, text) || !*text || add_new(o, text, error);
}

bool merge_overcommit(MergeText *merge, const xmlNode *root, bool on, bool running, bool locked,
		      GError **error)
{
	g_autoptr(GPtrArray) commandlines = g_ptr_array_new(), arguments = g_ptr_array_new(),
			     words = g_ptr_array_new_with_free_func(g_free);
	Overcommit o = {merge, root, on, running, locked, commandlines, arguments, words};

	if (is_undeclared(root))
		return merge_overcommit_refused(
			error, "qemu:commandline without xmlns:qemu: libvirt would "
			       "drop it; declare the namespace or remove it");
	merge_overcommit_collect(&o);
	return merge_overcommit_decide(&o, error);
}
