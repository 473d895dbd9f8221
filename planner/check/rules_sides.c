/* SPDX-License-Identifier: MIT */
#include "planner/check/rules_sides.h"

#include "topology/base/list.h"

/* "live and inactive XML": the sides of WHICH, by bits; yours. */
static char *sides_text(unsigned which)
{
	unsigned documents = 1 << SIDE_LIVE | 1 << SIDE_NEXT;
	GString *text = g_string_new(NULL);

	if ((which & documents) == documents)
		g_string_assign(text, "live and inactive XML");
	for (Side side = SIDE_LIVE; side < N_SIDES; side++)
		if (which & 1 << side && !(text->len && side <= SIDE_NEXT))
			list_add(text, "%s", side_names[side]);
	return g_string_free(text, FALSE);
}

void judge_sides(const Rule *rule, const Audit *audit, const AuditVm *vm, GPtrArray *findings)
{
	char *texts[N_SIDES] = {NULL};
	hwloc_bitmap_t cpus[N_SIDES];

	for (Side side = SIDE_LIVE; side < N_SIDES; side++) {
		cpus[side] = set_new();
		if (guest_has(vm->guest, side))
			texts[side] = rule->judge(audit, vm, side, cpus[side]);
	}
	for (Side side = SIDE_LIVE; side < N_SIDES; side++) {
		unsigned same = 1 << side;
		g_autofree char *evidence = NULL, *fix = NULL;

		for (Side other = side + 1; texts[side] && other < N_SIDES; other++)
			if (g_strcmp0(texts[side], texts[other]) == 0) {
				same |= 1 << other;
				g_clear_pointer(&texts[other], g_free);
			}
		evidence = sides_text(same);
		if (texts[side] && rule->fix)
			fix = rule->fix(rule, audit, vm, side, cpus[side]);
		if (texts[side])
			rule_found_fix(rule, findings, vm->subject, evidence, cpus[side],
				       fix ? fix : rule->remedy, "%s", texts[side]);
	}
	for (Side side = SIDE_LIVE; side < N_SIDES; side++) {
		hwloc_bitmap_free(cpus[side]);
		g_free(texts[side]);
	}
}

bool planned_on(const AuditVm *vm, unsigned cpu)
{
	for (unsigned v = 0; vm->vm && v < vm->vm->pins->len; v++)
		if (g_array_index(vm->vm->pins, unsigned, v) == cpu)
			return true;
	return vm->vm && vm->vm->cpuset && hwloc_bitmap_isset(vm->vm->cpuset, cpu);
}

unsigned guest_core_threads(const Guest *guest, Side side)
{
	return side == SIDE_NEXT ? guest->threads_inactive : guest->threads_live;
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
