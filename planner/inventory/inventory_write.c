/* SPDX-License-Identifier: MIT */
#include "planner/inventory/inventory_write.h"
#include "planner/inventory/settings.h"

#include <string.h>

#define WIDTH 78      /* of comments, with their "; " */
#define WORD_MAX 1000 /* bytes: a longer word is cut, lest the parser refuse the line */

typedef struct Writer {
	GString *text;
	const GPtrArray *notes;
	const char *section; /* being written */
	GPtrArray *keys;     /* of it: of char *, key and value in turn */
	GHashTable *begun;   /* of char *: the sections so far */
} Writer;

/* Notes */

InventoryNote *inventory_note_new(const char *section, const char *key, const char *text,
				  const char *offer)
{
	InventoryNote *note = g_new(InventoryNote, 1);

	*note = (InventoryNote){g_strdup(section), g_strdup(key), g_strdup(text), g_strdup(offer)};
	return note;
}

void inventory_note_free(InventoryNote *note)
{
	g_free(note->section);
	g_free(note->key);
	g_free(note->text);
	g_free(note->offer);
	g_free(note);
}

/* TEXT on one line: what a terminal or the parser would not take becomes '?'. Yours. */
static char *inventory_write_plain(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	GString *out = g_string_new(NULL);

	for (const char *c = valid; *c; c = g_utf8_next_char(c)) {
		gunichar character = g_utf8_get_char(c);
		GUnicodeType type = g_unichar_type(character);

		if (g_unichar_isprint(character) && type != G_UNICODE_LINE_SEPARATOR &&
		    type != G_UNICODE_PARAGRAPH_SEPARATOR)
			g_string_append_unichar(out, character);
		else
			g_string_append_c(out, *c == '\n' || *c == '\t' ? ' ' : '?');
	}
	return g_string_free(out, FALSE);
}

/* At most WORD_MAX bytes of WORD, whole characters. Yours. */
static char *inventory_write_cut(const char *word)
{
	const char *end = word;

	while (*end && end - word < WORD_MAX)
		end = g_utf8_next_char(end);
	return g_strndup(word, (gsize)(end - word));
}

static void inventory_write_comment(GString *out, const char *text)
{
	g_autofree char *line = inventory_write_plain(text);
	g_auto(GStrv) words = g_strsplit(line, " ", -1);
	glong column = 0;

	for (char **word = words; *word; word++) {
		g_autofree char *part = inventory_write_cut(*word);
		glong length = g_utf8_strlen(part, -1);

		if (!*part)
			continue;
		if (column && column + 1 + length > WIDTH) {
			g_string_append_c(out, '\n');
			column = 0;
		}
		g_string_append_printf(out, "%s%s", column ? " " : "; ", part);
		column += 1 + length + !column;
	}
	g_string_append_c(out, '\n');
}

static void inventory_write_offer(GString *out, const char *line)
{
	g_autofree char *safe = inventory_write_plain(line);

	g_string_append_printf(out, ";%s\n", safe);
}

static bool has_key(const Writer *w, const char *key)
{
	for (unsigned i = 0; key && i < w->keys->len; i += 2)
		if (!strcmp(g_ptr_array_index(w->keys, i), key))
			return true;
	return false;
}

/* The notes on KEY, or, where it is NULL, on the section as a whole. */
static void put_notes(Writer *w, const char *key)
{
	for (unsigned i = 0; w->notes && i < w->notes->len; i++) {
		const InventoryNote *note = g_ptr_array_index(w->notes, i);
		const char *on = has_key(w, note->key) ? note->key : NULL;

		if (g_strcmp0(note->section, w->section) != 0 || g_strcmp0(on, key) != 0)
			continue;
		if (note->text)
			inventory_write_comment(w->text, note->text);
		if (note->offer)
			inventory_write_offer(w->text, note->offer);
	}
}

static bool has_notes(const Writer *w)
{
	for (unsigned i = 0; w->notes && i < w->notes->len; i++) {
		const InventoryNote *note = g_ptr_array_index(w->notes, i);

		if (!g_strcmp0(note->section, w->section))
			return true;
	}
	return false;
}

/* Sections */

static void inventory_write_begin(Writer *w, const char *section)
{
	w->section = section;
	g_ptr_array_set_size(w->keys, 0);
	g_hash_table_add(w->begun, g_strdup(section));
}

