/* SPDX-License-Identifier: MIT */
/*
 * cpu-pm verdicts, on a host of eight cores 0-1, 2-3, … 14-15:
 *   0-1, 8-9 host   2-3 sdk   10-11 shared   4-7, 12-15 left to VMs
 * VMs are written "4;5|0-1": where vCPU 0 may run, vCPU 1, …, and after the '|' the emulator.
 */
#include "planner/cpupm/cpupm.h"
#include "planner/cpupm/paths.h"
#include "planner/place/plan.h"

#include <string.h>

#define TOPOLOGY "pack:2 [numa] l3:1 core:4 pu:2"
#define HOST_CPUS "0-1,8-9"
#define SDK_CPUS "2-3"
#define ISOLATED "2-7,12-15"
#define MOST_VMS 4

static GHashTable *reached; /* codes that some case gave */

static int pointer_strcmp(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* WORDS in alphabetical order, blanks between; WORDS is used up. Yours. */
static char *sorted(GPtrArray *words)
{
	g_ptr_array_sort(words, pointer_strcmp);
	g_ptr_array_add(words, NULL);
	return g_strjoinv(" ", (char **)words->pdata);
}

/* The codes of REASONS, sorted; each has a text of one line. */
static char *codes_of(const GPtrArray *reasons)
{
	g_autoptr(GPtrArray) codes = g_ptr_array_new();

	for (unsigned i = 0; i < reasons->len; i++) {
		const CpupmReason *reason = g_ptr_array_index(reasons, i);

		g_assert_true(*reason->text && !strchr(reason->text, '\n'));
		g_hash_table_add(reached, g_strdup(reason->code));
		g_ptr_array_add(codes, (char *)reason->code);
	}
	return sorted(codes);
}

static const char *text_of(const Cpupm *cpupm, const char *code)
{
	for (unsigned i = 0; i < cpupm->reasons->len; i++) {
		const CpupmReason *reason = g_ptr_array_index(cpupm->reasons, i);

		if (!strcmp(reason->code, code))
			return reason->text;
	}
	return "";
}

/* A node of VMs, and one judgement on it */

typedef struct TestNode {
	CpupmNode node;
	Host *host;
	GArray *threads;
	GPtrArray *sets; /* all sets of the threads */
} TestNode;

static hwloc_bitmap_t set_of(TestNode *node, const char *list)
{
	hwloc_bitmap_t set = cpulist_parse(list, NULL);

	g_assert_nonnull(set);
	g_ptr_array_add(node->sets, set);
	return set;
}

static void threads_clear(gpointer data)
{
	g_ptr_array_unref(((CpupmThreads *)data)->vcpus);
}

static void test_node_add_vm(TestNode *node, const char *vm)
{
	g_auto(GStrv) parts = g_strsplit(vm, "|", 2);
	g_auto(GStrv) vcpus = g_strsplit(parts[0], ";", -1);
	CpupmThreads threads = {.vcpus = g_ptr_array_new()};

	for (char **vcpu = vcpus; *vcpu; vcpu++)
		g_ptr_array_add(threads.vcpus, set_of(node, *vcpu));
	threads.emulator = parts[1] ? set_of(node, parts[1]) : NULL;
	g_array_append_val(node->threads, threads);
}

/* A node that can do all: what a case wants otherwise, it changes. */
static TestNode *test_node_new(const char *isolated, const char *const *vms)
{
	TestNode *g = g_new0(TestNode, 1);

	g->host = host_load(TOPOLOGY, NULL);
	g->sets = g_ptr_array_new_with_free_func((GDestroyNotify)hwloc_bitmap_free);
	g->threads = g_array_new(FALSE, FALSE, sizeof(CpupmThreads));
	g_array_set_clear_func(g->threads, threads_clear);
	for (unsigned i = 0; i < MOST_VMS && vms[i]; i++)
		test_node_add_vm(g, vms[i]);
	g->node = (CpupmNode){.host = g->host,
			      .host_cpus = set_of(g, HOST_CPUS),
			      .sdk_cpus = set_of(g, SDK_CPUS),
			      .isolated = set_of(g, isolated),
			      .threads = g->threads,
			      .kernel = "6.1.0",
			      .qemu = "9.1.0",
			      .mwait = TRISTATE_YES,
			      .disable_exits = TRISTATE_UNKNOWN,
			      .nested = TRISTATE_NO};
	return g;
}

static void test_node_free(TestNode *node)
{
	host_free(node->host);
	g_array_unref(node->threads);
	g_ptr_array_unref(node->sets);
	g_free(node);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TestNode, test_node_free)

static Cpupm *judge(const TestNode *node, unsigned index, const VmSpec *spec)
{
	g_autoptr(CpupmCensus) census = cpupm_census_new(&node->node);
	Cpupm *cpupm = cpupm_judge(&node->node, census, index, spec);

	g_assert_true((cpupm->verdict == CPUPM_ON) == (cpupm->reasons->len == 0));
	g_assert_true(cpupm->verdict == CPUPM_ON || cpupm->notes->len == 0);
	return cpupm;
}

static void assert_codes(const Cpupm *cpupm, CpupmVerdict verdict, const char *codes)
{
	g_autofree char *have = codes_of(cpupm->reasons);

	g_assert_cmpstr(cpupm_names[cpupm->verdict], ==, cpupm_names[verdict]);
	g_assert_cmpstr(have, ==, codes);
}

/* Where vCPUs may run */

typedef struct Where {
	const char *vms[MOST_VMS];
	const char *codes; /* of the first VM; none = on */
} Where;

static const Where fine[] = {
	{{"4;5|0-1"}, ""},
	{{"4;5"}, ""},
	{{"5;4"}, ""},
	{{"4|8-9"}, ""},  /* an odd number: the sibling is idle */
	{{"4;6;12"}, ""}, /* one vCPU a core */
	{{"4;5", "6;7", "12;13", "14;15"}, ""},
	{{"4;5;6;7|0-1", "12;13|0-1,8-9"}, ""},
	{{"4;5", "0-1;0-1;0-1|0-1"}, ""}, /* beside a VM that floats over the host's */
	{{"7;12"}, ""},			  /* across nodes: slow, not unsafe */
};

static const Where shared_cpus[] = {
	{{"4;4"}, "overcommitted"},
	{{"4;5", "4"}, "overcommitted split-core"},
	{{"4;5", "5;6"}, "overcommitted split-core"},
	{{"4;5", "4-7;4-7"}, "overcommitted split-core"},
	/* floats: that is all there is to say, wherever it is */
	{{"0-1;0-1|0-1"}, "overcommitted"},
	{{"10-11;10-11|0-1"}, "overcommitted"},
	{{"4-7;4-7"}, "overcommitted"},
	{{"4-7", "4"}, "overcommitted"},
	{{"0-15;0-15|0-15"}, "overcommitted"},
	/* one vCPU that floats alone shares with nobody */
	{{"4-5"}, "unpinned"},
	{{"4-7|0-1"}, "unpinned"},
	{{"4-5;6-7"}, "unpinned"},
	{{"4;6-7"}, "unpinned"},
};

static const Where siblings[] = {
	{{"4", "5"}, "split-core"},   {{"4;6", "7"}, "split-core"},
	{{"4;5", "6", "12;7"}, ""},   {{"6;12", "4;5", "7"}, "split-core"},
	{{"4", "5-6"}, "split-core"},
};

static const Where roles[] = {
	{{"0;1"}, "on-host split-core"},	{{"4;8"}, "on-host split-core"},
	{{"2;3"}, "on-sdk split-core"},		{{"4;3"}, "on-sdk split-core"},
	{{"10;11"}, "not-isolated split-core"}, {{"4;5;10"}, "not-isolated split-core"},
	{{"99"}, "not-isolated split-core"}, /* a CPU that is not online */
};

static const Where emulators[] = {
	{{"4;5|4"}, "emulator-overlap"},
	{{"4;5|0-15"}, "emulator-overlap"},
	{{"4;5|0-1", "6;7|5"}, "emulator-overlap"},
	{{"4;5|0-1", "6;7|0-15"}, "emulator-overlap"},
	{{"4|5"}, "emulator-overlap"},		/* its own, on the idle sibling */
	{{"4|0-1", "6|5"}, "emulator-overlap"}, /* another's */
	{{"4;5|6-7"}, ""},
};

/* Everything at once; nothing hides another. */
static const Where everything[] = {
	{{"0;2;4;10|4", "4;5|0-1"},
	 "emulator-overlap not-isolated on-host on-sdk overcommitted split-core"},
	{{"0-1|0-1"}, "emulator-overlap on-host split-core unpinned"},
	{{"8;9|0-1,8-9"}, "emulator-overlap on-host split-core"},
};

static void assert_where(const Where *rows, size_t n)
{
	const VmSpec spec = {.cpu_pm = true};

	for (size_t i = 0; i < n; i++) {
		g_autoptr(TestNode) node = test_node_new(ISOLATED, rows[i].vms);
		g_autoptr(Cpupm) cpupm = judge(node, 0, &spec);

		g_test_message("%s, %s", rows[i].vms[0], rows[i].vms[1] ? rows[i].vms[1] : "");
		assert_codes(cpupm, *rows[i].codes ? CPUPM_INELIGIBLE : CPUPM_ON, rows[i].codes);
	}
}

static const struct {
	const char *name;
	const Where *rows;
	size_t n;
} tables[] = {
	{"/cpupm/where/fine", fine, G_N_ELEMENTS(fine)},
	{"/cpupm/where/shared", shared_cpus, G_N_ELEMENTS(shared_cpus)},
	{"/cpupm/where/siblings", siblings, G_N_ELEMENTS(siblings)},
	{"/cpupm/where/roles", roles, G_N_ELEMENTS(roles)},
	{"/cpupm/where/emulators", emulators, G_N_ELEMENTS(emulators)},
	{"/cpupm/where/everything", everything, G_N_ELEMENTS(everything)},
};

static void test_where(gconstpointer data)
{
	unsigned i = GPOINTER_TO_UINT(data);

	assert_where(tables[i].rows, tables[i].n);
}

/* A sibling that is not isolated, or not there, is no one's own. */
static void test_sibling_not_isolated(void)
{
	const VmSpec spec = {.cpu_pm = true};
	g_autoptr(TestNode) node =
		test_node_new("2-4,6-7,12-15", (const char *[]){"4", "12", NULL});
	g_autoptr(Cpupm) first = judge(node, 0, &spec);
	g_autoptr(Cpupm) second = NULL;

	assert_codes(first, CPUPM_INELIGIBLE, "split-core");
	g_array_index(node->host->cores, Core, 6).partial = true;
	second = judge(node, 1, &spec);
	assert_codes(second, CPUPM_INELIGIBLE, "split-core");
}

/* The text names the CPUs it is about, and only these. */
static void test_texts_name_cpus(void)
{
	const VmSpec spec = {.cpu_pm = true};
	g_autoptr(TestNode) node =
		test_node_new(ISOLATED, (const char *[]){"0;2;4;10;12;13|12", "4;5|0-1", NULL});
	g_autoptr(Cpupm) cpupm = judge(node, 0, &spec);

	g_assert_true(g_str_has_suffix(text_of(cpupm, "overcommitted"), " 4"));
	g_assert_true(g_str_has_suffix(text_of(cpupm, "on-host"), " 0"));
	g_assert_true(g_str_has_suffix(text_of(cpupm, "on-sdk"), " 2"));
	g_assert_true(g_str_has_suffix(text_of(cpupm, "not-isolated"), " 10"));
	g_assert_true(g_str_has_suffix(text_of(cpupm, "emulator-overlap"), " 0,12-13"));
	g_assert_true(g_str_has_suffix(text_of(cpupm, "split-core"), " 0,2,4,10"));
}

/* The policy's name decides nothing: a shared VM with cores of its own is fine, and so on. */
static void test_policy_is_not_asked(void)
{
	const VmSpec shared = {.cpu_pm = true, .policy = POLICY_SHARED};
	const VmSpec dedicated = {.cpu_pm = true, .policy = POLICY_DEDICATED};
	g_autoptr(TestNode) node =
		test_node_new(ISOLATED, (const char *[]){"4;5|0-1", "0-1;0-1|0-1", NULL});
	g_autoptr(Cpupm) pinned = judge(node, 0, &shared);
	g_autoptr(Cpupm) floating = judge(node, 1, &dedicated);

	assert_codes(pinned, CPUPM_ON, "");
	assert_codes(floating, CPUPM_INELIGIBLE, "overcommitted");
}

/* Off is off, whatever else is wrong. */
static void test_off(void)
{
	const VmSpec spec = {.cpu_pm = false};
	g_autoptr(TestNode) node = test_node_new(ISOLATED, (const char *[]){"0-1;0-1|0-1", NULL});
	g_autoptr(Cpupm) cpupm = NULL;

	node->node.qemu = "2.12.0";
	cpupm = judge(node, 0, &spec);
	assert_codes(cpupm, CPUPM_OFF, "inventory");
}

/*
 * What the node can. The facts of each version, by hand: KVM has KVM_CAP_X86_DISABLE_EXITS since
 * 4.17; QEMU has the option since 3.0, shows host-passthrough guests the truth about MWAIT and adds
 * up several -overcommit since 9.1, and does not start where KVM refuses since 10.0.
 */
typedef struct KernelFact {
	const char *version; /* NULL = not known */
	bool has;
} KernelFact;

typedef struct QemuFact {
	const char *version;
	bool has, honest, fatal;
} QemuFact;

static const KernelFact kernels[] = {
	{"3.10.0-327", false}, {"4.16", false}, {"4.17", true}, {"4.18", true},
	{"4.18.0-348", true},  {"6.1", true},	{NULL, false},
};

static const QemuFact qemus[] = {
	{"2.12", false, false, false}, {"3.0", true, false, false}, {"6.2", true, false, false},
	{"9.0", true, false, false},   {"9.1", true, true, false},  {"10.0", true, true, true},
	{NULL, false, false, false},
};

typedef struct Case {
	const KernelFact *kernel;
	const QemuFact *qemu;
	CpuMode mode;
	Tristate mwait, disable_exits, nested;
} Case;

static CpupmVerdict expected_unsupported(const Case *c, GPtrArray *codes)
{
	bool shows_all = c->mode == CPU_MODE_HOST_PASSTHROUGH || c->mode == CPU_MODE_MAXIMUM;
	bool asked = c->disable_exits != TRISTATE_UNKNOWN;

	if (c->qemu->version && !c->qemu->has)
		g_ptr_array_add(codes, (char *)"qemu-too-old");
	if (asked ? c->disable_exits == TRISTATE_NO : c->kernel->version && !c->kernel->has)
		g_ptr_array_add(codes, (char *)"kernel-no-disable-exits");
	if (shows_all && c->mwait == TRISTATE_NO && c->qemu->version && !c->qemu->honest)
		g_ptr_array_add(codes, (char *)"passthrough-without-mwait");
	if (c->nested == TRISTATE_YES)
		g_ptr_array_add(codes, (char *)"nested");
	return CPUPM_UNSUPPORTED;
}

static CpupmVerdict expected_unknown(const Case *c, GPtrArray *codes)
{
	bool shows_all = c->mode == CPU_MODE_HOST_PASSTHROUGH || c->mode == CPU_MODE_MAXIMUM;

	if (!c->qemu->version)
		g_ptr_array_add(codes, (char *)"qemu-unknown");
	if (!c->kernel->version && c->disable_exits == TRISTATE_UNKNOWN)
		g_ptr_array_add(codes, (char *)"kernel-unknown");
	if (shows_all && c->mwait == TRISTATE_UNKNOWN && !(c->qemu->version && c->qemu->honest))
		g_ptr_array_add(codes, (char *)"mwait-unknown");
	return CPUPM_UNKNOWN;
}

static CpupmVerdict expected(const Case *c, GPtrArray *codes)
{
	CpupmVerdict verdict = expected_unsupported(c, codes);

	if (!codes->len)
		verdict = expected_unknown(c, codes);
	return codes->len ? verdict : CPUPM_ON;
}

static void assert_case(TestNode *node, const Case *c)
{
	const VmSpec spec = {.cpu_pm = true, .cpu_mode = c->mode};
	g_autoptr(GPtrArray) codes = g_ptr_array_new();
	CpupmVerdict verdict = expected(c, codes);
	g_autoptr(Cpupm) cpupm = NULL;
	g_autofree char *all = NULL;

	all = sorted(codes);
	node->node.kernel = c->kernel->version;
	node->node.qemu = c->qemu->version;
	node->node.mwait = c->mwait;
	node->node.disable_exits = c->disable_exits;
	node->node.nested = c->nested;
	cpupm = judge(node, 0, &spec);
	assert_codes(cpupm, verdict, all);
}

static void assert_modes(TestNode *node, const KernelFact *kernel, const QemuFact *qemu)
{
	for (unsigned mode = CPU_MODE_HOST_MODEL; mode <= CPU_MODE_CUSTOM; mode++)
		for (unsigned mwait = TRISTATE_UNKNOWN; mwait <= TRISTATE_YES; mwait++)
			for (unsigned exits = TRISTATE_UNKNOWN; exits <= TRISTATE_YES; exits++)
				for (unsigned nested = TRISTATE_UNKNOWN; nested <= TRISTATE_YES;
				     nested++) {
					const Case c = {kernel, qemu, mode, mwait, exits, nested};

					assert_case(node, &c);
				}
}

static void test_matrix(void)
{
	g_autoptr(TestNode) node = test_node_new(ISOLATED, (const char *[]){"4;5|0-1", NULL});

	for (unsigned k = 0; k < G_N_ELEMENTS(kernels); k++)
		for (unsigned q = 0; q < G_N_ELEMENTS(qemus); q++)
			assert_modes(node, &kernels[k], &qemus[q]);
}

static void test_not_x86(void)
{
	static const struct {
		const char *arch, *codes;
	} rows[] = {{"x86_64", ""},	    {"i686", ""},	    {NULL, ""},
		    {"aarch64", "not-x86"}, {"ppc64le", "not-x86"}, {"s390x", "not-x86"},
		    {"x86_64_", "not-x86"}};
	const VmSpec spec = {.cpu_pm = true};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(TestNode) node =
			test_node_new(ISOLATED, (const char *[]){"4;5|0-1", NULL});
		g_autoptr(Cpupm) cpupm = NULL;

		g_free(node->host->arch);
		node->host->arch = g_strdup(rows[i].arch);
		cpupm = judge(node, 0, &spec);
		assert_codes(cpupm, *rows[i].codes ? CPUPM_UNSUPPORTED : CPUPM_ON, rows[i].codes);
	}
}

