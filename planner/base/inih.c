/* SPDX-License-Identifier: MIT */
#include "planner/base/inih.h"

#include <glib.h>

void inih_configure(void)
{
	static gsize done;

	if (!g_once_init_enter(&done))
		return;
	ini_max_line = INIH_LINE_MAX + 96;
	ini_use_stack = true;
	ini_allow_multiline = false;
	ini_stop_on_first_error = false;
	g_once_init_leave(&done, 1);
}
