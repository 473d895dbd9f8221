/* SPDX-License-Identifier: MIT */
#include "topology/guests/domain.h"
#include "topology/guests/domain_xml.h"

#include <string.h>

/* What a snapshot keeps. Everything that is not named here may hold a secret one day. */
const char *const domain_kept[] = {
	"name",	    "uuid",  "memory",	  "currentMemory", "maxMemory", "memoryBacking",
	"vcpu",	    "vcpus", "iothreads", "iothreadids",   "cputune",	"numatune",
	"resource", "os",    "features",  "cpu",	   "devices",	"metadata",
	NULL,
};
const char *const domain_os_kept[] = {"type", NULL};
const char *const domain_devices_kept[] = {"emulator",	 "disk",    "interface", "controller",
					   "memballoon", "hostdev", NULL};
const char *const domain_device_kept[] = {"driver", "target", "model", "address", NULL};
const char *const domain_passed_kept[] = {"source", NULL}; /* of PCI devices: where they are */
static const char *const status_kept[] = {"vcpus", "domain", NULL};
/* Below all these. */
const char *const domain_further_kept[] = {
	"hugepages",
	"page",
	"locked",
	"nosharepages",
	"allocation",
	"vcpupin",
	"emulatorpin",
	"iothreadpin",
	"shares",
	"period",
	"quota",
	"global_period",
	"global_quota",
	"emulator_period",
	"emulator_quota",
	"vcpusched",
	"iothreadsched",
	"emulatorsched",
	"memory",
	"memnode",
	"vcpu",
	"iothread",
	"acpi",
	"apic",
	"pae",
	"pmu",
	"kvm",
	"hidden",
	"hint-dedicated",
	"poll-control",
	"model",
	"vendor",
	"topology",
	"feature",
	"numa",
	"cell",
	"cache",
	"maxphysaddr",
	"address",
	"partition",
	NULL,
};
const char *const domain_attributes_kept[] = {
	"type",	    "id",	    "unit",   "placement",  "cpuset",	"current",   "mode",
	"nodeset",  "size",	    "vcpu",   "vcpus",	    "iothread", "iothreads", "eoi",
	"state",    "check",	    "match",  "migratable", "fallback", "name",	     "policy",
	"bus",	    "domain",	    "slot",   "function",   "device",	"model",     "enabled",
	"order",    "cellid",	    "memory", "cpus",	    "arch",	"machine",   "scheduler",
	"queues",   "sockets",	    "dies",   "clusters",   "cores",	"threads",   "pid",
	"priority", "hotpluggable", "level",  "bits",	    "slots",	NULL,
};
static const char *const arg_kept[] = {"value", NULL};
const char *const domain_texts_kept[] = {
	"name",		  "uuid",   "memory",	"currentMemory", "maxMemory",	 "vcpu",
	"iothreads",	  "type",   "emulator", "model",	 "vendor",	 "partition",
	"shares",	  "period", "quota",	"global_period", "global_quota", "emulator_period",
	"emulator_quota", NULL,
};

static void attributes_strip(xmlNode *node, const char *const *kept)
{
	xmlAttr *next;

	for (xmlAttr *one = node->type == XML_ELEMENT_NODE ? node->properties : NULL; one;
	     one = next) {
		next = one->next;
		if (!g_strv_contains(kept, (const char *)one->name))
			xmlRemoveProp(one);
	}
}

/* Remove all children of NODE but elements that KEPT names, and what attributes and texts may hold;
 * QEMU's commandline stays. */
static void children_strip(xmlNode *node, const char *const *kept)
{
	xmlNode *next;

	attributes_strip(node, domain_attributes_kept);
	for (xmlNode *child = node->children; child; child = next) {
		const char *name = (const char *)child->name;
		bool element = child->type == XML_ELEMENT_NODE;
		bool text =
			(child->type == XML_TEXT_NODE && xmlIsBlankNode(child)) ||
			((child->type == XML_TEXT_NODE || child->type == XML_CDATA_SECTION_NODE) &&
			 g_strv_contains(domain_texts_kept, (const char *)node->name));

		next = child->next;
		if (text)
			continue;
		if (element && (g_strv_contains(kept, name) ||
				(strstr(name, "commandline") && kept == domain_kept)))
			continue;
		xmlUnlinkNode(child);
		xmlFreeNode(child);
	}
}

