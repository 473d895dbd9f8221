/* SPDX-License-Identifier: MIT */
#include "cmd/fleet_list.h"
#include "cmd/records.h"
#include "planner/fit/fleet_entry.h"
#include "topology/base/error.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define DEPTH_MOST 64 /* of folders in folders */

typedef struct List {
	const Options *options;
	GPtrArray *files;
	char *folder; /* of the list: its paths begin here */
} List;

static void file_free(gpointer data)
{
	FleetFile *file = data;

	g_free(file->inventory);
	g_free(file->topology);
	g_free(file->name);
	g_free(file->error);
	g_free(file);
}

/* NAME.xml beside NAME.ini. */
static char *topology_beside(const char *inventory)
{
	size_t length = strlen(inventory);

	if (g_str_has_suffix(inventory, ".ini"))
		length -= strlen(".ini");
	return g_strdup_printf("%.*s.xml", (int)length, inventory);
}

static FleetFile *fleet_list_add(List *list, const char *inventory)
{
	FleetFile *file = g_new0(FleetFile, 1);

	file->inventory = g_strdup(inventory);
	g_ptr_array_add(list->files, file);
	return file;
}

static void add_file(List *list, const char *inventory)
{
	FleetFile *file = fleet_list_add(list, inventory);

	file->beside = !list->options->topology;
	file->topology =
		file->beside ? topology_beside(inventory) : g_strdup(list->options->topology);
}

/* Folders */

static bool fleet_list_failed(const char *path, GError **error)
{
	int number = errno; /* making the name shown may change it */
	g_autofree char *shown = g_filename_display_name(path);

	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_SYSTEM, "%s: %s", shown,
		    g_strerror(number));
	return false;
}

static bool too_deep(GError **error)
{
	g_set_error(
		error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
		"folders are nested more than %d deep; name the folder that holds the inventories",
		DEPTH_MOST);
	return false;
}

static bool fleet_list_add_folder(List *list, const char *path, unsigned depth, GError **error);

/* A folder below that cannot be read does not stop the rest: it counts as a broken node. */
static bool add_unreadable(List *list, const char *path)
{
	fleet_list_add(list, path)->error = g_strdup(g_strerror(errno));
	return true;
}

/* What a folder holds: links are followed to files only, so that no folder comes twice. */
static bool add_found(List *list, const char *path, unsigned depth, GError **error)
{
	struct stat status;

	if (lstat(path, &status) < 0)
		return add_unreadable(list, path);
	if (S_ISDIR(status.st_mode))
		return fleet_list_add_folder(list, path, depth + 1, error);
	if (!g_str_has_suffix(path, ".ini"))
		return true;
	if (S_ISREG(status.st_mode) || (stat(path, &status) == 0 && S_ISREG(status.st_mode)))
		add_file(list, path);
	return true;
}

static bool fleet_list_add_folder(List *list, const char *path, unsigned depth, GError **error)
{
	g_autoptr(GDir) dir = NULL;
	const char *name;

	if (depth > DEPTH_MOST)
		return too_deep(error);
	dir = g_dir_open(path, 0, NULL);
	if (!dir)
		return depth ? add_unreadable(list, path) : fleet_list_failed(path, error);
	while ((name = g_dir_read_name(dir))) {
		g_autofree char *below = g_build_filename(path, name, NULL);

		if (*name != '.' && !add_found(list, below, depth, error))
			return false;
	}
	return true;
}

static bool add_argument(List *list, const char *path, GError **error)
{
	struct stat status;

	if (stat(path, &status) < 0)
		return fleet_list_failed(path, error);
	if (S_ISDIR(status.st_mode))
		return fleet_list_add_folder(list, path, 0, error);
	add_file(list, path);
	return true;
}

/* Lists */

static char *in_folder(const List *list, const char *path)
{
	return g_path_is_absolute(path) || !strcmp(list->folder, ".")
		       ? g_strdup(path)
		       : g_build_filename(list->folder, path, NULL);
}

/* A file beside the list, or a description. */
static char *topology_named(const List *list, const char *source)
{
	char *path = in_folder(list, source);
	struct stat status;

	if (strchr(source, '/') || !strchr(source, ':') || stat(path, &status) == 0)
		return path;
	g_free(path);
	return g_strdup(source);
}

