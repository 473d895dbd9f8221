/* SPDX-License-Identifier: MIT */
#include "planner/fit/fleet.h"

#include <string.h>

#define MEMORY_MOST 20000 /* answers remembered: some 10 MiB */

const char *const fleet_state_names[] = {"fine", "faulty", "broken", NULL};

struct Fleet {
	const GPtrArray *sizes;
	GHashTable *answers; /* fit_base_key() → FleetAnswer */
	GMutex lock;
};

/* What nodes that are alike have in common. */
typedef struct FleetAnswer {
	unsigned free, idle; /* cores; CPUs that VMs without cpus = leave idle on theirs */
	uint64_t memory;     /* free; UINT64_MAX = not known */
	FleetFit fits[];     /* by size */
} FleetAnswer;

Fleet *fleet_new(const GPtrArray *sizes)
{
	Fleet *fleet = g_new0(Fleet, 1);

	fleet->sizes = sizes;
	fleet->answers = g_hash_table_new_full(g_bytes_hash, g_bytes_equal,
					       (GDestroyNotify)g_bytes_unref, g_free);
	g_mutex_init(&fleet->lock);
	return fleet;
}

void fleet_free(Fleet *fleet)
{
	g_hash_table_unref(fleet->answers);
	g_mutex_clear(&fleet->lock);
	g_free(fleet);
}

/* Answers */

static size_t answer_size(const Fleet *fleet)
{
	return sizeof(FleetAnswer) + fleet->sizes->len * sizeof(FleetFit);
}

static FleetAnswer *answer_known(Fleet *fleet, GBytes *key)
{
	const FleetAnswer *known;
	FleetAnswer *answer;

	g_mutex_lock(&fleet->lock);
	known = g_hash_table_lookup(fleet->answers, key);
	answer = known ? g_memdup2(known, answer_size(fleet)) : NULL;
	g_mutex_unlock(&fleet->lock);
	return answer;
}

static void answer_keep(Fleet *fleet, GBytes *key, const FleetAnswer *answer)
{
	g_mutex_lock(&fleet->lock);
	if (g_hash_table_size(fleet->answers) >= MEMORY_MOST)
		g_hash_table_remove_all(fleet->answers);
	g_hash_table_replace(fleet->answers, g_bytes_ref(key),
			     g_memdup2(answer, answer_size(fleet)));
	g_mutex_unlock(&fleet->lock);
}

static const SearchRoom *fleet_room_of(const Problem *problem, unsigned room)
{
	return &g_array_index(problem->rooms, SearchRoom, room);
}

/* A VM takes CORES like those of ROOM, and has threads on CPUS of their CPUs. */
static void fleet_take(FleetAnswer *answer, const SearchRoom *room, unsigned cores, unsigned cpus)
{
	answer->free -= cores;
	answer->idle += cores * room->threads - cpus;
}

/* In rooms that are alike VMs take the same cores wherever they are. */
static void take_whole(FleetAnswer *answer, const Problem *problem, const VmSpec *spec)
{
	const SearchRoom *room = fleet_room_of(problem, 0);
	unsigned cores = place_cores(spec, room->threads);

	fleet_take(answer, room, cores, place_cpus(spec));
}

/* Is the node of NUMBER one that VMs may have cores of? */
static bool fleet_has_room(const Problem *problem, unsigned number)
{
	for (unsigned c = 0; c < problem->layout->n_cells; c++)
		if (problem->layout->cell[c].node == number)
			return true;
	return false;
}

/* LEFT, by node, in all; UINT64_MAX where it is not known of one. */
static uint64_t fleet_memory_sum(const Problem *problem, const uint64_t *left)
{
	uint64_t sum = 0;

	for (unsigned n = 0; n < problem->host->nodes->len; n++) {
		if (!fleet_has_room(problem, n))
			continue;
		if (left[n] == UINT64_MAX)
			return UINT64_MAX;
		sum += left[n];
	}
	return sum;
}

static void take_assignments(FleetAnswer *answer, const FitBase *base)
{
	const Problem *problem = base->problem;
	g_autoptr(SearchResult) result = problem_solve(problem);
	g_autofree uint64_t *left = fit_memory_left(base, problem, result);

	answer->memory = fleet_memory_sum(problem, left);
	for (unsigned i = 0; i < result->assignments->len; i++) {
		const GArray *assignment = g_ptr_array_index(result->assignments, i);

		for (unsigned s = 0; assignment && s < assignment->len; s++) {
			const SearchShare *share = &g_array_index(assignment, SearchShare, s);

			fleet_take(answer, fleet_room_of(problem, share->room), share->cores,
				   share->vcpus);
		}
		if (assignment)
			answer->idle -= vm_spec_helpers(g_ptr_array_index(problem->specs, i));
	}
}

