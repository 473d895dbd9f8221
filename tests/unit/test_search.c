/* SPDX-License-Identifier: MIT */
/*
 * The packing search against an enumeration that shares no code with it: every assignment of every
 * VM, every way to put further VMs beside them, on problems small enough for that; and on larger
 * ones against what is known of them.
 */
#include "planner/search/search.h"
#include "random.h"

#include <string.h>

/* A sanitizer makes these tests several times as slow: it gets a quarter of the problems. */
#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#define FEWER (__has_feature(address_sanitizer) ? 4 : 1)

#define ANY G_MAXUINT
#define MOST_ROOMS 64
#define MOST_NODES 16
#define MOST_VMS 200

/* A problem that owns its arrays. */
typedef struct Case {
	SearchRoom rooms[MOST_ROOMS];
	uint64_t memory[MOST_NODES];
	SearchVm vms[MOST_VMS];
	unsigned distance[MOST_NODES * MOST_NODES];
	bool allowed[4][MOST_ROOMS];
	unsigned places[2][MOST_ROOMS];
	SearchApart apart[8];
	SearchProblem problem;
} Case;

static Case *case_new(void)
{
	Case *c = g_new0(Case, 1);

	c->problem.rooms = c->rooms;
	c->problem.memory = c->memory;
	c->problem.vms = c->vms;
	return c;
}

static void add_room(Case *c, unsigned node, unsigned class, unsigned threads, unsigned cores)
{
	g_assert_cmpuint(c->problem.n_rooms, <, MOST_ROOMS);
	c->rooms[c->problem.n_rooms++] = (SearchRoom){node, class, threads, cores};
	for (; c->problem.n_nodes <= node; c->problem.n_nodes++)
		c->memory[c->problem.n_nodes] = UINT64_MAX;
}

static void add_vms(Case *c, unsigned count, unsigned vcpus)
{
	while (count-- > 0)
		c->vms[c->problem.n_vms++] = (SearchVm){.vcpus = vcpus, .page = 4096, .node = ANY};
}

/*
 * The rules, written down once more.
 */
static unsigned cores_for(unsigned vcpus, unsigned threads, bool isolate)
{
	return isolate ? vcpus : (vcpus + threads - 1) / threads;
}

static uint64_t memory_for(const SearchVm *vm, unsigned vcpus)
{
	uint64_t share = (vm->memory * vcpus + vm->vcpus - 1) / vm->vcpus;

	return (share + vm->page - 1) / vm->page * vm->page;
}

/* A VM's cores in each room, its vCPUs in each node. */
typedef struct Assignment {
	unsigned cores[MOST_ROOMS], vcpus[MOST_NODES];
	bool placed;
	unsigned level, per_core; /* vCPUs that a core has */
} Assignment;

typedef struct Free {
	unsigned cores[MOST_ROOMS];
	uint64_t memory[MOST_NODES];
} Free;

static bool take(const SearchProblem *p, Free *free, const SearchVm *vm,
		 const Assignment *assignment)
{
	for (unsigned r = 0; r < p->n_rooms; r++) {
		if (assignment->cores[r] > free->cores[r])
			return false;
		free->cores[r] -= assignment->cores[r];
	}
	for (unsigned n = 0; n < p->n_nodes; n++) {
		if (!assignment->vcpus[n] || free->memory[n] == UINT64_MAX)
			continue;
		if (memory_for(vm, assignment->vcpus[n]) > free->memory[n])
			return false;
		free->memory[n] -= memory_for(vm, assignment->vcpus[n]);
	}
	return true;
}

/*
 * Every assignment a VM could have in the empty rooms.
 */
typedef void (*AssignmentFunc)(const Assignment *assignment, void *data);

typedef struct Enumeration {
	const SearchProblem *p;
	const SearchVm *vm;
	unsigned class, threads, level;
	AssignmentFunc call;
	void *data;
} Enumeration;

/* Of a VM over nodes: the shares of vCPUs that are larger by a core, the others, one of the larger
 * that has CPUs to spare, and where the helpers' cores come. */
enum {
	SHARE_LARGER,
	SHARE_IDLE,
	SHARE_SMALLER,
	SHARE_LARGER_OWN,
	SHARE_IDLE_OWN,
	SHARE_SMALLER_OWN
};

#define SHARE_SORTS (SHARE_SMALLER_OWN + 1)

/* What an assignment that is not whole yet misses of each. */
typedef struct Missing {
	unsigned shares[SHARE_SORTS];
} Missing;

/* Coarser than in one room, all of the node's rooms of its class or none. */
static bool may_have(const SearchProblem *p, const SearchVm *vm, unsigned room, unsigned level)
{
	bool may = true;

	for (unsigned r = 0; vm->rooms && r < p->n_rooms; r++)
		may &= vm->rooms[r] ||
		       (level == 0 ? r != room
				   : p->rooms[r].node != p->rooms[room].node ||
					     p->rooms[r].class != p->rooms[room].class);
	return may;
}

static void over_nodes(Enumeration *e, Assignment *assignment, unsigned node, Missing missing);

/* NEED cores in the node's rooms, in every way, then the next nodes. */
static void in_node(Enumeration *e, Assignment *assignment, unsigned node, Missing missing,
		    unsigned room, unsigned need)
{
	const SearchProblem *p = e->p;

	if (need == 0) {
		over_nodes(e, assignment, node + 1, missing);
		return;
	}
	for (; room < p->n_rooms; room++) {
		if (p->rooms[room].node != node || p->rooms[room].class != e->class ||
		    !may_have(p, e->vm, room, e->level))
			continue;
		for (unsigned n = 1; n <= MIN(need, p->rooms[room].cores); n++) {
			assignment->cores[room] = n;
			in_node(e, assignment, node, missing, room + 1, need - n);
			assignment->cores[room] = 0;
		}
	}
}

static unsigned rooms_used(const Enumeration *e, const Assignment *assignment)
{
	unsigned used = 0;

	for (unsigned r = 0; r < e->p->n_rooms; r++)
		used += assignment->cores[r] > 0;
	return used;
}

static void each_share(Enumeration *e, Assignment *assignment, unsigned node, Missing missing)
{
	unsigned k = MAX(e->level, 1), cores = cores_for(e->vm->vcpus, e->threads, e->vm->isolate);
	unsigned own = cores_for(e->vm->helpers, e->threads, false);

	for (unsigned sort = 0; sort < SHARE_SORTS; sort++) {
		bool small = sort == SHARE_SMALLER || sort == SHARE_SMALLER_OWN;
		bool spare = sort == SHARE_IDLE || sort == SHARE_IDLE_OWN;
		unsigned of_vcpus = small ? cores / k : (cores + k - 1) / k;
		unsigned vcpus = of_vcpus * assignment->per_core;
		Missing after = missing;

		if (missing.shares[sort] == 0)
			continue;
		after.shares[sort]--;
		if (spare)
			vcpus -= cores * assignment->per_core - e->vm->vcpus;
		assignment->vcpus[node] = vcpus;
		in_node(e, assignment, node, after, 0,
			of_vcpus + (sort >= SHARE_LARGER_OWN ? own : 0));
		assignment->vcpus[node] = 0;
	}
}

static bool missing_none(const Missing *missing)
{
	unsigned shares = 0;

	for (unsigned sort = 0; sort < SHARE_SORTS; sort++)
		shares += missing->shares[sort];
	return shares == 0;
}

/* K shares of CORES cores for vCPUs, of which IDLE CPUs have none, and OWN for helpers. */
static Missing missing_of(unsigned cores, unsigned k, unsigned idle, unsigned own)
{
	unsigned larger = cores % k ? cores % k : k;
	Missing all = {{larger, 0, k - larger}};
	unsigned beside = SHARE_LARGER;

	if (idle > 0) {
		all.shares[SHARE_LARGER]--;
		all.shares[SHARE_IDLE]++;
	}
	if (own == 1 && k > larger)
		beside = SHARE_SMALLER;
	else if (!all.shares[SHARE_LARGER])
		beside = SHARE_IDLE;
	if (own > 0) {
		all.shares[beside]--;
		all.shares[beside + SHARE_LARGER_OWN]++;
	}
	return all;
}

