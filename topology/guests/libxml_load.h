/* SPDX-License-Identifier: MIT */
/*
 * libxml2, loaded when domain XML is read and not before: with the character tables it brings (ICU)
 * it costs a process more at its start than a whole plan takes.
 *
 * Include this instead of <libxml/…>; call libxml_load() once, then libxml2's functions by their
 * own names. To use another function of it: add a row below and its name at the end.
 */
#ifndef TOPOLOGY_GUESTS_LIBXML_LOAD_H
#define TOPOLOGY_GUESTS_LIBXML_LOAD_H

#include "topology/base/library.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/tree.h>
#include <stdbool.h>

#define LIBXML_FUNCTIONS(X)                                                                        \
	X(xmlAddChild)                                                                             \
	X(xmlAddNextSibling)                                                                       \
	X(xmlAddPrevSibling)                                                                       \
	X(xmlBufferContent)                                                                        \
	X(xmlBufferCreate)                                                                         \
	X(xmlBufferFree)                                                                           \
	X(xmlCtxtReadMemory)                                                                       \
	X(xmlDocCopyNode)                                                                          \
	X(xmlDocGetRootElement)                                                                    \
	X(xmlFree) /* a variable */                                                                \
	X(xmlFreeDoc)                                                                              \
	X(xmlFreeNode)                                                                             \
	X(xmlFreeNodeList)                                                                         \
	X(xmlFreeParserCtxt)                                                                       \
	X(xmlFreePropList)                                                                         \
	X(xmlGetNoNsProp)                                                                          \
	X(xmlIsBlankNode)                                                                          \
	X(xmlNewDocNode)                                                                           \
	X(xmlNewDocText)                                                                           \
	X(xmlNewNs)                                                                                \
	X(xmlNewParserCtxt)                                                                        \
	X(xmlNodeDump)                                                                             \
	X(xmlNodeSetContent)                                                                       \
	X(xmlSetProp)                                                                              \
	X(xmlStopParser)                                                                           \
	X(xmlStrdup)                                                                               \
	X(xmlRemoveProp)                                                                           \
	X(xmlUnlinkNode)                                                                           \
	X(xmlUnsetNsProp)

LIBRARY_TABLE(Libxml, LIBXML_FUNCTIONS);

extern Libxml libxml_table;

/* Load it, once; false when this machine has no libxml2. */
bool libxml_load(void);

#ifndef LIBXML_LOAD_OWN_NAMES /* libxml_load.c names the functions themselves */
#undef xmlFree
#define xmlFree (*libxml_table.xmlFree)
#define xmlAddChild libxml_table.xmlAddChild
#define xmlAddNextSibling libxml_table.xmlAddNextSibling
#define xmlAddPrevSibling libxml_table.xmlAddPrevSibling
#define xmlBufferContent libxml_table.xmlBufferContent
#define xmlBufferCreate libxml_table.xmlBufferCreate
#define xmlBufferFree libxml_table.xmlBufferFree
#define xmlCtxtReadMemory libxml_table.xmlCtxtReadMemory
#define xmlDocCopyNode libxml_table.xmlDocCopyNode
#define xmlDocGetRootElement libxml_table.xmlDocGetRootElement
#define xmlFreeDoc libxml_table.xmlFreeDoc
#define xmlFreeNode libxml_table.xmlFreeNode
#define xmlFreeNodeList libxml_table.xmlFreeNodeList
#define xmlFreeParserCtxt libxml_table.xmlFreeParserCtxt
#define xmlFreePropList libxml_table.xmlFreePropList
#define xmlGetNoNsProp libxml_table.xmlGetNoNsProp
#define xmlIsBlankNode libxml_table.xmlIsBlankNode
#define xmlNewDocNode libxml_table.xmlNewDocNode
#define xmlNewDocText libxml_table.xmlNewDocText
#define xmlNewNs libxml_table.xmlNewNs
#define xmlNewParserCtxt libxml_table.xmlNewParserCtxt
#define xmlNodeDump libxml_table.xmlNodeDump
#define xmlNodeSetContent libxml_table.xmlNodeSetContent
#define xmlSetProp libxml_table.xmlSetProp
#define xmlStopParser libxml_table.xmlStopParser
#define xmlStrdup libxml_table.xmlStrdup
#define xmlRemoveProp libxml_table.xmlRemoveProp
#define xmlUnlinkNode libxml_table.xmlUnlinkNode
#define xmlUnsetNsProp libxml_table.xmlUnsetNsProp
#endif

#endif
