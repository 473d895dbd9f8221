/* SPDX-License-Identifier: MIT */
/* Rules over pins as the domain XML has them. */
#include "planner/base/version.h"
#include "planner/check/rules_group.h"
#include "planner/check/rules_sides.h"
#include "planner/check/rules_table.h"
#include "topology/base/list.h"

#include <string.h>

static const GuestThread *vcpu_of(const AuditVm *vm, unsigned v)
{
	return guest_thread(vm->guest->vcpu_threads, v);
}

static unsigned rules_pin_vcpus_of(const AuditVm *vm)
{
	return vm->guest->vcpu_threads->len;
}

/* "…: vCPU 1, vCPU 3", or NULL and nothing where none was named. */
static char *rules_pin_sentence(Naming *naming, const char *what)
{
	g_autofree char *names = naming_end(naming);

	return *names ? g_strdup_printf("%s: %s", what, names) : NULL;
}

/* Missing */

static bool any_single(const Audit *audit, const AuditVm *vm, Side side)
{
	for (unsigned v = 0; v < rules_pin_vcpus_of(vm); v++)
		if (set_single(thread_pin(audit, vm->guest, vcpu_of(vm, v), side)))
			return true;
	return false;
}

/* Without a plan that says otherwise, do the vCPUs without a pin float over CPUs of the host, as
 * <vcpu cpuset> has it, and over none that the others are pinned to? Then it is a VM of both kinds.
 */
static bool floats_on_host(const Audit *audit, const AuditVm *vm, Side side)
{
	hwloc_const_bitmap_t place = vm->vm ? NULL : guest_cpuset(vm->guest, side);

	if (!place || set_meets(place, audit->isolated))
		return false;
	for (unsigned v = 0; v < rules_pin_vcpus_of(vm); v++)
		if (set_meets(thread_pin(audit, vm->guest, vcpu_of(vm, v), side), place))
			return false;
	return true;
}

/* A pin, or a <vcpu cpuset> of one CPU. While it runs, somebody else may have pinned the thread. */
static bool rules_pin_is_there(const Audit *audit, const AuditVm *vm, unsigned v, Side side)
{
	const GuestThread *thread = vcpu_of(vm, v);

	if (side == SIDE_REAL && !thread->real)
		return true; /* for all that is known */
	if (thread_pin(audit, vm->guest, thread, side) || set_single(guest_cpuset(vm->guest, side)))
		return true;
	if (side == SIDE_LIVE)
		return set_single(thread_pin(audit, vm->guest, thread, SIDE_REAL));
	return side == SIDE_REAL && guest_has(vm->guest, SIDE_LIVE);
}

static char *judge_missing(const Audit *audit, const AuditVm *vm, Side side, hwloc_bitmap_t cpus)
{
	bool pinned = vm->vm ? vm->dedicated && vm->vm->placed
			     : any_single(audit, vm, side) && !floats_on_host(audit, vm, side);
	Naming naming = {0};

	(void)cpus;
	for (unsigned v = 0; pinned && v < rules_pin_vcpus_of(vm); v++) {
		g_autofree char *name = g_strdup_printf("vCPU %u", v);

		if (!rules_pin_is_there(audit, vm, v, side))
			naming_add(&naming, name);
	}
	return rules_pin_sentence(&naming, "without a pin");
}

const Rule rule_vm_pin_missing = {
	.id = "vm.pin-missing",
	.severity = SEVERITY_ERROR,
	.title = "A vCPU of a dedicated VM is not pinned",
	.sees = "vcpupin of each vCPU of the VMs that the plan pins; without a plan, VMs of which "
		"some vCPUs are pinned to one CPU and some are not, unless <vcpu cpuset> has these "
		"on host CPUs.",
	.why = "The vCPU floats over all CPUs that its VM may use, including those of others.",
	.remedy = "pin it: 'planner emit domain NAME'",
	.fixes = &fixes_pin,
	.source = "libvirt domain XML cputune/vcpupin",
	.when = WHEN_GUESTS,
	.needs = FACT_GUESTS,
	.judge = judge_missing,
};

/* What libvirt says of it is no pin: vm.pin-missing has that, and where its thread is follows. What
 * the next start makes does not. */
static bool is_said_missing(const Audit *audit, const AuditVm *vm, unsigned v, Side side)
{
	return side != SIDE_NEXT && guest_has(vm->guest, SIDE_LIVE) &&
	       !rules_pin_is_there(audit, vm, v, SIDE_LIVE);
}

/* Differs from the plan */

