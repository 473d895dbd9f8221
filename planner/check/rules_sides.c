/* SPDX-License-Identifier: MIT */
#include "planner/check/rules_sides.h"

static void rules_sides_add(const Rule *rule, GPtrArray *findings, const AuditVm *vm,
			    const char *evidence, hwloc_const_bitmap_t cpus, const char *text)
{
	rule_found(rule, findings, vm->subject, evidence, cpus, "%s", text);
}

void judge_sides(const Rule *rule, const Audit *audit, const AuditVm *vm, GPtrArray *findings)
{
	char *texts[2] = {NULL, NULL};
	hwloc_bitmap_t cpus[2] = {set_new(), set_new()};

	for (Side side = SIDE_LIVE; side <= SIDE_NEXT; side++)
		if (guest_has(vm->guest, side))
			texts[side] = rule->judge(audit, vm, side, cpus[side]);
	if (texts[SIDE_LIVE] && g_strcmp0(texts[SIDE_LIVE], texts[SIDE_NEXT]) == 0) {
		rules_sides_add(rule, findings, vm, "live and inactive XML", cpus[0], texts[0]);
	} else {
		for (Side side = SIDE_LIVE; side <= SIDE_NEXT; side++)
			if (texts[side])
				rules_sides_add(rule, findings, vm, side_names[side], cpus[side],
						texts[side]);
	}
	hwloc_bitmap_free(cpus[0]);
	hwloc_bitmap_free(cpus[1]);
	g_free(texts[0]);
	g_free(texts[1]);
}

bool planned_on(const AuditVm *vm, unsigned cpu)
{
	for (unsigned v = 0; vm->vm && v < vm->vm->vcpupin->len; v++)
		if (g_array_index(vm->vm->vcpupin, unsigned, v) == cpu)
			return true;
	return vm->vm && vm->vm->cpuset && hwloc_bitmap_isset(vm->vm->cpuset, cpu);
}

void name_vcpu(Naming *naming, unsigned vcpu, hwloc_const_bitmap_t where, const char *rest)
{
	g_autofree char *list = set_text(where);
	g_autofree char *text = g_strdup_printf("vCPU %u on %s%s", vcpu, list, rest);

	naming_add(naming, text);
}

void each_worker(const Guest *guest, ThreadEach *each, void *data)
{
	for (unsigned i = 0; i < guest->emulator_threads->len; i++)
		each(guest_thread(guest->emulator_threads, i), false, data);
	for (unsigned i = 0; i < guest->iothreads->len; i++)
		each(guest_thread(guest->iothreads, i), true, data);
}
