/* SPDX-License-Identifier: MIT */
/*
 * Counters that only ever grow, read at one moment: interrupts, softirqs, switches by CPU, the VMs'
 * threads, KVM's own. Two of these are compared by planner/measure/measure.h. Reading them
 * interrupts nobody: libvirt, which throws each vCPU out of its guest, is not asked.
 *
 * To add one of KVM's: its row in the table of counters.c.
 */
#ifndef TOPOLOGY_FACTS_COUNTERS_H
#define TOPOLOGY_FACTS_COUNTERS_H

#include "topology/facts/histogram.h"
#include "topology/guests/guests.h"
#include "topology/root/root.h"

#define COUNTER_UNKNOWN G_MAXUINT64

/* A vCPU's thread. */
typedef struct ThreadCount {
	unsigned vcpu, tid;
	bool known;		  /* it was there; else the rest is 0 */
	uint64_t run, wait;	  /* nanoseconds it ran, and wanted to run but could not */
	uint64_t times;		  /* how often it was put on a CPU */
	uint64_t left, displaced; /* switches: it slept; something else took the CPU */
} ThreadCount;

typedef struct GuestCount {
	char *name;
	GArray *threads; /* of ThreadCount, as the guest's vcpu_threads */
	GHashTable *kvm; /* name in kvm_counters → guint64 *, of the whole VM; empty = not read */
} GuestCount;

typedef struct Counters {
	double uptime;		/* seconds; negative = not read */
	GHashTable *interrupts; /* label → Interrupt; empty = not read, as is the next */
	GHashTable *softirqs;
	GArray *switches; /* of guint64, by CPU: tasks that were put on it, idle not counted;
			     COUNTER_UNKNOWN = not told */
	/* What was counted in a tracing instance: name of the event → GPtrArray of Histogram; empty
	 * = nothing. */
	GHashTable *histograms;
	GPtrArray *guests; /* of GuestCount: the running ones of which the threads are known */
	GPtrArray *unread; /* of Unread */
} Counters;

/* The counters of ROOT and of the running ones of GUESTS (NULL = none); INSTANCE is the folder of
 * the tracing instance, NULL = where tracefs is by default. Yours. */
Counters *counters_load(Root *root, const GuestFacts *guests, const char *instance);
/* The rows of /proc/interrupts alone, yours: label → Interrupt. */
GHashTable *counters_interrupts(Root *root);
Counters *counters_new(void);
void counters_free(Counters *counters);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Counters, counters_free)

/* The names of KVM's counters that are read, as kernels of 5.14 and later have them; ended by NULL.
 */
extern const char *const kvm_counters[];

/* /proc/schedstat → Counters.switches, yours. */
GArray *counters_switches_parse(const char *text);
/* "run wait times" of /proc/PID/task/TID/schedstat; false where it is not that. */
bool counters_thread_parse(const char *text, ThreadCount *thread);

#endif
