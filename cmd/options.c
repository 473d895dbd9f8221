/* SPDX-License-Identifier: MIT */
#include "cmd/options.h"
#include "cmd/cmd.h"
#include "cmd/output.h"
#include "planner/base/nearest.h"
#include "topology/base/error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct SharedRow {
	unsigned flag;
	OptionRow row;
} SharedRow;

/* In the order of help. */
static const SharedRow shared[] = {
	{OPTION_INVENTORY,
	 {'i', "inventory", "FILE", offsetof(Options, inventory),
	  "the node's inventory, see planner-inventory(5)"}},
	{OPTION_TOPOLOGY,
	 {'t', "topology", "XML|DIR|SYNTHETIC", offsetof(Options, topology),
	  "the host's topology: hwloc XML, a captured root, or a synthetic description; default: "
	  "this machine"}},
	{OPTION_PLAN,
	 {'p', "plan", "FILE", offsetof(Options, plan), "a saved plan, instead of -i and -t"}},
	{OPTION_CONNECT,
	 {'c', "connect", "URI", offsetof(Options, connect),
	  "the libvirt to ask for versions (read-only) when planning this machine; default "
	  "qemu:///system"}},
	{OPTION_PREFER,
	 {0, "prefer", "vcpus|vms|order", offsetof(Options, prefer_word),
	  "what to maximize when not all VMs fit: vCPUs (default), VMs, or first come, first "
	  "served"}},
	{OPTION_PREFER,
	 {0, "effort", "N", offsetof(Options, effort_word),
	  "search N times as long, 1 to 1000, before the answer is a bound; default 1"}},
	{OPTION_MOVES,
	 {0, "moves", "N", offsetof(Options, moves_word),
	  "let at most N VMs that have their CPUs move to make room; default 0"}},
	{OPTION_KEEP,
	 {0, "keep", "PLAN", offsetof(Options, keep),
	  "a saved plan whose VMs stay on their CPUs, except for --moves"}},
	{OPTION_TEMPLATES,
	 {0, "templates", "DIR", offsetof(Options, templates),
	  "use the templates in DIR before the built-in ones"}},
	{OPTION_ROOT,
	 {'r', "root", "DIR|TAR", offsetof(Options, root),
	  "the node: /, a snapshot, an extracted sosreport, a directory with its /proc and /sys; "
	  "default: this machine"}},
	{OPTION_DOMAINS,
	 {0, "domains", "DIR", offsetof(Options, domains),
	  "domain XML files instead of libvirt: NAME.xml for the next start, live/NAME.xml for "
	  "running VMs"}},
	{OPTION_OWN, {0}},
	{OPTION_COUNTERS,
	 {0, "counters", NULL, offsetof(Options, counters),
	  "also ask libvirt for halt_exits; it waits for each guest, so one that hangs delays the "
	  "answer until the deadline"}},
	{OPTION_JSON,
	 {0, "json", NULL, offsetof(Options, json), "print JSON, see planner-json(5)"}},
	{OPTION_COLOR,
	 {0, "color", "auto|always|never", offsetof(Options, color_word),
	  "colour; auto is on for a terminal, unless NO_COLOR is set"}},
	{OPTION_ALWAYS, {'h', "help", NULL, offsetof(Options, help), "print this"}},
};

/* The options that COMMAND takes, in the order of help: of const OptionRow *, yours. */
static GPtrArray *rows_of(const Command *command)
{
	GPtrArray *rows = g_ptr_array_new();

	for (unsigned i = 0; i < G_N_ELEMENTS(shared); i++)
		if (shared[i].flag == OPTION_OWN)
			for (const OptionRow *row = command->own; row && row->name; row++)
				g_ptr_array_add(rows, (gpointer)row);
		else if ((command->options | OPTION_ALWAYS) & shared[i].flag)
			g_ptr_array_add(rows, (gpointer)&shared[i].row);
	return rows;
}

