/* SPDX-License-Identifier: MIT */
/* The script that puts a target's files on its node. */
#include "planner/artifacts/artifact.h"
#include "planner/artifacts/artifact_steps.h"
#include "planner/artifacts/target.h"

/* The machine */

static char *apply_name(Fill *f)
{
	const char *name = f->plan->node->name;

	return name ? fill(f, "apply-name.sh",
			   (const TemplateValue[]){{"node", name, TEMPLATE_SHELL}, FILL_END})
		    : g_strdup("");
}

static void apply_expect(Fill *f, GString *block, const char *template, hwloc_const_bitmap_t cpus,
			 const char *path)
{
	g_autofree char *list = cpulist_format(cpus);
	const TemplateValue values[] = {
		{"path", path, TEMPLATE_SHELL}, {"text", list, TEMPLATE_SHELL}, FILL_END};

	fill_append(f, block, template, values);
}

/* Who shares an L3, where the machine says so: hwloc may know more. */
static void apply_expect_l3s(Fill *f, GString *block)
{
	const Host *host = f->plan->host;

	for (unsigned i = 0; i < host->l3s->len; i++) {
		hwloc_const_bitmap_t cpus = g_array_index(host->l3s, L3, i).cpus;
		g_autofree char *path = g_strdup_printf(
			"/sys/devices/system/cpu/cpu%d/cache/index3/shared_cpu_list",
			hwloc_bitmap_first(cpus));

		if (!hwloc_bitmap_iszero(cpus))
			apply_expect(f, block, "apply-known.sh", cpus, path);
	}
}

/* Expect CPUS in the list called LIST of the lowest of them; a kernel may have no such list. */
static void apply_expect_list(Fill *f, GString *block, hwloc_const_bitmap_t cpus, const char *list)
{
	g_autofree char *path = g_strdup_printf("/sys/devices/system/cpu/cpu%d/topology/%s",
						hwloc_bitmap_first(cpus), list);

	apply_expect(f, block, "apply-known.sh", cpus, path);
}

/* The CPUs of CORE's package, or of its die. */
static hwloc_bitmap_t apply_around(const Host *host, const Core *core, bool die)
{
	hwloc_bitmap_t cpus = hwloc_bitmap_alloc();

	for (unsigned i = 0; i < host->cores->len; i++) {
		const Core *other = host_core(host, i);

		if (die ? other->die == core->die : other->package == core->package)
			for (unsigned c = 0; c < other->n_cpus; c++)
				hwloc_bitmap_set(cpus, other->cpu[c]);
	}
	return cpus;
}

/* Who shares a package and a die. A host has dies only where they divide a node: a package that no
 * die divides, and that is in one node, is one die. Linux before 5.17 has die_cpus_list on other
 * machines than x86, too: there it is each CPU alone. */
static void apply_expect_packages(Fill *f, GString *block)
{
	const Host *host = f->plan->host;

	for (unsigned i = 0; i < host->cores->len; i++) {
		const Core *core = host_core(host, i);
		g_auto(CpuSet) package = apply_around(host, core, false);
		g_auto(CpuSet) die = apply_around(host, core, true);
		int lowest = (int)core->cpu[0];

		if (hwloc_bitmap_first(package) == lowest) {
			apply_expect_list(f, block, package, "core_siblings_list");
			if (!core->die && plan_is_x86(f->plan) &&
			    hwloc_bitmap_isincluded(package, host_node(host, core->node)->cpus))
				apply_expect_list(f, block, package, "die_cpus_list");
		}
		if (core->die && hwloc_bitmap_first(die) == lowest)
			apply_expect_list(f, block, die, "die_cpus_list");
	}
}

/* What the plan's fingerprint is of, as /sys has it: which CPUs there are, in which packages, dies,
 * NUMA nodes and L3s, and which are of one core. */
static char *apply_expected(Fill *f)
{
	const Host *host = f->plan->host;
	GString *block = g_string_new(NULL);

	apply_expect(f, block, "apply-expect.sh", host->online, "/sys/devices/system/cpu/online");
	apply_expect_packages(f, block);
	apply_expect_l3s(f, block);
	for (unsigned i = 0; i < host->nodes->len; i++) {
		const NumaNode *node = host_node(host, i);
		g_autofree char *path =
			g_strdup_printf("/sys/devices/system/node/node%u/cpulist", node->id);

		apply_expect(f, block, "apply-expect.sh", node->cpus, path);
	}
	for (unsigned i = 0; i < host->cores->len; i++) {
		const Core *core = host_core(host, i);
		g_auto(CpuSet) cpus = hwloc_bitmap_alloc();
		g_autofree char *path = g_strdup_printf(
			"/sys/devices/system/cpu/cpu%u/topology/thread_siblings_list",
			core->cpu[0]);

		for (unsigned c = 0; c < core->n_cpus; c++)
			hwloc_bitmap_set(cpus, core->cpu[c]);
		apply_expect(f, block, "apply-expect.sh", cpus, path);
	}
	return g_string_free(block, FALSE);
}

