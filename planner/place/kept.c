/* SPDX-License-Identifier: MIT */
/* VMs with cpus =: kept exactly, never moved, and judged: each finding names both sides. */
#include "planner/base/subject.h"
#include "planner/place/allowed.h"
#include "planner/place/memory_node.h"
#include "planner/place/place.h"

typedef struct Kept {
	Placer *placer;
	PlanVm *vm;
	unsigned index;
	char *subject; /* "vm vm9" */
} Kept;

G_GNUC_PRINTF(5, 6)
static void kept_report(const Kept *kept, Severity severity, const char *id, const char *fix,
			const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	findings_add(kept->placer->plan->findings, severity, id, kept->subject, fix, "%s", text);
}

static void set_release(gpointer set)
{
	hwloc_bitmap_free(set);
}

static const Core *core_of(const Kept *kept, unsigned cpu)
{
	return host_core(kept->placer->host, host_core_of(kept->placer->host, cpu));
}

/* CPUS of the VM that cannot run anything: it cannot be placed. */
static void kept_unusable(const Kept *kept, hwloc_const_bitmap_t cpus, bool offline)
{
	g_autofree char *all = cpulist_format(kept->placer->host->online);
	g_autofree char *list = cpulist_format(cpus);
	bool one = hwloc_bitmap_weight(cpus) == 1;

	if (hwloc_bitmap_iszero(cpus))
		return;
	if (offline)
		kept_report(kept, SEVERITY_ERROR, "vm.cpu-offline",
			    one ? "bring the CPU online or give another"
				: "bring the CPUs online or give others",
			    "its cpus name CPU%s %s, which %s offline; online are %s",
			    one ? "" : "s", list, one ? "is" : "are", all);
	else
		kept_report(kept, SEVERITY_ERROR, "vm.cpu-absent",
			    one ? "give a CPU that the host has" : "give CPUs that the host has",
			    "its cpus name CPU%s %s, which this host does not have; it has %s",
			    one ? "" : "s", list, all);
}

static bool cpus_usable(const Kept *kept)
{
	const GArray *cpus = kept->vm->spec->cpus;
	const Host *host = kept->placer->host;
	g_auto(CpuSet) offline = hwloc_bitmap_alloc(), absent = hwloc_bitmap_alloc();

	for (unsigned v = 0; v < cpus->len; v++) {
		unsigned cpu = g_array_index(cpus, unsigned, v);

		if (host_core_of(host, cpu) == HOST_NONE)
			hwloc_bitmap_set(host_has_cpu(host, cpu) ? offline : absent, cpu);
	}
	kept_unusable(kept, offline, true);
	kept_unusable(kept, absent, false);
	return hwloc_bitmap_iszero(offline) && hwloc_bitmap_iszero(absent);
}

/* CPUs of WHAT of the VM that belong to ROLE: it keeps them, and the VM's pins stay too. */
static void on_role(const Kept *kept, const char *what, hwloc_const_bitmap_t cpus, Role role)
{
	static const char *const ids[ROLE_COUNT] = {[ROLE_HOST] = "vm.on-host",
						    [ROLE_SDK] = "vm.on-sdk",
						    [ROLE_SHARED] = "vm.on-shared"};
	const Core *boot = host_core(kept->placer->host, 0);
	g_autofree char *list = cpulist_format(cpus), *siblings = siblings_name(boot);
	bool one = hwloc_bitmap_weight(cpus) == 1;
	g_autofree char *fix = NULL;

	for (unsigned t = 0; t < boot->n_cpus; t++)
		if (!fix && hwloc_bitmap_isset(cpus, boot->cpu[t]))
			fix = g_strdup_printf("give the VM CPUs that are left for VMs: the boot "
					      "CPU's core (%s) is always the host's",
					      siblings);
	kept_report(kept, SEVERITY_ERROR, ids[role],
		    fix ? fix : "give the VM CPUs that are left for VMs",
		    "its %s%s pinned to CPU%s %s, which belong%s to [%s]", what,
		    one ? " is" : "s are", one ? "" : "s", list, one ? "s" : "", role_names[role]);
}

