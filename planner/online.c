/* SPDX-License-Identifier: MIT */
#include "planner/online_internal.h"
#include "planner/place.h"

#include <string.h>

#define NONE G_MAXUINT

static const Room *room_at(const Online *o, unsigned room)
{
	return &g_array_index(o->rooms, Room, room);
}

/* Sizes seen and what rooms are worth */

static unsigned class_index(const Online *o, unsigned class)
{
	for (unsigned i = 0; i < o->classes->len; i++)
		if (g_array_index(o->classes, unsigned, i) == class)
			return i;
	g_assert_not_reached();
}

static unsigned class_threads(const Online *o, unsigned index)
{
	return g_array_index(o->classes, unsigned, index) % (HOST_MAX_THREADS + 1);
}

/*
 * One more VM of this size was seen: every number of free cores is worth as many vCPUs more as VMs
 * of the size it holds. Steps of `need`, so no division.
 */
static void learn(Online *o, const Demand *demand)
{
	for (unsigned c = 0; c < o->classes->len; c++) {
		unsigned need = search_cores(demand->vcpus, class_threads(o, c), demand->isolate);
		uint64_t worth = 0;
		unsigned next = need;

		for (unsigned f = need; f <= o->capacity[c]; f++) {
			if (f == next) {
				worth += demand->vcpus;
				next += need;
			}
			o->slots[c][f] += worth;
		}
	}
}

/* Memory */

uint64_t online_share_memory(const Demand *demand, unsigned vcpus)
{
	uint64_t each = demand->memory / demand->vcpus, rest = demand->memory % demand->vcpus;
	uint64_t share = each * vcpus + (rest * vcpus + demand->vcpus - 1) / demand->vcpus;

	return (share + demand->page - 1) / demand->page * demand->page;
}

static bool memory_fits(const uint64_t *memory, unsigned node, uint64_t bytes)
{
	return memory[node] >= bytes; /* not known is UINT64_MAX */
}

/* Seats. All of them work on counts, so that a what-if is the same code on a copy. */

/* What taking NEED cores of a room with FREE costs under the policy; less is better. */
static uint64_t cost_of(const Online *o, unsigned class, unsigned free, unsigned need)
{
	switch (o->policy) {
	case ONLINE_FIRST_FIT:
		return 0;
	case ONLINE_BEST_FIT:
		return free;
	default:
		return o->slots[class][free] - o->slots[class][free - need];
	}
}

static bool seat_in_room(const Online *o, const unsigned *free, const uint64_t *memory,
			 const Demand *d, Seat *seat)
{
	uint64_t best_cost = UINT64_MAX, bytes = online_share_memory(d, d->vcpus);
	unsigned best = NONE, best_need = 0, class = NONE, need = 0;

	for (unsigned r = 0; r < o->rooms->len; r++) {
		const Room *room = room_at(o, r);
		uint64_t cost;

		if (room->class != class) {
			class = room->class;
			need = search_cores(d->vcpus, room->threads, d->isolate);
		}
		if (free[r] < need || (d->node != NONE && room->node != d->node) ||
		    !memory_fits(memory, room->node, bytes))
			continue;
		cost = cost_of(o, room->class, free[r], need);
		if (cost < best_cost ||
		    (cost == best_cost && o->policy != ONLINE_FIRST_FIT && free[r] < free[best])) {
			best_cost = cost;
			best = r;
			best_need = need;
		}
	}
	if (best == NONE)
		return false;
	seat->n = 1;
	seat->taken[0] = (Taken){best, best_need, d->vcpus};
	return true;
}

/* Free cores of a class on a node. */
static unsigned free_on_node(const Online *o, const unsigned *free, unsigned node, unsigned class)
{
	unsigned sum = 0;

	for (unsigned r = 0; r < o->rooms->len; r++)
		if (room_at(o, r)->node == node && room_at(o, r)->class == class)
			sum += free[r];
	return sum;
}

