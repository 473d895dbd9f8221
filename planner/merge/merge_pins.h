/* SPDX-License-Identifier: MIT */
/* The emulator and I/O threads that a domain gave CPUs of their own. */
#ifndef PLANNER_MERGE_MERGE_PINS_H
#define PLANNER_MERGE_MERGE_PINS_H

#include "planner/artifacts/artifact_fill.h"
#include "topology/guests/domain_xml.h"

/*
 * In WANT, the domain as the plan has it, let the emulator and the I/O threads stay where ROOT pins
 * them, if nobody has those CPUs in the plan. NOTES (of char *) says so; and where they go from
 * CPUs that are not the host's, why. A base from ELSEWHERE names the CPUs of another node.
 */
void merge_pins_keep(const Rendering *rendering, xmlNode *want, const xmlNode *root,
		     GPtrArray *notes);

#endif
