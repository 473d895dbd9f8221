/* SPDX-License-Identifier: MIT */
#include "planner/place/replan.h"
#include "planner/base/subject.h"
#include "planner/place/memory_node.h"
#include "planner/place/place.h"

#include <string.h>

#define VISITS_MOST 2000	       /* choices tried: a bound on hopeless cases */
#define STEPS_MOST (2 * SEARCH_BUDGET) /* of the search, when each choice is solved */
#define CHOICE_STEPS 200	       /* as long as it takes to pose the problem of a choice */

/* Keeping */

static bool replan_shapes_equal(const VmSpec *a, const VmSpec *b)
{
	return a->policy == POLICY_DEDICATED && b->policy == POLICY_DEDICATED &&
	       a->vcpus == b->vcpus && a->threads == b->threads &&
	       !a->dedicated_vcpus == !b->dedicated_vcpus &&
	       (!a->dedicated_vcpus ||
		hwloc_bitmap_isequal(a->dedicated_vcpus, b->dedicated_vcpus));
}

/* Let SPEC keep what VM of a saved plan has: its vCPUs, and its helpers where it has as many. CPUs
 * that the inventory names stay. */
static void replan_keep_vm(VmSpec *spec, const PlanVm *vm)
{
	unsigned n = plan_vm_pinned(vm), helpers = vm_spec_helpers(spec);

	if (spec->cpus && (spec->cpus->len > n ||
			   memcmp(spec->cpus->data, vm->pins->data, n * sizeof(unsigned)) != 0))
		return;
	g_clear_pointer(&spec->cpus, g_array_unref);
	spec->cpus = g_array_copy(vm->pins);
	if (vm->pins->len != n + helpers)
		g_array_set_size(spec->cpus, n);
}

void replan_keep(Inventory *inventory, const Plan *saved)
{
	for (unsigned i = 0; i < inventory->vms->len; i++) {
		VmSpec *spec = g_ptr_array_index(inventory->vms, i);
		const PlanVm *vm = plan_vm(saved, spec->name);

		if (vm && vm->placed && replan_shapes_equal(spec, vm->spec))
			replan_keep_vm(spec, vm);
	}
}

/* Findings of kept VMs about the CPUs that they have. */
static const char *const replan_pin_ids[] = {"vm.on-host",
					     "vm.on-sdk",
					     "vm.on-shared",
					     "vm.half-core",
					     "vm.isolate-doubled",
					     "vm.off-node",
					     "vm.off-socket",
					     "vm.across-nodes",
					     "vm.not-apart",
					     "vm.helper-beside-vcpu",
					     "vm.cpu-offline",
					     "vm.cpu-absent",
					     NULL};

/* Findings of two VMs that name CPUs of one core; and of VMs that fill a node. */
static const char *const replan_core_ids[] = {"vm.cpu-shared", "vm.core-shared", NULL};
static const char *const replan_memory_ids[] = {"memory.node-full", NULL};

static bool replan_has_error(const Plan *plan, const char *name, const char *const *ids)
{
	g_autofree char *subject = subject_vm(name);

	for (unsigned i = 0; i < plan->findings->len; i++) {
		const Finding *finding = g_ptr_array_index(plan->findings, i);

		if (finding->severity == SEVERITY_ERROR && g_str_equal(finding->subject, subject) &&
		    g_strv_contains(ids, finding->id))
			return true;
	}
	return false;
}

/* Is a CPU of A on the core of one of B; with NODE, on its NUMA node? */
static bool replan_meet(const Host *host, const GArray *a, const GArray *b, bool node)
{
	for (unsigned i = 0; i < a->len; i++)
		for (unsigned j = 0; j < b->len; j++) {
			unsigned x = host_core_of(host, g_array_index(a, unsigned, i));
			unsigned y = host_core_of(host, g_array_index(b, unsigned, j));

			if (x == HOST_NONE || y == HOST_NONE)
				continue;
			if (x == y ||
			    (node && host_core(host, x)->node == host_core(host, y)->node))
				return true;
		}
	return false;
}

