/* SPDX-License-Identifier: MIT */
#include "topology/guests/domain.h"

#include "topology/base/error.h"
#include "topology/guests/domain_refusal.h"

#include <string.h>

static bool domain_refuse(GError **error, const char *what, const char *text)
{
	g_autofree char *shown = g_strndup(text, 60);
	g_autofree char *valid = g_utf8_make_valid(shown, -1);

	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
		    "%s '%s' is not valid: libvirt refuses it", what,
		    g_strdelimit(valid, "\n\r\t", ' '));
	return false;
}

/* CPU sets */

/* The set in attribute NAME of NODE into *SET; true also where there is none. */
static bool domain_set_read(const xmlNode *node, const char *name, hwloc_bitmap_t *set,
			    GError **error)
{
	g_autofree char *text = xml_get(node, name);

	if (!text)
		return true;
	*set = domain_cpuset_parse(text);
	return *set || domain_refuse(error, name, text);
}

/* Numbers */

static bool number_parse(const char *text, unsigned *number)
{
	guint64 value;

	if (!text || !g_ascii_string_to_unsigned(text, 10, 0, DOMAIN_CPUS_MAX, &value, NULL))
		return false;
	*number = (unsigned)value;
	return true;
}

static bool number_get(const xmlNode *node, const char *name, unsigned *number)
{
	g_autofree char *text = xml_get(node, name);

	return number_parse(text, number);
}

/* libvirt's units: KiB where none is said; K and KiB are 1024, KB is 1000. */
static uint64_t unit_parse(const char *unit)
{
	static const char prefixes[] = "kmgtpe";
	const char *prefix;
	uint64_t base, scale = 1;

	if (!unit || !*unit)
		return 1024;
	if (!g_ascii_strcasecmp(unit, "b") || !g_ascii_strcasecmp(unit, "bytes"))
		return 1;
	prefix = strchr(prefixes, g_ascii_tolower(*unit));
	if (!prefix)
		return 0;
	base = !unit[1] || !g_ascii_strcasecmp(unit + 1, "ib") ? 1024
	       : !g_ascii_strcasecmp(unit + 1, "b")	       ? 1000
							       : 0;
	for (const char *at = prefixes; at <= prefix; at++)
		scale *= base;
	return scale;
}

static uint64_t domain_size_parse(const char *text, const char *unit)
{
	uint64_t scale = unit_parse(unit);
	guint64 value;

	if (!text || !scale ||
	    !g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT64 / scale, &value, NULL))
		return 0;
	return value * scale;
}

static uint64_t memory_parse(const xmlNode *node)
{
	g_autofree char *text = xml_text(node);
	g_autofree char *unit = xml_get(node, "unit");

	return domain_size_parse(text, unit);
}

static uint64_t page_parse(const xmlNode *node)
{
	g_autofree char *text = xml_get(node, "size");
	g_autofree char *unit = xml_get(node, "unit");

	return domain_size_parse(text, unit);
}

/* vCPUs and iothreads */

/* <vcpus><vcpu id= enabled=> says more than <vcpu current=>. */
static void vcpus_enable(Domain *domain, const xmlNode *vcpus, unsigned current)
{
	for (xmlNode *vcpu = xml_child(vcpus, "vcpu"); vcpu; vcpu = xml_next(vcpu, "vcpu")) {
		unsigned id;

		if (number_get(vcpu, "id", &id) && id < domain->vcpus_max &&
		    xml_says(vcpu, "enabled", "yes"))
			hwloc_bitmap_set(domain->enabled, id);
	}
	if (hwloc_bitmap_iszero(domain->enabled))
		hwloc_bitmap_set_range(domain->enabled, 0, (int)current - 1);
}

static bool vcpus_read(Domain *domain, const xmlNode *node, GError **error)
{
	const xmlNode *vcpu = xml_child(node, "vcpu"); /* the first counts */
	g_autofree char *text = xml_text(vcpu);
	unsigned current;

	domain->vcpus_max = 1;
	if (text && *text && (!number_parse(text, &domain->vcpus_max) || !domain->vcpus_max))
		return domain_refuse(error, "vcpu", text);
	if (!number_get(vcpu, "current", &current) || !current || current > domain->vcpus_max)
		current = domain->vcpus_max;
	vcpus_enable(domain, xml_child(node, "vcpus"), current);
	return xml_says(vcpu, "placement", "auto") ||
	       domain_set_read(vcpu, "cpuset", &domain->cpuset, error);
}

