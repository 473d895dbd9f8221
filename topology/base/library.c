/* SPDX-License-Identifier: MIT */
#include "topology/base/library.h"

#include <dlfcn.h>
#include <string.h>

/* By way of the pointer's bytes: ISO C has no cast from an object's pointer to a function's. */
bool library_load(const char *name, const char *const *names, void *table)
{
	void *library = dlopen(name, RTLD_LAZY | RTLD_LOCAL);
	char *members = table;

	for (unsigned i = 0; library && names[i]; i++) {
		void *found = dlsym(library, names[i]);

		if (!found)
			return false;
		memcpy(members + i * sizeof(found), &found, sizeof(found));
	}
	return library;
}
