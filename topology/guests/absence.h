/* SPDX-License-Identifier: MIT */
/*
 * Is libvirt not there at all? Then nothing is missing where it did not answer: the VMs are those
 * that run, whoever started them (Proxmox, LXD, a pod's own libvirt, a shell), and no XML is
 * theirs.
 */
#ifndef TOPOLOGY_GUESTS_ABSENCE_H
#define TOPOLOGY_GUESTS_ABSENCE_H

#include "topology/guests/tasks.h"
#include "topology/root/root.h"

/* Where notes say why the libvirt at URI did not answer; yours. */
char *absence_source(const char *uri);

/*
 * QEMUs run (PROCESSES, of QemuProcess), none of them a libvirt's of this host, no daemon of it
 * runs, its folder is not there, and where it was asked there was no socket, or no client. Where
 * any of this cannot be told it is not absent.
 */
bool absence_of_libvirt(Root *root, const TaskFacts *tasks, const GPtrArray *processes);

#endif
