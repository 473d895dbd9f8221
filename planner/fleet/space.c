/* SPDX-License-Identifier: MIT */
#include "planner/fleet/space.h"

#include <string.h>

/* Rooms alike but for what is free in them, by free cores, then memory. */
typedef struct SpaceShelf {
	unsigned threads, modes, zone;
	GSequence *rooms; /* of SpaceRoom */
} SpaceShelf;

/* Where on a shelf: KEY stands before all rooms with as much free. */
typedef struct SpaceOrder {
	const Space *space;
	const SpaceRoom *key; /* NULL = none */
	uint64_t memory;      /* of the key */
} SpaceOrder;

typedef struct SpaceGuest {
	unsigned standing;
	const StandingVm *vm;
} SpaceGuest;

/* Making */

static void space_shelf_free(gpointer data)
{
	SpaceShelf *shelf = data;

	g_sequence_free(shelf->rooms);
	g_free(shelf);
}

static SpaceShelf *space_shelf_of(Space *space, unsigned threads, unsigned modes, unsigned zone)
{
	SpaceShelf *shelf;

	for (unsigned i = 0; i < space->shelves->len; i++) {
		shelf = g_ptr_array_index(space->shelves, i);
		if (shelf->threads == threads && shelf->modes == modes && shelf->zone == zone)
			return shelf;
	}
	shelf = g_new0(SpaceShelf, 1);
	shelf->threads = threads;
	shelf->modes = modes;
	shelf->zone = zone;
	shelf->rooms = g_sequence_new(NULL);
	g_ptr_array_add(space->shelves, shelf);
	return shelf;
}

static uint64_t space_order_memory(const SpaceOrder *order, const SpaceRoom *room)
{
	return room == order->key ? order->memory : order->space->memory[room->slot];
}

static int space_room_compare(gconstpointer a, gconstpointer b, gpointer data)
{
	const SpaceRoom *x = a, *y = b;
	const SpaceOrder *order = data;
	uint64_t less, more;

	if (x->left != y->left)
		return x->left < y->left ? -1 : 1;
	less = space_order_memory(order, x);
	more = space_order_memory(order, y);
	if (less != more)
		return less < more ? -1 : 1;
	if (x == order->key || y == order->key)
		return x == order->key ? -1 : 1;
	return x < y ? -1 : x > y;
}

/* Put ROOM where it belongs. */
static void space_shelve(Space *space, SpaceRoom *room)
{
	SpaceOrder order = {.space = space};

	g_sequence_move(room->at,
			g_sequence_search(room->shelf->rooms, room, space_room_compare, &order));
}

static void space_add_rooms(Space *space, unsigned index)
{
	const Standing *standing = space_standing(space, index);
	const GArray *rooms = standing->bid->open ? standing->bid->rooms : NULL;

	space->first[index] = space->rooms->len;
	for (unsigned r = 0; rooms && r < rooms->len; r++) {
		const BidRoom *bid = &g_array_index(rooms, BidRoom, r);
		bool new = !r || bid[-1].node != bid->node;
		SpaceRoom room = {.standing = index,
				  .slot = space->slots - !new,
				  .bid = bid,
				  .left = bid->free};

		if (new)
			space->memory[space->slots++] = bid->memory;
		room.shelf = space_shelf_of(space, bid->threads, standing->modes, 0);
		space->free[index] += bid->free;
		g_array_append_val(space->rooms, room);
	}
}

static void space_fill_shelves(Space *space)
{
	SpaceOrder order = {.space = space};

	for (unsigned r = 0; r < space->rooms->len; r++) {
		SpaceRoom *room = space_room(space, r);

		room->at = g_sequence_append(room->shelf->rooms, room);
	}
	for (unsigned i = 0; i < space->shelves->len; i++)
		g_sequence_sort(((SpaceShelf *)g_ptr_array_index(space->shelves, i))->rooms,
				space_room_compare, &order);
}

static void space_add_name(Space *space, const char *name, unsigned standing)
{
	gpointer first;
	hwloc_bitmap_t all = g_hash_table_lookup(space->repeated, name);

	if (!g_hash_table_lookup_extended(space->named, name, NULL, &first)) {
		g_hash_table_insert(space->named, (gpointer)name, GUINT_TO_POINTER(standing));
		return;
	}
	if (!all) {
		all = hwloc_bitmap_alloc();
		hwloc_bitmap_set(all, GPOINTER_TO_UINT(first));
		g_hash_table_insert(space->repeated, (gpointer)name, all);
	}
	hwloc_bitmap_set(all, standing);
}

