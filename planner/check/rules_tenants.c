/* SPDX-License-Identifier: MIT */
/* Rules over who else has a VM's CPUs and cores. */
#include "planner/check/rules_group.h"
#include "planner/check/rules_sides.h"
#include "planner/check/rules_table.h"
#include "topology/base/list.h"

#include <string.h>

/* What one CPU, or core, is taken by. */
typedef struct Tenant {
	const AuditVm *vm;
	unsigned vcpu;
} Tenant;

/* Where a VM's pins are from: what runs, or what the next start makes. Where a VM has no such
 * document, from the other one, or from its threads. */
static Side own_side(const AuditVm *vm, Side side)
{
	Side other = side == SIDE_LIVE ? SIDE_NEXT : SIDE_LIVE;

	if (guest_has(vm->guest, side))
		return side;
	return guest_has(vm->guest, SIDE_REAL) && !guest_has(vm->guest, SIDE_LIVE) ? SIDE_REAL
										   : other;
}

/* The CPU that a vCPU is pinned to alone, HOST_NONE. */
static unsigned pinned_cpu(const Audit *audit, const AuditVm *vm, unsigned v, Side side)
{
	const GuestThread *thread = guest_thread(vm->guest->vcpu_threads, v);
	Side own = own_side(vm, side);
	hwloc_const_bitmap_t pin = thread_pin(audit, vm->guest, thread, own);

	if (!pin && own == SIDE_LIVE)
		pin = thread_pin(audit, vm->guest, thread, SIDE_REAL);
	return set_single(pin) ? (unsigned)hwloc_bitmap_first(pin) : HOST_NONE;
}

/* A vCPU of OTHER that is on CPU, of those that are there; HOST_NONE. */
static unsigned vcpu_on(const Audit *audit, const AuditVm *other, unsigned cpu, Side side)
{
	for (unsigned v = 0; v < other->guest->vcpu_threads->len; v++)
		if (pinned_cpu(audit, other, v, side) == cpu)
			return v;
	return HOST_NONE;
}

typedef void PinEach(const AuditVm *vm, unsigned vcpu, unsigned cpu, void *data);

static void each_pin(const Audit *audit, Side side, PinEach *each, void *data)
{
	for (unsigned i = 0; i < audit->vms->len; i++) {
		const AuditVm *vm = g_ptr_array_index(audit->vms, i);

		if (side == SIDE_LIVE && vm->guest && !vm->guest->running)
			continue; /* it has no CPU */
		for (unsigned v = 0; vm->guest && v < vm->guest->vcpu_threads->len; v++) {
			unsigned cpu = pinned_cpu(audit, vm, v, side);

			if (cpu != HOST_NONE)
				each(vm, v, cpu, data);
		}
	}
}

typedef struct Survey {
	const Rule *rule;
	const Audit *audit;
	GPtrArray *findings;
	Side side;
	GArray *tenants;    /* of Tenant, by CPU or core */
	GPtrArray *charges; /* of Charge, of both sides */
} Survey;

static Tenant *tenant_at(Survey *survey, unsigned at)
{
	if (at >= survey->tenants->len)
		g_array_set_size(survey->tenants, at + 1);
	return &g_array_index(survey->tenants, Tenant, at);
}

/* May VM be wrong beside the first one there? What is shut off harms nothing that runs: it makes
 * room for what does. */
static bool tenants_clash(Tenant *first, const AuditVm *vm, unsigned vcpu)
{
	if (first->vm && !vms_at_once(first->vm, vm) && vm->guest->running)
		*first = (Tenant){vm, vcpu};
	return first->vm && vms_at_once(first->vm, vm);
}

/* What is wrong with one VM, for one finding: as one side has it, or both alike. */
typedef struct Charge {
	const AuditVm *vm;
	const char *evidence;
	GPtrArray *texts; /* of char * */
	hwloc_bitmap_t cpus;
} Charge;

static void charge_free(gpointer data)
{
	Charge *charge = data;

	g_ptr_array_unref(charge->texts);
	hwloc_bitmap_free(charge->cpus);
	g_free(charge);
}

static bool charge_has(const Charge *charge, const char *text)
{
	return g_ptr_array_find_with_equal_func(charge->texts, text, g_str_equal, NULL);
}