static char *judge_dedicated(const Audit *audit, const AuditVm *vm, Side side, hwloc_bitmap_t cpus)
{
	Naming naming = {0};

	for (unsigned v = 0; v < MIN(rules_pin_vcpus_of(vm), vm->vm->spec->vcpus); v++) {
		hwloc_const_bitmap_t pin = thread_pin(audit, vm->guest, vcpu_of(vm, v), side);
		g_auto(CpuSet) want = plan_vm_vcpu_cpus(vm->vm, v);
		g_autofree char *list = set_text(want);
		g_autofree char *rest = g_strdup_printf(", planned %s", list);

		if (!pin || set_same(pin, want) || is_said_missing(audit, vm, v, side))
			continue;
		name_vcpu(&naming, v, pin, rest);
		hwloc_bitmap_or(cpus, cpus, pin);
	}
	return rules_pin_sentence(&naming, "pinned differently than planned");
}

static char *judge_shared(const Audit *audit, const AuditVm *vm, Side side, hwloc_bitmap_t cpus)
{
	g_autofree char *want = set_text(vm->vm->cpuset);
	g_autofree char *rest = g_strdup_printf(", planned %s", want);
	Naming naming = {0};

	for (unsigned v = 0; v < rules_pin_vcpus_of(vm); v++) {
		hwloc_const_bitmap_t place = thread_place(audit, vm->guest, vcpu_of(vm, v), side);

		if (!place || set_same(place, vm->vm->cpuset))
			continue;
		name_vcpu(&naming, v, place, rest);
		hwloc_bitmap_or(cpus, cpus, place);
	}
	return rules_pin_sentence(&naming, "may run elsewhere than planned");
}

/* One <vcpu cpuset> for all of them is said once. */
static char *judge_cpuset(const Audit *audit, const AuditVm *vm, Side side, hwloc_bitmap_t cpus)
{
	hwloc_const_bitmap_t cpuset = guest_cpuset(vm->guest, side);
	g_autofree char *have = set_text(cpuset), *want = set_text(vm->vm->cpuset);

	for (unsigned v = 0; v < rules_pin_vcpus_of(vm); v++)
		if (thread_pin(audit, vm->guest, vcpu_of(vm, v), side))
			return judge_shared(audit, vm, side, cpus);
	if (!cpuset || set_same(cpuset, vm->vm->cpuset))
		return NULL;
	hwloc_bitmap_or(cpus, cpus, cpuset);
	return g_strdup_printf("its vCPUs float over %s, planned %s", have, want);
}

static char *judge_differs(const Audit *audit, const AuditVm *vm, Side side, hwloc_bitmap_t cpus)
{
	if (!vm->vm || !vm->vm->placed)
		return NULL;
	return vm->dedicated ? judge_dedicated(audit, vm, side, cpus)
			     : judge_cpuset(audit, vm, side, cpus);
}

const Rule rule_vm_pin_differs = {
	.id = "vm.pin-differs",
	.severity = SEVERITY_ERROR,
	.title = "A vCPU is pinned differently than planned",
	.sees = "vcpupin of each vCPU, or the <vcpu cpuset> it inherits, of the live and the "
		"inactive XML against the plan.",
	.why = "The plan gives this CPU to another VM, or the planned CPU is unused.",
	.remedy = "'planner emit virsh NAME' prints the commands, in an order that is safe",
	.fixes = &fixes_pin,
	.source = "libvirt domain XML cputune/vcpupin, vcpu/@cpuset",
	.when = WHEN_PLAN | WHEN_GUESTS,
	.needs = FACT_GUESTS,
	.judge = judge_differs,
};

/* Emulator and I/O threads against the plan */

typedef struct WorkerJudge {
	const Audit *audit;
	const AuditVm *vm;
	Side side;
	hwloc_const_bitmap_t hit; /* the CPUs that are wrong */
	hwloc_bitmap_t cpus;
	Naming naming;
} WorkerJudge;

static void name_worker(WorkerJudge *judge, const GuestThread *thread, bool io,
			hwloc_const_bitmap_t where)
{
	g_autofree char *list = set_text(where);
	g_autofree char *name = io ? g_strdup_printf("I/O thread %u on %s", thread->number, list)
				   : g_strdup_printf("emulator on %s", list);

	/* The emulator is many threads with one pin. */
	if (io || !judge->naming.text || !strstr(judge->naming.text->str, "emulator"))
		naming_add(&judge->naming, name);
}

/* Where the plan has the emulator, or an I/O thread; of one that it does not know, the emulator's.
 * NULL = it does not have the VM. */
static hwloc_const_bitmap_t worker_planned(const AuditVm *vm, const GuestThread *thread, bool io)
{
	const PlanVm *planned = vm->vm;

	if (!planned || !io || thread->number - 1 >= planned->iothreadpins->len)
		return planned ? planned->emulatorpin : NULL;
	return g_ptr_array_index(planned->iothreadpins, thread->number - 1);
}

