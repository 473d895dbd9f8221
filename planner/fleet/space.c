/* SPDX-License-Identifier: MIT */
#include "planner/fleet/yard.h"

#include <string.h>

/* Rooms alike but for what is free in them, by free cores, then memory. */
typedef struct YardShelf {
	unsigned threads, modes;
	GArray *rooms; /* of unsigned */
	GArray *from;  /* of unsigned, by cores: the first room with as many free; and the end */
} YardShelf;

typedef struct YardGuest {
	unsigned standing;
	const StandingVm *vm;
} YardGuest;

/* Making */

static void yard_shelf_free(gpointer data)
{
	YardShelf *shelf = data;

	g_array_unref(shelf->rooms);
	g_array_unref(shelf->from);
	g_free(shelf);
}

static YardShelf *yard_shelf_of(Yard *yard, unsigned threads, unsigned modes)
{
	YardShelf *shelf;

	for (unsigned i = 0; i < yard->shelves->len; i++) {
		shelf = g_ptr_array_index(yard->shelves, i);
		if (shelf->threads == threads && shelf->modes == modes)
			return shelf;
	}
	shelf = g_new0(YardShelf, 1);
	shelf->threads = threads;
	shelf->modes = modes;
	shelf->rooms = g_array_new(FALSE, FALSE, sizeof(unsigned));
	shelf->from = g_array_new(FALSE, FALSE, sizeof(unsigned));
	g_ptr_array_add(yard->shelves, shelf);
	return shelf;
}

static int yard_room_compare(gconstpointer a, gconstpointer b, gpointer data)
{
	const YardRoom *x = yard_room(data, *(const unsigned *)a);
	const YardRoom *y = yard_room(data, *(const unsigned *)b);

	if (x->bid->free != y->bid->free)
		return x->bid->free < y->bid->free ? -1 : 1;
	if (x->bid->memory != y->bid->memory)
		return x->bid->memory < y->bid->memory ? -1 : 1;
	return x < y ? -1 : x > y;
}

static void yard_sort_shelf(Yard *yard, YardShelf *shelf)
{
	unsigned cores = 0;

	g_array_sort_with_data(shelf->rooms, yard_room_compare, yard);
	for (unsigned i = 0; i < shelf->rooms->len; i++) {
		unsigned free =
			yard_room(yard, g_array_index(shelf->rooms, unsigned, i))->bid->free;

		for (; cores <= free; cores++)
			g_array_append_val(shelf->from, i);
	}
	g_array_append_val(shelf->from, shelf->rooms->len);
}

static void yard_add_rooms(Yard *yard, unsigned index)
{
	const Standing *standing = yard_standing(yard, index);
	const GArray *rooms = standing->bid->open ? standing->bid->rooms : NULL;

	yard->first[index] = yard->rooms->len;
	for (unsigned r = 0; rooms && r < rooms->len; r++) {
		const BidRoom *bid = &g_array_index(rooms, BidRoom, r);
		bool new = !r || bid[-1].node != bid->node;
		YardRoom room = {index, yard->slots - !new, bid, bid->free};

		if (new)
			yard->memory[yard->slots++] = bid->memory;
		g_array_append_val(yard_shelf_of(yard, bid->threads, standing->modes)->rooms,
				   yard->rooms->len);
		g_array_append_val(yard->rooms, room);
	}
}

static void yard_add_name(Yard *yard, const char *name, unsigned standing)
{
	gpointer first;
	hwloc_bitmap_t all = g_hash_table_lookup(yard->repeated, name);

	if (!g_hash_table_lookup_extended(yard->named, name, NULL, &first)) {
		g_hash_table_insert(yard->named, (gpointer)name, GUINT_TO_POINTER(standing));
		return;
	}
	if (!all) {
		all = hwloc_bitmap_alloc();
		hwloc_bitmap_set(all, GPOINTER_TO_UINT(first));
		g_hash_table_insert(yard->repeated, (gpointer)name, all);
	}
	hwloc_bitmap_set(all, standing);
}

static void yard_add_names(Yard *yard, unsigned index)
{
	const GPtrArray *vms = yard_standing(yard, index)->vms;

	for (unsigned i = 0; i < vms->len; i++)
		yard_add_name(yard, ((const StandingVm *)g_ptr_array_index(vms, i))->spec->name,
			      index);
}

static int yard_roomy_compare(gconstpointer a, gconstpointer b, gpointer data)
{
	unsigned i = *(const unsigned *)a, j = *(const unsigned *)b;
	uint64_t x = yard_standing(data, i)->bid->memory, y = yard_standing(data, j)->bid->memory;

	if (x != y)
		return x > y ? -1 : 1;
	return i < j ? -1 : i > j;
}

static void yard_bitmap_free(gpointer bitmap)
{
	hwloc_bitmap_free(bitmap);
}

