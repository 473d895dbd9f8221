/* SPDX-License-Identifier: MIT */
/*
 * What to do about a parameter of the kernel's line that names CPUs, on a node as it is: nobody is
 * told to boot with what its line has, nor with what its kernel ignores.
 */
#ifndef PLANNER_CHECK_LINE_ADVICE_H
#define PLANNER_CHECK_LINE_ADVICE_H

#include "planner/check/rules.h"

typedef enum LineParameter {
	LINE_ISOLCPUS,
	LINE_MANAGED_IRQ, /* isolcpus= with that flag */
	LINE_NOHZ_FULL,
	LINE_RCU_NOCBS,
	LINE_IRQAFFINITY, /* names the CPUs that are left */
} LineParameter;

/* How the line stands to what a parameter is to do for some CPUs. */
typedef enum LineStand {
	LINE_ABSENT,  /* it, or its flag, is not on the line, or the line is not known */
	LINE_MISSES,  /* it is, with a list that misses some of these CPUs */
	LINE_UNHEARD, /* it is, and the kernel did not do so */
	LINE_UNBUILT, /* this kernel cannot */
	LINE_WORKS,   /* it is done */
} LineStand;

/* How the line (NULL = not known) has PARAMETER; NULL = not known. */
const CmdlineEffect *line_effect(const CmdlineEffects *effects, LineParameter parameter);
/* Can the kernel not do what PARAMETER asks for, as far as is known? */
bool line_unbuilt(const Audit *audit, LineParameter parameter);
LineStand line_stand(const Audit *audit, LineParameter parameter, hwloc_const_bitmap_t cpus);

/* What a remedy says that names a parameter. */
struct LineAdvice {
	LineParameter parameter;
	const char *other; /* what does it without the line, for now or as well */
	bool both;	   /* the line does not do without it */
};

/* What to do where the line stands so, yours; NULL = the remedy that names the parameter holds. */
char *line_advice_text(const LineAdvice *advice, LineStand stand);
/* The name of PARAMETER on the line, with its "=". */
const char *line_parameter_name(LineParameter parameter);
/* What its kernel has to be built with; NULL = nothing. */
const char *line_parameter_option(LineParameter parameter);

#endif
