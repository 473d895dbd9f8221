/* SPDX-License-Identifier: MIT */
/* Settings in text files: NAME=value lines, as shells, systemd and boot loaders write them. */
#ifndef TOPOLOGY_BASE_TEXT_H
#define TOPOLOGY_BASE_TEXT_H

#include <glib.h>

/* A new table of char * → char * that frees both. */
GHashTable *table_new(void);

/*
 * The NAME=value lines of TEXT: white space around both is taken off, then one pair of quotes, "…"
 * or '…', around the value; lines that begin with '#' or ';' and lines without '=' are no settings,
 * "export " before a name is. The last of a name counts.
 */
GHashTable *settings_parse(const char *text);

#endif
