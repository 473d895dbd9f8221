/* SPDX-License-Identifier: MIT */
#include "cmd/side.h"
#include "planner/document/plan_read.h"
#include "topology/facts/facts_root.h"

#include <string.h>

static bool is_json(const char *text)
{
	return text[strspn(text, " \t\r\n")] == '{';
}

bool side_read(NodeSide *side, const char *name, GError **error)
{
	side->name = name;
	side->text = input_read(name, &side->length, error);
	if (!side->text)
		return false;
	side->saved = is_json(side->text);
	if (side->saved)
		side->inputs.plan =
			input_plan_text(name, side->text, side->length, &side->inputs.host,
					&side->inputs.broken, error);
	else
		side->inputs.inventory = input_inventory_text(strcmp(name, "-") ? name : "stdin",
							      side->text, side->length, error);
	return side->inputs.plan || side->inputs.inventory;
}

/* The host of a saved plan once more, for another plan to keep. */
static Host *host_again(const NodeSide *saved, GError **error)
{
	Host *host = NULL;
	Plan *plan = plan_read(saved->name, saved->text, saved->length, &host, error);

	if (plan)
		plan_free(plan);
	return host;
}

bool side_load_host(NodeSide *side, const char *topology, const NodeSide *other, GError **error)
{
	if (side->saved)
		return true;
	side->here = !topology && !(other && other->saved);
	side->inputs.host = topology || side->here ? source_host_load(topology, error)
						   : host_again(other, error);
	return side->inputs.host;
}

bool side_plan(NodeSide *side, const Options *options, GError **error)
{
	if (!side->saved)
		inputs_compute(options, side->here, &side->inputs);
	return !side->here || inputs_meant(side->name, &side->inputs, error);
}

void side_clear(NodeSide *side)
{
	inputs_clear(&side->inputs);
	g_free(side->text);
}
