/* SPDX-License-Identifier: MIT */
/*
 * What the VM's own domain XML (emit domain) says in planner's elements is carried over into the
 * base, element by element, by the table of rules below.
 */
#include "planner/merge/merge.h"
#include "planner/artifacts/artifact.h"
#include "planner/base/size.h"
#include "planner/base/version.h"
#include "planner/merge/merge_conflicts.h"
#include "planner/merge/merge_overcommit.h"
#include "topology/base/error.h"
#include "topology/guests/domain.h"
#include "topology/guests/libxml_load.h"

#include <string.h>

#define HOW_ATTRIBUTES (1u << 0) /* the attributes wanted are set; others stay */
#define HOW_CONTENT (1u << 1)	 /* and the text in it */
#define HOW_PRUNE (1u << 2)	 /* those not wanted are removed */

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
	{0}};
static const MergeRule numatune_rules[] = {{"memory", NULL, HOW_ATTRIBUTES, NULL},
					   {"memnode", "cellid", HOW_ATTRIBUTES | HOW_PRUNE, NULL},
					   {0}};
static const MergeRule kvm_rules[] = {{"hint-dedicated", NULL, HOW_ATTRIBUTES, NULL}, {0}};
static const MergeRule features_rules[] = {
	{"apic", NULL, HOW_ATTRIBUTES, NULL}, {"kvm", NULL, 0, kvm_rules}, {0}};
static const MergeRule numa_rules[] = {{"cell", "id", HOW_ATTRIBUTES | HOW_PRUNE, NULL}, {0}};
static const MergeRule cpu_rules[] = {
	{"topology", NULL, HOW_ATTRIBUTES, NULL}, {"numa", NULL, 0, numa_rules}, {0}};
/* In the order libvirt itself writes a domain's elements. */
static const MergeRule rules[] = {{"memoryBacking", NULL, 0, backing_rules},
				  {"vcpu", NULL, HOW_ATTRIBUTES | HOW_CONTENT, NULL},
				  {"iothreads", NULL, HOW_CONTENT, NULL},
				  {"cputune", NULL, 0, cputune_rules},
				  {"numatune", NULL, 0, numatune_rules},
				  {"features", NULL, 0, features_rules},
				  {"cpu", NULL, 0, cpu_rules},
				  {0}};

/* Of a guest that runs on: nothing that it sees. libvirt compares those, and refuses to migrate. */
static const MergeRule running_rules[] = {{"memoryBacking", NULL, 0, backing_rules},
					  {"vcpu", NULL, HOW_ATTRIBUTES, NULL},
					  {"cputune", NULL, 0, cputune_rules},
					  {"numatune", NULL, 0, numatune_rules},
					  {0}};

/* Reading */

static bool is_element(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && !node->ns &&
	       !strcmp((const char *)node->name, name);
}

static const xmlNode *child_of(const xmlNode *parent, const char *name)
{
	for (const xmlNode *node = parent ? parent->children : NULL; node; node = node->next)
		if (is_element(node, name))
			return node;
	return NULL;
}

/* The children called NAME of all PARENTS. */
static GPtrArray *children_of(const GPtrArray *parents, const char *name)
{
	GPtrArray *found = g_ptr_array_new();

	for (unsigned i = 0; i < parents->len; i++) {
		const xmlNode *parent = g_ptr_array_index(parents, i);

		for (xmlNode *node = parent->children; node; node = node->next)
			if (is_element(node, name))
				g_ptr_array_add(found, node);
	}
	return found;
}

static char *attribute_of(const xmlNode *node, const char *name)
{
	xmlChar *raw = xmlGetNoNsProp((xmlNode *)node, (const xmlChar *)name);
	char *value = raw ? g_strdup((const char *)raw) : NULL;

	xmlFree(raw);
	return value;
}

static unsigned number_of(const xmlNode *node, unsigned fallback)
{
	xmlChar *raw = node ? xmlNodeGetContent(node) : NULL;
	g_autofree char *text = g_strstrip(g_strdup(raw ? (const char *)raw : ""));
	guint64 number = fallback;

	xmlFree(raw);
	g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT, &number, NULL);
	return (unsigned)number;
}

