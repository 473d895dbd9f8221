/* SPDX-License-Identifier: MIT */
#ifndef PLANNER_INVENTORY_VM_NAME_H
#define PLANNER_INVENTORY_VM_NAME_H

/*
 * What is wrong with NAME (UTF-8) as the name of a VM or node, as "is empty"; NULL if nothing is:
 * it may be shown, put into XML and used as a file's name by libvirt.
 */
const char *vm_name_fault(const char *name);

#endif
