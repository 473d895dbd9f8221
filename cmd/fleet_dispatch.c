/* SPDX-License-Identifier: MIT */
#include "cmd/fleet_dispatch.h"
#include "cmd/fleet_broken.h"
#include "cmd/fleet_left.h"
#include "cmd/fleet_print.h"
#include "cmd/fleet_save.h"
#include "cmd/fleet_work.h"
#include "cmd/next.h"
#include "cmd/output.h"
#include "cmd/progress.h"
#include "cmd/records.h"
#include "planner/assign/dispatch.h"
#include "planner/base/size.h"
#include "planner/inventory/inventory_write.h"
#include "topology/base/error.h"

#include <stdio.h>
#include <string.h>

/* A line of the requests that says nothing that holds. */
typedef struct BadLine {
	unsigned line;
	char *why;
} BadLine;

typedef struct Dispatching {
	const Options *options;
	const GPtrArray *files;
	GPtrArray *requests; /* of Request */
	GHashTable *ids;     /* id → line */
	unsigned line;
	GPtrArray *bad;	   /* of BadLine */
	GPtrArray *broken; /* of FleetBroken */
	GPtrArray *names;  /* of nodes, by number */
	GHashTable *taken_names;
	Dispatch *dispatch;
	unsigned disagreed; /* nodes whose plan is not as it was decided */
	GPtrArray *left;    /* what the VMs that are left need, see fleet_left.h */
} Dispatching;

/* Requests */

static void bad_free(gpointer data)
{
	g_free(((BadLine *)data)->why);
	g_free(data);
}

static void fleet_dispatch_bad_line(Dispatching *d, const char *why)
{
	BadLine *bad = g_new0(BadLine, 1);

	bad->line = d->line;
	bad->why = g_strdup(why);
	g_ptr_array_add(d->bad, bad);
}

static void add_request(void *data, unsigned number, const char *line, size_t length,
			const char *fault)
{
	Dispatching *d = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(Request) request = NULL;

	d->line = number;
	if (!fault)
		request = request_parse(line, length, &error);
	if (!request) {
		fleet_dispatch_bad_line(d, fault ? fault : error->message);
	} else if (d->options->directory && inventory_name_fault(request->spec->name)) {
		g_autofree char *why =
			g_strdup_printf("id: %s", inventory_name_fault(request->spec->name));

		fleet_dispatch_bad_line(d, why);
	} else if (g_hash_table_contains(d->ids, request->spec->name)) {
		fleet_dispatch_bad_line(d, "id: an earlier request has it");
	} else {
		g_hash_table_add(d->ids, request->spec->name);
		g_ptr_array_add(d->requests, g_steal_pointer(&request));
	}
}

/* Bids */

typedef struct Bidding {
	char *name, *why;
	Bid *bid;
} Bidding;

static gpointer make_bid(void *data, const FleetFile *file, const char *name, Inventory *inventory,
			 const char *error)
{
	const Dispatching *d = data;
	const BidShapes *shapes = dispatch_shapes(d->dispatch);
	Bidding *bidding = g_new0(Bidding, 1);

	bidding->name = g_strdup(name);
	bidding->why = g_strdup(error);
	bidding->bid =
		inventory ? bid_new(shapes, file->host, inventory, NULL) : bid_closed(shapes);
	return bidding;
}

static void bid_made(void *data, const FleetFile *file, gpointer result)
{
	Dispatching *d = data;
	Bidding *bidding = result;

	if (!bidding->why) {
		bidding->why = fleet_name_taken(d->taken_names, bidding->name, file->inventory);
		if (bidding->why) {
			bid_free(bidding->bid);
			bidding->bid = bid_closed(dispatch_shapes(d->dispatch));
		}
	}
	if (bidding->why)
		g_ptr_array_add(d->broken, fleet_broken_new(file, bidding->name, bidding->why));
	dispatch_add(d->dispatch, bidding->name, bidding->bid);
	g_ptr_array_add(d->names, bidding->name);
	g_free(bidding->why);
	g_free(bidding);
}

/* Nodes that may have the VM, by search */

static gpointer fleet_dispatch_settle(void *data, const FleetFile *file, const char *name,
				      Inventory *inventory, const char *error)
{
	const Dispatching *d = data;
	Offer offer = {.state = OFFER_NO};

	(void)name, (void)error;
	if (inventory) {
		dispatch_fill(d->dispatch, file->index, inventory);
		offer = bid_settle(dispatch_shapes(d->dispatch), file->host, inventory,
				   dispatch_shape(d->dispatch), dispatch_steps(d->dispatch));
	}
	return g_memdup2(&offer, sizeof offer);
}

