/* SPDX-License-Identifier: MIT */
/* Settings of a VM and of the node that are in the tables and that nobody else knows go all the
 * way: parsed, written, planned, saved, read back, compared, asked for in events and requests,
 * adopted. And every setting survives being saved. */
#include "given.h"
#include "planner/adopt/adopt.h"
#include "planner/assign/request.h"
#include "planner/base/json.h"
#include "planner/document/plan_read.h"
#include "planner/document/plan_write.h"
#include "planner/fit/fit.h"
#include "planner/inventory/inventory_write.h"
#include "planner/inventory/setting_types.h"
#include "planner/inventory/settings.h"
#include "planner/inventory/what_if.h"
#include "planner/migrate/migrate.h"
#include "planner/online/event.h"
#include "planner/place/replan.h"
#include "planner/rollout/diff.h"
#include "predicted.h"

#define SMALL "pack:2 [numa(memory=68719476736)] l3:1 core:6 pu:2(indexes=2*12:12*1)"

/* A VM with more to say. */
typedef struct LongVm {
	VmSpec vm;
	unsigned spare;
	char *label;
	GArray *reserve;
} LongVm;

static const LongVm long_standard = {.vm = {VM_SPEC_ANYWHERE, .cpu_pm = true, .count = 1},
				     .spare = 3};

static void see_label(const Guest *guest, void *field)
{
	*(char **)field = g_strconcat("seen-", guest->name, NULL);
}

static const Setting more[] = {
	{
		.key = "spare",
		.help = "Made up.",
		.example = "4",
		.type = &setting_number,
		.offset = offsetof(LongVm, spare),
		.most = 9,
		.what = "spare parts",
		.cost = COST_RELOAD,
	},
	{
		.key = "the-label",
		.help = "Made up.",
		.example = "x",
		.json = "the_label",
		.type = &setting_name,
		.offset = offsetof(LongVm, label),
		.flags = SETTING_NOT_PLACED,
		.cost = COST_RESTART,
		.seen = see_label,
	},
	{
		.key = "reserve",
		.help = "Made up.",
		.example = "2,3",
		.type = &setting_vcpu_cpus,
		.offset = offsetof(LongVm, reserve),
	},
	{0},
};

static Setting rows[64];
static const SettingTable long_table = {"vm", rows, &long_standard, sizeof(LongVm)};

/* A node with more to say. */
typedef struct LongNode {
	NodeSpec node;
	unsigned rank;
	char *cage;
} LongNode;

static const LongNode long_node = {.rank = 3};

static void tell_cage(const Node *node, void *field)
{
	*(char **)field = g_strconcat("told-", node->kernel, NULL);
}

static const Setting more_of_node[] = {
	{
		.key = "rank",
		.help = "Made up.",
		.example = "7",
		.type = &setting_number,
		.offset = offsetof(LongNode, rank),
		.most = 9,
		.what = "the rank",
		.cost = COST_RELOAD,
	},
	{
		.key = "the-cage",
		.help = "Made up.",
		.example = "red",
		.json = "the_cage",
		.section = "kernel",
		.type = &setting_name,
		.offset = offsetof(LongNode, cage),
		.cost = COST_REPIN,
		.told = tell_cage,
	},
	{0},
};

static Setting node_rows[64];
static const SettingTable long_node_table = {"node", node_rows, &long_node, sizeof(LongNode)};

/* The rows of TABLE, and MORE. */
static void rows_fill(Setting *into, const SettingTable *table, const Setting *further)
{
	for (const Setting *setting = table->settings; setting->key; setting++)
		*into++ = *setting;
	for (; further->key; further++)
		*into++ = *further;
}

static void tables_lengthen(void)
{
	rows_fill(rows, vm_settings, more);
	rows_fill(node_rows, node_settings, more_of_node);
	vm_settings = &long_table;
	node_settings = &long_node_table;
}

#define TEXT "[vm a]\nvcpus = 2\nspare = 7\nthe-label = red\nreserve = 4,2\n[vm b]\nvcpus = 2\n"

