/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"
#include "cmd/inputs.h"
#include "cmd/map.h"
#include "cmd/output.h"
#include "planner/base/size.h"
#include "planner/base/subject.h"
#include "planner/document/host_write.h"
#include "topology/base/error.h"

#include <stdio.h>

static unsigned n_sockets(const Host *host)
{
	g_autoptr(GHashTable) sockets = g_hash_table_new(NULL, NULL);

	for (unsigned i = 0; i < host->cores->len; i++)
		g_hash_table_add(sockets, GUINT_TO_POINTER(host_core(host, i)->package));
	return g_hash_table_size(sockets);
}

static bool show_threads_differ(const Host *host)
{
	for (unsigned i = 0; i < host->cores->len; i++)
		if (host_core(host, i)->n_cpus != host->max_threads)
			return true;
	return false;
}

static void print_list(const char *what, hwloc_const_bitmap_t cpus)
{
	g_autofree char *list = cpulist_format(cpus);

	if (!hwloc_bitmap_iszero(cpus))
		printf("  %-10s %s\n", what, list);
}

static void show_print_head(const Host *host, bool color)
{
	g_autofree char *model = output_safe(host->model ? host->model : "Host");
	g_autofree char *arch = output_safe(host->arch ? host->arch : "");
	g_autofree char *siblings = map_siblings(host);
	g_auto(CpuSet) hidden = hwloc_bitmap_alloc();

	printf("%s%s%s%s%s\n", output_bold(color), model, output_reset(color), *arch ? ", " : "",
	       arch);
	printf("  %u socket%s, %u NUMA node%s, %u L3, %u cores, %d CPUs, %s%u thread%s a core\n",
	       n_sockets(host), n_sockets(host) == 1 ? "" : "s", host->nodes->len,
	       host->nodes->len == 1 ? "" : "s", host->l3s->len, host->cores->len,
	       hwloc_bitmap_weight(host->online), show_threads_differ(host) ? "up to " : "",
	       host->max_threads, host->max_threads == 1 ? "" : "s");
	if (*siblings)
		printf("  %-10s %s\n", "siblings", siblings);
	print_list("online", host->online);
	print_list("offline", host->offline);
	hwloc_bitmap_andnot(hidden, host->online, host->allowed);
	print_list("disallowed", hidden);
	printf("  %-10s %s\n\n", "topology", host->fingerprint);
}

static unsigned cores_on(const Host *host, unsigned node)
{
	unsigned n = 0;

	for (unsigned i = 0; i < host->cores->len; i++)
		n += host_core(host, i)->node == node;
	return n;
}

static char *sockets_of(const Host *host, unsigned node)
{
	g_auto(CpuSet) sockets = hwloc_bitmap_alloc();

	for (unsigned i = 0; i < host->cores->len; i++)
		if (host_core(host, i)->node == node)
			hwloc_bitmap_set(sockets, host_core(host, i)->package);
	return cpulist_format(sockets);
}

static void node_line(struct libscols_table *table, const Host *host, unsigned index)
{
	const NumaNode *node = host_node(host, index);
	g_autofree char *id = g_strdup_printf("%u", node->id);
	g_autofree char *sockets = sockets_of(host, index);
	g_autofree char *cores = g_strdup_printf("%u", cores_on(host, index));
	g_autofree char *memory = host_node_memory(host, index) == UINT64_MAX
					  ? g_strdup("not known")
					  : size_format_rounded(node->memory);
	g_autofree char *cpus =
		hwloc_bitmap_iszero(node->cpus)
			? g_strdup_printf("memory only%s%s", node->subtype ? ": " : "",
					  node->subtype ? node->subtype : "")
			: cpulist_format(node->cpus);

	output_line(table, (const char *const[]){id, sockets, cores, memory, cpus});
}

static void show_print_nodes(const Host *host, bool color)
{
	static const char *const columns[] = {">NODE",	 ">SOCKET", ">CORES",
					      ">MEMORY", "~CPUS",   NULL};
	struct libscols_table *table = output_table(columns, color);

	for (unsigned i = 0; i < host->nodes->len; i++)
		node_line(table, host, i);
	output_print(table);
	scols_unref_table(table);
}

static void device_line(struct libscols_table *table, const Host *host, const Device *device)
{
	g_autofree char *node = device->node == HOST_NONE
					? g_strdup("not known")
					: g_strdup_printf("%u", host_node(host, device->node)->id);

	output_line(table,
		    (const char *const[]){device->name, device->busid ? device->busid : "-", node});
}

static void print_devices(const Host *host, bool color)
{
	static const char *const columns[] = {"DEVICE", "BUS", ">NODE", NULL};
	struct libscols_table *table;

	if (!host->devices->len)
		return;
	putchar('\n');
	table = output_table(columns, color);
	for (unsigned i = 0; i < host->devices->len; i++)
		device_line(table, host, &g_array_index(host->devices, Device, i));
	output_print(table);
	scols_unref_table(table);
}

/* The cores of each L3, with all their CPUs: what a VM can have. */

