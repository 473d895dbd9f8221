/* SPDX-License-Identifier: MIT */
/* Rules over the control groups that VMs run in: their cpusets against pins, their CPU time. */
#include "planner/check/rules_group.h"
#include "planner/check/rules_sides.h"
#include "planner/check/rules_table.h"

#include <inttypes.h>
#include <string.h>

static bool is_partition(const Cgroup *group)
{
	return group->partition &&
	       (g_str_equal(group->partition, "isolated") || g_str_equal(group->partition, "root"));
}

/* The groups of PATH that have a cpuset, from the top; a partition has its CPUs for itself, so that
 * none above it counts. Yours. */
static GPtrArray *groups_down(const Audit *audit, const char *path)
{
	GPtrArray *groups = g_ptr_array_new();
	g_autofree char *prefix = g_strdup(path);
	const Cgroup *group = NULL;

	while (prefix && !(group && is_partition(group))) {
		group = g_hash_table_lookup(audit->groups, *prefix ? prefix : "/");
		if (group)
			g_ptr_array_insert(groups, 0, (gpointer)group);
		if (!strrchr(prefix, '/') || g_str_equal(prefix, "/"))
			break;
		*strrchr(prefix, '/') = '\0';
	}
	return groups;
}

/* What GROUP may use, of what is ABOVE it (NULL = all); yours. */
static hwloc_bitmap_t group_allows(const Cgroup *group, hwloc_const_bitmap_t above)
{
	if (group->effective)
		return hwloc_bitmap_dup(group->effective);
	if (!group->cpus || hwloc_bitmap_iszero(group->cpus))
		return above ? hwloc_bitmap_dup(above) : NULL;
	return set_meets(group->cpus, above) ? set_and(group->cpus, above)
					     : hwloc_bitmap_dup(group->cpus);
}

hwloc_bitmap_t groups_leave(const Audit *audit, const char *path)
{
	g_autoptr(GPtrArray) groups = groups_down(audit, path);
	hwloc_bitmap_t left = NULL;

	for (unsigned i = 0; i < groups->len; i++) {
		hwloc_bitmap_t next = group_allows(g_ptr_array_index(groups, i), left);

		hwloc_bitmap_free(left);
		left = next;
	}
	return left;
}

/* The group that libvirt makes a thread's own in ("…/libvirt/vcpu3"), which it writes itself; else
 * PATH (NULL = not known). Yours. */
static char *group_above(const char *path)
{
	const char *name = path ? strrchr(path, '/') : NULL;
	bool own = name && (g_str_has_prefix(name, "/vcpu") || g_str_equal(name, "/emulator") ||
			    g_str_has_prefix(name, "/iothread"));

	return own ? g_strndup(path, (gsize)(name - path)) : g_strdup(path);
}

/* Those of PLACE that are online and not in LEFT (NULL = nothing is taken); yours. */
static hwloc_bitmap_t set_taken(const Audit *audit, hwloc_const_bitmap_t left,
				hwloc_const_bitmap_t place)
{
	hwloc_bitmap_t taken = left && place ? set_minus(place, left) : set_new();

	if (!hwloc_bitmap_iszero(audit->online))
		hwloc_bitmap_and(taken, taken, audit->online);
	return taken;
}

bool vm_has_helper(const Guest *guest, const Task *task)
{
	const char *group =
		guest->vcpu_threads->len ? guest_thread(guest->vcpu_threads, 0)->group : NULL;
	const char *end = group ? strstr(group, "/libvirt/") : NULL;
	g_autofree char *own = end ? g_strndup(group, (gsize)(end - group)) : g_strdup(group);

	return !own || !task->cgroup || g_str_has_prefix(task->cgroup, own) ||
	       (g_str_has_prefix(own, "/kubepods") && g_str_has_prefix(task->cgroup, "/kubepods"));
}

bool groups_cut(const Audit *audit, const char *path, hwloc_const_bitmap_t place)
{
	g_autofree char *above = group_above(path);
	g_auto(CpuSet) left = groups_leave(audit, above);
	g_auto(CpuSet) taken = set_taken(audit, left, place);

	return !hwloc_bitmap_iszero(taken);
}

static bool is_systemds(const Cgroup *group)
{
	return g_str_has_suffix(group->path, ".slice") || g_str_has_suffix(group->path, ".scope") ||
	       g_str_has_suffix(group->path, ".service");
}

/* Is it one that was told which CPUs it may use? */
static bool group_told(const Cgroup *group)
{
	return group->cpus && !hwloc_bitmap_iszero(group->cpus);
}

