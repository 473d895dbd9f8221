/* SPDX-License-Identifier: MIT */
/*
 * What interrupted a node's isolated CPUs and its VMs between two moments: counters compared, and
 * each interruption with its cause and what would remove it (planner/measure/causes.h).
 */
#ifndef PLANNER_MEASURE_MEASURE_H
#define PLANNER_MEASURE_MEASURE_H

#include "planner/check/measured.h"
#include "planner/check/rules.h"
#include "topology/facts/counters.h"
#include "topology/facts/irqs.h"
#include "topology/facts/noise.h"

#include <jansson.h>

typedef enum InterruptionKind {
	INTERRUPTION_EXIT, /* the guest left its CPU to KVM */
	INTERRUPTION_INTERRUPT,
	INTERRUPTION_SOFTIRQ,
	INTERRUPTION_TASK, /* something else ran there */
} InterruptionKind;

/* By InterruptionKind, as in documents; ended by NULL. */
extern const char *const interruption_kinds[];

typedef struct Interruption {
	InterruptionKind kind;
	char *name;	      /* "LOC", "24", "RCU", "halt_exits" */
	char *what;	      /* "local timer interrupts" */
	const char *vm;	      /* whose exits, or on whose CPUs; NULL = no VM's */
	hwloc_bitmap_t cpus;  /* where */
	uint64_t count;	      /* in all of the time, on all of the CPUs */
	uint64_t nanoseconds; /* that they took; 0 = not known, or sleep */
	GArray *parts;	   /* of MeasurePart (planner/measure/parts.h): what it consists of, where
			      it was traced; the most first */
	char *cause, *fix; /* "" = none is known */
} Interruption;

/* How a vCPU's thread fared. */
typedef struct MeasureVcpu {
	unsigned vcpu, tid;
	hwloc_const_bitmap_t cpus; /* where it may run; NULL = not known */
	bool known;		   /* it was there all the time; else the rest is 0 */
	uint64_t run, wait;	   /* nanoseconds */
	uint64_t times, left, displaced;
} MeasureVcpu;

typedef struct MeasureVm {
	const char *name;
	const AuditVm *vm;
	GArray *vcpus;	 /* of MeasureVcpu */
	GHashTable *kvm; /* name → uint64_t *: what each of KVM's counters grew by */
	bool traced;	 /* its exits were counted by reason */
} MeasureVm;

/* What planner itself did to the machine it measures. */
typedef struct MeasureOwn {
	unsigned tid;
	hwloc_const_bitmap_t cpus; /* where it could run meanwhile */
	/* The rows of /proc/interrupts before its traces were set up, and after they were removed.
	 */
	GHashTable *first, *last;
	const Noise *noise; /* who looked for it; NULL = nobody */
} MeasureOwn;

typedef struct MeasureNoise MeasureNoise; /* planner/measure/measure_noise.h */

typedef struct Measure {
	const Audit *audit; /* borrowed, as what names above point into */
	double seconds;
	bool timers_traced;   /* which hrtimers fired was counted */
	hwloc_bitmap_t cpus;  /* measured: isolated ones, and those that a VM's vCPU is pinned to */
	hwloc_bitmap_t quiet; /* of these: nothing interrupted them */
	GPtrArray *interruptions; /* of Interruption: by VM, those on no VM's CPUs last; by kind;
				     the most first */
	GPtrArray *vms;		  /* of MeasureVm */
	GArray *noise;		  /* of MeasureNoise, by CPU; NULL = nobody looked for it */
	GPtrArray *unmeasured;	  /* of Unread */
	const MeasureOwn *own;	  /* NULL = two captures */
	bool own_known;		  /* is the next known? */
	uint64_t own_runs;	  /* how often it was put on a measured CPU */
	uint64_t own_setup; /* interrupts that its traces cost a measured CPU at most, before and
			       after the time measured */
} Measure;

/* The CPUs to measure: isolated ones, and those that a VM's vCPU is pinned to. Yours. */
hwloc_bitmap_t measure_cpus(const Audit *audit);

/*
 * Compare. AUDIT, of the node at AFTER, says which CPUs and VMs there are; OWN (NULL: two captures)
 * what planner did meanwhile. All are borrowed. Yours; NULL with PLANNER_ERROR_INPUT where AFTER is
 * not later than BEFORE.
 */
Measure *measure_counters(const Counters *before, const Counters *after, const Audit *audit,
			  const MeasureOwn *own, GError **error);
void measure_free(Measure *measure);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Measure, measure_free)

/* How often INTERRUPTION came in a second. */
double measure_rate(const Measure *measure, const Interruption *interruption);
/* "planner itself …": what it did to the CPUs that it measured. Yours; NULL of two captures. */
char *measure_own_text(const Measure *measure);
/* For measure.c: its own_runs and own_setup. */
void measure_own(Measure *measure, const Counters *before, const Counters *after);
/* What KVM's counter NAME grew by; 0 where it was not read. */
uint64_t measure_kvm(const MeasureVm *vm, const char *name);

/* By how much a counter of 32 bits grew from BEFORE to AFTER: it wraps, and one that is lower
 * without that began anew. */
uint64_t measure_growth(uint64_t before, uint64_t after);
/* What the counter of CPU in COUNTS is; false where there is none. */
bool measure_count(const GArray *counts, unsigned cpu, uint64_t *count);
/* By how much the count of CPU grew from the row OLD (NULL = there was none) to NOW. */
uint64_t measure_row_growth(const Interrupt *old, const Interrupt *now, unsigned cpu);

json_t *measure_to_json(const Measure *measure);

#endif
