/* SPDX-License-Identifier: MIT */
#include "cmd/target_ask.h"
#include "topology/base/error.h"
#include "topology/facts/facts.h"

#include <string.h>

/* The words of platforms that have files of their own; NULL: libvirt's do. */
static const char *const platform_words[PLATFORM_COUNT] = {
	[PLATFORM_OPENSTACK] = "openstack",
	[PLATFORM_KUBEVIRT] = "kubevirt",
	[PLATFORM_OPENSHIFT] = "openshift",
	[PLATFORM_HARVESTER] = "kubevirt",
};

/* Is WORD among ID and ID_LIKE of os-release? */
static bool target_is_like(const Facts *facts, const char *word)
{
	g_auto(GStrv) words = g_strsplit(facts->os ? facts->os : "", " ", -1);

	return g_strv_contains((const char *const *)words, word);
}

/* What a kernel's version says where /etc/os-release was not captured. */
static const char *target_of_release(const char *release)
{
	static const char *const debian[] = {"-amd64", "-arm64", "-generic"};

	for (unsigned i = 0; release && i < G_N_ELEMENTS(debian); i++)
		if (g_str_has_suffix(release, debian[i]))
			return "debian";
	return release && (strstr(release, ".el") || strstr(release, ".fc")) ? "el" : NULL;
}

static const char *target_of_host(const Facts *facts)
{
	bool entries =
		facts->kernel->loader == LOADER_ENTRIES || facts->kernel->loader == LOADER_UKI;

	if (facts->platform == PLATFORM_PROXMOX)
		return facts->kernel->loader == LOADER_PROXMOX ? "proxmox-efi" : "proxmox";
	if (facts->kernel->cmdline && strstr(facts->kernel->cmdline, "ostree="))
		return "bootc";
	if (entries)
		return "systemd-boot";
	if (facts->kernel->loader == LOADER_SYSLINUX)
		return "extlinux";
	if (facts->kernel->loader == LOADER_ZIPL)
		return "zipl";
	if (target_is_like(facts, "debian"))
		return "debian";
	if (target_is_like(facts, "rhel") || target_is_like(facts, "fedora"))
		return "el";
	return target_of_release(facts->kernel->release);
}

static Target *target_of_facts(const Facts *facts, GError **error)
{
	const char *platform = platform_words[facts->platform];
	const char *host = target_of_host(facts);
	g_autofree char *words = NULL;

	if (facts->platform == PLATFORM_OPENSHIFT)
		return target_new(platform, error);
	if (!host) {
		g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
			    "--for auto: cannot tell what %s is; name it: --for debian, el, "
			    "systemd-boot, …",
			    facts->source);
		return NULL;
	}
	words = platform ? g_strdup_printf("%s,%s", host, platform) : g_strdup(host);
	return target_new(words, error);
}

Target *target_ask(const Options *options, GError **error)
{
	FactsOptions facts_options = {.root = options->topology ? options->topology : "/"};
	g_autoptr(Facts) facts = NULL;

	if (strcmp(options->target, "auto") != 0)
		return target_new(options->target, error);
	if (options->plan) {
		options_refuse(error, NULL,
			       "--for auto: a saved plan does not say what its host is; name it: "
			       "--for debian, el, …");
		return NULL;
	}
	facts = facts_load(&facts_options, error);
	if (!facts) {
		g_prefix_error(error, "--for auto needs a capture, or this machine: ");
		return NULL;
	}
	return target_of_facts(facts, error);
}
