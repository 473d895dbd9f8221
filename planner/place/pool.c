/* SPDX-License-Identifier: MIT */
/* Shared VMs: their vCPUs float over the shared pool, or over the host's CPUs where there is none.
 */
#include "planner/base/size.h"
#include "planner/base/subject.h"
#include "planner/place/place.h"

static CpuSet cpus_with(const Plan *plan, Role role)
{
	CpuSet cpus = hwloc_bitmap_alloc();

	for (unsigned i = 0; i < plan->host->cores->len; i++) {
		const Core *core = host_core(plan->host, i);

		if (g_array_index(plan->roles, Role, i) == role)
			for (unsigned t = 0; t < core->n_cpus; t++)
				hwloc_bitmap_set(cpus, core->cpu[t]);
	}
	return cpus;
}

static CpuSet pool_cpus(const Plan *plan)
{
	CpuSet pool = cpus_with(plan, ROLE_SHARED);

	if (!hwloc_bitmap_iszero(pool))
		return pool;
	hwloc_bitmap_free(pool);
	return cpus_with(plan, ROLE_HOST);
}

/* May the VM's memory be on the node at this position? */
static bool pool_node_allowed(const Host *host, const VmSpec *spec, unsigned node)
{
	return spec->node < 0 || host_node(host, node)->id == (unsigned)spec->node;
}

/* The allowed node that has most left, HOST_NONE. */
static unsigned pool_fullest_node(const Host *host, const VmSpec *spec, const uint64_t *memory)
{
	unsigned most = HOST_NONE;

	for (unsigned n = 0; n < host->nodes->len; n++)
		if (pool_node_allowed(host, spec, n) &&
		    (most == HOST_NONE || memory[n] > memory[most]))
			most = n;
	return most;
}

bool place_shared_memory(const Host *host, const VmSpec *spec, uint64_t *memory)
{
	uint64_t page = place_page(spec), pages = (spec->memory + page - 1) / page, have = 0;

	for (unsigned n = 0; n < host->nodes->len; n++) {
		if (!pool_node_allowed(host, spec, n))
			continue;
		if (memory[n] == UINT64_MAX)
			return true;
		have += memory[n] / page;
	}
	if (have < pages)
		return false;
	while (pages) {
		unsigned most = pool_fullest_node(host, spec, memory);
		uint64_t taken = MIN(pages, memory[most] / page);

		memory[most] -= taken * page;
		pages -= taken;
	}
	return true;
}

hwloc_bitmap_t place_pool_for(const Host *host, const VmSpec *spec, hwloc_const_bitmap_t pool)
{
	hwloc_bitmap_t cpus = hwloc_bitmap_dup(pool);
	unsigned node = spec->node < 0 ? HOST_NONE : host_node_of_id(host, (unsigned)spec->node);

	if (node != HOST_NONE)
		hwloc_bitmap_and(cpus, cpus, host_node(host, node)->cpus);
	else if (spec->node >= 0)
		hwloc_bitmap_zero(cpus);
	return cpus;
}

/* In whole pages, on the nodes that SPEC may use. */
static uint64_t pool_memory_left(const Placer *placer, const VmSpec *spec)
{
	uint64_t page = place_page(spec), left = 0;

	for (unsigned n = 0; n < placer->host->nodes->len; n++)
		if (pool_node_allowed(placer->host, spec, n))
			left += placer->memory[n] / page * page;
	return left;
}

/* More vCPUs float than there are CPUs for them. */
static void pool_narrow_check(Placer *placer, const VmSpec *spec, unsigned floating,
			      hwloc_const_bitmap_t cpus)
{
	g_autofree char *subject = subject_vm(spec->name);
	unsigned n_cpus = (unsigned)hwloc_bitmap_weight(cpus);

	if (floating > n_cpus)
		findings_add(placer->plan->findings, SEVERITY_WARNING, "vm.more-vcpus-than-cpus",
			     subject, "give it fewer vCPUs, or make the pool larger",
			     "its %u %svCPUs share %u CPUs and wait for each other", floating,
			     floating < spec->vcpus ? "floating " : "", n_cpus);
}

