/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"
#include "cmd/emit_children.h"
#include "cmd/emit_diff.h"
#include "cmd/emit_tree.h"
#include "cmd/emit_write.h"
#include "cmd/inputs.h"
#include "cmd/merged.h"
#include "cmd/output.h"
#include "cmd/picture.h"
#include "cmd/site.h"
#include "cmd/target_ask.h"
#include "planner/artifacts/artifact.h"
#include "planner/artifacts/artifact_picture.h"
#include "planner/artifacts/target.h"
#include "planner/base/nearest.h"
#include "planner/merge/merge.h"
#include "topology/base/error.h"

#include <stdio.h>
#include <string.h>

/* The list */

static Status list_names(void)
{
	for (const Artifact *const *artifact = artifacts; *artifact; artifact++)
		puts((*artifact)->name);
	return STATUS_FINE;
}

static Status emit_list(const Options *options)
{
	static const char *const columns[] = {"ARTIFACT", "TAKES EFFECT AFTER", "~WHAT IT IS",
					      NULL};
	struct libscols_table *table = output_table(columns, options->color);

	for (const Artifact *const *a = artifacts; *a; a++) {
		g_autofree char *name = g_strconcat((*a)->name, (*a)->of_vm ? " VM" : "", NULL);
		bool nothing = (*a)->activation == ACTIVATE_NOTHING;
		const char *by = nothing ? "" : activation_names[(*a)->activation];

		output_line(table, (const char *const[]){name, by, (*a)->help});
	}
	output_print(table);
	scols_unref_table(table);
	return STATUS_FINE;
}

/* What is asked for */

static void emit_unknown(const char *name, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autofree char *meant = NULL;

	for (const Artifact *const *artifact = artifacts; *artifact; artifact++)
		g_ptr_array_add(names, (gpointer)(*artifact)->name);
	g_ptr_array_add(names, NULL);
	meant = nearest_meant(name, (const char *const *)names->pdata);
	options_refuse(error, NULL, "no artifact '%s'%s'planner emit' lists them", name, meant);
}

static const Artifact *emit_find(const char *name, GError **error)
{
	const Artifact *artifact = artifact_find(name);

	if (!artifact)
		emit_unknown(name, error);
	return artifact;
}

/* -c and --merge are of one VM's domain or pins. */
static bool is_mergeable(const Options *options)
{
	char **names = options->arguments;
	const Artifact *artifact = names[0] ? artifact_find(names[0]) : NULL;

	return artifact && artifact->base != BASE_NONE && names[1] && !names[2];
}

static bool emit_options_check(const Options *options, GError **error)
{
	bool tree = options->directory || options->diff;

	if (options->directory && options->diff)
		return options_refuse(error, &command_emit,
				      "-d writes and --diff compares: give one of them");
	if (options->all && !tree)
		return options_refuse(error, &command_emit, "--all needs -d DIR or --diff ROOT");
	if (options->target && options->all)
		return options_refuse(error, &command_emit,
				      "--all is everything, --for what one host needs: give one of "
				      "them");
	if (options->target && !*options->arguments && !tree)
		return options_refuse(error, &command_emit,
				      "--for needs -d DIR, --diff ROOT or NAMEs");
	if (options->all && *options->arguments)
		return options_refuse(error, &command_emit, "give either --all or NAMEs");
	if (options->merge && g_file_test(options->merge, G_FILE_TEST_IS_DIR)) {
		if (!tree || *options->arguments)
			return options_refuse(
				error, &command_emit,
				"--merge DIR is for all VMs: add --for HOST or --all, "
				"with -d or --diff");
	} else if (options->merge && (tree || !is_mergeable(options))) {
		return options_refuse(
			error, &command_emit,
			"--merge FILE needs domain VM or virsh VM, and no other NAME; "
			"--merge DIR is for all VMs");
	}
	if (options->skip_words && !options->all && !options->target)
		return options_refuse(error, &command_emit, "--skip needs --all or --for");
	return !*options->arguments || emit_find(*options->arguments, error);
}

/* The artifacts to leave out, yours; NULL with ERROR where one is unknown. */
static char **skip_names(const Options *options, GError **error)
{
	const char *words = options->skip_words ? options->skip_words : "";
	g_auto(GStrv) names = g_strsplit(words, ",", -1);

	for (char **name = names; *name; name++)
		if (!emit_find(*name, error))
			return NULL;
	return g_steal_pointer(&names);
}

