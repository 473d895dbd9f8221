/* SPDX-License-Identifier: MIT */
/* Rules where the kernel isolates nothing: is the host kept off its VMs' CPUs all the same? */
#include "planner/base/subject.h"
#include "planner/check/fence.h"
#include "planner/check/rules_sides.h"
#include "planner/check/rules_table.h"
#include "topology/base/list.h"

#include <string.h>

#define STATUS_FILE "/proc/PID/task/TID/status Cpus_allowed_list"

/* The CPUs of VMs that run, each vCPU on one of its own, other than OWN (NULL = none): of those
 * that have CPUs of CPUS (NULL = any). Their names into NAMES, unless that is NULL. Yours. */
static hwloc_bitmap_t fence_pinned(const Audit *audit, const AuditVm *own,
				   hwloc_const_bitmap_t cpus, Naming *names)
{
	hwloc_bitmap_t held = set_new();

	for (unsigned i = 0; i < audit->vms->len; i++) {
		const AuditVm *vm = g_ptr_array_index(audit->vms, i);

		if (vm == own || !vm->dedicated || !vm->guest || !vm->guest->running ||
		    (cpus && !set_meets(vm->cpus, cpus)))
			continue;
		hwloc_bitmap_or(held, held, vm->cpus);
		if (names)
			naming_add(names, vm->name);
	}
	return held;
}

/* The same of all of them, where the kernel isolates nothing; else none. */
static hwloc_bitmap_t fence_held(const Audit *audit, Naming *names)
{
	return hwloc_bitmap_iszero(audit->isolated) ? fence_pinned(audit, NULL, NULL, names)
						    : set_new();
}

/* The slice or scope at the top that TASK is in: "user.slice"; NULL where that is of VMs, whose
 * helpers may share their CPUs, or not known. Yours. */
static char *fence_slice(const Task *task)
{
	static const char *const of_vms[] = {"machine", "qemu", "kubepods", "libvirt"};
	const char *group = task->cgroup && *task->cgroup ? task->cgroup + 1 : NULL;

	for (unsigned i = 0; group && i < G_N_ELEMENTS(of_vms); i++)
		if (g_str_has_prefix(group, of_vms[i]))
			return NULL;
	if (group && !*group)
		return g_strdup("/");
	return group ? g_strndup(group, strcspn(group, "/")) : NULL;
}

/* slice → a task of it that may run on HELD, borrowed; *N counts all. Yours. */
static GTree *fence_intruders(const Audit *audit, hwloc_const_bitmap_t held, unsigned *n)
{
	const GArray *tasks = audit->facts->tasks->tasks;
	g_autoptr(GHashTable) guests = guest_pids(audit);
	GTree *found =
		g_tree_new_full((GCompareDataFunc)(void (*)(void))strcmp, NULL, g_free, NULL);

	*n = 0;
	for (unsigned i = 0; i < tasks->len; i++) {
		const Task *task = &g_array_index(tasks, Task, i);
		g_autofree char *slice = NULL;

		if (task->kernel || task->vhost_of || !set_meets(task->allowed, held) ||
		    hwloc_bitmap_isincluded(task->allowed, held) ||
		    g_hash_table_contains(guests, GUINT_TO_POINTER(task->pid)))
			continue;
		slice = fence_slice(task);
		*n += slice != NULL;
		if (slice && !g_tree_lookup(found, slice))
			g_tree_insert(found, g_steal_pointer(&slice), (gpointer)task);
	}
	return found;
}

/* Does the line of the next boot isolate CPUS? */
static bool fence_comes(const Audit *audit, hwloc_const_bitmap_t cpus)
{
	return audit->next_effects && hwloc_bitmap_isincluded(cpus, audit->next_effects->domain);
}

static gboolean intruder_name(gpointer slice, gpointer value, gpointer slices)
{
	const Task *task = value;
	g_autofree char *name = g_strdup_printf("%s (such as %s, %u)", (const char *)slice,
						task->comm ? task->comm : "?", task->tid);

	naming_add(slices, name);
	return FALSE;
}