static void fleet_dispatch_settled(void *data, const FleetFile *file, gpointer result)
{
	Dispatching *d = data;

	dispatch_settle(d->dispatch, file->index, *(const Offer *)result);
	g_free(result);
}

/* False when there are none. */
static bool settle_open(Dispatching *d)
{
	g_autoptr(GArray) open = dispatch_open(d->dispatch);
	g_autoptr(GPtrArray) files = g_ptr_array_new();

	for (unsigned i = 0; i < open->len; i++)
		g_ptr_array_add(files,
				g_ptr_array_index(d->files, g_array_index(open, unsigned, i)));
	fleet_work(files, d->options->threads, fleet_dispatch_settle, fleet_dispatch_settled, d);
	return files->len;
}

/* Decisions */

static bool try_node(Dispatching *d, unsigned node)
{
	const FleetFile *file = g_ptr_array_index(d->files, node);
	g_autofree char *error = NULL;
	g_autoptr(Inventory) inventory = fleet_read(file, &error);

	if (!inventory) {
		dispatch_settle(d->dispatch, node, (Offer){.state = OFFER_NO});
		return false;
	}
	dispatch_fill(d->dispatch, node, inventory);
	return dispatch_try(d->dispatch, node, file->host, inventory);
}

static void fleet_dispatch_decide(Dispatching *d)
{
	for (;;) {
		unsigned node = dispatch_best(d->dispatch);

		if (node != DISPATCH_NONE ? try_node(d, node) : !settle_open(d))
			break;
	}
}

/* What each node keeps of what it is assigned */

static gpointer fleet_dispatch_check(void *data, const FleetFile *file, const char *name,
				     Inventory *inventory, const char *error)
{
	const Dispatching *d = data;

	(void)name, (void)error;
	return inventory ? dispatch_check(d->dispatch, file->index, file->host, inventory)
			 : g_array_new(FALSE, FALSE, sizeof(unsigned));
}

static void fleet_dispatch_checked(void *data, const FleetFile *file, gpointer result)
{
	const Dispatching *d = data;
	g_autoptr(GArray) kept = result;

	dispatch_return(d->dispatch, file->index, kept);
}

/* Bids with it, for what is left */

static gpointer fleet_dispatch_bid_again(void *data, const FleetFile *file, const char *name,
					 Inventory *inventory, const char *error)
{
	const Dispatching *d = data;

	(void)name, (void)error;
	if (!inventory)
		return bid_closed(dispatch_shapes(d->dispatch));
	dispatch_fill(d->dispatch, file->index, inventory);
	return bid_new(dispatch_shapes(d->dispatch), file->host, inventory, NULL);
}

static void fleet_dispatch_bade_again(void *data, const FleetFile *file, gpointer result)
{
	const Dispatching *d = data;

	dispatch_renew(d->dispatch, file->index, result);
}

static void fleet_dispatch_assign(Dispatching *d)
{
	g_autoptr(GPtrArray) taking = g_ptr_array_new(), open = g_ptr_array_new();

	dispatch_assign(d->dispatch);
	for (unsigned i = 0; i < d->files->len; i++) {
		if (dispatch_took(d->dispatch, i))
			g_ptr_array_add(taking, g_ptr_array_index(d->files, i));
		if (dispatch_bid(d->dispatch, i)->open)
			g_ptr_array_add(open, g_ptr_array_index(d->files, i));
	}
	fleet_work(taking, d->options->threads, fleet_dispatch_check, fleet_dispatch_checked, d);
	dispatch_find_shapes(d->dispatch);
	fleet_work(open, d->options->threads, fleet_dispatch_bid_again, fleet_dispatch_bade_again,
		   d);
}

static void decide_all(Dispatching *d)
{
	Progress progress;
	unsigned done = 0;

	fleet_dispatch_assign(d);
	progress_begin(&progress, "requests", d->requests->len);
	while (dispatch_next(d->dispatch) != DISPATCH_NONE) {
		fleet_dispatch_decide(d);
		progress_at(&progress, ++done);
	}
	progress_end(&progress);
	dispatch_explain(d->dispatch);
}

/* Each node that took a VM, planned once more as it is on the disk now. */

