/* SPDX-License-Identifier: MIT */
/* What the fuzzers share: a small host, plans on it, and what every text that leaves planner is. */
#ifndef TESTS_FUZZ_FRAME_H
#define TESTS_FUZZ_FRAME_H

#include "planner/place/plan.h"
#include "topology/host/host_load.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FRAME_TOPOLOGY "pack:2 [numa(memory=17179869184)] l3:2 core:2 pu:2(indexes=2*8:8*1)"
#define FRAME_MOST_VMS 12 /* larger ones are slow, not new */

/* g_error() ends a program by SIGTRAP, of which libFuzzer keeps no input. */
static inline void frame_trapped(int number)
{
	(void)number;
	abort();
}

static inline __attribute__((constructor)) void frame_begin(void)
{
	signal(SIGTRAP, frame_trapped);
}

static inline const Host *frame_host(void)
{
	static Host *host;

	if (!host)
		host = host_load(FRAME_TOPOLOGY, NULL);
	return host;
}

/* TEXT is UTF-8 and, but for ALLOWED, without an ASCII control character. */
static inline void frame_check_clean(const char *text, const char *allowed)
{
	g_assert(g_utf8_validate(text, -1, NULL));
	for (const char *c = text; *c; c++)
		g_assert(!g_ascii_iscntrl(*c) || strchr(allowed, *c));
}

/* There is an error if and only if WHAT is NULL, and it is one line; who prints it makes it clean.
 */
static inline void frame_check_error(const void *what, const GError *error)
{
	g_assert(!what == !!error);
	if (error)
		g_assert(g_utf8_validate(error->message, -1, NULL) &&
			 !strchr(error->message, '\n'));
}

/* The inventory and its plan; false where the inventory is refused or large. */
static inline bool frame_plan(const char *text, Inventory **inventory, Plan **plan)
{
	const PlanOptions options = {.budget = 2000};
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);

	*inventory = inventory_parse("f", text, strlen(text), errors);
	if (*inventory && (*inventory)->vms->len > FRAME_MOST_VMS)
		g_clear_pointer(inventory, inventory_free);
	*plan = *inventory ? plan_compute(frame_host(), *inventory, NULL, &options) : NULL;
	return *plan;
}

#endif
