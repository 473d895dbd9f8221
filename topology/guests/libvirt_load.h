/* SPDX-License-Identifier: MIT */
/*
 * libvirt, loaded when it is asked for and not before: its sixty libraries cost a process more than
 * ten milliseconds at its start, several times what a whole plan takes.
 *
 * Include this instead of <libvirt/libvirt.h>; call libvirt_load() once, then libvirt's functions
 * by their own names. To use another function of it: add a row below.
 */
#ifndef TOPOLOGY_GUESTS_LIBVIRT_LOAD_H
#define TOPOLOGY_GUESTS_LIBVIRT_LOAD_H

#include "topology/base/library.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdbool.h>

/* URI as it may be shown and kept: without a password, and of its parameters only socket= and
 * mode=: others name keys, and may hold more; yours. */
char *libvirt_uri_shown(const char *uri);
/* MESSAGE of libvirt's, URI in it as it may be shown; yours. */
char *libvirt_message_shown(const char *message, const char *uri);

#define LIBVIRT_FUNCTIONS(X)                                                                       \
	X(virConnectClose)                                                                         \
	X(virConnectGetAllDomainStats)                                                             \
	X(virConnectGetLibVersion)                                                                 \
	X(virConnectGetVersion)                                                                    \
	X(virConnectListAllDomains)                                                                \
	X(virConnectOpenReadOnly)                                                                  \
	X(virDomainFree)                                                                           \
	X(virDomainGetInfo)                                                                        \
	X(virDomainGetName)                                                                        \
	X(virDomainGetUUIDString)                                                                  \
	X(virDomainGetVcpus)                                                                       \
	X(virDomainGetXMLDesc)                                                                     \
	X(virDomainIsActive)                                                                       \
	X(virDomainIsPersistent)                                                                   \
	X(virDomainLookupByName)                                                                   \
	X(virDomainStatsRecordListFree)                                                            \
	X(virGetLastErrorMessage)                                                                  \
	X(virNodeGetInfo)                                                                          \
	X(virSetErrorFunc)

LIBRARY_TABLE(Libvirt, LIBVIRT_FUNCTIONS);

extern Libvirt libvirt_table;

/* Load it, once, and keep it from writing its errors on stderr; false when this machine has no
 * libvirt client library. */
bool libvirt_load(void);
/* The VERSION libvirt gives as one number: "9.0.0", yours; NULL for 0, which is unknown. */
char *libvirt_version(unsigned long version);

#ifndef LIBVIRT_LOAD_OWN_NAMES /* libvirt_load.c names the functions themselves */
#define virConnectClose libvirt_table.virConnectClose
#define virConnectGetAllDomainStats libvirt_table.virConnectGetAllDomainStats
#define virConnectGetLibVersion libvirt_table.virConnectGetLibVersion
#define virConnectGetVersion libvirt_table.virConnectGetVersion
#define virConnectListAllDomains libvirt_table.virConnectListAllDomains
#define virConnectOpenReadOnly libvirt_table.virConnectOpenReadOnly
#define virDomainFree libvirt_table.virDomainFree
#define virDomainGetInfo libvirt_table.virDomainGetInfo
#define virDomainGetName libvirt_table.virDomainGetName
#define virDomainGetUUIDString libvirt_table.virDomainGetUUIDString
#define virDomainGetVcpus libvirt_table.virDomainGetVcpus
#define virDomainGetXMLDesc libvirt_table.virDomainGetXMLDesc
#define virDomainIsActive libvirt_table.virDomainIsActive
#define virDomainIsPersistent libvirt_table.virDomainIsPersistent
#define virDomainLookupByName libvirt_table.virDomainLookupByName
#define virDomainStatsRecordListFree libvirt_table.virDomainStatsRecordListFree
#define virGetLastErrorMessage libvirt_table.virGetLastErrorMessage
#define virNodeGetInfo libvirt_table.virNodeGetInfo
#define virSetErrorFunc libvirt_table.virSetErrorFunc
#endif

#endif
