/* SPDX-License-Identifier: MIT */
#include "topology/base/error.h"
#include "topology/host/host_load.h"

#include <string.h>

typedef struct Build {
	hwloc_topology_t topology;
	Host *host;
	GPtrArray *pus;	       /* CPU → its PU, NULL where there is none */
	GPtrArray *nodes;      /* position → its NUMANode, or the object that is taken for one */
	GHashTable *positions; /* Core, Group, L3, Die or Package object → its position + 1 */
	unsigned n_packages, n_dies, n_clusters;
	bool packages_counted; /* their OS indexes do not tell them apart */
	const char *fsroot;    /* NULL = there is no Linux to ask */
	GPtrArray *lists;      /* by node position: hwloc_bitmap_t of its CPUs as Linux says */
	hwloc_bitmap_t housed; /* CPUs that hwloc puts in a node */
} Build;

/* A PU must be what it says: hwloc takes two of one number, and PUs that name other CPUs. */
static bool pu_check(const Build *build, hwloc_obj_t pu, GError **error)
{
	if (pu->os_index >= CPULIST_LIMIT)
		return error_refuse(error, "a PU has the OS index %u; the maximum of Linux is %d",
				    pu->os_index, CPULIST_LIMIT - 1);
	if (pu->os_index < build->pus->len && g_ptr_array_index(build->pus, pu->os_index))
		return error_refuse(error, "CPU %u is there twice", pu->os_index);
	if (!hwloc_bitmap_isset(pu->cpuset, pu->os_index) || hwloc_bitmap_weight(pu->cpuset) != 1)
		return error_refuse(error, "the PU of CPU %u has a cpuset of other CPUs",
				    pu->os_index);
	return true;
}

static bool pus_index(Build *build, GError **error)
{
	hwloc_obj_t pu = NULL;

	while ((pu = hwloc_get_next_obj_by_type(build->topology, HWLOC_OBJ_PU, pu))) {
		if (!pu_check(build, pu, error))
			return false;
		if (build->pus->len <= pu->os_index)
			g_ptr_array_set_size(build->pus, (int)pu->os_index + 1);
		build->pus->pdata[pu->os_index] = pu;
	}
	return true;
}

static gint by_os_index(gconstpointer a, gconstpointer b)
{
	unsigned left = (*(hwloc_obj_t const *)a)->os_index;
	unsigned right = (*(hwloc_obj_t const *)b)->os_index;

	return (left > right) - (left < right);
}

/* hwloc says "DRAM" only where there is another kind beside it. */
static bool is_plain(hwloc_obj_t node)
{
	return node->type == HWLOC_OBJ_NUMANODE &&
	       (!node->subtype || g_str_equal(node->subtype, "DRAM"));
}

static void nodes_build(Build *build)
{
	hwloc_obj_t object = NULL;

	while ((object = hwloc_get_next_obj_by_type(build->topology, HWLOC_OBJ_NUMANODE, object)))
		g_ptr_array_add(build->nodes, object);
	g_ptr_array_sort(build->nodes, by_os_index);
	for (guint i = 0; i < build->nodes->len; i++) {
		NumaNode node = {0};

		object = g_ptr_array_index(build->nodes, i);
		node.id = object->os_index;
		node.memory = object->attr->numanode.local_memory;
		node.subtype = is_plain(object) ? NULL : g_strdup(object->subtype);
		g_array_append_val(build->host->nodes, node);
		hwloc_bitmap_or(build->housed, build->housed, object->cpuset);
	}
}

static bool has_node(const Build *build, hwloc_obj_t object)
{
	return hwloc_bitmap_intersects(build->housed, object->cpuset);
}

/* What is taken for the node of PU, which is in none: the largest group, die or package around it
 * that has no CPU of a node; else what is beside the nodes. NULL where PU is in one. */
static hwloc_obj_t homeless_of(const Build *build, hwloc_obj_t pu)
{
	hwloc_obj_t object = pu;

	if (has_node(build, pu))
		return NULL;
	while (object->parent && !has_node(build, object->parent))
		object = object->parent;
	return object->parent && object->type != HWLOC_OBJ_GROUP && object->type != HWLOC_OBJ_DIE &&
			       object->type != HWLOC_OBJ_PACKAGE
		       ? object->parent
		       : object;
}

