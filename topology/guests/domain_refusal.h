/* SPDX-License-Identifier: MIT */
/* What libvirt refuses when such a domain is defined, in its own words; only domain*.c include
 * this. To add a reason: its function in the table of domain_refusal.c. */
#ifndef TOPOLOGY_GUESTS_DOMAIN_REFUSAL_H
#define TOPOLOGY_GUESTS_DOMAIN_REFUSAL_H

#include "topology/guests/domain.h"
#include "topology/guests/domain_xml.h"

/* The first reason why libvirt 9.0 refuses NODE, which was read into DOMAIN; NULL = none is known.
 * Yours. */
char *domain_refusal(const xmlNode *node, const Domain *domain);

#endif
