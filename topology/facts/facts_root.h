/* SPDX-License-Identifier: MIT */
/* facts_load() in steps, for the snapshot, which keeps the root's recording, and for tests. */
#ifndef TOPOLOGY_FACTS_FACTS_ROOT_H
#define TOPOLOGY_FACTS_FACTS_ROOT_H

#include "topology/facts/facts.h"
#include "topology/root/root.h"

/* Where a snapshot keeps the topology: hwloc XML. */
#define TOPOLOGY_XML "/planner/topology.xml"

Facts *facts_load_root(Root *root, const FactsOptions *options);

/*
 * The Host of ROOT: this machine, a snapshot's TOPOLOGY_XML, or what a captured directory has. A
 * capture whose NUMA nodes have lists but no masks, which hwloc alone reads (sosreports), is
 * repaired in a private copy. FALLBACK is the source where the root has none, NULL = none.
 */
Host *capture_host_load(Root *root, const char *fallback, GError **error);
/* host_load() of what users name, which may be a capture too: a snapshot, a sosreport. */
Host *source_host_load(const char *source, GError **error);

#endif
