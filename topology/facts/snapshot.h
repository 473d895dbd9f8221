/* SPDX-License-Identifier: MIT */
/*
 * A snapshot: what facts_load() reads of a node, as a tar file that it reads the same. The files
 * stand under their own paths; what is no file is in planner/:
 *
 *   planner/snapshot            the format's name
 *   planner/topology.xml        the topology, of hwloc
 *   planner/failures            what the node refused to read: "errno path"
 *   planner/remarks             what else could not be had: "source<TAB>why"
 *   planner/kvm-disable-exits   the answer of /dev/kvm
 *   planner/measured.json       a measurement (planner-measure/1), where one was taken along
 *   planner/domains/            list.json, NAME.xml (next start), live/NAME.xml
 *
 * It holds no more than facts_load() takes: of /proc/1/environ the kernel's parameters alone, of
 * QEMU's arguments those about CPUs and memory, domain XML without metadata, devices' sources and
 * passwords. The same node in the same state gives the same bytes.
 */
#ifndef TOPOLOGY_FACTS_SNAPSHOT_H
#define TOPOLOGY_FACTS_SNAPSHOT_H

#include "topology/facts/facts.h"

#define SNAPSHOT_FORMAT "planner-snapshot/1"

/*
 * The tar file of what OPTIONS name, yours, and what could not be read in *UNREAD (of Unread,
 * yours; may be NULL). NULL with PLANNER_ERROR_INPUT or _SYSTEM when the root cannot be opened.
 */
GByteArray *snapshot_load(const FactsOptions *options, GPtrArray **unread, GError **error);

#endif
