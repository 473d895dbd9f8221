/* SPDX-License-Identifier: MIT */
/*
 * What interrupted a node's isolated CPUs and its VMs between two moments: counters compared, and
 * each interruption with its cause and what would remove it (planner/measure/causes.h).
 */
#ifndef PLANNER_MEASURE_MEASURE_H
#define PLANNER_MEASURE_MEASURE_H

#include "planner/check/rules.h"
#include "topology/facts/counters.h"

#include <jansson.h>

#define JSON_FORMAT_MEASURE "planner-measure/1"

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
	char *name;	     /* "LOC", "24", "RCU", "halt_exits" */
	char *what;	     /* "local timer interrupts" */
	const char *vm;	     /* whose exits, or on whose CPUs; NULL = no VM's */
	hwloc_bitmap_t cpus; /* where */
	uint64_t count;	     /* in all of the time, on all of the CPUs */
	char *cause, *fix;   /* "" = none is known */
} Interruption;

/* How a vCPU's thread fared. */
typedef struct MeasureVcpu {
	unsigned vcpu;
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
} MeasureVm;

typedef struct Measure {
	const Audit *audit; /* borrowed, as what names above point into */
	double seconds;
	hwloc_bitmap_t cpus;  /* measured: isolated ones, and those that a VM's vCPU is pinned to */
	hwloc_bitmap_t quiet; /* of these: nothing interrupted them */
	GPtrArray *interruptions; /* of Interruption: by VM, those on no VM's CPUs last; by kind;
				     the most first */
	GPtrArray *vms;		  /* of MeasureVm */
	GPtrArray *unmeasured;	  /* of Unread */
} Measure;

/*
 * Compare. AUDIT, of the node at AFTER, says which CPUs and VMs there are. Yours; NULL with
 * PLANNER_ERROR_INPUT where AFTER is not later than BEFORE.
 */
Measure *measure_counters(const Counters *before, const Counters *after, const Audit *audit,
			  GError **error);
void measure_free(Measure *measure);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Measure, measure_free)

/* How often INTERRUPTION came in a second. */
double measure_rate(const Measure *measure, const Interruption *interruption);
/* What KVM's counter NAME grew by; 0 where it was not read. */
uint64_t measure_kvm(const MeasureVm *vm, const char *name);

/* By how much a counter of 32 bits grew from BEFORE to AFTER: it wraps, and one that is lower
 * without that began anew. */
uint64_t measure_growth(uint64_t before, uint64_t after);

json_t *measure_to_json(const Measure *measure);

#endif
