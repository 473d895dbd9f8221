/* SPDX-License-Identifier: MIT */
/* The rule over what could not be read and no other rule tells of. */
#include "planner/check/rules_found.h"
#include "planner/check/rules_table.h"

typedef struct Reason {
	const char *why;
	const char *first; /* a source */
	Naming sources;
} Reason;

static Reason *reason_of(GArray *reasons, const Unread *note)
{
	Reason reason = {.why = note->why, .first = note->source};

	for (unsigned i = 0; i < reasons->len; i++)
		if (g_str_equal(g_array_index(reasons, Reason, i).why, note->why))
			return &g_array_index(reasons, Reason, i);
	g_array_append_val(reasons, reason);
	return &g_array_index(reasons, Reason, reasons->len - 1);
}

/* All facts (FACT_…) that rules need here. */
static unsigned facts_needed(const Audit *audit)
{
	unsigned needed = 0;

	for (const Rule *const *rule = audit->rules; *rule; rule++)
		needed |= rule_applies(*rule, audit) ? (*rule)->needs : 0;
	return needed;
}

/* Once for each reason, however many sources there are. */
static void eval_unread(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	g_autoptr(GArray) reasons = g_array_new(FALSE, TRUE, sizeof(Reason));
	unsigned needed = facts_needed(audit);

	for (unsigned i = 0; i < audit->facts->unread->len; i++) {
		const Unread *note = g_ptr_array_index(audit->facts->unread, i);

		if (!note_is_told(audit->facts, needed, note))
			naming_add(&reason_of(reasons, note)->sources, note->source);
	}
	for (unsigned i = 0; i < reasons->len; i++) {
		Reason *reason = &g_array_index(reasons, Reason, i);
		g_autofree char *names = naming_end(&reason->sources);

		rule_unknown(rule, findings, "node", reason->first, "%s: %s", names, reason->why);
	}
}

const Rule rule_node_unread = {
	.id = "node.unread",
	.severity = SEVERITY_INFO,
	.title = "Something of the node could not be read",
	.sees = "Everything that was refused, is damaged or malformed, unless another rule reports "
		"it as unknown or no rule needs it. The verdict is always unknown.",
	.why = "Their contents were not checked, and may be the problem.",
	.remedy = "let planner read it, then check again",
	.source = "what planner read",
	.eval = eval_unread,
};
