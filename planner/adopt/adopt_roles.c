/* SPDX-License-Identifier: MIT */
/* [host], [sdk], [shared]: who has which cores. */
#include "planner/adopt/adopt_internal.h"
#include "planner/check/fence.h"

#include <string.h>

static CpuSet adopt_roles_core_cpus(const Core *core)
{
	CpuSet cpus = set_new();

	for (unsigned i = 0; i < core->n_cpus; i++)
		hwloc_bitmap_set(cpus, core->cpu[i]);
	return cpus;
}

/* All CPUs of the cores that CPUS touches, the boot CPU's left out where BOOT is false. Yours. */
static CpuSet whole_cores(const Host *host, hwloc_const_bitmap_t cpus, bool boot)
{
	CpuSet whole = set_new();

	for (unsigned i = !boot; i < host->cores->len; i++) {
		g_auto(CpuSet) core = adopt_roles_core_cpus(host_core(host, i));

		if (hwloc_bitmap_intersects(core, cpus))
			hwloc_bitmap_or(whole, whole, core);
	}
	return whole;
}

/* Isolated */

/* A core has one role: one that is isolated in part counts as isolated, the boot CPU's never. */
static void note_split(Adopter *a, hwloc_const_bitmap_t found)
{
	g_auto(CpuSet) added = set_minus(a->isolated, found);
	g_auto(CpuSet) left = set_minus(found, a->isolated);
	g_autofree char *more = set_text(added), *less = set_text(left);

	if (!hwloc_bitmap_iszero(added))
		adopt_note(a, LOST, "host", NULL,
			   "CPUs %s are not isolated, but their siblings are; a core has one role, "
			   "so they count as isolated",
			   more);
	if (!hwloc_bitmap_iszero(left))
		adopt_note(a, LOST, "host", NULL,
			   "CPUs %s are isolated, but belong to the boot CPU's core, which is "
			   "always the host's",
			   less);
}

static void note_meant(Adopter *a)
{
	const Audit *audit = a->audit;
	g_autofree char *list = set_text(audit->isolated);

	if (hwloc_bitmap_iszero(audit->quiet) && !hwloc_bitmap_iszero(audit->isolated) &&
	    audit->effects && audit->effects->isolcpus.value)
		adopt_note(a, GUESSED, "host", NULL,
			   "no CPU is isolated, but the kernel line asks for %s; these count as "
			   "isolated",
			   list);
}

/* Isolated, or meant to be. Without isolcpus= a partition may hold some of the CPUs that nohz_full=
 * names, and the others belong to it as well. */
static CpuSet isolated_cpus(const Adopter *a)
{
	const CmdlineEffects *effects = a->audit->effects;
	CpuSet cpus = hwloc_bitmap_dup(a->audit->isolated);

	if (effects && !effects->isolcpus.value)
		hwloc_bitmap_or(cpus, cpus, effects->nohz_full.asked);
	hwloc_bitmap_and(cpus, cpus, a->host->online);
	return cpus;
}

/* Where the kernel isolates nothing, and services are kept to some CPUs, the others are the VMs'.
 */
static void fence_adopt(Adopter *a, hwloc_bitmap_t isolated)
{
	const char *what;
	g_auto(CpuSet) fence =
		hwloc_bitmap_iszero(isolated) ? fence_of(a->facts, a->audit->cmdline, &what) : NULL;
	g_autofree char *list = set_text(fence);

	if (!fence)
		return;
	hwloc_bitmap_andnot(isolated, a->host->online, fence);
	adopt_note(
		a, GUESSED, "host", "cpus",
		"no CPU is isolated, but services are kept to %s by %s: the others are taken for "
		"the VMs'",
		list, what);
}

/* Where nothing keeps anybody off, VMs' CPUs are what they are pinned to: no plan gives CPUs of the
 * host's to a VM. */
static void pins_adopt(Adopter *a, hwloc_bitmap_t isolated)
{
	g_auto(CpuSet) pinned = set_new(), whole = NULL;

	for (unsigned i = 0; hwloc_bitmap_iszero(isolated) && i < a->audit->vms->len; i++) {
		const Guest *guest = ((const AuditVm *)g_ptr_array_index(a->audit->vms, i))->guest;
		g_autoptr(GArray) cpus = guest ? adopt_pins(a, guest) : NULL;

		for (unsigned v = 0; cpus && v < cpus->len; v++)
			hwloc_bitmap_set(pinned, g_array_index(cpus, unsigned, v));
	}
	hwloc_bitmap_and(pinned, pinned, a->host->online);
	if (hwloc_bitmap_iszero(pinned))
		return;
	whole = whole_cores(a->host, pinned, false);
	hwloc_bitmap_copy(isolated, whole);
	if (!hwloc_bitmap_iszero(isolated))
		adopt_note(a, GUESSED, "host", "cpus",
			   "no CPU is isolated: the cores of CPUs that VMs are pinned to, one for "
			   "each vCPU, are taken for theirs");
}

