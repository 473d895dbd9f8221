/* SPDX-License-Identifier: MIT */
#include "topology/base/error.h"
#include "topology/host/host.h"

#include <glib/gstdio.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

static char *hosts; /* the directory of topologies */

static Host *load(const char *source)
{
	g_autoptr(GError) error = NULL;
	Host *host = host_load(source, &error);

	g_assert_no_error(error);
	g_assert_nonnull(host);
	return host;
}

static Host *load_file(const char *name)
{
	g_autofree char *path = g_build_filename(hosts, name, NULL);

	return load(path);
}

static void assert_one_line(const GError *error)
{
	g_assert_nonnull(error);
	g_assert_true(error->domain == PLANNER_ERROR);
	g_assert_true(g_utf8_validate(error->message, -1, NULL));
	g_assert_null(strchr(error->message, '\n'));
	g_assert_cmpuint(strlen(error->message), <, 600);
}

/* SOURCE is refused, with a line that starts with it and has PART in it. */
static void assert_refused(const char *source, const char *part)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Host) host = host_load(source, &error);

	if (host || !strstr(error->message, part))
		g_test_message("%.80s: %s", source, host ? "accepted" : error->message);
	g_assert_null(host);
	assert_one_line(error);
	if (g_utf8_validate(source, -1, NULL) && !strchr(source, '\n'))
		g_assert_true(g_str_has_prefix(error->message, source));
	g_assert_nonnull(strstr(error->message, part));
}

static void assert_xml_refused(const char *xml, size_t length, const char *part)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Host) host = host_load_xml("some.xml", xml, length, &error);

	if (host || !strstr(error->message, part))
		g_test_message("%s; wanted: %s", host ? "accepted" : error->message, part);
	g_assert_null(host);
	assert_one_line(error);
	g_assert_true(g_str_has_prefix(error->message, "some.xml: "));
	g_assert_nonnull(strstr(error->message, part));
}

static void assert_list(hwloc_const_bitmap_t set, const char *expected)
{
	g_autofree char *text = cpulist_format(set);

	g_assert_cmpstr(text, ==, expected);
}

/* The oracles: what a program without hwloc found in the same files. */

static json_int_t integer(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key)); /* null is 0 */
}

