/* SPDX-License-Identifier: MIT */
#include "planner/document/plan_text.h"
#include "planner/page/html.h"
#include "planner/page/page.h"

static const char *plan_page_name(const Plan *plan)
{
	return plan->node->name ? plan->node->name : "this node";
}

static void plan_page_head(GString *html, const Plan *plan)
{
	const char *kernel = plan->node->kernel, *qemu = plan->node->qemu,
		   *libvirt = plan->node->libvirt;
	g_autofree char *line = g_strdup_printf(
		"%u cores, %d CPUs, %u NUMA node%s · kernel %s · QEMU %s · libvirt %s",
		plan->host->cores->len, hwloc_bitmap_weight(plan->host->online),
		plan->host->nodes->len, plan->host->nodes->len == 1 ? "" : "s",
		kernel ? kernel : "not known", qemu ? qemu : "not known",
		libvirt ? libvirt : "not known");

	page_head(html, plan_page_name(plan), line);
}

static void plan_page_count(GString *html, unsigned n, const char *name, const char *tone)
{
	g_autofree char *number = g_strdup_printf("%u", n);

	page_figure(html, number, name, tone);
}

static void plan_page_figures(GString *html, const Plan *plan)
{
	g_autofree char *placed = g_strdup_printf("%u of %u", plan->placed, plan->wanted);
	unsigned counts[SEVERITY_ERROR + 1] = {0};

	for (unsigned i = 0; i < plan->findings->len; i++)
		counts[((const Finding *)g_ptr_array_index(plan->findings, i))->severity]++;
	html_open(html, "div", "figures");
	page_figure(html, placed, "VMs placed", plan->placed == plan->wanted ? "good" : "error");
	plan_page_count(html, plan_count_on(plan), "with cpu-pm", NULL);
	plan_page_count(html, plan_role_cores(plan, ROLE_FREE), "cores free", NULL);
	plan_page_count(html, counts[SEVERITY_ERROR], "errors",
			counts[SEVERITY_ERROR] ? "error" : NULL);
	plan_page_count(html, counts[SEVERITY_WARNING], "warnings",
			counts[SEVERITY_WARNING] ? "warning" : NULL);
	html_close(html, "div");
}

static void plan_page_roles(GString *html, const Plan *plan)
{
	static const char *const columns[] = {"Role", ">Cores", ">CPUs", "List", NULL};

	page_section(html, "CPUs by role");
	html_table_open(html, "sorts", columns);
	for (Role role = 0; role < ROLE_COUNT; role++) {
		int n = hwloc_bitmap_weight(plan->cpus[role]);
		g_autofree char *cores = g_strdup_printf("%u", plan_role_cores(plan, role));
		g_autofree char *cpus = g_strdup_printf("%d", n);
		g_autofree char *list = cpulist_format(plan->cpus[role]);
		const char *const cells[] = {role_names[role], cores, cpus, list};

		if (n)
			html_row(html, NULL, columns, cells, NULL);
	}
	html_table_close(html);
	html_close(html, "section");
}

static void plan_page_vm(GString *html, const char *const *columns, const Plan *plan,
			 const PlanVm *vm)
{
	g_autofree char *vcpus = g_strdup_printf("%u", vm->spec->vcpus);
	g_autofree char *nodes = plan_vm_nodes_text(plan, vm);
	g_autofree char *pins = plan_vm_all_places(vm);
	g_autofree char *verdict = plan_vm_verdict_text(vm);
	const char *const cells[] = {vm->spec->name, vcpus, policy_names[vm->spec->policy],
				     nodes,	     pins,  verdict};

	html_row(html, vm->placed ? NULL : "error", columns, cells, NULL);
}

