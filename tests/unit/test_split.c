/* SPDX-License-Identifier: MIT */
/* Which core is whose, before any VM is looked at. */
#include "given.h"
#include "planner/base/finding.h"
#include "planner/place/plan.h"
#include "planner/place/split.h"

#include <string.h>

/* Siblings n and n+36, as the x6 host has them; two nodes of 18 cores. */
#define X6 "pack:2 [numa] l3:1 core:18 pu:2(indexes=2*36:36*1)"
/* Two nodes of three cores; siblings n and n+6. */
#define SMALL "pack:2 [numa] l3:1 core:3 pu:2(indexes=2*6:6*1)"
/* Sub-NUMA clustering: two nodes a socket, two cores a node; siblings n and n+8. */
#define SNC "pack:2 die:2 [numa] l3:1 core:2 pu:2(indexes=2*8:8*1)"
/* A socket, one node, four L3s of two cores; siblings n and n+8. */
#define L3S "pack:1 [numa] l3:4 core:2 pu:2(indexes=2*8:8*1)"
/* Two L3s whose cores take turns: 0,2,4,6 and 1,3,5,7. */
#define TURNS "pack:1 [numa] l3:2 core:4 pu:1(indexes=0,2,4,6,1,3,5,7)"

typedef struct Case {
	const char *topology; /* a description, or a file of tests/hosts */
	const char *inventory;
	const char *roles;    /* "host 0-3; free 4-7": those that have CPUs, in this order */
	const char *findings; /* "warning split.host-raised node 1": one a line, sorted */
} Case;

static char *roles_text(const Host *host, const GArray *roles)
{
	GString *text = g_string_new(NULL);

	g_assert_cmpuint(roles->len, ==, host->cores->len);
	for (unsigned role = 0; role < ROLE_COUNT; role++) {
		g_auto(CpuSet) cpus = hwloc_bitmap_alloc();
		g_autofree char *list = NULL;

		for (unsigned i = 0; i < roles->len; i++)
			for (unsigned t = 0; t < host_core(host, i)->n_cpus; t++)
				if (g_array_index(roles, Role, i) == role)
					hwloc_bitmap_set(cpus, host_core(host, i)->cpu[t]);
		list = cpulist_format(cpus);
		if (*list)
			g_string_append_printf(text, "%s%s %s", text->len ? "; " : "",
					       role_names[role], list);
	}
	return g_string_free(text, FALSE);
}

static char *findings_text(GPtrArray *findings)
{
	GString *text = g_string_new(NULL);

	findings_sort(findings);
	for (unsigned i = 0; i < findings->len; i++) {
		const Finding *finding = g_ptr_array_index(findings, i);
		bool unknown = finding->verdict == VERDICT_UNKNOWN;

		g_assert_true(*finding->text && *finding->fix && !strchr(finding->text, '\n'));
		g_string_append_printf(text, "%s%s%s %s %s", i ? "\n" : "",
				       unknown ? "unknown " : "", severity_name(finding->severity),
				       finding->id, finding->subject);
	}
	return g_string_free(text, FALSE);
}

static void assert_case(const Case *c)
{
	g_autoptr(Host) host = given_host(c->topology);
	g_autoptr(Inventory) inventory = given_inventory(c->inventory);
	g_autoptr(GPtrArray) findings = findings_new();
	g_autoptr(GArray) roles = split_compute(host, inventory, findings);
	g_autofree char *have = roles_text(host, roles), *says = findings_text(findings);

	g_test_message("%s: %s", c->topology, c->inventory);
	g_assert_cmpstr(have, ==, c->roles);
	g_assert_cmpstr(says, ==, c->findings);
}

/* Counts */