static void over_nodes(Enumeration *e, Assignment *assignment, unsigned node, Missing missing)
{
	Free empty;

	if (missing_none(&missing)) {
		/* What sits in one room is level 0, not 1. */
		if ((e->level == 0) != (e->level < 2 && rooms_used(e, assignment) == 1))
			return;
		memcpy(empty.memory, e->p->memory, sizeof(uint64_t) * e->p->n_nodes);
		for (unsigned r = 0; r < e->p->n_rooms; r++)
			empty.cores[r] = e->p->rooms[r].cores;
		assignment->level = e->level;
		assignment->placed = true;
		if (take(e->p, &empty, e->vm, assignment))
			e->call(assignment, e->data);
		return;
	}
	for (; node < e->p->n_nodes; node++)
		if (e->vm->node == ANY || e->vm->node == node)
			each_share(e, assignment, node, missing);
}

static void each_assignment_at(const SearchProblem *p, const SearchVm *vm, unsigned level,
			       AssignmentFunc call, void *data)
{
	unsigned k = MAX(level, 1);

	if (level > 1 && vm->node != ANY)
		return;
	for (unsigned r = 0; r < p->n_rooms; r++) {
		Enumeration e = {p, vm, p->rooms[r].class, p->rooms[r].threads, level, call, data};
		unsigned cores = cores_for(vm->vcpus, e.threads, vm->isolate);
		unsigned per_core = vm->isolate ? 1 : e.threads;
		Missing missing = missing_of(cores, k, cores * per_core - vm->vcpus,
					     cores_for(vm->helpers, e.threads, false));
		Assignment assignment = {.placed = false, .per_core = per_core};
		bool seen = false;

		for (unsigned q = 0; q < r; q++)
			seen |= p->rooms[q].class == p->rooms[r].class;
		if (!seen && cores >= k)
			over_nodes(&e, &assignment, 0, missing);
	}
}

static void count_assignment(const Assignment *assignment, void *data)
{
	(void)assignment;
	++*(unsigned *)data;
}

static unsigned natural(const SearchProblem *p, const SearchVm *vm)
{
	for (unsigned level = 0; level <= p->n_nodes; level++) {
		unsigned n = 0;

		each_assignment_at(p, vm, level, count_assignment, &n);
		if (n > 0)
			return level;
	}
	return ANY;
}

static void append_assignment(const Assignment *assignment, void *data)
{
	g_array_append_vals(data, assignment, 1);
}

/* vCPUs fill the node's cores, its lower rooms first. */
static unsigned room_vcpus(const SearchProblem *p, const Assignment *assignment, unsigned room)
{
	unsigned left = assignment->vcpus[p->rooms[room].node];

	for (unsigned r = 0; r < room; r++)
		if (p->rooms[r].node == p->rooms[room].node)
			left -= MIN(left, assignment->cores[r] * assignment->per_core);
	return MIN(left, assignment->cores[room] * assignment->per_core);
}

/* Lower rooms, in each more cores, then more vCPUs, shorter; none at all is last. */
static int compare_assignments(const SearchProblem *p, const Assignment *a, const Assignment *b)
{
	unsigned i = 0, j = 0;

	if (!a->placed || !b->placed)
		return (int)b->placed - (int)a->placed;
	for (;; i++, j++) {
		while (i < p->n_rooms && a->cores[i] == 0)
			i++;
		while (j < p->n_rooms && b->cores[j] == 0)
			j++;
		if (i == p->n_rooms || j == p->n_rooms)
			return (int)(i < p->n_rooms) - (int)(j < p->n_rooms);
		if (i != j)
			return i < j ? -1 : 1;
		if (a->cores[i] != b->cores[i])
			return a->cores[i] > b->cores[i] ? -1 : 1;
		if (room_vcpus(p, a, i) != room_vcpus(p, b, i))
			return room_vcpus(p, a, i) > room_vcpus(p, b, i) ? -1 : 1;
	}
}

/*
 * The enumeration of whole answers.
 */
typedef struct Brute {
	const SearchProblem *p;
	GArray *assignments[MOST_VMS]; /* of Assignment, the last of them: not placed */
	GArray *extras[MOST_VMS];      /* assignments a further copy may take */
	unsigned natural[MOST_VMS];
	GHashTable *known; /* what is free → spare */
	Assignment chosen[MOST_VMS], best[MOST_VMS];
	uint64_t placed, near, spare;
	unsigned far, spread;
	uint64_t accepted; /* bits, the first VM's the highest */
	bool found;
} Brute;

static bool same_shape(const SearchVm *a, const SearchVm *b)
{
	return a->vcpus == b->vcpus && a->isolate == b->isolate && a->memory == b->memory &&
	       a->page == b->page && a->helpers == b->helpers;
}

static uint64_t spare_of(Brute *b, const Free *free)
{
	g_autoptr(GBytes) key = g_bytes_new(free, sizeof(*free));
	uint64_t *known = g_hash_table_lookup(b->known, key), best = 0;

	if (known)
		return *known;
	for (unsigned i = 0; i < b->p->n_vms; i++)
		for (unsigned s = 0; b->extras[i] && s < b->extras[i]->len; s++) {
			Free less = *free;

			if (take(b->p, &less, &b->p->vms[i],
				 &g_array_index(b->extras[i], Assignment, s)))
				best = MAX(best, b->p->vms[i].vcpus + spare_of(b, &less));
		}
	g_hash_table_insert(b->known, g_steal_pointer(&key), g_memdup2(&best, sizeof(best)));
	return best;
}

static int compare_answers(const Brute *b)
{
	for (unsigned i = 0; i < b->p->n_vms; i++) {
		int order = compare_assignments(b->p, &b->chosen[i], &b->best[i]);

		if (order != 0)
			return order;
	}
	return 0;
}

/* From each node of the assignment to each other; what is between them counts once. */
static uint64_t distance_of(const SearchProblem *p, const Assignment *assignment)
{
	uint64_t both_ways = 0;

	for (unsigned a = 0; p->distance && a < p->n_nodes; a++)
		for (unsigned b = 0; b < p->n_nodes; b++)
			if (a != b && assignment->vcpus[a] && assignment->vcpus[b])
				both_ways += p->distance[a * p->n_nodes + b];
	return both_ways / 2;
}

/* What a VM adds to the first goal. */
static uint64_t worth_of(const SearchProblem *p, unsigned vm)
{
	return p->prefer == PREFER_VCPUS ? p->vms[vm].vcpus + p->vms[vm].floating : 1;
}

static void judge(Brute *b, const Free *free)
{
	uint64_t placed = 0, accepted = 0, near = 0, spare;
	unsigned far = 0, spread = 0;
	bool same;

	for (unsigned i = 0; i < b->p->n_vms; i++) {
		accepted = accepted << 1 | b->chosen[i].placed;
		if (!b->chosen[i].placed)
			continue;
		placed += worth_of(b->p, i);
		far += b->chosen[i].level > MAX(b->natural[i], 1);
		spread += b->chosen[i].level == 1 && b->natural[i] == 0;
		near += distance_of(b->p, &b->chosen[i]);
	}
	if (b->p->prefer != PREFER_ORDER)
		accepted = placed;
	same = accepted == b->accepted;
	if (b->found && (accepted < b->accepted ||
			 (same && (far > b->far || (far == b->far && spread > b->spread) ||
				   (far == b->far && spread == b->spread && near > b->near)))))
		return;
	spare = spare_of(b, free);
	if (b->found && same && far == b->far && spread == b->spread && near == b->near &&
	    (spare < b->spare || (spare == b->spare && compare_answers(b) >= 0)))
		return;
	b->found = true;
	b->accepted = accepted;
	b->placed = placed;
	b->far = far;
	b->spread = spread;
	b->near = near;
	b->spare = spare;
	memcpy(b->best, b->chosen, sizeof(b->best));
}

