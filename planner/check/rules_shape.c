/* SPDX-License-Identifier: MIT */
/* Rules over the shape of a pinned VM: its cores against the host's, and what parts of a node it
 * lies over: caches, dies, kinds of cores. */
#include "planner/check/rules_sides.h"
#include "planner/check/rules_table.h"

/* The single CPU that a vCPU is pinned to, HOST_NONE. */
static unsigned shape_cpu(const Audit *audit, const AuditVm *vm, const GuestThread *thread,
			  Side side)
{
	hwloc_const_bitmap_t place = thread_place(audit, vm->guest, thread, side);

	if (!place && side == SIDE_LIVE)
		place = thread_pin(audit, vm->guest, thread, SIDE_REAL);
	return set_single(place) ? (unsigned)hwloc_bitmap_first(place) : HOST_NONE;
}

/* All CPUs that vCPUs are pinned to alone. Yours. */
static hwloc_bitmap_t shape_cpus(const Audit *audit, const AuditVm *vm, Side side)
{
	hwloc_bitmap_t cpus = set_new();

	for (unsigned v = 0; v < vm->guest->vcpu_threads->len; v++) {
		unsigned cpu = shape_cpu(audit, vm, guest_thread(vm->guest->vcpu_threads, v), side);

		if (cpu != HOST_NONE)
			hwloc_bitmap_set(cpus, cpu);
	}
	return cpus;
}

/* Sides that are judged: the threads themselves only where no XML says where they run. */
static bool shape_judged(const Guest *guest, Side side)
{
	return guest_has(guest, side) && !(side == SIDE_REAL && guest_has(guest, SIDE_LIVE));
}

/* The guest's cores against the host's */

static const GuestThread *vcpu_numbered(const Guest *guest, unsigned number)
{
	for (unsigned v = 0; v < guest->vcpu_threads->len; v++)
		if (guest_thread(guest->vcpu_threads, v)->number == number)
			return guest_thread(guest->vcpu_threads, v);
	return NULL;
}

/* Name each guest core of THREADS vCPUs that lies on several cores of the host. */
static void split_name(const Audit *audit, const AuditVm *vm, Side side, unsigned threads,
		       Naming *naming)
{
	const Guest *guest = vm->guest;

	for (unsigned v = 0; v < guest->vcpu_threads->len; v++) {
		const GuestThread *thread = guest_thread(guest->vcpu_threads, v);
		unsigned first = thread->number / threads * threads;
		const GuestThread *head = vcpu_numbered(guest, first);
		unsigned cpu = shape_cpu(audit, vm, thread, side);
		unsigned other = head ? shape_cpu(audit, vm, head, side) : HOST_NONE;
		unsigned core = cpu == HOST_NONE ? HOST_NONE : host_core_of(audit->host, cpu);
		unsigned beside = other == HOST_NONE ? HOST_NONE : host_core_of(audit->host, other);
		g_autofree char *name = NULL;

		/* Of CPUs that are offline nobody knows the core: vm.pin-offline says so. */
		if (core == HOST_NONE || beside == HOST_NONE || core == beside)
			continue;
		name = g_strdup_printf("vCPUs %u and %u on CPUs %u and %u", first, thread->number,
				       other, cpu);
		naming_add(naming, name);
	}
}

/* The same CPUs in an order that fits: core by core, where each core gives THREADS of them or a
 * multiple; NULL = there is none. Yours. */
static char *order_that_fits(const Host *host, hwloc_const_bitmap_t cpus, unsigned threads)
{
	g_autoptr(GString) order = g_string_new(NULL);

	for (unsigned i = 0; i < host->cores->len; i++) {
		const Core *core = host_core(host, i);

		if (threads_in(core, cpus) % threads)
			return NULL;
		for (unsigned t = 0; t < core->n_cpus; t++)
			if (hwloc_bitmap_isset(cpus, core->cpu[t]))
				g_string_append_printf(order, "%s%u", order->len ? "," : "",
						       core->cpu[t]);
	}
	return g_string_free(g_steal_pointer(&order), FALSE);
}

