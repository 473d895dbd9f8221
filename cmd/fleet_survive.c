/* SPDX-License-Identifier: MIT */
#include "cmd/fleet_command.h"
#include "cmd/fleet_print.h"
#include "cmd/fleet_standings.h"
#include "cmd/next.h"
#include "cmd/output.h"
#include "planner/base/size.h"
#include "planner/fleet/survive.h"

#include <stdio.h>

#define SURVIVE_SHOWN 2 /* VMs of a loss that people are told of */

static const SpaceRoom *survive_room(const Survive *survive, unsigned room)
{
	return space_room(survive->space, room);
}

static const char *survive_node_name(const Survive *survive, unsigned node)
{
	return space_standing(survive->space, node)->name;
}

/* JSON */

static json_t *survive_vm_to_json(const Survive *survive, const LossVm *lost)
{
	json_t *object = json_pack("{s:s, s:s}", "vm", lost->vm->spec->name, "from",
				   survive_node_name(survive, lost->from));
	json_t *nodes = json_array();

	for (unsigned i = 0; lost->parts && i < lost->parts->len; i++) {
		const SpacePart *part = &g_array_index(lost->parts, SpacePart, i);

		json_array_append_new(nodes,
				      json_integer(survive_room(survive, part->room)->bid->node));
	}
	if (lost->parts) {
		unsigned room = g_array_index(lost->parts, SpacePart, 0).room;

		json_object_set_new(object, "node",
				    json_string(survive_node_name(
					    survive, survive_room(survive, room)->standing)));
		json_object_set(object, "numa_nodes", nodes);
	} else {
		json_object_set_new(object, "why", json_string(lost->why));
	}
	json_decref(nodes);
	return object;
}

static json_t *survive_unit_to_json(const Survive *survive, const SurviveUnit *unit)
{
	json_t *object = json_object(), *members = json_array();
	json_t *restarts = json_array(), *left = json_array();

	if (unit->kind != SPARE_PAIR)
		json_object_set_new(object, unit->kind == SPARE_GROUP ? "group" : "node",
				    json_string(unit->name));
	for (unsigned i = 0; i < unit->members->len; i++)
		json_array_append_new(members,
				      json_string(survive_node_name(
					      survive, g_array_index(unit->members, unsigned, i))));
	for (unsigned i = 0; i < unit->loss->vms->len; i++) {
		const LossVm *lost = g_ptr_array_index(unit->loss->vms, i);

		json_array_append_new(lost->parts ? restarts : left,
				      survive_vm_to_json(survive, lost));
	}
	if (unit->kind != SPARE_NODE) {
		json_object_set(object, "nodes", members);
	} else {
		const Standing *standing =
			space_standing(survive->space, g_array_index(unit->members, unsigned, 0));
		const char *why = standing->bid->why;

		json_object_set_new(object, "state", json_string(why ? "faulty" : "fine"));
		json_object_set_new(object, "why", why ? json_string(why) : json_null());
	}
	json_decref(members);
	json_object_set_new(object, "verdict", json_string(loss_names[loss_verdict(unit->loss)]));
	json_object_set_new(object, "restarts", restarts);
	json_object_set_new(object, "left", left);
	json_object_set_new(object, "least_left", json_integer(unit->loss->least));
	return object;
}

static json_t *survive_spare_to_json(const Survive *survive)
{
	const Spare *spare = survive->spare;
	json_t *rooms = json_array();

	for (unsigned i = 0; i < spare->rooms->len; i++) {
		const SpareRoom *room = &g_array_index(spare->rooms, SpareRoom, i);
		const SpaceRoom *of = survive_room(survive, room->room);

		json_array_append_new(rooms, json_pack("{s:s, s:i, s:i, s:I}", "node",
						       survive_node_name(survive, of->standing),
						       "numa_node", (int)of->bid->node, "cores",
						       (int)room->cores, "memory",
						       (json_int_t)room->memory));
	}
	return json_pack("{s:i, s:I, s:I, s:I, s:o}", "losses", (int)spare->losses, "cores",
			 (json_int_t)spare->cores, "bound", (json_int_t)spare->bound, "memory",
			 (json_int_t)spare->memory, "rooms", rooms);
}