/* Is the assignment in ROOM or, if it is coarser than in one, in a room of that group? */
static bool is_in(const SearchProblem *p, const Assignment *assignment, unsigned room)
{
	for (unsigned r = 0; r < p->n_rooms; r++)
		if (assignment->cores[r] > 0 &&
		    (r == room ||
		     (assignment->level > 0 && p->rooms[r].node == p->rooms[room].node &&
		      p->rooms[r].class == p->rooms[room].class)))
			return true;
	return false;
}

/* Is VM, of CHOSEN, apart from those before it that it must be apart from? */
static bool are_apart(const SearchProblem *p, const Assignment *chosen, unsigned vm)
{
	for (unsigned i = 0; i < p->n_apart; i++) {
		const SearchApart *apart = &p->apart[i];

		for (unsigned r = 0; apart->b == vm && r < p->n_rooms; r++)
			for (unsigned q = 0; q < p->n_rooms; q++)
				if (chosen[apart->a].placed && chosen[vm].placed &&
				    is_in(p, &chosen[apart->a], r) && is_in(p, &chosen[vm], q) &&
				    apart->place[r] == apart->place[q])
					return false;
	}
	return true;
}

static void assign(Brute *b, unsigned vm, const Free *free)
{
	if (vm == b->p->n_vms) {
		judge(b, free);
		return;
	}
	for (unsigned s = 0; s < b->assignments[vm]->len; s++) {
		Free less = *free;

		b->chosen[vm] = g_array_index(b->assignments[vm], Assignment, s);
		if (are_apart(b->p, b->chosen, vm) &&
		    take(b->p, &less, &b->p->vms[vm], &b->chosen[vm]))
			assign(b, vm + 1, &less);
	}
}

static void list_assignments(Brute *b, unsigned vm)
{
	SearchVm anywhere = b->p->vms[vm];
	Assignment none = {.placed = false};
	unsigned level;
	bool seen = false;

	b->natural[vm] = natural(b->p, &b->p->vms[vm]);
	b->assignments[vm] = g_array_new(FALSE, FALSE, sizeof(Assignment));
	for (level = 0; level <= b->p->n_nodes; level++)
		each_assignment_at(b->p, &b->p->vms[vm], level, append_assignment,
				   b->assignments[vm]);
	g_array_append_val(b->assignments[vm], none);
	for (unsigned i = 0; i < vm; i++)
		seen |= same_shape(&b->p->vms[i], &anywhere);
	anywhere.node = ANY;
	anywhere.rooms = NULL;
	level = natural(b->p, &anywhere);
	if (seen || level > 1)
		return;
	b->extras[vm] = g_array_new(FALSE, FALSE, sizeof(Assignment));
	for (unsigned l = 0; l <= level; l++)
		each_assignment_at(b->p, &anywhere, l, append_assignment, b->extras[vm]);
}

static void brute_solve(Brute *b, const SearchProblem *p)
{
	Free free;

	memset(b, 0, sizeof(*b));
	memset(&free, 0, sizeof(free));
	b->p = p;
	b->known = g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref,
					 g_free);
	for (unsigned i = 0; i < p->n_vms; i++)
		list_assignments(b, i);
	for (unsigned r = 0; r < p->n_rooms; r++)
		free.cores[r] = p->rooms[r].cores;
	for (unsigned n = 0; n < p->n_nodes; n++)
		free.memory[n] = p->memory[n];
	assign(b, 0, &free);
}

static void brute_clear(Brute *b)
{
	g_hash_table_unref(b->known);
	for (unsigned i = 0; i < b->p->n_vms; i++) {
		g_array_unref(b->assignments[i]);
		g_clear_pointer(&b->extras[i], g_array_unref);
	}
}

/*
 * An answer's assignments: do they obey every rule, and are the figures theirs?
 */
static void check_spread(const SearchProblem *p, const SearchVm *vm, const GArray *shares,
			 Assignment *assignment)
{
	unsigned vcpus[MOST_NODES] = {0}, cores[MOST_NODES] = {0}, nodes = 0;
	unsigned all, sum = 0, total = 0, owners = 0;
	unsigned class = p->rooms[g_array_index(shares, SearchShare, 0).room].class;
	unsigned threads = p->rooms[g_array_index(shares, SearchShare, 0).room].threads;
	unsigned own = cores_for(vm->helpers, threads, false);

	for (unsigned i = 0; i < shares->len; i++) {
		const SearchShare *s = &g_array_index(shares, SearchShare, i);

		g_assert_cmpuint(s->room, <, p->n_rooms);
		if (i > 0)
			g_assert_cmpuint(s->room, >, s[-1].room);
		g_assert_cmpuint(p->rooms[s->room].class, ==, class);
		g_assert_cmpuint(s->cores, >=, cores_for(s->vcpus, threads, vm->isolate));
		g_assert_cmpuint(s->cores, >, 0);
		if (vm->node != ANY)
			g_assert_cmpuint(p->rooms[s->room].node, ==, vm->node);
		g_assert_true(may_have(p, vm, s->room, shares->len > 1));
		assignment->cores[s->room] = s->cores;
		nodes += cores[p->rooms[s->room].node] == 0;
		cores[p->rooms[s->room].node] += s->cores;
		vcpus[p->rooms[s->room].node] += s->vcpus;
	}
	all = cores_for(vm->vcpus, threads, vm->isolate);
	assignment->per_core = vm->isolate ? 1 : threads;
	for (unsigned n = 0; n < p->n_nodes; n++) {
		unsigned of_vcpus = cores_for(vcpus[n], threads, vm->isolate);

		if (cores[n] == 0)
			continue;
		assignment->vcpus[n] = vcpus[n];
		sum += vcpus[n];
		total += of_vcpus;
		/* By one core at most, and what is not full is one of the larger shares. */
		g_assert_cmpuint(of_vcpus, >=, all / nodes);
		g_assert_cmpuint(of_vcpus, <=, (all + nodes - 1) / nodes);
		if (vcpus[n] < of_vcpus * assignment->per_core)
			g_assert_cmpuint(of_vcpus, ==, (all + nodes - 1) / nodes);
		if (cores[n] == of_vcpus)
			continue;
		/* The helpers are in one node; a core of theirs makes no share larger than others.
		 */
		owners++;
		g_assert_cmpuint(cores[n], ==, of_vcpus + own);
		g_assert_cmpuint(of_vcpus, ==, own == 1 ? all / nodes : (all + nodes - 1) / nodes);
	}
	g_assert_cmpuint(owners, ==, own > 0);
	g_assert_cmpuint(sum, ==, vm->vcpus);
	g_assert_cmpuint(total, ==, all);
	assignment->placed = true;
	assignment->level = nodes > 1 ? nodes : shares->len > 1;
}

