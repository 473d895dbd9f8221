/* SPDX-License-Identifier: MIT */
/* A first answer: each VM where it loses least. */
#include "planner/assign/assign_internal.h"

/* As many of ASK as MOST; of those of a group some may be refused. */
static void assign_place_some(Assign *a, unsigned ask, unsigned most)
{
	g_autoptr(GArray) open = g_array_copy(assign_ask(a, ask)->open);

	for (unsigned i = open->len; i-- > 0 && most > 0;)
		if (assign_place_one(a, g_array_index(open, unsigned, i)))
			most--;
		else if (!assign_request(a, g_array_index(open, unsigned, i))->group)
			break;
}

static int assign_price_compare(gconstpointer x, gconstpointer y, gpointer data)
{
	unsigned i = *(const unsigned *)x, j = *(const unsigned *)y;
	const AssignAsk *a = assign_ask(data, i), *b = assign_ask(data, j);

	if (a->price != b->price)
		return a->price > b->price ? -1 : 1;
	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	return i > j ? -1 : i < j; /* of one type, those of least memory */
}

static int assign_gain_compare(gconstpointer x, gconstpointer y, gpointer data)
{
	unsigned i = *(const unsigned *)x, j = *(const unsigned *)y;
	const AssignAsk *a = assign_ask(data, i), *b = assign_ask(data, j);
	/* Value for the price: a.value / a.price > b.value / b.price. */
	int64_t left = a->value / 256 * (b->price / 256 + 1);
	int64_t right = b->value / 256 * (a->price / 256 + 1);

	if (left != right)
		return left > right ? -1 : 1;
	return i > j ? -1 : i < j;
}

void assign_place_all(Assign *a)
{
	g_autofree unsigned *quota = g_new0(unsigned, a->choice->types->len + 1);
	g_autoptr(GArray) order = g_array_new(FALSE, FALSE, sizeof(unsigned));

	for (unsigned t = 0; t < a->choice->types->len; t++)
		quota[t] = choice_type(a->choice, t)->taken;
	for (unsigned i = 0; i < a->asks->len; i++)
		if (assign_ask(a, i)->plain)
			g_array_append_val(order, i);
	g_array_sort_with_data(order, assign_price_compare, a);
	for (unsigned i = 0; i < order->len; i++) {
		const AssignAsk *ask = assign_ask(a, g_array_index(order, unsigned, i));
		unsigned before = ask->placed;

		assign_place_some(a, g_array_index(order, unsigned, i), quota[ask->type]);
		quota[ask->type] -= MIN(quota[ask->type], ask->placed - before);
	}
	g_array_sort_with_data(order, assign_gain_compare, a);
	for (unsigned i = 0; i < order->len; i++)
		assign_place_some(a, g_array_index(order, unsigned, i), G_MAXUINT);
}

void assign_place_in_order(Assign *a)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(1);

	for (unsigned r = 0; r < a->requests->len; r++) {
		AssignAsk *ask = assign_ask(a, a->ask_of[r]);

		if (!ask->plain || ask->hopeless || assign_place_one(a, r))
			continue;
		if (!assign_make_room(a, rand, r) && !assign_request(a, r)->group)
			ask->hopeless = true;
	}
}
