/* SPDX-License-Identifier: MIT */
#include "topology/base/error.h"
#include "topology/host/host_load.h"

#include <string.h>

/*
 * The rules hwloc's own <object>s keep and its reader relies on: which type may be in which, that
 * sets are within the parent's and apart from the siblings', that a PU is its os_index.
 */

#define NODE_LIMIT 4096 /* NUMA node numbers; Linux ends at 1024 */
#define WORDS_LIMIT (CPULIST_LIMIT / 32)

typedef enum Class { NORMAL, MEMORY, DEVICE } Class;

/* The types of hwloc 2 as it writes them; it reads "pU7x" as a PU too. */
static const struct XmlType {
	const char *name;
	Class class;
	bool nests; /* may be somewhere in another of its type */
} types[] = {
	{"Machine", NORMAL, false},  {"Group", NORMAL, true},	  {"Package", NORMAL, true},
	{"Die", NORMAL, false},	     {"L5Cache", NORMAL, false},  {"L4Cache", NORMAL, false},
	{"L3Cache", NORMAL, false},  {"L2Cache", NORMAL, false},  {"L1Cache", NORMAL, false},
	{"L3iCache", NORMAL, false}, {"L2iCache", NORMAL, false}, {"L1iCache", NORMAL, false},
	{"Core", NORMAL, false},     {"PU", NORMAL, false},	  {"MemCache", MEMORY, true},
	{"NUMANode", MEMORY, false}, {"Bridge", DEVICE, true},	  {"PCIDev", DEVICE, true},
	{"OSDev", DEVICE, true},
};

static const char *const set_names[XML_SETS] = {"cpuset", "complete_cpuset", "nodeset",
						"complete_nodeset"};

const char *xml_attribute(const char *const *pairs, const char *name)
{
	for (; pairs && pairs[0]; pairs += 2)
		if (g_str_equal(pairs[0], name))
			return pairs[1];
	return NULL;
}

static const XmlType *type_find(const char *name)
{
	for (guint i = 0; name && i < G_N_ELEMENTS(types); i++)
		if (g_str_equal(types[i].name, name))
			return &types[i];
	return NULL;
}

bool xml_object_is(const XmlObject *object, const char *name)
{
	return g_str_equal(object->type->name, name);
}

bool xml_object_is_device(const XmlObject *object)
{
	return object->type->class == DEVICE;
}

static bool host_xml_object_number_take(const char *text, guint64 limit, unsigned *number)
{
	guint64 value;

	if (!text || !g_ascii_string_to_unsigned(text, 10, 0, limit - 1, &value, NULL))
		return false;
	*number = (unsigned)value;
	return true;
}

/* hwloc would read a number out of "-1" and of "", and allocate for 4000000000. */
static bool index_read(XmlObject *object, const char *const *pairs, GError **error)
{
	const char *text = xml_attribute(pairs, "os_index");

	object->index = HWLOC_UNKNOWN_INDEX;
	if (xml_object_is(object, "PU") &&
	    !host_xml_object_number_take(text, CPULIST_LIMIT, &object->index))
		return error_refuse(error, "a PU needs an os_index below %d", CPULIST_LIMIT);
	if (xml_object_is(object, "NUMANode") &&
	    !host_xml_object_number_take(text, NODE_LIMIT, &object->index))
		return error_refuse(error, "a NUMANode needs an os_index below %d", NODE_LIMIT);
	if (text && !host_xml_object_number_take(text, G_MAXUINT32, &object->index))
		return error_refuse(error, "an os_index is not a number below 4294967295");
	return true;
}

/* One 32-bit word, "0x0000000f"; hwloc leaves a word of zeros out between commas. */
static bool word_take(const char **at, guint32 *word)
{
	int digits = 0;

	*word = 0;
	if (**at == ',')
		return true;
	if ((*at)[0] != '0' || (*at)[1] != 'x')
		return false;
	for (*at += 2; g_ascii_isxdigit(**at); (*at)++, digits++)
		*word = *word << 4 | (guint32)g_ascii_xdigit_value(**at);
	return digits >= 1 && digits <= 8;
}

/*
 * What hwloc_bitmap_sscanf() is for, without its infinite sets, wild words and the assertion that
 * fails on a leading comma: words from the highest to the lowest, between single commas.
 */
static bool set_parse(hwloc_bitmap_t set, const char *text)
{
	guint32 words[WORDS_LIMIT];
	unsigned n = 0;
	bool more = *text != ',';

	while (more) {
		if (n == WORDS_LIMIT || !word_take(&text, &words[n++]))
			return false;
		more = *text == ',';
		text += more;
	}
	if (n == 0 || *text || text[-1] == ',')
		return false;
	for (unsigned i = 0; i < n; i += 2) {
		guint64 high = i + 1 < n ? words[n - 2 - i] : 0;

		hwloc_bitmap_set_ith_ulong(set, i / 2, high << 32 | words[n - 1 - i]);
	}
	return true;
}

