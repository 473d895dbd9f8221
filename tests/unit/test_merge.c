/* SPDX-License-Identifier: MIT */
/* Merging into a domain XML that is broken anywhere: refused, or the result is sound. */
#include "planner/merge/merge.h"
#include "planner/place/plan.h"
#include "topology/guests/libxml_load.h"

#include <string.h>

#define QEMU "xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'"

static const char inventory_text[] =
	"[node]\nkernel = 6.1\nqemu = 9.2\nlibvirt = 9.0\nmwait = yes\n"
	"[host]\ncores = 2\n"
	"[vm a]\nvcpus = 4\nmemory = 1G\nlocked = yes\niothreads = 1\n"
	"realtime = rr:7\n"
	"[vm b]\nvcpus = 2\nmemory = 1G\npolicy = shared\n";

static const char base[] =
	"<?xml version='1.0'?>\n<!-- x -->\n<domain type='kvm' " QEMU ">\n  <name>a</name>\n"
	"  <memory>9</memory>\n  <vcpu current=\"1\">2</vcpu>\n  <iothreads/>\n  <cputune>\n"
	"    <vcpupin vcpu='0' cpuset='9'/>\n    <vcpupin vcpu='9' cpuset='9'/>\n"
	"    <vcpusched vcpus='0,1' scheduler='fifo' priority='5'/>\n  </cputune>\n"
	"  <features><acpi/></features>\n  <cpu mode='host-model'/>\n  "
	"<devices><![CDATA[<vcpu>]]>\n"
	"  </devices>\n  <qemu:commandline>\n    <qemu:arg value='-overcommit'/>\n"
	"    <qemu:arg value='mem-lock=on'/>\n  </qemu:commandline>\n</domain>\n";

typedef struct Fixture {
	Host *host;
	Inventory *inventory;
	Plan *plan;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	const PlanOptions options = {0};

	(void)data;
	fixture->host = host_load("pack:1 [numa(memory=17179869184)] core:8 pu:2", NULL);
	fixture->inventory =
		inventory_parse("i.ini", inventory_text, strlen(inventory_text), errors);
	g_assert_cmpuint(errors->len, ==, 0);
	fixture->plan = plan_compute(fixture->host, fixture->inventory, NULL, &options);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
	(void)data;
	plan_free(fixture->plan);
	inventory_free(fixture->inventory);
	host_free(fixture->host);
}

static char *merged_with_notes(const Fixture *fixture, const char *vm, const char *text,
			       size_t length, GPtrArray *notes)
{
	g_autoptr(GError) error = NULL;
	const Rendering rendering = {.plan = fixture->plan, .vm = plan_vm(fixture->plan, vm)};
	char *result = merge_domain(&rendering, "base", text, length, notes, &error);

	g_assert_true(!result == !!error);
	return result;
}

static char *merged(const Fixture *fixture, const char *vm, const char *text, size_t length)
{
	g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);

	return merged_with_notes(fixture, vm, text, length, notes);
}

/* What comes out can be read, and merging it again changes nothing. */
static void check(const Fixture *fixture, const char *text, size_t length)
{
	static const char *const vms[] = {"a", "b"};

	for (unsigned i = 0; i < G_N_ELEMENTS(vms); i++) {
		g_autofree char *once = merged(fixture, vms[i], text, length);
		g_autofree char *twice = once ? merged(fixture, vms[i], once, strlen(once)) : NULL;

		g_assert_true(!once == !twice);
		if (once)
			g_assert_cmpstr(once, ==, twice);
	}
}

static void test_cut(Fixture *fixture, gconstpointer data)
{
	(void)data;
	for (size_t length = 0; length <= strlen(base); length++) {
		g_autofree char *text = g_memdup2(base, length ? length : 1);

		check(fixture, text, length);
	}
}

static void test_corrupt(Fixture *fixture, gconstpointer data)
{
	static const char bytes[] = "<>/'\" =!x\n&";

	(void)data;
	for (size_t at = 0; at < strlen(base); at++)
		for (unsigned b = at % 3; b < strlen(bytes); b += 3) {
			g_autofree char *text = g_strdup(base);

			text[at] = bytes[b];
			check(fixture, text, strlen(text));
		}
}

