/* SPDX-License-Identifier: MIT */
/* [vm NAME]: the VMs, by what they really do. */
#include "planner/adopt/adopt_internal.h"
#include "planner/base/size.h"
#include "planner/inventory/settings.h"
#include "planner/place/memory_node.h"
#include "planner/place/placer.h"

#include <string.h>

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
			   "it has huge pages, but their size or its memory is unknown");
		return;
	}
	vm->spec->page = page;
	if (!guest->page)
		adopt_note(
			a, GUESSED, vm->section, "hugepages",
			"it has huge pages of unspecified size; the node's default size is used");
}

/* What the shares of a VM that is pinned as it is take, if it has BYTES. */
static uint64_t shares_take(const Adopter *a, const VmSpec *spec, uint64_t bytes)
{
	VmSpec sized = *spec;
	uint64_t sum = 0;

	sized.memory = bytes;
	for (unsigned node = 0; node < a->host->nodes->len; node++) {
		unsigned vcpus = 0;

		for (unsigned v = 0; v < vm_spec_pinned(spec); v++) {
			unsigned core =
				host_core_of(a->host, g_array_index(spec->cpus, unsigned, v));

			vcpus += core != HOST_NONE && host_core(a->host, core)->node == node;
		}
		sum += vcpus ? place_share_memory(&sized, vcpus) : 0;
	}
	return sum;
}

/*
 * A guest's memory is that of its cells, whole pages each; the inventory's is dealt out by vCPUs
 * and rounded up. Of shares that differ the sum may be more than there is: then what is asked for
 * is the most that takes no more.
 */
static void memory_fit_shares(Adopter *a, const AdoptVm *vm)
{
	VmSpec *spec = vm->spec;
	uint64_t most = spec->memory >> 20, least = 1, all = spec->memory;

	if (!spec->page || !spec->cpus || spec->memory_node >= 0 ||
	    shares_take(a, spec, all) <= all)
		return;
	while (least < most) {
		uint64_t middle = least + (most - least + 1) / 2;

		if (shares_take(a, spec, middle << 20) <= all)
			least = middle;
		else
			most = middle - 1;
	}
	if (shares_take(a, spec, least << 20) != all)
		return;
	spec->memory = least << 20;
	adopt_note(a, SEEN, vm->section, "memory",
		   "less than it has: its shares are rounded up to whole pages on each node");
}

/* It is bound to one node, of memory alone: that is its wish. */
static void memory_node_adopt(Adopter *a, const AdoptVm *vm)
{
	hwloc_const_bitmap_t bound = vm->vm->guest->nodes_live ? vm->vm->guest->nodes_live
							       : vm->vm->guest->nodes_inactive;

	if (!bound || hwloc_bitmap_weight(bound) != 1 || !vm->spec->memory ||
	    vm->spec->policy == POLICY_SHARED)
		return;
	vm->spec->memory_node = hwloc_bitmap_first(bound);
	if (memory_node_of(a->host, vm->spec) == HOST_NONE)
		vm->spec->memory_node = -1;
}

static void memory_adopt(Adopter *a, const AdoptVm *vm)
{
	const Guest *guest = vm->vm->guest;

	if (size_sayable("memory", guest->memory))
		vm->spec->memory = guest->memory;
	else
		adopt_note(a, UNREAD, vm->section, NULL, "its memory is unknown");
	page_adopt(a, vm);
	memory_node_adopt(a, vm);
	memory_fit_shares(a, vm);
}

/* The rest */

static void mode_adopt(Adopter *a, const AdoptVm *vm)
{
	const Guest *guest = vm->vm->guest;
	g_autofree char *shown = guest->cpu_mode ? adopt_short(guest->cpu_mode) : NULL;

	if (!guest->cpu_mode)
		adopt_note(a, GUESSED, vm->section, "cpu-mode",
			   "its %s names no CPU model, so it has QEMU's default",
			   guest->unlisted ? "command line" : "XML");
	else if (!g_str_equal(guest->cpu_mode, cpu_mode_names[vm->spec->cpu_mode]))
		adopt_note(a, GUESSED, vm->section, "cpu-mode",
			   "no inventory can express its CPU mode '%s'", shown);
}

static void iothreads_adopt(Adopter *a, const AdoptVm *vm)
{
	unsigned n = vm->vm->guest->iothreads->len;

	vm->spec->iothreads = MIN(n, IOTHREADS_MAX);
	if (n > IOTHREADS_MAX)
		adopt_note(a, LOST, vm->section, "iothreads", "it has %u I/O threads", n);
}

