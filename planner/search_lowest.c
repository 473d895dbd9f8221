/* SPDX-License-Identifier: MIT */
/*
 * Goal (5): the lowest rooms. From a packing that is best in all other goals, as counts, to seats.
 *
 * VM after VM, in the problem's order, takes the first place that still leaves a packing as good as
 * that for those that follow. Mostly the packing at hand shows it does: it has a VM of that kind
 * there, or would have after an exchange. Else the exact search is asked. What does not do for one
 * VM does not do for a later one of its kind either, so each place is refused once.
 */
#include "planner/search_internal.h"

#include <string.h>

/* Beyond so many sets of nodes a VM takes the one the packing at hand has. */
#define MOST_SPANS 4096
/* Sets of VMs looked at for an exchange. */
#define MOST_EXCHANGES 256

/* A place a VM can take. */
typedef struct Place {
	unsigned room, group; /* SEARCH_NEVER unless level 0, 1 */
	Span span;
	GArray *ideal; /* the seat there if nobody else were still to be seated */
} Place;

/* How far the dealing is. */
typedef struct Stand {
	Packing *fixed; /* the VMs that have seats; what is free beside them */
	Packing *rest;	/* the VMs that have none, and copies; what is free beside all */
	uint64_t value; /* what those VMs must still be worth, at least */
	unsigned left;	/* and how many of them may be left */
} Stand;

