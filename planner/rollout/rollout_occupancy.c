/* SPDX-License-Identifier: MIT */
#include "planner/rollout/rollout_occupancy.h"

#define AT(pins, v) g_array_index(pins, unsigned, v)

static unsigned sdk_of(const Occupancy *occupancy)
{
	return occupancy->n - 1;
}

/* Life */

static void actor_init(Occupancy *occupancy, unsigned index)
{
	Actor *actor = &occupancy->actors[index];

	actor->now = g_array_new(FALSE, FALSE, sizeof(unsigned));
	if (index == sdk_of(occupancy)) {
		actor->done = hwloc_bitmap_isequal(occupancy->diff->before->cpus[ROLE_SDK],
						   occupancy->diff->after->cpus[ROLE_SDK]);
		return;
	}
	actor->vm = g_ptr_array_index(occupancy->diff->vms, index);
	actor->cold = actor->vm->cost >= COST_RESTART;
	actor->done = actor->vm->kind == DIFF_SAME;
	if (actor->vm->kind != DIFF_NEW && actor->vm->before && actor->vm->before->placed)
		occupancy_move(occupancy, index, actor->vm->before->pins, actor->vm->before);
}

Occupancy *occupancy_new(Diff *diff)
{
	Occupancy *occupancy = g_new0(Occupancy, 1);
	unsigned nodes = diff->after->host->nodes->len;
	unsigned cpus = (unsigned)(hwloc_bitmap_last(diff->after->host->online) + 1);

	occupancy->diff = diff;
	occupancy->host = diff->after->host;
	occupancy->n = diff->vms->len + 1;
	occupancy->actors = g_new0(Actor, occupancy->n);
	occupancy->slots = g_new0(struct OccupancySlot, cpus);
	occupancy->used = g_new0(uint64_t, nodes);
	occupancy->room = g_new0(uint64_t, nodes);
	occupancy->sdk = hwloc_bitmap_dup(diff->before->cpus[ROLE_SDK]);
	for (unsigned i = 0; i < nodes; i++)
		occupancy->room[i] = plan_node_room(diff->after, i);
	for (unsigned i = 0; i < occupancy->n; i++)
		actor_init(occupancy, i);
	return occupancy;
}

void occupancy_free(Occupancy *occupancy)
{
	for (unsigned i = 0; i < occupancy->n; i++)
		g_array_unref(occupancy->actors[i].now);
	g_free(occupancy->actors);
	g_free(occupancy->slots);
	g_free(occupancy->used);
	g_free(occupancy->room);
	hwloc_bitmap_free(occupancy->sdk);
	g_free(occupancy);
}

/* Going */

/* Positions of nodes are of the plan's own host; the two hosts have the same nodes with cores. */
static unsigned rollout_occupancy_node_at(const Occupancy *occupancy, const DiffVm *vm,
					  const PlanVm *state, unsigned share)
{
	const Plan *plan = state == vm->before ? occupancy->diff->before : occupancy->diff->after;
	unsigned node = g_array_index(state->shares, VmShare, share).from;

	return host_node_of_id(occupancy->host, host_node(plan->host, node)->id);
}

static void rollout_occupancy_take_memory(Occupancy *occupancy, const DiffVm *vm,
					  const PlanVm *state, bool give)
{
	for (unsigned i = 0; state && i < state->shares->len; i++) {
		unsigned node = rollout_occupancy_node_at(occupancy, vm, state, i);
		uint64_t memory = g_array_index(state->shares, VmShare, i).memory;

		occupancy->used[node] += give ? -memory : memory;
	}
}