static unsigned yard_count_rooms(const GPtrArray *standings)
{
	unsigned rooms = 0;

	for (unsigned i = 0; i < standings->len; i++) {
		const Bid *bid = ((const Standing *)g_ptr_array_index(standings, i))->bid;

		rooms += bid->open ? bid->rooms->len : 0;
	}
	return rooms;
}

Yard *yard_new(const GPtrArray *standings)
{
	Yard *yard = g_new0(Yard, 1);

	yard->standings = standings;
	yard->rooms = g_array_new(FALSE, FALSE, sizeof(YardRoom));
	yard->first = g_new0(unsigned, standings->len + 1);
	yard->memory = g_new0(uint64_t, yard_count_rooms(standings) + 1);
	yard->lost = g_new0(bool, standings->len + 1);
	yard->touched = g_new0(bool, standings->len + 1);
	yard->shelves = g_ptr_array_new_with_free_func(yard_shelf_free);
	yard->roomy = g_array_new(FALSE, FALSE, sizeof(unsigned));
	yard->touches = g_array_new(FALSE, FALSE, sizeof(unsigned));
	yard->guests = g_array_new(FALSE, FALSE, sizeof(YardGuest));
	yard->named = g_hash_table_new(g_str_hash, g_str_equal);
	yard->repeated = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, yard_bitmap_free);
	for (unsigned i = 0; i < standings->len; i++) {
		yard_add_rooms(yard, i);
		if (yard_standing(yard, i)->bid->open)
			g_array_append_val(yard->roomy, i);
		yard_add_names(yard, i);
	}
	yard->first[standings->len] = yard->rooms->len;
	g_array_sort_with_data(yard->roomy, yard_roomy_compare, yard);
	for (unsigned i = 0; i < yard->shelves->len; i++)
		yard_sort_shelf(yard, g_ptr_array_index(yard->shelves, i));
	return yard;
}

void yard_free(Yard *yard)
{
	g_array_unref(yard->rooms);
	g_free(yard->first);
	g_free(yard->memory);
	g_free(yard->lost);
	g_free(yard->touched);
	g_ptr_array_unref(yard->shelves);
	g_array_unref(yard->roomy);
	g_array_unref(yard->touches);
	g_array_unref(yard->guests);
	g_hash_table_unref(yard->named);
	g_hash_table_unref(yard->repeated);
	g_free(yard);
}

/* One room */

/* Is a VM of its name there? Its own host is lost, or asked for nothing. */
static bool yard_has_name(const Yard *yard, const StandingVm *vm, unsigned standing)
{
	hwloc_const_bitmap_t all = g_hash_table_lookup(yard->repeated, vm->spec->name);

	if (!all)
		return false;
	for (unsigned i = 0; i < yard->guests->len; i++) {
		const YardGuest *guest = &g_array_index(yard->guests, YardGuest, i);

		if (guest->standing == standing && !strcmp(guest->vm->spec->name, vm->spec->name))
			return true;
	}
	return hwloc_bitmap_isset(all, standing);
}

bool yard_allows(const Yard *yard, const StandingVm *vm, unsigned standing)
{
	return !yard->lost[standing] && standing_takes(yard_standing(yard, standing), vm) &&
	       !yard_has_name(yard, vm, standing);
}

bool yard_holds(const Yard *yard, const StandingVm *vm, unsigned index)
{
	const YardRoom *room = yard_room(yard, index);

	return room->left >= standing_cores(vm->spec, room->bid->threads) &&
	       yard->memory[room->slot] >= vm->memory;
}

unsigned yard_least_cores(const Yard *yard, const StandingVm *vm)
{
	unsigned least = G_MAXUINT;

	for (unsigned i = 0; i < yard->shelves->len; i++) {
		const YardShelf *shelf = g_ptr_array_index(yard->shelves, i);

		least = MIN(least, standing_cores(vm->spec, shelf->threads));
	}
	return least;
}

/* What a VM would leave: the smaller, the better. */
typedef struct YardFit {
	unsigned room;
	unsigned modes;	 /* cpu-pm that the VM has no use for */
	unsigned cpus;	 /* free in the room */
	uint64_t memory; /* and in its node */
	bool found;
} YardFit;

static int yard_fit_compare(const YardFit *a, const YardFit *b)
{
	if (a->modes != b->modes)
		return a->modes < b->modes ? -1 : 1;
	if (a->cpus != b->cpus)
		return a->cpus < b->cpus ? -1 : 1;
	if (a->memory != b->memory)
		return a->memory < b->memory ? -1 : 1;
	return a->room < b->room ? -1 : a->room > b->room;
}

static void yard_consider(const Yard *yard, const StandingVm *vm, unsigned index, YardFit *best)
{
	const YardRoom *room = yard_room(yard, index);
	unsigned modes = yard_standing(yard, room->standing)->modes;
	YardFit fit = {.room = index,
		       .modes = vm->cpu_pm ? 0 : modes,
		       .cpus = room->left * room->bid->threads,
		       .memory = yard->memory[room->slot],
		       .found = true};

	if (!best->found || yard_fit_compare(&fit, best) < 0)
		*best = fit;
}

