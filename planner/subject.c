/* SPDX-License-Identifier: MIT */
#include "planner/subject.h"

char *subject_vm(const char *name)
{
	return g_strdup_printf("vm %s", name);
}

char *subject_cpu(unsigned cpu)
{
	return g_strdup_printf("cpu %u", cpu);
}

char *subject_node(unsigned node_id)
{
	return g_strdup_printf("node %u", node_id);
}

char *siblings_name(const Core *core)
{
	GString *text = g_string_new(NULL);

	for (unsigned i = 0; i < core->n_cpus; i++)
		g_string_append_printf(text, "%s%u", i ? "," : "", core->cpu[i]);
	return g_string_free(text, FALSE);
}
