/* SPDX-License-Identifier: MIT */
/* The kernel line, by kernel version and wish. */
#include "planner/base/finding.h"
#include "planner/kernel/kernelargs.h"
#include "planner/place/plan.h"

#include <string.h>

#define UNKNOWN NULL /* a kernel of which nothing is known */

/* "error kernel.flags-too-new; unknown kernel.version-unknown" of FINDINGS, by id. Yours. */
static char *said(GPtrArray *findings)
{
	GString *text = g_string_new(NULL);

	findings_sort(findings);
	for (unsigned i = 0; i < findings->len; i++) {
		const Finding *finding = g_ptr_array_index(findings, i);

		g_string_append_printf(text, "%s%s %s", i ? "; " : "",
				       finding->verdict == VERDICT_UNKNOWN
					       ? "unknown"
					       : severity_name(finding->severity),
				       finding->id);
		g_assert_cmpstr(finding->subject, ==, "[kernel]");
		g_assert_true(*finding->text && *finding->fix);
	}
	return g_string_free(text, FALSE);
}

static Inventory *inventory_of(const char *keys)
{
	g_autofree char *text = g_strconcat("[kernel]\n", keys, "\n", NULL);
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	Inventory *inventory = inventory_parse("f.ini", text, strlen(text), errors);

	g_assert_cmpuint(errors->len, ==, 0);
	return inventory;
}

/* KERNEL with the [kernel] KEYS, for a host of which ISOLATED and HOST_CPUS are such. */
static void assert_line(const char *kernel, const char *keys, const char *isolated,
			const char *host_cpus, const char *line, const char *findings)
{
	g_autoptr(Inventory) inventory = inventory_of(keys);
	KernelWishes wishes = inventory_kernel(inventory);
	g_autoptr(GPtrArray) have = findings_new();
	g_auto(CpuSet) isolated_set = cpulist_parse(isolated, NULL);
	g_auto(CpuSet) host_set = cpulist_parse(host_cpus, NULL);
	g_autoptr(GPtrArray) parameters =
		kernel_parameters(&wishes, kernel, isolated_set, host_set, have);
	g_autofree char *text = kernel_line(parameters), *says = said(have);

	g_assert_cmpstr(text, ==, line);
	g_assert_cmpstr(says, ==, findings);
}

#define PLAIN "isolcpus=4-7 nohz_full=4-7 rcu_nocbs=4-7 irqaffinity=0-3"
#define FLAGGED "isolcpus=managed_irq,domain,4-7 nohz_full=4-7 rcu_nocbs=4-7 irqaffinity=0-3"

