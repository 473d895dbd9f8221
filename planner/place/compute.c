/* SPDX-License-Identifier: MIT */
/* From an inventory and a host to a whole plan. */
#include "planner/base/subject.h"
#include "planner/cpupm/partner.h"
#include "planner/inventory/settings.h"
#include "planner/place/guest.h"
#include "planner/place/machine.h"
#include "planner/place/place.h"

/* Where helpers run */

/* Where threads of a VM without CPUs of their own run: the host's CPUs on the VM's nodes, or all of
 * the host's. */
static CpuSet host_cpus_of(const Plan *plan, const PlanVm *vm)
{
	CpuSet cpus = hwloc_bitmap_alloc();

	for (unsigned i = 0; i < vm->shares->len; i++) {
		unsigned node = g_array_index(vm->shares, VmShare, i).node;

		hwloc_bitmap_or(cpus, cpus, host_node(plan->host, node)->cpus);
	}
	hwloc_bitmap_and(cpus, cpus, plan->cpus[ROLE_HOST]);
	if (hwloc_bitmap_iszero(cpus))
		hwloc_bitmap_copy(cpus, plan->cpus[ROLE_HOST]);
	return cpus;
}

/* The guest would take two NUMA nodes for one socket: then it does not get what is asked for. */
static void sockets_check(const Plan *plan, const PlanVm *vm)
{
	g_autofree char *subject = subject_vm(vm->spec->name);

	if (vm->spec->sockets && vm->sockets != vm->spec->sockets)
		findings_add(plan->findings, SEVERITY_WARNING, "vm.sockets-cross", subject,
			     "ask for as many sockets as it has NUMA nodes, or place it in one",
			     "with %u sockets one would be on two NUMA nodes: the guest sees %u",
			     vm->spec->sockets, vm->sockets);
}

static void finish_vms(Plan *plan)
{
	for (unsigned i = 0; i < plan->vms->len; i++) {
		PlanVm *vm = g_ptr_array_index(plan->vms, i);
		g_auto(CpuSet) others = NULL;

		if (!vm->placed)
			continue;
		guest_shape(plan, vm);
		sockets_check(plan, vm);
		others = host_cpus_of(plan, vm);
		plan_vm_put_helpers(vm, others);
	}
}

/* cpu-pm */

static void vcpu_sets(const PlanVm *vm, GPtrArray *sets)
{
	for (unsigned v = 0; v < vm->spec->vcpus && vm->placed; v++)
		g_ptr_array_add(sets, plan_vm_vcpu_cpus(vm, v));
}

static void threads_clear(gpointer data)
{
	g_ptr_array_unref(((CpupmThreads *)data)->vcpus);
	hwloc_bitmap_free((hwloc_bitmap_t)((CpupmThreads *)data)->emulator);
}

static GArray *plan_threads(const Plan *plan)
{
	GArray *all = g_array_new(FALSE, FALSE, sizeof(CpupmThreads));

	g_array_set_clear_func(all, threads_clear);
	for (unsigned i = 0; i < plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);
		CpupmThreads threads = {
			.vcpus = g_ptr_array_new_with_free_func((GDestroyNotify)hwloc_bitmap_free),
			.emulator = plan_vm_helper_cpus(vm)};

		vcpu_sets(vm, threads.vcpus);
		g_array_append_val(all, threads);
	}
	return all;
}

static Cpupm *not_placed(const VmSpec *spec)
{
	Cpupm *cpupm = spec->cpu_pm ? cpupm_new(CPUPM_UNKNOWN) : cpupm_off();

	if (spec->cpu_pm)
		cpupm_add_reason(cpupm, "not-placed", "the VM is unplaced");
	return cpupm;
}

