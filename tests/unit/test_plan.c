/* SPDX-License-Identifier: MIT */
/* Whole plans: inventory and topology in, pins, guests and findings out. */
#include "given.h"
#include "planner/base/json.h"
#include "planner/document/plan_write.h"
#include "planner/place/place.h"
#include "planner/place/plan.h"

#include <string.h>

/* Siblings n and n+36, nodes 0-17,36-53 and 18-35,54-71, 192 GiB each. */
#define X6 "x6.xml"
/* Two nodes of four cores, siblings n and n+8; 16 GiB a node. */
#define SMALL "pack:2 [numa(memory=17179869184)] l3:1 core:4 pu:2(indexes=2*8:8*1)"
/* The same, but nobody knows its memory. */
#define NO_MEMORY "pack:2 [numa] l3:1 core:4 pu:2(indexes=2*8:8*1)"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

/* A plan with the host it borrows. */
typedef struct Made {
	Host *host;
	Inventory *inventory;
	Plan *plan;
} Made;

static void made_free(Made *made)
{
	plan_free(made->plan);
	inventory_free(made->inventory);
	host_free(made->host);
	g_free(made);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Made, made_free)

/* What holds for every plan */

static void assert_roles(const Plan *plan)
{
	g_auto(CpuSet) all = hwloc_bitmap_alloc();
	g_auto(CpuSet) isolated = hwloc_bitmap_alloc();

	for (unsigned role = 0; role < ROLE_COUNT; role++) {
		g_assert_false(hwloc_bitmap_intersects(all, plan->cpus[role]));
		hwloc_bitmap_or(all, all, plan->cpus[role]);
	}
	hwloc_bitmap_or(isolated, plan->cpus[ROLE_SDK], plan->cpus[ROLE_DEDICATED]);
	hwloc_bitmap_or(isolated, isolated, plan->cpus[ROLE_FREE]);
	hwloc_bitmap_or(isolated, isolated, plan->cpus[ROLE_STRANDED]);
	g_assert_true(hwloc_bitmap_isequal(isolated, plan->isolated));
	hwloc_bitmap_andnot(all, all, plan->host->offline);
	g_assert_true(hwloc_bitmap_isequal(all, plan->host->online));
	g_assert_true(hwloc_bitmap_isset(plan->cpus[ROLE_HOST], host_core(plan->host, 0)->cpu[0]));
	for (unsigned i = 0; i < plan->host->cores->len; i++)
		for (unsigned t = 0; t < host_core(plan->host, i)->n_cpus; t++)
			g_assert_true(
				hwloc_bitmap_isset(plan->cpus[g_array_index(plan->roles, Role, i)],
						   host_core(plan->host, i)->cpu[t]));
}

static const Core *core_of(const Plan *plan, unsigned cpu)
{
	unsigned core = host_core_of(plan->host, cpu);

	g_assert_cmpuint(core, !=, HOST_NONE);
	return host_core(plan->host, core);
}

static unsigned pin(const PlanVm *vm, unsigned vcpu)
{
	return g_array_index(vm->pins, unsigned, vcpu);
}

/* Has another VM a pin on the core? */
static bool core_foreign(const Plan *plan, const PlanVm *own, const Core *core)
{
	for (unsigned i = 0; i < plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);

		for (unsigned v = 0; vm != own && v < vm->pins->len; v++)
			if (core_of(plan, pin(vm, v)) == core)
				return true;
	}
	return false;
}

/* A VM planner has assigned: whole cores of its own, of one kind, walked thread by thread. */
static void assert_assigned(const Plan *plan, const PlanVm *vm)
{
	const Core *core = NULL, *first = core_of(plan, pin(vm, 0));
	unsigned thread = 0;

	for (unsigned v = 0; v < vm->pins->len; v++) {
		const Core *here = core_of(plan, pin(vm, v));
		bool isolate = vm->spec->threads == THREADS_ISOLATE;

		thread = here == core && !isolate ? thread + 1 : 0;
		g_assert_true(here == core || v == 0 || isolate || thread == 0);
		g_assert_true(here != core || !isolate);
		g_assert_cmpuint(here->cpu[thread], ==, pin(vm, v));
		g_assert_cmpuint(here->kind, ==, first->kind);
		g_assert_cmpuint(here->n_cpus, ==, first->n_cpus);
		g_assert_false(here->partial);
		g_assert_false(core_foreign(plan, vm, here));
		g_assert_true(hwloc_bitmap_isset(plan->cpus[ROLE_DEDICATED], pin(vm, v)));
		core = here;
	}
}

static void assert_shares(const Plan *plan, const PlanVm *vm)
{
	unsigned vcpus = 0;

	for (unsigned i = 0; i < vm->shares->len; i++) {
		const VmShare *share = &g_array_index(vm->shares, VmShare, i);
		unsigned here = 0;

		for (unsigned v = 0; v < vm->pins->len; v++)
			here += core_of(plan, pin(vm, v))->node == share->node;
		g_assert_cmpuint(here, ==, share->vcpus);
		g_assert_cmpuint(share->memory % place_page(vm->spec), ==, 0);
		vcpus += share->vcpus;
	}
	g_assert_cmpuint(vcpus, ==, vm->spec->policy == POLICY_SHARED ? 0 : vm->spec->vcpus);
	g_assert_cmpuint(plan_vm_memory(vm), >=, vm->spec->memory);
}

static void assert_placed(const Plan *plan, const PlanVm *vm)
{
	g_assert_cmpuint(vm->sockets * vm->cores * vm->threads, ==,
			 MAX(vm->spec->maximum, vm->spec->vcpus));
	g_assert_false(hwloc_bitmap_iszero(vm->emulatorpin));
	g_assert_true(hwloc_bitmap_isincluded(vm->emulatorpin, plan->cpus[ROLE_HOST]));
	assert_shares(plan, vm);
	if (vm->spec->policy == POLICY_SHARED) {
		g_assert_cmpuint(vm->pins->len, ==, 0);
		g_assert_false(hwloc_bitmap_iszero(vm->cpuset));
		return;
	}
	g_assert_null(vm->cpuset);
	g_assert_cmpuint(vm->pins->len, ==, vm->spec->vcpus);
	if (!vm->spec->cpus)
		assert_assigned(plan, vm);
	else
		g_assert_cmpmem(vm->pins->data, vm->pins->len * sizeof(unsigned),
				vm->spec->cpus->data, vm->spec->cpus->len * sizeof(unsigned));
}

static bool vm_has_error(const Plan *plan, const char *name)
{
	g_autofree char *subject = g_strconcat("vm ", name, NULL);

	for (unsigned i = 0; i < plan->findings->len; i++) {
		const Finding *finding = g_ptr_array_index(plan->findings, i);

		if (!strcmp(finding->subject, subject) && finding->severity == SEVERITY_ERROR)
			return true;
	}
	return false;
}

/* Memory of assigned VMs on a node, kept ones aside: what does not fit of those is a finding. */
static void assert_node_memory(const Plan *plan, const Inventory *inventory, unsigned node)
{
	const NumaNode *numa = host_node(plan->host, node);
	uint64_t used = 0;
	bool assigned = false;

	for (unsigned i = 0; i < plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);

		for (unsigned s = 0; s < vm->shares->len && !vm->spec->cpus; s++) {
			const VmShare *share = &g_array_index(vm->shares, VmShare, s);

			used += share->from == node ? share->memory : 0;
			assigned |= share->from == node;
		}
	}
	if (assigned && numa->memory && used)
		g_assert_cmpuint(used, <=,
				 numa->memory - (hwloc_bitmap_iszero(numa->cpus)
							 ? 0
							 : inventory->node->host_memory));
}

static bool is_memory_plain(const Plan *plan)
{
	for (unsigned i = 0; i < plan->vms->len; i++) {
		const VmSpec *spec = ((const PlanVm *)g_ptr_array_index(plan->vms, i))->spec;

		if (spec->memory && (spec->cpus || spec->policy == POLICY_SHARED))
			return false;
	}
	return true;
}

static uint64_t memory_left(const Plan *plan, const Inventory *inventory, unsigned node)
{
	uint64_t left = host_node(plan->host, node)->memory;

	if (!left)
		return UINT64_MAX;
	left -= MIN(left, inventory->node->host_memory);
	for (unsigned i = 0; i < plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);

		for (unsigned s = 0; s < vm->shares->len; s++)
			if (g_array_index(vm->shares, VmShare, s).from == node)
				left -= g_array_index(vm->shares, VmShare, s).memory;
	}
	return left;
}

/* Has the node free cores that are like core LIKE, as many as the VM needs? */
static bool has_room(const Plan *plan, const VmSpec *spec, const Core *like)
{
	unsigned need = search_cores(spec->vcpus, like->n_cpus, spec->threads == THREADS_ISOLATE);
	unsigned cores = 0;

	for (unsigned i = 0; i < plan->host->cores->len; i++) {
		const Core *core = host_core(plan->host, i);

		cores += g_array_index(plan->roles, Role, i) == ROLE_FREE &&
			 core->node == like->node && core->kind == like->kind &&
			 core->n_cpus == like->n_cpus;
	}
	return cores >= need;
}

