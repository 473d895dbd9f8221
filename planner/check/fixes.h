/* SPDX-License-Identifier: MIT */
/*
 * Fixes in the words of platforms. A rule's remedy is for a host whose VMs somebody defines in
 * libvirt by hand; where a platform writes a VM's settings anew at each start, or there is no
 * libvirt, such a fix is lost or cannot be done. Rules of the same subject share a table.
 */
#ifndef PLANNER_CHECK_FIXES_H
#define PLANNER_CHECK_FIXES_H

#include "topology/guests/platform.h"

/* By platform; NULL = the rule's own remedy will do. */
typedef struct Fixes {
	const char *of[PLATFORM_COUNT];
} Fixes;

extern const Fixes fixes_pin;	      /* where vCPUs run */
extern const Fixes fixes_float;	      /* where those run that have no CPU of their own */
extern const Fixes fixes_emulator;    /* where emulator and I/O threads run */
extern const Fixes fixes_siblings;    /* vCPUs of a guest core on one core of the host */
extern const Fixes fixes_near;	      /* vCPUs near each other: one NUMA node, one L3 */
extern const Fixes fixes_memory;      /* huge pages, NUMA nodes of a VM */
extern const Fixes fixes_settings;    /* all else that is in a VM's XML */
extern const Fixes fixes_cpu_pm;      /* cpu-pm for a VM that may have it */
extern const Fixes fixes_room;	      /* how many vCPUs and CPUs it has */
extern const Fixes fixes_define;      /* a VM that is not there */
extern const Fixes fixes_restart;     /* what takes a VM that is powered off and on */
extern const Fixes fixes_line;	      /* the kernel's line */
extern const Fixes fixes_reboot;      /* what the next boot changes of it */
extern const Fixes fixes_domain_flag; /* isolcpus without the flag domain */
extern const Fixes fixes_fence;	      /* what keeps the host off VMs' CPUs */
extern const Fixes fixes_affinity;    /* where systemd puts the host's services */
extern const Fixes fixes_whole;	      /* cores that host and VMs divide, with nothing isolated */
extern const Fixes fixes_sibling;     /* a thread of a core that is offline */
extern const Fixes fixes_pages;	      /* the node's huge pages */
extern const Fixes fixes_host;	      /* what is set while the node runs: sysctl, sysfs, modules */
extern const Fixes fixes_ksm;	      /* kernel samepage merging */
extern const Fixes fixes_irqs;	      /* where interrupts go */
extern const Fixes fixes_managed;     /* where those go that the kernel places itself */
extern const Fixes fixes_idle;	      /* how deep the CPUs of a VM without cpu-pm sleep */
extern const Fixes fixes_quota;	      /* how much CPU time a VM may have */
extern const Fixes fixes_groups;      /* which CPUs its control groups have */

/* How a VM comes to another node, live or powered off meanwhile: of those that write its XML. */
extern const Fixes fixes_migrate, fixes_move;

/* The fix where the platform leaves no way: the rule is silent there. */
extern const char fixes_none[];

/* What FIXES (NULL = none) say on PLATFORM; NULL = nothing. */
const char *fixes_text(const Fixes *fixes, Platform platform);

#endif
