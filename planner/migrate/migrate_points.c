/* SPDX-License-Identifier: MIT */
/*
 * The points a migration is judged by. Each function adds what it sees, or nothing where there is
 * nothing to say.
 *
 * Where the rules are from: CPUID and cpu-pm, QEMU target/i386/kvm/kvm.c and cpu.c
 * (host_cpu_enable_cpu_pm: leaf 5, MONITOR, WAITPKG with -cpu host and max); PV_UNHALT, which KVM
 * takes from guests whose HLT does not exit, Documentation/virt/kvm/api.rst 7.13; guest topology,
 * cells and hint-dedicated, libvirt's virDomainDefCheckABIStability; host-passthrough, libvirt's
 * formatdomain.
 */
#include "planner/artifacts/artifact.h"
#include "planner/artifacts/artifact_memory.h"
#include "planner/base/size.h"
#include "planner/base/version.h"
#include "planner/cpupm/paths.h"
#include "planner/migrate/migrate.h"
#include "planner/place/guest.h"

#include <stdlib.h>
#include <string.h>

static void migrate_points_add(Migration *m, const char *what, MigrateVerdict verdict,
			       const char *fix, char *text)
{
	MigratePoint *point = g_new0(MigratePoint, 1);

	point->what = what;
	point->verdict = verdict;
	point->text = text;
	point->fix = g_strdup(fix);
	g_ptr_array_add(m->points, point);
	m->verdict = MAX(m->verdict, verdict);
}

static const char *migrate_points_known(const char *text)
{
	return text ? text : "not known";
}

/* Room */

/* A VM that runs there and would have no place beside the newcomer. */
static const char *pushed_out(const Migration *m)
{
	for (unsigned i = 0; i < m->plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(m->plan->vms, i);

		if (!vm->placed && vm != m->after)
			return vm->spec->name;
	}
	return NULL;
}

/* It does not fit: what the plan says of it. */
static void judge_unplaced(Migration *m)
{
	g_autofree char *subject = g_strdup_printf("vm %s", m->after->spec->name);
	const char *text = "it does not fit", *fix = NULL;

	for (unsigned i = m->plan->findings->len; i-- > 0;) {
		const Finding *finding = g_ptr_array_index(m->plan->findings, i);

		if (finding->severity == SEVERITY_ERROR && !strcmp(finding->subject, subject)) {
			text = finding->text;
			fix = finding->fix;
		}
	}
	migrate_points_add(m, "room", MIGRATE_CANNOT, fix, g_strdup(text));
}

static void judge_room(Migration *m)
{
	const char *out = pushed_out(m);
	g_autofree char *places = plan_vm_places(m->after);

	if (!m->after->placed)
		judge_unplaced(m);
	else if (out)
		migrate_points_add(
			m, "room", MIGRATE_CANNOT, "make room first: planner fit",
			g_strdup_printf("it fits only if vm %s, which runs there, is unplaced",
					out));
	else
		migrate_points_add(m, "room", MIGRATE_LIVE, NULL,
				   g_strdup_printf("it fits, on CPUs %s", places));
}

static void judge_moves(Migration *m)
{
	for (unsigned i = 0; i < m->plan->moves->len; i++) {
		const Move *move = g_ptr_array_index(m->plan->moves, i);
		g_autofree char *to = plan_vm_places(plan_vm(m->plan, move->vm));
		g_autofree char *fix = g_strdup_printf("move vm %s to CPUs %s first", move->vm, to);

		migrate_points_add(m, "moves", MIGRATE_LIVE, fix,
				   g_strdup_printf("vm %s makes room for it there", move->vm));
	}
}

static bool migrate_points_memory_known(const Plan *plan, const PlanVm *vm)
{
	for (unsigned i = 0; i < vm->shares->len; i++)
		if (plan_node_room(plan, g_array_index(vm->shares, VmShare, i).from) == UINT64_MAX)
			return false;
	return true;
}

