/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"
#include "cmd/next.h"
#include "cmd/output.h"
#include "cmd/save.h"
#include "cmd/side.h"
#include "planner/place/replan.h"
#include "planner/rollout/rollout.h"
#include "topology/base/error.h"
#include "topology/base/list.h"

#include <stdio.h>
#include <string.h>

/* What changes */

static const char *cost_text(Cost cost)
{
	static const char *const texts[] = {
		[COST_NONE] = "-",
		[COST_REPIN] = "re-pin, live",
		[COST_MEMORY] = "re-pin and move its memory, live",
		[COST_RELOAD] = "reload of services",
		[COST_RESTART] = "restart of the VM",
		[COST_REBOOT] = "reboot of the host",
	};

	return texts[cost];
}

static const char *cost_color(Cost cost, bool color)
{
	/* clang-format off */
	static const char *const colors[] = {
		[COST_NONE]    = "",
		[COST_REPIN]   = "\033[32m",
		[COST_MEMORY]  = "\033[32m",
		[COST_RELOAD]  = "\033[33m",
		[COST_RESTART] = "\033[33m",
		[COST_REBOOT]  = "\033[31m",
	};
	/* clang-format on */

	return color ? colors[cost] : "";
}

static void cost_line(struct libscols_table *table, const char *const *cells, unsigned column,
		      Cost cost, bool color)
{
	struct libscols_line *line = output_line(table, cells);

	if (*cost_color(cost, color))
		scols_cell_set_color(scols_line_get_cell(line, column), cost_color(cost, color));
}

static void table_end(struct libscols_table *table)
{
	putchar('\n');
	output_print(table);
	scols_unref_table(table);
}

static void diff_print_node(const Diff *diff, bool color)
{
	static const char *const columns[] = {"NODE", "~FROM", "~TO", "~COST", NULL};
	struct libscols_table *table;

	if (!diff->node->len)
		return;
	table = output_table(columns, color);
	for (unsigned i = 0; i < diff->node->len; i++) {
		const DiffLine *line = g_ptr_array_index(diff->node, i);
		const char *cost = g_str_equal(line->what, "QEMU") ? "at each VM's next start"
								   : cost_text(line->cost);

		cost_line(table, (const char *const[]){line->what, line->from, line->to, cost}, 3,
			  line->cost, color);
	}
	table_end(table);
}

static void print_cpus(const Diff *diff, bool color)
{
	static const char *const columns[] = {"~CPUS", "FROM", "TO", "~COST", NULL};
	struct libscols_table *table;

	if (!diff->cpus->len)
		return;
	table = output_table(columns, color);
	for (unsigned i = 0; i < diff->cpus->len; i++) {
		const DiffCpus *cpus = g_ptr_array_index(diff->cpus, i);
		g_autofree char *list = cpulist_format(cpus->cpus);

		cost_line(table,
			  (const char *const[]){list, cpus->from, cpus->to, cost_text(cpus->cost)},
			  3, cpus->cost, color);
	}
	table_end(table);
}

static void vm_whole(struct libscols_table *table, const DiffVm *vm, bool color)
{
	bool is_new = vm->kind == DIFF_NEW;
	g_autofree char *places = plan_vm_places(is_new ? vm->after : vm->before);

	if (is_new)
		cost_line(table, (const char *const[]){vm->name, "new", "-", places, "starts"}, 4,
			  COST_NONE, color);
	else
		cost_line(table,
			  (const char *const[]){vm->name, vm->after ? "not placed" : "gone", places,
						"-", "stops"},
			  4, COST_RESTART, color);
}

/* What a change costs the VM by itself does not matter where all VMs stop. */
static const char *vm_cost_text(const DiffVm *vm, const DiffLine *line)
{
	if (g_str_equal(line->what, "hint-dedicated") && line->cost == COST_NONE)
		return "at its next start";
	return vm->cost == COST_REBOOT && line->cost != COST_NONE ? "comes with the reboot"
								  : cost_text(line->cost);
}

static void vm_lines(struct libscols_table *table, const DiffVm *vm, bool color)
{
	for (unsigned i = 0; i < vm->lines->len; i++) {
		const DiffLine *line = g_ptr_array_index(vm->lines, i);

		cost_line(table,
			  (const char *const[]){i ? "" : vm->name, line->what, line->from, line->to,
						vm_cost_text(vm, line)},
			  4, line->cost, color);
	}
}

