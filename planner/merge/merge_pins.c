/* SPDX-License-Identifier: MIT */
#include "planner/merge/merge_pins.h"
#include "planner/merge/merge_notes.h"
#include "planner/merge/merge_tree.h"
#include "topology/guests/domain.h"

#include <string.h>

/* The pin of ROOT that WANT is the plan's of, NULL. */
static const xmlNode *base_pin_of(const xmlNode *root, const xmlNode *want)
{
	const char *name = (const char *)want->name;
	g_autofree char *id = xml_get(want, "iothread");

	for (const xmlNode *tune = xml_child(root, "cputune"); tune;
	     tune = xml_next(tune, "cputune"))
		for (const xmlNode *pin = xml_child(tune, name); pin; pin = xml_next(pin, name))
			if (!id || xml_says(pin, "iothread", id))
				return pin;
	return NULL;
}

/* Whose CPUs these are, in words; NULL where nobody has them. Yours. */
static char *owner_of(const Plan *plan, const hwloc_bitmap_t cpus)
{
	int cpu;

	hwloc_bitmap_foreach_begin(cpu, cpus)
		{
			unsigned vm = plan_cpu_vm(plan, (unsigned)cpu);
			unsigned role = 0;

			if (vm != HOST_NONE)
				return g_strdup_printf(
					"CPU %d is VM %s's", cpu,
					((const PlanVm *)g_ptr_array_index(plan->vms, vm))
						->spec->name);
			while (role < ROLE_COUNT &&
			       !hwloc_bitmap_isset(plan->cpus[role], (unsigned)cpu))
				role++;
			if (role == ROLE_COUNT)
				return g_strdup_printf("this node has no CPU %d", cpu);
			if (role != ROLE_FREE)
				return g_strdup_printf("CPU %d is %s", cpu, role_names[role]);
		}
	hwloc_bitmap_foreach_end();
	return NULL;
}

static void pin_keep(const Plan *plan, xmlNode *want, const xmlNode *pin, GPtrArray *notes)
{
	g_autofree char *list = xml_get(pin, "cpuset"), *planned = xml_get(want, "cpuset");
	g_autofree char *id = xml_get(want, "iothread"), *owner = NULL, *who = NULL;
	g_auto(CpuSet) cpus = list ? domain_cpuset_parse(list) : NULL;

	if (!cpus || !strcmp(list, planned) || hwloc_bitmap_isincluded(cpus, plan->cpus[ROLE_HOST]))
		return;
	who = id ? g_strconcat("I/O thread ", id, NULL) : g_strdup("emulator");
	owner = owner_of(plan, cpus);
	if (owner) {
		merge_note(notes, "the %s goes from CPUs %s to %s: %s", who, list, planned, owner);
		return;
	}
	merge_tree_set(want, "cpuset", list);
	merge_note(notes,
		   "the %s keeps CPUs %s, which no VM of the plan has; the plan does not know of "
		   "it, and may give them to a VM that is added",
		   who, list);
}

void merge_pins_keep(const Rendering *rendering, xmlNode *want, const xmlNode *root,
		     GPtrArray *notes)
{
	xmlNode *tune = rendering->elsewhere ? NULL : xml_child(want, "cputune");

	for (xmlNode *node = tune ? tune->children : NULL; node; node = node->next) {
		const xmlNode *pin = xml_is(node, "emulatorpin") || xml_is(node, "iothreadpin")
					     ? base_pin_of(root, node)
					     : NULL;

		if (pin)
			pin_keep(rendering->plan, node, pin, notes);
	}
}
