/* SPDX-License-Identifier: MIT */
/* What a guest is told of its CPUs and nodes when it starts. */
#ifndef PLANNER_PLACE_GUEST_H
#define PLANNER_PLACE_GUEST_H

#include "planner/place/plan.h"

/* The vCPUs that it can have while it runs: its topology is of all of them. */
unsigned guest_maximum(const VmSpec *spec);
/* Set the CPU topology of VM, which has its pins: the one that is true of them. */
void guest_shape(const Plan *plan, PlanVm *vm);
/* Is what the guest is told of its CPUs so: each guest core's vCPUs on one core, and each guest
 * socket's, where it has several, on one NUMA node? */
bool guest_cores_true(const Plan *plan, const PlanVm *vm);
bool guest_sockets_true(const Plan *plan, const PlanVm *vm);

/* As text: where two of these differ, it takes a restart to go from one to the other. Both yours.
 */

/* "1 socket, 2 cores, 2 threads". */
char *guest_topology(const PlanVm *vm);
/* Its NUMA cells: "one", or "2 vCPUs and 4G; 2 vCPUs and 4G". */
char *guest_cells(const PlanVm *vm);

#endif
