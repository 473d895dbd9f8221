/* SPDX-License-Identifier: MIT */
/* The sizes that are answered for, and each alone: how many, where, and what runs out first. */
#include "planner/base/size.h"
#include "planner/fit/fit_node.h"

#include <string.h>

const char *const fit_limit_names[] = {"cores",	 "memory",  "cores-together",
				       "search", "nothing", NULL};

/* Which sizes */

char *fit_size_name(const VmSpec *spec)
{
	GString *name = g_string_new(NULL);
	g_autofree char *memory = size_format(spec->memory);
	g_autofree char *page = size_format(spec->page);

	g_string_append_printf(name, "%u", spec->vcpus);
	if (spec->memory)
		g_string_append_printf(name, ":%s", memory);
	if (spec->page)
		g_string_append_printf(name, ":%s", page);
	if (spec->memory_node >= 0)
		g_string_append_printf(name, " of node %d", spec->memory_node);
	if (spec->threads == THREADS_ISOLATE)
		g_string_append(name, " isolate");
	if (vm_spec_floating(spec))
		g_string_append_printf(name, " %u pinned", vm_spec_pinned(spec));
	if (vm_spec_helpers(spec))
		g_string_append_printf(name, " +%u", vm_spec_helpers(spec));
	return g_string_free(name, FALSE);
}

/* What a VM asks for, of what counts here. */
static VmSpec *shape_of(const VmSpec *spec)
{
	VmSpec *shape = vm_spec_new("");

	shape->vcpus = spec->vcpus;
	shape->memory = spec->memory;
	shape->page = spec->page;
	shape->memory_node = spec->memory_node;
	shape->threads = spec->threads;
	if (spec->dedicated_vcpus)
		shape->dedicated_vcpus = hwloc_bitmap_dup(spec->dedicated_vcpus);
	shape->emulator = spec->emulator;
	shape->iothread_cpus = spec->iothread_cpus;
	shape->iothreads = spec->iothread_cpus == HELPER_OWN ? spec->iothreads : 0;
	shape->node = -1;
	g_free(shape->name);
	shape->name = fit_size_name(shape);
	return shape;
}

static void fit_sizes_add_size(Fit *fit, VmSpec *shape, bool asked)
{
	FitAnswer *answer;

	for (unsigned i = 0; i < fit->sizes->len; i++) {
		answer = g_ptr_array_index(fit->sizes, i);
		if (strcmp(answer->spec->name, shape->name) != 0)
			continue;
		vm_spec_free(shape);
		return;
	}
	answer = g_new0(FitAnswer, 1);
	answer->spec = shape;
	answer->asked = asked;
	g_ptr_array_add(fit->sizes, answer);
}

