/* SPDX-License-Identifier: MIT */
/* Rules over memory: huge pages, and VMs' memory on the nodes of their CPUs. */
#include "planner/base/size.h"
#include "planner/check/rules_sides.h"
#include "planner/check/rules_table.h"

#include <inttypes.h>
#include <string.h>

/* Huge pages of the plan */

static uint64_t pages_on(const Facts *facts, unsigned node, uint64_t size)
{
	for (unsigned i = 0; i < facts->hugepages->len; i++) {
		const HugePages *pages = &g_array_index(facts->hugepages, HugePages, i);

		if (pages->node == node && pages->size == size)
			return pages->total;
	}
	return 0;
}

/* Pages of SIZE that the plan's VMs take on a node (its position). */
static uint64_t pages_planned(const Plan *plan, unsigned node, uint64_t size)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);

		for (unsigned s = 0; vm->placed && vm->spec->page == size && s < vm->shares->len;
		     s++) {
			const VmShare *share = &g_array_index(vm->shares, VmShare, s);

			bytes += share->from == node ? share->memory : 0;
		}
	}
	return bytes / size;
}

static void short_on_node(const Rule *rule, const Audit *audit, GPtrArray *findings, unsigned node,
			  uint64_t size)
{
	unsigned id = host_node(audit->plan->host, node)->id;
	uint64_t want = pages_planned(audit->plan, node, size);
	uint64_t have = pages_on(audit->facts, id, size);
	g_autofree char *page = size_format(size), *subject = g_strdup_printf("node %u", id);

	if (have < want)
		rule_found(rule, findings, subject, "/sys/devices/system/node/node*/hugepages",
			   NULL,
			   "the plan's VMs need %" PRIu64
			   " huge pages of %s here; the node has %" PRIu64,
			   want, page, have);
}

static void short_of_plan(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	static const uint64_t sizes[] = {UINT64_C(64) << 10, UINT64_C(2) << 20,
					 UINT64_C(16) << 20, UINT64_C(512) << 20,
					 UINT64_C(1) << 30,  UINT64_C(16) << 30};

	for (unsigned node = 0; node < audit->plan->host->nodes->len; node++)
		for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++)
			short_on_node(rule, audit, findings, node, sizes[i]);
}

/* What the node's own VMs take, by the nodes that their memory is bound to. */

#define PAGE_DEFAULT (UINT64_C(2) << 20)

static bool size_there(const Facts *facts, uint64_t size)
{
	for (unsigned i = 0; i < facts->hugepages->len; i++)
		if (g_array_index(facts->hugepages, HugePages, i).size == size)
			return true;
	return false;
}

/* Of VMs that name no size: default_hugepagesz=, else 2M where there are such, else any. */
static uint64_t page_default(const Audit *audit)
{
	const CmdlineWord *word =
		audit->cmdline ? cmdline_last(audit->cmdline, "default_hugepagesz") : NULL;
	const GArray *pages = audit->facts->hugepages;
	uint64_t size;

	if (word && word->value && size_parse(word->value, &size))
		return size;
	if (size_there(audit->facts, PAGE_DEFAULT) || !pages->len)
		return PAGE_DEFAULT;
	return g_array_index(pages, HugePages, 0).size;
}

static uint64_t page_of(const Audit *audit, const Guest *guest)
{
	return guest->page ? guest->page : page_default(audit);
}

/* The nodes that VM's memory must come from; NULL = any. */
static hwloc_const_bitmap_t nodes_bound(const AuditVm *vm)
{
	const Guest *guest = vm->guest;
	hwloc_const_bitmap_t live = guest->nodes_live, next = guest->nodes_inactive;

	return !guest->nodes_strict ? NULL : guest->running && live ? live : next ? next : live;
}

/* Bytes of GUEST's own NUMA cells that are bound to NODE alone. */
static uint64_t cells_bound(const Guest *guest, unsigned node)
{
	const uint64_t *bytes =
		guest->cell_memory ? g_hash_table_lookup(guest->cell_memory, GUINT_TO_POINTER(node))
				   : NULL;

	return bytes ? *bytes : 0;
}

/* A page size and nodes (NULL = all), and what VMs take there that run at once. */
typedef struct Taking {
	const Audit *audit;
	uint64_t size;
	hwloc_const_bitmap_t nodes;
	GPtrArray *vms; /* of AuditVm, those who take */
	uint64_t pages;
} Taking;

