/* SPDX-License-Identifier: MIT */
/* What commands print with: tables, colour, widths, findings, documents. */
#ifndef CMD_OUTPUT_H
#define CMD_OUTPUT_H

#include "planner/place/plan.h"

#include <jansson.h>
#include <libsmartcols.h>

/* Columns of the terminal: COLUMNS, else the terminal's own; 0 where there is none (a pipe). */
unsigned output_width(void);

/* TEXT for people, yours: control characters, which a saved plan may hold, become '?'. */
char *output_safe(const char *text);

/*
 * TEXT folded to lines of WIDTH characters, after blanks and commas, the further ones indented by
 * INDENT; as it is where WIDTH is 0. Yours.
 */
char *output_fold(const char *text, unsigned width, unsigned indent);
/* Print a line, folded where the terminal ends. */
void output_sentence(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* The command that plans the inventory FILE, for a shell; yours. SOURCE is -t's, NULL = this
 * machine. */
char *output_next_plan(const char *file, const char *source);

/* Colours, and escape sequences; "" when COLOR is off. */
const char *output_role_color(Role role, bool color);
const char *output_severity_color(Severity severity, bool color);
const char *output_bold(bool color);
const char *output_reset(bool color);

/*
 * A table with the columns called by NAMES (ended by NULL); a name that begins with '>' is aligned
 * to the right, one that begins with '~' is folded where the table is wider than the terminal.
 * Unref it with scols_unref_table().
 */
struct libscols_table *output_table(const char *const *names, bool color);
/* Add a line; CELLS as many as columns. Control characters are made safe. */
struct libscols_line *output_line(struct libscols_table *table, const char *const *cells);
void output_print(struct libscols_table *table);
/* Of the N columns from FIRST on, leave out the last ones, but never all, until the table is no
 * wider than the terminal, if that helps; returns how many are left. Call it after the last line.
 */
unsigned output_leave_out(struct libscols_table *table, size_t first, size_t n);

/* The findings, worst first, each with what to do; the same one of several subjects once. */
void output_findings(const GPtrArray *findings, bool color);

/* The errors among the findings of PLAN, a line each on stderr, each after BEFORE ("" or "WHAT: "):
 * nobody should use unaware what is made of it. With FIXES each says what to do, too. */
void output_errors(const Plan *plan, const char *before, bool fixes);

/* A line of CSV on stdout: CELLS, ended by NULL. Control characters are made safe. */
void output_csv(const char *const *cells);

/* DOCUMENT on stdout; it is unreferenced. */
void output_json(json_t *document);

#endif
