/* SPDX-License-Identifier: MIT */
/* What today's plan leaves free, and the CPUs that neither run a VM nor can be given to one. */
#include "planner/fit/fit_node.h"

#include <string.h>

/* Rooms */

static Role fit_rooms_role_of(const Plan *plan, unsigned core)
{
	return g_array_index(plan->roles, Role, core);
}

static void add_cpus(hwloc_bitmap_t cpus, const Core *core)
{
	for (unsigned t = 0; t < core->n_cpus; t++)
		hwloc_bitmap_set(cpus, core->cpu[t]);
}

static FitRoom fit_rooms_room_of(const Fit *fit, unsigned index)
{
	const Room *like = &fit->base->problem->layout->room[index];
	const Host *host = fit->base->problem->host;
	const GArray *cores = like->cores;
	FitRoom room = {.node = like->node,
			.l3 = like->first->l3,
			.threads = like->threads,
			.cores = cores->len,
			.cpus = hwloc_bitmap_alloc()};

	for (unsigned i = 0; i < cores->len; i++) {
		unsigned core = g_array_index(cores, unsigned, i);

		if (fit_rooms_role_of(fit->plan, core) != ROLE_FREE)
			continue;
		room.free++;
		add_cpus(room.cpus, host_core(host, core));
	}
	return room;
}

/* Memory */

static uint64_t *memory_today(const Fit *fit)
{
	const Host *host = fit->base->problem->host;
	uint64_t *memory = place_node_memory(fit->plan);

	for (unsigned i = 0; i < fit->plan->vms->len; i++)
		place_shares_take(g_ptr_array_index(fit->plan->vms, i), memory);
	for (unsigned i = 0; i < fit->base->shared->len; i++) {
		const PlanVm *vm = g_ptr_array_index(fit->base->shared, i);

		place_shared_memory(host, vm->spec, memory);
	}
	return memory;
}

/* Stranded: cores that lack a sibling */

/* CPUS, taken, are stranded because of VM (NULL: of none): with those of as much WHY. */
static void fit_rooms_strand(Fit *fit, hwloc_bitmap_t cpus, const char *why, const PlanVm *vm)
{
	FitStranded *stranded = NULL;

	for (unsigned i = 0; i < fit->stranded->len && !stranded; i++) {
		stranded = g_ptr_array_index(fit->stranded, i);
		stranded = !strcmp(stranded->why, why) ? stranded : NULL;
	}
	if (!stranded && !hwloc_bitmap_iszero(cpus)) {
		stranded = g_new(FitStranded, 1);
		*stranded = (FitStranded){hwloc_bitmap_alloc(), why, g_ptr_array_new()};
		g_ptr_array_add(fit->stranded, stranded);
	}
	if (stranded && !hwloc_bitmap_iszero(cpus)) {
		hwloc_bitmap_or(stranded->cpus, stranded->cpus, cpus);
		if (vm)
			g_ptr_array_add(stranded->vms, (gpointer)vm);
	}
	hwloc_bitmap_free(cpus);
}

static void strand_offline(Fit *fit)
{
	fit_rooms_strand(fit, hwloc_bitmap_dup(fit->plan->cpus[ROLE_STRANDED]),
			 "a sibling is offline", NULL);
}

/* … that a VM does not fill */

typedef struct FitTenants {
	unsigned *vm; /* by CPU: the first VM that is pinned to it, HOST_NONE */
	unsigned n;
} FitTenants;

static FitTenants fit_rooms_tenants_of(const Plan *plan)
{
	FitTenants tenants = {.n = (unsigned)(hwloc_bitmap_last(plan->host->online) + 1)};

	tenants.vm = g_new(unsigned, tenants.n);
	for (unsigned cpu = 0; cpu < tenants.n; cpu++)
		tenants.vm[cpu] = HOST_NONE;
	for (unsigned i = plan->vms->len; i-- > 0;) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);

		for (unsigned v = 0; v < vm->pins->len; v++)
			tenants.vm[g_array_index(vm->pins, unsigned, v)] = i;
	}
	return tenants;
}

/* The first VM that has a CPU of the core, HOST_NONE. */
static unsigned tenant_of(const FitTenants *tenants, const Core *core)
{
	unsigned first = HOST_NONE;

	for (unsigned t = 0; t < core->n_cpus; t++)
		first = MIN(first, tenants->vm[core->cpu[t]]);
	return first;
}

