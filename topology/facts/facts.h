/* SPDX-License-Identifier: MIT */
/*
 * Facts: what a node, or a capture of one, says of itself. Collected here, judged elsewhere
 * (planner/check/rules.h). Nothing here decides whether a fact is good.
 *
 * Whatever could not be read is not guessed: its pointer is NULL (numbers say their own "not
 * known"), and `unread` says why, by source. A fact that is known to be absent (no such parameter,
 * no such file on this kernel) is an empty value, not NULL; each field says which of the two it can
 * be.
 *
 * To add a fact: 1. a field with its source in the header of who reads that source (those included
 * below, and topology/guests/tasks.h); 2. in the .c beside it the reading, through root.h alone, so
 * that a snapshot has it by itself, and the freeing; 3. where rules may need it, its bit in
 * topology/root/fact.h and its row in the table at the end of that .c; 4. templates/capture.sh, if
 * it does not take the file along yet; 5. a line of tests/hosts/make-node.py, so that constructed
 * nodes show it.
 *
 * All texts are valid UTF-8, whatever the files held.
 */
#ifndef TOPOLOGY_FACTS_FACTS_H
#define TOPOLOGY_FACTS_FACTS_H

#include "topology/facts/cgroups.h"
#include "topology/facts/hugepages.h"
#include "topology/facts/irqs.h"
#include "topology/facts/kernel.h"
#include "topology/facts/kvm.h"
#include "topology/facts/node.h"
#include "topology/facts/power.h"
#include "topology/facts/services.h"
#include "topology/guests/guests.h"
#include "topology/host/host.h"

/* Where a snapshot keeps a measurement. */
#define FACTS_MEASURED "/planner/measured.json"

typedef struct Facts {
	char *source;	     /* the root directory as given: "/", "snapshot.tar" */
	bool live;	     /* this machine */
	Host *host;	     /* NULL = the topology could not be read; unread says why */
	KernelFacts *kernel; /* never NULL, as all below but guests */
	IrqFacts *irqs;
	TaskFacts *tasks;
	CgroupFacts *cgroups;
	GArray *hugepages; /* of HugePages, by node and size; NULL = not read */
	KvmFacts *kvm;
	GArray *power; /* of CpuPower, by CPU, of those that say anything; NULL = none does */
	ServiceFacts *services;
	GuestFacts *guests; /* NULL = nobody could be asked; unread says why */
	Platform platform;  /* who sets the node up; PLATFORM_LIBVIRT = nobody else is known */
	char *measured;	   /* the document of a measurement that was taken along in a snapshot; NULL
			      = none */
	char *os;	   /* ID and ID_LIKE of /etc/os-release, blanks between; NULL = not read */
	GPtrArray *unread; /* of Unread (topology/root/notes.h), by source */
} Facts;

typedef struct FactsOptions {
	const char *root; /* NULL or "/": this machine; a directory; a tar file made by snapshot */
	const char *topology; /* hwloc source where the root has none; NULL */
	GuestOptions guests;  /* whom to ask about guests */
	const char *measured; /* a document of a measurement, for a snapshot; NULL */
} FactsOptions;

/*
 * Collect. Never fails for what could not be read (see unread); NULL with PLANNER_ERROR_INPUT or
 * _SYSTEM only when the root itself cannot be opened. Never writes, never rebinds, never waits
 * longer than the deadline. Nothing below the root is followed out of it.
 */
Facts *facts_load(const FactsOptions *options, GError **error);
Facts *facts_new(void);
void facts_free(Facts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Facts, facts_free)

/* What they say of the node, for what an inventory leaves open; its texts are borrowed. */
Node facts_node(const Facts *facts);

/* Why SOURCE was not read: a text of facts->unread, NULL where there is none. */
const char *facts_why_unread(const Facts *facts, const char *source);

#endif