/* The charge of VM by the side that SURVEY is at; a new one where there is none. */
static Charge *charge_of(Survey *survey, const AuditVm *vm)
{
	const char *evidence = side_names[own_side(vm, survey->side)];
	Charge *charge;

	for (unsigned i = 0; i < survey->charges->len; i++) {
		charge = g_ptr_array_index(survey->charges, i);
		if (charge->vm == vm && charge->evidence == evidence)
			return charge;
	}
	charge = g_new0(Charge, 1);
	charge->vm = vm;
	charge->evidence = evidence;
	charge->texts = g_ptr_array_new_with_free_func(g_free);
	charge->cpus = set_new();
	g_ptr_array_add(survey->charges, charge);
	return charge;
}

/* Did the other side say the same already? */
static bool rules_tenants_said(const Survey *survey, const AuditVm *vm, const char *text)
{
	for (unsigned i = 0; i < survey->charges->len; i++) {
		const Charge *charge = g_ptr_array_index(survey->charges, i);

		if (charge->vm == vm && charge_has(charge, text))
			return true;
	}
	return false;
}

static void rules_tenants_say(Survey *survey, const AuditVm *vm, hwloc_const_bitmap_t cpus,
			      const char *text)
{
	Charge *charge;

	if (rules_tenants_said(survey, vm, text))
		return;
	charge = charge_of(survey, vm);
	g_ptr_array_add(charge->texts, g_strdup(text));
	hwloc_bitmap_or(charge->cpus, charge->cpus, cpus);
}

#define CHARGES_MOST 6 /* of one VM that are told; others are counted */

static void charge_found(const Survey *survey, const Charge *charge)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (unsigned i = 0; i < MIN(charge->texts->len, CHARGES_MOST); i++)
		g_string_append_printf(text, "%s%s", i ? "; " : "",
				       (const char *)g_ptr_array_index(charge->texts, i));
	if (charge->texts->len > CHARGES_MOST)
		g_string_append_printf(text, "; and %u more", charge->texts->len - CHARGES_MOST);
	rule_found_vm(survey->rule, survey->findings, charge->vm, charge->evidence, charge->cpus,
		      "%s", text->str);
}

static void rules_tenants_survey(const Rule *rule, const Audit *audit, GPtrArray *findings,
				 PinEach *each)
{
	g_autoptr(GPtrArray) charges = g_ptr_array_new_with_free_func(charge_free);
	Survey survey = {.rule = rule, .audit = audit, .findings = findings, .charges = charges};

	for (survey.side = SIDE_LIVE; survey.side <= SIDE_NEXT; survey.side++) {
		survey.tenants = g_array_new(FALSE, TRUE, sizeof(Tenant));
		each_pin(audit, survey.side, each, &survey);
		g_array_unref(survey.tenants);
	}
	for (unsigned i = 0; i < charges->len; i++)
		charge_found(&survey, g_ptr_array_index(charges, i));
}

/* "vCPUs 0 and 1 are both pinned to CPU 4": all vCPUs of VM that are; yours. */
static char *own_doubled(const Survey *survey, const AuditVm *vm, unsigned cpu)
{
	g_autoptr(GString) names = g_string_new(NULL);
	unsigned n = 0;

	for (unsigned v = 0; v < vm->guest->vcpu_threads->len; v++)
		if (pinned_cpu(survey->audit, vm, v, survey->side) == cpu) {
			list_add(names, "%u", v);
			n++;
		}
	if (n == 2)
		g_string_replace(names, ", ", " and ", 1);
	return g_strdup_printf("vCPUs %s are %s pinned to CPU %u", names->str,
			       n == 2 ? "both" : "all", cpu);
}

/*
 * POWER7 and POWER8: of a core of the host the first thread alone is online, and KVM runs the vCPUs
 * of a guest core on all of its threads together. Their pins name that one CPU. POWER9 has each
 * thread run what it likes. (arch/powerpc/kvm/book3s_hv.c)
 */
static bool vcpus_of_one_core(const Survey *survey, const AuditVm *vm, unsigned a, unsigned b)
{
	const Host *host = survey->audit->host;
	Side side = own_side(vm, survey->side);
	unsigned threads = guest_core_threads(vm->guest, side);

	return host && host->model && host->max_threads == 1 && threads > 1 &&
	       (g_str_has_prefix(host->model, "POWER7") ||
		g_str_has_prefix(host->model, "POWER8")) &&
	       guest_thread(vm->guest->vcpu_threads, a)->number / threads ==
		       guest_thread(vm->guest->vcpu_threads, b)->number / threads;
}

