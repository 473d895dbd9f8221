/* SPDX-License-Identifier: MIT */
#define LIBXML_LOAD_OWN_NAMES
#include "topology/guests/libxml_load.h"
#include "topology/base/library.h"

#define LIBRARY "libxml2.so.2" /* the name its ABI has in Debian 12 and 13 */

Libxml libxml_table;

bool libxml_load(void)
{
	static bool loaded;
	void *library;

	if (loaded)
		return true;
	library = library_open(LIBRARY);
	if (!library)
		return false;
	loaded = true;
#define LIBXML_FIND(function) loaded &= library_find(library, #function, &libxml_table.function);
	LIBXML_FUNCTIONS(LIBXML_FIND)
#undef LIBXML_FIND
	loaded &= library_find(library, "xmlFree", &libxml_table.free);
	return loaded;
}
