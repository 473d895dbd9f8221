/* SPDX-License-Identifier: MIT */
/* The kernel line as kernels read it: words, lists, and what became of the parameters. Rows marked
 * "seen" were seen on a booted 6.1 or 6.12. */
#include "planner/kernel/cmdline.h"

#include <jansson.h>
#include <string.h>

/* Words */

/* "name|value|name|-": '-' for no value; " -- " and what follows after a '#'. */
static char *shown(const char *line)
{
	g_autoptr(Cmdline) cmdline = cmdline_parse(line);
	GString *text = g_string_new(NULL);

	for (unsigned i = 0; i < cmdline->words->len; i++) {
		const CmdlineWord *word = g_ptr_array_index(cmdline->words, i);

		g_string_append_printf(text, "%s%s=%s", i ? "|" : "", word->name,
				       word->value ? word->value : "(none)");
	}
	if (cmdline->init)
		g_string_append_printf(text, "#%s", cmdline->init);
	return g_string_free(text, FALSE);
}

static void test_words(void)
{
	static const struct {
		const char *line, *words;
	} rows[] = {
		{"", ""},
		{"  \t ", ""},
		{"quiet", "quiet=(none)"},
		{"a=1 b=2", "a=1|b=2"},
		{"a=1=2", "a=1=2"},
		{"a=", "a="},
		{"isolcpus=\"4-5,6-7\" x", "isolcpus=4-5,6-7|x=(none)"},
		{"isolcpus=\"4 5\" x", "isolcpus=4 5|x=(none)"},
		{"\"isolcpus=4 5\" x", "isolcpus=4 5|x=(none)"},
		{"\"two words\"", "two words=(none)"},
		{"isolcpus=4-5, 6-7", "isolcpus=4-5,|6-7=(none)"},	 /* seen */
		{"quiet -- isolcpus=4-7", "quiet=(none)# isolcpus=4-7"}, /* seen */
		{"--x a=1", "--x=(none)|a=1"},
		{"-- --", "# --"},
		{"a=\"open", "a=open"},
		{"\"", "=(none)"},
		{"\"=\"", "="},
		{"=x", "=x=(none)"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *words = shown(rows[i].line);

		g_assert_cmpstr(words, ==, rows[i].words);
	}
}

/* Of lists that blanks have torn the rest is known, and what the whole was meant to be. */
static void test_torn(void)
{
	static const struct {
		const char *line, *stray, *meant, *domain, *asked;
	} rows[] = {
		{"isolcpus=4-5, 6-7 quiet", "6-7", "4-5,6-7", "4-5", "4-7"},
		{"isolcpus=4-5 ,6,7", ",6,7", "4-5,6,7", "4-5", "4-7"},
		{"isolcpus=4-5 6-7", "6-7", "4-5,6-7", "4-5", "4-7"},
		{"isolcpus=4 - 7", "- 7", "4-7", "4", "4-7"},
		{"isolcpus=4, 5, 6", "5, 6", "4,5,6", "4", "4-6"},
		{"isolcpus = 4-7", "= 4-7", "4-7", "", "4-7"},
		{"isolcpus =4-7", "=4-7", "4-7", "", "4-7"},
		{"isolcpus= 4", "4", "4", "", "4"},
		{"isolcpus 4-7", "4-7", "4-7", "", "4-7"},
		{"isolcpus=managed_irq, domain,4-7", "domain,4-7", "managed_irq,domain,4-7", "",
		 "4-7"},
		{"isolcpus=4-7 3", NULL, NULL, "4-7", "4-7"}, /* a runlevel */
		{"isolcpus=4-7 = 8", NULL, NULL, "4-7", "4-7"},
		{"isolcpus=4-7 single", NULL, NULL, "4-7", "4-7"},
		{"isolcpus=4-7 12345", NULL, NULL, "4-7", "4-7"},
		{"isolcpus=4-7 -", NULL, NULL, "4-7", "4-7"},
		{"isolcpus=4-5 nosmt 6-7", NULL, NULL, "4-5", "4-5"},
		{"isolcpus=\"4-5, 6-7\" quiet", NULL, NULL, "4-7", "4-7"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(Cmdline) cmdline = cmdline_parse(rows[i].line);
		g_autoptr(CmdlineEffects) effects = cmdline_effects(cmdline, "6.1.0", NULL, NULL);
		const CmdlineWord *word = g_ptr_array_index(cmdline->words, 0);
		g_autofree char *domain = cpulist_format(effects->domain);
		g_autofree char *asked = cpulist_format(effects->isolcpus.asked);

		g_assert_cmpstr(word->stray, ==, rows[i].stray);
		g_assert_cmpstr(word->meant, ==, rows[i].meant);
		g_assert_cmpstr(domain, ==, rows[i].domain);
		g_assert_cmpstr(asked, ==, rows[i].asked);
		g_assert_true(effects->isolcpus.astray == (rows[i].stray != NULL));
	}
}

static void test_names(void)
{
	g_autoptr(Cmdline) cmdline = cmdline_parse("nohz-full=1 nohz_full=2 nohz=on nohz_fullx=3");

	g_assert_true(cmdline_same("rcu-nocbs", "rcu_nocbs"));
	g_assert_false(cmdline_same("nohz", "nohz_full"));
	g_assert_false(cmdline_same("nohz_full", "nohz"));
	g_assert_cmpstr(cmdline_last(cmdline, "nohz-full")->value, ==, "2");
	g_assert_null(cmdline_last(cmdline, "isolcpus"));
}

/* Lists */

static void test_lists(void)
{
	static const struct {
		const char *release, *list;
		ListFault fault;
		const char *set;
	} rows[] = {
		{"6.1.0", "", LIST_GOOD, ""},
		{"6.1.0", "4-7", LIST_GOOD, "4-7"},
		{"6.1.0", "4,,5,", LIST_GOOD, "4-5"}, /* seen */
		{"6.1.0", "4 5", LIST_GOOD, "4-5"},
		{"6.1.0", "0-7:1/2", LIST_GOOD, "0,2,4,6"}, /* seen */
		{"6.1.0", "0-7:2/4", LIST_GOOD, "0-1,4-5"},
		{"6.1.0", "0-7:0/2", LIST_GOOD, ""},
		{"6.1.0", "N", LIST_GOOD, "7"},
		{"6.1.0", "4-N", LIST_GOOD, "4-7"}, /* seen */
		{"6.1.0", "all", LIST_GOOD, "0-7"},
		{"6.1.0", "ALL:1/2", LIST_GOOD, "0,2,4,6"},
		{"5.10.0", "4-N", LIST_MALFORMED, ""},
		{"5.10.0", "all", LIST_MALFORMED, ""},
		{"5.13.0", "4-N", LIST_GOOD, "4-7"},
		{"5.13.0", "all", LIST_MALFORMED, ""},
		{"6.1.0", "7-4", LIST_MALFORMED, ""}, /* seen */
		{"6.1.0", "0-3,7-4", LIST_MALFORMED, "0-3"},
		{"6.1.0", "4-", LIST_MALFORMED, ""},
		{"6.1.0", "-4", LIST_MALFORMED, ""},
		{"6.1.0", "0x3", LIST_MALFORMED, ""},
		{"6.1.0", "^3", LIST_MALFORMED, ""},
		{"6.1.0", "0-7:3/2", LIST_MALFORMED, ""},
		{"6.1.0", "0-7:1/0", LIST_MALFORMED, ""},
		{"6.1.0", "0-7:1", LIST_MALFORMED, ""},
		{"6.1.0", "4-99", LIST_OUT_OF_RANGE, ""}, /* seen */
		{"6.1.0", "2,8", LIST_OUT_OF_RANGE, "2"},
		{"6.1.0", "99999999999999999999", LIST_OUT_OF_RANGE, ""},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		CmdlineKernel kernel = cmdline_kernel(rows[i].release);
		g_auto(CpuSet) set = hwloc_bitmap_alloc();
		ListFault fault = cmdline_list(rows[i].list, 8, &kernel, set);
		g_autofree char *text = cpulist_format(set);

		g_test_message("%s '%s'", rows[i].release, rows[i].list);
		g_assert_cmpint(fault, ==, rows[i].fault);
		g_assert_cmpstr(text, ==, rows[i].set);
	}
}

/* Effects on a machine of 8 CPUs */

static void assert_set(hwloc_const_bitmap_t set, const char *list)
{
	g_autofree char *text = set ? cpulist_format(set) : g_strdup("default");

	g_assert_cmpstr(text, ==, list);
}

static void test_effects(void)
{
	static const struct {
		const char *release, *line, *domain, *tick, *rcu, *irq;
	} rows[] = {
		{"6.1.0", "", "", "", "", "default"},
		{"6.1.0",
		 "isolcpus=managed_irq,domain,4-7 nohz_full=4-7 rcu_nocbs=4-7 irqaffinity=0-3",
		 "4-7", "4-7", "4-7", "0-3"},				      /* seen */
		{"6.1.0", "isolcpus=4-7", "4-7", "", "", "default"},	      /* seen */
		{"6.1.0", "nohz_full=4-7", "", "4-7", "4-7", "default"},      /* seen */
		{"6.1.0", "isolcpus=managed_irq,4-7", "", "", "", "default"}, /* seen */
		{"6.1.0", "isolcpus=nohz,4-7", "", "4-7", "4-7", "default"},
		{"6.1.0", "isolcpus=domain,domain,4-7", "4-7", "", "", "default"},
		{"6.1.0", "isolcpus=io_queue,4-7", "4-7", "", "", "default"},
		{"6.1.0", "isolcpus=flag2,4-7", "", "", "", "default"},
		{"6.1.0", "isolcpus=all", "", "", "", "default"},	 /* seen */
		{"6.1.0", "isolcpus=N", "", "", "", "default"},		 /* seen */
		{"6.1.0", "isolcpus=domain,all", "", "", "", "default"}, /* seen */
		{"6.1.0", "isolcpus=0-N", "1-7", "", "", "default"},
		{"6.1.0", "isolcpus=4-99", "", "", "", "default"},		       /* seen */
		{"6.1.0", "rcu_nocbs=4-99", "", "", "0-7", "default"},		       /* seen */
		{"6.1.0", "rcu_nocbs=4-7 nohz_full=6-7", "", "6-7", "4-7", "default"}, /* seen */
		{"6.1.0", "irqaffinity=0-99", "", "", "", "0"},			       /* seen */
		{"6.1.0", "irqaffinity=2-3", "", "", "", "0,2-3"},
		{"6.1.0", "nohz_full=0-5", "", "1-5", "1-5", "default"},		 /* seen */
		{"6.1.0", "isolcpus=4-7 isolcpus=6-7", "4-7", "", "", "default"},	 /* seen */
		{"6.1.0", "isolcpus=4-7 nohz_full=6-7", "4-7", "6-7", "6-7", "default"}, /* seen */
		{"6.1.0", "isolcpus=nohz,domain,4-7 nohz_full=6-7", "4-7", "4-7", "4-7",
		 "default"}, /* seen */
		{"6.1.0", "nohz_full=6-7 isolcpus=nohz,domain,4-7", "", "6-7", "6-7",
		 "default"}, /* seen */
		{"5.10.0", "isolcpus=4-7 nohz_full=6-7", "4-7", "", "", "default"},
		{"5.10.0", "nohz_full=6-7 isolcpus=4-7", "", "6-7", "6-7", "default"},
		{"5.10.0", "isolcpus=4-7 nohz_full=4-7", "4-7", "4-7", "4-7", "default"},
		{"5.10.0", "rcu_nocbs=all", "", "", "0-7", "default"},
		{"4.18.0", "isolcpus=managed_irq,domain,4-7", "", "", "", "default"},
		{"4.14.0", "isolcpus=domain,4-7", "", "", "", "default"},
		{"4.14.0", "isolcpus=4-7", "4-7", "", "", "default"},
		{"6.1.0", "quiet -- isolcpus=4-7", "", "", "", "default"},
		{"6.1.0", "nohz-full=4-7 rcu-nocbs=4-7", "", "4-7", "4-7", "default"}, /* seen */
		{"6.1.0", "isolcpus nohz_full", "", "", "", "default"},
	};
	g_auto(CpuSet) possible = cpulist_parse("0-7", NULL);

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(Cmdline) cmdline = cmdline_parse(rows[i].line);
		g_autoptr(CmdlineEffects) effects =
			cmdline_effects(cmdline, rows[i].release, possible, possible);

		g_test_message("%s '%s'", rows[i].release, rows[i].line);
		assert_set(effects->domain, rows[i].domain);
		assert_set(effects->tick, rows[i].tick);
		assert_set(effects->rcu, rows[i].rcu);
		assert_set(effects->irq, rows[i].irq);
	}
}

/* What booted kernels made of lines: tests/e2e-lines.t writes it. */
#define BOOTED "tests/e2e/lines.json"

static void assert_booted(json_t *row, const char *key, hwloc_const_bitmap_t set)
{
	g_autofree char *text = cpulist_format(set);
	const char *seen = json_string_value(json_object_get(row, key));

	g_test_message("%s", key);
	g_assert_nonnull(seen);
	g_assert_cmpstr(text, ==, seen);
}

static void assert_row(json_t *row, const char *release)
{
	g_autoptr(Cmdline) cmdline = cmdline_parse(json_string_value(json_object_get(row, "line")));
	const char *cpus = json_string_value(json_object_get(row, "possible"));
	g_auto(CpuSet) own = cpulist_parse(cpus, NULL), init = hwloc_bitmap_dup(own);
	g_autoptr(CmdlineEffects) effects = cmdline_effects(cmdline, release, own, own);

	g_test_message("%s", json_string_value(json_object_get(row, "line")));
	assert_booted(row, "isolated", effects->domain);
	assert_booted(row, "nohz_full", effects->tick);
	assert_booted(row, "rcu", effects->rcu);
	/* All, where the line says nothing. */
	assert_booted(row, "irq", effects->irq ? effects->irq : own);
	hwloc_bitmap_andnot(init, own, effects->domain);
	assert_booted(row, "init", init);
}

static void test_booted(void)
{
	json_error_t error;
	json_t *file = json_load_file(BOOTED, 0, &error), *row;
	const char *release = json_string_value(json_object_get(file, "kernel"));
	size_t i;

	g_assert_nonnull(file);
	json_array_foreach (json_object_get(file, "lines"), i, row)
		assert_row(row, release);
	json_decref(file);
}

static void test_outcomes(void)
{
	static const struct {
		const char *release, *line;
		Outcome isolcpus, nohz_full;
	} rows[] = {
		{"6.1.0", "", OUTCOME_ABSENT, OUTCOME_ABSENT},
		{"6.1.0", "isolcpus=4-7 nohz_full=4-7", OUTCOME_TAKEN, OUTCOME_TAKEN},
		{"6.1.0", "isolcpus=4-99 nohz_full=7-4", OUTCOME_OUT_OF_RANGE, OUTCOME_MALFORMED},
		{"5.10.0", "isolcpus=4-7 nohz_full=5-7", OUTCOME_TAKEN, OUTCOME_MISMATCH},
		{"5.10.0", "nohz_full=5-7 isolcpus=4-7", OUTCOME_MISMATCH, OUTCOME_TAKEN},
		{NULL, "isolcpus=4-7 isolcpus=5-7", OUTCOME_TAKEN, OUTCOME_ABSENT},
		{"6.12.0", "isolcpus=0-3 nohz_full=4-7", OUTCOME_TAKEN, OUTCOME_TAKEN},
		{"6.18.0", "isolcpus=0-3 nohz_full=4-7", OUTCOME_TAKEN, OUTCOME_NO_COMMON},
		{"6.18.0", "nohz_full=4-7 isolcpus=0-3", OUTCOME_NO_COMMON, OUTCOME_TAKEN},
		{"6.18.0", "isolcpus=managed_irq,0-3 nohz_full=4-7", OUTCOME_TAKEN, OUTCOME_TAKEN},
		{"6.18.0", "isolcpus=1-3 nohz_full=4-7", OUTCOME_TAKEN, OUTCOME_TAKEN},
	};
	g_auto(CpuSet) possible = cpulist_parse("0-7", NULL);

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(Cmdline) cmdline = cmdline_parse(rows[i].line);
		g_autoptr(CmdlineEffects) effects =
			cmdline_effects(cmdline, rows[i].release, possible, possible);

		g_test_message("'%s'", rows[i].line);
		g_assert_cmpint(effects->isolcpus.outcome, ==, rows[i].isolcpus);
		g_assert_cmpint(effects->nohz_full.outcome, ==, rows[i].nohz_full);
	}
}

