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

/* What a platform leaves on each of its nodes, with or without VMs: a program that runs there, or a
 * file that sets one up. */
static const struct PlatformTrace {
	Platform platform;
	const char *comm; /* NULL = none */
	const char *file; /* which may hold secrets and is not read; NULL = none */
} platform_traces[] = {
	{PLATFORM_OPENSTACK, "nova-compute", "/etc/nova/nova.conf"},
	{PLATFORM_OVIRT, "vdsmd", "/etc/vdsm/vdsm.conf"},
	{PLATFORM_OVIRT, "supervdsmd", NULL},
	{PLATFORM_HARVESTER, "harvester-node-", "/etc/harvester-release.yaml"},
	{PLATFORM_KUBEVIRT, "virt-handler", NULL},
	{PLATFORM_OPENNEBULA, NULL, "/var/tmp/one/VERSION"},
	{PLATFORM_CLOUDSTACK, NULL, "/etc/cloudstack/agent/agent.properties"},
	{PLATFORM_LXD, "incusd", NULL},
	{PLATFORM_LXD, "lxd", NULL},
};

static bool platform_runs(const TaskFacts *tasks, const char *comm)
{
	for (unsigned i = 0; comm && i < tasks->tasks->len; i++) {
		const Task *task = &g_array_index(tasks->tasks, Task, i);

		if (!task->kernel && g_strcmp0(task->comm, comm) == 0)
			return true;
	}
	return false;
}

/* Is there such a file? A recording has to say so as well, and keeps it empty. */
static bool is_there(Root *root, const char *file)
{
	if (!file || !root_exists(root, file))
		return false;
	if (root_recording(root))
		root_record_text(root, file, "");
	return true;
}

/* All are looked for, so that a recording has them. */
static Platform platform_of_traces(Root *root, const TaskFacts *tasks)
{
	Platform found = PLATFORM_LIBVIRT;

	for (unsigned i = 0; i < G_N_ELEMENTS(platform_traces); i++) {
		const struct PlatformTrace *trace = &platform_traces[i];
		bool there = is_there(root, trace->file);

		if (found == PLATFORM_LIBVIRT && (there || platform_runs(tasks, trace->comm)))
			found = trace->platform;
	}
	return found;
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
	Platform traced = platform_of_traces(root, facts->tasks);

	if (is_openshift(facts))
		return PLATFORM_OPENSHIFT;
	if (release && g_str_has_suffix(release, "-pve"))
		return PLATFORM_PROXMOX;
	if (unraid)
		return PLATFORM_UNRAID;
	if (traced == PLATFORM_HARVESTER)
		return traced;
	return facts->guests && facts->guests->guests->len ? platform_of_guests(facts->guests)
							   : traced;
}

void platform_load(Root *root, Facts *facts)
{
	GuestFacts *guests = facts->guests;

	facts->os = os_load(root);
	facts->platform = platform_of_node(root, facts);
	for (unsigned i = 0; guests && i < guests->guests->len; i++) {
		Guest *guest = g_ptr_array_index(guests->guests, i);

		if (guest->platform == PLATFORM_KUBEVIRT &&
		    platform_base(facts->platform) == PLATFORM_KUBEVIRT)
			guest->platform = facts->platform;
	}
}
