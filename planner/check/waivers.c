/* SPDX-License-Identifier: MIT */
#include "planner/check/waivers.h"

#include "planner/base/ini_file.h"
#include "planner/base/nearest.h"
#include "planner/check/rules.h"

#include <string.h>

typedef struct Waiver {
	char *rule;    /* or an area */
	char *subject; /* NULL = any */
	char *reason;  /* NULL = it is not waived: it has another severity */
	char *until;   /* "2027-03-31", the last day; NULL = for good */
	int severity;  /* -1 = the rule's */
	int line;
} Waiver;

struct Waivers {
	char *name;
	GPtrArray *all; /* of Waiver, by section, in the file's order */
};

static void waiver_free(gpointer data)
{
	Waiver *waiver = data;

	g_free(waiver->rule);
	g_free(waiver->subject);
	g_free(waiver->reason);
	g_free(waiver->until);
	g_free(waiver);
}

void waivers_free(Waivers *waivers)
{
	g_free(waivers->name);
	g_ptr_array_unref(waivers->all);
	g_free(waivers);
}

typedef struct WaiverReading {
	Waivers *waivers;
	Waiver *now; /* of the section being read; NULL = it is none */
} WaiverReading;

/* A section: "RULE" or "RULE SUBJECT". */
static bool waiver_begin(IniFile *ini, void *user)
{
	WaiverReading *reading = user;
	g_auto(GStrv) parts = g_strsplit(ini->section, " ", 2);
	const char *rule = parts[0] ? parts[0] : "";
	const char *near = rule_nearest(rule);
	Waiver *waiver;

	if (!rule_word_known(rule)) {
		ini_complain(ini, ini->line, "[%s]: '%s' is not a rule%s%s%s planner-rules(7)",
			     ini->section, rule, near ? "; did you mean " : "", near ? near : "",
			     near ? "? See" : "; see");
		return false;
	}
	waiver = g_new0(Waiver, 1);
	waiver->rule = g_strdup(rule);
	waiver->subject = g_strdup(parts[1]);
	waiver->severity = -1;
	waiver->line = ini->line;
	g_ptr_array_add(reading->waivers->all, waiver);
	reading->now = waiver;
	return true;
}

/* YYYY-MM-DD, of a day that there is: then dates compare as texts. */
static bool waiver_date(const char *value)
{
	g_autoptr(GTimeZone) zone = g_time_zone_new_utc();
	g_autofree char *full = g_strdup_printf("%sT00:00:00", value);
	g_autoptr(GDateTime) date = strlen(value) == 10 && value[4] == '-'
					    ? g_date_time_new_from_iso8601(full, zone)
					    : NULL;

	return date;
}

static void waiver_key(IniFile *ini, const char *value, void *user)
{
	static const char *const keys[] = {"reason", "until", "severity", NULL};
	Waiver *waiver = ((WaiverReading *)user)->now;
	const char *near = nearest_word(ini->key, keys);

	if (g_str_equal(ini->key, "reason")) {
		waiver->reason = g_strdup(value);
		if (!*value)
			ini_refuse(ini, "say why");
	} else if (g_str_equal(ini->key, "until")) {
		waiver->until = g_strdup(value);
		if (!waiver_date(value))
			ini_refuse(ini, "'%s' is not a day; give YYYY-MM-DD", value);
	} else if (g_str_equal(ini->key, "severity")) {
		waiver->severity = severity_find(value);
		if (waiver->severity < 0)
			ini_refuse(ini, "'%s' is not one of error, warning, info", value);
	} else if (near) {
		ini_refuse(ini, "unknown key; did you mean '%s'?", near);
	} else {
		ini_refuse(ini, "unknown key; known: reason, until, severity");
	}
}

static void waiver_end(IniFile *ini, void *user)
{
	WaiverReading *reading = user;

	if (reading->now && !ini->faulty && !ini_given(ini, "reason") &&
	    !ini_given(ini, "severity"))
		ini_complain(ini, reading->now->line, "[%s]: give a reason, or a severity",
			     ini->section);
	reading->now = NULL;
}

Waivers *waivers_parse(const char *name, const char *text, size_t length, GPtrArray *errors)
{
	static const IniReader reader = {
		.begin = waiver_begin, .key = waiver_key, .end = waiver_end};
	Waivers *waivers = g_new0(Waivers, 1);
	WaiverReading reading = {.waivers = waivers};

	waivers->name = g_strdup(name);
	waivers->all = g_ptr_array_new_with_free_func(waiver_free);
	if (!ini_read(name, text, length, &reader, &reading, errors))
		g_clear_pointer(&waivers, waivers_free);
	return waivers;
}

/* Use */

static bool waiver_expired(const Waiver *waiver, const char *today)
{
	return waiver->until && strcmp(waiver->until, today) < 0;
}

/* How exactly WAIVER names FINDING; 0 = it does not. */
static unsigned waiver_match(const Waiver *waiver, const Finding *finding)
{
	unsigned exact = g_str_equal(waiver->rule, finding->id);

	if (!rule_covered(waiver->rule, finding->id) ||
	    (waiver->subject && !g_str_equal(waiver->subject, finding->subject)))
		return 0;
	return 1 + exact + 2 * (waiver->subject != NULL);
}

static void waiver_apply(const Waivers *waivers, const char *today, Finding *finding)
{
	unsigned best = 0;
	const Waiver *by = NULL;

	for (unsigned i = 0; i < waivers->all->len; i++) {
		const Waiver *waiver = g_ptr_array_index(waivers->all, i);
		unsigned match = waiver_expired(waiver, today) ? 0 : waiver_match(waiver, finding);

		if (match > best) {
			best = match;
			by = waiver;
		}
	}
	if (by && by->severity >= 0)
		finding->severity = (Severity)by->severity;
	if (by && by->reason)
		finding->waived = g_strdup(by->reason);
}

void waivers_apply(const Waivers *waivers, const char *today, GPtrArray *findings)
{
	for (unsigned i = 0; i < findings->len; i++)
		waiver_apply(waivers, today, g_ptr_array_index(findings, i));
	for (unsigned i = 0; i < waivers->all->len; i++) {
		const Waiver *waiver = g_ptr_array_index(waivers->all, i);

		if (waiver_expired(waiver, today))
			findings_add(findings, SEVERITY_WARNING, "waiver.expired", "waivers",
				     "fix what it is about, or give it a new date",
				     "%s:%d: the waiver of %s%s%s ended on %s", waivers->name,
				     waiver->line, waiver->rule, waiver->subject ? " for " : "",
				     waiver->subject ? waiver->subject : "", waiver->until);
	}
}
