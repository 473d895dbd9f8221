/* SPDX-License-Identifier: MIT */
/* What rules look at, derived once from plan, inventory and facts. */
#include "planner/base/subject.h"
#include "planner/base/version.h"
#include "planner/check/rules_found.h"
#include "planner/inventory/settings.h"

#include <string.h>

/* What the kernel has */

static hwloc_bitmap_t copy_of(hwloc_const_bitmap_t set)
{
	return set ? hwloc_bitmap_dup(set) : set_new();
}

/* Only what works: "isolated invalid (…)" does not. */
static hwloc_bitmap_t partitions_of(const CgroupFacts *cgroups)
{
	hwloc_bitmap_t all = set_new();

	for (unsigned i = 0; i < cgroups->groups->len; i++) {
		const Cgroup *group = &g_array_index(cgroups->groups, Cgroup, i);

		if (group->partition && g_str_equal(group->partition, "isolated") &&
		    group->effective)
			hwloc_bitmap_or(all, all, group->effective);
	}
	return all;
}

/* LINE (NULL = not known), and what this kernel would make of it. */
static void read_effects(const KernelFacts *kernel, const char *line, Cmdline **cmdline,
			 CmdlineEffects **effects)
{
	if (!line)
		return;
	*cmdline = cmdline_parse(line);
	*effects = cmdline_effects(*cmdline, kernel->release, kernel->possible, kernel->present);
}

/* Lists that the kernel does not show: why it dropped them is found, or that nobody knows why; and
 * an isolcpus= that isolates nothing by its flags, unless OpenShift means it so. Where there is a
 * plan, it is what counts. */
static void read_dropped(const Audit *audit)
{
	const KernelFacts *kernel = audit->facts->kernel;
	CmdlineEffects *effects = audit->effects;

	if (effects->isolcpus.flagged && !effects->isolcpus.domain &&
	    audit->facts->platform != PLATFORM_OPENSHIFT)
		effects->isolcpus.astray = true;
	if (kernel->isolated && !hwloc_bitmap_isincluded(effects->domain, kernel->isolated))
		effects->isolcpus.astray = true;
	if (kernel->nohz_full && !hwloc_bitmap_isincluded(effects->tick, kernel->nohz_full))
		effects->nohz_full.astray = true;
}

/* Lists that are misspelt, or stand behind `--`. */
static void read_astray(const Audit *audit)
{
	hwloc_const_bitmap_t possible = audit->facts->kernel->possible;
	g_autoptr(Cmdline) inits = cmdline_parse(audit->cmdline->init ? audit->cmdline->init : "");

	for (unsigned i = 0; i < audit->cmdline->words->len; i++) {
		const CmdlineWord *word = g_ptr_array_index(audit->cmdline->words, i);
		const char *meant = line_word_meant(word->name);
		const char *sign = strpbrk(word->name, LINE_WRONG_SIGNS);

		if (meant && cmdline_listed(cmdline_cpu_names, meant))
			cmdline_effects_astray(audit->effects, meant,
					       word->value ? word->value
					       : sign	   ? sign + 1
							   : NULL,
					       possible);
	}
	for (unsigned i = 0; i < inits->words->len; i++) {
		const CmdlineWord *word = g_ptr_array_index(inits->words, i);

		if (cmdline_listed(cmdline_cpu_names, word->name))
			cmdline_effects_astray(audit->effects, word->name, word->value, possible);
	}
}

/* The CPUs of the lists of NAME, flags or none before them; yours. */
static hwloc_bitmap_t lists_of(const Audit *audit, const char *name)
{
	const KernelFacts *kernel = audit->facts->kernel;
	hwloc_bitmap_t all = set_new();

	for (unsigned i = 0; i < audit->cmdline->words->len; i++) {
		const CmdlineWord *word = g_ptr_array_index(audit->cmdline->words, i);
		g_autofree char *text = NULL;
		g_autoptr(Cmdline) alone = NULL;
		g_autoptr(CmdlineEffects) one = NULL;

		if (!cmdline_same(word->name, name) || !word->value)
			continue;
		text = g_strconcat("isolcpus=", word->value, NULL);
		alone = cmdline_parse(text);
		one = cmdline_effects(alone, kernel->release, kernel->possible, kernel->present);
		hwloc_bitmap_or(all, all, one->isolcpus.asked);
	}
	return all;
}

