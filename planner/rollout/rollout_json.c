/* SPDX-License-Identifier: MIT */
#include "planner/base/json.h"
#include "planner/rollout/rollout.h"

/* Each of LIST through TO_JSON, in a new array. */
static json_t *rollout_json_each(const GPtrArray *list, json_t *(*to_json)(gconstpointer entry))
{
	json_t *array = json_array();

	for (unsigned i = 0; i < list->len; i++)
		json_array_append_new(array, to_json(g_ptr_array_index(list, i)));
	return array;
}

static json_t *line_to_json(gconstpointer entry)
{
	const DiffLine *line = entry;

	return json_pack("{ssssssss}", "what", line->what, "from", line->from, "to", line->to,
			 "cost", cost_names[line->cost]);
}

static json_t *rollout_json_cpus_to_json(gconstpointer entry)
{
	const DiffCpus *cpus = entry;

	return json_pack("{sossssss}", "cpus", json_cpus(cpus->cpus), "from", cpus->from, "to",
			 cpus->to, "cost", cost_names[cpus->cost]);
}

static json_t *rollout_json_vm_to_json(gconstpointer entry)
{
	const DiffVm *vm = entry;

	return json_pack("{ssssssso}", "name", vm->name, "kind", diff_kind_names[vm->kind], "cost",
			 cost_names[vm->cost], "changes",
			 rollout_json_each(vm->lines, line_to_json));
}

static json_t *file_to_json(gconstpointer entry)
{
	const DiffFile *file = entry;

	return json_pack("{sssssbssss*}", "artifact", file->artifact->name, "path",
			 file->artifact->path, "gone", file->gone, "cost", cost_names[file->cost],
			 "how", file->artifact->activate);
}

static json_t *pins_to_json(const GArray *pins)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < pins->len; i++) {
		const StepPin *pin = &g_array_index(pins, StepPin, i);

		json_array_append_new(
			array, json_pack("{sisi}", "vcpu", (int)pin->vcpu, "cpu", (int)pin->cpu));
	}
	return array;
}

/* What is true is said. */
static void rollout_json_flag(json_t *object, const char *key, bool value)
{
	if (value)
		json_object_set_new(object, key, json_true());
}

static json_t *step_to_json(gconstpointer entry)
{
	const Step *step = entry;
	json_t *object = json_pack("{ss}", "do", step_names[step->kind]);

	if (step->vm)
		json_object_set_new(object, "vm", json_string(step->vm->name));
	if (step->pins->len)
		json_object_set_new(object, "pins", pins_to_json(step->pins));
	rollout_json_flag(object, "memory", step->memory);
	rollout_json_flag(object, "pool", step->pool);
	rollout_json_flag(object, "emulator", step->emulator);
	rollout_json_flag(object, "aside", step->aside);
	rollout_json_flag(object, "sdk", step->sdk);
	if (step->why)
		json_object_set_new(object, "why", json_string(step->why));
	return object;
}

static json_t *commands_to_json(const Diff *diff, const Step *step, const char *plan)
{
	g_autoptr(GPtrArray) commands = rollout_commands(diff, step, plan);
	json_t *array = json_array();

	for (unsigned i = 0; i < commands->len; i++)
		json_array_append_new(array, json_string(g_ptr_array_index(commands, i)));
	return array;
}

static json_t *steps_to_json(const Diff *diff, const Rollout *rollout, const char *plan)
{
	json_t *steps = rollout_json_each(rollout->steps, step_to_json);

	for (unsigned i = 0; i < rollout->steps->len; i++)
		json_object_set_new(
			json_array_get(steps, i), "commands",
			commands_to_json(diff, g_ptr_array_index(rollout->steps, i), plan));
	return steps;
}

json_t *rollout_to_json(const Diff *diff, const Rollout *rollout, const char *plan)
{
	json_t *object = json_pack("{sss{ss*ss}sbsssb}", "format", JSON_FORMAT_DIFF, "host", "name",
				   diff->after->node->name, "topology",
				   diff->after->host->fingerprint, "same", diff_same(diff), "cost",
				   cost_names[diff->cost], "reboot", diff->reboot);

	json_object_set_new(object, "node", rollout_json_each(diff->node, line_to_json));
	json_object_set_new(object, "cpus",
			    rollout_json_each(diff->cpus, rollout_json_cpus_to_json));
	json_object_set_new(object, "vms", rollout_json_each(diff->vms, rollout_json_vm_to_json));
	json_object_set_new(object, "files", rollout_json_each(diff->files, file_to_json));
	json_object_set_new(object, "fault", json_string_or_null(rollout->fault));
	json_object_set_new(object, "rollout", steps_to_json(diff, rollout, plan));
	return object;
}