static void rules_tenants_pin_taken(const AuditVm *vm, unsigned vcpu, unsigned cpu, void *data)
{
	Survey *survey = data;
	Tenant *first = tenant_at(survey, cpu);
	g_auto(CpuSet) cpus = set_new();
	g_autofree char *text = NULL;

	if (!first->vm) {
		*first = (Tenant){vm, vcpu};
		return;
	}
	if (!tenants_clash(first, vm, vcpu) ||
	    (first->vm == vm &&
	     (first->vcpu == vcpu || vcpus_of_one_core(survey, vm, first->vcpu, vcpu))))
		return;
	hwloc_bitmap_set(cpus, cpu);
	text = first->vm == vm ? own_doubled(survey, vm, cpu)
			       : g_strdup_printf("vCPU %u is pinned to CPU %u, as vCPU %u of %s is",
						 vcpu, cpu, first->vcpu, first->vm->name);
	rules_tenants_say(survey, vm, cpus, text);
}

/* Who has the CPU that vCPU NUMBER of VM gets once it is plugged in: "vCPU 2 on 5, which vCPU 0 of
 * b has". */
static void later_name(const Audit *audit, const AuditVm *vm, unsigned number, unsigned cpu,
		       Naming *naming, hwloc_bitmap_t cpus)
{
	for (unsigned i = 0; i < audit->vms->len; i++) {
		const AuditVm *other = g_ptr_array_index(audit->vms, i);
		bool counts = other != vm && other->guest && vms_at_once(vm, other);
		unsigned v = counts ? vcpu_on(audit, other, cpu, SIDE_LIVE) : HOST_NONE;
		g_autofree char *name = NULL;

		if (v == HOST_NONE)
			continue;
		name = g_strdup_printf("vCPU %u on %u, which vCPU %u of %s has", number, cpu, v,
				       other->name);
		naming_add(naming, name);
		hwloc_bitmap_set(cpus, cpu);
	}
}

/* The pins of vCPUs that may be plugged in, against those that other VMs have. */
static void eval_later(const Rule *rule, const Audit *audit, const AuditVm *vm, GPtrArray *findings)
{
	g_auto(CpuSet) cpus = set_new();
	Naming naming = {0};
	g_autofree char *text = NULL;

	for (unsigned i = 0; i < vm->guest->later->len; i++) {
		const GuestThread *thread = guest_thread(vm->guest->later, i);
		hwloc_const_bitmap_t pin = thread_pin_now(audit, vm->guest, thread);

		if (set_single(pin))
			later_name(audit, vm, thread->number, (unsigned)hwloc_bitmap_first(pin),
				   &naming, cpus);
	}
	text = naming_end(&naming);
	if (*text)
		rule_found_vm(rule, findings, vm, side_names[own_side(vm, SIDE_LIVE)], cpus,
			      "vCPUs to be plugged in are pinned to CPUs of others: %s", text);
}

static void eval_doubled(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	for (unsigned i = 0; i < audit->vms->len; i++) {
		const AuditVm *vm = g_ptr_array_index(audit->vms, i);

		if (vm->guest && vm->guest->doubled_pins)
			rule_found_vm(rule, findings, vm, "inactive XML", NULL,
				      "%u vCPUs have a second vcpupin: libvirt refuses the domain",
				      vm->guest->doubled_pins);
		if (vm->guest)
			eval_later(rule, audit, vm, findings);
	}
	rules_tenants_survey(rule, audit, findings, rules_tenants_pin_taken);
}

const Rule rule_vm_pin_doubled = {
	.id = "vm.pin-doubled",
	.severity = SEVERITY_ERROR,
	.title = "Two vCPUs are pinned to one CPU",
	.sees = "vCPUs pinned to exactly one CPU, of VMs that run and of VMs in the plan; pins "
		"of vCPUs that may be plugged in, against those of other VMs; and a second vcpupin "
		"for the same vCPU. For a VM that is shut off, see vm.not-at-once.",
	.why = "Each waits while the other runs, possibly while it holds a lock. Neither VM may "
	       "have cpu-pm.",
	.remedy = "pin one of them elsewhere: 'planner plan' chooses",
	.fixes = &fixes_pin,
	.source = "QEMU docs: -overcommit cpu-pm; libvirt 'duplicate vcpupin'",
	.when = WHEN_GUESTS,
	.needs = FACT_GUESTS,
	.eval = eval_doubled,
};

