/* SPDX-License-Identifier: MIT */
#include "planner/migrate/migrate.h"
#include "cmd/cmd.h"
#include "cmd/merged.h"
#include "cmd/output.h"
#include "cmd/side.h"
#include "cmd/site.h"
#include "planner/artifacts/artifact.h"
#include "planner/check/fixes.h"
#include "topology/base/error.h"

#include <stdio.h>
#include <string.h>

/* The report */

static const char *migrate_verdict_color(MigrateVerdict verdict, bool color)
{
	/* clang-format off */
	static const char *const colors[] = {
		[MIGRATE_LIVE]    = "\033[32m",
		[MIGRATE_LOSES]   = "\033[33m",
		[MIGRATE_UNKNOWN] = "\033[33m",
		[MIGRATE_RESTART] = "\033[33m",
		[MIGRATE_CANNOT]  = "\033[31m",
	};
	/* clang-format on */

	return color ? colors[verdict] : "";
}

static const char *name_of(const Plan *plan, const char *other)
{
	return plan->node->name ? plan->node->name : other;
}

static void migrate_print_head(const Migration *m, bool color)
{
	static const char *const texts[] = {
		[MIGRATE_LIVE] = "it can migrate live",
		[MIGRATE_LOSES] = "it can migrate live, and loses cpu-pm",
		[MIGRATE_UNKNOWN] = "unknown whether it can migrate live",
		[MIGRATE_RESTART] = "it must be powered off here and on there",
		[MIGRATE_CANNOT] = "it cannot run there",
	};
	g_autofree char *vm = output_safe(m->before->spec->name);
	g_autofree char *from = output_safe(name_of(m->from, "here"));
	g_autofree char *to = output_safe(name_of(m->to, "there"));

	printf("%s%s%s from %s to %s: %s%s%s\n", output_bold(color), vm, output_reset(color), from,
	       to, migrate_verdict_color(m->verdict, color), texts[m->verdict],
	       output_reset(color));
}

static void print_points(const Migration *m, bool color)
{
	static const char *const columns[] = {"POINT", "VERDICT", "~WHAT", "~WHAT TO DO", NULL};
	static const char *const words[] = {"good", "loses cpu-pm", "unknown", "restart", "cannot"};
	struct libscols_table *table = output_table(columns, color);

	for (unsigned i = 0; i < m->points->len; i++) {
		const MigratePoint *point = g_ptr_array_index(m->points, i);
		struct libscols_line *line = output_line(
			table, (const char *const[]){point->what, words[point->verdict],
						     point->text, point->fix ? point->fix : "-"});

		if (color)
			scols_cell_set_color(scols_line_get_cell(line, 1),
					     migrate_verdict_color(point->verdict, color));
	}
	putchar('\n');
	output_print(table);
	scols_unref_table(table);
	puts("\nDevices, disks and networks are not judged. A VFIO device, for example, prevents "
	     "migration.");
}

/* How the VM comes there by PLATFORM, which writes its XML itself; NULL = virsh does it, or it is
 * not known how. */
static const char *migrate_platform_way(const Migration *m, Platform platform)
{
	if (m->verdict <= MIGRATE_LOSES)
		return fixes_text(&fixes_migrate, platform);
	return m->verdict == MIGRATE_RESTART ? fixes_text(&fixes_move, platform) : NULL;
}

/* The commands, where it is known how: live, or by the XML of its next start. */
static void migrate_print_commands(const Migration *m)
{
	g_autofree char *vm = g_shell_quote(m->before->spec->name);
	g_autofree char *safe = output_safe(vm);
	Platform platform = platform_of_name(m->before->spec->name);
	const char *way = migrate_platform_way(m, platform);
	bool live = m->verdict <= MIGRATE_LOSES;

	if (!live && m->verdict != MIGRATE_RESTART)
		return;
	if (way) {
		printf("\nBy its name it is a VM of %s, which writes its XML there: %s\n",
		       platform_names[platform], way);
		return;
	}
	printf("\n  virsh dumpxml %s %s >here.xml\n"
	       "  planner migrate ... --merge here.xml --xml >there.xml\n",
	       live ? "--migratable" : "--inactive", safe);
	if (live)
		printf("  virsh migrate --live --persistent --xml there.xml --persistent-xml "
		       "there.xml %s DESTINATION\n",
		       safe);
	else
		printf("  virsh -c DESTINATION define there.xml\n");
}