/* Bytes that VM takes on the nodes of TAKING alone; 0 = none. */
static uint64_t takes_here(const Taking *taking, const AuditVm *vm)
{
	hwloc_const_bitmap_t bound;
	uint64_t bytes = 0;
	unsigned node;

	if (!vm->guest || !vm->guest->hugepages || vm->guest->unlisted ||
	    page_of(taking->audit, vm->guest) != taking->size)
		return 0;
	bound = nodes_bound(vm);
	if (!taking->nodes || (bound && hwloc_bitmap_isincluded(bound, taking->nodes)))
		return vm->guest->memory;
	hwloc_bitmap_foreach_begin(node, taking->nodes)
		bytes += cells_bound(vm->guest, node);
	hwloc_bitmap_foreach_end();
	return bytes;
}

static void taking_add(Taking *taking, const AuditVm *vm)
{
	uint64_t bytes = takes_here(taking, vm);

	if (!bytes)
		return;
	for (unsigned i = 0; i < taking->vms->len; i++) {
		const AuditVm *other = g_ptr_array_index(taking->vms, i);

		if (other == vm || vms_exclude(taking->audit, vm, other))
			return;
	}
	g_ptr_array_add(taking->vms, (gpointer)vm);
	taking->pages += (bytes + taking->size - 1) / taking->size;
}

static uint64_t pages_there(const Facts *facts, hwloc_const_bitmap_t nodes, uint64_t size)
{
	uint64_t have = 0, more = 0;

	for (unsigned i = 0; i < facts->hugepages->len; i++) {
		const HugePages *pages = &g_array_index(facts->hugepages, HugePages, i);

		if (pages->size != size || (nodes && !hwloc_bitmap_isset(nodes, pages->node)))
			continue;
		have += pages->total;
		more = pages->more;
	}
	return have + more;
}

/* Pages on the nodes of TAKING that are in use and no running VM's: of what is no VM, such as
 * DPDK's. VMs that may be on any node count wherever their pages are. */
static uint64_t pages_of_others(const Taking *taking)
{
	const Facts *facts = taking->audit->facts;
	const GPtrArray *vms = taking->audit->vms;
	uint64_t used = 0, known = 0;

	for (unsigned i = 0; i < facts->hugepages->len; i++) {
		const HugePages *pages = &g_array_index(facts->hugepages, HugePages, i);

		if (pages->size == taking->size && pages->total > pages->free &&
		    (!taking->nodes || hwloc_bitmap_isset(taking->nodes, pages->node)))
			used += pages->total - pages->free;
	}
	for (unsigned i = 0; i < vms->len; i++) {
		const AuditVm *vm = g_ptr_array_index(vms, i);
		const Guest *guest = vm->guest;

		if (guest && guest->running && guest->hugepages &&
		    page_of(taking->audit, guest) == taking->size)
			known += (guest->memory + taking->size - 1) / taking->size;
	}
	return used > known ? used - known : 0;
}

static void taking_say(const Rule *rule, const Taking *taking, GPtrArray *findings, uint64_t have,
		       uint64_t others)
{
	g_autofree char *page = size_format(taking->size);
	g_autofree char *list = taking->nodes ? set_text(taking->nodes) : NULL;
	g_autofree char *where = list ? g_strdup_printf(" on node %s", list) : g_strdup("");
	g_autofree char *subject = list ? g_strdup_printf("node %s", list) : g_strdup("node");
	g_autofree char *used =
		others ? g_strdup_printf(", of which %" PRIu64 " are in use elsewhere", others)
		       : g_strdup("");
	Naming naming = {0};
	g_autofree char *names = NULL;

	for (unsigned i = 0; i < taking->vms->len; i++)
		naming_add(&naming, ((const AuditVm *)g_ptr_array_index(taking->vms, i))->name);
	names = naming_end(&naming);
	rule_found(rule, findings, subject, "/sys/devices/system/node/node*/hugepages", NULL,
		   "%s %s %" PRIu64 " huge pages of %s%s; there are %" PRIu64 "%s%s", names,
		   taking->vms->len == 1 ? "needs" : "need", taking->pages, page, where, have,
		   have ? "" : " of them", used);
}

