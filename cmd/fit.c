/* SPDX-License-Identifier: MIT */
#include "cmd/fit.h"
#include "cmd/cmd.h"
#include "cmd/fleet.h"
#include "cmd/inputs.h"
#include "cmd/output.h"
#include "planner/inventory/what_if.h"
#include "planner/place/replan.h"
#include "topology/base/error.h"
#include "topology/facts/facts_root.h"

#include <string.h>

/* All that is asked, loaded. */
typedef struct FitQuestion {
	Host *host;
	Inventory *inventory;
	Inventory *changed; /* by --what-if; NULL where nothing else is asked */
	GPtrArray *sizes;   /* of VmSpec; NULL = the usual */
	GArray *ratio;	    /* of FitSize, owned by mix; NULL = none */
	Inventory *mix;
} FitQuestion;

static void question_clear(FitQuestion *question)
{
	g_clear_pointer(&question->changed, inventory_free);
	g_clear_pointer(&question->inventory, inventory_free);
	g_clear_pointer(&question->host, host_free);
	g_clear_pointer(&question->sizes, g_ptr_array_unref);
	g_clear_pointer(&question->ratio, g_array_unref);
	g_clear_pointer(&question->mix, inventory_free);
}

/* Sizes */

/* The inventory's parser judges them: "name:2: [vm …] memory: what is wrong" → "memory: what …". */
static bool size_refused(const char *word, const GPtrArray *errors, GError **error)
{
	const char *text = g_ptr_array_index(errors, 0);
	const char *close = strstr(text, "] ");

	return options_refuse(error, NULL, "--vm %s: %s", word, close ? close + 2 : text);
}

static VmSpec *size_parse_word(const char *word, GError **error)
{
	static const char *const keys[] = {"vcpus", "memory", "hugepages"};
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GString) text = g_string_new("[vm size]\n");
	g_autoptr(Inventory) inventory = NULL;
	g_auto(GStrv) parts = g_strsplit(word, ":", -1);
	unsigned n = g_strv_length(parts);

	if (!n || n > G_N_ELEMENTS(keys) || word[strspn(word, "0123456789KMGT:")]) {
		g_autofree char *safe = output_safe(word);

		options_refuse(error, NULL,
			       "--vm: '%s' is not VCPUS[:MEMORY[:PAGE]], such as 16:32G", safe);
		return NULL;
	}
	for (unsigned i = 0; i < n; i++)
		g_string_append_printf(text, "%s = %s\n", keys[i], parts[i]);
	inventory = inventory_parse("--vm", text->str, text->len, errors);
	if (!inventory) {
		size_refused(word, errors, error);
		return NULL;
	}
	return g_ptr_array_steal_index(inventory->vms, 0);
}

static bool load_sizes(const Options *options, FitQuestion *question, GError **error)
{
	if (!options->vms)
		return true;
	question->sizes = g_ptr_array_new_with_free_func((GDestroyNotify)vm_spec_free);
	for (char **word = options->vms; *word; word++) {
		VmSpec *spec = size_parse_word(*word, error);

		if (!spec)
			return false;
		g_ptr_array_add(question->sizes, spec);
	}
	return true;
}

static bool fit_shapes_equal(const VmSpec *a, const VmSpec *b)
{
	return a->vcpus == b->vcpus && a->memory == b->memory && a->page == b->page &&
	       a->threads == b->threads && a->spans == b->spans;
}

static void add_to_ratio(GArray *ratio, const VmSpec *spec)
{
	FitSize size = {spec, 1};

	for (unsigned i = 0; i < ratio->len; i++) {
		FitSize *have = &g_array_index(ratio, FitSize, i);

		if (fit_shapes_equal(have->spec, spec)) {
			have->count++;
			return;
		}
	}
	g_array_append_val(ratio, size);
}

static bool load_mix(const Options *options, FitQuestion *question, GError **error)
{
	if (!options->mix)
		return true;
	question->mix = input_inventory(options->mix, error);
	if (!question->mix)
		return false;
	question->ratio = g_array_new(FALSE, FALSE, sizeof(FitSize));
	for (unsigned i = 0; i < question->mix->vms->len; i++) {
		const VmSpec *spec = g_ptr_array_index(question->mix->vms, i);

		if (spec->policy == POLICY_DEDICATED)
			add_to_ratio(question->ratio, spec);
	}
	return question->ratio->len ||
	       options_refuse(
		       error, NULL,
		       "--mix %s: has no dedicated VM; write [vm NAME] with vcpus, memory, count",
		       options->mix);
}