static void check_rules(const SearchProblem *p, const SearchResult *result, Assignment *assignments)
{
	uint64_t placed = 0, near = 0;
	unsigned far = 0, spread = 0;
	Free free;

	for (unsigned r = 0; r < p->n_rooms; r++)
		free.cores[r] = p->rooms[r].cores;
	memcpy(free.memory, p->memory, p->n_nodes * sizeof(uint64_t));
	g_assert_cmpuint(result->assignments->len, ==, p->n_vms);
	for (unsigned i = 0; i < p->n_vms; i++) {
		const GArray *shares = g_ptr_array_index(result->assignments, i);

		memset(&assignments[i], 0, sizeof(Assignment));
		if (!shares)
			continue;
		check_spread(p, &p->vms[i], shares, &assignments[i]);
		g_assert_true(take(p, &free, &p->vms[i], &assignments[i]));
		g_assert_true(are_apart(p, assignments, i));
		placed += worth_of(p, i);
		near += distance_of(p, &assignments[i]);
		for (unsigned level = 0; level < assignments[i].level; level++)
			if (search_fits_empty(p, &p->vms[i], level)) {
				far += assignments[i].level > 1;
				spread += assignments[i].level == 1;
				break;
			}
	}
	g_assert_cmpuint(result->placed, ==, placed);
	g_assert_cmpuint(result->far, ==, far);
	g_assert_cmpuint(result->spread, ==, spread);
	g_assert_cmpuint(result->near, ==, near);
	g_assert_cmpuint(result->bound, >=, placed);
}

static SearchResult *solve(const SearchProblem *p)
{
	g_autofree Assignment *assignments = g_new0(Assignment, p->n_vms + 1);
	SearchResult *result = search_solve(p);

	check_rules(p, result, assignments);
	return result;
}

static char *describe(const SearchProblem *p)
{
	GString *s = g_string_new(NULL);

	g_string_append_printf(s, "prefer %d; rooms", p->prefer);
	for (unsigned r = 0; r < p->n_rooms; r++)
		g_string_append_printf(s, " n%u/c%u/t%u:%u", p->rooms[r].node, p->rooms[r].class,
				       p->rooms[r].threads, p->rooms[r].cores);
	g_string_append(s, "; memory");
	for (unsigned n = 0; n < p->n_nodes; n++)
		g_string_append_printf(s, " %" G_GINT64_FORMAT, (int64_t)p->memory[n]);
	g_string_append(s, "; vms");
	for (unsigned i = 0; p->distance && i < p->n_nodes * p->n_nodes; i++)
		g_string_append_printf(s, "%s%u", i % p->n_nodes ? " " : "; ", p->distance[i]);
	for (unsigned i = 0; i < p->n_vms; i++) {
		g_string_append_printf(s, " %u+%u%s/%u/%u@%d", p->vms[i].vcpus, p->vms[i].floating,
				       p->vms[i].isolate ? "i" : "", (unsigned)p->vms[i].memory,
				       (unsigned)p->vms[i].page, (int)p->vms[i].node);
		for (unsigned r = 0; p->vms[i].rooms && r < p->n_rooms; r++)
			g_string_append_c(s, p->vms[i].rooms[r] ? '+' : '-');
	}
	for (unsigned i = 0; i < p->n_apart; i++)
		g_string_append_printf(s, "; %u apart from %u%s", p->apart[i].a, p->apart[i].b,
				       p->apart[i].place == p->apart[0].place ? "" : "*");
	return g_string_free(s, FALSE);
}

static void compare_with_brute(const SearchProblem *p)
{
	g_autofree Assignment *assignments = g_new0(Assignment, p->n_vms + 1);
	g_autofree Brute *brute = g_new0(Brute, 1);
	g_autoptr(SearchResult) result = search_solve(p);
	g_autofree char *what = describe(p);

	g_test_message("%s", what);
	check_rules(p, result, assignments);
	brute_solve(brute, p);
	g_assert_true(result->optimal);
	g_assert_cmpuint(result->bound, ==, result->placed);
	g_assert_cmpuint(result->placed, ==, brute->placed);
	g_assert_cmpuint(result->far, ==, brute->far);
	g_assert_cmpuint(result->spread, ==, brute->spread);
	g_assert_cmpuint(result->near, ==, brute->near);
	g_assert_cmpuint(result->spare, ==, brute->spare);
	for (unsigned i = 0; i < p->n_vms; i++)
		g_assert_cmpint(compare_assignments(p, &assignments[i], &brute->best[i]), ==, 0);
	brute_clear(brute);
}

/* Up to so many of each. */
typedef struct Size {
	unsigned nodes, rooms, cores, classes, vms, vcpus, shapes;
	bool memory, named, distances, kept, apart, helpers, floating;
} Size;

static void random_rooms(Case *c, const Size *size)
{
	unsigned nodes = 1 + pick(size->nodes), classes = 1 + pick(size->classes);
	bool alike = pick(2);
	unsigned cores = 1 + pick(size->cores);

	for (unsigned n = 0; n < nodes; n++) {
		unsigned rooms = 1 + pick(MAX(size->rooms / nodes, 1));

		for (unsigned r = 0; r < rooms; r++) {
			unsigned class = pick(classes);

			add_room(c, n, class + 7, 1 + (class + 1) % 2,
				 alike ? cores : pick(size->cores + 1));
		}
		c->memory[n] = size->memory && pick(3) ? pick(12) : UINT64_MAX;
	}
}

/* Nodes on a few boards, or as far from each other as may be. */
static void random_distances(Case *c)
{
	unsigned n = c->problem.n_nodes, boards = 1 + pick(3), kind = pick(2);

	for (unsigned i = 0; i < n * n; i++) {
		unsigned a = i / n, b = i % n;
		unsigned drawn = kind ? (a % boards == b % boards ? 12 : 32) : 11 + pick(4);

		c->distance[i] = a == b ? 10 : a < b ? drawn : c->distance[b * n + a];
	}
	c->problem.distance = c->distance;
}

/* VMs that may have some rooms: those of some nodes, or any. */
static void random_allowed(Case *c)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(c->allowed); i++)
		for (unsigned r = 0; r < c->problem.n_rooms; r++)
			c->allowed[i][r] = i % 2 ? pick(3) > 0 : (c->rooms[r].node + i / 2) % 2;
	for (unsigned i = 0; i < c->problem.n_vms; i++)
		if (pick(2))
			c->vms[i].rooms = c->allowed[pick(G_N_ELEMENTS(c->allowed))];
}

/* VMs that must be apart, by pairs of nodes or by room. */
static void random_apart(Case *c)
{
	unsigned n = c->problem.n_vms;

	for (unsigned r = 0; r < c->problem.n_rooms; r++) {
		c->places[0][r] = c->rooms[r].node / 2;
		c->places[1][r] = r;
	}
	for (unsigned a = 0; a < n; a++)
		for (unsigned b = a + 1; b < n; b++)
			if (c->problem.n_apart < G_N_ELEMENTS(c->apart) && pick(2))
				c->apart[c->problem.n_apart++] =
					(SearchApart){a, b, c->places[pick(4) == 0]};
	c->problem.apart = c->apart;
}

static Case *random_case(const Size *size)
{
	Case *c = case_new();
	SearchVm shapes[8];
	unsigned n = 1 + pick(size->vms), n_shapes = 1 + pick(size->shapes);

	random_rooms(c, size);
	if (size->distances)
		random_distances(c);
	for (unsigned i = 0; i < n_shapes; i++) {
		shapes[i] = (SearchVm){.vcpus = 1 + pick(size->vcpus), .node = ANY};
		shapes[i].isolate = pick(4) == 0;
		shapes[i].memory = pick(8);
		shapes[i].page = 1 + pick(3);
		if (size->helpers)
			shapes[i].helpers = pick(4);
		if (size->floating && pick(2))
			shapes[i].floating = pick(12);
	}
	for (unsigned i = 0; i < n; i++) {
		c->vms[i] = shapes[pick(n_shapes)];
		if (size->named && pick(4) == 0)
			c->vms[i].node = pick(c->problem.n_nodes);
	}
	c->problem.n_vms = n;
	if (size->kept)
		random_allowed(c);
	if (size->apart)
		random_apart(c);
	c->problem.prefer = (Prefer)pick(3);
	return c;
}

static void test_brute(gconstpointer data)
{
	random_state = 88172645463325252;
	for (unsigned i = 0; i < (g_test_quick() ? 1500 / FEWER : 15000); i++) {
		g_autofree Case *c = random_case(data);

		compare_with_brute(&c->problem);
	}
}

