/* SPDX-License-Identifier: MIT */
#include "topology/base/list.h"

void list_add(GString *list, const char *format, ...)
{
	va_list args;

	if (list->len)
		g_string_append(list, ", ");
	va_start(args, format);
	g_string_append_vprintf(list, format, args);
	va_end(args);
}
