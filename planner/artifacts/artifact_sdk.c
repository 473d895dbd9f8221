/* SPDX-License-Identifier: MIT */
/* The SDK's CPUs as DPDK, SPDK and Open vSwitch take them. */
#include "planner/artifacts/artifact.h"

/* "0x…" of any width. */
static char *mask_of(hwloc_const_bitmap_t cpus)
{
	char *text = NULL;
	char *mask;

	hwloc_bitmap_taskset_asprintf(&text, cpus);
	mask = g_strdup(text);
	free(text);
	return mask;
}

static char *sdk_mask(Fill *f)
{
	return mask_of(f->plan->cpus[ROLE_SDK]);
}

/* "0@4,1@9": lcores numbered from 0, for CPUs beyond DPDK's RTE_MAX_LCORE (128 by default). */
static char *artifact_sdk_lcores(Fill *f)
{
	GString *map = g_string_new(NULL);
	unsigned cpu, n = 0;

	hwloc_bitmap_foreach_begin(cpu, f->plan->cpus[ROLE_SDK])
		g_string_append_printf(map, "%s%u@%u", n ? "," : "", n, cpu);
		n++;
	hwloc_bitmap_foreach_end();
	return g_string_free(map, FALSE);
}

static const ArtifactValue dpdk_values[] = {{"head", TEMPLATE_RAW, fill_head},
					    {"sdk", TEMPLATE_SHELL, fill_sdk},
					    {"mask", TEMPLATE_SHELL, sdk_mask},
					    {"lcores", TEMPLATE_SHELL, artifact_sdk_lcores},
					    {NULL, TEMPLATE_RAW, NULL}};

const Artifact artifact_dpdk = {
	.name = "dpdk",
	.help = "DPDK's core list and mask, as an environment file",
	.of_host = true,
	.path = "/etc/planner/dpdk.env",
	.activation = ACTIVATE_RESTART,
	.activate = "EnvironmentFile=/etc/planner/dpdk.env in the service, and restart it",
	.unfit = unfit_without_sdk,
	.template = "sdk/dpdk.env",
	.values = dpdk_values,
};

/* SPDK hands both forms to DPDK, which numbers lcores as CPUs then. */
static char *spdk_beyond(Fill *f)
{
	g_autofree char *lcores = artifact_sdk_lcores(f);

	if (hwloc_bitmap_last(f->plan->cpus[ROLE_SDK]) < 128)
		return g_strdup("");
	return fill(f, "sdk/spdk-beyond.env",
		    (const TemplateValue[]){{"lcores", lcores, TEMPLATE_SHELL}, FILL_END});
}

static const ArtifactValue spdk_values[] = {{"head", TEMPLATE_RAW, fill_head},
					    {"sdk", TEMPLATE_SHELL, fill_sdk},
					    {"beyond", TEMPLATE_RAW, spdk_beyond},
					    {"mask", TEMPLATE_SHELL, sdk_mask},
					    {NULL, TEMPLATE_RAW, NULL}};

const Artifact artifact_spdk = {
	.name = "spdk",
	.help = "SPDK's core mask, as an environment file",
	.of_host = true,
	.path = "/etc/planner/spdk.env",
	.activation = ACTIVATE_RESTART,
	.activate = "EnvironmentFile=/etc/planner/spdk.env in the service, and restart it",
	.unfit = unfit_without_sdk,
	.template = "sdk/spdk.env",
	.values = spdk_values,
};

/* DPDK's own threads in ovs-vswitchd do not poll: the lowest host CPU is enough for them. */
static char *lcore_mask(Fill *f)
{
	g_auto(CpuSet) lowest = hwloc_bitmap_alloc();

	hwloc_bitmap_only(lowest, (unsigned)MAX(hwloc_bitmap_first(f->plan->cpus[ROLE_HOST]), 0));
	return mask_of(lowest);
}

static const ArtifactValue ovs_values[] = {{"head", TEMPLATE_RAW, fill_head},
					   {"sdk", TEMPLATE_LINE, fill_sdk},
					   {"pmd", TEMPLATE_SHELL, sdk_mask},
					   {"lcore", TEMPLATE_SHELL, lcore_mask},
					   {NULL, TEMPLATE_RAW, NULL}};

const Artifact artifact_ovs = {
	.name = "ovs",
	.help = "Open vSwitch: its polling threads on the SDK's CPUs",
	.of_host = true,
	.path = "/usr/local/sbin/planner-ovs",
	.script = true,
	.activation = ACTIVATE_RESTART,
	.activate = "/usr/local/sbin/planner-ovs, then restart Open vSwitch for dpdk-lcore-mask",
	.unfit = unfit_without_sdk,
	.template = "sdk/ovs.sh",
	.values = ovs_values,
};
