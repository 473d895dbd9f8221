/* SPDX-License-Identifier: MIT */
/*
 * Templates: text with ${name}, nothing else. Where text repeats, the code repeats a one-line
 * template and passes the block in. A name that the template uses and the code does not know, or
 * that the code gives and the template does not use, is an error: neither side drifts unseen. "$$"
 * is a dollar.
 *
 * To add a template: 1. templates/NAME; 2. its names beside the artifact that uses it; 3.
 * templates/README lists them. To add an escape: a row below and its case in escape().
 */
#ifndef PLANNER_ARTIFACTS_TEMPLATE_H
#define PLANNER_ARTIFACTS_TEMPLATE_H

#include <glib.h>
#include <stdbool.h>

/* The templates as built in, by the Makefile from templates/; ended by a row of NULL. */
typedef struct TemplateFile {
	const char *name; /* "domain.xml" */
	const char *text;
} TemplateFile;
extern const TemplateFile template_files[];

/* How values are made safe for the text they go into. Control characters, newlines among them, are
 * refused by all but the last. */
typedef enum TemplateEscape {
	TEMPLATE_XML,	 /* & < > " ' become entities */
	TEMPLATE_LINE,	 /* part of a line that a program reads as it is */
	TEMPLATE_SHELL,	 /* inside single quotes of a shell */
	TEMPLATE_KERNEL, /* on a kernel line: what GRUB or a shell would act on is refused */
	TEMPLATE_STRING, /* inside double quotes of JSON, YAML or TOML */
	TEMPLATE_RAW,	 /* a block made of filled templates */
} TemplateEscape;

typedef struct TemplateValue {
	const char *name; /* NULL ends the list */
	const char *text;
	TemplateEscape escape;
} TemplateValue;

/* The text of the template called NAME: the site's (a table of name → text, may be NULL) or the
 * built-in. */
const char *template_text(GHashTable *site, const char *name, GError **error);

/* Fill TEXT; NAME stands in messages. Yours, or NULL with PLANNER_ERROR_INPUT. */
char *template_fill(const char *name, const char *text, const TemplateValue *values,
		    GError **error);

#endif
