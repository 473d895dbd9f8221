/* SPDX-License-Identifier: MIT */
#include "cmd/fit.h"
#include "cmd/output.h"
#include "planner/base/naming.h"
#include "planner/base/size.h"
#include "topology/base/list.h"

#include <stdio.h>
#include <string.h>

#define GREEN "\033[32m"
#define RED "\033[31m"

static const char *fit_people_plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* "131G"; "?" where it is not known. */
static char *bytes_text(uint64_t bytes)
{
	return bytes == UINT64_MAX ? g_strdup("?") : size_format_rounded(bytes);
}

static char *fit_people_count_text(const FitCount *count)
{
	if (count->fit == count->bound)
		return g_strdup_printf("%u", count->fit);
	return g_strdup_printf("%u..%u", count->fit, count->bound);
}

/* The head */

/* "big, off and 3 more"; "-" where there are none. Yours. */
static char *names_text(const GPtrArray *vms)
{
	Naming naming = {0};

	for (unsigned i = 0; i < vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(vms, i);
		g_autofree char *safe = output_safe(vm->spec->name);

		naming_add(&naming, safe);
	}
	return vms->len ? naming_end(&naming) : g_strdup("-");
}

static void print_refused(const Fit *fit, bool color)
{
	g_autofree char *names = names_text(fit->base->refused);
	g_autofree char *text =
		g_strdup_printf("the inventory itself does not fit: %s unplaced; the rest counts "
				"only the others ('planner plan' says more)",
				names);
	g_autofree char *folded = output_fold(text, output_width(), 0);

	printf("%s%s%s\n", color ? RED : "", folded, output_reset(color));
}

static void fit_people_print_head(const Fit *fit, bool color)
{
	g_autofree char *name =
		output_safe(fit->plan->node->name ? fit->plan->node->name : "this node");
	unsigned wanted = fit->base->plan->vms->len;

	printf("%s%s%s: %u of %u VM%s placed\n", output_bold(color), name, output_reset(color),
	       wanted - fit->base->refused->len, wanted, fit_people_plural(wanted));
	if (fit->base->refused->len)
		print_refused(fit, color);
	putchar('\n');
}

/* Rooms */

static char *room_cpus(const FitRoom *room)
{
	return room->free ? cpulist_format(room->cpus) : g_strdup("-");
}

static void room_line(struct libscols_table *table, const Fit *fit, unsigned i)
{
	const FitRoom *room = &g_array_index(fit->rooms, FitRoom, i);
	bool first = !i || g_array_index(fit->rooms, FitRoom, i - 1).node != room->node;
	g_autofree char *node = g_strdup_printf("%u", fit_node_id(fit, room->node));
	g_autofree char *l3 =
		room->l3 == HOST_NONE ? g_strdup("-") : g_strdup_printf("%u", room->l3);
	g_autofree char *free_cores = g_strdup_printf("%u of %u", room->free, room->cores);
	g_autofree char *threads = g_strdup_printf("%u", room->free * room->threads);
	g_autofree char *memory = bytes_text(fit->memory[room->node]);
	g_autofree char *cpus = room_cpus(room);

	output_line(table, (const char *const[]){node, l3, free_cores, threads, first ? memory : "",
						 cpus});
}

static void rooms_sum(struct libscols_table *table, const Fit *fit)
{
	g_autofree char *cpus = cpulist_format(fit->plan->cpus[ROLE_FREE]);
	g_autofree char *sum = NULL, *all = NULL;
	unsigned cores = 0, free_cores = 0, threads = 0;

	for (unsigned i = 0; i < fit->rooms->len; i++) {
		const FitRoom *room = &g_array_index(fit->rooms, FitRoom, i);

		cores += room->cores;
		free_cores += room->free;
		threads += room->free * room->threads;
	}
	sum = g_strdup_printf("%u of %u", free_cores, cores);
	all = g_strdup_printf("%u", threads);
	output_line(table, (const char *const[]){"all", "", sum, all, "", *cpus ? cpus : "-"});
}

