/* SPDX-License-Identifier: MIT */
#include "topology/root/root_open.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LINKS_MAX 40 /* as the kernel */
#define DEPTH_MAX 128

static int openat2_call(int root, const char *path, int flags)
{
	struct open_how how = {
		.flags = (__u64)flags,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd;

	do
		fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	while (fd < 0 && (errno == EINTR || errno == EAGAIN));
	return fd;
}

bool openat2_works(int root)
{
	int fd = openat2_call(root, ".", O_PATH | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* Where a walk is: the directories from the root down, all of them real ones. */
typedef struct RootWalk {
	int root;
	GArray *fds;	  /* of int, O_PATH; of each but the root */
	GPtrArray *names; /* of char *, the name of each */
	GQueue todo;	  /* of char *, names still to go */
	unsigned links;
} RootWalk;

static int walk_top(const RootWalk *walk)
{
	return walk->fds->len ? g_array_index(walk->fds, int, walk->fds->len - 1) : walk->root;
}

static void walk_up(RootWalk *walk)
{
	if (!walk->fds->len)
		return;
	close(walk_top(walk));
	g_array_set_size(walk->fds, walk->fds->len - 1);
	g_ptr_array_set_size(walk->names, (int)walk->names->len - 1);
}

/* PATH's names in front of what is still to go. */
static void walk_push(RootWalk *walk, const char *path)
{
	g_auto(GStrv) parts = g_strsplit(path, "/", -1);

	for (guint i = g_strv_length(parts); i > 0; i--)
		if (*parts[i - 1])
			g_queue_push_head(&walk->todo, g_strdup(parts[i - 1]));
}

static int walk_link(RootWalk *walk, int fd)
{
	char target[4096];
	ssize_t length = readlinkat(fd, "", target, sizeof(target) - 1);

	if (length < 0)
		return errno;
	if (++walk->links > LINKS_MAX)
		return ELOOP;
	target[length] = '\0';
	while (*target == '/' && walk->fds->len)
		walk_up(walk);
	walk_push(walk, target);
	return 0;
}

/* Into NAME, which is no ".."; 0 or errno. */
static int walk_down(RootWalk *walk, const char *name)
{
	int fd = openat(walk_top(walk), name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;
	int failure = 0;

	if (fd < 0)
		return errno;
	if (fstat(fd, &status) < 0) {
		failure = errno;
	} else if (S_ISLNK(status.st_mode)) {
		failure = walk_link(walk, fd);
	} else if (walk->fds->len >= DEPTH_MAX) {
		failure = ENAMETOOLONG;
	} else {
		g_array_append_val(walk->fds, fd);
		g_ptr_array_add(walk->names, g_strdup(name));
		return 0;
	}
	close(fd);
	return failure;
}

static int walk_step(RootWalk *walk)
{
	g_autofree char *name = g_queue_pop_head(&walk->todo);

	if (!strcmp(name, "."))
		return 0;
	if (strcmp(name, "..") != 0)
		return walk_down(walk, name);
	walk_up(walk);
	return 0;
}

/* Open the last directory or file reached, by its name in the one above: it is no link. */
static int walk_finish(RootWalk *walk, int flags)
{
	g_autofree char *name = NULL;

	if (!walk->names->len)
		return openat(walk->root, ".", flags);
	name = g_strdup(g_ptr_array_index(walk->names, walk->names->len - 1));
	walk_up(walk);
	return openat(walk_top(walk), name, flags | O_NOFOLLOW);
}

static int walk_open(int root, const char *path, int flags)
{
	RootWalk walk = {.root = root};
	int failure = 0, fd = -1;

	walk.fds = g_array_new(FALSE, FALSE, sizeof(int));
	walk.names = g_ptr_array_new_with_free_func(g_free);
	walk_push(&walk, path);
	while (!failure && walk.todo.length)
		failure = walk_step(&walk);
	if (!failure) {
		fd = walk_finish(&walk, flags);
		failure = fd < 0 ? errno : 0;
	}
	while (walk.fds->len)
		walk_up(&walk);
	g_queue_clear_full(&walk.todo, g_free);
	g_array_unref(walk.fds);
	g_ptr_array_unref(walk.names);
	errno = failure;
	return fd;
}

int open_below(int root, const char *path, int flags, bool step)
{
	return step ? walk_open(root, path, flags) : openat2_call(root, path, flags);
}
