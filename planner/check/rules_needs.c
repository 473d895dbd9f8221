/* SPDX-License-Identifier: MIT */
#include "planner/check/rules_found.h"

bool note_is_told(const Facts *facts, unsigned needed, const Unread *note)
{
	unsigned of = facts_of_note(facts, note), shared = of & needed;

	for (unsigned left = shared; left; left &= left - 1)
		if (fact_note(facts, left & -left) == note)
			return true;
	/* Of facts that matter it is a further note, or it is of none of them. */
	return of && !shared;
}

static void need_check(const Rule *rule, const Audit *audit, unsigned fact, GPtrArray *findings)
{
	const Facts *facts = audit->facts;
	const Unread *note = fact_note(facts, fact);

	if (note)
		rule_unknown(rule, findings, "node", note->source, "%s: %s", note->source,
			     note->why);
	else if (fact == FACT_TASKS && facts->tasks->taken_from)
		rule_unknown(rule, findings, "node", fact_name(fact), "not all tasks are known: %s",
			     facts->tasks->taken_from);
	else if (!fact_known(facts, fact))
		rule_unknown(rule, findings, "node", fact_name(fact), "%s is unknown",
			     fact_name(fact));
}

void rule_needs_check(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	for (unsigned left = rule->needs; left; left &= left - 1)
		need_check(rule, audit, left & -left, findings);
}
