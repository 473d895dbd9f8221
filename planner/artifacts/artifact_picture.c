/* SPDX-License-Identifier: MIT */
#include "planner/artifacts/artifact_picture.h"
#include "planner/artifacts/artifact.h"
#include "planner/check/trouble.h"

#include <string.h>

#define LABEL_MOST 10
#define MACHINE 0 /* the first box */

/* clang-format off */
const char *const picture_colors[ROLE_COUNT + 1] = {
	[ROLE_HOST]      = "#a6cee3",
	[ROLE_SDK]       = "#cab2d6",
	[ROLE_DEDICATED] = "#b2df8a",
	[ROLE_SHARED]    = "#fdbf6f",
	[ROLE_FREE]      = "#ffffff",
	[ROLE_STRANDED]  = "#fb9a99",
	[ROLE_OFFLINE]   = "#d9d9d9",
};

/* All of them dark, under white letters: no role's colour is. */
const char *const picture_trouble_colors[SEVERITY_ERROR + 1] = {
	[SEVERITY_INFO]    = "#2166ac",
	[SEVERITY_WARNING] = "#b35806",
	[SEVERITY_ERROR]   = "#d7191c",
};
/* clang-format on */

const char picture_second_vm_color[] = "#d4f0b2";

/* Something with CPUs inside it, drawn around what it holds. */
typedef struct Box {
	const char *type;
	unsigned os_index; /* HOST_NONE = none */
	char *attributes;  /* further ones, may be "" */
	hwloc_bitmap_t cpus;
	unsigned parent;
	unsigned core; /* position of the core it is, HOST_NONE */
} Box;

typedef struct Picture {
	const Plan *plan;
	const Host *host;
	GArray *troubles;   /* of Trouble; NULL = none */
	GArray *boxes;	    /* of Box, parents before children */
	GArray *home;	    /* of unsigned, by node: the box it hangs on */
	GPtrArray *labels;  /* of char *, by CPU; NULL = none */
	GArray *owner;	    /* of unsigned, by CPU: the VM, HOST_NONE */
	GHashTable *second; /* VMs (position + 1) that have the second green */
	GString *xml;
	unsigned gp_index;
} Picture;

static Box *box_at(const Picture *p, unsigned i)
{
	return &g_array_index(p->boxes, Box, i);
}

static void box_clear(Box *box)
{
	g_free(box->attributes);
	hwloc_bitmap_free(box->cpus);
}

/* The smallest box that holds CPUS. */
static unsigned box_around(const Picture *p, hwloc_const_bitmap_t cpus)
{
	unsigned around = MACHINE;

	for (unsigned i = 1; i < p->boxes->len; i++)
		if (hwloc_bitmap_isincluded(cpus, box_at(p, i)->cpus) &&
		    hwloc_bitmap_isincluded(box_at(p, i)->cpus, box_at(p, around)->cpus))
			around = i;
	return around;
}

/* Does a box cut CPUS in two? Then they cannot be nested, and are not drawn. */
static bool is_cut(const Picture *p, hwloc_const_bitmap_t cpus)
{
	for (unsigned i = 0; i < p->boxes->len; i++) {
		hwloc_const_bitmap_t other = box_at(p, i)->cpus;

		if (hwloc_bitmap_intersects(cpus, other) && !hwloc_bitmap_isincluded(cpus, other) &&
		    !hwloc_bitmap_isincluded(other, cpus))
			return true;
	}
	return false;
}

/* Boxes are added outermost first; CPUS and ATTRIBUTES become the box's. */
static void box_add(Picture *p, const char *type, unsigned os_index, hwloc_bitmap_t cpus,
		    char *attributes, unsigned core)
{
	Box box = {type, os_index, attributes, cpus, 0, core};

	if (p->boxes->len && (hwloc_bitmap_iszero(cpus) || is_cut(p, cpus))) {
		box_clear(&box);
		return;
	}
	if (p->boxes->len)
		box.parent = box_around(p, cpus);
	g_array_append_val(p->boxes, box);
}

static hwloc_bitmap_t artifact_picture_core_cpus(const Core *core)
{
	hwloc_bitmap_t cpus = hwloc_bitmap_alloc();

	for (unsigned t = 0; t < core->n_cpus; t++)
		hwloc_bitmap_set(cpus, core->cpu[t]);
	return cpus;
}

static void add_packages(Picture *p)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

	for (unsigned i = 0; i < p->host->cores->len; i++) {
		unsigned package = host_core(p->host, i)->package;
		hwloc_bitmap_t cpus;

		if (!g_hash_table_add(seen, GUINT_TO_POINTER(package)))
			continue;
		cpus = hwloc_bitmap_alloc();
		for (unsigned j = i; j < p->host->cores->len; j++)
			for (unsigned t = 0; t < host_core(p->host, j)->n_cpus; t++)
				if (host_core(p->host, j)->package == package)
					hwloc_bitmap_set(cpus, host_core(p->host, j)->cpu[t]);
		box_add(p, "Package", package, cpus, g_strdup(""), HOST_NONE);
	}
}

