/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"
#include "cmd/inputs.h"
#include "cmd/output.h"
#include "cmd/save.h"
#include "planner/adopt/starter.h"
#include "topology/base/error.h"
#include "topology/facts/facts_root.h"

#include <stdio.h>

/* A file that is there may have been edited: it is never replaced. */
static bool init_possible(const Options *options, GError **error)
{
	if (*options->arguments)
		return options_refuse(error, NULL,
				      "unexpected argument '%s'; to name the file: -o %s",
				      *options->arguments, *options->arguments);
	if (options->root && options->topology)
		return options_refuse(error, NULL, "-r and -t are two machines: give one of them");
	if (options->output && g_file_test(options->output, G_FILE_TEST_EXISTS)) {
		g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
			    "%s: already exists and is not replaced; name another file",
			    options->output);
		return false;
	}
	return true;
}

static Status init_write(const Options *options, const Host *host, const Facts *facts,
			 GError **error)
{
	g_autoptr(Adoption) starter = starter_new(host, facts);
	g_autofree char *text = inventory_write(starter->inventory, starter->notes);
	g_autofree char *next = NULL, *line = NULL, *safe = NULL;

	if (!options->output)
		return fputs(text, stdout) < 0 ? STATUS_TROUBLE : STATUS_FINE;
	if (!save_text(options->output, text, error))
		return STATUS_TROUBLE;
	next = output_next_plan(options->output, host->live ? NULL
						 : facts    ? options->root
							    : options->topology);
	line = g_strdup_printf("wrote %s; edit it, then: %s", options->output, next);
	safe = output_safe(line);
	fprintf(stderr, "planner: %s\n", safe);
	return STATUS_FINE;
}

/* -t: a host that is known by its topology alone. */
static Status init_topology(const Options *options, GError **error)
{
	g_autoptr(Host) host = source_host_load(options->topology, error);

	return host ? init_write(options, host, NULL, error) : STATUS_TROUBLE;
}

static Status init_run(const Options *options, GError **error)
{
	FactsOptions facts_options = {.root = options->root, .guests = {.uri = options->connect}};
	g_autoptr(Facts) facts = NULL;

	if (!init_possible(options, error))
		return STATUS_TROUBLE;
	if (options->topology)
		return init_topology(options, error);
	facts = facts_load(&facts_options, error);
	if (!facts || !input_host_known(facts, error))
		return STATUS_TROUBLE;
	return init_write(options, facts->host, facts, error);
}

static const OptionRow init_options[] = {
	{'o', "output", "FILE", offsetof(Options, output),
	 "write the inventory to FILE, which must not be there yet, instead of standard output"},
	{0},
};

const Command command_init = {
	.name = "init",
	.help = "write a first inventory for a host, with every key explained",
	.arguments = "",
	.options = OPTION_ROOT | OPTION_CONNECT | OPTION_TOPOLOGY,
	.own = init_options,
	.example = "planner init -o node.ini && planner plan -i node.ini",
	.before = "planner show tells what the host is",
	.after = "edit the inventory; planner plan -i node.ini",
	.run = init_run,
};