static const Case counts[] = {
	{X6, "", "host 0,18,36,54; free 1-17,19-35,37-53,55-71", ""},
	{X6, "[host]\ncores-per-socket = 4\n",
	 "host 0-3,18-21,36-39,54-57; free 4-17,22-35,40-53,58-71", ""},
	{X6, "[host]\ncores-per-node = 2\n",
	 "host 0-1,18-19,36-37,54-55; free "
	 "2-17,20-35,38-53,56-71",
	 ""},
	/* the whole machine's are spread over the nodes, the boot CPU's first */
	{X6, "[host]\ncores = 2\n", "host 0,18,36,54; free 1-17,19-35,37-53,55-71", ""},
	{X6, "[host]\ncores = 3\n", "host 0-1,18,36-37,54; free 2-17,19-35,38-53,55-71", ""},
	{X6, "[host]\ncores = 36\n", "host 0-71", ""},
	{X6, "[host]\ncores-per-node = 1\n[shared]\ncores-per-node = 2\n[sdk]\ncores = 3\n",
	 "host 0,18,36,54; sdk 3-4,21,39-40,57; shared 1-2,19-20,37-38,55-56; "
	 "free 5-17,22-35,41-53,58-71",
	 ""},
	{X6, "[sdk]\ncores-per-socket = 1\n",
	 "host 0,18,36,54; sdk 1,19,37,55; free 2-17,20-35,38-53,56-71", ""},
	{X6, "[sdk]\ncores = 0\n[shared]\ncores-per-node = 0\n",
	 "host 0,18,36,54; free 1-17,19-35,37-53,55-71", ""},
	{X6, "[host]\ncores = 1\n", "host 0,18,36,54; free 1-17,19-35,37-53,55-71",
	 "warning split.host-raised node 1"},
	/* a socket's are spread over its nodes */
	{SNC, "[host]\ncores-per-socket = 2\n", "host 0,2,4,6,8,10,12,14; free 1,3,5,7,9,11,13,15",
	 ""},
	{SNC, "[host]\ncores-per-socket = 3\n", "host 0-2,4-6,8-10,12-14; free 3,7,11,15", ""},
	{SNC, "[host]\ncores-per-socket = 1\n", "host 0,2,4,6,8,10,12,14; free 1,3,5,7,9,11,13,15",
	 "warning split.host-raised node 1\nwarning split.host-raised node 3"},
	{SNC, "[host]\ncores-per-node = 1\n[sdk]\ncores-per-socket = 1\n",
	 "host 0,2,4,6,8,10,12,14; sdk 1,5,9,13; free 3,7,11,15", ""},
	/* nodes of a socket whose CPUs take turns: 0-2,5-6,… and 3-4,7-9,… */
	{"intel-2s20c2t-snc2.xml", "[host]\ncores-per-socket = 4\n",
	 "host 0-1,3-4,20-21,23-24,40-41,43-44,60-61,63-64; "
	 "free 2,5-19,22,25-39,42,45-59,62,65-79",
	 ""},
	/* eight nodes of six cores */
	{"epyc-2s24c2t-nps4.xml", "[host]\ncores-per-node = 1\n[sdk]\ncores-per-socket = 1\n",
	 "host 0,6,12,18,24,30,36,42,48,54,60,66,72,78,84,90; sdk 1,25,49,73; "
	 "free 2-5,7-11,13-17,19-23,26-29,31-35,37-41,43-47,50-53,55-59,61-65,67-71,74-77,79-83,"
	 "85-89,91-95",
	 ""},
	/* a number of its own for some sockets or nodes; the others have the first one, or none */
	{X6, "[host]\ncores-per-node = 1,0:2\n",
	 "host 0-1,18,36-37,54; free 2-17,19-35,38-53,55-71", ""},
	{X6, "[sdk]\ncores-per-socket = 1:2\n",
	 "host 0,18,36,54; sdk 19-20,55-56; free 1-17,21-35,37-53,57-71", ""},
	{X6, "[shared]\ncores-per-node = 1, 0:0\n",
	 "host 0,18,36,54; shared 19,55; free 1-17,20-35,37-53,56-71", ""},
	{X6, "[host]\ncores-per-node = 0:2\n", "host 0-1,18,36-37,54; free 2-17,19-35,38-53,55-71",
	 "warning split.host-raised node 1"},
	{SNC, "[host]\ncores-per-socket = 0:3,1:2\n",
	 "host 0-2,4,6,8-10,12,14; free 3,5,7,11,13,15", ""},
	/* an L3 is used up before the next is begun */
	{L3S, "[host]\ncores-per-node = 3\n[sdk]\ncores-per-node = 2\n",
	 "host 0-2,8-10; sdk 3-4,11-12; free 5-7,13-15", ""},
	{TURNS, "[host]\ncores = 3\n[sdk]\ncores = 2\n", "host 0,2,4; sdk 1,6; free 3,5,7", ""},
	/* nodes of memory alone need no host core */
	{"hbm-1s16c4t.xml", "[host]\ncores-per-node = 1\n",
	 "host 0,4,8,12,16,20,24,28,32,36,40,44,48,52,56,60; "
	 "free 1-3,5-7,9-11,13-15,17-19,21-23,25-27,29-31,33-35,37-39,41-43,45-47,49-51,53-55,"
	 "57-59,61-63",
	 ""},
};

