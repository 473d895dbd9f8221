/* SPDX-License-Identifier: MIT */
#include "planner/fleet/standing.h"
#include "planner/fit/fleet.h"
#include "planner/place/placer.h"

static void standing_vm_free(gpointer data)
{
	StandingVm *vm = data;

	vm_spec_free(vm->spec);
	g_free(vm);
}

static unsigned standing_modes(const Host *host, const Inventory *inventory)
{
	unsigned modes = 0;

	for (unsigned mode = 0; mode <= CPU_MODE_CUSTOM; mode++)
		if (fleet_cpu_pm_on(host, inventory, mode))
			modes |= 1u << mode;
	return modes;
}

static StandingVm *standing_vm_new(const Standing *standing, const VmSpec *spec)
{
	StandingVm *vm = g_new0(StandingVm, 1);

	vm->spec = vm_spec_newcomer(spec);
	vm->shared = spec->policy == POLICY_SHARED;
	vm->cpu_pm = !vm->shared && spec->cpu_pm && standing->modes & (1u << spec->cpu_mode);
	vm->device = spec->near;
	vm->memory = place_memory(vm->spec);
	vm->room = STANDING_NO_ROOM;
	return vm;
}

Standing *standing_new(const char *name, const Host *host, const Inventory *inventory)
{
	g_autoptr(GPtrArray) none = g_ptr_array_new();
	BidShapes shapes = {none, none};
	Standing *standing = g_new0(Standing, 1);

	standing->name = g_strdup(name);
	standing->group = g_strdup(inventory->node->group);
	standing->kind = fleet_kind_name(host);
	standing->host = host;
	standing->node = node_spec_copy(inventory->node);
	standing->modes = standing_modes(host, inventory);
	standing->bid = bid_new(&shapes, host, inventory, NULL);
	standing->vms = g_ptr_array_new_with_free_func(standing_vm_free);
	for (unsigned i = 0; i < inventory->vms->len; i++)
		g_ptr_array_add(standing->vms,
				standing_vm_new(standing, g_ptr_array_index(inventory->vms, i)));
	return standing;
}

void standing_free(Standing *standing)
{
	g_free(standing->name);
	g_free(standing->group);
	g_free(standing->kind);
	node_spec_free(standing->node);
	bid_free(standing->bid);
	g_ptr_array_unref(standing->vms);
	g_free(standing);
}

/* The only room in the NUMA node with that index; STANDING_NO_ROOM = there are several, or none. */
static unsigned standing_room_in(const Standing *standing, unsigned node)
{
	const GArray *rooms = standing->bid->rooms;
	unsigned found = STANDING_NO_ROOM;

	for (unsigned r = 0; r < rooms->len; r++) {
		if (g_array_index(rooms, BidRoom, r).node != node)
			continue;
		if (found != STANDING_NO_ROOM)
			return STANDING_NO_ROOM;
		found = r;
	}
	return found;
}

/* How many VMs have a CPU of each core of the plan's host. Yours. */
static unsigned *standing_count_guests(const Plan *plan)
{
	unsigned *guests = g_new0(unsigned, plan->host->cores->len + 1);

	for (unsigned i = 0; i < plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);
		g_autoptr(GHashTable) cores = g_hash_table_new(NULL, NULL);

		for (unsigned v = 0; v < vm->pins->len; v++) {
			unsigned core =
				host_core_of(plan->host, g_array_index(vm->pins, unsigned, v));

			if (core != HOST_NONE && g_hash_table_add(cores, GUINT_TO_POINTER(core)))
				guests[core]++;
		}
	}
	return guests;
}

/* The whole cores that VM has; 0 where one of them is another's as well. */
static unsigned standing_own_cores(const Plan *plan, const PlanVm *vm, const unsigned *guests)
{
	g_autoptr(GHashTable) cores = g_hash_table_new(NULL, NULL);

	for (unsigned v = 0; v < vm->pins->len; v++) {
		unsigned core = host_core_of(plan->host, g_array_index(vm->pins, unsigned, v));

		if (core == HOST_NONE || guests[core] > 1)
			return 0;
		g_hash_table_add(cores, GUINT_TO_POINTER(core));
	}
	return g_hash_table_size(cores);
}

void standing_locate(Standing *standing, const Plan *plan)
{
	g_autofree unsigned *guests = standing_count_guests(plan);

	for (unsigned i = 0; standing->bid->open && i < standing->vms->len; i++) {
		StandingVm *vm = g_ptr_array_index(standing->vms, i);
		const PlanVm *planned = plan_vm(plan, vm->spec->name);

		if (vm->shared || vm->device || planned->shares->len != 1 ||
		    vm->spec->kind != CORE_KIND_ANY || vm->spec->apart.group ||
		    planned->spec->memory_node >= 0)
			continue;
		vm->cores = standing_own_cores(plan, planned, guests);
		if (vm->cores)
			vm->room = standing_room_in(
				standing, host_node(plan->host,
						    g_array_index(planned->shares, VmShare, 0).node)
						  ->id);
	}
}

unsigned standing_cores(const VmSpec *spec, unsigned threads)
{
	return place_cores(spec, threads);
}

bool standing_takes(const Standing *standing, const StandingVm *vm)
{
	return standing->bid->open && (!vm->cpu_pm || standing->modes & (1u << vm->spec->cpu_mode));
}

bool standing_whole(const Standing *standing, const StandingVm *vm)
{
	const GArray *rooms = standing->bid->rooms;

	for (unsigned r = 0; vm->spec->spans == SPANS_NEVER && r < rooms->len; r++) {
		const BidRoom *room = &g_array_index(rooms, BidRoom, r);

		if (room->cores >= standing_cores(vm->spec, room->threads) &&
		    room->capacity >= vm->memory)
			return true;
	}
	return false;
}

uint64_t standing_need(const Standing *standing, unsigned threads)
{
	uint64_t cores = 0;

	for (unsigned i = 0; i < standing->vms->len; i++) {
		const StandingVm *vm = g_ptr_array_index(standing->vms, i);

		if (!vm->shared)
			cores += standing_cores(vm->spec, threads);
	}
	return cores;
}
