/* SPDX-License-Identifier: MIT */
/*
 * Which nodes of a fleet change together, wave after wave, while the rest runs their VMs.
 *
 * A wave is emptied onto the other nodes, those that have changed first, so that VMs which come
 * there never move again; then it changes and is there, empty, for the next. Each wave takes as
 * many nodes as it can, of each group one at most. Emptiest first is tried, and fullest first; what
 * takes fewer waves, then fewer moves, is the answer. A VM migrates live as far as the
 * nodes tell (drain_class.h); it is powered off and on where it cannot, or where it gets cpu-pm
 * that it has not.
 */
#ifndef PLANNER_FLEET_WAVES_H
#define PLANNER_FLEET_WAVES_H

#include "planner/fleet/space.h"

typedef struct WaveMove {
	const StandingVm *vm;
	unsigned from, to; /* nodes */
	bool live;
} WaveMove;

typedef struct Wave {
	GArray *nodes;	    /* of unsigned */
	GArray *moves;	    /* of WaveMove */
	GPtrArray *strands; /* of const StandingVm *: once it is done they may go live nowhere */
	GArray *risks; /* of unsigned: nodes that, lost meanwhile, leave a VM without a place */
} Wave;

typedef struct Waves {
	GPtrArray *waves;		     /* of Wave */
	GArray *left;			     /* of unsigned: nodes that cannot be emptied */
	char *why;			     /* the first that was tried of them; NULL */
	unsigned bound;			     /* no way has fewer waves */
	unsigned changes, vms, moves, again; /* nodes that change, their VMs, moves, and those of
						VMs that moved before */
} Waves;

typedef struct WavesLimits {
	unsigned at_once; /* nodes of a wave, 0 = no limit */
	unsigned canary;  /* of the first, 0 = one of each kind of hardware */
	bool survive;	  /* no wave has a node at risk */
} WavesLimits;

/* From BEFORE to AFTER: of Standing, by node; AFTER has no VMs, and NULL where a node does not
 * change. WISHES: name → StandingVm as it is to be, where that is known. Borrowed. Yours. */
Waves *waves_new(const GPtrArray *before, const GPtrArray *after, GHashTable *wishes,
		 const WavesLimits *limits);
void waves_free(Waves *waves);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Waves, waves_free)
void wave_free(gpointer wave);

/* How many of the moves are live. */
unsigned wave_live(const Wave *wave);
/* "a, b and 3 more": the VMs that it strands; "" = none. Yours. */
char *wave_strands_names(const Wave *wave);
/* The same of NODES, of unsigned; STANDINGS are of all nodes. */
char *waves_nodes_names(const GPtrArray *standings, const GArray *nodes);

#endif