static void print_rooms(const Fit *fit, bool color)
{
	static const char *const columns[] = {">NODE",	 ">L3",	  ">FREE CORES", ">THREADS",
					      ">MEMORY", "~CPUS", NULL};
	struct libscols_table *table;

	if (!fit->rooms->len)
		return;
	table = output_table(columns, color);
	for (unsigned i = 0; i < fit->rooms->len; i++)
		room_line(table, fit, i);
	if (fit->rooms->len > 1)
		rooms_sum(table, fit);
	output_print(table);
	scols_unref_table(table);
}

static void print_stranded(const Fit *fit, bool color)
{
	static const char *const columns[] = {">STRANDED THREADS", "~CPUS", "~WHY", NULL};
	struct libscols_table *table;

	if (!fit->stranded->len)
		return;
	putchar('\n');
	table = output_table(columns, color);
	for (unsigned i = 0; i < fit->stranded->len; i++) {
		const FitStranded *stranded = g_ptr_array_index(fit->stranded, i);
		g_autofree char *n = g_strdup_printf("%d", hwloc_bitmap_weight(stranded->cpus));
		g_autofree char *cpus = cpulist_format(stranded->cpus);
		g_autofree char *names = names_text(stranded->vms);
		g_autofree char *why = stranded->vms->len
					       ? g_strdup_printf("%s: %s", stranded->why, names)
					       : g_strdup(stranded->why);

		output_line(table, (const char *const[]){n, cpus, why});
	}
	output_print(table);
	scols_unref_table(table);
}

/* Sizes */

/* The nodes from FIRST on that have as many as it, by id; none where an earlier one has. Yours. */
static hwloc_bitmap_t nodes_like(const Fit *fit, const FitAnswer *answer, unsigned first)
{
	hwloc_bitmap_t ids = hwloc_bitmap_alloc();

	for (unsigned n = 0; n < fit->plan->host->nodes->len; n++) {
		if (answer->nodes[n] != answer->nodes[first])
			continue;
		if (n < first)
			break;
		hwloc_bitmap_set(ids, fit_node_id(fit, n));
	}
	return ids;
}

/* "on node 0", "on each of nodes 0-2" */
static void append_nodes(GString *text, hwloc_const_bitmap_t ids)
{
	g_autofree char *list = cpulist_format(ids);

	g_string_append_printf(text, "on %s %s",
			       hwloc_bitmap_weight(ids) > 1 ? "each of nodes" : "node", list);
}

/* "2 on node 0, 3 on each of nodes 1-2, 1 across nodes"; "on node 0" where all are there. Yours. */
static char *where_text(const Fit *fit, const FitAnswer *answer)
{
	GString *text = g_string_new(NULL);

	for (unsigned n = 0; n < fit->plan->host->nodes->len; n++) {
		g_auto(CpuSet) ids = nodes_like(fit, answer, n);

		if (!answer->nodes[n] || hwloc_bitmap_iszero(ids))
			continue;
		if (answer->nodes[n] < answer->count.fit)
			list_add(text, "%u ", answer->nodes[n]);
		append_nodes(text, ids);
	}
	if (answer->across && answer->across < answer->count.fit)
		g_string_append_printf(text, ", %u ", answer->across);
	if (answer->across)
		g_string_append(text, "across nodes");
	if (!text->len)
		g_string_append_c(text, '-');
	return g_string_free(text, FALSE);
}

/* "; 131G of memory left", "" where it is not known. Yours. */
static char *fit_people_memory_text(uint64_t left)
{
	g_autofree char *bytes = bytes_text(left);

	return left == UINT64_MAX ? g_strdup("") : g_strdup_printf("; %s of memory left", bytes);
}

