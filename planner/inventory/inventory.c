/* SPDX-License-Identifier: MIT */
#include "planner/inventory/inventory.h"

#include <string.h>

#define NAME_MAX_BYTES 128 /* libvirt keeps NAME.xml and NAME.pid: far below a file name's 255 */

VmSpec *vm_spec_new(const char *name)
{
	VmSpec *vm = g_new0(VmSpec, 1);

	vm->name = g_strdup(name);
	vm->node = -1;
	vm->cpu_pm = true;
	return vm;
}

VmSpec *vm_spec_copy(const VmSpec *vm, const char *name)
{
	VmSpec *copy = g_memdup2(vm, sizeof *vm);

	copy->name = g_strdup(name);
	if (vm->cpus)
		copy->cpus = g_array_copy(vm->cpus);
	return copy;
}

void vm_spec_free(VmSpec *vm)
{
	g_free(vm->name);
	if (vm->cpus)
		g_array_unref(vm->cpus);
	g_free(vm);
}

Partner *partner_new(const char *name)
{
	Partner *partner = g_new0(Partner, 1);

	partner->name = g_strdup(name);
	return partner;
}

Partner *partner_copy(const Partner *partner)
{
	Partner *copy = partner_new(partner->name);

	copy->kernel = g_strdup(partner->kernel);
	copy->qemu = g_strdup(partner->qemu);
	copy->libvirt = g_strdup(partner->libvirt);
	copy->mwait = partner->mwait;
	return copy;
}

void partner_free(Partner *partner)
{
	g_free(partner->name);
	g_free(partner->kernel);
	g_free(partner->qemu);
	g_free(partner->libvirt);
	g_free(partner);
}

/* Printable, and no separator of lines: some tools end a line there. */
static bool inventory_shows(gunichar c)
{
	GUnicodeType type = g_unichar_type(c);

	return g_unichar_isprint(c) && type != G_UNICODE_LINE_SEPARATOR &&
	       type != G_UNICODE_PARAGRAPH_SEPARATOR;
}

const char *vm_name_fault(const char *name)
{
	if (!*name)
		return "is empty";
	if (!name[strspn(name, " ")])
		return "is blank";
	if (strlen(name) > NAME_MAX_BYTES)
		return "is longer than 128 bytes";
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return "is a directory's name";
	for (const char *c = name; *c; c = g_utf8_next_char(c)) {
		if (*c == '/')
			return "has a '/', which libvirt refuses";
		if (!inventory_shows(g_utf8_get_char(c)))
			return "has a character that cannot be printed";
	}
	return NULL;
}

Inventory *inventory_new(void)
{
	Inventory *inventory = g_new0(Inventory, 1);

	inventory->host.by = SPLIT_NODE;
	inventory->host.cores = 1;
	inventory->irqaffinity = true;
	inventory->extra = g_new0(char *, 1);
	inventory->partners = g_ptr_array_new_with_free_func((GDestroyNotify)partner_free);
	inventory->vms = g_ptr_array_new_with_free_func((GDestroyNotify)vm_spec_free);
	return inventory;
}

void inventory_free(Inventory *inventory)
{
	g_free(inventory->name);
	g_free(inventory->kernel);
	g_free(inventory->qemu);
	g_free(inventory->libvirt);
	hwloc_bitmap_free(inventory->host.cpus);
	hwloc_bitmap_free(inventory->sdk.cpus);
	hwloc_bitmap_free(inventory->shared.cpus);
	g_strfreev(inventory->near);
	g_strfreev(inventory->flags);
	g_strfreev(inventory->extra);
	g_ptr_array_unref(inventory->partners);
	g_ptr_array_unref(inventory->vms);
	g_free(inventory);
}

const char *const policy_names[] = {"dedicated", "shared", NULL};
const char *const threads_names[] = {"siblings", "isolate", NULL};
const char *const cpu_mode_names[] = {"host-model", "host-passthrough", "maximum", "custom", NULL};
const char *const isolation_names[] = {"isolcpus", "cpuset", NULL};