void occupancy_move(Occupancy *occupancy, unsigned index, const GArray *to, const PlanVm *state)
{
	Actor *actor = &occupancy->actors[index];

	for (unsigned v = 0; v < actor->now->len; v++) {
		occupancy->slots[AT(actor->now, v)].vcpus--;
		occupancy->slots[AT(actor->now, v)].sum -= index;
	}
	rollout_occupancy_take_memory(occupancy, actor->vm, actor->state, true);
	g_array_set_size(actor->now, 0);
	for (unsigned v = 0; to && v < to->len; v++) {
		g_array_append_val(actor->now, AT(to, v));
		occupancy->slots[AT(to, v)].vcpus++;
		occupancy->slots[AT(to, v)].sum += index;
	}
	rollout_occupancy_take_memory(occupancy, actor->vm, state, false);
	actor->state = state;
}

void occupancy_move_sdk(Occupancy *occupancy)
{
	hwloc_bitmap_copy(occupancy->sdk, occupancy->diff->after->cpus[ROLE_SDK]);
	occupancy->actors[sdk_of(occupancy)].done = true;
}

/* Standing in the way */

static bool rollout_occupancy_has_cpu(const GArray *pins, unsigned cpu)
{
	for (unsigned v = 0; v < pins->len; v++)
		if (AT(pins, v) == cpu)
			return true;
	return false;
}

unsigned occupancy_holder(const Occupancy *occupancy, unsigned cpu, unsigned actor)
{
	const struct OccupancySlot *slot = &occupancy->slots[cpu];

	if (slot->vcpus == 1)
		return slot->sum == actor ? HOST_NONE : (unsigned)slot->sum;
	for (unsigned i = 0; slot->vcpus && i < occupancy->n; i++)
		if (i != actor && rollout_occupancy_has_cpu(occupancy->actors[i].now, cpu))
			return i;
	return HOST_NONE;
}

static bool on_core(const Occupancy *occupancy, const PlanVm *vm, unsigned core)
{
	for (unsigned v = 0; vm && v < vm->pins->len; v++)
		if (host_core_of(occupancy->host, AT(vm->pins, v)) == core)
			return true;
	return false;
}

/* In the end two VMs have a core in common: then neither has cpu-pm, once both are done. */
static bool core_shared(const Occupancy *occupancy, unsigned core, unsigned actor, unsigned other)
{
	return occupancy->actors[other].done &&
	       on_core(occupancy, occupancy->actors[actor].vm->after, core) &&
	       on_core(occupancy, occupancy->actors[other].vm->after, core);
}

static unsigned cpu_blocker(const Occupancy *occupancy, unsigned actor, unsigned cpu)
{
	unsigned index = host_core_of(occupancy->host, cpu);
	unsigned holder = occupancy_holder(occupancy, cpu, actor);
	const Core *core = host_core(occupancy->host, index);

	if (hwloc_bitmap_isset(occupancy->sdk, cpu))
		return sdk_of(occupancy);
	for (unsigned t = 0; holder == HOST_NONE && t < core->n_cpus; t++) {
		holder = occupancy_holder(occupancy, core->cpu[t], actor);
		if (holder != HOST_NONE && core_shared(occupancy, index, actor, holder))
			holder = HOST_NONE;
	}
	return holder;
}

/* Bytes that VM has on NODE when it runs as STATE, which is NULL when it does not. */
static uint64_t rollout_occupancy_memory_on(const Occupancy *occupancy, const DiffVm *vm,
					    const PlanVm *state, unsigned node)
{
	uint64_t memory = 0;

	for (unsigned i = 0; state && i < state->shares->len; i++)
		if (rollout_occupancy_node_at(occupancy, vm, state, i) == node)
			memory += g_array_index(state->shares, VmShare, i).memory;
	return memory;
}

/* A VM that has memory on NODE and is to have less there. */
static unsigned memory_holder(const Occupancy *occupancy, unsigned node, unsigned actor)
{
	for (unsigned i = 0; i < occupancy->n - 1; i++) {
		const Actor *other = &occupancy->actors[i];

		if (i != actor && !other->done &&
		    rollout_occupancy_memory_on(occupancy, other->vm, other->state, node) >
			    rollout_occupancy_memory_on(occupancy, other->vm, other->vm->after,
							node))
			return i;
	}
	return HOST_NONE;
}

