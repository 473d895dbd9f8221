/* SPDX-License-Identifier: MIT */
/* Versions of kernel, QEMU and libvirt as text: "4.18.0-348", "6.2.0". */
#ifndef PLANNER_BASE_VERSION_H
#define PLANNER_BASE_VERSION_H

#include <stdbool.h>

/* Does TEXT start as a version does, MAJOR.MINOR, and hold only [A-Za-z0-9._+~-]? */
bool version_valid(const char *text);

/* Is TEXT (valid) older than MAJOR.MINOR? */
bool version_before(const char *text, unsigned major, unsigned minor);

#endif
