/* SPDX-License-Identifier: MIT */
#include "topology/root/root.h"

#include "topology/base/error.h"
#include "topology/base/file.h"
#include "topology/root/archive.h"
#include "topology/root/root_open.h"
#include "topology/root/tar.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SNAPSHOT_MAX (512u << 20)

struct Root {
	int fd;		    /* -1: a snapshot */
	bool snapshot;	    /* of ours, as a file or extracted */
	bool live;	    /* this machine */
	bool step;	    /* no openat2 */
	char *directory;    /* as given */
	char *folder;	    /* of a capture, the one in `at`; NULL = none */
	int at;		    /* the folder that was read from last, open */
	Tree *tree;	    /* a snapshot's files; NULL = a directory */
	GHashTable *failed; /* a snapshot's: path → errno that the machine gave */
	bool paused;	    /* not recording just now */
	Tree *recorded;	    /* NULL = not recording */
	GString *record_failures, *record_remarks; /* the texts of ROOT_FAILURES, ROOT_REMARKS */
	Notes *notes;
};

static Root *root_new(void)
{
	Root *root = g_new0(Root, 1);

	root->fd = -1;
	root->at = -1;
	root->failed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	root->notes = notes_new();
	root->record_failures = g_string_new(NULL);
	root->record_remarks = g_string_new(NULL);
	return root;
}

static void folder_close(Root *root)
{
	if (root->at >= 0)
		close(root->at);
	root->at = -1;
	g_clear_pointer(&root->folder, g_free);
}

void root_free(Root *root)
{
	if (!root)
		return;
	folder_close(root);
	if (root->fd >= 0)
		close(root->fd);
	g_free(root->directory);
	tree_free(root->tree);
	tree_free(root->recorded);
	g_hash_table_unref(root->failed);
	notes_free(root->notes);
	g_string_free(root->record_failures, TRUE);
	g_string_free(root->record_remarks, TRUE);
	g_free(root);
}

/* Opening */

static const char *root_relative(const char *path)
{
	return path + strspn(path, "/");
}

/* What a snapshot was made with: failures, lines "errno path", and remarks, "source\twhy". */
static char **lines_load(Root *root, const char *path)
{
	size_t length;
	int failure;
	g_autofree char *text = root_read_private(root, path, SNAPSHOT_MAX, &length, &failure);

	return g_strsplit(text ? text : "", "\n", -1);
}

static void snapshot_begin(Root *root)
{
	g_auto(GStrv) failures = lines_load(root, ROOT_FAILURES);
	g_auto(GStrv) remarks = lines_load(root, ROOT_REMARKS);

	root->snapshot = root_exists(root, ROOT_FORMAT);
	for (unsigned i = 0; failures[i]; i++) {
		char *path;
		guint64 number = g_ascii_strtoull(failures[i], &path, 10);

		if (*path == ' ' && number > 0 && number < 4096)
			g_hash_table_insert(root->failed, g_strdup(path + 1),
					    GINT_TO_POINTER((int)number));
	}
	for (unsigned i = 0; remarks[i]; i++) {
		char *why = strchr(remarks[i], '\t');

		if (!why)
			continue;
		*why++ = '\0';
		root_note_text(root, remarks[i], why);
	}
}

Root *root_open_tree(Tree *tree)
{
	Root *root = root_new();

	root->tree = tree;
	snapshot_begin(root);
	return root;
}

static const char *failure_text(int failure)
{
	switch (failure) {
	case EACCES:
		return "Permission denied; run as root";
	case EPERM:
		return "Permission denied, even as root";
	case EFBIG:
		return "is too large";
	case EINVAL:
		return "is not a regular file";
	case ELOOP:
	case EXDEV:
		return "its symbolic links point nowhere";
	default:
		return g_strerror(failure);
	}
}

static Root *open_failed(GError **error, const char *path, const char *why)
{
	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_SYSTEM, "%s: %s", path, why);
	return NULL;
}