static void plan_page_vms(GString *html, const Plan *plan)
{
	static const char *const columns[] = {"VM",   ">vCPUs", "Policy", ">Node",
					      "Pins", "cpu-pm", NULL};

	if (!plan->vms->len)
		return;
	page_section(html, "VMs");
	html_table_open(html, "sorts", columns);
	for (unsigned i = 0; i < plan->vms->len; i++)
		plan_page_vm(html, columns, plan, g_ptr_array_index(plan->vms, i));
	html_table_close(html);
	html_close(html, "section");
}

static void plan_page_moves(GString *html, const Plan *plan)
{
	static const char *const columns[] = {"Move", "From", "To", "Cost", NULL};

	if (!plan->moves->len)
		return;
	page_section(html, "Moves");
	html_table_open(html, "sorts", columns);
	for (unsigned i = 0; i < plan->moves->len; i++) {
		const Move *move = g_ptr_array_index(plan->moves, i);
		g_autofree char *from = plan_cpus_text(move->from);
		g_autofree char *to = plan_cpus_text(plan_vm(plan, move->vm)->pins);
		const char *const cells[] = {move->vm, from, to, plan_move_costs[move->cost]};

		html_row(html, NULL, columns, cells, NULL);
	}
	html_table_close(html);
	html_close(html, "section");
}

static void plan_page_reasons(GString *html, const Plan *plan)
{
	static const char *const columns[] = {"cpu-pm", "VMs", "Reason or note", NULL};
	g_autoptr(GPtrArray) explanations = plan_explanations(plan);

	if (!explanations->len)
		return;
	page_section(html, "cpu-pm: reasons and notes");
	html_table_open(html, "sorts", columns);
	for (unsigned i = 0; i < explanations->len; i++) {
		const PlanExplanation *explanation = g_ptr_array_index(explanations, i);
		const CpupmReason *reason = explanation->reason;
		g_autofree char *vms = plan_explanation_vms(explanation);
		g_autofree char *why = g_strdup_printf("%s: %s", reason->code, reason->text);
		const char *const cells[] = {cpupm_names[explanation->verdict], vms, why};

		html_row(html, NULL, columns, cells, NULL);
	}
	html_table_close(html);
	html_close(html, "section");
}

/* More findings than these begin folded. */
#define PLAN_PAGE_OPEN 10

static void plan_page_findings(GString *html, const Plan *plan)
{
	const char *open = plan->findings->len <= PLAN_PAGE_OPEN ? " open" : "";

	if (!plan->findings->len)
		return;
	page_section(html, "Findings");
	for (unsigned i = 0; i < plan->findings->len; i++) {
		const Finding *finding = g_ptr_array_index(plan->findings, i);
		const char *severity = severity_name(finding->severity);

		g_string_append_printf(html, "<details class=\"item\"%s><summary>", open);
		html_element(html, "span", severity, severity);
		g_string_append_c(html, ' ');
		html_element(html, "b", NULL, finding->subject);
		g_string_append_c(html, ' ');
		html_text(html, finding->text);
		g_string_append(html, "</summary><dl>");
		html_term(html, "finding", finding->id);
		html_term(html, "fix", finding->fix);
		g_string_append(html, "</dl></details>\n");
	}
	html_close(html, "section");
}

char *page_plan(const Plan *plan, const char *map, GHashTable *templates, GError **error)
{
	g_autoptr(GString) html = g_string_new(NULL);
	g_autofree char *title = g_strdup_printf("Plan of %s", plan_page_name(plan));

	plan_page_head(html, plan);
	plan_page_figures(html, plan);
	plan_page_findings(html, plan);
	page_section(html, "Map");
	page_map(html, map);
	html_close(html, "section");
	plan_page_roles(html, plan);
	plan_page_vms(html, plan);
	plan_page_moves(html, plan);
	plan_page_reasons(html, plan);
	if (*plan->cmdline) {
		page_section(html, "Kernel line");
		html_element(html, "pre", NULL, plan->cmdline);
		html_close(html, "section");
	}
	return page_make(title, html->str, templates, error);
}
