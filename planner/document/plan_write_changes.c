/* SPDX-License-Identifier: MIT */
/* What was moved, and what would place the rest. */
#include "planner/base/json.h"
#include "planner/document/plan_write.h"
#include "planner/document/plan_write_parts.h"

static json_t *move_to_json(const Plan *plan, const Move *move)
{
	static const char *const costs[] = {"re-pin", "memory", "restart"};
	json_t *object = json_object();

	const PlanVm *vm = plan_vm(plan, move->vm);

	json_object_set_new(object, "vm", json_string(move->vm));
	json_object_set_new(object, "from", json_unsigneds(move->from));
	json_object_set_new(object, "to", json_unsigneds(vm->pins));
	json_object_set_new(object, "cost", json_string(costs[move->cost]));
	return object;
}

json_t *plan_moves_to_json(const Plan *plan)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < plan->moves->len; i++)
		json_array_append_new(array, move_to_json(plan, g_ptr_array_index(plan->moves, i)));
	return array;
}

static json_t *single_to_json(const Plan *plan, const Change *change)
{
	json_t *object = json_object();

	if (change->kind == CHANGE_MOVE) {
		json_object_set_new(object, "kind", json_string("move"));
		json_object_set_new(object, "vm", json_string(change->vm));
		return object;
	}
	json_object_set_new(object, "kind",
			    json_string(change->kind == CHANGE_CORES ? "cores" : "memory"));
	json_object_set_new(object, "node", json_integer(host_node(plan->host, change->node)->id));
	if (change->kind == CHANGE_MEMORY) {
		json_object_set_new(object, "memory", json_integer((json_int_t)change->memory));
		return object;
	}
	json_object_set_new(object, "cores", json_integer(change->cores));
	json_object_set_new(object, "from", json_string(role_names[change->from]));
	if (change->cpus)
		json_object_set_new(object, "cpus", json_cpus(change->cpus));
	if (change->vm)
		json_object_set_new(object, "vm", json_string(change->vm));
	return object;
}

static json_t *change_to_json(const Plan *plan, const Change *change)
{
	json_t *object = single_to_json(plan, change);

	if (change->with)
		json_object_set_new(object, "with", single_to_json(plan, change->with));
	return object;
}

json_t *changes_to_json(const Plan *plan, const GPtrArray *changes)
{
	json_t *array = json_array();

	for (unsigned c = 0; c < changes->len; c++)
		json_array_append_new(array, change_to_json(plan, g_ptr_array_index(changes, c)));
	return array;
}

json_t *plan_why_nots_to_json(const Plan *plan)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < plan->why_nots->len; i++) {
		const WhyNot *why_not = g_ptr_array_index(plan->why_nots, i);
		json_t *object = json_object();

		json_object_set_new(object, "vm", json_string(why_not->vm));
		json_object_set_new(object, "changes", changes_to_json(plan, why_not->changes));
		json_array_append_new(array, object);
	}
	return array;
}