/* The CPUs beside VM number INDEX, on cores that are its alone. Yours. */
static hwloc_bitmap_t idle_beside(const Fit *fit, const FitTenants *tenants, unsigned index)
{
	const Host *host = fit->base->problem->host;
	const PlanVm *vm = g_ptr_array_index(fit->plan->vms, index);
	hwloc_bitmap_t cpus = hwloc_bitmap_alloc();

	for (unsigned v = 0; v < vm->pins->len; v++) {
		unsigned i = host_core_of(host, g_array_index(vm->pins, unsigned, v));
		const Core *core = host_core(host, i);

		if (fit_rooms_role_of(fit->plan, i) != ROLE_DEDICATED ||
		    tenant_of(tenants, core) != index)
			continue;
		for (unsigned t = 0; t < core->n_cpus; t++)
			if (tenants->vm[core->cpu[t]] == HOST_NONE)
				hwloc_bitmap_set(cpus, core->cpu[t]);
	}
	return cpus;
}

/* Of IDLE CPUs beside a VM on whole cores there are fewer than a core has. */
static const char *beside_text(const VmSpec *spec, unsigned idle, unsigned threads)
{
	if (spec->threads == THREADS_ISOLATE)
		return "threads = isolate";
	if (vm_spec_helpers(spec))
		return "vCPUs and helpers that do not fill whole cores";
	if (spec->cpus && idle >= threads)
		return "a VM is pinned to half cores";
	return "vCPUs that do not fill whole cores";
}

static void strand_beside(Fit *fit, const FitTenants *tenants, unsigned index)
{
	const PlanVm *vm = g_ptr_array_index(fit->plan->vms, index);
	hwloc_bitmap_t idle = idle_beside(fit, tenants, index);
	unsigned n = (unsigned)hwloc_bitmap_weight(idle);

	fit_rooms_strand(fit, idle, beside_text(vm->spec, n, fit->plan->host->max_threads), vm);
}

/* … that are kept for a VM which cannot run there */
static void strand_reserved(Fit *fit, const FitTenants *tenants)
{
	const Host *host = fit->base->problem->host;
	hwloc_bitmap_t cpus = hwloc_bitmap_alloc();

	for (unsigned i = 0; i < host->cores->len; i++)
		if (fit_rooms_role_of(fit->plan, i) == ROLE_DEDICATED &&
		    tenant_of(tenants, host_core(host, i)) == HOST_NONE)
			add_cpus(cpus, host_core(host, i));
	fit_rooms_strand(fit, cpus, "reserved for a VM that is unplaced", NULL);
}

/* … and free ones that none of the sizes can use */

static bool fit_rooms_some_may_fit(const Fit *fit)
{
	for (unsigned i = 0; i < fit->sizes->len; i++)
		if (((const FitAnswer *)g_ptr_array_index(fit->sizes, i))->count.bound)
			return true;
	return false;
}

static bool memory_short(const Fit *fit)
{
	for (unsigned i = 0; i < fit->sizes->len; i++)
		if (((const FitAnswer *)g_ptr_array_index(fit->sizes, i))->limit == FIT_MEMORY)
			return true;
	return false;
}

static void strand_free(Fit *fit)
{
	if (!fit_rooms_some_may_fit(fit) && fit->sizes->len)
		fit_rooms_strand(fit, hwloc_bitmap_dup(fit->plan->cpus[ROLE_FREE]),
				 memory_short(fit)
					 ? "free, but without enough memory for any of these sizes"
					 : "free, but too few together for any of these sizes",
				 NULL);
}

void fit_find_stranded(Fit *fit)
{
	FitTenants tenants = fit_rooms_tenants_of(fit->plan);

	strand_offline(fit);
	for (unsigned i = 0; i < fit->plan->vms->len; i++)
		strand_beside(fit, &tenants, i);
	strand_reserved(fit, &tenants);
	strand_free(fit);
	g_free(tenants.vm);
}

void fit_find_rooms(Fit *fit)
{
	for (unsigned r = 0; r < fit->base->problem->rooms->len; r++) {
		FitRoom room = fit_rooms_room_of(fit, r);

		g_array_append_val(fit->rooms, room);
	}
	fit->memory = memory_today(fit);
}
