/* SPDX-License-Identifier: MIT */
#include "topology/base/cpulist.h"

#include "topology/base/error.h"

#include <stdlib.h>
#include <string.h>

typedef struct Region {
	unsigned first, last;
	unsigned used, group; /* of every `group` CPUs the first `used`; 1/1 = all of them */
} Region;

/* Decimal digits only: strtoul would take blanks, signs and, with base 0, octal. */
static bool cpulist_number_take(const char **at, unsigned *number)
{
	guint64 n = 0;

	if (!g_ascii_isdigit(**at))
		return false;
	for (; g_ascii_isdigit(**at); (*at)++)
		n = MIN(n * 10 + (guint64)(**at - '0'), G_MAXUINT);
	*number = (unsigned)n; /* beyond the limit is all that matters of a huge number */
	return true;
}

static bool cpulist_literal_take(const char **at, char c)
{
	if (**at != c)
		return false;
	(*at)++;
	return true;
}

/* `a`, `a-b` or `a-b:used/group`, up to the next comma; *AT moves to where reading stopped. */
static bool region_take(const char **at, Region *region)
{
	*region = (Region){.used = 1, .group = 1};
	if (!cpulist_number_take(at, &region->first))
		return false;
	region->last = region->first;
	if (!cpulist_literal_take(at, '-'))
		return true;
	if (!cpulist_number_take(at, &region->last))
		return false;
	if (!cpulist_literal_take(at, ':'))
		return true;
	return cpulist_number_take(at, &region->used) && cpulist_literal_take(at, '/') &&
	       cpulist_number_take(at, &region->group);
}

/* What is wrong with the region, NULL = nothing. */
static const char *region_fault(const Region *region)
{
	if (region->last >= CPULIST_LIMIT || region->first >= CPULIST_LIMIT)
		return "is not below " G_STRINGIFY(CPULIST_LIMIT) ", the maximum of Linux";
	if (region->first > region->last)
		return "is descending: write the lower CPU first";
	if (region->group == 0)
		return "has groups of no CPUs";
	if (region->group == G_MAXUINT)
		return "has a group that is too large";
	if (region->used > region->group)
		return "uses more CPUs than a group has";
	return NULL;
}

static void region_error(GError **error, const char *text, const char *fault)
{
	g_autofree char *region = g_strndup(text, MIN(strcspn(text, ","), 40));
	g_autofree char *shown = g_strescape(region, NULL);

	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT, "'%s' %s", shown, fault);
}

static GArray *regions_parse(const char *text, GError **error)
{
	g_autoptr(GArray) regions = g_array_new(FALSE, FALSE, sizeof(Region));
	bool more = *text; /* the empty text is the empty set */

	while (more) {
		const char *start = text, *fault;
		Region region;

		if (!region_take(&text, &region) || (*text && *text != ',')) {
			region_error(error, start,
				     strchr(",", *start) /* its NUL too */
					     ? "is empty: there is an extra comma"
					     : "is not a CPU, a-b or a-b:used/group");
			return NULL;
		}
		if ((fault = region_fault(&region))) {
			region_error(error, start, fault);
			return NULL;
		}
		g_array_append_val(regions, region);
		more = cpulist_literal_take(&text, ','); /* then a region must follow */
	}
	return g_steal_pointer(&regions);
}

/* Is CPU, one of first..last, among the used ones of its group? */
static bool region_has(const Region *region, unsigned cpu)
{
	return (cpu - region->first) % region->group < region->used;
}

hwloc_bitmap_t cpulist_parse(const char *text, GError **error)
{
	g_autoptr(GArray) regions = regions_parse(text, error);
	hwloc_bitmap_t set;

	if (!regions)
		return NULL;
	set = hwloc_bitmap_alloc();
	for (guint i = 0; i < regions->len; i++) {
		const Region *region = &g_array_index(regions, Region, i);

		if (region->used == region->group)
			hwloc_bitmap_set_range(set, region->first, (int)region->last);
		else
			for (unsigned cpu = region->first; cpu <= region->last; cpu++)
				if (region_has(region, cpu))
					hwloc_bitmap_set(set, cpu);
	}
	return set;
}

static bool cpus_append(GArray *cpus, hwloc_bitmap_t seen, const Region *region, GError **error)
{
	for (unsigned cpu = region->first; cpu <= region->last; cpu++) {
		if (!region_has(region, cpu))
			continue;
		if (hwloc_bitmap_isset(seen, cpu)) {
			g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
				    "CPU %u is named twice", cpu);
			return false;
		}
		hwloc_bitmap_set(seen, cpu);
		g_array_append_val(cpus, cpu);
	}
	return true;
}

GArray *cpulist_parse_ordered(const char *text, GError **error)
{
	g_autoptr(GArray) regions = regions_parse(text, error);
	g_autoptr(GArray) cpus = g_array_new(FALSE, FALSE, sizeof(unsigned));
	g_auto(CpuSet) seen = hwloc_bitmap_alloc();

	if (!regions)
		return NULL;
	for (guint i = 0; i < regions->len; i++)
		if (!cpus_append(cpus, seen, &g_array_index(regions, Region, i), error))
			return NULL;
	return g_steal_pointer(&cpus);
}

/* The data of an array that never held anything is NULL, which memcmp() may not be given. */
bool cpulist_ordered_equal(const GArray *a, const GArray *b)
{
	return a->len == b->len &&
	       (!a->len || !memcmp(a->data, b->data, a->len * sizeof(unsigned)));
}

char *cpulist_format(hwloc_const_bitmap_t set)
{
	g_autofree char *text = NULL;
	char *from_hwloc;

	g_assert(hwloc_bitmap_weight(set) >= 0); /* an infinite set names no CPUs */
	if (hwloc_bitmap_list_asprintf(&from_hwloc, set) < 0)
		error_memory();
	text = g_strdup(from_hwloc); /* GLib's own, so that g_free() is right for it */
	free(from_hwloc);
	return g_steal_pointer(&text);
}

/* 32 bits a word, the last word is CPUs 0-31. */
hwloc_bitmap_t cpumask_parse(const char *text)
{
	g_auto(GStrv) words = g_strsplit(text, ",", CPULIST_LIMIT / 32 + 1);
	unsigned n = g_strv_length(words);
	g_auto(CpuSet) set = hwloc_bitmap_alloc();

	if (n == 0 || n > CPULIST_LIMIT / 32)
		return NULL;
	for (unsigned i = 0; i < n; i++) {
		guint64 word;

		if (strlen(words[i]) > 8 ||
		    !g_ascii_string_to_unsigned(words[i], 16, 0, G_MAXUINT32, &word, NULL))
			return NULL;
		for (unsigned bit = 0; bit < 32; bit++)
			if (word >> bit & 1)
				hwloc_bitmap_set(set, (n - 1 - i) * 32 + bit);
	}
	return g_steal_pointer(&set);
}