static int open_at(const Root *root, const char *path, int flags)
{
	path = *root_relative(path) ? root_relative(path) : ".";
	if (root->live) /* nothing is outside */
		return openat(root->fd, path, flags | O_CLOEXEC);
	return open_below(root->fd, path, flags | O_CLOEXEC, root->step);
}

/* The folder of PATH in a capture, ROOT's own, and the NAME in it; -1 with errno. What is read lies
 * side by side: the folder stays open until another is asked for. */
static int folder_open(Root *root, const char *path, const char **name)
{
	const char *relative = root_relative(path), *slash = strrchr(relative, '/');
	g_autofree char *folder = g_strndup(relative, slash ? (gsize)(slash - relative) : 0);

	*name = slash ? slash + 1 : relative;
	if (root->folder && g_str_equal(root->folder, folder))
		return root->at;
	folder_close(root);
	root->at = open_at(root, folder, O_PATH | O_DIRECTORY);
	if (root->at >= 0)
		root->folder = g_steal_pointer(&folder);
	return root->at;
}

/* What the link PATH says: its length, -1 with errno. */
static ssize_t link_text(Root *root, const char *path, char *target, size_t size)
{
	const char *name = root_relative(path);
	int folder = root->live ? root->fd : folder_open(root, path, &name);

	return folder < 0 ? -1 : readlinkat(folder, name, target, size);
}

typedef enum LinkKind { LINK_NONE, LINK_MASK, LINK_OTHER } LinkKind;

/* What kind of link is PATH? To /dev/null they are put on purpose: as if nothing were there. */
static LinkKind link_kind(Root *root, const char *path)
{
	char target[sizeof("/dev/null")];
	ssize_t length = link_text(root, path, target, sizeof(target));

	if (length <= 0)
		return LINK_NONE;
	return length == strlen("/dev/null") && !memcmp(target, "/dev/null", length) ? LINK_MASK
										     : LINK_OTHER;
}

static bool root_is_link(Root *root, const char *path)
{
	return root->tree ? tree_link(root->tree, root_relative(path)) != NULL
			  : link_kind(root, path) != LINK_NONE;
}

/* Of PATH that is not there: is it a link, or the first of the folders above it that is not? */
static LinkKind link_kind_above(Root *root, const char *path)
{
	g_autofree char *at = g_strdup(root_relative(path));
	const char *name;
	char *slash;

	while (folder_open(root, at, &name) < 0 && errno == ENOENT && (slash = strrchr(at, '/')))
		*slash = '\0';
	return link_kind(root, at);
}

/* FAILURE to open PATH, as it is meant: what a link that leads nowhere in a capture stands for
 * cannot be read, and what is masked is not there. */
static int link_failure(Root *root, const char *path, int failure)
{
	if (failure == ENOENT && !root->live && link_kind_above(root, path) == LINK_OTHER)
		return ELOOP;
	if (failure == EINVAL && link_kind(root, path) == LINK_MASK)
		return ENOENT;
	return failure;
}

/* Is there something at PATH? Where not, FAILURE says whether a link has lost it. */
static bool root_holds(Root *root, const char *path, int *failure)
{
	g_autofree char *at = root->tree ? tree_resolve(root->tree, root_relative(path)) : NULL;
	int fd = root->tree ? -1 : open_at(root, path, O_PATH);
	bool held = root->tree
			    ? at && (tree_file(root->tree, at) || tree_is_directory(root->tree, at))
			    : fd >= 0;

	*failure = held ? 0 : root->tree ? at ? ENOENT : ELOOP : link_failure(root, path, errno);
	if (fd >= 0)
		close(fd);
	return held;
}

/* Is what a node has in FOLDER ("" = the top)? */
static bool is_node(Root *root, const char *folder)
{
	static const char *const names[] = {"proc", "sys", "sos_commands", ROOT_FORMAT};
	bool found = false;
	int failure;

	for (unsigned i = 0; i < G_N_ELEMENTS(names) && !found; i++) {
		g_autofree char *path = g_strconcat(folder, "/", names[i], NULL);

		found = root_holds(root, path, &failure);
	}
	return found;
}

