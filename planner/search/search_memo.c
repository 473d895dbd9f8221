/* SPDX-License-Identifier: MIT */
#include "planner/search/search_internal.h"

#include <string.h>

/* Entries kept at most; a full memo only forgets to learn. */
#define MEMO_MOST (1u << 17)

struct Memo {
	unsigned words, n, room; /* words of an entry, entries, entries there is room for */
	unsigned mask;		 /* slots - 1 */
	unsigned *slots;	 /* entry + 1, 0 = none */
	uint32_t *entries;
	uint64_t *levels;
};

Memo *memo_new(unsigned words)
{
	Memo *memo = g_new0(Memo, 1);

	memo->words = words;
	memo->mask = 255;
	memo->slots = g_new0(unsigned, memo->mask + 1);
	return memo;
}

void memo_free(Memo *memo)
{
	g_free(memo->slots);
	g_free(memo->entries);
	g_free(memo->levels);
	g_free(memo);
}

void memo_clear(Memo *memo)
{
	if (memo->n > 0)
		memset(memo->slots, 0, (memo->mask + 1) * sizeof(unsigned));
	memo->n = 0;
}

static unsigned hash_words(const uint32_t *words, unsigned n)
{
	uint64_t hash = 0x9e3779b97f4a7c15;

	for (unsigned i = 0; i < n; i++) {
		hash = (hash ^ words[i]) * 0xff51afd7ed558ccd;
		hash ^= hash >> 32;
	}
	return (unsigned)hash;
}

/* The slot that holds WORDS, or the empty one where they belong. */
static unsigned find_slot(const Memo *memo, const uint32_t *words)
{
	unsigned i = hash_words(words, memo->words) & memo->mask;

	while (memo->slots[i] > 0 &&
	       memcmp(memo->entries + (size_t)(memo->slots[i] - 1) * memo->words, words,
		      memo->words * sizeof(*words)) != 0)
		i = (i + 1) & memo->mask;
	return i;
}

bool memo_knows(const Memo *memo, const uint32_t *words, uint64_t level)
{
	unsigned slot = memo->slots[find_slot(memo, words)];

	return slot > 0 && level <= memo->levels[slot - 1];
}

static void memo_grow(Memo *memo)
{
	memo->room = MAX(memo->room * 2, 64);
	memo->entries = g_renew(uint32_t, memo->entries, (size_t)memo->room * memo->words);
	memo->levels = g_renew(uint64_t, memo->levels, memo->room);
	if (memo->room < memo->mask / 2)
		return;
	g_free(memo->slots);
	memo->mask = memo->room * 4 - 1;
	memo->slots = g_new0(unsigned, memo->mask + 1);
	for (unsigned i = 0; i < memo->n; i++)
		memo->slots[find_slot(memo, memo->entries + (size_t)i * memo->words)] = i + 1;
}

void memo_add(Memo *memo, const uint32_t *words, uint64_t level)
{
	unsigned i = find_slot(memo, words);

	if (memo->slots[i] > 0) {
		memo->levels[memo->slots[i] - 1] = MAX(memo->levels[memo->slots[i] - 1], level);
		return;
	}
	if (memo->n == MEMO_MOST)
		return;
	if (memo->n == memo->room) {
		memo_grow(memo);
		i = find_slot(memo, words);
	}
	memcpy(memo->entries + (size_t)memo->n * memo->words, words, memo->words * sizeof(*words));
	memo->levels[memo->n] = level;
	memo->slots[i] = ++memo->n;
}