void adopt_isolated(Adopter *a)
{
	g_auto(CpuSet) found = isolated_cpus(a);
	g_auto(CpuSet) whole = NULL;

	fence_adopt(a, found);
	pins_adopt(a, found);
	whole = whole_cores(a->host, found, false);
	hwloc_bitmap_copy(a->isolated, whole);
	hwloc_bitmap_andnot(a->others, a->host->online, a->isolated);
	note_meant(a);
	note_split(a, found);
}

/* The shared pool */

/* The node all of whose CPUs in CPUS are FLOATS, -1. */
static int adopt_roles_node_of(const Host *host, hwloc_const_bitmap_t cpus,
			       hwloc_const_bitmap_t floats)
{
	for (unsigned i = 0; i < host->nodes->len; i++) {
		g_auto(CpuSet) here = set_and(host_node(host, i)->cpus, cpus);

		if (!hwloc_bitmap_iszero(here) && hwloc_bitmap_isequal(here, floats))
			return (int)host_node(host, i)->id;
	}
	return -1;
}

/* Would a plan let every VM float exactly where it does, if POOL is what shared VMs get? */
static bool all_fit(const Adopter *a, hwloc_const_bitmap_t pool)
{
	for (unsigned i = 0; i < a->vms->len; i++) {
		const AdoptVm *vm = g_ptr_array_index(a->vms, i);

		if (vm->floats && !vm->loose && !hwloc_bitmap_isequal(pool, vm->floats) &&
		    adopt_roles_node_of(a->host, pool, vm->floats) < 0)
			return false;
	}
	return true;
}

static CpuSet all_floats(const Adopter *a)
{
	CpuSet all = set_new();

	for (unsigned i = 0; i < a->vms->len; i++) {
		const AdoptVm *vm = g_ptr_array_index(a->vms, i);

		if (vm->floats && !vm->loose)
			hwloc_bitmap_or(all, all, vm->floats);
	}
	hwloc_bitmap_and(all, all, a->others);
	return all;
}

/* A pool of its own is where shared VMs float on some whole cores of the others, without the boot
 * CPU's. */
static bool is_pool(const Adopter *a, hwloc_const_bitmap_t floats)
{
	g_auto(CpuSet) whole = whole_cores(a->host, floats, false);

	return !hwloc_bitmap_iszero(floats) && hwloc_bitmap_isequal(whole, floats) &&
	       all_fit(a, floats);
}

/* Where the VMs float goes into `node`, or there is no word for it. */
static void nodes_adopt(Adopter *a, hwloc_const_bitmap_t pool)
{
	for (unsigned i = 0; i < a->vms->len; i++) {
		AdoptVm *vm = g_ptr_array_index(a->vms, i);
		g_autofree char *list = NULL;

		if (!vm->floats || hwloc_bitmap_isequal(pool, vm->floats))
			continue;
		vm->spec->node = adopt_roles_node_of(a->host, pool, vm->floats);
		if (vm->spec->node >= 0)
			continue;
		list = set_text(vm->floats);
		adopt_note(a, LOST, vm->section, "policy",
			   "its vCPUs float over %s, which is neither the host's CPUs, nor those "
			   "of one node, nor a pool of all shared VMs",
			   list);
	}
}

static void pool_adopt(Adopter *a, hwloc_const_bitmap_t pool, const char *why)
{
	a->inventory->shared.by = SPLIT_CPUS;
	a->inventory->shared.cpus = hwloc_bitmap_dup(pool);
	adopt_note(a, GUESSED, "shared", "cpus", "%s", why);
}

/* CPUs that are neither isolated nor named by irqaffinity=: a plan gives interrupts to the host
 * alone. Empty where the line has none. */
static CpuSet without_irqs(const Adopter *a)
{
	const CmdlineEffects *effects = a->audit->effects;

	return effects && effects->irqaffinity.value
		       ? set_minus(a->others, effects->irqaffinity.asked)
		       : set_new();
}

/* What shared VMs get: a pool if the line tells of one, the host's CPUs if that explains where all
 * of them float, else a pool. */
