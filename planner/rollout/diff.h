/* SPDX-License-Identifier: MIT */
/*
 * Two plans of one host: what changes from the one to the other, and what each change costs whoever
 * runs there. How to get there, step by step, is planner/rollout/rollout.h's.
 *
 * Of the node and of a VM all settings are compared (planner/inventory/settings.h has what each
 * costs). To add what else is compared: of the node a line in diff.c, of a VM one in diff_vm.c,
 * with its cost.
 */
#ifndef PLANNER_ROLLOUT_DIFF_H
#define PLANNER_ROLLOUT_DIFF_H

#include "planner/artifacts/artifact.h"
#include "planner/base/cost.h"
#include "planner/place/plan.h"

#include <jansson.h>

#define JSON_FORMAT_DIFF "planner-diff/1"

/* One thing that is another than before. */
typedef struct DiffLine {
	const char *what; /* "kernel line", "pins": static */
	char *from, *to;
	Cost cost;
} DiffLine;

typedef enum DiffKind { DIFF_SAME, DIFF_CHANGED, DIFF_NEW, DIFF_GONE } DiffKind;
/* "same", "changed", "new", "gone". */
extern const char *const diff_kind_names[];

/* A VM; new and gone are said of where it runs: one that is not placed runs nowhere. */
typedef struct DiffVm {
	const Host *host; /* borrowed, as the others */
	const char *name;
	const PlanVm *before, *after; /* NULL: not in that plan */
	DiffKind kind;
	Cost cost; /* the highest of its lines, COST_REBOOT where all VMs stop for one; of a new or
		      gone one COST_NONE */
	GPtrArray *lines; /* of DiffLine */
} DiffVm;

/* CPUs that had the same use before and have the same use now: a role, or a VM's name. */
typedef struct DiffCpus {
	hwloc_bitmap_t cpus;
	char *from, *to;
	Cost cost; /* of the change of role; that of the VMs is the VMs' */
} DiffCpus;

/* A file of the plan's tree that is new, gone or other. */
typedef struct DiffFile {
	const Artifact *artifact;
	bool gone;
	Cost cost; /* COST_REBOOT: it waits for the next one, which need not be now */
} DiffFile;

typedef struct Diff {
	const Plan *before, *after; /* borrowed */
	GPtrArray *node;	    /* of DiffLine: its settings, kernel line */
	GPtrArray *cpus;	    /* of DiffCpus, by lowest CPU */
	GPtrArray *vms;	  /* of DiffVm: those of AFTER in its order, then those that are gone */
	GPtrArray *files; /* of DiffFile, without those of VMs and of the kernel line */
	bool reboot;	  /* the kernel, its line or the isolated CPUs change */
	Cost cost;	  /* the highest of all, but for files that wait for a reboot */
} Diff;

/*
 * Compare; the plans are borrowed and must be of the same host (host->fingerprint). Never fails.
 * Yours.
 */
Diff *diff_new(const Plan *before, const Plan *after);
void diff_free(Diff *diff);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Diff, diff_free)

/* Is there nothing to do and nothing to know? */
bool diff_same(const Diff *diff);
/* So many VMs of KIND. */
unsigned diff_count(const Diff *diff, DiffKind kind);

/* The steps of diff_new() for a VM (diff_vm.c) of these plans: compare, and fill kind, cost and
 * lines. */
void diff_vm_compare(DiffVm *vm, const Plan *before, const Plan *after);
/* diff_line.c: no lines yet, of DiffLine; yours. */
GPtrArray *diff_lines_new(void);
/* Add a line where FROM and TO, which may be NULL for "not known", are not the same. */
void diff_line_add(GPtrArray *lines, const char *what, const char *from, const char *to, Cost cost);

#endif
