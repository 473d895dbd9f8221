/* SPDX-License-Identifier: MIT */
/*
 * Rules over the plan itself, by the rules that planning follows: a saved plan may have been
 * edited, or be another program's. What the plan's own findings admit (of VMs pinned by hand, say)
 * is not said again: node.plan-bad tells of those. So nothing is found in what planner writes.
 */
#include "planner/base/subject.h"
#include "planner/check/rules_found.h"
#include "planner/check/rules_table.h"
#include "planner/place/allowed.h"
#include "planner/place/guest.h"
#include "planner/place/placer.h"

#define SUBJECT "plan"
#define EVIDENCE "the plan"
#define REMEDY "plan again from the inventory: 'planner plan -o'; never edit a saved plan"

/* Does the plan say one of IDS, ended by NULL, of SUBJECT (NULL: of anything) itself? */
static bool rules_plan_admitted(const Plan *plan, const char *subject, const char *const *ids)
{
	for (unsigned i = 0; i < plan->findings->len; i++) {
		const Finding *finding = g_ptr_array_index(plan->findings, i);

		if ((!subject || g_str_equal(finding->subject, subject)) &&
		    g_strv_contains(ids, finding->id))
			return true;
	}
	return false;
}

static void rules_plan_found(const Rule *rule, GPtrArray *findings, const char *subject,
			     hwloc_const_bitmap_t cpus, const char *text)
{
	rule_found(rule, findings, subject, EVIDENCE, cpus, "%s", text);
}

/* Pins; a shared VM has none. */

static unsigned pin_of(const PlanVm *vm, unsigned v)
{
	return g_array_index(vm->pins, unsigned, v);
}

static hwloc_bitmap_t rules_plan_pins_of(const PlanVm *vm)
{
	hwloc_bitmap_t pins = set_new();

	for (unsigned v = 0; v < vm->pins->len; v++)
		hwloc_bitmap_set(pins, pin_of(vm, v));
	return pins;
}

static unsigned core_of_pin(const Plan *plan, const PlanVm *vm, unsigned v)
{
	return host_core_of(plan->host, pin_of(vm, v));
}

/* The cores of its pins from FIRST to before END, by position. */
static hwloc_bitmap_t rules_plan_cores_of(const Plan *plan, const PlanVm *vm, unsigned first,
					  unsigned end)
{
	hwloc_bitmap_t cores = set_new();

	for (unsigned v = first; v < end; v++)
		hwloc_bitmap_set(cores, core_of_pin(plan, vm, v));
	return cores;
}

static void add_core(hwloc_bitmap_t cpus, const Core *core)
{
	for (unsigned t = 0; t < core->n_cpus; t++)
		hwloc_bitmap_set(cpus, core->cpu[t]);
}

static void judge_roles(const Rule *rule, const Plan *plan, const PlanVm *vm, const char *subject,
			GPtrArray *findings)
{
	static const char *const ids[] = {"vm.on-host", "vm.on-sdk", "vm.on-shared", NULL};
	g_auto(CpuSet) pins = rules_plan_pins_of(vm);

	for (unsigned role = 0; role < ROLE_COUNT && !rules_plan_admitted(plan, subject, ids);
	     role++) {
		g_auto(CpuSet) cpus = set_and(pins, plan->cpus[role]);
		g_autofree char *list = set_text(cpus);

		if (role != ROLE_DEDICATED && !hwloc_bitmap_iszero(cpus))
			rule_found(rule, findings, subject, EVIDENCE, cpus,
				   "it is pinned to CPUs %s, whose role in the same plan is %s",
				   list, role_names[role]);
	}
}

const Rule rule_plan_pin_role = {
	.id = "plan.pin-role",
	.severity = SEVERITY_ERROR,
	.title = "A VM is pinned to CPUs that are not VMs'",
	.sees = "The pins of the plan's dedicated VMs against its own roles: every CPU of a VM is "
		"dedicated.",
	.why = "A node that follows the plan runs the VM together with the host's work, on the "
	       "SDK's polling cores, or with VMs that float there.",
	.remedy = REMEDY,
	.source = "planner-plan(1), ROLES",
	.when = WHEN_PLAN,
	.eval_planned = judge_roles,
};