static void worker_differs(const GuestThread *thread, bool io, void *data)
{
	WorkerJudge *judge = data;
	hwloc_const_bitmap_t pin = thread_pin(judge->audit, judge->vm->guest, thread, judge->side);

	if (pin && !set_same(pin, worker_planned(judge->vm, thread, io)))
		name_worker(judge, thread, io, pin);
}

static char *judge_emulatorpin(const Audit *audit, const AuditVm *vm, Side side,
			       hwloc_bitmap_t cpus)
{
	WorkerJudge judge = {audit, vm, side, NULL, cpus, {0}};
	g_autofree char *want = NULL, *what = NULL;

	if (!vm->vm || !vm->vm->emulatorpin)
		return NULL;
	want = plan_vm_helper_places(vm->vm);
	what = g_strdup_printf("planned on %s", want);
	each_worker(vm->guest, worker_differs, &judge);
	return rules_pin_sentence(&judge.naming, what);
}

const Rule rule_vm_emulatorpin_differs = {
	.id = "vm.emulatorpin-differs",
	.severity = SEVERITY_WARNING,
	.title = "Emulator or I/O threads are pinned differently than planned",
	.sees = "emulatorpin and iothreadpin of the live and the inactive XML against the plan.",
	.why = "They belong on host CPUs of the VM's node, or on the CPUs that the plan keeps for "
	       "them; elsewhere they compete with others or access memory of another node.",
	.remedy = "'planner emit virsh NAME' prints the commands",
	.fixes = &fixes_emulator,
	.source = "libvirt domain XML cputune/emulatorpin, cputune/iothreadpin",
	.when = WHEN_PLAN | WHEN_GUESTS,
	.needs = FACT_GUESTS,
	.judge = judge_emulatorpin,
};

/* Has somebody else CPUs of PLACE: a vCPU of any VM, or a task that was put on isolated CPUs? */
static bool others_run_on(const Audit *audit, const AuditVm *own, hwloc_const_bitmap_t place)
{
	const GArray *tasks = audit->facts->tasks->tasks;

	for (unsigned i = 0; i < audit->vms->len; i++)
		if (set_meets(((const AuditVm *)g_ptr_array_index(audit->vms, i))->cpus, place))
			return true;
	for (unsigned i = 0; i < tasks->len; i++) {
		const Task *task = &g_array_index(tasks, Task, i);

		if (!task->kernel && task->pid != own->guest->pid &&
		    !vm_has_helper(own->guest, task) && set_meets(task->allowed, place) &&
		    hwloc_bitmap_isincluded(task->allowed, audit->isolated))
			return true;
	}
	return false;
}

/* An isolated CPU more for them alone, as Nova and KubeVirt give it on request, disturbs nobody;
 * the plan may have given it. */
static bool worker_apart(const WorkerJudge *judge, const GuestThread *thread, bool io,
			 hwloc_const_bitmap_t place)
{
	hwloc_const_bitmap_t planned = worker_planned(judge->vm, thread, io);

	if (judge->audit->plan)
		return planned && hwloc_bitmap_isincluded(place, planned);
	return hwloc_bitmap_isincluded(place, judge->hit) &&
	       !others_run_on(judge->audit, judge->vm, place);
}

/* Where it may run though nobody pinned it: its next start is in groups that have isolated CPUs
 * alone. Yours; NULL = they do not confine it so. */
static hwloc_bitmap_t worker_confined(const WorkerJudge *judge)
{
	g_auto(CpuSet) left =
		judge->side == SIDE_NEXT ? groups_leave(judge->audit, judge->vm->group) : NULL;

	return left && hwloc_bitmap_isincluded(left, judge->hit) ? g_steal_pointer(&left) : NULL;
}

static void worker_hits(const GuestThread *thread, bool io, void *data)
{
	WorkerJudge *judge = data;
	hwloc_const_bitmap_t place =
		thread_place(judge->audit, judge->vm->guest, thread, judge->side);
	g_auto(CpuSet) confined = place ? NULL : worker_confined(judge);

	place = place ? place : confined;
	if (!set_meets(place, judge->hit) || worker_apart(judge, thread, io, place))
		return;
	name_worker(judge, thread, io, place);
	hwloc_bitmap_or(judge->cpus, judge->cpus, place);
}

