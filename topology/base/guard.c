/* SPDX-License-Identifier: MIT */
#include "topology/base/guard.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct GuardChild {
	pid_t child;
	int fd; /* the socket that the child waits at ends with us */
};

/* In the child: a byte says that nothing is to be done, the end of the socket that we were killed.
 */
G_GNUC_NORETURN static void guard_wait(GuardDuty *duty, const void *data, int fd)
{
	ssize_t got;
	char byte;

	do
		got = read(fd, &byte, 1);
	while (got < 0 && errno == EINTR);
	if (got == 0)
		duty(data);
	_exit(0);
}

GuardChild *guard_new(GuardDuty *duty, const void *data)
{
	GuardChild *guard;
	pid_t child;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return NULL;
	child = fork();
	if (child == 0) {
		close(ends[1]);
		guard_wait(duty, data, ends[0]);
	}
	close(ends[0]);
	if (child < 0) {
		close(ends[1]);
		return NULL;
	}
	setpgid(child, child);
	guard = g_new(GuardChild, 1);
	*guard = (GuardChild){child, ends[1]};
	return guard;
}

void guard_free(GuardChild *guard)
{
	if (!guard)
		return;
	/* Where somebody killed the child, that is an error, and no signal. */
	if (send(guard->fd, "", 1, MSG_NOSIGNAL) == 1 || errno == EPIPE)
		waitpid(guard->child, NULL, 0);
	close(guard->fd);
	g_free(guard);
}
