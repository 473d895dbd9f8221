/* SPDX-License-Identifier: MIT */
/* The capacity of a node as JSON: planner-json(5), "THE FIT DOCUMENT". */
#ifndef PLANNER_FIT_FIT_JSON_H
#define PLANNER_FIT_FIT_JSON_H

#include "planner/fit/fit_node.h"

#include <jansson.h>

#define JSON_FORMAT_FIT "planner-fit/1"

/* What else is asked: the settings ("sdk.cores=2", NULL = none) and moves of the other answer. */
typedef struct FitWhatIf {
	char *const *settings;
	unsigned moves;
	const Fit *fit; /* NULL: nothing else is asked */
} FitWhatIf;

/* A new reference, yours. */
json_t *fit_to_json(const Fit *fit, const FitWhatIf *what_if);

#endif