/* Flags by version: managed_irq entered with 5.6, and `domain` is not implied beside it. */
static void test_versions(void)
{
	static const struct {
		const char *kernel, *line, *findings;
	} rows[] = {
		{"3.10.0-327", PLAIN, ""},
		{"4.14.336", PLAIN, ""},
		{"4.15", PLAIN, ""},
		{"4.18.0-348", PLAIN, ""},
		{"5.4.0-150-generic", PLAIN, ""},
		{"5.5.19", PLAIN, ""},
		{"5.6.0", FLAGGED, ""},
		{"5.10.223", FLAGGED, ""},
		{"5.18", FLAGGED, ""},
		{"6.1.0-13-amd64", FLAGGED, ""},
		{"6.12.107", FLAGGED, ""},
		{"10.0", FLAGGED, ""},
		{UNKNOWN, PLAIN, "unknown kernel.version-unknown"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
		assert_line(rows[i].kernel, "", "4-7", "0-3", rows[i].line, rows[i].findings);
}

static void test_flags(void)
{
	static const struct {
		const char *kernel, *flags, *isolcpus, *findings;
	} rows[] = {
		{"6.1", "managed_irq,domain", "managed_irq,domain,4-7", ""},
		{"6.1", "domain,managed_irq", "domain,managed_irq,4-7", ""},
		{"6.1", "domain", "domain,4-7", ""},
		{"6.1", "", "4-7", ""},
		{"5.6", "managed_irq,domain", "managed_irq,domain,4-7", ""},
		{"4.15", "domain", "domain,4-7", ""},
		{"4.14", "", "4-7", ""},
		{UNKNOWN, "", "4-7", ""},
		/* with a flag, and no domain, nothing is isolated from the scheduler */
		{"6.1", "managed_irq", "managed_irq,4-7", "error kernel.flags-without-domain"},
		{"4.18", "managed_irq,domain", "managed_irq,domain,4-7",
		 "error kernel.flags-too-new"},
		{"5.5", "domain,managed_irq", "domain,managed_irq,4-7",
		 "error kernel.flags-too-new"},
		{"4.14", "domain", "domain,4-7", "error kernel.flags-too-new"},
		{"3.10.0-327", "domain", "domain,4-7", "error kernel.flags-too-new"},
		{"4.18", "managed_irq", "managed_irq,4-7",
		 "error kernel.flags-too-new; error kernel.flags-without-domain"},
		/* what vendors took back, by build; what is not known of them is no error */
		{"4.18.0-553.el8_10.x86_64", "managed_irq,domain", "managed_irq,domain,4-7", ""},
		{"4.18.0-193.el8.x86_64", "managed_irq,domain", "managed_irq,domain,4-7", ""},
		{"4.18.0-305.25.1.rt7.97.el8_4.x86_64", "managed_irq,domain",
		 "managed_irq,domain,4-7", ""},
		{"4.18.0-167.el8.x86_64", "managed_irq,domain", "managed_irq,domain,4-7",
		 "error kernel.flags-too-new"},
		{"4.18.0-187.el8.x86_64", "managed_irq,domain", "managed_irq,domain,4-7",
		 "unknown kernel.flags-too-new"},
		{"4.18.0-25-generic", "managed_irq,domain", "managed_irq,domain,4-7",
		 "unknown kernel.flags-too-new"},
		{"5.4.0-150-generic", "managed_irq,domain", "managed_irq,domain,4-7",
		 "unknown kernel.flags-too-new"},
		{"5.4.0-rc3", "managed_irq,domain", "managed_irq,domain,4-7",
		 "error kernel.flags-too-new"},
		{"3.10.0-1160.el7.x86_64", "domain", "domain,4-7", "unknown kernel.flags-too-new"},
		/* whether the kernel takes them is not known */
		{UNKNOWN, "managed_irq,domain", "managed_irq,domain,4-7",
		 "unknown kernel.version-unknown"},
		{UNKNOWN, "managed_irq", "managed_irq,4-7",
		 "error kernel.flags-without-domain; unknown kernel.version-unknown"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *keys = g_strconcat("flags = ", rows[i].flags, NULL);
		g_autofree char *line =
			g_strdup_printf("isolcpus=%s nohz_full=4-7 rcu_nocbs=4-7 irqaffinity=0-3",
					rows[i].isolcpus);

		assert_line(rows[i].kernel, keys, "4-7", "0-3", line, rows[i].findings);
	}
}

/* A partition instead of isolcpus, never both. */
static void test_cpuset(void)
{
	static const struct {
		const char *kernel, *findings;
	} rows[] = {
		{"6.1", ""},
		{"6.12.107", ""},
		{"6.0.19", "error kernel.cpuset-too-new"},
		{"4.18.0-348", "error kernel.cpuset-too-new"},
		{"5.14.0-162.el9.x86_64", "error kernel.cpuset-too-new"},
		{"5.14.0-427.13.1.el9_4.x86_64", ""},
		{"5.15.0-100-generic", "unknown kernel.cpuset-too-new"},
		{UNKNOWN, "unknown kernel.cpuset-unknown"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
		assert_line(rows[i].kernel, "isolation = cpuset", "4-7", "0-3",
			    "nohz_full=4-7 rcu_nocbs=4-7 irqaffinity=0-3", rows[i].findings);
	assert_line("6.1", "isolation = cpuset\nirqaffinity = no", "4-7", "0-3",
		    "nohz_full=4-7 rcu_nocbs=4-7", "");
}

static void test_x6(void)
{
	assert_line("4.18.0-348", "irqaffinity = no", "4-17,22-35,40-53,58-71",
		    "0-3,18-21,36-39,54-57",
		    "isolcpus=4-17,22-35,40-53,58-71 nohz_full=4-17,22-35,40-53,58-71 "
		    "rcu_nocbs=4-17,22-35,40-53,58-71",
		    "");
	assert_line("4.18.0-348", "", "4-17,22-35,40-53,58-71", "0-3,18-21,36-39,54-57",
		    "isolcpus=4-17,22-35,40-53,58-71 nohz_full=4-17,22-35,40-53,58-71 "
		    "rcu_nocbs=4-17,22-35,40-53,58-71 irqaffinity=0-3,18-21,36-39,54-57",
		    "");
}

static void test_extra(void)
{
	static const char *const isolated[] = {"4-7", ""};
	static const char *const heads[] = {PLAIN " ", ""};

	for (unsigned i = 0; i < G_N_ELEMENTS(isolated); i++) {
		g_autofree char *line =
			g_strconcat(heads[i], "skew_tick=1 nosoftlockup a=b=c d= quiet", NULL);

		assert_line("4.18", "extra = skew_tick=1 nosoftlockup  a=b=c d=\tquiet",
			    isolated[i], "0-3", line, "");
	}
}

/* Nothing to isolate: no parameter, and nothing to say of flags, versions or interrupts. */
static void test_nothing_isolated(void)
{
	static const char *const keys[] = {"", "isolation = cpuset", "flags = managed_irq",
					   "irqaffinity = yes"};

	for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++) {
		assert_line("4.18", keys[i], "", "0-7", "", "");
		assert_line(UNKNOWN, keys[i], "", "0-7", "", "");
	}
}

static void test_parameters(void)
{
	static const struct {
		const char *name, *value;
	} rows[] = {{"isolcpus", "1,3"},  {"nohz_full", "1,3"},
		    {"rcu_nocbs", "1,3"}, {"irqaffinity", "0,2"},
		    {"quiet", NULL},	  {"a", ""},
		    {"b", "c=d"}};
	g_autoptr(Inventory) inventory = inventory_of("extra = quiet a= b=c=d");
	KernelWishes wishes = inventory_kernel(inventory);
	g_autoptr(GPtrArray) findings = findings_new();
	g_auto(CpuSet) isolated = cpulist_parse("3,1", NULL);
	g_auto(CpuSet) host_cpus = cpulist_parse("2,0", NULL);
	g_autoptr(GPtrArray) parameters =
		kernel_parameters(&wishes, "4.18", isolated, host_cpus, findings);

	g_assert_cmpuint(parameters->len, ==, G_N_ELEMENTS(rows));
	for (unsigned i = 0; i < parameters->len; i++) {
		const KernelParameter *parameter = g_ptr_array_index(parameters, i);

		g_assert_cmpstr(parameter->name, ==, rows[i].name);
		g_assert_cmpstr(parameter->value, ==, rows[i].value);
	}
}

static void test_length(void)
{
	static const struct {
		size_t length;
		const char *findings;
	} rows[] = {
		{0, ""},
		{100, ""},
		{1024, ""},
		{1025, "warning kernel.line-long"},
		{2047, "warning kernel.line-long"},
		{2048, "error kernel.line-too-long"},
		{100000, "error kernel.line-too-long"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *line = g_strnfill(rows[i].length, 'x');
		g_autoptr(GPtrArray) findings = findings_new();
		g_autofree char *says = NULL;

		kernel_line_check(line, findings);
		says = said(findings);
		g_assert_cmpstr(says, ==, rows[i].findings);
	}
}

/* Of whole plans: the three lists are one, and never name the boot CPU or its siblings. */

static const KernelParameter *parameter_of(const Plan *plan, const char *name)
{
	for (unsigned i = 0; i < plan->parameters->len; i++) {
		const KernelParameter *parameter = g_ptr_array_index(plan->parameters, i);

		if (g_str_equal(parameter->name, name))
			return parameter;
	}
	return NULL;
}

static void assert_boot_core_out(const Plan *plan)
{
	const Core *boot = host_core(plan->host, 0);

	for (unsigned i = 0; i < boot->n_cpus; i++)
		g_assert_false(hwloc_bitmap_isset(plan->isolated, boot->cpu[i]));
}

static void assert_one_list(const Plan *plan)
{
	static const char *const names[] = {"isolcpus", "nohz_full", "rcu_nocbs"};
	g_autofree char *isolated = cpulist_format(plan->isolated);

	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
		const KernelParameter *parameter = parameter_of(plan, names[i]);

		if (*isolated)
			g_assert_cmpstr(parameter->value, ==, isolated);
		else
			g_assert_null(parameter);
	}
}

static void assert_plan(const char *topology, const char *text)
{
	const PlanOptions options = {0};
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Inventory) inventory = inventory_parse("f.ini", text, strlen(text), errors);
	g_autoptr(GError) error = NULL;
	g_autoptr(Host) host = host_load(topology, &error);
	g_autoptr(Plan) plan = NULL;

	g_assert_no_error(error);
	g_assert_nonnull(inventory);
	plan = plan_compute(host, inventory, NULL, &options);
	assert_boot_core_out(plan);
	assert_one_list(plan);
}

static void test_boot_cpu(void)
{
	static const char *const hosts[] = {
		"pack:2 [numa] l3:1 core:18 pu:2(indexes=2*36:36*1)",
		"pack:2 die:2 [numa] l3:1 core:2 pu:2",
		"pack:1 [numa] core:1 pu:1",
		"pack:1 [numa] core:2 pu:8",
	};
	static const char *const inventories[] = {
		"",
		"[host]\ncores = 1\n[sdk]\ncores = 8192\n",
		"[host]\ncpus = 1\n",
		"[host]\ncpus = 1\n[sdk]\ncpus = 0\n",
		"[shared]\ncpus = 0-3\n[vm a]\nvcpus = 1\ncpus = 0\n",
		"[vm a]\nvcpus = 2\ncount = 9\n",
	};

	for (unsigned h = 0; h < G_N_ELEMENTS(hosts); h++)
		for (unsigned i = 0; i < G_N_ELEMENTS(inventories); i++) {
			g_autofree char *text =
				g_strconcat("[node]\nkernel = 4.18\n", inventories[i], NULL);

			assert_plan(hosts[h], text);
		}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/kernelargs/versions", test_versions);
	g_test_add_func("/kernelargs/flags", test_flags);
	g_test_add_func("/kernelargs/cpuset", test_cpuset);
	g_test_add_func("/kernelargs/x6", test_x6);
	g_test_add_func("/kernelargs/extra", test_extra);
	g_test_add_func("/kernelargs/nothing-isolated", test_nothing_isolated);
	g_test_add_func("/kernelargs/parameters", test_parameters);
	g_test_add_func("/kernelargs/length", test_length);
	g_test_add_func("/kernelargs/boot-cpu", test_boot_cpu);
	return g_test_run();
}
