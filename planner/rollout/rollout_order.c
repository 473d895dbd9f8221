/* SPDX-License-Identifier: MIT */
/*
 * The order without a reboot: whoever can go, goes. When nobody can, some stand in a ring, each in
 * the way of the one before; one of the ring is parked or stopped. Each VM is parked once at most,
 * and one that is stopped waits for the end, so it ends.
 */
#include "planner/place/replan.h"
#include "planner/rollout/rollout_occupancy.h"

#define AT(pins, v) g_array_index(pins, unsigned, v)

typedef struct Order {
	Rollout *rollout;
	Occupancy *occupancy;
} Order;

/* Re-pinning: the vCPUs of one VM, each to a CPU that is free by then */

static bool rollout_order_has_cpu(const GArray *pins, unsigned cpu)
{
	for (unsigned v = 0; v < pins->len; v++)
		if (AT(pins, v) == cpu)
			return true;
	return false;
}

static void rollout_order_pin(GArray *pins, GArray *now, unsigned vcpu, unsigned cpu)
{
	const StepPin step = {vcpu, cpu};

	g_array_append_val(pins, step);
	AT(now, vcpu) = cpu;
}

/* The next vCPU that can go; false when each stands in another's way, or all are there. */
static bool pin_next(GArray *pins, GArray *now, const GArray *want)
{
	for (unsigned v = 0; v < want->len; v++)
		if (AT(now, v) != AT(want, v) && !rollout_order_has_cpu(now, AT(want, v))) {
			rollout_order_pin(pins, now, v, AT(want, v));
			return true;
		}
	return false;
}

static unsigned rollout_order_misplaced(const GArray *now, const GArray *want)
{
	for (unsigned v = 0; v < want->len; v++)
		if (AT(now, v) != AT(want, v))
			return v;
	return HOST_NONE;
}

/* A CPU where nobody is, on a core of the VM's own; HOST_NONE. */
static unsigned own_idle(const Occupancy *occupancy, unsigned actor, const GArray *now)
{
	hwloc_const_bitmap_t isolated = occupancy->diff->before->isolated;

	for (unsigned v = 0; v < now->len; v++) {
		const Core *core =
			host_core(occupancy->host, host_core_of(occupancy->host, AT(now, v)));
		unsigned idle = HOST_NONE, others = 0;

		for (unsigned t = 0; t < core->n_cpus; t++) {
			others += occupancy_holder(occupancy, core->cpu[t], actor) != HOST_NONE ||
				  !hwloc_bitmap_isset(isolated, core->cpu[t]);
			if (!rollout_order_has_cpu(now, core->cpu[t]))
				idle = core->cpu[t];
		}
		if (!others && idle != HOST_NONE)
			return idle;
	}
	return HOST_NONE;
}

/* A CPU to step aside to. */
static unsigned rollout_order_aside(const Occupancy *occupancy, unsigned actor, const GArray *now)
{
	unsigned idle = own_idle(occupancy, actor, now);
	g_autoptr(GArray) spares = NULL;

	if (idle != HOST_NONE)
		return idle;
	spares = occupancy_spares(
		occupancy,
		host_core(occupancy->host, host_core_of(occupancy->host, AT(now, 0)))->node);
	return spares->len ? host_core(occupancy->host, AT(spares, 0))->cpu[0] : HOST_NONE;
}

/* How the VM's vCPUs get from where they are to where its pins are to be, TO; false when there is
 * no room to turn. Its helpers are pinned after them, in no order of their own. */
static bool rollout_order_sequence(const Occupancy *occupancy, unsigned actor, const GArray *to,
				   GArray *pins)
{
	const Actor *a = &occupancy->actors[actor];
	g_autoptr(GArray) now = g_array_copy(a->now);
	g_autoptr(GArray) want = g_array_new(FALSE, FALSE, sizeof(unsigned));
	unsigned vcpu;

	g_array_set_size(now, plan_vm_pinned(a->state));
	g_array_append_vals(want, to->data, now->len);

	while ((vcpu = rollout_order_misplaced(now, want)) != HOST_NONE) {
		unsigned cpu;

		if (pin_next(pins, now, want))
			continue;
		cpu = rollout_order_aside(occupancy, actor, now);
		if (cpu == HOST_NONE)
			return false;
		rollout_order_pin(pins, now, vcpu, cpu);
	}
	for (unsigned i = 0; i < pins->len; i++) {
		StepPin *pin = &g_array_index(pins, StepPin, i);

		pin->vcpu = vm_spec_pin_vcpu(a->state->spec, pin->vcpu);
	}
	return true;
}

/* Does a vCPU go where an own CPU of the VM's emulator or I/O threads is? */
static bool rollout_order_crosses(const Actor *a, const GArray *pins)
{
	for (unsigned i = 0; i < pins->len; i++)
		for (unsigned h = plan_vm_pinned(a->state); h < a->now->len; h++)
			if (AT(a->now, h) == g_array_index(pins, StepPin, i).cpu)
				return true;
	return false;
}