/* A line's cores are of one node, die, L3, cluster and kind; those in no L3 come last. */
static int core_compare(const void *a, const void *b, void *data)
{
	const Core *one = host_core(data, *(const unsigned *)a);
	const Core *other = host_core(data, *(const unsigned *)b);

	if (one->node != other->node)
		return one->node < other->node ? -1 : 1;
	if (one->die != other->die)
		return one->die < other->die ? -1 : 1;
	if (one->l3 != other->l3)
		return one->l3 < other->l3 ? -1 : 1;
	if (one->cluster != other->cluster)
		return one->cluster < other->cluster ? -1 : 1;
	return (one->kind > other->kind) - (one->kind < other->kind);
}

/* Which columns a host has: those that tell its cores apart. */
typedef struct ShowCores {
	const Host *host;
	struct libscols_table *table;
	bool dies, clusters, kinds;
} ShowCores;

/* The line of CORES[I] and those alike that follow it. How many they are. */
static unsigned cores_line(const ShowCores *show, const GArray *cores, unsigned i)
{
	const Host *host = show->host;
	const unsigned *alike = &g_array_index(cores, unsigned, i);
	const Core *first = host_core(host, *alike);
	g_autoptr(GString) names = g_string_new(NULL);
	g_autofree char *id = g_strdup_printf("%u", host_node(host, first->node)->id);
	g_autofree char *die = first->die ? g_strdup_printf("%u", first->die) : g_strdup("-");
	g_autofree char *cache =
		first->l3 == HOST_NONE ? g_strdup("-") : g_strdup_printf("%u", first->l3);
	g_autofree char *cluster =
		first->cluster ? g_strdup_printf("%u", first->cluster) : g_strdup("-");
	g_autofree char *speed = g_strdup_printf("%u", first->kind);
	const char *cells[7] = {id};
	unsigned n = 0, cell = 1;

	for (; i + n < cores->len && !core_compare(alike, &alike[n], (void *)host); n++) {
		const Core *core = host_core(host, alike[n]);
		g_autofree char *siblings = siblings_name(core);

		g_string_append_printf(names, "%s%s%s", n ? " " : "", siblings,
				       core->partial ? "(sibling offline)" : "");
	}
	if (show->dies)
		cells[cell++] = die;
	cells[cell++] = cache;
	if (show->clusters)
		cells[cell++] = cluster;
	if (show->kinds)
		cells[cell++] = speed;
	cells[cell] = names->str;
	output_line(show->table, cells);
	return n;
}

/* The columns that not every host has. */
static ShowCores show_cores(const Host *host)
{
	ShowCores show = {.host = host, .kinds = host->n_kinds > 1};

	for (unsigned i = 0; i < host->cores->len; i++) {
		show.dies |= host_core(host, i)->die > 0;
		show.clusters |= host_core(host, i)->cluster > 0;
	}
	return show;
}

static void print_cores(const Host *host, bool color)
{
	ShowCores show = show_cores(host);
	const char *columns[7] = {">NODE"};
	unsigned column = 1;
	g_autoptr(GArray) cores =
		g_array_sized_new(FALSE, FALSE, sizeof(unsigned), host->cores->len);

	if (show.dies)
		columns[column++] = ">DIE";
	columns[column++] = ">L3";
	if (show.clusters)
		columns[column++] = ">CLUSTER";
	if (show.kinds)
		columns[column++] = ">KIND";
	columns[column] = show.kinds ? "~CORES, each as its CPUs; a larger kind is faster"
				     : "~CORES, each as its CPUs";
	show.table = output_table(columns, color);
	for (unsigned i = 0; i < host->cores->len; i++)
		g_array_append_val(cores, i);
	g_array_sort_with_data(cores, core_compare, (void *)host);
	for (unsigned i = 0; i < cores->len;)
		i += cores_line(&show, cores, i);
	putchar('\n');
	output_print(show.table);
	scols_unref_table(show.table);
}

static void print_host(const Host *host, bool color)
{
	show_print_head(host, color);
	show_print_nodes(host, color);
	print_cores(host, color);
	print_devices(host, color);
}

static Status show_run(const Options *options, GError **error)
{
	Inputs inputs = {0};
	Status status = STATUS_TROUBLE;

	if (*options->arguments) {
		options_refuse(error, NULL, "unexpected argument '%s'; give a topology with -t",
			       *options->arguments);
	} else if (inputs_load_host(options, &inputs, error)) {
		if (options->json)
			output_json(host_to_json(inputs.host));
		else
			print_host(inputs.host, options->color);
		status = STATUS_FINE;
	}
	inputs_clear(&inputs);
	return status;
}

const Command command_show = {
	.name = "show",
	.help = "show the host: nodes, cores, siblings, devices",
	.arguments = "",
	.options = OPTION_TOPOLOGY | OPTION_JSON | OPTION_COLOR,
	.example = "planner show -t x6.xml",
	.before = "planner snapshot -o node.tar, for a host that is elsewhere (-t node.tar)",
	.after = "planner init writes its inventory",
	.run = show_run,
};