/* With VM first, then what runs, then the others, as long as they do not exclude each other. */
static bool short_with(const Rule *rule, const Audit *audit, const AuditVm *first,
		       hwloc_const_bitmap_t nodes, GPtrArray *findings)
{
	Taking taking = {audit, page_of(audit, first->guest), nodes, g_ptr_array_new(), 0};
	uint64_t have = pages_there(audit->facts, nodes, taking.size), others;
	bool is_short;

	taking_add(&taking, first);
	for (unsigned pass = 0; pass < 2; pass++)
		for (unsigned i = 0; i < audit->vms->len; i++) {
			const AuditVm *vm = g_ptr_array_index(audit->vms, i);

			if (vm->guest && vm->guest->running == !pass)
				taking_add(&taking, vm);
		}
	/* What runs has its pages; a VM that is shut off has yet to get them. */
	others = first->guest->running ? 0 : MIN(pages_of_others(&taking), have);
	is_short = taking.pages > have - others;
	if (is_short)
		taking_say(rule, &taking, findings, have, others);
	g_ptr_array_unref(taking.vms);
	return is_short;
}

static bool takes_pages(const AuditVm *vm)
{
	return vm->guest && vm->guest->hugepages && !vm->guest->unlisted;
}

/* On NODE, of VMs whose cells are bound to it; TOLD has the sizes that were found, and the sizes
 * with their nodes. */
static void short_of_cells(const Rule *rule, const Audit *audit, unsigned node, GHashTable *told,
			   GPtrArray *findings)
{
	g_auto(CpuSet) nodes = set_new();

	hwloc_bitmap_set(nodes, node);
	for (unsigned i = 0; i < audit->vms->len; i++) {
		const AuditVm *vm = g_ptr_array_index(audit->vms, i);
		g_autofree char *size = NULL, *here = NULL;

		if (!takes_pages(vm) || !cells_bound(vm->guest, node))
			continue;
		size = g_strdup_printf("%" PRIu64, page_of(audit, vm->guest));
		here = g_strdup_printf("%s %u", size, node);
		if (g_hash_table_contains(told, here) ||
		    !short_with(rule, audit, vm, nodes, findings))
			continue;
		g_hash_table_add(told, g_steal_pointer(&size));
		g_hash_table_add(told, g_steal_pointer(&here));
	}
}

/* One finding for each page size and nodes: those of one node say more than those of several, and
 * than all together. */
static void short_of_guests(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	g_autoptr(GHashTable) told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (unsigned n = 0; audit->host && n < audit->host->nodes->len; n++)
		short_of_cells(rule, audit, host_node(audit->host, n)->id, told, findings);
	for (unsigned bound = 2; bound-- > 0;)
		for (unsigned i = 0; i < audit->vms->len; i++) {
			const AuditVm *vm = g_ptr_array_index(audit->vms, i);
			bool takes = takes_pages(vm);
			hwloc_const_bitmap_t nodes = takes && bound ? nodes_bound(vm) : NULL;
			g_autofree char *list = nodes ? set_text(nodes) : g_strdup("");
			g_autofree char *key =
				takes ? g_strdup_printf("%" PRIu64, page_of(audit, vm->guest))
				      : NULL;
			g_autofree char *here = g_strconcat(key ? key : "", " ", list, NULL);
			bool of_nodes = bound && takes && !vm->guest->cell_memory;

			if (!takes || (bound && !nodes) ||
			    g_hash_table_contains(told, of_nodes ? here : key) ||
			    !short_with(rule, audit, vm, nodes, findings))
				continue;
			g_hash_table_add(told, g_steal_pointer(&key));
			g_hash_table_add(told, g_steal_pointer(&here));
		}
}

static void eval_short(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	unsigned before = findings->len;

	if (!fact_known(audit->facts, FACT_HUGEPAGES))
		return;
	if (audit->plan)
		short_of_plan(rule, audit, findings);
	if (findings->len == before)
		short_of_guests(rule, audit, findings);
}

const Rule rule_memory_hugepages_short = {
	.id = "memory.hugepages-short",
	.severity = SEVERITY_ERROR,
	.title = "There are fewer huge pages than the VMs need",
	.sees = "nr_hugepages minus surplus_hugepages of each NUMA node and size, against what the "
		"plan's VMs need there, and against what the node's own VMs need of that size on "
		"the nodes that a strict numatune binds them or their NUMA cells to: VMs that run, "
		"and VMs that can run beside them. For a VM that is shut off, pages that something "
		"other than a VM has in use do not count (free_hugepages).",
	.why = "The VM that starts last fails. If pages are short at boot, there is no error, only "
	       "a line in dmesg ('HugeTLB: allocating … failed').",
	.remedy = "allocate them per node: 'planner emit hugepages' writes them",
	.fixes = &fixes_pages,
	.source = "mm/hugetlb.c; Documentation/admin-guide/mm/hugetlbpage.rst",
	.when = WHEN_GUESTS,
	.needs = FACT_HUGEPAGES,
	.eval = eval_short,
};

