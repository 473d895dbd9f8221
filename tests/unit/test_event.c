/* SPDX-License-Identifier: MIT */
/* Lines of a history: what is understood, and what is said of what is not. */
#include "planner/online/event.h"
#include "topology/base/error.h"

#include <string.h>

static Event *good(const char *line)
{
	g_autoptr(GError) error = NULL;
	Event *event = event_parse(line, strlen(line), &error);

	g_assert_no_error(error);
	g_assert_nonnull(event);
	return event;
}

static void test_place(void)
{
	g_autoptr(Event) event =
		good("{\"op\":\"place\",\"id\":\"a1\",\"vcpus\":8,\"memory\":\"16G\",\"policy\":"
		     "\"dedicated\",\"hugepages\":\"2M\",\"threads\":\"isolate\",\"node\":3}");

	g_assert_cmpint(event->op, ==, EVENT_PLACE);
	g_assert_cmpstr(event->spec->name, ==, "a1");
	g_assert_cmpuint(event->spec->vcpus, ==, 8);
	g_assert_cmpuint(event->spec->memory, ==, UINT64_C(16) << 30);
	g_assert_cmpuint(event->spec->page, ==, 2 << 20);
	g_assert_cmpint(event->spec->policy, ==, POLICY_DEDICATED);
	g_assert_cmpint(event->spec->threads, ==, THREADS_ISOLATE);
	g_assert_cmpint(event->spec->node, ==, 3);
	g_assert_null(event->spec->cpus);
}

/* What is not said is as in an inventory. */
static void test_defaults(void)
{
	g_autoptr(Event) event = good(" { \"vcpus\" : 1 , \"id\" : \"x\" , \"op\" : \"place\" } ");

	g_assert_cmpint(event->spec->policy, ==, POLICY_DEDICATED);
	g_assert_cmpint(event->spec->threads, ==, THREADS_SIBLINGS);
	g_assert_cmpint(event->spec->node, ==, -1);
	g_assert_cmpuint(event->spec->memory, ==, 0);
	g_assert_cmpuint(event->spec->page, ==, 0);
}

static void test_remove(void)
{
	g_autoptr(Event) event = good("{\"op\":\"remove\",\"id\":\"a1\"}");

	g_assert_cmpint(event->op, ==, EVENT_REMOVE);
	g_assert_cmpstr(event->spec->name, ==, "a1");
}

#define PLACE "{\"op\":\"place\",\"id\":\"x\","

/* Each with a word that the error names. */
static void test_bad(void)
{
	static const char *const cases[][2] = {
		{"", "not JSON"},
		{"{", "not JSON"},
		{"3", "not JSON"},
		{"[]", "not a JSON object"},
		{"{}", "op"},
		{"{\"op\":1,\"id\":\"x\"}", "op"},
		{"{\"op\":\"Place\",\"id\":\"x\",\"vcpus\":1}", "op"},
		{"{\"op\":\"remove\"}", "id"},
		{"{\"op\":\"remove\",\"id\":null}", "id"},
		{"{\"op\":\"remove\",\"id\":\"\"}", "id"},
		{"{\"op\":\"remove\",\"id\":\"a/b\"}", "id"},
		{"{\"op\":\"remove\",\"id\":\"a\\nb\"}", "id"},
		{"{\"op\":\"remove\",\"id\":\"x\"} x", "not JSON"},
		{PLACE "\"vcpus\":1.0}", "vcpus"},
		{PLACE "\"vcpus\":0}", "vcpus"},
		{PLACE "\"vcpus\":8193}", "vcpus"},
		{PLACE "\"vcpus\":99999999999999999999}", "not JSON"},
		{PLACE "\"memory\":\"1G\"}", "vcpus"},
		{PLACE "\"vcpus\":1,\"vcpus\":1}", "duplicate"},
		{PLACE "\"vcpus\":1,\"memory\":\"0\"}", "memory"},
		{PLACE "\"vcpus\":1,\"memory\":\"1g \"}", "memory"},
		{PLACE "\"vcpus\":1,\"memory\":1024}", "memory"},
		{PLACE "\"vcpus\":1,\"hugepages\":\"2M\"}", "memory"},
		{PLACE "\"vcpus\":1,\"memory\":\"6M\",\"hugepages\":\"3M\"}", "hugepages"},
		{PLACE "\"vcpus\":1,\"policy\":\"shared \"}", "policy"},
		{PLACE "\"vcpus\":1,\"threads\":true}", "threads"},
		{PLACE "\"vcpus\":1,\"node\":-1}", "node"},
		{PLACE "\"vcpus\":1,\"cpus\":[0]}", "unknown key"},
		{PLACE "\"vcpu\":1}", "did you mean \"vcpus\""},
		{PLACE "\"cp\\nus\\u009b\":1}", "unknown key \"cp?us?\""},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		g_test_message("%s", cases[i][0]);
		g_assert_null(event_parse(cases[i][0], strlen(cases[i][0]), &error));
		g_assert_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT);
		g_assert_nonnull(strstr(error->message, cases[i][1]));
		g_assert_null(strchr(error->message, '\n'));
	}
}

/* The length counts, not a NUL. */
static void test_length(void)
{
	static const char line[] = "{\"op\":\"remove\",\"id\":\"x\"}\0{\"op\"";
	g_autoptr(GError) error = NULL;

	g_assert_null(event_parse(line, sizeof line - 1, &error));
	g_assert_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT);
	g_clear_error(&error);
	g_assert_null(event_parse(line, 10, &error));
	g_assert_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/event/place", test_place);
	g_test_add_func("/event/defaults", test_defaults);
	g_test_add_func("/event/remove", test_remove);
	g_test_add_func("/event/bad", test_bad);
	g_test_add_func("/event/length", test_length);
	return g_test_run();
}
