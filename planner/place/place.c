/* SPDX-License-Identifier: MIT */
#include "planner/place/place.h"
#include "planner/base/subject.h"
#include "planner/place/level.h"
#include "planner/place/memory_node.h"
#include "planner/place/replan.h"
#include "planner/place/whole.h"

#include <string.h>

/* Memory: findings */

void place_check_memory(Placer *placer)
{
	uint64_t keep = placer->inventory->node->host_memory;

	for (unsigned i = 0; i < placer->host->nodes->len; i++) {
		const NumaNode *node = host_node(placer->host, i);
		g_autofree char *subject = subject_node(node->id);

		if (node->memory && !hwloc_bitmap_iszero(node->cpus) && node->memory < keep)
			findings_add(placer->plan->findings, SEVERITY_ERROR,
				     "host.memory-too-large", subject,
				     "lower [host] memory-per-node",
				     "the host is to keep %" G_GUINT64_FORMAT
				     " MiB of memory, node %u has %" G_GUINT64_FORMAT " MiB",
				     keep >> 20, node->id, node->memory >> 20);
	}
}

static bool wants_memory(const Inventory *inventory)
{
	for (unsigned i = 0; i < inventory->vms->len; i++)
		if (((const VmSpec *)g_ptr_array_index(inventory->vms, i))->memory)
			return true;
	return false;
}

/* Does a VM ask for memory of NODE, one without cores, of which nobody knows how much it has? */
static bool wants_memory_of(const Placer *placer, unsigned node)
{
	for (unsigned i = 0; i < placer->inventory->vms->len; i++)
		if (memory_node_of(placer->host, g_ptr_array_index(placer->inventory->vms, i)) ==
		    node)
			return placer->only[node] == UINT64_MAX;
	return false;
}

static void memory_unknown_check(const Placer *placer)
{
	for (unsigned i = 0; i < placer->host->nodes->len; i++) {
		unsigned id = host_node(placer->host, i)->id;
		g_autofree char *subject = subject_node(id);

		bool asked = wants_memory_of(placer, i);

		if ((placer->memory[i] == UINT64_MAX && wants_memory(placer->inventory)) || asked)
			findings_add_unknown(placer->plan->findings, SEVERITY_WARNING,
					     "memory.unknown", subject,
					     "use a topology that has the node's memory",
					     "the topology does not say how much memory node %u "
					     "has, so it is unknown whether the VMs' memory fits",
					     id);
	}
}

/* Memory a kernel and its daemons need at the very least, so that huge pages do not starve them. */
#define HOST_MEMORY_LEAST (UINT64_C(1) << 30)

/* Nodes where the VMs' memory leaves next to nothing to a host that asked to keep nothing. */
static void memory_starved_check(const Placer *placer)
{
	for (unsigned i = 0; i < placer->host->nodes->len; i++) {
		const NumaNode *node = host_node(placer->host, i);
		uint64_t left = placer->memory[i];
		g_autofree char *subject = subject_node(node->id);

		if (!node->memory || left == UINT64_MAX || hwloc_bitmap_iszero(node->cpus))
			continue;
		left += MIN(placer->inventory->node->host_memory, node->memory);
		if (left < HOST_MEMORY_LEAST && left < node->memory)
			findings_add(placer->plan->findings, SEVERITY_WARNING, "host.memory-small",
				     subject, "set [host] memory-per-node, such as 8G",
				     "the VMs' memory leaves %" G_GUINT64_FORMAT
				     " MiB of node %u for the host",
				     left >> 20, node->id);
	}
}

/* VMs: which go through the search, in its canonical order */

static int vm_name_compare(gconstpointer a, gconstpointer b)
{
	const PlanVm *x = *(PlanVm *const *)a, *y = *(PlanVm *const *)b;

	return strverscmp(x->spec->name, y->spec->name);
}

static GPtrArray *searched_vms(const Plan *plan, Prefer prefer)
{
	GPtrArray *vms = g_ptr_array_new();

	for (unsigned i = 0; i < plan->vms->len; i++) {
		PlanVm *vm = g_ptr_array_index(plan->vms, i);

		if (vm->spec->policy == POLICY_DEDICATED && !vm->spec->cpus)
			g_ptr_array_add(vms, vm);
	}
	if (prefer != PREFER_ORDER)
		g_ptr_array_sort(vms, vm_name_compare);
	return vms;
}

/* Assignments to pins */

static void place_assign(Placer *placer, PlanVm *vm, const GArray *shares, const Rooms *rooms)
{
	g_autoptr(GArray) cores = g_array_new(FALSE, FALSE, sizeof(unsigned));
	SearchVm demand = place_demand(vm->spec);
	unsigned index = 0;
	bool found = g_ptr_array_find(placer->plan->vms, vm, &index);

	g_assert(found);
	rooms_pin(rooms, &demand, (const SearchShare *)shares->data, shares->len, placer->owner,
		  index, cores, vm->pins);
	for (unsigned i = 0; i < cores->len; i++)
		g_array_index(placer->plan->roles, Role, g_array_index(cores, unsigned, i)) =
			ROLE_DEDICATED;
	vm->placed = true;
	place_take_memory(placer, vm);
}

/* The bound is all VMs, unless the goal is proved reached. CHOSEN: it is proved that no other VMs
 * had better moved. */
static void result_report(Plan *plan, const SearchResult *result, unsigned unassigned, bool chosen)
{
	plan->optimal = result->optimal && chosen;
	plan->placed = 0;
	for (unsigned i = 0; i < plan->vms->len; i++)
		plan->placed += ((const PlanVm *)g_ptr_array_index(plan->vms, i))->placed;
	plan->wanted = plan->vms->len;
	plan->bound = plan->placed;
	if (result->placed != result->bound || !chosen)
		plan->bound += unassigned;
}

