/* SPDX-License-Identifier: MIT */
#include "topology/host/host_load.h"

#include <hwloc/distances.h>

#define MATRIX_LIMIT 1024 /* nodes; Linux has no more */

void xml_matrix_init(XmlMatrix *matrix)
{
	*matrix = (XmlMatrix){.indexes = g_array_new(FALSE, FALSE, sizeof(uint64_t)),
			      .values = g_array_new(FALSE, FALSE, sizeof(uint64_t)),
			      .word = g_string_new(NULL)};
}

void xml_matrix_clear(XmlMatrix *matrix)
{
	g_array_unref(matrix->indexes);
	g_array_unref(matrix->values);
	g_string_free(matrix->word, TRUE);
}

void xml_matrix_begin(XmlMatrix *matrix, const char *const *pairs)
{
	const char *kind = xml_attribute(pairs, "kind"), *n = xml_attribute(pairs, "nbobjs");
	guint64 bits, nodes;

	matrix->nodes = 0;
	g_array_set_size(matrix->indexes, 0);
	g_array_set_size(matrix->values, 0);
	g_string_truncate(matrix->word, 0);
	if (g_strcmp0(xml_attribute(pairs, "type"), "NUMANode") == 0 &&
	    g_strcmp0(xml_attribute(pairs, "indexing"), "os") == 0 && kind && n &&
	    g_ascii_string_to_unsigned(kind, 10, 0, G_MAXUINT, &bits, NULL) &&
	    g_ascii_string_to_unsigned(n, 10, 2, MATRIX_LIMIT, &nodes, NULL) &&
	    bits & HWLOC_DISTANCES_KIND_MEANS_LATENCY)
		matrix->nodes = (unsigned)nodes;
}

/* The number that ended; what is none, or one too many, makes the matrix useless. */
static void matrix_number(XmlMatrix *matrix, GArray *numbers)
{
	guint64 number;

	if (matrix->word->len == 0)
		return;
	if (numbers->len < matrix->nodes * matrix->nodes &&
	    g_ascii_string_to_unsigned(matrix->word->str, 10, 0, G_MAXUINT, &number, NULL))
		g_array_append_val(numbers, number);
	else
		matrix->nodes = 0;
	g_string_truncate(matrix->word, 0);
}

void xml_matrix_read(XmlMatrix *matrix, GArray *numbers, const char *text, size_t length)
{
	for (size_t i = 0; matrix->nodes && i < length; i++) {
		if (g_ascii_isspace(text[i]))
			matrix_number(matrix, numbers);
		else
			g_string_append_c(matrix->word, text[i]);
	}
}

/* Has it a row for each of its nodes, which are among NUMBERS, each once? */
static bool matrix_whole(const XmlMatrix *matrix, hwloc_const_bitmap_t numbers)
{
	g_auto(CpuSet) seen = hwloc_bitmap_alloc();
	unsigned n = matrix->nodes;

	if (n == 0 || matrix->indexes->len != n || matrix->values->len != n * n)
		return false;
	for (unsigned i = 0; i < n; i++) {
		unsigned index = (unsigned)g_array_index(matrix->indexes, uint64_t, i);

		if (!hwloc_bitmap_isset(numbers, index) || hwloc_bitmap_isset(seen, index))
			return false;
		hwloc_bitmap_set(seen, index);
	}
	return true;
}

static void numbers_append(GString *text, const char *element, const GArray *numbers)
{
	g_autoptr(GString) words = g_string_new(NULL);

	for (unsigned i = 0; i < numbers->len; i++)
		g_string_append_printf(words, "%" G_GUINT64_FORMAT " ",
				       g_array_index(numbers, uint64_t, i));
	g_string_append_printf(text, "<%s length=\"%zu\">%s</%s>\n", element, words->len,
			       words->str, element);
}

void xml_matrix_write(XmlMatrix *matrix, hwloc_const_bitmap_t numbers, GString *text)
{
	if (matrix->written || !matrix_whole(matrix, numbers))
		return;
	matrix->written = true;
	g_string_append_printf(text,
			       "<distances2 type=\"NUMANode\" nbobjs=\"%u\" kind=\"%d\" "
			       "name=\"NUMALatency\" indexing=\"os\">\n",
			       matrix->nodes,
			       HWLOC_DISTANCES_KIND_FROM_OS | HWLOC_DISTANCES_KIND_MEANS_LATENCY);
	numbers_append(text, "indexes", matrix->indexes);
	numbers_append(text, "u64values", matrix->values);
	g_string_append(text, "</distances2>\n");
}
