/* SPDX-License-Identifier: MIT */
#include "planner/rollout/diff.h"
#include "planner/inventory/settings.h"

#include <string.h>

const char *const diff_kind_names[] = {"same", "changed", "new", "gone", NULL};

/* Life */

static void vm_free(gpointer data)
{
	g_ptr_array_unref(((DiffVm *)data)->lines);
	g_free(data);
}

static void cpus_free(gpointer data)
{
	DiffCpus *cpus = data;

	hwloc_bitmap_free(cpus->cpus);
	g_free(cpus->from);
	g_free(cpus->to);
	g_free(cpus);
}

void diff_free(Diff *diff)
{
	g_ptr_array_unref(diff->node);
	g_ptr_array_unref(diff->cpus);
	g_ptr_array_unref(diff->vms);
	g_ptr_array_unref(diff->files);
	g_free(diff);
}

/* The node */

/* What was not known may be the same. */
static Cost node_cost(const Setting *setting, const NodeSpec *before, const NodeSpec *after)
{
	bool known = !setting->told || (!setting_standard(node_settings, setting, before) &&
					!setting_standard(node_settings, setting, after));

	return known ? setting->cost : COST_NONE;
}

static void compare_node(Diff *diff)
{
	const NodeSpec *before = diff->before->node, *after = diff->after->node;

	for (const Setting *setting = node_settings->settings; setting->key; setting++) {
		g_autofree char *from = setting_shown(setting, before);
		g_autofree char *to = setting_shown(setting, after);

		diff_line_add(diff->node, setting->what ? setting->what : setting->key, from, to,
			      node_cost(setting, before, after));
	}
	diff_line_add(diff->node, "kernel line", diff->before->cmdline, diff->after->cmdline,
		      COST_REBOOT);
	diff->reboot = !hwloc_bitmap_isequal(diff->before->isolated, diff->after->isolated);
	for (unsigned i = 0; i < diff->node->len; i++)
		diff->reboot |= ((DiffLine *)g_ptr_array_index(diff->node, i))->cost == COST_REBOOT;
}

/* CPUs */

/* By core: the VM that has a CPU of it, or NULL. Yours. */
static const char **core_vms(const Plan *plan)
{
	const char **names = g_new0(const char *, plan->host->cores->len);

	for (unsigned i = 0; i < plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);

		for (unsigned v = 0; v < vm->pins->len; v++) {
			unsigned cpu = g_array_index(vm->pins, unsigned, v);

			names[host_core_of(plan->host, cpu)] = vm->spec->name;
		}
	}
	return names;
}

/* What a core is used for: its VM, or its role. */
static char *use_of(const Plan *plan, const char *const *vms, unsigned core)
{
	Role role = g_array_index(plan->roles, Role, core);

	return role == ROLE_DEDICATED && vms[core] ? g_strdup_printf("vm %s", vms[core])
						   : g_strdup(role_names[role]);
}

/* Roles are put in force by the kernel line where isolation is concerned, by services else. */
static Cost role_cost(const Diff *diff, unsigned core)
{
	const unsigned served = 1 << ROLE_HOST | 1 << ROLE_SDK | 1 << ROLE_SHARED;
	Role from = g_array_index(diff->before->roles, Role, core);
	Role to = g_array_index(diff->after->roles, Role, core);
	unsigned cpu = host_core(diff->after->host, core)->cpu[0];

	if (hwloc_bitmap_isset(diff->before->isolated, cpu) !=
	    hwloc_bitmap_isset(diff->after->isolated, cpu))
		return COST_REBOOT;
	return from != to && ((1u << from | 1u << to) & served) ? COST_RELOAD : COST_NONE;
}

static DiffCpus *diff_cpus_of(GPtrArray *all, const char *from, const char *to, Cost cost)
{
	DiffCpus *cpus;

	for (unsigned i = 0; i < all->len; i++) {
		cpus = g_ptr_array_index(all, i);
		if (cpus->cost == cost && !strcmp(cpus->from, from) && !strcmp(cpus->to, to))
			return cpus;
	}
	cpus = g_new0(DiffCpus, 1);
	cpus->cpus = hwloc_bitmap_alloc();
	cpus->from = g_strdup(from);
	cpus->to = g_strdup(to);
	cpus->cost = cost;
	g_ptr_array_add(all, cpus);
	return cpus;
}

static void compare_cpus(Diff *diff)
{
	const Host *host = diff->after->host;
	g_autofree const char **before = core_vms(diff->before), **after = core_vms(diff->after);

	for (unsigned i = 0; i < host->cores->len; i++) {
		const Core *core = host_core(host, i);
		g_autofree char *from = use_of(diff->before, before, i);
		g_autofree char *to = use_of(diff->after, after, i);
		DiffCpus *cpus;

		if (!strcmp(from, to))
			continue;
		cpus = diff_cpus_of(diff->cpus, from, to, role_cost(diff, i));
		for (unsigned t = 0; t < core->n_cpus; t++)
			hwloc_bitmap_set(cpus->cpus, core->cpu[t]);
	}
}

/* VMs */

