/* SPDX-License-Identifier: MIT */
#include "planner/inventory/settings.h"
#include "planner/online/online_internal.h"
#include "planner/place/near.h"
#include "planner/place/place.h"
#include "planner/place/placer.h"

#include <string.h>

#define NONE G_MAXUINT

/* Assignments to cores and pins */

/* Give VM the cores of ASSIGNMENT, which the counts have already. */
static void assignment_apply(Online *o, OnlineVm *vm, const Demand *demand,
			     const Assignment *assignment)
{
	rooms_pin(o->rooms, &demand->vm, assignment->shares, assignment->n, o->owner, 0, vm->cores,
		  vm->pins);
	o->cores_taken += vm->cores->len;
}

/* The entry of ROOM, added where it is not there. */
static SearchShare *assignment_room(Assignment *assignment, unsigned room)
{
	for (unsigned i = assignment->n; i-- > 0;)
		if (assignment->shares[i].room == room)
			return &assignment->shares[i];
	assignment->shares[assignment->n] = (SearchShare){room, 0, 0};
	return &assignment->shares[assignment->n++];
}

/* Is no earlier one of VM's pins than number V on its core? Those that planner chose stand together
 * by core. */
static bool online_core_first(const Online *o, const OnlineVm *vm, unsigned v)
{
	unsigned core = host_core_of(o->plan->host, g_array_index(vm->pins, unsigned, v));

	for (unsigned i = vm->movable && v ? v - 1 : 0; i < v; i++)
		if (host_core_of(o->plan->host, g_array_index(vm->pins, unsigned, i)) == core)
			return false;
	return true;
}

/* By its pins, not by cores: the last core of a share may be half used. */
void online_assignment_of(const Online *o, const OnlineVm *vm, Assignment *assignment)
{
	unsigned vcpus = vm_spec_pinned(vm->spec);

	assignment->n = 0;
	for (unsigned v = 0; v < vm->pins->len; v++) {
		unsigned core = host_core_of(o->plan->host, g_array_index(vm->pins, unsigned, v));
		SearchShare *taken = assignment_room(assignment, o->rooms->room_of[core]);

		taken->cores += online_core_first(o, vm, v);
		taken->vcpus += v < vcpus;
	}
	if (vm->pins->len > vcpus)
		online_assignment_sort(assignment);
}

/* VMs */

static void online_vm_free(OnlineVm *vm)
{
	vm_spec_free(vm->spec);
	g_array_unref(vm->cores);
	g_array_unref(vm->pins);
	g_free(vm->pooled);
	g_free(vm);
}

/* A record that a VM left, or a new one: most of a decision's time would be memory for it. */
static OnlineVm *record_new(Online *o)
{
	OnlineVm *vm;

	if (o->spare->len)
		return g_ptr_array_steal_index_fast(o->spare, o->spare->len - 1);
	vm = g_new0(OnlineVm, 1);
	vm->spec = g_new0(VmSpec, 1);
	vm->cores = g_array_new(FALSE, FALSE, sizeof(unsigned));
	vm->pins = g_array_new(FALSE, FALSE, sizeof(unsigned));
	return vm;
}

static OnlineVm *online_vm_new(Online *o, const VmSpec *spec)
{
	OnlineVm *vm = record_new(o);
	VmSpec *copy = vm->spec;

	*copy = *spec;
	copy->name = g_strdup(spec->name);
	copy->cpus = NULL;
	copy->near = NULL; /* `node` is theirs */
	settings_own(vm_settings, copy);
	vm->movable = true;
	return vm;
}

/* Keep the record of VM, which does not run, for one that comes. */
static void vm_drop(Online *o, OnlineVm *vm)
{
	g_clear_pointer(&vm->pooled, g_free);
	g_clear_pointer(&vm->spec->name, g_free);
	settings_clear(vm_settings, vm->spec);
	g_array_set_size(vm->cores, 0);
	g_array_set_size(vm->pins, 0);
	g_ptr_array_add(o->spare, vm);
}

/* VM is no longer one of those that run. */
static void vm_leaves(Online *o, OnlineVm *vm)
{
	g_hash_table_steal(o->vms, vm->spec->name);
	vm_drop(o, vm);
}

