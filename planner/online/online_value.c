/* SPDX-License-Identifier: MIT */
/*
 * What free cores are worth. The kinds of VMs seen lately, each with how often, are counted against
 * what is free: how many more of a kind would fit, one node each or in shares. The first that
 * fits is worth most, each further one AGAIN times the one before: what matters is that one of the
 * kind can be had when it comes. A place costs what its taking takes from that.
 *
 * The counts are kept by kind and cell, so that a decision needs a few multiplications a kind.
 */
#include "planner/online/online_internal.h"

#define KINDS_MOST 16	/* kinds kept; the rarest gives way to a new one */
#define WEIGHT_MOST 512 /* of all kinds together; then all are halved: what is long ago fades */
#define AGAIN 0.75	/* what one more of a kind is worth, to the one before */
#define ROOM_WORTH 0.5	/* a room of its own L3, to a place at all */
#define STEPS 64	/* more of one kind than that are the same as that */

typedef struct ValueKind {
	Demand demand;
	unsigned weight;
	unsigned shares;		   /* nodes the VM takes when it spans; 0: it never does */
	unsigned whole, parts;		   /* VMs, and shares of VMs, that fit over all cells */
	unsigned *need;			   /* by class: cores of a VM */
	double *each, *each_share;	   /* by class: 1 / cores of a VM, of a share */
	unsigned *rooms;		   /* by class: VMs that fit in single rooms */
	double memory, part;		   /* 1 / bytes of a VM, of a share; 0: it takes none */
	unsigned *cell_whole, *cell_parts; /* by cell */
} ValueKind;

struct OnlineValue {
	ValueKind kinds[KINDS_MOST];
	unsigned n_kinds, weight;
	double left[STEPS + 1]; /* AGAIN to the n-th: what is not yet there with n that fit */
};

/* Counting */

/* How often CORES and MEMORY hold a 1/EACH-th of cores and a 1/INVERSE-th of memory: dividing takes
 * longer. */
static unsigned online_value_times(unsigned cores, uint64_t memory, double each, double inverse)
{
	unsigned n = (unsigned)(cores * each + 1e-6);
	double m = (double)memory * inverse + 1e-6;

	return memory == UINT64_MAX || inverse == 0 || m >= n ? n : (unsigned)m;
}

static bool kind_on(const Online *o, const ValueKind *kind, unsigned cell)
{
	const Demand *d = &kind->demand;

	return (d->vm.node == G_MAXUINT || d->vm.node == online_cell(o, cell)->node) &&
	       (!d->cells || d->cells[cell]);
}

static void count_cell(const Online *o, ValueKind *kind, unsigned cell)
{
	const RoomCell *at = online_cell(o, cell);
	uint64_t memory = o->now.memory[at->node];
	unsigned cores = o->now.cell[cell], whole, parts = 0;

	if (!kind_on(o, kind, cell))
		return;
	whole = online_value_times(cores, memory, kind->each[at->class], kind->memory);
	if (kind->shares)
		parts = online_value_times(cores, memory, kind->each_share[at->class], kind->part);
	kind->whole += whole - kind->cell_whole[cell];
	kind->parts += parts - kind->cell_parts[cell];
	kind->cell_whole[cell] = whole;
	kind->cell_parts[cell] = parts;
}

/* Kinds */

/* vCPUs of the largest of K shares. */
static unsigned share_of(const Demand *d, unsigned k)
{
	return (d->vm.vcpus + k - 1) / k;
}

/* Cores of the largest, or nearly: helpers' are in one of them. */
static unsigned share_cores(const Demand *d, unsigned k, unsigned threads)
{
	return (search_vm_cores(&d->vm, threads) + k - 1) / k;
}

static bool cells_hold(const Online *o, const Demand *d, unsigned k)
{
	unsigned n = 0;

	for (unsigned i = 0; i < o->rooms->n_cells; i++) {
		const RoomCell *cell = online_cell(o, i);

		n += cell->cores >= share_cores(d, k, cell->threads);
	}
	return n >= k;
}

