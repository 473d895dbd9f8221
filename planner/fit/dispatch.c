/* SPDX-License-Identifier: MIT */
#include "planner/fit/dispatch.h"
#include "planner/fit/fleet_choice.h"
#include "planner/place/plan.h"
#include "topology/base/list.h"

#include <string.h>

#define SCALE_MOST 8 /* shapes that loss is counted in */

typedef struct DispatchNode {
	char *name;
	unsigned rank; /* by name */
	Bid *bid;
	GArray *taken; /* of unsigned: requests; NULL = none */
	Bid *first;    /* before it took any; it may be the same */
	/* Of the answer that is kept, while another is sought: see dispatch_again(). */
	Bid *kept_bid;
	GArray *kept_taken;
} DispatchNode;

typedef struct Decision {
	unsigned shape, node;
	char *why;
	unsigned nearest; /* the node that lacked least; DISPATCH_NONE */
	BidLack lack;
} Decision;

struct Dispatch {
	const GPtrArray *requests;
	Decision *decisions;	   /* by request */
	GArray *order;		   /* of unsigned: requests, in the order they are decided */
	unsigned at;		   /* in order, the next one */
	unsigned request;	   /* the one at hand */
	GPtrArray *shapes, *scale; /* of VmSpec; borrowed from requests */
	BidShapes bid_shapes;
	GPtrArray *nodes;  /* of DispatchNode */
	GHashTable *tried; /* DispatchNode: those with a VM of the request's name */
	bool ranked;
	Prefer prefer;
	bool *taken;	/* by request: of those that a fleet had best take (fleet_choice.h) */
	uint64_t bound; /* dispatch_bound() */
	bool bounded;	/* it was looked for */
	Decision *kept; /* of the answer that is kept; NULL = there is none */
};

static const Request *request_at(const Dispatch *dispatch, unsigned request)
{
	return g_ptr_array_index(dispatch->requests, request);
}

static DispatchNode *dispatch_node_at(const Dispatch *dispatch, unsigned node)
{
	return g_ptr_array_index(dispatch->nodes, node);
}

/* Shapes */

static int shape_near_compare(const VmSpec *x, const VmSpec *y)
{
	g_autofree char *a = x->near ? g_strjoinv(",", x->near) : NULL;
	g_autofree char *b = y->near ? g_strjoinv(",", y->near) : NULL;

	return g_strcmp0(a, b);
}

static int shape_compare(const VmSpec *x, const VmSpec *y)
{
	int order;

#define BY(a, b)                                                                                   \
	if ((a) != (b))                                                                            \
		return (a) < (b) ? -1 : 1;
	BY(y->vcpus, x->vcpus)
	BY(vm_spec_pinned(y), vm_spec_pinned(x))
	BY(y->threads, x->threads)
	BY(vm_spec_helpers(y), vm_spec_helpers(x))
	BY(y->memory, x->memory)
	BY(y->page, x->page)
	BY(y->node, x->node)
	BY(y->spans, x->spans)
	BY(y->socket, x->socket)
	BY(y->die, x->die)
	BY(y->l3, x->l3)
	BY(y->kind, x->kind)
	BY(y->apart.by, x->apart.by)
#undef BY
	order = g_strcmp0(y->apart.group, x->apart.group);
	return order ? order : shape_near_compare(y, x);
}

static int request_compare(gconstpointer a, gconstpointer b, gpointer data)
{
	const Dispatch *dispatch = data;
	const Request *x = request_at(dispatch, *(const unsigned *)a);
	const Request *y = request_at(dispatch, *(const unsigned *)b);
	int order = shape_compare(x->spec, y->spec);

	if (!order)
		order = (int)y->cpu_pm - (int)x->cpu_pm;
	if (!order)
		order = g_strcmp0(y->group, x->group);
	return order ? order : strverscmp(x->spec->name, y->spec->name);
}

static void find_shapes(Dispatch *dispatch, const GArray *sorted)
{
	for (unsigned i = 0; i < sorted->len; i++) {
		unsigned request = g_array_index(sorted, unsigned, i);
		VmSpec *spec = request_at(dispatch, request)->spec;
		unsigned n = dispatch->shapes->len;

		if (!n || shape_compare(g_ptr_array_index(dispatch->shapes, n - 1), spec) != 0)
			g_ptr_array_add(dispatch->shapes, spec);
		dispatch->decisions[request].shape = dispatch->shapes->len - 1;
	}
}