static void place_one(Placer *placer, PlanVm *vm, hwloc_const_bitmap_t pool)
{
	GPtrArray *findings = placer->plan->findings;
	g_autofree char *subject = subject_vm(vm->spec->name);
	g_auto(CpuSet) cpus = place_pool_for(placer->host, vm->spec, pool);
	unsigned n_cpus = (unsigned)hwloc_bitmap_weight(cpus);

	if (!n_cpus) {
		findings_add(findings, SEVERITY_ERROR, "vm.node-absent", subject,
			     "ask for a node that has CPUs of the pool, or leave node out",
			     "asks for node %d, where the pool has no CPU", vm->spec->node);
		return;
	}
	if (!place_shared_memory(placer->host, vm->spec, placer->memory)) {
		g_autofree char *needed = size_format(plan_vm_memory(vm)), *left = NULL;

		left = size_format_rounded(pool_memory_left(placer, vm->spec));
		findings_add(findings, SEVERITY_ERROR, "vm.does-not-fit", subject,
			     "give it less memory, or take some from other VMs",
			     "needs %s of memory; the nodes that it may use have %s left", needed,
			     left);
		return;
	}
	vm->cpuset = g_steal_pointer(&cpus);
	vm->placed = true;
	pool_narrow_check(placer, vm->spec, vm->spec->vcpus, vm->cpuset);
}

/* By name: which VM is refused where memory is short does not depend on the order of sections. */
static int pool_name_compare(gconstpointer a, gconstpointer b)
{
	const PlanVm *x = *(PlanVm *const *)a, *y = *(PlanVm *const *)b;

	return strverscmp(x->spec->name, y->spec->name);
}

static GPtrArray *shared_vms(const Placer *placer)
{
	GPtrArray *vms = g_ptr_array_new();

	for (unsigned i = 0; i < placer->plan->vms->len; i++) {
		PlanVm *vm = g_ptr_array_index(placer->plan->vms, i);

		if (vm->spec->policy == POLICY_SHARED)
			g_ptr_array_add(vms, vm);
	}
	if (placer->plan->prefer != PREFER_ORDER)
		g_ptr_array_sort(vms, pool_name_compare);
	return vms;
}

GPtrArray *place_shared_vms(const Placer *placer)
{
	GPtrArray *vms = shared_vms(placer);
	g_auto(CpuSet) pool = pool_cpus(placer->plan);

	for (unsigned i = vms->len; i-- > 0;) {
		const PlanVm *vm = g_ptr_array_index(vms, i);
		g_auto(CpuSet) cpus = place_pool_for(placer->host, vm->spec, pool);

		if (hwloc_bitmap_iszero(cpus))
			g_ptr_array_remove_index(vms, i);
	}
	return vms;
}

/* The vCPUs of dedicated VMs that float do so over the pool's CPUs on the VM's nodes, or over all
 * of the pool. How many there are. */
static unsigned place_floating(Placer *placer, hwloc_const_bitmap_t pool)
{
	unsigned vcpus = 0;

	for (unsigned i = 0; i < placer->plan->vms->len; i++) {
		PlanVm *vm = g_ptr_array_index(placer->plan->vms, i);

		if (!vm->placed || vm->spec->policy == POLICY_SHARED || !vm_spec_floating(vm->spec))
			continue;
		vm->cpuset = hwloc_bitmap_alloc();
		for (unsigned s = 0; s < vm->shares->len; s++) {
			unsigned node = g_array_index(vm->shares, VmShare, s).node;

			hwloc_bitmap_or(vm->cpuset, vm->cpuset,
					host_node(placer->host, node)->cpus);
		}
		hwloc_bitmap_and(vm->cpuset, vm->cpuset, pool);
		if (hwloc_bitmap_iszero(vm->cpuset))
			hwloc_bitmap_copy(vm->cpuset, pool);
		pool_narrow_check(placer, vm->spec, vm_spec_floating(vm->spec), vm->cpuset);
		vcpus += vm_spec_floating(vm->spec);
	}
	return vcpus;
}

void place_shared(Placer *placer)
{
	g_auto(CpuSet) pool = pool_cpus(placer->plan);
	g_autoptr(GPtrArray) vms = shared_vms(placer);
	unsigned vcpus = place_floating(placer, pool);
	unsigned n_cpus = (unsigned)hwloc_bitmap_weight(pool);
	double most = placer->inventory->overcommit;

	for (unsigned i = 0; i < vms->len; i++) {
		PlanVm *vm = g_ptr_array_index(vms, i);

		place_one(placer, vm, pool);
		vcpus += vm->spec->vcpus;
	}
	if (most > 0 && vcpus > most * n_cpus)
		findings_add(placer->plan->findings, SEVERITY_WARNING, "shared.overcommit",
			     "[shared]", "give the pool more cores, or allow more overcommit",
			     "%u vCPUs share %u CPUs: more than the %g for each CPU that "
			     "overcommit allows",
			     vcpus, n_cpus, most);
}
