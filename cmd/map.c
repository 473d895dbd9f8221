/* SPDX-License-Identifier: MIT */
#include "cmd/map.h"
#include "cmd/output.h"

#include <stdio.h>

#define LABEL_MOST 12 /* characters of a VM's name that are shown */
#define PIPE_WIDTH 80

char *map_siblings(const Host *host)
{
	const Core *first = host_core(host, 0);
	unsigned stride = first->n_cpus > 1 ? first->cpu[1] - first->cpu[0] : 0;
	GString *text;

	for (unsigned i = 0; i < host->cores->len; i++) {
		const Core *core = host_core(host, i);

		if (core->n_cpus != first->n_cpus)
			return g_strdup("");
		for (unsigned t = 1; t < core->n_cpus; t++)
			if (core->cpu[t] != core->cpu[0] + t * stride)
				return g_strdup("");
	}
	if (!stride)
		return g_strdup("");
	text = g_string_new("n");
	for (unsigned t = 1; t < first->n_cpus; t++)
		g_string_append_printf(text, ", n+%u", t * stride);
	return g_string_free(text, FALSE);
}

/* The VM that has each CPU, found once: NULL = none. Values are borrowed from the plan. */
static GHashTable *map_tenants_of(const Plan *plan)
{
	GHashTable *tenants = g_hash_table_new(NULL, NULL);

	for (unsigned i = 0; i < plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);

		for (unsigned v = 0; v < vm->pins->len; v++)
			g_hash_table_insert(tenants,
					    GUINT_TO_POINTER(g_array_index(vm->pins, unsigned, v)),
					    vm->spec->name);
	}
	return tenants;
}

static char *map_shorten(const char *name)
{
	g_autofree char *safe = output_safe(name);
	g_autofree char *head = NULL;

	if (g_utf8_strlen(safe, -1) <= LABEL_MOST)
		return g_steal_pointer(&safe);
	head = g_utf8_substring(safe, 0, LABEL_MOST - 1);
	return g_strconcat(head, "~", NULL);
}

/* The VM on any thread of the core, else the core's role. */
static char *core_label(const Plan *plan, GHashTable *tenants, unsigned index)
{
	const Core *core = host_core(plan->host, index);

	for (unsigned t = 0; t < core->n_cpus; t++) {
		const char *name = g_hash_table_lookup(tenants, GUINT_TO_POINTER(core->cpu[t]));

		if (name)
			return map_shorten(name);
	}
	return g_strdup(role_names[g_array_index(plan->roles, Role, index)]);
}

typedef struct Map {
	const Plan *plan;
	char **labels; /* by core */
	unsigned digits, label_width, per_line;
	bool color;
} Map;

static void map_measure(Map *map)
{
	unsigned width = output_width();

	map->digits = (unsigned)snprintf(NULL, 0, "%d", hwloc_bitmap_last(map->plan->host->online));
	for (unsigned i = 0; map->labels[i]; i++)
		map->label_width =
			MAX(map->label_width, (unsigned)g_utf8_strlen(map->labels[i], -1));
	map->per_line = ((width ? width : PIPE_WIDTH) - 2) / (map->digits + map->label_width + 3);
	map->per_line = MAX(map->per_line, 1);
}

static void print_core(const Map *map, unsigned index, bool last)
{
	const Core *core = host_core(map->plan->host, index);
	const char *label = map->labels[index];
	Role role = g_array_index(map->plan->roles, Role, index);
	const char *color = output_role_color(role, map->color);
	int pad = (int)(map->label_width - (unsigned)g_utf8_strlen(label, -1));

	printf("%*u %s%s%s%*s", (int)map->digits, core->cpu[0], color, label, output_reset(*color),
	       last ? 0 : pad + 2, "");
}

/* The cores of one room: those of a node that share an L3. */
static GArray *room_cores(const Host *host, unsigned node, unsigned l3)
{
	GArray *cores = g_array_new(FALSE, FALSE, sizeof(unsigned));

	for (unsigned i = 0; i < host->cores->len; i++)
		if (host_core(host, i)->node == node && host_core(host, i)->l3 == l3)
			g_array_append_val(cores, i);
	return cores;
}

/* As few lines as the width allows, all as long as each other. */
static void print_room(const Map *map, const GArray *cores)
{
	unsigned lines = (cores->len + map->per_line - 1) / map->per_line;
	unsigned per_line = (cores->len + lines - 1) / lines;

	for (unsigned i = 0; i < cores->len; i++) {
		bool first = i % per_line == 0;
		bool last = i + 1 == cores->len || (i + 1) % per_line == 0;

		fputs(first ? "  " : "", stdout);
		print_core(map, g_array_index(cores, unsigned, i), last);
		fputs(last ? "\n" : "", stdout);
	}
}

static void map_print_node(const Map *map, unsigned node)
{
	const Host *host = map->plan->host;

	for (unsigned i = 0; i <= host->l3s->len; i++) {
		unsigned l3 = i < host->l3s->len ? i : HOST_NONE;
		g_autoptr(GArray) cores = room_cores(host, node, l3);

		if (!cores->len)
			continue;
		printf("node %u", host_node(host, node)->id);
		if (l3 != HOST_NONE)
			printf(", L3 %u", l3);
		putchar('\n');
		print_room(map, cores);
	}
}

void map_print(const Plan *plan, bool color)
{
	g_autoptr(GHashTable) tenants = map_tenants_of(plan);
	g_auto(GStrv) labels = g_new0(char *, plan->host->cores->len + 1);
	g_autofree char *siblings = map_siblings(plan->host);
	Map map = {.plan = plan, .labels = labels, .color = color};

	for (unsigned i = 0; i < plan->host->cores->len; i++)
		labels[i] = core_label(plan, tenants, i);
	map_measure(&map);
	printf("%sCores%s, by their lowest CPU%s%s\n", output_bold(color), output_reset(color),
	       *siblings ? "; siblings are " : "", siblings);
	for (unsigned node = 0; node < plan->host->nodes->len; node++)
		map_print_node(&map, node);
}
