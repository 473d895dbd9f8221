/* SPDX-License-Identifier: MIT */
/* Findings as JSON, in the form of every document that has some. */
#ifndef PLANNER_BASE_FINDING_JSON_H
#define PLANNER_BASE_FINDING_JSON_H

#include "planner/base/finding.h"

#include <jansson.h>

/* A list of FINDINGS, a GPtrArray of Finding; a new reference, yours. */
json_t *findings_to_json(const GPtrArray *findings);

#endif
