/* SPDX-License-Identifier: MIT */
#include "planner/kernel/kernelargs.h"
#include "planner/base/finding.h"
#include "planner/base/version.h"
#include "planner/kernel/feature.h"

#include <string.h>

#define SUBJECT "[kernel]"

void kernel_parameter_free(KernelParameter *parameter)
{
	g_free(parameter->name);
	g_free(parameter->value);
	g_free(parameter);
}

static void kernelargs_add(GPtrArray *parameters, const char *name, char *value)
{
	KernelParameter *parameter = g_new0(KernelParameter, 1);

	parameter->name = g_strdup(name);
	parameter->value = value;
	g_ptr_array_add(parameters, parameter);
}

/*
 * Flags of isolcpus by kernel version: managed_irq came with 5.6, and with any flag `domain` must
 * be said, or nothing is taken from the scheduler. Older kernels drop the whole parameter over a
 * flag they do not know.
 */
static char *default_flags(const char *kernel, GPtrArray *findings)
{
	if (!kernel) {
		findings_add_unknown(findings, SEVERITY_WARNING, "kernel.version-unknown", SUBJECT,
				     "set [node] kernel",
				     "the kernel's version is unknown: isolcpus is written without "
				     "flags, which every kernel accepts");
		return g_strdup("");
	}
	return g_strdup(version_before(kernel, 5, 6) ? "" : "managed_irq,domain");
}

static void flags_age_check(const char *kernel, bool managed, GPtrArray *findings)
{
	const char *flag = managed ? "managed_irq (5.6)" : "domain (4.15)";
	Tristate has = kernel_has(kernel, managed ? KERNEL_MANAGED_IRQ : KERNEL_ISOLCPUS_FLAGS);

	if (has == TRISTATE_NO)
		findings_add(
			findings, SEVERITY_ERROR, "kernel.flags-too-new", SUBJECT,
			"leave [kernel] flags out: planner chooses by version",
			"kernel %s does not know isolcpus flag %s and drops the whole parameter",
			kernel, flag);
	else if (has == TRISTATE_UNKNOWN)
		findings_add_unknown(
			findings, SEVERITY_WARNING, "kernel.flags-too-new", SUBJECT,
			"look at /sys/devices/system/cpu/isolated after a boot with it, or leave "
			"[kernel] flags out",
			"whether kernel %s knows isolcpus flag %s is unknown: its vendor may have "
			"backported it",
			kernel, flag);
}

static void flags_check(char **flags, const char *kernel, GPtrArray *findings)
{
	bool managed = g_strv_contains((const char *const *)flags, "managed_irq");

	if (*flags && !g_strv_contains((const char *const *)flags, "domain"))
		findings_add(findings, SEVERITY_ERROR, "kernel.flags-without-domain", SUBJECT,
			     "write flags = managed_irq,domain",
			     "isolcpus with flags but without 'domain' isolates nothing from the "
			     "scheduler");
	if (!*flags)
		return;
	if (!kernel)
		findings_add_unknown(findings, SEVERITY_WARNING, "kernel.version-unknown", SUBJECT,
				     "set [node] kernel",
				     "the kernel's version is unknown; it may not know isolcpus "
				     "flags, and then drops the whole parameter");
	else
		flags_age_check(kernel, managed, findings);
}

static char *isolcpus_flags(const KernelWishes *wishes, const char *kernel, GPtrArray *findings)
{
	if (!wishes->flags)
		return default_flags(kernel, findings);
	flags_check(wishes->flags, kernel, findings);
	return g_strjoinv(",", wishes->flags);
}

static void add_isolcpus(GPtrArray *parameters, const char *flags, const char *list)
{
	kernelargs_add(parameters, "isolcpus", g_strconcat(flags, *flags ? "," : "", list, NULL));
}

/* cpuset.cpus.partition=isolated is of cgroup v2 since 6.1
 * (Documentation/admin-guide/cgroup-v2.rst). */
