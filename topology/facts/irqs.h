/* SPDX-License-Identifier: MIT */
/* Interrupts: where each may be delivered, where it is, and who may move it. */
#ifndef TOPOLOGY_FACTS_IRQS_H
#define TOPOLOGY_FACTS_IRQS_H

#include "topology/root/fact.h"
#include "topology/root/root.h"

typedef struct Irq {
	unsigned number;
	char *name;		  /* actions, "eth0-TxRx-3"; "" when none or not known */
	char *chip;		  /* "PCI-MSI 524288-edge"; "" when not known */
	hwloc_bitmap_t affinity;  /* smp_affinity_list; NULL = not read */
	hwloc_bitmap_t effective; /* effective_affinity_list; NULL = not read; empty = none yet */
	bool lost;	/* it is there, and cannot be read: where the interrupt goes is not known */
	GArray *counts; /* of guint64: how often it fired, by CPU; NULL = not read. Columns that
			   /proc/interrupts does not have are G_MAXUINT64 */
	bool managed;	/* the kernel placed it and user space cannot move it, as far as known:
			   topology/facts/irq_managed.h */
	bool fixed; /* nobody's to move: IRQ 0, one that each CPU has, one that nobody handles */
} Irq;

typedef struct IrqFacts {
	GArray *irqs;			 /* of Irq, by number */
	hwloc_bitmap_t default_affinity; /* /proc/irq/default_smp_affinity */
} IrqFacts;

IrqFacts *irqs_new(void);
void irqs_free(IrqFacts *irqs);
void irqs_load(Root *root, IrqFacts *irqs);

/* A line of /proc/interrupts. */
typedef struct Interrupt {
	char *name, *chip;
	GArray *counts; /* as those of an Irq */
} Interrupt;

/* /proc/interrupts: number (GUINT_TO_POINTER) → Interrupt. */
GHashTable *interrupts_parse(const char *text);
/* All rows of /proc/interrupts or /proc/softirqs that have a count for each CPU: label ("24",
 * "LOC", "TIMER") → Interrupt. */
GHashTable *interrupt_rows_parse(const char *text);

/* How often IRQ fired on CPUS; false where that is not known. */
bool irq_fired(const Irq *irq, hwloc_const_bitmap_t cpus, guint64 *times);

/* Where they are from. */
extern const FactSource irq_sources[];

#endif