/* No VM is refused while a node has room for it. One that asks for memory of a node without cores
 * may have cores and none of that. */
static void assert_no_room(const Plan *plan, const Inventory *inventory, const VmSpec *spec)
{
	if (spec->memory_node >= 0)
		return;
	for (unsigned i = 0; i < plan->host->cores->len; i++) {
		const Core *core = host_core(plan->host, i);
		unsigned id = host_node(plan->host, core->node)->id;

		if (g_array_index(plan->roles, Role, i) != ROLE_FREE ||
		    (spec->node >= 0 && id != (unsigned)spec->node))
			continue;
		if (memory_left(plan, inventory, core->node) >=
		    place_share_memory(spec, spec->vcpus))
			g_assert_false(has_room(plan, spec, core));
	}
}

static void assert_findings(const Plan *plan)
{
	for (unsigned i = 0; i < plan->findings->len; i++) {
		const Finding *finding = g_ptr_array_index(plan->findings, i);

		g_assert_true(strchr(finding->id, '.') && *finding->subject && *finding->fix);
		g_assert_true(*finding->text && !strchr(finding->text, '\n'));
		g_assert_true(g_utf8_validate(finding->text, -1, NULL));
	}
}

static void assert_sound(const Plan *plan, const Inventory *inventory)
{
	unsigned placed = 0;

	assert_roles(plan);
	assert_findings(plan);
	for (unsigned i = 0; i < plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);

		placed += vm->placed;
		if (vm->placed)
			assert_placed(plan, vm);
		else
			g_assert_true(vm_has_error(plan, vm->spec->name));
		g_assert_true(vm->placed || vm->cpupm->verdict != CPUPM_ON);
	}
	for (unsigned node = 0; node < plan->host->nodes->len; node++)
		assert_node_memory(plan, inventory, node);
	for (unsigned i = 0; i < plan->vms->len && is_memory_plain(plan); i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);

		if (!vm->placed && !vm->spec->cpus && vm->spec->policy == POLICY_DEDICATED)
			assert_no_room(plan, inventory, vm->spec);
	}
	g_assert_cmpuint(plan->placed, ==, placed);
	g_assert_cmpuint(plan->wanted, ==, plan->vms->len);
	g_assert_cmpuint(plan->bound, >=, placed);
	g_assert_cmpuint(plan->bound, <=, plan->wanted);
	g_assert_true(plan_bad(plan) ==
		      (placed < plan->wanted || findings_has(plan->findings, SEVERITY_ERROR)));
}

/* The kernel is 6.1 where neither TEXT nor NODE says: or every plan would have a finding on that.
 */
static Made *make_with(const char *topology, const char *text, const Node *node,
		       const PlanOptions *options)
{
	Made *made = g_new0(Made, 1);
	bool known = node || strstr(text, "[node]");
	g_autofree char *whole = g_strconcat(known ? "" : "[node]\nkernel = 6.1\n", text, NULL);

	made->host = given_host(topology);
	made->inventory = given_inventory(whole);
	made->plan = plan_compute(made->host, made->inventory, node, options);
	assert_sound(made->plan, made->inventory);
	return made;
}

static Made *make(const char *topology, const char *text)
{
	return make_with(topology, text, NULL, &(PlanOptions){0});
}

/* Looking at a plan */

static const PlanVm *vm_of(const Made *made, const char *name)
{
	const PlanVm *vm = plan_vm(made->plan, name);

	g_assert_nonnull(vm);
	return vm;
}

/* "10,46,11,47", "" when it has no pins. Yours. */
static char *pins_of(const PlanVm *vm)
{
	GString *text = g_string_new(NULL);

	for (unsigned v = 0; v < vm->pins->len; v++)
		g_string_append_printf(text, "%s%u", v ? "," : "", pin(vm, v));
	return g_string_free(text, FALSE);
}

static void assert_pins(const Made *made, const char *name, const char *pins)
{
	g_autofree char *have = pins_of(vm_of(made, name));

	g_assert_cmpstr(have, ==, pins);
}

static void assert_set(hwloc_const_bitmap_t set, const char *list)
{
	g_autofree char *have = set ? cpulist_format(set) : NULL;

	g_assert_cmpstr(have, ==, list);
}

static void assert_topology(const PlanVm *vm, unsigned sockets, unsigned cores, unsigned threads)
{
	g_assert_cmpuint(vm->sockets, ==, sockets);
	g_assert_cmpuint(vm->cores, ==, cores);
	g_assert_cmpuint(vm->threads, ==, threads);
}

/* "error vm.on-host vm a": those of SUBJECT, or all where it is NULL; one a line. Yours. */
static char *findings_of(const Plan *plan, const char *subject)
{
	GString *text = g_string_new(NULL);

	for (unsigned i = 0; i < plan->findings->len; i++) {
		const Finding *finding = g_ptr_array_index(plan->findings, i);

		if (subject && strcmp(finding->subject, subject) != 0)
			continue;
		g_string_append_printf(text, "%s%s%s %s %s", text->len ? "\n" : "",
				       finding->verdict == VERDICT_UNKNOWN ? "unknown " : "",
				       severity_name(finding->severity), finding->id,
				       finding->subject);
	}
	return g_string_free(text, FALSE);
}

static void assert_says(const Made *made, const char *expected)
{
	g_autofree char *have = findings_of(made->plan, NULL);

	g_assert_cmpstr(have, ==, expected);
}

static const Finding *finding_of(const Plan *plan, const char *id)
{
	for (unsigned i = 0; i < plan->findings->len; i++) {
		const Finding *finding = g_ptr_array_index(plan->findings, i);

		if (!strcmp(finding->id, id))
			return finding;
	}
	return NULL;
}

static void assert_text(const Made *made, const char *id, const char *pattern)
{
	const Finding *finding = finding_of(made->plan, id);

	g_assert_nonnull(finding);
	if (!g_pattern_match_simple(pattern, finding->text))
		g_test_message("'%s' is not like '%s'", finding->text, pattern);
	g_assert_true(g_pattern_match_simple(pattern, finding->text));
}

/* The published host */

static const struct {
	const char *name, *cpus;
	unsigned node;
} x6[] = {
	{"vm1", "10,46,11,47", 0},  {"vm2", "12,48,13,49", 0},	{"vm3", "14,50,15,51", 0},
	{"vm4", "7,43,8,44", 0},    {"vm5", "23,59,24,60", 1},	{"vm6", "25,61,26,62", 1},
	{"vm7", "27,63,28,64", 1},  {"vm8", "29,65,30,66", 1},	{"vm9", "31,67,32,68", 1},
	{"vm10", "33,69,34,70", 1}, {"vm11", "16,52,17,53", 0}, {"vm12", "5,41,6,42", 0},
};

static const char x6_base[] = "[node]\nname = x6-0042\nkernel = 4.18.0-348\nqemu = 6.2.0\n"
			      "mwait = no\n[host]\ncores-per-socket = 4\n[kernel]\n"
			      "irqaffinity = no\n[sdk]\ncpus = 4,9,22,35,40,45,58,71\n";
static const char x6_vm[] = "vcpus = 4\nmemory = 8G\nhugepages = 2M\n";

static void assert_x6_split(const Plan *plan)
{
	assert_set(plan->cpus[ROLE_HOST], "0-3,18-21,36-39,54-57");
	assert_set(plan->cpus[ROLE_SDK], "4,9,22,35,40,45,58,71");
	assert_set(plan->isolated, "4-17,22-35,40-53,58-71");
	g_assert_cmpstr(plan->cmdline, ==,
			"isolcpus=4-17,22-35,40-53,58-71 nohz_full=4-17,22-35,40-53,58-71 "
			"rcu_nocbs=4-17,22-35,40-53,58-71");
}

static void test_x6_published(void)
{
	static const char *const host_cpus[] = {"0-3,36-39", "18-21,54-57"};
	g_autoptr(GString) text = g_string_new(x6_base);
	g_autoptr(Made) made = NULL;
	const PlanVm *floating;

	for (unsigned i = 0; i < G_N_ELEMENTS(x6); i++)
		g_string_append_printf(text, "[vm %s]\n%scpus = %s\n", x6[i].name, x6_vm,
				       x6[i].cpus);
	g_string_append_printf(text, "[vm vm13]\n%spolicy = shared\n", x6_vm);
	made = make(X6, text->str);
	assert_x6_split(made->plan);
	assert_says(made, "");
	g_assert_false(plan_bad(made->plan));
	for (unsigned i = 0; i < G_N_ELEMENTS(x6); i++) {
		const PlanVm *vm = vm_of(made, x6[i].name);

		assert_pins(made, x6[i].name, x6[i].cpus);
		assert_topology(vm, 1, 2, 2);
		assert_set(vm->emulatorpin, host_cpus[x6[i].node]);
		g_assert_cmpint(vm->cpupm->verdict, ==, CPUPM_ON);
		g_assert_cmpuint(plan_vm_memory(vm), ==, 8 * GIB);
		g_assert_cmpuint(plan_cpu_vm(made->plan, pin(vm, 3)), ==, i);
	}
	floating = vm_of(made, "vm13");
	assert_set(floating->cpuset, "0-3,18-21,36-39,54-57");
	g_assert_cmpint(floating->cpupm->verdict, ==, CPUPM_INELIGIBLE);
	g_assert_cmpuint(floating->cpupm->reasons->len, ==, 1);
	g_assert_cmpuint(plan_cpu_vm(made->plan, 4), ==, HOST_NONE);
}

