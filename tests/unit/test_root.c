/* SPDX-License-Identifier: MIT */
#include "tests/unit/scratch.h"
#include "topology/root/tar.h"

#include <errno.h>
#include <glib-unix.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const unsigned ways[] = {0, ROOT_NO_OPENAT2};

static char *scratch;

static void link_to(const char *target, const char *path)
{
	g_autofree char *file = g_build_filename(scratch, path, NULL);

	g_unlink(file);
	g_assert_cmpint(symlink(target, file), ==, 0);
}

/* What PATH reads as, or the failure. */
static void assert_reads(const char *path, const char *text, int failure)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(ways); i++) {
		g_autoptr(Root) root = scratch_open(scratch, ways[i]);
		size_t length;
		int got = 0;
		g_autofree char *bytes = root_read_private(root, path, 4096, &length, &got);

		g_assert_cmpstr(bytes, ==, text);
		g_assert_cmpint(got, ==, failure);
	}
}

/* What is there and cannot be read is noted, whoever reads it: nobody takes it for absent. */
static void assert_noted(const char *path)
{
	g_autoptr(Root) root = scratch_open(scratch, 0);
	size_t length;
	int failure;
	g_autofree char *tail = root_read_tail(root, path, 4096, &length, &failure);
	g_auto(GStrv) names = root_list(root, path, NULL);

	g_assert_null(tail);
	g_assert_cmpint(failure, ==, ELOOP);
	g_assert_null(*names);
	g_assert_nonnull(root_why(root, path));
	g_assert_true(root_exists(root, path));
}

static void test_links(void)
{
	scratch_put(scratch, "etc/passwd", "inside");
	scratch_put(scratch, "a/b/file", "file");
	link_to("/etc/passwd", "absolute");
	link_to("../../../../../../etc/passwd", "a/upward");
	link_to("b/../b/./file", "a/around");
	link_to("../a", "a/loop-back");
	link_to("self", "self");
	link_to("/proc/self/environ", "gone");
	assert_reads("/absolute", "inside", 0);
	assert_reads("/a/upward", "inside", 0);
	assert_reads("/a/around", "file", 0);
	assert_reads("/a/loop-back/b/file", "file", 0);
	assert_reads("/../../a/b/file", "file", 0);
	assert_reads("/self", NULL, ELOOP);
	assert_reads("/gone", NULL, ELOOP);
	assert_noted("/gone");
	link_to("/srv/elsewhere", "a/lost");
	link_to("lost/deeper", "a/lost-too");
	assert_noted("/a/lost/file");
	assert_noted("/a/lost/deeper/file");
	assert_noted("/a/loop-back/lost-too/file");
	assert_reads("/a/loop-back/none/file", NULL, ENOENT);
	assert_reads("/a/b/file/c", NULL, ENOTDIR);
}

static void test_special(void)
{
	g_autofree char *fifo = g_build_filename(scratch, "fifo", NULL);
	g_autofree char *null = g_build_filename(scratch, "dev/null", NULL);

	g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
	link_to("/dev/zero", "zero");
	link_to("/dev/null", "null");
	assert_reads("/null", NULL, ENOENT); /* put there on purpose, of no file */
	scratch_put(scratch, "dev/null", "");
	assert_reads("/null", "", 0);
	g_assert_cmpint(unlink(null), ==, 0);
	g_assert_cmpint(mkfifo(null, 0600), ==, 0);
	assert_reads("/null", NULL, ENOENT); /* as on a live machine: a device */
	assert_reads("/fifo", NULL, EINVAL); /* and does not wait */
	assert_reads("/a", NULL, EINVAL);
	assert_reads("/zero", NULL, ELOOP);
	if (geteuid() == 0) {
		g_autofree char *device = g_build_filename(scratch, "device", NULL);

		if (mknod(device, S_IFCHR | 0600, 0x105) == 0)
			assert_reads("/device", NULL, EINVAL);
	}
}

