/* SPDX-License-Identifier: MIT */
/* Notes of what could not be read: once per source and reason, however many files share them. */
#ifndef TOPOLOGY_ROOT_NOTES_H
#define TOPOLOGY_ROOT_NOTES_H

#include <glib.h>

/* One thing that could not be read. */
typedef struct Unread {
	char *source; /* "/proc/1/environ", "libvirt qemu:///system": what evidence would have named
		       */
	char *why;    /* "Permission denied; run as root" */
} Unread;

typedef struct Notes Notes;

Notes *notes_new(void);
void notes_free(Notes *notes);
/* SOURCE was not read, WHY; both are copied as valid UTF-8. */
void notes_add(Notes *notes, const char *source, const char *why);
/* All of them, of Unread, by source, yours; `why` says how often where that was more than once. */
GPtrArray *notes_unread(const Notes *notes);

/* None yet, of Unread; yours. */
GPtrArray *unread_new(void);
/* One more; both texts are copied. */
void unread_add(GPtrArray *unread, const char *source, const char *why);
/* Why SOURCE was not read, NULL = no note; and take its notes back. */
const char *notes_why(const Notes *notes, const char *source);
void notes_forget(Notes *notes, const char *source);

#endif