static void shared_adopt(Adopter *a)
{
	g_auto(CpuSet) floats = all_floats(a), quiet = without_irqs(a);
	hwloc_const_bitmap_t pool = a->others;

	if (is_pool(a, quiet)) {
		pool = quiet;
		pool_adopt(a, pool,
			   "not isolated, but irqaffinity= leaves them out, and no VM floats "
			   "elsewhere: a pool for shared VMs");
	} else if (!all_fit(a, a->others) && is_pool(a, floats)) {
		pool = floats;
		pool_adopt(a, pool,
			   "VMs float over these CPUs and not over all that are not isolated: a "
			   "pool of their own");
	}
	nodes_adopt(a, pool);
}

/* The SDK */

/* Tasks that somebody put on isolated CPUs that no VM is pinned to. */
static bool is_polling(const Task *task, GHashTable *guests, hwloc_const_bitmap_t spare)
{
	return !task->kernel && task->allowed && !hwloc_bitmap_iszero(task->allowed) &&
	       hwloc_bitmap_isincluded(task->allowed, spare) &&
	       !g_hash_table_contains(guests, GUINT_TO_POINTER(task->pid));
}

/* The cores, whole, of tasks on SPARE; their names into NAMES. Yours. */
static CpuSet adopt_roles_polled(const Adopter *a, hwloc_const_bitmap_t spare, Naming *names)
{
	const GArray *tasks = a->facts->tasks->tasks;
	g_autoptr(GHashTable) guests = guest_pids(a->audit);
	g_auto(CpuSet) cpus = set_new();

	for (unsigned i = 0; i < tasks->len; i++) {
		const Task *task = &g_array_index(tasks, Task, i);
		g_autofree char *list = NULL, *name = NULL;

		if (!is_polling(task, guests, spare))
			continue;
		list = set_text(task->allowed);
		name = g_strdup_printf("%s on %s", task->comm, list);
		naming_add(names, name);
		hwloc_bitmap_or(cpus, cpus, task->allowed);
	}
	return whole_cores(a->host, cpus, false);
}

static void sdk_adopt(Adopter *a, hwloc_const_bitmap_t spare)
{
	Naming naming = {0};
	g_auto(CpuSet) cpus = adopt_roles_polled(a, spare, &naming);
	g_autofree char *names = naming_end(&naming);

	if (hwloc_bitmap_iszero(cpus))
		return;
	a->inventory->sdk.by = SPLIT_CPUS;
	a->inventory->sdk.cpus = hwloc_bitmap_dup(cpus);
	adopt_note(a, GUESSED, "sdk", "cpus",
		   "isolated, no VM is pinned there, and only tasks that belong to no VM run "
		   "there: %s",
		   names);
}

/* Cores with an offline sibling are nobody's to give. */
static CpuSet full_cores(const Host *host, hwloc_const_bitmap_t cpus)
{
	CpuSet full = set_new();

	for (unsigned i = 0; i < host->cores->len; i++) {
		g_auto(CpuSet) core = adopt_roles_core_cpus(host_core(host, i));

		if (!host_core(host, i)->partial && hwloc_bitmap_isincluded(core, cpus))
			hwloc_bitmap_or(full, full, core);
	}
	return full;
}

static void note_spare(Adopter *a, hwloc_const_bitmap_t spare)
{
	g_auto(CpuSet) full = full_cores(a->host, spare);
	g_autofree char *list = set_text(full);
	g_autofree char *offer = g_strconcat("cpus = ", list, NULL);
	bool sdk = a->inventory->sdk.by != SPLIT_NONE;
	const char *seen = fact_known(a->facts, FACT_TASKS)
				   ? "no task was seen that runs there alone"
				   : "not all tasks could be read";

	if (hwloc_bitmap_iszero(full))
		return;
	if (sdk)
		adopt_note(a, GUESSED, "sdk", NULL,
			   "CPUs %s are isolated as well, no VM is pinned there, and %s: they are "
			   "free for VMs",
			   list, seen);
	else
		adopt_offer(a, GUESSED, "sdk", NULL, offer,
			    "these CPUs are isolated, no VM is pinned there, and %s: they are free "
			    "for VMs. If they belong to an SDK, use this:",
			    seen);
}

/* The host: all that is left. */

/* CPUAffinity= separates by blanks as well. */
static bool same_list(const char *value, hwloc_const_bitmap_t cpus)
{
	g_auto(GStrv) parts = g_strsplit_set(value, " \t,", -1);
	g_auto(CpuSet) all = set_new();

	for (char **part = parts; *part; part++) {
		g_auto(CpuSet) some = cpulist_parse(*part, NULL);

		if (!some)
			return false;
		hwloc_bitmap_or(all, all, some);
	}
	return hwloc_bitmap_isequal(all, cpus);
}

