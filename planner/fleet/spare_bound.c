/* SPDX-License-Identifier: MIT */
#include "planner/fleet/spare.h"

/* Losses of one kind, those of VMs with cpu-pm alone or of all. */
typedef struct SpareCount {
	const Space *space;
	SpareKind kind;
	bool cpu_pm;
	bool *inside;	 /* by host: a loss takes it */
	uint64_t losses; /* with a need */
	uint64_t most, sum;
} SpareCount;

static void spare_count_loss(SpareCount *count, const SpareLoss *loss)
{
	uint64_t need = 0;

	for (unsigned i = 0; i < loss->loss->vms->len; i++) {
		const StandingVm *vm = loss_vm_at(loss->loss->vms, i)->vm;

		if (vm->cpu_pm || !count->cpu_pm)
			need += space_least_cores(count->space, vm);
	}
	if (!need)
		return;
	for (unsigned i = 0; i < loss->members->len; i++)
		count->inside[g_array_index(loss->members, unsigned, i)] = true;
	count->losses++;
	count->sum += need;
	count->most = MAX(count->most, need);
}

/* Free cores of hosts that no loss takes: they serve every one. */
static uint64_t spare_count_outside(const SpareCount *count)
{
	uint64_t cores = 0;

	for (unsigned r = 0; r < count->space->rooms->len; r++) {
		const SpaceRoom *room = space_room(count->space, r);

		if (!count->inside[room->standing])
			cores += room->bid->free;
	}
	return cores;
}

static uint64_t spare_divide(uint64_t a, uint64_t b)
{
	return (a + b - 1) / b;
}

/* R cores of spare serve R times the losses, less those of a loss's own hosts. */
static uint64_t spare_count_end(const SpareCount *count)
{
	uint64_t outside = spare_count_outside(count);

	if (!count->losses || count->kind == SPARE_PAIR)
		return count->most;
	if (count->sum <= outside * count->losses || count->losses == 1)
		return MAX(count->most, spare_divide(count->sum, count->losses));
	return MAX(count->most,
		   outside + spare_divide(count->sum - outside * count->losses, count->losses - 1));
}

uint64_t spare_least(const Space *space, const GArray *losses)
{
	uint64_t bound = 0;

	for (unsigned kind = 0; kind < 2 * SPARE_KINDS; kind++) {
		SpareCount count = {.space = space, .kind = kind / 2, .cpu_pm = kind % 2};

		count.inside = g_new0(bool, space->standings->len + 1);
		for (unsigned i = 0; i < losses->len; i++) {
			const SpareLoss *loss = &g_array_index(losses, SpareLoss, i);

			if (loss->kind == count.kind)
				spare_count_loss(&count, loss);
		}
		bound = MAX(bound, spare_count_end(&count));
		g_free(count.inside);
	}
	return bound;
}
