/* SPDX-License-Identifier: MIT */
/* The file of QEMU's -readconfig, where LXD and Incus say what others say in arguments. */
#ifndef TOPOLOGY_GUESTS_QEMU_CONFIG_H
#define TOPOLOGY_GUESTS_QEMU_CONFIG_H

/* The groups of the file TEXT that concern CPUs and memory, yours; others may hold secrets. Empty
 * where TEXT is no such file. */
char *qemu_config_keep(const char *text);
/* These groups as arguments: [smp-opts] → "-smp", "cpus=4,sockets=1"; yours. */
char **qemu_config_args(const char *text);

#endif
