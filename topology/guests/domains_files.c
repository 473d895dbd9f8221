/* SPDX-License-Identifier: MIT */
#include "topology/guests/domain.h"
#include "topology/guests/domains.h"

#include <string.h>

/* Is FILE in the folder of SOURCE (NULL = of none)? */
static bool same_folder(const char *source, const char *file)
{
	const char *end = strrchr(file, '/');

	return source && end && strrchr(source, '/') &&
	       strrchr(source, '/') - source == end - file &&
	       !strncmp(source, file, (size_t)(end - file));
}

/* The record of DOMAIN, of SOURCE. The same VM in another place is the same; two files of one
 * folder are two VMs, whatever they are called. */
static DomainRecord *record_for(Domains *domains, const Domain *domain, const char *source,
				bool live)
{
	DomainRecord *record = domains_record(domains, domain->name);

	if (!same_folder(live ? record->live_source : record->inactive_source, source) ||
	    (record->uuid && !g_strcmp0(record->uuid, domain->uuid)))
		return record;
	record = domain_record_new(domain->name);
	g_ptr_array_add(domains->records, record);
	return record;
}

/* Take the XML TEXT of the file SOURCE: LIVE says that the place it is in is one of running ones.
 */
static void text_take(Root *root, Domains *domains, const char *source, const char *text,
		      size_t length, bool live)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Domain) domain = domain_parse(text, length, &error);
	DomainRecord *record;

	if (!domain) {
		root_note_text(root, source, error->message);
		return;
	}
	live = live || domain->active;
	record = record_for(domains, domain, source, live);
	if (!record->uuid)
		record->uuid = g_strdup(domain->uuid);
	if (live) {
		record->running = true;
		if (record->live)
			return; /* the first place counts */
		record->live = g_strndup(text, length);
		record->live_source = g_strdup(source);
		record->pid = domain->pid;
	} else if (!record->inactive) {
		record->persistent = true;
		record->inactive = g_strndup(text, length);
		record->inactive_source = g_strdup(source);
	} else if (same_folder(record->inactive_source, source)) {
		g_autofree char *why =
			g_strdup_printf("is the same VM again: %s counts", record->inactive_source);

		root_note_text(root, source, why);
	}
}

static void file_take(Root *notes, Root *root, Domains *domains, const char *path,
		      const char *source, bool live)
{
	size_t length;
	int failure;
	g_autofree char *text = root_read_private(root, path, DOMAIN_XML_MAX, &length, &failure);

	if (text)
		text_take(notes, domains, source, text, length, live);
	else
		root_note(notes, source, failure);
}

/* The files PREFIX*SUFFIX of FOLDER of ROOT, which messages call SHOWN. */
static void folder_take(Root *notes, Root *root, Domains *domains, const char *folder,
			const char *shown, const char *prefix, const char *suffix, bool live)
{
	g_auto(GStrv) names = root_list(root, folder, NULL);

	for (unsigned i = 0; names[i]; i++) {
		g_autofree char *path = g_strdup_printf("%s/%s", folder, names[i]);
		g_autofree char *source = g_strdup_printf("%s/%s", shown, names[i]);

		if (g_str_has_prefix(names[i], prefix) && g_str_has_suffix(names[i], suffix))
			file_take(notes, root, domains, path, source, live);
	}
}

Domains *domains_read(Root *root, const char *directory, GError **error)
{
	g_autoptr(Root) folder = root_open(directory, 0, error);
	g_autofree char *live = g_build_filename(directory, "live", NULL);
	Domains *domains;

	if (!folder)
		return NULL;
	domains = domains_new(directory);
	folder_take(root, folder, domains, "", directory, "", ".xml", false);
	folder_take(root, folder, domains, "/live", live, "", ".xml", true);
	return domains;
}

Domains *domains_running(Root *root, GHashTable *known)
{
	static const char folder[] = "/run/libvirt/qemu";
	Domains *domains = domains_new(folder);
	g_auto(GStrv) names = root_list(root, folder, NULL);

	for (unsigned i = 0; names[i]; i++) {
		size_t stem = strlen(names[i]) - MIN(strlen(names[i]), strlen(".xml"));
		g_autofree char *name = g_strndup(names[i], stem);
		g_autofree char *path = g_strdup_printf("%s/%s", folder, names[i]);

		if (g_str_has_suffix(names[i], ".xml") && !g_hash_table_contains(known, name))
			file_take(root, root, domains, path, path, true);
	}
	return domains;
}

/* "pid 4711's current affinity list: 0-3", a line a thread, of taskset. */
static GHashTable *taskset_parse(const char *text)
{
	GHashTable *affinities = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (unsigned i = 0; lines[i]; i++) {
		const char *at = g_str_has_prefix(lines[i], "pid ") ? lines[i] + 4 : NULL;
		const char *list = at ? strstr(at, "affinity list: ") : NULL;
		guint64 tid = at ? g_ascii_strtoull(at, NULL, 10) : 0;

		if (list && tid > 0 && tid <= G_MAXINT)
			g_hash_table_insert(affinities, GUINT_TO_POINTER((guint)tid),
					    g_strdup(list + strlen("affinity list: ")));
	}
	return affinities;
}

static void taskset_take(Root *root, DomainRecord *record)
{
	g_autofree char *path = g_strdup_printf("/sos_commands/virsh/taskset_%s", record->name);
	g_autofree char *text = strchr(record->name, '/') ? NULL : root_text(root, path, NULL);

	if (text)
		record->affinities = taskset_parse(text);
}

Domains *domains_captured_files(Root *root)
{
	static const struct {
		const char *folder, *prefix, *suffix;
		bool live;
	} places[] = {
		{"/run/libvirt/qemu", "", ".xml", true},
		{"/var/run/libvirt/qemu", "", ".xml", true},
		{"/etc/libvirt/qemu", "", ".xml", false},
		{"/sos_commands/virsh", "virsh_-r_dumpxml_", "", false},
	};
	g_autoptr(Domains) domains = NULL;

	root_record_pause(root, true); /* the recording gets them as domains, not as files */
	for (unsigned i = 0; i < G_N_ELEMENTS(places); i++) {
		if (!root_exists(root, places[i].folder))
			continue;
		if (!domains)
			domains = domains_new(places[i].folder);
		folder_take(root, root, domains, places[i].folder, places[i].folder,
			    places[i].prefix, places[i].suffix, places[i].live);
	}
	if (domains)
		domains->states_unknown = !root_exists(root, "/run/libvirt/qemu") &&
					  !root_exists(root, "/var/run/libvirt/qemu");
	for (unsigned i = 0; domains && i < domains->records->len; i++)
		taskset_take(root, g_ptr_array_index(domains->records, i));
	root_record_pause(root, false);
	return g_steal_pointer(&domains);
}