/* Who of a plan cannot stay where it is in SAVED, and who must make way. */
typedef struct LetGo {
	const Plan *plan, *saved;
	GPtrArray *core, *memory; /* specs with cpus that have an error of replan_core_ids, … */
} LetGo;

static GPtrArray *replan_with_error(const Plan *plan, const char *const *ids)
{
	GPtrArray *specs = g_ptr_array_new();

	for (unsigned i = 0; i < plan->vms->len; i++) {
		VmSpec *spec = ((const PlanVm *)g_ptr_array_index(plan->vms, i))->spec;

		if (spec->cpus && replan_has_error(plan, spec->name, ids))
			g_ptr_array_add(specs, spec);
	}
	return specs;
}

/* Does SPEC meet one of THESE, which may be itself? */
static bool replan_in_way(const LetGo *go, const VmSpec *spec, const GPtrArray *these, bool node)
{
	for (unsigned i = 0; i < these->len; i++) {
		const VmSpec *other = g_ptr_array_index(these, i);

		if (replan_meet(go->plan->host, spec->cpus, other->cpus, node))
			return true;
	}
	return false;
}

static bool replan_cannot_stay(const LetGo *go, const VmSpec *spec)
{
	return replan_has_error(go->plan, spec->name, replan_pin_ids) ||
	       replan_in_way(go, spec, go->core, false);
}

/* It grew on a node that is full now. */
static bool replan_grew(const LetGo *go, const VmSpec *spec)
{
	const PlanVm *was = plan_vm(go->saved, spec->name);

	return was && place_memory(spec) > place_memory(was->spec) &&
	       replan_in_way(go, spec, go->memory, true);
}

static bool replan_lacks_memory(const LetGo *go, const VmSpec *spec)
{
	return replan_has_error(go->plan, spec->name, replan_memory_ids);
}

/* Who lacks memory there names its CPUs. */
static bool replan_takes_memory(const LetGo *go, const VmSpec *spec)
{
	return replan_in_way(go, spec, go->memory, true);
}

bool replan_let_go(const GPtrArray *specs, const Plan *plan, const Plan *saved)
{
	static bool (*const reasons[])(const LetGo *, const VmSpec *) = {
		replan_cannot_stay, replan_grew, replan_lacks_memory, replan_takes_memory};
	g_autoptr(GPtrArray) core = replan_with_error(plan, replan_core_ids);
	g_autoptr(GPtrArray) memory = replan_with_error(plan, replan_memory_ids);
	const LetGo go = {plan, saved, core, memory};
	bool any = false;

	for (unsigned r = 0; r < G_N_ELEMENTS(reasons) && !any; r++)
		for (unsigned i = 0; i < specs->len; i++) {
			VmSpec *spec = g_ptr_array_index(specs, i);

			if (!spec->cpus || !reasons[r](&go, spec))
				continue;
			g_clear_pointer(&spec->cpus, g_array_unref);
			any = true;
		}
	return any;
}

static void replan_request_cpus(CoreRequest *request, hwloc_const_bitmap_t cpus)
{
	request->by = hwloc_bitmap_iszero(cpus) ? SPLIT_NONE : SPLIT_CPUS;
	request->cpus = request->by == SPLIT_CPUS ? hwloc_bitmap_dup(cpus) : NULL;
}

/* The CPUs of cores that are kept for VMs which cannot be placed there. */
static CpuSet reserved_cpus(const Plan *plan)
{
	CpuSet cpus = hwloc_bitmap_dup(plan->cpus[ROLE_DEDICATED]);

	for (unsigned i = 0; i < plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);

		for (unsigned v = 0; v < vm->pins->len; v++) {
			unsigned cpu = g_array_index(vm->pins, unsigned, v);
			const Core *core = host_core(plan->host, host_core_of(plan->host, cpu));

			for (unsigned t = 0; t < core->n_cpus; t++)
				hwloc_bitmap_clr(cpus, core->cpu[t]);
		}
	}
	return cpus;
}

