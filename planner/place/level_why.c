/* SPDX-License-Identifier: MIT */
/* How far a VM had to be spread, and which goal forced it further: other problems, solved. */
#include "planner/place/level.h"
#include "planner/place/place.h"

/* What a VM had where it was before it moved to where it is, is free. */
static void release_moved(Problem *problem, const Plan *plan, const Move *move)
{
	const VmSpec *spec = plan_vm(plan, move->vm)->spec;
	g_autoptr(Plan) before = plan_new(plan->host);
	PlanVm *vm = plan_vm_new(vm_spec_copy(spec, spec->name));

	g_ptr_array_add(before->vms, vm);
	g_array_append_vals(vm->pins, move->from->data, move->from->len);
	place_fill_shares(plan->host, vm);
	problem_release(problem, vm);
}

/* Are VM's cores its own, as far as the plan knows? Others are not its to leave. */
static bool cores_own(const Plan *plan, const PlanVm *vm)
{
	for (unsigned v = 0; v < vm->pins->len; v++) {
		unsigned index = host_core_of(plan->host, g_array_index(vm->pins, unsigned, v));
		const Core *core = host_core(plan->host, index);

		if (g_array_index(plan->roles, Role, index) != ROLE_DEDICATED)
			return false;
		for (unsigned t = 0; t < core->n_cpus; t++) {
			unsigned tenant = plan_cpu_vm(plan, core->cpu[t]);

			if (tenant != HOST_NONE && g_ptr_array_index(plan->vms, tenant) != vm)
				return false;
		}
	}
	return true;
}

/* The search's problem; VMs that moved are among those searched, so they are not where they were.
 */
static Problem *level_problem_of(const Plan *plan, const Inventory *inventory)
{
	Problem *problem = place_problem(plan, inventory);

	for (unsigned i = 0; i < plan->moves->len; i++)
		release_moved(problem, plan, g_ptr_array_index(plan->moves, i));
	return problem;
}

Level level_natural(const Plan *plan, const Inventory *inventory, const PlanVm *vm, bool kept)
{
	g_autoptr(Problem) problem = level_problem_of(plan, inventory);

	for (unsigned i = 0; !kept && i < plan->vms->len; i++) {
		const PlanVm *other = g_ptr_array_index(plan->vms, i);

		if (other->placed && other->spec->cpus && cores_own(plan, other))
			problem_release(problem, other);
	}
	return MIN(problem_natural_level(problem, vm->spec), LEVEL_NODES);
}

/* The problem without VM, which is entry INDEX of it. */
static Problem *level_without(const Problem *problem, unsigned index)
{
	Problem *copy = problem_copy(problem);

	problem_remove_vm(copy, index);
	return copy;
}

/* vCPUs, or VMs, that are placed when VM takes NEED cores of ROOM first. */
static uint64_t placed_with_room(const Problem *rest, const VmSpec *spec, unsigned room,
				 unsigned need)
{
	g_autoptr(Problem) problem = problem_copy(rest);
	g_autoptr(SearchResult) result = NULL;
	SearchRoom *entry = &g_array_index(problem->rooms, SearchRoom, room);

	entry->cores -= need;
	place_memory_take(&problem->memory[entry->node], place_memory(spec));
	result = problem_solve(problem);
	return result->placed + (problem->prefer == PREFER_VCPUS ? spec->vcpus : 1);
}

static bool level_room_holds(const Problem *problem, const VmSpec *spec, unsigned room,
			     unsigned *need)
{
	const SearchRoom *entry = &g_array_index(problem->rooms, SearchRoom, room);
	uint64_t memory = place_memory(spec);

	*need = place_cores(spec, entry->threads);
	return entry->cores >= *need && problem_room_allows(problem, spec, room) &&
	       problem->memory[entry->node] >= memory;
}

/* The most that is placed with VM in one room. */
static uint64_t best_in_room(const Problem *problem, unsigned index)
{
	const VmSpec *spec = g_ptr_array_index(problem->specs, index);
	g_autoptr(Problem) rest = level_without(problem, index);
	uint64_t best = 0;

	for (unsigned r = 0; r < rest->rooms->len; r++) {
		unsigned need;

		if (level_room_holds(rest, spec, r, &need))
			best = MAX(best, placed_with_room(rest, spec, r, need));
	}
	return best;
}

/* The most that is placed with VM on one node. */
static uint64_t best_on_node(const Problem *problem, unsigned index)
{
	g_autoptr(Problem) copy = problem_copy(problem);
	SearchVm *entry = &g_array_index(copy->vms, SearchVm, index);
	uint64_t best = 0;

	for (unsigned node = 0; node < problem->host->nodes->len; node++) {
		g_autoptr(SearchResult) result = NULL;

		entry->node = node;
		result = problem_solve(copy);
		if (g_ptr_array_index(result->assignments, index))
			best = MAX(best, result->placed);
	}
	return best;
}

static unsigned level_entry_of(const Problem *problem, const PlanVm *vm)
{
	for (unsigned i = 0; i < problem->specs->len; i++)
		if (!g_strcmp0(((const VmSpec *)g_ptr_array_index(problem->specs, i))->name,
			       vm->spec->name))
			return i;
	return HOST_NONE;
}

char *level_forced(const Plan *plan, const Inventory *inventory, const PlanVm *vm)
{
	g_autoptr(Problem) problem = level_problem_of(plan, inventory);
	g_autoptr(SearchResult) result = problem_solve(problem);
	Level natural = level_natural(plan, inventory, vm, true);
	unsigned index = level_entry_of(problem, vm), n;
	uint64_t best;
	bool over;

	if (index == HOST_NONE)
		return g_strdup("the search does not place it");
	best = natural == LEVEL_L3 ? best_in_room(problem, index) : best_on_node(problem, index);
	if (best < result->placed)
		return g_strdup_printf("goal 1 forced it out: with it there, %" G_GUINT64_FORMAT
				       " %s fewer would be placed",
				       result->placed - best,
				       plan->prefer == PREFER_VCPUS ? "vCPUs" : "VMs");
	if (!result->optimal)
		return g_strdup("the search stopped at its budget before it found that");
	over = level_of(plan, vm) == LEVEL_NODES;
	n = over ? result->far : result->spread;
	return g_strdup_printf("goal 3 chose it: of the placed VMs, %u %s to be over several %ss, "
			       "whichever %s",
			       n, n == 1 ? "has" : "have", over ? "node" : level_room(plan->host),
			       n == 1 ? "it is" : "they are");
}

hwloc_bitmap_t level_nearest(const Plan *plan, const Inventory *inventory, const PlanVm *vm)
{
	g_autoptr(Problem) problem = level_problem_of(plan, inventory);
	g_autoptr(SearchResult) result = NULL;
	hwloc_bitmap_t nodes = NULL;
	const GArray *assignment;

	for (unsigned i = problem->vms->len; i-- > 0;)
		problem_remove_vm(problem, i);
	problem_add_vm(problem, vm->spec);
	result = problem_solve(problem);
	assignment = g_ptr_array_index(result->assignments, 0);
	for (unsigned i = 0; assignment && i < assignment->len; i++) {
		unsigned room = g_array_index(assignment, SearchShare, i).room;

		nodes = nodes ? nodes : hwloc_bitmap_alloc();
		hwloc_bitmap_set(nodes, g_array_index(problem->rooms, SearchRoom, room).node);
	}
	return nodes;
}