static void judge_memory(Migration *m)
{
	g_autofree char *memory = size_format(plan_vm_memory(m->after));

	if (!m->after->spec->memory)
		migrate_points_add(m, "memory", MIGRATE_UNKNOWN, "give its section memory = 8G",
				   g_strdup("its memory is unknown"));
	else if (!migrate_points_memory_known(m->plan, m->after))
		migrate_points_add(
			m, "memory", MIGRATE_UNKNOWN, "use a topology with memory",
			g_strdup_printf("it needs %s, and the other node's memory is unknown",
					memory));
	else
		migrate_points_add(m, "memory", MIGRATE_LIVE, NULL,
				   g_strdup_printf("%s, which is free", memory));
}

static uint64_t pages_of(const GArray *needs, const PageNeed *like)
{
	for (unsigned i = 0; i < needs->len; i++) {
		const PageNeed *need = &g_array_index(needs, PageNeed, i);

		if (need->node == like->node && need->size == like->size)
			return need->count;
	}
	return 0;
}

/* What the other node must have reserved before, and what that is in all. */
static void judge_hugepages(Migration *m)
{
	g_autoptr(GArray) before = page_needs(m->to), after = page_needs(m->plan);

	for (unsigned i = 0; i < after->len; i++) {
		const PageNeed *need = &g_array_index(after, PageNeed, i);
		uint64_t more = need->count - pages_of(before, need);
		g_autofree char *size = size_format(need->size);
		g_autofree char *fix =
			g_strdup_printf("have %" G_GUINT64_FORMAT " of them there first, for all "
					"its VMs",
					need->count);

		if (need->count > pages_of(before, need))
			migrate_points_add(m, "huge pages", MIGRATE_LIVE, fix,
					   g_strdup_printf("%" G_GUINT64_FORMAT
							   " more of %s on node %u",
							   more, size, need->node));
	}
}

static void judge_pins(Migration *m)
{
	g_autofree char *from = plan_vm_places(m->before), *to = plan_vm_places(m->after);

	migrate_points_add(m, "pins", MIGRATE_LIVE, NULL,
			   strcmp(from, to) != 0
				   ? g_strdup_printf("they change: %s to %s", from, to)
				   : g_strdup_printf("they stay: %s", to));
}

/* What the guest was told */

static void migrate_points_judge_topology(Migration *m)
{
	g_autofree char *from = guest_topology(m->before), *to = guest_topology(m->after);

	if (strcmp(from, to) != 0)
		migrate_points_add(m, "guest topology", MIGRATE_RESTART, NULL,
				   g_strdup_printf("%s becomes %s", from, to));
	else
		migrate_points_add(m, "guest topology", MIGRATE_LIVE, NULL,
				   g_strdup_printf("the same: %s", from));
}

static void judge_cells(Migration *m)
{
	g_autofree char *from = guest_cells(m->before), *to = guest_cells(m->after);

	if (strcmp(from, to) != 0)
		migrate_points_add(m, "guest cells", MIGRATE_RESTART,
				   m->after->shares->len > m->before->shares->len
					   ? "make room for it in as many nodes as it has here"
					   : NULL,
				   g_strdup_printf("its NUMA cells change: %s to %s", from, to));
}

/* One that was not told need not be: the XML for a live migration leaves it out. */
static void judge_hint(Migration *m)
{
	if (domain_hinted(m->from, m->before) && !domain_hinted(m->plan, m->after))
		migrate_points_add(m, "hint-dedicated", MIGRATE_RESTART, NULL,
				   g_strdup_printf("the guest was promised its own CPUs, which "
						   "libvirt %s there may refuse",
						   migrate_points_known(m->to->node->libvirt)));
}

/* CPU */

/* Both are known and the same, both are known and differ, or one is not known. */
static Tristate same_text(const char *a, const char *b)
{
	if (!a || !b)
		return TRISTATE_UNKNOWN;
	return strcmp(a, b) ? TRISTATE_NO : TRISTATE_YES;
}

