/* SPDX-License-Identifier: MIT */
/* The platform of a whole node: who writes its kernel line and its services. */
#ifndef TOPOLOGY_FACTS_PLATFORM_LOAD_H
#define TOPOLOGY_FACTS_PLATFORM_LOAD_H

#include "topology/facts/facts.h"

/* Tell it of the FACTS that are there, of what distributions say of themselves and, where no VM
 * is, of what a platform leaves on its nodes. VMs of OpenShift and Harvester are told apart from
 * KubeVirt's. */
void platform_load(Root *root, Facts *facts);

#endif