static void space_add_names(Space *space, unsigned index)
{
	const GPtrArray *vms = space_standing(space, index)->vms;

	for (unsigned i = 0; i < vms->len; i++)
		space_add_name(space, ((const StandingVm *)g_ptr_array_index(vms, i))->spec->name,
			       index);
}

static int space_roomy_compare(gconstpointer a, gconstpointer b, gpointer data)
{
	unsigned i = *(const unsigned *)a, j = *(const unsigned *)b;
	uint64_t x = space_standing(data, i)->bid->memory, y = space_standing(data, j)->bid->memory;

	if (x != y)
		return x > y ? -1 : 1;
	return i < j ? -1 : i > j;
}

/* The hosts are all of the first zone. */
static void space_rank(Space *space)
{
	GArray *hosts = space_zone(space, 0)->hosts;

	g_array_sort_with_data(hosts, space_roomy_compare, space);
	for (unsigned i = 0; i < hosts->len; i++)
		space->roomy[g_array_index(hosts, unsigned, i)] = i;
}

static void space_zone_clear(gpointer zone)
{
	g_array_unref(((SpaceZone *)zone)->hosts);
}

/* So that there are COUNT. */
static void space_add_zones(Space *space, unsigned count)
{
	while (space->zones->len < count) {
		SpaceZone zone = {.hosts = g_array_new(FALSE, FALSE, sizeof(unsigned))};

		g_array_append_val(space->zones, zone);
	}
}

static void space_bitmap_free(gpointer bitmap)
{
	hwloc_bitmap_free(bitmap);
}

static unsigned space_count_rooms(const GPtrArray *standings)
{
	unsigned rooms = 0;

	for (unsigned i = 0; i < standings->len; i++) {
		const Bid *bid = ((const Standing *)g_ptr_array_index(standings, i))->bid;

		rooms += bid->open ? bid->rooms->len : 0;
	}
	return rooms;
}

Space *space_new(const GPtrArray *standings)
{
	Space *space = g_new0(Space, 1);

	space->standings = standings;
	space->rooms = g_array_new(FALSE, FALSE, sizeof(SpaceRoom));
	space->first = g_new0(unsigned, standings->len + 1);
	space->memory = g_new0(uint64_t, space_count_rooms(standings) + 1);
	space->lost = g_new0(bool, standings->len + 1);
	space->free = g_new0(unsigned, standings->len + 1);
	space->touched = g_new0(bool, standings->len + 1);
	space->zone = g_new0(unsigned, standings->len + 1);
	space->zones = g_array_new(FALSE, FALSE, sizeof(SpaceZone));
	g_array_set_clear_func(space->zones, space_zone_clear);
	space_add_zones(space, 1);
	space->shelves = g_ptr_array_new_with_free_func(space_shelf_free);
	space->aside = g_sequence_new(NULL);
	space->roomy = g_new0(unsigned, standings->len + 1);
	space->touches = g_array_new(FALSE, FALSE, sizeof(unsigned));
	space->guests = g_array_new(FALSE, FALSE, sizeof(SpaceGuest));
	space->named = g_hash_table_new(g_str_hash, g_str_equal);
	space->repeated = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, space_bitmap_free);
	for (unsigned i = 0; i < standings->len; i++) {
		space_add_rooms(space, i);
		if (space_standing(space, i)->bid->open)
			g_array_append_val(space_zone(space, 0)->hosts, i);
		space_add_names(space, i);
	}
	space->first[standings->len] = space->rooms->len;
	space_rank(space);
	space_fill_shelves(space);
	return space;
}

void space_free(Space *space)
{
	g_array_unref(space->rooms);
	g_free(space->first);
	g_free(space->memory);
	g_free(space->lost);
	g_free(space->free);
	g_free(space->touched);
	g_free(space->zone);
	g_array_unref(space->zones);
	g_ptr_array_unref(space->shelves);
	g_sequence_free(space->aside);
	g_free(space->roomy);
	g_array_unref(space->touches);
	g_array_unref(space->guests);
	g_hash_table_unref(space->named);
	g_hash_table_unref(space->repeated);
	g_free(space);
}

/* Zones */

/* The first of ZONE that is no roomier than the host. */
static unsigned space_zone_find(const Space *space, unsigned zone, unsigned standing)
{
	const GArray *hosts = space_zone(space, zone)->hosts;
	unsigned i = 0;

	while (i < hosts->len &&
	       space->roomy[g_array_index(hosts, unsigned, i)] < space->roomy[standing])
		i++;
	return i;
}

