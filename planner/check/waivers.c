/* SPDX-License-Identifier: MIT */
#include "planner/check/waivers.h"

#include "planner/base/inih.h"
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

typedef struct WaiverReader {
	const char *text, *end; /* what is still to read */
	int line;
	Waivers *waivers;
	GPtrArray *errors;
} WaiverReader;

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

G_GNUC_PRINTF(3, 4)
static void waiver_refuse(WaiverReader *r, int line, const char *format, ...)
{
	g_autofree char *what = NULL;
	va_list args;

	va_start(args, format);
	what = g_strdup_vprintf(format, args);
	va_end(args);
	g_ptr_array_add(r->errors, g_strdup_printf("%s:%d: %s", r->waivers->name, line, what));
}

/* A line for inih; one that it would cut is an error and empty. */
static char *waiver_line(char *buffer, int size, void *stream)
{
	WaiverReader *r = stream;
	const char *newline;
	size_t length;

	if (r->text >= r->end)
		return NULL;
	newline = memchr(r->text, '\n', (size_t)(r->end - r->text));
	length = (size_t)((newline ? newline : r->end) - r->text);
	r->line++;
	if (length > MIN((size_t)size - 2, INIH_LINE_MAX) ||
	    !g_utf8_validate(r->text, (gssize)length, NULL))
		waiver_refuse(r, r->line, "longer than %d bytes, or not text", INIH_LINE_MAX);
	else
		memcpy(buffer, r->text, length);
	strcpy(buffer + (length > MIN((size_t)size - 2, INIH_LINE_MAX) ? 0 : length), "\n");
	r->text += length + (newline ? 1 : 0);
	return buffer;
}

/* The waiver that SECTION, "RULE" or "RULE SUBJECT", begins or goes on with. */
static Waiver *waiver_of(WaiverReader *r, const char *section)
{
	g_auto(GStrv) parts = g_strsplit(section, " ", 2);
	const char *near;
	Waiver *waiver;

	for (unsigned i = 0; i < r->waivers->all->len; i++) {
		waiver = g_ptr_array_index(r->waivers->all, i);
		if (!g_strcmp0(waiver->rule, parts[0]) && !g_strcmp0(waiver->subject, parts[1]))
			return waiver;
	}
	near = parts[0] ? rule_nearest(parts[0]) : NULL;
	if (!parts[0])
		waiver_refuse(r, r->line, "a key before the first section");
	else if (!rule_word_known(parts[0]))
		waiver_refuse(r, r->line, "[%s]: '%s' is not a rule%s%s; see planner-rules(7)",
			      section, parts[0], near ? "; did you mean " : "", near ? near : "");
	waiver = g_new0(Waiver, 1);
	waiver->rule = g_strdup(parts[0] ? parts[0] : "");
	waiver->subject = parts[0] && parts[1] ? g_strdup(parts[1]) : NULL;
	waiver->severity = -1;
	waiver->line = r->line;
	g_ptr_array_add(r->waivers->all, waiver);
	return waiver;
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

static void waiver_set(WaiverReader *r, Waiver *waiver, const char *key, const char *value)
{
	static const char *const keys[] = {"reason", "until", "severity", NULL};
	const char *near = nearest_word(key, keys);

	if (g_str_equal(key, "reason") && !waiver->reason) {
		waiver->reason = g_strdup(value);
		if (!*value)
			waiver_refuse(r, r->line, "reason: say why");
	} else if (g_str_equal(key, "until") && !waiver->until) {
		waiver->until = g_strdup(value);
		if (!waiver_date(value))
			waiver_refuse(r, r->line, "until: '%s' is not a day; give YYYY-MM-DD",
				      value);
	} else if (g_str_equal(key, "severity") && waiver->severity < 0) {
		for (Severity s = SEVERITY_INFO; s <= SEVERITY_ERROR; s++)
			if (g_str_equal(value, severity_name(s)))
				waiver->severity = s;
		if (waiver->severity < 0)
			waiver_refuse(r, r->line,
				      "severity: '%s' is not one of error, warning, info", value);
	} else if (g_strv_contains(keys, key)) {
		waiver_refuse(r, r->line, "%s: given twice", key);
	} else {
		waiver_refuse(r, r->line, "%s: unknown key; %s%s", key,
			      near ? "did you mean " : "known: reason, until, severity",
			      near ? near : "");
	}
}

static int waiver_key(void *user, const char *section, const char *key, const char *value)
{
	WaiverReader *r = user;

	waiver_set(r, waiver_of(r, section), key, value);
	return 1;
}

Waivers *waivers_parse(const char *name, const char *text, size_t length, GPtrArray *errors)
{
	Waivers *waivers = g_new0(Waivers, 1);
	WaiverReader r = {text, text + length, 0, waivers, errors};
	unsigned before = errors->len;
	int faulty;

	waivers->name = g_strdup(name);
	waivers->all = g_ptr_array_new_with_free_func(waiver_free);
	inih_configure();
	faulty = ini_parse_stream(waiver_line, &r, waiver_key, &r);
	if (faulty > 0)
		waiver_refuse(&r, faulty, "neither [RULE], nor KEY = VALUE, nor a comment");
	for (unsigned i = 0; i < waivers->all->len; i++) {
		const Waiver *waiver = g_ptr_array_index(waivers->all, i);

		if (!waiver->reason && waiver->severity < 0)
			waiver_refuse(&r, waiver->line, "[%s]: give a reason, or a severity",
				      waiver->rule);
	}
	if (errors->len > before)
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