static char *judge_emulator(const Audit *audit, const AuditVm *vm, Side side, hwloc_bitmap_t cpus)
{
	WorkerJudge judge = {audit, vm, side, audit->isolated, cpus, {0}};
	g_auto(CpuSet) realtime = vm_realtime_cpus(vm);

	if (side == SIDE_REAL && group_squeezing(audit, vm))
		return NULL; /* vm.more-vcpus-than-cpus says why */
	each_worker(vm->guest, worker_hits, &judge);
	hwloc_bitmap_and(cpus, cpus, audit->isolated);
	return rules_pin_sentence(&judge.naming,
				  set_meets(cpus, realtime)
					  ? "put on isolated CPUs, where its real-time vCPUs leave "
					    "them no time (the VM may not even boot)"
					  : "put on isolated CPUs");
}

/* Where they run: the group of the first of them, or the one that the VM's next start is in. */
static const char *worker_group(const AuditVm *vm, Side side)
{
	const GArray *threads = vm->guest->emulator_threads;

	return side == SIDE_NEXT || !threads->len ? vm->group : guest_thread(threads, 0)->group;
}

/* No pin puts them where their groups have no CPU; a partition is not to have the host's. */
static char *fix_emulator(const Rule *rule, const Audit *audit, const AuditVm *vm, Side side,
			  hwloc_const_bitmap_t cpus)
{
	const char *path = worker_group(vm, side);
	g_auto(CpuSet) left = path ? groups_leave(audit, path) : NULL;
	g_autofree char *widen = NULL;

	(void)cpus;
	if (!left || set_meets(left, audit->host_cpus) || set_meets(left, audit->partitions) ||
	    fixes_text(rule->fixes, vm->guest->platform))
		return NULL;
	widen = groups_widen(audit, path, audit->host_cpus);
	return *widen ? g_strconcat(widen, "then ", rule->remedy, NULL) : NULL;
}

const Rule rule_vm_emulator_on_isolated = {
	.id = "vm.emulator-on-isolated",
	.severity = SEVERITY_ERROR,
	.title = "Emulator or I/O threads are put on isolated CPUs",
	.sees = "emulatorpin, iothreadpin, or the <vcpu cpuset> they inherit, against the isolated "
		"CPUs; and the affinity of such threads that no XML speaks of, unless they may run "
		"everywhere; of a VM's next start, the cpusets of the groups above it. CPUs that "
		"the plan keeps for them are theirs; without a plan, isolated CPUs that nobody "
		"else "
		"runs on are.",
	.why = "A vCPU on the same CPU exits for each of their wake-ups. With cpu-pm the guest "
	       "never yields its CPU, and they starve.",
	.remedy =
		"pin them to host CPUs, or to those that the plan keeps for them: emulatorpin and "
		"iothreadpin",
	.fixes = &fixes_emulator,
	.deliberate = 1u << PLATFORM_OPENSTACK | 1u << PLATFORM_KUBEVIRT |
		      1u << PLATFORM_OPENSHIFT | 1u << PLATFORM_HARVESTER |
		      1u << PLATFORM_OPENNEBULA,
	.at_most = SEVERITY_WARNING,
	.source = "QEMU docs: -overcommit cpu-pm; libvirt domain XML cputune",
	.when = WHEN_ISOLATED | WHEN_GUESTS,
	.needs = FACT_GUESTS,
	.judge = judge_emulator,
	.fix = fix_emulator,
};

/* Pinned onto the wrong CPUs */

/* The CPUs of PLACE (NULL = none) and HIT that the plan does not give the VM; yours. */
static hwloc_bitmap_t wrong_cpus(const AuditVm *vm, hwloc_const_bitmap_t place,
				 hwloc_const_bitmap_t hit)
{
	g_auto(CpuSet) both = place ? set_and(place, hit) : set_new();
	hwloc_bitmap_t wrong = hwloc_bitmap_dup(both);
	unsigned cpu;

	hwloc_bitmap_foreach_begin(cpu, both)
		if (planned_on(vm, cpu))
			hwloc_bitmap_clr(wrong, cpu);
	hwloc_bitmap_foreach_end();
	return wrong;
}

static void name_wrong(Naming *naming, const AuditVm *vm, unsigned v, hwloc_const_bitmap_t place,
		       hwloc_const_bitmap_t hit, hwloc_bitmap_t cpus)
{
	g_auto(CpuSet) wrong = wrong_cpus(vm, place, hit);

	if (hwloc_bitmap_iszero(wrong))
		return;
	name_vcpu(naming, v, place, "");
	hwloc_bitmap_or(cpus, cpus, wrong);
}