/* Twelve fit, and use up what there is. */
static void test_x6_counted(void)
{
	g_autofree char *text = g_strdup_printf("%s[vm web]\n%scount = 12\n", x6_base, x6_vm);
	g_autoptr(Made) made = make(X6, text);

	assert_x6_split(made->plan);
	assert_says(made, "");
	g_assert_cmpuint(made->plan->placed, ==, 12);
	assert_set(made->plan->cpus[ROLE_FREE], "");
	for (unsigned i = 0; i < 12; i++) {
		const PlanVm *vm = g_ptr_array_index(made->plan->vms, i);

		g_assert_cmpuint(vm->shares->len, ==, 1);
		assert_topology(vm, 1, 2, 2);
		g_assert_cmpint(vm->cpupm->verdict, ==, CPUPM_ON);
	}
}

/* A thirteenth does not, and it is said why. */
static void test_x6_thirteen(void)
{
	g_autofree char *text = g_strdup_printf("%s[vm web]\n%scount = 13\n", x6_base, x6_vm);
	g_autoptr(Made) made = make(X6, text);

	assert_x6_split(made->plan);
	g_assert_cmpuint(made->plan->placed, ==, 12);
	g_assert_cmpuint(made->plan->wanted, ==, 13);
	g_assert_true(!made->plan->optimal || made->plan->bound == 12);
	g_assert_cmpuint(made->plan->findings->len, ==, 1);
	assert_text(made, "vm.does-not-fit", "*needs 2 *cores*");
}

/* VMs with cpus =: kept exactly, and judged */

/* Left to VMs: 2, 10; 3, 11 (node 0) and 6, 14; 7, 15 (node 1). */
#define KEPT_BASE                                                                                  \
	"[node]\nkernel = 6.1\nqemu = 9.1.0\n[host]\ncores-per-node = 1\n"                         \
	"[sdk]\ncpus = 1,9\n[shared]\ncpus = 5,13\n"

typedef struct Kept {
	const char *vms;
	const char *pins; /* of VM a, and of b where there is one: "2,10 3,11" */
	const char *findings;
	const char *id, *pattern; /* the text of this finding names both sides */
} Kept;

static const Kept kept[] = {
	{"[vm a]\nvcpus = 2\ncpus = 2,10\n[vm b]\nvcpus = 2\ncpus = 11,3\n", "2,10 11,3", "", NULL,
	 NULL},
	{"[vm a]\nvcpus = 3\ncpus = 2,10,3\n", "2,10,3", "", NULL, NULL},
	{"[vm a]\nvcpus = 1\ncpus = 14\n", "14", "", NULL, NULL},
	{"[vm a]\nvcpus = 2\ncpus = 3,2\nthreads = isolate\n", "3,2", "", NULL, NULL},
	/* another VM's CPU, another VM's sibling */
	{"[vm a]\nvcpus = 2\ncpus = 2,10\n[vm b]\nvcpus = 3\ncpus = 3,11,10\n", "2,10 3,11,10",
	 "error vm.cpu-shared vm b", "vm.cpu-shared", "*CPU 10*a*"},
	{"[vm a]\nvcpus = 1\ncpus = 2\n[vm b]\nvcpus = 1\ncpus = 10\n", "2 10",
	 "error vm.core-shared vm b", "vm.core-shared", "*CPU 10*a*2,10*"},
	/* a role's CPUs: all are named */
	{"[vm a]\nvcpus = 2\ncpus = 4,12\n", "4,12", "error vm.on-host vm a", "vm.on-host",
	 "*CPUs 4,12*[host]*"},
	{"[vm a]\nvcpus = 1\ncpus = 8\n", "8", "error vm.on-host vm a", "vm.on-host",
	 "*CPU 8*[host]*"},
	{"[vm a]\nvcpus = 2\ncpus = 1,9\n", "1,9", "error vm.on-sdk vm a", "vm.on-sdk",
	 "*CPUs 1,9*[sdk]*"},
	{"[vm a]\nvcpus = 2\ncpus = 5,13\n", "5,13", "error vm.on-shared vm a", "vm.on-shared",
	 "*CPUs 5,13*[shared]*"},
	{"[vm a]\nvcpus = 3\ncpus = 2,10,13\n", "2,10,13",
	 "error vm.on-shared vm a\nwarning vm.across-nodes vm a", "vm.on-shared", "*CPU 13*"},
	/* not there: not placed, and its other cores stay reserved */
	{"[vm a]\nvcpus = 1\ncpus = 4096\n", "", "error vm.cpu-absent vm a", "vm.cpu-absent",
	 "*CPU 4096*0-15*"},
	{"[vm a]\nvcpus = 2\ncpus = 2,16\n[vm b]\nvcpus = 1\ncpus = 10\n", " 10",
	 "error vm.core-shared vm b\nerror vm.cpu-absent vm a", "vm.core-shared", "*CPU 10*a*"},
	/* shapes */
	{"[vm a]\nvcpus = 2\ncpus = 2,3\n", "2,3", "warning vm.half-core vm a", "vm.half-core",
	 "*2 cores*"},
	{"[vm a]\nvcpus = 4\ncpus = 2,10,3,7\n", "2,10,3,7",
	 "warning vm.across-nodes vm a\nwarning vm.half-core vm a", "vm.half-core", "*2 cores*"},
	{"[vm a]\nvcpus = 2\ncpus = 2,10\nthreads = isolate\n", "2,10",
	 "error vm.isolate-doubled vm a", "vm.isolate-doubled", "*one core*"},
	{"[vm a]\nvcpus = 2\ncpus = 2,10\nnode = 1\n", "2,10", "error vm.off-node vm a",
	 "vm.off-node", "*node 1*node 0*"},
	{"[vm a]\nvcpus = 2\ncpus = 2,10\nnode = 7\n", "2,10", "error vm.off-node vm a",
	 "vm.off-node", "*node 7*"},
	{"[vm a]\nvcpus = 2\ncpus = 2,10\nnode = 0\n", "2,10", "", NULL, NULL},
	/* what may be plugged in */
	{"[vm a]\nvcpus = 2\nmaximum = 4\ncpus = 2,10\n", "2,10",
	 "warning vm.growth-unplanned vm a", "vm.growth-unplanned",
	 "*2 vCPUs*they run on CPUs 0,8; cpu-pm *"},
	{"[vm a]\nvcpus = 2\nmaximum = 3\ncpus = 2,10\ncpu-pm = off\n", "2,10",
	 "warning vm.growth-unplanned vm a", "vm.growth-unplanned", "*1 vCPU *it runs on CPUs 0,8"},
	{"[vm a]\nvcpus = 2\nmaximum = 2\ncpus = 2,10\n", "2,10", "", NULL, NULL},
	{"[vm a]\nvcpus = 4\ncpus = 2,10,6,14\n", "2,10,6,14", "warning vm.across-nodes vm a",
	 "vm.across-nodes", "*2 *nodes*"},
};

/* With VMs that take all that is left, so that nothing can hide a core that is given twice. */
static void assert_kept(const Kept *row)
{
	g_autofree char *alone = g_strconcat(KEPT_BASE, row->vms, NULL);
	g_autofree char *crowded = g_strconcat(alone, "[vm z]\nvcpus = 2\ncount = 4\n", NULL);
	g_autoptr(Made) made = make(SMALL, alone);
	g_autoptr(Made) full = make(SMALL, crowded);
	g_auto(GStrv) pins = g_strsplit(row->pins, " ", 2);

	g_test_message("%s", row->vms);
	assert_says(made, row->findings);
	assert_pins(made, "a", pins[0] ? pins[0] : "");
	assert_pins(full, "a", pins[0] ? pins[0] : "");
	if (pins[0] && pins[1])
		assert_pins(full, "b", pins[1]);
	if (row->id)
		assert_text(made, row->id, row->pattern);
}

static void test_kept(void)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(kept); i++)
		assert_kept(&kept[i]);
}

/* Nothing is put onto what a kept VM has, or would have if its CPUs were there. */
static void test_kept_reserved(void)
{
	g_autoptr(Made) made = make(SMALL, KEPT_BASE "[vm a]\nvcpus = 2\ncpus = 3,11\n"
						     "[vm b]\nvcpus = 2\ncpus = 6,99\n"
						     "[vm c]\nvcpus = 2\ncount = 4\n");

	g_assert_cmpuint(made->plan->placed, ==, 3); /* a, and one c on each node */
	assert_set(made->plan->cpus[ROLE_FREE], "");
	g_assert_cmpuint(plan_cpu_vm(made->plan, 6), ==, HOST_NONE);
	g_assert_cmpuint(plan_cpu_vm(made->plan, 14), ==, HOST_NONE);
	g_assert_cmpuint(plan_cpu_vm(made->plan, 2), !=, HOST_NONE);
	g_assert_cmpuint(plan_cpu_vm(made->plan, 7), !=, HOST_NONE);
}

