/* SPDX-License-Identifier: MIT */
/*
 * The domain XML of one VM. Every thread gets CPUs: libvirt before 10.4 lets threads without a pin
 * run on isolated CPUs too, so <vcpu cpuset>, emulatorpin and iothreadpin are always there.
 */
#include "planner/artifacts/artifact.h"
#include "planner/base/version.h"
#include "planner/place/guest.h"

#include <string.h>

/* What ACPI says of a node and itself, and the most of two nodes that reach each other. */
#define DISTANCE_LOCAL 10
#define DISTANCE_MOST 254

#define QEMU_NAMESPACE " xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'"

static char *artifact_domain_vcpupins(Fill *f)
{
	return fill_vm_pins(f, "vcpupin.xml", "cpuset");
}

static char *artifact_domain_iothreads(Fill *f)
{
	g_autofree char *n = fill_number(f->vm->spec->iothreads);
	const TemplateValue values[] = {{"iothreads", n, TEMPLATE_XML}, FILL_END};

	return f->vm->spec->iothreads ? fill(f, "iothreads.xml", values) : g_strdup("");
}

static char *artifact_domain_iothreadpins(Fill *f)
{
	GString *block = g_string_new(NULL);

	for (unsigned i = 1; i <= f->vm->spec->iothreads; i++) { /* libvirt counts from 1 */
		g_autofree char *cpus = fill_vm_iothread(f, i), *n = fill_number(i);
		const TemplateValue values[] = {
			{"iothread", n, TEMPLATE_XML}, {"cpuset", cpus, TEMPLATE_XML}, FILL_END};

		fill_append(f, block, "iothreadpin.xml", values);
	}
	return g_string_free(block, FALSE);
}

static char *artifact_domain_vcpusched(Fill *f)
{
	const VmSpec *spec = f->vm->spec;
	g_autofree char *list = fill_realtime_vcpus(spec);
	g_autofree char *priority = fill_number(spec->realtime.priority);

	if (!*list)
		return g_strdup("");
	return fill(
		f, "vcpusched.xml",
		(const TemplateValue[]){
			{"vcpus", list, TEMPLATE_XML},
			{"scheduler", scheduler_policy_name(spec->realtime.policy), TEMPLATE_XML},
			{"priority", priority, TEMPLATE_XML},
			FILL_END});
}

/* That its memory comes from. */
static unsigned share_node_id(const Fill *f, unsigned share)
{
	return host_node(f->plan->host, g_array_index(f->vm->shares, VmShare, share).from)->id;
}

static char *artifact_domain_numatune(Fill *f)
{
	g_auto(CpuSet) nodes = hwloc_bitmap_alloc();
	g_autoptr(GString) memnodes = g_string_new(NULL);
	g_autofree char *nodeset = NULL;

	if (!f->vm->shares->len)
		return g_strdup("");
	for (unsigned i = 0; i < f->vm->shares->len; i++) {
		unsigned id = share_node_id(f, i);
		g_autofree char *cell = fill_number(i), *node = fill_number(id);
		const TemplateValue values[] = {
			{"cell", cell, TEMPLATE_XML}, {"node", node, TEMPLATE_XML}, FILL_END};

		hwloc_bitmap_set(nodes, id);
		if (f->vm->shares->len > 1)
			fill_append(f, memnodes, "memnode.xml", values);
	}
	nodeset = cpulist_format(nodes);
	return fill(f, "numatune.xml",
		    (const TemplateValue[]){{"nodeset", nodeset, TEMPLATE_XML},
					    {"memnodes", memnodes->str, TEMPLATE_RAW},
					    FILL_END});
}

static char *artifact_domain_hugepages(Fill *f)
{
	g_autofree char *size = fill_number(f->vm->spec->page >> 10);
	const TemplateValue values[] = {{"size", size, TEMPLATE_XML}, FILL_END};

	return f->vm->spec->page ? fill(f, "hugepages.xml", values) : g_strdup("");
}

/* A dedicated VM's pages are not to be merged: a write to a shared one would be an exit. */
static char *artifact_domain_memorybacking(Fill *f)
{
	const VmSpec *spec = f->vm->spec;
	bool dedicated = spec->policy == POLICY_DEDICATED;
	g_autofree char *pages = artifact_domain_hugepages(f);
	const TemplateValue values[] = {
		{"hugepages", pages, TEMPLATE_RAW},
		{"nosharepages", dedicated ? "    <nosharepages/>\n" : "", TEMPLATE_RAW},
		{"locked", spec->locked ? "    <locked/>\n" : "", TEMPLATE_RAW},
		FILL_END};

	if (!spec->page && !dedicated && !spec->locked)
		return g_strdup("");
	return fill(f, "memorybacking.xml", values);
}

static const char *arch_of(const Fill *f)
{
	return f->plan->host->arch ? f->plan->host->arch : "x86_64";
}

