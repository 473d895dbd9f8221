/* SPDX-License-Identifier: MIT */
/* An inventory as it would be if some of it were otherwise. */
#ifndef PLANNER_INVENTORY_WHAT_IF_H
#define PLANNER_INVENTORY_WHAT_IF_H

#include <glib.h>

/*
 * TEXT, an inventory that parses, with all of SETTINGS (ended by NULL) instead of what it says;
 * yours, for inventory_parse() to judge. A setting is SECTION.KEY=VALUE: sdk.cores-per-node=1. A
 * VM's section is its name, or "vm NAME" where that is another section's or the VM is new. What
 * excludes the key goes: of host, sdk and shared the other ways to ask for cores, of a VM with
 * other vcpus its cpus. vm1.count=0 takes VMs away.
 *
 * NULL where a setting is none, or of no section; then ERRORS (of char *) has a line for each.
 */
char *what_if_apply(const char *text, char *const *settings, GPtrArray *errors);

#endif
