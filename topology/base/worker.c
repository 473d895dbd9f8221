/* SPDX-License-Identifier: MIT */
#include "topology/base/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child: nothing of the parent may run or be written twice, so _exit(). */
G_GNUC_NORETURN static void child_run(WorkerTask *task, const void *data, int fd, pid_t parent)
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
	_exit(task(fd, data) ? 0 : 1);
}

/* Bytes until the end, which is WORKER_DONE, or too late, or too many. */
static WorkerEnd answer_read(int fd, GByteArray *answer, gint64 deadline)
{
	guint8 block[65536];

	while (answer->len < WORKER_MOST) {
		struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
		gint64 left = (deadline - g_get_monotonic_time() + 999) / 1000;
		int ready = left > 0 ? poll(&poll_fd, 1, (int)MIN(left, G_MAXINT)) : 0;
		ssize_t got;

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0)
			return WORKER_LATE;
		got = read(fd, block, sizeof(block));
		if (got == 0)
			return WORKER_DONE;
		if (got > 0)
			g_byte_array_append(answer, block, (guint)got);
		else if (errno != EINTR)
			return WORKER_FAILED;
	}
	return WORKER_LONG;
}

/* Whoever closed its pipe is about to end: its status within DEADLINE, but not yet reaped, so that
 * its process group stays its own. */
static WorkerEnd child_wait(pid_t child, gint64 deadline)
{
	for (;;) {
		siginfo_t info = {0};

		if (waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT | WNOHANG) == 0 &&
		    info.si_pid == child)
			return info.si_code == CLD_EXITED && info.si_status == 0 ? WORKER_DONE
										 : WORKER_FAILED;
		if (g_get_monotonic_time() > deadline)
			return WORKER_LATE;
		g_usleep(100);
	}
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

char *worker_run(WorkerTask *task, const void *data, unsigned seconds, size_t *length,
		 WorkerEnd *end)
{
	gint64 deadline = g_get_monotonic_time() + (gint64)seconds * G_USEC_PER_SEC;
	GByteArray *answer;
	int fds[2];
	pid_t parent = getpid(), child;

	*end = WORKER_FAILED;
	*length = 0;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return NULL;
	child = fork();
	if (child == 0) {
		close(fds[0]);
		child_run(task, data, fds[1], parent);
	}
	close(fds[1]);
	if (child < 0) {
		close(fds[0]);
		errno = EAGAIN;
		return NULL;
	}
	answer = g_byte_array_new();
	*end = answer_read(fds[0], answer, deadline);
	if (*end == WORKER_DONE)
		*end = child_wait(child, deadline);
	child_end(child);
	close(fds[0]);
	*length = answer->len;
	g_byte_array_append(answer, (const guint8 *)"", 1);
	return (char *)g_byte_array_free(answer, FALSE);
}

bool worker_write(int fd, const char *text, size_t length)
{
	while (length) {
		ssize_t n = write(fd, text, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		text += n;
		length -= (size_t)n;
	}
	return true;
}
