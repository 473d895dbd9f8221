/* SPDX-License-Identifier: MIT */
#include "cmd/merged.h"
#include "cmd/inputs.h"
#include "cmd/output.h"
#include "planner/base/naming.h"
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

/* Another VM's XML would be defined as that VM, with this one's pins. */
static bool merged_is_of(const char *name, const char *path, const char *base, size_t length,
			 GError **error)
{
	g_autoptr(Domain) domain = domain_parse(base, length, NULL);

	if (!domain || g_str_equal(domain->name, name))
		return true;
	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT, "%s: is the domain '%s', not '%s'",
		    path, domain->name, name);
	return false;
}

/* Add the VM of RENDERING; where DIR has no XML of it, to MISSING. */
static bool merged_add(GHashTable *merged, const Rendering *rendering, const char *dir,
		       Naming *missing, GError **error)
{
	const char *name = rendering->vm->spec->name;
	g_autofree char *file = g_strconcat(name, ".xml", NULL);
	g_autofree char *path = g_build_filename(dir, file, NULL), *base = NULL;
	size_t length;
	char *text;

	if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
		naming_add(missing, name);
		return true;
	}
	base = input_read_regular(path, &length, error);
	text = base && merged_is_of(name, path, base, length, error)
		       ? merged_domain(rendering, path, base, length, error)
		       : NULL;
	if (text)
		g_hash_table_insert(merged, g_strdup(name), text);
	return text;
}

GHashTable *merged_domains(const Rendering *rendering, const char *dir, GError **error)
{
	g_autoptr(GHashTable) merged = table_new();
	g_autofree char *names = NULL, *safe = NULL;
	Naming missing = {0};

	for (unsigned i = 0; i < rendering->plan->vms->len; i++) {
		Rendering of_vm = *rendering;

		of_vm.vm = g_ptr_array_index(rendering->plan->vms, i);
		if (of_vm.vm->placed && !merged_add(merged, &of_vm, dir, &missing, error)) {
			g_free(naming_end(&missing));
			return NULL;
		}
	}
	names = naming_end(&missing);
	safe = output_safe(names);
	if (*safe)
		fprintf(stderr,
			"planner: --merge: the folder has no NAME.xml of %s; their files have "
			"neither disks nor networks\n",
			safe);
	return g_steal_pointer(&merged);
}