/* More vCPUs than xAPIC ids? */
static bool is_large(const Fill *f)
{
	return plan_is_x86(f->plan) && guest_maximum(f->vm->spec) > 255;
}

/*
 * KVM's promise to the guest that its vCPUs never wait for a CPU: then its locks spin. libvirt took
 * it for host-passthrough only until, at the latest, 9.0.
 */
bool domain_hinted(const Plan *plan, const PlanVm *vm)
{
	const char *libvirt = plan->node->libvirt;

	if (vm->spec->policy != POLICY_DEDICATED || vm_spec_floating(vm->spec) ||
	    vm->cpupm->verdict == CPUPM_INELIGIBLE || !libvirt)
		return false;
	return !version_before(libvirt, 9, 0) ||
	       (vm->spec->cpu_mode == CPU_MODE_HOST_PASSTHROUGH && !version_before(libvirt, 5, 7));
}

static bool is_hinted(const Fill *f)
{
	return domain_hinted(f->plan, f->vm);
}

static char *artifact_domain_features(Fill *f)
{
	g_autofree char *hint = is_hinted(f)
					? fill(f, "hint.xml", (const TemplateValue[]){FILL_END})
					: g_strdup("");
	const TemplateValue values[] = {
		{"hint", hint, TEMPLATE_RAW},
		{"ioapic", is_large(f) ? "    <ioapic driver='qemu'/>\n" : "", TEMPLATE_RAW},
		FILL_END};

	return plan_is_x86(f->plan) ? fill(f, "features.xml", values) : g_strdup("");
}

/* How far the guest's cell number CELL is from each, as the host's nodes are; where the host does
 * not say, or says what no guest can be told, libvirt's own distances are as good. */
static char *cell_distances(Fill *f, unsigned cell)
{
	const Host *host = f->plan->host;
	const VmShare *shares = (const VmShare *)f->vm->shares->data;
	g_autoptr(GString) siblings = g_string_new(NULL);

	for (unsigned i = 0; i < f->vm->shares->len; i++) {
		unsigned distance = host_distance(host, shares[cell].node, shares[i].node);
		g_autofree char *id = fill_number(i),
				*value = fill_number(i == cell ? DISTANCE_LOCAL : distance);
		const TemplateValue values[] = {
			{"id", id, TEMPLATE_XML}, {"value", value, TEMPLATE_XML}, FILL_END};

		if (!host->distances_said->len || (i != cell && distance > DISTANCE_MOST))
			return g_strdup("/>");
		fill_append(f, siblings, "sibling.xml", values);
	}
	return fill(f, "distances.xml",
		    (const TemplateValue[]){{"siblings", siblings->str, TEMPLATE_RAW}, FILL_END});
}

static char *artifact_domain_numa(Fill *f)
{
	g_autoptr(GString) cells = g_string_new(NULL);

	if (f->vm->shares->len < 2)
		return g_strdup("");
	for (unsigned i = 0; i < f->vm->shares->len; i++) {
		uint64_t bytes = g_array_index(f->vm->shares, VmShare, i).memory;
		g_autofree char *cell = fill_number(i), *cpus = fill_cell_vcpus(f->plan, f->vm, i),
				*memory = fill_number(bytes >> 10),
				*distances = cell_distances(f, i);
		const TemplateValue values[] = {{"cell", cell, TEMPLATE_XML},
						{"cpus", cpus, TEMPLATE_XML},
						{"memory", memory, TEMPLATE_XML},
						{"distances", distances, TEMPLATE_RAW},
						FILL_END};

		fill_append(f, cells, "cell.xml", values);
	}
	return fill(f, "numa.xml",
		    (const TemplateValue[]){{"cells", cells->str, TEMPLATE_RAW}, FILL_END});
}

/* A custom CPU without a model is QEMU's default one: libvirt's plain <cpu>. */
static char *artifact_domain_cpu(Fill *f)
{
	const PlanVm *vm = f->vm;
	const char *name = cpu_mode_names[vm->spec->cpu_mode];
	g_autofree char *mode = vm->spec->cpu_mode == CPU_MODE_CUSTOM
					? g_strdup("")
					: g_strdup_printf(" mode='%s'", name);
	g_autofree char *sockets = fill_number(vm->sockets), *cores = fill_number(vm->cores),
			*threads = fill_number(vm->threads), *cells = artifact_domain_numa(f);
	/* clang-format off */
	const TemplateValue values[] = {
		{"mode", mode, TEMPLATE_RAW},
		{"sockets", sockets, TEMPLATE_XML},
		{"cores", cores, TEMPLATE_XML},
		{"threads", threads, TEMPLATE_XML},
		{"numa", cells, TEMPLATE_RAW},
		FILL_END};
	/* clang-format on */

	return fill(f, "cpu.xml", values);
}

static char *artifact_domain_commandline(Fill *f)
{
	const TemplateValue values[] = {{"overcommit", cpupm_overcommit(f->vm->spec), TEMPLATE_XML},
					FILL_END};

	return f->vm->cpupm->verdict == CPUPM_ON ? fill(f, "commandline.xml", values)
						 : g_strdup("");
}

