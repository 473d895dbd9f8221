/* SPDX-License-Identifier: MIT */
/* Guests: domains as libvirt or files have them, and QEMU's processes as the kernel has them. */
#ifndef TOPOLOGY_GUESTS_GUESTS_H
#define TOPOLOGY_GUESTS_GUESTS_H

#include "topology/guests/domain.h"
#include "topology/guests/platform.h"
#include "topology/guests/tasks.h"
#include "topology/root/fact.h"

/* A pin as the domain XML has it, and as the thread really has it. */
typedef struct GuestThread {
	unsigned number;	 /* vCPU, or iothread id; 0 for the emulator */
	hwloc_bitmap_t live;	 /* configured, live XML; NULL = no pin element */
	hwloc_bitmap_t inactive; /* configured, for the next start; NULL = no pin element */
	hwloc_bitmap_t real;	 /* the thread's own affinity; NULL = not running or not read */
	/* Of a vCPU, likewise; unknown where there is no such XML or no thread was read. */
	Scheduler live_scheduler, inactive_scheduler, scheduler;
	unsigned tid;	  /* 0 = not known */
	char *comm;	  /* the thread's name; NULL = not running or not read */
	char *group;	  /* its cgroup, as Task.cgroup; NULL = not running or not read */
	char *time_group; /* as Task.time_group */
} GuestThread;

typedef struct Guest {
	char *name;
	char *uuid; /* NULL = not known */
	bool running;
	bool persistent;
	bool unlisted; /* a QEMU process that nobody who was asked has as a domain: known by its
			  command line alone */
	bool nameless; /* its threads have no names, and its vCPUs could not be told from the rest:
			  vcpu_threads are without tid and mask, or of an unlisted one empty */
	hwloc_bitmap_t reach; /* nameless: where some thread of it may run; NULL = not read */
	Platform platform;    /* who writes its settings */
	unsigned pid;	      /* of QEMU, 0 = not known */
	char *live_xml, *inactive_xml; /* as read; NULL = not running, or not persistent, not read,
					  or no domain's */
	/* It has such an XML, which was not read or is no domain's: what is of that XML below is
	 * not known, of the inactive one what is wrong with it too. Where both are, its settings
	 * are not. */
	bool live_unread, inactive_unread;
	unsigned vcpus;	    /* those that are there at start: `current`, vcpus/vcpu enabled */
	unsigned vcpus_max; /* those that could be; pins of vCPUs beyond it libvirt ignores */
	/*
	 * Of GuestThread, by number. vcpu_threads: one for each vCPU that is there. iothreads: one
	 * for each in the XML. emulator_threads: the real threads that are neither, each with the
	 * emulatorpin, the main thread first; not running, one with tid 0 that carries the pin.
	 * Workers the kernel makes inside the process (vhost-PID, kvm-nx-lpage-re) are in none of
	 * them: they are tasks.
	 */
	GArray *vcpu_threads, *emulator_threads, *iothreads;
	GArray *later;	 /* of GuestThread: the pins of vCPUs that are not there, but may be plugged
			    in */
	char *partition; /* <resource><partition> of the XML that counts: where its group is made;
			    NULL = not said */
	DomainQuota quota, global_quota; /* of each vCPU, and of the whole QEMU, of that XML */
	/* vcpupin elements for a vCPU that has one already: libvirt refuses the whole domain. The
	 * first counts here. */
	unsigned doubled_pins;
	char *refusal; /* why libvirt refuses the XML that counts, in its words; NULL = no reason */
	/* vcpupin elements for vCPUs at or above vcpus_max: libvirt drops them without a word. */
	unsigned ignored_pins;
	hwloc_bitmap_t cpuset_live, cpuset_inactive; /* <vcpu cpuset>; NULL = none */
	hwloc_bitmap_t nodes_live,
		nodes_inactive; /* <numatune><memory nodeset>, NUMA ids; NULL = none */
	char *cpu_mode;		/* of the inactive XML (live where transient) */
	/* vCPUs of a guest core, as the guest is told; 0 = not said. The live one of an unlisted
	 * guest is its command line's. */
	unsigned threads_live, threads_inactive;
	unsigned sockets; /* likewise, of the inactive XML (live where transient) */
	/* Of the inactive XML (live where transient). migratable_unknown: host-passthrough or
	 * maximum that does not say migratable=, so that libvirt's default decides. */
	bool realtime;	   /* a vCPU has a real-time scheduler: vcpusched, or its thread */
	bool nodes_strict; /* numatune mode='strict', libvirt's default */
	bool locked, hugepages, eoi, migratable_unknown;
	uint64_t page;	 /* of its huge pages, bytes; 0 = none, or the node's default */
	uint64_t memory; /* bytes */
	unsigned cells; /* NUMA cells that the guest has, of the XML that counts or its command line
			 */
	GHashTable *cell_memory; /* NUMA id → guint64 * bytes of cells that memnode binds to that
				    node alone, strictly; NULL = none */
	GHashTable *node_memory; /* NUMA id (GUINT_TO_POINTER) → guint64 * bytes resident, of all
				    its memory (/proc/PID/numa_maps); read for guests that say where
				    their memory has to be; NULL = not read */
	char **overcommit_live, **overcommit_inactive; /* every -overcommit argument in the XML's
							  qemu:commandline */
	bool namespace_missing; /* qemu:commandline without its namespace, in a file: libvirt drops
				   it */
	/* The running QEMU's own command line: the program and, in their order, the options that
	 * concern CPUs and memory (-name, -cpu, -smp, -overcommit …); others may hold secrets and
	 * are left out. NULL = not running or not read. */
	char **argv;
	char *log_refusal; /* the domain log's "guest stopping CPU not supported" line since its
			      last start */
	GPtrArray *slow_devices; /* of char *: "e1000 interface", "ide disk": emulated, of the XML
				    that counts; "virtio interface without vhost" */
	GPtrArray *passed;  /* of char *: the PCI devices passed through, "0000:0b:00.0", of the XML
			       that counts */
	int64_t halt_exits; /* since its start, of all vCPUs: debugfs kvm/PID-FD/halt_exits, or
			       libvirt's vcpu.N.halt_exits.sum; -1 = not offered */
} Guest;