/* A node without memory that is OBJECT, by the lowest number that no node has. */
static void node_assume(Build *build, hwloc_obj_t object)
{
	GArray *nodes = build->host->nodes;
	NumaNode node = {.assumed = true};
	unsigned at = 0;

	while (at < nodes->len && host_node(build->host, at)->id == node.id) {
		node.id++;
		at++;
	}
	g_array_insert_val(nodes, at, node);
	g_ptr_array_insert(build->nodes, (int)at, object);
}

/* Machines with memory at some dies only: some hwloc leave the nodes without memory out of their
 * files. Linux lists them: a captured root without them is cut short. */
static void nodes_assume(Build *build)
{
	for (guint i = 0; !build->fsroot && i < build->pus->len; i++) {
		hwloc_obj_t pu = g_ptr_array_index(build->pus, i);
		hwloc_obj_t object = pu ? homeless_of(build, pu) : NULL;

		if (object && !g_ptr_array_find(build->nodes, object, NULL))
			node_assume(build, object);
	}
}

static bool host_build_holds(hwloc_obj_t node, const Core *core)
{
	for (unsigned i = 0; i < core->n_cpus; i++)
		if (!hwloc_bitmap_isset(node->cpuset, core->cpu[i]))
			return false;
	return true;
}

/* The CPUs of node ID as Linux lists them; empty where it does not. Yours. */
static hwloc_bitmap_t node_list(const char *fsroot, unsigned id)
{
	g_autofree char *path = g_strdup_printf("/sys/devices/system/node/node%u/cpulist", id);

	return linux_list(fsroot, path);
}

static void lists_read(Build *build)
{
	for (guint i = 0; build->fsroot && i < build->host->nodes->len; i++)
		g_ptr_array_add(build->lists,
				node_list(build->fsroot, host_node(build->host, i)->id));
}

/* The node that Linux lists CPU for. hwloc gives up nodes that cross packages: both then seem to
 * hold every CPU. */
static unsigned home_listed(const Build *build, unsigned cpu)
{
	for (guint i = 0; i < build->lists->len; i++)
		if (hwloc_bitmap_isset(g_ptr_array_index(build->lists, i), cpu))
			return i;
	return HOST_NONE;
}

/* Two plain nodes that hold the same CPUs of several packages: which node a core is of is lost. */
static bool nodes_crossed(const Build *build, const Core *core, unsigned home)
{
	hwloc_obj_t first = g_ptr_array_index(build->nodes, home);

	for (guint i = home + 1; i < build->nodes->len; i++) {
		hwloc_obj_t node = g_ptr_array_index(build->nodes, i);

		if (is_plain(first) && is_plain(node) && host_build_holds(node, core) &&
		    node->attr->numanode.local_memory &&
		    hwloc_bitmap_isequal(first->cpuset, node->cpuset) &&
		    hwloc_get_nbobjs_inside_cpuset_by_type(build->topology, node->cpuset,
							   HWLOC_OBJ_PACKAGE) > 1)
			return true;
	}
	return false;
}

/*
 * The node the core belongs to. hwloc lends HBM and persistent-memory nodes the CPUs of their
 * neighbours; home is the plain memory, and of several plain ones the first.
 */
static unsigned home_of(const Build *build, const Core *core)
{
	unsigned home = home_listed(build, core->cpu[0]);

	if (home != HOST_NONE)
		return home;
	for (guint i = 0; i < build->nodes->len; i++) {
		hwloc_obj_t node = g_ptr_array_index(build->nodes, i);

		if (!host_build_holds(node, core))
			continue;
		if (is_plain(node))
			return i;
		if (home == HOST_NONE)
			home = i;
	}
	return home;
}

/* Position of OBJECT among its kind: the one it has, or NEXT and remembered. */
static unsigned position_of(Build *build, hwloc_obj_t object, unsigned next)
{
	unsigned known = GPOINTER_TO_UINT(g_hash_table_lookup(build->positions, object));

	if (known)
		return known - 1;
	g_hash_table_insert(build->positions, object, GUINT_TO_POINTER(next + 1));
	return next;
}

static unsigned host_build_l3_of(Build *build, hwloc_obj_t pu)
{
	GArray *l3s = build->host->l3s;
	hwloc_obj_t cache = hwloc_get_ancestor_obj_by_type(build->topology, HWLOC_OBJ_L3CACHE, pu);
	unsigned position;

	if (!cache)
		return HOST_NONE;
	position = position_of(build, cache, l3s->len);
	if (position == l3s->len) {
		L3 l3 = {.size = cache->attr->cache.size};

		g_array_append_val(l3s, l3);
	}
	return position;
}