static void test_bounds(void)
{
	g_autoptr(Root) root = scratch_open(scratch, 0);
	g_autofree char *text = g_strnfill(4097, 'x');
	g_autofree char *huge = g_build_filename(scratch, "huge", NULL);
	size_t length;
	int failure;
	g_autofree char *none = NULL, *tail = NULL;

	scratch_put(scratch, "large", text);
	assert_reads("/large", NULL, EFBIG);
	scratch_put(scratch, "huge", "");
	g_assert_cmpint(truncate(huge, (off_t)1 << 40), ==, 0);
	none = root_text(root, "/huge", NULL);
	g_assert_null(none);
	tail = root_read_tail(root, "/large", 200, &length, &failure);
	g_assert_cmpuint(length, ==, 100);
	g_unlink(huge);
}

/* PATH reads as TEXT in the root DIRECTORY, whatever its file system says of its size. */
static void assert_whole(const char *directory, const char *path)
{
	g_autofree char *file = g_build_filename(directory, path, NULL), *text = NULL;
	gsize length;

	g_assert_true(g_file_get_contents(file, &text, &length, NULL));
	for (unsigned i = 0; i < G_N_ELEMENTS(ways); i++) {
		g_autoptr(Root) root = scratch_open(directory, ways[i]);
		size_t have;
		int failure;
		g_autofree char *bytes = root_read_private(root, path, 1 << 20, &have, &failure);

		g_assert_nonnull(bytes);
		g_assert_cmpmem(bytes, have, text, length);
	}
}

/* Files of /proc have the size 0, those of /sys 4096; a capture's have their own. */
static void test_sizes(void)
{
	g_autofree char *large = g_strnfill(300000, 'x');

	assert_whole("/proc", "/version");
	assert_whole("/proc", "/filesystems");
	assert_whole("/sys", "/devices/system/cpu/possible");
	scratch_put(scratch, "sizes/large", large);
	assert_whole(scratch, "/sizes/large");
	scratch_put(scratch, "sizes/page", large + 300000 - 4096);
	assert_whole(scratch, "/sizes/page");
	assert_reads("/sizes/page", large + 300000 - 4096, 0); /* as long as may be */
}

/* Side by side and in turns: each is read in its own folder. */
static void test_folders(void)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(ways); i++) {
		g_autoptr(Root) root = scratch_open(scratch, ways[i]);
		const char *const paths[] = {"/f/a/file", "/f/a/other",	  "/f/b/file",
					     "/f/a/file", "/f/link/file", "/f/file",
					     "/f/none/x", "/f/b/file",	  "/f/a",
					     "/f/a/.",	  "/f/a/..",	  "/f/a/file/"};
		const char *const texts[] = {"a",  "o", "b",  "a",  "b",  "f",
					     NULL, "b", NULL, NULL, NULL, NULL};

		scratch_put(scratch, "f/a/file", "a");
		scratch_put(scratch, "f/a/other", "o");
		scratch_put(scratch, "f/b/file", "b");
		scratch_put(scratch, "f/file", "f");
		link_to("/f/b", "f/link");
		for (unsigned n = 0; n < G_N_ELEMENTS(paths); n++) {
			size_t length;
			int failure;
			g_autofree char *text =
				root_read_private(root, paths[n], 4096, &length, &failure);

			g_assert_cmpstr(text, ==, texts[n]);
		}
	}
}

static void test_text(void)
{
	g_autoptr(Root) root = scratch_open(scratch, 0);
	g_autofree char *text = NULL, *bytes = NULL, *empty = NULL, *cut = NULL, *nothing = NULL;

	scratch_put(scratch, "text", " \xc3\xa4\xff line\n\n");
	scratch_put_bytes(scratch, "nul", "one\0two", 7);
	scratch_put(scratch, "empty", "");
	text = root_text(root, "/text", NULL);
	g_assert_cmpstr(text, ==, "\xc3\xa4\xef\xbf\xbd line");
	bytes = root_text(root, "/nul", NULL);
	g_assert_null(bytes);
	g_assert_nonnull(root_why(root, "/nul"));
	empty = root_text(root, "/empty", NULL);
	g_assert_cmpstr(empty, ==, "");
	/* What the kernel wrote is whole, or it is not known. */
	scratch_put(scratch, "proc/cut", "2-5,8-1");
	scratch_put(scratch, "sys/empty", "");
	cut = root_text(root, "/proc/cut", NULL);
	g_assert_null(cut);
	g_assert_nonnull(root_why(root, "/proc/cut"));
	nothing = root_text(root, "/sys/empty", NULL);
	g_assert_null(nothing);
}

