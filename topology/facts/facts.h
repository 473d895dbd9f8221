/* SPDX-License-Identifier: MIT */
/*
 * Facts: what a node, or a capture of one, says of itself. Collected here, judged elsewhere
 * (planner/check/rules.h). Nothing here decides whether a fact is good.
 *
 * Whatever could not be read is not guessed: its pointer is NULL (numbers say their own "not
 * known"), and `unread` says why, by source. A fact that is known to be absent (no such parameter,
 * no such file on this kernel) is an empty value, not NULL; each field says which of the two it can
 * be.
 *
 * To add a fact: 1. a field here with its source; 2. its reader in the file of its source
 * (kernel.c, irqs.c, tasks.c, cgroups.c, kvm.c, power.c, services.c, guests.c), which reads through
 * root.h alone: then a snapshot has it by itself; 3. its place in facts_free(); 4. a line of
 * tests/hosts/make-node.py, so that constructed nodes show it.
 *
 * All texts are valid UTF-8, whatever the files held.
 */
#ifndef TOPOLOGY_FACTS_FACTS_H
#define TOPOLOGY_FACTS_FACTS_H

#include "topology/base/cpulist.h"
#include "topology/facts/node.h"
#include "topology/host/host.h"

#include <stdint.h>

/* One thing that could not be read. */
typedef struct Unread {
	char *source; /* "/proc/1/environ", "libvirt qemu:///system": what evidence would have named
		       */
	char *why;    /* "Permission denied; run as root" */
} Unread;

/* The kernel, its line and its CPU sets. */
typedef struct KernelFacts {
	char *release;	    /* /proc/sys/kernel/osrelease */
	char *cmdline;	    /* /proc/cmdline, without the final newline */
	char *boot_cmdline; /* what the boot loader would boot next (BLS entry, grub.cfg); NULL =
			       not found */
	char *boot_source;  /* the file boot_cmdline is from */
	hwloc_bitmap_t possible, present, online, offline; /* /sys/devices/system/cpu/… */
	hwloc_bitmap_t isolated;  /* …/isolated; empty when the kernel isolates none */
	hwloc_bitmap_t nohz_full; /* …/nohz_full; "(null)" and a missing file are the empty set */
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
					"ksm.run", "transparent_hugepage.enabled" */
} KernelFacts;

typedef struct Irq {
	unsigned number;
	char *name;		  /* action or chip, "eth0-TxRx-3"; "" when not known */
	hwloc_bitmap_t affinity;  /* smp_affinity_list; NULL = not read */
	hwloc_bitmap_t effective; /* effective_affinity_list; NULL = not read; empty = none yet */
	bool managed; /* the kernel placed it and user space cannot move it, as far as known:
			 debugfs irq/irqs/N, else by the drivers known to (nvme0q1,
			 virtio0-req.0) */
} Irq;

typedef struct IrqFacts {
	GArray *irqs;			 /* of Irq, by number */
	hwloc_bitmap_t default_affinity; /* /proc/irq/default_smp_affinity */
} IrqFacts;

typedef struct Task {
	unsigned pid, tid;
	char *comm;
	bool kernel;		/* a kernel thread: no mm, child of kthreadd */
	bool unmovable;		/* PF_NO_SETAFFINITY (stat flags 0x04000000): bound by the kernel */
	hwloc_bitmap_t allowed; /* Cpus_allowed_list */
	int last_cpu;		/* -1 = not known */
	char *cgroup;		/* its cpuset group (v1) or group (v2); NULL = not read */
	unsigned vhost_of;	/* pid of the QEMU a vhost worker serves, 0 = no vhost worker */
} Task;

typedef struct TaskFacts {
	GArray *tasks;	  /* of Task, by pid and tid */
	char *taken_from; /* NULL: every thread; else what the list lacks, "main threads only" */
} TaskFacts;

typedef struct Cgroup {
	char *path;		  /* below the mount: "/machine.slice/…" */
	hwloc_bitmap_t cpus;	  /* cpuset.cpus; empty = not set (v2) */
	hwloc_bitmap_t effective; /* cpuset.cpus.effective, v1: effective_cpus */
	char *partition; /* v2 cpuset.cpus.partition as it reads: "isolated", "isolated invalid
			    (…)"; NULL */
	bool exclusive;	 /* v1 cpuset.cpu_exclusive */
} Cgroup;

typedef struct CgroupFacts {
	int version;	/* of the hierarchy that has cpuset: 1 or 2; 0 = none has */
	GArray *groups; /* of Cgroup, by path; only those with a cpuset of their own */
	hwloc_bitmap_t
		isolated; /* v2 root cpuset.cpus.isolated (6.8 and later); NULL = no such file */
} CgroupFacts;

typedef struct HugePages {
	unsigned node;		    /* OS index */
	uint64_t size, total, free; /* bytes, pages without surplus ones, pages */
} HugePages;

typedef struct KvmFacts {
	GHashTable
		*parameters; /* "kvm_intel.ple_gap" → "128": /sys/module/MODULE/parameters/NAME */
	int disable_exits;   /* KVM_CHECK_EXTENSION(KVM_CAP_X86_DISABLE_EXITS) of /dev/kvm; -1 = not
				known */
	Tristate nested;
	Tristate pause_exits; /* the processor has PAUSE-loop exits */
} KvmFacts;

typedef struct CpuPower {
	unsigned cpu;
	char *governor;	       /* cpufreq/scaling_governor; NULL = none or not read */
	char *driver;	       /* cpufreq/scaling_driver; NULL = none or not read */
	unsigned deepest_idle; /* exit latency, µs, of the deepest cpuidle state that is enabled and
				  within power/pm_qos_resume_latency_us; G_MAXUINT not known */
	bool idle_limited;     /* there are deeper ones */
} CpuPower;

