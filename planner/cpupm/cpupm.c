/* SPDX-License-Identifier: MIT */
#include "planner/cpupm/cpupm.h"
#include "planner/base/version.h"
#include "planner/kernel/feature.h"

#include <string.h>

#define NOBODY G_MAXUINT
#define MANY (G_MAXUINT - 1)

const char *const cpupm_names[] = {"on", "off", "ineligible", "unsupported", "unknown", NULL};

const char *const cpupm_codes[] = {
	/* off, not judged */
	"inventory",
	"not-placed",
	/* ineligible */
	"overcommitted",
	"unpinned",
	"split-core",
	"on-host",
	"on-sdk",
	"not-isolated",
	"emulator-overlap",
	/* unsupported */
	"not-x86",
	"qemu-too-old",
	"kernel-no-disable-exits",
	"passthrough-without-mwait",
	"nested",
	/* unknown */
	"qemu-unknown",
	"kernel-unknown",
	"mwait-unknown",
	/* notes, when it is on */
	"merged-mem-lock",
	"einval-fatal",
	"cold-start",
	"migration",
	"timers",
	NULL,
};

/* Who may run on one CPU. */
typedef struct CpupmTenants {
	unsigned n_vcpus; /* vCPUs of any VM */
	unsigned vm;	  /* the one VM they are of, or NOBODY, MANY */
	bool emulator;	  /* some emulator or I/O thread */
} CpupmTenants;

struct CpupmCensus {
	GArray *cpus; /* of CpupmTenants, by CPU */
};

/* The census */

static CpupmTenants *cpupm_tenants(const CpupmCensus *census, unsigned cpu)
{
	if (cpu >= census->cpus->len) {
		unsigned old = census->cpus->len;

		g_array_set_size(census->cpus, cpu + 1);
		for (unsigned i = old; i <= cpu; i++)
			g_array_index(census->cpus, CpupmTenants, i).vm = NOBODY;
	}
	return &g_array_index(census->cpus, CpupmTenants, cpu);
}

static void count_vcpu(CpupmCensus *census, unsigned vm, hwloc_const_bitmap_t set)
{
	unsigned cpu;

	hwloc_bitmap_foreach_begin(cpu, set)
		CpupmTenants *t = cpupm_tenants(census, cpu);

		t->n_vcpus++;
		t->vm = t->vm == NOBODY || t->vm == vm ? vm : MANY;
	hwloc_bitmap_foreach_end();
}

static void count_emulator(CpupmCensus *census, hwloc_const_bitmap_t set)
{
	unsigned cpu;

	if (!set)
		return;
	hwloc_bitmap_foreach_begin(cpu, set)
		cpupm_tenants(census, cpu)->emulator = true;
	hwloc_bitmap_foreach_end();
}

CpupmCensus *cpupm_census_new(const CpupmNode *node)
{
	CpupmCensus *census = g_new0(CpupmCensus, 1);

	census->cpus = g_array_new(FALSE, TRUE, sizeof(CpupmTenants));
	for (unsigned vm = 0; vm < node->threads->len; vm++) {
		const CpupmThreads *threads = &g_array_index(node->threads, CpupmThreads, vm);

		for (unsigned v = 0; v < threads->vcpus->len; v++)
			count_vcpu(census, vm, g_ptr_array_index(threads->vcpus, v));
		count_emulator(census, threads->emulator);
	}
	return census;
}

void cpupm_census_free(CpupmCensus *census)
{
	g_array_unref(census->cpus);
	g_free(census);
}

/* Verdicts */

static void reason_free(gpointer data)
{
	g_free(((CpupmReason *)data)->text);
	g_free(data);
}

Cpupm *cpupm_new(CpupmVerdict verdict)
{
	Cpupm *cpupm = g_new0(Cpupm, 1);

	cpupm->verdict = verdict;
	cpupm->reasons = g_ptr_array_new_with_free_func(reason_free);
	cpupm->notes = g_ptr_array_new_with_free_func(reason_free);
	return cpupm;
}

