/* SPDX-License-Identifier: MIT */
/* Plan documents read back: those that planner wrote, and those that somebody changed. */
#include "given.h"
#include "planner/base/json.h"
#include "planner/document/plan_read.h"
#include "planner/document/plan_write.h"
#include "topology/base/error.h"

#include <string.h>

#define NAME "plan.json"
#define SMALL "pack:2 [numa(memory=17179869184)] l3:1 core:3 pu:2(indexes=2*6:6*1)"

/* What there can be in a document: every policy, shape, verdict, change and move. */
static const char rich[] =
	"[node]\nname = n <&> \"x\"\nkernel = 6.1\nqemu = 9.0.0\nlibvirt = 9.0.0\n"
	"[host]\ncores-per-node = 1\nmemory-per-node = 1G\n"
	"[kernel]\nextra = quiet a=b=c d=\n"
	"[vm span]\nvcpus = 4\ncpus = 1,7,4,10\nmemory = 5M\niothreads = 2\n"
	"[vm a]\nvcpus = 1\nmemory = 2000001\ncpu-mode = maximum\nlocked = yes\n"
	"[vm off]\nvcpus = 1\ncpu-pm = off\nthreads = isolate\n"
	"[vm wide]\nvcpus = 9\niothreads = 1\n"
	"[vm gone]\nvcpus = 2\ncpus = 1,4096\n"
	"[vm float]\nvcpus = 3\npolicy = shared\nmemory = 1G\niothreads = 1\n"
	"[vm floats]\nvcpus = 3\npolicy = shared\nmemory = 99G\nhugepages = 1G\n";

/* The document of the plan of INVENTORY on TOPOLOGY, yours. */
static char *document_of(const char *topology, const char *text, const PlanOptions *options)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Inventory) inventory = inventory_parse("f.ini", text, strlen(text), errors);
	g_autoptr(Host) host = given_host(topology);
	g_autoptr(Plan) plan = NULL;
	json_t *json;
	char *document;

	g_assert_cmpuint(errors->len, ==, 0);
	plan = plan_compute(host, inventory, NULL, options);
	json = plan_to_json(plan);
	document = json_text(json);
	json_decref(json);
	return document;
}

/* What is read from TEXT, written again; NULL with a good error where it is refused. Yours. */
static char *again(const char *text, size_t length)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Host) host = NULL;
	g_autoptr(Plan) plan = plan_read(NAME, text, length, &host, &error);
	json_t *json;
	char *document;

	g_assert_true(!plan == !!error);
	g_assert_true(!plan == !host);
	if (!plan) {
		g_assert_true(g_error_matches(error, PLANNER_ERROR, PLANNER_ERROR_INPUT));
		g_assert_true(g_str_has_prefix(error->message, NAME ": "));
		g_assert_true(g_utf8_validate(error->message, -1, NULL));
		for (const char *c = error->message; *c; c = g_utf8_next_char(c))
			g_assert_false(g_unichar_iscntrl(g_utf8_get_char(c)));
		return NULL;
	}
	json = plan_to_json(plan);
	document = json_text(json);
	json_decref(json);
	return document;
}

static void assert_read(const char *document)
{
	g_autofree char *copy = again(document, strlen(document));

	g_assert_cmpstr(copy, ==, document);
}

/* Refused; and the message has PART in it. */
static void assert_refused(const char *text, const char *part)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Host) host = NULL;
	g_autoptr(Plan) plan = plan_read(NAME, text, strlen(text), &host, &error);

	g_assert_null(plan);
	if (!strstr(error->message, part))
		g_test_message("'%s' does not say '%s'", error->message, part);
	g_assert_nonnull(strstr(error->message, part));
}

/* What planner writes, it reads */