static char *judge_on_host(const Audit *audit, const AuditVm *vm, Side side, hwloc_bitmap_t cpus)
{
	Naming naming = {0};

	for (unsigned v = 0; vm->dedicated && v < rules_pin_vcpus_of(vm); v++)
		if (!is_said_missing(audit, vm, v, side))
			name_wrong(&naming, vm, v,
				   thread_pin(audit, vm->guest, vcpu_of(vm, v), side),
				   audit->host_cpus, cpus);
	return rules_pin_sentence(&naming, "pinned to the host's CPUs");
}

const Rule rule_vm_pin_on_host = {
	.id = "vm.pin-on-host",
	.severity = SEVERITY_ERROR,
	.title = "A dedicated VM is pinned to the host's CPUs",
	.sees = "Pins of VMs that the plan pins, or whose vCPUs are all pinned to one CPU each, "
		"against the host's CPUs: those of the plan, else those that are not isolated. A "
		"thread that somebody bound to one CPU is pinned.",
	.why = "The kernel, interrupts and emulator threads run there; they and the guest disturb "
	       "each other.",
	.remedy = "pin it to isolated CPUs: 'planner plan' chooses",
	.fixes = &fixes_pin,
	.source = "the plan",
	.when = WHEN_ISOLATED | WHEN_GUESTS,
	.needs = FACT_GUESTS,
	.judge = judge_on_host,
};

static char *judge_on_sdk(const Audit *audit, const AuditVm *vm, Side side, hwloc_bitmap_t cpus)
{
	Naming naming = {0};

	for (unsigned v = 0; v < rules_pin_vcpus_of(vm); v++)
		name_wrong(&naming, vm, v, thread_place(audit, vm->guest, vcpu_of(vm, v), side),
			   audit->sdk_cpus, cpus);
	return rules_pin_sentence(&naming, "may run on the SDK's CPUs");
}

const Rule rule_vm_pin_on_sdk = {
	.id = "vm.pin-on-sdk",
	.severity = SEVERITY_ERROR,
	.title = "A VM may run on the SDK's CPUs",
	.sees = "Pins and <vcpu cpuset> against the plan's SDK CPUs.",
	.why = "Polling threads use a whole CPU; sharing it halves the time of both.",
	.remedy = "pin the VM to CPUs of its own",
	.fixes = &fixes_pin,
	.source = "the plan",
	.when = WHEN_PLAN | WHEN_GUESTS,
	.needs = FACT_GUESTS,
	.judge = judge_on_sdk,
};

/* The CPUs of PIN (NULL = none) that are not online. The kernel keeps such CPUs in a thread's mask:
 * they matter where there are no others. Yours. */
static hwloc_bitmap_t offline_of(const Audit *audit, hwloc_const_bitmap_t pin, Side side)
{
	if (!pin || (side == SIDE_REAL && set_meets(pin, audit->online)))
		return set_new();
	return set_minus(pin, audit->online);
}

static void worker_offline(const GuestThread *thread, bool io, void *data)
{
	WorkerJudge *judge = data;
	hwloc_const_bitmap_t pin = thread_pin(judge->audit, judge->vm->guest, thread, judge->side);
	g_auto(CpuSet) gone = offline_of(judge->audit, pin, judge->side);

	if (!hwloc_bitmap_iszero(gone))
		name_worker(judge, thread, io, gone);
	hwloc_bitmap_or(judge->cpus, judge->cpus, gone);
}

/* Nova takes CPUs that no VM has offline, and brings them back for the one that starts. */
static bool comes_online(const AuditVm *vm, Side side)
{
	return side == SIDE_NEXT && vm->guest->platform == PLATFORM_OPENSTACK &&
	       !vm->guest->running;
}

static char *judge_offline(const Audit *audit, const AuditVm *vm, Side side, hwloc_bitmap_t cpus)
{
	WorkerJudge judge = {audit, vm, side, audit->online, cpus, {0}};

	if (hwloc_bitmap_iszero(audit->online) || comes_online(vm, side))
		return NULL;
	for (unsigned v = 0; v < rules_pin_vcpus_of(vm); v++) {
		hwloc_const_bitmap_t pin = thread_place(audit, vm->guest, vcpu_of(vm, v), side);
		g_auto(CpuSet) gone = offline_of(audit, pin, side);

		if (!hwloc_bitmap_iszero(gone))
			name_vcpu(&judge.naming, v, gone, "");
		hwloc_bitmap_or(cpus, cpus, gone);
	}
	each_worker(vm->guest, worker_offline, &judge);
	for (unsigned v = 0; v < vm->guest->later->len; v++) {
		const GuestThread *thread = guest_thread(vm->guest->later, v);
		g_auto(CpuSet) gone =
			offline_of(audit, thread_pin(audit, vm->guest, thread, side), side);

		if (!hwloc_bitmap_iszero(gone))
			name_vcpu(&judge.naming, thread->number, gone, ", to be plugged in");
		hwloc_bitmap_or(cpus, cpus, gone);
	}
	return rules_pin_sentence(&judge.naming, "pinned to CPUs that are not online");
}

