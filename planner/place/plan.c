/* SPDX-License-Identifier: MIT */
#include "planner/place/plan.h"
#include "planner/base/subject.h"
#include "planner/cpupm/partner.h"
#include "planner/place/place.h"
#include "planner/place/split.h"

#include <string.h>

/* Life */

static void plan_vm_free(PlanVm *vm)
{
	vm_spec_free(vm->spec);
	g_array_unref(vm->vcpupin);
	hwloc_bitmap_free(vm->cpuset);
	hwloc_bitmap_free(vm->emulatorpin);
	g_array_unref(vm->shares);
	g_clear_pointer(&vm->cpupm, cpupm_free);
	g_free(vm);
}

PlanVm *plan_vm_new(VmSpec *spec)
{
	PlanVm *vm = g_new0(PlanVm, 1);

	vm->spec = spec;
	vm->vcpupin = g_array_new(FALSE, FALSE, sizeof(unsigned));
	vm->shares = g_array_new(FALSE, TRUE, sizeof(VmShare));
	return vm;
}

Plan *plan_new(const Host *host)
{
	Plan *plan = g_new0(Plan, 1);

	plan->host = host;
	plan->vms = g_ptr_array_new_with_free_func((GDestroyNotify)plan_vm_free);
	plan->partners = g_ptr_array_new_with_free_func((GDestroyNotify)partner_free);
	plan->findings = findings_new();
	plan->why_nots = g_ptr_array_new_with_free_func((GDestroyNotify)why_not_free);
	plan->moves = g_ptr_array_new_with_free_func((GDestroyNotify)move_free);
	plan->isolated = hwloc_bitmap_alloc();
	for (unsigned role = 0; role < ROLE_COUNT; role++)
		plan->cpus[role] = hwloc_bitmap_alloc();
	return plan;
}

void plan_free(Plan *plan)
{
	g_free(plan->name);
	g_free(plan->kernel);
	g_free(plan->qemu);
	g_free(plan->libvirt);
	g_clear_pointer(&plan->roles, g_array_unref);
	for (unsigned role = 0; role < ROLE_COUNT; role++)
		hwloc_bitmap_free(plan->cpus[role]);
	hwloc_bitmap_free(plan->isolated);
	g_clear_pointer(&plan->parameters, g_ptr_array_unref);
	g_free(plan->cmdline);
	g_ptr_array_unref(plan->partners);
	g_ptr_array_unref(plan->why_nots);
	g_ptr_array_unref(plan->moves);
	g_ptr_array_unref(plan->vms);
	g_ptr_array_unref(plan->findings);
	g_free(plan);
}

void change_free(Change *change)
{
	hwloc_bitmap_free(change->cpus);
	g_free(change->vm);
	if (change->with)
		change_free(change->with);
	g_free(change);
}

void why_not_free(WhyNot *why_not)
{
	g_ptr_array_unref(why_not->changes);
	g_free(why_not);
}

void move_free(Move *move)
{
	g_array_unref(move->from);
	g_free(move);
}

/* Questions */

bool plan_bad(const Plan *plan)
{
	return plan->placed < plan->wanted || findings_has(plan->findings, SEVERITY_ERROR);
}

const PlanVm *plan_vm(const Plan *plan, const char *name)
{
	for (unsigned i = 0; i < plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);

		if (!strcmp(vm->spec->name, name))
			return vm;
	}
	return NULL;
}

unsigned plan_cpu_vm(const Plan *plan, unsigned cpu)
{
	for (unsigned i = 0; i < plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);

		for (unsigned v = 0; v < vm->vcpupin->len; v++)
			if (g_array_index(vm->vcpupin, unsigned, v) == cpu)
				return i;
	}
	return HOST_NONE;
}

char *plan_vm_places(const PlanVm *vm)
{
	GString *text;

	if (vm->cpuset)
		return cpulist_format(vm->cpuset);
	text = g_string_new(NULL);
	for (unsigned v = 0; v < vm->vcpupin->len; v++)
		g_string_append_printf(text, "%s%u", v ? "," : "",
				       g_array_index(vm->vcpupin, unsigned, v));
	return g_string_free(text, FALSE);
}