static void test_round_trip(void)
{
	static const struct {
		const char *topology, *inventory;
	} rows[] = {
		{SMALL, ""},
		{SMALL, rich},
		{SMALL, "[partner a]\nkernel = 4.14.0\nqemu = 8.2.0\nmwait = no\n[partner Ü & b]\n"
			"mwait = yes\n[vm a]\nvcpus = 2\ncpu-mode = maximum\n"},
		{SMALL, "[kernel]\nisolation = cpuset\n[vm a]\nvcpus = 3\n"},
		{SMALL, "[sdk]\ncores = 1\n[shared]\ncores = 1\n[vm a]\nvcpus = 2\ncount = 5\n"},
		{SMALL, "[vm a]\nvcpus = 2\ncpus = 0,1\n[vm b]\nvcpus = 2\ncpus = 1,7\n"},
		{SMALL, "[vm a]\nvcpus = 8\nmemory = 3G\nhugepages = 1G\n[vm b]\nvcpus = 4\n"},
		{SMALL,
		 "[vm a]\nvcpus = 1\nmemory = 12G\n[vm b]\nvcpus = 1\nmemory = 13G\ncount = 2\n"},
		{"pack:1 [numa] core:1 pu:1", "[vm Ünï <&>\"']\nvcpus = 1\n"},
		{"pack:2 [numa] core:2 pu:8", "[vm a]\nvcpus = 6\n"},
		{"x6.xml", "[vm a]\nvcpus = 4\ncount = 19\nmemory = 8G\n"},
		{"offline-4s2c2t.xml",
		 "[vm a]\nvcpus = 1\ncpus = 5\n[vm b]\nvcpus = 1\ncpus = 6\n"},
		{"hybrid-6p8e.xml", "[vm a]\nvcpus = 4\ncount = 3\n"},
		{"hbm-1s16c4t.xml", "[vm a]\nvcpus = 6\ncount = 9\n"},
		{"power-2s4c4t.xml", "[vm a]\nvcpus = 6\n[vm b]\nvcpus = 1\nnode = 1\n"},
		{"cgroup-4s8c+disallowed.xml", "[vm a]\nvcpus = 2\ncount = 3\n"},
		{"epyc-2s24c2t-nps4.xml", "[vm a]\nvcpus = 36\n[vm b]\nvcpus = 5\ncount = 9\n"},
		{"host-2s18c2t.xml", "[sdk]\ncores = 2\nnear = sda, mlx5_0, nosuch\n"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
		for (unsigned prefer = PREFER_VCPUS; prefer <= PREFER_ORDER; prefer++) {
			const PlanOptions options = {.prefer = prefer};
			g_autofree char *document =
				document_of(rows[i].topology, rows[i].inventory, &options);

			g_test_message("%s: %s", rows[i].topology, rows[i].inventory);
			assert_read(document);
		}
}

/* A plan that moved VMs, with what each move costs. */
static void test_round_trip_moves(void)
{
	const PlanOptions options = {.moves = 2};
	g_autofree char *document =
		document_of(SMALL,
			    "[vm a]\nvcpus = 2\ncpus = 1,7\nmemory = 1G\n"
			    "[vm b]\nvcpus = 2\ncpus = 4,10\n[vm c]\nvcpus = 4\nnode = 0\n",
			    &options);

	g_assert_nonnull(strstr(document, "\"moves\""));
	assert_read(document);
}

/* What is read says the same as what was written: not only in its text. */
static void test_content(void)
{
	const PlanOptions options = {0};
	g_autofree char *document = document_of(SMALL, rich, &options);
	g_autoptr(Host) host = NULL;
	g_autoptr(Plan) plan = plan_read(NAME, document, strlen(document), &host, NULL);
	const PlanVm *span = plan_vm(plan, "span"), *a = plan_vm(plan, "a");

	g_assert_true(plan->host == host);
	g_assert_cmpstr(plan->node->name, ==, "n <&> \"x\"");
	g_assert_cmpuint(host->cores->len, ==, 6);
	g_assert_cmpint(g_array_index(plan->roles, Role, 0), ==, ROLE_HOST);
	g_assert_cmpuint(span->shares->len, ==, 2);
	g_assert_cmpuint(g_array_index(span->shares, VmShare, 1).node, ==, 1);
	g_assert_cmpuint(plan_vm_memory(span), ==, 5 << 20);
	g_assert_nonnull(span->spec->cpus);
	g_assert_cmpuint(plan_vm_memory(a), ==, 2002944); /* 2000001 bytes in whole pages */
	g_assert_true(a->spec->locked);
	g_assert_false(plan_vm(plan, "off")->spec->cpu_pm);
	g_assert_cmpint(plan_vm(plan, "off")->cpupm->verdict, ==, CPUPM_OFF);
	g_assert_false(plan_vm(plan, "gone")->placed);
	g_assert_nonnull(plan_vm(plan, "gone")->spec->cpus);
	g_assert_true(plan_bad(plan));
}

/* Not a document */

static void test_not_documents(void)
{
	static const struct {
		const char *text, *part;
	} rows[] = {
		{"", "not JSON"},
		{" \n", "not JSON"},
		{"{", "not JSON"},
		{"{}", "format"},
		{"[]", "format"},
		{"null", "not JSON"},
		{"\"planner-plan/1\"", "not JSON"},
		{"{\"format\": 1}", "format"},
		{"{\"format\": \"planner-host/1\"}", "'planner-host/1'"},
		{"{\"format\": \"planner-plan/2\"}", "'planner-plan/2'"},
		{"{\"format\": \"planner-plan/1\"}", "save it again"},
		{"{\"format\": \"planner-plan/1\", \"format\": \"planner-plan/1\"}", "not JSON"},
		{"{\"format\": \"planner-plan/1\"} x", "not JSON"},
		{"{\"format\": \"a\\nb\"}", "control"},
		{"{\"format\": \"\\u001b[31m\"}", "control"},
		{"{\"a\": \"\xff\"}", "not JSON"},
		{"{\"a\": \x1b[31m}", "not JSON"},
		{"{\"a\": \xc2\x9b}", "not JSON"},
		{"{\"a\": \"\\u0000\"}", "not JSON"},
		{"{\"a\": 99999999999999999999}", "not JSON"},
		{"[node]\nname = a\n", "not JSON"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_assert_null(again(rows[i].text, strlen(rows[i].text)));
		assert_refused(rows[i].text, rows[i].part);
	}
}

/* Cut anywhere, it is refused: but for its last newline. */
static void test_truncated(void)
{
	const PlanOptions options = {0};
	g_autofree char *document = document_of(SMALL, "[vm a]\nvcpus = 2\n", &options);
	size_t length = strlen(document);

	for (size_t cut = 0; cut < length - 1; cut++)
		g_assert_null(again(document, cut));
	assert_read(document);
}

/* One thing changed */

typedef struct Edit {
	const char *from, *to, *part;
} Edit;

/* The plan: host 0,3,6,9, VM a on 1,7, VM b on 4,10 and 2, free 5,8,11 on their own cores. */
static const char edited_inventory[] =
	"[node]\nkernel = 6.1\n[vm a]\nvcpus = 2\ncpus = 1,7\nmemory = 1G\n"
	"[vm b]\nvcpus = 3\ncpus = 4,10,2\nmemory = 3G\niothreads = 1\n"
	"[vm c]\nvcpus = 1\npolicy = shared\n";

static const Edit edits[] = {
	{"\"cmdline\": \"isolcpus=", "\"cmdline\": \"isolcpu=", "cmdline"},
	{"\"cmdline\": \"isolcpus=managed_irq,domain,1", "\"cmdline\": \"isolcpus=1", "cmdline"},
	{"nohz_full=1-2", "nohz_full=1", "cmdline"},
	{"\"host\": \"0,3,6,9\"", "\"host\": \"0,3,6,9,1,7\"", "cpus.host"},
	{"\"host\": \"0,3,6,9\"", "\"host\": \"0,3,6\"", "one role"},
	{"\"host\": \"0,3,6,9\"", "\"host\": \"3,9\"", "one role"},
	{"\"host\": \"0,3,6,9\"", "\"host\": \"0,3,6,9,99\"", "cpus.host"},
	{"\"host\": \"0,3,6,9\"", "\"host\": \"9,6,3,0\"", "cpus.host"},
	{"\"host\": \"0,3,6,9\"", "\"host\": \"0-3-\"", "'host'"},
	{"\"sdk\": \"\"", "\"sdk\": \"0,6\"", "cpus.sdk"},
	{"\"stranded\": \"\"", "\"stranded\": \"5,11\"", "cpus.stranded"},
	{"\"offline\": \"\"", "\"offline\": \"99\"", "topology"},
	{"\"isolated\": \"1", "\"isolated\": \"0,1", "cpus.isolated"},
	{"\"1,7\"", "\"1,6\"", "CPU"},
	{"\"1,7\"", "\"1\"", "topology"},
	{"\"1,7\"", "\"7,1\"", "CPU"},
	{"        1,\n        7\n", "        1,\n        1\n", "CPU 1 twice"},
	{"        1,\n        7\n", "        7,\n        1\n", NULL}, /* may have been pinned so */
	{"        1,\n        7\n", "        1,\n        4\n", ""},
	{"        1,\n        7\n", "        1,\n        99\n", "not online"},
	{"        1,\n        7\n", "        1\n", "one CPU for each vCPU"},
	{"        1,\n        7\n", "        1,\n        7.0\n", "not a CPU"},
	{"\"emulatorpin\": \"0,6\"", "\"emulatorpin\": \"\"", "emulatorpin"},
	{"\"emulatorpin\": \"0,6\"", "\"emulatorpin\": \"0,6,99\"", "emulatorpin"},
	{"\"cpuset\": \"0,3,6,9\"", "\"cpuset\": \"\"", "cpuset"},
	{"\"cpuset\": \"0,3,6,9\"", "\"cpuset\": \"0-99\"", "cpuset"},
	{"\"nodes\": [\n        0\n      ]", "\"nodes\": [\n        1\n      ]", "nodes"},
	{"\"nodes\": [\n        0\n      ]", "\"nodes\": [\n        \"x\"\n      ]", "nodes"},
	{"\"nodes\": [\n        0\n      ]", "\"nodes\": [\n        4294967296\n      ]", "nodes"},
	{"\"iothreadpin\": [\n", "\"iothreadpin\": [\n \"1\",", "iothreadpin"},
	{"\"vcpus\": 2,\n      \"vcpupin\"", "\"vcpus\": 0,\n      \"vcpupin\"", "vcpus"},
	{"\"vcpus\": 2,\n      \"vcpupin\"", "\"vcpus\": 8193,\n      \"vcpupin\"", "vcpus"},
	{"\"vcpus\": 2,\n      \"vcpupin\"", "\"vcpus\": -2,\n      \"vcpupin\"", "vcpus"},
	{"\"placed\": true,\n      \"vcpus\": 2", "\"placed\": false,\n      \"vcpus\": 2",
	 "vcpupin"},
	{"\"policy\": \"dedicated\"", "\"policy\": \"shared\"", "cpuset"},
	{"\"policy\": \"dedicated\"", "\"policy\": \"mine\"", "'mine'"},
	{"\"name\": \"a\"", "\"name\": \"../../etc\"", "name of a VM"},
	{"\"name\": \"a\"", "\"name\": \"\"", "name of a VM"},
	{"\"name\": \"a\"", "\"name\": \"b\"", "two VMs"},
	{"\"name\": \"a\"", "\"name\": \"a\\nb\"", "control"},
	{"\"name\": \"a\"", "\"name\": \"\\u202e\"", "name of a VM"},
	{"\"name\": \"a\"", "\"name\": null", "name"},
	{"\"kernel\": \"6.1\"", "\"kernel\": \"6.1\\u001b[2J\"", "control"},
	{"\"kernel\": \"6.1\"", "\"kernel\": 6.1", "kernel"},
	{"\"topology\": \"sha256:", "\"topology\": \"sha256:0", "topology"},
	{"\"sockets\": 1", "\"sockets\": 2", "topology"},
	{"\"sockets\": 1", "\"sockets\": 0", "topology"},
	{"\"memory\": 1073741824", "\"memory\": 99999999999999999", "memory"},
	{"\"memory\": 1073741824", "\"memory\": -1", "memory"},
	{"\"hugepages\": null", "\"hugepages\": 0", "hugepages"},
	{"\"hugepages\": null", "\"hugepages\": 3000000", "hugepages"},
	{"\"verdict\": \"unknown\"", "\"verdict\": \"on\"", "verdict"},
	{"\"verdict\": \"unknown\"", "\"verdict\": \"maybe\"", "'maybe'"},
	{"\"kept\": true", "\"kept\": 1", "kept"},
	{"\"size\": 16777216", "\"size\": null", NULL},
	{"\"size\": 16777216", "\"size\": -1", "size"},
	{"\"size\": 16777216", "\"size\": \"16M\"", "size"},
	{"\"cpus\": \"0-2,6-8\",\n      \"size\"", "\"cpus\": \"0-2\",\n      \"size\"", "l3s[0]"},
	{"\"placed\": 3", "\"placed\": 2", "placement"},
	{"\"wanted\": 3", "\"wanted\": 4", "placement"},
	{"\"bound\": 3", "\"bound\": 2", "placement"},
	{"\"prefer\": \"vcpus\"", "\"prefer\": \"all\"", "'all'"},
	{"\"socket\": 0", "\"socket\": 7", "topology"},
	{"\"socket\": 0,\n      \"node\": 0", "\"socket\": 0,\n      \"node\": 9", "node 9"},
	{"\"socket\": 0,\n      \"node\": 0", "\"socket\": 0,\n      \"node\": 1", "topology"},
	{"\"id\": 1", "\"id\": 0", "node 1"},
};

/* TEXT with the first FROM replaced, yours. */
static char *replaced(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	g_autofree char *head = NULL;

	if (!at)
		g_test_message("no '%s' in:\n%s", from, text);
	g_assert_nonnull(at);
	head = g_strndup(text, (gsize)(at - text));
	return g_strconcat(head, to, at + strlen(from), NULL);
}

static void test_edits(void)
{
	const PlanOptions options = {0};
	g_autofree char *document = document_of(SMALL, edited_inventory, &options);

	assert_read(document);
	for (unsigned i = 0; i < G_N_ELEMENTS(edits); i++) {
		g_autofree char *text = replaced(document, edits[i].from, edits[i].to);

		g_test_message("%s -> %s", edits[i].from, edits[i].to);
		if (edits[i].part)
			assert_refused(text, edits[i].part);
		else
			assert_read(text);
	}
}

/* Keys that a later planner adds are passed over. */
static void test_further_keys(void)
{
	const PlanOptions options = {0};
	g_autofree char *document = document_of(SMALL, edited_inventory, &options);
	g_autofree char *top = replaced(document, "{\n", "{\n  \"later\": {\"x\": [1]},\n");
	g_autofree char *deep =
		replaced(top, "\"policy\"", "\"colour\": \"red\",\n      \"policy\"");
	g_autofree char *copy = again(deep, strlen(deep));

	g_assert_cmpstr(copy, ==, document);
}

/*
 * Every value in turn taken away, or made another: refused, or read as it now is; or what was
 * changed is nothing to planner, and the plan is as before.
 */

typedef struct Walk {
	json_t *root;
	const char *document;
	unsigned tried;
} Walk;

static void assert_harmless(Walk *walk)
{
	char *text = json_dumps(walk->root, JSON_INDENT(2));
	g_autofree char *copy = again(text, strlen(text));
	json_t *json = copy ? json_loads(copy, 0, NULL) : NULL;

	walk->tried++;
	if (copy && !json_equal(json, walk->root) && strcmp(copy, walk->document) != 0) {
		g_test_message("read:\n%s\nas:\n%s", text, copy);
		g_test_fail();
	}
	json_decref(json);
	free(text);
}

/* Other values: of every type, and some that are of the right one. */
static GPtrArray *others(void)
{
	static const char *const texts[] = {"null",	   "true",
					    "\"\"",	   "\"x\"",
					    "\"0-99999\"", "\"\\u0007\"",
					    "-1",	   "1.5",
					    "8193",	   "9223372036854775807",
					    "[]",	   "{}",
					    "[[[[]]]]",	   "[null]",
					    "[-1]",	   "{\"vm\": \"nobody\"}"};
	GPtrArray *values = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);

	for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++)
		g_ptr_array_add(values, json_loads(texts[i], JSON_DECODE_ANY, NULL));
	return values;
}

static void walk_value(Walk *walk, json_t *value, const GPtrArray *values);

static void walk_object(Walk *walk, json_t *object, const GPtrArray *values)
{
	json_t *keys = json_object();
	const char *key;
	json_t *member;

	json_object_update(keys, object); /* the walk changes the object */
	json_object_foreach (keys, key, member) {
		for (unsigned i = 0; i < values->len; i++)
			if (!json_equal(g_ptr_array_index(values, i), member)) {
				json_object_set(object, key, g_ptr_array_index(values, i));
				assert_harmless(walk);
			}
		json_object_del(object, key);
		assert_harmless(walk);
		json_object_set(object, key, member);
		walk_value(walk, member, values);
	}
	json_decref(keys);
}

static void walk_array(Walk *walk, json_t *array, const GPtrArray *values)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		json_t *member = json_incref(json_array_get(array, i));

		for (unsigned v = 0; v < values->len; v++)
			if (!json_equal(g_ptr_array_index(values, v), member)) {
				json_array_set(array, i, g_ptr_array_index(values, v));
				assert_harmless(walk);
			}
		json_array_remove(array, i);
		assert_harmless(walk);
		json_array_insert_new(array, i, member);
		json_array_append(array, member);
		assert_harmless(walk);
		json_array_remove(array, json_array_size(array) - 1);
		walk_value(walk, member, values);
	}
}

