/* SPDX-License-Identifier: MIT */
#include "planner/fleet/waves.h"

#include "planner/base/naming.h"
#include "planner/fleet/drain_class.h"
#include "planner/fleet/loss.h"

#include <string.h>

#define WAVES_FAILURES 8 /* nodes in turn that do not fit into a wave: then it is full */
#define WAVES_PARTNERS 2 /* changed nodes before a VM is powered off to get to one */

/* A VM on its way. */
typedef struct WavesVm {
	const StandingVm *now, *wish; /* as it runs; as it is to be, NULL = the same */
	unsigned place;		      /* where it is: a node, or that many further on, changed */
	const StandingVm *size;	      /* in the wave at hand: as it is then */
	GArray *parts;		      /* and what it takes; NULL */
	unsigned to;
	bool live, moved, partners;
} WavesVm;

typedef struct WavesMaking {
	Waves *waves;
	const WavesLimits *limits;
	GPtrArray *places; /* of const Standing *: nodes as they are, then changed ones */
	unsigned n;	   /* nodes */
	unsigned *classes; /* by place */
	bool *wanted;	   /* by node: it is still to change */
	bool *out;	   /* by node: it is in the wave at hand */
	unsigned *came;	   /* by place: VMs that come in the wave at hand */
	unsigned changed;
	Space *space;
	DrainClasses *known;
	GHashTable *wishes;
	bool full_first;   /* of two orders of nodes */
	GPtrArray *vms;	   /* of WavesVm */
	GArray *wave;	   /* of unsigned: nodes of the wave at hand */
	GPtrArray *packed; /* of WavesVm, in the order they were taken */
} WavesMaking;

void wave_free(gpointer data)
{
	Wave *wave = data;

	g_array_unref(wave->nodes);
	g_array_unref(wave->moves);
	g_ptr_array_unref(wave->strands);
	g_array_unref(wave->risks);
	g_free(wave);
}

unsigned wave_live(const Wave *wave)
{
	unsigned live = 0;

	for (unsigned i = 0; i < wave->moves->len; i++)
		live += g_array_index(wave->moves, WaveMove, i).live;
	return live;
}

char *wave_strands_names(const Wave *wave)
{
	Naming naming = {0};

	for (unsigned i = 0; i < wave->strands->len; i++)
		naming_add(&naming,
			   ((const StandingVm *)g_ptr_array_index(wave->strands, i))->spec->name);
	return naming_end(&naming);
}

char *waves_nodes_names(const GPtrArray *standings, const GArray *nodes)
{
	Naming naming = {0};

	for (unsigned i = 0; i < nodes->len; i++) {
		const Standing *node =
			g_ptr_array_index(standings, g_array_index(nodes, unsigned, i));

		naming_add(&naming, node->name);
	}
	return naming_end(&naming);
}

void waves_free(Waves *waves)
{
	g_ptr_array_unref(waves->waves);
	g_array_unref(waves->left);
	g_free(waves->why);
	g_free(waves);
}

static const Standing *waves_place(const WavesMaking *making, unsigned place)
{
	return g_ptr_array_index(making->places, place);
}

static unsigned waves_node(const WavesMaking *making, unsigned place)
{
	return place % making->n;
}

/* Where a VM may go */

typedef enum WavesWay { WAVES_LIVE, WAVES_STOPPED, WAVES_NEVER } WavesWay;

static DrainReach waves_reach(const WavesMaking *making, const WavesVm *vm)
{
	return drain_reach(making->known, vm->now, making->classes[vm->place]);
}

/* Does VM get cpu-pm that it has not, on a node of CLASS that has CHANGED? */
static bool waves_gets_cpu_pm(const WavesMaking *making, const WavesVm *vm, unsigned class,
			      bool changed)
{
	const StandingVm *wish = vm->wish ? vm->wish : vm->now;

	return changed && wish->spec->cpu_pm && !vm->now->cpu_pm && !wish->shared &&
	       drain_class(making->known, class)->standing->modes & (1u << wish->spec->cpu_mode);
}

static WavesWay waves_way(const WavesMaking *making, const WavesVm *vm, const DrainReach *reach,
			  unsigned class, bool changed)
{
	if (class >= DRAIN_CLASSES_MOST || !(drain_reach_any(reach) >> class & 1))
		return WAVES_NEVER;
	if (waves_gets_cpu_pm(making, vm, class, changed))
		return WAVES_STOPPED;
	return reach->stopped >> class & 1 ? WAVES_STOPPED : WAVES_LIVE;
}

