/* SPDX-License-Identifier: MIT */
#include "cmd/check.h"
#include "cmd/check_many.h"
#include "cmd/cmd.h"
#include "cmd/inputs.h"
#include "cmd/next.h"
#include "cmd/output.h"
#include "cmd/picture.h"
#include "cmd/progress.h"
#include "cmd/save.h"
#include "cmd/site.h"
#include "planner/adopt/adopt.h"
#include "planner/base/json.h"
#include "planner/check/check_node.h"
#include "planner/check/check_nodes.h"
#include "planner/check/measured.h"
#include "planner/check/rules.h"
#include "planner/check/rules_found.h"
#include "planner/page/page.h"

#include <stdio.h>
#include <string.h>

/* Options */

typedef enum Form {
	FORM_PEOPLE,
	FORM_JSON,
	FORM_PROMETHEUS,
	FORM_JUNIT,
	FORM_SVG,
	FORM_CSV, /* of several nodes */
	FORM_HTML,
} Form;

/* By Form. */
static const char *const check_forms[] = {"people", "json", "prometheus", "junit",
					  "svg",    "csv",  "html",	  NULL};

/* CPUs are drawn in their roles, and roles are a plan's; no other form has templates. */
static bool picture_possible(const Options *options, Form form, GError **error)
{
	if (form == FORM_CSV && !*options->arguments)
		return options_refuse(error, &command_check,
				      "--format: 'csv' is for several nodes: name their captures");
	if (form != FORM_SVG)
		return !options->templates || form == FORM_HTML ||
		       options_refuse(error, &command_check,
				      "--templates is for pictures and pages: add --format svg or "
				      "html");
	return options->inventory || options->plan ||
	       options_refuse(error, &command_check,
			      "--format: 'svg' draws a plan: give it with -i or -p");
}

/* "new" is not one: it asks what --since says. */
static bool severity_decide(const Options *options, Severity *severity, GError **error)
{
	const char *word = options->fail_on;

	*severity = SEVERITY_ERROR;
	if (word && g_str_equal(word, "warning"))
		*severity = SEVERITY_WARNING;
	else if (word && g_str_equal(word, "new"))
		return options->since ||
		       options_refuse(error, &command_check, "--fail-on: 'new' needs --since");
	else if (word && !g_str_equal(word, "error"))
		return options_refuse(error, &command_check,
				      "--fail-on: '%s' is not one of error, warning, new", word);
	return true;
}

static bool words_check(const char *option, char **words, GError **error)
{
	for (; words && *words; words++) {
		const char *near = rule_nearest(*words);
		g_autofree char *what =
			near ? g_strdup_printf("is not a rule; did you mean %s?", near)
			     : g_strdup("is neither a rule nor an area of rules");

		if (!rule_word_known(*words))
			return options_refuse(error, &command_check, "%s: '%s' %s", option, *words,
					      what);
	}
	return true;
}

static bool options_decide(const Options *options, CheckOptions *check, Form *form, GError **error)
{
	check->only = options->rule_words ? g_strsplit(options->rule_words, ",", -1) : NULL;
	check->skip = options->skip_words ? g_strsplit(options->skip_words, ",", -1) : NULL;
	check->strict = options->strict;
	if (options->verbose &&
	    (options->brief || options->json || options->format || *options->arguments))
		return options_refuse(error, &command_check,
				      "-v is for people and one node: leave --brief, --format, "
				      "--json and captures out");
	if (options->brief && (options->json || options->format))
		return options_refuse(error, &command_check,
				      "--brief is for people: leave --format and --json out");
	return options_form(options, &command_check, check_forms, form, error) &&
	       picture_possible(options, *form, error) &&
	       severity_decide(options, &check->fail_on, error) &&
	       words_check("--rule", check->only, error) &&
	       words_check("--skip", check->skip, error);
}

/* What is accepted, and what was there before */

#define WAIVERS "/etc/planner/waivers.ini"

/* The waivers named, else, of a LIVE machine, its own; *WAIVERS stays NULL where there are none. */
static bool waivers_load(const Options *options, bool live, Waivers **waivers, GError **error)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	const char *name = options->waivers;
	g_autofree char *text = NULL;
	size_t length;

	if (!name && live && g_file_test(WAIVERS, G_FILE_TEST_EXISTS))
		name = WAIVERS;
	if (!name)
		return true;
	text = input_read(name, &length, error);
	*waivers = text ? waivers_parse(name, text, length, errors) : NULL;
	if (text && !*waivers)
		input_errors(errors, error);
	return *waivers;
}

