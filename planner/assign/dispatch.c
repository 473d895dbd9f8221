/* SPDX-License-Identifier: MIT */
#include "planner/assign/dispatch.h"
#include "planner/assign/assign.h"
#include "planner/fit/fleet.h"
#include "planner/place/plan.h"
#include "topology/base/list.h"

#include <string.h>

#define SCALE_MOST 8	  /* shapes that loss is counted in */
#define SETTLED_MOST 1000 /* offers that are searched for: some seconds; */
#define SETTLED_FULL 50	  /* so many of them in as many steps as plan takes */

typedef struct DispatchNode {
	char *name;
	unsigned rank; /* by name */
	Bid *bid;
	GArray *taken; /* of unsigned: requests; NULL = none */
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
	unsigned settled;	   /* offers that were searched for */
	uint64_t steps;		   /* dispatch_steps() */
	GPtrArray *shapes, *scale; /* of VmSpec; borrowed from requests */
	BidShapes bid_shapes;
	GPtrArray *nodes;  /* of DispatchNode */
	GHashTable *tried; /* DispatchNode: those with a VM of the request's name */
	Prefer prefer;
	uint64_t bound; /* dispatch_bound() */
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

static void dispatch_add_shapes(Dispatch *dispatch, const GArray *sorted)
{
	for (unsigned i = 0; i < sorted->len; i++) {
		unsigned request = g_array_index(sorted, unsigned, i);
		VmSpec *spec = request_at(dispatch, request)->spec;
		unsigned n = dispatch->shapes->len;

		if (dispatch->decisions[request].node != DISPATCH_NONE)
			continue;
		if (!n || shape_compare(g_ptr_array_index(dispatch->shapes, n - 1), spec) != 0)
			g_ptr_array_add(dispatch->shapes, spec);
		dispatch->decisions[request].shape = dispatch->shapes->len - 1;
	}
}

/* The largest, the smallest, and some between. */
static void dispatch_find_scale(Dispatch *dispatch)
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

	dispatch->requests = requests;
	dispatch->prefer = prefer;
	dispatch->bound = UINT64_MAX;
	dispatch->decisions = g_new0(Decision, requests->len + 1);
	dispatch->order = g_array_new(FALSE, FALSE, sizeof(unsigned));
	dispatch->shapes = g_ptr_array_new();
	dispatch->scale = g_ptr_array_new();
	dispatch->nodes = g_ptr_array_new();
	dispatch->tried = g_hash_table_new(NULL, NULL);
	for (unsigned i = 0; i < requests->len; i++) {
		dispatch->decisions[i].node = DISPATCH_NONE;
		dispatch->decisions[i].nearest = DISPATCH_NONE;
		g_array_append_val(dispatch->order, i);
	}
	if (prefer != PREFER_ORDER)
		g_array_sort_with_data(dispatch->order, request_compare, dispatch);
	dispatch->bid_shapes = (BidShapes){dispatch->shapes, dispatch->scale};
	return dispatch;
}

static void dispatch_node_free(DispatchNode *node)
{
	g_free(node->name);
	bid_free(node->bid);
	g_clear_pointer(&node->taken, g_array_unref);
	g_free(node);
}

void dispatch_free(Dispatch *dispatch)
{
	for (unsigned i = 0; i < dispatch->nodes->len; i++)
		dispatch_node_free(dispatch_node_at(dispatch, i));
	for (unsigned i = 0; i < dispatch->requests->len; i++)
		g_free(dispatch->decisions[i].why);
	g_free(dispatch->decisions);
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
	node->bid = bid;
	g_ptr_array_add(dispatch->nodes, node);
}

static int dispatch_name_compare(gconstpointer a, gconstpointer b)
{
	const DispatchNode *x = *(DispatchNode *const *)a, *y = *(DispatchNode *const *)b;
	int order = strverscmp(x->name, y->name);

	return order ? order : strcmp(x->name, y->name);
}

