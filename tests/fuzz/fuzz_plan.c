/* SPDX-License-Identifier: MIT */
/*
 * Any text as a saved plan: refused with one line, or read; and what is read is written again as a
 * document that says the same.
 */
#include "planner/base/json.h"
#include "planner/document/plan_read.h"
#include "planner/document/plan_write.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *document(const Plan *plan)
{
	json_t *json = plan_to_json(plan);
	char *text = json_text(json);

	json_decref(json);
	return text;
}

static void check_error(const GError *error)
{
	g_assert(g_str_has_prefix(error->message, "f: "));
	g_assert(g_utf8_validate(error->message, -1, NULL));
	for (const char *c = error->message; *c; c = g_utf8_next_char(c))
		g_assert(!g_unichar_iscntrl(g_utf8_get_char(c)));
}

/* Whoever reads a plan may rely on this. */
static void check_vm(const Plan *plan, const PlanVm *vm)
{
	g_assert(!vm_name_fault(vm->spec->name) && vm->spec->vcpus && vm->cpupm);
	g_assert(plan_vm(plan, vm->spec->name) == vm);
	for (unsigned v = 0; v < vm->pins->len; v++) {
		unsigned cpu = g_array_index(vm->pins, unsigned, v);

		g_assert(host_core_of(plan->host, cpu) != HOST_NONE);
	}
	if (!vm->placed)
		return;
	g_assert(vm->sockets * vm->cores * vm->threads == vm->spec->vcpus);
	g_assert(hwloc_bitmap_isincluded(vm->emulatorpin, plan->host->online));
	g_assert(vm->cpuset ? hwloc_bitmap_isincluded(vm->cpuset, plan->host->online)
			    : vm->pins->len == vm->spec->vcpus);
	for (unsigned i = 0; i < vm->shares->len; i++)
		g_assert(g_array_index(vm->shares, VmShare, i).node < plan->host->nodes->len);
}

static void check_plan(const Plan *plan)
{
	g_autofree char *first = document(plan), *second = NULL;
	g_autoptr(Host) host = NULL;
	g_autoptr(Plan) again = plan_read("f", first, strlen(first), &host, NULL);

	g_assert(plan->roles->len == plan->host->cores->len);
	for (unsigned i = 0; i < plan->vms->len; i++)
		check_vm(plan, g_ptr_array_index(plan->vms, i));
	g_assert(again);
	second = document(again);
	g_assert(!strcmp(first, second));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Host) host = NULL;
	g_autoptr(Plan) plan = plan_read("f", (const char *)data, size, &host, &error);

	g_assert(!plan == !!error && !plan == !host);
	if (plan)
		check_plan(plan);
	else
		check_error(error);
	return 0;
}