typedef struct GuestFacts {
	GPtrArray *guests;    /* of Guest, by name */
	char *libvirt, *qemu; /* versions, NULL = not known */
	char *source; /* the URI or directory they are from; "/proc" = of QEMU's processes alone */
	bool no_libvirt; /* this host has none: what runs is all there is */
} GuestFacts;

typedef struct GuestOptions {
	const char *uri; /* libvirt; NULL = qemu:///system on this machine, none for a capture */
	const char *domains; /* directory of domain XML files instead of libvirt; NULL */
	unsigned deadline;   /* seconds for libvirt to answer; 0 = 10 */
	/* Ask libvirt for halt_exits too. It waits for every guest: one that hangs holds the
	 * answer to the deadline and its job lock for half a minute (libvirt 9.0). */
	bool counters;
} GuestOptions;

typedef struct Domains Domains; /* topology/guests/domains.h */

/*
 * Collect from what OPTIONS name: a directory, else the capture itself, else libvirt. TASKS are
 * read already. NULL = nobody could be asked and no QEMU runs; notes say why.
 */
GuestFacts *guests_load(Root *root, const GuestOptions *options, const TaskFacts *tasks);
/* The guests of DOMAINS, whose XML becomes theirs: no process is looked at. */
GuestFacts *guests_of_domains(Root *root, Domains *domains);
void guests_free(GuestFacts *guests);
/* None yet, of SOURCE; guests that are added become its own. */
GuestFacts *guests_new(const char *source);
/* A guest of which no more is known, yours. */
Guest *guest_new(const char *name);

/* The domain log's line about cpu-pm since its last start, NULL = none; yours. */
char *guest_log_parse(const char *text);

/* Where they are from. */
extern const FactSource guest_sources[];

#endif
