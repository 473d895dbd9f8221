/* SPDX-License-Identifier: MIT */
/* Memory sizes as text: "8G", "512M"; K, M, G and T are powers of 1024. */
#ifndef PLANNER_BASE_SIZE_H
#define PLANNER_BASE_SIZE_H

#include <stdbool.h>
#include <stdint.h>

#define SIZE_LIMIT (UINT64_C(1) << 56) /* 64 PiB: sums of up to 255 stay below 2^64 */

/* Parse digits and one optional unit; false on anything else, and above SIZE_LIMIT. */
bool size_parse(const char *text, uint64_t *bytes);

/* The largest step of which A and B are multiples, their greatest common divisor; 0 is a multiple
 * of all. */
uint64_t size_step(uint64_t a, uint64_t b);

/* The shortest exact form of BYTES, yours: "8G", "1536M", "17". */
char *size_format(uint64_t bytes);

/* For people: at most one decimal, "125.5G". Yours. */
char *size_format_rounded(uint64_t bytes);
/* The same, never more than BYTES: what is left; and never less: what is to be made free. */
char *size_format_floor(uint64_t bytes);
char *size_format_ceiling(uint64_t bytes);

#endif
