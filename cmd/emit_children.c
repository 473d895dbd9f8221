/* SPDX-License-Identifier: MIT */
#include "cmd/emit_children.h"
#include "cmd/child.h"
#include "topology/guests/libvirt_load.h"

#include <string.h>

#define LIBVIRT_SECONDS 10

static bool emit_children_say(int out, const char *message)
{
	worker_write(out, message, strlen(message));
	return false;
}

typedef struct ChildQuestion {
	const char *uri, *name;
	bool live;
} ChildQuestion;

static void be_quiet(void *data, virErrorPtr error)
{
	(void)data;
	(void)error;
}

static bool emit_children_ask(int out, const void *data)
{
	const ChildQuestion *question = data;
	virConnectPtr connection;
	virDomainPtr domain;
	char *xml;

	if (!libvirt_load())
		return emit_children_say(out, "libvirt's client library is not installed");
	virSetErrorFunc(NULL, be_quiet);
	connection = virConnectOpenReadOnly(question->uri);
	if (!connection) {
		g_autofree char *why =
			libvirt_message_shown(virGetLastErrorMessage(), question->uri);

		return emit_children_say(out, why);
	}
	domain = virDomainLookupByName(connection, question->name);
	xml = domain ? virDomainGetXMLDesc(domain, question->live ? 0 : VIR_DOMAIN_XML_INACTIVE)
		     : NULL;
	return xml ? worker_write(out, xml, strlen(xml))
		   : emit_children_say(out, virGetLastErrorMessage());
}

char *domain_ask(const char *uri, const char *name, bool live, GError **error)
{
	ChildQuestion question = {uri, name, live};

	g_autofree char *shown = libvirt_uri_shown(uri);

	return child_answer(shown, emit_children_ask, &question, LIBVIRT_SECONDS, error);
}
