/* SPDX-License-Identifier: MIT */
/* What a plan says, as text for people: what tables on terminals and pages have in common. */
#ifndef PLANNER_DOCUMENT_PLAN_TEXT_H
#define PLANNER_DOCUMENT_PLAN_TEXT_H

#include "planner/place/plan.h"

/* How many cores have ROLE. */
unsigned plan_role_cores(const Plan *plan, Role role);
/* How many VMs have the verdict on. */
unsigned plan_count_on(const Plan *plan);
/* The NUMA nodes of VM, "0,1", or "-". Yours. */
char *plan_vm_nodes_text(const Plan *plan, const PlanVm *vm);
/* "on", or "ineligible: overcommitted"; "-" where it is not placed. Yours. */
char *plan_vm_verdict_text(const PlanVm *vm);
/* CPUs by vCPU, of unsigned: "10,46,11". Yours. */
char *plan_cpus_text(const GArray *cpus);
/* What a move costs, by MoveCost. */
extern const char *const plan_move_costs[];

/* A reason for a cpu-pm verdict, or a note on it, with all VMs it is of. */
typedef struct PlanExplanation {
	CpupmVerdict verdict;
	const CpupmReason *reason; /* borrowed */
	GPtrArray *vms;		   /* of char *, borrowed */
} PlanExplanation;

/* Of PlanExplanation, reasons before notes; yours. */
GPtrArray *plan_explanations(const Plan *plan);
/* "vm1, vm2", or "12 VMs" where their names are long together. Yours. */
char *plan_explanation_vms(const PlanExplanation *explanation);

#endif