/* The assignment leaves the counts, or (SIGN -1) comes back; what they are worth follows. */
static void assignment_count(Online *o, const Demand *demand, const Assignment *assignment,
			     int sign)
{
	counts_take(&o->now, demand, assignment, sign);
	online_value_update(o, o->value, assignment, sign);
}

/* BYTES leave a node's memory; those of a negative number come back. */
static void memory_count(Online *o, unsigned node, int64_t bytes)
{
	counts_take_memory(&o->now, node, bytes);
	online_value_node(o, o->value, node);
}

static const OnlineVm *online_vm_add(Online *o, OnlineVm *vm)
{
	g_hash_table_insert(o->vms, vm->spec->name, vm);
	if (vm->spec->policy == POLICY_DEDICATED)
		o->vcpus += vm->spec->vcpus;
	return vm;
}

/* DEMAND is SPEC's. */
static OnlineStatus place_dedicated(Online *o, const VmSpec *spec, Demand demand,
				    const OnlineVm **placed)
{
	Assignment assignment = {0, (SearchShare *)o->scratch->data};
	OnlineVm *vm;

	if (!memory_node_holds(o->plan->host, spec, o->only))
		return ONLINE_REJECTED;
	online_demand_apart(o, spec, &demand);
	if (!online_assignment(o, &o->now, o->policy == ONLINE_LOOK_AHEAD ? o->value : NULL,
			       o->policy, &demand, &assignment))
		return ONLINE_REJECTED;
	assignment_count(o, &demand, &assignment, 1);
	memory_node_take(o->plan->host, spec, o->only);
	vm = online_vm_new(o, spec);
	assignment_apply(o, vm, &demand, &assignment);
	*placed = online_vm_add(o, vm);
	return ONLINE_PLACED;
}

/* Shared VMs need memory alone, wherever it is left; it is not bound to a node, so where it is
 * counted may change when a dedicated VM comes. */

/* VM, a shared one, has BYTES more of a node's memory; less where they are negative. */
static void pooled_count(Online *o, OnlineVm *vm, unsigned node, int64_t bytes)
{
	if (!bytes)
		return;
	memory_count(o, node, bytes);
	vm->pooled[node] += (uint64_t)bytes;
	o->pooled[node] += (uint64_t)bytes;
}

/* Take the memory of VM; false where it is short. */
static bool pooled_take(Online *o, OnlineVm *vm)
{
	unsigned n_nodes = o->plan->host->nodes->len;
	g_autofree uint64_t *left = g_memdup2(o->now.memory, n_nodes * sizeof *left);

	if (!place_shared_memory(o->plan->host, vm->spec, left))
		return false;
	for (unsigned n = 0; n < n_nodes; n++)
		pooled_count(o, vm, n, (int64_t)(o->now.memory[n] - left[n]));
	return true;
}

static void pooled_give(Online *o, OnlineVm *vm)
{
	for (unsigned n = 0; n < o->plan->host->nodes->len; n++)
		pooled_count(o, vm, n, -(int64_t)vm->pooled[n]);
}

static OnlineStatus place_pooled(Online *o, const VmSpec *spec, const OnlineVm **placed)
{
	g_auto(CpuSet) cpus = place_pool_for(o->plan->host, spec, o->pool);
	OnlineVm *vm = online_vm_new(o, spec);

	vm->pooled = g_new0(uint64_t, o->plan->host->nodes->len);
	if (hwloc_bitmap_iszero(cpus) || !pooled_take(o, vm)) {
		vm_drop(o, vm);
		return ONLINE_REJECTED;
	}
	*placed = online_vm_add(o, vm);
	return ONLINE_PLACED;
}

GPtrArray *online_vms(const Online *o, bool (*want)(const OnlineVm *vm), GCompareFunc compare)
{
	GPtrArray *vms = g_ptr_array_new();
	GHashTableIter iter;
	gpointer vm;

	g_hash_table_iter_init(&iter, o->vms);
	while (g_hash_table_iter_next(&iter, NULL, &vm))
		if (want(vm))
			g_ptr_array_add(vms, vm);
	g_ptr_array_sort(vms, compare);
	return vms;
}

static bool pooled_has_memory(const OnlineVm *vm)
{
	return vm->pooled && vm->spec->memory;
}

static int pooled_name_compare(gconstpointer a, gconstpointer b)
{
	const OnlineVm *x = *(OnlineVm *const *)a, *y = *(OnlineVm *const *)b;

	return strverscmp(x->spec->name, y->spec->name);
}