/* The node */

static char *read_text(const Options *options, size_t *length, GError **error)
{
	*length = 0;
	return options->inventory ? input_read(options->inventory, length, error) : g_strdup("");
}

/* What the parser has against the changed inventory, --what-if brought in. */
static void blame_settings(const GPtrArray *errors, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (unsigned i = 0; i < errors->len; i++) {
		const char *line = g_ptr_array_index(errors, i);
		const char *what = strstr(line, ": ");

		g_string_append_printf(text, "%s--what-if%s", i ? "\nplanner: " : "",
				       what ? what : line);
	}
	g_set_error_literal(error, PLANNER_ERROR, PLANNER_ERROR_USAGE, text->str);
}

static bool settings_refused(const GPtrArray *errors, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (unsigned i = 0; i < errors->len; i++)
		g_string_append_printf(text, "%s%s", i ? "\nplanner: " : "",
				       (const char *)g_ptr_array_index(errors, i));
	g_set_error_literal(error, PLANNER_ERROR, PLANNER_ERROR_USAGE, text->str);
	return false;
}

static bool load_changed(const Options *options, const char *text, FitQuestion *question,
			 GError **error)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *changed = NULL;
	static char *const none[] = {NULL};

	if (!options->what_ifs && !options->moves)
		return true;
	changed = what_if_apply(text, options->what_ifs ? options->what_ifs : none, errors);
	if (!changed)
		return settings_refused(errors, error);
	question->changed = inventory_parse("--what-if", changed, strlen(changed), errors);
	if (!question->changed)
		blame_settings(errors, error);
	return question->changed && input_keep(options, question->host, question->changed, error);
}

/* A saved plan: all that it has is where it is. */
static bool load_saved(const Options *options, FitQuestion *question, GError **error)
{
	g_autoptr(Plan) saved = NULL;
	bool broken;

	if (options->what_ifs || options->keep)
		return options_refuse(
			error, NULL,
			"%s needs the inventory that the plan was made from: -i FILE%s",
			options->what_ifs ? "--what-if" : "--keep",
			options->what_ifs ? " --keep PLAN" : "");
	saved = input_plan(options->plan, &question->host, &broken, error);
	if (!saved)
		return false;
	question->inventory = replan_inventory(saved);
	if (options->moves)
		question->changed = replan_inventory(saved);
	return true;
}

static bool load_node(const Options *options, FitQuestion *question, GError **error)
{
	const char *name = options->inventory ? options->inventory : "";
	size_t length;
	g_autofree char *text = read_text(options, &length, error);

	if (!text)
		return false;
	question->inventory =
		input_inventory_text(strcmp(name, "-") ? name : "stdin", text, length, error);
	if (!question->inventory)
		return false;
	question->host = source_host_load(options->topology, error);
	return question->host && input_keep(options, question->host, question->inventory, error) &&
	       load_changed(options, text, question, error);
}

static bool fit_load(const Options *options, FitQuestion *question, GError **error)
{
	return load_sizes(options, question, error) && load_mix(options, question, error) &&
	       (options->plan ? load_saved(options, question, error)
			      : load_node(options, question, error));
}

/* The answer */

static Fit *fit_answer(const Options *options, const FitQuestion *question, bool changed)
{
	FitOptions fit_options = {
		.plan = {.prefer = options->prefer,
			 .budget = options->budget,
			 .moves = changed ? options->moves : 0},
		.sizes = question->sizes,
		.ratio = question->ratio ? (const FitSize *)question->ratio->data : NULL,
		.n_ratio = question->ratio ? question->ratio->len : 0,
	};

	return fit_compute(question->host, changed ? question->changed : question->inventory,
			   &fit_options);
}

/* Bad news: the inventory itself does not fit, or not one of a size that was asked for. */
static Status status_of(const Fit *fit)
{
	for (unsigned i = 0; i < fit->sizes->len; i++) {
		const FitAnswer *size = g_ptr_array_index(fit->sizes, i);

		if (size->asked && !size->count.fit)
			return STATUS_BAD_NEWS;
	}
	return fit->base->refused->len ? STATUS_BAD_NEWS : STATUS_FINE;
}

