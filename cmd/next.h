/* SPDX-License-Identifier: MIT */
/*
 * The next step: a last line on stderr, only where that is a terminal, so that scripts and pipes
 * see nothing of it. What a command wrote, and where, it says itself, everywhere.
 */
#ifndef CMD_NEXT_H
#define CMD_NEXT_H

#include "cmd/options.h"

/* Is there anybody to say it to? */
bool next_wanted(void);
/* "planner: next: …", worded as printf does. */
void next_say(const char *format, ...) G_GNUC_PRINTF(1, 2);
/* What OPTIONS make a plan of, for a command that makes the same: " -i node.ini -t x6.xml --prefer
 * vms"; yours. */
char *next_inputs(const Options *options);

#endif
