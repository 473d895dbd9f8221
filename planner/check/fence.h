/* SPDX-License-Identifier: MIT */
/*
 * The fence: CPUs that the host's own services are kept to by systemd or cgroups, where the kernel
 * isolates none. What lies outside is the VMs', as long as every service is inside.
 */
#ifndef PLANNER_CHECK_FENCE_H
#define PLANNER_CHECK_FENCE_H

#include "planner/kernel/cmdline.h"
#include "topology/facts/facts.h"

/* CPUs of systemd's lists: "0-3 18" and "0-3,18" alike. Yours; NULL where TEXT (NULL too) is none.
 */
hwloc_bitmap_t systemd_cpus(const char *text);

/* What systemd shall keep all it starts to: systemd.cpu_affinity= of CMDLINE (NULL = not read),
 * else CPUAffinity=; NULL = nothing is said. *WHAT is its name. Yours. */
hwloc_bitmap_t systemd_affinity(const Facts *facts, const Cmdline *cmdline, const char **what);

/*
 * The fence of the machine of FACTS and CMDLINE: AllowedCPUs= of its slices, what systemd shall
 * keep to, tuned.non_isolcpus=. NULL = there is none, or it has all CPUs that are online. *WHAT
 * says what made it. Yours.
 */
hwloc_bitmap_t fence_of(const Facts *facts, const Cmdline *cmdline, const char **what);

#endif
