/* SPDX-License-Identifier: MIT */
/*
 * May a VM have QEMU's `-overcommit cpu-pm=on`? One function answers, for plans and for running
 * nodes, from the CPUs that threads may run on; never from a policy's name.
 *
 * To add a reason: 1. its code in cpupm_codes; 2. where it is found, in cpupm.c; 3. its entry in
 * man/planner-cpu-pm.7; 4. tests/unit/test_cpupm.c, which fails when a code is never reached.
 */
#ifndef PLANNER_CPUPM_CPUPM_H
#define PLANNER_CPUPM_CPUPM_H

#include "planner/inventory/inventory.h"
#include "topology/facts/node.h"
#include "topology/host/host.h"

typedef enum CpupmVerdict {
	CPUPM_ON,
	CPUPM_OFF,	   /* the inventory says off */
	CPUPM_INELIGIBLE,  /* the VM must not have it */
	CPUPM_UNSUPPORTED, /* this node cannot */
	CPUPM_UNKNOWN,	   /* a fact needed for the verdict is missing */
} CpupmVerdict;

/* "on", "off", … by CpupmVerdict. */
extern const char *const cpupm_names[];
/* All codes that reasons and notes have, ended by NULL. */
extern const char *const cpupm_codes[];

typedef struct CpupmReason {
	const char *code; /* static, stable */
	char *text;
} CpupmReason;

typedef struct Cpupm {
	CpupmVerdict verdict;
	GPtrArray *reasons; /* of CpupmReason: why not; empty when on */
	GPtrArray *notes;   /* of CpupmReason: what to know when it is on */
} Cpupm;

/* What the threads of one VM may run on. Sets are borrowed; an empty set = nothing known to run. */
typedef struct CpupmThreads {
	GPtrArray *vcpus;	       /* of hwloc_bitmap_t, one for each vCPU */
	hwloc_const_bitmap_t emulator; /* emulator and I/O threads together; NULL = none */
} CpupmThreads;

/* The node all VMs run on. */
typedef struct CpupmNode {
	const Host *host;
	hwloc_const_bitmap_t host_cpus, sdk_cpus, isolated;
	const GArray *threads;	   /* of CpupmThreads: every VM of the node */
	const char *kernel, *qemu; /* NULL = unknown */
	Tristate mwait, disable_exits, nested;
	/* Of the inventory that is about this node; NULL = "node", "" = none: the node runs. */
	const char *section;
} CpupmNode;

/*
 * Which threads may run on which CPU, counted once for all VMs of a node, so that each verdict
 * costs only its own CPUs. Yours.
 */
typedef struct CpupmCensus CpupmCensus;
CpupmCensus *cpupm_census_new(const CpupmNode *node);
void cpupm_census_free(CpupmCensus *census);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CpupmCensus, cpupm_census_free)

/*
 * The verdict for VM number INDEX of the node, which SPEC describes (cpu_pm, cpu_mode and locked
 * are read). Yours.
 */
Cpupm *cpupm_judge(const CpupmNode *node, const CpupmCensus *census, unsigned index,
		   const VmSpec *spec);

/*
 * The same as far as it is the node's: on, unsupported or unknown. Of NODE host (for its
 * architecture), versions and tristates are read. Yours.
 */
Cpupm *cpupm_judge_node(const CpupmNode *node, const VmSpec *spec);

/* A verdict made elsewhere: of a VM that is not placed, or read from a plan document. */
Cpupm *cpupm_new(CpupmVerdict verdict);
/* The verdict where the inventory says cpu-pm = off, placed or not. */
Cpupm *cpupm_off(void);
void cpupm_add_reason(Cpupm *cpupm, const char *code, const char *text);
void cpupm_add_note(Cpupm *cpupm, const char *code, const char *text);
/* "its vCPUs may run where … (overcommitted); …": all its reasons, yours. */
char *cpupm_reasons_text(const Cpupm *cpupm);
void cpupm_free(Cpupm *cpupm);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cpupm, cpupm_free)

/*
 * What QEMU's -overcommit must say: "cpu-pm=on", or "mem-lock=on,cpu-pm=on" for a VM whose memory
 * is locked: before QEMU 9.1 each -overcommit resets the other option (system/vl.c), and libvirt
 * gives its own mem-lock one before ours. Static.
 */
const char *cpupm_overcommit(const VmSpec *spec);

#endif
