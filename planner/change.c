/* SPDX-License-Identifier: MIT */
#include "planner/change.h"
#include "planner/size.h"
#include "planner/subject.h"

#include <string.h>

/* A what-if is asked many times and only a yes counts: it need not be searched to the end. */
#define BUDGET 20000

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

static bool fits_with_cores(const Problem *base, const VmSpec *spec, unsigned room, unsigned cores)
{
	g_autoptr(Problem) problem = what_if(base, spec);

	g_array_index(problem->rooms, SearchRoom, room).cores += cores;
	return problem_all_fit(problem, NULL);
}

/* The fewest more cores in ROOM, at most MOST, with which SPEC fits; 0 when even MOST are too few.
 */
static unsigned fewest_cores(const Problem *base, const VmSpec *spec, unsigned room, unsigned most)
{
	unsigned low = 1, high = most;

	if (!most || !fits_with_cores(base, spec, room, most))
		return 0;
	while (low < high) { /* more cores never hurt */
		unsigned middle = (low + high) / 2;

		if (fits_with_cores(base, spec, room, middle))
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static unsigned cores_with_role(const Placer *placer, unsigned node, Role role, unsigned threads)
{
	unsigned n = 0;

	for (unsigned i = 0; i < placer->host->cores->len; i++) {
		const Core *core = host_core(placer->host, i);

		n += core->node == node && core->n_cpus == threads && !core->partial &&
		     g_array_index(placer->plan->roles, Role, i) == role;
	}
	return n;
}

/* The last CORES cores of NODE with ROLE: those the role was given last. */
static CpuSet last_cores(const Placer *placer, unsigned node, Role role, unsigned threads,
			 unsigned cores)
{
	CpuSet cpus = hwloc_bitmap_alloc();

	for (unsigned i = placer->host->cores->len; i-- && cores;) {
		const Core *core = host_core(placer->host, i);

		if (core->node != node || core->n_cpus != threads || core->partial ||
		    g_array_index(placer->plan->roles, Role, i) != role)
			continue;
		for (unsigned t = 0; t < core->n_cpus; t++)
			hwloc_bitmap_set(cpus, core->cpu[t]);
		cores--;
	}
	return cpus;
}

/* Whose cores could be given back: the SDK's, or the host's but for one. */
static void name_source(const Placer *placer, Change *change, unsigned threads)
{
	static const Role roles[] = {ROLE_SDK, ROLE_HOST};

	for (unsigned i = 0; i < G_N_ELEMENTS(roles); i++) {
		unsigned spare = cores_with_role(placer, change->node, roles[i], threads);

		if (spare < change->cores + (roles[i] == ROLE_HOST))
			continue;
		change->from = roles[i];
		change->cpus = last_cores(placer, change->node, roles[i], threads, change->cores);
		return;
	}
	change->from = ROLE_DEDICATED;
}

/* Rooms where more cores are tried: on each node and class the one with most. */
static bool room_tried(const Problem *base, unsigned room)
{
	const SearchRoom *rooms = (const SearchRoom *)base->rooms->data;

	for (unsigned r = 0; r < base->rooms->len; r++)
		if (rooms[r].node == rooms[room].node && rooms[r].class == rooms[room].class &&
		    (rooms[r].cores > rooms[room].cores ||
		     (rooms[r].cores == rooms[room].cores && r < room)))
			return false;
	return true;
}

/* Does SPEC fit when VM, which has a place, is gone? */
static bool fits_without(const Problem *base, const VmSpec *spec, const PlanVm *vm)
{
	g_autoptr(Problem) problem = what_if(base, spec);
	guint entry;

	if (vm->spec->cpus)
		problem_release(problem, vm);
	else if (g_ptr_array_find(problem->specs, vm->spec, &entry))
		problem_remove_vm(problem, entry);
	return problem_all_fit(problem, NULL);
}

static int smaller_first(gconstpointer a, gconstpointer b)
{
	const PlanVm *x = *(PlanVm *const *)a, *y = *(PlanVm *const *)b;

	if (x->spec->vcpus != y->spec->vcpus)
		return x->spec->vcpus < y->spec->vcpus ? -1 : 1;
	return strverscmp(x->spec->name, y->spec->name);
}

/* The smallest VM whose going would be enough; NULL. */
static const PlanVm *vm_to_go(const Placer *placer, const Problem *base, const VmSpec *spec)
{
	g_autoptr(GPtrArray) vms = g_ptr_array_new(); /* a copy would free the VMs with itself */

	for (unsigned i = 0; i < placer->plan->vms->len; i++)
		g_ptr_array_add(vms, g_ptr_array_index(placer->plan->vms, i));
	g_ptr_array_set_free_func(vms, NULL); /* the copy has the plan's */
	g_ptr_array_sort(vms, smaller_first);
	for (unsigned i = 0; i < vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(vms, i);

		if (vm->placed && vm->spec->policy == POLICY_DEDICATED &&
		    fits_without(base, spec, vm))
			return vm;
	}
	return NULL;
}

static Change *cores_change(const Placer *placer, const Problem *base, const VmSpec *spec)
{
	Change *best = NULL;
	unsigned best_threads = 0;

	for (unsigned r = 0; r < base->rooms->len; r++) {
		const SearchRoom *room = &g_array_index(base->rooms, SearchRoom, r);
		unsigned need =
			search_cores(spec->vcpus, room->threads, spec->threads == THREADS_ISOLATE);
		unsigned cores;

		if (!room_tried(base, r))
			continue;
		cores = fewest_cores(base, spec, r, best ? MIN(need, best->cores - 1) : need);
		if (!cores)
			continue;
		if (!best)
			best = change_new(CHANGE_CORES);
		best->node = room->node;
		best->cores = cores;
		best_threads = room->threads;
	}
	if (best)
		name_source(placer, best, best_threads);
	if (best && best->from == ROLE_DEDICATED) {
		const PlanVm *vm = vm_to_go(placer, base, spec);

		best->vm = vm ? g_strdup(vm->spec->name) : NULL;
	}
	return best;
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
	uint64_t low = 1, high = (place_share_memory(spec, spec->vcpus) + page - 1) / page;

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

static Change *memory_change(const Problem *base, const VmSpec *spec)
{
	Change *best = NULL;

	for (unsigned node = 0; node < base->host->nodes->len; node++) {
		uint64_t bytes = least_memory(base, spec, node);

		if (!bytes || (best && bytes >= best->memory))
			continue;
		if (!best)
			best = change_new(CHANGE_MEMORY);
		best->node = node;
		best->memory = bytes;
	}
	return best;
}

/* Moves */

/* Does SPEC fit when the kept VM may be anywhere? */
static bool fits_with_move(const Problem *base, const VmSpec *spec, const PlanVm *vm)
{
	g_autoptr(Problem) problem = what_if(base, spec);

	problem_release(problem, vm);
	problem_add_vm(problem, vm->spec);
	return problem_all_fit(problem, NULL);
}

static Change *move_change(const Placer *placer, const Problem *base, const VmSpec *spec)
{
	for (unsigned i = 0; i < placer->plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(placer->plan->vms, i);

		if (!place_movable(placer, vm) || !fits_with_move(base, spec, vm))
			continue;
		Change *change = change_new(CHANGE_MOVE);

		change->vm = g_strdup(vm->spec->name);
		return change;
	}
	return NULL;
}

GPtrArray *changes_find(const Placer *placer, const Problem *base, const VmSpec *spec)
{
	GPtrArray *changes = g_ptr_array_new_with_free_func((GDestroyNotify)change_free);
	Change *found[] = {move_change(placer, base, spec), memory_change(base, spec),
			   cores_change(placer, base, spec)};

	for (unsigned i = 0; i < G_N_ELEMENTS(found); i++)
		if (found[i])
			g_ptr_array_add(changes, found[i]);
	return changes;
}

/* Words */

static void cores_text(GString *text, const Plan *plan, const Change *change)
{
	unsigned id = host_node(plan->host, change->node)->id;
	g_autofree char *cpus = change->cpus ? cpulist_format(change->cpus) : NULL;

	if (cpus)
		g_string_append_printf(text, "give %u core%s of node %u back from [%s] (CPUs %s)",
				       change->cores, change->cores == 1 ? "" : "s", id,
				       role_names[change->from], cpus);
	else if (change->vm)
		g_string_append_printf(text, "take %s away", change->vm);
	else
		g_string_append_printf(text, "free %u core%s on node %u", change->cores,
				       change->cores == 1 ? "" : "s", id);
}

static void change_text(GString *text, const Plan *plan, const Change *change)
{
	g_autofree char *bytes = size_format(change->memory);

	switch (change->kind) {
	case CHANGE_MOVE:
		g_string_append_printf(text, "move %s (--moves 1)", change->vm);
		break;
	case CHANGE_MEMORY:
		g_string_append_printf(text, "free %s of memory on node %u", bytes,
				       host_node(plan->host, change->node)->id);
		break;
	case CHANGE_CORES:
		cores_text(text, plan, change);
		break;
	}
}

char *changes_text(const Plan *plan, const GPtrArray *changes)
{
	GString *text = g_string_new(NULL);

	for (unsigned i = 0; i < changes->len; i++) {
		g_string_append(text, i ? ", or " : "");
		change_text(text, plan, g_ptr_array_index(changes, i));
	}
	return g_string_free(text, !changes->len);
}