/* Merging */

static const MergeRule *rule_of(const MergeRule *rule, const xmlNode *node)
{
	for (; rule->name; rule++)
		if (is_element(node, rule->name))
			return rule;
	return NULL;
}

static void tag_append(GString *lines, const xmlNode *want, unsigned depth)
{
	g_string_append_printf(lines, "%*s<%s", (int)depth * 2, "", want->name);
	for (const xmlAttr *attribute = want->properties; attribute; attribute = attribute->next) {
		g_autofree char *value = attribute_of(want, (const char *)attribute->name);
		g_autofree char *escaped = g_markup_escape_text(value ? value : "", -1);

		g_string_append_printf(lines, " %s='%s'", attribute->name, escaped);
	}
}

static void content_append(GString *lines, const xmlNode *want)
{
	xmlChar *raw = xmlNodeGetContent(want);
	g_autofree char *escaped = g_markup_escape_text((const char *)raw, -1);

	if (*escaped)
		g_string_append_printf(lines, ">%s</%s>\n", escaped, want->name);
	else
		g_string_append(lines, "/>\n");
	xmlFree(raw);
}

/* WANT as lines, indented from DEPTH on, with what in it is planner's by RULE. */
static void lines_append(GString *lines, const xmlNode *want, const MergeRule *rule, unsigned depth)
{
	tag_append(lines, want, depth);
	if (!rule->inside) {
		content_append(lines, want);
		return;
	}
	g_string_append(lines, ">\n");
	for (const xmlNode *child = want->children; child; child = child->next) {
		const MergeRule *inside = rule_of(rule->inside, child);

		if (inside)
			lines_append(lines, child, inside, depth + 1);
	}
	g_string_append_printf(lines, "%*s</%s>\n", (int)depth * 2, "", want->name);
}

/* The last element of ROOT that libvirt would write before the one called NAME. */
static const xmlNode *anchor_of(const xmlNode *root, const char *name)
{
	static const char *const order[] = {
		"name",	    "uuid",	 "genid",	"title",	 "description",
		"metadata", "maxMemory", "memory",	"currentMemory", "memoryBacking",
		"vcpu",	    "iothreads", "iothreadids", "cputune",	 "numatune",
		"resource", "os",	 "features",	"cpu",		 NULL};
	const xmlNode *anchor = NULL;

	for (unsigned i = 0; order[i] && strcmp(order[i], name) != 0; i++) {
		const xmlNode *node = child_of(root, order[i]);

		anchor = node ? node : anchor;
	}
	return anchor;
}

static void merge_add(MergeText *merge, const xmlNode *parent, const xmlNode *want,
		      const MergeRule *rule)
{
	g_autoptr(GString) lines = g_string_new(NULL);
	const xmlNode *anchor = parent->parent && parent->parent->type == XML_ELEMENT_NODE
					? NULL
					: anchor_of(parent, (const char *)want->name);

	lines_append(lines, want, rule, 0);
	if (anchor)
		merge_insert_after(merge, anchor, lines->str);
	else
		merge_append(merge, parent, lines->str);
}

/* The one of HAVES that is what WANT, the ORDER-th of its name, is about; it is taken out. */
static const xmlNode *merge_match(GPtrArray *haves, const xmlNode *want, const char *key)
{
	g_autofree char *wanted = key ? attribute_of(want, key) : NULL;

	for (unsigned i = 0; i < haves->len; i++) {
		const xmlNode *have = g_ptr_array_index(haves, i);
		g_autofree char *value = wanted ? attribute_of(have, key) : NULL;

		if (!wanted || !value || !strcmp(value, wanted))
			return g_ptr_array_remove_index(haves, i);
	}
	return NULL;
}

static void merge_set(MergeText *merge, const xmlNode *have, const xmlNode *want, unsigned how)
{
	for (const xmlAttr *attribute = how & HOW_ATTRIBUTES ? want->properties : NULL; attribute;
	     attribute = attribute->next) {
		g_autofree char *value = attribute_of(want, (const char *)attribute->name);

		merge_set_attribute(merge, have, (const char *)attribute->name, value);
	}
	if (how & HOW_CONTENT) {
		xmlChar *content = xmlNodeGetContent(want);

		merge_set_content(merge, have, (const char *)content);
		xmlFree(content);
	}
}

