/* SPDX-License-Identifier: MIT */
#include "planner/document/explain.h"
#include "planner/base/size.h"
#include "planner/base/subject.h"
#include "planner/cpupm/paths.h"
#include "planner/place/allowed.h"
#include "planner/place/level.h"
#include "planner/place/memory_node.h"
#include "topology/base/list.h"

#include <string.h>

G_GNUC_PRINTF(2, 3)
static void explain_say(GPtrArray *lines, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_ptr_array_add(lines, g_strdup_vprintf(format, args));
	va_end(args);
}

static GPtrArray *lines_new(void)
{
	return g_ptr_array_new_with_free_func(g_free);
}

/* CPUs */

static char *core_place(const Host *host, const Core *core)
{
	GString *place = g_string_new(NULL);

	g_string_append_printf(place, "socket %u, node %u", core->package,
			       host_node(host, core->node)->id);
	if (core->die)
		g_string_append_printf(place, ", die %u", core->die);
	else if (core->l3 != HOST_NONE)
		g_string_append_printf(place, ", L3 %u", core->l3);
	if (core->cluster)
		g_string_append_printf(place, ", cluster %u", core->cluster);
	return g_string_free(place, FALSE);
}

/* "cores-per-socket = 4", as the inventory has it. Yours. */
static char *request_text(const CoreRequest *request)
{
	static const char *const keys[] = {
		[SPLIT_SOCKET] = "cores-per-socket",
		[SPLIT_NODE] = "cores-per-node",
		[SPLIT_MACHINE] = "cores",
	};

	if (request->by == SPLIT_CPUS) {
		g_autofree char *list = cpulist_format(request->cpus);

		return g_strdup_printf("cpus = %s", list);
	}
	return g_strdup_printf("%s = %u%s", keys[request->by], request->cores,
			       request->line ? "" : ", the default");
}

static void say_asked(GPtrArray *lines, const char *section, const CoreRequest *request)
{
	g_autofree char *asked = NULL;

	if (request->by == SPLIT_NONE)
		return;
	asked = request_text(request);
	explain_say(lines, "requested by [%s] %s", section, asked);
	if (request->by != SPLIT_CPUS)
		explain_say(lines,
			    "cores are taken by L3, then by lowest CPU, and evenly from all nodes");
}

/* Who pins to CPU: "vm1's vCPU 0"; NULL when nobody does. Yours. */
static char *explain_tenant(const Plan *plan, unsigned cpu)
{
	unsigned index = plan_cpu_vm(plan, cpu);
	const PlanVm *vm;

	if (index == HOST_NONE)
		return NULL;
	vm = g_ptr_array_index(plan->vms, index);
	for (unsigned v = 0; v < vm->pins->len; v++) {
		g_autofree char *name = plan_vm_pin_name(vm, v);

		if (g_array_index(vm->pins, unsigned, v) == cpu)
			return g_strdup_printf("%s's %s", vm->spec->name, name);
	}
	return NULL;
}

static void why_host(GPtrArray *lines, const Plan *plan, const Inventory *inventory, unsigned index)
{
	unsigned node = host_core(plan->host, index)->node;

	if (index == 0)
		explain_say(lines, "it is on the boot CPU's core, which is always the host's: the "
				   "kernel keeps "
				   "time there");
	else if (inventory)
		say_asked(lines, "host", &inventory->host);
	explain_say(
		lines,
		"interrupts, kernel threads, and the emulator and I/O threads of node %u's VMs run "
		"here",
		host_node(plan->host, node)->id);
}

static void why_sdk(GPtrArray *lines, const Inventory *inventory)
{
	if (!inventory)
		return;
	say_asked(lines, "sdk", &inventory->sdk);
	for (char **device = inventory->near; device && *device; device++)
		explain_say(lines, "near %s", *device);
}

static void why_dedicated(GPtrArray *lines, const Plan *plan, const Core *core)
{
	bool any = false;

	for (unsigned t = 0; t < core->n_cpus; t++) {
		g_autofree char *who = explain_tenant(plan, core->cpu[t]);

		if (who)
			explain_say(lines, "CPU %u is %s", core->cpu[t], who);
		any |= who != NULL;
	}
	for (unsigned t = 0; t < core->n_cpus && any; t++)
		if (plan_cpu_vm(plan, core->cpu[t]) == HOST_NONE)
			explain_say(lines, "CPU %u stays idle: it belongs to the VM on its sibling",
				    core->cpu[t]);
	if (!any)
		explain_say(
			lines,
			"reserved for a VM whose other CPUs are not available; see the findings");
}

