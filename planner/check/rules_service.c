/* SPDX-License-Identifier: MIT */
/* Rules over services that undo a plan. */
#include "planner/check/fence.h"
#include "planner/check/rules_found.h"
#include "planner/check/rules_table.h"

#include <string.h>

static void affinity_check(const Rule *rule, const Audit *audit, GPtrArray *findings,
			   const char *value, const char *what, const char *evidence)
{
	g_auto(CpuSet) set = systemd_cpus(value);
	g_auto(CpuSet) hit = set ? set_and(set, audit->isolated) : set_new();
	g_autofree char *list = set_text(hit);

	if (!hwloc_bitmap_iszero(hit))
		rule_found(rule, findings, "services", evidence, hit,
			   "%s=%s lets every service use isolated CPUs %s", what, value, list);
}

static void eval_systemd(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	GHashTable *settings = audit->facts->services->systemd;
	const char *value = settings ? g_hash_table_lookup(settings, "CPUAffinity") : NULL;
	const CmdlineWord *word =
		audit->cmdline ? cmdline_last(audit->cmdline, "systemd.cpu_affinity") : NULL;
	g_auto(CpuSet) by_line = systemd_cpus(word ? word->value : NULL);

	/* As systemd_affinity(): a word that is no list leaves the setting as it is. */
	if (by_line)
		affinity_check(rule, audit, findings, word->value, "systemd.cpu_affinity",
			       "/proc/cmdline");
	else if (value)
		affinity_check(rule, audit, findings, value, "CPUAffinity",
			       "/etc/systemd/system.conf");
}

const Rule rule_service_systemd_affinity = {
	.id = "service.systemd-affinity",
	.severity = SEVERITY_ERROR,
	.title = "systemd puts services on isolated CPUs",
	.sees = "CPUAffinity= of system.conf and its drop-ins, and systemd.cpu_affinity= on the "
		"kernel line, which overrides it, against the isolated CPUs.",
	.why = "systemd starts with the complement of isolcpus; this setting puts it and "
	       "everything it starts back onto isolated CPUs.",
	.remedy = "list only host CPUs, or remove the setting",
	.fixes = &fixes_affinity,
	.source = "systemd-system.conf(5), systemd(1) systemd.cpu_affinity (245)",
	.when = WHEN_ISOLATED,
	.needs = FACT_SERVICES,
	.eval = eval_systemd,
};

static void eval_tuned(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	static const char *const profiles[] = {"realtime", "cpu-partitioning"};
	const ServiceFacts *services = audit->facts->services;
	const char *profile = services->tuned_profile;

	/* A PerformanceProfile writes its profile and the line alike. */
	if (!profile || audit->facts->platform == PLATFORM_OPENSHIFT)
		return;
	for (char **name = services->tuned_included; *name; name++)
		for (unsigned i = 0; i < G_N_ELEMENTS(profiles); i++) {
			bool same = g_str_has_prefix(profile, *name);

			if (!g_str_has_prefix(*name, profiles[i]))
				continue;
			rule_found(rule, findings, "services", "/etc/tuned/active_profile", NULL,
				   "tuned profile '%s'%s%s%s isolates CPUs by settings of its own",
				   profile, same ? "" : ", which includes '", same ? "" : *name,
				   same ? "" : "',");
			return;
		}
}

const Rule rule_service_tuned_profile = {
	.id = "service.tuned-profile",
	.severity = SEVERITY_WARNING,
	.title = "tuned isolates CPUs as well",
	.sees = "The active tuned profile and those that it includes: realtime* and "
		"cpu-partitioning*; not on OpenShift, whose PerformanceProfile writes its own.",
	.why = "These profiles write isolcpus, nohz_full and rcu_nocbs into the boot loader's "
	       "configuration, and workqueue masks, from isolated_cores of their own file; two "
	       "tools that write one line cause duplicates. They also set ple_gap=0, which hurts "
	       "overcommitted VMs.",
	.remedy = "give the profile the plan's CPUs in its variables file, or use a profile "
		  "without isolation such as virtual-host",
	.source = "tuned profiles/realtime, profiles/cpu-partitioning (2.25)",
	.when = WHEN_PLAN | WHEN_ISOLATED,
	.needs = FACT_SERVICES,
	.eval = eval_tuned,
};

/* Daemons that move pinned VMs' tasks and memory. */
static void eval_mover(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	static const char *const movers[] = {"numad", "ksmtuned"};
	const GArray *tasks = audit->facts->tasks->tasks;

	for (unsigned m = 0; m < G_N_ELEMENTS(movers); m++)
		for (unsigned i = 0; i < tasks->len; i++) {
			const Task *task = &g_array_index(tasks, Task, i);

			if (task->kernel || task->pid != task->tid ||
			    g_strcmp0(task->comm, movers[m]) != 0)
				continue;
			rule_found(rule, findings, "services", "/proc/PID/comm", NULL,
				   "%s runs (pid %u)", movers[m], task->pid);
			break;
		}
}

const Rule rule_service_mover = {
	.id = "service.mover",
	.severity = SEVERITY_WARNING,
	.title = "A daemon moves VMs or merges their memory",
	.sees = "Running processes called numad or ksmtuned.",
	.why = "numad sets the affinity of processes it finds busy and moves their memory; "
	       "ksmtuned merges pages, and the resulting faults stall a dedicated VM.",
	.remedy = "stop it on nodes with dedicated VMs",
	.source = "numad(8); ksmtuned",
	.when = WHEN_ISOLATED | WHEN_GUESTS,
	.needs = FACT_TASKS,
	.eval = eval_mover,
};
