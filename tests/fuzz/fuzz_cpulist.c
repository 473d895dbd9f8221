/* SPDX-License-Identifier: MIT */
/*
 * Any text: refused with one line, or a set that says the same again when formatted and parsed.
 * What is accepted has no character but the grammar's, and the two parsers agree.
 */
#include "topology/base/cpulist.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_ordered(const char *text, hwloc_const_bitmap_t set)
{
	g_autoptr(GArray) cpus = cpulist_parse_ordered(text, NULL);
	g_auto(CpuSet) same = hwloc_bitmap_alloc();

	if (!cpus) /* a CPU twice */
		return;
	for (guint i = 0; i < cpus->len; i++)
		hwloc_bitmap_set(same, g_array_index(cpus, unsigned, i));
	g_assert(hwloc_bitmap_isequal(set, same));
	g_assert(hwloc_bitmap_weight(set) == (int)cpus->len);
}

static void check_accepted(const char *text, hwloc_const_bitmap_t set)
{
	g_autofree char *canonical = cpulist_format(set);
	g_auto(CpuSet) again = cpulist_parse(canonical, NULL);

	g_assert(strspn(text, "0123456789,-:/") == strlen(text));
	g_assert(hwloc_bitmap_last(set) < CPULIST_LIMIT);
	g_assert(again && hwloc_bitmap_isequal(set, again));
	check_ordered(text, set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autoptr(GError) error = NULL;
	g_auto(CpuSet) set = cpulist_parse(text, &error);

	g_assert(!set == !!error);
	if (set) {
		check_accepted(text, set);
	} else {
		g_assert(!strchr(error->message, '\n'));
		g_assert(g_utf8_validate(error->message, -1, NULL));
		g_assert(!cpulist_parse_ordered(text, NULL));
	}
	return 0;
}
