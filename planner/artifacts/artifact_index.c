/* SPDX-License-Identifier: MIT */
/* What says what the others are: the index of the tree, how to undo it, the plan itself. */
#include "planner/artifacts/artifact.h"
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

static const ArtifactValue index_values[] = {{"node", TEMPLATE_LINE, fill_node},
					     {"entries", TEMPLATE_RAW, index_entries},
					     {"left-out", TEMPLATE_RAW, index_left_out},
					     {NULL, TEMPLATE_RAW, NULL}};

const Artifact artifact_index = {
	.name = "index",
	.help = "this list: what each file is for, and when it takes effect",
	.path = "/etc/planner/INDEX",
	.of_tree = true,
	.template = "index.txt",
	.values = index_values,
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

/* What came last goes first, and what tells of the others last: the script can be run again. */
static char *undo_entries(Fill *f)
{
	GString *block = g_string_new(NULL);

	for (unsigned of_tree = 0; of_tree < 2; of_tree++) {
		if (of_tree)
			undo_left(f, block);
		for (unsigned i = f->files->len; i-- > 0;) {
			const ArtifactFile *file = g_ptr_array_index(f->files, i);

			if (file->artifact->of_tree == of_tree)
				undo_entry(f, block, file);
		}
	}
	return g_string_free(block, FALSE);
}

static const ArtifactValue undo_values[] = {{"node", TEMPLATE_LINE, fill_node},
					    {"entries", TEMPLATE_RAW, undo_entries},
					    {NULL, TEMPLATE_RAW, NULL}};

const Artifact artifact_undo = {
	.name = "undo",
	.help = "removes every file of the tree, and its effects, from the node",
	.path = "/etc/planner/undo.sh",
	.of_tree = true,
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
	.path = "/etc/planner/plan.json",
	.render = artifact_index_plan,
};

static const ArtifactValue check_values[] = {{"head", TEMPLATE_RAW, fill_head},
					     {NULL, TEMPLATE_RAW, NULL}};

const Artifact artifact_check_service = {
	.name = "check-service",
	.help = "planner check of the node, for node_exporter's textfile collector",
	.path = "/etc/systemd/system/planner-check.service",
	.activation = ACTIVATE_RELOAD,
	.activate = "systemctl daemon-reload; planner-check.timer starts it",
	.undo = "systemctl daemon-reload",
	.template = "services/check.service",
	.values = check_values,
};

const Artifact artifact_check_timer = {
	.name = "check-timer",
	.help = "runs planner-check.service every quarter of an hour",
	.path = "/etc/systemd/system/planner-check.timer",
	.activation = ACTIVATE_RELOAD,
	.activate = "systemctl daemon-reload && systemctl enable --now planner-check.timer",
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