static void why_role(GPtrArray *lines, const Plan *plan, const Inventory *inventory, unsigned index)
{
	switch (g_array_index(plan->roles, Role, index)) {
	case ROLE_HOST:
		why_host(lines, plan, inventory, index);
		break;
	case ROLE_SDK:
		why_sdk(lines, inventory);
		break;
	case ROLE_SHARED:
		if (inventory)
			say_asked(lines, "shared", &inventory->shared);
		break;
	case ROLE_DEDICATED:
		why_dedicated(lines, plan, host_core(plan->host, index));
		break;
	case ROLE_STRANDED:
		explain_say(lines, "a sibling is offline: no VM can have the whole core");
		break;
	default:
		explain_say(lines, "not used by host, pool and SDK, and no VM needs it");
	}
}

/* The parameters whose value is the isolated set. */
static void say_isolated(GPtrArray *lines, const Plan *plan, unsigned cpu)
{
	static const char *const names[] = {"isolcpus", "nohz_full", "rcu_nocbs", NULL};
	g_autoptr(GString) named = g_string_new(NULL);

	if (!hwloc_bitmap_isset(plan->isolated, cpu)) {
		explain_say(lines, "not isolated");
		return;
	}
	for (unsigned i = 0; i < plan->parameters->len; i++) {
		const KernelParameter *p = g_ptr_array_index(plan->parameters, i);

		if (g_strv_contains(names, p->name))
			list_add(named, "%s", p->name);
	}
	explain_say(lines, "isolated: named by %s", named->str);
}

static void explain_online(GPtrArray *lines, const Plan *plan, const Inventory *inventory,
			   unsigned cpu, unsigned index)
{
	const Core *core = host_core(plan->host, index);
	g_autofree char *siblings = siblings_name(core);
	g_autofree char *place = core_place(plan->host, core);

	explain_say(lines, "CPU %u: %s", cpu, role_names[g_array_index(plan->roles, Role, index)]);
	explain_say(lines, "core %s, %s", siblings, place);
	why_role(lines, plan, inventory, index);
	say_isolated(lines, plan, cpu);
}

static void say_findings(GPtrArray *lines, const Plan *plan, const char *subject)
{
	for (unsigned i = 0; i < plan->findings->len; i++) {
		const Finding *finding = g_ptr_array_index(plan->findings, i);

		if (!strcmp(finding->subject, subject))
			explain_say(lines, "%s: %s (%s)", severity_name(finding->severity),
				    finding->text, finding->id);
	}
}

GPtrArray *explain_cpu(const Plan *plan, const Inventory *inventory, unsigned cpu)
{
	GPtrArray *lines = lines_new();
	unsigned index = host_core_of(plan->host, cpu);
	g_autofree char *subject = subject_cpu(cpu);

	if (index != HOST_NONE)
		explain_online(lines, plan, inventory, cpu, index);
	else if (host_has_cpu(plan->host, cpu))
		explain_say(lines, "CPU %u: offline, or hidden when the topology was read", cpu);
	else
		explain_say(lines, "CPU %u: not on this host", cpu);
	say_findings(lines, plan, subject);
	return lines;
}

/* VMs */

static void say_wish(GPtrArray *lines, const Host *host, const VmSpec *spec)
{
	unsigned node = memory_node_of(host, spec);
	g_autofree char *from = node == HOST_NONE ? NULL : memory_node_name(host, node);
	g_autofree char *memory = size_format(spec->memory);
	g_autofree char *page = size_format(spec->page);

	explain_say(lines, "%s: %u vCPUs, %s", spec->name, spec->vcpus, policy_names[spec->policy]);
	if (spec->memory)
		explain_say(lines, "%s of memory%s%s%s%s", memory,
			    spec->page ? " in pages of " : "", spec->page ? page : "",
			    from ? " from " : "", from ? from : "");
}

static void say_cores(GPtrArray *lines, const Plan *plan, const PlanVm *vm)
{
	unsigned last = HOST_NONE;

	for (unsigned v = 0; v < vm->pins->len; v++) {
		unsigned index = host_core_of(plan->host, g_array_index(vm->pins, unsigned, v));
		const Core *core = host_core(plan->host, index);
		g_autofree char *siblings = siblings_name(core);
		g_autofree char *place = core_place(plan->host, core);
		g_autofree char *name = plan_vm_pin_name(vm, v);

		if (index != last)
			explain_say(lines, "%s on core %s: %s", name, siblings, place);
		last = index;
	}
}

static void say_floating(GPtrArray *lines, const PlanVm *vm)
{
	g_autofree char *cpus = vm->cpuset ? cpulist_format(vm->cpuset) : NULL;

	for (unsigned v = 0; cpus && v < vm->spec->vcpus; v++)
		if (vm_spec_floats(vm->spec, v))
			explain_say(lines, "vCPU %u floats over CPUs %s", v, cpus);
}