/* Where it may not be given anyhow, the node is not asked. */
static void test_ineligible_first(void)
{
	const VmSpec spec = {.cpu_pm = true};
	g_autoptr(TestNode) node = test_node_new(ISOLATED, (const char *[]){"4", "5", NULL});
	g_autoptr(Cpupm) cpupm = NULL;

	node->node.qemu = "2.12";
	node->node.kernel = NULL;
	cpupm = judge(node, 0, &spec);
	assert_codes(cpupm, CPUPM_INELIGIBLE, "split-core");
}

/* The three outcomes the operators met, told apart in the text. */
static void test_outcomes(void)
{
	static const struct {
		const char *kernel, *qemu;
		CpuMode mode;
		const char *code, *part;
	} rows[] = {
		{"3.10.0-327", "6.2.0", CPU_MODE_HOST_MODEL, "kernel-no-disable-exits",
		 "would run without its effect"},
		{"3.10.0-327", "9.2.0", CPU_MODE_HOST_MODEL, "kernel-no-disable-exits",
		 "would run without its effect"},
		{"3.10.0-327", "10.0.0", CPU_MODE_HOST_MODEL, "kernel-no-disable-exits",
		 "would not start"},
		{"3.10.0-327", NULL, CPU_MODE_HOST_MODEL, "kernel-no-disable-exits", "10.0"},
		{"4.18.0-348", "2.12.0", CPU_MODE_HOST_MODEL, "qemu-too-old", "would not start"},
		{"4.18.0-348", "6.2.0", CPU_MODE_HOST_PASSTHROUGH, "passthrough-without-mwait",
		 "invalid opcode"},
		{"4.18.0-348", "6.2.0", CPU_MODE_MAXIMUM, "passthrough-without-mwait", "maximum"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		const VmSpec spec = {.cpu_pm = true, .cpu_mode = rows[i].mode};
		g_autoptr(TestNode) node =
			test_node_new(ISOLATED, (const char *[]){"4;5|0-1", NULL});
		g_autoptr(Cpupm) cpupm = NULL;

		node->node.kernel = rows[i].kernel;
		node->node.qemu = rows[i].qemu;
		node->node.mwait = TRISTATE_NO;
		cpupm = judge(node, 0, &spec);
		g_assert_cmpint(cpupm->verdict, ==, CPUPM_UNSUPPORTED);
		assert_codes(cpupm, CPUPM_UNSUPPORTED, rows[i].code);
		g_assert_nonnull(strstr(text_of(cpupm, rows[i].code), rows[i].part));
	}
}

/* Notes, and what QEMU is given */

static void test_notes(void)
{
	static const struct {
		const char *kernel, *qemu;
		bool locked;
		const char *notes;
	} rows[] = {
		{"5.2.0", "6.2.0", false, "cold-start migration timers"},
		{"6.1.0", "6.2.0", true, "cold-start merged-mem-lock migration timers"},
		{"6.1.0", "9.0.4", true, "cold-start merged-mem-lock migration timers"},
		{"6.1.0", "9.1.0", true, "cold-start migration timers"},
		{"5.0.0-38-generic", "9.2.0", false, "cold-start migration"},
		{"6.1.0", "10.0.0", false, "cold-start einval-fatal migration timers"},
		{"6.1.0", "10.0.0", true, "cold-start einval-fatal migration timers"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		const VmSpec spec = {.cpu_pm = true, .locked = rows[i].locked};
		g_autoptr(TestNode) node =
			test_node_new(ISOLATED, (const char *[]){"4;5|0-1", NULL});
		g_autoptr(Cpupm) cpupm = NULL;
		g_autofree char *notes = NULL;

		node->node.kernel = rows[i].kernel;
		node->node.qemu = rows[i].qemu;
		cpupm = judge(node, 0, &spec);
		notes = codes_of(cpupm->notes);
		g_assert_cmpint(cpupm->verdict, ==, CPUPM_ON);
		g_assert_cmpstr(notes, ==, rows[i].notes);
	}
}

/* What each kernel makes of timers and IPIs; the word that only that has. */
static void test_paths(void)
{
	static const struct {
		const char *kernel;
		bool on;
		const char *timers, *ipis;
	} rows[] = {
		{"4.18.0", true, "Linux before 5.3 has no exitless timers", "each is an exit"},
		{"4.18.0-348", true, "posts it, without an exit", "each is an exit"},
		{"5.4.0-150-generic", true, "posts it, without an exit", "each is an exit"},
		{"5.0.0-38-generic", true, "is not known", "each is an exit"},
		{"5.10.0", true, "posts it, without an exit", "by a fast path"},
		{"5.4.0", false, "an exit; Intel's preemption timer", "each is an exit"},
		{"5.10.0", false, "may take the preemption timer", "by a fast path"},
		{"6.1.0", false, "by a fast path; Intel's", "x2AVIC"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		VmPaths paths = vm_paths(rows[i].kernel, rows[i].on);

		g_assert_nonnull(strstr(paths.timers, rows[i].timers));
		g_assert_nonnull(strstr(paths.ipis, rows[i].ipis));
		g_assert_cmpint(!strstr(paths.halts, "exit"), ==, rows[i].on);
		vm_paths_clear(&paths);
	}
	g_assert_false(vm_paths_timer_lost("4.18.0"));
	g_assert_true(vm_paths_timer_lost("4.18.0-348"));
	g_assert_true(vm_paths_timer_lost("5.10.0"));
	g_assert_false(vm_paths_timer_lost("6.12.0"));
}

static void test_overcommit(void)
{
	const VmSpec plain = {.cpu_pm = true}, locked = {.cpu_pm = true, .locked = true};

	g_assert_cmpstr(cpupm_overcommit(&plain), ==, "cpu-pm=on");
	g_assert_cmpstr(cpupm_overcommit(&locked), ==, "mem-lock=on,cpu-pm=on");
}

/* Whole plans, and the list of codes */

static void test_not_placed(void)
{
	static const char text[] = "[vm a]\nvcpus = 99\n";
	const PlanOptions options = {0};
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Inventory) inventory = inventory_parse("f.ini", text, strlen(text), errors);
	g_autoptr(Host) host = host_load(TOPOLOGY, NULL);
	g_autoptr(Plan) plan = plan_compute(host, inventory, NULL, &options);

	assert_codes(plan_vm(plan, "a")->cpupm, CPUPM_UNKNOWN, "not-placed");
}

/* Once more, so that it does not matter which tests are run. */
static void all_cases(void)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(tables); i++)
		test_where(GUINT_TO_POINTER(i));
	test_off();
	test_matrix();
	test_not_x86();
	test_notes();
	test_not_placed();
}