uint64_t plan_node_room(const Plan *plan, unsigned node)
{
	uint64_t memory = host_node(plan->host, node)->memory;

	if (!memory)
		return UINT64_MAX;
	return memory > plan->host_memory ? memory - plan->host_memory : 0;
}

uint64_t plan_vm_memory(const PlanVm *vm)
{
	uint64_t memory = 0, page = place_page(vm->spec);

	for (unsigned i = 0; i < vm->shares->len; i++)
		memory += g_array_index(vm->shares, VmShare, i).memory;
	return vm->shares->len ? memory : (vm->spec->memory + page - 1) / page * page;
}

/* Roles as CPU sets */

void plan_fill_cpus(Plan *plan)
{
	static const Role isolated[] = {ROLE_SDK, ROLE_DEDICATED, ROLE_FREE, ROLE_STRANDED};

	for (unsigned i = 0; i < plan->host->cores->len; i++) {
		const Core *core = host_core(plan->host, i);
		Role role = g_array_index(plan->roles, Role, i);

		for (unsigned t = 0; t < core->n_cpus; t++)
			hwloc_bitmap_set(plan->cpus[role], core->cpu[t]);
	}
	hwloc_bitmap_copy(plan->cpus[ROLE_OFFLINE], plan->host->offline);
	for (unsigned i = 0; i < G_N_ELEMENTS(isolated); i++)
		hwloc_bitmap_or(plan->isolated, plan->isolated, plan->cpus[isolated[i]]);
}

/* Guest topology */

/* Do vCPUs FIRST … FIRST+N-1 share one core? */
static bool on_one_core(const Plan *plan, const PlanVm *vm, unsigned first, unsigned n)
{
	unsigned core = host_core_of(plan->host, g_array_index(vm->vcpupin, unsigned, first));

	for (unsigned v = first + 1; v < first + n; v++)
		if (host_core_of(plan->host, g_array_index(vm->vcpupin, unsigned, v)) != core)
			return false;
	return true;
}

static bool threads_true(const Plan *plan, const PlanVm *vm, unsigned threads)
{
	for (unsigned v = 0; v < vm->vcpupin->len; v += threads)
		if (!on_one_core(plan, vm, v, threads))
			return false;
	return true;
}

/* The most threads a core that is true: the guest may believe its siblings share a core. */
static unsigned guest_threads(const Plan *plan, const PlanVm *vm, unsigned per_socket)
{
	for (unsigned threads = MIN(per_socket, HOST_MAX_THREADS); threads > 1; threads--)
		if (per_socket % threads == 0 && threads_true(plan, vm, threads))
			return threads;
	return 1;
}

bool plan_vm_cores_true(const Plan *plan, const PlanVm *vm)
{
	return vm->threads < 2 || threads_true(plan, vm, vm->threads);
}

static unsigned vcpu_node(const Plan *plan, const PlanVm *vm, unsigned v)
{
	unsigned cpu = g_array_index(vm->vcpupin, unsigned, v);

	return host_core(plan->host, host_core_of(plan->host, cpu))->node;
}

/* Of SOCKETS of as many vCPUs each, is none on two nodes? */
static bool sockets_true(const Plan *plan, const PlanVm *vm, unsigned sockets)
{
	unsigned each = vm->spec->vcpus / sockets;

	for (unsigned v = 0; v < vm->vcpupin->len; v++)
		if (vcpu_node(plan, vm, v) != vcpu_node(plan, vm, v - v % each))
			return false;
	return true;
}

bool plan_vm_sockets_true(const Plan *plan, const PlanVm *vm)
{
	return vm->sockets < 2 || sockets_true(plan, vm, vm->sockets);
}