static DomainPin *pin_find(GArray *pins, unsigned number)
{
	for (guint i = 0; i < pins->len; i++)
		if (g_array_index(pins, DomainPin, i).number == number)
			return &g_array_index(pins, DomainPin, i);
	return NULL;
}

static int pin_compare(const void *a, const void *b)
{
	unsigned one = ((const DomainPin *)a)->number, other = ((const DomainPin *)b)->number;

	return one < other ? -1 : one > other;
}

static void iothread_add(Domain *domain, unsigned id)
{
	DomainPin pin = {.number = id};

	if (!pin_find(domain->iothreads, id))
		g_array_append_val(domain->iothreads, pin);
}

/* Those iothreadids names, and the lowest free ids up to the count. */
static void iothreads_read(Domain *domain, const xmlNode *node)
{
	const xmlNode *ids = xml_child(node, "iothreadids");
	g_autofree char *text = xml_text(xml_child(node, "iothreads"));
	unsigned count = 0, id;

	number_parse(text, &count);
	count = MIN(count, 1024);
	for (xmlNode *one = xml_child(ids, "iothread"); one; one = xml_next(one, "iothread"))
		if (number_get(one, "id", &id) && domain->iothreads->len < 1024)
			iothread_add(domain, id);
	for (id = 1; domain->iothreads->len < count; id++)
		iothread_add(domain, id);
	g_array_sort(domain->iothreads, pin_compare);
}

/* Pins */

/* A pin of a vCPU that cannot be is dropped, whatever its cpuset says. */
static bool vcpupin_read(Domain *domain, GHashTable *seen, const xmlNode *node, GError **error)
{
	g_autofree char *text = xml_get(node, "vcpu");
	DomainPin pin = {0};

	if (!number_parse(text, &pin.number))
		return domain_refuse(error, "vcpupin vcpu", text ? text : "");
	if (pin.number >= domain->vcpus_max) {
		domain->ignored_pins++;
		return true;
	}
	if (!domain_set_read(node, "cpuset", &pin.cpus, error))
		return false;
	if (!pin.cpus)
		return domain_refuse(error, "vcpupin cpuset", "");
	if (!g_hash_table_add(seen, GUINT_TO_POINTER(pin.number))) {
		domain->doubled_pins++;
		hwloc_bitmap_free(pin.cpus);
		return true;
	}
	g_array_append_val(domain->vcpupins, pin);
	return true;
}

/* An I/O thread that is not there is passed over: see domain_refusal(). */
static bool iothreadpin_read(Domain *domain, const xmlNode *node, GError **error)
{
	unsigned id;
	DomainPin *pin;

	if (!number_get(node, "iothread", &id))
		return domain_refuse(error, "iothreadpin iothread", "");
	pin = pin_find(domain->iothreads, id);
	return !pin || pin->cpus || domain_set_read(node, "cpuset", &pin->cpus, error);
}

static bool domain_pin_read(Domain *domain, GHashTable *seen, const xmlNode *node, GError **error)
{
	if (xml_is(node, "vcpupin"))
		return vcpupin_read(domain, seen, node, error);
	if (xml_is(node, "iothreadpin"))
		return iothreadpin_read(domain, node, error);
	if (xml_is(node, "emulatorpin") && !domain->emulatorpin)
		return domain_set_read(node, "cpuset", &domain->emulatorpin, error);
	return true;
}

/* Over all cputune elements, as libvirt's XPath does. */
static bool pins_read(Domain *domain, const xmlNode *node, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

	for (xmlNode *tune = xml_child(node, "cputune"); tune; tune = xml_next(tune, "cputune"))
		for (xmlNode *pin = tune->children; pin; pin = pin->next)
			if (!domain_pin_read(domain, seen, pin, error))
				return false;
	g_array_sort(domain->vcpupins, pin_compare);
	return true;
}

