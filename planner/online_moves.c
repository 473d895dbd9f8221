/* SPDX-License-Identifier: MIT */
/*
 * Which running VMs would have to move for another to fit: depth first over how many move, 1, 2, ….
 * VMs of the same demand in the same rooms are the same to the counts, so only one of them is tried
 * at each step.
 */
#include "planner/online_internal.h"

#include <string.h>

#define STEPS_MOST 20000 /* seats tried for one question: a bound on a hopeless search */

/* A running VM as counts. */
typedef struct Mover {
	const OnlineVm *vm;
	Demand demand;
	Seat from, to;
} Mover;

typedef struct Moves {
	const Online *online;
	Demand wanted;
	Mover *movers; /* by id */
	unsigned n_movers;
	unsigned *chosen, n_chosen;
	unsigned *free; /* the counts, with the chosen taken off */
	uint64_t *memory;
	Seat seat; /* of the VM that wants in */
	unsigned steps;
} Moves;

static bool seats_equal(const Seat *a, const Seat *b)
{
	return a->n == b->n && !memcmp(a->taken, b->taken, a->n * sizeof *a->taken);
}

static bool demands_equal(const Demand *a, const Demand *b)
{
	return a->vcpus == b->vcpus && a->isolate == b->isolate && a->memory == b->memory &&
	       a->page == b->page && a->node == b->node;
}

/* Was a mover like number I already tried at this step, from START on? */
static bool tried(const Moves *m, unsigned start, unsigned i)
{
	for (unsigned j = start; j < i; j++)
		if (demands_equal(&m->movers[j].demand, &m->movers[i].demand) &&
		    seats_equal(&m->movers[j].from, &m->movers[i].from))
			return true;
	return false;
}

static bool seat_and_count(Moves *m, const Demand *demand, Seat *seat)
{
	m->steps++;
	if (!online_seat(m->online, m->free, m->memory, demand, seat))
		return false;
	online_count(m->online, m->free, m->memory, demand, seat, 1);
	return true;
}

/* Take the seats of the first N chosen back; false, for the caller's convenience. */
static bool unseat_chosen(Moves *m, unsigned n)
{
	while (n--) {
		Mover *mover = &m->movers[m->chosen[n]];

		online_count(m->online, m->free, m->memory, &mover->demand, &mover->to, -1);
	}
	return false;
}

/* Seat the chosen again, largest first as they were chosen; all or none. */
static bool seat_chosen(Moves *m)
{
	for (unsigned i = 0; i < m->n_chosen; i++) {
		Mover *mover = &m->movers[m->chosen[i]];

		if (!seat_and_count(m, &mover->demand, &mover->to))
			return unseat_chosen(m, i);
	}
	return true;
}

/* With the chosen taken off: does the wanted VM fit, and they beside it? In the one order or the
 * other. */
static bool works(Moves *m)
{
	if (seat_and_count(m, &m->wanted, &m->seat)) {
		if (seat_chosen(m))
			return true;
		online_count(m->online, m->free, m->memory, &m->wanted, &m->seat, -1);
	}
	return seat_chosen(m) &&
	       (seat_and_count(m, &m->wanted, &m->seat) || unseat_chosen(m, m->n_chosen));
}

static bool choose(Moves *m, unsigned start, unsigned left)
{
	if (!left)
		return works(m);
	for (unsigned i = start; i + left <= m->n_movers && m->steps < STEPS_MOST; i++) {
		Mover *mover = &m->movers[i];

		if (tried(m, start, i))
			continue;
		online_count(m->online, m->free, m->memory, &mover->demand, &mover->from, -1);
		m->chosen[m->n_chosen++] = i;
		if (choose(m, i + 1, left - 1))
			return true;
		m->n_chosen--;
		online_count(m->online, m->free, m->memory, &mover->demand, &mover->from, 1);
	}
	return false;
}

static int mover_compare(gconstpointer a, gconstpointer b)
{
	const OnlineVm *x = *(OnlineVm *const *)a, *y = *(OnlineVm *const *)b;

	if (x->spec->vcpus != y->spec->vcpus)
		return x->spec->vcpus > y->spec->vcpus ? -1 : 1;
	return strverscmp(x->spec->name, y->spec->name);
}

/* Those that may move, largest first, then by name: the hash table has no order of its own. */
static GPtrArray *movable(const Online *online)
{
	GPtrArray *vms = g_ptr_array_new();
	GHashTableIter iter;
	gpointer vm;

	g_hash_table_iter_init(&iter, online->vms);
	while (g_hash_table_iter_next(&iter, NULL, &vm))
		if (((OnlineVm *)vm)->movable && ((OnlineVm *)vm)->cores->len)
			g_ptr_array_add(vms, vm);
	g_ptr_array_sort(vms, mover_compare);
	return vms;
}

