/* SPDX-License-Identifier: MIT */
#include "planner/artifact.h"

#include <string.h>

static char *artifact_cmdline(const Rendering *rendering, GError **error)
{
	(void)error;
	return g_strconcat(rendering->plan->cmdline, "\n", NULL);
}

/* A line each: VM, verdict, reason codes, tabs between; "-" where there is no reason. */
static char *artifact_cpu_pm(const Rendering *rendering, GError **error)
{
	GString *text = g_string_new(NULL);

	(void)error;
	for (unsigned i = 0; i < rendering->plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(rendering->plan->vms, i);
		const GPtrArray *reasons = vm->cpupm->reasons;

		g_string_append_printf(text, "%s\t%s\t", vm->spec->name,
				       cpupm_names[vm->cpupm->verdict]);
		for (unsigned r = 0; r < reasons->len; r++)
			g_string_append_printf(
				text, "%s%s", r ? "," : "",
				((const CpupmReason *)g_ptr_array_index(reasons, r))->code);
		g_string_append(text, reasons->len ? "\n" : "-\n");
	}
	return g_string_free(text, FALSE);
}

const Artifact artifacts[] = {
	{"cmdline", "the kernel parameters, one line", false, artifact_cmdline},
	{"cpu-pm", "each VM's cpu-pm verdict and why: VM, verdict, reasons, tabs between", false,
	 artifact_cpu_pm},
	{"domain", "the libvirt domain XML of one VM: emit domain VM", true, artifact_domain},
	{NULL, NULL, false, NULL},
};

const Artifact *artifact_find(const char *name)
{
	for (const Artifact *artifact = artifacts; artifact->name; artifact++)
		if (!strcmp(artifact->name, name))
			return artifact;
	return NULL;
}