hwloc_bitmap_t xml_set_read(const char *const *pairs, const char *name, GError **error)
{
	const char *text = xml_attribute(pairs, name);
	g_auto(CpuSet) set = hwloc_bitmap_alloc();
	int limit = strstr(name, "cpuset") ? CPULIST_LIMIT : NODE_LIMIT;

	if (!text || !set_parse(set, text) || hwloc_bitmap_last(set) >= limit) {
		error_refuse(error, "%s is not a set of numbers below %d", name, limit);
		return NULL;
	}
	return g_steal_pointer(&set);
}

static bool set_is(hwloc_const_bitmap_t set, unsigned index)
{
	return hwloc_bitmap_weight(set) == 1 && hwloc_bitmap_isset(set, index);
}

static bool sets_read(XmlObject *object, const char *const *pairs, GError **error)
{
	for (guint i = 0; i < XML_SETS; i++)
		if (!(object->set[i] = xml_set_read(pairs, set_names[i], error)))
			return false;
	if (!hwloc_bitmap_isincluded(object->set[XML_CPUS], object->set[XML_ALL_CPUS]) ||
	    !hwloc_bitmap_isincluded(object->set[XML_NODES], object->set[XML_ALL_NODES]))
		return error_refuse(error, "the sets of a %s are not within its complete sets",
				    object->type->name);
	if (xml_object_is(object, "PU") && (!set_is(object->set[XML_CPUS], object->index) ||
					    !set_is(object->set[XML_ALL_CPUS], object->index)))
		return error_refuse(error, "the PU of CPU %u has a cpuset of other CPUs",
				    object->index);
	if (xml_object_is(object, "NUMANode") && !set_is(object->set[XML_ALL_NODES], object->index))
		return error_refuse(error, "NUMANode %u has a nodeset of other nodes",
				    object->index);
	return true;
}

/* May an object of this type be in PARENT? What each may hold is hwloc's, from its hwloc.h. */
static bool place_check(const XmlObject *object, const XmlObject *parent, GError **error)
{
	bool fits = parent->type->class == NORMAL && !xml_object_is(object, "Machine");

	if (object->type->class == MEMORY)
		fits = fits || xml_object_is(parent, "MemCache");
	else if (object->type->class == DEVICE)
		fits = fits || parent->type->class == DEVICE;
	else
		fits = fits && !xml_object_is(parent, "PU");
	for (const XmlObject *above = parent; above && fits && !object->type->nests;
	     above = above->parent)
		fits = above->type != object->type;
	return fits || error_refuse(error, "a %s cannot be in a %s", object->type->name,
				    parent->type->name);
}

static bool sets_check(const XmlObject *object, XmlObject *parent, GError **error)
{
	for (guint i = 0; i < XML_SETS; i++)
		if (!hwloc_bitmap_isincluded(object->set[i], parent->set[i]))
			return error_refuse(error, "the %s of a %s is not within that of its %s",
					    set_names[i], object->type->name, parent->type->name);
	if (object->type->class != NORMAL)
		return true;
	if (hwloc_bitmap_intersects(parent->taken, object->set[XML_ALL_CPUS]))
		return error_refuse(error, "a %s has CPUs of the one before it",
				    object->type->name);
	hwloc_bitmap_or(parent->taken, parent->taken, object->set[XML_ALL_CPUS]);
	return true;
}

bool xml_object_read(XmlObject *object, XmlObject *parent, const char *const *pairs, GError **error)
{
	const char *name = xml_attribute(pairs, "type");

	object->parent = parent;
	object->type = type_find(name);
	if (!object->type)
		return error_refuse(error,
				    "an object has the type '%.40s', which planner does not know",
				    name ? name : "");
	if (!parent && !xml_object_is(object, "Machine"))
		return error_refuse(error, "the outermost object is not a Machine");
	if (!index_read(object, pairs, error))
		return false;
	if (parent && !place_check(object, parent, error))
		return false;
	if (object->type->class == DEVICE)
		return true;
	object->taken = hwloc_bitmap_alloc();
	return sets_read(object, pairs, error) && (!parent || sets_check(object, parent, error));
}

void xml_object_clear(XmlObject *object)
{
	for (guint i = 0; i < XML_SETS; i++)
		hwloc_bitmap_free(object->set[i]);
	hwloc_bitmap_free(object->taken);
}
