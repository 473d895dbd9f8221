/* SPDX-License-Identifier: MIT */
/* Lists that users make: a JSON object a line, a JSON array of objects, or CSV. */
#ifndef CMD_RECORDS_H
#define CMD_RECORDS_H

#include "cmd/lines.h"

/* Another name of a column. */
typedef struct RecordAlias {
	const char *name, *key; /* NULL ends the list */
} RecordAlias;

/* What a list has, for CSV. */
typedef struct RecordShape {
	const char *what;	    /* "VMs", in messages */
	const char *example;	    /* a line of it */
	const char *const *texts;   /* the keys whose values are never numbers, ended by NULL */
	const RecordAlias *aliases; /* of columns */
} RecordShape;

/*
 * Read the file NAME ("-": stdin), whichever of the three it is: EACH gets each object as a line of
 * JSON, with the number of its line, or of its place in the array, from 1. A file of another kind
 * is an error that says what it is. False as lines_read().
 */
bool records_read(const char *name, const RecordShape *shape, LineFn *each, void *data,
		  GError **error);

#endif
