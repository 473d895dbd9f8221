/* SPDX-License-Identifier: MIT */
/*
 * A domain XML as it is, with what is planner's changed in it: vcpu, cputune's pins, numatune, CPU
 * topology and guest NUMA, memoryBacking, iothreads, apic eoi, hint-dedicated, and -overcommit of
 * qemu:commandline. Every other element, attribute, comment and processing instruction stays; white
 * space inside tags may differ. Merging twice is merging once.
 *
 * To add an element: a row in the table of merge.c.
 */
#ifndef PLANNER_MERGE_MERGE_H
#define PLANNER_MERGE_MERGE_H

#include "planner/artifacts/artifact_fill.h"

/*
 * Merge the VM of RENDERING into BASE (LENGTH bytes; NAME is its file's in messages). Returns the
 * text, yours, or NULL with PLANNER_ERROR_INPUT: BASE is no domain XML, or hostile (DOCTYPE, too
 * deep, too large), or not UTF-8; or a RUNNING guest has other vCPUs or cells than the plan. The
 * caller has called libxml_load(). NOTES (a GPtrArray of char *) gets what whoever defines it
 * should know.
 */
char *merge_domain(const Rendering *rendering, const char *name, const char *base, size_t length,
		   GPtrArray *notes, GError **error);

/* Where BASE pins its VCPUS vCPUs: a GArray of unsigned, HOST_NONE where not to one CPU; yours.
 * NULL with PLANNER_ERROR_INPUT. */
GArray *merge_pins(const char *name, const char *base, size_t length, unsigned vcpus,
		   GError **error);

#endif