static void walk_value(Walk *walk, json_t *value, const GPtrArray *values)
{
	if (json_is_object(value))
		walk_object(walk, value, values);
	else if (json_is_array(value))
		walk_array(walk, value, values);
}

static void test_every_value(void)
{
	const PlanOptions options = {0};
	g_autofree char *document = document_of(SMALL, rich, &options);
	g_autoptr(GPtrArray) values = others();
	Walk walk = {json_loads(document, 0, NULL), document, 0};

	walk_value(&walk, walk.root, values);
	g_assert_cmpuint(walk.tried, >, 2000);
	json_decref(walk.root);
}

/* A large one */
static void test_large(void)
{
	const PlanOptions options = {.prefer = PREFER_ORDER, .budget = 1000};
	g_autofree char *document =
		document_of("pack:4 [numa(memory=549755813888)] l3:7 core:8 pu:2",
			    "[vm a]\nvcpus = 4\ncount = 90\nmemory = 1G\n", &options);

	assert_read(document);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/plan-read/round-trip", test_round_trip);
	g_test_add_func("/plan-read/round-trip-moves", test_round_trip_moves);
	g_test_add_func("/plan-read/content", test_content);
	g_test_add_func("/plan-read/large", test_large);
	g_test_add_func("/plan-read/not-documents", test_not_documents);
	g_test_add_func("/plan-read/truncated", test_truncated);
	g_test_add_func("/plan-read/edits", test_edits);
	g_test_add_func("/plan-read/further-keys", test_further_keys);
	g_test_add_func("/plan-read/every-value", test_every_value);
	return g_test_run();
}
