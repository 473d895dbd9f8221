/* SPDX-License-Identifier: MIT */
#include "planner/fleet/drain_steps.h"
#include "planner/place/replan.h"

#include <string.h>

const char *const drain_how_names[] = {"live", "stopped", "stop", "start", NULL};

static void drain_node_free(gpointer data)
{
	DrainNode *node = data;

	plan_free(node->before);
	plan_free(node->after);
	inventory_free(node->inventory);
	g_free(node);
}

static void drain_step_free(gpointer data)
{
	DrainStep *step = data;

	g_clear_pointer(&step->migration, migrate_free);
	g_free(step);
}

void drain_steps_free(DrainSteps *steps)
{
	g_ptr_array_unref(steps->steps);
	g_ptr_array_unref(steps->nodes);
	g_free(steps);
}

const DrainNode *drain_steps_node(const DrainSteps *steps, unsigned node)
{
	for (unsigned i = 0; i < steps->nodes->len; i++)
		if (((const DrainNode *)g_ptr_array_index(steps->nodes, i))->node == node)
			return g_ptr_array_index(steps->nodes, i);
	return NULL;
}

/* Plans */

static DrainVm *drain_vm_at(const Drain *drain, unsigned i)
{
	return g_ptr_array_index(drain->vms, i);
}

static void drain_take_away(Inventory *inventory, const char *name)
{
	for (unsigned i = inventory->vms->len; i-- > 0;)
		if (!strcmp(((const VmSpec *)g_ptr_array_index(inventory->vms, i))->name, name))
			g_ptr_array_remove_index(inventory->vms, i);
}

/* Those that go are gone, those that come are there. */
static void drain_change_inventory(const Drain *drain, unsigned node, Inventory *inventory)
{
	for (unsigned i = 0; i < drain->vms->len; i++) {
		const DrainVm *vm = drain_vm_at(drain, i);

		if (vm->from == node && vm->to != DRAIN_NOWHERE)
			drain_take_away(inventory, vm->vm->spec->name);
		if (vm->to == node)
			g_ptr_array_add(inventory->vms,
					vm_spec_copy(vm->vm->spec, vm->vm->spec->name));
	}
}

/* VMs that NODE's new plan does not place are left where they are; false: there are some. */
static bool drain_refuse(Drain *drain, const DrainNode *node, const char *name)
{
	bool good = true;

	for (unsigned i = 0; i < drain->vms->len; i++) {
		DrainVm *vm = drain_vm_at(drain, i);

		if (vm->to != node->node || plan_vm(node->after, vm->vm->spec->name)->placed)
			continue;
		vm->to = DRAIN_NOWHERE;
		vm->why = g_strdup_printf("the plan of %s has no place for it", name);
		drain->left += vm->leaves;
		drain->moves_bound = 0;
		if (!vm->leaves) {
			drain->moves--;
			drain->memory -= vm->vm->memory;
		}
		good = false;
	}
	return good;
}

static DrainNode *drain_node_new(const Drain *drain, unsigned node, const Host *host,
				 Inventory *inventory)
{
	DrainNode *drained = g_new0(DrainNode, 1);
	PlanOptions options = {0};
	g_autoptr(Plan) found = NULL;

	drained->node = node;
	drained->inventory = inventory;
	drained->before = plan_compute(host, inventory, NULL, &options);
	replan_keep(inventory, drained->before);
	drain_change_inventory(drain, node, inventory);
	found = plan_compute(host, inventory, NULL, &options);
	replan_keep(inventory, found);
	drained->after = plan_compute(host, inventory, NULL, &options);
	return drained;
}

static bool drain_changes(const Drain *drain, unsigned node)
{
	for (unsigned i = 0; i < drain->vms->len; i++) {
		const DrainVm *vm = drain_vm_at(drain, i);

		if (vm->to != DRAIN_NOWHERE && (vm->from == node || vm->to == node))
			return true;
	}
	return false;
}

/* False where one cannot be read. *GOOD: each VM has its place. */
static bool drain_plan_nodes(DrainSteps *steps, Drain *drain, const GPtrArray *standings,
			     DrainRead read, void *data, bool *good)
{
	g_ptr_array_set_size(steps->nodes, 0);
	*good = true;
	for (unsigned i = 0; i < standings->len; i++) {
		const Standing *standing = g_ptr_array_index(standings, i);
		Inventory *inventory;
		DrainNode *node;

		if (!drain_changes(drain, i))
			continue;
		inventory = read(data, i);
		if (!inventory)
			return false;
		node = drain_node_new(drain, i, standing->host, inventory);
		g_ptr_array_add(steps->nodes, node);
		*good &= drain_refuse(drain, node, standing->name);
	}
	return true;
}

