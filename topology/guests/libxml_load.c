/* SPDX-License-Identifier: MIT */
#define LIBXML_LOAD_OWN_NAMES
#include "topology/guests/libxml_load.h"

Libxml libxml_table;

bool libxml_load(void)
{
	static const char *const names[] = LIBRARY_NAMES(LIBXML_FUNCTIONS);
	static bool loaded;

	loaded = loaded || library_load(SONAME_LIBXML, names, &libxml_table);
	return loaded;
}