/* One owner a core */

typedef struct Owners {
	const Rule *rule;
	const Plan *plan;
	GPtrArray *findings;
	unsigned *vm; /* by core: the first VM that has it, HOST_NONE */
} Owners;

static const PlanVm *vm_at(const Plan *plan, unsigned index)
{
	return g_ptr_array_index(plan->vms, index);
}

/* Take the cores of VM number INDEX; OTHERS are the VMs that have some of them already, on CPUS. */
static void rules_plan_take_cores(const Owners *owners, unsigned index, hwloc_bitmap_t others,
				  hwloc_bitmap_t cpus)
{
	const PlanVm *vm = vm_at(owners->plan, index);

	for (unsigned v = 0; v < vm->pins->len; v++) {
		unsigned core = core_of_pin(owners->plan, vm, v);

		if (g_array_index(owners->plan->roles, Role, core) != ROLE_DEDICATED)
			continue; /* plan.pin-role's to say */
		if (owners->vm[core] == HOST_NONE)
			owners->vm[core] = index;
		if (owners->vm[core] == index)
			continue;
		hwloc_bitmap_set(others, owners->vm[core]);
		add_core(cpus, host_core(owners->plan->host, core));
	}
}

static bool clash_admitted(const Plan *plan, const char *subject, const PlanVm *other)
{
	static const char *const ids[] = {"vm.core-shared", "vm.cpu-shared", NULL};
	g_autofree char *name = subject_vm(other->spec->name);

	return rules_plan_admitted(plan, subject, ids) || rules_plan_admitted(plan, name, ids);
}

static void judge_owner(const Owners *owners, unsigned index)
{
	g_auto(CpuSet) others = set_new(), cpus = set_new();
	g_autofree char *subject = subject_vm(vm_at(owners->plan, index)->spec->name);
	g_autofree char *list = NULL, *names = NULL;
	Naming naming = {0};
	unsigned i;

	rules_plan_take_cores(owners, index, others, cpus);
	hwloc_bitmap_foreach_begin(i, others)
		if (!clash_admitted(owners->plan, subject, vm_at(owners->plan, i)))
			naming_add(&naming, vm_at(owners->plan, i)->spec->name);
	hwloc_bitmap_foreach_end();
	names = naming_end(&naming);
	list = set_text(cpus);
	if (*names)
		rule_found(owners->rule, owners->findings, subject, EVIDENCE, cpus,
			   "the cores with CPUs %s are given to it and to %s", list, names);
}

static void eval_core_shared(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	unsigned n = audit->plan->host->cores->len;
	g_autofree unsigned *vm = g_new(unsigned, n);
	Owners owners = {rule, audit->plan, findings, vm};

	for (unsigned i = 0; i < n; i++)
		vm[i] = HOST_NONE;
	for (unsigned i = 0; i < audit->plan->vms->len; i++)
		judge_owner(&owners, i);
}

const Rule rule_plan_core_shared = {
	.id = "plan.core-shared",
	.severity = SEVERITY_ERROR,
	.title = "The plan gives a core to two VMs",
	.sees = "The cores of the pins of all dedicated VMs of the plan: each has one owner, idle "
		"siblings too.",
	.why = "The two compete for the core. With cpu-pm, an idle guest keeps the core from the "
	       "other indefinitely.",
	.remedy = REMEDY,
	.source = "Documentation/admin-guide/hw-vuln/core-scheduling.rst; QEMU docs: -overcommit "
		  "cpu-pm",
	.when = WHEN_PLAN,
	.eval = eval_core_shared,
};

/* Whole cores */

/* The fewest cores that hold it as it is shared out over NUMA nodes, of THREADS each. */
static unsigned cores_needed(unsigned vcpus, unsigned threads)
{
	return (vcpus + threads - 1) / threads;
}

