/* SPDX-License-Identifier: MIT */
#include "topology/base/error.h"
#include "topology/host/host_load.h"

#include <string.h>

/*
 * hwloc trusts the XML it reads: its own small parser takes what is no XML, and objects or
 * distances that break its rules end in failed assertions or wild pointers. So GMarkup parses the
 * file, strictly, host_xml_object.c holds every object against the rules, and hwloc gets a new text
 * with the few elements and attributes planner needs. GMarkup knows no entities but XML's own five,
 * and spares every run the loading of libxml2.
 */

#define OBJECTS_LIMIT 200000 /* a machine of 8192 CPUs has some 60,000 */
#define CHILDREN_LIMIT 10000 /* of one object: hwloc's time grows with the square */
#define KINDS_LIMIT 64	     /* kinds of CPUs; real machines have 3 */

static const char *const topology_attributes[] = {"version", NULL};
static const char *const kind_attributes[] = {"cpuset", "forced_efficiency", NULL};
static const char *const info_attributes[] = {"name", "value", NULL};
static const char *const device_attributes[] = {"type",	     "os_index", "name",       "subtype",
						"pci_busid", "pci_type", "osdev_type", NULL};
static const char *const object_attributes[] = {
	"type",	   "os_index",	       "name",	     "subtype", "cpuset",     "complete_cpuset",
	"nodeset", "complete_nodeset", "cache_size", "depth",	"cache_type", "local_memory",
	"kind",	   "subkind",	       "dont_merge", NULL};
static const char *const machine_attributes[] = {
	"type",	   "os_index",	       "cpuset",	 "complete_cpuset",
	"nodeset", "complete_nodeset", "allowed_cpuset", "allowed_nodeset",
	NULL};

typedef struct Element Element;
typedef struct Rewrite Rewrite;

typedef struct Open { /* an element that is not closed yet */
	const Element *element;
	XmlObject *object; /* NULL for the others */
	GArray *numbers;   /* of a matrix, where the text is such; borrowed */
	unsigned children;
	bool silent; /* not written; what is in it is */
} Open;

struct Rewrite {
	GString *text;
	GArray *open;	   /* of Open, the root first */
	unsigned skipping; /* how deep in an element that is left out */
	unsigned objects, pus, nodes, kinds;
	hwloc_bitmap_t node_numbers;
	XmlMatrix matrix;
	GMarkupParseContext *parser;
	GError *error;
};

/* What hwloc gets to see. */
struct Element {
	const char *name;
	const char *parents[2];
	const char *const *attributes;
	bool (*check)(Rewrite *rewrite, Open *open, const char *const *pairs);
	void (*end)(Rewrite *rewrite); /* or NULL */
};

/* Keep the first error, and where it was; the callbacks hand it to the parser, which stops. */
static bool host_xml_stop(Rewrite *rewrite, GError *what)
{
	int line;

	if (rewrite->error) {
		g_clear_error(&what);
		return false;
	}
	g_markup_parse_context_get_position(rewrite->parser, &line, NULL);
	rewrite->error = what;
	g_prefix_error(&rewrite->error, "line %d: ", line);
	return false;
}

static bool stop_saying(Rewrite *rewrite, const char *what)
{
	GError *error = NULL;

	error_refuse(&error, "%s", what);
	return host_xml_stop(rewrite, error);
}

static Open *host_xml_innermost(const Rewrite *rewrite)
{
	guint depth = rewrite->open->len;

	return depth ? &g_array_index(rewrite->open, Open, depth - 1) : NULL;
}

/* hwloc 2 reads what hwloc 2 wrote; a minor version more or less is no matter. */
static bool topology_check(Rewrite *rewrite, Open *open, const char *const *pairs)
{
	const char *version = xml_attribute(pairs, "version");

	(void)open;
	if (!version || g_str_has_prefix(version, "1."))
		return stop_saying(rewrite, "is of hwloc 1; convert it with `lstopo -i OLD.xml "
					    "NEW.xml` of hwloc 2");
	if (!g_regex_match_simple("^2\\.[0-9]{1,3}\\z", version, 0, 0))
		return stop_saying(rewrite, "is not of hwloc 2; hwloc 3 writes that with `lstopo "
					    "--export-xml-flags v2`");
	return true;
}