static void diff_add_vm(Diff *diff, const char *name, const PlanVm *before, const PlanVm *after)
{
	DiffVm *vm = g_new0(DiffVm, 1);

	vm->host = diff->after->host;
	vm->name = name;
	vm->before = before;
	vm->after = after;
	vm->lines = diff_lines_new();
	diff_vm_compare(vm, diff->before, diff->after);
	g_ptr_array_add(diff->vms, vm);
}

/* Name → PlanVm; names are borrowed. Yours. */
static GHashTable *vms_by_name(const Plan *plan)
{
	GHashTable *vms = g_hash_table_new(g_str_hash, g_str_equal);

	for (unsigned i = 0; i < plan->vms->len; i++) {
		PlanVm *vm = g_ptr_array_index(plan->vms, i);

		g_hash_table_insert(vms, vm->spec->name, vm);
	}
	return vms;
}

static void compare_vms(Diff *diff)
{
	g_autoptr(GHashTable) before = vms_by_name(diff->before);
	g_autoptr(GHashTable) after = vms_by_name(diff->after);

	for (unsigned i = 0; i < diff->after->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(diff->after->vms, i);

		diff_add_vm(diff, vm->spec->name, g_hash_table_lookup(before, vm->spec->name), vm);
	}
	for (unsigned i = 0; i < diff->before->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(diff->before->vms, i);

		if (!g_hash_table_contains(after, vm->spec->name))
			diff_add_vm(diff, vm->spec->name, vm, NULL);
	}
	/* A VM that runs on both sides of a reboot stops for it, whatever else it does. */
	for (unsigned i = 0; diff->reboot && i < diff->vms->len; i++) {
		DiffVm *vm = g_ptr_array_index(diff->vms, i);

		if (vm->before && vm->before->placed && vm->after && vm->after->placed)
			vm->cost = COST_REBOOT;
	}
}

/* Files */

/* The text of ARTIFACT for PLAN, yours; NULL where it makes none. Files begin with the node's name:
 * that alone makes no difference. */
static char *diff_file_words(const Artifact *artifact, const Plan *plan, char *name)
{
	Plan named = *plan;
	NodeSpec node = *plan->node;
	const Rendering rendering = {.plan = &named};

	node.name = name;
	named.node = &node;
	return artifact_render(artifact, &rendering, NULL);
}

/* What is obeyed, and not the boot loaders' part: that is the kernel line. */
static bool file_matters(const Diff *diff, const Artifact *artifact)
{
	if (!artifact->path || artifact->of_vm || artifact->of_tree ||
	    artifact->activation == ACTIVATE_NOTHING)
		return false;
	return artifact->activation != ACTIVATE_REBOOT || !diff->reboot;
}

static void compare_files(Diff *diff)
{
	for (const Artifact *const *artifact = artifacts; *artifact; artifact++) {
		g_autofree char *before = NULL, *after = NULL;
		DiffFile *file;

		if (!file_matters(diff, *artifact))
			continue;
		before = diff_file_words(*artifact, diff->before, diff->after->node->name);
		after = diff_file_words(*artifact, diff->after, diff->after->node->name);
		if (!g_strcmp0(before, after))
			continue;
		file = g_new0(DiffFile, 1);
		file->artifact = *artifact;
		file->gone = !after;
		file->cost = (*artifact)->activation == ACTIVATE_REBOOT ? COST_REBOOT : COST_RELOAD;
		g_ptr_array_add(diff->files, file);
	}
}

/* All of it */

static Cost diff_cost(const Diff *diff)
{
	Cost cost = diff->reboot ? COST_REBOOT : COST_NONE;

	for (unsigned i = 0; i < diff->node->len; i++)
		cost = MAX(cost, ((const DiffLine *)g_ptr_array_index(diff->node, i))->cost);
	for (unsigned i = 0; i < diff->cpus->len; i++)
		cost = MAX(cost, ((const DiffCpus *)g_ptr_array_index(diff->cpus, i))->cost);
	for (unsigned i = 0; i < diff->vms->len; i++)
		cost = MAX(cost, ((const DiffVm *)g_ptr_array_index(diff->vms, i))->cost);
	for (unsigned i = 0; i < diff->files->len; i++) {
		const DiffFile *file = g_ptr_array_index(diff->files, i);

		cost = file->cost == COST_REBOOT ? cost : MAX(cost, file->cost);
	}
	return cost;
}

Diff *diff_new(const Plan *before, const Plan *after)
{
	Diff *diff = g_new0(Diff, 1);

	diff->before = before;
	diff->after = after;
	diff->node = diff_lines_new();
	diff->cpus = g_ptr_array_new_with_free_func(cpus_free);
	diff->vms = g_ptr_array_new_with_free_func(vm_free);
	diff->files = g_ptr_array_new_with_free_func(g_free);
	compare_node(diff);
	compare_cpus(diff);
	compare_vms(diff);
	compare_files(diff);
	diff->cost = diff_cost(diff);
	return diff;
}

unsigned diff_count(const Diff *diff, DiffKind kind)
{
	unsigned n = 0;

	for (unsigned i = 0; i < diff->vms->len; i++)
		n += ((const DiffVm *)g_ptr_array_index(diff->vms, i))->kind == kind;
	return n;
}

bool diff_same(const Diff *diff)
{
	return !diff->node->len && !diff->cpus->len && !diff->files->len &&
	       diff_count(diff, DIFF_SAME) == diff->vms->len;
}
