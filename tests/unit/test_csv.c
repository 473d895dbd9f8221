/* SPDX-License-Identifier: MIT */
#include "planner/base/csv.h"

#include <string.h>

/* CELLS become LINE, which is read back as the same. */
static void assert_line(const char *name, const char *note, const char *expected)
{
	const char *const cells[] = {name, note, NULL}, *const texts[] = {"name", "note", NULL};
	g_autofree char *line = csv_line(cells), *text = g_strconcat("name,note\n", line, NULL);
	g_autoptr(GError) error = NULL;
	CsvReader reader;
	json_t *row;
	unsigned number;

	g_assert_cmpstr(line, ==, expected);
	csv_begin(&reader, text, strlen(text));
	row = csv_row(&reader, texts, &number, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(json_string_value(json_object_get(row, "name")), ==, name);
	g_assert_cmpstr(json_string_value(json_object_get(row, "note")), ==, note);
	json_decref(row);
	csv_end(&reader);
}

static void test_lines(void)
{
	assert_line("vm1", "a, \"b\"", "vm1,\"a, \"\"b\"\"\"\n");
	assert_line("x;y", "line\nline", "\"x;y\",\"line\nline\"\n");
}

/* What a spreadsheet would reckon with is a text; a number is a number, and "-" is nothing. */
static void test_formulas(void)
{
	assert_line("=1+1", "+vm", "'=1+1,'+vm\n");
	assert_line("@SUM(A1)", "-vm", "'@SUM(A1),'-vm\n");
	assert_line("=HYPERLINK(\"x\",1)", "=1,2", "\"'=HYPERLINK(\"\"x\"\",1)\",\"'=1,2\"\n");
	assert_line("-1", "+2.5", "-1,+2.5\n");
	assert_line("-", "'", "-,'\n");
	assert_line("'quoted'", "a=b", "'quoted',a=b\n");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/csv/lines", test_lines);
	g_test_add_func("/csv/formulas", test_formulas);
	return g_test_run();
}
