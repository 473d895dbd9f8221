/* SPDX-License-Identifier: MIT */
#include "cmd/inputs.h"
#include "cmd/output.h"
#include "planner/base/nearest.h"
#include "planner/check/rules.h"
#include "planner/document/plan_read.h"
#include "planner/inventory/settings.h"
#include "planner/place/replan.h"
#include "topology/base/error.h"
#include "topology/base/file.h"
#include "topology/base/kind.h"
#include "topology/facts/facts_root.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Files */

char *input_read(const char *name, size_t *length, GError **error)
{
	char *text = file_read(name, FILE_STREAM, INPUT_MAX, length, error);

	if (!text)
		g_prefix_error(error, "%s: ", name);
	return text;
}

char *input_read_regular(const char *name, size_t *length, GError **error)
{
	char *text = file_read(name, FILE_REGULAR, INPUT_MAX, length, error);

	if (!text)
		g_prefix_error(error, "%s: ", name);
	return text;
}

bool input_host_known(const Facts *facts, GError **error)
{
	if (!facts->host)
		g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
			    "%s: no topology to plan on: %s; or give one with -t", facts->source,
			    facts_why_unread(facts, "topology"));
	return facts->host;
}

/* The inventory */

void input_errors(const GPtrArray *errors, GError **error)
{
	GString *text = g_string_new(NULL);

	for (unsigned i = 0; i < errors->len; i++)
		g_string_append_printf(text, "%s%s", i ? "\nplanner: " : "",
				       (const char *)g_ptr_array_index(errors, i));
	g_set_error_literal(error, PLANNER_ERROR, PLANNER_ERROR_INPUT, text->str);
	g_string_free(text, TRUE);
}

bool input_inventory_kind(const char *name, const char *text, size_t length, GError **error)
{
	FileKindFound kind = kind_of_text(text, length);

	if (kind == KIND_UNKNOWN || kind == KIND_INVENTORY)
		return true;
	g_set_error(
		error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
		"%s: is %s, not an inventory; an inventory begins with a section such as [node]",
		name, kind_names[kind]);
	return false;
}

Inventory *input_inventory_text(const char *name, const char *text, size_t length, GError **error)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	Inventory *inventory = NULL;

	if (!input_inventory_kind(name, text, length, error))
		return NULL;
	inventory = inventory_parse(name, text, length, errors);
	if (!inventory)
		input_errors(errors, error);
	return inventory;
}

Inventory *input_inventory(const char *name, GError **error)
{
	g_autofree char *text = NULL;
	g_autoptr(GError) why = NULL;
	size_t length;

	if (!name)
		return inventory_new();
	text = input_read(name, &length, &why);
	if (!text) {
		g_set_error(error, why->domain, why->code, "%s%s", why->message,
			    strcmp(name, "-") != 0 && access(name, F_OK) < 0 && errno == ENOENT
				    ? "; 'planner init -o FILE' writes a first one"
				    : "");
		return NULL;
	}
	return input_inventory_text(strcmp(name, "-") ? name : "stdin", text, length, error);
}

/* Saved plans */

static void say_breach(const char *name, const Finding *finding)
{
	g_autofree char *line = g_strdup_printf("%s: %s: %s: %s", name, finding->subject,
						finding->text, finding->fix);
	g_autofree char *safe = output_safe(line);

	fprintf(stderr, "planner: %s\n", safe);
}

/* A file of a kind that somebody mixed up. */
static bool input_plan_kind(const char *name, const char *text, size_t length, GError **error)
{
	FileKindFound kind = kind_of_text(text, length);

	if (kind == KIND_UNKNOWN || kind == KIND_DOCUMENT || kind == KIND_REPORT ||
	    kind == KIND_JSON)
		return true;
	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
		    "%s: is %s, not a saved plan; 'planner plan -o' saves one", name,
		    kind_names[kind]);
	return false;
}

Plan *input_plan_text(const char *name, const char *text, size_t length, Host **host, bool *broken,
		      GError **error)
{
	Plan *plan = input_plan_kind(name, text, length, error)
			     ? plan_read(name, text, length, host, error)
			     : NULL;
	g_autoptr(GPtrArray) breaches = plan ? plan_breaches(plan) : findings_new();

	for (unsigned i = 0; i < breaches->len; i++)
		say_breach(name, g_ptr_array_index(breaches, i));
	*broken = breaches->len;
	return plan;
}

Plan *input_plan(const char *name, Host **host, bool *broken, GError **error)
{
	size_t length;
	g_autofree char *text = input_read(name, &length, error);

	return text ? input_plan_text(name, text, length, host, broken, error) : NULL;
}

bool inputs_load_host(const Options *options, Inputs *inputs, GError **error)
{
	inputs->host = source_host_load(options->topology, error);
	return inputs->host;
}

/* Does the inventory leave anything that the machine itself could tell? The name alone is not worth
 * asking for. */
static bool node_needed(const Inventory *inventory)
{
	for (const Setting *setting = node_settings->settings; setting->key; setting++)
		if (setting->told && setting->offset != offsetof(NodeSpec, name) &&
		    setting_standard(node_settings, setting, inventory->node))
			return true;
	return false;
}

