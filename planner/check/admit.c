/* SPDX-License-Identifier: MIT */
#include "planner/check/admit.h"
#include "planner/base/subject.h"
#include "planner/check/rules_found.h"
#include "planner/check/rules_sides.h"
#include "planner/check/rules_table.h"

#include <string.h>

/* The plainest first: one that starts on another's CPU is pinned differently than planned, too. */
static const Rule *const admit_rules[] = {
	&rule_vm_pin_doubled,
	&rule_vm_core_shared,
	&rule_vm_pin_on_sdk,
	&rule_vm_pin_on_host,
	&rule_vm_pin_differs,
	&rule_vm_pin_missing,
	&rule_vm_vcpus_differ,
	&rule_vm_unknown, /* on isolated CPUs alone: admit_counts() */
	&rule_vm_vcpu_floats,
	&rule_vm_shared_on_isolated,
	&rule_vm_emulator_on_isolated,
	&rule_cpu_pm_on_ineligible,
	&rule_cpu_pm_passthrough_without_mwait,
	&rule_cpu_pm_unsupported,
};

/* The plan's VMs */

static void admit_thread_add(GArray *threads, unsigned number, hwloc_const_bitmap_t pin)
{
	GuestThread thread = {.number = number, .live = pin ? hwloc_bitmap_dup(pin) : NULL};

	g_array_append_val(threads, thread);
}

/* VM, as if it ran where the plan has it. */
static Guest *admit_guest_planned(const PlanVm *vm)
{
	Guest *guest = guest_new(vm->spec->name);

	guest->running = true;
	guest->live_xml = g_strdup(""); /* what follows is as if from there */
	guest->vcpus = guest->vcpus_max = vm->spec->vcpus;
	guest->cpuset_live = vm->cpuset ? hwloc_bitmap_dup(vm->cpuset) : NULL;
	for (unsigned v = 0; v < vm->spec->vcpus; v++) {
		g_auto(CpuSet) pin = plan_vm_vcpu_cpus(vm, v);

		admit_thread_add(guest->vcpu_threads, v,
				 vm->spec->policy == POLICY_SHARED ? NULL : pin);
	}
	admit_thread_add(guest->emulator_threads, 0, vm->emulatorpin);
	for (unsigned i = 0; i < vm->iothreadpins->len; i++)
		admit_thread_add(guest->iothreads, i + 1, g_ptr_array_index(vm->iothreadpins, i));
	return guest;
}

/* The plan's other VMs are there, too. */
static void admit_guests_complete(const Plan *plan, GuestFacts *guests, const char *name)
{
	for (unsigned i = 0; i < plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);

		if (vm->placed && !g_str_equal(vm->spec->name, name))
			g_ptr_array_add(guests->guests, admit_guest_planned(vm));
	}
}

static Guest *admit_guest_find(const GuestFacts *guests, const char *name)
{
	for (unsigned i = 0; i < guests->guests->len; i++) {
		Guest *guest = g_ptr_array_index(guests->guests, i);

		if (g_str_equal(guest->name, name))
			return guest;
	}
	return NULL;
}

/* Facts */

/* KVM_CAP_X86_DISABLE_EXITS as a node would answer: MWAIT is bit 0, HLT bit 1; -1 = not known. */
static int admit_exits(Tristate mwait)
{
	return mwait == TRISTATE_UNKNOWN ? -1 : mwait == TRISTATE_YES ? 3 : 2;
}

/* GUESTS on a node that is as PLAN says; it borrows both. */
static Facts *admit_facts(const Plan *plan, GuestFacts *guests)
{
	Facts *facts = facts_new();

	facts->host = (Host *)plan->host;
	facts->guests = guests;
	facts->kernel->isolated = hwloc_bitmap_dup(plan->isolated);
	facts->kernel->release = g_strdup(plan->node->kernel);
	facts->kvm->disable_exits = admit_exits(plan->node->mwait);
	return facts;
}

static void admit_facts_free(Facts *facts)
{
	facts->host = NULL;
	facts->guests = NULL;
	facts_free(facts);
}

/* Judging */

static bool admit_counts(const Finding *finding, const char *subject)
{
	bool unplanned = g_str_equal(finding->id, rule_vm_unknown.id) && finding->cpus;

	return g_str_equal(finding->subject, subject) && finding->verdict == VERDICT_FAIL &&
	       (finding->severity == SEVERITY_ERROR || unplanned);
}

/* Those of FOUND that count become REASONS. */
static void admit_take(GPtrArray *found, const char *subject, GPtrArray *reasons)
{
	while (found->len) {
		Finding *finding = g_ptr_array_steal_index(found, 0);

		if (admit_counts(finding, subject))
			g_ptr_array_add(reasons, finding);
		else
			finding_free(finding);
	}
}

/* SUBJECT comes last: of two that have one CPU, rules find fault with the later one. */
static void admit_subject_last(Audit *audit, const char *subject)
{
	for (unsigned i = 0; i < audit->vms->len; i++) {
		const AuditVm *vm = g_ptr_array_index(audit->vms, i);

		if (!g_str_equal(vm->subject, subject))
			continue;
		g_ptr_array_add(audit->vms, g_ptr_array_steal_index(audit->vms, i));
		return;
	}
}

