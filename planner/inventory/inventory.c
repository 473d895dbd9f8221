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

unsigned vm_spec_pinned(const VmSpec *vm)
{
	return vm->dedicated_vcpus ? (unsigned)hwloc_bitmap_weight(vm->dedicated_vcpus) : vm->vcpus;
}

unsigned vm_spec_floating(const VmSpec *vm)
{
	return vm->vcpus - vm_spec_pinned(vm);
}

bool vm_spec_floats(const VmSpec *vm, unsigned v)
{
	return vm->dedicated_vcpus && !hwloc_bitmap_isset(vm->dedicated_vcpus, v);
}

unsigned vm_spec_pin_vcpu(const VmSpec *vm, unsigned i)
{
	int v;

	if (!vm->dedicated_vcpus)
		return i;
	for (v = hwloc_bitmap_first(vm->dedicated_vcpus); i > 0; i--)
		v = hwloc_bitmap_next(vm->dedicated_vcpus, v);
	return (unsigned)v;
}

unsigned vm_spec_vcpu_pin(const VmSpec *vm, unsigned v)
{
	unsigned n = 0;

	if (!vm->dedicated_vcpus)
		return v;
	for (unsigned before = 0; before < v; before++)
		n += !vm_spec_floats(vm, before);
	return n;
}

unsigned vm_spec_helpers(const VmSpec *vm)
{
	return (vm->emulator == HELPER_OWN) + (vm->iothread_cpus == HELPER_OWN ? vm->iothreads : 0);
}

/* The first vCPU that is real-time and floats; all of the VM's where there is none. */
static unsigned realtime_floating(const VmSpec *vm)
{
	unsigned v = 0;

	while (v < vm->vcpus && !(vm_spec_floats(vm, v) && vm_spec_realtime(vm, v)))
		v++;
	return v;
}

char *vm_spec_fault(const VmSpec *vm)
{
	bool own = vm->emulator == HELPER_OWN || vm->iothread_cpus == HELPER_OWN;

	if (vm->policy == POLICY_SHARED && own)
		return g_strdup_printf("%s: a shared VM has no cores of its own",
				       vm->emulator == HELPER_OWN ? "emulator" : "iothread-cpus");
	if (vm->policy == POLICY_SHARED && vm->dedicated_vcpus)
		return g_strdup(
			"dedicated-vcpus: all vCPUs of a shared VM float; leave policy out");
	if (vm->dedicated_vcpus && hwloc_bitmap_last(vm->dedicated_vcpus) >= (int)vm->vcpus)
		return g_strdup_printf("dedicated-vcpus: it has no vCPU %d; its %u vCPUs are "
				       "counted from 0",
				       hwloc_bitmap_last(vm->dedicated_vcpus), vm->vcpus);
	if (realtime_floating(vm) < vm->vcpus)
		return g_strdup_printf("realtime-vcpus: vCPU %u floats and would keep its CPUs "
				       "from all others; name only dedicated vCPUs",
				       realtime_floating(vm));
	if (vm->memory_node >= 0 && vm->policy == POLICY_SHARED)
		return g_strdup("memory-node: the memory of a shared VM is bound to no node");
	if (vm->memory_node >= 0 && !vm->memory)
		return g_strdup("memory-node: give memory as well");
	if (vm->iothread_cpus == HELPER_OWN && !vm->iothreads)
		return g_strdup("iothread-cpus: give iothreads as well");
	return NULL;
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
	spec->node = spec->socket = spec->die = spec->l3 = spec->memory_node = -1;
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
