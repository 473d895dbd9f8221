/* SPDX-License-Identifier: MIT */
/* [vm NAME] policy, cpus and threads: is it pinned, one vCPU to a CPU, or does it float, and where?
 */
#include "planner/adopt/adopt_internal.h"
#include "planner/check/rules_sides.h"
#include "planner/inventory/setting_types.h"

/* Where it is said where a VM runs. What its owner wrote down for the next start goes before what
 * is so for now; threads are looked at where neither document pins them. */
typedef enum Source { NEXT, LIVE, REAL, N_SOURCES } Source;

static const char *const source_names[N_SOURCES] = {"its next start", "the running domain",
						    "its threads"};
static const char *const source_has[N_SOURCES] = {"its next start has", "the running domain has",
						  "its threads have"};

unsigned adopt_vcpus(const Guest *guest)
{
	return MIN(guest->vcpus, guest->vcpu_threads->len);
}

/* Where vCPU V may run; NULL = anywhere, or not known. */
static hwloc_const_bitmap_t place_of(const Guest *guest, unsigned v, Source source)
{
	const GuestThread *thread = guest_thread(guest->vcpu_threads, v);

	switch (source) {
	case NEXT:
		return thread->inactive ? thread->inactive : guest->cpuset_inactive;
	case LIVE:
		return thread->live ? thread->live : guest->cpuset_live;
	default:
		return thread->real;
	}
}

static bool has_pin(const Guest *guest, unsigned v, Source source)
{
	const GuestThread *thread = guest_thread(guest->vcpu_threads, v);

	return source == REAL ? thread->real : source == NEXT ? thread->inactive : thread->live;
}

/* Pinned one to one */

/* One vCPU that has a single CPU to float over has no pin: the pool is that small. */
static bool alone_in_pool(const Adopter *a, const Guest *guest, Source source)
{
	return adopt_vcpus(guest) == 1 && (source == REAL || !has_pin(guest, 0, source)) &&
	       !hwloc_bitmap_isincluded(place_of(guest, 0, source), a->isolated);
}

/* Threads may be where they are for a moment. On isolated CPUs somebody put them there. */
static bool on_purpose(const Adopter *a, hwloc_const_bitmap_t cpus, Source source)
{
	return source != REAL || hwloc_bitmap_iszero(a->isolated) ||
	       hwloc_bitmap_isincluded(cpus, a->isolated);
}

/* The CPUs, in vCPU order, if each vCPU has exactly one, its own; else NULL. Yours. */
static GArray *one_to_one(const Adopter *a, const Guest *guest, Source source)
{
	g_autoptr(GArray) cpus = g_array_new(FALSE, FALSE, sizeof(unsigned));
	g_auto(CpuSet) seen = set_new();

	for (unsigned v = 0; v < adopt_vcpus(guest); v++) {
		hwloc_const_bitmap_t place = place_of(guest, v, source);
		unsigned cpu;

		if (!set_single(place) || set_meets(place, seen))
			return NULL;
		cpu = (unsigned)hwloc_bitmap_first(place);
		hwloc_bitmap_set(seen, cpu);
		g_array_append_val(cpus, cpu);
	}
	if (!cpus->len || alone_in_pool(a, guest, source) || !on_purpose(a, seen, source))
		return NULL;
	return g_steal_pointer(&cpus);
}

GArray *adopt_pins(const Adopter *a, const Guest *guest)
{
	GArray *cpus = NULL;

	for (Source s = NEXT; !cpus && s < (guest->unlisted ? N_SOURCES : REAL); s++)
		cpus = one_to_one(a, guest, s);
	return cpus;
}

/* Pinned in groups: the two vCPUs of a core each to both of its CPUs, a VM to as many as it has. */

static unsigned same_places(const Guest *guest, unsigned v, Source source)
{
	hwloc_const_bitmap_t place = place_of(guest, v, source);
	unsigned n = 0;

	for (unsigned other = 0; other < adopt_vcpus(guest); other++)
		n += set_same(place, place_of(guest, other, source));
	return n;
}

/* The first CPU of PLACE that is not in SEEN, core by core. */
static unsigned next_cpu(const Host *host, hwloc_const_bitmap_t place, hwloc_const_bitmap_t seen)
{
	for (unsigned i = 0; i < host->cores->len; i++) {
		const Core *core = host_core(host, i);

		for (unsigned t = 0; t < core->n_cpus; t++)
			if (hwloc_bitmap_isset(place, core->cpu[t]) &&
			    !hwloc_bitmap_isset(seen, core->cpu[t]))
				return core->cpu[t];
	}
	return HOST_NONE;
}