/* Going */

static void rollout_order_stop(Order *o, unsigned actor, const char *why)
{
	Actor *a = &o->occupancy->actors[actor];
	Step *step = rollout_add(o->rollout, STEP_STOP, a->vm);

	step->why = why;
	occupancy_move(o->occupancy, actor, NULL, NULL);
}

static DiffLine *rollout_order_line(const DiffVm *vm, const char *what)
{
	for (unsigned i = 0; i < vm->lines->len; i++) {
		DiffLine *line = g_ptr_array_index(vm->lines, i);

		if (g_str_equal(line->what, what))
			return line;
	}
	return NULL;
}

/* What was to be live is not. */
static void cost_raise(Order *o, DiffVm *vm)
{
	DiffLine *pins = rollout_order_line(vm, "pins");

	if (pins)
		pins->cost = COST_RESTART;
	vm->cost = MAX(vm->cost, COST_RESTART);
	o->occupancy->diff->cost = MAX(o->occupancy->diff->cost, COST_RESTART);
}

static void go_live(Order *o, unsigned actor)
{
	Actor *a = &o->occupancy->actors[actor];
	const PlanVm *after = a->vm->after;
	g_autoptr(GArray) pins = g_array_new(FALSE, FALSE, sizeof(StepPin));
	Step *step;

	if (!rollout_order_sequence(o->occupancy, actor, after->pins, pins)) {
		cost_raise(o, a->vm);
		rollout_order_stop(o, actor, "its vCPUs swap CPUs, and no isolated core is free");
		return;
	}
	a->done = true;
	if (a->vm->cost == COST_NONE)
		return;
	step = rollout_add(o->rollout, STEP_REPIN, a->vm);
	g_array_append_vals(step->pins, pins->data, pins->len);
	step->memory = a->vm->cost == COST_MEMORY;
	step->pool = after->cpuset && rollout_order_line(a->vm, "pins");
	step->emulator = rollout_order_line(a->vm, "emulator pins") ||
			 (a->parked && vm_spec_helpers(after->spec) > 0);
	step->aside = rollout_order_crosses(a, pins);
	occupancy_move(o->occupancy, actor, after->pins, after);
}

static void go_cold(Order *o, unsigned actor)
{
	Actor *a = &o->occupancy->actors[actor];

	rollout_add(o->rollout, STEP_RESTART, a->vm);
	occupancy_move(o->occupancy, actor, a->vm->after->pins, a->vm->after);
	a->done = true;
}

/* Runs, or is the SDK, and is not yet where it belongs. */
static bool under_way(const Occupancy *occupancy, unsigned actor)
{
	const Actor *a = &occupancy->actors[actor];

	return !a->done && (!a->vm || a->state);
}

/* Let one go that can; COLD: one that restarts. */
static bool go_one(Order *o, bool cold)
{
	for (unsigned i = 0; i < o->occupancy->n; i++) {
		const Actor *a = &o->occupancy->actors[i];
		bool memory = false;

		if (!under_way(o->occupancy, i) || a->cold != cold ||
		    occupancy_blocker(o->occupancy, i, &memory) != HOST_NONE)
			continue;
		if (!a->vm) {
			rollout_add(o->rollout, STEP_RELOAD, NULL)->sdk = true;
			occupancy_move_sdk(o->occupancy);
		} else if (cold) {
			go_cold(o, i);
		} else {
			go_live(o, i);
		}
		return true;
	}
	return false;
}

/* Rings */

/* Those that stand in each other's way, from the first that is under way on. *MEMORY: some for want
 * of memory. Yours. */
static GArray *ring_find(const Occupancy *occupancy, bool *memory)
{
	GArray *way = g_array_new(FALSE, FALSE, sizeof(unsigned));
	unsigned actor = 0;

	while (!under_way(occupancy, actor))
		actor++;
	while (actor != HOST_NONE && !rollout_order_has_cpu(way, actor)) {
		g_array_append_val(way, actor);
		actor = occupancy_blocker(occupancy, actor, memory);
	}
	while (actor != HOST_NONE && AT(way, 0) != actor)
		g_array_remove_index(way, 0);
	return way;
}

/* Whom it hurts least to get out of the way: one that restarts anyway, else a small one. */
static unsigned ring_weakest(const Occupancy *occupancy, const GArray *ring)
{
	unsigned best = HOST_NONE;

	for (unsigned i = 0; i < ring->len; i++) {
		const Actor *a = &occupancy->actors[AT(ring, i)];
		const Actor *b = best == HOST_NONE ? NULL : &occupancy->actors[best];

		if (!a->vm || !under_way(occupancy, AT(ring, i)))
			continue;
		if (!b || (a->cold && !b->cold) ||
		    (a->cold == b->cold && a->now->len < b->now->len))
			best = AT(ring, i);
	}
	return best;
}