/* The XML */

/* PLATFORM writes the XML itself, and the one that is printed is not used. */
static void migrate_warn_platform(const Migration *m, Platform platform)
{
	const char *way = migrate_platform_way(m, platform);
	g_autofree char *vm = output_safe(m->before->spec->name);

	if (platform != PLATFORM_LIBVIRT)
		fprintf(stderr, "planner: %s: %s writes its XML on the other node%s%s\n", vm,
			platform_names[platform], way ? ": " : "", way ? way : "");
}

static bool print_xml(const Options *options, const Migration *m, GError **error)
{
	g_autoptr(GHashTable) templates = site_templates(options->templates, error);
	Plan there = *m->plan;
	NodeSpec node = *m->plan->node;
	bool running = m->verdict <= MIGRATE_UNKNOWN;
	Rendering rendering = {.plan = &there,
			       .vm = m->after,
			       .templates = templates,
			       .elsewhere = true,
			       .running = running};
	g_autofree char *text = NULL;

	if (!templates)
		return false;
	there.node = &node;
	/* What the running guest was not told it must not find: no hint-dedicated. */
	if (running && !domain_hinted(m->from, m->before))
		node.libvirt = NULL;
	if (options->merge && m->after->placed) {
		size_t length;
		g_autofree char *base = input_read(options->merge, &length, error);

		text = base ? merged_domain(&rendering, options->merge, base, length, error) : NULL;
		if (text)
			migrate_warn_platform(m, merged_rewriter(base, length));
	} else {
		text = artifact_render(&artifact_domain, &rendering, error);
	}
	if (text)
		fputs(text, stdout);
	return text;
}

/* Whoever takes the XML is told what it is not good for. */
static void migrate_warn(const Migration *m)
{
	for (unsigned i = 0; i < m->points->len; i++) {
		const MigratePoint *point = g_ptr_array_index(m->points, i);
		g_autofree char *text = output_safe(point->text);

		if (point->verdict != MIGRATE_LIVE)
			fprintf(stderr, "planner: %s: %s\n", point->what, text);
	}
}

/* The two nodes */

static bool migrate_options_check(const Options *options, GError **error)
{
	if (g_strv_length(options->arguments) != 1)
		return options_refuse(error, &command_migrate, "migrate takes the name of one VM");
	if (!options->from || !options->to)
		return options_refuse(error, &command_migrate,
				      "name the two nodes with --from and --to");
	if (!strcmp(options->from, "-") && !strcmp(options->to, "-"))
		return options_refuse(error, &command_migrate,
				      "--from and --to are both standard input: name one of them");
	if (options->merge && !options->xml)
		return options_refuse(error, &command_migrate, "--merge needs --xml");
	if (options->xml && options->json)
		return options_refuse(error, &command_migrate, "give either --xml or --json");
	return true;
}

static bool topology_unused(const NodeSide *side, const char *option, const char *topology,
			    GError **error)
{
	if (!side->saved || !topology)
		return true;
	return options_refuse(error, NULL, "%s: a saved plan contains its topology: leave out %s",
			      side->name, option);
}

static bool migrate_load(const Options *options, NodeSide *from, NodeSide *to, GError **error)
{
	const char *here = options->from_topology ? options->from_topology : options->topology;
	const char *there = options->to_topology ? options->to_topology : options->topology;
	Options first = *options;

	first.moves = 0;
	if (!side_read(from, options->from, error) || !side_read(to, options->to, error) ||
	    !topology_unused(from, "--from-topology", options->from_topology, error) ||
	    !topology_unused(to, "--to-topology", options->to_topology, error))
		return false;
	if (!to->saved && !there)
		return options_refuse(error, &command_migrate,
				      "the other node is not this machine: name its topology with "
				      "--to-topology");
	if (!side_load_host(from, here, NULL, error) || !side_load_host(to, there, NULL, error))
		return false;
	return side_plan(from, &first, error) && side_plan(to, &first, error);
}

/* VM, where the other node's plan has a place for it; NULL. */
static const PlanVm *migrate_find_planned(const char *name, const PlanVm *vm, const NodeSide *to,
					  GError **error)
{
	const PlanVm *there = plan_vm(to->inputs.plan, name);

	if (there && there->placed)
		return vm;
	options_refuse(error, NULL, "%s has no place for VM '%s': leave out --planned", to->name,
		       name);
	return NULL;
}

