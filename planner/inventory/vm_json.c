/* SPDX-License-Identifier: MIT */
#include "planner/inventory/vm_json.h"
#include "planner/base/json_line.h"
#include "planner/base/size.h"

#include <string.h>

/* Values, by key */

typedef bool Set(VmSpec *spec, const json_t *value, GError **error);

static bool whole_number(const json_t *value, const char *key, json_int_t least, json_int_t most,
			 unsigned *number, GError **error)
{
	json_int_t n = json_integer_value(value);

	if (!json_is_integer(value) || n < least || n > most)
		return json_line_refuse(error, "%s: not a whole number from %d to %d", key,
					(int)least, (int)most);
	*number = (unsigned)n;
	return true;
}

static bool vm_json_size_of(const json_t *value, const char *key, uint64_t *bytes, GError **error)
{
	const char *text = json_string_value(value);

	if (!text || !size_parse(text, bytes) || !*bytes)
		return json_line_refuse(error, "%s: not a size such as \"8G\"", key);
	return true;
}

static bool set_vcpus(VmSpec *spec, const json_t *value, GError **error)
{
	return whole_number(value, "vcpus", 1, CPULIST_LIMIT, &spec->vcpus, error);
}

static bool set_memory(VmSpec *spec, const json_t *value, GError **error)
{
	return vm_json_size_of(value, "memory", &spec->memory, error);
}

static bool set_hugepages(VmSpec *spec, const json_t *value, GError **error)
{
	if (!vm_json_size_of(value, "hugepages", &spec->page, error))
		return false;
	return !(spec->page & (spec->page - 1)) ||
	       json_line_refuse(error, "hugepages: not a page size");
}

static bool set_policy(VmSpec *spec, const json_t *value, GError **error)
{
	unsigned policy = 0;
	bool good = json_line_word(value, "policy", policy_names, &policy, error);

	spec->policy = policy;
	return good;
}

static bool set_threads(VmSpec *spec, const json_t *value, GError **error)
{
	unsigned threads = 0;
	bool good = json_line_word(value, "threads", threads_names, &threads, error);

	spec->threads = threads;
	return good;
}

static bool set_node(VmSpec *spec, const json_t *value, GError **error)
{
	unsigned node = 0;
	bool good = whole_number(value, "node", 0, CPULIST_LIMIT - 1, &node, error);

	spec->node = (int)node;
	return good;
}

static const struct {
	const char *key;
	Set *set;
} keys[] = {
	{"vcpus", set_vcpus},	{"memory", set_memory},	  {"hugepages", set_hugepages},
	{"policy", set_policy}, {"threads", set_threads}, {"node", set_node},
};

static bool vm_json_unknown(const char *key, const char *const *others, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	for (; *others; others++)
		g_ptr_array_add(names, (gpointer)*others);
	for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++)
		g_ptr_array_add(names, (gpointer)keys[i].key);
	g_ptr_array_add(names, NULL);
	return json_line_unknown(key, (const char *const *)names->pdata, error);
}

static bool vm_json_read_key(VmSpec *spec, const char *key, const json_t *value,
			     const char *const *others, GError **error)
{
	if (g_strv_contains(others, key))
		return true;
	for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++)
		if (!strcmp(keys[i].key, key))
			return keys[i].set(spec, value, error);
	return vm_json_unknown(key, others, error);
}

bool vm_json_read(VmSpec *spec, const json_t *object, const char *const *others, GError **error)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)object, key, value)
		if (!vm_json_read_key(spec, key, value, others, error))
			return false;
	if (!spec->vcpus)
		return json_line_refuse(error, "vcpus: missing");
	return !spec->page || spec->memory ||
	       json_line_refuse(error, "hugepages: say memory as well");
}

VmSpec *vm_json_named(const json_t *object, GError **error)
{
	const char *id = json_string_value(json_object_get(object, "id"));

	if (!id)
		json_line_refuse(error, "id: missing, or not a string");
	else if (vm_name_fault(id))
		json_line_refuse(error, "id: %s", vm_name_fault(id));
	else
		return vm_spec_new(id);
	return NULL;
}
