/* SPDX-License-Identifier: MIT */
#include "planner/check/rules.h"
#include "planner/check/rules_table.h"

/* Nobody knows: then it may matter. */
static bool may_be_isolated(const Audit *audit)
{
	const KernelFacts *kernel = audit->facts->kernel;

	return !audit->plan && !kernel->cmdline && !kernel->isolated;
}

static bool may_have_guests(const Audit *audit)
{
	const GuestFacts *guests = audit->facts->guests;

	return !guests || guests->guests->len || !fact_known(audit->facts, FACT_GUESTS);
}

bool rule_applies(const Rule *rule, const Audit *audit)
{
	if (rule->when & WHEN_PLAN && !audit->plan &&
	    !(audit->foreign && rule == &rule_topology_differs))
		return false;
	if (rule->when & WHEN_NO_PLAN && audit->plan)
		return false;
	if (rule->when & WHEN_ISOLATED && hwloc_bitmap_iszero(audit->isolated) &&
	    !may_be_isolated(audit))
		return false;
	if (rule->when & WHEN_MEASURED && !audit->measured)
		return false;
	return !(rule->when & WHEN_GUESTS) || may_have_guests(audit);
}
