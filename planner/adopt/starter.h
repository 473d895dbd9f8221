/* SPDX-License-Identifier: MIT */
/*
 * A first inventory for a host that nobody has planned yet: the defaults, what each costs on this
 * host, and every other key as a comment. The keys, their meaning and the values offered are the
 * tables of planner/inventory/settings.h. It plans as it is written.
 */
#ifndef PLANNER_ADOPT_STARTER_H
#define PLANNER_ADOPT_STARTER_H

#include "planner/adopt/adopt.h"

/* For HOST. FACTS are of the same machine and say its versions; NULL = only HOST is known. Never
 * fails. Yours. */
Adoption *starter_new(const Host *host, const Facts *facts);

#endif
