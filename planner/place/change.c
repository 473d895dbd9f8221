/* SPDX-License-Identifier: MIT */
#include "planner/place/change.h"
#include "planner/base/size.h"
#include "planner/base/subject.h"
#include "planner/place/replan.h"

#include <string.h>

/* A what-if is asked many times and only a yes counts: it need not be searched to the end. */
#define BUDGET 100000

static Problem *what_if(const Problem *base, const VmSpec *spec)
{
	Problem *problem = problem_copy(base);

	problem->budget = BUDGET;
	problem_add_vm(problem, spec);
	return problem;
}

static Change *change_new(ChangeKind kind)
{
	Change *change = g_new0(Change, 1);

	change->kind = kind;
	return change;
}

/* Cores */

/* The cores of one class on one node; LIKE is one of them. */
typedef struct ChangeCell {
	unsigned node;
	const Core *like;
} ChangeCell;

static bool in_cell(const Core *core, const ChangeCell *cell)
{
	return core->node == cell->node && !core->partial &&
	       rooms_class(core) == rooms_class(cell->like);
}

/* The room of CELL with most cores; a new one where VMs had none of the cell's cores so far. */
static SearchRoom *room_of_cell(Problem *problem, const ChangeCell *cell)
{
	unsigned class = rooms_class(cell->like), at = 0;
	SearchRoom *best = NULL;

	for (unsigned r = 0; r < problem->rooms->len; r++) {
		SearchRoom *other = &g_array_index(problem->rooms, SearchRoom, r);

		at += other->node <= cell->node;
		if (other->node == cell->node && other->class == class &&
		    (!best || other->cores > best->cores))
			best = other;
	}
	if (best)
		return best;
	problem_insert_room(problem, at, cell->like);
	return &g_array_index(problem->rooms, SearchRoom, at);
}

/* … and BYTES more memory on its node. */
static bool fits_with_cores(const Problem *base, const VmSpec *spec, const ChangeCell *cell,
			    unsigned cores, uint64_t bytes)
{
	g_autoptr(Problem) problem = what_if(base, spec);

	room_of_cell(problem, cell)->cores += cores;
	place_memory_give(&problem->memory[cell->node], bytes);
	return problem_all_fit(problem, NULL);
}

/* The fewest more cores in CELL, at most MOST, with which, and BYTES more memory, SPEC fits; 0 when
 * even MOST are too few. */
