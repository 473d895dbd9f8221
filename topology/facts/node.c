/* SPDX-License-Identifier: MIT */
#include "topology/facts/node.h"

#include "topology/base/file.h"
#include "topology/base/worker.h"
#include "topology/facts/kvm.h"
#include "topology/guests/libvirt_load.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stdbool.h>
#include <string.h>
#include <sys/utsname.h>

#ifndef KVM_X86_DISABLE_EXITS_MWAIT
#define KVM_X86_DISABLE_EXITS_MWAIT 1
#endif

#define DEADLINE 5 /* seconds */

/* What the worker that asks libvirt writes; a message where ok is false. */
typedef struct NodeAnswer {
	bool ok;
	unsigned long qemu, libvirt; /* major * 1000000 + minor * 1000 + micro; 0 = not said */
	char message[200];
} NodeAnswer;

static void why_add(GString *why, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void why_add(GString *why, const char *format, ...)
{
	va_list args;

	if (why->len)
		g_string_append(why, "; ");
	va_start(args, format);
	g_string_append_vprintf(why, format, args);
	va_end(args);
}

static void libvirt_versions(const char *uri, NodeAnswer *answer)
{
	virConnectPtr connection;

	if (!libvirt_load()) {
		g_strlcpy(answer->message, "libvirt's client library is not installed",
			  sizeof(answer->message));
		return;
	}
	connection = virConnectOpenReadOnly(uri);
	if (!connection) {
		g_strlcpy(answer->message, virGetLastErrorMessage(), sizeof(answer->message));
		return;
	}
	answer->ok = true;
	virConnectGetLibVersion(connection, &answer->libvirt);
	virConnectGetVersion(connection, &answer->qemu);
	virConnectClose(connection);
}

static bool libvirt_ask(int fd, const void *data)
{
	NodeAnswer answer = {0};

	libvirt_versions(data, &answer);
	return worker_write(fd, (const char *)&answer, sizeof(answer));
}

static void libvirt_read(Node *node, const char *uri, GString *why)
{
	NodeAnswer answer;
	WorkerEnd end;
	size_t length;
	g_autofree char *bytes = worker_run(libvirt_ask, uri, DEADLINE, &length, &end);

	if (length != sizeof(answer)) {
		why_add(why, "%s did not answer within %d s", uri, DEADLINE);
		return;
	}
	memcpy(&answer, bytes, sizeof(answer));
	answer.message[sizeof(answer.message) - 1] = '\0';
	if (!answer.ok) {
		why_add(why, "%s: %s", uri, g_strdelimit(answer.message, "\n\r", ' '));
		return;
	}
	node->libvirt = libvirt_version(answer.libvirt);
	node->qemu = libvirt_version(answer.qemu);
	if (!node->qemu)
		why_add(why, "%s does not say its QEMU's version", uri);
}

void node_exits_set(Node *node, int exits)
{
	node->disable_exits = exits < 0 ? TRISTATE_UNKNOWN : exits ? TRISTATE_YES : TRISTATE_NO;
	node->mwait = exits < 0				    ? TRISTATE_UNKNOWN
		      : exits & KVM_X86_DISABLE_EXITS_MWAIT ? TRISTATE_YES
							    : TRISTATE_NO;
}

Node *node_load(const char *uri, char **why)
{
	Node *node = g_new0(Node, 1);
	g_autoptr(GString) missing = g_string_new(NULL);
	size_t length;
	g_autofree char *cpuinfo =
		file_read("/proc/cpuinfo", FILE_REGULAR, CPUINFO_MAX, &length, NULL);
	int exits = kvm_ask();
	struct utsname name;

	if (exits < 0)
		why_add(missing, "/dev/kvm: %s", g_strerror(errno));
	node_exits_set(node, exits);
	node->nested = cpuinfo ? cpuinfo_nested(cpuinfo) : TRISTATE_UNKNOWN;
	if (node->nested == TRISTATE_UNKNOWN)
		why_add(missing, "/proc/cpuinfo has no flags");
	if (uname(&name) == 0) {
		node->name = g_strdup(name.nodename);
		node->kernel = g_strdup(name.release);
	}
	libvirt_read(node, uri ? uri : "qemu:///system", missing);
	if (why)
		*why = missing->len ? g_strdup(missing->str) : NULL;
	return node;
}

void node_free(Node *node)
{
	if (!node)
		return;
	g_free(node->name);
	g_free(node->kernel);
	g_free(node->qemu);
	g_free(node->libvirt);
	g_free(node);
}