static json_t *survive_kinds_to_json(const Survive *survive)
{
	json_t *kinds = json_array();

	for (unsigned i = 0; i < survive->kinds->len; i++) {
		const SurviveKind *kind = g_ptr_array_index(survive->kinds, i);

		json_array_append_new(kinds, json_pack("{s:s, s:i, s:I, s:I, s:I}", "kind",
						       kind->name, "nodes", (int)kind->nodes,
						       "cores", (json_int_t)kind->cores,
						       "free_cores", (json_int_t)kind->free,
						       "spare", (json_int_t)kind->spare));
	}
	return kinds;
}

/* Of pairs those alone that are not survived. */
static bool survive_shows(const SurviveUnit *unit)
{
	return unit->kind != SPARE_PAIR || loss_verdict(unit->loss) != LOSS_SURVIVES;
}

static json_t *survive_pairs_to_json(const Survive *survive)
{
	const unsigned *verdicts = survive->verdicts[SPARE_PAIR];

	return json_pack("{s:I, s:i, s:i, s:i, s:i}", "all", (json_int_t)survive->pairs, "judged",
			 (int)survive->counts[SPARE_PAIR], "survive", (int)verdicts[LOSS_SURVIVES],
			 "fail", (int)verdicts[LOSS_FAILS], "unknown", (int)verdicts[LOSS_UNKNOWN]);
}

/* How many losses of nodes and groups have VERDICT. */
static unsigned survive_single(const Survive *survive, LossVerdict verdict)
{
	return survive->verdicts[SPARE_NODE][verdict] + survive->verdicts[SPARE_GROUP][verdict];
}

static void survive_print_json(const Survive *survive, const FleetStandings *standings)
{
	for (unsigned i = 0; i < survive->units->len; i++) {
		const SurviveUnit *unit = g_ptr_array_index(survive->units, i);

		if (survive_shows(unit))
			fleet_print_json(survive_unit_to_json(survive, unit));
	}
	fleet_print_json(json_pack(
		"{s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:o, s:i, s:o, s:o}", "format",
		"planner-survive/1", "nodes", (int)standings->files->len, "broken",
		(int)standings->broken->len, "groups", (int)survive->counts[SPARE_GROUP], "survive",
		(int)survive_single(survive, LOSS_SURVIVES), "fail",
		(int)survive_single(survive, LOSS_FAILS), "unknown",
		(int)survive_single(survive, LOSS_UNKNOWN), "pairs", survive_pairs_to_json(survive),
		"shared_vms", (int)survive->shared, "spare", survive_spare_to_json(survive),
		"kinds", survive_kinds_to_json(survive)));
}

/* People */

/* "vm3 (8 vCPUs): why; …; and 2 more". */
static void survive_add_left(GString *text, const Loss *loss)
{
	unsigned shown = 0;

	for (unsigned i = 0; i < loss->vms->len; i++) {
		const LossVm *lost = g_ptr_array_index(loss->vms, i);

		if (!lost->parts && shown++ < SURVIVE_SHOWN)
			g_string_append_printf(text, "%s%s (%u vCPUs): %s", shown > 1 ? "; " : ": ",
					       lost->vm->spec->name, lost->vm->spec->vcpus,
					       lost->why);
	}
	if (shown > SURVIVE_SHOWN)
		g_string_append_printf(text, "; and %u more", shown - SURVIVE_SHOWN);
}

static char *survive_verdict_text(const Survive *survive, const SurviveUnit *unit)
{
	const Standing *standing =
		space_standing(survive->space, g_array_index(unit->members, unsigned, 0));
	GString *text = g_string_new(loss_names[loss_verdict(unit->loss)]);

	survive_add_left(text, unit->loss);
	if (!unit->loss->left && unit->loss->unsure)
		g_string_append(text,
				": each VM has a place, but kind and apart are not considered");
	if (unit->kind == SPARE_NODE && standing->bid->why)
		g_string_append_printf(text, "; it is faulty and takes no VM: %s",
				       standing->bid->why);
	return g_string_free(text, FALSE);
}

static char *survive_unit_name(const Survive *survive, const SurviveUnit *unit)
{
	if (unit->kind == SPARE_GROUP)
		return g_strdup_printf("group %s", unit->name);
	if (unit->kind == SPARE_NODE)
		return g_strdup(unit->name);
	return g_strdup_printf(
		"%s, %s", survive_node_name(survive, g_array_index(unit->members, unsigned, 0)),
		survive_node_name(survive, g_array_index(unit->members, unsigned, 1)));
}

