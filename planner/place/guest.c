/* SPDX-License-Identifier: MIT */
#include "planner/place/guest.h"
#include "planner/base/size.h"

char *guest_topology(const PlanVm *vm)
{
	return g_strdup_printf("%u socket%s, %u core%s, %u thread%s", vm->sockets,
			       vm->sockets == 1 ? "" : "s", vm->cores, vm->cores == 1 ? "" : "s",
			       vm->threads, vm->threads == 1 ? "" : "s");
}

char *guest_cells(const PlanVm *vm)
{
	GString *text = g_string_new(vm->shares->len > 1 ? NULL : "one");

	for (unsigned i = 0; i < vm->shares->len && vm->shares->len > 1; i++) {
		const VmShare *share = &g_array_index(vm->shares, VmShare, i);
		g_autofree char *memory = size_format(share->memory);

		g_string_append_printf(text, "%s%u vCPUs and %s", i ? "; " : "", share->vcpus,
				       memory);
	}
	return g_string_free(text, FALSE);
}