typedef struct Lowest {
	Answer *answer;
	const Model *model;
	Stand now;
	unsigned *count; /* kind → VMs in the running that still have no seat */
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

/* Is there a packing for all that has no seat yet, beside what has one now? Then it is at hand. */
static Outcome ask(Lowest *l, Stand *stand, uint64_t value, unsigned left)
{
	Task task = {.base = stand->fixed,
		     .count = l->count,
		     .value = value,
		     .left = left,
		     .copies = true,
		     .spare = l->answer->spare};
	Packing *found;
	Outcome outcome = finder_run(l->answer->finder, &task, l->answer->steps, &found);

	if (outcome == OUTCOME_UNKNOWN)
		l->answer->proved = false;
	if (outcome != OUTCOME_FOUND)
		return outcome;
	packing_free(stand->rest);
	stand->rest = found;
	return outcome;
}

/*
 * Exchanges. To have a VM of KIND in ROOM, which it is to share with nobody's seat yet, swap one in
 * room OTHER for VMs of ROOM that take its place there.
 */
typedef struct Exchange {
	const Model *model;
	Packing *rest;
	unsigned kind, room, other;
	unsigned least, most;	      /* cores the VMs that move take */
	uint64_t least_mem, most_mem; /* and memory */
	unsigned looks;
	unsigned *moving; /* kind → VMs */
} Exchange;

/* Choose among kinds K …; CORES and MEMORY are what the chosen ones take already. */
static bool choose_moving(Exchange *x, unsigned k, unsigned cores, uint64_t memory)
{
	const Model *model = x->model;
	unsigned class = model->groups[model->group_of[x->room]].class, need, most;
	unsigned node = model->groups[model->group_of[x->other]].node;

	while (k < model->n_kinds && x->rest->in_room[(size_t)x->room * model->n_kinds + k] == 0)
		k++;
	if (cores >= x->least && memory >= x->least_mem)
		return true;
	if (k == model->n_kinds || x->looks++ == MOST_EXCHANGES)
		return false;
	need = share_cores(model, &model->kinds[k], class, 1);
	most = MIN(x->rest->in_room[(size_t)x->room * model->n_kinds + k],
		   (x->most - cores) / need);
	if (model->kinds[k].memory > 0)
		most = (unsigned)MIN(most, (x->most_mem - memory) / model->kinds[k].memory);
	if (model->kinds[k].vm.node != G_MAXUINT && model->kinds[k].vm.node != node)
		most = 0;
	for (unsigned count = most + 1; count-- > 0;) {
		x->moving[k] = count;
		if (choose_moving(x, k + 1, cores + count * need,
				  memory + count * model->kinds[k].memory))
			return true;
	}
	return false;
}

static unsigned less(unsigned a, unsigned b)
{
	return a > b ? a - b : 0;
}

/* What may and must move so that both rooms, groups and nodes have enough afterwards. */
static void exchange_limits(Exchange *x, unsigned need, uint64_t memory)
{
	const Model *model = x->model;
	const Packing *rest = x->rest;
	unsigned g = model->group_of[x->room], h = model->group_of[x->other];
	unsigned m = model->groups[g].node, n = model->groups[h].node;

	x->least = less(need, rest->room[x->room]);
	x->most = need + rest->room[x->other];
	if (g != h) {
		x->least = MAX(x->least, less(need, rest->group[g]));
		x->most = MIN(x->most, need + rest->group[h]);
	}
	x->most_mem = UINT64_MAX;
	if (m == n)
		return;
	x->least_mem = memory > rest->memory[m] ? memory - rest->memory[m] : 0;
	if (rest->memory[n] != UINT64_MAX)
		x->most_mem = memory + rest->memory[n];
}

static bool exchange(const Model *model, Packing *rest, unsigned kind, unsigned room,
		     unsigned other)
{
	unsigned class = model->groups[model->group_of[room]].class;
	unsigned need = share_cores(model, &model->kinds[kind], class, 1);
	g_autofree unsigned *moving = g_new0(unsigned, model->n_kinds + 1);
	Exchange x = {.model = model,
		      .rest = rest,
		      .kind = kind,
		      .room = room,
		      .other = other,
		      .moving = moving};

	if (class != model->groups[model->group_of[other]].class)
		return false;
	exchange_limits(&x, need, model->kinds[kind].memory);
	if (!choose_moving(&x, 0, 0, 0))
		return false;
	for (unsigned k = 0; k < model->n_kinds; k++) {
		packing_add_room(model, rest, k, room, -(int)moving[k]);
		packing_add_room(model, rest, k, other, (int)moving[k]);
	}
	packing_add_room(model, rest, kind, other, -1);
	packing_add_room(model, rest, kind, room, 1);
	return true;
}

/* Does the packing at hand have a VM of KIND in ROOM, perhaps after an exchange? */
static bool at_hand(const Model *model, Packing *rest, unsigned kind, unsigned room)
{
	if (rest->in_room[(size_t)room * model->n_kinds + kind] > 0)
		return true;
	for (unsigned r = 0; r < model->problem->n_rooms; r++)
		if (r != room && rest->in_room[(size_t)r * model->n_kinds + kind] > 0 &&
		    exchange(model, rest, kind, room, r))
			return true;
	return false;
}

/* Take a VM of KIND, with its PLACE, out of those at hand; false where there is none. */
static bool take_at_hand(const Model *model, Packing *rest, unsigned kind, const Place *place)
{
	unsigned *count = NULL;

	if (place->room != SEARCH_NEVER) {
		if (!at_hand(model, rest, kind, place->room))
			return false;
		count = &rest->in_room[(size_t)place->room * model->n_kinds + kind];
	} else if (place->group != SEARCH_NEVER) {
		count = &rest->in_group[(size_t)place->group * model->n_kinds + kind];
		if (*count == 0)
			return false;
	}
	for (unsigned i = 0; !count; i++) {
		const Span *span = &g_array_index(rest->spans, Span, i);

		if (i == rest->spans->len)
			return false;
		if (span->kind != kind || span->level != place->span.level ||
		    span->class != place->span.class || span->nodes != place->span.nodes)
			continue;
		g_array_remove_index(rest->spans, i);
		break;
	}
	if (count)
		--*count;
	rest->placed[kind]--;
	return true;
}

/* Give it its place among those that have seats; or, COUNT being -1, take it back. */
static void fix(const Model *model, Packing *fixed, unsigned kind, const Place *place, int count)
{
	if (place->room != SEARCH_NEVER)
		packing_add_room(model, fixed, kind, place->room, count);
	else if (place->group != SEARCH_NEVER)
		packing_add_group(model, fixed, kind, place->group, count);
	else if (count > 0)
		packing_add_span(model, fixed, place->span);
	else
		packing_take_span(model, fixed, fixed->spans->len - 1);
}

static bool place_fits(const Model *model, const Packing *fixed, unsigned kind, const Place *place)
{
	if (place->room != SEARCH_NEVER)
		return packing_fits_room(model, fixed, kind, place->room);
	if (place->group != SEARCH_NEVER)
		return packing_fits_group(model, fixed, kind, place->group);
	for (unsigned n = 0; n < model->problem->n_nodes; n++)
		if (place->span.nodes >> n & 1 &&
		    !packing_fits_share(model, fixed, &place->span, n))
			return false;
	return true;
}

static unsigned place_level(const Place *place)
{
	return place->room != SEARCH_NEVER    ? 0
	       : place->group != SEARCH_NEVER ? 1
					      : place->span.level;
}

/* Seat a VM of KIND there, if what follows can still be as good. Its count is taken off already. */
static Outcome try_place(Lowest *l, Stand *stand, unsigned kind, const Place *place)
{
	unsigned coarse = place_level(place) > l->model->kinds[kind].natural;
	uint64_t value = stand->value - MIN(stand->value, l->model->kinds[kind].value);
	Outcome outcome = OUTCOME_FOUND;

	if (coarse > stand->left || !place_fits(l->model, stand->fixed, kind, place))
		return OUTCOME_NONE;
	if (take_at_hand(l->model, stand->rest, kind, place)) {
		fix(l->model, stand->fixed, kind, place, 1);
	} else {
		fix(l->model, stand->fixed, kind, place, 1);
		outcome = ask(l, stand, value, stand->left - coarse);
	}
	if (outcome != OUTCOME_FOUND) {
		fix(l->model, stand->fixed, kind, place, -1);
		return outcome;
	}
	stand->value = value;
	stand->left -= coarse;
	return outcome;
}

/* Level 0, where nothing coarser comes in question. */
static GArray *seat_in_room(Lowest *l, unsigned kind)
{
	const Kind *k = &l->model->kinds[kind];
	bool refused = true;

	for (unsigned r = l->from[kind]; r < l->model->problem->n_rooms; r++) {
		Place place = {.room = r, .group = SEARCH_NEVER};
		Outcome outcome = try_place(l, &l->now, kind, &place);
		unsigned class = l->model->groups[l->model->group_of[r]].class;
		SearchShare share = {r, share_cores(l->model, k, class, 1), k->vm.vcpus};
		GArray *seat;

		refused = refused && outcome == OUTCOME_NONE;
		if (refused)
			l->from[kind] = r + 1;
		if (outcome != OUTCOME_FOUND)
			continue;
		seat = g_array_sized_new(FALSE, FALSE, sizeof(SearchShare), 1);
		g_array_append_val(seat, share);
		return seat;
	}
	return NULL;
}

/* Lower rooms, in each more cores, come first. */
static int compare_seats(const GArray *a, const GArray *b)
{
	for (unsigned i = 0; i < a->len && i < b->len; i++) {
		const SearchShare *x = &g_array_index(a, SearchShare, i);
		const SearchShare *y = &g_array_index(b, SearchShare, i);

		if (x->room != y->room)
			return x->room < y->room ? -1 : 1;
		if (x->cores != y->cores)
			return x->cores > y->cores ? -1 : 1;
	}
	return a->len < b->len ? -1 : a->len > b->len;
}

/* What a VM still has to get of a group. */
typedef struct Part {
	unsigned cores, vcpus, per_core;
} Part;

/* The groups a place is in, and what of the VM belongs in each. */
static Part *parts_new(const Model *model, unsigned kind, const Place *place)
{
	Part *parts = g_new0(Part, model->n_groups + 1);
	const Kind *k = &model->kinds[kind];
	unsigned level = MAX(place_level(place), 1);

	for (unsigned g = 0; g < model->n_groups; g++) {
		const Group *group = &model->groups[g];
		bool in = place->group == g ||
			  (place->room != SEARCH_NEVER && model->group_of[place->room] == g) ||
			  (level > 1 && place->span.class == group->class &&
			   place->span.nodes >> group->node & 1);

		if (in)
			parts[g] = (Part){share_cores(model, k, group->class, level),
					  k->vm.vcpus / level,
					  k->vm.isolate ? 1 : model->threads[group->class]};
	}
	return parts;
}

static void part_take(Part *part, GArray *seat, unsigned room, unsigned cores)
{
	SearchShare share = {room, cores, MIN(part->vcpus, cores * part->per_core)};

	if (cores == 0)
		return;
	part->cores -= cores;
	part->vcpus -= share.vcpus;
	g_array_append_val(seat, share);
}

/* The lowest rooms first, as much as they have. */
static GArray *ideal_seat(const Lowest *l, unsigned kind, const Place *place)
{
	g_autofree Part *parts = parts_new(l->model, kind, place);
	GArray *seat = g_array_new(FALSE, FALSE, sizeof(SearchShare));

	for (unsigned r = 0; r < l->model->problem->n_rooms; r++) {
		unsigned g = l->model->group_of[r];

		if (place->room == SEARCH_NEVER || place->room == r)
			part_take(&parts[g], seat, r, MIN(parts[g].cores, l->now.fixed->room[r]));
	}
	return seat;
}

/* Can a VM that needs cores of the room's group anyway have CORES of this room? */
static Outcome try_cores(Lowest *l, Stand *stand, unsigned room, unsigned cores)
{
	Outcome outcome = OUTCOME_FOUND;

	if (cores <= stand->rest->room[room]) {
		stand->rest->room[room] -= cores;
		stand->fixed->room[room] -= cores;
		return OUTCOME_FOUND;
	}
	stand->fixed->room[room] -= cores;
	outcome = ask(l, stand, stand->value, stand->left);
	if (outcome != OUTCOME_FOUND)
		stand->fixed->room[room] += cores;
	return outcome;
}

/* As many cores of the room as can be had, WANTED at most. Having fewer is never harder. */
static unsigned most_cores(Lowest *l, Stand *stand, unsigned room, unsigned wanted)
{
	unsigned sure = MIN(wanted, stand->rest->room[room]), beyond = wanted + 1;

	if (try_cores(l, stand, room, wanted) == OUTCOME_FOUND)
		return wanted;
	beyond = wanted;
	try_cores(l, stand, room, sure);
	while (beyond - sure > 1) {
		unsigned middle = sure + (beyond - sure) / 2;

		if (try_cores(l, stand, room, middle - sure) == OUTCOME_FOUND)
			sure = middle;
		else
			beyond = middle;
	}
	return sure;
}

/* The seat of a VM that is placed: at level 1 and wider its rooms' cores are still to be dealt. */
static GArray *deal_cores(Lowest *l, Stand *stand, unsigned kind, const Place *place)
{
	g_autofree Part *parts = parts_new(l->model, kind, place);
	GArray *seat;

	if (place->room != SEARCH_NEVER)
		return g_array_ref(place->ideal);
	seat = g_array_new(FALSE, FALSE, sizeof(SearchShare));
	for (unsigned r = 0; r < l->model->problem->n_rooms; r++) {
		Part *part = &parts[l->model->group_of[r]];
		unsigned wanted = MIN(part->cores, stand->fixed->room[r]);

		if (wanted > 0)
			part_take(part, seat, r, most_cores(l, stand, r, wanted));
	}
	return seat;
}

static void place_clear(void *data)
{
	Place *place = data;

	g_clear_pointer(&place->ideal, g_array_unref);
}

/* PLACE as one of PLACES, if it is one at all. */
static void add_place(Lowest *l, GArray *places, unsigned kind, Place place)
{
	if (!place_fits(l->model, l->now.fixed, kind, &place))
		return;
	place.ideal = ideal_seat(l, kind, &place);
	g_array_append_val(places, place);
}

/* Every set of nodes with MISSING more from NODE on; false when they are too many. */
static bool add_spans(Lowest *l, GArray *places, Span span, unsigned node, unsigned missing)
{
	Place place = {SEARCH_NEVER, SEARCH_NEVER, span, NULL};

	if (missing == 0) {
		add_place(l, places, span.kind, place);
		return places->len < MOST_SPANS;
	}
	for (unsigned n = node; n + missing <= l->model->problem->n_nodes; n++) {
		Span more = span;

		if (!packing_fits_share(l->model, l->now.fixed, &span, n))
			continue;
		more.nodes |= UINT64_C(1) << n;
		if (!add_spans(l, places, more, n + 1, missing - 1))
			return false;
	}
	return true;
}

/* The places wider than a node, up to LEVEL at most. */
static void add_all_spans(Lowest *l, GArray *places, unsigned kind, unsigned first, unsigned last)
{
	const Model *model = l->model;
	const GArray *spans = l->now.rest->spans;
	bool all = true;

	for (unsigned level = MAX(first, 2); all && level <= last; level++)
		for (unsigned c = 0; all && c < model->n_classes; c++)
			if (share_possible(model, &model->kinds[kind], level))
				all = add_spans(l, places, (Span){kind, c, level, 0}, 0, level);
	for (unsigned i = 0; !all && i < spans->len; i++) {
		const Span *span = &g_array_index(spans, Span, i);

		l->answer->proved = false;
		if (span->kind == kind)
			add_place(l, places, kind,
				  (Place){SEARCH_NEVER, SEARCH_NEVER, *span, NULL});
	}
}

static int compare_places(const void *a, const void *b)
{
	return compare_seats(((const Place *)a)->ideal, ((const Place *)b)->ideal);
}

/* Every place a VM of KIND can come to sit at, best first. */
static GArray *places_new(Lowest *l, unsigned kind)
{
	const Model *model = l->model;
	unsigned natural = model->kinds[kind].natural;
	GArray *places = g_array_new(FALSE, FALSE, sizeof(Place));

	g_array_set_clear_func(places, place_clear);
	for (unsigned r = 0; natural == 0 && r < model->problem->n_rooms; r++)
		add_place(l, places, kind, (Place){.room = r, .group = SEARCH_NEVER});
	for (unsigned g = 0; natural <= 1 && g < model->n_groups; g++)
		if (natural == 1 || (l->now.left > 0 && model->groups[g].n_rooms > 1))
			add_place(l, places, kind, (Place){.room = SEARCH_NEVER, .group = g});
	if (natural >= 2 || l->now.left > 0)
		add_all_spans(l, places, kind, natural,
			      l->now.left > 0 ? model->problem->n_nodes : natural);
	if (places->len) /* an empty array has no data, and qsort() wants some */
		qsort(places->data, places->len, sizeof(Place), compare_places);
	return places;
}

static bool is_refused(const Lowest *l, unsigned kind, const Place *place)
{
	for (unsigned i = 0; i < l->refused->len; i++) {
		const Place *other = &g_array_index(l->refused, Place, i);

		if (other->span.kind == kind && other->room == place->room &&
		    other->group == place->group && other->span.level == place->span.level &&
		    other->span.class == place->span.class &&
		    other->span.nodes == place->span.nodes)
			return true;
	}
	return false;
}

static void refuse(Lowest *l, unsigned kind, const Place *place)
{
	Place copy = *place;

	copy.ideal = NULL;
	copy.span.kind = kind;
	g_array_append_val(l->refused, copy);
}

/* Try PLACE; a seat there that comes before *BEST takes its place, and its stand *THEN's. */
static void consider(Lowest *l, unsigned kind, const Place *place, GArray **best, Stand *then)
{
	Stand stand = stand_copy(l->model, &l->now);
	Outcome outcome = try_place(l, &stand, kind, place);
	GArray *seat;

	if (outcome == OUTCOME_NONE)
		refuse(l, kind, place);
	if (outcome != OUTCOME_FOUND) {
		stand_clear(&stand);
		return;
	}
	seat = deal_cores(l, &stand, kind, place);
	if (*best && compare_seats(*best, seat) <= 0) {
		g_array_unref(seat);
		stand_clear(&stand);
		return;
	}
	g_clear_pointer(best, g_array_unref);
	stand_clear(then);
	*best = seat;
	*then = stand;
}

/* Any level. A place's ideal seat says whether it can beat the best seat so far. */
static GArray *seat_anywhere(Lowest *l, unsigned kind)
{
	g_autoptr(GArray) places = places_new(l, kind);
	GArray *best = NULL;
	Stand then = {0};

	for (unsigned i = 0; i < places->len; i++) {
		const Place *place = &g_array_index(places, Place, i);

		if (best && compare_seats(best, place->ideal) <= 0)
			break;
		if (!is_refused(l, kind, place))
			consider(l, kind, place, &best, &then);
	}
	if (best) {
		stand_clear(&l->now);
		l->now = then;
	}
	return best;
}

static GArray *seat_vm(Lowest *l, unsigned kind)
{
	GArray *seat;

	if (l->count[kind] == 0)
		return NULL;
	l->count[kind]--;
	seat = l->model->kinds[kind].natural == 0 && l->now.left == 0 ? seat_in_room(l, kind)
								      : seat_anywhere(l, kind);
	/* Where one finds no place, none of its kind does. */
	if (!seat)
		l->count[kind] = 0;
	return seat;
}

static void free_seat(gpointer seat)
{
	if (seat)
		g_array_unref(seat);
}

GPtrArray *answer_lowest(Answer *a)
{
	const Model *model = a->model;
	GPtrArray *seats = g_ptr_array_new_with_free_func(free_seat);
	g_autofree unsigned *from = g_new0(unsigned, model->n_kinds + 1);
	g_autoptr(GArray) refused = g_array_new(FALSE, FALSE, sizeof(Place));
	Lowest l = {.answer = a,
		    .model = model,
		    .now = {packing_new(model), packing_copy(model, a->packing), a->value, a->left},
		    .count = a->count,
		    .from = from,
		    .refused = refused};

	for (unsigned i = 0; i < model->problem->n_vms; i++)
		g_ptr_array_add(seats, seat_vm(&l, model->kind_of[i]));
	stand_clear(&l.now);
	return seats;
}