static void fleet_list_add_entry(List *list, FleetEntry *entry)
{
	g_autofree char *inventory = in_folder(list, entry->inventory);
	FleetFile *file;

	if (!entry->topology) {
		add_file(list, inventory);
		file = g_ptr_array_index(list->files, list->files->len - 1);
	} else {
		file = fleet_list_add(list, inventory);
		file->topology = topology_named(list, entry->topology);
	}
	file->name = g_steal_pointer(&entry->name);
}

static void add_line(void *data, unsigned number, const char *line, size_t length,
		     const char *fault)
{
	List *list = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(FleetEntry) entry = NULL;
	g_autofree char *where = NULL;

	if (!fault)
		entry = fleet_entry_parse(line, length, &error);
	if (entry) {
		fleet_list_add_entry(list, entry);
		return;
	}
	where = g_strdup_printf("%s:%u", list->options->fleet, number);
	fleet_list_add(list, where)->error = g_strdup(fault ? fault : error->message);
}

/* Order */

static int fleet_list_compare(gconstpointer a, gconstpointer b)
{
	const FleetFile *x = *(FleetFile *const *)a, *y = *(FleetFile *const *)b;
	int order = strverscmp(x->inventory, y->inventory);

	if (!order)
		order = g_strcmp0(x->topology, y->topology);
	return order ? order : g_strcmp0(x->name, y->name);
}

/* Of equal ones the first alone. */
static void drop_repeated(GPtrArray *files)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < files->len; i++) {
		FleetFile *file = g_ptr_array_index(files, i);

		if (kept && !fleet_list_compare(&files->pdata[kept - 1], &files->pdata[i]))
			file_free(file);
		else
			files->pdata[kept++] = file;
	}
	/* those behind are freed or moved to the front */
	g_ptr_array_set_free_func(files, NULL);
	g_ptr_array_set_size(files, (int)kept);
	g_ptr_array_set_free_func(files, file_free);
}

/* Are all lines of the list wrong in the same way? Then it is another file, and that is said once.
 */
static bool fleet_list_is_other(const List *list, GError **error)
{
	const FleetFile *first = list->files->len ? g_ptr_array_index(list->files, 0) : NULL;

	for (unsigned i = 0; i < list->files->len; i++)
		if (g_strcmp0(((const FleetFile *)g_ptr_array_index(list->files, i))->error,
			      first->error))
			return false;
	if (!first || !first->error || list->files->len < 2)
		return false;
	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
		    "%s: none of its %u lines is a node: %s; each has {\"inventory\": FILE}, or in "
		    "CSV a column of this name",
		    list->options->fleet, list->files->len, first->error);
	return true;
}

static bool fleet_list_gather(List *list, GError **error)
{
	static const char *const texts[] = {"inventory", "topology", "name", NULL};
	static const RecordAlias aliases[] = {
		{"node", "name"}, {"file", "inventory"}, {NULL, NULL}};
	static const RecordShape shape = {"nodes", "{\"inventory\": FILE}", texts, aliases};
	const Options *options = list->options;

	if (options->fleet && (!records_read(options->fleet, &shape, add_line, list, error) ||
			       fleet_list_is_other(list, error)))
		return false;
	for (char **path = options->arguments; *path; path++)
		if (!add_argument(list, *path, error))
			return false;
	if (list->files->len)
		return true;
	if (options->fleet)
		g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
			    "%s: lists no node; each has a line, {\"inventory\": FILE}",
			    options->fleet);
	else
		g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
			    "%s: contains no inventory (*.ini)", options->arguments[0]);
	return false;
}

GPtrArray *fleet_list(const Options *options, GError **error)
{
	g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(file_free);
	List list = {.options = options, .files = files};
	bool good;

	if (options->fleet)
		list.folder = g_path_get_dirname(options->fleet);
	good = fleet_list_gather(&list, error);
	g_free(list.folder);
	if (!good)
		return NULL;
	g_ptr_array_sort(files, fleet_list_compare);
	drop_repeated(files);
	for (unsigned i = 0; i < files->len; i++)
		((FleetFile *)g_ptr_array_index(files, i))->index = i;
	return g_steal_pointer(&files);
}
