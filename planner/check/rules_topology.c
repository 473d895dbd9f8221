/* SPDX-License-Identifier: MIT */
/* Rules over the machine itself: is it the one planned for, and are its cores whole? */
#include "planner/base/subject.h"
#include "planner/check/rules_sides.h"
#include "planner/check/rules_table.h"

/* What makes the two fingerprints differ, as far as it shows. */
static char *rules_topology_difference(const Host *planned, const Host *found)
{
	g_auto(CpuSet) gone = set_minus(planned->online, found->online);
	g_auto(CpuSet) come = set_minus(found->online, planned->online);
	g_autofree char *less = set_text(gone), *more = set_text(come);

	if (planned->max_threads > 1 && found->max_threads == 1 &&
	    planned->cores->len == found->cores->len)
		return g_strdup_printf("SMT is off: CPUs %s are gone", less);
	if (!hwloc_bitmap_iszero(gone) || !hwloc_bitmap_iszero(come))
		return g_strdup_printf("CPUs gone: %s, CPUs new: %s", less, more);
	if (planned->nodes->len != found->nodes->len)
		return g_strdup_printf(
			"the plan has %u NUMA nodes, the machine %u: the sub-NUMA mode changed",
			planned->nodes->len, found->nodes->len);
	if (planned->cores->len != found->cores->len)
		return g_strdup_printf("the plan has %u cores, the machine %u", planned->cores->len,
				       found->cores->len);
	return g_strdup("the same CPUs are numbered or grouped differently");
}

static void eval_differs(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	const Host *planned = (audit->plan ? audit->plan : audit->foreign)->host;
	const Host *found = audit->facts->host;
	g_autofree char *what = NULL;

	if (audit->foreign) {
		rule_found_fix(rule, findings, "topology", "/sys/devices/system/cpu", NULL,
			       "check it against the plan of this machine: 'planner adopt' writes "
			       "its inventory",
			       "this is another machine: the plan has %d CPUs in %u cores, this "
			       "one has %d in %u; nothing else is compared with the plan",
			       hwloc_bitmap_weight(planned->online), planned->cores->len,
			       hwloc_bitmap_weight(found->online), found->cores->len);
		return;
	}
	if (!found || planned == found || g_str_equal(planned->fingerprint, found->fingerprint))
		return;
	what = rules_topology_difference(planned, found);
	rule_found(rule, findings, "topology", "/sys/devices/system/cpu", NULL,
		   "this is not the machine that the plan was made for: %s", what);
}

const Rule rule_topology_differs = {
	.id = "topology.differs",
	.severity = SEVERITY_ERROR,
	.title = "The machine is not the one that the plan was made for",
	.sees = "The fingerprint of cores, threads, caches and NUMA nodes against the plan's. If "
		"more than a quarter of the CPUs differ, it is another machine, and no other rule "
		"compares it with the plan.",
	.why = "If SMT is off, a CPU is gone, or the numbering or the sub-NUMA mode changed, the "
	       "plan's CPU numbers mean other cores: VMs share cores that the plan keeps apart.",
	.remedy = "restore the firmware settings, or plan again for the machine as it is now",
	.source = "hwloc topology of the node; Documentation/admin-guide/cputopology.rst",
	.when = WHEN_PLAN,
	.needs = FACT_TOPOLOGY,
	.eval = eval_differs,
};

static void eval_split(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	g_auto(CpuSet) cpus = set_new(), wanted = set_new();
	Naming naming = {0};
	g_autofree char *text = NULL;

	hwloc_bitmap_or(wanted, audit->quiet, audit->lost);
	for (unsigned i = 0; audit->host && i < audit->host->cores->len; i++) {
		const Core *core = host_core(audit->host, i);
		unsigned n = threads_in(core, wanted);
		g_autofree char *name = siblings_name(core);

		if (!n || n == core->n_cpus)
			continue;
		naming_add(&naming, name);
		for (unsigned t = 0; t < core->n_cpus; t++)
			hwloc_bitmap_set(cpus, core->cpu[t]);
	}
	text = naming_end(&naming);
	if (*text)
		rule_found(rule, findings, "topology", "/sys/devices/system/cpu/isolated", cpus,
			   "only some threads of the cores with CPUs %s are isolated", text);
}

