/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"
#include "cmd/inputs.h"
#include "cmd/map.h"
#include "cmd/output.h"
#include "cmd/save.h"
#include "planner/document/plan_write.h"
#include "topology/base/error.h"
#include "topology/base/list.h"

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

static unsigned cores_with(const Plan *plan, Role role)
{
	unsigned n = 0;

	for (unsigned i = 0; i < plan->roles->len; i++)
		n += g_array_index(plan->roles, Role, i) == role;
	return n;
}

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
		unsigned cores = cores_with(plan, role);

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

static char *plan_pins_of(const PlanVm *vm)
{
	return vm->placed ? plan_vm_places(vm) : g_strdup("not placed");
}

static char *plan_nodes_of(const Plan *plan, const PlanVm *vm)
{
	GString *nodes = g_string_new(NULL);

	for (unsigned i = 0; i < vm->shares->len; i++) {
		unsigned node = g_array_index(vm->shares, VmShare, i).node;

		g_string_append_printf(nodes, "%s%u", i ? "," : "",
				       host_node(plan->host, node)->id);
	}
	if (!nodes->len)
		g_string_append(nodes, "-");
	return g_string_free(nodes, FALSE);
}

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

/* "on", or "ineligible: overcommitted": the codes say why, the table below says more. */
static char *plan_verdict_text(const PlanVm *vm)
{
	const GPtrArray *reasons = vm->cpupm->reasons;
	GString *text = g_string_new(vm->placed ? cpupm_names[vm->cpupm->verdict] : "-");

	for (unsigned i = 0; vm->placed && vm->cpupm->verdict != CPUPM_OFF && i < reasons->len; i++)
		g_string_append_printf(text, "%s%s", i ? ", " : ": ",
				       ((const CpupmReason *)g_ptr_array_index(reasons, i))->code);
	return g_string_free(text, FALSE);
}

static void vm_line(struct libscols_table *table, const Plan *plan, const PlanVm *vm, bool color)
{
	g_autofree char *vcpus = plan_count_of(vm->spec->vcpus);
	g_autofree char *nodes = plan_nodes_of(plan, vm);
	g_autofree char *pins = plan_pins_of(vm);
	g_autofree char *verdict = plan_verdict_text(vm);
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

#define NAMES_WIDTH                                                                                \
	30 /* of the names of several VMs; where they are longer their number is said              \
	    */

typedef struct Explanation {
	CpupmVerdict verdict;
	const CpupmReason *reason; /* borrowed */
	GPtrArray *vms;		   /* of char *, borrowed */
} Explanation;

static void explanation_free(gpointer data)
{
	g_ptr_array_unref(((Explanation *)data)->vms);
	g_free(data);
}

static Explanation *explanation_of(GPtrArray *explanations, CpupmVerdict verdict,
				   const CpupmReason *reason)
{
	Explanation *explanation;

	for (unsigned i = 0; i < explanations->len; i++) {
		explanation = g_ptr_array_index(explanations, i);
		if (explanation->verdict == verdict && explanation->reason->code == reason->code &&
		    !strcmp(explanation->reason->text, reason->text))
			return explanation;
	}
	explanation = g_new(Explanation, 1);
	*explanation = (Explanation){verdict, reason, g_ptr_array_new()};
	g_ptr_array_add(explanations, explanation);
	return explanation;
}

static void plan_explain(GPtrArray *explanations, const PlanVm *vm, const GPtrArray *reasons)
{
	for (unsigned i = 0; i < reasons->len; i++)
		g_ptr_array_add(explanation_of(explanations, vm->cpupm->verdict,
					       g_ptr_array_index(reasons, i))
					->vms,
				vm->spec->name);
}

static GPtrArray *explanations_of(const Plan *plan)
{
	GPtrArray *explanations = g_ptr_array_new_with_free_func(explanation_free);

	for (unsigned notes = 0; notes <= 1; notes++)
		for (unsigned i = 0; i < plan->vms->len; i++) {
			const PlanVm *vm = g_ptr_array_index(plan->vms, i);

			if (vm->placed)
				plan_explain(explanations, vm,
					     notes ? vm->cpupm->notes : vm->cpupm->reasons);
		}
	return explanations;
}

/* "vm1, vm2", or "12 VMs". */
static char *explanation_vms(const Explanation *explanation)
{
	g_autoptr(GString) names = g_string_new(NULL);

	for (unsigned i = 0; i < explanation->vms->len; i++)
		list_add(names, "%s", (const char *)g_ptr_array_index(explanation->vms, i));
	if (explanation->vms->len > 1 && g_utf8_strlen(names->str, -1) > NAMES_WIDTH)
		g_string_printf(names, "%u VMs", explanation->vms->len);
	return g_strdup(names->str);
}

static void explanation_line(struct libscols_table *table, const Explanation *explanation)
{
	const CpupmReason *reason = explanation->reason;
	g_autofree char *why = g_strdup_printf("%s: %s", reason->code, reason->text);
	g_autofree char *vms = explanation_vms(explanation);

	output_line(table, (const char *const[]){cpupm_names[explanation->verdict], vms, why});
}

static void print_verdicts(const Plan *plan, bool color)
{
	static const char *const columns[] = {"CPU-PM", "VMS", "~REASONS AND NOTES", NULL};
	g_autoptr(GPtrArray) explanations = explanations_of(plan);
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

static unsigned count_on(const Plan *plan)
{
	unsigned on = 0;

	for (unsigned i = 0; i < plan->vms->len; i++)
		on += ((const PlanVm *)g_ptr_array_index(plan->vms, i))->cpupm->verdict == CPUPM_ON;
	return on;
}

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
		printf("; at most %u could be placed (the search stopped at its budget)",
		       plan->bound);
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
		       count_on(plan));
	else
		printf("%sNo VMs to place%s", output_bold(color), output_reset(color));
	print_proof(plan);
	print_severities(plan);
	putchar('\n');
}

