/* SPDX-License-Identifier: MIT */
/*
 * What a QEMU was told about CPUs and memory, by its own command line: for VMs that have no XML.
 * -smp and the vCPUs of -device, -m and what is plugged in, -cpu, the backends of -object in both
 * of their forms, -numa, -mem-path, -overcommit.
 */
#ifndef TOPOLOGY_GUESTS_QEMU_SETTINGS_H
#define TOPOLOGY_GUESTS_QEMU_SETTINGS_H

#include "topology/base/cpulist.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct QemuSettings {
	unsigned vcpus, vcpus_max; /* 0 = not said */
	/* As QEMU fills in what is not said; 0 = not said at all. */
	unsigned sockets, dies, clusters, cores, threads;
	uint64_t memory, page; /* bytes; 0 = not said */
	bool hugepages, locked;
	const char *cpu_mode; /* as libvirt calls it; NULL = not said */
	unsigned cells;	      /* -numa node: NUMA cells that the guest has */
	hwloc_bitmap_t nodes; /* NUMA nodes that all of its memory is bound to; NULL = none said */
} QemuSettings;

/* ARGV (NULL = not read), as Guest.argv. */
QemuSettings qemu_settings_parse(char **argv);
void qemu_settings_clear(QemuSettings *settings);

#endif
