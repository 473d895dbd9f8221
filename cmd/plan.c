/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"
#include "cmd/inputs.h"
#include "cmd/map.h"
#include "cmd/next.h"
#include "cmd/output.h"
#include "cmd/picture.h"
#include "cmd/save.h"
#include "planner/document/plan_text.h"
#include "planner/document/plan_write.h"
#include "planner/page/page.h"
#include "topology/base/error.h"

#include <stdio.h>
#include <string.h>

static char *plan_count_of(unsigned n)
{
	return g_strdup_printf("%u", n);
}

/* The head: what is planned, with which versions. */

static void print_version(const char *what, const char *version)
{
	g_autofree char *safe = output_safe(version ? version : "not known");

	printf("  %s %s", what, safe);
}

static void plan_print_head(const Plan *plan, bool color)
{
	g_autofree char *name = output_safe(plan->node->name ? plan->node->name : "this node");

	printf("%s%s%s: %u cores, %d CPUs, %u NUMA node%s\n", output_bold(color), name,
	       output_reset(color), plan->host->cores->len, hwloc_bitmap_weight(plan->host->online),
	       plan->host->nodes->len, plan->host->nodes->len == 1 ? "" : "s");
	print_version("kernel", plan->node->kernel);
	print_version("QEMU", plan->node->qemu);
	print_version("libvirt", plan->node->libvirt);
	puts("\n");
}

/* CPUs by role */

static void role_line(struct libscols_table *table, const char *name, unsigned cores,
		      hwloc_const_bitmap_t cpus, const char *color)
{
	g_autofree char *list = cpulist_format(cpus);
	g_autofree char *n_cores = plan_count_of(cores);
	g_autofree char *n_cpus = plan_count_of((unsigned)hwloc_bitmap_weight(cpus));
	const char *const cells[] = {name, n_cores, n_cpus, list};
	struct libscols_line *line;

	if (hwloc_bitmap_iszero(cpus))
		return;
	line = output_line(table, cells);
	if (*color)
		scols_line_set_color(line, color);
}

static void print_roles(const Plan *plan, bool color)
{
	static const char *const columns[] = {"ROLE", ">CORES", ">CPUS", "~LIST", NULL};
	struct libscols_table *table = output_table(columns, color);
	unsigned isolated = 0;

	for (unsigned role = 0; role < ROLE_OFFLINE; role++) {
		unsigned cores = plan_role_cores(plan, role);

		isolated += role == ROLE_HOST || role == ROLE_SHARED ? 0 : cores;
		role_line(table, role_names[role], cores, plan->cpus[role],
			  output_role_color(role, color));
	}
	role_line(table, role_names[ROLE_OFFLINE], 0, plan->cpus[ROLE_OFFLINE],
		  output_role_color(ROLE_OFFLINE, color));
	role_line(table, "isolated", isolated, plan->isolated, "");
	output_print(table);
	scols_unref_table(table);
}

/* VMs, a line each */

static const char *plan_verdict_color(const PlanVm *vm, bool color)
{
	static const char *const colors[] = {[CPUPM_ON] = "\033[32m",
					     [CPUPM_OFF] = "",
					     [CPUPM_INELIGIBLE] = "",
					     [CPUPM_UNSUPPORTED] = "\033[33m",
					     [CPUPM_UNKNOWN] = "\033[33m"};

	if (!color)
		return "";
	return vm->placed ? colors[vm->cpupm->verdict] : "\033[31m";
}

static void vm_line(struct libscols_table *table, const Plan *plan, const PlanVm *vm, bool color)
{
	g_autofree char *vcpus = plan_count_of(vm->spec->vcpus);
	g_autofree char *nodes = plan_vm_nodes_text(plan, vm);
	g_autofree char *pins = plan_vm_all_places(vm);
	g_autofree char *verdict = plan_vm_verdict_text(vm);
	const char *const cells[] = {vm->spec->name, vcpus, policy_names[vm->spec->policy],
				     nodes,	     pins,  verdict};
	struct libscols_line *line = output_line(table, cells);
	unsigned colored = vm->placed ? 5 : 4;

	if (*plan_verdict_color(vm, color))
		scols_cell_set_color(scols_line_get_cell(line, colored),
				     plan_verdict_color(vm, color));
}