static gpointer fleet_dispatch_verify(void *data, const FleetFile *file, const char *name,
				      Inventory *inventory, const char *error)
{
	const Dispatching *d = data;
	bool good = false;

	(void)name, (void)error;
	if (inventory) {
		dispatch_fill(d->dispatch, file->index, inventory);
		good = dispatch_verify(d->dispatch, file->index, file->host, inventory);
	}
	return GINT_TO_POINTER(good);
}

static void fleet_dispatch_verified(void *data, const FleetFile *file, gpointer result)
{
	Dispatching *d = data;
	g_autofree char *name = output_safe(g_ptr_array_index(d->names, file->index));

	if (GPOINTER_TO_INT(result))
		return;
	d->disagreed++;
	fprintf(stderr,
		"planner: %s: its plan does not place the VMs that it took; did the file change "
		"meanwhile?\n",
		name);
}

static unsigned verify_all(Dispatching *d)
{
	g_autoptr(GPtrArray) files = g_ptr_array_new();

	for (unsigned i = 0; i < d->files->len; i++)
		if (dispatch_took(d->dispatch, i))
			g_ptr_array_add(files, g_ptr_array_index(d->files, i));
	fleet_work(files, d->options->threads, fleet_dispatch_verify, fleet_dispatch_verified, d);
	return files->len;
}

/* Printing */

typedef struct Sums {
	unsigned placed, used;
	uint64_t vcpus;
} Sums;

static const char *fleet_dispatch_node_name(const Dispatching *d, unsigned request)
{
	unsigned node = dispatch_node(d->dispatch, request);

	return node == DISPATCH_NONE ? NULL : g_ptr_array_index(d->names, node);
}

/* What the node that lacked least lacked; null where no node was short of cores or memory alone. */
static json_t *lack_to_json(const Dispatching *d, unsigned i)
{
	unsigned node;
	const BidLack *lack = dispatch_lack(d->dispatch, i, &node);

	if (!lack)
		return json_null();
	return json_pack("{s:s, s:o, s:I, s:I}", "node", g_ptr_array_index(d->names, node),
			 "numa_node", lack->across ? json_null() : json_integer(lack->node),
			 "cores", (json_int_t)lack->cores_missing, "memory",
			 (json_int_t)lack->memory_missing);
}

static json_t *request_to_json(const Dispatching *d, unsigned i)
{
	const Request *request = g_ptr_array_index(d->requests, i);
	unsigned node = dispatch_node(d->dispatch, i);
	g_autofree char *file = NULL;

	if (node == DISPATCH_NONE)
		return json_pack("{s:s, s:s, s:s, s:o}", "id", request->spec->name, "status",
				 "rejected", "reason", dispatch_why(d->dispatch, i), "missing",
				 lack_to_json(d, i));
	file = g_filename_display_name(
		((const FleetFile *)g_ptr_array_index(d->files, node))->inventory);
	return json_pack("{s:s, s:s, s:s, s:s}", "id", request->spec->name, "status", "placed",
			 "node", fleet_dispatch_node_name(d, i), "inventory", file);
}

static json_t *node_to_json(const Dispatching *d, unsigned i, const Bid *bid)
{
	json_t *memory =
		bid->memory == UINT64_MAX ? json_null() : json_integer((json_int_t)bid->memory);

	return json_pack("{s:s, s:i, s:i, s:i, s:i, s:i, s:o}", "node",
			 g_ptr_array_index(d->names, i), "took",
			 (int)dispatch_took_count(d->dispatch, i), "vms", (int)bid->vms, "cores",
			 (int)bid->cores, "free_cores", (int)bid->free, "largest_room",
			 (int)bid_largest_room(bid), "free_memory", memory);
}

/* The nodes that are open, as they are with the VMs that they took. */
static json_t *after_to_json(const Dispatching *d)
{
	json_t *nodes = json_array();

	for (unsigned i = 0; i < d->files->len; i++) {
		const Bid *bid = dispatch_bid(d->dispatch, i);

		if (bid->open)
			json_array_append_new(nodes, node_to_json(d, i, bid));
	}
	return nodes;
}

/* What no assignment is beyond; UINT64_MAX = not known, or it does not hold: a node moved VMs of
 * its own. */
