/* SPDX-License-Identifier: MIT */
/*
 * Noise of CPUs that are free: how long something kept a thread from a CPU that it wants all of
 * (topology/facts/noise.h), and what that was. For a host before its first VM.
 */
#ifndef PLANNER_MEASURE_MEASURE_NOISE_H
#define PLANNER_MEASURE_MEASURE_NOISE_H

#include "planner/measure/measure.h"

/* What gaps remain where all else is counted. */
#define NOISE_UNCOUNTED "nothing that the kernel counts"

/* A cause of gaps. */
typedef struct NoiseCause {
	char *name;	      /* "local timer interrupts", "perl" */
	uint64_t count;	      /* how often it came */
	uint64_t nanoseconds; /* that it took; 0 = not known */
} NoiseCause;

struct MeasureNoise {
	NoiseCount count;
	GArray *causes; /* of NoiseCause: what took most, else what came most, first */
};

/*
 * The CPUs of AUDIT's node on which a thread may look for noise: isolated ones on whose core no VM
 * may run, no polling process is planned, and no task of a user polls. Why others are left out is
 * added to UNMEASURED, of Unread. Yours.
 */
hwloc_bitmap_t measure_noise_cpus(const Audit *audit, GPtrArray *unmeasured);

/* What COUNTS, of NoiseCount, are: of MeasureNoise, without causes. Yours. */
GArray *measure_noise_new(const GArray *counts);
/* That of CPU; NULL. NOISE may be NULL. */
MeasureNoise *measure_noise_of(GArray *noise, unsigned cpu);
/* NAME came to the CPU of NOISE COUNT times, and took so many NANOSECONDS. */
void measure_noise_add(MeasureNoise *noise, const char *name, uint64_t count, uint64_t nanoseconds);
/* What the kernel's tracer knows of each CPU, between the two moments. */
void measure_noise_traced(GArray *noise, const Counters *before, const Counters *after);
/* Name what is left of the gaps: an interrupt or a task makes one at most. The kernel's tracer
 * knows better. */
void measure_noise_left(GArray *noise);
/* All causes are there: sort them. */
void measure_noise_finish(GArray *noise);
/* What is shorter was not counted on some CPU, in nanoseconds; NOISE is not empty. */
uint64_t measure_noise_least(const GArray *noise);
/* Does some of it come from nothing that the kernel counts? */
bool measure_noise_uncounted(const GArray *noise);

/* "12.3 us", "1.2 ms": for tables, which may be in ASCII. Yours. */
char *measure_noise_time(uint64_t nanoseconds);
/* "perl 12 (1.5 ms), local timer interrupts 3, and 2 more": MOST of its causes by name. Yours. */
char *measure_noise_text(const MeasureNoise *noise, unsigned most);
/* NULL: null. */
json_t *measure_noise_to_json(const Measure *measure);

#endif
