/* SPDX-License-Identifier: MIT */
#include "planner/base/nearest.h"

#include <glib.h>
#include <string.h>

#define LONGEST 64 /* longer words, on either side (devices have any name), are near to nothing */

/* Capitals, and '_' for '-', are no edits: nobody remembers which a name has. */
static char nearest_letter(char c)
{
	return c == '_' ? '-' : g_ascii_tolower(c);
}

/* Levenshtein distance, one row at a time. */
static unsigned nearest_edits(const char *a, const char *b)
{
	size_t n = strlen(b);
	unsigned row[LONGEST + 1];

	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		unsigned diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 1; j <= n; j++) {
			unsigned above = row[j];
			unsigned step = MIN(above, row[j - 1]) + 1;

			row[j] = MIN(step,
				     diagonal + (nearest_letter(a[i]) != nearest_letter(b[j - 1])));
			diagonal = above;
		}
	}
	return row[n];
}

const char *nearest_word(const char *word, const char *const *words)
{
	const char *best = NULL;
	unsigned fewest = 3;

	if (strlen(word) > LONGEST)
		return NULL;
	for (; *words; words++) {
		unsigned distance;

		if (strlen(*words) > LONGEST)
			continue;
		distance = nearest_edits(word, *words);
		if (distance < fewest && distance * 2 < strlen(*words)) {
			fewest = distance;
			best = *words;
		}
	}
	return best;
}

char *nearest_meant(const char *word, const char *const *words)
{
	const char *near = nearest_word(word, words);

	return near ? g_strdup_printf("; did you mean '%s'? ", near) : g_strdup("; ");
}
