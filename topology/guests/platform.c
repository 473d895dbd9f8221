/* SPDX-License-Identifier: MIT */
#include "topology/guests/platform.h"

#include <glib.h>
#include <string.h>

const char *const platform_names[] = {
	[PLATFORM_LIBVIRT] = "libvirt",
	[PLATFORM_PROCESS] = "plain QEMU",
	[PLATFORM_PROXMOX] = "Proxmox VE",
	[PLATFORM_OPENSTACK] = "OpenStack",
	[PLATFORM_OVIRT] = "oVirt",
	[PLATFORM_KUBEVIRT] = "KubeVirt",
	[PLATFORM_OPENSHIFT] = "OpenShift",
	[PLATFORM_HARVESTER] = "Harvester",
	[PLATFORM_LXD] = "LXD, Incus",
	[PLATFORM_UNRAID] = "Unraid",
	[PLATFORM_OPENNEBULA] = "OpenNebula",
	[PLATFORM_CLOUDSTACK] = "CloudStack",
	[PLATFORM_KATA] = "Kata",
};

Platform platform_base(Platform platform)
{
	return platform == PLATFORM_OPENSHIFT || platform == PLATFORM_HARVESTER ? PLATFORM_KUBEVIRT
										: platform;
}

/* How namespaces begin; versions follow. */
const char *const platform_namespaces[] = {
	"http://openstack.org/xmlns/libvirt/nova/",
	"http://ovirt.org/vm/",
	"http://kubevirt.io",
	"http://unraid",
	"unraid",
	"http://opennebula.org/xmlns/libvirt/",
	NULL,
};

Platform platform_of_namespace(const char *href)
{
	static const Platform platforms[] = {
		PLATFORM_OPENSTACK, PLATFORM_OVIRT,  PLATFORM_KUBEVIRT,
		PLATFORM_UNRAID,    PLATFORM_UNRAID, PLATFORM_OPENNEBULA,
	};

	G_STATIC_ASSERT(G_N_ELEMENTS(platforms) == G_N_ELEMENTS(platform_namespaces) - 1);
	for (unsigned i = 0; href && i < G_N_ELEMENTS(platforms); i++)
		if (g_str_has_prefix(href, platform_namespaces[i]))
			return platforms[i];
	return PLATFORM_LIBVIRT;
}

/* Is all that follows PREFIX of TEXT one of SET, LENGTH characters (0 = any number but none)? */
static bool is_numbered(const char *text, const char *prefix, const char *set, size_t length)
{
	const char *rest = text + strlen(prefix);

	return g_str_has_prefix(text, prefix) && *rest && !rest[strspn(rest, set)] &&
	       (!length || strlen(rest) == length);
}

/* "i-2-10-VM", account and number, whose last word a site may choose; "r-4-VM", a router, "s-1-VM"
 * and "v-2-VM", storage and console. */
static bool is_of_cloudstack(const char *name)
{
	g_auto(GStrv) words = g_strsplit(name, "-", 4);
	unsigned n = g_strv_length(words);
	bool own = n == 4 && g_str_equal(words[0], "i"),
	     systems = n == 3 && words[0][0] && !words[0][1] && strchr("rsv", *words[0]) &&
		       g_str_equal(words[2], "VM");

	return (own || systems) && is_numbered(words[1], "", "0123456789", 0) &&
	       (systems || is_numbered(words[2], "", "0123456789", 0));
}

Platform platform_of_name(const char *name)
{
	if (is_of_cloudstack(name))
		return PLATFORM_CLOUDSTACK;
	if (is_numbered(name, "instance-", "0123456789abcdef", 8))
		return PLATFORM_OPENSTACK;
	if (is_numbered(name, "sandbox-", "0123456789abcdef", 64)) /* the pod's id */
		return PLATFORM_KATA;
	return is_numbered(name, "one-", "0123456789", 0) ? PLATFORM_OPENNEBULA : PLATFORM_LIBVIRT;
}

static bool has_option(char *const *argv, const char *option)
{
	return argv && g_strv_contains((const char *const *)argv, option);
}

Platform platform_of_process(char *const *argv, const char *group)
{
	if (group && g_str_has_prefix(group, "/kubepods"))
		return PLATFORM_KUBEVIRT;
	if ((group && g_str_has_prefix(group, "/qemu.slice/")) ||
	    (has_option(argv, "-id") && g_str_has_suffix(*argv, "/kvm")))
		return PLATFORM_PROXMOX;
	return has_option(argv, "-readconfig") ? PLATFORM_LXD : PLATFORM_LIBVIRT;
}

bool platform_is_libvirt(char *const *argv, const char *group)
{
	if (group && (strstr(group, "/machine-qemu") || strstr(group, ".libvirt-qemu")))
		return true;
	for (; argv && *argv; argv++)
		if (g_str_equal(*argv, "-name") && argv[1] && g_str_has_prefix(argv[1], "guest="))
			return true;
	return false;
}
