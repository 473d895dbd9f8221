/* SPDX-License-Identifier: MIT */
/*
 * QEMU's processes: who they are, by their own command line, and what they hold. So guests are
 * known also when no libvirt answers.
 */
#ifndef TOPOLOGY_GUESTS_QEMU_H
#define TOPOLOGY_GUESTS_QEMU_H

#include "topology/guests/tasks.h"
#include "topology/root/root.h"

typedef struct QemuProcess {
	unsigned pid;
	char *name, *uuid;    /* of -name and -uuid; NULL = not said */
	char **argv;	      /* as Guest.argv; NULL = not read, or not to its end */
	guint first, count;   /* its threads in TASKS */
	int64_t halt_exits;   /* -1 = not offered */
	bool named;	      /* its threads have names: some is a vCPU's by name */
	unsigned descriptors; /* of vCPUs, where they have none; 0 = not seen */
	GHashTable *vcpus;    /* tid → vCPU, where they have none and could be told apart; NULL */
	bool vm;    /* it has vCPUs, or a name: no probe of libvirt's, qemu-img, qemu-ga */
	bool taken; /* a guest has it */
} QemuProcess;

/*
 * The processes in TASKS with vCPU threads or called qemu. Their memory is read in a process of its
 * own, which is given up after SECONDS: one that hangs in the kernel holds nobody.
 */
GPtrArray *qemu_load(Root *root, const TaskFacts *tasks, unsigned seconds);

/* NUMA id → bytes resident, of the processes PIDS (of unsigned): pid → table; all yours. */
GHashTable *qemu_memory_load(Root *root, const GArray *pids, unsigned seconds);

/* "CPU 3/KVM" → 3; false where COMM is no vCPU's. "IO iothread2" → 2. */
bool qemu_vcpu_parse(const char *comm, unsigned *vcpu);
bool qemu_iothread_parse(const char *comm, unsigned *iothread);
/* Is it one that the kernel made inside the process? */
bool qemu_worker(const char *comm);
/* "16 0x1c 0xae80 …" of /proc/PID/task/TID/syscall, in KVM_RUN → 28, the descriptor; -1 = not. */
int qemu_run_parse(const char *text);
/* "anon_inode:kvm-vcpu:3" → 3; false where it is none. */
bool qemu_descriptor_parse(const char *target, unsigned *vcpu);

/* The guest's name in the value of -name: "guest=a,,b,debug-threads=on" → "a,b"; yours. */
char *qemu_name_parse(const char *value);
/* Lines of /proc/PID/numa_maps → NUMA id → bytes of what may be the guest's: without QEMU's own
 * text and libraries, which lie where whoever read them first ran. Yours. */
GHashTable *numa_maps_parse(const char *text);

#endif
