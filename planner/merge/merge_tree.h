/* SPDX-License-Identifier: MIT */
/*
 * A domain XML as a tree that is edited and written again. What is added stands as what is beside
 * it does: on a line of its own, with the same indent; in a document without lines, without.
 */
#ifndef PLANNER_MERGE_MERGE_TREE_H
#define PLANNER_MERGE_MERGE_TREE_H

#include "topology/guests/domain_xml.h"

/*
 * Read TEXT; yours. NULL with PLANNER_ERROR_INPUT where it is not well-formed XML in UTF-8, has a
 * DOCTYPE, is too deep or larger than 8 MiB; NAME stands in the message. Nothing is expanded or
 * fetched.
 */
xmlDoc *merge_tree_parse(const char *name, const char *text, size_t length, GError **error);

/* DOC as text, yours: with the XML declaration, the quotes and the line ends of BASE, the text
 * that it was read from. */
char *merge_tree_write(xmlDoc *doc, const char *base);

/* The number in ATTRIBUTE, or in the text where ATTRIBUTE is NULL; FALLBACK where there is none.
 * NODE may be NULL. */
unsigned merge_tree_number(const xmlNode *node, const char *attribute, unsigned fallback);

/* Attributes without a namespace. */
void merge_tree_set(xmlNode *node, const char *attribute, const char *value);
void merge_tree_unset(xmlNode *node, const char *attribute);
/* The text in NODE; comments in it stay. */
void merge_tree_set_text(xmlNode *node, const char *text);

/* Add NODE, which has no white space in it, as the last child of PARENT, or after SIBLING. */
void merge_tree_append(xmlNode *parent, xmlNode *node);
void merge_tree_insert_after(xmlNode *sibling, xmlNode *node);
/* Free NODE and, where it has a line of its own, that line. */
void merge_tree_remove(xmlNode *node);

#endif
