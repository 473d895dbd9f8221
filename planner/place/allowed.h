/* SPDX-License-Identifier: MIT */
/*
 * Which cores a VM may have by what the inventory says of it: its node, socket, die or L3, its kind
 * of cores; and which VMs must be apart. The one place that says so, for plan, fit, replay and
 * fleet.
 */
#ifndef PLANNER_PLACE_ALLOWED_H
#define PLANNER_PLACE_ALLOWED_H

#include "planner/place/plan.h"

/* May VM have cores of NODE, a position: is it the one asked for, or one of the nearest to that? */
bool allowed_node(const Host *host, const VmSpec *spec, unsigned node);
/* May VM have CORE of HOST? */
bool allowed_core(const Host *host, const VmSpec *spec, const Core *core);
/* May it have every core? All those of the nodes that it may have? */
bool allowed_every(const VmSpec *spec);
bool allowed_nodes(const VmSpec *spec);
/* Do A and B say the same of that, and of whom they must be apart from? */
bool allowed_alike(const VmSpec *a, const VmSpec *b);
/* What it says, for people: "node 0", "socket 1 and performance cores"; NULL = nothing. Yours. */
char *allowed_text(const VmSpec *spec);

/* Must A and B be apart? Then *BY says by what. */
bool apart_from(const Apart *a, const Apart *b, ApartBy *by);
/* A number for the socket, node or L3 that CORE is in: the same for those together. Without an L3,
 * its node. */
unsigned apart_place(const Host *host, const Core *core, ApartBy by);
/* "socket 1", "node 0", "the L3 of CPU 8", for the place of CORE. Yours. */
char *apart_place_text(const Host *host, const Core *core, ApartBy by);
/*
 * The VM of PLAN, placed, that SPEC must be apart from and that has a core in the place of CORE;
 * NULL. *BY says by what.
 */
const PlanVm *apart_neighbour(const Plan *plan, const VmSpec *spec, const Core *core, ApartBy *by);

#endif
