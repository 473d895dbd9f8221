/* SPDX-License-Identifier: MIT */
#include "planner/rollout/rollout_ground.h"

#define AT(pins, v) g_array_index(pins, unsigned, v)

static unsigned sdk_of(const Ground *ground)
{
	return ground->n - 1;
}

/* Life */

static void actor_init(Ground *ground, unsigned index)
{
	Actor *actor = &ground->actors[index];

	actor->now = g_array_new(FALSE, FALSE, sizeof(unsigned));
	if (index == sdk_of(ground)) {
		actor->done = hwloc_bitmap_isequal(ground->diff->before->cpus[ROLE_SDK],
						   ground->diff->after->cpus[ROLE_SDK]);
		return;
	}
	actor->vm = g_ptr_array_index(ground->diff->vms, index);
	actor->cold = actor->vm->cost >= COST_RESTART;
	actor->done = actor->vm->kind == DIFF_SAME;
	if (actor->vm->kind != DIFF_NEW && actor->vm->before && actor->vm->before->placed)
		ground_move(ground, index, actor->vm->before->pins, actor->vm->before);
}

Ground *ground_new(Diff *diff)
{
	Ground *ground = g_new0(Ground, 1);
	unsigned nodes = diff->after->host->nodes->len;
	unsigned cpus = (unsigned)(hwloc_bitmap_last(diff->after->host->online) + 1);

	ground->diff = diff;
	ground->host = diff->after->host;
	ground->n = diff->vms->len + 1;
	ground->actors = g_new0(Actor, ground->n);
	ground->slots = g_new0(struct GroundSlot, cpus);
	ground->used = g_new0(uint64_t, nodes);
	ground->room = g_new0(uint64_t, nodes);
	ground->sdk = hwloc_bitmap_dup(diff->before->cpus[ROLE_SDK]);
	for (unsigned i = 0; i < nodes; i++)
		ground->room[i] = plan_node_room(diff->after, i);
	for (unsigned i = 0; i < ground->n; i++)
		actor_init(ground, i);
	return ground;
}

void ground_free(Ground *ground)
{
	for (unsigned i = 0; i < ground->n; i++)
		g_array_unref(ground->actors[i].now);
	g_free(ground->actors);
	g_free(ground->slots);
	g_free(ground->used);
	g_free(ground->room);
	hwloc_bitmap_free(ground->sdk);
	g_free(ground);
}

/* Going */

/* Positions of nodes are of the plan's own host; the two hosts have the same nodes with cores. */
static unsigned rollout_ground_node_at(const Ground *ground, const DiffVm *vm, const PlanVm *state,
				       unsigned share)
{
	const Plan *plan = state == vm->before ? ground->diff->before : ground->diff->after;
	unsigned node = g_array_index(state->shares, VmShare, share).node;

	return host_node_of_id(ground->host, host_node(plan->host, node)->id);
}

static void rollout_ground_take_memory(Ground *ground, const DiffVm *vm, const PlanVm *state,
				       bool give)
{
	for (unsigned i = 0; state && i < state->shares->len; i++) {
		unsigned node = rollout_ground_node_at(ground, vm, state, i);
		uint64_t memory = g_array_index(state->shares, VmShare, i).memory;

		ground->used[node] += give ? -memory : memory;
	}
}

void ground_move(Ground *ground, unsigned index, const GArray *to, const PlanVm *state)
{
	Actor *actor = &ground->actors[index];

	for (unsigned v = 0; v < actor->now->len; v++) {
		ground->slots[AT(actor->now, v)].vcpus--;
		ground->slots[AT(actor->now, v)].sum -= index;
	}
	rollout_ground_take_memory(ground, actor->vm, actor->state, true);
	g_array_set_size(actor->now, 0);
	for (unsigned v = 0; to && v < to->len; v++) {
		g_array_append_val(actor->now, AT(to, v));
		ground->slots[AT(to, v)].vcpus++;
		ground->slots[AT(to, v)].sum += index;
	}
	rollout_ground_take_memory(ground, actor->vm, state, false);
	actor->state = state;
}

void ground_move_sdk(Ground *ground)
{
	hwloc_bitmap_copy(ground->sdk, ground->diff->after->cpus[ROLE_SDK]);
	ground->actors[sdk_of(ground)].done = true;
}

/* Standing in the way */

static bool rollout_ground_has_cpu(const GArray *pins, unsigned cpu)
{
	for (unsigned v = 0; v < pins->len; v++)
		if (AT(pins, v) == cpu)
			return true;
	return false;
}

unsigned ground_holder(const Ground *ground, unsigned cpu, unsigned actor)
{
	const struct GroundSlot *slot = &ground->slots[cpu];

	if (slot->vcpus == 1)
		return slot->sum == actor ? HOST_NONE : (unsigned)slot->sum;
	for (unsigned i = 0; slot->vcpus && i < ground->n; i++)
		if (i != actor && rollout_ground_has_cpu(ground->actors[i].now, cpu))
			return i;
	return HOST_NONE;
}

static bool on_core(const Ground *ground, const PlanVm *vm, unsigned core)
{
	for (unsigned v = 0; vm && v < vm->pins->len; v++)
		if (host_core_of(ground->host, AT(vm->pins, v)) == core)
			return true;
	return false;
}

