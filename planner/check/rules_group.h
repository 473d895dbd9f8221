/* SPDX-License-Identifier: MIT */
/* What control groups leave of the CPUs that threads are pinned to. */
#ifndef PLANNER_CHECK_RULES_GROUP_H
#define PLANNER_CHECK_RULES_GROUP_H

#include "planner/check/rules_found.h"

/* The CPUs that a thread in the group PATH may use, yours; NULL where no group says so. */
hwloc_bitmap_t groups_leave(const Audit *audit, const char *path);
/* Do the groups of PATH (NULL = not known) keep online CPUs of PLACE (NULL = no pin) from it? */
bool groups_cut(const Audit *audit, const char *path, hwloc_const_bitmap_t place);
/* Is TASK a helper of GUEST (a TPM, a file system's server), in the same group? Of containers it
 * cannot be told, and where a group was not read, neither: then it is. */
bool vm_has_helper(const Guest *guest, const Task *task);
/*
 * The group that leaves VM fewer CPUs than it has vCPUs; NULL = none does. Of VMs that run and of
 * which no XML says where: that their threads share CPUs is then no choice of whoever bound them.
 */
const Cgroup *group_squeezing(const Audit *audit, const AuditVm *vm);
/* The commands that give the groups of PATH the CPUs MORE too, from the top down, each ended by
 * "; "; yours, "" where they have them. */
char *groups_widen(const Audit *audit, const char *path, hwloc_const_bitmap_t more);

#endif
