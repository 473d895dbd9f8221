/* SPDX-License-Identifier: MIT */
/* Interrupts: where each may be delivered, and where it is. */
#ifndef TOPOLOGY_FACTS_IRQS_H
#define TOPOLOGY_FACTS_IRQS_H

#include "topology/root/fact.h"
#include "topology/root/root.h"

typedef struct Irq {
	unsigned number;
	char *name;		  /* action or chip, "eth0-TxRx-3"; "" when not known */
	hwloc_bitmap_t affinity;  /* smp_affinity_list; NULL = not read */
	hwloc_bitmap_t effective; /* effective_affinity_list; NULL = not read; empty = none yet */
	bool managed; /* the kernel placed it and user space cannot move it, as far as known:
			 debugfs irq/irqs/N, else by the drivers known to (nvme0q1,
			 virtio0-req.0) */
} Irq;

typedef struct IrqFacts {
	GArray *irqs;			 /* of Irq, by number */
	hwloc_bitmap_t default_affinity; /* /proc/irq/default_smp_affinity */
} IrqFacts;

IrqFacts *irqs_new(void);
void irqs_free(IrqFacts *irqs);
void irqs_load(Root *root, IrqFacts *irqs);

/* The names in /proc/interrupts: number (GUINT_TO_POINTER) → the last word of its line. */
GHashTable *interrupts_parse(const char *text);

/* Is an interrupt of this name one whose queues the kernel spreads itself (managed affinity)? */
bool irq_name_managed(const char *name);

/* Where they are from. */
extern const FactSource irq_sources[];

#endif
