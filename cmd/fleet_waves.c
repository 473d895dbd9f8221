/* SPDX-License-Identifier: MIT */
#include "cmd/fleet_command.h"
#include "cmd/fleet_print.h"
#include "cmd/fleet_save.h"
#include "cmd/fleet_standings.h"
#include "cmd/fleet_work.h"
#include "cmd/output.h"
#include "planner/fleet/waves.h"
#include "planner/fleet/waves_picture.h"
#include "planner/inventory/inventory_write.h"
#include "topology/base/error.h"

#include <stdio.h>

typedef struct FleetWaves {
	const Options *options;
	FleetStandings *standings;
	GPtrArray *after;  /* of Standing, by node: as it is to be, without VMs; NULL = unchanged */
	GPtrArray *owners; /* of Standing: as they are to be, with the VMs that WISHES has */
	GHashTable *wishes;
	GHashTable *paths; /* of inventories as they are to be */
	Waves *waves;
} FleetWaves;

static const Standing *fleet_waves_node(const FleetWaves *waves, unsigned node)
{
	return g_ptr_array_index(waves->standings->standings, node);
}

/* What is asked */

static bool fleet_waves_check(const Options *options, GError **error)
{
	if (!options->fleet || *options->arguments)
		return options_refuse(error, NULL, "waves needs the nodes as --fleet LIST alone");
	if (!options->to)
		return options_refuse(error, NULL,
				      "waves needs --to DIR: the inventories as they are to be");
	if (options->moves_word || options->directory || options->commands)
		return options_refuse(
			error, NULL,
			"--moves, -d and --commands are for the other commands: leave "
			"them out");
	if (options->failures_word && options->failures != 1)
		return options_refuse(error, NULL, "waves can survive one failure: --failures 1");
	return true;
}

/* INVENTORY without its VMs, as text. Yours. */
static char *fleet_waves_settings(Inventory *inventory, const char *name)
{
	g_ptr_array_set_size(inventory->vms, 0);
	g_free(inventory->node->name);
	inventory->node->name = g_strdup(name);
	return inventory_write(inventory, NULL);
}

static void fleet_waves_add_wishes(FleetWaves *waves, Standing *standing)
{
	g_ptr_array_add(waves->owners, standing);
	for (unsigned i = 0; i < standing->vms->len; i++) {
		StandingVm *vm = g_ptr_array_index(standing->vms, i);

		g_hash_table_insert(waves->wishes, vm->spec->name, vm);
	}
}

/* Read the node as it is to be, if DIR has it; false with ERROR. */
static bool fleet_waves_read_node(FleetWaves *waves, unsigned node, GError **error)
{
	const FleetFile *file = g_ptr_array_index(waves->standings->of, node);
	const char *name = fleet_waves_node(waves, node)->name;
	g_autofree char *path = fleet_save_inventory_file(waves->options->to, name);
	FleetFile next = *file;
	g_autofree char *why = NULL, *before = NULL, *after = NULL;
	g_autoptr(Inventory) now = NULL, then = NULL;

	next.inventory = path;
	next.settings = NULL;
	g_ptr_array_add(waves->after, NULL);
	if (!g_file_test(path, G_FILE_TEST_EXISTS))
		return true;
	if (!g_hash_table_add(waves->paths, g_strdup(path)))
		return options_refuse(error, NULL,
				      "%s would be of two nodes; give each a name in its [node] "
				      "section",
				      path);
	then = fleet_read(&next, &why);
	now = then ? fleet_read(file, &why) : NULL;
	if (!now) {
		g_set_error_literal(error, PLANNER_ERROR, PLANNER_ERROR_INPUT, why);
		return false;
	}
	fleet_waves_add_wishes(waves, standing_new(name, file->host, then));
	before = fleet_waves_settings(now, name);
	after = fleet_waves_settings(then, name);
	if (g_strcmp0(before, after) != 0)
		waves->after->pdata[node] = standing_new(name, file->host, then);
	return true;
}

static void fleet_waves_standing_free(gpointer standing)
{
	if (standing)
		standing_free(standing);
}