static const char *string(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static bool is_plain(const json_t *oracle, json_int_t id)
{
	const json_t *numa = json_object_get(oracle, "numa"), *node;
	size_t i;

	json_array_foreach (numa, i, node)
		if (integer(node, "os") == id) {
			const char *subtype = string(node, "subtype");

			return !subtype || g_str_equal(subtype, "DRAM");
		}
	return false;
}

static json_int_t oracle_home(const json_t *oracle, const json_t *core)
{
	const json_t *nodes = json_object_get(core, "numa"), *node;
	json_int_t home = G_MAXINT64;
	size_t i;

	json_array_foreach (nodes, i, node) {
		if (is_plain(oracle, json_integer_value(node)))
			home = MIN(home, json_integer_value(node));
	}
	return home;
}

static void assert_core(const Host *host, const json_t *oracle, const json_t *expected)
{
	const json_t *pus = json_object_get(expected, "pus"), *pu;
	const json_t *l3 = json_object_get(expected, "l3");
	unsigned first = (unsigned)json_integer_value(json_array_get(pus, 0));
	const Core *core;
	size_t i;

	json_array_foreach (pus, i, pu) {
		first = MIN(first, (unsigned)json_integer_value(pu));
	}
	g_assert_cmpuint(host_core_of(host, first), !=, HOST_NONE);
	core = host_core(host, host_core_of(host, first));
	g_assert_cmpuint(core->n_cpus, ==, json_array_size(pus));
	json_array_foreach (pus, i, pu) {
		unsigned cpu = (unsigned)json_integer_value(pu);

		g_assert_true(host_core(host, host_core_of(host, cpu)) == core);
	}
	g_assert_cmpint(core->package, ==, integer(expected, "package"));
	g_assert_cmpint(core->kind, ==, integer(expected, "kind"));
	g_assert_cmpint(host_node(host, core->node)->id, ==, oracle_home(oracle, expected));
	if (json_is_null(l3))
		g_assert_cmpuint(core->l3, ==, HOST_NONE);
	else
		assert_list(g_array_index(host->l3s, L3, core->l3).cpus,
			    string(json_array_get(json_object_get(oracle, "l3"),
						  (size_t)json_integer_value(l3)),
				   "cpus"));
}

static void assert_nodes(const Host *host, const json_t *oracle)
{
	const json_t *numa = json_object_get(oracle, "numa"), *node;
	size_t i;

	g_assert_cmpuint(host->nodes->len, ==, json_array_size(numa));
	json_array_foreach (numa, i, node) {
		unsigned position = host_node_of_id(host, (unsigned)integer(node, "os"));
		const char *subtype = string(node, "subtype");
		const NumaNode *found;

		g_assert_cmpuint(position, !=, HOST_NONE);
		found = host_node(host, position);
		g_assert_cmpuint(found->memory, ==, (uint64_t)integer(node, "mem"));
		if (is_plain(oracle, integer(node, "os"))) {
			g_assert_null(found->subtype);
			assert_list(found->cpus, string(node, "cpus"));
		} else {
			g_assert_cmpstr(found->subtype, ==, subtype);
			assert_list(found->cpus, "");
		}
	}
}

static void assert_l3s(const Host *host, const json_t *oracle)
{
	const json_t *l3s = json_object_get(oracle, "l3"), *l3;
	unsigned with_cpus = 0;
	size_t i;

	json_array_foreach (l3s, i, l3) {
		with_cpus += *string(l3, "cpus") ? 1 : 0;
	}
	g_assert_cmpuint(host->l3s->len, ==, with_cpus);
	for (guint at = 1; at < host->l3s->len; at++)
		g_assert_cmpint(hwloc_bitmap_first(g_array_index(host->l3s, L3, at - 1).cpus), <,
				hwloc_bitmap_first(g_array_index(host->l3s, L3, at).cpus));
}

static void assert_ascending(const Host *host)
{
	for (guint i = 1; i < host->cores->len; i++)
		g_assert_cmpuint(host_core(host, i - 1)->cpu[0], <, host_core(host, i)->cpu[0]);
	for (guint i = 1; i < host->nodes->len; i++)
		g_assert_cmpuint(host_node(host, i - 1)->id, <, host_node(host, i)->id);
}

static void test_oracle(gconstpointer name)
{
	g_autofree char *xml = g_strconcat(name, ".xml", NULL);
	g_autofree char *path = g_strconcat(hosts, "/", name, ".oracle.json", NULL);
	json_t *oracle = json_load_file(path, 0, NULL);
	const json_t *cores = json_object_get(oracle, "cores"), *core;
	size_t kinds = json_array_size(json_object_get(oracle, "kinds")), i;
	g_autoptr(Host) host = load_file(xml);

	g_assert_nonnull(oracle);
	g_assert_cmpuint(host->cores->len, ==, json_array_size(cores));
	json_array_foreach (cores, i, core) {
		assert_core(host, oracle, core);
	}
	assert_nodes(host, oracle);
	assert_l3s(host, oracle);
	assert_ascending(host);
	assert_list(host->online, string(oracle, "pus"));
	assert_list(host->offline, string(oracle, "not_present"));
	assert_list(host->allowed, string(oracle, "allowed"));
	g_assert_cmpuint(host->n_kinds, ==, MAX(kinds, 1));
	g_assert_false(host->live);
	json_decref(oracle);
}

static void oracles_add(void)
{
	g_autoptr(GDir) directory = g_dir_open(hosts, 0, NULL);
	const char *name;

	g_assert_nonnull(directory);
	while ((name = g_dir_read_name(directory))) {
		g_autofree char *stem = NULL;
		g_autofree char *path = NULL;

		if (!g_str_has_suffix(name, ".oracle.json"))
			continue;
		stem = g_strndup(name, strlen(name) - strlen(".oracle.json"));
		path = g_strconcat("/host/oracle/", stem, NULL);
		g_test_add_data_func_full(path, g_strdup(stem), test_oracle, g_free);
	}
}

/* Partial cores, as the documents have them: lost siblings, but not SMT off. */
static void assert_partial(const char *name, const char *cpus)
{
	g_autoptr(Host) host = load_file(name);
	g_auto(CpuSet) partial = hwloc_bitmap_alloc();

	for (guint i = 0; i < host->cores->len; i++)
		if (host_core(host, i)->partial)
			hwloc_bitmap_set(partial, host_core(host, i)->cpu[0]);
	assert_list(partial, cpus);
}

static void test_partial(void)
{
	assert_partial("offline-4s2c2t.xml", "6,10"); /* 14 and 2 are offline */
	assert_partial("host-2s18c1t-smt-off.xml", "");
	assert_partial("hybrid-6p8e.xml", "");
	assert_partial("host-2s18c2t.xml", "");
	assert_partial("cgroup-4s8c.xml", "");
}

static void test_devices(void)
{
	g_autoptr(Host) host = load_file("host-2s18c2t.xml");
	const Device *device = host_device(host, "hsi0");

	g_assert_nonnull(device);
	g_assert_cmpstr(device->busid, ==, "0000:08:00.0");
	g_assert_cmpuint(device->node, ==, 0);
	g_assert_nonnull(host_device(host, "0000:0c:00.1"));
	g_assert_cmpstr(host_device(host, "0000:0c:00.1")->name, ==, "enp12s0f1");
	g_assert_cmpstr(host_device(host, "0000:0b:00.0")->name, ==, "0000:0b:00.0");
	g_assert_cmpuint(host_device(host, "sda")->node, ==, HOST_NONE);
	g_assert_null(host_device(host, "eth99"));
}

static void test_x6(void)
{
	g_autoptr(Host) host = load_file("x6.xml");
	g_autoptr(Host) same = load("pack:2 [numa(memory=206158430208)] l3:1(size=25952256) "
				    "core:18 pu:2(indexes=2*36:36*1)");
	g_autoptr(Host) other = load("pack:2 [numa] l3:1 core:18 pu:2");

	g_assert_cmpuint(host_core(host, host_core_of(host, 46))->cpu[0], ==, 10);
	g_assert_cmpuint(host->max_threads, ==, 2);
	assert_list(host_node(host, 1)->cpus, "18-35,54-71");
	g_assert_true(host_has_cpu(host, 71) && !host_has_cpu(host, 72));
	g_assert_cmpuint(host_core_of(host, 72), ==, HOST_NONE);
	g_assert_cmpstr(host->fingerprint, ==, same->fingerprint);
	g_assert_cmpstr(host->fingerprint, !=, other->fingerprint);
	g_assert_true(g_str_has_prefix(host->fingerprint, "sha256:"));
	g_assert_cmpuint(strlen(host->fingerprint), ==, strlen("sha256:") + 64);
}

static void test_synthetic(void)
{
	g_autoptr(Host) smt8 = load("pack:2 [numa] l3:2 core:4 pu:8");
	g_autoptr(Host) largest = load("pack:8 [numa] l3:16 core:8 pu:8");
	g_autoptr(Host) list = load("core:2 pu:2(indexes=3,1,2,0)");
	g_autoptr(Host) plain = load("core:2 pu:2(indexes=0,1,2,3)");
	g_autoptr(Host) coreless = load("pack:2 pu:4");

	g_assert_cmpuint(smt8->max_threads, ==, 8);
	g_assert_cmpuint(smt8->cores->len, ==, 16);
	g_assert_cmpuint(largest->cores->len, ==, 1024);
	assert_list(largest->online, "0-8191");
	g_assert_cmpuint(host_core(list, 0)->cpu[1], ==, 2);
	g_assert_cmpuint(host_core(list, 1)->cpu[1], ==, 3);
	g_assert_cmpuint(host_core(plain, 0)->cpu[1], ==, 1);
	g_assert_cmpuint(coreless->cores->len, ==, 8); /* a PU without a core is one */
	g_assert_cmpuint(host_core(coreless, 7)->package, ==, 1);
}

/* hwloc takes 0 for 1 GiB since 2.9.2, GB for GiB before 2.8, and gives a host without nodes 1 GiB.
 */
/* Many objects side by side are the same host as a product of them, whatever numbers them. */
static void test_synthetic_wide(void)
{
	static const char *const pairs[][2] = {
		{"core:1024 pu:2(indexes=2*1024:1024*1)",
		 "group:32 core:32 pu:2(indexes=2*1024:1024*1)"},
		{"numa:256(memory=1073741824) core:2 pu:1",
		 "group:2 numa:128(memory=1073741824) core:2 pu:1"},
		{"[numa] l3:130 core:2 pu:2", "[numa] group:10 l3:13 core:2 pu:2"},
		{"pu:512", "core:512 pu:1"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(pairs); i++) {
		g_autoptr(Host) wide = load(pairs[i][0]), product = load(pairs[i][1]);

		g_assert_cmpstr(wide->fingerprint, ==, product->fingerprint);
	}
}

static void test_synthetic_memory(void)
{
	static const struct {
		const char *text;
		uint64_t bytes[2];
	} rows[] = {
		{"pack:2 [numa] core:1 pu:1", {0, 0}},
		{"pack:2 [numa(memory=0)] core:1 pu:1", {0, 0}},
		{"pack:2 core:1 pu:1", {0}},
		{"pack:2 [numa(memory=16GB)] core:1 pu:1", {16000000000, 16000000000}},
		{"pack:2 [numa(memory=1TiB indexes=1,0)] core:1 pu:1",
		 {UINT64_C(1) << 40, UINT64_C(1) << 40}},
		{"numa:2(indexes=1,0 memory=3kiB) core:1 pu:1", {3072, 3072}},
		{"pack:1 [numa(memory=4GiB)] [numa] core:1 pu:1", {UINT64_C(4) << 30, 0}},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(Host) host = load(rows[i].text);

		for (unsigned n = 0; n < host->nodes->len; n++)
			g_assert_cmpuint(host_node(host, n)->memory, ==, rows[i].bytes[n]);
	}
	assert_refused("pack:2 [numa(memory=16G)] core:2 pu:1", "memory=16G of numa is not a size");
	assert_refused("pack:2 [numa(memory=)] core:2 pu:1", "is not a size");
	assert_refused("numa:2(memory=99999999TB) core:2 pu:1", "is not a size");
	assert_refused("numa:2(memory=1 memory=2) core:2 pu:1", "is not a level");
}

static void test_synthetic_refused(void)
{
	assert_refused("pack:2 core:18 pu:2(indexes=2*36:36*2)", "no effect");
	assert_refused("pack:2 core:18 pu:2(indexes=core:wrong)", "no effect");
	assert_refused("pack:4(indexes=core) core:2 pu:2", "must name it or levels above it");
	assert_refused("pack:2 numa:2(indexes=core) core:2 pu:2",
		       "must name it or levels above it");
	assert_refused("pack:2 [numa(indexes=core)] core:2 pu:2",
		       "must name it or levels above it");
	assert_refused("pack:2 core:2 pu:2(indexes=0,1,2)", "8 different numbers");
	assert_refused("core:2 pu:2(indexes=0,1,2,2)", "4 different numbers");
	assert_refused("core:2 pu:2(indexes=0,1,2,3,4)", "4 different numbers");
	assert_refused("core:2 pu:2(indexes=0,1,2,3,3)", "4 different numbers");
	assert_refused("core:2 pu:2(indexes=0,1,2,8192)", "below 8192");
	assert_refused("core:2 pu:2(indexes=0,1,2,)", "4 different numbers");
	assert_refused("pack:2 [numa(indexes=1,1)] pu:2", "2 different numbers");
	assert_refused("core:2 pu:2(indexes=3333333333,1,2,0)", "4 different numbers");
	assert_refused("core:2 pu:2(indexes=65536*65536:65536*65536)", "must be numbers");
	assert_refused("core:2 pu:2(indexes=2*2:8192*8192)", "must be numbers");
	assert_refused("core:2 pu:2(indexes=*2)", "must be numbers");
	assert_refused("core:2 pu:2(indexes=)", "4 different numbers");
	assert_refused("pu:4000000000", "not a level");
	assert_refused("pack:8000 core:8000 pu:8000", "more than 8192");
	assert_refused("core:8191 pu:1", "write them as a product");
	assert_refused("pack:1024 [numa] [numa] pu:1", "1024 NUMA nodes");
	assert_refused("pack:2 core:4 pu:16", "more than 8 CPUs");
	assert_refused("core:010 pu:1", "is not a level");
	assert_refused("core:0 pu:1", "is not a level");
	assert_refused("core:-1 pu:1", "is not a level");
	assert_refused("core:2 pu:2 rubbish", "is not a level");
	assert_refused("core:2", "must end with the CPUs");
	assert_refused("pu:2 core:2", "must end with the CPUs");
	assert_refused("core:2 [numa]", "must end with the CPUs");
	assert_refused("rubbish:2 pu:2", "does not accept");
	assert_refused("core:2 pu:2(indexes=0,1", "is not a level");
}

static void test_paths_refused(void)
{
	assert_refused("no-such-file", "No such file");
	assert_refused("no/such:file", "No such file");
	assert_refused("/dev/zero", "not a regular file");
	assert_refused("/dev/null", "not a regular file");
	assert_refused(hosts, "not the root of a captured machine");
	assert_refused("", "No such file");
	assert_refused("a\nb/c", "No such file");
	assert_refused("\xff:1", "is not a level");
}

/* XML */

#define HEAD                                                                                       \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                                             \
	"<!DOCTYPE topology SYSTEM \"hwloc2.dtd\">\n"                                              \
	"<topology version=\"2.0\">\n"
#define SETS(hex) " cpuset=\"" hex "\" complete_cpuset=\"" hex "\""
#define NODES " nodeset=\"0x1\" complete_nodeset=\"0x1\""
#define MACHINE(inside)                                                                            \
	HEAD "<object type=\"Machine\" os_index=\"0\"" SETS("0x3") NODES                           \
		" allowed_cpuset=\"0x3\" allowed_nodeset=\"0x1\">\n"                               \
		"<info name=\"Architecture\" value=\"&lt;&amp;&quot;'&gt;\"/>\n"                   \
		"<object type=\"NUMANode\" os_index=\"0\"" SETS("0x3") NODES                       \
		" local_memory=\"4096\"/>\n" inside "</object>\n</topology>\n"
#define PU(index, hex) "<object type=\"PU\" os_index=\"" index "\"" SETS(hex) NODES "/>\n"

/* What users put in: not planner's, and no error. */
#define USERS                                                                                      \
	"<!-- mine --><other><object/></other><userdata>x</userdata>"                              \
	"<object type=\"Misc\" name=\"DIMM&lt;\"><object type=\"Misc\"/></object>"

static void assert_text_refused(const char *xml, const char *part)
{
	assert_xml_refused(xml, strlen(xml), part);
}

/* A core of the CPUs HEX, of which ALL are known; its PUs follow, then CLOSE. */
#define CORE(hex, all)                                                                             \
	"<object type=\"Core\" os_index=\"0\" cpuset=\"" hex "\" complete_cpuset=\"" all           \
	"\"" NODES ">"
#define CLOSE "</object>\n"

static Host *load_text(const char *xml)
{
	g_autoptr(GError) error = NULL;
	Host *host = host_load_xml("some.xml", xml, strlen(xml), &error);

	g_assert_no_error(error);
	return host;
}

static void test_xml(void)
{
	static const char xml[] = MACHINE(PU("0", "0x1") PU("1", "0x2") USERS);
	g_autoptr(Host) host = load_text(xml);

	g_assert_cmpuint(host->cores->len, ==, 2);
	g_assert_cmpuint(host_node(host, 0)->memory, ==, 4096);
	g_assert_cmpstr(host->arch, ==, "<&\"'>");
}

/* Home is the plain memory, though the other has the lower number. */
static void test_home(void)
{
	g_autoptr(Host) host = load_text(HEAD "<object type=\"Machine\"" SETS(
		"0x1") " nodeset=\"0x7\" complete_nodeset=\"0x7\""
		       " allowed_cpuset=\"0x1\" allowed_nodeset=\"0x7\">\n"
		       "<object type=\"NUMANode\" os_index=\"0\" subtype=\"HBM\"" SETS(
			       "0x1") " nodeset=\"0x1\" complete_nodeset=\"0x1\"/>\n"
				      "<object type=\"NUMANode\" os_index=\"1\" "
				      "subtype=\"DRAM\"" SETS(
					      "0x1") " nodeset=\"0x2\" complete_nodeset=\"0x2\"/>\n"
						     "<object type=\"NUMANode\" "
						     "os_index=\"2\"" SETS(
							     "0x1") " nodeset=\"0x4\" "
								    "complete_nodeset=\"0x4\"/"
								    ">\n" PU("0", "0x1") CLOSE
					 "</topology>");

	g_assert_cmpuint(host->nodes->len, ==, 3);
	g_assert_cmpuint(host_core(host, 0)->node, ==, 1);
	g_assert_cmpstr(host_node(host, 0)->subtype, ==, "HBM");
	g_assert_null(host_node(host, 1)->subtype);
	assert_list(host_node(host, 0)->cpus, "");
	assert_list(host_node(host, 2)->cpus, "");
}

static void test_partial_or_not(void)
{
	/* thinner, but no CPU is missing: a hybrid machine that does not say so */
	g_autoptr(Host) hybrid = load_text(
		HEAD "<object type=\"Machine\"" SETS("0x7") NODES
		" allowed_cpuset=\"0x7\" allowed_nodeset=\"0x1\">\n"
		"<object type=\"NUMANode\" os_index=\"0\"" SETS("0x7") NODES
		"/>\n" CORE("0x3", "0x3") PU("0", "0x1") PU("1", "0x2") CLOSE CORE("0x4", "0x4")
			PU("2", "0x4") CLOSE CLOSE "</topology>");
	/* all cores have lost a sibling: SMT is off */
	g_autoptr(Host) smt_off = load_text(
		HEAD "<object type=\"Machine\" cpuset=\"0x3\" complete_cpuset=\"0xf\"" NODES
		     " allowed_cpuset=\"0x3\" allowed_nodeset=\"0x1\">\n"
		     "<object type=\"NUMANode\" os_index=\"0\"" SETS("0x3") NODES
		"/>\n" CORE("0x1", "0x5") PU("0", "0x1") CLOSE CORE("0x2", "0xa") PU("1", "0x2")
			CLOSE CLOSE "</topology>");

	g_assert_false(host_core(hybrid, 0)->partial || host_core(hybrid, 1)->partial);
	g_assert_false(host_core(smt_off, 0)->partial || host_core(smt_off, 1)->partial);
	assert_list(smt_off->offline, "2-3");
}

static void test_xml_refused(void)
{
	assert_text_refused("", "not well-formed");
	assert_text_refused("\n", "not well-formed");
	assert_text_refused("pack:2", "not well-formed");
	assert_text_refused("<domain type='kvm'></domain>", "begins with <topology>");
	assert_text_refused(HEAD "</topology>", "without PUs");
	assert_text_refused(MACHINE(""), "without PUs");
	assert_text_refused("<topology></topology>", "is of hwloc 1");
	assert_text_refused("<topology version=\"3.0\"></topology>", "is not of hwloc 2");
	assert_text_refused("<topology version=\"2.0&#10;\"></topology>", "is not of hwloc 2");
	assert_text_refused(HEAD "<object type=\"Package\"/></topology>", "not a Machine");
	assert_text_refused(MACHINE("<object os_index=\"1\"/>"), "type ''");
	assert_text_refused(MACHINE("<object type=\"pU\"/>"), "type 'pU'");
}

/* hwloc itself loads most of these, or dies of them. */
static void test_xml_objects(void)
{
	assert_text_refused(MACHINE(PU("0", "0x1") PU("0", "0x1")), "CPUs of the one before");
	assert_text_refused(MACHINE(PU("0", "0x2") PU("1", "0x1")), "cpuset of other CPUs");
	assert_text_refused(MACHINE(PU("0", "0x3")), "cpuset of other CPUs");
	assert_text_refused(MACHINE(PU("2", "0x4")), "not within that of its Machine");
	assert_text_refused(MACHINE(PU("-1", "0x1")), "os_index below 8192");
	assert_text_refused(MACHINE(PU("8192", "0x1")), "os_index below 8192");
	assert_text_refused(MACHINE(PU("4294967296", "0x1")), "os_index below 8192");
	assert_text_refused(MACHINE(PU("", "0x1")), "os_index below 8192");
	assert_text_refused(MACHINE("<object type=\"PU\"" SETS("0x1") NODES "/>"),
			    "os_index below 8192");
	assert_text_refused(MACHINE("<object type=\"NUMANode\" os_index=\"99999999\"/>"),
			    "os_index below 4096");
	assert_text_refused(
		MACHINE("<object type=\"NUMANode\" os_index=\"0\"" SETS("0x1") NODES "/>"),
		"two NUMANodes");
	assert_text_refused(MACHINE(PU("0", "0x1,zz")), "not a set");
	assert_text_refused(MACHINE(PU("0", "0xf...f")), "not a set");
	assert_text_refused(MACHINE(PU("0", "")), "not a set");
	assert_text_refused(MACHINE(PU("0", "0x1,")), "not a set");
	assert_text_refused(MACHINE(PU("0", "0x100000001")), "not a set");
	assert_text_refused(MACHINE(PU("0", "0x-1")), "not a set");
	assert_text_refused(MACHINE(PU("0", ",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,0x1")),
			    "not a set");
	assert_text_refused(MACHINE("<object type=\"PU\" os_index=\"0\"/>"), "not a set");
	assert_text_refused(MACHINE("<object type=\"Core\"" SETS("0x3") NODES
				    "><object type=\"Core\"" SETS("0x3") NODES "/></object>"),
			    "a Core cannot be in a Core");
}

static void test_xml_entities(void)
{
	static const char bomb[] =
		"<?xml version=\"1.0\"?>\n<!DOCTYPE topology [\n"
		"<!ENTITY a \"aaaaaaaaaa\">\n"
		"<!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">\n"
		"<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\">\n"
		"]>\n<topology version=\"2.0\"><object type=\"&c;\"/></topology>";
	static const char file[] = "<?xml version=\"1.0\"?>\n<!DOCTYPE topology [\n"
				   "<!ENTITY e SYSTEM \"file:///etc/passwd\">\n]>\n"
				   "<topology version=\"2.0\">&e;</topology>";
	static const char parameter[] = "<?xml version=\"1.0\"?>\n<!DOCTYPE topology [\n"
					"<!ENTITY % p SYSTEM \"file:///etc/passwd\"> %p;\n]>\n"
					"<topology version=\"2.0\"></topology>";

	assert_text_refused(bomb, "entities");
	assert_text_refused(file, "entities");
	assert_text_refused(parameter, "entities");
	assert_text_refused(HEAD "&undeclared;</topology>", "Entity name");
	assert_text_refused(HEAD "<object type=\"&undeclared;\"/></topology>", "Entity name");
}

/* Every prefix of a real file, and the file with one byte changed: an answer, never a crash. */
static void test_xml_damaged(void)
{
	g_autofree char *path = g_build_filename(hosts, "small-1s2c.xml", NULL);
	g_autofree char *xml = NULL;
	gsize length;

	g_assert_true(g_file_get_contents(path, &xml, &length, NULL));
	for (gsize cut = 0; cut < length - 2; cut += 7)
		assert_xml_refused(xml, cut, "");
	for (gsize at = 0; at < length; at += 3) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Host) host = NULL;
		char was = xml[at];

		xml[at] = (char)g_test_rand_int();
		host = host_load_xml("some.xml", xml, length, &error);
		g_assert_true(host || error);
		xml[at] = was;
	}
}