/* A CPU that is offline; and one whose sibling is. */
static void test_kept_offline(void)
{
	g_autoptr(Made) made = make("offline-4s2c2t.xml", "[node]\nkernel = 6.1\nqemu = 9.1.0\n"
							  "[vm a]\nvcpus = 1\ncpus = 5\n"
							  "[vm b]\nvcpus = 1\ncpus = 6\n");
	g_autofree char *a = findings_of(made->plan, "vm a");
	const Cpupm *cpupm = vm_of(made, "b")->cpupm;

	g_assert_cmpstr(a, ==, "error vm.cpu-offline vm a");
	assert_text(made, "vm.cpu-offline", "*CPU 5*offline*");
	g_assert_false(vm_of(made, "a")->placed);
	assert_pins(made, "b", "6");
	g_assert_cmpint(cpupm->verdict, ==, CPUPM_INELIGIBLE);
	g_assert_cmpstr(((CpupmReason *)g_ptr_array_index(cpupm->reasons, 0))->code, ==,
			"split-core");
}

/* Who is told of a clash depends on names, not on the order of sections. */
static void test_kept_order(void)
{
	g_autoptr(Made) one = make(SMALL, KEPT_BASE "[vm vm2]\nvcpus = 2\ncpus = 2,10\n"
						    "[vm vm10]\nvcpus = 2\ncpus = 2,10\n");
	g_autoptr(Made) other = make(SMALL, KEPT_BASE "[vm vm10]\nvcpus = 2\ncpus = 2,10\n"
						      "[vm vm2]\nvcpus = 2\ncpus = 2,10\n");

	assert_says(one, "error vm.cpu-shared vm vm10");
	assert_says(other, "error vm.cpu-shared vm vm10");
}

/* What guests are shown */

#define SMT1 "pack:1 [numa] l3:1 core:8 pu:1"
#define SMT4 "pack:1 [numa] l3:1 core:5 pu:4"
#define SMT8 "pack:1 [numa] l3:1 core:3 pu:8"
/* Four nodes of three cores, two threads each, of which the host has one. */
#define NODES4 "pack:4 [numa] l3:1 core:3 pu:2"

static const struct {
	const char *topology, *keys, *pins;
	unsigned sockets, cores, threads;
} guests[] = {
	{X6, "vcpus = 1", "1", 1, 1, 1},
	{X6, "vcpus = 2", "1,37", 1, 1, 2},
	{X6, "vcpus = 3", "1,37,2", 1, 3, 1},
	{X6, "vcpus = 4", "1,37,2,38", 1, 2, 2},
	{X6, "vcpus = 5", "1,37,2,38,3", 1, 5, 1},
	{X6, "vcpus = 4\nnode = 1", "19,55,20,56", 1, 2, 2},
	{X6, "vcpus = 3\nthreads = isolate", "1,2,3", 1, 3, 1},
	{X6, "vcpus = 2\nthreads = isolate\nnode = 1", "19,20", 1, 2, 1},
	{X6, "vcpus = 2\ncpus = 1,2", "1,2", 1, 2, 1},
	{X6, "vcpus = 4\ncpus = 1,2,37,38", "1,2,37,38", 1, 4, 1},
	{X6, "vcpus = 4\ncpus = 37,1,38,2", "37,1,38,2", 1, 2, 2},
	{X6, "vcpus = 4\ncpus = 1,37,19,55", "1,37,19,55", 2, 1, 2},
	{X6, "vcpus = 4\ncpus = 1,19,37,55", "1,19,37,55", 1, 4, 1}, /* in turns: no sockets */
	{X6, "vcpus = 3\ncpus = 1,37,19", "1,37,19", 1, 3, 1},	     /* unequal: none */
	/* sockets as asked for, where none is on two nodes */
	{X6, "vcpus = 4\nsockets = 2", "1,37,2,38", 2, 1, 2},
	{X6, "vcpus = 6\nsockets = 2", "1,37,2,38,3,39", 2, 3, 1},
	{X6, "vcpus = 4\ncpus = 1,37,19,55\nsockets = 1", "1,37,19,55", 2, 1, 2},
	{X6, "vcpus = 4\ncpus = 1,37,19,55\nsockets = 4", "1,37,19,55", 4, 1, 1},
	{SMT1, "vcpus = 4", "1,2,3,4", 1, 4, 1},
	{SMT4, "vcpus = 3", "4,5,6", 1, 1, 3},
	{SMT4, "vcpus = 4", "4,5,6,7", 1, 1, 4},
	{SMT4, "vcpus = 5", "4,5,6,7,8", 1, 5, 1},
	{SMT4, "vcpus = 6", "4,5,6,7,8,9", 1, 3, 2},
	{SMT4, "vcpus = 12", "4,5,6,7,8,9,10,11,12,13,14,15", 1, 3, 4},
	{SMT4, "vcpus = 2\nthreads = isolate", "4,8", 1, 2, 1},
	{SMT8, "vcpus = 7", "8,9,10,11,12,13,14", 1, 1, 7},
	{SMT8, "vcpus = 8", "8,9,10,11,12,13,14,15", 1, 1, 8},
	{SMT8, "vcpus = 12", "8,9,10,11,12,13,14,15,16,17,18,19", 1, 3, 4},
	{NODES4, "vcpus = 6\n", "2,3,4,5,8,9", 1, 3, 2},
	{NODES4, "vcpus = 8\n", "2,3,4,5,8,9,10,11", 2, 2, 2},
	{NODES4, "vcpus = 12\n", "2,3,4,5,8,9,10,11,14,15,16,17", 3, 2, 2},
};

static void test_guests(void)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(guests); i++) {
		g_autofree char *text = g_strdup_printf("[vm a]\n%s\n", guests[i].keys);
		g_autoptr(Made) made = make(guests[i].topology, text);

		g_test_message("%s: %s", guests[i].topology, guests[i].keys);
		assert_pins(made, "a", guests[i].pins);
		assert_topology(vm_of(made, "a"), guests[i].sockets, guests[i].cores,
				guests[i].threads);
	}
}

static void assert_share(const PlanVm *vm, unsigned index, unsigned node, unsigned vcpus,
			 uint64_t memory)
{
	const VmShare *share = &g_array_index(vm->shares, VmShare, index);

	g_assert_cmpuint(vm->shares->len, >, index);
	g_assert_cmpuint(share->node, ==, node);
	g_assert_cmpuint(share->vcpus, ==, vcpus);
	g_assert_cmpuint(share->memory, ==, memory);
}

/* Over two nodes: halves of all, vCPUs that stand together, emulator on both. */
static void test_span(void)
{
	g_autoptr(Made) made = make(X6, "[vm a]\nvcpus = 48\nmemory = 3G\nhugepages = 1G\n");
	const PlanVm *vm = vm_of(made, "a");

	assert_topology(vm, 2, 12, 2);
	g_assert_cmpuint(vm->shares->len, ==, 2);
	assert_share(vm, 0, 0, 24, 2 * GIB); /* 1.5 in whole pages */
	assert_share(vm, 1, 1, 24, 2 * GIB);
	g_assert_cmpuint(plan_vm_memory(vm), ==, 4 * GIB);
	assert_set(vm->emulatorpin, "0,18,36,54");
	for (unsigned v = 0; v < 48; v++)
		g_assert_cmpuint(core_of(made->plan, pin(vm, v))->node, ==, v / 24);
}

/* 45 are 12 and 11 cores; one CPU stays idle, of the larger share. Memory follows the vCPUs. */
static void test_span_unequal(void)
{
	g_autoptr(Made) made = make(X6, "[vm a]\nvcpus = 45\nmemory = 45G\nhugepages = 1G\n");
	const PlanVm *vm = vm_of(made, "a");

	g_assert_cmpuint(vm->shares->len, ==, 2);
	assert_share(vm, 0, 0, 23, 23 * GIB);
	assert_share(vm, 1, 1, 22, 22 * GIB);
}

/* In one L3 where one is large enough, though others have room as well. */
static void test_l3(void)
{
	g_autoptr(Made) made = make("pack:1 [numa] l3:4 core:3 pu:2",
				    "[vm a]\nvcpus = 6\n[vm b]\nvcpus = 4\n[vm c]\nvcpus = 6\n"
				    "[vm d]\nvcpus = 4\n");

	for (unsigned i = 0; i < 4; i++) {
		const PlanVm *vm = g_ptr_array_index(made->plan->vms, i);

		g_assert_true(vm->placed);
		for (unsigned v = 1; v < vm->pins->len; v++)
			g_assert_cmpuint(core_of(made->plan, pin(vm, v))->l3, ==,
					 core_of(made->plan, pin(vm, 0))->l3);
	}
}

