/* SPDX-License-Identifier: MIT */
#include "cmd/check.h"
#include "cmd/output.h"
#include "planner/base/naming.h"
#include "planner/base/subject.h"
#include "planner/check/trouble.h"
#include "topology/base/list.h"

#include <stdio.h>
#include <string.h>

/* Findings by subject, worst subject first */

typedef struct FindingGroup {
	const char *name;    /* borrowed: a subject, or a source */
	GPtrArray *findings; /* of Finding, borrowed */
} FindingGroup;

static void group_free(gpointer data)
{
	g_ptr_array_unref(((FindingGroup *)data)->findings);
	g_free(data);
}

static GPtrArray *check_people_group_of(GPtrArray *groups, GHashTable *by_name, const char *name)
{
	FindingGroup *group = g_hash_table_lookup(by_name, name);

	if (!group) {
		group = g_new(FindingGroup, 1);
		*group = (FindingGroup){name, g_ptr_array_new()};
		g_ptr_array_add(groups, group);
		g_hash_table_insert(by_name, (gpointer)name, group);
	}
	return group->findings;
}

/* Is FINDING one of VERDICT that nobody accepts, and, in a view of what is new, new? */
static bool check_people_shown(const CheckView *view, Finding *finding, Verdict verdict)
{
	if (finding->waived || finding->verdict != verdict)
		return false;
	return verdict != VERDICT_FAIL || !view->since ||
	       g_hash_table_contains(view->since->added, finding);
}

/* Findings are sorted: a subject's first is its worst, and so are groups in this order. */
static GPtrArray *group_findings(const Check *check, const CheckView *view, Verdict verdict)
{
	GPtrArray *groups = g_ptr_array_new_with_free_func(group_free);
	g_autoptr(GHashTable) by_name = g_hash_table_new(g_str_hash, g_str_equal);

	for (unsigned i = 0; i < check->findings->len; i++) {
		Finding *finding = g_ptr_array_index(check->findings, i);
		const char *name = verdict == VERDICT_FAIL ? finding->subject : finding->text;

		if (check_people_shown(view, finding, verdict))
			g_ptr_array_add(check_people_group_of(groups, by_name, name), finding);
	}
	return groups;
}

static void check_people_print_folded(const char *text)
{
	unsigned width = output_width();
	g_autofree char *safe = output_safe(text);
	g_autofree char *folded = output_fold(
		safe, width > 3 * CHECK_INDENT ? width - CHECK_INDENT : 0, CHECK_INDENT);

	puts(folded);
}

void check_print_more(const char *name, const char *text)
{
	g_autofree char *line = NULL;

	if (!text || !*text)
		return;
	line = g_strdup_printf("%s: %s", name, text);
	printf("%*s", CHECK_INDENT, "");
	check_people_print_folded(line);
}

static void check_people_print_finding(const Finding *finding, bool color)
{
	const char *severity = severity_name(finding->severity);
	g_autofree char *line = g_strdup_printf("%s [%s]", finding->text, finding->id);

	printf("  %s%s%s%*s", output_severity_color(finding->severity, color), severity,
	       output_reset(color), (int)(CHECK_INDENT - 2 - strlen(severity)), "");
	check_people_print_folded(line);
	check_print_more("seen", finding->evidence);
	check_print_more("why", finding->why);
	check_print_more("fix", finding->fix);
}

void check_print_brief(Severity severity, const char *subject, const char *text, const char *id,
		       bool color)
{
	g_autofree char *line = g_strdup_printf("%s: %s [%s]", subject, text, id);
	g_autofree char *safe = output_safe(line);

	printf("%s%-8s%s %s\n", output_severity_color(severity, color), severity_name(severity),
	       output_reset(color), safe);
}

static void print_brief(const Check *check, const CheckView *view)
{
	for (unsigned i = 0; i < check->findings->len; i++) {
		Finding *finding = g_ptr_array_index(check->findings, i);

		if (check_people_shown(view, finding, VERDICT_FAIL))
			check_print_brief(finding->severity, finding->subject, finding->text,
					  finding->id, view->color);
	}
}

