/* SPDX-License-Identifier: MIT */
#include "planner/base/finding.h"

#include <string.h>

void finding_free(Finding *finding)
{
	g_free(finding->id);
	g_free(finding->subject);
	g_free(finding->text);
	g_free(finding->fix);
	g_free(finding->evidence);
	g_free(finding->cpus);
	g_free(finding->waived);
	g_free(finding);
}

GPtrArray *findings_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)finding_free);
}

static Finding *finding_new(Severity severity, Verdict verdict, const char *id, const char *subject,
			    const char *fix)
{
	Finding *finding = g_new0(Finding, 1);

	finding->id = g_strdup(id);
	finding->subject = g_strdup(subject);
	finding->fix = g_strdup(fix);
	finding->severity = severity;
	finding->verdict = verdict;
	return finding;
}

void findings_add(GPtrArray *findings, Severity severity, const char *id, const char *subject,
		  const char *fix, const char *text, ...)
{
	Finding *finding = finding_new(severity, VERDICT_FAIL, id, subject, fix);
	va_list args;

	va_start(args, text);
	finding->text = g_strdup_vprintf(text, args);
	va_end(args);
	g_ptr_array_add(findings, finding);
}

void findings_add_unknown(GPtrArray *findings, Severity severity, const char *id,
			  const char *subject, const char *fix, const char *text, ...)
{
	Finding *finding = finding_new(severity, VERDICT_UNKNOWN, id, subject, fix);
	va_list args;

	va_start(args, text);
	finding->text = g_strdup_vprintf(text, args);
	va_end(args);
	g_ptr_array_add(findings, finding);
}

void findings_support(GPtrArray *findings, const char *evidence, const char *cpus, const char *why)
{
	Finding *finding = g_ptr_array_index(findings, findings->len - 1);

	g_free(finding->evidence);
	g_free(finding->cpus);
	finding->evidence = g_strdup(evidence);
	finding->cpus = g_strdup(cpus);
	finding->why = why;
}

static int finding_compare(gconstpointer a, gconstpointer b)
{
	const Finding *x = *(const Finding *const *)a, *y = *(const Finding *const *)b;
	int order;

	if (x->severity != y->severity)
		return x->severity > y->severity ? -1 : 1;
	order = strcmp(x->id, y->id);
	if (!order)
		order = strverscmp(x->subject, y->subject);
	return order ? order : strcmp(x->text, y->text);
}

void findings_sort(GPtrArray *findings)
{
	g_ptr_array_sort(findings, finding_compare);
}

bool findings_has(const GPtrArray *findings, Severity severity)
{
	for (unsigned i = 0; i < findings->len; i++) {
		const Finding *finding = g_ptr_array_index(findings, i);

		if (finding->severity >= severity)
			return true;
	}
	return false;
}

const char *const severity_names[] = {"info", "warning", "error", NULL};
const char *const verdict_names[] = {"fail", "unknown", NULL};

const char *severity_name(Severity severity)
{
	return severity_names[severity];
}

const char *verdict_name(Verdict verdict)
{
	return verdict_names[verdict];
}

int severity_find(const char *name)
{
	for (int i = 0; severity_names[i]; i++)
		if (!strcmp(severity_names[i], name))
			return i;
	return -1;
}
