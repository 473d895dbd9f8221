/* SPDX-License-Identifier: MIT */
/*
 * Admission: would a VM that is about to start break the plan? Judged by rules of check, over the
 * VM as its XML has it, the plan's other VMs as if each ran where the plan has it, and what runs
 * beside them. The node is taken to be as the plan says: whether it is, is for check to find.
 *
 * To add a reason to refuse: the rule's line in the table of admit.c. A rule counts where it is an
 * error of the VM that starts.
 */
#ifndef PLANNER_CHECK_ADMIT_H
#define PLANNER_CHECK_ADMIT_H

#include "planner/place/plan.h"
#include "topology/guests/guests.h"

#define ADMIT_REASON_MAX 200 /* bytes: libvirt puts as many of its own before it */

/*
 * What of the VM NAME breaks PLAN: of Finding, the plainest first; empty = nothing. GUESTS are that
 * VM, running by its XML, and VMs that run and are not in the plan; those of the plan are added.
 * PAGES (of HugePages; NULL = not known) are the node's, with how many more there may be. Yours.
 */
GPtrArray *admit_judge(const Plan *plan, GuestFacts *guests, const char *name, const GArray *pages);

/* What FINDINGS (at least one) say of the VM NAME, one line: "vm web breaks the plan: …"; yours. */
char *admit_reason(const char *name, const GPtrArray *findings);

#endif