static void diff_print_vms(const Diff *diff, bool color)
{
	static const char *const columns[] = {"VM", "CHANGE", "~FROM", "~TO", "~COST", NULL};
	struct libscols_table *table;

	if (diff_count(diff, DIFF_SAME) == diff->vms->len)
		return;
	table = output_table(columns, color);
	for (unsigned i = 0; i < diff->vms->len; i++) {
		const DiffVm *vm = g_ptr_array_index(diff->vms, i);

		if (vm->kind == DIFF_NEW || vm->kind == DIFF_GONE)
			vm_whole(table, vm, color);
		else
			vm_lines(table, vm, color);
	}
	table_end(table);
}

/* What puts FILE in force; what waits for a reboot need not have one now. */
static char *diff_file_text(const DiffFile *file)
{
	const Artifact *artifact = file->artifact;
	bool later = file->cost == COST_REBOOT;

	if (file->gone)
		return g_strdup_printf("remove it%s%s%s", artifact->undo ? ", then " : "",
				       artifact->undo ? artifact->undo : "",
				       later ? "; it stays in effect until a reboot, which can wait"
					     : "");
	return g_strdup_printf("%s%s", later ? "can wait: " : "", artifact->activate);
}

static void print_files(const Diff *diff, bool color)
{
	static const char *const columns[] = {"FILE, WHERE THE NODE USES IT", "~TAKES EFFECT AFTER",
					      NULL};
	struct libscols_table *table;

	if (!diff->files->len)
		return;
	table = output_table(columns, color);
	for (unsigned i = 0; i < diff->files->len; i++) {
		const DiffFile *file = g_ptr_array_index(diff->files, i);
		g_autofree char *text = diff_file_text(file);

		output_line(table, (const char *const[]){file->artifact->path, text});
	}
	table_end(table);
}

/* The roll-out */

static const char *diff_joint(const GString *text)
{
	return text->len ? "; " : "";
}

static void repin_text(GString *text, const Step *step)
{
	const PlanVm *after = step->vm->after;

	if (step->aside)
		g_string_append(text, "emulator and I/O threads to the host's CPUs meanwhile; ");
	for (unsigned i = 0; i < step->pins->len; i++) {
		const StepPin *pin = &g_array_index(step->pins, StepPin, i);

		g_string_append_printf(text, i ? ", %u to %u" : "vCPU %u to CPU %u", pin->vcpu,
				       pin->cpu);
	}
	if (step->pool) {
		g_autofree char *pool = cpulist_format(after->cpuset);

		g_string_append_printf(text,
				       after->pins->len ? "%sfloating vCPUs to CPUs %s"
							: "%sall vCPUs to CPUs %s",
				       diff_joint(text), pool);
	}
	if (step->emulator) {
		g_autofree char *cpus = plan_vm_helper_places(after);

		g_string_append_printf(text,
				       vm_spec_helpers(after->spec)
					       ? "%semulator to CPUs %s"
					       : "%semulator and I/O threads to CPUs %s",
				       diff_joint(text), cpus);
	}
	if (step->memory)
		g_string_append_printf(text, "%sits memory follows: virsh numatune",
				       diff_joint(text));
}

static void start_text(GString *text, const Step *step)
{
	const PlanVm *after = step->vm->after;
	g_autofree char *places = plan_vm_places(after);

	g_string_append_printf(text, "on CPUs %s%s", places,
			       after->cpupm->verdict == CPUPM_ON ? ", with cpu-pm" : "");
}

static void reload_text(GString *text, const Step *step, const Diff *diff)
{
	unsigned n = 0;

	for (unsigned i = 0; i < diff->files->len; i++)
		n += ((const DiffFile *)g_ptr_array_index(diff->files, i))->cost != COST_REBOOT;
	if (n)
		g_string_append_printf(text, "write the %u file%s above and make %s take effect", n,
				       n == 1 ? "" : "s", n == 1 ? "it" : "them");
	if (step->sdk) {
		g_autofree char *cpus = cpulist_format(diff->after->cpus[ROLE_SDK]);

		g_string_append_printf(text, "%srestart the SDK's services on CPUs %s",
				       diff_joint(text), *cpus ? cpus : "of others: it has none");
	}
}