static void merge_rules(MergeText *merge, const GPtrArray *parents, const xmlNode *want_parent,
			const MergeRule *rule);

static void merge_rule(MergeText *merge, const GPtrArray *parents, const xmlNode *want_parent,
		       const MergeRule *rule)
{
	g_autoptr(GPtrArray) haves = children_of(parents, rule->name);

	for (const xmlNode *want = want_parent->children; want; want = want->next) {
		const xmlNode *have;

		if (!is_element(want, rule->name))
			continue;
		if (rule->inside && haves->len) {
			merge_rules(merge, haves, want, rule->inside);
			return;
		}
		have = merge_match(haves, want, rule->key);
		if (have)
			merge_set(merge, have, want, rule->how);
		else
			merge_add(merge, g_ptr_array_index(parents, 0), want, rule);
	}
	for (unsigned i = 0; rule->how & HOW_PRUNE && i < haves->len; i++)
		merge_remove(merge, g_ptr_array_index(haves, i));
}

/* libvirt reads several elements of one name as one; so are PARENTS. */
static void merge_rules(MergeText *merge, const GPtrArray *parents, const xmlNode *want_parent,
			const MergeRule *rule)
{
	for (; rule->name; rule++)
		merge_rule(merge, parents, want_parent, rule);
}

/* What the base decides */

