/* SPDX-License-Identifier: MIT */
#include "cmd/output.h"
#include "planner/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_MOST 1000
#define RESET "\033[0m"
#define BOLD "\033[1m"

unsigned output_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	guint64 n;

	if (columns && g_ascii_string_to_unsigned(columns, 10, 20, WIDTH_MOST, &n, NULL))
		return (unsigned)n;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
		return MIN(size.ws_col, WIDTH_MOST);
	return 0;
}

char *output_safe(const char *text)
{
	GString *safe = g_string_new(NULL);

	for (const char *c = text; *c; c = g_utf8_next_char(c)) {
		gunichar character = g_utf8_get_char(c);

		if (g_unichar_isprint(character))
			g_string_append_unichar(safe, character);
		else
			g_string_append_c(safe, '?');
	}
	return g_string_free(safe, FALSE);
}

const char *output_role_color(Role role, bool color)
{
	static const char *const colors[ROLE_COUNT] = {
		[ROLE_HOST] = "\033[34m",   [ROLE_SDK] = "\033[35m", [ROLE_DEDICATED] = "\033[32m",
		[ROLE_SHARED] = "\033[33m", [ROLE_FREE] = "",	     [ROLE_STRANDED] = "\033[31m",
		[ROLE_OFFLINE] = "\033[2m"};

	return color ? colors[role] : "";
}

const char *output_bold(bool color)
{
	return color ? BOLD : "";
}

const char *output_reset(bool color)
{
	return color ? RESET : "";
}

static void add_column(struct libscols_table *table, const char *name)
{
	int flags = 0;

	if (*name == '>')
		flags = SCOLS_FL_RIGHT;
	else if (*name == '~')
		flags = SCOLS_FL_WRAP;
	scols_table_new_column(table, flags ? name + 1 : name, 0, flags);
}

struct libscols_table *output_table(const char *const *names, bool color)
{
	struct libscols_table *table = scols_new_table();
	unsigned width = output_width();

	scols_table_enable_colors(table, color);
	scols_table_enable_nowrap(table, !width);
	scols_table_set_termforce(table, width ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
	if (width)
		scols_table_set_termwidth(table, width);
	for (; *names; names++)
		add_column(table, *names);
	return table;
}

struct libscols_line *output_line(struct libscols_table *table, const char *const *cells)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);

	for (size_t i = 0; i < scols_table_get_ncols(table); i++) {
		g_autofree char *safe = output_safe(cells[i]);

		scols_line_set_data(line, i, safe);
	}
	return line;
}

void output_print(struct libscols_table *table)
{
	scols_print_table(table);
}

static const char *severity_color(Severity severity)
{
	static const char *const colors[] = {"\033[36m", "\033[33m", "\033[31m"};

	return colors[severity];
}

static void print_finding(const Finding *finding, bool color)
{
	g_autofree char *subject = output_safe(finding->subject);
	g_autofree char *text = output_safe(finding->text);
	g_autofree char *fix = output_safe(finding->fix);

	printf("%s%s%s%s  %s: %s  [%s]\n", color ? severity_color(finding->severity) : "",
	       severity_name(finding->severity), output_reset(color),
	       finding->verdict == VERDICT_UNKNOWN ? " (unknown)" : "", subject, text, finding->id);
	if (*fix)
		printf("       to mend: %s\n", fix);
}

void output_findings(const GPtrArray *findings, bool color)
{
	for (unsigned i = 0; i < findings->len; i++)
		print_finding(g_ptr_array_index(findings, i), color);
}

void output_json(json_t *document)
{
	g_autofree char *text = json_text(document);

	fputs(text, stdout);
	json_decref(document);
}
