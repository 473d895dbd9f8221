/* SPDX-License-Identifier: MIT */
/* A captured root of one's own, in a temporary directory: for tests of what reads roots. */
#ifndef TESTS_SCRATCH_H
#define TESTS_SCRATCH_H

#include "topology/root/root.h"

#include <glib/gstdio.h>
#include <string.h>

static inline char *scratch_new(void)
{
	g_autoptr(GError) error = NULL;
	char *directory = g_dir_make_tmp("planner-test-XXXXXX", &error);

	g_assert_no_error(error);
	return directory;
}

/* LENGTH bytes into DIRECTORY/PATH; directories on the way are made. */
static inline void scratch_put_bytes(const char *directory, const char *path, const void *bytes,
				     size_t length)
{
	g_autofree char *file = g_build_filename(directory, path, NULL);
	g_autofree char *above = g_path_get_dirname(file);
	g_autoptr(GError) error = NULL;

	g_assert_cmpint(g_mkdir_with_parents(above, 0755), ==, 0);
	g_file_set_contents(file, bytes, (gssize)length, &error);
	g_assert_no_error(error);
}

static inline void scratch_put(const char *directory, const char *path, const char *text)
{
	scratch_put_bytes(directory, path, text, strlen(text));
}

static inline void scratch_remove(const char *directory)
{
	GDir *open = g_dir_open(directory, 0, NULL);
	const char *name;

	while (open && (name = g_dir_read_name(open))) {
		g_autofree char *below = g_build_filename(directory, name, NULL);

		if (g_unlink(below) < 0)
			scratch_remove(below);
	}
	if (open)
		g_dir_close(open);
	g_rmdir(directory);
}

static inline Root *scratch_open(const char *directory, unsigned flags)
{
	g_autoptr(GError) error = NULL;
	Root *root = root_open(directory, flags, &error);

	g_assert_no_error(error);
	return root;
}

static inline void assert_set(hwloc_const_bitmap_t set, const char *list)
{
	g_autofree char *text = set ? cpulist_format(set) : NULL;

	g_assert_cmpstr(text, ==, list);
}

#endif
