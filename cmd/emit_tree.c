/* SPDX-License-Identifier: MIT */
#include "cmd/emit_tree.h"
#include "cmd/inputs.h"
#include "planner/artifacts/artifact.h"
#include "topology/base/error.h"
#include "topology/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

char *tree_path(const char *top, const char *path)
{
	size_t length = strlen(top);

	while (length && top[length - 1] == '/' && *path)
		length--;
	return g_strdup_printf("%.*s%s", (int)length, top, path);
}

/* What on the way from TOP to PATH's file is no folder, yours; and whether it is a symbolic link.
 */
static char *emit_tree_obstacle(const char *top, const char *path, bool *is_link)
{
	for (const char *end = path; end; end = strchr(end + 1, '/')) {
		g_autofree char *part = g_strndup(path, (gsize)(end - path));
		g_autofree char *way = tree_path(top, part);
		struct stat status;

		if (end == path || lstat(way, &status) < 0 || S_ISDIR(status.st_mode))
			continue;
		*is_link = S_ISLNK(status.st_mode);
		return g_steal_pointer(&way);
	}
	*is_link = true; /* PATH's file itself */
	return tree_path(top, path);
}

bool emit_tree_failed(GError **error, const char *top, const char *path)
{
	bool blocked = *path && (errno == ELOOP || errno == ENOTDIR), is_link = false;
	int code = errno;
	g_autofree char *name =
		blocked ? emit_tree_obstacle(top, path, &is_link) : tree_path(top, path);
	const char *why = !blocked  ? g_strerror(code)
			  : is_link ? "is a symbolic link, which is not followed because it may "
				      "lead out of the tree: leave out the artifact (--all --skip "
				      "NAME,...) and write it by hand (emit NAME >FILE)"
				    : "is not a directory";

	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_SYSTEM, "%s: %s", name, why);
	return false;
}

/* Open the folder NAME in AT, made where it is missing and MAKE says so; AT is closed. */
static int emit_tree_step(int at, const char *name, bool make)
{
	int fd = openat(at, name, FOLDER_FLAGS), code;

	if (fd < 0 && errno == ENOENT && make && (mkdirat(at, name, 0755) == 0 || errno == EEXIST))
		fd = openat(at, name, FOLDER_FLAGS);
	code = errno;
	close(at);
	errno = code;
	return fd;
}

int emit_tree_folder(const char *top, const char *path, bool make, const char **name)
{
	g_auto(GStrv) parts = g_strsplit(path, "/", -1);
	int fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	unsigned n = g_strv_length(parts);

	for (unsigned i = 0; fd >= 0 && i + 1 < n; i++) {
		if (!*parts[i])
			continue;
		if (!strcmp(parts[i], "..") || !strcmp(parts[i], ".")) {
			close(fd);
			errno = EINVAL;
			return -1;
		}
		fd = emit_tree_step(fd, parts[i], make);
	}
	*name = strrchr(path, '/') + 1;
	return fd;
}

char *emit_tree_read(const char *root, const char *path, bool *missing, GError **error)
{
	const char *name;
	int folder = emit_tree_folder(root, path, false, &name), fd = -1;
	size_t length;
	char *text;

	if (folder >= 0) {
		fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
		close(folder);
	}
	*missing = fd < 0 && errno == ENOENT;
	if (*missing)
		return g_strdup("");
	if (fd < 0) {
		emit_tree_failed(error, root, path);
		return NULL;
	}
	text = file_read_regular(fd, INPUT_MAX, &length, error);
	close(fd);
	if (!text)
		g_prefix_error(error, "%s%s: ", root, path);
	return text;
}