static void dispatch_rank(Dispatch *dispatch)
{
	g_autoptr(GPtrArray) sorted = g_ptr_array_copy(dispatch->nodes, NULL, NULL);

	g_ptr_array_sort(sorted, dispatch_name_compare);
	for (unsigned i = 0; i < sorted->len; i++)
		((DispatchNode *)g_ptr_array_index(sorted, i))->rank = i;
}

static void dispatch_take(Dispatch *dispatch, unsigned request, unsigned index)
{
	DispatchNode *node = dispatch_node_at(dispatch, index);

	if (!node->taken)
		node->taken = g_array_new(FALSE, FALSE, sizeof(unsigned));
	g_array_append_val(node->taken, request);
	dispatch->decisions[request].node = index;
}

/* Bids in the order of names, requests in that of sizes, or with PREFER_ORDER their own: so the
 * answer depends on no other. */
void dispatch_assign(Dispatch *dispatch)
{
	g_autoptr(GPtrArray) bids = g_ptr_array_new(), requests = g_ptr_array_new();
	g_autofree unsigned *by_rank = g_new0(unsigned, dispatch->nodes->len + 1);
	g_autoptr(Assignment) assignment = NULL;

	dispatch_rank(dispatch);
	g_ptr_array_set_size(bids, (gint)dispatch->nodes->len);
	for (unsigned i = 0; i < dispatch->nodes->len; i++) {
		const DispatchNode *node = dispatch_node_at(dispatch, i);

		by_rank[node->rank] = i;
		bids->pdata[node->rank] = node->bid;
	}
	for (unsigned i = 0; i < dispatch->order->len; i++)
		g_ptr_array_add(requests,
				(gpointer)request_at(dispatch,
						     g_array_index(dispatch->order, unsigned, i)));
	assignment = assign_compute(bids, requests, dispatch->prefer);
	dispatch->bound = assignment->bound;
	for (unsigned i = 0; i < dispatch->order->len; i++)
		if (assignment->nodes[i] != DISPATCH_NONE)
			dispatch_take(dispatch, g_array_index(dispatch->order, unsigned, i),
				      by_rank[assignment->nodes[i]]);
}

uint64_t dispatch_bound(const Dispatch *dispatch)
{
	return dispatch->bound;
}

void dispatch_return(Dispatch *dispatch, unsigned index, const GArray *kept)
{
	DispatchNode *node = dispatch_node_at(dispatch, index);

	for (unsigned i = 0; node->taken && i < node->taken->len; i++)
		dispatch->decisions[g_array_index(node->taken, unsigned, i)].node = DISPATCH_NONE;
	if (node->taken)
		g_array_set_size(node->taken, 0);
	for (unsigned i = 0; i < kept->len; i++)
		dispatch_take(dispatch, g_array_index(kept, unsigned, i), index);
}

/* Of most vCPUs first, with PREFER_VMS of fewest; of equals, that of least memory. */
static int dispatch_left_compare(gconstpointer a, gconstpointer b, gpointer data)
{
	const Dispatch *dispatch = data;
	const VmSpec *x = request_at(dispatch, *(const unsigned *)a)->spec;
	const VmSpec *y = request_at(dispatch, *(const unsigned *)b)->spec;

	if (x->vcpus != y->vcpus)
		return (x->vcpus > y->vcpus) == (dispatch->prefer == PREFER_VMS) ? 1 : -1;
	if (x->memory != y->memory)
		return x->memory < y->memory ? -1 : 1;
	return request_compare(a, b, data);
}

void dispatch_find_shapes(Dispatch *dispatch)
{
	g_autoptr(GArray) sorted = g_array_copy(dispatch->order);

	g_array_sort_with_data(sorted, request_compare, dispatch);
	dispatch_add_shapes(dispatch, sorted);
	dispatch_find_scale(dispatch);
	if (dispatch->prefer != PREFER_ORDER)
		g_array_sort_with_data(dispatch->order, dispatch_left_compare, dispatch);
}

void dispatch_renew(Dispatch *dispatch, unsigned index, Bid *bid)
{
	DispatchNode *node = dispatch_node_at(dispatch, index);

	bid_free(node->bid);
	node->bid = bid;
}

/* The request at hand */

