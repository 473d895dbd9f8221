/* SPDX-License-Identifier: MIT */
#include "planner/assign/fleet_more.h"
#include "planner/fit/fleet.h"

/* Requests that are alike. */
typedef struct MoreClass {
	const Request *request;
	unsigned left;	/* to be placed */
	unsigned taken; /* by the node at hand */
	unsigned cores; /* the fewest that one takes */
	FitCount alone; /* how many an empty node takes of them alone */
	bool never;
	bool refused; /* the node at hand does not take one more */
} MoreClass;

typedef struct More {
	const Host *host;
	Inventory *inventory; /* without VMs but while one is planned */
	FitBase *base;	      /* the empty node */
	GArray *classes;      /* of MoreClass, in the order they are decided in */
	unsigned *questions;  /* that may still be asked */
	unsigned cores;	      /* of the empty node */
	uint64_t memory;      /* UINT64_MAX = not known */
} More;

static MoreClass *more_class(const More *more, unsigned i)
{
	return &g_array_index(more->classes, MoreClass, i);
}

static bool more_alike(const Request *a, const Request *b)
{
	return problem_specs_alike(a->spec, b->spec) && a->cpu_pm == b->cpu_pm &&
	       !g_strcmp0(a->group, b->group);
}

static void more_add(More *more, const Request *request)
{
	MoreClass class = {.request = request, .left = 1};

	for (unsigned i = 0; i < more->classes->len; i++)
		if (more_alike(more_class(more, i)->request, request)) {
			more_class(more, i)->left++;
			return;
		}
	g_array_append_val(more->classes, class);
}

static bool more_asks(const More *more)
{
	return *more->questions > 0;
}

static void more_count_question(const More *more)
{
	if (*more->questions)
		--*more->questions;
}

/* One node */

/* Do all have a place that the node at hand takes? */
static bool more_fits(const More *more)
{
	g_autoptr(GArray) sizes = g_array_new(FALSE, FALSE, sizeof(FitSize));

	more_count_question(more);
	for (unsigned i = 0; i < more->classes->len; i++) {
		const MoreClass *class = more_class(more, i);
		FitSize size = {class->request->spec, class->taken};

		if (class->taken)
			g_array_append_val(sizes, size);
	}
	return fit_placed(more->base, (const FitSize *)sizes->data, sizes->len, 1);
}

/* And does plan place them? */
static bool more_planned(const More *more)
{
	g_autoptr(Plan) plan = NULL;
	PlanOptions options = {.budget = FLEET_BUDGET_MOST, .unexplained = true};
	bool good;

	more_count_question(more);
	for (unsigned i = 0; i < more->classes->len; i++) {
		const MoreClass *class = more_class(more, i);

		for (unsigned n = 0; n < class->taken; n++) {
			g_autofree char *name = g_strdup_printf("%u-%u", i, n);

			g_ptr_array_add(more->inventory->vms,
					vm_spec_copy(class->request->spec, name));
		}
	}
	plan = plan_compute(more->host, more->inventory, NULL, &options);
	good = !plan_bad(plan);
	g_clear_pointer(&plan, plan_free);
	g_ptr_array_set_size(more->inventory->vms, 0);
	return good;
}

static bool more_has_group(const More *more, const char *group)
{
	for (unsigned i = 0; group && i < more->classes->len; i++)
		if (more_class(more, i)->taken &&
		    !g_strcmp0(more_class(more, i)->request->group, group))
			return true;
	return false;
}

/* Cores that the node at hand has left, at most. */
static unsigned more_cores_left(const More *more)
{
	unsigned left = more->cores;

	for (unsigned i = 0; i < more->classes->len; i++)
		left -= more_class(more, i)->taken * more_class(more, i)->cores;
	return left;
}

/* And memory; UINT64_MAX = not known. */
static uint64_t more_memory_left(const More *more)
{
	uint64_t left = more->memory;

	for (unsigned i = 0; left != UINT64_MAX && i < more->classes->len; i++)
		left -= MIN(left, more_class(more, i)->taken *
					  more_class(more, i)->request->spec->memory);
	return left;
}

/* Was one like CLASS, but for its group, refused by the node at hand? */
static bool more_refused_alike(const More *more, const MoreClass *class)
{
	for (unsigned i = 0; i < more->classes->len; i++)
		if (more_class(more, i)->refused &&
		    problem_specs_alike(more_class(more, i)->request->spec, class->request->spec))
			return true;
	return false;
}

/* Have the node at hand take as many of CLASS as it can beside what it has. */
static void more_take(const More *more, MoreClass *class)
{
	unsigned fit = 0, most = class->request->group ? MIN(class->left, 1) : class->left;
	uint64_t memory = class->request->spec->memory;

	if (class->never || !most || more_has_group(more, class->request->group))
		return;
	most = MIN(MIN(most, class->alone.fit), more_cores_left(more) / class->cores);
	if (memory)
		most = (unsigned)MIN(most, more_memory_left(more) / memory);
	if (!most || more_refused_alike(more, class))
		return;
	while (fit < most) {
		class->taken = fit + (most - fit + 1) / 2;
		if (more_fits(more)) {
			fit = class->taken;
		} else {
			most = class->taken - 1;
			class->refused = true;
		}
	}
	class->taken = fit;
}