/* The documents of --since, empty where the file has others; NULL with an error, or without
 * --since. Yours. */
static GPtrArray *since_documents(const Options *options, GError **error)
{
	GPtrArray *documents = NULL;
	size_t length;
	g_autofree char *text = options->since ? input_read(options->since, &length, error) : NULL;

	if (text)
		documents = check_nodes_documents(text, length);
	return documents || !text ? documents : g_ptr_array_new();
}

/* The document of CHECK's node; of a file with a single one it is that, whosever it is. */
static Since *since_load(const Options *options, const Check *check, GError **error)
{
	g_autoptr(GPtrArray) documents = since_documents(options, error);
	const json_t *document = NULL;

	if (!documents)
		return NULL;
	document = documents->len == 1
			   ? g_ptr_array_index(documents, 0)
			   : check_nodes_document_of(documents, check_node_name(check->audit));
	if (!document && documents->len) {
		options_refuse(
			error, NULL,
			"--since: %s: none of its %u documents, or more than one, is of this node",
			options->since, documents->len);
		return NULL;
	}
	return since_compare(options->since, document, check, error);
}

/* What --measured names, else what was taken along in the capture, of AUDIT's node: AUDIT has it
 * from then on. Yours; NULL without an error where there is none. */
static Measured *measured_load(const Options *options, Audit *audit, GError **error)
{
	Measured *measured = NULL;
	const char *along = audit->facts->measured;
	size_t length;
	g_autofree char *text =
		options->measured ? input_read(options->measured, &length, error) : NULL;

	if (text)
		measured = measured_parse(options->measured, text, length, audit, error);
	else if (!options->measured && along)
		measured = measured_parse(FACTS_MEASURED, along, strlen(along), audit, error);
	audit->measured = measured;
	return measured;
}

/* Output */

static const Plan *check_plan_drawn(const Check *check)
{
	return check->audit->plan ? check->audit->plan : check->audit->foreign;
}

static char *report_picture(const Check *check, const Options *options, GError **error)
{
	g_autoptr(GHashTable) templates = site_templates(options->templates, error);

	return templates ? picture_make(check_plan_drawn(check), check, templates, error) : NULL;
}

/* Draw the map of CHECK's node: of its plan, else of what runs there, as adopt sees it. *MAP stays
 * NULL where there is no topology, or nothing to draw it. */
static bool check_map(const Check *check, GHashTable *templates, char **map, GError **error)
{
	const Facts *facts = check->audit->facts;
	const PlanOptions options = {0};
	Node node = facts_node(facts);
	g_autoptr(Adoption) adoption = NULL;
	g_autoptr(Plan) seen = NULL;
	const Plan *plan = check_plan_drawn(check);

	if (!plan && facts->host) {
		adoption = adopt(facts);
		plan = seen = plan_compute(facts->host, adoption->inventory, &node, &options);
	}
	return picture_for_page(plan, check, templates, map, error);
}

/* DOCUMENT is taken. */
static char *report_page(const Check *check, json_t *document, const Options *options,
			 GError **error)
{
	g_autoptr(GHashTable) templates = site_templates(options->templates, error);
	g_autoptr(GPtrArray) nodes = check_nodes_new();
	char *map = NULL;
	bool good = templates && check_map(check, templates, &map, error);

	check_nodes_add(nodes, options->root ? options->root : "this machine", document, map, NULL);
	return good ? page_check(nodes, templates, error) : NULL;
}

/* NULL with ERROR set only for pictures and pages. */
static char *report_text(const Check *check, const Since *since, const Options *options, Form form,
			 GError **error)
{
	json_t *document;
	char *text;

	if (form == FORM_PROMETHEUS)
		return check_to_prometheus(check);
	if (form == FORM_JUNIT)
		return check_to_junit(check);
	if (form == FORM_SVG)
		return report_picture(check, options, error);
	document = check_to_json(check);
	if (since)
		json_object_set_new(document, "since", since_to_json(since, check));
	if (form == FORM_HTML)
		return report_page(check, document, options, error);
	text = json_text(document);
	json_decref(document);
	return text;
}

