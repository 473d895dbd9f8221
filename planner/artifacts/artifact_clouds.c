/* SPDX-License-Identifier: MIT */
/* The split for those who hand it on: OpenStack Nova, OpenShift, Ansible. */
#include "planner/artifacts/artifact.h"
#include "planner/artifacts/artifact_memory.h"
#include "topology/base/list.h"

#include <string.h>

/* Nova */

static char *nova_dedicated(Fill *f)
{
	return fill_list(f->plan, FILL_FOR_VMS);
}

/* Where shared VMs float, and emulator threads (hw:emulator_threads_policy=share) run. */
static char *nova_shared(Fill *f)
{
	bool pool = !hwloc_bitmap_iszero(f->plan->cpus[ROLE_SHARED]);

	return fill_list(f->plan, 1u << (pool ? ROLE_SHARED : ROLE_HOST));
}

/* What Nova is to leave alone. Without a ratio it would place 4 or 16 vCPUs on each shared CPU. */
static char *nova_default(Fill *f)
{
	const Plan *plan = f->plan;
	uint64_t kept = 0;
	GString *text = g_string_new(NULL);
	g_autofree char *ratio = g_strdup_printf("%g", plan->overcommit);

	for (unsigned i = 0; i < plan->host->nodes->len; i++)
		kept += MIN(plan->node->host_memory, host_node(plan->host, i)->memory);
	if (plan->overcommit > 0)
		g_string_append_printf(text, "cpu_allocation_ratio = %s%s\n", ratio,
				       strchr(ratio, '.') ? "" : ".0");
	if (kept)
		g_string_append_printf(text, "reserved_host_memory_mb = %" G_GUINT64_FORMAT "\n",
				       kept >> 20);
	if (text->len)
		g_string_prepend(text, "[DEFAULT]\n");
	return g_string_free(text, FALSE);
}

static const ArtifactValue nova_values[] = {{"head", TEMPLATE_RAW, fill_head},
					    {"default", TEMPLATE_RAW, nova_default},
					    {"dedicated", TEMPLATE_LINE, nova_dedicated},
					    {"shared", TEMPLATE_LINE, nova_shared},
					    {NULL, TEMPLATE_RAW, NULL}};

const Artifact artifact_nova = {
	.name = "nova",
	.help = "OpenStack Nova: which CPUs are for dedicated and shared VMs",
	.path = "/etc/nova/nova.conf.d/planner.conf",
	.activation = ACTIVATE_RESTART,
	.activate = "restart nova-compute",
	.apply = "systemctl try-restart openstack-nova-compute nova-compute",
	.undo = "systemctl try-restart openstack-nova-compute nova-compute",
	.unfit = unfit_without_vm_cpus,
	.template = "cloud/nova.conf",
	.values = nova_values,
};

/* Flavors: one for each shape of VM. */

static const char *thread_policy(const Plan *plan, const VmSpec *spec)
{
	unsigned threads = plan->host->max_threads;

	if (spec->threads == THREADS_ISOLATE)
		return "isolate";
	return threads > 1 && vm_spec_pinned(spec) % threads == 0 ? "require" : "prefer";
}

static const char *emulator_policy(const VmSpec *spec)
{
	return spec->emulator == HELPER_OWN ? "isolate" : "share";
}

/* Nova divides a guest evenly among its cells, or as it is told, cell by cell. */
static bool flavor_is_even(const PlanVm *vm)
{
	const VmShare *shares = (const VmShare *)vm->shares->data;
	bool even = !vm_spec_floating(vm->spec);

	for (unsigned i = 1; i < vm->shares->len; i++)
		even &= shares[i].vcpus == shares[0].vcpus &&
			fill_cell_mib(&shares[i]) == fill_cell_mib(&shares[0]);
	return even || vm->shares->len < 2;
}