/* The largest, the smallest, and some between. */
static void find_scale(Dispatch *dispatch)
{
	unsigned n = dispatch->shapes->len, take = MIN(n, SCALE_MOST);

	for (unsigned i = 0; i < take; i++)
		g_ptr_array_add(dispatch->scale,
				g_ptr_array_index(dispatch->shapes,
						  take > 1 ? i * (n - 1) / (take - 1) : 0));
}

Dispatch *dispatch_new(const GPtrArray *requests, Prefer prefer)
{
	Dispatch *dispatch = g_new0(Dispatch, 1);
	g_autoptr(GArray) sorted = g_array_new(FALSE, FALSE, sizeof(unsigned));

	dispatch->requests = requests;
	dispatch->prefer = prefer;
	dispatch->bound = UINT64_MAX;
	dispatch->taken = g_new0(bool, requests->len + 1);
	dispatch->decisions = g_new0(Decision, requests->len + 1);
	dispatch->shapes = g_ptr_array_new();
	dispatch->scale = g_ptr_array_new();
	dispatch->nodes = g_ptr_array_new();
	dispatch->tried = g_hash_table_new(NULL, NULL);
	for (unsigned i = 0; i < requests->len; i++) {
		dispatch->decisions[i].node = DISPATCH_NONE;
		dispatch->decisions[i].nearest = DISPATCH_NONE;
		g_array_append_val(sorted, i);
	}
	dispatch->order = g_array_copy(sorted);
	g_array_sort_with_data(sorted, request_compare, dispatch);
	if (prefer != PREFER_ORDER)
		g_array_sort_with_data(dispatch->order, request_compare, dispatch);
	find_shapes(dispatch, sorted);
	find_scale(dispatch);
	dispatch->bid_shapes = (BidShapes){dispatch->shapes, dispatch->scale};
	return dispatch;
}

static void dispatch_decisions_free(Decision *decisions, unsigned requests)
{
	for (unsigned i = 0; i < requests; i++)
		g_free(decisions[i].why);
	g_free(decisions);
}

/* Free what NODE has now. */
static void dispatch_node_clear(DispatchNode *node)
{
	if (node->bid != node->first)
		bid_free(node->bid);
	g_clear_pointer(&node->taken, g_array_unref);
}

static void dispatch_node_free(DispatchNode *node)
{
	g_free(node->name);
	dispatch_node_clear(node);
	bid_free(node->first);
	g_free(node);
}

void dispatch_free(Dispatch *dispatch)
{
	for (unsigned i = 0; i < dispatch->nodes->len; i++)
		dispatch_node_free(dispatch_node_at(dispatch, i));
	dispatch_decisions_free(dispatch->decisions, dispatch->requests->len);
	g_free(dispatch->taken);
	g_array_unref(dispatch->order);
	g_ptr_array_unref(dispatch->shapes);
	g_ptr_array_unref(dispatch->scale);
	g_ptr_array_unref(dispatch->nodes);
	g_hash_table_unref(dispatch->tried);
	g_free(dispatch);
}

const BidShapes *dispatch_shapes(const Dispatch *dispatch)
{
	return &dispatch->bid_shapes;
}

/* Nodes */

void dispatch_add(Dispatch *dispatch, const char *name, Bid *bid)
{
	DispatchNode *node = g_new0(DispatchNode, 1);

	node->name = g_strdup(name);
	node->bid = node->first = bid;
	g_ptr_array_add(dispatch->nodes, node);
}

static int dispatch_name_compare(gconstpointer a, gconstpointer b)
{
	const DispatchNode *x = *(DispatchNode *const *)a, *y = *(DispatchNode *const *)b;
	int order = strverscmp(x->name, y->name);

	return order ? order : strcmp(x->name, y->name);
}

static int dispatch_smallest_compare(gconstpointer a, gconstpointer b, gpointer data)
{
	return -request_compare(a, b, data);
}

/* Those that the fleet had best take come first, of most vCPUs first; then the others, of fewest
 * vCPUs first. */
