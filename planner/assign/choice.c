/* SPDX-License-Identifier: MIT */
#include "planner/assign/choice.h"
#include "planner/base/size.h"
#include "planner/place/place.h"

#define TYPES_MOST 110	 /* with more of them, memory is rounded down for the prices: */
#define BITS_MOST 3	 /* to so many of its bits, or fewer */
#define STEPS_MOST 1024u /* of memory */
#define ROUNDS_LEAST 20	 /* of prices: tables are as coarse as so many need */
#define MEMORY_MOST (UINT64_C(1) << 60)
#define TYPES_LIMIT 250 /* with more of them even so, or more kinds of nodes, nothing is known */
#define KINDS_LIMIT 32

/* Types */

/* Rounded down to its BITS highest bits; 0 = as it is. */
static uint64_t choice_memory_coarse(uint64_t memory, unsigned bits)
{
	unsigned drop = 0;

	while (bits && memory >> drop >> bits)
		drop++;
	return memory >> drop << drop;
}

static ChoiceType choice_type_of(const Request *request, unsigned bits)
{
	const VmSpec *spec = request->spec;
	/* Not in whole pages: shares are, and take less together than parts of the whole. */
	uint64_t memory = spec->memory_node < 0 ? spec->memory : 0;

	return (ChoiceType){.vcpus = spec->vcpus,
			    .pinned = vm_spec_pinned(spec),
			    .isolate = spec->threads == THREADS_ISOLATE,
			    .never = spec->spans == SPANS_NEVER,
			    .cpu_pm = request->cpu_pm,
			    .memory = choice_memory_coarse(memory, bits)};
}

static gboolean choice_type_equal(gconstpointer pa, gconstpointer pb)
{
	const ChoiceType *a = pa, *b = pb;

	return a->vcpus == b->vcpus && a->pinned == b->pinned && a->isolate == b->isolate &&
	       a->never == b->never && a->cpu_pm == b->cpu_pm && a->memory == b->memory;
}

static guint choice_type_hash(gconstpointer key)
{
	const ChoiceType *type = key;

	return type->vcpus * 31 + (guint)(type->memory >> 20) * 4099 + type->cpu_pm;
}

static void choice_find_types(Choice *a, unsigned bits)
{
	g_autoptr(GHashTable) found =
		g_hash_table_new_full(choice_type_hash, choice_type_equal, g_free, NULL);

	g_array_set_size(a->types, 0);
	for (unsigned i = 0; i < a->requests->len; i++) {
		const Request *request = g_ptr_array_index(a->requests, i);
		ChoiceType type = choice_type_of(request, bits);
		gpointer index;

		if (!g_hash_table_lookup_extended(found, &type, NULL, &index)) {
			index = GUINT_TO_POINTER(a->types->len);
			g_hash_table_insert(found, g_memdup2(&type, sizeof type), index);
			type.value =
				a->prefer == PREFER_VMS ? CHOICE_UNIT : type.vcpus * CHOICE_UNIT;
			g_array_append_val(a->types, type);
		}
		choice_type(a, GPOINTER_TO_UINT(index))->demand++;
		a->type_of[i] = GPOINTER_TO_UINT(index);
	}
}

/* Rooms */

/* Of the rooms of BID like LIKE: how many, the largest, and its memory. */
static ChoiceKind choice_kind_of(const Bid *bid, const BidRoom *like)
{
	ChoiceKind kind = {.threads = like->threads, .cpu_pm = bid->cpu_pm};

	for (unsigned r = 0; r < bid->rooms->len; r++) {
		const BidRoom *room = &g_array_index(bid->rooms, BidRoom, r);

		if (room->class != like->class)
			continue;
		kind.even = !kind.rooms || (kind.even && room->cores == kind.largest &&
					    room->capacity == kind.capacity);
		kind.rooms++;
		kind.largest = MAX(kind.largest, room->cores);
		kind.capacity = MAX(kind.capacity, room->capacity);
	}
	return kind;
}

