/* SPDX-License-Identifier: MIT */
/*
 * What the VM's own domain XML (emit domain) says in planner's elements is carried over into the
 * base, element by element, by the table of rules below.
 */
#include "planner/merge/merge.h"
#include "planner/artifacts/artifact.h"
#include "planner/merge/merge_conflicts.h"
#include "planner/merge/merge_machine.h"
#include "planner/merge/merge_notes.h"
#include "planner/merge/merge_overcommit.h"
#include "planner/merge/merge_pins.h"
#include "planner/merge/merge_tree.h"
#include "planner/place/guest.h"
#include "topology/base/error.h"

#include <string.h>

#define HOW_ATTRIBUTES (1u << 0) /* the attributes wanted are set; others stay */
#define HOW_CONTENT (1u << 1)	 /* and the text in it */
#define HOW_PRUNE (1u << 2)	 /* those not wanted are removed */
#define HOW_BARE (1u << 3)	 /* where there is none, it is added without attributes */

typedef struct MergeRule {
	const char *name;
	const char *key; /* the attribute that tells elements of this name apart; NULL = order */
	unsigned how;
	const struct MergeRule *inside; /* children that are planner's; others stay */
} MergeRule;

static const MergeRule page_rules[] = {{"page", NULL, HOW_ATTRIBUTES | HOW_PRUNE, NULL}, {0}};
static const MergeRule backing_rules[] = {
	{"hugepages", NULL, 0, page_rules}, {"nosharepages"}, {"locked"}, {0}};
static const MergeRule cputune_rules[] = {
	{"vcpupin", "vcpu", HOW_ATTRIBUTES | HOW_PRUNE, NULL},
	{"emulatorpin", NULL, HOW_ATTRIBUTES | HOW_PRUNE, NULL},
	{"iothreadpin", "iothread", HOW_ATTRIBUTES | HOW_PRUNE, NULL},
	{"vcpusched", NULL, HOW_ATTRIBUTES, NULL},
	{0}};
static const MergeRule numatune_rules[] = {{"memory", NULL, HOW_ATTRIBUTES, NULL},
					   {"memnode", "cellid", HOW_ATTRIBUTES | HOW_PRUNE, NULL},
					   {0}};
static const MergeRule kvm_rules[] = {{"hint-dedicated", NULL, HOW_ATTRIBUTES, NULL}, {0}};
static const MergeRule features_rules[] = {{"apic", NULL, HOW_ATTRIBUTES, NULL},
					   {"ioapic", NULL, HOW_ATTRIBUTES, NULL},
					   {"kvm", NULL, 0, kvm_rules},
					   {0}};
static const MergeRule distances_rules[] = {{"sibling", "id", HOW_ATTRIBUTES | HOW_PRUNE, NULL},
					    {0}};
static const MergeRule cell_rules[] = {{"distances", NULL, 0, distances_rules}, {0}};
static const MergeRule numa_rules[] = {{"cell", "id", HOW_ATTRIBUTES | HOW_PRUNE, cell_rules}, {0}};
static const MergeRule cpu_rules[] = {
	{"topology", NULL, HOW_ATTRIBUTES, NULL}, {"numa", NULL, 0, numa_rules}, {0}};
static const MergeRule os_rules[] = {{"type", NULL, HOW_ATTRIBUTES, NULL}, {0}};
static const MergeRule iommu_rules[] = {{"driver", NULL, HOW_ATTRIBUTES, NULL}, {0}};
static const MergeRule devices_rules[] = {{"iommu", NULL, 0, iommu_rules}, {0}};
/* In the order libvirt itself writes a domain's elements. */
static const MergeRule rules[] = {{"memoryBacking", NULL, 0, backing_rules},
				  {"vcpu", NULL, HOW_ATTRIBUTES | HOW_CONTENT, NULL},
				  {"iothreads", NULL, HOW_CONTENT, NULL},
				  {"cputune", NULL, 0, cputune_rules},
				  {"numatune", NULL, 0, numatune_rules},
				  {"os", NULL, 0, os_rules},
				  {"features", NULL, 0, features_rules},
				  {"cpu", NULL, HOW_BARE, cpu_rules},
				  {"devices", NULL, 0, devices_rules},
				  {0}};

