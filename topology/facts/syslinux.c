/* SPDX-License-Identifier: MIT */
#include "topology/facts/syslinux.h"

#include "topology/facts/kernel_line.h"

#include <string.h>

static const char *const menus[] = {
	"/boot/extlinux/extlinux.conf", "/boot/syslinux/syslinux.cfg",
	"/boot/syslinux/extlinux.conf", "/boot/extlinux.conf",
	"/boot/syslinux.cfg",
};

/* What follows WORD in LINE, whatever its case; NULL = it is another. */
static const char *after_word(const char *line, const char *word)
{
	size_t length = strlen(word);

	if (g_ascii_strncasecmp(line, word, length) != 0 ||
	    (line[length] && !strchr(" \t", line[length])))
		return NULL;
	return line + length + strspn(line + length, " \t");
}

static bool is_menu_default(const char *line)
{
	const char *rest = after_word(line, "menu");

	return rest && after_word(rest, "default");
}

/* OPTIONS (NULL = none) without what only the firmware knows; yours. */
static char *words_plain(const char *options)
{
	GString *line = g_string_new(NULL);
	char *next;

	while (options && (next = kernel_line_word(&options))) {
		g_autofree char *word = next;

		if (!strchr(word, '$'))
			g_string_append_printf(line, "%s%s", line->len ? " " : "", word);
	}
	return g_string_free(line, FALSE);
}

char *syslinux_keep(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	GString *kept = g_string_new(NULL);

	for (unsigned i = 0; lines[i]; i++) {
		const char *line = g_strstrip(lines[i]), *options = after_word(line, "append");
		g_autofree char *plain = words_plain(options), *clean = kernel_line_clean(plain);

		if (options)
			g_string_append_printf(kept, "append %s\n", clean);
		else if (after_word(line, "label") || after_word(line, "default") ||
			 is_menu_default(line))
			g_string_append_printf(kept, "%s\n", line);
	}
	return g_string_free(kept, FALSE);
}

/* The entry that counts so far. */
typedef struct Menu {
	const char *wanted;	     /* label of DEFAULT */
	const char *label, *options; /* of the entry, NULL = none */
	const char *common;	     /* APPEND above all entries */
	bool chosen;
} Menu;

static void entry_begin(Menu *menu, const char *label, bool *inside)
{
	bool wanted = menu->wanted && !strcmp(label, menu->wanted);

	*inside = !menu->chosen && (!menu->label || wanted);
	if (*inside) {
		menu->label = label;
		menu->options = NULL;
		menu->chosen = wanted;
	}
}

/* The entry LABEL is the one that the menu says is its default. */
static void entry_prefer(Menu *menu, const char *label, const char *options, bool *inside)
{
	menu->label = label;
	menu->options = options;
	menu->chosen = true;
	*inside = true;
}

char *syslinux_parse(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	Menu menu = {0};
	const char *label = NULL, *options = NULL;
	bool inside = false;

	for (unsigned i = 0; lines[i]; i++) {
		const char *line = g_strstrip(lines[i]), *rest;

		if ((rest = after_word(line, "default"))) {
			menu.wanted = rest;
		} else if ((rest = after_word(line, "label"))) {
			label = rest;
			options = NULL;
			entry_begin(&menu, label, &inside);
		} else if (label && is_menu_default(line)) {
			entry_prefer(&menu, label, options, &inside);
		} else if ((rest = after_word(line, "append"))) {
			options = rest;
			menu.common = label ? menu.common : rest;
			menu.options = inside ? rest : menu.options;
		}
	}
	return menu.label ? words_plain(menu.options ? menu.options : menu.common) : NULL;
}

bool syslinux_exists(Root *root)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(menus); i++)
		if (root_exists(root, menus[i]))
			return true;
	return false;
}

char *syslinux_load(Root *root, char **source)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(menus); i++) {
		g_autofree char *text = root_text_kept(root, menus[i], syslinux_keep);
		char *line = text ? syslinux_parse(text) : NULL;

		if (line) {
			*source = g_strdup(menus[i]);
			return line;
		}
	}
	return NULL;
}