static void test_emulator(void)
{
	static const struct {
		const char *host, *vm, *pin;
	} rows[] = {
		{"cores-per-node = 2", "vcpus = 2\nnode = 0", "0-1,36-37"},
		{"cores-per-node = 2", "vcpus = 2\nnode = 1", "18-19,54-55"},
		{"cores-per-node = 1", "vcpus = 48", "0,18,36,54"},
		{"cores-per-node = 1", "vcpus = 2\npolicy = shared", "0,18,36,54"},
		{"cores-per-node = 1", "vcpus = 2\ncpus = 20,56", "18,54"},
		/* no host CPU on its node */
		{"cpus = 0-1,36-37", "vcpus = 2\ncpus = 20,56", "0-1,36-37"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text =
			g_strdup_printf("[host]\n%s\n[vm a]\n%s\n", rows[i].host, rows[i].vm);
		g_autoptr(Made) made = make(X6, text);

		assert_set(vm_of(made, "a")->emulatorpin, rows[i].pin);
	}
}

/* Memory */

static const struct {
	const char *inventory; /* on SMALL: 16 GiB a node, three cores each for VMs */
	unsigned placed;
	const char *findings;
} memories[] = {
	{"[host]\nmemory-per-node = 2G\n[vm a]\nvcpus = 2\nmemory = 7G\ncount = 4\n", 4, ""},
	{"[host]\nmemory-per-node = 2G\n[vm a]\nvcpus = 2\nmemory = 14G\ncount = 2\n", 2, ""},
	{"[host]\nmemory-per-node = 2G\n[vm a]\nvcpus = 1\nmemory = 14337M\n", 0,
	 "error vm.too-large vm a"},
	/* pages: 2.5 GiB take three of 1 GiB, of 2 MiB what they say */
	{"[host]\nmemory-per-node = 8G\n[vm a]\nvcpus = 2\nmemory = 2560M\nhugepages = 1G\n"
	 "count = 4\n",
	 4, ""},
	{"[host]\nmemory-per-node = 8G\n[vm a]\nvcpus = 2\nmemory = 2560M\nhugepages = 2M\n"
	 "count = 6\n",
	 6, ""},
	/* what huge pages leave over cannot be used */
	{"[host]\nmemory-per-node = 1536M\n[vm a]\nvcpus = 1\nmemory = 14848M\nhugepages = 2M\n", 1,
	 ""},
	{"[host]\nmemory-per-node = 1536M\n[vm a]\nvcpus = 1\nmemory = 14848M\nhugepages = 1G\n", 0,
	 "error vm.too-large vm a"},
	/* pinned, they are placed all the same */
	{"[host]\nmemory-per-node = 2G\n[vm a]\nvcpus = 2\nmemory = 10G\ncpus = 1,9\n"
	 "[vm b]\nvcpus = 2\nmemory = 10G\ncpus = 2,10\n",
	 2, "error memory.node-full vm b"},
	/* the host's share */
	{"[host]\nmemory-per-node = 16G\n[vm a]\nvcpus = 2\n", 1, ""},
	{"[host]\nmemory-per-node = 17G\n[vm a]\nvcpus = 2\n", 1,
	 "error host.memory-too-large node 0\nerror host.memory-too-large node 1"},
	{"[vm a]\nvcpus = 2\nmemory = 16G\ncount = 2\n", 2,
	 "warning host.memory-small node 0\nwarning host.memory-small node 1"},
	{"[vm a]\nvcpus = 2\nnode = 1\nmemory = 15872M\n", 1, "warning host.memory-small node 1"},
	{"[vm a]\nvcpus = 2\nmemory = 15G\ncount = 2\n", 2, ""},
	{"[vm a]\nvcpus = 2\nnode = 0\nmemory = 15G\n", 1, ""},
	/* nobody wants any */
	{"[vm a]\nvcpus = 2\ncount = 6\n", 6, ""},
};

static void test_memory(void)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(memories); i++) {
		g_autoptr(Made) made = make(SMALL, memories[i].inventory);

		g_test_message("%s", memories[i].inventory);
		assert_says(made, memories[i].findings);
		g_assert_cmpuint(made->plan->placed, ==, memories[i].placed);
	}
}

/* Cores are free, memory is not: the reason says so, and of which node. */
static void test_memory_short(void)
{
	g_autoptr(Made) made = make(SMALL, "[host]\nmemory-per-node = 2G\n"
					   "[vm a]\nvcpus = 1\nmemory = 8G\ncount = 3\n");
	g_autoptr(Made) pinned = make(SMALL, "[host]\nmemory-per-node = 2G\n"
					     "[vm a]\nvcpus = 2\nmemory = 15G\ncpus = 6,14\n");

	g_assert_cmpuint(made->plan->placed, ==, 2);
	assert_text(made, "vm.does-not-fit", "*8G*6G*");
	assert_text(pinned, "memory.node-full", "*15360 MiB*node 1*14336 MiB*");
}

static void test_memory_unknown(void)
{
	g_autoptr(Made) wanted = make(NO_MEMORY, "[vm a]\nvcpus = 2\nmemory = 1T\n"
						 "[vm b]\nvcpus = 2\n");
	g_autoptr(Made) not_wanted = make(NO_MEMORY, "[vm a]\nvcpus = 2\n");

	assert_says(wanted, "unknown warning memory.unknown node 0\n"
			    "unknown warning memory.unknown node 1");
	g_assert_cmpuint(wanted->plan->placed, ==, 2);
	assert_says(not_wanted, "");
}

static void test_share_memory(void)
{
	static const struct {
		uint64_t memory, page;
		unsigned all, vcpus;
		uint64_t share;
	} rows[] = {
		{0, 0, 4, 4, 0},
		{1, 0, 4, 4, 4096},
		{8 * GIB, 0, 4, 4, 8 * GIB},
		{8 * GIB, 2 * MIB, 4, 2, 4 * GIB},
		{8 * GIB, 0, 3, 1, 2863312896}, /* 8 GiB / 3 = 2863311530.7, in pages of 4 KiB */
		{3 * GIB, GIB, 2, 1, 2 * GIB},
		{3 * MIB, 2 * MIB, 1, 1, 4 * MIB},
		{UINT64_C(1) << 56, GIB, 8192, 8191, (UINT64_C(1) << 56) - (UINT64_C(1) << 43)},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		const VmSpec spec = {VM_SPEC_ANYWHERE, .vcpus = rows[i].all,
				     .memory = rows[i].memory, .page = rows[i].page};

		g_assert_cmpuint(place_share_memory(&spec, rows[i].vcpus), ==, rows[i].share);
	}
}

/* Shared VMs */

static const struct {
	const char *inventory, *cpuset, *findings;
} shared[] = {
	{"[vm a]\nvcpus = 4\npolicy = shared\n", "0,4,8,12", ""},
	{"[shared]\ncores-per-node = 1\n[vm a]\nvcpus = 4\npolicy = shared\n", "1,5,9,13", ""},
	{"[shared]\ncores = 0\n[vm a]\nvcpus = 4\npolicy = shared\n", "0,4,8,12", ""},
	{"[shared]\ncpus = 7,15\n[vm a]\nvcpus = 2\npolicy = shared\n", "7,15", ""},
	/* more than the CPUs it may run on */
	{"[vm a]\nvcpus = 5\npolicy = shared\n", "0,4,8,12",
	 "warning vm.more-vcpus-than-cpus vm a"},
	{"[shared]\ncpus = 7,15\n[vm a]\nvcpus = 3\npolicy = shared\n", "7,15",
	 "warning vm.more-vcpus-than-cpus vm a"},
	/* all together, against the ratio */
	{"[shared]\ncpus = 7,15\novercommit = 4\n[vm a]\nvcpus = 2\ncount = 4\npolicy = shared\n",
	 "7,15", ""},
	{"[shared]\ncpus = 7,15\novercommit = 4\n[vm a]\nvcpus = 1\ncount = 9\npolicy = shared\n",
	 "7,15", "warning shared.overcommit [shared]"},
	{"[shared]\novercommit = 1\n[vm a]\nvcpus = 1\ncount = 5\npolicy = shared\n", "0,4,8,12",
	 "warning shared.overcommit [shared]"},
	{"[shared]\ncpus = 7,15\n[vm a]\nvcpus = 2\ncount = 99\npolicy = shared\n", "7,15", ""},
	/* memory, from any node */
	{"[vm a]\nvcpus = 1\nmemory = 14G\npolicy = shared\n", "0,4,8,12", ""},
};

static void test_shared(void)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(shared); i++) {
		g_autoptr(Made) made = make(SMALL, shared[i].inventory);

		g_test_message("%s", shared[i].inventory);
		assert_says(made, shared[i].findings);
		for (unsigned v = 0; v < made->plan->vms->len; v++) {
			const PlanVm *vm = g_ptr_array_index(made->plan->vms, v);

			assert_set(vm->cpuset, shared[i].cpuset);
			assert_topology(vm, 1, vm->spec->vcpus, 1);
		}
	}
}

