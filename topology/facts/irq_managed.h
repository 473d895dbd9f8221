/* SPDX-License-Identifier: MIT */
/*
 * Managed interrupts: those that the kernel spreads over the CPUs itself. Who writes their affinity
 * gets an error. What tells them, the best first: debugfs; the mode of smp_affinity, 0444 where
 * user space cannot set it (6.12 and later, where any is); the driver; queues that divide the CPUs
 * among themselves.
 */
#ifndef TOPOLOGY_FACTS_IRQ_MANAGED_H
#define TOPOLOGY_FACTS_IRQ_MANAGED_H

#include "topology/facts/irqs.h"

typedef enum IrqDriver {
	IRQ_DRIVER_OTHER,     /* not known to have managed interrupts */
	IRQ_DRIVER_SOMETIMES, /* by its parameters, firmware or platform */
	IRQ_DRIVER_ALWAYS,
} IrqDriver;

/* What the action NAME says of its driver. */
IrqDriver irq_driver(const char *name);
/* Is NAME that of an interrupt that each CPU has, or that may not be balanced (timers, PMUs)? */
bool irq_name_fixed(const char *name);

/* What is known of each of the IRQS before they are judged together. */
typedef struct IrqTell {
	unsigned mode; /* of smp_affinity, 0 = not known */
	char *debugfs; /* NULL = not read */
} IrqTell;

/* Set managed and fixed of IRQS (of Irq); TELLS (of IrqTell) are of the same. ONLINE: NULL = not
 * known. LISTED: numbers in /proc/interrupts, NULL = it could not be read. */
void irqs_judge(GArray *irqs, const GArray *tells, hwloc_const_bitmap_t online, GHashTable *listed);

#endif
