/* SPDX-License-Identifier: MIT */
/*
 * Any text as hwloc XML, and any short line as an hwloc description: refused with one line, or a
 * Host that keeps what topology/host/host.h promises.
 */
#include "topology/host/host.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* hwloc 2.9 forgets what it allocated for a description that it then refuses. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:libhwloc.so\n";
}

static void check_core(const Host *host, unsigned position)
{
	const Core *core = host_core(host, position);

	g_assert(core->n_cpus >= 1 && core->n_cpus <= host->max_threads);
	g_assert(core->kind < host->n_kinds);
	g_assert(position == 0 || host_core(host, position - 1)->cpu[0] < core->cpu[0]);
	for (unsigned i = 0; i < core->n_cpus; i++) {
		g_assert(host_core_of(host, core->cpu[i]) == position);
		g_assert(hwloc_bitmap_isset(host_node(host, core->node)->cpus, core->cpu[i]));
	}
}

static void check_host(Host *host)
{
	g_autofree char *fingerprint = g_strdup(host->fingerprint);

	for (guint i = 0; i < host->cores->len; i++)
		check_core(host, i);
	g_assert(!hwloc_bitmap_intersects(host->online, host->offline));
	g_assert(hwloc_bitmap_last(host->online) < CPULIST_LIMIT);
	g_assert(hwloc_bitmap_last(host->offline) < CPULIST_LIMIT);
	g_assert(host_finish(host, NULL));
	g_assert(g_str_equal(host->fingerprint, fingerprint));
}

static void check(Host *host, const GError *error)
{
	g_assert(!host == !!error);
	if (host)
		check_host(host);
	else
		g_assert(!strchr(error->message, '\n') &&
			 g_utf8_validate(error->message, -1, NULL));
}

static void check_description(const char *text)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Host) host = NULL;

	if (!strchr(text, ':') || strchr(text, '/') || strlen(text) > 200)
		return; /* could be a file's name, or slow */
	host = host_load(text, &error);
	check(host, error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autoptr(GError) error = NULL;
	g_autoptr(Host) host = host_load_xml("fuzz", (const char *)data, size, &error);

	check(host, error);
	check_description(text);
	return 0;
}
