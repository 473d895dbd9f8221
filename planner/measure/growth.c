/* SPDX-License-Identifier: MIT */
#include "planner/measure/measure.h"

#define HALF_WAY 0x80000000u

uint64_t measure_growth(uint64_t before, uint64_t after)
{
	if (after >= before)
		return after - before;
	if (before >= HALF_WAY && before <= G_MAXUINT32 && after < HALF_WAY)
		return after + (1ull << 32) - before;
	return after;
}

bool measure_count(const GArray *counts, unsigned cpu, uint64_t *count)
{
	if (!counts || cpu >= counts->len)
		return false;
	*count = g_array_index(counts, guint64, cpu);
	return *count != COUNTER_UNKNOWN;
}

uint64_t measure_row_growth(const Interrupt *old, const Interrupt *now, unsigned cpu)
{
	uint64_t first = 0, last;

	if (!measure_count(now->counts, cpu, &last))
		return 0;
	if (old && !measure_count(old->counts, cpu, &first))
		first = 0;
	return measure_growth(first, last);
}
