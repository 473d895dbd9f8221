/* SPDX-License-Identifier: MIT */
#include "planner/artifacts/artifact_diff.h"

#include <stdbool.h>
#include <string.h>

#define CONTEXT 3
#define CELLS_MOST (16u << 20) /* of the table: 4,000 × 4,000 lines */

/* Lines, each with its newline where it has one. */
static GPtrArray *lines_of(const char *text)
{
	GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);

	while (*text) {
		size_t length = strcspn(text, "\n");

		length += text[length] == '\n';
		g_ptr_array_add(lines, g_strndup(text, length));
		text += length;
	}
	return lines;
}

/* One line of the answer: ' ' in both, '-' only old, '+' only new. */
typedef struct DiffStep {
	char kind;
	unsigned old, new; /* the position in each before this step */
	const char *line;
} DiffStep;

typedef struct TextDiff {
	GPtrArray *old, *new;
	GArray *steps; /* of DiffStep */
	unsigned i, j;
} TextDiff;

static const char *artifact_diff_line_at(const GPtrArray *lines, unsigned i)
{
	return g_ptr_array_index(lines, i);
}

static void artifact_diff_take(TextDiff *d, char kind)
{
	DiffStep step = {kind, d->i, d->j,
			 kind == '+' ? artifact_diff_line_at(d->new, d->j)
				     : artifact_diff_line_at(d->old, d->i)};

	g_array_append_val(d->steps, step);
	d->i += kind != '+';
	d->j += kind != '-';
}

/* Longest common subsequences of the ends of both, from the middle parts of LENGTHs N and M on. */
static unsigned *table_of(const TextDiff *d, unsigned n, unsigned m)
{
	unsigned *table = g_new0(unsigned, (size_t)(n + 1) * (m + 1));

	for (unsigned i = n; i-- > 0;)
		for (unsigned j = m; j-- > 0;) {
			bool same = !strcmp(artifact_diff_line_at(d->old, d->i + i),
					    artifact_diff_line_at(d->new, d->j + j));
			unsigned down = table[(i + 1) * (m + 1) + j];
			unsigned right = table[i * (m + 1) + j + 1];

			table[i * (m + 1) + j] =
				same ? table[(i + 1) * (m + 1) + j + 1] + 1 : MAX(down, right);
		}
	return table;
}

/* The N lines of the old and M of the new that begin where they first differ. */
static void artifact_diff_middle(TextDiff *d, unsigned n, unsigned m)
{
	g_autofree unsigned *table =
		(guint64)(n + 1) * (m + 1) <= CELLS_MOST ? table_of(d, n, m) : NULL;
	unsigned i0 = d->i, j0 = d->j;

	while (d->i < i0 + n || d->j < j0 + m) {
		unsigned i = d->i - i0, j = d->j - j0;

		if (i == n)
			artifact_diff_take(d, '+');
		else if (j == m)
			artifact_diff_take(d, '-');
		else if (table && !strcmp(artifact_diff_line_at(d->old, d->i),
					  artifact_diff_line_at(d->new, d->j)))
			artifact_diff_take(d, ' ');
		else if (!table || table[(i + 1) * (m + 1) + j] >= table[i * (m + 1) + j + 1])
			artifact_diff_take(d, '-');
		else
			artifact_diff_take(d, '+');
	}
}

static void artifact_diff_compare(TextDiff *d)
{
	unsigned n = d->old->len, m = d->new->len, tail = 0;

	while (d->i < n && d->j < m &&
	       !strcmp(artifact_diff_line_at(d->old, d->i), artifact_diff_line_at(d->new, d->j)))
		artifact_diff_take(d, ' ');
	while (n - tail > d->i && m - tail > d->j &&
	       !strcmp(artifact_diff_line_at(d->old, n - tail - 1),
		       artifact_diff_line_at(d->new, m - tail - 1)))
		tail++;
	artifact_diff_middle(d, n - tail - d->i, m - tail - d->j);
	while (d->i < n)
		artifact_diff_take(d, ' ');
}

static const DiffStep *step_at(const TextDiff *d, unsigned k)
{
	return &g_array_index(d->steps, DiffStep, k);
}

/* The end of the hunk that has a change at step K: the next change is further than two contexts. */
static unsigned hunk_end(const TextDiff *d, unsigned k)
{
	unsigned last = k;

	for (; k < d->steps->len && k <= last + 2 * CONTEXT; k++)
		if (step_at(d, k)->kind != ' ')
			last = k;
	return MIN(last + 1 + CONTEXT, d->steps->len);
}

static void artifact_diff_range(GString *out, char sign, unsigned start, unsigned length)
{
	g_string_append_printf(out, "%c%u", sign, length ? start + 1 : start);
	if (length != 1)
		g_string_append_printf(out, ",%u", length);
}

static void artifact_diff_hunk(GString *out, const TextDiff *d, unsigned from, unsigned to)
{
	unsigned n = 0, m = 0;

	for (unsigned k = from; k < to; k++) {
		n += step_at(d, k)->kind != '+';
		m += step_at(d, k)->kind != '-';
	}
	g_string_append(out, "@@ ");
	artifact_diff_range(out, '-', step_at(d, from)->old, n);
	g_string_append_c(out, ' ');
	artifact_diff_range(out, '+', step_at(d, from)->new, m);
	g_string_append(out, " @@\n");
	for (unsigned k = from; k < to; k++) {
		const DiffStep *step = step_at(d, k);

		g_string_append_c(out, step->kind);
		g_string_append(out, step->line);
		if (!g_str_has_suffix(step->line, "\n"))
			g_string_append(out, "\n\\ No newline at end of file\n");
	}
}

static void artifact_diff_hunks(GString *out, const TextDiff *d)
{
	for (unsigned k = 0; k < d->steps->len; k++) {
		unsigned end;

		if (step_at(d, k)->kind == ' ')
			continue;
		end = hunk_end(d, k);
		artifact_diff_hunk(out, d, k > CONTEXT ? k - CONTEXT : 0, end);
		k = end - 1;
	}
}

char *text_diff(const char *old_name, const char *old, const char *new_name, const char *new)
{
	TextDiff d = {lines_of(old), lines_of(new), g_array_new(FALSE, FALSE, sizeof(DiffStep)), 0,
		      0};
	GString *out = g_string_new(NULL);

	if (strcmp(old, new) != 0) {
		artifact_diff_compare(&d);
		g_string_append_printf(out, "--- %s\n+++ %s\n", old_name, new_name);
		artifact_diff_hunks(out, &d);
	}
	g_ptr_array_unref(d.old);
	g_ptr_array_unref(d.new);
	g_array_unref(d.steps);
	return g_string_free(out, FALSE);
}