static void test_xml_large(void)
{
	g_autofree char *name = NULL;
	int fd = g_file_open_tmp("planner-XXXXXX", &name, NULL);

	g_assert_cmpint(ftruncate(fd, (64 << 20) + 1), ==, 0);
	g_close(fd, NULL);
	assert_refused(name, "larger than 64 MiB");
	g_unlink(name);
}

/* Captured roots */

static void put(const char *root, const char *path, const char *text)
{
	g_autofree char *file = g_build_filename(root, path, NULL);
	g_autofree char *directory = g_path_get_dirname(file);

	g_assert_cmpint(g_mkdir_with_parents(directory, 0700), ==, 0);
	g_assert_true(g_file_set_contents(file, text, -1, NULL));
}

static void put_cpu(const char *root, unsigned cpu)
{
	static const struct {
		const char *path, *text[4];
	} files[] = {
		{"topology/physical_package_id", {"0", "1", "0", "1"}},
		{"topology/core_id", {"0", "0", "0", "0"}},
		{"topology/core_cpus", {"5", "a", "5", "a"}},
		{"topology/core_cpus_list", {"0,2", "1,3", "0,2", "1,3"}},
		{"topology/package_cpus", {"5", "a", "5", "a"}},
		{"topology/package_cpus_list", {"0,2", "1,3", "0,2", "1,3"}},
		{"cache/index0/level", {"3", "3", "3", "3"}},
		{"cache/index0/type", {"Unified", "Unified", "Unified", "Unified"}},
		{"cache/index0/size", {"1024K", "1024K", "1024K", "1024K"}},
		{"cache/index0/shared_cpu_map", {"5", "a", "5", "a"}},
		{"cache/index0/shared_cpu_list", {"0,2", "1,3", "0,2", "1,3"}},
	};

	for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path =
			g_strdup_printf("sys/devices/system/cpu/cpu%u/%s", cpu, files[i].path);
		g_autofree char *line = g_strconcat(files[i].text[cpu], "\n", NULL);

		put(root, path, line);
	}
}

