/* SPDX-License-Identifier: MIT */
/*
 * Rules: what an audit looks for. A rule is a pure function over an Audit, that is, what was
 * intended (plan, inventory, or neither) and what was found (facts); it adds findings and does
 * nothing else. Its texts are the manual: planner-rules(7) and `planner explain` print them.
 *
 * To add a rule: 1. a `const Rule rule_AREA_WHAT` beside its code in the rules_*.c of its subject;
 * 2. its line in the table of rules_table.c and its declaration in rules_table.h; 3. `UPDATE=1
 * tests/rules.t`, which writes it into man/planner-rules.7; 4. a row in tests/unit/test_rules.c,
 * where it fires and where it does not: a test fails without.
 *
 * A fact that was not read is never a pass: a rule names the facts it `needs`, and for each that is
 * missing there is one finding with VERDICT_UNKNOWN that names the source. Only rules that matter
 * here (`when`) are judged at all.
 */
#ifndef PLANNER_CHECK_RULES_H
#define PLANNER_CHECK_RULES_H

#include "planner/check/fixes.h"
#include "planner/kernel/cmdline.h"
#include "planner/place/plan.h"
#include "topology/facts/facts.h"
#include "topology/facts/sources.h"

/* When a rule matters. */
enum {
	WHEN_PLAN = 1 << 0,	/* a plan or an inventory is given */
	WHEN_NO_PLAN = 1 << 1,	/* none is */
	WHEN_ISOLATED = 1 << 2, /* CPUs are, or shall be, isolated */
	WHEN_GUESTS = 1 << 3,	/* there are VMs, or nobody knows whether there are */
	WHEN_MEASURED = 1 << 4, /* a measurement is given */
};

/* A VM of the node, of the plan, or of both. */
typedef struct AuditVm {
	const char *name;
	char *subject;		 /* "vm NAME" */
	const Guest *guest;	 /* NULL: the node has none of that name */
	const PlanVm *vm;	 /* NULL: the plan has none, or there is no plan */
	bool dedicated;		 /* by the plan, else by its pins: every vCPU on exactly one CPU */
	VmSpec *spec;		 /* what cpupm_judge() reads, from the guest */
	GPtrArray *vcpus;	 /* of hwloc_bitmap_t, by vCPU: where each really may run */
	hwloc_bitmap_t emulator; /* where emulator and I/O threads may */
	hwloc_bitmap_t cpus;	 /* all of vcpus */
	bool unplaced; /* where a thread of it may run could not be read: it is in none of these */
	char *group;   /* the cgroup that its own is made in, as far as there is one */
	Cpupm *cpupm;  /* NULL: no guest, or the topology is not known */
	Tristate pm_next; /* cpu-pm=on for its next start */
	Tristate pm_now;  /* of the QEMU that runs; NO where none does */
} AuditVm;

typedef struct Rule Rule;

typedef struct Measured Measured; /* planner/check/measured.h */

typedef struct Audit {
	const Rule *const *rules;   /* all there are; ended by NULL */
	const Plan *plan;	    /* NULL: none, or that of another machine */
	const Inventory *inventory; /* NULL: none, or that of another machine */
	const Plan *foreign;	    /* the plan, where it is another machine's; NULL */
	const Facts *facts;
	const Measured *measured; /* NULL = none; borrowed, and set by whoever has one */
	const Host *host;	  /* the node's, else the plan's; NULL: neither is known */
	Cmdline *cmdline;	  /* NULL: not read */
	CmdlineEffects *effects;
	Cmdline *next; /* of the next boot; NULL: not known */
	CmdlineEffects *next_effects;
	Cmdline *planned; /* the plan's own line */
	CmdlineEffects *planned_effects;
	hwloc_bitmap_t partitions; /* in isolated cpuset partitions */
	/* What the kernel has: sysfs where it could be read, else what the line makes of it. */
	hwloc_bitmap_t scheduler; /* taken from the scheduler by isolcpus */
	hwloc_bitmap_t quiet;	  /* scheduler and partitions */
	hwloc_bitmap_t tick;	  /* nohz_full */
	hwloc_bitmap_t rcu;	  /* RCU callbacks offloaded */
	/* What is intended: of the plan; without one what the line asks for. */
	hwloc_bitmap_t isolated, host_cpus, sdk_cpus;
	/* Of isolated, what the scheduler or the tick has since a list on the line is broken: that
	 * is found by itself, and what follows from it is not found again. */
	hwloc_bitmap_t lost;
	hwloc_bitmap_t online;
	GHashTable *groups; /* path → const Cgroup *, of the facts */
	GPtrArray *vms;	    /* of AuditVm: the plan's in its order, then the node's others */
	bool unplaced;	    /* one of them is */
} Audit;

