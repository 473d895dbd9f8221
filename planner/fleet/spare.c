/* SPDX-License-Identifier: MIT */
#include "planner/fleet/spare.h"

#include <string.h>

#define SPARE_TASTE_VMS 50000	   /* of all losses: with more, rooms are kept in one order alone */
#define SPARE_SHRINK_WORK 40000000 /* rooms looked at while rooms are given up */

void spare_free(Spare *spare)
{
	g_array_unref(spare->rooms);
	g_free(spare);
}

static const SpareLoss *spare_loss_at(const SpareKept *kept, unsigned i)
{
	return &g_array_index(kept->losses, SpareLoss, i);
}

/* Which rooms to keep first */

/* The first alone where there are many VMs. */
typedef enum SpareTaste { SPARE_ROOMY, SPARE_IDLE, SPARE_TIGHT, SPARE_TASTES } SpareTaste;

typedef struct SpareOrder {
	const Space *space;
	SpareTaste taste;
	const uint64_t *needs; /* by host: cores of its own VMs */
} SpareOrder;

/* Rooms of hosts with little of their own serve the loss of most others; roomy ones many VMs. */
static int spare_room_compare(gconstpointer a, gconstpointer b, gpointer data)
{
	const SpareOrder *order = data;
	unsigned i = *(const unsigned *)a, j = *(const unsigned *)b;
	const SpaceRoom *x = space_room(order->space, i), *y = space_room(order->space, j);
	int64_t idle = (int64_t)order->needs[x->standing] - (int64_t)order->needs[y->standing];
	int64_t roomy = (int64_t)y->bid->free - (int64_t)x->bid->free, first, second;

	first = order->taste == SPARE_IDLE ? idle : order->taste == SPARE_ROOMY ? roomy : -roomy;
	second = order->taste == SPARE_IDLE ? roomy : idle;
	if (first)
		return first < 0 ? -1 : 1;
	if (second)
		return second < 0 ? -1 : 1;
	return i < j ? -1 : i > j;
}

static GArray *spare_rooms_ordered(const Space *space, SpareTaste taste)
{
	g_autofree uint64_t *needs = g_new0(uint64_t, space->standings->len + 1);
	GArray *rooms = g_array_new(FALSE, FALSE, sizeof(unsigned));
	SpareOrder order = {space, taste, needs};

	for (unsigned s = 0; s < space->standings->len; s++)
		needs[s] = standing_need(space_standing(space, s), 1);
	for (unsigned r = 0; r < space->rooms->len; r++)
		if (space_room(space, r)->bid->free)
			g_array_append_val(rooms, r);
	g_array_sort_with_data(rooms, spare_room_compare, &order);
	return rooms;
}

/* Packing one loss */

typedef struct SparePacker {
	SpareKept *kept;
	GArray *used;	       /* of unsigned: rooms of which some is kept */
	const GArray *further; /* of unsigned: all, best first; NULL = no more may be kept */
} SparePacker;

static unsigned spare_taken(const Space *space, unsigned room)
{
	return space_room(space, room)->bid->free - space_room(space, room)->left;
}

/* How many cores more must be kept of ROOM if NEED more are taken. */
static unsigned spare_growth(const SpareKept *kept, unsigned room, unsigned need)
{
	unsigned taken = spare_taken(kept->space, room) + need;

	return taken > kept->cores[room] ? taken - kept->cores[room] : 0;
}

typedef struct SpareChoice {
	unsigned room, need, growth, rest; /* rest: kept, and still nobody's */
	bool found;
} SpareChoice;

static void spare_consider(const SparePacker *packer, const StandingVm *vm, unsigned index,
			   SpareChoice *best)
{
	const SpareKept *kept = packer->kept;
	const SpaceRoom *room = space_room(kept->space, index);
	unsigned need = standing_cores(vm->spec, room->bid->threads);
	SpareChoice choice = {index, need, 0, 0, true};

	if (room->left < need)
		return;
	choice.growth = spare_growth(kept, index, need);
	if (!choice.growth)
		choice.rest = kept->cores[index] - spare_taken(kept->space, index) - need;
	if (choice.growth && !packer->further)
		return;
	if (best->found && (choice.growth > best->growth ||
			    (choice.growth == best->growth && choice.rest >= best->rest)))
		return;
	if (space_holds(kept->space, vm, index) && space_allows(kept->space, vm, room->standing))
		*best = choice;
}

/* A room of which nothing is kept yet, where that is less. A fleet has many: it is known at once
 * when none holds the VM. */
