/* SPDX-License-Identifier: MIT */
#include "planner/base/size.h"

#include <glib.h>
#include <string.h>

static const char units[] = "KMGT";

bool size_parse(const char *text, uint64_t *bytes)
{
	uint64_t number = 0;
	const char *unit;
	unsigned shift;

	if (!g_ascii_isdigit(*text))
		return false;
	for (; g_ascii_isdigit(*text); text++) {
		number = number * 10 + (uint64_t)(*text - '0');
		if (number > SIZE_LIMIT)
			return false;
	}
	if (*text) {
		unit = strchr(units, *text);
		if (!unit || text[1])
			return false;
		shift = 10 * (unsigned)(unit - units + 1);
		if (number > SIZE_LIMIT >> shift)
			return false;
		number <<= shift;
	}
	*bytes = number;
	return true;
}

char *size_format(uint64_t bytes)
{
	unsigned unit = 0;

	while (bytes && bytes % 1024 == 0 && unit < strlen(units)) {
		bytes /= 1024;
		unit++;
	}
	return unit ? g_strdup_printf("%" G_GUINT64_FORMAT "%c", bytes, units[unit - 1])
		    : g_strdup_printf("%" G_GUINT64_FORMAT, bytes);
}

/* ROUND is added before each division by 1024. */
static char *size_format_tenths(uint64_t bytes, unsigned round)
{
	unsigned unit = 0;
	uint64_t tenths = bytes * 10;

	while (tenths >= 10240 && unit < strlen(units)) {
		tenths = (tenths + round) / 1024;
		unit++;
	}
	if (!unit)
		return g_strdup_printf("%" G_GUINT64_FORMAT, bytes);
	if (tenths % 10 == 0)
		return g_strdup_printf("%" G_GUINT64_FORMAT "%c", tenths / 10, units[unit - 1]);
	return g_strdup_printf("%" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT "%c", tenths / 10,
			       tenths % 10, units[unit - 1]);
}

char *size_format_rounded(uint64_t bytes)
{
	return size_format_tenths(bytes, 512);
}

char *size_format_floor(uint64_t bytes)
{
	return size_format_tenths(bytes, 0);
}

char *size_format_ceiling(uint64_t bytes)
{
	return size_format_tenths(bytes, 1023);
}

uint64_t size_step(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}