static Status fit_tell(const Options *options, const FitQuestion *question)
{
	g_autoptr(Fit) fit = fit_answer(options, question, false);
	g_autoptr(Fit) changed = question->changed ? fit_answer(options, question, true) : NULL;
	FitWhatIf what_if = {options->what_ifs, options->moves, changed};

	if (options->json)
		output_json(fit_to_json(fit, &what_if));
	else if (options->csv)
		fit_print_csv(fit, &what_if);
	else
		fit_print(fit, &what_if, options->color);
	return status_of(changed ? changed : fit);
}

static Status fit_run(const Options *options, GError **error)
{
	FitQuestion question = {0};
	Status status = STATUS_TROUBLE;

	if (fleet_asked(options))
		status = load_sizes(options, &question, error)
				 ? fleet_run(options, question.sizes, error)
				 : STATUS_TROUBLE;
	else if (fit_load(options, &question, error))
		status = fit_tell(options, &question);
	question_clear(&question);
	return status;
}

static bool fit_form_decide(Options *options, GError **error)
{
	static const char *const forms[] = {"people", "json", "csv", "html", NULL};
	unsigned form = 0;

	if (!options_form(options, NULL, forms, &form, error))
		return false;
	options->json = form == 1;
	options->csv = form == 2;
	options->html = form == 3;
	if (options->html && !fleet_asked(options))
		return options_refuse(error, NULL,
				      "--format html is for a fleet: name its files, folders, or "
				      "--fleet LIST");
	return !options->html || !options->place ||
	       options_refuse(error, NULL,
			      "--format html shows capacity: leave --place out, or "
			      "take --format csv");
}

static bool fit_decide(Options *options, GError **error)
{
	if (!fit_form_decide(options, error))
		return false;
	return options_number("threads", options->threads_word, 1, 1024, &options->threads, error);
}

static const OptionRow fit_options[] = {
	{0, "vm", "VCPUS[:MEMORY[:PAGE]]", offsetof(Options, vms),
	 "a VM size, such as 16:32G or 8:16G:1G; may be repeated. Default: the sizes of the "
	 "inventory's VMs, and 2, 4, 8, ... vCPUs",
	 true},
	{0, "mix", "FILE", offsetof(Options, mix),
	 "sizes in a ratio: the VMs of FILE, an inventory"},
	{0, "what-if", "SECTION.KEY=VALUE", offsetof(Options, what_ifs),
	 "answer as well for the inventory, or those of a fleet, with this setting, such as "
	 "sdk.cores-per-node=1, "
	 "vm3.vcpus=8, or vm3.count=0 to remove VMs; may be repeated",
	 true},
	{0, "fleet", "LIST", offsetof(Options, fleet),
	 "many nodes: a JSON object a line, {\"inventory\": FILE, \"topology\": XML|DIR|SYNTHETIC, "
	 "\"name\": NAME}, with paths relative to the folder of LIST"},
	{0, "kind", "TEXT", offsetof(Options, kind),
	 "with --what-if: only for nodes whose kind of hardware has TEXT in it, such as '36 "
	 "cores'; "
	 "default: for all nodes of the fleet"},
	{0, "place", "REQUESTS", offsetof(Options, place),
	 "VMs to assign to the nodes of the fleet: a JSON object a line, see planner-fit(1)"},
	{0, "format", "people|json|csv|html", offsetof(Options, format),
	 "form of the answer; csv: a line a size, or for a fleet a line a node, or with --place a "
	 "line a VM; html: the fleet as a page for a browser"},
	{'d', "directory", "DIR", offsetof(Options, directory),
	 "with --place: write the inventory of each node into DIR, with the VMs that it takes, its "
	 "plan, and fleet.jsonl as their list"},
	{0, "threads", "N", offsetof(Options, threads_word),
	 "work on N nodes of the fleet at once; default: the number of CPUs"},
	{0},
};

const Command command_fit = {
	.name = "fit",
	.help = "how many more VMs fit, where, and why not more",
	.arguments = "[FILE|DIR...]",
	.options = OPTION_INVENTORY | OPTION_TOPOLOGY | OPTION_PLAN | OPTION_PREFER | OPTION_MOVES |
		   OPTION_KEEP | OPTION_JSON | OPTION_COLOR,
	.own = fit_options,
	.decide = fit_decide,
	.example = "planner fit -i node.ini -t x6.xml --vm 8:16G --what-if sdk.cores-per-node=1",
	.before = "planner init or planner adopt writes the inventories",
	.after = "with -d, planner plan and planner emit take what it wrote; planner diff says "
		 "what it costs, planner fleet survive whether the fleet holds when a node is lost",
	.run = fit_run,
};