/* A CPU that could be plugged in does not keep house: the boot CPU must. */
static void test_present(void)
{
	g_autoptr(Cmdline) cmdline = cmdline_parse("isolcpus=0-3");
	g_auto(CpuSet) possible = cpulist_parse("0-7", NULL), present = cpulist_parse("0-3", NULL);
	g_autoptr(CmdlineEffects) effects = cmdline_effects(cmdline, "6.1.0", possible, present);
	g_autoptr(CmdlineEffects) old = cmdline_effects(cmdline, "5.1.0", possible, present);

	assert_set(effects->domain, "1-3");
	assert_set(old->domain, "0-3");
}

static void test_flags(void)
{
	g_autoptr(Cmdline) cmdline = cmdline_parse("isolcpus=managed_irq,nonsense,4-7");
	g_autoptr(CmdlineEffects) effects = cmdline_effects(cmdline, "4.18.0", NULL, NULL);

	g_assert_true(effects->isolcpus.flagged && effects->isolcpus.managed);
	g_assert_false(effects->isolcpus.domain);
	g_assert_cmpstr(effects->isolcpus.unknown_flag, ==, "nonsense");
	g_assert_cmpint(effects->isolcpus.outcome, ==, OUTCOME_MALFORMED);
	assert_set(effects->isolcpus.asked, "4-7");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/cmdline/words", test_words);
	g_test_add_func("/cmdline/torn", test_torn);
	g_test_add_func("/cmdline/names", test_names);
	g_test_add_func("/cmdline/lists", test_lists);
	g_test_add_func("/cmdline/effects", test_effects);
	g_test_add_func("/cmdline/booted", test_booted);
	g_test_add_func("/cmdline/outcomes", test_outcomes);
	g_test_add_func("/cmdline/present", test_present);
	g_test_add_func("/cmdline/flags", test_flags);
	return g_test_run();
}