static char *flavor_cells(Fill *f, const PlanVm *vm)
{
	GString *text = g_string_new(NULL);
	unsigned n = flavor_is_even(vm) ? 0 : vm->shares->len;

	for (unsigned i = 0; i < n; i++) {
		const VmShare *share = &g_array_index(vm->shares, VmShare, i);
		g_autofree char *cell = fill_number(i), *memory = fill_number(fill_cell_mib(share));
		g_autofree char *vcpus = fill_cell_vcpus(f->plan, vm, i);
		const TemplateValue values[] = {{"cell", cell, TEMPLATE_SHELL},
						{"vcpus", vcpus, TEMPLATE_SHELL},
						{"memory", memory, TEMPLATE_SHELL},
						FILL_END};

		fill_append(f, text, "cloud/flavor-cell.sh", values);
	}
	return g_string_free(text, FALSE);
}

/* Nova's mixed VMs have one mask: their real-time vCPUs are all that have CPUs of their own. */
static bool flavor_says_realtime(const VmSpec *spec)
{
	for (unsigned v = 0; v < spec->vcpus; v++)
		if (vm_spec_floating(spec) && !vm_spec_realtime(spec, v) &&
		    !vm_spec_floats(spec, v))
			return false;
	return spec->realtime.priority != 0;
}

/* "^0,^4-5": all vCPUs but those that are not real-time, as every Nova reads it; "" for all. Yours.
 */
static char *realtime_mask(const VmSpec *spec)
{
	g_auto(CpuSet) others = hwloc_bitmap_alloc();
	g_autofree char *list = NULL;
	g_auto(GStrv) regions = NULL;
	g_autofree char *mask = NULL;

	for (unsigned v = 0; v < spec->vcpus; v++)
		if (!vm_spec_realtime(spec, v))
			hwloc_bitmap_set(others, v);
	list = cpulist_format(others);
	regions = g_strsplit(list, ",", -1);
	mask = g_strjoinv(",^", regions);
	return *list ? g_strconcat("^", mask, NULL) : g_strdup("");
}

/* Without a mask all vCPUs are. */
static char *flavor_realtime(Fill *f, const VmSpec *spec)
{
	g_autofree char *vcpus = realtime_mask(spec);
	g_autofree char *mask =
		*vcpus ? fill(f, "cloud/flavor-realtime-mask.sh",
			      (const TemplateValue[]){{"vcpus", vcpus, TEMPLATE_SHELL}, FILL_END})
		       : g_strdup("");

	return fill(f, "cloud/flavor-realtime.sh",
		    (const TemplateValue[]){{"mask", mask, TEMPLATE_RAW}, FILL_END});
}

/* Which of the vCPUs have CPUs of their own, and which are real-time. */
static char *flavor_masks(Fill *f, const VmSpec *spec)
{
	g_autofree char *list =
		spec->dedicated_vcpus ? cpulist_format(spec->dedicated_vcpus) : NULL;

	if (flavor_says_realtime(spec))
		return flavor_realtime(f, spec);
	return vm_spec_floating(spec)
		       ? fill(f, "cloud/flavor-mixed.sh",
			      (const TemplateValue[]){{"vcpus", list, TEMPLATE_SHELL}, FILL_END})
		       : g_strdup("");
}

static char *flavor_dedicated(Fill *f, const PlanVm *vm)
{
	g_autofree char *nodes = fill_number(MAX(vm->shares->len, 1));
	g_autofree char *masks = flavor_masks(f, vm->spec), *cells = flavor_cells(f, vm);
	const TemplateValue values[] = {
		{"policy", vm_spec_floating(vm->spec) ? "mixed" : "dedicated", TEMPLATE_SHELL},
		{"mask", masks, TEMPLATE_RAW},
		{"threads", thread_policy(f->plan, vm->spec), TEMPLATE_SHELL},
		{"nodes", nodes, TEMPLATE_SHELL},
		{"cells", cells, TEMPLATE_RAW},
		{"emulator", emulator_policy(vm->spec), TEMPLATE_SHELL},
		FILL_END};

	return fill(f, "cloud/flavor-dedicated.sh", values);
}

static char *flavor_shared(Fill *f)
{
	return fill(f, "cloud/flavor-shared.sh", (const TemplateValue[]){FILL_END});
}