/* The room of NODE with fewest free cores that SEAT, from entry FIRST on, has not: fragments go
 * first. */
static unsigned smallest_room(const Online *o, const unsigned *free, unsigned node, unsigned class,
			      const Seat *seat, unsigned first)
{
	unsigned best = NONE;

	for (unsigned r = 0; r < o->rooms->len; r++) {
		bool used = false;

		for (unsigned i = first; i < seat->n; i++)
			used |= seat->taken[i].room == r;
		if (!used && free[r] && room_at(o, r)->node == node &&
		    room_at(o, r)->class == class && (best == NONE || free[r] < free[best]))
			best = r;
	}
	return best;
}

/* Add a share of VCPUS on NODE, which has the cores, to SEAT. */
static void share_in_node(const Online *o, const unsigned *free, unsigned node, unsigned class,
			  unsigned vcpus, const Demand *d, Seat *seat)
{
	unsigned threads = class_threads(o, class), first = seat->n;
	unsigned need = search_cores(vcpus, threads, d->isolate);

	while (need) {
		unsigned room = smallest_room(o, free, node, class, seat, first);
		unsigned cores = MIN(free[room], need);
		unsigned part = MIN(vcpus, cores * (d->isolate ? 1 : threads));

		seat->taken[seat->n++] = (Taken){room, cores, part};
		vcpus -= part;
		need -= cores;
	}
}

static bool seat_has_node(const Online *o, const Seat *seat, unsigned node)
{
	for (unsigned i = 0; i < seat->n; i++)
		if (room_at(o, seat->taken[i].room)->node == node)
			return true;
	return false;
}

/* The node with fewest free cores that still holds a share of VCPUS, and that SEAT does not have
 * yet. */
static unsigned tightest_node(const Online *o, const unsigned *free, const uint64_t *memory,
			      const Demand *d, unsigned class, unsigned vcpus, const Seat *seat)
{
	unsigned need = search_cores(vcpus, class_threads(o, class), d->isolate);
	unsigned best = NONE, fewest = NONE;

	for (unsigned node = 0; node < o->plan->host->nodes->len; node++) {
		unsigned have = free_on_node(o, free, node, class);

		if (have < need || have >= fewest || (d->node != NONE && node != d->node) ||
		    !memory_fits(memory, node, online_share_memory(d, vcpus)) ||
		    seat_has_node(o, seat, node))
			continue;
		best = node;
		fewest = have;
	}
	return best;
}

/* Equal shares over K nodes, all of CLASS; K = 1 is the node level. */
static bool seat_over_nodes(const Online *o, const unsigned *free, const uint64_t *memory,
			    const Demand *d, unsigned class, unsigned k, Seat *seat)
{
	unsigned each = d->vcpus / k;

	seat->n = 0;
	for (unsigned i = 0; i < k; i++) {
		unsigned node = tightest_node(o, free, memory, d, class, each, seat);

		if (node == NONE)
			return false;
		share_in_node(o, free, node, class, each, d, seat);
	}
	return true;
}

static int taken_compare(const void *a, const void *b)
{
	const Taken *x = a, *y = b;

	return x->room < y->room ? -1 : x->room > y->room;
}

bool online_seat(const Online *o, const unsigned *free, const uint64_t *memory, const Demand *d,
		 Seat *seat)
{
	if (seat_in_room(o, free, memory, d, seat))
		return true;
	for (unsigned k = 1; k <= o->plan->host->nodes->len && k <= d->vcpus; k++)
		for (unsigned class = 0; d->vcpus % k == 0 && class < o->classes->len; class ++)
			if (seat_over_nodes(o, free, memory, d, class, k, seat)) {
				qsort(seat->taken, seat->n, sizeof *seat->taken, taken_compare);
				return true;
			}
	return false;
}

/* vCPUs that SEAT has on the node of its entry FIRST, when FIRST is the node's first entry; else 0.
 */
