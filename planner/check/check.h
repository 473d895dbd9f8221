/* SPDX-License-Identifier: MIT */
/*
 * A check: chosen rules over an audit, and what came of them. The document is planner-check/1; the
 * other forms (text for node_exporter, JUnit) are made of the same findings, and are text only.
 */
#ifndef PLANNER_CHECK_CHECK_H
#define PLANNER_CHECK_CHECK_H

#include "planner/check/rules.h"
#include "planner/check/waivers.h"

#include <jansson.h>

#define JSON_FORMAT_CHECK "planner-check/1"

typedef struct CheckOptions {
	char **only, **skip;	/* ids, or areas such as "vm"; NULL = all, none */
	Severity fail_on;	/* findings of this severity, or a worse one, are bad news */
	bool strict;		/* and so is what is unknown */
	const Waivers *waivers; /* NULL = none */
	const char *today;	/* "2026-11-30", where there are waivers */
} CheckOptions;

typedef struct Check {
	const Audit *audit;		     /* borrowed */
	CheckOptions options;		     /* borrowed */
	GPtrArray *rules;		     /* of const Rule *: those chosen that matter here */
	GPtrArray *findings;		     /* sorted */
	unsigned counts[SEVERITY_ERROR + 1]; /* of VERDICT_FAIL, by severity */
	unsigned unknown, waived;	     /* waived ones are in neither of the others */
} Check;

/* Run. AUDIT and OPTIONS are borrowed. Yours. */
Check *check_run(const Audit *audit, const CheckOptions *options);
void check_free(Check *check);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Check, check_free)

/* Is RULE one that OPTIONS choose? */
bool check_rule_chosen(const Rule *rule, const CheckOptions *options);
/* Did RULE, one of those chosen, find nothing, and could it be judged? */
bool check_rule_passed(const Check *check, const Rule *rule);
/* Is it bad news, as OPTIONS says? */
bool check_bad(const Check *check);
/* Is FINDING one that makes it so? */
bool check_finding_bad(const Check *check, const Finding *finding);

/* What the check was of: "node x6-0042", "this machine", "capture"; yours. */
char *check_subject(const Check *check);
/* What came of it: "2 errors, 1 info; 90 rules passed, 4 could not be judged"; yours. */
char *check_counts_text(const Check *check);

/* A new reference, yours. */
json_t *check_to_json(const Check *check);
/* Prometheus' text format, for node_exporter's textfile collector; yours. */
char *check_to_prometheus(const Check *check);
/* JUnit XML: a suite, a case for each rule that was judged; yours. */
char *check_to_junit(const Check *check);

#endif