static char *flavor_pages(Fill *f, const VmSpec *spec)
{
	g_autofree char *size = fill_number(spec->page >> 10);

	return spec->page ? fill(f, "cloud/flavor-pages.sh",
				 (const TemplateValue[]){{"size", size, TEMPLATE_SHELL}, FILL_END})
			  : g_strdup("");
}

/* Names are made of the shape, so that equal shapes have equal names; a VM's name is in none. */
static char *flavor_name(const Plan *plan, const PlanVm *vm)
{
	const VmSpec *spec = vm->spec;
	GString *name = g_string_new("planner");
	unsigned uneven = flavor_is_even(vm) ? 0 : vm->shares->len;

	g_string_append_printf(name, ".%s.%uc.%" G_GUINT64_FORMAT "m", policy_names[spec->policy],
			       spec->vcpus, fill_vm_mib(vm));
	if (spec->page)
		g_string_append_printf(name, ".pages%" G_GUINT64_FORMAT "m", spec->page >> 20);
	if (spec->policy == POLICY_DEDICATED)
		g_string_append_printf(name, ".%s.%un", thread_policy(plan, spec),
				       MAX(vm->shares->len, 1));
	for (unsigned i = 0; i < uneven; i++)
		g_string_append_printf(name, "%s%u", i ? "_" : ".cells",
				       g_array_index(vm->shares, VmShare, i).vcpus);
	if (spec->emulator == HELPER_OWN)
		g_string_append(name, ".emulator");
	if (vm_spec_floating(spec)) {
		g_autofree char *list = cpulist_format(spec->dedicated_vcpus);

		g_string_append_printf(name, ".mixed%s", g_strdelimit(list, ",", '_'));
	}
	if (flavor_says_realtime(spec)) {
		g_autofree char *list = fill_realtime_vcpus(spec);

		g_string_append_printf(name, ".realtime%s", g_strdelimit(list, ",", '_'));
	}
	return g_string_free(name, FALSE);
}

static void flavor_add(Fill *f, GString *block, const PlanVm *vm, const char *name)
{
	g_autofree char *vcpus = fill_number(vm->spec->vcpus),
			*memory = fill_number(fill_vm_mib(vm)), *pages = flavor_pages(f, vm->spec);
	g_autofree char *properties =
		vm->spec->policy == POLICY_DEDICATED ? flavor_dedicated(f, vm) : flavor_shared(f);
	const TemplateValue values[] = {
		{"name", name, TEMPLATE_SHELL},	    {"vcpus", vcpus, TEMPLATE_SHELL},
		{"memory", memory, TEMPLATE_SHELL}, {"properties", properties, TEMPLATE_RAW},
		{"pages", pages, TEMPLATE_RAW},	    FILL_END};

	fill_append(f, block, "cloud/flavor.sh", values);
}

/* Real-time vCPUs are fifo, of the priority that nova.conf says: 1 by default. */
static void flavor_note_scheduler(Fill *f, GString *block, const VmSpec *spec)
{
	g_autofree char *priority = fill_number(spec->realtime.priority);
	const char *scheduler = scheduler_policy_name(spec->realtime.policy);
	const TemplateValue values[] = {{"vm", spec->name, TEMPLATE_LINE},
					{"scheduler", scheduler, TEMPLATE_LINE},
					{"priority", priority, TEMPLATE_LINE},
					FILL_END};

	if (spec->realtime.priority != 1 || !g_str_equal(scheduler, "fifo"))
		fill_append(f, block, "cloud/flavor-scheduler.sh", values);
}

/* What no flavor can say of VM. */
static void flavor_note(Fill *f, GString *block, const PlanVm *vm)
{
	const TemplateValue values[] = {{"vm", vm->spec->name, TEMPLATE_LINE}, FILL_END};

	if (vm->spec->iothread_cpus == HELPER_OWN)
		fill_append(f, block, "cloud/flavor-iothreads.sh", values);
	if (vm->spec->memory_node >= 0)
		fill_append(f, block, "cloud/flavor-memory-node.sh", values);
	if (vm->spec->realtime.priority && !flavor_says_realtime(vm->spec))
		fill_append(f, block, "cloud/flavor-realtime-not.sh", values);
	else if (vm->spec->realtime.priority)
		flavor_note_scheduler(f, block, vm->spec);
}

