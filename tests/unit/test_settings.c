/* SPDX-License-Identifier: MIT */
/* Settings that are in the table and that nobody else knows go all the way: parsed, written,
 * planned, saved, read back, compared, asked for in events and requests, adopted. And every setting
 * of a VM survives being saved. */
#include "given.h"
#include "planner/adopt/adopt.h"
#include "planner/base/json.h"
#include "planner/document/plan_read.h"
#include "planner/document/plan_write.h"
#include "planner/fit/request.h"
#include "planner/inventory/inventory_write.h"
#include "planner/inventory/setting_types.h"
#include "planner/inventory/settings.h"
#include "planner/inventory/what_if.h"
#include "planner/online/event.h"
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

static const LongVm long_standard = {.vm = {.node = -1, .cpu_pm = true, .count = 1}, .spare = 3};

static void see_label(const Guest *guest, void *field)
{
	*(char **)field = g_strconcat("seen-", guest->name, NULL);
}

static const Setting more[] = {
	{
		.key = "spare",
		.type = &setting_number,
		.offset = offsetof(LongVm, spare),
		.most = 9,
		.what = "spare parts",
		.cost = COST_RELOAD,
	},
	{
		.key = "the-label",
		.json = "the_label",
		.type = &setting_name,
		.offset = offsetof(LongVm, label),
		.cost = COST_RESTART,
		.seen = see_label,
	},
	{
		.key = "reserve",
		.type = &setting_vcpu_cpus,
		.offset = offsetof(LongVm, reserve),
	},
	{0},
};

static Setting rows[64];
static const SettingTable long_table = {"vm", rows, &long_standard, sizeof(LongVm)};

/* The table that there is, and those settings. */
static void table_lengthen(void)
{
	unsigned n = 0;

	for (const Setting *setting = vm_settings->settings; setting->key; setting++)
		rows[n++] = *setting;
	for (unsigned i = 0; i < G_N_ELEMENTS(more); i++)
		rows[n++] = more[i];
	vm_settings = &long_table;
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
	g_assert_cmpstr(g_ptr_array_index(errors, 0), ==, fault);
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

	assert_long(g_ptr_array_index(written->vms, 0), 3, "seen-a", NULL);
	assert_long(g_ptr_array_index(written->vms, 1), 3, "seen-b", NULL);
	facts_free(facts);
}

/* Every setting of a VM that is not its default, placed or not, is in the document. */
static void test_all(void)
{
	static const char text[] =
		"[vm a]\nvcpus = 2\nmemory = 1G\nhugepages = 2M\nthreads = isolate\n"
		"cpus = 4,2\ncpu-mode = maximum\ncpu-pm = off\niothreads = 3\nlocked = yes\n"
		"[vm lost]\nvcpus = 2\ncpus = 1,4096\n"
		"[vm n]\nvcpus = 2\nnode = 1\n[vm s]\nvcpus = 3\npolicy = shared\nnode = 0\n";
	g_autoptr(Host) host = given_host(SMALL);
	g_autoptr(Host) other = NULL;
	g_autoptr(Plan) plan = planned(host, text);
	g_autoptr(Plan) again = read_again(plan, &other);

	g_assert_false(plan_vm(plan, "lost")->placed);
	for (unsigned i = 0; i < plan->vms->len; i++) {
		const VmSpec *vm = ((PlanVm *)g_ptr_array_index(plan->vms, i))->spec;
		const VmSpec *copy = plan_vm(again, vm->name)->spec;

		for (const Setting *setting = vm_settings->settings; setting->key; setting++) {
			g_test_message("vm %s: %s", vm->name, setting->key);
			g_assert_true(setting_equal(setting, vm, copy));
		}
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	table_lengthen();
	g_test_add_func("/settings/inventory", test_inventory);
	g_test_add_func("/settings/refused", test_refused);
	g_test_add_func("/settings/what-if", test_what_if);
	g_test_add_func("/settings/plan", test_plan);
	g_test_add_func("/settings/diff", test_diff);
	g_test_add_func("/settings/asked", test_asked);
	g_test_add_func("/settings/adopt", test_adopt);
	g_test_add_func("/settings/all", test_all);
	return g_test_run();
}