static void judge_arch(Migration *m)
{
	const char *from = m->from->host->arch, *to = m->to->host->arch;

	if (same_text(from, to) == TRISTATE_NO)
		migrate_points_add(m, "architecture", MIGRATE_CANNOT, NULL,
				   g_strdup_printf("%s and %s", from, to));
}

/* Do kernel or QEMU differ, as far as is known? */
static bool software_differs(const Migration *m)
{
	return same_text(m->from->node->kernel, m->to->node->kernel) == TRISTATE_NO ||
	       same_text(m->from->node->qemu, m->to->node->qemu) == TRISTATE_NO;
}

/* The guest sees the host's CPU itself. */
static void judge_passthrough(Migration *m, const char *mode)
{
	const char *from = m->from->host->model, *to = m->to->host->model;

	switch (same_text(from, to)) {
	case TRISTATE_YES:
		if (software_differs(m))
			migrate_points_add(
				m, "CPU model", MIGRATE_UNKNOWN,
				"bring both nodes to the same versions",
				g_strdup_printf("%s, and both are %s, but what the guest sees of "
						"it depends on kernel and QEMU, which differ",
						mode, to));
		else
			migrate_points_add(
				m, "CPU model", MIGRATE_LIVE,
				"make sure that microcode and BIOS settings are the same, too",
				g_strdup_printf("%s, and both are %s", mode, to));
		return;
	case TRISTATE_NO:
		migrate_points_add(
			m, "CPU model", MIGRATE_RESTART, "use a custom model that both have",
			g_strdup_printf("%s shows the guest %s here and %s there", mode, from, to));
		return;
	case TRISTATE_UNKNOWN:
		migrate_points_add(
			m, "CPU model", MIGRATE_UNKNOWN, "compare the two nodes' lscpu",
			g_strdup_printf(
				"%s needs the same CPU on both nodes: here (%s), there (%s)", mode,
				migrate_points_known(from), migrate_points_known(to)));
	}
}

/* libvirt spells the model out when the VM starts, and the other node refuses what it cannot. */
static void judge_host_model(Migration *m)
{
	const char *from = m->from->host->model, *to = m->to->host->model;

	if (same_text(from, to) == TRISTATE_YES)
		migrate_points_add(m, "CPU model", MIGRATE_LIVE, NULL,
				   g_strdup_printf("host-model, and both are %s", to));
	else
		migrate_points_add(
			m, "CPU model", MIGRATE_UNKNOWN,
			"ask the other node: virsh hypervisor-cpu-compare, of the running VM's XML",
			g_strdup_printf("host-model: the CPU there (%s) must have every feature of "
					"the one here (%s)",
					migrate_points_known(to), migrate_points_known(from)));
}

static bool is_passthrough(const PlanVm *vm)
{
	return vm->spec->cpu_mode == CPU_MODE_HOST_PASSTHROUGH ||
	       vm->spec->cpu_mode == CPU_MODE_MAXIMUM;
}

static void judge_cpu(Migration *m)
{
	if (is_passthrough(m->before))
		judge_passthrough(m, cpu_mode_names[m->before->spec->cpu_mode]);
	else if (m->before->spec->cpu_mode == CPU_MODE_HOST_MODEL)
		judge_host_model(m);
	else
		migrate_points_add(
			m, "CPU model", MIGRATE_LIVE, NULL,
			g_strdup("custom: QEMU's default model, or the one that its XML names"));
}

/* Versions */

/* Is version TO older than FROM, by major and minor number? */
static bool migrate_points_older(const char *to, const char *from)
{
	char *end;
	unsigned major = (unsigned)strtoul(from, &end, 10);

	return version_before(to, major, *end == '.' ? (unsigned)strtoul(end + 1, NULL, 10) : 0);
}

