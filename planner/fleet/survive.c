/* SPDX-License-Identifier: MIT */
#include "planner/fleet/survive.h"

#include <string.h>

/* Units */

static void survive_unit_free(gpointer data)
{
	SurviveUnit *unit = data;

	g_array_unref(unit->members);
	g_clear_pointer(&unit->loss, loss_free);
	g_free(unit);
}

static SurviveUnit *survive_add_unit(Survive *survive, const char *name, SpareKind kind)
{
	SurviveUnit *unit = g_new0(SurviveUnit, 1);

	unit->name = name;
	unit->kind = kind;
	unit->members = g_array_new(FALSE, FALSE, sizeof(unsigned));
	g_ptr_array_add(survive->units, unit);
	survive->counts[kind]++;
	return unit;
}

static int survive_name_compare(gconstpointer a, gconstpointer b)
{
	int order = strverscmp(*(const char *const *)a, *(const char *const *)b);

	return order ? order : strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The groups of several nodes; one of a single node is that node. */
static void survive_add_groups(Survive *survive)
{
	const GPtrArray *standings = survive->space->standings;
	g_autoptr(GHashTable) first = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GHashTable) units = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	for (unsigned s = 0; s < standings->len; s++) {
		char *name = space_standing(survive->space, s)->group;

		if (name && !g_hash_table_add(first, name) &&
		    g_hash_table_insert(units, name, NULL))
			g_ptr_array_add(names, name);
	}
	g_ptr_array_sort(names, survive_name_compare);
	for (unsigned i = 0; i < names->len; i++)
		g_hash_table_insert(
			units, g_ptr_array_index(names, i),
			survive_add_unit(survive, g_ptr_array_index(names, i), SPARE_GROUP));
	for (unsigned s = 0; s < standings->len; s++) {
		const char *name = space_standing(survive->space, s)->group;
		SurviveUnit *unit = name ? g_hash_table_lookup(units, name) : NULL;

		if (unit)
			g_array_append_val(unit->members, s);
	}
}

/* Pairs */

#define SURVIVE_HEAVY 46    /* nodes whose pairs are judged all */
#define SURVIVE_DRAWN 1000  /* pairs that are drawn besides */
#define SURVIVE_DRAWS 10000 /* at most, as some come twice */

typedef struct SurviveNeed {
	uint64_t vcpus;
	unsigned node;
} SurviveNeed;

static int survive_need_compare(gconstpointer a, gconstpointer b)
{
	const SurviveNeed *x = a, *y = b;

	if (x->vcpus != y->vcpus)
		return x->vcpus > y->vcpus ? -1 : 1;
	return x->node < y->node ? -1 : x->node > y->node;
}

/* The nodes, those of most vCPUs first: of unsigned. Yours. */
static GArray *survive_heavy_first(const Space *space)
{
	g_autoptr(GArray) needs = g_array_new(FALSE, FALSE, sizeof(SurviveNeed));
	GArray *nodes = g_array_new(FALSE, FALSE, sizeof(unsigned));

	for (unsigned s = 0; s < space->standings->len; s++) {
		SurviveNeed need = {standing_need(space_standing(space, s), 1), s};

		g_array_append_val(needs, need);
	}
	g_array_sort(needs, survive_need_compare);
	for (unsigned i = 0; i < needs->len; i++)
		g_array_append_val(nodes, g_array_index(needs, SurviveNeed, i).node);
	return nodes;
}

static void survive_add_pair(Survive *survive, const GArray *nodes, unsigned i, unsigned j)
{
	SurviveUnit *unit = survive_add_unit(survive, NULL, SPARE_PAIR);
	unsigned a = g_array_index(nodes, unsigned, i), b = g_array_index(nodes, unsigned, j);
	unsigned low = MIN(a, b), high = MAX(a, b);

	g_array_append_val(unit->members, low);
	g_array_append_val(unit->members, high);
}

/* The next of a fixed sequence of numbers below N (Knuth's MMIX). */
static unsigned survive_draw(uint64_t *state, unsigned n)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)((*state >> 33) % n);
}