/* The fewest nodes, of more than one, that the VM could be spread over. */
static unsigned shares_of(const Online *o, const Demand *d)
{
	for (unsigned k = 2; k <= d->most && k <= d->vm.vcpus; k++)
		if (cells_hold(o, d, k))
			return k;
	return 0;
}

static double inverse_of(const Demand *d, unsigned vcpus)
{
	return d->memory ? 1 / (double)demand_memory(d, vcpus) : 0;
}

static void kind_count(const Online *o, ValueKind *kind)
{
	for (unsigned i = 0; i < o->rooms->n_cells; i++)
		count_cell(o, kind, i);
	for (unsigned r = 0; r < o->rooms->n_rooms; r++) {
		unsigned class = online_room(o, r)->class;

		kind->rooms[class] += o->now.free[r] / kind->need[class];
	}
}

static void kind_clear(ValueKind *kind)
{
	g_free(kind->each);
	g_free(kind->need);
}

static void kind_begin(const Online *o, ValueKind *kind, const Demand *d)
{
	*kind = (ValueKind){
		.demand = *d, .shares = shares_of(o, d), .memory = inverse_of(d, d->vm.vcpus)};
	kind->each = g_new0(double, 2 * o->rooms->n_classes + 1);
	kind->each_share = kind->each + o->rooms->n_classes;
	kind->need = g_new0(unsigned, 2 * (o->rooms->n_classes + o->rooms->n_cells) + 1);
	kind->rooms = kind->need + o->rooms->n_classes;
	kind->cell_whole = kind->rooms + o->rooms->n_classes;
	kind->cell_parts = kind->cell_whole + o->rooms->n_cells;
	if (kind->shares)
		kind->part = inverse_of(d, share_of(d, kind->shares));
	for (unsigned i = 0; i < o->rooms->n_cells; i++) {
		const RoomCell *cell = online_cell(o, i);

		kind->need[cell->class] = search_vm_cores(&d->vm, cell->threads);
		kind->each[cell->class] = 1.0 / kind->need[cell->class];
		if (kind->shares)
			kind->each_share[cell->class] =
				1.0 / share_cores(d, kind->shares, cell->threads);
	}
	kind_count(o, kind);
}

static ValueKind *online_value_rarest(OnlineValue *value)
{
	ValueKind *kind = &value->kinds[0];

	for (unsigned i = 1; i < value->n_kinds; i++)
		if (value->kinds[i].weight < kind->weight)
			kind = &value->kinds[i];
	return kind;
}

static ValueKind *kind_new(const Online *o, OnlineValue *value, const Demand *d)
{
	ValueKind *kind;

	if (value->n_kinds < KINDS_MOST) {
		kind = &value->kinds[value->n_kinds++];
	} else {
		kind = online_value_rarest(value);
		value->weight -= kind->weight;
		kind_clear(kind);
	}
	kind_begin(o, kind, d);
	return kind;
}

static ValueKind *online_value_kind_of(const Online *o, OnlineValue *value, const Demand *d)
{
	for (unsigned i = 0; i < value->n_kinds; i++)
		if (online_demands_equal(&value->kinds[i].demand, d))
			return &value->kinds[i];
	return kind_new(o, value, d);
}

static void online_value_fade(OnlineValue *value)
{
	value->weight = 0;
	for (unsigned i = 0; i < value->n_kinds; i++)
		value->weight += value->kinds[i].weight /= 2;
}

void online_value_learn(const Online *o, OnlineValue *value, const Demand *d)
{
	online_value_kind_of(o, value, d)->weight++;
	if (++value->weight > WEIGHT_MOST)
		online_value_fade(value);
}

/* Keeping up */

static bool node_first(const Online *o, const Assignment *assignment, unsigned entry)
{
	unsigned node = online_room(o, assignment->shares[entry].room)->node;

	for (unsigned i = 0; i < entry; i++)
		if (online_room(o, assignment->shares[i].room)->node == node)
			return false;
	return true;
}

