/* SPDX-License-Identifier: MIT */
/* The menu of syslinux and extlinux, which U-Boot reads too. */
#ifndef TOPOLOGY_FACTS_SYSLINUX_H
#define TOPOLOGY_FACTS_SYSLINUX_H

#include "topology/root/root.h"

/* Is there such a menu? */
bool syslinux_exists(Root *root);
/* The line of its default entry, yours, and in *SOURCE the file, yours; NULL = there is none. */
char *syslinux_load(Root *root, char **source);

/* The lines of a menu TEXT that decide on the line, yours, without secrets. */
char *syslinux_keep(const char *text);
/* APPEND of the entry that TEXT boots: of MENU DEFAULT, of DEFAULT, else the first. Words with
 * variables, which the firmware fills in, are left out. NULL = it has no entry. Yours. */
char *syslinux_parse(const char *text);

#endif
