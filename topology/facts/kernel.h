/* SPDX-License-Identifier: MIT */
/*
 * The kernel: its line, its CPU sets, its build. The line is kept without what may be a secret
 * (kernel_line.h); what it means is the rules' business.
 */
#ifndef TOPOLOGY_FACTS_KERNEL_H
#define TOPOLOGY_FACTS_KERNEL_H

#include "topology/facts/bootloader.h"
#include "topology/facts/line_written.h"
#include "topology/root/fact.h"
#include "topology/root/root.h"

typedef struct KernelFacts {
	char *release;	    /* /proc/sys/kernel/osrelease, else of BOOT_IMAGE= */
	char *cmdline;	    /* /proc/cmdline, without the final newline */
	char *boot_cmdline; /* what the boot loader would boot next (BLS entry, grub.cfg); NULL =
			       not found */
	char *boot_source;  /* the file boot_cmdline is from */
	Loader loader;	    /* what booted the line that runs */
	LineWritten written[WRITTEN_COUNT];		   /* what is to be on it, by who says so */
	hwloc_bitmap_t possible, present, online, offline; /* /sys/devices/system/cpu/… */
	hwloc_bitmap_t isolated;  /* …/isolated; empty when the kernel isolates none */
	hwloc_bitmap_t nohz_full; /* …/nohz_full; "(null)" is the empty set, and so is a missing
				     file, unless config says that the kernel has it */
	bool nohz_full_file;	  /* the file is there: the kernel has CONFIG_NO_HZ_FULL */
	char *smt_control;   /* …/smt/control: on, off, forceoff, notsupported, notimplemented */
	GHashTable *config;  /* "CONFIG_NO_HZ_FULL" → "y"; of /boot/config-* or /proc/config.gz */
	char **init_environ; /* /proc/1/environ, only NAME=value of parameters the kernel passed on
			      */
	GHashTable *vulnerabilities; /* …/vulnerabilities/NAME → text */
	hwloc_bitmap_t workqueue;    /* /sys/devices/virtual/workqueue/cpumask */
	hwloc_bitmap_t writeback;    /* …/workqueue/writeback/cpumask */
	hwloc_bitmap_t watchdog;     /* /proc/sys/kernel/watchdog_cpumask */
	GHashTable *sysctls;	     /* "kernel.timer_migration" → "1"; those kernel.c lists, and
					"ksm.run", "transparent_hugepage.enabled",
					"clocksource.current", "clocksource.available" */
} KernelFacts;

KernelFacts *kernel_new(void);
void kernel_free(KernelFacts *kernel);
void kernel_load(Root *root, KernelFacts *kernel);

/* CONFIG_X=y → y, "# CONFIG_X is not set" → n; strings without their quotes. */
GHashTable *kernel_config_parse(const char *text);

/*
 * The variables in BYTES, NUL after each, that parameters of CMDLINE became: those the kernel did
 * not take. '-' and '_' are the same in names. Nothing else of the environment is kept.
 */
char **kernel_environ_parse(const char *bytes, size_t length, const char *cmdline);

/* A CPU set as …/cpu/nohz_full prints it: "(null)", padded or not, is the empty set. */
hwloc_bitmap_t kernel_nohz_parse(const char *text);

/* Where they are from. */
extern const FactSource kernel_sources[];

#endif