static GArray *in_groups(const Adopter *a, const Guest *guest, Source source)
{
	g_autoptr(GArray) cpus = g_array_new(FALSE, FALSE, sizeof(unsigned));
	g_auto(CpuSet) seen = set_new();

	for (unsigned v = 0; v < adopt_vcpus(guest); v++) {
		hwloc_const_bitmap_t place = place_of(guest, v, source);
		unsigned cpu;

		if (!place || !hwloc_bitmap_isincluded(place, a->isolated) ||
		    hwloc_bitmap_weight(place) != (int)same_places(guest, v, source))
			return NULL;
		cpu = next_cpu(a->host, place, seen);
		if (cpu == HOST_NONE)
			return NULL;
		hwloc_bitmap_set(seen, cpu);
		g_array_append_val(cpus, cpu);
	}
	return cpus->len ? g_steal_pointer(&cpus) : NULL;
}

/* Pinned but for a few */

/* CPUs that some VM is pinned to, in any way. */
static CpuSet adopt_policy_pinned_by_any(const Adopter *a)
{
	const GPtrArray *guests = a->facts->guests->guests;
	CpuSet pinned = set_new();

	for (unsigned i = 0; i < guests->len; i++) {
		const Guest *guest = g_ptr_array_index(guests, i);

		for (unsigned v = 0; v < guest->vcpu_threads->len; v++)
			for (Source s = NEXT; s <= LIVE; s++)
				if (set_single(place_of(guest, v, s)))
					hwloc_bitmap_or(pinned, pinned, place_of(guest, v, s));
	}
	return pinned;
}

/* CPUs that nobody is pinned to, on the isolated cores of the pinned vCPUs. */
static CpuSet left_on_cores(const Adopter *a, const Guest *guest, Source source)
{
	g_auto(CpuSet) pinned = adopt_policy_pinned_by_any(a);
	CpuSet left = set_new();

	for (unsigned v = 0; v < adopt_vcpus(guest); v++) {
		hwloc_const_bitmap_t place = place_of(guest, v, source);
		unsigned core = set_single(place)
					? host_core_of(a->host, (unsigned)hwloc_bitmap_first(place))
					: HOST_NONE;

		for (unsigned t = 0; core != HOST_NONE && t < host_core(a->host, core)->n_cpus; t++)
			hwloc_bitmap_set(left, host_core(a->host, core)->cpu[t]);
	}
	hwloc_bitmap_and(left, left, a->isolated);
	hwloc_bitmap_andnot(left, left, pinned);
	return left;
}

static unsigned count_single(const Guest *guest, Source source)
{
	unsigned n = 0;

	for (unsigned v = 0; v < adopt_vcpus(guest); v++)
		n += set_single(place_of(guest, v, source));
	return n;
}

/* The vCPUs without a CPU of their own take what is left on the cores of the others, if that is
 * exactly as many. */
static GArray *adopt_policy_filled(const Adopter *a, const Guest *guest, Source source)
{
	g_autoptr(GArray) cpus = g_array_new(FALSE, FALSE, sizeof(unsigned));
	g_auto(CpuSet) left = left_on_cores(a, guest, source), seen = set_new();
	unsigned missing = adopt_vcpus(guest) - count_single(guest, source);

	if (!missing || missing != (unsigned)hwloc_bitmap_weight(left))
		return NULL;
	for (unsigned v = 0; v < adopt_vcpus(guest); v++) {
		hwloc_const_bitmap_t place = place_of(guest, v, source);
		unsigned cpu = (unsigned)hwloc_bitmap_first(set_single(place) ? place : left);

		if (hwloc_bitmap_isset(seen, cpu))
			return NULL;
		hwloc_bitmap_set(seen, cpu);
		hwloc_bitmap_clr(left, cpu);
		g_array_append_val(cpus, cpu);
	}
	return g_steal_pointer(&cpus);
}

/* What was seen, in words */

/* "vCPU 0 on 3, …" of those that SOURCE puts elsewhere than on CPUS; NULL = none. Yours. */
static char *adopt_policy_elsewhere(const Guest *guest, Source source, const GArray *cpus)
{
	Naming naming = {0};

	for (unsigned v = 0; v < cpus->len; v++) {
		hwloc_const_bitmap_t place = place_of(guest, v, source);

		if (place && !(set_single(place) &&
			       hwloc_bitmap_isset(place, g_array_index(cpus, unsigned, v))))
			name_vcpu(&naming, v, place, "");
	}
	return naming.n ? naming_end(&naming) : NULL;
}