/* Of a guest that runs on: nothing that it sees. libvirt compares those, and refuses to migrate. */
static const MergeRule running_rules[] = {{"memoryBacking", NULL, 0, backing_rules},
					  {"vcpu", NULL, HOW_ATTRIBUTES, NULL},
					  {"cputune", NULL, 0, cputune_rules},
					  {"numatune", NULL, 0, numatune_rules},
					  {0}};

/* The children called NAME of all PARENTS. */
static GPtrArray *children_of(const GPtrArray *parents, const char *name)
{
	GPtrArray *found = g_ptr_array_new();

	for (unsigned i = 0; i < parents->len; i++) {
		xmlNode *node = xml_child(g_ptr_array_index(parents, i), name);

		for (; node; node = xml_next(node, name))
			g_ptr_array_add(found, node);
	}
	return found;
}

static const MergeRule *rule_of(const MergeRule *rule, const xmlNode *node)
{
	for (; rule && rule->name; rule++)
		if (xml_is(node, rule->name))
			return rule;
	return NULL;
}

/* Merging */

/* Of NODE, the plan's, only what is planner's by RULE, without white space. */
static void merge_prune(xmlNode *node, const MergeRule *rule)
{
	for (xmlNode *child = node->children, *next; child; child = next) {
		const MergeRule *inside = rule_of(rule->inside, child);

		next = child->next;
		if (inside) {
			merge_prune(child, inside);
		} else if (rule->inside) {
			xmlUnlinkNode(child);
			xmlFreeNode(child);
		}
	}
	while (rule->how & HOW_BARE && node->properties)
		merge_tree_unset(node, (const char *)node->properties->name);
}

/* The last element of ROOT that libvirt would write before the one called NAME. */
static xmlNode *anchor_of(const xmlNode *root, const char *name)
{
	static const char *const order[] = {
		"name",	    "uuid",	 "genid",	"title",	 "description",
		"metadata", "maxMemory", "memory",	"currentMemory", "memoryBacking",
		"vcpu",	    "iothreads", "iothreadids", "cputune",	 "numatune",
		"resource", "os",	 "features",	"cpu",		 NULL};
	xmlNode *anchor = NULL;

	for (unsigned i = 0; order[i] && strcmp(order[i], name) != 0; i++) {
		xmlNode *node = xml_child(root, order[i]);

		anchor = node ? node : anchor;
	}
	return anchor;
}

static void merge_add(xmlNode *parent, const xmlNode *want, const MergeRule *rule)
{
	xmlNode *copy = xmlDocCopyNode((xmlNode *)want, parent->doc, 1);
	xmlNode *anchor = parent->parent->type == XML_ELEMENT_NODE
				  ? NULL
				  : anchor_of(parent, (const char *)want->name);

	merge_prune(copy, rule);
	if (anchor)
		merge_tree_insert_after(anchor, copy);
	else
		merge_tree_append(parent, copy);
}

/* The one of HAVES that is what WANT, the ORDER-th of its name, is about; it is taken out. */
static xmlNode *merge_match(GPtrArray *haves, const xmlNode *want, const char *key)
{
	g_autofree char *wanted = key ? xml_get(want, key) : NULL;

	for (unsigned i = 0; i < haves->len; i++) {
		xmlNode *have = g_ptr_array_index(haves, i);
		g_autofree char *value = wanted ? xml_get(have, key) : NULL;

		if (!wanted || !value || !strcmp(value, wanted))
			return g_ptr_array_remove_index(haves, i);
	}
	return NULL;
}

static void merge_set(xmlNode *have, const xmlNode *want, unsigned how)
{
	for (const xmlAttr *attribute = how & HOW_ATTRIBUTES ? want->properties : NULL; attribute;
	     attribute = attribute->next) {
		g_autofree char *value = xml_get(want, (const char *)attribute->name);

		merge_tree_set(have, (const char *)attribute->name, value);
	}
	if (how & HOW_CONTENT) {
		g_autofree char *text = xml_text(want);

		merge_tree_set_text(have, text);
	}
}

