/* SPDX-License-Identifier: MIT */
/* "a, b, c": lists as people read them. For CPU lists see topology/base/cpulist.h. */
#ifndef TOPOLOGY_BASE_LIST_H
#define TOPOLOGY_BASE_LIST_H

#include <glib.h>

/* Adds an item, worded as printf does; ", " before it unless LIST is empty. */
void list_add(GString *list, const char *format, ...) G_GNUC_PRINTF(2, 3);

#endif