static void assert_long(const VmSpec *vm, unsigned spare, const char *label, const char *reserve)
{
	const LongVm *spec = (const LongVm *)vm;
	g_autofree char *cpus = spec->reserve ? setting_cpus_text(spec->reserve) : NULL;

	g_assert_cmpuint(spec->spare, ==, spare);
	g_assert_cmpstr(spec->label, ==, label);
	g_assert_cmpstr(cpus, ==, reserve);
}

static void assert_vms(const VmSpec *a, const VmSpec *b)
{
	assert_long(a, 7, "red", "4,2");
	assert_long(b, 3, NULL, NULL);
}

#define NODE "[node]\nname = n\nrank = 7\n[kernel]\nthe-cage = red\n"

static void assert_node(const NodeSpec *node, unsigned rank, const char *cage)
{
	const LongNode *spec = (const LongNode *)node;

	g_assert_cmpuint(spec->rank, ==, rank);
	g_assert_cmpstr(spec->cage, ==, cage);
}

static Plan *planned(const Host *host, const char *text)
{
	g_autoptr(Inventory) inventory = given_inventory(text);

	return plan_compute(host, inventory, NULL, &(PlanOptions){0});
}

static char *saved(const Plan *plan)
{
	json_t *json = plan_to_json(plan);
	char *text = json_text(json);

	json_decref(json);
	return text;
}

static Plan *read_again(const Plan *plan, Host **host)
{
	g_autofree char *text = saved(plan);
	g_autoptr(GError) error = NULL;
	Plan *again = plan_read("plan.json", text, strlen(text), host, &error);

	g_assert_no_error(error);
	return again;
}

static void test_inventory(void)
{
	g_autoptr(Inventory) inventory = given_inventory(TEXT);
	g_autofree char *text = inventory_write(inventory, NULL);
	g_autoptr(Inventory) again = given_inventory(text);

	assert_vms(g_ptr_array_index(inventory->vms, 0), g_ptr_array_index(inventory->vms, 1));
	assert_vms(g_ptr_array_index(again->vms, 0), g_ptr_array_index(again->vms, 1));
	g_assert_nonnull(strstr(text, "\nspare     = 7\n"));
	g_assert_null(strstr(text, "spare     = 3"));
}

static void assert_refused(const char *text, const char *fault)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);

	g_assert_null(inventory_parse("f.ini", text, strlen(text), errors));
	g_assert_cmpuint(errors->len, ==, 1);
	g_test_message("%s", (char *)g_ptr_array_index(errors, 0));
	g_assert_true(g_pattern_match_simple(fault, g_ptr_array_index(errors, 0)));
}

static void test_refused(void)
{
	assert_refused("[vm a]\nvcpus = 1\nspare = 10\n",
		       "f.ini:3: [vm a] spare: '10' is not a whole number from 0 to 9");
	assert_refused("[vm a]\nvcpus = 1\nspar = 1\n",
		       "f.ini:3: [vm a] spar: unknown key; did you mean 'spare'?");
}

static void test_what_if(void)
{
	static char *const words[] = {(char *)"b.spare=9", NULL};
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *text = what_if_apply(TEXT, words, errors);
	g_autoptr(Inventory) inventory = given_inventory(text);

	assert_long(g_ptr_array_index(inventory->vms, 1), 9, NULL, NULL);
}

static void test_plan(void)
{
	g_autoptr(Host) host = given_host(SMALL);
	g_autoptr(Host) other = NULL;
	g_autoptr(Plan) plan = planned(host, TEXT);
	g_autoptr(Plan) again = read_again(plan, &other);
	g_autofree char *text = saved(plan);

	assert_vms(plan_vm(plan, "a")->spec, plan_vm(plan, "b")->spec);
	assert_vms(plan_vm(again, "a")->spec, plan_vm(again, "b")->spec);
	g_assert_nonnull(strstr(text, "\"the_label\": \"red\""));
	g_assert_null(strstr(text, "\"spare\": 3"));
}

