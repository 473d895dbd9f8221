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
