/* SPDX-License-Identifier: MIT */
#include "planner/merge/merge_machine.h"
#include "planner/merge/merge_notes.h"

#include <string.h>

static xmlNode *type_of(const xmlNode *root)
{
	return xml_child(xml_child(root, "os"), "type");
}

/* The IOMMU goes on q35 alone, and beside no other. */
static bool iommu_possible(const char *machine, const xmlNode *root, unsigned vcpus,
			   GPtrArray *notes)
{
	g_autofree char *model = xml_get(xml_child(xml_child(root, "devices"), "iommu"), "model");

	if (machine && !strstr(machine, "q35"))
		merge_note(notes,
			   "the base has machine '%s', which takes no more than 255 vCPUs, and the "
			   "plan has %u: create the domain again with machine='q35'",
			   machine, vcpus);
	else if (model && strcmp(model, "intel") != 0)
		merge_note(notes,
			   "the base has an IOMMU of model '%s', and %u vCPUs need one of model "
			   "'intel' with eim='on': change it by hand",
			   model, vcpus);
	else
		return true;
	return false;
}

void merge_machine(xmlNode *own, const xmlNode *root, unsigned vcpus, GPtrArray *notes)
{
	xmlNode *os = xml_child(own, "os"), *type = type_of(own);
	xmlNode *devices = xml_child(own, "devices"), *iommu = xml_child(devices, "iommu");
	xmlNode *ioapic = xml_child(xml_child(own, "features"), "ioapic");
	g_autofree char *machine = xml_get(type_of(root), "machine");
	g_autofree char *wanted = xml_get(type, "machine");
	g_autofree char *has = xml_get(type_of(root), "arch"), *arch = xml_get(type, "arch");
	bool other = has && arch && strcmp(has, arch) != 0;

	if (iommu && (other || !iommu_possible(machine, root, vcpus, notes))) {
		merge_tree_remove(devices);
		if (ioapic)
			merge_tree_remove(ioapic);
	}
	if (os && (machine || other || !wanted))
		merge_tree_remove(os);
	else if (type)
		merge_tree_unset(type, "arch");
}
