/* SPDX-License-Identifier: MIT */
#include "topology/base/text.h"

#include <string.h>

bool text_obeyed(gunichar character)
{
	return g_unichar_iscntrl(character) || (character >= 0x2028 && character <= 0x202e) ||
	       (character >= 0x2066 && character <= 0x2069);
}

GHashTable *table_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static void text_unquote(char *value)
{
	size_t length = strlen(value);

	if (length < 2 || (*value != '"' && *value != '\'') || value[length - 1] != *value)
		return;
	memmove(value, value + 1, length - 2);
	value[length - 2] = '\0';
}

static void text_setting_parse(GHashTable *settings, char *line)
{
	char *value;

	g_strstrip(line);
	if (g_str_has_prefix(line, "export "))
		line += strlen("export ");
	value = strchr(line, '=');
	if (*line == '#' || *line == ';' || !value || value == line)
		return;
	*value++ = '\0';
	g_strstrip(value);
	text_unquote(value);
	g_hash_table_insert(settings, g_strdup(g_strstrip(line)), g_strdup(value));
}

GHashTable *settings_parse(const char *text)
{
	GHashTable *settings = table_new();
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (unsigned i = 0; lines[i]; i++)
		text_setting_parse(settings, lines[i]);
	return settings;
}
