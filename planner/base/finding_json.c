/* SPDX-License-Identifier: MIT */
#include "planner/base/finding_json.h"

/* What findings of a check have besides. */
static void finding_support(json_t *object, const Finding *finding)
{
	if (finding->evidence)
		json_object_set_new(object, "evidence", json_string(finding->evidence));
	if (finding->cpus)
		json_object_set_new(object, "cpus", json_string(finding->cpus));
	if (finding->why)
		json_object_set_new(object, "why", json_string(finding->why));
	if (finding->waived)
		json_object_set_new(object, "waived", json_string(finding->waived));
}

json_t *findings_to_json(const GPtrArray *findings)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < findings->len; i++) {
		const Finding *finding = g_ptr_array_index(findings, i);
		json_t *object = json_object();

		json_object_set_new(object, "id", json_string(finding->id));
		json_object_set_new(object, "severity",
				    json_string(severity_name(finding->severity)));
		json_object_set_new(object, "verdict", json_string(verdict_name(finding->verdict)));
		json_object_set_new(object, "subject", json_string(finding->subject));
		json_object_set_new(object, "text", json_string(finding->text));
		json_object_set_new(object, "fix", json_string(finding->fix));
		finding_support(object, finding);
		json_array_append_new(array, object);
	}
	return array;
}
