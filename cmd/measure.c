/* SPDX-License-Identifier: MIT */
#include "cmd/measure.h"
#include "cmd/cmd.h"
#include "cmd/inputs.h"
#include "cmd/measure_live.h"
#include "cmd/output.h"
#include "cmd/save.h"
#include "planner/base/json.h"
#include "planner/page/measure_picture.h"
#include "topology/base/error.h"

#include <stdio.h>
#include <string.h>

static Facts *node_facts(const Options *options, const char *root, GError **error)
{
	FactsOptions facts_options = {
		.root = root,
		.topology = options->topology,
		.guests = {.uri = options->connect, .domains = options->domains}};

	return facts_load(&facts_options, error);
}

static Counters *node_counters(const char *path, const Facts *facts, GError **error)
{
	g_autoptr(Root) root = root_open(path, ROOT_NODE, error);

	return root ? counters_load(root, facts->guests, NULL) : NULL;
}

typedef enum MeasureForm { FORM_PEOPLE, FORM_JSON, FORM_SVG } MeasureForm;
static const char *const measure_forms[] = {"people", "json", "svg", NULL};

static MeasureForm measure_form(const Options *options)
{
	unsigned form = 0;

	options_form(options, &command_measure, measure_forms, &form, NULL);
	return (MeasureForm)form;
}

static bool measure_report(const Options *options, const Measure *measure, GError **error)
{
	MeasureForm form = measure_form(options);
	json_t *document = form == FORM_JSON || options->output ? measure_to_json(measure) : NULL;
	g_autofree char *text = document ? json_text(document) : NULL;
	g_autofree char *picture = form == FORM_SVG ? measure_picture(measure) : NULL;

	json_decref(document);
	if (options->output && !save_report(options->output, text, error))
		return false;
	if (form == FORM_PEOPLE)
		measure_print(measure, options->color);
	else
		fputs(picture ? picture : text, stdout);
	return true;
}

/* This machine, for some time. */
static bool measure_here(const Options *options, const Audit *audit, MeasureHow how, GError **error)
{
	g_auto(MeasureLive) live = {0};
	g_autoptr(Measure) measure = measure_live(audit, how, &live, error);

	return measure && measure_report(options, measure, error);
}

/* Two captures of a node. */
static bool measure_captured(const Options *options, const Audit *audit, GError **error)
{
	char *const *captures = options->arguments;
	g_autoptr(Counters) before = node_counters(captures[0], audit->facts, error);
	g_autoptr(Counters) after = before ? node_counters(captures[1], audit->facts, error) : NULL;
	g_autoptr(Measure) measure =
		after ? measure_counters(before, after, audit, NULL, error) : NULL;

	return measure && measure_report(options, measure, error);
}

static Status measure_node(const Options *options, MeasureHow how, GError **error)
{
	const char *last = *options->arguments ? options->arguments[1] : NULL;
	g_autoptr(Facts) facts = node_facts(options, last, error);
	Inputs inputs = {0};
	Status status = STATUS_TROUBLE;

	if (facts && inputs_load_intent(options, facts, &inputs, error)) {
		g_autoptr(Audit) audit = audit_new(inputs.plan, inputs.inventory, facts);

		if (last ? measure_captured(options, audit, error)
			 : measure_here(options, audit, how, error))
			status = STATUS_FINE;
	}
	inputs_clear(&inputs);
	return status;
}

static bool measure_possible(const Options *options, MeasureHow *how, GError **error)
{
	unsigned n = g_strv_length(options->arguments), form;

	if (!options_form(options, &command_measure, measure_forms, &form, error))
		return false;
	if (n != 0 && n != 2)
		return options_refuse(error, &command_measure,
				      "measure takes no capture, or two of one node: BEFORE AFTER");
	if (n && options->for_word)
		return options_refuse(error, &command_measure,
				      "--for: the captures say how long it was; leave it out");
	if (n && options->noise)
		return options_refuse(error, &command_measure,
				      "--noise looks at this machine: give no captures");
	return measure_how(options->for_word, options->noise, how, error) &&
	       (!options->output || save_possible(options->output, error));
}

static bool compare_possible(const Options *options, GError **error)
{
	if (g_strv_length(options->arguments) != 2)
		return options_refuse(error, &command_measure,
				      "--compare: give two files of numbers: A B");
	if (options->inventory || options->plan || options->topology || options->connect ||
	    options->domains || options->for_word || options->noise || options->output ||
	    options->format)
		return options_refuse(error, &command_measure,
				      "--compare takes two files, and of the options only --json "
				      "and --color");
	return true;
}

static Status compare_run(const Options *options, GError **error)
{
	return compare_possible(options, error) && measure_compare(options, error) ? STATUS_FINE
										   : STATUS_TROUBLE;
}

static Status measure_run(const Options *options, GError **error)
{
	MeasureHow how;

	if (options->compare)
		return compare_run(options, error);
	return measure_possible(options, &how, error) ? measure_node(options, how, error)
						      : STATUS_TROUBLE;
}

static const OptionRow measure_options[] = {
	{0, "for", "TIME", offsetof(Options, for_word),
	 "how long to measure this machine: 10s (default), 5m, 1h"},
	{0, "noise", NULL, offsetof(Options, noise),
	 "also look for noise on isolated CPUs that no VM may run on: the gaps that a thread there "
	 "sees, the longest, their sum and their causes; for a host before its first VM"},
	{0, "compare", NULL, offsetof(Options, compare),
	 "compare two files of numbers, such as a benchmark before and after a change: one a line, "
	 "or JSON by VM"},
	{0, "format", "people|json|svg", offsetof(Options, format),
	 "how to print it; --json is json; svg is a picture of the rates"},
	{'o', "output", "FILE", offsetof(Options, output), "also write the JSON document to FILE"},
	{0},
};

const Command command_measure = {
	.name = "measure",
	.help = "measure what interrupts isolated CPUs and VMs, and what would stop it",
	.arguments = "[BEFORE AFTER | A B]",
	.options = OPTION_SOURCES | OPTION_DOMAINS | OPTION_PREFER | OPTION_JSON | OPTION_COLOR,
	.own = measure_options,
	.example = "planner measure --for 30s -i node.ini",
	.before = "planner check says whether the host follows its plan",
	.after = "planner explain RULE explains what it names; planner emit writes the fix",
	.run = measure_run,
};