static int dispatch_order_compare(gconstpointer a, gconstpointer b, gpointer data)
{
	const Dispatch *dispatch = data;
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
	int order = request_compare(a, b, data);

	if (dispatch->taken[x] != dispatch->taken[y])
		return dispatch->taken[x] ? -1 : 1;
	return dispatch->taken[x] ? order : -order;
}

/* Bids in the order of names, requests in that of sizes: so the answer depends on no other. */
static FleetChoice *dispatch_choice(Dispatch *dispatch)
{
	g_autoptr(GPtrArray) bids = g_ptr_array_new(), requests = g_ptr_array_new();
	FleetChoice *choice;

	g_ptr_array_set_size(bids, (gint)dispatch->nodes->len);
	for (unsigned i = 0; i < dispatch->nodes->len; i++)
		bids->pdata[dispatch_node_at(dispatch, i)->rank] =
			dispatch_node_at(dispatch, i)->first;
	for (unsigned i = 0; i < dispatch->order->len; i++)
		g_ptr_array_add(requests,
				(gpointer)request_at(dispatch,
						     g_array_index(dispatch->order, unsigned, i)));
	choice = fleet_choice_new(bids, requests, dispatch->prefer);
	dispatch->bound = choice->bound;
	dispatch->bounded = true;
	return choice;
}

/* Those come first that the fleet had best take. */
static void dispatch_choose(Dispatch *dispatch)
{
	g_autoptr(FleetChoice) choice = dispatch_choice(dispatch);

	for (unsigned i = 0; i < dispatch->order->len; i++)
		dispatch->taken[g_array_index(dispatch->order, unsigned, i)] = choice->taken[i];
	g_array_sort_with_data(dispatch->order, dispatch_order_compare, dispatch);
}

static void dispatch_rank(Dispatch *dispatch)
{
	g_autoptr(GPtrArray) sorted = NULL;

	if (dispatch->ranked)
		return;
	sorted = g_ptr_array_copy(dispatch->nodes, NULL, NULL);
	g_ptr_array_sort(sorted, dispatch_name_compare);
	for (unsigned i = 0; i < sorted->len; i++)
		((DispatchNode *)g_ptr_array_index(sorted, i))->rank = i;
	dispatch->ranked = true;
	/* Of vCPUs most first leaves fewest over. */
	if (dispatch->prefer == PREFER_VMS && dispatch->requests->len)
		dispatch_choose(dispatch);
}

uint64_t dispatch_bound(Dispatch *dispatch)
{
	if (dispatch->prefer == PREFER_VCPUS && !dispatch->bounded && dispatch->requests->len)
		fleet_choice_free(dispatch_choice(dispatch));
	return dispatch->bound;
}

/* The request at hand */

unsigned dispatch_next(Dispatch *dispatch)
{
	dispatch_rank(dispatch);
	g_hash_table_remove_all(dispatch->tried);
	dispatch->request = dispatch->at < dispatch->order->len
				    ? g_array_index(dispatch->order, unsigned, dispatch->at++)
				    : DISPATCH_NONE;
	return dispatch->request;
}

unsigned dispatch_request(const Dispatch *dispatch)
{
	return dispatch->request;
}

const VmSpec *dispatch_shape(const Dispatch *dispatch)
{
	return g_ptr_array_index(dispatch->shapes, dispatch->decisions[dispatch->request].shape);
}

static Offer *dispatch_offer_of(const Dispatch *dispatch, const DispatchNode *node)
{
	return &node->bid->offers[dispatch->decisions[dispatch->request].shape];
}

static bool has_group(const Dispatch *dispatch, const DispatchNode *node, const char *group)
{
	for (unsigned i = 0; group && node->taken && i < node->taken->len; i++)
		if (!g_strcmp0(
			    group,
			    request_at(dispatch, g_array_index(node->taken, unsigned, i))->group))
			return true;
	return false;
}

/* May NODE have the request, room apart? */
static bool dispatch_allowed(const Dispatch *dispatch, const DispatchNode *node)
{
	const Request *request = request_at(dispatch, dispatch->request);

	return node->bid->open && (node->bid->cpu_pm || !request->cpu_pm) &&
	       !has_group(dispatch, node, request->group) &&
	       !g_hash_table_contains(dispatch->tried, node);
}