/* Limits */

/* NAME of any <cputune>; 0 where there is none. */
static int64_t tune_number(const xmlNode *node, const char *name)
{
	for (xmlNode *tune = xml_child(node, "cputune"); tune; tune = xml_next(tune, "cputune")) {
		g_autofree char *text = xml_text(xml_child(tune, name));
		gint64 value;

		if (text &&
		    g_ascii_string_to_signed(text, 10, G_MININT64, G_MAXINT64, &value, NULL))
			return value;
	}
	return 0;
}

static DomainQuota quota_read(const xmlNode *node, const char *quota, const char *period)
{
	DomainQuota read = {tune_number(node, quota), tune_number(node, period)};

	read.quota = MAX(read.quota, 0); /* negative: none, on purpose */
	read.period = read.period > 0 ? read.period : 100000;
	return read;
}

static void limits_read(Domain *domain, const xmlNode *node)
{
	domain->quota = quota_read(node, "quota", "period");
	domain->global_quota = quota_read(node, "global_quota", "global_period");
	domain->partition = xml_text(xml_child(xml_child(node, "resource"), "partition"));
}

/* Memory */

static bool nodes_add(Domain *domain, const xmlNode *node, GError **error)
{
	g_auto(CpuSet) nodes = NULL;

	if (!domain_set_read(node, "nodeset", &nodes, error))
		return false;
	if (nodes && domain->nodes)
		hwloc_bitmap_or(domain->nodes, domain->nodes, nodes);
	else if (nodes)
		domain->nodes = g_steal_pointer(&nodes);
	return true;
}

static bool nodes_read(Domain *domain, const xmlNode *node, GError **error)
{
	const xmlNode *tune = xml_child(node, "numatune");
	g_autofree char *mode = xml_get(xml_child(tune, "memory"), "mode");

	for (xmlNode *cell = xml_child(tune, "memnode"); cell; cell = xml_next(cell, "memnode"))
		if (!nodes_add(domain, cell, error))
			return false;
	domain->nodes_strict = !mode || g_str_equal(mode, "strict");
	return nodes_add(domain, xml_child(tune, "memory"), error);
}

/* The size of CELL; NUMBER becomes its own where it says one. */
static uint64_t cell_size(const xmlNode *cell, unsigned *number)
{
	g_autofree char *id = xml_get(cell, "id"), *memory = xml_get(cell, "memory");
	g_autofree char *unit = xml_get(cell, "unit");
	guint64 own;

	if (id && g_ascii_string_to_unsigned(id, 10, 0, G_MAXINT, &own, NULL))
		*number = (unsigned)own;
	return domain_size_parse(memory, unit);
}

static void cell_bind(Domain *domain, unsigned node, uint64_t size)
{
	guint64 *bytes = g_new0(guint64, 1), *before;

	if (!domain->cell_memory)
		domain->cell_memory = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	before = g_hash_table_lookup(domain->cell_memory, GUINT_TO_POINTER(node));
	*bytes = size + (before ? *before : 0);
	g_hash_table_insert(domain->cell_memory, GUINT_TO_POINTER(node), bytes);
}

/* The one node that MEMNODE binds its CELL to, strictly; -1. */
static int memnode_read(const xmlNode *memnode, guint64 *cell)
{
	g_autofree char *id = xml_get(memnode, "cellid"), *mode = xml_get(memnode, "mode");
	g_autofree char *list = xml_get(memnode, "nodeset");
	g_auto(CpuSet) nodes = list ? cpulist_parse(list, NULL) : NULL;
	bool strict = !mode || g_str_equal(mode, "strict");

	return id && g_ascii_string_to_unsigned(id, 10, 0, G_MAXINT, cell, NULL) && strict &&
			       nodes && hwloc_bitmap_weight(nodes) == 1
		       ? hwloc_bitmap_first(nodes)
		       : -1;
}

