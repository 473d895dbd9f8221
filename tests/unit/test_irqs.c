/* SPDX-License-Identifier: MIT */
#include "tests/unit/scratch.h"
#include "topology/facts/facts.h"
#include "topology/facts/irq_managed.h"

static const Interrupt *line_of(GHashTable *lines, unsigned number)
{
	return g_hash_table_lookup(lines, GUINT_TO_POINTER(number));
}

static void test_names(void)
{
	g_autoptr(GHashTable) lines = interrupts_parse(
		"           CPU0       CPU1\n"
		"  0:         44          0   IO-APIC   2-edge      timer\n"
		"124:          0          9   PCI-MSI 524288-edge      eth0-TxRx-3\n"
		"125:          0          0   PCI-MSI 1-edge      a, b\n"
		"126:          0          0   ITS-MSI 7-edge      hisi_sas_v3_hw cq\n"
		"  8:          3          1   GICv3  30 Level     arch_timer\n"
		"  9:          3          1   PCI-MSI 5-edge\n"
		"NMI:          1          2   Non-maskable interrupts\nERR: 0\n99999999999: 1 "
		"x\n7:");

	g_assert_cmpstr(line_of(lines, 124)->name, ==, "eth0-TxRx-3");
	g_assert_cmpstr(line_of(lines, 124)->chip, ==, "PCI-MSI 524288-edge");
	g_assert_cmpuint(g_array_index(line_of(lines, 124)->counts, guint64, 1), ==, 9);
	g_assert_cmpstr(line_of(lines, 0)->name, ==, "timer");
	g_assert_cmpstr(line_of(lines, 7)->name, ==, "");
	g_assert_cmpstr(line_of(lines, 8)->name, ==, "arch_timer");
	g_assert_cmpstr(line_of(lines, 9)->name, ==, "");
	g_assert_cmpstr(line_of(lines, 125)->name, ==, "a, b");
	g_assert_cmpstr(line_of(lines, 126)->name, ==, "hisi_sas_v3_hw cq");
	g_assert_cmpuint(g_hash_table_size(lines), ==, 7);
}

static void test_drivers(void)
{
	static const struct {
		const char *name;
		IrqDriver driver;
	} names[] = {
		{"nvme0q1", IRQ_DRIVER_ALWAYS},
		{"nvme12q31", IRQ_DRIVER_ALWAYS},
		{"nvme0q0", IRQ_DRIVER_OTHER},
		{"virtio0-req.0", IRQ_DRIVER_ALWAYS},
		{"virtio3-request", IRQ_DRIVER_ALWAYS},
		{"virtio3-config", IRQ_DRIVER_OTHER},
		{"virtio0-input.0", IRQ_DRIVER_OTHER},
		{"megasas0-msix12", IRQ_DRIVER_SOMETIMES},
		{"mpt3sas0-msix3", IRQ_DRIVER_SOMETIMES},
		{"mpi3mr0-msix0", IRQ_DRIVER_OTHER},
		{"hisi_sas_v3_hw cq", IRQ_DRIVER_ALWAYS},
		{"hisi_sas_v3_hw phy", IRQ_DRIVER_OTHER},
		{"beiscsi_00_01", IRQ_DRIVER_ALWAYS},
		{"beiscsi_mcc_00", IRQ_DRIVER_OTHER},
		{"eth0-TxRx-1", IRQ_DRIVER_OTHER},
		{"", IRQ_DRIVER_OTHER},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
		g_assert_cmpint(irq_driver(names[i].name), ==, names[i].driver);
	g_assert_true(irq_name_fixed("arch_timer") && irq_name_fixed("arm-pmu"));
	g_assert_false(irq_name_fixed("i8042"));
}

/* Interrupts of a node with 4 CPUs: name, where it goes, mode; what they are taken for. */
static const struct {
	const char *title, *name[4], *cpus[4];
	unsigned mode[4];
	const char *managed; /* m: managed, f: nobody's, .: movable */
} judged[] = {
	{"a queue a CPU", {"megasas0-msix0", "megasas0-msix1"}, {"0", "1"}, {0}, "mm"},
	{"queues that go everywhere",
	 {"megasas0-msix0", "megasas0-msix1"},
	 {"0-3", "0-3"},
	 {0},
	 ".."},
	{"the first queue is for low latency",
	 {"megasas0-msix0", "megasas0-msix1", "megasas0-msix2"},
	 {"0-3", "0-1", "2-3"},
	 {0},
	 ".mm"},
	{"all on one CPU", {"mpt3sas0-msix0", "mpt3sas0-msix1"}, {"2", "2"}, {0}, ".."},
	{"a NIC that a script spread",
	 {"eth0-TxRx-0", "eth0-TxRx-1", "eth0-TxRx-2", "eth0-TxRx-3"},
	 {"0", "1", "2", "3"},
	 {0},
	 "...."},
	{"a driver that nobody knows", {"xy0-0", "xy0-1"}, {"0-1", "2-3"}, {0}, "mm"},
	{"modes", {"nvme0q1", "xy", "arch_timer"}, {"1", "2", "0-3"}, {0644, 0444, 0444}, ".mf"},
	{"modes that a copy lost", {"nvme0q1", "nvme0q0"}, {"1", "2"}, {0444, 0444}, "m."},
};

static void irq_add(GArray *irqs, GArray *tells, unsigned i, unsigned of)
{
	Irq irq = {.number = of + 1,
		   .name = g_strdup(judged[i].name[of]),
		   .chip = g_strdup("PCI-MSI"),
		   .affinity = hwloc_bitmap_alloc()};
	IrqTell tell = {judged[i].mode[of], NULL};

	hwloc_bitmap_list_sscanf(irq.affinity, judged[i].cpus[of]);
	g_array_append_val(irqs, irq);
	g_array_append_val(tells, tell);
}

static void test_judged(void)
{
	g_auto(CpuSet) online = hwloc_bitmap_alloc();

	hwloc_bitmap_set_range(online, 0, 3);
	for (unsigned i = 0; i < G_N_ELEMENTS(judged); i++) {
		IrqFacts *facts = irqs_new();
		g_autoptr(GArray) tells = g_array_new(FALSE, FALSE, sizeof(IrqTell));

		g_test_message("%s", judged[i].title);
		for (unsigned of = 0; of < 4 && judged[i].name[of]; of++)
			irq_add(facts->irqs, tells, i, of);
		irqs_judge(facts->irqs, tells, online, NULL);
		for (unsigned of = 0; of < facts->irqs->len; of++) {
			const Irq *irq = &g_array_index(facts->irqs, Irq, of);

			g_assert_cmpint(irq->fixed     ? 'f'
					: irq->managed ? 'm'
						       : '.',
					==, judged[i].managed[of]);
		}
		irqs_free(facts);
	}
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
	g_assert_true(irq_at(facts, 0)->fixed); /* nobody handles it */
	scratch_remove(directory);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/irqs/names", test_names);
	g_test_add_func("/irqs/drivers", test_drivers);
	g_test_add_func("/irqs/judged", test_judged);
	g_test_add_func("/irqs/load", test_load);
	return g_test_run();
}