/* Zones of the space: places that take no VMs; then by class, unchanged and changed. */
#define WAVES_ZONE_CLOSED 0

static unsigned waves_zone(unsigned class, bool changed)
{
	return 1 + 2 * class + changed;
}

static void waves_open_place(WavesMaking *making, unsigned place, bool open)
{
	bool changed = place >= making->n;

	space_set_zone(making->space, place,
		       open ? waves_zone(making->classes[place], changed) : WAVES_ZONE_CLOSED);
}

static bool waves_is_open(const WavesMaking *making, unsigned place)
{
	return making->space->zone[place] != WAVES_ZONE_CLOSED;
}

/* All zones but the closed one. */
static void waves_open_zones(const WavesMaking *making)
{
	for (unsigned zone = 1; zone < making->space->zones->len; zone++)
		space_shut(making->space, zone, false);
}

/* In order of what is best. */
static const struct WavesChoice {
	bool changed;
	WavesWay way;
} waves_early[] = {{true, WAVES_LIVE},
		   {false, WAVES_LIVE},
		   {true, WAVES_STOPPED},
		   {false, WAVES_STOPPED}},
  waves_late[] = {
	  {true, WAVES_LIVE}, {true, WAVES_STOPPED}, {false, WAVES_LIVE}, {false, WAVES_STOPPED}};

/* Open those places alone that the choice allows. */
static void waves_open(const WavesMaking *making, const WavesVm *vm, const DrainReach *reach,
		       const struct WavesChoice *choice)
{
	for (unsigned zone = 1; zone < making->space->zones->len; zone++) {
		bool changed = (zone - 1) % 2;
		unsigned class = (zone - 1) / 2;

		space_shut(making->space, zone,
			   changed != choice->changed ||
				   waves_way(making, vm, reach, class, changed) != choice->way);
	}
}

/* The VM as it is where it goes: where it is powered off and on, as it is to be. */
static const StandingVm *waves_size(const WavesVm *vm, const struct WavesChoice *choice)
{
	bool anew = choice->changed && choice->way == WAVES_STOPPED;

	return anew && vm->wish && !vm->wish->shared ? vm->wish : vm->now;
}

static bool waves_pack_vm(WavesMaking *making, WavesVm *vm)
{
	const struct WavesChoice *choices =
		making->changed < WAVES_PARTNERS ? waves_early : waves_late;
	DrainReach reach = waves_reach(making, vm);

	for (unsigned c = 0; c < G_N_ELEMENTS(waves_late); c++) {
		g_autoptr(GArray) parts = g_array_new(FALSE, FALSE, sizeof(SpacePart));
		const StandingVm *size = waves_size(vm, &choices[c]);

		waves_open(making, vm, &reach, &choices[c]);
		if (!space_find_room(making->space, size, parts) &&
		    !space_find_span(making->space, size, parts))
			continue;
		space_take(making->space, size, parts);
		vm->to = space_room(making->space, g_array_index(parts, SpacePart, 0).room)
				 ->standing;
		vm->live = choices[c].way == WAVES_LIVE;
		making->came[vm->to]++;
		vm->size = size;
		vm->parts = g_steal_pointer(&parts);
		g_ptr_array_add(making->packed, vm);
		return true;
	}
	return false;
}

/* Waves */

static int waves_vm_compare(gconstpointer a, gconstpointer b)
{
	const WavesVm *x = *(WavesVm *const *)a, *y = *(WavesVm *const *)b;
	int order;

	if (x->now->spec->vcpus != y->now->spec->vcpus)
		return x->now->spec->vcpus > y->now->spec->vcpus ? -1 : 1;
	if (x->now->memory != y->now->memory)
		return x->now->memory > y->now->memory ? -1 : 1;
	order = strcmp(x->now->spec->name, y->now->spec->name);
	return order ? order : x->place < y->place ? -1 : x->place > y->place;
}

static void waves_unpack_vm(WavesMaking *making, WavesVm *vm)
{
	space_give_back(making->space, vm->size, vm->parts);
	making->came[vm->to]--;
	g_clear_pointer(&vm->parts, g_array_unref);
}

static void waves_unpack(WavesMaking *making)
{
	while (making->packed->len)
		waves_unpack_vm(making,
				g_ptr_array_steal_index(making->packed, making->packed->len - 1));
}