/* Sockets follow the NUMA nodes where the shares are equal and their vCPUs stand together. */
static unsigned guest_sockets(const Plan *plan, const PlanVm *vm)
{
	unsigned sockets = vm->shares->len;

	if (sockets < 2 || vm->spec->vcpus % sockets)
		return 1;
	return sockets_true(plan, vm, sockets) ? sockets : 1;
}

static void plan_guest_topology(const Plan *plan, PlanVm *vm)
{
	unsigned per_socket;

	vm->sockets = guest_sockets(plan, vm);
	per_socket = vm->spec->vcpus / vm->sockets;
	vm->threads = vm->vcpupin->len ? guest_threads(plan, vm, per_socket) : 1;
	vm->cores = per_socket / vm->threads;
}

/* Emulator and I/O threads: the host's CPUs on the VM's nodes, or all of the host's. */
static CpuSet emulator_cpus(const Plan *plan, const PlanVm *vm)
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

/* cpu-pm */

static void vcpu_sets(const PlanVm *vm, GPtrArray *sets)
{
	for (unsigned v = 0; v < vm->spec->vcpus && vm->placed; v++) {
		CpuSet set = hwloc_bitmap_alloc();

		if (vm->cpuset)
			hwloc_bitmap_copy(set, vm->cpuset);
		else
			hwloc_bitmap_set(set, g_array_index(vm->vcpupin, unsigned, v));
		g_ptr_array_add(sets, set);
	}
}

static void threads_clear(gpointer data)
{
	g_ptr_array_unref(((CpupmThreads *)data)->vcpus);
}

static GArray *plan_threads(const Plan *plan)
{
	GArray *all = g_array_new(FALSE, FALSE, sizeof(CpupmThreads));

	g_array_set_clear_func(all, threads_clear);
	for (unsigned i = 0; i < plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);
		CpupmThreads threads = {
			.vcpus = g_ptr_array_new_with_free_func((GDestroyNotify)hwloc_bitmap_free),
			.emulator = vm->emulatorpin};

		vcpu_sets(vm, threads.vcpus);
		g_array_append_val(all, threads);
	}
	return all;
}

static Cpupm *not_placed(const VmSpec *spec)
{
	Cpupm *cpupm = spec->cpu_pm ? cpupm_new(CPUPM_UNKNOWN) : cpupm_off();

	if (spec->cpu_pm)
		cpupm_add_reason(cpupm, "not-placed", "the VM is not placed");
	return cpupm;
}

static Tristate plan_mwait_of(const Inventory *inventory, const Node *node)
{
	if (inventory->mwait != TRISTATE_UNKNOWN || !node)
		return inventory->mwait;
	return node->mwait;
}

GPtrArray *plan_cpupm(const Plan *plan, Tristate disable_exits, Tristate nested)
{
	GPtrArray *verdicts = g_ptr_array_new();
	g_autoptr(GArray) threads = plan_threads(plan);
	CpupmGround ground = {
		.host = plan->host,
		.host_cpus = plan->cpus[ROLE_HOST],
		.sdk_cpus = plan->cpus[ROLE_SDK],
		.isolated = plan->isolated,
		.threads = threads,
		.kernel = plan->kernel,
		.qemu = plan->qemu,
		.mwait = plan->mwait,
		.disable_exits = disable_exits,
		.nested = nested,
	};
	g_autoptr(CpupmCensus) census = cpupm_census_new(&ground);

	for (unsigned i = 0; i < plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);

		g_ptr_array_add(verdicts, vm->placed ? cpupm_judge(&ground, census, i, vm->spec)
						     : not_placed(vm->spec));
	}
	return verdicts;
}

static void plan_judge_cpupm(Plan *plan, const Inventory *inventory, const Node *node)
{
	g_autoptr(GPtrArray) verdicts = plan_cpupm(
		plan, node && !inventory->kernel ? node->disable_exits : TRISTATE_UNKNOWN,
		node ? node->nested : TRISTATE_UNKNOWN);

	for (unsigned i = 0; i < plan->vms->len; i++)
		((PlanVm *)g_ptr_array_index(plan->vms, i))->cpupm = g_ptr_array_index(verdicts, i);
}

