/* SPDX-License-Identifier: MIT */
/*
 * What the running node says of itself: versions and what KVM can do. Used where the inventory does
 * not say and the host planned for is this very machine. What cannot be asked stays unknown.
 */
#ifndef TOPOLOGY_FACTS_NODE_H
#define TOPOLOGY_FACTS_NODE_H

#include "topology/base/tristate.h"

#include <glib.h>

typedef struct Node {
	char *name;    /* host name; NULL = unknown, as all below */
	char *kernel;  /* uname -r */
	char *qemu;    /* "7.2.22", from libvirt */
	char *libvirt; /* "9.0.0" */
	/*
	 * KVM_CAP_X86_DISABLE_EXITS (capability 143) as /dev/kvm answers KVM_CHECK_EXTENSION: which
	 * exits may be disabled at all, and its bit 0 (MWAIT). No /dev/kvm or no permission:
	 * unknown.
	 */
	Tristate disable_exits, mwait;
	Tristate nested; /* the machine is itself a guest: the `hypervisor` flag of /proc/cpuinfo */
} Node;

/*
 * Ask this machine. URI is the libvirt to ask (read-only), NULL for qemu:///system; it is asked in
 * a child process with a deadline, because virConnectOpen may hang for ever (libvirt 9.0). Never
 * fails: what did not answer is unknown, and *WHY (may be NULL) then says in one line what did not.
 */
Node *node_load(const char *uri, char **why);
void node_free(Node *node);
/* What EXITS, the answer to kvm_ask(), says: disable_exits and mwait. */
void node_exits_set(Node *node, int exits);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Node, node_free)

#endif