static int answer_compare(gconstpointer a, gconstpointer b)
{
	const VmSpec *x = (*(FitAnswer *const *)a)->spec, *y = (*(FitAnswer *const *)b)->spec;

	if (x->vcpus != y->vcpus)
		return x->vcpus < y->vcpus ? -1 : 1;
	if (x->memory != y->memory)
		return x->memory < y->memory ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Has SPEC memory, the same for each vCPU? */
static bool has_ratio(const VmSpec *spec)
{
	return spec->policy == POLICY_DEDICATED && spec->memory && spec->memory_node < 0 &&
	       spec->memory % spec->vcpus == 0;
}

/* How many dedicated VMs have that much memory a vCPU, in such pages? */
static unsigned vms_of_ratio(const Fit *fit, uint64_t per_vcpu, uint64_t page)
{
	unsigned n = 0;

	for (unsigned i = 0; i < fit->base->plan->vms->len; i++) {
		const VmSpec *spec =
			((const PlanVm *)g_ptr_array_index(fit->base->plan->vms, i))->spec;

		n += has_ratio(spec) && spec->memory / spec->vcpus == per_vcpu &&
		     spec->page == page;
	}
	return n;
}

/* Memory a vCPU, as most dedicated VMs have it; of as many the least. */
static void find_ratio(Fit *fit)
{
	unsigned most = 0;

	for (unsigned i = 0; i < fit->base->plan->vms->len; i++) {
		const VmSpec *spec =
			((const PlanVm *)g_ptr_array_index(fit->base->plan->vms, i))->spec;
		uint64_t per_vcpu = spec->memory / spec->vcpus;
		unsigned n;

		if (!has_ratio(spec) || (per_vcpu == fit->per_vcpu && spec->page == fit->page))
			continue;
		n = vms_of_ratio(fit, per_vcpu, spec->page);
		if (n < most || (n == most && per_vcpu >= fit->per_vcpu))
			continue;
		most = n;
		fit->per_vcpu = per_vcpu;
		fit->page = spec->page;
	}
}

#define USUAL_MOST 1024 /* vCPUs */

/* The sizes of the dedicated VMs; then 2, 4, 8, … as far as one fits, and one beyond. */
static void usual_sizes(Fit *fit)
{
	VmSpec size = {VM_SPEC_ANYWHERE, .page = fit->page};
	bool fits = true;

	for (unsigned i = 0; i < fit->base->plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(fit->base->plan->vms, i);

		if (vm->spec->policy == POLICY_DEDICATED)
			fit_sizes_add_size(fit, shape_of(vm->spec), false);
	}
	for (size.vcpus = 2; size.vcpus <= USUAL_MOST && (fits || size.vcpus <= 16);
	     size.vcpus *= 2) {
		size.memory = size.vcpus * fit->per_vcpu;
		fit_sizes_add_size(fit, shape_of(&size), false);
		fits = fit_count(fit->base, &size).fit;
	}
	g_ptr_array_sort(fit->sizes, answer_compare);
}

static void choose_sizes(Fit *fit, const FitOptions *options)
{
	for (unsigned i = 0; options->sizes && i < options->sizes->len; i++)
		fit_sizes_add_size(fit, shape_of(g_ptr_array_index(options->sizes, i)), true);
	for (unsigned i = 0; i < options->n_ratio; i++)
		fit_sizes_add_size(fit, shape_of(options->ratio[i].spec), true);
	if (!fit->sizes->len)
		usual_sizes(fit);
}

/* Where they sit */

static unsigned fit_sizes_node_of(const Problem *problem, const SearchShare *share)
{
	return g_array_index(problem->rooms, SearchRoom, share->room).node;
}

static void count_assignment(FitAnswer *answer, const Problem *problem, const GArray *assignment)
{
	unsigned first = fit_sizes_node_of(problem, &g_array_index(assignment, SearchShare, 0));

	if (fit_sizes_node_of(
		    problem, &g_array_index(assignment, SearchShare, assignment->len - 1)) != first)
		answer->across++;
	else
		answer->nodes[first]++;
}

static unsigned assignment_cores(const GArray *assignment)
{
	unsigned cores = 0;

	for (unsigned i = 0; i < assignment->len; i++)
		cores += g_array_index(assignment, SearchShare, i).cores;
	return cores;
}

/* None more: what is left is what today's plan leaves. */
static void assignments_today(const Fit *fit, FitAnswer *answer)
{
	for (unsigned r = 0; r < fit->rooms->len; r++)
		answer->cores_left += g_array_index(fit->rooms, FitRoom, r).free;
	answer->memory_left = place_memory_sum(fit->memory, fit->plan->host->nodes->len);
}

/* As plan would assign them all; with the steps that did when they were counted. */
static void find_assignments(Fit *fit, FitAnswer *answer)
{
	FitSize size = {answer->spec, 1};
	g_autoptr(Problem) problem = NULL;
	g_autoptr(SearchResult) result = NULL;
	g_autofree uint64_t *memory = NULL;
	uint64_t left = fit->part;
	unsigned first;

	fit->part = answer->count.steps;
	problem = fit_problem_with(fit->base, &size, 1, answer->count.fit, answer->movers);
	result = problem_solve(problem);
	fit->part = left - MIN(left, answer->count.steps - fit->part);
	first = problem->specs->len - answer->count.fit;
	answer->cores_left = problem_free_cores(problem);
	for (unsigned i = 0; i < problem->specs->len; i++) {
		const GArray *assignment = g_ptr_array_index(result->assignments, i);

		if (!assignment)
			continue;
		answer->cores_left -= assignment_cores(assignment);
		if (i >= first)
			count_assignment(answer, problem, assignment);
	}
	memory = fit_memory_left(fit->base, problem, result);
	answer->memory_left = place_memory_sum(memory, problem->host->nodes->len);
}

/* What runs out */

/* So many would fit in the cores, had all nodes memory without end. */
static unsigned fit_cores_alone(const Fit *fit, const VmSpec *spec)
{
	g_autoptr(Problem) problem = problem_copy(fit->base->problem);
	FitSize size = {spec, 1};

	for (unsigned n = 0; n < problem->host->nodes->len; n++)
		problem->memory[n] = problem->only[n] = UINT64_MAX;
	return problem_most(problem, &size, 1, FIT_MOST).fit;
}

static FitLimit limit_of(const Fit *fit, const FitAnswer *answer)
{
	if (answer->count.fit < answer->count.bound)
		return FIT_SEARCH;
	if (answer->count.fit >= FIT_MOST)
		return FIT_NOTHING;
	if (answer->cores_alone > answer->count.fit)
		return FIT_MEMORY;
	/* Has a class as many free cores as one more needs? */
	return answer->cores_left >= problem_least_cores(fit->base->problem, answer->spec)
		       ? FIT_TOGETHER
		       : FIT_CORES;
}

void fit_sizes(Fit *fit, const FitOptions *options)
{
	find_ratio(fit);
	choose_sizes(fit, options);
	for (unsigned i = 0; i < fit->sizes->len; i++) {
		FitAnswer *answer = g_ptr_array_index(fit->sizes, i);

		answer->movers = g_ptr_array_new();
		answer->nodes = g_new0(unsigned, fit->base->problem->host->nodes->len + 1);
		fit_budget_next(fit, fit->sizes->len - i + FIT_PARTS_BESIDE_SIZES);
		answer->count = fit_count(fit->base, answer->spec);
		answer->cores_alone = fit_cores_alone(fit, answer->spec);
		if (answer->count.fit || fit->base->moves)
			find_assignments(fit, answer);
		else
			assignments_today(fit, answer);
		answer->limit = limit_of(fit, answer);
		fit_why_not(fit, answer);
	}
}
