/* SPDX-License-Identifier: MIT */
#include "cmd/options.h"
#include "cmd/cmd.h"
#include "cmd/output.h"
#include "topology/base/error.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct OptionRow {
	unsigned flag;
	char letter; /* 0 = none */
	const char *name;
	const char *value; /* what it takes, NULL for a switch */
	size_t field;	   /* in Options: char *, char ** or gboolean */
	const char *help;
	bool many; /* it may be given again: the field is a char **, NULL or ended by NULL */
} OptionRow;

static const OptionRow rows[] = {
	{OPTION_INVENTORY, 'i', "inventory", "FILE", offsetof(Options, inventory),
	 "the node's inventory, see planner-inventory(5)"},
	{OPTION_TOPOLOGY, 't', "topology", "XML|DIR|SYNTHETIC", offsetof(Options, topology),
	 "the host's topology: hwloc XML, a captured root, or a synthetic description; default: "
	 "this machine"},
	{OPTION_PLAN, 'p', "plan", "FILE", offsetof(Options, plan),
	 "a saved plan, instead of -i and -t"},
	{OPTION_CONNECT, 'c', "connect", "URI", offsetof(Options, connect),
	 "the libvirt to ask for versions (read-only) when planning this machine; default "
	 "qemu:///system"},
	{OPTION_PREFER, 0, "prefer", "vcpus|vms|order", offsetof(Options, prefer_word),
	 "what to place most of when not all VMs fit: vCPUs (default), VMs, or first come first "
	 "served"},
	{OPTION_MOVES, 0, "moves", "N", offsetof(Options, moves_word),
	 "let at most N VMs that have a place move to make room; default 0"},
	{OPTION_KEEP, 0, "keep", "PLAN", offsetof(Options, keep),
	 "a saved plan whose VMs stay where they are, but for --moves"},
	{OPTION_OUTPUT, 'o', "output", "FILE", offsetof(Options, output),
	 "also save the plan document (JSON) to FILE"},
	{OPTION_TEMPLATES, 0, "templates", "DIR", offsetof(Options, templates),
	 "take templates from DIR before the built-in ones"},
	{OPTION_ALL, 0, "all", NULL, offsetof(Options, all),
	 "every artifact that makes sense for the plan; with -d or --diff"},
	{OPTION_SKIP, 0, "skip", "NAME,...", offsetof(Options, skip_words),
	 "not these artifacts; with --all"},
	{OPTION_DIRECTORY, 'd', "directory", "DIR", offsetof(Options, directory),
	 "write files below DIR, as the node has them below /"},
	{OPTION_DIFF, 0, "diff", "ROOT", offsetof(Options, diff),
	 "show what the files would change below ROOT: /, or an image's root; exit 1 if anything"},
	{OPTION_MERGE, 0, "merge", "FILE", offsetof(Options, merge),
	 "the VM's domain XML as it is: emit domain changes in it what is planner's and nothing "
	 "else, emit virsh starts from its pins; -c URI asks libvirt for it"},
	{OPTION_ROOT, 'r', "root", "DIR|TAR", offsetof(Options, root),
	 "the node: /, a snapshot, an extracted sosreport, a directory that holds its /proc and "
	 "/sys; default: this machine"},
	{OPTION_DOMAINS, 0, "domains", "DIR", offsetof(Options, domains),
	 "domain XML files instead of libvirt: NAME.xml for the next start, live/NAME.xml of "
	 "running ones"},
	{OPTION_LIST_NAMES, 0, "list-names", NULL, offsetof(Options, list_names),
	 "print the artifacts' names alone"},
	{OPTION_ADOPT, 'o', "output", "FILE", offsetof(Options, output),
	 "write the inventory to FILE instead, aside and renamed"},
	{OPTION_CHECK, 'o', "output", "FILE", offsetof(Options, output),
	 "write the report to FILE instead, aside and renamed"},
	{OPTION_CHECK, 0, "format", "people|json|prometheus|junit|svg", offsetof(Options, format),
	 "how to report: for people (default), JSON, node_exporter's textfile collector, JUnit "
	 "XML, a picture"},
	{OPTION_CHECK, 0, "rule", "ID,...", offsetof(Options, rule_words),
	 "only these rules; an area such as vm stands for all its rules, see planner-rules(7)"},
	{OPTION_CHECK, 0, "skip", "ID,...", offsetof(Options, skip_words),
	 "not these rules, nor those of these areas"},
	{OPTION_CHECK, 0, "fail-on", "error|warning", offsetof(Options, fail_on),
	 "the least severity that makes the exit status 1; default error"},
	{OPTION_CHECK, 0, "strict", NULL, offsetof(Options, strict),
	 "exit 1 also when something could not be judged"},
	{OPTION_FIT, 0, "vm", "VCPUS[:MEMORY[:PAGE]]", offsetof(Options, vms),
	 "a size to ask for, such as 16:32G or 8:16G:1G; may be given again. Default: those of the "
	 "inventory's VMs, and 2, 4, 8, ... vCPUs",
	 true},
	{OPTION_FIT, 0, "mix", "FILE", offsetof(Options, mix),
	 "sizes in a ratio: the VMs of FILE, which is written as an inventory"},
	{OPTION_FIT, 0, "what-if", "SECTION.KEY=VALUE", offsetof(Options, what_ifs),
	 "answer as well for an inventory that says so, such as sdk.cores-per-node=1, vm3.vcpus=8, "
	 "or vm3.count=0 to take VMs away; may be given again",
	 true},
	{OPTION_MIGRATE, 0, "from", "FILE", offsetof(Options, from),
	 "the node the VM is on: a saved plan, or an inventory"},
	{OPTION_MIGRATE, 0, "from-topology", "XML|DIR|SYNTHETIC", offsetof(Options, from_topology),
	 "the topology of an inventory's node; default: that of -t, else this machine"},
	{OPTION_MIGRATE, 0, "to", "FILE", offsetof(Options, to),
	 "the node it is to go to: a saved plan, or an inventory, of the node without it"},
	{OPTION_MIGRATE, 0, "to-topology", "XML|DIR|SYNTHETIC", offsetof(Options, to_topology),
	 "the topology of an inventory's node; default: that of -t"},
	{OPTION_MIGRATE, 0, "xml", NULL, offsetof(Options, xml),
	 "print the domain XML for the other node instead of the report"},
	{OPTION_MIGRATE, 0, "merge", "FILE", offsetof(Options, merge),
	 "with --xml: the VM's domain XML as it is; only what is planner's changes in it"},
	{OPTION_ROLLOUT, 0, "commands", NULL, offsetof(Options, commands),
	 "print the roll-out as shell commands instead, step by step"},
	{OPTION_ROLLOUT, 'o', "output", "FILE", offsetof(Options, output),
	 "also save the new plan to FILE, for these commands to use"},
	{OPTION_SNAPSHOT, 'o', "output", "FILE.tar", offsetof(Options, output),
	 "write the snapshot to FILE.tar, aside and renamed; for its owner alone to read"},
	{OPTION_COUNTERS, 0, "counters", NULL, offsetof(Options, counters),
	 "ask libvirt for halt_exits too; it waits for each guest, so that one that hangs holds "
	 "the answer until the deadline"},
	{OPTION_FLEET, 0, "fleet", "LIST", offsetof(Options, fleet),
	 "many nodes: a JSON object a line, {\"inventory\": FILE, \"topology\": "
	 "XML|DIR|SYNTHETIC, \"name\": NAME}, its paths relative to LIST's folder"},
	{OPTION_FLEET, 0, "place", "REQUESTS", offsetof(Options, place),
	 "which node of the fleet takes which VM: a JSON object a line, see planner(1)"},
	{OPTION_FLEET, 0, "threads", "N", offsetof(Options, threads_word),
	 "work on N nodes of the fleet at once; default: as many as there are CPUs"},
	{OPTION_JSON, 0, "json", NULL, offsetof(Options, json), "print the document as JSON"},
	{OPTION_COLOR, 0, "color", "auto|always|never", offsetof(Options, color_word),
	 "colour; auto is on for a terminal, unless NO_COLOR is set"},
	{OPTION_ALWAYS, 'h', "help", NULL, offsetof(Options, help), "print this"},
};

