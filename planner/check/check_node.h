/* SPDX-License-Identifier: MIT */
/* The node of an audit, as documents have it. */
#ifndef PLANNER_CHECK_CHECK_NODE_H
#define PLANNER_CHECK_CHECK_NODE_H

#include "planner/base/reader.h"
#include "planner/check/rules.h"

/* The plan's name for it, else its own; NULL = not known. */
const char *check_node_name(const Audit *audit);
/* A new reference, yours. */
json_t *check_node_to_json(const Audit *audit);
/* Is DOCUMENT one of the same node? Two machines are told apart by their topology, or by their
 * names: the plan's or their own. */
bool check_node_same(Reader *r, const json_t *document, const Audit *audit);

#endif
