/* SPDX-License-Identifier: MIT */
#include "cmd/fleet_drain.h"
#include "cmd/fleet_print.h"
#include "cmd/output.h"
#include "planner/base/size.h"

#include <stdio.h>

static const DrainStep *fleet_drain_step(const FleetDrain *drain, unsigned i)
{
	return g_ptr_array_index(drain->steps->steps, i);
}

static const DrainVm *fleet_drain_vm(const FleetDrain *drain, unsigned i)
{
	return g_ptr_array_index(drain->drain->vms, i);
}

/* How many of the steps go HOW. */
static unsigned fleet_drain_count(const FleetDrain *drain, DrainHow how)
{
	unsigned n = 0;

	for (unsigned i = 0; i < drain->steps->steps->len; i++)
		n += fleet_drain_step(drain, i)->how == how;
	return n;
}

/* How it gets there; NULL where it is not running. */
static const Migration *fleet_drain_migration(const DrainStep *step)
{
	return step->how == DRAIN_START ? NULL : step->migration;
}

/* The worst that is to be said of the step's migration; NULL. */
static const MigratePoint *fleet_drain_point(const DrainStep *step)
{
	const Migration *migration = fleet_drain_migration(step);

	for (unsigned i = 0;
	     migration && migration->verdict != MIGRATE_LIVE && i < migration->points->len; i++) {
		const MigratePoint *point = g_ptr_array_index(migration->points, i);

		if (point->verdict == migration->verdict)
			return point;
	}
	return NULL;
}

/* What to know of a step; NULL. Yours. */
static char *fleet_drain_note(const DrainStep *step)
{
	const MigratePoint *point = fleet_drain_point(step);

	if (step->how == DRAIN_STOP)
		return g_strdup("VMs wait for each other's room: it is started again below");
	if (step->how == DRAIN_STOPPED && !step->migration)
		return g_strdup("it has no place on its node, so it does not run");
	return point ? g_strdup_printf("%s: %s", point->what, point->text) : NULL;
}

/* JSON */

static json_t *fleet_drain_nodes_to_json(const DrainStep *step)
{
	json_t *nodes = json_array();

	for (unsigned i = 0; i < step->after->shares->len; i++) {
		unsigned node = g_array_index(step->after->shares, VmShare, i).node;

		json_array_append_new(nodes,
				      json_integer(host_node(step->to->after->host, node)->id));
	}
	return nodes;
}

static json_t *fleet_drain_step_to_json(const FleetDrain *drain, unsigned i)
{
	const DrainStep *step = fleet_drain_step(drain, i);
	g_autofree char *note = fleet_drain_note(step);
	g_autofree char *cpus = plan_vm_places(step->after);
	const Migration *migration = fleet_drain_migration(step);
	const char *verdict = migration ? migrate_names[migration->verdict] : NULL;

	return json_pack("{s:i, s:s, s:s, s:s, s:b, s:s, s:s?, s:s?, s:o, s:s}", "step", (int)i + 1,
			 "vm", step->vm->vm->spec->name, "from",
			 fleet_drain_name(drain, step->vm->from), "node",
			 fleet_drain_name(drain, step->vm->to), "makes_room", !step->vm->leaves,
			 "how", drain_how_names[step->how], "verdict", verdict, "why", note,
			 "numa_nodes", fleet_drain_nodes_to_json(step), "cpus", cpus);
}

static json_t *fleet_drain_totals_to_json(const FleetDrain *drain)
{
	const Drain *d = drain->drain;
	json_t *drained = json_array();
	unsigned vms = 0;

	for (unsigned m = 0; m < drain->members->len; m++)
		json_array_append_new(drained,
				      json_string(fleet_drain_name(
					      drain, g_array_index(drain->members, unsigned, m))));
	for (unsigned i = 0; i < d->vms->len; i++)
		vms += fleet_drain_vm(drain, i)->leaves;
	return json_pack("{s:s, s:i, s:i, s:o, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:I, s:b}",
			 "format", "planner-drain/1", "nodes", (int)drain->standings->files->len,
			 "broken", (int)drain->standings->broken->len, "drained", drained, "vms",
			 (int)vms, "live", (int)fleet_drain_count(drain, DRAIN_LIVE), "stopped",
			 (int)(fleet_drain_count(drain, DRAIN_STOPPED) +
			       fleet_drain_count(drain, DRAIN_STOP)),
			 "left", (int)d->left, "least_left", (int)d->left_bound, "moves",
			 (int)d->moves, "least_moves", (int)d->moves_bound, "moved_memory",
			 (json_int_t)d->memory, "unsure", d->unsure);
}

void fleet_drain_print_json(const FleetDrain *drain)
{
	for (unsigned i = 0; i < drain->steps->steps->len; i++)
		fleet_print_json(fleet_drain_step_to_json(drain, i));
	for (unsigned i = 0; i < drain->drain->vms->len; i++) {
		const DrainVm *vm = fleet_drain_vm(drain, i);

		if (vm->to == DRAIN_NOWHERE)
			fleet_print_json(json_pack("{s:s, s:s, s:s}", "vm", vm->vm->spec->name,
						   "from", fleet_drain_name(drain, vm->from), "why",
						   vm->why));
	}
	fleet_print_json(fleet_drain_totals_to_json(drain));
}