static void survive_draw_pairs(Survive *survive, const GArray *nodes)
{
	g_autoptr(GHashTable) drawn =
		g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	uint64_t state = 1;

	for (unsigned d = 0; d < SURVIVE_DRAWS && g_hash_table_size(drawn) < SURVIVE_DRAWN; d++) {
		unsigned a = survive_draw(&state, nodes->len), b = survive_draw(&state, nodes->len);
		unsigned low = MIN(a, b), high = MAX(a, b);
		uint64_t key = (uint64_t)low << 32 | high;

		if (low != high && high >= SURVIVE_HEAVY &&
		    g_hash_table_add(drawn, g_memdup2(&key, sizeof key)))
			survive_add_pair(survive, nodes, low, high);
	}
}

static void survive_add_pairs(Survive *survive)
{
	g_autoptr(GArray) nodes = survive_heavy_first(survive->space);

	survive->pairs = (uint64_t)nodes->len * (nodes->len - MIN(1, nodes->len)) / 2;
	for (unsigned j = 1; j < MIN(nodes->len, SURVIVE_HEAVY); j++)
		for (unsigned i = 0; i < j; i++)
			survive_add_pair(survive, nodes, i, j);
	if (nodes->len > SURVIVE_HEAVY)
		survive_draw_pairs(survive, nodes);
}

/* Judging */

static void survive_judge(Survive *survive)
{
	g_autoptr(LossBook) book = loss_book_new(survive->space);
	g_autoptr(GArray) losses = g_array_new(FALSE, FALSE, sizeof(SpareLoss));

	for (unsigned i = 0; i < survive->units->len; i++) {
		SurviveUnit *unit = g_ptr_array_index(survive->units, i);
		SpareLoss loss;

		unit->loss = loss_new(book, unit->members);
		survive->verdicts[unit->kind][loss_verdict(unit->loss)]++;
		loss = (SpareLoss){unit->members, unit->loss, unit->kind};
		g_array_append_val(losses, loss);
	}
	survive->spare = spare_new(survive->space, losses);
}

/* Kinds */

static int survive_kind_compare(gconstpointer a, gconstpointer b)
{
	return survive_name_compare(&(*(SurviveKind *const *)a)->name,
				    &(*(SurviveKind *const *)b)->name);
}

static SurviveKind *survive_kind_of(Survive *survive, const char *name)
{
	SurviveKind *kind;

	for (unsigned i = 0; i < survive->kinds->len; i++) {
		kind = g_ptr_array_index(survive->kinds, i);
		if (!strcmp(kind->name, name))
			return kind;
	}
	kind = g_new0(SurviveKind, 1);
	kind->name = name;
	g_ptr_array_add(survive->kinds, kind);
	return kind;
}

static void survive_count(Survive *survive)
{
	const Space *space = survive->space;

	for (unsigned s = 0; s < space->standings->len; s++) {
		const Standing *standing = space_standing(space, s);
		SurviveKind *kind;

		for (unsigned i = 0; i < standing->vms->len; i++)
			survive->shared +=
				((const StandingVm *)g_ptr_array_index(standing->vms, i))->shared;
		if (!standing->bid->open)
			continue;
		kind = survive_kind_of(survive, standing->kind);
		kind->nodes++;
		kind->cores += standing->bid->cores;
		kind->free += standing->bid->free;
	}
	for (unsigned i = 0; i < survive->spare->rooms->len; i++) {
		const SpareRoom *room = &g_array_index(survive->spare->rooms, SpareRoom, i);
		const SpaceRoom *of = space_room(space, room->room);

		survive_kind_of(survive, space_standing(space, of->standing)->kind)->spare +=
			room->cores;
	}
	g_ptr_array_sort(survive->kinds, survive_kind_compare);
}

Survive *survive_new(const GPtrArray *standings, unsigned failures)
{
	Survive *survive = g_new0(Survive, 1);

	survive->space = space_new(standings);
	survive->units = g_ptr_array_new_with_free_func(survive_unit_free);
	survive->kinds = g_ptr_array_new_with_free_func(g_free);
	for (unsigned s = 0; s < standings->len; s++) {
		SurviveUnit *unit = survive_add_unit(
			survive, space_standing(survive->space, s)->name, SPARE_NODE);

		g_array_append_val(unit->members, s);
	}
	survive_add_groups(survive);
	if (failures > 1)
		survive_add_pairs(survive);
	survive_judge(survive);
	survive_count(survive);
	return survive;
}

void survive_free(Survive *survive)
{
	g_clear_pointer(&survive->spare, spare_free);
	g_ptr_array_unref(survive->units);
	g_ptr_array_unref(survive->kinds);
	space_free(survive->space);
	g_free(survive);
}