static const DiffLine *line_of(const Diff *diff, const char *what)
{
	const DiffVm *vm = g_ptr_array_index(diff->vms, 0);

	for (unsigned i = 0; i < vm->lines->len; i++) {
		const DiffLine *line = g_ptr_array_index(vm->lines, i);

		if (!strcmp(line->what, what))
			return line;
	}
	return NULL;
}

static void assert_line(const Diff *diff, const char *what, const char *from, const char *to,
			Cost cost)
{
	const DiffLine *line = line_of(diff, what);

	g_assert_nonnull(line);
	g_assert_cmpstr(line->from, ==, from);
	g_assert_cmpstr(line->to, ==, to);
	g_assert_cmpint(line->cost, ==, cost);
}

static void test_diff(void)
{
	g_autoptr(Host) host = given_host(SMALL);
	g_autoptr(Plan) before = planned(host, "[vm a]\nvcpus = 2\n");
	g_autoptr(Plan) after = planned(host, TEXT);
	g_autoptr(Diff) diff = diff_new(before, after);
	const DiffVm *vm = g_ptr_array_index(diff->vms, 0);

	g_assert_cmpint(vm->kind, ==, DIFF_CHANGED);
	g_assert_cmpint(vm->cost, ==, COST_RESTART);
	assert_line(diff, "spare parts", "3", "7", COST_RELOAD);
	assert_line(diff, "the-label", "none", "red", COST_RESTART);
	assert_line(diff, "reserve", "none", "4,2", COST_NONE);
	g_assert_null(line_of(diff, "vCPUs"));
}

#define ASKED "\"id\":\"a\",\"vcpus\":2,\"spare\":7,\"the_label\":\"red\",\"reserve\":\"4,2\"}"

static void test_asked(void)
{
	static const char place[] = "{\"op\":\"place\"," ASKED, ask[] = "{" ASKED;
	static const char bad[] = "{\"id\":\"a\",\"vcpus\":2,\"spare\":10}";
	g_autoptr(GError) error = NULL;
	g_autoptr(Event) event = event_parse(place, strlen(place), NULL);
	g_autoptr(Request) request = request_parse(ask, strlen(ask), NULL);

	assert_long(event->spec, 7, "red", "4,2");
	assert_long(request->spec, 7, "red", "4,2");
	g_assert_null(request_parse(bad, strlen(bad), &error));
	g_assert_cmpstr(error->message, ==, "spare: not a whole number from 0 to 9");
}

static void test_adopt(void)
{
	g_autoptr(Inventory) inventory = given_inventory(TEXT);
	g_autoptr(Host) host = given_host(SMALL);
	g_autoptr(Plan) plan = plan_compute(host, inventory, NULL, &(PlanOptions){0});
	Facts *facts = predict(plan, inventory, SMALL);
	g_autoptr(Adoption) adoption = adopt(facts);
	g_autofree char *text = inventory_write(adoption->inventory, adoption->notes);
	g_autoptr(Inventory) written = given_inventory(text);

	assert_node(written->node, 3, "told-6.1.0-test");
	assert_long(g_ptr_array_index(written->vms, 0), 3, "seen-a", NULL);
	assert_long(g_ptr_array_index(written->vms, 1), 3, "seen-b", NULL);
	facts_free(facts);
}

/* What a VM's place does not depend on is not in the key of its node's answers; all else is. */
static GBytes *key_of(const Host *host, const char *text)
{
	g_autoptr(Inventory) inventory = given_inventory(text);
	g_autoptr(FitBase) base = fit_base_new(host, inventory, &(PlanOptions){0});

	return fit_base_key(base);
}

static void test_fit_key(void)
{
	g_autoptr(Host) host = given_host(SMALL);
	g_autoptr(GBytes) plain = key_of(host, "[vm a]\nvcpus = 2\n");
	g_autoptr(GBytes) label = key_of(host, "[vm a]\nvcpus = 2\nthe-label = red\n");
	g_autoptr(GBytes) spare = key_of(host, "[vm a]\nvcpus = 2\nspare = 7\n");

	g_assert_true(g_bytes_equal(plain, label));
	g_assert_false(g_bytes_equal(plain, spare));
}