/* The VM, which is on the one node and not on the other, unless it is PLANNED there; NULL. */
static const PlanVm *migrate_find_vm(const char *name, const NodeSide *from, const NodeSide *to,
				     bool planned, GError **error)
{
	const PlanVm *vm = plan_vm(from->inputs.plan, name);

	if (!vm)
		options_refuse(error, NULL, "%s has no VM '%s'", from->name, name);
	else if (!vm->placed)
		g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
			    "%s: vm %s is unplaced, so it runs nowhere; 'planner plan' says why",
			    from->name, name);
	else if (planned)
		return migrate_find_planned(name, vm, to, error);
	else if (plan_vm(to->inputs.plan, name))
		g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
			    "%s already has a VM '%s': remove it, the question is whether it fits",
			    to->name, name);
	else
		return vm;
	return NULL;
}

static Status migrate_report(const Options *options, const Migration *migration, GError **error)
{
	if (options->xml) {
		if (!print_xml(options, migration, error))
			return STATUS_TROUBLE;
		migrate_warn(migration);
	} else if (options->json) {
		output_json(migrate_to_json(migration));
	} else {
		migrate_print_head(migration, options->color);
		print_points(migration, options->color);
		migrate_print_commands(migration);
	}
	return migration->verdict == MIGRATE_LIVE ? STATUS_FINE : STATUS_BAD_NEWS;
}

static Status migrate_sides(const Options *options, NodeSide *from, NodeSide *to, GError **error)
{
	const PlanVm *vm;
	const Inventory *inventory = to->inputs.inventory;
	g_autoptr(Migration) migration = NULL;

	if (!migrate_options_check(options, error) || !migrate_load(options, from, to, error))
		return STATUS_TROUBLE;
	vm = migrate_find_vm(options->arguments[0], from, to, options->planned, error);
	if (!vm)
		return STATUS_TROUBLE;
	if (options->planned)
		migration =
			migrate_new_with(from->inputs.plan, vm, to->inputs.plan, to->inputs.plan);
	else
		migration = migrate_new(from->inputs.plan, vm, to->inputs.plan,
					inventory ? inventory->overcommit : 0, options->moves);
	return migrate_report(options, migration, error);
}

static Status migrate_run(const Options *options, GError **error)
{
	NodeSide from = {0}, to = {0};
	Status status = migrate_sides(options, &from, &to, error);

	side_clear(&from);
	side_clear(&to);
	return status;
}

static const OptionRow migrate_options[] = {
	{0, "from", "FILE", offsetof(Options, from),
	 "the node on which the VM runs: a saved plan, or an inventory"},
	{0, "from-topology", "XML|DIR|SYNTHETIC", offsetof(Options, from_topology),
	 "the topology of an inventory's node; default: that of -t, else this machine"},
	{0, "to", "FILE", offsetof(Options, to),
	 "the node to which it is to go, which does not have it yet: a saved plan, or an "
	 "inventory"},
	{0, "to-topology", "XML|DIR|SYNTHETIC", offsetof(Options, to_topology),
	 "the topology of an inventory's node; default: that of -t"},
	{0, "planned", NULL, offsetof(Options, planned),
	 "the other node's plan has the VM already: it goes to its CPUs there"},
	{0, "xml", NULL, offsetof(Options, xml),
	 "print the domain XML for the other node instead of the report"},
	{0, "merge", "FILE", offsetof(Options, merge),
	 "with --xml: the VM's present domain XML; only the parts that planner decides change"},
	{0},
};

const Command command_migrate = {
	.name = "migrate",
	.help = "say whether a VM can migrate live to another node, and what changes for it",
	.arguments = "VM",
	.options = OPTION_TOPOLOGY | OPTION_CONNECT | OPTION_MOVES | OPTION_TEMPLATES |
		   OPTION_JSON | OPTION_COLOR,
	.own = migrate_options,
	.example = "planner migrate vm1 --from a.json --to b.ini --to-topology b.xml",
	.before = "planner plan -o saves the plan of each node",
	.after = "planner check audits both nodes",
	.run = migrate_run,
};
