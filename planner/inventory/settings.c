/* SPDX-License-Identifier: MIT */
#include "planner/inventory/settings.h"
#include "planner/inventory/inventory.h"
#include "planner/inventory/setting_types.h"

const char *const policy_names[] = {"dedicated", "shared", NULL};
const char *const threads_names[] = {"siblings", "isolate", NULL};
const char *const cpu_mode_names[] = {"host-model", "host-passthrough", "maximum", "custom", NULL};
const char *const isolation_names[] = {"isolcpus", "cpuset", NULL};

static const Inventory inventory_standard = {
	.host = {.by = SPLIT_NODE, .cores = 1},
	.irqaffinity = true,
};

#define INVENTORY_TABLE(name, rows)                                                                \
	static const SettingTable rows##_table = {name, rows, &inventory_standard,                 \
						  sizeof(Inventory)};

/* [node] */

static const Setting node_settings[] = {
	{
		.key = "name",
		.type = &setting_name,
		.offset = offsetof(Inventory, name),
	},
	{
		.key = "kernel",
		.type = &setting_version,
		.offset = offsetof(Inventory, kernel),
	},
	{
		.key = "qemu",
		.type = &setting_version,
		.offset = offsetof(Inventory, qemu),
	},
	{
		.key = "libvirt",
		.type = &setting_version,
		.offset = offsetof(Inventory, libvirt),
	},
	{
		.key = "mwait",
		.type = &setting_tristate,
		.offset = offsetof(Inventory, mwait),
	},
	{0},
};

INVENTORY_TABLE("node", node_settings)

/* [host], [sdk], [shared]: how many cores, or which CPUs, of the CoreRequest ROLE. */

/* clang-format off */
#define CORES(role, fewest)                                                                        \
	{                                                                                          \
		.key = "cores-per-socket",                                                         \
		.type = &setting_cores,                                                            \
		.offset = offsetof(Inventory, role),                                               \
		.way = SPLIT_SOCKET,                                                               \
		.least = (fewest),                                                                 \
		.most = CPULIST_LIMIT,                                                             \
		.flags = SETTING_ALWAYS,                                                           \
	},                                                                                         \
	{                                                                                          \
		.key = "cores-per-node",                                                           \
		.type = &setting_cores,                                                            \
		.offset = offsetof(Inventory, role),                                               \
		.way = SPLIT_NODE,                                                                 \
		.least = (fewest),                                                                 \
		.most = CPULIST_LIMIT,                                                             \
		.flags = SETTING_ALWAYS,                                                           \
	},                                                                                         \
	{                                                                                          \
		.key = "cores",                                                                    \
		.type = &setting_cores,                                                            \
		.offset = offsetof(Inventory, role),                                               \
		.way = SPLIT_MACHINE,                                                              \
		.least = (fewest),                                                                 \
		.most = CPULIST_LIMIT,                                                             \
		.flags = SETTING_ALWAYS,                                                           \
	},                                                                                         \
	{                                                                                          \
		.key = "cpus",                                                                     \
		.type = &setting_cores_cpus,                                                       \
		.offset = offsetof(Inventory, role),                                               \
		.way = SPLIT_CPUS,                                                                 \
		.flags = SETTING_ALWAYS,                                                           \
	}
/* clang-format on */

static const Setting host_settings[] = {
	CORES(host, 1),
	{
		.key = "memory-per-node",
		.type = &setting_memory,
		.offset = offsetof(Inventory, host_memory),
	},
	{0},
};

INVENTORY_TABLE("host", host_settings)

static const Setting sdk_settings[] = {
	CORES(sdk, 0),
	{
		.key = "near",
		.type = &setting_devices,
		.offset = offsetof(Inventory, near),
	},
	{0},
};

INVENTORY_TABLE("sdk", sdk_settings)

static const Setting shared_settings[] = {
	CORES(shared, 0),
	{
		.key = "overcommit",
		.type = &setting_ratio,
		.offset = offsetof(Inventory, overcommit),
		.least = 1,
		.most = 1024,
	},
	{0},
};

INVENTORY_TABLE("shared", shared_settings)

/* [kernel] */

static const Setting kernel_settings[] = {
	{
		.key = "isolation",
		.type = &setting_choice,
		.offset = offsetof(Inventory, isolation),
		.words = isolation_names,
	},
	{
		.key = "flags",
		.type = &setting_flags,
		.offset = offsetof(Inventory, flags),
		.flags = SETTING_EMPTY,
	},
	{
		.key = "irqaffinity",
		.type = &setting_yes_no,
		.offset = offsetof(Inventory, irqaffinity),
	},
	{
		.key = "extra",
		.type = &setting_parameters,
		.offset = offsetof(Inventory, extra),
		.flags = SETTING_EMPTY,
	},
	{0},
};

INVENTORY_TABLE("kernel", kernel_settings)

const SettingTable *const inventory_settings[] = {
	&node_settings_table,	&host_settings_table,	&sdk_settings_table,
	&shared_settings_table, &kernel_settings_table, NULL,
};

/* [partner NAME] */

