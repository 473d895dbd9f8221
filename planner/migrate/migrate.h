/* SPDX-License-Identifier: MIT */
/*
 * May a VM migrate from one node to another while it runs? Point by point, each with its reason.
 *
 * A guest that runs keeps what it was told when it started: CPU topology, NUMA cells, CPUID. What
 * the other node would tell it otherwise takes a restart. cpu-pm is QEMU's on each side by its own
 * command line, and the verdicts are cpupm.h's, of both sides.
 *
 * To add a point: a function in migrate_points.c and its row in the table there; planner-migrate.1;
 * a case in tests/migrate.t.
 */
#ifndef PLANNER_MIGRATE_MIGRATE_H
#define PLANNER_MIGRATE_MIGRATE_H

#include "planner/place/plan.h"

#include <jansson.h>

#define JSON_FORMAT_MIGRATE "planner-migrate/1"

/* By what is worse. */
typedef enum MigrateVerdict {
	MIGRATE_LIVE,
	MIGRATE_LOSES,	 /* live, but cpu-pm is off from then on */
	MIGRATE_UNKNOWN, /* a fact that decides is missing */
	MIGRATE_RESTART, /* only powered off and on */
	MIGRATE_CANNOT,
} MigrateVerdict;
/* "live", "loses-cpu-pm", "unknown", "restart", "cannot". */
extern const char *const migrate_names[];

typedef struct MigratePoint {
	const char *what; /* static: "room", "cpu-pm" */
	MigrateVerdict verdict;
	char *text; /* what was seen */
	char *fix;  /* what to do; NULL = nothing */
} MigratePoint;

typedef struct Migration {
	const Plan *from, *to;	/* borrowed: the two nodes as they are */
	const PlanVm *before;	/* on the one: of FROM */
	const Plan *plan;	/* TO with the VM */
	Plan *own;		/* the same where it was made for this; NULL = borrowed */
	const PlanVm *after;	/* of it; perhaps not placed */
	GPtrArray *points;	/* of MigratePoint */
	MigrateVerdict verdict; /* the worst of them */
} Migration;

/*
 * Judge the migration of VM, which is one of FROM's and placed, to the node of TO, which has no VM
 * of its name. TO's VMs stay on their CPUs, but for at most MOVES that may move. OVERCOMMIT is the
 * inventory's of TO, 0 = not said. The plans are borrowed. Yours.
 */
Migration *migrate_new(const Plan *from, const PlanVm *vm, const Plan *to, double overcommit,
		       unsigned moves);
/* The same where the plan of the other node WITH the VM is known: borrowed, too. Yours. */
Migration *migrate_new_with(const Plan *from, const PlanVm *vm, const Plan *to, const Plan *with);
/*
 * As far as two nodes alone tell, wherever a VM like SPEC has its place: FROM and TO need no VMs.
 * HERE and THERE say whether it has cpu-pm. Yours.
 */
Migration *migrate_foresee(const Plan *from, const Plan *to, const VmSpec *spec, bool here,
			   bool there);
void migrate_free(Migration *migration);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Migration, migrate_free)

/* planner-migrate/1; a new reference, yours. */
json_t *migrate_to_json(const Migration *migration);

/* Of these: fill the points; NODES: those alone that the nodes tell (migrate_points.c). */
void migrate_judge(Migration *migration, bool nodes);

#endif
