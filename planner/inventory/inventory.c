/* SPDX-License-Identifier: MIT */
#include "planner/inventory/inventory.h"
#include "planner/inventory/settings.h"

VmSpec *vm_spec_new(const char *name)
{
	VmSpec *vm = settings_new(vm_settings);

	vm->name = g_strdup(name);
	return vm;
}

bool vm_spec_realtime(const VmSpec *vm, unsigned v)
{
	return scheduler_realtime(&vm->realtime) &&
	       (!vm->realtime_vcpus || hwloc_bitmap_isset(vm->realtime_vcpus, v));
}

VmSpec *vm_spec_copy(const VmSpec *vm, const char *name)
{
	VmSpec *copy = settings_copy(vm_settings, vm);

	copy->name = g_strdup(name);
	return copy;
}

VmSpec *vm_spec_newcomer(const VmSpec *vm)
{
	VmSpec *spec = vm_spec_copy(vm, vm->name);

	g_clear_pointer(&spec->cpus, g_array_unref);
	g_clear_pointer(&spec->near, g_strfreev);
	spec->node = spec->socket = -1;
	return spec;
}

void vm_spec_free(VmSpec *vm)
{
	settings_clear(vm_settings, vm);
	g_free(vm->name);
	g_free(vm);
}

NodeSpec *node_spec_new(void)
{
	return settings_new(node_settings);
}

NodeSpec *node_spec_copy(const NodeSpec *node)
{
	return settings_copy(node_settings, node);
}

void node_spec_free(NodeSpec *node)
{
	settings_clear(node_settings, node);
	g_free(node);
}

NodeSpec *partner_new(const char *name)
{
	NodeSpec *partner = settings_new(&partner_settings);

	partner->name = g_strdup(name);
	return partner;
}

NodeSpec *partner_copy(const NodeSpec *partner)
{
	NodeSpec *copy = settings_copy(&partner_settings, partner);

	copy->name = g_strdup(partner->name);
	return copy;
}

void partner_free(NodeSpec *partner)
{
	settings_clear(&partner_settings, partner);
	g_free(partner->name);
	g_free(partner);
}

Inventory *inventory_new(void)
{
	Inventory *inventory = settings_new(inventory_settings[0]);

	inventory->node = node_spec_new();
	inventory->extra = g_new0(char *, 1);
	inventory->partners = g_ptr_array_new_with_free_func((GDestroyNotify)partner_free);
	inventory->vms = g_ptr_array_new_with_free_func((GDestroyNotify)vm_spec_free);
	return inventory;
}

void *inventory_part(const Inventory *inventory, const SettingTable *table)
{
	return table == node_settings ? inventory->node : (void *)inventory;
}

KernelWishes inventory_kernel(const Inventory *inventory)
{
	return (KernelWishes){.cpuset = inventory->isolation == ISOLATION_CPUSET,
			      .flags = inventory->flags,
			      .irqaffinity = inventory->irqaffinity,
			      .extra = inventory->extra};
}

void inventory_free(Inventory *inventory)
{
	for (const SettingTable *const *table = inventory_settings; *table; table++)
		settings_clear(*table, inventory);
	node_spec_free(inventory->node);
	g_ptr_array_unref(inventory->partners);
	g_ptr_array_unref(inventory->vms);
	g_free(inventory);
}
