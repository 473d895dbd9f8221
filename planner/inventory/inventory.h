/* SPDX-License-Identifier: MIT */
/*
 * The inventory: what a node is and what it shall carry, as the INI file says it
 * (planner-inventory(5)). Parsed strictly: every error of a file is reported, none passes.
 *
 * To add a key: see planner/inventory/settings.h.
 */
#ifndef PLANNER_INVENTORY_INVENTORY_H
#define PLANNER_INVENTORY_INVENTORY_H

#include "planner/inventory/setting.h"
#include "planner/inventory/vm_name.h"
#include "planner/kernel/kernelargs.h"
#include "topology/base/cpulist.h"
#include "topology/base/scheduler.h"
#include "topology/base/tristate.h"

#include <stdint.h>

typedef enum SplitBy { SPLIT_NONE, SPLIT_SOCKET, SPLIT_NODE, SPLIT_MACHINE, SPLIT_CPUS } SplitBy;

/* How many cores one socket or node gives, named by its OS index. */
typedef struct PlaceCores {
	unsigned place, cores;
} PlaceCores;

/* How many cores a role gets, or exactly which CPUs. */
typedef struct CoreRequest {
	SplitBy by;
	unsigned cores;	     /* for each socket or node that `places` does not name, or in all */
	GArray *places;	     /* of PlaceCores, ascending; NULL = `cores` holds for all */
	hwloc_bitmap_t cpus; /* SPLIT_CPUS only, else NULL */
	int line;	     /* where the inventory says so, 0 = default */
} CoreRequest;

typedef enum Policy { POLICY_DEDICATED, POLICY_SHARED } Policy;
typedef enum Threads { THREADS_SIBLINGS, THREADS_ISOLATE } Threads;
/* Where threads of a VM that are no vCPUs run: on the host's CPUs, or on cores of its own. */
typedef enum HelperCpus { HELPER_HOST, HELPER_OWN } HelperCpus;
typedef enum CpuMode {
	CPU_MODE_HOST_MODEL,
	CPU_MODE_HOST_PASSTHROUGH,
	CPU_MODE_MAXIMUM,
	CPU_MODE_CUSTOM
} CpuMode;
/* May a VM be over several nodes though one could hold it, were it empty? */
typedef enum Spans { SPANS_IF_NEEDED, SPANS_NEVER } Spans;
/* On a host with cores of several kinds: the most capable ones, or the others. */
typedef enum CoreKind { CORE_KIND_ANY, CORE_KIND_PERFORMANCE, CORE_KIND_EFFICIENT } CoreKind;
/* VMs of one group are never together on one of these; where two differ, on the larger. */
typedef enum ApartBy { APART_SOCKET, APART_NODE, APART_L3 } ApartBy;
typedef struct Apart {
	char *group; /* NULL = apart from none */
	ApartBy by;
} Apart;
/* What becomes of a VM that would break the plan when it starts: see planner/check/admit.h. */
typedef enum Guard { GUARD_OFF, GUARD_WARN, GUARD_REFUSE, GUARD_STRICT } Guard;
typedef enum Isolation { ISOLATION_ISOLCPUS, ISOLATION_CPUSET } Isolation;

/* What a VmSpec written by hand begins with: no place is asked for. */
#define VM_SPEC_ANYWHERE .node = -1, .socket = -1, .die = -1, .l3 = -1, .memory_node = -1

typedef struct VmSpec {
	char *name; /* as libvirt gets it; count > 1 is already spelled out: vm1-1 … vm1-n */
	int line;
	unsigned vcpus;
	unsigned maximum; /* vCPUs that it can grow to while it runs; 0 = no more than vcpus */
	unsigned sockets; /* of the guest; 0 = one, or one for each NUMA node */
	Policy policy;
	GArray *cpus;	 /* of unsigned, in vCPU order, by cpus = or --keep: the VM is kept there;
			    NULL = planner chooses. May go on with the helpers' */
	int node;	 /* OS index of the NUMA node asked for, -1 = any */
	int socket;	 /* OS index of the socket asked for, -1 = any */
	int die, l3;	 /* as the Host numbers them, -1 = any */
	CoreKind kind;	 /* of its cores */
	int memory_node; /* OS index of the node without cores that all of its memory comes from;
			    -1 = the nodes of its cores */
	Apart apart;	 /* other VMs that it must not be with */
	char **near;	 /* devices on whose NUMA node it shall be; NULL = none. In a plan `node` is
			    that node, where it is known */
	unsigned nodes;	 /* of a VM larger than that node: so many nearest to it that it may have,
			    itself the first; `node` is -1 then. 0 = others are not counted */
	int near_node;	 /* and the OS index of that node. near_widen() says both */
	uint64_t memory; /* bytes, 0 = not said */
	uint64_t page;	 /* huge page size in bytes, 0 = none */
	Threads threads;
	Spans spans;
	CpuMode cpu_mode;
	bool cpu_pm; /* auto = true, off = false */
	Scheduler
		realtime; /* of its vCPUs, or of `realtime_vcpus` alone; not said = not real-time */
	hwloc_bitmap_t realtime_vcpus;	/* NULL = all */
	hwloc_bitmap_t dedicated_vcpus; /* of a dedicated VM; the others float. NULL = all */
	unsigned iothreads;
	HelperCpus emulator, iothread_cpus;
	bool locked;
	unsigned count; /* of a section of the file; 1 in an inventory, where it is spelled out */
} VmSpec;

