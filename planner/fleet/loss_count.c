/* SPDX-License-Identifier: MIT */
/*
 * How many VMs must be left out, by counting: of those that are at least of some size, no more fit
 * than free rooms hold copies of that size; nor more than all free CPUs, or all memory, hold.
 */
#include "planner/fleet/loss.h"

#include <string.h>

/* A size: the cores of a shape, and memory. Compared as bytes: there are none between these. */
typedef struct LossSize {
	unsigned vcpus, isolate;
	unsigned cpu_pm; /* VMs that need cpu-pm alone, on hosts that have it */
	unsigned whole;	 /* none of its VMs may span NUMA nodes */
	uint64_t memory;
} LossSize;

struct LossCount {
	const Space *space;
	GHashTable *totals; /* LossSize → uint64_t: copies in the whole fleet */
};

static guint loss_size_hash(gconstpointer key)
{
	const LossSize *size = key;

	return size->vcpus * 31 + size->isolate * 7 + size->cpu_pm * 3 + size->whole +
	       g_int64_hash(&size->memory);
}

static gboolean loss_size_equal(gconstpointer a, gconstpointer b)
{
	return !memcmp(a, b, sizeof(LossSize));
}

LossCount *loss_count_new(const Space *space)
{
	LossCount *count = g_new0(LossCount, 1);

	count->space = space;
	count->totals = g_hash_table_new_full(loss_size_hash, loss_size_equal, g_free, g_free);
	return count;
}

void loss_count_free(LossCount *count)
{
	g_hash_table_unref(count->totals);
	g_free(count);
}

/* Copies */

static unsigned loss_size_cores(const LossSize *size, unsigned threads)
{
	return search_cores(size->vcpus, threads, size->isolate);
}

static uint64_t loss_by_size(uint64_t memory, const LossSize *size)
{
	return size->memory && memory != UINT64_MAX ? memory / size->memory : UINT64_MAX;
}

/* Rooms of ROOMS like the one at R: a class of the whole host, or of its NUMA node. */
static uint64_t loss_copies_like(const GArray *rooms, unsigned r, const LossSize *size)
{
	const BidRoom *like = &g_array_index(rooms, BidRoom, r);
	unsigned cores = 0;

	for (unsigned i = 0; i < rooms->len; i++) {
		const BidRoom *room = &g_array_index(rooms, BidRoom, i);

		if (room->class != like->class || (size->whole && room->node != like->node))
			continue;
		if (i < r)
			return 0; /* counted with that one */
		cores += room->free;
	}
	return cores / loss_size_cores(size, like->threads);
}

static uint64_t loss_copies_whole(const GArray *rooms, const LossSize *size)
{
	uint64_t copies = 0, in_node = 0;

	for (unsigned r = 0; r < rooms->len; r++) {
		const BidRoom *room = &g_array_index(rooms, BidRoom, r);

		in_node += loss_copies_like(rooms, r, size);
		if (r + 1 < rooms->len && room[1].node == room->node)
			continue;
		copies += MIN(in_node, loss_by_size(room->memory, size));
		in_node = 0;
	}
	return copies;
}

/* The most VMs of SIZE that STANDING could take. */
static uint64_t loss_copies(const Standing *standing, const LossSize *size)
{
	const GArray *rooms = standing->bid->rooms;
	uint64_t copies = 0;

	if (!standing->bid->open || (size->cpu_pm && !standing->modes))
		return 0;
	if (size->whole)
		return loss_copies_whole(rooms, size);
	for (unsigned r = 0; r < rooms->len; r++)
		copies += loss_copies_like(rooms, r, size);
	return MIN(copies, loss_by_size(standing->bid->memory, size));
}

static uint64_t loss_copies_all(LossCount *count, const LossSize *size)
{
	uint64_t *total = g_hash_table_lookup(count->totals, size);

	if (total)
		return *total;
	total = g_new0(uint64_t, 1);
	for (unsigned s = 0; s < count->space->standings->len; s++)
		*total += loss_copies(space_standing(count->space, s), size);
	g_hash_table_insert(count->totals, g_memdup2(size, sizeof *size), total);
	return *total;
}

/* VMs of a size */

/* Does VM take as much as SIZE wherever it goes? */
static bool loss_is_size(const LossVm *lost, const LossSize *size)
{
	const VmSpec *spec = lost->vm->spec;

	if (lost->vm->memory < size->memory || (size->cpu_pm && !lost->vm->cpu_pm))
		return false;
	return vm_spec_pinned(spec) >= size->vcpus &&
	       (spec->threads == THREADS_ISOLATE || !size->isolate || size->vcpus == 1);
}

static bool loss_never_spans(const Space *space, const StandingVm *vm)
{
	for (unsigned s = 0; s < space->standings->len; s++)
		if (standing_takes(space_standing(space, s), vm) &&
		    !standing_whole(space_standing(space, s), vm))
			return false;
	return true;
}

/* How many of them are of SIZE; and whether none of these may span. */
static unsigned loss_wanted(const GPtrArray *vms, const bool *whole, LossSize *size)
{
	unsigned wanted = 0;

	size->whole = true;
	for (unsigned i = 0; i < vms->len; i++) {
		if (!loss_is_size(loss_vm_at(vms, i), size))
			continue;
		wanted++;
		size->whole &= whole[i];
	}
	return wanted;
}