/* What the script does */

/* undo.sh and INDEX first: what is in place can be taken away at any time. */
static char *apply_files(Fill *f)
{
	GString *block = g_string_new(NULL);

	for (unsigned pass = 0; pass < 2; pass++)
		for (unsigned i = 0; i < f->files->len; i++) {
			const ArtifactFile *file = g_ptr_array_index(f->files, i);
			g_autofree char *mode = g_strdup_printf("%04o", file->mode);
			const TemplateValue values[] = {{"path", file->path, TEMPLATE_SHELL},
							{"mode", mode, TEMPLATE_LINE},
							FILL_END};

			if (file->artifact->of_tree == !pass)
				fill_append(f, block, "apply-file.sh", values);
		}
	return g_string_free(block, FALSE);
}

static char *apply_changes(Fill *f)
{
	GString *block = g_string_new(NULL);

	for (unsigned i = 0; i < f->files->len; i++) {
		const ArtifactFile *file = g_ptr_array_index(f->files, i);
		const TemplateValue values[] = {{"paths", file->artifact->changes, TEMPLATE_LINE},
						FILL_END};

		if (file->artifact->changes)
			fill_append(f, block, "apply-change.sh", values);
	}
	return g_string_free(block, FALSE);
}

/* TEMPLATE for each of STEPS, by the name NAME; they are freed. */
static char *apply_lines(Fill *f, const char *template, const char *name, GPtrArray *steps)
{
	GString *block = g_string_new(NULL);

	for (unsigned i = 0; i < steps->len; i++)
		fill_append(f, block, template,
			    (const TemplateValue[]){
				    {name, g_ptr_array_index(steps, i), TEMPLATE_SHELL}, FILL_END});
	g_ptr_array_unref(steps);
	return g_string_free(block, FALSE);
}

/* The VMs that a step defines. */
static char *apply_domains(Fill *f)
{
	GString *block = g_string_new(NULL);

	for (unsigned i = 0; i < f->files->len; i++) {
		const ArtifactFile *file = g_ptr_array_index(f->files, i);
		const char *name = file->vm ? file->vm->spec->name : "";
		const TemplateValue values[] = {{"name", name, TEMPLATE_SHELL},
						{"path", file->path, TEMPLATE_SHELL},
						FILL_END};

		if (file->merged)
			fill_append(f, block, "apply-domain.sh", values);
	}
	return g_string_free(block, FALSE);
}

static char *apply_steps(Fill *f)
{
	return apply_lines(f, "apply-step.sh", "command", steps_of(f->files));
}

static char *apply_next(Fill *f)
{
	return apply_lines(f, "apply-next.sh", "what", steps_next(f->files));
}

static char *apply_again(Fill *f)
{
	return apply_lines(f, "apply-again.sh", "command", steps_refresh(f->files));
}

static char *apply_target(Fill *f)
{
	return g_strdup(f->rendering->target->words);
}

static const ArtifactValue apply_values[] = {{"node", TEMPLATE_LINE, fill_node},
					     {"target", TEMPLATE_LINE, apply_target},
					     {"name", TEMPLATE_RAW, apply_name},
					     {"expected", TEMPLATE_RAW, apply_expected},
					     {"files", TEMPLATE_RAW, apply_files},
					     {"changes", TEMPLATE_RAW, apply_changes},
					     {"steps", TEMPLATE_RAW, apply_steps},
					     {"again", TEMPLATE_RAW, apply_again},
					     {"domains", TEMPLATE_RAW, apply_domains},
					     {"next", TEMPLATE_RAW, apply_next},
					     {NULL, TEMPLATE_RAW, NULL}};

const Artifact artifact_apply = {
	.name = "apply",
	.help = "puts the tree on the node, and keeps what was there",
	.path = "/etc/planner/apply.sh",
	.of_tree = true,
	.of_target = true,
	.applies = true,
	.activation = ACTIVATE_REBOOT,
	.activate = "sh TREE/etc/planner/apply.sh",
	.template = "apply.sh",
	.values = apply_values,
};