static unsigned share_vcpus(const Online *o, const Seat *seat, unsigned first)
{
	unsigned node = room_at(o, seat->taken[first].room)->node, vcpus = 0;

	for (unsigned i = 0; i < seat->n; i++) {
		if (room_at(o, seat->taken[i].room)->node != node)
			continue;
		if (i < first)
			return 0;
		vcpus += seat->taken[i].vcpus;
	}
	return vcpus;
}

void online_count(const Online *o, unsigned *free, uint64_t *memory, const Demand *d,
		  const Seat *seat, int sign)
{
	for (unsigned i = 0; i < seat->n; i++) {
		const Taken *taken = &seat->taken[i];
		unsigned node = room_at(o, taken->room)->node;
		unsigned vcpus = share_vcpus(o, seat, i);

		free[taken->room] -= (unsigned)sign * taken->cores;
		if (vcpus && memory[node] != UINT64_MAX)
			memory[node] -= (uint64_t)(int64_t)sign * online_share_memory(d, vcpus);
	}
}

Demand online_demand(const Online *o, const VmSpec *spec)
{
	Demand demand = {spec->vcpus, spec->threads == THREADS_ISOLATE, spec->memory,
			 place_page(spec), NONE};

	if (spec->node >= 0) {
		demand.node = host_node_of_id(o->plan->host, (unsigned)spec->node);
		if (demand.node == HOST_NONE) /* no such node: no room is on it */
			demand.node = o->plan->host->nodes->len;
	}
	return demand;
}

/* Seats to cores and pins */

/* The lowest free core of a room from position *NEXT on. */
static unsigned core_take(Online *o, const Room *room, unsigned *next)
{
	for (;; (*next)++) {
		unsigned core = g_array_index(room->cores, unsigned, *next);

		if (!o->taken[core]) {
			o->taken[core] = true;
			return core;
		}
	}
}

static void pin_taken(Online *o, OnlineVm *vm, const Taken *taken)
{
	const Room *room = room_at(o, taken->room);
	unsigned left = taken->vcpus, next = 0;

	for (unsigned i = 0; i < taken->cores; i++) {
		unsigned index = core_take(o, room, &next);
		const Core *core = host_core(o->plan->host, index);
		unsigned use = vm->spec->threads == THREADS_ISOLATE ? 1 : core->n_cpus;

		g_array_append_val(vm->cores, index);
		for (unsigned t = 0; t < use && left; t++, left--)
			g_array_append_val(vm->vcpupin, core->cpu[t]);
	}
}

/* Give VM the cores of SEAT, which the counts have already. */
static void seat_apply(Online *o, OnlineVm *vm, const Seat *seat)
{
	for (unsigned i = 0; i < seat->n; i++) {
		pin_taken(o, vm, &seat->taken[i]);
		o->cores_taken += seat->taken[i].cores;
	}
}

static unsigned room_find(const Online *o, unsigned index)
{
	const Core *core = host_core(o->plan->host, index);

	for (unsigned r = 0; r < o->rooms->len; r++) {
		const Room *room = room_at(o, r);
		const Core *first =
			host_core(o->plan->host, g_array_index(room->cores, unsigned, 0));

		if (core->node == first->node && core->l3 == first->l3 &&
		    core->kind == first->kind && core->n_cpus == first->n_cpus)
			return r;
	}
	return NONE;
}

void online_seat_of(const Online *o, const OnlineVm *vm, Seat *seat)
{
	unsigned left = vm->spec->vcpus;

	seat->n = 0;
	for (unsigned i = 0; i < vm->cores->len; i++) {
		unsigned core = g_array_index(vm->cores, unsigned, i), room = o->room_of[core];
		unsigned use = vm->spec->threads == THREADS_ISOLATE
				       ? 1
				       : host_core(o->plan->host, core)->n_cpus;
		unsigned vcpus = MIN(left, use);

		if (!seat->n || seat->taken[seat->n - 1].room != room)
			seat->taken[seat->n++] = (Taken){room, 0, 0};
		seat->taken[seat->n - 1].cores++;
		seat->taken[seat->n - 1].vcpus += vcpus;
		left -= vcpus;
	}
}

