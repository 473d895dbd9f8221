/* SPDX-License-Identifier: MIT */
/* Rules over tasks: who else may run on isolated CPUs? */
#include "planner/check/fence.h"
#include "planner/check/line_advice.h"
#include "planner/check/rules_group.h"
#include "planner/check/rules_table.h"

#include <string.h>

#define STATUS_FILE "/proc/PID/task/TID/status Cpus_allowed_list"

/*
 * Kernel threads that stay on all CPUs by themselves and do harm on none: memory management's per
 * node, workqueues' rescuers, RCU's own, and threads that follow their interrupt.
 */
static bool rules_task_harmless(const char *comm)
{
	static const char *const prefixes[] = {
		"kswapd",	"kcompactd", "khugepaged",   "rcu",	   "kworker/R-", "irq/",
		"slub_flushwq", "netns",     "mm_percpu_wq", "oom_reaper", "kthreadd",
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(prefixes); i++)
		if (g_str_has_prefix(comm, prefixes[i]))
			return true;
	return false;
}

/* Threads of VMs have rules of their own; a QEMU whose domain was not told is one all the same. */
static bool rules_task_is_qemu(const Task *task)
{
	return task->pid == task->tid && task->comm &&
	       (g_str_has_prefix(task->comm, "qemu-") || g_str_equal(task->comm, "kvm"));
}

GHashTable *guest_pids(const Audit *audit)
{
	GHashTable *pids = g_hash_table_new(NULL, NULL);
	const GArray *tasks = audit->facts->tasks->tasks;
	const GuestFacts *guests = audit->facts->guests;

	for (unsigned i = 0; i < tasks->len; i++) {
		const Task *task = &g_array_index(tasks, Task, i);

		if (rules_task_is_qemu(task))
			g_hash_table_add(pids, GUINT_TO_POINTER(task->pid));
	}
	for (unsigned i = 0; guests && i < guests->guests->len; i++) {
		const Guest *guest = g_ptr_array_index(guests->guests, i);

		if (guest->pid)
			g_hash_table_add(pids, GUINT_TO_POINTER(guest->pid));
	}
	return pids;
}

/* The tasks of a kind that may run on isolated CPUs. */
typedef struct Search {
	const Audit *audit;
	GHashTable *guests;
	bool (*is)(const struct Search *search, const Task *task);
	const char *what;
} Search;

/* The timer of a VM on that VM's own CPUs, as KubeVirt puts it on purpose. Its name holds the pid
 * as the container counts; where no VM has that one, it is of some VM of a container. */
static bool is_own_timer(const Audit *audit, const Task *task)
{
	static const char prefix[] = "kvm-pit/";
	guint64 pid;

	if (!g_str_has_prefix(task->comm, prefix) ||
	    !g_ascii_string_to_unsigned(task->comm + strlen(prefix), 10, 1, G_MAXINT, &pid, NULL))
		return false;
	for (unsigned i = 0; i < audit->vms->len; i++) {
		const AuditVm *vm = g_ptr_array_index(audit->vms, i);
		const Guest *guest = vm->guest;
		bool contained = guest && platform_base(guest->platform) == PLATFORM_KUBEVIRT;

		if (guest && (guest->pid == pid || contained) &&
		    hwloc_bitmap_isincluded(task->allowed, vm->cpus))
			return true;
	}
	return false;
}

static bool is_kernel_thread(const Search *search, const Task *task)
{
	return task->kernel && !task->unmovable && !task->vhost_of &&
	       !rules_task_harmless(task->comm) && !is_own_timer(search->audit, task);
}

/* A worker inherits the emulator's affinity: the plan may have kept a CPU for that. */
static bool is_kept_for(const AuditVm *vm, const Task *task)
{
	return vm->guest && vm->guest->pid == task->vhost_of && vm->vm && vm->vm->emulatorpin &&
	       hwloc_bitmap_isincluded(task->allowed, vm->vm->emulatorpin);
}

static bool is_vhost(const Search *search, const Task *task)
{
	const GPtrArray *vms = search->audit->vms;

	for (unsigned i = 0; task->vhost_of && i < vms->len; i++)
		if (is_kept_for(g_ptr_array_index(vms, i), task))
			return false;
	return task->vhost_of != 0;
}

/* What runs on SDK CPUs alone is the SDK's; without a plan, what was put on isolated CPUs alone. */
static bool is_sdk(const Audit *audit, hwloc_const_bitmap_t allowed)
{
	return hwloc_bitmap_isincluded(allowed, audit->plan ? audit->sdk_cpus : audit->isolated);
}