/* People */

/* "live?" where it is not known whether it can. */
static const char *fleet_drain_how(const DrainStep *step)
{
	const Migration *migration = fleet_drain_migration(step);

	return step->how == DRAIN_LIVE && migration->verdict == MIGRATE_UNKNOWN
		       ? "live?"
		       : drain_how_names[step->how];
}

static void fleet_drain_add_row(struct libscols_table *table, const FleetDrain *drain, unsigned i)
{
	const DrainStep *step = fleet_drain_step(drain, i);
	g_autofree char *number = g_strdup_printf("%u", i + 1);
	g_autofree char *note = fleet_drain_note(step);
	g_autofree char *cpus = plan_vm_places(step->after);
	const char *const cells[] = {number,
				     step->vm->vm->spec->name,
				     fleet_drain_name(drain, step->vm->from),
				     fleet_drain_name(drain, step->vm->to),
				     fleet_drain_how(step),
				     step->vm->leaves ? "" : "makes room",
				     step->how == DRAIN_STOP ? "-" : cpus,
				     note ? note : ""};

	output_line(table, cells);
}

static void fleet_drain_print_steps(const FleetDrain *drain)
{
	static const char *const columns[] = {">STEP", "VM",	"FROM",	 "TO", "HOW",
					      "FOR",   "~CPUS", "~NOTE", NULL};
	struct libscols_table *table;

	if (!drain->steps->steps->len)
		return;
	table = output_table(columns, drain->options->color);
	for (unsigned i = 0; i < drain->steps->steps->len; i++)
		fleet_drain_add_row(table, drain, i);
	output_print(table);
	scols_unref_table(table);
	putchar('\n');
}

static void fleet_drain_print_left(const FleetDrain *drain)
{
	static const char *const columns[] = {"VM", "NODE", "~STAYS BECAUSE", NULL};
	struct libscols_table *table;

	if (!drain->drain->left)
		return;
	table = output_table(columns, drain->options->color);
	for (unsigned i = 0; i < drain->drain->vms->len; i++) {
		const DrainVm *vm = fleet_drain_vm(drain, i);

		if (vm->to == DRAIN_NOWHERE)
			output_line(table, (const char *const[]){vm->vm->spec->name,
								 fleet_drain_name(drain, vm->from),
								 vm->why});
	}
	output_print(table);
	scols_unref_table(table);
	putchar('\n');
}

/* "1 VM stays; without --moves N, no way leaves fewer (proved)": with more moves one may, unless
 * all that stay are stuck. */
static void fleet_drain_print_stay(const FleetDrain *drain)
{
	const Drain *d = drain->drain;
	unsigned moves = drain->options->moves;
	g_autofree char *proof = fleet_print_proof("leaves", d->left, d->left_bound);
	g_autofree char *limit = moves ? g_strdup_printf("with --moves %u, ", moves)
				       : g_strdup("without --moves N, ");
	bool limited = d->left_bound && d->left > d->stuck;

	output_sentence("%u VM%s stay%s; %s%s%s", d->left, d->left == 1 ? "" : "s",
			d->left == 1 ? "s" : "", limited ? limit : "", proof,
			d->left_bound || moves ? ""
					       : ": --moves N lets VMs of other nodes make room");
}

/* How many VMs make room, how many stay, and what is proved of that. */
static void fleet_drain_print_proofs(const FleetDrain *drain)
{
	const Drain *d = drain->drain;
	g_autofree char *memory = size_format_rounded(d->memory);
	g_autofree char *moves = fleet_print_proof("moves", d->moves, d->moves_bound);

	if (d->moves)
		output_sentence("%u VM%s of other nodes make%s room, with %s of memory; %s",
				d->moves, d->moves == 1 ? "" : "s", d->moves == 1 ? "s" : "",
				memory, moves);
	if (d->left)
		fleet_drain_print_stay(drain);
	if (d->unsure)
		output_sentence("No VM makes room for one over several NUMA nodes, apart from "
				"others, or on cores of a kind: the proof leaves these out");
}

void fleet_drain_print_people(const FleetDrain *drain)
{
	const Drain *d = drain->drain;
	unsigned live = fleet_drain_count(drain, DRAIN_LIVE),
		 stopped = fleet_drain_count(drain, DRAIN_STOPPED) +
			   fleet_drain_count(drain, DRAIN_STOP);
	bool color = drain->options->color;

	fleet_drain_print_steps(drain);
	fleet_drain_print_left(drain);
	printf("%s%s%s: %u VM%s move%s, %u live and %u powered off\n", output_bold(color),
	       d->left ? "Not empty" : "Empty", output_reset(color), live + stopped,
	       live + stopped == 1 ? "" : "s", live + stopped == 1 ? "s" : "", live, stopped);
	fleet_drain_print_proofs(drain);
}
