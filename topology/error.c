/* SPDX-License-Identifier: MIT */
#include "topology/error.h"

G_DEFINE_QUARK(planner - error - quark, planner_error)
