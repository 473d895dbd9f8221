/* SPDX-License-Identifier: MIT */
/* Yes, no, or nobody knows: of what was asked and may not have been answered. */
#ifndef TOPOLOGY_BASE_TRISTATE_H
#define TOPOLOGY_BASE_TRISTATE_H

typedef enum Tristate { TRISTATE_UNKNOWN, TRISTATE_NO, TRISTATE_YES } Tristate;

#endif
