/* SPDX-License-Identifier: MIT */
/*
 * Does a fleet hold when a node is lost, or a group of nodes, or any two nodes? Each loss judged
 * (loss.h), the spare that all that are survived need (spare.h), and what is then free by kind of
 * hardware.
 *
 * Of pairs there may be too many: then those among the nodes with most vCPUs are judged, and some
 * that are drawn, always the same ones.
 */
#ifndef PLANNER_FLEET_SURVIVE_H
#define PLANNER_FLEET_SURVIVE_H

#include "planner/fleet/spare.h"

typedef struct SurviveUnit {
	SpareKind kind;
	const char *name; /* of the node, or the group; borrowed; NULL for a pair */
	GArray *members;  /* of unsigned: nodes */
	Loss *loss;
} SurviveUnit;

/* Nodes of one kind of hardware that take VMs. */
typedef struct SurviveKind {
	const char *name; /* borrowed */
	unsigned nodes;
	uint64_t cores, free, spare;
} SurviveKind;

typedef struct Survive {
	Space *space;
	GPtrArray *units; /* of SurviveUnit: nodes in their order, groups by name, pairs */
	unsigned verdicts[SPARE_KINDS][3]; /* how many, by kind and LossVerdict */
	unsigned counts[SPARE_KINDS];	   /* units, by kind */
	uint64_t pairs;			   /* that there are */
	unsigned shared;		   /* shared VMs, which are not judged */
	Spare *spare;
	GPtrArray *kinds; /* of SurviveKind, by name */
} Survive;

/* For STANDINGS (of Standing), borrowed; with FAILURES 2 for pairs, too. Yours. */
Survive *survive_new(const GPtrArray *standings, unsigned failures);
void survive_free(Survive *survive);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Survive, survive_free)

#endif