static char *flavor_lines(Fill *f)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GString *block = g_string_new(NULL);

	for (unsigned i = 0; i < f->plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(f->plan->vms, i);
		char *name = flavor_name(f->plan, vm);

		if (vm->spec->memory)
			flavor_note(f, block, vm);
		if (!vm->spec->memory || g_hash_table_contains(seen, name)) {
			g_free(name);
			continue;
		}
		g_hash_table_add(seen, name);
		flavor_add(f, block, vm, name);
	}
	return g_string_free(block, FALSE);
}

static const char *unfit_without_memory(const Plan *plan, const PlanVm *vm)
{
	(void)vm;
	for (unsigned i = 0; i < plan->vms->len; i++)
		if (((const PlanVm *)g_ptr_array_index(plan->vms, i))->spec->memory)
			return NULL;
	return "no VM of the plan has a size";
}

static const ArtifactValue flavor_values[] = {{"head", TEMPLATE_RAW, fill_head},
					      {"flavors", TEMPLATE_RAW, flavor_lines},
					      {NULL, TEMPLATE_RAW, NULL}};

const Artifact artifact_flavors = {
	.name = "flavors",
	.help = "OpenStack: a flavor for each size of VM, with its extra specs",
	.path = "/etc/planner/openstack-flavors.sh",
	.script = true,
	.activation = ACTIVATE_NOTHING,
	.activate = "run it once, on any machine, with the cloud's administrator credentials",
	.unfit = unfit_without_memory,
	.template = "cloud/flavors.sh",
	.values = flavor_values,
};

/* OpenShift */

static char *profile_reserved(Fill *f)
{
	return fill_list(f->plan, 1 << ROLE_HOST | 1 << ROLE_SHARED);
}

static char *profile_page(Fill *f, const PageNeed *need)
{
	g_autofree char *node = fill_number(need->node), *count = fill_number(need->count);
	const TemplateValue values[] = {
		{"size", need->size == 1 << 30 ? "1G" : "2M", TEMPLATE_STRING},
		{"node", node, TEMPLATE_LINE},
		{"count", count, TEMPLATE_LINE},
		FILL_END};

	return fill(f, "cloud/profile-page.yaml", values);
}

/* The operator knows pages of 2 MiB and 1 GiB. */
static char *profile_pages(Fill *f)
{
	g_autoptr(GArray) needs = page_needs(f->plan);
	g_autoptr(GString) block = g_string_new(NULL);

	for (unsigned i = 0; i < needs->len; i++) {
		const PageNeed *need = &g_array_index(needs, PageNeed, i);
		g_autofree char *page = need->size == 1 << 30 || need->size == 2 << 20
						? profile_page(f, need)
						: NULL;

		if (page)
			g_string_append(block, page);
	}
	if (!block->len)
		return g_strdup("");
	return fill(f, "cloud/profile-pages.yaml",
		    (const TemplateValue[]){{"pages", block->str, TEMPLATE_RAW}, FILL_END});
}

/* CPUs that the operator is to leave offline. */
static char *profile_offlined(Fill *f)
{
	g_autofree char *cpus = fill_list(f->plan, 1 << ROLE_OFFLINE);

	return *cpus ? fill(f, "cloud/profile-offlined.yaml",
			    (const TemplateValue[]){{"cpus", cpus, TEMPLATE_STRING}, FILL_END})
		     : g_strdup("");
}

static const ArtifactValue profile_values[] = {{"head", TEMPLATE_RAW, fill_head},
					       {"isolated", TEMPLATE_STRING, fill_isolated},
					       {"reserved", TEMPLATE_STRING, profile_reserved},
					       {"offlined", TEMPLATE_RAW, profile_offlined},
					       {"policy", TEMPLATE_LINE, fill_topology_policy},
					       {"pages", TEMPLATE_RAW, profile_pages},
					       {NULL, TEMPLATE_RAW, NULL}};

