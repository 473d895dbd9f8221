/* SPDX-License-Identifier: MIT */
/* "Did you mean": the known word nearest to a misspelt one. */
#ifndef PLANNER_BASE_NEAREST_H
#define PLANNER_BASE_NEAREST_H

/*
 * The word of WORDS (ended by NULL) with the fewest edits from WORD, where that is near enough to
 * be meant: at most 2 edits and fewer than half of its letters; '_' for '-' and capitals are none.
 * NULL if none is. Borrowed from WORDS.
 */
const char *nearest_word(const char *word, const char *const *words);
/* "; did you mean 'x'? ", or "; " where none is: what comes before another sentence. Yours. */
char *nearest_meant(const char *word, const char *const *words);

#endif