static bool is_better(const Dispatch *dispatch, const DispatchNode *x, const DispatchNode *y)
{
	const Offer *a = dispatch_offer_of(dispatch, x), *b = dispatch_offer_of(dispatch, y);

	if (a->loss != b->loss)
		return a->loss < b->loss;
	if (a->left != b->left)
		return a->left < b->left;
	return x->rank < y->rank;
}

unsigned dispatch_best(const Dispatch *dispatch)
{
	unsigned best = DISPATCH_NONE;

	for (unsigned i = 0; i < dispatch->nodes->len; i++) {
		const DispatchNode *node = dispatch_node_at(dispatch, i);

		if (dispatch_offer_of(dispatch, node)->state == OFFER_YES &&
		    dispatch_allowed(dispatch, node) &&
		    (best == DISPATCH_NONE ||
		     is_better(dispatch, node, dispatch_node_at(dispatch, best))))
			best = i;
	}
	return best;
}

GArray *dispatch_open(const Dispatch *dispatch)
{
	GArray *open = g_array_new(FALSE, FALSE, sizeof(unsigned));

	for (unsigned i = 0; i < dispatch->nodes->len; i++) {
		const DispatchNode *node = dispatch_node_at(dispatch, i);

		if (dispatch_offer_of(dispatch, node)->state == OFFER_MAYBE &&
		    dispatch_allowed(dispatch, node))
			g_array_append_val(open, i);
	}
	return open;
}

void dispatch_settle(Dispatch *dispatch, unsigned node, Offer offer)
{
	*dispatch_offer_of(dispatch, dispatch_node_at(dispatch, node)) = offer;
}

/* Taking */

static bool has_name(const Inventory *inventory, const char *name)
{
	for (unsigned i = 0; i < inventory->vms->len; i++)
		if (!strcmp(((const VmSpec *)g_ptr_array_index(inventory->vms, i))->name, name))
			return true;
	return false;
}

void dispatch_fill(const Dispatch *dispatch, unsigned node, Inventory *inventory)
{
	const GArray *taken = dispatch_node_at(dispatch, node)->taken;

	for (unsigned i = 0; taken && i < taken->len; i++) {
		const VmSpec *spec = request_at(dispatch, g_array_index(taken, unsigned, i))->spec;

		g_ptr_array_add(inventory->vms, vm_spec_copy(spec, spec->name));
	}
}

static bool dispatch_is_on(const Plan *plan, const char *name)
{
	return plan_vm(plan, name)->cpupm->verdict == CPUPM_ON;
}

bool dispatch_verify(const Dispatch *dispatch, unsigned node, const Host *host,
		     const Inventory *inventory)
{
	const GArray *taken = dispatch_node_at(dispatch, node)->taken;
	PlanOptions options = {0};
	g_autoptr(Plan) plan = plan_compute(host, inventory, NULL, &options);
	bool good = !plan_bad(plan);

	for (unsigned i = 0; good && taken && i < taken->len; i++) {
		const Request *request = request_at(dispatch, g_array_index(taken, unsigned, i));

		good = !request->cpu_pm || dispatch_is_on(plan, request->spec->name);
	}
	return good;
}

static void dispatch_take(Dispatch *dispatch, unsigned index)
{
	DispatchNode *node = dispatch_node_at(dispatch, index);

	if (!node->taken)
		node->taken = g_array_new(FALSE, FALSE, sizeof(unsigned));
	g_array_append_val(node->taken, dispatch->request);
	dispatch->decisions[dispatch->request].node = index;
}

static void give_back(Dispatch *dispatch, unsigned index)
{
	DispatchNode *node = dispatch_node_at(dispatch, index);

	g_array_set_size(node->taken, node->taken->len - 1);
	dispatch->decisions[dispatch->request].node = DISPATCH_NONE;
	dispatch_offer_of(dispatch, node)->state = OFFER_NO;
	dispatch_offer_of(dispatch, node)->proved = false;
}

