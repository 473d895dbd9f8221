/* SPDX-License-Identifier: MIT */
#include "cmd/fleet_drain.h"
#include "cmd/fleet_command.h"
#include "cmd/fleet_save.h"
#include "cmd/fleet_work.h"
#include "cmd/output.h"
#include "planner/base/nearest.h"
#include "planner/check/fixes.h"
#include "planner/inventory/inventory_write.h"

#include <stdio.h>
#include <string.h>

/* What is asked */

static bool fleet_drain_check(const Options *options, GError **error)
{
	if (!options->fleet)
		return options_refuse(error, NULL,
				      "drain needs the nodes of the fleet: --fleet LIST");
	if (!*options->arguments)
		return options_refuse(error, NULL, "drain needs the names of the nodes to empty");
	if (options->failures_word || options->to || options->at_once_word || options->canary_word)
		return options_refuse(error, NULL,
				      "--failures is for survive, --to, --at-once and --canary "
				      "are for waves: leave them out");
	if (options->commands && options->json)
		return options_refuse(error, NULL, "give either --commands or --json");
	if (options->commands && !options->directory)
		return options_refuse(error, NULL,
				      "--commands uses the plans that -d DIR writes: give both");
	return true;
}

/* The fleet has no node called NAME. False with ERROR, which names what may be meant. */
static bool fleet_drain_no_node(const FleetDrain *drain, const char *name, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autofree char *meant = NULL;

	for (unsigned i = 0; i < drain->standings->standings->len; i++)
		g_ptr_array_add(names, (gpointer)fleet_drain_name(drain, i));
	g_ptr_array_add(names, NULL);
	meant = nearest_meant(name, (const char *const *)names->pdata);
	return options_refuse(error, NULL,
			      "%s has no node '%s'%s'planner fit --fleet' lists its nodes",
			      drain->options->fleet, name, meant);
}

/* The node called NAME; false with ERROR. */
static bool fleet_drain_member(FleetDrain *drain, const char *name, GError **error)
{
	const GPtrArray *broken = drain->standings->broken;

	for (unsigned i = 0; i < drain->standings->standings->len; i++) {
		if (strcmp(fleet_drain_name(drain, i), name) != 0)
			continue;
		for (unsigned m = 0; m < drain->members->len; m++)
			if (g_array_index(drain->members, unsigned, m) == i)
				return options_refuse(error, NULL, "node '%s' is named twice",
						      name);
		g_array_append_val(drain->members, i);
		return true;
	}
	for (unsigned i = 0; i < broken->len; i++) {
		const FleetBroken *node = g_ptr_array_index(broken, i);

		if (!strcmp(node->name, name))
			return options_refuse(error, NULL, "node '%s' is broken: %s", name,
					      node->why);
	}
	return fleet_drain_no_node(drain, name, error);
}

static bool fleet_drain_members(FleetDrain *drain, GError **error)
{
	for (char **name = drain->options->arguments; *name; name++)
		if (!fleet_drain_member(drain, *name, error))
			return false;
	return true;
}

static bool fleet_drain_read(FleetDrain *drain, GError **error)
{
	static char *none[] = {NULL};
	Options all = *drain->options;

	all.arguments = none;
	drain->standings = fleet_standings_read(&all, true, error);
	return drain->standings && fleet_drain_members(drain, error);
}

/* What is decided */

static Inventory *fleet_drain_inventory(void *data, unsigned node)
{
	FleetDrain *drain = data;
	const FleetFile *file = fleet_drain_file(drain, node);
	Inventory *inventory = fleet_read(file, &drain->unread);

	if (inventory && file->name) {
		g_free(inventory->node->name);
		inventory->node->name = g_strdup(file->name);
	}
	return inventory;
}

static bool fleet_drain_decide(FleetDrain *drain, GError **error)
{
	const GPtrArray *standings = drain->standings->standings;

	drain->drain = drain_new(standings, drain->members, drain->options->moves);
	drain->steps = drain_steps_new(drain->drain, standings, fleet_drain_inventory, drain);
	if (!drain->steps)
		g_set_error_literal(error, PLANNER_ERROR, PLANNER_ERROR_INPUT, drain->unread);
	return drain->steps;
}

/* Files */

/* As it was, unless VMs go or come: then all of them with their CPUs. */
static char *fleet_drain_text(const void *data, const FleetFile *file, const char *text)
{
	const FleetDrain *drain = data;

	(void)text;
	for (unsigned i = 0; i < drain->steps->nodes->len; i++) {
		const DrainNode *node = g_ptr_array_index(drain->steps->nodes, i);

		if (fleet_drain_file(drain, node->node) == file)
			return inventory_write(node->inventory, NULL);
	}
	return NULL;
}