static char *step_text(const Step *step, const Diff *diff)
{
	GString *text = g_string_new(NULL);

	switch (step->kind) {
	case STEP_DEFINE:
		g_string_append(text, "virsh define the VMs that are new or changed (planner emit "
				      "domain VM), for their next start");
		break;
	case STEP_STOP:
		g_string_append(text, "power it off");
		break;
	case STEP_PARK:
	case STEP_REPIN:
		repin_text(text, step);
		break;
	case STEP_RESTART:
		g_string_append(text, "power it off, then start it ");
		start_text(text, step);
		break;
	case STEP_START:
		start_text(text, step);
		break;
	case STEP_RELOAD:
		reload_text(text, step, diff);
		break;
	case STEP_WRITE:
		g_string_append(
			text,
			"all files of the new plan (planner emit --all -d DIR), including the boot "
			"loader's, and virsh define, which takes effect at the reboot");
		break;
	case STEP_REBOOT:
		g_string_append(text, "the host: the kernel line changes");
		break;
	case STEP_CHECK:
		g_string_append(text, diff->reboot ? "planner check; start VMs only when it finds "
						     "nothing about the kernel"
						   : "planner check, with the new plan");
		break;
	}
	if (step->why)
		g_string_append_printf(text, ": %s", step->why);
	return g_string_free(text, FALSE);
}

/* Are A and B one line: VMs that stop, or start, with the host? */
static bool diff_alike(const Diff *diff, const Step *a, const Step *b)
{
	return diff->reboot && a->kind == b->kind && a->vm && b->vm;
}

/* "vm1, vm2", of the steps FROM to TO. */
static char *diff_names_of(const GPtrArray *steps, unsigned from, unsigned to)
{
	GString *text = g_string_new(NULL);

	for (unsigned i = from; i < to; i++)
		list_add(text, "%s", ((const Step *)g_ptr_array_index(steps, i))->vm->name);
	return g_string_free(text, FALSE);
}

/* The line for the steps FROM to TO, which are alike. */
static void step_line(struct libscols_table *table, const Diff *diff, const GPtrArray *steps,
		      unsigned number, unsigned from, unsigned to)
{
	const Step *step = g_ptr_array_index(steps, from);
	g_autofree char *n = g_strdup_printf("%u", number);
	g_autofree char *count = g_strdup_printf("%u VMs", to - from);
	g_autofree char *text =
		to - from > 1 ? diff_names_of(steps, from, to) : step_text(step, diff);
	const char *vm = to - from > 1 ? count : step->vm ? step->vm->name : "";

	output_line(table, (const char *const[]){n, step_names[step->kind], vm, text});
}

static void print_rollout(const Diff *diff, const Rollout *rollout, bool color)
{
	static const char *const columns[] = {">STEP", "DO", "VM", "~HOW", NULL};
	const GPtrArray *steps = rollout->steps;
	struct libscols_table *table;
	unsigned number = 0;

	if (rollout->fault) {
		g_autofree char *fault = output_safe(rollout->fault);

		printf("\n%sNo roll-out%s: in the new plan %s\n", output_bold(color),
		       output_reset(color), fault);
		return;
	}
	table = output_table(columns, color);
	for (unsigned from = 0, to; from < steps->len; from = to) {
		for (to = from + 1; to < steps->len; to++)
			if (!diff_alike(diff, g_ptr_array_index(steps, from),
					g_ptr_array_index(steps, to)))
				break;
		step_line(table, diff, steps, ++number, from, to);
	}
	table_end(table);
}

/* The roll-out as commands */

/* What follows a reboot is not to be run before it. */
static void diff_print_commands(const Diff *diff, const Rollout *rollout, const char *plan)
{
	bool rebooted = false;

	puts("# Read this first, then run it step by step. Lines that begin with '#' are for you "
	     "to do.\nset -eu");
	for (unsigned i = 0; i < rollout->steps->len; i++) {
		const Step *step = g_ptr_array_index(rollout->steps, i);
		g_autoptr(GPtrArray) commands = rollout_commands(diff, step, plan);
		g_autofree char *name = output_safe(step->vm ? step->vm->name : "");

		/* "# 3 re-pin web: VMs are to change places", "# 4 check" */
		printf("\n# %u %s%s%s%s%s\n", i + 1, step_names[step->kind], *name ? " " : "", name,
		       step->why ? ": " : "", step->why ? step->why : "");
		for (unsigned c = 0; c < commands->len; c++) {
			g_autofree char *safe = output_safe(g_ptr_array_index(commands, c));

			printf("%s%s\n", rebooted ? "# " : "", safe);
		}
		rebooted |= step->kind == STEP_REBOOT;
	}
}

