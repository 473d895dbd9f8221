/* SPDX-License-Identifier: MIT */
#include "planner/merge/merge_conflicts.h"
#include "topology/guests/domain_xml.h"

#include <string.h>

static unsigned number_in(const xmlNode *node, const char *name, unsigned fallback)
{
	g_autofree char *text = xml_get(node, name);
	guint64 number = fallback;

	if (text)
		g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT, &number, NULL);
	return (unsigned)number;
}

static unsigned merge_conflicts_vcpus_of(const xmlNode *root)
{
	const xmlNode *vcpu = xml_child(root, "vcpu");
	g_autofree char *text = vcpu ? xml_text(vcpu) : NULL;
	guint64 number = 1;

	if (text)
		g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT, &number, NULL);
	return (unsigned)number;
}

/* The guest's topology has sockets, cores and threads; more than one of another PART contradicts.
 */
static void part_remove(MergeText *merge, const xmlNode *topology, const char *part)
{
	g_autofree char *value = xml_get(topology, part);

	if (value && strcmp(value, "1") != 0)
		merge_remove_attribute(merge, topology, part);
}

/* Of a guest with fewer cells than before: the distances to those that go. libvirt refuses them. */
static void distances_remove(MergeText *merge, const xmlNode *cpu, unsigned cells)
{
	const xmlNode *cell = xml_child(xml_child(cpu, "numa"), "cell");

	for (unsigned i = 0; cell; i++, cell = xml_next(cell, "cell")) {
		const xmlNode *sibling = xml_child(xml_child(cell, "distances"), "sibling");

		if (number_in(cell, "id", i) >= cells)
			continue; /* it goes as a whole */
		for (; sibling; sibling = xml_next(sibling, "sibling"))
			if (number_in(sibling, "id", 0) >= cells)
				merge_remove(merge, sibling);
	}
}

/* What schedules vCPUs that go; libvirt refuses it. What is no list of CPUs is libvirt's to judge.
 */
static void schedulers_clip(MergeText *merge, const xmlNode *cputune, unsigned vcpus)
{
	const xmlNode *node = xml_child(cputune, "vcpusched");

	for (; node; node = xml_next(node, "vcpusched")) {
		g_autofree char *list = xml_get(node, "vcpus");
		g_auto(CpuSet) set = list ? cpulist_parse(list, NULL) : NULL;
		g_autofree char *clipped = NULL;

		if (!set || hwloc_bitmap_last(set) < (int)vcpus)
			continue;
		hwloc_bitmap_clr_range(set, vcpus, -1);
		clipped = cpulist_format(set);
		if (*clipped)
			merge_set_attribute(merge, node, "vcpus", clipped);
		else
			merge_remove(merge, node);
	}
}

/* Without guest NUMA cells there is nothing a memnode could bind. */
static void memnodes_remove(MergeText *merge, const xmlNode *numatune)
{
	const xmlNode *node = xml_child(numatune, "memnode");

	for (; node; node = xml_next(node, "memnode"))
		merge_remove(merge, node);
}

/* The base has another number of vCPUs than the plan. */
static void merge_conflicts_resize(MergeText *merge, const xmlNode *root, const PlanVm *vm)
{
	const xmlNode *vcpu = xml_child(root, "vcpu"), *vcpus = xml_child(root, "vcpus");
	const xmlNode *numa = xml_child(xml_child(root, "cpu"), "numa");
	const xmlNode *cputune = xml_child(root, "cputune");

	if (vcpu)
		merge_remove_attribute(merge, vcpu, "current");
	if (vcpus)
		merge_remove(merge, vcpus);
	if (vm->shares->len < 2 && numa) {
		merge_remove(merge, numa);
		if (!vm->shares->len) /* else they go with the plan's numatune */
			memnodes_remove(merge, xml_child(root, "numatune"));
	}
	for (; cputune; cputune = xml_next(cputune, "cputune"))
		schedulers_clip(merge, cputune, vm->spec->vcpus);
}

/* Pages of one size are for all of the guest. */
static void page_nodesets_remove(MergeText *merge, const xmlNode *root)
{
	const xmlNode *hugepages = xml_child(xml_child(root, "memoryBacking"), "hugepages");
	const xmlNode *page = xml_child(hugepages, "page");

	if (page)
		merge_remove_attribute(merge, page, "nodeset");
}

/* What the guest was told when it started. */
static void told_remove(MergeText *merge, const xmlNode *root, const PlanVm *vm)
{
	static const char *const parts[] = {"dies", "clusters", "modules", NULL};
	const xmlNode *cpu = xml_child(root, "cpu"), *topology = xml_child(cpu, "topology");
	const xmlNode *hint =
		xml_child(xml_child(xml_child(root, "features"), "kvm"), "hint-dedicated");

	if (merge_conflicts_vcpus_of(root) != vm->spec->vcpus)
		merge_conflicts_resize(merge, root, vm);
	if (vm->shares->len > 1)
		distances_remove(merge, cpu, vm->shares->len);
	for (const char *const *part = parts; *part && topology; part++)
		part_remove(merge, topology, *part);
	if (hint && (vm->cpuset || vm->cpupm->verdict == CPUPM_INELIGIBLE))
		merge_remove(merge, hint);
}

void merge_conflicts(MergeText *merge, const xmlNode *root, const PlanVm *vm, bool running)
{
	const xmlNode *memory = xml_child(xml_child(root, "numatune"), "memory");

	if (!running)
		told_remove(merge, root, vm);
	if (vm->spec->page)
		page_nodesets_remove(merge, root);
	if (memory && vm->shares->len)
		merge_remove_attribute(merge, memory, "placement");
}
