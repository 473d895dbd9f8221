/* SPDX-License-Identifier: MIT */
/*
 * The checks of several nodes together: the worst node first, and each rule with all its findings.
 * They are made of documents (planner-check/1), so that saved reports and captures go together.
 */
#ifndef PLANNER_CHECK_CHECK_NODES_H
#define PLANNER_CHECK_CHECK_NODES_H

#include "planner/base/finding.h"

#include <jansson.h>

typedef struct CheckNode {
	char *source; /* the file or folder */
	char *why;    /* why it could not be checked; NULL = it was */
	json_t *document;
	char *map;   /* SVG; NULL = none */
	char *title; /* "x6-0042 (old.tar)" where another has that name too; NULL = its name */
} CheckNode;

/* A rule, or another finding, with all of its findings. */
typedef struct CheckGroup {
	const char *id;
	Severity severity;
	GPtrArray *findings; /* of json_t, borrowed */
	GPtrArray *nodes;    /* of CheckNode: that of each */
} CheckGroup;

/* A list of CheckNode, owned by it. */
GPtrArray *check_nodes_new(void);
/* The node of SOURCE: its DOCUMENT and MAP (may be NULL), both taken; or, where DOCUMENT is NULL,
 * WHY it could not be checked. */
void check_nodes_add(GPtrArray *nodes, const char *source, json_t *document, char *map,
		     const char *why);
/* The document that TEXT, of LENGTH bytes, is; NULL where it is something else. */
json_t *check_nodes_document(const char *text, size_t length);
/* The documents that TEXT, of LENGTH bytes, has one after the other: of json_t, yours. NULL where
 * it has something else, or nothing. */
GPtrArray *check_nodes_documents(const char *text, size_t length);
/* The only one of DOCUMENTS that is of a node called NAME, borrowed; NULL = none is, or several
 * are: which of them cannot be told. */
json_t *check_nodes_document_of(const GPtrArray *documents, const char *name);
/* Those that could not be checked first, then by errors, warnings and name. Two of one name get
 * titles that tell them apart. */
void check_nodes_sort(GPtrArray *nodes);

/* The text at KEY of an object, "" = none. */
const char *check_node_text(const json_t *object, const char *key);
/* The number at KEY of its summary; 0 where it could not be checked. */
unsigned check_node_count(const CheckNode *node, const char *key);
/* What a finding names it by: its title, name or source. */
const char *check_node_title(const CheckNode *node);
/* The cells of a table of nodes: name, errors, warnings, infos, not judged, waived, source, why.
 * NONE stands for a number of a node that could not be checked. Yours. */
enum { CHECK_NODE_SOURCE = 6, CHECK_NODE_WHY };
char **check_node_cells(const CheckNode *node, const char *none);

/* Is FINDING a failure that nobody accepts? */
bool check_finding_failed(const json_t *finding);
/* Has NODE an error or a warning that is new and that nobody accepts? */
bool check_node_worse(const CheckNode *node);
/* Of CheckGroup: failures that nobody accepts, all or the NEW ones, by id; worst first, then most.
 * Yours. */
GPtrArray *check_nodes_groups(const GPtrArray *nodes, bool new);
/* Do all findings of GROUP say the same at KEY, and something? */
bool check_group_same(const CheckGroup *group, const char *key);

#endif