/* What runs out, and what is then left of the other. */
static char *limit_text(const FitAnswer *answer)
{
	g_autofree char *memory = fit_people_memory_text(answer->memory_left);

	switch (answer->limit) {
	case FIT_CORES:
		return g_strdup_printf("out of cores%s", memory);
	case FIT_MEMORY:
		return g_strdup_printf("out of memory; %u core%s left, enough for %u more",
				       answer->cores_left, fit_people_plural(answer->cores_left),
				       answer->cores_alone - answer->count.fit);
	case FIT_TOGETHER:
		return g_strdup_printf("out of adjacent cores; %u are left apart%s",
				       answer->cores_left, memory);
	case FIT_SEARCH:
		return g_strdup("unknown: the search stopped at its budget");
	case FIT_NOTHING:
		return g_strdup("nothing runs out");
	}
	g_assert_not_reached();
}

static void color_count(struct libscols_line *line, unsigned column, const FitCount *count,
			bool color)
{
	if (color)
		scols_cell_set_color(scols_line_get_cell(line, column), count->fit ? GREEN : RED);
}

static void size_line(struct libscols_table *table, const Fit *fit, const FitAnswer *answer,
		      bool color)
{
	g_autofree char *count = fit_people_count_text(&answer->count);
	g_autofree char *where = where_text(fit, answer);
	g_autofree char *limit = limit_text(answer);
	const char *const cells[] = {answer->spec->name, count, where, limit};

	color_count(output_line(table, cells), 1, &answer->count, color);
}

static bool all_proved(const Fit *fit)
{
	for (unsigned i = 0; i < fit->sizes->len; i++) {
		const FitAnswer *answer = g_ptr_array_index(fit->sizes, i);

		if (answer->count.fit < answer->count.bound)
			return false;
	}
	return true;
}

static void fit_people_print_sizes(const Fit *fit, bool color)
{
	static const char *const columns[] = {"SIZE", ">MORE", "~WHERE", "~THEN", NULL};
	struct libscols_table *table = output_table(columns, color);

	for (unsigned i = 0; i < fit->sizes->len; i++)
		size_line(table, fit, g_ptr_array_index(fit->sizes, i), color);
	output_print(table);
	scols_unref_table(table);
	if (all_proved(fit))
		puts("Proved: 'planner plan' places this many, and not one more.");
}

/* Why not one more */

static void why_line(struct libscols_table *table, const FitAnswer *answer)
{
	g_autofree char *why = output_safe(answer->why);
	g_autofree char *fix = output_safe(answer->fix ? answer->fix : "");
	g_autofree char *text = *fix ? g_strdup_printf("%s; fix: %s", why, fix) : g_strdup(why);

	output_line(table, (const char *const[]){answer->spec->name, text});
}

/* Of the usual sizes those alone that something can be done about. */
static void print_whys(const Fit *fit, bool color)
{
	static const char *const columns[] = {"SIZE", "~WHY NOT ONE MORE", NULL};
	struct libscols_table *table = output_table(columns, color);

	for (unsigned i = 0; i < fit->sizes->len; i++) {
		const FitAnswer *answer = g_ptr_array_index(fit->sizes, i);

		if (answer->why && (answer->fix || answer->asked))
			why_line(table, answer);
	}
	if (scols_table_get_nlines(table)) {
		putchar('\n');
		output_print(table);
	}
	scols_unref_table(table);
}

/* Mix and largest */

/* "2 x 16:32G, 1 x 4:8G: 36 vCPUs" */
static char *mix_text(const Fit *fit)
{
	const FitMix *mix = &fit->mix;
	GString *text = g_string_new(NULL);

	for (unsigned i = 0; i < mix->parts->len; i++) {
		const FitSize *part = &g_array_index(mix->parts, FitSize, i);

		list_add(text, "%u x %s", part->count, part->spec->name);
	}
	if (!text->len) {
		g_string_append(text, mix->proved ? "none in one node"
						  : "unknown: none is found, and none ruled out");
		return g_string_free(text, FALSE);
	}
	g_string_append_printf(text, ": %" G_GUINT64_FORMAT " vCPUs", mix->vcpus);
	if (!mix->proved)
		g_string_append(text, " at least");
	return g_string_free(text, FALSE);
}

