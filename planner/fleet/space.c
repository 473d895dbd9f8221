/* SPDX-License-Identifier: MIT */
#include "planner/fleet/space.h"

#include <string.h>

/* Rooms alike but for what is free in them, by free cores, then memory. */
typedef struct SpaceShelf {
	unsigned threads, modes;
	GArray *rooms; /* of unsigned */
	GArray *from;  /* of unsigned, by cores: the first room with as many free; and the end */
} SpaceShelf;

typedef struct SpaceGuest {
	unsigned standing;
	const StandingVm *vm;
} SpaceGuest;

/* Making */

static void space_shelf_free(gpointer data)
{
	SpaceShelf *shelf = data;

	g_array_unref(shelf->rooms);
	g_array_unref(shelf->from);
	g_free(shelf);
}

static SpaceShelf *space_shelf_of(Space *space, unsigned threads, unsigned modes)
{
	SpaceShelf *shelf;

	for (unsigned i = 0; i < space->shelves->len; i++) {
		shelf = g_ptr_array_index(space->shelves, i);
		if (shelf->threads == threads && shelf->modes == modes)
			return shelf;
	}
	shelf = g_new0(SpaceShelf, 1);
	shelf->threads = threads;
	shelf->modes = modes;
	shelf->rooms = g_array_new(FALSE, FALSE, sizeof(unsigned));
	shelf->from = g_array_new(FALSE, FALSE, sizeof(unsigned));
	g_ptr_array_add(space->shelves, shelf);
	return shelf;
}

static int space_room_compare(gconstpointer a, gconstpointer b, gpointer data)
{
	const SpaceRoom *x = space_room(data, *(const unsigned *)a);
	const SpaceRoom *y = space_room(data, *(const unsigned *)b);

	if (x->bid->free != y->bid->free)
		return x->bid->free < y->bid->free ? -1 : 1;
	if (x->bid->memory != y->bid->memory)
		return x->bid->memory < y->bid->memory ? -1 : 1;
	return x < y ? -1 : x > y;
}

static void space_sort_shelf(Space *space, SpaceShelf *shelf)
{
	unsigned cores = 0;

	g_array_sort_with_data(shelf->rooms, space_room_compare, space);
	for (unsigned i = 0; i < shelf->rooms->len; i++) {
		unsigned free =
			space_room(space, g_array_index(shelf->rooms, unsigned, i))->bid->free;

		for (; cores <= free; cores++)
			g_array_append_val(shelf->from, i);
	}
	g_array_append_val(shelf->from, shelf->rooms->len);
}

static void space_add_rooms(Space *space, unsigned index)
{
	const Standing *standing = space_standing(space, index);
	const GArray *rooms = standing->bid->open ? standing->bid->rooms : NULL;

	space->first[index] = space->rooms->len;
	for (unsigned r = 0; rooms && r < rooms->len; r++) {
		const BidRoom *bid = &g_array_index(rooms, BidRoom, r);
		bool new = !r || bid[-1].node != bid->node;
		SpaceRoom room = {index, space->slots - !new, bid, bid->free};

		if (new)
			space->memory[space->slots++] = bid->memory;
		g_array_append_val(space_shelf_of(space, bid->threads, standing->modes)->rooms,
				   space->rooms->len);
		g_array_append_val(space->rooms, room);
	}
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
	space->touched = g_new0(bool, standings->len + 1);
	space->shelves = g_ptr_array_new_with_free_func(space_shelf_free);
	space->roomy = g_array_new(FALSE, FALSE, sizeof(unsigned));
	space->touches = g_array_new(FALSE, FALSE, sizeof(unsigned));
	space->guests = g_array_new(FALSE, FALSE, sizeof(SpaceGuest));
	space->named = g_hash_table_new(g_str_hash, g_str_equal);
	space->repeated = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, space_bitmap_free);
	for (unsigned i = 0; i < standings->len; i++) {
		space_add_rooms(space, i);
		if (space_standing(space, i)->bid->open)
			g_array_append_val(space->roomy, i);
		space_add_names(space, i);
	}
	space->first[standings->len] = space->rooms->len;
	g_array_sort_with_data(space->roomy, space_roomy_compare, space);
	for (unsigned i = 0; i < space->shelves->len; i++)
		space_sort_shelf(space, g_ptr_array_index(space->shelves, i));
	return space;
}