static void note_systemd(Adopter *a)
{
	GHashTable *systemd = a->facts->services->systemd;
	const char *value = systemd ? g_hash_table_lookup(systemd, "CPUAffinity") : NULL;
	g_autofree char *said = value ? adopt_short(value) : NULL;

	if (value && !same_list(value, a->inventory->host.cpus))
		adopt_note(a, SEEN, "host", "cpus", "systemd's CPUAffinity= is %s", said);
}

static void host_adopt(Adopter *a)
{
	CoreRequest *request = &a->inventory->host;
	const Audit *audit = a->audit;

	/* Neither says what is isolated: then the inventory does not say it either. */
	if (!audit->cmdline && !a->facts->kernel->isolated) {
		request->by = SPLIT_NONE;
		return;
	}
	request->by = SPLIT_CPUS;
	request->cpus = a->inventory->shared.cpus ? set_minus(a->others, a->inventory->shared.cpus)
						  : hwloc_bitmap_dup(a->others);
	if (hwloc_bitmap_iszero(a->isolated))
		adopt_note(a, SEEN, "host", "cpus", "no CPU is isolated: all are the host's");
	note_systemd(a);
}

/* Who may have CPUs that no VM of the inventory is pinned to */

static bool is_adopted(const Adopter *a, const Guest *guest)
{
	for (unsigned i = 0; i < a->vms->len; i++)
		if (((const AdoptVm *)g_ptr_array_index(a->vms, i))->vm->guest == guest)
			return true;
	return false;
}

/* Where THREADS are, or are to be; a mask that goes beyond isolated CPUs claims none. */
static void threads_claim(const Adopter *a, const GArray *threads, hwloc_bitmap_t cpus)
{
	for (unsigned i = 0; i < threads->len; i++) {
		const GuestThread *thread = guest_thread(threads, i);
		const hwloc_const_bitmap_t sets[] = {thread->live, thread->inactive, thread->real};

		for (unsigned s = 0; s < G_N_ELEMENTS(sets); s++)
			if (sets[s] && hwloc_bitmap_isincluded(sets[s], a->isolated))
				hwloc_bitmap_or(cpus, cpus, sets[s]);
	}
}

/* Pins of vCPUs that may be plugged in, and VMs that the inventory leaves out. */
static void others_claim(const Adopter *a, hwloc_bitmap_t cpus)
{
	for (unsigned i = 0; i < a->audit->vms->len; i++) {
		const Guest *guest = ((const AuditVm *)g_ptr_array_index(a->audit->vms, i))->guest;

		if (!guest)
			continue;
		threads_claim(a, guest->later, cpus);
		if (!is_adopted(a, guest))
			threads_claim(a, guest->vcpu_threads, cpus);
	}
}

/* Whose threads cannot be told apart may be anywhere: of those of SPARE nobody knows. */
static void nameless_claim(Adopter *a, hwloc_bitmap_t spare)
{
	for (unsigned i = 0; i < a->audit->vms->len; i++) {
		const Guest *guest = ((const AuditVm *)g_ptr_array_index(a->audit->vms, i))->guest;
		bool there = guest && guest->reach && hwloc_bitmap_intersects(guest->reach, spare);
		g_auto(CpuSet) lost = there ? whole_cores(a->host, guest->reach, true) : NULL;
		g_autofree char *list = NULL;

		if (!there)
			continue;
		hwloc_bitmap_and(lost, lost, spare);
		list = set_text(lost);
		adopt_note(a, UNREAD, "host", NULL,
			   "CPUs %s are isolated, and the threads of QEMU %u, which cannot be told "
			   "apart, may run there: whether they are free is unknown",
			   list, guest->pid);
		hwloc_bitmap_andnot(spare, spare, lost);
	}
}

void adopt_roles(Adopter *a)
{
	g_auto(CpuSet) claimed = hwloc_bitmap_dup(a->pinned);
	g_auto(CpuSet) taken = NULL, spare = NULL;

	others_claim(a, claimed);
	taken = whole_cores(a->host, claimed, true);
	spare = set_minus(a->isolated, taken);
	nameless_claim(a, spare);
	shared_adopt(a);
	host_adopt(a);
	sdk_adopt(a, spare);
	if (a->inventory->sdk.cpus)
		hwloc_bitmap_andnot(spare, spare, a->inventory->sdk.cpus);
	note_spare(a, spare);
}