/* hugepages=0:16,1:8 on the line */

static bool node_there(const Audit *audit, const char *entry)
{
	guint64 node;
	g_autofree char *number = g_strndup(entry, strcspn(entry, ":"));

	return !strchr(entry, ':') ||
	       (g_ascii_string_to_unsigned(number, 10, 0, G_MAXINT, &node, NULL) &&
		host_node_of_id(audit->host, (unsigned)node) != HOST_NONE);
}

static void eval_parameter(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	for (unsigned i = 0; audit->cmdline && audit->host && i < audit->cmdline->words->len; i++) {
		const CmdlineWord *word = g_ptr_array_index(audit->cmdline->words, i);
		g_auto(GStrv) entries = NULL;

		if (!cmdline_same(word->name, "hugepages") || !word->value)
			continue;
		entries = g_strsplit(word->value, ",", -1);
		for (char **entry = entries; *entry; entry++)
			if (!node_there(audit, *entry)) {
				rule_found(rule, findings, "kernel", "/proc/cmdline", NULL,
					   "hugepages=%s names a NUMA node that does not exist "
					   "(%s): the kernel drops all counts of that size",
					   word->value, *entry);
				break;
			}
	}
}

const Rule rule_memory_hugepages_parameter = {
	.id = "memory.hugepages-parameter",
	.severity = SEVERITY_ERROR,
	.title = "hugepages= names a NUMA node that does not exist",
	.sees = "hugepages=NODE:COUNT,… on the kernel line against the NUMA nodes.",
	.why = "One wrong node drops the counts of all nodes of that size.",
	.remedy = "name only existing nodes: 'planner emit hugepages' writes them",
	.fixes = &fixes_line,
	.source = "mm/hugetlb.c hugepages_setup() 'HugeTLB: Invalid hugepages parameter'",
	.needs = FACT_LINE | FACT_TOPOLOGY,
	.eval = eval_parameter,
};

/* A VM and its pages */

static void eval_hugepages(const Rule *rule, const Audit *audit, const AuditVm *vm,
			   GPtrArray *findings)
{
	(void)audit;
	if (vm->vm && vm->vm->spec->page && !vm->guest->hugepages && !vm->guest->unlisted &&
	    guest_settled(vm->guest))
		rule_found(rule, findings, vm->subject, "domain XML", NULL,
			   "it is planned with huge pages and has none");
}

const Rule rule_vm_hugepages_missing = {
	.id = "vm.hugepages-missing",
	.severity = SEVERITY_WARNING,
	.title = "A VM planned with huge pages has none",
	.sees = "<memoryBacking><hugepages> of VMs whose inventory says hugepages.",
	.why = "The reserved pages stay unused, and the VM uses memory that the plan leaves to the "
	       "host.",
	.remedy = "redefine it: 'planner emit domain NAME'; power off and on",
	.fixes = &fixes_memory,
	.source = "libvirt domain XML memoryBacking",
	.when = WHEN_PLAN | WHEN_GUESTS,
	.needs = FACT_GUESTS,
	.eval_vm = eval_hugepages,
};

/* Nodes */

/* Are all of BOUND, which may be NULL, nodes of memory alone? Nobody is bound there by accident. */
static bool bound_to_memory(const Host *host, hwloc_const_bitmap_t bound)
{
	unsigned id;

	if (!bound || hwloc_bitmap_iszero(bound))
		return false;
	hwloc_bitmap_foreach_begin(id, bound)
		unsigned node = host_node_of_id(host, id);

		if (node == HOST_NONE || !hwloc_bitmap_iszero(host_node(host, node)->cpus))
			return false;
	hwloc_bitmap_foreach_end();
	return true;
}

/* Where its memory, which is BOUND (NULL = it is not), is to be: by the plan; without one on the
 * nodes of its CPUs. */