/*
 * Lists that fill every room to the last core, and that first-fit and best-fit, largest first, do
 * not place whole.
 */
typedef struct Shape {
	unsigned nodes, rooms, cores, threads;
	unsigned sizes[8]; /* cores of VMs, ends with 0 */
} Shape;

static const Shape shapes[] = {
	{2, 1, 18, 2, {2, 3, 4, 5, 7}},
	{2, 1, 28, 2, {3, 5, 6, 7, 10, 11}},
	{4, 1, 24, 2, {3, 5, 7, 8, 9}},
	{8, 1, 14, 2, {2, 3, 4, 5, 6}},
	{8, 1, 30, 2, {3, 5, 6, 10, 12, 20}},
	{2, 8, 8, 2, {1, 2, 3, 4, 5}},
	{2, 4, 16, 2, {3, 4, 5, 6, 7}},
	{8, 2, 8, 2, {2, 3, 4, 5}},
	{4, 4, 12, 1, {2, 3, 5, 7}},
	{2, 1, 64, 2, {6, 10, 12, 20, 24, 5}},
	{16, 4, 4, 2, {1, 2, 3}},
	{4, 1, 128, 1, {6, 10, 12, 20, 24, 40, 9}},
};

static unsigned n_sizes(const Shape *shape)
{
	unsigned n = 0;

	while (shape->sizes[n])
		n++;
	return n;
}

/* Random sizes that sum to CORES; false where the draw ends in a rest. */
static bool fill_exactly(const Shape *shape, unsigned cores, GArray *vms)
{
	unsigned before = vms->len;

	for (unsigned tries = 0; cores > 0 && tries < 40; tries++) {
		unsigned size = shape->sizes[pick(n_sizes(shape))];

		if (size > cores)
			continue;
		g_array_append_val(vms, size);
		cores -= size;
	}
	if (cores > 0)
		g_array_set_size(vms, before);
	return cores == 0;
}

/* Do all fit, largest first, into the first room that does (BEST: the fullest)? */
static bool fits_greedily(const Shape *shape, GArray *vms, bool best)
{
	unsigned n = shape->nodes * shape->rooms;
	unsigned free[MOST_ROOMS];

	for (unsigned r = 0; r < n; r++)
		free[r] = shape->cores;
	for (unsigned i = 0; i < vms->len; i++) {
		unsigned size = g_array_index(vms, unsigned, i), at = n;

		for (unsigned r = 0; r < n; r++)
			if (free[r] >= size && (at == n || (best && free[r] < free[at])))
				at = r;
		if (at == n)
			return false;
		free[at] -= size;
	}
	return true;
}

static int larger_first(const void *a, const void *b)
{
	return (int)*(const unsigned *)b - (int)*(const unsigned *)a;
}

static Case *planted_case(const Shape *shape, bool *greedy)
{
	g_autoptr(GArray) vms = g_array_new(FALSE, FALSE, sizeof(unsigned));
	Case *c = case_new();

	for (unsigned n = 0; n < shape->nodes; n++)
		for (unsigned r = 0; r < shape->rooms; r++) {
			add_room(c, n, 0, shape->threads, shape->cores);
			while (!fill_exactly(shape, shape->cores, vms))
				;
		}
	g_array_sort(vms, larger_first);
	*greedy = vms->len > MOST_VMS || fits_greedily(shape, vms, false) ||
		  fits_greedily(shape, vms, true);
	for (unsigned i = 0; i < vms->len && i < MOST_VMS; i++)
		add_vms(c, 1, g_array_index(vms, unsigned, i) * shape->threads);
	return c;
}

static void test_planted(void)
{
	unsigned hard = 0;

	random_state = 0x2545f4914f6cdd1d;
	for (unsigned i = 0; i < (g_test_quick() ? 600 : 6000); i++) {
		bool greedy;
		g_autofree Case *c = planted_case(&shapes[i % G_N_ELEMENTS(shapes)], &greedy);
		g_autoptr(SearchResult) result = NULL;
		unsigned vcpus = 0;

		if (greedy)
			continue;
		hard++;
		for (unsigned v = 0; v < c->problem.n_vms; v++)
			vcpus += c->vms[v].vcpus;
		c->problem.prefer = (Prefer)pick(3);
		result = solve(&c->problem);
		g_assert_cmpuint(result->placed, ==,
				 c->problem.prefer == PREFER_VCPUS ? vcpus : c->problem.n_vms);
		g_assert_cmpuint(result->bound, ==, result->placed);
		g_assert_cmpuint(result->spread, ==, 0);
		g_assert_cmpuint(result->spare, ==, 0);
		g_assert_true(result->optimal);
	}
	g_test_message("%u lists that greed does not place", hard);
	g_assert_cmpuint(hard, >, 100);
}

/* 256 CPUs in 8 nodes of several L3s; each node is filled with VMs, whatever its L3s hold: then
 * none is over several nodes, and that is proved. */
static void test_planted_nodes(void)
{
	static const Shape nps4[] = {{8, 2, 8, 2, {1, 2, 3, 4, 5, 6}},
				     {8, 4, 4, 2, {2, 3, 4, 5, 7}},
				     {8, 2, 8, 2, {3, 4, 5, 7, 9, 11}},
				     {8, 1, 16, 2, {3, 5, 6, 7}}};

	uint64_t steps = 0, most = 0;

	random_state = 0x9fb21c651e98df25;
	for (unsigned i = 0; i < 200; i++) {
		const Shape *shape = &nps4[i % G_N_ELEMENTS(nps4)];
		g_autoptr(GArray) sizes = g_array_new(FALSE, FALSE, sizeof(unsigned));
		g_autofree Case *c = case_new();
		g_autoptr(SearchResult) result = NULL;

		for (unsigned n = 0; n < shape->nodes; n++) {
			for (unsigned r = 0; r < shape->rooms; r++)
				add_room(c, n, 0, shape->threads, shape->cores);
			while (!fill_exactly(shape, shape->rooms * shape->cores, sizes))
				;
		}
		for (unsigned v = 0; v < sizes->len; v++)
			add_vms(c, 1, g_array_index(sizes, unsigned, v) * shape->threads);
		result = solve(&c->problem);
		g_assert_cmpuint(result->placed, ==, 256);
		g_assert_cmpuint(result->far, ==, 0);
		g_assert_cmpuint(result->proved, >=, 2);
		steps += result->steps;
		most = MAX(most, result->steps);
	}
	g_test_message("%" G_GUINT64_FORMAT " steps, %" G_GUINT64_FORMAT " at most", steps, most);
	g_assert_cmpuint(steps, <=, 2500000);
	g_assert_cmpuint(most, <, SEARCH_BUDGET);
}

/*
 * Hosts as they are sold.
 */
static const Shape hosts[] = {
	{2, 1, 18, 2, {1, 2, 4, 8}},
	{2, 1, 56, 2, {1, 2, 4, 8, 16}},
	{8, 1, 14, 2, {3, 6, 12}},
	{4, 1, 28, 2, {3, 4, 6, 10}},
	{2, 8, 8, 2, {1, 2, 4, 8}},
	{8, 2, 8, 2, {2, 4, 6}},
	{2, 16, 4, 2, {1, 2, 4, 6}},
	{8, 4, 4, 2, {1, 2, 4, 8}},
	{2, 12, 8, 2, {3, 5, 6, 10, 12, 20}},
	{16, 4, 4, 2, {2, 3, 6}},
};

