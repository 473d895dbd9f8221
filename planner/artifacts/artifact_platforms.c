/* SPDX-License-Identifier: MIT */
/*
 * The plan for platforms that make the VMs themselves: kubelet, KubeVirt, Proxmox VE, StarlingX.
 * They are printed only: a node is one of these.
 */
#include "planner/artifacts/artifact.h"
#include "planner/base/size.h"
#include "planner/place/guest.h"

#include <string.h>

static char *platform_memory(Fill *f)
{
	return fill_number(fill_vm_mib(f->vm));
}

static bool is_dedicated(const Fill *f)
{
	return f->vm->spec->policy == POLICY_DEDICATED;
}

/* kubelet */

static char *kubelet_reserved(Fill *f)
{
	return fill_list(f->plan, ~(FILL_FOR_VMS | 1u << ROLE_OFFLINE));
}

/* Whole cores: kubelet refuses pods that ask for half of one. */
static char *kubelet_options(Fill *f)
{
	return f->plan->host->max_threads > 1
		       ? fill(f, "platforms/kubelet-cores.yaml", (const TemplateValue[]){FILL_END})
		       : g_strdup("");
}

static const ArtifactValue kubelet_values[] = {{"head", TEMPLATE_RAW, fill_head},
					       {"options", TEMPLATE_RAW, kubelet_options},
					       {"reserved", TEMPLATE_STRING, kubelet_reserved},
					       {"policy", TEMPLATE_LINE, fill_topology_policy},
					       {NULL, TEMPLATE_RAW, NULL}};

const Artifact artifact_kubelet = {
	.name = "kubelet",
	.help = "Kubernetes: the settings of kubelet that give pods CPUs of their own",
	.activation = ACTIVATE_RESTART,
	.activate = "merge it into kubelet's configuration, or put it in its --config-dir",
	.unfit = unfit_without_vm_cpus,
	.template = "platforms/kubelet.yaml",
	.values = kubelet_values,
};

/* KubeVirt */

/* Where a VM can grow, KubeVirt plugs in whole sockets: they are as large as they can be. */
static char *kubevirt_topology(Fill *f)
{
	const PlanVm *vm = f->vm;
	unsigned vcpus = vm->spec->vcpus, maximum = guest_maximum(vm->spec);
	bool grows = maximum > vcpus;
	unsigned each = grows ? (unsigned)size_step(vcpus, maximum) : vcpus / MAX(vm->sockets, 1);
	unsigned per_core = each % MAX(vm->threads, 1) ? 1 : MAX(vm->threads, 1);
	g_autofree char *sockets = fill_number(vcpus / each), *cores = fill_number(each / per_core);
	g_autofree char *threads = fill_number(per_core), *most = fill_number(maximum / each);
	g_autofree char *more =
		grows ? fill(f, "platforms/kubevirt-most.yaml",
			     (const TemplateValue[]){{"sockets", most, TEMPLATE_LINE}, FILL_END})
		      : g_strdup("");

	return fill(f, "platforms/kubevirt-topology.yaml",
		    (const TemplateValue[]){{"sockets", sockets, TEMPLATE_LINE},
					    {"most", more, TEMPLATE_RAW},
					    {"cores", cores, TEMPLATE_LINE},
					    {"threads", threads, TEMPLATE_LINE},
					    FILL_END});
}

static char *kubevirt_mode(Fill *f)
{
	CpuMode mode = f->vm->spec->cpu_mode;

	if (mode != CPU_MODE_HOST_MODEL && mode != CPU_MODE_HOST_PASSTHROUGH)
		return g_strdup("");
	return fill(
		f, "platforms/kubevirt-mode.yaml",
		(const TemplateValue[]){{"mode", cpu_mode_names[mode], TEMPLATE_LINE}, FILL_END});
}

/* KubeVirt takes real-time vCPUs with the node's NUMA alone, and passes that on only to guests in
 * huge pages. */