/* Is it found that N tasks may run on HELD, which nothing isolates? What a broken list lost is
 * another finding. */
static bool intruders_found(const Audit *audit, unsigned n, hwloc_const_bitmap_t held)
{
	return n && !lists_refused(audit) && !hwloc_bitmap_isincluded(held, audit->lost);
}

static void eval_user_on_vm(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	Naming names = {0}, slices = {0};
	g_auto(CpuSet) held = fence_held(audit, &names);
	unsigned n = 0;
	g_autoptr(GTree) found = fence_intruders(audit, held, &n);
	g_autofree char *list = set_text(held), *vms = naming_end(&names), *text = NULL;

	g_tree_foreach(found, intruder_name, &slices);
	text = naming_end(&slices);
	if (intruders_found(audit, n, held))
		rule_found_fix(
			rule, findings, "tasks", STATUS_FILE, held,
			fence_comes(audit, held) ? "reboot: the next boot isolates them"
						 : rule->remedy,
			"nothing isolates CPUs %s, which %s %s pinned to: %u task%s of the host "
			"may run there, in %s",
			list, vms, strchr(vms, ',') ? "are" : "is", n, n == 1 ? "" : "s", text);
}

const Rule rule_task_user_on_vm = {
	.id = "task.user-on-vm",
	.severity = SEVERITY_WARNING,
	.title = "Tasks of the host may run on the CPUs of a pinned VM",
	.sees = "Where no CPU is isolated: Cpus_allowed_list of every thread that belongs to no "
		"VM, against the CPUs of running VMs whose every vCPU is pinned to one CPU. Groups "
		"of VMs (machine.slice, qemu.slice, kubepods) are left out, and tasks that were "
		"put on these CPUs alone.",
	.why = "A pin keeps a vCPU on its CPU, but it keeps no other task off it. AllowedCPUs= "
	       "does, if every slice of the host has it. One slice without it is enough to let "
	       "tasks in.",
	.remedy = "isolate the CPUs ('planner emit cmdline'), or keep each slice off them: "
		  "'systemctl set-property SLICE AllowedCPUs=HOST-CPUS' for init.scope, "
		  "system.slice and user.slice",
	.fixes = &fixes_fence,
	.source = "systemd.resource-control(5) AllowedCPUs=; "
		  "Documentation/admin-guide/cgroup-v2.rst cpuset.cpus",
	.when = WHEN_NO_PLAN | WHEN_GUESTS,
	.needs = FACT_TASKS | FACT_GUESTS | FACT_ISOLATED,
	.eval = eval_user_on_vm,
};

/* Which threads of VM may run on the CPUs of other VMs. */
typedef struct FenceVisit {
	const Audit *audit;
	const AuditVm *vm;
	hwloc_const_bitmap_t others; /* CPUs of the other VMs */
	hwloc_bitmap_t cpus;	     /* where the threads may run */
	unsigned vcpus, workers;
} FenceVisit;

/* Two that are bound to one CPU vm.pin-doubled tells of. */
static bool fence_hit(FenceVisit *visit, const GuestThread *thread)
{
	const Guest *guest = visit->vm->guest;
	hwloc_const_bitmap_t place =
		thread->real ? thread->real
			     : thread_place(visit->audit, guest, thread, guest_side(guest));

	if (!place || set_single(place) || !set_meets(place, visit->others))
		return false;
	hwloc_bitmap_or(visit->cpus, visit->cpus, place);
	return true;
}

static void fence_worker(const GuestThread *thread, bool io, void *data)
{
	FenceVisit *visit = data;

	(void)io;
	visit->workers += fence_hit(visit, thread);
}