static void merge_rules(const GPtrArray *parents, const xmlNode *want_parent,
			const MergeRule *rule);

/* HAVE is what WANT is about: one of several of its name. */
static void merge_keyed(xmlNode *have, const xmlNode *want, const MergeRule *rule)
{
	g_autoptr(GPtrArray) parents = g_ptr_array_new();

	merge_set(have, want, rule->how);
	g_ptr_array_add(parents, have);
	if (rule->inside)
		merge_rules(parents, want, rule->inside);
}

static void merge_rule(const GPtrArray *parents, const xmlNode *want_parent, const MergeRule *rule)
{
	g_autoptr(GPtrArray) haves = children_of(parents, rule->name);

	for (const xmlNode *want = want_parent->children; want; want = want->next) {
		xmlNode *have;

		if (!xml_is(want, rule->name))
			continue;
		if (rule->inside && !rule->key && haves->len) {
			merge_rules(haves, want, rule->inside);
			return;
		}
		have = merge_match(haves, want, rule->key);
		if (have)
			merge_keyed(have, want, rule);
		else
			merge_add(g_ptr_array_index(parents, 0), want, rule);
	}
	for (unsigned i = 0; rule->how & HOW_PRUNE && i < haves->len; i++)
		merge_tree_remove(g_ptr_array_index(haves, i));
}

/* libvirt reads several elements of one name as one; so are PARENTS. */
static void merge_rules(const GPtrArray *parents, const xmlNode *want_parent, const MergeRule *rule)
{
	for (; rule->name; rule++)
		merge_rule(parents, want_parent, rule);
}

/* What the base decides */

/* The ids of the I/O threads: those listed, then the lowest that are free, as libvirt has it. */
static GArray *iothread_ids(const xmlNode *root, unsigned count)
{
	GArray *ids = g_array_new(FALSE, FALSE, sizeof(unsigned));
	g_auto(CpuSet) taken = hwloc_bitmap_alloc();
	const xmlNode *list = xml_child(root, "iothreadids");

	for (const xmlNode *node = list ? list->children : NULL; node; node = node->next) {
		g_autofree char *text = xml_is(node, "iothread") ? xml_get(node, "id") : NULL;
		guint64 id;

		if (text && g_ascii_string_to_unsigned(text, 10, 1, 65535, &id, NULL)) {
			unsigned number = (unsigned)id;

			g_array_append_val(ids, number);
			hwloc_bitmap_set(taken, number);
		}
	}
	for (unsigned id = 1; ids->len < count; id++)
		if (!hwloc_bitmap_isset(taken, id))
			g_array_append_val(ids, id);
	return ids;
}

/* I/O threads that the base has stay, since its disks name them; each gets a pin. */
static void iothreads_number(const xmlNode *want, const GArray *ids)
{
	xmlNode *node = xml_child(xml_child(want, "cputune"), "iothreadpin");

	for (unsigned i = 0; node && i < ids->len; i++, node = xml_next(node, "iothreadpin")) {
		g_autofree char *id = fill_number(g_array_index(ids, unsigned, i));

		merge_tree_set(node, "iothread", id);
	}
}

/* The vCPUs that are there from the start. */
static unsigned merge_enabled(const xmlNode *root)
{
	const xmlNode *vcpu = xml_child(root, "vcpu");
	const xmlNode *one = xml_child(xml_child(root, "vcpus"), "vcpu");
	unsigned n = 0;

	for (; one; one = xml_next(one, "vcpu"))
		n += xml_says(one, "enabled", "yes");
	return n ? n : merge_tree_number(vcpu, "current", merge_tree_number(vcpu, NULL, 1));
}

