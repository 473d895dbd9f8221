/* SPDX-License-Identifier: MIT */
#include "tests/unit/scratch.h"
#include "topology/base/error.h"
#include "topology/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char *scratch;

static void assert_file_refused(const char *name, FileKind kind, size_t limit, int code,
				const char *message)
{
	g_autoptr(GError) error = NULL;
	size_t length;
	g_autofree char *bytes = file_read(name, kind, limit, &length, &error);

	g_assert_null(bytes);
	g_assert_error(error, PLANNER_ERROR, code);
	g_assert_cmpstr(error->message, ==, message);
}

static void assert_file_holds(const char *name, FileKind kind, size_t limit, const char *text)
{
	g_autoptr(GError) error = NULL;
	size_t length;
	g_autofree char *bytes = file_read(name, kind, limit, &length, &error);

	g_assert_no_error(error);
	g_assert_cmpstr(bytes, ==, text);
	g_assert_cmpuint(length, ==, strlen(text));
}

static void test_kinds(void)
{
	g_autofree char *file = g_build_filename(scratch, "file", NULL);
	g_autofree char *empty = g_build_filename(scratch, "empty", NULL);
	g_autofree char *fifo = g_build_filename(scratch, "fifo", NULL);

	scratch_put(scratch, "file", "some text\n");
	scratch_put(scratch, "empty", "");
	g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
	for (FileKind kind = FILE_REGULAR; kind <= FILE_STREAM; kind++) {
		const char *device = kind == FILE_STREAM ? "is neither a regular file nor a pipe"
							 : "is not a regular file";

		assert_file_holds(file, kind, 100, "some text\n");
		assert_file_holds(empty, kind, 100, "");
		assert_file_refused(scratch, kind, 100, PLANNER_ERROR_INPUT,
				    "is a directory, not a file");
		assert_file_refused("/dev/zero", kind, 100, PLANNER_ERROR_INPUT, device);
		assert_file_refused("/nonexistent", kind, 100, PLANNER_ERROR_SYSTEM,
				    "No such file or directory");
	}
	assert_file_refused(fifo, FILE_REGULAR, 100, PLANNER_ERROR_INPUT, "is not a regular file");
	/* Not the standard input, but a file of that name. */
	assert_file_refused("-", FILE_REGULAR, 100, PLANNER_ERROR_SYSTEM,
			    "No such file or directory");
}

/* A pipe that holds TEXT, as shells name it for <(command). */
static int pipe_new(const char *text, char **name)
{
	int fds[2];

	g_assert_cmpint(pipe(fds), ==, 0);
	g_assert_cmpint(write(fds[1], text, strlen(text)), ==, strlen(text));
	close(fds[1]);
	*name = g_strdup_printf("/dev/fd/%d", fds[0]);
	return fds[0];
}

static void test_pipe(void)
{
	g_autofree char *name = NULL;
	int fd = pipe_new("through a pipe", &name);

	assert_file_refused(name, FILE_REGULAR, 100, PLANNER_ERROR_INPUT, "is not a regular file");
	assert_file_holds(name, FILE_STREAM, 100, "through a pipe");
	close(fd);
}

/* A pipe in the file system: whoever opens one that nobody writes to waits for ever. */
static void test_fifo(void)
{
	g_autofree char *fifo = g_build_filename(scratch, "named", NULL);
	int quiet;
	pid_t writer;

	g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
	assert_file_refused(fifo, FILE_STREAM, 100, PLANNER_ERROR_INPUT,
			    "is a pipe that nobody opened to write to within 5 seconds");
	/* One who has it open may take longer than that. */
	writer = fork();
	if (writer == 0) {
		quiet = open(fifo, O_WRONLY);
		sleep(6);
		_exit(quiet >= 0 && write(quiet, "late", 4) == 4 ? 0 : 1);
	}
	assert_file_holds(fifo, FILE_STREAM, 100, "late");
	g_assert_cmpint(waitpid(writer, NULL, 0), ==, writer);
	/* One who has nothing to say ends it. */
	writer = fork();
	if (writer == 0)
		_exit(open(fifo, O_WRONLY) < 0);
	assert_file_holds(fifo, FILE_STREAM, 100, "");
	g_assert_cmpint(waitpid(writer, NULL, 0), ==, writer);
}

/* What is at the bound is read; a byte more is not, of a pipe nor of a file. */
static void test_limit(void)
{
	g_autofree char *file = g_build_filename(scratch, "large", NULL);
	g_autofree char *most = g_strnfill(1 << 20, 'x'), *more = g_strnfill((1 << 20) + 1, 'x');

	scratch_put(scratch, "large", most);
	assert_file_holds(file, FILE_REGULAR, 1 << 20, most);
	scratch_put(scratch, "large", more);
	assert_file_refused(file, FILE_REGULAR, 1 << 20, PLANNER_ERROR_INPUT,
			    "is larger than 1 MiB");
	assert_file_refused(file, FILE_STREAM, 1 << 20, PLANNER_ERROR_INPUT,
			    "is larger than 1 MiB");
	/* Whose size tells is not read: it would not end. */
	g_assert_cmpint(truncate(file, (off_t)1 << 42), ==, 0);
	assert_file_refused(file, FILE_STREAM, ((size_t)1 << 42) - 1, PLANNER_ERROR_INPUT,
			    "is larger than 4194303 MiB");
}

/* All is read, whatever was said of the size: it may grow, or be made up. */
static void test_size(void)
{
	static const size_t sizes[] = {0, 1, 10, 299999, 300000, 300001, 1 << 20, 1 << 30};
	g_autofree char *text = g_strnfill(300000, 'x');
	g_autofree char *file = g_build_filename(scratch, "sized", NULL);

	scratch_put(scratch, "sized", text);
	for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
		size_t length = 0;
		int failure = 0, fd = open(file, O_RDONLY | O_CLOEXEC);
		g_autofree char *bytes = fd_read(fd, sizes[i], 1 << 20, &length, &failure);

		g_assert_cmpmem(bytes, length, text, 300000);
		g_assert_cmpint(lseek(fd, 0, SEEK_SET), ==, 0);
		g_assert_null(fd_read(fd, sizes[i], 299999, &length, &failure));
		g_assert_cmpint(failure, ==, EFBIG);
		close(fd);
	}
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	scratch = scratch_new();
	g_test_add_func("/file/kinds", test_kinds);
	g_test_add_func("/file/pipe", test_pipe);
	g_test_add_func("/file/fifo", test_fifo);
	g_test_add_func("/file/limit", test_limit);
	g_test_add_func("/file/size", test_size);
	status = g_test_run();
	scratch_remove(scratch);
	g_free(scratch);
	return status;
}