static bool options_takes(const Command *command, const OptionRow *row)
{
	return (command->options | OPTION_ALWAYS) & row->flag;
}

static GOptionEntry options_entry_of(const OptionRow *row, Options *options)
{
	return (GOptionEntry){
		.long_name = row->name,
		.short_name = row->letter,
		.arg = row->many    ? G_OPTION_ARG_STRING_ARRAY
		       : row->value ? G_OPTION_ARG_STRING
				    : G_OPTION_ARG_NONE,
		.arg_data = (char *)options + row->field,
	};
}

bool options_refuse(GError **error, const Command *command, const char *text, ...)
{
	g_autofree char *what = NULL;
	va_list args;

	va_start(args, text);
	what = g_strdup_vprintf(text, args);
	va_end(args);
	if (command)
		g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_USAGE,
			    "%s; see 'planner %s --help'", what, command->name);
	else
		g_set_error_literal(error, PLANNER_ERROR, PLANNER_ERROR_USAGE, what);
	return false;
}

/* A wrong value of an option that takes one of a few words. */
static bool word_refused(const char *option, const char *word, const char *words, GError **error)
{
	return options_refuse(error, NULL, "--%s: '%s' is not one of %s", option, word, words);
}

static bool color_decide(Options *options, GError **error)
{
	const char *word = options->color_word ? options->color_word : "auto";
	const char *no_color = getenv("NO_COLOR");

	if (!strcmp(word, "auto"))
		options->color = isatty(STDOUT_FILENO) && !(no_color && *no_color);
	else if (!strcmp(word, "always"))
		options->color = true;
	else if (strcmp(word, "never") != 0)
		return word_refused("color", word, "auto, always, never", error);
	return true;
}

