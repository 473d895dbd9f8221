/* SPDX-License-Identifier: MIT */
#include "planner/check/line_advice.h"

#include "planner/base/version.h"

static const struct LineName {
	const char *name;
	const char *option;  /* of the kernel's build; NULL = every kernel has it */
	const char *without; /* of a kernel that cannot */
	const char *more, *done;
} line_names[] = {
	[LINE_ISOLCPUS] =
		{"isolcpus=", "CONFIG_CPU_ISOLATION",
		 "the kernel was built without CONFIG_CPU_ISOLATION and ignores isolcpus=",
		 "boot with these CPUs in isolcpus=, too", "isolcpus= has these CPUs already"},
	[LINE_MANAGED_IRQ] = {"isolcpus=managed_irq,domain,LIST", NULL,
			      "this kernel has no managed_irq, and would drop isolcpus= with it",
			      "boot with these CPUs in isolcpus=, too",
			      "isolcpus=managed_irq has these CPUs already"},
	[LINE_NOHZ_FULL] = {"nohz_full=", "CONFIG_NO_HZ_FULL",
			    "the kernel was built without CONFIG_NO_HZ_FULL and ignores nohz_full=",
			    "boot with these CPUs in nohz_full=, too",
			    "nohz_full= has these CPUs already"},
	[LINE_RCU_NOCBS] =
		{"rcu_nocbs=", "CONFIG_RCU_NOCB_CPU",
		 "the kernel was built without CONFIG_RCU_NOCB_CPU and ignores rcu_nocbs=",
		 "boot with these CPUs in rcu_nocbs=, too", "rcu_nocbs= has these CPUs already"},
	[LINE_IRQAFFINITY] = {"irqaffinity=", NULL, NULL, "boot without these CPUs in irqaffinity=",
			      "irqaffinity= leaves these CPUs out already"},
};

const char *line_parameter_name(LineParameter parameter)
{
	return line_names[parameter].name;
}

const char *line_parameter_option(LineParameter parameter)
{
	return line_names[parameter].option;
}

bool line_unbuilt(const Audit *audit, LineParameter parameter)
{
	const KernelFacts *kernel = audit->facts->kernel;
	const char *option = line_names[parameter].option, *value;

	if (parameter == LINE_MANAGED_IRQ)
		return kernel->release && !cmdline_kernel(kernel->release).managed;
	if (parameter == LINE_NOHZ_FULL && !kernel->config)
		return kernel->nohz_full && !kernel->nohz_full_file;
	/* Older kernels have no such option, and honour isolcpus. */
	if (!option || !kernel->config ||
	    (parameter == LINE_ISOLCPUS &&
	     (!kernel->release || version_before(kernel->release, 4, 15))))
		return false;
	value = g_hash_table_lookup(kernel->config, option);
	return !value || !g_str_equal(value, "y");
}

const CmdlineEffect *line_effect(const CmdlineEffects *effects, LineParameter parameter)
{
	if (!effects)
		return NULL;
	switch (parameter) {
	case LINE_NOHZ_FULL:
		return &effects->nohz_full;
	case LINE_RCU_NOCBS:
		return &effects->rcu_nocbs;
	case LINE_IRQAFFINITY:
		return &effects->irqaffinity;
	default:
		return &effects->isolcpus;
	}
}

/* Is done for CPUS what PARAMETER, which the line has as EFFECT (NULL = not known), is for? */
static bool line_works(const Audit *audit, LineParameter parameter, const CmdlineEffect *effect,
		       hwloc_const_bitmap_t cpus)
{
	switch (parameter) {
	case LINE_ISOLCPUS:
		return hwloc_bitmap_isincluded(cpus, audit->quiet);
	case LINE_NOHZ_FULL:
		return hwloc_bitmap_isincluded(cpus, audit->tick);
	case LINE_RCU_NOCBS:
		return hwloc_bitmap_isincluded(cpus, audit->rcu) && !line_unbuilt(audit, parameter);
	case LINE_MANAGED_IRQ:
		return effect && effect->managed && effect->outcome == OUTCOME_TAKEN &&
		       hwloc_bitmap_isincluded(cpus, effect->asked);
	default:
		return effect && effect->outcome == OUTCOME_TAKEN &&
		       !hwloc_bitmap_intersects(effect->asked, cpus);
	}
}

LineStand line_stand(const Audit *audit, LineParameter parameter, hwloc_const_bitmap_t cpus)
{
	const CmdlineEffect *effect = line_effect(audit->effects, parameter);
	bool broken = effect && cmdline_broken(effect);

	if (!hwloc_bitmap_iszero(cpus) && line_works(audit, parameter, effect, cpus))
		return LINE_WORKS;
	if (line_unbuilt(audit, parameter))
		return LINE_UNBUILT;
	if (!effect || effect->outcome == OUTCOME_ABSENT ||
	    (parameter == LINE_MANAGED_IRQ && !effect->managed) ||
	    (parameter == LINE_ISOLCPUS && !broken && !effect->domain))
		return LINE_ABSENT;
	if (parameter == LINE_IRQAFFINITY)
		return !broken && hwloc_bitmap_intersects(cpus, effect->asked) ? LINE_MISSES
									       : LINE_UNHEARD;
	return broken || hwloc_bitmap_isincluded(cpus, effect->asked) ? LINE_UNHEARD : LINE_MISSES;
}

char *line_advice_text(const LineAdvice *advice, LineStand stand)
{
	const struct LineName *name = &line_names[advice->parameter];
	g_autofree char *unheard =
		g_strdup_printf("correct %s, which the kernel did not take", name->name);
	const char *line = stand == LINE_MISSES ? name->more : unheard;

	switch (stand) {
	case LINE_ABSENT:
		return NULL;
	case LINE_UNBUILT:
		return g_strdup_printf("%s (%s)", advice->other, name->without);
	case LINE_WORKS:
		return g_strdup_printf("%s (%s)", advice->other, name->done);
	default:
		return advice->both ? g_strdup_printf("%s, and %s", advice->other, line)
				    : g_strdup_printf("%s, or %s", line, advice->other);
	}
}