static uint64_t fleet_dispatch_bound(const Dispatching *d, const Sums *sums)
{
	uint64_t bound = dispatch_bound(d->dispatch);
	uint64_t placed = d->options->prefer == PREFER_VMS ? sums->placed : sums->vcpus;

	return bound < placed ? UINT64_MAX : bound;
}

static json_t *fleet_dispatch_bound_json(const Dispatching *d, const Sums *sums)
{
	uint64_t bound = fleet_dispatch_bound(d, sums);

	return bound == UINT64_MAX ? json_null() : json_integer((json_int_t)bound);
}

static void print_json(const Dispatching *d, const Sums *sums)
{
	fleet_broken_print(d->broken, true);
	for (unsigned i = 0; i < d->bad->len; i++) {
		const BadLine *bad = g_ptr_array_index(d->bad, i);

		fleet_print_json(
			json_pack("{s:i, s:s}", "line", (int)bad->line, "error", bad->why));
	}
	for (unsigned i = 0; i < d->requests->len; i++)
		fleet_print_json(request_to_json(d, i));
	fleet_print_json(
		json_pack("{s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:I, s:o, s:o, s:o}", "format",
			  "planner-place/1", "requests", (int)d->requests->len, "placed",
			  (int)sums->placed, "rejected", (int)(d->requests->len - sums->placed),
			  "errors", (int)d->bad->len, "nodes", (int)d->files->len, "broken",
			  (int)d->broken->len, "taking", (int)sums->used, "vcpus",
			  (json_int_t)sums->vcpus, "bound", fleet_dispatch_bound_json(d, sums),
			  "after", after_to_json(d), "more", fleet_left_to_json(d->left)));
}

/* CSV: a line a VM; the lines that are wrong go to stderr. */
static void print_csv(const Dispatching *d)
{
	static const char *const header[] = {"id",   "vcpus",	  "memory", "status",
					     "node", "inventory", "reason", NULL};

	output_csv(header);
	for (unsigned i = 0; i < d->requests->len; i++) {
		const VmSpec *spec = ((const Request *)g_ptr_array_index(d->requests, i))->spec;
		unsigned node = dispatch_node(d->dispatch, i);
		bool placed = node != DISPATCH_NONE;
		const FleetFile *file = placed ? g_ptr_array_index(d->files, node) : NULL;
		g_autofree char *vcpus = g_strdup_printf("%u", spec->vcpus);
		g_autofree char *memory = spec->memory ? size_format(spec->memory) : g_strdup("");
		g_autofree char *path =
			placed ? g_filename_display_name(file->inventory) : g_strdup("");
		const char *const cells[] = {spec->name,
					     vcpus,
					     memory,
					     placed ? "placed" : "rejected",
					     placed ? fleet_dispatch_node_name(d, i) : "",
					     path,
					     placed ? "" : dispatch_why(d->dispatch, i),
					     NULL};

		output_csv(cells);
	}
}

static void fleet_dispatch_add_row(struct libscols_table *table, const Dispatching *d, unsigned i)
{
	const Request *request = g_ptr_array_index(d->requests, i);
	g_autofree char *vcpus = g_strdup_printf("%u", request->spec->vcpus);
	g_autofree char *memory =
		request->spec->memory ? size_format(request->spec->memory) : g_strdup("-");
	const char *node = fleet_dispatch_node_name(d, i);
	g_autofree char *status =
		node ? g_strdup("placed")
		     : g_strdup_printf("rejected: %s", dispatch_why(d->dispatch, i));
	const char *const cells[] = {request->spec->name, vcpus, memory, node ? node : "-", status};
	struct libscols_line *line = output_line(table, cells);

	if (!node)
		scols_line_set_color(line, "red");
}

static void fleet_dispatch_add_node(struct libscols_table *table, const Dispatching *d, unsigned i)
{
	const Bid *bid = dispatch_bid(d->dispatch, i);
	bool known = bid->open && bid->memory != UINT64_MAX;
	g_autofree char *took = g_strdup_printf("%u", dispatch_took_count(d->dispatch, i));
	g_autofree char *vms = g_strdup_printf("%u", bid->vms);
	g_autofree char *cores = g_strdup_printf("%u", bid->cores);
	g_autofree char *free = g_strdup_printf("%u", bid->free);
	g_autofree char *room = bid->open ? g_strdup_printf("%u", bid_largest_room(bid)) : NULL;
	g_autofree char *memory = known ? size_format_rounded(bid->memory) : g_strdup("-");
	g_autofree char *state = bid->open  ? g_strdup("fine")
				 : bid->why ? g_strdup_printf("faulty: %s", bid->why)
					    : g_strdup("broken");
	const char *name = g_ptr_array_index(d->names, i);
	const char *const cells[] = {name, took, vms, cores, free, room, memory, state};
	const char *const none[] = {name, "-", "-", "-", "-", "-", "-", state};

	output_line(table, bid->open ? cells : none);
}

