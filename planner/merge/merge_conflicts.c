/* SPDX-License-Identifier: MIT */
#include "planner/merge/merge_conflicts.h"
#include "planner/merge/merge_notes.h"
#include "planner/merge/merge_tree.h"

#include <string.h>

/* The guest's topology has sockets, cores and threads; more than one of another PART contradicts.
 */
static void part_remove(xmlNode *topology, const char *part)
{
	g_autofree char *value = xml_get(topology, part);

	if (value && strcmp(value, "1") != 0)
		merge_tree_unset(topology, part);
}

/* Of a guest with fewer cells than before: the distances to those that go. libvirt refuses them. */
static void distances_remove(xmlNode *cpu, unsigned cells)
{
	xmlNode *cell = xml_child(xml_child(cpu, "numa"), "cell");

	for (unsigned i = 0; cell; i++, cell = xml_next(cell, "cell")) {
		xmlNode *sibling = xml_child(xml_child(cell, "distances"), "sibling"), *next;

		if (merge_tree_number(cell, "id", i) >= cells)
			continue; /* it goes as a whole */
		for (; sibling; sibling = next) {
			next = xml_next(sibling, "sibling");
			if (merge_tree_number(sibling, "id", 0) >= cells)
				merge_tree_remove(sibling);
		}
	}
}

/* What schedules vCPUs that go; libvirt refuses it. What is no list of CPUs is libvirt's to judge.
 */
static void schedulers_clip(xmlNode *cputune, unsigned vcpus)
{
	xmlNode *node = xml_child(cputune, "vcpusched"), *next;

	for (; node; node = next) {
		g_autofree char *list = xml_get(node, "vcpus");
		g_auto(CpuSet) set = list ? cpulist_parse(list, NULL) : NULL;
		g_autofree char *clipped = NULL;

		next = xml_next(node, "vcpusched");
		if (!set || hwloc_bitmap_last(set) < (int)vcpus)
			continue;
		hwloc_bitmap_clr_range(set, vcpus, -1);
		clipped = cpulist_format(set);
		if (*clipped)
			merge_tree_set(node, "vcpus", clipped);
		else
			merge_tree_remove(node);
	}
}

/* Real-time vCPUs are the plan's where it has some, else the base's. */
static void schedulers_remove(xmlNode *root, const xmlNode *own)
{
	if (!xml_child(xml_child(own, "cputune"), "vcpusched"))
		return;
	for (xmlNode *tune = xml_child(root, "cputune"); tune; tune = xml_next(tune, "cputune"))
		for (xmlNode *node; (node = xml_child(tune, "vcpusched"));)
			merge_tree_remove(node);
}

/* Without guest NUMA cells there is nothing a memnode could bind. */
static void memnodes_remove(xmlNode *numatune)
{
	xmlNode *node;

	while ((node = xml_child(numatune, "memnode")))
		merge_tree_remove(node);
}

/* Does LIST (<vcpus>) enable the first VCPUS, and no others? */
static bool vcpus_in_order(const xmlNode *list, unsigned vcpus)
{
	unsigned n = 0;

	for (xmlNode *one = xml_child(list, "vcpu"); one; one = xml_next(one, "vcpu")) {
		bool enabled = xml_says(one, "enabled", "yes");

		if (enabled != (merge_tree_number(one, "id", n) < vcpus))
			return false;
		n += enabled;
	}
	return n == vcpus;
}

/* The pins of vCPUs that are not there from the start: the plan has no CPUs for them. */
static unsigned later_pins(const xmlNode *root, unsigned vcpus)
{
	unsigned n = 0;

	for (xmlNode *tune = xml_child(root, "cputune"); tune; tune = xml_next(tune, "cputune"))
		for (xmlNode *pin = xml_child(tune, "vcpupin"); pin; pin = xml_next(pin, "vcpupin"))
			n += merge_tree_number(pin, "vcpu", 0) >= vcpus;
	return n;
}

/* vCPUs that may be plugged in later: up to MAXIMUM. */
static void hotplug_settle(xmlNode *root, unsigned vcpus, unsigned maximum, GPtrArray *notes)
{
	xmlNode *vcpu = xml_child(root, "vcpu"), *list = xml_child(root, "vcpus");
	g_autofree char *current = xml_get(vcpu, "current");
	unsigned pins = later_pins(root, vcpus), had = merge_tree_number(vcpu, NULL, 1);

	if (had == maximum && maximum == vcpus)
		return; /* the plan has CPUs for all that may come */
	if (maximum > vcpus && pins)
		merge_note(notes,
			   "the base pins %u vCPUs that may be plugged in later, and the plan has "
			   "no CPUs for them: their pins are removed",
			   pins);
	if (list && (had != maximum || !vcpus_in_order(list, vcpus)))
		merge_tree_remove(list);
	if ((!current && !list) || maximum > vcpus)
		return;
	if (had > vcpus)
		merge_note(notes,
			   "the base has %u vCPUs, some to be plugged in later (vcpu current, "
			   "vcpus); the plan has %u, and all are there from "
			   "the start",
			   had, vcpus);
	if (current)
		merge_tree_unset(vcpu, "current");
}

