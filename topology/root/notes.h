/* SPDX-License-Identifier: MIT */
/* Notes of what could not be read: once per source and reason, however many files share them. */
#ifndef TOPOLOGY_ROOT_NOTES_H
#define TOPOLOGY_ROOT_NOTES_H

#include <glib.h>

typedef struct Notes Notes;

Notes *notes_new(void);
void notes_free(Notes *notes);
/* SOURCE was not read, WHY; both are copied as valid UTF-8. */
void notes_add(Notes *notes, const char *source, const char *why);
/* Hand every note to TAKE, by source; WHY says how often where that was more than once. */
typedef void NoteTake(void *data, const char *source, const char *why);
void notes_each(Notes *notes, NoteTake *take, void *data);

#endif