static char *nodes_name(const Host *host, hwloc_const_bitmap_t nodes)
{
	g_auto(CpuSet) ids = hwloc_bitmap_alloc();
	unsigned node;

	hwloc_bitmap_foreach_begin(node, nodes)
		hwloc_bitmap_set(ids, host_node(host, node)->id);
	hwloc_bitmap_foreach_end();
	return cpulist_format(ids);
}

/* How far its nodes are from each other, and whether it had nearer ones without the others. */
static void say_distance(GPtrArray *lines, const Plan *plan, const Inventory *inventory,
			 const PlanVm *vm)
{
	g_auto(CpuSet) nodes = level_nodes(plan, vm);
	g_auto(CpuSet) alone = NULL;
	g_autofree char *distance = level_distance(plan->host, nodes), *nearer = NULL;
	g_autofree char *names = NULL;

	explain_say(lines, "its nodes are %s from each other", distance);
	if (vm->spec->cpus)
		return;
	alone = level_nearest(plan, inventory, vm);
	if (!alone ||
	    level_distance_sum(plan->host, alone) >= level_distance_sum(plan->host, nodes))
		return;
	nearer = level_distance(plan->host, alone);
	names = nodes_name(plan->host, alone);
	explain_say(lines,
		    "without other VMs it would be on nodes %s, %s from each other; the goals "
		    "count for all VMs together",
		    names, nearer);
}

/* Where it sits, where it could have sat, and what kept it from there. */
static void say_level(GPtrArray *lines, const Plan *plan, const Inventory *inventory,
		      const PlanVm *vm)
{
	const Host *host = plan->host;
	Level level = level_of(plan, vm), beside, alone;
	g_autofree char *wish = allowed_text(vm->spec);

	if (wish)
		explain_say(lines, "it asks for %s", wish);
	if (vm->spec->apart.group)
		explain_say(lines, "it is apart from the others of group %s, by %s",
			    vm->spec->apart.group, apart_by_names[vm->spec->apart.by]);

	if (level == LEVEL_NODES && vm->shares->len == 1)
		explain_say(lines, "its vCPUs sit in one NUMA node, its emulator or I/O threads in "
				   "another");
	else
		explain_say(lines, "it sits %s", level_text(host, level));
	if (level == LEVEL_NODES && vm->shares->len > 1 && inventory && host_distances(host))
		say_distance(lines, plan, inventory, vm);
	if (!inventory || level == LEVEL_L3)
		return;
	beside = level_natural(plan, inventory, vm, true);
	alone = level_natural(plan, inventory, vm, false);
	if (vm->spec->cpus) {
		if (level > alone)
			explain_say(
				lines,
				"it could be placed %s, but its CPUs are pinned by the inventory",
				level_text(host, alone));
		return;
	}
	if (level > beside) {
		g_autofree char *forced = level_forced(plan, inventory, vm);

		explain_say(lines, "it could have been placed %s: %s", level_text(host, beside),
			    forced);
	}
	if (beside > alone)
		explain_say(lines, "pinned VMs leave no room for it %s: goal 2 is to move none",
			    level_text(host, alone));
	if (level == alone)
		explain_say(lines, "no %s is large enough for it, even if no other VM were there",
			    level == LEVEL_NODE ? level_room(host) : "NUMA node");
}

/* The goals, in their order, by the numbers that the other lines use. */
static void say_goal(GPtrArray *lines, const Plan *plan)
{
	static const char *const goals[] = {
		"most vCPUs placed", "most VMs placed",
		"no VM refused that fits together with those before it"};

	explain_say(lines, "chosen by the search; its goals, in this order:");
	explain_say(lines, "  1. %s", goals[plan->prefer]);
	explain_say(lines, "  2. fewest pinned VMs moved");
	explain_say(lines, "  3. fewest VMs over more nodes than they need, then fewest over "
			   "several dies, L3s or clusters"
			   " although one could hold them, then nearest nodes");
	explain_say(lines, "  4. most room left for more VMs like these");
	explain_say(lines, "  5. lowest CPUs");
	explain_say(lines, "%s",
		    plan->optimal ? "no plan is better by these goals (proved)"
				  : "a better plan may exist: not all was searched");
}

static char *pins_text(const GArray *pins)
{
	GString *text = g_string_new(NULL);

	for (unsigned v = 0; v < pins->len; v++)
		g_string_append_printf(text, "%s%u", v ? "," : "",
				       g_array_index(pins, unsigned, v));
	return g_string_free(text, FALSE);
}

