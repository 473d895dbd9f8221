/* SPDX-License-Identifier: MIT */
/* What the shared options name, loaded: inventory, topology, or a saved plan. */
#ifndef CMD_INPUTS_H
#define CMD_INPUTS_H

#include "cmd/options.h"
#include "planner/place/plan.h"
#include "topology/facts/facts.h"

typedef struct Inputs {
	Host *host;
	Inventory *inventory; /* NULL with -p */
	Node *node;	      /* of this machine, where it is the one planned for; else NULL */
	Plan *plan;	      /* inputs_load_plan() only */
	bool broken;	      /* it is a saved one that breaks the rules of planning */
} Inputs;

/* Load the host alone; false with ERROR set. */
bool inputs_load_host(const Options *options, Inputs *inputs, GError **error);
/*
 * Load what the options name and plan it, or read the saved plan. Without -i the inventory is one
 * that says nothing. All errors of the inventory are in the one message, a line each.
 */
bool inputs_load_plan(const Options *options, Inputs *inputs, GError **error);
/* What is intended for the node of FACTS: the plan of -i or -p, whatever it breaks; none, where
 * neither is given. */
bool inputs_load_intent(const Options *options, const Facts *facts, Inputs *inputs, GError **error);
/* Plan the inventory on the host that are loaded; HERE: it is this machine, which is asked for what
 * the inventory leaves open. */
void inputs_compute(const Options *options, bool here, Inputs *inputs);
/* Without -t an inventory is for this machine. The one in FILE, planned for it, is refused where it
 * has another name and does not fit: it is that of another, and what does not fit says nothing. */
bool inputs_meant(const char *file, const Inputs *inputs, GError **error);
void inputs_clear(Inputs *inputs);

/*
 * Read the file NAME ("-": stdin): a regular file or a pipe of at most INPUT_MAX bytes, nothing
 * else. NULL with PLANNER_ERROR_INPUT or _SYSTEM; the text is yours and ends in a NUL.
 */
#define INPUT_MAX (32u << 20)
char *input_read(const char *name, size_t *length, GError **error);
/* The same of a regular file alone: of one of many, none of which is worth waiting for. */
char *input_read_regular(const char *name, size_t *length, GError **error);

/* Have FACTS a host? Else ERROR says why it could not be read. */
bool input_host_known(const Facts *facts, GError **error);
/* Set ERROR, a PLANNER_ERROR_INPUT, to all ERRORS (of char *) of a file, a line each. */
void input_errors(const GPtrArray *errors, GError **error);
/* The inventory in the file NAME, NULL: one that says nothing. All its errors are in the one
 * message, a line each. Yours. */
Inventory *input_inventory(const char *name, GError **error);
/* Set ERROR, where TEXT, of the file NAME, is something that nobody would call an inventory. */
bool input_inventory_kind(const char *name, const char *text, size_t length, GError **error);
/* The inventory TEXT, of LENGTH bytes; NAME stands in messages. Yours. */
Inventory *input_inventory_text(const char *name, const char *text, size_t length, GError **error);
/*
 * The saved plan in the file NAME, and its host; or in TEXT, of LENGTH bytes. What in it breaks the
 * rules of planning (it may have been edited) is said on stderr, a line each, and makes *BROKEN
 * true. Yours; NULL with ERROR.
 */
Plan *input_plan(const char *name, Host **host, bool *broken, GError **error);
Plan *input_plan_text(const char *name, const char *text, size_t length, Host **host, bool *broken,
		      GError **error);
/* Keep in INVENTORY the VMs of the saved plan that --keep names, if it does; it must be of HOST. */
bool input_keep(const Options *options, const Host *host, Inventory *inventory, GError **error);

/* The VM NAME of PLAN; NULL with PLANNER_ERROR_USAGE. */
const PlanVm *input_vm(const Plan *plan, const char *name, GError **error);

#endif