/* Of the CPUs from FIRST to before END, all of one role in one finding. */
static void on_roles(const Kept *kept, const char *what, unsigned first, unsigned end)
{
	static const Role roles[] = {ROLE_HOST, ROLE_SDK, ROLE_SHARED};
	const VmSpec *spec = kept->vm->spec;

	for (unsigned r = 0; r < G_N_ELEMENTS(roles); r++) {
		g_auto(CpuSet) cpus = hwloc_bitmap_alloc();

		for (unsigned v = first; v < end; v++) {
			unsigned cpu = g_array_index(spec->cpus, unsigned, v);
			unsigned core = host_core_of(kept->placer->host, cpu);

			if (core != HOST_NONE &&
			    g_array_index(kept->placer->plan->roles, Role, core) == roles[r])
				hwloc_bitmap_set(cpus, cpu);
		}
		if (!hwloc_bitmap_iszero(cpus))
			on_role(kept, what, cpus, roles[r]);
	}
}

static bool kept_has_cpu(const VmSpec *spec, unsigned cpu)
{
	for (unsigned v = 0; v < spec->cpus->len; v++)
		if (g_array_index(spec->cpus, unsigned, v) == cpu)
			return true;
	return false;
}

/* What has another role on_roles() tells of. */
static bool is_vms(const Kept *kept, unsigned core)
{
	return role_of_vms(g_array_index(kept->placer->plan->roles, Role, core));
}

static void kept_take(const Kept *kept, unsigned core)
{
	unsigned *owner = &kept->placer->owner[core];

	if (!is_vms(kept, core) || *owner != HOST_NONE)
		return;
	*owner = kept->index;
	g_array_index(kept->placer->plan->roles, Role, core) = ROLE_DEDICATED;
}

/* CPUS of the VM are of cores that OTHER has. */
static void shared_with(const Kept *kept, const PlanVm *other, hwloc_const_bitmap_t cpus)
{
	g_auto(CpuSet) same = hwloc_bitmap_alloc(), beside = hwloc_bitmap_alloc();
	g_autofree char *both = NULL, *list = NULL, *siblings = NULL;
	bool one;
	unsigned cpu;

	hwloc_bitmap_foreach_begin(cpu, cpus)
		hwloc_bitmap_set(kept_has_cpu(other->spec, cpu) ? same : beside, cpu);
	hwloc_bitmap_foreach_end();
	one = hwloc_bitmap_weight(same) == 1;
	both = cpulist_format(same);
	if (*both)
		kept_report(kept, SEVERITY_ERROR, "vm.cpu-shared",
			    one ? "give one of the two other CPUs" : "give one of them other CPUs",
			    "%s is pinned to CPU%s %s as well", other->spec->name, one ? "" : "s",
			    both);
	one = hwloc_bitmap_weight(beside) == 1;
	list = cpulist_format(beside);
	siblings = one ? siblings_name(core_of(kept, (unsigned)hwloc_bitmap_first(beside))) : NULL;
	if (one)
		kept_report(kept, SEVERITY_ERROR, "vm.core-shared", "give each VM whole cores",
			    "it is pinned to CPU %s, but %s has CPUs of the same core (%s)", list,
			    other->spec->name, siblings);
	else if (*list)
		kept_report(kept, SEVERITY_ERROR, "vm.core-shared", "give each VM whole cores",
			    "it is pinned to CPUs %s, but %s has CPUs of the same cores", list,
			    other->spec->name);
}

/* Take the cores of its CPUs; those that another VM has are told of, once for each VM. */
static void cores_take(const Kept *kept)
{
	const GArray *cpus = kept->vm->spec->cpus;
	g_autoptr(GHashTable) taken = g_hash_table_new_full(NULL, NULL, NULL, set_release);
	g_auto(CpuSet) others = hwloc_bitmap_alloc();
	unsigned other;

	for (unsigned v = 0; v < cpus->len; v++) {
		unsigned cpu = g_array_index(cpus, unsigned, v);
		unsigned core = host_core_of(kept->placer->host, cpu);
		unsigned owner;
		hwloc_bitmap_t set;

		if (core == HOST_NONE || !is_vms(kept, core))
			continue;
		kept_take(kept, core);
		owner = kept->placer->owner[core];
		if (owner == kept->index)
			continue;
		set = g_hash_table_lookup(taken, GUINT_TO_POINTER(owner));
		if (!set) {
			set = hwloc_bitmap_alloc();
			g_hash_table_insert(taken, GUINT_TO_POINTER(owner), set);
			hwloc_bitmap_set(others, owner);
		}
		hwloc_bitmap_set(set, cpu);
	}
	hwloc_bitmap_foreach_begin(other, others)
		shared_with(kept, g_ptr_array_index(kept->placer->plan->vms, other),
			    g_hash_table_lookup(taken, GUINT_TO_POINTER(other)));
	hwloc_bitmap_foreach_end();
}