static bool object_count(Rewrite *rewrite, const XmlObject *object)
{
	Open *parent = host_xml_innermost(rewrite);

	if (++rewrite->objects > OBJECTS_LIMIT || ++parent->children > CHILDREN_LIMIT)
		return stop_saying(rewrite, "has too many objects");
	if (!object->parent && parent->children > 1)
		return stop_saying(rewrite, "has two machines");
	if (xml_object_is(object, "PU"))
		rewrite->pus++;
	if (!xml_object_is(object, "NUMANode"))
		return true;
	if (hwloc_bitmap_isset(rewrite->node_numbers, object->index))
		return stop_saying(rewrite, "has two NUMANodes of one os_index");
	hwloc_bitmap_set(rewrite->node_numbers, object->index);
	return true;
}

static bool allowed_check(const char *const *pairs, GError **error)
{
	g_auto(CpuSet) cpus = xml_set_read(pairs, "allowed_cpuset", error);
	g_auto(CpuSet) nodes = cpus ? xml_set_read(pairs, "allowed_nodeset", error) : NULL;

	return nodes != NULL;
}

static bool object_check(Rewrite *rewrite, Open *open, const char *const *pairs)
{
	GError *error = NULL;

	open->object = g_new0(XmlObject, 1);
	if (!xml_object_read(open->object, host_xml_innermost(rewrite)->object, pairs, &error) ||
	    (!open->object->parent && !allowed_check(pairs, &error)))
		return host_xml_stop(rewrite, error);
	open->silent = xml_object_is(open->object, "Bridge"); /* planner needs none of them */
	return object_count(rewrite, open->object);
}

static bool kind_check(Rewrite *rewrite, Open *open, const char *const *pairs)
{
	GError *error = NULL;
	g_auto(CpuSet) cpus = xml_set_read(pairs, "cpuset", &error);

	(void)open;
	if (!cpus)
		return host_xml_stop(rewrite, error);
	return ++rewrite->kinds <= KINDS_LIMIT ||
	       stop_saying(rewrite, "has too many kinds of CPUs");
}

/* Infos are many and long; of objects planner reads two. */
static bool info_check(Rewrite *rewrite, Open *open, const char *const *pairs)
{
	const char *name = xml_attribute(pairs, "name");

	if (host_xml_innermost(rewrite)->object)
		open->silent = g_strcmp0(name, "Architecture") && g_strcmp0(name, "CPUModel");
	return true;
}

static bool matrix_check(Rewrite *rewrite, Open *open, const char *const *pairs)
{
	open->silent = true;
	xml_matrix_begin(&rewrite->matrix, pairs);
	return true;
}

static bool host_xml_indexes_check(Rewrite *rewrite, Open *open, const char *const *pairs)
{
	(void)pairs;
	open->silent = true;
	open->numbers = rewrite->matrix.indexes;
	return true;
}

static bool values_check(Rewrite *rewrite, Open *open, const char *const *pairs)
{
	(void)pairs;
	open->silent = true;
	open->numbers = rewrite->matrix.values;
	return true;
}

static void numbers_end(Rewrite *rewrite)
{
	xml_matrix_read(&rewrite->matrix, host_xml_innermost(rewrite)->numbers, " ", 1);
}

static void matrix_end(Rewrite *rewrite)
{
	xml_matrix_write(&rewrite->matrix, rewrite->node_numbers, rewrite->text);
}

static const Element elements[] = {
	{"topology", {NULL}, topology_attributes, topology_check, NULL},
	{"object", {"topology", "object"}, object_attributes, object_check, NULL},
	{"info", {"object", "cpukind"}, info_attributes, info_check, NULL},
	{"cpukind", {"topology"}, kind_attributes, kind_check, NULL},
	{"distances2", {"topology"}, NULL, matrix_check, matrix_end},
	{"indexes", {"distances2"}, NULL, host_xml_indexes_check, numbers_end},
	{"u64values", {"distances2"}, NULL, values_check, numbers_end},
};