/* The pool is not isolated, and not the host's; nothing dedicated is on it. */
static void test_shared_pool(void)
{
	g_autoptr(Made) made =
		make(SMALL, "[node]\nkernel = 6.1\n[shared]\ncores = 2\n[vm a]\nvcpus = 2\n"
			    "policy = shared\n[vm b]\nvcpus = 2\ncount = 4\n");

	assert_set(made->plan->cpus[ROLE_SHARED], "1,5,9,13");
	assert_set(made->plan->cpus[ROLE_DEDICATED], "2-3,6-7,10-11,14-15");
	g_assert_true(g_str_has_prefix(made->plan->cmdline,
				       "isolcpus=managed_irq,domain,2-3,6-7,10-11,14-15 "));
	g_assert_true(g_str_has_suffix(made->plan->cmdline, " irqaffinity=0,4,8,12"));
}

static void test_shared_memory(void)
{
	g_autoptr(Made) made = make(SMALL, "[host]\nmemory-per-node = 2G\n"
					   "[vm a]\nvcpus = 2\nmemory = 12G\ncount = 2\n"
					   "[vm b]\nvcpus = 1\nmemory = 4G\npolicy = shared\n"
					   "[vm c]\nvcpus = 1\nmemory = 1G\npolicy = shared\n");

	assert_says(made, "error vm.does-not-fit vm c");
	g_assert_true(vm_of(made, "b")->placed);
	g_assert_false(vm_of(made, "c")->placed);
}

/* A VM can be near the devices of one node. */
static void test_devices_apart(void)
{
	g_autoptr(Host) host = given_host("host-2s18c2t.xml");
	g_autoptr(Inventory) inventory =
		given_inventory("[vm a]\nvcpus = 2\nnear = mlx5_0, cuda0\n");
	const PlanOptions options = {0};
	g_autoptr(Plan) plan = NULL;

	for (unsigned i = 0; i < host->devices->len; i++) {
		Device *device = &g_array_index(host->devices, Device, i);

		if (!strcmp(device->name, "mlx5_0"))
			device->node = 1;
	}
	plan = plan_compute(host, inventory, NULL, &options);
	g_assert_nonnull(strstr(finding_of(plan, "vm.devices-apart")->text, "on nodes 0-1"));
}

/* A device on node 5: of two sockets of four nodes with 6 cores each. */
static Plan *near_device(unsigned vcpus, const char *wishes)
{
	g_autoptr(Host) host = given_host("epyc-2s24c2t-nps4.xml");
	g_autofree char *text = g_strdup_printf(
		"[host]\ncores-per-node = 1\n[vm a]\nvcpus = %u\nnear = eth0\n%s", vcpus, wishes);
	g_autoptr(Inventory) inventory = given_inventory(text);
	const PlanOptions options = {0};
	Device device = {g_strdup("eth0"), NULL, 5};

	g_array_append_val(host->devices, device);
	return plan_compute(host, inventory, NULL, &options);
}

static void assert_near(unsigned vcpus, const char *wishes, const char *nodes)
{
	g_autoptr(Plan) plan = near_device(vcpus, wishes);
	const PlanVm *vm = g_ptr_array_index(plan->vms, 0);
	g_auto(CpuSet) on = hwloc_bitmap_alloc();
	g_autofree char *list = NULL;

	for (unsigned i = 0; i < vm->shares->len; i++)
		hwloc_bitmap_set(on, g_array_index(vm->shares, VmShare, i).node);
	list = cpulist_format(on);
	g_assert_cmpstr(list, ==, nodes);
}

/* One that is larger than the node of its device has the nearest beside it, as few as hold it. */
static void test_near_wide(void)
{
	assert_near(10, "", "5");
	assert_near(12, "", "4-5");
	assert_near(22, "", "4-6");
	assert_near(32, "", "4-7");
	assert_near(50, "", "0,4-7");
	assert_near(82, "", "");
	assert_near(6, "threads = isolate\n", "4-5");
	assert_near(4, "memory = 40G\n", "4-5");
}

/* Odd hosts */

/* CPUs of two kinds: 0-11 with two threads a core, 12-19 with one; never mixed. */
static void test_hybrid(void)
{
	g_autoptr(Made) made = make("hybrid-6p8e.xml", "[vm a]\nvcpus = 4\ncount = 9\n");
	g_autoptr(Made) wide = make("hybrid-6p8e.xml", "[vm a]\nvcpus = 10\n[vm b]\nvcpus = 8\n");
	g_autoptr(Made) wider = make("hybrid-6p8e.xml", "[vm a]\nvcpus = 11\n");

	g_assert_cmpuint(made->plan->placed, ==, 4); /* two of 5 cores, two of 8 */
	assert_pins(wide, "a", "2,3,4,5,6,7,8,9,10,11");
	assert_pins(wide, "b", "12,13,14,15,16,17,18,19");
	assert_says(wide, "info topology.hybrid topology");
	assert_says(wider, "error vm.too-large vm a\ninfo topology.hybrid topology");
}

/* Nodes 4-7 have memory alone: no VM goes there, and none may ask for it. */
static void test_memory_nodes(void)
{
	g_autoptr(Made) made =
		make("hbm-1s16c4t.xml", "[vm a]\nvcpus = 12\nmemory = 768M\ncount = 4\n");
	g_autoptr(Made) asked = make("hbm-1s16c4t.xml", "[vm a]\nvcpus = 1\nnode = 4\n");
	g_autoptr(Made) large = make("hbm-1s16c4t.xml", "[vm a]\nvcpus = 1\nmemory = 2G\n");

	g_assert_cmpuint(made->plan->placed, ==, 4);
	for (unsigned i = 0; i < 4; i++) {
		const PlanVm *vm = g_ptr_array_index(made->plan->vms, i);

		g_assert_cmpuint(g_array_index(vm->shares, VmShare, 0).node, <, 4);
	}
	assert_says(asked, "error vm.node-absent vm a");
	assert_says(large, "error vm.too-large vm a");
}

/* They get it in the order of their names; the host keeps none of it. */
static void test_memory_node_asked(void)
{
	g_autoptr(Made) made =
		make("hbm-1s16c4t.xml", "[host]\nmemory-per-node = 512M\n"
					"[vm a]\nvcpus = 20\nmemory = 1G\n"
					"hugepages = 2M\nmemory-node = 4\n"
					"[vm b]\nvcpus = 1\nmemory = 1G\nmemory-node = 4\n"
					"[vm c]\nvcpus = 1\nmemory = 1M\nmemory-node = 4\n"
					"[vm d]\nvcpus = 1\nmemory = 1G\nmemory-node = 5\n");
	g_autoptr(Made) cores =
		make("hbm-1s16c4t.xml",
		     "[vm a]\nvcpus = 1\nmemory = 1M\nmemory-node = 0\n"
		     "[vm b]\nvcpus = 4\nmemory = 1M\nmemory-node = 0\ncpus = 5,21,37,53\n");
	g_autoptr(Made) absent =
		make("hbm-1s16c4t.xml", "[vm a]\nvcpus = 1\nmemory = 1M\nmemory-node = 9\n");
	const GArray *shares = vm_of(made, "a")->shares;
	uint64_t sum = 0;

	g_assert_cmpuint(shares->len, ==, 2);
	for (unsigned i = 0; i < shares->len; i++) {
		const VmShare *share = &g_array_index(shares, VmShare, i);

		g_assert_cmpuint(share->node, <, 4);
		g_assert_cmpuint(host_node(made->plan->host, share->from)->id, ==, 4);
		g_assert_cmpuint(share->memory % (2 << 20), ==, 0);
		sum += share->memory;
	}
	g_assert_cmpuint(sum, ==, 1 << 30);
	g_assert_true(vm_of(made, "b")->placed);
	g_assert_false(vm_of(made, "c")->placed);
	g_assert_true(vm_of(made, "d")->placed);
	g_assert_false(made->plan->optimal);
	g_assert_cmpuint(made->plan->bound, ==, 4);
	assert_text(made, "vm.does-not-fit", "*1M*node 4 (MCDRAM) has 0 of memory free");
	assert_says(cores, "error vm.node-absent vm a\nerror vm.node-absent vm b");
	assert_text(cores, "vm.node-absent", "*memory of node 0, which has cores*");
	assert_text(absent, "vm.node-absent", "*memory of node 9, which the host does not have");
}

/* Each guest cell has a page, where there are so many. */
static void test_memory_node_cells(void)
{
	static const unsigned sizes[] = {512, 1024};

	for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autofree char *ini = g_strdup_printf("[host]\nmemory-per-node = 256M\n"
						       "[vm a]\nvcpus = 44\nmemory = 2G\n"
						       "hugepages = %uM\nmemory-node = 4\n",
						       sizes[i]);
		g_autoptr(Made) made = make("hbm-1s16c4t.xml", ini);
		const GArray *shares = vm_of(made, "a")->shares;

		g_assert_cmpuint(shares->len, ==, 4);
		if (i) {
			assert_text(made, "memory.cell-empty",
				    "is over 4 NUMA nodes, and has 2 pages of 1G: *");
			continue;
		}
		assert_says(made, "");
		for (unsigned s = 0; s < shares->len; s++)
			g_assert_cmpuint(g_array_index(shares, VmShare, s).memory, ==, 512U << 20);
	}
}