/* A vCPU of VISITOR that may run on CPU and elsewhere; HOST_NONE. */
static unsigned admit_vcpu_over(const Audit *audit, const Guest *visitor, unsigned cpu)
{
	for (unsigned v = 0; v < visitor->vcpu_threads->len; v++) {
		hwloc_const_bitmap_t pin =
			thread_pin_now(audit, visitor, guest_thread(visitor->vcpu_threads, v));

		if (pin && !set_single(pin) && hwloc_bitmap_isset(pin, cpu))
			return v;
	}
	return HOST_NONE;
}

/* VISITOR is not in the plan and floats over CPUs of VM: rules find fault with it, but it runs. */
static void admit_visitor_judge(const Audit *audit, const AuditVm *vm, const Guest *visitor,
				GPtrArray *reasons)
{
	for (unsigned v = 0; v < vm->guest->vcpu_threads->len; v++) {
		hwloc_const_bitmap_t pin =
			thread_pin_now(audit, vm->guest, guest_thread(vm->guest->vcpu_threads, v));
		unsigned cpu = set_single(pin) ? (unsigned)hwloc_bitmap_first(pin) : HOST_NONE;
		unsigned other;

		if (cpu == HOST_NONE || !hwloc_bitmap_isset(audit->plan->isolated, cpu))
			continue;
		other = admit_vcpu_over(audit, visitor, cpu);
		if (other == HOST_NONE)
			continue;
		rule_found(&rule_vm_pin_doubled, reasons, vm->subject, "domain XML", pin,
			   "vCPU %u is pinned to CPU %u, where vCPU %u of %s may run", v, cpu,
			   other, visitor->name);
		return;
	}
}

/* The VM that starts is the last of AUDIT. */
static void admit_visitors_judge(const Audit *audit, GPtrArray *reasons)
{
	for (unsigned i = 0; i + 1 < audit->vms->len; i++) {
		const AuditVm *vm = g_ptr_array_index(audit->vms, audit->vms->len - 1);
		const AuditVm *other = g_ptr_array_index(audit->vms, i);

		if (!other->vm && other->guest && vm->guest)
			admit_visitor_judge(audit, vm, other->guest, reasons);
	}
}

static void admit_rules_run(const Plan *plan, GuestFacts *guests, const char *subject,
			    GPtrArray *reasons)
{
	Facts *facts = admit_facts(plan, guests);
	Audit *audit = audit_new(plan, NULL, facts);

	admit_subject_last(audit, subject);
	for (unsigned i = 0; i < G_N_ELEMENTS(admit_rules); i++) {
		g_autoptr(GPtrArray) found = findings_new();

		rule_run(admit_rules[i], audit, found);
		admit_take(found, subject, reasons);
	}
	admit_visitors_judge(audit, reasons);
	audit_free(audit);
	admit_facts_free(facts);
}

static GArray *admit_pages_free(const GArray *pages)
{
	GArray *left = g_array_new(FALSE, TRUE, sizeof(HugePages));

	for (unsigned i = 0; i < pages->len; i++) {
		HugePages one = g_array_index(pages, HugePages, i);

		one.total = one.free;
		g_array_append_val(left, one);
	}
	return left;
}

/* The rule over a node that has GUEST alone, and those pages that nobody took. */
static void admit_pages_judge(const Plan *plan, Guest *guest, const GArray *pages,
			      GPtrArray *reasons)
{
	g_autoptr(GPtrArray) alone = g_ptr_array_new();
	GuestFacts guests = {.guests = alone};
	Facts *facts = admit_facts(plan, &guests);
	Audit *audit;

	g_ptr_array_add(alone, guest);
	facts->hugepages = admit_pages_free(pages);
	audit = audit_new(NULL, NULL, facts);
	rule_run(&rule_memory_hugepages_short, audit, reasons);
	audit_free(audit);
	admit_facts_free(facts);
}

GPtrArray *admit_judge(const Plan *plan, GuestFacts *guests, const char *name, const GArray *pages)
{
	GPtrArray *reasons = findings_new();
	g_autofree char *subject = subject_vm(name);
	Guest *guest = admit_guest_find(guests, name);

	g_free(guests->qemu);
	g_free(guests->libvirt);
	guests->qemu = g_strdup(plan->node->qemu);
	guests->libvirt = g_strdup(plan->node->libvirt);
	admit_guests_complete(plan, guests, name);
	admit_rules_run(plan, guests, subject, reasons);
	if (pages && guest)
		admit_pages_judge(plan, guest, pages, reasons);
	return reasons;
}

/* The end of TEXT becomes "…" where it is longer than MOST bytes; no character is cut. */
static void admit_shorten(GString *text, size_t most)
{
	static const char more[] = "…";

	if (text->len <= most)
		return;
	g_string_truncate(text, most - strlen(more));
	while (!g_utf8_validate(text->str, (gssize)text->len, NULL))
		g_string_truncate(text, text->len - 1);
	g_string_append(text, more);
}

char *admit_reason(const char *name, const GPtrArray *findings)
{
	const Finding *first = g_ptr_array_index(findings, 0);
	GString *text = g_string_new(NULL);
	g_autoptr(GString) end = g_string_new(NULL);

	g_string_append_printf(text, "vm %s breaks the plan: %s", name, first->text);
	if (findings->len > 1)
		g_string_append_printf(end, "; and %u more", findings->len - 1);
	g_string_append_printf(end, " [%s]", first->id);
	admit_shorten(text, ADMIT_REASON_MAX - end->len);
	g_string_append(text, end->str);
	return g_string_free(text, FALSE);
}