static unsigned memory_blocker(const Occupancy *occupancy, unsigned actor)
{
	const Actor *a = &occupancy->actors[actor];

	for (unsigned node = 0; node < occupancy->host->nodes->len; node++) {
		uint64_t has = rollout_occupancy_memory_on(occupancy, a->vm, a->state, node);
		uint64_t wants = rollout_occupancy_memory_on(occupancy, a->vm, a->vm->after, node);
		unsigned holder;

		if (wants <= has || occupancy->room[node] == UINT64_MAX ||
		    occupancy->used[node] + wants - has <= occupancy->room[node])
			continue;
		holder = memory_holder(occupancy, node, actor);
		if (holder != HOST_NONE)
			return holder;
	}
	return HOST_NONE;
}

static unsigned sdk_blocker(const Occupancy *occupancy)
{
	unsigned cpu, holder = HOST_NONE;

	hwloc_bitmap_foreach_begin(cpu, occupancy->diff->after->cpus[ROLE_SDK])
		if (holder == HOST_NONE)
			holder = occupancy_holder(occupancy, cpu, HOST_NONE);
	hwloc_bitmap_foreach_end();
	return holder;
}

unsigned occupancy_blocker(const Occupancy *occupancy, unsigned actor, bool *memory)
{
	const Actor *a = &occupancy->actors[actor];
	unsigned blocker;

	if (actor == sdk_of(occupancy))
		return sdk_blocker(occupancy);
	for (unsigned v = 0; v < a->vm->after->pins->len; v++) {
		unsigned cpu = AT(a->vm->after->pins, v);

		blocker = rollout_occupancy_has_cpu(a->now, cpu)
				  ? HOST_NONE
				  : cpu_blocker(occupancy, actor, cpu);
		if (blocker != HOST_NONE)
			return blocker;
	}
	blocker = memory_blocker(occupancy, actor);
	*memory |= blocker != HOST_NONE;
	return blocker;
}

/* Spare cores */

/* CPUs that somebody who is under way is going to. */
static CpuSet rollout_occupancy_wanted(const Occupancy *occupancy)
{
	CpuSet cpus = hwloc_bitmap_dup(occupancy->diff->after->cpus[ROLE_SDK]);

	for (unsigned i = 0; i < occupancy->n - 1; i++) {
		const Actor *actor = &occupancy->actors[i];

		if (actor->done || !actor->state || !actor->vm->after)
			continue;
		for (unsigned v = 0; v < actor->vm->after->pins->len; v++)
			hwloc_bitmap_set(cpus, AT(actor->vm->after->pins, v));
	}
	return cpus;
}

static bool core_spare(const Occupancy *occupancy, const Core *core, hwloc_const_bitmap_t taken)
{
	for (unsigned t = 0; t < core->n_cpus; t++)
		if (!hwloc_bitmap_isset(occupancy->diff->before->isolated, core->cpu[t]) ||
		    hwloc_bitmap_isset(occupancy->sdk, core->cpu[t]) ||
		    hwloc_bitmap_isset(taken, core->cpu[t]) || occupancy->slots[core->cpu[t]].vcpus)
			return false;
	return !core->partial;
}

GArray *occupancy_spares(const Occupancy *occupancy, unsigned node)
{
	GArray *spares = g_array_new(FALSE, FALSE, sizeof(unsigned));
	g_auto(CpuSet) taken = rollout_occupancy_wanted(occupancy);

	for (unsigned far = 0; far <= 1; far++)
		for (unsigned i = 0; i < occupancy->host->cores->len; i++) {
			const Core *core = host_core(occupancy->host, i);

			if ((core->node != node) == far && core_spare(occupancy, core, taken))
				g_array_append_val(spares, i);
		}
	return spares;
}
