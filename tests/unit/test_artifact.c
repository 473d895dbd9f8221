/* SPDX-License-Identifier: MIT */
/* Artifacts: the table, files' names, the diff, names in pictures, what templates let through. */
#include "planner/artifacts/artifact.h"
#include "planner/artifacts/artifact_diff.h"
#include "planner/artifacts/artifact_picture.h"

#include <string.h>

static void test_table(void)
{
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

	for (const Artifact *const *a = artifacts; *a; a++) {
		g_assert_true(g_hash_table_add(names, (void *)(*a)->name));
		g_assert_true(!(*a)->template == !(*a)->values);
		g_assert_true(!(*a)->template == !!(*a)->render);
		g_assert_true(!(*a)->path || *(*a)->path == '/');
		g_assert_true(!(*a)->path || !strchr((*a)->path, '*') == !(*a)->of_vm);
		g_assert_true(artifact_find((*a)->name) == *a);
		if ((*a)->template)
			g_assert_nonnull(template_text(NULL, (*a)->template, NULL));
	}
	g_assert_null(artifact_find("nonsense"));
}

/* Names of VMs become names of files: harmless, and no two the same. */
static void test_paths(void)
{
	static const char *const rows[][2] = {
		{"vm1", "/etc/planner/domains/vm1.xml"},
		{"vm1", "/etc/planner/domains/vm1~2.xml"},
		{"vm1~2", "/etc/planner/domains/vm1%7E2.xml"},
		{"..", "/etc/planner/domains/%2E..xml"},
		{"../x", "/etc/planner/domains/%2E.%2Fx.xml"},
		{"-rf", "/etc/planner/domains/%2Drf.xml"},
		{"a b", "/etc/planner/domains/a%20b.xml"},
		{"*", "/etc/planner/domains/%2A.xml"},
		{"ü", "/etc/planner/domains/%C3%BC.xml"},
	};
	g_autoptr(GPtrArray) files = artifact_files_new();

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		VmSpec spec = {.name = (char *)rows[i][0]};
		PlanVm vm = {.spec = &spec};

		artifact_files_add(files, &artifact_domain, NULL, &vm);
		g_assert_cmpstr(((ArtifactFile *)g_ptr_array_index(files, i))->path, ==,
				rows[i][1]);
	}
}

static void test_long_names(void)
{
	g_autoptr(GPtrArray) files = artifact_files_new();
	g_autofree char *name = g_strnfill(128, ' ');
	VmSpec spec = {.name = name};
	PlanVm vm = {.spec = &spec};
	ArtifactFile *first, *second;

	artifact_files_add(files, &artifact_virsh, NULL, &vm);
	name[127] = '\t';
	artifact_files_add(files, &artifact_virsh, NULL, &vm);
	first = g_ptr_array_index(files, 0);
	second = g_ptr_array_index(files, 1);
	g_assert_cmpuint(strlen(strrchr(first->path, '/')), <, 240);
	g_assert_cmpstr(first->path, !=, second->path);
}

static void test_diff(void)
{
	static const struct {
		const char *old, *new, *diff;
	} rows[] = {
		{"a\n", "a\n", ""},
		{"", "a\n", "--- o\n+++ n\n@@ -0,0 +1 @@\n+a\n"},
		{"a\n", "", "--- o\n+++ n\n@@ -1 +0,0 @@\n-a\n"},
		{"a\nb\n", "a\nc\n", "--- o\n+++ n\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"},
		{"a", "a\n", "--- o\n+++ n\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n"},
		{"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "0\n1\n2\n3\n4\n5\n6\n7\n8\n",
		 "--- o\n+++ n\n@@ -1,3 +1,4 @@\n+0\n 1\n 2\n 3\n@@ -6,4 +7,3 @@\n 6\n 7\n 8\n"
		 "-9\n"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *diff = text_diff("o", rows[i].old, "n", rows[i].new);

		g_assert_cmpstr(diff, ==, rows[i].diff);
	}
}

static void test_picture_names(void)
{
	static const char *const rows[][2] = {{"vm1", "vm1"},
					      {"a<b>&'\"", "a_b____"},
					      {"0123456789", "0123456789"},
					      {"0123456789x", "012345678~"},
					      {"üñ", "üñ"},
					      {"a\xff", "a"},
					      {"", ""}};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *safe = picture_safe(rows[i][0], 10);

		g_assert_cmpstr(safe, ==, rows[i][1]);
	}
}

static void test_escapes(void)
{
	static const struct {
		TemplateEscape escape;
		const char *text, *filled; /* NULL = refused */
	} rows[] = {
		{TEMPLATE_SHELL, "a'b", "a'\\''b"},
		{TEMPLATE_SHELL, "$(x)`y`\\", "$(x)`y`\\"},
		{TEMPLATE_SHELL, "a\nb", NULL},
		{TEMPLATE_STRING, "a\"b\\c", "a\\\"b\\\\c"},
		{TEMPLATE_STRING, "\x01", NULL},
		{TEMPLATE_KERNEL, "a=1-2,3 b", "a=1-2,3 b"},
		{TEMPLATE_KERNEL, "a;b", NULL},
		{TEMPLATE_KERNEL, "a\"b", NULL},
		{TEMPLATE_KERNEL, "$a", NULL},
		{TEMPLATE_LINE, "a'\"$", "a'\"$"},
		{TEMPLATE_LINE, "a\rb", NULL},
		{TEMPLATE_LINE, "\xff", NULL},
		{TEMPLATE_XML, "<&>'\"", "&lt;&amp;&gt;&apos;&quot;"},
		{TEMPLATE_RAW, "\n", "\n"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		const TemplateValue values[] = {{"x", rows[i].text, rows[i].escape}, FILL_END};
		g_autofree char *filled = template_fill("t", "${x}", values, NULL);

		g_assert_cmpstr(filled, ==, rows[i].filled);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/artifact/table", test_table);
	g_test_add_func("/artifact/paths", test_paths);
	g_test_add_func("/artifact/long-names", test_long_names);
	g_test_add_func("/artifact/diff", test_diff);
	g_test_add_func("/artifact/picture-names", test_picture_names);
	g_test_add_func("/artifact/escapes", test_escapes);
	return g_test_run();
}
