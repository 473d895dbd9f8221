/* SPDX-License-Identifier: MIT */
/* What kind of file a text is, by what it begins with: to name once what somebody mixed up. */
#ifndef TOPOLOGY_BASE_KIND_H
#define TOPOLOGY_BASE_KIND_H

#include <stddef.h>

typedef enum FileKindFound {
	KIND_UNKNOWN,
	KIND_TOPOLOGY, /* hwloc XML */
	KIND_DOMAIN,   /* a domain's XML */
	KIND_XML,      /* another */
	KIND_TAR,      /* an archive, packed or not */
	KIND_ZIP,      /* also a spreadsheet that is not CSV */
	KIND_UTF16,
	KIND_INVENTORY, /* INI */
	KIND_DOCUMENT,	/* planner's own JSON, such as a plan */
	KIND_REPORT,	/* what check wrote, of one node or several */
	KIND_JSON,
	KIND_CSV, /* with a header line */
} FileKindFound;

/* The kind of TEXT, LENGTH bytes. */
FileKindFound kind_of_text(const char *text, size_t length);
/* "hwloc XML (for -t)"; "" for KIND_UNKNOWN. */
extern const char *const kind_names[];

#endif
