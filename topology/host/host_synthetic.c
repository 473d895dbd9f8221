/* SPDX-License-Identifier: MIT */
#include "topology/base/error.h"
#include "topology/host/host_load.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LEVELS_LIMIT 24	   /* hwloc knows 20 types of objects */
#define COUNT_LIMIT 100000 /* read so far, so that what there is too much of can be named */
#define MEMORY_LIMIT (UINT64_C(1) << 56) /* 64 PiB a node, as in inventories */
#define NODES_LIMIT 1024		 /* NUMA nodes of the largest Linux (MAX_NUMNODES) */
#define SIBLINGS_MANY 128		 /* objects in one other, from where groups help hwloc */
#define SIBLINGS_LIMIT 512		 /* that hwloc builds in a second or two */

#define BLANKS " \n" /* what hwloc takes between levels */
#define DIGITS "0123456789"

/* One level, `type:count(attributes)` or `[type(attributes)]` attached to the level before. */
typedef struct SyntheticLevel {
	char *type;
	char *indexes;	  /* the value of indexes=, NULL = none */
	char *memory;	  /* the value of memory=, NULL = none */
	char *others;	  /* the attributes but memory=, each after a blank */
	unsigned count;	  /* of them in each object of the level before */
	unsigned objects; /* of them in all */
	bool attached;
} SyntheticLevel;

static void level_clear(SyntheticLevel *level)
{
	g_free(level->type);
	g_free(level->indexes);
	g_free(level->memory);
	g_free(level->others);
}

static GArray *levels_new(void)
{
	GArray *levels = g_array_new(FALSE, TRUE, sizeof(SyntheticLevel));

	g_array_set_clear_func(levels, (GDestroyNotify)level_clear);
	return levels;
}

static bool host_synthetic_literal_take(const char **at, char c)
{
	if (**at != c)
		return false;
	(*at)++;
	return true;
}

/* Take the longest run of the characters ACCEPT, NULL if there is none. */
static char *run_take(const char **at, const char *accept)
{
	size_t length = strspn(*at, accept);
	char *run = length ? g_strndup(*at, length) : NULL;

	*at += length;
	return run;
}

/* A count as everybody reads it: hwloc itself would take 010 for 8. */
static bool count_take(const char **at, unsigned *count)
{
	g_autofree char *digits = run_take(at, DIGITS);
	guint64 number = 0;

	if (!digits || digits[0] == '0' ||
	    !g_ascii_string_to_unsigned(digits, 10, 1, COUNT_LIMIT, &number, NULL))
		return false;
	*count = (unsigned)number;
	return true;
}

/* The value of the attribute NAME= in WORD, if it is that, for the first time. */
static bool attribute_take(const char *word, const char *name, char **value)
{
	if (*value || !g_str_has_prefix(word, name))
		return false;
	*value = g_strdup(word + strlen(name));
	return true;
}

/* "(memory=64GB indexes=0,2,1,3)": what is not of interest hwloc checks. */
static bool attributes_take(const char **at, SyntheticLevel *level)
{
	g_autoptr(GString) others = g_string_new(NULL);
	g_autofree char *text = NULL;
	g_auto(GStrv) words = NULL;
	size_t length;

	if (!host_synthetic_literal_take(at, '('))
		return true;
	length = strcspn(*at, "()[]");
	text = g_strndup(*at, length);
	*at += length;
	words = g_strsplit(text, " ", -1);
	for (char **word = words; *word; word++) {
		if (attribute_take(*word, "memory=", &level->memory))
			continue;
		if (!attribute_take(*word, "indexes=", &level->indexes) &&
		    (g_str_has_prefix(*word, "indexes=") || g_str_has_prefix(*word, "memory=")))
			return false;
		if (**word)
			g_string_append_printf(others, " %s", *word);
	}
	level->others = g_string_free(g_steal_pointer(&others), FALSE);
	return host_synthetic_literal_take(at, ')');
}