/* A machine of 2 sockets with a core of 2 threads each: CPUs 0,2 and 1,3. */
static char *capture_new(void)
{
	char *root = g_dir_make_tmp("planner-XXXXXX", NULL);

	g_assert_nonnull(root);
	for (unsigned cpu = 0; cpu < 4; cpu++)
		put_cpu(root, cpu);
	put(root, "sys/devices/system/cpu/online", "0-3\n");
	put(root, "sys/devices/system/cpu/present", "0-3\n");
	put(root, "sys/devices/system/cpu/possible", "0-3\n");
	put(root, "sys/devices/system/node/online", "0-1\n");
	put(root, "sys/devices/system/node/node0/cpumap", "5\n");
	put(root, "sys/devices/system/node/node0/cpulist", "0,2\n");
	put(root, "sys/devices/system/node/node0/meminfo", "Node 0 MemTotal:  1048576 kB\n");
	put(root, "sys/devices/system/node/node1/cpumap", "a\n");
	put(root, "sys/devices/system/node/node1/cpulist", "1,3\n");
	put(root, "sys/devices/system/node/node1/meminfo", "Node 1 MemTotal:  1048576 kB\n");
	put(root, "proc/cpuinfo", "processor\t: 0\n");
	return root;
}

static void tree_remove(char *root)
{
	const char *arguments[] = {"rm", "-rf", "--", root, NULL};

	g_assert_true(g_spawn_sync(NULL, (char **)arguments, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL,
				   NULL, NULL, NULL, NULL));
	g_free(root);
}

