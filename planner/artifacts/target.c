/* SPDX-License-Identifier: MIT */
#include "planner/artifacts/target.h"
#include "planner/base/nearest.h"
#include "topology/base/error.h"
#include "topology/base/list.h"

#include <string.h>

#define OWN(...) ((const Artifact *const[]){__VA_ARGS__, NULL})

const TargetWord target_words[] = {
	{.name = "debian",
	 .help = "Debian and Ubuntu, booted by GRUB",
	 .host = true,
	 .artifacts = OWN(&artifact_irqbalance, &artifact_grub)},
	{.name = "el",
	 .help = "RHEL, Fedora and related systems, booted by GRUB with boot entries",
	 .host = true,
	 .artifacts = OWN(&artifact_irqbalance_rhel, &artifact_grubby)},
	{.name = "systemd-boot",
	 .help = "systems whose kernel line kernel-install takes from /etc/kernel/cmdline",
	 .host = true,
	 .artifacts =
		 OWN(&artifact_irqbalance, &artifact_irqbalance_rhel, &artifact_kernel_install)},
	{.name = "extlinux",
	 .help = "systems booted by extlinux, or by U-Boot with its menu",
	 .host = true,
	 .artifacts = OWN(&artifact_irqbalance, &artifact_irqbalance_rhel, &artifact_extlinux)},
	{.name = "syslinux",
	 .help = "the same, booted by syslinux",
	 .host = true,
	 .artifacts = OWN(&artifact_irqbalance, &artifact_irqbalance_rhel, &artifact_extlinux)},
	{.name = "zipl",
	 .help = "s390x systems, booted by zipl",
	 .host = true,
	 .artifacts = OWN(&artifact_irqbalance, &artifact_irqbalance_rhel, &artifact_zipl)},
	{.name = "bootc",
	 .help = "image-mode systems: the files are built into the image",
	 .host = true,
	 .image = true,
	 .artifacts = OWN(&artifact_irqbalance_rhel, &artifact_bootc)},
	{.name = "proxmox",
	 .help = "Proxmox VE, booted by GRUB",
	 .host = true,
	 .platform = true,
	 .artifacts = OWN(&artifact_irqbalance, &artifact_grub, &artifact_proxmox)},
	{.name = "proxmox-efi",
	 .help = "Proxmox VE, whose kernel line proxmox-boot-tool takes from /etc/kernel/cmdline",
	 .host = true,
	 .platform = true,
	 .artifacts = OWN(&artifact_irqbalance, &artifact_kernel_install, &artifact_proxmox)},
	{.name = "libvirt",
	 .help = "VMs of libvirt alone; the default beside a host without a platform of its own",
	 .platform = true,
	 .artifacts = OWN(&artifact_libvirt_hook, &artifact_domain, &artifact_virsh)},
	{.name = "openstack",
	 .help = "VMs of Nova",
	 .platform = true,
	 .artifacts = OWN(&artifact_nova, &artifact_flavors)},
	{.name = "kubevirt",
	 .help = "VMs of KubeVirt",
	 .platform = true,
	 .artifacts = OWN(&artifact_kubelet, &artifact_kubevirt)},
	{.name = "openshift",
	 .help = "OpenShift Virtualization, which sets up the host itself",
	 .host = true,
	 .platform = true,
	 .sets_up = true,
	 .artifacts = OWN(&artifact_performance_profile, &artifact_kubevirt)},
	{.name = "starlingx",
	 .help = "StarlingX, which sets up the host itself",
	 .host = true,
	 .platform = true,
	 .sets_up = true,
	 .artifacts = OWN(&artifact_starlingx)},
	{0},
};

static const TargetWord *target_word_find(const char *name, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autofree char *known = NULL;
	const char *near;

	for (const TargetWord *word = target_words; word->name; word++) {
		if (!strcmp(word->name, name))
			return word;
		g_ptr_array_add(names, (char *)word->name);
	}
	g_ptr_array_add(names, NULL);
	known = g_strjoinv(", ", (char **)names->pdata);
	near = nearest_word(name, (const char *const *)names->pdata);
	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_USAGE,
		    near ? "--for: no host '%s'; did you mean '%s'?"
			 : "--for: no host '%s'; write one of %s",
		    name, near ? near : known);
	return NULL;
}

/* The one of NAMES that says HOST (else: platform); NULL and an error where two do. */
static bool target_pick(char **names, bool host, const TargetWord **picked, GError **error)
{
	*picked = NULL;
	for (char **name = names; *name; name++) {
		const TargetWord *word = target_word_find(*name, error);

		if (!word)
			return false;
		if (!(host ? word->host : word->platform))
			continue;
		if (*picked) {
			g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_USAGE,
				    "--for: %s and %s exclude each other; name one of them",
				    (*picked)->name, word->name);
			return false;
		}
		*picked = word;
	}
	return true;
}

static bool target_has(const TargetWord *word, const Artifact *artifact)
{
	for (const Artifact *const *own = word->artifacts; *own; own++)
		if (*own == artifact)
			return true;
	return false;
}

/* Is ARTIFACT for the HOST, or for the PLATFORM on it? */
static bool target_takes(const TargetWord *host, const TargetWord *platform,
			 const Artifact *artifact)
{
	if (artifact->applies)
		return !host->sets_up && !host->image;
	return artifact == &artifact_plan || artifact->of_tree ||
	       (artifact->of_host && !host->sets_up) || target_has(host, artifact) ||
	       target_has(platform, artifact);
}

static const Artifact **target_list(const TargetWord *host, const TargetWord *platform)
{
	GPtrArray *list = g_ptr_array_new();

	for (const Artifact *const *artifact = artifacts; *artifact; artifact++)
		if (target_takes(host, platform, *artifact))
			g_ptr_array_add(list, (gpointer)*artifact);
	g_ptr_array_add(list, NULL);
	return (const Artifact **)g_ptr_array_free(list, FALSE);
}

/* Who may boot the host of a platform, in words; yours. */
static char *target_hosts(void)
{
	GString *text = g_string_new(NULL);

	for (const TargetWord *word = target_words; word->name; word++)
		if (word->host && !word->platform)
			list_add(text, "%s", word->name);
	return g_string_free(text, FALSE);
}

Target *target_new(const char *words, GError **error)
{
	g_auto(GStrv) names = g_strsplit(words, ",", -1);
	const TargetWord *host, *platform;
	Target *target;

	if (!target_pick(names, true, &host, error) || !target_pick(names, false, &platform, error))
		return NULL;
	if (!host) {
		g_autofree char *hosts = target_hosts();

		g_set_error(
			error, PLANNER_ERROR, PLANNER_ERROR_USAGE,
			"--for %s: also say what boots the host, as in --for debian,%s: one of %s",
			words, words, hosts);
		return NULL;
	}
	target = g_new0(Target, 1);
	target->words = g_strdup(words);
	target->image = host->image;
	target->artifacts =
		target_list(host, platform ? platform : target_word_find("libvirt", NULL));
	return target;
}

void target_free(Target *target)
{
	g_free(target->words);
	g_free(target->artifacts);
	g_free(target);
}
