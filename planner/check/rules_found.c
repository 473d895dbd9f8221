/* SPDX-License-Identifier: MIT */
#include "planner/check/rules_found.h"

#include "planner/base/subject.h"
#include "planner/base/version.h"
#include "planner/check/line_advice.h"

#include <string.h>

/* Findings */

/* May stand in a command as it is. */
static bool rules_found_plain(const char *name)
{
	return strspn(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._") > 0 &&
	       !name[strspn(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-")];
}

/* REMEDY, its NAME being the VM of SUBJECT; a name that wants quotes is left to users. */
static char *remedy_for(const char *remedy, const char *subject)
{
	const char *name = subject_vm_name(subject);
	GString *text = g_string_new(remedy);

	if (name && rules_found_plain(name))
		g_string_replace(text, "NAME", name, 0);
	return g_string_free(text, FALSE);
}

G_GNUC_PRINTF(7, 0)
static void found_add(const Rule *rule, const char *remedy, GPtrArray *findings,
		      const char *subject, const char *evidence, hwloc_const_bitmap_t cpus,
		      const char *text, va_list args)
{
	g_autofree char *list = cpus && !hwloc_bitmap_iszero(cpus) ? cpulist_format(cpus) : NULL;
	g_autofree char *fix = remedy_for(remedy, subject);
	g_autofree char *seen = g_strdup_vprintf(text, args);

	findings_add(findings, rule->severity, rule->id, subject, fix, "%s", seen);
	findings_support(findings, evidence, list, rule->why);
}

void rule_found(const Rule *rule, GPtrArray *findings, const char *subject, const char *evidence,
		hwloc_const_bitmap_t cpus, const char *text, ...)
{
	va_list args;

	va_start(args, text);
	found_add(rule, rule->remedy, findings, subject, evidence, cpus, text, args);
	va_end(args);
}

void rule_found_fix(const Rule *rule, GPtrArray *findings, const char *subject,
		    const char *evidence, hwloc_const_bitmap_t cpus, const char *fix,
		    const char *text, ...)
{
	va_list args;

	va_start(args, text);
	found_add(rule, fix, findings, subject, evidence, cpus, text, args);
	va_end(args);
}

void rule_found_vm(const Rule *rule, GPtrArray *findings, const AuditVm *vm, const char *evidence,
		   hwloc_const_bitmap_t cpus, const char *text, ...)
{
	va_list args;

	va_start(args, text);
	found_add(rule, rule->remedy, findings, vm->subject, evidence, cpus, text, args);
	va_end(args);
}

void rule_unknown(const Rule *rule, GPtrArray *findings, const char *subject, const char *evidence,
		  const char *text, ...)
{
	g_autofree char *seen = NULL;
	va_list args;

	va_start(args, text);
	seen = g_strdup_vprintf(text, args);
	va_end(args);
	findings_add_unknown(findings, rule->severity, rule->id, subject,
			     "let planner read it, then check again", "%s", seen);
	findings_support(findings, evidence, NULL, rule->why);
}

void rule_found_on_isolated(const Rule *rule, const Audit *audit, GPtrArray *findings,
			    const char *subject, const char *evidence, hwloc_const_bitmap_t cpus,
			    const char *what, hwloc_const_bitmap_t except)
{
	g_auto(CpuSet) hit = cpus ? set_and(cpus, audit->isolated) : set_new();
	g_autofree char *list = NULL;

	if (except)
		hwloc_bitmap_andnot(hit, hit, except);
	list = set_text(hit);
	if (!hwloc_bitmap_iszero(hit))
		rule_found(rule, findings, subject, evidence, hit, "%s isolated CPUs %s", what,
			   list);
}

/* Platforms */

static const AuditVm *vm_of(const Audit *audit, const char *subject)
{
	for (unsigned i = 0; i < audit->vms->len; i++) {
		const AuditVm *vm = g_ptr_array_index(audit->vms, i);

		if (vm->guest && g_str_equal(vm->subject, subject))
			return vm;
	}
	return NULL;
}

hwloc_bitmap_t vm_realtime_cpus(const AuditVm *vm)
{
	hwloc_bitmap_t cpus = set_new();
	const GArray *threads = vm->guest ? vm->guest->vcpu_threads : NULL;

	for (unsigned v = 0; threads && v < MIN(threads->len, vm->vcpus->len); v++) {
		const GuestThread *thread = guest_thread(threads, v);

		if (scheduler_realtime(&thread->scheduler) ||
		    scheduler_realtime(&thread->live_scheduler) ||
		    scheduler_realtime(&thread->inactive_scheduler))
			hwloc_bitmap_or(cpus, cpus, g_ptr_array_index(vm->vcpus, v));
	}
	return cpus;
}

/* Has the VM brought it on itself alone, where no vCPU of it is real-time? */
static bool own_doing(const AuditVm *vm, const Finding *finding)
{
	g_auto(CpuSet) cpus = finding->cpus ? cpulist_parse(finding->cpus, NULL) : NULL;
	g_auto(CpuSet) realtime = vm_realtime_cpus(vm);

	return cpus && hwloc_bitmap_isincluded(cpus, vm->cpus) && !set_meets(cpus, realtime);
}

const char *rule_remedy(const Rule *rule, Platform platform)
{
	const char *fix = fixes_text(rule->fixes, platform);

	return fix ? fix : rule->remedy;
}

char *rule_remedy_here(const Rule *rule, const Audit *audit, Platform platform,
		       hwloc_const_bitmap_t cpus)
{
	const char *fix = rule_remedy(rule, platform);
	LineStand stand = rule->line ? line_stand(audit, rule->line->parameter, cpus) : LINE_ABSENT;
	bool elsewhere = fix != rule->remedy && stand != LINE_UNBUILT && stand != LINE_WORKS;
	char *text = rule->line && !elsewhere ? line_advice_text(rule->line, stand) : NULL;

	return text ? text : g_strdup(fix);
}

/* Where VM runs as planned, what the plan warned of, and was taken all the same, weighs no more
 * here.
 */
static Severity severity_planned(const Plan *plan, const AuditVm *vm, const Finding *finding)
{
	if (!vm || !vm->vm || !vm->vm->cpuset || !hwloc_bitmap_isequal(vm->cpus, vm->vm->cpuset))
		return finding->severity;
	for (unsigned i = 0; i < plan->findings->len; i++) {
		const Finding *own = g_ptr_array_index(plan->findings, i);

		if (g_str_equal(own->id, finding->id) &&
		    g_str_equal(own->subject, finding->subject))
			return MIN(finding->severity, own->severity);
	}
	return finding->severity;
}

void rule_suit(const Rule *rule, const Audit *audit, Finding *finding)
{
	const AuditVm *vm = vm_of(audit, finding->subject);
	Platform platform = vm ? vm->guest->platform : audit->facts->platform;
	g_autofree char *remedy = remedy_for(rule->remedy, finding->subject);

	if (finding->verdict == VERDICT_UNKNOWN)
		return;
	if (g_str_equal(finding->fix, remedy)) {
		g_auto(CpuSet) cpus =
			finding->cpus ? cpulist_parse(finding->cpus, NULL) : set_new();
		g_autofree char *here = rule_remedy_here(rule, audit, platform, cpus);

		g_free(finding->fix);
		finding->fix = remedy_for(here, finding->subject);
	}
	if (rule->advice && !audit->plan)
		finding->severity = SEVERITY_INFO;
	if (rule->deliberate & 1u << platform && (!vm || own_doing(vm, finding)))
		finding->severity = MIN(finding->severity, rule->at_most);
	finding->severity = severity_planned(audit->plan, vm, finding);
}

/* Sets */

hwloc_bitmap_t set_new(void)
{
	return hwloc_bitmap_alloc();
}

hwloc_bitmap_t set_and(hwloc_const_bitmap_t a, hwloc_const_bitmap_t b)
{
	hwloc_bitmap_t set = set_new();

	hwloc_bitmap_and(set, a, b);
	return set;
}

hwloc_bitmap_t set_minus(hwloc_const_bitmap_t a, hwloc_const_bitmap_t b)
{
	hwloc_bitmap_t set = set_new();

	hwloc_bitmap_andnot(set, a, b);
	return set;
}

char *set_text(hwloc_const_bitmap_t set)
{
	return !set || hwloc_bitmap_iszero(set) ? g_strdup("none") : cpulist_format(set);
}

bool set_meets(hwloc_const_bitmap_t a, hwloc_const_bitmap_t b)
{
	return a && b && hwloc_bitmap_intersects(a, b);
}

bool set_same(hwloc_const_bitmap_t a, hwloc_const_bitmap_t b)
{
	return a == b || (a && b && hwloc_bitmap_isequal(a, b));
}

bool set_single(hwloc_const_bitmap_t set)
{
	return set && hwloc_bitmap_weight(set) == 1;
}

/* Sides of a VM */

const char *const side_names[] = {"live XML", "inactive XML", "/proc/PID/task/TID/status"};

static bool threads_seen(const Guest *guest)
{
	for (unsigned v = 0; v < guest->vcpu_threads->len; v++)
		if (guest_thread(guest->vcpu_threads, v)->real)
			return true;
	return false;
}

bool guest_has(const Guest *guest, Side side)
{
	switch (side) {
	case SIDE_LIVE:
		return guest->live_xml != NULL;
	case SIDE_NEXT:
		return guest->inactive_xml != NULL;
	default:
		return guest->running && threads_seen(guest);
	}
}

bool guest_told(const Guest *guest)
{
	Side side = guest_side(guest);

	return side != SIDE_REAL && guest_has(guest, side);
}

bool guest_settled(const Guest *guest)
{
	return guest->unlisted ? guest->argv != NULL : guest->live_xml || guest->inactive_xml;
}

/* What the kernel allows a thread that its live XML does not speak of; NULL where it was told
 * nothing and may run everywhere. */
static hwloc_const_bitmap_t thread_bound(const Audit *audit, const Guest *guest,
					 const GuestThread *thread)
{
	if (!guest->running || !thread->real || thread->live || guest->cpuset_live ||
	    hwloc_bitmap_isincluded(audit->online, thread->real))
		return NULL;
	return thread->real;
}

hwloc_const_bitmap_t thread_pin(const Audit *audit, const Guest *guest, const GuestThread *thread,
				Side side)
{
	switch (side) {
	case SIDE_LIVE:
		return thread->live;
	case SIDE_NEXT:
		return thread->inactive;
	default:
		return thread_bound(audit, guest, thread);
	}
}

hwloc_const_bitmap_t guest_cpuset(const Guest *guest, Side side)
{
	return side == SIDE_LIVE   ? guest->cpuset_live
	       : side == SIDE_NEXT ? guest->cpuset_inactive
				   : NULL;
}

hwloc_const_bitmap_t thread_place(const Audit *audit, const Guest *guest, const GuestThread *thread,
				  Side side)
{
	hwloc_const_bitmap_t pin = thread_pin(audit, guest, thread, side);

	return pin ? pin : guest_cpuset(guest, side);
}

hwloc_const_bitmap_t thread_pin_now(const Audit *audit, const Guest *guest,
				    const GuestThread *thread)
{
	hwloc_const_bitmap_t bound = thread_bound(audit, guest, thread);

	if (bound)
		return bound;
	return guest_has(guest, SIDE_LIVE) ? thread->live : thread->inactive;
}

const GuestThread *guest_thread(const GArray *threads, unsigned i)
{
	return &g_array_index(threads, GuestThread, i);
}

Side guest_side(const Guest *guest)
{
	if (guest_has(guest, SIDE_LIVE))
		return SIDE_LIVE;
	return guest_has(guest, SIDE_REAL) ? SIDE_REAL : SIDE_NEXT;
}

bool vms_at_once(const AuditVm *a, const AuditVm *b)
{
	return a == b || (a->guest && b->guest && a->guest->running && b->guest->running) ||
	       (a->vm && b->vm);
}

bool vms_exclude(const Audit *audit, const AuditVm *a, const AuditVm *b)
{
	g_auto(CpuSet) cores = NULL;

	if (!a->guest || !b->guest || !a->dedicated || !b->dedicated || vms_at_once(a, b))
		return false;
	cores = cores_of(audit->host, a->cpus);
	return set_meets(cores, b->cpus);
}

/* -overcommit */

static bool option_says(const char *argument, const char *option, bool *on)
{
	g_auto(GStrv) parts = g_strsplit(argument, ",", -1);
	size_t length = strlen(option);
	bool said = false;

	for (char **part = parts; *part; part++) {
		const char *value = *part + length;

		if (strncmp(*part, option, length) != 0 || (*value && *value != '='))
			continue;
		said = true;
		*on = !*value || g_str_equal(value, "=on") || g_str_equal(value, "=yes") ||
		      g_str_equal(value, "=true") || g_str_equal(value, "=y");
	}
	return said;
}

/* Before 9.1 each -overcommit sets both options anew (system/vl.c): the last one counts. */
bool overcommit_on(char **arguments, const char *option, const char *qemu)
{
	bool last_counts = !qemu || version_before(qemu, 9, 1);
	bool on = false;

	for (; arguments && *arguments; arguments++)
		if (!option_says(*arguments, option, &on) && last_counts)
			on = false;
	return on;
}

char **overcommit_of(char **argv)
{
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

	for (; argv && *argv; argv++)
		if ((g_str_equal(*argv, "-overcommit") || g_str_equal(*argv, "--overcommit")) &&
		    argv[1])
			g_strv_builder_add(builder, *++argv);
	return g_strv_builder_end(builder);
}

bool lists_refused(const Audit *audit)
{
	const CmdlineEffects *effects = audit->effects;

	return effects &&
	       (cmdline_refused(&effects->isolcpus) || cmdline_refused(&effects->nohz_full) ||
		cmdline_refused(&effects->rcu_nocbs));
}

/* Sysctls */

const char *sysctl_value(const Facts *facts, const char *group, const char *name)
{
	g_autofree char *key = g_strconcat(group, ".", name, NULL);
	GHashTable *sysctls = facts->kernel->sysctls;

	return sysctls ? g_hash_table_lookup(sysctls, key) : NULL;
}

const char *kvm_value(const Facts *facts, const char *name)
{
	GHashTable *parameters = facts->kvm->parameters;

	return parameters ? g_hash_table_lookup(parameters, name) : NULL;
}

bool kvm_value_on(const char *value)
{
	return value && (g_str_equal(value, "1") || g_str_equal(value, "Y") ||
			 g_str_equal(value, "y") || g_str_equal(value, "on"));
}

/* Cores, NUMA */

const char *smt_on(const Audit *audit)
{
	const char *control = audit->facts->kernel->smt_control;

	if (g_strcmp0(control, "off") == 0)
		return "echo on >/sys/devices/system/cpu/smt/control, and take nosmt from the "
		       "kernel line if it is there";
	if (g_strcmp0(control, "forceoff") == 0)
		return "take nosmt=force (or mitigations=…,nosmt) from the kernel line and reboot: "
		       "until then SMT cannot be turned on";
	return NULL;
}

unsigned threads_in(const Core *core, hwloc_const_bitmap_t set)
{
	unsigned n = 0;

	for (unsigned i = 0; i < core->n_cpus; i++)
		n += hwloc_bitmap_isset(set, core->cpu[i]);
	return n;
}

hwloc_bitmap_t cores_of(const Host *host, hwloc_const_bitmap_t cpus)
{
	hwloc_bitmap_t all = hwloc_bitmap_dup(cpus);
	unsigned cpu;

	if (!host)
		return all;
	hwloc_bitmap_foreach_begin(cpu, cpus)
		unsigned index = host_core_of(host, cpu);
		const Core *core = index == HOST_NONE ? NULL : host_core(host, index);

		for (unsigned t = 0; core && t < core->n_cpus; t++)
			hwloc_bitmap_set(all, core->cpu[t]);
	hwloc_bitmap_foreach_end();
	return all;
}

hwloc_bitmap_t host_nodes_of(const Host *host, hwloc_const_bitmap_t cpus)
{
	hwloc_bitmap_t nodes = set_new();

	for (unsigned i = 0; i < host->nodes->len; i++)
		if (hwloc_bitmap_intersects(host_node(host, i)->cpus, cpus))
			hwloc_bitmap_set(nodes, host_node(host, i)->id);
	return nodes;
}
