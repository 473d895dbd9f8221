/* SPDX-License-Identifier: MIT */
#include "cmd/picture.h"
#include "cmd/child.h"
#include "planner/artifacts/artifact_picture.h"
#include "topology/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PICTURE_SECONDS 20
#define LSTOPO "lstopo-no-graphics"

static bool picture_say(int out, const char *message)
{
	worker_write(out, message, strlen(message));
	return false;
}

/* A file without a name that holds TEXT, to be read from its beginning. */
static int picture_file_of(const char *text)
{
	int fd = memfd_create("topology", MFD_CLOEXEC);

	if (fd < 0 || !worker_write(fd, text, strlen(text)) || lseek(fd, 0, SEEK_SET) < 0)
		return -1;
	return fd;
}

/*
 * --no-factorize: equal cores would be collapsed and their colours with them. --no-legend: the
 * legend is planner's own, and hwloc's would hold the date. HWLOC_ variables of ours are not its.
 */
static bool picture_draw_file(int out, const void *data)
{
	static const char *const arguments[] = {LSTOPO,
						"-i",
						"-",
						"--if",
						"xml",
						"--of",
						"svg",
						"--no-factorize",
						"--no-io",
						"-p",
						"--no-index=core",
						"--rect=machine,package,group,l3",
						"--palette",
						"core=#e6e6e6",
						"--palette",
						"package=#eef2f5",
						"--no-legend",
						"-",
						NULL};
	const char *path = getenv("PATH");
	g_autofree char *path_entry = g_strconcat("PATH=", path ? path : "/usr/bin", NULL);
	char *const environment[] = {path_entry, (char[]){"LC_ALL=C.UTF-8"}, NULL};
	int in = picture_file_of(data), null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (in < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    (null >= 0 && dup2(null, STDERR_FILENO) < 0))
		return picture_say(out, g_strerror(errno));
	execvpe(LSTOPO, (char *const *)arguments, environment);
	return picture_say(out, errno == ENOENT ? "not found; install hwloc-nox (or hwloc)"
						: g_strerror(errno));
}

static char *picture_draw(const char *xml, GError **error)
{
	return child_answer(LSTOPO, picture_draw_file, xml, PICTURE_SECONDS, error);
}

char *picture_make(const Plan *plan, const Check *check, GHashTable *templates, GError **error)
{
	g_autofree char *xml = picture_xml(plan, check);
	g_autofree char *svg = picture_draw(xml, error);

	return svg ? picture_finish(svg, plan, check, templates, error) : NULL;
}

bool picture_for_page(const Plan *plan, const Check *check, GHashTable *templates, char **svg,
		      GError **error)
{
	g_autoptr(GError) why = NULL;

	if (!plan)
		return true;
	*svg = picture_make(plan, check, templates, &why);
	if (*svg || g_error_matches(why, PLANNER_ERROR, PLANNER_ERROR_SYSTEM))
		return true;
	g_propagate_error(error, g_steal_pointer(&why));
	return false;
}
