/* SPDX-License-Identifier: MIT */
#include "topology/facts/histogram.h"

#include <string.h>

#define INFO "# trigger info: "
#define HITCOUNT "hitcount"
#define TRIGGERS_MOST 64 /* of an event; ours have two at most */

static void histogram_row_clear(void *data)
{
	HistogramRow *row = data;

	for (unsigned i = 0; i < HISTOGRAM_KEYS; i++)
		g_free(row->keys[i]);
}

static void histogram_free(void *data)
{
	Histogram *histogram = data;

	g_free(histogram->trigger);
	g_strfreev(histogram->keys);
	g_strfreev(histogram->values);
	g_array_unref(histogram->rows);
	g_hash_table_unref(histogram->index);
	g_hash_table_unref(histogram->firsts);
	g_hash_table_unref(histogram->lasts);
	g_free(histogram);
}

/* The names in the part "NAME=a,b.hex" of TRIGGER, without modifiers and hitcount; at most MOST. */
static char **trigger_names(const char *trigger, const char *name, unsigned most)
{
	g_auto(GStrv) parts = g_strsplit(trigger, ":", -1);
	GPtrArray *names = g_ptr_array_new();

	for (unsigned i = 0; parts[i]; i++) {
		g_auto(GStrv) words = NULL;

		if (!g_str_has_prefix(parts[i], name) || parts[i][strlen(name)] != '=')
			continue;
		words = g_strsplit(parts[i] + strlen(name) + 1, ",", -1);
		for (unsigned k = 0; words[k] && names->len < most; k++) {
			words[k][strcspn(words[k], ". ")] = '\0';
			if (*words[k] && !g_str_equal(words[k], HITCOUNT))
				g_ptr_array_add(names, g_strdup(words[k]));
		}
		break;
	}
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(names, FALSE);
}

static Histogram *histogram_new(const char *info)
{
	Histogram *histogram = g_new0(Histogram, 1);
	const char *state = g_strrstr(info, " [");

	histogram->trigger = state ? g_strndup(info, (gsize)(state - info)) : g_strdup(info);
	histogram->keys = trigger_names(histogram->trigger, "keys", HISTOGRAM_KEYS);
	histogram->values = trigger_names(histogram->trigger, "vals", HISTOGRAM_VALUES);
	histogram->rows = g_array_new(FALSE, TRUE, sizeof(HistogramRow));
	g_array_set_clear_func(histogram->rows, histogram_row_clear);
	histogram->index = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	/* Their keys are the rows'. */
	histogram->firsts = g_hash_table_new(g_str_hash, g_str_equal);
	histogram->lasts = g_hash_table_new(g_str_hash, g_str_equal);
	return histogram;
}

/* "[ffffffff81155160] hrtimer_wakeup": the address is another at each boot. */
static char *key_text(const char *text)
{
	const char *close = *text == '[' ? strchr(text, ']') : NULL;

	return g_strstrip(g_strdup(close ? close + 1 : text));
}

/* The keys in TEXT, "a:  1, b: x": a string may hold ", " and ": ", so by their names. */
static bool keys_parse(const Histogram *histogram, const char *text, HistogramRow *row)
{
	for (unsigned i = 0; histogram->keys[i]; i++) {
		g_autofree char *name = g_strconcat(histogram->keys[i], ": ", NULL);
		const char *next = histogram->keys[i + 1];
		g_autofree char *mark = next ? g_strconcat(", ", next, ": ", NULL) : NULL;
		g_autofree char *word = NULL;
		const char *end;

		if (!g_str_has_prefix(text, name))
			return false;
		text += strlen(name);
		text += strspn(text, " ");
		end = mark ? strstr(text, mark) : text + strlen(text);
		if (!end)
			return false;
		word = g_strndup(text, (gsize)(end - text));
		row->keys[i] = key_text(word);
		text = mark ? end + strlen(", ") : end;
	}
	return true;
}

/* The number after "NAME:" at *TEXT, which goes on behind it. */
static bool value_parse(const char **text, const char *name, uint64_t *value)
{
	char *end;

	*text += strspn(*text, " ");
	if (!g_str_has_prefix(*text, name) || (*text)[strlen(name)] != ':')
		return false;
	*text += strlen(name) + 1;
	*text += strspn(*text, " ");
	if (!g_ascii_isdigit(**text))
		return false;
	*value = g_ascii_strtoull(*text, &end, 10);
	*text = end;
	return true;
}