/* VMs */

static void online_vm_free(OnlineVm *vm)
{
	vm_spec_free(vm->spec);
	g_array_unref(vm->cores);
	g_array_unref(vm->vcpupin);
	g_free(vm);
}

static OnlineVm *online_vm_new(const VmSpec *spec)
{
	OnlineVm *vm = g_new0(OnlineVm, 1);

	vm->spec = vm_spec_copy(spec, spec->name);
	vm->cores = g_array_new(FALSE, FALSE, sizeof(unsigned));
	vm->vcpupin = g_array_sized_new(FALSE, FALSE, sizeof(unsigned), spec->vcpus);
	vm->movable = true;
	return vm;
}

static const OnlineVm *vm_add(Online *o, OnlineVm *vm)
{
	g_hash_table_insert(o->vms, vm->spec->name, vm);
	if (vm->spec->policy == POLICY_DEDICATED)
		o->vcpus += vm->spec->vcpus;
	return vm;
}

static OnlineStatus place_dedicated(Online *o, const VmSpec *spec, const OnlineVm **placed)
{
	Demand demand = online_demand(o, spec);
	Seat seat = {0, (Taken *)o->scratch->data};
	OnlineVm *vm;

	learn(o, &demand);
	if (!online_seat(o, o->free, o->memory, &demand, &seat))
		return ONLINE_REJECTED;
	online_count(o, o->free, o->memory, &demand, &seat, 1);
	vm = online_vm_new(spec);
	seat_apply(o, vm, &seat);
	*placed = vm_add(o, vm);
	return ONLINE_PLACED;
}

/* A shared VM needs memory alone, from the node that has most. */
static OnlineStatus place_pooled(Online *o, const VmSpec *spec, const OnlineVm **placed)
{
	Demand demand = online_demand(o, spec);
	uint64_t bytes = online_share_memory(&demand, demand.vcpus);
	unsigned most = 0;
	OnlineVm *vm;

	for (unsigned n = 1; n < o->plan->host->nodes->len; n++)
		if (o->memory[n] > o->memory[most])
			most = n;
	if (hwloc_bitmap_iszero(o->pool) || !memory_fits(o->memory, most, bytes))
		return ONLINE_REJECTED;
	if (o->memory[most] != UINT64_MAX)
		o->memory[most] -= bytes;
	vm = online_vm_new(spec);
	vm->pool_node = most;
	*placed = vm_add(o, vm);
	return ONLINE_PLACED;
}

OnlineStatus online_place(Online *o, const VmSpec *spec, const OnlineVm **vm)
{
	if (g_hash_table_contains(o->vms, spec->name))
		return ONLINE_DUPLICATE;
	return spec->policy == POLICY_SHARED ? place_pooled(o, spec, vm)
					     : place_dedicated(o, spec, vm);
}

/* Take VM off its cores, the counts included. */
static void unseat(Online *o, OnlineVm *vm)
{
	Demand demand = online_demand(o, vm->spec);
	Seat seat = {0, (Taken *)o->scratch->data};

	online_seat_of(o, vm, &seat);
	online_count(o, o->free, o->memory, &demand, &seat, -1);
	for (unsigned i = 0; i < vm->cores->len; i++)
		o->taken[g_array_index(vm->cores, unsigned, i)] = false;
	o->cores_taken -= vm->cores->len;
	g_array_set_size(vm->cores, 0);
	g_array_set_size(vm->vcpupin, 0);
}