static Case *host_case(const Shape *host)
{
	Case *c = case_new();
	unsigned load = 0, ratio = 2 + pick(4);

	for (unsigned n = 0; n < host->nodes; n++) {
		for (unsigned r = 0; r < host->rooms; r++) {
			unsigned cores = host->cores - (r == 0 ? 1 + pick(2) : 0);

			add_room(c, n, 0, host->threads, cores);
			load += cores * host->threads;
		}
		if (pick(2))
			c->memory[n] = (uint64_t)host->rooms * host->cores * host->threads * 4;
	}
	load = load * (40 + pick(100)) / 100;
	while (c->problem.n_vms < MOST_VMS) {
		unsigned vcpus = host->sizes[pick(n_sizes(host))] * host->threads;

		if (vcpus > load)
			break;
		load -= vcpus;
		add_vms(c, 1, vcpus);
		c->vms[c->problem.n_vms - 1].page = 1;
		c->vms[c->problem.n_vms - 1].memory = vcpus * ratio;
		c->vms[c->problem.n_vms - 1].isolate = pick(20) == 0;
		if (pick(20) == 0)
			c->vms[c->problem.n_vms - 1].node = pick(host->nodes);
	}
	c->problem.prefer = (Prefer)pick(3);
	return c;
}

static void shuffle(Case *c)
{
	for (unsigned i = c->problem.n_vms; i > 1; i--) {
		unsigned j = pick(i);
		SearchVm vm = c->vms[j];

		c->vms[j] = c->vms[i - 1];
		c->vms[i - 1] = vm;
	}
}

static bool same_assignments(const SearchResult *a, const SearchResult *b)
{
	for (unsigned i = 0; i < a->assignments->len; i++) {
		const GArray *x = g_ptr_array_index(a->assignments, i),
			     *y = g_ptr_array_index(b->assignments, i);

		if (!x != !y || (x && (x->len != y->len ||
				       memcmp(x->data, y->data, x->len * sizeof(SearchShare)))))
			return false;
	}
	return true;
}

static void test_deterministic(void)
{
	random_state = 0x9e3779b97f4a7c15;
	for (unsigned i = 0; i < 60; i++) {
		g_autofree Case *c = host_case(&hosts[i % G_N_ELEMENTS(hosts)]);
		g_autoptr(SearchResult) a = solve(&c->problem);
		g_autoptr(SearchResult) b = solve(&c->problem);

		g_assert_cmpuint(a->steps, ==, b->steps);
		g_assert_true(same_assignments(a, b));
	}
}

/* What is best does not depend on the order of the VMs, unless that is the goal. */
static void test_shuffled(void)
{
	unsigned compared = 0;

	random_state = 0x853c49e6748fea9b;
	for (unsigned i = 0; i < (g_test_quick() ? 80 : 800); i++) {
		g_autofree Case *c = host_case(&hosts[i % G_N_ELEMENTS(hosts)]);
		g_autoptr(SearchResult) a = NULL;
		g_autoptr(SearchResult) b = NULL;

		c->problem.prefer = (Prefer)pick(2);
		a = solve(&c->problem);
		shuffle(c);
		b = solve(&c->problem);
		g_assert_cmpuint(a->placed, <=, b->bound);
		g_assert_cmpuint(b->placed, <=, a->bound);
		if (MIN(a->proved, b->proved) < 3)
			continue;
		compared++;
		g_assert_cmpuint(a->placed, ==, b->placed);
		g_assert_cmpuint(a->spread, ==, b->spread);
		g_assert_cmpuint(a->spare, ==, b->spare);
	}
	g_assert_cmpuint(compared, >, 50);
}

/* The first goal of best-fit-decreasing; under PREFER_ORDER best-fit, and which it accepts. */
static Free greedy_free;

static bool greedy_room(const SearchProblem *p, const SearchVm *vm, Assignment *assignment)
{
	unsigned best = ANY;

	for (unsigned r = 0; r < p->n_rooms; r++) {
		Assignment trial = {.placed = true};
		Free less = greedy_free;

		trial.cores[r] = cores_for(vm->vcpus, p->rooms[r].threads, vm->isolate);
		trial.vcpus[p->rooms[r].node] = vm->vcpus;
		if ((vm->node != ANY && vm->node != p->rooms[r].node) ||
		    !take(p, &less, vm, &trial) ||
		    (best != ANY && greedy_free.cores[r] >= greedy_free.cores[best]))
			continue;
		best = r;
		*assignment = trial;
	}
	return best != ANY;
}

static bool greedy_node(const SearchProblem *p, const SearchVm *vm, Assignment *assignment)
{
	for (unsigned n = 0; n < p->n_nodes; n++) {
		Assignment trial = {.placed = true, .level = 1};
		unsigned need = cores_for(vm->vcpus, p->rooms[0].threads, vm->isolate);
		Free less = greedy_free;

		if (vm->node != ANY && vm->node != n)
			continue;
		trial.vcpus[n] = vm->vcpus;
		for (unsigned r = 0; r < p->n_rooms; r++) {
			if (p->rooms[r].node != n)
				continue;
			trial.cores[r] = MIN(need, greedy_free.cores[r]);
			need -= trial.cores[r];
		}
		*assignment = trial;
		if (need == 0 && take(p, &less, vm, &trial))
			return true;
	}
	return false;
}

static uint64_t greedy_placed(const SearchProblem *p, uint64_t *accepted)
{
	uint64_t placed = 0;

	for (unsigned r = 0; r < p->n_rooms; r++)
		greedy_free.cores[r] = p->rooms[r].cores;
	memcpy(greedy_free.memory, p->memory, p->n_nodes * sizeof(uint64_t));
	for (unsigned i = 0; i < p->n_vms; i++) {
		Assignment assignment;
		bool fits = greedy_room(p, &p->vms[i], &assignment) ||
			    greedy_node(p, &p->vms[i], &assignment);

		if (fits)
			take(p, &greedy_free, &p->vms[i], &assignment);
		if (i < 64)
			*accepted |= (uint64_t)fits << (63 - i);
		placed += fits ? worth_of(p, i) : 0;
	}
	return placed;
}

static int larger_vm_first(const void *a, const void *b)
{
	return (int)((const SearchVm *)b)->vcpus - (int)((const SearchVm *)a)->vcpus;
}

/* Which of the first 64 VMs are placed, the first one's bit the highest. */
static uint64_t placed_bits(const SearchResult *result)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < MIN(result->assignments->len, 64); i++)
		bits |= (uint64_t) !!g_ptr_array_index(result->assignments, i) << (63 - i);
	return bits;
}

/* However small the budget: the rules hold, the bound is one, and greed is not better. */
static void test_budget(void)
{
	random_state = 0xda942042e4dd58b5;
	for (unsigned i = 0; i < (g_test_quick() ? 200 : 2000); i++) {
		const Shape *host = &hosts[i % G_N_ELEMENTS(hosts)];
		g_autofree Case *c = host_case(host);
		g_autoptr(SearchResult) full = NULL;
		uint64_t accepted = 0, greedy;

		if (c->problem.prefer != PREFER_ORDER)
			qsort(c->vms, c->problem.n_vms, sizeof(SearchVm), larger_vm_first);
		full = solve(&c->problem);
		greedy = greedy_placed(&c->problem, &accepted);
		for (unsigned budget = 1; budget < 30000; budget *= 30) {
			g_autoptr(SearchResult) result = NULL;

			c->problem.budget = budget;
			result = solve(&c->problem);
			g_assert_cmpuint(result->steps, <=, budget);
			g_assert_cmpuint(result->bound, >=, full->placed);
			if (c->problem.prefer != PREFER_ORDER) {
				g_assert_cmpuint(result->placed, <=, full->bound);
				g_assert_cmpuint(result->placed, >=, greedy);
			} else if (host->rooms == 1) { /* else there are many ways to be greedy */
				g_assert_cmphex(placed_bits(result), >=, accepted);
			}
			if (result->optimal && full->optimal)
				g_assert_true(same_assignments(result, full));
		}
	}
}

/* Every size at odds with every room, no room like another, memory short as well: the default
 * budget holds, and the answer says what it does not know. */
