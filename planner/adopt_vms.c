/* SPDX-License-Identifier: MIT */
/* [vm NAME]: the VMs, by what they really do. */
#include "planner/adopt_internal.h"
#include "planner/rules_sides.h"
#include "planner/size.h"

#include <string.h>

#define IOTHREADS_MAX 64 /* as the parser has it */
#define VMS_MAX 8192

/* Where it is said where a VM runs. What its owner wrote down for the next start goes before what
 * is so for now; threads are looked at where neither document pins them. */
typedef enum Source { NEXT, LIVE, REAL, N_SOURCES } Source;

static const char *const source_names[N_SOURCES] = {"its next start", "the running domain",
						    "its threads"};

static unsigned vcpus_of(const Guest *guest)
{
	return MIN(guest->vcpus, guest->vcpu_threads->len);
}

/* Where vCPU V may run; NULL = anywhere, or not known. */
static hwloc_const_bitmap_t place_of(const Guest *guest, unsigned v, Source source)
{
	const GuestThread *thread = guest_thread(guest->vcpu_threads, v);

	switch (source) {
	case NEXT:
		return thread_place(guest, thread, SIDE_NEXT);
	case LIVE:
		return thread_place(guest, thread, SIDE_LIVE);
	default:
		return thread->real;
	}
}

static bool has_pin(const Guest *guest, unsigned v, Source source)
{
	const GuestThread *thread = guest_thread(guest->vcpu_threads, v);

	return source == REAL ? thread->real
			      : thread_pin(thread, source == NEXT ? SIDE_NEXT : SIDE_LIVE);
}

/* Pinned one to one */

