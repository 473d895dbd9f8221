/* SPDX-License-Identifier: MIT */
#include "topology/guests/domains.h"

#include "topology/guests/domain.h"
#include "topology/guests/libvirt_load.h"

#include <string.h>

#define FORMAT "planner-domains/1"
#define LIST_MAX (64u << 20)

/* JSON */

static json_t *real_to_json(char **real)
{
	json_t *array = json_array();

	for (unsigned i = 0; real[i]; i++)
		json_array_append_new(array, json_string(real[i]));
	return array;
}

static json_t *affinities_to_json(GHashTable *affinities)
{
	json_t *object = json_object();
	g_autoptr(GList) tids = g_hash_table_get_keys(affinities);

	for (GList *at = tids; at; at = at->next) {
		g_autofree char *tid = g_strdup_printf("%u", GPOINTER_TO_UINT(at->data));

		json_object_set_new(object, tid,
				    json_string(g_hash_table_lookup(affinities, at->data)));
	}
	return object;
}

static void string_set(json_t *object, const char *key, const char *text)
{
	if (text)
		json_object_set_new(object, key, json_string(text));
}

json_t *domain_record_to_json(const DomainRecord *record, bool with_xml)
{
	json_t *object = json_object();

	string_set(object, "name", record->name);
	string_set(object, "uuid", record->uuid);
	json_object_set_new(object, "running", json_boolean(record->running));
	json_object_set_new(object, "persistent", json_boolean(record->persistent));
	string_set(object, "live_source", record->live_source);
	string_set(object, "inactive_source", record->inactive_source);
	if (record->real)
		json_object_set_new(object, "real", real_to_json(record->real));
	if (record->halt_exits >= 0)
		json_object_set_new(object, "halt_exits", json_integer(record->halt_exits));
	if (record->pid)
		json_object_set_new(object, "pid", json_integer(record->pid));
	if (record->affinities)
		json_object_set_new(object, "affinities", affinities_to_json(record->affinities));
	if (with_xml) {
		string_set(object, "live", record->live);
		string_set(object, "inactive", record->inactive);
	}
	return object;
}

static char *string_get(const json_t *object, const char *key)
{
	return g_strdup(json_string_value(json_object_get(object, key)));
}

/* A capture of others may have it as it was given. */
static char *uri_get(const json_t *object, const char *key)
{
	g_autofree char *uri = string_get(object, key);

	return uri ? libvirt_uri_shown(uri) : NULL;
}

static char **real_parse(const json_t *array)
{
	char **real;

	if (!json_is_array(array) || json_array_size(array) > DOMAIN_CPUS_MAX)
		return NULL;
	real = g_new0(char *, json_array_size(array) + 1);
	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *list = json_string_value(json_array_get(array, i));

		real[i] = g_strdup(list ? list : "");
	}
	return real;
}

static GHashTable *affinities_parse(json_t *object)
{
	GHashTable *affinities;
	const char *key;
	json_t *value;

	if (!json_is_object(object))
		return NULL;
	affinities = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	json_object_foreach (object, key, value) {
		guint64 tid;

		if (json_is_string(value) &&
		    g_ascii_string_to_unsigned(key, 10, 1, G_MAXINT, &tid, NULL))
			g_hash_table_insert(affinities, GUINT_TO_POINTER((guint)tid),
					    g_strdup(json_string_value(value)));
	}
	return affinities;
}

DomainRecord *domain_record_parse(const json_t *object)
{
	const char *name = json_string_value(json_object_get(object, "name"));
	const json_t *exits = json_object_get(object, "halt_exits");
	json_int_t pid = json_integer_value(json_object_get(object, "pid"));
	DomainRecord *record;

	if (!name)
		return NULL;
	record = domain_record_new(name);
	record->uuid = string_get(object, "uuid");
	record->running = json_is_true(json_object_get(object, "running"));
	record->persistent = json_is_true(json_object_get(object, "persistent"));
	record->live_source = uri_get(object, "live_source");
	record->inactive_source = uri_get(object, "inactive_source");
	record->real = real_parse(json_object_get(object, "real"));
	record->halt_exits =
		exits && json_integer_value(exits) >= 0 ? json_integer_value(exits) : -1;
	record->pid = pid > 0 && pid <= G_MAXINT ? (unsigned)pid : 0;
	record->affinities = affinities_parse(json_object_get(object, "affinities"));
	record->live = string_get(object, "live");
	record->inactive = string_get(object, "inactive");
	return record;
}

/* Snapshots */

/* A file's name: what a directory listing or a shell could take amiss as %XX. Further domains of
 * one name, BEFORE of which have files, have a number that no such name ends with. */
static char *file_name(const char *name, unsigned before)
{
	g_autofree char *escaped = g_uri_escape_string(name, " ", TRUE);
	g_autofree char *number = before ? g_strdup_printf("%%-%u", before + 1) : g_strdup("");

	return *escaped == '.' ? g_strdup_printf("%%2E%s%s.xml", escaped + 1, number)
			       : g_strdup_printf("%s%s.xml", escaped, number);
}