void space_set_zone(Space *space, unsigned standing, unsigned zone)
{
	unsigned old = space->zone[standing];

	space_add_zones(space, zone + 1);
	space->zone[standing] = zone;
	if (!space_standing(space, standing)->bid->open)
		return;
	g_array_remove_index(space_zone(space, old)->hosts, space_zone_find(space, old, standing));
	g_array_insert_val(space_zone(space, zone)->hosts, space_zone_find(space, zone, standing),
			   standing);
	for (unsigned r = space->first[standing]; r < space->first[standing + 1]; r++) {
		SpaceRoom *room = space_room(space, r);

		room->shelf = space_shelf_of(space, room->bid->threads,
					     space_standing(space, standing)->modes, zone);
		space_shelve(space, room);
	}
}

void space_shut(Space *space, unsigned zone, bool shut)
{
	space_zone(space, zone)->shut = shut;
}

/* One room */

bool space_has_name(const Space *space, const StandingVm *vm, unsigned standing)
{
	hwloc_const_bitmap_t all = g_hash_table_lookup(space->repeated, vm->spec->name);

	if (!all)
		return false;
	for (unsigned i = 0; i < space->guests->len; i++) {
		const SpaceGuest *guest = &g_array_index(space->guests, SpaceGuest, i);

		if (guest->standing == standing && !strcmp(guest->vm->spec->name, vm->spec->name))
			return true;
	}
	return hwloc_bitmap_isset(all, standing);
}

bool space_allows(const Space *space, const StandingVm *vm, unsigned standing)
{
	return !space_is_gone(space, standing) &&
	       standing_takes(space_standing(space, standing), vm) &&
	       !space_has_name(space, vm, standing);
}

bool space_holds(const Space *space, const StandingVm *vm, unsigned index)
{
	const SpaceRoom *room = space_room(space, index);

	return room->left >= standing_cores(vm->spec, room->bid->threads) &&
	       space->memory[room->slot] >= vm->memory;
}

unsigned space_least_cores(const Space *space, const StandingVm *vm)
{
	unsigned least = G_MAXUINT;

	for (unsigned i = 0; i < space->shelves->len; i++) {
		const SpaceShelf *shelf = g_ptr_array_index(space->shelves, i);

		least = MIN(least, standing_cores(vm->spec, shelf->threads));
	}
	return least;
}

/* What a VM would leave: the smaller, the better. */
typedef struct SpaceFit {
	unsigned room;
	unsigned modes;	 /* cpu-pm that the VM has no use for */
	unsigned cpus;	 /* free in the room */
	uint64_t memory; /* and in its node */
	bool found;
} SpaceFit;

static int space_fit_compare(const SpaceFit *a, const SpaceFit *b)
{
	if (a->modes != b->modes)
		return a->modes < b->modes ? -1 : 1;
	if (a->cpus != b->cpus)
		return a->cpus < b->cpus ? -1 : 1;
	if (a->memory != b->memory)
		return a->memory < b->memory ? -1 : 1;
	return a->room < b->room ? -1 : a->room > b->room;
}

static void space_consider(const Space *space, const StandingVm *vm, unsigned index, SpaceFit *best)
{
	const SpaceRoom *room = space_room(space, index);
	unsigned modes = space_standing(space, room->standing)->modes;
	SpaceFit fit = {.room = index,
			.modes = vm->cpu_pm ? 0 : modes,
			.cpus = room->left * room->bid->threads,
			.memory = space->memory[room->slot],
			.found = true};

	if (!best->found || space_fit_compare(&fit, best) < 0)
		*best = fit;
}

/* The first of SHELF with so many free cores, or more, and as much memory as VM has. */
static GSequenceIter *space_shelf_from(const Space *space, const SpaceShelf *shelf, unsigned cores,
				       const StandingVm *vm)
{
	SpaceRoom key = {.left = cores};
	SpaceOrder order = {space, &key, vm->memory};

	return g_sequence_search(shelf->rooms, &key, space_room_compare, &order);
}

/* The best of SHELF. */
static void space_look_on(const Space *space, const StandingVm *vm, const SpaceShelf *shelf,
			  SpaceFit *best)
{
	unsigned need = standing_cores(vm->spec, shelf->threads);
	GSequenceIter *at = space_shelf_from(space, shelf, need, vm);

	while (!g_sequence_iter_is_end(at)) {
		const SpaceRoom *room = g_sequence_get(at);

		if (space->memory[room->slot] < vm->memory) {
			at = space_shelf_from(space, shelf, room->left, vm);
			continue;
		}
		if (space_allows(space, vm, room->standing)) {
			space_consider(space, vm, (unsigned)(room - space_room(space, 0)), best);
			return;
		}
		at = g_sequence_iter_next(at);
	}
}

