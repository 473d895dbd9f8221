/* SPDX-License-Identifier: MIT */
/*
 * Which running VMs would have to move for another to fit: depth first over how many move, 1, 2, ….
 * VMs of the same demand in the same rooms are the same to the counts, so only one of them is tried
 * at each step.
 *
 * Whether some VMs fit together does not depend on rooms, for a VM may sit anywhere in its node: it
 * is enough to try the nodes of each. That is done where assigning one after the other fails.
 */
#include "planner/online/online_internal.h"
#include "planner/place/placer.h"

#include <string.h>

#define STEPS_MOST 20000 /* assignments tried for one question: a bound on a hopeless search */
#define HISTORY_PART 64	 /* of a history's steps, the part that one question may take */

/* A running VM as counts. */
typedef struct Mover {
	const OnlineVm *vm;
	Demand demand;
	Assignment from, to;
} Mover;

typedef struct Moves {
	const Online *online;
	Demand wanted;
	Mover *movers; /* by id */
	unsigned n_movers;
	unsigned *chosen, n_chosen;
	Counts counts;	       /* with the chosen taken off */
	Assignment assignment; /* of the VM that wants in */
	bool pinned; /* some VM asks for a node, or nodes are mixed: then no two are alike */
	unsigned steps, steps_most;
} Moves;

static bool assignments_equal(const Assignment *a, const Assignment *b)
{
	return a->n == b->n && !memcmp(a->shares, b->shares, a->n * sizeof *a->shares);
}

/* Was a mover like number I already tried at this step, from START on? */
static bool online_moves_tried(const Moves *m, unsigned start, unsigned i)
{
	for (unsigned j = start; j < i; j++)
		if (online_demands_equal(&m->movers[j].demand, &m->movers[i].demand) &&
		    assignments_equal(&m->movers[j].from, &m->movers[i].from))
			return true;
	return false;
}

static bool assign_and_count(Moves *m, const Demand *demand, Assignment *assignment)
{
	m->steps++;
	if (!online_assignment(m->online, &m->counts, NULL, ONLINE_BEST_FIT, demand, assignment))
		return false;
	counts_take(&m->counts, demand, assignment, 1);
	return true;
}

/* Take the assignments of the chosen from number N on back; false, for the caller's convenience. */
static bool unassign_chosen(Moves *m, unsigned n)
{
	for (; n < m->n_chosen; n++) {
		Mover *mover = &m->movers[m->chosen[n]];

		counts_take(&m->counts, &mover->demand, &mover->to, -1);
	}
	return false;
}

/* Assign the chosen again, largest first; all or none. */
static bool assign_chosen(Moves *m)
{
	for (unsigned i = m->n_chosen; i--;) {
		Mover *mover = &m->movers[m->chosen[i]];

		if (!assign_and_count(m, &mover->demand, &mover->to))
			return unassign_chosen(m, i + 1);
	}
	return true;
}

/* One after the other, the wanted VM first or last: what works at once nearly always. */
static bool works_in_turn(Moves *m)
{
	if (assign_and_count(m, &m->wanted, &m->assignment)) {
		if (assign_chosen(m))
			return true;
		counts_take(&m->counts, &m->wanted, &m->assignment, -1);
	}
	return assign_chosen(m) &&
	       (assign_and_count(m, &m->wanted, &m->assignment) || unassign_chosen(m, 0));
}

/* Number I of the VMs to assign: the wanted one, then the chosen. */
static const Demand *demand_at(const Moves *m, unsigned i)
{
	return i ? &m->movers[m->chosen[i - 1]].demand : &m->wanted;
}

static Assignment *assignment_at(Moves *m, unsigned i)
{
	return i ? &m->movers[m->chosen[i - 1]].to : &m->assignment;
}

static bool online_moves_assign(Moves *m, unsigned i);

/* An earlier cell with as much free is as good for all that follows. */
static bool cell_like_earlier(const Moves *m, unsigned start, unsigned cell)
{
	const Online *o = m->online;
	const RoomCell *at = online_cell(o, cell);

	if (m->pinned)
		return false;
	for (unsigned c = start; c < cell; c++) {
		const RoomCell *earlier = online_cell(o, c);

		if (earlier->class == at->class && m->counts.cell[c] == m->counts.cell[cell] &&
		    m->counts.memory[earlier->node] == m->counts.memory[at->node])
			return true;
	}
	return false;
}

/* assign() was refused a step: what is still to be tried comes to nothing. */
static bool given_up(const Moves *m)
{
	return m->steps > m->steps_most;
}

/* What VM I still misses: N sorts of shares, SHARES in all, on cells of CLASS. */
typedef struct Misses {
	SearchSlice slices[SEARCH_SLICES];
	unsigned n, shares, class;
} Misses;

/*
 * Do the cells from START on hold what is missed? What holds a share holds all that ask for less,
 * so it is enough that for each sort as many cells hold it as are missed of it and of those before
 * it.
 */