Inventory *replan_inventory(const Plan *saved)
{
	Inventory *inventory = inventory_new();
	g_auto(CpuSet) sdk = reserved_cpus(saved); /* as far from VMs as the SDK's */

	hwloc_bitmap_or(sdk, sdk, saved->cpus[ROLE_SDK]);
	replan_request_cpus(&inventory->host, saved->cpus[ROLE_HOST]);
	replan_request_cpus(&inventory->sdk, sdk);
	replan_request_cpus(&inventory->shared, saved->cpus[ROLE_SHARED]);
	node_spec_free(inventory->node);
	inventory->node = node_spec_copy(saved->node);
	for (unsigned i = 0; i < saved->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(saved->vms, i);
		VmSpec *spec = vm_spec_copy(vm->spec, vm->spec->name);

		if (vm->placed && vm->pins->len)
			replan_keep_vm(spec, vm);
		g_ptr_array_add(inventory->vms, spec);
	}
	return inventory;
}

/* Does OTHER name a CPU of a core that the VM number INDEX has? */
static bool names_core_of(const Placer *placer, const PlanVm *other, unsigned index)
{
	const GArray *cpus = other->spec->cpus;

	for (unsigned v = 0; cpus && v < cpus->len; v++) {
		unsigned core = host_core_of(placer->host, g_array_index(cpus, unsigned, v));

		if (core != HOST_NONE && placer->owner[core] == index)
			return true;
	}
	return false;
}

/* Does another VM name a CPU of a core that the VM number INDEX has? */
static bool others_name(const Placer *placer, unsigned index)
{
	for (unsigned i = 0; i < placer->plan->vms->len; i++)
		if (i != index &&
		    names_core_of(placer, g_ptr_array_index(placer->plan->vms, i), index))
			return true;
	return false;
}

bool replan_movable(const Placer *placer, const PlanVm *vm)
{
	unsigned index;

	return place_movable(placer, vm) && g_ptr_array_find(placer->plan->vms, vm, &index) &&
	       !others_name(placer, index);
}

/* VMs whose cores are no VMs' any more */

/* How many of VM's pins are on cores that are the host's, the SDK's or the pool's now. */
static unsigned pins_lost(const Placer *placer, const PlanVm *vm)
{
	unsigned lost = 0;

	for (unsigned v = 0; v < vm->pins->len; v++) {
		unsigned core = host_core_of(placer->host, g_array_index(vm->pins, unsigned, v));

		lost += !role_of_vms(g_array_index(placer->plan->roles, Role, core));
	}
	return lost;
}

/* Has VM, kept, lost cores, the others being its own alone? */
static bool replan_displaced(const Placer *placer, const PlanVm *vm)
{
	unsigned index;

	if (!vm->placed || !vm->spec->cpus || !pins_lost(placer, vm) ||
	    !g_ptr_array_find(placer->plan->vms, vm, &index))
		return false;
	for (unsigned v = 0; v < vm->pins->len; v++) {
		unsigned core = host_core_of(placer->host, g_array_index(vm->pins, unsigned, v));

		if (role_of_vms(g_array_index(placer->plan->roles, Role, core)) &&
		    (placer->owner[core] != index || host_core(placer->host, core)->partial))
			return false;
	}
	return !others_name(placer, index);
}

static bool replan_may_move(const Placer *placer, const PlanVm *vm)
{
	return replan_movable(placer, vm) || replan_displaced(placer, vm);
}

/* Choosing */

typedef struct Replan {
	const Placer *placer;
	const Problem *problem;
	GPtrArray *movable; /* of PlanVm *: one or more of each kind */
	unsigned *chosen, n_chosen;
	ReplanVisit visit;
	gpointer data;
	unsigned visits;
	bool enough;
} Replan;

Problem *replan_problem(const Problem *old, const GPtrArray *movers)
{
	Problem *problem = problem_copy(old);

	g_array_set_size(problem->vms, 0);
	g_ptr_array_set_size(problem->specs, 0);
	for (unsigned i = 0; i < movers->len; i++) {
		const PlanVm *vm = g_ptr_array_index(movers, i);

		problem_release(problem, vm);
		problem_add_vm(problem, vm->spec);
	}
	for (unsigned i = 0; i < old->specs->len; i++)
		problem_add_vm(problem, g_ptr_array_index(old->specs, i));
	return problem;
}

