/* SPDX-License-Identifier: MIT */
#include "cmd/fleet.h"
#include "cmd/fleet_dispatch.h"
#include "cmd/fleet_hosts.h"
#include "cmd/fleet_print.h"
#include "cmd/fleet_work.h"
#include "cmd/next.h"
#include "planner/fit/fit_node.h"
#include "topology/base/error.h"

#include <stdio.h>
#include <string.h>

/* Sizes */

static const unsigned usual[] = {2, 4, 8, 16};

/* Those asked for, or the usual ones: a copy of its own, each named. */
static GPtrArray *sizes_named(const GPtrArray *asked)
{
	GPtrArray *sizes = g_ptr_array_new_with_free_func((GDestroyNotify)vm_spec_free);

	for (unsigned i = 0; asked && i < asked->len; i++) {
		const VmSpec *spec = g_ptr_array_index(asked, i);
		g_autofree char *name = fit_size_name(spec);

		g_ptr_array_add(sizes, vm_spec_copy(spec, name));
	}
	for (unsigned i = 0; !asked && i < G_N_ELEMENTS(usual); i++) {
		g_autofree char *name = g_strdup_printf("%u", usual[i]);
		VmSpec *spec = vm_spec_new(name);

		spec->vcpus = usual[i];
		g_ptr_array_add(sizes, spec);
	}
	return sizes;
}

/* Nodes */

typedef struct Answering {
	Fleet *fleet;
	FleetPrinter *printer;
	FleetTotals totals;
	GHashTable *names; /* node → inventory */
} Answering;

static gpointer fleet_answer(void *data, const FleetFile *file, const char *name,
			     Inventory *inventory, const char *error)
{
	const Answering *answering = data;

	return inventory ? fleet_node_new(answering->fleet, name, file->inventory, file->host,
					  inventory)
			 : fleet_node_broken(name, file->inventory, error);
}

/* Two nodes of one name would be one node counted twice. */
static FleetNode *name_once(Answering *answering, FleetNode *node)
{
	g_autofree char *why = fleet_name_taken(answering->names, node->name, node->inventory);
	FleetNode *broken;

	if (!why)
		return node;
	broken = fleet_node_broken(node->name, node->inventory, why);
	fleet_node_free(node);
	return broken;
}

static void fleet_answered(void *data, const FleetFile *file, gpointer result)
{
	Answering *answering = data;
	g_autoptr(FleetNode) node = name_once(answering, result);

	(void)file;
	fleet_totals_add(&answering->totals, answering->fleet, node);
	if (answering->printer)
		fleet_print_node(answering->printer, node);
}

static bool no_room(const FleetTotals *totals, const GPtrArray *asked)
{
	for (unsigned i = 0; asked && i < asked->len; i++)
		if (!totals->fit[i])
			return true;
	return false;
}

/* From now on the inventories of FILES of the kind asked for are as if they had the settings of
 * --what-if. */
static bool fleet_what_if(const Options *options, const GPtrArray *files, GError **error)
{
	g_autofree char *other = NULL;
	unsigned n = 0;

	for (unsigned i = 0; i < files->len; i++) {
		FleetFile *file = g_ptr_array_index(files, i);
		g_autofree char *kind = file->host ? fleet_kind_name(file->host) : NULL;

		if (kind && (!options->kind || strstr(kind, options->kind))) {
			file->settings = options->what_ifs;
			n++;
		} else if (kind && !other) {
			other = g_steal_pointer(&kind);
		}
	}
	return n || !other ||
	       options_refuse(error, NULL, "--kind: '%s' is in no node's kind; a kind is '%s'",
			      options->kind, other);
}

/* The totals of FILES, and a line for each where there is a PRINTER. */
static void fleet_count_files(const Options *options, const GPtrArray *files, Fleet *fleet,
			      FleetPrinter *printer, FleetTotals *totals)
{
	Answering answering = {.fleet = fleet, .printer = printer};

	answering.names = fleet_names_new();
	fleet_totals_init(&answering.totals, fleet);
	fleet_work(files, options->threads, fleet_answer, fleet_answered, &answering);
	g_hash_table_unref(answering.names);
	*totals = answering.totals;
}

static Status fleet_count(const Options *options, const GPtrArray *files, const GPtrArray *asked,
			  GError **error)
{
	g_autoptr(GPtrArray) sizes = sizes_named(asked);
	g_autoptr(Fleet) fleet = fleet_new(sizes);
	FleetPrinter *printer;
	FleetTotals totals, today;
	Status status = STATUS_FINE;

	if (options->what_ifs) {
		fleet_count_files(options, files, fleet, NULL, &today);
		if (!fleet_what_if(options, files, error)) {
			fleet_totals_clear(&today);
			return STATUS_TROUBLE;
		}
	}
	printer = fleet_printer_new(options, sizes);
	fleet_count_files(options, files, fleet, printer, &totals);
	if (!fleet_print_end(printer, &totals, options->what_ifs ? &today : NULL, error) ||
	    totals.states[FLEET_BROKEN])
		status = STATUS_TROUBLE;
	else if (totals.states[FLEET_FAULTY] || no_room(&totals, asked))
		status = STATUS_BAD_NEWS;
	if (status != STATUS_TROUBLE && !options->json && !options->csv && !options->html)
		next_say("the same with --place VMS says which node takes which VM of a list");
	fleet_totals_clear(&totals);
	if (options->what_ifs)
		fleet_totals_clear(&today);
	return status;
}

/* The command */

bool fleet_asked(const Options *options)
{
	return *options->arguments || options->fleet || options->place || options->directory ||
	       options->threads || options->kind;
}

static bool fleet_options_check(const Options *options, GError **error)
{
	if (options->inventory || options->plan || options->mix || options->moves ||
	    options->keep || options->effort_word)
		return options_refuse(error, NULL,
				      "-i, -p, --mix, --moves, --keep and --effort are for one "
				      "node; leave them out, or leave out the files and --fleet");
	if (options->kind && !options->what_ifs)
		return options_refuse(error, NULL,
				      "--kind limits --what-if to some nodes: give both");
	if (options->what_ifs && options->directory)
		return options_refuse(error, NULL,
				      "-d writes the fleet as it is: leave --what-if out");
	if (options->directory && !options->place)
		return options_refuse(error, NULL,
				      "-d writes what --place REQUESTS decides: give "
				      "both");
	if (!*options->arguments && !options->fleet)
		return options_refuse(
			error, NULL,
			"--place and --threads are for a fleet: name its files, folders, or "
			"--fleet LIST");
	return true;
}

Status fleet_run(const Options *options, const GPtrArray *sizes, GError **error)
{
	g_autoptr(GPtrArray) files =
		fleet_options_check(options, error) ? fleet_list(options, error) : NULL;
	g_autoptr(GHashTable) hosts = NULL;

	if (!files)
		return STATUS_TROUBLE;
	hosts = fleet_hosts_load(files);
	if (options->place && options->what_ifs && !fleet_what_if(options, files, error))
		return STATUS_TROUBLE;
	return options->place ? fleet_dispatch(options, files, error)
			      : fleet_count(options, files, sizes, error);
}