static void assert_mask(const char *text, const char *list)
{
	g_auto(CpuSet) set = cpumask_parse(text);

	assert_set(set, list);
}

static void test_masks(void)
{
	g_autofree char *many = g_strnfill(257 * 9, 'f');

	assert_mask("ff", "0-7");
	assert_mask("00000000,0000000f", "0-3");
	assert_mask("00ff,ffffffff", "0-39");
	assert_mask("0", "");
	assert_mask("", NULL);
	assert_mask("fg", NULL);
	assert_mask("ff,", NULL);
	assert_mask("-1", NULL);
	assert_mask("123456789", NULL);
	assert_mask("0x3", NULL);
	for (unsigned i = 8; i < 257 * 9; i += 9)
		many[i] = ',';
	assert_mask(many, NULL);
}

static void test_notes(void)
{
	g_autoptr(Root) root = scratch_open(scratch, 0);
	g_autoptr(GPtrArray) unread = NULL;
	const Unread *first;

	for (unsigned i = 0; i < 312; i++)
		root_failed(root, "/proc/1/environ", "/proc/*/environ", EIO);
	root_failed(root, "/proc/2/environ", "/proc/*/environ", ENOENT);
	root_failed(root, "/proc/2/environ", "/proc/*/environ", ESRCH);
	unread = root_unread(root);
	g_assert_cmpuint(unread->len, ==, 1);
	first = g_ptr_array_index(unread, 0);
	g_assert_cmpstr(first->source, ==, "/proc/*/environ");
	g_assert_cmpstr(first->why, ==, "Input/output error (312 times)");
}

static void test_lists(void)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(ways); i++) {
		g_autoptr(Root) root = scratch_open(scratch, ways[i]);
		g_auto(GStrv) names = NULL;
		g_autoptr(GArray) numbers = NULL;

		scratch_put(scratch, "list/cpu10", "");
		scratch_put(scratch, "list/cpu2", "");
		scratch_put(scratch, "list/cpuidle", "");
		scratch_put(scratch, "list/cpu99999999999", "");
		scratch_put(scratch, "list/.hidden", "");
		names = root_list(root, "/list", NULL);
		g_assert_cmpuint(g_strv_length(names), ==, 4);
		g_assert_cmpstr(names[0], ==, "cpu10");
		numbers = root_numbers(root, "/list", "cpu", NULL);
		g_assert_cmpuint(numbers->len, ==, 2);
		g_assert_cmpuint(g_array_index(numbers, unsigned, 0), ==, 2);
	}
}

static void test_open(void)
{
	const char *const wrong[] = {"/dev/null", "/nonexistent", "/etc/passwd"};

	for (unsigned i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Root) root = root_open(wrong[i], 0, &error);

		g_assert_null(root);
		g_assert_true(g_str_has_prefix(error->message, wrong[i]));
	}
}

/* A node, the folder above it, two of them, and none. */
static void test_node(void)
{
	g_autofree char *above = g_build_filename(scratch, "above", NULL);
	g_autofree char *two = g_build_filename(scratch, "two", NULL);
	g_autofree char *none = g_build_filename(scratch, "none", NULL), *text = NULL;
	g_autoptr(GError) error = NULL, other = NULL;
	g_autoptr(Root) root = NULL;

	scratch_put(scratch, "above/sosreport-a/proc/cmdline", "quiet\n");
	scratch_put(scratch, "above/sosreport-a.sha256", "x");
	scratch_put(scratch, "two/a/proc/cmdline", "a");
	scratch_put(scratch, "two/b/sys/b", "b");
	scratch_put(scratch, "none/file", "");
	root = root_open(above, ROOT_NODE, NULL);
	text = root_text(root, "/proc/cmdline", NULL);
	g_assert_cmpstr(text, ==, "quiet");
	g_assert_null(root_open(two, ROOT_NODE, &error));
	g_assert_nonnull(strstr(error->message, "check all with 'planner check FOLDER': a, b"));
	g_assert_null(root_open(none, ROOT_NODE, &other));
	g_assert_nonnull(strstr(other->message, "neither proc nor sys"));
}