/* The first of SHELF from position FIRST to END that has as much memory. */
static unsigned yard_shelf_bound(const Yard *yard, const YardShelf *shelf, unsigned first,
				 unsigned end, uint64_t memory)
{
	while (first < end) {
		unsigned middle = first + (end - first) / 2;
		unsigned room = g_array_index(shelf->rooms, unsigned, middle);

		if (yard_room(yard, room)->bid->memory < memory)
			first = middle + 1;
		else
			end = middle;
	}
	return first;
}

/* The best of SHELF that nobody touched. */
static void yard_look_on(const Yard *yard, const StandingVm *vm, const YardShelf *shelf,
			 YardFit *best)
{
	const unsigned *from = (const unsigned *)shelf->from->data;

	for (unsigned c = standing_cores(vm->spec, shelf->threads); c + 1 < shelf->from->len; c++)
		for (unsigned i = yard_shelf_bound(yard, shelf, from[c], from[c + 1], vm->memory);
		     i < from[c + 1]; i++) {
			unsigned room = g_array_index(shelf->rooms, unsigned, i);
			unsigned standing = yard_room(yard, room)->standing;

			if (yard->touched[standing] || !yard_allows(yard, vm, standing))
				continue;
			yard_consider(yard, vm, room, best);
			return;
		}
}

static void yard_look_at_touched(const Yard *yard, const StandingVm *vm, YardFit *best)
{
	for (unsigned i = 0; i < yard->touches->len; i++) {
		unsigned standing = g_array_index(yard->touches, unsigned, i);

		if (!yard_allows(yard, vm, standing))
			continue;
		for (unsigned r = yard->first[standing]; r < yard->first[standing + 1]; r++)
			if (yard_holds(yard, vm, r))
				yard_consider(yard, vm, r, best);
	}
}

bool yard_find_room(const Yard *yard, const StandingVm *vm, GArray *parts)
{
	YardFit best = {0};
	YardPart part;

	for (unsigned i = 0; i < yard->shelves->len; i++) {
		const YardShelf *shelf = g_ptr_array_index(yard->shelves, i);

		if (!vm->cpu_pm || shelf->modes & (1u << vm->spec->cpu_mode))
			yard_look_on(yard, vm, shelf, &best);
	}
	yard_look_at_touched(yard, vm, &best);
	if (!best.found)
		return false;
	part = (YardPart){best.room,
			  standing_cores(vm->spec, yard_room(yard, best.room)->bid->threads),
			  vm->memory};
	g_array_append_val(parts, part);
	return true;
}

/* Taking */

static void yard_touch(Yard *yard, unsigned standing)
{
	if (!yard->touched[standing])
		g_array_append_val(yard->touches, standing);
	yard->touched[standing] = true;
}

void yard_take(Yard *yard, const StandingVm *vm, const GArray *parts)
{
	YardGuest guest = {0, vm};

	for (unsigned i = 0; i < parts->len; i++) {
		const YardPart *part = &g_array_index(parts, YardPart, i);
		YardRoom *room = yard_room(yard, part->room);

		room->left -= part->cores;
		if (yard->memory[room->slot] != UINT64_MAX)
			yard->memory[room->slot] -= part->memory;
		guest.standing = room->standing;
	}
	yard_touch(yard, guest.standing);
	g_array_append_val(yard->guests, guest);
}

void yard_give_back(Yard *yard, const GArray *parts)
{
	for (unsigned i = 0; i < parts->len; i++) {
		const YardPart *part = &g_array_index(parts, YardPart, i);
		YardRoom *room = yard_room(yard, part->room);

		room->left += part->cores;
		if (yard->memory[room->slot] != UINT64_MAX)
			yard->memory[room->slot] += part->memory;
	}
	g_array_set_size(yard->guests, yard->guests->len - 1);
}

void yard_reset(Yard *yard)
{
	for (unsigned i = 0; i < yard->touches->len; i++) {
		unsigned standing = g_array_index(yard->touches, unsigned, i);

		for (unsigned r = yard->first[standing]; r < yard->first[standing + 1]; r++) {
			YardRoom *room = yard_room(yard, r);

			room->left = room->bid->free;
			yard->memory[room->slot] = room->bid->memory;
		}
		yard->touched[standing] = false;
	}
	g_array_set_size(yard->touches, 0);
	g_array_set_size(yard->guests, 0);
	memset(yard->lost, 0, yard->standings->len * sizeof *yard->lost);
}

void yard_lose(Yard *yard, const GArray *members)
{
	yard_reset(yard);
	for (unsigned i = 0; i < members->len; i++)
		yard->lost[g_array_index(members, unsigned, i)] = true;
}