/* The artifact (and VM) at *ARGUMENTS, stepped over. */
static const Artifact *emit_next(const Plan *plan, char ***arguments, const PlanVm **vm,
				 GError **error)
{
	const Artifact *artifact = emit_find(*(*arguments)++, error);
	const char *name;

	*vm = NULL;
	if (!artifact || !artifact->of_vm)
		return artifact;
	name = **arguments;
	if (!name) {
		options_refuse(error, NULL, "emit %s needs the name of a VM after it",
			       artifact->name);
		return NULL;
	}
	(*arguments)++;
	*vm = input_vm(plan, name, error);
	return *vm ? artifact : NULL;
}

/* Printing */

/* The domain XML that is already there, yours; NULL and no error where none is named. */
static char *base_load(const Options *options, const PlanVm *vm, bool live, size_t *length,
		       GError **error)
{
	char *text = NULL;

	if (options->merge)
		return input_read(options->merge, length, error);
	if (options->connect)
		text = domain_ask(options->connect, vm->spec->name, live, error);
	if (text)
		*length = strlen(text);
	return text;
}

/* An artifact that is made from the domain XML that is already there, if any is named. */
static char *render_based(const Options *options, const Artifact *artifact, Rendering *rendering,
			  GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autoptr(GArray) pins = NULL;
	const char *name = options->merge ? options->merge : options->connect;
	unsigned vcpus = rendering->vm->spec->vcpus;
	size_t length = 0;
	char *text;
	g_autofree char *base =
		base_load(options, rendering->vm, artifact->base == BASE_PINS, &length, &failure);

	if (failure) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return NULL;
	}
	if (base && artifact->base == BASE_PINS) {
		pins = merged_possible(error) ? merge_pins(name, base, length, vcpus, error) : NULL;
		if (!pins)
			return NULL;
	}
	rendering->pins = pins;
	text = base && artifact->base == BASE_CHANGE
		       ? merged_domain(rendering, name, base, length, error)
		       : artifact_render(artifact, rendering, error);
	rendering->pins = NULL;
	if (base && text)
		merged_warn(merged_rewriter(base, length), rendering->vm->spec->name);
	return text;
}

static char *render_one(const Options *options, const Artifact *artifact, Rendering *rendering,
			GError **error)
{
	if (artifact->drawn)
		return picture_make(rendering->plan, NULL, rendering->templates, error);
	if (artifact->base != BASE_NONE)
		return render_based(options, artifact, rendering, error);
	return artifact_render(artifact, rendering, error);
}

/* All or nothing is printed. */
static bool emit_print(const Options *options, Rendering *rendering, GError **error)
{
	g_autoptr(GString) out = g_string_new(NULL);
	char **arguments = options->arguments;

	while (*arguments) {
		const Artifact *artifact =
			emit_next(rendering->plan, &arguments, &rendering->vm, error);
		g_autofree char *text =
			artifact ? render_one(options, artifact, rendering, error) : NULL;

		if (!text)
			return false;
		g_string_append(out, text);
	}
	fputs(out->str, stdout);
	return true;
}

/* Files */

static GPtrArray *files_named(const Plan *plan, char **arguments, GError **error)
{
	g_autoptr(GPtrArray) files = artifact_files_new();

	while (*arguments) {
		const PlanVm *vm;
		const Artifact *artifact = emit_next(plan, &arguments, &vm, error);

		if (!artifact)
			return NULL;
		if (!artifact->path) {
			options_refuse(error, NULL, "%s has no path on a node: print it instead",
				       artifact->name);
			return NULL;
		}
		artifact_files_add(files, artifact, plan, vm);
	}
	return g_steal_pointer(&files);
}

/* What to do with a tree that brings its own script. */
static void say_next(const Options *options, const GPtrArray *files)
{
	for (unsigned i = 0; i < files->len; i++) {
		const ArtifactFile *file = g_ptr_array_index(files, i);
		g_autofree char *path = tree_path(options->directory, file->path);
		g_autofree char *quoted = g_shell_quote(path), *safe = output_safe(quoted);

		if (file->artifact->applies)
			fprintf(stderr, "planner: next, on the node, as root: sh %s\n", safe);
	}
}

/* What is in place is printed, also where not all of it is. */
static bool write_files(const Options *options, const GPtrArray *files, GError **error)
{
	g_autoptr(GPtrArray) placed = g_ptr_array_new();
	bool good = tree_write(options->directory, ARTIFACT_LOCK, files, placed, error);
	const GPtrArray *shown = good ? files : placed;

	for (unsigned i = 0; i < shown->len; i++) {
		const ArtifactFile *file = g_ptr_array_index(shown, i);
		g_autofree char *path = tree_path(options->directory, file->path);

		puts(path);
	}
	if (good)
		say_next(options, files);
	return good;
}