/* EFFECT is of NAME, which is given more than once, with lists of which the kernel took one: that
 * is found. What the others were to add is lost, as far as lists of other parameters have it too;
 * of other CPUs nobody knows whether they are still meant. */
static void read_twice(const Audit *audit, const char *name, CmdlineEffect *effect)
{
	static const char *const agreeing[] = {"isolcpus", "nohz_full", "rcu_nocbs"};
	g_auto(CpuSet) lists = NULL, others = set_new();

	if (!effect->differs)
		return;
	effect->astray = true;
	lists = lists_of(audit, name);
	for (unsigned i = 0; i < G_N_ELEMENTS(agreeing); i++) {
		g_auto(CpuSet) other = NULL;

		if (g_str_equal(agreeing[i], name))
			continue;
		other = lists_of(audit, agreeing[i]);
		hwloc_bitmap_or(others, others, other);
	}
	hwloc_bitmap_and(lists, lists, others);
	hwloc_bitmap_or(effect->asked, effect->asked, lists);
}

static void read_line(Audit *audit)
{
	const KernelFacts *kernel = audit->facts->kernel;
	static const char empty[] = "";

	read_effects(kernel, kernel->cmdline, &audit->cmdline, &audit->effects);
	read_effects(kernel, kernel->boot_cmdline, &audit->next, &audit->next_effects);
	audit->planned = cmdline_parse(audit->plan ? audit->plan->cmdline : empty);
	audit->planned_effects = cmdline_effects(audit->planned, NULL, NULL, NULL);
	if (!audit->cmdline)
		return;
	read_astray(audit);
	if (audit->plan)
		return;
	read_dropped(audit);
	read_twice(audit, "isolcpus", &audit->effects->isolcpus);
	read_twice(audit, "nohz_full", &audit->effects->nohz_full);
}

static void rules_audit_read_kernel(Audit *audit)
{
	const KernelFacts *kernel = audit->facts->kernel;
	const CmdlineEffects *effects = audit->effects;

	audit->partitions = partitions_of(audit->facts->cgroups);
	audit->scheduler = copy_of(kernel->isolated ? kernel->isolated
				   : effects	    ? effects->domain
						    : NULL);
	audit->quiet = copy_of(audit->scheduler);
	hwloc_bitmap_or(audit->quiet, audit->quiet, audit->partitions);
	audit->tick = copy_of(kernel->nohz_full ? kernel->nohz_full
			      : effects		? effects->tick
						: NULL);
	audit->rcu = copy_of(effects ? effects->nocbs : NULL);
	hwloc_bitmap_or(audit->rcu, audit->rcu, audit->tick);
}

/* What is intended */

static hwloc_bitmap_t online_of(const Audit *audit)
{
	if (audit->facts->kernel->online)
		return copy_of(audit->facts->kernel->online);
	return copy_of(audit->host ? audit->host->online : NULL);
}

/* Without a plan the line says what its author wanted, honoured or not; but CPUs of a list that the
 * kernel refused nobody calls isolated. */
static hwloc_bitmap_t asked_of(const Audit *audit)
{
	hwloc_bitmap_t set = copy_of(audit->quiet);
	const CmdlineEffects *effects = audit->effects;

	if (effects && (effects->isolcpus.astray || hwloc_bitmap_iszero(set)) &&
	    !cmdline_refused(&effects->isolcpus))
		hwloc_bitmap_or(set, set, effects->isolcpus.asked);
	if (effects && hwloc_bitmap_iszero(set) && !cmdline_refused(&effects->nohz_full))
		hwloc_bitmap_copy(set, effects->nohz_full.asked);
	if (hwloc_bitmap_iszero(set))
		hwloc_bitmap_copy(set, audit->tick);
	if (audit->facts->kernel->possible)
		hwloc_bitmap_and(set, set, audit->facts->kernel->possible);
	return set;
}

static hwloc_bitmap_t lost_of(const Audit *audit)
{
	hwloc_bitmap_t set = set_new();
	const CmdlineEffects *effects = audit->effects;

	if (effects && cmdline_broken(&effects->isolcpus))
		hwloc_bitmap_andnot(set, audit->isolated, audit->quiet);
	if (effects && cmdline_broken(&effects->nohz_full)) {
		g_auto(CpuSet) ticking = set_minus(audit->isolated, audit->tick);

		hwloc_bitmap_or(set, set, ticking);
	}
	return set;
}