static void test_capture(void)
{
	char *root = capture_new(), *before = g_get_current_dir();
	g_autoptr(Host) host = load(root), relative = NULL, same = NULL;

	g_assert_cmpuint(host->cores->len, ==, 2);
	g_assert_cmpuint(host_core(host, 0)->cpu[1], ==, 2);
	g_assert_cmpuint(host_core(host, 1)->package, ==, 1);
	g_assert_cmpuint(host_core(host, 1)->node, ==, 1);
	g_assert_cmpuint(host_node(host, 0)->memory, ==, 1 << 30);
	g_assert_cmpuint(host->l3s->len, ==, 2);
	g_assert_false(host->live);
	g_assert_cmpint(g_chdir(root), ==, 0);
	relative = load(".");
	g_assert_cmpint(g_chdir(before), ==, 0);
	g_assert_cmpstr(host->fingerprint, ==, relative->fingerprint);
	same = load("pack:2 [numa] l3:1 core:1 pu:2(indexes=0,2,1,3)");
	g_assert_cmpstr(host->fingerprint, ==, same->fingerprint);
	g_free(before);
	tree_remove(root);
}

/* The sibling of CPU 1 is switched off: its directory stays, its topology/ goes. */
static void test_capture_offline(void)
{
	char *root = capture_new();
	g_autoptr(Host) host = NULL;

	put(root, "sys/devices/system/cpu/online", "0-2\n");
	put(root, "sys/devices/system/cpu/cpu3/online", "0\n");
	put(root, "sys/devices/system/cpu/cpu1/topology/core_cpus", "2\n");
	host = load(root);
	assert_list(host->online, "0-2");
	assert_list(host->offline, "3");
	g_assert_false(host_core(host, 0)->partial);
	g_assert_true(host_core(host, 1)->partial);
	tree_remove(root);
}

