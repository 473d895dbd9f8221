/* SPDX-License-Identifier: MIT */
/*
 * The plan: every CPU's role, the kernel line, each VM's pins and cpu-pm verdict, and what is
 * wrong.
 */
#ifndef PLANNER_PLACE_PLAN_H
#define PLANNER_PLACE_PLAN_H

#include "planner/base/finding.h"
#include "planner/base/role.h"
#include "planner/cpupm/cpupm.h"
#include "planner/inventory/inventory.h"
#include "planner/kernel/kernelargs.h"
#include "planner/search/search.h"
#include "topology/host/host.h"

/* A VM's part on one NUMA node: a guest NUMA cell where it has several. */
typedef struct VmShare {
	unsigned node; /* position in host->nodes */
	unsigned from; /* that of the node that its memory comes from: `node`, but where the VM
			  asks for one of memory alone */
	unsigned vcpus;
	uint64_t memory; /* bytes, whole pages */
} VmShare;

typedef struct PlanVm {
	VmSpec *spec;
	bool placed;
	GArray *pins; /* of unsigned: the CPUs of its vCPUs, by vCPU, then those of its helpers;
			 empty when shared or not placed */
	hwloc_bitmap_t cpuset; /* where vCPUs float: all of a shared VM, some of a mixed one; NULL =
				  none do */
	hwloc_bitmap_t emulatorpin; /* NULL when not placed */
	GPtrArray *iothreadpins;    /* of hwloc_bitmap_t, by I/O thread; empty when not placed */
	GArray *shares;		    /* of VmShare, by node; empty when shared or not placed */
	unsigned sockets, cores, threads; /* the guest's CPU topology; 0 when not placed */
	Cpupm *cpupm;
} PlanVm;

/* What would place a VM that was not placed; each is proved: with it, all that are placed and the
 * VM fit. */
typedef enum ChangeKind { CHANGE_CORES, CHANGE_MEMORY, CHANGE_MOVE } ChangeKind;

typedef struct Change {
	ChangeKind kind;
	unsigned node;	/* CORES, MEMORY: position of the node */
	unsigned cores; /* CORES: so many more of them for VMs on the node */
	Role from;	/* CORES: who has cpus: SDK, HOST, or DEDICATED for a VM to take away */
	hwloc_bitmap_t cpus; /* CORES: those to give back; NULL where no role has that many */
	uint64_t memory;     /* MEMORY: bytes more on the node */
	char *vm; /* MOVE: the kept VM to move; CORES from DEDICATED: the VM to take away */
	struct Change *with; /* it takes this one as well, which has none itself; NULL = alone */
} Change;

typedef struct WhyNot {
	const char *vm;	    /* borrowed from the plan's VM */
	GPtrArray *changes; /* of Change; empty where none was found */
} WhyNot;

/* A VM that had a place and gets another. */
typedef enum MoveCost {
	MOVE_REPIN,   /* live: virsh vcpupin, on the same NUMA nodes */
	MOVE_MEMORY,  /* live, but its memory has to follow to another node */
	MOVE_RESTART, /* the guest's topology changes: power off and on */
} MoveCost;

typedef struct Move {
	const char *vm; /* borrowed */
	GArray *from;	/* of unsigned, as its pins, which are where to */
	MoveCost cost;
} Move;

typedef struct Plan {
	const Host *host; /* borrowed */
	NodeSpec *node;	  /* what is not said is not known */
	GArray *roles;	  /* of Role, by core */
	hwloc_bitmap_t cpus[ROLE_COUNT];
	hwloc_bitmap_t isolated; /* sdk, dedicated, free and stranded */
	GPtrArray *parameters;	 /* of KernelParameter */
	char *cmdline;
	GPtrArray *vms; /* of PlanVm, in the inventory's order */
	Prefer prefer;
	double overcommit; /* most vCPUs a CPU of the shared VMs; 0 = not said */
	bool optimal;
	unsigned placed, wanted,
		bound;	     /* VMs; bound: no placement has more, where that is the goal */
	GPtrArray *partners; /* of NodeSpec */
	GPtrArray *findings; /* sorted */
	GPtrArray *why_nots; /* of WhyNot, for the VMs not placed for want of room */
	GPtrArray *moves;    /* of Move, by VM; empty unless moves were allowed */
} Plan;