static void judge_qemu(Migration *m)
{
	const char *from = m->from->node->qemu, *to = m->to->node->qemu;

	if (!from || !to)
		migrate_points_add(m, "QEMU", MIGRATE_UNKNOWN, "set [node] qemu",
				   g_strdup_printf("%s here, %s there", migrate_points_known(from),
						   migrate_points_known(to)));
	else if (migrate_points_older(to, from))
		migrate_points_add(
			m, "QEMU", MIGRATE_RESTART, "update QEMU on the other node",
			g_strdup_printf("%s here, %s there: a VM does not migrate to an older "
					"version, and its machine type may be unknown there",
					from, to));
	else
		migrate_points_add(m, "QEMU", MIGRATE_LIVE, NULL,
				   g_strdup_printf("%s here, %s there: not older", from, to));
}

static void judge_libvirt(Migration *m)
{
	const char *from = m->from->node->libvirt, *to = m->to->node->libvirt;

	if (from && to && migrate_points_older(to, from))
		migrate_points_add(m, "libvirt", MIGRATE_UNKNOWN,
				   "try it with a VM that does not matter",
				   g_strdup_printf("%s here, %s there: the older one may refuse "
						   "what the newer one writes",
						   from, to));
}

/* cpu-pm */

/* "unsupported: nested: the node is …"; without WHY the codes alone. */
static char *migrate_points_verdict_text(const Cpupm *cpupm, bool why)
{
	GString *text = g_string_new(cpupm_names[cpupm->verdict]);

	for (unsigned i = 0; cpupm->verdict != CPUPM_OFF && i < cpupm->reasons->len; i++) {
		const CpupmReason *reason = g_ptr_array_index(cpupm->reasons, i);

		g_string_append_printf(text, "%s%s%s%s", i ? "; " : ": ", reason->code,
				       why ? ": " : "", why ? reason->text : "");
	}
	return g_string_free(text, FALSE);
}

static const char *tristate_text(Tristate value)
{
	static const char *const texts[] = {
		[TRISTATE_UNKNOWN] = "not known", [TRISTATE_NO] = "no", [TRISTATE_YES] = "yes"};

	return texts[value];
}

/* The guest's CPUID is another without cpu-pm: with its own CPU mode always, else where it was
 * offered MWAIT. */
static void cpupm_lost(Migration *m, const char *to)
{
	static const char *const texts[] = {
		[MIGRATE_LOSES] = "",
		[MIGRATE_UNKNOWN] = "; the guest may have seen MWAIT, and miss it",
		[MIGRATE_RESTART] = "; the guest sees another CPU without it",
	};
	MigrateVerdict verdict = is_passthrough(m->before)	       ? MIGRATE_RESTART
				 : m->from->node->mwait == TRISTATE_NO ? MIGRATE_LOSES
								       : MIGRATE_UNKNOWN;

	migrate_points_add(m, "cpu-pm", verdict,
			   "use the XML for the other node, which has no cpu-pm",
			   g_strdup_printf("it is lost: on here; there %s%s", to, texts[verdict]));
}

/* Both have it; but whether the guest is offered MWAIT with it is the node's KVM to say. */
static void cpupm_kept(Migration *m)
{
	Tristate from = m->from->node->mwait, to = m->to->node->mwait;
	bool differs = from != TRISTATE_UNKNOWN && to != TRISTATE_UNKNOWN && from != to;
	MigrateVerdict verdict = MIGRATE_LIVE;

	if (is_passthrough(m->before))
		verdict = differs ? MIGRATE_RESTART : from && to ? MIGRATE_LIVE : MIGRATE_UNKNOWN;
	else if (from == TRISTATE_YES && to != TRISTATE_YES)
		verdict = MIGRATE_UNKNOWN;
	if (verdict == MIGRATE_LIVE)
		migrate_points_add(m, "cpu-pm", verdict, NULL, g_strdup("on, here and there"));
	else
		migrate_points_add(
			m, "cpu-pm", verdict, differs ? NULL : "set [node] mwait of both nodes",
			g_strdup_printf("on, here and there, but the guest's CPU depends on MWAIT, "
					"which KVM offers here: %s, there: %s",
					tristate_text(from), tristate_text(to)));
}