static void visit_chosen(Replan *r)
{
	g_autoptr(GPtrArray) movers = g_ptr_array_new();
	g_autoptr(Problem) problem = NULL;

	for (unsigned i = 0; i < r->n_chosen; i++)
		g_ptr_array_add(movers, g_ptr_array_index(r->movable, r->chosen[i]));
	problem = replan_problem(r->problem, movers);
	if (problem->shared_budget)
		*problem->shared_budget -= MIN(*problem->shared_budget, CHOICE_STEPS);
	r->visits++;
	r->enough = !r->visit(problem, r->n_chosen, r->data);
}

static unsigned room_of_cpu(const Replan *r, unsigned cpu)
{
	return r->problem->layout->room_of[host_core_of(r->placer->host, cpu)];
}

/* The same to the search: alike, and in the same rooms. */
static bool vms_alike(const Replan *r, const PlanVm *a, const PlanVm *b)
{
	if (!problem_specs_alike(a->spec, b->spec) ||
	    pins_lost(r->placer, a) != pins_lost(r->placer, b))
		return false;
	for (unsigned v = 0; v < a->pins->len; v++)
		if (room_of_cpu(r, g_array_index(a->pins, unsigned, v)) !=
		    room_of_cpu(r, g_array_index(b->pins, unsigned, v)))
			return false;
	return true;
}

static bool alike_tried(const Replan *r, unsigned start, unsigned i)
{
	for (unsigned j = start; j < i; j++)
		if (vms_alike(r, g_ptr_array_index(r->movable, j),
			      g_ptr_array_index(r->movable, i)))
			return true;
	return false;
}

static void replan_choose_movers(Replan *r, unsigned start, unsigned left)
{
	if (!left) {
		visit_chosen(r);
		return;
	}
	for (unsigned i = start; i + left <= r->movable->len; i++) {
		if (r->enough || r->visits >= VISITS_MOST)
			return;
		if (alike_tried(r, start, i))
			continue;
		r->chosen[r->n_chosen++] = i;
		replan_choose_movers(r, i + 1, left - 1);
		r->n_chosen--;
	}
}

/* Small VMs first: they are moved with least ado. */
static int replan_mover_compare(gconstpointer a, gconstpointer b)
{
	const VmSpec *x = (*(PlanVm *const *)a)->spec, *y = (*(PlanVm *const *)b)->spec;

	if (x->vcpus != y->vcpus)
		return x->vcpus < y->vcpus ? -1 : 1;
	if (x->memory != y->memory)
		return x->memory < y->memory ? -1 : 1;
	return strverscmp(x->name, y->name);
}

static GPtrArray *replan_vms(const Placer *placer,
			     bool (*want)(const Placer *placer, const PlanVm *vm))
{
	GPtrArray *vms = g_ptr_array_new();

	for (unsigned i = 0; i < placer->plan->vms->len; i++)
		if (want(placer, g_ptr_array_index(placer->plan->vms, i)))
			g_ptr_array_add(vms, g_ptr_array_index(placer->plan->vms, i));
	g_ptr_array_sort(vms, replan_mover_compare);
	return vms;
}

GPtrArray *replan_movable_vms(const Placer *placer)
{
	return replan_vms(placer, replan_may_move);
}

/* replan_each() over those of MOVABLE. */
static bool replan_each_of(const Placer *placer, const Problem *problem, GPtrArray *movable,
			   unsigned most, ReplanVisit visit, gpointer data)
{
	g_autofree unsigned *chosen = g_new0(unsigned, most + 1);
	Replan r = {placer, problem, movable, chosen, 0, visit, data, 0, false};

	for (unsigned n = 1; n <= most && n <= movable->len && !r.enough; n++)
		replan_choose_movers(&r, 0, n);
	return r.visits < VISITS_MOST;
}

bool replan_each(const Placer *placer, const Problem *problem, unsigned most, ReplanVisit visit,
		 gpointer data)
{
	g_autoptr(GPtrArray) movable = replan_movable_vms(placer);

	return replan_each_of(placer, problem, movable, most, visit, data);
}

/* The best choice */