/* The same, of those that only *COUNT counts. */
static unsigned number_of(Build *build, hwloc_obj_t object, unsigned *count)
{
	unsigned position = position_of(build, object, *count);

	*count = MAX(*count, position + 1);
	return position;
}

/* From 1; 0 = none is said. */
static unsigned die_of(Build *build, hwloc_obj_t pu)
{
	hwloc_obj_t die = hwloc_get_ancestor_obj_by_type(build->topology, HWLOC_OBJ_DIE, pu);

	return die ? number_of(build, die, &build->n_dies) + 1 : 0;
}

/* From 1; 0 = none is said. hwloc has a Group for the cores that Linux says share one. */
static unsigned cluster_of(Build *build, hwloc_obj_t pu)
{
	hwloc_obj_t cluster = hwloc_get_ancestor_obj_by_type(build->topology, HWLOC_OBJ_GROUP, pu);

	return cluster ? number_of(build, cluster, &build->n_clusters) + 1 : 0;
}

/* By node: is a member of Core, at OFFSET, not the same for all cores of it? Yours. */
static bool *nodes_divided(const Host *host, size_t offset)
{
	g_autofree const Core **first = g_new0(const Core *, host->nodes->len);
	bool *divided = g_new0(bool, host->nodes->len);

	for (unsigned i = 0; i < host->cores->len; i++) {
		const Core *core = host_core(host, i);

		if (!first[core->node])
			first[core->node] = core;
		divided[core->node] |= G_STRUCT_MEMBER(unsigned, first[core->node], offset) !=
				       G_STRUCT_MEMBER(unsigned, core, offset);
	}
	return divided;
}

/* Only dies that divide a node say more than it does; clusters, where neither dies nor L3s do. */
static void divisions_keep(const Host *host)
{
	g_autofree bool *dies = nodes_divided(host, G_STRUCT_OFFSET(Core, die));
	g_autofree bool *l3s = nodes_divided(host, G_STRUCT_OFFSET(Core, l3));
	g_autofree bool *clusters = nodes_divided(host, G_STRUCT_OFFSET(Core, cluster));

	for (unsigned i = 0; i < host->cores->len; i++) {
		Core *core = &g_array_index(host->cores, Core, i);

		if (!dies[core->node])
			core->die = 0;
		if (dies[core->node] || l3s[core->node] || !clusters[core->node])
			core->cluster = 0;
	}
}

static hwloc_obj_t package_around(const Build *build, hwloc_obj_t pu)
{
	return hwloc_get_ancestor_obj_by_type(build->topology, HWLOC_OBJ_PACKAGE, pu);
}

/* Does a package lack its OS index, or share it with another? */
static bool packages_indistinct(const Build *build)
{
	g_autoptr(GHashTable) packages = g_hash_table_new(NULL, NULL); /* OS index → object */

	for (guint i = 0; i < build->pus->len; i++) {
		hwloc_obj_t pu = g_ptr_array_index(build->pus, i);
		hwloc_obj_t package = pu ? package_around(build, pu) : NULL, other;
		gpointer index = package ? GUINT_TO_POINTER(package->os_index) : NULL;

		if (!package)
			continue;
		other = g_hash_table_lookup(packages, index);
		if (package->os_index == HWLOC_UNKNOWN_INDEX || (other && other != package))
			return true;
		g_hash_table_insert(packages, index, package);
	}
	return false;
}

static unsigned package_of(Build *build, hwloc_obj_t pu)
{
	hwloc_obj_t package = package_around(build, pu);

	if (!package)
		return 0;
	return build->packages_counted ? number_of(build, package, &build->n_packages)
				       : package->os_index;
}

static unsigned host_build_kind_of(const Build *build, hwloc_obj_t pu)
{
	int kind;

	if (build->host->n_kinds < 2)
		return 0;
	kind = hwloc_cpukinds_get_by_cpuset(build->topology, pu->cpuset, 0);
	return kind < 0 ? 0 : (unsigned)kind;
}

/* The CPUs hwloc knows of beneath a Core but does not show: its offline siblings. */
static bool lacks_cpus(hwloc_obj_t core)
{
	return !hwloc_bitmap_isequal(core->cpuset, core->complete_cpuset);
}

