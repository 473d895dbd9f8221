/* SPDX-License-Identifier: MIT */
/* The machine type of a base, and the IOMMU that more than 255 vCPUs need. */
#ifndef PLANNER_MERGE_MERGE_MACHINE_H
#define PLANNER_MERGE_MERGE_MACHINE_H

#include "planner/merge/merge_tree.h"

/*
 * Remove from OWN, the plan's domain of VCPUS vCPUs, what the domain at ROOT cannot have. A machine
 * type that ROOT has stays: its devices have their places on it. NOTES (of char *): what is to be
 * done by hand then.
 */
void merge_machine(xmlNode *own, const xmlNode *root, unsigned vcpus, GPtrArray *notes);

#endif
