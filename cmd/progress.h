/* SPDX-License-Identifier: MIT */
/* A progress bar on stderr: on a terminal only, and gone when it ends. */
#ifndef CMD_PROGRESS_H
#define CMD_PROGRESS_H

#include <glib.h>
#include <stdbool.h>

typedef struct Progress {
	bool shown;	  /* is stderr a terminal? */
	const char *what; /* is counted: "nodes" */
	unsigned all;
	gint64 next; /* when it may be drawn again */
} Progress;

/* Begin to count ALL of WHAT. */
void progress_begin(Progress *progress, const char *what, unsigned all);
/* DONE of them are done. */
void progress_at(Progress *progress, unsigned done);
void progress_end(Progress *progress);

#endif
