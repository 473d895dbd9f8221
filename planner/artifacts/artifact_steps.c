/* SPDX-License-Identifier: MIT */
#include "planner/artifacts/artifact_steps.h"
#include "planner/artifacts/artifact.h"

/* Steps */

static void steps_add(GPtrArray *steps, const char *command)
{
	if (command && *command &&
	    !g_ptr_array_find_with_equal_func(steps, command, g_str_equal, NULL))
		g_ptr_array_add(steps, g_strdup(command));
}

/* Names of files are encoded: nothing in them is anything to a shell. */
static void steps_add_define(GPtrArray *steps, const ArtifactFile *file)
{
	g_autofree char *command = g_strconcat("virsh define --validate ", file->path, NULL);

	if (file->merged)
		steps_add(steps, command);
}

GPtrArray *steps_of(const GPtrArray *files)
{
	GPtrArray *steps = g_ptr_array_new_with_free_func(g_free);

	for (unsigned i = 0; i < files->len; i++) {
		const Artifact *artifact = ((ArtifactFile *)g_ptr_array_index(files, i))->artifact;

		steps_add(steps, artifact->apply);
		steps_add(steps, artifact->refresh);
		steps_add_define(steps, g_ptr_array_index(files, i));
	}
	return steps;
}

/* How to put FILE in force, where no command does; NULL. */
static const char *steps_by_hand(const ArtifactFile *file)
{
	if (file->merged)
		return "power the VM off and start it";
	if (file->artifact->base == BASE_CHANGE)
		return "add the VM's disks and networks, or emit with --merge DIR; virsh define "
		       "--validate FILE; power the VM off and start it";
	return file->artifact->apply || file->artifact->of_tree ? NULL : file->artifact->activate;
}

/* All VMs in one step. */
static void steps_add_by_hand(GPtrArray *steps, const ArtifactFile *file)
{
	bool each = file->artifact->of_vm;
	g_autofree char *step =
		g_strdup_printf("%s%s: %s", each ? "each " : "",
				each ? file->artifact->path : file->path, steps_by_hand(file));

	steps_add(steps, step);
}

GPtrArray *steps_next(const GPtrArray *files)
{
	GPtrArray *steps = g_ptr_array_new_with_free_func(g_free);
	bool reboot = false;

	for (unsigned i = 0; i < files->len; i++) {
		const Artifact *artifact = ((ArtifactFile *)g_ptr_array_index(files, i))->artifact;

		reboot |= artifact->apply && artifact->activation == ACTIVATE_REBOOT;
	}
	if (reboot)
		g_ptr_array_add(steps, g_strdup("reboot"));
	for (unsigned i = 0; i < files->len; i++) {
		const ArtifactFile *file = g_ptr_array_index(files, i);

		if (steps_by_hand(file))
			steps_add_by_hand(steps, file);
	}
	g_ptr_array_add(steps, g_strdup("planner check -p " ARTIFACT_PLAN));
	return steps;
}

GPtrArray *steps_refresh(const GPtrArray *files)
{
	GPtrArray *steps = g_ptr_array_new_with_free_func(g_free);

	for (unsigned i = 0; i < files->len; i++)
		steps_add(steps, ((ArtifactFile *)g_ptr_array_index(files, i))->artifact->refresh);
	return steps;
}
