/* SPDX-License-Identifier: MIT */
/*
 * Capacity of many nodes: the same question, how many more VMs of each size fit, asked of each node
 * and added up. Nodes do not know of each other; dispatch.h chooses between them.
 *
 * A question is asked by many threads at once. Nodes that are alike in what counts (free rooms,
 * memory, VMs without cpus =) are worked out once: a bounded memory of answers, which changes no
 * answer, only how long it takes.
 */
#ifndef PLANNER_FIT_FLEET_H
#define PLANNER_FIT_FLEET_H

#include "planner/fit/fit_node.h"

/*
 * Steps a count may search for: all that most need, and then, where that leaves a range, so many
 * again that a fleet of ten thousand does not notice. A count that needs more is left between fit
 * and bound; `planner fit` of the node alone searches further.
 */
#define FLEET_BUDGET 3000
#define FLEET_BUDGET_MOST 10000

typedef struct Fleet Fleet;

/* SIZES: of VmSpec, borrowed. Yours. */
Fleet *fleet_new(const GPtrArray *sizes);
void fleet_free(Fleet *fleet);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Fleet, fleet_free)

typedef enum FleetState {
	FLEET_FINE,
	FLEET_FAULTY, /* its plan is bad news: a VM without a place, an error */
	FLEET_BROKEN, /* not known: its inventory or topology cannot be read */
} FleetState;
/* "fine", "faulty", "broken". */
extern const char *const fleet_state_names[];

/* How many more of a size fit, as FitCount, and what there is too little of for one more. */
typedef struct FleetFit {
	unsigned fit, bound;
	FitLimit limit;
} FleetFit;

typedef struct FleetNode {
	char *name;	 /* unique in the fleet */
	char *inventory; /* its file */
	FleetState state;
	char *why;	 /* NULL when it is fine */
	unsigned vms;	 /* of the inventory */
	unsigned cores;	 /* that VMs may have */
	unsigned free;	 /* of these, as plan leaves them */
	uint64_t memory; /* free in the NUMA nodes that have cores; UINT64_MAX = not known */
	char *kind;	 /* of its hardware: "2 NUMA nodes, 36 cores, 72 CPUs"; NULL when broken */
	unsigned stranded; /* CPUs isolated for VMs that no VM can have */
	Cpupm *cpu_pm;	   /* the verdict a further VM would get; NULL when broken */
	FleetFit *fits;	   /* by size; NULL when broken */
} FleetNode;

/* The answer of the node NAME, which HOST and INVENTORY describe; for any thread. Yours. */
FleetNode *fleet_node_new(Fleet *fleet, const char *name, const char *file, const Host *host,
			  const Inventory *inventory);
/* Why the plan of INVENTORY is bad news, one line; NULL when it is none. BASE is made of it; its
 * plan gets the findings. Yours. */
char *fleet_fault(FitBase *base, const Inventory *inventory);
/* Would the verdict of a further VM, of that CPU mode, be on? */
bool fleet_cpu_pm_on(const Host *host, const Inventory *inventory, CpuMode mode);
/* The kind of hardware: "2 NUMA nodes, 36 cores, 72 CPUs". Yours. */
char *fleet_kind_name(const Host *host);

/* A node that cannot be read. Yours. */
FleetNode *fleet_node_broken(const char *name, const char *file, const char *why);
void fleet_node_free(FleetNode *node);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FleetNode, fleet_node_free)

/* The nodes of one kind of hardware; memory of those where it is known. */
typedef struct FleetKind {
	char *name;
	unsigned nodes;
	uint64_t cores, free, memory;
	uint64_t *fit; /* by size */
} FleetKind;

/* What is added up; begin with zeroes. The order of nodes does not matter. */
typedef struct FleetTotals {
	unsigned nodes, states[3]; /* by FleetState */
	unsigned cpu_pm;	   /* nodes where a further VM's verdict is on */
	uint64_t vms, cores, free, stranded;
	uint64_t memory;		     /* free, of the nodes where it is known */
	uint64_t *fit, *bound;		     /* by size */
	unsigned (*limits)[FIT_NOTHING + 1]; /* by size: fine nodes by what runs out first */
	GPtrArray *kinds;		     /* of FleetKind, by name */
} FleetTotals;

void fleet_totals_init(FleetTotals *totals, const Fleet *fleet);
void fleet_totals_add(FleetTotals *totals, const Fleet *fleet, const FleetNode *node);
void fleet_totals_clear(FleetTotals *totals);

#endif
