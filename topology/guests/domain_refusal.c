/* SPDX-License-Identifier: MIT */
#include "topology/guests/domain_refusal.h"

#include <string.h>

/* libvirt's limits of a quota and a period, microseconds */
#define QUOTA_LEAST 1000
#define QUOTA_MOST G_GINT64_CONSTANT(17592186044415)
#define PERIOD_MOST 1000000

static bool refusal_number(const xmlNode *node, const char *name, guint64 *number)
{
	g_autofree char *text = xml_get(node, name);

	return text && g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT, number, NULL);
}

static const xmlNode *tune_first(const xmlNode *node, const char *name)
{
	return xml_child(xml_child(node, "cputune"), name);
}

static char *zero_refused(const char *name, const char *element)
{
	return g_strdup_printf("Invalid value for attribute '%s' in element '%s': Zero is not "
			       "permitted",
			       name, element);
}

/* vCPUs */

static char *refuse_vcpus(const xmlNode *node, const Domain *domain)
{
	const xmlNode *vcpu = xml_child(node, "vcpu");
	guint64 number;

	if (refusal_number(vcpu, "current", &number)) {
		if (!number)
			return g_strdup("vcpu 0 can't be offline");
		if (number > domain->vcpus_max)
			return g_strdup("maximum vCPU count must not be less than current vCPU "
					"count");
	}
	for (const xmlNode *one = xml_child(xml_child(node, "vcpus"), "vcpu"); one;
	     one = xml_next(one, "vcpu")) {
		if (!refusal_number(one, "id", &number))
			continue;
		if (number >= domain->vcpus_max)
			return g_strdup_printf("vcpu id '%u' is out of range of maximum vcpu count",
					       (unsigned)number);
		if (!number && xml_says(one, "enabled", "no"))
			return g_strdup("vcpu 0 can't be offline");
	}
	return NULL;
}

static char *refuse_topology(const xmlNode *node, const Domain *domain)
{
	static const char *const names[] = {"sockets", "dies", "clusters", "cores", "threads"};
	const xmlNode *topology = xml_child(xml_child(node, "cpu"), "topology");
	bool qemu = xml_says(node, "type", "kvm") || xml_says(node, "type", "qemu");
	guint64 product = 1;

	for (unsigned i = 0; topology && i < G_N_ELEMENTS(names); i++) {
		guint64 number;

		if (!refusal_number(topology, names[i], &number))
			continue;
		if (!number)
			return zero_refused(names[i], "topology");
		product *= MIN(number, DOMAIN_CPUS_MAX);
	}
	return topology && qemu && product != domain->vcpus_max
		       ? g_strdup("CPU topology doesn't match maximum vcpu count")
		       : NULL;
}

/* I/O threads */

static bool iothread_exists(const Domain *domain, guint64 id)
{
	for (guint i = 0; i < domain->iothreads->len; i++)
		if (g_array_index(domain->iothreads, DomainPin, i).number == id)
			return true;
	return false;
}

static char *iothread_missing(int id)
{
	return g_strdup_printf("Cannot find 'iothread' : %d", id);
}

static char *refuse_iothread_ids(const xmlNode *node, const Domain *domain)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

	(void)domain;
	for (const xmlNode *one = xml_child(xml_child(node, "iothreadids"), "iothread"); one;
	     one = xml_next(one, "iothread")) {
		guint64 id;

		if (!refusal_number(one, "id", &id))
			continue;
		if (!id)
			return zero_refused("id", "iothread");
		if (!g_hash_table_add(seen, GUINT_TO_POINTER((guint)id)))
			return g_strdup_printf("duplicate iothread id '%u' found", (unsigned)id);
	}
	return NULL;
}

static char *refuse_iothread_pins(const xmlNode *node, const Domain *domain)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

	for (const xmlNode *pin = tune_first(node, "iothreadpin"); pin;
	     pin = xml_next(pin, "iothreadpin")) {
		guint64 id;

		if (!refusal_number(pin, "iothread", &id))
			continue;
		if (!id)
			return zero_refused("iothread", "iothreadpin");
		if (!iothread_exists(domain, id))
			return iothread_missing((int)id);
		if (!g_hash_table_add(seen, GUINT_TO_POINTER((guint)id)))
			return g_strdup_printf("duplicate iothreadpin for same iothread '%u'",
					       (unsigned)id);
	}
	return NULL;
}

static char *refuse_emulatorpin(const xmlNode *node, const Domain *domain)
{
	const xmlNode *pin = tune_first(node, "emulatorpin");
	g_autofree char *cpuset = xml_get(pin, "cpuset");

	(void)domain;
	if (pin && xml_next(pin, "emulatorpin"))
		return g_strdup("only one emulatorpin is supported");
	return pin && !cpuset ? g_strdup("missing cpuset for emulatorpin") : NULL;
}