static void plan_print_vms(const Plan *plan, bool color)
{
	static const char *const columns[] = {"VM",    ">VCPUS",  "POLICY", ">NODE",
					      "~PINS", "~CPU-PM", NULL};
	struct libscols_table *table;

	if (!plan->vms->len)
		return;
	putchar('\n');
	table = output_table(columns, color);
	for (unsigned i = 0; i < plan->vms->len; i++)
		vm_line(table, plan, g_ptr_array_index(plan->vms, i), color);
	output_print(table);
	scols_unref_table(table);
}

/* Why cpu-pm is not on, and what to know where it is: once for each text, with the VMs it is of. */

static void explanation_line(struct libscols_table *table, const PlanExplanation *explanation)
{
	const CpupmReason *reason = explanation->reason;
	g_autofree char *why = g_strdup_printf("%s: %s", reason->code, reason->text);
	g_autofree char *vms = plan_explanation_vms(explanation);

	output_line(table, (const char *const[]){cpupm_names[explanation->verdict], vms, why});
}

static void print_verdicts(const Plan *plan, bool color)
{
	static const char *const columns[] = {"CPU-PM", "VMS", "~REASONS AND NOTES", NULL};
	g_autoptr(GPtrArray) explanations = plan_explanations(plan);
	struct libscols_table *table;

	if (!explanations->len)
		return;
	putchar('\n');
	table = output_table(columns, color);
	for (unsigned i = 0; i < explanations->len; i++)
		explanation_line(table, g_ptr_array_index(explanations, i));
	output_print(table);
	scols_unref_table(table);
}

/* The last line: how many VMs are placed, whether that is proved the most, what is wrong. */

static void print_proof(const Plan *plan)
{
	static const char *const proved[] = {[PREFER_VCPUS] = "no plan places more vCPUs (proved)",
					     [PREFER_VMS] = "no plan places more VMs (proved)",
					     [PREFER_ORDER] = "first come, first served (proved)"};

	if (plan->placed == plan->wanted)
		return;
	if (plan->bound == plan->placed)
		printf("; %s", proved[plan->prefer]);
	else
		printf("; at most %u could be placed (not all was searched)", plan->bound);
}

static void print_severities(const Plan *plan)
{
	unsigned counts[SEVERITY_ERROR + 1] = {0};

	for (unsigned i = 0; i < plan->findings->len; i++)
		counts[((const Finding *)g_ptr_array_index(plan->findings, i))->severity]++;
	for (unsigned severity = SEVERITY_ERROR + 1; severity-- > SEVERITY_WARNING;)
		if (counts[severity])
			printf("; %u %s%s", counts[severity], severity_name(severity),
			       counts[severity] == 1 ? "" : "s");
}

static void plan_print_summary(const Plan *plan, bool color)
{
	putchar('\n');
	if (plan->wanted)
		printf("%s%u of %u VM%s placed%s, %u with cpu-pm", output_bold(color), plan->placed,
		       plan->wanted, plan->wanted == 1 ? "" : "s", output_reset(color),
		       plan_count_on(plan));
	else
		printf("%sNo VMs to place%s", output_bold(color), output_reset(color));
	print_proof(plan);
	print_severities(plan);
	putchar('\n');
}

/* Moves: what each VM leaves and takes, and what that costs it. */

static void print_moves(const Plan *plan, bool color)
{
	static const char *const columns[] = {"MOVE", "~FROM", "~TO", "COST", NULL};
	struct libscols_table *table;

	if (!plan->moves->len)
		return;
	putchar('\n');
	table = output_table(columns, color);
	for (unsigned i = 0; i < plan->moves->len; i++) {
		const Move *move = g_ptr_array_index(plan->moves, i);
		g_autofree char *from = plan_cpus_text(move->from);
		g_autofree char *to = plan_cpus_text(plan_vm(plan, move->vm)->pins);

		output_line(table,
			    (const char *const[]){move->vm, from, to, plan_move_costs[move->cost]});
	}
	output_print(table);
	scols_unref_table(table);
}