/* More than there is: what there is, and it is said. */
static const Case too_many[] = {
	{SMALL, "[host]\ncores-per-socket = 4\n", "host 0-11",
	 "error split.too-few-cores [host]\nerror split.too-few-cores [host]"},
	{SMALL, "[sdk]\ncores-per-node = 3\n", "host 0,3,6,9; sdk 1-2,4-5,7-8,10-11",
	 "error split.too-few-cores [sdk]\nerror split.too-few-cores [sdk]"},
	{SMALL, "[sdk]\ncores = 5\n", "host 0,3,6,9; sdk 1-2,4-5,7-8,10-11",
	 "error split.too-few-cores [sdk]"},
	{SMALL, "[shared]\ncores-per-node = 2\n[sdk]\ncores-per-node = 1\n",
	 "host 0,3,6,9; shared 1-2,4-5,7-8,10-11",
	 "error split.too-few-cores [sdk]\nerror split.too-few-cores [sdk]"},
	{SMALL, "[sdk]\ncores-per-node = 1,1:3\n", "host 0,3,6,9; sdk 1,4-5,7,10-11; free 2,8",
	 "error split.too-few-cores [sdk]"},
	{SMALL, "[sdk]\ncores-per-node = 1:1,4-6:1\n", "host 0,3,6,9; sdk 4,10; free 1-2,5,7-8,11",
	 "error split.place-absent [sdk]"},
	{SMALL, "[host]\ncores = 8192\n", "host 0-11", "error split.too-few-cores [host]"},
	{"pack:1 [numa] core:1 pu:2", "[sdk]\ncores = 1\n", "host 0-1",
	 "error split.too-few-cores [sdk]"},
	/* nothing is left to a node when others took it by name */
	{SMALL, "[sdk]\ncpus = 3-5,9-11\n", "host 0,6; sdk 3-5,9-11; free 1-2,7-8",
	 "error split.node-without-host node 1\nerror split.too-few-cores [host]"},
};

/* Lists */