static void core_taken(const AuditVm *vm, unsigned vcpu, unsigned cpu, void *data)
{
	Survey *survey = data;
	unsigned core = host_core_of(survey->audit->host, cpu);
	Tenant *first = core == HOST_NONE ? NULL : tenant_at(survey, core);
	g_auto(CpuSet) cpus = set_new();
	g_autofree char *text = NULL;

	if (!first || first->vm == vm)
		return;
	if (!first->vm) {
		*first = (Tenant){vm, cpu};
		return;
	}
	if (!tenants_clash(first, vm, cpu) || first->vm == vm ||
	    vcpu_on(survey->audit, first->vm, cpu, survey->side) !=
		    HOST_NONE) /* doubled, not shared */
		return;
	hwloc_bitmap_set(cpus, cpu);
	hwloc_bitmap_set(cpus, first->vcpu);
	text = g_strdup_printf("vCPU %u is on CPU %u, a sibling of CPU %u that %s has", vcpu, cpu,
			       first->vcpu, first->vm->name);
	rules_tenants_say(survey, vm, cpus, text);
}

static void eval_core(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	if (audit->host)
		rules_tenants_survey(rule, audit, findings, core_taken);
}

const Rule rule_vm_core_shared = {
	.id = "vm.core-shared",
	.severity = SEVERITY_ERROR,
	.title = "Two VMs share a core",
	.sees = "The cores of vCPUs pinned to exactly one CPU, of VMs that run and of VMs in the "
		"plan.",
	.why = "The two compete for pipelines and caches, and may leak data to each other (L1TF, "
	       "MDS, on AMD Cross-Thread Return Predictions, which KVM warns about under cpu-pm).",
	.remedy = "give each VM whole cores: 'planner plan' does",
	.fixes = &fixes_pin,
	.source = "Documentation/admin-guide/hw-vuln/; arch/x86/kvm/x86.c mitigate_smt_rsb",
	.when = WHEN_GUESTS,
	.needs = FACT_GUESTS | FACT_TOPOLOGY,
	.eval = eval_core,
};

/* One or the other */

static void eval_at_once(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	for (unsigned i = 0; i < audit->vms->len; i++)
		for (unsigned j = i + 1; j < audit->vms->len; j++) {
			const AuditVm *a = g_ptr_array_index(audit->vms, i);
			const AuditVm *b = g_ptr_array_index(audit->vms, j);
			g_auto(CpuSet) shared = NULL;
			g_autofree char *list = NULL;

			if (!vms_exclude(audit, a, b))
				continue;
			shared = cores_of(audit->host, a->cpus);
			hwloc_bitmap_and(shared, shared, b->cpus);
			list = set_text(shared);
			rule_found(
				rule, findings, a->subject, "domain XML", shared,
				"only one of %s and %s can run at a time: both have the cores of "
				"CPUs %s",
				a->name, b->name, list);
		}
}

const Rule rule_vm_not_at_once = {
	.id = "vm.not-at-once",
	.severity = SEVERITY_INFO,
	.title = "Two VMs can run only in turn",
	.sees = "The cores of VMs whose vCPUs have one CPU each, of which one at least is shut "
		"off.",
	.why = "If both are started, they share CPUs or cores: see vm.pin-doubled and "
	       "vm.core-shared. Many desktops have several VMs for one device, of which one runs.",
	.remedy = "if they are to run at once, pin one of them elsewhere: 'planner plan' chooses",
	.fixes = &fixes_pin,
	.source = "as vm.pin-doubled",
	.when = WHEN_GUESTS,
	.needs = FACT_GUESTS,
	.eval = eval_at_once,
};

/* Overcommitment */

/* Did its groups take CPUs of its vCPUs' pins? */
static bool vcpus_cut(const Audit *audit, const Guest *guest)
{
	for (unsigned v = 0; v < guest->vcpu_threads->len; v++) {
		const GuestThread *thread = guest_thread(guest->vcpu_threads, v);

		if (groups_cut(audit, thread->group, thread_place(audit, guest, thread, SIDE_LIVE)))
			return true;
	}
	return false;
}