/* Add PU to its core; a PU without one (old or odd machines) is a core of its own. */
static bool pu_place(Build *build, hwloc_obj_t pu, GError **error)
{
	GArray *cores = build->host->cores;
	hwloc_obj_t object = hwloc_get_ancestor_obj_by_type(build->topology, HWLOC_OBJ_CORE, pu);
	unsigned position = position_of(build, object ? object : pu, cores->len);
	Core *core;

	if (position == cores->len)
		g_array_set_size(cores, cores->len + 1);
	core = &g_array_index(cores, Core, position);
	if (core->n_cpus == HOST_MAX_THREADS)
		return error_refuse(error, "the core of CPU %u has more than %d CPUs", core->cpu[0],
				    HOST_MAX_THREADS);
	core->cpu[core->n_cpus++] = pu->os_index;
	if (core->n_cpus > 1)
		return true;
	core->package = package_of(build, pu);
	core->l3 = host_build_l3_of(build, pu);
	core->die = die_of(build, pu);
	core->cluster = cluster_of(build, pu);
	core->kind = host_build_kind_of(build, pu);
	core->partial = object && lacks_cpus(object);
	return true;
}

/* CPUs ascending: so cores, their CPUs and the L3s all come in the order host.h promises. */
static bool cores_build(Build *build, GError **error)
{
	for (guint i = 0; i < build->pus->len; i++) {
		hwloc_obj_t pu = g_ptr_array_index(build->pus, i);

		if (pu && !pu_place(build, pu, error))
			return false;
	}
	for (guint i = 0; i < build->host->cores->len; i++) {
		Core *core = &g_array_index(build->host->cores, Core, i);

		core->node = home_of(build, core);
		if (core->node == HOST_NONE)
			return error_refuse(error,
					    "no NUMA node holds all CPUs of the core of CPU %u",
					    core->cpu[0]);
		if (!build->lists->len && nodes_crossed(build, core, core->node))
			return error_refuse(
				error, "several NUMA nodes hold the same CPUs of several "
				       "packages: hwloc lost which CPUs are whose; give the root "
				       "of a captured machine");
	}
	divisions_keep(build->host);
	return true;
}

static void threads_of_kind(const Host *host, unsigned kind, unsigned *least, unsigned *most)
{
	*least = HOST_MAX_THREADS;
	*most = 0;
	for (guint i = 0; i < host->cores->len; i++) {
		const Core *core = host_core(host, i);

		if (core->kind != kind)
			continue;
		*least = MIN(*least, core->n_cpus);
		*most = MAX(*most, core->n_cpus);
	}
}

/*
 * Which cores lost a sibling? An offline CPU has no Core object, and not every source says whose
 * sibling it is: then the thinner cores of a kind are those that lost one. Where all cores of a
 * kind are alike, SMT is off, and none is partial.
 */
static void partial_mark(Host *host)
{
	for (unsigned kind = 0; kind < host->n_kinds; kind++) {
		unsigned least, most;

		threads_of_kind(host, kind, &least, &most);
		for (guint i = 0; i < host->cores->len; i++) {
			Core *core = &g_array_index(host->cores, Core, i);
			bool thin = core->n_cpus < most && !hwloc_bitmap_iszero(host->offline);

			if (core->kind == kind)
				core->partial = least < most && (core->partial || thin);
		}
	}
}

/* The one node that all cores in CPUS call home, HOST_NONE where there is none or several. */
static unsigned common_home(const Host *host, hwloc_const_bitmap_t cpus)
{
	unsigned home = HOST_NONE;

	for (guint i = 0; i < host->cores->len; i++) {
		const Core *core = host_core(host, i);

		if (!hwloc_bitmap_isset(cpus, core->cpu[0]) || core->node == home)
			continue;
		if (home != HOST_NONE)
			return HOST_NONE;
		home = core->node;
	}
	return home;
}

static unsigned device_node(const Build *build, hwloc_obj_t object)
{
	hwloc_obj_t place = hwloc_get_non_io_ancestor_obj(build->topology, object);
	unsigned home = common_home(build->host, place->cpuset);

	if (home == HOST_NONE && hwloc_bitmap_weight(place->nodeset) == 1)
		home = host_node_of_id(build->host, (unsigned)hwloc_bitmap_first(place->nodeset));
	return home;
}

