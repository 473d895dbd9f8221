/* SPDX-License-Identifier: MIT */
#include "planner/adopt/starter.h"

#include "planner/adopt/adopt_internal.h"
#include "planner/base/naming.h"
#include "planner/inventory/settings.h"
#include "planner/place/split.h"

#include <string.h>

/* Every key of SECTION, one of KIND: what it is, and, where it is not set, a value for it. */
static void starter_keys(Adopter *a, const char *kind, const char *section)
{
	g_autoptr(GArray) rows = settings_of_section(kind);

	for (unsigned i = 0; i < rows->len; i++) {
		const SettingRow *row = &g_array_index(rows, SettingRow, i);
		const Setting *setting = row->setting;
		const void *of =
			strchr(section, ' ') ? NULL : inventory_part(a->inventory, row->table);
		g_autofree char *set = of ? setting_text(row->table, setting, of) : NULL;
		g_autofree char *offer = g_strdup_printf("%s = %s", setting->key, setting->example);

		adopt_offer(a, SEEN, section, setting->key, set ? NULL : offer, "%s",
			    setting->help);
	}
}

/* How many cores the host leaves where it has CORES of each NUMA node. */
static unsigned starter_left(const Host *host, unsigned cores)
{
	g_autoptr(GPtrArray) findings = findings_new();
	g_autoptr(Inventory) inventory = inventory_new();
	g_autoptr(GArray) roles = NULL;
	unsigned left = 0;

	inventory->host = (CoreRequest){.by = SPLIT_NODE, .cores = cores};
	roles = split_compute(host, inventory, findings);
	for (unsigned i = 0; i < roles->len; i++)
		left += g_array_index(roles, Role, i) == ROLE_FREE;
	return left;
}

static void starter_host(Adopter *a)
{
	adopt_note(a, SEEN, "host", NULL,
		   "The host's own cores: the kernel, libvirtd, emulator threads, interrupts. They "
		   "are never isolated. 1 core of each NUMA node leaves %u of %u cores to VMs, 2 "
		   "leave %u. Give one of cores-per-socket, cores-per-node, cores and cpus.",
		   starter_left(a->host, 1), a->host->cores->len, starter_left(a->host, 2));
}

/* "eth2 (0000:3b:00.0, node 0)": yours. */
static char *starter_device(const Host *host, const Device *device)
{
	GString *text = g_string_new(device->name);

	if (device->busid && !g_str_equal(device->busid, device->name))
		g_string_append_printf(text, " (%s, node %u)", device->busid,
				       host_node(host, device->node)->id);
	else
		g_string_append_printf(text, " (node %u)", host_node(host, device->node)->id);
	return g_string_free(text, FALSE);
}

static void starter_sdk(Adopter *a)
{
	Naming naming = {0};
	g_autofree char *names = NULL;

	for (unsigned i = 0; i < a->host->devices->len; i++) {
		const Device *device = &g_array_index(a->host->devices, Device, i);
		g_autofree char *text =
			device->node == HOST_NONE ? NULL : starter_device(a->host, device);

		if (text)
			naming_add(&naming, text);
	}
	adopt_note(a, SEEN, "sdk", NULL,
		   "Cores for polling threads (DPDK, SPDK): isolated, and not for VMs. Without a "
		   "key there are none.");
	names = naming_end(&naming);
	if (*names)
		adopt_note(a, SEEN, "sdk", NULL, "Devices of this host: %s.", names);
}

static void starter_head(Adopter *a)
{
	adopt_note(a, SEEN, NULL, NULL,
		   "An inventory for %s: %u cores, %d CPUs, %u NUMA node%s. planner plan takes it "
		   "as it is.",
		   a->host->model ? a->host->model : "this host", a->host->cores->len,
		   hwloc_bitmap_weight(a->host->online), a->host->nodes->len,
		   a->host->nodes->len == 1 ? "" : "s");
	adopt_note(a, SEEN, NULL, NULL,
		   "To use a key, remove the ';' before it and before its section. "
		   "planner-inventory(5) describes each key.");
}

static void starter_sections(Adopter *a)
{
	static const struct {
		const char *kind, *section, *text;
	} sections[] = {
		{"shared", "shared",
		 "A pool for overcommitted VMs. Without one they float over the host's CPUs."},
		{"kernel", "kernel", "The kernel line, except for the sets of CPUs."},
		{"partner", "partner node2",
		 "A node to which VMs of this one may migrate, and what it runs."},
		{"vm", "vm vm1", "A VM, or count of them; a section for each."},
	};

	starter_keys(a, "node", "node");
	starter_host(a);
	starter_keys(a, "host", "host");
	starter_sdk(a);
	starter_keys(a, "sdk", "sdk");
	for (unsigned i = 0; i < G_N_ELEMENTS(sections); i++) {
		adopt_note(a, SEEN, sections[i].section, NULL, "%s", sections[i].text);
		starter_keys(a, sections[i].kind, sections[i].section);
	}
}

Adoption *starter_new(const Host *host, const Facts *facts)
{
	Adoption *adoption = adoption_new();
	Adopter a = {
		.facts = facts,
		.host = host,
		.adoption = adoption,
		.inventory = adoption->inventory,
	};

	starter_head(&a);
	if (facts)
		adopt_node(&a);
	starter_sections(&a);
	return adoption;
}
