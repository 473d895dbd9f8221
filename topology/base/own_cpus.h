/* SPDX-License-Identifier: MIT */
/* The CPUs that this thread may run on. */
#ifndef TOPOLOGY_BASE_OWN_CPUS_H
#define TOPOLOGY_BASE_OWN_CPUS_H

#include "topology/base/cpulist.h"

/* Keep this thread off the CPUs AVOID, if it may run on others. Where it may run then, yours; empty
 * = not known. */
hwloc_bitmap_t own_cpus_avoid(hwloc_const_bitmap_t avoid);

#endif
