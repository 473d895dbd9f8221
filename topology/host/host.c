/* SPDX-License-Identifier: MIT */
#include "topology/host/host.h"
#include "topology/base/error.h"

#include "topology/host/host_load.h"

static void node_clear(NumaNode *node)
{
	hwloc_bitmap_free(node->cpus);
	g_free(node->subtype);
}

static void l3_clear(L3 *l3)
{
	hwloc_bitmap_free(l3->cpus);
}

static void device_clear(Device *device)
{
	g_free(device->name);
	g_free(device->busid);
}

static GArray *host_array_new(guint size, GDestroyNotify clear)
{
	GArray *array = g_array_new(FALSE, TRUE, size);

	if (clear)
		g_array_set_clear_func(array, clear);
	return array;
}

Host *host_new(void)
{
	Host *host = g_new0(Host, 1);

	host->cores = host_array_new(sizeof(Core), NULL);
	host->nodes = host_array_new(sizeof(NumaNode), (GDestroyNotify)node_clear);
	host->l3s = host_array_new(sizeof(L3), (GDestroyNotify)l3_clear);
	host->devices = host_array_new(sizeof(Device), (GDestroyNotify)device_clear);
	host->distances_said = host_array_new(sizeof(unsigned), NULL);
	host->distances = host_array_new(sizeof(unsigned), NULL);
	host->core_of = host_array_new(sizeof(unsigned), NULL);
	host->online = hwloc_bitmap_alloc();
	host->offline = hwloc_bitmap_alloc();
	host->allowed = hwloc_bitmap_alloc();
	return host;
}

void host_free(Host *host)
{
	if (!host)
		return;
	g_array_unref(host->cores);
	g_array_unref(host->nodes);
	g_array_unref(host->l3s);
	g_array_unref(host->devices);
	g_array_unref(host->distances_said);
	g_array_unref(host->distances);
	g_array_unref(host->core_of);
	hwloc_bitmap_free(host->online);
	hwloc_bitmap_free(host->offline);
	hwloc_bitmap_free(host->allowed);
	g_free(host->arch);
	g_free(host->model);
	g_free(host->fingerprint);
	g_free(host);
}

const Core *host_core(const Host *host, unsigned core)
{
	g_assert(core < host->cores->len);
	return &g_array_index(host->cores, Core, core);
}

const NumaNode *host_node(const Host *host, unsigned node)
{
	g_assert(node < host->nodes->len);
	return &g_array_index(host->nodes, NumaNode, node);
}

unsigned host_core_of(const Host *host, unsigned cpu)
{
	return cpu < host->core_of->len ? g_array_index(host->core_of, unsigned, cpu) : HOST_NONE;
}

uint64_t host_node_memory(const Host *host, unsigned node)
{
	for (unsigned i = 0; i < host->nodes->len; i++)
		if (host_node(host, i)->memory)
			return host_node(host, node)->memory;
	return UINT64_MAX;
}

unsigned host_node_of_id(const Host *host, unsigned id)
{
	for (guint i = 0; i < host->nodes->len; i++)
		if (host_node(host, i)->id == id)
			return i;
	return HOST_NONE;
}

const Device *host_device(const Host *host, const char *name)
{
	for (guint i = 0; i < host->devices->len; i++) {
		const Device *device = &g_array_index(host->devices, Device, i);

		if (g_str_equal(device->name, name) || g_strcmp0(device->busid, name) == 0)
			return device;
	}
	return NULL;
}

bool host_has_cpu(const Host *host, unsigned cpu)
{
	return hwloc_bitmap_isset(host->online, cpu) || hwloc_bitmap_isset(host->offline, cpu);
}

/* The orders host.h promises: position and OS index must grow together. */
static bool host_nodes_check(const Host *host, GError **error)
{
	for (guint i = 1; i < host->nodes->len; i++)
		if (host_node(host, i - 1)->id >= host_node(host, i)->id)
			return error_refuse(error, "NUMA node %u is listed twice or out of order",
					    host_node(host, i)->id);
	return true;
}

static bool core_fields_check(const Host *host, unsigned at, GError **error)
{
	const Core *core = host_core(host, at);

	if (core->n_cpus == 0 || core->n_cpus > HOST_MAX_THREADS)
		return error_refuse(error, "core %u has %u CPUs; planner knows cores of 1 to %d",
				    at, core->n_cpus, HOST_MAX_THREADS);
	if (core->node >= host->nodes->len)
		return error_refuse(error, "the core of CPU %u is on no NUMA node", core->cpu[0]);
	if (core->l3 != HOST_NONE && core->l3 >= host->l3s->len)
		return error_refuse(error, "the core of CPU %u has an L3 that does not exist",
				    core->cpu[0]);
	return true;
}

