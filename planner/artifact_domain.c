/* SPDX-License-Identifier: MIT */
/*
 * The domain XML of one VM. Every thread gets CPUs: libvirt before 10.4 lets threads without a pin
 * run on isolated CPUs too, so <vcpu cpuset>, emulatorpin and iothreadpin are always there.
 */
#include "planner/artifact.h"
#include "planner/template.h"
#include "topology/error.h"

#include <string.h>

#define QEMU_NAMESPACE " xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'"
#define END                                                                                        \
	{                                                                                          \
		NULL, NULL, TEMPLATE_RAW                                                           \
	}

/* Blocks are filled one after the other; the first error stops and is kept. */
typedef struct Domain {
	const Rendering *rendering;
	const Plan *plan;
	const PlanVm *vm;
	GError **error;
	bool failed;
} Domain;

static char *fill(Domain *d, const char *name, const TemplateValue *values)
{
	const char *text;
	char *filled = NULL;

	if (d->failed)
		return g_strdup("");
	text = template_text(d->rendering->templates, name, d->error);
	if (text)
		filled = template_fill(name, text, values, d->error);
	d->failed = !filled;
	return filled ? filled : g_strdup("");
}

/* Append a filled template to a block. */
static void append(Domain *d, GString *block, const char *name, const TemplateValue *values)
{
	g_autofree char *text = fill(d, name, values);

	g_string_append(block, text);
}

static char *number(uint64_t n)
{
	return g_strdup_printf("%" G_GUINT64_FORMAT, n);
}

static char *vcpupins(Domain *d)
{
	GString *block = g_string_new(NULL);

	for (unsigned v = 0; v < d->vm->vcpupin->len; v++) {
		g_autofree char *vcpu = number(v);
		g_autofree char *cpu = number(g_array_index(d->vm->vcpupin, unsigned, v));
		const TemplateValue values[] = {
			{"vcpu", vcpu, TEMPLATE_XML}, {"cpuset", cpu, TEMPLATE_XML}, END};

		append(d, block, "vcpupin.xml", values);
	}
	return g_string_free(block, FALSE);
}

static char *iothreads(Domain *d)
{
	g_autofree char *n = number(d->vm->spec->iothreads);
	const TemplateValue values[] = {{"iothreads", n, TEMPLATE_XML}, END};

	return d->vm->spec->iothreads ? fill(d, "iothreads.xml", values) : g_strdup("");
}

static char *iothreadpins(Domain *d, const char *cpus)
{
	GString *block = g_string_new(NULL);

	for (unsigned i = 1; i <= d->vm->spec->iothreads; i++) { /* libvirt counts from 1 */
		g_autofree char *n = number(i);
		const TemplateValue values[] = {
			{"iothread", n, TEMPLATE_XML}, {"cpuset", cpus, TEMPLATE_XML}, END};

		append(d, block, "iothreadpin.xml", values);
	}
	return g_string_free(block, FALSE);
}

static unsigned share_node_id(const Domain *d, unsigned share)
{
	return host_node(d->plan->host, g_array_index(d->vm->shares, VmShare, share).node)->id;
}

static char *nodeset(const Domain *d)
{
	g_auto(CpuSet) nodes = hwloc_bitmap_alloc();

	for (unsigned i = 0; i < d->vm->shares->len; i++)
		hwloc_bitmap_set(nodes, share_node_id(d, i));
	return cpulist_format(nodes);
}

static char *memnodes(Domain *d)
{
	GString *block = g_string_new(NULL);

	for (unsigned i = 0; i < d->vm->shares->len && d->vm->shares->len > 1; i++) {
		g_autofree char *cell = number(i);
		g_autofree char *node = number(share_node_id(d, i));
		const TemplateValue values[] = {
			{"cell", cell, TEMPLATE_XML}, {"node", node, TEMPLATE_XML}, END};

		append(d, block, "memnode.xml", values);
	}
	return g_string_free(block, FALSE);
}

static char *numatune(Domain *d)
{
	g_autofree char *nodes = nodeset(d);
	g_autofree char *cells = memnodes(d);
	const TemplateValue values[] = {
		{"nodeset", nodes, TEMPLATE_XML}, {"memnodes", cells, TEMPLATE_RAW}, END};

	return d->vm->shares->len ? fill(d, "numatune.xml", values) : g_strdup("");
}

static char *hugepages(Domain *d)
{
	g_autofree char *size = number(d->vm->spec->page >> 10);
	const TemplateValue values[] = {{"size", size, TEMPLATE_XML}, END};

	return d->vm->spec->page ? fill(d, "hugepages.xml", values) : g_strdup("");
}

/* A dedicated VM's pages are not to be merged: a write to a shared one would be an exit. */
static char *memorybacking(Domain *d)
{
	const VmSpec *spec = d->vm->spec;
	bool dedicated = spec->policy == POLICY_DEDICATED;
	g_autofree char *pages = hugepages(d);
	const TemplateValue values[] = {
		{"hugepages", pages, TEMPLATE_RAW},
		{"nosharepages", dedicated ? "    <nosharepages/>\n" : "", TEMPLATE_RAW},
		{"locked", spec->locked ? "    <locked/>\n" : "", TEMPLATE_RAW},
		END};

	if (!spec->page && !dedicated && !spec->locked)
		return g_strdup("");
	return fill(d, "memorybacking.xml", values);
}

static bool is_x86(const char *arch)
{
	return !strcmp(arch, "x86_64") || !strcmp(arch, "i686");
}

static char *features(Domain *d, const char *arch)
{
	const TemplateValue values[] = {END};

	return is_x86(arch) ? fill(d, "features.xml", values) : g_strdup("");
}

