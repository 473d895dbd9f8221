/* SPDX-License-Identifier: MIT */
#include "planner/inventory/settings.h"
#include "planner/inventory/inventory.h"
#include "planner/inventory/setting_types.h"

const char *const policy_names[] = {"dedicated", "shared", NULL};
const char *const threads_names[] = {"siblings", "isolate", NULL};
static const char *const helper_names[] = {"host", "own", NULL};
static const char *const spans_names[] = {"if-needed", "never", NULL};
const char *const cpu_mode_names[] = {"host-model", "host-passthrough", "maximum", "custom", NULL};
const char *const core_kind_names[] = {"any", "performance", "efficient", NULL};
const char *const guard_names[] = {"off", "warn", "refuse", "strict", NULL};
const char *const isolation_names[] = {"isolcpus", "cpuset", NULL};

static const Inventory inventory_standard = {
	.host = {.by = SPLIT_NODE, .cores = 1},
	.irqaffinity = true,
};

#define INVENTORY_TABLE(name, rows)                                                                \
	static const SettingTable rows##_table = {name, rows, &inventory_standard,                 \
						  sizeof(Inventory)};

/* [node], and what [host] says of the node */

static void told_text(char **field, const char *text)
{
	*field = g_strdup(text);
}

static void told_name(const Node *node, void *field)
{
	told_text(field, node->name);
}

static void told_kernel(const Node *node, void *field)
{
	told_text(field, node->kernel);
}

static void told_qemu(const Node *node, void *field)
{
	told_text(field, node->qemu);
}

static void told_libvirt(const Node *node, void *field)
{
	told_text(field, node->libvirt);
}

static void told_mwait(const Node *node, void *field)
{
	*(Tristate *)field = node->mwait;
}

/* clang-format off */
/* Of partners too. */
#define NODE_SOFTWARE                                                                              \
	{                                                                                          \
		.key = "kernel",                                                                   \
		.help = "The kernel's release. It decides what the kernel line may have.",         \
		.example = "6.1.0-25-amd64",                                                       \
		.type = &setting_version,                                                          \
		.offset = offsetof(NodeSpec, kernel),                                              \
		.flags = SETTING_IN_DOCUMENT,                                                      \
		.cost = COST_REBOOT,                                                               \
		.told = told_kernel,                                                               \
	},                                                                                         \
	{                                                                                          \
		.key = "qemu",                                                                     \
		.help = "QEMU's version. With the kernel's, it decides whether VMs may have cpu-pm.",              \
		.example = "7.2.0",                                                                \
		.type = &setting_version,                                                          \
		.offset = offsetof(NodeSpec, qemu),                                                \
		.flags = SETTING_IN_DOCUMENT,                                                      \
		.what = "QEMU",                                                                    \
		.told = told_qemu,                                                                 \
	},                                                                                         \
	{                                                                                          \
		.key = "libvirt",                                                                  \
		.help = "libvirt's version.",                                                      \
		.example = "9.0.0",                                                                \
		.type = &setting_version,                                                          \
		.offset = offsetof(NodeSpec, libvirt),                                             \
		.flags = SETTING_IN_DOCUMENT,                                                      \
		.told = told_libvirt,                                                              \
	},                                                                                         \
	{                                                                                          \
		.key = "mwait",                                                                    \
		.help = "Does KVM let guests run MWAIT? Not if the BIOS has MONITOR/MWAIT off.",   \
		.example = "no",                                                                   \
		.type = &setting_tristate,                                                         \
		.offset = offsetof(NodeSpec, mwait),                                               \
		.told = told_mwait,                                                                \
	}
/* clang-format on */

static const NodeSpec node_standard = {.interruptions = 10, .longest_gap = 1000};