static bool prefer_decide(Options *options, GError **error)
{
	static const char *const words[] = {"vcpus", "vms", "order"};

	for (unsigned i = 0; options->prefer_word && i < G_N_ELEMENTS(words); i++)
		if (!strcmp(options->prefer_word, words[i])) {
			options->prefer = i;
			return true;
		}
	return !options->prefer_word ||
	       word_refused("prefer", options->prefer_word, "vcpus, vms, order", error);
}

/* A number from LEAST to MOST; 0 where WORD is not given. */
static bool number_decide(const char *option, const char *word, unsigned least, unsigned most,
			  unsigned *number, GError **error)
{
	guint64 value = 0;

	if (word && !g_ascii_string_to_unsigned(word, 10, least, most, &value, NULL))
		return options_refuse(error, NULL, "--%s: '%s' is not a number from %u to %u",
				      option, word, least, most);
	*number = (unsigned)value;
	return true;
}

static bool sources_decide(const Options *options, GError **error)
{
	if (options->plan && (options->inventory || options->topology || options->prefer_word))
		return options_refuse(error, NULL,
				      "-p is a finished plan: leave out -i, -t and --prefer, or "
				      "leave out -p");
	return true;
}

/* GOption's message says which option; what to do next is ours to add. */
static bool usage_failed(const Command *command, GError **error)
{
	g_autofree char *message = g_strdup((*error)->message);

	g_clear_error(error);
	return options_refuse(error, command, "%s", message);
}

/* GOption leaves the "--" in where a word after it begins with '-'; it ends the options, no more.
 */
static char **arguments_of(char **words)
{
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	bool ended = false;

	for (; *words; words++) {
		if (!ended && !strcmp(*words, "--"))
			ended = true;
		else
			g_strv_builder_add(builder, *words);
	}
	return g_strv_builder_end(builder);
}

