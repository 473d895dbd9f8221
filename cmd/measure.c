/* SPDX-License-Identifier: MIT */
#include "cmd/measure.h"
#include "cmd/cmd.h"
#include "cmd/inputs.h"
#include "cmd/output.h"
#include "cmd/save.h"
#include "planner/base/json.h"
#include "topology/base/error.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

#define FOR_DEFAULT 10
#define FOR_MOST 86400

/* "10s", "10", "5m", "1h" in seconds. */
static bool for_decide(const char *word, unsigned *seconds, GError **error)
{
	static const struct {
		char letter;
		unsigned seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}};
	g_autofree char *digits = g_strdup(word ? word : "");
	size_t length = strlen(digits);
	unsigned unit = 1;
	guint64 n;

	*seconds = FOR_DEFAULT;
	if (!word)
		return true;
	for (unsigned i = 0; i < G_N_ELEMENTS(units); i++)
		if (length && digits[length - 1] == units[i].letter) {
			unit = units[i].seconds;
			digits[length - 1] = '\0';
			break;
		}
	if (!g_ascii_string_to_unsigned(digits, 10, 1, FOR_MOST / unit, &n, NULL))
		return options_refuse(error, NULL,
				      "--for: '%s' is not a time from 1s to 24h, such as 10s or 5m",
				      word);
	*seconds = (unsigned)n * unit;
	return true;
}

/* What the two moments say, and of which node. */
typedef struct Moments {
	Facts *facts;
	Counters *before, *after;
	int own; /* the CPU that planner itself was on at the end, -1 = another machine's */
} Moments;

static void moments_clear(Moments *moments)
{
	counters_free(moments->before);
	counters_free(moments->after);
	facts_free(moments->facts);
}

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

	return root ? counters_load(root, facts->guests) : NULL;
}

/* This machine, for some time. Nothing is asked of libvirt meanwhile. */
static bool moments_live(const Options *options, unsigned seconds, Moments *moments, GError **error)
{
	moments->facts = node_facts(options, NULL, error);
	moments->before = moments->facts ? node_counters("/", moments->facts, error) : NULL;
	if (!moments->before)
		return false;
	g_usleep((gulong)seconds * G_USEC_PER_SEC);
	moments->after = node_counters("/", moments->facts, error);
	moments->own = sched_getcpu();
	return moments->after;
}

/* Two captures of a node. */
static bool moments_captured(const Options *options, Moments *moments, GError **error)
{
	char *const *captures = options->arguments;

	moments->facts = node_facts(options, captures[1], error);
	moments->before = moments->facts ? node_counters(captures[0], moments->facts, error) : NULL;
	moments->after = moments->before ? node_counters(captures[1], moments->facts, error) : NULL;
	return moments->after;
}

/* A planner on a CPU that it measures is what it measures. */
static void own_note(Measure *measure, int cpu)
{
	g_autofree char *why = NULL;

	if (cpu < 0 || !hwloc_bitmap_isset(measure->cpus, (unsigned)cpu))
		return;
	why = g_strdup_printf("planner itself ran on CPU %d, and interrupted it; run it with "
			      "'taskset -c HOST-CPUS'",
			      cpu);
	unread_add(measure->unmeasured, "what others do", why);
}

static bool measure_report(const Options *options, const Measure *measure, GError **error)
{
	json_t *document = options->json || options->output ? measure_to_json(measure) : NULL;
	g_autofree char *text = document ? json_text(document) : NULL;

	json_decref(document);
	if (options->output && !save_report(options->output, text, error))
		return false;
	if (options->json)
		fputs(text, stdout);
	else
		measure_print(measure, options->color);
	return true;
}

static Status measure_moments(const Options *options, const Moments *moments, GError **error)
{
	Inputs inputs = {0};
	Status status = STATUS_TROUBLE;

	if (inputs_load_intent(options, moments->facts, &inputs, error)) {
		g_autoptr(Audit) audit = audit_new(inputs.plan, inputs.inventory, moments->facts);
		g_autoptr(Measure) measure =
			measure_counters(moments->before, moments->after, audit, error);

		if (measure) {
			own_note(measure, moments->own);
			if (measure_report(options, measure, error))
				status = STATUS_FINE;
		}
	}
	inputs_clear(&inputs);
	return status;
}

static bool measure_possible(const Options *options, unsigned *seconds, GError **error)
{
	unsigned n = g_strv_length(options->arguments);

	if (n != 0 && n != 2)
		return options_refuse(error, &command_measure,
				      "measure takes no capture, or two of one node: BEFORE AFTER");
	if (n && options->for_word)
		return options_refuse(error, &command_measure,
				      "--for: the captures say how long it was; leave it out");
	return for_decide(options->for_word, seconds, error) &&
	       (!options->output || save_possible(options->output, error));
}

static bool compare_possible(const Options *options, GError **error)
{
	if (g_strv_length(options->arguments) != 2)
		return options_refuse(error, &command_measure,
				      "--compare: give two files of numbers: A B");
	if (options->inventory || options->plan || options->topology || options->connect ||
	    options->domains || options->for_word || options->output)
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
	Moments moments = {.own = -1};
	Status status = STATUS_TROUBLE;
	unsigned seconds = FOR_DEFAULT;

	if (options->compare)
		return compare_run(options, error);
	if (measure_possible(options, &seconds, error) &&
	    (*options->arguments ? moments_captured(options, &moments, error)
				 : moments_live(options, seconds, &moments, error)))
		status = measure_moments(options, &moments, error);
	moments_clear(&moments);
	return status;
}

static const OptionRow measure_options[] = {
	{0, "for", "TIME", offsetof(Options, for_word),
	 "how long to measure this machine: 10s (default), 5m, 1h"},
	{0, "compare", NULL, offsetof(Options, compare),
	 "compare two files of numbers, such as a benchmark before and after a change: one a line, "
	 "or JSON by VM"},
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
	.after = "planner explain RULE for what it names; planner emit for the fix",
	.run = measure_run,
};