static void test_adversarial(void)
{
	static const unsigned sizes[] = {6, 10, 12, 20, 24, 40};

	random_state = 0xd1342543de82ef95;
	for (unsigned i = 0; i < (g_test_quick() ? 40 : 400); i++) {
		g_autofree Case *c = case_new();
		g_autoptr(SearchResult) result = NULL;
		unsigned nodes = 1 + pick(16), rooms = 1 + pick(64 / nodes);

		for (unsigned n = 0; n < nodes; n++) {
			for (unsigned r = 0; r < rooms; r++)
				add_room(c, n, 0, 2, pick(512 / (nodes * rooms * 2) + 1));
			c->memory[n] = pick(2) ? UINT64_MAX : 1000 + pick(2000);
		}
		while (c->problem.n_vms < MOST_VMS) {
			add_vms(c, 1, sizes[pick(6)]);
			c->vms[c->problem.n_vms - 1].memory = pick(200);
			c->vms[c->problem.n_vms - 1].page = 1 + pick(7);
		}
		c->problem.prefer = (Prefer)(i % 3);
		result = solve(&c->problem);
		g_assert_cmpuint(result->steps, <=, 200000);
		g_assert_cmpuint(result->optimal, ==, result->proved == SEARCH_GOALS);
	}
}

/* Hundreds of VMs no two of which are alike, on hundreds of rooms: the programs are large, and what
 * a step of the budget costs must not grow with them (the test would run out of time); nor does
 * anything go on once it is used up.
 */
static void test_all_different(void)
{
	SearchRoom rooms[448];
	SearchVm vms[300];
	uint64_t memory[56];
	SearchProblem problem = {.rooms = rooms,
				 .n_rooms = G_N_ELEMENTS(rooms),
				 .memory = memory,
				 .n_nodes = G_N_ELEMENTS(memory),
				 .vms = vms,
				 .n_vms = G_N_ELEMENTS(vms)};
	g_autoptr(SearchResult) result = NULL;

	random_state = 0x9fb21c651e98df25;
	for (unsigned i = 0; i < G_N_ELEMENTS(rooms); i++)
		rooms[i] = (SearchRoom){.node = i / 8, .threads = 2, .cores = 1 + pick(16)};
	for (unsigned i = 0; i < G_N_ELEMENTS(memory); i++)
		memory[i] = (uint64_t)(8 + pick(1024)) << 30;
	for (unsigned i = 0; i < G_N_ELEMENTS(vms); i++) {
		vms[i] = (SearchVm){.vcpus = 1 + pick(60), .page = 4096, .node = ANY};
		vms[i].memory = (uint64_t)(1 + pick(100)) << 28;
	}
	result = search_solve(&problem);
	g_assert_cmpuint(result->steps, <=, 200000);
}

static void expect_assignment(const SearchResult *result, unsigned vm, const char *expected)
{
	const GArray *assignment = g_ptr_array_index(result->assignments, vm);
	g_autoptr(GString) s = g_string_new(NULL);

	for (unsigned i = 0; assignment && i < assignment->len; i++) {
		const SearchShare *share = &g_array_index(assignment, SearchShare, i);

		g_string_append_printf(s, "%s%u:%u/%u", i ? " " : "", share->room, share->cores,
				       share->vcpus);
	}
	g_assert_cmpstr(s->str, ==, expected);
}

static void test_empty(void)
{
	g_autofree Case *c = case_new();
	g_autoptr(SearchResult) nothing = solve(&c->problem);
	g_autoptr(SearchResult) no_room = NULL;
	g_autoptr(SearchResult) no_core = NULL;

	g_assert_true(nothing->optimal);
	add_vms(c, 3, 2);
	no_room = solve(&c->problem);
	g_assert_true(no_room->optimal);
	g_assert_cmpuint(no_room->placed, ==, 0);
	g_assert_cmpuint(no_room->bound, ==, 0);
	add_room(c, 0, 0, 2, 0);
	add_room(c, 1, 3, 8, 0);
	no_core = solve(&c->problem);
	g_assert_true(no_core->optimal);
	g_assert_cmpuint(no_core->placed, ==, 0);
}

/* Memory at the ends of what can be counted. */
static void test_memory(void)
{
	g_autofree Case *c = case_new();
	g_autoptr(SearchResult) result = NULL;

	add_room(c, 0, 0, 2, 8);
	add_room(c, 1, 0, 2, 8);
	add_vms(c, 5, 2);
	c->vms[0].memory = UINT64_MAX; /* rounds up beyond it */
	c->vms[1].memory = UINT64_MAX - 5000;
	c->vms[1].page = 1;
	c->vms[2].memory = UINT64_C(1) << 63;
	c->vms[2].page = UINT64_C(1) << 62;
	c->vms[3].memory = (UINT64_C(1) << 63) + 1;
	c->vms[3].page = UINT64_C(1) << 62;
	c->memory[1] = UINT64_C(1) << 63;
	result = solve(&c->problem);
	g_assert_true(result->optimal);
	g_assert_cmpuint(result->placed, ==, 10);
	c->memory[0] = c->memory[1];
	g_clear_pointer(&result, search_result_free);
	result = solve(&c->problem);
	g_assert_true(result->optimal);
	/* 0, 1 and 3 need all of both nodes, 2 all of one. */
	g_assert_cmpuint(result->placed, ==, 4);
	expect_assignment(result, 4, "0:1/2");
}

/* Each core's threads are filled in turn, the last one with what is left; nodes share whole
 * cores.
 */
static void test_vcpus(void)
{
	g_autofree Case *c = case_new();
	g_autoptr(SearchResult) one = NULL;
	g_autoptr(SearchResult) all = NULL;

	for (unsigned n = 0; n < 2; n++)
		for (unsigned r = 0; r < 2; r++)
			add_room(c, n, 0, 2, 4);
	add_vms(c, 1, 11);
	one = solve(&c->problem);
	expect_assignment(one, 0, "0:4/8 1:2/3");
	c->vms[0].vcpus = 18;
	add_vms(c, 2, 3);
	c->vms[1].isolate = true;
	all = solve(&c->problem);
	expect_assignment(all, 0, "0:4/8 1:1/2 2:4/8");
	expect_assignment(all, 1, "1:3/3");
	expect_assignment(all, 2, "3:2/3");
	g_assert_true(all->optimal);
	g_assert_cmpuint(all->spread, ==, 0);
}

/* VM 2 fits only if VM 1 moves to the room it would not be given first. */
static void test_order(void)
{
	g_autofree Case *c = case_new();
	g_autoptr(SearchResult) result = NULL;

	add_room(c, 0, 0, 1, 4);
	add_room(c, 1, 0, 1, 6);
	add_vms(c, 1, 3);
	add_vms(c, 1, 5);
	c->vms[0].node = ANY;
	c->vms[1].node = ANY;
	add_vms(c, 1, 4);
	c->vms[2].node = 0;
	c->problem.prefer = PREFER_ORDER;
	result = solve(&c->problem);
	/* 3 + 5 are accepted; then 4 in node 0 fits no way they sit. */
	expect_assignment(result, 0, "0:3/3");
	expect_assignment(result, 1, "1:5/5");
	expect_assignment(result, 2, "");
	g_assert_true(result->optimal);
	c->vms[1].vcpus = 3;
	g_clear_pointer(&result, search_result_free);
	result = solve(&c->problem);
	expect_assignment(result, 0, "1:3/3");
	expect_assignment(result, 1, "1:3/3");
	expect_assignment(result, 2, "0:4/4");
}

/* The first VM would rather sit in the lower room, and no set of the many there, of a kind each,
 * has as many cores as it: looking for one must end. */
