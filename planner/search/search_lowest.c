/* SPDX-License-Identifier: MIT */
/*
 * Goal (6): the lowest rooms. From a packing that is best in all other goals, as counts, to
 * assignments.
 *
 * VM after VM, in the problem's order, takes the first place that still leaves a packing as good as
 * that for those that follow. Mostly the packing at hand shows it does: it has a VM of that kind
 * there. Else the exact search is asked. What does not do for one VM does not do for a later one of
 * its kind either, so each place is refused once.
 */
#include "planner/search/search_internal.h"

#include <string.h>

/* A place a VM can take: a room, else a group, else several nodes in the way of a sort. */
typedef struct Place {
	unsigned kind, room, group; /* SEARCH_NEVER unless level 0, 1 */
	const Sort *sort;
	GArray *ideal; /* the assignment there if nobody else were still to be assigned */
} Place;

/* How far the dealing is. */
typedef struct Stand {
	Packing *fixed;	      /* what the VMs that have assignments leave free */
	Packing *rest;	      /* the VMs that have none, and copies; of what is free, rooms count */
	uint64_t value;	      /* what those VMs must still be worth, at least */
	unsigned far, spread; /* and how many of them may be so */
	uint64_t near;	      /* and how far their nodes may be from each other, in all */
	/* of the VM at hand, while it is assigned node by node: as in SearchTask */
	const Sort *half;
	unsigned missing[SEARCH_SLICES], from;
	uint64_t taken;		       /* nodes it has */
	uint64_t nodes[SEARCH_SLICES]; /* where the packing at hand has what is missing */
} Stand;

typedef struct Lowest {
	Answer *answer;
	const Model *model;
	Stand now;
	unsigned *count; /* kind → VMs in the running that still have no assignment */
	unsigned *from;	 /* kind → rooms before this one are refused */
	GArray *refused; /* of Place: what else is */
} Lowest;

static void stand_clear(Stand *stand)
{
	g_clear_pointer(&stand->fixed, packing_free);
	g_clear_pointer(&stand->rest, packing_free);
}

static Stand stand_copy(const Model *model, const Stand *stand)
{
	Stand copy = *stand;

	copy.fixed = packing_copy(model, stand->fixed);
	copy.rest = packing_copy(model, stand->rest);
	return copy;
}

/* Is there a packing for all that has no assignment yet, beside what has one now? Then it is at
 * hand. */
static SearchOutcome lowest_ask(Lowest *l, Stand *stand)
{
	SearchTask task = {.base = stand->fixed,
			   .count = l->count,
			   .value = stand->value,
			   .far = stand->far,
			   .spread = stand->spread,
			   .copies = true,
			   .spare = l->answer->spare,
			   .half = stand->half,
			   .half_from = stand->from};
	Packing *found;
	SearchOutcome outcome;

	memcpy(task.half_missing, stand->missing, sizeof(task.half_missing));
	finder_optimize(l->answer->finder, &task);
	if (l->answer->nearest)
		outcome = near_find(l->answer, &task, stand->near, stand->taken, finder_prove,
				    l->answer->steps, &found, stand->nodes);
	else
		outcome = finder_prove(l->answer->finder, &task, l->answer->steps, &found);
	if (outcome == SEARCH_OUTCOME_UNKNOWN)
		l->answer->proved = false;
	if (outcome != SEARCH_OUTCOME_FOUND)
		return outcome;
	packing_free(stand->rest);
	stand->rest = found;
	if (!l->answer->nearest)
		memcpy(stand->nodes, finder_half(l->answer->finder), sizeof(stand->nodes));
	return outcome;
}

/* Take a VM out of those at hand that has PLACE; false where there is none. */
static bool take_at_hand(const Model *model, Packing *rest, const Place *place)
{
	unsigned *count =
		place->room != SEARCH_NEVER
			? &rest->in_room[(size_t)place->room * model->n_kinds + place->kind]
			: &rest->in_group[(size_t)place->group * model->n_kinds + place->kind];

	if (*count == 0)
		return false;
	--*count;
	rest->placed[place->kind]--;
	return true;
}

/* Put COUNT of it where it belongs among those that have assignments. */
static void lowest_fix(const Model *model, Packing *fixed, const Place *place, int count)
{
	if (place->room != SEARCH_NEVER)
		packing_add_room(model, fixed, place->kind, place->room, count);
	else
		packing_add_group(model, fixed, place->kind, place->group, count);
}

