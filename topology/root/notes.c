/* SPDX-License-Identifier: MIT */
#include "topology/root/notes.h"

#include <string.h>

typedef struct Note {
	char *source, *why;
	unsigned count;
} Note;

struct Notes {
	GPtrArray *notes;  /* of Note */
	GHashTable *noted; /* "SOURCE\nWHY" → Note */
};

static void note_free(gpointer data)
{
	Note *note = data;

	g_free(note->source);
	g_free(note->why);
	g_free(note);
}

Notes *notes_new(void)
{
	Notes *notes = g_new(Notes, 1);

	notes->notes = g_ptr_array_new_with_free_func(note_free);
	notes->noted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	return notes;
}

void notes_free(Notes *notes)
{
	g_hash_table_unref(notes->noted);
	g_ptr_array_unref(notes->notes);
	g_free(notes);
}

void notes_add(Notes *notes, const char *source, const char *why)
{
	g_autofree char *key = g_strdup_printf("%s\n%s", source, why);
	Note *note = g_hash_table_lookup(notes->noted, key);

	if (!note) {
		note = g_new0(Note, 1);
		note->source = g_utf8_make_valid(source, -1);
		note->why = g_utf8_make_valid(why, -1);
		g_ptr_array_add(notes->notes, note);
		g_hash_table_insert(notes->noted, g_steal_pointer(&key), note);
	}
	note->count++;
}

static int note_compare(const void *a, const void *b)
{
	const Note *one = *(const Note *const *)a, *other = *(const Note *const *)b;
	int sources = strcmp(one->source, other->source);

	return sources ? sources : strcmp(one->why, other->why);
}

GPtrArray *notes_unread(const Notes *notes)
{
	GPtrArray *unread = unread_new();

	g_ptr_array_sort(notes->notes, note_compare);
	for (unsigned i = 0; i < notes->notes->len; i++) {
		const Note *note = g_ptr_array_index(notes->notes, i);
		g_autofree char *why =
			note->count > 1 ? g_strdup_printf("%s (%u times)", note->why, note->count)
					: g_strdup(note->why);

		unread_add(unread, note->source, why);
	}
	return unread;
}

static void unread_free(gpointer data)
{
	Unread *unread = data;

	g_free(unread->source);
	g_free(unread->why);
	g_free(unread);
}

GPtrArray *unread_new(void)
{
	return g_ptr_array_new_with_free_func(unread_free);
}

void unread_add(GPtrArray *unread, const char *source, const char *why)
{
	Unread *one = g_new(Unread, 1);

	*one = (Unread){g_strdup(source), g_strdup(why)};
	g_ptr_array_add(unread, one);
}

const char *notes_why(const Notes *notes, const char *source)
{
	for (unsigned i = 0; i < notes->notes->len; i++) {
		const Note *note = g_ptr_array_index(notes->notes, i);

		if (!strcmp(note->source, source))
			return note->why;
	}
	return NULL;
}

void notes_forget(Notes *notes, const char *source)
{
	for (unsigned i = notes->notes->len; i-- > 0;) {
		const Note *note = g_ptr_array_index(notes->notes, i);
		g_autofree char *key = g_strdup_printf("%s\n%s", note->source, note->why);

		if (strcmp(note->source, source) != 0)
			continue;
		g_hash_table_remove(notes->noted, key);
		g_ptr_array_remove_index(notes->notes, i);
	}
}
