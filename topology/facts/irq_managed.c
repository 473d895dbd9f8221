/* SPDX-License-Identifier: MIT */
#include "topology/facts/irq_managed.h"

#include <string.h>

#define MODE_WRITE 0222u

/* Those who ask for PCI_IRQ_AFFINITY, devm_platform_get_irqs_affinity() or virtio queues with a
 * description, 6.1 to 7.2; the names are those of request_irq(). */
static const struct {
	const char *pattern;
	IrqDriver driver;
} managed_names[] = {
	{"nvme[0-9]+q[1-9][0-9]*", IRQ_DRIVER_ALWAYS}, /* queue 0 is the admin queue */
	{"virtio[0-9]+-req\\.[0-9]+", IRQ_DRIVER_ALWAYS},
	{"virtio[0-9]+-request", IRQ_DRIVER_ALWAYS},
	{"virtio[0-9]+-requests\\.[0-9]+", IRQ_DRIVER_ALWAYS},
	{"mpi3mr[0-9]+-msix[1-9][0-9]*", IRQ_DRIVER_ALWAYS},
	{"hpsa[0-9]+-msix[0-9]+", IRQ_DRIVER_ALWAYS},
	{"hisi_sas_v[23]_hw cq", IRQ_DRIVER_ALWAYS},
	{"pm80xx[0-9]+-[1-9][0-9]*", IRQ_DRIVER_ALWAYS},
	{"beiscsi_[0-9a-f]+_[0-9a-f]+", IRQ_DRIVER_ALWAYS},
	{"csio-.*-scsi[0-9]+", IRQ_DRIVER_ALWAYS},
	{"fnic[0-9]+-scsi-wq-[1-9][0-9]*", IRQ_DRIVER_ALWAYS},
	{"efct", IRQ_DRIVER_ALWAYS},
	{"ifcvf\\[.*\\]-[0-9]+", IRQ_DRIVER_ALWAYS},
	/* smp_affinity_enable=0; the first queues of low latency; firmware of few vectors */
	{"megasas[0-9]+-msix[0-9]+", IRQ_DRIVER_SOMETIMES},
	{"mpt[23]sas[0-9]+-msix[0-9]+", IRQ_DRIVER_SOMETIMES},
	{"smartpqi", IRQ_DRIVER_SOMETIMES},		     /* disable_managed_interrupts=1 */
	{"qla2xxx[0-9]+_qpair[0-9]+", IRQ_DRIVER_SOMETIMES}, /* not in target mode */
	{"lpfc:[0-9]+", IRQ_DRIVER_SOMETIMES},		     /* by lpfc_irq_chann */
};

static bool name_fits(const char *name, const char *pattern)
{
	g_autofree char *whole = g_strdup_printf("^(?:%s)$", pattern);

	return g_regex_match_simple(whole, name, 0, 0);
}

IrqDriver irq_driver(const char *name)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(managed_names); i++)
		if (name_fits(name, managed_names[i].pattern))
			return managed_names[i].driver;
	return IRQ_DRIVER_OTHER;
}

bool irq_name_fixed(const char *name)
{
	return name_fits(name, "timer|.*arch_timer|hpet[0-9]+|.*pmu.*|arm-cmn.*|hisi_ptt.*|IPI.*");
}

/* No NIC's interrupts are managed, however well they are spread; nor are a guest's own. */
static bool is_moved_by_habit(const char *name)
{
	return name_fits(name, ".*(?:TxRx|[-_](?:rx|tx|fp|comp|input|output)\\b).*|"
			       "(?:mlx|en|eth|ib|ice|i40e|iavf|bnxt|bond|vfio).*");
}

/* Queues: what is called alike but for the number at its end */

static char *queue_stem(const char *name)
{
	size_t length = strlen(name);

	while (length && g_ascii_isdigit(name[length - 1]))
		length--;
	return g_strndup(name, length);
}

typedef struct Queues {
	hwloc_bitmap_t all;
	unsigned n;
	int last;
	bool apart;  /* no CPU has two of them */
	bool single; /* each is on one CPU, in order */
} Queues;

static void queues_free(void *data)
{
	Queues *queues = data;

	hwloc_bitmap_free(queues->all);
	g_free(queues);
}

static Queues *queues_of(GHashTable *table, const char *stem)
{
	Queues *queues = g_hash_table_lookup(table, stem);

	if (!queues) {
		queues = g_new0(Queues, 1);
		*queues = (Queues){hwloc_bitmap_alloc(), 0, -1, true, true};
		g_hash_table_insert(table, g_strdup(stem), queues);
	}
	return queues;
}

