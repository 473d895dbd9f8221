/* SPDX-License-Identifier: MIT */
/* A check for people: findings by subject, what could not be judged, CPUs in trouble; and the lines
 * that the report of several nodes has too. */
#ifndef CMD_CHECK_H
#define CMD_CHECK_H

#include "planner/check/since.h"

/* How it is shown. */
typedef struct CheckView {
	const Since *since; /* what changed since then, instead of all; NULL */
	bool brief;	    /* a line a finding */
	bool verbose;	    /* what passed, too, and all that could not be judged */
	bool color;
} CheckView;

/* Where the text of a finding begins: after "  warning  ". */
#define CHECK_INDENT 11

/* "NAME: TEXT", indented and folded; nothing where TEXT is NULL or empty. */
void check_print_more(const char *name, const char *text);
/* "error    SUBJECT: TEXT [ID]", as --brief has it. */
void check_print_brief(Severity severity, const char *subject, const char *text, const char *id,
		       bool color);
/* Print CHECK. A node about which there is nothing to say gets one line. */
void check_print(const Check *check, const CheckView *view);

#endif
