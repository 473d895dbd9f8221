/* SPDX-License-Identifier: MIT */
#include "planner/place/rooms.h"

#include <string.h>

bool rooms_same(const Core *a, const Core *b)
{
	return a->node == b->node && a->l3 == b->l3 && a->die == b->die &&
	       a->cluster == b->cluster && a->kind == b->kind && a->n_cpus == b->n_cpus;
}

unsigned rooms_class(const Core *core)
{
	return core->kind * (HOST_MAX_THREADS + 1) + core->n_cpus;
}

bool rooms_core_of_vms(const Plan *plan, unsigned core)
{
	Role role = g_array_index(plan->roles, Role, core);

	return (role == ROLE_FREE || role == ROLE_DEDICATED) &&
	       !host_core(plan->host, core)->partial;
}

/* Making */

static int room_compare(gconstpointer a, gconstpointer b)
{
	const Room *x = a, *y = b;

	if (x->node != y->node)
		return x->node < y->node ? -1 : 1;
	return x->first->cpu[0] < y->first->cpu[0] ? -1 : x->first->cpu[0] > y->first->cpu[0];
}

static void room_clear(gpointer room)
{
	g_array_unref(((Room *)room)->cores);
}

static GArray *rooms_array_new(void)
{
	GArray *rooms = g_array_new(FALSE, FALSE, sizeof(Room));

	g_array_set_clear_func(rooms, room_clear);
	return rooms;
}

static unsigned rooms_find(const Room *rooms, unsigned n, const Core *core)
{
	for (unsigned r = 0; r < n; r++)
		if (rooms_same(rooms[r].first, core))
			return r;
	return HOST_NONE;
}

static Room room_of_core(const Host *host, const Core *core)
{
	unsigned index = host_core_of(host, core->cpu[0]);
	Room room = {.first = core,
		     .node = core->node,
		     .threads = core->n_cpus,
		     .cores = g_array_new(FALSE, FALSE, sizeof(unsigned))};

	g_array_append_val(room.cores, index);
	return room;
}

static GArray *rooms_of_plan(const Plan *plan)
{
	GArray *rooms = rooms_array_new();

	for (unsigned i = 0; i < plan->host->cores->len; i++) {
		const Core *core = host_core(plan->host, i);
		unsigned r;

		if (!rooms_core_of_vms(plan, i))
			continue;
		r = rooms_find((const Room *)rooms->data, rooms->len, core);
		if (r == HOST_NONE) {
			Room room = room_of_core(plan->host, core);

			g_array_append_val(rooms, room);
		} else {
			g_array_append_val(g_array_index(rooms, Room, r).cores, i);
		}
	}
	g_array_sort(rooms, room_compare);
	return rooms;
}

static int room_cell_compare(gconstpointer a, gconstpointer b, gpointer data)
{
	const Room *x = (const Room *)data + *(const unsigned *)a;
	const Room *y = (const Room *)data + *(const unsigned *)b;

	if (x->node != y->node)
		return x->node < y->node ? -1 : 1;
	if (rooms_class(x->first) != rooms_class(y->first))
		return rooms_class(x->first) < rooms_class(y->first) ? -1 : 1;
	return x < y ? -1 : x > y;
}

/* Cells by node, then class; each room's, and their small numbers of classes. */
static void rooms_find_cells(Rooms *rooms)
{
	g_autofree unsigned *classes = g_new(unsigned, rooms->n_rooms + 1);

	for (unsigned r = 0; r < rooms->n_rooms; r++)
		rooms->by_cell[r] = r;
	if (rooms->n_rooms > 1)
		g_sort_array(rooms->by_cell, rooms->n_rooms, sizeof *rooms->by_cell,
			     room_cell_compare, rooms->room);
	for (unsigned i = 0; i < rooms->n_rooms; i++) {
		Room *room = &rooms->room[rooms->by_cell[i]];
		unsigned class = rooms_class(room->first), c = 0;
		RoomCell *cell = rooms->n_cells ? &rooms->cell[rooms->n_cells - 1] : NULL;

		while (c < rooms->n_classes && classes[c] != class)
			c++;
		if (c == rooms->n_classes)
			classes[rooms->n_classes++] = class;
		if (!cell || cell->node != room->node || cell->class != c) {
			cell = &rooms->cell[rooms->n_cells++];
			*cell = (RoomCell){room->node, c, room->threads, &rooms->by_cell[i], 0, 0};
		}
		room->class = c;
		room->cell = rooms->n_cells - 1;
		cell->n_rooms++;
		cell->cores += room->cores->len;
	}
}

