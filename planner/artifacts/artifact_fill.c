/* SPDX-License-Identifier: MIT */
#include "planner/artifacts/artifact_fill.h"
#include "planner/artifacts/artifact.h"
#include "topology/base/error.h"

#include <string.h>

const char *const activation_names[] = {"nothing", "reload", "re-pin", "restart", "reboot", NULL};

char *fill(Fill *fill, const char *name, const TemplateValue *values)
{
	const char *text;
	char *filled = NULL;

	if (fill->failed)
		return g_strdup("");
	text = template_text(fill->rendering->templates, name, fill->error);
	if (text)
		filled = template_fill(name, text, values, fill->error);
	fill->failed = !filled;
	return filled ? filled : g_strdup("");
}

void fill_append(Fill *f, GString *block, const char *name, const TemplateValue *values)
{
	g_autofree char *text = fill(f, name, values);

	g_string_append(block, text);
}

char *fill_failed(Fill *fill, const char *text, ...)
{
	va_list arguments;

	va_start(arguments, text);
	if (!fill->failed)
		g_propagate_error(
			fill->error,
			g_error_new_valist(PLANNER_ERROR, PLANNER_ERROR_INPUT, text, arguments));
	va_end(arguments);
	fill->failed = true;
	return g_strdup("");
}

/* The comment of a file */

static char *head_undo(const Artifact *artifact)
{
	const char *stop = artifact->stop, *undo = artifact->undo;

	if (artifact->activation == ACTIVATE_REPIN)
		return g_strdup("run the script of the previous plan");
	if (artifact->script)
		return g_strdup("run this script with the argument undo");
	return g_strconcat(stop ? stop : "", stop ? "; " : "", "remove this file", undo ? "; " : "",
			   undo, NULL);
}

char *fill_force(const Artifact *artifact)
{
	const char *word = activation_names[artifact->activation];

	return artifact->activate ? g_strdup_printf("%s (%s)", word, artifact->activate)
				  : g_strdup(word);
}

char *fill_head(Fill *f)
{
	g_autofree char *node = fill_node(f), *force = fill_force(f->artifact),
			*undo = head_undo(f->artifact);
	const TemplateValue values[] = {{"help", f->artifact->help, TEMPLATE_LINE},
					{"node", node, TEMPLATE_LINE},
					{"name", f->artifact->name, TEMPLATE_LINE},
					{"force", force, TEMPLATE_LINE},
					{"undo", undo, TEMPLATE_LINE},
					FILL_END};

	return fill(f, "head.conf", values);
}

char *fill_node(Fill *f)
{
	return g_strdup(f->plan->node->name ? f->plan->node->name : "(without a name)");
}

char *fill_line(Fill *f)
{
	return g_strdup(f->plan->cmdline);
}

char *fill_vm_name(Fill *f)
{
	return g_strdup(f->vm->spec->name);
}

char *fill_vm_emulator(Fill *f)
{
	return cpulist_format(f->vm->emulatorpin);
}

char *fill_vm_iothread(const Fill *f, unsigned i)
{
	const GPtrArray *pins = f->vm->iothreadpins;

	return cpulist_format(i <= pins->len ? g_ptr_array_index(pins, i - 1) : f->vm->emulatorpin);
}

char *fill_vm_pins(Fill *f, const char *template, const char *cpus)
{
	GString *block = g_string_new(NULL);

	for (unsigned v = 0; f->vm->pins->len && v < f->vm->spec->vcpus; v++) {
		g_autofree char *vcpu = fill_number(v);
		g_auto(CpuSet) place = plan_vm_vcpu_cpus(f->vm, v);
		g_autofree char *cpu = cpulist_format(place);

		fill_append(f, block, template,
			    (const TemplateValue[]){{"vcpu", vcpu, TEMPLATE_LINE},
						    {cpus, cpu, TEMPLATE_LINE},
						    FILL_END});
	}
	return g_string_free(block, FALSE);
}

char *fill_cell_vcpus(const Plan *plan, const PlanVm *vm, unsigned share)
{
	unsigned node = g_array_index(vm->shares, VmShare, share).node;
	g_auto(CpuSet) vcpus = hwloc_bitmap_alloc();

	for (unsigned v = 0; v < vm->spec->vcpus; v++) {
		g_auto(CpuSet) cpus = plan_vm_vcpu_cpus(vm, v);
		unsigned core = host_core_of(plan->host, (unsigned)hwloc_bitmap_first(cpus));

		/* Those that float are in the first. */
		if (vm_spec_floats(vm->spec, v) ? !share
						: host_core(plan->host, core)->node == node)
			hwloc_bitmap_set(vcpus, v);
	}
	return cpulist_format(vcpus);
}

