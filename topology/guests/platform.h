/* SPDX-License-Identifier: MIT */
/*
 * Platforms: who writes a VM's settings, and would write them again over what somebody changed
 * beside it. Told by what the platform itself leaves in a domain's metadata, on QEMU's command
 * line, in its control group.
 *
 * To add one: its row here and in platform.c; its words in planner/check/fixes.c.
 */
#ifndef TOPOLOGY_GUESTS_PLATFORM_H
#define TOPOLOGY_GUESTS_PLATFORM_H

#include <stdbool.h>

typedef enum Platform {
	PLATFORM_LIBVIRT, /* by hand; also of a node where nothing says more */
	PLATFORM_PROCESS, /* a QEMU that somebody started, and libvirt does not know */
	PLATFORM_PROXMOX,
	PLATFORM_OPENSTACK,
	PLATFORM_OVIRT,
	PLATFORM_KUBEVIRT,
	PLATFORM_OPENSHIFT, /* KubeVirt on nodes that a PerformanceProfile sets up */
	PLATFORM_HARVESTER, /* KubeVirt on nodes that Harvester sets up */
	PLATFORM_LXD,
	PLATFORM_UNRAID,
	PLATFORM_OPENNEBULA,
	PLATFORM_CLOUDSTACK,
	PLATFORM_KATA, /* a pod in a VM of its own; KubeVirt's are VMs in pods */
	PLATFORM_COUNT
} Platform;

/* As people call them: "Proxmox VE". */
extern const char *const platform_names[];

/* Who runs the VMs of a PLATFORM that sets up nodes for another: KubeVirt; else itself. */
Platform platform_base(Platform platform);

/* Whose elements of a domain's <metadata> have the namespace HREF; PLATFORM_LIBVIRT = nobody's. */
Platform platform_of_namespace(const char *href);
/* How the namespaces of all that it knows begin, ended by NULL. */
extern const char *const platform_namespaces[];
/* Whose VM is called NAME? Where nothing is known but that, PLATFORM_LIBVIRT. */
Platform platform_of_name(const char *name);
/* Who started the QEMU of ARGV (NULL = not read), which is in GROUP (NULL = not read)? */
Platform platform_of_process(char *const *argv, const char *group);
/* Did some libvirt start it, be it one that nobody could ask? */
bool platform_is_libvirt(char *const *argv, const char *group);

#endif
