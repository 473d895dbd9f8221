/* SPDX-License-Identifier: MIT */
#include "planner/assign/request.h"
#include "planner/base/json_line.h"
#include "planner/inventory/vm_json.h"

void request_free(Request *request)
{
	g_clear_pointer(&request->spec, vm_spec_free);
	g_free(request->group);
	g_free(request);
}

static bool read_group(Request *request, const json_t *value, GError **error)
{
	const char *group = json_string_value(value);

	if (value && !(group && *group))
		return json_line_refuse(error, "group: not a name");
	request->group = g_strdup(group);
	return true;
}

static bool read_cpu_pm(Request *request, const json_t *value, GError **error)
{
	if (value && !json_is_boolean(value))
		return json_line_refuse(error, "cpu_pm: neither true nor false");
	request->cpu_pm = json_is_true(value);
	return true;
}

static bool read_request(Request *request, const json_t *object, GError **error)
{
	static const char *const own[] = {"id", "group", "cpu_pm", NULL};

	request->spec = vm_json_named(object, error);
	if (!request->spec || !vm_json_read(request->spec, object, own, error))
		return false;
	if (request->spec->policy == POLICY_SHARED)
		return json_line_refuse(error, "policy: only dedicated VMs are placed");
	if (request->spec->memory_node >= 0)
		return json_line_refuse(error, "memory_node: nodes of a fleet have no numbers in "
					       "common; leave it out");
	return read_group(request, json_object_get(object, "group"), error) &&
	       read_cpu_pm(request, json_object_get(object, "cpu_pm"), error);
}

Request *request_parse(const char *line, size_t length, GError **error)
{
	json_t *object = json_line_object(line, length, error);
	g_autoptr(Request) request = g_new0(Request, 1);
	bool good = object && read_request(request, object, error);

	json_decref(object);
	return good ? g_steal_pointer(&request) : NULL;
}
