/* SPDX-License-Identifier: MIT */
/* The XML of a domain as a tree; only domain*.c and the files of planner/merge/ include this. */
#ifndef TOPOLOGY_GUESTS_DOMAIN_XML_H
#define TOPOLOGY_GUESTS_DOMAIN_XML_H

#include "topology/guests/libxml_load.h"
#include <glib.h>
#include <stdbool.h>

#define QEMU_NAMESPACE "http://libvirt.org/schemas/domain/qemu/1.0"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlDoc, xmlFreeDoc)

/* NULL with PLANNER_ERROR_INPUT. Nothing is fetched or expanded; a document type is refused. */
xmlDoc *xml_document(const char *xml, size_t length, GError **error);
/* The <domain> of it, inside <domstatus> or not; NULL = there is none. */
xmlNode *xml_domain(xmlDoc *document);

/* Is NODE an element NAME without a namespace? */
bool xml_is(const xmlNode *node, const char *name);
/* Is it the element NAME of QEMU's namespace? */
bool xml_is_qemu(const xmlNode *node, const char *name);
/* The first child NAME of NODE (NULL allowed), and the next of that name. */
xmlNode *xml_child(const xmlNode *node, const char *name);
xmlNode *xml_next(const xmlNode *node, const char *name);
/* The attribute; the text, without that of elements in it: yours, valid UTF-8, without white space
 * at the ends; NULL = none. */
char *xml_get(const xmlNode *node, const char *name);
char *xml_text(const xmlNode *node);
/* Is the attribute NAME of NODE this VALUE? */
bool xml_says(const xmlNode *node, const char *name, const char *value);

#endif