/* Of VMs that are alike it does not matter which get it: that is proved. */
static void test_memory_node_alike(void)
{
	g_autoptr(Made) made = make("hbm-1s16c4t.xml", "[vm a]\nvcpus = 1\nmemory = 700M\n"
						       "memory-node = 4\ncount = 3\n");

	g_assert_cmpuint(made->plan->placed, ==, 2);
	g_assert_false(vm_of(made, "a-3")->placed);
	g_assert_true(made->plan->optimal);
	g_assert_cmpuint(made->plan->bound, ==, 2);
}

/* One that finds no cores leaves its memory to the next. */
static void test_memory_node_passed_on(void)
{
	g_autoptr(Made) made =
		make("hbm-1s16c4t.xml", "[vm a]\nvcpus = 64\nmemory = 2G\nmemory-node = 4\n"
					"[vm b]\nvcpus = 1\nmemory = 2G\nmemory-node = 4\n");

	g_assert_false(vm_of(made, "a")->placed);
	g_assert_true(vm_of(made, "b")->placed);
}

static void test_node_asked(void)
{
	g_autoptr(Made) made =
		make(SMALL, "[vm a]\nvcpus = 4\nnode = 1\n[vm b]\nvcpus = 4\nnode = 1\n");
	g_autoptr(Made) absent = make(SMALL, "[vm a]\nvcpus = 1\nnode = 2\n");

	g_assert_cmpuint(made->plan->placed, ==, 1);
	g_assert_nonnull(finding_of(made->plan, "vm.does-not-fit"));
	assert_text(made, "vm.does-not-fit", "*2 whole cores*node 1*");
	assert_says(absent, "error vm.node-absent vm a");
	assert_text(absent, "vm.node-absent", "*node 2*");
}

/* NUMA nodes 0 and 8: findings and shares speak of OS indexes, node = does too. */
static void test_sparse_nodes(void)
{
	g_autoptr(Made) made = make("power-2s4c4t.xml", "[vm a]\nvcpus = 4\nnode = 8\n"
							"[vm b]\nvcpus = 1\nnode = 1\n");

	g_assert_true(vm_of(made, "a")->placed);
	g_assert_cmpuint(
		host_node(made->host, g_array_index(vm_of(made, "a")->shares, VmShare, 0).node)->id,
		==, 8);
	g_assert_nonnull(finding_of(made->plan, "vm.node-absent"));
}

static void test_disallowed(void)
{
	g_autoptr(Made) made = make("cgroup-4s8c+disallowed.xml", "");

	g_assert_nonnull(finding_of(made->plan, "topology.disallowed"));
	g_assert_false(plan_bad(made->plan));
}

static void test_one_core(void)
{
	g_autoptr(Made) made = make("pack:1 [numa] core:1 pu:1", "[vm a]\nvcpus = 1\n");

	g_assert_false(vm_of(made, "a")->placed);
	g_assert_cmpstr(made->plan->cmdline, ==, "");
	assert_set(made->plan->isolated, "");
}

/* What is preferred */

