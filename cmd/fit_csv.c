/* SPDX-License-Identifier: MIT */
/* A node's capacity for spreadsheets: a line a size. */
#include "cmd/fit.h"
#include "cmd/output.h"

/* What is not known, or not there, is left empty. */
static char *fit_csv_number(uint64_t number, bool known)
{
	return known ? g_strdup_printf("%" G_GUINT64_FORMAT, number) : g_strdup("");
}

static void fit_csv_line(const Fit *fit, const FitAnswer *answer, const char *question)
{
	const VmSpec *spec = answer->spec;
	const char *name = fit->plan->node->name ? fit->plan->node->name : "";
	g_autofree char *vcpus = fit_csv_number(spec->vcpus, true);
	g_autofree char *memory = fit_csv_number(spec->memory, spec->memory);
	g_autofree char *page = fit_csv_number(spec->page, spec->page);
	g_autofree char *count = fit_csv_number(answer->count.fit, true);
	g_autofree char *bound = fit_csv_number(answer->count.bound, true);
	g_autofree char *cores = fit_csv_number(answer->cores_left, true);
	g_autofree char *left =
		fit_csv_number(answer->memory_left, answer->memory_left != UINT64_MAX);

	output_csv((const char *const[]){name, question, spec->name, vcpus, memory, page, count,
					 bound, fit_limit_names[answer->limit], cores, left,
					 answer->why ? answer->why : "",
					 answer->fix ? answer->fix : "", NULL});
}

static void fit_csv_lines(const Fit *fit, const char *question)
{
	for (unsigned i = 0; i < fit->sizes->len; i++)
		fit_csv_line(fit, g_ptr_array_index(fit->sizes, i), question);
}

void fit_print_csv(const Fit *fit, const FitWhatIf *what_if)
{
	static const char *const header[] = {
		"node",	 "question", "size",	   "vcpus",	  "memory", "hugepages", "fit",
		"bound", "runs_out", "cores_left", "memory_left", "why",    "fix",	 NULL};

	output_csv(header);
	fit_csv_lines(fit, "today");
	if (what_if->fit)
		fit_csv_lines(what_if->fit, "what-if");
}