/* Those that came to NODE. */
static void waves_unpack_from(WavesMaking *making, unsigned node)
{
	for (unsigned i = making->packed->len; making->came[node] && i-- > 0;) {
		WavesVm *vm = g_ptr_array_index(making->packed, i);

		if (vm->to != node)
			continue;
		g_ptr_array_remove_index(making->packed, i);
		waves_unpack_vm(making, vm);
	}
}

/* Find places for the VMs of the wave that have none. False: there is none for one; where *OUT is
 * NULL, it becomes that one. */
static bool waves_pack(WavesMaking *making, WavesVm **out)
{
	for (unsigned i = 0; i < making->vms->len; i++) {
		WavesVm *vm = g_ptr_array_index(making->vms, i);

		if (vm->place >= making->n || vm->parts || vm->now->shared ||
		    !making->out[vm->place] || waves_pack_vm(making, vm))
			continue;
		if (!*out)
			*out = vm;
		return false;
	}
	return true;
}

/* Where a VM of the wave goes. */
typedef struct WavesAssignment {
	WavesVm *vm;
	const StandingVm *size;
	GArray *parts;
	unsigned to;
	bool live;
} WavesAssignment;

static void waves_assignment_clear(gpointer data)
{
	g_array_unref(((WavesAssignment *)data)->parts);
}

/* All that is packed: of WavesAssignment, yours. */
static GArray *waves_assignments(const WavesMaking *making)
{
	GArray *assignments = g_array_new(FALSE, FALSE, sizeof(WavesAssignment));

	g_array_set_clear_func(assignments, waves_assignment_clear);
	for (unsigned i = 0; i < making->packed->len; i++) {
		WavesVm *vm = g_ptr_array_index(making->packed, i);
		WavesAssignment assignment = {vm, vm->size, g_array_ref(vm->parts), vm->to,
					      vm->live};

		g_array_append_val(assignments, assignment);
	}
	return assignments;
}

/* Pack as ASSIGNMENTS were, and nothing else. */
static void waves_pack_again(WavesMaking *making, const GArray *assignments)
{
	waves_unpack(making);
	for (unsigned i = 0; i < assignments->len; i++) {
		const WavesAssignment *assignment = &g_array_index(assignments, WavesAssignment, i);

		space_take(making->space, assignment->size, assignment->parts);
		assignment->vm->size = assignment->size;
		assignment->vm->parts = g_array_ref(assignment->parts);
		assignment->vm->to = assignment->to;
		assignment->vm->live = assignment->live;
		making->came[assignment->to]++;
		g_ptr_array_add(making->packed, assignment->vm);
	}
}

/* Losses meanwhile */

typedef struct WavesTaken {
	const StandingVm *vm;
	GArray *parts;
} WavesTaken;

/* Would VM, of a lost node, start elsewhere? That is taken. */
static bool waves_restart(const WavesMaking *making, const StandingVm *vm, GArray *taken)
{
	WavesTaken one = {vm, g_array_new(FALSE, FALSE, sizeof(SpacePart))};

	if (!space_find_room(making->space, vm, one.parts) &&
	    !space_find_span(making->space, vm, one.parts)) {
		g_array_unref(one.parts);
		return false;
	}
	space_take(making->space, vm, one.parts);
	g_array_append_val(taken, one);
	return true;
}

/* The VMs of each place, with those that have come: of GPtrArray of WavesVm. Yours. */
static GPtrArray *waves_crowds(const WavesMaking *making)
{
	GPtrArray *crowds = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);

	for (unsigned p = 0; p < making->places->len; p++)
		g_ptr_array_add(crowds, g_ptr_array_new());
	for (unsigned i = 0; i < making->vms->len; i++) {
		WavesVm *vm = g_ptr_array_index(making->vms, i);

		if (!vm->now->shared)
			g_ptr_array_add(g_ptr_array_index(crowds, vm->parts ? vm->to : vm->place),
					vm);
	}
	return crowds;
}

/* Do all of CROWD start elsewhere, were their PLACE lost while the wave is out? */
static bool waves_survives(const WavesMaking *making, unsigned place, const GPtrArray *crowd)
{
	Space *space = making->space;
	g_autoptr(GArray) taken = g_array_new(FALSE, FALSE, sizeof(WavesTaken));
	bool good = true;

	space->lost[place] = true;
	for (unsigned i = 0; good && i < crowd->len; i++) {
		const WavesVm *vm = g_ptr_array_index(crowd, i);

		good = waves_restart(making, vm->parts ? vm->size : vm->now, taken);
	}
	for (unsigned i = taken->len; i-- > 0;) {
		const WavesTaken *one = &g_array_index(taken, WavesTaken, i);

		space_give_back(space, one->vm, one->parts);
		g_array_unref(one->parts);
	}
	space->lost[place] = false;
	return good;
}

