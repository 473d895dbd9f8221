/* SPDX-License-Identifier: MIT */
#include "cmd/output.h"
#include "planner/base/csv.h"
#include "planner/base/json.h"
#include "planner/base/naming.h"
#include "topology/base/error.h"

#include <errno.h>
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
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	GString *safe = g_string_new(NULL);

	for (const char *c = valid; *c; c = g_utf8_next_char(c)) {
		gunichar character = g_utf8_get_char(c);

		if (g_unichar_isprint(character))
			g_string_append_unichar(safe, character);
		else
			g_string_append_c(safe, '?');
	}
	return g_string_free(safe, FALSE);
}

char *output_next_plan(const char *file, const char *source)
{
	g_autofree char *quoted = g_shell_quote(file);
	g_autofree char *topology = source ? g_shell_quote(source) : NULL;

	return g_strdup_printf("planner plan -i %s%s%s", quoted, source ? " -t " : "",
			       source ? topology : "");
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

static void output_add_column(struct libscols_table *table, const char *name)
{
	struct libscols_column *column;
	int flags = 0;

	if (*name == '>')
		flags = SCOLS_FL_RIGHT;
	else if (*name == '~')
		flags = SCOLS_FL_WRAP;
	column = scols_table_new_column(table, flags ? name + 1 : name, 0, flags);
	scols_column_set_wrapfunc(column, scols_wrapnl_chunksize, scols_wrapnl_nextchunk, NULL);
	scols_column_set_safechars(column, "\n");
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
		output_add_column(table, *names);
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

/* Folding: where it is too long, text goes on in a next line after a blank or a comma. */

#define COLUMN_LEAST 12 /* columns are not folded narrower */
#define CHUNK_MOST 40	/* a longer piece of text is broken anywhere */

static unsigned output_cells_of(const char *text)
{
	return (unsigned)g_utf8_strlen(text, -1);
}

/* Where a line of WIDTH characters at most ends: before a blank, else after a comma. */
static const char *fold_point(const char *text, unsigned width)
{
	const char *end = g_utf8_offset_to_pointer(text, width);
	const char *blank = NULL, *comma = NULL;

	for (const char *c = text; c < end; c++) {
		if (c[1] == ' ')
			blank = c + 1;
		if (*c == ',')
			comma = c + 1;
	}
	return blank ? blank : comma ? comma : end;
}

char *output_fold(const char *text, unsigned width, unsigned indent)
{
	GString *folded = g_string_new(NULL);

	while (width && output_cells_of(text) > width) {
		const char *end = fold_point(text, width);

		g_string_append_len(folded, text, end - text);
		text = end + strspn(end, " ");
		if (*text)
			g_string_append_printf(folded, "\n%*s", (int)indent, "");
	}
	return g_string_free(g_string_append(folded, text), FALSE);
}

void output_sentence(const char *format, ...)
{
	g_autofree char *text = NULL, *folded = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	folded = output_fold(text, output_width(), 0);
	puts(folded);
}

static const char *cell_text(struct libscols_line *line, size_t column)
{
	const char *text = scols_cell_get_data(scols_line_get_cell(line, column));

	return text ? text : "";
}

/* The longest piece of TEXT that has neither a blank nor a comma to fold at. */
static unsigned longest_chunk(const char *text)
{
	unsigned longest = 0;

	while (*text) {
		size_t length = strcspn(text, " ,");
		g_autofree char *chunk = g_strndup(text, length + (text[length] == ','));

		longest = MAX(longest, output_cells_of(chunk));
		text += length + (text[length] != '\0');
	}
	return MIN(longest, CHUNK_MOST);
}

typedef struct Width {
	unsigned now, least; /* characters; folding makes it no narrower than least */
} Width;

static void width_count(Width *width, const char *text, bool folds)
{
	width->now = MAX(width->now, output_cells_of(text));
	width->least =
		MAX(width->least, folds ? MAX(longest_chunk(text), COLUMN_LEAST) : width->now);
}

/* The next line of the table that ITER walks, NULL after the last: scols_table_get_line() would
 * count from the first each time. */
static struct libscols_line *next_line(struct libscols_table *table, struct libscols_iter *iter)
{
	struct libscols_line *line;

	return scols_table_next_line(table, iter, &line) == 0 ? line : NULL;
}

/* The width of the column before folding, its name included. */
static Width column_width(struct libscols_table *table, size_t column)
{
	struct libscols_column *header = scols_table_get_column(table, column);
	struct libscols_iter *iter = scols_new_iter(SCOLS_ITER_FORWARD);
	bool folds = scols_column_is_wrap(header);
	Width width = {0};

	width_count(&width, scols_cell_get_data(scols_column_get_header(header)), folds);
	for (struct libscols_line *line; (line = next_line(table, iter));)
		width_count(&width, cell_text(line, column), folds);
	scols_free_iter(iter);
	return width;
}

/* The widest of the N columns that can be narrower, NULL if none. */
static Width *output_widest(Width *widths, size_t n)
{
	Width *best = NULL;

	for (size_t i = 0; i < n; i++)
		if (widths[i].now > widths[i].least && (!best || widths[i].now > best->now))
			best = &widths[i];
	return best;
}

static void column_fold(struct libscols_table *table, size_t column, unsigned width)
{
	struct libscols_iter *iter = scols_new_iter(SCOLS_ITER_FORWARD);

	for (struct libscols_line *line; (line = next_line(table, iter));) {
		g_autofree char *folded = output_fold(cell_text(line, column), width, 0);

		scols_line_set_data(line, column, folded);
	}
	scols_free_iter(iter);
}

/* Fold the columns that may be, widest first, until the table is WIDTH wide. libsmartcols itself
 * would break numbers in two. */
static void table_fold(struct libscols_table *table, unsigned width)
{
	size_t n = scols_table_get_ncols(table);
	g_autofree Width *widths = g_new0(Width, n);
	unsigned total = 0; /* with a blank after each column */

	for (size_t i = 0; i < n; i++)
		if (!scols_column_is_hidden(scols_table_get_column(table, i))) {
			widths[i] = column_width(table, i);
			total += widths[i].now + 1;
		}
	for (Width *column; total > width + 1 && (column = output_widest(widths, n)); total--)
		column->now--;
	for (size_t i = 0; i < n; i++)
		if (scols_column_is_wrap(scols_table_get_column(table, i)))
			column_fold(table, i, widths[i].now);
}

unsigned output_leave_out(struct libscols_table *table, size_t first, size_t n)
{
	unsigned width = output_width(), least = 0; /* with a blank after each column */

	for (size_t i = 0; i < scols_table_get_ncols(table); i++)
		least += column_width(table, i).least + 1;
	for (; width && least > width + 1 && n > 1; n--) {
		struct libscols_column *last = scols_table_get_column(table, first + n - 1);

		least -= column_width(table, first + n - 1).least + 1;
		scols_column_set_flags(last, scols_column_get_flags(last) | SCOLS_FL_HIDDEN);
	}
	return (unsigned)n;
}

void output_print(struct libscols_table *table)
{
	unsigned width = output_width();

	if (width)
		table_fold(table, width);
	if (scols_print_table(table) == -ENOMEM)
		error_memory();
}

/* Findings */

const char *output_severity_color(Severity severity, bool color)
{
	static const char *const colors[] = {"\033[36m", "\033[33m", "\033[31m"};

	return color ? colors[severity] : "";
}

#define SEVERITY_WIDTH 9 /* "warning" and two blanks */

/* One paragraph of a finding, folded to the terminal and indented to stand below its first line. */
static void print_paragraph(const char *text)
{
	unsigned width = output_width();
	g_autofree char *folded = output_fold(
		text, width > 2 * SEVERITY_WIDTH ? width - SEVERITY_WIDTH : 0, SEVERITY_WIDTH);

	puts(folded);
}

/* A finding, and the other subjects of which the same is said. */
typedef struct Alike {
	const Finding *finding;
	Naming others;
} Alike;

static void output_print_finding(Alike *alike, bool color)
{
	const Finding *finding = alike->finding;
	const char *unknown = finding->verdict == VERDICT_UNKNOWN ? " (unknown)" : "";
	bool several = alike->others.n > 0;
	g_autofree char *subject = output_safe(finding->subject);
	g_autofree char *text = output_safe(finding->text);
	g_autofree char *fix = output_safe(finding->fix);
	g_autofree char *others = naming_end(&alike->others);
	g_autofree char *what =
		g_strdup_printf("%s: %s [%s]%s", subject, text, finding->id, unknown);
	g_autofree char *also = g_strdup_printf("also: %s", others);
	g_autofree char *mend = g_strdup_printf("fix: %s", fix);

	printf("%s%s%s%*s", output_severity_color(finding->severity, color),
	       severity_name(finding->severity), output_reset(color),
	       (int)(SEVERITY_WIDTH - strlen(severity_name(finding->severity))), "");
	print_paragraph(what);
	if (*fix) {
		printf("%*s", SEVERITY_WIDTH, "");
		print_paragraph(mend);
	}
	if (several) {
		printf("%*s", SEVERITY_WIDTH, "");
		print_paragraph(also);
	}
}

void output_findings(const GPtrArray *findings, bool color)
{
	/* What is said → its place in ALIKE, from 1. */
	g_autoptr(GHashTable) places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GArray) alike = g_array_new(FALSE, FALSE, sizeof(Alike));

	for (unsigned i = 0; i < findings->len; i++) {
		const Finding *finding = g_ptr_array_index(findings, i);
		g_autofree char *said =
			g_strdup_printf("%d %d %s\n%s\n%s", finding->severity, finding->verdict,
					finding->id, finding->text, finding->fix);
		unsigned place = GPOINTER_TO_UINT(g_hash_table_lookup(places, said));

		if (place) {
			g_autofree char *subject = output_safe(finding->subject);

			naming_add(&g_array_index(alike, Alike, place - 1).others, subject);
		} else {
			Alike first = {.finding = finding};

			g_array_append_val(alike, first);
			g_hash_table_insert(places, g_steal_pointer(&said),
					    GUINT_TO_POINTER(alike->len));
		}
	}
	for (unsigned i = 0; i < alike->len; i++)
		output_print_finding(&g_array_index(alike, Alike, i), color);
}

void output_errors(const Plan *plan, const char *before, bool fixes)
{
	for (unsigned i = 0; i < plan->findings->len; i++) {
		const Finding *finding = g_ptr_array_index(plan->findings, i);
		g_autofree char *subject = output_safe(finding->subject);
		g_autofree char *text = output_safe(finding->text);
		g_autofree char *fix = fixes && finding->fix ? output_safe(finding->fix) : NULL;

		if (finding->severity == SEVERITY_ERROR)
			fprintf(stderr, "planner: %s%s: %s%s%s\n", before, subject, text,
				fix ? "; fix: " : "", fix ? fix : "");
	}
}

void output_csv(const char *const *cells)
{
	g_autoptr(GPtrArray) safe = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *line = NULL;

	for (; *cells; cells++)
		g_ptr_array_add(safe, output_safe(*cells));
	g_ptr_array_add(safe, NULL);
	line = csv_line((const char *const *)safe->pdata);
	fputs(line, stdout);
}

void output_json(json_t *document)
{
	g_autofree char *text = json_text(document);

	fputs(text, stdout);
	json_decref(document);
}