/* Do the VM's shares differ by one core at most? */
static bool shares_even(const PlanVm *vm, unsigned threads)
{
	unsigned least = G_MAXUINT, most = 0;

	for (unsigned i = 0; i < vm->shares->len; i++) {
		unsigned cores = cores_needed(g_array_index(vm->shares, VmShare, i).vcpus, threads);

		least = MIN(least, cores);
		most = MAX(most, cores);
	}
	return !vm->shares->len || most - least <= 1;
}

/* Those of CORES that PINS do not fill, or with isolate those that hold two; their CPUs, yours. */
static hwloc_bitmap_t odd_cores(const Plan *plan, const PlanVm *vm, hwloc_const_bitmap_t cores,
				hwloc_const_bitmap_t pins)
{
	hwloc_bitmap_t cpus = set_new();
	unsigned i;

	hwloc_bitmap_foreach_begin(i, cores)
		const Core *core = host_core(plan->host, i);
		unsigned n = threads_in(core, pins);

		if (vm->spec->threads == THREADS_ISOLATE ? n > 1 : n < core->n_cpus)
			add_core(cpus, core);
	hwloc_bitmap_foreach_end();
	return cpus;
}

/* The CPUs of its cores that have both a vCPU and a helper; yours. */
static hwloc_bitmap_t mixed_cores(const Plan *plan, const PlanVm *vm)
{
	unsigned vcpus = plan_vm_pinned(vm), i;
	g_auto(CpuSet) mixed = rules_plan_cores_of(plan, vm, 0, vcpus);
	g_auto(CpuSet) helpers = rules_plan_cores_of(plan, vm, vcpus, vm->pins->len);
	hwloc_bitmap_t cpus = set_new();

	hwloc_bitmap_and(mixed, mixed, helpers);
	hwloc_bitmap_foreach_begin(i, mixed)
		add_core(cpus, host_core(plan->host, i));
	hwloc_bitmap_foreach_end();
	return cpus;
}

/* Pins by hand may be any: half cores of those are the inventory's wish, or admitted. */
static void judge_whole(const Rule *rule, const Plan *plan, const PlanVm *vm, const char *subject,
			GPtrArray *findings)
{
	g_auto(CpuSet) pins = rules_plan_pins_of(vm), mixed = mixed_cores(plan, vm), odd = NULL;
	g_auto(CpuSet) cores = rules_plan_cores_of(plan, vm, 0, vm->pins->len);
	unsigned n = (unsigned)hwloc_bitmap_weight(cores), needed, threads = 1;
	g_autofree char *list = NULL;

	if (!vm->pins->len || vm->spec->cpus)
		return;
	needed = place_cores(vm->spec, host_core(plan->host, core_of_pin(plan, vm, 0))->n_cpus);
	if (vm->spec->threads != THREADS_ISOLATE)
		threads = host_core(plan->host, core_of_pin(plan, vm, 0))->n_cpus;
	odd = odd_cores(plan, vm, cores, pins);
	list = set_text(odd);
	if (n > needed)
		rule_found(rule, findings, subject, EVIDENCE, odd,
			   "its %u vCPUs use %u cores, %u would be enough: it uses the cores with "
			   "CPUs %s in part",
			   vm->spec->vcpus, n, needed, list);
	else if (n < needed)
		rule_found(rule, findings, subject, EVIDENCE, odd,
			   "each vCPU shall have its own core, but those with CPUs %s have several",
			   list);
	else if (!hwloc_bitmap_iszero(mixed))
		rules_plan_found(rule, findings, subject, mixed,
				 "its emulator or I/O threads are on cores of its vCPUs");
	else if (!shares_even(vm, threads))
		rules_plan_found(rule, findings, subject, odd,
				 "its vCPUs are not spread evenly over its NUMA nodes");
}