GPtrArray *plan_cpupm(const Plan *plan, Tristate disable_exits, Tristate nested)
{
	GPtrArray *verdicts = g_ptr_array_new();
	g_autoptr(GArray) threads = plan_threads(plan);
	CpupmNode node = {
		.host = plan->host,
		.host_cpus = plan->cpus[ROLE_HOST],
		.sdk_cpus = plan->cpus[ROLE_SDK],
		.isolated = plan->isolated,
		.threads = threads,
		.kernel = plan->node->kernel,
		.qemu = plan->node->qemu,
		.mwait = plan->node->mwait,
		.disable_exits = disable_exits,
		.nested = nested,
	};
	g_autoptr(CpupmCensus) census = cpupm_census_new(&node);

	for (unsigned i = 0; i < plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);

		g_ptr_array_add(verdicts, vm->placed ? cpupm_judge(&node, census, i, vm->spec)
						     : not_placed(vm->spec));
	}
	return verdicts;
}

static void plan_judge_cpupm(Plan *plan, const Inventory *inventory, const Node *node)
{
	g_autoptr(GPtrArray) verdicts = plan_cpupm(
		plan, node && !inventory->node->kernel ? node->disable_exits : TRISTATE_UNKNOWN,
		node ? node->nested : TRISTATE_UNKNOWN);

	for (unsigned i = 0; i < plan->vms->len; i++)
		((PlanVm *)g_ptr_array_index(plan->vms, i))->cpupm = g_ptr_array_index(verdicts, i);
}

/* Where VMs may migrate to */

static void plan_partner_found(void *data, const NodeSpec *partner, const char *vms,
			       const char *why, bool unknown)
{
	GPtrArray *findings = data;
	g_autofree char *subject = g_strconcat("partner ", partner->name, NULL);

	if (unknown)
		findings_add_unknown(findings, SEVERITY_WARNING, "cpu-pm.lost-on-migration",
				     subject, "set it in the inventory",
				     "cannot tell whether cpu-pm of %s survives on %s: %s", vms,
				     partner->name, why);
	else
		findings_add(findings, SEVERITY_WARNING, "cpu-pm.lost-on-migration", subject,
			     "give these VMs cpu-pm = off, or keep them from migrating there",
			     "cpu-pm of %s would not survive on %s: %s", vms, partner->name, why);
}

static void judge_partners(Plan *plan, const Inventory *inventory)
{
	g_autoptr(GPtrArray) vms = g_ptr_array_new();

	for (unsigned i = 0; i < inventory->partners->len; i++)
		g_ptr_array_add(plan->partners,
				partner_copy(g_ptr_array_index(inventory->partners, i)));
	for (unsigned i = 0; i < plan->vms->len; i++) {
		PlanVm *vm = g_ptr_array_index(plan->vms, i);

		if (vm->placed && vm->cpupm->verdict == CPUPM_ON)
			g_ptr_array_add(vms, vm->spec);
	}
	partners_judge(plan->partners, plan->host, vms, plan_partner_found, plan->findings);
}

/* vCPUs that a dedicated VM may grow by have no CPUs in the plan. */
static void growth_check(const Plan *plan, const PlanVm *vm)
{
	unsigned more = guest_maximum(vm->spec) - vm->spec->vcpus;
	g_autofree char *subject = subject_vm(vm->spec->name), *list = NULL;
	bool polls = vm->cpupm->verdict == CPUPM_ON;

	if (!vm->placed || vm->spec->policy != POLICY_DEDICATED || !more)
		return;
	list = cpulist_format(vm->cpuset ? vm->cpuset : vm->emulatorpin);
	findings_add(plan->findings, SEVERITY_WARNING, "vm.growth-unplanned", subject,
		     polls ? "leave maximum out, or set cpu-pm = off; or pin each vCPU when it is "
			     "plugged in ('virsh vcpupin --live')"
			   : "leave maximum out, or pin each vCPU when it is plugged in ('virsh "
			     "vcpupin --live')",
		     "no CPUs are planned for %u vCPU%s that may be plugged in: without a pin %s "
		     "on CPUs %s%s",
		     more, more == 1 ? "" : "s", more == 1 ? "it runs" : "they run", list,
		     polls ? "; cpu-pm keeps those CPUs busy all the time" : "");
}

