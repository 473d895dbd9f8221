/* SPDX-License-Identifier: MIT */
/* The inventory parser: what sections and keys are, over planner/base/ini_file.h. */
#include "planner/base/ini_file.h"
#include "planner/base/nearest.h"
#include "planner/inventory/inventory.h"
#include "planner/inventory/settings.h"

#include <string.h>

#define PARTNERS_MAX 256

typedef struct Parser {
	IniFile *ini;
	Inventory *inventory;
	GArray *rows;	/* of SettingRow, of the section being read */
	void *object;	/* a VM or partner whose they are; NULL = the inventory */
	GPtrArray *vms; /* of VmSpec, by section, in the file's order */
	VmSpec *vm;	/* being read, of vms; NULL = another section */
} Parser;

/* Sections */

static void vm_complain(Parser *p, const VmSpec *vm, const char *text)
{
	ini_complain(p->ini, vm->line, "[vm %s] %s", vm->name, text);
}

/* May the section being read give KEY, well or badly? */
static bool inventory_parse_given(const Parser *p, const char *key)
{
	return p->ini->faulty || ini_given(p->ini, key);
}

/* LIST, the value of KEY, names vCPUs; those that the VM does not have. */
static void vcpus_check(Parser *p, const VmSpec *vm, const char *key, hwloc_const_bitmap_t list)
{
	if (list && vm->vcpus && hwloc_bitmap_last(list) >= (int)vm->vcpus)
		ini_complain(p->ini, vm->line,
			     "[vm %s] %s: it has no vCPU %d; its %u vCPUs are counted from 0",
			     vm->name, key, hwloc_bitmap_last(list), vm->vcpus);
}

static void realtime_check(Parser *p, const VmSpec *vm)
{
	vcpus_check(p, vm, "realtime-vcpus", vm->realtime_vcpus);
	if (vm->realtime_vcpus && !inventory_parse_given(p, "realtime"))
		vm_complain(p, vm, "realtime-vcpus: give realtime as well");
	if (vm->policy == POLICY_SHARED && scheduler_realtime(&vm->realtime))
		vm_complain(p, vm, "realtime: a shared VM would keep its CPUs from all others");
}

/* Wishes about cores, which a shared VM has none of. */
static void wishes_check(Parser *p, const VmSpec *vm)
{
	static const char *const keys[] = {"socket", "die", "l3", "kind", "apart"};
	const int places[] = {vm->node, vm->socket, vm->die, vm->l3};
	static const char *const names[] = {"node", "socket", "die", "l3"};
	unsigned first = G_N_ELEMENTS(places);

	for (unsigned i = 0; vm->policy == POLICY_SHARED && i < G_N_ELEMENTS(keys); i++)
		if (ini_given(p->ini, keys[i]))
			ini_complain(
				p->ini, ini_given(p->ini, keys[i]),
				"[vm %s] %s: a shared VM floats over the pool; leave the key out",
				vm->name, keys[i]);
	for (unsigned i = 0; i < G_N_ELEMENTS(places); i++) {
		if (places[i] < 0)
			continue;
		if (first < i)
			ini_complain(p->ini, vm->line,
				     "[vm %s] %s: %s already says where; keep one of the two",
				     vm->name, names[i], names[first]);
		first = MIN(first, i);
	}
}

/* One CPU for each vCPU, and one for each helper or none for those. */
static void cpus_check(Parser *p, const VmSpec *vm)
{
	unsigned helpers = vm_spec_helpers(vm), vcpus = vm_spec_pinned(vm);
	g_autofree char *more =
		helpers ? g_strdup_printf(" and %u helper%s (emulator, I/O threads)", helpers,
					  helpers == 1 ? "" : "s")
			: g_strdup("");

	if (vm->cpus && vm->vcpus && vm->cpus->len != vcpus && vm->cpus->len != vcpus + helpers)
		ini_complain(p->ini, vm->line,
			     "[vm %s] cpus: %u CPUs for %u %svCPUs%s; name one for each", vm->name,
			     vm->cpus->len, vcpus, vm->dedicated_vcpus ? "dedicated " : "", more);
}

