/* SPDX-License-Identifier: MIT */
/* Kernel parameters as people and tools wrote them down: in files of which loaders' entries are
 * made, or would be if the right tool were run. */
#ifndef TOPOLOGY_FACTS_LINE_WRITTEN_H
#define TOPOLOGY_FACTS_LINE_WRITTEN_H

#include "topology/root/root.h"

typedef enum Written {
	WRITTEN_GRUB,	/* /etc/default/grub and the files of its folder */
	WRITTEN_KERNEL, /* /etc/kernel/cmdline */
	WRITTEN_TUNED,	/* /etc/tuned/bootcmdline */
	WRITTEN_ZIPL,	/* /etc/zipl.conf */
	WRITTEN_ALPINE, /* /etc/update-extlinux.conf */
	WRITTEN_OEM,	/* /oem/grubenv, of Harvester */
	WRITTEN_COUNT
} Written;

typedef struct LineWritten {
	char *words; /* NULL = no such file */
	char *file;
} LineWritten;

/* Fill WRITTEN, of WRITTEN_COUNT; clear it again. */
void written_load(Root *root, LineWritten *written);
void written_clear(LineWritten *written);

#endif