static void test_prefer(void)
{
	static const struct {
		Prefer prefer;
		const char *placed;
	} rows[] = {
		{PREFER_VCPUS, "b c"}, /* 8 vCPUs instead of 6 */
		{PREFER_VMS, "b c"},
		{PREFER_ORDER, "a"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		const PlanOptions options = {.prefer = rows[i].prefer};
		g_autoptr(Made) made = make_with("pack:1 [numa] core:5 pu:2",
						 "[vm a]\nvcpus = 6\n[vm b]\nvcpus = 4\n"
						 "[vm c]\nvcpus = 4\n",
						 NULL, &options);
		g_autoptr(GString) placed = g_string_new(NULL);

		for (unsigned v = 0; v < 3; v++) {
			const PlanVm *vm = g_ptr_array_index(made->plan->vms, v);

			if (vm->placed)
				g_string_append_printf(placed, "%s%s", placed->len ? " " : "",
						       vm->spec->name);
		}
		g_assert_cmpstr(placed->str, ==, rows[i].placed);
	}
}

/* Under order a later VM that still fits is not refused because of one that did not. */
static void test_prefer_order(void)
{
	const PlanOptions options = {.prefer = PREFER_ORDER};
	g_autoptr(Made) made = make_with(
		"pack:1 [numa] core:5 pu:2",
		"[vm z]\nvcpus = 6\n[vm m]\nvcpus = 4\n[vm a]\nvcpus = 2\n", NULL, &options);

	g_assert_true(vm_of(made, "z")->placed);
	g_assert_false(vm_of(made, "m")->placed);
	g_assert_true(vm_of(made, "a")->placed);
}

/* Only who is placed matters: all is as it is, but for why the others are not. */
static void test_unexplained(void)
{
	g_autoptr(Host) host = given_host("pack:1 [numa] core:5 pu:2");
	g_autoptr(Inventory) inventory =
		given_inventory("[vm a]\nvcpus = 4\n[vm b]\nvcpus = 4\n[vm c]\nvcpus = 4\n");
	g_autoptr(Plan) told = plan_compute(host, inventory, NULL, &(PlanOptions){0});
	g_autoptr(Plan) plan =
		plan_compute(host, inventory, NULL, &(PlanOptions){.unexplained = true});

	g_assert_cmpuint(told->why_nots->len, ==, 1);
	g_assert_cmpuint(plan->why_nots->len, ==, 0);
	g_assert_cmpuint(plan->findings->len, <, told->findings->len);
	g_assert_true(plan_bad(plan));
	for (unsigned i = 0; i < told->vms->len; i++) {
		const PlanVm *a = g_ptr_array_index(told->vms, i);
		const PlanVm *b = g_ptr_array_index(plan->vms, i);

		g_assert_true(a->placed == b->placed);
		g_assert_cmpmem(a->pins->data, a->pins->len * sizeof(unsigned), b->pins->data,
				b->pins->len * sizeof(unsigned));
	}
}

/* What the node says of itself, where the inventory does not */

static void test_node(void)
{
	const Node node = {.name = (char *)"here",
			   .kernel = (char *)"6.1.0",
			   .qemu = (char *)"7.2.22",
			   .libvirt = (char *)"9.0.0",
			   .disable_exits = TRISTATE_YES,
			   .mwait = TRISTATE_NO,
			   .nested = TRISTATE_NO};
	g_autoptr(Made) said = make_with(SMALL, "[vm a]\nvcpus = 2\n", &node, &(PlanOptions){0});
	g_autoptr(Made) told = make_with(SMALL,
					 "[node]\nname = x\nkernel = 4.16\nqemu = 9.1.0\n"
					 "libvirt = 8.0.0\n[vm a]\nvcpus = 2\n",
					 &node, &(PlanOptions){0});

	g_assert_cmpstr(said->plan->node->name, ==, "here");
	g_assert_cmpstr(said->plan->node->kernel, ==, "6.1.0");
	g_assert_cmpstr(said->plan->node->qemu, ==, "7.2.22");
	g_assert_cmpstr(said->plan->node->libvirt, ==, "9.0.0");
	g_assert_cmpint(vm_of(said, "a")->cpupm->verdict, ==, CPUPM_ON);
	g_assert_cmpstr(told->plan->node->name, ==, "x");
	g_assert_cmpstr(told->plan->node->kernel, ==, "4.16");
	g_assert_cmpstr(told->plan->node->qemu, ==, "9.1.0");
	/* what KVM says now is of this kernel, not of the one planned for */
	g_assert_cmpint(vm_of(told, "a")->cpupm->verdict, ==, CPUPM_UNSUPPORTED);
}

static void test_node_cpupm(void)
{
	static const struct {
		Tristate exits, mwait, nested;
		const char *inventory;
		CpupmVerdict verdict;
	} rows[] = {
		{TRISTATE_NO, TRISTATE_YES, TRISTATE_NO, "", CPUPM_UNSUPPORTED},
		{TRISTATE_UNKNOWN, TRISTATE_YES, TRISTATE_NO, "", CPUPM_ON},
		{TRISTATE_YES, TRISTATE_NO, TRISTATE_NO, "", CPUPM_UNSUPPORTED},
		{TRISTATE_YES, TRISTATE_UNKNOWN, TRISTATE_NO, "", CPUPM_UNKNOWN},
		{TRISTATE_YES, TRISTATE_YES, TRISTATE_YES, "", CPUPM_UNSUPPORTED},
		{TRISTATE_YES, TRISTATE_YES, TRISTATE_UNKNOWN, "", CPUPM_ON},
		{TRISTATE_YES, TRISTATE_NO, TRISTATE_NO, "[node]\nmwait = yes\n", CPUPM_ON},
		{TRISTATE_YES, TRISTATE_YES, TRISTATE_NO, "[node]\nmwait = no\n",
		 CPUPM_UNSUPPORTED},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		const Node node = {.kernel = (char *)"6.1.0",
				   .qemu = (char *)"7.2.22",
				   .disable_exits = rows[i].exits,
				   .mwait = rows[i].mwait,
				   .nested = rows[i].nested};
		g_autofree char *text =
			g_strconcat(rows[i].inventory,
				    "[vm a]\nvcpus = 2\ncpu-mode = host-passthrough\n", NULL);
		g_autoptr(Made) made = make_with(SMALL, text, &node, &(PlanOptions){0});

		g_assert_cmpint(vm_of(made, "a")->cpupm->verdict, ==, rows[i].verdict);
	}
}

/* The same in, the same out */

static char *document(const Plan *plan)
{
	json_t *json = plan_to_json(plan);
	char *text = json_text(json);

	json_decref(json);
	return text;
}

#define N_SECTIONS (G_N_ELEMENTS(sections) - 1)

static const char *const sections[] = {
	"[node]\nkernel = 6.1\nqemu = 9.0.0\nmwait = no\n",
	"[host]\ncores-per-node = 1\nmemory-per-node = 1G\n",
	"[sdk]\ncores = 1\n",
	"[vm db10]\nvcpus = 2\nmemory = 3G\n",
	"[vm db2]\nvcpus = 2\nmemory = 3G\n",
	"[vm odd]\nvcpus = 3\nmemory = 1G\nhugepages = 2M\n",
	"[vm web]\nvcpus = 2\ncount = 4\nmemory = 9G\ncpu-mode = maximum\n",
	"[vm kept]\nvcpus = 2\ncpus = 7,15\n",
	"[vm kept2]\nvcpus = 1\ncpus = 15\n",
	"[vm float]\nvcpus = 9\npolicy = shared\nmemory = 1G\n",
	NULL,
};

static char *shuffled(GRand *rand)
{
	unsigned order[N_SECTIONS];
	GString *text = g_string_new(NULL);

	for (unsigned i = 0; i < N_SECTIONS; i++)
		order[i] = i;
	for (unsigned i = N_SECTIONS - 1; i > 0; i--) {
		unsigned j = (unsigned)g_rand_int_range(rand, 0, (int)i + 1), swap = order[i];

		order[i] = order[j];
		order[j] = swap;
	}
	for (unsigned i = 0; i < N_SECTIONS; i++)
		g_string_append(text, sections[order[i]]);
	return g_string_free(text, FALSE);
}

static void assert_same_vms(const Plan *a, const Plan *b)
{
	for (unsigned i = 0; i < a->vms->len; i++) {
		const PlanVm *x = g_ptr_array_index(a->vms, i);
		const PlanVm *y = plan_vm(b, x->spec->name);
		g_autofree char *pins = pins_of(x), *other = pins_of(y);

		g_assert_cmpstr(pins, ==, other);
		g_assert_true(x->placed == y->placed);
		g_assert_cmpint(x->cpupm->verdict, ==, y->cpupm->verdict);
	}
}

static void test_permuted(void)
{
	g_autofree char *text = g_strjoinv("", (char **)sections);
	g_autoptr(Made) first = make(SMALL, text);
	g_autofree char *findings = findings_of(first->plan, NULL);
	GRand *rand = g_rand_new_with_seed(7);

	for (unsigned i = 0; i < 40; i++) {
		g_autofree char *other = shuffled(rand);
		g_autoptr(Made) made = make(SMALL, other);

		assert_same_vms(first->plan, made->plan);
		g_assert_cmpstr(made->plan->cmdline, ==, first->plan->cmdline);
		assert_says(made, findings);
	}
	g_rand_free(rand);
}

static void test_repeatable(void)
{
	g_autofree char *text = g_strdup_printf("%s[vm web]\n%scount = 13\n", x6_base, x6_vm);
	g_autoptr(Made) one = make(X6, text);
	g_autoptr(Made) other = make(X6, text);
	g_autofree char *first = document(one->plan), *second = document(other->plan);
	g_autofree char *hosts = given_hosts();

	g_assert_cmpstr(first, ==, second);
	g_assert_null(strstr(first, hosts));
}

/* Many VMs on a large host */
static void test_large(void)
{
	g_autoptr(GString) text = g_string_new("[host]\ncores-per-node = 2\nmemory-per-node = 8G\n"
					       "[sdk]\ncores-per-node = 1\n");
	g_autoptr(Made) made = NULL;

	for (unsigned i = 0; i < 150; i++)
		g_string_append_printf(text, "[vm vm%u]\nvcpus = %u\nmemory = %uG\n%s", i,
				       1 + i % 7, 1 + i % 9, i % 11 ? "" : "threads = isolate\n");
	made = make("pack:4 [numa(memory=549755813888)] l3:7 core:8 pu:2(indexes=2*224:224*1)",
		    text->str);
	g_assert_cmpuint(made->host->cores->len, ==, 224);
	g_assert_cmpuint(made->plan->wanted, ==, 150);
}

/* Many VMs without a place, no two alike: what would place each is asked within bounds. */
static void test_many_refused(void)
{
	g_autoptr(GString) text = g_string_new("[sdk]\ncores-per-node = 1\n");
	g_autoptr(Made) made = NULL;

	for (unsigned i = 0; i < 100; i++)
		g_string_append_printf(text, "[vm vm%u]\nvcpus = %u\nmemory = %uM\n", i,
				       1 + i * 7 % 13, 1000 + i * 7919 % 60000);
	made = make("pack:1 numa:12(memory=68719476736) l3:4 core:3 pu:2", text->str);
	g_assert_cmpuint(made->plan->placed, <, 90);
	g_assert_cmpuint(made->plan->why_nots->len, >, 0);
}

/* Who said off gets off, placed or not. */
static void test_off_unplaced(void)
{
	g_autoptr(Made) made = make("pack:1 core:2 pu:2", "[vm a]\nvcpus = 64\ncpu-pm = off\n"
							  "[vm b]\nvcpus = 64\n");

	g_assert_cmpint(plan_vm(made->plan, "a")->cpupm->verdict, ==, CPUPM_OFF);
	g_assert_cmpint(plan_vm(made->plan, "b")->cpupm->verdict, ==, CPUPM_UNKNOWN);
}

static void add_places(void)
{
	g_test_add_func("/plan/x6/published", test_x6_published);
	g_test_add_func("/plan/x6/counted", test_x6_counted);
	g_test_add_func("/plan/x6/thirteen", test_x6_thirteen);
	g_test_add_func("/plan/kept/judged", test_kept);
	g_test_add_func("/plan/kept/reserved", test_kept_reserved);
	g_test_add_func("/plan/kept/offline", test_kept_offline);
	g_test_add_func("/plan/kept/order", test_kept_order);
	g_test_add_func("/plan/guests/topology", test_guests);
	g_test_add_func("/plan/guests/span", test_span);
	g_test_add_func("/plan/guests/span-unequal", test_span_unequal);
	g_test_add_func("/plan/guests/l3", test_l3);
	g_test_add_func("/plan/guests/emulator", test_emulator);
}

static void add_rest(void)
{
	g_test_add_func("/plan/memory/fits", test_memory);
	g_test_add_func("/plan/memory/short", test_memory_short);
	g_test_add_func("/plan/memory/unknown", test_memory_unknown);
	g_test_add_func("/plan/memory/share", test_share_memory);
	g_test_add_func("/plan/shared/where", test_shared);
	g_test_add_func("/plan/shared/pool", test_shared_pool);
	g_test_add_func("/plan/shared/memory", test_shared_memory);
	g_test_add_func("/plan/hosts/hybrid", test_hybrid);
	g_test_add_func("/plan/hosts/memory-nodes", test_memory_nodes);
	g_test_add_func("/plan/hosts/memory-node-asked", test_memory_node_asked);
	g_test_add_func("/plan/hosts/memory-node-cells", test_memory_node_cells);
	g_test_add_func("/plan/hosts/memory-node-alike", test_memory_node_alike);
	g_test_add_func("/plan/hosts/memory-node-passed-on", test_memory_node_passed_on);
	g_test_add_func("/plan/hosts/devices-apart", test_devices_apart);
	g_test_add_func("/plan/hosts/near-wide", test_near_wide);
	g_test_add_func("/plan/hosts/node-asked", test_node_asked);
	g_test_add_func("/plan/hosts/sparse-nodes", test_sparse_nodes);
	g_test_add_func("/plan/hosts/disallowed", test_disallowed);
	g_test_add_func("/plan/hosts/one-core", test_one_core);
	g_test_add_func("/plan/hosts/large", test_large);
	g_test_add_func("/plan/hosts/many-refused", test_many_refused);
	g_test_add_func("/plan/prefer/each", test_prefer);
	g_test_add_func("/plan/prefer/order", test_prefer_order);
	g_test_add_func("/plan/unexplained", test_unexplained);
	g_test_add_func("/plan/node/versions", test_node);
	g_test_add_func("/plan/node/cpu-pm", test_node_cpupm);
	g_test_add_func("/plan/node/off-unplaced", test_off_unplaced);
	g_test_add_func("/plan/same/permuted", test_permuted);
	g_test_add_func("/plan/same/repeated", test_repeatable);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add_places();
	add_rest();
	return g_test_run();
}