static char *busid_of(hwloc_obj_t object)
{
	const struct hwloc_pcidev_attr_s *pci;

	while (object && object->type != HWLOC_OBJ_PCI_DEVICE)
		object = object->parent;
	if (!object)
		return NULL;
	pci = &object->attr->pcidev;
	return g_strdup_printf("%04x:%02x:%02x.%01x", pci->domain, pci->bus, pci->dev, pci->func);
}

static void device_add(Build *build, hwloc_obj_t object)
{
	g_autofree char *busid = busid_of(object);
	Device device = {.node = device_node(build, object)};

	if (object->type == HWLOC_OBJ_OS_DEVICE)
		device.name = g_strdup(object->name ? object->name : busid);
	else if (object->io_arity == 0) /* no driver gave it a name */
		device.name = g_strdup(busid);
	if (!device.name)
		return;
	device.busid = g_steal_pointer(&busid);
	g_array_append_val(build->host->devices, device);
}

static gint host_build_by_name(gconstpointer a, gconstpointer b)
{
	const Device *left = a, *right = b;
	int order = strcmp(left->name, right->name);

	return order ? order : g_strcmp0(left->busid, right->busid);
}

static void devices_build(Build *build)
{
	static const hwloc_obj_type_t types[] = {HWLOC_OBJ_OS_DEVICE, HWLOC_OBJ_PCI_DEVICE};

	for (guint i = 0; i < G_N_ELEMENTS(types); i++) {
		hwloc_obj_t object = NULL;

		while ((object = hwloc_get_next_obj_by_type(build->topology, types[i], object)))
			device_add(build, object);
	}
	g_array_sort(build->host->devices, host_build_by_name);
}

static void names_build(const Build *build)
{
	hwloc_obj_t package = hwloc_get_obj_by_type(build->topology, HWLOC_OBJ_PACKAGE, 0);
	hwloc_obj_t root = hwloc_get_root_obj(build->topology);
	char *model = NULL;

	build->host->arch = g_strdup(hwloc_obj_get_info_by_name(root, "Architecture"));
	if (package)
		model = g_strdup(hwloc_obj_get_info_by_name(package, "CPUModel"));
	for (char *c = model; c && *c; c++)
		if (g_ascii_iscntrl(*c))
			*c = ' ';
	build->host->model = model ? g_strstrip(model) : NULL;
}

static bool sets_build(const Build *build, GError **error)
{
	Host *host = build->host;

	hwloc_bitmap_copy(host->offline, hwloc_topology_get_complete_cpuset(build->topology));
	hwloc_bitmap_copy(host->allowed, hwloc_topology_get_allowed_cpuset(build->topology));
	if (hwloc_bitmap_weight(host->allowed) < 0 ||
	    hwloc_bitmap_last(host->allowed) >= CPULIST_LIMIT)
		return error_refuse(error, "its cgroup allows CPUs that Linux cannot have");
	for (guint i = 0; i < build->pus->len; i++)
		if (g_ptr_array_index(build->pus, i))
			hwloc_bitmap_clr(host->offline, i);
	return true;
}

static bool build_all(Build *build, GError **error)
{
	int kinds = hwloc_cpukinds_get_nr(build->topology, 0);

	build->host->n_kinds = kinds > 0 ? (unsigned)kinds : 1;
	if (!pus_index(build, error) || !sets_build(build, error))
		return false;
	nodes_build(build);
	nodes_assume(build);
	lists_read(build);
	build->packages_counted = packages_indistinct(build);
	if (!cores_build(build, error))
		return false;
	partial_mark(build->host);
	distances_read(build->topology, build->nodes, build->host);
	devices_build(build);
	names_build(build);
	return host_finish(build->host, error);
}

Host *host_build(hwloc_topology_t topology, const char *fsroot, GError **error)
{
	g_autoptr(Host) host = host_new();
	g_autoptr(GPtrArray) pus = g_ptr_array_new();
	g_autoptr(GPtrArray) nodes = g_ptr_array_new();
	g_autoptr(GHashTable) positions = g_hash_table_new(NULL, NULL);
	g_autoptr(GPtrArray) lists =
		g_ptr_array_new_with_free_func((GDestroyNotify)hwloc_bitmap_free);
	g_auto(CpuSet) housed = hwloc_bitmap_alloc();
	Build build = {.topology = topology,
		       .host = host,
		       .pus = pus,
		       .nodes = nodes,
		       .positions = positions,
		       .fsroot = fsroot,
		       .lists = lists,
		       .housed = housed};

	return build_all(&build, error) ? g_steal_pointer(&host) : NULL;
}