static bool level_take(const char **at, SyntheticLevel *level)
{
	level->attached = host_synthetic_literal_take(at, '[');
	level->type = run_take(at, G_CSET_A_2_Z G_CSET_a_2_z DIGITS);
	level->count = 1;
	if (!level->type)
		return false;
	if (level->attached)
		return attributes_take(at, level) && host_synthetic_literal_take(at, ']');
	return host_synthetic_literal_take(at, ':') && count_take(at, &level->count) &&
	       attributes_take(at, level);
}

/*
 * How many objects each level has: the product of the counts down to it. hwloc numbers all attached
 * nodes as one level. Saturates above the limits.
 */
static void levels_count(GArray *levels)
{
	unsigned width = 1, nodes = 0;

	for (guint i = 0; i < levels->len; i++) {
		SyntheticLevel *level = &g_array_index(levels, SyntheticLevel, i);

		width = MIN(width * level->count, CPULIST_LIMIT + 1);
		level->objects = width;
		nodes += level->attached ? width : 0;
	}
	for (guint i = 0; i < levels->len; i++)
		if (g_array_index(levels, SyntheticLevel, i).attached)
			g_array_index(levels, SyntheticLevel, i).objects = nodes;
}

static GArray *levels_parse(const char *text, GError **error)
{
	g_autoptr(GArray) levels = levels_new();
	const char *at = text + strspn(text, BLANKS);

	while (*at) {
		const char *start = at;
		SyntheticLevel *level;

		g_array_set_size(levels, levels->len + 1);
		level = &g_array_index(levels, SyntheticLevel, levels->len - 1);
		if (levels->len > LEVELS_LIMIT || !level_take(&at, level)) {
			error_refuse(error,
				     "'%.*s' is not a level of an hwloc description such as "
				     "\"pack:2 [numa] l3:1 core:8 pu:2\", and no such file exists",
				     (int)MIN(strcspn(start, BLANKS), 40), start);
			return NULL;
		}
		at += strspn(at, BLANKS);
	}
	levels_count(levels);
	return g_steal_pointer(&levels);
}

/* indexes=0,2,1,3: as many different numbers as there are objects, then hwloc takes it. */
static bool list_is_whole(const char *list, unsigned objects)
{
	g_auto(GStrv) numbers = g_strsplit(list, ",", -1);
	g_auto(CpuSet) seen = hwloc_bitmap_alloc();

	for (char **number = numbers; *number; number++) {
		guint64 index;

		if (!g_ascii_string_to_unsigned(*number, 10, 0, CPULIST_LIMIT - 1, &index, NULL) ||
		    hwloc_bitmap_isset(seen, (unsigned)index))
			return false;
		hwloc_bitmap_set(seen, (unsigned)index);
	}
	return hwloc_bitmap_weight(seen) == (int)objects;
}

/* indexes=2*36:36*1: hwloc multiplies the counts, unguarded, and asserts on what comes of it. */
static bool loops_are_bounded(const char *loops)
{
	guint64 product = 1;

	do {
		unsigned step, count;

		if (!count_take(&loops, &step) || !host_synthetic_literal_take(&loops, '*') ||
		    !count_take(&loops, &count))
			return false;
		product *= count;
	} while (product <= CPULIST_LIMIT && host_synthetic_literal_take(&loops, ':'));
	return product <= CPULIST_LIMIT && !*loops;
}

static bool is_list(const char *indexes)
{
	return strspn(indexes, DIGITS ",") == strlen(indexes);
}

/* indexes=core:package */
static bool is_by_type(const SyntheticLevel *level)
{
	return level->indexes && g_ascii_isalpha(level->indexes[0]);
}

static bool indexes_check(const SyntheticLevel *level, GError **error)
{
	if (is_list(level->indexes))
		return list_is_whole(level->indexes, level->objects) ||
		       error_refuse(error, "indexes= of %s must name %u different numbers below %d",
				    level->type, level->objects, CPULIST_LIMIT);
	if (is_by_type(level) || loops_are_bounded(level->indexes))
		return true;
	return error_refuse(error,
			    "indexes= of %s must be numbers (0,2,1,3), loops (2*36:36*1) or types "
			    "(core:package)",
			    level->type);
}

/*
 * A size as hwloc 2.8 and later have it: bytes, or with kB (1000 bytes) to TB, kiB (1024) to TiB.
 * Older ones take GB for GiB.
 */