static unsigned choice_kind_find(Choice *a, const ChoiceKind *like)
{
	ChoiceKind *kind;

	for (unsigned i = 0; i < a->kinds->len; i++) {
		kind = choice_kind(a, i);
		if (kind->threads == like->threads && kind->cpu_pm == like->cpu_pm &&
		    kind->rooms == like->rooms && kind->largest == like->largest &&
		    kind->capacity == like->capacity && kind->even == like->even)
			return i;
	}
	kind = g_memdup2(like, sizeof *like);
	kind->items = g_array_new(FALSE, FALSE, sizeof(ChoiceItem));
	g_ptr_array_add(a->kinds, kind);
	return a->kinds->len - 1;
}

static void choice_add_node(Choice *a, unsigned node, GArray *memory)
{
	const Bid *bid = g_ptr_array_index(a->bids, node);

	for (unsigned r = 0; bid->open && r < bid->rooms->len; r++) {
		const BidRoom *room = &g_array_index(bid->rooms, BidRoom, r);
		ChoiceKind like = choice_kind_of(bid, room);
		ChoiceRoom one = {.kind = choice_kind_find(a, &like), .cores = room->free};

		if (!r || room[-1].node != room->node)
			g_array_append_val(memory, room->memory);
		one.slot = memory->len - 1;
		choice_kind(a, one.kind)->cores = MAX(choice_kind(a, one.kind)->cores, one.cores);
		g_array_append_val(a->rooms, one);
	}
}

static void choice_find_rooms(Choice *a)
{
	g_autoptr(GArray) memory = g_array_new(FALSE, FALSE, sizeof(uint64_t));

	for (unsigned i = 0; i < a->bids->len; i++)
		choice_add_node(a, i, memory);
	a->slots = memory->len;
	a->memory = g_memdup2(memory->data, memory->len * sizeof(uint64_t));
}

/* Steps of memory */

/* The most memory that is free in one NUMA node; where it is not known, what VMs on as many cores
 * can take. */
static uint64_t choice_memory_most(const Choice *a)
{
	uint64_t most = 1, largest = 0;

	for (unsigned t = 0; t < a->types->len; t++)
		largest = MAX(largest, choice_type(a, t)->memory);
	for (unsigned r = 0; r < a->rooms->len; r++) {
		const ChoiceRoom *room = choice_room(a, r);
		uint64_t memory = a->memory[room->slot];

		if (memory == UINT64_MAX)
			memory = largest < MEMORY_MOST / (room->cores + 1) ? largest * room->cores
									   : MEMORY_MOST;
		most = MAX(most, memory);
	}
	return most;
}

static void choice_find_steps(Choice *a)
{
	uint64_t step = 0, most = choice_memory_most(a);

	for (unsigned t = 0; t < a->types->len; t++)
		step = size_step(step, choice_type(a, t)->memory);
	a->step = MAX(MAX(step, 1), (most + STEPS_MOST - 1) / STEPS_MOST);
}

static void choice_find_widths(Choice *a)
{
	uint64_t most = choice_memory_most(a);

	for (unsigned k = 0; k < a->kinds->len; k++)
		choice_kind(a, k)->memory = 0;
	for (unsigned r = 0; r < a->rooms->len; r++) {
		ChoiceKind *kind = choice_kind(a, choice_room(a, r)->kind);
		uint64_t memory = MIN(a->memory[choice_room(a, r)->slot], most);

		kind->memory = MAX(kind->memory, (unsigned)(memory / a->step) + 1);
	}
}

/* Items */

/* The fewest rooms that TYPE may be over in a node of KIND. */
static unsigned choice_parts_least(const ChoiceKind *kind, const ChoiceType *type, unsigned need)
{
	return 1 + (need > kind->largest || type->memory > kind->capacity);
}