static bool enough_hold(const Moves *m, const Demand *demand, const Misses *misses, unsigned start)
{
	unsigned missed = 0;

	for (unsigned s = 0; s < misses->n; s++) {
		unsigned left = missed += misses->slices[s].n;

		for (unsigned c = start; left && c + left <= m->online->rooms->n_cells; c++)
			left -= online_cell(m->online, c)->class == misses->class &&
				counts_may_hold(&m->counts, c, &misses->slices[s], demand);
		if (left)
			return false;
	}
	return true;
}

static bool assign_shares(Moves *m, unsigned i, Misses *misses, unsigned start);

/* VM I's share on cell C is one of SLICE, if it holds that; then what it misses after that. */
static bool assign_share(Moves *m, unsigned i, Misses *misses, unsigned c, SearchSlice *slice)
{
	const Demand *demand = demand_at(m, i);
	Assignment *assignment = assignment_at(m, i);
	unsigned n = assignment->n;
	bool done;

	if (!slice->n || !counts_may_hold(&m->counts, c, slice, demand))
		return false;
	counts_share(&m->counts, c, slice, demand, assignment);
	slice->n--;
	misses->shares--;
	done = assign_shares(m, i, misses, c + 1);
	slice->n++;
	misses->shares++;
	if (!done)
		assignment->n = n;
	return done;
}

/* What VM I misses on cells from START on, then the VMs after it. */
static bool assign_shares(Moves *m, unsigned i, Misses *misses, unsigned start)
{
	const Demand *demand = demand_at(m, i);
	Assignment *assignment = assignment_at(m, i);

	if (!misses->shares) {
		Assignment whole = {assignment->n, assignment->shares};

		counts_take(&m->counts, demand, &whole, 1);
		if (online_moves_assign(m, i + 1))
			return true;
		counts_take(&m->counts, demand, &whole, -1);
		return false;
	}
	if (!enough_hold(m, demand, misses, start))
		return false;
	for (unsigned c = start; c + misses->shares <= m->online->rooms->n_cells && !given_up(m);
	     c++) {
		if (online_cell(m->online, c)->class != misses->class ||
		    cell_like_earlier(m, start, c))
			continue;
		for (unsigned s = 0; s < misses->n; s++)
			if (assign_share(m, i, misses, c, &misses->slices[s]))
				return true;
	}
	return false;
}

/* Assign the VMs from number I on in every way; all or none. */
static bool online_moves_assign(Moves *m, unsigned i)
{
	const Demand *demand;

	if (i > m->n_chosen)
		return true;
	demand = demand_at(m, i);
	if (m->steps++ >= m->steps_most)
		return false;
	for (unsigned k = 1; k <= demand->most; k++)
		for (unsigned class = 0; class < m->online->rooms->n_classes; class ++) {
			Misses misses = {.shares = k, .class = class};

			misses.n = online_slices(m->online, demand, class, k, misses.slices);
			assignment_at(m, i)->n = 0;
			if (misses.n && assign_shares(m, i, &misses, 0))
				return true;
		}
	return false;
}

/* With the chosen taken off: does the wanted VM fit, and they beside it? */
static bool online_moves_works(Moves *m)
{
	if (works_in_turn(m))
		return true;
	if (!online_moves_assign(m, 0))
		return false;
	for (unsigned i = 0; i < m->n_chosen; i++)
		online_assignment_sort(assignment_at(m, i + 1));
	return true;
}

static bool online_moves_choose(Moves *m, unsigned start, unsigned left)
{
	if (!left)
		return online_moves_works(m);
	for (unsigned i = start; i + left <= m->n_movers && m->steps < m->steps_most; i++) {
		Mover *mover = &m->movers[i];

		if (online_moves_tried(m, start, i))
			continue;
		counts_take(&m->counts, &mover->demand, &mover->from, -1);
		m->chosen[m->n_chosen++] = i;
		if (online_moves_choose(m, i + 1, left - 1))
			return true;
		m->n_chosen--;
		counts_take(&m->counts, &mover->demand, &mover->from, 1);
	}
	return false;
}

static int online_moves_mover_compare(gconstpointer a, gconstpointer b)
{
	const OnlineVm *x = *(OnlineVm *const *)a, *y = *(OnlineVm *const *)b;

	if (x->spec->vcpus != y->spec->vcpus)
		return x->spec->vcpus < y->spec->vcpus ? -1 : 1;
	if (x->spec->memory != y->spec->memory)
		return x->spec->memory < y->spec->memory ? -1 : 1;
	return strverscmp(x->spec->name, y->spec->name);
}

/* VMs that must be apart from others stay. */
static bool online_moves_movable(const OnlineVm *vm)
{
	return vm->movable && vm->cores->len && !vm->spec->apart.group;
}

static Assignment assignment_new(const Online *online)
{
	return (Assignment){0, g_new0(SearchShare, online->scratch->len)};
}

