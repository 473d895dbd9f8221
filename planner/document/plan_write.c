/* SPDX-License-Identifier: MIT */
#include "planner/document/plan_write.h"
#include "planner/base/finding_json.h"
#include "planner/base/json.h"
#include "planner/document/host_write.h"
#include "planner/document/plan_write_parts.h"
#include "planner/inventory/settings.h"

json_t *plan_node_to_json(const Plan *plan)
{
	json_t *object = json_object();

	settings_to_json(node_settings, plan->node, true, object);
	json_object_set_new(object, "topology", json_string(plan->host->fingerprint));
	json_object_set_new(object, "arch", json_string_or_null(plan->host->arch));
	return object;
}

/* Left out where there is none. */
static void partners_to_json(json_t *object, const Plan *plan)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < plan->partners->len; i++) {
		const NodeSpec *partner = g_ptr_array_index(plan->partners, i);
		json_t *entry = json_object();

		json_object_set_new(entry, "name", json_string(partner->name));
		settings_to_json(&partner_settings, partner, true, entry);
		settings_to_json(&partner_settings, partner, false, entry);
		json_array_append_new(array, entry);
	}
	if (json_array_size(array))
		json_object_set(object, "partners", array);
	json_decref(array);
}

static json_t *roles_to_json(const Plan *plan)
{
	static const Role order[] = {ROLE_HOST, ROLE_SDK,      ROLE_DEDICATED, ROLE_SHARED,
				     ROLE_FREE, ROLE_STRANDED, ROLE_OFFLINE};
	json_t *object = json_object();

	for (unsigned i = 0; i < G_N_ELEMENTS(order); i++)
		json_object_set_new(object, role_names[order[i]], json_cpus(plan->cpus[order[i]]));
	json_object_set_new(object, "isolated", json_cpus(plan->isolated));
	return object;
}

static json_t *kernel_to_json(const Plan *plan)
{
	json_t *object = json_object(), *parameters = json_array();

	for (unsigned i = 0; i < plan->parameters->len; i++) {
		const KernelParameter *p = g_ptr_array_index(plan->parameters, i);
		json_t *entry = json_object();

		json_object_set_new(entry, "name", json_string(p->name));
		json_object_set_new(entry, "value", json_string_or_null(p->value));
		json_array_append_new(parameters, entry);
	}
	json_object_set_new(object, "cmdline", json_string(plan->cmdline));
	json_object_set_new(object, "parameters", parameters);
	return object;
}

static json_t *vms_to_json(const Plan *plan)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < plan->vms->len; i++)
		json_array_append_new(array,
				      plan_vm_to_json(plan, g_ptr_array_index(plan->vms, i)));
	return array;
}

static json_t *placement_to_json(const Plan *plan)
{
	static const char *const names[] = {"vcpus", "vms", "order"};
	json_t *object = json_object();

	json_object_set_new(object, "optimal", json_boolean(plan->optimal));
	json_object_set_new(object, "placed", json_integer(plan->placed));
	json_object_set_new(object, "wanted", json_integer(plan->wanted));
	json_object_set_new(object, "bound", json_integer(plan->bound));
	json_object_set_new(object, "prefer", json_string(names[plan->prefer]));
	if (plan->overcommit > 0)
		json_object_set_new(object, "overcommit", json_real(plan->overcommit));
	return object;
}

json_t *plan_to_json(const Plan *plan)
{
	json_t *object = json_object(), *node = plan_node_to_json(plan);

	json_object_set_new(object, "format", json_string(JSON_FORMAT_PLAN));
	if (plan->host->model)
		json_object_set_new(node, "model", json_string(plan->host->model));
	settings_to_json(node_settings, plan->node, false, node);
	json_object_set_new(object, "node", node);
	json_object_set_new(object, "cpus", roles_to_json(plan));
	json_object_set_new(object, "kernel", kernel_to_json(plan));
	partners_to_json(object, plan);
	json_object_set_new(object, "vms", vms_to_json(plan));
	json_object_set_new(object, "placement", placement_to_json(plan));
	json_object_set_new(object, "findings", findings_to_json(plan->findings));
	if (plan->moves->len)
		json_object_set_new(object, "moves", plan_moves_to_json(plan));
	if (plan->why_nots->len)
		json_object_set_new(object, "why_not", plan_why_nots_to_json(plan));
	host_places_to_json(object, plan->host);
	return object;
}