static bool kept_pinned_by_any(const Kept *kept, unsigned cpu)
{
	for (unsigned i = 0; i < kept->placer->plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(kept->placer->plan->vms, i);

		if (vm->spec->cpus && kept_has_cpu(vm->spec, cpu))
			return true;
	}
	return false;
}

/* Threads of the VM's cores that nobody has; one core's may be left by an odd number of vCPUs.
 */
static void half_cores(const Kept *kept, hwloc_const_bitmap_t cores)
{
	const VmSpec *spec = kept->vm->spec;
	g_auto(CpuSet) idle = hwloc_bitmap_alloc();
	g_autofree char *list = NULL;
	unsigned index, halves = 0, threads = 1;

	hwloc_bitmap_foreach_begin(index, cores)
		const Core *core = host_core(kept->placer->host, index);
		Role role = g_array_index(kept->placer->plan->roles, Role, index);
		bool half = false;

		/* What is another's is not idle. */
		for (unsigned t = 0; t < core->n_cpus && role == ROLE_DEDICATED; t++)
			if (!kept_pinned_by_any(kept, core->cpu[t])) {
				half = true;
				hwloc_bitmap_set(idle, core->cpu[t]);
			}
		halves += half;
		threads = MAX(threads, core->n_cpus);
	hwloc_bitmap_foreach_end();
	list = cpulist_format(idle);
	if (halves > (vm_spec_pinned(spec) % threads ? 1u : 0u))
		kept_report(kept, SEVERITY_WARNING, "vm.half-core",
			    "list whole cores, or set threads = isolate",
			    "it takes only half of %u core%s: CPU%s %s stay%s idle beside it",
			    halves, halves == 1 ? "" : "s",
			    hwloc_bitmap_weight(idle) == 1 ? "" : "s", list,
			    hwloc_bitmap_weight(idle) == 1 ? "s" : "");
}

/* With isolate each vCPU has a core to itself. */
static void isolate_doubled(const Kept *kept, hwloc_const_bitmap_t cores)
{
	if ((unsigned)hwloc_bitmap_weight(cores) < vm_spec_pinned(kept->vm->spec))
		kept_report(kept, SEVERITY_ERROR, "vm.isolate-doubled", "list one CPU of each core",
			    "threads = isolate, but two of its vCPUs are on one core");
}

/* The cores of the VM's pins from FIRST to before END. */
static CpuSet kept_cores_of(const Kept *kept, unsigned first, unsigned end)
{
	const GArray *pins = kept->vm->pins;
	CpuSet cores = hwloc_bitmap_alloc();

	for (unsigned v = first; v < end; v++)
		hwloc_bitmap_set(
			cores, host_core_of(kept->placer->host, g_array_index(pins, unsigned, v)));
	return cores;
}

/* Helpers on the cores of its own vCPUs. */
static void helpers_check(const Kept *kept, hwloc_const_bitmap_t cores)
{
	const PlanVm *vm = kept->vm;
	g_auto(CpuSet) both = kept_cores_of(kept, plan_vm_pinned(vm), vm->pins->len);

	hwloc_bitmap_and(both, both, cores);
	if (!hwloc_bitmap_iszero(both))
		kept_report(kept, SEVERITY_WARNING, "vm.helper-beside-vcpu",
			    "list CPUs of other cores for them",
			    "its emulator or I/O threads are on %d core%s of its vCPUs",
			    hwloc_bitmap_weight(both), hwloc_bitmap_weight(both) == 1 ? "" : "s");
}

static void shape_check(const Kept *kept)
{
	g_auto(CpuSet) cores = kept_cores_of(kept, 0, plan_vm_pinned(kept->vm));

	helpers_check(kept, cores);
	if (kept->vm->spec->threads == THREADS_ISOLATE)
		isolate_doubled(kept, cores);
	else
		half_cores(kept, cores);
}