const Artifact artifact_performance_profile = {
	.name = "performance-profile",
	.help = "OpenShift: a PerformanceProfile of the same split",
	.path = "/etc/planner/performance-profile.yaml",
	.activation = ACTIVATE_REBOOT,
	.activate = "oc apply -f performance-profile.yaml; the operator reboots the nodes",
	.unfit = unfit_without_isolated,
	.template = "cloud/profile.yaml",
	.values = profile_values,
};

/* Ansible */

static char *artifact_clouds_pins_of(const PlanVm *vm)
{
	GString *pins = g_string_new(NULL);

	for (unsigned v = 0; vm->pins->len && v < vm->spec->vcpus; v++) {
		g_auto(CpuSet) cpus = plan_vm_vcpu_cpus(vm, v);

		if (vm_spec_floats(vm->spec, v))
			list_add(pins, "null");
		else
			list_add(pins, "%d", hwloc_bitmap_first(cpus));
	}
	return g_string_free(pins, FALSE);
}

static void ansible_vm(Fill *f, GString *block, const PlanVm *vm)
{
	g_autofree char *pins = artifact_clouds_pins_of(vm),
			*emulator = cpulist_format(vm->emulatorpin),
			*cpuset = vm->cpuset ? cpulist_format(vm->cpuset) : g_strdup("");
	const TemplateValue values[] = {
		{"name", vm->spec->name, TEMPLATE_STRING},
		{"policy", policy_names[vm->spec->policy], TEMPLATE_STRING},
		{"pins", pins, TEMPLATE_LINE},
		{"cpuset", cpuset, TEMPLATE_STRING},
		{"emulator", emulator, TEMPLATE_STRING},
		{"cpu_pm", vm->cpupm->verdict == CPUPM_ON ? "true" : "false", TEMPLATE_LINE},
		FILL_END};

	fill_append(f, block, "cloud/ansible-vm.yml", values);
}

static char *ansible_vms(Fill *f)
{
	GString *block = g_string_new(NULL);

	for (unsigned i = 0; i < f->plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(f->plan->vms, i);

		if (vm->placed)
			ansible_vm(f, block, vm);
	}
	if (!block->len)
		g_string_append(block, " []\n");
	else
		g_string_prepend(block, "\n");
	return g_string_free(block, FALSE);
}

static char *ansible_dedicated(Fill *f)
{
	return fill_list(f->plan, 1 << ROLE_DEDICATED);
}

static char *ansible_shared(Fill *f)
{
	return fill_list(f->plan, 1 << ROLE_SHARED);
}

static char *ansible_free(Fill *f)
{
	return fill_list(f->plan, 1 << ROLE_FREE);
}

static const ArtifactValue ansible_values[] = {{"head", TEMPLATE_RAW, fill_head},
					       {"node", TEMPLATE_STRING, fill_node},
					       {"host", TEMPLATE_STRING, fill_host},
					       {"sdk", TEMPLATE_STRING, fill_sdk},
					       {"dedicated", TEMPLATE_STRING, ansible_dedicated},
					       {"shared", TEMPLATE_STRING, ansible_shared},
					       {"free", TEMPLATE_STRING, ansible_free},
					       {"isolated", TEMPLATE_STRING, fill_isolated},
					       {"line", TEMPLATE_STRING, fill_line},
					       {"vms", TEMPLATE_RAW, ansible_vms},
					       {NULL, TEMPLATE_RAW, NULL}};

const Artifact artifact_ansible = {
	.name = "ansible",
	.help = "the split and the VMs as Ansible host variables",
	.path = "/etc/planner/ansible-host-vars.yml",
	.activation = ACTIVATE_NOTHING,
	.activate = "copy it to host_vars/ of the inventory, under the host's name",
	.template = "cloud/ansible.yml",
	.values = ansible_values,
};
