/* SPDX-License-Identifier: MIT */
#include "planner/base/cost.h"

#include <stddef.h>

const char *const cost_names[] = {"none", "re-pin", "memory", "reload", "restart", "reboot", NULL};