bool online_remove(Online *o, const char *id)
{
	OnlineVm *vm = g_hash_table_lookup(o->vms, id);
	Demand demand;

	if (!vm)
		return false;
	if (vm->spec->policy == POLICY_DEDICATED) {
		unseat(o, vm);
		o->vcpus -= vm->spec->vcpus;
	} else if (o->memory[vm->pool_node] != UINT64_MAX) {
		demand = online_demand(o, vm->spec);
		o->memory[vm->pool_node] += online_share_memory(&demand, demand.vcpus);
	}
	g_hash_table_remove(o->vms, id);
	return true;
}

/* Questions */

bool online_has_room(const Online *o, const VmSpec *spec)
{
	for (unsigned class = 0; class < o->classes->len; class ++) {
		unsigned need = search_cores(spec->vcpus, class_threads(o, class),
					     spec->threads == THREADS_ISOLATE);
		unsigned have = 0;

		for (unsigned node = 0; node < o->plan->host->nodes->len; node++)
			have += free_on_node(o, o->free, node, class);
		if (spec->policy == POLICY_DEDICATED && have >= need)
			return true;
	}
	return false;
}

/* The most free cores on one node, of the class that needs fewest. */
static char *why_cores(const Online *o, const VmSpec *spec)
{
	unsigned need = NONE, most = 0, all = 0, at = 0;

	for (unsigned class = 0; class < o->classes->len; class ++) {
		unsigned cores = search_cores(spec->vcpus, class_threads(o, class),
					      spec->threads == THREADS_ISOLATE);

		need = MIN(need, cores);
		for (unsigned node = 0; node < o->plan->host->nodes->len; node++) {
			unsigned have = free_on_node(o, o->free, node, class);

			all += have;
			if (have > most) {
				most = have;
				at = node;
			}
		}
	}
	if (need == NONE)
		return g_strdup("no core is left to VMs");
	if (most >= need)
		return g_strdup_printf("needs %" G_GUINT64_FORMAT
				       " MiB of memory beside %u whole cores; no node has both",
				       spec->memory >> 20, need);
	return g_strdup_printf(
		"needs %u whole cores on one node; %u are free in all, %u of them on "
		"node %u",
		need, all, most, host_node(o->plan->host, at)->id);
}

char *online_why(const Online *o, const VmSpec *spec)
{
	if (spec->policy == POLICY_SHARED)
		return g_strdup(hwloc_bitmap_iszero(o->pool) ? "the pool has no CPU"
							     : "no node has the memory");
	if (spec->node >= 0 && host_node_of_id(o->plan->host, (unsigned)spec->node) == HOST_NONE)
		return g_strdup_printf("asks for node %d, which this host does not have",
				       spec->node);
	return why_cores(o, spec);
}

unsigned online_vcpus(const Online *o)
{
	return o->vcpus;
}

double online_fill(const Online *o)
{
	return o->cores_all ? (double)o->cores_taken / o->cores_all : 0;
}

hwloc_const_bitmap_t online_pool(const Online *o)
{
	return o->pool;
}

/* Moves, decided in online_moves.c */

static void repin(Online *o, OnlineVm *vm, const GArray *to)
{
	for (unsigned v = 0; v < to->len; v++) {
		unsigned cpu = g_array_index(to, unsigned, v);
		unsigned core = host_core_of(o->plan->host, cpu);

		g_array_append_val(vm->vcpupin, cpu);
		if (!vm->cores->len ||
		    g_array_index(vm->cores, unsigned, vm->cores->len - 1) != core)
			g_array_append_val(vm->cores, core);
	}
}

static void reseat(Online *o, OnlineVm *vm)
{
	Demand demand = online_demand(o, vm->spec);
	Seat seat = {0, (Taken *)o->scratch->data};

	online_seat_of(o, vm, &seat);
	online_count(o, o->free, o->memory, &demand, &seat, 1);
	for (unsigned i = 0; i < vm->cores->len; i++)
		o->taken[g_array_index(vm->cores, unsigned, i)] = true;
	o->cores_taken += vm->cores->len;
}