/* GIVEN gets all values of an option that takes one: GOption alone would let the last one win. */
static GOptionEntry options_entry_of(const OptionRow *row, char ***given, Options *options)
{
	return (GOptionEntry){
		.long_name = row->name,
		.short_name = row->letter,
		.arg = row->value ? G_OPTION_ARG_STRING_ARRAY : G_OPTION_ARG_NONE,
		.arg_data = row->value && !row->many ? (void *)given : (char *)options + row->field,
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
		g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_USAGE, "%s%s 'planner %s --help'",
			    what, g_str_has_suffix(what, "?") ? " See" : "; see", command->name);
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

bool options_number(const char *option, const char *word, unsigned least, unsigned most,
		    unsigned *number, GError **error)
{
	guint64 value = 0;

	if (word && !g_ascii_string_to_unsigned(word, 10, least, most, &value, NULL))
		return options_refuse(error, NULL, "--%s: '%s' is not a number from %u to %u",
				      option, word, least, most);
	*number = (unsigned)value;
	return true;
}

/* Is NAME, given to --OPTION, a directory, or NULL? Else false with PLANNER_ERROR_USAGE. */
static bool options_folder(const char *option, const char *name, GError **error)
{
	if (!name || g_file_test(name, G_FILE_TEST_IS_DIR))
		return true;
	return options_refuse(error, NULL, "--%s: %s: %s", option, name,
			      g_file_test(name, G_FILE_TEST_EXISTS) ? "is not a directory"
								    : g_strerror(ENOENT));
}

static bool effort_decide(Options *options, GError **error)
{
	unsigned effort = 1;

	if (!options_number("effort", options->effort_word, 1, 1000, &effort, error))
		return false;
	options->budget = (uint64_t)effort * SEARCH_BUDGET;
	return true;
}

static bool sources_decide(const Options *options, GError **error)
{
	if (options->plan && (options->inventory || options->topology || options->prefer_word))
		return options_refuse(
			error, NULL,
			"-p gives a finished plan: leave out -i, -t and --prefer, or leave out -p");
	return true;
}

/* The option of ROWS that a misspelt one of WORDS is nearest to; NULL. */
static const char *option_meant(const GPtrArray *rows, char *const *words)
{
	g_autofree const char **known = g_new0(const char *, rows->len + 1);

	for (unsigned i = 0; i < rows->len; i++)
		known[i] = ((const OptionRow *)g_ptr_array_index(rows, i))->name;
	for (; *words; words++) {
		g_autofree char *given = NULL;

		if (!g_str_has_prefix(*words, "--"))
			continue;
		given = g_strndup(*words + 2, strcspn(*words + 2, "="));
		if (!g_strv_contains(known, given) && nearest_word(given, known))
			return nearest_word(given, known);
	}
	return NULL;
}

/* GOption's message says which option; what to do next is ours to add. */
static bool usage_failed(const Command *command, const char *meant, GError **error)
{
	g_autofree char *message = g_strdup((*error)->message);

	g_clear_error(error);
	if (meant)
		return options_refuse(error, command, "%s; did you mean --%s?", message, meant);
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

/* GIVEN, by row, into OPTIONS: each of these options once. */
static bool each_once(const GPtrArray *rows, char ***given, Options *options, GError **error)
{
	const OptionRow *again = NULL;

	for (unsigned i = 0; i < rows->len; i++) {
		const OptionRow *row = g_ptr_array_index(rows, i);

		if (!given[i])
			continue;
		if (given[i][1])
			again = row;
		*(char **)((char *)options + row->field) = g_strdup(given[i][0]);
		g_strfreev(given[i]);
	}
	return !again || options_refuse(error, NULL, "--%s: given twice", again->name);
}

/* No option has a use for an empty word: it is a variable that was never set. */
static bool none_empty(const GPtrArray *rows, const Options *options, GError **error)
{
	for (unsigned i = 0; i < rows->len; i++) {
		const OptionRow *row = g_ptr_array_index(rows, i);
		const char *word;

		if (!row->value || row->many)
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
	g_autoptr(GPtrArray) rows = rows_of(command);
	g_auto(GStrv) words = g_strdupv(argv);
	g_autofree GOptionEntry *entries = g_new0(GOptionEntry, rows->len + 1);
	g_autofree char ***given = g_new0(char **, rows->len);
	bool parsed, once;

	*options = (Options){0};
	for (unsigned i = 0; i < rows->len; i++)
		entries[i] = options_entry_of(g_ptr_array_index(rows, i), &given[i], options);
	g_option_context_set_help_enabled(context, FALSE);
	g_option_context_add_main_entries(context, entries, NULL);
	parsed = g_option_context_parse_strv(context, &words, error);
	once = each_once(rows, given, options, parsed ? error : NULL);
	options->arguments = parsed ? arguments_of(words + 1) : g_new0(char *, 1);
	if (!parsed)
		return usage_failed(
			command,
			g_error_matches(*error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION)
				? option_meant(rows, argv)
				: NULL,
			error);
	if (options->help)
		return true;
	if (!once || !none_empty(rows, options, error) || !color_decide(options, error) ||
	    !prefer_decide(options, error) || !effort_decide(options, error) ||
	    !options_number("moves", options->moves_word, 0, 1000, &options->moves, error) ||
	    !sources_decide(options, error) ||
	    !options_folder("domains", options->domains, error) ||
	    !options_folder("diff", options->diff, error) ||
	    (command->decide && !command->decide(options, error)))
		return usage_failed(command, NULL, error);
	return true;
}

bool options_form(const Options *options, const Command *command, const char *const *names,
		  unsigned *form, GError **error)
{
	g_autofree char *all = g_strjoinv(", ", (char **)names);

	*form = options->json;
	if (!options->format)
		return true;
	for (unsigned i = 0; names[i]; i++)
		if (g_str_equal(options->format, names[i])) {
			if (options->json && i != 1)
				return options_refuse(error, command,
						      "--format: '%s' is not --json",
						      options->format);
			*form = i;
			return true;
		}
	return options_refuse(error, command, "--format: '%s' is not one of %s", options->format,
			      all);
}

static void option_free(Options *options, const OptionRow *row)
{
	char *field = (char *)options + row->field;

	if (row->many)
		g_strfreev(*(char ***)field);
	else if (row->value)
		g_free(*(char **)field);
}

/* As rows_of(), but it takes no memory: the answer is printed. */
void options_clear(const Command *command, Options *options)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(shared); i++)
		if (shared[i].flag == OPTION_OWN)
			for (const OptionRow *row = command->own; row && row->name; row++)
				option_free(options, row);
		else if ((command->options | OPTION_ALWAYS) & shared[i].flag)
			option_free(options, &shared[i].row);
	g_strfreev(options->arguments);
}

#define HELP_WIDTH 80 /* the same on every terminal: it is compared and copied */
#define HELP_INDENT 10
#define HELP_NEXT 11 /* of what comes before and after */

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
	g_autoptr(GPtrArray) rows = rows_of(command);
	GString *text = g_string_new(NULL);
	g_autofree char *before = NULL, *after = NULL;

	g_string_append_printf(text, "Usage: planner %s [OPTION...]%s%s\n\n%s\n\nOptions:\n",
			       command->name, *command->arguments ? " " : "", command->arguments,
			       command->help);
	for (unsigned i = 0; i < rows->len; i++)
		row_help(text, g_ptr_array_index(rows, i));
	before = output_fold(command->before, HELP_WIDTH - HELP_NEXT, HELP_NEXT);
	after = output_fold(command->after, HELP_WIDTH - HELP_NEXT, HELP_NEXT);
	g_string_append_printf(
		text,
		"\nExample:\n  %s\n\nBefore it: %s\nAfter it:  %s\nManual:    planner-%s(1)\n",
		command->example, before, after, command->name);
	return g_string_free(text, FALSE);
}