static char *kubevirt_realtime(Fill *f)
{
	g_autofree char *list = fill_realtime_vcpus(f->vm->spec);

	if (!*list)
		return g_strdup("");
	return f->vm->spec->page
		       ? fill(f, "platforms/kubevirt-realtime.yaml",
			      (const TemplateValue[]){{"vcpus", list, TEMPLATE_STRING}, FILL_END})
		       : fill(f, "platforms/kubevirt-realtime-not.yaml",
			      (const TemplateValue[]){FILL_END});
}

static char *kubevirt_part(Fill *f, bool wanted, const char *name)
{
	return wanted ? fill(f, name, (const TemplateValue[]){FILL_END}) : g_strdup("");
}

static char *kubevirt_dedicated(Fill *f)
{
	const VmSpec *spec = f->vm->spec;
	g_autofree char *numa = kubevirt_part(f, spec->page, "platforms/kubevirt-numa.yaml");
	g_autofree char *isolate =
		kubevirt_part(f, spec->threads == THREADS_ISOLATE && f->plan->host->max_threads > 1,
			      "platforms/kubevirt-isolate.yaml");
	g_autofree char *realtime = kubevirt_realtime(f);
	g_autofree char *memory_node =
		kubevirt_part(f, spec->memory_node >= 0, "platforms/kubevirt-memory-node.yaml");
	const char *counted = spec->emulator == HELPER_OWN ? "as the plan has it"
							   : "which the plan does not count";
	const TemplateValue values[] = {
		{"counted", counted, TEMPLATE_LINE},  {"isolate", isolate, TEMPLATE_RAW},
		{"realtime", realtime, TEMPLATE_RAW}, {"memory-node", memory_node, TEMPLATE_RAW},
		{"numa", numa, TEMPLATE_RAW},	      FILL_END};

	return is_dedicated(f) ? fill(f, "platforms/kubevirt-dedicated.yaml", values)
			       : g_strdup("");
}

static char *kubevirt_pages(Fill *f)
{
	g_autofree char *page = size_format(f->vm->spec->page);
	g_autofree char *size = g_strconcat(page, "i", NULL);

	return f->vm->spec->page
		       ? fill(f, "platforms/kubevirt-pages.yaml",
			      (const TemplateValue[]){{"size", size, TEMPLATE_LINE}, FILL_END})
		       : g_strdup("");
}

static char *kubevirt_iothreads(Fill *f)
{
	g_autofree char *count = fill_number(f->vm->spec->iothreads);

	return f->vm->spec->iothreads
		       ? fill(f, "platforms/kubevirt-iothreads.yaml",
			      (const TemplateValue[]){{"count", count, TEMPLATE_LINE}, FILL_END})
		       : g_strdup("");
}

static const char *unfit_kubevirt(const Plan *plan, const PlanVm *vm)
{
	if (!g_regex_match_simple("^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$", vm->spec->name, 0, 0))
		return "Kubernetes takes names of a-z, 0-9 and '-' only, of at most 63";
	if (vm_spec_floating(vm->spec))
		return "KubeVirt cannot let only some vCPUs of a VM float";
	return unfit_unsized(plan, vm);
}

static const ArtifactValue kubevirt_values[] = {{"head", TEMPLATE_RAW, fill_head},
						{"name", TEMPLATE_STRING, fill_vm_name},
						{"topology", TEMPLATE_RAW, kubevirt_topology},
						{"mode", TEMPLATE_RAW, kubevirt_mode},
						{"dedicated", TEMPLATE_RAW, kubevirt_dedicated},
						{"memory", TEMPLATE_LINE, platform_memory},
						{"pages", TEMPLATE_RAW, kubevirt_pages},
						{"iothreads", TEMPLATE_RAW, kubevirt_iothreads},
						{NULL, TEMPLATE_RAW, NULL}};

const Artifact artifact_kubevirt = {
	.name = "kubevirt",
	.help = "KubeVirt: a VirtualMachine of the VM's size, topology and memory",
	.of_vm = true,
	.activation = ACTIVATE_RESTART,
	.activate = "add disks and networks, kubectl apply -f FILE, then start the VM",
	.stop = "kubectl delete -f FILE",
	.unfit = unfit_kubevirt,
	.template = "platforms/kubevirt.yaml",
	.values = kubevirt_values,
};