/* The nodes after placing: what is left, and the largest room of one NUMA node in it. */
static void fleet_dispatch_print_nodes(const Dispatching *d)
{
	static const char *const columns[] = {"NODE",  ">TOOK",	  ">VMS",   ">CORES", ">FREE",
					      ">ROOM", ">MEMORY", "~STATE", NULL};
	struct libscols_table *table = output_table(columns, d->options->color);

	for (unsigned i = 0; i < d->files->len; i++)
		fleet_dispatch_add_node(table, d, i);
	output_print(table);
	scols_unref_table(table);
}

/* Of a list that is not placed as a whole. */
static void fleet_dispatch_print_bound(const Dispatching *d, const Sums *sums)
{
	uint64_t bound =
		sums->placed < d->requests->len ? fleet_dispatch_bound(d, sums) : UINT64_MAX;

	if (bound != UINT64_MAX)
		output_sentence("no assignment places more than %" G_GUINT64_FORMAT
				" %s%s while the nodes' own VMs stay where they are",
				bound, d->options->prefer == PREFER_VMS ? "VM" : "vCPU",
				bound == 1 ? "" : "s");
}

static void print_people(const Dispatching *d, const Sums *sums)
{
	static const char *const columns[] = {"VM", ">VCPUS", ">MEMORY", "NODE", "~STATUS", NULL};
	struct libscols_table *table;

	if (!d->requests->len)
		return;
	table = output_table(columns, d->options->color);
	for (unsigned i = 0; i < d->requests->len; i++)
		fleet_dispatch_add_row(table, d, i);
	output_print(table);
	scols_unref_table(table);
	puts("");
	fleet_dispatch_print_nodes(d);
	fleet_left_print(d->left, d->options->color);
	printf("\n%s%u of %u VMs placed%s: %llu vCPUs, on %u of %u nodes\n",
	       output_bold(d->options->color), sums->placed, d->requests->len,
	       output_reset(d->options->color), (unsigned long long)sums->vcpus, sums->used,
	       d->files->len);
	fleet_dispatch_print_bound(d, sums);
}

/* What many lines have in common is said once. */
static void print_bad_lines(const Dispatching *d)
{
	g_autoptr(GHashTable) counts = g_hash_table_new(g_str_hash, g_str_equal);
	g_autofree char *place = output_safe(d->options->place);

	for (unsigned i = 0; i < d->bad->len; i++) {
		const BadLine *bad = g_ptr_array_index(d->bad, i);
		unsigned n = GPOINTER_TO_UINT(g_hash_table_lookup(counts, bad->why));

		g_hash_table_insert(counts, bad->why, GUINT_TO_POINTER(n + 1));
	}
	for (unsigned i = 0; i < d->bad->len; i++) {
		const BadLine *bad = g_ptr_array_index(d->bad, i);
		unsigned n = GPOINTER_TO_UINT(g_hash_table_lookup(counts, bad->why));
		g_autofree char *why = output_safe(bad->why);
		g_autofree char *more =
			n > 1 ? g_strdup_printf(" (and %u more)", n - 1) : g_strdup("");

		if (n)
			fprintf(stderr, "planner: %s:%u: %s%s\n", place, bad->line, why, more);
		g_hash_table_remove(counts, bad->why);
	}
}

/* What is wrong with the input is an error; the rest is answered all the same. */
static void print_errors(const Dispatching *d)
{
	fleet_broken_print(d->broken, false);
	print_bad_lines(d);
}

static Sums sums_of(const Dispatching *d)
{
	Sums sums = {0};

	for (unsigned i = 0; i < d->requests->len; i++) {
		const Request *request = g_ptr_array_index(d->requests, i);

		if (dispatch_node(d->dispatch, i) == DISPATCH_NONE)
			continue;
		sums.placed++;
		sums.vcpus += request->spec->vcpus;
	}
	return sums;
}