static bool check_report(const Check *check, const Since *since, const Options *options, Form form,
			 GError **error)
{
	const CheckView view = {since, options->brief, options->verbose, options->color};
	g_autofree char *text =
		form == FORM_PEOPLE ? NULL : report_text(check, since, options, form, error);

	if (!text && form != FORM_PEOPLE)
		return false;
	if (options->output && text)
		return form == FORM_PROMETHEUS ? save_text(options->output, text, error)
					       : save_report(options->output, text, error);
	if (options->output)
		return options_refuse(error, &command_check,
				      "-o: '%s' needs a --format that programs read: json, "
				      "prometheus, junit, svg or html",
				      options->output);
	if (text)
		fputs(text, stdout);
	else
		check_print(check, &view);
	return true;
}

/* Why the worst finding matters; of a node without any, how to see what changes. */
static void check_say_next(const Options *options, const Check *check)
{
	for (unsigned i = 0; i < check->findings->len; i++) {
		const Finding *finding = g_ptr_array_index(check->findings, i);

		if (check_finding_bad(check, finding) && rule_find(finding->id)) {
			next_say("planner explain %s", finding->id);
			return;
		}
	}
	if (!options->since && !options->output && !check_bad(check))
		next_say("'planner check --json -o then.json', and next time '--since "
			 "then.json' shows what changed");
}

static bool check_fails_on_new(const Options *options)
{
	return g_strcmp0(options->fail_on, "new") == 0;
}

static Status check_judged(const Options *options, const Check *check, Form form, GError **error)
{
	g_autoptr(Since) since = since_load(options, check, error);
	bool bad;

	if ((options->since && !since) || !check_report(check, since, options, form, error))
		return STATUS_TROUBLE;
	check_say_next(options, check);
	bad = check_fails_on_new(options) ? since_bad(since) : check_bad(check);
	return bad ? STATUS_BAD_NEWS : STATUS_FINE;
}

/* What is done with a check; DATA is its caller's. */
typedef Status CheckUse(const Options *options, const Check *check, void *data, GError **error);

static Status check_use_report(const Options *options, const Check *check, void *data,
			       GError **error)
{
	return check_judged(options, check, *(Form *)data, error);
}

static Status check_facts(const Options *options, const CheckOptions *check_options,
			  const Facts *facts, CheckUse *use, void *data, GError **error)
{
	Inputs inputs = {0};
	Status status = STATUS_TROUBLE;

	if (inputs_load_intent(options, facts, &inputs, error)) {
		g_autoptr(Audit) audit = audit_new(inputs.plan, inputs.inventory, facts);
		g_autoptr(Measured) measured = measured_load(options, audit, error);

		if (measured || (!options->measured && !facts->measured)) {
			g_autoptr(Check) check = check_run(audit, check_options);

			status = use(options, check, data, error);
		}
	}
	inputs_clear(&inputs);
	return status;
}

static Facts *check_facts_load(const Options *options, const char *root, GError **error)
{
	FactsOptions facts_options = {.root = root,
				      .topology = options->topology,
				      .guests = {.uri = options->connect,
						 .domains = options->domains,
						 .counters = options->counters}};

	return facts_load(&facts_options, error);
}

/* Several nodes */

typedef struct ManyUse {
	GPtrArray *nodes; /* of CheckNode */
	const char *source;
	const GPtrArray *earlier; /* documents of --since; NULL = it is not given */
	GHashTable *templates;	  /* of the page that it becomes; NULL = none */
} ManyUse;

/* What changed on CHECK's node goes into its DOCUMENT; a node that --since does not have is new. */
static bool many_compare(const Options *options, const Check *check, const GPtrArray *earlier,
			 json_t *document, GError **error)
{
	const json_t *old =
		earlier ? check_nodes_document_of(earlier, check_node_name(check->audit)) : NULL;
	g_autoptr(Since) since = old ? since_compare(options->since, old, check, error) : NULL;

	if (since)
		json_object_set_new(document, "since", since_to_json(since, check));
	return since || !old;
}

static Status check_use_many(const Options *options, const Check *check, void *data, GError **error)
{
	const ManyUse *use = data;
	json_t *document = check_to_json(check);
	char *map = NULL;

	if (!many_compare(options, check, use->earlier, document, error) ||
	    (use->templates && !check_map(check, use->templates, &map, error))) {
		json_decref(document);
		return STATUS_TROUBLE;
	}
	check_nodes_add(use->nodes, use->source, document, map, NULL);
	return STATUS_FINE;
}

