/* SPDX-License-Identifier: MIT */
/* Which nodes a fleet has: from the files and folders named, or from a list. */
#ifndef CMD_FLEET_LIST_H
#define CMD_FLEET_LIST_H

#include "cmd/options.h"
#include "topology/host/host.h"

/* A node before anything of it is read. */
typedef struct FleetFile {
	unsigned index;	  /* in the list */
	char *inventory;  /* path; or "LIST:7" of a line that says nothing that holds */
	char *topology;	  /* as host_load() takes it */
	bool beside;	  /* nobody said which topology: it is the one beside the inventory */
	char *name;	  /* as the list says, else NULL */
	char *error;	  /* it is broken: why */
	const Host *host; /* fleet_hosts.h; borrowed */
	char *const
		*settings; /* of --what-if: the inventory is as if it had them; NULL, borrowed */
} FleetFile;

/*
 * The nodes that OPTIONS name, each once, in the order of their paths, whatever order they were
 * given in: a GPtrArray of FleetFile, yours. Folders are searched for *.ini, all the way down, but
 * for hidden ones and links to folders. Topologies: what the line of the list says, else -t, else
 * NAME.xml beside NAME.ini. NULL with ERROR set where a file, folder or list cannot be read at all,
 * or there is no node.
 */
GPtrArray *fleet_list(const Options *options, GError **error);

#endif