static void spare_consider_further(const SparePacker *packer, const StandingVm *vm,
				   SpareChoice *best)
{
	g_autoptr(GArray) parts = g_array_new(FALSE, FALSE, sizeof(SpacePart));

	if (!packer->further || !space_find_room(packer->kept->space, vm, parts))
		return;
	for (unsigned i = 0; i < packer->further->len; i++) {
		SpareChoice choice = {0};
		unsigned room = g_array_index(packer->further, unsigned, i);

		if (packer->kept->cores[room])
			continue;
		spare_consider(packer, vm, room, &choice);
		if (!choice.found)
			continue;
		if (!best->found || choice.growth < best->growth)
			*best = choice;
		return;
	}
}

/* Take PARTS for VM, and keep what that takes. False where it may not grow. */
static bool spare_take(SparePacker *packer, const StandingVm *vm, const GArray *parts)
{
	SpareKept *kept = packer->kept;

	for (unsigned i = 0; i < parts->len; i++) {
		const SpacePart *part = &g_array_index(parts, SpacePart, i);

		if (!packer->further && spare_growth(kept, part->room, part->cores))
			return false;
	}
	for (unsigned i = 0; i < parts->len; i++) {
		const SpacePart *part = &g_array_index(parts, SpacePart, i);
		unsigned growth = spare_growth(kept, part->room, part->cores);

		if (growth && !kept->cores[part->room])
			g_array_append_val(packer->used, part->room);
		kept->cores[part->room] += growth;
		kept->total += growth;
	}
	space_take(kept->space, vm, parts);
	return true;
}

static bool spare_pack_vm(SparePacker *packer, const StandingVm *vm)
{
	g_autoptr(GArray) parts = g_array_new(FALSE, FALSE, sizeof(SpacePart));
	SpareChoice best = {0};

	for (unsigned i = 0; i < packer->used->len && (!best.found || best.growth || best.rest);
	     i++)
		spare_consider(packer, vm, g_array_index(packer->used, unsigned, i), &best);
	if (!best.found || best.growth)
		spare_consider_further(packer, vm, &best);
	if (best.found) {
		SpacePart part = {best.room, best.need, vm->memory};

		g_array_append_val(parts, part);
	} else if ((!packer->further && !packer->kept->spans) ||
		   !space_find_span(packer->kept->space, vm, parts)) {
		return false;
	}
	packer->kept->spans |= parts->len > 1;
	return spare_take(packer, vm, parts);
}

/* What is taken now of each room is at most what the memory kept of it says. */
static void spare_note_memory(const SparePacker *packer)
{
	const SpareKept *kept = packer->kept;

	for (unsigned i = 0; i < packer->used->len; i++) {
		const SpaceRoom *room =
			space_room(kept->space, g_array_index(packer->used, unsigned, i));
		uint64_t taken = room->bid->memory - kept->space->memory[room->slot];

		kept->memory[room->slot] = MAX(kept->memory[room->slot], taken);
	}
}

static bool spare_pack(SparePacker *packer, const SpareLoss *loss)
{
	space_lose(packer->kept->space, loss->members);
	for (unsigned i = 0; i < loss->loss->vms->len; i++)
		if (!spare_pack_vm(packer, loss_vm_at(loss->loss->vms, i)->vm))
			return false;
	spare_note_memory(packer);
	return true;
}

/* The places that are known, where packing finds none. */
static void spare_pack_known(SparePacker *packer, const SpareLoss *loss)
{
	space_lose(packer->kept->space, loss->members);
	for (unsigned i = 0; i < loss->loss->vms->len; i++) {
		const LossVm *lost = g_ptr_array_index(loss->loss->vms, i);

		spare_take(packer, lost->vm, lost->parts);
	}
	spare_note_memory(packer);
}

/* All losses */

static void spare_build(SpareKept *kept, SpareTaste taste)
{
	g_autoptr(GArray) further = spare_rooms_ordered(kept->space, taste);
	g_autoptr(GArray) used = g_array_new(FALSE, FALSE, sizeof(unsigned));
	SparePacker packer = {kept, used, further};

	for (unsigned i = 0; i < kept->losses->len; i++)
		if (!spare_pack(&packer, spare_loss_at(kept, i)))
			spare_pack_known(&packer, spare_loss_at(kept, i));
}

static GArray *spare_used(const SpareKept *kept)
{
	GArray *used = g_array_new(FALSE, FALSE, sizeof(unsigned));

	for (unsigned r = 0; r < kept->space->rooms->len; r++)
		if (kept->cores[r])
			g_array_append_val(used, r);
	return used;
}

/* Do all losses fit in what is kept? */
static bool spare_enough(SpareKept *kept)
{
	g_autoptr(GArray) used = spare_used(kept);
	SparePacker packer = {kept, used, NULL};
	uint64_t *before = kept->memory;
	bool good = true;

	kept->memory = g_new0(uint64_t, kept->space->slots + 1);
	for (unsigned i = 0; good && i < kept->losses->len; i++)
		good = spare_pack(&packer, spare_loss_at(kept, i));
	if (!good) {
		g_free(kept->memory);
		kept->memory = before;
	} else {
		g_free(before);
	}
	return good;
}