/* SMT is off: every second CPU is, and no core is partial. */
static void test_capture_smt_off(void)
{
	char *root = capture_new();
	g_autoptr(Host) host = NULL;

	put(root, "sys/devices/system/cpu/online", "0-1\n");
	put(root, "sys/devices/system/cpu/cpu2/online", "0\n");
	put(root, "sys/devices/system/cpu/cpu3/online", "0\n");
	put(root, "sys/devices/system/cpu/cpu0/topology/core_cpus", "1\n");
	put(root, "sys/devices/system/cpu/cpu1/topology/core_cpus", "2\n");
	host = load(root);
	assert_list(host->online, "0-1");
	assert_list(host->offline, "2-3");
	g_assert_false(host_core(host, 0)->partial || host_core(host, 1)->partial);
	tree_remove(root);
}

static void assert_capture_refused(const char *path, const char *part)
{
	char *root = capture_new();

	tree_remove(g_build_filename(root, path, NULL));
	assert_refused(root, part);
	tree_remove(root);
}

/* What collectors of support data leave out, and hwloc does not miss. */
static void test_capture_refused(void)
{
	char *root = capture_new();

	assert_capture_refused("sys/devices/system/node/node1/cpumap", "no cpumap");
	assert_capture_refused("sys/devices/system/cpu/cpu2/topology/core_cpus", "no core_cpus");
	assert_capture_refused("sys/devices/system/cpu/cpu0/topology/package_cpus",
			       "no package_cpus");
	assert_capture_refused("sys/devices/system/cpu/cpu1/cache/index0/shared_cpu_map",
			       "no shared_cpu_map");
	assert_capture_refused("sys/devices/system/cpu/cpu2/topology", "online CPUs 2 are not");
	assert_capture_refused("sys/devices/system/cpu/cpu2", "cut short");
	assert_capture_refused("sys/devices/system/node/node0", "no NUMA node holds");
	assert_capture_refused("sys/devices/system/node", "several packages but no");
	put(root, "sys/devices/system/cpu/cpu0/topology/core_cpus", "");
	assert_refused(root, "which is damaged");
	put(root, "sys/devices/system/cpu/cpu0/topology/core_cpus", "x\n");
	assert_refused(root, "which is damaged");
	put_cpu(root, 0);
	put(root, "sys/devices/system/cpu/online", "");
	assert_refused(root, "online names no CPU");
	put(root, "sys/devices/system/cpu/online", "0-3\n");
	tree_remove(g_build_filename(root, "sys/devices/system/cpu/cpu0/topology/core_cpus", NULL));
	tree_remove(g_build_filename(root, "sys/devices/system/cpu/cpu0/topology/core_cpus_list",
				     NULL));
	assert_refused(root, "which CPUs share a core");
	put_cpu(root, 0);
	put(root, "sys/devices/system/node/node1/cpulist", "1,3,5\n");
	assert_refused(root, "CPU 5 has no directory");
	put(root, "sys/devices/system/node/node1/cpulist", "1,3\n");
	put(root, "sys/devices/system/cpu/present", "0-7\n"); /* and 4 directories */
	assert_refused(root, "cut short");
	put(root, "sys/devices/system/cpu/present", "0-x\n");
	assert_refused(root, "present: ");
	tree_remove(root);
}

static char *affinity(void)
{
	g_autofree char *status = NULL;
	char *line;

	g_assert_true(g_file_get_contents("/proc/thread-self/status", &status, NULL, NULL));
	line = strstr(status, "\nCpus_allowed_list:");
	g_assert_nonnull(line);
	return g_strndup(line + 1, strcspn(line + 1, "\n"));
}

/* This machine: seen as it is, and left as it was. */
static void test_live(void)
{
	g_autofree char *before = affinity(), *after = NULL;
	g_autoptr(Host) host = NULL, root = NULL;

	host = load(NULL);
	after = affinity();
	g_assert_cmpstr(before, ==, after);
	g_assert_true(host->live);
	g_assert_cmpuint(host_core_of(host, 0), ==, 0);
	g_assert_cmpint(hwloc_bitmap_weight(host->online), ==, sysconf(_SC_NPROCESSORS_ONLN));
	root = load("/");
	g_assert_true(root->live);
	g_assert_cmpstr(host->fingerprint, ==, root->fingerprint);
}

/* hwloc obeys its environment; planner does not, and leaves it alone. */
static void test_environment(void)
{
	g_auto(GStrv) before = NULL, after = NULL;
	g_autoptr(Host) host = NULL, other = NULL;
	g_autoptr(GError) error = NULL;

	g_setenv("HWLOC_SYNTHETIC", "pack:3 core:3 pu:1", TRUE);
	g_setenv("HWLOC_COMPONENTS", "synthetic,stop", TRUE);
	before = g_get_environ();
	host = load(NULL);
	other = host_load("no/such/file", &error);
	after = g_get_environ();
	g_assert_true(host->live);
	g_assert_cmpuint(g_strv_length(before), ==, g_strv_length(after));
	for (char **entry = before; *entry; entry++)
		g_assert_true(g_strv_contains((const char *const *)after, *entry));
	g_unsetenv("HWLOC_SYNTHETIC");
	g_unsetenv("HWLOC_COMPONENTS");
}

/* Hosts that are not loaded but filled in, as from a saved plan. */

static Host *filled(const Core *cores, guint n)
{
	Host *host = host_new();
	const NumaNode nodes[] = {{.id = 0}, {.id = 8}};
	const L3 l3 = {.size = 1024};

	g_array_append_vals(host->cores, cores, n);
	g_array_append_vals(host->nodes, nodes, G_N_ELEMENTS(nodes));
	g_array_append_val(host->l3s, l3);
	hwloc_bitmap_set(host->offline, 7);
	return host;
}