static unsigned place_level(const Place *place)
{
	return place->sort ? place->sort->k : place->room == SEARCH_NEVER;
}

/* One VM of KIND less to be dealt with; false where it may not be far or spread. */
static bool stand_step(const Lowest *l, Stand *stand, const Place *place)
{
	unsigned level = place_level(place), natural = l->model->kinds[place->kind].natural;
	unsigned far = level > MAX(natural, 1), spread = level == 1 && natural == 0;

	if (far > stand->far || spread > stand->spread)
		return false;
	stand->far -= far;
	stand->spread -= spread;
	stand->value -= MIN(stand->value, l->model->kinds[place->kind].value);
	return true;
}

/* Assign a VM in a room or group, if what follows can still be as good. */
static SearchOutcome try_place(Lowest *l, Stand *stand, const Place *place)
{
	Stand before = *stand;
	SearchOutcome outcome = SEARCH_OUTCOME_FOUND;

	if (place->room != SEARCH_NEVER
		    ? !packing_fits_room(l->model, stand->fixed, place->kind, place->room)
		    : !packing_fits_group(l->model, stand->fixed, place->kind, place->group))
		return SEARCH_OUTCOME_NONE;
	if (!stand_step(l, stand, place))
		return SEARCH_OUTCOME_NONE;
	if (take_at_hand(l->model, stand->rest, place)) {
		lowest_fix(l->model, stand->fixed, place, 1);
		return SEARCH_OUTCOME_FOUND;
	}
	lowest_fix(l->model, stand->fixed, place, 1);
	outcome = lowest_ask(l, stand);
	if (outcome == SEARCH_OUTCOME_FOUND)
		return outcome;
	lowest_fix(l->model, stand->fixed, place, -1);
	stand->value = before.value;
	stand->far = before.far;
	stand->spread = before.spread;
	return outcome;
}

/* Level 0, where nothing coarser comes in question. */
static GArray *lowest_assignment_in_room(Lowest *l, unsigned kind)
{
	const Kind *k = &l->model->kinds[kind];
	bool refused = true;

	for (unsigned r = l->from[kind]; r < l->model->problem->n_rooms; r++) {
		Place place = {.kind = kind, .room = r, .group = SEARCH_NEVER};
		SearchOutcome outcome = try_place(l, &l->now, &place);
		unsigned class = l->model->groups[l->model->group_of[r]].class;
		SearchShare share = {r, kind_cores(l->model, k, class), k->vm.vcpus};
		GArray *assignment;

		refused = refused && outcome == SEARCH_OUTCOME_NONE;
		if (refused)
			l->from[kind] = r + 1;
		if (outcome != SEARCH_OUTCOME_FOUND)
			continue;
		assignment = g_array_sized_new(FALSE, FALSE, sizeof(SearchShare), 1);
		g_array_append_val(assignment, share);
		return assignment;
	}
	return NULL;
}

int assignment_compare(const GArray *a, const GArray *b)
{
	for (unsigned i = 0; i < a->len && i < b->len; i++) {
		const SearchShare *x = &g_array_index(a, SearchShare, i);
		const SearchShare *y = &g_array_index(b, SearchShare, i);

		if (x->room != y->room)
			return x->room < y->room ? -1 : 1;
		if (x->cores != y->cores)
			return x->cores > y->cores ? -1 : 1;
		if (x->vcpus != y->vcpus)
			return x->vcpus > y->vcpus ? -1 : 1;
	}
	return a->len < b->len ? -1 : a->len > b->len;
}

/* What a VM still has to get of a group. */
typedef struct LowestNeed {
	unsigned cores, vcpus, per_core;
} LowestNeed;

static LowestNeed lowest_need_of(const Model *model, const Place *place, const Sort *sort,
				 unsigned group)
{
	const Kind *kind = &model->kinds[place->kind];
	unsigned class = model->groups[group].class;

	return (LowestNeed){sort ? sort->slice.cores : kind_cores(model, kind, class),
			    sort ? sort->slice.vcpus : kind->vm.vcpus,
			    kind->vm.isolate ? 1 : model->threads[class]};
}