/* The cells that are bound to one node, strictly: number → that node. Yours. */
static GHashTable *memnodes_read(const xmlNode *tune)
{
	GHashTable *nodes = g_hash_table_new(NULL, NULL);

	for (xmlNode *one = xml_child(tune, "memnode"); one; one = xml_next(one, "memnode")) {
		guint64 cell;
		int node = memnode_read(one, &cell);

		if (node >= 0)
			g_hash_table_insert(nodes, GUINT_TO_POINTER((unsigned)cell),
					    GINT_TO_POINTER(node));
	}
	return nodes;
}

static void cells_read(Domain *domain, const xmlNode *node)
{
	const xmlNode *numa = xml_child(xml_child(node, "cpu"), "numa");
	g_autoptr(GHashTable) nodes = memnodes_read(xml_child(node, "numatune"));

	for (xmlNode *cell = xml_child(numa, "cell"); cell; cell = xml_next(cell, "cell")) {
		unsigned number = domain->cells++;
		uint64_t size = cell_size(cell, &number);
		gpointer bound;

		if (size &&
		    g_hash_table_lookup_extended(nodes, GUINT_TO_POINTER(number), NULL, &bound))
			cell_bind(domain, GPOINTER_TO_UINT(bound), size);
	}
}

static void memory_read(Domain *domain, const xmlNode *node)
{
	const xmlNode *backing = xml_child(node, "memoryBacking");

	cells_read(domain, node);
	domain->memory = memory_parse(xml_child(node, "memory"));
	domain->locked = xml_child(backing, "locked");
	domain->hugepages = xml_child(backing, "hugepages");
	domain->page = page_parse(xml_child(xml_child(backing, "hugepages"), "page"));
}

/* QEMU's own arguments */

static bool local_is(const xmlNode *node, const char *name)
{
	const char *colon = strrchr((const char *)node->name, ':');

	return node->type == XML_ELEMENT_NODE &&
	       !strcmp(colon ? colon + 1 : (const char *)node->name, name);
}

static void args_read(const xmlNode *commandline, GPtrArray *args)
{
	for (xmlNode *arg = commandline->children; arg; arg = arg->next) {
		char *value = xml_is_qemu(arg, "arg") ? xml_get(arg, "value") : NULL;

		if (value)
			g_ptr_array_add(args, value);
	}
}

static void commandline_read(Domain *domain, const xmlNode *node)
{
	g_autoptr(GPtrArray) args = g_ptr_array_new_with_free_func(g_free);

	for (xmlNode *child = node->children; child; child = child->next) {
		if (xml_is_qemu(child, "commandline"))
			args_read(child, args);
		else if (local_is(child, "commandline") && child->children &&
			 (!child->ns || !g_str_has_prefix((const char *)child->ns->href,
							  "http://libvirt.org/schemas/domain/")))
			domain->namespace_missing = true;
	}
	g_ptr_array_add(args, NULL);
	domain->overcommit = qemu_args_overcommit((const char *const *)args->pdata);
}

/* Devices */

static void interface_read(Domain *domain, const xmlNode *node)
{
	g_autofree char *model = xml_get(xml_child(node, "model"), "type");
	bool user = xml_says(node, "type", "user");

	if (!model || xml_says(node, "type", "hostdev"))
		return;
	if (!g_str_has_prefix(model, "virtio"))
		g_ptr_array_add(domain->slow_devices, g_strdup_printf("%s interface", model));
	else if (user || xml_says(xml_child(node, "driver"), "name", "qemu"))
		g_ptr_array_add(domain->slow_devices, g_strdup("virtio interface without vhost"));
}

static void disk_read(Domain *domain, const xmlNode *node)
{
	g_autofree char *bus = xml_get(xml_child(node, "target"), "bus");
	g_autofree char *device = xml_get(node, "device");

	if (!bus || (device && strcmp(device, "disk") != 0))
		return;
	if (!strcmp(bus, "ide") || !strcmp(bus, "sata") || !strcmp(bus, "usb") ||
	    !strcmp(bus, "fdc"))
		g_ptr_array_add(domain->slow_devices, g_strdup_printf("%s disk", bus));
}

