/* SPDX-License-Identifier: MIT */
/*
 * Shared libraries loaded when they are needed: libvirt_load.h, libxml_load.h, gunzip.c, archive.c,
 * cgroups.c. To load one more: list what is used of it,
 *
 *     #define ZLIB_FUNCTIONS(X) X(inflate) X(inflateEnd)
 *
 * make a table of it with LIBRARY_TABLE, and fill it with library_load().
 */
#ifndef TOPOLOGY_BASE_LIBRARY_H
#define TOPOLOGY_BASE_LIBRARY_H

#include <stdbool.h>

/* The type TYPE: a pointer to each function (or variable) of LIST, by its own name. */
#define LIBRARY_TABLE(type, list)                                                                  \
	typedef struct type {                                                                      \
		list(LIBRARY_MEMBER)                                                               \
	} type
#define LIBRARY_MEMBER(name) __typeof__(name) *name;
/* The names in LIST, ended by NULL. */
#define LIBRARY_NAMES(list)                                                                        \
	{                                                                                          \
		list(LIBRARY_NAME) 0                                                               \
	}
#define LIBRARY_NAME(name) #name,

/*
 * Open the library called NAME, a SONAME_… of the Makefile, and fill TABLE, a LIBRARY_TABLE, with
 * what its NAMES stand for; it stays open. False when there is no such library, or it lacks one of
 * them.
 */
bool library_load(const char *name, const char *const *names, void *table);

#endif