/* Neither has it. */
static void cpupm_without(Migration *m)
{
	g_autofree char *from = migrate_points_verdict_text(m->before->cpupm, false);
	g_autofree char *to = migrate_points_verdict_text(m->after->cpupm, false);

	migrate_points_add(m, "cpu-pm", MIGRATE_LIVE, NULL,
			   strcmp(from, to) != 0 ? g_strdup_printf("%s here; there %s", from, to)
						 : g_strdup_printf("%s, here and there", from));
}

static void migrate_points_judge_cpupm(Migration *m)
{
	CpupmVerdict from = m->before->cpupm->verdict, to = m->after->cpupm->verdict;
	g_autofree char *from_text = migrate_points_verdict_text(m->before->cpupm, true);
	g_autofree char *to_text = migrate_points_verdict_text(m->after->cpupm, true);

	if (from == CPUPM_ON && to == CPUPM_ON)
		cpupm_kept(m);
	else if (from == CPUPM_UNKNOWN || to == CPUPM_UNKNOWN)
		migrate_points_add(m, "cpu-pm", MIGRATE_UNKNOWN,
				   "give the versions of both nodes, and mwait",
				   g_strdup_printf("%s here; there %s", from_text, to_text));
	else if (from == CPUPM_ON)
		cpupm_lost(m, to_text);
	else if (to == CPUPM_ON)
		migrate_points_add(
			m, "cpu-pm", MIGRATE_RESTART,
			"set cpu-pm = off so that it can migrate live",
			g_strdup_printf("on only there: a guest that started without it waits for "
					"locks in a halt that no longer exits (PV_UNHALT); here %s",
					from_text));
	else
		cpupm_without(m);
}

/* KVM chooses the way anew at each exit, and the guest sees none of it: always safe. */
static void judge_paths(Migration *m)
{
	const char *from = m->from->node->kernel, *to = m->to->node->kernel;
	VmPaths here, there;

	if (!from || !to || (m->to->host->arch && strcmp(m->to->host->arch, "x86_64")))
		return;
	here = vm_paths(from, m->before->cpupm->verdict == CPUPM_ON);
	there = vm_paths(to, m->after->cpupm->verdict == CPUPM_ON);
	if (strcmp(here.timers, there.timers) != 0)
		migrate_points_add(m, "timers", MIGRATE_LIVE, NULL,
				   g_strdup_printf("they go another way there, which is safe: %s",
						   there.timers));
	if (strcmp(here.ipis, there.ipis) != 0)
		migrate_points_add(m, "IPIs", MIGRATE_LIVE, NULL,
				   g_strdup_printf("they go another way there, which is safe: %s",
						   there.ipis));
	vm_paths_clear(&here);
	vm_paths_clear(&there);
}

static const struct MigrateRow {
	void (*judge)(Migration *m);
	bool placed; /* only for a VM that fits */
	bool nodes;  /* the nodes alone tell */
} rows[] = {
	{judge_arch, false, true},
	{judge_room, false, false},
	{judge_moves, true, false},
	{judge_pins, true, false},
	{migrate_points_judge_topology, true, false},
	{judge_cells, true, false},
	{judge_memory, true, false},
	{judge_hugepages, true, false},
	{judge_cpu, false, true},
	{judge_qemu, false, true},
	{judge_libvirt, false, true},
	{judge_hint, true, false},
	{migrate_points_judge_cpupm, true, true},
	{judge_paths, true, false},
};

void migrate_judge(Migration *migration, bool nodes)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
		if ((migration->after->placed || !rows[i].placed) && (rows[i].nodes || !nodes))
			rows[i].judge(migration);
}