static bool fleet_waves_read(FleetWaves *waves, GError **error)
{
	unsigned n;

	waves->standings = fleet_standings_read(waves->options, true, error);
	if (!waves->standings)
		return false;
	n = waves->standings->standings->len;
	for (unsigned node = 0; node < n; node++)
		if (!fleet_waves_read_node(waves, node, error))
			return false;
	if (!waves->owners->len)
		return options_refuse(error, NULL,
				      "%s has no inventory of a node of the fleet: NODE.ini",
				      waves->options->to);
	return true;
}

/* JSON */

static json_t *fleet_waves_names(const FleetWaves *waves, const GArray *nodes)
{
	json_t *names = json_array();

	for (unsigned i = 0; i < nodes->len; i++)
		json_array_append_new(
			names,
			json_string(
				fleet_waves_node(waves, g_array_index(nodes, unsigned, i))->name));
	return names;
}

static json_t *fleet_waves_to_json(const FleetWaves *waves, unsigned number)
{
	const Wave *wave = g_ptr_array_index(waves->waves->waves, number);
	json_t *moves = json_array(), *strands = json_array();

	for (unsigned i = 0; i < wave->moves->len; i++) {
		const WaveMove *move = &g_array_index(wave->moves, WaveMove, i);

		json_array_append_new(moves,
				      json_pack("{s:s, s:s, s:s, s:s}", "vm", move->vm->spec->name,
						"from", fleet_waves_node(waves, move->from)->name,
						"node", fleet_waves_node(waves, move->to)->name,
						"how", move->live ? "live" : "stopped"));
	}
	for (unsigned i = 0; i < wave->strands->len; i++)
		json_array_append_new(
			strands,
			json_string(((const StandingVm *)g_ptr_array_index(wave->strands, i))
					    ->spec->name));
	return json_pack("{s:i, s:o, s:o, s:o, s:o}", "wave", (int)number + 1, "nodes",
			 fleet_waves_names(waves, wave->nodes), "moves", moves, "strands", strands,
			 "at_risk", fleet_waves_names(waves, wave->risks));
}

static void fleet_waves_print_json(const FleetWaves *waves)
{
	const Waves *answer = waves->waves;

	for (unsigned i = 0; i < answer->waves->len; i++)
		fleet_print_json(fleet_waves_to_json(waves, i));
	fleet_print_json(json_pack(
		"{s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:o, s:s?}", "format",
		"planner-waves/1", "nodes", (int)waves->standings->files->len, "broken",
		(int)waves->standings->broken->len, "changes", (int)answer->changes, "waves",
		(int)answer->waves->len, "least_waves", (int)answer->bound, "vms", (int)answer->vms,
		"moves", (int)answer->moves, "again", (int)answer->again, "left",
		fleet_waves_names(waves, answer->left), "why", answer->why));
}

/* People */

static void fleet_waves_add_row(struct libscols_table *table, const FleetWaves *waves,
				unsigned number)
{
	const Wave *wave = g_ptr_array_index(waves->waves->waves, number);
	g_autofree char *label = g_strdup_printf("%u", number + 1);
	g_autofree char *live = g_strdup_printf("%u", wave_live(wave));
	g_autofree char *stopped = g_strdup_printf("%u", wave->moves->len - wave_live(wave));
	g_autofree char *strands = wave_strands_names(wave);
	g_autofree char *risks = waves_nodes_names(waves->standings->standings, wave->risks);
	g_autoptr(GString) nodes = g_string_new(NULL);

	for (unsigned i = 0; i < wave->nodes->len; i++)
		g_string_append_printf(
			nodes, "%s%s", i ? ", " : "",
			fleet_waves_node(waves, g_array_index(wave->nodes, unsigned, i))->name);
	output_line(table, (const char *const[]){label, live, stopped, nodes->str, strands, risks});
}

/* Those that cannot be emptied, and the first reason. */
static void fleet_waves_print_left(const FleetWaves *waves)
{
	const Waves *answer = waves->waves;
	g_autofree char *names = waves_nodes_names(waves->standings->standings, answer->left);
	g_autofree char *why = output_safe(answer->why ? answer->why : "");

	output_sentence("Cannot be emptied: %s%s%s", names, *why ? "; " : "", why);
}