/*
 * Where it is said where a VM's threads may run: the document of what runs, that of the next start,
 * and, of threads that the first does not speak of, the threads themselves.
 */
typedef enum Side { SIDE_LIVE, SIDE_NEXT, SIDE_REAL, N_SIDES } Side;

typedef void RuleEval(const Rule *rule, const Audit *audit, GPtrArray *findings);
typedef void RuleEvalVm(const Rule *rule, const Audit *audit, const AuditVm *vm,
			GPtrArray *findings);
typedef void RuleEvalPlanned(const Rule *rule, const Plan *plan, const PlanVm *vm,
			     const char *subject, GPtrArray *findings);
/* What is wrong with the SIDE of VM, yours; NULL if nothing is. CPUs in trouble go into CPUS. */
typedef char *RuleJudge(const Audit *audit, const AuditVm *vm, Side side, hwloc_bitmap_t cpus);

/* What to do about CPUS of VM, where that is more to the point than the remedy; yours, NULL = it is
 * not. */
typedef char *RuleFix(const Rule *rule, const Audit *audit, const AuditVm *vm, Side side,
		      hwloc_const_bitmap_t cpus);

typedef struct LineAdvice LineAdvice; /* planner/check/line_advice.h */

struct Rule {
	const char *id; /* "area.what", stable */
	Severity severity;
	const char *title; /* what is wrong, in a few words */
	const char *sees;  /* what is looked at, and when it fires */
	const char *why;
	const char *remedy; /* a command that names the VM says NAME: a finding puts the VM there */
	const Fixes *fixes; /* the same in the words of platforms; NULL = the remedy will do */
	const LineAdvice *line; /* the remedy names a parameter of the kernel's line; NULL */
	const char *source;	/* where sees and why are from */
	unsigned deliberate;	/* platforms, 1 << each, that arrange it so: at most `at_most`. Of a
				 * VM only where the CPUs are its own, and of no real-time vCPU */
	Severity at_most;
	bool advice; /* no fault: an info, where no plan has it otherwise */
	unsigned when, needs;
	/* One of these. */
	RuleEval *eval;
	RuleEvalVm *eval_vm;	       /* for each VM that the node has */
	RuleEvalPlanned *eval_planned; /* for each VM that has a place in the plan */
	RuleJudge *judge; /* for each side of each of them: one finding where they have the same
			   * fault, one each where they differ */
	RuleFix *fix;	  /* of such findings; NULL = the remedy */
};

/* What to do about RULE on PLATFORM. */
const char *rule_remedy(const Rule *rule, Platform platform);
/* The same for CPUS of the node of AUDIT, as its kernel and the line are; yours. */
char *rule_remedy_here(const Rule *rule, const Audit *audit, Platform platform,
		       hwloc_const_bitmap_t cpus);

/* All rules, by subject; ended by NULL. */
extern const Rule *const rules[];
/* The rule called ID, NULL. */
const Rule *rule_find(const char *id);
/* Does WORD, a rule or an area ("vm" stands for every rule "vm.…"), cover the rule ID? */
bool rule_covered(const char *word, const char *id);
/* Is ID a rule or an area of rules? What --rule, --skip and waivers take. */
bool rule_word_known(const char *id);
/* The id nearest to the misspelt ID, NULL. */
const char *rule_nearest(const char *id);

/* PLAN, INVENTORY and FACTS are borrowed. Yours. */
Audit *audit_new(const Plan *plan, const Inventory *inventory, const Facts *facts);
void audit_free(Audit *audit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Audit, audit_free)

/* Does RULE matter here? */
bool rule_applies(const Rule *rule, const Audit *audit);
/* Judge by RULE, if it matters. */
void rule_run(const Rule *rule, const Audit *audit, GPtrArray *findings);
/* What in PLAN breaks the rules of planning, as the rules plan.… find it: of Finding, sorted.
 * Yours.
 */
GPtrArray *plan_breaches(const Plan *plan);
/* A finding for every fact that RULE needs and that is missing. */
void rule_needs_check(const Rule *rule, const Audit *audit, GPtrArray *findings);

#endif