/* Are vCPUs of any VM on the core, which is number INDEX, or CPUs that another one was given? */
static bool core_used(const Adopter *a, const AdoptVm *vm, unsigned index)
{
	const Core *core = host_core(a->host, index);

	for (unsigned i = 0; i < a->audit->vms->len; i++) {
		const AuditVm *any = g_ptr_array_index(a->audit->vms, i);

		for (unsigned t = 0; t < core->n_cpus; t++)
			if (hwloc_bitmap_isset(any->cpus, core->cpu[t]))
				return true;
	}
	for (unsigned i = 0; i < a->vms->len; i++) {
		const AdoptVm *other = g_ptr_array_index(a->vms, i);
		const GArray *cpus = other == vm ? NULL : other->spec->cpus;

		for (unsigned c = 0; cpus && c < cpus->len; c++)
			if (host_core_of(a->host, g_array_index(cpus, unsigned, c)) == index)
				return true;
	}
	return false;
}

/* May one of THREADS run on CPU, as far as that is known? */
static bool threads_on(const Adopter *a, const Guest *guest, const GArray *threads, unsigned cpu)
{
	for (unsigned i = 0; i < threads->len; i++) {
		hwloc_const_bitmap_t place =
			thread_place(a->audit, guest, guest_thread(threads, i), guest_side(guest));

		if (place && hwloc_bitmap_isset(place, cpu))
			return true;
	}
	return false;
}

/* The same of the emulator and the I/O threads of all VMs but VM. */
static bool helpers_of_others_on(const Adopter *a, const AdoptVm *vm, unsigned cpu)
{
	for (unsigned i = 0; i < a->audit->vms->len; i++) {
		const AuditVm *other = g_ptr_array_index(a->audit->vms, i);
		const Guest *guest = other == vm->vm ? NULL : other->guest;

		if (guest && (threads_on(a, guest, guest->emulator_threads, cpu) ||
			      threads_on(a, guest, guest->iothreads, cpu)))
			return true;
	}
	return false;
}

/* The one isolated CPU that THREAD has to itself, on a core that no vCPU and no other VM has; none
 * of CPUS. HOST_NONE. */
static unsigned helper_cpu(const Adopter *a, const AdoptVm *vm, const GuestThread *thread,
			   const GArray *cpus)
{
	hwloc_const_bitmap_t place =
		thread_place(a->audit, vm->vm->guest, thread, guest_side(vm->vm->guest));
	unsigned cpu = set_single(place) ? (unsigned)hwloc_bitmap_first(place) : HOST_NONE;

	if (cpu == HOST_NONE || !hwloc_bitmap_isset(a->isolated, cpu) ||
	    host_core_of(a->host, cpu) == HOST_NONE)
		return HOST_NONE;
	if (core_used(a, vm, host_core_of(a->host, cpu)) || helpers_of_others_on(a, vm, cpu))
		return HOST_NONE;
	for (unsigned c = 0; c < vm->spec->cpus->len; c++)
		if (g_array_index(vm->spec->cpus, unsigned, c) == cpu)
			return HOST_NONE;
	for (unsigned c = 0; c < cpus->len; c++)
		if (g_array_index(cpus, unsigned, c) == cpu)
			return HOST_NONE;
	return cpu;
}

/* Has each of the first N of THREADS a CPU of its own? They are added to its CPUs. */
static bool helpers_own(const Adopter *a, const AdoptVm *vm, const GArray *threads, unsigned n)
{
	g_autoptr(GArray) cpus = g_array_new(FALSE, FALSE, sizeof(unsigned));

	for (unsigned i = 0; i < n; i++) {
		unsigned cpu = helper_cpu(a, vm, guest_thread(threads, i), cpus);

		if (cpu == HOST_NONE)
			return false;
		g_array_append_val(cpus, cpu);
	}
	for (unsigned i = 0; i < n; i++)
		hwloc_bitmap_set(a->pinned, g_array_index(cpus, unsigned, i));
	g_array_append_vals(vm->spec->cpus, cpus->data, cpus->len);
	return n > 0;
}

/* Emulator and I/O threads on isolated CPUs that are theirs alone. */
static void helpers_adopt(const Adopter *a, const AdoptVm *vm)
{
	const Guest *guest = vm->vm->guest;

	if (!vm->spec->cpus || guest->unlisted)
		return;
	if (helpers_own(a, vm, guest->emulator_threads, 1))
		vm->spec->emulator = HELPER_OWN;
	if (vm->spec->iothreads == guest->iothreads->len &&
	    helpers_own(a, vm, guest->iothreads, vm->spec->iothreads))
		vm->spec->iothread_cpus = HELPER_OWN;
}

