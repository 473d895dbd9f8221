/* SPDX-License-Identifier: MIT */
#include "cmd/fleet_hosts.h"
#include "cmd/progress.h"
#include "topology/facts/facts_root.h"

#include <string.h>

/* A topology that was read: a host, or why there is none. */
typedef struct Read {
	Host *host;
	char *error;
} Read;

static void read_free(gpointer data)
{
	Read *read = data;

	g_clear_pointer(&read->host, host_free);
	g_free(read->error);
	g_free(read);
}

static Read *read_topology(const FleetFile *file)
{
	g_autoptr(GError) error = NULL;
	Read *read = g_new0(Read, 1);

	if (file->beside && !g_file_test(file->topology, G_FILE_TEST_EXISTS)) {
		g_autofree char *shown = g_filename_display_name(file->topology);

		read->error = g_strdup_printf("no topology: %s does not exist; give one with -t, "
					      "or in a list with --fleet",
					      shown);
		return read;
	}
	read->host = source_host_load(file->topology, &error);
	if (!read->host)
		read->error = g_strdup(error->message);
	return read;
}

static const Read *read_once(GHashTable *hosts, const FleetFile *file)
{
	Read *read = g_hash_table_lookup(hosts, file->topology);

	if (!read) {
		read = read_topology(file);
		g_hash_table_insert(hosts, g_strdup(file->topology), read);
	}
	return read;
}

GHashTable *fleet_hosts_load(const GPtrArray *files)
{
	GHashTable *hosts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, read_free);
	Progress progress;

	progress_begin(&progress, "topologies", files->len);
	for (unsigned i = 0; i < files->len; i++) {
		FleetFile *file = g_ptr_array_index(files, i);
		const Read *read;

		if (file->error)
			continue;
		read = read_once(hosts, file);
		file->host = read->host;
		file->error = g_strdup(read->error);
		progress_at(&progress, i);
	}
	progress_end(&progress);
	return hosts;
}