/* Distances */

static void assert_distances(const Host *host, unsigned near, unsigned far)
{
	g_assert_nonnull(host_distances(host));
	g_assert_cmpuint(host_distance(host, 0, 0), ==, 10);
	g_assert_cmpuint(host_distance(host, 0, 1), ==, near);
	g_assert_cmpuint(host_distance(host, 0, host->nodes->len - 1), ==, far);
	g_assert_cmpuint(host_distance(host, host->nodes->len - 1, 0), ==, far);
}

static void test_distances(void)
{
	g_autoptr(Host) said = load_file("epyc-2s24c2t-nps4.xml");
	g_autoptr(Host) same = load_file("adjacent-4s-dies.xml"); /* 20 from each to each */
	g_autoptr(Host) silent = load("pack:2 numa:2 core:2 pu:1");
	g_autoptr(Host) alike = load("pack:4 [numa] core:2 pu:1");

	assert_distances(said, 16, 32);
	assert_distances(same, 12, 32);
	assert_distances(silent, 12, 32);
	g_assert_null(host_distances(alike));
	g_assert_cmpuint(host_distance(alike, 1, 1), <, host_distance(alike, 1, 2));
}

/* Two sockets of two nodes each, with this in the file's end. */
static Host *host_with_matrix(const char *matrix)
{
	static const char *const hex[] = {"1", "2", "4", "8"};
	g_autoptr(GString) xml = g_string_new(
		HEAD "<object type=\"Machine\"" SETS("0xf") " nodeset=\"0xf\" "
							    "complete_nodeset=\"0xf\" "
							    "allowed_cpuset=\"0xf\" "
							    "allowed_nodeset=\"0xf\">\n");

	for (unsigned i = 0; i < 4; i++) {
		g_autofree char *sets =
			g_strdup_printf("cpuset=\"0x%s\" complete_cpuset=\"0x%s\" nodeset=\"0x%s\" "
					"complete_nodeset=\"0x%s\"",
					hex[i], hex[i], hex[i], hex[i]);
		const char *both = i < 2 ? "0x3" : "0xc";

		if (i % 2 == 0)
			g_string_append_printf(xml,
					       "<object type=\"Package\" os_index=\"%u\" "
					       "cpuset=\"%s\" complete_cpuset=\"%s\" "
					       "nodeset=\"%s\" complete_nodeset=\"%s\">\n",
					       i / 2, both, both, both, both);
		g_string_append_printf(xml,
				       "<object type=\"Group\" %s>\n"
				       "<object type=\"NUMANode\" os_index=\"%u\" %s/>\n"
				       "<object type=\"PU\" os_index=\"%u\" %s/></object>\n%s",
				       sets, i, sets, i, sets, i % 2 ? "</object>\n" : "");
	}
	g_string_append_printf(xml, "</object>%s</topology>", matrix);
	return load_text(xml->str);
}

#define MATRIX(attributes, indexes, values)                                                        \
	"<distances2 " attributes "><indexes length=\"8\">" indexes "</indexes>"                   \
	"<u64values length=\"48\">" values "</u64values></distances2>\n"
#define LATENCY "type=\"NUMANode\" nbobjs=\"4\" kind=\"5\" indexing=\"os\""
#define INDEXES "0 1 2 3 "
#define VALUES "10 20 11 20 20 10 20 11 11 20 10 20 20 11 20 10 "

/* A matrix that is whole counts; else packages do. */
static void test_distances_xml(void)
{
	static const char *const useless[] = {
		"",
		MATRIX("type=\"Core\" nbobjs=\"4\" kind=\"5\" indexing=\"os\"", INDEXES, VALUES),
		MATRIX("type=\"NUMANode\" nbobjs=\"4\" kind=\"9\" indexing=\"os\"", INDEXES,
		       VALUES),
		MATRIX("type=\"NUMANode\" nbobjs=\"4\" kind=\"5\" indexing=\"gp\"", INDEXES,
		       VALUES),
		MATRIX("type=\"NUMANode\" nbobjs=\"3\" kind=\"5\" indexing=\"os\"", INDEXES,
		       VALUES),
		MATRIX("type=\"NUMANode\" nbobjs=\"9999999999\" kind=\"5\" indexing=\"os\"",
		       INDEXES, VALUES),
		MATRIX(LATENCY, "0 1 2 ", VALUES),
		MATRIX(LATENCY, "0 1 2 2 ", VALUES),
		MATRIX(LATENCY, "0 1 2 4 ", VALUES),
		MATRIX(LATENCY, "0 1 2 4294967295 ", VALUES),
		MATRIX(LATENCY, INDEXES, "10 20 "),
		MATRIX(LATENCY, INDEXES, VALUES "10 "),
		MATRIX(LATENCY, INDEXES, "10 20 11 x 20 10 20 11 11 20 10 20 20 11 20 10 "),
		MATRIX(LATENCY, INDEXES, "10 20 11 -1 20 10 20 11 11 20 10 20 20 11 20 10 "),
		MATRIX(LATENCY, INDEXES, "10 20 10 20 20 10 20 11 11 20 10 20 20 11 20 10 "),
		MATRIX(LATENCY, INDEXES, "10 20 11 0 20 10 20 11 11 20 10 20 20 11 20 10 "),
		MATRIX(LATENCY, INDEXES, "10 20 11 70000 20 10 20 11 11 20 10 20 20 11 20 10 "),
		MATRIX(LATENCY, INDEXES, "10 10 10 10 10 10 10 10 10 10 10 10 10 10 10 10 "),
	};
	g_autoptr(Host) good = host_with_matrix(MATRIX(LATENCY, INDEXES, VALUES));
	g_autoptr(Host) second =
		host_with_matrix(MATRIX(LATENCY, "0 ", "10 ") MATRIX(LATENCY, INDEXES, VALUES));
	/* The longer way counts, and any order of the nodes. */
	g_autoptr(Host) odd = host_with_matrix(
		MATRIX(LATENCY, "2 0 1 3 ", "10 15 20 20 11 10 20 20 20 20 10 11 20 20 11 10 "));

	g_assert_cmpuint(host_distance(good, 0, 2), ==, 11);
	g_assert_cmpuint(host_distance(good, 0, 1), ==, 20);
	g_assert_cmpuint(host_distance(second, 0, 2), ==, 11);
	g_assert_cmpuint(host_distance(odd, 0, 2), ==, 15);
	g_assert_cmpuint(host_distance(odd, 2, 0), ==, 15);
	g_assert_cmpuint(host_distance(odd, 1, 3), ==, 11);
	for (guint i = 0; i < G_N_ELEMENTS(useless); i++) {
		g_autoptr(Host) host = host_with_matrix(useless[i]);

		g_test_message("%s", useless[i]);
		assert_distances(host, 12, 32);
	}
}