static void test_whole(Fixture *fixture, gconstpointer data)
{
	g_autofree char *a = merged(fixture, "a", base, strlen(base));
	g_autofree char *b = merged(fixture, "b", base, strlen(base));

	(void)data;
	g_assert_nonnull(strstr(a, "value='mem-lock=on,cpu-pm=on'"));
	g_assert_nonnull(strstr(a, "<iothreads>1</iothreads>"));
	g_assert_nonnull(strstr(a, "<![CDATA[<vcpu>]]>"));
	g_assert_nonnull(strstr(a, "<vcpusched vcpus='0-3' scheduler='rr' priority='7'/>"));
	g_assert_null(strstr(a, "priority='5'"));
	g_assert_nonnull(strstr(b, "<vcpusched vcpus='0,1' scheduler='fifo' priority='5'/>"));
	g_assert_null(strstr(a, "vcpu='9'"));
	g_assert_null(strstr(a, "current="));
	g_assert_null(strstr(b, "cpu-pm"));
	g_assert_null(strstr(b, "vcpupin"));
}

static void test_pins(Fixture *fixture, gconstpointer data)
{
	static const char text[] = "<domain><cputune><vcpupin vcpu='1' cpuset='7'/>"
				   "<vcpupin vcpu='0' cpuset='1-2'/>"
				   "<vcpupin vcpu='99' cpuset='3'/></cputune></domain>";
	g_autoptr(GArray) pins = merge_pins("base", text, strlen(text), 2, NULL);

	(void)fixture;
	(void)data;
	g_assert_cmpuint(pins->len, ==, 2);
	g_assert_cmpuint(g_array_index(pins, unsigned, 0), ==, HOST_NONE);
	g_assert_cmpuint(g_array_index(pins, unsigned, 1), ==, 7);
	g_assert_null(merge_pins("base", "<x/>", 4, 2, NULL));
}

/* A note quotes the base; what a terminal would obey is '?' in it, and stays in the result. */
static void test_quotes(Fixture *fixture, gconstpointer data)
{
	static const char hostile[] =
		"<domain type='x&#10;y'><name>a\x7f\xc2\x9b</name><memory>1048576</memory>"
		"<vcpu>4</vcpu><cputune><emulatorpin cpuset='1,\xe2\x80\xae'/></cputune>"
		"<os><type arch='x86_64'>hvm</type></os></domain>";
	g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *text = merged_with_notes(fixture, "a", hostile, strlen(hostile), notes);

	(void)data;
	g_assert_cmpuint(notes->len, ==, 2);
	g_assert_true(g_str_has_prefix(g_ptr_array_index(notes, 0),
				       "the base is the domain 'a\?\?', which stays"));
	g_assert_true(g_str_has_prefix(g_ptr_array_index(notes, 1),
				       "the base is of type x?y and arch x86_64: "));
	g_assert_nonnull(strstr(text, "<name>a\x7f\xc2\x9b</name>"));
}

/* What libvirt refuses of the base, and merging leaves alone, is said. */
static void test_refusal(Fixture *fixture, gconstpointer data)
{
	static const char *const bases[] = {
		"<cputune><vcpusched vcpus='0-1' scheduler='fifo' priority='1'/>"
		"<vcpusched vcpus='1' scheduler='fifo' priority='2'/></cputune>",
		"<cputune><vcpusched vcpus='0-1' scheduler='fifo' priority='1'/></cputune>"};

	(void)data;
	for (unsigned i = 0; i < G_N_ELEMENTS(bases); i++) {
		g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
		g_autofree char *domain =
			g_strconcat("<domain type='kvm'><name>b</name><memory unit='GiB'>1</memory>"
				    "<vcpu>2</vcpu><os><type arch='x86_64'>hvm</type></os>",
				    bases[i], "</domain>", NULL);
		g_autofree char *text =
			merged_with_notes(fixture, "b", domain, strlen(domain), notes);
		const char *last = notes->len ? g_ptr_array_index(notes, notes->len - 1) : "";

		g_assert_nonnull(text);
		g_assert_cmpint(g_str_has_prefix(last, "libvirt refuses the result: 'vcpusched'"),
				==, i == 0);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_true(libxml_load());
	g_test_add("/merge/whole", Fixture, NULL, set_up, test_whole, tear_down);
	g_test_add("/merge/pins", Fixture, NULL, set_up, test_pins, tear_down);
	g_test_add("/merge/quotes", Fixture, NULL, set_up, test_quotes, tear_down);
	g_test_add("/merge/refusal", Fixture, NULL, set_up, test_refusal, tear_down);
	g_test_add("/merge/cut", Fixture, NULL, set_up, test_cut, tear_down);
	g_test_add("/merge/corrupt", Fixture, NULL, set_up, test_corrupt, tear_down);
	return g_test_run();
}