const Rule rule_topology_core_split = {
	.id = "topology.core-split",
	.severity = SEVERITY_ERROR,
	.title = "A core is split between isolated and not",
	.sees = "The threads of each core against the CPUs isolated by isolcpus or a partition.",
	.why = "Threads of a core share its pipelines and caches: host work on one slows the VM on "
	       "the other, and may leak data to it.",
	.remedy = "isolate whole cores: 'planner emit cmdline'",
	.fixes = &fixes_line,
	.source = "Documentation/admin-guide/hw-vuln/core-scheduling.rst",
	.when = WHEN_ISOLATED,
	.needs = FACT_TOPOLOGY | FACT_ISOLATED,
	.eval = eval_split,
};

/* A saved plan that knows of it calls the core stranded; one made for the node as it is now does so
 * without anybody having meant it. */
static bool rules_topology_used(const Audit *audit, unsigned index)
{
	const Core *core = host_core(audit->host, index);
	Role role;

	if (!audit->plan)
		return threads_in(core, audit->isolated) > 0;
	if (index >= audit->plan->roles->len || audit->plan->host->cores->len <= index)
		return false;
	role = g_array_index(audit->plan->roles, Role, index);
	return role != ROLE_HOST && (role != ROLE_STRANDED || audit->plan->host == audit->host);
}

/* Is a VM pinned to each CPU that is offline? Then vm.pin-offline says it. The kernel does
 * not tell which core an offline CPU is of. */
static bool offline_pinned(const Audit *audit)
{
	hwloc_const_bitmap_t present = audit->facts->kernel->present;
	g_auto(CpuSet) gone = present ? set_minus(present, audit->online) : set_new();
	g_auto(CpuSet) pinned = pins_offline(audit);

	return !hwloc_bitmap_iszero(gone) && hwloc_bitmap_isincluded(gone, pinned);
}

static void eval_sibling(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	g_auto(CpuSet) cpus = set_new();
	g_autofree char *list = NULL;
	const char *on = smt_on(audit);
	g_autofree char *fix = on ? g_strconcat(on, "; or plan with SMT off", NULL) : NULL;

	/* Nova takes the CPUs offline that no VM has. */
	if (!on && (audit->facts->platform == PLATFORM_OPENSTACK || offline_pinned(audit)))
		return;
	for (unsigned i = 0; audit->host && i < audit->host->cores->len; i++)
		if (host_core(audit->host, i)->partial && rules_topology_used(audit, i))
			hwloc_bitmap_set(cpus, host_core(audit->host, i)->cpu[0]);
	list = set_text(cpus);
	if (!hwloc_bitmap_iszero(cpus))
		rule_found_fix(rule, findings, "topology", "/sys/devices/system/cpu/online", cpus,
			       fix ? fix : rule->remedy, "siblings of CPUs %s are offline%s%s",
			       list, on ? ": smt/control is " : "",
			       on ? audit->facts->kernel->smt_control : "");
}

const Rule rule_topology_sibling_offline = {
	.id = "topology.sibling-offline",
	.severity = SEVERITY_WARNING,
	.title = "An isolated core has an offline sibling",
	.sees = "Isolated cores with a thread that is present but not online; not if a saved plan "
		"calls them stranded, and not on OpenStack, whose cpu_power_management takes "
		"unused "
		"CPUs offline; nor where VMs are pinned to all CPUs that are offline. "
		"/sys/devices/system/cpu/smt/control says whether SMT is off.",
	.why = "The sibling may come back online at any time, without isolation, next to a VM that "
	       "relies on a whole core.",
	.remedy = "bring it online, or plan with it offline: the core is then stranded",
	.fixes = &fixes_sibling,
	.source = "/sys/devices/system/cpu/cpuN/online",
	.when = WHEN_ISOLATED,
	.needs = FACT_TOPOLOGY,
	.eval = eval_sibling,
};