/* Proxmox VE: its own --affinity is one mask for all threads, so vCPUs are pinned by a hookscript.
 * Its guests have no threads: QEMU is never told of them. */

static char *proxmox_vcpus(Fill *f)
{
	return fill_vm_pins(f, "platforms/proxmox-vcpu.sh", "cpus");
}

/* A shared VM's topology is nobody's plan: one socket. */
static char *proxmox_sockets(Fill *f)
{
	return fill_number(MAX(f->vm->sockets, 1));
}

/* All that it can have; those that it starts with are an option. */
static char *proxmox_cores(Fill *f)
{
	return fill_number(guest_maximum(f->vm->spec) / MAX(f->vm->sockets, 1));
}

/* Where the threads may run: the hookscript does it, or one mask does. */
static char *proxmox_pinning(Fill *f)
{
	bool floats = f->vm->cpuset && !f->vm->pins->len;
	g_autofree char *cpus = floats ? cpulist_format(f->vm->cpuset) : NULL;

	return cpus ? g_strdup_printf("--affinity '%s'", cpus)
		    : g_strdup("--hookscript \"local:snippets/$(basename \"$0\")\" --delete "
			       "affinity");
}

/* vCPUs that may be plugged in are in the first cell, as libvirt has it. */
static void proxmox_cells(const Fill *f, GString *options)
{
	unsigned first = 0, vcpus = f->vm->spec->vcpus, maximum = guest_maximum(f->vm->spec);

	for (unsigned i = 0; i < f->vm->shares->len; i++) {
		const VmShare *share = &g_array_index(f->vm->shares, VmShare, i);
		unsigned end = first + share->vcpus + vm_spec_floating(f->vm->spec);
		g_autofree char *more = i || maximum == vcpus
						? g_strdup("")
						: g_strdup_printf(";%u-%u", vcpus, maximum - 1);

		g_string_append_printf(
			options,
			" \\\n        --numa%u 'cpus=%u-%u%s,hostnodes=%u,memory=%" G_GUINT64_FORMAT
			",policy=bind'",
			i, first, end - 1, more, host_node(f->plan->host, share->from)->id,
			fill_cell_mib(share));
		first += share->vcpus;
	}
}

/* Proxmox VE itself has no real-time vCPUs. */
static char *proxmox_realtime(Fill *f)
{
	const VmSpec *spec = f->vm->spec;
	g_autofree char *priority = fill_number(spec->realtime.priority);
	g_autoptr(GString) vcpus = g_string_new(NULL);

	for (unsigned v = 0; v < spec->vcpus; v++) {
		g_autofree char *vcpu = fill_number(v);
		const char *scheduler = scheduler_policy_name(spec->realtime.policy);

		if (vm_spec_realtime(spec, v))
			fill_append(f, vcpus, "platforms/proxmox-realtime-vcpu.sh",
				    (const TemplateValue[]){{"vcpu", vcpu, TEMPLATE_LINE},
							    {"scheduler", scheduler, TEMPLATE_LINE},
							    {"priority", priority, TEMPLATE_LINE},
							    FILL_END});
	}
	return vcpus->len ? fill(f, "platforms/proxmox-realtime.sh",
				 (const TemplateValue[]){{"vcpus", vcpus->str, TEMPLATE_RAW},
							 FILL_END})
			  : g_strdup("");
}