static void survive_add_row(struct libscols_table *table, const Survive *survive,
			    const SurviveUnit *unit, bool color)
{
	static const char *const colors[] = {NULL, "red", "yellow"};
	const GPtrArray *vms = unit->loss->vms;
	unsigned total = 0;
	g_autofree char *name = survive_unit_name(survive, unit);
	g_autofree char *nodes = g_strdup_printf("%u", unit->members->len);
	g_autofree char *count = g_strdup_printf("%u", vms->len);
	g_autofree char *restart = g_strdup_printf("%u", vms->len - unit->loss->left);
	g_autofree char *verdict = survive_verdict_text(survive, unit);
	g_autofree char *vcpus = NULL;
	struct libscols_line *line;

	for (unsigned i = 0; i < vms->len; i++)
		total += loss_vm_at(vms, i)->vm->spec->vcpus;
	vcpus = g_strdup_printf("%u", total);
	line = output_line(table,
			   (const char *const[]){name, nodes, count, vcpus, restart, verdict});
	if (color && colors[loss_verdict(unit->loss)])
		scols_line_set_color(line, colors[loss_verdict(unit->loss)]);
}

static void survive_print_units(const Survive *survive, bool color)
{
	static const char *const columns[] = {"LOST",	  ">NODES",   ">VMS", ">VCPUS",
					      ">RESTART", "~VERDICT", NULL};
	struct libscols_table *table = output_table(columns, color);

	for (unsigned i = 0; i < survive->units->len; i++) {
		const SurviveUnit *unit = g_ptr_array_index(survive->units, i);

		if (survive_shows(unit))
			survive_add_row(table, survive, unit, color);
	}
	output_print(table);
	scols_unref_table(table);
}

static void survive_print_rooms(const Survive *survive, bool color)
{
	static const char *const columns[] = {"NODE",  ">NUMA NODE", ">KEEP",
					      ">FREE", ">MEMORY",    NULL};
	struct libscols_table *table = output_table(columns, color);

	for (unsigned i = 0; i < survive->spare->rooms->len; i++) {
		const SpareRoom *room = &g_array_index(survive->spare->rooms, SpareRoom, i);
		const SpaceRoom *of = survive_room(survive, room->room);
		g_autofree char *numa = g_strdup_printf("%u", of->bid->node);
		g_autofree char *keep = g_strdup_printf("%u", room->cores);
		g_autofree char *free = g_strdup_printf("%u", of->bid->free);
		g_autofree char *memory =
			room->memory ? size_format_rounded(room->memory) : g_strdup("-");

		output_line(table, (const char *const[]){survive_node_name(survive, of->standing),
							 numa, keep, free, memory});
	}
	output_print(table);
	scols_unref_table(table);
	putchar('\n');
}

static void survive_print_kinds(const Survive *survive, bool color)
{
	static const char *const columns[] = {"KIND",  ">NODES", ">CORES", ">FREE",
					      ">KEEP", ">LEFT",	 NULL};
	struct libscols_table *table = output_table(columns, color);

	for (unsigned i = 0; i < survive->kinds->len; i++) {
		const SurviveKind *kind = g_ptr_array_index(survive->kinds, i);
		const uint64_t numbers[] = {kind->nodes, kind->cores, kind->free, kind->spare,
					    kind->free - kind->spare};
		const char *cells[G_N_ELEMENTS(numbers) + 1] = {kind->name};

		for (unsigned c = 0; c < G_N_ELEMENTS(numbers); c++)
			cells[c + 1] = g_strdup_printf("%" G_GUINT64_FORMAT, numbers[c]);
		output_line(table, cells);
		for (unsigned c = 0; c < G_N_ELEMENTS(numbers); c++)
			g_free((char *)cells[c + 1]);
	}
	output_print(table);
	scols_unref_table(table);
}

static void survive_print_spare(const Survive *survive, bool color)
{
	const Spare *spare = survive->spare;
	g_autofree char *memory = size_format_rounded(spare->memory);
	g_autofree char *proof = fleet_print_proof("needs", spare->cores, spare->bound);

	output_sentence("To survive these losses, keep a spare of %s%" G_GUINT64_FORMAT
			" core%s%s and %s of memory; %s\n",
			output_bold(color), spare->cores, spare->cores == 1 ? "" : "s",
			output_reset(color), memory, proof);
	if (spare->rooms->len)
		survive_print_rooms(survive, color);
}

