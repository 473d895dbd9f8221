/* SPDX-License-Identifier: MIT */
#include "planner/base/version.h"

#include <glib.h>
#include <string.h>

#define PART_MAX 9999 /* no part of a version is larger; keeps the arithmetic safe */

/* Read digits at *TEXT; false when there are none or too many. */
static bool part_read(const char **text, unsigned *part)
{
	const char *start = *text;

	*part = 0;
	for (; g_ascii_isdigit(**text); (*text)++) {
		*part = *part * 10 + (unsigned)(**text - '0');
		if (*part > PART_MAX)
			return false;
	}
	return *text > start;
}

static bool version_read(const char *text, unsigned *major, unsigned *minor)
{
	return part_read(&text, major) && *text++ == '.' && part_read(&text, minor);
}

bool version_valid(const char *text)
{
	unsigned major, minor;

	if (!version_read(text, &major, &minor))
		return false;
	for (; *text; text++)
		if (!g_ascii_isalnum(*text) && !strchr("._+~-", *text))
			return false;
	return true;
}

bool version_before(const char *text, unsigned major, unsigned minor)
{
	unsigned have_major, have_minor;

	if (!version_read(text, &have_major, &have_minor))
		return false;
	return have_major != major ? have_major < major : have_minor < minor;
}
