/* SPDX-License-Identifier: MIT */
#include "topology/facts/platform_load.h"

#include "topology/base/text.h"

#include <string.h>

/* What all VMs are of; PLATFORM_LIBVIRT where there are none, or of several. */
static Platform platform_of_guests(const GuestFacts *guests)
{
	Platform common = PLATFORM_LIBVIRT;

	for (unsigned i = 0; guests && i < guests->guests->len; i++) {
		const Guest *guest = g_ptr_array_index(guests->guests, i);

		if (i && guest->platform != common)
			return PLATFORM_LIBVIRT;
		common = guest->platform;
	}
	return common == PLATFORM_PROCESS ? PLATFORM_LIBVIRT : common;
}

/* ID and ID_LIKE, yours; NULL where they cannot be read. */
static char *os_load(Root *root)
{
	g_autofree char *text = root_text(root, "/etc/os-release", NULL);
	g_autoptr(GHashTable) said = text ? settings_parse(text) : NULL;
	const char *id = said ? g_hash_table_lookup(said, "ID") : NULL;
	const char *like = said ? g_hash_table_lookup(said, "ID_LIKE") : NULL;

	return id ? g_strjoin(" ", id, like, NULL) : NULL;
}

static bool is_openshift(const Facts *facts)
{
	const char *profile = facts->services->tuned_profile;
	g_auto(GStrv) words = g_strsplit(facts->os ? facts->os : "", " ", 2);

	return (profile && g_str_has_prefix(profile, "openshift-node-performance")) ||
	       (*words && (g_str_equal(*words, "rhcos") || g_str_equal(*words, "scos")));
}

static Platform platform_of_node(Root *root, const Facts *facts)
{
	const char *release = facts->kernel->release;
	g_autofree char *unraid = root_text(root, "/etc/unraid-version", NULL);

	if (is_openshift(facts))
		return PLATFORM_OPENSHIFT;
	if (release && g_str_has_suffix(release, "-pve"))
		return PLATFORM_PROXMOX;
	return unraid ? PLATFORM_UNRAID : platform_of_guests(facts->guests);
}

void platform_load(Root *root, Facts *facts)
{
	GuestFacts *guests = facts->guests;

	facts->os = os_load(root);
	facts->platform = platform_of_node(root, facts);
	for (unsigned i = 0; guests && i < guests->guests->len; i++) {
		Guest *guest = g_ptr_array_index(guests->guests, i);

		if (facts->platform == PLATFORM_OPENSHIFT && guest->platform == PLATFORM_KUBEVIRT)
			guest->platform = PLATFORM_OPENSHIFT;
	}
}
