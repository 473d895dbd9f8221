/* SPDX-License-Identifier: MIT */
/*
 * A finding: one thing that is wrong, unwise or not known about a plan or a node.
 *
 * To add one: 1. call findings_add() with a new stable id "area.what"; 2. document the id in
 * man/planner-plan.1 (a test holds the two together); 3. add a case in tests/ where it shows.
 */
#ifndef PLANNER_BASE_FINDING_H
#define PLANNER_BASE_FINDING_H

#include <glib.h>
#include <stdbool.h>

typedef enum Severity { SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_ERROR } Severity;
typedef enum Verdict { VERDICT_FAIL, VERDICT_UNKNOWN } Verdict;

typedef struct Finding {
	char *id;      /* "split.core-split": stable, others match on it */
	char *subject; /* "vm vm9", "cpu 4", "node 1", "[sdk]" */
	char *text;    /* what was seen, one line */
	char *fix;     /* what to do, one line */
	Severity severity;
	Verdict verdict; /* UNKNOWN: a fact needed to judge is missing; never a pass */
	/* Of a check; NULL where the finding is of a plan. */
	char *evidence;	 /* the file or call it was seen in */
	char *cpus;	 /* the CPUs in trouble, "4-7"; NULL also where it is of none */
	const char *why; /* why it matters, static */
	char *waived;	 /* why somebody accepts it; NULL = nobody does */
} Finding;

void finding_free(Finding *finding);

/* A list of Finding, owned by it. */
GPtrArray *findings_new(void);

/* Add a finding; TEXT is a printf format, FIX and SUBJECT are copied as they are. */
G_GNUC_PRINTF(6, 7)
void findings_add(GPtrArray *findings, Severity severity, const char *id, const char *subject,
		  const char *fix, const char *text, ...);
/* The same with VERDICT_UNKNOWN. */
G_GNUC_PRINTF(6, 7)
void findings_add_unknown(GPtrArray *findings, Severity severity, const char *id,
			  const char *subject, const char *fix, const char *text, ...);

/* Tell the finding added last where it was seen, which CPUs it troubles (NULL = none) and why it
 * matters; EVIDENCE and CPUS are copied, WHY is static. */
void findings_support(GPtrArray *findings, const char *evidence, const char *cpus, const char *why);

/* Worst first, then by id, subject and text: the order they are shown in. */
void findings_sort(GPtrArray *findings);
/* Is there one of SEVERITY or worse? */
bool findings_has(const GPtrArray *findings, Severity severity);

/* By Severity and by Verdict, ended by NULL, as in documents. */
extern const char *const severity_names[];
extern const char *const verdict_names[];
const char *severity_name(Severity severity);
const char *verdict_name(Verdict verdict);
/* The Severity called NAME, -1 = none is. */
int severity_find(const char *name);

#endif
