/* SPDX-License-Identifier: MIT */
#include "topology/base/guard.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* A word through the pipe that DATA is the end of. */
static void duty_say(const void *data)
{
	g_assert_cmpint(write(*(const int *)data, "x", 1), ==, 1);
}

/* A program with a guard, in a process group of its own: it frees the guard, and ends, or is killed
 * with its group. Was the duty done? */
static bool guard_does(bool freed)
{
	int said[2], ready[2];
	pid_t program;
	char byte;
	ssize_t got;

	g_assert_cmpint(pipe2(said, O_CLOEXEC), ==, 0);
	g_assert_cmpint(pipe2(ready, O_CLOEXEC), ==, 0);
	program = fork();
	if (program == 0) {
		GuardChild *guard;

		close(said[0]);
		setpgid(0, 0);
		guard = guard_new(duty_say, &said[1]);
		if (freed)
			guard_free(guard);
		if (freed || !guard || write(ready[1], "x", 1) != 1)
			_exit(!guard);
		for (;;)
			pause();
	}
	close(said[1]);
	close(ready[1]);
	if (!freed) {
		g_assert_cmpint(read(ready[0], &byte, 1), ==, 1);
		g_assert_cmpint(kill(-program, SIGKILL), ==, 0);
	}
	got = read(said[0], &byte, 1);
	waitpid(program, NULL, 0);
	close(said[0]);
	close(ready[0]);
	return got == 1;
}

static void test_freed(void)
{
	g_assert_false(guard_does(true));
	guard_free(NULL);
}

static void test_killed(void)
{
	g_assert_true(guard_does(false));
}

/* Whoever kills the guard alone does not kill the program with it. */
static void test_guard_killed(void)
{
	pid_t program = fork();
	int status;

	if (program == 0) {
		GuardChild *guard = guard_new(duty_say, NULL);
		siginfo_t ended;
		g_autofree char *children = NULL;

		if (!guard ||
		    !g_file_get_contents("/proc/thread-self/children", &children, NULL, NULL))
			_exit(77);
		kill((pid_t)strtol(children, NULL, 10), SIGKILL);
		waitid(P_ALL, 0, &ended, WEXITED | WNOWAIT);
		guard_free(guard);
		_exit(waitpid(-1, NULL, 0) < 0 ? 0 : 1);
	}
	g_assert_cmpint(waitpid(program, &status, 0), ==, program);
	g_assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		g_test_skip("no guard, or the kernel does not tell children");
	else
		g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/guard/freed", test_freed);
	g_test_add_func("/guard/killed", test_killed);
	g_test_add_func("/guard/killed-itself", test_guard_killed);
	return g_test_run();
}