/* The last line */

/* VMs that change and stay, and cost FROM to TO. */
static unsigned count_cost(const Diff *diff, Cost from, Cost to)
{
	unsigned n = 0;

	for (unsigned i = 0; i < diff->vms->len; i++) {
		const DiffVm *vm = g_ptr_array_index(diff->vms, i);

		n += vm->kind == DIFF_CHANGED && vm->cost >= from && vm->cost <= to;
	}
	return n;
}

static void append_count(GString *text, unsigned n, const char *what)
{
	if (n)
		list_add(text, "%u %s", n, what);
}

static void diff_print_summary(const Diff *diff, bool color)
{
	g_autoptr(GString) text = g_string_new(NULL);

	append_count(text, diff_count(diff, DIFF_NEW), "new");
	append_count(text, diff_count(diff, DIFF_GONE), "gone");
	append_count(text, count_cost(diff, COST_REPIN, COST_MEMORY), "re-pinned live");
	append_count(text, count_cost(diff, COST_RESTART, COST_RESTART), "restarted");
	append_count(text, count_cost(diff, COST_REBOOT, COST_REBOOT), "changed");
	append_count(text, diff_count(diff, DIFF_SAME) + count_cost(diff, COST_NONE, COST_NONE),
		     "as before");
	printf("\n%sVMs: %s%s%s\n", output_bold(color), text->len ? text->str : "none",
	       output_reset(color), diff->reboot ? "; all stop for the reboot of the host" : "");
}

static void print_diff(const Diff *diff, const Rollout *rollout, bool color)
{
	g_autofree char *name =
		output_safe(diff->after->node->name ? diff->after->node->name : "this node");

	if (diff_same(diff)) {
		printf("%s: nothing changes\n", name);
		return;
	}
	printf("%s%s%s: what changes, and the cost\n", output_bold(color), name,
	       output_reset(color));
	diff_print_node(diff, color);
	print_cpus(diff, color);
	diff_print_vms(diff, color);
	print_files(diff, color);
	print_rollout(diff, rollout, color);
	diff_print_summary(diff, color);
}

/* The two sides */

static bool diff_options_check(const Options *options, GError **error)
{
	unsigned n = g_strv_length(options->arguments);

	if (n != 2)
		return options_refuse(error, &command_diff, "diff compares two files, OLD and NEW");
	if (!strcmp(options->arguments[0], "-") && !strcmp(options->arguments[1], "-"))
		return options_refuse(error, &command_diff,
				      "OLD and NEW are both standard input: name one of them");
	return true;
}

static bool output_check(const Options *options, GError **error)
{
	if (options->json && options->commands)
		return options_refuse(error, &command_diff,
				      "--json includes the commands: leave out --commands");
	return true;
}

static bool sides_check(const Options *options, const NodeSide *old, const NodeSide *new,
			GError **error)
{
	if (old->saved && new->saved && options->topology)
		return options_refuse(error, &command_diff,
				      "saved plans contain their topology: leave out -t");
	if (new->saved && options->output)
		return options_refuse(error, &command_diff,
				      "NEW is a saved plan already: leave out -o");
	if (new->saved && options->moves_word)
		return options_refuse(error, &command_diff,
				      "--moves needs a NEW that is an inventory, not a plan");
	return true;
}

static bool hosts_check(const NodeSide *old, const NodeSide *new, GError **error)
{
	if (!strcmp(old->inputs.host->fingerprint, new->inputs.host->fingerprint))
		return true;
	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
		    "%s and %s have different topologies, so their CPU numbers do not mean the "
		    "same CPUs; to move a VM to another host, see 'planner migrate --help'",
		    old->name, new->name);
	return false;
}

