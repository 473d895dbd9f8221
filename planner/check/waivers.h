/* SPDX-License-Identifier: MIT */
/*
 * Waivers: findings that somebody has accepted, why, and until when; and other severities for
 * rules. An INI file, see WAIVERS in planner-check(1).
 *
 *	[kernel.watchdog-on-isolated]
 *	reason = the watchdog is wanted here
 *	until = 2027-03-31
 *
 *	[vm.pin-missing vm backup]
 *	reason = it may run anywhere
 *
 *	[power.governor]
 *	severity = info
 *
 * A section is a rule, or an area of rules, and maybe the subject it is about. Of several that
 * match, one with a subject goes before one without, a rule before an area.
 */
#ifndef PLANNER_CHECK_WAIVERS_H
#define PLANNER_CHECK_WAIVERS_H

#include "planner/base/finding.h"

#include <stddef.h>

typedef struct Waivers Waivers;

/*
 * Parse TEXT, of LENGTH bytes; NAME stands in messages. Yours; NULL with what is wrong added to
 * ERRORS (of char *), a line each: "NAME:LINE: what".
 */
Waivers *waivers_parse(const char *name, const char *text, size_t length, GPtrArray *errors);
void waivers_free(Waivers *waivers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Waivers, waivers_free)

/*
 * Mark the FINDINGS that are waived (Finding.waived), give others the severity that the file says,
 * and add a finding for each waiver that TODAY ("2026-11-30") is past.
 */
void waivers_apply(const Waivers *waivers, const char *today, GPtrArray *findings);

#endif
