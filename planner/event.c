/* SPDX-License-Identifier: MIT */
#include "planner/event.h"
#include "planner/nearest.h"
#include "planner/size.h"
#include "topology/error.h"

#include <jansson.h>
#include <string.h>

void event_free(Event *event)
{
	vm_spec_free(event->spec);
	g_free(event);
}

G_GNUC_PRINTF(2, 3)
static bool refuse(GError **error, const char *format, ...)
{
	g_autofree char *what = NULL;
	va_list args;

	va_start(args, format);
	what = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error_literal(error, PLANNER_ERROR, PLANNER_ERROR_INPUT, what);
	return false;
}

/* Values, by key */

typedef bool Set(VmSpec *spec, const json_t *value, GError **error);

static bool whole_number(const json_t *value, const char *key, json_int_t least, json_int_t most,
			 unsigned *number, GError **error)
{
	json_int_t n = json_integer_value(value);

	if (!json_is_integer(value) || n < least || n > most)
		return refuse(error, "%s: not a whole number from %d to %d", key, (int)least,
			      (int)most);
	*number = (unsigned)n;
	return true;
}

static bool size_of(const json_t *value, const char *key, uint64_t *bytes, GError **error)
{
	const char *text = json_string_value(value);

	if (!text || !size_parse(text, bytes) || !*bytes)
		return refuse(error, "%s: not a size such as \"8G\"", key);
	return true;
}

static bool word_of(const json_t *value, const char *key, const char *const *words,
		    unsigned *number, GError **error)
{
	const char *text = json_string_value(value);

	for (*number = 0; text && words[*number]; (*number)++)
		if (!strcmp(words[*number], text))
			return true;
	return refuse(error, "%s: not one of \"%s\", \"%s\"", key, words[0], words[1]);
}

static bool set_vcpus(VmSpec *spec, const json_t *value, GError **error)
{
	return whole_number(value, "vcpus", 1, CPULIST_LIMIT, &spec->vcpus, error);
}

static bool set_memory(VmSpec *spec, const json_t *value, GError **error)
{
	return size_of(value, "memory", &spec->memory, error);
}

static bool set_hugepages(VmSpec *spec, const json_t *value, GError **error)
{
	if (!size_of(value, "hugepages", &spec->page, error))
		return false;
	return !(spec->page & (spec->page - 1)) || refuse(error, "hugepages: not a page size");
}

static bool set_policy(VmSpec *spec, const json_t *value, GError **error)
{
	unsigned policy = 0;
	bool good = word_of(value, "policy", policy_names, &policy, error);

	spec->policy = policy;
	return good;
}

static bool set_threads(VmSpec *spec, const json_t *value, GError **error)
{
	unsigned threads = 0;
	bool good = word_of(value, "threads", threads_names, &threads, error);

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

static bool set_key(VmSpec *spec, const char *key, const json_t *value, GError **error)
{
	const char *names[G_N_ELEMENTS(keys) + 3] = {"op", "id"};
	const char *near;

	for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++) {
		if (!strcmp(keys[i].key, key))
			return keys[i].set(spec, value, error);
		names[i + 2] = keys[i].key;
	}
	near = nearest_word(key, names);
	return near ? refuse(error, "unknown key; did you mean \"%s\"?", near)
		    : refuse(error, "unknown key beside \"op\", \"id\", \"vcpus\", \"memory\", "
				    "\"hugepages\", \"policy\", \"threads\", \"node\"");
}

static bool read_spec(VmSpec *spec, json_t *object, GError **error)
{
	const char *key;
	json_t *value;

	json_object_foreach (object, key, value) {
		if (strcmp(key, "op") != 0 && strcmp(key, "id") != 0 &&
		    !set_key(spec, key, value, error))
			return false;
	}
	if (!spec->vcpus)
		return refuse(error, "vcpus: missing");
	return !spec->page || spec->memory || refuse(error, "hugepages: say memory as well");
}

/* The event */

static bool read_op(const json_t *object, EventOp *op, GError **error)
{
	static const char *const ops[] = {"place", "remove", NULL};
	unsigned number = 0;
	bool good = word_of(json_object_get(object, "op"), "op", ops, &number, error);

	*op = number;
	return good;
}

static bool read_event(Event *event, json_t *object, GError **error)
{
	const char *id = json_string_value(json_object_get(object, "id"));

	if (!read_op(object, &event->op, error))
		return false;
	if (!id)
		return refuse(error, "id: missing, or not a string");
	if (vm_name_fault(id))
		return refuse(error, "id: %s", vm_name_fault(id));
	event->spec = vm_spec_new(id);
	return event->op == EVENT_REMOVE || read_spec(event->spec, object, error);
}

Event *event_parse(const char *line, size_t length, GError **error)
{
	json_error_t where;
	json_t *object = json_loadb(line, length, JSON_REJECT_DUPLICATES, &where);
	Event *event = g_new0(Event, 1);
	bool good;

	if (!object)
		good = refuse(error, "not JSON: %s", where.text);
	else if (!json_is_object(object))
		good = refuse(error, "not a JSON object");
	else
		good = read_event(event, object, error);
	json_decref(object);
	if (good)
		return event;
	if (event->spec)
		vm_spec_free(event->spec);
	g_free(event);
	return NULL;
}