static void survive_print_pairs(const Survive *survive)
{
	const unsigned *verdicts = survive->verdicts[SPARE_PAIR];
	unsigned judged = survive->counts[SPARE_PAIR];
	g_autofree char *sample =
		judged < survive->pairs
			? g_strdup_printf(" (a sample of all %" G_GUINT64_FORMAT ")",
					  survive->pairs)
			: g_strdup("");

	output_sentence("Pairs of nodes: of %u judged%s, it survives %u, %u fail%s, %u %s unknown",
			judged, sample, verdicts[LOSS_SURVIVES], verdicts[LOSS_FAILS],
			verdicts[LOSS_FAILS] == 1 ? "s" : "", verdicts[LOSS_UNKNOWN],
			verdicts[LOSS_UNKNOWN] == 1 ? "is" : "are");
}

static void survive_print_people(const Survive *survive, bool color)
{
	unsigned nodes = survive->counts[SPARE_NODE], groups = survive->counts[SPARE_GROUP];
	unsigned fail = survive_single(survive, LOSS_FAILS),
		 unknown = survive_single(survive, LOSS_UNKNOWN);

	survive_print_units(survive, color);
	putchar('\n');
	output_sentence(
		"%sThe fleet survives %u of %u losses%s, of %u node%s and %u group%s; %u fail%s, "
		"%u %s unknown",
		output_bold(color), survive_single(survive, LOSS_SURVIVES), nodes + groups,
		output_reset(color), nodes, nodes == 1 ? "" : "s", groups, groups == 1 ? "" : "s",
		fail, fail == 1 ? "s" : "", unknown, unknown == 1 ? "is" : "are");
	if (survive->counts[SPARE_PAIR])
		survive_print_pairs(survive);
	if (survive->shared)
		output_sentence("%u shared VM%s not judged: shared VMs take no cores of their own",
				survive->shared, survive->shared == 1 ? " is" : "s are");
	if (survive->spare->losses)
		survive_print_spare(survive, color);
	else
		putchar('\n');
	survive_print_kinds(survive, color);
}

/* The question */

static Status survive_status(const Survive *survive, const FleetStandings *standings)
{
	if (standings->broken->len)
		return STATUS_TROUBLE;
	for (unsigned i = 0; i < standings->standings->len; i++)
		if (!space_standing(survive->space, i)->bid->open)
			return STATUS_BAD_NEWS;
	for (unsigned kind = 0; kind < SPARE_KINDS; kind++)
		if (survive->verdicts[kind][LOSS_FAILS] || survive->verdicts[kind][LOSS_UNKNOWN])
			return STATUS_BAD_NEWS;
	return STATUS_FINE;
}

static void survive_say_next(Status status)
{
	if (status == STATUS_FINE)
		next_say("'planner fleet waves --to DIR' with these nodes says in which order they "
			 "can change");
	else if (status == STATUS_BAD_NEWS)
		next_say("'planner fit' with these nodes says what else fits, 'planner fit "
			 "--what-if' with what change");
}

static bool survive_check(const Options *options, GError **error)
{
	if (!*options->arguments && !options->fleet)
		return options_refuse(
			error, NULL,
			"survive needs the nodes: their files, folders, or --fleet LIST");
	if (options->moves_word || options->directory || options->commands || options->to ||
	    options->at_once_word || options->canary_word)
		return options_refuse(error, NULL,
				      "of these options only --failures is for survive");
	return true;
}

static Status survive_run(const Options *options, GError **error)
{
	g_autoptr(FleetStandings) standings = NULL;
	g_autoptr(Survive) survive = NULL;
	Status status;

	if (!survive_check(options, error))
		return STATUS_TROUBLE;
	standings = fleet_standings_read(options, false, error);
	if (!standings)
		return STATUS_TROUBLE;
	survive = survive_new(standings->standings, options->failures);
	fleet_broken_print(standings->broken, options->json);
	status = survive_status(survive, standings);
	if (options->json) {
		survive_print_json(survive, standings);
	} else {
		survive_print_people(survive, options->color);
		survive_say_next(status);
	}
	return status;
}

const FleetQuestion fleet_question_survive = {.name = "survive", .run = survive_run};
