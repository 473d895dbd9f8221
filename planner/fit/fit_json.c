/* SPDX-License-Identifier: MIT */
#include "planner/fit/fit_json.h"
#include "planner/base/json.h"
#include "planner/document/plan_write.h"

static json_t *fit_json_number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

/* null where it is not known. */
static json_t *fit_json_bytes(uint64_t value)
{
	return value == UINT64_MAX ? json_null() : fit_json_number(value);
}

/* Sizes */

static void shape_to_json(json_t *object, const VmSpec *spec)
{
	json_object_set_new(object, "size", json_string(spec->name));
	json_object_set_new(object, "vcpus", fit_json_number(spec->vcpus));
	json_object_set_new(object, "memory", fit_json_number(spec->memory));
	json_object_set_new(object, "hugepages", fit_json_number(spec->page));
	if (spec->memory_node >= 0)
		json_object_set_new(object, "memory_node", json_integer(spec->memory_node));
	json_object_set_new(object, "threads", json_string(threads_names[spec->threads]));
	if (vm_spec_floating(spec))
		json_object_set_new(object, "pinned", fit_json_number(vm_spec_pinned(spec)));
	if (vm_spec_helpers(spec))
		json_object_set_new(object, "helpers", fit_json_number(vm_spec_helpers(spec)));
}

static json_t *where_to_json(const Fit *fit, const FitAnswer *answer)
{
	json_t *array = json_array();

	for (unsigned n = 0; n < fit->plan->host->nodes->len; n++)
		if (answer->nodes[n])
			json_array_append_new(array, json_pack("{s:i, s:i}", "node",
							       (int)fit_node_id(fit, n), "vms",
							       (int)answer->nodes[n]));
	return array;
}

static json_t *names_to_json(const GPtrArray *vms)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(vms, i);

		json_array_append_new(array, json_string(vm->spec->name));
	}
	return array;
}

static json_t *size_to_json(const Fit *fit, const FitAnswer *answer)
{
	json_t *object = json_object();

	shape_to_json(object, answer->spec);
	json_object_set_new(object, "asked", json_boolean(answer->asked));
	json_object_set_new(object, "fit", fit_json_number(answer->count.fit));
	json_object_set_new(object, "bound", fit_json_number(answer->count.bound));
	json_object_set_new(object, "nodes", where_to_json(fit, answer));
	json_object_set_new(object, "across", fit_json_number(answer->across));
	if (fit->base->moves)
		json_object_set_new(object, "moves", names_to_json(answer->movers));
	json_object_set_new(object, "runs_out", json_string(fit_limit_names[answer->limit]));
	json_object_set_new(object, "cores_alone", fit_json_number(answer->cores_alone));
	json_object_set_new(object, "left",
			    json_pack("{s:i, s:o}", "cores", (int)answer->cores_left, "memory",
				      fit_json_bytes(answer->memory_left)));
	json_object_set_new(object, "why", json_string_or_null(answer->why));
	json_object_set_new(object, "fix", json_string_or_null(answer->fix));
	json_object_set_new(object, "changes",
			    answer->changes ? changes_to_json(fit->plan, answer->changes)
					    : json_array());
	return object;
}

static json_t *sizes_to_json(const Fit *fit)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < fit->sizes->len; i++)
		json_array_append_new(array, size_to_json(fit, g_ptr_array_index(fit->sizes, i)));
	return array;
}

static json_t *mix_to_json(const Fit *fit)
{
	json_t *object = json_object(), *parts = json_array();

	for (unsigned i = 0; i < fit->mix.parts->len; i++) {
		const FitSize *part = &g_array_index(fit->mix.parts, FitSize, i);

		json_array_append_new(parts, json_pack("{s:s, s:i}", "size", part->spec->name,
						       "vms", (int)part->count));
	}
	json_object_set_new(object, "vcpus", fit_json_number(fit->mix.vcpus));
	json_object_set_new(object, "sets", fit_json_number(fit->mix.sets));
	json_object_set_new(object, "proved", json_boolean(fit->mix.proved));
	json_object_set_new(object, "vms", parts);
	return object;
}

/* The largest VM */

