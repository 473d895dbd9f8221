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

static SurviveUnit *survive_add_unit(Survive *survive, const char *name, bool group)
{
	SurviveUnit *unit = g_new0(SurviveUnit, 1);

	unit->name = name;
	unit->group = group;
	unit->members = g_array_new(FALSE, FALSE, sizeof(unsigned));
	g_ptr_array_add(survive->units, unit);
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
	const GPtrArray *standings = survive->yard->standings;
	g_autoptr(GHashTable) first = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GHashTable) units = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	for (unsigned s = 0; s < standings->len; s++) {
		char *name = yard_standing(survive->yard, s)->group;

		if (name && !g_hash_table_add(first, name) &&
		    g_hash_table_insert(units, name, NULL))
			g_ptr_array_add(names, name);
	}
	g_ptr_array_sort(names, survive_name_compare);
	for (unsigned i = 0; i < names->len; i++)
		g_hash_table_insert(units, g_ptr_array_index(names, i),
				    survive_add_unit(survive, g_ptr_array_index(names, i), true));
	for (unsigned s = 0; s < standings->len; s++) {
		const char *name = yard_standing(survive->yard, s)->group;
		SurviveUnit *unit = name ? g_hash_table_lookup(units, name) : NULL;

		if (unit)
			g_array_append_val(unit->members, s);
	}
	survive->groups = names->len;
}

static void survive_judge(Survive *survive)
{
	g_autoptr(LossBook) book = loss_book_new(survive->yard);
	g_autoptr(GArray) losses = g_array_new(FALSE, FALSE, sizeof(SpareLoss));

	for (unsigned i = 0; i < survive->units->len; i++) {
		SurviveUnit *unit = g_ptr_array_index(survive->units, i);
		SpareLoss loss;

		unit->loss = loss_new(book, unit->members);
		survive->verdicts[loss_verdict(unit->loss)]++;
		loss = (SpareLoss){unit->members, unit->loss, unit->group};
		g_array_append_val(losses, loss);
	}
	survive->spare = spare_new(survive->yard, losses);
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
	const Yard *yard = survive->yard;

	for (unsigned s = 0; s < yard->standings->len; s++) {
		const Standing *standing = yard_standing(yard, s);
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
		const YardRoom *of = yard_room(yard, room->room);

		survive_kind_of(survive, yard_standing(yard, of->standing)->kind)->spare +=
			room->cores;
	}
	g_ptr_array_sort(survive->kinds, survive_kind_compare);
}

Survive *survive_new(const GPtrArray *standings)
{
	Survive *survive = g_new0(Survive, 1);

	survive->yard = yard_new(standings);
	survive->units = g_ptr_array_new_with_free_func(survive_unit_free);
	survive->kinds = g_ptr_array_new_with_free_func(g_free);
	for (unsigned s = 0; s < standings->len; s++) {
		SurviveUnit *unit =
			survive_add_unit(survive, yard_standing(survive->yard, s)->name, false);

		g_array_append_val(unit->members, s);
	}
	survive_add_groups(survive);
	survive_judge(survive);
	survive_count(survive);
	return survive;
}

void survive_free(Survive *survive)
{
	g_clear_pointer(&survive->spare, spare_free);
	g_ptr_array_unref(survive->units);
	g_ptr_array_unref(survive->kinds);
	yard_free(survive->yard);
	g_free(survive);
}
