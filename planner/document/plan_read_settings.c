/* SPDX-License-Identifier: MIT */
#include "planner/document/plan_read_parts.h"
#include "planner/inventory/settings.h"

bool plan_read_settings(Reader *r, const SettingTable *table, void *object, const json_t *document)
{
	g_autofree char *fault = settings_from_json(table, document, object);

	return !fault || reader_fail(r, "%s", fault);
}