/* By room: the cores that are free, but for those of RESULT's VMs. Yours. */
static unsigned *cores_left(const Problem *problem, const SearchResult *result)
{
	unsigned *left = g_new(unsigned, problem->rooms->len + 1);

	for (unsigned r = 0; r < problem->rooms->len; r++)
		left[r] = g_array_index(problem->rooms, SearchRoom, r).cores;
	for (unsigned i = 0; i < result->assignments->len; i++) {
		const GArray *shares = g_ptr_array_index(result->assignments, i);

		for (unsigned s = 0; shares && s < shares->len; s++)
			left[g_array_index(shares, SearchShare, s).room] -=
				g_array_index(shares, SearchShare, s).cores;
	}
	return left;
}

/* One VM's cores make way for another's: until none has fewer rooms. */
static void gather_all(const Problem *problem, const SearchResult *result)
{
	g_autofree unsigned *left = cores_left(problem, result);
	bool gathered = true;

	while (gathered) {
		gathered = false;
		for (unsigned i = 0; i < result->assignments->len; i++) {
			GArray *shares = g_ptr_array_index(result->assignments, i);

			gathered |= shares &&
				    whole_gather(problem->layout,
						 &g_array_index(problem->vms, SearchVm, i), left,
						 (SearchShare *)shares->data, &shares->len);
		}
	}
}

static unsigned assign_all(Placer *placer, const Problem *problem, const SearchResult *result,
			   const GPtrArray *vms)
{
	unsigned unassigned = 0;

	for (unsigned i = 0; i < vms->len; i++) {
		const GArray *shares = g_ptr_array_index(result->assignments, i);

		if (shares)
			place_assign(placer, g_ptr_array_index(vms, i), shares, problem->layout);
		else
			unassigned++;
	}
	return unassigned;
}

/* VMs that the goals put further apart than they could have sat: said, for it costs them speed. */
static void spread_check(const Placer *placer, const Problem *problem, const GPtrArray *vms)
{
	for (unsigned i = 0; i < vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(vms, i);
		g_autofree char *subject = NULL;
		Level natural;

		if (!vm->placed)
			continue;
		natural = MIN(problem_natural_level(problem, vm->spec), LEVEL_NODES);
		if (level_of(placer->plan, vm) <= natural)
			continue;
		subject = subject_vm(vm->spec->name);
		findings_add(placer->plan->findings, SEVERITY_INFO, "vm.spread", subject,
			     "'planner explain vm' says what forced it",
			     "is placed %s; on an empty host it would be %s",
			     level_text(placer->host, level_of(placer->plan, vm)),
			     level_text(placer->host, natural));
	}
}

static Problem *place_problem_of(const Placer *placer, const GPtrArray *vms,
				 const PlanOptions *options)
{
	Problem *problem = problem_new(placer, options);

	for (unsigned i = 0; i < vms->len; i++)
		problem_add_vm(problem, ((const PlanVm *)g_ptr_array_index(vms, i))->spec);
	return problem;
}

/* With --moves: those that had best move lose their place, and are searched with the others, first.
 */
static bool release_movers(Placer *placer, GPtrArray *vms, const PlanOptions *options)
{
	g_autoptr(Problem) problem = place_problem_of(placer, vms, options);
	g_autoptr(GPtrArray) movers = NULL;
	bool proved = true;

	if (!options->moves)
		return true;
	movers = replan_choose(placer, problem, options->moves, &proved);
	for (unsigned i = 0; i < movers->len; i++) {
		replan_release(placer, g_ptr_array_index(movers, i));
		g_ptr_array_insert(vms, (int)i, g_ptr_array_index(movers, i));
	}
	return proved;
}

static void place_searched(Placer *placer, const PlanOptions *options)
{
	g_autoptr(GPtrArray) vms = searched_vms(placer->plan, options->prefer);
	bool proved = release_movers(placer, vms, options);
	g_autoptr(Problem) problem = place_problem_of(placer, vms, options);
	g_autoptr(SearchResult) result = problem_solve(problem);
	unsigned unassigned;

	gather_all(problem, result);
	unassigned = assign_all(placer, problem, result, vms);
	spread_check(placer, problem, vms);
	place_shared(placer);
	result_report(placer->plan, result, unassigned, proved);
	replan_costs(placer->plan);
	if (!options->unexplained)
		place_why_not(placer, problem, vms);
}

Problem *place_begin(Placer *placer, const PlanOptions *options)
{
	g_autoptr(GPtrArray) vms = searched_vms(placer->plan, options->prefer);

	place_kept(placer);
	return place_problem_of(placer, vms, options);
}

/* Made on a plan of its own: the one it is about stays as it is. Entries borrow that one's VMs. */
Problem *place_problem(const Plan *plan, const Inventory *inventory)
{
	PlanOptions options = {.prefer = plan->prefer};
	g_autoptr(Plan) again = plan_begin(plan->host, inventory);
	g_autoptr(Placer) placer = placer_new(again, inventory);
	g_autoptr(GPtrArray) vms = searched_vms(plan, plan->prefer);

	again->prefer = plan->prefer;
	place_kept(placer);
	return place_problem_of(placer, vms, &options);
}

void place_vms(Plan *plan, const Inventory *inventory, const PlanOptions *options)
{
	g_autoptr(Placer) placer = placer_new(plan, inventory);

	place_check_memory(placer);
	memory_unknown_check(placer);
	place_kept(placer);
	place_searched(placer, options);
	memory_starved_check(placer);
}