/* Users' and memory modules' objects, which sit anywhere. */
static bool is_misc(const char *const *pairs)
{
	return g_strcmp0(xml_attribute(pairs, "type"), "Misc") == 0;
}

static const Element *element_find(const char *name, const Open *parent)
{
	for (guint i = 0; i < G_N_ELEMENTS(elements); i++) {
		const Element *element = &elements[i];

		if (!g_str_equal(element->name, name))
			continue;
		if (!parent)
			return element->parents[0] ? NULL : element;
		for (guint j = 0; j < G_N_ELEMENTS(element->parents); j++)
			if (g_strcmp0(parent->element->name, element->parents[j]) == 0)
				return element;
	}
	return NULL;
}

/* Escaped as hwloc's parser reads it: it knows no other references. */
static void character_append(GString *text, char c)
{
	switch (c) {
	case '&':
		g_string_append(text, "&amp;");
		break;
	case '<':
		g_string_append(text, "&lt;");
		break;
	case '>':
		g_string_append(text, "&gt;");
		break;
	case '"':
		g_string_append(text, "&quot;");
		break;
	default:
		g_string_append_printf(text, "&#%d;", c);
	}
}

static void attribute_append(GString *text, const char *name, const char *value)
{
	if (!value)
		return;
	g_string_append_c(text, ' ');
	g_string_append(text, name);
	g_string_append(text, "=\"");
	for (;;) {
		size_t plain = strcspn(value, "&<>\"\n\r\t");

		g_string_append_len(text, value, (gssize)plain);
		value += plain;
		if (!*value)
			break;
		character_append(text, *value++);
	}
	g_string_append_c(text, '"');
}

static void element_append(GString *text, const Open *open, const char *const *pairs)
{
	const char *const *name = open->element->attributes;

	if (open->silent)
		return;
	if (open->object && !open->object->parent)
		name = machine_attributes;
	else if (open->object && xml_object_is_device(open->object))
		name = device_attributes;
	g_string_append_printf(text, "<%s", open->element->name);
	for (; *name; name++)
		attribute_append(text, *name, xml_attribute(pairs, *name));
	g_string_append(text, ">\n");
}

static void open_clear(Open *open)
{
	if (open->object)
		xml_object_clear(open->object);
	g_free(open->object);
}

/* Is the element, found at its place and not skipped, good? Then it is open. */
static void element_begin(Rewrite *rewrite, const char *name, const char *const *pairs)
{
	const Open *parent = host_xml_innermost(rewrite);
	Open open = {.element = element_find(name, parent)};

	if (rewrite->skipping || (parent && !open.element) || is_misc(pairs)) {
		rewrite->skipping++;
		return;
	}
	if (!open.element) {
		stop_saying(rewrite, "this is XML, but hwloc's begins with <topology>");
		return;
	}
	if (!open.element->check(rewrite, &open, pairs)) {
		open_clear(&open);
		return;
	}
	element_append(rewrite->text, &open, pairs);
	g_array_append_val(rewrite->open, open);
}

/* Tell the parser that we stopped. */
static void host_xml_hand_over(const Rewrite *rewrite, GError **error)
{
	if (rewrite->error && error)
		*error = g_error_copy(rewrite->error);
}

/* Names and values as one list of pairs, ended by NULL, borrowed. */
static GPtrArray *pairs_of(const char **names, const char **values)
{
	GPtrArray *pairs = g_ptr_array_new();

	for (; *names; names++, values++) {
		g_ptr_array_add(pairs, (char *)*names);
		g_ptr_array_add(pairs, (char *)*values);
	}
	g_ptr_array_add(pairs, NULL);
	return pairs;
}

static void on_start(GMarkupParseContext *context, const char *name, const char **names,
		     const char **values, gpointer data, GError **error)
{
	g_autoptr(GPtrArray) pairs = pairs_of(names, values);

	(void)context;
	element_begin(data, name, (const char *const *)pairs->pdata);
	host_xml_hand_over(data, error);
}