static bool host_synthetic_size_parse(const char *text, uint64_t *bytes)
{
	static const struct {
		const char *name;
		uint64_t bytes;
	} units[] = {{"", 1},
		     {"kB", 1000},
		     {"MB", 1000000},
		     {"GB", 1000000000},
		     {"TB", 1000000000000},
		     {"kiB", UINT64_C(1) << 10},
		     {"MiB", UINT64_C(1) << 20},
		     {"GiB", UINT64_C(1) << 30},
		     {"TiB", UINT64_C(1) << 40}};
	g_autofree char *digits = run_take(&text, DIGITS);

	for (unsigned i = 0; digits && i < G_N_ELEMENTS(units); i++) {
		guint64 number;

		if (strcmp(text, units[i].name) != 0)
			continue;
		if (!g_ascii_string_to_unsigned(digits, 10, 0, MEMORY_LIMIT / units[i].bytes,
						&number, NULL))
			return false;
		*bytes = number * units[i].bytes;
		return true;
	}
	return false;
}

static bool is_type(const SyntheticLevel *level, hwloc_obj_type_t wanted)
{
	hwloc_obj_type_t type;

	return hwloc_type_sscanf(level->type, &type, NULL, 0) == 0 && type == wanted;
}

/*
 * hwloc compares each object with all that are beside it. So where there are many, they are in
 * groups, of which planner makes nothing: the number of groups, 1 = none.
 */
static unsigned level_groups(const SyntheticLevel *level)
{
	unsigned groups = 1;

	if (level->count < SIBLINGS_MANY)
		return 1;
	for (unsigned i = 2; i * i <= level->count; i++)
		if (level->count % i == 0)
			groups = i;
	return groups;
}

static bool level_check(const SyntheticLevel *level, GError **error)
{
	uint64_t bytes;

	if (level->memory && !host_synthetic_size_parse(level->memory, &bytes))
		return error_refuse(
			error,
			"memory=%.40s of %s is not a size: bytes, or a number with kB, MB, "
			"GB, TB, kiB, MiB, GiB or TiB",
			level->memory, level->type);
	if (level->objects > CPULIST_LIMIT)
		return error_refuse(error, "%s: more than %d in all", level->type, CPULIST_LIMIT);
	if (level->attached && level->objects > NODES_LIMIT)
		return error_refuse(error, "has more than %d NUMA nodes", NODES_LIMIT);
	if (level->count / level_groups(level) > SIBLINGS_LIMIT)
		return error_refuse(
			error,
			"%s:%u is too many in one object: write them as a product, such "
			"as group:64 %s:128",
			level->type, level->count, level->type);
	return !level->indexes || indexes_check(level, error);
}

/* Are all types of indexes=core:package those of the level AT or of levels above it? hwloc asserts
 * on others. */
static bool types_are_above(const GArray *levels, guint at)
{
	g_auto(GStrv) names =
		g_strsplit(g_array_index(levels, SyntheticLevel, at).indexes, ":", -1);

	for (char **name = names; *name; name++) {
		hwloc_obj_type_t type;
		bool above = false;

		if (hwloc_type_sscanf(*name, &type, NULL, 0) < 0)
			return false;
		for (guint i = 0; i <= at && !above; i++) {
			const SyntheticLevel *level = &g_array_index(levels, SyntheticLevel, i);

			above = !level->attached && is_type(level, type);
		}
		if (!above)
			return false;
	}
	return true;
}

bool synthetic_check(const char *description, GError **error)
{
	g_autoptr(GArray) levels = levels_parse(description, error);
	const SyntheticLevel *last = NULL;

	for (guint i = 0; levels && i < levels->len; i++) {
		const SyntheticLevel *level = &g_array_index(levels, SyntheticLevel, i);

		if (!level_check(level, error))
			return false;
		if (is_by_type(level) && !is_type(level, HWLOC_OBJ_PU) &&
		    !types_are_above(levels, i))
			return error_refuse(error, "indexes= of %s must name it or levels above it",
					    level->type);
		if (!level->attached)
			last = level;
	}
	/* hwloc refuses it as well, but loses the attached nodes (2.9: one block for each). */
	if (levels && (!last || !is_type(last, HWLOC_OBJ_PU)))
		return error_refuse(error, "must end with the CPUs of a core: pu:1, pu:2 …");
	return levels != NULL;
}

