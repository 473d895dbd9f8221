/* SPDX-License-Identifier: MIT */
#include "planner/document/explain.h"
#include "cmd/cmd.h"
#include "cmd/inputs.h"
#include "cmd/output.h"
#include "planner/check/rules.h"
#include "topology/base/error.h"

#include <stdio.h>
#include <string.h>

#define LINE_INDENT 4 /* where a line goes on */

/* The first line names the subject, the others are indented below it. */
static void print_lines(const GPtrArray *lines)
{
	unsigned width = output_width();

	for (unsigned i = 0; i < lines->len; i++) {
		g_autofree char *safe = output_safe(g_ptr_array_index(lines, i));
		g_autofree char *folded = output_fold(
			safe, width > LINE_INDENT ? width - LINE_INDENT : 0, LINE_INDENT);

		printf("%s%s\n", i ? "  " : "", folded);
	}
}

static Status explain_one_cpu(const Inputs *inputs, const char *word, GError **error)
{
	g_autoptr(GPtrArray) lines = NULL;
	guint64 cpu;

	if (!g_ascii_string_to_unsigned(word, 10, 0, CPULIST_LIMIT - 1, &cpu, NULL)) {
		options_refuse(error, &command_explain, "a CPU is a number");
		return STATUS_TROUBLE;
	}
	lines = explain_cpu(inputs->plan, inputs->inventory, (unsigned)cpu);
	print_lines(lines);
	return host_has_cpu(inputs->host, (unsigned)cpu) ? STATUS_FINE : STATUS_BAD_NEWS;
}

static Status explain_one_vm(const Inputs *inputs, const char *name, GError **error)
{
	const PlanVm *vm = input_vm(inputs->plan, name, error);
	g_autoptr(GPtrArray) lines = NULL;

	if (!vm)
		return STATUS_TROUBLE;
	lines = explain_vm(inputs->plan, inputs->inventory, vm);
	print_lines(lines);
	return vm->placed ? STATUS_FINE : STATUS_BAD_NEWS;
}

/* Rules */

#define TEXT_WIDTH 80 /* on a pipe too: it is prose */
#define TEXT_INDENT 13

static void print_text(const char *name, const char *text)
{
	unsigned width = output_width();
	g_autofree char *folded = output_fold(
		text, (width ? MIN(width, TEXT_WIDTH) : TEXT_WIDTH) - TEXT_INDENT, TEXT_INDENT);

	printf("  %-*s%s\n", TEXT_INDENT - 2, name, folded);
}

/* Where platforms have a fix of their own. */
static void print_fixes(const Fixes *fixes)
{
	for (Platform platform = 0; platform < PLATFORM_COUNT; platform++) {
		const char *text = fixes_text(fixes, platform);

		if (text)
			print_text(platform_names[platform], text);
	}
}

static void print_rule(const Rule *rule)
{
	printf("%s (%s): %s\n", rule->id, severity_name(rule->severity), rule->title);
	print_text("looks at", rule->sees);
	print_text("why", rule->why);
	print_text("fix", rule->remedy);
	print_fixes(rule->fixes);
	print_text("source", rule->source);
}

static Status list_rules(void)
{
	for (const Rule *const *rule = rules; *rule; rule++)
		printf("%-36s %-8s %s\n", (*rule)->id, severity_name((*rule)->severity),
		       (*rule)->title);
	return STATUS_FINE;
}

static Status explain_rule(const char *id, GError **error)
{
	const Rule *rule = rule_find(id);
	const char *near = rule_nearest(id);

	if (g_str_equal(id, "rules"))
		return list_rules();
	if (rule) {
		print_rule(rule);
		return STATUS_FINE;
	}
	options_refuse(error, NULL, "no rule '%s'%s%s; 'planner explain rules' lists them", id,
		       near ? "; did you mean " : "", near ? near : "");
	return STATUS_TROUBLE;
}

static bool arguments_check(char **arguments, GError **error)
{
	if (g_strv_length(arguments) != 2)
		return options_refuse(
			error, &command_explain,
			"nothing to explain; give 'vm NAME', 'cpu N', a rule, or 'rules'");
	if (strcmp(arguments[0], "vm") != 0 && strcmp(arguments[0], "cpu") != 0)
		return options_refuse(
			error, &command_explain,
			"explain takes 'vm NAME', 'cpu N', the id of a rule, or 'rules'");
	return true;
}

static Status explain_run(const Options *options, GError **error)
{
	Inputs inputs = {0};
	Status status = STATUS_TROUBLE;
	const char *first = options->arguments[0];

	if (first && !options->arguments[1] && strcmp(first, "vm") != 0 &&
	    strcmp(first, "cpu") != 0)
		return explain_rule(first, error);
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
	.help = "explain the role of a CPU, the placement of a VM, or a rule",
	.arguments = "vm NAME | cpu N | RULE | rules",
	.options = OPTION_SOURCES | OPTION_PREFER | OPTION_MOVES | OPTION_KEEP,
	.example = "planner explain vm vm1 -i node.ini -t x6.xml",
	.before = "planner plan, planner fit or planner check name the CPU, VM or rule",
	.after = "planner diff says what a change would cost",
	.run = explain_run,
};