/* Where VMs may migrate to */

static void plan_partner_found(void *data, const Partner *partner, const char *vms, const char *why,
			       bool unknown)
{
	GPtrArray *findings = data;
	g_autofree char *subject = g_strconcat("partner ", partner->name, NULL);

	if (unknown)
		findings_add_unknown(findings, SEVERITY_WARNING, "cpu-pm.lost-on-migration",
				     subject, "say it in the inventory",
				     "whether cpu-pm of %s survives on %s cannot be told: %s", vms,
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

/* Findings about the host as a whole */

static void host_findings(Plan *plan)
{
	CpuSet hidden = hwloc_bitmap_alloc();
	g_autofree char *list = NULL;

	hwloc_bitmap_andnot(hidden, plan->host->online, plan->host->allowed);
	list = cpulist_format(hidden);
	if (!hwloc_bitmap_iszero(hidden))
		findings_add(plan->findings, SEVERITY_INFO, "topology.disallowed", "topology",
			     "none is needed if the VMs' cgroups allow them",
			     "CPUs %s are outside the cgroup this topology was read in", list);
	hwloc_bitmap_free(hidden);
	if (plan->host->n_kinds > 1)
		findings_add(plan->findings, SEVERITY_INFO, "topology.hybrid", "topology",
			     "none is needed: no VM mixes them",
			     "the host has CPUs of %u kinds, of different speed",
			     plan->host->n_kinds);
}

/* Assembly */

static char *plan_version_of(const char *inventory, const char *node)
{
	return g_strdup(inventory ? inventory : node);
}

static void name_node(Plan *plan, const Inventory *inventory, const Node *node)
{
	plan->name = plan_version_of(inventory->name, node ? node->name : NULL);
	plan->kernel = plan_version_of(inventory->kernel, node ? node->kernel : NULL);
	plan->qemu = plan_version_of(inventory->qemu, node ? node->qemu : NULL);
	plan->libvirt = plan_version_of(inventory->libvirt, node ? node->libvirt : NULL);
}

static void add_vms(Plan *plan, const Inventory *inventory)
{
	for (unsigned i = 0; i < inventory->vms->len; i++) {
		const VmSpec *spec = g_ptr_array_index(inventory->vms, i);

		g_ptr_array_add(plan->vms, plan_vm_new(vm_spec_copy(spec, spec->name)));
	}
}

static void finish_vms(Plan *plan)
{
	for (unsigned i = 0; i < plan->vms->len; i++) {
		PlanVm *vm = g_ptr_array_index(plan->vms, i);

		if (!vm->placed)
			continue;
		plan_guest_topology(plan, vm);
		vm->emulatorpin = emulator_cpus(plan, vm);
	}
}

Plan *plan_begin(const Host *host, const Inventory *inventory)
{
	Plan *plan = plan_new(host);

	plan->roles = split_compute(host, inventory, plan->findings);
	add_vms(plan, inventory);
	return plan;
}

Plan *plan_compute(const Host *host, const Inventory *inventory, const Node *node,
		   const PlanOptions *options)
{
	Plan *plan = plan_begin(host, inventory);

	name_node(plan, inventory, node);
	plan->mwait = plan_mwait_of(inventory, node);
	plan->host_memory = inventory->host_memory;
	plan->prefer = options->prefer;
	place_vms(plan, inventory, options);
	plan_fill_cpus(plan);
	finish_vms(plan);
	plan->parameters = kernel_parameters(inventory, plan->kernel, plan->isolated,
					     plan->cpus[ROLE_HOST], plan->findings);
	plan->cmdline = kernel_line(plan->parameters);
	kernel_line_check(plan->cmdline, plan->findings);
	plan_judge_cpupm(plan, inventory, node);
	judge_partners(plan, inventory);
	host_findings(plan);
	findings_sort(plan->findings);
	return plan;
}
