/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"
#include "cmd/inputs.h"
#include "cmd/output.h"
#include "planner/artifact.h"
#include "topology/error.h"

#include <stdio.h>
#include <string.h>

static Status list_names(void)
{
	for (const Artifact *artifact = artifacts; artifact->name; artifact++)
		puts(artifact->name);
	return STATUS_FINE;
}

static Status list(const Options *options)
{
	static const char *const columns[] = {"ARTIFACT", "WHAT IT IS", NULL};
	struct libscols_table *table = output_table(columns, options->color);

	for (const Artifact *artifact = artifacts; artifact->name; artifact++) {
		g_autofree char *name =
			g_strconcat(artifact->name, artifact->of_vm ? " VM" : "", NULL);

		output_line(table, (const char *const[]){name, artifact->help});
	}
	output_print(table);
	scols_unref_table(table);
	return STATUS_FINE;
}

static const Artifact *find(const char *name, GError **error)
{
	const Artifact *artifact = artifact_find(name);

	if (!artifact)
		g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_USAGE,
			    "no artifact '%s'; 'planner emit' lists them", name);
	return artifact;
}

static const PlanVm *find_vm(const Plan *plan, const Artifact *artifact, const char *name,
			     GError **error)
{
	const PlanVm *vm = name ? plan_vm(plan, name) : NULL;

	if (!name)
		g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_USAGE,
			    "emit %s needs the name of a VM after it", artifact->name);
	else if (!vm)
		g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_USAGE,
			    "no VM '%s' in the plan; 'planner plan' lists them", name);
	return vm;
}

/* Render what ARGUMENTS name into OUT: all or nothing is printed. */
static bool render(Rendering *rendering, char **arguments, GString *out, GError **error)
{
	while (*arguments) {
		const Artifact *artifact = find(*arguments++, error);
		g_autofree char *text = NULL;

		if (!artifact)
			return false;
		rendering->vm = NULL;
		if (artifact->of_vm) {
			rendering->vm = find_vm(rendering->plan, artifact, *arguments, error);
			if (!rendering->vm)
				return false;
			arguments++;
		}
		text = artifact->render(rendering, error);
		if (!text)
			return false;
		g_string_append(out, text);
	}
	return true;
}

/* Errors of the plan go with what it emits: nobody should use it unaware. */
static void warn(const Plan *plan)
{
	for (unsigned i = 0; i < plan->findings->len; i++) {
		const Finding *finding = g_ptr_array_index(plan->findings, i);
		g_autofree char *subject = output_safe(finding->subject);
		g_autofree char *text = output_safe(finding->text);

		if (finding->severity == SEVERITY_ERROR)
			fprintf(stderr, "planner: %s: %s\n", subject, text);
	}
}

static Status emit(const Options *options, Inputs *inputs, GError **error)
{
	g_autoptr(GHashTable) templates = input_templates(options->templates, error);
	g_autoptr(GString) out = g_string_new(NULL);
	Rendering rendering = {.plan = inputs->plan, .templates = templates};

	if (!templates || !render(&rendering, options->arguments, out, error))
		return STATUS_TROUBLE;
	warn(inputs->plan);
	fputs(out->str, stdout);
	return plan_bad(inputs->plan) ? STATUS_BAD_NEWS : STATUS_FINE;
}

static Status run(const Options *options, GError **error)
{
	Inputs inputs = {0};
	Status status = STATUS_TROUBLE;

	if (options->list_names)
		return list_names();
	if (!*options->arguments)
		return list(options);
	if (find(*options->arguments, error) && inputs_load_plan(options, &inputs, error))
		status = emit(options, &inputs, error);
	inputs_clear(&inputs);
	return status;
}

const Command command_emit = {
	.name = "emit",
	.help = "print the plan as other tools read it; without a NAME, list what there is",
	.arguments = "[NAME...]",
	.options = OPTION_SOURCES | OPTION_PREFER | OPTION_TEMPLATES | OPTION_LIST_NAMES |
		   OPTION_COLOR,
	.example = "planner emit cmdline -i node.ini -t x6.xml",
	.run = run,
};