static hwloc_bitmap_t nodes_wanted(const Audit *audit, const AuditVm *vm,
				   hwloc_const_bitmap_t bound)
{
	hwloc_bitmap_t nodes = set_new();

	for (unsigned i = 0; vm->vm && i < vm->vm->shares->len; i++)
		hwloc_bitmap_set(nodes, host_node(audit->plan->host,
						  g_array_index(vm->vm->shares, VmShare, i).from)
						->id);
	if (!vm->vm && vm->dedicated && audit->host) {
		hwloc_bitmap_free(nodes);
		nodes = bound_to_memory(audit->host, bound) ? hwloc_bitmap_dup(bound)
							    : host_nodes_of(audit->host, vm->cpus);
	}
	return nodes;
}

static const char *wanted_by(const Audit *audit, const AuditVm *vm, hwloc_const_bitmap_t bound)
{
	if (vm->vm)
		return vm->vm->spec->memory_node >= 0 ? "the plan has it on" : "its CPUs are on";
	return audit->host && bound_to_memory(audit->host, bound) ? "it is bound to"
								  : "its CPUs are on";
}

static char *judge_nodes(const Audit *audit, const AuditVm *vm, Side side, hwloc_bitmap_t cpus)
{
	/* Of one that no XML speaks of the command line counts; what that does not say, a control
	 * group may. */
	hwloc_const_bitmap_t bound =
		side == SIDE_NEXT ? vm->guest->nodes_inactive : vm->guest->nodes_live;
	g_auto(CpuSet) want = nodes_wanted(audit, vm, bound);
	const char *by = wanted_by(audit, vm, bound);
	g_autofree char *wanted = set_text(want), *found = set_text(bound);

	(void)cpus;
	/* On the only node it lies in any case. */
	if (!bound && audit->host && audit->host->nodes->len == 1)
		return NULL;
	if (hwloc_bitmap_iszero(want) || (!bound && (!vm->vm || side == SIDE_REAL)) ||
	    (bound && hwloc_bitmap_isequal(bound, want)))
		return NULL;
	return bound ? g_strdup_printf("its memory is bound to NUMA node %s, %s %s", found, by,
				       wanted)
		     : g_strdup_printf("its memory is not bound to a NUMA node, %s %s", by, wanted);
}

const Rule rule_vm_memory_nodes = {
	.id = "vm.memory-nodes",
	.severity = SEVERITY_WARNING,
	.title = "A VM's memory is not bound to the nodes of its CPUs",
	.sees = "numatune of the live and the inactive XML of dedicated VMs against the plan's "
		"nodes; without a plan, if it is bound, against the nodes of its pins.",
	.why = "Memory comes from the node where the kernel finds it first, and may be reached "
	       "across the link between sockets.",
	.remedy = "<numatune><memory mode='strict' nodeset='…'/> with the nodes of its CPUs; power "
		  "off and on",
	.fixes = &fixes_memory,
	.source = "libvirt domain XML numatune; Documentation/admin-guide/mm/numaperf.rst",
	.when = WHEN_GUESTS,
	.needs = FACT_GUESTS,
	.judge = judge_nodes,
};

#define STRAY_PART 20 /* a twentieth: QEMU's own heap and stacks may lie anywhere */

/* The nodes besides WANT that the VM has memory on, and how much. */
static uint64_t stray_memory(const Guest *guest, hwloc_const_bitmap_t want, hwloc_bitmap_t strays)
{
	GHashTableIter iter;
	gpointer node, bytes;
	uint64_t stray = 0;

	g_hash_table_iter_init(&iter, guest->node_memory);
	while (g_hash_table_iter_next(&iter, &node, &bytes))
		if (!hwloc_bitmap_isset(want, GPOINTER_TO_UINT(node))) {
			stray += *(const uint64_t *)bytes;
			hwloc_bitmap_set(strays, GPOINTER_TO_UINT(node));
		}
	return stray;
}

/* Is it bound to other nodes than those of its CPUs? vm.memory-nodes tells, and of what lies there.
 */
static bool bound_astray(const Audit *audit, const AuditVm *vm, hwloc_const_bitmap_t strays)
{
	hwloc_const_bitmap_t bound = vm->guest->nodes_live;
	g_auto(CpuSet) cpus = set_new();
	g_autofree char *found = judge_nodes(
		audit, vm, guest_has(vm->guest, SIDE_LIVE) ? SIDE_LIVE : SIDE_REAL, cpus);

	return bound && found && hwloc_bitmap_isincluded(strays, bound);
}