/* What only the whole section of a VM shows. */
static void vm_check(Parser *p, const VmSpec *vm)
{
	g_autofree char *fault = p->ini->faulty || !vm->vcpus ? NULL : vm_spec_fault(vm);

	if (!inventory_parse_given(p, "vcpus"))
		vm_complain(p, vm, "vcpus: missing; give the number of vCPUs");
	cpus_check(p, vm);
	if (vm->maximum && vm->maximum < vm->vcpus)
		ini_complain(p->ini, vm->line, "[vm %s] maximum: %u is less than its %u vCPUs",
			     vm->name, vm->maximum, vm->vcpus);
	if (vm->near && vm->node >= 0)
		vm_complain(p, vm, "near: node already says where; keep one of the two");
	wishes_check(p, vm);
	if (vm->sockets && vm->vcpus && MAX(vm->maximum, vm->vcpus) % vm->sockets)
		ini_complain(p->ini, vm->line,
			     "[vm %s] sockets: %u vCPUs cannot be divided evenly among %u sockets",
			     vm->name, MAX(vm->maximum, vm->vcpus), vm->sockets);
	if (vm->cpus && vm->count > 1)
		vm_complain(p, vm, "cpus: the same CPUs cannot be given to count VMs");
	if (vm->page && !inventory_parse_given(p, "memory"))
		vm_complain(p, vm, "hugepages: give memory as well");
	if (vm->policy == POLICY_SHARED && vm->cpus)
		vm_complain(p, vm, "cpus: a shared VM floats over the pool; leave the key out");
	if (vm->policy == POLICY_SHARED && vm->threads == THREADS_ISOLATE)
		vm_complain(p, vm, "threads: a shared VM has no cores of its own");
	realtime_check(p, vm);
	if (fault)
		vm_complain(p, vm, fault);
}

static void sdk_check(Parser *p)
{
	if (p->inventory->near && !p->inventory->sdk.line)
		ini_complain(p->ini, ini_given(p->ini, "near"),
			     "[sdk] near: give the number of cores: cores-per-node, cores, …");
}

static void inventory_parse_end(IniFile *ini, void *user)
{
	Parser *p = user;

	if (p->vm)
		vm_check(p, p->vm);
	if (p->rows && g_str_equal(ini->section, "sdk"))
		sdk_check(p);
	p->vm = NULL;
	p->object = NULL;
	g_clear_pointer(&p->rows, g_array_unref);
}

static void vm_begin(Parser *p, const char *name)
{
	const char *fault = vm_name_fault(name);

	if (fault)
		ini_complain(p->ini, p->ini->line, "[%s]: the VM's name %s", p->ini->section,
			     fault);
	p->vm = vm_spec_new(name);
	p->vm->line = p->ini->line;
	g_ptr_array_add(p->vms, p->vm);
	p->object = p->vm;
}

static void partner_begin(Parser *p, const char *name)
{
	const char *fault = vm_name_fault(name);

	if (fault)
		ini_complain(p->ini, p->ini->line, "[%s]: the partner's name %s", p->ini->section,
			     fault);
	if (p->inventory->partners->len == PARTNERS_MAX)
		ini_complain(p->ini, p->ini->line, "[%s]: more than %d partners", p->ini->section,
			     PARTNERS_MAX);
	p->object = partner_new(name);
	g_ptr_array_add(p->inventory->partners, p->object);
}

/* Sections that have a name of their own, "[vm NAME]". */
static const struct Named {
	const char *kind;
	void (*begin)(Parser *p, const char *name);
} named[] = {{"vm", vm_begin}, {"partner", partner_begin}};

/* The kind that WORD is, or that "WORD name" begins with; NULL. */
static const struct Named *named_find(const char *section, bool alone)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(named); i++) {
		size_t length = strlen(named[i].kind);

		if (!strncmp(section, named[i].kind, length) &&
		    section[length] == (alone ? '\0' : ' '))
			return &named[i];
	}
	return NULL;
}

static void inventory_parse_section_unknown(Parser *p)
{
	g_autoptr(GPtrArray) known = g_ptr_array_new();
	g_autofree char *word = g_strndup(p->ini->section, strcspn(p->ini->section, " "));
	g_autofree char *sections = g_strjoinv(", ", (char **)inventory_sections);
	const char *near;

	for (const char *const *section = inventory_sections; *section; section++)
		g_ptr_array_add(known, (gpointer)*section);
	for (unsigned i = 0; i < G_N_ELEMENTS(named); i++)
		g_ptr_array_add(known, (gpointer)named[i].kind);
	g_ptr_array_add(known, NULL);
	near = nearest_word(word, (const char *const *)known->pdata);
	if (named_find(word, true))
		ini_complain(p->ini, p->ini->line, "[%s]: which %s? write [%s NAME]",
			     p->ini->section, strcmp(word, "vm") ? word : "VM", word);
	else if (near)
		ini_complain(p->ini, p->ini->line, "[%s]: unknown section; did you mean [%s%s]?",
			     p->ini->section, near, named_find(near, true) ? " NAME" : "");
	else
		ini_complain(p->ini, p->ini->line,
			     "[%s]: unknown section; known: %s, vm NAME, partner NAME",
			     p->ini->section, sections);
}

static bool inventory_parse_begin(IniFile *ini, void *user)
{
	Parser *p = user;
	const struct Named *kind = named_find(ini->section, false);

	p->ini = ini;
	if (kind) {
		kind->begin(p, ini->section + strlen(kind->kind) + 1);
	} else if (!g_strv_contains(inventory_sections, ini->section)) {
		inventory_parse_section_unknown(p);
		return false;
	}
	p->rows = settings_of_section(kind ? kind->kind : ini->section);
	return true;
}

/* Keys */