/* Is it on CPUs that the plan does not give it? Then vm.pin-differs says what is wrong. */
static bool off_plan(const AuditVm *vm, hwloc_const_bitmap_t cpus)
{
	unsigned cpu;

	hwloc_bitmap_foreach_begin(cpu, cpus)
		if (vm->vm && vm->vm->placed && !planned_on(vm, cpu))
			return true;
	hwloc_bitmap_foreach_end();
	return false;
}

/* What RULE's platform has for it, and which CPUs would do: WHAT they are; NULL = none. Yours. */
static char *shape_fix(const Rule *rule, const AuditVm *vm, const char *cpus, const char *what)
{
	const char *fix = rule_remedy(rule, vm->guest->platform);

	return cpus ? g_strdup_printf("%s (%s: %s)", fix, what, cpus) : g_strdup(fix);
}

static char *siblings_judge(const Audit *audit, const AuditVm *vm, Side side, char **fix)
{
	unsigned threads = guest_core_threads(vm->guest, side);
	g_auto(CpuSet) cpus = shape_cpus(audit, vm, side);
	g_autofree char *names = NULL, *order = NULL;
	Naming naming = {0};

	if (threads < 2 || off_plan(vm, cpus))
		return NULL;
	split_name(audit, vm, side, threads, &naming);
	names = naming_end(&naming);
	if (!*names)
		return NULL;
	order = order_that_fits(audit->host, cpus, threads);
	if (fixes_text(&fixes_siblings, vm->guest->platform))
		*fix = shape_fix(&rule_vm_guest_siblings, vm, order,
				 "CPUs that fit, in the order of vCPUs");
	else
		*fix = order ? g_strdup_printf(
				       "pin its vCPUs, in their order, to %s; or tell the guest of "
				       "threads=1",
				       order)
			     : g_strdup("pin the vCPUs of a guest core to siblings, or tell the "
					"guest of "
					"threads=1");
	return g_strdup_printf("the guest is told %u threads a core, and they are on several cores "
			       "of the host: %s",
			       threads, names);
}

static void eval_siblings(const Rule *rule, const Audit *audit, const AuditVm *vm,
			  GPtrArray *findings)
{
	g_autofree char *before = NULL;

	for (Side side = SIDE_LIVE; audit->host && side < N_SIDES; side++) {
		g_autofree char *fix = NULL;
		g_autofree char *text = shape_judged(vm->guest, side)
						? siblings_judge(audit, vm, side, &fix)
						: NULL;
		g_auto(CpuSet) cpus = shape_cpus(audit, vm, side);

		if (!text || g_strcmp0(text, before) == 0)
			continue;
		rule_found_fix(rule, findings, vm->subject, side_names[side], cpus, fix, "%s",
			       text);
		g_free(before);
		before = g_steal_pointer(&text);
	}
}

const Rule rule_vm_guest_siblings = {
	.id = "vm.guest-siblings",
	.severity = SEVERITY_WARNING,
	.title = "Threads of a guest core are on several cores of the host",
	.sees = "The threads of a core that the guest is told (<cpu><topology threads=…>, -smp "
		"threads=) against the cores of the CPUs that its vCPUs are pinned to, one each; "
		"with "
		"a plan, where these are the planned ones.",
	.why = "The guest's scheduler takes two threads of a core for one core's worth of work, "
	       "and two cores for two: told wrong, it crowds one core while another idles, and "
	       "its core scheduling protects nothing.",
	.remedy = "pin the vCPUs of a guest core to siblings, or tell the guest of threads=1",
	.fixes = &fixes_siblings,
	.source = "QEMU hw/core/machine-smp.c: thread ids run fastest; kernel/sched/topology.c",
	.when = WHEN_GUESTS,
	.needs = FACT_GUESTS | FACT_TOPOLOGY,
	.eval_vm = eval_siblings,
};

/* Over several parts of a node */

/* A way to divide a node: the part that a core is in, HOST_NONE = in none. */
typedef struct ShapeLevel {
	unsigned (*part)(const Core *core);
	const char *one, *many;
} ShapeLevel;

static unsigned shape_l3(const Core *core)
{
	return core->l3;
}

static unsigned shape_die(const Core *core)
{
	return core->die ? core->die : HOST_NONE;
}

static unsigned shape_cluster(const Core *core)
{
	return core->cluster ? core->cluster : HOST_NONE;
}