void online_apply(Online *o, const GPtrArray *moves)
{
	for (unsigned i = 0; i < moves->len; i++) {
		const OnlineMove *move = g_ptr_array_index(moves, i);

		unseat(o, g_hash_table_lookup(o->vms, move->id));
	}
	for (unsigned i = 0; i < moves->len; i++) {
		const OnlineMove *move = g_ptr_array_index(moves, i);
		OnlineVm *vm = g_hash_table_lookup(o->vms, move->id);

		repin(o, vm, move->to);
		reseat(o, vm);
	}
}

/* Life */

static void room_clear(gpointer data)
{
	g_array_unref(((Room *)data)->cores);
}

/* The core may hold a VM: the split leaves it to VMs, whoever has it now. */
static bool core_of_vms(const Plan *plan, unsigned index)
{
	Role role = g_array_index(plan->roles, Role, index);

	return role == ROLE_FREE ||
	       (role == ROLE_DEDICATED && !host_core(plan->host, index)->partial);
}

static void rooms_build(Online *o)
{
	const Host *host = o->plan->host;

	for (unsigned i = 0; i < host->cores->len; i++) {
		const Core *core = host_core(host, i);
		unsigned r;

		if (!core_of_vms(o->plan, i))
			continue;
		r = room_find(o, i);
		if (r == NONE) {
			Room room = {core->node, core->kind * (HOST_MAX_THREADS + 1) + core->n_cpus,
				     core->n_cpus, 0, g_array_new(FALSE, FALSE, sizeof(unsigned))};

			g_array_append_val(o->rooms, room);
			r = o->rooms->len - 1;
		}
		g_array_append_val(g_array_index(o->rooms, Room, r).cores, i);
		g_array_index(o->rooms, Room, r).capacity++;
		o->cores_all++;
	}
}

static int room_compare(gconstpointer a, gconstpointer b)
{
	const Room *x = a, *y = b;
	unsigned first_x = g_array_index(x->cores, unsigned, 0);
	unsigned first_y = g_array_index(y->cores, unsigned, 0);

	if (x->node != y->node)
		return x->node < y->node ? -1 : 1;
	return first_x < first_y ? -1 : first_x > first_y;
}

static bool class_known(const Online *o, unsigned class)
{
	for (unsigned i = 0; i < o->classes->len; i++)
		if (g_array_index(o->classes, unsigned, i) == class)
			return true;
	return false;
}

/* Classes become small numbers; each gets its table of worth. */
static void classes_build(Online *o)
{
	for (unsigned r = 0; r < o->rooms->len; r++)
		if (!class_known(o, room_at(o, r)->class))
			g_array_append_val(o->classes, room_at(o, r)->class);
	o->capacity = g_new0(unsigned, o->classes->len + 1);
	o->slots = g_new0(uint64_t *, o->classes->len + 1);
	for (unsigned r = 0; r < o->rooms->len; r++) {
		Room *room = &g_array_index(o->rooms, Room, r);

		room->class = class_index(o, room->class);
		o->capacity[room->class] = MAX(o->capacity[room->class], room->capacity);
	}
	for (unsigned c = 0; c < o->classes->len; c++)
		o->slots[c] = g_new0(uint64_t, o->capacity[c] + 1);
}

static void counts_build(Online *o)
{
	unsigned n = o->rooms->len;

	o->free = g_new0(unsigned, n + 1);
	for (unsigned r = 0; r < n; r++)
		o->free[r] = room_at(o, r)->capacity;
	o->room_of = g_new0(unsigned, o->plan->host->cores->len);
	for (unsigned i = 0; i < o->plan->host->cores->len; i++)
		o->room_of[i] = room_find(o, i);
	o->memory = place_node_memory(o->plan->host, o->inventory);
	o->taken = g_new0(bool, o->plan->host->cores->len);
	g_array_set_size(o->scratch, MAX(n, o->plan->host->cores->len));
}