/* A node: the one planned for, or a partner, which VMs may migrate to. */
typedef struct NodeSpec {
	char *name, *kernel, *qemu, *libvirt; /* NULL = not said */
	Tristate mwait;			      /* does KVM let guests have it */
	uint64_t host_memory;		      /* bytes of each NUMA node, kept from VMs */
	unsigned interruptions;		      /* of an isolated CPU, a second, that are accepted */
	unsigned longest_gap; /* microseconds, accepted of noise on a free isolated CPU */
	char *group;	      /* what it shares with other nodes, such as a rack; NULL = not said */
	Guard guard;
} NodeSpec;

typedef struct Inventory {
	NodeSpec *node;
	CoreRequest host, sdk, shared;
	char **near;	   /* devices the SDK cores shall be close to; NULL = none */
	double overcommit; /* most vCPUs per CPU of the shared VMs; 0 = not said */
	Isolation isolation;
	char **flags; /* of isolcpus; NULL = by kernel version; empty = none */
	bool irqaffinity;
	char **extra;	     /* further kernel parameters, one each; never NULL */
	GPtrArray *partners; /* of NodeSpec, in the file's order */
	GPtrArray *vms;	     /* of VmSpec, in the file's order */
} Inventory;

/* An inventory that says nothing: one host core a NUMA node, no VM. Yours. */
Inventory *inventory_new(void);

/*
 * Parse TEXT (LENGTH bytes, need not end in NUL); NAME is the file's name in messages. Returns the
 * inventory, yours, or NULL; then ERRORS (a GPtrArray of char *, from
 * g_ptr_array_new_with_free_func (g_free)) holds every error in the order of lines: "file:line:
 * [section] key: what is wrong".
 */
Inventory *inventory_parse(const char *name, const char *text, size_t length, GPtrArray *errors);

/* The struct of INVENTORY that has the settings of TABLE: its node, or itself. */
void *inventory_part(const Inventory *inventory, const SettingTable *table);
/* What it says of the kernel line. */
KernelWishes inventory_kernel(const Inventory *inventory);
void inventory_free(Inventory *inventory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Inventory, inventory_free)
VmSpec *vm_spec_new(const char *name);
/* Is vCPU V real-time? */
bool vm_spec_realtime(const VmSpec *vm, unsigned v);
/* How many vCPUs of a dedicated VM have a CPU of their own, and how many float. */
unsigned vm_spec_pinned(const VmSpec *vm);
unsigned vm_spec_floating(const VmSpec *vm);
/* Does vCPU V of a dedicated VM float? */
bool vm_spec_floats(const VmSpec *vm, unsigned v);
/* The vCPU that is number I of the pinned; how many pinned come before vCPU V. */
unsigned vm_spec_pin_vcpu(const VmSpec *vm, unsigned i);
unsigned vm_spec_vcpu_pin(const VmSpec *vm, unsigned v);
/* How many helpers it has: threads with a CPU of their own on cores of its own, the emulator first,
 * then I/O threads. */
unsigned vm_spec_helpers(const VmSpec *vm);
/* What contradicts itself in it, but for its line: "KEY: what is wrong", yours; NULL = nothing. */
char *vm_spec_fault(const VmSpec *vm);
/* A copy of VM called NAME, yours. */
VmSpec *vm_spec_copy(const VmSpec *vm, const char *name);
/* VM as it comes to another host, which chooses CPUs, NUMA node, socket and devices. Yours. */
VmSpec *vm_spec_newcomer(const VmSpec *vm);
void vm_spec_free(VmSpec *vm);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmSpec, vm_spec_free)
/* A node of which nothing is said; a copy; yours. */
NodeSpec *node_spec_new(void);
NodeSpec *node_spec_copy(const NodeSpec *node);
void node_spec_free(NodeSpec *node);
/* A node as the settings of a partner have it: those are fewer. */
NodeSpec *partner_new(const char *name);
NodeSpec *partner_copy(const NodeSpec *partner);
void partner_free(NodeSpec *partner);

/* Names of the enums' values as the inventory spells them, in their order, ended by NULL
 * (settings.c). */
extern const char *const policy_names[],
	*const threads_names[], *const cpu_mode_names[], *const isolation_names[],
								 *const guard_names[],
									 *const core_kind_names[];
/* The same (setting_apart.c). */
extern const char *const apart_by_names[];

#endif
