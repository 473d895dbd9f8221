/* SPDX-License-Identifier: MIT */
/* The topology as hwloc XML, for snapshots: what host_load() sees, so that it reads the same. */
#ifndef TOPOLOGY_HOST_TOPOLOGY_EXPORT_H
#define TOPOLOGY_HOST_TOPOLOGY_EXPORT_H

#include <glib.h>

/*
 * The XML of this machine (FSROOT NULL) or of a captured one, yours; without serial numbers,
 * addresses and names of the machine. NULL with PLANNER_ERROR_SYSTEM.
 */
char *topology_export(const char *fsroot, GError **error);

#endif