static void need_take(LowestNeed *need, GArray *assignment, unsigned room, unsigned cores)
{
	SearchShare share = {room, cores, MIN(need->vcpus, cores * need->per_core)};

	if (cores == 0)
		return;
	need->cores -= cores;
	need->vcpus -= share.vcpus;
	g_array_append_val(assignment, share);
}

/* The lowest rooms of a group first, as much as they have; SORT: of a share, NULL = of the VM. */
static void ideal_in_group(const Lowest *l, const Place *place, const Sort *sort, unsigned group,
			   GArray *assignment)
{
	const Group *g = &l->model->groups[group];
	LowestNeed need = lowest_need_of(l->model, place, sort, group);

	for (unsigned i = g->first; i < g->first + g->n_rooms; i++) {
		unsigned room = l->model->rooms[i];

		if (place->room == SEARCH_NEVER || place->room == room)
			need_take(&need, assignment, room,
				  MIN(need.cores, l->now.fixed->room[room]));
	}
}

static bool share_fits(const Model *model, const Packing *fixed, const Sort *sort, unsigned node)
{
	return packing_fits_slice(model, fixed, sort->kind, sort->class, &sort->slice, node);
}

static unsigned assignment_vcpus(const GArray *assignment)
{
	unsigned vcpus = 0;

	for (unsigned i = 0; i < assignment->len; i++)
		vcpus += g_array_index(assignment, SearchShare, i).vcpus;
	return vcpus;
}

/*
 * Shares of as many cores are one sort where memory does not tell them apart. Then all have been
 * given the vCPUs of full cores: what is too much of that is idle in the last of the larger ones.
 */
static void assignment_trim(const Model *model, const Place *place, GArray *assignment)
{
	unsigned idle = assignment_vcpus(assignment) - model->kinds[place->kind].vm.vcpus;
	SearchShare *shares = (SearchShare *)assignment->data;
	const SearchRoom *rooms = model->problem->rooms;

	for (unsigned end = assignment->len, begin; idle > 0 && end > 0; end = begin) {
		unsigned cores = 0;

		for (begin = end; begin > 0 && rooms[shares[begin - 1].room].node ==
						       rooms[shares[end - 1].room].node;)
			cores += shares[--begin].cores;
		if (cores < place->sort->slice.cores)
			continue;
		shares[end - 1].vcpus -= idle;
		return;
	}
}

/* A share in NODE, of a sort that is MISSING, that would come first; 0 = there is none. */
static unsigned ideal_share(const Lowest *l, const Place *place, const unsigned *missing,
			    unsigned node)
{
	for (unsigned i = 0; i < place->sort->end - place->sort->first; i++)
		if (missing[i] > 0 && share_fits(l->model, l->now.fixed, &place->sort[i], node))
			return i + 1;
	return 0;
}

static bool ideal_over_nodes(const Lowest *l, const Place *place, GArray *assignment)
{
	const Model *model = l->model;
	unsigned missing[SEARCH_SLICES] = {0}, left = place->sort->k;

	for (unsigned i = 0; i < place->sort->end - place->sort->first; i++)
		missing[i] = place->sort[i].slice.n;
	for (unsigned n = 0; left > 0 && n < model->problem->n_nodes; n++) {
		unsigned i = ideal_share(l, place, missing, n);

		if (i == 0)
			continue;
		ideal_in_group(l, place, &place->sort[i - 1],
			       model->group_at[n * model->n_classes + place->sort->class],
			       assignment);
		missing[i - 1]--;
		left--;
	}
	if (left == 0)
		assignment_trim(model, place, assignment);
	return left == 0;
}

/* NULL: the VM does not fit there. */
static GArray *ideal_assignment(const Lowest *l, const Place *place)
{
	g_autoptr(GArray) assignment = g_array_new(FALSE, FALSE, sizeof(SearchShare));

	if (place->sort)
		return ideal_over_nodes(l, place, assignment) ? g_steal_pointer(&assignment) : NULL;
	ideal_in_group(l, place, NULL,
		       place->room != SEARCH_NEVER ? l->model->group_of[place->room] : place->group,
		       assignment);
	return g_steal_pointer(&assignment);
}

