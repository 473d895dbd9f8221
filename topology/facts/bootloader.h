/* SPDX-License-Identifier: MIT */
/*
 * What the boot loader would boot next: Boot Loader Specification entries (RHEL, Fedora,
 * systemd-boot) with GRUB's saved variables, GRUB's own menu (Debian, Ubuntu, SUSE), what
 * Harvester's menu makes of its environment block, or what proxmox-boot-tool makes entries of.
 * Which of them is read is told by the line that runs, since loaders leave their marks on it; files
 * of other loaders prove nothing. Said only where it is not ambiguous: several entries that differ,
 * and none chosen, are none.
 */
#ifndef TOPOLOGY_FACTS_BOOTLOADER_H
#define TOPOLOGY_FACTS_BOOTLOADER_H

#include "topology/facts/grubenv.h"

typedef enum Loader {
	LOADER_UNKNOWN, /* the line was not read, or bears no mark: a UKI, firmware, another */
	LOADER_GRUB,
	LOADER_SYSLINUX,
	LOADER_PROXMOX, /* systemd-boot, whose entries proxmox-boot-tool writes */
	LOADER_ENTRIES, /* systemd-boot, or firmware: an EFI stub with its initrd= */
	LOADER_UKI,	/* whoever: the line is inside the kernel's image */
	LOADER_ZIPL,
	LOADER_COUNT
} Loader;

/* Which loader started the kernel of the line RUNNING (NULL = not read)? */
Loader loader_of_line(const char *running);

/* The same, with what firmware and files say where the line bears no mark. */
Loader loader_find(Root *root, const char *running);

/*
 * The kernel line that LOADER boots next, yours, and in *SOURCE the file it is from, yours; NULL =
 * not found. RUNNING and RELEASE (NULL = not known) are of the kernel that runs: a GRUB menu that
 * does not have it is not what booted it.
 */
char *bootloader_load(Root *root, Loader loader, const char *running, const char *release,
		      char **source);

/* "/boot/vmlinuz-6.1.0-28-amd64", "(hd0,gpt2)/ostree/…/vmlinuz-…" of BOOT_IMAGE= → the release;
 * NULL = it is not there. Yours. */
char *boot_image_release(const char *running);

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
#define BOOTLOADER_SOURCES                                                                         \
	"boot loader", "/boot/loader", "/boot/grub", "/boot/efi", "/etc/kernel/cmdline",           \
		"/boot/syslinux", "/boot/extlinux", HARVESTER_MENU, HARVESTER_ENV

#endif