/* The inventory of the node of FACTS in the folder of -i: NAME.ini. Yours; NULL where none is. */
static char *many_inventory(const Options *options, const Facts *facts)
{
	const char *name = sysctl_value(facts, "kernel", "hostname");
	g_autofree char *file = name && !strchr(name, '/') ? g_strconcat(name, ".ini", NULL) : NULL;
	char *path = options->inventory && file ? g_build_filename(options->inventory, file, NULL)
						: NULL;

	if (path && !g_file_test(path, G_FILE_TEST_EXISTS))
		g_clear_pointer(&path, g_free);
	return path;
}

static bool many_capture(const Options *options, const CheckOptions *check_options, ManyUse *use,
			 GError **error)
{
	Options one = *options;
	g_autoptr(Facts) facts = check_facts_load(options, use->source, error);
	g_autofree char *inventory = facts ? many_inventory(options, facts) : NULL;

	one.inventory = inventory;
	return facts && check_facts(&one, check_options, facts, check_use_many, use, error) !=
				STATUS_TROUBLE;
}

/* A report that was saved, as it is; NULL where SOURCE is something else. */
static json_t *many_report(const char *source)
{
	size_t length;
	g_autofree char *text = g_str_has_suffix(source, ".json")
					? input_read_regular(source, &length, NULL)
					: NULL;

	return text ? check_nodes_document(text, length) : NULL;
}

static bool many_possible(const Options *options, Form form, GError **error)
{
	if (options->root || options->topology || options->plan || options->domains ||
	    options->counters || options->measured || options->output ||
	    (options->format && form != FORM_CSV && form != FORM_HTML))
		return options_refuse(error, &command_check,
				      "several nodes are checked without -r, -t, -p, -o, "
				      "--domains, --counters and --measured; --format is csv or "
				      "html");
	if (options->inventory && !g_file_test(options->inventory, G_FILE_TEST_IS_DIR))
		return options_refuse(error, &command_check,
				      "-i: for several nodes, give the folder of their "
				      "inventories, NAME.ini each");
	return true;
}

static GPtrArray *many_earlier(const Options *options, GError **error)
{
	g_autoptr(GPtrArray) documents = since_documents(options, error);

	if (documents && !documents->len) {
		options_refuse(error, NULL,
			       "--since: %s: has no documents of planner check --json; for several "
			       "nodes, keep what 'planner check CAPTURE... --json' prints",
			       options->since);
		return NULL;
	}
	return g_steal_pointer(&documents);
}

static Status many_report_all(GPtrArray *nodes, const Options *options, Form form,
			      GHashTable *templates, GError **error)
{
	g_autofree char *page = NULL;

	if (form == FORM_HTML) {
		page = page_check(nodes, templates, error);
		if (!page)
			return STATUS_TROUBLE;
		fputs(page, stdout);
	} else if (form == FORM_CSV) {
		check_many_print_csv(nodes);
	} else {
		check_many_print(nodes, options);
	}
	if (form == FORM_PEOPLE && !options->since)
		next_say("the same with --json >then.json, and next time '--since then.json' shows "
			 "what changed");
	return check_many_status(nodes, check_fails_on_new(options));
}

/* --since compares with captures: a report that was saved does not say which rules were asked. */
static void many_add(const Options *options, const CheckOptions *check_options, ManyUse *use)
{
	g_autoptr(GError) why = NULL;
	g_autofree char *saved =
		g_strdup_printf("%s: is a saved report; --since compares captures", use->source);
	json_t *report = many_report(use->source);

	if (report && use->earlier)
		check_nodes_add(use->nodes, use->source, NULL, NULL, saved);
	else if (report)
		check_nodes_add(use->nodes, use->source, json_incref(report), NULL, NULL);
	else if (!many_capture(options, check_options, use, &why))
		check_nodes_add(use->nodes, use->source, NULL, NULL, why->message);
	json_decref(report);
}

