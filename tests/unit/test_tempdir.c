/* SPDX-License-Identifier: MIT */
#include "tests/unit/scratch.h"
#include "topology/base/tempdir.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* How often it is filled until it can be. */
typedef struct Filling {
	unsigned refusals;
	char *first; /* the place that was refused */
} Filling;

static bool fill(TempDir *directory, void *data, GError **error)
{
	Filling *filling = data;

	if (!tempdir_add_file(directory, "/a/b/one", "1\n", 2, error) ||
	    !tempdir_add_file(directory, "/a/b/two", "1\n", 2, error) ||
	    !tempdir_add_file(directory, "/a/three", "3\n", 2, error) ||
	    !tempdir_add_file(directory, "/a/b/one", "other\n", 6, error) ||
	    !tempdir_add_directory(directory, "/a/c/d", error))
		return false;
	g_assert_true(tempdir_add_again(directory, "/a/c/again", "/a/b"));
	g_assert_false(tempdir_add_again(directory, "/a/c/again", "/a/b"));
	if (!filling->refusals)
		return true;
	filling->refusals--;
	g_free(filling->first);
	filling->first = g_strdup(tempdir_path(directory));
	g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_NOSPC, "no room");
	return false;
}

static void text_check(const char *directory, const char *path, const char *text)
{
	g_autofree char *file = g_build_filename(directory, path, NULL), *bytes = NULL;

	g_assert_true(g_file_get_contents(file, &bytes, NULL, NULL));
	g_assert_cmpstr(bytes, ==, text);
}

static void test_files(void)
{
	Filling filling = {0};
	g_autoptr(GError) error = NULL;
	TempDir *directory = tempdir_new(fill, &filling, &error);
	g_autofree char *path = g_strdup(tempdir_path(directory));
	g_autofree char *one = g_build_filename(path, "a/b/one", NULL);
	g_autofree char *deep = g_build_filename(path, "a/c/d", NULL);
	struct stat status;

	g_assert_no_error(error);
	text_check(path, "a/b/one", "1\n");
	text_check(path, "a/b/two", "1\n");
	text_check(path, "a/three", "3\n");
	text_check(path, "a/c/again/one", "1\n");
	g_assert_true(g_file_test(deep, G_FILE_TEST_IS_DIR));
	g_assert_cmpint(stat(one, &status), ==, 0);
	g_assert_cmpuint(status.st_nlink, ==, 2);
	g_assert_cmpint(stat(path, &status), ==, 0);
	g_assert_cmpuint(status.st_mode & 0777, ==, 0700);
	tempdir_free(directory);
	g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
}

/* Memory is full: TMPDIR has it. That is full too: the message is of there, and nothing is left. */
static void test_places(void)
{
	Filling once = {.refusals = 1}, always = {.refusals = 2};
	g_autoptr(GError) error = NULL;
	TempDir *directory = tempdir_new(fill, &once, &error);

	g_assert_no_error(error);
	if (g_access("/dev/shm", W_OK) == 0)
		g_assert_true(g_str_has_prefix(once.first, "/dev/shm/"));
	g_assert_false(g_file_test(once.first, G_FILE_TEST_EXISTS));
	g_assert_true(g_str_has_prefix(tempdir_path(directory), g_get_tmp_dir()));
	text_check(tempdir_path(directory), "a/three", "3\n");
	tempdir_free(directory);
	g_assert_null(tempdir_new(fill, &always, &error));
	g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSPC);
	g_assert_true(g_str_has_prefix(always.first, g_get_tmp_dir()));
	g_assert_false(g_file_test(always.first, G_FILE_TEST_EXISTS));
	g_free(once.first);
	g_free(always.first);
}

/* A program that makes a directory, and is killed; HEIR: a child of it still has the directory,
 * until HOLD is closed. Where that is; yours. */
static char *program_killed(bool heir, int *hold)
{
	int said[2], held[2];
	char path[256] = "";
	pid_t program;

	g_assert_cmpint(pipe2(said, O_CLOEXEC), ==, 0);
	g_assert_cmpint(pipe2(held, O_CLOEXEC), ==, 0);
	program = fork();
	if (program == 0) {
		Filling filling = {0};
		TempDir *directory = tempdir_new(fill, &filling, NULL);
		const char *name = directory ? tempdir_path(directory) : "";

		close(held[1]);
		if (heir && fork() == 0)
			_exit(read(held[0], path, 1) != 0);
		_exit(write(said[1], name, strlen(name)) < 0 || raise(SIGKILL));
	}
	close(said[1]);
	close(held[0]);
	g_assert_cmpint(read(said[0], path, sizeof(path) - 1), >, 0);
	g_assert_cmpint(waitpid(program, NULL, 0), ==, program);
	close(said[0]);
	*hold = held[1];
	return g_strdup(path);
}

/* What a program that was killed left goes; what somebody still has, has another name, is of a
 * process, is not for its owner alone, or is no directory, stays. */
static void test_left(void)
{
	g_autofree char *own = g_strdup_printf("planner-copy-%d-XXXXXX", (int)getpid());
	const char *const names[] = {"planner-2026-XXXXXX", own, "planner-copy-999999999-XXXXXX"};
	Filling filling = {0};
	int hold, hold_heir;
	g_autofree char *left = program_killed(false, &hold);
	g_autofree char *held = program_killed(true, &hold_heir);
	g_autofree char *place = g_path_get_dirname(left);
	g_autofree char *link = g_build_filename(place, "planner-copy-999999999-abcdef", NULL);
	g_autofree char *outside = g_build_filename(held, "a", "outside", NULL);
	char *stay[G_N_ELEMENTS(names)];

	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
		stay[i] = g_build_filename(place, names[i], NULL);
		g_assert_nonnull(g_mkdtemp_full(stay[i], i == 2 ? 0755 : 0700));
	}
	g_unlink(link);
	g_assert_cmpint(symlink(stay[0], link), ==, 0);
	g_assert_cmpint(symlink(stay[0], outside), ==, 0);
	tempdir_free(tempdir_new(fill, &filling, NULL));
	g_assert_false(g_file_test(left, G_FILE_TEST_EXISTS));
	text_check(held, "a/three", "3\n");
	close(hold);
	close(hold_heir);
	for (unsigned tries = 0; g_file_test(held, G_FILE_TEST_EXISTS) && tries < 500; tries++) {
		g_usleep(10 * G_TIME_SPAN_MILLISECOND);
		tempdir_free(tempdir_new(fill, &filling, NULL));
	}
	g_assert_false(g_file_test(held, G_FILE_TEST_EXISTS));
	g_assert_true(g_file_test(link, G_FILE_TEST_IS_SYMLINK));
	g_unlink(link);
	for (unsigned i = 0; i < G_N_ELEMENTS(stay); i++) {
		g_assert_true(g_file_test(stay[i], G_FILE_TEST_IS_DIR));
		g_rmdir(stay[i]);
		g_free(stay[i]);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/tempdir/files", test_files);
	g_test_add_func("/tempdir/places", test_places);
	g_test_add_func("/tempdir/left", test_left);
	return g_test_run();
}
