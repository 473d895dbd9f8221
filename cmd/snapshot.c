/* SPDX-License-Identifier: MIT */
#include "topology/facts/snapshot.h"
#include "cmd/cmd.h"
#include "cmd/measure_live.h"
#include "cmd/next.h"
#include "cmd/output.h"
#include "cmd/save.h"
#include "planner/artifacts/template.h"
#include "planner/base/json.h"
#include "topology/facts/capture_script.h"

#include <stdio.h>

/* The document of AUDIT's node, measured for so long; yours. */
static char *snapshot_measure_audit(const Audit *audit, MeasureHow how, GError **error)
{
	g_auto(MeasureLive) live = {0};
	g_autoptr(Measure) measure = measure_live(audit, how, &live, error);
	json_auto_t *document = measure ? measure_to_json(measure) : NULL;

	return document ? json_text(document) : NULL;
}

/* The same of this machine. */
static char *snapshot_measure(const Options *options, const FactsOptions *facts_options,
			      GError **error)
{
	g_autoptr(Facts) facts = NULL;
	MeasureHow how;

	if (!measure_how(options->for_word, false, &how, error))
		return NULL;
	facts = facts_load(facts_options, error);
	if (facts) {
		g_autoptr(Audit) audit = audit_new(NULL, NULL, facts);

		return snapshot_measure_audit(audit, how, error);
	}
	return NULL;
}

static bool snapshot_possible(const Options *options, GError **error)
{
	if (!options->output)
		return options_refuse(error, &command_snapshot, "name the file to write with -o");
	if (options->for_word && options->root)
		return options_refuse(error, &command_snapshot,
				      "--for measures this machine: leave -r out");
	return save_possible(options->output, error);
}

static void snapshot_unread(const GPtrArray *unread)
{
	for (unsigned i = 0; i < unread->len; i++) {
		const Unread *one = g_ptr_array_index(unread, i);
		g_autofree char *source = output_safe(one->source);
		g_autofree char *why = output_safe(one->why);

		fprintf(stderr, "planner: not in the snapshot: %s: %s\n", source, why);
	}
}

static bool script_print(GError **error)
{
	const char *text = template_text(NULL, "capture.sh", error);
	g_autofree char *script = text ? capture_script_fill(text) : NULL;

	if (script)
		fputs(script, stdout);
	return script;
}

static Status snapshot_run(const Options *options, GError **error)
{
	FactsOptions facts = {.root = options->root,
			      .topology = options->topology,
			      .guests = {.uri = options->connect,
					 .domains = options->domains,
					 .counters = options->counters}};
	g_autofree char *measured = NULL;
	g_autoptr(GPtrArray) unread = NULL;
	g_autoptr(GByteArray) tar = NULL;
	g_autofree char *quoted = NULL;

	if (options->script)
		return script_print(error) ? STATUS_FINE : STATUS_TROUBLE;
	if (!snapshot_possible(options, error) ||
	    (options->for_word && !(measured = snapshot_measure(options, &facts, error))))
		return STATUS_TROUBLE;
	facts.measured = measured;
	tar = snapshot_load(&facts, &unread, error);
	if (!tar)
		return STATUS_TROUBLE;
	snapshot_unread(unread);
	if (!save_private(options->output, tar, error))
		return STATUS_TROUBLE;
	quoted = g_shell_quote(options->output);
	next_say("planner check -r %s", quoted);
	return STATUS_FINE;
}

static const OptionRow snapshot_options[] = {
	{'o', "output", "FILE.tar", offsetof(Options, output),
	 "write the snapshot to FILE.tar, readable by its owner only"},
	{0, "for", "TIME", offsetof(Options, for_word),
	 "also measure this machine for this time, as planner measure does, and include the "
	 "result: 10s, 5m, 1h"},
	{0, "script", NULL, offsetof(Options, script),
	 "print planner-capture, a shell script that captures a node without planner on it"},
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
