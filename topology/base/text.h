/* SPDX-License-Identifier: MIT */
/* Text: characters that are not for showing; settings in files, NAME=value lines as shells, systemd
 * and boot loaders write them. */
#ifndef TOPOLOGY_BASE_TEXT_H
#define TOPOLOGY_BASE_TEXT_H

#include <glib.h>
#include <stdbool.h>

/* Does a terminal obey CHARACTER, or end a line there, or show what follows in another order? C0,
 * DEL, C1, the separators of lines, and what turns the direction of text. */
bool text_obeyed(gunichar character);

/* A new table of char * → char * that frees both. */
GHashTable *table_new(void);

/*
 * The NAME=value lines of TEXT: white space around both is taken off, then one pair of quotes, "…"
 * or '…', around the value; lines that begin with '#' or ';' and lines without '=' are no settings,
 * "export " before a name is. The last of a name counts.
 */
GHashTable *settings_parse(const char *text);

#endif
