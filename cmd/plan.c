/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"
#include "cmd/inputs.h"
#include "cmd/map.h"
#include "cmd/output.h"
#include "planner/json.h"
#include "topology/error.h"

#include <stdio.h>
#include <string.h>

static char *count_of(unsigned n)
{
	return g_strdup_printf("%u", n);
}

/* The head: what is planned, with which versions. */

static void print_version(const char *what, const char *version)
{
	g_autofree char *safe = output_safe(version ? version : "not known");

	printf("  %s %s", what, safe);
}

static void print_head(const Plan *plan, bool color)
{
	g_autofree char *name = output_safe(plan->name ? plan->name : "this node");

	printf("%s%s%s: %u cores, %d CPUs, %u NUMA node%s\n", output_bold(color), name,
	       output_reset(color), plan->host->cores->len, hwloc_bitmap_weight(plan->host->online),
	       plan->host->nodes->len, plan->host->nodes->len == 1 ? "" : "s");
	print_version("kernel", plan->kernel);
	print_version("QEMU", plan->qemu);
	print_version("libvirt", plan->libvirt);
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
	g_autofree char *n_cores = count_of(cores);
	g_autofree char *n_cpus = count_of((unsigned)hwloc_bitmap_weight(cpus));
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

static char *pins_of(const PlanVm *vm)
{
	GString *pins = g_string_new(NULL);

	if (!vm->placed)
		return g_string_free(g_string_append(pins, "not placed"), FALSE);
	if (vm->cpuset) {
		g_autofree char *list = cpulist_format(vm->cpuset);

		g_string_append(pins, list);
	}
	for (unsigned v = 0; v < vm->vcpupin->len; v++)
		g_string_append_printf(pins, "%s%u", v ? "," : "",
				       g_array_index(vm->vcpupin, unsigned, v));
	return g_string_free(pins, FALSE);
}

static char *nodes_of(const Plan *plan, const PlanVm *vm)
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

/* "on", or "ineligible: overcommitted" and the codes that say why. */
static char *verdict_of(const PlanVm *vm)
{
	const Cpupm *cpupm = vm->cpupm;
	GString *verdict = g_string_new(vm->placed ? cpupm_names[cpupm->verdict] : "-");

	for (unsigned i = 0; i < cpupm->reasons->len && vm->placed; i++) {
		const CpupmReason *reason = g_ptr_array_index(cpupm->reasons, i);

		if (cpupm->verdict != CPUPM_OFF)
			g_string_append_printf(verdict, "%s%s", i ? ", " : ": ", reason->code);
	}
	return g_string_free(verdict, FALSE);
}

static void vm_line(struct libscols_table *table, const Plan *plan, const PlanVm *vm)
{
	g_autofree char *vcpus = count_of(vm->spec->vcpus);
	g_autofree char *nodes = nodes_of(plan, vm);
	g_autofree char *pins = pins_of(vm);
	g_autofree char *verdict = verdict_of(vm);
	const char *const cells[] = {vm->spec->name, vcpus, policy_names[vm->spec->policy],
				     nodes,	     pins,  verdict};

	output_line(table, cells);
}

static void print_vms(const Plan *plan, bool color)
{
	static const char *const columns[] = {"VM",    ">VCPUS",  "POLICY", "NODE",
					      "~PINS", "~CPU-PM", NULL};
	struct libscols_table *table;

	if (!plan->vms->len)
		return;
	putchar('\n');
	table = output_table(columns, color);
	for (unsigned i = 0; i < plan->vms->len; i++)
		vm_line(table, plan, g_ptr_array_index(plan->vms, i));
	output_print(table);
	scols_unref_table(table);
}

/* Why each VM that is not `on` is not: once for each text. */
static void print_verdicts(const Plan *plan)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (unsigned i = 0; i < plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);

		for (unsigned r = 0; r < vm->cpupm->reasons->len && vm->placed; r++) {
			const CpupmReason *reason = g_ptr_array_index(vm->cpupm->reasons, r);
			g_autofree char *text = output_safe(reason->text);

			if (g_hash_table_add(seen, reason->text))
				printf("  %s: %s\n", reason->code, text);
		}
	}
}

static unsigned count_on(const Plan *plan)
{
	unsigned on = 0;

	for (unsigned i = 0; i < plan->vms->len; i++)
		on += ((const PlanVm *)g_ptr_array_index(plan->vms, i))->cpupm->verdict == CPUPM_ON;
	return on;
}

static void print_summary(const Plan *plan, bool color)
{
	if (!plan->wanted)
		return;
	printf("\n%s%u of %u VMs placed%s, %u with cpu-pm", output_bold(color), plan->placed,
	       plan->wanted, output_reset(color), count_on(plan));
	if (plan->placed == plan->wanted)
		putchar('\n');
	else if (plan->bound == plan->placed)
		puts("; no placement is better (proved)");
	else
		printf("; at most %u could be (not proved further)\n", plan->bound);
}

static void print_plan(const Plan *plan, bool color)
{
	print_head(plan, color);
	print_roles(plan, color);
	putchar('\n');
	map_print(plan, color);
	print_vms(plan, color);
	print_summary(plan, color);
	print_verdicts(plan);
	if (*plan->cmdline)
		printf("\n%sKernel line%s\n  %s\n", output_bold(color), output_reset(color),
		       plan->cmdline);
	if (plan->findings->len)
		putchar('\n');
	output_findings(plan->findings, color);
}

static bool save(const Plan *plan, const char *name, GError **error)
{
	json_t *document = plan_to_json(plan);
	g_autofree char *text = json_text(document);
	g_autoptr(GError) failure = NULL;

	json_decref(document);
	if (g_file_set_contents(name, text, -1, &failure))
		return true;
	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_SYSTEM, "%s: %s", name, failure->message);
	return false;
}

static Status run(const Options *options, GError **error)
{
	Inputs inputs = {0};
	Status status = STATUS_TROUBLE;

	if (*options->arguments) {
		g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_USAGE,
			    "'%s' is no option of plan; see 'planner plan --help'",
			    *options->arguments);
	} else if (inputs_load_plan(options, &inputs, error) &&
		   (!options->output || save(inputs.plan, options->output, error))) {
		if (options->json)
			output_json(plan_to_json(inputs.plan));
		else
			print_plan(inputs.plan, options->color);
		status = plan_bad(inputs.plan) ? STATUS_BAD_NEWS : STATUS_FINE;
	}
	inputs_clear(&inputs);
	return status;
}

const Command command_plan = {
	.name = "plan",
	.help = "make the plan: inventory and topology to roles, kernel line, pins and cpu-pm",
	.arguments = "",
	.options = OPTION_SOURCES | OPTION_PREFER | OPTION_OUTPUT | OPTION_JSON | OPTION_COLOR,
	.example = "planner plan -i node.ini -t x6.xml",
	.run = run,
};