void cpupm_free(Cpupm *cpupm)
{
	g_ptr_array_unref(cpupm->reasons);
	g_ptr_array_unref(cpupm->notes);
	g_free(cpupm);
}

static void reason_add(GPtrArray *list, const char *code, char *text)
{
	CpupmReason *reason = g_new0(CpupmReason, 1);

	reason->code = g_intern_string(code);
	reason->text = text;
	g_ptr_array_add(list, reason);
}

void cpupm_add_reason(Cpupm *cpupm, const char *code, const char *text)
{
	reason_add(cpupm->reasons, code, g_strdup(text));
}

void cpupm_add_note(Cpupm *cpupm, const char *code, const char *text)
{
	reason_add(cpupm->notes, code, g_strdup(text));
}

Cpupm *cpupm_off(void)
{
	Cpupm *cpupm = cpupm_new(CPUPM_OFF);

	cpupm_add_reason(cpupm, "inventory", "the inventory says cpu-pm = off");
	return cpupm;
}

char *cpupm_reasons_text(const Cpupm *cpupm)
{
	GString *text = g_string_new(NULL);

	for (unsigned i = 0; i < cpupm->reasons->len; i++) {
		const CpupmReason *reason = g_ptr_array_index(cpupm->reasons, i);

		g_string_append_printf(text, "%s%s (%s)", i ? "; " : "", reason->text,
				       reason->code);
	}
	return g_string_free(text, FALSE);
}

/* The reasons, one finder for each kind; each looks at the CPUs one VM's vCPUs may run on. */

typedef struct Judge {
	const CpupmNode *node;
	const CpupmCensus *census;
	unsigned index;
	const CpupmThreads *threads;
	CpuSet cpus; /* all its vCPUs may run on */
	Cpupm *cpupm;
} Judge;

static void add_with_cpus(Judge *judge, const char *code, hwloc_const_bitmap_t cpus,
			  const char *text)
{
	g_autofree char *list = cpulist_format(cpus);

	reason_add(judge->cpupm->reasons, code, g_strdup_printf("%s: CPUs %s", text, list));
}

/* The CPUs of the VM for which TEST holds. Yours. */
static CpuSet cpus_where(const Judge *judge, bool (*test)(const Judge *judge, unsigned cpu))
{
	CpuSet found = hwloc_bitmap_alloc();
	unsigned cpu;

	hwloc_bitmap_foreach_begin(cpu, judge->cpus)
		if (test(judge, cpu))
			hwloc_bitmap_set(found, cpu);
	hwloc_bitmap_foreach_end();
	return found;
}

static bool cpupm_floats(const CpupmThreads *threads)
{
	for (unsigned v = 0; v < threads->vcpus->len; v++)
		if (hwloc_bitmap_weight(g_ptr_array_index(threads->vcpus, v)) != 1)
			return true;
	return false;
}

static bool cpu_overcommitted(const Judge *judge, unsigned cpu)
{
	return cpupm_tenants(judge->census, cpu)->n_vcpus > 1;
}

/* On the CPU or a sibling, idle as it may be: the whole core is the VM's. */
static bool cpu_emulator(const Judge *judge, unsigned cpu)
{
	unsigned index = host_core_of(judge->node->host, cpu);
	const Core *core;

	if (index == HOST_NONE)
		return cpupm_tenants(judge->census, cpu)->emulator;
	core = host_core(judge->node->host, index);
	for (unsigned i = 0; i < core->n_cpus; i++)
		if (cpupm_tenants(judge->census, core->cpu[i])->emulator)
			return true;
	return false;
}

static bool cpu_on_host(const Judge *judge, unsigned cpu)
{
	return hwloc_bitmap_isset(judge->node->host_cpus, cpu);
}