/* It was told which CPUs, and these are not all of TAKEN. */
static bool group_to_blame(const Cgroup *group, hwloc_const_bitmap_t taken)
{
	return group_told(group) && !hwloc_bitmap_isincluded(taken, group->cpus);
}

/* Which tool gives the container of GROUP its CPUs? NULL = it is no container's. What is written
 * beside the tool is lost when the container starts again. */
static const char *group_runtime(const Cgroup *group)
{
	const char *name = strrchr(group->path, '/');

	if (!name)
		return NULL;
	if (g_str_has_prefix(name, "/docker-") || g_str_has_prefix(group->path, "/docker/"))
		return "docker";
	return g_str_has_prefix(name, "/libpod-") ? "podman" : NULL;
}

/* Add to TEXT the command that gives GROUP the CPUs MORE too. */
static void group_widen(const Audit *audit, const Cgroup *group, hwloc_const_bitmap_t more,
			GString *text)
{
	bool unified = audit->facts->cgroups->version == 2;
	const char *runtime = group_runtime(group);
	g_auto(CpuSet) all = hwloc_bitmap_dup(group->cpus);
	g_autofree char *list = NULL;

	hwloc_bitmap_or(all, all, more);
	list = set_text(all);
	if (runtime)
		g_string_append_printf(text,
				       "%s update --cpuset-cpus=%s CONTAINER, and the same where "
				       "it is started; ",
				       runtime, list);
	else if (unified && is_systemds(group))
		g_string_append_printf(text, "systemctl set-property '%s' AllowedCPUs=%s; ",
				       strrchr(group->path, '/') + 1, list);
	else
		g_string_append_printf(text, "echo %s >'/sys/fs/cgroup%s%s/cpuset.cpus'; ", list,
				       unified ? "" : "/cpuset", group->path);
}

char *groups_widen(const Audit *audit, const char *path, hwloc_const_bitmap_t more)
{
	g_autofree char *above = group_above(path);
	g_autoptr(GPtrArray) groups = groups_down(audit, above);
	GString *text = g_string_new(NULL);

	for (unsigned i = 0; i < groups->len; i++)
		if (group_to_blame(g_ptr_array_index(groups, i), more))
			group_widen(audit, g_ptr_array_index(groups, i), more, text);
	return g_string_free(text, FALSE);
}

const Cgroup *group_squeezing(const Audit *audit, const AuditVm *vm)
{
	const Guest *guest = vm->guest;
	const char *path = guest->running && !guest_told(guest) && guest->vcpu_threads->len
				   ? guest_thread(guest->vcpu_threads, 0)->group
				   : NULL;
	g_auto(CpuSet) left = path ? groups_leave(audit, path) : NULL;
	g_autoptr(GPtrArray) groups = NULL;

	if (!left || !hwloc_bitmap_isincluded(vm->cpus, left) ||
	    guest->vcpu_threads->len <= (unsigned)hwloc_bitmap_weight(left))
		return NULL;
	groups = groups_down(audit, path);
	for (unsigned i = groups->len; i-- > 0;)
		if (group_told(g_ptr_array_index(groups, i)))
			return g_ptr_array_index(groups, i);
	return NULL;
}

/* Pins outside */

/* What the groups of one side of a VM take from its pins. */
typedef struct Fenced {
	const Audit *audit;
	const AuditVm *vm;
	Side side;
	GPtrArray *groups; /* of const Cgroup *, to blame, from the top */
	hwloc_bitmap_t taken;
	unsigned vcpus, emulators, iothreads, later; /* pins that lose CPUs */
	bool none_left;				     /* of some pin */
} Fenced;

static void fenced_take(Fenced *fenced, const GuestThread *thread, const char *path,
			unsigned *count)
{
	const Audit *audit = fenced->audit;
	hwloc_const_bitmap_t place = thread_place(audit, fenced->vm->guest, thread, fenced->side);
	g_autofree char *above = group_above(path);
	g_auto(CpuSet) left = above && place ? groups_leave(audit, above) : NULL;
	g_auto(CpuSet) taken = set_taken(audit, left, place);
	g_autoptr(GPtrArray) groups = NULL;

	if (hwloc_bitmap_iszero(taken))
		return;
	groups = groups_down(audit, above);
	for (unsigned i = 0; i < groups->len; i++) {
		Cgroup *group = g_ptr_array_index(groups, i);

		if (group_to_blame(group, taken) && !g_ptr_array_find(fenced->groups, group, NULL))
			g_ptr_array_add(fenced->groups, group);
	}
	hwloc_bitmap_or(fenced->taken, fenced->taken, taken);
	fenced->none_left = fenced->none_left || !set_meets(place, left);
	*count += 1;
}

