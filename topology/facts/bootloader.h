/* SPDX-License-Identifier: MIT */
/*
 * What the boot loader would boot next: Boot Loader Specification entries (RHEL, Fedora,
 * systemd-boot) with GRUB's saved variables, or GRUB's own menu (Debian, Ubuntu, SUSE). Said only
 * where it is not ambiguous: several entries that differ, and none chosen, are none.
 */
#ifndef TOPOLOGY_FACTS_BOOTLOADER_H
#define TOPOLOGY_FACTS_BOOTLOADER_H

#include "topology/root/root.h"

/* The kernel line, yours, and in *SOURCE the file it is from, yours; NULL = not found. */
char *bootloader_load(Root *root, char **source);

/*
 * The options of a BLS entry, several options lines in one, its $variables taken out of VARIABLES.
 * NULL where it has none.
 */
char *bls_parse(const char *text, GHashTable *variables);

/*
 * The line of the entry that grub.cfg TEXT boots, SAVED being saved_entry of its environment block
 * (NULL = not set). NULL where it cannot be told.
 */
char *grub_parse(const char *text, const char *saved);
/* The lines of grub.cfg that grub_parse() reads; others may hold passwords. */
char *grub_keep(const char *text);

/* How notes name all that is read here. */
#define BOOTLOADER_SOURCES "boot loader", "/boot/loader", "/boot/grub", "/boot/efi"

#endif