static const Case lists[] = {
	{X6, "[host]\ncpus = 0-3,18-21,36-39,54-57\n[sdk]\ncpus = 4,9,22,35,40,45,58,71\n",
	 "host 0-3,18-21,36-39,54-57; sdk 4,9,22,35,40,45,58,71; "
	 "free 5-8,10-17,23-34,41-44,46-53,59-70",
	 ""},
	{SMALL, "[host]\ncpus = 0,6\n", "host 0,6; free 1-5,7-11",
	 "warning split.node-without-host node 1"},
	/* the boot CPU's core stays the host's, and that is said */
	{SMALL, "[host]\ncpus = 1,3,7,9\n", "host 0-1,3,6-7,9; free 2,4-5,8,10-11",
	 "warning split.boot-core cpu 0"},
	/* siblings that a list leaves out */
	{SMALL, "[host]\ncpus = 0,3\n", "host 0,3,6,9; free 1-2,4-5,7-8,10-11",
	 "warning split.core-split cpu 0\nwarning split.core-split cpu 3"},
	{SMALL, "[host]\ncpus = 6,3,9\n", "host 0,3,6,9; free 1-2,4-5,7-8,10-11",
	 "warning split.core-split cpu 0"},
	{SMALL, "[sdk]\ncpus = 10\n", "host 0,3,6,9; sdk 4,10; free 1-2,5,7-8,11",
	 "warning split.core-split cpu 4"},
	{SMALL, "[shared]\ncpus = 1-2,7\n", "host 0,3,6,9; shared 1-2,7-8; free 4-5,10-11",
	 "warning split.core-split cpu 2"},
	/* lists go before counts, whatever their order */
	{SMALL, "[host]\ncores-per-node = 1\n[sdk]\ncpus = 3,9\n",
	 "host 0,4,6,10; sdk 3,9; free 1-2,5,7-8,11", ""},
	{SMALL, "[sdk]\ncpus = 1,7\n[shared]\ncores-per-node = 1\n",
	 "host 0,3,6,9; sdk 1,7; shared 2,4,8,10; free 5,11", ""},
	/* what a list has of a node counts towards nothing else */
	{SMALL, "[shared]\ncpus = 3-4,9-10\n[sdk]\ncores-per-node = 1\n",
	 "host 0,5-6,11; sdk 1,7; shared 3-4,9-10; free 2,8", "error split.too-few-cores [sdk]"},
};

/* A core has one role: who claims it first keeps it, host before shared before sdk. */
static const Case claims[] = {
	{SMALL, "[sdk]\ncpus = 0\n", "host 0,3,6,9; free 1-2,4-5,7-8,10-11",
	 "error split.boot-core cpu 0"},
	{SMALL, "[shared]\ncpus = 6,7,1\n", "host 0,3,6,9; shared 1,7; free 2,4-5,8,10-11",
	 "error split.boot-core cpu 6"},
	{SMALL, "[host]\ncpus = 0,3,6,9\n[sdk]\ncpus = 3,4,10\n",
	 "host 0,3,6,9; sdk 4,10; free 1-2,5,7-8,11", "error split.claimed-twice cpu 3"},
	{SMALL, "[sdk]\ncpus = 1,7\n[shared]\ncpus = 1,7\n",
	 "host 0,3,6,9; shared 1,7; free 2,4-5,8,10-11", "error split.claimed-twice cpu 1"},
	/* each a sibling of one core */
	{SMALL, "[host]\ncpus = 0,6,1,3,9\n[sdk]\ncpus = 7\n",
	 "host 0-1,3,6-7,9; free 2,4-5,8,10-11",
	 "error split.claimed-twice cpu 7\nwarning split.core-split cpu 1"},
};

static const Case absent[] = {
	{SMALL, "[sdk]\ncpus = 1,7,12\n", "host 0,3,6,9; sdk 1,7; free 2,4-5,8,10-11",
	 "error split.cpu-absent cpu 12"},
	{SMALL, "[host]\ncpus = 0,3,6,9,4096,8191\n", "host 0,3,6,9; free 1-2,4-5,7-8,10-11",
	 "error split.cpu-absent cpu 4096"},
	{SMALL, "[shared]\ncpus = 99\n", "host 0,3,6,9; free 1-2,4-5,7-8,10-11",
	 "error split.cpu-absent cpu 99"},
};

/*
 * 2, 5, 13 and 14 are offline: their cores have one thread left (10, 6) or none. Cores: 0,8 and
 * 4,12 of socket 0; 1,9 of 1; 6, 10 of 2; 3,11 and 7,15 of 3; one node.
 */
