/* SPDX-License-Identifier: MIT */
/*
 * Any lines as events, as requests and as a fleet's nodes: each is refused with one clean line or
 * read. Events run on a small host: a VM that is placed is there, and no CPU has two.
 */
#include "frame.h"
#include "planner/assign/request.h"
#include "planner/fit/fleet_entry.h"
#include "planner/online/event.h"
#include "planner/online/online.h"

#define MOST_LINES 64

static void check_request(const char *line, size_t length)
{
	g_autoptr(GError) error = NULL, other = NULL;
	g_autoptr(Request) request = request_parse(line, length, &error);
	g_autoptr(FleetEntry) entry = fleet_entry_parse(line, length, &other);

	frame_check_error(request, error);
	frame_check_error(entry, other);
	g_assert(!request || !vm_name_fault(request->spec->name));
	g_assert(!entry || *entry->inventory);
}

static void check_placed(Online *online, const VmSpec *spec)
{
	uint64_t steps = 1000;
	const OnlineVm *vm;
	OnlineStatus status = online_place(online, spec, &vm);

	if (status == ONLINE_PLACED) {
		g_assert(!strcmp(vm->spec->name, spec->name));
		g_assert(spec->policy == POLICY_SHARED || vm->pins->len == spec->vcpus);
	} else if (status == ONLINE_REJECTED) {
		g_autoptr(GPtrArray) moves = online_moves(online, spec, 2, &steps);
		g_autofree char *why = online_why(online, spec);

		frame_check_clean(why, "");
		if (moves) {
			online_apply(online, moves);
			g_assert(online_place(online, spec, &vm) == ONLINE_PLACED);
		}
	}
}

static void check_event(Online *online, const char *line, size_t length)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Event) event = event_parse(line, length, &error);

	frame_check_error(event, error);
	if (event && event->op == EVENT_PLACE)
		check_placed(online, event->spec);
	else if (event)
		online_remove(online, event->spec->name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *end = text + size;
	Inventory *inventory;
	Plan *plan;
	Online *online;

	g_assert(frame_plan("[shared]\ncores = 1\n", &inventory, &plan));
	online = online_new(plan, ONLINE_LOOK_AHEAD);
	for (unsigned i = 0; i < MOST_LINES && text < end; i++) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		size_t length = (size_t)((stop ? stop : end) - text);

		check_request(text, length);
		check_event(online, text, length);
		text += length + 1;
	}
	online_free(online);
	plan_free(plan);
	inventory_free(inventory);
	return 0;
}
