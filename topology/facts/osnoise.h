/* SPDX-License-Identifier: MIT */
/*
 * The kernel's osnoise tracer (Documentation/trace/osnoise-tracer.rst), in a tracing instance: a
 * kernel thread on each CPU looks at the clock, and knows which interrupts, softirqs and threads
 * came between two looks. Its CPUs are a setting of all instances, so that it is used only where
 * nobody else uses it and the setting is what the kernel began with, and that is put back.
 */
#ifndef TOPOLOGY_FACTS_OSNOISE_H
#define TOPOLOGY_FACTS_OSNOISE_H

#include "topology/facts/noise.h"

/* Start it on CPUS, in the instance FOLDER of TRACEFS; false where it cannot be, and nothing is
 * changed. */
bool osnoise_start(const char *tracefs, const char *folder, hwloc_const_bitmap_t cpus);
/* End it, if it runs in FOLDER, also where a run that was killed left it. */
void osnoise_stop(const char *tracefs, const char *folder);

/* For noise.c. COUNTS are of NoiseCount. */

/* Set tid of each: the kernel's thread on that CPU. */
void osnoise_threads(GArray *counts);
/* Forget what was sampled so far; add up what was sampled since. */
void osnoise_begin(const char *folder);
void osnoise_end(const char *folder, GArray *counts);
/* The lines of TEXT, as its file `trace` has them, are added to COUNTS. */
void osnoise_parse(const char *text, GArray *counts);

#endif
