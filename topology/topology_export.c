/* SPDX-License-Identifier: MIT */
#include "topology/topology_export.h"

#include "topology/error.h"
#include "topology/host_load.h"

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

static char *export(GError **error)
{
	g_auto(Topology) topology = NULL;
	char *text, *copy;
	int length;

	if (hwloc_topology_init(&topology) < 0)
		g_error("out of memory");
	hwloc_topology_set_flags(topology, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED |
						   HWLOC_TOPOLOGY_FLAG_DONT_CHANGE_BINDING |
						   HWLOC_TOPOLOGY_FLAG_NO_DISTANCES);
	hwloc_topology_set_io_types_filter(topology, HWLOC_TYPE_FILTER_KEEP_IMPORTANT);
	if (hwloc_topology_load(topology) < 0) {
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

/* As host_load.c: only what the kernel says, whatever the user's environment has of hwloc's. */
char *topology_export(const char *fsroot, GError **error)
{
	static const char *const names[] = {"HWLOC_COMPONENTS", "HWLOC_FSROOT", "HWLOC_XMLFILE",
					    "HWLOC_SYNTHETIC", "HWLOC_THISSYSTEM"};
	char *saved[G_N_ELEMENTS(names)], *xml;

	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
		saved[i] = g_strdup(g_getenv(names[i]));
		g_unsetenv(names[i]);
	}
	g_setenv("HWLOC_COMPONENTS", "linux,stop", TRUE);
	if (fsroot)
		g_setenv("HWLOC_FSROOT", fsroot, TRUE);
	xml = export(error);
	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
		g_unsetenv(names[i]);
		if (saved[i])
			g_setenv(names[i], saved[i], TRUE);
		g_free(saved[i]);
	}
	return xml;
}
