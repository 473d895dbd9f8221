/* SPDX-License-Identifier: MIT */
/* A host as JSON: a document of its own, and the part that a plan document has. */
#ifndef PLANNER_DOCUMENT_HOST_WRITE_H
#define PLANNER_DOCUMENT_HOST_WRITE_H

#include "topology/host/host.h"

#include <jansson.h>

#define JSON_FORMAT_HOST "planner-host/1"

/* A new reference, yours. */
json_t *host_to_json(const Host *host);
/* Add the NUMA nodes, L3 caches and cores of HOST to OBJECT. */
void host_places_to_json(json_t *object, const Host *host);

#endif
