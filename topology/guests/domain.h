/* SPDX-License-Identifier: MIT */
/*
 * A libvirt domain, of its XML: what concerns CPUs and memory, taken as libvirt 9.0 takes it.
 * A <domain>, as virsh dumpxml and /etc/libvirt/qemu have it, or a <domstatus>, as
 * /run/libvirt/qemu has it.
 */
#ifndef TOPOLOGY_GUESTS_DOMAIN_H
#define TOPOLOGY_GUESTS_DOMAIN_H

#include "topology/base/cpulist.h"
#include "topology/base/scheduler.h"
#include "topology/guests/platform.h"

#include <stdint.h>

#define DOMAIN_XML_MAX (8u << 20) /* bytes */
#define DOMAIN_CPUS_MAX 16384u	  /* of a cpuset, and vCPUs: libvirt's VIR_DOMAIN_CPUMASK_LEN */

typedef struct DomainPin {
	unsigned number; /* vCPU or iothread */
	hwloc_bitmap_t cpus;
} DomainPin;

/* Microseconds of CPU time in a period: <quota> and <period>; quota 0 = no limit. */
typedef struct DomainQuota {
	int64_t quota, period;
} DomainQuota;

typedef struct Domain {
	char *name, *uuid;	/* uuid NULL = not said */
	bool active;		/* has an id, or is a domstatus: it runs */
	unsigned vcpus_max;	/* vCPUs that could be */
	hwloc_bitmap_t enabled; /* vCPUs that are there at start */
	hwloc_bitmap_t cpuset;	/* <vcpu cpuset>; NULL = none, or placement='auto' */
	GArray *vcpupins;	/* of DomainPin, by number, one each */
	GArray *iothreads;	/* of DomainPin, by number: every iothread; cpus NULL = no pin */
	hwloc_bitmap_t emulatorpin; /* NULL = none */
	unsigned doubled_pins, ignored_pins;
	DomainQuota quota, global_quota; /* of each vCPU; of the whole QEMU */
	char *partition;		 /* <resource><partition>; NULL = not said */
	hwloc_bitmap_t nodes;		 /* numatune: memory and memnode nodesets; NULL = none */
	bool nodes_strict;		 /* memory comes from these nodes or not at all */
	unsigned cells;			 /* NUMA cells that the guest has */
	GHashTable *cell_memory;	 /* as Guest.cell_memory */
	char *cpu_mode;			 /* NULL = no <cpu> */
	bool migratable_said;
	/* Of a guest core, <cpu><topology threads>, and its sockets; 0 = not said */
	unsigned threads, sockets;
	bool locked, hugepages, eoi;
	uint64_t page;	   /* bytes, of the first huge page size named; 0 = the node's default */
	uint64_t memory;   /* bytes */
	char **overcommit; /* values of -overcommit in qemu:commandline, in order */
	bool namespace_missing;
	char *refusal;		 /* why libvirt refuses it, in its words; NULL = no reason known */
	GPtrArray *slow_devices; /* of char * */
	GPtrArray *passed;	 /* of char *: PCI devices passed through, "0000:0b:00.0" */
	Platform platform;	 /* whose elements <metadata> has; PLATFORM_LIBVIRT = nobody's */
	GArray *schedulers;	 /* of Scheduler, by vCPU: <vcpusched>; empty = none is real-time */
	unsigned pid;		 /* of a domstatus; 0 = not said */
	GArray *tids;		 /* of unsigned, by vCPU, of a domstatus; 0 = not said */
} Domain;

/*
 * Parse LENGTH bytes of XML. NULL with PLANNER_ERROR_INPUT for what libvirt refuses or nobody
 * should read: not well-formed, a document type, too large or too deep, no name, a cpuset that is
 * none. Duplicate vcpupins, which libvirt refuses as well, are counted instead: the first counts.
 * What else it refuses is told in `refusal`, and the rest is read.
 */
Domain *domain_parse(const char *xml, size_t length, GError **error);
void domain_free(Domain *domain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Domain, domain_free)

/*
 * The same document with only what concerns CPUs and memory: no metadata, firmware configuration,
 * passwords, disks' sources, other QEMU arguments. Yours; NULL where it does not parse.
 */
char *domain_strip(const char *xml, size_t length);
/* What it keeps, each ended by NULL: elements of <domain>, of <os>, of <devices>, of a device and
 * of a PCI device that is passed through; those below all these; attributes of any; elements whose
 * text it keeps. */
extern const char *const domain_kept[], *const domain_os_kept[], *const domain_devices_kept[];
extern const char *const domain_device_kept[], *const domain_passed_kept[];
extern const char *const domain_further_kept[], *const domain_attributes_kept[];
extern const char *const domain_texts_kept[];

/*
 * libvirt's own grammar of CPU sets (virBitmapParse): N, N-M, ^N applied from left to right,
 * blanks, a comma at the end. NULL where it is none, or the set is empty.
 */
hwloc_bitmap_t domain_cpuset_parse(const char *text);

/*
 * Of QEMU's arguments those that concern CPUs and memory, each with its value, and the program
 * itself where ARGV begins with it; others may hold secrets. Yours.
 */
char **qemu_args_keep(const char *const *argv);
/* The options whose value it keeps, and those that have none; each ended by NULL. */
extern const char *const qemu_options_kept[], *const qemu_switches_kept[];
/* The values of every -overcommit in ARGV, in order. Yours. */
char **qemu_args_overcommit(const char *const *argv);

#endif