/* A socket, a die, an L3 or a kind of cores that it asks for, and does not have. */
static void cores_check(const Kept *kept)
{
	VmSpec wishes = *kept->vm->spec;
	g_auto(CpuSet) off = hwloc_bitmap_alloc();
	g_autofree char *list = NULL, *text = NULL;

	wishes.node = -1;
	for (unsigned v = 0; v < wishes.cpus->len; v++) {
		unsigned cpu = g_array_index(wishes.cpus, unsigned, v);

		if (!allowed_core(kept->placer->host, &wishes, core_of(kept, cpu)))
			hwloc_bitmap_set(off, cpu);
	}
	list = cpulist_format(off);
	text = allowed_text(&wishes);
	if (*list)
		kept_report(kept, SEVERITY_ERROR, "vm.off-socket",
			    "change cpus, or where it asks to be",
			    "it asks for %s, but its cpus %s are others", text, list);
}

/* A VM that was placed before it and that it must be apart from. */
static void apart_check(const Kept *kept)
{
	const Plan *plan = kept->placer->plan;
	const PlanVm *vm = kept->vm;

	for (unsigned v = 0; v < vm->pins->len; v++) {
		const Core *core = core_of(kept, g_array_index(vm->pins, unsigned, v));
		ApartBy by;
		const PlanVm *other = apart_neighbour(plan, vm->spec, core, &by);
		g_autofree char *place = other ? apart_place_text(plan->host, core, by) : NULL;

		if (!other)
			continue;
		kept_report(kept, SEVERITY_ERROR, "vm.not-apart", "change the cpus of one of them",
			    "it must be apart from %s, but both have cpus on %s", other->spec->name,
			    place);
		return;
	}
}

static void node_check(const Kept *kept)
{
	const VmSpec *spec = kept->vm->spec;
	const GArray *pins = kept->vm->pins;
	const Host *host = kept->placer->host;
	CpuSet nodes = hwloc_bitmap_alloc();
	g_autofree char *list = NULL;
	unsigned index;

	for (unsigned v = 0; v < pins->len; v++)
		hwloc_bitmap_set(nodes, core_of(kept, g_array_index(pins, unsigned, v))->node);
	hwloc_bitmap_foreach_begin(index, nodes)
		unsigned id = host_node(host, index)->id;

		if (spec->node >= 0 && id != (unsigned)spec->node)
			kept_report(kept, SEVERITY_ERROR, "vm.off-node", "change node or cpus",
				    "it asks for node %d, but some of its cpus are on node %u",
				    spec->node, id);
	hwloc_bitmap_foreach_end();
	cores_check(kept);
	list = cpulist_format(nodes);
	if (hwloc_bitmap_weight(nodes) > 1)
		kept_report(kept, SEVERITY_WARNING, "vm.across-nodes", "give it CPUs of one node",
			    "its cpus are on %d NUMA nodes", hwloc_bitmap_weight(nodes));
	hwloc_bitmap_free(nodes);
}

/* How near core INDEX is to AT: in its room, on its node, elsewhere. */
static unsigned helper_distance(const Host *host, unsigned index, const Core *at)
{
	const Core *core = host_core(host, index);

	return core->node != at->node ? 2 : !rooms_same(core, at);
}

/* The free core nearest to the VM's last vCPU, of those the lowest; HOST_NONE. */
static unsigned helper_core(const Kept *kept)
{
	const Host *host = kept->placer->host;
	const Core *at = core_of(
		kept, g_array_index(kept->vm->pins, unsigned, plan_vm_pinned(kept->vm) - 1));
	unsigned best = HOST_NONE;

	for (unsigned i = 0; i < host->cores->len; i++)
		if (place_core_free(kept->placer, i) && !host_core(host, i)->partial &&
		    allowed_core(host, kept->vm->spec, host_core(host, i)) &&
		    (best == HOST_NONE ||
		     helper_distance(host, i, at) < helper_distance(host, best, at)))
			best = i;
	return best;
}

/* CPUs for the helpers that the inventory names none for; false when no core is free. */
static bool helpers_take(const Kept *kept)
{
	GArray *pins = kept->vm->pins;
	unsigned wanted = vm_spec_pinned(kept->vm->spec) + vm_spec_helpers(kept->vm->spec);

	while (pins->len < wanted) {
		unsigned index = helper_core(kept);
		const Core *core;

		if (index == HOST_NONE)
			return false;
		core = host_core(kept->placer->host, index);
		kept_take(kept, index);
		g_array_append_vals(pins, core->cpu, MIN(core->n_cpus, wanted - pins->len));
	}
	return true;
}

