/* SPDX-License-Identifier: MIT */
/* The files of a plan, and the text of each. */
#include "planner/artifacts/artifact.h"
#include "planner/artifacts/target.h"
#include "topology/base/error.h"

#include <string.h>

/* Why ARTIFACT makes no sense; SEEN: it is known where the VM's threads are. NULL if it does. */
static const char *unfit_of(const Artifact *artifact, const Plan *plan, const PlanVm *vm, bool seen)
{
	const char *unfit = artifact->unfit ? artifact->unfit(plan, vm) : NULL;

	return unfit || seen || !artifact->unfit_unseen ? unfit : artifact->unfit_unseen(plan, vm);
}

/* Files */

#define NAME_MOST 200 /* bytes of a file's name that are a VM's; NAME_MAX is 255 */

char *artifact_name_encode(const char *name)
{
	GString *encoded = g_string_new(NULL);

	for (const char *c = name; *c; c++)
		if (g_ascii_isalnum(*c) || *c == '_' || (strchr("-.+", *c) && c != name))
			g_string_append_c(encoded, *c);
		else
			g_string_append_printf(encoded, "%%%02X", (unsigned char)*c);
	return g_string_free(g_string_truncate(encoded, MIN(encoded->len, NAME_MOST)), FALSE);
}

/* Files of ARTIFACT whose paths are STEM and SUFFIX, with "~2" and so on between them or not. */
static unsigned paths_taken(const GPtrArray *files, const Artifact *artifact, const char *stem,
			    const char *suffix)
{
	size_t length = strlen(stem);
	unsigned n = 0;

	for (unsigned i = 0; i < files->len; i++) {
		const ArtifactFile *file = g_ptr_array_index(files, i);

		n += file->artifact == artifact && !strncmp(file->path, stem, length) &&
		     (file->path[length] == '~' || !strcmp(file->path + length, suffix));
	}
	return n;
}

/* The path, with the VM's name in it; "~2" and so on where names were cut short or are not unique
 * ('~' is none of the characters of an encoded name). */
static char *path_of(const GPtrArray *files, const Artifact *artifact, const Plan *plan,
		     const PlanVm *vm)
{
	g_autofree char *name = vm ? artifact_name_encode(vm->spec->name) : NULL;
	const char *star = vm ? strchr(artifact->path, '*') : NULL;
	g_autofree char *stem = NULL;
	unsigned n;

	if (!star)
		return g_strdup(artifact->path_on ? artifact->path_on(plan) : artifact->path);
	stem = g_strdup_printf("%.*s%s", (int)(star - artifact->path), artifact->path, name);
	n = paths_taken(files, artifact, stem, star + 1);
	return n ? g_strdup_printf("%s~%u%s", stem, n + 1, star + 1)
		 : g_strconcat(stem, star + 1, NULL);
}

static void artifact_file_free(ArtifactFile *file)
{
	g_free(file->path);
	g_free(file->text);
	g_free(file);
}

GPtrArray *artifact_files_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)artifact_file_free);
}

void artifact_files_add(GPtrArray *files, const Artifact *artifact, const Plan *plan,
			const PlanVm *vm)
{
	ArtifactFile *file = g_new0(ArtifactFile, 1);

	file->artifact = artifact;
	file->vm = vm;
	file->path = path_of(files, artifact, plan, vm);
	file->mode = artifact->script || artifact->program ? 0755 : 0644;
	g_ptr_array_add(files, file);
}

/* The VM's own XML, changed; NULL where ARTIFACT is none, or nobody gave it. */
static const char *artifact_merged(const Artifact *artifact, const Rendering *rendering,
				   const PlanVm *vm)
{
	return vm && rendering->merged && artifact->base == BASE_CHANGE
		       ? g_hash_table_lookup(rendering->merged, vm->spec->name)
		       : NULL;
}

