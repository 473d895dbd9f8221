/* SPDX-License-Identifier: MIT */
#include "cmd/merged.h"
#include "cmd/output.h"
#include "planner/merge/merge.h"
#include "topology/base/error.h"
#include "topology/guests/libxml_load.h"

#include <stdio.h>

bool merged_possible(GError **error)
{
	if (libxml_load())
		return true;
	g_set_error_literal(error, PLANNER_ERROR, PLANNER_ERROR_SYSTEM,
			    "merging needs libxml2, which is not installed");
	return false;
}

char *merged_domain(const Rendering *rendering, const char *name, const char *base, size_t length,
		    GError **error)
{
	g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
	char *text;

	if (!merged_possible(error))
		return NULL;
	text = merge_domain(rendering, name, base, length, notes, error);
	for (unsigned i = 0; i < notes->len; i++) {
		g_autofree char *note = output_safe(g_ptr_array_index(notes, i));

		fprintf(stderr, "planner: %s\n", note);
	}
	return text;
}
