/* SPDX-License-Identifier: MIT */
#include "planner/explain.h"
#include "cmd/cmd.h"
#include "cmd/inputs.h"
#include "cmd/output.h"
#include "topology/error.h"

#include <stdio.h>
#include <string.h>

static bool usage(GError **error, const char *what)
{
	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_USAGE, "%s; see 'planner explain --help'",
		    what);
	return false;
}

/* The first line names the subject, the others are indented below it. */
static void print_lines(const GPtrArray *lines)
{
	for (unsigned i = 0; i < lines->len; i++) {
		g_autofree char *safe = output_safe(g_ptr_array_index(lines, i));

		printf("%s%s\n", i ? "  " : "", safe);
	}
}

static Status explain_one_cpu(const Inputs *inputs, const char *word, GError **error)
{
	g_autoptr(GPtrArray) lines = NULL;
	guint64 cpu;

	if (!g_ascii_string_to_unsigned(word, 10, 0, CPULIST_LIMIT - 1, &cpu, NULL)) {
		usage(error, "a CPU is a number");
		return STATUS_TROUBLE;
	}
	lines = explain_cpu(inputs->plan, inputs->inventory, (unsigned)cpu);
	print_lines(lines);
	return host_has_cpu(inputs->host, (unsigned)cpu) ? STATUS_FINE : STATUS_BAD_NEWS;
}

static Status explain_one_vm(const Inputs *inputs, const char *name, GError **error)
{
	const PlanVm *vm = plan_vm(inputs->plan, name);
	g_autoptr(GPtrArray) lines = NULL;

	if (!vm) {
		g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_USAGE,
			    "no VM '%s' in the plan; 'planner plan' lists them", name);
		return STATUS_TROUBLE;
	}
	lines = explain_vm(inputs->plan, inputs->inventory, vm);
	print_lines(lines);
	return vm->placed ? STATUS_FINE : STATUS_BAD_NEWS;
}

static bool arguments_check(char **arguments, GError **error)
{
	if (g_strv_length(arguments) != 2)
		return usage(error, "explain what? say 'vm NAME' or 'cpu N'");
	if (strcmp(arguments[0], "vm") != 0 && strcmp(arguments[0], "cpu") != 0)
		return usage(error, "what can be explained is 'vm NAME' and 'cpu N'");
	return true;
}

static Status run(const Options *options, GError **error)
{
	Inputs inputs = {0};
	Status status = STATUS_TROUBLE;

	if (arguments_check(options->arguments, error) &&
	    inputs_load_plan(options, &inputs, error)) {
		if (!strcmp(options->arguments[0], "cpu"))
			status = explain_one_cpu(&inputs, options->arguments[1], error);
		else
			status = explain_one_vm(&inputs, options->arguments[1], error);
	}
	inputs_clear(&inputs);
	return status;
}

const Command command_explain = {
	.name = "explain",
	.help = "why a CPU or a VM is what it is: the chain of reasons",
	.arguments = "vm NAME | cpu N",
	.options = OPTION_SOURCES | OPTION_PREFER | OPTION_MOVES | OPTION_KEEP,
	.example = "planner explain vm vm1 -i node.ini -t x6.xml",
	.run = run,
};