static void say_moved(GPtrArray *lines, const Plan *plan, const PlanVm *vm)
{
	static const char *const costs[] = {[MOVE_REPIN] = "a live re-pin",
					    [MOVE_MEMORY] = "a live re-pin, and its memory follows",
					    [MOVE_RESTART] = "a restart: its topology changes"};

	for (unsigned i = 0; i < plan->moves->len; i++) {
		const Move *move = g_ptr_array_index(plan->moves, i);
		g_autofree char *from = pins_text(move->from);

		if (!strcmp(move->vm, vm->spec->name))
			explain_say(lines,
				    "moved from CPUs %s, as --moves allows, so that more fits: %s",
				    from, costs[move->cost]);
	}
}

static void say_verdict(GPtrArray *lines, const Cpupm *cpupm)
{
	explain_say(lines, "cpu-pm %s", cpupm_names[cpupm->verdict]);
	for (unsigned i = 0; i < cpupm->reasons->len; i++) {
		const CpupmReason *reason = g_ptr_array_index(cpupm->reasons, i);

		explain_say(lines, "cpu-pm: %s (%s)", reason->text, reason->code);
	}
	for (unsigned i = 0; i < cpupm->notes->len; i++) {
		const CpupmReason *note = g_ptr_array_index(cpupm->notes, i);

		explain_say(lines, "cpu-pm, note: %s (%s)", note->text, note->code);
	}
}

/* What this machine's kernel makes of it is known of x86 alone. */
static void say_paths(GPtrArray *lines, const Plan *plan, const PlanVm *vm)
{
	const char *arch = plan->host->arch;
	VmPaths paths;

	if (!plan->node->kernel || (arch && strcmp(arch, "x86_64")))
		return;
	paths = vm_paths(plan->node->kernel, vm->cpupm->verdict == CPUPM_ON);
	explain_say(lines, "timers: %s", paths.timers);
	explain_say(lines, "IPIs: %s", paths.ipis);
	explain_say(lines, "halts: %s", paths.halts);
	vm_paths_clear(&paths);
}

static void say_threads(GPtrArray *lines, const PlanVm *vm)
{
	g_autofree char *places = plan_vm_helper_places(vm);
	bool own = vm_spec_helpers(vm->spec) > 0;

	explain_say(lines,
		    own ? "its emulator threads run on CPUs %s"
			: "its emulator and I/O threads run on CPUs %s, the host's",
		    places);
	if (vm->shares->len)
		explain_say(lines, "the guest sees %u socket%s, %u core%s, %u thread%s a core",
			    vm->sockets, vm->sockets == 1 ? "" : "s", vm->cores,
			    vm->cores == 1 ? "" : "s", vm->threads, vm->threads == 1 ? "" : "s");
}

static void explain_placed(GPtrArray *lines, const Plan *plan, const Inventory *inventory,
			   const PlanVm *vm)
{
	if (vm->spec->policy == POLICY_SHARED) {
		g_autofree char *pool = cpulist_format(vm->cpuset);

		explain_say(lines, "its vCPUs float over CPUs %s", pool);
	} else {
		if (vm->spec->cpus)
			explain_say(lines, "pinned: its CPUs are given (cpus = of the inventory, "
					   "or --keep); only --moves may change them");
		else
			say_goal(lines, plan);
		say_moved(lines, plan, vm);
		say_cores(lines, plan, vm);
		say_floating(lines, vm);
		say_level(lines, plan, inventory, vm);
	}
	say_threads(lines, vm);
}

/* It would fit in the empty host, and the search proved that nothing is gained by that. */
static bool refused_for_others(const Plan *plan, const char *subject)
{
	for (unsigned i = 0; i < plan->findings->len; i++) {
		const Finding *finding = g_ptr_array_index(plan->findings, i);

		if (!strcmp(finding->subject, subject) && !strcmp(finding->id, "vm.does-not-fit"))
			return plan->optimal;
	}
	return false;
}

GPtrArray *explain_vm(const Plan *plan, const Inventory *inventory, const PlanVm *vm)
{
	GPtrArray *lines = lines_new();
	g_autofree char *subject = subject_vm(vm->spec->name);

	say_wish(lines, plan->host, vm->spec);
	if (vm->placed)
		explain_placed(lines, plan, inventory, vm);
	else
		explain_say(lines, "not placed%s",
			    refused_for_others(plan, subject)
				    ? ": no plan that places it is better (proved)"
				    : "");
	say_findings(lines, plan, subject);
	if (vm->placed)
		say_verdict(lines, vm->cpupm);
	say_paths(lines, plan, vm);
	return lines;
}
