/* SPDX-License-Identifier: MIT */
#include "planner/base/naming.h"

#include "topology/base/list.h"

#define NAMES_MOST 6

void naming_add(Naming *naming, const char *name)
{
	if (!naming->text)
		naming->text = g_string_new(NULL);
	if (naming->n++ < NAMES_MOST)
		list_add(naming->text, "%s", name);
}

char *naming_end(Naming *naming)
{
	GString *text = naming->text ? naming->text : g_string_new(NULL);

	if (naming->n > NAMES_MOST)
		g_string_append_printf(text, " and %u more", naming->n - NAMES_MOST);
	*naming = (Naming){0};
	return g_string_free(text, FALSE);
}
