/* SPDX-License-Identifier: MIT */
/*
 * The steps of host_load(), one file each; nobody else includes this but topology_export.c.
 *
 * host_hwloc.c      hwloc as all of them use it
 * host_load.c       which kind of SOURCE it is; calls the others
 * host_capture.c    a captured directory: is it whole enough for hwloc to read?
 * host_xml.c        an XML text: refuse what could hurt, hand hwloc only what is needed
 * host_xml_object.c the rules an <object> of it must keep
 * host_xml_matrix.c its <distances2>: how far nodes are from each other
 * host_synthetic.c  a synthetic description: bounds before, indexes= after hwloc built it
 * host_build.c      the loaded hwloc topology → Host
 * host_distance.c   how far its nodes are from each other
 *
 * Messages say what is wrong; host_load.c puts the SOURCE's name before them.
 */
#ifndef TOPOLOGY_HOST_HOST_LOAD_H
#define TOPOLOGY_HOST_HOST_LOAD_H

#include "topology/host/host.h"

typedef hwloc_topology_t Topology; /* so that g_auto(Topology) destroys it */
G_DEFINE_AUTO_CLEANUP_FREE_FUNC(Topology, hwloc_topology_destroy, NULL)

/*
 * Take every HWLOC_ variable out of the environment: the user's could make hwloc read another
 * machine, or bind, or print. Returns what there was, for environment_leave().
 */
char **environment_enter(void);
void environment_leave(char **saved);
/* A topology to load, yours; then load it from this machine (NULL) or a captured root: only what
 * the kernel says, so that a machine and its capture give the same. False with errno. */
hwloc_topology_t topology_new(void);
bool topology_load_linux(hwloc_topology_t topology, const char *fsroot);
/* The CPU list in PATH of the root FSROOT, yours; empty where there is none. */
hwloc_bitmap_t linux_list(const char *fsroot, const char *path);

/* Turn a loaded TOPOLOGY into a Host, yours; NULL where it says what host.h refuses. FSROOT: where
 * Linux's own lists of the nodes' CPUs are, "" for this machine; they count. NULL = nowhere. */
Host *host_build(hwloc_topology_t topology, const char *fsroot, GError **error);

/* What TOPOLOGY says of the distances of NODES, which are HOST's in order: into distances_said. */
void distances_read(hwloc_topology_t topology, const GPtrArray *nodes, Host *host);
/* Which distances count, once all else of HOST is filled. */
void distances_finish(Host *host);

/* Does the directory hold all that hwloc needs to see the machine whole? */
bool capture_check(const char *root, GError **error);
/* Did hwloc see all of it? */
bool capture_check_seen(const char *root, const Host *host, GError **error);

/*
 * hwloc's XML written anew with only the elements planner needs, in the form hwloc's own small
 * parser reads: hwloc never sees the file itself. NULL where the text must not be loaded.
 */
GString *xml_rewrite(const char *xml, size_t length, GError **error);

typedef struct XmlType XmlType;
enum { XML_CPUS, XML_ALL_CPUS, XML_NODES, XML_ALL_NODES, XML_SETS };

/* One <object> of the XML while it is open. */
typedef struct XmlObject {
	const XmlType *type;
	struct XmlObject *parent;     /* NULL = the Machine */
	unsigned index;		      /* os_index */
	hwloc_bitmap_t set[XML_SETS]; /* NULL for devices */
	hwloc_bitmap_t taken;	      /* CPUs of the objects in it so far */
} XmlObject;

/* Read the attribute PAIRS of an object in PARENT; false where it breaks the rules. */
bool xml_object_read(XmlObject *object, XmlObject *parent, const char *const *pairs,
		     GError **error);
void xml_object_clear(XmlObject *object);
bool xml_object_is_device(const XmlObject *object);
bool xml_object_is(const XmlObject *object, const char *type);
/* The value of attribute NAME, NULL where there is none. */
const char *xml_attribute(const char *const *pairs, const char *name);
/* The set in attribute NAME, yours; NULL where it is none, or names more than Linux has. */
hwloc_bitmap_t xml_set_read(const char *const *pairs, const char *name, GError **error);

/* A <distances2> of the XML: while it is open, and what is kept of it. */
typedef struct XmlMatrix {
	unsigned nodes;		  /* 0 = it is of no use */
	GArray *indexes, *values; /* of uint64_t */
	GString *word;		  /* a number, as far as it was read */
	bool written;
} XmlMatrix;

void xml_matrix_init(XmlMatrix *matrix);
void xml_matrix_clear(XmlMatrix *matrix);
/* One begins, of the attribute PAIRS. */
void xml_matrix_begin(XmlMatrix *matrix, const char *const *pairs);
/* More of the text that is its NUMBERS: indexes or values. A number ends with a space. */
void xml_matrix_read(XmlMatrix *matrix, GArray *numbers, const char *text, size_t length);
/* It ends: written to TEXT if it is one of latencies, whole, of nodes among NUMBERS, and the first.
 * Others are left out: they say nothing. */
void xml_matrix_write(XmlMatrix *matrix, hwloc_const_bitmap_t numbers, GString *text);

/* Is DESCRIPTION of a size that hwloc can be trusted with? */
bool synthetic_check(const char *description, GError **error);
/* The description for hwloc, yours: with a node at least, and memory as every version reads it. */
char *synthetic_text(const char *description);
/* Of what hwloc built of that text: nodes without memory have 0. */
void synthetic_memory_clear(hwloc_topology_t topology);
/* Did hwloc build TOPOLOGY as DESCRIPTION says, its indexes= above all? */
bool synthetic_check_built(const char *description, hwloc_topology_t topology, GError **error);

#endif
