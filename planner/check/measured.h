/* SPDX-License-Identifier: MIT */
/* A measurement of the node that is audited: the document of planner measure, read again. */
#ifndef PLANNER_CHECK_MEASURED_H
#define PLANNER_CHECK_MEASURED_H

#include "planner/check/rules.h"

#include <jansson.h>

#define JSON_FORMAT_MEASURE "planner-measure/1"

/* One interruption of it, as planner/measure/measure.h has them; texts are the document's. */
typedef struct MeasuredOne {
	const char *vm; /* NULL = on CPUs of no VM */
	const char *kind, *name, *what, *cause;
	hwloc_bitmap_t cpus;
	uint64_t count;
} MeasuredOne;

/* Noise of one CPU that was free. */
typedef struct MeasuredNoise {
	unsigned cpu;
	uint64_t looked, lost, longest; /* nanoseconds; looked: 0 = its thread got no time */
	const char *cause;		/* the worst, NULL = none is known */
} MeasuredNoise;

/* What came to one CPU, in a second: interrupts and other tasks. */
typedef struct MeasuredCpu {
	double rate, most_rate;
	const MeasuredOne *most; /* what came most often; NULL = nothing came */
	const char *vm;		 /* whose CPU it is; NULL = no VM's */
} MeasuredCpu;

struct Measured {
	json_t *document;
	double seconds;
	hwloc_bitmap_t cpus;
	GArray *ones;	   /* of MeasuredOne */
	GArray *by_cpu;	   /* of MeasuredCpu; use measured_cpu() */
	GArray *noise;	   /* of MeasuredNoise, empty where nobody looked for it */
	const char *lacks; /* a source of counts that could not be read; NULL = none */
};

/*
 * Read TEXT, of LENGTH bytes; NAME stands in messages. Yours; NULL with PLANNER_ERROR_INPUT where
 * it is no such document, or one of another node than AUDIT's.
 */
Measured *measured_parse(const char *name, const char *text, size_t length, const Audit *audit,
			 GError **error);
void measured_free(Measured *measured);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Measured, measured_free)

/* What came to CPU: that of several CPUs in equal parts. */
MeasuredCpu measured_cpu(const Measured *measured, unsigned cpu);

#endif