/* <address domain='0x0000' bus='0x0b' slot='0x00' function='0x0'/>: as the kernel writes it. */
static void passed_read(Domain *domain, const xmlNode *node)
{
	static const char *const names[] = {"domain", "bus", "slot", "function"};
	const xmlNode *address = xml_child(xml_child(node, "source"), "address");
	guint64 parts[G_N_ELEMENTS(names)] = {0};
	bool pci = xml_is(node, "interface") ? xml_says(node, "type", "hostdev")
					     : xml_says(node, "type", "pci");

	for (unsigned i = 0; address && i < G_N_ELEMENTS(names); i++) {
		g_autofree char *text = xml_get(address, names[i]);

		parts[i] = text ? g_ascii_strtoull(text, NULL, 0) : 0;
	}
	if (pci && address)
		g_ptr_array_add(domain->passed,
				g_strdup_printf("%04x:%02x:%02x.%x", (unsigned)parts[0],
						(unsigned)parts[1], (unsigned)parts[2],
						(unsigned)parts[3]));
}

static void devices_read(Domain *domain, const xmlNode *node)
{
	const xmlNode *devices = xml_child(node, "devices");

	for (xmlNode *one = devices ? devices->children : NULL; one; one = one->next) {
		if (xml_is(one, "interface") || xml_is(one, "hostdev"))
			passed_read(domain, one);
		if (xml_is(one, "interface"))
			interface_read(domain, one);
		else if (xml_is(one, "disk"))
			disk_read(domain, one);
	}
}

/* The whole */

static void cpu_read(Domain *domain, const xmlNode *node)
{
	const xmlNode *cpu = xml_child(node, "cpu");
	g_autofree char *migratable = xml_get(cpu, "migratable");

	domain->cpu_mode = xml_get(cpu, "mode");
	if (cpu && !domain->cpu_mode)
		domain->cpu_mode = g_strdup("custom");
	domain->migratable_said = migratable;
	if (cpu && xml_child(cpu, "topology")) {
		(void)number_get(xml_child(cpu, "topology"), "threads", &domain->threads);
		(void)number_get(xml_child(cpu, "topology"), "sockets", &domain->sockets);
	}
	domain->eoi = xml_says(xml_child(xml_child(node, "features"), "apic"), "eoi", "on");
}

/* The first element that is a platform's; its name and namespace are all that is kept of it. */
static void metadata_read(Domain *domain, const xmlNode *node)
{
	const xmlNode *metadata = xml_child(node, "metadata");

	for (xmlNode *one = metadata ? metadata->children : NULL;
	     one && domain->platform == PLATFORM_LIBVIRT; one = one->next)
		if (one->type == XML_ELEMENT_NODE && one->ns)
			domain->platform = platform_of_namespace((const char *)one->ns->href);
}

/* One <vcpusched>; without a list it is of all vCPUs that none names. */
static void scheduler_read(GArray *schedulers, const xmlNode *one, bool named)
{
	g_autofree char *list = xml_get(one, "vcpus"), *name = xml_get(one, "scheduler");
	g_auto(CpuSet) vcpus = list ? domain_cpuset_parse(list) : NULL;
	Scheduler scheduler = {scheduler_policy_find(name), 0};

	if (!list == named || (list && !vcpus))
		return;
	if (scheduler_realtime(&scheduler))
		(void)number_get(one, "priority", &scheduler.priority);
	for (unsigned v = 0; v < schedulers->len; v++)
		if (!vcpus || hwloc_bitmap_isset(vcpus, v))
			g_array_index(schedulers, Scheduler, v) = scheduler;
}

static void schedulers_read(Domain *domain, const xmlNode *node)
{
	const Scheduler other = {SCHEDULER_OTHER, 0};
	xmlNode *first = xml_child(xml_child(node, "cputune"), "vcpusched");

	for (unsigned v = 0; first && v < domain->vcpus_max; v++)
		g_array_append_val(domain->schedulers, other);
	for (unsigned named = 0; named < 2; named++)
		for (xmlNode *one = first; one; one = xml_next(one, "vcpusched"))
			scheduler_read(domain->schedulers, one, named);
}

