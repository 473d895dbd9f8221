/* SPDX-License-Identifier: MIT */
/* The topologies of a fleet, each read once. */
#ifndef CMD_FLEET_HOSTS_H
#define CMD_FLEET_HOSTS_H

#include "cmd/fleet_list.h"

/*
 * Load the topology of each of FILES (FleetFile) and set its host, or its error. Hosts are made
 * whole here, before there are threads: reading one changes the environment (host_load.c), and
 * nothing changes a Host later. The hosts, yours; keep them as long as FILES are used.
 */
GHashTable *fleet_hosts_load(const GPtrArray *files);

#endif