#define CAPTURE_DEEPEST 6 /* must-gather/IMAGE/nodes/NODE/sysinfo.tgz, and a folder more */
#define CAPTURES_MAX 64
#define ENTERED_MAX 3 /* a directory, archives, one in another */

/* Captures below FOLDER, MOST of them: directories that have what a node has, and archives. Through
 * links nothing is looked for: it is found where it is. Of char *. */
static void captures_find(Root *root, const char *folder, unsigned depth, unsigned most,
			  GPtrArray *found)
{
	g_auto(GStrv) names = root_list(root, folder, NULL);

	for (unsigned i = 0; names[i] && found->len < most; i++) {
		g_autofree char *path =
			*folder ? g_strconcat(folder, "/", names[i], NULL) : g_strdup(names[i]);
		bool linked = root_is_link(root, path);

		if (archive_named(path) || (!linked && is_node(root, path)))
			g_ptr_array_add(found, g_steal_pointer(&path));
		else if (depth < CAPTURE_DEEPEST && !linked)
			captures_find(root, path, depth + 1, most, found);
	}
}

/* A snapshot is a plain tar and holds nothing but what planner wrote; others are as they come. */
static Tree *archive_tree(const char *bytes, size_t length, GError **error)
{
	bool plain = length > 262 && !memcmp(bytes + 257, "ustar", 5);
	g_autoptr(GError) strict = NULL;
	Tree *tree = plain ? tar_parse(bytes, length, &strict) : NULL;

	if (tree)
		return tree;
	tree = archive_parse(bytes, length, error);
	if (tree && plain && tree_file(tree, ROOT_FORMAT)) {
		g_clear_pointer(&tree, tree_free);
		g_propagate_error(error, g_steal_pointer(&strict));
	}
	return tree;
}

/* What the archive PATH of ROOT holds. */
static Tree *archive_below(Root *root, const char *path, GError **error)
{
	size_t length;
	int failure;
	g_autofree char *bytes = root_read_private(root, path, SNAPSHOT_MAX, &length, &failure);
	Tree *tree = bytes ? archive_tree(bytes, length, error) : NULL;

	if (!bytes)
		open_failed(error, path, failure_text(failure));
	else if (!tree)
		g_prefix_error(error, "%s: ", path);
	return tree;
}

/* ROOT is what is at PATH of it now. False with an ERROR that begins with PATH. */
static bool root_enter(Root *root, const char *path, GError **error)
{
	Tree *tree = NULL;
	char *directory;
	int fd = -1;

	if (archive_named(path)) {
		tree = archive_below(root, path, error);
	} else if (root->tree) {
		tree = tree_below(root->tree, path);
	} else {
		fd = open_below(root->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, root->step);
		if (fd < 0)
			open_failed(error, path, g_strerror(errno));
	}
	if (!tree && fd < 0)
		return false;
	folder_close(root);
	if (root->fd >= 0)
		close(root->fd);
	directory = fd < 0 ? NULL : g_build_filename(root->directory, path, NULL);
	g_free(root->directory);
	root->directory = directory;
	root->fd = fd;
	tree_free(root->tree);
	root->tree = tree;
	return true;
}

/* ROOT, opened as SHOWN, is no node: go down into the only one below it. False with ERROR where
 * there is none, or several. */
static bool root_descend(Root *root, const char *shown, GError **error)
{
	for (unsigned entered = 0; !is_node(root, ""); entered++) {
		g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
		g_autofree char *names = NULL;

		captures_find(root, "", 1, CAPTURES_MAX, found);
		g_ptr_array_add(found, NULL);
		names = g_strjoinv(", ", (char **)found->pdata);
		if (found->len > 2) {
			g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
				    "%s: holds several captures; name one of them, or check all "
				    "with 'planner check FOLDER': %s",
				    shown, names);
			return false;
		}
		if (found->len < 2 || entered == ENTERED_MAX) {
			g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
				    "%s: not a capture of a node: it has neither proc nor sys",
				    shown);
			return false;
		}
		if (!root_enter(root, names, error)) {
			g_prefix_error(error, "%s: ", shown);
			return false;
		}
	}
	return true;
}

