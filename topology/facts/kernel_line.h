/* SPDX-License-Identifier: MIT */
/*
 * A kernel line without secrets. It may hold passwords, tokens and keys (iSCSI, credentials of
 * systemd, installers), and so may all copies of it: boot loader entries, the environment of init.
 * Only the values of known parameters are kept; of any other its name, with KERNEL_LEFT_OUT for its
 * value. This is done where the line is read, so that no report, inventory or snapshot holds more.
 *
 * To keep another parameter: its name in a table of kernel_line.c.
 */
#ifndef TOPOLOGY_FACTS_KERNEL_LINE_H
#define TOPOLOGY_FACTS_KERNEL_LINE_H

#include "topology/root/root.h"

#include <glib.h>
#include <stdbool.h>

#define KERNEL_LEFT_OUT "(left-out)"

/* What is kept, each ended by NULL: parameters that tune, by their names and by how these begin;
 * others that nobody hides; beginnings of names whose value is kept where it is a list of CPUs. */
extern const char *const kernel_tuning[], *const kernel_tuning_modules[];
extern const char *const kernel_plain[], *const kernel_list_names[];

/* The next word of *LINE, yours, and *LINE behind it; NULL = there is none. The kernel splits at
 * white space outside double quotes (lib/cmdline.c next_arg). */
char *kernel_line_word(const char **line);
/* Is WORD a piece of a CPU list that blanks have torn apart: "6-7" of "4-5, 6-7", "=" and "4-7" of
 * "isolcpus = 4-7"? */
bool kernel_word_is_piece(const char *word);

/* LINE with what is not known left out; once more, it stays the same. Yours. */
char *kernel_line_clean(const char *line);
/* One word of it, NAME or NAME=VALUE, likewise. */
char *kernel_word_clean(const char *word);
/* Does parameter NAME concern CPUs, timers, KVM or memory? */
bool kernel_word_tunes(const char *name);

/* That of the line in the file PATH, which is all that is recorded of it. NULL as root_text(). */
char *kernel_line_load(Root *root, const char *path);

#endif
