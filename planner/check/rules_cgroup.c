/* SPDX-License-Identifier: MIT */
/* Rules over cpuset partitions. */
#include "planner/check/rules_found.h"
#include "planner/check/rules_table.h"

#include <string.h>

static void eval_mixed(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	g_autofree char *boot = set_text(audit->scheduler), *parts = set_text(audit->partitions);

	if (!hwloc_bitmap_iszero(audit->scheduler) && !hwloc_bitmap_iszero(audit->partitions))
		rule_found(rule, findings, "cgroups", "/sys/fs/cgroup", audit->partitions,
			   "CPUs %s are isolated by isolcpus, CPUs %s by cpuset partitions", boot,
			   parts);
}

const Rule rule_cgroup_partitions_mixed = {
	.id = "cgroup.partitions-mixed",
	.severity = SEVERITY_ERROR,
	.title = "isolcpus and cpuset partitions are mixed",
	.sees = "/sys/devices/system/cpu/isolated, and groups whose cpuset.cpus.partition reads "
		"'isolated'.",
	.why = "Creating or removing a partition resets the affinity of tasks in the root group: "
	       "they are then allowed on the CPUs that isolcpus had kept from them. Seen on 6.1 "
	       "and 6.12.",
	.remedy = "choose one: [kernel] isolation = isolcpus or cpuset",
	.source = "kernel/cgroup/cpuset.c update_tasks_cpumask(); seen on 6.1 and 6.12",
	.needs = FACT_ISOLATED | FACT_CGROUPS,
	.eval = eval_mixed,
};

static void eval_invalid(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	const GArray *groups = audit->facts->cgroups->groups;

	for (unsigned i = 0; i < groups->len; i++) {
		const Cgroup *group = &g_array_index(groups, Cgroup, i);
		g_autofree char *evidence = NULL;

		if (!group->partition || !strstr(group->partition, "invalid"))
			continue;
		evidence =
			g_strconcat("/sys/fs/cgroup", group->path, "/cpuset.cpus.partition", NULL);
		rule_found(rule, findings, "cgroups", evidence, group->cpus,
			   "%s is not a partition: %s", group->path, group->partition);
	}
}

const Rule rule_cgroup_partition_invalid = {
	.id = "cgroup.partition-invalid",
	.severity = SEVERITY_ERROR,
	.title = "A cpuset partition is invalid",
	.sees = "cpuset.cpus.partition of every group: 'isolated invalid (REASON)'.",
	.why = "The kernel keeps the request and isolates nothing.",
	.remedy = "fix what the kernel's reason names, then write 'isolated' again",
	.source = "Documentation/admin-guide/cgroup-v2.rst cpuset.cpus.partition",
	.needs = FACT_CGROUPS,
	.eval = eval_invalid,
};

static bool plans_partitions(const Audit *audit)
{
	return !hwloc_bitmap_iszero(audit->plan->isolated) &&
	       hwloc_bitmap_iszero(audit->planned_effects->domain);
}

/*
 * Only the SDK's: libvirt keeps a VM's vCPU and emulator threads in one group, so VMs cannot have a
 * partition; what keeps others off their CPUs are the slices' cpusets.
 */
static void rules_cgroup_eval_missing(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	g_auto(CpuSet) missing = NULL;
	g_autofree char *list = NULL;

	if (!plans_partitions(audit))
		return;
	missing = set_minus(audit->plan->cpus[ROLE_SDK], audit->partitions);
	list = set_text(missing);
	if (!hwloc_bitmap_iszero(missing))
		rule_found(
			rule, findings, "cgroups", "/sys/fs/cgroup", missing,
			"the plan isolates the SDK's CPUs %s by a cpuset partition; none has them",
			list);
}

const Rule rule_cgroup_partition_missing = {
	.id = "cgroup.partition-missing",
	.severity = SEVERITY_ERROR,
	.title = "SDK CPUs are in no isolated partition",
	.sees = "The plan's SDK CPUs against those of valid isolated partitions, if the inventory "
		"says isolation = cpuset. VMs have none: libvirt keeps their emulator threads in "
		"the same group.",
	.why = "The scheduler balances tasks onto these CPUs.",
	.remedy = "create the partition: 'planner emit sdk-partition' writes it",
	.source = "Documentation/admin-guide/cgroup-v2.rst cpuset.cpus.partition",
	.when = WHEN_PLAN,
	.needs = FACT_CGROUPS,
	.eval = rules_cgroup_eval_missing,
};