static const Case offline[] = {
	{"offline-4s2c2t.xml", "", "host 0,8; free 1,3-4,7,9,11-12,15; stranded 6,10",
	 "warning split.sibling-offline cpu 6\nwarning split.sibling-offline cpu 10"},
	/* counts pass them over */
	{"offline-4s2c2t.xml", "[sdk]\ncores-per-socket = 1\n",
	 "host 0,8; sdk 1,3-4,9,11-12; free 7,15; stranded 6,10",
	 "error split.too-few-cores [sdk]\nwarning split.sibling-offline cpu 6\n"
	 "warning split.sibling-offline cpu 10"},
	/* but for the host, when the whole ones are used up */
	{"offline-4s2c2t.xml", "[host]\ncores = 5\n", "host 0-1,3-4,7-9,11-12,15; stranded 6,10",
	 "warning split.sibling-offline cpu 6\nwarning split.sibling-offline cpu 10"},
	{"offline-4s2c2t.xml", "[host]\ncores = 6\n", "host 0-1,3-4,6-9,11-12,15; stranded 10",
	 "warning split.sibling-offline cpu 6\nwarning split.sibling-offline cpu 10"},
	{"offline-4s2c2t.xml", "[host]\ncores = 8\n", "host 0-1,3-4,6-12,15",
	 "error split.too-few-cores [host]\nwarning split.sibling-offline cpu 6\n"
	 "warning split.sibling-offline cpu 10"},
	/* named, they are given */
	{"offline-4s2c2t.xml", "[host]\ncpus = 0,8,6\n[sdk]\ncpus = 10\n",
	 "host 0,6,8; sdk 10; free 1,3-4,7,9,11-12,15",
	 "warning split.sibling-offline cpu 6\nwarning split.sibling-offline cpu 10"},
	{"offline-4s2c2t.xml", "[sdk]\ncpus = 5,13,1,9\n",
	 "host 0,8; sdk 1,9; free 3-4,7,11-12,15; stranded 6,10",
	 "error split.cpu-offline cpu 5\n"
	 "warning split.sibling-offline cpu 6\nwarning split.sibling-offline cpu 10"},
};

/* Devices: enp12s0f0 and mlx5_0 (0000:08:00.0) are on node 0, of sda the host does not say. */
#define DEVICES "host-2s18c2t.xml"

static const Case devices[] = {
	{DEVICES, "[sdk]\ncores-per-node = 2\nnear = enp12s0f0\n",
	 "host 0,18,36,54; sdk 1-2,37-38; free 3-17,19-35,39-53,55-71", ""},
	{DEVICES, "[sdk]\ncores-per-socket = 2\nnear = 0000:08:00.0\n",
	 "host 0,18,36,54; sdk 1-2,37-38; free 3-17,19-35,39-53,55-71", ""},
	{DEVICES, "[sdk]\ncores = 3\nnear = mlx5_0, enp12s0f1\n",
	 "host 0,18,36,54; sdk 1-3,37-39; free 4-17,19-35,40-53,55-71", ""},
	{DEVICES, "[sdk]\ncores = 18\nnear = mlx5_0\n",
	 "host 0,18,36,54; sdk 1-17,37-53; free 19-35,55-71", "error split.too-few-cores [sdk]"},
	/* unknown ones do not count; with none left cores may be anywhere */
	{DEVICES, "[sdk]\ncores = 2\nnear = enp12s0f9, mlx5_0\n",
	 "host 0,18,36,54; sdk 1-2,37-38; free 3-17,19-35,39-53,55-71",
	 "error sdk.device-unknown [sdk]"},
	{DEVICES, "[sdk]\ncores = 2\nnear = nosuch\n",
	 "host 0,18,36,54; sdk 1,19,37,55; free 2-17,20-35,38-53,56-71",
	 "error sdk.device-unknown [sdk]"},
	{DEVICES, "[sdk]\ncores = 2\nnear = sda\n",
	 "host 0,18,36,54; sdk 1,19,37,55; free 2-17,20-35,38-53,56-71",
	 "unknown warning sdk.device-node [sdk]"},
	/* by list they are where the list says */
	{DEVICES, "[sdk]\ncpus = 20,56\nnear = mlx5_0\n",
	 "host 0,18,36,54; sdk 20,56; free 1-17,19,21-35,37-53,55,57-71",
	 "warning sdk.off-node [sdk]"},
	{DEVICES, "[sdk]\ncpus = 2,38,20,56\nnear = mlx5_0\n",
	 "host 0,18,36,54; sdk 2,20,38,56; free 1,3-17,19,21-35,37,39-53,55,57-71", ""},
	/* no room beside the device: fewer, and not elsewhere */
	{DEVICES, "[host]\ncores-per-node = 18\n[sdk]\ncores = 1\nnear = mlx5_0\n", "host 0-71",
	 "error split.too-few-cores [sdk]\nwarning sdk.off-node [sdk]"},
};

