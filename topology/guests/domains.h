/* SPDX-License-Identifier: MIT */
/*
 * Domains as somebody gave them, before they become guests: XML texts and what goes with them. From
 * libvirt (domains_libvirt.c), from files (domains_files.c), from a snapshot (domains.c).
 */
#ifndef TOPOLOGY_GUESTS_DOMAINS_H
#define TOPOLOGY_GUESTS_DOMAINS_H

#include "topology/root/root.h"

#include <jansson.h>

/* Where a snapshot keeps them: the list, the inactive XML files, and in live/ the live ones. */
#define DOMAINS_FOLDER "/planner/domains"
#define DOMAINS_LIST DOMAINS_FOLDER "/list.json"

typedef struct DomainRecord {
	char *name;
	char *uuid; /* NULL = not said */
	bool running, persistent;
	char *live, *inactive;		     /* XML; NULL = none, or not read */
	char *live_source, *inactive_source; /* for messages: a file, or the libvirt */
	char **real;		/* CPU list by vCPU, of virDomainGetVcpus(); NULL = not asked */
	int64_t halt_exits;	/* -1 = not asked */
	unsigned pid;		/* of QEMU; 0 = not said */
	GHashTable *affinities; /* tid → CPU list, as taskset showed them; NULL = none */
} DomainRecord;

typedef struct Domains {
	char *source;
	char *libvirt, *qemu; /* versions; NULL = not said */
	bool states_unknown;  /* nothing says which of them run */
	bool elsewhere;	      /* of another machine: this one's processes are not theirs */
	GPtrArray *records;   /* of DomainRecord */
} Domains;

Domains *domains_new(const char *source);
void domains_free(Domains *domains);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Domains, domains_free)

DomainRecord *domain_record_new(const char *name);
/* The record of that name, made where there is none. */
DomainRecord *domains_record(Domains *domains, const char *name);

/*
 * Ask libvirt at URI through a read-only connection, in a process of its own that is killed after
 * SECONDS. What was answered till then is there; what was not is noted. NULL when nothing was.
 */
Domains *domains_ask(Root *root, const char *uri, unsigned seconds, bool counters);

/*
 * Files: *.xml of DIRECTORY are for the next start, those of DIRECTORY/live run; a <domstatus>, or
 * a <domain> with an id, runs wherever it is. NULL with ERROR when the directory cannot be opened.
 */
Domains *domains_read(Root *root, const char *directory, GError **error);
/* What a captured root holds: a snapshot's list, or libvirt's files; NULL = neither. */
Domains *domains_captured(Root *root);

/* What runs, by libvirt's own files of it, but the domains that are called as the keys of KNOWN. */
Domains *domains_running(Root *root, GHashTable *known);

/* The second of the two: virsh's and libvirt's own files, as sosreports have them. */
Domains *domains_captured_files(Root *root);

/* Keep DOMAINS in the recording, their XML without what may be secret. */
void domains_record_into(Root *root, const Domains *domains);

/* One record, for a pipe or a file; XML texts where WITH_XML. */
json_t *domain_record_to_json(const DomainRecord *record, bool with_xml);
/* NULL where OBJECT is none. */
DomainRecord *domain_record_parse(const json_t *object);
void domain_record_free(DomainRecord *record);

#endif
