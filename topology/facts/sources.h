/* SPDX-License-Identifier: MIT */
/*
 * Which facts are there and which are not, and why not. A note that a source could not be read
 * makes the fact unknown even where some of it is there: what is missing may be what matters.
 *
 * To add a reader: its table (topology/root/fact.h) into that of sources.c.
 */
#ifndef TOPOLOGY_FACTS_SOURCES_H
#define TOPOLOGY_FACTS_SOURCES_H

#include "topology/facts/facts.h"
#include "topology/root/fact.h"

/* Is FACT (one of FACT_…) there, all of it? */
bool fact_known(const Facts *facts, unsigned fact);
/* The note that makes FACT unknown, NULL: there is none. */
const Unread *fact_note(const Facts *facts, unsigned fact);
/* The source that stands for FACT in messages. */
const char *fact_name(unsigned fact);
/* All facts that NOTE, one of FACTS', is of. */
unsigned facts_of_note(const Facts *facts, const Unread *note);

#endif
