/* SPDX-License-Identifier: MIT */
#define LIBVIRT_LOAD_OWN_NAMES
#include "topology/libvirt_load.h"

#include <dlfcn.h>

#define LIBRARY "libvirt.so.0" /* the name its ABI has had since 2005 */

Libvirt libvirt_table;

/* A pointer to a function as dlsym() gives it: by way of its bytes, as POSIX has it. */
static bool find(void *library, const char *name, void *member)
{
	void *found = dlsym(library, name);

	*(void **)member = found;
	return found;
}

bool libvirt_load(void)
{
	static bool loaded;
	void *library;

	if (loaded)
		return true;
	library = dlopen(LIBRARY, RTLD_LAZY | RTLD_LOCAL);
	if (!library)
		return false;
	loaded = true;
#define LIBVIRT_FIND(function) loaded &= find(library, #function, &libvirt_table.function);
	LIBVIRT_FUNCTIONS(LIBVIRT_FIND)
#undef LIBVIRT_FIND
	return loaded;
}