static void found_free_on_pinned(const Rule *rule, const FenceVisit *visit, GPtrArray *findings)
{
	g_auto(CpuSet) cpus = set_and(visit->cpus, visit->others), held = NULL;
	g_autofree char *list = set_text(cpus), *owners = NULL;
	g_autoptr(GString) who = g_string_new(NULL);
	Naming naming = {0};
	bool several;

	held = fence_pinned(visit->audit, visit->vm, cpus, &naming);
	several = naming.n > 1;
	owners = naming_end(&naming);
	if (visit->vcpus)
		list_add(who, "%u vCPU%s", visit->vcpus, visit->vcpus == 1 ? "" : "s");
	if (visit->workers)
		list_add(who, "%u emulator or I/O thread%s", visit->workers,
			 visit->workers == 1 ? "" : "s");
	rule_found_vm(rule, findings, visit->vm, STATUS_FILE, cpus,
		      "%s may run on CPUs %s, which %s %s pinned to", who->str, list, owners,
		      several ? "are" : "is");
}

static void eval_free_on_pinned(const Rule *rule, const Audit *audit, const AuditVm *vm,
				GPtrArray *findings)
{
	g_auto(CpuSet) others = fence_pinned(audit, vm, NULL, NULL), cpus = set_new();
	FenceVisit visit = {audit, vm, others, cpus, 0, 0};

	if (!vm->guest->running || !hwloc_bitmap_iszero(audit->isolated) || lists_refused(audit))
		return;
	for (unsigned v = 0; v < vm->guest->vcpu_threads->len; v++)
		visit.vcpus += fence_hit(&visit, guest_thread(vm->guest->vcpu_threads, v));
	each_worker(vm->guest, fence_worker, &visit);
	if (visit.vcpus || visit.workers)
		found_free_on_pinned(rule, &visit, findings);
}

const Rule rule_vm_free_on_pinned = {
	.id = "vm.free-on-pinned",
	.severity = SEVERITY_WARNING,
	.title = "Threads of a VM may run on the CPUs of a pinned one",
	.sees = "Where no CPU is isolated: the affinity of the vCPUs, emulator and I/O threads of "
		"running VMs, unless it is one CPU, against the CPUs of other running VMs whose "
		"every vCPU is pinned to one CPU.",
	.why = "A pin keeps a vCPU on its CPU, but it keeps no other task off it. The pinned VM "
	       "waits whenever the scheduler puts the other one there.",
	.remedy = "give it CPUs that no VM is pinned to: <vcpu cpuset='…'>, emulatorpin and "
		  "iothreadpin",
	.fixes = &fixes_float,
	.source = "sched(7); libvirt domain XML <vcpu cpuset>",
	.when = WHEN_NO_PLAN | WHEN_GUESTS,
	.needs = FACT_GUESTS | FACT_THREADS | FACT_ISOLATED,
	.eval_vm = eval_free_on_pinned,
};

/* Of systemd and what it started, who may run on every CPU that is online? */
static unsigned fence_unfenced(const Audit *audit, Naming *names)
{
	const GArray *tasks = audit->facts->tasks->tasks;
	unsigned n = 0;

	for (unsigned i = 0; i < tasks->len; i++) {
		const Task *task = &g_array_index(tasks, Task, i);
		bool service = task->cgroup && (g_str_has_prefix(task->cgroup, "/system.slice") ||
						g_str_has_prefix(task->cgroup, "/init.scope"));
		g_autofree char *name = NULL;

		if (task->kernel || task->tid != task->pid || !(service || task->pid == 1) ||
		    !task->allowed || !hwloc_bitmap_isincluded(audit->online, task->allowed))
			continue;
		name = g_strdup_printf("%s (%u)", task->comm ? task->comm : "?", task->pid);
		naming_add(names, name);
		n++;
	}
	return n;
}

static void eval_not_in_force(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	const char *what;
	g_auto(CpuSet) set = systemd_affinity(audit->facts, audit->cmdline, &what);
	Naming naming = {0};
	unsigned n = set && !hwloc_bitmap_iszero(audit->online) &&
				     !hwloc_bitmap_isincluded(audit->online, set)
			     ? fence_unfenced(audit, &naming)
			     : 0;
	g_autofree char *list = set_text(set), *names = naming_end(&naming);

	/* Main threads are enough. */
	if (set && !audit->facts->tasks->tasks->len)
		rule_unknown(rule, findings, "services", STATUS_FILE, "no task is known");
	if (n)
		rule_found(rule, findings, "services", STATUS_FILE, NULL,
			   "%s says %s, but %u service%s may run on every CPU: %s", what, list, n,
			   n == 1 ? "" : "s", names);
}