static void eval_stray(const Rule *rule, const Audit *audit, const AuditVm *vm, GPtrArray *findings)
{
	bool live = vm->guest->nodes_live || guest_has(vm->guest, SIDE_LIVE);
	hwloc_const_bitmap_t bound = live ? vm->guest->nodes_live : vm->guest->nodes_inactive;
	g_auto(CpuSet) want = nodes_wanted(audit, vm, bound);
	g_auto(CpuSet) strays = set_new();
	uint64_t stray;
	g_autofree char *size = NULL, *nodes = set_text(want), *off = NULL;

	if (hwloc_bitmap_iszero(want) || !vm->guest->node_memory || !vm->guest->memory)
		return;
	stray = stray_memory(vm->guest, want, strays);
	size = size_format_rounded(stray);
	off = set_text(strays);
	if (stray > vm->guest->memory / STRAY_PART && !bound_astray(audit, vm, strays))
		rule_found(rule, findings, vm->subject, "/proc/PID/numa_maps", NULL,
			   "%s of its memory is on NUMA node %s, %s node %s", size, off,
			   wanted_by(audit, vm, bound), nodes);
}

const Rule rule_vm_memory_off_node = {
	.id = "vm.memory-off-node",
	.severity = SEVERITY_WARNING,
	.title = "A VM's memory lies on other nodes than its CPUs",
	.sees = "Resident memory of a running dedicated VM by NUMA node, beyond a twentieth of its "
		"memory.",
	.why = "Each access to it crosses the link between sockets. Re-pinning does not move "
	       "memory, and numatune takes effect at the next start.",
	.remedy = "'migratepages PID FROM TO' if it has no huge pages, else power off and on",
	.fixes = &fixes_memory,
	.source = "proc(5) numa_maps",
	.when = WHEN_GUESTS,
	.needs = FACT_GUESTS | FACT_NODE_MEMORY,
	.eval_vm = eval_stray,
};

static void eval_balancing(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	const char *value = sysctl_value(audit->facts, "kernel", "numa_balancing");
	const AuditVm *pinned = NULL;

	for (unsigned i = 0; i < audit->vms->len && !pinned; i++) {
		const AuditVm *vm = g_ptr_array_index(audit->vms, i);

		pinned = vm->guest && vm->dedicated ? vm : NULL;
	}
	if (pinned && value && !g_str_equal(value, "0") &&
	    (!audit->host || audit->host->nodes->len > 1))
		rule_found(rule, findings, "node", "/proc/sys/kernel/numa_balancing", NULL,
			   "kernel.numa_balancing is %s beside VMs that are pinned", value);
}

const Rule rule_memory_numa_balancing = {
	.id = "memory.numa-balancing",
	.severity = SEVERITY_WARNING,
	.title = "The kernel moves the memory of pinned VMs about",
	.sees = "kernel.numa_balancing, on machines of several NUMA nodes with VMs whose vCPUs "
		"have "
		"one CPU each.",
	.why = "It unmaps pages to see who touches them: each is a fault, and of a guest an exit. "
	       "A VM that is pinned beside its memory gains nothing.",
	.remedy = "sysctl kernel.numa_balancing=0; 'planner emit sysctl' writes it",
	.fixes = &fixes_host,
	.source = "Documentation/admin-guide/sysctl/kernel.rst numa_balancing",
	.when = WHEN_GUESTS,
	.needs = FACT_GUESTS,
	.eval = eval_balancing,
};

static void eval_ksm(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	const char *run = sysctl_value(audit->facts, "ksm", "run");

	if (run && g_str_equal(run, "1"))
		rule_found(rule, findings, "node", "/sys/kernel/mm/ksm/run", NULL,
			   "kernel samepage merging runs");
}

const Rule rule_memory_ksm = {
	.id = "memory.ksm",
	.severity = SEVERITY_WARNING,
	.title = "Kernel samepage merging runs",
	.sees = "/sys/kernel/mm/ksm/run, on nodes with isolated CPUs and VMs.",
	.why = "A merged page is copied again at the guest's next write: a fault of many "
	       "microseconds while a dedicated VM runs, and a side channel between VMs. Huge pages "
	       "are not merged; other memory is.",
	.remedy = "echo 2 >/sys/kernel/mm/ksm/run, or <nosharepages/> in the VMs' XML",
	.fixes = &fixes_ksm,
	.source = "Documentation/admin-guide/mm/ksm.rst",
	.when = WHEN_ISOLATED | WHEN_GUESTS,
	.eval = eval_ksm,
};