/* The VM on whose own cores TASK may run as well, though it is none of its threads; NULL. */
static const AuditVm *task_beside(const Audit *audit, const Task *task)
{
	for (unsigned i = 0; !audit->plan && !task->kernel && i < audit->vms->len; i++) {
		const AuditVm *vm = g_ptr_array_index(audit->vms, i);

		g_auto(CpuSet) own = vm->guest && vm->guest->running && vm->dedicated
					     ? cores_of(audit->host, vm->cpus)
					     : NULL;

		if (own && set_meets(task->allowed, own) && !vm_has_helper(vm->guest, task))
			return vm;
	}
	return NULL;
}

/* Did systemd's own setting put it there? Then service.systemd-affinity says so. */
static bool is_put_by_systemd(const Audit *audit, const Task *task)
{
	const char *what;
	g_auto(CpuSet) set = systemd_affinity(audit->facts, audit->cmdline, &what);

	return set && set_meets(set, audit->isolated) && set_same(set, task->allowed);
}

static bool is_user(const Search *search, const Task *task)
{
	return !task->kernel && !task->vhost_of &&
	       !g_hash_table_contains(search->guests, GUINT_TO_POINTER(task->pid)) &&
	       (!is_sdk(search->audit, task->allowed) || task_beside(search->audit, task)) &&
	       !is_put_by_systemd(search->audit, task);
}

/* VM: the one whose CPUs it has; NULL. */
static char *task_text(const Task *task, const AuditVm *vm)
{
	g_autofree char *list = set_text(task->allowed);
	bool beside = vm && !set_meets(task->allowed, vm->cpus);

	return g_strdup_printf("%s (%u, on CPUs %s%s%s)", task->comm ? task->comm : "?", task->tid,
			       list,
			       beside ? " beside "
			       : vm   ? " of "
				      : "",
			       vm ? vm->name : "");
}

/* The CPUs of containers are their runtime's to set, which gives them all. */
static bool is_contained(const Task *task)
{
	static const char *const runtimes[] = {"/kubepods",
					       "/lxc",
					       "/docker",
					       "/system.slice/docker-",
					       "/machine.slice/libpod-",
					       "/libpod_parent"};

	for (unsigned i = 0; task->cgroup && i < G_N_ELEMENTS(runtimes); i++)
		if (g_str_has_prefix(task->cgroup, runtimes[i]))
			return true;
	return false;
}

/* Nothing keeps tasks off CPUs that the kernel does not isolate; and one that was put on isolated
 * CPUs alone has to go elsewhere, or the VM has. Yours. */
static char *search_fix(const Rule *rule, const Search *search, hwloc_const_bitmap_t cpus,
			bool beside, bool contained)
{
	static const LineAdvice line = {
		LINE_ISOLCPUS, "keep each slice off them (AllowedCPUs=): nohz_full= moves no task",
		false};
	const Audit *audit = search->audit;
	const char *fence = fixes_text(&fixes_fence, audit->facts->platform);

	if (search->guests && !set_meets(audit->quiet, audit->isolated)) {
		char *text =
			fence ? g_strdup(fence)
			      : line_advice_text(&line, line_stand(audit, LINE_ISOLCPUS, cpus));

		return text ? text
			    : g_strdup("boot with isolcpus= of these CPUs: nohz_full= moves no "
				       "task; or keep each slice off them (AllowedCPUs=)");
	}
	if (search->guests && contained)
		return g_strdup("keep the containers off them: --cpuset-cpus (Docker, Podman), "
				"lxc.cgroup2.cpuset.cpus (LXC), for pods cpuManagerPolicy: static "
				"of kubelet with these CPUs in no pool that pods share");
	return g_strdup(beside ? "bind it to cores that no VM has (a PMD by its mask, another task "
				 "where it is started), or pin the VM elsewhere"
			       : rule->remedy);
}

static void search_tasks(const Rule *rule, const Search *search, GPtrArray *findings)
{
	const Audit *audit = search->audit;
	const GArray *tasks = audit->facts->tasks->tasks;
	g_auto(CpuSet) cpus = set_new(), left = set_minus(audit->isolated, audit->lost);
	Naming naming = {0};
	unsigned n = 0, beside = 0, contained = 0;
	g_autofree char *text = NULL, *fix = NULL;

	for (unsigned i = 0; i < tasks->len; i++) {
		const Task *task = &g_array_index(tasks, Task, i);
		const AuditVm *vm = NULL;
		g_autofree char *name = NULL;

		if (!set_meets(task->allowed, left) || !search->is(search, task))
			continue;
		if (is_sdk(audit, task->allowed))
			vm = task_beside(audit, task);
		beside += vm != NULL;
		contained += is_contained(task);
		name = task_text(task, vm);
		naming_add(&naming, name);
		hwloc_bitmap_or(cpus, cpus, task->allowed);
		n++;
	}
	hwloc_bitmap_and(cpus, cpus, left);
	text = naming_end(&naming);
	fix = search_fix(rule, search, cpus, n == beside, n == contained);
	if (n)
		rule_found_fix(rule, findings, "tasks", STATUS_FILE, cpus, fix,
			       "%u %s%s may run on isolated CPUs: %s%s", n, search->what,
			       n == 1 ? "" : "s", text,
			       set_meets(audit->quiet, audit->isolated)
				       ? ""
				       : "; the kernel isolates none of these CPUs");
}