static Status check_several(const Options *options, const CheckOptions *check_options, Form form,
			    GError **error)
{
	g_autoptr(GPtrArray) nodes = check_nodes_new(), earlier = NULL;
	g_autoptr(GPtrArray) sources = check_many_sources(options->arguments, !options->since);
	g_autoptr(GHashTable) templates = NULL;
	Progress progress;

	if (!many_possible(options, form, error) ||
	    (options->since && !(earlier = many_earlier(options, error))) ||
	    (form == FORM_HTML && !(templates = site_templates(options->templates, error))))
		return STATUS_TROUBLE;
	progress_begin(&progress, "nodes", sources->len);
	for (unsigned i = 0; i < sources->len; i++) {
		ManyUse use = {nodes, g_ptr_array_index(sources, i), earlier, templates};

		many_add(options, check_options, &use);
		progress_at(&progress, i + 1);
	}
	progress_end(&progress);
	return many_report_all(nodes, options, form, templates, error);
}

/* What CHECK_OPTIONS have of today and of waivers, then the check; FACTS are of one node, NULL = of
 * several. */
static Status check_options_run(const Options *options, CheckOptions *check_options, Form form,
				const Facts *facts, GError **error)
{
	g_autoptr(GDateTime) now = g_date_time_new_now_local();
	g_autofree char *today = g_date_time_format(now, "%F");
	g_autoptr(Waivers) waivers = NULL;

	if (!waivers_load(options, facts && facts->live, &waivers, error))
		return STATUS_TROUBLE;
	check_options->waivers = waivers;
	check_options->today = today;
	return facts ? check_facts(options, check_options, facts, check_use_report, &form, error)
		     : check_several(options, check_options, form, error);
}

static Status check_command(const Options *options, GError **error)
{
	CheckOptions check_options = {0};
	bool several = *options->arguments;
	g_autoptr(Facts) facts = NULL;
	Status status = STATUS_TROUBLE;
	Form form = FORM_PEOPLE;

	if (options_decide(options, &check_options, &form, error) &&
	    (several || (facts = check_facts_load(options, options->root, error))))
		status = check_options_run(options, &check_options, form, facts, error);
	g_strfreev(check_options.only);
	g_strfreev(check_options.skip);
	return status;
}

static const OptionRow check_options[] = {
	{'o', "output", "FILE", offsetof(Options, output),
	 "write the report to FILE instead of standard output"},
	{0, "format", "people|json|prometheus|junit|svg|csv|html", offsetof(Options, format),
	 "form of the report: for people (default), JSON, node_exporter's textfile collector, "
	 "JUnit XML, a picture, CSV (a line a node, of several), a page for a browser"},
	{0, "rule", "ID,...", offsetof(Options, rule_words),
	 "judge only these rules; an area such as vm stands for all its rules, see "
	 "planner-rules(7)"},
	{0, "skip", "ID,...", offsetof(Options, skip_words),
	 "leave out these rules, or those of these areas"},
	{0, "fail-on", "error|warning|new", offsetof(Options, fail_on),
	 "what makes the exit status 1: a finding of this severity or a worse one, default error; "
	 "or, with --since, a new error or warning alone"},
	{0, "since", "FILE", offsetof(Options, since),
	 "an earlier check of the node, saved with --json -o, or what --json printed of several: "
	 "show what is new and what is gone"},
	{0, "measured", "FILE", offsetof(Options, measured),
	 "a measurement of the node, saved with 'planner measure -o': find what came more often "
	 "than [audit] of the inventory allows"},
	{0, "waivers", "FILE", offsetof(Options, waivers),
	 "findings that are accepted, and other severities; default for this machine: " WAIVERS},
	{0, "brief", NULL, offsetof(Options, brief), "a line a finding"},
	{'v', "verbose", NULL, offsetof(Options, verbose),
	 "name the rules that passed, and those that could not be judged, with what is missing"},
	{0, "strict", NULL, offsetof(Options, strict),
	 "exit 1 also if something could not be judged"},
	{0},
};

const Command command_check = {
	.name = "check",
	.help = "audit a node, or a capture of one, against its plan",
	.arguments = "[CAPTURE|REPORT...]",
	.options = OPTION_SOURCES | OPTION_ROOT | OPTION_DOMAINS | OPTION_PREFER | OPTION_COUNTERS |
		   OPTION_TEMPLATES | OPTION_JSON | OPTION_COLOR,
	.own = check_options,
	.example = "planner check -r node.tar -i node.ini",
	.before = "planner snapshot captures a host; planner plan -o saves what it is to be",
	.after = "planner explain RULE says why and what to do; next time, check --since",
	.run = check_command,
};
