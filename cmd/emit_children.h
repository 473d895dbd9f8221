/* SPDX-License-Identifier: MIT */
/* What of emit needs others: libvirt, for a domain's XML. */
#ifndef CMD_EMIT_CHILDREN_H
#define CMD_EMIT_CHILDREN_H

#include <glib.h>
#include <stdbool.h>

/*
 * The XML of the domain called NAME at the libvirt URI, asked read-only; yours. LIVE: as it runs,
 * else as of its next start. NULL with PLANNER_ERROR_SYSTEM. Passwords are not in it.
 */
char *domain_ask(const char *uri, const char *name, bool live, GError **error);

#endif
