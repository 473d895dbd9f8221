/* SPDX-License-Identifier: MIT */
/* `planner fit --place`: which node of a fleet takes which VM. */
#ifndef CMD_FLEET_DISPATCH_H
#define CMD_FLEET_DISPATCH_H

#include "cmd/cmd.h"

/* Decide the requests of OPTIONS for FILES (FleetFile), whose topologies are loaded. */
Status fleet_dispatch(const Options *options, const GPtrArray *files, GError **error);

#endif