static bool fleet_drain_save(const FleetDrain *drain, GError **error)
{
	const char *dir = drain->options->directory;
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autoptr(GPtrArray) written = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *safe = output_safe(dir);

	if (drain->standings->broken->len) {
		g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
			    "nothing is written into %s; correct what is wrong, or leave it out",
			    dir);
		return false;
	}
	for (unsigned i = 0; i < drain->standings->standings->len; i++)
		g_ptr_array_add(names, (gpointer)fleet_drain_name(drain, i));
	if (!fleet_save(dir, drain->standings->of, names, fleet_drain_text, drain, written, error))
		return false;
	fprintf(stderr,
		"planner: wrote %u inventories, their plans and their list, " FLEET_SAVE_LIST
		", into %s\n",
		written->len, safe);
	return true;
}

/* What the script of --commands needs */

/* It reaches nodes by their names. */
static bool fleet_drain_named(const FleetDrain *drain, GError **error)
{
	for (unsigned i = 0; i < drain->steps->nodes->len; i++) {
		const DrainNode *node = g_ptr_array_index(drain->steps->nodes, i);

		if (!node->inventory->node->name)
			return options_refuse(error, NULL,
					      "--commands reaches nodes by name, and %s has none: "
					      "set name in its [node] section",
					      fleet_drain_name(drain, node->node));
	}
	return true;
}

static const char *fleet_drain_platform_way(const DrainStep *step, Platform platform)
{
	return fixes_text(step->how == DRAIN_LIVE ? &fixes_migrate : &fixes_move, platform);
}

/* The script calls libvirt alone: a platform moves its VMs itself. */
static bool fleet_drain_of_libvirt(const FleetDrain *drain, GError **error)
{
	for (unsigned i = 0; i < drain->steps->steps->len; i++) {
		const DrainStep *step = g_ptr_array_index(drain->steps->steps, i);
		const char *name = step->vm->vm->spec->name;
		Platform platform = platform_of_name(name);
		const char *way = fleet_drain_platform_way(step, platform);

		if (platform != PLATFORM_LIBVIRT)
			return options_refuse(
				error, NULL,
				"--commands is for VMs of libvirt only; the name of VM "
				"%s on %s is one that %s gives%s%s",
				name, fleet_drain_name(drain, step->vm->from),
				platform_names[platform], way ? ": " : "", way ? way : "");
	}
	return true;
}

/* It reads the inventories of today: no new one may take the place of such. */
static bool fleet_drain_apart(const FleetDrain *drain, GError **error)
{
	g_autoptr(GHashTable) today = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (unsigned i = 0; i < drain->standings->of->len; i++)
		g_hash_table_add(today, g_canonicalize_filename(
						fleet_drain_file(drain, i)->inventory, NULL));
	for (unsigned i = 0; i < drain->standings->of->len; i++) {
		g_autofree char *file = fleet_save_inventory_file(drain->options->directory,
								  fleet_drain_name(drain, i));
		g_autofree char *whole = g_canonicalize_filename(file, NULL);

		if (g_hash_table_contains(today, whole))
			return options_refuse(error, NULL,
					      "--commands reads the inventories as they are: give "
					      "-d a folder other than theirs");
	}
	return true;
}

/* The question */

static Status fleet_drain_answer(FleetDrain *drain, GError **error)
{
	const Options *options = drain->options;

	if (!fleet_drain_read(drain, error) || !fleet_drain_decide(drain, error))
		return STATUS_TROUBLE;
	fleet_broken_print(drain->standings->broken, options->json);
	if (options->commands &&
	    (!fleet_drain_named(drain, error) || !fleet_drain_of_libvirt(drain, error) ||
	     !fleet_drain_apart(drain, error)))
		return STATUS_TROUBLE;
	if (options->directory && !fleet_drain_save(drain, error))
		return STATUS_TROUBLE;
	if (options->json)
		fleet_drain_print_json(drain);
	else if (options->commands)
		fleet_drain_print_commands(drain);
	else
		fleet_drain_print_people(drain);
	if (drain->standings->broken->len)
		return STATUS_TROUBLE;
	return drain->drain->left ? STATUS_BAD_NEWS : STATUS_FINE;
}

static Status fleet_drain_run(const Options *options, GError **error)
{
	FleetDrain drain = {.options = options};
	Status status = STATUS_TROUBLE;

	drain.members = g_array_new(FALSE, FALSE, sizeof(unsigned));
	if (fleet_drain_check(options, error))
		status = fleet_drain_answer(&drain, error);
	g_clear_pointer(&drain.steps, drain_steps_free);
	g_clear_pointer(&drain.drain, drain_free);
	g_clear_pointer(&drain.standings, fleet_standings_free);
	g_array_unref(drain.members);
	g_free(drain.unread);
	return status;
}

const FleetQuestion fleet_question_drain = {.name = "drain", .run = fleet_drain_run};
