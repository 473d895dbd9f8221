/* SPDX-License-Identifier: MIT */
/*
 * systemd: what it starts stays on the host's CPUs. CPUAffinity= is the default of processes, which
 * may leave it; AllowedCPUs= of a slice is a cpuset, which they may not (systemd 244, cgroup v2
 * only; elsewhere it does nothing).
 */
#include "planner/artifacts/artifact.h"
#include "planner/kernel/feature.h"

#define RELOAD "systemctl daemon-reload"

static const ArtifactValue host_values[] = {{"head", TEMPLATE_RAW, fill_head},
					    {"host", TEMPLATE_LINE, fill_host},
					    {NULL, TEMPLATE_RAW, NULL}};

const Artifact artifact_affinity = {
	.name = "systemd-affinity",
	.help = "services start on the host CPUs",
	.of_host = true,
	.path = "/etc/systemd/system.conf.d/planner.conf",
	.activation = ACTIVATE_REBOOT,
	.activate = "systemctl daemon-reexec; running services keep their CPUs until restarted",
	.apply = "systemctl daemon-reexec",
	.undo = "systemctl daemon-reexec",
	.unfit = unfit_without_isolated,
	.template = "services/affinity.conf",
	.values = host_values,
};

const Artifact artifact_system_slice = {
	.name = "system-slice",
	.help = "system services cannot leave the host CPUs",
	.of_host = true,
	.path = "/etc/systemd/system/system.slice.d/planner.conf",
	.activation = ACTIVATE_RELOAD,
	.activate = RELOAD,
	.apply = RELOAD,
	.undo = RELOAD,
	.unfit = unfit_without_isolated,
	.template = "services/slice.conf",
	.values = host_values,
};

const Artifact artifact_user_slice = {
	.name = "user-slice",
	.help = "logins cannot leave the host CPUs",
	.of_host = true,
	.path = "/etc/systemd/system/user.slice.d/planner.conf",
	.activation = ACTIVATE_RELOAD,
	.activate = RELOAD,
	.apply = RELOAD,
	.undo = RELOAD,
	.unfit = unfit_without_isolated,
	.template = "services/slice.conf",
	.values = host_values,
};

/* VMs need the host's CPUs too: their emulator and I/O threads run there. */
static char *machine_list(Fill *f)
{
	return fill_list(f->plan,
			 1 << ROLE_HOST | 1 << ROLE_SHARED | 1 << ROLE_DEDICATED | 1 << ROLE_FREE);
}

static const ArtifactValue machine_values[] = {{"head", TEMPLATE_RAW, fill_head},
					       {"machine", TEMPLATE_LINE, machine_list},
					       {NULL, TEMPLATE_RAW, NULL}};

const Artifact artifact_machine_slice = {
	.name = "machine-slice",
	.help = "VMs cannot run on the SDK's CPUs",
	.of_host = true,
	.path = "/etc/systemd/system/machine.slice.d/planner.conf",
	.activation = ACTIVATE_RELOAD,
	.activate = RELOAD,
	.apply = RELOAD,
	.undo = RELOAD,
	.unfit = unfit_without_sdk,
	.template = "services/machine.conf",
	.values = machine_values,
};

/* An isolated partition's CPUs are its own alone (cgroup v2); without one, the threads that do not
 * poll belong on the host's CPUs. */
static char *sdk_list(Fill *f)
{
	return plan_is_cpuset(f->plan) ? fill_sdk(f)
				       : fill_list(f->plan, 1 << ROLE_SDK | 1 << ROLE_HOST);
}

static char *sdk_nodes(Fill *f)
{
	g_auto(CpuSet) nodes = hwloc_bitmap_alloc();

	for (unsigned i = 0; i < f->plan->host->nodes->len; i++) {
		const NumaNode *node = host_node(f->plan->host, i);

		if (hwloc_bitmap_intersects(node->cpus, f->plan->cpus[ROLE_SDK]))
			hwloc_bitmap_set(nodes, node->id);
	}
	return cpulist_format(nodes);
}

static const ArtifactValue sdk_values[] = {{"head", TEMPLATE_RAW, fill_head},
					   {"cpus", TEMPLATE_LINE, sdk_list},
					   {NULL, TEMPLATE_RAW, NULL}};

const Artifact artifact_sdk_slice = {
	.name = "sdk-slice",
	.help = "where services that poll (DPDK, SPDK, Open vSwitch) belong",
	.of_host = true,
	.path = "/etc/systemd/system/sdk.slice",
	.activation = ACTIVATE_RELOAD,
	.activate = RELOAD ", and Slice=sdk.slice in the services that poll",
	.apply = RELOAD,
	.undo = RELOAD,
	.unfit = unfit_without_sdk,
	.template = "services/sdk.slice",
	.values = sdk_values,
};

/* The kernel's rules for partitions leave no room for libvirt's: a VM's emulator threads need host
 * CPUs, its vCPUs isolated ones, and both are in one cgroup, whose CPUs a partition would own. */
static const char *unfit_partition(const Plan *plan, const PlanVm *vm)
{
	if (!plan_is_cpuset(plan))
		return "the plan isolates by isolcpus, not by cpuset";
	if (kernel_has(plan->node->kernel, KERNEL_CPUSET_ISOLATED) == TRISTATE_NO)
		return "isolated cpuset partitions need kernel 6.1";
	return unfit_without_sdk(plan, vm);
}

static const ArtifactValue partition_values[] = {{"head", TEMPLATE_RAW, fill_head},
						 {"sdk", TEMPLATE_LINE, fill_sdk},
						 {NULL, TEMPLATE_RAW, NULL}};

const Artifact artifact_sdk_partition = {
	.name = "sdk-partition",
	.help = "the SDK's CPUs as an isolated cgroup v2 partition",
	.of_host = true,
	.path = "/etc/systemd/system/planner-sdk-partition.service",
	.activation = ACTIVATE_RELOAD,
	.activate = RELOAD " && systemctl enable --now planner-sdk-partition.service",
	.apply = RELOAD " && systemctl enable --now planner-sdk-partition.service",
	.stop = "systemctl disable --now planner-sdk-partition.service",
	.undo = RELOAD,
	.unfit = unfit_partition,
	.template = "services/partition.service",
	.values = partition_values,
};

/* libcgroup, for hosts where systemd does not own the cpuset hierarchy. */
static const ArtifactValue cgconfig_values[] = {{"head", TEMPLATE_RAW, fill_head},
						{"sdk", TEMPLATE_LINE, fill_sdk},
						{"nodes", TEMPLATE_LINE, sdk_nodes},
						{NULL, TEMPLATE_RAW, NULL}};

const Artifact artifact_cgconfig = {
	.name = "cgconfig",
	.help = "libcgroup: a cpuset for the SDK where no systemd slice holds it",
	.path = "/etc/cgconfig.d/planner.conf",
	.activation = ACTIVATE_RELOAD,
	.activate = "cgconfigparser -l /etc/cgconfig.d/planner.conf",
	.undo = "cgdelete cpuset:sdk",
	.unfit = unfit_without_sdk,
	.template = "services/cgconfig.conf",
	.values = cgconfig_values,
};
