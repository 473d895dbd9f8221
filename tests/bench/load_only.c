/* SPDX-License-Identifier: MIT */
/* The lower bound of `planner plan`: a program that only loads a topology with hwloc, with the
 * flags and filters of topology/host/host_load.c. Usage: load_only FILE.xml */
#include <hwloc.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	hwloc_topology_t topology;

	if (argc != 2 || hwloc_topology_init(&topology) < 0)
		return 2;
	hwloc_topology_set_flags(topology, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED |
						   HWLOC_TOPOLOGY_FLAG_DONT_CHANGE_BINDING |
						   HWLOC_TOPOLOGY_FLAG_NO_DISTANCES);
	hwloc_topology_set_io_types_filter(topology, HWLOC_TYPE_FILTER_KEEP_IMPORTANT);
	if (hwloc_topology_set_xml(topology, argv[1]) < 0 || hwloc_topology_load(topology) < 0)
		return 1;
	printf("%d\n", hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PU));
	hwloc_topology_destroy(topology);
	return 0;
}