/* As it is to be from its next start on, or, where no XML says that, as it runs. */
static const Scheduler *scheduler_of(const GuestThread *thread)
{
	if (thread->inactive_scheduler.policy != SCHEDULER_UNKNOWN)
		return &thread->inactive_scheduler;
	return thread->live_scheduler.policy != SCHEDULER_UNKNOWN ? &thread->live_scheduler
								  : &thread->scheduler;
}

/* The first scheduler there is holds for all vCPUs that are real-time. */
static void realtime_adopt(Adopter *a, const AdoptVm *vm)
{
	g_auto(CpuSet) vcpus = hwloc_bitmap_alloc();
	Scheduler first = {0};
	bool differ = false;

	for (unsigned v = 0; v < vm->spec->vcpus; v++) {
		const GuestThread *thread =
			&g_array_index(vm->vm->guest->vcpu_threads, GuestThread, v);
		const Scheduler *one = scheduler_of(thread);

		if (!scheduler_realtime(one))
			continue;
		if (hwloc_bitmap_iszero(vcpus))
			first = *one;
		differ |= !scheduler_equal(one, &first);
		hwloc_bitmap_set(vcpus, v);
	}
	if (hwloc_bitmap_iszero(vcpus))
		return;
	if (vm->spec->policy == POLICY_SHARED || differ) {
		adopt_note(a, LOST, vm->section, "realtime", "%s",
			   differ ? "its vCPUs have several real-time priorities"
				  : "its vCPUs are real-time and float");
		return;
	}
	vm->spec->realtime = first;
	if (hwloc_bitmap_weight(vcpus) < (int)vm->spec->vcpus)
		vm->spec->realtime_vcpus = g_steal_pointer(&vcpus);
}

/* Only where a plan would give it others: the NUMA nodes of its pins say how many. */
static void sockets_adopt(const Adopter *a, const AdoptVm *vm)
{
	g_auto(CpuSet) nodes = hwloc_bitmap_alloc();
	VmSpec *spec = vm->spec;
	unsigned sockets = vm->vm->guest->sockets;

	for (unsigned v = 0; spec->cpus && v < spec->cpus->len; v++) {
		unsigned core = host_core_of(a->host, g_array_index(spec->cpus, unsigned, v));

		if (core != HOST_NONE)
			hwloc_bitmap_set(nodes, host_core(a->host, core)->node);
	}
	if (sockets > 1 && sockets != (unsigned)hwloc_bitmap_weight(nodes) &&
	    MAX(spec->maximum, spec->vcpus) % sockets == 0)
		spec->sockets = sockets;
}

static void note_state(Adopter *a, const AdoptVm *vm)
{
	const Guest *guest = vm->vm->guest;

	if (guest->unlisted)
		adopt_note(a, GUESSED, vm->section, NULL,
			   "a running QEMU that libvirt does not know: pid %u", guest->pid);
	else if (!guest->running)
		adopt_note(a, SEEN, vm->section, NULL, "it does not run");
	else if (!guest->persistent)
		adopt_note(a, SEEN, vm->section, NULL,
			   "it is transient: libvirt forgets it when it stops");
	if (guest->later->len)
		adopt_note(a, LOST, vm->section, "maximum",
			   "%u pins of vCPUs that may be plugged in are left out",
			   guest->later->len);
}

static void vm_adopt(Adopter *a, const AuditVm *audited)
{
	AdoptVm *vm = g_new0(AdoptVm, 1);

	vm->vm = audited;
	vm->spec = vm_spec_new(audited->name);
	vm->spec->vcpus = adopt_vcpus(audited->guest);
	settings_see(vm_settings, audited->guest, vm->spec);
	vm->section = g_strconcat("vm ", audited->name, NULL);
	g_ptr_array_add(a->vms, vm);
	g_ptr_array_add(a->inventory->vms, vm->spec);
	note_state(a, vm);
	adopt_policy(a, vm);
	memory_adopt(a, vm);
	mode_adopt(a, vm);
	sockets_adopt(a, vm);
	realtime_adopt(a, vm);
	iothreads_adopt(a, vm);
	helpers_adopt(a, vm);
}

/* Which VMs */

static const char *fault_of(const Adopter *a, const AuditVm *vm)
{
	const char *fault = inventory_name_fault(vm->name);
	unsigned vcpus = adopt_vcpus(vm->guest);

	if (fault)
		return fault;
	if (!vcpus)
		return "has no vCPUs that could be read";
	if (vcpus > CPULIST_LIMIT)
		return "has more vCPUs than Linux has CPUs";
	if (a->vms->len >= INVENTORY_VMS_MAX)
		return "exceeds the maximum of an inventory";
	for (unsigned i = 0; i < a->vms->len; i++)
		if (g_str_equal(((const AdoptVm *)g_ptr_array_index(a->vms, i))->spec->name,
				vm->name))
			return "has the name of another VM";
	return NULL;
}

