/* SPDX-License-Identifier: MIT */
#include "cmd/fleet_left.h"
#include "cmd/fleet_work.h"
#include "cmd/output.h"
#include "planner/assign/fleet_more.h"
#include "planner/fit/fleet.h"

#include <stdio.h>

typedef struct FleetLeft {
	char *kind;
	const char *like; /* the node that shows it; borrowed */
	unsigned vms;	  /* that are left */
	FleetMore more;
} FleetLeft;

static void fleet_left_free(gpointer data)
{
	g_free(((FleetLeft *)data)->kind);
	g_free(data);
}

static bool fleet_left_knows(const GPtrArray *left, const char *kind)
{
	for (unsigned i = 0; i < left->len; i++)
		if (g_str_equal(((const FleetLeft *)g_ptr_array_index(left, i))->kind, kind))
			return true;
	return false;
}

static void fleet_left_add(GPtrArray *left, const FleetFile *file, const char *name,
			   const GPtrArray *rejected, unsigned *questions)
{
	g_autofree char *kind = fleet_kind_name(file->host), *error = NULL;
	g_autoptr(Inventory) inventory =
		fleet_left_knows(left, kind) ? NULL : fleet_read(file, &error);
	FleetLeft *line;

	if (!inventory)
		return;
	line = g_new0(FleetLeft, 1);
	line->kind = g_steal_pointer(&kind);
	line->like = name;
	line->vms = rejected->len;
	line->more = fleet_more(file->host, inventory, rejected, questions);
	g_ptr_array_add(left, line);
}

GPtrArray *fleet_left_new(const GPtrArray *files, const GPtrArray *names, const Dispatch *dispatch,
			  const GPtrArray *requests)
{
	GPtrArray *left = g_ptr_array_new_with_free_func(fleet_left_free);
	g_autoptr(GPtrArray) rejected = g_ptr_array_new();
	unsigned questions = FLEET_MORE_QUESTIONS;

	for (unsigned i = 0; i < requests->len; i++)
		if (dispatch_node(dispatch, i) == DISPATCH_NONE)
			g_ptr_array_add(rejected, g_ptr_array_index(requests, i));
	for (unsigned i = 0; rejected->len && i < files->len; i++)
		if (dispatch_bid(dispatch, i)->open)
			fleet_left_add(left, g_ptr_array_index(files, i),
				       g_ptr_array_index(names, i), rejected, &questions);
	return left;
}

/* "3", or "2..3" where it is not proved that fewer do not. */
static char *fleet_left_nodes_text(const FleetMore *more)
{
	return more->least == more->nodes ? g_strdup_printf("%u", more->nodes)
					  : g_strdup_printf("%u..%u", more->least, more->nodes);
}

static char *fleet_left_note(const FleetLeft *line)
{
	const FleetMore *more = &line->more;
	GString *text = g_string_new(NULL);

	if (more->nodes && more->least == more->nodes)
		g_string_append(text, "fewer are not enough (proved)");
	else if (more->nodes)
		g_string_append_printf(text, "%u are enough, fewer than %u are not (proved)",
				       more->nodes, more->least);
	if (more->never)
		g_string_append_printf(text, "%s%u of the %u VMs fit%s on no such node",
				       text->len ? "; " : "", more->never, line->vms,
				       more->never == 1 ? "s" : "");
	return g_string_free(text, FALSE);
}

void fleet_left_print(const GPtrArray *left, bool color)
{
	static const char *const columns[] = {">MORE NODES", "LIKE", "KIND", "~NOTE", NULL};
	struct libscols_table *table;

	if (!left->len)
		return;
	table = output_table(columns, color);
	for (unsigned i = 0; i < left->len; i++) {
		const FleetLeft *line = g_ptr_array_index(left, i);
		g_autofree char *nodes = fleet_left_nodes_text(&line->more);
		g_autofree char *note = fleet_left_note(line);

		output_line(table, (const char *const[]){nodes, line->like, line->kind, note});
	}
	putchar('\n');
	output_print(table);
	scols_unref_table(table);
}

json_t *fleet_left_to_json(const GPtrArray *left)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < left->len; i++) {
		const FleetLeft *line = g_ptr_array_index(left, i);

		json_array_append_new(
			array, json_pack("{s:s, s:s, s:i, s:i, s:i}", "kind", line->kind, "like",
					 line->like, "nodes", (int)line->more.nodes, "least",
					 (int)line->more.least, "never", (int)line->more.never));
	}
	return array;
}