static char *proxmox_options(Fill *f)
{
	const VmSpec *spec = f->vm->spec;
	GString *options = g_string_new(NULL);

	if (guest_maximum(spec) > spec->vcpus)
		g_string_append_printf(options, " --vcpus %u", spec->vcpus);
	if (f->vm->shares->len)
		g_string_append(options, " --numa 1");
	if (spec->page)
		g_string_append_printf(options, " --hugepages %" G_GUINT64_FORMAT,
				       spec->page >> 20);
	if (spec->cpu_mode == CPU_MODE_HOST_PASSTHROUGH || spec->cpu_mode == CPU_MODE_MAXIMUM)
		g_string_append_printf(options, " --cpu %s",
				       spec->cpu_mode == CPU_MODE_MAXIMUM ? "max" : "host");
	if (f->vm->cpupm->verdict == CPUPM_ON)
		g_string_append(options, " \\\n        --args '-overcommit cpu-pm=on'");
	proxmox_cells(f, options);
	return g_string_free(options, FALSE);
}

static const char *unfit_proxmox(const Plan *plan, const PlanVm *vm)
{
	if (vm->spec->page && vm->spec->page != 2 << 20 && vm->spec->page != 1 << 30)
		return "Proxmox VE has only huge pages of 2M and 1G";
	if (vm_spec_floating(vm->spec) && vm->shares->len > 1)
		return "its NUMA cells are ranges of vCPUs, and vCPUs that float are in no cell";
	if (vm->spec->iothread_cpus == HELPER_OWN)
		return "the hookscript puts I/O threads where the emulator is, not on CPUs of "
		       "their own";
	return unfit_unsized(plan, vm);
}

static const ArtifactValue proxmox_values[] = {{"head", TEMPLATE_RAW, fill_head},
					       {"vcpus", TEMPLATE_RAW, proxmox_vcpus},
					       {"emulator", TEMPLATE_SHELL, fill_vm_emulator},
					       {"realtime", TEMPLATE_RAW, proxmox_realtime},
					       {"memory", TEMPLATE_LINE, platform_memory},
					       {"sockets", TEMPLATE_LINE, proxmox_sockets},
					       {"cores", TEMPLATE_LINE, proxmox_cores},
					       {"pinning", TEMPLATE_RAW, proxmox_pinning},
					       {"options", TEMPLATE_RAW, proxmox_options},
					       {NULL, TEMPLATE_RAW, NULL}};

const Artifact artifact_proxmox = {
	.name = "proxmox",
	.help = "Proxmox VE: a hookscript that pins one VM's threads, and its qm set",
	.of_vm = true,
	.activation = ACTIVATE_RESTART,
	.activate = "run it as FILE VMID set, then stop the VM and start it",
	.stop = "qm set VMID --delete hookscript",
	.unfit = unfit_proxmox,
	.template = "platforms/proxmox.sh",
	.values = proxmox_values,
};

/* StarlingX */

static char *starlingx_cpus(Fill *f, const char *function, unsigned roles)
{
	g_autofree char *cpus = fill_list(f->plan, roles);

	return *cpus ? fill(f, "platforms/starlingx-cpus.sh",
			    (const TemplateValue[]){{"function", function, TEMPLATE_LINE},
						    {"cpus", cpus, TEMPLATE_SHELL},
						    FILL_END})
		     : g_strdup("");
}

static char *starlingx_vswitch(Fill *f)
{
	return starlingx_cpus(f, "vswitch", 1u << ROLE_SDK);
}

static char *starlingx_isolated(Fill *f)
{
	return starlingx_cpus(f, "application-isolated", FILL_FOR_VMS);
}

static const ArtifactValue starlingx_values[] = {{"head", TEMPLATE_RAW, fill_head},
						 {"host", TEMPLATE_SHELL, fill_host},
						 {"vswitch", TEMPLATE_RAW, starlingx_vswitch},
						 {"isolated", TEMPLATE_RAW, starlingx_isolated},
						 {"policy", TEMPLATE_LINE, fill_topology_policy},
						 {NULL, TEMPLATE_RAW, NULL}};

const Artifact artifact_starlingx = {
	.name = "starlingx",
	.help = "StarlingX: the commands that give each function of a host its CPUs",
	.activation = ACTIVATE_REBOOT,
	.activate = "run it as FILE HOST; the host reboots when it is unlocked",
	.stop = "run that of the previous plan",
	.unfit = unfit_without_isolated,
	.template = "platforms/starlingx.sh",
	.values = starlingx_values,
};