/* Take its cores. Those of a VM that cannot be placed stay reserved: it may be running there. */
static void kept_keep(Kept *kept)
{
	const GArray *cpus = kept->vm->spec->cpus;
	unsigned vcpus = vm_spec_pinned(kept->vm->spec);
	bool usable = cpus_usable(kept);

	cores_take(kept);
	on_roles(kept, "vCPU", 0, vcpus);
	on_roles(kept, "helper", vcpus, cpus->len);
	if (usable)
		g_array_append_vals(kept->vm->pins, cpus->data, cpus->len);
}

/* The node that it asks memory of is there, and has memory alone. */
static bool memory_node_exists(const Kept *kept)
{
	const Placer *placer = kept->placer;
	const VmSpec *spec = kept->vm->spec;
	g_autofree char *lack = NULL;

	if (spec->memory_node < 0 || memory_node_of(placer->host, spec) != HOST_NONE)
		return true;
	lack = memory_node_lack(placer->host, spec, placer->only);
	kept_report(kept, SEVERITY_ERROR, "vm.node-absent",
		    "name a node of memory alone that 'planner show' lists", "%s", lack);
	return false;
}

/* When all have taken theirs: what else it needs. */
static void kept_settle(Kept *kept)
{
	if (!kept->vm->pins->len)
		return;
	if (!helpers_take(kept)) {
		kept_report(kept, SEVERITY_ERROR, "vm.does-not-fit",
			    "leave a core to it, or set emulator and iothread-cpus = host",
			    "no whole core that it may have is free for its emulator or "
			    "I/O threads");
		g_array_set_size(kept->vm->pins, 0);
		return;
	}
	if (!memory_node_exists(kept)) {
		g_array_set_size(kept->vm->pins, 0);
		return;
	}
	kept->vm->placed = true;
	shape_check(kept);
	node_check(kept);
	apart_check(kept);
	place_take_memory(kept->placer, kept->vm);
}

static int index_compare(gconstpointer a, gconstpointer b, gpointer data)
{
	const Plan *plan = data;
	const PlanVm *x = g_ptr_array_index(plan->vms, *(const unsigned *)a);
	const PlanVm *y = g_ptr_array_index(plan->vms, *(const unsigned *)b);

	return strverscmp(x->spec->name, y->spec->name);
}

/* By name, so that who is told of a clash does not depend on the order of sections. */
static GArray *kept_vms(const Placer *placer)
{
	GArray *kept = g_array_new(FALSE, FALSE, sizeof(unsigned));

	for (unsigned i = 0; i < placer->plan->vms->len; i++)
		if (((const PlanVm *)g_ptr_array_index(placer->plan->vms, i))->spec->cpus)
			g_array_append_val(kept, i);
	g_array_sort_with_data(kept, index_compare, placer->plan);
	return kept;
}

/* DO it to all of VMS, positions in the plan. */
static void kept_each(Placer *placer, const GArray *vms, void (*do_it)(Kept *kept))
{
	for (unsigned i = 0; i < vms->len; i++) {
		unsigned index = g_array_index(vms, unsigned, i);
		PlanVm *vm = g_ptr_array_index(placer->plan->vms, index);
		g_autofree char *subject = subject_vm(vm->spec->name);
		Kept kept = {placer, vm, index, subject};

		do_it(&kept);
	}
}

void place_kept(Placer *placer)
{
	g_autoptr(GArray) vms = kept_vms(placer);

	kept_each(placer, vms, kept_keep);
	kept_each(placer, vms, kept_settle);
}

bool place_movable(const Placer *placer, const PlanVm *vm)
{
	unsigned index;

	if (!vm->placed || !vm->spec->cpus || !g_ptr_array_find(placer->plan->vms, vm, &index))
		return false;
	for (unsigned v = 0; v < vm->pins->len; v++) {
		unsigned core = host_core_of(placer->host, g_array_index(vm->pins, unsigned, v));

		if (placer->owner[core] != index || host_core(placer->host, core)->partial ||
		    g_array_index(placer->plan->roles, Role, core) != ROLE_DEDICATED)
			return false;
	}
	return true;
}
