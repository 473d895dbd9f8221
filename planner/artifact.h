/* SPDX-License-Identifier: MIT */
/*
 * Artifacts: the plan as text that other tools read. An artifact is rendered in memory; only
 * cmd/emit.c prints it.
 *
 * To add an artifact: 1. a render function in the file of its kind (artifact_*.c); 2. a row in the
 * table in artifact.c; 3. its templates, if any; 4. planner.1 and a golden case.
 */
#ifndef PLANNER_ARTIFACT_H
#define PLANNER_ARTIFACT_H

#include "planner/plan.h"

/* What rendering needs besides the plan. */
typedef struct Rendering {
	const Plan *plan;
	const PlanVm *vm;      /* of an artifact that is of one VM, else NULL */
	GHashTable *templates; /* the site's: name → text; NULL = none */
} Rendering;

typedef struct Artifact {
	const char *name; /* as `planner emit NAME` has it */
	const char *help; /* one line */
	bool of_vm;	  /* NAME is followed by the VM's name */
	/* The text, yours, ending in a newline; or NULL with PLANNER_ERROR_INPUT. */
	char *(*render)(const Rendering *rendering, GError **error);
} Artifact;

/* All, ended by a row of NULL. */
extern const Artifact artifacts[];
const Artifact *artifact_find(const char *name);

/* The render functions, beside their kind. */
char *artifact_domain(const Rendering *rendering, GError **error);

#endif