/* The ids of the I/O threads: those listed, then the lowest that are free, as libvirt has it. */
static GArray *iothread_ids(const xmlNode *root, unsigned count)
{
	GArray *ids = g_array_new(FALSE, FALSE, sizeof(unsigned));
	g_auto(CpuSet) taken = hwloc_bitmap_alloc();
	const xmlNode *list = child_of(root, "iothreadids");

	for (const xmlNode *node = list ? list->children : NULL; node; node = node->next) {
		g_autofree char *text =
			is_element(node, "iothread") ? attribute_of(node, "id") : NULL;
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
	const xmlNode *cputune = child_of(want, "cputune");
	unsigned i = 0;

	for (xmlNode *node = cputune ? cputune->children : NULL; node; node = node->next)
		if (is_element(node, "iothreadpin") && i < ids->len) {
			g_autofree char *id = fill_number(g_array_index(ids, unsigned, i++));

			xmlSetProp(node, (const xmlChar *)"iothread", (const xmlChar *)id);
		}
}

/* The VM as the plan has it, with what the base has and the inventory does not say. */
static void vm_adapt(PlanVm *vm, VmSpec *spec, const xmlNode *root, bool running)
{
	g_autoptr(GArray) listed = iothread_ids(root, 0);
	unsigned there = MAX(number_of(child_of(root, "iothreads"), 0), listed->len);

	vm->spec = spec;
	spec->iothreads = running ? there : MAX(spec->iothreads, there);
	spec->iothreads = MIN(spec->iothreads, 1024);
	if (child_of(child_of(root, "memoryBacking"), "locked"))
		spec->locked = true;
	if (!spec->memory && vm->shares->len < 2)
		spec->memory = 1 << 20; /* the base's own stays; that of cells is the plan's */
}

/* The VM's own domain XML, parsed; yours. */
static xmlDoc *want_new(const Rendering *rendering, const xmlNode *root, GError **error)
{
	VmSpec spec = *rendering->vm->spec;
	PlanVm vm = *rendering->vm;
	Rendering of_vm = *rendering;
	g_autofree char *text = NULL;
	xmlDoc *doc;

	vm_adapt(&vm, &spec, root, rendering->running);
	of_vm.vm = &vm;
	text = artifact_render(&artifact_domain, &of_vm, error);
	if (!text)
		return NULL;
	doc = xmlReadMemory(text, (int)strlen(text), NULL, NULL,
			    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	if (doc) {
		g_autoptr(GArray) ids = iothread_ids(root, spec.iothreads);

		iothreads_number(xmlDocGetRootElement(doc), ids);
	} else {
		g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
			    "domain.xml: the template does not make well-formed XML");
	}
	return doc;
}

/* What whoever defines the result should know */

static void note_name(const xmlNode *root, const PlanVm *vm, GPtrArray *notes)
{
	const xmlNode *node = child_of(root, "name");
	xmlChar *name = node ? xmlNodeGetContent(node) : NULL;

	if (name && strcmp((const char *)name, vm->spec->name) != 0)
		g_ptr_array_add(notes, g_strdup_printf("the base is the domain '%s', and stays so; "
						       "the pins are those of '%s'",
						       name, vm->spec->name));
	xmlFree(name);
}

/* Before QEMU 9.1 these CPU modes offer MWAIT to the guest with cpu-pm, whether the host has it or
 * not; the verdict was made for the mode of the inventory. */
static void note_cpu_mode(const xmlNode *root, const Plan *plan, const PlanVm *vm, GPtrArray *notes)
{
	const xmlNode *cpu = child_of(root, "cpu");
	g_autofree char *mode = cpu ? attribute_of(cpu, "mode") : NULL;
	const char *planned = cpu_mode_names[vm->spec->cpu_mode];

	if (!mode || vm->cpupm->verdict != CPUPM_ON || !strcmp(mode, planned) ||
	    (strcmp(mode, "host-passthrough") != 0 && strcmp(mode, "maximum") != 0) ||
	    (plan->qemu && !version_before(plan->qemu, 9, 1)))
		return;
	g_ptr_array_add(
		notes,
		g_strdup_printf("the base has <cpu mode='%s'>, but cpu-pm was judged for %s: "
				"before QEMU 9.1 the guest may die of it; set cpu-mode = %s in "
				"the inventory and plan again",
				mode, planned, mode));
}

/* What the base has stays: memory is not the plan's to change. */
static void note_memory(const char *base, size_t length, const PlanVm *vm, GPtrArray *notes)
{
	g_autoptr(Domain) domain = domain_parse(base, length, NULL);
	uint64_t planned = vm->spec->memory ? plan_vm_memory(vm) : 0;
	g_autofree char *has = NULL, *wants = NULL;

	if (!domain || !planned || !domain->memory || domain->memory == planned)
		return;
	has = size_format(domain->memory);
	wants = size_format(planned);
	g_ptr_array_add(notes,
			g_strdup_printf("the base has %s of memory and keeps it, the plan counts "
					"with %s: correct the one or the other",
					has, wants));
}

/* The plan counts pages of the size it knows of; others nobody provides. */
static void note_pages(const xmlNode *root, const PlanVm *vm, GPtrArray *notes)
{
	if (!vm->spec->page && child_of(child_of(root, "memoryBacking"), "hugepages"))
		g_ptr_array_add(notes,
				g_strdup("the base has huge pages and keeps them, the plan "
					 "counts with none: set hugepages = in the inventory "
					 "and plan again, or take them out of the base"));
}

static void note_cpu_pm(const char *base, size_t length, const PlanVm *vm, GPtrArray *notes)
{
	g_autoptr(Domain) domain = domain_parse(base, length, NULL);

	for (char **value = domain ? domain->overcommit : NULL; value && *value; value++)
		if (strstr(*value, "cpu-pm"))
			return;
	if (domain && vm->cpupm->verdict == CPUPM_ON)
		g_ptr_array_add(notes, g_strdup("the guest started without cpu-pm, and stays so "
						"until it is powered off and on"));
}

/* Entry points */

static MergeText *base_parse(const char *name, const char *text, size_t length,
			     const xmlNode **root, GError **error)
{
	g_autoptr(MergeText) merge = merge_text_parse(name, text, length, error);

	*root = merge ? xmlDocGetRootElement(merge->doc) : NULL;
	if (!merge || (*root && is_element(*root, "domain")))
		return g_steal_pointer(&merge);
	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
		    "%s: is not a domain XML: its root is no <domain>", name);
	return NULL;
}

