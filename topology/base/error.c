/* SPDX-License-Identifier: MIT */
#include "topology/base/error.h"

#include <errno.h>

/* clang-format off */
G_DEFINE_QUARK(planner-error, planner_error)
/* clang-format on */

bool error_errno(GError **error, const char *name)
{
	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_SYSTEM, "%s: %s", name, g_strerror(errno));
	return false;
}

bool error_refuse(GError **error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (error)
		*error = g_error_new_valist(PLANNER_ERROR, PLANNER_ERROR_INPUT, format, args);
	va_end(args);
	return false;
}

void error_memory(void)
{
	g_error("out of memory");
}