static void eval_kernel_thread(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	const Search search = {audit, NULL, is_kernel_thread, "kernel thread"};

	search_tasks(rule, &search, findings);
}

static const LineAdvice kernel_thread_line = {LINE_NOHZ_FULL, "'taskset -pc HOST-CPUS TID'", false};

const Rule rule_task_kernel_thread_on_isolated = {
	.id = "task.kernel-thread-on-isolated",
	.severity = SEVERITY_WARNING,
	.title = "Movable kernel threads may run on isolated CPUs",
	.sees = "Cpus_allowed_list of every kernel thread that the kernel itself does not bind "
		"(PF_NO_SETAFFINITY: ksoftirqd, migration, cpuhp, kworker/N), except kswapd, "
		"kcompactd, workqueues' rescuers, RCU's threads and those of interrupts.",
	.why = "Each of them may wake up on a dedicated CPU. nohz_full moves kthreadd and its "
	       "children away (5.9 and later), isolcpus does not.",
	.remedy = "boot with nohz_full, or 'taskset -pc HOST-CPUS TID'",
	.fixes = &fixes_line,
	.line = &kernel_thread_line,
	.source = "kernel/kthread.c kthread(); "
		  "Documentation/admin-guide/kernel-per-CPU-kthreads.rst",
	.when = WHEN_ISOLATED,
	.needs = FACT_TASKS,
	.eval = eval_kernel_thread,
};

static void eval_user(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	g_autoptr(GHashTable) guests = guest_pids(audit);
	const Search search = {audit, guests, is_user, "user task"};

	search_tasks(rule, &search, findings);
}

const Rule rule_task_user_on_isolated = {
	.id = "task.user-on-isolated",
	.severity = SEVERITY_ERROR,
	.title = "User tasks may run on isolated CPUs",
	.sees = "Cpus_allowed_list of every thread that belongs to no VM. Tasks only on SDK CPUs "
		"belong to the SDK; without a plan, those only on isolated CPUs were put there on "
		"purpose, unless a running VM is pinned to these cores.",
	.why = "Tasks inherit the affinity of init, without isolated CPUs. If a task may run "
	       "there, something set its affinity or changed a cpuset.",
	.remedy = "'taskset -apc HOST-CPUS PID', and fix what starts it (CPUAffinity=, "
		  "AllowedCPUs=, a wrapper)",
	.source = "kernel/sched/isolation.c; kernel/cgroup/cpuset.c",
	.when = WHEN_ISOLATED,
	.needs = FACT_TASKS | FACT_ISOLATED,
	.eval = eval_user,
};

static void eval_vhost(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	const Search search = {audit, NULL, is_vhost, "vhost worker"};

	search_tasks(rule, &search, findings);
}

const Rule rule_task_vhost_on_isolated = {
	.id = "task.vhost-on-isolated",
	.severity = SEVERITY_WARNING,
	.title = "vhost workers may run on isolated CPUs",
	.sees = "Cpus_allowed_list of every vhost-PID thread. A CPU that the plan keeps for the "
		"VM's emulator is theirs, too.",
	.why = "These threads process the network traffic of a VM. vcpupin does not cover them; "
	       "they keep the affinity that QEMU had when it started them.",
	.remedy = "give the VM an emulatorpin on host CPUs and restart it, or 'taskset -pc "
		  "HOST-CPUS TID'",
	.fixes = &fixes_emulator,
	.source = "drivers/vhost/vhost.c vhost_worker_create()",
	.when = WHEN_ISOLATED,
	.needs = FACT_TASKS,
	.eval = eval_vhost,
};

static void eval_workqueue(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	rule_found_on_isolated(
		rule, audit, findings, "tasks", "/sys/devices/virtual/workqueue/cpumask",
		audit->facts->kernel->workqueue, "unbound work may run on", audit->lost);
}

const Rule rule_task_workqueue_on_isolated = {
	.id = "task.workqueue-on-isolated",
	.severity = SEVERITY_WARNING,
	.title = "Unbound work may run on isolated CPUs",
	.sees = "/sys/devices/virtual/workqueue/cpumask against the isolated CPUs. The mask of the "
		"writeback workqueue is not judged: its intersection with this one counts.",
	.why = "Kernel work of any kind is queued there. The kernel removes isolcpus and nohz_full "
	       "from the mask at boot. Something changed it since, or isolation is by cpuset "
	       "partitions before 6.12.",
	.remedy = "write the mask of the host's CPUs to the file",
	.fixes = &fixes_host,
	.source = "kernel/workqueue.c workqueue_init_early()",
	.when = WHEN_ISOLATED,
	.needs = FACT_WORKQUEUE,
	.eval = eval_workqueue,
};