/* The inventory of a node with the VMs that it took, at its end. */
static char *fleet_dispatch_text(const void *data, const FleetFile *node, const char *text)
{
	const Dispatching *d = data;
	g_autoptr(Inventory) taken = inventory_new();
	g_autofree char *vms = NULL, *before = g_strchomp(g_strdup(text));

	dispatch_fill(d->dispatch, node->index, taken);
	vms = inventory_write_vms(taken->vms);
	return *vms ? g_strconcat(before, "\n\n; placed here by planner fit\n", vms, NULL)
		    : g_strconcat(before, "\n", NULL);
}

/* What was decided, as files; and what to do with them. */
static bool fleet_dispatch_save(const Dispatching *d, GError **error)
{
	const char *dir = d->options->directory;
	g_autoptr(GPtrArray) written = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *file = NULL, *document = NULL, *quoted = NULL, *line = NULL, *safe = NULL;
	unsigned first = 0; /* that took a VM */

	if (!fleet_save(dir, d->files, d->names, fleet_dispatch_text, d, written, error))
		return false;
	while (first + 1 < d->files->len && !dispatch_took(d->dispatch, first))
		first++;
	file = g_build_filename(dir, g_ptr_array_index(written, first), NULL);
	file[strlen(file) - strlen("ini")] = '\0';
	document = g_strconcat(file, "json", NULL);
	quoted = g_shell_quote(document);
	line = g_strdup_printf("wrote %u inventories, their plans and their list, " FLEET_SAVE_LIST
			       ", into %s; next, for each: planner emit -p %s --for HOST -d DIR",
			       written->len, dir, quoted);
	safe = output_safe(line);
	fprintf(stderr, "planner: %s\n", safe);
	return true;
}

static Status fleet_dispatch_status(const Dispatching *d, const Sums *sums, GError **error)
{
	bool trouble = d->bad->len || d->broken->len || d->disagreed;

	if (d->options->directory && trouble) {
		g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
			    "nothing is written into %s; correct what is wrong, or leave it out",
			    d->options->directory);
		return STATUS_TROUBLE;
	}
	if (trouble || (d->options->directory && !fleet_dispatch_save(d, error)))
		return STATUS_TROUBLE;
	if (!d->options->directory && !d->options->what_ifs)
		next_say("the same with -d DIR writes the inventories and the plans");
	return sums->placed < d->requests->len ? STATUS_BAD_NEWS : STATUS_FINE;
}

static Status fleet_dispatch_answer(Dispatching *d, GError **error)
{
	Sums sums;

	fleet_work(d->files, d->options->threads, make_bid, bid_made, d);
	decide_all(d);
	sums = sums_of(d);
	sums.used = verify_all(d);
	if (!d->options->csv)
		d->left = fleet_left_new(d->files, d->names, d->dispatch, d->requests);
	if (d->options->json)
		print_json(d, &sums);
	else if (d->options->csv)
		print_csv(d);
	else
		print_people(d, &sums);
	if (!d->options->json)
		print_errors(d);
	return fleet_dispatch_status(d, &sums, error);
}

Status fleet_dispatch(const Options *options, const GPtrArray *files, GError **error)
{
	static const char *const texts[] = {"id", "group", "memory", "hugepages", NULL};
	static const RecordAlias aliases[] = {{"vm", "id"}, {"name", "id"}, {NULL, NULL}};
	static const RecordShape shape = {"VMs", "{\"id\": \"db1\", \"vcpus\": 8}", texts, aliases};
	Dispatching d = {.options = options, .files = files};
	Status status = STATUS_TROUBLE;

	d.requests = g_ptr_array_new_with_free_func((GDestroyNotify)request_free);
	d.ids = g_hash_table_new(g_str_hash, g_str_equal);
	d.bad = g_ptr_array_new_with_free_func(bad_free);
	d.broken = fleet_broken_list();
	d.names = g_ptr_array_new_with_free_func(g_free);
	d.taken_names = fleet_names_new();
	if (records_read(options->place, &shape, add_request, &d, error)) {
		d.dispatch = dispatch_new(d.requests, options->prefer);
		status = fleet_dispatch_answer(&d, error);
		dispatch_free(d.dispatch);
		g_clear_pointer(&d.left, g_ptr_array_unref);
	}
	g_ptr_array_unref(d.names);
	g_ptr_array_unref(d.broken);
	g_ptr_array_unref(d.bad);
	g_hash_table_unref(d.taken_names);
	g_hash_table_unref(d.ids);
	g_ptr_array_unref(d.requests);
	return status;
}
