/* SPDX-License-Identifier: MIT */
/* Rules over VMs as a whole: the plan's against the node's, what runs against what is written. */
#include "planner/check/rules_group.h"
#include "planner/check/rules_sides.h"
#include "planner/check/rules_table.h"

#include <string.h>

/* Presence */

static void eval_unknown(const Rule *rule, const Audit *audit, const AuditVm *vm,
			 GPtrArray *findings)
{
	bool listed = fact_known(audit->facts, FACT_GUESTS);
	g_auto(CpuSet) cpus = set_and(vm->cpus, audit->isolated);
	g_autofree char *list = set_text(cpus);
	bool isolated = !hwloc_bitmap_iszero(cpus);

	if (!vm->vm && (!vm->guest->unlisted || vm->guest->argv))
		rule_found_vm(rule, findings, vm,
			      vm->guest->unlisted ? "/proc/PID/cmdline"
						  : audit->facts->guests->source,
			      cpus, "the plan does not know this VM%s%s%s",
			      vm->guest->unlisted && listed
				      ? ", nor does libvirt: somebody started QEMU by hand"
			      : vm->guest->running && !isolated ? ", which runs"
								: "",
			      isolated ? ", whose vCPUs are on isolated CPUs " : "",
			      isolated ? list : "");
}

const Rule rule_vm_unknown = {
	.id = "vm.unknown",
	.severity = SEVERITY_WARNING,
	.title = "A VM is not in the plan",
	.sees = "VMs of the node, and QEMU processes that libvirt does not know, by name.",
	.why = "The plan counts neither its CPUs nor its memory; it may be where another VM will "
	       "be placed.",
	.remedy = "add it to the inventory, with its CPUs, and plan again",
	.source = "the plan",
	.when = WHEN_PLAN | WHEN_GUESTS,
	.needs = FACT_GUESTS,
	.eval_vm = eval_unknown,
};

static void rules_vm_eval_missing(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	/* Where not all VMs of the node are known, none of them is known to be missing. */
	for (unsigned i = 0; fact_known(audit->facts, FACT_GUESTS) && i < audit->vms->len; i++) {
		const AuditVm *vm = g_ptr_array_index(audit->vms, i);

		if (vm->vm && vm->vm->placed && !vm->guest)
			rule_found_vm(rule, findings, vm, audit->facts->guests->source, NULL,
				      "the plan has this VM, the node does not");
	}
}

const Rule rule_vm_missing = {
	.id = "vm.missing",
	.severity = SEVERITY_ERROR,
	.title = "A VM of the plan is not on the node",
	.sees = "The plan's placed VMs among those libvirt knows, running or not, by name.",
	.why = "It was never defined, has another name, or has moved: the plan does not describe "
	       "the node.",
	.remedy = "define it ('planner emit domain NAME'), or remove it from the inventory",
	.fixes = &fixes_define,
	.source = "the plan",
	.when = WHEN_PLAN,
	.needs = FACT_GUESTS,
	.eval = rules_vm_eval_missing,
};

/* Is there a domain before VM's that has its name? */
static bool is_namesake(const Audit *audit, const AuditVm *vm)
{
	for (unsigned i = 0; !vm->guest->unlisted && i < audit->vms->len; i++) {
		const AuditVm *other = g_ptr_array_index(audit->vms, i);

		if (other == vm)
			return false;
		if (other->guest && !other->guest->unlisted && g_str_equal(other->name, vm->name))
			return true;
	}
	return false;
}

static void eval_refused_xml(const Rule *rule, const Audit *audit, const AuditVm *vm,
			     GPtrArray *findings)
{
	if (vm->guest->refusal)
		rule_found_vm(rule, findings, vm, "domain XML", NULL, "libvirt refuses its XML: %s",
			      vm->guest->refusal);
	if (is_namesake(audit, vm))
		rule_found_fix(rule, findings, vm->subject, "domain XML", NULL,
			       "keep the file of the domain that this node is to have, or rename "
			       "one of them",
			       "another VM has this name: libvirt has only one of a name");
}

const Rule rule_vm_xml_refused = {
	.id = "vm.xml-refused",
	.severity = SEVERITY_ERROR,
	.title = "libvirt refuses a VM's XML",
	.sees = "What libvirt checks when a domain is defined: I/O threads that are pinned against "
		"those that are there, <topology> against the vCPUs, guest NUMA cells, huge "
		"pages, numatune, schedulers, quotas, CPU mode and cache; and that no two domains "
		"have one name.",
	.why = "Such a file can be neither defined nor started. What is on disk differs from what "
	       "libvirt has, or is of another version.",
	.remedy = "fix what libvirt names, and define the domain again",
	.fixes = &fixes_settings,
	.source = "libvirt 9.0, which was given each of them",
	.when = WHEN_GUESTS,
	.needs = FACT_GUESTS,
	.eval_vm = eval_refused_xml,
};

