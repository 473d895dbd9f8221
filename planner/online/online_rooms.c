/* SPDX-License-Identifier: MIT */
#include "planner/online/online_internal.h"
#include "planner/place/problem.h"

#define NONE G_MAXUINT

static void online_rooms_room_clear(gpointer data)
{
	g_array_unref(((OnlineRoom *)data)->cores);
}

static unsigned online_rooms_room_find(const Online *o, unsigned index)
{
	const Core *core = host_core(o->plan->host, index);

	for (unsigned r = 0; r < o->rooms->len; r++) {
		const OnlineRoom *room = online_room(o, r);
		const Core *first =
			host_core(o->plan->host, g_array_index(room->cores, unsigned, 0));

		if (problem_same_room(core, first))
			return r;
	}
	return NONE;
}

static void rooms_find(Online *o)
{
	const Host *host = o->plan->host;

	for (unsigned i = 0; i < host->cores->len; i++) {
		const Core *core = host_core(host, i);
		unsigned r;

		if (!problem_core_of_vms(o->plan, i))
			continue;
		r = online_rooms_room_find(o, i);
		if (r == NONE) {
			OnlineRoom room = {core->node,
					   problem_class_of(core),
					   core->n_cpus,
					   0,
					   0,
					   g_array_new(FALSE, FALSE, sizeof(unsigned))};

			g_array_append_val(o->rooms, room);
			r = o->rooms->len - 1;
		}
		g_array_append_val(g_array_index(o->rooms, OnlineRoom, r).cores, i);
		g_array_index(o->rooms, OnlineRoom, r).capacity++;
		o->cores_all++;
	}
}

static unsigned room_first(const OnlineRoom *room)
{
	return g_array_index(room->cores, unsigned, 0);
}

static int online_rooms_room_compare(gconstpointer a, gconstpointer b)
{
	const OnlineRoom *x = a, *y = b;

	if (x->node != y->node)
		return x->node < y->node ? -1 : 1;
	if (x->class != y->class)
		return x->class < y->class ? -1 : 1;
	return room_first(x) < room_first(y) ? -1 : room_first(x) > room_first(y);
}

/* Classes become small numbers, in the order of rooms. */
static void classes_find(Online *o)
{
	g_autoptr(GArray) classes = g_array_new(FALSE, FALSE, sizeof(unsigned));

	for (unsigned r = 0; r < o->rooms->len; r++) {
		OnlineRoom *room = &g_array_index(o->rooms, OnlineRoom, r);
		unsigned c = 0;

		while (c < classes->len && g_array_index(classes, unsigned, c) != room->class)
			c++;
		if (c == classes->len)
			g_array_append_val(classes, room->class);
		room->class = c;
	}
	o->n_classes = classes->len;
}

static void cells_find(Online *o)
{
	for (unsigned r = 0; r < o->rooms->len; r++) {
		OnlineRoom *room = &g_array_index(o->rooms, OnlineRoom, r);
		Cell *last =
			o->cells->len ? &g_array_index(o->cells, Cell, o->cells->len - 1) : NULL;

		if (!last || last->node != room->node || last->class != room->class) {
			Cell cell = {room->node, room->class, room->threads, r, 0, 0};

			g_array_append_val(o->cells, cell);
			last = &g_array_index(o->cells, Cell, o->cells->len - 1);
		}
		room->cell = o->cells->len - 1;
		last->n_rooms++;
		last->capacity += room->capacity;
	}
}

void online_rooms_build(Online *o)
{
	unsigned n = o->plan->host->cores->len;

	o->rooms = g_array_new(FALSE, FALSE, sizeof(OnlineRoom));
	g_array_set_clear_func(o->rooms, online_rooms_room_clear);
	o->cells = g_array_new(FALSE, FALSE, sizeof(Cell));
	rooms_find(o);
	g_array_sort(o->rooms, online_rooms_room_compare);
	classes_find(o);
	cells_find(o);
	o->room_of = g_new0(unsigned, n);
	for (unsigned i = 0; i < n; i++)
		o->room_of[i] = online_rooms_room_find(o, i);
}