/*
 * Did whatever copied ROOT go by sizes, as tar does? Those of /proc are 0. Of these the kernel
 * leaves none empty, and one of them may have been damaged in another way.
 */
static bool is_hollow(Root *root)
{
	/* The small ones first: the first that holds something settles it. */
	static const char *const names[] = {"/proc/meminfo", "/proc/version", "/proc/cpuinfo",
					    "/proc/stat", "/proc/interrupts"};
	unsigned empty = 0;

	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
		size_t length;
		int failure;
		g_autofree char *text =
			root_read_private(root, names[i], SNAPSHOT_MAX, &length, &failure);

		if (text && length)
			return false;
		empty += text != NULL;
	}
	return empty > 1;
}

/* ROOT, opened as SHOWN; freed, with ERROR, where it holds nothing of /proc. */
static Root *root_accept(Root *root, const char *shown, unsigned flags, GError **error)
{
	if (!(flags & ROOT_NODE) || root->live || !is_hollow(root))
		return root;
	g_set_error(
		error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
		"%s: its files of /proc are empty: tar and rsync go by sizes, and those of /proc "
		"are 0; capture the node with `planner snapshot`, or without planner with the "
		"script that `planner snapshot --script` prints",
		shown);
	root_free(root);
	return NULL;
}

static Root *open_snapshot(const char *path, unsigned flags, GError **error)
{
	size_t length;
	g_autofree char *bytes = file_read(path, FILE_REGULAR, SNAPSHOT_MAX, &length, error);
	g_autoptr(Root) root = root_new();

	root->tree = bytes ? archive_tree(bytes, length, error) : NULL;
	if (!root->tree) {
		g_prefix_error(error, "%s: ", path);
		return NULL;
	}
	if (!is_node(root, "") && !root_descend(root, path, flags & ROOT_NODE ? error : NULL) &&
	    flags & ROOT_NODE)
		return NULL;
	snapshot_begin(root);
	return root_accept(g_steal_pointer(&root), path, flags, error);
}

static Root *open_directory(int fd, const char *path, unsigned flags, GError **error)
{
	g_autoptr(Root) root = root_new();
	g_autofree char *whole = g_canonicalize_filename(path, NULL);

	root->fd = fd;
	root->directory = g_strdup(path);
	root->live = g_str_equal(whole, "/");
	root->step = (flags & ROOT_NO_OPENAT2) || !openat2_works(fd);
	if (flags & ROOT_NODE && !root->live && !is_node(root, "") &&
	    !root_descend(root, path, error))
		return NULL;
	if (!root->live)
		snapshot_begin(root);
	return root_accept(g_steal_pointer(&root), path, flags, error);
}

Root *root_open(const char *path, unsigned flags, GError **error)
{
	struct stat status;
	int fd = -1;

	if (stat(path, &status) == 0 && S_ISREG(status.st_mode))
		return open_snapshot(path, flags, error);
	if (stat(path, &status) == 0 && !S_ISDIR(status.st_mode))
		return open_failed(
			error, path,
			"is neither a directory nor a snapshot that `planner snapshot` wrote");
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? open_failed(error, path, g_strerror(errno))
		      : open_directory(fd, path, flags, error);
}

bool root_is_snapshot(const Root *root)
{
	return root->snapshot;
}

bool root_is_live(const Root *root)
{
	return root->live;
}

const char *root_directory(const Root *root)
{
	return root->directory;
}

#define FILE_FLAGS (O_RDONLY | O_NONBLOCK | O_NOCTTY)

/* What PATH leads to, through links or not: a file that is safe to open? */
static int open_led(const Root *root, const char *path, struct stat *status, int *failure)
{
	int look = open_at(root, path, O_PATH);

	*failure = look < 0 ? errno : fstat(look, status) < 0 ? errno : 0;
	if (look >= 0)
		close(look);
	if (!*failure && !S_ISREG(status->st_mode))
		*failure = EINVAL;
	return *failure ? -1 : open_at(root, path, FILE_FLAGS);
}

/* In a capture: looked at first, since to open a device may already do something. Most files are
 * no links, and are looked at and opened by their name in their folder, which is in the root. */