static uint64_t mib_of(uint64_t bytes)
{
	return (bytes >> 20) + (bytes & ((1U << 20) - 1) ? 1 : 0);
}

uint64_t fill_cell_mib(const VmShare *share)
{
	return mib_of(share->memory);
}

uint64_t fill_vm_mib(const PlanVm *vm)
{
	uint64_t mib = 0;

	for (unsigned i = 0; i < vm->shares->len; i++)
		mib += fill_cell_mib(&g_array_index(vm->shares, VmShare, i));
	return vm->shares->len ? mib : mib_of(plan_vm_memory(vm));
}

char *fill_realtime_vcpus(const VmSpec *spec)
{
	g_auto(CpuSet) vcpus = hwloc_bitmap_alloc();

	for (unsigned v = 0; v < spec->vcpus; v++)
		if (vm_spec_realtime(spec, v))
			hwloc_bitmap_set(vcpus, v);
	return cpulist_format(vcpus);
}

char *fill_number(uint64_t number)
{
	return g_strdup_printf("%" G_GUINT64_FORMAT, number);
}

/* Does a node have as many CPUs as the VM has vCPUs, whoever has them? Kubernetes goes by that. */
static bool node_as_large(const Host *host, const VmSpec *spec)
{
	for (unsigned i = 0; i < host->nodes->len; i++)
		if (hwloc_bitmap_weight(host_node(host, i)->cpus) >= (int)spec->vcpus)
			return true;
	return false;
}

char *fill_topology_policy(Fill *f)
{
	const char *policy = "single-numa-node";

	for (unsigned i = 0; i < f->plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(f->plan->vms, i);

		if (vm->shares->len < 2)
			continue;
		if (node_as_large(f->plan->host, vm->spec))
			return g_strdup("best-effort");
		policy = "restricted";
	}
	return g_strdup(policy);
}

/* CPU lists */

hwloc_bitmap_t fill_cpus(const Plan *plan, unsigned roles)
{
	hwloc_bitmap_t cpus = hwloc_bitmap_alloc();

	for (unsigned role = 0; role < ROLE_COUNT; role++)
		if (roles & (1u << role))
			hwloc_bitmap_or(cpus, cpus, plan->cpus[role]);
	return cpus;
}

char *fill_list(const Plan *plan, unsigned roles)
{
	g_auto(CpuSet) cpus = fill_cpus(plan, roles);

	return cpulist_format(cpus);
}

char *fill_host(Fill *f)
{
	return fill_list(f->plan, 1 << ROLE_HOST);
}

char *fill_sdk(Fill *f)
{
	return fill_list(f->plan, 1 << ROLE_SDK);
}

char *fill_isolated(Fill *f)
{
	return cpulist_format(f->plan->isolated);
}

char *fill_not_host(Fill *f)
{
	return fill_list(f->plan, ~(1u << ROLE_HOST | 1u << ROLE_OFFLINE));
}

/* Questions */

const char *unfit_without_isolated(const Plan *plan, const PlanVm *vm)
{
	(void)vm;
	return hwloc_bitmap_iszero(plan->isolated) ? "the plan isolates no CPU" : NULL;
}

const char *unfit_without_sdk(const Plan *plan, const PlanVm *vm)
{
	(void)vm;
	return hwloc_bitmap_iszero(plan->cpus[ROLE_SDK]) ? "the plan has no SDK CPUs" : NULL;
}

const char *unfit_without_vm_cpus(const Plan *plan, const PlanVm *vm)
{
	g_auto(CpuSet) cpus = fill_cpus(plan, FILL_FOR_VMS);

	(void)vm;
	return hwloc_bitmap_iszero(cpus) ? "the plan has no CPUs for dedicated VMs" : NULL;
}

const char *unfit_unplaced(const Plan *plan, const PlanVm *vm)
{
	(void)plan;
	return vm->placed ? NULL : "it is unplaced; 'planner plan' says why";
}

const char *unfit_unsized(const Plan *plan, const PlanVm *vm)
{
	if (!vm->placed)
		return unfit_unplaced(plan, vm);
	return vm->spec->memory ? NULL : "a VM needs memory; give its section memory = 8G";
}

bool plan_is_cpuset(const Plan *plan)
{
	for (unsigned i = 0; i < plan->parameters->len; i++)
		if (!strcmp(((const KernelParameter *)g_ptr_array_index(plan->parameters, i))->name,
			    "isolcpus"))
			return false;
	return !hwloc_bitmap_iszero(plan->isolated);
}

bool plan_is_x86(const Plan *plan)
{
	const char *arch = plan->host->arch;

	return !arch || !strcmp(arch, "x86_64") || !strcmp(arch, "i686");
}
