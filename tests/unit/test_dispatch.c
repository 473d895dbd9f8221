/* SPDX-License-Identifier: MIT */
/* Who is asked of a VM that has no room as the others sit, and for how long. */
#include "planner/assign/dispatch.h"
#include "planner/fit/fleet.h"
#include "planner/search/search.h"

#include <string.h>

static void request_add(GPtrArray *requests, const char *text)
{
	g_autofree char *line = g_strdup_printf("{\"id\":\"r%u\",%s}", requests->len, text);
	g_autoptr(GError) error = NULL;
	Request *request = request_parse(line, strlen(line), &error);

	g_assert_no_error(error);
	g_ptr_array_add(requests, request);
}

/* A node without a free core that may have any of SHAPES if its VMs sit elsewhere. */
static Bid *bid_full(unsigned shapes)
{
	const BidRoom room = {
		.threads = 2, .cores = 8, .memory = UINT64_MAX, .capacity = UINT64_MAX};
	Bid *bid = g_malloc0(sizeof(Bid) + shapes * sizeof(Offer));

	bid->open = true;
	bid->rooms = g_array_new(FALSE, TRUE, sizeof(BidRoom));
	g_array_append_val(bid->rooms, room);
	for (unsigned i = 0; i < shapes; i++)
		bid->offers[i].state = OFFER_MAYBE;
	return bid;
}

/* Nodes of which none has room for any. */
static Dispatch *dispatch_of(const GPtrArray *requests, unsigned nodes)
{
	Dispatch *dispatch = dispatch_new(requests, PREFER_VCPUS);

	for (unsigned i = 0; i < nodes; i++) {
		g_autofree char *name = g_strdup_printf("n%u", i);

		dispatch_add(dispatch, name, bid_full(0));
	}
	dispatch_assign(dispatch);
	dispatch_find_shapes(dispatch);
	for (unsigned i = 0; i < nodes; i++)
		dispatch_renew(dispatch, i, bid_full(dispatch_shapes(dispatch)->shapes->len));
	return dispatch;
}

static void settle(Dispatch *dispatch, unsigned node, bool proved)
{
	dispatch_settle(dispatch, node, (Offer){.state = OFFER_NO, .proved = proved});
}

/* What is proved to have no room has none with more memory: it is not asked again. */
static void test_no(void)
{
	static const char *const texts[] = {"\"vcpus\":8,\"memory\":\"4G\"",
					    "\"vcpus\":8,\"memory\":\"8G\"",
					    "\"vcpus\":8,\"memory\":\"8G\",\"spans\":\"never\"",
					    "\"vcpus\":6,\"memory\":\"8G\""};
	static const unsigned asked[] = {2, 1, 2, 2}; /* nodes */
	g_autoptr(GPtrArray) requests =
		g_ptr_array_new_with_free_func((GDestroyNotify)request_free);
	g_autoptr(Dispatch) dispatch = NULL;
	unsigned request, n = 0;

	for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++)
		request_add(requests, texts[i]);
	dispatch = dispatch_of(requests, 2);
	while ((request = dispatch_next(dispatch)) != DISPATCH_NONE) {
		g_autoptr(GArray) open = dispatch_open(dispatch);

		g_assert_cmpuint(open->len, ==, asked[request]);
		g_assert_cmpuint(g_array_index(open, unsigned, open->len - 1), ==, 1);
		if (!n++)
			g_assert_cmpuint(request, ==, 0); /* the least memory of most vCPUs */
		settle(dispatch, 0, true);
		settle(dispatch, 1, false);
	}
	g_assert_cmpuint(n, ==, G_N_ELEMENTS(texts));
	dispatch_explain(dispatch);
	for (unsigned i = 0; i < n; i++)
		g_assert_nonnull(strstr(dispatch_why(dispatch, i),
					"unknown because the search stopped, on 1 node"));
}

/* As many steps as plan takes while few are asked; of many each in fewer; and of no end of them
 * none, which is said. */
static void test_limit(void)
{
	g_autoptr(GPtrArray) requests =
		g_ptr_array_new_with_free_func((GDestroyNotify)request_free);
	g_autoptr(Dispatch) dispatch = NULL;
	unsigned asked = 0;

	for (unsigned i = 1; i <= 60; i++) {
		g_autofree char *text = g_strdup_printf("\"vcpus\":%u", 2 * i);

		request_add(requests, text);
	}
	dispatch = dispatch_of(requests, 40);
	while (dispatch_next(dispatch) != DISPATCH_NONE) {
		g_autoptr(GArray) open = dispatch_open(dispatch);

		if (open->len)
			g_assert_cmpuint(dispatch_steps(dispatch), ==,
					 asked ? FLEET_BUDGET_MOST : SEARCH_BUDGET);
		for (unsigned i = 0; i < open->len; i++, asked++)
			settle(dispatch, g_array_index(open, unsigned, i), true);
	}
	g_assert_cmpuint(asked, ==, 1000);
	dispatch_explain(dispatch);
	g_assert_nonnull(strstr(dispatch_why(dispatch, 59), "too few free cores on 40 nodes"));
	g_assert_cmpstr(dispatch_why(dispatch, 0), ==,
			"unknown because the search stopped, on 40 nodes");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/dispatch/no", test_no);
	g_test_add_func("/dispatch/limit", test_limit);
	return g_test_run();
}