bool dispatch_try(Dispatch *dispatch, unsigned node, const Host *host, Inventory *inventory)
{
	const VmSpec *spec = request_at(dispatch, dispatch->request)->spec;
	DispatchNode *taker = dispatch_node_at(dispatch, node);
	Bid *bid;

	if (has_name(inventory, spec->name)) {
		g_hash_table_add(dispatch->tried, taker);
		return false;
	}
	dispatch_take(dispatch, node);
	g_ptr_array_add(inventory->vms, vm_spec_copy(spec, spec->name));
	if (!dispatch_verify(dispatch, node, host, inventory)) {
		give_back(dispatch, node);
		return false;
	}
	bid = bid_new(&dispatch->bid_shapes, host, inventory, taker->bid);
	if (taker->bid != taker->first)
		bid_free(taker->bid);
	taker->bid = bid;
	return true;
}

/* Refusing */

typedef struct Tally {
	unsigned closed, cpu_pm, group, name, cores, memory, pages, apart, unproved, devices;
	uint64_t free; /* cores of all open nodes */
} Tally;

/* The request as the node number INDEX has it: where it is to be near devices, it asks for their
 * NUMA node. What it points to is the request's. */
static VmSpec dispatch_spec_on(const Dispatch *dispatch, unsigned index)
{
	const Offer *offer = dispatch_offer_of(dispatch, dispatch_node_at(dispatch, index));
	VmSpec spec = *request_at(dispatch, dispatch->request)->spec;

	if (offer->near)
		spec.node = (int)offer->node;
	return spec;
}

/* NODE has no room: for want of what, and does it lack less than the others? */
static void dispatch_tally_room(Dispatch *dispatch, unsigned index, Tally *t)
{
	Decision *decision = &dispatch->decisions[dispatch->request];
	VmSpec spec = dispatch_spec_on(dispatch, index);
	BidLack lack = bid_lack(dispatch_node_at(dispatch, index)->bid, &spec);

	if (lack.cores_missing)
		t->cores++;
	else if (lack.memory_missing && spec.page)
		t->pages++;
	else if (lack.memory_missing)
		t->memory++;
	else
		t->apart++;
	if ((lack.cores_missing || lack.memory_missing) &&
	    (decision->nearest == DISPATCH_NONE || bid_lack_less(&lack, &decision->lack))) {
		decision->nearest = index;
		decision->lack = lack;
	}
}

static void dispatch_tally(Dispatch *dispatch, unsigned index, Tally *t)
{
	const DispatchNode *node = dispatch_node_at(dispatch, index);
	const Request *request = request_at(dispatch, dispatch->request);
	const Offer *offer = dispatch_offer_of(dispatch, node);

	t->free += node->bid->free;
	if (!node->bid->open)
		t->closed++;
	else if (request->cpu_pm && !node->bid->cpu_pm)
		t->cpu_pm++;
	else if (has_group(dispatch, node, request->group))
		t->group++;
	else if (offer->far)
		t->devices++;
	else if (offer->state == OFFER_NO && !offer->proved)
		t->unproved++;
	else if (offer->state == OFFER_NO)
		dispatch_tally_room(dispatch, index, t);
	else
		t->name++;
}

static void dispatch_add_part(GString *text, unsigned count, const char *what)
{
	if (count)
		list_add(text, "%s %u node%s", what, count, count == 1 ? "" : "s");
}

/* By how little the nearest node missed. */
static void dispatch_add_lack(const Dispatch *dispatch, GString *text, const Tally *t)
{
	const Decision *decision = &dispatch->decisions[dispatch->request];
	VmSpec spec = dispatch_spec_on(dispatch, decision->nearest);
	g_autofree char *lack = bid_lack_text(&decision->lack, &spec,
					      dispatch_node_at(dispatch, decision->nearest)->name);

	g_string_append_printf(text, "; %s", lack);
	if (decision->lack.cores_missing)
		g_string_append_printf(text, "; the fleet has %" G_GUINT64_FORMAT " free cores",
				       t->free);
}

