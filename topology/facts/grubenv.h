/* SPDX-License-Identifier: MIT */
/*
 * GRUB's variables, as far as they concern the kernel line: those of its environment block, and
 * those that Harvester's menu sets, whose lines are made of them.
 */
#ifndef TOPOLOGY_FACTS_GRUBENV_H
#define TOPOLOGY_FACTS_GRUBENV_H

#include "topology/root/root.h"

#include <glib.h>

/* Harvester's menu, its environment block, and the variable there that a site adds parameters by.
 */
#define HARVESTER_MENU "/etc/cos/bootargs.cfg"
#define HARVESTER_ENV "/oem/grubenv"
#define HARVESTER_ADDED "third_party_kernel_args"

/* Those of the environment block PATH; NULL = it is not there. */
GHashTable *grubenv_load(Root *root, const char *path);

/* Those that the commands `set` of TEXT set, the last time each. */
GHashTable *grub_sets_parse(const char *text);
/* The lines of TEXT that grub_sets_parse() reads; yours. */
char *grub_sets_keep(const char *text);

/* Add TEXT to LINE, a blank before it, its $variables taken out of VARIABLES (NULL = there are
 * none).
 */
void grub_variables_fill(GString *line, const char *text, GHashTable *variables);

#endif
