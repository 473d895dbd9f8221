/* SPDX-License-Identifier: MIT */
#include "topology/guests/domain_xml.h"
#include "topology/guests/libxml_load.h"

#include "topology/base/error.h"
#include "topology/guests/domain.h"

#include <string.h>

/* A document type declares entities, which libvirt's XML never needs. */
static void doctype_refuse(void *context, const xmlChar *name, const xmlChar *external,
			   const xmlChar *system)
{
	xmlParserCtxt *parser = context;

	(void)name, (void)external, (void)system;
	parser->_private = parser; /* tells why */
	parser->wellFormed = 0;
	xmlStopParser(parser);
}

static xmlDoc *domain_xml_refuse(GError **error, const char *what)
{
	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT, "is not a domain XML: %s", what);
	return NULL;
}

xmlDoc *xml_document(const char *xml, size_t length, GError **error)
{
	xmlParserCtxt *parser;
	xmlDoc *document;
	bool doctype;

	if (length > DOMAIN_XML_MAX)
		return domain_xml_refuse(error, "it is larger than 8 MiB");
	if (!libxml_load())
		return domain_xml_refuse(error, "libxml2 is not installed");
	parser = xmlNewParserCtxt();
	if (!parser)
		error_memory();
	parser->sax->internalSubset = doctype_refuse;
	document = xmlCtxtReadMemory(parser, xml, (int)length, NULL, NULL,
				     XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
					     XML_PARSE_COMPACT);
	doctype = parser->_private;
	xmlFreeParserCtxt(parser);
	if (document)
		return document;
	return domain_xml_refuse(error, doctype ? "it has a DOCTYPE, which no domain needs"
						: "it is not well-formed");
}

xmlNode *xml_domain(xmlDoc *document)
{
	xmlNode *root = xmlDocGetRootElement(document);

	if (root && xml_is(root, "domstatus"))
		root = xml_child(root, "domain");
	return root && xml_is(root, "domain") ? root : NULL;
}

bool xml_is(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && !node->ns &&
	       !strcmp((const char *)node->name, name);
}

bool xml_is_qemu(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && node->ns && node->ns->href &&
	       !strcmp((const char *)node->ns->href, QEMU_NAMESPACE) &&
	       !strcmp((const char *)node->name, name);
}

static xmlNode *domain_xml_first(xmlNode *node, const char *name)
{
	while (node && !xml_is(node, name))
		node = node->next;
	return node;
}

xmlNode *xml_child(const xmlNode *node, const char *name)
{
	return node ? domain_xml_first(node->children, name) : NULL;
}

xmlNode *xml_next(const xmlNode *node, const char *name)
{
	return domain_xml_first(node->next, name);
}

static char *domain_xml_own(xmlChar *text)
{
	char *copy = text ? g_strstrip(g_utf8_make_valid((const char *)text, -1)) : NULL;

	xmlFree(text);
	return copy;
}

char *xml_get(const xmlNode *node, const char *name)
{
	return node ? domain_xml_own(xmlGetNoNsProp(node, (const xmlChar *)name)) : NULL;
}

char *xml_text(const xmlNode *node)
{
	g_autoptr(GString) text = node ? g_string_new(NULL) : NULL;

	for (const xmlNode *child = node ? node->children : NULL; child; child = child->next)
		if (child->type == XML_TEXT_NODE || child->type == XML_CDATA_SECTION_NODE)
			g_string_append(text, (const char *)child->content);
	return node ? g_strstrip(g_utf8_make_valid(text->str, (gssize)text->len)) : NULL;
}

bool xml_says(const xmlNode *node, const char *name, const char *value)
{
	g_autofree char *said = xml_get(node, name);

	return said && !strcmp(said, value);
}