unsigned dispatch_next(Dispatch *dispatch)
{
	g_hash_table_remove_all(dispatch->tried);
	dispatch->request = DISPATCH_NONE;
	while (dispatch->at < dispatch->order->len && dispatch->request == DISPATCH_NONE) {
		unsigned request = g_array_index(dispatch->order, unsigned, dispatch->at++);

		if (dispatch->decisions[request].node == DISPATCH_NONE)
			dispatch->request = request;
	}
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

		if (dispatch_allowed(dispatch, node) &&
		    dispatch_offer_of(dispatch, node)->state == OFFER_YES &&
		    (best == DISPATCH_NONE ||
		     is_better(dispatch, node, dispatch_node_at(dispatch, best))))
			best = i;
	}
	return best;
}

GArray *dispatch_open(Dispatch *dispatch)
{
	GArray *open = g_array_new(FALSE, FALSE, sizeof(unsigned));

	for (unsigned i = 0; i < dispatch->nodes->len && dispatch->settled < SETTLED_MOST; i++) {
		const DispatchNode *node = dispatch_node_at(dispatch, i);

		if (dispatch_allowed(dispatch, node) &&
		    dispatch_offer_of(dispatch, node)->state == OFFER_MAYBE)
			g_array_append_val(open, i);
	}
	dispatch->steps =
		dispatch->settled + open->len <= SETTLED_FULL ? SEARCH_BUDGET : FLEET_BUDGET_MOST;
	return open;
}

uint64_t dispatch_steps(const Dispatch *dispatch)
{
	return dispatch->steps;
}

/* Is X like Y but for more memory? With SPANS_NEVER it may be over several NUMA nodes only where it
 * is too large for one. */
static bool shape_is_larger(const VmSpec *x, const VmSpec *y)
{
	VmSpec like = *x;

	like.memory = y->memory;
	return x->spans != SPANS_NEVER && x->memory >= y->memory && !shape_compare(&like, y);
}

/* What has no room has none with more memory. */
static void dispatch_pass_no(Dispatch *dispatch, DispatchNode *node, const Offer *no)
{
	const VmSpec *shape = dispatch_shape(dispatch);

	for (unsigned i = 0; i < dispatch->shapes->len; i++)
		if (node->bid->offers[i].state == OFFER_MAYBE &&
		    shape_is_larger(g_ptr_array_index(dispatch->shapes, i), shape))
			node->bid->offers[i] = *no;
}