static const Setting node_rows[] = {
	{
		.key = "name",
		.help = "The node's name, for people.",
		.example = "node1",
		.type = &setting_name,
		.offset = offsetof(NodeSpec, name),
		.flags = SETTING_IN_DOCUMENT,
		.told = told_name,
	},
	NODE_SOFTWARE,
	{
		.key = "group",
		.help = "What the node shares with others, such as its rack.",
		.example = "rack-7",
		.type = &setting_name,
		.offset = offsetof(NodeSpec, group),
	},
	{
		.key = "guard",
		.help = "What to do when a VM starts that would break the plan: off (default), "
			"warn, refuse, strict.",
		.example = "warn",
		.type = &setting_choice,
		.offset = offsetof(NodeSpec, guard),
		.words = guard_names,
		.cost = COST_RELOAD,
	},
	{
		.key = "memory-per-node",
		.help = "Memory that the host keeps, on each NUMA node.",
		.example = "8G",
		.json = "host_memory",
		.section = "host",
		.type = &setting_memory,
		.offset = offsetof(NodeSpec, host_memory),
		.what = "host memory",
	},
	{
		.key = "interruptions",
		.help = "How many times a second something may interrupt an isolated CPU; 'planner "
			"check --measured' looks. Default: 10.",
		.example = "1",
		.section = "audit",
		.type = &setting_number,
		.offset = offsetof(NodeSpec, interruptions),
		.most = 1000000,
	},
	{
		.key = "longest-gap",
		.help = "How long something may keep a free isolated CPU from a thread that wants "
			"it, "
			"in microseconds; 'planner measure --noise' looks. Default: 1000.",
		.example = "100",
		.json = "longest_gap",
		.section = "audit",
		.type = &setting_number,
		.offset = offsetof(NodeSpec, longest_gap),
		.most = 1000000000,
	},
	{0},
};

static const SettingTable node_table = {
	.section = "node",
	.settings = node_rows,
	.standard = &node_standard,
	.size = sizeof(NodeSpec),
};

const SettingTable *node_settings = &node_table;

/* [partner NAME] */

static const Setting partner_rows[] = {
	NODE_SOFTWARE,
	{0},
};

const SettingTable partner_settings = {
	.section = "partner",
	.settings = partner_rows,
	.standard = &node_standard,
	.size = sizeof(NodeSpec),
};

/* [host], [sdk], [shared]: how many cores, or which CPUs, of the CoreRequest ROLE. */

/* clang-format off */
#define CORES(role, fewest)                                                                        \
	{                                                                                          \
		.key = "cores-per-socket",                                                         \
		.help = "Cores of each socket, or of some: 0:2,1:1.",                              \
		.example = "2",                                                                    \
		.type = &setting_place_cores,                                                      \
		.offset = offsetof(Inventory, role),                                               \
		.way = SPLIT_SOCKET,                                                               \
		.least = (fewest),                                                                 \
		.most = CPULIST_LIMIT,                                                             \
		.flags = SETTING_ALWAYS,                                                           \
	},                                                                                         \
	{                                                                                          \
		.key = "cores-per-node",                                                           \
		.help = "Cores of each NUMA node, or of some: 0:2,1-3:1.",                          \
		.example = "1",                                                                    \
		.type = &setting_place_cores,                                                      \
		.offset = offsetof(Inventory, role),                                               \
		.way = SPLIT_NODE,                                                                 \
		.least = (fewest),                                                                 \
		.most = CPULIST_LIMIT,                                                             \
		.flags = SETTING_ALWAYS,                                                           \
	},                                                                                         \
	{                                                                                          \
		.key = "cores",                                                                    \
		.help = "Cores of the whole machine.",                                             \
		.example = "4",                                                                    \
		.type = &setting_cores,                                                            \
		.offset = offsetof(Inventory, role),                                               \
		.way = SPLIT_MACHINE,                                                              \
		.least = (fewest),                                                                 \
		.most = CPULIST_LIMIT,                                                             \
		.flags = SETTING_ALWAYS,                                                           \
	},                                                                                         \
	{                                                                                          \
		.key = "cpus",                                                                     \
		.help = "Exactly the cores of these CPUs.",                                        \
		.example = "0-1",                                                                  \
		.type = &setting_cores_cpus,                                                       \
		.offset = offsetof(Inventory, role),                                               \
		.way = SPLIT_CPUS,                                                                 \
		.flags = SETTING_ALWAYS,                                                           \
	}
/* clang-format on */

static const Setting host_settings[] = {
	CORES(host, 1),
	{0},
};

INVENTORY_TABLE("host", host_settings)

