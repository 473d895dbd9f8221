/* SPDX-License-Identifier: MIT */
/* The domain XML that a VM has, with the plan in it. */
#ifndef CMD_MERGED_H
#define CMD_MERGED_H

#include "planner/artifacts/artifact_fill.h"

/* Whether this machine has what merging needs; false with PLANNER_ERROR_SYSTEM. Ask before any of
 * planner/merge/merge.h. */
bool merged_possible(GError **error);

/* merge_domain(), whose notes go to stderr. NULL with ERROR also where it is not possible. */
char *merged_domain(const Rendering *rendering, const char *name, const char *base, size_t length,
		    GError **error);

/*
 * The same of every placed VM of RENDERING's plan whose XML is in the folder DIR, as NAME.xml: a
 * table of VM's name → text, yours. On stderr it says which VMs have none there. NULL with ERROR.
 */
GHashTable *merged_domains(const Rendering *rendering, const char *dir, GError **error);

#endif