typedef struct Table {
	const char *name;
	const Case *cases;
	size_t n;
} Table;

static const Table tables[] = {
	{"/split/counts", counts, G_N_ELEMENTS(counts)},
	{"/split/too-many", too_many, G_N_ELEMENTS(too_many)},
	{"/split/lists", lists, G_N_ELEMENTS(lists)},
	{"/split/claims", claims, G_N_ELEMENTS(claims)},
	{"/split/absent", absent, G_N_ELEMENTS(absent)},
	{"/split/offline", offline, G_N_ELEMENTS(offline)},
	{"/split/devices", devices, G_N_ELEMENTS(devices)},
};

static void test_table(gconstpointer data)
{
	const Table *table = data;

	for (size_t i = 0; i < table->n; i++)
		assert_case(&table->cases[i]);
}

/* Texts: both sides are named, and a device near the misspelt one is. */

static GPtrArray *findings_of(const char *topology, const char *text)
{
	g_autoptr(Host) host = given_host(topology);
	g_autoptr(Inventory) inventory = given_inventory(text);
	GPtrArray *findings = findings_new();

	g_array_unref(split_compute(host, inventory, findings));
	return findings;
}

static void test_texts(void)
{
	static const struct {
		const char *topology, *inventory, *text, *fix;
	} rows[] = {
		{SMALL, "[host]\ncpus = 0,3,6,9\n[sdk]\ncpus = 9\n", "*[sdk]*CPU 9*(3,9)*host*",
		 "*"},
		{SMALL, "[sdk]\ncpus = 6\n", "*[sdk]*CPU 6*(0,6)*boot*", "*"},
		{SMALL, "[sdk]\ncpus = 99\n", "*[sdk]*CPU 99*not on this host*", "*0-11*"},
		{SMALL, "[shared]\ncpus = 4\n", "*[shared]*4,10*whole core is shared*",
		 "*4,10*[shared]*"},
		{SMALL, "[sdk]\ncores = 9\n", "*asks for 9 cores*only 4*", "*"},
		{SMALL, "[host]\ncores = 1\n", "*3,9*", "*"},
		{SMALL, "[host]\ncpus = 3,9\n", "*boot*(0,6)*", "*"},
		{DEVICES, "[sdk]\ncores = 1\nnear = enp12s0f9\n", "*'enp12s0f9'*", "*'enp12s0f0'*"},
		{DEVICES, "[sdk]\ncores = 1\nnear = zzz\n", "*'zzz'*", "*planner show*"},
		{DEVICES, "[sdk]\ncores = 1\nnear = sda\n", "*node*sda*", "*cpus*"},
		{DEVICES, "[sdk]\ncpus = 20,56\nnear = mlx5_0\n", "*mlx5_0*node 0*", "*"},
		{"offline-4s2c2t.xml", "[sdk]\ncpus = 5,13,1,9\n", "*CPU 5,13*offline*",
		 "*online*"},
		{SMALL, "[host]\ncpus = 0,6,4096,8191\n", "*[host]*CPU 4096,8191*not on*",
		 "*0-11*"},
		{"offline-4s2c2t.xml", "[sdk]\ncpus = 5\n", "*CPU 5*offline*", "*online*"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GPtrArray) findings = findings_of(rows[i].topology, rows[i].inventory);
		const Finding *first = g_ptr_array_index(findings, 0);

		g_test_message("%s / %s", first->text, first->fix);
		g_assert_true(g_pattern_match_simple(rows[i].text, first->text));
		g_assert_true(g_pattern_match_simple(rows[i].fix, first->fix));
	}
}

