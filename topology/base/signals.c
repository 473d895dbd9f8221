/* SPDX-License-Identifier: MIT */
#include "topology/base/signals.h"

#include <glib.h>
#include <pthread.h>
#include <time.h>

static const int signals_held[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};

void signals_hold(sigset_t *before)
{
	sigset_t held;

	sigemptyset(&held);
	for (unsigned i = 0; i < G_N_ELEMENTS(signals_held); i++)
		sigaddset(&held, signals_held[i]);
	pthread_sigmask(SIG_BLOCK, &held, before);
}

/* One that is ignored, as SIGHUP by nohup(1), waits too while it is held back. */
bool signals_waiting(void)
{
	sigset_t waiting;

	sigpending(&waiting);
	for (unsigned i = 0; i < G_N_ELEMENTS(signals_held); i++) {
		struct sigaction action;

		if (sigismember(&waiting, signals_held[i]) &&
		    sigaction(signals_held[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
			return true;
	}
	return false;
}

/* It wakes once, at the end or for a signal, lest it interrupt what it waits for. */
bool signals_pause(unsigned seconds)
{
	gint64 end = g_get_monotonic_time() + (gint64)seconds * G_TIME_SPAN_SECOND;
	sigset_t ending;

	sigemptyset(&ending);
	for (unsigned i = 0; i < G_N_ELEMENTS(signals_held); i++) {
		struct sigaction action;

		if (sigaction(signals_held[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
			sigaddset(&ending, signals_held[i]);
	}
	for (;;) {
		gint64 left = end - g_get_monotonic_time();
		struct timespec time = {left / G_TIME_SPAN_SECOND,
					left % G_TIME_SPAN_SECOND * 1000};
		int signal = left > 0 ? sigtimedwait(&ending, NULL, &time) : 0;

		if (left <= 0)
			return true;
		if (signal > 0) {
			raise(signal); /* it waits on */
			return false;
		}
	}
}

void signals_release(const sigset_t *before)
{
	pthread_sigmask(SIG_SETMASK, before, NULL);
}
