/* SPDX-License-Identifier: MIT */
#include "planner/cpupm/partner.h"
#include "planner/base/naming.h"

/* Its reasons as one text; "" where there are none. Yours. */
static char *why_of(const Cpupm *cpupm)
{
	GString *text = g_string_new(NULL);

	for (unsigned i = 0; i < cpupm->reasons->len; i++) {
		const CpupmReason *reason = g_ptr_array_index(cpupm->reasons, i);

		g_string_append_printf(text, "%s%s", i ? "; " : "", reason->text);
	}
	return g_string_free(text, FALSE);
}

/* VMs that fare alike: of a VM only the CPU mode matters. */
typedef struct Fate {
	char *why; /* "" = it keeps cpu-pm */
	bool unknown;
} Fate;

static void fates_judge(const CpupmNode *node, Fate fates[])
{
	for (unsigned mode = 0; cpu_mode_names[mode]; mode++) {
		const VmSpec spec = {.cpu_mode = mode};
		g_autoptr(Cpupm) cpupm = cpupm_judge_node(node, &spec);

		fates[mode] = (Fate){why_of(cpupm), cpupm->verdict == CPUPM_UNKNOWN};
	}
}

/* The VMs whose fate is that of mode FIRST. Yours. */
static char *partner_names_of(const GPtrArray *vms, const Fate fates[], unsigned first, unsigned *n)
{
	Naming naming = {0};

	for (unsigned i = 0; i < vms->len; i++) {
		const VmSpec *vm = g_ptr_array_index(vms, i);

		if (g_str_equal(fates[vm->cpu_mode].why, fates[first].why))
			naming_add(&naming, vm->name);
	}
	*n = naming.n;
	return naming_end(&naming);
}

/* Did an earlier mode have the same fate? */
static bool partner_told(const Fate fates[], unsigned mode)
{
	for (unsigned i = 0; i < mode; i++)
		if (g_str_equal(fates[i].why, fates[mode].why))
			return true;
	return false;
}

static void judge_partner(const NodeSpec *partner, const Host *host, const GPtrArray *vms,
			  PartnerFound *found, void *data)
{
	g_autofree char *section = g_strconcat("partner ", partner->name, NULL);
	const CpupmNode node = {.host = host,
				.kernel = partner->kernel,
				.qemu = partner->qemu,
				.mwait = partner->mwait,
				.section = section};
	Fate fates[CPU_MODE_CUSTOM + 1];

	fates_judge(&node, fates);
	for (unsigned mode = 0; mode < G_N_ELEMENTS(fates); mode++) {
		unsigned n;
		g_autofree char *names = partner_names_of(vms, fates, mode, &n);

		if (n && *fates[mode].why && !partner_told(fates, mode))
			found(data, partner, names, fates[mode].why, fates[mode].unknown);
	}
	for (unsigned mode = 0; mode < G_N_ELEMENTS(fates); mode++)
		g_free(fates[mode].why);
}

void partners_judge(const GPtrArray *partners, const Host *host, const GPtrArray *vms,
		    PartnerFound *found, void *data)
{
	for (unsigned i = 0; i < partners->len; i++)
		judge_partner(g_ptr_array_index(partners, i), host, vms, found, data);
}
