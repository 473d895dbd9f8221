/* SPDX-License-Identifier: MIT */
/*
 * The kernel: its line, its CPU sets, its build. The line is kept as it is; what it means is the
 * rules' business.
 */
#ifndef TOPOLOGY_FACTS_KERNEL_H
#define TOPOLOGY_FACTS_KERNEL_H

#include "topology/facts/facts.h"
#include "topology/root/root.h"

void kernel_load(Root *root, KernelFacts *kernel);

/* CONFIG_X=y → y, "# CONFIG_X is not set" → n; strings without their quotes. */
GHashTable *kernel_config_parse(const char *text);

/*
 * The variables in BYTES, NUL after each, that parameters of CMDLINE became: those the kernel did
 * not take. '-' and '_' are the same in names. Nothing else of the environment is kept.
 */
char **kernel_environ_parse(const char *bytes, size_t length, const char *cmdline);

/* A CPU set as …/cpu/nohz_full prints it: "(null)", padded or not, is the empty set. */
hwloc_bitmap_t kernel_nohz_parse(const char *text);

#endif