static unsigned loss_least_of(LossCount *count, const GPtrArray *vms, const bool *whole,
			      const GArray *members, LossSize *size)
{
	unsigned wanted = loss_wanted(vms, whole, size);
	uint64_t have = wanted ? loss_copies_all(count, size) : 0;

	for (unsigned i = 0; wanted && i < members->len; i++)
		have -= loss_copies(
			space_standing(count->space, g_array_index(members, unsigned, i)), size);
	return wanted > have ? wanted - (unsigned)have : 0;
}

/* The sizes of VMS in which something is to be counted: each shape with each memory. */
static GHashTable *loss_sizes(const GPtrArray *vms)
{
	GHashTable *sizes = g_hash_table_new_full(loss_size_hash, loss_size_equal, g_free, NULL);
	g_autoptr(GHashTable) memories = g_hash_table_new(g_int64_hash, g_int64_equal);
	static const uint64_t none = 0;
	GHashTableIter iter;
	gpointer memory;

	g_hash_table_add(memories, (gpointer)&none);
	for (unsigned i = 0; i < vms->len; i++)
		g_hash_table_add(memories, (gpointer)&loss_vm_at(vms, i)->vm->memory);
	for (unsigned i = 0; i < vms->len; i++) {
		const VmSpec *spec = loss_vm_at(vms, i)->vm->spec;

		g_hash_table_iter_init(&iter, memories);
		while (g_hash_table_iter_next(&iter, &memory, NULL)) {
			LossSize size = {.vcpus = vm_spec_pinned(spec),
					 .isolate = spec->threads == THREADS_ISOLATE,
					 .cpu_pm = loss_vm_at(vms, i)->vm->cpu_pm,
					 .memory = *(const uint64_t *)memory};

			g_hash_table_add(sizes, g_memdup2(&size, sizeof size));
			size.cpu_pm = false;
			g_hash_table_add(sizes, g_memdup2(&size, sizeof size));
		}
	}
	return sizes;
}

/* Sums */

static int loss_number_compare(gconstpointer a, gconstpointer b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Of VMs that need NEEDS, how many are left where only so much is there, smallest first. */
static unsigned loss_beyond(GArray *needs, uint64_t have)
{
	unsigned fit = 0;

	g_array_sort(needs, loss_number_compare);
	while (fit < needs->len && g_array_index(needs, uint64_t, fit) <= have)
		have -= g_array_index(needs, uint64_t, fit++);
	return needs->len - fit;
}

/* All that is free on hosts that are not lost; of those with cpu-pm alone, if so. */
static void loss_free_in_all(const Space *space, bool cpu_pm, uint64_t *cpus, uint64_t *memory)
{
	for (unsigned r = 0; r < space->rooms->len; r++) {
		const SpaceRoom *room = space_room(space, r);
		bool first = !r || room[-1].slot != room->slot;

		if (space->lost[room->standing] ||
		    (cpu_pm && !space_standing(space, room->standing)->modes))
			continue;
		*cpus += (uint64_t)room->bid->free * room->bid->threads;
		if (first && room->bid->memory == UINT64_MAX)
			*memory = UINT64_MAX;
		else if (first && *memory != UINT64_MAX)
			*memory += room->bid->memory;
	}
}

/* Of all VMs, or those that need cpu-pm. */
static unsigned loss_least_in_all(const Space *space, const GPtrArray *vms, bool cpu_pm)
{
	g_autoptr(GArray) cpus = g_array_new(FALSE, FALSE, sizeof(uint64_t));
	g_autoptr(GArray) memory = g_array_new(FALSE, FALSE, sizeof(uint64_t));
	uint64_t free_cpus = 0, free_memory = 0;

	for (unsigned i = 0; i < vms->len; i++) {
		const LossVm *lost = loss_vm_at(vms, i);
		uint64_t vcpus = vm_spec_pinned(lost->vm->spec);

		if (cpu_pm && !lost->vm->cpu_pm)
			continue;
		g_array_append_val(cpus, vcpus);
		g_array_append_val(memory, lost->vm->memory);
	}
	loss_free_in_all(space, cpu_pm, &free_cpus, &free_memory);
	return MAX(loss_beyond(cpus, free_cpus), loss_beyond(memory, free_memory));
}

unsigned loss_count_least(LossCount *count, const GPtrArray *vms, const GArray *members)
{
	g_autoptr(GHashTable) sizes = loss_sizes(vms);
	g_autofree bool *whole = g_new0(bool, vms->len + 1);
	unsigned least = MAX(loss_least_in_all(count->space, vms, false),
			     loss_least_in_all(count->space, vms, true));
	GHashTableIter iter;
	gpointer size;

	for (unsigned i = 0; i < vms->len; i++)
		whole[i] = loss_vm_at(vms, i)->vm->spec->spans == SPANS_NEVER &&
			   loss_never_spans(count->space, loss_vm_at(vms, i)->vm);
	g_hash_table_iter_init(&iter, sizes);
	while (g_hash_table_iter_next(&iter, &size, NULL)) {
		LossSize counted = *(const LossSize *)size;

		least = MAX(least, loss_least_of(count, vms, whole, members, &counted));
	}
	return least;
}
