/* SPDX-License-Identifier: MIT */
/*
 * Any text as an inventory: refused with lines that say where, or taken; what is taken is planned
 * on a small host, and the plan keeps what every plan keeps and is read back as it was written.
 */
#include "frame.h"
#include "planner/base/json.h"
#include "planner/document/plan_read.h"
#include "planner/document/plan_write.h"

static void check_error(const char *error, int *line)
{
	char *end;
	long number = strtol(error + strlen("f:"), &end, 10);

	g_assert(g_str_has_prefix(error, "f:") && g_str_has_prefix(end, ": "));
	g_assert(number >= *line && number >= 1);
	g_assert(g_utf8_validate(error, -1, NULL));
	for (const char *c = error; *c; c = g_utf8_next_char(c))
		g_assert(*c == '\t' || !g_unichar_iscntrl(g_utf8_get_char(c)));
	*line = (int)number;
}

static void check_vm_spec(const VmSpec *vm)
{
	g_assert(!vm_name_fault(vm->name));
	g_assert(vm->vcpus >= 1 && vm->vcpus <= CPULIST_LIMIT);
	g_assert(!vm->cpus || vm->cpus->len == vm->vcpus);
	g_assert(!vm->page || vm->memory);
}

static void check_roles(const Plan *plan)
{
	g_auto(CpuSet) all = hwloc_bitmap_alloc();

	for (unsigned role = 0; role < ROLE_COUNT; role++) {
		g_assert(!hwloc_bitmap_intersects(all, plan->cpus[role]));
		hwloc_bitmap_or(all, all, plan->cpus[role]);
	}
	g_assert(hwloc_bitmap_isequal(all, plan->host->online));
	g_assert(hwloc_bitmap_isset(plan->cpus[ROLE_HOST], 0));
	g_assert(!hwloc_bitmap_isset(plan->isolated, 0));
	g_assert(!hwloc_bitmap_intersects(plan->isolated, plan->cpus[ROLE_HOST]));
	g_assert(!hwloc_bitmap_intersects(plan->isolated, plan->cpus[ROLE_SHARED]));
}

/* VMs that planner has assigned have their cores to themselves; kept ones are where they asked. */
static void check_pins(const Plan *plan, const PlanVm *vm, hwloc_bitmap_t taken)
{
	g_auto(CpuSet) cores = hwloc_bitmap_alloc();

	g_assert(vm->pins->len == (vm->placed && !vm->cpuset ? vm->spec->vcpus : 0));
	for (unsigned v = 0; v < vm->pins->len; v++) {
		unsigned cpu = g_array_index(vm->pins, unsigned, v);

		g_assert(!vm->spec->cpus || g_array_index(vm->spec->cpus, unsigned, v) == cpu);
		g_assert(vm->spec->cpus || hwloc_bitmap_isset(plan->cpus[ROLE_DEDICATED], cpu));
		hwloc_bitmap_set(cores, host_core_of(plan->host, cpu));
	}
	if (!vm->spec->cpus) {
		g_assert(!hwloc_bitmap_intersects(cores, taken));
		hwloc_bitmap_or(taken, taken, cores);
	}
	g_assert(!vm->placed || hwloc_bitmap_isincluded(vm->emulatorpin, plan->cpus[ROLE_HOST]));
}

static void check_plan(const Plan *plan)
{
	g_auto(CpuSet) taken = hwloc_bitmap_alloc();

	check_roles(plan);
	for (unsigned i = 0; i < plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);

		check_pins(plan, vm, taken);
		g_assert(vm->cpupm->verdict != CPUPM_ON || vm->placed);
	}
}

static char *document(const Plan *plan)
{
	json_t *json = plan_to_json(plan);
	char *text = json_text(json);

	json_decref(json);
	return text;
}

static void check_document(const Plan *plan)
{
	g_autofree char *written = document(plan);
	g_autofree char *again = NULL;
	g_autoptr(Host) host_read = NULL;
	g_autoptr(Plan) read = plan_read("f", written, strlen(written), &host_read, NULL);

	g_assert(read);
	again = document(read);
	g_assert(!strcmp(written, again));
}

static void check_inventory(const Inventory *inventory)
{
	const PlanOptions options = {.prefer = inventory->vms->len % 3, .budget = 2000};
	g_autoptr(Plan) plan = NULL;

	for (unsigned i = 0; i < inventory->vms->len; i++)
		check_vm_spec(g_ptr_array_index(inventory->vms, i));
	if (inventory->vms->len > FRAME_MOST_VMS)
		return;
	plan = plan_compute(frame_host(), inventory, NULL, &options);
	check_plan(plan);
	check_document(plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Inventory) inventory = inventory_parse("f", (const char *)data, size, errors);
	int line = 0;

	g_assert(!inventory == (errors->len > 0));
	for (unsigned i = 0; i < errors->len; i++)
		check_error(g_ptr_array_index(errors, i), &line);
	if (inventory)
		check_inventory(inventory);
	return 0;
}
