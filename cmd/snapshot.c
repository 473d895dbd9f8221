/* SPDX-License-Identifier: MIT */
#include "topology/facts/snapshot.h"
#include "cmd/cmd.h"
#include "cmd/output.h"
#include "cmd/save.h"

#include <stdio.h>

static Status snapshot_run(const Options *options, GError **error)
{
	FactsOptions facts = {.root = options->root,
			      .topology = options->topology,
			      .guests = {.uri = options->connect,
					 .domains = options->domains,
					 .counters = options->counters}};
	g_autoptr(GPtrArray) unread = NULL;
	g_autoptr(GByteArray) tar = NULL;

	if (!options->output) {
		options_refuse(error, &command_snapshot, "name the file to write with -o");
		return STATUS_TROUBLE;
	}
	if (!save_possible(options->output, error))
		return STATUS_TROUBLE;
	tar = snapshot_load(&facts, &unread, error);
	if (!tar)
		return STATUS_TROUBLE;
	for (unsigned i = 0; i < unread->len; i++) {
		const Unread *one = g_ptr_array_index(unread, i);
		g_autofree char *source = output_safe(one->source);
		g_autofree char *why = output_safe(one->why);

		fprintf(stderr, "planner: not in the snapshot: %s: %s\n", source, why);
	}
	return save_private(options->output, tar, error) ? STATUS_FINE : STATUS_TROUBLE;
}

static const OptionRow snapshot_options[] = {
	{'o', "output", "FILE.tar", offsetof(Options, output),
	 "write the snapshot to FILE.tar, readable by its owner only"},
	{0},
};

const Command command_snapshot = {
	.name = "snapshot",
	.help = "capture what check reads, without secrets, into a tar file",
	.arguments = "",
	.options =
		OPTION_ROOT | OPTION_CONNECT | OPTION_DOMAINS | OPTION_TOPOLOGY | OPTION_COUNTERS,
	.own = snapshot_options,
	.example = "planner snapshot -o node.tar && planner check -r node.tar -i node.ini",
	.before = "nothing; run it on the host, as root",
	.after = "planner check -r node.tar audits it anywhere; planner adopt -r node.tar writes "
		 "its inventory",
	.run = snapshot_run,
};