/* Huge pages told apart by cell: one size is left, for all of the guest. */
static void pages_join(xmlNode *root)
{
	xmlNode *hugepages = xml_child(xml_child(root, "memoryBacking"), "hugepages");
	xmlNode *page = xml_child(hugepages, "page"), *other;

	if (!page)
		return;
	while ((other = xml_next(page, "page")))
		merge_tree_remove(other);
	merge_tree_unset(page, "nodeset");
}

/* The cells of a guest that has one share. A single cell stays, with all vCPUs: memory that is
 * plugged in needs one, and it may say how its memory is shared. */
static void cells_fit(xmlNode *root, xmlNode *numa, const PlanVm *vm, unsigned maximum,
		      GPtrArray *notes)
{
	xmlNode *cell = xml_child(numa, "cell");
	g_autofree char *has = cell ? xml_get(cell, "cpus") : NULL;
	g_autofree char *cpus = maximum > 1 ? g_strdup_printf("0-%u", maximum - 1) : g_strdup("0");

	if (has && !xml_next(cell, "cell")) {
		merge_tree_set(cell, "cpus", cpus);
		return;
	}
	merge_tree_remove(numa);
	pages_join(root);
	if (!vm->shares->len) /* else they go with the plan's numatune */
		memnodes_remove(xml_child(root, "numatune"));
	merge_note(notes, "the base has NUMA cells for another number of vCPUs, and the plan has "
			  "none: change devices and memory that name a cell by hand");
}

/* The base has another number of vCPUs than the plan. */
static void merge_conflicts_resize(xmlNode *root, const PlanVm *vm, unsigned maximum,
				   GPtrArray *notes)
{
	xmlNode *numa = xml_child(xml_child(root, "cpu"), "numa");
	xmlNode *cputune = xml_child(root, "cputune");

	if (vm->shares->len < 2 && numa)
		cells_fit(root, numa, vm, maximum, notes);
	for (; cputune; cputune = xml_next(cputune, "cputune"))
		schedulers_clip(cputune, maximum);
}

/* libvirt would ask numad for what the plan says. */
static void placement_take(xmlNode *node, const char *what, GPtrArray *notes)
{
	if (!xml_says(node, "placement", "auto"))
		return;
	merge_tree_unset(node, "placement");
	merge_note(notes,
		   "the base has <%s placement='auto'>: the plan says where, instead of numad",
		   what);
}

/* libvirt refuses huge pages in memory that has the attribute NAME = VALUE of ELEMENT. */
static void backing_refused(xmlNode *root, const char *element, const char *name, const char *value,
			    GPtrArray *notes)
{
	xmlNode *node = xml_child(xml_child(root, "memoryBacking"), element);

	if (!node || !xml_says(node, name, value))
		return;
	merge_tree_unset(node, name);
	if (!node->properties && !node->children)
		merge_tree_remove(node);
	merge_note(notes,
		   "the base has <%s %s='%s'>, which libvirt refuses with the huge pages of the "
		   "plan: it is removed",
		   element, name, value);
}

/* What the guest was told when it started. */
static void told_remove(xmlNode *root, const PlanVm *vm, unsigned maximum, GPtrArray *notes)
{
	static const char *const parts[] = {"dies", "clusters", "modules", NULL};
	xmlNode *cpu = xml_child(root, "cpu"), *topology = xml_child(cpu, "topology");
	xmlNode *hint = xml_child(xml_child(xml_child(root, "features"), "kvm"), "hint-dedicated");

	if (merge_tree_number(xml_child(root, "vcpu"), NULL, 1) != maximum)
		merge_conflicts_resize(root, vm, maximum, notes);
	hotplug_settle(root, vm->spec->vcpus, maximum, notes);
	if (vm->shares->len > 1)
		distances_remove(cpu, vm->shares->len);
	for (const char *const *part = parts; *part && topology; part++)
		part_remove(topology, *part);
	if (hint && (vm->cpuset || vm->cpupm->verdict == CPUPM_INELIGIBLE))
		merge_tree_remove(hint);
}

void merge_conflicts(xmlNode *root, const xmlNode *own, const PlanVm *vm, bool running,
		     GPtrArray *notes)
{
	xmlNode *vcpu = xml_child(root, "vcpu");
	xmlNode *memory = xml_child(xml_child(root, "numatune"), "memory");
	g_autofree char *nodeset = xml_get(memory, "nodeset");
	bool follows = memory && !nodeset && xml_says(vcpu, "placement", "auto");

	if (!running)
		told_remove(root, vm, merge_tree_number(xml_child(own, "vcpu"), NULL, 1), notes);
	if (vm->spec->page) {
		pages_join(root);
		backing_refused(root, "allocation", "mode", "ondemand", notes);
		backing_refused(root, "source", "type", "anonymous", notes);
	}
	schedulers_remove(root, own);
	placement_take(vcpu, "vcpu", notes);
	if (memory && vm->shares->len) {
		placement_take(memory, "memory", notes);
		merge_tree_unset(memory, "placement");
	} else if (follows) { /* memory without a nodeset went where the vCPUs went */
		merge_tree_set(memory, "placement", "auto");
	}
}
