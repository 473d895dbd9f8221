/* SPDX-License-Identifier: MIT */
/*
 * Any kernel line, after a first byte that chooses the kernel and the machine: words are whole,
 * sets stay within the machine, a plain list reads the same as the strict parser reads it, and a
 * line read again gives the same.
 */
#include "planner/kernel/cmdline.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_words(const Cmdline *cmdline, const char *line)
{
	size_t length = 0;

	for (unsigned i = 0; i < cmdline->words->len; i++) {
		const CmdlineWord *word = g_ptr_array_index(cmdline->words, i);

		length += strlen(word->name) + (word->value ? strlen(word->value) + 1 : 0);
		g_assert(cmdline_last(cmdline, word->name));
	}
	g_assert(length + (cmdline->init ? strlen(cmdline->init) : 0) <= strlen(line) + 1);
}

static void check_effects(const CmdlineEffects *effects, hwloc_const_bitmap_t possible)
{
	g_assert(hwloc_bitmap_isincluded(effects->domain, possible));
	g_assert(hwloc_bitmap_isincluded(effects->tick, possible));
	g_assert(hwloc_bitmap_isincluded(effects->rcu, possible));
	g_assert(hwloc_bitmap_isincluded(effects->tick, effects->rcu));
	g_assert(!hwloc_bitmap_isset(effects->tick, 0));
	g_assert(!effects->irq || hwloc_bitmap_isset(effects->irq, 0));
	g_assert(!hwloc_bitmap_isincluded(possible, effects->domain));
}

/* What the strict parser takes, every kernel takes. */
static void check_list(const char *text, unsigned bits, const CmdlineKernel *kernel)
{
	g_auto(CpuSet) strict = cpulist_parse(text, NULL), set = hwloc_bitmap_alloc();

	if (!strict || hwloc_bitmap_last(strict) >= (int)bits)
		return;
	/* A range may end beyond its last CPU: "0-9:1/9". */
	if (cmdline_list(text, bits, kernel, set) != LIST_OUT_OF_RANGE)
		g_assert(hwloc_bitmap_isequal(strict, set));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const releases[] = {NULL, "4.14.0", "4.18.0", "5.10.0", "6.1.0"};
	const char *release = size ? releases[data[0] % G_N_ELEMENTS(releases)] : NULL;
	unsigned bits = size ? data[0] / 8 + 2 : 2;
	g_autofree char *line = size ? g_strndup((const char *)data + 1, size - 1) : g_strdup("");
	g_autoptr(Cmdline) cmdline = cmdline_parse(line);
	g_auto(CpuSet) possible = hwloc_bitmap_alloc();
	g_autoptr(CmdlineEffects) effects = NULL;
	g_autoptr(CmdlineEffects) unbounded = cmdline_effects(cmdline, release, NULL, NULL);
	CmdlineKernel kernel = cmdline_kernel(release);

	hwloc_bitmap_set_range(possible, 0, (int)bits - 1);
	effects = cmdline_effects(cmdline, release, possible, possible);
	check_words(cmdline, line);
	check_effects(effects, possible);
	check_list(line, bits, &kernel);
	g_assert(hwloc_bitmap_last(unbounded->rcu) < CPULIST_LIMIT);
	return 0;
}