static void read_intent(Audit *audit)
{
	const Plan *plan = audit->plan;

	audit->online = online_of(audit);
	audit->isolated = plan ? copy_of(plan->isolated) : asked_of(audit);
	audit->host_cpus =
		plan ? copy_of(plan->cpus[ROLE_HOST]) : set_minus(audit->online, audit->isolated);
	audit->sdk_cpus = copy_of(plan ? plan->cpus[ROLE_SDK] : NULL);
	audit->lost = lost_of(audit);
}

/* cgroups */

static void read_groups(Audit *audit)
{
	const GArray *groups = audit->facts->cgroups->groups;

	audit->groups = g_hash_table_new(g_str_hash, g_str_equal);
	for (unsigned i = 0; i < groups->len; i++) {
		Cgroup *group = &g_array_index(groups, Cgroup, i);

		g_hash_table_insert(audit->groups, group->path, group);
	}
}

/* The path of PARTITION ("/machine/rt") as systemd's slices, or as libvirt's own groups. */
static char *partition_path(const char *partition, bool slices)
{
	g_auto(GStrv) parts = g_strsplit(partition + strspn(partition, "/"), "/", -1);
	g_autoptr(GString) path = g_string_new(NULL), name = g_string_new(NULL);

	for (unsigned i = 0; parts[i] && *parts[i]; i++) {
		bool plain = strchr(parts[i], '.') || (!i && g_str_equal(parts[i], "machine"));
		g_auto(GStrv) dashes = g_strsplit(parts[i], "-", -1);
		g_autofree char *escaped = g_strjoinv("\\x2d", dashes);

		g_string_append_printf(name, "%s%s", i ? "-" : "", escaped);
		if (slices)
			g_string_append_printf(path, "/%s.slice", name->str);
		else
			g_string_append_printf(path, "/%s%s", parts[i], plain ? "" : ".partition");
	}
	return g_strdup(path->str);
}

/* Where libvirt makes the group of GUEST: the deepest there is of its partition. */
static char *group_of(const Audit *audit, const Guest *guest)
{
	const char *partition = guest->partition ? guest->partition : "/machine";
	bool slices = !g_hash_table_contains(audit->groups, "/machine");
	char *path = partition_path(partition, slices);

	while (*path && !g_hash_table_contains(audit->groups, path))
		*strrchr(path, '/') = '\0';
	return path;
}

/* VMs */

static bool pinned_one_to_one(const Audit *audit, const Guest *guest)
{
	for (unsigned v = 0; v < guest->vcpu_threads->len; v++)
		if (!set_single(thread_pin_now(audit, guest, guest_thread(guest->vcpu_threads, v))))
			return false;
	return guest->vcpu_threads->len > 0;
}

static VmSpec *spec_of(const Guest *guest)
{
	VmSpec *spec = vm_spec_new(guest->name);

	spec->vcpus = guest->vcpus;
	settings_see(vm_settings, guest, spec);
	return spec;
}

/*
 * Where a thread really may run. One that may run everywhere, and was not told so by its XML, is
 * allowed the CPUs that isolcpus took as well (libvirt before 10.4 says so to the kernel); yet the
 * scheduler balances nothing onto them. What keeps it off them is luck, which vm.free-on-isolated
 * and vm.thread-differs say, and not a tenancy. CPUs that are offline do not count, unless there
 * are no others. *UNREAD: neither the thread nor an XML that tells of it was read.
 */
static hwloc_bitmap_t real_place(const Audit *audit, const Guest *guest, const GuestThread *thread,
				 bool *unread)
{
	hwloc_const_bitmap_t place = thread_place(audit, guest, thread, guest_side(guest));
	bool known = thread->real || place || guest_told(guest);
	hwloc_bitmap_t set = copy_of(thread->real ? thread->real
				     : place	  ? place
				     : known	  ? audit->online
						  : NULL);

	*unread |= !known;

	if (!set_meets(place, audit->scheduler) && hwloc_bitmap_isincluded(audit->scheduler, set) &&
	    !hwloc_bitmap_isincluded(set, audit->scheduler))
		hwloc_bitmap_andnot(set, set, audit->scheduler);
	if (set_meets(set, audit->online))
		hwloc_bitmap_and(set, set, audit->online);
	return set;
}

static void add_places(const Audit *audit, AuditVm *vm, const GArray *threads, hwloc_bitmap_t all)
{
	for (unsigned i = 0; i < threads->len; i++) {
		g_auto(CpuSet) set =
			real_place(audit, vm->guest, guest_thread(threads, i), &vm->unplaced);

		hwloc_bitmap_or(all, all, set);
	}
}