static Seat seat_new(const Online *online)
{
	return (Seat){0, g_new0(Taken, online->scratch->len)};
}

static void moves_init(Moves *m, const Online *online, const VmSpec *spec, unsigned most)
{
	g_autoptr(GPtrArray) vms = movable(online);

	*m = (Moves){.online = online, .wanted = online_demand(online, spec), .n_movers = vms->len};
	m->movers = g_new0(Mover, vms->len + 1);
	for (unsigned i = 0; i < vms->len; i++) {
		Mover *mover = &m->movers[i];

		mover->vm = g_ptr_array_index(vms, i);
		mover->demand = online_demand(online, mover->vm->spec);
		mover->from = seat_new(online);
		mover->to = seat_new(online);
		online_seat_of(online, mover->vm, &mover->from);
	}
	m->chosen = g_new0(unsigned, most + 1);
	m->free = g_memdup2(online->free, (online->rooms->len + 1) * sizeof *m->free);
	m->memory = g_memdup2(online->memory, online->plan->host->nodes->len * sizeof *m->memory);
	m->seat = seat_new(online);
}

static void moves_clear(Moves *m)
{
	for (unsigned i = 0; i < m->n_movers; i++) {
		g_free(m->movers[i].from.taken);
		g_free(m->movers[i].to.taken);
	}
	g_free(m->movers);
	g_free(m->chosen);
	g_free(m->free);
	g_free(m->memory);
	g_free(m->seat.taken);
}

/* Cores, as CPUs */

/* The cores of a room that stay or become free when the chosen have left; lowest first. */
static void pins_take(const Moves *m, const VmSpec *spec, const Taken *taken, bool *busy,
		      GArray *pins)
{
	const Room *room = &g_array_index(m->online->rooms, Room, taken->room);
	unsigned cores = taken->cores, left = taken->vcpus;

	for (unsigned i = 0; i < room->cores->len && cores; i++) {
		unsigned index = g_array_index(room->cores, unsigned, i);
		const Core *core = host_core(m->online->plan->host, index);
		unsigned use = spec->threads == THREADS_ISOLATE ? 1 : core->n_cpus;

		if (busy[index])
			continue;
		busy[index] = true;
		cores--;
		for (unsigned t = 0; t < use && left; t++, left--)
			g_array_append_val(pins, core->cpu[t]);
	}
	g_assert(!cores && !left);
}

static void online_move_free(gpointer data)
{
	OnlineMove *move = data;

	g_free(move->id);
	g_array_unref(move->from);
	g_array_unref(move->to);
	g_free(move);
}

static OnlineMove *move_new(const Moves *m, const Mover *mover, bool *busy)
{
	OnlineMove *move = g_new0(OnlineMove, 1);

	move->id = g_strdup(mover->vm->spec->name);
	move->from = g_array_copy(mover->vm->vcpupin);
	move->to = g_array_new(FALSE, FALSE, sizeof(unsigned));
	for (unsigned i = 0; i < mover->to.n; i++)
		pins_take(m, mover->vm->spec, &mover->to.taken[i], busy, move->to);
	return move;
}

/* The chosen take the lowest cores that they leave or find free; what is left holds the wanted VM.
 */
static GPtrArray *moves_report(const Moves *m)
{
	GPtrArray *moves = g_ptr_array_new_with_free_func(online_move_free);
	g_autofree bool *busy =
		g_memdup2(m->online->taken, m->online->plan->host->cores->len * sizeof *busy);

	for (unsigned i = 0; i < m->n_chosen; i++) {
		const GArray *cores = m->movers[m->chosen[i]].vm->cores;

		for (unsigned c = 0; c < cores->len; c++)
			busy[g_array_index(cores, unsigned, c)] = false;
	}
	for (unsigned i = 0; i < m->n_chosen; i++)
		g_ptr_array_add(moves, move_new(m, &m->movers[m->chosen[i]], busy));
	return moves;
}

GPtrArray *online_moves(const Online *online, const VmSpec *spec, unsigned most)
{
	GPtrArray *found = NULL;
	Moves moves;

	if (spec->policy == POLICY_SHARED || !online_has_room(online, spec))
		return NULL;
	moves_init(&moves, online, spec, most);
	for (unsigned n = 1; n <= most && n <= moves.n_movers && !found; n++)
		if (choose(&moves, 0, n))
			found = moves_report(&moves);
	moves_clear(&moves);
	return found;
}
