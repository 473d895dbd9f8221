/* SPDX-License-Identifier: MIT */
#define LIBVIRT_LOAD_OWN_NAMES
#include "topology/libvirt_load.h"
#include "topology/library.h"

#define LIBRARY "libvirt.so.0" /* the name its ABI has had since 2005 */

Libvirt libvirt_table;

bool libvirt_load(void)
{
	static bool loaded;
	void *library;

	if (loaded)
		return true;
	library = library_open(LIBRARY);
	if (!library)
		return false;
	loaded = true;
#define LIBVIRT_FIND(function) loaded &= library_find(library, #function, &libvirt_table.function);
	LIBVIRT_FUNCTIONS(LIBVIRT_FIND)
#undef LIBVIRT_FIND
	return loaded;
}