/* Stands for none: hwloc takes a node without memory for one of 0, since 2.9.2 of 1 GiB, and makes
 * one of 1 GiB where there is no node. */
#define NO_MEMORY 1

char *synthetic_text(const char *description)
{
	g_autoptr(GArray) levels = levels_parse(description, NULL);
	GString *text = g_string_new(NULL);
	bool nodes = false, by_type = false;

	for (guint i = 0; levels && i < levels->len; i++)
		by_type |= is_by_type(&g_array_index(levels, SyntheticLevel, i));
	for (guint i = 0; levels && i < levels->len; i++) {
		const SyntheticLevel *level = &g_array_index(levels, SyntheticLevel, i);
		bool numa = is_type(level, HWLOC_OBJ_NUMANODE);
		unsigned groups = by_type ? 1 : level_groups(level);
		uint64_t bytes = 0;

		nodes = nodes || numa;
		if (groups > 1)
			g_string_append_printf(text, " group:%u", groups);
		g_string_append(text, level->attached ? " [" : " ");
		g_string_append(text, level->type);
		if (!level->attached)
			g_string_append_printf(text, ":%u", level->count / groups);
		if (level->memory)
			host_synthetic_size_parse(level->memory, &bytes);
		if (numa)
			g_string_append_printf(text, "(memory=%" PRIu64 "%s)",
					       bytes ? bytes : NO_MEMORY,
					       level->others ? level->others : "");
		else if (level->others && *level->others)
			g_string_append_printf(text, "(%s)", level->others + 1);
		if (level->attached)
			g_string_append_c(text, ']');
	}
	if (!nodes)
		g_string_prepend(text, "[numa(memory=" G_STRINGIFY(NO_MEMORY) ")]");
	return g_string_free(text, FALSE);
}

void synthetic_memory_clear(hwloc_topology_t topology)
{
	hwloc_obj_t node = NULL;

	while ((node = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_NUMANODE, node)))
		if (node->attr->numanode.local_memory == NO_MEMORY)
			node->attr->numanode.local_memory = 0;
}

static bool is_plain_order(hwloc_topology_t topology, hwloc_obj_type_t type)
{
	hwloc_obj_t object = NULL;

	while ((object = hwloc_get_next_obj_by_type(topology, type, object)))
		if (object->os_index != object->logical_index)
			return false;
	return true;
}

/*
 * Of an indexes= it does not understand hwloc says nothing and numbers plainly. Loops and types
 * must have led to anything but the plain order.
 */
static bool level_check_built(const SyntheticLevel *level, hwloc_topology_t topology,
			      GError **error)
{
	hwloc_obj_type_t type;

	if (hwloc_type_sscanf(level->type, &type, NULL, 0) < 0 ||
	    (type != HWLOC_OBJ_PU && type != HWLOC_OBJ_NUMANODE && type != HWLOC_OBJ_PACKAGE))
		return true; /* planner uses no other OS indexes */
	if (hwloc_get_nbobjs_by_type(topology, type) != (int)level->objects)
		return error_refuse(error, "hwloc made %d of %s, not %u: two have the same number",
				    hwloc_get_nbobjs_by_type(topology, type), level->type,
				    level->objects);
	if (level->indexes && !is_list(level->indexes) && level->objects > 1 &&
	    is_plain_order(topology, type))
		return error_refuse(
			error,
			"indexes=%.60s of %s has no effect: hwloc does not understand it, or "
			"it is the plain order; correct it or leave it out",
			level->indexes, level->type);
	return true;
}

bool synthetic_check_built(const char *description, hwloc_topology_t topology, GError **error)
{
	g_autoptr(GArray) levels = levels_parse(description, error);

	for (guint i = 0; levels && i < levels->len; i++)
		if (!level_check_built(&g_array_index(levels, SyntheticLevel, i), topology, error))
			return false;
	return levels != NULL;
}
