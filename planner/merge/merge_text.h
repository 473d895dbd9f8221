/* SPDX-License-Identifier: MIT */
/*
 * An XML text with where each of its elements stands, and edits to make in it. libxml2 says what
 * the text means, the spans where it says so; an edit replaces just the bytes it is about.
 */
#ifndef PLANNER_MERGE_MERGE_TEXT_H
#define PLANNER_MERGE_MERGE_TEXT_H

#include "topology/guests/libxml_load.h"
#include <glib.h>
#include <stdbool.h>

/* Where an element stands, in bytes. */
typedef struct Span {
	size_t start, open_end; /* its start tag, or the whole of <x/> */
	size_t close, end;	/* its end tag; both open_end for <x/> */
} Span;

typedef struct MergeText {
	const char *text;
	size_t length;
	xmlDoc *doc;	     /* each element's _private is its Span */
	GArray *spans;	     /* of Span, in document order */
	GArray *edits;	     /* of MergeEdit */
	GPtrArray *appended; /* of MergeAppend, one for each parent */
	const char *newline;
} MergeText;

/*
 * Read TEXT, which must outlive the result. NULL with PLANNER_ERROR_INPUT where it is not
 * well-formed XML in UTF-8, has a DOCTYPE, or is too deep; NAME stands in the message.
 */
MergeText *merge_text_parse(const char *name, const char *text, size_t length, GError **error);
void merge_text_free(MergeText *merge);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MergeText, merge_text_free)

/* Edits. Those that would change nothing are none. */
void merge_set_attribute(MergeText *merge, const xmlNode *node, const char *name,
			 const char *value);
void merge_remove_attribute(MergeText *merge, const xmlNode *node, const char *name);
void merge_set_content(MergeText *merge, const xmlNode *node, const char *content);
/* The element and, where it has a line of its own, that line. */
void merge_remove(MergeText *merge, const xmlNode *node);
/* Add LINES (each ending in a newline, indented from 0 on) as the last children of PARENT, or after
 * SIBLING. */
void merge_append(MergeText *merge, const xmlNode *parent, const char *lines);
void merge_insert_after(MergeText *merge, const xmlNode *sibling, const char *lines);

/* The text with all edits made, yours. */
char *merge_text_finish(MergeText *merge);

#endif