static void fenced_fill(Fenced *fenced)
{
	const Guest *guest = fenced->vm->guest;
	bool live = fenced->side == SIDE_LIVE;
	const char *made = fenced->vm->group;
	const char *beside =
		guest->vcpu_threads->len ? guest_thread(guest->vcpu_threads, 0)->group : NULL;
	const GArray *const threads[] = {guest->vcpu_threads, guest->iothreads, guest->later};
	unsigned *const counts[] = {&fenced->vcpus, &fenced->iothreads, &fenced->later};

	for (unsigned t = 0; t < G_N_ELEMENTS(threads); t++)
		for (unsigned i = 0; i < threads[t]->len; i++) {
			const GuestThread *thread = guest_thread(threads[t], i);

			fenced_take(fenced, thread,
				    !live			 ? made
				    : threads[t] == guest->later ? beside
								 : thread->group,
				    counts[t]);
		}
	/* The emulator is many threads with one pin. */
	if (guest->emulator_threads->len) {
		const GuestThread *thread = guest_thread(guest->emulator_threads, 0);

		fenced_take(fenced, thread, live ? thread->group : made, &fenced->emulators);
	}
}

/* "12 vCPUs, the emulator"; yours. */
static char *fenced_who(const Fenced *fenced)
{
	GString *text = g_string_new(NULL);

	if (fenced->vcpus)
		g_string_append_printf(text, ", %u vCPU%s", fenced->vcpus,
				       fenced->vcpus > 1 ? "s" : "");
	if (fenced->later)
		g_string_append_printf(text, ", %u vCPU%s to be plugged in", fenced->later,
				       fenced->later > 1 ? "s" : "");
	if (fenced->emulators)
		g_string_append(text, ", the emulator");
	if (fenced->iothreads)
		g_string_append_printf(text, ", %u I/O thread%s", fenced->iothreads,
				       fenced->iothreads > 1 ? "s" : "");
	g_string_erase(text, 0, 2);
	return g_string_free(text, FALSE);
}

/* The partition that has CPUS for itself; NULL = none. */
static const Cgroup *partition_with(const Audit *audit, hwloc_const_bitmap_t cpus)
{
	const GArray *groups = audit->facts->cgroups->groups;

	for (unsigned i = 0; i < groups->len; i++) {
		const Cgroup *group = &g_array_index(groups, Cgroup, i);

		if (is_partition(group) && set_meets(group->effective, cpus))
			return group;
	}
	return NULL;
}

static char *fenced_where(const Fenced *fenced)
{
	const Cgroup *partition = partition_with(fenced->audit, fenced->taken);
	g_autofree char *list = NULL;

	if (fenced->groups->len) {
		const Cgroup *group = g_ptr_array_index(fenced->groups, 0);

		list = set_text(group->cpus);
		return g_strdup_printf("lie outside the group %s, which may use only %s",
				       group->path, list);
	}
	return partition ? g_strdup_printf("belong to the cpuset partition %s", partition->path)
			 : g_strdup("lie outside what its group may use");
}

/* How a VM that runs gets its pins again, once its groups have the CPUs. */
static const char *fenced_again(Platform platform)
{
	const char *restart = fixes_text(&fixes_restart, platform);

	return restart ? restart : "pin again: virsh vcpupin NAME VCPU CPU --live";
}

/* From the top down: a group cannot have what the one above it has not. Where the platform writes
 * the groups itself, it is RULE's. */
static char *fenced_fix(const Rule *rule, const Fenced *fenced)
{
	Platform platform = fenced->vm->guest->platform;
	GString *text;

	if (fixes_text(rule->fixes, platform))
		return g_strdup(rule->remedy);
	text = g_string_new(NULL);
	for (unsigned i = 0; i < fenced->groups->len; i++)
		group_widen(fenced->audit, g_ptr_array_index(fenced->groups, i), fenced->taken,
			    text);
	if (!fenced->groups->len)
		g_string_append(text, "pin to other CPUs, or take these out of the partition; ");
	g_string_append_printf(text, "then %s",
			       fenced->side == SIDE_LIVE ? fenced_again(platform) : "start the VM");
	return g_string_free(text, FALSE);
}

/* v1 refuses a group that has what the one above has not; on v2 affinities are refused that have no
 * allowed CPU, and others are cut. */