/* The nodes that must not be lost while the wave is out: of unsigned, yours. With FIRST the first
 * of them alone. */
static GArray *waves_risks(const WavesMaking *making, bool first)
{
	GArray *risks = g_array_new(FALSE, FALSE, sizeof(unsigned));
	g_autoptr(GPtrArray) crowds = waves_crowds(making);

	waves_open_zones(making);
	for (unsigned p = 0; p < making->places->len && !(first && risks->len); p++) {
		unsigned node = waves_node(making, p);

		if (waves_is_open(making, p) &&
		    !waves_survives(making, p, g_ptr_array_index(crowds, p)))
			g_array_append_val(risks, node);
	}
	return risks;
}

static bool waves_safe(const WavesMaking *making)
{
	g_autoptr(GArray) risks = NULL;

	if (!making->limits->survive)
		return true;
	risks = waves_risks(making, true);
	return !risks->len;
}

/* Let NODE be in the wave if its VMs have places, too. VMs that came to it go elsewhere then; where
 * they cannot, all of the wave are packed anew. */
static bool waves_add_node(WavesMaking *making, unsigned node, WavesVm **out)
{
	g_autoptr(GArray) assignments = waves_assignments(making);
	bool some = making->came[node], good;

	making->out[node] = true;
	waves_open_place(making, node, false);
	waves_unpack_from(making, node);
	good = waves_pack(making, out);
	if (!good && some) {
		waves_unpack(making);
		good = waves_pack(making, out);
	}
	if (good && waves_safe(making)) {
		g_array_append_val(making->wave, node);
		return true;
	}
	making->out[node] = false;
	waves_open_place(making, node, true);
	waves_pack_again(making, assignments);
	return false;
}

static bool waves_group_taken(const WavesMaking *making, unsigned node)
{
	const char *group = waves_place(making, node)->group;

	for (unsigned i = 0; group && i < making->wave->len; i++)
		if (!g_strcmp0(waves_place(making, g_array_index(making->wave, unsigned, i))->group,
			       group))
			return true;
	return false;
}

static bool waves_kind_taken(const WavesMaking *making, unsigned node)
{
	for (unsigned i = 0; i < making->wave->len; i++)
		if (!strcmp(waves_place(making, g_array_index(making->wave, unsigned, i))->kind,
			    waves_place(making, node)->kind))
			return true;
	return false;
}

typedef struct WavesLoad {
	unsigned node, vcpus;
} WavesLoad;

static int waves_load_compare(gconstpointer a, gconstpointer b)
{
	const WavesLoad *x = a, *y = b;

	if (x->vcpus != y->vcpus)
		return x->vcpus < y->vcpus ? -1 : 1;
	return x->node < y->node ? -1 : x->node > y->node;
}

/* Nodes that are still to change, in their order: of WavesLoad, yours. */
static GArray *waves_candidates(const WavesMaking *making)
{
	GArray *loads = g_array_new(FALSE, TRUE, sizeof(WavesLoad));
	g_autofree unsigned *vcpus = g_new0(unsigned, making->places->len + 1);

	for (unsigned i = 0; i < making->vms->len; i++) {
		const WavesVm *vm = g_ptr_array_index(making->vms, i);

		vcpus[vm->place] += vm->now->spec->vcpus;
	}
	for (unsigned node = 0; node < making->n; node++) {
		WavesLoad load = {node, vcpus[node]};

		if (making->wanted[node])
			g_array_append_val(loads, load);
	}
	g_array_sort(loads, waves_load_compare);
	for (unsigned i = 0; making->full_first && i < loads->len / 2; i++) {
		WavesLoad *one = &g_array_index(loads, WavesLoad, i);
		WavesLoad *other = &g_array_index(loads, WavesLoad, loads->len - 1 - i);
		WavesLoad between = *one;

		*one = *other;
		*other = between;
	}
	return loads;
}

static unsigned waves_most(const WavesMaking *making, bool first)
{
	unsigned most = making->limits->at_once ? making->limits->at_once : G_MAXUINT;

	return first && making->limits->canary ? MIN(most, making->limits->canary) : most;
}