static void assert_tree_reads(Root *root, const char *path, const char *text, int failure)
{
	size_t length;
	int got;
	g_autofree char *bytes = root_read_private(root, path, 4096, &length, &got);

	g_assert_cmpstr(bytes, ==, text);
	g_assert_cmpint(got, ==, failure);
	g_assert_cmpint(root_exists(root, path), ==, text || failure == ELOOP);
}

/* An archive's links are followed as a directory's are. */
static void test_tree_links(void)
{
	Tree *tree = tree_new();
	g_autoptr(Root) root = NULL;
	g_auto(GStrv) names = NULL;
	g_autofree char *said = NULL;

	g_assert_true(tree_add_file(tree, "devices/a/file", "file", 4));
	g_assert_true(tree_add_link(tree, "class/a", "../devices/a"));
	g_assert_true(tree_add_link(tree, "class/b", "/class/a"));
	g_assert_true(tree_add_link(tree, "devices/a/up", "../../../../class"));
	g_assert_true(tree_add_link(tree, "top", "/"));
	g_assert_true(tree_add_link(tree, "self", "self"));
	g_assert_true(tree_add_link(tree, "gone", "/srv/gone"));
	g_assert_true(tree_add_link(tree, "through", "gone/deeper"));
	g_assert_false(tree_add_link(tree, "devices/a/file/link", "x"));
	root = root_open_tree(tree);
	assert_tree_reads(root, "/class/b/file", "file", 0);
	assert_tree_reads(root, "/top/devices/a/up/b/file", "file", 0);
	assert_tree_reads(root, "/class/b/none", NULL, ENOENT);
	assert_tree_reads(root, "/none/file", NULL, ENOENT);
	assert_tree_reads(root, "/self", NULL, ELOOP);
	assert_tree_reads(root, "/gone/file", NULL, ELOOP);
	assert_tree_reads(root, "/through/file", NULL, ELOOP);
	names = root_list(root, "/class", NULL);
	g_assert_cmpuint(g_strv_length(names), ==, 2);
	said = root_link(root, "/class/b/up", NULL);
	g_assert_cmpstr(said, ==, "../../../../class");
}

/* A capture that a link names as well is one capture. */
static void test_capture_linked(void)
{
	g_autofree char *folder = g_build_filename(scratch, "linked", NULL);
	g_autoptr(GPtrArray) found = NULL;
	g_autoptr(Root) root = NULL;

	scratch_put(scratch, "linked/node/proc/cmdline", "quiet\n");
	link_to("node", "linked/latest");
	found = root_captures(folder);
	g_assert_cmpuint(found->len, ==, 1);
	g_assert_true(g_str_has_suffix(g_ptr_array_index(found, 0), "/linked/node"));
	root = root_open(folder, ROOT_NODE, NULL);
	g_assert_nonnull(root);
}