static bool has_box(const Picture *p, hwloc_const_bitmap_t cpus)
{
	for (unsigned i = 0; i < p->boxes->len; i++)
		if (hwloc_bitmap_isequal(box_at(p, i)->cpus, cpus))
			return true;
	return false;
}

/* NUMA nodes and L3s, whichever is larger first: either may hold the other. */
static void add_group(Picture *p, unsigned node)
{
	hwloc_const_bitmap_t cpus = host_node(p->host, node)->cpus;

	if (!hwloc_bitmap_iszero(cpus) && !has_box(p, cpus))
		box_add(p, "Group", HOST_NONE, hwloc_bitmap_dup(cpus),
			g_strdup(" kind=\"0\" subkind=\"0\" dont_merge=\"1\" subtype=\"NUMA\""),
			HOST_NONE);
}

static void add_l3(Picture *p, unsigned i)
{
	const L3 *l3 = &g_array_index(p->host->l3s, L3, i);

	box_add(p, "L3Cache", HOST_NONE, hwloc_bitmap_dup(l3->cpus),
		g_strdup_printf(" cache_size=\"%" G_GUINT64_FORMAT
				"\" depth=\"3\" cache_linesize=\"64\" "
				"cache_associativity=\"0\" cache_type=\"0\"",
				l3->size),
		HOST_NONE);
}

static int artifact_picture_largest(const Host *host, bool l3)
{
	int most = 0;

	for (unsigned i = 0; i < (l3 ? host->l3s : host->nodes)->len; i++)
		most = MAX(most, hwloc_bitmap_weight(l3 ? g_array_index(host->l3s, L3, i).cpus
							: host_node(host, i)->cpus));
	return most;
}

static void add_middle(Picture *p)
{
	bool l3_first =
		artifact_picture_largest(p->host, true) > artifact_picture_largest(p->host, false);

	for (unsigned pass = 0; pass < 2; pass++)
		if ((pass == 0) == l3_first)
			for (unsigned i = 0; i < p->host->l3s->len; i++)
				add_l3(p, i);
		else
			for (unsigned i = 0; i < p->host->nodes->len; i++)
				add_group(p, i);
}

static void add_boxes(Picture *p)
{
	box_add(p, "Machine", 0, hwloc_bitmap_dup(p->host->online), g_strdup(""), HOST_NONE);
	add_packages(p);
	add_middle(p);
	for (unsigned i = 0; i < p->host->nodes->len; i++) {
		unsigned home = box_around(p, host_node(p->host, i)->cpus);

		if (hwloc_bitmap_iszero(host_node(p->host, i)->cpus))
			home = MACHINE;
		/* hwloc hangs memory above caches. */
		while (home != MACHINE && !strcmp(box_at(p, home)->type, "L3Cache"))
			home = box_at(p, home)->parent;
		g_array_append_val(p->home, home);
	}
	for (unsigned i = 0; i < p->host->cores->len; i++)
		box_add(p, "Core", i, artifact_picture_core_cpus(host_core(p->host, i)),
			g_strdup(""), i);
}

/* Names */

char *picture_safe(const char *name, unsigned most)
{
	GString *safe = g_string_new(NULL);
	unsigned n = 0;

	for (; *name && n < most; name = g_utf8_next_char(name), n++) {
		gunichar c = g_utf8_get_char_validated(name, -1);

		if (c == (gunichar)-1 || c == (gunichar)-2)
			break;
		if (*name && n == most - 1 && *g_utf8_next_char(name))
			c = '~';
		if (g_unichar_isalnum(c) || (c < 128 && strchr("-_.+:@=~ ", (int)c)))
			g_string_append_unichar(safe, c);
		else
			g_string_append_c(safe, '_');
	}
	return g_string_free(safe, FALSE);
}

static void label_vm(Picture *p, unsigned index)
{
	const PlanVm *vm = g_ptr_array_index(p->plan->vms, index);
	g_autofree char *name = picture_safe(vm->spec->name, LABEL_MOST);

	for (unsigned v = 0; v < vm->pins->len; v++) {
		unsigned cpu = g_array_index(vm->pins, unsigned, v);

		if (cpu >= p->labels->len)
			continue;
		g_free(p->labels->pdata[cpu]);
		p->labels->pdata[cpu] =
			v < plan_vm_pinned(vm)
				? g_strdup_printf("%s v%u", name, vm_spec_pin_vcpu(vm->spec, v))
				: g_strdup_printf("%s helper", name);
		g_array_index(p->owner, unsigned, cpu) = index;
	}
}