/* The same, and of all that is below those children what is kept further down. */
static void node_strip(xmlNode *node, const char *const *kept)
{
	children_strip(node, kept);
	for (xmlNode *child = node->children; child; child = child->next)
		if (child->type == XML_ELEMENT_NODE)
			node_strip(child, domain_further_kept);
}

static bool is_arg(const xmlNode *node)
{
	const char *name = (const char *)node->name;

	return node->type == XML_ELEMENT_NODE &&
	       (!strcmp(name, "arg") || g_str_has_suffix(name, ":arg"));
}

/* Of the arguments only those that qemu_args_keep() keeps: nothing else of the element. */
static void commandline_strip(xmlNode *commandline)
{
	g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func(g_free);
	g_auto(GStrv) kept = NULL;
	xmlNode *next;
	unsigned at = 0;

	g_ptr_array_add(values, g_strdup("-")); /* no program */
	for (xmlNode *node = commandline->children; node; node = node->next)
		if (is_arg(node)) {
			char *value = xml_get(node, "value");

			g_ptr_array_add(values, value ? value : g_strdup(""));
		}
	g_ptr_array_add(values, NULL);
	kept = qemu_args_keep((const char *const *)values->pdata);
	for (xmlNode *node = commandline->children; node; node = next) {
		next = node->next;
		if (is_arg(node) && kept[at] && xml_says(node, "value", kept[at])) {
			attributes_strip(node, arg_kept);
			at++;
			continue;
		}
		xmlUnlinkNode(node);
		xmlFreeNode(node);
	}
}

static void devices_strip(xmlNode *devices)
{
	children_strip(devices, domain_devices_kept);
	for (xmlNode *device = devices->children; device; device = device->next) {
		bool pci = xml_is(device, "hostdev") && xml_says(device, "type", "pci");

		if (device->type == XML_ELEMENT_NODE)
			node_strip(device, pci ? domain_passed_kept : domain_device_kept);
	}
}

/* Of <metadata> only whose it is: the elements of known platforms, with nothing in them. */
static void metadata_strip(xmlNode *metadata)
{
	xmlNode *next;

	for (xmlNode *node = metadata->children; node; node = next) {
		bool known =
			node->type == XML_ELEMENT_NODE && node->ns &&
			platform_of_namespace((const char *)node->ns->href) != PLATFORM_LIBVIRT;

		next = node->next;
		if (known) {
			xmlFreeNodeList(node->children);
			node->children = node->last = NULL;
			xmlFreePropList(node->properties);
			node->properties = NULL;
			continue;
		}
		xmlUnlinkNode(node);
		xmlFreeNode(node);
	}
}

static void domain_node_strip(xmlNode *domain)
{
	children_strip(domain, domain_kept);
	for (xmlNode *node = domain->children; node; node = node->next) {
		if (node->type != XML_ELEMENT_NODE)
			continue;
		if (xml_is(node, "devices"))
			devices_strip(node);
		else if (xml_is(node, "metadata"))
			metadata_strip(node);
		else if (strstr((const char *)node->name, "commandline"))
			commandline_strip(node);
		else
			node_strip(node, xml_is(node, "os") ? domain_os_kept : domain_further_kept);
	}
}

static void status_strip(xmlDoc *document)
{
	static const char *const kept[] = {"domain", "domstatus", NULL};
	xmlNode *root = xmlDocGetRootElement(document);

	children_strip((xmlNode *)document, kept);
	if (xml_is(root, "domstatus")) {
		children_strip(root, status_kept);
		for (xmlNode *node = root->children; node; node = node->next)
			if (xml_is(node, "vcpus"))
				node_strip(node, domain_further_kept);
	}
}

char *domain_strip(const char *xml, size_t length)
{
	g_autoptr(xmlDoc) document = xml_document(xml, length, NULL);
	xmlNode *domain = document ? xml_domain(document) : NULL;
	xmlBuffer *buffer;
	char *text = NULL;

	if (!domain)
		return NULL;
	status_strip(document);
	domain_node_strip(domain);
	buffer = xmlBufferCreate();
	if (xmlNodeDump(buffer, document, xmlDocGetRootElement(document), 0, 0) >= 0)
		text = g_strdup((const char *)xmlBufferContent(buffer));
	xmlBufferFree(buffer);
	return text;
}