const Rule rule_service_affinity_lost = {
	.id = "service.affinity-lost",
	.severity = SEVERITY_WARNING,
	.title = "The CPU affinity of systemd is not in effect",
	.sees = "CPUAffinity= of system.conf and its drop-ins, or systemd.cpu_affinity= on the "
		"kernel line, against the real affinity of PID 1 and of the services in "
		"system.slice: those that may run on every CPU.",
	.why = "It takes a reboot, or 'systemctl daemon-reexec' and a restart of each service. "
	       "Before 6.2 the kernel also resets it whenever a cpuset is enabled: by "
	       "AllowedCPUs=, by a container's runtime.",
	.remedy = "reboot; on kernels before 6.2 use AllowedCPUs= of the slices instead",
	.source = "systemd-system.conf(5); systemd issue 23748; kernel commit da019032819a (6.2)",
	.needs = FACT_SERVICES,
	.eval = eval_not_in_force,
};

/* Does task.user-on-vm find any task? */
static bool user_on_vm_found(const Audit *audit, hwloc_const_bitmap_t held)
{
	unsigned n;

	g_tree_unref(fence_intruders(audit, held, &n));
	return intruders_found(audit, n, held);
}

/* Cores whose threads the host and a VM divide, where nothing is isolated but services are fenced.
 */
static void eval_fence_split(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	const char *what;
	g_auto(CpuSet) fence = fence_of(audit->facts, audit->cmdline, &what), cpus = set_new();
	Naming names = {0}, cores = {0};
	g_auto(CpuSet) held = fence_held(audit, &names), open = set_new();
	g_autofree char *vms = naming_end(&names), *text = NULL;

	/* A fence that has the VMs' CPUs themselves: task.user-on-vm says that. */
	if (fence && user_on_vm_found(audit, held))
		hwloc_bitmap_and(open, fence, held);
	for (unsigned i = 0; fence && audit->host && i < audit->host->cores->len; i++) {
		const Core *core = host_core(audit->host, i);
		g_autofree char *name = siblings_name(core);

		if (!threads_in(core, fence) || !threads_in(core, held) || threads_in(core, open))
			continue;
		naming_add(&cores, name);
		for (unsigned t = 0; t < core->n_cpus; t++)
			hwloc_bitmap_set(cpus, core->cpu[t]);
	}
	text = naming_end(&cores);
	if (*text)
		rule_found(rule, findings, "topology", "cpuset.cpus, CPUAffinity", cpus,
			   "%s leaves the host threads of cores that %s %s pinned to: %s", what,
			   vms, strchr(vms, ',') ? "are" : "is", text);
}

const Rule rule_topology_fence_split = {
	.id = "topology.fence-split",
	.severity = SEVERITY_WARNING,
	.title = "The host is kept to threads of a VM's cores",
	.sees = "Where no CPU is isolated: the threads of each core against the CPUs that services "
		"are kept to (AllowedCPUs= of the slices, CPUAffinity=, systemd.cpu_affinity=, "
		"tuned.non_isolcpus=) and those of running pinned VMs. A core on which the host "
		"has a VM's own CPU is left out where task.user-on-vm finds who may run there.",
	.why = "Threads of a core share its pipelines and caches: the second threads of the host's "
	       "cores belong to the host.",
	.remedy = "keep the host to whole cores, and pin VMs to others",
	.fixes = &fixes_whole,
	.source = "Documentation/admin-guide/hw-vuln/core-scheduling.rst",
	.when = WHEN_NO_PLAN | WHEN_GUESTS,
	.needs = FACT_TOPOLOGY | FACT_GUESTS,
	.eval = eval_fence_split,
};
