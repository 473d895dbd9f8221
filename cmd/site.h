/* SPDX-License-Identifier: MIT */
/* The templates of a site. */
#ifndef CMD_SITE_H
#define CMD_SITE_H

#include <glib.h>

/*
 * The files of DIR that are templates, by their names: name → text, yours; empty when DIR is NULL.
 * NULL with PLANNER_ERROR_INPUT or _SYSTEM, also where DIR holds a file that is no template: a
 * misspelt one would leave the built-in text in force unseen. Passed over are a README, the folder
 * ansible, and what an editor or a version control leaves (".name", "name~").
 */
GHashTable *site_templates(const char *dir, GError **error);

#endif