/* One that may go everywhere was not spread: the first queues of some drivers are left out. */
static bool is_everywhere(const Irq *irq, hwloc_const_bitmap_t online)
{
	return !irq->affinity || (online && hwloc_bitmap_isincluded(online, irq->affinity));
}

static GHashTable *queues_read(const GArray *irqs, hwloc_const_bitmap_t online)
{
	GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, queues_free);

	for (unsigned i = 0; i < irqs->len; i++) {
		const Irq *irq = &g_array_index(irqs, Irq, i);
		g_autofree char *stem = queue_stem(irq->name);
		Queues *queues = queues_of(table, stem);

		if (!*stem || is_everywhere(irq, online))
			continue;
		queues->n++;
		if (hwloc_bitmap_intersects(queues->all, irq->affinity))
			queues->apart = false;
		if (hwloc_bitmap_weight(irq->affinity) != 1 ||
		    hwloc_bitmap_first(irq->affinity) <= queues->last)
			queues->single = false;
		queues->last = hwloc_bitmap_first(irq->affinity);
		hwloc_bitmap_or(queues->all, queues->all, irq->affinity);
	}
	return table;
}

/* Do IRQ and those called like it divide the CPUs as the kernel does it? */
static bool is_spread(const Irq *irq, GHashTable *table, hwloc_const_bitmap_t online,
		      IrqDriver driver)
{
	g_autofree char *stem = queue_stem(irq->name);
	const Queues *queues = g_hash_table_lookup(table, stem);

	if (!queues || queues->n < 2 || is_everywhere(irq, online))
		return false;
	if (queues->apart && online && hwloc_bitmap_isincluded(online, queues->all))
		return true;
	return queues->single && driver == IRQ_DRIVER_SOMETIMES;
}

/* lpfc asks for managed ones by default elsewhere; on x86 it spreads them itself. */
static bool is_of_lpfc_x86(const Irq *irq)
{
	return g_str_has_prefix(irq->name, "lpfc:") && strstr(irq->chip, "PCI-MSI") &&
	       !strstr(irq->chip, "ITS");
}

static bool managed_by_queues(const Irq *irq, GHashTable *table, hwloc_const_bitmap_t online)
{
	IrqDriver driver = irq_driver(irq->name);

	if (driver == IRQ_DRIVER_ALWAYS)
		return true;
	if (is_of_lpfc_x86(irq))
		return false;
	if (driver == IRQ_DRIVER_OTHER && is_moved_by_habit(irq->name))
		return false;
	return is_spread(irq, table, online, driver);
}

/* Judging */

/* Does the mode tell? A kernel that sets it has some of either; a copy that lost it does not. */
static bool modes_tell(const GArray *tells)
{
	bool writable = false, readable = false;

	for (unsigned i = 0; i < tells->len; i++) {
		unsigned mode = g_array_index(tells, IrqTell, i).mode;

		writable |= mode & MODE_WRITE;
		readable |= mode && !(mode & MODE_WRITE);
	}
	return writable && readable;
}

static bool nobody_handles(const Irq *irq, GHashTable *listed)
{
	const Interrupt *line =
		listed ? g_hash_table_lookup(listed, GUINT_TO_POINTER(irq->number)) : NULL;

	return listed && (!line || !*line->name);
}

/* User space cannot set it: a queue, unless it is of the platform and not of a device. */
static bool is_of_device(const Irq *irq)
{
	return irq_driver(irq->name) != IRQ_DRIVER_OTHER || strstr(irq->chip, "MSI");
}

void irqs_judge(GArray *irqs, const GArray *tells, hwloc_const_bitmap_t online, GHashTable *listed)
{
	g_autoptr(GHashTable) table = queues_read(irqs, online);
	bool by_mode = modes_tell(tells);

	for (unsigned i = 0; i < irqs->len; i++) {
		Irq *irq = &g_array_index(irqs, Irq, i);
		const IrqTell *tell = &g_array_index(tells, IrqTell, i);
		bool unset = by_mode && tell->mode && !(tell->mode & MODE_WRITE);

		irq->fixed = !irq->number || irq_name_fixed(irq->name) ||
			     nobody_handles(irq, listed) || (unset && !is_of_device(irq));
		if (tell->debugfs) {
			irq->managed = strstr(tell->debugfs, "IRQD_AFFINITY_MANAGED") != NULL;
			irq->fixed |= !irq->managed && (strstr(tell->debugfs, "IRQD_PER_CPU") ||
							strstr(tell->debugfs, "IRQD_NO_BALANCING"));
		} else if (by_mode && tell->mode) {
			irq->managed = unset;
		} else {
			irq->managed = managed_by_queues(irq, table, online);
		}
	}
}