static unsigned fewest_cores(const Problem *base, const VmSpec *spec, const ChangeCell *cell,
			     unsigned most, uint64_t bytes)
{
	unsigned low = 1, high = most;

	if (!most || !fits_with_cores(base, spec, cell, most, bytes))
		return 0;
	while (low < high) { /* more cores never hurt */
		unsigned middle = (low + high) / 2;

		if (fits_with_cores(base, spec, cell, middle, bytes))
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static unsigned cores_with_role(const Placer *placer, const ChangeCell *cell, Role role)
{
	unsigned n = 0;

	for (unsigned i = 0; i < placer->host->cores->len; i++)
		n += in_cell(host_core(placer->host, i), cell) &&
		     g_array_index(placer->plan->roles, Role, i) == role;
	return n;
}

/* The last CORES cores of CELL with ROLE: those the role was given last. */
static CpuSet last_cores(const Placer *placer, const ChangeCell *cell, Role role, unsigned cores)
{
	CpuSet cpus = hwloc_bitmap_alloc();

	for (unsigned i = placer->host->cores->len; i-- && cores;) {
		const Core *core = host_core(placer->host, i);

		if (!in_cell(core, cell) || g_array_index(placer->plan->roles, Role, i) != role)
			continue;
		for (unsigned t = 0; t < core->n_cpus; t++)
			hwloc_bitmap_set(cpus, core->cpu[t]);
		cores--;
	}
	return cpus;
}

/* The host keeps a core of every node. */
static unsigned host_cores(const Placer *placer, unsigned node)
{
	unsigned n = 0;

	for (unsigned i = 0; i < placer->host->cores->len; i++)
		n += host_core(placer->host, i)->node == node &&
		     g_array_index(placer->plan->roles, Role, i) == ROLE_HOST;
	return n;
}

/* The boot CPU's core is the host's for good. */
static bool has_boot_core(const Placer *placer, const ChangeCell *cell)
{
	unsigned boot = host_core_of(placer->host, 0);

	return boot != HOST_NONE && in_cell(host_core(placer->host, boot), cell);
}

/* So many of CELL could the host give back. */
static unsigned host_spare(const Placer *placer, const ChangeCell *cell)
{
	unsigned host = cores_with_role(placer, cell, ROLE_HOST);
	unsigned kept = host_cores(placer, cell->node);

	return MIN(host - MIN(host, has_boot_core(placer, cell)), kept - MIN(kept, 1));
}

/* Who could give CORES of CELL back: the SDK, or the host; DEDICATED = neither. */
static Role source_of(const Placer *placer, const ChangeCell *cell, unsigned cores)
{
	if (cores_with_role(placer, cell, ROLE_SDK) >= cores)
		return ROLE_SDK;
	return host_spare(placer, cell) >= cores ? ROLE_HOST : ROLE_DEDICATED;
}

static Change *cores_from(const Placer *placer, const ChangeCell *cell, unsigned cores, Role from)
{
	Change *change = change_new(CHANGE_CORES);

	change->node = cell->node;
	change->cores = cores;
	change->from = from;
	change->cpus = last_cores(placer, cell, from, cores);
	return change;
}

/* Does core INDEX stand for a cell: the first of its class on its node? */
static bool cell_begins(const Placer *placer, unsigned index)
{
	const ChangeCell cell = {host_core(placer->host, index)->node,
				 host_core(placer->host, index)};

	for (unsigned i = 0; i < index; i++)
		if (in_cell(host_core(placer->host, i), &cell))
			return false;
	return !cell.like->partial;
}

/* Fewest cores that someone could give back; on the first of several nodes. NULL = none could. */
static Change *cores_change(const Placer *placer, const Problem *base, const VmSpec *spec)
{
	Change *best = NULL;

	for (unsigned i = 0; i < placer->host->cores->len; i++) {
		const Core *core = host_core(placer->host, i);
		ChangeCell cell = {core->node, core};
		unsigned need = place_cores(spec, core->n_cpus);
		unsigned cores;

		if (!cell_begins(placer, i) || source_of(placer, &cell, 1) == ROLE_DEDICATED)
			continue;
		cores = fewest_cores(base, spec, &cell, best ? MIN(need, best->cores - 1) : need,
				     0);
		if (!cores || source_of(placer, &cell, cores) == ROLE_DEDICATED)
			continue;
		if (best)
			change_free(best);
		best = cores_from(placer, &cell, cores, source_of(placer, &cell, cores));
	}
	return best;
}

/* VMs */

static void take_away(Problem *problem, const PlanVm *vm)
{
	guint entry;

	if (g_ptr_array_find(problem->specs, vm->spec, &entry))
		problem_remove_vm(problem, entry);
	else
		problem_release(problem, vm);
}

/* Does SPEC fit when VM, which has a place, is gone, and OTHER (NULL = none)? */
static bool fits_without(const Problem *base, const VmSpec *spec, const PlanVm *vm,
			 const PlanVm *other)
{
	g_autoptr(Problem) problem = what_if(base, spec);

	take_away(problem, vm);
	if (other)
		take_away(problem, other);
	return problem_all_fit(problem, NULL);
}

static int smaller_first(gconstpointer a, gconstpointer b)
{
	const PlanVm *x = *(PlanVm *const *)a, *y = *(PlanVm *const *)b;

	if (x->spec->vcpus != y->spec->vcpus)
		return x->spec->vcpus < y->spec->vcpus ? -1 : 1;
	if (x->spec->memory != y->spec->memory)
		return x->spec->memory < y->spec->memory ? -1 : 1;
	return strverscmp(x->spec->name, y->spec->name);
}

/* The dedicated VMs that have a place, smallest first; the order of sections does not matter. */
static GPtrArray *placed_vms(const Placer *placer)
{
	GPtrArray *vms = g_ptr_array_new();

	for (unsigned i = 0; i < placer->plan->vms->len; i++) {
		PlanVm *vm = g_ptr_array_index(placer->plan->vms, i);

		if (vm->placed && vm->spec->policy == POLICY_DEDICATED)
			g_ptr_array_add(vms, vm);
	}
	g_ptr_array_sort(vms, smaller_first);
	return vms;
}

/* Two that the search placed and that ask for the same are the same to it. */
static bool change_alike(const PlanVm *a, const PlanVm *b)
{
	return !a->spec->cpus && !b->spec->cpus && problem_specs_alike(a->spec, b->spec);
}

static Change *away_of(const Placer *placer, const PlanVm *vm)
{
	g_auto(CpuSet) cores = hwloc_bitmap_alloc();
	Change *change = change_new(CHANGE_CORES);

	for (unsigned v = 0; v < vm->pins->len; v++)
		hwloc_bitmap_set(cores,
				 host_core_of(placer->host, g_array_index(vm->pins, unsigned, v)));
	change->from = ROLE_DEDICATED;
	change->vm = g_strdup(vm->spec->name);
	change->node = g_array_index(vm->shares, VmShare, 0).node;
	change->cores = (unsigned)hwloc_bitmap_weight(cores);
	return change;
}

static bool can_go(const Placer *placer, const PlanVm *vm)
{
	return !vm->spec->cpus || replan_movable(placer, vm);
}

/* The smallest VM whose going would be enough. */
static Change *away_change(const Placer *placer, const Problem *base, const VmSpec *spec)
{
	g_autoptr(GPtrArray) vms = placed_vms(placer);

	for (unsigned i = 0; i < vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(vms, i);

		if (can_go(placer, vm) && !(i && change_alike(g_ptr_array_index(vms, i - 1), vm)) &&
		    fits_without(base, spec, vm, NULL))
			return away_of(placer, vm);
	}
	return NULL;
}

/* Memory */

static bool fits_with_memory(const Problem *base, const VmSpec *spec, unsigned node, uint64_t bytes)
{
	g_autoptr(Problem) problem = what_if(base, spec);

	problem->memory[node] += bytes;
	return problem_all_fit(problem, NULL);
}

/* The least more memory on NODE, in pages, with which SPEC fits; 0 when memory is not what is
 * missing. */
static uint64_t least_memory(const Problem *base, const VmSpec *spec, unsigned node)
{
	uint64_t page = place_page(spec);
	uint64_t low = 1, high = (place_memory(spec) + page - 1) / page;

	if (base->memory[node] == UINT64_MAX || !high ||
	    !fits_with_memory(base, spec, node, high * page))
		return 0;
	while (low < high) {
		uint64_t middle = (low + high) / 2;

		if (fits_with_memory(base, spec, node, middle * page))
			high = middle;
		else
			low = middle + 1;
	}
	return low * page;
}

static Change *memory_change(const Placer *placer, const Problem *base, const VmSpec *spec)
{
	Change *best = NULL;

	(void)placer;
	for (unsigned node = 0; node < base->host->nodes->len; node++) {
		uint64_t bytes = least_memory(base, spec, node);

		/* As much again as the node has is no advice. */
		if (!bytes || (best && bytes >= best->memory) ||
		    bytes > host_node(base->host, node)->memory)
			continue;
		if (!best)
			best = change_new(CHANGE_MEMORY);
		best->node = node;
		best->memory = bytes;
	}
	return best;
}

/* Moves */

static void let_move(Problem *problem, const PlanVm *vm)
{
	problem_release(problem, vm);
	problem_add_vm(problem, vm->spec);
}

/* Does SPEC fit when the kept VM may be anywhere, and OTHER (NULL = none)? */
static bool fits_with_moves(const Problem *base, const VmSpec *spec, const PlanVm *vm,
			    const PlanVm *other)
{
	g_autoptr(Problem) problem = what_if(base, spec);

	let_move(problem, vm);
	if (other)
		let_move(problem, other);
	return problem_all_fit(problem, NULL);
}

static Change *move_of(const Placer *placer, const PlanVm *vm)
{
	Change *change = change_new(CHANGE_MOVE);

	(void)placer;
	change->vm = g_strdup(vm->spec->name);
	return change;
}

/* The smallest kept VM whose move would be enough. */
static Change *move_change(const Placer *placer, const Problem *base, const VmSpec *spec)
{
	g_autoptr(GPtrArray) vms = placed_vms(placer);

	for (unsigned i = 0; i < vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(vms, i);

		if (!replan_movable(placer, vm) || !fits_with_moves(base, spec, vm, NULL))
			continue;
		return move_of(placer, vm);
	}
	return NULL;
}

/* Two together, where none alone would do */

#define PAIRS_MOST 100 /* of VMs that are tried */

/* Fewest cores of CELL that neither the SDK nor the host could give back alone. */
static Change *cores_of_both(const Placer *placer, const Problem *base, const VmSpec *spec,
			     const ChangeCell *cell, unsigned need)
{
	unsigned sdk = cores_with_role(placer, cell, ROLE_SDK), host = host_spare(placer, cell);
	unsigned cores = sdk && host ? fewest_cores(base, spec, cell, MIN(need, sdk + host), 0) : 0;
	Change *change;

	if (cores <= MAX(sdk, host))
		return NULL;
	change = cores_from(placer, cell, sdk, ROLE_SDK);
	change->with = cores_from(placer, cell, cores - sdk, ROLE_HOST);
	return change;
}

/* The least memory, in pages, that CORES of CELL want with them; at most BYTES, which do. */
static uint64_t least_with_cores(const Problem *base, const VmSpec *spec, const ChangeCell *cell,
				 unsigned cores, uint64_t bytes)
{
	uint64_t page = place_page(spec), low = 1, high = bytes / page;

	while (low < high) {
		uint64_t middle = (low + high) / 2;

		if (fits_with_cores(base, spec, cell, cores, middle * page))
			high = middle;
		else
			low = middle + 1;
	}
	return low * page;
}

/* Fewest cores of CELL from one of the two, and least memory on its node. */
static Change *cores_and_memory(const Placer *placer, const Problem *base, const VmSpec *spec,
				const ChangeCell *cell, unsigned need)
{
	unsigned most = MAX(cores_with_role(placer, cell, ROLE_SDK), host_spare(placer, cell));
	uint64_t bytes = place_memory(spec);
	unsigned cores;
	Change *change;

	if (!bytes || base->memory[cell->node] == UINT64_MAX)
		return NULL;
	cores = fewest_cores(base, spec, cell, MIN(need, most), bytes);
	if (!cores)
		return NULL;
	bytes = least_with_cores(base, spec, cell, cores, bytes);
	if (bytes > host_node(base->host, cell->node)->memory)
		return NULL;
	change = cores_from(placer, cell, cores, source_of(placer, cell, cores));
	change->with = change_new(CHANGE_MEMORY);
	change->with->node = cell->node;
	change->with->memory = bytes;
	return change;
}

static unsigned cores_of_change(const Change *change)
{
	return change->cores + (change->with ? change->with->cores : 0);
}

/* Of all cells that with fewest cores; on the first of several nodes. NULL = none. */
static Change *cores_pair(const Placer *placer, const Problem *base, const VmSpec *spec)
{
	Change *best = NULL;

	for (unsigned i = 0; i < placer->host->cores->len; i++) {
		const Core *core = host_core(placer->host, i);
		ChangeCell cell = {core->node, core};
		unsigned need = place_cores(spec, core->n_cpus);
		Change *change;

		if (!cell_begins(placer, i) || source_of(placer, &cell, 1) == ROLE_DEDICATED)
			continue;
		change = cores_of_both(placer, base, spec, &cell, need);
		if (!change)
			change = cores_and_memory(placer, base, spec, &cell, need);
		if (change && (!best || cores_of_change(change) < cores_of_change(best))) {
			g_clear_pointer(&best, change_free);
			best = change;
		} else if (change) {
			change_free(change);
		}
	}
	return best;
}

/* What can be done about a VM: the change of it, who can, and what fits when one or two do. */
typedef struct Way {
	Change *(*of)(const Placer *placer, const PlanVm *vm);
	bool (*can)(const Placer *placer, const PlanVm *vm);
	bool (*fits)(const Problem *base, const VmSpec *spec, const PlanVm *vm,
		     const PlanVm *other);
} Way;

/* The VMs that have a place and CAN, smallest first. Yours. */
static GPtrArray *vms_that(const Placer *placer,
			   bool (*can)(const Placer *placer, const PlanVm *vm))
{
	g_autoptr(GPtrArray) all = placed_vms(placer);
	GPtrArray *vms = g_ptr_array_new();

	for (unsigned i = 0; i < all->len; i++)
		if (can(placer, g_ptr_array_index(all, i)))
			g_ptr_array_add(vms, g_ptr_array_index(all, i));
	return vms;
}

/* Of two VMs, the larger as small as can be. NULL = none, or none of those tried. */
static Change *pair_find(const Way *way, const Placer *placer, const Problem *base,
			 const VmSpec *spec)
{
	g_autoptr(GPtrArray) vms = vms_that(placer, way->can);
	unsigned tried = 0;

	for (unsigned j = 1; j < vms->len; j++)
		for (unsigned i = 0; i < j && tried < PAIRS_MOST; i++, tried++) {
			const PlanVm *a = g_ptr_array_index(vms, i);
			const PlanVm *b = g_ptr_array_index(vms, j);
			Change *change;

			if (!way->fits(base, spec, a, b))
				continue;
			change = way->of(placer, a);
			change->with = way->of(placer, b);
			return change;
		}
	return NULL;
}

static Change *moves_pair(const Placer *placer, const Problem *base, const VmSpec *spec)
{
	static const Way way = {move_of, replan_movable, fits_with_moves};

	return pair_find(&way, placer, base, spec);
}

static Change *away_pair(const Placer *placer, const Problem *base, const VmSpec *spec)
{
	static const Way way = {away_of, can_go, fits_without};

	return pair_find(&way, placer, base, spec);
}

typedef Change *Find(const Placer *placer, const Problem *base, const VmSpec *spec);

/* A quarter of the steps there are is for each: what is hard to find leaves some for the others. */
static Change *find_with(Find *find, const Placer *placer, const Problem *base, const VmSpec *spec,
			 uint64_t *steps)
{
	g_autoptr(Problem) mine = problem_copy(base);
	uint64_t budget = *steps / 4, before = budget;
	Change *change;

	mine->shared_budget = &budget;
	change = find(placer, mine, spec);
	*steps -= before - budget;
	return change;
}

/* A VM goes only where there is nothing else to do. */
GPtrArray *changes_find(const Placer *placer, const Problem *base, const VmSpec *spec,
			uint64_t *steps)
{
	static Find *const finds[][3] = {{move_change, memory_change, cores_change},
					 {moves_pair, cores_pair, away_change},
					 {away_pair}};
	GPtrArray *changes = g_ptr_array_new_with_free_func((GDestroyNotify)change_free);

	for (unsigned i = 0; i < G_N_ELEMENTS(finds) && !changes->len; i++)
		for (unsigned k = 0; k < G_N_ELEMENTS(finds[i]) && finds[i][k]; k++) {
			Change *change = find_with(finds[i][k], placer, base, spec, steps);

			if (change)
				g_ptr_array_add(changes, change);
		}
	return changes;
}

/* Words */

static void single_text(GString *text, const Plan *plan, const Change *change)
{
	g_autofree char *bytes = size_format_ceiling(change->memory);
	g_autofree char *cpus = change->cpus ? cpulist_format(change->cpus) : NULL;

	if (change->kind == CHANGE_MOVE)
		g_string_append_printf(text, "move vm %s", change->vm);
	else if (change->kind == CHANGE_MEMORY)
		g_string_append_printf(text, "free %s of memory on node %u", bytes,
				       host_node(plan->host, change->node)->id);
	else if (cpus)
		g_string_append_printf(text, "return %u core%s of node %u from [%s] (CPUs %s)",
				       change->cores, change->cores == 1 ? "" : "s",
				       host_node(plan->host, change->node)->id,
				       role_names[change->from], cpus);
	else
		g_string_append_printf(text, "remove vm %s", change->vm);
}

char *changes_text(const Plan *plan, const GPtrArray *changes)
{
	GString *text = g_string_new(NULL);

	for (unsigned i = 0; i < changes->len; i++) {
		const Change *change = g_ptr_array_index(changes, i);

		g_string_append(text, i ? ", or " : "");
		single_text(text, plan, change);
		if (change->with) {
			g_string_append(text, " and ");
			single_text(text, plan, change->with);
		}
		if (change->kind == CHANGE_MOVE)
			g_string_append_printf(text, " (--moves %u)", change->with ? 2U : 1U);
	}
	return g_string_free(text, !changes->len);
}
