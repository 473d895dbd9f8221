/* SPDX-License-Identifier: MIT */
#include "planner/kernel/feature.h"
#include "planner/base/version.h"

#include <glib.h>
#include <string.h>

static const struct {
	unsigned major, minor;
} since[KERNEL_FEATURES] = {
	[KERNEL_ISOLCPUS_FLAGS] = {4, 15}, [KERNEL_DISABLE_EXITS] = {4, 17},
	[KERNEL_POSTED_TIMERS] = {5, 3},   [KERNEL_MANAGED_IRQ] = {5, 6},
	[KERNEL_SKIPS_FLAGS] = {5, 6},	   [KERNEL_LIST_N] = {5, 13},
	[KERNEL_LIST_ALL] = {5, 14},	   [KERNEL_NODE_HUGEPAGES] = {5, 16},
	[KERNEL_MASK_PER_TYPE] = {5, 18},  [KERNEL_CPUSET_ISOLATED] = {6, 1},
	[KERNEL_IPI_FAST_PATH] = {5, 6},   [KERNEL_TIMER_FAST_PATH] = {5, 8},
	[KERNEL_TIMER_PER_VCPU] = {6, 1},  [KERNEL_IPI_VIRTUAL] = {6, 0},
	[KERNEL_PRESENT_CPU] = {5, 2},	   [KERNEL_COMMON_CPU] = {6, 18},
};

/* Builds of RHEL and what is rebuilt from it: change logs of the kernel.spec of 4.18.0-167, of
 * 5.14.0-284 and of 9.4; managed_irq on 4.18.0-193 as OpenShift 4.6 booted it.
 */
typedef struct FeatureBuild {
	KernelFeature feature;
	const char *dist;
	double without; /* the last build known to lack it, 0 = none */
	double with;	/* the first known to have it, 0 = none: no build has it */
} FeatureBuild;

#define BUILD_UNKNOWN 1e9 /* later ones may have it */

/* What is of el7 are the last builds that came out before the feature was written. */
static const FeatureBuild builds[] = {
	{KERNEL_ISOLCPUS_FLAGS, "el7", 693, BUILD_UNKNOWN},
	{KERNEL_DISABLE_EXITS, "el7", 693, BUILD_UNKNOWN},
	{KERNEL_MANAGED_IRQ, "el7", 957, BUILD_UNKNOWN},
	{KERNEL_MASK_PER_TYPE, "el7", 0, 0},
	{KERNEL_CPUSET_ISOLATED, "el7", 0, 0},
	{KERNEL_MANAGED_IRQ, "el8", 167, 193},
	{KERNEL_POSTED_TIMERS, "el8", 147.7, 147.8},
	{KERNEL_MASK_PER_TYPE, "el8", 0, 0},
	{KERNEL_MASK_PER_TYPE, "el9", 70, 88},
	{KERNEL_PRESENT_CPU, "el7", 0, 0},
	{KERNEL_PRESENT_CPU, "el8", 0, 101},
	{KERNEL_CPUSET_ISOLATED, "el8", 0, 0},
	{KERNEL_CPUSET_ISOLATED, "el9", 181, 182},
};

/* "el8" of "4.18.0-553.el8_10", and of "4.18.0-348", whose dist tag was left out; NULL = another's.
 * *BUILD: its build, 553. */
static const char *dist_of(const char *release, double *build)
{
	static const struct {
		const char *base, *dist, *tag;
	} dists[] = {
		{"3.10.0-", "el7", ".el7"}, {"4.18.0-", "el8", ".el8"}, {"5.14.0-", "el9", ".el9"}};

	for (unsigned i = 0; i < G_N_ELEMENTS(dists); i++) {
		const char *number = release + strlen(dists[i].base);

		if (!g_str_has_prefix(release, dists[i].base))
			continue;
		if (number[strspn(number, "0123456789.")] && !strstr(number, dists[i].tag))
			return NULL;
		*build = g_ascii_strtod(number, NULL);
		return dists[i].dist;
	}
	return NULL;
}

/* Is it one of Linux's own, "5.4.0", "6.12-rc3"? */
static bool feature_own(const char *release)
{
	const char *rest = release + strspn(release, "0123456789.");

	return !*rest || g_str_has_prefix(rest, "-rc");
}

static Tristate build_has(const FeatureBuild *entry, double build)
{
	if (entry->with > 0 && build >= entry->with)
		return TRISTATE_YES;
	if (entry->with <= 0 || build <= entry->without)
		return TRISTATE_NO;
	/* 70.13 is 70 with corrections: these bring no feature. */
	return (unsigned)build == (unsigned)entry->without && entry->with >= entry->without + 1
		       ? TRISTATE_NO
		       : TRISTATE_UNKNOWN;
}

Tristate kernel_has(const char *release, KernelFeature feature)
{
	const char *dist;
	double build = 0;

	if (!release || !version_valid(release))
		return TRISTATE_UNKNOWN;
	if (!version_before(release, since[feature].major, since[feature].minor))
		return TRISTATE_YES;
	if (feature_own(release))
		return TRISTATE_NO;
	dist = dist_of(release, &build);
	for (unsigned i = 0; dist && i < G_N_ELEMENTS(builds); i++)
		if (builds[i].feature == feature && g_str_equal(builds[i].dist, dist))
			return build_has(&builds[i], build);
	return TRISTATE_UNKNOWN;
}
