/* SPDX-License-Identifier: MIT */
#include "cmd/progress.h"

#include <stdio.h>
#include <unistd.h>

#define INTERVAL 100000 /* microseconds between drawings */
#define WIDTH 30

void progress_begin(Progress *progress, const char *what, unsigned all)
{
	*progress = (Progress){.shown = isatty(STDERR_FILENO), .what = what, .all = all};
	progress->next = g_get_monotonic_time() + INTERVAL;
}

void progress_at(Progress *progress, unsigned done)
{
	unsigned filled = (unsigned)((guint64)done * WIDTH / MAX(progress->all, 1));

	if (!progress->shown || g_get_monotonic_time() < progress->next)
		return;
	fprintf(stderr, "\r[%.*s%*s] %u of %u %s", (int)filled, "##############################",
		(int)(WIDTH - filled), "", done, progress->all, progress->what);
	fflush(stderr);
	progress->next = g_get_monotonic_time() + INTERVAL;
}

/* \033[K: to the end of the line. */
void progress_end(Progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
}