/* Cores have the first of the VMs that others take turns with: which run, or are in the inventory.
 */
typedef struct Turns {
	const GPtrArray *vms; /* of AuditVm *, in their order */
	unsigned *first;      /* by core: index of that VM, G_MAXUINT = there is none */
} Turns;

/* The VM of that INDEX has the cores that it is pinned to, unless one before it has. */
static void turns_add(Turns *turns, const Adopter *a, unsigned index)
{
	const AuditVm *vm = g_ptr_array_index(turns->vms, index);
	g_autoptr(GArray) cpus = adopt_pins(a, vm->guest);

	for (unsigned v = 0; cpus && v < cpus->len; v++) {
		unsigned core = host_core_of(a->host, g_array_index(cpus, unsigned, v));

		if (core != HOST_NONE)
			turns->first[core] = MIN(turns->first[core], index);
	}
}

/* Whom VM, which does not run, takes turns with: the first that is pinned to CPUs of the same
 * cores. NULL = nobody, or it runs. */
static const AuditVm *turns_with(const Turns *turns, const Adopter *a, const AuditVm *vm)
{
	g_autoptr(GArray) cpus = vm->guest->running ? NULL : adopt_pins(a, vm->guest);
	unsigned index = G_MAXUINT;

	for (unsigned v = 0; cpus && v < cpus->len; v++) {
		unsigned core = host_core_of(a->host, g_array_index(cpus, unsigned, v));

		if (core != HOST_NONE)
			index = MIN(index, turns->first[core]);
	}
	return index == G_MAXUINT ? NULL : g_ptr_array_index(turns->vms, index);
}

/* Nova takes CPUs of VMs that do not run offline, and brings them back when they start. */
static bool awaits_cpus(const Adopter *a, const AuditVm *vm)
{
	g_autoptr(GArray) cpus = a->facts->platform == PLATFORM_OPENSTACK && !vm->guest->running
					 ? adopt_pins(a, vm->guest)
					 : NULL;

	for (unsigned v = 0; cpus && v < cpus->len; v++) {
		unsigned cpu = g_array_index(cpus, unsigned, v);

		if (host_core_of(a->host, cpu) == HOST_NONE && host_has_cpu(a->host, cpu))
			return true;
	}
	return false;
}

/* Is there no place for VM in an inventory, whose VMs all run at once? Says why. */
static bool adopt_vms_left_out(Adopter *a, const Turns *turns, const AuditVm *vm)
{
	const char *fault = fault_of(a, vm);
	const AuditVm *with = fault ? NULL : turns_with(turns, a, vm);
	g_autofree char *name = adopt_short(vm->name);
	g_autofree char *other = with ? adopt_short(with->name) : NULL;

	if (fault)
		adopt_note(a, LOST, NULL, NULL, "VM '%s' is left out: it %s", name, fault);
	else if (with)
		adopt_note(a, LOST, NULL, NULL,
			   "VM '%s' is left out: it does not run, and takes turns with '%s', which "
			   "is pinned to the same cores",
			   name, other);
	else if (awaits_cpus(a, vm))
		adopt_note(a, LOST, NULL, NULL,
			   "VM '%s' is left out: it does not run, and its CPUs are offline until "
			   "Nova starts it",
			   name);
	else
		return false;
	return true;
}

static int adopt_vms_name_compare(gconstpointer a, gconstpointer b)
{
	return strverscmp((*(AuditVm *const *)a)->name, (*(AuditVm *const *)b)->name);
}

void adopt_vms(Adopter *a)
{
	g_autoptr(GPtrArray) vms = g_ptr_array_new();
	unsigned n = a->host->cores->len;
	g_autofree unsigned *first = g_new(unsigned, n + 1);
	Turns turns = {vms, first};

	for (unsigned i = 0; i < n; i++)
		first[i] = G_MAXUINT;
	for (unsigned i = 0; i < a->audit->vms->len; i++)
		g_ptr_array_add(vms, g_ptr_array_index(a->audit->vms, i));
	g_ptr_array_sort(vms, adopt_vms_name_compare);
	for (unsigned i = 0; i < vms->len; i++)
		if (((const AuditVm *)g_ptr_array_index(vms, i))->guest->running)
			turns_add(&turns, a, i);
	for (unsigned i = 0; i < vms->len; i++) {
		const AuditVm *vm = g_ptr_array_index(vms, i);

		if (adopt_vms_left_out(a, &turns, vm))
			continue;
		vm_adopt(a, vm);
		if (!vm->guest->running)
			turns_add(&turns, a, i);
	}
}
