/* SPDX-License-Identifier: MIT */
#include "topology/host/topology_export.h"

#include "topology/base/error.h"
#include "topology/host/host_load.h"

#include <string.h>

/* Attributes that say what the machine is, not which one it is. */
static const char *const infos_kept[] = {
	"Architecture", "Backend",	  "CPUFamilyNumber",
	"CPUModel",	"CPUModelNumber", "CPUStepping",
	"CPUVendor",	"DAXDevice",	  "DAXType",
	"PCIVendor",	"PCIDevice",	  "PCISlot",
	NULL,
};

static void infos_blank(hwloc_obj_t object)
{
	for (unsigned i = 0; i < object->infos_count; i++)
		if (!g_strv_contains(infos_kept, object->infos[i].name))
			*object->infos[i].value = '\0';
}

static void object_blank(hwloc_obj_t object)
{
	infos_blank(object);
	for (hwloc_obj_t child = object->first_child; child; child = child->next_sibling)
		object_blank(child);
	for (hwloc_obj_t child = object->io_first_child; child; child = child->next_sibling)
		object_blank(child);
	for (hwloc_obj_t child = object->memory_first_child; child; child = child->next_sibling)
		object_blank(child);
}

static char *topology_export_text(const char *fsroot, GError **error)
{
	g_auto(Topology) topology = topology_new();
	char *text, *copy;
	int length;

	if (!topology_load_linux(topology, fsroot)) {
		g_set_error_literal(error, PLANNER_ERROR, PLANNER_ERROR_SYSTEM,
				    "hwloc cannot read it");
		return NULL;
	}
	object_blank(hwloc_get_root_obj(topology));
	if (hwloc_topology_export_xmlbuffer(topology, &text, &length, 0) < 0) {
		g_set_error_literal(error, PLANNER_ERROR, PLANNER_ERROR_SYSTEM,
				    "hwloc cannot write it as XML");
		return NULL;
	}
	copy = g_strdup(text);
	hwloc_free_xmlbuffer(topology, text);
	return copy;
}

char *topology_export(const char *fsroot, GError **error)
{
	char **saved = environment_enter();
	char *xml = topology_export_text(fsroot, error);

	environment_leave(saved);
	return xml;
}
