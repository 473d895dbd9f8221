/* SPDX-License-Identifier: MIT */
#include "cmd/save.h"
#include "topology/error.h"

static bool save_failed(GError **error, const char *name, const char *why)
{
	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_SYSTEM, "%s: %s", name, why);
	return false;
}

/* GLib's message names its temporary file; the reason is what follows the last colon. */
bool save_text(const char *name, const char *text, GError **error)
{
	g_autoptr(GError) failure = NULL;
	const char *colon;

	if (g_file_test(name, G_FILE_TEST_EXISTS) && !g_file_test(name, G_FILE_TEST_IS_REGULAR))
		return save_failed(error, name, "is not a regular file");
	if (g_file_set_contents_full(name, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0644,
				     &failure))
		return true;
	colon = g_strrstr(failure->message, ": ");
	return save_failed(error, name, colon ? colon + 2 : failure->message);
}
