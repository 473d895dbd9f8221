/* SPDX-License-Identifier: MIT */
/*
 * The kernel line as the kernel reads it, and what it then does with the four parameters that take
 * CPUs away: isolcpus, nohz_full, rcu_nocbs, irqaffinity.
 *
 * Words (kernel/params.c parse_args, lib/cmdline.c next_arg): split at white space outside double
 * quotes; one pair of quotes around the word or the value is taken off; `--` alone ends the
 * kernel's part, what follows is init's. In names '-' and '_' are the same (parameq). Names are
 * compared whole: "nohz" is not "nohz_full". So a blank tears a list: of "isolcpus=4-7, 12-15" the
 * kernel reads 4-7, and "12-15" is an argument of init.
 *
 * Lists (lib/bitmap.c, lib/bitmap-str.c bitmap_parselist): regions at commas and white space, empty
 * ones skipped; `a`, `a-b`, `a-b:used/group`, `N` for the last CPU (5.13), `all` in any case (5.14;
 * before, rcu_nocbs=all alone). start > end, a zero group and used > group are malformed, an end
 * beyond the possible CPUs is out of range; any fault fails the list, but the regions before it
 * have been set already.
 *
 * What the kernel does (kernel/sched/isolation.c, kernel/time/tick-sched.c, kernel/rcu/tree_nocb.h,
 * kernel/irq/irqdesc.c):
 *   isolcpus     flags nohz, domain (4.15), managed_irq (5.6) come first; with any flag `domain` is
 *                not implied. A word of letters that is no flag is skipped (5.6) or fails the
 *                parameter; as the last word it runs over the end, and the parameter fails.
 *   isolcpus, nohz_full   fail as a whole on a bad list. Given twice, or with different sets before
 *                5.18 (one mask for all), the first on the line counts and the second is dropped;
 *                since 5.18 only kinds of housekeeping in common must agree. All CPUs: the boot CPU
 *                is taken out. nohz_full takes the boot CPU out of its ticks.
 *   rcu_nocbs    the last counts; a bad list offloads every CPU; nohz_full's CPUs are offloaded too
 *   irqaffinity  the last counts; no check: a bad list leaves the regions before the fault and the
 *                boot CPU, which is always added
 */
#ifndef PLANNER_KERNEL_CMDLINE_H
#define PLANNER_KERNEL_CMDLINE_H

#include "topology/base/cpulist.h"

/* COMMAND_LINE_SIZE of x86, arm64 and powerpc, with the NUL. */
#define CMDLINE_SIZE 2048

typedef struct CmdlineWord {
	char *name;
	char *value; /* NULL = a bare word */
	/* Of the four that take CPUs away, where blanks have torn the list; else NULL. */
	char *stray; /* the words behind this one that belong to its list: "12-15" */
	char *meant; /* the list without those blanks */
} CmdlineWord;

typedef struct Cmdline {
	GPtrArray *words; /* of CmdlineWord: the kernel's own */
	char *init;	  /* what follows `--`; NULL = there is none */
} Cmdline;

/* Never fails: any text is some line. Yours. */
Cmdline *cmdline_parse(const char *text);
void cmdline_free(Cmdline *cmdline);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cmdline, cmdline_free)

/* Are A and B the same parameter? */
bool cmdline_same(const char *a, const char *b);
/* Is NAME one of NAMES, which end in NULL? */
bool cmdline_listed(const char *const *names, const char *name);
/* The four that take CPUs away: "isolcpus", …, NULL. */
extern const char *const cmdline_cpu_names[];
/* The last word of that NAME, NULL. */
const CmdlineWord *cmdline_last(const Cmdline *cmdline, const char *name);

typedef enum ListFault { LIST_GOOD, LIST_MALFORMED, LIST_OUT_OF_RANGE } ListFault;

/* Which grammar of lists and flags a kernel has; by its release, NULL = the newest. What is not
 * known of a vendor's it is taken to have (feature.h). */
typedef struct CmdlineKernel {
	bool all, last;		   /* `all`, `N` */
	bool flags, managed, skip; /* isolcpus' flags, managed_irq, unknown flags are skipped */
	bool one_mask;		   /* before 5.18 */
} CmdlineKernel;
CmdlineKernel cmdline_kernel(const char *release);

/*
 * Read TEXT as this kernel reads a list of CPUs below BITS into SET, which is zeroed first; on a
 * fault SET holds the regions before it.
 */
ListFault cmdline_list(const char *text, unsigned bits, const CmdlineKernel *kernel,
		       hwloc_bitmap_t set);

/* What became of a parameter. */
typedef enum Outcome {
	OUTCOME_ABSENT,	      /* not on the line, or without a value */
	OUTCOME_TAKEN,	      /* as asked */
	OUTCOME_MALFORMED,    /* the list is none to this kernel */
	OUTCOME_OUT_OF_RANGE, /* it names CPUs this machine cannot have */
	OUTCOME_MISMATCH,     /* dropped: another parameter came first with another set */
	OUTCOME_NO_COMMON,    /* dropped: with the one that came first no CPU were left */
} Outcome;

typedef struct CmdlineEffect {
	Outcome outcome;      /* of the first that is given */
	char *value;	      /* as on the line; NULL = absent */
	hwloc_bitmap_t asked; /* the list, read generously; empty where it cannot be read */
	unsigned times;	      /* how often it is given */
	bool differs;	      /* given more than once, and not the same each time */
	bool keyword;	      /* its list has `all` or `N` */
	bool torn;	      /* blanks have torn it */
	bool astray;	      /* the kernel read none of it, or a part: `asked` is what was meant */
	/* isolcpus alone */
	bool flagged, domain, tick, managed; /* any flag at all; which, read generously */
	char *unknown_flag;		     /* the first word that is none; NULL */
} CmdlineEffect;

typedef struct CmdlineEffects {
	CmdlineEffect isolcpus, nohz_full, rcu_nocbs, irqaffinity;
	/* What the kernel then has: taken from the scheduler, without ticks, with RCU callbacks
	 * offloaded, and where interrupts go by default (NULL = not said). */
	hwloc_bitmap_t domain, tick, rcu, irq;
	hwloc_bitmap_t nocbs; /* of rcu, what rcu_nocbs does by itself */
} CmdlineEffects;

/* Is EFFECT of a list that the kernel refused? */
bool cmdline_refused(const CmdlineEffect *effect);
/* The same, or of one that went astray? */
bool cmdline_broken(const CmdlineEffect *effect);

/*
 * What a kernel of RELEASE (NULL = not known: as the newest) with the POSSIBLE CPUs (NULL = not
 * known: any), of which some are PRESENT (NULL = all), does with CMDLINE. The boot CPU is CPU 0.
 * Yours.
 */
CmdlineEffects *cmdline_effects(const Cmdline *cmdline, const char *release,
				hwloc_const_bitmap_t possible, hwloc_const_bitmap_t present);
/* The kernel did not read LIST (NULL = not known) of NAME, one of cmdline_cpu_names, where it
 * stands. That of a word that blanks have torn cmdline_effects() finds. */
void cmdline_effects_astray(CmdlineEffects *effects, const char *name, const char *list,
			    hwloc_const_bitmap_t possible);
void cmdline_effects_free(CmdlineEffects *effects);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmdlineEffects, cmdline_effects_free)

#endif
