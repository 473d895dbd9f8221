/* SPDX-License-Identifier: MIT */
#include "cmd/emit_diff.h"
#include "cmd/emit_tree.h"
#include "cmd/next.h"
#include "cmd/output.h"
#include "planner/artifacts/artifact.h"
#include "planner/artifacts/artifact_diff.h"

#include <stdio.h>

typedef struct EmitDiff {
	GString *out;
	unsigned changed, made, same; /* files */
} EmitDiff;

/* The colour of a line of a diff, "" = none. */
static const char *emit_diff_color(const char *line)
{
	if (g_str_has_prefix(line, "---") || g_str_has_prefix(line, "+++"))
		return output_bold(true);
	switch (*line) {
	case '-':
		return "\033[31m";
	case '+':
		return "\033[32m";
	case '@':
		return "\033[36m";
	default:
		return "";
	}
}

static void emit_diff_print(const char *text, bool color)
{
	g_auto(GStrv) lines = color ? g_strsplit(text, "\n", -1) : NULL;

	if (!color)
		fputs(text, stdout);
	for (unsigned i = 0; color && lines[i] && (*lines[i] || lines[i + 1]); i++) {
		const char *start = emit_diff_color(lines[i]);

		printf("%s%s%s\n", start, lines[i], *start ? output_reset(true) : "");
	}
}

static bool emit_diff_file(EmitDiff *all, const char *root, const ArtifactFile *file,
			   GError **error)
{
	bool missing;
	g_autofree char *old = emit_tree_read(root, file->path, &missing, error);
	g_autofree char *old_name = g_strconcat("a", file->path, NULL);
	g_autofree char *new_name = g_strconcat("b", file->path, NULL);
	g_autofree char *diff = NULL;

	if (!old)
		return false;
	diff = text_diff(missing ? "/dev/null" : old_name, old, new_name, file->text);
	g_string_append(all->out, diff);
	all->made += missing;
	all->changed += !missing && *diff;
	all->same += !missing && !*diff;
	return true;
}

bool emit_diff(const Options *options, const GPtrArray *files, bool *differs, GError **error)
{
	g_autoptr(GString) out = g_string_new(NULL);
	EmitDiff all = {.out = out};

	for (unsigned i = 0; i < files->len; i++)
		if (!emit_diff_file(&all, options->diff, g_ptr_array_index(files, i), error))
			return false;
	*differs = out->len;
	emit_diff_print(out->str, options->color);
	fprintf(stderr, "planner: %u file%s: %u would change, %u new, %u as %s\n", files->len,
		files->len == 1 ? "" : "s", all.changed, all.made, all.same,
		all.same == 1 ? "it is" : "they are");
	if (*differs)
		next_say("the same with -d DIR for --diff writes the files below DIR");
	return true;
}
