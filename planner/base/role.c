/* SPDX-License-Identifier: MIT */
#include "planner/base/role.h"

#include <stddef.h>

const char *const role_names[] = {"host", "sdk",      "dedicated", "shared",
				  "free", "stranded", "offline",   NULL};
