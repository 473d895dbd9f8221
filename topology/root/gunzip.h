/* SPDX-License-Identifier: MIT */
/* Compressed files: /proc/config.gz. */
#ifndef TOPOLOGY_ROOT_GUNZIP_H
#define TOPOLOGY_ROOT_GUNZIP_H

#include <stddef.h>

/*
 * What the gzip file of LENGTH bytes (less than 4 GiB) at BYTES holds, yours, with a NUL after it.
 * NULL, with the reason in *WHY (static, English), when it is none, is cut off or damaged, holds
 * more than LIMIT bytes, or this machine has no zlib. What follows the first member is not read.
 */
char *gunzip(const void *bytes, size_t length, size_t limit, const char **why);

#endif