/* What the search found and plan does not place, the smallest VM first, is given back. */
static void more_settle(const More *more)
{
	for (unsigned i = more->classes->len; i-- > 0 && !more_planned(more);)
		while (more_class(more, i)->taken) {
			more_class(more, i)->taken--;
			if (more_planned(more))
				return;
		}
}

/* Nodes filled like the node at hand, as long as there are VMs for all of it; 0 = it takes none. */
static unsigned more_repeat(const More *more)
{
	unsigned times = G_MAXUINT;

	for (unsigned i = 0; i < more->classes->len; i++)
		if (more_class(more, i)->taken)
			times = MIN(times, more_class(more, i)->left / more_class(more, i)->taken);
	if (times == G_MAXUINT)
		return 0;
	for (unsigned i = 0; i < more->classes->len; i++) {
		more_class(more, i)->left -= times * more_class(more, i)->taken;
		more_class(more, i)->taken = 0;
	}
	return times;
}

static unsigned more_fill(const More *more)
{
	for (unsigned i = 0; i < more->classes->len; i++)
		more_class(more, i)->refused = false;
	for (unsigned i = 0; i < more->classes->len && more_asks(more); i++)
		more_take(more, more_class(more, i));
	more_settle(more);
	return more_repeat(more);
}

/* Those that not even an empty node takes. */
static unsigned more_find_never(const More *more)
{
	bool cpu_pm = fleet_cpu_pm_on(more->host, more->inventory, CPU_MODE_HOST_MODEL);
	unsigned never = 0;

	for (unsigned i = 0; i < more->classes->len; i++) {
		MoreClass *class = more_class(more, i);

		class->cores = problem_least_cores(more->base->problem, class->request->spec);
		class->never = class->request->cpu_pm && !cpu_pm;
		if (!class->never) {
			more_count_question(more);
			class->alone = fit_count(more->base, class->request->spec);
			class->taken = 1;
			class->never =
				!class->alone.fit || (more_asks(more) && !more_planned(more));
			class->taken = 0;
		}
		never += class->never ? class->left : 0;
	}
	return never;
}

/* Nodes for what is left, each size on its own. */
static unsigned more_by_size(const More *more)
{
	unsigned nodes = 0;

	for (unsigned i = 0; i < more->classes->len; i++) {
		const MoreClass *class = more_class(more, i);
		unsigned each = class->request->group ? 1 : class->alone.fit;

		if (!class->never)
			nodes += (class->left + each - 1) / each;
	}
	return nodes;
}

/* Bounds */

static unsigned more_over(uint64_t all, uint64_t each)
{
	return each && each != UINT64_MAX ? (unsigned)((all + each - 1) / each) : 0;
}

static unsigned more_least_by_cores(const More *more)
{
	uint64_t all = 0;

	for (unsigned i = 0; i < more->classes->len; i++)
		if (!more_class(more, i)->never)
			all += (uint64_t)more_class(more, i)->left * more_class(more, i)->cores;
	return more_over(all, more->cores);
}

static unsigned more_least_by_memory(const More *more)
{
	uint64_t all = 0;

	for (unsigned i = 0; i < more->classes->len; i++)
		if (!more_class(more, i)->never)
			all += more_class(more, i)->left *
			       more_class(more, i)->request->spec->memory;
	return more_over(all, more->memory);
}

/* VMs alike but for their groups need nodes of their own for what one node takes of them; those of
 * one group a node each. */
static unsigned more_least_alone(const More *more, const MoreClass *class)
{
	const Request *request = class->request;
	unsigned alike = 0, group = 0;

	for (unsigned i = 0; i < more->classes->len; i++) {
		const MoreClass *other = more_class(more, i);

		if (other->never)
			continue;
		if (problem_specs_alike(other->request->spec, request->spec))
			alike += other->left;
		if (request->group && !g_strcmp0(other->request->group, request->group))
			group += other->left;
	}
	return MAX(group, more_over(alike, class->alone.bound));
}

static unsigned more_least(const More *more)
{
	unsigned least = MAX(more_least_by_cores(more), more_least_by_memory(more));

	for (unsigned i = 0; i < more->classes->len; i++)
		if (!more_class(more, i)->never)
			least = MAX(least, more_least_alone(more, more_class(more, i)));
	return least;
}

FleetMore fleet_more(const Host *host, Inventory *inventory, const GPtrArray *requests,
		     unsigned *questions)
{
	g_autoptr(GArray) classes = g_array_new(FALSE, FALSE, sizeof(MoreClass));
	PlanOptions options = {.budget = FLEET_BUDGET_MOST};
	g_autoptr(FitBase) base = NULL;
	More more = {
		.host = host, .inventory = inventory, .classes = classes, .questions = questions};
	FleetMore answer = {0};

	g_ptr_array_set_size(inventory->vms, 0);
	base = more.base = fit_base_new(host, inventory, &options);
	more.cores = problem_free_cores(base->problem);
	more.memory = place_memory_sum(base->problem->memory, base->problem->host->nodes->len);
	for (unsigned i = 0; i < requests->len; i++)
		more_add(&more, g_ptr_array_index(requests, i));
	answer.never = more_find_never(&more);
	answer.least = more_least(&more);
	for (unsigned nodes; more_asks(&more) && (nodes = more_fill(&more));)
		answer.nodes += nodes;
	if (!more_asks(&more))
		answer.nodes += more_by_size(&more);
	return answer;
}