/* A share of CORES of the NEED cores of TYPE, one of the LARGE ones. */
static void choice_add_item(const Choice *a, ChoiceKind *kind, unsigned t, unsigned cores,
			    unsigned need, bool large)
{
	const ChoiceType *type = choice_type(a, t);
	/* A core that is not full is in one of the larger shares. */
	unsigned each = type->isolate ? 1 : kind->threads;
	unsigned vcpus = cores * each - (large ? need * each - type->pinned : 0);
	uint64_t memory = cores == need ? type->memory
					: type->memory / type->pinned * MIN(vcpus, type->pinned);
	ChoiceItem item = {t, cores, need, 0, 0};
	const ChoiceItem *last;

	item.memory = (unsigned)MIN(memory / a->step, G_MAXINT);
	if (item.cores > kind->cores || item.memory > kind->memory)
		return;
	for (unsigned i = kind->items->len; i-- > 0;) {
		last = &g_array_index(kind->items, ChoiceItem, i);
		if (last->type != t)
			break;
		if (last->cores == cores && last->memory <= item.memory)
			return;
	}
	g_array_append_val(kind->items, item);
}

/* Shares of a VM differ by one core at most. */
static void choice_add_items(const Choice *a, ChoiceKind *kind, unsigned t)
{
	const ChoiceType *type = choice_type(a, t);
	unsigned need = search_cores(type->pinned, kind->threads, type->isolate);
	unsigned least = choice_parts_least(kind, type, need);
	/* Where rooms differ, none may have both the cores and the memory. */
	unsigned most = type->never && least == 1 && kind->even ? 1 : kind->rooms;

	if (type->cpu_pm && !kind->cpu_pm)
		return;
	for (unsigned parts = least; parts <= MIN(most, need); parts++) {
		choice_add_item(a, kind, t, (need + parts - 1) / parts, need, true);
		if (need % parts)
			choice_add_item(a, kind, t, need / parts, need, false);
	}
}

static void choice_find_items(Choice *a)
{
	for (unsigned k = 0; k < a->kinds->len; k++) {
		g_array_set_size(choice_kind(a, k)->items, 0);
		for (unsigned t = 0; t < a->types->len; t++)
			choice_add_items(a, choice_kind(a, k), t);
	}
}

/* Of many sizes and kinds the tables are coarser: memory of VMs is rounded down to their steps, so
 * the bound holds. */
static void choice_find_tables(Choice *a)
{
	choice_find_steps(a);
	for (;; a->step *= 2) {
		choice_find_widths(a);
		choice_find_items(a);
		if (choice_round_work(a) <= CHOICE_WORK / ROUNDS_LEAST || a->step >= MEMORY_MOST)
			return;
	}
}

/* The whole */

static void choice_kind_free(gpointer data)
{
	ChoiceKind *kind = data;

	g_array_unref(kind->items);
	g_free(kind->worth);
	g_free(kind->last);
	g_free(kind);
}

Choice *choice_new(const GPtrArray *bids, const GPtrArray *requests, Prefer prefer)
{
	Choice *a = g_new0(Choice, 1);

	a->bids = bids;
	a->requests = requests;
	a->prefer = prefer;
	a->types = g_array_new(FALSE, TRUE, sizeof(ChoiceType));
	a->kinds = g_ptr_array_new_with_free_func(choice_kind_free);
	a->rooms = g_array_new(FALSE, FALSE, sizeof(ChoiceRoom));
	a->type_of = g_new0(unsigned, requests->len + 1);
	a->bound = UINT64_MAX;
	choice_find_types(a, 0);
	for (unsigned bits = BITS_MOST; a->types->len > TYPES_MOST && bits > 0; bits--)
		choice_find_types(a, bits);
	choice_find_rooms(a);
	if (a->kinds->len > KINDS_LIMIT || a->types->len > TYPES_LIMIT)
		return a;
	choice_find_tables(a);
	choice_find_prices(a);
	return a;
}

void choice_free(Choice *a)
{
	g_array_unref(a->types);
	g_ptr_array_unref(a->kinds);
	g_array_unref(a->rooms);
	g_free(a->memory);
	g_free(a->type_of);
	g_free(a);
}
