/* SPDX-License-Identifier: MIT */
#include "cmd/fleet_command.h"
#include "cmd/output.h"
#include "planner/base/nearest.h"
#include "planner/fleet/drain.h"

#include <stdio.h>
#include <string.h>

/* All sub-commands, in the order of help. */
static const FleetQuestion *const questions[] = {
	&fleet_question_drain,
	&fleet_question_survive,
	&fleet_question_waves,
};

static Status fleet_list_questions(void)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(questions); i++)
		puts(questions[i]->name);
	return STATUS_FINE;
}

static const FleetQuestion *fleet_question_find(const char *name, GError **error)
{
	const char *names[G_N_ELEMENTS(questions) + 1] = {NULL};
	const char *near;

	if (!name) {
		options_refuse(error, &command_fleet,
			       "fleet takes a sub-command, such as drain or survive");
		return NULL;
	}
	for (unsigned i = 0; i < G_N_ELEMENTS(questions); i++) {
		if (!strcmp(questions[i]->name, name))
			return questions[i];
		names[i] = questions[i]->name;
	}
	near = nearest_word(name, names);
	if (near)
		options_refuse(error, NULL, "no sub-command '%s'; did you mean '%s'?", name, near);
	else
		options_refuse(error, &command_fleet, "no sub-command '%s'", name);
	return NULL;
}

static Status fleet_command_run(const Options *options, GError **error)
{
	const FleetQuestion *question;
	Options rest = *options;

	if (options->list_names)
		return fleet_list_questions();
	question = fleet_question_find(options->arguments[0], error);
	if (!question)
		return STATUS_TROUBLE;
	if (options->svg && !question->picture) {
		options_refuse(error, NULL, "--format svg draws waves: %s has no picture",
			       question->name);
		return STATUS_TROUBLE;
	}
	rest.arguments++;
	return question->run(&rest, error);
}

static bool fleet_command_form(Options *options, GError **error)
{
	static const char *const forms[] = {"people", "json", "svg", NULL};
	unsigned form = 0;

	if (!options_form(options, NULL, forms, &form, error))
		return false;
	options->json = form == 1;
	options->svg = form == 2;
	return true;
}

static bool fleet_command_decide(Options *options, GError **error)
{
	options->failures = 1;
	return fleet_command_form(options, error) &&
	       options_number("at-once", options->at_once_word, 1, 10000, &options->at_once,
			      error) &&
	       options_number("canary", options->canary_word, 1, 10000, &options->canary, error) &&
	       options_number("moves", options->moves_word, 0, DRAIN_MOVES_MOST, &options->moves,
			      error) &&
	       options_number("threads", options->threads_word, 1, 1024, &options->threads,
			      error) &&
	       (!options->failures_word || options_number("failures", options->failures_word, 1, 2,
							  &options->failures, error));
}

static const OptionRow fleet_command_options[] = {
	{0, "fleet", "LIST", offsetof(Options, fleet),
	 "the nodes: a JSON object a line, {\"inventory\": FILE, \"topology\": XML|DIR|SYNTHETIC, "
	 "\"name\": NAME}, with paths relative to the folder of LIST"},
	{0, "moves", "N", offsetof(Options, moves_word),
	 "drain: at most N VMs of other nodes move to make room; default 0"},
	{'d', "directory", "DIR", offsetof(Options, directory),
	 "drain: write the new inventories and plans into DIR"},
	{0, "commands", NULL, offsetof(Options, commands),
	 "drain: print the steps as shell commands, with the plans of -d"},
	{0, "to", "DIR", offsetof(Options, to),
	 "waves: the inventories as they are to be, NODE.ini; a node without one does not change"},
	{0, "at-once", "N", offsetof(Options, at_once_word),
	 "waves: at most N nodes change together"},
	{0, "canary", "N", offsetof(Options, canary_word),
	 "waves: at most N nodes change first; default: one of each kind of hardware"},
	{0, "failures", "1|2", offsetof(Options, failures_word),
	 "nodes that are lost at once; with 2 pairs are judged too, in a large fleet a sample; "
	 "waves: with 1 the others survive a loss while a wave is out"},
	{0, "format", "people|json|svg", offsetof(Options, format),
	 "form of the answer; svg: the waves as a picture, nodes by rows and waves by columns"},
	{0, "threads", "N", offsetof(Options, threads_word),
	 "read N nodes at once; default: the number of CPUs"},
	{0, "list-names", NULL, offsetof(Options, list_names), "list all sub-commands"},
	{0},
};

const Command command_fleet = {
	.name = "fleet",
	.help = "empty nodes, change them in waves, or say whether the fleet survives the loss of "
		"a node",
	.arguments = "drain NODE... | survive [FILE|DIR...] | waves",
	.options = OPTION_TOPOLOGY | OPTION_JSON | OPTION_COLOR,
	.own = fleet_command_options,
	.decide = fleet_command_decide,
	.example = "planner fleet survive --fleet rack.jsonl",
	.before = "planner init or planner adopt writes the inventories",
	.after = "planner fit --fleet says what else fits, beside the spare to keep",
	.run = fleet_command_run,
};
