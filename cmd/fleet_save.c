/* SPDX-License-Identifier: MIT */
#include "cmd/fleet_save.h"
#include "cmd/emit_write.h"
#include "cmd/inputs.h"
#include "planner/artifacts/artifact.h"
#include "planner/base/json.h"
#include "planner/document/plan_write.h"
#include "planner/inventory/what_if.h"

#include <string.h>

#define FLEET_SAVE_LOCK "/.planner.lock"

typedef struct FleetSave {
	FleetSaveText *text;
	const void *data;
	GPtrArray *files;  /* of ArtifactFile */
	GHashTable *paths; /* none twice */
	GString *list;
	GPtrArray *written; /* of char *: the inventories */
	GError **error;
} FleetSave;

static bool fleet_save_refuse(const FleetSave *save, const FleetFile *node, const char *why)
{
	g_autofree char *shown = g_filename_display_name(node->inventory);

	g_set_error(save->error, PLANNER_ERROR, PLANNER_ERROR_INPUT, "%s: %s", shown, why);
	return false;
}

static void fleet_save_add(FleetSave *save, char *path, char *text)
{
	ArtifactFile *file = g_new0(ArtifactFile, 1);

	file->path = path;
	file->mode = 0644;
	file->text = text;
	g_ptr_array_add(save->files, file);
}

/* TEXT with the name that the list gives the node; yours. NULL with ERROR. */
static char *fleet_save_named(const FleetSave *save, const FleetFile *node, const char *text)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *setting = node->name ? g_strconcat("node.name=", node->name, NULL) : NULL;
	char *settings[] = {setting, NULL};
	char *named = what_if_apply(text, settings, errors);

	if (!named)
		fleet_save_refuse(save, node, g_ptr_array_index(errors, 0));
	return named;
}

/* TEXT as the parser takes it; yours. NULL with ERROR. */
static Inventory *fleet_save_parse(const FleetSave *save, const FleetFile *node, const char *text)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	Inventory *inventory = inventory_parse(node->inventory, text, strlen(text), errors);

	if (!inventory)
		fleet_save_refuse(save, node, g_ptr_array_index(errors, 0));
	return inventory;
}

/* The document of the plan of INVENTORY on NODE, as `plan -o` writes it; yours. */
static char *fleet_save_plan(const FleetFile *node, const Inventory *inventory)
{
	PlanOptions options = {0};
	g_autoptr(Plan) plan = plan_compute(node->host, inventory, NULL, &options);
	json_t *document = plan_to_json(plan);
	char *text = json_text(document);

	json_decref(document);
	return text;
}

/* The new inventory of NODE; yours. NULL with ERROR. */
static char *fleet_save_text(const FleetSave *save, const FleetFile *node)
{
	size_t length;
	g_autofree char *text = input_read_regular(node->inventory, &length, save->error);
	g_autofree char *named = text ? fleet_save_named(save, node, text) : NULL;
	char *new = named ? save->text(save->data, node, named) : NULL;

	return new ? new : g_steal_pointer(&named);
}

/* The line of NODE in the list: FILE is beside it, and the topology where it was. */
static void fleet_save_list_add(FleetSave *save, const FleetFile *node, const char *file)
{
	g_autofree char *whole = g_file_test(node->topology, G_FILE_TEST_EXISTS)
					 ? g_canonicalize_filename(node->topology, NULL)
					 : g_strdup(node->topology);
	json_t *line = json_pack("{s:s, s:s}", "inventory", file, "topology", whole);
	g_autofree char *text = json_line(line);

	g_string_append_printf(save->list, "%s\n", text);
	json_decref(line);
}

/* "/NAME.SUFFIX", yours. A node without a name is called by its path: its file then has the last
 * part of it. */
static char *fleet_save_path(const char *name, const char *suffix)
{
	g_autofree char *stem = g_path_get_basename(name);
	g_autofree char *encoded = artifact_name_encode(stem);

	return g_strdup_printf("/%s.%s", encoded, suffix);
}

char *fleet_save_inventory_file(const char *dir, const char *name)
{
	g_autofree char *path = fleet_save_path(name, "ini");

	return g_build_filename(dir, path, NULL);
}

char *fleet_save_plan_file(const char *dir, const char *name)
{
	g_autofree char *path = fleet_save_path(name, "json");

	return g_build_filename(dir, path, NULL);
}

static bool fleet_save_node(FleetSave *save, const FleetFile *node, const char *name)
{
	g_autofree char *path = fleet_save_path(name, "ini");
	g_autofree char *text = NULL;
	g_autoptr(Inventory) inventory = NULL;

	if (!g_utf8_validate(node->topology, -1, NULL))
		return fleet_save_refuse(save, node, "the path of its topology is not UTF-8");
	if (!g_hash_table_add(save->paths, g_strdup(path)))
		return fleet_save_refuse(save, node,
					 "another node would be written to the same file; give "
					 "each a name in its [node] section");
	text = fleet_save_text(save, node);
	inventory = text ? fleet_save_parse(save, node, text) : NULL;
	if (!inventory)
		return false;
	fleet_save_list_add(save, node, path + 1);
	g_ptr_array_add(save->written, g_strdup(path + 1));
	fleet_save_add(save, fleet_save_path(name, "json"), fleet_save_plan(node, inventory));
	fleet_save_add(save, g_steal_pointer(&path), g_steal_pointer(&text));
	return true;
}

bool fleet_save(const char *dir, const GPtrArray *files, const GPtrArray *names,
		FleetSaveText *text, const void *data, GPtrArray *written, GError **error)
{
	g_autoptr(GPtrArray) out = artifact_files_new();
	g_autoptr(GPtrArray) placed = g_ptr_array_new();
	g_autoptr(GHashTable) paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	FleetSave save = {text, data, out, paths, g_string_new(NULL), written, error};
	bool good = true;

	for (unsigned i = 0; good && i < files->len; i++)
		good = fleet_save_node(&save, g_ptr_array_index(files, i),
				       g_ptr_array_index(names, i));
	fleet_save_add(&save, g_strdup("/" FLEET_SAVE_LIST), g_string_free(save.list, FALSE));
	return good && tree_write(dir, FLEET_SAVE_LOCK, out, placed, error);
}