static unsigned shape_kind(const Core *core)
{
	return core->kind;
}

static const ShapeLevel level_l3 = {shape_l3, "L3", "L3s"};
static const ShapeLevel level_die = {shape_die, "die", "dies"};
static const ShapeLevel level_cluster = {shape_cluster, "cluster", "clusters"};
static const ShapeLevel level_kind = {shape_kind, "kind", "kinds of cores"};

/* Its own come first, then those that are isolated already. */
static unsigned core_pass(const Audit *audit, const Core *core, hwloc_const_bitmap_t own)
{
	if (threads_in(core, own))
		return 0;
	return threads_in(core, audit->isolated) == core->n_cpus ? 1 : 2;
}

/* Cores of the part of LEVEL that the VM could have: its own, and those that no pinned VM has,
 * without the boot CPU's. Their CPUs, of the first WANTED cores and as many CPUs as it has; NULL
 * = there are not as many. Yours.
 */
static hwloc_bitmap_t room_in(const Audit *audit, const ShapeLevel *level, unsigned part,
			      hwloc_const_bitmap_t own, hwloc_const_bitmap_t taken, unsigned wanted)
{
	g_auto(CpuSet) room = set_new();
	int cpus = hwloc_bitmap_weight(own);
	unsigned n = 0;

	for (unsigned pass = 0; pass < 3; pass++)
		for (unsigned i = 0; i < audit->host->cores->len; i++) {
			const Core *core = host_core(audit->host, i);

			if (n >= wanted && hwloc_bitmap_weight(room) >= cpus)
				break;
			if (level->part(core) != part || core_pass(audit, core, own) != pass ||
			    core->partial || !core->cpu[0] || threads_in(core, taken))
				continue;
			for (unsigned t = 0; t < core->n_cpus; t++)
				hwloc_bitmap_set(room, core->cpu[t]);
			n++;
		}
	return n < wanted || hwloc_bitmap_weight(room) < cpus ? NULL : g_steal_pointer(&room);
}

static hwloc_bitmap_t taken_by_others(const Audit *audit, const AuditVm *own)
{
	hwloc_bitmap_t taken = set_new();

	for (unsigned i = 0; i < audit->vms->len; i++) {
		const AuditVm *vm = g_ptr_array_index(audit->vms, i);

		if (vm != own && vm->guest && vm->dedicated)
			hwloc_bitmap_or(taken, taken, vm->cpus);
	}
	return taken;
}

/* The parts of LEVEL that CPUS are in, and how many cores they are. Yours. */
static hwloc_bitmap_t parts_of(const Host *host, const ShapeLevel *level, hwloc_const_bitmap_t cpus,
			       unsigned *cores)
{
	hwloc_bitmap_t parts = set_new();

	*cores = 0;
	for (unsigned i = 0; i < host->cores->len; i++) {
		const Core *core = host_core(host, i);

		if (!threads_in(core, cpus))
			continue;
		(*cores)++;
		if (level->part(core) != HOST_NONE)
			hwloc_bitmap_set(parts, level->part(core));
	}
	return parts;
}

/* Where it would fit into one part: the one of which most is isolated already, then the one that
 * has most of it. NULL = nowhere. Yours. */
static hwloc_bitmap_t shape_best_room(const Audit *audit, const AuditVm *vm,
				      const ShapeLevel *level, hwloc_const_bitmap_t own,
				      unsigned cores)
{
	g_auto(CpuSet) taken = taken_by_others(audit, vm), parts = NULL;
	hwloc_bitmap_t best = NULL;
	unsigned part, all;
	int most = -1;

	parts = parts_of(audit->host, level, audit->host->online, &all);
	hwloc_bitmap_foreach_begin(part, parts)
		hwloc_bitmap_t room = room_in(audit, level, part, own, taken, cores);
		g_auto(CpuSet) kept = room ? set_and(room, own) : set_new();
		g_auto(CpuSet) quiet = room ? set_and(room, audit->isolated) : set_new();
		int rank =
			hwloc_bitmap_weight(quiet) * (int)CPULIST_LIMIT + hwloc_bitmap_weight(kept);

		if (!room || rank <= most) {
			hwloc_bitmap_free(room);
			continue;
		}
		most = rank;
		hwloc_bitmap_free(best);
		best = room;
	hwloc_bitmap_foreach_end();
	return best;
}