static void test_exchanges(void)
{
	g_autofree Case *c = case_new();
	g_autoptr(SearchResult) result = NULL;

	add_room(c, 0, 0, 1, 80);
	add_room(c, 1, 0, 1, 41);
	c->memory[0] = UINT64_C(860) << 30;
	c->memory[1] = UINT64_C(860) << 30;
	add_vms(c, 1, 41);
	add_vms(c, 40, 2);
	for (unsigned i = 0; i <= 40; i++)
		c->vms[i].memory = (uint64_t)(i + 1) << 30;
	result = search_solve(&c->problem);
	g_assert_cmpuint(result->placed, ==, 121);
	g_assert_true(result->optimal);
}

static void test_all_fit(void)
{
	random_state = 0xc2b2ae3d27d4eb4f;
	for (unsigned i = 0; i < 100; i++) {
		g_autofree Case *c = host_case(&hosts[i % G_N_ELEMENTS(hosts)]);
		g_autoptr(SearchResult) result = NULL;
		bool proved, fit = search_all_fit(&c->problem, &proved);

		c->problem.prefer = PREFER_VMS;
		result = solve(&c->problem);
		if (result->placed == c->problem.n_vms)
			g_assert_true(fit || !proved);
		if (proved && !fit)
			g_assert_cmpuint(result->placed, <, c->problem.n_vms);
		if (fit)
			g_assert_cmpuint(result->bound, ==, c->problem.n_vms);
	}
}

/* 64 nodes are the most that VMs span; with more, each sits in one. */
static void test_many_nodes(void)
{
	for (unsigned n = 63; n <= 65; n++) {
		SearchRoom rooms[65];
		uint64_t memory[65];
		SearchVm vms[2] = {{n == 65 ? 130 : 2 * n, false, 0, 1, ANY},
				   {2, false, 0, 1, ANY}};
		SearchProblem p = {.rooms = rooms,
				   .n_rooms = n,
				   .memory = memory,
				   .n_nodes = n,
				   .vms = vms,
				   .n_vms = 2};
		g_autoptr(SearchResult) result = NULL;

		for (unsigned i = 0; i < n; i++) {
			rooms[i] = (SearchRoom){i, 0, 2, i == 0 ? 2 : 1};
			memory[i] = UINT64_MAX;
		}
		result = search_solve(&p);
		g_assert_true(result->optimal);
		g_assert_cmpuint(result->placed, ==, n == 65 ? 2 : 2 * n + 2);
	}
}

/* More of a size than are listed, each over other nodes than the next: 2 + 2 + 1 + 1 cores, then
 * 2 + 2 + 2, then 3 + 3. */
static void test_most(void)
{
	g_autofree Case *c = case_new();
	SearchSize size = {{12, false, 0, 4096, ANY}, 1};
	SearchMost most;

	for (unsigned n = 0; n < 4; n++)
		add_room(c, n, 0, 2, (unsigned[]){4, 5, 3, 6}[n]);
	most = search_most(&c->problem, &size, 1, 10);
	g_assert_cmpuint(most.fit, ==, 3);
	g_assert_cmpuint(most.bound, ==, 3);
}

/* Seven VMs for four nodes; of two of them each wants a socket: whenever the search ends, those
 * that fit beside each other are placed. */
static void test_apart_ends(void)
{
	static const unsigned vcpus[] = {2, 8, 2, 3, 5, 2, 4};
	static const uint64_t budgets[] = {1, 50, 1000, 0};
	g_autofree Case *c = case_new();
	SearchApart apart[G_N_ELEMENTS(vcpus) * G_N_ELEMENTS(vcpus)];

	for (unsigned n = 0; n < 4; n++) {
		add_room(c, n, 0, 2, 6);
		c->places[0][n] = n / 2;
		c->places[1][n] = n;
	}
	for (unsigned b = 0; b < G_N_ELEMENTS(vcpus); b++) {
		add_vms(c, 1, vcpus[b]);
		for (unsigned a = 0; a < b; a++)
			apart[c->problem.n_apart++] =
				(SearchApart){a, b, c->places[a && b != 2 && b != 5]};
	}
	c->problem.apart = apart;
	for (unsigned i = 0; i < G_N_ELEMENTS(budgets); i++) {
		g_autoptr(SearchResult) result = NULL;

		c->problem.budget = budgets[i];
		result = solve(&c->problem);
		g_assert_cmpuint(result->placed, ==, 8 + 5 + 4 + 3);
	}
}

static const Size plain = {2, 3, 4, 1, 5, 6, 3, false, false};
static const Size full = {3, 4, 3, 2, 4, 6, 4, true, true};
static const Size spans = {3, 3, 3, 1, 4, 8, 2, true, false};
static const Size many = {2, 2, 5, 1, 7, 5, 3, true, true};
static const Size walls = {2, 4, 3, 1, 5, 6, 2, false, false};
static const Size short_of = {2, 3, 5, 1, 6, 4, 4, true, false};
static const Size near = {5, 5, 3, 1, 3, 12, 2, false, false, true};
static const Size near_full = {4, 5, 3, 2, 4, 9, 3, true, true, true};
static const Size kept = {3, 5, 3, 2, 5, 6, 3, true, true, false, true};
static const Size kept_near = {4, 5, 3, 1, 4, 9, 3, true, false, true, true};
static const Size apart = {4, 5, 3, 1, 4, 5, 2, true, false, true, false, true};
static const Size apart_full = {4, 5, 3, 2, 5, 6, 3, true, true, true, true, true};
static const Size own = {3, 4, 4, 2, 4, 6, 3, true, true, .helpers = true};
static const Size mixed = {3, 4, 4, 2, 4, 6, 3, true, true, .floating = true};
static const Size mixed_apart = {
	4, 5, 3, 2, 5, 6, 3, true, true, true, true, true, .floating = true};
static const Size own_spans = {3, 5, 4, 1, 3, 9, 2, true, false, true, .helpers = true};

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/search/empty", test_empty);
	g_test_add_func("/search/memory", test_memory);
	g_test_add_func("/search/vcpus", test_vcpus);
	g_test_add_func("/search/order", test_order);
	g_test_add_func("/search/many-nodes", test_many_nodes);
	g_test_add_data_func("/search/brute/plain", &plain, test_brute);
	g_test_add_data_func("/search/brute/full", &full, test_brute);
	g_test_add_data_func("/search/brute/spans", &spans, test_brute);
	g_test_add_data_func("/search/brute/many", &many, test_brute);
	g_test_add_data_func("/search/brute/walls", &walls, test_brute);
	g_test_add_data_func("/search/brute/short", &short_of, test_brute);
	g_test_add_data_func("/search/brute/near", &near, test_brute);
	g_test_add_data_func("/search/brute/near-full", &near_full, test_brute);
	g_test_add_data_func("/search/brute/kept", &kept, test_brute);
	g_test_add_data_func("/search/brute/kept-near", &kept_near, test_brute);
	g_test_add_data_func("/search/brute/apart", &apart, test_brute);
	g_test_add_data_func("/search/brute/apart-full", &apart_full, test_brute);
	g_test_add_data_func("/search/brute/own", &own, test_brute);
	g_test_add_data_func("/search/brute/mixed", &mixed, test_brute);
	g_test_add_data_func("/search/brute/mixed-apart", &mixed_apart, test_brute);
	g_test_add_data_func("/search/brute/own-spans", &own_spans, test_brute);
	g_test_add_func("/search/planted", test_planted);
	g_test_add_func("/search/planted-nodes", test_planted_nodes);
	g_test_add_func("/search/most", test_most);
	g_test_add_func("/search/apart-ends", test_apart_ends);
	g_test_add_func("/search/deterministic", test_deterministic);
	g_test_add_func("/search/shuffled", test_shuffled);
	g_test_add_func("/search/budget", test_budget);
	g_test_add_func("/search/adversarial", test_adversarial);
	g_test_add_func("/search/all-different", test_all_different);
	g_test_add_func("/search/exchanges", test_exchanges);
	g_test_add_func("/search/all-fit", test_all_fit);
	return g_test_run();
}