hwloc_bitmap_t pins_offline(const Audit *audit)
{
	hwloc_bitmap_t found = set_new();

	for (unsigned i = 0; i < audit->vms->len; i++) {
		const AuditVm *vm = g_ptr_array_index(audit->vms, i);

		for (Side side = SIDE_LIVE; vm->guest && side < N_SIDES; side++)
			if (guest_has(vm->guest, side))
				g_free(judge_offline(audit, vm, side, found));
	}
	return found;
}

/* What brings GONE back: nothing brings a CPU that the machine has not. Yours. */
static char *online_again(const Audit *audit, hwloc_const_bitmap_t gone)
{
	const char *smt = smt_on(audit);
	hwloc_const_bitmap_t present = audit->facts->kernel->present;
	g_auto(CpuSet) here = present ? set_and(gone, present) : hwloc_bitmap_dup(gone);
	unsigned first = (unsigned)hwloc_bitmap_first(here);

	if (hwloc_bitmap_iszero(here))
		return g_strdup("the machine has no such CPUs");
	if (smt)
		return g_strdup(smt);
	return g_strdup_printf("bring them online: echo 1 >/sys/devices/system/cpu/cpu%u/online%s",
			       first, set_single(here) ? "" : ", …");
}

static char *fix_offline(const Rule *rule, const Audit *audit, const AuditVm *vm, Side side,
			 hwloc_const_bitmap_t cpus)
{
	const char *pin = fixes_text(rule->fixes, vm->guest->platform);
	g_autofree char *again = online_again(audit, cpus), *online = set_text(audit->online);

	(void)side;
	return pin ? g_strdup_printf("%s; or pin to CPUs that are online (%s): %s", again, online,
				     pin)
		   : g_strdup_printf("%s; or pin to CPUs that are online: %s", again, online);
}

const Rule rule_vm_pin_offline = {
	.id = "vm.pin-offline",
	.severity = SEVERITY_ERROR,
	.title = "A pin names CPUs that are not online",
	.sees = "Pins and <vcpu cpuset> against /sys/devices/system/cpu/online; pins of vCPUs that "
		"may still be plugged in, too. Not of OpenStack's VMs that are shut off: its "
		"cpu_power_management brings CPUs online for the VM that starts.",
	.why = "libvirt accepts any number when a VM is defined. At the start, and when the vCPU "
	       "is plugged in (virsh setvcpus --live), it fails; without cpuset groups, the pin "
	       "silently shrinks to the online CPUs. The pin APIs hide such CPUs, the XML keeps "
	       "them.",
	.remedy = "bring the CPU online, or pin to one that is",
	.fixes = &fixes_pin,
	.source = "libvirt 9.0 virProcessSetAffinity(); sched_setaffinity(2)",
	.when = WHEN_GUESTS,
	.needs = FACT_GUESTS,
	.judge = judge_offline,
	.fix = fix_offline,
};

/* Floating over isolated CPUs */

static char *rules_pin_judge_floats(const Audit *audit, const AuditVm *vm, Side side,
				    hwloc_bitmap_t cpus)
{
	Naming naming = {0};

	if (side == SIDE_REAL && group_squeezing(audit, vm))
		return NULL; /* vm.more-vcpus-than-cpus says why */
	for (unsigned v = 0; v < rules_pin_vcpus_of(vm); v++) {
		hwloc_const_bitmap_t place = thread_place(audit, vm->guest, vcpu_of(vm, v), side);

		if (!place || hwloc_bitmap_weight(place) < 2 ||
		    !hwloc_bitmap_isincluded(place, audit->isolated))
			continue;
		name_vcpu(&naming, v, place, "");
		hwloc_bitmap_or(cpus, cpus, place);
	}
	return rules_pin_sentence(&naming, side == SIDE_REAL
						   ? "bound to more than one isolated CPU"
						   : "pinned to more than one isolated CPU");
}

const Rule rule_vm_vcpu_floats = {
	.id = "vm.vcpu-floats",
	.severity = SEVERITY_ERROR,
	.title = "A vCPU may run on several isolated CPUs",
	.sees = "vcpupin and <vcpu cpuset> that name two or more CPUs, all isolated; and the "
		"affinity of vCPU threads that no XML speaks of.",
	.why = "The scheduler does not balance between isolated CPUs: all such vCPUs share the "
	       "first of them while the others idle.",
	.remedy = "pin each vCPU to exactly one CPU, or give the VM host CPUs to float over",
	.fixes = &fixes_pin,
	.source = "Documentation/admin-guide/kernel-parameters.txt isolcpus=; sched(7)",
	.when = WHEN_ISOLATED | WHEN_GUESTS,
	.needs = FACT_GUESTS,
	.judge = rules_pin_judge_floats,
};

