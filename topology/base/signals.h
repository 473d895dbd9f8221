/* SPDX-License-Identifier: MIT */
/*
 * Signals that end a program, held back while it would leave something half done. Whoever holds
 * them does short work, or asks between its steps whether one waits.
 */
#ifndef TOPOLOGY_BASE_SIGNALS_H
#define TOPOLOGY_BASE_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

/* Hold back SIGHUP, SIGINT, SIGQUIT and SIGTERM in this thread; BEFORE is for the release. */
void signals_hold(sigset_t *before);
/* Is one held back that will end the program? */
bool signals_waiting(void);
/* While they are held: let SECONDS pass. False as soon as one that will end the program waits. */
bool signals_pause(unsigned seconds);
/* As it was before. A signal that waits has its effect in here. */
void signals_release(const sigset_t *before);

#endif