static const Setting sdk_settings[] = {
	CORES(sdk, 0),
	{
		.key = "near",
		.help = "Take the cores from the NUMA nodes of these devices ('planner show' lists "
			"them).",
		.example = "eth2",
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
		.help = "The most vCPUs for each CPU of the pool; default: any number.",
		.example = "4",
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
		.help = "How CPUs are isolated: isolcpus, on the kernel line, or cpuset (kernel "
			"6.1 or later).",
		.example = "isolcpus",
		.type = &setting_choice,
		.offset = offsetof(Inventory, isolation),
		.words = isolation_names,
	},
	{
		.key = "flags",
		.help = "Flags of isolcpus=; default: managed_irq,domain from kernel 5.6, else "
			"none.",
		.example = "managed_irq,domain",
		.type = &setting_flags,
		.offset = offsetof(Inventory, flags),
		.flags = SETTING_EMPTY,
	},
	{
		.key = "irqaffinity",
		.help = "Whether irqaffinity= names the host's CPUs; default: yes.",
		.example = "no",
		.type = &setting_yes_no,
		.offset = offsetof(Inventory, irqaffinity),
	},
	{
		.key = "extra",
		.help = "More kernel parameters, added unchanged.",
		.example = "skew_tick=1",
		.type = &setting_parameters,
		.offset = offsetof(Inventory, extra),
		.flags = SETTING_EMPTY,
	},
	{0},
};

INVENTORY_TABLE("kernel", kernel_settings)

const SettingTable *const inventory_settings[] = {
	&host_settings_table,
	&sdk_settings_table,
	&shared_settings_table,
	&kernel_settings_table,
	NULL,
};

const char *const inventory_sections[] = {"node", "host", "sdk", "shared", "kernel", "audit", NULL};

/* [vm NAME] */

static void seen_maximum(const Guest *guest, void *field)
{
	if (guest->vcpus_max > guest->vcpus)
		*(unsigned *)field = guest->vcpus_max;
}

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

static const VmSpec vm_standard = {VM_SPEC_ANYWHERE, .cpu_pm = true, .count = 1};

