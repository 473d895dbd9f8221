/* SPDX-License-Identifier: MIT */
/*
 * Why something interrupts a CPU or a VM, and what in the plan would remove it, in words. What the
 * rules of check say already, they say here too.
 *
 * To add a cause: a row in the table of its kind, in causes.c or causes_exit.c.
 */
#ifndef PLANNER_MEASURE_CAUSES_H
#define PLANNER_MEASURE_CAUSES_H

#include "planner/measure/measure.h"
#include "planner/measure/traced.h"

/* A CPU, and what else happened there. */
typedef struct MeasureScene {
	const Audit *audit;
	const Counters *before, *after;
	GHashTable *own;   /* threads of vCPUs pinned there: TIDs, GUINT_TO_POINTER */
	GHashTable *vcpus; /* threads of all vCPUs: TID → its name */
	const AuditVm *vm; /* the one whose vCPU is pinned there; NULL */
	unsigned cpu;
	uint64_t others; /* how often other tasks were put there */
	bool halts;	 /* the VM halted */
	TickReason tick; /* why the tick went on, where that was traced */
} MeasureScene;

/* Set what, cause and fix of INTERRUPTION, whose kind, name, count and parts are set. TEXT: the
 * kernel's own words for it. */
void causes_interrupt(const MeasureScene *scene, const char *text, Interruption *interruption);
void causes_softirq(const MeasureScene *scene, Interruption *interruption);
void causes_task(const MeasureScene *scene, Interruption *interruption);
/* The same of vCPUs that are pinned to one CPU. */
void causes_sharers(const Audit *audit, Interruption *interruption);
/* Exits that KVM has no counter for: what is left of all. */
#define OTHER_EXITS "other_exits"
/* The same of VM's exits that KVM counts as the name. */
void causes_exit(const Audit *audit, const AuditVm *vm, Interruption *interruption);
/* The counters that are exits of their own, each counted once in "exits"; ended by NULL. */
extern const char *const causes_exits[];

/* Of both: whether this VM may have cpu-pm, and what comes of it. Yours. */
char *causes_halt_fix(const Audit *audit, const AuditVm *vm);
/* What delivers interrupts into a running guest without an exit, and whether it is on. Yours. */
char *causes_posted_fix(const Audit *audit);
/* What timers of VM that fire without an exit need, and what lacks. Yours. */
char *causes_timer_fix(const Audit *audit, const AuditVm *vm);

#endif
