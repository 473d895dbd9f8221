/* SPDX-License-Identifier: MIT */
/*
 * The kernel parameters of a plan. isolcpus, nohz_full and rcu_nocbs name one and the same set:
 * kernels before 5.18 have one housekeeping mask and drop the second parameter when they differ
 * (kernel/sched/isolation.c), and disjoint sets leave 6.1 without a CPU for unbound work.
 */
#ifndef PLANNER_KERNEL_KERNELARGS_H
#define PLANNER_KERNEL_KERNELARGS_H

#include "topology/base/cpulist.h"

#include <glib.h>
#include <stdbool.h>

/* COMMAND_LINE_SIZE of x86 and arm64 is 2048 with the NUL; the line shares it with root=, quiet, …
 */
#define KERNEL_LINE_MAX 2047
/* GRUB's environment block, where RHEL's tools keep the line, is 1024 bytes in all. */
#define KERNEL_LINE_GRUBENV 1024

typedef struct KernelParameter {
	char *name;
	char *value; /* NULL = a bare word */
} KernelParameter;

void kernel_parameter_free(KernelParameter *parameter);

/* What the inventory says of the kernel line; borrowed from it. */
typedef struct KernelWishes {
	bool cpuset;	  /* isolated partitions instead of isolcpus= */
	char **flags;	  /* of isolcpus; NULL = by version */
	bool irqaffinity; /* keep interrupts off isolated CPUs */
	char **extra;	  /* further parameters */
} KernelWishes;

/*
 * The parameters that isolate ISOLATED, leave interrupts to HOST_CPUS and carry WISHES' extra ones:
 * a GPtrArray of KernelParameter, yours. KERNEL is the version they are for (NULL =
 * unknown: only what every kernel understands is written, and a finding says so). Findings on what
 * that kernel would refuse.
 */
GPtrArray *kernel_parameters(const KernelWishes *wishes, const char *kernel,
			     hwloc_const_bitmap_t isolated, hwloc_const_bitmap_t host_cpus,
			     GPtrArray *findings);

/* The parameters as one line, yours. */
char *kernel_line(const GPtrArray *parameters);

/* A finding where LINE is longer than a kernel, or a boot loader's environment, holds. */
void kernel_line_check(const char *line, GPtrArray *findings);

#endif