/* The vCPUs of a guest NUMA cell: those pinned to CPUs of its node. */
static char *cell_vcpus(const Domain *d, unsigned share)
{
	const Host *host = d->plan->host;
	unsigned node = g_array_index(d->vm->shares, VmShare, share).node;
	g_auto(CpuSet) vcpus = hwloc_bitmap_alloc();

	for (unsigned v = 0; v < d->vm->vcpupin->len; v++) {
		unsigned core = host_core_of(host, g_array_index(d->vm->vcpupin, unsigned, v));

		if (host_core(host, core)->node == node)
			hwloc_bitmap_set(vcpus, v);
	}
	return cpulist_format(vcpus);
}

static void append_cell(Domain *d, GString *block, unsigned share)
{
	g_autofree char *cell = number(share);
	g_autofree char *cpus = cell_vcpus(d, share);
	g_autofree char *memory = number(g_array_index(d->vm->shares, VmShare, share).memory >> 10);
	const TemplateValue values[] = {{"cell", cell, TEMPLATE_XML},
					{"cpus", cpus, TEMPLATE_XML},
					{"memory", memory, TEMPLATE_XML},
					END};

	append(d, block, "cell.xml", values);
}

static char *numa(Domain *d)
{
	g_autoptr(GString) block = g_string_new(NULL);

	if (d->vm->shares->len < 2)
		return g_strdup("");
	for (unsigned i = 0; i < d->vm->shares->len; i++)
		append_cell(d, block, i);
	return fill(d, "numa.xml",
		    (const TemplateValue[]){{"cells", block->str, TEMPLATE_RAW}, END});
}

/* A custom CPU without a model is QEMU's default one: libvirt's plain <cpu>. */
static char *cpu(Domain *d)
{
	const PlanVm *vm = d->vm;
	const char *name = cpu_mode_names[vm->spec->cpu_mode];
	g_autofree char *mode = vm->spec->cpu_mode == CPU_MODE_CUSTOM
					? g_strdup("")
					: g_strdup_printf(" mode='%s'", name);
	g_autofree char *sockets = number(vm->sockets), *cores = number(vm->cores),
			*threads = number(vm->threads), *cells = numa(d);
	const TemplateValue values[] = {
		{"mode", mode, TEMPLATE_RAW},	{"sockets", sockets, TEMPLATE_XML},
		{"cores", cores, TEMPLATE_XML}, {"threads", threads, TEMPLATE_XML},
		{"numa", cells, TEMPLATE_RAW},	END};

	return fill(d, "cpu.xml", values);
}

static char *commandline(Domain *d)
{
	const TemplateValue values[] = {{"overcommit", cpupm_overcommit(d->vm->spec), TEMPLATE_XML},
					END};

	return d->vm->cpupm->verdict == CPUPM_ON ? fill(d, "commandline.xml", values)
						 : g_strdup("");
}

static char *domain(Domain *d)
{
	const PlanVm *vm = d->vm;
	const char *arch = d->plan->host->arch ? d->plan->host->arch : "x86_64";
	bool on = vm->cpupm->verdict == CPUPM_ON;
	g_autofree char *memory = number(plan_vm_memory(vm) >> 10);
	g_autofree char *cpuset = cpulist_format(vm->cpuset ? vm->cpuset : vm->emulatorpin);
	g_autofree char *emulator = cpulist_format(vm->emulatorpin);
	g_autofree char *vcpus = number(vm->spec->vcpus);
	g_autofree char *io = iothreads(d), *pins = vcpupins(d),
			*io_pins = iothreadpins(d, emulator), *numa_tune = numatune(d),
			*backing = memorybacking(d), *feature = features(d, arch),
			*cpu_block = cpu(d), *arguments = commandline(d);
	const TemplateValue values[] = {{"namespace", on ? QEMU_NAMESPACE : "", TEMPLATE_RAW},
					{"name", vm->spec->name, TEMPLATE_XML},
					{"memory", memory, TEMPLATE_XML},
					{"memorybacking", backing, TEMPLATE_RAW},
					{"cpuset", cpuset, TEMPLATE_XML},
					{"vcpus", vcpus, TEMPLATE_XML},
					{"iothreads", io, TEMPLATE_RAW},
					{"vcpupins", pins, TEMPLATE_RAW},
					{"emulatorpin", emulator, TEMPLATE_XML},
					{"iothreadpins", io_pins, TEMPLATE_RAW},
					{"numatune", numa_tune, TEMPLATE_RAW},
					{"arch", arch, TEMPLATE_XML},
					{"features", feature, TEMPLATE_RAW},
					{"cpu", cpu_block, TEMPLATE_RAW},
					{"commandline", arguments, TEMPLATE_RAW},
					END};

	return fill(d, "domain.xml", values);
}

static bool refuse(GError **error, const PlanVm *vm, const char *what)
{
	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT, "vm %s: %s", vm->spec->name, what);
	return false;
}

/* Can the VM be worded at all? */
static bool wordable(const PlanVm *vm, GError **error)
{
	if (!vm->placed)
		return refuse(error, vm, "it is not placed; 'planner plan' says why");
	if (!vm->spec->memory)
		return refuse(error, vm, "a domain needs memory; give its section memory = 8G");
	return true;
}

char *artifact_domain(const Rendering *rendering, GError **error)
{
	Domain d = {rendering, rendering->plan, rendering->vm, error, false};
	g_autofree char *text = NULL;

	if (!wordable(rendering->vm, error))
		return NULL;
	text = domain(&d);
	return d.failed ? NULL : g_steal_pointer(&text);
}