typedef struct Best {
	unsigned forced;  /* VMs that must move, whoever else does */
	GPtrArray *specs; /* of all VMs to move, const VmSpec * */
	bool fits;	  /* these have a place each */
	uint64_t value, bound;
	uint64_t steps; /* of the search, left for all choices together */
} Best;

static uint64_t replan_worth(const Problem *problem, const VmSpec *spec)
{
	return problem->prefer == PREFER_VCPUS ? spec->vcpus : 1;
}

/* What the search places of the others, *VALUE, when the first N, who have a place, all get one
 * again; false if not. */
static bool replan_value_of(const SearchResult *result, const Problem *problem, unsigned n,
			    uint64_t *value)
{
	*value = result->placed;
	for (unsigned i = 0; i < n; i++) {
		if (!g_ptr_array_index(result->assignments, i))
			return false;
		*value -= replan_worth(problem, g_ptr_array_index(problem->specs, i));
	}
	return true;
}

/* Note that of PROBLEM the first N move, if that is better. */
static void best_note(Best *best, const Problem *problem, unsigned n)
{
	g_autoptr(SearchResult) result = problem_solve(problem);
	uint64_t value;
	bool fits = replan_value_of(result, problem, n, &value);

	best->steps -= MIN(best->steps, result->steps + CHOICE_STEPS);
	if (!fits || (best->fits && value <= best->value))
		return;
	best->fits = true;
	best->value = value;
	g_ptr_array_set_size(best->specs, 0);
	for (unsigned i = 0; i < n; i++)
		g_ptr_array_add(best->specs, g_ptr_array_index(problem->specs, i));
}

static bool best_reached(const Best *best)
{
	return best->fits && best->value >= best->bound;
}

static bool replan_weigh(const Problem *problem, unsigned n, gpointer data)
{
	Best *best = data;

	best_note(best, problem, n + best->forced);
	return !best_reached(best) && best->steps && !problem_spent(problem);
}

static uint64_t all_worth(const Problem *problem)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < problem->specs->len; i++)
		sum += replan_worth(problem, g_ptr_array_index(problem->specs, i));
	return sum;
}

static PlanVm *replan_vm_of(const Placer *placer, const VmSpec *spec)
{
	for (unsigned i = 0; i < placer->plan->vms->len; i++) {
		PlanVm *vm = g_ptr_array_index(placer->plan->vms, i);

		if (vm->spec == spec)
			return vm;
	}
	g_assert_not_reached();
}

/* The best choice of at most MOST of MOVABLE that has all of FORCED; false where these cannot all
 * move. */
static bool replan_choose_with(const Placer *placer, const Problem *problem, GPtrArray *movable,
			       const GPtrArray *forced, unsigned most, Best *best, bool *proved)
{
	g_autoptr(Problem) with = replan_problem(problem, forced);
	g_autoptr(GPtrArray) others = g_ptr_array_copy(movable, NULL, NULL);

	for (unsigned i = 0; i < forced->len; i++)
		g_ptr_array_remove(others, g_ptr_array_index(forced, i));
	*best = (Best){forced->len, best->specs, false, 0, all_worth(problem), STEPS_MOST};
	*proved = true;
	g_ptr_array_set_size(best->specs, 0);
	best_note(best, with, forced->len);
	if (!best_reached(best))
		*proved = replan_each_of(placer, with, others, most - forced->len, replan_weigh,
					 best) &&
			  best->steps && !problem_spent(problem);
	return best->fits;
}

/* To move VMs that lost their cores is better than not to, but not at the price of a VM without a
 * place; to move some of them is better than none. */