/* The VM as the plan has it, with what the base has and the inventory does not say. */
static void vm_adapt(PlanVm *vm, VmSpec *spec, const xmlNode *root, bool running)
{
	g_autoptr(GArray) listed = iothread_ids(root, 0);
	unsigned maximum = merge_tree_number(xml_child(root, "vcpu"), NULL, 1);
	unsigned there = MAX(merge_tree_number(xml_child(root, "iothreads"), NULL, 0), listed->len);

	vm->spec = spec;
	spec->iothreads = running ? there : MAX(spec->iothreads, there);
	spec->iothreads = MIN(spec->iothreads, 1024);
	if (running || (!spec->maximum && spec->vcpus < maximum && merge_enabled(root) < maximum))
		spec->maximum = maximum;
	if (xml_child(xml_child(root, "memoryBacking"), "locked"))
		spec->locked = true;
	if (!spec->memory && vm->shares->len < 2)
		spec->memory = 1 << 20; /* the base's own stays; that of cells is the plan's */
}

/* What KVM alone has for x86 guests only: another guest does not get it. */
static bool is_kvm_x86(const Rendering *rendering, const xmlNode *root, GPtrArray *notes)
{
	g_autofree char *type = xml_get(root, "type");
	g_autofree char *arch = xml_get(xml_child(xml_child(root, "os"), "type"), "arch");
	bool x86 = arch ? !strcmp(arch, "x86_64") || !strcmp(arch, "i686")
			: plan_is_x86(rendering->plan);
	bool valid = x86 && (!type || !strcmp(type, "kvm"));

	if (!valid && !rendering->running && rendering->vm->cpupm->verdict == CPUPM_ON)
		merge_note(notes,
			   "the base is of type %s%s%s: apic eoi, hint-dedicated and cpu-pm exist "
			   "only with KVM on x86, and are not added",
			   type ? type : "kvm", arch ? " and arch " : "", arch ? arch : "");
	return valid;
}

/* The VM's own domain XML; yours. */
static xmlDoc *want_render(const Rendering *rendering, const xmlNode *root, GError **error)
{
	VmSpec spec = *rendering->vm->spec;
	PlanVm vm = *rendering->vm;
	Rendering of_vm = *rendering;
	g_autoptr(GArray) ids = NULL;
	g_autofree char *text = NULL;
	xmlDoc *want;

	vm_adapt(&vm, &spec, root, rendering->running);
	if (spec.maximum != rendering->vm->spec->maximum)
		guest_shape(rendering->plan, &vm);
	of_vm.vm = &vm;
	text = artifact_render(&artifact_domain, &of_vm, error);
	want = text ? xml_document(text, strlen(text), error) : NULL;
	if (!want)
		return NULL;
	ids = iothread_ids(root, spec.iothreads);
	iothreads_number(xmlDocGetRootElement(want), ids);
	return want;
}

static xmlDoc *want_new(const Rendering *rendering, const xmlNode *root, bool valid,
			GPtrArray *notes, GError **error)
{
	xmlDoc *want = want_render(rendering, root, error);
	xmlNode *own = want ? xmlDocGetRootElement(want) : NULL;
	xmlNode *features = xml_child(own, "features");

	if (features && !valid) {
		xmlUnlinkNode(features);
		xmlFreeNode(features);
	}
	if (want) {
		merge_machine(own, root, rendering->vm->spec->vcpus, notes);
		merge_pins_keep(rendering, own, root, notes);
	}
	return want;
}

/* Entry points */

/* BASE as a tree, yours, and its domain. */
static xmlDoc *base_parse(const char *name, const char *base, size_t length, xmlNode **root,
			  GError **error)
{
	g_autoptr(xmlDoc) doc = merge_tree_parse(name, base, length, error);

	*root = doc ? xmlDocGetRootElement(doc) : NULL;
	if (!doc || xml_is(*root, "domain"))
		return g_steal_pointer(&doc);
	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
		    "%s: is not a domain XML: its root is not <domain>", name);
	return NULL;
}

/* The cells of the guest; 0 = it has none. */
static unsigned merge_cells_of(const xmlNode *root)
{
	const xmlNode *numa = xml_child(xml_child(root, "cpu"), "numa");
	unsigned n = 0;

	for (const xmlNode *node = numa ? numa->children : NULL; node; node = node->next)
		n += xml_is(node, "cell");
	return n;
}

