/* SPDX-License-Identifier: MIT */
/*
 * Adoption: the inventory that describes a node as it was found, so that `plan` gives what the node
 * has: the same pins of vCPUs, the same kernel line.
 *
 * Nothing is invented: what is not known has no key. What is a guess says so in a note, with what
 * was seen: "guessed: …". What the node does and no inventory can say is nearest to the truth and
 * noted: "not expressed: …"; what could not be read: "not read: …". Whether the inventory tells the
 * truth is not believed but tried: it is planned, and the plan is compared with what was found.
 *
 * To adopt one more key: in the file of its section (adopt_roles.c, adopt_kernel.c, adopt_vms.c);
 * a note for each way it can be a guess; tests/unit/test_adopt.c.
 */
#ifndef PLANNER_ADOPT_ADOPT_H
#define PLANNER_ADOPT_ADOPT_H

#include "planner/inventory/inventory_write.h"
#include "topology/facts/facts.h"

typedef struct Adoption {
	Inventory *inventory;
	GPtrArray *notes; /* of InventoryNote */
	unsigned guessed; /* notes that say so */
	unsigned lost;	  /* what it cannot say, and what could not be read that it is made of */
	unsigned errors;  /* of its plan */
} Adoption;

/* Adopt the node of FACTS, whose host is known. Never fails. Yours. */
Adoption *adopt(const Facts *facts);
void adoption_free(Adoption *adoption);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Adoption, adoption_free)

#endif