static char *largest_text(const Fit *fit, const FitLargest *largest)
{
	GString *text = g_string_new(NULL);

	if (!largest->vcpus) {
		g_string_append(text, largest->proved
					      ? "none"
					      : "unknown: the search stopped at its budget");
		return g_string_free(text, FALSE);
	}
	g_string_append_printf(text, "%u vCPU%s", largest->vcpus,
			       fit_people_plural(largest->vcpus));
	if (fit->per_vcpu) {
		g_autofree char *memory = size_format(largest->vcpus * fit->per_vcpu);

		g_string_append_printf(text, ", %s", memory);
	}
	if (largest->node == HOST_NONE)
		g_string_append_printf(text, ", over %u nodes", largest->nodes);
	else
		g_string_append_printf(text, ", node %u", fit_node_id(fit, largest->node));
	if (largest->l3 != HOST_NONE)
		g_string_append_printf(text, ", L3 %u", largest->l3);
	if (!largest->proved)
		g_string_append(text, ", at least");
	return g_string_free(text, FALSE);
}

static void fit_people_print_folded(const char *what, const char *text)
{
	unsigned width = output_width(), indent = 24;
	g_autofree char *folded =
		output_fold(text, width > 2 * indent ? width - indent : 0, indent);

	printf("%-*s%s\n", (int)indent, what, folded);
}

static void print_largest(const Fit *fit)
{
	static const char *const names[FIT_LEVELS] = {"Largest VM in one L3", "  in one node",
						      "  over nodes"};

	for (unsigned i = 0; i < FIT_LEVELS; i++) {
		g_autofree char *text = largest_text(fit, &fit->largest[i]);

		if (i && fit->largest[i].vcpus == fit->largest[i - 1].vcpus)
			continue;
		fit_people_print_folded(names[i], text);
	}
}

static void print_mix(const Fit *fit)
{
	g_autofree char *mix = mix_text(fit);

	fit_people_print_folded("Best mix", mix);
}

/* NodeSide by side */

typedef struct Sides {
	const Fit *today, *what_if;
	struct libscols_table *table;
	bool color;
} Sides;

static void side_line(const Sides *sides, const char *what, const char *today, const char *changed)
{
	struct libscols_line *line =
		output_line(sides->table, (const char *const[]){what, today, changed});

	if (sides->color && strcmp(today, changed) != 0)
		scols_cell_set_color(scols_line_get_cell(line, 2), "\033[1m");
}

static const FitAnswer *answer_for(const Fit *fit, const char *name)
{
	for (unsigned i = 0; i < fit->sizes->len; i++) {
		const FitAnswer *answer = g_ptr_array_index(fit->sizes, i);

		if (!strcmp(answer->spec->name, name))
			return answer;
	}
	return NULL;
}

/* "3 (vm1, vm2 move)" */
static char *moved_text(const FitAnswer *answer)
{
	g_autofree char *count = fit_people_count_text(&answer->count);
	g_autofree char *names = names_text(answer->movers);

	if (!answer->movers->len)
		return g_steal_pointer(&count);
	return g_strdup_printf("%s (%s move%s)", count, names, answer->movers->len == 1 ? "s" : "");
}

static void side_sizes(const Sides *sides)
{
	for (unsigned i = 0; i < sides->today->sizes->len; i++) {
		const FitAnswer *today = g_ptr_array_index(sides->today->sizes, i);
		const FitAnswer *changed = answer_for(sides->what_if, today->spec->name);
		g_autofree char *what = g_strdup_printf("more of %s", today->spec->name);
		g_autofree char *left = fit_people_count_text(&today->count);
		g_autofree char *right = changed ? moved_text(changed) : g_strdup("-");

		side_line(sides, what, left, right);
	}
}