/* Where the VM's vCPUs would be on spare cores, those of a core on a core; its helpers go to the
 * host's CPUs. NULL when there are too few. Yours. */
static GArray *rollout_order_parking(const Occupancy *occupancy, unsigned actor)
{
	const GArray *now = occupancy->actors[actor].now;
	unsigned vcpus = plan_vm_pinned(occupancy->actors[actor].state);
	unsigned first = host_core_of(occupancy->host, AT(now, 0));
	g_autoptr(GArray) spares =
		occupancy_spares(occupancy, host_core(occupancy->host, first)->node);
	g_autoptr(GArray) pins = g_array_new(FALSE, FALSE, sizeof(unsigned));
	unsigned used = 0, from = HOST_NONE, thread = 0;

	for (unsigned v = 0; v < vcpus; v++) {
		unsigned core = host_core_of(occupancy->host, AT(now, v));

		thread = core == from ? thread + 1 : 0;
		used += core != from;
		from = core;
		if (used > spares->len ||
		    thread >= host_core(occupancy->host, AT(spares, used - 1))->n_cpus)
			return NULL;
		g_array_append_val(pins,
				   host_core(occupancy->host, AT(spares, used - 1))->cpu[thread]);
	}
	return g_steal_pointer(&pins);
}

static bool rollout_order_park(Order *o, unsigned actor)
{
	Actor *a = &o->occupancy->actors[actor];
	g_autoptr(GArray) pins =
		a->parked || a->cold ? NULL : rollout_order_parking(o->occupancy, actor);
	Step *step;

	if (!pins)
		return false;
	step = rollout_add(o->rollout, STEP_PARK, a->vm);
	step->why = "VMs swap CPUs";
	step->aside = a->now->len > plan_vm_pinned(a->state);
	rollout_order_sequence(o->occupancy, actor, pins, step->pins);
	occupancy_move(o->occupancy, actor, pins, a->state);
	a->parked = true;
	return true;
}

static void ring_break(Order *o)
{
	bool memory = false;
	g_autoptr(GArray) ring = ring_find(o->occupancy, &memory);
	unsigned actor = ring_weakest(o->occupancy, ring);
	Actor *a;

	g_assert(actor != HOST_NONE); /* the SDK does not wait for itself */
	a = &o->occupancy->actors[actor];
	if (!memory && rollout_order_park(o, actor))
		return;
	if (!a->cold)
		cost_raise(o, a->vm);
	rollout_order_stop(o, actor,
			   memory ? "VMs swap CPUs, and memory is short meanwhile"
				  : "VMs swap CPUs");
}

static bool any_under_way(const Occupancy *occupancy)
{
	for (unsigned i = 0; i < occupancy->n; i++)
		if (under_way(occupancy, i))
			return true;
	return false;
}

/* All of it */

static void stop_gone(Order *o)
{
	for (unsigned i = 0; i < o->occupancy->n - 1; i++)
		if (o->occupancy->actors[i].vm->kind == DIFF_GONE) {
			rollout_order_stop(o, i, "it is not in the new plan");
			o->occupancy->actors[i].done = true;
		}
}

static void start_stopped(Order *o)
{
	for (unsigned i = 0; i < o->occupancy->n - 1; i++) {
		Actor *a = &o->occupancy->actors[i];

		if (a->done)
			continue;
		rollout_add(o->rollout, STEP_START, a->vm);
		occupancy_move(o->occupancy, i, a->vm->after->pins, a->vm->after);
		a->done = true;
	}
}

/* The SDK's step reads the files too: machine.slice must not take CPUs from VMs that are still
 * there. */
static bool reload_first(const Occupancy *occupancy)
{
	const GPtrArray *files = occupancy->diff->files;

	if (!occupancy->actors[occupancy->n - 1].done)
		return false;
	for (unsigned i = 0; i < files->len; i++)
		if (((const DiffFile *)g_ptr_array_index(files, i))->cost != COST_REBOOT)
			return true;
	return false;
}

void rollout_order(Rollout *rollout, Diff *diff)
{
	g_autoptr(Occupancy) occupancy = occupancy_new(diff);
	Order order = {rollout, occupancy};

	if (diff_count(diff, DIFF_NEW) || diff_count(diff, DIFF_CHANGED))
		rollout_add(rollout, STEP_DEFINE, NULL);
	stop_gone(&order);
	if (reload_first(occupancy))
		rollout_add(rollout, STEP_RELOAD, NULL);
	while (any_under_way(occupancy))
		if (!go_one(&order, false) && !go_one(&order, true))
			ring_break(&order);
	start_stopped(&order);
	rollout_add(rollout, STEP_CHECK, NULL);
}