/* Findings about the host as a whole */

/* One host core on each of many small nodes is half of the machine, or more. */
static void host_share_check(Plan *plan)
{
	unsigned nodes = 0, taken = 0;

	for (unsigned i = 0; i < plan->host->nodes->len; i++)
		nodes += !hwloc_bitmap_iszero(host_node(plan->host, i)->cpus);
	for (unsigned i = 0; i < plan->roles->len; i++)
		taken += g_array_index(plan->roles, Role, i) == ROLE_HOST;
	if (nodes > 1 && taken == nodes && taken * 2 >= plan->roles->len)
		findings_add(plan->findings, SEVERITY_INFO, "split.host-share", "[host]",
			     "list [host] cpus to keep fewer",
			     "the host keeps %u of %u cores: one on each NUMA node", taken,
			     plan->roles->len);
}

/* Cores that the topology puts in no node. */
static void homeless_check(Plan *plan)
{
	g_auto(CpuSet) cpus = hwloc_bitmap_alloc(), nodes = hwloc_bitmap_alloc();
	g_autofree char *list = NULL, *numbers = NULL;

	for (unsigned i = 0; i < plan->host->nodes->len; i++) {
		const NumaNode *node = host_node(plan->host, i);

		if (!node->assumed)
			continue;
		hwloc_bitmap_or(cpus, cpus, node->cpus);
		hwloc_bitmap_set(nodes, node->id);
	}
	list = cpulist_format(cpus);
	numbers = cpulist_format(nodes);
	if (*list)
		findings_add(plan->findings, SEVERITY_INFO, "topology.no-node", "topology",
			     "nothing, if these cores have no memory of their own",
			     "the topology puts CPUs %s in no NUMA node: they are planned as nodes "
			     "without memory, with the free numbers %s",
			     list, numbers);
}

static void host_findings(Plan *plan)
{
	CpuSet hidden = hwloc_bitmap_alloc();
	g_autofree char *list = NULL;

	hwloc_bitmap_andnot(hidden, plan->host->online, plan->host->allowed);
	list = cpulist_format(hidden);
	if (!hwloc_bitmap_iszero(hidden))
		findings_add(plan->findings, SEVERITY_INFO, "topology.disallowed", "topology",
			     "nothing, if the VMs' cgroups allow them",
			     "CPUs %s are outside the cgroup in which this topology was read",
			     list);
	hwloc_bitmap_free(hidden);
	if (plan->host->n_kinds > 1)
		findings_add(plan->findings, SEVERITY_INFO, "topology.hybrid", "topology",
			     "nothing: no VM mixes them",
			     "the host has CPUs of %u kinds, of different speed",
			     plan->host->n_kinds);
	homeless_check(plan);
}

/* Assembly */

Plan *plan_compute(const Host *host, const Inventory *inventory, const Node *node,
		   const PlanOptions *options)
{
	Plan *plan = plan_begin(host, inventory);
	KernelWishes wishes = inventory_kernel(inventory);

	if (node)
		settings_tell(node_settings, node, plan->node);
	plan->prefer = options->prefer;
	place_vms(plan, inventory, options);
	plan_fill_cpus(plan);
	finish_vms(plan);
	plan->parameters = kernel_parameters(&wishes, plan->node->kernel, plan->isolated,
					     plan->cpus[ROLE_HOST], plan->findings);
	plan->cmdline = kernel_line(plan->parameters);
	kernel_line_check(plan->cmdline, plan->findings);
	plan_judge_cpupm(plan, inventory, node);
	for (unsigned i = 0; i < plan->vms->len; i++)
		growth_check(plan, g_ptr_array_index(plan->vms, i));
	judge_partners(plan, inventory);
	host_findings(plan);
	if (inventory->host.by != SPLIT_CPUS)
		host_share_check(plan);
	machine_check(plan);
	findings_sort(plan->findings);
	return plan;
}
