/* SPDX-License-Identifier: MIT */
/* What rules find with: findings that carry their evidence, lists that stay short, sides of a VM.
 */
#ifndef PLANNER_CHECK_RULES_FOUND_H
#define PLANNER_CHECK_RULES_FOUND_H

#include "planner/base/naming.h"
#include "planner/check/rules.h"

/*
 * RULE holds for SUBJECT, seen in EVIDENCE; CPUS (NULL or empty = none) are in trouble. The rule
 * gives severity, reason and remedy; TEXT is a printf format for what was seen.
 */
G_GNUC_PRINTF(6, 7)
void rule_found(const Rule *rule, GPtrArray *findings, const char *subject, const char *evidence,
		hwloc_const_bitmap_t cpus, const char *text, ...);
/* The same with a remedy of its own, FIX. */
G_GNUC_PRINTF(7, 8)
void rule_found_fix(const Rule *rule, GPtrArray *findings, const char *subject,
		    const char *evidence, hwloc_const_bitmap_t cpus, const char *fix,
		    const char *text, ...);
/* The same of a VM. */
G_GNUC_PRINTF(6, 7)
void rule_found_vm(const Rule *rule, GPtrArray *findings, const AuditVm *vm, const char *evidence,
		   hwloc_const_bitmap_t cpus, const char *text, ...);
/* The same, but whether it holds cannot be told. */
G_GNUC_PRINTF(5, 6)
void rule_unknown(const Rule *rule, GPtrArray *findings, const char *subject, const char *evidence,
		  const char *text, ...);

/* Put FINDING of RULE into the words of the platform that its VM, or the node, is of; what that
 * platform arranges so on purpose is no worse than the rule says, and what the plan warned of
 * itself, of a VM that runs as planned, no worse than it said. */
void rule_suit(const Rule *rule, const Audit *audit, Finding *finding);

/* Is NOTE, one of FACTS', told of by a rule that is unknown for it, or only of facts that none of
 * NEEDED is? */
bool note_is_told(const Facts *facts, unsigned needed, const Unread *note);

/* RULE holds for SUBJECT where CPUS (NULL = not known) meet the isolated ones but those EXCEPT
 * (NULL = none): "WHAT isolated CPUs 2-3", which are in trouble. */
void rule_found_on_isolated(const Rule *rule, const Audit *audit, GPtrArray *findings,
			    const char *subject, const char *evidence, hwloc_const_bitmap_t cpus,
			    const char *what, hwloc_const_bitmap_t except);

/* Sets. All are yours. */
hwloc_bitmap_t set_new(void);
hwloc_bitmap_t set_and(hwloc_const_bitmap_t a, hwloc_const_bitmap_t b);
hwloc_bitmap_t set_minus(hwloc_const_bitmap_t a, hwloc_const_bitmap_t b);
/* The set as text, "none" when empty. */
char *set_text(hwloc_const_bitmap_t set);
bool set_meets(hwloc_const_bitmap_t a, hwloc_const_bitmap_t b); /* NULL meets nothing */
bool set_same(hwloc_const_bitmap_t a, hwloc_const_bitmap_t b);
/* Has it exactly one CPU? */
bool set_single(hwloc_const_bitmap_t set);

/* The sides of a VM. */
extern const char *const side_names[]; /* "live XML", "inactive XML", "/proc/PID/task/TID/status" */
bool guest_has(const Guest *guest, Side side);
/* Is there a document of GUEST that says, by silence too, where its threads may run now? */
bool guest_told(const Guest *guest);
/* Was something read that says how GUEST is set up: an XML, or, unlisted, its command line? */
bool guest_settled(const Guest *guest);
/*
 * The pin element, NULL = none; and with the <vcpu cpuset> where there is none. On SIDE_REAL both
 * are what the kernel allows a thread that no live XML speaks of, NULL where that is every CPU: a
 * thread that is bound to one CPU is pinned, whoever bound it.
 */
hwloc_const_bitmap_t thread_pin(const Audit *audit, const Guest *guest, const GuestThread *thread,
				Side side);
hwloc_const_bitmap_t thread_place(const Audit *audit, const Guest *guest, const GuestThread *thread,
				  Side side);
/* What it is pinned to while it runs, by whomever; where it does not run, for its next start. */
hwloc_const_bitmap_t thread_pin_now(const Audit *audit, const Guest *guest,
				    const GuestThread *thread);
hwloc_const_bitmap_t guest_cpuset(const Guest *guest, Side side);
const GuestThread *guest_thread(const GArray *threads, unsigned i);
/* What counts for a VM: live while it runs, its threads where no XML says, else the next start. */
Side guest_side(const Guest *guest);

/* May A and B not run at once, since their vCPUs are pinned to the same cores? Only where one of
 * them is shut off, and no plan has both. */
bool vms_exclude(const Audit *audit, const AuditVm *a, const AuditVm *b);
/* Does it count for either that they have the same CPUs: do both run, or has the plan both? */
bool vms_at_once(const AuditVm *a, const AuditVm *b);
/* All CPUs of the cores that CPUS are on; yours. */
hwloc_bitmap_t cores_of(const Host *host, hwloc_const_bitmap_t cpus);

/* Where its vCPUs with a real-time scheduler may run. Yours. */
hwloc_bitmap_t vm_realtime_cpus(const AuditVm *vm);

/* The processes that are VMs: a set of pids. Yours. */
GHashTable *guest_pids(const Audit *audit);

/* The -overcommit arguments as that QEMU reads them (NULL = version not known). */
bool overcommit_on(char **arguments, const char *option, const char *qemu);
/* The values of -overcommit on a command line; yours. */
char **overcommit_of(char **argv);

/* What people write for "=" in the kernel line. */
#define LINE_WRONG_SIGNS ":;,"
/* What the word NAME of the kernel line was meant to be; NULL where it is a parameter, or near to
 * none. */
const char *line_word_meant(const char *name);
/* Did the kernel refuse a list of isolcpus, nohz_full or rcu_nocbs? Then that is what is found, and
 * what follows from it is not. */
bool lists_refused(const Audit *audit);

/* The value of the sysctl GROUP.NAME, NULL where it was not read. */
const char *sysctl_value(const Facts *facts, const char *group, const char *name);

/* The same of KVM's parameter NAME, "kvm_intel.ple_gap"; and does such a VALUE say yes? */
const char *kvm_value(const Facts *facts, const char *name);
bool kvm_value_on(const char *value);

/* The VM that the device of IRQ is passed through to; NULL. */
const AuditVm *irq_owner(const Audit *audit, const Irq *irq);

/* Where SMT is off, what turns it on; NULL = it is on, or nothing says. */
const char *smt_on(const Audit *audit);
/* Of a core's threads, how many are in SET? */
unsigned threads_in(const Core *core, hwloc_const_bitmap_t set);
/* The NUMA nodes (OS indexes) that CPUS are on; yours. */
hwloc_bitmap_t host_nodes_of(const Host *host, hwloc_const_bitmap_t cpus);

#endif
