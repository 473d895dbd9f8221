/* SPDX-License-Identifier: MIT */
#include "tests/unit/scratch.h"
#include "topology/base/tempdir.h"

#include <sys/stat.h>

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

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/tempdir/files", test_files);
	g_test_add_func("/tempdir/places", test_places);
	return g_test_run();
}
