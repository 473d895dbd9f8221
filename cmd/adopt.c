/* SPDX-License-Identifier: MIT */
#include "planner/adopt/adopt.h"
#include "cmd/cmd.h"
#include "cmd/inputs.h"
#include "cmd/next.h"
#include "cmd/output.h"
#include "cmd/save.h"
#include "topology/base/error.h"
#include "topology/facts/facts_root.h"

#include <stdio.h>
#include <string.h>

/* The topology of -t, which must be the node's where the node has one. NULL with ERROR. */
static Host *adopt_given(const Options *options, const Facts *facts, GError **error)
{
	g_autoptr(Host) given = source_host_load(options->topology, error);

	if (given && facts->host && !g_str_equal(given->fingerprint, facts->host->fingerprint)) {
		g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
			    "%s: the topology of another machine (%d CPUs) than %s (%d CPUs): "
			    "give that machine's capture with -r",
			    options->topology, hwloc_bitmap_weight(given->online),
			    facts->live ? "this one" : facts->source,
			    hwloc_bitmap_weight(facts->host->online));
		return NULL;
	}
	return g_steal_pointer(&given);
}

/* The topology that counts: -t, else the node's own. */
static bool adopt_host_take(const Options *options, Facts *facts, GError **error)
{
	Host *given;

	if (!options->topology)
		return input_host_known(facts, error);
	given = adopt_given(options, facts, error);
	host_free(facts->host);
	facts->host = given;
	return given;
}

/* Whatever the node held: what is written must be an inventory. */
static bool text_check(const char *text, GError **error)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Inventory) inventory = inventory_parse("inventory", text, strlen(text), errors);

	if (!inventory)
		g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
			    "no inventory can describe this node: %s",
			    (const char *)g_ptr_array_index(errors, 0));
	return inventory;
}

static const char *adopt_plural(unsigned n)
{
	return n == 1 ? "" : "s";
}

/* What the file says in its comments, in short; on stderr, for the inventory may be on stdout. */
static void adopt_print_summary(const Adoption *adoption)
{
	const GPtrArray *vms = adoption->inventory->vms;

	fprintf(stderr, "planner: adopted %u VM%s; %u guess%s", vms->len, adopt_plural(vms->len),
		adoption->guessed, adoption->guessed == 1 ? "" : "es");
	if (adoption->lost)
		fprintf(stderr, "; %u thing%s not expressed or not read", adoption->lost,
			adopt_plural(adoption->lost));
	if (adoption->errors)
		fprintf(stderr, "; %u error%s of its plan", adoption->errors,
			adopt_plural(adoption->errors));
	fputs(adoption->guessed || adoption->lost || adoption->errors ? ": see the comments\n"
								      : "\n",
	      stderr);
}

static void adopt_say_next(const Options *options, const Facts *facts)
{
	g_autofree char *next = NULL;

	if (!options->output)
		return;
	next = output_next_plan(options->output, options->topology ? options->topology
						 : facts->live	   ? NULL
								   : options->root);
	next_say("%s", next);
}

static Status adopt_facts(const Options *options, const Facts *facts, GError **error)
{
	g_autoptr(Adoption) adoption = adopt(facts);
	g_autofree char *text = inventory_write(adoption->inventory, adoption->notes);

	if (!text_check(text, error) ||
	    (options->output && !save_report(options->output, text, error)))
		return STATUS_TROUBLE;
	if (!options->output)
		fputs(text, stdout);
	adopt_print_summary(adoption);
	adopt_say_next(options, facts);
	return adoption->lost || adoption->errors ? STATUS_BAD_NEWS : STATUS_FINE;
}

static Status adopt_run(const Options *options, GError **error)
{
	FactsOptions facts_options = {
		.root = options->root,
		.guests = {.uri = options->connect, .domains = options->domains}};
	g_autoptr(Facts) facts = NULL;

	if (*options->arguments) {
		options_refuse(error, NULL, "unexpected argument '%s'; to read a capture: -r %s",
			       *options->arguments, *options->arguments);
		return STATUS_TROUBLE;
	}
	facts = facts_load(&facts_options, error);
	if (!facts || !adopt_host_take(options, facts, error))
		return STATUS_TROUBLE;
	return adopt_facts(options, facts, error);
}

static const OptionRow adopt_options[] = {
	{'o', "output", "FILE", offsetof(Options, output),
	 "write the inventory to FILE instead of standard output"},
	{0},
};

const Command command_adopt = {
	.name = "adopt",
	.help = "write the inventory of a node that already runs",
	.arguments = "",
	.options = OPTION_ROOT | OPTION_CONNECT | OPTION_DOMAINS | OPTION_TOPOLOGY,
	.own = adopt_options,
	.example = "planner adopt -o node.ini && planner check -i node.ini",
	.before = "planner snapshot captures a host that is elsewhere",
	.after = "planner plan -i node.ini; planner check -i node.ini",
	.run = adopt_run,
};
