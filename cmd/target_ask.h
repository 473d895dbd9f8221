/* SPDX-License-Identifier: MIT */
/* Whose files `planner emit --for` is asked for. */
#ifndef CMD_TARGET_ASK_H
#define CMD_TARGET_ASK_H

#include "cmd/options.h"
#include "planner/artifacts/target.h"

/* The target of OPTIONS' --for; "auto": what this machine, or the capture of -t, is. Yours; NULL
 * with ERROR. */
Target *target_ask(const Options *options, GError **error);

#endif