bool space_find_room(const Space *space, const StandingVm *vm, GArray *parts)
{
	SpaceFit best = {0};
	SpacePart part;

	for (unsigned i = 0; i < space->shelves->len; i++) {
		const SpaceShelf *shelf = g_ptr_array_index(space->shelves, i);

		if (!space_zone(space, shelf->zone)->shut &&
		    (!vm->cpu_pm || shelf->modes & (1u << vm->spec->cpu_mode)))
			space_look_on(space, vm, shelf, &best);
	}
	if (!best.found)
		return false;
	part = (SpacePart){best.room,
			   standing_cores(vm->spec, space_room(space, best.room)->bid->threads),
			   vm->memory};
	g_array_append_val(parts, part);
	return true;
}

unsigned space_roomiest(const Space *space, unsigned standing)
{
	unsigned roomiest = SPACE_NO_ROOM;
	uint64_t most = 0;

	for (unsigned r = space->first[standing]; r < space->first[standing + 1]; r++) {
		uint64_t memory = space->memory[space_room(space, r)->slot];

		if (roomiest != SPACE_NO_ROOM && memory <= most)
			continue;
		roomiest = r;
		most = memory;
	}
	return roomiest;
}

/* Taking */

static void space_touch(Space *space, unsigned standing)
{
	if (!space->touched[standing])
		g_array_append_val(space->touches, standing);
	space->touched[standing] = true;
}

/* ROOM's cores and its slot's memory change: more of them are free, or fewer. */
static void space_change(Space *space, SpaceRoom *room, unsigned cores, uint64_t memory, bool more)
{
	SpaceRoom *first = room, *end = room + 1;

	while (first > space_room(space, 0) && first[-1].slot == room->slot)
		first--;
	while (end < space_room(space, space->rooms->len) && end->slot == room->slot)
		end++;
	for (SpaceRoom *one = first; one < end; one++)
		g_sequence_move(one->at, g_sequence_get_end_iter(space->aside));
	space->free[room->standing] += more ? cores : -cores;
	room->left = more ? room->left + cores : room->left - cores;
	if (space->memory[room->slot] != UINT64_MAX)
		space->memory[room->slot] = more ? space->memory[room->slot] + memory
						 : space->memory[room->slot] - memory;
	for (SpaceRoom *one = first; one < end; one++)
		space_shelve(space, one);
}

void space_take(Space *space, const StandingVm *vm, const GArray *parts)
{
	SpaceGuest guest = {0, vm};

	for (unsigned i = 0; i < parts->len; i++) {
		const SpacePart *part = &g_array_index(parts, SpacePart, i);

		space_change(space, space_room(space, part->room), part->cores, part->memory,
			     false);
		guest.standing = space_room(space, part->room)->standing;
	}
	space_touch(space, guest.standing);
	g_array_append_val(space->guests, guest);
}

static void space_remove_guest(Space *space, const StandingVm *vm)
{
	for (unsigned i = space->guests->len; i-- > 0;)
		if (g_array_index(space->guests, SpaceGuest, i).vm == vm) {
			g_array_remove_index(space->guests, i);
			return;
		}
}

void space_give_back(Space *space, const StandingVm *vm, const GArray *parts)
{
	for (unsigned i = 0; i < parts->len; i++) {
		const SpacePart *part = &g_array_index(parts, SpacePart, i);

		space_change(space, space_room(space, part->room), part->cores, part->memory, true);
	}
	space_remove_guest(space, vm);
}

void space_free_up(Space *space, unsigned index, unsigned cores, uint64_t memory)
{
	SpaceRoom *room = space_room(space, index);

	space_change(space, room, cores, memory, true);
	space_touch(space, room->standing);
}

static void space_reset_host(Space *space, unsigned standing)
{
	for (unsigned r = space->first[standing]; r < space->first[standing + 1]; r++)
		g_sequence_move(space_room(space, r)->at, g_sequence_get_end_iter(space->aside));
	for (unsigned r = space->first[standing]; r < space->first[standing + 1]; r++) {
		SpaceRoom *room = space_room(space, r);

		space->free[standing] += room->bid->free - room->left;
		room->left = room->bid->free;
		space->memory[room->slot] = room->bid->memory;
	}
	for (unsigned r = space->first[standing]; r < space->first[standing + 1]; r++)
		space_shelve(space, space_room(space, r));
	space->touched[standing] = false;
}

void space_reset(Space *space)
{
	for (unsigned i = 0; i < space->touches->len; i++)
		space_reset_host(space, g_array_index(space->touches, unsigned, i));
	g_array_set_size(space->touches, 0);
	g_array_set_size(space->guests, 0);
	memset(space->lost, 0, space->standings->len * sizeof *space->lost);
}

void space_lose(Space *space, const GArray *members)
{
	space_reset(space);
	for (unsigned i = 0; i < members->len; i++)
		space->lost[g_array_index(members, unsigned, i)] = true;
}