/* In the end two VMs have a core in common: then neither has cpu-pm, once both are done. */
static bool core_shared(const Ground *ground, unsigned core, unsigned actor, unsigned other)
{
	return ground->actors[other].done &&
	       on_core(ground, ground->actors[actor].vm->after, core) &&
	       on_core(ground, ground->actors[other].vm->after, core);
}

static unsigned cpu_blocker(const Ground *ground, unsigned actor, unsigned cpu)
{
	unsigned index = host_core_of(ground->host, cpu);
	unsigned holder = ground_holder(ground, cpu, actor);
	const Core *core = host_core(ground->host, index);

	if (hwloc_bitmap_isset(ground->sdk, cpu))
		return sdk_of(ground);
	for (unsigned t = 0; holder == HOST_NONE && t < core->n_cpus; t++) {
		holder = ground_holder(ground, core->cpu[t], actor);
		if (holder != HOST_NONE && core_shared(ground, index, actor, holder))
			holder = HOST_NONE;
	}
	return holder;
}

/* Bytes that VM has on NODE when it runs as STATE, which is NULL when it does not. */
static uint64_t rollout_ground_memory_on(const Ground *ground, const DiffVm *vm,
					 const PlanVm *state, unsigned node)
{
	uint64_t memory = 0;

	for (unsigned i = 0; state && i < state->shares->len; i++)
		if (rollout_ground_node_at(ground, vm, state, i) == node)
			memory += g_array_index(state->shares, VmShare, i).memory;
	return memory;
}

/* A VM that has memory on NODE and is to have less there. */
static unsigned memory_holder(const Ground *ground, unsigned node, unsigned actor)
{
	for (unsigned i = 0; i < ground->n - 1; i++) {
		const Actor *other = &ground->actors[i];

		if (i != actor && !other->done &&
		    rollout_ground_memory_on(ground, other->vm, other->state, node) >
			    rollout_ground_memory_on(ground, other->vm, other->vm->after, node))
			return i;
	}
	return HOST_NONE;
}

static unsigned memory_blocker(const Ground *ground, unsigned actor)
{
	const Actor *a = &ground->actors[actor];

	for (unsigned node = 0; node < ground->host->nodes->len; node++) {
		uint64_t has = rollout_ground_memory_on(ground, a->vm, a->state, node);
		uint64_t wants = rollout_ground_memory_on(ground, a->vm, a->vm->after, node);
		unsigned holder;

		if (wants <= has || ground->room[node] == UINT64_MAX ||
		    ground->used[node] + wants - has <= ground->room[node])
			continue;
		holder = memory_holder(ground, node, actor);
		if (holder != HOST_NONE)
			return holder;
	}
	return HOST_NONE;
}

static unsigned sdk_blocker(const Ground *ground)
{
	unsigned cpu, holder = HOST_NONE;

	hwloc_bitmap_foreach_begin(cpu, ground->diff->after->cpus[ROLE_SDK])
		if (holder == HOST_NONE)
			holder = ground_holder(ground, cpu, HOST_NONE);
	hwloc_bitmap_foreach_end();
	return holder;
}

unsigned ground_blocker(const Ground *ground, unsigned actor, bool *memory)
{
	const Actor *a = &ground->actors[actor];
	unsigned blocker;

	if (actor == sdk_of(ground))
		return sdk_blocker(ground);
	for (unsigned v = 0; v < a->vm->after->pins->len; v++) {
		unsigned cpu = AT(a->vm->after->pins, v);

		blocker = rollout_ground_has_cpu(a->now, cpu) ? HOST_NONE
							      : cpu_blocker(ground, actor, cpu);
		if (blocker != HOST_NONE)
			return blocker;
	}
	blocker = memory_blocker(ground, actor);
	*memory |= blocker != HOST_NONE;
	return blocker;
}

/* Spare cores */

/* CPUs that somebody who is under way is going to. */
static CpuSet rollout_ground_wanted(const Ground *ground)
{
	CpuSet cpus = hwloc_bitmap_dup(ground->diff->after->cpus[ROLE_SDK]);

	for (unsigned i = 0; i < ground->n - 1; i++) {
		const Actor *actor = &ground->actors[i];

		if (actor->done || !actor->state || !actor->vm->after)
			continue;
		for (unsigned v = 0; v < actor->vm->after->pins->len; v++)
			hwloc_bitmap_set(cpus, AT(actor->vm->after->pins, v));
	}
	return cpus;
}

static bool core_spare(const Ground *ground, const Core *core, hwloc_const_bitmap_t taken)
{
	for (unsigned t = 0; t < core->n_cpus; t++)
		if (!hwloc_bitmap_isset(ground->diff->before->isolated, core->cpu[t]) ||
		    hwloc_bitmap_isset(ground->sdk, core->cpu[t]) ||
		    hwloc_bitmap_isset(taken, core->cpu[t]) || ground->slots[core->cpu[t]].vcpus)
			return false;
	return !core->partial;
}

GArray *ground_spares(const Ground *ground, unsigned node)
{
	GArray *spares = g_array_new(FALSE, FALSE, sizeof(unsigned));
	g_auto(CpuSet) taken = rollout_ground_wanted(ground);

	for (unsigned far = 0; far <= 1; far++)
		for (unsigned i = 0; i < ground->host->cores->len; i++) {
			const Core *core = host_core(ground->host, i);

			if ((core->node != node) == far && core_spare(ground, core, taken))
				g_array_append_val(spares, i);
		}
	return spares;
}
