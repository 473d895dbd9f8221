/* SPDX-License-Identifier: MIT */
/* Findings in the forms other programs take: Prometheus' text format, and JUnit's XML. */
#include "planner/check/check.h"
#include "planner/check/measured.h"
#include "topology/base/text.h"

#include <string.h>

/* Prometheus: label values escape backslash, quote and newline. */
static void append_label(GString *text, const char *value)
{
	for (const char *c = value; *c; c++) {
		if (*c == '\\' || *c == '"')
			g_string_append_c(text, '\\');
		if (*c == '\n')
			g_string_append(text, "\\n");
		else
			g_string_append_c(text, *c);
	}
}

static void append_metric(GString *text, const char *name, const char *help)
{
	g_string_append_printf(text, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

/* How many findings one rule has of one verdict. */
static unsigned check_forms_count_of(const Check *check, const Rule *rule, Verdict verdict)
{
	unsigned n = 0;

	for (unsigned i = 0; i < check->findings->len; i++) {
		const Finding *finding = g_ptr_array_index(check->findings, i);

		n += finding->verdict == verdict && !finding->waived &&
		     g_str_equal(finding->id, rule->id);
	}
	return n;
}

static void append_rule(GString *text, const Check *check, const Rule *rule)
{
	static const Verdict verdicts[] = {VERDICT_FAIL, VERDICT_UNKNOWN};

	for (unsigned i = 0; i < G_N_ELEMENTS(verdicts); i++) {
		g_string_append(text, "planner_check_findings{rule=\"");
		append_label(text, rule->id);
		g_string_append_printf(text, "\",severity=\"%s\",verdict=\"%s\"} %u\n",
				       severity_name(rule->severity), verdict_name(verdicts[i]),
				       check_forms_count_of(check, rule, verdicts[i]));
	}
}

static void append_noise(GString *text, const GArray *noise)
{
	append_metric(text, "planner_measured_longest_gap_seconds",
		      "The longest time for which a free isolated CPU was taken away.");
	for (unsigned i = 0; i < noise->len; i++) {
		const MeasuredNoise *one = &g_array_index(noise, MeasuredNoise, i);

		if (one->looked)
			g_string_append_printf(
				text, "planner_measured_longest_gap_seconds{cpu=\"%u\"} %.9f\n",
				one->cpu, (double)one->longest / 1e9);
	}
	append_metric(text, "planner_measured_noise_ratio",
		      "The share of the time for which a free isolated CPU was taken away.");
	for (unsigned i = 0; i < noise->len; i++) {
		const MeasuredNoise *one = &g_array_index(noise, MeasuredNoise, i);

		if (one->looked)
			g_string_append_printf(text,
					       "planner_measured_noise_ratio{cpu=\"%u\"} %.9f\n",
					       one->cpu, (double)one->lost / (double)one->looked);
	}
}

/* What planner measure saw. */
static void append_measured(GString *text, const Measured *measured)
{
	g_auto(CpuSet) none = hwloc_bitmap_alloc();
	unsigned cpu;

	append_metric(text, "planner_measured_seconds", "How long planner measure looked.");
	g_string_append_printf(text, "planner_measured_seconds %.3f\n", measured->seconds);
	append_metric(text, "planner_measured_interruptions",
		      "Interrupts and other tasks that came to a CPU, per second.");
	/* Too few are worse than none. */
	hwloc_bitmap_foreach_begin(cpu, measured->lacks ? none : measured->cpus)
		g_string_append_printf(text, "planner_measured_interruptions{cpu=\"%u\"} %.3f\n",
				       cpu, measured_cpu(measured, cpu).rate);
	hwloc_bitmap_foreach_end();
	if (measured->noise->len)
		append_noise(text, measured->noise);
	append_metric(text, "planner_measured_exits",
		      "Exits of a VM's vCPUs to KVM, by reason, per second.");
	for (unsigned i = 0; i < measured->ones->len; i++) {
		const MeasuredOne *one = &g_array_index(measured->ones, MeasuredOne, i);

		if (!one->vm || !g_str_equal(one->kind, "exit"))
			continue;
		g_string_append(text, "planner_measured_exits{vm=\"");
		append_label(text, one->vm);
		g_string_append(text, "\",reason=\"");
		append_label(text, one->name);
		g_string_append_printf(text, "\"} %.3f\n", (double)one->count / measured->seconds);
	}
}

/* A series for every rule that was judged, zeros too: one that is gone is no series that is 0. */
char *check_to_prometheus(const Check *check)
{
	GString *text = g_string_new(NULL);

	append_metric(text, "planner_check_findings",
		      "Findings of planner check, by rule; see planner-rules(7).");
	for (unsigned i = 0; i < check->rules->len; i++)
		append_rule(text, check, g_ptr_array_index(check->rules, i));
	append_metric(text, "planner_check_bad", "1 where planner check exits with status 1.");
	g_string_append_printf(text, "planner_check_bad %d\n", check_bad(check));
	append_metric(text, "planner_check_unread", "Sources that could not be read.");
	g_string_append_printf(text, "planner_check_unread %u\n", check->audit->facts->unread->len);
	if (check->audit->measured)
		append_measured(text, check->audit->measured);
	return g_string_free(text, FALSE);
}

/* JUnit */

/* XML has no control characters, escaped or not. */
static void append_xml(GString *text, const char *value)
{
	g_autofree char *safe = g_strdup(value);
	g_autofree char *escaped = NULL;

	for (char *c = safe; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	escaped = g_markup_escape_text(safe, -1);
	for (const char *c = escaped; *c; c = g_utf8_next_char(c)) {
		gunichar character = g_utf8_get_char(c);

		if (text_obeyed(character))
			g_string_append_printf(text, "&#x%x;", character);
		else
			g_string_append_unichar(text, character);
	}
}

static void append_attribute(GString *text, const char *name, const char *value)
{
	g_string_append_printf(text, " %s=\"", name);
	append_xml(text, value);
	g_string_append_c(text, '"');
}

static void append_finding(GString *text, const Finding *finding)
{
	g_autofree char *message = g_strdup_printf("%s: %s", finding->subject, finding->text);
	g_autofree char *body = g_strdup_printf(
		"seen in: %s; fix: %s", finding->evidence ? finding->evidence : "-", finding->fix);

	g_string_append(text, "    <failure");
	append_attribute(text, "type", severity_name(finding->severity));
	append_attribute(text, "message", message);
	g_string_append_c(text, '>');
	append_xml(text, body);
	g_string_append(text, "</failure>\n");
}

/* The findings of a rule that fail the check, as failures; what is else unknown skips the case. */
static unsigned append_findings(GString *text, const Check *check, const Rule *rule)
{
	unsigned failures = 0;

	for (unsigned i = 0; i < check->findings->len; i++) {
		const Finding *finding = g_ptr_array_index(check->findings, i);

		if (!g_str_equal(finding->id, rule->id) || !check_finding_bad(check, finding))
			continue;
		append_finding(text, finding);
		failures++;
	}
	return failures;
}

/* What a rule that did not fail the check says: true where its case is skipped. */
static bool append_passed_over(GString *text, const Check *check, const Rule *rule)
{
	for (unsigned i = 0; i < check->findings->len; i++) {
		const Finding *finding = g_ptr_array_index(check->findings, i);

		if (!g_str_equal(finding->id, rule->id))
			continue;
		if (finding->waived || finding->verdict == VERDICT_UNKNOWN) {
			g_string_append(text, "    <skipped");
			append_attribute(text, "message",
					 finding->waived ? finding->waived : finding->text);
			g_string_append(text, "/>\n");
			return true;
		}
		g_string_append(text, "    <system-out>");
		append_xml(text, severity_name(finding->severity));
		g_string_append(text, ": ");
		append_xml(text, finding->subject);
		g_string_append(text, ": ");
		append_xml(text, finding->text);
		g_string_append(text, "</system-out>\n");
		return false;
	}
	return false;
}

static void append_case(GString *text, const Check *check, const Rule *rule, unsigned *failed,
			unsigned *skipped)
{
	g_string_append(text, "  <testcase");
	append_attribute(text, "classname", "planner.check");
	append_attribute(text, "name", rule->id);
	g_string_append(text, ">\n");
	if (append_findings(text, check, rule))
		++*failed;
	else
		*skipped += append_passed_over(text, check, rule);
	g_string_append(text, "  </testcase>\n");
}

char *check_to_junit(const Check *check)
{
	g_autoptr(GString) cases = g_string_new(NULL);
	GString *text = g_string_new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	g_autofree char *subject = check_subject(check);
	unsigned failed = 0, skipped = 0;

	for (unsigned i = 0; i < check->rules->len; i++)
		append_case(cases, check, g_ptr_array_index(check->rules, i), &failed, &skipped);
	g_string_append(text, "<testsuite");
	append_attribute(text, "name", subject);
	g_string_append_printf(text,
			       " tests=\"%u\" failures=\"%u\" errors=\"0\" skipped=\"%u\">\n%s",
			       check->rules->len, failed, skipped, cases->str);
	return g_string_free(g_string_append(text, "</testsuite>\n"), FALSE);
}