/* Can a VM that needs cores of the room's group anyway have CORES of this room? */
static SearchOutcome try_cores(Lowest *l, Stand *stand, unsigned room, unsigned cores)
{
	SearchOutcome outcome = SEARCH_OUTCOME_FOUND;

	stand->fixed->room[room] -= cores;
	if (cores <= stand->rest->room[room])
		stand->rest->room[room] -= cores;
	else
		outcome = lowest_ask(l, stand);
	if (outcome != SEARCH_OUTCOME_FOUND)
		stand->fixed->room[room] += cores;
	return outcome;
}

/* As many cores of the room as can be had, WANTED at most. Having fewer is never harder. */
static unsigned most_cores(Lowest *l, Stand *stand, unsigned room, unsigned wanted)
{
	unsigned sure, beyond = wanted;

	if (try_cores(l, stand, room, wanted) == SEARCH_OUTCOME_FOUND)
		return wanted;
	sure = MIN(wanted, stand->rest->room[room]);
	try_cores(l, stand, room, sure);
	while (beyond - sure > 1) {
		unsigned middle = sure + (beyond - sure) / 2;

		if (try_cores(l, stand, room, middle - sure) == SEARCH_OUTCOME_FOUND)
			sure = middle;
		else
			beyond = middle;
	}
	return sure;
}

/* The rooms' cores of a VM, of a share of SORT, that is assigned in GROUP. */
static void deal_cores(Lowest *l, Stand *stand, const Place *place, const Sort *sort,
		       unsigned group, GArray *assignment)
{
	const Group *g = &l->model->groups[group];
	LowestNeed need = lowest_need_of(l->model, place, sort, group);

	for (unsigned i = g->first; i < g->first + g->n_rooms; i++) {
		unsigned room = l->model->rooms[i];
		unsigned wanted = MIN(need.cores, stand->fixed->room[room]);

		if (wanted > 0)
			need_take(&need, assignment, room, most_cores(l, stand, room, wanted));
	}
}

static void take_share(const Model *model, Packing *packing, const Sort *sort, unsigned node,
		       int count)
{
	packing->group[model->group_at[node * model->n_classes + sort->class]] -=
		sort->slice.cores * (unsigned)count;
	if (packing->memory[node] != UINT64_MAX)
		packing->memory[node] -= sort->slice.memory * (uint64_t)(int64_t)count;
}

/* Give the VM at hand a share of its I-th sort in NODE, if it can have the others it misses in
 * later ones. */
static bool try_share(Lowest *l, Stand *stand, unsigned i, unsigned node)
{
	const Sort *sort = &stand->half[i];
	unsigned from = stand->from;
	uint64_t taken = stand->taken;

	if (stand->missing[i] == 0 || !share_fits(l->model, stand->fixed, sort, node))
		return false;
	take_share(l->model, stand->fixed, sort, node, 1);
	stand->missing[i]--;
	stand->from = node + 1;
	stand->taken |= UINT64_C(1) << node;
	if (stand->nodes[i] >> node & 1)
		return true;
	if (lowest_ask(l, stand) == SEARCH_OUTCOME_FOUND)
		return true;
	take_share(l->model, stand->fixed, sort, node, -1);
	stand->missing[i]++;
	stand->from = from;
	stand->taken = taken;
	return false;
}

/* Of two beginnings of an assignment: does A come first, whatever follows in later nodes? */
static bool begins_lower(const GArray *a, const GArray *b)
{
	if (memcmp(a->data, b->data, MIN(a->len, b->len) * sizeof(SearchShare)) == 0)
		return a->len > b->len;
	return assignment_compare(a, b) < 0;
}

/* The share in NODE that comes first, of those that the VM at hand can have there. */
static void lowest_share(Lowest *l, Stand *stand, const Place *place, unsigned node,
			 GArray **assignment)
{
	unsigned sorts = stand->half->end - stand->half->first;
	GArray *best = NULL;
	Stand then = {0};

	for (unsigned i = 0; i < sorts; i++) {
		Stand try = stand_copy(l->model, stand);
		g_autoptr(GArray) with = g_array_copy(*assignment);

		if (try_share(l, &try, i, node)) {
			deal_cores(
				l, &try, place, &place->sort[i],
				l->model->group_at[node * l->model->n_classes + place->sort->class],
				with);
			if (!best || begins_lower(with, best)) {
				g_clear_pointer(&best, g_array_unref);
				best = g_steal_pointer(&with);
				stand_clear(&then);
				then = try;
				continue;
			}
		}
		stand_clear(&try);
	}
	if (!best)
		return;
	g_array_unref(*assignment);
	*assignment = best;
	stand_clear(stand);
	*stand = then;
}