/* A sibling that an odd number of vCPUs leaves idle is its VM's own. */
static void label_idle(Picture *p, const Core *core)
{
	unsigned owner = HOST_NONE;

	for (unsigned t = 0; t < core->n_cpus && owner == HOST_NONE; t++)
		owner = g_array_index(p->owner, unsigned, core->cpu[t]);
	for (unsigned t = 0; t < core->n_cpus && owner != HOST_NONE; t++)
		if (!p->labels->pdata[core->cpu[t]]) {
			const PlanVm *vm = g_ptr_array_index(p->plan->vms, owner);
			g_autofree char *name = picture_safe(vm->spec->name, LABEL_MOST);

			p->labels->pdata[core->cpu[t]] = g_strconcat(name, " idle", NULL);
			g_array_index(p->owner, unsigned, core->cpu[t]) = owner;
		}
}

/* Along the cores, VMs have the two greens in turn. */
static void add_shades(Picture *p)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
	bool second = true;

	for (unsigned i = 0; i < p->host->cores->len; i++) {
		unsigned owner = g_array_index(p->owner, unsigned, host_core(p->host, i)->cpu[0]);
		gpointer key = GUINT_TO_POINTER(owner + 1);

		if (owner == HOST_NONE)
			continue;
		if (g_hash_table_add(seen, key))
			second = !second;
		else
			second = g_hash_table_contains(p->second, key);
		if (second)
			g_hash_table_add(p->second, key);
	}
}

static void add_labels(Picture *p)
{
	int last = hwloc_bitmap_last(p->host->online);

	g_ptr_array_set_size(p->labels, last + 1);
	g_array_set_size(p->owner, (guint)last + 1);
	for (int cpu = 0; cpu <= last; cpu++)
		g_array_index(p->owner, unsigned, cpu) = HOST_NONE;
	for (unsigned i = 0; i < p->plan->vms->len; i++)
		label_vm(p, i);
	for (unsigned i = 0; i < p->host->cores->len; i++)
		label_idle(p, host_core(p->host, i));
	add_shades(p);
}

/* Objects */

static void append_set(Picture *p, const char *name, hwloc_const_bitmap_t set)
{
	char *text = NULL;

	hwloc_bitmap_asprintf(&text, set);
	g_string_append_printf(p->xml, " %s=\"%s\" complete_%s=\"%s\"", name, text, name, text);
	if (p->gp_index == 1)
		g_string_append_printf(p->xml, " allowed_%s=\"%s\"", name, text);
	free(text);
}

/* The nodes of CPUS: those inside and those around. */
static hwloc_bitmap_t artifact_picture_nodes_of(const Picture *p, hwloc_const_bitmap_t cpus)
{
	hwloc_bitmap_t nodes = hwloc_bitmap_alloc();

	for (unsigned i = 0; i < p->host->nodes->len; i++) {
		hwloc_const_bitmap_t home = box_at(p, g_array_index(p->home, unsigned, i))->cpus;

		if (hwloc_bitmap_isincluded(cpus, home) || hwloc_bitmap_isincluded(home, cpus))
			hwloc_bitmap_set(nodes, host_node(p->host, i)->id);
	}
	return nodes;
}

static void object_open(Picture *p, const char *type, unsigned os_index, hwloc_const_bitmap_t cpus,
			hwloc_const_bitmap_t nodes)
{
	p->gp_index++;
	g_string_append_printf(p->xml, "<object type=\"%s\"", type);
	if (os_index != HOST_NONE)
		g_string_append_printf(p->xml, " os_index=\"%u\"", os_index);
	append_set(p, "cpuset", cpus);
	append_set(p, "nodeset", nodes);
	g_string_append_printf(p->xml, " gp_index=\"%u\"", p->gp_index);
}

static void append_style(Picture *p, const char *background, const char *text)
{
	g_string_append_printf(
		p->xml, "<info name=\"lstopoStyle\" value=\"Background=%s;Text=%s;Text2=%s\"/>",
		background, text, text);
}

/* The trouble that CPU is in, NULL. */
static const Trouble *trouble_of(const Picture *p, unsigned cpu)
{
	for (unsigned i = 0; p->troubles && i < p->troubles->len; i++) {
		const Trouble *trouble = &g_array_index(p->troubles, Trouble, i);

		if (hwloc_bitmap_isset(trouble->cpus, cpu))
			return trouble;
	}
	return NULL;
}