/* A device on a node of memory alone is near no core: the SDK gets its cores all the same. */
static void test_device_on_memory_node(void)
{
	Device device = {.name = g_strdup("hbm0"), .node = 4};
	g_autoptr(Host) host = given_host("hbm-1s16c4t.xml");
	g_autoptr(Inventory) inventory = given_inventory("[sdk]\ncores = 2\nnear = hbm0\n");
	g_autoptr(GPtrArray) findings = findings_new();
	g_autoptr(GArray) roles = NULL;
	g_autofree char *says = NULL;
	unsigned sdk = 0;

	g_array_append_val(host->devices, device);
	roles = split_compute(host, inventory, findings);
	for (unsigned i = 0; i < roles->len; i++)
		sdk += g_array_index(roles, Role, i) == ROLE_SDK;
	says = findings_text(findings);
	g_assert_cmpuint(sdk, ==, 2);
	g_assert_cmpstr(says, ==, "warning sdk.off-node [sdk]");
}

/* A device's name may be as long as its file likes. */
static void test_device_long_name(void)
{
	Device device = {.name = g_strnfill(3000, 'x'), .node = 0};
	g_autoptr(Host) host = given_host(SMALL);
	g_autoptr(Inventory) inventory = given_inventory("[sdk]\ncores = 1\nnear = xxxx\n");
	g_autoptr(GPtrArray) findings = findings_new();
	g_autofree char *says = NULL;

	g_array_append_val(host->devices, device);
	g_array_unref(split_compute(host, inventory, findings));
	says = findings_text(findings);
	g_assert_cmpstr(says, ==, "error sdk.device-unknown [sdk]");
}

/* Adding, moving or pinning VMs never changes the kernel line. */
static void test_vms_do_not_matter(void)
{
	static const char *const vms[] = {
		"",
		"[vm a]\nvcpus = 4\n",
		"[vm a]\nvcpus = 36\ncount = 40\n",
		"[vm a]\nvcpus = 4\ncpus = 10,46,11,47\n[vm b]\nvcpus = 2\ncpus = 0,36\n",
		"[vm a]\nvcpus = 1\ncpus = 4096\n[vm b]\nvcpus = 3\ncpus = 4,5,22\n",
		"[vm a]\nvcpus = 200\npolicy = shared\n",
	};
	static const char base[] = "[node]\nkernel = 6.1\n[host]\ncores-per-socket = 4\n"
				   "[sdk]\ncores-per-node = 1\n[shared]\ncores = 2\n";
	const PlanOptions options = {0};
	g_autoptr(Host) host = given_host(X6);
	g_autofree char *first = NULL;

	for (unsigned i = 0; i < G_N_ELEMENTS(vms); i++) {
		g_autofree char *text = g_strconcat(base, vms[i], NULL);
		g_autoptr(Inventory) inventory = given_inventory(text);
		g_autoptr(Plan) plan = plan_compute(host, inventory, NULL, &options);

		if (!first)
			first = g_strdup(plan->cmdline);
		g_assert_cmpstr(plan->cmdline, ==, first);
	}
	g_assert_true(
		g_str_has_prefix(first, "isolcpus=managed_irq,domain,5-17,23-35,41-53,59-71 "));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (unsigned i = 0; i < G_N_ELEMENTS(tables); i++)
		g_test_add_data_func(tables[i].name, &tables[i], test_table);
	g_test_add_func("/split/texts", test_texts);
	g_test_add_func("/split/device-on-memory-node", test_device_on_memory_node);
	g_test_add_func("/split/device-long-name", test_device_long_name);
	g_test_add_func("/split/vms-do-not-matter", test_vms_do_not_matter);
	return g_test_run();
}