static int open_captured(Root *root, const char *path, struct stat *status, int *failure)
{
	const char *name;
	int folder = folder_open(root, path, &name);
	bool plain = *name && !g_str_equal(name, ".") && !g_str_equal(name, "..");

	*failure = folder < 0 ? errno : 0;
	if (!*failure && plain && fstatat(folder, name, status, AT_SYMLINK_NOFOLLOW) < 0)
		*failure = errno;
	if (!*failure && (!plain || S_ISLNK(status->st_mode)))
		return open_led(root, path, status, failure);
	if (!*failure && !S_ISREG(status->st_mode))
		*failure = EINVAL;
	return *failure ? -1 : openat(folder, name, FILE_FLAGS | O_NOFOLLOW | O_CLOEXEC);
}

/* The file PATH, open, and its SIZE as the file system has it: 0 or too much where the kernel makes
 * up what is read. -1 with errno in *FAILURE. */
static int open_file(Root *root, const char *path, size_t *size, int *failure)
{
	struct stat status;
	int fd;

	*failure = 0;
	fd = root->live ? open_at(root, path, FILE_FLAGS)
			: open_captured(root, path, &status, failure);
	if (fd < 0) {
		*failure = link_failure(root, path, *failure ? *failure : errno);
		return -1;
	}
	if (root->live && fstat(fd, &status) < 0)
		*failure = errno;
	else if (root->live && !S_ISREG(status.st_mode))
		*failure = EINVAL;
	if (*failure)
		close(fd);
	*size = (size_t)status.st_size;
	*failure = link_failure(root, path, *failure);
	return *failure ? -1 : fd;
}

/* Recording */

void root_record(Root *root)
{
	g_auto(GStrv) remarks = NULL;

	if (root->recorded)
		return;
	root->recorded = tree_new();
	remarks = root->snapshot ? lines_load(root, ROOT_REMARKS) : NULL;
	for (unsigned i = 0; remarks && remarks[i] && *remarks[i]; i++)
		g_string_append_printf(root->record_remarks, "%s\n", remarks[i]);
}

void root_record_pause(Root *root, bool pause)
{
	root->paused = pause;
}

bool root_recording(const Root *root)
{
	return root->recorded && !root->paused;
}

Tree *root_recorded(Root *root)
{
	if (root->recorded && root->record_failures->len)
		tree_add_file(root->recorded, ROOT_FAILURES, root->record_failures->str,
			      root->record_failures->len);
	if (root->recorded && root->record_remarks->len)
		tree_add_file(root->recorded, ROOT_REMARKS, root->record_remarks->str,
			      root->record_remarks->len);
	return root->recorded;
}

void root_record_bytes(Root *root, const char *path, const void *bytes, size_t length)
{
	if (root_recording(root))
		tree_add_file(root->recorded, root_relative(path), bytes, length);
}

void root_record_text(Root *root, const char *path, const char *text)
{
	root_record_bytes(root, path, text, strlen(text));
}

static void record_failure(Root *root, const char *path, int failure)
{
	if (root_recording(root) && !strchr(path, '\n'))
		g_string_append_printf(root->record_failures, "%d %s\n", failure,
				       root_relative(path));
}

/* Reading */

static char *root_tree_read(const Root *root, const char *path, size_t limit, size_t *length,
			    int *failure)
{
	g_autofree char *at = tree_resolve(root->tree, root_relative(path));
	GBytes *bytes = at ? tree_file(root->tree, at) : NULL;
	const char *data;
	char *copy;

	*failure = 0;
	if (!bytes)
		*failure = !at ? ELOOP : tree_is_directory(root->tree, at) ? EINVAL : ENOENT;
	else if (g_bytes_get_size(bytes) > limit)
		*failure = EFBIG;
	if (*failure)
		return NULL;
	data = g_bytes_get_data(bytes, length);
	copy = g_malloc(*length + 1);
	if (*length)
		memcpy(copy, data, *length);
	copy[*length] = '\0';
	return copy;
}

