/* SPDX-License-Identifier: MIT */
/*
 * Where facts are from: how the notes of what could not be read name them. Each reader has a table
 * of its own (kernel_sources in kernel.h, irq_sources …); topology/facts/sources.h asks them all.
 *
 * To add a fact that rules may need: 1. its bit here; 2. its row in the table of its reader.
 */
#ifndef TOPOLOGY_ROOT_FACT_H
#define TOPOLOGY_ROOT_FACT_H

#include <stdbool.h>

enum {
	FACT_LINE = 1 << 0,
	FACT_RELEASE = 1 << 1,
	FACT_POSSIBLE = 1 << 2,
	FACT_ISOLATED = 1 << 3,
	FACT_NOHZ = 1 << 4,
	FACT_CONFIG = 1 << 5,
	FACT_ENVIRON = 1 << 6,
	FACT_BOOT = 1 << 7,
	FACT_WORKQUEUE = 1 << 8,
	FACT_WATCHDOG = 1 << 9,
	FACT_IRQS = 1 << 10,
	FACT_IRQ_DEFAULT = 1 << 11,
	FACT_TASKS = 1 << 12,
	FACT_CGROUPS = 1 << 13,
	FACT_GUESTS = 1 << 14,
	FACT_THREADS = 1 << 15, /* the guests' threads as they are */
	FACT_ARGV = 1 << 16,	/* the running QEMUs' command lines */
	FACT_NODE_MEMORY = 1 << 17,
	FACT_HUGEPAGES = 1 << 18,
	FACT_KVM = 1 << 19,
	FACT_EXITS = 1 << 20,
	FACT_POWER = 1 << 21,
	FACT_SERVICES = 1 << 22,
	FACT_TOPOLOGY = 1 << 23,
	FACT_LOG = 1 << 24,
};

typedef struct FactSource {
	unsigned fact; /* FACT_…; 0 ends the table */
	/* The beginnings of the notes' sources, ended by NULL; the first stands for all. */
	const char *names[10];
	/* Is it there, in the READER's struct (which may be NULL where facts.h says so)? NULL: a
	 * note alone makes it unknown. */
	bool (*known)(const void *reader);
} FactSource;

#endif