static Rooms *rooms_of(const Host *host, GArray *array)
{
	Rooms *rooms = g_rc_box_new(Rooms);

	*rooms = (Rooms){.host = host, .n_rooms = array->len};
	g_array_set_clear_func(array, NULL);
	rooms->room = (Room *)g_array_free(array, FALSE);
	rooms->cell = g_new(RoomCell, rooms->n_rooms + 1);
	rooms->by_cell = g_new(unsigned, rooms->n_rooms + 1);
	rooms_find_cells(rooms);
	rooms->room_of = g_new(unsigned, host->cores->len + 1);
	for (unsigned i = 0; i < host->cores->len; i++) {
		const Core *core = host_core(host, i);

		rooms->room_of[i] =
			core->partial ? HOST_NONE : rooms_find(rooms->room, rooms->n_rooms, core);
	}
	return rooms;
}

Rooms *rooms_new(const Plan *plan)
{
	return rooms_of(plan->host, rooms_of_plan(plan));
}

Rooms *rooms_with(const Rooms *rooms, unsigned at, const Core *like)
{
	GArray *array = rooms_array_new();
	Room room = room_of_core(rooms->host, like);

	g_array_append_vals(array, rooms->room, rooms->n_rooms);
	for (unsigned r = 0; r < rooms->n_rooms; r++)
		g_array_ref(rooms->room[r].cores);
	g_array_insert_vals(array, at, &room, 1);
	return rooms_of(rooms->host, array);
}

Rooms *rooms_ref(Rooms *rooms)
{
	return g_rc_box_acquire(rooms);
}

static void rooms_clear(gpointer data)
{
	Rooms *rooms = data;

	for (unsigned r = 0; r < rooms->n_rooms; r++)
		g_array_unref(rooms->room[r].cores);
	g_free(rooms->room);
	g_free(rooms->cell);
	g_free(rooms->by_cell);
	g_free(rooms->room_of);
}

void rooms_unref(Rooms *rooms)
{
	g_rc_box_release_full(rooms, rooms_clear);
}

/* From counts to cores */

/* The lowest core of ROOM from position *NEXT on that nobody has; there is one. */
static unsigned room_take(const Room *room, unsigned *owner, unsigned as, unsigned *next)
{
	for (;; (*next)++) {
		unsigned core = g_array_index(room->cores, unsigned, *next);

		if (owner[core] == HOST_NONE) {
			owner[core] = as;
			return core;
		}
	}
}

/* Written in place: an append an element would take longer than the arithmetic of replay's
 * decisions. */
void rooms_pin(const Rooms *rooms, const SearchVm *vm, const SearchShare *shares, unsigned n,
	       unsigned *owner, unsigned as, GArray *cores, GArray *pins)
{
	const Core *all = (const Core *)rooms->host->cores->data;
	unsigned *vcpu, *helper, *end;

	g_array_set_size(pins, vm->vcpus + vm->helpers);
	vcpu = (unsigned *)pins->data;
	helper = vcpu + vm->vcpus;
	end = helper + vm->helpers;
	for (unsigned i = 0; i < n; i++) {
		const Room *room = &rooms->room[shares[i].room];
		unsigned left = shares[i].vcpus, next = 0, first = cores->len;

		g_array_set_size(cores, first + shares[i].cores);
		for (unsigned c = first; c < cores->len; c++) {
			unsigned index = room_take(room, owner, as, &next);
			const Core *core = &all[index];
			unsigned use = vm->isolate ? 1 : core->n_cpus;

			g_array_index(cores, unsigned, c) = index;
			if (!left) {
				for (unsigned t = 0; t < core->n_cpus && helper < end; t++)
					*helper++ = core->cpu[t];
				continue;
			}
			for (unsigned t = 0; t < use && left; t++, left--)
				*vcpu++ = core->cpu[t];
		}
	}
	g_assert(vcpu + vm->helpers == end && helper == end);
}