/* Does VM lie over several parts of LEVEL within a node, of which one would do? Then that is found.
 */
static bool across_found(const Rule *rule, const Audit *audit, const AuditVm *vm,
			 const ShapeLevel *level, GPtrArray *findings)
{
	Side side = guest_side(vm->guest);
	g_auto(CpuSet) own = shape_cpus(audit, vm, side), parts = NULL, nodes = NULL, room = NULL;
	g_autofree char *list = NULL, *fix = NULL;
	unsigned cores;

	if (!audit->host || !vm->dedicated)
		return false;
	parts = parts_of(audit->host, level, own, &cores);
	nodes = host_nodes_of(audit->host, own);
	if (hwloc_bitmap_weight(parts) < 2 || hwloc_bitmap_weight(nodes) > 1)
		return false;
	room = shape_best_room(audit, vm, level, own, cores);
	if (!room)
		return false;
	list = set_text(room);
	if (fixes_text(rule->fixes, vm->guest->platform))
		fix = shape_fix(rule, vm, list, "near each other are");
	else
		fix = g_strdup_printf(
			"pin it to CPUs %s, which %s one %s%s", list,
			level == &level_kind ? "are of" : "share", level->one,
			hwloc_bitmap_isincluded(room, audit->isolated) ? "" : ", and isolate them");
	rule_found_fix(rule, findings, vm->subject, side_names[side], own, fix,
		       "its %u cores lie over %d %s, and one %s has room for them", cores,
		       hwloc_bitmap_weight(parts), level->many, level->one);
	return true;
}

static void eval_caches(const Rule *rule, const Audit *audit, const AuditVm *vm,
			GPtrArray *findings)
{
	if (!across_found(rule, audit, vm, &level_l3, findings) &&
	    !across_found(rule, audit, vm, &level_die, findings))
		across_found(rule, audit, vm, &level_cluster, findings);
}

const Rule rule_vm_pin_across_caches = {
	.id = "vm.pin-across-caches",
	.severity = SEVERITY_WARNING,
	.title = "A VM that fits one L3, die or cluster is pinned across several",
	.sees = "The L3s, dies or clusters of a dedicated VM's pins within one NUMA node, where "
		"another choice of cores, without those of other pinned VMs and of the boot CPU, "
		"would have one.",
	.why = "What one vCPU wrote another reads from the other L3, several times as slow; the "
	       "guest, which sees one cache, schedules as if it were near.",
	.remedy = "pin it within one L3: 'planner plan' chooses",
	.fixes = &fixes_near,
	.source = "Documentation/admin-guide/mm/numaperf.rst; AMD tuning guides on CCX",
	.when = WHEN_NO_PLAN | WHEN_GUESTS,
	.needs = FACT_GUESTS | FACT_TOPOLOGY,
	.eval_vm = eval_caches,
};

static void eval_kinds(const Rule *rule, const Audit *audit, const AuditVm *vm, GPtrArray *findings)
{
	across_found(rule, audit, vm, &level_kind, findings);
}

const Rule rule_vm_pin_across_kinds = {
	.id = "vm.pin-across-kinds",
	.severity = SEVERITY_WARNING,
	.title = "A VM that fits cores of one kind is pinned to several kinds",
	.sees = "On hybrid processors the kinds of the cores of a dedicated VM's pins "
		"(performance, efficient), where one kind has room for all of them, without the "
		"cores of other pinned VMs and of the boot CPU.",
	.why = "The guest believes that its vCPUs are equally fast, and its work waits for the "
	       "slowest of them. It may also be told of sibling threads that do not exist.",
	.remedy = "pin it to cores of one kind: 'planner plan' chooses",
	.fixes = &fixes_near,
	.source = "/sys/devices/cpu_core/cpus, cpu_atom/cpus; cpu_capacity",
	.when = WHEN_NO_PLAN | WHEN_GUESTS,
	.needs = FACT_GUESTS | FACT_TOPOLOGY,
	.eval_vm = eval_kinds,
};
