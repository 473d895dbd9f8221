/* SPDX-License-Identifier: MIT */
#define LIBXML_LOAD_OWN_NAMES
#include "topology/guests/libxml_load.h"

#define LIBRARY "libxml2.so.2" /* the name its ABI has in Debian 12 and 13 */

Libxml libxml_table;

bool libxml_load(void)
{
	static const char *const names[] = LIBRARY_NAMES(LIBXML_FUNCTIONS);
	static bool loaded;

	loaded = loaded || library_load(LIBRARY, names, &libxml_table);
	return loaded;
}
