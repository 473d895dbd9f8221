/* SPDX-License-Identifier: MIT */
#include "cmd/fleet_work.h"
#include "cmd/inputs.h"
#include "cmd/progress.h"
#include "planner/inventory/what_if.h"
#include "topology/base/signals.h"

#include <string.h>

#define BATCH 32 /* nodes that a thread takes at once */
#define AHEAD 4	 /* batches for each thread that wait, at most */
#define ERRORS 5 /* of one inventory that are told */

/* One node */

static char *errors_in_line(const GPtrArray *errors)
{
	GString *text = g_string_new(NULL);

	for (unsigned i = 0; i < errors->len && i < ERRORS; i++)
		g_string_append_printf(text, "%s%s", i ? "; " : "",
				       (const char *)g_ptr_array_index(errors, i));
	if (errors->len > ERRORS)
		g_string_append_printf(text, "; and %u more", errors->len - ERRORS);
	return g_string_free(text, FALSE);
}

Inventory *fleet_read(const FleetFile *file, char **error)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) failed = NULL;
	size_t length;
	g_autofree char *text = input_read_regular(file->inventory, &length, &failed);
	Inventory *inventory = NULL;

	if (text && !input_inventory_kind(file->inventory, text, length, &failed))
		g_clear_pointer(&text, g_free);
	*error = text ? NULL : g_strdup(failed->message);
	if (text && file->settings) {
		char *changed = what_if_apply(text, file->settings, errors);

		g_free(text);
		text = changed;
		length = changed ? strlen(changed) : 0;
	}
	if (text)
		inventory = inventory_parse(file->inventory, text, length, errors);
	if (errors->len)
		*error = errors_in_line(errors);
	if (*error && !g_utf8_validate(*error, -1, NULL)) {
		char *valid = g_utf8_make_valid(*error, -1);

		g_free(*error);
		*error = valid;
	}
	return inventory;
}

/* The node's name; INVENTORY may be NULL. Yours. */
static char *fleet_name(const FleetFile *file, const Inventory *inventory)
{
	g_autofree char *path = NULL;

	if (file->name)
		return g_strdup(file->name);
	if (inventory && inventory->node->name)
		return g_strdup(inventory->node->name);
	path = g_filename_display_name(file->inventory);
	if (g_str_has_suffix(path, ".ini"))
		path[strlen(path) - strlen(".ini")] = '\0';
	return g_steal_pointer(&path);
}

GHashTable *fleet_names_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

char *fleet_name_taken(GHashTable *names, const char *name, const char *inventory)
{
	const char *other = g_hash_table_lookup(names, name);
	g_autofree char *shown = other ? g_filename_display_name(other) : NULL;

	if (other)
		return g_strdup_printf("%s has the same node name", shown);
	g_hash_table_insert(names, g_strdup(name), g_strdup(inventory));
	return NULL;
}

/* Many nodes */

typedef struct Batch {
	unsigned first, n;
	gpointer results[BATCH];
} Batch;

typedef struct Work {
	const GPtrArray *files;
	FleetEach *each;
	FleetDone *done;
	void *data;
	GAsyncQueue *finished; /* of Batch, as they are finished */
	GHashTable *early;     /* first → Batch: finished before its turn */
	unsigned given, taken; /* files given to the threads, and handed over */
	Progress progress;
} Work;

static gpointer work_one(const Work *work, const FleetFile *file)
{
	g_autofree char *error = g_strdup(file->error);
	Inventory *inventory = error ? NULL : fleet_read(file, &error);
	g_autofree char *name = fleet_name(file, inventory);
	gpointer result = work->each(work->data, file, name, inventory, error);

	g_clear_pointer(&inventory, inventory_free);
	return result;
}

/* In any thread. */
static void work_batch(gpointer item, gpointer data)
{
	Work *work = data;
	Batch *batch = item;

	for (unsigned i = 0; i < batch->n; i++)
		batch->results[i] =
			work_one(work, g_ptr_array_index(work->files, batch->first + i));
	g_async_queue_push(work->finished, batch);
}

static void fleet_work_give(Work *work, GThreadPool *pool)
{
	Batch *batch = g_new0(Batch, 1);
	sigset_t before;

	batch->first = work->given;
	batch->n = MIN(BATCH, work->files->len - work->given);
	work->given += batch->n;
	signals_hold(&before);
	g_thread_pool_push(pool, batch, NULL);
	signals_release(&before);
}

/* GLib keeps threads when their work is done. Signals that end the program are the main thread's,
 * which holds them back while it writes: no other may ever take them. */
static GThreadPool *fleet_work_pool(Work *work, unsigned n)
{
	sigset_t before;
	GThreadPool *pool;

	signals_hold(&before);
	pool = g_thread_pool_new(work_batch, work, (int)n, FALSE, NULL);
	signals_release(&before);
	return pool;
}

static void fleet_work_hand_over(Work *work, Batch *batch)
{
	for (unsigned i = 0; i < batch->n; i++)
		work->done(work->data, g_ptr_array_index(work->files, batch->first + i),
			   batch->results[i]);
	work->taken += batch->n;
	progress_at(&work->progress, work->taken);
	g_free(batch);
}

/* Wait for a batch, and hand over all whose turn it is. */
static void fleet_work_take(Work *work)
{
	Batch *batch = g_async_queue_pop(work->finished);

	g_hash_table_insert(work->early, GUINT_TO_POINTER(batch->first), batch);
	while ((batch = g_hash_table_lookup(work->early, GUINT_TO_POINTER(work->taken)))) {
		g_hash_table_remove(work->early, GUINT_TO_POINTER(work->taken));
		fleet_work_hand_over(work, batch);
	}
}

void fleet_work(const GPtrArray *files, unsigned threads, FleetEach *each, FleetDone *done,
		void *data)
{
	Work work = {.files = files, .each = each, .done = done, .data = data};
	unsigned n = threads ? threads : g_get_num_processors();
	GThreadPool *pool = fleet_work_pool(&work, n);

	work.finished = g_async_queue_new();
	work.early = g_hash_table_new(NULL, NULL);
	progress_begin(&work.progress, "nodes", files->len);
	while (work.taken < files->len) {
		while (work.given < files->len && work.given - work.taken < n * AHEAD * BATCH)
			fleet_work_give(&work, pool);
		fleet_work_take(&work);
	}
	progress_end(&work.progress);
	g_thread_pool_free(pool, FALSE, TRUE);
	g_hash_table_unref(work.early);
	g_async_queue_unref(work.finished);
}
