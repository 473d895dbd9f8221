/* SPDX-License-Identifier: MIT */
/* A generator of our own: the same cases on every machine. */
#ifndef TESTS_RANDOM_H
#define TESTS_RANDOM_H

#include <stdint.h>

static uint64_t random_state = 88172645463325252; /* never 0 */

/* A number below N. */
static inline unsigned pick(unsigned n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)(random_state >> 16) % n;
}

#endif