/* The node */

static void test_node_inventory(void)
{
	static char *const words[] = {(char *)"node.rank=9", NULL};
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Inventory) inventory = given_inventory(NODE);
	g_autofree char *text = inventory_write(inventory, NULL);
	g_autoptr(Inventory) again = given_inventory(text);
	g_autofree char *other = what_if_apply(NODE, words, errors);
	g_autoptr(Inventory) changed = given_inventory(other);

	assert_node(inventory->node, 7, "red");
	assert_node(again->node, 7, "red");
	assert_node(changed->node, 9, "red");
	g_assert_nonnull(strstr(text, "[kernel]\nthe-cage = red\n"));
	assert_refused("[node]\nrank = 10\n",
		       "f.ini:2: [node] rank: '10' is not a whole number from 0 to 9");
	assert_refused("[node]\nthe-cage = red\n",
		       "f.ini:2: [node] the-cage: unknown key; known: name, kernel, qemu, libvirt, "
		       "mwait, *");
}

static void test_node_plan(void)
{
	static const Node own = {.kernel = (char *)"6.1.0"};
	g_autoptr(Host) host = given_host(SMALL);
	g_autoptr(Host) other = NULL;
	g_autoptr(Plan) plan = planned(host, NODE);
	g_autoptr(Plan) again = read_again(plan, &other);
	g_autoptr(Inventory) kept = replan_inventory(again);
	g_autoptr(Inventory) empty = inventory_new();
	g_autoptr(Plan) told = plan_compute(host, empty, &own, &(PlanOptions){0});
	g_autofree char *text = saved(told);

	assert_node(plan->node, 7, "red");
	assert_node(again->node, 7, "red");
	assert_node(kept->node, 7, "red");
	assert_node(told->node, 3, "told-6.1.0");
	g_assert_nonnull(strstr(text, "\"the_cage\": \"told-6.1.0\""));
	g_assert_null(strstr(text, "\"rank\""));
}

static void test_node_migrate(void)
{
	g_autoptr(Host) host = given_host(SMALL);
	g_autoptr(Plan) from = planned(host, "[vm a]\nvcpus = 2\n"), to = planned(host, NODE);
	g_autoptr(Migration) migration = migrate_new(from, plan_vm(from, "a"), to, 0, 0);

	assert_node(migration->plan->node, 7, "red");
}

static void assert_node_line(const Diff *diff, const char *what, const char *words, Cost cost)
{
	for (unsigned i = 0; i < diff->node->len; i++) {
		const DiffLine *line = g_ptr_array_index(diff->node, i);
		g_autofree char *both = g_strconcat(line->from, " to ", line->to, NULL);

		if (strcmp(line->what, what) != 0)
			continue;
		g_assert_cmpstr(both, ==, words);
		g_assert_cmpint(line->cost, ==, cost);
		return;
	}
	g_assert_not_reached();
}

static void test_node_diff(void)
{
	g_autoptr(Host) host = given_host(SMALL);
	g_autoptr(Plan) before = planned(host, "[node]\nkernel = 5.14\n");
	g_autoptr(Plan) after = planned(host, NODE "[host]\nmemory-per-node = 1G\n");
	g_autoptr(Plan) other = planned(host, "[kernel]\nthe-cage = blue\n");
	g_autoptr(Diff) diff = diff_new(before, after), known = diff_new(after, other);

	assert_node_line(diff, "the rank", "3 to 7", COST_RELOAD);
	assert_node_line(diff, "the-cage", "not known to red", COST_NONE);
	assert_node_line(diff, "kernel", "5.14 to not known", COST_NONE);
	assert_node_line(diff, "host memory", "none to 1G", COST_NONE);
	assert_node_line(known, "the-cage", "red to blue", COST_REPIN);
}

/* Every setting of the node and of a VM that is not its default, placed or not, is in the document.
 */