static void rules_audit_read_places(Audit *audit, AuditVm *vm)
{
	const Guest *guest = vm->guest;

	for (unsigned v = 0; guest && v < guest->vcpu_threads->len; v++) {
		hwloc_bitmap_t set = real_place(audit, guest, guest_thread(guest->vcpu_threads, v),
						&vm->unplaced);

		hwloc_bitmap_or(vm->cpus, vm->cpus, set);
		g_ptr_array_add(vm->vcpus, set);
	}
	if (!guest)
		return;
	add_places(audit, vm, guest->emulator_threads, vm->emulator);
	add_places(audit, vm, guest->iothreads, vm->emulator);
	vm->unplaced |= guest->running && !guest->vcpu_threads->len;
	audit->unplaced |= vm->unplaced;
}

static Tristate rules_audit_tristate(bool yes)
{
	return yes ? TRISTATE_YES : TRISTATE_NO;
}

static void read_pm(const Audit *audit, AuditVm *vm)
{
	const Guest *guest = vm->guest;
	const char *qemu = audit->facts->guests->qemu;

	if (guest_has(guest, SIDE_NEXT))
		vm->pm_next = rules_audit_tristate(
			overcommit_on(guest->overcommit_inactive, "cpu-pm", qemu));
	else if (guest_has(guest, SIDE_LIVE) && !guest->inactive_unread)
		vm->pm_next =
			rules_audit_tristate(overcommit_on(guest->overcommit_live, "cpu-pm", qemu));
	if (!guest->running)
		vm->pm_now = TRISTATE_NO;
	if (guest->running && guest->argv) {
		g_auto(GStrv) arguments = overcommit_of(guest->argv);

		vm->pm_now = rules_audit_tristate(overcommit_on(arguments, "cpu-pm", qemu));
	}
}

static void audit_vm_free(gpointer data)
{
	AuditVm *vm = data;

	g_free(vm->subject);
	g_free(vm->group);
	g_ptr_array_unref(vm->vcpus);
	hwloc_bitmap_free(vm->emulator);
	hwloc_bitmap_free(vm->cpus);
	if (vm->spec)
		vm_spec_free(vm->spec);
	if (vm->cpupm)
		cpupm_free(vm->cpupm);
	g_free(vm);
}

static void rules_audit_add_vm(Audit *audit, const char *name, const PlanVm *planned,
			       const Guest *guest)
{
	AuditVm *vm = g_new0(AuditVm, 1);

	vm->name = name;
	vm->subject = subject_vm(name);
	vm->guest = guest;
	vm->vm = planned;
	vm->vcpus = g_ptr_array_new_with_free_func((GDestroyNotify)hwloc_bitmap_free);
	vm->emulator = set_new();
	vm->cpus = set_new();
	vm->dedicated = planned ? planned->spec->policy == POLICY_DEDICATED
				: guest && pinned_one_to_one(audit, guest);
	if (guest) {
		vm->spec = spec_of(guest);
		rules_audit_read_places(audit, vm);
		vm->group = group_of(audit, guest);
		read_pm(audit, vm);
	}
	g_ptr_array_add(audit->vms, vm);
}

static const Guest *guest_find(const GuestFacts *guests, const char *name)
{
	for (unsigned i = 0; guests && i < guests->guests->len; i++) {
		const Guest *guest = g_ptr_array_index(guests->guests, i);

		if (g_str_equal(guest->name, name))
			return guest;
	}
	return NULL;
}

static void read_vms(Audit *audit)
{
	const GuestFacts *guests = audit->facts->guests;

	for (unsigned i = 0; audit->plan && i < audit->plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(audit->plan->vms, i);

		rules_audit_add_vm(audit, vm->spec->name, vm, guest_find(guests, vm->spec->name));
	}
	for (unsigned i = 0; guests && i < guests->guests->len; i++) {
		const Guest *guest = g_ptr_array_index(guests->guests, i);

		if (!audit->plan || !plan_vm(audit->plan, guest->name))
			rules_audit_add_vm(audit, guest->name, NULL, guest);
	}
}

/* cpu-pm: the same judgement as a plan's, over the sets that were found */

static Tristate rules_audit_mwait_of(const Audit *audit)
{
	if (audit->facts->kvm->disable_exits >= 0)
		return rules_audit_tristate(audit->facts->kvm->disable_exits & 1);
	return audit->inventory ? audit->inventory->node->mwait : TRISTATE_UNKNOWN;
}

