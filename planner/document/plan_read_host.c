/* SPDX-License-Identifier: MIT */
#include "planner/document/plan_read_parts.h"

#include <string.h>

static bool read_distances(Reader *r, Host *host, const json_t *object)
{
	const json_t *array;

	if (!reader_array(r, object, "distances", &array))
		return false;
	for (size_t i = 0; i < json_array_size(array); i++) {
		json_int_t number = json_integer_value(json_array_get(array, i));
		unsigned distance = (unsigned)number;

		if (number < 1 || number > HOST_DISTANCE_MOST)
			return reader_fail(r, "'distances' has an entry that is not a distance");
		g_array_append_val(host->distances_said, distance);
	}
	return true;
}

static bool plan_read_host_read_node(Reader *r, void *into, const json_t *object)
{
	Host *host = into;
	NumaNode node = {0};
	const char *subtype = NULL;

	if (!reader_unsigned(r, object, "id", CPULIST_LIMIT, &node.id))
		return false;
	if (!json_is_null(json_object_get(object, "memory")) &&
	    !reader_number(r, object, "memory", G_MAXINT64, &node.memory))
		return false;
	if (json_object_get(object, "subtype") && !reader_text(r, object, "subtype", &subtype))
		return false;
	if (json_object_get(object, "distances") && !read_distances(r, host, object))
		return false;
	node.subtype = g_strdup(subtype);
	g_array_append_val(host->nodes, node);
	return true;
}

static bool read_core_cpus(Reader *r, Core *core, const json_t *object)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) cpus = NULL;
	const char *list;

	if (!reader_string(r, object, "cpus", &list))
		return false;
	cpus = cpulist_parse_ordered(list, &error);
	if (!cpus || !cpus->len || cpus->len > HOST_MAX_THREADS)
		return reader_fail(r, "a core's 'cpus' is '%s'", list);
	core->n_cpus = cpus->len;
	memcpy(core->cpu, cpus->data, cpus->len * sizeof(unsigned));
	return true;
}

static bool read_core(Reader *r, void *into, const json_t *object)
{
	Host *host = into;
	Core core = {.l3 = HOST_NONE, .partial = json_is_true(json_object_get(object, "partial"))};
	unsigned node;

	if (!read_core_cpus(r, &core, object) ||
	    !reader_unsigned(r, object, "socket", G_MAXINT, &core.package) ||
	    !reader_unsigned(r, object, "node", CPULIST_LIMIT, &node))
		return false;
	if (json_object_get(object, "l3") &&
	    !reader_unsigned(r, object, "l3", CPULIST_LIMIT, &core.l3))
		return false;
	if (json_object_get(object, "die") &&
	    !reader_unsigned(r, object, "die", CPULIST_LIMIT, &core.die))
		return false;
	if (json_object_get(object, "cluster") &&
	    !reader_unsigned(r, object, "cluster", CPULIST_LIMIT, &core.cluster))
		return false;
	if (json_object_get(object, "kind") &&
	    !reader_unsigned(r, object, "kind", CPULIST_LIMIT, &core.kind))
		return false;
	core.node = host_node_of_id(host, node);
	if (core.node == HOST_NONE)
		return reader_fail(r, "a core is on node %u, which is not in 'nodes'", node);
	host->n_kinds = MAX(host->n_kinds, core.kind + 1);
	g_array_append_val(host->cores, core);
	return true;
}

/* As many L3s as the cores name; their CPU sets are host_finish()'s to fill. */
static void add_l3s(Host *host)
{
	unsigned n = 0;

	for (unsigned i = 0; i < host->cores->len; i++) {
		unsigned l3 = host_core(host, i)->l3;

		if (l3 != HOST_NONE)
			n = MAX(n, l3 + 1);
	}
	for (unsigned i = 0; i < n; i++) {
		L3 l3 = {0};

		g_array_append_val(host->l3s, l3);
	}
}

/* Which L3s there are the cores said; that the list is theirs is seen when all of it is compared.
 */
static bool read_l3s(Reader *r, Host *host, const json_t *root)
{
	const json_t *array;

	if (!json_object_get(root, "l3s"))
		return true;
	if (!reader_array(r, root, "l3s", &array))
		return false;
	if (json_array_size(array) != host->l3s->len)
		return reader_fail(r, "its 'l3s' do not match its 'cores'");
	for (unsigned i = 0; i < host->l3s->len; i++) {
		const json_t *object = json_array_get(array, i);
		L3 *l3 = &g_array_index(host->l3s, L3, i);

		if (!json_is_null(json_object_get(object, "size")) &&
		    !reader_number(r, object, "size", G_MAXINT64, &l3->size))
			return false;
	}
	return true;
}

static bool finish_host(Reader *r, Host *host)
{
	g_autoptr(GError) error = NULL;

	add_l3s(host);
	return host_finish(host, &error) || reader_fail(r, "%s", error->message);
}

bool plan_read_host(Reader *r, Host *host, const json_t *root)
{
	const json_t *node = json_object_get(root, "node"), *cpus = json_object_get(root, "cpus");
	const char *arch, *fingerprint, *model = NULL;

	host->n_kinds = 1;
	if ((json_object_get(node, "model") && !reader_text(r, node, "model", &model)) ||
	    !reader_text(r, node, "arch", &arch) ||
	    !reader_string(r, node, "topology", &fingerprint) ||
	    !reader_cpus(r, cpus, "offline", host->offline) ||
	    !reader_each(r, host, root, "nodes", plan_read_host_read_node) ||
	    !reader_each(r, host, root, "cores", read_core) || !finish_host(r, host) ||
	    !read_l3s(r, host, root))
		return false;
	host->arch = g_strdup(arch);
	host->model = g_strdup(model);
	hwloc_bitmap_copy(host->allowed, host->online);
	if (strcmp(host->fingerprint, fingerprint) != 0)
		return reader_fail(r, "its 'topology' does not match its 'cores'");
	return true;
}
