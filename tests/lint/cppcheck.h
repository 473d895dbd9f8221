/* SPDX-License-Identifier: MIT */
/* Macros of libraries whose headers cppcheck does not read, as far as they shape the syntax. */
#define G_GNUC_PRINTF(format, first)
#define G_DEFINE_AUTOPTR_CLEANUP_FUNC(type, function)
#define G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(type, function)
#define hwloc_bitmap_foreach_begin(i, set) for ((i) = 0; (i) < 9; (i)++) {
#define hwloc_bitmap_foreach_end() }
#define G_DEFINE_QUARK(name, function)