/* Of <domstatus pid=><vcpus><vcpu id= pid=>. */
static void status_read(Domain *domain, const xmlNode *status)
{
	g_autofree char *pid = xml_get(status, "pid");
	guint64 value;

	domain->active = true;
	if (pid && g_ascii_string_to_unsigned(pid, 10, 1, G_MAXINT, &value, NULL))
		domain->pid = (unsigned)value;
	g_array_set_size(domain->tids, domain->vcpus_max);
	for (xmlNode *vcpu = xml_child(xml_child(status, "vcpus"), "vcpu"); vcpu;
	     vcpu = xml_next(vcpu, "vcpu")) {
		g_autofree char *tid = xml_get(vcpu, "pid");
		unsigned id;

		if (number_get(vcpu, "id", &id) && id < domain->vcpus_max && tid &&
		    g_ascii_string_to_unsigned(tid, 10, 1, G_MAXINT, &value, NULL))
			g_array_index(domain->tids, unsigned, id) = (unsigned)value;
	}
}

static bool node_read(Domain *domain, const xmlNode *node, GError **error)
{
	g_autofree char *id = xml_get(node, "id");

	domain->name = xml_text(xml_child(node, "name"));
	domain->uuid = xml_text(xml_child(node, "uuid"));
	if (!domain->name || !*domain->name)
		return domain_refuse(error, "name", "");
	domain->active = id;
	if (!vcpus_read(domain, node, error))
		return false;
	iothreads_read(domain, node);
	memory_read(domain, node);
	limits_read(domain, node);
	cpu_read(domain, node);
	commandline_read(domain, node);
	devices_read(domain, node);
	metadata_read(domain, node);
	schedulers_read(domain, node);
	return pins_read(domain, node, error) && nodes_read(domain, node, error);
}

static void pin_clear(gpointer pin)
{
	hwloc_bitmap_free(((DomainPin *)pin)->cpus);
}

static GArray *pins_new(void)
{
	GArray *pins = g_array_new(FALSE, TRUE, sizeof(DomainPin));

	g_array_set_clear_func(pins, pin_clear);
	return pins;
}

static Domain *domain_new(void)
{
	Domain *domain = g_new0(Domain, 1);

	domain->enabled = hwloc_bitmap_alloc();
	domain->vcpupins = pins_new();
	domain->iothreads = pins_new();
	domain->slow_devices = g_ptr_array_new_with_free_func(g_free);
	domain->passed = g_ptr_array_new_with_free_func(g_free);
	domain->tids = g_array_new(FALSE, TRUE, sizeof(unsigned));
	domain->schedulers = g_array_new(FALSE, FALSE, sizeof(Scheduler));
	return domain;
}

Domain *domain_parse(const char *xml, size_t length, GError **error)
{
	g_autoptr(xmlDoc) document = xml_document(xml, length, error);
	g_autoptr(Domain) domain = NULL;
	xmlNode *node;

	if (!document)
		return NULL;
	node = xml_domain(document);
	if (!node) {
		g_set_error_literal(error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
				    "is not a domain XML: it has no <domain>");
		return NULL;
	}
	domain = domain_new();
	if (!node_read(domain, node, error))
		return NULL;
	if (xml_is(xmlDocGetRootElement(document), "domstatus"))
		status_read(domain, xmlDocGetRootElement(document));
	domain->refusal = domain_refusal(node, domain);
	return g_steal_pointer(&domain);
}

void domain_free(Domain *domain)
{
	if (!domain)
		return;
	g_free(domain->name);
	g_free(domain->uuid);
	g_free(domain->cpu_mode);
	g_free(domain->partition);
	g_free(domain->refusal);
	g_strfreev(domain->overcommit);
	hwloc_bitmap_free(domain->enabled);
	hwloc_bitmap_free(domain->cpuset);
	hwloc_bitmap_free(domain->emulatorpin);
	hwloc_bitmap_free(domain->nodes);
	g_clear_pointer(&domain->cell_memory, g_hash_table_unref);
	g_array_unref(domain->vcpupins);
	g_array_unref(domain->iothreads);
	g_array_unref(domain->tids);
	g_array_unref(domain->schedulers);
	g_ptr_array_unref(domain->slow_devices);
	g_ptr_array_unref(domain->passed);
	g_free(domain);
}
