/* SPDX-License-Identifier: MIT */
/*
 * What is new since an earlier check of the same node: its document (planner-check/1) beside the
 * findings of now. A finding is the same if its rule and its subject are; its text may have other
 * numbers. What is gone is fixed only if it could be judged again.
 */
#ifndef PLANNER_CHECK_SINCE_H
#define PLANNER_CHECK_SINCE_H

#include "planner/check/check.h"

/* A finding of the earlier check that is not one now. */
typedef struct SinceGone {
	char *id, *subject, *text;
	Severity severity;
	bool unjudged; /* its rule was not asked now, or could not be judged */
} SinceGone;

typedef struct Since {
	char *name;	   /* the file's */
	GHashTable *added; /* of const Finding *, the check's: failures that are new */
	GPtrArray *gone;   /* of SinceGone, worst first */
	unsigned same;
} Since;

/*
 * Compare CHECK with DOCUMENT, which the file NAME has; NULL: it has none that can be read. Yours;
 * both are borrowed. NULL with PLANNER_ERROR_INPUT where it is no such document, or one of another
 * node.
 */
Since *since_compare(const char *name, const json_t *document, const Check *check, GError **error);
void since_free(Since *since);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Since, since_free)

/* Is an error or a warning new that nobody accepts? */
bool since_bad(const Since *since);
/* "2 new, 1 gone, 14 unchanged"; yours. */
char *since_counts_text(const Since *since);
/* Of the CHECK that was compared; a new reference, yours. */
json_t *since_to_json(const Since *since, const Check *check);

#endif
