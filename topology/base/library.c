/* SPDX-License-Identifier: MIT */
#include "topology/base/library.h"

#include <dlfcn.h>

void *library_open(const char *name)
{
	return dlopen(name, RTLD_LAZY | RTLD_LOCAL);
}

/* By way of the pointer's bytes: ISO C has no cast from an object's pointer to a function's. */
bool library_find(void *library, const char *symbol, void *member)
{
	void *found = dlsym(library, symbol);

	*(void **)member = found;
	return found;
}