void dispatch_settle(Dispatch *dispatch, unsigned index, Offer offer)
{
	DispatchNode *node = dispatch_node_at(dispatch, index);

	*dispatch_offer_of(dispatch, node) = offer;
	dispatch->settled++;
	if (offer.state == OFFER_NO && offer.proved)
		dispatch_pass_no(dispatch, node, &offer);
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

/* The plan in so many steps, without reasons. Yours. */
static Plan *dispatch_plan(const Host *host, const Inventory *inventory, uint64_t steps)
{
	PlanOptions options = {.budget = steps, .unexplained = true};

	return plan_compute(host, inventory, NULL, &options);
}

/* Does PLAN place all its VMs, with cpu-pm for those of REQUESTS (of unsigned) that ask for it? */
static bool dispatch_placed(const Dispatch *dispatch, const GArray *requests, const Plan *plan)
{
	bool good = !plan_bad(plan);

	for (unsigned i = 0; good && requests && i < requests->len; i++) {
		const Request *request = request_at(dispatch, g_array_index(requests, unsigned, i));

		good = !request->cpu_pm || dispatch_is_on(plan, request->spec->name);
	}
	return good;
}

bool dispatch_verify(const Dispatch *dispatch, unsigned node, const Host *host,
		     const Inventory *inventory)
{
	g_autoptr(Plan) plan = dispatch_plan(host, inventory, SEARCH_BUDGET);

	return dispatch_placed(dispatch, dispatch_node_at(dispatch, node)->taken, plan);
}

/* Add REQUEST to INVENTORY, if its plan places it beside the others. */
static bool dispatch_keep(const Dispatch *dispatch, unsigned request, GArray *kept,
			  const Host *host, Inventory *inventory)
{
	const VmSpec *spec = request_at(dispatch, request)->spec;
	g_autoptr(Plan) plan = NULL;

	if (has_name(inventory, spec->name))
		return false;
	g_ptr_array_add(inventory->vms, vm_spec_copy(spec, spec->name));
	g_array_append_val(kept, request);
	plan = dispatch_plan(host, inventory, FLEET_BUDGET_MOST);
	if (dispatch_placed(dispatch, kept, plan))
		return true;
	g_array_set_size(kept, kept->len - 1);
	g_ptr_array_set_size(inventory->vms, (gint)inventory->vms->len - 1);
	return false;
}

/* Of KEPT those that PLAN, of INVENTORY, places where it does not place all. */
static void dispatch_drop(const Dispatch *dispatch, GArray *kept, const Plan *plan,
			  Inventory *inventory, unsigned own)
{
	for (unsigned i = kept->len; i-- > 0;) {
		unsigned request = g_array_index(kept, unsigned, i);

		if (!plan_vm(plan, request_at(dispatch, request)->spec->name)->placed) {
			g_array_remove_index(kept, i);
			g_ptr_array_remove_index(inventory->vms, own + i);
		}
	}
}

/* In few steps: more find no fewer places, and what is not kept is offered again, one by one. */
GArray *dispatch_check(const Dispatch *dispatch, unsigned node, const Host *host,
		       Inventory *inventory)
{
	const GArray *taken = dispatch_node_at(dispatch, node)->taken;
	GArray *kept = g_array_new(FALSE, FALSE, sizeof(unsigned));
	unsigned own = inventory->vms->len;
	bool named = true;

	for (unsigned i = 0; taken && i < taken->len; i++) {
		unsigned request = g_array_index(taken, unsigned, i);

		named &= !has_name(inventory, request_at(dispatch, request)->spec->name);
		g_array_append_val(kept, request);
	}
	if (!kept->len)
		return kept;
	dispatch_fill(dispatch, node, inventory);
	for (unsigned tries = 0; named && kept->len && tries < 2; tries++) {
		g_autoptr(Plan) plan = dispatch_plan(host, inventory, FLEET_BUDGET_MOST);

		if (dispatch_placed(dispatch, kept, plan))
			return kept;
		dispatch_drop(dispatch, kept, plan, inventory, own);
	}
	g_ptr_array_set_size(inventory->vms, (gint)own);
	g_array_set_size(kept, 0);
	for (unsigned i = 0; i < taken->len; i++)
		dispatch_keep(dispatch, g_array_index(taken, unsigned, i), kept, host, inventory);
	return kept;
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
	dispatch_take(dispatch, dispatch->request, node);
	g_ptr_array_add(inventory->vms, vm_spec_copy(spec, spec->name));
	if (!dispatch_verify(dispatch, node, host, inventory)) {
		give_back(dispatch, node);
		return false;
	}
	bid = bid_new(&dispatch->bid_shapes, host, inventory, taker->bid);
	dispatch_renew(dispatch, node, bid);
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
	const Offer *offer = node->bid->open ? dispatch_offer_of(dispatch, node) : NULL;

	t->free += node->bid->free;
	if (!offer)
		t->closed++;
	else if (request->cpu_pm && !node->bid->cpu_pm)
		t->cpu_pm++;
	else if (has_group(dispatch, node, request->group))
		t->group++;
	else if (offer->far)
		t->devices++;
	else if (offer->state == OFFER_MAYBE || (offer->state == OFFER_NO && !offer->proved))
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

/* Why nobody takes the request at hand, as the nodes are now. */
static char *dispatch_reason(Dispatch *dispatch)
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
	return g_string_free(text, FALSE);
}

void dispatch_explain(Dispatch *dispatch)
{
	g_hash_table_remove_all(dispatch->tried);
	for (unsigned i = 0; i < dispatch->requests->len; i++)
		if (dispatch->decisions[i].node == DISPATCH_NONE) {
			dispatch->request = i;
			dispatch->decisions[i].why = dispatch_reason(dispatch);
		}
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