static bool stand_misses(const Stand *stand)
{
	return stand->missing[0] || stand->missing[1] || stand->missing[2];
}

/* The VM at hand as one of those in the packing at hand, if there is one that spans like it. */
static bool take_span_at_hand(const Model *model, Stand *stand)
{
	const GArray *spans = stand->rest->spans;

	for (unsigned i = 0; i < spans->len; i++) {
		const SearchSpan *span = &g_array_index(spans, SearchSpan, i);

		if (span->kind != stand->half->kind || span->level != stand->half->k ||
		    span->class != stand->half->class)
			continue;
		memcpy(stand->nodes, span->nodes, sizeof(stand->nodes));
		packing_take_span(model, stand->rest, i);
		return true;
	}
	return false;
}

/* Node by node, the lowest that do, and their cores. */
static SearchOutcome lowest_assignment_over_nodes(Lowest *l, Stand *stand, const Place *place,
						  GArray **assignment)
{
	SearchOutcome outcome = SEARCH_OUTCOME_FOUND;

	if (!stand_step(l, stand, place))
		return SEARCH_OUTCOME_NONE;
	stand->half = place->sort;
	for (unsigned i = 0; i < SEARCH_SLICES; i++)
		stand->missing[i] =
			i < place->sort->end - place->sort->first ? place->sort[i].slice.n : 0;
	stand->from = 0;
	stand->taken = 0;
	if (!take_span_at_hand(l->model, stand))
		outcome = lowest_ask(l, stand);
	if (outcome != SEARCH_OUTCOME_FOUND)
		return outcome;
	for (unsigned n = 0; stand_misses(stand) && n < l->model->problem->n_nodes; n++)
		lowest_share(l, stand, place, n, assignment);
	stand->near -= MIN(stand->near, nodes_distance(l->model, stand->taken));
	stand->taken = 0;
	assignment_trim(l->model, place, *assignment);
	return SEARCH_OUTCOME_FOUND;
}

/* The assignment in a place and how things stand then. */
static SearchOutcome assignment_in_place(Lowest *l, Stand *stand, const Place *place,
					 GArray **assignment)
{
	SearchOutcome outcome;

	*assignment = g_array_new(FALSE, FALSE, sizeof(SearchShare));
	if (place->sort)
		return lowest_assignment_over_nodes(l, stand, place, assignment);
	outcome = try_place(l, stand, place);
	if (outcome == SEARCH_OUTCOME_FOUND && place->room != SEARCH_NEVER)
		g_array_append_vals(*assignment, place->ideal->data, place->ideal->len);
	else if (outcome == SEARCH_OUTCOME_FOUND)
		deal_cores(l, stand, place, NULL, place->group, *assignment);
	return outcome;
}

static void place_clear(void *data)
{
	g_clear_pointer(&((Place *)data)->ideal, g_array_unref);
}

static bool is_refused(const Lowest *l, const Place *place)
{
	for (unsigned i = 0; i < l->refused->len; i++) {
		const Place *other = &g_array_index(l->refused, Place, i);

		if (other->kind == place->kind && other->room == place->room &&
		    other->group == place->group && other->sort == place->sort)
			return true;
	}
	return false;
}

static void lowest_refuse(Lowest *l, const Place *place)
{
	Place copy = *place;

	copy.ideal = NULL;
	g_array_append_val(l->refused, copy);
}

static void add_place(Lowest *l, GArray *places, Place place)
{
	if (is_refused(l, &place))
		return;
	place.ideal = ideal_assignment(l, &place);
	if (place.ideal && place.ideal->len > 0)
		g_array_append_val(places, place);
}

static int compare_places(const void *a, const void *b)
{
	const Place *x = a, *y = b;
	int order = assignment_compare(x->ideal, y->ideal);

	return order != 0 ? order : (int)place_level(x) - (int)place_level(y);
}