/* In a snapshot, what the machine refused is not there. */
static int failure_of(const Root *root, const char *path, int failure)
{
	gpointer known;

	if (failure == ENOENT &&
	    g_hash_table_lookup_extended(root->failed, root_relative(path), NULL, &known))
		return GPOINTER_TO_INT(known);
	return failure;
}

static char *root_link_read(Root *root, const char *path, int *failure)
{
	char target[4096];
	ssize_t length = link_text(root, path, target, sizeof(target));

	*failure = length < 0 ? link_failure(root, path, errno) : 0;
	return length < 0 ? NULL : g_strndup(target, (gsize)length);
}

static char *root_tree_link(const Root *root, const char *path, int *failure)
{
	const char *target = tree_link(root->tree, root_relative(path));

	*failure = target ? 0 : EINVAL;
	return g_strdup(target);
}

char *root_link(Root *root, const char *path, const char *source)
{
	int failure;
	g_autofree char *target = root->tree ? root_tree_link(root, path, &failure)
					     : root_link_read(root, path, &failure);

	if (failure == EINVAL && !root->live)
		return root_text(root, path, source);
	failure = failure_of(root, path, failure);
	if (failure)
		root_failed(root, path, source, failure);
	if (!target)
		return NULL;
	if (root_recording(root)) {
		g_autofree char *line = g_strconcat(target, "\n", NULL);

		root_record_text(root, path, line);
	}
	return g_utf8_make_valid(target, -1);
}

char *root_read_private(Root *root, const char *path, size_t limit, size_t *length, int *failure)
{
	char *text = NULL;
	size_t size;
	int fd = -1;

	*failure = 0;
	if (root->tree) {
		text = root_tree_read(root, path, limit, length, failure);
	} else {
		fd = open_file(root, path, &size, failure);
		text = fd < 0 ? NULL : fd_read(fd, size, limit, length, failure);
		if (fd >= 0)
			close(fd);
	}
	*failure = failure_of(root, path, *failure);
	return text;
}

char *root_read_tail(Root *root, const char *path, size_t limit, size_t *length, int *failure)
{
	size_t size;
	char *text;
	int fd;

	if (root->tree)
		return root_read_private(root, path, limit, length, failure);
	fd = open_file(root, path, &size, failure);
	*failure = failure_of(root, path, *failure);
	if (fd < 0)
		return NULL;
	if (size > limit / 2)
		lseek(fd, (off_t)(size - limit / 2), SEEK_SET);
	/* Half: it may grow meanwhile. */
	text = fd_read(fd, MIN(size, limit / 2), limit, length, failure);
	close(fd);
	return text;
}

/* Nobody's trouble: a file that this kernel or capture does not have, a task that ended. */
static bool is_absence(int failure)
{
	return failure == ENOENT || failure == ENOTDIR || failure == ESRCH || failure == ENODEV;
}

/* Denied, it is to a user (EACCES), who may become root, or to root (EPERM). */
static int root_denial(const Root *root, int failure)
{
	if (root->tree || root->snapshot || (failure != EACCES && failure != EPERM))
		return failure;
	return geteuid() == 0 ? EPERM : EACCES;
}

void root_failed(Root *root, const char *path, const char *source, int failure)
{
	if (is_absence(failure))
		return;
	failure = root_denial(root, failure);
	root_note(root, source ? source : path, failure);
	record_failure(root, path, failure);
}

char *root_read(Root *root, const char *path, const char *source, size_t limit, size_t *length)
{
	int failure = 0;
	char *bytes = root_read_private(root, path, limit, length, &failure);

	if (!bytes)
		root_failed(root, path, source, failure);
	else if (root_recording(root))
		tree_add_file(root->recorded, root_relative(path), bytes, *length);
	return bytes;
}

/* Files of the kernel, of its build, and of the boot loader's tools: they end their last line and
 * leave no file empty. What administrators write need not. */
static bool is_written(const char *path)
{
	static const char *const folders[] = {"/proc/", "/sys/",	 "/boot/",
					      "/efi/",	"/lib/modules/", "/usr/lib/modules/"};

	for (unsigned i = 0; i < G_N_ELEMENTS(folders); i++)
		if (g_str_has_prefix(path, folders[i]))
			return true;
	return false;
}