/* The shared VMs that have memory, in the order in which plan takes it. */
static GPtrArray *pooled_vms(const Online *o)
{
	return online_vms(o, pooled_has_memory, pooled_name_compare);
}

/* Give back what was taken of VMS, and have all as it was: WAS is by VM, then node. */
static void pooled_restore(Online *o, const GPtrArray *vms, const uint64_t *was)
{
	unsigned n_nodes = o->plan->host->nodes->len;

	for (unsigned i = 0; i < vms->len; i++)
		pooled_give(o, g_ptr_array_index(vms, i));
	for (unsigned i = 0; i < vms->len; i++) {
		OnlineVm *vm = g_ptr_array_index(vms, i);

		for (unsigned n = 0; n < n_nodes; n++)
			pooled_count(o, vm, n, (int64_t)was[i * n_nodes + n]);
	}
}

/* Would the VM have a place if shared VMs had no memory? */
static bool fits_without_pooled(const Online *o, const VmSpec *spec, Demand demand)
{
	unsigned n_nodes = o->plan->host->nodes->len;
	Assignment assignment = {0, (SearchShare *)o->scratch->data};
	Counts counts;
	bool fits;

	if (!spec->memory || !place_memory_sum(o->pooled, n_nodes))
		return false;
	counts = counts_copy(&o->now);
	for (unsigned n = 0; n < n_nodes; n++)
		counts_take_memory(&counts, n, -(int64_t)o->pooled[n]);
	online_demand_apart(o, spec, &demand);
	fits = online_assignment(o, &counts, NULL, o->policy, &demand, &assignment);
	counts_free(&counts);
	return fits;
}

/* Does the VM fit once the memory of shared VMs is elsewhere? */
static OnlineStatus place_beside_pooled(Online *o, const VmSpec *spec, Demand demand,
					const OnlineVm **placed)
{
	g_autoptr(GPtrArray) vms = pooled_vms(o);
	unsigned n_nodes = o->plan->host->nodes->len;
	g_autofree uint64_t *was = g_new0(uint64_t, (size_t)vms->len * n_nodes + 1);
	OnlineStatus status;
	bool all = true;

	for (unsigned i = 0; i < vms->len; i++) {
		OnlineVm *vm = g_ptr_array_index(vms, i);

		memcpy(&was[i * n_nodes], vm->pooled, n_nodes * sizeof *was);
		pooled_give(o, vm);
	}
	status = place_dedicated(o, spec, demand, placed);
	for (unsigned i = 0; i < vms->len && all; i++)
		all = pooled_take(o, g_ptr_array_index(vms, i));
	if (status == ONLINE_PLACED && all)
		return status;
	if (status == ONLINE_PLACED)
		online_remove(o, spec->name);
	pooled_restore(o, vms, was);
	return ONLINE_REJECTED;
}

static OnlineStatus place_arrival(Online *o, const VmSpec *spec, const OnlineVm **vm)
{
	Demand demand = online_demand(o, spec);

	if (o->policy == ONLINE_LOOK_AHEAD)
		online_value_learn(o, o->value, &demand);
	if (place_dedicated(o, spec, demand, vm) == ONLINE_PLACED)
		return ONLINE_PLACED;
	return fits_without_pooled(o, spec, demand) ? place_beside_pooled(o, spec, demand, vm)
						    : ONLINE_REJECTED;
}

OnlineStatus online_place(Online *o, const VmSpec *spec, const OnlineVm **vm)
{
	if (g_hash_table_contains(o->vms, spec->name))
		return ONLINE_DUPLICATE;
	return spec->policy == POLICY_SHARED ? place_pooled(o, spec, vm)
					     : place_arrival(o, spec, vm);
}

char *online_near(const Online *o, VmSpec *spec)
{
	char *far = near_settle(o->plan->host, spec);

	if (!far)
		near_widen(o->plan, spec);
	return far;
}

