/* SPDX-License-Identifier: MIT */
/* Huge pages, by NUMA node: what the plan's VMs need where they are. */
#include "planner/artifacts/artifact_memory.h"
#include "planner/artifacts/artifact.h"
#include "planner/kernel/feature.h"

#define PAGE_1G ((uint64_t)1 << 30)

static void pages_add(GArray *needs, unsigned node, uint64_t size, uint64_t count)
{
	PageNeed need = {node, size, count};

	for (unsigned i = 0; i < needs->len; i++) {
		PageNeed *have = &g_array_index(needs, PageNeed, i);

		if (have->node == node && have->size == size) {
			have->count += count;
			return;
		}
	}
	g_array_append_val(needs, need);
}

static void dedicated_add(GArray *needs, const Host *host, const PlanVm *vm)
{
	uint64_t page = vm->spec->page;

	for (unsigned i = 0; i < vm->shares->len; i++) {
		const VmShare *share = &g_array_index(vm->shares, VmShare, i);

		pages_add(needs, host_node(host, share->from)->id, page,
			  (share->memory + page - 1) / page);
	}
}

/* A shared VM is on no node of its own: its pages are spread over those it may run on. */
static void shared_add(GArray *needs, const Host *host, const PlanVm *vm)
{
	uint64_t page = vm->spec->page, left = (vm->spec->memory + page - 1) / page;
	unsigned nodes = 0;

	for (unsigned i = 0; i < host->nodes->len; i++)
		nodes += hwloc_bitmap_intersects(host_node(host, i)->cpus, vm->cpuset);
	for (unsigned i = 0; i < host->nodes->len && nodes; i++)
		if (hwloc_bitmap_intersects(host_node(host, i)->cpus, vm->cpuset)) {
			uint64_t part = (left + nodes - 1) / nodes;

			pages_add(needs, host_node(host, i)->id, page, part);
			left -= part;
			nodes--;
		}
}

static gint need_compare(gconstpointer a, gconstpointer b)
{
	const PageNeed *x = a, *y = b;

	if (x->node != y->node)
		return x->node < y->node ? -1 : 1;
	return x->size < y->size ? -1 : x->size > y->size;
}

GArray *page_needs(const Plan *plan)
{
	GArray *needs = g_array_new(FALSE, FALSE, sizeof(PageNeed));

	for (unsigned i = 0; i < plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);

		if (!vm->placed || !vm->spec->page || !vm->spec->memory)
			continue;
		if (vm->cpuset && vm->spec->memory_node < 0)
			shared_add(needs, plan->host, vm);
		else
			dedicated_add(needs, plan->host, vm);
	}
	g_array_sort(needs, need_compare);
	return needs;
}

static const char *unfit_hugepages(const Plan *plan, const PlanVm *vm)
{
	g_autoptr(GArray) needs = page_needs(plan);

	(void)vm;
	return needs->len ? NULL : "no VM of the plan has huge pages";
}

static char *artifact_memory_pages(Fill *f)
{
	g_autoptr(GArray) needs = page_needs(f->plan);
	GString *block = g_string_new(NULL);

	for (unsigned i = 0; i < needs->len; i++) {
		const PageNeed *need = &g_array_index(needs, PageNeed, i);
		g_autofree char *node = fill_number(need->node),
				*size = fill_number(need->size >> 10),
				*count = fill_number(need->count);
		const TemplateValue values[] = {{"node", node, TEMPLATE_LINE},
						{"size", size, TEMPLATE_LINE},
						{"count", count, TEMPLATE_LINE},
						FILL_END};

		fill_append(f, block, "services/hugepages-node.conf", values);
	}
	return g_string_free(block, FALSE);
}

/* "0:16,1:8": the pages of 1 GiB by node, yours; NULL where there are none. */
static char *giant_counts(const Plan *plan)
{
	g_autoptr(GArray) needs = page_needs(plan);
	g_autoptr(GString) counts = g_string_new(NULL);

	for (unsigned i = 0; i < needs->len; i++) {
		const PageNeed *need = &g_array_index(needs, PageNeed, i);

		if (need->size == PAGE_1G)
			g_string_append_printf(counts, "%s%u:%" G_GUINT64_FORMAT,
					       counts->len ? "," : "", need->node, need->count);
	}
	return counts->len ? g_string_free(g_steal_pointer(&counts), FALSE) : NULL;
}

static const char *unfit_hugetlbfs(const Plan *plan, const PlanVm *vm)
{
	g_autofree char *counts = giant_counts(plan);

	(void)vm;
	return counts ? NULL : "no VM of the plan has pages of 1 GiB";
}

static char *artifact_memory_note(Fill *f)
{
	g_autofree char *counts = giant_counts(f->plan), *kernel = NULL;
	const char *version = f->plan->node->kernel;

	if (!counts)
		return g_strdup("");
	if (kernel_has(version, KERNEL_NODE_HUGEPAGES) == TRISTATE_YES)
		return fill(f, "services/hugepages-early.conf",
			    (const TemplateValue[]){{"counts", counts, TEMPLATE_LINE}, FILL_END});
	kernel = version ? g_strdup_printf("this node has %s", version)
			 : g_strdup("this node's is unknown");
	return fill(f, "services/hugepages-late.conf",
		    (const TemplateValue[]){{"kernel", kernel, TEMPLATE_LINE}, FILL_END});
}

static const ArtifactValue hugepages_values[] = {{"head", TEMPLATE_RAW, fill_head},
						 {"pages", TEMPLATE_RAW, artifact_memory_pages},
						 {"note", TEMPLATE_RAW, artifact_memory_note},
						 {NULL, TEMPLATE_RAW, NULL}};

const Artifact artifact_hugepages = {
	.name = "hugepages",
	.help = "huge pages on each NUMA node, set early at boot by systemd-tmpfiles",
	.of_host = true,
	.path = "/etc/tmpfiles.d/planner-hugepages.conf",
	.activation = ACTIVATE_RELOAD,
	.activate = "systemd-tmpfiles --create /etc/tmpfiles.d/planner-hugepages.conf",
	.apply = "systemd-tmpfiles --create /etc/tmpfiles.d/planner-hugepages.conf",
	.unfit = unfit_hugepages,
	.template = "services/hugepages.conf",
	.values = hugepages_values,
};

static const ArtifactValue hugetlbfs_values[] = {{"head", TEMPLATE_RAW, fill_head},
						 {NULL, TEMPLATE_RAW, NULL}};

const Artifact artifact_hugetlbfs = {
	.name = "hugetlbfs",
	.help = "where libvirt finds huge pages of 1 GiB",
	.of_host = true,
	.path = "/etc/systemd/system/dev-hugepages1G.mount",
	.activation = ACTIVATE_RELOAD,
	.activate = "systemctl daemon-reload && systemctl enable --now dev-hugepages1G.mount, then "
		    "restart libvirtd or virtqemud",
	.apply = "systemctl daemon-reload && systemctl enable --now dev-hugepages1G.mount",
	.stop = "systemctl disable --now dev-hugepages1G.mount",
	.undo = "systemctl daemon-reload",
	.unfit = unfit_hugetlbfs,
	.template = "services/hugetlbfs.mount",
	.values = hugetlbfs_values,
};