/* May SPEC be over several nodes, each with whole pages of its memory? Rooms are alike. */
static bool fleet_spreads(const Problem *problem, const VmSpec *spec)
{
	for (unsigned c = 0; c < problem->layout->n_cells; c++)
		if (place_cores(spec, problem->layout->cell[c].threads) <=
		    problem_cell_cores(problem, c))
			return false;
	return spec->memory;
}

/* Must VMs be assigned to know what they leave? Mostly they take the same wherever they are. */
static bool fleet_assignments_matter(const FitBase *base)
{
	if (!base->natural || base->problem->layout->n_classes > 1 || base->shared->len)
		return true;
	for (unsigned i = 0; i < base->problem->specs->len; i++)
		if (fleet_spreads(base->problem, g_ptr_array_index(base->problem->specs, i)))
			return true;
	return false;
}

/* What plan leaves free and idle. */
static void count_cores(FleetAnswer *answer, const FitBase *base)
{
	const Problem *problem = base->problem;

	answer->free += problem_free_cores(problem);
	if (fleet_assignments_matter(base)) {
		take_assignments(answer, base);
		return;
	}
	answer->memory = fleet_memory_sum(problem, problem->memory);
	for (unsigned i = 0; i < problem->specs->len; i++) {
		const VmSpec *spec = g_ptr_array_index(problem->specs, i);

		take_whole(answer, problem, spec);
		place_memory_take(&answer->memory, place_memory(spec));
	}
}

/* What the few steps that most counts need leave open is asked once more. */
static FitCount fleet_count_of(const FitBase *base, const VmSpec *spec)
{
	FitCount count = fit_count(base, spec);

	if (count.fit == count.bound)
		return count;
	base->problem->budget = FLEET_BUDGET_MOST;
	count = fit_count(base, spec);
	base->problem->budget = FLEET_BUDGET;
	return count;
}

/* The cores that N further VMs like SPEC leave: where rooms differ, it depends on where they are.
 */
static unsigned fleet_cores_left(const FitBase *base, const FleetAnswer *answer, const VmSpec *spec,
				 unsigned n)
{
	const FitSize size = {spec, n};
	g_autoptr(Problem) problem = NULL;
	g_autoptr(SearchResult) result = NULL;
	unsigned left;

	if (base->problem->layout->n_classes <= 1)
		return answer->free - n * problem_least_cores(base->problem, spec);
	problem = fit_problem_with(base, &size, 1, 1, NULL);
	result = problem_solve(problem);
	left = problem_free_cores(problem);
	for (unsigned i = 0; i < result->assignments->len; i++) {
		const GArray *assignment = g_ptr_array_index(result->assignments, i);

		for (unsigned s = 0; assignment && s < assignment->len; s++)
			left -= g_array_index(assignment, SearchShare, s).cores;
	}
	return left;
}

/* What one more SPEC would lack beside COUNT of them: cores, if not enough are free; else memory,
 * if more would fit without; else they are free, but not together. */
static FitLimit fleet_limit(const FitBase *base, const FleetAnswer *answer, const VmSpec *spec,
			    const FitCount *count)
{
	VmSpec bare = *spec;

	if (count->fit < count->bound)
		return FIT_SEARCH;
	if (count->fit >= FIT_MOST)
		return FIT_NOTHING;
	if (fleet_cores_left(base, answer, spec, count->fit) <
	    problem_least_cores(base->problem, spec))
		return FIT_CORES;
	bare.memory = 0;
	return spec->memory && fit_count(base, &bare).fit > count->fit ? FIT_MEMORY : FIT_TOGETHER;
}

static FleetFit fleet_fit_of(const FitBase *base, const FleetAnswer *answer, const VmSpec *spec)
{
	FitCount count = fleet_count_of(base, spec);

	return (FleetFit){count.fit, count.bound, fleet_limit(base, answer, spec, &count)};
}

static FleetAnswer *answer_new(Fleet *fleet, const FitBase *base)
{
	g_autoptr(GBytes) key = fit_base_key(base);
	FleetAnswer *answer = answer_known(fleet, key);

	if (answer)
		return answer;
	answer = g_malloc0(answer_size(fleet)); /* no room where not even its own VMs fit */
	count_cores(answer, base);
	for (unsigned i = 0; !base->refused->len && i < fleet->sizes->len; i++)
		answer->fits[i] = fleet_fit_of(base, answer, g_ptr_array_index(fleet->sizes, i));
	answer_keep(fleet, key, answer);
	return answer;
}