static void on_end(GMarkupParseContext *context, const char *name, gpointer data, GError **error)
{
	Rewrite *rewrite = data;

	(void)context, (void)error;
	if (rewrite->skipping) {
		rewrite->skipping--;
		return;
	}
	if (host_xml_innermost(rewrite)->element->end)
		host_xml_innermost(rewrite)->element->end(rewrite);
	if (!host_xml_innermost(rewrite)->silent)
		g_string_append_printf(rewrite->text, "</%s>\n", name);
	g_array_set_size(rewrite->open, rewrite->open->len - 1);
}

static void on_text(GMarkupParseContext *context, const char *text, gsize length, gpointer data,
		    GError **error)
{
	Rewrite *rewrite = data;
	const Open *open = host_xml_innermost(rewrite);

	(void)context, (void)error;
	if (!rewrite->skipping && open && open->numbers)
		xml_matrix_read(&rewrite->matrix, open->numbers, text, length);
}

/* Comments, instructions and the DOCTYPE. hwloc's files name hwloc2.dtd there and declare nothing.
 */
static void on_passthrough(GMarkupParseContext *context, const char *text, gsize length,
			   gpointer data, GError **error)
{
	(void)context;
	if (g_str_has_prefix(text, "<!DOCTYPE") && memchr(text, '[', length))
		stop_saying(data, "declares entities, which no hwloc file does");
	host_xml_hand_over(data, error);
}

/* GMarkup's messages begin with where, "Error on line 3 char 7: …", which we say our way. */
static void not_well_formed(Rewrite *rewrite, GError *failure)
{
	const char *what = failure->message, *colon = strstr(what, ": ");
	g_autofree char *text = NULL;
	int line;

	if (g_str_has_prefix(what, "Error on line") && colon)
		what = colon + 2;
	text = g_strdup(what);
	g_markup_parse_context_get_position(rewrite->parser, &line, NULL);
	error_refuse(&rewrite->error, "line %d: is not well-formed XML: %s", line,
		     g_strdelimit(text, "\n\r\t", ' '));
}

static void end_check(Rewrite *rewrite)
{
	if (rewrite->pus == 0 || hwloc_bitmap_iszero(rewrite->node_numbers))
		error_refuse(&rewrite->error, "is a topology without %s",
			     rewrite->pus ? "NUMANodes" : "PUs");
}

static void rewrite_run(Rewrite *rewrite, const char *xml, size_t length)
{
	static const GMarkupParser callbacks = {.start_element = on_start,
						.end_element = on_end,
						.text = on_text,
						.passthrough = on_passthrough};
	g_autoptr(GMarkupParseContext) parser =
		g_markup_parse_context_new(&callbacks, 0, rewrite, NULL);
	g_autoptr(GError) failure = NULL;

	rewrite->parser = parser;
	if (!g_markup_parse_context_parse(parser, xml, (gssize)length, &failure) ||
	    !g_markup_parse_context_end_parse(parser, &failure)) {
		if (!rewrite->error)
			not_well_formed(rewrite, failure);
		return;
	}
	end_check(rewrite);
}

GString *xml_rewrite(const char *xml, size_t length, GError **error)
{
	g_autoptr(GString) text = g_string_sized_new(length + 1);
	g_autoptr(GArray) open = g_array_new(FALSE, FALSE, sizeof(Open));
	g_auto(CpuSet) node_numbers = hwloc_bitmap_alloc();
	Rewrite rewrite = {.text = text, .open = open, .node_numbers = node_numbers};

	g_array_set_clear_func(open, (GDestroyNotify)open_clear);
	xml_matrix_init(&rewrite.matrix);
	rewrite_run(&rewrite, xml, length);
	xml_matrix_clear(&rewrite.matrix);
	if (rewrite.error) {
		g_propagate_error(error, rewrite.error);
		return NULL;
	}
	return g_steal_pointer(&text);
}
