/* SPDX-License-Identifier: MIT */
#include "topology/guests/domain.h"

#include <string.h>

static void blanks_skip(const char **at)
{
	*at += strspn(*at, " \t\n\v\f\r");
}

static bool cpu_take(const char **at, unsigned *cpu)
{
	unsigned number = 0;

	if (!g_ascii_isdigit(**at))
		return false;
	for (; g_ascii_isdigit(**at); (*at)++)
		number = MIN(number * 10 + (unsigned)(**at - '0'), DOMAIN_CPUS_MAX);
	*cpu = number;
	return number < DOMAIN_CPUS_MAX;
}

/* N, N-M or ^N, and the blanks after it. */
static bool term_take(const char **at, hwloc_bitmap_t set)
{
	bool remove = **at == '^';
	unsigned first, last;

	*at += remove;
	if (!cpu_take(at, &first))
		return false;
	blanks_skip(at);
	if (**at != '-') {
		if (remove)
			hwloc_bitmap_clr(set, first);
		else
			hwloc_bitmap_set(set, first);
		return true;
	}
	(*at)++;
	blanks_skip(at);
	if (remove || !cpu_take(at, &last) || last < first)
		return false;
	hwloc_bitmap_set_range(set, first, (int)last);
	blanks_skip(at);
	return true;
}

hwloc_bitmap_t domain_cpuset_parse(const char *text)
{
	g_auto(CpuSet) set = hwloc_bitmap_alloc();

	blanks_skip(&text);
	while (*text) {
		if (!term_take(&text, set) || (*text && *text != ','))
			return NULL;
		text += *text == ',';
		blanks_skip(&text);
	}
	return hwloc_bitmap_iszero(set) ? NULL : g_steal_pointer(&set);
}