static void moves_init(Moves *m, const Online *online, const VmSpec *spec, unsigned most)
{
	g_autoptr(GPtrArray) vms =
		online_vms(online, online_moves_movable, online_moves_mover_compare);

	*m = (Moves){.online = online, .wanted = online_demand(online, spec), .n_movers = vms->len};
	online_demand_apart(online, spec, &m->wanted);
	m->pinned =
		m->wanted.vm.node != G_MAXUINT || m->wanted.rooms || online->rooms->n_classes > 1;
	m->movers = g_new0(Mover, vms->len + 1);
	for (unsigned i = 0; i < vms->len; i++) {
		Mover *mover = &m->movers[i];

		mover->vm = g_ptr_array_index(vms, i);
		mover->demand = online_demand(online, mover->vm->spec);
		mover->from = assignment_new(online);
		mover->to = assignment_new(online);
		online_assignment_of(online, mover->vm, &mover->from);
		m->pinned |= mover->demand.vm.node != G_MAXUINT || mover->demand.rooms;
	}
	m->chosen = g_new0(unsigned, most + 1);
	m->counts = counts_copy(&online->now);
	m->assignment = assignment_new(online);
}

static void moves_clear(Moves *m)
{
	for (unsigned i = 0; i < m->n_movers; i++) {
		g_free(m->movers[i].from.shares);
		g_free(m->movers[i].to.shares);
	}
	g_free(m->movers);
	g_free(m->chosen);
	counts_free(&m->counts);
	g_free(m->assignment.shares);
}

/* Cores, as CPUs */

static void online_move_free(gpointer data)
{
	OnlineMove *move = data;

	g_free(move->id);
	g_array_unref(move->from);
	g_array_unref(move->to);
	g_free(move);
}

static OnlineMove *move_new(const Moves *m, const Mover *mover, unsigned *owner)
{
	g_autoptr(GArray) cores = g_array_new(FALSE, FALSE, sizeof(unsigned));
	OnlineMove *move = g_new0(OnlineMove, 1);

	move->id = g_strdup(mover->vm->spec->name);
	move->from = g_array_copy(mover->vm->pins);
	move->to = g_array_new(FALSE, FALSE, sizeof(unsigned));
	rooms_pin(m->online->rooms, &mover->demand.vm, mover->to.shares, mover->to.n, owner, 0,
		  cores, move->to);
	return move;
}

/* The chosen take the lowest cores that they leave or find free; what is left holds the wanted VM.
 */
static GPtrArray *moves_report(const Moves *m)
{
	GPtrArray *moves = g_ptr_array_new_with_free_func(online_move_free);
	g_autofree unsigned *owner =
		g_memdup2(m->online->owner, m->online->plan->host->cores->len * sizeof *owner);

	for (unsigned i = 0; i < m->n_chosen; i++) {
		const GArray *cores = m->movers[m->chosen[i]].vm->cores;

		for (unsigned c = 0; c < cores->len; c++)
			owner[g_array_index(cores, unsigned, c)] = HOST_NONE;
	}
	for (unsigned i = 0; i < m->n_chosen; i++)
		g_ptr_array_add(moves, move_new(m, &m->movers[m->chosen[i]], owner));
	return moves;
}

/*
 * Cores that are free, or would be if each VM took no more than it needs: one with CPUs of its own
 * may have cores that it does not fill. With fewer than the VM needs no move can help.
 */
static bool online_moves_hopeless(const Online *online, const Moves *m)
{
	unsigned need = G_MAXUINT, have = 0;

	for (unsigned c = 0; c < online->rooms->n_cells; c++) {
		unsigned threads = online_cell(online, c)->threads;

		need = MIN(need, search_vm_cores(&m->wanted.vm, threads));
		have += online->now.cell[c];
	}
	for (unsigned i = 0; i < m->n_movers; i++) {
		const Mover *mover = &m->movers[i];
		const Room *room = online_room(online, mover->from.shares[0].room);

		have += mover->vm->cores->len - search_vm_cores(&mover->demand.vm, room->threads);
	}
	return have < need;
}

/* Memory that is free now, or would be if all movers took no more than whole pages of one node. */
static bool memory_hopeless(const Online *online, const Moves *m)
{
	uint64_t have = place_memory_sum(online->now.memory, online->plan->host->nodes->len);

	if (have == UINT64_MAX)
		return false;
	for (unsigned i = 0; i < m->n_movers; i++)
		have += m->movers[i].demand.vm.page * m->movers[i].from.n;
	return have < m->wanted.vm.memory;
}

GPtrArray *online_moves(const Online *online, const VmSpec *spec, unsigned most, uint64_t *steps)
{
	GPtrArray *found = NULL;
	Moves moves;

	if (spec->policy == POLICY_SHARED ||
	    !memory_node_holds(online->plan->host, spec, online->only))
		return NULL;
	moves_init(&moves, online, spec, most);
	moves.steps_most = STEPS_MOST;
	if (steps)
		moves.steps_most =
			(unsigned)CLAMP(*steps / HISTORY_PART, ONLINE_MOVES_LEAST, STEPS_MOST);
	if (!online_moves_hopeless(online, &moves) && !memory_hopeless(online, &moves))
		for (unsigned n = 1; n <= most && n <= moves.n_movers && !found; n++)
			if (online_moves_choose(&moves, 0, n))
				found = moves_report(&moves);
	if (steps)
		*steps -= MIN(*steps, moves.steps);
	moves_clear(&moves);
	return found;
}
