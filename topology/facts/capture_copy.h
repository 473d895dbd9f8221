/* SPDX-License-Identifier: MIT */
/*
 * hwloc reads a captured root by itself: it follows links out of it, waits for what a FIFO says,
 * and takes a sosreport, which keeps the lists of NUMA nodes but not the masks, for a machine of
 * one. It reads no archive. So it gets a private copy of the few files it needs, in memory
 * (tempdir.h), read as everything else is, and with the masks where only the lists are there:
 *
 *   /sys/devices/system/cpu/{online,possible,cpu_capacity}
 *   /sys/devices/system/cpu/cpuN/{online,cpu_capacity}
 *   /sys/devices/system/cpu/cpuN/topology/ without the lists
 *   /sys/devices/system/cpu/cpuN/cache/indexN/ likewise, of the first CPU that has the cache
 *   /sys/devices/system/cpu/cpuN/cpufreq/{base_frequency,cpuinfo_max_freq}
 *   /sys/devices/cpu_{atom,core}/cpus
 *   /sys/devices/system/node/, nodeN/ and nodeN/access0/initiators/
 *   /proc/{meminfo,cpuinfo}, /proc/hwloc-nofile-info
 */
#ifndef TOPOLOGY_FACTS_CAPTURE_COPY_H
#define TOPOLOGY_FACTS_CAPTURE_COPY_H

#include "topology/base/tempdir.h"
#include "topology/root/root.h"

/* The copy of ROOT's; a recording gets nothing of it. NULL with ERROR. */
TempDir *capture_copy(Root *root, GError **error);

#endif
