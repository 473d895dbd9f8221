/* SPDX-License-Identifier: MIT */
#include "cmd/save.h"
#include "planner/base/json.h"
#include "planner/document/plan_write.h"
#include "topology/base/error.h"
#include "topology/base/signals.h"

#include <unistd.h>

static bool save_failed(GError **error, const char *name, const char *why)
{
	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_SYSTEM, "%s: %s", name, why);
	return false;
}

bool save_possible(const char *name, GError **error)
{
	if (!g_file_test(name, G_FILE_TEST_EXISTS) || g_file_test(name, G_FILE_TEST_IS_REGULAR))
		return true;
	return save_failed(error, name, "is not a regular file");
}

/* GLib's message names its temporary file; the reason is what follows the last colon. */
static bool save_file(const char *name, const char *bytes, gssize length, int mode, GError **error)
{
	g_autoptr(GError) failure = NULL;
	sigset_t before;
	const char *colon;
	bool good;

	if (!save_possible(name, error))
		return false;
	signals_hold(&before);
	good = g_file_set_contents_full(
		name, bytes, length, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
		mode, &failure);
	signals_release(&before);
	if (good)
		return true;
	colon = g_strrstr(failure->message, ": ");
	return save_failed(error, name, colon ? colon + 2 : failure->message);
}

bool save_text(const char *name, const char *text, GError **error)
{
	return save_file(name, text, -1, 0644, error);
}

bool save_report(const char *name, const char *text, GError **error)
{
	return save_file(name, text, -1, geteuid() == 0 ? 0600 : 0644, error);
}

bool save_private(const char *name, const GByteArray *bytes, GError **error)
{
	return save_file(name, (const char *)bytes->data, (gssize)bytes->len, 0600, error);
}

bool save_plan(const char *name, const Plan *plan, GError **error)
{
	json_t *document = plan_to_json(plan);
	g_autofree char *text = json_text(document);

	json_decref(document);
	return save_text(name, text, error);
}
