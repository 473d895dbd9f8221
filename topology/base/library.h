/* SPDX-License-Identifier: MIT */
/* Shared libraries loaded when they are needed: libvirt_load.h, libxml_load.h, gunzip.h. */
#ifndef TOPOLOGY_BASE_LIBRARY_H
#define TOPOLOGY_BASE_LIBRARY_H

#include <stdbool.h>

/* Open the library of that name; NULL when there is none. It stays open. */
void *library_open(const char *name);

/* Put the address of SYMBOL into the pointer at MEMBER; false when the library has no such symbol.
 */
bool library_find(void *library, const char *symbol, void *member);

#endif
