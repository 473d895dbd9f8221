/* SPDX-License-Identifier: MIT */
/* Where a domain and the plan do not agree, and the domain keeps what it has. */
#ifndef PLANNER_MERGE_MERGE_NOTES_H
#define PLANNER_MERGE_MERGE_NOTES_H

#include "planner/artifacts/artifact_fill.h"
#include "topology/guests/domain_xml.h"

/* Add to NOTES (of char *) a line, by a printf format. It may quote the base, which may have
 * characters that a terminal obeys: '?' stands for each. */
void merge_note(GPtrArray *notes, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Add to NOTES (of char *) what whoever defines the domain ROOT should know; BASE is its text. */
void merge_notes(const Rendering *rendering, const xmlNode *root, const char *base,
		 GPtrArray *notes);
/* The same of what was MERGED, where libvirt would refuse it: by what the base has and keeps. */
void merge_note_refusal(const char *merged, GPtrArray *notes);

#endif