/* A guest that runs on has the vCPUs and the cells that it started with. */
static bool running_check(const char *name, const xmlNode *root, const PlanVm *vm, GError **error)
{
	unsigned maximum = merge_tree_number(xml_child(root, "vcpu"), NULL, 1);
	unsigned vcpus = maximum == vm->spec->vcpus ? maximum : merge_enabled(root),
		 cells = merge_cells_of(root);

	if (vcpus == vm->spec->vcpus && (vm->shares->len < 2 || vm->shares->len == cells))
		return true;
	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
		    "%s: has %u vCPUs in %u NUMA cells, the plan %u in %u: a running guest keeps "
		    "them; correct the inventory, or power the VM off",
		    name, vcpus, MAX(cells, 1), vm->spec->vcpus, MAX(vm->shares->len, 1));
	return false;
}

static bool carry_over(const Rendering *rendering, xmlDoc *want, xmlNode *root, bool valid,
		       GPtrArray *notes, GError **error)
{
	g_autoptr(GPtrArray) parents = g_ptr_array_new();
	const xmlNode *own = xmlDocGetRootElement(want);
	const PlanVm *vm = rendering->vm;
	bool locked = xml_child(xml_child(own, "memoryBacking"), "locked");

	g_ptr_array_add(parents, root);
	merge_conflicts(root, own, vm, rendering->running, notes);
	merge_rules(parents, own, rendering->running ? running_rules : rules);
	return merge_overcommit(root, vm->cpupm->verdict == CPUPM_ON, rendering->running || !valid,
				locked, error);
}

char *merge_domain(const Rendering *rendering, const char *name, const char *base, size_t length,
		   GPtrArray *notes, GError **error)
{
	xmlNode *root;
	g_autoptr(xmlDoc) doc = base_parse(name, base, length, &root, error), want = NULL;
	g_autofree char *text = g_strndup(base, length), *merged = NULL;
	bool valid;

	if (!doc || (rendering->running && !running_check(name, root, rendering->vm, error)))
		return NULL;
	merge_notes(rendering, root, text, notes);
	valid = is_kvm_x86(rendering, root, notes);
	want = want_new(rendering, root, valid, notes, error);
	if (want && carry_over(rendering, want, root, valid, notes, error))
		merged = merge_tree_write(doc, text);
	if (merged) {
		merge_note_refusal(merged, notes);
		return g_steal_pointer(&merged);
	}
	g_ptr_array_set_size(notes, 0);
	return NULL;
}

/* Remember the pin of NODE, where it is to one CPU. */
static void merge_pin_read(GArray *pins, const xmlNode *node)
{
	g_autofree char *vcpu = xml_get(node, "vcpu"), *cpuset = xml_get(node, "cpuset");
	guint64 v, cpu;

	if (vcpu && cpuset && pins->len &&
	    g_ascii_string_to_unsigned(vcpu, 10, 0, pins->len - 1, &v, NULL) &&
	    g_ascii_string_to_unsigned(cpuset, 10, 0, CPULIST_LIMIT - 1, &cpu, NULL))
		g_array_index(pins, unsigned, (guint)v) = (unsigned)cpu;
}

GArray *merge_pins(const char *name, const char *base, size_t length, unsigned vcpus,
		   GError **error)
{
	xmlNode *root;
	g_autoptr(xmlDoc) doc = base_parse(name, base, length, &root, error);
	GArray *pins;

	if (!doc)
		return NULL;
	pins = g_array_new(FALSE, FALSE, sizeof(unsigned));
	for (unsigned v = 0; v < vcpus; v++) {
		unsigned none = HOST_NONE;

		g_array_append_val(pins, none);
	}
	for (const xmlNode *tune = root->children; tune; tune = tune->next)
		for (const xmlNode *node = xml_is(tune, "cputune") ? tune->children : NULL; node;
		     node = node->next)
			if (xml_is(node, "vcpupin"))
				merge_pin_read(pins, node);
	return pins;
}