/* Everywhere that says something else than what was taken. */
static void note_elsewhere(Adopter *a, const AdoptVm *vm, Source taken, const GArray *cpus)
{
	for (Source s = NEXT; s < N_SOURCES; s++) {
		g_autofree char *names =
			s == taken ? NULL : adopt_policy_elsewhere(vm->vm->guest, s, cpus);

		if (names)
			adopt_note(a, SEEN, vm->section, "cpus", "taken from %s; %s %s",
				   source_names[taken], source_has[s], names);
	}
}

/* Policy */

static void adopt_policy_pinned(Adopter *a, const AdoptVm *vm, GArray *cpus)
{
	vm->spec->cpus = cpus;
	for (unsigned v = 0; v < cpus->len; v++)
		hwloc_bitmap_set(a->pinned, g_array_index(cpus, unsigned, v));
}

static bool pin_one_to_one(Adopter *a, AdoptVm *vm)
{
	for (Source s = NEXT; s < N_SOURCES; s++) {
		GArray *cpus = one_to_one(a, vm->vm->guest, s);

		if (!cpus)
			continue;
		adopt_policy_pinned(a, vm, cpus);
		if (s == REAL)
			adopt_note(a, GUESSED, vm->section, "cpus",
				   "%s, but its threads are each on one CPU",
				   vm->vm->guest->unlisted ? "it has no XML to say so"
							   : "its XML does not say so");
		else
			note_elsewhere(a, vm, s, cpus);
		return true;
	}
	return false;
}

static bool pin_in_groups(Adopter *a, AdoptVm *vm)
{
	for (Source s = NEXT; s < N_SOURCES; s++) {
		GArray *cpus = in_groups(a, vm->vm->guest, s);
		g_autofree char *names =
			cpus ? adopt_policy_elsewhere(vm->vm->guest, s, cpus) : NULL;

		if (!cpus)
			continue;
		adopt_policy_pinned(a, vm, cpus);
		adopt_note(a, GUESSED, vm->section, "cpus",
			   "it has as many vCPUs as CPUs, all isolated: one for each. %s: %s",
			   source_names[s], names);
		return true;
	}
	return false;
}

static bool pin_filled(Adopter *a, AdoptVm *vm)
{
	for (Source s = NEXT; s <= LIVE; s++) {
		GArray *cpus = adopt_policy_filled(a, vm->vm->guest, s);
		g_autofree char *names = NULL;

		if (!cpus)
			continue;
		adopt_policy_pinned(a, vm, cpus);
		names = adopt_policy_elsewhere(vm->vm->guest, s, cpus);
		adopt_note(a, GUESSED, vm->section, "cpus",
			   "not every vCPU is pinned to a CPU of its own; the remaining CPUs of "
			   "its cores go to the others%s%s",
			   names ? ". Now: " : "", names ? names : "");
		return true;
	}
	return false;
}

/* The CPUs of the vCPUs that have one each, all isolated; the others float by pins of their own,
 * all over the same CPUs, none of them isolated: PLACE. NULL = it is not so. */
static GArray *adopt_policy_mixed(const Adopter *a, const Guest *guest, Source source,
				  hwloc_bitmap_t dedicated, hwloc_const_bitmap_t *place)
{
	g_autoptr(GArray) cpus = g_array_new(FALSE, FALSE, sizeof(unsigned));
	g_auto(CpuSet) seen = set_new();

	*place = NULL;
	for (unsigned v = 0; v < adopt_vcpus(guest); v++) {
		hwloc_const_bitmap_t here = place_of(guest, v, source);
		/* The others' pool may be a single CPU as well, but no isolated one. */
		bool own = set_single(here) && set_meets(here, a->isolated);
		unsigned cpu = own ? (unsigned)hwloc_bitmap_first(here) : HOST_NONE;

		if (!has_pin(guest, v, source) ||
		    (own ? hwloc_bitmap_isset(seen, cpu)
			 : set_meets(here, a->isolated) || (*place && !set_same(here, *place))))
			return NULL;
		if (!own) {
			*place = here;
			continue;
		}
		hwloc_bitmap_set(seen, cpu);
		hwloc_bitmap_set(dedicated, v);
		g_array_append_val(cpus, cpu);
	}
	return cpus->len && *place ? g_steal_pointer(&cpus) : NULL;
}

static bool pin_mixed(Adopter *a, AdoptVm *vm)
{
	for (Source s = NEXT; s <= LIVE; s++) {
		g_auto(CpuSet) dedicated = set_new();
		hwloc_const_bitmap_t place;
		GArray *cpus = adopt_policy_mixed(a, vm->vm->guest, s, dedicated, &place);

		if (!cpus)
			continue;
		adopt_policy_pinned(a, vm, cpus);
		vm->spec->dedicated_vcpus = g_steal_pointer(&dedicated);
		vm->floats = hwloc_bitmap_dup(place);
		return true;
	}
	return false;
}

