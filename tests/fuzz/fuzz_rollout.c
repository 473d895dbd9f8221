/* SPDX-License-Identifier: MIT */
/*
 * Two inventories, with a line "--" between them, or one saved plan: the way from one plan to the
 * other, each VM of the one migrated to the other, every file and every explanation of both. What
 * comes out is clean text; a plan does not differ from itself.
 */
#include "frame.h"
#include "planner/document/explain.h"
#include "planner/document/plan_read.h"
#include "planner/migrate/migrate.h"
#include "planner/place/replan.h"
#include "planner/rollout/rollout.h"

static void check_lines(GPtrArray *lines)
{
	for (unsigned i = 0; i < lines->len; i++)
		frame_check_clean(g_ptr_array_index(lines, i), "\n");
	g_ptr_array_unref(lines);
}

static void check_rollout(const Plan *before, const Plan *after)
{
	g_autoptr(Diff) diff = diff_new(before, after);
	g_autoptr(Rollout) rollout = rollout_new(diff);
	json_t *json = rollout_to_json(diff, rollout, "new.json");

	g_assert(json);
	json_decref(json);
	g_assert(before != after || diff_same(diff));
	for (unsigned i = 0; i < rollout->steps->len; i++)
		check_lines(
			rollout_commands(diff, g_ptr_array_index(rollout->steps, i), "new.json"));
}

static void check_migrations(const Plan *from, const Plan *to)
{
	for (unsigned i = 0; i < from->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(from->vms, i);
		g_autoptr(Migration) migration = NULL;

		if (!vm->placed)
			continue;
		migration = migrate_new(from, vm, to, 4, 1);
		for (unsigned p = 0; p < migration->points->len; p++) {
			const MigratePoint *point = g_ptr_array_index(migration->points, p);

			g_assert(point->verdict <= migration->verdict);
			frame_check_clean(point->text, "");
		}
		json_decref(migrate_to_json(migration));
	}
}

static void check_files(const Plan *plan)
{
	const Rendering rendering = {.plan = plan};
	g_autoptr(GPtrArray) left_out = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) files = artifact_files(&rendering, left_out);
	g_autoptr(GHashTable) paths = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GError) error = NULL;

	if (!artifact_files_render(files, &rendering, &error)) {
		frame_check_error(NULL, error);
		return;
	}
	for (unsigned i = 0; i < files->len; i++) {
		const ArtifactFile *file = g_ptr_array_index(files, i);

		g_assert(g_hash_table_add(paths, file->path) && !strstr(file->path, "/../"));
		if (file->text)
			frame_check_clean(file->text, "\n\t");
	}
}

static void check_explained(const Plan *plan, const Inventory *inventory)
{
	unsigned cpu;

	for (unsigned i = 0; i < plan->vms->len; i++)
		check_lines(explain_vm(plan, inventory, g_ptr_array_index(plan->vms, i)));
	hwloc_bitmap_foreach_begin(cpu, plan->host->online)
		if (cpu < 64)
			check_lines(explain_cpu(plan, inventory, cpu));
	hwloc_bitmap_foreach_end();
}

static void check_plan(const Plan *plan, const Inventory *inventory)
{
	check_files(plan);
	check_explained(plan, inventory);
	check_rollout(plan, plan);
}

static void check_document(const char *text, size_t size)
{
	g_autoptr(Host) host = NULL;
	g_autoptr(Plan) plan = plan_read("f", text, size, &host, NULL);
	g_autoptr(Inventory) kept = NULL;

	if (!plan || plan->vms->len > FRAME_MOST_VMS || plan->host->cores->len > 64)
		return;
	kept = replan_inventory(plan);
	check_plan(plan, NULL);
	check_migrations(plan, plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	char *other = strstr(text, "\n--\n");
	g_autoptr(Inventory) old = NULL, new = NULL;
	g_autoptr(Plan) before = NULL, after = NULL;

	if (*text == '{') {
		check_document((const char *)data, size);
		return 0;
	}
	if (other)
		*other = '\0';
	if (!frame_plan(text, &old, &before))
		return 0;
	check_plan(before, old);
	if (other && frame_plan(other + strlen("\n--\n"), &new, &after)) {
		check_rollout(before, after);
		check_migrations(before, after);
	}
	return 0;
}