void space_free(Space *space)
{
	g_array_unref(space->rooms);
	g_free(space->first);
	g_free(space->memory);
	g_free(space->lost);
	g_free(space->touched);
	g_ptr_array_unref(space->shelves);
	g_array_unref(space->roomy);
	g_array_unref(space->touches);
	g_array_unref(space->guests);
	g_hash_table_unref(space->named);
	g_hash_table_unref(space->repeated);
	g_free(space);
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
	return !space->lost[standing] && standing_takes(space_standing(space, standing), vm) &&
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

/* The first of SHELF from position FIRST to END that has as much memory. */
static unsigned space_shelf_bound(const Space *space, const SpaceShelf *shelf, unsigned first,
				  unsigned end, uint64_t memory)
{
	while (first < end) {
		unsigned middle = first + (end - first) / 2;
		unsigned room = g_array_index(shelf->rooms, unsigned, middle);

		if (space_room(space, room)->bid->memory < memory)
			first = middle + 1;
		else
			end = middle;
	}
	return first;
}

/* The best of SHELF that nobody touched. */
static void space_look_on(const Space *space, const StandingVm *vm, const SpaceShelf *shelf,
			  SpaceFit *best)
{
	const unsigned *from = (const unsigned *)shelf->from->data;

	for (unsigned c = standing_cores(vm->spec, shelf->threads); c + 1 < shelf->from->len; c++)
		for (unsigned i = space_shelf_bound(space, shelf, from[c], from[c + 1], vm->memory);
		     i < from[c + 1]; i++) {
			unsigned room = g_array_index(shelf->rooms, unsigned, i);
			unsigned standing = space_room(space, room)->standing;

			if (space->touched[standing] || !space_allows(space, vm, standing))
				continue;
			space_consider(space, vm, room, best);
			return;
		}
}

static void space_look_at_touched(const Space *space, const StandingVm *vm, SpaceFit *best)
{
	for (unsigned i = 0; i < space->touches->len; i++) {
		unsigned standing = g_array_index(space->touches, unsigned, i);

		if (!space_allows(space, vm, standing))
			continue;
		for (unsigned r = space->first[standing]; r < space->first[standing + 1]; r++)
			if (space_holds(space, vm, r))
				space_consider(space, vm, r, best);
	}
}

bool space_find_room(const Space *space, const StandingVm *vm, GArray *parts)
{
	SpaceFit best = {0};
	SpacePart part;

	for (unsigned i = 0; i < space->shelves->len; i++) {
		const SpaceShelf *shelf = g_ptr_array_index(space->shelves, i);

		if (!vm->cpu_pm || shelf->modes & (1u << vm->spec->cpu_mode))
			space_look_on(space, vm, shelf, &best);
	}
	space_look_at_touched(space, vm, &best);
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

void space_take(Space *space, const StandingVm *vm, const GArray *parts)
{
	SpaceGuest guest = {0, vm};

	for (unsigned i = 0; i < parts->len; i++) {
		const SpacePart *part = &g_array_index(parts, SpacePart, i);
		SpaceRoom *room = space_room(space, part->room);

		room->left -= part->cores;
		if (space->memory[room->slot] != UINT64_MAX)
			space->memory[room->slot] -= part->memory;
		guest.standing = room->standing;
	}
	space_touch(space, guest.standing);
	g_array_append_val(space->guests, guest);
}

void space_give_back(Space *space, const GArray *parts)
{
	for (unsigned i = 0; i < parts->len; i++) {
		const SpacePart *part = &g_array_index(parts, SpacePart, i);
		SpaceRoom *room = space_room(space, part->room);

		room->left += part->cores;
		if (space->memory[room->slot] != UINT64_MAX)
			space->memory[room->slot] += part->memory;
	}
	g_array_set_size(space->guests, space->guests->len - 1);
}

void space_reset(Space *space)
{
	for (unsigned i = 0; i < space->touches->len; i++) {
		unsigned standing = g_array_index(space->touches, unsigned, i);

		for (unsigned r = space->first[standing]; r < space->first[standing + 1]; r++) {
			SpaceRoom *room = space_room(space, r);

			room->left = room->bid->free;
			space->memory[room->slot] = room->bid->memory;
		}
		space->touched[standing] = false;
	}
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