static const char *damage_of(const Root *root, const char *path, const char *bytes, size_t length)
{
	if (memchr(bytes, '\0', length))
		return "is damaged: it is not text";
	if (root->live || !is_written(path))
		return NULL;
	return !length			   ? "is empty"
	       : bytes[length - 1] != '\n' ? "was cut: its last line is incomplete"
					   : NULL;
}

bool root_note_damage(Root *root, const char *path, const char *source, const char *bytes,
		      size_t length)
{
	const char *damage = damage_of(root, path, bytes, length);

	if (damage)
		root_note_text(root, source ? source : path, damage);
	return damage;
}

char *root_text(Root *root, const char *path, const char *source)
{
	size_t length;
	g_autofree char *bytes = root_read(root, path, source, ROOT_TEXT_MAX, &length);

	if (!bytes || root_note_damage(root, path, source, bytes, length))
		return NULL;
	return g_utf8_make_valid(g_strstrip(bytes), -1);
}

char *root_text_kept(Root *root, const char *path, char *(*keep)(const char *text))
{
	size_t length;
	int failure;
	g_autofree char *bytes = root_read_private(root, path, ROOT_TEXT_MAX, &length, &failure);
	const char *damage = bytes ? damage_of(root, path, bytes, length) : NULL;
	g_autofree char *text = NULL;
	char *kept;

	if (!bytes)
		root_failed(root, path, NULL, failure);
	if (damage) /* nothing of the file is in the recording */
		root_remark(root, path, damage);
	if (!bytes || damage)
		return NULL;
	text = g_utf8_make_valid(g_strstrip(bytes), -1);
	kept = keep(text);
	root_record_text(root, path, *kept ? kept : "\n"); /* an empty file would be damaged */
	return kept;
}

static hwloc_bitmap_t root_set_read(Root *root, const char *path, const char *source,
				    hwloc_bitmap_t (*parse)(const char *text), const char *what)
{
	g_autofree char *text = root_text(root, path, source);
	hwloc_bitmap_t set = text ? parse(text) : NULL;

	if (text && !set)
		root_note_text(root, source ? source : path, what);
	return set;
}

static hwloc_bitmap_t root_list_parse(const char *text)
{
	return cpulist_parse(text, NULL);
}

hwloc_bitmap_t root_cpulist(Root *root, const char *path, const char *source)
{
	return root_set_read(root, path, source, root_list_parse, "does not hold a CPU list");
}

hwloc_bitmap_t root_cpumask(Root *root, const char *path)
{
	return root_set_read(root, path, NULL, cpumask_parse, "does not hold a CPU mask");
}

bool root_number(Root *root, const char *path, const char *source, uint64_t *number)
{
	g_autofree char *text = root_text(root, path, source);
	guint64 value;

	if (!text)
		return false;
	if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT64, &value, NULL)) {
		root_note_text(root, source ? source : path, "does not hold a number");
		return false;
	}
	*number = value;
	return true;
}

/* Looking */

unsigned root_mode(Root *root, const char *path)
{
	struct stat status = {0};
	g_autofree char *at = root->tree ? tree_resolve(root->tree, root_relative(path)) : NULL;
	unsigned mode = at ? tree_mode(root->tree, at) : 0;
	int fd = root->tree ? -1 : open_at(root, path, O_PATH);

	if (fd >= 0) {
		mode = fstat(fd, &status) == 0 ? status.st_mode & 0777 : 0;
		close(fd);
	}
	if (mode && root_recording(root))
		tree_set_mode(root->recorded, root_relative(path), mode);
	return mode;
}

bool root_exists(Root *root, const char *path)
{
	int failure;

	return root_holds(root, path, &failure) || failure == ELOOP;
}

static int root_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int names_read(int fd, GPtrArray *names)
{
	DIR *directory = fdopendir(fd);
	struct dirent *entry;
	int failure = errno;

	if (!directory) {
		close(fd);
		return failure;
	}
	while (names->len <= ROOT_LIST_MAX && (errno = 0, entry = readdir(directory)))
		if (entry->d_name[0] != '.')
			g_ptr_array_add(names, g_strdup(entry->d_name));
	failure = names->len > ROOT_LIST_MAX ? EFBIG : errno;
	closedir(directory);
	return failure;
}