/* Take VM off its cores, the counts included. */
static void online_unassign(Online *o, OnlineVm *vm)
{
	Demand demand = online_demand(o, vm->spec);
	Assignment assignment = {0, (SearchShare *)o->scratch->data};

	online_assignment_of(o, vm, &assignment);
	assignment_count(o, &demand, &assignment, -1);
	for (unsigned i = 0; i < vm->cores->len; i++)
		o->owner[g_array_index(vm->cores, unsigned, i)] = HOST_NONE;
	o->cores_taken -= vm->cores->len;
	g_array_set_size(vm->cores, 0);
	g_array_set_size(vm->pins, 0);
}

/* What is left of nodes without cores is counted anew: those of the plan may have more of it than
 * there is, and what one of them leaves is not all to have then. */
static void only_count(Online *o)
{
	GHashTableIter each;
	gpointer vm;

	g_free(o->only);
	o->only = memory_node_rooms(o->plan);
	for (unsigned i = 0; i < o->outside->len; i++)
		memory_node_take(o->plan->host,
				 ((const PlanVm *)g_ptr_array_index(o->outside, i))->spec, o->only);
	g_hash_table_iter_init(&each, o->vms);
	while (g_hash_table_iter_next(&each, NULL, &vm))
		memory_node_take(o->plan->host, ((const OnlineVm *)vm)->spec, o->only);
}

bool online_remove(Online *o, const char *id)
{
	OnlineVm *vm = g_hash_table_lookup(o->vms, id);
	bool only;

	if (!vm)
		return false;
	only = vm->spec->memory_node >= 0;
	if (vm->spec->policy == POLICY_DEDICATED) {
		online_unassign(o, vm);
		o->vcpus -= vm->spec->vcpus;
	} else {
		pooled_give(o, vm);
	}
	vm_leaves(o, vm);
	if (only)
		only_count(o);
	return true;
}

/* Questions */

unsigned online_vcpus(const Online *o)
{
	return o->vcpus;
}

double online_fill(const Online *o)
{
	return o->cores_all ? (double)o->cores_taken / o->cores_all : 0;
}

hwloc_bitmap_t online_pool(const Online *o, const OnlineVm *vm)
{
	return place_pool_for(o->plan->host, vm->spec, o->pool);
}

/* Moves, decided in online_moves.c */

static void online_repin(Online *o, OnlineVm *vm, const GArray *to)
{
	for (unsigned v = 0; v < to->len; v++) {
		unsigned cpu = g_array_index(to, unsigned, v);
		unsigned core = host_core_of(o->plan->host, cpu);

		g_array_append_val(vm->pins, cpu);
		if (online_core_first(o, vm, v))
			g_array_append_val(vm->cores, core);
	}
}

static void online_reassign(Online *o, OnlineVm *vm)
{
	Demand demand = online_demand(o, vm->spec);
	Assignment assignment = {0, (SearchShare *)o->scratch->data};

	online_assignment_of(o, vm, &assignment);
	assignment_count(o, &demand, &assignment, 1);
	for (unsigned i = 0; i < vm->cores->len; i++)
		o->owner[g_array_index(vm->cores, unsigned, i)] = 0;
	o->cores_taken += vm->cores->len;
}

void online_apply(Online *o, const GPtrArray *moves)
{
	for (unsigned i = 0; i < moves->len; i++) {
		const OnlineMove *move = g_ptr_array_index(moves, i);

		online_unassign(o, g_hash_table_lookup(o->vms, move->id));
	}
	for (unsigned i = 0; i < moves->len; i++) {
		const OnlineMove *move = g_ptr_array_index(moves, i);
		OnlineVm *vm = g_hash_table_lookup(o->vms, move->id);

		online_repin(o, vm, move->to);
		online_reassign(o, vm);
	}
}

/* Life */

static void counts_build(Online *o)
{
	const Host *host = o->plan->host;
	g_autofree uint64_t *memory = place_node_memory(o->plan);

	o->now = counts_of(o->rooms, memory);
	o->owner = g_new(unsigned, host->cores->len + 1);
	for (unsigned i = 0; i < host->cores->len; i++)
		o->owner[i] = HOST_NONE;
	g_array_set_size(o->scratch, MAX(o->rooms->n_rooms, host->cores->len));
}

/* Is the VM on cores that VMs may have, all of them? Others are no business of the rooms. */
static bool vm_on_rooms(const Online *o, const PlanVm *vm)
{
	for (unsigned v = 0; v < vm->pins->len; v++) {
		unsigned cpu = g_array_index(vm->pins, unsigned, v);
		unsigned core = host_core_of(o->plan->host, cpu);

		if (!rooms_core_of_vms(o->plan, core) || o->owner[core] != HOST_NONE)
			return false;
	}
	return true;
}