static bool fenced_refused(const Fenced *fenced)
{
	return fenced->none_left ||
	       (fenced->audit->facts->cgroups->version == 1 && !hwloc_bitmap_iszero(fenced->taken));
}

static const char *fenced_effect(const Fenced *fenced, const Fenced *next)
{
	bool pins = fenced->vcpus || fenced->emulators || fenced->iothreads;

	if (!pins)
		return "to plug these vCPUs in fails";
	if (fenced->side == SIDE_NEXT)
		return fenced_refused(fenced) ? "the VM does not start"
					      : "the pins are cut when it starts";
	return fenced_refused(next)
		       ? "the pins have no effect, and once stopped the VM does not start"
		       : "the pins are cut";
}

static void fenced_say(const Rule *rule, GPtrArray *findings, const Fenced *fenced,
		       const Fenced *next)
{
	const Audit *audit = fenced->audit;
	const Cgroup *group = fenced->groups->len ? g_ptr_array_index(fenced->groups, 0) : NULL;
	g_autofree char *who = fenced_who(fenced), *where = fenced_where(fenced);
	g_autofree char *list = set_text(fenced->taken), *fix = fenced_fix(rule, fenced);
	g_autofree char *evidence =
		g_strconcat("/sys/fs/cgroup", audit->facts->cgroups->version == 2 ? "" : "/cpuset",
			    group ? group->path : "", "/cpuset.cpus", NULL);

	rule_found_fix(rule, findings, fenced->vm->subject, evidence, fenced->taken, fix,
		       "CPUs %s of its pins (%s) %s: %s", list, who, where,
		       fenced_effect(fenced, next));
}

static void eval_outside(const Rule *rule, const Audit *audit, const AuditVm *vm,
			 GPtrArray *findings)
{
	Fenced sides[] = {{audit, vm, SIDE_LIVE, .none_left = false},
			  {audit, vm, SIDE_NEXT, .none_left = false}};

	for (unsigned i = 0; i < G_N_ELEMENTS(sides); i++) {
		sides[i].groups = g_ptr_array_new();
		sides[i].taken = set_new();
		if (guest_has(vm->guest, sides[i].side))
			fenced_fill(&sides[i]);
	}
	if (!hwloc_bitmap_iszero(sides[0].taken))
		fenced_say(rule, findings, &sides[0], &sides[1]);
	else if (!hwloc_bitmap_iszero(sides[1].taken))
		fenced_say(rule, findings, &sides[1], &sides[1]);
	for (unsigned i = 0; i < G_N_ELEMENTS(sides); i++) {
		g_ptr_array_unref(sides[i].groups);
		hwloc_bitmap_free(sides[i].taken);
	}
}

const Rule rule_cgroup_pins_outside = {
	.id = "cgroup.pins-outside",
	.severity = SEVERITY_ERROR,
	.title = "A VM is pinned to CPUs that its control group may not use",
	.sees = "vcpupin, emulatorpin, iothreadpin and <vcpu cpuset> against the cpuset of each "
		"group from the root down to the thread, and for the next start down to the "
		"partition that libvirt makes the VM's group in; pins of vCPUs that may still be "
		"plugged in, too.",
	.why = "The kernel allows a thread only CPUs that all groups above it have. On cgroup v2 a "
	       "pin outside them is refused ('cannot set CPU affinity on process'), and one partly "
	       "outside is cut without a word; on v1 libvirt's group cannot be written.",
	.remedy = "give each of its groups these CPUs, from the top down: systemctl set-property "
		  "SLICE AllowedCPUs=…, on v1 cpuset.cpus of the group; then start the VM, or pin "
		  "it again",
	.fixes = &fixes_groups,
	.source = "Documentation/admin-guide/cgroup-v2.rst cpuset.cpus; libvirt 9.0 "
		  "qemuProcessSetupPid()",
	.when = WHEN_GUESTS,
	.needs = FACT_GUESTS | FACT_CGROUPS,
	.eval_vm = eval_outside,
};

/* CPU time */

/* Is GROUP the group PATH (NULL = not known), or above it? */
static bool path_below(const char *path, const char *group)
{
	size_t length = strlen(group);

	if (!path || g_str_equal(group, "/"))
		return path;
	return g_str_has_prefix(path, group) && (!path[length] || path[length] == '/');
}

/* The VM's vCPUs that QUOTA limits together. */
static unsigned vcpus_below(const Guest *guest, const CgroupQuota *quota)
{
	unsigned n = 0;

	for (unsigned v = 0; v < guest->vcpu_threads->len; v++) {
		const GuestThread *thread = guest_thread(guest->vcpu_threads, v);

		n += path_below(thread->time_group ? thread->time_group : thread->group,
				quota->path);
	}
	return n;
}