static GArray *rules_audit_threads_of(const Audit *audit)
{
	GArray *threads = g_array_new(FALSE, FALSE, sizeof(CpupmThreads));

	for (unsigned i = 0; i < audit->vms->len; i++) {
		const AuditVm *vm = g_ptr_array_index(audit->vms, i);
		CpupmThreads own = {vm->vcpus, vm->emulator};

		g_array_append_val(threads, own);
	}
	return threads;
}

static void rules_audit_judge_cpupm(Audit *audit)
{
	const Facts *facts = audit->facts;
	g_autoptr(GArray) threads = rules_audit_threads_of(audit);
	CpupmNode node = {
		.host = audit->host,
		.host_cpus = audit->host_cpus,
		.sdk_cpus = audit->sdk_cpus,
		.isolated = audit->quiet,
		.threads = threads,
		.kernel = facts->kernel->release,
		.qemu = facts->guests->qemu,
		.mwait = rules_audit_mwait_of(audit),
		.disable_exits = facts->kvm->disable_exits < 0
					 ? TRISTATE_UNKNOWN
					 : rules_audit_tristate(facts->kvm->disable_exits > 0),
		.nested = facts->kvm->nested,
		.section = "",
	};
	g_autoptr(CpupmCensus) census = cpupm_census_new(&node);

	for (unsigned i = 0; i < audit->vms->len; i++) {
		AuditVm *vm = g_ptr_array_index(audit->vms, i);

		if (vm->guest && vm->guest->vcpu_threads->len && !vm->unplaced)
			vm->cpupm = cpupm_judge(&node, census, i, vm->spec);
	}
}

/* Is the machine of FACTS plainly another than that of PLAN: other cores, and more than a quarter
 * of the CPUs? CPUs that are only offline are here. */
static bool plan_foreign(const Plan *plan, const Facts *facts)
{
	const Host *planned = plan->host, *found = facts->host;
	g_auto(CpuSet) gone = NULL, come = NULL;
	int most;

	if (!found || planned == found || planned->cores->len == found->cores->len)
		return false;
	gone = set_minus(planned->online, found->online);
	come = set_minus(found->online, planned->online);
	if (facts->kernel->present)
		hwloc_bitmap_andnot(gone, gone, facts->kernel->present);
	most = MAX(hwloc_bitmap_weight(planned->online), hwloc_bitmap_weight(found->online));
	return (hwloc_bitmap_weight(gone) + hwloc_bitmap_weight(come)) * 4 > most;
}

Audit *audit_new(const Plan *plan, const Inventory *inventory, const Facts *facts)
{
	Audit *audit = g_new0(Audit, 1);

	audit->rules = rules;
	audit->foreign = plan && plan_foreign(plan, facts) ? plan : NULL;
	audit->plan = audit->foreign ? NULL : plan;
	audit->inventory = audit->foreign ? NULL : inventory;
	audit->facts = facts;
	audit->host = facts->host ? facts->host : audit->plan ? audit->plan->host : NULL;
	audit->vms = g_ptr_array_new_with_free_func(audit_vm_free);
	read_line(audit);
	rules_audit_read_kernel(audit);
	read_intent(audit);
	read_groups(audit);
	read_vms(audit);
	if (audit->host && facts->guests)
		rules_audit_judge_cpupm(audit);
	return audit;
}

void audit_free(Audit *audit)
{
	g_clear_pointer(&audit->cmdline, cmdline_free);
	g_clear_pointer(&audit->effects, cmdline_effects_free);
	g_clear_pointer(&audit->next, cmdline_free);
	g_clear_pointer(&audit->next_effects, cmdline_effects_free);
	cmdline_free(audit->planned);
	cmdline_effects_free(audit->planned_effects);
	hwloc_bitmap_free(audit->partitions);
	hwloc_bitmap_free(audit->scheduler);
	hwloc_bitmap_free(audit->quiet);
	hwloc_bitmap_free(audit->tick);
	hwloc_bitmap_free(audit->rcu);
	hwloc_bitmap_free(audit->isolated);
	hwloc_bitmap_free(audit->lost);
	hwloc_bitmap_free(audit->host_cpus);
	hwloc_bitmap_free(audit->sdk_cpus);
	hwloc_bitmap_free(audit->online);
	g_hash_table_unref(audit->groups);
	g_ptr_array_unref(audit->vms);
	g_free(audit);
}
