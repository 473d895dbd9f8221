/* SPDX-License-Identifier: MIT */
#define LIBVIRT_LOAD_OWN_NAMES
#include "topology/guests/libvirt_load.h"

#include <glib.h>
#include <string.h>

Libvirt libvirt_table;

/* AddressSanitizer wraps the xdr_*() functions libvirt talks with, and finds the real ones only in
 * libraries that are there at the start: so under it libvirt is linked, not loaded later. */
#if defined(__SANITIZE_ADDRESS__)
__attribute__((used)) static int (*const linked)(void) = virInitialize;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
__attribute__((used)) static int (*const linked)(void) = virInitialize;
#endif
#endif

static void libvirt_load_silence(void *data, virErrorPtr error)
{
	(void)data, (void)error;
}

bool libvirt_load(void)
{
	static const char *const names[] = LIBRARY_NAMES(LIBVIRT_FUNCTIONS);
	static bool loaded;

	if (loaded)
		return true;
	loaded = library_load(SONAME_LIBVIRT, names, &libvirt_table);
	if (loaded)
		libvirt_table.virSetErrorFunc(NULL, libvirt_load_silence);
	return loaded;
}

/* virGetVersion(): major * 1,000,000 + minor * 1,000 + release */
char *libvirt_version(unsigned long version)
{
	return version ? g_strdup_printf("%lu.%lu.%lu", version / 1000000, version / 1000 % 1000,
					 version % 1000)
		       : NULL;
}

char *libvirt_uri_shown(const char *uri)
{
	size_t length = strcspn(uri, "?#");
	const char *host = strstr(uri, "://"), *at = NULL, *colon;
	g_auto(GStrv) parameters = g_strsplit(uri + length + (uri[length] == '?'), "&", -1);
	GString *shown = g_string_new_len(uri, (gssize)length);
	bool several = false;

	host = host && host < uri + length ? host + strlen("://") : NULL;
	at = host ? g_strrstr_len(host, (gssize)strcspn(host, "/?#"), "@") : NULL;
	colon = at ? memchr(host, ':', (size_t)(at - host)) : NULL;
	if (colon)
		g_string_erase(shown, colon - uri, at - colon);
	for (unsigned i = 0; uri[length] == '?' && parameters[i]; i++) {
		if (!g_str_has_prefix(parameters[i], "socket=") &&
		    !g_str_has_prefix(parameters[i], "mode="))
			continue;
		g_string_append_printf(shown, "%c%s", several ? '&' : '?', parameters[i]);
		several = true;
	}
	return g_string_free(shown, FALSE);
}

char *libvirt_message_shown(const char *message, const char *uri)
{
	g_auto(GStrv) parts = g_strsplit(message, uri, -1);
	g_autofree char *shown = libvirt_uri_shown(uri);

	return *uri ? g_strjoinv(shown, parts) : g_strdup(message);
}