static bool cpu_on_sdk(const Judge *judge, unsigned cpu)
{
	return hwloc_bitmap_isset(judge->node->sdk_cpus, cpu);
}

static bool cpu_not_isolated(const Judge *judge, unsigned cpu)
{
	return !hwloc_bitmap_isset(judge->node->isolated, cpu) && !cpu_on_host(judge, cpu);
}

/* May anything but this VM run on CPU's sibling? */
static bool sibling_foreign(const Judge *judge, unsigned cpu)
{
	const CpupmTenants *t = cpupm_tenants(judge->census, cpu);

	return (t->vm != NOBODY && t->vm != judge->index) || cpu_on_host(judge, cpu) ||
	       cpu_on_sdk(judge, cpu) || !hwloc_bitmap_isset(judge->node->isolated, cpu);
}

/* A core with an offline sibling is split: the sibling may come back and is not the VM's. */
static bool cpu_split(const Judge *judge, unsigned cpu)
{
	unsigned index = host_core_of(judge->node->host, cpu);
	const Core *core;

	if (index == HOST_NONE)
		return true;
	core = host_core(judge->node->host, index);
	for (unsigned i = 0; i < core->n_cpus; i++)
		if (core->cpu[i] != cpu && sibling_foreign(judge, core->cpu[i]))
			return true;
	return core->partial;
}

static void find_overcommitted(Judge *judge)
{
	g_auto(CpuSet) cpus = cpus_where(judge, cpu_overcommitted);

	if (!hwloc_bitmap_iszero(cpus))
		add_with_cpus(judge, "overcommitted", cpus,
			      "its vCPUs may run where other vCPUs may");
}

static void find_unpinned(Judge *judge)
{
	g_auto(CpuSet) cpus = hwloc_bitmap_alloc();

	for (unsigned v = 0; v < judge->threads->vcpus->len; v++) {
		hwloc_const_bitmap_t vcpu = g_ptr_array_index(judge->threads->vcpus, v);

		if (hwloc_bitmap_weight(vcpu) != 1)
			hwloc_bitmap_or(cpus, cpus, vcpu);
	}
	if (cpupm_floats(judge->threads))
		add_with_cpus(judge, "unpinned", cpus, "a vCPU is not pinned to exactly one CPU");
}

static void find_cpus(Judge *judge, const char *code, bool (*test)(const Judge *, unsigned),
		      const char *text)
{
	g_auto(CpuSet) cpus = cpus_where(judge, test);

	if (!hwloc_bitmap_iszero(cpus))
		add_with_cpus(judge, code, cpus, text);
}

/*
 * A VM that floats over CPUs it shares is overcommitted, and that is all there is to say: where it
 * floats does not matter any more. Everything else gets all its reasons.
 */
static void find_ineligible(Judge *judge)
{
	find_overcommitted(judge);
	if (judge->cpupm->reasons->len && cpupm_floats(judge->threads))
		return;
	find_unpinned(judge);
	find_cpus(judge, "split-core", cpu_split, "a sibling is not the VM's own");
	find_cpus(judge, "on-host", cpu_on_host,
		  cpupm_floats(judge->threads) ? "it may run on the host's CPUs"
					       : "it is pinned to the host's CPUs");
	find_cpus(judge, "on-sdk", cpu_on_sdk, "it is pinned to the SDK's CPUs");
	find_cpus(judge, "not-isolated", cpu_not_isolated, "its CPUs are not isolated");
	find_cpus(judge, "emulator-overlap", cpu_emulator,
		  "emulator or I/O threads may run on its cores");
}

/* What the node cannot do */

/* What comes of cpu-pm=on where the kernel lacks the capability: QEMU ignores that until 10.0. */
static const char *without_capability(const char *qemu)
{
	if (!qemu)
		return "the VM would run without its effect, or, from QEMU 10.0, not start";
	return version_before(qemu, 10, 0) ? "the VM would run without its effect"
					   : "the VM would not start";
}