const Rule rule_plan_split_core = {
	.id = "plan.split-core",
	.severity = SEVERITY_ERROR,
	.title = "A VM of the plan does not have whole cores",
	.sees = "The cores of each dedicated VM against the fewest that hold its vCPUs, or one for "
		"each vCPU with threads = isolate, and its emulator and I/O threads that have CPUs "
		"of their own, on cores without a vCPU. VMs pinned by the inventory are left out.",
	.why = "Half a core is wasted or used by others. The VM's siblings are not its own, so the "
	       "core topology that the guest sees is wrong.",
	.remedy = REMEDY,
	.source = "planner-plan(1), PLACEMENT",
	.when = WHEN_PLAN,
	.eval_planned = judge_whole,
};

/* Where the inventory wants it */

static void judge_wishes(const Rule *rule, const Plan *plan, const PlanVm *vm, const char *subject,
			 GPtrArray *findings)
{
	static const char *const ids[] = {"vm.off-node", "vm.off-socket", NULL};
	g_auto(CpuSet) cpus = set_new();
	g_autofree char *list = NULL, *wish = allowed_text(vm->spec);

	for (unsigned v = 0; v < vm->pins->len; v++)
		if (!allowed_core(plan->host, vm->spec,
				  host_core(plan->host, core_of_pin(plan, vm, v))))
			hwloc_bitmap_set(cpus, pin_of(vm, v));
	list = set_text(cpus);
	if (!hwloc_bitmap_iszero(cpus) && !rules_plan_admitted(plan, subject, ids))
		rule_found(rule, findings, subject, EVIDENCE, cpus,
			   "it asks for %s, but its CPUs %s are others", wish, list);
}

const Rule rule_plan_off_place = {
	.id = "plan.off-place",
	.severity = SEVERITY_ERROR,
	.title = "A VM of the plan is not where the inventory wants it",
	.sees = "The pins of each dedicated VM against the node, socket, die or L3 and the kind of "
		"cores that the plan says it asks for.",
	.why = "The VM is far from what it must be near, or on slower cores than it needs.",
	.remedy = REMEDY,
	.source = "planner-inventory(5), node, socket, die, l3 and kind",
	.when = WHEN_PLAN,
	.eval_planned = judge_wishes,
};

static bool apart_admitted(const Plan *plan, const char *subject, const PlanVm *other)
{
	static const char *const ids[] = {"vm.not-apart", NULL};
	g_autofree char *name = subject_vm(other->spec->name);

	return rules_plan_admitted(plan, subject, ids) || rules_plan_admitted(plan, name, ids);
}

static void judge_apart(const Rule *rule, const Plan *plan, const PlanVm *vm, const char *subject,
			GPtrArray *findings)
{
	for (unsigned v = 0; v < vm->pins->len; v++) {
		const Core *core = host_core(plan->host, core_of_pin(plan, vm, v));
		ApartBy by;
		const PlanVm *other = apart_neighbour(plan, vm->spec, core, &by);
		g_autofree char *place = other ? apart_place_text(plan->host, core, by) : NULL;
		g_auto(CpuSet) cpus = NULL;

		if (!other || apart_admitted(plan, subject, other))
			continue;
		cpus = set_new();
		add_core(cpus, core);
		rule_found(rule, findings, subject, EVIDENCE, cpus,
			   "it must be apart from %s, but both have CPUs on %s", other->spec->name,
			   place);
		return;
	}
}

const Rule rule_plan_not_apart = {
	.id = "plan.not-apart",
	.severity = SEVERITY_ERROR,
	.title = "Two VMs of the plan that must be apart are together",
	.sees = "The pins of the dedicated VMs of each group that `apart` names: no two have CPUs "
		"on one socket, node or L3, whichever the group says.",
	.why = "What takes the socket or node down, or fills its cache, takes both VMs, which are "
	       "there to stand in for each other.",
	.remedy = REMEDY,
	.source = "planner-inventory(5), apart",
	.when = WHEN_PLAN,
	.eval_planned = judge_apart,
};

/* What the guest is told */