static void artifact_consider(GPtrArray *files, GPtrArray *left_out, const Artifact *artifact,
			      const Rendering *rendering, const PlanVm *vm)
{
	bool merged = artifact_merged(artifact, rendering, vm);
	const char *unfit = merged ? NULL : unfit_of(artifact, rendering->plan, vm, false);

	if (!unfit && artifact->unasked)
		unfit = artifact->unasked(rendering->plan);
	if (!unfit) {
		ArtifactFile *file;

		artifact_files_add(files, artifact, rendering->plan, vm);
		file = g_ptr_array_index(files, files->len - 1);
		file->merged = merged;
		/* It may hold passwords. */
		file->mode = merged ? 0600 : file->mode;
	}
	if (unfit && left_out)
		g_ptr_array_add(left_out,
				g_strdup_printf("%s%s%s: %s", artifact->name, vm ? " " : "",
						vm ? vm->spec->name : "", unfit));
}

static void artifact_skipped(GPtrArray *left_out, const Artifact *artifact, const char *why)
{
	if (left_out)
		g_ptr_array_add(left_out, g_strdup_printf("%s: %s", artifact->name, why));
}

GPtrArray *artifact_files(const Rendering *rendering, GPtrArray *left_out)
{
	GPtrArray *files = artifact_files_new();
	const Plan *plan = rendering->plan;
	const char *const *skip = (const char *const *)rendering->skip;
	const Target *target = rendering->target;

	for (const Artifact *const *artifact = target ? target->artifacts : artifacts; *artifact;
	     artifact++) {
		if (!(*artifact)->path)
			continue;
		if (skip && g_strv_contains(skip, (*artifact)->name))
			artifact_skipped(left_out, *artifact, "not asked for");
		else if ((*artifact)->of_target && !target)
			artifact_skipped(left_out, *artifact, TARGET_MISSING);
		else if (!(*artifact)->of_vm)
			artifact_consider(files, left_out, *artifact, rendering, NULL);
		else
			for (unsigned i = 0; i < plan->vms->len; i++)
				artifact_consider(files, left_out, *artifact, rendering,
						  g_ptr_array_index(plan->vms, i));
	}
	return files;
}

/* Text */

/* The template with a text for each of its names. */
static char *render_template(Fill *f)
{
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GArray) filled = g_array_new(TRUE, FALSE, sizeof(TemplateValue));

	for (const ArtifactValue *value = f->artifact->values; value->name; value++) {
		char *text = value->text(f);
		const TemplateValue one = {value->name, text, value->escape};

		g_ptr_array_add(texts, text);
		g_array_append_val(filled, one);
	}
	return fill(f, f->artifact->template, (const TemplateValue *)(gpointer)filled->data);
}

char *artifact_render(const Artifact *artifact, const Rendering *rendering, GError **error)
{
	g_autoptr(GPtrArray) left_out = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) files = artifact->of_tree ? artifact_files(rendering, left_out) : NULL;
	Fill f = {
		.artifact = artifact,
		.rendering = rendering,
		.plan = rendering->plan,
		.vm = rendering->vm,
		.files = files,
		.left_out = left_out,
		.error = error,
	};
	const char *unfit = unfit_of(artifact, rendering->plan, rendering->vm, rendering->pins);
	const char *merged = artifact_merged(artifact, rendering, rendering->vm);
	g_autofree char *text = NULL;

	if (merged)
		return g_strdup(merged);

	if (artifact->of_target && !rendering->target)
		unfit = TARGET_MISSING;
	if (unfit) {
		g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT, "%s %s: %s",
			    rendering->vm ? "vm" : "emit",
			    rendering->vm ? rendering->vm->spec->name : artifact->name, unfit);
		return NULL;
	}
	text = artifact->render ? artifact->render(&f) : render_template(&f);
	return f.failed ? NULL : g_steal_pointer(&text);
}

bool artifact_files_render(GPtrArray *files, const Rendering *rendering, GError **error)
{
	for (unsigned i = 0; i < files->len; i++) {
		ArtifactFile *file = g_ptr_array_index(files, i);
		Rendering of_file = *rendering;

		of_file.vm = file->vm;
		file->text = artifact_render(file->artifact, &of_file, error);
		if (!file->text)
			return false;
	}
	return true;
}