/* Does neither document say where any of its vCPUs may run? */
static bool is_loose(const Guest *guest)
{
	for (unsigned v = 0; v < adopt_vcpus(guest); v++)
		if (place_of(guest, v, NEXT) || place_of(guest, v, LIVE))
			return false;
	return true;
}

/* CPUs the scheduler balances over: a place that names isolated ones too is cut down to these. */
static CpuSet floating_place(const Adopter *a, const AuditVm *vm)
{
	const Guest *guest = vm->guest;
	CpuSet all = set_new();

	for (unsigned v = 0; v < adopt_vcpus(guest); v++) {
		hwloc_const_bitmap_t place = place_of(guest, v, NEXT);

		place = place ? place : place_of(guest, v, LIVE);
		place = place ? place : g_ptr_array_index(vm->vcpus, v);
		hwloc_bitmap_or(all, all, place);
	}
	if (set_meets(all, a->others))
		hwloc_bitmap_and(all, all, a->others);
	return all;
}

/* No pin was found: it floats. Over isolated CPUs alone no shared VM does: they count as pinned. */
static void float_vm(Adopter *a, AdoptVm *vm)
{
	const Guest *guest = vm->vm->guest;
	unsigned single = MAX(count_single(guest, NEXT), count_single(guest, LIVE));
	g_autofree char *list = NULL;

	vm->spec->policy = POLICY_SHARED;
	vm->floats = floating_place(a, vm->vm);
	vm->loose = is_loose(guest);
	if (single &&
	    same_places(guest, 0, guest_has(guest, SIDE_NEXT) ? NEXT : LIVE) < adopt_vcpus(guest))
		adopt_note(a, LOST, vm->section, "policy",
			   "%u of its vCPUs are pinned to one CPU, possibly shared; the others are "
			   "not",
			   single);
	if (set_meets(vm->floats, a->others))
		return;
	list = set_text(vm->floats);
	adopt_note(a, LOST, vm->section, "policy",
		   "it floats over isolated CPUs (%s), where the scheduler does not balance", list);
	hwloc_bitmap_or(a->pinned, a->pinned, vm->floats);
	g_clear_pointer(&vm->floats, hwloc_bitmap_free);
}

/* A core for each vCPU, and its siblings idle. */
static bool adopt_policy_isolates(const Adopter *a, const VmSpec *spec)
{
	g_auto(CpuSet) cores = set_new();
	unsigned threads = 1;

	for (unsigned v = 0; spec->cpus && v < spec->cpus->len; v++) {
		unsigned core = host_core_of(a->host, g_array_index(spec->cpus, unsigned, v));

		if (core == HOST_NONE || hwloc_bitmap_isset(cores, core))
			return false;
		hwloc_bitmap_set(cores, core);
		threads = MAX(threads, host_core(a->host, core)->n_cpus);
	}
	return spec->cpus && spec->vcpus > 1 && threads > 1;
}

/* No plan has CPUs that the host lacks, or that are offline: then it is to choose. */
static void pins_leave_out(Adopter *a, const AdoptVm *vm)
{
	g_auto(CpuSet) gone = set_new();
	g_autofree char *list = NULL;

	for (unsigned v = 0; vm->spec->cpus && v < vm->spec->cpus->len; v++) {
		unsigned cpu = g_array_index(vm->spec->cpus, unsigned, v);

		if (host_core_of(a->host, cpu) == HOST_NONE)
			hwloc_bitmap_set(gone, cpu);
	}
	if (hwloc_bitmap_iszero(gone))
		return;
	list = set_text(gone);
	g_clear_pointer(&vm->spec->cpus, g_array_unref);
	adopt_note(a, LOST, vm->section, "policy",
		   "it is pinned to CPUs %s, which are not online: its pins are left out", list);
}

void adopt_policy(Adopter *a, AdoptVm *vm)
{
	g_autofree char *list = NULL;

	if (!pin_one_to_one(a, vm) && !pin_in_groups(a, vm) && !pin_mixed(a, vm) &&
	    !pin_filled(a, vm))
		float_vm(a, vm);
	list = vm->spec->cpus ? setting_cpus_text(vm->spec->cpus) : NULL;
	if (list && !adopt_parses("host", "cpus", list)) {
		g_clear_pointer(&vm->spec->cpus, g_array_unref);
		adopt_note(a, LOST, vm->section, "policy",
			   "it is pinned, but the list of its CPUs is too long, or names CPUs "
			   "above the kernel's maximum");
	}
	pins_leave_out(a, vm);
	vm->spec->threads = adopt_policy_isolates(a, vm->spec) ? THREADS_ISOLATE : THREADS_SIBLINGS;
}
