/* SPDX-License-Identifier: MIT */
#include "planner/adopt/adopt_internal.h"

#include <string.h>

#define SHORT 80

static void add_note(Adopter *a, Certainty certainty, const char *section, const char *key,
		     const char *offer, const char *what)
{
	static const char *const words[] = {[SEEN] = "",
					    [GUESSED] = "guessed: ",
					    [LOST] = "not expressed: ",
					    [UNREAD] = "not read: "};
	g_autofree char *text = g_strconcat(words[certainty], what, NULL);

	a->adoption->guessed += certainty == GUESSED;
	a->adoption->lost += certainty == LOST || certainty == UNREAD;
	g_ptr_array_add(a->adoption->notes, inventory_note_new(section, key, text, offer));
}

void adopt_note(Adopter *a, Certainty certainty, const char *section, const char *key,
		const char *format, ...)
{
	g_autofree char *what = NULL;
	va_list args;

	va_start(args, format);
	what = g_strdup_vprintf(format, args);
	va_end(args);
	add_note(a, certainty, section, key, NULL, what);
}

void adopt_offer(Adopter *a, Certainty certainty, const char *section, const char *key,
		 const char *offer, const char *format, ...)
{
	g_autofree char *what = NULL;
	va_list args;

	va_start(args, format);
	what = g_strdup_vprintf(format, args);
	va_end(args);
	add_note(a, certainty, section, key, offer, what);
}

char *adopt_short(const char *text)
{
	if (g_utf8_strlen(text, -1) <= SHORT)
		return g_strdup(text);
	return g_strdup_printf("%.*s...", (int)(g_utf8_offset_to_pointer(text, SHORT - 3) - text),
			       text);
}

bool adopt_parses(const char *section, const char *key, const char *value)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *text = g_strdup_printf("[%s]\n%s = %s\n", section, key, value);
	g_autoptr(Inventory) inventory = inventory_parse("", text, strlen(text), errors);

	return inventory;
}