/* The VMs of INVENTORY that name no CPUs. */
static GPtrArray *diff_unpinned(const Inventory *inventory)
{
	GPtrArray *specs = g_ptr_array_new();

	for (unsigned i = 0; i < inventory->vms->len; i++)
		if (!((const VmSpec *)g_ptr_array_index(inventory->vms, i))->cpus)
			g_ptr_array_add(specs, g_ptr_array_index(inventory->vms, i));
	return specs;
}

/* The new side's plan: what runs stays where it is, but for VMs that cannot, or --moves. */
static bool diff_plan_new(const Options *options, const NodeSide *old, NodeSide *new,
			  GError **error)
{
	g_autoptr(GPtrArray) unpinned = NULL;

	if (new->saved)
		return true;
	unpinned = diff_unpinned(new->inputs.inventory);
	replan_keep(new->inputs.inventory, old->inputs.plan);
	if (!side_plan(new, options, error))
		return false;
	while (!options->moves_word &&
	       replan_let_go(unpinned, new->inputs.plan, old->inputs.plan)) {
		g_clear_pointer(&new->inputs.plan, plan_free);
		g_clear_pointer(&new->inputs.node, node_free);
		if (!side_plan(new, options, error))
			return false;
	}
	return true;
}

static bool diff_load(const Options *options, NodeSide *old, NodeSide *new, GError **error)
{
	char **names = options->arguments;
	Options first = *options;

	if (!side_read(old, names[0], error) || !side_read(new, names[1], error) ||
	    !sides_check(options, old, new, error) ||
	    !side_load_host(old, options->topology, new, error) ||
	    !side_load_host(new, options->topology, old, error) || !hosts_check(old, new, error))
		return false;
	first.moves = 0;
	return side_plan(old, &first, error) && diff_plan_new(options, old, new, error);
}

/* The file that the commands take the new plan from. */
static const char *plan_file(const Options *options, const NodeSide *new)
{
	if (new->saved && strcmp(new->name, "-") != 0)
		return new->name;
	return options->output ? options->output : "new.json";
}

static void diff_print(const Options *options, const Diff *diff, const Rollout *rollout,
		       const char *plan)
{
	if (options->json)
		output_json(rollout_to_json(diff, rollout, plan));
	else if (options->commands && !rollout->fault && !diff_same(diff))
		diff_print_commands(diff, rollout, plan);
	else
		print_diff(diff, rollout, options->color);
}

static Status diff_compare(const Options *options, const NodeSide *old, const NodeSide *new,
			   GError **error)
{
	g_autoptr(Diff) diff = diff_new(old->inputs.plan, new->inputs.plan);
	g_autoptr(Rollout) rollout = rollout_new(diff);

	if (options->output && !save_plan(options->output, new->inputs.plan, error))
		return STATUS_TROUBLE;
	diff_print(options, diff, rollout, plan_file(options, new));
	output_errors(new->inputs.plan, "the new plan: ", true);
	if (!options->commands && !rollout->fault && !diff_same(diff))
		next_say("the same with --commands: the steps as shell commands");
	return diff_same(diff) ? STATUS_FINE : STATUS_BAD_NEWS;
}

static Status diff_run(const Options *options, GError **error)
{
	NodeSide old = {0}, new = {0};
	Status status = STATUS_TROUBLE;

	if (diff_options_check(options, error) && output_check(options, error) &&
	    diff_load(options, &old, &new, error))
		status = diff_compare(options, &old, &new, error);
	side_clear(&old);
	side_clear(&new);
	return status;
}

static const OptionRow diff_options[] = {
	{0, "commands", NULL, offsetof(Options, commands),
	 "print the roll-out as shell commands, step by step"},
	{'o', "output", "FILE", offsetof(Options, output),
	 "also save the new plan to FILE, for these commands to use"},
	{0},
};

const Command command_diff = {
	.name = "diff",
	.help = "compare two plans or inventories of a node: changes, costs, safe order",
	.arguments = "OLD NEW",
	.options = OPTION_TOPOLOGY | OPTION_CONNECT | OPTION_PREFER | OPTION_MOVES | OPTION_JSON |
		   OPTION_COLOR,
	.own = diff_options,
	.example = "planner diff plan.json node.ini",
	.before = "planner plan -o plan.json saves the old plan; planner fit --place -d decides "
		  "the new one",
	.after = "planner emit writes the new files; planner check audits the host",
	.run = diff_run,
};
