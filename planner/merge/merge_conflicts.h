/* SPDX-License-Identifier: MIT */
/* What a domain has that would contradict what the plan says of its VM. */
#ifndef PLANNER_MERGE_MERGE_CONFLICTS_H
#define PLANNER_MERGE_MERGE_CONFLICTS_H

#include "planner/place/plan.h"
#include "topology/guests/domain_xml.h"

/*
 * Take out of the domain ROOT what would contradict the elements of OWN, VM's, or what libvirt
 * would refuse beside them: of other vCPUs, cells and dies than the guest then has, pages for some
 * of its cells only or on demand, an automatic placement, a hint that its vCPUs never wait. What a
 * guest sees stays where it is RUNNING. What somebody may miss then is in NOTES (of char *).
 */
void merge_conflicts(xmlNode *root, const xmlNode *own, const PlanVm *vm, bool running,
		     GPtrArray *notes);

#endif
