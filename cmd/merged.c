/* SPDX-License-Identifier: MIT */
#include "cmd/merged.h"
#include "cmd/inputs.h"
#include "cmd/output.h"
#include "planner/base/naming.h"
#include "planner/check/fixes.h"
#include "planner/merge/merge.h"
#include "topology/base/error.h"
#include "topology/base/text.h"
#include "topology/guests/domain.h"
#include "topology/guests/libxml_load.h"

#include <stdio.h>

bool merged_possible(GError **error)
{
	if (libxml_load())
		return true;
	g_set_error_literal(error, PLANNER_ERROR, PLANNER_ERROR_SYSTEM,
			    "merging needs libxml2, which is not installed");
	return false;
}

/* Does PLATFORM write the XML of a libvirt domain again at each start, whatever was defined
 * meanwhile? Unraid keeps it until somebody saves the form; others have no XML. */
static bool merged_rewrites(Platform platform)
{
	switch (platform_base(platform)) {
	case PLATFORM_OPENSTACK:
	case PLATFORM_OVIRT:
	case PLATFORM_KUBEVIRT:
	case PLATFORM_OPENNEBULA:
	case PLATFORM_CLOUDSTACK:
		return true;
	default:
		return false;
	}
}

/* merged_rewriter() of DOMAIN; NULL is none. */
static Platform merged_rewriter_of(const Domain *domain)
{
	Platform platform = domain ? domain->platform : PLATFORM_LIBVIRT;

	if (domain && platform == PLATFORM_LIBVIRT)
		platform = platform_of_name(domain->name);
	return merged_rewrites(platform) ? platform : PLATFORM_LIBVIRT;
}

Platform merged_rewriter(const char *base, size_t length)
{
	g_autoptr(Domain) domain = domain_parse(base, length, NULL);

	return merged_rewriter_of(domain);
}

void merged_warn(Platform platform, const char *names)
{
	static const struct {
		const char *what;
		const Fixes *fixes;
	} rows[] = {{"vCPUs", &fixes_pin},
		    {"emulator and I/O threads", &fixes_emulator},
		    {"memory", &fixes_memory},
		    {"the rest", &fixes_settings}};
	g_autofree char *safe = output_safe(names);

	if (platform == PLATFORM_LIBVIRT)
		return;
	fprintf(stderr,
		"planner: %s: %s writes the XML again at each start, and then these changes are "
		"gone; make them in its own settings:\n",
		safe, platform_names[platform]);
	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
		fprintf(stderr, "planner:   %s: %s\n", rows[i].what,
			fixes_text(rows[i].fixes, platform));
}

char *merged_domain(const Rendering *rendering, const char *name, const char *base, size_t length,
		    GError **error)
{
	g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
	char *text;

	if (!merged_possible(error))
		return NULL;
	text = merge_domain(rendering, name, base, length, notes, error);
	for (unsigned i = 0; i < notes->len; i++) {
		g_autofree char *note = output_safe(g_ptr_array_index(notes, i));

		fprintf(stderr, "planner: %s\n", note);
	}
	return text;
}

/* Another VM's XML would be defined as that VM, with this one's pins. What is no domain (NULL) is
 * told of later. */
static bool merged_is_of(const char *name, const char *path, const Domain *domain, GError **error)
{
	if (!domain || g_str_equal(domain->name, name))
		return true;
	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT, "%s: is the domain '%s', not '%s'",
		    path, domain->name, name);
	return false;
}

/* A folder of XMLs, while each is merged. */
typedef struct MergeFolder {
	const char *dir;
	GHashTable *merged; /* VM's name → text */
	Naming missing;	    /* VMs that have no XML there */
	Naming rewritten[PLATFORM_COUNT];
} MergeFolder;

/* Add the VM of RENDERING. */
static bool merged_add(MergeFolder *folder, const Rendering *rendering, GError **error)
{
	const char *name = rendering->vm->spec->name;
	g_autofree char *file = g_strconcat(name, ".xml", NULL);
	g_autofree char *path = g_build_filename(folder->dir, file, NULL), *base = NULL;
	g_autoptr(Domain) domain = NULL;
	size_t length;
	char *text;

	if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
		naming_add(&folder->missing, name);
		return true;
	}
	base = input_read_regular(path, &length, error);
	domain = base ? domain_parse(base, length, NULL) : NULL;
	text = base && merged_is_of(name, path, domain, error)
		       ? merged_domain(rendering, path, base, length, error)
		       : NULL;
	if (!text)
		return false;
	g_hash_table_insert(folder->merged, g_strdup(name), text);
	naming_add(&folder->rewritten[merged_rewriter_of(domain)], name);
	return true;
}

/* Say what was seen, if ALL of it was; the folder is empty again. */
static void merged_end(MergeFolder *folder, bool all)
{
	g_autofree char *missing = naming_end(&folder->missing), *safe = output_safe(missing);

	for (Platform platform = PLATFORM_LIBVIRT; platform < PLATFORM_COUNT; platform++) {
		g_autofree char *names = naming_end(&folder->rewritten[platform]);

		if (all && *names)
			merged_warn(platform, names);
	}
	if (all && *safe)
		fprintf(stderr,
			"planner: --merge: the folder has no NAME.xml of %s; their files have "
			"neither disks nor networks\n",
			safe);
}

GHashTable *merged_domains(const Rendering *rendering, const char *dir, GError **error)
{
	g_autoptr(GHashTable) merged = table_new();
	MergeFolder folder = {.dir = dir, .merged = merged};
	bool all = true;

	for (unsigned i = 0; all && i < rendering->plan->vms->len; i++) {
		Rendering of_vm = *rendering;

		of_vm.vm = g_ptr_array_index(rendering->plan->vms, i);
		all = !of_vm.vm->placed || merged_add(&folder, &of_vm, error);
	}
	merged_end(&folder, all);
	return all ? g_steal_pointer(&merged) : NULL;
}
