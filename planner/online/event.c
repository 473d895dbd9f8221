/* SPDX-License-Identifier: MIT */
#include "planner/online/event.h"
#include "planner/base/json_line.h"
#include "planner/inventory/vm_json.h"

void event_free(Event *event)
{
	g_clear_pointer(&event->spec, vm_spec_free);
	g_free(event);
}

static bool read_op(const json_t *object, EventOp *op, GError **error)
{
	static const char *const ops[] = {"place", "remove", NULL};
	unsigned number = 0;
	bool good = json_line_word(json_object_get(object, "op"), "op", ops, &number, error);

	*op = number;
	return good;
}

static bool read_event(Event *event, const json_t *object, GError **error)
{
	static const char *const own[] = {"op", "id", NULL};

	if (!read_op(object, &event->op, error))
		return false;
	event->spec = vm_json_named(object, error);
	return event->spec &&
	       (event->op == EVENT_REMOVE || vm_json_read(event->spec, object, own, error));
}

Event *event_parse(const char *line, size_t length, GError **error)
{
	json_t *object = json_line_object(line, length, error);
	g_autoptr(Event) event = g_new0(Event, 1);
	bool good = object && read_event(event, object, error);

	json_decref(object);
	return good ? g_steal_pointer(&event) : NULL;
}