/* Choose the nodes of a wave, and pack their VMs. False: none can be emptied; *OUT is the
 * first VM that has no place. */
static bool waves_choose(WavesMaking *making, bool first, WavesVm **out)
{
	g_autoptr(GArray) loads = waves_candidates(making);
	unsigned failures = 0, most = waves_most(making, first);

	*out = NULL;
	g_array_set_size(making->wave, 0);
	for (unsigned i = 0; i < loads->len && making->wave->len < most; i++) {
		unsigned node = g_array_index(loads, WavesLoad, i).node;

		if (waves_group_taken(making, node) ||
		    (first && !making->limits->canary && waves_kind_taken(making, node)))
			continue;
		if (!waves_add_node(making, node, out) && making->wave->len &&
		    ++failures == WAVES_FAILURES)
			break;
	}
	return making->wave->len;
}

/* VMs that could go live somewhere before, and now cannot. */
static void waves_find_strands(WavesMaking *making, Wave *wave)
{
	unsigned counts[DRAIN_CLASSES_MOST] = {0};

	for (unsigned p = 0; p < making->places->len; p++)
		if (waves_is_open(making, p) && making->classes[p] < DRAIN_CLASSES_MOST)
			counts[making->classes[p]]++;
	for (unsigned i = 0; i < making->vms->len; i++) {
		WavesVm *vm = g_ptr_array_index(making->vms, i);
		unsigned class = making->classes[vm->place], partners = 0;
		DrainReach reach = waves_reach(making, vm);
		guint64 live = reach.live | reach.unsure;

		for (unsigned g = 0; g < DRAIN_CLASSES_MOST; g++)
			if (live >> g & 1)
				partners += counts[g] - (g == class && counts[g]);
		if (wave && vm->partners && !partners)
			g_ptr_array_add(wave->strands, (gpointer)vm->now);
		vm->partners = partners;
	}
}

/* The wave is done: its VMs are where they were packed, its nodes are changed. */
static void waves_finish(WavesMaking *making)
{
	Wave *wave = g_new0(Wave, 1);
	Waves *waves = making->waves;

	wave->nodes = g_array_copy(making->wave);
	wave->moves = g_array_new(FALSE, FALSE, sizeof(WaveMove));
	wave->strands = g_ptr_array_new();
	wave->risks = waves_risks(making, false);
	for (unsigned i = 0; i < making->packed->len; i++) {
		WavesVm *vm = g_ptr_array_index(making->packed, i);
		WaveMove move = {vm->now, waves_node(making, vm->place), waves_node(making, vm->to),
				 vm->live};

		g_array_append_val(wave->moves, move);
		waves->again += vm->moved;
		vm->moved = true;
		if (!vm->live && vm->wish && vm->to >= making->n)
			vm->now = vm->wish;
		vm->place = vm->to;
		making->came[vm->to] = 0;
		g_clear_pointer(&vm->parts, g_array_unref);
	}
	waves->moves += making->packed->len;
	g_ptr_array_set_size(making->packed, 0);
	for (unsigned i = 0; i < making->wave->len; i++) {
		unsigned node = g_array_index(making->wave, unsigned, i);

		making->wanted[node] = making->out[node] = false;
		waves_open_place(making, making->n + node, true);
		making->changed++;
	}
	waves_find_strands(making, wave);
	g_ptr_array_add(waves->waves, wave);
}

/* Bounds */

static uint64_t waves_capacity(const WavesMaking *making, unsigned node)
{
	uint64_t before = waves_place(making, node)->bid->cores, after;

	if (making->places->len == making->n || !waves_place(making, making->n + node))
		return before;
	after = waves_place(making, making->n + node)->bid->cores;
	return MAX(before, after);
}