static void key_unknown(Parser *p, const char *name)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autofree char *all = NULL;
	const char *near;

	for (unsigned i = 0; i < p->rows->len; i++)
		g_ptr_array_add(names,
				(gpointer)g_array_index(p->rows, SettingRow, i).setting->key);
	g_ptr_array_add(names, NULL);
	near = nearest_word(name, (const char *const *)names->pdata);
	all = g_strjoinv(", ", (char **)names->pdata);
	if (near)
		ini_complain(p->ini, p->ini->line, "[%s] %s: unknown key; did you mean '%s'?",
			     p->ini->section, name, near);
	else
		ini_complain(p->ini, p->ini->line, "[%s] %s: unknown key; known: %s",
			     p->ini->section, name, all);
}

/* The line of another setting of this section that excludes ROW; 0. */
static int rival_line(const Parser *p, const SettingRow *row)
{
	for (unsigned i = 0; i < p->rows->len; i++) {
		const SettingRow *other = &g_array_index(p->rows, SettingRow, i);

		if (setting_excludes(row, other) && ini_given(p->ini, other->setting->key))
			return ini_given(p->ini, other->setting->key);
	}
	return 0;
}

static void key_set(Parser *p, const SettingRow *row, const char *value)
{
	const Setting *setting = row->setting;
	g_autoptr(GPtrArray) faults = g_ptr_array_new_with_free_func(g_free);
	int rival = rival_line(p, row);

	if (!*value && !(setting->flags & SETTING_EMPTY)) {
		ini_refuse(p->ini, "has no value");
		return;
	}
	if (rival) {
		ini_refuse(p->ini, "the cores are already given in line %d; keep one of the two",
			   rival);
		return;
	}
	setting_parse(setting, p->object ? p->object : inventory_part(p->inventory, row->table),
		      value, p->ini->line, faults);
	for (unsigned i = 0; i < faults->len; i++)
		ini_refuse(p->ini, "%s", (const char *)g_ptr_array_index(faults, i));
}

static void inventory_parse_key(IniFile *ini, const char *value, void *user)
{
	Parser *p = user;
	const SettingRow *row = setting_row_find(p->rows, ini->key);

	if (row)
		key_set(p, row, value);
	else
		key_unknown(p, ini->key);
}

/* What only the whole file shows */

static void inventory_parse_vm_add(Parser *p, GHashTable *names, const VmSpec *vm, const char *name)
{
	int line = GPOINTER_TO_INT(g_hash_table_lookup(names, name));
	VmSpec *copy = vm_spec_copy(vm, name);

	if (line)
		ini_complain(p->ini, vm->line,
			     "[vm %s]: its VM %s has the same name as one in line %d", vm->name,
			     name, line);
	g_hash_table_insert(names, g_strdup(name), GINT_TO_POINTER(vm->line));
	copy->count = 1;
	g_ptr_array_add(p->inventory->vms, copy);
}

/* The last name that count spells out is the longest. */
static void counted_check(Parser *p, const VmSpec *vm)
{
	g_autofree char *last = g_strdup_printf("%s-%u", vm->name, vm->count);
	const char *fault = vm_name_fault(last);

	if (vm->count > 1 && fault && !vm_name_fault(vm->name))
		ini_complain(p->ini, vm->line, "[vm %s]: the name of its VM %s %s", vm->name, last,
			     fault);
}

/* Spell out count = n into vm-1 … vm-n. */
static void vms_expand(Parser *p)
{
	g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (unsigned i = 0; i < p->vms->len; i++) {
		const VmSpec *vm = g_ptr_array_index(p->vms, i);

		if (p->inventory->vms->len + vm->count > INVENTORY_VMS_MAX) {
			ini_complain(p->ini, vm->line, "[vm %s]: more than %d VMs in all", vm->name,
				     INVENTORY_VMS_MAX);
			return;
		}
		counted_check(p, vm);
		if (vm->count == 1)
			inventory_parse_vm_add(p, names, vm, vm->name);
		for (unsigned n = 1; vm->count > 1 && n <= vm->count; n++) {
			g_autofree char *name = g_strdup_printf("%s-%u", vm->name, n);

			inventory_parse_vm_add(p, names, vm, name);
		}
	}
}

static void inventory_parse_finish(IniFile *ini, void *user)
{
	Parser *p = user;

	p->ini = ini;
	vms_expand(p);
}

Inventory *inventory_parse(const char *name, const char *text, size_t length, GPtrArray *errors)
{
	static const IniReader reader = {inventory_parse_begin, inventory_parse_key,
					 inventory_parse_end, inventory_parse_finish};
	g_autoptr(GPtrArray) vms = g_ptr_array_new_with_free_func((GDestroyNotify)vm_spec_free);
	Parser parser = {.inventory = inventory_new(), .vms = vms};

	if (!ini_read(name, text, length, &reader, &parser, errors))
		g_clear_pointer(&parser.inventory, inventory_free);
	return parser.inventory;
}
