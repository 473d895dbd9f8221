/* SPDX-License-Identifier: MIT */
#include "planner/place/near.h"
#include "planner/base/finding.h"
#include "planner/base/nearest.h"
#include "planner/base/subject.h"
#include "planner/place/allowed.h"
#include "planner/place/demand.h"
#include "planner/place/rooms.h"

static const char *near_name(const Host *host, const char *name)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	for (unsigned i = 0; i < host->devices->len; i++)
		g_ptr_array_add(names, g_array_index(host->devices, Device, i).name);
	g_ptr_array_add(names, NULL);
	return nearest_word(name, (const char *const *)names->pdata);
}

char *near_fix(const Host *host, const char *name)
{
	const char *near = near_name(host, name);

	return near ? g_strdup_printf("did you mean '%s'?", near)
		    : g_strdup("see the devices that 'planner show' lists for this topology");
}

static void near_unknown(const Host *host, const char *subject, const char *name,
			 GPtrArray *findings)
{
	g_autofree char *fix = near_fix(host, name);

	findings_add(findings, SEVERITY_ERROR, "vm.device-unknown", subject, fix,
		     "near names '%s', which is not a device of this host", name);
}

/* The position of the node that the device called NAME is on; HOST_NONE and a finding. */
static unsigned near_node_of(const Host *host, const char *subject, const char *name,
			     GPtrArray *findings)
{
	const Device *device = host_device(host, name);

	if (!device)
		near_unknown(host, subject, name, findings);
	else if (device->node == HOST_NONE)
		findings_add_unknown(findings, SEVERITY_WARNING, "vm.device-node", subject,
				     "say where with node =",
				     "the host does not say on which NUMA node %s is: the VM may "
				     "be placed on any",
				     name);
	return device ? device->node : HOST_NONE;
}

void near_take_node(const Host *host, VmSpec *vm, GPtrArray *findings)
{
	g_autofree char *subject = subject_vm(vm->name);
	g_auto(CpuSet) nodes = hwloc_bitmap_alloc();
	g_autofree char *list = NULL;

	for (char **name = vm->near; name && *name; name++) {
		unsigned node = near_node_of(host, subject, *name, findings);

		if (node == HOST_NONE)
			return;
		hwloc_bitmap_set(nodes, host_node(host, node)->id);
	}
	if (hwloc_bitmap_weight(nodes) == 1)
		vm->node = hwloc_bitmap_first(nodes);
	if (hwloc_bitmap_weight(nodes) < 2)
		return;
	list = cpulist_format(nodes);
	findings_add(findings, SEVERITY_ERROR, "vm.devices-apart", subject,
		     "name the devices of one NUMA node",
		     "its devices are on nodes %s, and a VM can be near those of one: it may be "
		     "placed on any",
		     list);
}

/* By node: how many cores, of one width, VM could have if no other VM were there. */
static unsigned *near_cores(const Plan *plan, const VmSpec *vm, unsigned *threads)
{
	unsigned *cores = g_new0(unsigned, plan->host->nodes->len);

	*threads = 0;
	for (unsigned i = 0; i < plan->host->cores->len; i++) {
		const Core *core = host_core(plan->host, i);

		if (!rooms_core_of_vms(plan, i) || !allowed_core(plan->host, vm, core))
			continue;
		*threads = *threads ? *threads : core->n_cpus;
		cores[core->node] += core->n_cpus == *threads;
	}
	return cores;
}

/* Do the nodes that VM may have hold it, were there no other: one of them, or all, in shares that
 * differ by a core at most? */
static bool near_holds(const Plan *plan, const VmSpec *vm)
{
	unsigned threads, need, n = 0, small = 0, wide = 0, each;
	g_autofree unsigned *cores = near_cores(plan, vm, &threads);
	uint64_t memory = UINT64_MAX;

	if (!threads)
		return false;
	need = place_cores(vm, threads);
	for (unsigned i = 0; i < plan->host->nodes->len; i++) {
		if (cores[i] >= need && plan_node_room(plan, i) >= place_memory(vm))
			return true;
		n += cores[i] > 0;
		memory = cores[i] ? MIN(memory, plan_node_room(plan, i)) : memory;
	}
	each = need / n;
	for (unsigned i = 0; i < plan->host->nodes->len; i++) {
		small += cores[i] && cores[i] < each;
		wide += cores[i] > each;
	}
	each += need % n > 0;
	return need >= n && !small && wide >= need % n &&
	       memory >= place_share_memory(vm, MIN(vm->vcpus, vm->threads == THREADS_ISOLATE
								       ? each
								       : each * threads));
}

/* How many nodes are all that have cores, and the one of that ID, which may have none. */
static unsigned near_most(const Host *host, unsigned id)
{
	unsigned n = 0;

	for (unsigned i = 0; i < host->nodes->len; i++)
		n += host_node(host, i)->id == id || !hwloc_bitmap_iszero(host_node(host, i)->cpus);
	return n;
}

void near_widen(const Plan *plan, VmSpec *vm)
{
	unsigned most = near_most(plan->host, (unsigned)vm->node);

	if (!vm->near || vm->node < 0 || vm->policy != POLICY_DEDICATED || most < 2 ||
	    near_holds(plan, vm))
		return;
	vm->near_node = vm->node;
	vm->node = -1;
	for (vm->nodes = 2; vm->nodes < most && !near_holds(plan, vm);)
		vm->nodes++;
}

char *near_settle(const Host *host, VmSpec *vm)
{
	g_autoptr(GPtrArray) findings = findings_new();

	near_take_node(host, vm, findings);
	if (!findings_has(findings, SEVERITY_ERROR))
		return NULL;
	findings_sort(findings);
	return g_strdup(((const Finding *)g_ptr_array_index(findings, 0))->text);
}