/* All cells of the node: they share its memory. */
void online_value_node(const Online *o, OnlineValue *value, unsigned node)
{
	for (unsigned c = 0; c < o->rooms->n_cells; c++)
		for (unsigned k = 0; k < value->n_kinds && online_cell(o, c)->node == node; k++)
			count_cell(o, &value->kinds[k], c);
}

void online_value_update(const Online *o, OnlineValue *value, const Assignment *assignment,
			 int sign)
{
	for (unsigned i = 0; i < assignment->n; i++) {
		const SearchShare *taken = &assignment->shares[i];
		const Room *room = online_room(o, taken->room);
		unsigned now = o->now.free[taken->room];
		unsigned before = now + (unsigned)sign * taken->cores;

		for (unsigned k = 0; k < value->n_kinds; k++) {
			ValueKind *kind = &value->kinds[k];
			unsigned need = kind->need[room->class];

			kind->rooms[room->class] += now / need - before / need;
		}
		if (node_first(o, assignment, i))
			online_value_node(o, value, room->node);
	}
}

/* Worth */

/* What is missing of the worth of a kind that fits N times. */
static double online_value_missing(const OnlineValue *value, unsigned n)
{
	return value->left[MIN(n, STEPS)];
}

static double kind_missing(const OnlineValue *value, const ValueKind *kind, unsigned whole,
			   unsigned parts)
{
	unsigned spread = kind->shares == 2 ? parts / 2 : kind->shares ? parts / kind->shares : 0;

	return online_value_missing(value, MAX(whole, spread));
}

static double kind_loss(const OnlineValue *value, const ValueKind *kind, unsigned cell,
			const RoomCell *at, unsigned cores, uint64_t memory)
{
	unsigned whole, parts = 0;

	whole = kind->whole - kind->cell_whole[cell] +
		online_value_times(cores, memory, kind->each[at->class], kind->memory);
	if (kind->shares)
		parts = kind->parts - kind->cell_parts[cell] +
			online_value_times(cores, memory, kind->each_share[at->class], kind->part);
	return kind->weight * (kind_missing(value, kind, whole, parts) -
			       kind_missing(value, kind, kind->whole, kind->parts));
}

double online_value_cell(const Online *o, const OnlineValue *value, unsigned cell, unsigned need,
			 const Demand *d)
{
	const RoomCell *at = online_cell(o, cell);
	uint64_t memory = o->now.memory[at->node];
	unsigned cores = o->now.cell[cell] - need;
	double loss = 0;

	if (memory != UINT64_MAX)
		memory -= demand_memory(d, d->vm.vcpus);
	for (unsigned k = 0; k < value->n_kinds; k++)
		if (kind_on(o, &value->kinds[k], cell))
			loss += kind_loss(value, &value->kinds[k], cell, at, cores, memory);
	return loss;
}

double online_value_room(const OnlineValue *value, unsigned class, unsigned free, unsigned need)
{
	double loss = 0;

	for (unsigned k = 0; k < value->n_kinds; k++) {
		const ValueKind *kind = &value->kinds[k];
		unsigned size = kind->need[class], n = kind->rooms[class], gone;

		if (size > free)
			continue;
		gone = free / size - (free - need) / size;
		if (gone)
			loss += kind->weight * (online_value_missing(value, n - gone) -
						online_value_missing(value, n));
	}
	return loss * ROOM_WORTH;
}

/* Life */

OnlineValue *online_value_new(void)
{
	OnlineValue *value = g_new0(OnlineValue, 1);

	for (unsigned n = 0; n <= STEPS; n++)
		value->left[n] = n ? value->left[n - 1] * AGAIN : 1;
	return value;
}

void online_value_free(OnlineValue *value)
{
	for (unsigned k = 0; k < value->n_kinds; k++)
		kind_clear(&value->kinds[k]);
	g_free(value);
}