static void cpuset_check(const char *kernel, GPtrArray *findings)
{
	if (!kernel)
		findings_add_unknown(findings, SEVERITY_WARNING, "kernel.cpuset-unknown", SUBJECT,
				     "set [node] kernel",
				     "isolation = cpuset needs kernel 6.1 or later, and the "
				     "kernel's version is unknown");
	else if (kernel_has(kernel, KERNEL_CPUSET_ISOLATED) == TRISTATE_NO)
		findings_add(findings, SEVERITY_ERROR, "kernel.cpuset-too-new", SUBJECT,
			     "use isolation = isolcpus",
			     "isolated cpuset partitions need kernel 6.1; this is %s", kernel);
	else if (kernel_has(kernel, KERNEL_CPUSET_ISOLATED) == TRISTATE_UNKNOWN)
		findings_add_unknown(findings, SEVERITY_WARNING, "kernel.cpuset-too-new", SUBJECT,
				     "use isolation = isolcpus",
				     "isolated cpuset partitions need kernel 6.1; whether the "
				     "vendor of %s backported them is not known",
				     kernel);
}

static void add_isolation(GPtrArray *parameters, const KernelWishes *wishes, const char *kernel,
			  hwloc_const_bitmap_t isolated, GPtrArray *findings)
{
	g_autofree char *list = cpulist_format(isolated);
	g_autofree char *flags = NULL;

	if (hwloc_bitmap_iszero(isolated))
		return;
	if (wishes->cpuset) {
		cpuset_check(kernel, findings);
		if (wishes->flags)
			findings_add(findings, SEVERITY_WARNING, "kernel.flags-unused", SUBJECT,
				     "leave [kernel] flags out, or use isolation = isolcpus",
				     "flags belong to isolcpus=, which isolation = cpuset does not "
				     "write");
	} else {
		flags = isolcpus_flags(wishes, kernel, findings);
		add_isolcpus(parameters, flags, list);
	}
	kernelargs_add(parameters, "nohz_full", g_strdup(list));
	kernelargs_add(parameters, "rcu_nocbs", g_strdup(list));
}

static void add_extra(GPtrArray *parameters, char **extra)
{
	for (; *extra; extra++) {
		char *equals = strchr(*extra, '=');
		g_autofree char *name = g_strndup(*extra, strcspn(*extra, "="));

		kernelargs_add(parameters, name, equals ? g_strdup(equals + 1) : NULL);
	}
}

GPtrArray *kernel_parameters(const KernelWishes *wishes, const char *kernel,
			     hwloc_const_bitmap_t isolated, hwloc_const_bitmap_t host_cpus,
			     GPtrArray *findings)
{
	GPtrArray *parameters =
		g_ptr_array_new_with_free_func((GDestroyNotify)kernel_parameter_free);

	add_isolation(parameters, wishes, kernel, isolated, findings);
	if (wishes->irqaffinity && parameters->len)
		kernelargs_add(parameters, "irqaffinity", cpulist_format(host_cpus));
	add_extra(parameters, wishes->extra);
	return parameters;
}

char *kernel_line(const GPtrArray *parameters)
{
	GString *line = g_string_new(NULL);

	for (unsigned i = 0; i < parameters->len; i++) {
		const KernelParameter *p = g_ptr_array_index(parameters, i);

		g_string_append_printf(line, "%s%s%s%s", i ? " " : "", p->name, p->value ? "=" : "",
				       p->value ? p->value : "");
	}
	return g_string_free(line, FALSE);
}

void kernel_line_check(const char *line, GPtrArray *findings)
{
	size_t length = strlen(line);

	if (length > KERNEL_LINE_MAX)
		findings_add(findings, SEVERITY_ERROR, "kernel.line-too-long", SUBJECT,
			     "shorten [kernel] extra, or choose host CPUs that make longer ranges",
			     "the parameters take %zu bytes; a kernel reads %d in all", length,
			     KERNEL_LINE_MAX);
	else if (length > KERNEL_LINE_GRUBENV)
		findings_add(findings, SEVERITY_WARNING, "kernel.line-long", SUBJECT,
			     "choose host CPUs that make longer ranges, or do not keep the line in "
			     "GRUB's environment block",
			     "the parameters take %zu bytes; GRUB's environment block holds %d",
			     length, KERNEL_LINE_GRUBENV);
}