static void rules_plan_judge_topology(const Rule *rule, const Plan *plan, const PlanVm *vm,
				      const char *subject, GPtrArray *findings)
{
	g_auto(CpuSet) pins = rules_plan_pins_of(vm);
	g_autofree char *places = plan_vm_places(vm);

	if (!guest_cores_true(plan, vm))
		rule_found(rule, findings, subject, EVIDENCE, pins,
			   "the guest sees %u threads a core, but its vCPUs are on %s: not on "
			   "siblings, in this order",
			   vm->threads, places);
	if (!guest_sockets_true(plan, vm))
		rule_found(rule, findings, subject, EVIDENCE, pins,
			   "the guest sees %u sockets, but the vCPUs of one are on several NUMA "
			   "nodes: %s",
			   vm->sockets, places);
}

const Rule rule_plan_guest_topology = {
	.id = "plan.guest-topology",
	.severity = SEVERITY_ERROR,
	.title = "The plan gives a guest a topology its pins do not have",
	.sees = "Sockets, cores and threads of each dedicated VM against the cores and NUMA nodes "
		"of its pins, in vCPU order.",
	.why = "The guest's scheduler puts two busy tasks on one core that it takes for two, or "
	       "keeps CPUs apart that it takes for siblings. Its NUMA placement is wrong.",
	.remedy = REMEDY,
	.source = "libvirt formatdomain, <cpu><topology>",
	.when = WHEN_PLAN,
	.eval_planned = rules_plan_judge_topology,
};

/* Threads that float: never over isolated CPUs */

/* Where its emulator and I/O threads run, but for those that are pinned to CPUs of their own.
 * Yours.
 */
static hwloc_bitmap_t floating_helpers(const PlanVm *vm)
{
	hwloc_bitmap_t cpus = plan_vm_helper_cpus(vm);

	for (unsigned i = plan_vm_pinned(vm); i < vm->pins->len; i++)
		hwloc_bitmap_clr(cpus, pin_of(vm, i));
	return cpus;
}

static void rules_plan_floats(const Rule *rule, const Plan *plan, const char *subject,
			      const char *what, hwloc_const_bitmap_t set, GPtrArray *findings)
{
	g_auto(CpuSet) cpus = set ? set_and(set, plan->isolated) : set_new();
	g_autofree char *list = set_text(cpus);

	if (!hwloc_bitmap_iszero(cpus))
		rule_found(rule, findings, subject, EVIDENCE, cpus,
			   "%s may run on the isolated CPUs %s", what, list);
}

static void rules_plan_judge_floats(const Rule *rule, const Plan *plan, const PlanVm *vm,
				    const char *subject, GPtrArray *findings)
{
	g_auto(CpuSet) helpers = floating_helpers(vm);

	rules_plan_floats(rule, plan, subject, "its vCPUs, which float,", vm->cpuset, findings);
	rules_plan_floats(rule, plan, subject, "its emulator and I/O threads", helpers, findings);
}

const Rule rule_plan_floats_on_isolated = {
	.id = "plan.floats-on-isolated",
	.severity = SEVERITY_ERROR,
	.title = "The plan lets threads float over isolated CPUs",
	.sees = "The CPUs of the plan's shared VMs, and of all VMs' emulator and I/O threads, "
		"against its isolated set. Those that have a CPU of their own do not float.",
	.why = "The scheduler does not balance there: the threads share one CPU, that of a VM or "
	       "of the SDK.",
	.remedy = REMEDY,
	.source = "kernel/sched/isolation.c; planner-plan(1), ROLES",
	.when = WHEN_PLAN,
	.eval_planned = rules_plan_judge_floats,
};

/* cpu-pm */

static void judge_verdict(const Rule *rule, const PlanVm *vm, const Cpupm *own, GPtrArray *findings)
{
	g_auto(CpuSet) cpus = rules_plan_pins_of(vm);
	g_autofree char *subject = subject_vm(vm->spec->name);
	g_autofree char *why = cpupm_reasons_text(own);

	if (vm->cpupm->verdict == CPUPM_ON && own->verdict != CPUPM_ON)
		rule_found(rule, findings, subject, EVIDENCE, cpus,
			   "the plan says cpu-pm on, but its own data give %s: %s",
			   cpupm_names[own->verdict], why);
}

