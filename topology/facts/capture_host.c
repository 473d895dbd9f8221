/* SPDX-License-Identifier: MIT */
#include "topology/base/error.h"
#include "topology/base/file.h"
#include "topology/base/signals.h"
#include "topology/facts/capture_copy.h"
#include "topology/facts/facts_root.h"
#include "topology/host/topology_export.h"

#include <string.h>
#include <unistd.h>

#define CPUS "/sys/devices/system/cpu"
#define XML_MAX (64u << 20)

/* Keep the topology of this machine (NULL) or of the copy in the recording. */
static void topology_record(Root *root, const char *fsroot)
{
	g_autofree char *xml = root_recording(root) ? topology_export(fsroot, NULL) : NULL;

	if (xml)
		root_record_text(root, TOPOLOGY_XML, xml);
}

/* Messages name the capture, not the copy. */
static void error_rename(GError *error, const char *copy, const char *name)
{
	g_auto(GStrv) parts = g_strsplit(error->message, copy, -1);

	g_free(error->message);
	error->message = g_strjoinv(name, parts);
}

/* Signals wait until the copy is gone. */
static Host *copy_load(Root *root, GError **error)
{
	sigset_t before;
	TempDir *copy;
	GError *what = NULL;
	Host *host = NULL;

	signals_hold(&before);
	copy = capture_copy(root, error);
	if (!copy) {
		g_prefix_error(error, "cannot copy its files for hwloc (TMPDIR names another "
				      "directory): ");
	} else if (!(host = host_load(tempdir_path(copy), &what))) {
		error_rename(what, tempdir_path(copy),
			     root_directory(root) ? root_directory(root) : "");
		g_propagate_error(error, what);
	} else {
		topology_record(root, tempdir_path(copy));
	}
	tempdir_free(copy);
	signals_release(&before);
	return host;
}

static Host *capture_host_xml_load(Root *root, GError **error)
{
	size_t length;
	g_autofree char *xml = root_read(root, TOPOLOGY_XML, NULL, XML_MAX, &length);

	if (xml)
		return host_load_xml(TOPOLOGY_XML, xml, length, error);
	g_set_error_literal(error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
			    TOPOLOGY_XML " cannot be read");
	return NULL;
}

static Host *live_load(Root *root, GError **error)
{
	Host *host = host_load(NULL, error);

	if (host)
		topology_record(root, NULL);
	return host;
}

Host *capture_host_load(Root *root, const char *fallback, GError **error)
{
	if (root_is_live(root))
		return live_load(root, error);
	if (root_exists(root, TOPOLOGY_XML))
		return capture_host_xml_load(root, error);
	if (root_exists(root, CPUS "/cpu0"))
		return copy_load(root, error);
	if (fallback)
		return source_host_load(fallback, error);
	g_set_error_literal(error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
			    "the capture has neither " TOPOLOGY_XML " nor " CPUS "/cpu0; name the "
			    "directory that holds its proc and sys, or capture with `planner "
			    "snapshot`");
	return NULL;
}

/* POSIX says "ustar" at byte 257 of a tar. */
static bool is_tar(const char *path)
{
	char magic[5] = "";
	int fd = file_open(path, FILE_REGULAR, NULL);
	bool tar;

	if (fd < 0)
		return false;
	tar = pread(fd, magic, sizeof(magic), 257) == sizeof(magic) &&
	      !memcmp(magic, "ustar", sizeof(magic));
	close(fd);
	return tar;
}

/* A snapshot, as its tar or extracted, or another directory that holds a machine's files? "/" is
 * this machine, whatever it holds. */
static bool is_capture(const char *source)
{
	static const char *const marks[] = {TOPOLOGY_XML, CPUS "/cpu0"};
	g_autofree char *whole = g_canonicalize_filename(source, NULL);

	if (!g_file_test(source, G_FILE_TEST_IS_DIR))
		return is_tar(source);
	for (unsigned i = 0; i < G_N_ELEMENTS(marks) && !g_str_equal(whole, "/"); i++) {
		g_autofree char *mark = g_build_filename(source, marks[i], NULL);

		if (g_file_test(mark, G_FILE_TEST_EXISTS))
			return true;
	}
	return false;
}

Host *source_host_load(const char *source, GError **error)
{
	g_autoptr(Root) root = NULL;
	Host *host;

	if (!source || !is_capture(source))
		return host_load(source, error);
	root = root_open(source, 0, error);
	host = root ? capture_host_load(root, NULL, error) : NULL;
	if (root && !host && error && !g_str_has_prefix((*error)->message, source))
		g_prefix_error(error, "%s: ", source);
	return host;
}
