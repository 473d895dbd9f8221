/* SPDX-License-Identifier: MIT */
/*
 * The root below which everything is read: this machine's "/", a directory somebody captured, or a
 * snapshot in memory. Captures come from others: nothing in them leads out (symbolic links are
 * followed as the captured machine would have), only regular files are opened, and no file, line or
 * directory is read without bound.
 *
 * What cannot be read is noted here once per source, however many files share it, and handed over
 * with root_unread(). A file that is not there is no note: whoever asks knows what that means.
 *
 * Paths are given as the machine itself has them: "/proc/cmdline". A `source` is how notes name
 * them: NULL for the path itself, "/proc/PID/stat" for one of many.
 */
#ifndef TOPOLOGY_ROOT_ROOT_H
#define TOPOLOGY_ROOT_ROOT_H

#include "topology/base/cpulist.h"
#include "topology/root/notes.h"
#include "topology/root/tree.h"

#include <stdint.h>

typedef struct Root Root;

/* Of files whose reader says nothing else. */
#define ROOT_TEXT_MAX (1u << 20)
/* Most names in a directory. */
#define ROOT_LIST_MAX 100000u

enum {
	/* As on kernels before 5.6: walk the path step by step. */
	ROOT_NO_OPENAT2 = 1 << 0,
	/* Refuse what holds no node, or files of /proc that are all empty; the one capture below it
	 * will do. */
	ROOT_NODE = 1 << 1,
};

/*
 * Open PATH: "/" is this machine, a directory a capture, a file a snapshot or the archive of a
 * capture (archive.h), which is read into memory. NULL with PLANNER_ERROR_INPUT or _SYSTEM.
 */
Root *root_open(const char *path, unsigned flags, GError **error);
/* A snapshot that is in memory already; the root owns TREE. */
Root *root_open_tree(Tree *tree);
/* The paths of the captures below the folder PATH, or PATH where it is one itself: of char *,
 * yours; empty where there is none, or no folder. */
GPtrArray *root_captures(const char *path);
void root_free(Root *root);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Root, root_free)

/* Is it a snapshot of ours, as a file or extracted? Then what is not there, the machine had not. */
bool root_is_snapshot(const Root *root);
/* Is it this machine? */
bool root_is_live(const Root *root);
/* The directory it is, NULL for a snapshot. */
const char *root_directory(const Root *root);

/*
 * From now on keep what is read, failures too, in a tree: a snapshot. root_recorded() is the
 * root's own; NULL where it does not record.
 */
void root_record(Root *root);
Tree *root_recorded(Root *root);
bool root_recording(const Root *root);
/* Do not record for a while what the recording gets in another form. */
void root_record_pause(Root *root, bool pause);
/* Put these bytes into the recording under PATH, in place of what was read. */
void root_record_bytes(Root *root, const char *path, const void *bytes, size_t length);
void root_record_text(Root *root, const char *path, const char *text);

/*
 * The bytes of PATH, yours, with a NUL after them; NULL with errno in *FAILURE: ENOENT not there,
 * EFBIG more than LIMIT, EINVAL not a regular file. Not recorded: for files of which only a part
 * may be kept, and not noted.
 */
char *root_read_private(Root *root, const char *path, size_t limit, size_t *length, int *failure);
/* The last LIMIT bytes of PATH, otherwise the same. */
char *root_read_tail(Root *root, const char *path, size_t limit, size_t *length, int *failure);
/* What root_read() does with a failure: note it under SOURCE and record it; but not of what is not
 * there. For those who read privately. */
void root_failed(Root *root, const char *path, const char *source, int failure);
/* The bytes of PATH; failures but ENOENT and tasks that vanished (ESRCH) are noted. */
char *root_read(Root *root, const char *path, const char *source, size_t limit, size_t *length);
/* Is what was read of PATH no text, or, in a capture, less than the kernel, its build or a boot
 * loader's tool wrote? That is noted: what is left must not count for the whole. */
bool root_note_damage(Root *root, const char *path, const char *source, const char *bytes,
		      size_t length);
/* As valid UTF-8 without white space at its ends. NULL as root_read(), and where it is damaged. */
char *root_text(Root *root, const char *path, const char *source);
/* What KEEP keeps of such a text, yours. That is all that is recorded of the file, so it ends its
 * lines, and KEEP keeps the same of it. NULL as root_text(). */
char *root_text_kept(Root *root, const char *path, char *(*keep)(const char *text));

/* A CPU list, or a mask in hexadecimal words; NULL where it cannot be read. A text that is neither
 * is noted. */
hwloc_bitmap_t root_cpulist(Root *root, const char *path, const char *source);
hwloc_bitmap_t root_cpumask(Root *root, const char *path);
/* A decimal number; false where there is none. */
bool root_number(Root *root, const char *path, const char *source, uint64_t *number);

/*
 * What the symbolic link PATH says, yours, without following it; NULL = none, or not to be read
 * (noted under SOURCE). A snapshot, which holds no links, has it as a text.
 */
char *root_link(Root *root, const char *path, const char *source);

/* The permission bits of the file PATH, 0 = not known. A recording keeps them of a file that it
 * has. */
unsigned root_mode(Root *root, const char *path);

/* Is there anything at PATH? In a capture a link that leads nowhere is something: what it stands
 * for was there, and reading it tells that it cannot be read. */
bool root_exists(Root *root, const char *path);
/* The names in the directory PATH, sorted, without hidden ones; empty when it cannot be read. */
char **root_list(Root *root, const char *path, const char *source);
/* The numbers N of the entries PREFIXN of PATH, ascending. Of unsigned. */
GArray *root_numbers(Root *root, const char *path, const char *prefix, const char *source);

/* Note that SOURCE could not be read: errno FAILURE, or in words. */
void root_note(Root *root, const char *source, int failure);
void root_note_text(Root *root, const char *source, const char *why);
/* Note what only this machine can tell and a snapshot could not find out again: it is recorded. */
void root_remark(Root *root, const char *source, const char *why);
/* Why SOURCE could not be read, NULL = no note says so; and take back what was noted of it, since
 * it is no trouble after all. */
const char *root_why(const Root *root, const char *source);
void root_forget(Root *root, const char *source);
/* Note that PATH is not there, if it is not; for files that every machine has. */
void root_note_missing(Root *root, const char *path);
/* What was noted, of Unread, by source; yours. */
GPtrArray *root_unread(const Root *root);

#endif