/* What could not be asked is a finding: the verdicts that need it are unknown. */
static void note_unasked(Plan *plan, const char *why)
{
	if (!why || !plan->vms->len || (plan->node->qemu && plan->node->libvirt))
		return;
	findings_add_unknown(plan->findings, SEVERITY_INFO, "node.not-asked", "node",
			     "set [node] qemu and libvirt, or name the libvirt to ask with -c",
			     "%s", why);
	findings_sort(plan->findings);
}

/* The saved plan must be of this host, or its pins mean nothing here. */
bool input_keep(const Options *options, const Host *host, Inventory *inventory, GError **error)
{
	g_autoptr(Host) saved_host = NULL;
	g_autoptr(Plan) saved = NULL;
	bool broken;

	if (!options->keep)
		return true;
	saved = input_plan(options->keep, &saved_host, &broken, error);
	if (!saved)
		return false;
	if (strcmp(saved_host->fingerprint, host->fingerprint) != 0)
		return error_refuse(
			error, "%s: is a plan for another topology; its pins are not valid here",
			options->keep);
	replan_keep(inventory, saved);
	return true;
}

void inputs_compute(const Options *options, bool here, Inputs *inputs)
{
	PlanOptions plan_options = {
		.prefer = options->prefer, .budget = options->budget, .moves = options->moves};
	g_autofree char *why = NULL;

	if (here && node_needed(inputs->inventory))
		inputs->node = node_load(options->connect, &why);
	inputs->plan = plan_compute(inputs->host, inputs->inventory, inputs->node, &plan_options);
	note_unasked(inputs->plan, why);
}

/* Is NAME what this machine is called, with or without its domain? */
static bool inputs_called(const char *name)
{
	const char *here = g_get_host_name();
	size_t length = strcspn(name, ".");

	return strcspn(here, ".") == length && !g_ascii_strncasecmp(here, name, length);
}

bool inputs_meant(const char *file, const Inputs *inputs, GError **error)
{
	const char *name = inputs->inventory->node->name;

	if (!name || inputs_called(name) || !plan_bad(inputs->plan))
		return true;
	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
		    "%s: is the inventory of %s, and does not fit this machine, %s; forgot -t? It "
		    "names the topology of %s; -t / is this machine",
		    file, name, g_get_host_name(), name);
	return false;
}

static bool inputs_plan_compute(const Options *options, Inputs *inputs, GError **error)
{
	inputs->inventory = input_inventory(options->inventory, error);
	if (!inputs->inventory || !inputs_load_host(options, inputs, error) ||
	    !input_keep(options, inputs->host, inputs->inventory, error))
		return false;
	inputs_compute(options, !options->topology, inputs);
	return options->topology || inputs_meant(options->inventory, inputs, error);
}

static bool read_saved(const Options *options, Inputs *inputs, GError **error)
{
	inputs->plan = input_plan(options->plan, &inputs->host, &inputs->broken, error);
	return inputs->plan;
}

bool inputs_load_plan(const Options *options, Inputs *inputs, GError **error)
{
	return options->plan ? read_saved(options, inputs, error)
			     : inputs_plan_compute(options, inputs, error);
}

/* What is intended for a node */

static bool intent_plan(const Options *options, const Facts *facts, Inputs *inputs, GError **error)
{
	PlanOptions plan_options = {.prefer = options->prefer, .budget = options->budget};
	Node node = facts_node(facts);

	inputs->inventory = input_inventory(options->inventory, error);
	if (!inputs->inventory)
		return false;
	if (options->topology && !inputs_load_host(options, inputs, error))
		return false;
	if (!inputs->host && !facts->host) {
		g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
			    "%s: no topology, so no plan to compare with: %s; or give one with -t, "
			    "or a saved plan with -p",
			    facts->source ? facts->source : "/",
			    facts_why_unread(facts, "topology"));
		return false;
	}
	inputs->plan = plan_compute(inputs->host ? inputs->host : facts->host, inputs->inventory,
				    &node, &plan_options);
	return true;
}

bool inputs_load_intent(const Options *options, const Facts *facts, Inputs *inputs, GError **error)
{
	g_autofree char *text = NULL;
	size_t length;

	if (options->inventory)
		return intent_plan(options, facts, inputs, error);
	if (!options->plan)
		return true;
	text = input_read(options->plan, &length, error);
	if (text && input_plan_kind(options->plan, text, length, error))
		inputs->plan = plan_read(options->plan, text, length, &inputs->host, error);
	return inputs->plan;
}

const PlanVm *input_vm(const Plan *plan, const char *name, GError **error)
{
	const PlanVm *vm = plan_vm(plan, name);
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autofree char *meant = NULL;

	if (vm)
		return vm;
	for (unsigned i = 0; i < plan->vms->len; i++)
		g_ptr_array_add(names, ((PlanVm *)g_ptr_array_index(plan->vms, i))->spec->name);
	g_ptr_array_add(names, NULL);
	meant = nearest_meant(name, (const char *const *)names->pdata);
	options_refuse(error, NULL, "no VM '%s' in the plan%s'planner plan' lists them", name,
		       meant);
	return NULL;
}

void inputs_clear(Inputs *inputs)
{
	g_clear_pointer(&inputs->plan, plan_free);
	g_clear_pointer(&inputs->inventory, inventory_free);
	g_clear_pointer(&inputs->node, node_free);
	g_clear_pointer(&inputs->host, host_free);
}
