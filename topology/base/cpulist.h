/* SPDX-License-Identifier: MIT */
/*
 * CPU lists as text: "0-3,18-21". Sets are hwloc bitmaps of OS indexes, everywhere.
 *
 * Read with the kernel's grammar (lib/bitmap.c, bitmap_parselist), strictly: regions separated by
 * single commas, each `a`, `a-b` or `a-b:used/group`; decimal digits only. Refused although some
 * parser takes it: blanks, empty regions, `all`, `N`, `^n`, hexadecimal, descending ranges, signs,
 * a zero group, used > group, and any CPU at or above CPULIST_LIMIT. One bad region refuses the
 * list.
 */
#ifndef TOPOLOGY_BASE_CPULIST_H
#define TOPOLOGY_BASE_CPULIST_H

#include <glib.h>
#include <hwloc.h>
#include <stdbool.h>

/* The most CPUs a Linux kernel is built for (x86 NR_CPUS with MAXSMP, arch/x86/Kconfig). */
#define CPULIST_LIMIT 8192

typedef hwloc_bitmap_t CpuSet; /* so that g_auto(CpuSet) frees it */
G_DEFINE_AUTO_CLEANUP_FREE_FUNC(CpuSet, hwloc_bitmap_free, NULL)

/*
 * Parse TEXT into a new set, yours to free. The empty text is the empty set.
 * On error NULL, with a message that says which region is wrong and why, without file or line.
 */
hwloc_bitmap_t cpulist_parse(const char *text, GError **error);

/*
 * Parse TEXT keeping its order: "10,46,11-12" gives 10, 46, 11, 12 as a GArray of unsigned, yours
 * to free. A CPU named twice is an error.
 */
GArray *cpulist_parse_ordered(const char *text, GError **error);

/* Both name the same CPUs in the same order; two without a CPU do. */
bool cpulist_ordered_equal(const GArray *a, const GArray *b);

/* The shortest ascending kernel form of SET, yours to free; "" for the empty set. SET is finite. */
char *cpulist_format(hwloc_const_bitmap_t set);

/* The mask "00ff,ffffffff" as a set, yours; NULL where it is none. */
hwloc_bitmap_t cpumask_parse(const char *text);

#endif
