/* SPDX-License-Identifier: MIT */
#include "planner/document/host_write.h"
#include "planner/base/json.h"

static json_t *core_to_json(const Host *host, const Core *core)
{
	json_t *object = json_object();
	GString *list = g_string_new(NULL);

	for (unsigned i = 0; i < core->n_cpus; i++)
		g_string_append_printf(list, "%s%u", i ? "," : "", core->cpu[i]);
	json_object_set_new(object, "cpus", json_string(list->str));
	json_object_set_new(object, "socket", json_integer(core->package));
	json_object_set_new(object, "node", json_integer(host_node(host, core->node)->id));
	if (core->l3 != HOST_NONE)
		json_object_set_new(object, "l3", json_integer(core->l3));
	if (core->die)
		json_object_set_new(object, "die", json_integer(core->die));
	if (core->cluster)
		json_object_set_new(object, "cluster", json_integer(core->cluster));
	if (host->n_kinds > 1)
		json_object_set_new(object, "kind", json_integer(core->kind));
	if (core->partial)
		json_object_set_new(object, "partial", json_true());
	g_string_free(list, TRUE);
	return object;
}

static json_t *cores_to_json(const Host *host)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < host->cores->len; i++)
		json_array_append_new(array, core_to_json(host, host_core(host, i)));
	return array;
}

/* To each node, as the source says. */
static json_t *distances_to_json(const Host *host, unsigned node)
{
	json_t *array = json_array();
	unsigned n = host->nodes->len;

	for (unsigned i = 0; i < n; i++)
		json_array_append_new(array, json_integer(g_array_index(host->distances_said,
									unsigned, node *n + i)));
	return array;
}

static json_t *nodes_to_json(const Host *host)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < host->nodes->len; i++) {
		const NumaNode *node = host_node(host, i);
		json_t *object = json_object();

		json_object_set_new(object, "id", json_integer(node->id));
		json_object_set_new(object, "cpus", json_cpus(node->cpus));
		json_object_set_new(object, "memory",
				    host_node_memory(host, i) == UINT64_MAX
					    ? json_null()
					    : json_integer((json_int_t)node->memory));
		if (node->subtype)
			json_object_set_new(object, "subtype", json_string(node->subtype));
		if (host->distances_said->len)
			json_object_set_new(object, "distances", distances_to_json(host, i));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *l3s_to_json(const Host *host)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < host->l3s->len; i++) {
		const L3 *l3 = &g_array_index(host->l3s, L3, i);
		json_t *object = json_object();

		json_object_set_new(object, "cpus", json_cpus(l3->cpus));
		json_object_set_new(object, "size",
				    l3->size ? json_integer((json_int_t)l3->size) : json_null());
		json_array_append_new(array, object);
	}
	return array;
}

static bool knows_l3s(const Host *host)
{
	for (unsigned i = 0; i < host->l3s->len; i++)
		if (g_array_index(host->l3s, L3, i).size)
			return true;
	return false;
}

void host_places_to_json(json_t *object, const Host *host)
{
	json_object_set_new(object, "nodes", nodes_to_json(host));
	if (knows_l3s(host))
		json_object_set_new(object, "l3s", l3s_to_json(host));
	json_object_set_new(object, "cores", cores_to_json(host));
}

static json_t *devices_to_json(const Host *host)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < host->devices->len; i++) {
		const Device *device = &g_array_index(host->devices, Device, i);
		json_t *object = json_object();

		json_object_set_new(object, "name", json_string_or_null(device->name));
		json_object_set_new(object, "bus", json_string_or_null(device->busid));
		json_object_set_new(object, "node",
				    device->node == HOST_NONE
					    ? json_null()
					    : json_integer(host_node(host, device->node)->id));
		json_array_append_new(array, object);
	}
	return array;
}

json_t *host_to_json(const Host *host)
{
	json_t *object = json_object();

	json_object_set_new(object, "format", json_string(JSON_FORMAT_HOST));
	json_object_set_new(object, "topology", json_string(host->fingerprint));
	json_object_set_new(object, "arch", json_string_or_null(host->arch));
	json_object_set_new(object, "model", json_string_or_null(host->model));
	json_object_set_new(object, "online", json_cpus(host->online));
	json_object_set_new(object, "offline", json_cpus(host->offline));
	json_object_set_new(object, "allowed", json_cpus(host->allowed));
	host_places_to_json(object, host);
	json_object_set_new(object, "devices", devices_to_json(host));
	return object;
}
