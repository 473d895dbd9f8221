/* SPDX-License-Identifier: MIT */
#include "topology/base/error.h"
#include "topology/base/file.h"
#include "topology/host/host_load.h"

#include <string.h>

#define LIST_LIMIT (64u << 10) /* bytes of a CPU list */

/* Returns what there was. */
static char **environment_clear(void)
{
	char **saved = g_get_environ();

	for (char **entry = saved; *entry; entry++) {
		g_autofree char *name = g_strndup(*entry, strcspn(*entry, "="));

		if (g_str_has_prefix(name, "HWLOC_"))
			g_unsetenv(name);
	}
	return saved;
}

/* hwloc reads HWLOC_LIBXML and HWLOC_HIDE_ERRORS once in a process's life: on the first call. */
char **environment_enter(void)
{
	char **saved = environment_clear();

	g_setenv("HWLOC_HIDE_ERRORS", "2", TRUE); /* it would write on stderr */
	g_setenv("HWLOC_LIBXML", "0", TRUE);	  /* the parser xml_rewrite() writes for */
	g_setenv("HWLOC_GROUPING", "0", TRUE);	  /* near nodes are no objects of their own */
	return saved;
}

void environment_leave(char **saved)
{
	g_strfreev(environment_clear());
	for (char **entry = saved; *entry; entry++) {
		g_autofree char *name = g_strndup(*entry, strcspn(*entry, "="));

		if (g_str_has_prefix(name, "HWLOC_"))
			g_setenv(name, g_environ_getenv(saved, name), TRUE);
	}
	g_strfreev(saved);
}

hwloc_topology_t topology_new(void)
{
	hwloc_topology_t topology;

	if (hwloc_topology_init(&topology) < 0)
		error_memory();
	hwloc_topology_set_flags(topology, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED |
						   HWLOC_TOPOLOGY_FLAG_DONT_CHANGE_BINDING);
	hwloc_topology_set_io_types_filter(topology, HWLOC_TYPE_FILTER_KEEP_IMPORTANT);
	return topology;
}

hwloc_bitmap_t linux_list(const char *fsroot, const char *path)
{
	size_t length;
	g_autofree char *whole = g_strconcat(fsroot, path, NULL);
	g_autofree char *text = file_read(whole, FILE_REGULAR, LIST_LIMIT, &length, NULL);
	hwloc_bitmap_t cpus = text ? cpulist_parse(g_strstrip(text), NULL) : NULL;

	return cpus ? cpus : hwloc_bitmap_alloc();
}

/* The kinds of Intel's hybrid processors, where hwloc found none: it goes by frequencies, and asks
 * the processor only of this machine. Linux has a PMU for each kind. */
static void kinds_register(hwloc_topology_t topology, const char *fsroot)
{
	g_auto(CpuSet) atom = linux_list(fsroot, "/sys/devices/cpu_atom/cpus");
	g_auto(CpuSet) core = linux_list(fsroot, "/sys/devices/cpu_core/cpus");

	if (hwloc_bitmap_iszero(atom) || hwloc_bitmap_iszero(core) ||
	    hwloc_cpukinds_get_nr(topology, 0) > 0)
		return;
	hwloc_cpukinds_register(topology, atom, 0, 0, NULL, 0);
	hwloc_cpukinds_register(topology, core, 1, 0, NULL, 0);
}

/* hwloc takes neither setting by a function. */
bool topology_load_linux(hwloc_topology_t topology, const char *fsroot)
{
	g_setenv("HWLOC_COMPONENTS", "linux,stop", TRUE);
	if (fsroot)
		g_setenv("HWLOC_FSROOT", fsroot, TRUE);
	if (hwloc_topology_load(topology) < 0)
		return false;
	kinds_register(topology, fsroot ? fsroot : "");
	return true;
}