static void find_unsupported(const CpupmNode *g, const VmSpec *spec, Cpupm *cpupm)
{
	bool passthrough =
		spec->cpu_mode == CPU_MODE_HOST_PASSTHROUGH || spec->cpu_mode == CPU_MODE_MAXIMUM;

	if (g->host->arch && strcmp(g->host->arch, "x86_64") && strcmp(g->host->arch, "i686")) {
		reason_add(cpupm->reasons, "not-x86",
			   g_strdup_printf("cpu-pm exists on x86 only, this is %s", g->host->arch));
		return; /* the rest is of x86 */
	}
	if (g->qemu && version_before(g->qemu, 3, 0))
		reason_add(cpupm->reasons, "qemu-too-old",
			   g_strdup_printf("QEMU %s has no -overcommit cpu-pm (3.0 has): the VM "
					   "would not start",
					   g->qemu));
	if (g->disable_exits == TRISTATE_NO ||
	    (g->disable_exits == TRISTATE_UNKNOWN &&
	     kernel_has(g->kernel, KERNEL_DISABLE_EXITS) == TRISTATE_NO))
		reason_add(
			cpupm->reasons, "kernel-no-disable-exits",
			g_strdup_printf("KVM of %s%s has no KVM_CAP_X86_DISABLE_EXITS (kernel 4.17 "
					"has): %s",
					g->kernel ? "kernel " : "this node",
					g->kernel ? g->kernel : "", without_capability(g->qemu)));
	if (passthrough && g->mwait == TRISTATE_NO && g->qemu && version_before(g->qemu, 9, 1))
		reason_add(cpupm->reasons, "passthrough-without-mwait",
			   g_strdup_printf("QEMU %s shows a %s guest MWAIT, which %s lacks: "
					   "the guest would die of an invalid opcode",
					   g->qemu, cpu_mode_names[spec->cpu_mode],
					   g->section && *g->section ? g->section : "this node"));
	if (g->nested == TRISTATE_YES)
		reason_add(cpupm->reasons, "nested",
			   g_strdup("the node is itself a virtual machine: disabled exits may "
				    "be refused or fatal there"));
}

/* Which key of the inventory says it; nothing where the node itself must. Yours. */
static char *cpupm_advice(const CpupmNode *g, const char *key)
{
	const char *section = g->section ? g->section : "node";

	return *section ? g_strdup_printf(": set [%s] %s", section, key) : g_strdup("");
}

/* Facts that are missing and would decide. */
static void find_unknown(const CpupmNode *g, const VmSpec *spec, Cpupm *cpupm)
{
	bool passthrough =
		spec->cpu_mode == CPU_MODE_HOST_PASSTHROUGH || spec->cpu_mode == CPU_MODE_MAXIMUM;
	g_autofree char *qemu = cpupm_advice(g, "qemu"), *kernel = cpupm_advice(g, "kernel");
	g_autofree char *mwait = cpupm_advice(g, "mwait");

	if (!g->qemu)
		reason_add(cpupm->reasons, "qemu-unknown",
			   g_strconcat("QEMU's version is unknown", qemu, NULL));
	if (!g->kernel && g->disable_exits == TRISTATE_UNKNOWN)
		reason_add(cpupm->reasons, "kernel-unknown",
			   g_strconcat("the kernel's version is unknown", kernel, NULL));
	else if (g->disable_exits == TRISTATE_UNKNOWN &&
		 kernel_has(g->kernel, KERNEL_DISABLE_EXITS) == TRISTATE_UNKNOWN)
		reason_add(
			cpupm->reasons, "kernel-unknown",
			g_strdup_printf(
				"whether KVM of kernel %s has KVM_CAP_X86_DISABLE_EXITS is not "
				"known: Linux has it since 4.17, its vendor may have backported it",
				g->kernel));
	if (passthrough && g->mwait == TRISTATE_UNKNOWN &&
	    !(g->qemu && !version_before(g->qemu, 9, 1)))
		reason_add(cpupm->reasons, "mwait-unknown",
			   g_strdup_printf("%s needs MWAIT with QEMU before 9.1, and it is unknown "
					   "whether KVM offers it%s",
					   cpu_mode_names[spec->cpu_mode], mwait));
}

