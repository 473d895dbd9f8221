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
	vm->memory = place_share_memory(spec, spec->vcpus);
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
	bid_free(standing->bid);
	g_ptr_array_unref(standing->vms);
	g_free(standing);
}

unsigned standing_cores(const VmSpec *spec, unsigned threads)
{
	return search_cores(spec->vcpus, threads, spec->threads == THREADS_ISOLATE);
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