/* The cells of the guest; 0 = it has none. */
static unsigned merge_cells_of(const xmlNode *root)
{
	const xmlNode *numa = child_of(child_of(root, "cpu"), "numa");
	unsigned n = 0;

	for (const xmlNode *node = numa ? numa->children : NULL; node; node = node->next)
		n += is_element(node, "cell");
	return n;
}

/* A guest that runs on has the vCPUs and the cells that it started with. */
static bool running_check(const char *name, const xmlNode *root, const PlanVm *vm, GError **error)
{
	unsigned vcpus = number_of(child_of(root, "vcpu"), 1), cells = merge_cells_of(root);

	if (vcpus == vm->spec->vcpus && (vm->shares->len < 2 || vm->shares->len == cells))
		return true;
	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
		    "%s: has %u vCPUs in %u NUMA cells, the plan %u in %u: a guest that runs "
		    "keeps them; correct the inventory, or power the VM off",
		    name, vcpus, MAX(cells, 1), vm->spec->vcpus, MAX(vm->shares->len, 1));
	return false;
}

static bool carry_over(MergeText *merge, const Rendering *rendering, xmlDoc *want,
		       const xmlNode *root, GError **error)
{
	g_autoptr(GPtrArray) parents = g_ptr_array_new();
	const xmlNode *own = xmlDocGetRootElement(want);
	const PlanVm *vm = rendering->vm;
	bool locked = child_of(child_of(own, "memoryBacking"), "locked");

	g_ptr_array_add(parents, (void *)root);
	merge_conflicts(merge, root, vm, rendering->running);
	merge_rules(merge, parents, own, rendering->running ? running_rules : rules);
	return merge_overcommit(merge, root, vm->cpupm->verdict == CPUPM_ON, rendering->running,
				locked, error);
}

char *merge_domain(const Rendering *rendering, const char *name, const char *base, size_t length,
		   GPtrArray *notes, GError **error)
{
	const xmlNode *root;
	g_autoptr(MergeText) merge = base_parse(name, base, length, &root, error);
	bool good =
		merge && (!rendering->running || running_check(name, root, rendering->vm, error));
	xmlDoc *want = good ? want_new(rendering, root, error) : NULL;

	if (!want)
		return NULL;
	good = carry_over(merge, rendering, want, root, error);
	xmlFreeDoc(want);
	if (!good)
		return NULL;
	note_name(root, rendering->vm, notes);
	note_memory(base, length, rendering->vm, notes);
	note_pages(root, rendering->vm, notes);
	if (rendering->running)
		note_cpu_pm(base, length, rendering->vm, notes);
	note_cpu_mode(root, rendering->plan, rendering->vm, notes);
	return merge_text_finish(merge);
}

/* Remember the pin of NODE, where it is to one CPU. */
static void merge_pin_read(GArray *pins, const xmlNode *node)
{
	g_autofree char *vcpu = attribute_of(node, "vcpu"), *cpuset = attribute_of(node, "cpuset");
	guint64 v, cpu;

	if (vcpu && cpuset && pins->len &&
	    g_ascii_string_to_unsigned(vcpu, 10, 0, pins->len - 1, &v, NULL) &&
	    g_ascii_string_to_unsigned(cpuset, 10, 0, CPULIST_LIMIT - 1, &cpu, NULL))
		g_array_index(pins, unsigned, (guint)v) = (unsigned)cpu;
}

GArray *merge_pins(const char *name, const char *base, size_t length, unsigned vcpus,
		   GError **error)
{
	const xmlNode *root;
	g_autoptr(MergeText) merge = base_parse(name, base, length, &root, error);
	GArray *pins;

	if (!merge)
		return NULL;
	pins = g_array_new(FALSE, FALSE, sizeof(unsigned));
	for (unsigned v = 0; v < vcpus; v++) {
		unsigned none = HOST_NONE;

		g_array_append_val(pins, none);
	}
	for (const xmlNode *tune = root->children; tune; tune = tune->next)
		for (const xmlNode *node = is_element(tune, "cputune") ? tune->children : NULL;
		     node; node = node->next)
			if (is_element(node, "vcpupin"))
				merge_pin_read(pins, node);
	return pins;
}