typedef struct PlanOptions {
	Prefer prefer;
	uint64_t budget;	 /* of the search, in steps; 0 = the default */
	uint64_t *shared_budget; /* as a SearchProblem's, for all that is searched; NULL */
	unsigned moves;		 /* kept VMs that may move, at most; as few as reach the goal do */
	bool unexplained;	 /* no findings on why VMs are not placed: only who is matters */
} PlanOptions;

/*
 * compute.c: plan INVENTORY on HOST. NODE is what the node says of itself where it is the one
 * planned for and the inventory does not say; NULL otherwise. Pure and deterministic: the same
 * inputs give the same plan, whatever the order of the inventory's sections (but for the order of
 * plan->vms, and under PREFER_ORDER). Never fails: what does not work out is a finding. Yours.
 */
Plan *plan_compute(const Host *host, const Inventory *inventory, const Node *node,
		   const PlanOptions *options);
void plan_free(Plan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Plan, plan_free)

void change_free(Change *change);

/* begin.c: a plan with the split's roles and the inventory's VMs, none of them placed yet. Yours.
 */
Plan *plan_begin(const Host *host, const Inventory *inventory);
/* An empty plan for HOST, for readers of saved plans; and a VM in it that is not placed. */
Plan *plan_new(const Host *host);
PlanVm *plan_vm_new(VmSpec *spec);
/* Fill the CPU sets, which are empty, from the roles of the cores. */
void plan_fill_cpus(Plan *plan);

/* Is the plan bad news: a VM not placed, or a finding of severity error? */
bool plan_bad(const Plan *plan);
/* The VM called NAME, NULL. */
const PlanVm *plan_vm(const Plan *plan, const char *name);
/* How many of VM's pins are vCPUs'; the others are its helpers'. */
unsigned plan_vm_pinned(const PlanVm *vm);
/* Where vCPU V of VM, which is placed, may run. Yours. */
hwloc_bitmap_t plan_vm_vcpu_cpus(const PlanVm *vm, unsigned v);
/* Whose pin number I is: "vCPU 3", "emulator", "I/O thread 1". Yours. */
char *plan_vm_pin_name(const PlanVm *vm, unsigned i);
/* Set where its emulator and I/O threads run: on its helpers' pins, else on OTHERS (borrowed). */
void plan_vm_put_helpers(PlanVm *vm, hwloc_const_bitmap_t others);
/* Where its emulator and I/O threads may run, all together; empty when not placed. Yours. */
hwloc_bitmap_t plan_vm_helper_cpus(const PlanVm *vm);
/* Where each may, as text: "0-1" where that is the same for all, or "12, I/O threads 13; 14".
 * Yours.
 */
char *plan_vm_helper_places(const PlanVm *vm);
/* The index of the VM that owns CPU by a pin, HOST_NONE. */
unsigned plan_cpu_vm(const Plan *plan, unsigned cpu);
/* The cpu-pm verdicts that follow from the plan's own CPU sets and versions: a GPtrArray of Cpupm
 * by VM, yours, each to free. DISABLE_EXITS and NESTED are what the node says of its KVM. */
GPtrArray *plan_cpupm(const Plan *plan, Tristate disable_exits, Tristate nested);
/* Where its vCPUs run, as text: "10,46,11,47" by vCPU, or the CPUs it floats over; "" where it is
 * not placed. Yours. */
char *plan_vm_places(const PlanVm *vm);
/* For people: the same, with those of its emulator and I/O threads where they have some of their
 * own, or "not placed". Yours. */
char *plan_vm_all_places(const PlanVm *vm);
/* What VMs may have of NODE's (a position) memory: bytes, UINT64_MAX where that is not known. The
 * host keeps nothing of a node without cores. */
uint64_t plan_node_room(const Plan *plan, unsigned node);
/* By node, the memory that its VMs have of it: bytes. Yours. */
uint64_t *plan_memory_used(const Plan *plan);
/* The memory of the VM on all nodes, in whole pages. */
uint64_t plan_vm_memory(const PlanVm *vm);

#endif