/* Schedulers */

/* Those of ELEMENT say in LIST for whom; EXISTS: all that there are. */
static char *refuse_schedulers(const xmlNode *node, const char *element, const char *list,
			       hwloc_const_bitmap_t exists)
{
	g_auto(CpuSet) seen = hwloc_bitmap_alloc();

	for (const xmlNode *one = tune_first(node, element); one; one = xml_next(one, element)) {
		g_autofree char *text = xml_get(one, list), *priority = xml_get(one, "priority");
		g_auto(CpuSet) set = text ? domain_cpuset_parse(text) : NULL;
		g_auto(CpuSet) missing = hwloc_bitmap_alloc();
		bool real = xml_says(one, "scheduler", "fifo") || xml_says(one, "scheduler", "rr");

		if (real && !priority)
			return g_strdup_printf("Missing required attribute 'priority' in element "
					       "'%s'",
					       element);
		if (!set)
			continue;
		if (hwloc_bitmap_intersects(seen, set))
			return g_strdup_printf("'%s' attributes '%s' must not overlap", element,
					       list);
		hwloc_bitmap_or(seen, seen, set);
		hwloc_bitmap_andnot(missing, set, exists);
		if (!hwloc_bitmap_iszero(missing))
			return g_str_equal(list, "vcpus")
				       ? g_strdup_printf("vCPU '%d' is not present in domain "
							 "definition",
							 hwloc_bitmap_first(missing))
				       : iothread_missing(hwloc_bitmap_first(missing));
	}
	return NULL;
}

static char *refuse_vcpu_schedulers(const xmlNode *node, const Domain *domain)
{
	g_auto(CpuSet) vcpus = hwloc_bitmap_alloc();

	hwloc_bitmap_set_range(vcpus, 0, (int)domain->vcpus_max - 1);
	return refuse_schedulers(node, "vcpusched", "vcpus", vcpus);
}

static char *refuse_iothread_schedulers(const xmlNode *node, const Domain *domain)
{
	g_auto(CpuSet) ids = hwloc_bitmap_alloc();

	for (guint i = 0; i < domain->iothreads->len; i++)
		hwloc_bitmap_set(ids, g_array_index(domain->iothreads, DomainPin, i).number);
	return refuse_schedulers(node, "iothreadsched", "iothreads", ids);
}

/* Time */

static char *refuse_quotas(const xmlNode *node, const Domain *domain)
{
	static const struct {
		const char *name;
		gint64 most;
	} rows[] = {
		{"period", PERIOD_MOST},	  {"quota", QUOTA_MOST},
		{"global_period", PERIOD_MOST},	  {"global_quota", QUOTA_MOST},
		{"emulator_period", PERIOD_MOST}, {"emulator_quota", QUOTA_MOST},
		{"iothread_period", PERIOD_MOST}, {"iothread_quota", QUOTA_MOST},
	};

	(void)domain;
	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = xml_text(tune_first(node, rows[i].name));
		gint64 value = text ? g_ascii_strtoll(text, NULL, 10) : 0;

		if (value > 0 && (value < QUOTA_LEAST || value > rows[i].most))
			return g_strdup_printf(
				"Value of cputune '%s' must be in range [%d, %" G_GINT64_FORMAT "]",
				rows[i].name, QUOTA_LEAST, rows[i].most);
	}
	return NULL;
}

/* Guest cells and memory */

static const xmlNode *cell_first(const xmlNode *node)
{
	return xml_child(xml_child(xml_child(node, "cpu"), "numa"), "cell");
}

static unsigned cells_count(const xmlNode *node)
{
	unsigned n = 0;

	for (const xmlNode *cell = cell_first(node); cell; cell = xml_next(cell, "cell"))
		n++;
	return n;
}

static char *refuse_cells(const xmlNode *node, const Domain *domain)
{
	unsigned n = cells_count(node), index = 0;
	g_auto(CpuSet) ids = hwloc_bitmap_alloc(), all = hwloc_bitmap_alloc();

	for (const xmlNode *cell = cell_first(node); cell; cell = xml_next(cell, "cell"), index++) {
		g_autofree char *cpus = xml_get(cell, "cpus"), *memory = xml_get(cell, "memory");
		g_auto(CpuSet) set = cpus ? domain_cpuset_parse(cpus) : NULL;
		guint64 id = index;

		(void)refusal_number(cell, "id", &id);
		if (id >= n)
			return g_strdup("Exactly one 'cell' element per guest NUMA cell allowed, "
					"non-contiguous ranges or ranges not starting from 0 are "
					"not allowed");
		if (hwloc_bitmap_isset(ids, (unsigned)id))
			return g_strdup_printf("Duplicate NUMA cell info for cell id '%u'",
					       (unsigned)id);
		hwloc_bitmap_set(ids, (unsigned)id);
		if (!memory)
			return g_strdup("missing element or attribute './@memory'");
		if (set && hwloc_bitmap_intersects(all, set))
			return g_strdup("NUMA cells have overlapping vCPU ids");
		if (set)
			hwloc_bitmap_or(all, all, set);
	}
	return hwloc_bitmap_last(all) >= (int)domain->vcpus_max
		       ? g_strdup("Number of CPUs in <numa> exceeds the <vcpu> count")
		       : NULL;
}