/* What plan would call bad news */

static void judge_kernel(FitBase *base, const Inventory *inventory)
{
	Plan *plan = base->plan;
	KernelWishes wishes = inventory_kernel(inventory);
	g_autofree char *line = NULL;

	plan_fill_cpus(plan);
	plan->parameters = kernel_parameters(&wishes, inventory->node->kernel, plan->isolated,
					     plan->cpus[ROLE_HOST], plan->findings);
	line = kernel_line(plan->parameters);
	kernel_line_check(line, plan->findings);
}

static const Finding *fleet_first_error(GPtrArray *findings)
{
	findings_sort(findings);
	for (unsigned i = 0; i < findings->len; i++) {
		const Finding *finding = g_ptr_array_index(findings, i);

		if (finding->severity == SEVERITY_ERROR)
			return finding;
	}
	return NULL;
}

char *fleet_fault(FitBase *base, const Inventory *inventory)
{
	const Finding *finding;
	const PlanVm *vm;

	place_check_memory(base->placer);
	judge_kernel(base, inventory);
	if (base->refused->len) {
		vm = g_ptr_array_index(base->refused, 0);
		return g_strdup_printf("%u of its %u VMs %s unplaced: %s%s", base->refused->len,
				       base->plan->vms->len, base->refused->len == 1 ? "is" : "are",
				       vm->spec->name, base->refused->len == 1 ? "" : ", …");
	}
	finding = fleet_first_error(base->plan->findings);
	return finding ? g_strdup_printf("%s: %s", finding->subject, finding->text) : NULL;
}

/* Nodes */

static Cpupm *cpu_pm_of(const Host *host, const Inventory *inventory, CpuMode mode)
{
	CpupmNode node = {.host = host,
			  .kernel = inventory->node->kernel,
			  .qemu = inventory->node->qemu,
			  .mwait = inventory->node->mwait};
	VmSpec *spec = vm_spec_new("further");
	Cpupm *cpupm;

	spec->cpu_mode = mode;
	cpupm = cpupm_judge_node(&node, spec);
	vm_spec_free(spec);
	return cpupm;
}

bool fleet_cpu_pm_on(const Host *host, const Inventory *inventory, CpuMode mode)
{
	g_autoptr(Cpupm) cpupm = cpu_pm_of(host, inventory, mode);

	return cpupm->verdict == CPUPM_ON;
}

static unsigned cores_of_vms(const Problem *problem)
{
	unsigned cores = 0;

	for (unsigned r = 0; r < problem->layout->n_rooms; r++)
		cores += problem->layout->room[r].cores->len;
	return cores;
}

/* CPUs of the kept VMs' cores that none of them is pinned to. */
static unsigned idle_kept(const Plan *plan)
{
	g_auto(CpuSet) idle = hwloc_bitmap_dup(plan->cpus[ROLE_DEDICATED]);

	for (unsigned i = 0; i < plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);

		for (unsigned v = 0; v < vm->pins->len; v++)
			hwloc_bitmap_clr(idle, g_array_index(vm->pins, unsigned, v));
	}
	return (unsigned)hwloc_bitmap_weight(idle);
}

static bool fleet_some_fit(const Fleet *fleet, const FleetAnswer *answer)
{
	for (unsigned i = 0; i < fleet->sizes->len; i++)
		if (answer->fits[i].fit)
			return true;
	return false;
}

/* The plan of BASE has the kept VMs alone: what is FREE in it others may have. */
static unsigned stranded_cpus(const Fleet *fleet, const FitBase *base, const FleetAnswer *answer)
{
	const Plan *plan = base->plan;
	unsigned cpus = (unsigned)hwloc_bitmap_weight(plan->cpus[ROLE_STRANDED]) + idle_kept(plan) +
			answer->idle;

	if (fleet_some_fit(fleet, answer))
		return cpus;
	cpus += (unsigned)hwloc_bitmap_weight(plan->cpus[ROLE_FREE]) - answer->idle;
	for (unsigned i = 0; i < base->problem->specs->len; i++)
		cpus -= place_cpus(g_ptr_array_index(base->problem->specs, i));
	return cpus;
}

char *fleet_kind_name(const Host *host)
{
	unsigned nodes = 0;

	for (unsigned i = 0; i < host->nodes->len; i++)
		nodes += !hwloc_bitmap_iszero(host_node(host, i)->cpus);
	return g_strdup_printf("%u NUMA node%s, %u cores, %d CPUs", nodes, nodes == 1 ? "" : "s",
			       host->cores->len, hwloc_bitmap_weight(host->online));
}

