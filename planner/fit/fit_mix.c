/* SPDX-License-Identifier: MIT */
/* The best mix: the ratio asked for as often as it fits, and beside that the most vCPUs. */
#include "planner/fit/fit_node.h"
#include "planner/place/replan.h"

#include <string.h>

static void fit_mix_add_part(FitMix *mix, const VmSpec *spec, unsigned count)
{
	FitSize part = {spec, count};

	for (unsigned i = 0; i < mix->parts->len; i++) {
		FitSize *have = &g_array_index(mix->parts, FitSize, i);

		if (have->spec == spec) {
			have->count += count;
			return;
		}
	}
	g_array_append_val(mix->parts, part);
}

/* The answer that SPEC is one of, whoever owns it. */
static const VmSpec *fit_mix_own(const Fit *fit, const VmSpec *spec)
{
	g_autofree char *name = fit_size_name(spec);

	for (unsigned i = 0; i < fit->sizes->len; i++) {
		const FitAnswer *answer = g_ptr_array_index(fit->sizes, i);

		if (g_str_equal(answer->spec->name, name))
			return answer->spec;
	}
	g_assert_not_reached();
}

static void add_sets(Fit *fit, const FitOptions *options)
{
	FitCount count = fit_count_sets(fit->base, options->ratio, options->n_ratio);

	fit->mix.sets = count.fit;
	fit->mix.proved &= count.fit == count.bound;
	for (unsigned i = 0; i < options->n_ratio; i++)
		fit_mix_add_part(&fit->mix, fit_mix_own(fit, options->ratio[i].spec),
				 count.fit * options->ratio[i].count);
}

/* The base's problem with all parts of the mix. Yours. */
static Problem *with_parts(const Fit *fit)
{
	Problem *problem = problem_copy(fit->base->problem);

	for (unsigned i = 0; i < fit->mix.parts->len; i++) {
		const FitSize *part = &g_array_index(fit->mix.parts, FitSize, i);

		for (unsigned n = 0; n < part->count; n++)
			problem_add_vm(problem, part->spec);
	}
	return problem;
}

/* The best mix over the choices of VMs that may move. */
typedef struct MixRest {
	FitSize *sizes, *best; /* as many as the fit has */
	unsigned n;
	SearchMix mix;
} MixRest;

static bool mix_choice(const Problem *with, unsigned n, gpointer data)
{
	MixRest *rest = data;
	SearchMix mix = problem_mix(with, rest->sizes, rest->n);

	(void)n;
	if (mix.all && (!rest->mix.all || mix.vcpus > rest->mix.vcpus)) {
		rest->mix.all = true;
		rest->mix.vcpus = mix.vcpus;
		memcpy(rest->best, rest->sizes, rest->n * sizeof *rest->best);
	}
	rest->mix.proved &= mix.proved;
	return !problem_spent(with);
}

static void add_rest(Fit *fit)
{
	g_autoptr(Problem) problem = with_parts(fit);
	g_autofree FitSize *sizes = g_new0(FitSize, fit->sizes->len + 1);
	g_autofree FitSize *best = g_new0(FitSize, fit->sizes->len + 1);
	MixRest rest = {sizes, best, fit->sizes->len, {.proved = true}};

	for (unsigned i = 0; i < rest.n; i++)
		best[i].spec = sizes[i].spec =
			((const FitAnswer *)g_ptr_array_index(fit->sizes, i))->spec;
	mix_choice(problem, 0, &rest);
	if (fit->base->moves)
		fit->mix.proved &= replan_each(fit->base->placer, problem, fit->base->moves,
					       mix_choice, &rest) &&
				   !problem_spent(problem);
	fit->mix.proved &= rest.mix.proved;
	for (unsigned i = 0; i < rest.n; i++)
		fit_mix_add_part(&fit->mix, best[i].spec, best[i].count);
}

static int part_compare(gconstpointer a, gconstpointer b)
{
	const VmSpec *x = ((const FitSize *)a)->spec, *y = ((const FitSize *)b)->spec;

	if (x->vcpus != y->vcpus)
		return x->vcpus > y->vcpus ? -1 : 1;
	return x->memory != y->memory ? (x->memory > y->memory ? -1 : 1) : 0;
}

/* What plan would not place, or only by taking a shared VM's memory, is not promised: the smallest
 * goes first. */
static void fit_mix_settle(Fit *fit)
{
	GArray *parts = fit->mix.parts;

	while (parts->len) {
		FitSize *last = &g_array_index(parts, FitSize, parts->len - 1);

		if (last->count &&
		    fit_placed(fit->base, (const FitSize *)parts->data, parts->len, 1))
			return;
		fit->mix.proved &= !last->count;
		if (!last->count || !--last->count)
			g_array_set_size(parts, parts->len - 1);
	}
}

static void drop_empty(GArray *parts)
{
	for (unsigned i = parts->len; i-- > 0;)
		if (!g_array_index(parts, FitSize, i).count)
			g_array_remove_index(parts, i);
}

void fit_find_mix(Fit *fit, const FitOptions *options)
{
	fit->mix.proved = true;
	fit_budget_next(fit, FIT_PARTS_BESIDE_SIZES);
	if (options->n_ratio)
		add_sets(fit, options);
	add_rest(fit);
	g_array_sort(fit->mix.parts, part_compare);
	drop_empty(fit->mix.parts);
	fit_mix_settle(fit);
	for (unsigned i = 0; i < fit->mix.parts->len; i++) {
		const FitSize *part = &g_array_index(fit->mix.parts, FitSize, i);

		fit->mix.vcpus += (uint64_t)part->count * part->spec->vcpus;
	}
}