static char *refuse_numatune(const xmlNode *node, const Domain *domain)
{
	static const char *const modes[] = {"strict", "preferred", "interleave", "restrictive",
					    NULL};
	const xmlNode *tune = xml_child(node, "numatune"), *memory = xml_child(tune, "memory");
	g_autofree char *mode = xml_get(memory, "mode"), *nodeset = xml_get(memory, "nodeset");
	unsigned cells = cells_count(node);

	(void)domain;
	if (mode && !g_strv_contains(modes, mode))
		return g_strdup_printf("Unsupported NUMA memory tuning mode '%.20s'", mode);
	if (mode && !nodeset && !xml_says(memory, "placement", "auto") &&
	    !xml_says(xml_child(node, "vcpu"), "placement", "auto"))
		return g_strdup("nodeset for NUMA memory tuning must be set if 'placement' is "
				"'static'");
	for (const xmlNode *one = xml_child(tune, "memnode"); one; one = xml_next(one, "memnode")) {
		guint64 id;

		if (!cells)
			return g_strdup("Element 'memnode' is invalid without any guest NUMA "
					"cells");
		if (refusal_number(one, "cellid", &id) && id >= cells)
			return g_strdup("Argument 'cellid' in memnode element must correspond to "
					"existing guest's NUMA cell");
	}
	return NULL;
}

static char *refuse_hugepages(const xmlNode *node, const Domain *domain)
{
	const xmlNode *pages = xml_child(xml_child(node, "memoryBacking"), "hugepages");
	unsigned cells = MAX(cells_count(node), 1);
	bool master = false;

	(void)domain;
	for (const xmlNode *page = xml_child(pages, "page"); page; page = xml_next(page, "page")) {
		g_autofree char *size = xml_get(page, "size"), *list = xml_get(page, "nodeset");
		g_auto(CpuSet) nodes = list ? domain_cpuset_parse(list) : NULL;

		if (!size)
			return g_strdup("missing element or attribute './@size'");
		if (nodes && hwloc_bitmap_last(nodes) >= (int)cells)
			return g_strdup_printf("hugepages: node %d not found",
					       hwloc_bitmap_last(nodes));
		if (!nodes && master)
			return g_strdup("two master hugepages detected");
		master |= !nodes;
	}
	return NULL;
}

/* The CPU model */

static char *refuse_cpu(const xmlNode *node, const Domain *domain)
{
	static const char *const modes[] = {"custom", "host-model", "host-passthrough", "maximum",
					    NULL};
	const xmlNode *cpu = xml_child(node, "cpu"), *cache = xml_child(cpu, "cache");
	g_autofree char *mode = xml_get(cpu, "mode"), *migratable = xml_get(cpu, "migratable");
	g_autofree char *level = xml_get(cache, "level");
	bool host = mode && (g_str_equal(mode, "host-passthrough") || g_str_equal(mode, "maximum"));

	(void)domain;
	if (mode && !g_strv_contains(modes, mode))
		return g_strdup_printf("Invalid mode attribute '%.20s'", mode);
	if (migratable && !host)
		return g_strdup("Attribute migratable is only allowed for 'host-passthrough' / "
				"'maximum' CPU mode");
	if (!xml_says(cache, "mode", "passthrough"))
		return NULL;
	if (!host)
		return g_strdup("CPU cache mode 'passthrough' can only be used with "
				"'host-passthrough' / 'maximum' CPUs");
	return level ? g_strdup("unsupported CPU cache level for mode 'passthrough'") : NULL;
}

char *domain_refusal(const xmlNode *node, const Domain *domain)
{
	static char *(*const reasons[])(const xmlNode *, const Domain *) = {
		refuse_vcpus,
		refuse_topology,
		refuse_iothread_ids,
		refuse_iothread_pins,
		refuse_emulatorpin,
		refuse_vcpu_schedulers,
		refuse_iothread_schedulers,
		refuse_quotas,
		refuse_cells,
		refuse_numatune,
		refuse_hugepages,
		refuse_cpu,
	};
	char *reason = NULL;

	for (unsigned i = 0; !reason && i < G_N_ELEMENTS(reasons); i++)
		reason = reasons[i](node, domain);
	return reason;
}
