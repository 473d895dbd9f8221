/* SPDX-License-Identifier: MIT */
/*
 * A JSON document being read, member by member, strictly. Every function says which member is not
 * as it should be; the first failure is kept and false is returned up to the top.
 */
#ifndef PLANNER_BASE_READER_H
#define PLANNER_BASE_READER_H

#include "topology/host/host.h"

#include <jansson.h>

typedef struct Reader {
	const char *name;   /* the file's */
	const char *advice; /* what to do about a document that cannot be read */
	GError **error;	    /* PLANNER_ERROR_INPUT: "NAME: what; ADVICE" */
} Reader;

/* Keep what is wrong, unless something was before; false. */
bool reader_fail(Reader *r, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* A string, or null where the value is not known: NULL. Borrowed from the document. */
bool reader_text(Reader *r, const json_t *object, const char *key, const char **value);
/* A string. */
bool reader_string(Reader *r, const json_t *object, const char *key, const char **value);
/* A whole number from 0 to MOST. */
bool reader_number(Reader *r, const json_t *object, const char *key, uint64_t most,
		   uint64_t *value);
bool reader_unsigned(Reader *r, const json_t *object, const char *key, unsigned most,
		     unsigned *value);
bool reader_bool(Reader *r, const json_t *object, const char *key, bool *value);
bool reader_array(Reader *r, const json_t *object, const char *key, const json_t **value);
/* A word of NAMES, which NULL ends; *VALUE is its position. */
bool reader_word(Reader *r, const json_t *object, const char *key, const char *const *names,
		 unsigned *value);
/* A CPU list, copied to SET. */
bool reader_cpus(Reader *r, const json_t *object, const char *key, hwloc_bitmap_t set);
/* CPUs that threads may run on: some, all of them online. Yours, NULL on error. */
hwloc_bitmap_t reader_pins(Reader *r, const Host *host, const json_t *object, const char *key);
/* CPU numbers in order, none twice, appended to NUMBERS (of unsigned). */
bool reader_numbers(Reader *r, const json_t *object, const char *key, GArray *numbers);

/* Call READ with each entry of the list KEY. */
bool reader_each(Reader *r, void *into, const json_t *object, const char *key,
		 bool (*read)(Reader *, void *into, const json_t *));
/* The same for a list that is left out when it would be empty. */
bool reader_each_if_any(Reader *r, void *into, const json_t *object, const char *key,
			bool (*read)(Reader *, void *into, const json_t *));

#endif
