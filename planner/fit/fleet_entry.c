/* SPDX-License-Identifier: MIT */
#include "planner/fit/fleet_entry.h"
#include "planner/base/json_line.h"
#include "planner/inventory/inventory.h"

#include <string.h>

void fleet_entry_free(FleetEntry *entry)
{
	g_free(entry->inventory);
	g_free(entry->topology);
	g_free(entry->name);
	g_free(entry);
}

static bool fleet_entry_read_key(FleetEntry *entry, const char *key, const json_t *value,
				 GError **error)
{
	static const char *const keys[] = {"inventory", "topology", "name", NULL};
	char **const fields[] = {&entry->inventory, &entry->topology, &entry->name};
	const char *text = json_string_value(value);

	for (unsigned i = 0; keys[i]; i++) {
		if (strcmp(keys[i], key) != 0)
			continue;
		if (!text || !*text)
			return json_line_refuse(error, "%s: not a string", key);
		*fields[i] = g_strdup(text);
		return true;
	}
	return json_line_unknown(key, keys, error);
}

static bool read_entry(FleetEntry *entry, json_t *object, GError **error)
{
	const char *key;
	json_t *value;

	json_object_foreach (object, key, value)
		if (!fleet_entry_read_key(entry, key, value, error))
			return false;
	if (!entry->inventory)
		return json_line_refuse(error, "inventory: missing");
	if (entry->name && vm_name_fault(entry->name))
		return json_line_refuse(error, "name: %s", vm_name_fault(entry->name));
	return true;
}

FleetEntry *fleet_entry_parse(const char *line, size_t length, GError **error)
{
	json_t *object = json_line_object(line, length, error);
	g_autoptr(FleetEntry) entry = g_new0(FleetEntry, 1);
	bool good = object && read_entry(entry, object, error);

	json_decref(object);
	return good ? g_steal_pointer(&entry) : NULL;
}