/* No option has a use for an empty word: it is a variable that was never set. */
static bool none_empty(const Command *command, const Options *options, GError **error)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		const OptionRow *row = &rows[i];
		const char *word;

		if (!options_takes(command, row) || !row->value || row->many)
			continue;
		word = *(char *const *)((const char *)options + row->field);
		if (word && !*word)
			return options_refuse(error, NULL,
					      "--%s: is empty; give it %s or leave it out",
					      row->name, row->value);
	}
	return true;
}

bool options_parse(const Command *command, char **argv, Options *options, GError **error)
{
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_auto(GStrv) words = g_strdupv(argv);
	GOptionEntry entries[G_N_ELEMENTS(rows) + 1] = {0};
	unsigned n = 0;

	*options = (Options){0};
	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
		if (options_takes(command, &rows[i]))
			entries[n++] = options_entry_of(&rows[i], options);
	g_option_context_set_help_enabled(context, FALSE);
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse_strv(context, &words, error)) {
		options->arguments = g_new0(char *, 1);
		return usage_failed(command, error);
	}
	options->arguments = arguments_of(words + 1);
	if (options->help)
		return true;
	if (!none_empty(command, options, error) || !color_decide(options, error) ||
	    !prefer_decide(options, error) ||
	    !number_decide("moves", options->moves_word, 0, 1000, &options->moves, error) ||
	    !number_decide("threads", options->threads_word, 1, 1024, &options->threads, error) ||
	    !sources_decide(options, error))
		return usage_failed(command, error);
	return true;
}

void options_clear(Options *options)
{
	g_free(options->inventory);
	g_free(options->topology);
	g_free(options->plan);
	g_free(options->connect);
	g_free(options->output);
	g_free(options->templates);
	g_free(options->directory);
	g_free(options->diff);
	g_free(options->merge);
	g_free(options->root);
	g_free(options->domains);
	g_free(options->rule_words);
	g_free(options->skip_words);
	g_free(options->fail_on);
	g_free(options->format);
	g_free(options->color_word);
	g_free(options->prefer_word);
	g_free(options->moves_word);
	g_free(options->keep);
	g_strfreev(options->vms);
	g_free(options->mix);
	g_strfreev(options->what_ifs);
	g_free(options->from);
	g_free(options->from_topology);
	g_free(options->to);
	g_free(options->to_topology);
	g_free(options->fleet);
	g_free(options->place);
	g_free(options->threads_word);
	g_strfreev(options->arguments);
}

#define HELP_WIDTH 80 /* the same on every terminal: it is compared and copied */
#define HELP_INDENT 10

/* "  -i, --inventory FILE" and, on lines of their own, what it does. */
static void row_help(GString *text, const OptionRow *row)
{
	g_autoptr(GString) left = g_string_new(NULL);
	g_autofree char *help = NULL;

	if (row->letter)
		g_string_append_printf(left, "  -%c, --%s", row->letter, row->name);
	else
		g_string_append_printf(left, "      --%s", row->name);
	if (row->value)
		g_string_append_printf(left, " %s", row->value);
	help = output_fold(row->help, HELP_WIDTH - HELP_INDENT, HELP_INDENT);
	g_string_append_printf(text, "%s\n%*s%s\n", left->str, HELP_INDENT, "", help);
}

char *options_help(const Command *command)
{
	GString *text = g_string_new(NULL);

	g_string_append_printf(text, "Usage: planner %s [OPTION...]%s%s\n\n%s\n\nOptions:\n",
			       command->name, *command->arguments ? " " : "", command->arguments,
			       command->help);
	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
		if (options_takes(command, &rows[i]))
			row_help(text, &rows[i]);
	g_string_append_printf(text, "\nExample:\n  %s\n", command->example);
	return g_string_free(text, FALSE);
}