/* All keys as one text: what separates them is in none, since the kernel prints lines. */
static char *row_keys(const HistogramRow *row)
{
	return g_strconcat(row->keys[0] ? row->keys[0] : "", "\n", row->keys[1] ? row->keys[1] : "",
			   "\n", row->keys[2] ? row->keys[2] : "", NULL);
}

static const HistogramRow *row_at(const Histogram *histogram, unsigned position)
{
	return position ? &g_array_index(histogram->rows, HistogramRow, position - 1) : NULL;
}

const HistogramRow *histogram_find(const Histogram *histogram, const HistogramRow *row)
{
	g_autofree char *keys = histogram ? row_keys(row) : NULL;

	return keys ? row_at(histogram,
			     GPOINTER_TO_UINT(g_hash_table_lookup(histogram->index, keys)))
		    : NULL;
}

const HistogramRow *histogram_first(const Histogram *histogram, uint64_t n)
{
	g_autofree char *key = g_strdup_printf("%" G_GUINT64_FORMAT, (guint64)n);

	return histogram ? row_at(histogram,
				  GPOINTER_TO_UINT(g_hash_table_lookup(histogram->firsts, key)))
			 : NULL;
}

const HistogramRow *histogram_next(const Histogram *histogram, const HistogramRow *row)
{
	return row_at(histogram, row->next);
}

static void histogram_chain(Histogram *histogram, char *first, unsigned position)
{
	unsigned last = GPOINTER_TO_UINT(g_hash_table_lookup(histogram->lasts, first));

	if (last)
		g_array_index(histogram->rows, HistogramRow, last - 1).next = position;
	else
		g_hash_table_insert(histogram->firsts, first, GUINT_TO_POINTER(position));
	g_hash_table_insert(histogram->lasts, first, GUINT_TO_POINTER(position));
}

/* Of rows with the same keys the first is found. */
static void histogram_add(Histogram *histogram, const HistogramRow *row)
{
	g_autofree char *keys = row_keys(row);

	g_array_append_vals(histogram->rows, row, 1);
	if (row->keys[0])
		histogram_chain(histogram, row->keys[0], histogram->rows->len);
	if (!g_hash_table_contains(histogram->index, keys))
		g_hash_table_insert(histogram->index, g_steal_pointer(&keys),
				    GUINT_TO_POINTER(histogram->rows->len));
}

/* "{ a:  1, b: x } hitcount:  12  lat: 345" */
static bool row_take(Histogram *histogram, const char *line)
{
	const char *close = g_strrstr(line, "} " HITCOUNT ":"), *rest = close ? close + 2 : NULL;
	g_autofree char *keys = close ? g_strndup(line + 2, (gsize)(close - line - 2)) : NULL;
	HistogramRow row = {0};
	bool good = close && keys_parse(histogram, keys, &row) &&
		    value_parse(&rest, HITCOUNT, &row.hits);

	for (unsigned i = 0; good && histogram->values[i]; i++)
		good = value_parse(&rest, histogram->values[i], &row.values[i]);
	if (good && histogram->rows->len < HISTOGRAM_ROWS) {
		histogram_add(histogram, &row);
		return true;
	}
	histogram_row_clear(&row);
	return false;
}

static bool total_take(Histogram *histogram, const char *line, uint64_t *entries)
{
	return value_parse(&line, "Hits", &histogram->hits) ||
	       value_parse(&line, "Entries", entries) ||
	       value_parse(&line, "Dropped", &histogram->dropped);
}

GPtrArray *histograms_parse(const char *text)
{
	GPtrArray *histograms = g_ptr_array_new_with_free_func(histogram_free);
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_auto(GStrv) lines = g_strsplit(valid, "\n", -1);
	Histogram *last = NULL;
	uint64_t entries = 0;

	for (unsigned i = 0; lines[i]; i++) {
		if (g_str_has_prefix(lines[i], INFO)) {
			if (histograms->len == TRIGGERS_MOST)
				break;
			last = histogram_new(lines[i] + strlen(INFO));
			g_ptr_array_add(histograms, last);
		} else if (last && g_str_has_prefix(lines[i], "{ ")) {
			row_take(last, lines[i]);
		} else if (last && g_str_has_prefix(lines[i], "    ")) {
			total_take(last, lines[i], &entries);
			last->whole = entries == last->rows->len;
		}
	}
	return histograms;
}

bool histogram_number(const char *key, unsigned base, uint64_t *number)
{
	guint64 value;

	if (!g_ascii_string_to_unsigned(key, base, 0, G_MAXUINT64, &value, NULL))
		return false;
	*number = value;
	return true;
}