static char *judge_shared_on(const Audit *audit, const AuditVm *vm, Side side, hwloc_bitmap_t cpus)
{
	Naming naming = {0};

	for (unsigned v = 0; !vm->dedicated && v < rules_pin_vcpus_of(vm); v++) {
		hwloc_const_bitmap_t place = thread_place(audit, vm->guest, vcpu_of(vm, v), side);

		if (!set_meets(place, audit->isolated) ||
		    hwloc_bitmap_isincluded(place, audit->isolated))
			continue;
		name_vcpu(&naming, v, place, "");
		hwloc_bitmap_or(cpus, cpus, place);
	}
	hwloc_bitmap_and(cpus, cpus, audit->isolated);
	return rules_pin_sentence(&naming, "put on isolated CPUs too");
}

const Rule rule_vm_shared_on_isolated = {
	.id = "vm.shared-on-isolated",
	.severity = SEVERITY_ERROR,
	.title = "A shared VM is put on isolated CPUs",
	.sees = "vcpupin and <vcpu cpuset> of VMs that float, if they name both isolated and other "
		"CPUs.",
	.why = "Its vCPUs may wake up on a dedicated VM's CPU, which is then overcommitted: that "
	       "VM may no longer have cpu-pm.",
	.remedy = "give it host CPUs, or the shared pool: <vcpu cpuset='…'>",
	.fixes = &fixes_float,
	.source = "QEMU docs: -overcommit cpu-pm",
	.when = WHEN_ISOLATED | WHEN_GUESTS,
	.needs = FACT_GUESTS,
	.judge = judge_shared_on,
};

/* Free to run anywhere: no pin, no cpuset. */

/* libvirt leaves isolcpus out for itself since 10.4; cpuset partitions it never does. */
static bool libvirt_leaves_out(const Audit *audit)
{
	const char *version = audit->facts->guests->libvirt;

	return version && !version_before(version, 10, 4);
}

/* Has neither XML, nor whoever started it, told it where to run? */
static bool free_thread(const Audit *audit, const AuditVm *vm, const GuestThread *thread)
{
	const Guest *guest = vm->guest;
	Side side = guest_side(guest) == SIDE_NEXT ? SIDE_NEXT : SIDE_LIVE;
	g_auto(CpuSet) left = NULL;

	if (thread_place(audit, guest, thread, side) || thread_pin(audit, guest, thread, SIDE_REAL))
		return false;
	if (thread->real)
		return set_meets(thread->real, audit->isolated);
	if (!guest_told(guest) && !guest->unlisted)
		return false;
	left = groups_leave(audit, vm->group);
	if (left && !set_meets(left, audit->isolated))
		return false;
	if (libvirt_leaves_out(audit))
		return !hwloc_bitmap_isincluded(audit->isolated, audit->scheduler);
	return !guest->unlisted;
}

typedef struct FreeJudge {
	const Audit *audit;
	const AuditVm *vm;
	unsigned emulators, iothreads;
} FreeJudge;

static void rules_pin_count_free(const GuestThread *thread, bool io, void *data)
{
	FreeJudge *judge = data;

	if (free_thread(judge->audit, judge->vm, thread))
		*(io ? &judge->iothreads : &judge->emulators) += 1;
}

static void count_add(GString *list, unsigned n, const char *what)
{
	if (n)
		list_add(list, "%u %s%s", n, what, n > 1 ? "s" : "");
}

static void eval_free(const Rule *rule, const Audit *audit, const AuditVm *vm, GPtrArray *findings)
{
	FreeJudge judge = {audit, vm, 0, 0};
	g_autoptr(GString) who = g_string_new(NULL);
	const char *fix = NULL;
	unsigned vcpus = 0;

	for (unsigned v = 0; v < rules_pin_vcpus_of(vm); v++)
		vcpus += free_thread(audit, vm, vcpu_of(vm, v));
	each_worker(vm->guest, rules_pin_count_free, &judge);
	count_add(who, vcpus, "vCPU");
	count_add(who, judge.emulators, "emulator thread");
	count_add(who, judge.iothreads, "I/O thread");
	if (!who->len)
		return;
	if (!vcpus)
		fix = fixes_text(&fixes_emulator, vm->guest->platform);
	rule_found_fix(rule, findings, vm->subject,
		       vm->guest->running ? "/proc/PID/task/TID/status" : "inactive XML", NULL,
		       fix ? fix : rule->remedy, "%s without a pin may run on isolated CPUs",
		       who->str);
}