static void eval_vcpus(const Rule *rule, const Audit *audit, const AuditVm *vm, GPtrArray *findings)
{
	(void)audit;
	if (vm->vm && guest_settled(vm->guest) && vm->guest->vcpus &&
	    vm->guest->vcpus != vm->vm->spec->vcpus)
		rule_found_vm(rule, findings, vm, "domain XML", NULL,
			      "it has %u vCPUs, the plan has %u", vm->guest->vcpus,
			      vm->vm->spec->vcpus);
}

const Rule rule_vm_vcpus_differ = {
	.id = "vm.vcpus-differ",
	.severity = SEVERITY_ERROR,
	.title = "The number of vCPUs of a VM differs from the plan",
	.sees = "The vCPUs that are present at start (<vcpu current=…>, vcpus/vcpu enabled) "
		"against the inventory's.",
	.why = "Extra vCPUs have no CPU; missing ones leave planned CPUs unused.",
	.remedy = "change the domain or the inventory, and plan again",
	.source = "the plan",
	.when = WHEN_PLAN | WHEN_GUESTS,
	.needs = FACT_GUESTS,
	.eval_vm = eval_vcpus,
};

/* Live against inactive */

static bool rules_vm_threads_differ(const GArray *threads)
{
	for (unsigned i = 0; i < threads->len; i++) {
		const GuestThread *thread = guest_thread(threads, i);

		if (!set_same(thread->live, thread->inactive))
			return true;
	}
	return false;
}

static bool arguments_differ(char **a, char **b)
{
	static char *none[] = {NULL};

	return !g_strv_equal((const char *const *)(a ? a : none),
			     (const char *const *)(b ? b : none));
}

static void eval_live(const Rule *rule, const Audit *audit, const AuditVm *vm, GPtrArray *findings)
{
	const Guest *guest = vm->guest;
	/* oVirt pins what runs anew each time that a VM starts or stops. */
	bool pins = guest->platform != PLATFORM_OVIRT;
	Naming naming = {0};
	g_autofree char *text = NULL;

	(void)audit;
	if (!guest_has(guest, SIDE_LIVE) || !guest_has(guest, SIDE_NEXT))
		return;
	if (pins && rules_vm_threads_differ(guest->vcpu_threads))
		naming_add(&naming, "vCPU pins");
	if (rules_vm_threads_differ(guest->emulator_threads))
		naming_add(&naming, "emulatorpin");
	if (rules_vm_threads_differ(guest->iothreads))
		naming_add(&naming, "iothreadpin");
	if (pins && !set_same(guest->cpuset_live, guest->cpuset_inactive))
		naming_add(&naming, "<vcpu cpuset>");
	if (!set_same(guest->nodes_live, guest->nodes_inactive))
		naming_add(&naming, "numatune");
	if (arguments_differ(guest->overcommit_live, guest->overcommit_inactive))
		naming_add(&naming, "-overcommit");
	text = naming_end(&naming);
	if (*text)
		rule_found_vm(rule, findings, vm, "live and inactive XML", NULL,
			      "the running and the persistent configuration differ: %s", text);
}

const Rule rule_vm_live_differs = {
	.id = "vm.live-differs",
	.severity = SEVERITY_WARNING,
	.title = "The running and the persistent configuration differ",
	.sees = "Pins, <vcpu cpuset>, numatune and -overcommit of the live against the inactive "
		"XML of a running, persistent VM; the pins of vCPUs not on oVirt, which rewrites "
		"those of running VMs whenever a VM starts or stops.",
	.why = "A pin set only with --live is lost at the next start; a change made only with "
	       "--config waits for it.",
	.remedy = "change both: virsh … --live --config, or power off and on",
	.fixes = &fixes_restart,
	.source = "libvirt VIR_DOMAIN_XML_INACTIVE",
	.when = WHEN_GUESTS,
	.needs = FACT_GUESTS,
	.eval_vm = eval_live,
};

/* The kernel's truth */

typedef struct RealJudge {
	const Audit *audit;
	const Guest *guest;
	Naming naming;
	hwloc_bitmap_t cpus;
} RealJudge;

/* The kernel may keep offline CPUs in an affinity, or leave them out. */
static bool same_online(const Audit *audit, hwloc_const_bitmap_t a, hwloc_const_bitmap_t b)
{
	g_auto(CpuSet) one = set_and(a, audit->online), other = set_and(b, audit->online);

	return hwloc_bitmap_isequal(a, b) || hwloc_bitmap_isequal(one, other);
}

static void thread_check(RealJudge *judge, const GuestThread *thread, const char *what,
			 bool numbered)
{
	hwloc_const_bitmap_t place = thread_place(judge->audit, judge->guest, thread, SIDE_LIVE);
	g_autofree char *list = NULL, *planned = NULL, *name = NULL;
	g_autofree char *number = g_strdup_printf(" %u", thread->number);

	if (!place || !thread->real)
		return;
	if (same_online(judge->audit, place, thread->real) ||
	    !set_meets(place, judge->audit->online) ||	    /* vm.pin-offline says why, or */
	    groups_cut(judge->audit, thread->group, place)) /* cgroup.pins-outside does */
		return;
	list = set_text(thread->real);
	planned = set_text(place);
	name = g_strdup_printf("%s%s (thread %u) on %s, pinned to %s", what, numbered ? number : "",
			       thread->tid, list, planned);
	naming_add(&judge->naming, name);
	hwloc_bitmap_or(judge->cpus, judge->cpus, thread->real);
}