/* Is the VM on cores that VMs may have, all of them? Others are no business of the rooms. */
static bool vm_on_rooms(const Online *o, const PlanVm *vm)
{
	for (unsigned v = 0; v < vm->vcpupin->len; v++) {
		unsigned cpu = g_array_index(vm->vcpupin, unsigned, v);
		unsigned core = host_core_of(o->plan->host, cpu);

		if (!core_of_vms(o->plan, core) || o->taken[core])
			return false;
	}
	return true;
}

/* Cores of a VM that clashes with others are gone all the same: nobody else may have them. */
static void cores_lose(Online *o, const PlanVm *vm)
{
	for (unsigned v = 0; v < vm->vcpupin->len; v++) {
		unsigned cpu = g_array_index(vm->vcpupin, unsigned, v);
		unsigned core = host_core_of(o->plan->host, cpu);

		if (core_of_vms(o->plan, core) && !o->taken[core]) {
			o->taken[core] = true;
			o->free[o->room_of[core]]--;
			o->cores_taken++;
		}
	}
}

static void begin_vm(Online *o, const PlanVm *planned)
{
	const OnlineVm *placed;
	Demand demand = online_demand(o, planned->spec);
	OnlineVm *vm;

	if (planned->spec->policy == POLICY_SHARED) {
		place_pooled(o, planned->spec, &placed);
		return;
	}
	learn(o, &demand);
	if (!planned->placed)
		return;
	if (!vm_on_rooms(o, planned)) {
		cores_lose(o, planned);
		return;
	}
	vm = online_vm_new(planned->spec);
	vm->movable = !planned->spec->cpus;
	repin(o, vm, planned->vcpupin);
	reseat(o, vm);
	vm_add(o, vm);
}

/* Cores reserved for VMs that the plan could not place stay reserved. */
static void cores_reserved_lose(Online *o)
{
	for (unsigned i = 0; i < o->plan->host->cores->len; i++)
		if (g_array_index(o->plan->roles, Role, i) == ROLE_DEDICATED &&
		    core_of_vms(o->plan, i) && !o->taken[i]) {
			o->taken[i] = true;
			o->free[o->room_of[i]]--;
			o->cores_taken++;
		}
}

Online *online_new(const Plan *plan, const Inventory *inventory, OnlinePolicy policy)
{
	Online *o = g_new0(Online, 1);

	o->plan = plan;
	o->inventory = inventory;
	o->policy = policy;
	o->rooms = g_array_new(FALSE, FALSE, sizeof(Room));
	g_array_set_clear_func(o->rooms, room_clear);
	o->classes = g_array_new(FALSE, FALSE, sizeof(unsigned));
	o->scratch = g_array_new(FALSE, FALSE, sizeof(Taken));
	o->vms = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
				       (GDestroyNotify)online_vm_free);
	o->pool = hwloc_bitmap_dup(plan->cpus[ROLE_SHARED]);
	if (hwloc_bitmap_iszero(o->pool))
		hwloc_bitmap_copy(o->pool, plan->cpus[ROLE_HOST]);
	rooms_build(o);
	g_array_sort(o->rooms, room_compare);
	classes_build(o);
	counts_build(o);
	for (unsigned i = 0; i < plan->vms->len; i++)
		begin_vm(o, g_ptr_array_index(plan->vms, i));
	cores_reserved_lose(o);
	return o;
}

void online_free(Online *o)
{
	for (unsigned c = 0; c < o->classes->len; c++)
		g_free(o->slots[c]);
	g_free(o->slots);
	g_free(o->capacity);
	g_free(o->free);
	g_free(o->memory);
	g_free(o->taken);
	g_free(o->room_of);
	g_array_unref(o->rooms);
	g_array_unref(o->classes);
	g_array_unref(o->scratch);
	g_hash_table_unref(o->vms);
	hwloc_bitmap_free(o->pool);
	g_free(o);
}
