/* SPDX-License-Identifier: MIT */
/* What says what the others are: the index of the tree, how to undo it, the plan itself. */
#include "planner/artifacts/artifact.h"
#include "planner/artifacts/artifact_steps.h"
#include "planner/artifacts/target.h"
#include "planner/base/json.h"
#include "planner/document/plan_write.h"

static char *index_entries(Fill *f)
{
	GString *block = g_string_new(NULL);

	for (unsigned i = 0; i < f->files->len; i++) {
		const ArtifactFile *file = g_ptr_array_index(f->files, i);
		g_autofree char *force = fill_force(file->artifact);
		const TemplateValue values[] = {{"path", file->path, TEMPLATE_LINE},
						{"name", file->artifact->name, TEMPLATE_LINE},
						{"help", file->artifact->help, TEMPLATE_LINE},
						{"force", force, TEMPLATE_LINE},
						FILL_END};

		fill_append(f, block, "index-entry.txt", values);
	}
	return g_string_free(block, FALSE);
}

static char *index_left_out(Fill *f)
{
	GString *block = g_string_new(NULL);

	for (unsigned i = 0; i < f->left_out->len; i++) {
		const char *what = g_ptr_array_index(f->left_out, i);

		fill_append(f, block, "index-left-out.txt",
			    (const TemplateValue[]){{"what", what, TEMPLATE_LINE}, FILL_END});
	}
	return g_string_free(block, FALSE);
}

/* Steps, with --for */

static void index_step(Fill *f, GString *block, unsigned *number, const char *what)
{
	g_autofree char *text = fill_number(++*number);
	const TemplateValue values[] = {
		{"number", text, TEMPLATE_LINE}, {"what", what, TEMPLATE_LINE}, FILL_END};

	fill_append(f, block, "index-step.txt", values);
}

static void index_steps_of(Fill *f, GString *block, unsigned *number, GPtrArray *steps)
{
	for (unsigned i = 0; i < steps->len; i++)
		index_step(f, block, number, g_ptr_array_index(steps, i));
	g_ptr_array_unref(steps);
}

/* *COUNT: of those that apply.sh does. */
static char *index_steps(Fill *f, unsigned *count)
{
	GString *block = g_string_new(NULL);
	unsigned number = 0;

	if (f->rendering->target->image) {
		index_step(f, block, &number,
			   "build the files below into the image, and enable the units among them "
			   "there");
		index_step(f, block, &number, "bootc upgrade");
	} else {
		index_step(f, block, &number, "put the files below in place");
		index_steps_of(f, block, &number, steps_of(f->files));
	}
	*count = number;
	index_steps_of(f, block, &number, steps_next(f->files));
	return g_string_free(block, FALSE);
}

static char *index_apply(Fill *f, unsigned count)
{
	g_autofree char *number = fill_number(count);

	for (unsigned i = 0; i < f->files->len; i++)
		if (((const ArtifactFile *)g_ptr_array_index(f->files, i))->artifact->applies)
			return fill(f, "index-apply.txt",
				    (const TemplateValue[]){{"count", number, TEMPLATE_LINE},
							    FILL_END});
	return g_strdup("");
}

static char *index_render(Fill *f)
{
	const Target *target = f->rendering->target;
	unsigned count = 0;
	g_autofree char *node = fill_node(f), *entries = index_entries(f),
			*left_out = index_left_out(f);
	g_autofree char *steps = target ? index_steps(f, &count) : NULL;
	g_autofree char *apply = target ? index_apply(f, count) : NULL;
	const TemplateValue values[] = {{"node", node, TEMPLATE_LINE},
					{"entries", entries, TEMPLATE_RAW},
					{"left-out", left_out, TEMPLATE_RAW},
					FILL_END};
	const TemplateValue of_target[] = {{"node", node, TEMPLATE_LINE},
					   {"target", target ? target->words : "", TEMPLATE_LINE},
					   {"apply", apply, TEMPLATE_RAW},
					   {"steps", steps, TEMPLATE_RAW},
					   {"entries", entries, TEMPLATE_RAW},
					   {"left-out", left_out, TEMPLATE_RAW},
					   FILL_END};

	return target ? fill(f, "index-for.txt", of_target) : fill(f, "index.txt", values);
}

const Artifact artifact_index = {
	.name = "index",
	.help = "this list: what each file is for, and when it takes effect",
	.path = "/etc/planner/INDEX",
	.of_tree = true,
	.render = index_render,
};

/* A script is asked to undo what it did, where it did it to this machine. */
static char *undo_script(Fill *f, const ArtifactFile *file)
{
	bool here = file->artifact->script && file->artifact->activation != ACTIVATE_NOTHING &&
		    file->artifact->activation != ACTIVATE_REPIN;

	return here ? fill(f, "undo-script.sh",
			   (const TemplateValue[]){{"path", file->path, TEMPLATE_SHELL}, FILL_END})
		    : g_strdup("");
}

static char *undo_command(Fill *f, const char *command)
{
	return command ? fill(f, "undo-command.sh",
			      (const TemplateValue[]){{"command", command, TEMPLATE_LINE},
						      FILL_END})
		       : g_strdup("");
}

