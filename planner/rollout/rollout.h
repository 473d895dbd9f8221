/* SPDX-License-Identifier: MIT */
/*
 * The steps from one plan to another, in an order that is safe at every moment: no two vCPUs on one
 * CPU, no dedicated VM on CPUs of the host, the SDK or another VM, and no cpu-pm on a core that is
 * shared. A VM that runs goes straight to its new CPUs once whoever has them is gone. Where VMs
 * stand in each other's way one is parked on isolated cores that nobody has, or, failing that,
 * stopped.
 *
 * Where the kernel line changes there is nothing to do live: VMs stop, the host reboots, and VMs
 * start where they belong, so that no CPU leaves isolation under a VM.
 *
 * To add a step: its StepKind and name, where it is made (rollout.c, rollout_order.c), its words in
 * cmd/diff.c, its commands in rollout_commands.c, and tests/rollout.t, which walks every roll-out.
 */
#ifndef PLANNER_ROLLOUT_ROLLOUT_H
#define PLANNER_ROLLOUT_ROLLOUT_H

#include "planner/rollout/diff.h"

typedef enum StepKind {
	STEP_DEFINE,  /* VMs get their new domain XML, for their next start: nothing is in force */
	STEP_STOP,    /* power a VM off */
	STEP_PARK,    /* re-pin a running VM to CPUs that are not its own in the end */
	STEP_REPIN,   /* re-pin a running VM to where it belongs */
	STEP_RESTART, /* power a VM off and on */
	STEP_START,
	STEP_RELOAD, /* services: files written and read again; the SDK's CPUs */
	STEP_WRITE,  /* all files written, the boot loader's too: nothing is in force */
	STEP_REBOOT,
	STEP_CHECK, /* planner check: go on when it finds nothing */
} StepKind;
/* "define", "stop", … */
extern const char *const step_names[];

typedef struct StepPin {
	unsigned vcpu, cpu;
} StepPin;

typedef struct Step {
	StepKind kind;
	const DiffVm *vm; /* NULL where it is not of one VM */
	GArray *pins;	  /* of StepPin: one after the other, in this order */
	bool memory;	  /* its memory follows */
	bool pool;	  /* a shared VM: all vCPUs to its new CPUs */
	bool emulator;	  /* its emulator and I/O threads have new CPUs too */
	bool aside;	  /* they go to the host's CPUs first, and wait there */
	bool sdk;	  /* RELOAD: the SDK's services restart on their new CPUs */
	const char *why;  /* static; NULL where there is nothing to say */
} Step;

typedef struct Rollout {
	GPtrArray *steps; /* of Step; empty where there is nothing to do */
	char *fault;	  /* why there is none: the new plan is not safe in itself; NULL */
} Rollout;

/* Find it. DIFF is borrowed, and told where a VM has to stop that could have moved live. Yours. */
Rollout *rollout_new(Diff *diff);
void rollout_free(Rollout *rollout);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Rollout, rollout_free)

/*
 * What STEP is in a shell: lines of text, yours; a line that begins with '#' is for whoever reads
 * it. PLAN is the file that the new plan is saved in.
 */
GPtrArray *rollout_commands(const Diff *diff, const Step *step, const char *plan);

/* DIFF and its roll-out, planner-diff/1, with commands of the new plan saved as PLAN; a new
 * reference, yours. */
json_t *rollout_to_json(const Diff *diff, const Rollout *rollout, const char *plan);

/* What rollout_new() is made of. rollout_step.c: no steps yet, yours; and one more (VM may be
 * NULL). */
GPtrArray *rollout_steps_new(void);
Step *rollout_add(Rollout *rollout, StepKind kind, const DiffVm *vm);
/* rollout_order.c: the steps without a reboot. */
void rollout_order(Rollout *rollout, Diff *diff);

#endif