static bool core_cpus_check(const Host *host, unsigned at, GError **error)
{
	const Core *core = host_core(host, at);

	for (unsigned i = 0; i < core->n_cpus; i++) {
		if (core->cpu[i] >= CPULIST_LIMIT)
			return error_refuse(error, "CPU %u is not below %d, the maximum of Linux",
					    core->cpu[i], CPULIST_LIMIT);
		if (i > 0 && core->cpu[i - 1] >= core->cpu[i])
			return error_refuse(error,
					    "the core of CPU %u does not list its CPUs ascending",
					    core->cpu[0]);
		if (hwloc_bitmap_isset(host->offline, core->cpu[i]))
			return error_refuse(error, "CPU %u is both online and offline",
					    core->cpu[i]);
	}
	if (at > 0 && host_core(host, at - 1)->cpu[0] > core->cpu[0])
		return error_refuse(error, "the core of CPU %u is out of order", core->cpu[0]);
	return true;
}

static void derived_reset(Host *host)
{
	hwloc_bitmap_zero(host->online);
	host->max_threads = 0;
	host->n_kinds = MAX(host->n_kinds, 1);
	g_array_set_size(host->core_of, 0);
	for (guint i = 0; i < host->nodes->len; i++) {
		NumaNode *node = &g_array_index(host->nodes, NumaNode, i);

		hwloc_bitmap_free(node->cpus);
		node->cpus = hwloc_bitmap_alloc();
	}
	for (guint i = 0; i < host->l3s->len; i++) {
		L3 *l3 = &g_array_index(host->l3s, L3, i);

		hwloc_bitmap_free(l3->cpus);
		l3->cpus = hwloc_bitmap_alloc();
	}
}

static void core_of_set(Host *host, unsigned cpu, unsigned core)
{
	const unsigned none = HOST_NONE;

	while (host->core_of->len <= cpu)
		g_array_append_val(host->core_of, none);
	g_array_index(host->core_of, unsigned, cpu) = core;
}

static bool core_index(Host *host, unsigned at, GError **error)
{
	const Core *core = host_core(host, at);

	for (unsigned i = 0; i < core->n_cpus; i++) {
		unsigned cpu = core->cpu[i];

		if (hwloc_bitmap_isset(host->online, cpu))
			return error_refuse(error, "CPU %u is in two cores", cpu);
		hwloc_bitmap_set(host->online, cpu);
		hwloc_bitmap_set(host_node(host, core->node)->cpus, cpu);
		if (core->l3 != HOST_NONE)
			hwloc_bitmap_set(g_array_index(host->l3s, L3, core->l3).cpus, cpu);
		core_of_set(host, cpu, at);
	}
	host->max_threads = MAX(host->max_threads, core->n_cpus);
	host->n_kinds = MAX(host->n_kinds, core->kind + 1);
	return true;
}

static void core_describe(const Host *host, const Core *core, GString *text)
{
	g_string_append_printf(text, "package %u node %u l3 ", core->package,
			       host_node(host, core->node)->id);
	if (core->l3 == HOST_NONE)
		g_string_append(text, "none");
	else /* an L3 has no number: its lowest CPU names it */
		g_string_append_printf(
			text, "%d",
			hwloc_bitmap_first(g_array_index(host->l3s, L3, core->l3).cpus));
	if (core->die)
		g_string_append_printf(text, " die %u", core->die);
	g_string_append(text, " cpus");
	for (unsigned i = 0; i < core->n_cpus; i++)
		g_string_append_printf(text, " %u", core->cpu[i]);
	g_string_append_c(text, '\n');
}

/*
 * What plans depend on: which CPUs there are and who shares a core, an L3, a node, a package with
 * whom. Not memory (it varies by a few pages from boot to boot), core ids or names.
 */
static char *host_fingerprint(const Host *host)
{
	g_autoptr(GString) text = g_string_new("planner-topology/1\n");
	g_autofree char *offline = cpulist_format(host->offline);
	g_autofree char *sum = NULL;

	for (guint i = 0; i < host->cores->len; i++)
		core_describe(host, host_core(host, i), text);
	g_string_append_printf(text, "offline %s\n", offline);
	sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text->str, (gssize)text->len);
	return g_strconcat("sha256:", sum, NULL);
}

static bool offline_check(const Host *host, GError **error)
{
	if (hwloc_bitmap_weight(host->offline) < 0 ||
	    hwloc_bitmap_last(host->offline) >= CPULIST_LIMIT)
		return error_refuse(error, "it has CPUs not below %d, the maximum of Linux",
				    CPULIST_LIMIT);
	return true;
}

bool host_finish(Host *host, GError **error)
{
	if (!host_nodes_check(host, error) || !offline_check(host, error))
		return false;
	if (host->cores->len == 0)
		return error_refuse(error, "it has no CPUs");
	derived_reset(host);
	for (guint i = 0; i < host->cores->len; i++)
		if (!core_fields_check(host, i, error) || !core_cpus_check(host, i, error) ||
		    !core_index(host, i, error))
			return false;
	distances_finish(host);
	if (hwloc_bitmap_iszero(host->allowed)) /* nobody said: nothing is forbidden */
		hwloc_bitmap_copy(host->allowed, host->online);
	g_free(host->fingerprint);
	host->fingerprint = host_fingerprint(host);
	return true;
}
