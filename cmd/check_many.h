/* SPDX-License-Identifier: MIT */
/*
 * The checks of several nodes in one report: a line a node, worst first; then each rule once, with
 * the nodes and what was found there, why and the fix. It is made of their documents
 * (planner-check/1), so that saved reports and captures go together.
 */
#ifndef CMD_CHECK_MANY_H
#define CMD_CHECK_MANY_H

#include "cmd/cmd.h"

#include <jansson.h>

typedef struct CheckMany CheckMany;

CheckMany *check_many_new(void);
void check_many_free(CheckMany *many);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CheckMany, check_many_free)

/* The node of SOURCE, a file or folder: its DOCUMENT, taken; or, where that is NULL, WHY it could
 * not be checked. */
void check_many_add(CheckMany *many, const char *source, json_t *document, const char *why);

/* The document that TEXT, of LENGTH bytes, is; NULL where it is something else. */
json_t *check_many_document(const char *text, size_t length);

/* For people, or with --json a document a line. */
void check_many_print(CheckMany *many, const Options *options);
/* A line of CSV a node, worst first. */
void check_many_print_csv(CheckMany *many);
/* The worst of them. */
Status check_many_status(const CheckMany *many);

#endif
