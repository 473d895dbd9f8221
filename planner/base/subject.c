/* SPDX-License-Identifier: MIT */
#include "planner/base/subject.h"

#include <string.h>

#define OF_VM "vm "

char *subject_vm(const char *name)
{
	return g_strconcat(OF_VM, name, NULL);
}

const char *subject_vm_name(const char *subject)
{
	return g_str_has_prefix(subject, OF_VM) ? subject + strlen(OF_VM) : NULL;
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