/* A captured machine of four sockets, a CPU and a node each. */
static void test_distances_captured(void)
{
	static const char *const rows[] = {"10 20 11 20\n", "20 10 20 11\n", "11 20 10 20\n",
					   "20 11 20 10\n"};
	static const char *const masks[] = {"1\n", "2\n", "4\n", "8\n"};
	char *root = capture_new();
	g_autoptr(Host) host = NULL;

	put(root, "sys/devices/system/node/online", "0-3\n");
	for (unsigned i = 0; i < 4; i++) {
		const char *files[] = {
			"node/node%u/cpumap",
			"cpu/cpu%u/topology/core_cpus",
			"cpu/cpu%u/topology/package_cpus",
			"cpu/cpu%u/cache/index0/shared_cpu_map",
			"cpu/cpu%u/topology/physical_package_id",
			"node/node%u/cpulist",
			"node/node%u/distance",
		};
		g_autofree char *number = g_strdup_printf("%u\n", i);
		const char *text[] = {masks[i], masks[i], masks[i], masks[i],
				      number,	number,	  rows[i]};

		for (unsigned f = 0; f < G_N_ELEMENTS(files); f++) {
			g_auto(GStrv) around = g_strsplit(files[f], "%u", 2);
			g_autofree char *path = g_strdup_printf("sys/devices/system/%s%u%s",
								around[0], i, around[1]);

			put(root, path, text[f]);
		}
	}
	host = load(root);
	g_assert_cmpuint(host->nodes->len, ==, 4);
	g_assert_cmpuint(host_distance(host, 0, 2), ==, 11);
	g_assert_cmpuint(host_distance(host, 1, 2), ==, 20);
	tree_remove(root);
}

static void test_finish(void)
{
	static const Core good[] = {{.cpu = {0, 2}, .n_cpus = 2, .node = 1, .l3 = 0},
				    {.cpu = {1, 3}, .n_cpus = 2, .l3 = HOST_NONE, .kind = 1}};
	static const Core bad[][2] = {
		{{.cpu = {0, 2}, .n_cpus = 2}, {.cpu = {1, 2}, .n_cpus = 2}},
		{{.cpu = {0}, .n_cpus = 1}, {.cpu = {1}, .n_cpus = 1, .node = 2}},
		{{.cpu = {0}, .n_cpus = 1}, {.cpu = {1}, .n_cpus = 1, .l3 = 1}},
		{{.cpu = {0}, .n_cpus = 1}, {.cpu = {7}, .n_cpus = 1}},
		{{.cpu = {0}, .n_cpus = 1}, {.cpu = {CPULIST_LIMIT}, .n_cpus = 1}},
		{{.cpu = {0}, .n_cpus = 1}, {.cpu = {0}, .n_cpus = 0}},
		{{.cpu = {0}, .n_cpus = 1}, {.cpu = {1}, .n_cpus = 9}},
		{{.cpu = {1}, .n_cpus = 1}, {.cpu = {0}, .n_cpus = 1}},
		{{.cpu = {2, 1}, .n_cpus = 2}, {.cpu = {3}, .n_cpus = 1}},
	};
	g_autoptr(Host) host = filled(good, G_N_ELEMENTS(good));
	g_autoptr(Host) other = filled(good, G_N_ELEMENTS(good));

	hwloc_bitmap_set(other->offline, 6);
	g_assert_true(host_finish(other, NULL));
	g_assert_true(host_finish(host, NULL));
	g_assert_true(host_finish(host, NULL)); /* once more does no harm */
	g_assert_cmpstr(host->fingerprint, !=, other->fingerprint);
	assert_list(host->online, "0-3");
	assert_list(host->allowed, "0-3");
	assert_list(host_node(host, 1)->cpus, "0,2");
	g_assert_cmpuint(host->n_kinds, ==, 2);
	g_assert_cmpuint(host_core_of(host, 3), ==, 1);
	g_assert_true(host_has_cpu(host, 7));
	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Host) wrong = filled(bad[i], 2);

		g_assert_false(host_finish(wrong, &error));
		g_assert_error(error, PLANNER_ERROR, PLANNER_ERROR_INPUT);
	}
}

int main(int argc, char **argv)
{
	const char *tests = g_getenv("PLANNER_TESTS");
	int status;

	g_test_init(&argc, &argv, NULL);
	hosts = g_build_filename(tests ? tests : "tests", "hosts", NULL);
	oracles_add();
	g_test_add_func("/host/partial", test_partial);
	g_test_add_func("/host/distances", test_distances);
	g_test_add_func("/host/distances-xml", test_distances_xml);
	g_test_add_func("/host/distances-captured", test_distances_captured);
	g_test_add_func("/host/devices", test_devices);
	g_test_add_func("/host/x6", test_x6);
	g_test_add_func("/host/synthetic", test_synthetic);
	g_test_add_func("/host/synthetic-wide", test_synthetic_wide);
	g_test_add_func("/host/synthetic-memory", test_synthetic_memory);
	g_test_add_func("/host/synthetic-refused", test_synthetic_refused);
	g_test_add_func("/host/paths-refused", test_paths_refused);
	g_test_add_func("/host/xml", test_xml);
	g_test_add_func("/host/home", test_home);
	g_test_add_func("/host/partial-or-not", test_partial_or_not);
	g_test_add_func("/host/capture-smt-off", test_capture_smt_off);
	g_test_add_func("/host/xml-refused", test_xml_refused);
	g_test_add_func("/host/xml-objects", test_xml_objects);
	g_test_add_func("/host/xml-entities", test_xml_entities);
	g_test_add_func("/host/xml-damaged", test_xml_damaged);
	g_test_add_func("/host/xml-large", test_xml_large);
	g_test_add_func("/host/capture", test_capture);
	g_test_add_func("/host/capture-offline", test_capture_offline);
	g_test_add_func("/host/capture-refused", test_capture_refused);
	g_test_add_func("/host/live", test_live);
	g_test_add_func("/host/environment", test_environment);
	g_test_add_func("/host/finish", test_finish);
	status = g_test_run();
	g_free(hosts);
	return status;
}