static void test_all(void)
{
	static const char text[] =
		"[kernel]\nthe-cage = red\n[host]\nmemory-per-node = 1G\n"
		"[node]\nname = n\nrank = 7\nkernel = 5.14\nqemu = 7.0\nlibvirt = 8.0\n"
		"mwait = yes\ngroup = rack-7\nguard = strict\n[audit]\ninterruptions = "
		"1\nlongest-gap = 9\n[vm "
		"a]\nvcpus = "
		"2\nmemory = 1G\nhugepages = "
		"2M\nthreads = isolate\n"
		"cpus = 4,2\ncpu-mode = maximum\ncpu-pm = off\niothreads = 3\nlocked = yes\n"
		"maximum = 6\n[vm lost]\nvcpus = 2\ncpus = 1,4096\n"
		"[vm n]\nvcpus = 2\nnode = 1\n[vm s]\nvcpus = 3\npolicy = shared\nnode = 0\n";
	g_autoptr(Host) host = given_host(SMALL);
	g_autoptr(Host) other = NULL;
	g_autoptr(Plan) plan = planned(host, text);
	g_autoptr(Plan) again = read_again(plan, &other);

	g_assert_false(plan_vm(plan, "lost")->placed);
	for (const Setting *setting = node_settings->settings; setting->key; setting++) {
		g_test_message("node: %s", setting->key);
		g_assert_true(setting_equal(setting, plan->node, again->node));
		g_assert_false(setting_standard(node_settings, setting, again->node));
	}
	for (unsigned i = 0; i < plan->vms->len; i++) {
		const VmSpec *vm = ((PlanVm *)g_ptr_array_index(plan->vms, i))->spec;
		const VmSpec *copy = plan_vm(again, vm->name)->spec;

		for (const Setting *setting = vm_settings->settings; setting->key; setting++) {
			g_test_message("vm %s: %s", vm->name, setting->key);
			g_assert_true(setting_equal(setting, vm, copy));
		}
	}
}

/* What the manual and `planner init` say of a setting of SECTION. */
static void assert_explained(const char *section)
{
	g_autoptr(GArray) of_section = settings_of_section(section);

	g_assert_cmpuint(of_section->len, >, 0);
	for (unsigned i = 0; i < of_section->len; i++) {
		const SettingRow *row = &g_array_index(of_section, SettingRow, i);
		g_autoptr(GPtrArray) faults = g_ptr_array_new_with_free_func(g_free);
		void *object = settings_new(row->table);

		g_test_message("[%s] %s", section, row->setting->key);
		g_assert_true(row->setting->help && g_str_has_suffix(row->setting->help, "."));
		setting_parse(row->setting, object, row->setting->example, 1, faults);
		g_assert_cmpuint(faults->len, ==, 0);
		settings_clear(row->table, object);
		g_free(object);
	}
}

/* Each says what it is, and the value that is offered for it is one. */
static void test_explained(void)
{
	for (const char *const *section = inventory_sections; *section; section++)
		assert_explained(*section);
	assert_explained("partner");
	assert_explained("vm");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	tables_lengthen();
	g_test_add_func("/settings/inventory", test_inventory);
	g_test_add_func("/settings/refused", test_refused);
	g_test_add_func("/settings/what-if", test_what_if);
	g_test_add_func("/settings/plan", test_plan);
	g_test_add_func("/settings/diff", test_diff);
	g_test_add_func("/settings/asked", test_asked);
	g_test_add_func("/settings/adopt", test_adopt);
	g_test_add_func("/settings/fit-key", test_fit_key);
	g_test_add_func("/settings/node/inventory", test_node_inventory);
	g_test_add_func("/settings/node/plan", test_node_plan);
	g_test_add_func("/settings/node/migrate", test_node_migrate);
	g_test_add_func("/settings/node/diff", test_node_diff);
	g_test_add_func("/settings/all", test_all);
	g_test_add_func("/settings/explained", test_explained);
	return g_test_run();
}