/* What is info alone marks the letters: whose CPU it is stays to be seen. */
static void append_pu_style(Picture *p, unsigned cpu, Role role)
{
	unsigned owner = g_array_index(p->owner, unsigned, cpu);
	bool second = g_hash_table_contains(p->second, GUINT_TO_POINTER(owner + 1));
	const char *color = second ? picture_second_vm_color : picture_colors[role];
	const Trouble *trouble = trouble_of(p, cpu);

	if (!trouble)
		append_style(p, color, "#000000");
	else if (trouble->worst == SEVERITY_INFO)
		append_style(p, color, picture_trouble_colors[SEVERITY_INFO]);
	else
		append_style(p, picture_trouble_colors[trouble->worst], "#ffffff");
}

static void append_pu(Picture *p, unsigned cpu, Role role, hwloc_const_bitmap_t nodes)
{
	g_auto(CpuSet) self = hwloc_bitmap_alloc();
	const char *label = p->labels->pdata[cpu];

	hwloc_bitmap_only(self, cpu);
	object_open(p, "PU", cpu, self, nodes);
	g_string_append_printf(p->xml, " subtype=\"%s\">", label ? label : role_names[role]);
	append_pu_style(p, cpu, role);
	g_string_append(p->xml, "</object>");
}

static void append_node(Picture *p, unsigned i)
{
	const NumaNode *node = host_node(p->host, i);
	g_auto(CpuSet) self = hwloc_bitmap_alloc();

	hwloc_bitmap_only(self, node->id);
	object_open(p, "NUMANode", node->id, box_at(p, g_array_index(p->home, unsigned, i))->cpus,
		    self);
	g_string_append_printf(p->xml, " local_memory=\"%" G_GUINT64_FORMAT "\"/>", node->memory);
}

static void append_box(Picture *p, unsigned index);

static void append_inside(Picture *p, unsigned index, hwloc_const_bitmap_t nodes)
{
	const Box *box = box_at(p, index);

	for (unsigned i = 0; i < p->home->len; i++)
		if (g_array_index(p->home, unsigned, i) == index)
			append_node(p, i);
	for (unsigned i = 1; i < p->boxes->len; i++)
		if (box_at(p, i)->parent == index)
			append_box(p, i);
	for (unsigned t = 0; box->core != HOST_NONE && t < host_core(p->host, box->core)->n_cpus;
	     t++)
		append_pu(p, host_core(p->host, box->core)->cpu[t],
			  g_array_index(p->plan->roles, Role, box->core), nodes);
}

/* No deeper than machine, package, group, L3, core. */
static void append_box(Picture *p, unsigned index)
{
	const Box *box = box_at(p, index);
	g_auto(CpuSet) nodes = artifact_picture_nodes_of(p, box->cpus);

	object_open(p, box->type, box->os_index, box->cpus, nodes);
	g_string_append_printf(p->xml, "%s>", box->attributes);
	if (!strcmp(box->type, "Group"))
		append_style(p, "#f8f8f8", "#000000");
	append_inside(p, index, nodes);
	g_string_append(p->xml, "</object>");
}

char *picture_xml(const Plan *plan, const Check *check)
{
	Picture p = {.plan = plan,
		     .host = plan->host,
		     .troubles = check ? check_troubles(check) : NULL,
		     .boxes = g_array_new(FALSE, FALSE, sizeof(Box)),
		     .home = g_array_new(FALSE, FALSE, sizeof(unsigned)),
		     .labels = g_ptr_array_new_with_free_func(g_free),
		     .owner = g_array_new(FALSE, FALSE, sizeof(unsigned)),
		     .second = g_hash_table_new(NULL, NULL),
		     .xml = g_string_new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
					 "<!DOCTYPE topology SYSTEM \"hwloc2.dtd\">\n"
					 "<topology version=\"2.0\">\n")};

	g_array_set_clear_func(p.boxes, (GDestroyNotify)box_clear);
	add_boxes(&p);
	add_labels(&p);
	append_box(&p, MACHINE);
	g_string_append(p.xml, "\n</topology>\n");
	g_array_unref(p.boxes);
	g_array_unref(p.home);
	g_array_unref(p.owner);
	g_hash_table_unref(p.second);
	g_ptr_array_unref(p.labels);
	g_clear_pointer(&p.troubles, g_array_unref);
	return g_string_free(p.xml, FALSE);
}

static char *picture_compose(Fill *f)
{
	return picture_xml(f->plan, NULL);
}

const Artifact artifact_hwloc_xml = {
	.name = "hwloc-xml",
	.help = "the host with roles and VMs as hwloc XML, for lstopo -i",
	.render = picture_compose,
};

const Artifact artifact_picture = {
	.name = "svg",
	.help = "a picture of the host, CPUs by role and VM; drawn by lstopo-no-graphics",
	.drawn = true,
	.render = picture_compose,
};
