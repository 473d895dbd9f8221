/* SPDX-License-Identifier: MIT */
/* `planner fit` of many nodes. */
#ifndef CMD_FLEET_H
#define CMD_FLEET_H

#include "cmd/cmd.h"

/* Does OPTIONS, of `planner fit`, ask for many nodes? */
bool fleet_asked(const Options *options);

/*
 * Answer for the nodes that OPTIONS name; SIZES (of VmSpec, NULL = 2, 4, 8 and 16 vCPUs) are what
 * more of is asked for. STATUS_TROUBLE where a node is broken, else STATUS_BAD_NEWS where one is
 * faulty, or there is no room for a size that was asked for or a request.
 */
Status fleet_run(const Options *options, const GPtrArray *sizes, GError **error);

#endif
