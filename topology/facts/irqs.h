/* SPDX-License-Identifier: MIT */
/* Interrupts: where each may be delivered, and where it is. */
#ifndef TOPOLOGY_FACTS_IRQS_H
#define TOPOLOGY_FACTS_IRQS_H

#include "topology/facts/facts.h"
#include "topology/root/root.h"

void irqs_load(Root *root, IrqFacts *irqs);

/* The names in /proc/interrupts: number (GUINT_TO_POINTER) → the last word of its line. */
GHashTable *interrupts_parse(const char *text);

/* Is an interrupt of this name one whose queues the kernel spreads itself (managed affinity)? */
bool irq_name_managed(const char *name);

#endif
