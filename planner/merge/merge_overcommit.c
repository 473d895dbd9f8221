/* SPDX-License-Identifier: MIT */
#include "planner/merge/merge_overcommit.h"
#include "planner/merge/merge_tree.h"
#include "topology/base/error.h"

#include <string.h>

typedef struct Overcommit {
	xmlNode *root;
	bool on, kept, locked;
	GPtrArray *commandlines; /* of xmlNode */
	GPtrArray *arguments;	 /* of xmlNode: their qemu:arg, in order */
	GPtrArray *words;	 /* of char *: "mem-lock=on", of all -overcommit together */
} Overcommit;

static void merge_overcommit_collect(Overcommit *o)
{
	for (xmlNode *node = o->root->children; node; node = node->next) {
		if (!xml_is_qemu(node, "commandline"))
			continue;
		g_ptr_array_add(o->commandlines, node);
		for (xmlNode *child = node->children; child; child = child->next)
			if (xml_is_qemu(child, "arg"))
				g_ptr_array_add(o->arguments, child);
	}
}

static bool is_option(const xmlNode *argument)
{
	return xml_says(argument, "value", "-overcommit") ||
	       xml_says(argument, "value", "--overcommit");
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

/* Command lines that hold nothing, since what they held is taken away. */
static void empty_remove(const Overcommit *o)
{
	for (unsigned i = 0; i < o->commandlines->len; i++) {
		xmlNode *commandline = g_ptr_array_index(o->commandlines, i);

		if (!commandline->children)
			merge_tree_remove(commandline);
	}
}

/* Change the first -overcommit that is there, or take it away; the others go. True if one stays. */
static bool edit_existing(const Overcommit *o, const char *text)
{
	bool kept = false, removed = false;

	for (unsigned i = 0; i < o->arguments->len; i++) {
		xmlNode *option = g_ptr_array_index(o->arguments, i), *value;

		if (!is_option(option))
			continue;
		value = g_ptr_array_index(o->arguments, ++i);
		if (*text && !kept) {
			merge_tree_set(value, "value", text);
			kept = true;
		} else {
			merge_tree_remove(option);
			merge_tree_remove(value);
			removed = true;
		}
	}
	if (removed)
		empty_remove(o);
	return kept;
}

static bool merge_overcommit_refused(GError **error, const char *why)
{
	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT, "domain: %s", why);
	return false;
}

/* QEMU's namespace with a prefix, declared where it is not yet. */
static xmlNs *merge_overcommit_namespace(const Overcommit *o, GError **error)
{
	for (xmlNs *ns = o->root->nsDef; ns; ns = ns->next) {
		if (ns->prefix && !strcmp((const char *)ns->href, QEMU_NAMESPACE))
			return ns;
		if (ns->prefix && !strcmp((const char *)ns->prefix, "qemu")) {
			merge_overcommit_refused(error, "xmlns:qemu is not QEMU's namespace");
			return NULL;
		}
	}
	return xmlNewNs(o->root, (const xmlChar *)QEMU_NAMESPACE, (const xmlChar *)"qemu");
}

static xmlNode *qemu_element(const Overcommit *o, xmlNs *ns, const char *name)
{
	return xmlNewDocNode(o->root->doc, ns, (const xmlChar *)name, NULL);
}

static xmlNode *argument_new(const Overcommit *o, xmlNs *ns, const char *value)
{
	xmlNode *argument = qemu_element(o, ns, "arg");

	merge_tree_set(argument, "value", value);
	return argument;
}

static bool add_new(const Overcommit *o, const char *text, GError **error)
{
	xmlNode *commandline = o->commandlines->len ? g_ptr_array_index(o->commandlines, 0) : NULL;
	xmlNs *ns = commandline ? commandline->ns : merge_overcommit_namespace(o, error);

	if (!ns)
		return false;
	if (!commandline) {
		commandline = qemu_element(o, ns, "commandline");
		xmlAddChild(commandline, argument_new(o, ns, "-overcommit"));
		xmlAddChild(commandline, argument_new(o, ns, text));
		merge_tree_append(o->root, commandline);
		return true;
	}
	merge_tree_append(commandline, argument_new(o, ns, "-overcommit"));
	merge_tree_append(commandline, argument_new(o, ns, text));
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
		value = xml_get(g_ptr_array_index(o->arguments, i), "value");
		words_add(o, value ? value : "");
	}
	o->on = o->on && (!o->kept || merge_overcommit_is_on(o, "cpu-pm"));
	words_decide(o);
	text = words_text(o);
	return edit_existing(o, text) || !*text || add_new(o, text, error);
}

bool merge_overcommit(xmlNode *root, bool on, bool kept, bool locked, GError **error)
{
	g_autoptr(GPtrArray) commandlines = g_ptr_array_new(), arguments = g_ptr_array_new(),
			     words = g_ptr_array_new_with_free_func(g_free);
	Overcommit o = {root, on, kept, locked, commandlines, arguments, words};

	if (is_undeclared(root))
		return merge_overcommit_refused(
			error, "qemu:commandline without xmlns:qemu: libvirt would "
			       "drop it; declare the namespace or remove it");
	merge_overcommit_collect(&o);
	return merge_overcommit_decide(&o, error);
}
