/* SPDX-License-Identifier: MIT */
#include "tests/unit/scratch.h"
#include "topology/facts/facts.h"
#include "topology/facts/irqs.h"

static void test_names(void)
{
	g_autoptr(GHashTable) names = interrupts_parse(
		"           CPU0       CPU1\n"
		"  0:         44          0   IO-APIC   2-edge      timer\n"
		"124:          0          9   PCI-MSI 524288-edge      eth0-TxRx-3\n"
		"125:          0          0   PCI-MSI 1-edge      a, b\n"
		"NMI:          1          2   Non-maskable interrupts\nERR: 0\n99999999999: 1 "
		"x\n7:");

	g_assert_cmpstr(g_hash_table_lookup(names, GUINT_TO_POINTER(124)), ==, "eth0-TxRx-3");
	g_assert_cmpstr(g_hash_table_lookup(names, NULL), ==, "timer");
	g_assert_cmpstr(g_hash_table_lookup(names, GUINT_TO_POINTER(7)), ==, "");
	g_assert_cmpuint(g_hash_table_size(names), ==, 4);
}

static void test_managed(void)
{
	g_assert_true(irq_name_managed("nvme0q1"));
	g_assert_true(irq_name_managed("nvme12q31"));
	g_assert_false(irq_name_managed("nvme0q0"));
	g_assert_true(irq_name_managed("virtio0-req.0"));
	g_assert_false(irq_name_managed("virtio0-input.0"));
	g_assert_false(irq_name_managed("eth0-TxRx-1"));
	g_assert_false(irq_name_managed(""));
}

static const Irq *irq_at(const Facts *facts, guint i)
{
	return &g_array_index(facts->irqs->irqs, Irq, i);
}

static void test_load(void)
{
	g_autofree char *directory = scratch_new();
	FactsOptions options = {.root = directory};
	g_autoptr(Facts) facts = NULL;

	scratch_put(directory, "proc/irq/default_smp_affinity", "0000000f\n");
	scratch_put(directory, "proc/irq/24/smp_affinity_list", "0-3\n");
	scratch_put(directory, "proc/irq/24/effective_affinity_list", "\n");
	scratch_put(directory, "proc/irq/9/smp_affinity_list", "1\n");
	scratch_put(directory, "proc/interrupts", "CPU0\n24: 0 MSI nvme0q0\n");
	scratch_put(directory, "sys/kernel/debug/irq/irqs/24",
		    "affinity: x\nIRQD_AFFINITY_MANAGED\n");
	facts = facts_load(&options, NULL);
	assert_set(facts->irqs->default_affinity, "0-3");
	g_assert_cmpuint(facts->irqs->irqs->len, ==, 2);
	g_assert_cmpuint(irq_at(facts, 0)->number, ==, 9);
	g_assert_null(irq_at(facts, 0)->effective);
	g_assert_cmpstr(irq_at(facts, 0)->name, ==, "");
	assert_set(irq_at(facts, 1)->affinity, "0-3");
	assert_set(irq_at(facts, 1)->effective, "");
	g_assert_true(irq_at(facts, 1)->managed);
	scratch_remove(directory);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/irqs/names", test_names);
	g_test_add_func("/irqs/managed", test_managed);
	g_test_add_func("/irqs/load", test_load);
	return g_test_run();
}
