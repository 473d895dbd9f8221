/* SPDX-License-Identifier: MIT */
/*
 * Does a fleet hold when a node is lost, or a group of nodes? Each loss judged (loss.h), the spare
 * that all that are survived need (spare.h), and what is then free by kind of hardware.
 */
#ifndef PLANNER_FLEET_SURVIVE_H
#define PLANNER_FLEET_SURVIVE_H

#include "planner/fleet/spare.h"

typedef struct SurviveUnit {
	const char *name; /* of the node, or the group; borrowed */
	bool group;
	GArray *members; /* of unsigned: nodes */
	Loss *loss;
} SurviveUnit;

/* Nodes of one kind of hardware that take VMs. */
typedef struct SurviveKind {
	const char *name; /* borrowed */
	unsigned nodes;
	uint64_t cores, free, spare;
} SurviveKind;

typedef struct Survive {
	Yard *yard;
	GPtrArray *units;     /* of SurviveUnit: nodes in their order, then groups by name */
	unsigned verdicts[3]; /* how many, by LossVerdict */
	unsigned groups;      /* units that are groups */
	unsigned shared;      /* shared VMs, which are not judged */
	Spare *spare;
	GPtrArray *kinds; /* of SurviveKind, by name */
} Survive;

/* For STANDINGS (of Standing), borrowed. Yours. */
Survive *survive_new(const GPtrArray *standings);
void survive_free(Survive *survive);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Survive, survive_free)

#endif
