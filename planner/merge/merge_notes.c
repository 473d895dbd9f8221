/* SPDX-License-Identifier: MIT */
#include "planner/merge/merge_notes.h"
#include "planner/base/size.h"
#include "planner/base/version.h"
#include "topology/base/text.h"
#include "topology/guests/domain.h"

#include <string.h>

void merge_note(GPtrArray *notes, const char *format, ...)
{
	g_autofree char *text = NULL;
	GString *note = g_string_new(NULL);
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	for (const char *c = text; *c; c = g_utf8_next_char(c)) {
		gunichar character = g_utf8_get_char(c);

		g_string_append_unichar(note, text_obeyed(character) ? '?' : character);
	}
	g_ptr_array_add(notes, g_string_free(note, FALSE));
}

static void note_name(const xmlNode *root, const PlanVm *vm, GPtrArray *notes)
{
	g_autofree char *name = xml_text(xml_child(root, "name"));

	if (name && strcmp(name, vm->spec->name) != 0)
		merge_note(notes,
			   "the base is the domain '%s', which stays; the pins are those of '%s'",
			   name, vm->spec->name);
}

/* Before QEMU 9.1 these CPU modes offer MWAIT to the guest with cpu-pm, whether the host has it or
 * not; the verdict was made for the mode of the inventory. */
static void note_cpu_mode(const xmlNode *root, const Plan *plan, const PlanVm *vm, GPtrArray *notes)
{
	const xmlNode *cpu = xml_child(root, "cpu");
	g_autofree char *mode = cpu ? xml_get(cpu, "mode") : NULL;
	const char *planned = cpu_mode_names[vm->spec->cpu_mode];

	if (!mode || vm->cpupm->verdict != CPUPM_ON || !strcmp(mode, planned) ||
	    (strcmp(mode, "host-passthrough") != 0 && strcmp(mode, "maximum") != 0) ||
	    (plan->node->qemu && !version_before(plan->node->qemu, 9, 1)))
		return;
	merge_note(notes,
		   "the domain has <cpu mode='%s'>, but cpu-pm was judged for %s: before QEMU 9.1 "
		   "this may crash the guest; set cpu-mode = %s in the inventory and plan again",
		   mode, planned, mode);
}

/* What the base has stays: memory is not the plan's to change. */
static void note_memory(const Domain *domain, const PlanVm *vm, GPtrArray *notes)
{
	uint64_t planned = vm->spec->memory ? plan_vm_memory(vm) : 0;
	g_autofree char *has = NULL, *wants = NULL;

	if (!planned || !domain->memory || domain->memory == planned)
		return;
	has = size_format(domain->memory);
	wants = size_format(planned);
	merge_note(notes, "the domain has %s and keeps it, the plan assumes %s: change one of them",
		   has, wants);
}

/* The plan counts pages of the size it knows of; others nobody provides. */
static void note_pages(const xmlNode *root, const PlanVm *vm, GPtrArray *notes)
{
	if (!vm->spec->page && xml_child(xml_child(root, "memoryBacking"), "hugepages"))
		merge_note(notes, "the domain has huge pages and keeps them, the plan assumes "
				  "none: set hugepages = in the inventory and plan again, or "
				  "remove them from the domain");
}

static void note_cpu_pm(const Domain *domain, const PlanVm *vm, GPtrArray *notes)
{
	for (char **value = domain->overcommit; value && *value; value++)
		if (strstr(*value, "cpu-pm"))
			return;
	if (vm->cpupm->verdict == CPUPM_ON)
		merge_note(notes, "the guest started without cpu-pm, and stays without it until it "
				  "is powered off and on");
}

void merge_notes(const Rendering *rendering, const xmlNode *root, const char *base,
		 GPtrArray *notes)
{
	g_autoptr(Domain) domain = domain_parse(base, strlen(base), NULL);
	const PlanVm *vm = rendering->vm;

	note_name(root, vm, notes);
	if (domain)
		note_memory(domain, vm, notes);
	note_pages(root, vm, notes);
	if (domain && rendering->running)
		note_cpu_pm(domain, vm, notes);
	note_cpu_mode(root, rendering->plan, vm, notes);
}

void merge_note_refusal(const char *merged, GPtrArray *notes)
{
	g_autoptr(Domain) domain = domain_parse(merged, strlen(merged), NULL);

	if (domain && domain->refusal)
		merge_note(notes,
			   "libvirt refuses the result: %s; the base has it, correct it there",
			   domain->refusal);
}
