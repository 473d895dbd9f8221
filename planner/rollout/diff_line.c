/* SPDX-License-Identifier: MIT */
#include "planner/rollout/diff.h"

static void line_free(gpointer data)
{
	DiffLine *line = data;

	g_free(line->from);
	g_free(line->to);
	g_free(line);
}

GPtrArray *diff_lines_new(void)
{
	return g_ptr_array_new_with_free_func(line_free);
}

void diff_line_add(GPtrArray *lines, const char *what, const char *from, const char *to, Cost cost)
{
	DiffLine *line;

	if (!g_strcmp0(from, to))
		return;
	line = g_new0(DiffLine, 1);
	line->what = what;
	line->from = g_strdup(from ? from : "not known");
	line->to = g_strdup(to ? to : "not known");
	line->cost = cost;
	g_ptr_array_add(lines, line);
}