static void print_groups(const Check *check, const CheckView *view)
{
	g_autoptr(GPtrArray) groups = group_findings(check, view, VERDICT_FAIL);
	bool color = view->color;

	for (unsigned i = 0; i < groups->len; i++) {
		const FindingGroup *group = g_ptr_array_index(groups, i);
		g_autofree char *name = output_safe(group->name);

		printf("%s%s%s\n", output_bold(color), name, output_reset(color));
		for (unsigned f = 0; f < group->findings->len; f++)
			check_people_print_finding(g_ptr_array_index(group->findings, f), color);
		putchar('\n');
	}
}

/* What could not be judged, by what could not be read */

/* The rules of GROUP, each once, and the VMs that it is about. Yours. */
static char *check_people_unjudged(const FindingGroup *group)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GString) text = g_string_new(NULL);
	Naming vms = {0};
	g_autofree char *names = NULL;

	for (unsigned f = 0; f < group->findings->len; f++) {
		const Finding *finding = g_ptr_array_index(group->findings, f);
		const char *vm = subject_vm_name(finding->subject);

		if (g_hash_table_add(seen, finding->id))
			list_add(text, "%s", finding->id);
		if (vm && g_hash_table_add(seen, finding->subject))
			naming_add(&vms, vm);
	}
	names = naming_end(&vms);
	if (*names)
		g_string_append_printf(text, " (of %s)", names);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

/* Is GROUP about a source that could not be read, and not about what else nobody can tell? */
static bool check_people_of_source(const FindingGroup *group)
{
	const Finding *first = g_ptr_array_index(group->findings, 0);

	return g_str_equal(first->subject, "node") && first->evidence;
}

/* In short: how many rules could not be judged, and what they lack. */
static void check_people_print_unjudged(const GPtrArray *groups, bool color)
{
	g_autoptr(GHashTable) ids = g_hash_table_new(g_str_hash, g_str_equal);
	g_autofree char *names = NULL, *line = NULL;
	Naming sources = {0};

	for (unsigned i = 0; i < groups->len; i++) {
		const FindingGroup *group = g_ptr_array_index(groups, i);

		if (!check_people_of_source(group))
			continue;
		naming_add(&sources, ((Finding *)g_ptr_array_index(group->findings, 0))->evidence);
		for (unsigned f = 0; f < group->findings->len; f++)
			g_hash_table_add(ids,
					 ((Finding *)g_ptr_array_index(group->findings, f))->id);
	}
	names = naming_end(&sources);
	if (!*names)
		return;
	line = g_strdup_printf("%u rule%s, for want of %s; -v says more", g_hash_table_size(ids),
			       g_hash_table_size(ids) == 1 ? "" : "s", names);
	printf("%sNot judged%s\n%*s", output_bold(color), output_reset(color), CHECK_INDENT, "");
	check_people_print_folded(line);
	putchar('\n');
}

static void check_people_print_not_known(const FindingGroup *group)
{
	g_autofree char *name = output_safe(group->name), *ids = check_people_unjudged(group);

	printf("  %s\n", name);
	check_print_more("not judged", ids);
}

/* What nobody can tell is said; sources that could not be read are counted, unless all is asked. */
static void print_unknown(const Check *check, const CheckView *view)
{
	g_autoptr(GPtrArray) groups = group_findings(check, view, VERDICT_UNKNOWN);
	bool any = false;

	for (unsigned i = 0; i < groups->len; i++) {
		const FindingGroup *group = g_ptr_array_index(groups, i);

		if (!view->verbose && check_people_of_source(group))
			continue;
		if (!any)
			printf("%sNot known%s\n", output_bold(view->color),
			       output_reset(view->color));
		any = true;
		check_people_print_not_known(group);
	}
	if (any)
		putchar('\n');
	if (!view->verbose)
		check_people_print_unjudged(groups, view->color);
}

/* CPUs in trouble */