/* What tar and rsync make of /proc; one file that is empty is damaged in another way. */
static void test_hollow(void)
{
	g_autofree char *hollow = g_build_filename(scratch, "hollow", NULL);
	g_autofree char *damaged = g_build_filename(scratch, "damaged", NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(Root) root = NULL, other = NULL;

	scratch_put(scratch, "hollow/proc/cpuinfo", "");
	scratch_put(scratch, "hollow/proc/interrupts", "");
	scratch_put(scratch, "damaged/proc/cpuinfo", "");
	scratch_put(scratch, "damaged/proc/meminfo", "MemTotal: 1 kB\n");
	scratch_put(scratch, "damaged/proc/version", "");
	g_assert_null(root_open(hollow, ROOT_NODE, &error));
	g_assert_nonnull(strstr(error->message, "planner snapshot --script"));
	root = root_open(hollow, 0, NULL);
	other = root_open(damaged, ROOT_NODE, NULL);
	g_assert_true(root && other);
}

/* CONTENT, LENGTH bytes, as the file NAME of a tar; yours. */
static GByteArray *tar_around(const char *name, const void *content, size_t length)
{
	g_autoptr(Tree) tree = tree_new();

	g_assert_true(tree_add_file(tree, name, content, length));
	return tar_format(tree);
}

/* A capture that cannot be opened says why; one that is too far down is none. */
static void test_enter(void)
{
	g_autofree char *closed = g_build_filename(scratch, "closed", NULL);
	g_autofree char *nested = g_build_filename(scratch, "nested", NULL);
	g_autoptr(GByteArray) tar = tar_around("proc/cmdline", "quiet\n", 6);

	scratch_put(scratch, "closed/node.tgz/file", "");
	for (unsigned depth = 0; depth < 5; depth++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Root) root = NULL;
		g_autoptr(GByteArray) inner = g_steal_pointer(&tar);

		scratch_put_bytes(scratch, "nested/node.tar", (const char *)inner->data,
				  inner->len);
		root = root_open(nested, ROOT_NODE, &error);
		g_assert_true(depth < 3 ? root != NULL : !root);
		if (!root)
			g_assert_nonnull(strstr(error->message, "neither proc nor sys"));
		tar = tar_around("node.tar", inner->data, inner->len);
	}
	{
		g_autoptr(GError) error = NULL;

		g_assert_null(root_open(closed, ROOT_NODE, &error));
		g_assert_nonnull(strstr(error->message, "closed: node.tgz: is not a regular file"));
	}
}

static void test_live(void)
{
	g_autoptr(Root) root = scratch_open("/", 0);
	g_autofree char *text = root_text(root, "/proc/self/comm", NULL);

	g_assert_true(root_is_live(root));
	g_assert_cmpstr(text, ==, "test_root");
}

/* Tar */

static Tree *tree_of(void)
{
	Tree *tree = tree_new();
	g_autofree char *name = g_strnfill(180, 'n');
	g_autofree char *path = g_strdup_printf("deep/%s/\xc3\xa4", name);

	g_assert_true(tree_add_file(tree, "proc/cmdline", "quiet\n", 6));
	g_assert_true(tree_add_file(tree, "empty", "", 0));
	g_assert_true(tree_add_file(tree, path, "\0\1\2", 3));
	g_assert_true(tree_add_directory(tree, "sys/nothing"));
	return tree;
}

static void test_tar(void)
{
	g_autoptr(Tree) tree = tree_of(), again = NULL;
	g_autoptr(GByteArray) tar = tar_format(tree), second = NULL;
	g_autoptr(GError) error = NULL;

	again = tar_parse((const char *)tar->data, tar->len, &error);
	g_assert_no_error(error);
	second = tar_format(again);
	g_assert_cmpmem(tar->data, tar->len, second->data, second->len);
	g_assert_cmpuint(tar->len % 512, ==, 0);
	g_assert_cmpuint(g_bytes_get_size(tree_file(again, "proc/cmdline")), ==, 6);
	g_assert_true(tree_is_directory(again, "sys/nothing"));
}

static void assert_tar_refused(const char *bytes, size_t length, const char *part)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Tree) tree = tar_parse(bytes, length, &error);

	g_assert_null(tree);
	g_assert_nonnull(strstr(error->message, part));
	g_assert_null(strchr(error->message, '\n'));
}

static void test_tar_truncated(void)
{
	g_autoptr(Tree) tree = tree_of();
	g_autoptr(GByteArray) tar = tar_format(tree);

	for (guint length = 0; length < tar->len - 1024; length += 256)
		assert_tar_refused((const char *)tar->data, length, "is not a snapshot");
	for (guint i = 0; i < 512; i += 37) {
		if (i >= 148 && i < 156)
			continue;
		tar->data[i] ^= 1;
		assert_tar_refused((const char *)tar->data, tar->len, "damaged");
		tar->data[i] ^= 1;
	}
}