/* One vCPU that has a single CPU to float over has no pin: the pool is that small. */
static bool alone_in_pool(const Adopter *a, const Guest *guest, Source source)
{
	return vcpus_of(guest) == 1 && (source == REAL || !has_pin(guest, 0, source)) &&
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

	for (unsigned v = 0; v < vcpus_of(guest); v++) {
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

/* Pinned in groups: the two vCPUs of a core each to both of its CPUs, a VM to as many as it has. */

static unsigned same_places(const Guest *guest, unsigned v, Source source)
{
	hwloc_const_bitmap_t place = place_of(guest, v, source);
	unsigned n = 0;

	for (unsigned other = 0; other < vcpus_of(guest); other++)
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

	for (unsigned v = 0; v < vcpus_of(guest); v++) {
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
static CpuSet pinned_by_any(const Adopter *a)
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
	g_auto(CpuSet) pinned = pinned_by_any(a);
	CpuSet left = set_new();

	for (unsigned v = 0; v < vcpus_of(guest); v++) {
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

	for (unsigned v = 0; v < vcpus_of(guest); v++)
		n += set_single(place_of(guest, v, source));
	return n;
}

/* The vCPUs without a CPU of their own take what is left on the cores of the others, if that is
 * exactly as many. */
static GArray *filled(const Adopter *a, const Guest *guest, Source source)
{
	g_autoptr(GArray) cpus = g_array_new(FALSE, FALSE, sizeof(unsigned));
	g_auto(CpuSet) left = left_on_cores(a, guest, source), seen = set_new();
	unsigned missing = vcpus_of(guest) - count_single(guest, source);

	if (!missing || missing != (unsigned)hwloc_bitmap_weight(left))
		return NULL;
	for (unsigned v = 0; v < vcpus_of(guest); v++) {
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
static char *elsewhere(const Guest *guest, Source source, const GArray *cpus)
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
		g_autofree char *names = s == taken ? NULL : elsewhere(vm->vm->guest, s, cpus);

		if (names)
			adopt_note(a, SEEN, vm->section, "cpus", "taken from %s; %s has %s",
				   source_names[taken], source_names[s], names);
	}
}

/* Policy */

static void pinned(Adopter *a, const AdoptVm *vm, GArray *cpus)
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
		pinned(a, vm, cpus);
		if (s == REAL)
			adopt_note(a, GUESSED, vm->section, "cpus",
				   "its XML does not say so, but its threads are each on one CPU");
		else
			note_elsewhere(a, vm, s, cpus);
		return true;
	}
	return false;
}

static bool pin_in_groups(Adopter *a, AdoptVm *vm)
{
	for (Source s = NEXT; s <= LIVE; s++) {
		GArray *cpus = in_groups(a, vm->vm->guest, s);
		g_autofree char *names = cpus ? elsewhere(vm->vm->guest, s, cpus) : NULL;

		if (!cpus)
			continue;
		pinned(a, vm, cpus);
		adopt_note(
			a, GUESSED, vm->section, "cpus",
			"as many vCPUs as CPUs to float over, and all isolated: one each. %s: %s",
			source_names[s], names);
		return true;
	}
	return false;
}

static bool pin_filled(Adopter *a, AdoptVm *vm)
{
	for (Source s = NEXT; s <= LIVE; s++) {
		GArray *cpus = filled(a, vm->vm->guest, s);
		g_autofree char *names = NULL;

		if (!cpus)
			continue;
		pinned(a, vm, cpus);
		names = elsewhere(vm->vm->guest, s, cpus);
		adopt_note(a, GUESSED, vm->section, "cpus",
			   "not every vCPU is pinned to a CPU of its own; the CPUs that are left "
			   "on its cores are theirs%s%s",
			   names ? ". Now: " : "", names ? names : "");
		return true;
	}
	return false;
}

/* Does neither document say where any of its vCPUs may run? */
static bool is_loose(const Guest *guest)
{
	for (unsigned v = 0; v < vcpus_of(guest); v++)
		if (place_of(guest, v, NEXT) || place_of(guest, v, LIVE))
			return false;
	return true;
}

/* CPUs the scheduler balances over: a place that names isolated ones too is cut down to these. */
static CpuSet floating_place(const Adopter *a, const AuditVm *vm)
{
	const Guest *guest = vm->guest;
	CpuSet all = set_new();

	for (unsigned v = 0; v < vcpus_of(guest); v++) {
		hwloc_const_bitmap_t place = place_of(guest, v, NEXT);

		place = place ? place : place_of(guest, v, LIVE);
		place = place ? place : g_ptr_array_index(vm->vcpus, v);
		hwloc_bitmap_or(all, all, place);
	}
	if (set_meets(all, a->others))
		hwloc_bitmap_and(all, all, a->others);
	return all;
}

static void note_floating(Adopter *a, const AdoptVm *vm, hwloc_const_bitmap_t place)
{
	g_autofree char *list = set_text(place);
	const Guest *guest = vm->vm->guest;
	unsigned single = MAX(count_single(guest, NEXT), count_single(guest, LIVE));

	if (single &&
	    same_places(guest, 0, guest_has(guest, SIDE_NEXT) ? NEXT : LIVE) < vcpus_of(guest))
		adopt_note(a, LOST, vm->section, "policy",
			   "%u of its vCPUs are pinned to one CPU, which another may have too, the "
			   "others are not",
			   single);
	if (!set_meets(place, a->others))
		adopt_note(
			a, LOST, vm->section, "policy",
			"it floats over isolated CPUs (%s), where the scheduler balances nothing",
			list);
}

static void float_vm(Adopter *a, AdoptVm *vm)
{
	vm->spec->policy = POLICY_SHARED;
	vm->floats = floating_place(a, vm->vm);
	vm->loose = is_loose(vm->vm->guest);
	note_floating(a, vm, vm->floats);
	if (!set_meets(vm->floats, a->others)) {
		hwloc_bitmap_or(a->pinned, a->pinned, vm->floats);
		g_clear_pointer(&vm->floats, hwloc_bitmap_free);
	}
}

static bool cpus_sayable(const GArray *cpus)
{
	g_autofree char *list = inventory_cpus(cpus);

	return adopt_parses("host", "cpus", list);
}

static void policy_adopt(Adopter *a, AdoptVm *vm)
{
	if (!pin_one_to_one(a, vm) && !pin_in_groups(a, vm) && !pin_filled(a, vm))
		float_vm(a, vm);
	if (vm->spec->cpus && !cpus_sayable(vm->spec->cpus)) {
		g_clear_pointer(&vm->spec->cpus, g_array_unref);
		adopt_note(a, LOST, vm->section, "policy",
			   "it is pinned, but the list of its CPUs is too long, or names CPUs that "
			   "no kernel has");
	}
}

/* A core for each vCPU, and its siblings idle. */
static bool isolates(const Adopter *a, const VmSpec *spec)
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

/* Memory */

/* The size of huge pages where nobody names one: the line's, else the only size the node has. */
static uint64_t default_page(const Adopter *a)
{
	const GArray *pages = a->facts->hugepages;
	const CmdlineWord *word =
		a->audit->cmdline ? cmdline_last(a->audit->cmdline, "default_hugepagesz") : NULL;
	uint64_t size = 0;

	if (word && word->value && size_parse(word->value, &size))
		return size;
	for (unsigned i = 0; pages && i < pages->len; i++) {
		const HugePages *one = &g_array_index(pages, HugePages, i);

		if (one->total && size && one->size != size)
			return 0;
		if (one->total)
			size = one->size;
	}
	return size;
}

static bool size_sayable(const char *key, uint64_t bytes)
{
	g_autofree char *text = size_format(bytes);
	g_autofree char *memory = g_strdup_printf("%s\nvcpus = 1\nmemory = 1G", text);

	return bytes && (g_str_equal(key, "memory") ? size_parse(text, &bytes)
						    : adopt_parses("vm x", key, memory));
}

static void page_adopt(Adopter *a, const AdoptVm *vm)
{
	const Guest *guest = vm->vm->guest;
	uint64_t page = guest->page ? guest->page : default_page(a);

	if (!guest->hugepages)
		return;
	if (!vm->spec->memory || !size_sayable("hugepages", page)) {
		adopt_note(a, LOST, vm->section, "memory",
			   "it has huge pages, but their size, or its memory, is not known");
		return;
	}
	vm->spec->page = page;
	if (!guest->page)
		adopt_note(a, GUESSED, vm->section, "hugepages",
			   "it has huge pages and does not say of which size: the node's own");
}

static void memory_adopt(Adopter *a, const AdoptVm *vm)
{
	const Guest *guest = vm->vm->guest;

	if (size_sayable("memory", guest->memory))
		vm->spec->memory = guest->memory;
	else
		adopt_note(a, UNREAD, vm->section, NULL, "its memory is not known");
	page_adopt(a, vm);
	vm->spec->locked = guest->locked;
}

/* The rest */

static void mode_adopt(Adopter *a, const AdoptVm *vm)
{
	const Guest *guest = vm->vm->guest;
	g_autofree char *shown = guest->cpu_mode ? adopt_short(guest->cpu_mode) : NULL;

	vm->spec->cpu_mode = vm->vm->spec->cpu_mode;
	if (guest->unlisted)
		adopt_note(a, GUESSED, vm->section, "cpu-mode", "it has no XML to tell");
	else if (!guest->cpu_mode)
		adopt_note(a, GUESSED, vm->section, "cpu-mode",
			   "its XML names no CPU model: QEMU's own is one");
	else if (!g_str_equal(guest->cpu_mode, cpu_mode_names[vm->spec->cpu_mode]))
		adopt_note(a, GUESSED, vm->section, "cpu-mode", "its CPU mode '%s' is none of ours",
			   shown);
}

static void iothreads_adopt(Adopter *a, const AdoptVm *vm)
{
	unsigned n = vm->vm->guest->iothreads->len;

	vm->spec->iothreads = MIN(n, IOTHREADS_MAX);
	if (n > IOTHREADS_MAX)
		adopt_note(a, LOST, vm->section, "iothreads", "it has %u I/O threads", n);
}

static void note_state(Adopter *a, const AdoptVm *vm)
{
	const Guest *guest = vm->vm->guest;

	if (guest->unlisted)
		adopt_note(a, GUESSED, vm->section, NULL,
			   "a QEMU that runs and that libvirt does not know: pid %u", guest->pid);
	else if (!guest->running)
		adopt_note(a, SEEN, vm->section, NULL, "it does not run");
	else if (!guest->persistent)
		adopt_note(a, SEEN, vm->section, NULL,
			   "it is transient: libvirt forgets it when it stops");
	if (guest->vcpus_max > guest->vcpus)
		adopt_note(a, SEEN, vm->section, "vcpus", "up to %u may be plugged in",
			   guest->vcpus_max);
}

static AdoptVm *vm_new(const AuditVm *audited)
{
	AdoptVm *vm = g_new0(AdoptVm, 1);

	vm->vm = audited;
	vm->spec = vm_spec_new(audited->name);
	vm->spec->vcpus = vcpus_of(audited->guest);
	vm->section = g_strconcat("vm ", audited->name, NULL);
	return vm;
}

static void vm_adopt(Adopter *a, const AuditVm *audited)
{
	AdoptVm *vm = vm_new(audited);

	g_ptr_array_add(a->vms, vm);
	g_ptr_array_add(a->inventory->vms, vm->spec);
	note_state(a, vm);
	policy_adopt(a, vm);
	vm->spec->threads = isolates(a, vm->spec) ? THREADS_ISOLATE : THREADS_SIBLINGS;
	memory_adopt(a, vm);
	mode_adopt(a, vm);
	iothreads_adopt(a, vm);
}

/* Which VMs */

static const char *fault_of(const Adopter *a, const AuditVm *vm)
{
	const char *fault = inventory_name_fault(vm->name);
	unsigned vcpus = vcpus_of(vm->guest);

	if (fault)
		return fault;
	if (!vcpus)
		return "has no vCPUs that could be read";
	if (vcpus > CPULIST_LIMIT)
		return "has more vCPUs than Linux has CPUs";
	if (a->vms->len >= VMS_MAX)
		return "is one more than an inventory holds";
	for (unsigned i = 0; i < a->vms->len; i++)
		if (g_str_equal(((const AdoptVm *)g_ptr_array_index(a->vms, i))->spec->name,
				vm->name))
			return "has the name of another VM";
	return NULL;
}

static int name_compare(gconstpointer a, gconstpointer b)
{
	return strverscmp((*(AuditVm *const *)a)->name, (*(AuditVm *const *)b)->name);
}

void adopt_vms(Adopter *a)
{
	g_autoptr(GPtrArray) vms = g_ptr_array_new();

	for (unsigned i = 0; i < a->audit->vms->len; i++)
		g_ptr_array_add(vms, g_ptr_array_index(a->audit->vms, i));
	g_ptr_array_sort(vms, name_compare);
	for (unsigned i = 0; i < vms->len; i++) {
		const AuditVm *vm = g_ptr_array_index(vms, i);
		const char *fault = fault_of(a, vm);
		g_autofree char *name = adopt_short(vm->name);

		if (fault)
			adopt_note(a, LOST, NULL, NULL, "VM '%s' is left out: it %s", name, fault);
		else
			vm_adopt(a, vm);
	}
}