static bool emit_files(const Options *options, Rendering *rendering, bool *differs, GError **error)
{
	const Plan *plan = rendering->plan;
	g_autoptr(GPtrArray) files = *options->arguments
					     ? files_named(plan, options->arguments, error)
					     : artifact_files(rendering, NULL);

	if (!files || !artifact_files_render(files, rendering, error))
		return false;
	return options->diff ? emit_diff(options, files, differs, error)
			     : write_files(options, files, error);
}

static Status emit_plan(const Options *options, const Inputs *inputs, GError **error)
{
	g_autoptr(GHashTable) templates = site_templates(options->templates, error);
	g_auto(GStrv) skip = templates ? skip_names(options, error) : NULL;
	g_autoptr(Target) target = skip && options->target ? target_ask(options, error) : NULL;
	g_autoptr(GHashTable) merged = NULL;
	Rendering rendering = {
		.plan = inputs->plan, .templates = templates, .skip = skip, .target = target};
	bool differs = false, done;

	if (!skip || (options->target && !target))
		return STATUS_TROUBLE;
	if (options->merge && (options->directory || options->diff)) {
		merged = rendering.merged = merged_domains(&rendering, options->merge, error);
		if (!merged)
			return STATUS_TROUBLE;
	}
	done = options->directory || options->diff
		       ? emit_files(options, &rendering, &differs, error)
		       : emit_print(options, &rendering, error);
	if (!done)
		return STATUS_TROUBLE;
	output_errors(inputs->plan, "", false);
	return differs || inputs->broken || plan_bad(inputs->plan) ? STATUS_BAD_NEWS : STATUS_FINE;
}

static Status emit_run(const Options *options, GError **error)
{
	Inputs inputs = {0};
	Status status = STATUS_TROUBLE;

	if (options->list_names)
		return list_names();
	if (!emit_options_check(options, error))
		return STATUS_TROUBLE;
	if (!*options->arguments && !options->directory && !options->diff)
		return emit_list(options);
	if (inputs_load_plan(options, &inputs, error))
		status = emit_plan(options, &inputs, error);
	inputs_clear(&inputs);
	return status;
}

static const OptionRow emit_options[] = {
	{0, "all", NULL, offsetof(Options, all),
	 "every artifact that suits the plan; with -d or --diff"},
	{0, "for", "HOST[,PLATFORM]", offsetof(Options, target),
	 "only what one host needs, in the order in which it takes effect, with apply.sh; HOST: "
	 "debian, el, systemd-boot, extlinux, zipl, bootc, proxmox, proxmox-efi, openshift, "
	 "starlingx; PLATFORM: "
	 "libvirt, openstack, kubevirt; auto: what this machine, or the capture of -t, is"},
	{0, "skip", "NAME,...", offsetof(Options, skip_words),
	 "leave out these artifacts; with --all or --for"},
	{'d', "directory", "DIR", offsetof(Options, directory),
	 "write files below DIR, at the paths that they have on the node"},
	{0, "diff", "ROOT", offsetof(Options, diff),
	 "show what the files would change below ROOT: /, or the root of an image; exit 1 if "
	 "anything would change"},
	{0, "merge", "FILE|DIR", offsetof(Options, merge),
	 "the VM's present domain XML: emit domain changes only the parts that planner decides, "
	 "emit virsh starts from its pins; -c URI takes it from libvirt. With --for or --all: a "
	 "folder of NAME.xml, for all VMs; apply.sh then defines them"},
	{0, "list-names", NULL, offsetof(Options, list_names),
	 "print only the names of the artifacts"},
	{0},
};

const Command command_emit = {
	.name = "emit",
	.help = "print the plan in the form that other tools read; without a NAME, list the forms",
	.arguments = "[NAME...]",
	.options = OPTION_SOURCES | OPTION_PREFER | OPTION_MOVES | OPTION_KEEP | OPTION_TEMPLATES |
		   OPTION_COLOR,
	.own = emit_options,
	.example = "planner emit --for debian -d tree -i node.ini -t x6.xml",
	.before = "planner plan makes the plan",
	.after = "run etc/planner/apply.sh of the tree on the host; planner check audits it",
	.run = emit_run,
};
