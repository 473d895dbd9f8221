/* SPDX-License-Identifier: MIT */
/* The domain XML that a VM has, with the plan in it. */
#ifndef CMD_MERGED_H
#define CMD_MERGED_H

#include "planner/artifacts/artifact_fill.h"
#include "topology/guests/platform.h"

/* Whether this machine has what merging needs; false with PLANNER_ERROR_SYSTEM. Ask before any of
 * planner/merge/merge.h. */
bool merged_possible(GError **error);

/* The platform that writes the domain XML BASE again at each start; PLATFORM_LIBVIRT = nobody.
 * Where merging is possible. */
Platform merged_rewriter(const char *base, size_t length);
/* On stderr: PLATFORM will write the XML of NAMES again, and what to change instead. Nothing for
 * PLATFORM_LIBVIRT. */
void merged_warn(Platform platform, const char *names);

/* merge_domain(), whose notes go to stderr. NULL with ERROR also where it is not possible. */
char *merged_domain(const Rendering *rendering, const char *name, const char *base, size_t length,
		    GError **error);

/*
 * The same of every placed VM of RENDERING's plan whose XML is in the folder DIR, as NAME.xml: a
 * table of VM's name → text, yours. On stderr it says which VMs have none there. NULL with ERROR.
 */
GHashTable *merged_domains(const Rendering *rendering, const char *dir, GError **error);

#endif