/* Moves: what each VM leaves and takes, and what that costs it. */

static char *list_of(const GArray *cpus)
{
	GString *text = g_string_new(NULL);

	for (unsigned i = 0; i < cpus->len; i++)
		g_string_append_printf(text, "%s%u", i ? "," : "",
				       g_array_index(cpus, unsigned, i));
	return g_string_free(text, FALSE);
}

static void print_moves(const Plan *plan, bool color)
{
	static const char *const columns[] = {"MOVE", "~FROM", "~TO", "COST", NULL};
	static const char *const costs[] = {"re-pin, live", "re-pin and move its memory, live",
					    "restart: the guest's topology changes"};
	struct libscols_table *table;

	if (!plan->moves->len)
		return;
	putchar('\n');
	table = output_table(columns, color);
	for (unsigned i = 0; i < plan->moves->len; i++) {
		const Move *move = g_ptr_array_index(plan->moves, i);
		g_autofree char *from = list_of(move->from);
		g_autofree char *to = list_of(plan_vm(plan, move->vm)->vcpupin);

		output_line(table, (const char *const[]){move->vm, from, to, costs[move->cost]});
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

static Status plan_run(const Options *options, GError **error)
{
	Inputs inputs = {0};
	Status status = STATUS_TROUBLE;

	if (*options->arguments) {
		options_refuse(error, NULL,
			       "unexpected argument '%s'; give files with -i, -t or -p",
			       *options->arguments);
	} else if (inputs_load_plan(options, &inputs, error) &&
		   (!options->output || save_plan(options->output, inputs.plan, error))) {
		if (options->json)
			output_json(plan_to_json(inputs.plan));
		else
			print_plan(inputs.plan, options->color);
		status = inputs.broken || plan_bad(inputs.plan) ? STATUS_BAD_NEWS : STATUS_FINE;
	}
	inputs_clear(&inputs);
	return status;
}

static const OptionRow plan_options[] = {
	{'o', "output", "FILE", offsetof(Options, output),
	 "also save the plan document (JSON) to FILE"},
	{0},
};

const Command command_plan = {
	.name = "plan",
	.help = "plan a node: roles, kernel line, pins and cpu-pm",
	.arguments = "",
	.options = OPTION_SOURCES | OPTION_PREFER | OPTION_MOVES | OPTION_KEEP | OPTION_JSON |
		   OPTION_COLOR,
	.own = plan_options,
	.example = "planner plan -i node.ini -t x6.xml",
	.before = "planner init or planner adopt writes the inventory",
	.after = "planner emit writes the files; planner fit says what else fits",
	.run = plan_run,
};
