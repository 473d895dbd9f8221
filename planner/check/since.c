/* SPDX-License-Identifier: MIT */
#include "planner/check/since.h"

#include "planner/base/json.h"
#include "planner/base/reader.h"
#include "planner/check/check_node.h"
#include "topology/base/error.h"
#include "topology/base/list.h"

#include <string.h>

static void since_gone_free(gpointer data)
{
	SinceGone *gone = data;

	g_free(gone->id);
	g_free(gone->subject);
	g_free(gone->text);
	g_free(gone);
}

void since_free(Since *since)
{
	g_free(since->name);
	g_hash_table_unref(since->added);
	g_ptr_array_unref(since->gone);
	g_free(since);
}

static bool since_equal(const Finding *finding, const SinceGone *old)
{
	return g_str_equal(finding->id, old->id) && g_str_equal(finding->subject, old->subject);
}

/* OLD is not found now: is that because nobody could tell? */
static bool since_unjudged(const Check *check, const SinceGone *old)
{
	const Rule *rule = rule_find(old->id);

	for (unsigned i = 0; i < check->findings->len; i++) {
		const Finding *finding = g_ptr_array_index(check->findings, i);

		if (finding->verdict == VERDICT_UNKNOWN && g_str_equal(finding->id, old->id))
			return true;
	}
	if (rule && rule->when & WHEN_MEASURED && !check->audit->measured)
		return true;
	return rule && !check_rule_chosen(rule, &check->options);
}

/* A failure of the earlier check: the same now, or gone. */
static void since_take(Since *since, const Check *check, SinceGone *old)
{
	bool same = false;

	for (unsigned i = 0; i < check->findings->len; i++) {
		Finding *finding = g_ptr_array_index(check->findings, i);

		if (finding->verdict != VERDICT_FAIL || !since_equal(finding, old))
			continue;
		same = true;
		since->same += g_hash_table_remove(since->added, finding);
	}
	if (same) {
		since_gone_free(old);
		return;
	}
	old->unjudged = since_unjudged(check, old);
	g_ptr_array_add(since->gone, old);
}

typedef struct SinceReading {
	Since *since;
	const Check *check;
} SinceReading;

static bool since_read_finding(Reader *r, void *into, const json_t *object)
{
	SinceReading *reading = into;
	const char *id, *subject, *text;
	unsigned severity, verdict;
	SinceGone *old;

	if (!reader_string(r, object, "id", &id) ||
	    !reader_string(r, object, "subject", &subject) ||
	    !reader_string(r, object, "text", &text) ||
	    !reader_word(r, object, "severity", severity_names, &severity) ||
	    !reader_word(r, object, "verdict", verdict_names, &verdict))
		return false;
	if (verdict != VERDICT_FAIL)
		return true;
	old = g_new(SinceGone, 1);
	*old = (SinceGone){g_strdup(id), g_strdup(subject), g_strdup(text), (Severity)severity,
			   false};
	since_take(reading->since, reading->check, old);
	return true;
}

static bool since_read(Reader *r, const json_t *document, SinceReading *reading)
{
	const char *format = json_string_value(json_object_get(document, "format"));

	if (!format || !g_str_equal(format, JSON_FORMAT_CHECK))
		return reader_fail(r, "not a document of planner check --json (" JSON_FORMAT_CHECK
				      ")");
	return check_node_same(r, document, reading->check->audit) &&
	       reader_each(r, reading, document, "findings", since_read_finding);
}

Since *since_compare(const char *name, const json_t *document, const Check *check, GError **error)
{
	Reader r = {name, "save one with planner check --json -o", error};
	Since *since = g_new0(Since, 1);
	SinceReading reading = {since, check};

	since->name = g_strdup(name);
	since->added = g_hash_table_new(NULL, NULL);
	since->gone = g_ptr_array_new_with_free_func(since_gone_free);
	for (unsigned i = 0; i < check->findings->len; i++) {
		Finding *finding = g_ptr_array_index(check->findings, i);

		if (finding->verdict == VERDICT_FAIL)
			g_hash_table_add(since->added, finding);
	}
	if (!since_read(&r, document, &reading))
		g_clear_pointer(&since, since_free);
	return since;
}

bool since_bad(const Since *since)
{
	GHashTableIter iter;
	gpointer key;

	g_hash_table_iter_init(&iter, since->added);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		const Finding *finding = key;

		if (finding->severity >= SEVERITY_WARNING && !finding->waived)
			return true;
	}
	return false;
}

/* Telling */

static unsigned since_count_gone(const Since *since, bool unjudged)
{
	unsigned n = 0;

	for (unsigned i = 0; i < since->gone->len; i++)
		n += ((const SinceGone *)g_ptr_array_index(since->gone, i))->unjudged == unjudged;
	return n;
}

char *since_counts_text(const Since *since)
{
	GString *text = g_string_new(NULL);
	unsigned unjudged = since_count_gone(since, true);

	list_add(text, "%u new", g_hash_table_size(since->added));
	list_add(text, "%u gone", since_count_gone(since, false));
	if (unjudged)
		list_add(text, "%u no longer judged", unjudged);
	list_add(text, "%u unchanged", since->same);
	return g_string_free(text, FALSE);
}

json_t *since_to_json(const Since *since, const Check *check)
{
	json_t *object = json_object(), *gone = json_array(), *added = json_array();

	for (unsigned i = 0; i < since->gone->len; i++) {
		const SinceGone *old = g_ptr_array_index(since->gone, i);
		json_t *entry = json_object();

		json_object_set_new(entry, "id", json_string(old->id));
		json_object_set_new(entry, "severity", json_string(severity_name(old->severity)));
		json_object_set_new(entry, "subject", json_string(old->subject));
		json_object_set_new(entry, "text", json_string(old->text));
		json_object_set_new(entry, "unjudged", json_boolean(old->unjudged));
		json_array_append_new(gone, entry);
	}
	for (unsigned i = 0; i < check->findings->len; i++) {
		Finding *finding = g_ptr_array_index(check->findings, i);
		json_t *entry;

		if (!g_hash_table_contains(since->added, finding))
			continue;
		entry = json_object();
		json_object_set_new(entry, "id", json_string(finding->id));
		json_object_set_new(entry, "subject", json_string(finding->subject));
		json_array_append_new(added, entry);
	}
	json_object_set_new(object, "new", added);
	json_object_set_new(object, "unchanged", json_integer(since->same));
	json_object_set_new(object, "gone", gone);
	return object;
}