/* What the node said of KVM when it was planned is not in a saved plan: that may have been well. */
static void eval_cpupm(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	g_autoptr(GPtrArray) own = plan_cpupm(audit->plan, TRISTATE_YES, TRISTATE_NO);

	g_ptr_array_set_free_func(own, (GDestroyNotify)cpupm_free);
	for (unsigned i = 0; i < own->len; i++)
		judge_verdict(rule, vm_at(audit->plan, i), g_ptr_array_index(own, i), findings);
}

const Rule rule_plan_cpu_pm_ineligible = {
	.id = "plan.cpu-pm-ineligible",
	.severity = SEVERITY_ERROR,
	.title = "The plan gives cpu-pm to a VM that must not have it",
	.sees = "The plan's verdict 'on' against what follows from its own CPU sets, versions and "
		"cpu_mode.",
	.why = "A guest with cpu-pm does not yield its CPUs when it idles: whoever shares them "
	       "starves. If QEMU or the processor does not support it, the VM does not start, or "
	       "dies.",
	.remedy = REMEDY,
	.source = "QEMU docs: -overcommit cpu-pm; Documentation/virt/kvm/api.rst 7.13",
	.when = WHEN_PLAN,
	.eval = eval_cpupm,
};

/* The line */

static void line_set(const Rule *rule, const Plan *plan, GPtrArray *findings, const char *name,
		     const CmdlineEffect *effect)
{
	g_auto(CpuSet) less = set_minus(plan->isolated, effect->asked);
	g_auto(CpuSet) more = set_minus(effect->asked, plan->isolated);
	g_auto(CpuSet) cpus = set_new();
	g_autofree char *missing = set_text(less), *extra = set_text(more);

	hwloc_bitmap_or(cpus, less, more);
	if (!hwloc_bitmap_iszero(cpus))
		rule_found(rule, findings, SUBJECT, EVIDENCE, cpus,
			   "%s on its kernel line differs from its isolated set: CPUs %s are "
			   "missing, CPUs %s are extra",
			   name, missing, extra);
}

/* isolcpus is not there with isolation = cpuset. */
static void eval_line(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	static const char *const ids[] = {"kernel.flags-without-domain", NULL};
	const Plan *plan = audit->plan;
	const CmdlineEffects *line = audit->planned_effects;
	g_auto(CpuSet) irq = line->irq ? set_and(line->irq, plan->isolated) : set_new();

	line_set(rule, plan, findings, "nohz_full", &line->nohz_full);
	line_set(rule, plan, findings, "rcu_nocbs", &line->rcu_nocbs);
	if (line->isolcpus.value)
		line_set(rule, plan, findings, "isolcpus", &line->isolcpus);
	if (line->isolcpus.flagged && !line->isolcpus.domain &&
	    !rules_plan_admitted(plan, NULL, ids))
		rules_plan_found(
			rule, findings, SUBJECT, plan->isolated,
			"isolcpus on its kernel line has flags without 'domain': nothing is "
			"isolated");
	if (!hwloc_bitmap_iszero(irq))
		rules_plan_found(rule, findings, SUBJECT, irq,
				 "irqaffinity on its kernel line names isolated CPUs");
}

const Rule rule_plan_kernel_line = {
	.id = "plan.kernel-line",
	.severity = SEVERITY_ERROR,
	.title = "The plan's kernel line does not match its roles",
	.sees = "isolcpus, nohz_full, rcu_nocbs and irqaffinity of the plan's own line against its "
		"isolated set.",
	.why = "A node booted with this line isolates other CPUs than those of VMs and the SDK.",
	.remedy = REMEDY,
	.source = "kernel/sched/isolation.c; planner-plan(1), KERNEL PARAMETERS",
	.when = WHEN_PLAN,
	.eval = eval_line,
};

/* Roles of cores */

static void core_found(const Rule *rule, GPtrArray *findings, const Core *core, const char *what)
{
	g_auto(CpuSet) cpus = set_new();
	g_autofree char *name = siblings_name(core);

	add_core(cpus, core);
	rule_found(rule, findings, SUBJECT, EVIDENCE, cpus, "the core with CPUs %s %s", name, what);
}