static uint64_t spare_count_vms(const SpareKept *kept)
{
	uint64_t vms = 0;

	for (unsigned i = 0; i < kept->losses->len; i++)
		vms += spare_loss_at(kept, i)->loss->vms->len;
	return vms;
}

static bool spare_give_up(SpareKept *kept, unsigned room, unsigned cores)
{
	kept->cores[room] -= cores;
	if (!spare_enough(kept)) {
		kept->cores[room] += cores;
		return false;
	}
	kept->total -= cores;
	return true;
}

/* Give up all of ROOM, else as many of its cores as can be spared. */
static void spare_shrink_room(SpareKept *kept, unsigned room)
{
	if (spare_give_up(kept, room, kept->cores[room]))
		return;
	while (kept->cores[room] > 1 && spare_give_up(kept, room, 1))
		;
}

static void spare_shrink(SpareKept *kept, uint64_t bound)
{
	g_autoptr(GArray) used = spare_used(kept);
	uint64_t work = SPARE_SHRINK_WORK, each = (spare_count_vms(kept) + 1) * used->len;

	for (unsigned i = 0; i < used->len && kept->total > bound; i++) {
		unsigned room = g_array_index(used, unsigned, i);
		uint64_t cost = each * (kept->cores[room] + 1);

		if (cost > work)
			return;
		work -= cost;
		spare_shrink_room(kept, room);
	}
}

/* Least first */

static uint64_t spare_loss_need(const SpareLoss *loss)
{
	uint64_t vcpus = 0;

	for (unsigned i = 0; i < loss->loss->vms->len; i++)
		vcpus += loss_vm_at(loss->loss->vms, i)->vm->spec->vcpus;
	return vcpus;
}

static int spare_loss_compare(gconstpointer a, gconstpointer b)
{
	uint64_t x = spare_loss_need(a), y = spare_loss_need(b);

	return x > y ? -1 : x < y;
}

static GArray *spare_losses(const GArray *losses)
{
	GArray *survived = g_array_new(FALSE, FALSE, sizeof(SpareLoss));

	for (unsigned i = 0; i < losses->len; i++)
		if (loss_verdict(g_array_index(losses, SpareLoss, i).loss) == LOSS_SURVIVES)
			g_array_append_vals(survived, &g_array_index(losses, SpareLoss, i), 1);
	g_array_sort(survived, spare_loss_compare); /* stable: those alike stay in order */
	return survived;
}

static void spare_kept_clear(SpareKept *kept)
{
	g_clear_pointer(&kept->cores, g_free);
	g_clear_pointer(&kept->memory, g_free);
}

/* The best of all tastes. */
static SpareKept spare_best(Space *space, const GArray *losses, uint64_t bound)
{
	SpareKept best = {.space = space, .losses = losses};
	unsigned tastes = spare_count_vms(&best) > SPARE_TASTE_VMS ? 1 : SPARE_TASTES;

	for (unsigned t = 0; t < tastes && (!t || best.total > bound); t++) {
		SpareKept next = {.space = space,
				  .losses = losses,
				  .cores = g_new0(unsigned, space->rooms->len + 1),
				  .memory = g_new0(uint64_t, space->slots + 1)};

		spare_build(&next, t);
		spare_shrink(&next, bound);
		if (!t || next.total < best.total) {
			spare_kept_clear(&best);
			best = next;
		} else {
			spare_kept_clear(&next);
		}
	}
	return best;
}

/* Memory is of a NUMA node: it counts once, with the first of its rooms. */
static void spare_list(Spare *spare, const SpareKept *kept)
{
	for (unsigned r = 0; r < kept->space->rooms->len; r++) {
		uint64_t *memory = &kept->memory[space_room(kept->space, r)->slot];
		SpareRoom room = {r, kept->cores[r], *memory};

		if (!room.cores)
			continue;
		*memory = 0;
		spare->cores += room.cores;
		spare->memory += room.memory;
		g_array_append_val(spare->rooms, room);
	}
}

Spare *spare_new(Space *space, const GArray *losses)
{
	g_autoptr(GArray) survived = spare_losses(losses);
	Spare *spare = g_new0(Spare, 1);
	SpareKept best;

	spare->losses = survived->len;
	spare->bound = spare_least(space, survived);
	spare->rooms = g_array_new(FALSE, FALSE, sizeof(SpareRoom));
	best = spare_best(space, survived, spare->bound);
	if (best.total > spare->bound && spare_search(&best, spare->bound))
		spare->bound = best.total;
	spare_list(spare, &best);
	space_reset(space);
	spare_kept_clear(&best);
	return spare;
}