/* Is it known of each of its vCPUs where it may run? */
static bool vcpus_placed(const AuditVm *vm)
{
	for (unsigned v = 0; v < vm->vcpus->len; v++)
		if (hwloc_bitmap_iszero(g_ptr_array_index(vm->vcpus, v)))
			return false;
	return true;
}

static void eval_more(const Rule *rule, const Audit *audit, const AuditVm *vm, GPtrArray *findings)
{
	unsigned cpus = (unsigned)hwloc_bitmap_weight(vm->cpus);
	g_autofree char *list = set_text(vm->cpus);

	const Cgroup *group = group_squeezing(audit, vm);
	const char *fix = group ? fixes_text(&fixes_groups, vm->guest->platform) : NULL;

	/* Where each has one CPU, vm.pin-doubled names them; where the groups took CPUs of pins,
	 * cgroup.pins-outside does. */
	if (!vcpus_placed(vm) || vm->guest->vcpu_threads->len <= cpus || vm->dedicated ||
	    vcpus_cut(audit, vm->guest))
		return;
	if (group && !fix)
		fix = "give the group a CPU for each vCPU (AllowedCPUs= of its unit, on v1 "
		      "cpuset.cpus), and each vCPU one of them; or the VM fewer vCPUs";
	rule_found_fix(rule, findings, vm->subject,
		       vm->guest->unlisted ? side_names[SIDE_REAL] : "domain XML", vm->cpus,
		       fix ? fix : rule->remedy, "%u vCPUs may run on %u CPU%s only: %s%s%s",
		       vm->guest->vcpu_threads->len, cpus, cpus == 1 ? "" : "s", list,
		       group ? ", all that the group leaves to it: " : "",
		       group ? group->path : "");
}

const Rule rule_vm_more_vcpus_than_cpus = {
	.id = "vm.more-vcpus-than-cpus",
	.severity = SEVERITY_ERROR,
	.title = "A VM has more vCPUs than CPUs to run on",
	.sees = "The number of vCPUs against the number of CPUs that they may run on, by their own "
		"affinity, or because the cpuset of their control group leaves no others.",
	.why = "Its vCPUs preempt each other: a lock holder may wait while the others spin for the "
	       "lock. Many small VMs overcommit well, one large VM does not.",
	.remedy = "give it fewer vCPUs or more CPUs",
	.fixes = &fixes_room,
	.source = "arch/x86/kvm: PAUSE-loop exiting exists for this case",
	.when = WHEN_GUESTS,
	.needs = FACT_GUESTS,
	.eval_vm = eval_more,
};

static unsigned shared_vcpus(const Audit *audit)
{
	unsigned n = 0;

	for (unsigned i = 0; i < audit->vms->len; i++) {
		const AuditVm *vm = g_ptr_array_index(audit->vms, i);

		if (vm->guest && !vm->dedicated)
			n += vm->guest->vcpus;
	}
	return n;
}

static void eval_overcommit(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	const Plan *plan = audit->plan;
	double most = audit->inventory ? audit->inventory->overcommit : 0;
	Role pool = hwloc_bitmap_iszero(plan->cpus[ROLE_SHARED]) ? ROLE_HOST : ROLE_SHARED;
	unsigned cpus = (unsigned)hwloc_bitmap_weight(plan->cpus[pool]);
	unsigned vcpus = shared_vcpus(audit);

	if (most > 0 && cpus && vcpus > most * cpus)
		rule_found(rule, findings, "node", "domain XML", plan->cpus[pool],
			   "%u vCPUs of shared VMs on %u CPUs: %.1f each, the inventory allows %g",
			   vcpus, cpus, (double)vcpus / cpus, most);
}

const Rule rule_vm_overcommit = {
	.id = "vm.overcommit",
	.severity = SEVERITY_WARNING,
	.title = "Shared VMs are overcommitted beyond the inventory's ratio",
	.sees = "vCPUs of all VMs on the node that float, against [shared] overcommit and the "
		"pool's CPUs (the host's if there is no pool).",
	.why = "Steal time grows for all of them.",
	.remedy = "move a VM away, or enlarge the pool",
	.source = "the inventory",
	.when = WHEN_PLAN | WHEN_GUESTS,
	.needs = FACT_GUESTS,
	.eval = eval_overcommit,
};