/* A limit that allows its vCPUs all of their time hurts only where it was reached. Was it? */
static bool quota_name(Naming *naming, const Guest *guest, const CgroupQuota *quota)
{
	unsigned vcpus = vcpus_below(guest, quota);
	g_autofree char *text = NULL, *seen = NULL;

	if (!vcpus || (!quota->throttled && quota->quota / vcpus >= quota->period))
		return false;
	seen = quota->throttled
		       ? g_strdup_printf(", throttled in %" PRIu64 " of %" PRIu64 " periods",
					 quota->throttled, quota->periods)
		       : g_strdup("");
	text = g_strdup_printf("%s allows %u vCPU%s %" PRIu64 " of each %" PRIu64 " µs%s",
			       quota->path, vcpus, vcpus > 1 ? "s" : "", quota->quota,
			       quota->period, seen);
	naming_add(naming, text);
	return true;
}

/* A limit of a slice is for all VMs below it, and no VM's settings take it away. kubelet's slices
 * are of pods. Yours; NULL = it is another group's. */
static char *quota_slice_fix(const CgroupQuota *quota)
{
	const char *name = strrchr(quota->path, '/');

	if (!name || !g_str_has_suffix(name, ".slice") ||
	    g_str_has_prefix(quota->path, "/kubepods"))
		return NULL;
	return g_strdup_printf("remove the limit of the slice: systemctl set-property '%s' "
			       "CPUQuota=",
			       name + 1);
}

/* What the XML says of the next start. */
static void quota_of_xml(Naming *naming, const Guest *guest)
{
	const struct {
		const char *name;
		DomainQuota quota;
		unsigned vcpus;
	} said[] = {{"<quota>", guest->quota, 1},
		    {"<global_quota>", guest->global_quota, guest->vcpus}};

	for (unsigned i = 0; i < G_N_ELEMENTS(said); i++) {
		g_autofree char *text =
			g_strdup_printf("%s allows %u vCPU%s %" PRId64 " of each %" PRId64 " µs",
					said[i].name, said[i].vcpus, said[i].vcpus == 1 ? "" : "s",
					said[i].quota.quota, said[i].quota.period);

		if (said[i].quota.quota && said[i].vcpus &&
		    said[i].quota.quota / said[i].vcpus < said[i].quota.period)
			naming_add(naming, text);
	}
}

static void eval_quota(const Rule *rule, const Audit *audit, const AuditVm *vm, GPtrArray *findings)
{
	const GArray *quotas = audit->facts->cgroups->quotas;
	Naming naming = {0};
	g_autofree char *text = NULL, *fix = NULL;
	bool running;

	if (!vm->dedicated)
		return;
	for (unsigned i = 0; i < quotas->len; i++) {
		const CgroupQuota *quota = &g_array_index(quotas, CgroupQuota, i);

		if (quota_name(&naming, vm->guest, quota) && !fix)
			fix = quota_slice_fix(quota);
	}
	running = naming.n;
	if (!running)
		quota_of_xml(&naming, vm->guest);
	text = naming_end(&naming);
	if (*text)
		rule_found_fix(rule, findings, vm->subject,
			       running ? "/sys/fs/cgroup cpu.max, cpu.stat" : "domain XML cputune",
			       NULL, fix ? fix : rule->remedy, "its CPU time is limited: %s", text);
}

const Rule rule_cgroup_quota = {
	.id = "cgroup.quota",
	.severity = SEVERITY_ERROR,
	.title = "A quota throttles vCPUs that have CPUs of their own",
	.sees = "cpu.max (v1: cpu.cfs_quota_us) of each group above the vCPUs of dedicated VMs, "
		"where it is less than their CPUs or where cpu.stat counts throttled periods; "
		"<quota> and <global_quota> of the XML.",
	.why = "When the quota of a period is used up, all vCPUs in the group stop until the next "
	       "one: for tens of milliseconds, on a CPU that nobody else uses.",
	.remedy = "remove the limit: 'virsh schedinfo NAME --live --config vcpu_quota=-1 "
		  "global_quota=-1'",
	.fixes = &fixes_quota,
	.source = "Documentation/admin-guide/cgroup-v2.rst cpu.max; kubevirt/kubevirt#12970",
	.when = WHEN_GUESTS,
	.needs = FACT_GUESTS | FACT_CGROUPS,
	.eval_vm = eval_quota,
};