static void print_plan(const Plan *plan, bool color)
{
	plan_print_head(plan, color);
	print_roles(plan, color);
	putchar('\n');
	map_print(plan, color);
	plan_print_vms(plan, color);
	print_moves(plan, color);
	print_verdicts(plan, color);
	if (*plan->cmdline)
		printf("\n%sKernel line%s\n  %s\n", output_bold(color), output_reset(color),
		       plan->cmdline);
	if (plan->findings->len)
		putchar('\n');
	output_findings(plan->findings, color);
	plan_print_summary(plan, color);
}

static bool plan_print_page(const Plan *plan, GError **error)
{
	g_autofree char *map = NULL, *page = NULL;

	if (picture_for_page(plan, NULL, NULL, &map, error))
		page = page_plan(plan, map, NULL, error);
	if (page)
		fputs(page, stdout);
	return page;
}

static bool plan_print_form(const Plan *plan, const Options *options, GError **error)
{
	if (options->html)
		return plan_print_page(plan, error);
	if (options->json)
		output_json(plan_to_json(plan));
	else
		print_plan(plan, options->color);
	return true;
}

/* A VM without a place is explained; else the files are next, from the plan where it is saved. */
static void plan_say_next(const Options *options, const Plan *plan)
{
	g_autofree char *inputs = NULL, *quoted = NULL, *saved = NULL;

	if (!next_wanted())
		return;
	inputs = next_inputs(options);
	quoted = options->output ? g_shell_quote(options->output) : NULL;
	saved = quoted ? g_strconcat(" -p ", quoted, NULL) : NULL;
	for (unsigned i = 0; i < plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);
		g_autofree char *name = g_shell_quote(vm->spec->name);

		if (!vm->placed) {
			next_say("planner explain vm %s%s", name, inputs);
			return;
		}
	}
	next_say("planner emit%s --for HOST -d DIR", saved ? saved : inputs);
}

static bool plan_decide(Options *options, GError **error)
{
	static const char *const forms[] = {"people", "json", "html", NULL};
	unsigned form = 0;

	if (!options_form(options, NULL, forms, &form, error))
		return false;
	options->json = form == 1;
	options->html = form == 2;
	return true;
}

static Status plan_run(const Options *options, GError **error)
{
	Inputs inputs = {0};
	Status status = STATUS_TROUBLE;

	if (*options->arguments) {
		options_refuse(error, NULL,
			       "unexpected argument '%s'; give files with -i, -t or -p",
			       *options->arguments);
	} else if (inputs_load_plan(options, &inputs, error) &&
		   (!options->output || save_plan(options->output, inputs.plan, error)) &&
		   plan_print_form(inputs.plan, options, error)) {
		plan_say_next(options, inputs.plan);
		status = inputs.broken || plan_bad(inputs.plan) ? STATUS_BAD_NEWS : STATUS_FINE;
	}
	inputs_clear(&inputs);
	return status;
}

static const OptionRow plan_options[] = {
	{'o', "output", "FILE", offsetof(Options, output),
	 "also save the plan document (JSON) to FILE"},
	{0, "format", "people|json|html", offsetof(Options, format),
	 "form of the plan: for people (default), JSON, a page for a browser"},
	{0},
};

const Command command_plan = {
	.name = "plan",
	.help = "plan a node: roles, kernel line, pins and cpu-pm",
	.arguments = "",
	.options = OPTION_SOURCES | OPTION_PREFER | OPTION_MOVES | OPTION_KEEP | OPTION_JSON |
		   OPTION_COLOR,
	.own = plan_options,
	.decide = plan_decide,
	.example = "planner plan -i node.ini -t x6.xml",
	.before = "planner init or planner adopt writes the inventory",
	.after = "planner emit writes the files; planner fit says what else fits",
	.run = plan_run,
};