void dispatch_refuse(Dispatch *dispatch)
{
	GString *text = g_string_new(NULL);
	Tally t = {0};

	for (unsigned i = 0; i < dispatch->nodes->len; i++)
		dispatch_tally(dispatch, i, &t);
	dispatch_add_part(text, t.cores, "too few free cores on");
	dispatch_add_part(text, t.memory, "too little memory on");
	dispatch_add_part(text, t.pages, "too little room for huge pages on");
	dispatch_add_part(text, t.apart, "its cores and memory are not free together on");
	dispatch_add_part(text, t.devices, "its devices are not on one NUMA node of");
	dispatch_add_part(text, t.cpu_pm, "no cpu-pm on");
	dispatch_add_part(text, t.group, "a VM of its group on");
	dispatch_add_part(text, t.name, "a VM of its name on");
	dispatch_add_part(text, t.unproved, "unknown because the search stopped, on");
	dispatch_add_part(text, t.closed, "faulty or broken:");
	if (dispatch->decisions[dispatch->request].nearest != DISPATCH_NONE)
		dispatch_add_lack(dispatch, text, &t);
	dispatch->decisions[dispatch->request].why = g_string_free(text, FALSE);
}

/* Another answer */

static unsigned dispatch_placed(const Decision *decisions, unsigned requests)
{
	unsigned placed = 0;

	for (unsigned i = 0; i < requests; i++)
		placed += decisions[i].node != DISPATCH_NONE;
	return placed;
}

/* The answer at hand is kept, and nothing is decided. */
static void dispatch_keep(Dispatch *dispatch)
{
	unsigned n = dispatch->requests->len;

	dispatch->kept = dispatch->decisions;
	dispatch->decisions = g_new0(Decision, n + 1);
	for (unsigned i = 0; i < n; i++) {
		dispatch->decisions[i].shape = dispatch->kept[i].shape;
		dispatch->decisions[i].node = dispatch->decisions[i].nearest = DISPATCH_NONE;
	}
	for (unsigned i = 0; i < dispatch->nodes->len; i++) {
		DispatchNode *node = dispatch_node_at(dispatch, i);

		node->kept_bid = node->bid;
		node->kept_taken = g_steal_pointer(&node->taken);
		node->bid = node->first;
	}
	dispatch->at = 0;
}

/* The better of the two answers stays; of equals the first. */
static void dispatch_choose_kept(Dispatch *dispatch)
{
	unsigned n = dispatch->requests->len;
	bool back = dispatch_placed(dispatch->kept, n) >= dispatch_placed(dispatch->decisions, n);

	dispatch_decisions_free(back ? dispatch->decisions : dispatch->kept, n);
	dispatch->decisions = back ? dispatch->kept : dispatch->decisions;
	dispatch->kept = NULL;
	for (unsigned i = 0; i < dispatch->nodes->len; i++) {
		DispatchNode *node = dispatch_node_at(dispatch, i);
		DispatchNode other = {.bid = node->kept_bid,
				      .first = node->first,
				      .taken = g_steal_pointer(&node->kept_taken)};

		if (back) {
			dispatch_node_clear(node);
			node->bid = other.bid;
			node->taken = other.taken;
		} else {
			dispatch_node_clear(&other);
		}
		node->kept_bid = NULL;
	}
}

bool dispatch_again(Dispatch *dispatch)
{
	if (dispatch->prefer != PREFER_VMS || !dispatch->requests->len)
		return false;
	if (dispatch->kept) {
		dispatch_choose_kept(dispatch);
		return false;
	}
	if (dispatch_placed(dispatch->decisions, dispatch->requests->len) ==
	    dispatch->requests->len)
		return false;
	dispatch_keep(dispatch);
	g_array_sort_with_data(dispatch->order, dispatch_smallest_compare, dispatch);
	return true;
}

/* Answers */

unsigned dispatch_took_count(const Dispatch *dispatch, unsigned node)
{
	const GArray *taken = dispatch_node_at(dispatch, node)->taken;

	return taken ? taken->len : 0;
}

bool dispatch_took(const Dispatch *dispatch, unsigned node)
{
	return dispatch_took_count(dispatch, node);
}

const Bid *dispatch_bid(const Dispatch *dispatch, unsigned node)
{
	return dispatch_node_at(dispatch, node)->bid;
}

const BidLack *dispatch_lack(const Dispatch *dispatch, unsigned request, unsigned *node)
{
	*node = dispatch->decisions[request].nearest;
	return *node == DISPATCH_NONE ? NULL : &dispatch->decisions[request].lack;
}

unsigned dispatch_node(const Dispatch *dispatch, unsigned request)
{
	return dispatch->decisions[request].node;
}

const char *dispatch_why(const Dispatch *dispatch, unsigned request)
{
	return dispatch->decisions[request].why;
}