static const Partner partner_standard = {0};

static const Setting partner_rows[] = {
	{
		.key = "kernel",
		.type = &setting_version,
		.offset = offsetof(Partner, kernel),
		.flags = SETTING_IN_DOCUMENT,
	},
	{
		.key = "qemu",
		.type = &setting_version,
		.offset = offsetof(Partner, qemu),
		.flags = SETTING_IN_DOCUMENT,
	},
	{
		.key = "libvirt",
		.type = &setting_version,
		.offset = offsetof(Partner, libvirt),
		.flags = SETTING_IN_DOCUMENT,
	},
	{
		.key = "mwait",
		.type = &setting_tristate,
		.offset = offsetof(Partner, mwait),
	},
	{0},
};

const SettingTable partner_settings = {
	.section = "partner",
	.settings = partner_rows,
	.standard = &partner_standard,
	.size = sizeof(Partner),
};

/* [vm NAME] */

static void seen_cpu_mode(const Guest *guest, void *field)
{
	CpuMode mode = 0;

	while (mode < CPU_MODE_CUSTOM && g_strcmp0(guest->cpu_mode, cpu_mode_names[mode]) != 0)
		mode++;
	*(CpuMode *)field = mode;
}

static void seen_locked(const Guest *guest, void *field)
{
	*(bool *)field = guest->locked;
}

static const VmSpec vm_standard = {.node = -1, .cpu_pm = true, .count = 1};

static const Setting vm_rows[] = {
	{
		.key = "vcpus",
		.type = &setting_number,
		.offset = offsetof(VmSpec, vcpus),
		.least = 1,
		.most = CPULIST_LIMIT,
		.flags = SETTING_ALWAYS | SETTING_IN_DOCUMENT,
		.what = "vCPUs",
		.cost = COST_RESTART,
	},
	{
		.key = "policy",
		.type = &setting_choice,
		.offset = offsetof(VmSpec, policy),
		.words = policy_names,
		.flags = SETTING_ALWAYS | SETTING_IN_DOCUMENT,
		.cost = COST_RESTART,
	},
	{
		.key = "cpus",
		.type = &setting_vcpu_cpus,
		.offset = offsetof(VmSpec, cpus),
		.flags = SETTING_DERIVED_DOCUMENT | SETTING_DERIVED_DIFF | SETTING_UNASKED,
	},
	{
		.key = "node",
		.type = &setting_index,
		.offset = offsetof(VmSpec, node),
		.most = CPULIST_LIMIT - 1,
		.flags = SETTING_DERIVED_DIFF,
	},
	{
		.key = "memory",
		.type = &setting_memory,
		.offset = offsetof(VmSpec, memory),
		.flags = SETTING_IN_DOCUMENT | SETTING_DERIVED_DIFF,
	},
	{
		.key = "hugepages",
		.type = &setting_page,
		.offset = offsetof(VmSpec, page),
		.flags = SETTING_IN_DOCUMENT,
		.what = "huge pages",
		.cost = COST_RESTART,
	},
	{
		.key = "threads",
		.type = &setting_choice,
		.offset = offsetof(VmSpec, threads),
		.words = threads_names,
		.flags = SETTING_IN_DOCUMENT | SETTING_DERIVED_DIFF,
	},
	{
		.key = "cpu-mode",
		.json = "cpu_mode",
		.type = &setting_choice,
		.offset = offsetof(VmSpec, cpu_mode),
		.words = cpu_mode_names,
		.flags = SETTING_ALWAYS | SETTING_IN_DOCUMENT,
		.what = "CPU mode",
		.cost = COST_RESTART,
		.seen = seen_cpu_mode,
	},
	{
		.key = "cpu-pm",
		.json = "cpu_pm",
		.type = &setting_auto_off,
		.offset = offsetof(VmSpec, cpu_pm),
		.flags = SETTING_DERIVED_DOCUMENT | SETTING_DERIVED_DIFF | SETTING_UNASKED,
	},
	{
		.key = "iothreads",
		.type = &setting_number,
		.offset = offsetof(VmSpec, iothreads),
		.most = IOTHREADS_MAX,
		.flags = SETTING_IN_DOCUMENT,
		.what = "I/O threads",
		.cost = COST_RESTART,
	},
	{
		.key = "locked",
		.type = &setting_yes_no,
		.offset = offsetof(VmSpec, locked),
		.flags = SETTING_IN_DOCUMENT,
		.what = "locked memory",
		.cost = COST_RESTART,
		.seen = seen_locked,
	},
	{
		.key = "count",
		.type = &setting_number,
		.offset = offsetof(VmSpec, count),
		.least = 1,
		.most = INVENTORY_VMS_MAX,
		.flags = SETTING_DERIVED_DOCUMENT | SETTING_DERIVED_DIFF | SETTING_UNASKED,
	},
	{0},
};

static const SettingTable vm_table = {
	.section = "vm",
	.settings = vm_rows,
	.standard = &vm_standard,
	.size = sizeof(VmSpec),
};

const SettingTable *vm_settings = &vm_table;