/* VALUE is the writer's from now on; NULL = there is no such key. */
static void inventory_write_put(Writer *w, const char *key, char *value)
{
	if (!value)
		return;
	g_ptr_array_add(w->keys, g_strdup(key));
	g_ptr_array_add(w->keys, value);
}

static int inventory_write_widest(const Writer *w)
{
	size_t width = 0;

	for (unsigned i = 0; i < w->keys->len; i += 2)
		width = MAX(width, strlen(g_ptr_array_index(w->keys, i)));
	return (int)width;
}

/* ALONE: with its notes it stands there as a comment, without it is left out. */
static void inventory_write_end(Writer *w, bool alone)
{
	int width = inventory_write_widest(w);

	if (alone && !has_notes(w))
		return;
	g_string_append_printf(w->text, "%s%s[%s]\n", w->text->len ? "\n" : "", alone ? "; " : "",
			       w->section);
	put_notes(w, NULL);
	for (unsigned i = 0; i < w->keys->len; i += 2) {
		const char *key = g_ptr_array_index(w->keys, i);
		const char *value = g_ptr_array_index(w->keys, i + 1);

		put_notes(w, key);
		g_string_append_printf(w->text, "%-*s =%s%s\n", width, key, *value ? " " : "",
				       value);
	}
}

/* The section NAME, of the kind KIND, with all that OBJECT (a VM or a partner; NULL = INVENTORY)
 * says and that is not the default. */
static void inventory_write_section(Writer *w, const char *kind, const char *name,
				    const Inventory *inventory, const void *object)
{
	g_autoptr(GArray) rows = settings_of_section(kind);

	inventory_write_begin(w, name);
	for (unsigned i = 0; i < rows->len; i++) {
		const SettingRow *row = &g_array_index(rows, SettingRow, i);
		const void *of = object ? object : inventory_part(inventory, row->table);

		inventory_write_put(w, row->setting->key,
				    setting_text(row->table, row->setting, of));
	}
	inventory_write_end(w, !w->keys->len && !object);
}

/* Sections that only notes speak of. */
static void inventory_write_noted(Writer *w)
{
	for (unsigned i = 0; w->notes && i < w->notes->len; i++) {
		const InventoryNote *note = g_ptr_array_index(w->notes, i);

		if (note->section && !g_hash_table_contains(w->begun, note->section)) {
			inventory_write_begin(w, note->section);
			inventory_write_end(w, true);
		}
	}
}

static void inventory_write_named(Writer *w, const char *kind, const char *name, const void *object)
{
	g_autofree char *section = g_strdup_printf("%s %s", kind, name);

	inventory_write_section(w, kind, section, NULL, object);
}

static void inventory_write_each(Writer *w, const GPtrArray *vms)
{
	for (unsigned i = 0; i < vms->len; i++) {
		const VmSpec *vm = g_ptr_array_index(vms, i);

		inventory_write_named(w, "vm", vm->name, vm);
	}
}

const char *inventory_name_fault(const char *name)
{
	size_t length = strlen(name);
	const char *fault = vm_name_fault(name);

	if (fault)
		return fault;
	if (name[0] == ' ' || name[length - 1] == ' ')
		return "begins or ends with a blank";
	if (strchr(name, ']'))
		return "has a ']', which ends a section's name";
	if (name[0] == ';' || strstr(name, " ;"))
		return "has a ';' that begins a comment";
	return NULL;
}

char *inventory_write(const Inventory *inventory, const GPtrArray *notes)
{
	g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GHashTable) begun = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	Writer w = {.text = g_string_new(NULL), .notes = notes, .keys = keys, .begun = begun};

	put_notes(&w, NULL);
	for (const char *const *section = inventory_sections; *section; section++)
		inventory_write_section(&w, *section, *section, inventory, NULL);
	for (unsigned i = 0; i < inventory->partners->len; i++) {
		const NodeSpec *partner = g_ptr_array_index(inventory->partners, i);

		inventory_write_named(&w, "partner", partner->name, partner);
	}
	inventory_write_each(&w, inventory->vms);
	inventory_write_noted(&w);
	return g_string_free(w.text, FALSE);
}

char *inventory_write_vms(const GPtrArray *vms)
{
	g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GHashTable) begun = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	Writer w = {.text = g_string_new(NULL), .keys = keys, .begun = begun};

	inventory_write_each(&w, vms);
	return g_string_free(w.text, FALSE);
}