static void worker_check(const GuestThread *thread, bool io, void *data)
{
	thread_check(data, thread, io ? "I/O thread" : "emulator", io);
}

static void eval_real(const Rule *rule, const Audit *audit, const AuditVm *vm, GPtrArray *findings)
{
	RealJudge judge = {audit, vm->guest, {0}, set_new()};
	g_autofree char *text = NULL;

	if (guest_has(vm->guest, SIDE_LIVE)) {
		for (unsigned v = 0; v < vm->guest->vcpu_threads->len; v++)
			thread_check(&judge, guest_thread(vm->guest->vcpu_threads, v), "vCPU",
				     true);
		each_worker(vm->guest, worker_check, &judge);
	}
	text = naming_end(&judge.naming);
	if (*text)
		rule_found_vm(rule, findings, vm, "/proc/PID/task/TID/status Cpus_allowed_list",
			      judge.cpus, "%s", text);
	hwloc_bitmap_free(judge.cpus);
}

const Rule rule_vm_thread_differs = {
	.id = "vm.thread-differs",
	.severity = SEVERITY_ERROR,
	.title = "A thread may run on CPUs other than its pin",
	.sees = "The real affinity of each vCPU, emulator and I/O thread against the online CPUs "
		"of its pin in the live XML.",
	.why = "virsh vcpupin and the pin APIs print the definition. taskset, a changed cpuset, or "
	       "a daemon that moves tasks moves the thread but not the definition.",
	.remedy = "set the pin again: 'virsh vcpupin NAME VCPU CPU --live'; find who moved it",
	.fixes = &fixes_pin,
	.source = "libvirt 9.0 virDomainGetVcpuPinInfo(); proc(5) Cpus_allowed_list",
	.when = WHEN_GUESTS,
	.needs = FACT_GUESTS | FACT_THREADS,
	.eval_vm = eval_real,
};

/* Devices and features */

static void eval_slow(const Rule *rule, const Audit *audit, const AuditVm *vm, GPtrArray *findings)
{
	const GPtrArray *devices = vm->guest->slow_devices;
	Naming naming = {0};
	g_autofree char *text = NULL;

	(void)audit;
	for (unsigned i = 0; vm->dedicated && devices && i < devices->len; i++)
		naming_add(&naming, g_ptr_array_index(devices, i));
	text = naming_end(&naming);
	if (*text)
		rule_found_vm(rule, findings, vm, "domain XML", NULL, "a dedicated VM has %s",
			      text);
}

const Rule rule_vm_slow_device = {
	.id = "vm.slow-device",
	.severity = SEVERITY_WARNING,
	.title = "A dedicated VM has an emulated device",
	.sees = "Interfaces and disks of dedicated VMs: e1000, rtl8139, IDE and other emulated "
		"models, and virtio interfaces without vhost.",
	.why = "Every access to an emulated device is an exit to QEMU: five to twenty times as "
	       "many "
	       "as with virtio.",
	.remedy = "use virtio-net with vhost, and virtio-blk or virtio-scsi",
	.fixes = &fixes_settings,
	.source = "libvirt domain XML devices; drivers/vhost/net.c",
	.when = WHEN_GUESTS,
	.needs = FACT_GUESTS,
	.eval_vm = eval_slow,
};

static void eval_eoi(const Rule *rule, const Audit *audit, const AuditVm *vm, GPtrArray *findings)
{
	const char *arch = audit->host ? audit->host->arch : NULL;

	if (!vm->dedicated || vm->guest->eoi || vm->guest->unlisted || !guest_settled(vm->guest) ||
	    (arch && !g_str_equal(arch, "x86_64") && !g_str_equal(arch, "i686")))
		return;
	rule_found_vm(rule, findings, vm, "domain XML", NULL,
		      "a dedicated VM lacks <apic eoi='on'/>");
}

const Rule rule_vm_no_eoi = {
	.id = "vm.no-eoi",
	.severity = SEVERITY_INFO,
	.title = "A dedicated VM lacks paravirtual end-of-interrupt",
	.sees = "<features><apic eoi='on'/> of dedicated VMs, on x86.",
	.why = "Without APICv each end of interrupt causes an exit; with kvm-pv-eoi most do not.",
	.remedy = "add <apic eoi='on'/> to <features>",
	.fixes = &fixes_settings,
	.source = "libvirt domain XML features/apic; QEMU kvm-pv-eoi",
	.when = WHEN_GUESTS,
	.needs = FACT_GUESTS,
	.eval_vm = eval_eoi,
};