static json_t *largest_to_json(const Fit *fit, const FitLargest *largest)
{
	json_t *object = json_object();

	json_object_set_new(object, "vcpus", fit_json_number(largest->vcpus));
	json_object_set_new(object, "memory", fit_json_number(largest->vcpus * fit->per_vcpu));
	json_object_set_new(object, "node",
			    largest->node == HOST_NONE
				    ? json_null()
				    : fit_json_number(fit_node_id(fit, largest->node)));
	json_object_set_new(object, "l3",
			    largest->l3 == HOST_NONE ? json_null() : fit_json_number(largest->l3));
	json_object_set_new(object, "nodes", fit_json_number(largest->nodes));
	json_object_set_new(object, "proved", json_boolean(largest->proved));
	return object;
}

static json_t *all_largest_to_json(const Fit *fit)
{
	static const char *const names[FIT_LEVELS] = {"l3", "node", "nodes"};
	json_t *object = json_object();

	for (unsigned i = 0; i < FIT_LEVELS; i++)
		json_object_set_new(object, names[i], largest_to_json(fit, &fit->largest[i]));
	return object;
}

/* Rooms */

static json_t *rooms_to_json(const Fit *fit)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < fit->rooms->len; i++) {
		const FitRoom *room = &g_array_index(fit->rooms, FitRoom, i);
		json_t *object = json_object();

		json_object_set_new(object, "node", fit_json_number(fit_node_id(fit, room->node)));
		json_object_set_new(object, "l3",
				    room->l3 == HOST_NONE ? json_null()
							  : fit_json_number(room->l3));
		json_object_set_new(object, "threads", fit_json_number(room->threads));
		json_object_set_new(object, "cores", fit_json_number(room->cores));
		json_object_set_new(object, "free", fit_json_number(room->free));
		json_object_set_new(object, "cpus", json_cpus(room->cpus));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *memory_to_json(const Fit *fit)
{
	json_t *array = json_array();

	for (unsigned n = 0; n < fit->plan->host->nodes->len; n++)
		if (!hwloc_bitmap_iszero(host_node(fit->plan->host, n)->cpus))
			json_array_append_new(array, json_pack("{s:i, s:o}", "node",
							       (int)fit_node_id(fit, n), "free",
							       fit_json_bytes(fit->memory[n])));
	return array;
}

static json_t *stranded_to_json(const Fit *fit)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < fit->stranded->len; i++) {
		const FitStranded *stranded = g_ptr_array_index(fit->stranded, i);

		json_array_append_new(array,
				      json_pack("{s:o, s:s, s:o}", "cpus",
						json_cpus(stranded->cpus), "why", stranded->why,
						"vms", names_to_json(stranded->vms)));
	}
	return array;
}

/* The document */

static json_t *inventory_to_json(const Fit *fit)
{
	unsigned wanted = fit->base->plan->vms->len;

	return json_pack("{s:i, s:i, s:o}", "wanted", (int)wanted, "placed",
			 (int)(wanted - fit->base->refused->len), "refused",
			 names_to_json(fit->base->refused));
}

static void answers_to_json(json_t *object, const Fit *fit)
{
	json_object_set_new(object, "inventory", inventory_to_json(fit));
	json_object_set_new(object, "sizes", sizes_to_json(fit));
	json_object_set_new(object, "mix", mix_to_json(fit));
	json_object_set_new(object, "largest", all_largest_to_json(fit));
	json_object_set_new(object, "rooms", rooms_to_json(fit));
	json_object_set_new(object, "memory", memory_to_json(fit));
	json_object_set_new(object, "stranded", stranded_to_json(fit));
}

static json_t *what_if_to_json(const FitWhatIf *what_if)
{
	json_t *object = json_object(), *settings = json_array();

	for (unsigned i = 0; what_if->settings && what_if->settings[i]; i++)
		json_array_append_new(settings, json_string(what_if->settings[i]));
	json_object_set_new(object, "settings", settings);
	json_object_set_new(object, "moves", fit_json_number(what_if->moves));
	answers_to_json(object, what_if->fit);
	return object;
}

json_t *fit_to_json(const Fit *fit, const FitWhatIf *what_if)
{
	json_t *object = json_object();

	json_object_set_new(object, "format", json_string(JSON_FORMAT_FIT));
	json_object_set_new(object, "node", plan_node_to_json(fit->plan));
	answers_to_json(object, fit);
	if (what_if->fit)
		json_object_set_new(object, "what_if", what_if_to_json(what_if));
	return object;
}
