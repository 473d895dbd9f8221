/* SPDX-License-Identifier: MIT */
#include "cmd/child.h"
#include "topology/error.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_MOST (64u << 20)

typedef enum Ending { ENDED, TOO_LATE, TOO_MUCH } Ending;

/* Read FD to its end into ANSWER. */
static Ending answer_read(int fd, GByteArray *answer, gint64 deadline)
{
	guint8 buffer[65536];
	ssize_t n;

	for (;;) {
		struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
		gint64 left = (deadline - g_get_monotonic_time()) / 1000;

		if (left <= 0 || poll(&poll_fd, 1, (int)left) == 0)
			return TOO_LATE;
		n = read(fd, buffer, sizeof buffer);
		if (n == 0)
			return ENDED;
		if (n > 0)
			g_byte_array_append(answer, buffer, (guint)n);
		else if (errno != EINTR)
			return ENDED;
		if (answer->len > ANSWER_MOST)
			return TOO_MUCH;
	}
}

static void child_failed(GError **error, const char *what, const char *why)
{
	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_SYSTEM, "%s: %s", what, why);
}

/* The child is waited for in any case; whoever does not end by itself is killed. */
static char *child_end(const char *what, pid_t child, Ending ending, GByteArray *answer,
		       GError **error)
{
	int status;

	if (ending != ENDED)
		kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	g_byte_array_append(answer, (const guint8 *)"", 1);
	if (ending == TOO_LATE)
		child_failed(error, what, "no answer in time");
	else if (ending == TOO_MUCH)
		child_failed(error, what, "the answer is larger than 64 MiB");
	else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		child_failed(error, what, *answer->data ? (char *)answer->data : "it failed");
	else
		return g_strdup((char *)answer->data);
	return NULL;
}

char *child_run(const char *what, ChildWork work, const void *data, unsigned seconds,
		GError **error)
{
	g_autoptr(GByteArray) answer = g_byte_array_new();
	gint64 deadline = g_get_monotonic_time() + (gint64)seconds * G_USEC_PER_SEC;
	Ending ending;
	pid_t child;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0) {
		child_failed(error, what, g_strerror(errno));
		return NULL;
	}
	child = fork();
	if (child == 0)
		_exit(work(fds[1], data) ? 0 : 1);
	close(fds[1]);
	ending = child < 0 ? ENDED : answer_read(fds[0], answer, deadline);
	close(fds[0]);
	if (child > 0)
		return child_end(what, child, ending, answer, error);
	child_failed(error, what, g_strerror(errno));
	return NULL;
}