/* How many records of NAME were there before? COUNTS has them, by name. */
static unsigned same_names(GHashTable *counts, const char *name)
{
	unsigned before = GPOINTER_TO_UINT(g_hash_table_lookup(counts, name));

	g_hash_table_insert(counts, g_strdup(name), GUINT_TO_POINTER(before + 1));
	return before;
}

static GHashTable *counts_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static void xml_record(Root *root, const char *folder, const char *name, unsigned before,
		       const char *xml)
{
	g_autofree char *file = file_name(name, before);
	g_autofree char *path = g_strdup_printf("%s/%s", folder, file);
	g_autofree char *stripped = xml ? domain_strip(xml, strlen(xml)) : NULL;

	if (xml) /* what is no domain's is as little one in the recording */
		root_record_text(root, path, stripped ? stripped : "left out\n");
}

void domains_record_into(Root *root, const Domains *domains)
{
	g_autoptr(GHashTable) counts = counts_new();
	json_t *list = json_array(), *document;
	char *text;

	if (!root_recording(root)) {
		json_decref(list);
		return;
	}
	for (unsigned i = 0; i < domains->records->len; i++) {
		const DomainRecord *record = g_ptr_array_index(domains->records, i);

		unsigned before = same_names(counts, record->name);

		json_array_append_new(list, domain_record_to_json(record, false));
		xml_record(root, DOMAINS_FOLDER, record->name, before, record->inactive);
		xml_record(root, DOMAINS_FOLDER "/live", record->name, before, record->live);
	}
	document = json_pack("{ss ss so}", "format", FORMAT, "source", domains->source, "domains",
			     list);
	string_set(document, "libvirt", domains->libvirt);
	string_set(document, "qemu", domains->qemu);
	if (domains->elsewhere)
		json_object_set_new(document, "elsewhere", json_true());
	text = json_dumps(document, JSON_INDENT(1) | JSON_SORT_KEYS);
	root_record_text(root, DOMAINS_LIST, text);
	free(text);
	json_decref(document);
}

static char *domains_xml_load(Root *root, const char *path)
{
	size_t length;
	int failure;
	char *xml = root_read_private(root, path, DOMAIN_XML_MAX, &length, &failure);

	if (!xml)
		root_failed(root, path, NULL, failure);
	return xml;
}

/* The XML in FILE of one that the list says to be there; WHAT it is then. */
static char *xml_expect(Root *root, const char *folder, const char *file, bool expected,
			const char *what)
{
	g_autofree char *path = g_strdup_printf("%s/%s", folder, file);
	char *xml = domains_xml_load(root, path);

	if (!xml && expected) {
		g_autofree char *why = g_strdup_printf("is not there, though its VM is %s", what);

		root_note_text(root, path, why);
	}
	return xml;
}

static Domains *domains_list_parse(Root *root, const json_t *document)
{
	g_autofree char *source = uri_get(document, "source");
	g_autoptr(GHashTable) counts = counts_new();
	const json_t *list = json_object_get(document, "domains");
	Domains *domains = domains_new(source ? source : DOMAINS_LIST);

	domains->libvirt = string_get(document, "libvirt");
	domains->qemu = string_get(document, "qemu");
	domains->elsewhere = json_is_true(json_object_get(document, "elsewhere"));
	for (size_t i = 0; i < json_array_size(list); i++) {
		DomainRecord *record = domain_record_parse(json_array_get(list, i));
		g_autofree char *file = NULL;

		if (!record) {
			root_note_text(root, DOMAINS_LIST,
				       "is damaged: it has a VM without a name");
			continue;
		}
		file = file_name(record->name, same_names(counts, record->name));
		record->live =
			xml_expect(root, DOMAINS_FOLDER "/live", file, record->running, "running");
		record->inactive =
			xml_expect(root, DOMAINS_FOLDER, file, record->persistent, "defined");
		g_ptr_array_add(domains->records, record);
	}
	return domains;
}

static Domains *list_load(Root *root)
{
	size_t length;
	int failure;
	g_autofree char *text = root_read_private(root, DOMAINS_LIST, LIST_MAX, &length, &failure);
	json_t *document = text ? json_loadb(text, length, 0, NULL) : NULL;
	bool whole = json_is_array(json_object_get(document, "domains"));
	Domains *domains = whole ? domains_list_parse(root, document) : NULL;

	if (!text)
		root_failed(root, DOMAINS_LIST, NULL, failure);
	else if (!domains) /* nothing of it is in the recording: its URIs may hold passwords */
		root_remark(root, DOMAINS_LIST, "is damaged");
	json_decref(document);
	return domains;
}

Domains *domains_captured(Root *root)
{
	Domains *domains = list_load(root);

	return domains ? domains : domains_captured_files(root);
}