GPtrArray *replan_choose(const Placer *placer, const Problem *problem, unsigned most, bool *proved)
{
	g_autoptr(GPtrArray) specs = g_ptr_array_new(), specs_with = g_ptr_array_new();
	g_autoptr(GPtrArray) movable = replan_movable_vms(placer);
	g_autoptr(GPtrArray) displaced = replan_vms(placer, replan_displaced);
	g_autoptr(GPtrArray) forced = g_ptr_array_new();
	Best best = {.specs = specs}, with = {.specs = specs_with};
	GPtrArray *chosen = specs, *movers = g_ptr_array_new();

	replan_choose_with(placer, problem, movable, forced, most, &best, proved);
	for (unsigned n = MIN(displaced->len, most); n && chosen == specs; n--) {
		bool sure;

		g_ptr_array_set_size(forced, 0);
		for (unsigned i = 0; i < n; i++)
			g_ptr_array_add(forced, g_ptr_array_index(displaced, i));
		if (replan_choose_with(placer, problem, movable, forced, most, &with, &sure) &&
		    with.value >= best.value)
			chosen = specs_with;
	}
	for (unsigned i = 0; i < chosen->len; i++)
		g_ptr_array_add(movers, replan_vm_of(placer, g_ptr_array_index(chosen, i)));
	return movers;
}

/* Carrying out */

/* What was wrong with the CPUs that the VM called NAME had is so no more. */
static void findings_forget(GPtrArray *findings, const char *name)
{
	g_autofree char *subject = subject_vm(name);

	for (unsigned i = findings->len; i-- > 0;) {
		const Finding *finding = g_ptr_array_index(findings, i);

		if (g_str_equal(finding->subject, subject) &&
		    g_strv_contains(replan_pin_ids, finding->id))
			g_ptr_array_remove_index(findings, i);
	}
}

void replan_release(Placer *placer, PlanVm *vm)
{
	Move *move = g_new0(Move, 1);

	for (unsigned v = 0; v < vm->pins->len; v++) {
		unsigned core = host_core_of(placer->host, g_array_index(vm->pins, unsigned, v));

		if (!role_of_vms(g_array_index(placer->plan->roles, Role, core)))
			continue;
		placer->owner[core] = HOST_NONE;
		g_array_index(placer->plan->roles, Role, core) = ROLE_FREE;
	}
	findings_forget(placer->plan->findings, vm->spec->name);
	move->vm = vm->spec->name;
	move->from = g_array_copy(vm->pins);
	g_ptr_array_add(placer->plan->moves, move);
	g_array_set_size(vm->pins, 0);
	g_array_set_size(vm->shares, 0);
	g_clear_pointer(&vm->spec->cpus, g_array_unref);
	vm->placed = false;
	place_recount_memory(placer);
}

static unsigned replan_node_of(const Host *host, const GArray *pins, unsigned vcpu)
{
	unsigned cpu = g_array_index(pins, unsigned, vcpu);

	return host_core(host, host_core_of(host, cpu))->node;
}

static bool replan_siblings(const Host *host, const GArray *pins, unsigned a, unsigned b)
{
	return host_core_of(host, g_array_index(pins, unsigned, a)) ==
	       host_core_of(host, g_array_index(pins, unsigned, b));
}

/*
 * The guest was told which vCPUs share a core and which a node: a move that changes either needs a
 * restart. One that keeps both needs the memory to follow where any vCPU changes its node, but
 * where it comes from a node without cores.
 */
MoveCost replan_cost(const Host *host, const VmSpec *spec, const GArray *from, const GArray *to)
{
	MoveCost cost = MOVE_REPIN;
	unsigned vcpus = MIN(to->len, vm_spec_pinned(spec));

	for (unsigned v = 0; v < vcpus; v++) {
		if (spec->memory_node < 0 &&
		    replan_node_of(host, to, v) != replan_node_of(host, from, v))
			cost = MOVE_MEMORY;
		if (v &&
		    (replan_siblings(host, to, v - 1, v) != replan_siblings(host, from, v - 1, v) ||
		     (replan_node_of(host, to, v - 1) == replan_node_of(host, to, v)) !=
			     (replan_node_of(host, from, v - 1) == replan_node_of(host, from, v))))
			return MOVE_RESTART;
	}
	return cost;
}

void replan_costs(Plan *plan)
{
	for (unsigned i = 0; i < plan->moves->len; i++) {
		Move *move = g_ptr_array_index(plan->moves, i);

		const PlanVm *vm = plan_vm(plan, move->vm);

		move->cost = replan_cost(plan->host, vm->spec, move->from, vm->pins);
	}
}
