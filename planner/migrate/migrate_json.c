/* SPDX-License-Identifier: MIT */
#include "planner/base/json.h"
#include "planner/document/plan_write.h"
#include "planner/migrate/migrate.h"

/* As in the plan document. */
static void migrate_json_places_to_json(json_t *object, const PlanVm *vm)
{
	if (vm->cpuset)
		json_object_set_new(object, "cpuset", json_cpus(vm->cpuset));
	if (vm->spec->policy == POLICY_DEDICATED)
		json_object_set_new(object, "vcpupin", plan_vcpupin_to_json(vm, vm->pins));
}

static json_t *side_to_json(const Plan *plan, const PlanVm *vm)
{
	json_t *object =
		json_pack("{ss*ss}", "name", plan->node->name, "topology", plan->host->fingerprint);

	json_object_set_new(object, "placed", json_boolean(vm->placed));
	migrate_json_places_to_json(object, vm);
	json_object_set_new(object, "cpu_pm", json_string(cpupm_names[vm->cpupm->verdict]));
	return object;
}

static json_t *point_to_json(const MigratePoint *point)
{
	return json_pack("{ssssssss*}", "point", point->what, "verdict",
			 migrate_names[point->verdict], "text", point->text, "fix", point->fix);
}

json_t *migrate_to_json(const Migration *migration)
{
	json_t *points = json_array();

	for (unsigned i = 0; i < migration->points->len; i++)
		json_array_append_new(points,
				      point_to_json(g_ptr_array_index(migration->points, i)));
	return json_pack("{sssssssososo}", "format", JSON_FORMAT_MIGRATE, "vm",
			 migration->before->spec->name, "verdict",
			 migrate_names[migration->verdict], "from",
			 side_to_json(migration->from, migration->before), "to",
			 side_to_json(migration->plan, migration->after), "points", points);
}
