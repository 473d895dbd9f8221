/* SPDX-License-Identifier: MIT */
/*
 * What every artifact is made with: templates filled one after the other, and the values that many
 * of them have in common.
 */
#ifndef PLANNER_ARTIFACTS_ARTIFACT_FILL_H
#define PLANNER_ARTIFACTS_ARTIFACT_FILL_H

#include "planner/artifacts/template.h"
#include "planner/place/plan.h"

typedef struct Artifact Artifact;
typedef struct Target Target;

/* What puts an artifact in force. */
typedef enum Activation {
	ACTIVATE_NOTHING, /* it is read, not obeyed */
	ACTIVATE_RELOAD,
	ACTIVATE_REPIN,
	ACTIVATE_RESTART,
	ACTIVATE_REBOOT,
} Activation;
/* "nothing", "reload", … by Activation. */
extern const char *const activation_names[];

/* What rendering needs besides the artifact. */
typedef struct Rendering {
	const Plan *plan;
	const PlanVm *vm;      /* of an artifact that is of one VM, else NULL */
	GHashTable *templates; /* the site's: name → text; NULL = none */
	char **skip;	       /* names of artifacts the tree is without; NULL = none */
	const Target *target;  /* whose files the tree has; NULL = all */
	GHashTable *merged;    /* of a tree: VM's name → its own XML with what the plan changes;
				  NULL = none */
	const GArray *pins;    /* of unsigned, by vCPU: where the running VM's vCPUs are now;
				  NULL = not known */
	bool elsewhere;	       /* of a merge: the base is of another node, and so are its CPUs */
	bool running;	       /* of a merge: for a guest that runs on, elsewhere: what it was told
				  when it started stays */
} Rendering;

/* One rendering under way. The first error stops it and is kept: callers need not look. */
typedef struct Fill {
	const Artifact *artifact;
	const Rendering *rendering;
	const Plan *plan;
	const PlanVm *vm;
	/* Of an artifact that is of_tree: the files of the tree, and why others are left out. */
	const GPtrArray *files, *left_out;
	GError **error;
	bool failed;
} Fill;

/* The template NAME filled with VALUES, yours; "" after an error. */
char *fill(Fill *fill, const char *name, const TemplateValue *values);
/* The same, appended to BLOCK. */
void fill_append(Fill *fill, GString *block, const char *name, const TemplateValue *values);
/* Remember an error; TEXT is a printf format. Returns "", yours. */
G_GNUC_PRINTF(2, 3) char *fill_failed(Fill *fill, const char *text, ...);

/* Values in common; all yours. */
char *fill_head(Fill *fill); /* the comment a file begins with: what, by whom, how to undo */
/* What puts ARTIFACT in force: "reload (systemctl daemon-reload)". */
char *fill_force(const Artifact *artifact);
char *fill_node(Fill *fill); /* the node's name, or "this node" */
char *fill_line(Fill *fill); /* the kernel line */
char *fill_host(Fill *fill); /* CPU lists */
char *fill_isolated(Fill *fill);
char *fill_sdk(Fill *fill);
char *fill_not_host(Fill *fill);
char *fill_vm_name(Fill *fill);
char *fill_vm_emulator(Fill *fill); /* the CPUs of the VM's emulator */
/* Those of its I/O thread I, from 1; a domain may have more of them than the plan, which go where
 * the emulator is. */
char *fill_vm_iothread(const Fill *fill, unsigned i);
/* TEMPLATE for each vCPU of a dedicated VM: ${vcpu}, and its CPU by the name CPUS. */
char *fill_vm_pins(Fill *fill, const char *template, const char *cpus);
/* The vCPUs of guest NUMA cell number SHARE: those pinned to CPUs of its node. */
char *fill_cell_vcpus(const Plan *plan, const PlanVm *vm, unsigned share);
/* Its memory in MiB, and the VM's, which is that of all its cells: platforms that count in MiB want
 * it to be so. */
uint64_t fill_cell_mib(const VmShare *share);
uint64_t fill_vm_mib(const PlanVm *vm);
/* Those that are real-time: "1-3", or "". */
char *fill_realtime_vcpus(const VmSpec *spec);
char *fill_number(uint64_t number);
/* The narrowest policy of Kubernetes' Topology Manager that admits the plan's VMs. */
char *fill_topology_policy(Fill *fill);

#define FILL_FOR_VMS                                                                               \
	(1u << ROLE_DEDICATED | 1u << ROLE_FREE) /* the roles of dedicated VMs' CPUs               \
						  */
/* The CPUs of the roles whose bits (1 << ROLE_…) are set; yours. */
hwloc_bitmap_t fill_cpus(const Plan *plan, unsigned roles);
char *fill_list(const Plan *plan, unsigned roles);

/* Questions several artifacts ask. */
const char *unfit_without_isolated(const Plan *plan, const PlanVm *vm);
const char *unfit_without_sdk(const Plan *plan, const PlanVm *vm);
const char *unfit_without_vm_cpus(const Plan *plan, const PlanVm *vm);
const char *unfit_unplaced(const Plan *plan, const PlanVm *vm);
const char *unfit_unsized(const Plan *plan, const PlanVm *vm); /* or unplaced */
bool plan_is_cpuset(const Plan *plan); /* isolation = cpuset: isolated, but not by isolcpus */
bool plan_is_x86(const Plan *plan);

#define FILL_END                                                                                   \
	{                                                                                          \
		NULL, NULL, TEMPLATE_RAW                                                           \
	}

#endif