const Rule rule_vm_free_on_isolated = {
	.id = "vm.free-on-isolated",
	.severity = SEVERITY_WARNING,
	.title = "Threads without a pin may run on isolated CPUs",
	.sees = "vCPUs, emulator and I/O threads with neither a pin nor a <vcpu cpuset>: their "
		"real affinity if the VM runs, else what libvirt of this version would give them.",
	.why = "libvirt before 10.4 allows such threads every online CPU; later ones leave out "
	       "isolcpus, but never cpuset partitions or nohz_full. The scheduler does not balance "
	       "onto isolcpus CPUs, but nothing guarantees that these threads stay off them.",
	.remedy = "give the VM <vcpu cpuset='…'>, emulatorpin and iothreadpin on host CPUs",
	.fixes = &fixes_float,
	.source = "libvirt 9.0 and 11.3 qemuProcessGetAllCpuAffinity(); NEWS of 10.4.0",
	.when = WHEN_ISOLATED | WHEN_GUESTS,
	.needs = FACT_GUESTS,
	.eval_vm = eval_free,
};

/* Across nodes */

static unsigned largest_node(const Host *host)
{
	unsigned most = 0;

	for (unsigned i = 0; i < host->nodes->len; i++)
		most = MAX(most, (unsigned)hwloc_bitmap_weight(host_node(host, i)->cpus));
	return most;
}

static bool wide_on_purpose(const Audit *audit, const AuditVm *vm)
{
	if (vm->vm && vm->vm->placed)
		return vm->vm->shares->len > 1;
	if (vm->guest->cells > 1)
		return true;
	return rules_pin_vcpus_of(vm) > largest_node(audit->host);
}

static char *judge_across(const Audit *audit, const AuditVm *vm, Side side, hwloc_bitmap_t cpus)
{
	g_auto(CpuSet) nodes = NULL, pins = set_new();
	g_autofree char *list = NULL;

	(void)cpus;
	if (!vm->dedicated || !audit->host || wide_on_purpose(audit, vm))
		return NULL;
	for (unsigned v = 0; v < rules_pin_vcpus_of(vm); v++)
		if (thread_pin(audit, vm->guest, vcpu_of(vm, v), side))
			hwloc_bitmap_or(pins, pins,
					thread_pin(audit, vm->guest, vcpu_of(vm, v), side));
	nodes = host_nodes_of(audit->host, pins);
	if (hwloc_bitmap_weight(nodes) < 2)
		return NULL;
	list = set_text(nodes);
	return g_strdup_printf("pinned across NUMA nodes %s", list);
}

const Rule rule_vm_pin_across_nodes = {
	.id = "vm.pin-across-nodes",
	.severity = SEVERITY_WARNING,
	.title = "A VM that fits one NUMA node is pinned across several",
	.sees = "The NUMA nodes of a dedicated VM's pins, except for VMs that the plan itself "
		"spreads, that are larger than any node, or whose guest has NUMA cells of its own.",
	.why = "Half of its memory accesses cross the link between sockets, and a guest without "
	       "NUMA cells does not know which.",
	.remedy = "pin it within one node: 'planner plan' chooses",
	.fixes = &fixes_near,
	.source = "Documentation/admin-guide/mm/numaperf.rst",
	.when = WHEN_GUESTS,
	.needs = FACT_GUESTS | FACT_TOPOLOGY,
	.judge = judge_across,
};

/* Pins that libvirt does not take */

static void eval_ignored(const Rule *rule, const Audit *audit, const AuditVm *vm,
			 GPtrArray *findings)
{
	(void)audit;
	if (vm->guest->ignored_pins)
		rule_found_vm(rule, findings, vm, "inactive XML", NULL,
			      "%u vcpupin elements are for vCPUs from %u, which the VM cannot have",
			      vm->guest->ignored_pins, vm->guest->vcpus_max);
}

const Rule rule_vm_pin_ignored = {
	.id = "vm.pin-ignored",
	.severity = SEVERITY_WARNING,
	.title = "libvirt ignores a pin",
	.sees = "vcpupin elements for vCPUs at or above the VM's maximum.",
	.why = "libvirt drops them with a line in its log. They suggest a miscount, and some vCPU "
	       "may have no pin.",
	.remedy = "number vCPUs from 0, and pin each of them",
	.fixes = &fixes_settings,
	.source = "libvirt 9.0 'Ignoring vcpupin for missing vcpus'",
	.when = WHEN_GUESTS,
	.needs = FACT_GUESTS,
	.eval_vm = eval_ignored,
};
