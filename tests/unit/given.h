/* SPDX-License-Identifier: MIT */
/* What a test is given, which must be good: hosts and inventories. */
#ifndef TESTS_GIVEN_H
#define TESTS_GIVEN_H

#include "planner/inventory/inventory.h"
#include "topology/host/host.h"

#include <string.h>

/* The directory of topologies, yours. */
static inline char *given_hosts(void)
{
	const char *tests = g_getenv("PLANNER_TESTS");

	return g_build_filename(tests ? tests : "tests", "hosts", NULL);
}

/* TOPOLOGY is a description, or a file of tests/hosts. */
static inline Host *given_host(const char *topology)
{
	g_autofree char *hosts = given_hosts();
	g_autofree char *path = g_build_filename(hosts, topology, NULL);
	g_autoptr(GError) error = NULL;
	Host *host = host_load(strchr(topology, ':') ? topology : path, &error);

	g_assert_no_error(error);
	return host;
}

static inline Inventory *given_inventory(const char *text)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	Inventory *inventory = inventory_parse("f.ini", text, strlen(text), errors);

	for (unsigned i = 0; i < errors->len; i++)
		g_test_message("%s", (char *)g_ptr_array_index(errors, i));
	g_assert_cmpuint(errors->len, ==, 0);
	return inventory;
}

#endif
