/* SPDX-License-Identifier: MIT */
/*
 * Noise: how long, and how often, a thread that wants all of a CPU does not get it. Who looks is a
 * thread of our own on each CPU, that reads the clock again and again, or the kernel's own
 * (topology/facts/osnoise.h). Either takes the whole CPU, and half of its core: never where a VM
 * may run.
 */
#ifndef TOPOLOGY_FACTS_NOISE_H
#define TOPOLOGY_FACTS_NOISE_H

#include "topology/base/cpulist.h"

#include <stdint.h>

#define NOISE_LEAST 5000	/* nanoseconds: what is shorter is no gap */
#define NOISE_LEAST_KERNEL 1000 /* the least that a kernel counts; before 2024 it was 5000 */

/* Of one CPU. */
typedef struct NoiseCount {
	unsigned cpu, tid;	/* tid: who looks; 0 = not known */
	bool known;		/* it looked to the end; else the rest is 0 */
	uint64_t times;		/* how often it was put on the CPU while it looked */
	uint64_t looked;	/* nanoseconds, as are the next two */
	uint64_t lost, longest; /* all gaps together, and the longest */
	uint64_t gaps, hardware;
	uint64_t least; /* what is shorter was not counted */
} NoiseCount;

typedef struct Noise Noise;

/* Threads of our own on CPUS, which do not count yet. Signals that they must not get are held
 * back by the caller. Yours. */
Noise *noise_start(hwloc_const_bitmap_t cpus);
/* The kernel's, which run on CPUS already, in the tracing instance FOLDER. Yours. */
Noise *noise_of_kernel(hwloc_const_bitmap_t cpus, const char *folder);
/* Count from now on; stop, with what was counted in noise_counts(). */
void noise_begin(Noise *noise);
void noise_end(Noise *noise);
/* Of NoiseCount, by CPU. */
const GArray *noise_counts(const Noise *noise);
bool noise_is_of_kernel(const Noise *noise);
void noise_free(Noise *noise);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Noise, noise_free)

#endif
