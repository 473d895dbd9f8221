/* SPDX-License-Identifier: MIT */
/*
 * One side of a comparison: a file that is a saved plan or an inventory. Which is seen from what is
 * in it: a plan is JSON and begins with '{', which no inventory does.
 */
#ifndef CMD_SIDE_H
#define CMD_SIDE_H

#include "cmd/inputs.h"

typedef struct NodeSide {
	const char *name; /* of the file; borrowed */
	char *text;
	size_t length;
	bool saved; /* a saved plan; else inputs.inventory is to be planned */
	bool here;  /* its host is this machine */
	Inputs inputs;
} NodeSide;

/* Read the file NAME: a saved plan with its host, or an inventory, without one yet. */
bool side_read(NodeSide *side, const char *name, GError **error);
/*
 * The host of an inventory's side: TOPOLOGY, else that of OTHER (NULL = none) where it is a saved
 * plan, else this machine. Of a saved plan it is its own.
 */
bool side_load_host(NodeSide *side, const char *topology, const NodeSide *other, GError **error);
/* Plan the inventory, as OPTIONS say; a saved plan is one already. That of another machine is
 * refused for this one, see inputs_meant(). */
bool side_plan(NodeSide *side, const Options *options, GError **error);
void side_clear(NodeSide *side);

#endif