static void undo_entry(Fill *f, GString *block, const ArtifactFile *file)
{
	g_autofree char *script = undo_script(f, file),
			*stop = undo_command(f, file->artifact->stop),
			*command = undo_command(f, file->artifact->undo);
	const TemplateValue values[] = {{"script", script, TEMPLATE_RAW},
					{"stop", stop, TEMPLATE_RAW},
					{"path", file->path, TEMPLATE_SHELL},
					{"command", command, TEMPLATE_RAW},
					FILL_END};
	const TemplateValue of_tree[] = {{"path", file->path, TEMPLATE_SHELL}, FILL_END};

	if (file->artifact->of_tree)
		fill_append(f, block, "undo-tree.sh", of_tree);
	else
		fill_append(f, block, "undo-entry.sh", values);
}

/* What a writer that was killed left in the folders, and its lock. */
static void undo_left(Fill *f, GString *block)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (unsigned i = 0; i < f->files->len; i++) {
		const ArtifactFile *file = g_ptr_array_index(f->files, i);
		char *folder = g_path_get_dirname(file->path);
		const TemplateValue values[] = {{"folder", folder, TEMPLATE_SHELL},
						{"aside", ARTIFACT_ASIDE, TEMPLATE_RAW},
						FILL_END};

		if (!g_hash_table_contains(seen, folder))
			fill_append(f, block, "undo-left.sh", values);
		g_hash_table_add(seen, folder);
	}
	fill_append(f, block, "undo-lock.sh",
		    (const TemplateValue[]){{"path", ARTIFACT_LOCK, TEMPLATE_SHELL}, FILL_END});
}

/* What came last goes first. */
static void undo_each(Fill *f, GString *block, bool of_tree)
{
	for (unsigned i = f->files->len; i-- > 0;) {
		const ArtifactFile *file = g_ptr_array_index(f->files, i);

		if (file->artifact->of_tree == of_tree)
			undo_entry(f, block, file);
	}
}

static char *undo_entries(Fill *f)
{
	GString *block = g_string_new(NULL);

	undo_each(f, block, false);
	return g_string_free(block, FALSE);
}

/* What tells of the others goes last: the script can be run again. */
static char *undo_tree(Fill *f)
{
	GString *block = g_string_new(NULL);

	undo_left(f, block);
	undo_each(f, block, true);
	return g_string_free(block, FALSE);
}

static const ArtifactValue undo_values[] = {{"node", TEMPLATE_LINE, fill_node},
					    {"entries", TEMPLATE_RAW, undo_entries},
					    {"tree", TEMPLATE_RAW, undo_tree},
					    {NULL, TEMPLATE_RAW, NULL}};

const Artifact artifact_undo = {
	.name = "undo",
	.help = "removes every file of the tree, and its effects, from the node",
	.path = "/etc/planner/undo.sh",
	.of_tree = true,
	.undoes = true,
	.activation = ACTIVATE_REBOOT,
	.activate = "sh /etc/planner/undo.sh",
	.template = "undo.sh",
	.values = undo_values,
};

static char *artifact_index_plan(Fill *f)
{
	json_t *document = plan_to_json(f->plan);
	char *text = json_text(document);

	json_decref(document);
	return text;
}

const Artifact artifact_plan = {
	.name = "plan",
	.help = "the plan document, for planner check -p and every other -p",
	.path = ARTIFACT_PLAN,
	.render = artifact_index_plan,
};

static const ArtifactValue check_values[] = {{"head", TEMPLATE_RAW, fill_head},
					     {NULL, TEMPLATE_RAW, NULL}};

const Artifact artifact_check_service = {
	.name = "check-service",
	.help = "planner check of the node, for node_exporter's textfile collector",
	.of_host = true,
	.path = "/etc/systemd/system/planner-check.service",
	.activation = ACTIVATE_RELOAD,
	.activate = "systemctl daemon-reload; planner-check.timer starts it",
	.apply = "systemctl daemon-reload",
	.undo = "systemctl daemon-reload",
	.template = "services/check.service",
	.values = check_values,
};

const Artifact artifact_check_timer = {
	.name = "check-timer",
	.help = "runs planner-check.service every quarter of an hour",
	.of_host = true,
	.path = "/etc/systemd/system/planner-check.timer",
	.activation = ACTIVATE_RELOAD,
	.activate = "systemctl daemon-reload && systemctl enable --now planner-check.timer",
	.apply = "systemctl daemon-reload && systemctl enable --now planner-check.timer",
	.stop = "systemctl disable --now planner-check.timer",
	.undo = "systemctl daemon-reload",
	.template = "services/check.timer",
	.values = check_values,
};

/* A line each: VM, verdict, reason codes, tabs between; "-" where there is no reason. */
static char *cpu_pm(Fill *f)
{
	GString *text = g_string_new(NULL);

	for (unsigned i = 0; i < f->plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(f->plan->vms, i);
		const GPtrArray *reasons = vm->cpupm->reasons;

		g_string_append_printf(text, "%s\t%s\t", vm->spec->name,
				       cpupm_names[vm->cpupm->verdict]);
		for (unsigned r = 0; r < reasons->len; r++)
			g_string_append_printf(
				text, "%s%s", r ? "," : "",
				((const CpupmReason *)g_ptr_array_index(reasons, r))->code);
		g_string_append(text, reasons->len ? "\n" : "-\n");
	}
	return g_string_free(text, FALSE);
}

const Artifact artifact_cpu_pm = {
	.name = "cpu-pm",
	.help = "the cpu-pm verdict of each VM: VM, verdict, reasons, separated by tabs",
	.render = cpu_pm,
};
