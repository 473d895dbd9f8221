/* SPDX-License-Identifier: MIT */
/* What a change costs those whom it concerns. */
#ifndef PLANNER_BASE_COST_H
#define PLANNER_BASE_COST_H

/* By what disturbs more. */
typedef enum Cost {
	COST_NONE,    /* nothing that runs is touched */
	COST_REPIN,   /* live: virsh vcpupin, emulatorpin, iothreadpin */
	COST_MEMORY,  /* live, but the memory follows to another NUMA node */
	COST_RELOAD,  /* services read their files again, or are restarted */
	COST_RESTART, /* the VM is powered off and on: what QEMU and the guest are told at start */
	COST_REBOOT,  /* of the host: the kernel line, the kernel */
} Cost;

/* "none", "re-pin", "memory", "reload", "restart", "reboot". */
extern const char *const cost_names[];

#endif
