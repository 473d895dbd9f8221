/* SPDX-License-Identifier: MIT */
#include "topology/error.h"

/* clang-format off */
G_DEFINE_QUARK(planner-error, planner_error)
/* clang-format on */