/* Every place a VM of KIND can be assigned to, best ideal assignment first. */
static GArray *places_new(Lowest *l, unsigned kind)
{
	const Model *model = l->model;
	unsigned natural = model->kinds[kind].natural;
	const Rows *rows = finder_rows(l->answer->finder, false);
	GArray *places = g_array_new(FALSE, FALSE, sizeof(Place));

	g_array_set_clear_func(places, place_clear);
	for (unsigned r = 0; natural == 0 && r < model->problem->n_rooms; r++)
		if (packing_fits_room(model, l->now.fixed, kind, r))
			add_place(l, places, (Place){kind, r, SEARCH_NEVER, NULL, NULL});
	for (unsigned g = 0; natural <= 1 && g < model->n_groups; g++)
		if ((natural == 1 || (l->now.spread > 0 && model->groups[g].n_rooms > 1)) &&
		    packing_fits_group(model, l->now.fixed, kind, g))
			add_place(l, places, (Place){kind, SEARCH_NEVER, g, NULL, NULL});
	for (unsigned i = 0; i < rows->n_sorts; i++)
		if (rows->sorts[i].kind == kind && rows->sorts[i].first == i &&
		    (!rows->sorts[i].coarse || l->now.far > 0))
			add_place(l, places,
				  (Place){kind, SEARCH_NEVER, SEARCH_NEVER, &rows->sorts[i], NULL});
	if (places->len > 1)
		qsort(places->data, places->len, sizeof(Place), compare_places);
	return places;
}

/* Try PLACE; an assignment there that comes before *BEST takes its place, and its stand *THEN's. */
static void lowest_consider(Lowest *l, const Place *place, GArray **best, Stand *then)
{
	Stand stand = stand_copy(l->model, &l->now);
	GArray *assignment;
	SearchOutcome outcome = assignment_in_place(l, &stand, place, &assignment);

	if (outcome == SEARCH_OUTCOME_NONE)
		lowest_refuse(l, place);
	if (outcome != SEARCH_OUTCOME_FOUND ||
	    (*best && assignment_compare(*best, assignment) <= 0)) {
		g_array_unref(assignment);
		stand_clear(&stand);
		return;
	}
	g_clear_pointer(best, g_array_unref);
	stand_clear(then);
	*best = assignment;
	*then = stand;
	memset(then->missing, 0, sizeof(then->missing));
}

/* Any level. A place's ideal assignment says whether it can beat the best assignment so far. */
static GArray *assign_anywhere(Lowest *l, unsigned kind)
{
	g_autoptr(GArray) places = places_new(l, kind);
	GArray *best = NULL;
	Stand then = {0};

	for (unsigned i = 0; i < places->len; i++) {
		const Place *place = &g_array_index(places, Place, i);

		if (best && assignment_compare(best, place->ideal) <= 0)
			break;
		lowest_consider(l, place, &best, &then);
	}
	if (best) {
		stand_clear(&l->now);
		l->now = then;
	}
	return best;
}

static GArray *assign_vm(Lowest *l, unsigned kind)
{
	GArray *assignment;

	if (l->count[kind] == 0)
		return NULL;
	l->count[kind]--;
	assignment = l->model->kinds[kind].natural == 0 && l->now.spread + l->now.far == 0
			     ? lowest_assignment_in_room(l, kind)
			     : assign_anywhere(l, kind);
	/* Where one finds no place, none of its kind does. */
	if (!assignment)
		l->count[kind] = 0;
	return assignment;
}

static void free_assignment(void *assignment)
{
	if (assignment)
		g_array_unref(assignment);
}

GPtrArray *assignments_new(void)
{
	return g_ptr_array_new_with_free_func(free_assignment);
}

GPtrArray *answer_lowest(Answer *a)
{
	const Model *model = a->model;
	GPtrArray *assignments = assignments_new();
	g_autofree unsigned *from = g_new0(unsigned, model->n_kinds + 1);
	g_autoptr(GArray) refused = g_array_new(FALSE, FALSE, sizeof(Place));
	Lowest l = {.answer = a,
		    .model = model,
		    .now = {.fixed = packing_new(model),
			    .rest = packing_copy(model, a->packing),
			    .value = a->value,
			    .far = a->far,
			    .spread = a->spread,
			    .near = a->near},
		    .count = a->count,
		    .from = from,
		    .refused = refused};

	for (unsigned i = 0; i < model->problem->n_vms; i++)
		g_ptr_array_add(assignments, assign_vm(&l, model->kind_of[i]));
	stand_clear(&l.now);
	return assignments;
}