static void fleet_waves_print_totals(const FleetWaves *waves)
{
	const Waves *answer = waves->waves;
	g_autofree char *proof = fleet_print_proof("takes", answer->waves->len, answer->bound);
	bool color = waves->options->color;
	unsigned changed = answer->changes - answer->left->len;

	if (!answer->changes) {
		puts("No node changes: all are as they are to be");
		return;
	}
	if (changed)
		output_sentence("%s%u of %u node%s change%s in %u wave%s%s%s%s", output_bold(color),
				changed, answer->changes, answer->changes == 1 ? "" : "s",
				answer->changes == 1 ? "s" : "", answer->waves->len,
				answer->waves->len == 1 ? "" : "s", output_reset(color),
				answer->left->len ? "" : "; ", answer->left->len ? "" : proof);
	if (answer->moves)
		output_sentence(
			"Their %u VM%s make%s %u move%s; %u of the moves %s a VM's second or later "
			"one",
			answer->vms, answer->vms == 1 ? "" : "s", answer->vms == 1 ? "s" : "",
			answer->moves, answer->moves == 1 ? "" : "s", answer->again,
			answer->again == 1 ? "is" : "are");
	if (!changed)
		printf("%sNo node can change%s\n", output_bold(color), output_reset(color));
	if (answer->left->len)
		fleet_waves_print_left(waves);
}

static void fleet_waves_print_people(const FleetWaves *waves)
{
	static const char *const columns[] = {">WAVE",	  ">LIVE",    ">STOPPED", "~NODES",
					      "~STRANDS", "~AT RISK", NULL};
	const Waves *answer = waves->waves;
	bool color = waves->options->color;
	struct libscols_table *table;

	if (answer->waves->len) {
		table = output_table(columns, color);
		for (unsigned i = 0; i < answer->waves->len; i++)
			fleet_waves_add_row(table, waves, i);
		output_print(table);
		scols_unref_table(table);
		putchar('\n');
	}
	fleet_waves_print_totals(waves);
}

/* A picture */

static void fleet_waves_print_picture(const FleetWaves *waves)
{
	g_autofree char *picture = waves_picture(waves->standings->standings, waves->waves);

	fputs(picture, stdout);
}

/* The question */

static Status fleet_waves_answer(FleetWaves *waves, GError **error)
{
	const Options *options = waves->options;
	WavesLimits limits = {options->at_once, options->canary, options->failures_word};

	if (!fleet_waves_check(options, error) || !fleet_waves_read(waves, error))
		return STATUS_TROUBLE;
	waves->waves = waves_new(waves->standings->standings, waves->after, waves->wishes, &limits);
	fleet_broken_print(waves->standings->broken, options->json);
	if (options->json)
		fleet_waves_print_json(waves);
	else if (options->svg)
		fleet_waves_print_picture(waves);
	else
		fleet_waves_print_people(waves);
	if (waves->standings->broken->len)
		return STATUS_TROUBLE;
	return waves->waves->left->len ? STATUS_BAD_NEWS : STATUS_FINE;
}

static Status fleet_waves_run(const Options *options, GError **error)
{
	FleetWaves waves = {.options = options};
	Status status;

	waves.after = g_ptr_array_new_with_free_func(fleet_waves_standing_free);
	waves.owners = g_ptr_array_new_with_free_func(fleet_waves_standing_free);
	waves.wishes = g_hash_table_new(g_str_hash, g_str_equal);
	waves.paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	status = fleet_waves_answer(&waves, error);
	g_clear_pointer(&waves.waves, waves_free);
	g_hash_table_unref(waves.wishes);
	g_hash_table_unref(waves.paths);
	g_ptr_array_unref(waves.after);
	g_ptr_array_unref(waves.owners);
	g_clear_pointer(&waves.standings, fleet_standings_free);
	return status;
}

const FleetQuestion fleet_question_waves = {
	.name = "waves", .run = fleet_waves_run, .picture = true};
