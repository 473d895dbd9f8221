/* SPDX-License-Identifier: MIT */
#include "topology/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_MAX (256u << 20)

/* In the child: nothing of the parent may run or be written twice, so _exit(). */
G_GNUC_NORETURN static void child_run(void (*work)(int fd, const void *data), const void *data,
				      int fd, pid_t parent)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	setpgid(0, 0); /* ssh of a qemu+ssh:// URI is to end with it */
	signal(SIGPIPE, SIG_IGN);
	if (null >= 0) { /* libraries and ssh would talk to the user's terminal */
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
	}
	work(fd, data);
	_exit(0);
}

/* Bytes until the end, which is true, or the deadline. */
static bool answer_read(int fd, GByteArray *answer, gint64 deadline)
{
	guint8 block[65536];

	while (answer->len < ANSWER_MAX) {
		struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
		gint64 left = (deadline - g_get_monotonic_time() + 999) / 1000;
		int ready = left > 0 ? poll(&poll_fd, 1, (int)MIN(left, G_MAXINT)) : 0;
		ssize_t got;

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0)
			return false;
		got = read(fd, block, sizeof(block));
		if (got == 0)
			return true;
		if (got > 0)
			g_byte_array_append(answer, block, (guint)got);
		else if (errno != EINTR)
			return false;
	}
	return false;
}

/* Killed, it ends at once, unless the kernel itself is stuck: then it is left to it. */
static void child_end(pid_t child)
{
	kill(-child, SIGKILL);
	kill(child, SIGKILL);
	for (unsigned tries = 0; tries < 200; tries++) {
		pid_t ended = waitpid(child, NULL, WNOHANG);

		if (ended == child || (ended < 0 && errno != EINTR))
			return;
		g_usleep(tries < 100 ? 100 : 5000);
	}
}

char *worker_run(void (*work)(int fd, const void *data), const void *data, unsigned seconds,
		 size_t *length, bool *finished)
{
	gint64 deadline = g_get_monotonic_time() + (gint64)seconds * G_USEC_PER_SEC;
	GByteArray *answer;
	int fds[2];
	pid_t parent = getpid(), child;

	*finished = false;
	if (!g_unix_open_pipe(fds, FD_CLOEXEC, NULL))
		return NULL;
	child = fork();
	if (child == 0) {
		close(fds[0]);
		child_run(work, data, fds[1], parent);
	}
	close(fds[1]);
	answer = g_byte_array_new();
	if (child > 0) {
		*finished = answer_read(fds[0], answer, deadline);
		child_end(child);
	}
	close(fds[0]);
	*length = answer->len;
	g_byte_array_append(answer, (const guint8 *)"", 1);
	return (char *)g_byte_array_free(answer, FALSE);
}
