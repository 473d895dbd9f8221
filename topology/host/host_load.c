/* SPDX-License-Identifier: MIT */
#include "topology/host/host_load.h"

#include "topology/base/error.h"
#include "topology/base/file.h"
#include "topology/base/kind.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define XML_LIMIT (64u << 20) /* bytes; hwloc needs 1 MiB for a machine of 2048 CPUs */

#define SOURCES                                                                                    \
	"give hwloc XML, the root of a captured machine, or an hwloc description such as "         \
	"\"pack:2 [numa] l3:1 core:8 pu:2\""

/* This machine (NULL) or a captured root. */
static Host *load_linux(const char *fsroot, GError **error)
{
	g_auto(Topology) topology = topology_new();
	Host *host;

	if (!topology_load_linux(topology, fsroot)) {
		error_refuse(error, "hwloc cannot read it: %s", g_strerror(errno));
		return NULL;
	}
	host = host_build(topology, fsroot ? fsroot : "", error);
	if (host)
		host->live = hwloc_topology_is_thissystem(topology);
	return host;
}

static Host *load_directory(const char *directory, GError **error)
{
	g_autofree char *root = g_canonicalize_filename(directory, NULL);
	g_autoptr(Host) host = NULL;

	if (g_str_equal(root, "/"))
		return load_linux(NULL, error);
	if (!capture_check(root, error))
		return NULL;
	host = load_linux(root, error);
	if (!host || !capture_check_seen(root, host, error))
		return NULL;
	return g_steal_pointer(&host);
}

/* A file of a kind that somebody mixed up. */
static bool topology_kind(const char *text, size_t length, GError **error)
{
	FileKindFound kind = kind_of_text(text, length);

	if (kind == KIND_UNKNOWN || kind == KIND_TOPOLOGY || kind == KIND_XML)
		return true;
	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT, "is %s, not hwloc XML",
		    kind_names[kind]);
	return false;
}

static Host *load_xml(const char *xml, size_t length, GError **error)
{
	g_auto(Topology) topology = topology_new();
	g_autoptr(GString) clean = xml_rewrite(xml, length, error);

	if (!clean)
		return NULL;
	/* hwloc counts the final NUL */
	if (hwloc_topology_set_xmlbuffer(topology, clean->str, (int)clean->len + 1) < 0 ||
	    hwloc_topology_load(topology) < 0) {
		error_refuse(error, "hwloc does not accept it as a topology; write it with `lstopo "
				    "--of xml` of hwloc 2");
		return NULL;
	}
	return host_build(topology, NULL, error);
}

static Host *load_synthetic(const char *description, GError **error)
{
	g_auto(Topology) topology = topology_new();
	g_autofree char *text = NULL;

	if (!synthetic_check(description, error))
		return NULL;
	text = synthetic_text(description);
	if (hwloc_topology_set_synthetic(topology, text) < 0 || hwloc_topology_load(topology) < 0) {
		error_refuse(error, "hwloc does not accept this description; " SOURCES);
		return NULL;
	}
	if (!synthetic_check_built(description, topology, error))
		return NULL;
	synthetic_memory_clear(topology);
	return host_build(topology, NULL, error);
}

static Host *load_file(const char *path, GError **error)
{
	size_t length;
	g_autofree char *text = file_read(path, FILE_REGULAR, XML_LIMIT, &length, error);

	return text && topology_kind(text, length, error) ? load_xml(text, length, error) : NULL;
}

/* A description has levels "type:count" and no directories. */
static bool looks_like_path(const char *source)
{
	return strchr(source, '/') || !strchr(source, ':');
}

static Host *load_any(const char *source, GError **error)
{
	struct stat info;

	if (!source)
		return load_linux(NULL, error);
	if (stat(source, &info) == 0 && S_ISDIR(info.st_mode))
		return load_directory(source, error);
	if (stat(source, &info) == 0 && S_ISREG(info.st_mode))
		return load_file(source, error);
	if (stat(source, &info) == 0) {
		error_refuse(error, "is not a regular file; " SOURCES);
		return NULL;
	}
	if ((errno != ENOENT && errno != ENAMETOOLONG) || looks_like_path(source)) {
		g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_SYSTEM, "%s; " SOURCES,
			    g_strerror(errno));
		return NULL;
	}
	return load_synthetic(source, error);
}

/* NAME before what went wrong; both may quote what somebody else wrote: one line of UTF-8. */
static void error_name(GError *error, const char *name)
{
	g_autofree char *whole = g_strdup_printf("%.200s%s: %s", name,
						 strlen(name) > 200 ? "…" : "", error->message);

	g_free(error->message);
	error->message = g_utf8_make_valid(whole, -1);
	for (char *at = error->message; *at; at++)
		if (g_ascii_iscntrl(*at))
			*at = ' ';
}

static Host *host_load_topology(const char *name, const char *xml, size_t length, GError **error)
{
	char **saved = environment_enter();
	GError *what = NULL;
	Host *host;

	host = xml ? load_xml(xml, length, &what) : load_any(name, &what);
	environment_leave(saved);
	if (!host) {
		error_name(what, name ? name : "this machine");
		g_propagate_error(error, what);
	}
	return host;
}

Host *host_load(const char *source, GError **error)
{
	return host_load_topology(source, NULL, 0, error);
}

Host *host_load_xml(const char *name, const char *xml, size_t length, GError **error)
{
	return host_load_topology(name, xml, length, error);
}