/* Every code of the list is given by a case above, and no other is. */
static void test_all_codes(void)
{
	static const char *const documented[] = {
		"inventory",
		"not-placed",
		"overcommitted",
		"unpinned",
		"split-core",
		"on-host",
		"on-sdk",
		"not-isolated",
		"emulator-overlap",
		"not-x86",
		"qemu-too-old",
		"kernel-no-disable-exits",
		"passthrough-without-mwait",
		"nested",
		"qemu-unknown",
		"kernel-unknown",
		"mwait-unknown",
		"merged-mem-lock",
		"einval-fatal",
		"cold-start",
		"migration",
		"timers",
	};
	g_autoptr(GPtrArray) want = g_ptr_array_new();
	g_autoptr(GPtrArray) listed = g_ptr_array_new();
	g_autoptr(GPtrArray) have = g_ptr_array_new();
	GHashTableIter iter;
	gpointer code_reached;
	g_autofree char *wanted = NULL, *in_table = NULL, *had = NULL;

	all_cases();
	g_hash_table_iter_init(&iter, reached);
	while (g_hash_table_iter_next(&iter, &code_reached, NULL))
		g_ptr_array_add(have, code_reached);
	for (unsigned i = 0; i < G_N_ELEMENTS(documented); i++)
		g_ptr_array_add(want, (char *)documented[i]);
	for (const char *const *code = cpupm_codes; *code; code++)
		g_ptr_array_add(listed, (char *)*code);
	wanted = sorted(want);
	in_table = sorted(listed);
	had = sorted(have);
	g_assert_cmpstr(in_table, ==, wanted);
	g_assert_cmpstr(had, ==, wanted);
}

static void add_where(void)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(tables); i++)
		g_test_add_data_func(tables[i].name, GUINT_TO_POINTER(i), test_where);
	g_test_add_func("/cpupm/where/sibling-not-isolated", test_sibling_not_isolated);
	g_test_add_func("/cpupm/where/texts", test_texts_name_cpus);
	g_test_add_func("/cpupm/where/policy", test_policy_is_not_asked);
	g_test_add_func("/cpupm/where/off", test_off);
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	reached = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	add_where();
	g_test_add_func("/cpupm/node/matrix", test_matrix);
	g_test_add_func("/cpupm/node/not-x86", test_not_x86);
	g_test_add_func("/cpupm/node/ineligible-first", test_ineligible_first);
	g_test_add_func("/cpupm/node/outcomes", test_outcomes);
	g_test_add_func("/cpupm/notes", test_notes);
	g_test_add_func("/cpupm/paths", test_paths);
	g_test_add_func("/cpupm/overcommit", test_overcommit);
	g_test_add_func("/cpupm/not-placed", test_not_placed);
	g_test_add_func("/cpupm/all-codes", test_all_codes);
	status = g_test_run();
	g_hash_table_unref(reached);
	return status;
}