static char *artifact_domain_namespace(Fill *f)
{
	return g_strdup(f->vm->cpupm->verdict == CPUPM_ON ? QEMU_NAMESPACE : "");
}

/* What a reader of the file would miss, and why it is not there. */
static char *artifact_domain_remark(Fill *f)
{
	GString *text = g_string_new(NULL);

	if (f->vm->cpupm->verdict != CPUPM_ON)
		g_string_append_printf(text, "  <!-- without cpu-pm, which is %s -->\n",
				       cpupm_names[f->vm->cpupm->verdict]);
	else if (!is_hinted(f) && plan_is_x86(f->plan))
		g_string_append(text,
				"  <!-- without hint-dedicated: for that libvirt must be known to "
				"be 9.0 or later -->\n");
	return g_string_free(text, FALSE);
}

static char *artifact_domain_memory(Fill *f)
{
	return fill_number(plan_vm_memory(f->vm) >> 10);
}

static char *artifact_domain_cpuset(Fill *f)
{
	return cpulist_format(f->vm->cpuset ? f->vm->cpuset : f->vm->emulatorpin);
}

static char *artifact_domain_vcpus(Fill *f)
{
	return fill_number(guest_maximum(f->vm->spec));
}

/* The others may be plugged in while it runs. */
static char *artifact_domain_current(Fill *f)
{
	const VmSpec *spec = f->vm->spec;

	return guest_maximum(spec) > spec->vcpus ? g_strdup_printf(" current='%u'", spec->vcpus)
						 : g_strdup("");
}

static char *artifact_domain_arch(Fill *f)
{
	return g_strdup(arch_of(f));
}

/* libvirt's own choice is of an embedded board on some of them; more than 255 vCPUs on x86 need an
 * IOMMU, which q35 alone has. */
static char *artifact_domain_machine(Fill *f)
{
	static const struct {
		const char *arch, *machine;
	} machines[] = {{"aarch64", "virt"},
			{"riscv64", "virt"},
			{"ppc64le", "pseries"},
			{"ppc64", "pseries"},
			{"s390x", "s390-ccw-virtio"}};

	if (is_large(f))
		return g_strdup(" machine='q35'");
	for (unsigned i = 0; i < G_N_ELEMENTS(machines); i++)
		if (!strcmp(machines[i].arch, arch_of(f)))
			return g_strdup_printf(" machine='%s'", machines[i].machine);
	return g_strdup("");
}

/* x2APIC ids beyond 255 reach the guest by an IOMMU that remaps interrupts. libvirt 10.10 adds it
 * by itself, but writing it is right with any. */
static char *artifact_domain_devices(Fill *f)
{
	return is_large(f) ? fill(f, "iommu.xml", (const TemplateValue[]){FILL_END}) : g_strdup("");
}

static const ArtifactValue domain_values[] = {
	{"namespace", TEMPLATE_RAW, artifact_domain_namespace},
	{"remark", TEMPLATE_RAW, artifact_domain_remark},
	{"name", TEMPLATE_XML, fill_vm_name},
	{"memory", TEMPLATE_XML, artifact_domain_memory},
	{"memorybacking", TEMPLATE_RAW, artifact_domain_memorybacking},
	{"cpuset", TEMPLATE_XML, artifact_domain_cpuset},
	{"current", TEMPLATE_RAW, artifact_domain_current},
	{"vcpus", TEMPLATE_XML, artifact_domain_vcpus},
	{"iothreads", TEMPLATE_RAW, artifact_domain_iothreads},
	{"vcpupins", TEMPLATE_RAW, artifact_domain_vcpupins},
	{"emulatorpin", TEMPLATE_XML, fill_vm_emulator},
	{"iothreadpins", TEMPLATE_RAW, artifact_domain_iothreadpins},
	{"vcpusched", TEMPLATE_RAW, artifact_domain_vcpusched},
	{"numatune", TEMPLATE_RAW, artifact_domain_numatune},
	{"arch", TEMPLATE_XML, artifact_domain_arch},
	{"machine", TEMPLATE_RAW, artifact_domain_machine},
	{"features", TEMPLATE_RAW, artifact_domain_features},
	{"cpu", TEMPLATE_RAW, artifact_domain_cpu},
	{"devices", TEMPLATE_RAW, artifact_domain_devices},
	{"commandline", TEMPLATE_RAW, artifact_domain_commandline},
	{NULL, TEMPLATE_RAW, NULL}};

const Artifact artifact_domain = {
	.name = "domain",
	.help = "the libvirt domain XML of one VM",
	.path = "/etc/planner/domains/*.xml",
	.of_vm = true,
	.base = BASE_CHANGE,
	.activation = ACTIVATE_RESTART,
	.activate = "virsh define --validate FILE, then power the VM off and start it",
	.unfit = unfit_unsized,
	.template = "domain.xml",
	.values = domain_values,
};
