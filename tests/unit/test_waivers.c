/* SPDX-License-Identifier: MIT */
/* Waivers: which of several counts, for how long, and what a file of them may not be. */
#include "planner/check/waivers.h"

#include <string.h>

#define LONG "vm a-name-that-is-longer-than-inih-keeps-of-a-section-0123456789"

static Waivers *waivers(const char *text)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	Waivers *parsed = waivers_parse("w.ini", text, strlen(text), errors);

	for (unsigned i = 0; i < errors->len; i++)
		g_test_message("%s", (char *)g_ptr_array_index(errors, i));
	g_assert_nonnull(parsed);
	return parsed;
}

/* What TEXT makes of an error of rule ID about SUBJECT on TODAY, and how many findings there are
 * then. */
static Finding *applied(const char *text, const char *id, const char *subject, const char *today,
			GPtrArray **findings)
{
	g_autoptr(Waivers) parsed = waivers(text);

	*findings = findings_new();
	findings_add(*findings, SEVERITY_ERROR, id, subject, "fix", "text");
	waivers_apply(parsed, today, *findings);
	return g_ptr_array_index(*findings, 0);
}

static void assert_waived(const char *text, const char *id, const char *subject, const char *reason)
{
	g_autoptr(GPtrArray) findings = NULL;

	g_assert_cmpstr(applied(text, id, subject, "2026-11-30", &findings)->waived, ==, reason);
	g_assert_cmpuint(findings->len, ==, 1);
}

static void test_which(void)
{
	static const char text[] = "[vm]\nreason = area\n"
				   "[vm.pin-missing]\nreason = rule\n"
				   "[vm   vm a]\nreason = area and subject\n"
				   "[vm.pin-missing vm a]\nreason = both\n"
				   "[vm.no-eoi " LONG "]\nreason = long\n";

	assert_waived(text, "vm.pin-missing", "vm a", "both");
	assert_waived(text, "vm.no-eoi", "vm a", "area and subject");
	assert_waived(text, "vm.pin-missing", "vm b", "rule");
	assert_waived(text, "vm.no-eoi", "vm b", "area");
	assert_waived(text, "vm.no-eoi", LONG, "long");
	assert_waived(text, "irq.on-isolated", "vm a", NULL);
	assert_waived("[vm.no-eoi " LONG "]\nreason = x\n", "vm.no-eoi", LONG "-2", NULL);
}

static void test_until(void)
{
	static const char text[] = "[vm]\nreason = x\nuntil = 2026-11-30\n";
	g_autoptr(GPtrArray) last = NULL, after = NULL;

	g_assert_cmpstr(applied(text, "vm.no-eoi", "vm a", "2026-11-30", &last)->waived, ==, "x");
	g_assert_cmpuint(last->len, ==, 1);
	g_assert_null(applied(text, "vm.no-eoi", "vm a", "2026-12-01", &after)->waived);
	g_assert_cmpuint(after->len, ==, 2);
	g_assert_cmpstr(((Finding *)g_ptr_array_index(after, 1))->id, ==, "waiver.expired");
}

static void test_severity(void)
{
	g_autoptr(GPtrArray) findings = NULL;
	const Finding *finding =
		applied("[vm]\nseverity = info\n", "vm.no-eoi", "vm a", "2026-11-30", &findings);

	g_assert_cmpint(finding->severity, ==, SEVERITY_INFO);
	g_assert_null(finding->waived);
}

static void assert_refused(const char *text, size_t length, const char *error)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);

	g_assert_null(waivers_parse("w.ini", text, length, errors));
	g_assert_cmpuint(errors->len, ==, 1);
	g_assert_cmpstr(g_ptr_array_index(errors, 0), ==, error);
}

static void test_refused(void)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{"[vm]\n", "w.ini:1: [vm]: give a reason, or a severity"},
		{"[vm]\nreason = x\n[vm]\nreason = y\n", "w.ini:3: [vm]: already begun in line 1"},
		{"[vm]\nreason = x\nreason = y\n", "w.ini:3: [vm] reason: already given in line 2"},
		{"[vm]\nreason =\n", "w.ini:2: [vm] reason: say why"},
		{"[vm]\nreason = \xff\n[irq]\nreason = x\n", "w.ini:2: the line is not UTF-8"},
		{"[nothing]\nreason = x\n",
		 "w.ini:1: [nothing]: 'nothing' is not a rule; see planner-rules(7)"},
		{"[vm]\nreason = x\nuntil = 2027-02-30\n",
		 "w.ini:3: [vm] until: '2027-02-30' is not a day; give YYYY-MM-DD"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
		assert_refused(rows[i].text, strlen(rows[i].text), rows[i].error);
	assert_refused("[vm]\nreason = a\0b\n", 18, "w.ini:2: the line has a NUL byte");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/waivers/which", test_which);
	g_test_add_func("/waivers/until", test_until);
	g_test_add_func("/waivers/severity", test_severity);
	g_test_add_func("/waivers/refused", test_refused);
	return g_test_run();
}