static char **directory_list(Root *root, const char *path, int *failure)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	int fd = open_at(root, path, O_RDONLY | O_DIRECTORY | O_NONBLOCK);

	*failure = fd < 0 ? link_failure(root, path, errno) : names_read(fd, names);
	g_ptr_array_sort(names, root_compare);
	g_ptr_array_set_size(names, (int)MIN(names->len, ROOT_LIST_MAX));
	g_ptr_array_set_free_func(names, NULL);
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(names, FALSE);
}

static char **root_names_of(Root *root, const char *path, int *failure)
{
	g_autofree char *at = root->tree ? tree_resolve(root->tree, root_relative(path)) : NULL;
	char **names;

	if (!root->tree)
		return directory_list(root, path, failure);
	names = at ? tree_list(root->tree, at) : NULL;
	*failure = !at ? ELOOP : names ? 0 : ENOENT;
	return names ? names : g_new0(char *, 1);
}

char **root_list(Root *root, const char *path, const char *source)
{
	int failure;
	char **names = root_names_of(root, path, &failure);

	failure = failure_of(root, path, failure);
	if (failure)
		root_failed(root, path, source, failure);
	else if (root_recording(root))
		tree_add_directory(root->recorded, root_relative(path));
	return names;
}

static int compare_numbers(const void *a, const void *b)
{
	unsigned one = *(const unsigned *)a, other = *(const unsigned *)b;

	return one < other ? -1 : one > other;
}

GArray *root_numbers(Root *root, const char *path, const char *prefix, const char *source)
{
	g_auto(GStrv) names = root_list(root, path, source);
	GArray *numbers = g_array_new(FALSE, FALSE, sizeof(unsigned));

	for (unsigned i = 0; names[i]; i++) {
		guint64 value;
		unsigned number;

		if (!g_str_has_prefix(names[i], prefix) ||
		    !g_ascii_string_to_unsigned(names[i] + strlen(prefix), 10, 0, G_MAXINT, &value,
						NULL))
			continue;
		number = (unsigned)value;
		g_array_append_val(numbers, number);
	}
	g_array_sort(numbers, compare_numbers);
	return numbers;
}

/* Notes */

void root_note_text(Root *root, const char *source, const char *why)
{
	notes_add(root->notes, source, why);
}

void root_note(Root *root, const char *source, int failure)
{
	root_note_text(root, source, failure_text(failure));
}

void root_remark(Root *root, const char *source, const char *why)
{
	root_note_text(root, source, why);
	if (root_recording(root) && !strpbrk(source, "\t\n") && !strchr(why, '\n'))
		g_string_append_printf(root->record_remarks, "%s\t%s\n", source, why);
}

const char *root_why(const Root *root, const char *source)
{
	return notes_why(root->notes, source);
}

void root_forget(Root *root, const char *source)
{
	notes_forget(root->notes, source);
}

void root_note_missing(Root *root, const char *path)
{
	if (!root->snapshot && !root_exists(root, path)) /* a snapshot's remarks say so */
		root_remark(root, path,
			    root->live ? "this kernel has no such file" : "is not there");
}

GPtrArray *root_unread(const Root *root)
{
	return notes_unread(root->notes);
}

GPtrArray *root_captures(const char *path)
{
	GPtrArray *found = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Root) root =
		g_file_test(path, G_FILE_TEST_IS_DIR) ? root_open(path, 0, NULL) : NULL;

	if (root && (root->live || is_node(root, ""))) {
		g_ptr_array_add(found, g_strdup(path));
		return found;
	}
	if (root)
		captures_find(root, "", 1, G_MAXUINT, found);
	for (unsigned i = 0; i < found->len; i++) {
		g_autofree char *name = g_ptr_array_index(found, i);

		found->pdata[i] = g_build_filename(path, name, NULL);
	}
	return found;
}