typedef struct ServiceFacts {
	GHashTable *irqbalance; /* "IRQBALANCE_BANNED_CPULIST" → value, of its environment file;
				   NULL = no file */
	bool irqbalance_runs;
	char *tuned_profile; /* /etc/tuned/active_profile; NULL = none */
	GHashTable *systemd; /* "CPUAffinity" → value, of system.conf and drop-ins */
} ServiceFacts;

/* A pin as the domain XML has it, and as the thread really has it. */
typedef struct GuestThread {
	unsigned number;	 /* vCPU, or iothread id; 0 for the emulator */
	hwloc_bitmap_t live;	 /* configured, live XML; NULL = no pin element */
	hwloc_bitmap_t inactive; /* configured, for the next start; NULL = no pin element */
	hwloc_bitmap_t real;	 /* the thread's own affinity; NULL = not running or not read */
	unsigned tid;		 /* 0 = not known */
	char *comm;		 /* the thread's name; NULL = not running or not read */
} GuestThread;

typedef struct Guest {
	char *name;
	char *uuid; /* NULL = not known */
	bool running;
	bool persistent;
	bool unlisted; /* a QEMU process that nobody who was asked has as a domain: known by its
			  command line alone */
	unsigned pid;  /* of QEMU, 0 = not known */
	char *live_xml,
		*inactive_xml; /* as read; NULL = not running, or not persistent, or not read */
	unsigned vcpus;	       /* those that are there at start: `current`, vcpus/vcpu enabled */
	unsigned vcpus_max;    /* those that could be; pins of vCPUs beyond it libvirt ignores */
	/*
	 * Of GuestThread, by number. vcpu_threads: one for each vCPU that is there. iothreads: one
	 * for each in the XML. emulator_threads: the real threads that are neither, each with the
	 * emulatorpin, the main thread first; not running, one with tid 0 that carries the pin.
	 * Workers the kernel makes inside the process (vhost-PID, kvm-nx-lpage-re) are in none of
	 * them: they are tasks.
	 */
	GArray *vcpu_threads, *emulator_threads, *iothreads;
	/* vcpupin elements for a vCPU that has one already: libvirt refuses the whole domain. The
	 * first counts here. */
	unsigned doubled_pins;
	/* vcpupin elements for vCPUs at or above vcpus_max: libvirt drops them without a word. */
	unsigned ignored_pins;
	hwloc_bitmap_t cpuset_live, cpuset_inactive; /* <vcpu cpuset>; NULL = none */
	hwloc_bitmap_t nodes_live,
		nodes_inactive; /* <numatune><memory nodeset>, NUMA ids; NULL = none */
	char *cpu_mode;		/* of the inactive XML (live where transient) */
	/* Of the inactive XML (live where transient). migratable_unknown: host-passthrough or
	 * maximum that does not say migratable=, so that libvirt's default decides. */
	bool locked, hugepages, eoi, migratable_unknown;
	uint64_t page;		 /* of its huge pages, bytes; 0 = none, or the node's default */
	uint64_t memory;	 /* bytes */
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
	int64_t halt_exits;	 /* since its start, of all vCPUs: debugfs kvm/PID-FD/halt_exits, or
				    libvirt's vcpu.N.halt_exits.sum; -1 = not offered */
} Guest;

typedef struct GuestFacts {
	GPtrArray *guests;    /* of Guest, by name */
	char *libvirt, *qemu; /* versions, NULL = not known */
	char *source; /* the URI or directory they are from; "/proc" = of QEMU's processes alone */
} GuestFacts;

typedef struct Facts {
	char *source;	     /* the root directory as given: "/", "snapshot.tar" */
	bool live;	     /* this machine */
	Host *host;	     /* NULL = the topology could not be read; unread says why */
	KernelFacts *kernel; /* never NULL, as all below but guests */
	IrqFacts *irqs;
	TaskFacts *tasks;
	CgroupFacts *cgroups;
	GArray *hugepages; /* of HugePages, by node and size; NULL = not read */
	KvmFacts *kvm;
	GArray *power; /* of CpuPower, by CPU, of those that say anything; NULL = none does */
	ServiceFacts *services;
	GuestFacts *guests; /* NULL = nobody could be asked; unread says why */
	GPtrArray *unread;  /* of Unread, by source */
} Facts;

typedef struct FactsOptions {
	const char *root; /* NULL or "/": this machine; a directory; a tar file made by snapshot */
	const char *uri;  /* libvirt; NULL = qemu:///system on this machine, none for a capture */
	const char *domains;  /* directory of domain XML files instead of libvirt; NULL */
	const char *topology; /* hwloc source where the root has none; NULL */
	unsigned deadline;    /* seconds for libvirt to answer; 0 = 10 */
	/* Ask libvirt for halt_exits too. It waits for every guest: one that hangs holds the
	 * answer to the deadline and its job lock for half a minute (libvirt 9.0). */
	bool counters;
} FactsOptions;

/*
 * Collect. Never fails for what could not be read (see unread); NULL with PLANNER_ERROR_INPUT or
 * _SYSTEM only when the root itself cannot be opened. Never writes, never rebinds, never waits
 * longer than the deadline. Nothing below the root is followed out of it.
 */
Facts *facts_load(const FactsOptions *options, GError **error);
Facts *facts_new(void);
void facts_free(Facts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Facts, facts_free)

/* What they say of the node, for what an inventory leaves open; its texts are borrowed. */
Node facts_node(const Facts *facts);

/* Remember that SOURCE could not be read. */
void facts_unread(Facts *facts, const char *source, const char *why);
/* Why SOURCE was not read: a text of facts->unread, NULL where there is none. */
const char *facts_why_unread(const Facts *facts, const char *source);

#endif