static void print_troubles(const Check *check, bool color)
{
	static const char *const columns[] = {"~CPUS", "ROLE", "~TROUBLE", NULL};
	g_autoptr(GArray) troubles = check_troubles(check);
	struct libscols_table *table;

	if (!troubles->len)
		return;
	table = output_table(columns, color);
	for (unsigned i = 0; i < troubles->len; i++) {
		const Trouble *trouble = &g_array_index(troubles, Trouble, i);
		g_autofree char *list = cpulist_format(trouble->cpus);
		const char *const cells[] = {list, trouble->role, trouble->ids};

		output_line(table, cells);
	}
	output_print(table);
	scols_unref_table(table);
	putchar('\n');
}

/* The last line, and of a clean node the only one */

static void check_people_print_summary(const Check *check, bool color)
{
	g_autofree char *subject = check_subject(check);
	g_autofree char *safe = output_safe(subject);
	g_autofree char *counts = check_counts_text(check);

	printf("%s%s%s: %s%s\n", output_bold(color), safe, output_reset(color), counts,
	       check->audit->plan ? "" : " (no plan given)");
}

/* "  error    SUBJECT: TEXT [ID]", folded. */
static void check_people_print_entry(Severity severity, const char *subject, const char *text,
				     const char *id)
{
	g_autofree char *line = g_strdup_printf("%s: %s [%s]", subject, text, id);

	printf("  %-*s", CHECK_INDENT - 2, severity_name(severity));
	check_people_print_folded(line);
}

/* What somebody accepts */

static void print_waived(const Check *check, bool color)
{
	if (!check->waived)
		return;
	printf("%sWaived%s\n", output_bold(color), output_reset(color));
	for (unsigned i = 0; i < check->findings->len; i++) {
		const Finding *finding = g_ptr_array_index(check->findings, i);

		if (!finding->waived)
			continue;
		check_people_print_entry(finding->severity, finding->subject, finding->text,
					 finding->id);
		check_print_more("reason", finding->waived);
	}
	putchar('\n');
}

/* The rules that found nothing, everywhere. */
static void print_passed(const Check *check, const CheckView *view)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (unsigned i = 0; i < check->rules->len; i++) {
		const Rule *rule = g_ptr_array_index(check->rules, i);

		if (check_rule_passed(check, rule))
			list_add(text, "%s", rule->id);
	}
	if (!text->len)
		return;
	printf("%sPassed%s\n%*s", output_bold(view->color), output_reset(view->color), CHECK_INDENT,
	       "");
	check_people_print_folded(text->str);
	putchar('\n');
}

/* What changed */

static void print_gone(const Since *since, bool unjudged, bool color)
{
	bool first = true;

	for (unsigned i = 0; i < since->gone->len; i++) {
		const SinceGone *gone = g_ptr_array_index(since->gone, i);

		if (gone->unjudged != unjudged)
			continue;
		if (first)
			printf("%s%s%s\n", output_bold(color),
			       unjudged ? "No longer judged" : "Gone", output_reset(color));
		first = false;
		check_people_print_entry(gone->severity, gone->subject, gone->text, gone->id);
	}
	if (!first)
		putchar('\n');
}

static void print_since(const Check *check, const CheckView *view)
{
	g_autofree char *subject = check_subject(check);
	g_autofree char *line = since_counts_text(view->since);
	g_autofree char *safe = output_safe(subject), *file = output_safe(view->since->name);

	if (!view->brief) {
		print_gone(view->since, false, view->color);
		print_gone(view->since, true, view->color);
	}
	printf("%s%s%s: %s since %s\n", output_bold(view->color), safe, output_reset(view->color),
	       line, file);
}

void check_print(const Check *check, const CheckView *view)
{
	if (view->brief) {
		print_brief(check, view);
	} else {
		print_groups(check, view);
		print_unknown(check, view);
		print_waived(check, view->color);
		if (view->verbose)
			print_passed(check, view);
		if (!view->since)
			print_troubles(check, view->color);
	}
	if (view->since)
		print_since(check, view);
	check_people_print_summary(check, view->color);
}
