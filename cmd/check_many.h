/* SPDX-License-Identifier: MIT */
/*
 * The checks of several nodes (check_nodes.h) in one report: a line a node, worst first; then each
 * rule once, with the nodes and what was found there, why and the fix.
 */
#ifndef CMD_CHECK_MANY_H
#define CMD_CHECK_MANY_H

#include "cmd/cmd.h"

/* What ARGUMENTS name: themselves, and for a folder that is no capture each capture in it and, if
 * asked for, each saved REPORT; what is named twice, once. Of char *, yours. */
GPtrArray *check_many_sources(char *const *arguments, bool reports);
/* For people, or with --json a document a line. */
void check_many_print(GPtrArray *nodes, const Options *options);
/* A line of CSV a node, worst first. */
void check_many_print_csv(GPtrArray *nodes);
/* The worst of them, by all that was found, or by what is NEW. */
Status check_many_status(const GPtrArray *nodes, bool new);

#endif