/* Order */

static DrainStep *drain_step_new(const DrainSteps *steps, const DrainVm *vm)
{
	DrainStep *step = g_new0(DrainStep, 1);
	const char *name = vm->vm->spec->name;
	const PlanVm *before;

	step->vm = vm;
	step->from = drain_steps_node(steps, vm->from);
	step->to = drain_steps_node(steps, vm->to);
	step->after = plan_vm(step->to->after, name);
	before = plan_vm(step->from->before, name);
	if (before->placed)
		step->migration = migrate_new_with(step->from->before, before, step->to->before,
						   step->to->after);
	step->how = step->migration && step->migration->verdict <= MIGRATE_UNKNOWN ? DRAIN_LIVE
										   : DRAIN_STOPPED;
	return step;
}

/* Is FROM, which has not gone, where STEP's VM goes? */
static bool drain_in_the_way(const DrainStep *step, const DrainStep *from)
{
	const PlanVm *there = plan_vm(from->from->before, from->vm->vm->spec->name);

	if (from->vm->from != step->vm->to || from == step)
		return false;
	for (unsigned i = 0; i < step->after->shares->len; i++)
		for (unsigned j = 0; j < there->shares->len; j++)
			if (g_array_index(step->after->shares, VmShare, i).node ==
			    g_array_index(there->shares, VmShare, j).node)
				return true;
	return false;
}

/* The first of WAITING that is in the way of the one at position STEP; WAITING->len = none. */
static unsigned drain_blocker(const GPtrArray *waiting, unsigned step)
{
	unsigned i = 0;

	while (i < waiting->len &&
	       !drain_in_the_way(g_ptr_array_index(waiting, step), g_ptr_array_index(waiting, i)))
		i++;
	return i;
}

/* One of a circle, where all wait for another. */
static unsigned drain_of_circle(const GPtrArray *waiting)
{
	unsigned step = 0;

	for (unsigned i = 0; i < waiting->len; i++)
		step = drain_blocker(waiting, step);
	return step;
}

/* The first that may go; where none may, one is powered off, and started at the end. */
static void drain_order_next(DrainSteps *steps, GPtrArray *waiting, GPtrArray *late)
{
	DrainStep *stop, *first;

	for (unsigned i = 0; i < waiting->len; i++) {
		if (drain_blocker(waiting, i) < waiting->len)
			continue;
		g_ptr_array_add(steps->steps, g_ptr_array_steal_index(waiting, i));
		return;
	}
	first = g_ptr_array_steal_index(waiting, drain_of_circle(waiting));
	stop = g_new0(DrainStep, 1);
	*stop = *first;
	stop->how = DRAIN_STOP;
	stop->migration = NULL;
	first->how = DRAIN_START;
	g_ptr_array_add(steps->steps, stop);
	g_ptr_array_add(late, first);
}

/* Those that make room first, then those that leave. */
static void drain_order(DrainSteps *steps, const Drain *drain)
{
	g_autoptr(GPtrArray) waiting = g_ptr_array_new(), late = g_ptr_array_new();

	for (unsigned pass = 0; pass < 2; pass++)
		for (unsigned i = 0; i < drain->vms->len; i++) {
			const DrainVm *vm = drain_vm_at(drain, i);

			if (vm->leaves == pass && vm->to != DRAIN_NOWHERE)
				g_ptr_array_add(waiting, drain_step_new(steps, vm));
		}
	while (waiting->len)
		drain_order_next(steps, waiting, late);
	for (unsigned i = 0; i < late->len; i++)
		g_ptr_array_add(steps->steps, g_ptr_array_index(late, i));
}

DrainSteps *drain_steps_new(Drain *drain, const GPtrArray *standings, DrainRead read, void *data)
{
	g_autoptr(DrainSteps) steps = g_new0(DrainSteps, 1);
	bool good;

	steps->nodes = g_ptr_array_new_with_free_func(drain_node_free);
	steps->steps = g_ptr_array_new_with_free_func(drain_step_free);
	do {
		if (!drain_plan_nodes(steps, drain, standings, read, data, &good))
			return NULL;
	} while (!good);
	drain_order(steps, drain);
	return g_steal_pointer(&steps);
}