static void add_notes(const CpupmNode *g, const VmSpec *spec, Cpupm *cpupm)
{
	if (spec->locked && version_before(g->qemu, 9, 1))
		cpupm_add_note(cpupm, "merged-mem-lock",
			       "written as mem-lock=on,cpu-pm=on, because this QEMU forgets one if "
			       "the other follows separately");
	if (!version_before(g->qemu, 10, 0))
		cpupm_add_note(cpupm, "einval-fatal",
			       "a kernel that refuses it keeps the VM from starting (QEMU 10.0)");
	cpupm_add_note(cpupm, "cold-start", "takes effect when the VM is next powered on");
	cpupm_add_note(cpupm, "migration",
		       version_before(g->qemu, 10, 0)
			       ? "migrates to QEMU 3.0 or later; has no effect there if the kernel "
				 "is older than 4.17"
			       : "migrates to QEMU 3.0 or later with a kernel of 4.17 or later");
}

/* Without exits, they cost the host's CPUs instead. */
static void note_timers(const CpupmNode *g, Cpupm *cpupm)
{
	Tristate posted = kernel_has(g->kernel, KERNEL_POSTED_TIMERS);

	if (posted == TRISTATE_YES)
		cpupm_add_note(cpupm, "timers",
			       "its timers fire on the host's CPUs if APICv or AVIC is on: leave "
			       "those some room");
	else if (posted == TRISTATE_NO)
		cpupm_add_note(cpupm, "timers",
			       "its timers fire on its own CPUs, an exit each: Linux before 5.3 "
			       "has no exitless ones");
}

static void judge_node(const CpupmNode *node, const VmSpec *spec, Cpupm *cpupm)
{
	find_unsupported(node, spec, cpupm);
	if (cpupm->reasons->len) {
		cpupm->verdict = CPUPM_UNSUPPORTED;
		return;
	}
	find_unknown(node, spec, cpupm);
	if (cpupm->reasons->len) {
		cpupm->verdict = CPUPM_UNKNOWN;
		return;
	}
	add_notes(node, spec, cpupm);
	note_timers(node, cpupm);
}

Cpupm *cpupm_judge_node(const CpupmNode *node, const VmSpec *spec)
{
	Cpupm *cpupm = cpupm_new(CPUPM_ON);

	judge_node(node, spec, cpupm);
	return cpupm;
}

static CpuSet cpupm_cpus_of(const CpupmThreads *threads)
{
	CpuSet all = hwloc_bitmap_alloc();

	for (unsigned v = 0; v < threads->vcpus->len; v++)
		hwloc_bitmap_or(all, all, g_ptr_array_index(threads->vcpus, v));
	return all;
}

Cpupm *cpupm_judge(const CpupmNode *node, const CpupmCensus *census, unsigned index,
		   const VmSpec *spec)
{
	Cpupm *cpupm;
	Judge judge = {node, census, index, NULL, NULL, NULL};

	if (!spec->cpu_pm)
		return cpupm_off();
	cpupm = judge.cpupm = cpupm_new(CPUPM_ON);
	judge.threads = &g_array_index(node->threads, CpupmThreads, index);
	judge.cpus = cpupm_cpus_of(judge.threads);
	find_ineligible(&judge);
	hwloc_bitmap_free(judge.cpus);
	if (cpupm->reasons->len)
		cpupm->verdict = CPUPM_INELIGIBLE;
	else
		judge_node(node, spec, cpupm);
	return cpupm;
}

const char *cpupm_overcommit(const VmSpec *spec)
{
	return spec->locked ? "mem-lock=on,cpu-pm=on" : "cpu-pm=on";
}
