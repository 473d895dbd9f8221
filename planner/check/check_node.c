/* SPDX-License-Identifier: MIT */
#include "planner/check/check_node.h"

#include "planner/base/json.h"
#include "planner/check/rules_found.h"

const char *check_node_name(const Audit *audit)
{
	if (audit->plan && audit->plan->node->name)
		return audit->plan->node->name;
	return sysctl_value(audit->facts, "kernel", "hostname");
}

json_t *check_node_to_json(const Audit *audit)
{
	const GuestFacts *guests = audit->facts->guests;
	json_t *object = json_object();

	json_object_set_new(object, "name", json_string_or_null(check_node_name(audit)));
	json_object_set_new(object, "platform",
			    json_string_or_null(audit->facts->platform == PLATFORM_LIBVIRT
							? NULL
							: platform_names[audit->facts->platform]));
	json_object_set_new(object, "kernel", json_string_or_null(audit->facts->kernel->release));
	json_object_set_new(object, "qemu", json_string_or_null(guests ? guests->qemu : NULL));
	json_object_set_new(object, "libvirt",
			    json_string_or_null(guests ? guests->libvirt : NULL));
	json_object_set_new(
		object, "topology",
		json_string_or_null(audit->facts->host ? audit->facts->host->fingerprint : NULL));
	return object;
}

bool check_node_same(Reader *r, const json_t *document, const Audit *audit)
{
	const json_t *node = json_object_get(document, "node");
	const char *name, *topology;
	const Host *host = audit->facts->host;
	const char *own = audit->plan ? audit->plan->node->name : NULL;
	const char *self = sysctl_value(audit->facts, "kernel", "hostname");

	if (!reader_text(r, node, "name", &name) || !reader_text(r, node, "topology", &topology))
		return false;
	if (name && own && !g_str_equal(name, own) && g_strcmp0(name, self) != 0)
		return reader_fail(r, "it is of node '%s', this is '%s'", name, own);
	if (topology && host && !g_str_equal(topology, host->fingerprint))
		return reader_fail(r, "it is of another machine: the topology differs");
	return true;
}