/* The CPUs of dedicated VMs, of those KEPT by hand only where that is asked for; yours. */
static hwloc_bitmap_t pins_where(const Plan *plan, bool kept)
{
	hwloc_bitmap_t all = set_new();

	for (unsigned i = 0; i < plan->vms->len; i++) {
		g_auto(CpuSet) pins = rules_plan_pins_of(vm_at(plan, i));

		if (kept || !vm_at(plan, i)->spec->cpus)
			hwloc_bitmap_or(all, all, pins);
	}
	return all;
}

/* A core that a VM without a place is pinned to stays kept: which those are is not known here. */
static void eval_roles(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	const Plan *plan = audit->plan;
	g_auto(CpuSet) pins = pins_where(plan, true), chosen = pins_where(plan, false);

	for (unsigned i = 0; i < plan->roles->len; i++) {
		const Core *core = host_core(plan->host, i);
		Role role = g_array_index(plan->roles, Role, i);

		if (!i && role != ROLE_HOST)
			core_found(rule, findings, core, "is the boot CPU's, but not the host's");
		if (role == ROLE_DEDICATED && plan->placed == plan->wanted &&
		    !threads_in(core, pins))
			core_found(rule, findings, core, "is dedicated, but no VM is pinned there");
		if (core->partial && (role == ROLE_FREE || threads_in(core, chosen)))
			core_found(rule, findings, core,
				   "has an offline sibling, but is not stranded");
		if (!core->partial && role == ROLE_STRANDED)
			core_found(rule, findings, core, "is stranded, but whole");
	}
}

const Rule rule_plan_roles = {
	.id = "plan.roles",
	.severity = SEVERITY_ERROR,
	.title = "The plan gives a core a role that it cannot have",
	.sees = "The role of each core: the boot CPU's is the host's; dedicated ones have a VM; "
		"those with an offline sibling are stranded, unless the inventory pins a VM there, "
		"and no others are.",
	.why = "The kernel keeps its timekeeping on the boot CPU in any case. A core without a "
	       "user, or with half its threads, is lost or assigned wrongly.",
	.remedy = REMEDY,
	.source = "planner-plan(1), ROLES",
	.when = WHEN_PLAN,
	.eval = eval_roles,
};

/* Memory */

static uint64_t rules_plan_memory_on(const Plan *plan, unsigned node)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < plan->vms->len; i++) {
		const PlanVm *vm = vm_at(plan, i);

		for (unsigned s = 0; s < vm->shares->len; s++) {
			const VmShare *share = &g_array_index(vm->shares, VmShare, s);

			sum += share->from == node ? MIN(share->memory, G_MAXINT64 / 2) : 0;
			sum = MIN(sum, G_MAXINT64 / 2);
		}
	}
	return sum;
}

static void eval_memory(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	static const char *const ids[] = {"memory.node-full", "host.memory-too-large", NULL};
	const Plan *plan = audit->plan;

	for (unsigned node = 0; node < plan->host->nodes->len; node++) {
		uint64_t sum = rules_plan_memory_on(plan, node), room = plan_node_room(plan, node);
		g_autofree char *subject = subject_node(host_node(plan->host, node)->id);

		if (sum > room && !rules_plan_admitted(plan, NULL, ids))
			rule_found(rule, findings, subject, EVIDENCE, NULL,
				   "the VMs' memory there is %" G_GUINT64_FORMAT
				   " MiB, the node has %" G_GUINT64_FORMAT " MiB for VMs",
				   sum >> 20, room >> 20);
	}
}

const Rule rule_plan_memory = {
	.id = "plan.memory",
	.severity = SEVERITY_ERROR,
	.title = "The plan assigns more memory than a NUMA node has",
	.sees = "The memory of the dedicated VMs' shares on each NUMA node, against the node's "
		"memory minus what the host keeps.",
	.why = "Some of these VMs do not start, or their memory is on another node.",
	.remedy = REMEDY,
	.source = "the plan",
	.when = WHEN_PLAN,
	.eval = eval_memory,
};