static void core_lose(Online *o, unsigned core)
{
	SearchShare one = {o->rooms->room_of[core], 1, 0};
	Assignment assignment = {1, &one};

	o->owner[core] = 0;
	o->cores_taken++;
	counts_take_cores(&o->now, one.room, 1);
	online_value_update(o, o->value, &assignment, 1);
}

/* Cores of a VM that clashes with others are gone all the same: nobody else may have them. */
static void cores_lose(Online *o, const PlanVm *vm)
{
	for (unsigned v = 0; v < vm->pins->len; v++) {
		unsigned cpu = g_array_index(vm->pins, unsigned, v);
		unsigned core = host_core_of(o->plan->host, cpu);

		if (rooms_core_of_vms(o->plan, core) && o->owner[core] == HOST_NONE)
			core_lose(o, core);
	}
}

static void begin_vm(Online *o, const PlanVm *planned)
{
	Demand demand = online_demand(o, planned->spec);
	OnlineVm *vm;

	online_value_learn(o, o->value, &demand);
	if (!planned->placed)
		return;
	if (!vm_on_rooms(o, planned)) {
		cores_lose(o, planned);
		g_ptr_array_add(o->outside, (gpointer)planned);
		return;
	}
	vm = online_vm_new(o, planned->spec);
	vm->movable = !planned->spec->cpus;
	online_repin(o, vm, planned->pins);
	online_reassign(o, vm);
	online_vm_add(o, vm);
}

/* Cores reserved for VMs that the plan could not place stay reserved. */
static void cores_reserved_lose(Online *o)
{
	for (unsigned i = 0; i < o->plan->host->cores->len; i++)
		if (g_array_index(o->plan->roles, Role, i) == ROLE_DEDICATED &&
		    rooms_core_of_vms(o->plan, i) && o->owner[i] == HOST_NONE)
			core_lose(o, i);
}

static const PlanVm *online_planned(const Plan *plan, unsigned i)
{
	return g_ptr_array_index(plan->vms, i);
}

Online *online_new(const Plan *plan, OnlinePolicy policy)
{
	Online *o = g_new0(Online, 1);
	const OnlineVm *pooled;

	o->plan = plan;
	o->policy = policy;
	o->value = online_value_new();
	o->outside = g_ptr_array_new();
	o->spare = g_ptr_array_new_with_free_func((GDestroyNotify)online_vm_free);
	o->allowed = g_ptr_array_new_with_free_func(g_free);
	o->scratch = g_array_new(FALSE, FALSE, sizeof(SearchShare));
	o->vms = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
				       (GDestroyNotify)online_vm_free);
	o->pool = hwloc_bitmap_dup(plan->cpus[ROLE_SHARED]);
	if (hwloc_bitmap_iszero(o->pool))
		hwloc_bitmap_copy(o->pool, plan->cpus[ROLE_HOST]);
	o->rooms = rooms_new(plan);
	for (unsigned r = 0; r < o->rooms->n_rooms; r++)
		o->cores_all += online_room(o, r)->cores->len;
	counts_build(o);
	o->pooled = g_new0(uint64_t, plan->host->nodes->len + 1);
	for (unsigned i = 0; i < plan->vms->len; i++)
		if (online_planned(plan, i)->spec->policy == POLICY_DEDICATED)
			begin_vm(o, online_planned(plan, i));
	for (unsigned i = 0; i < plan->vms->len; i++)
		if (online_planned(plan, i)->spec->policy == POLICY_SHARED)
			place_pooled(o, online_planned(plan, i)->spec, &pooled);
	cores_reserved_lose(o);
	only_count(o);
	return o;
}

void online_free(Online *o)
{
	counts_free(&o->now);
	g_free(o->only);
	online_value_free(o->value);
	g_free(o->owner);
	g_free(o->pooled);
	rooms_unref(o->rooms);
	g_array_unref(o->scratch);
	g_ptr_array_unref(o->outside);
	g_ptr_array_unref(o->spare);
	g_ptr_array_unref(o->allowed);
	g_hash_table_unref(o->vms);
	hwloc_bitmap_free(o->pool);
	g_free(o);
}