static int waves_number_compare(gconstpointer a, gconstpointer b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* The fewest cores that VM has, as it runs or as it is to be. */
static uint64_t waves_need(const WavesMaking *making, const WavesVm *vm)
{
	unsigned need = vm->now->shared ? 0 : space_least_cores(making->space, vm->now);

	if (vm->wish)
		need = MIN(need, vm->wish->shared ? 0 : space_least_cores(making->space, vm->wish));
	return need;
}

/* The most nodes that can be empty at once: what is used fits into the others' cores. */
static unsigned waves_most_empty(const WavesMaking *making)
{
	g_autoptr(GArray) cores = g_array_new(FALSE, FALSE, sizeof(uint64_t));
	uint64_t free = 0;
	unsigned most = 0;

	for (unsigned node = 0; node < making->n; node++) {
		uint64_t capacity = waves_capacity(making, node);

		free += capacity;
		if (making->wanted[node])
			g_array_append_val(cores, capacity);
	}
	for (unsigned i = 0; i < making->vms->len; i++) {
		const WavesVm *vm = g_ptr_array_index(making->vms, i);

		/* A closed node has no cores for others, but those of its VMs. */
		if (waves_place(making, vm->place)->bid->open)
			free -= MIN(free, waves_need(making, vm));
	}
	g_array_sort(cores, waves_number_compare);
	while (most < cores->len && g_array_index(cores, uint64_t, most) <= free)
		free -= g_array_index(cores, uint64_t, most++);
	return most;
}

static unsigned waves_largest_group(const WavesMaking *making)
{
	g_autoptr(GHashTable) groups = g_hash_table_new(g_str_hash, g_str_equal);
	unsigned largest = 0;

	for (unsigned node = 0; node < making->n; node++) {
		char *group = waves_place(making, node)->group;
		unsigned count;

		if (!making->wanted[node] || !group)
			continue;
		count = GPOINTER_TO_UINT(g_hash_table_lookup(groups, group)) + 1;
		g_hash_table_insert(groups, group, GUINT_TO_POINTER(count));
		largest = MAX(largest, count);
	}
	return largest;
}

static unsigned waves_count_kinds(const WavesMaking *making)
{
	g_autoptr(GHashTable) kinds = g_hash_table_new(g_str_hash, g_str_equal);

	for (unsigned node = 0; node < making->n; node++)
		if (making->wanted[node])
			g_hash_table_add(kinds, waves_place(making, node)->kind);
	return g_hash_table_size(kinds);
}

static unsigned waves_bound(const WavesMaking *making)
{
	unsigned changes = making->waves->changes, bound = changes > 0;
	unsigned empty = waves_most_empty(making);
	unsigned canary =
		making->limits->canary ? making->limits->canary : waves_count_kinds(making);

	bound = MAX(bound, waves_largest_group(making));
	if (making->limits->at_once)
		empty = MIN(empty, making->limits->at_once);
	if (empty)
		bound = MAX(bound, (changes + empty - 1) / empty);
	if (empty && canary && canary < changes)
		bound = MAX(bound, 1 + (changes - canary + empty - 1) / empty);
	return bound;
}

/* Making */

/* A shared VM stays on its node: of the changed one it takes memory, too. */
static void waves_keep_shared(WavesMaking *making, const WavesVm *vm)
{
	Space *space = making->space;
	g_autoptr(GArray) parts = g_array_new(FALSE, FALSE, sizeof(SpacePart));
	SpacePart part = {.room = space_roomiest(space, making->n + vm->place)};

	if (part.room == SPACE_NO_ROOM)
		return;
	part.memory = MIN((vm->wish ? vm->wish : vm->now)->memory,
			  space->memory[space_room(space, part.room)->slot]);
	g_array_append_val(parts, part);
	space_take(space, vm->now, parts);
}

static void waves_add_vms(WavesMaking *making)
{
	for (unsigned node = 0; node < making->n; node++) {
		const GPtrArray *vms = waves_place(making, node)->vms;

		for (unsigned i = 0; i < vms->len; i++) {
			WavesVm *vm = g_new0(WavesVm, 1);

			vm->now = g_ptr_array_index(vms, i);
			vm->wish = g_hash_table_lookup(making->wishes, vm->now->spec->name);
			vm->place = node;
			making->waves->vms += making->wanted[node] && !vm->now->shared;
			g_ptr_array_add(making->vms, vm);
		}
	}
	g_ptr_array_sort(making->vms, waves_vm_compare);
	for (unsigned i = 0; i < making->vms->len; i++) {
		const WavesVm *vm = g_ptr_array_index(making->vms, i);

		if (vm->now->shared && making->wanted[vm->place])
			waves_keep_shared(making, vm);
	}
}

static void waves_add_places(WavesMaking *making, const GPtrArray *before, const GPtrArray *after)
{
	making->n = before->len;
	making->classes = g_new0(unsigned, 2 * making->n + 1);
	making->wanted = g_new0(bool, making->n + 1);
	making->out = g_new0(bool, making->n + 1);
	making->came = g_new0(unsigned, 2 * making->n + 1);
	for (unsigned i = 0; i < 2 * making->n; i++) {
		const GPtrArray *from = i < making->n ? before : after;
		const Standing *standing = g_ptr_array_index(from, i % making->n);
		const GArray *rooms;

		if (!standing)
			standing = g_ptr_array_index(before, i % making->n);
		else if (i >= making->n)
			making->wanted[i % making->n] = true;
		g_ptr_array_add(making->places, (gpointer)standing);
		rooms = standing->bid->rooms;
		making->classes[i] = drain_class_of(
			making->known, standing,
			rooms && rooms->len ? g_array_index(rooms, BidRoom, 0).threads : 1);
	}
	for (unsigned node = 0; node < making->n; node++)
		making->waves->changes += making->wanted[node];
}

static void waves_say_left(WavesMaking *making, const WavesVm *out)
{
	g_autofree char *why = NULL;
	DrainReach reach;

	for (unsigned node = 0; node < making->n; node++)
		if (making->wanted[node])
			g_array_append_val(making->waves->left, node);
	if (making->waves->left->len && !out)
		making->waves->why = g_strdup("other nodes would be at risk");
	if (!making->waves->left->len || !out)
		return;
	reach = waves_reach(making, out);
	waves_open_zones(making);
	for (unsigned p = 0; p < making->places->len; p++)
		making->space->lost[p] =
			p == out->place || waves_way(making, out, &reach, making->classes[p],
						     p >= making->n) == WAVES_NEVER;
	why = out->now->device ? g_strdup("it has devices of its node: near = names them")
			       : loss_why(making->space, out->now);
	making->waves->why = g_strdup_printf("VM %s of %s: %s", out->now->spec->name,
					     waves_place(making, out->place)->name, why);
}

static void waves_clear(WavesMaking *making)
{
	waves_unpack(making);
	g_ptr_array_unref(making->packed);
	g_ptr_array_unref(making->vms);
	g_array_unref(making->wave);
	space_free(making->space);
	drain_classes_free(making->known);
	g_ptr_array_unref(making->places);
	g_free(making->classes);
	g_free(making->wanted);
	g_free(making->out);
	g_free(making->came);
}

static Waves *waves_run(const GPtrArray *before, const GPtrArray *after, GHashTable *wishes,
			const WavesLimits *limits, bool full_first)
{
	WavesMaking making = {.limits = limits, .wishes = wishes, .full_first = full_first};
	WavesVm *out = NULL;

	making.waves = g_new0(Waves, 1);
	making.waves->waves = g_ptr_array_new_with_free_func(wave_free);
	making.waves->left = g_array_new(FALSE, FALSE, sizeof(unsigned));
	making.places = g_ptr_array_new();
	making.known = drain_classes_new();
	making.vms = g_ptr_array_new_with_free_func(g_free);
	making.wave = g_array_new(FALSE, FALSE, sizeof(unsigned));
	making.packed = g_ptr_array_new();
	waves_add_places(&making, before, after);
	making.space = space_new(making.places);
	space_shut(making.space, WAVES_ZONE_CLOSED, true);
	for (unsigned node = 0; node < making.n; node++)
		waves_open_place(&making, node, true);
	waves_add_vms(&making);
	making.waves->bound = waves_bound(&making);
	waves_find_strands(&making, NULL);
	while (waves_choose(&making, !making.waves->waves->len, &out))
		waves_finish(&making);
	waves_unpack(&making);
	waves_say_left(&making, out);
	waves_clear(&making);
	return making.waves;
}

/* Is A better: fewer nodes left, fewer waves, fewer moves? */
static bool waves_better(const Waves *a, const Waves *b)
{
	if (a->left->len != b->left->len)
		return a->left->len < b->left->len;
	if (a->waves->len != b->waves->len)
		return a->waves->len < b->waves->len;
	return a->moves < b->moves;
}

Waves *waves_new(const GPtrArray *before, const GPtrArray *after, GHashTable *wishes,
		 const WavesLimits *limits)
{
	Waves *best = waves_run(before, after, wishes, limits, false), *other;

	if (!best->left->len && best->waves->len == best->bound)
		return best;
	other = waves_run(before, after, wishes, limits, true);
	if (waves_better(other, best)) {
		Waves *worse = best;

		best = other;
		other = worse;
	}
	waves_free(other);
	return best;
}