FleetNode *fleet_node_new(Fleet *fleet, const char *name, const char *file, const Host *host,
			  const Inventory *inventory)
{
	g_autoptr(FitBase) base = fit_base_new_quick(host, inventory, FLEET_BUDGET);
	g_autofree FleetAnswer *answer = answer_new(fleet, base);
	FleetNode *node = g_new0(FleetNode, 1);

	node->name = g_strdup(name);
	node->inventory = g_strdup(file);
	node->why = fleet_fault(base, inventory);
	node->state = node->why ? FLEET_FAULTY : FLEET_FINE;
	node->vms = inventory->vms->len;
	node->cores = cores_of_vms(base->problem);
	node->free = answer->free;
	node->memory = answer->memory;
	node->kind = fleet_kind_name(host);
	node->stranded = stranded_cpus(fleet, base, answer);
	node->cpu_pm = cpu_pm_of(host, inventory, CPU_MODE_HOST_MODEL);
	node->fits = g_memdup2(answer->fits, fleet->sizes->len * sizeof *answer->fits);
	return node;
}

FleetNode *fleet_node_broken(const char *name, const char *file, const char *why)
{
	FleetNode *node = g_new0(FleetNode, 1);

	node->name = g_strdup(name);
	node->inventory = g_strdup(file);
	node->state = FLEET_BROKEN;
	node->why = g_strdup(why);
	return node;
}

void fleet_node_free(FleetNode *node)
{
	g_free(node->name);
	g_free(node->inventory);
	g_free(node->kind);
	g_free(node->why);
	g_free(node->fits);
	g_clear_pointer(&node->cpu_pm, cpupm_free);
	g_free(node);
}

/* Totals */

static void fleet_kind_free(gpointer data)
{
	FleetKind *kind = data;

	g_free(kind->name);
	g_free(kind->fit);
	g_free(kind);
}

static int fleet_kind_compare(gconstpointer a, gconstpointer b)
{
	return strverscmp((*(FleetKind *const *)a)->name, (*(FleetKind *const *)b)->name);
}

static FleetKind *fleet_kind_of(FleetTotals *totals, const Fleet *fleet, const char *name)
{
	FleetKind *kind;

	for (unsigned i = 0; i < totals->kinds->len; i++) {
		kind = g_ptr_array_index(totals->kinds, i);
		if (!strcmp(kind->name, name))
			return kind;
	}
	kind = g_new0(FleetKind, 1);
	kind->name = g_strdup(name);
	kind->fit = g_new0(uint64_t, fleet->sizes->len + 1);
	g_ptr_array_add(totals->kinds, kind);
	g_ptr_array_sort(totals->kinds, fleet_kind_compare);
	return kind;
}

static void fleet_totals_add_kind(FleetTotals *totals, const Fleet *fleet, const FleetNode *node)
{
	FleetKind *kind = fleet_kind_of(totals, fleet, node->kind);

	kind->nodes++;
	kind->cores += node->cores;
	kind->free += node->free;
	kind->memory += node->memory == UINT64_MAX ? 0 : node->memory;
	for (unsigned i = 0; i < fleet->sizes->len; i++)
		kind->fit[i] += node->fits[i].fit;
}

void fleet_totals_init(FleetTotals *totals, const Fleet *fleet)
{
	*totals =
		(FleetTotals){.kinds = g_ptr_array_new_with_free_func(fleet_kind_free),
			      .fit = g_new0(uint64_t, fleet->sizes->len + 1),
			      .bound = g_new0(uint64_t, fleet->sizes->len + 1),
			      .limits = g_malloc0_n(fleet->sizes->len + 1, sizeof *totals->limits)};
}

void fleet_totals_add(FleetTotals *totals, const Fleet *fleet, const FleetNode *node)
{
	totals->nodes++;
	totals->states[node->state]++;
	if (node->state == FLEET_BROKEN)
		return;
	totals->cpu_pm += node->cpu_pm->verdict == CPUPM_ON;
	totals->vms += node->vms;
	totals->cores += node->cores;
	totals->free += node->free;
	totals->stranded += node->stranded;
	totals->memory += node->memory == UINT64_MAX ? 0 : node->memory;
	fleet_totals_add_kind(totals, fleet, node);
	for (unsigned i = 0; i < fleet->sizes->len; i++) {
		totals->fit[i] += node->fits[i].fit;
		totals->bound[i] += node->fits[i].bound;
		totals->limits[i][node->fits[i].limit] += node->state == FLEET_FINE;
	}
}

void fleet_totals_clear(FleetTotals *totals)
{
	g_ptr_array_unref(totals->kinds);
	g_free(totals->fit);
	g_free(totals->bound);
	g_free(totals->limits);
}