/* The tar of one entry called PATH of TYPE. */
static void assert_entry_refused(const char *path, char type)
{
	g_autoptr(Tree) tree = tree_new();
	g_autoptr(GByteArray) tar = NULL;
	unsigned sum = 0;

	tree_add_file(tree, "x", "", 0);
	tar = tar_format(tree);
	memcpy(tar->data, path, strlen(path) + 1);
	tar->data[156] = (guint8)type;
	memset(tar->data + 148, ' ', 8);
	for (unsigned i = 0; i < 512; i++)
		sum += tar->data[i];
	g_snprintf((char *)tar->data + 148, 8, "%06o", sum);
	assert_tar_refused((const char *)tar->data, tar->len, "is not a snapshot");
}

static void test_tar_hostile(void)
{
	assert_entry_refused("/etc/passwd", '0');
	assert_entry_refused("../x", '0');
	assert_entry_refused("a/../../x", '0');
	assert_entry_refused("a//x", '0');
	assert_entry_refused("", '0');
	assert_entry_refused("x", '1');
	assert_entry_refused("x", '2');
	assert_entry_refused("x", '3');
	assert_entry_refused("x", '6');
	assert_entry_refused("x", 'S');
}

/* GNU tar and busybox put a path of more than 100 bytes into an entry before it. */
static void test_tar_gnu(void)
{
	g_autoptr(Tree) tree = tree_new(), again = NULL;
	g_autofree char *name = g_strnfill(200, 'n'), *path = g_strconcat("sys/", name, NULL);
	g_autoptr(GByteArray) tar = NULL;
	unsigned sum = 0;

	tree_add_file(tree, "0", path, strlen(path) + 1);
	tree_add_file(tree, "sys/cut", "text", 4);
	tar = tar_format(tree);
	tar->data[156] = 'L';
	memset(tar->data + 148, ' ', 8);
	for (unsigned i = 0; i < 512; i++)
		sum += tar->data[i];
	g_snprintf((char *)tar->data + 148, 8, "%06o", sum);
	again = tar_parse((const char *)tar->data, tar->len, NULL);
	g_assert_nonnull(tree_file(again, path));
	g_assert_null(tree_file(again, "sys/cut"));
}

static void test_tree(void)
{
	g_autoptr(Tree) tree = tree_new();

	g_assert_true(tree_add_file(tree, "a/b", "", 0));
	g_assert_false(tree_add_file(tree, "a", "", 0));
	g_assert_false(tree_add_file(tree, "a/b/c", "", 0));
	g_assert_false(tree_add_directory(tree, "a/b"));
	g_assert_false(tree_add_file(tree, "/a", "", 0));
	g_assert_false(tree_add_file(tree, "a/./c", "", 0));
	g_assert_true(tree_add_file(tree, "a/b", "x", 1));
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	scratch = scratch_new();
	g_test_add_func("/root/links", test_links);
	g_test_add_func("/root/special", test_special);
	g_test_add_func("/root/bounds", test_bounds);
	g_test_add_func("/root/sizes", test_sizes);
	g_test_add_func("/root/folders", test_folders);
	g_test_add_func("/root/text", test_text);
	g_test_add_func("/root/masks", test_masks);
	g_test_add_func("/root/notes", test_notes);
	g_test_add_func("/root/lists", test_lists);
	g_test_add_func("/root/open", test_open);
	g_test_add_func("/root/node", test_node);
	g_test_add_func("/root/hollow", test_hollow);
	g_test_add_func("/root/enter", test_enter);
	g_test_add_func("/root/live", test_live);
	g_test_add_func("/tree", test_tree);
	g_test_add_func("/tree/links", test_tree_links);
	g_test_add_func("/root/capture-linked", test_capture_linked);
	g_test_add_func("/tar/same", test_tar);
	g_test_add_func("/tar/truncated", test_tar_truncated);
	g_test_add_func("/tar/hostile", test_tar_hostile);
	g_test_add_func("/tar/gnu", test_tar_gnu);
	status = g_test_run();
	scratch_remove(scratch);
	g_free(scratch);
	return status;
}