static void side_largest(const Sides *sides)
{
	static const char *const names[FIT_LEVELS] = {
		"largest VM in one L3", "largest VM in one node", "largest VM over nodes"};

	for (unsigned i = 0; i < FIT_LEVELS; i++) {
		g_autofree char *left = largest_text(sides->today, &sides->today->largest[i]);
		g_autofree char *right = largest_text(sides->what_if, &sides->what_if->largest[i]);

		if (!i || sides->today->largest[i].vcpus != sides->today->largest[i - 1].vcpus ||
		    sides->what_if->largest[i].vcpus != sides->what_if->largest[i - 1].vcpus)
			side_line(sides, names[i], left, right);
	}
}

/* "9 cores, 131G" of each node */
static char *node_text(const Fit *fit, unsigned node)
{
	g_autofree char *memory = bytes_text(fit->memory[node]);
	unsigned cores = 0;

	for (unsigned i = 0; i < fit->rooms->len; i++) {
		const FitRoom *room = &g_array_index(fit->rooms, FitRoom, i);

		cores += room->node == node ? room->free : 0;
	}
	return g_strdup_printf("%u core%s, %s", cores, fit_people_plural(cores), memory);
}

static void side_nodes(const Sides *sides)
{
	const Host *host = sides->today->plan->host;

	for (unsigned n = 0; n < host->nodes->len; n++) {
		g_autofree char *what = g_strdup_printf("free on node %u", host_node(host, n)->id);
		g_autofree char *left = node_text(sides->today, n);
		g_autofree char *right = node_text(sides->what_if, n);

		if (!hwloc_bitmap_iszero(host_node(host, n)->cpus))
			side_line(sides, what, left, right);
	}
}

static void side_refused(const Sides *sides)
{
	g_autofree char *left = names_text(sides->today->base->refused);
	g_autofree char *right = names_text(sides->what_if->base->refused);

	if (sides->today->base->refused->len || sides->what_if->base->refused->len)
		side_line(sides, "no place for", left, right);
}

static char *placed_text(const Fit *fit)
{
	unsigned wanted = fit->base->plan->vms->len;

	return g_strdup_printf("%u of %u", wanted - fit->base->refused->len, wanted);
}

/* "sdk.cores-per-node=1, 2 moves" */
static char *asked_text(const FitWhatIf *what_if)
{
	GString *text = g_string_new(NULL);

	for (unsigned i = 0; what_if->settings && what_if->settings[i]; i++) {
		g_autofree char *safe = output_safe(what_if->settings[i]);

		list_add(text, "%s", safe);
	}
	if (what_if->moves)
		list_add(text, "%u move%s", what_if->moves, fit_people_plural(what_if->moves));
	return g_string_free(text, FALSE);
}

static void print_sides(const Fit *fit, const FitWhatIf *what_if, bool color)
{
	static const char *const columns[] = {"", "~TODAY", "~WHAT IF", NULL};
	Sides sides = {fit, what_if->fit, output_table(columns, color), color};
	g_autofree char *asked = asked_text(what_if);
	g_autofree char *left = placed_text(fit), *right = placed_text(what_if->fit);
	g_autofree char *mix = mix_text(fit), *other_mix = mix_text(what_if->fit);

	printf("%sWhat if%s %s\n\n", output_bold(color), output_reset(color), asked);
	side_line(&sides, "VMs placed", left, right);
	side_refused(&sides);
	side_sizes(&sides);
	side_line(&sides, "best mix", mix, other_mix);
	side_largest(&sides);
	side_nodes(&sides);
	output_print(sides.table);
	scols_unref_table(sides.table);
}

void fit_print(const Fit *fit, const FitWhatIf *what_if, bool color)
{
	fit_people_print_head(fit, color);
	if (what_if->fit) {
		print_sides(fit, what_if, color);
		print_whys(what_if->fit, color);
		return;
	}
	print_rooms(fit, color);
	print_stranded(fit, color);
	putchar('\n');
	fit_people_print_sizes(fit, color);
	putchar('\n');
	print_mix(fit);
	print_largest(fit);
	print_whys(fit, color);
}