static const Setting vm_rows[] = {
	{
		.key = "vcpus",
		.help = "The number of vCPUs. The only key that a VM must have.",
		.example = "8",
		.type = &setting_number,
		.offset = offsetof(VmSpec, vcpus),
		.least = 1,
		.most = CPULIST_LIMIT,
		.flags = SETTING_ALWAYS | SETTING_IN_DOCUMENT,
		.voids = "cpus",
		.what = "vCPUs",
		.cost = COST_RESTART,
	},
	{
		.key = "maximum",
		.help = "vCPUs it may be given while it runs, the first included; default: vcpus.",
		.example = "16",
		.type = &setting_number,
		.offset = offsetof(VmSpec, maximum),
		.least = 1,
		.most = CPULIST_LIMIT,
		.flags = SETTING_NOT_PLACED,
		.what = "maximum of vCPUs",
		.cost = COST_RESTART,
		.seen = seen_maximum,
	},
	{
		.key = "policy",
		.help = "dedicated: each vCPU on a CPU of its own (default). shared: in the shared "
			"pool.",
		.example = "shared",
		.type = &setting_choice,
		.offset = offsetof(VmSpec, policy),
		.words = policy_names,
		.flags = SETTING_ALWAYS | SETTING_IN_DOCUMENT,
		.cost = COST_RESTART,
	},
	{
		.key = "dedicated-vcpus",
		.help = "The vCPUs with a CPU of their own; the others float as shared VMs do. "
			"Default: all.",
		.example = "2-7",
		.json = "dedicated_vcpus",
		.type = &setting_vcpus,
		.offset = offsetof(VmSpec, dedicated_vcpus),
		.flags = SETTING_DERIVED_DIFF,
	},
	{
		.key = "cpus",
		.help = "These CPUs, one for each vCPU, in vCPU order. The VM is then never moved.",
		.example = "10,46,11,47",
		.type = &setting_vcpu_cpus,
		.offset = offsetof(VmSpec, cpus),
		.flags = SETTING_DERIVED_DOCUMENT | SETTING_DERIVED_DIFF | SETTING_UNASKED,
	},
	{
		.key = "node",
		.help = "The only NUMA node that may have the VM; default: any.",
		.example = "0",
		.type = &setting_index,
		.offset = offsetof(VmSpec, node),
		.most = CPULIST_LIMIT - 1,
		.flags = SETTING_DERIVED_DIFF,
	},
	{
		.key = "socket",
		.help = "The only socket that may have the VM; default: any.",
		.example = "0",
		.type = &setting_index,
		.offset = offsetof(VmSpec, socket),
		.most = CPULIST_LIMIT - 1,
		.flags = SETTING_DERIVED_DIFF,
	},
	{
		.key = "die",
		.help = "The only die that may have the VM ('planner show' numbers them); default: "
			"any.",
		.example = "2",
		.type = &setting_index,
		.offset = offsetof(VmSpec, die),
		.least = 1,
		.most = CPULIST_LIMIT,
		.flags = SETTING_DERIVED_DIFF,
	},
	{
		.key = "l3",
		.help = "The only L3 that may have the VM ('planner show' numbers them); default: "
			"any.",
		.example = "0",
		.type = &setting_index,
		.offset = offsetof(VmSpec, l3),
		.most = CPULIST_LIMIT - 1,
		.flags = SETTING_DERIVED_DIFF,
	},
	{
		.key = "kind",
		.help = "The kind of its cores, on a host with several kinds: performance, "
			"efficient or any (default).",
		.example = "performance",
		.type = &setting_choice,
		.offset = offsetof(VmSpec, kind),
		.words = core_kind_names,
		.flags = SETTING_DERIVED_DIFF,
	},
	{
		.key = "apart",
		.help = "A group of VMs, no two of them on one socket, node or l3; default: none.",
		.example = "web:socket",
		.type = &setting_apart,
		.offset = offsetof(VmSpec, apart),
		.flags = SETTING_DERIVED_DIFF,
	},
	{
		.key = "near",
		.help = "Place it on the NUMA node of these devices ('planner show' lists them).",
		.example = "eth2",
		.type = &setting_devices,
		.offset = offsetof(VmSpec, near),
		.flags = SETTING_DERIVED_DIFF,
	},
	{
		.key = "memory",
		.help = "Its memory. Without this key the VM takes no memory of a node, and gets "
			"no domain XML.",
		.example = "16G",
		.type = &setting_memory,
		.offset = offsetof(VmSpec, memory),
		.flags = SETTING_IN_DOCUMENT | SETTING_DERIVED_DIFF,
	},
	{
		.key = "hugepages",
		.help = "The size of its huge pages; default: none.",
		.example = "1G",
		.type = &setting_page,
		.offset = offsetof(VmSpec, page),
		.flags = SETTING_IN_DOCUMENT,
		.what = "huge pages",
		.cost = COST_RESTART,
	},
	{
		.key = "memory-node",
		.help = "The memory-only NUMA node (HBM, CXL) that its memory comes from; default: "
			"the nodes of its cores.",
		.example = "4",
		.json = "memory_node",
		.type = &setting_index,
		.offset = offsetof(VmSpec, memory_node),
		.most = CPULIST_LIMIT - 1,
		.what = "memory node",
		.cost = COST_RESTART,
	},
	{
		.key = "threads",
		.help = "siblings: vCPUs fill whole cores (default). isolate: one vCPU on each "
			"core.",
		.example = "isolate",
		.type = &setting_choice,
		.offset = offsetof(VmSpec, threads),
		.words = threads_names,
		.flags = SETTING_IN_DOCUMENT | SETTING_DERIVED_DIFF,
	},
	{
		.key = "spans",
		.type = &setting_choice,
		.offset = offsetof(VmSpec, spans),
		.words = spans_names,
		.help = "if-needed: over several NUMA nodes if it does not fit in one (default). "
			"never: it is refused instead.",
		.example = "never",
		.flags = SETTING_DERIVED_DIFF,
	},
	{
		.key = "sockets",
		.help = "Sockets that the guest sees; default: one, or one for each NUMA node.",
		.example = "2",
		.type = &setting_number,
		.offset = offsetof(VmSpec, sockets),
		.least = 1,
		.most = CPULIST_LIMIT,
		.flags = SETTING_DERIVED_DIFF | SETTING_NOT_PLACED,
	},
	{
		.key = "cpu-mode",
		.help = "host-model (default), host-passthrough, maximum or custom.",
		.example = "host-passthrough",
		.json = "cpu_mode",
		.type = &setting_choice,
		.offset = offsetof(VmSpec, cpu_mode),
		.words = cpu_mode_names,
		.flags = SETTING_ALWAYS | SETTING_IN_DOCUMENT | SETTING_NOT_PLACED,
		.what = "CPU mode",
		.cost = COST_RESTART,
		.seen = seen_cpu_mode,
	},
	{
		.key = "cpu-pm",
		.help = "auto: on where the plan proves it safe (default). off: never.",
		.example = "off",
		.json = "cpu_pm",
		.type = &setting_auto_off,
		.offset = offsetof(VmSpec, cpu_pm),
		.flags = SETTING_DERIVED_DOCUMENT | SETTING_DERIVED_DIFF | SETTING_UNASKED |
			 SETTING_NOT_PLACED,
	},
	{
		.key = "realtime",
		.help = "Real-time scheduler and priority of its vCPUs; default: none.",
		.example = "fifo:1",
		.type = &setting_scheduler,
		.offset = offsetof(VmSpec, realtime),
		.flags = SETTING_NOT_PLACED,
		.what = "real-time scheduler",
		.cost = COST_RESTART,
	},
	{
		.key = "realtime-vcpus",
		.help = "The vCPUs that are real-time; default: all.",
		.example = "1-3",
		.json = "realtime_vcpus",
		.type = &setting_vcpus,
		.offset = offsetof(VmSpec, realtime_vcpus),
		.flags = SETTING_NOT_PLACED,
		.what = "real-time vCPUs",
		.cost = COST_RESTART,
	},
	{
		.key = "iothreads",
		.help = "The number of I/O threads; default: 0.",
		.example = "1",
		.type = &setting_number,
		.offset = offsetof(VmSpec, iothreads),
		.most = IOTHREADS_MAX,
		.flags = SETTING_IN_DOCUMENT,
		.what = "I/O threads",
		.cost = COST_RESTART,
	},
	{
		.key = "emulator",
		.help = "host: its emulator threads run on the host's CPUs (default). own: on a "
			"core of its own.",
		.example = "own",
		.type = &setting_choice,
		.offset = offsetof(VmSpec, emulator),
		.words = helper_names,
		.flags = SETTING_DERIVED_DIFF,
	},
	{
		.key = "iothread-cpus",
		.help = "host: its I/O threads run on the host's CPUs (default). own: each on a "
			"CPU of its own.",
		.example = "own",
		.json = "iothread_cpus",
		.type = &setting_choice,
		.offset = offsetof(VmSpec, iothread_cpus),
		.words = helper_names,
		.flags = SETTING_DERIVED_DIFF,
	},
	{
		.key = "locked",
		.help = "Whether its memory is locked; default: no.",
		.example = "yes",
		.type = &setting_yes_no,
		.offset = offsetof(VmSpec, locked),
		.flags = SETTING_IN_DOCUMENT | SETTING_NOT_PLACED,
		.what = "locked memory",
		.cost = COST_RESTART,
		.seen = seen_locked,
	},
	{
		.key = "count",
		.help = "The number of such VMs, named NAME-1, NAME-2, ...; default: one, named "
			"NAME.",
		.example = "4",
		.type = &setting_number,
		.offset = offsetof(VmSpec, count),
		.least = 1,
		.most = INVENTORY_VMS_MAX,
		.flags = SETTING_DERIVED_DOCUMENT | SETTING_DERIVED_DIFF | SETTING_UNASKED |
			 SETTING_NOT_PLACED,
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

/* Sections */

static void settings_add_rows(GArray *rows, const SettingTable *table, const char *section)
{
	for (const Setting *setting = table->settings; setting->key; setting++) {
		const SettingRow row = {table, setting};

		if (g_str_equal(setting->section ? setting->section : table->section, section))
			g_array_append_val(rows, row);
	}
}

GArray *settings_of_section(const char *section)
{
	GArray *rows = g_array_new(FALSE, FALSE, sizeof(SettingRow));

	for (const SettingTable *const *table = inventory_settings; *table; table++)
		settings_add_rows(rows, *table, section);
	settings_add_rows(rows, node_settings, section);
	settings_add_rows(rows, &partner_settings, section);
	settings_add_rows(rows, vm_settings, section);
	return rows;
}

const SettingRow *setting_row_find(const GArray *rows, const char *key)
{
	for (unsigned i = 0; i < rows->len; i++) {
		const SettingRow *row = &g_array_index(rows, SettingRow, i);

		if (g_str_equal(row->setting->key, key))
			return row;
	}
	return NULL;
}

bool setting_excludes(const SettingRow *row, const SettingRow *other)
{
	return row->setting != other->setting && row->table == other->table &&
	       row->setting->offset == other->setting->offset;
}
