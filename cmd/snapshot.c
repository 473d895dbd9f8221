/* SPDX-License-Identifier: MIT */
#include "topology/snapshot.h"
#include "cmd/cmd.h"
#include "cmd/output.h"
#include "topology/error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool failed(GError **error, const char *name)
{
	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_SYSTEM, "%s: %s", name, strerror(errno));
	return false;
}

static bool bytes_write(int fd, const GByteArray *bytes)
{
	for (size_t done = 0; done < bytes->len;) {
		ssize_t n = write(fd, bytes->data + done, bytes->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

/* Aside and renamed, for its owner alone: whoever looks finds the old file or the whole new one. */
static bool file_write(const char *name, const GByteArray *bytes, GError **error)
{
	g_autofree char *aside = g_strdup_printf("%s.XXXXXX", name);
	int fd = g_mkstemp_full(aside, O_WRONLY | O_CLOEXEC, 0600);
	bool good;

	if (fd < 0)
		return failed(error, name);
	good = bytes_write(fd, bytes) && fsync(fd) == 0;
	good = close(fd) == 0 && good;
	if (good && rename(aside, name) == 0)
		return true;
	failed(error, name);
	g_unlink(aside);
	return false;
}

/* What stands there is replaced, so it must be a file. Asked before the work is done. */
static bool may_write(const char *name, GError **error)
{
	if (!g_file_test(name, G_FILE_TEST_EXISTS) || g_file_test(name, G_FILE_TEST_IS_REGULAR))
		return true;
	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_SYSTEM, "%s: is not a regular file", name);
	return false;
}

static void print_unread(const GPtrArray *unread)
{
	for (unsigned i = 0; i < unread->len; i++) {
		const Unread *one = g_ptr_array_index(unread, i);
		g_autofree char *source = output_safe(one->source);
		g_autofree char *why = output_safe(one->why);

		fprintf(stderr, "planner: not in the snapshot: %s: %s\n", source, why);
	}
}

static Status run(const Options *options, GError **error)
{
	FactsOptions facts = {.root = options->root,
			      .uri = options->connect,
			      .domains = options->domains,
			      .topology = options->topology,
			      .counters = options->counters};
	g_autoptr(GPtrArray) unread = NULL;
	g_autoptr(GByteArray) tar = NULL;

	if (!options->output) {
		g_set_error_literal(
			error, PLANNER_ERROR, PLANNER_ERROR_USAGE,
			"name the file to write with -o; see 'planner snapshot --help'");
		return STATUS_TROUBLE;
	}
	if (!may_write(options->output, error))
		return STATUS_TROUBLE;
	tar = snapshot_load(&facts, &unread, error);
	if (!tar)
		return STATUS_TROUBLE;
	print_unread(unread);
	return file_write(options->output, tar, error) ? STATUS_FINE : STATUS_TROUBLE;
}

const Command command_snapshot = {
	.name = "snapshot",
	.help = "capture what check reads, without secrets, into a tar file",
	.arguments = "",
	.options = OPTION_ROOT | OPTION_CONNECT | OPTION_DOMAINS | OPTION_TOPOLOGY |
		   OPTION_SNAPSHOT | OPTION_COUNTERS,
	.example = "planner snapshot -o node.tar && planner check -r node.tar -i node.ini",
	.run = run,
};
