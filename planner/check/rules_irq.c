/* SPDX-License-Identifier: MIT */
/* Rules over interrupts. */
#include "planner/check/line_advice.h"
#include "planner/check/rules_found.h"
#include "planner/check/rules_table.h"

#include <string.h>

#define SUBJECT "interrupts"
#define IRQ_FILE "/proc/irq/*/effective_affinity_list"

/* Where it really goes; where the kernel does not say, where it may go. NULL = not known. */
static hwloc_const_bitmap_t irq_cpus(const Irq *irq)
{
	return irq->effective || irq->lost ? irq->effective : irq->affinity;
}

/* One that rules speak of: where it hits, and how often it did there. */
typedef struct IrqHit {
	const Irq *irq;
	hwloc_bitmap_t cpus;
	guint64 times;
	bool counted;
} IrqHit;

static void hit_clear(void *data)
{
	hwloc_bitmap_free(((IrqHit *)data)->cpus);
}

static char *hit_text(const IrqHit *hit)
{
	g_autofree char *list = set_text(hit->cpus);
	g_autofree char *times =
		!hit->counted ? g_strdup("")
		: hit->times  ? g_strdup_printf(", fired %" G_GUINT64_FORMAT " times", hit->times)
			      : g_strdup(", never fired");

	return g_strdup_printf("%u%s%s (CPUs %s%s)", hit->irq->number, *hit->irq->name ? " " : "",
			       hit->irq->name, list, times);
}

/* Those that fired most come first, those that never did last. */
static int hit_compare(const void *a, const void *b)
{
	const IrqHit *one = a, *other = b;
	guint64 first = one->counted ? one->times : 1, second = other->counted ? other->times : 1;

	if (first != second)
		return first > second ? -1 : 1;
	return one->irq->number < other->irq->number ? -1 : one->irq->number > other->irq->number;
}

/* Which CPUs of those that IRQ goes to are trouble? Yours, NULL or empty where none is. */
typedef hwloc_bitmap_t IrqTrouble(const Audit *audit, const Irq *irq);

static void irqs_find(const Rule *rule, const Audit *audit, GPtrArray *findings,
		      IrqTrouble *trouble, const char *where)
{
	const GArray *irqs = audit->facts->irqs->irqs;
	g_autoptr(GArray) hits = g_array_new(FALSE, FALSE, sizeof(IrqHit));
	g_auto(CpuSet) cpus = set_new();
	Naming naming = {0};
	g_autofree char *text = NULL;

	g_array_set_clear_func(hits, hit_clear);
	for (unsigned i = 0; i < irqs->len; i++) {
		const Irq *irq = &g_array_index(irqs, Irq, i);
		IrqHit hit = {irq, irq->fixed || !irq_cpus(irq) ? NULL : trouble(audit, irq), 0,
			      false};

		if (!hit.cpus || hwloc_bitmap_iszero(hit.cpus)) {
			hwloc_bitmap_free(hit.cpus);
			continue;
		}
		hit.counted = irq_fired(irq, hit.cpus, &hit.times);
		hwloc_bitmap_or(cpus, cpus, hit.cpus);
		g_array_append_val(hits, hit);
	}
	g_array_sort(hits, hit_compare);
	for (unsigned i = 0; i < hits->len; i++) {
		g_autofree char *name = hit_text(&g_array_index(hits, IrqHit, i));

		naming_add(&naming, name);
	}
	text = naming_end(&naming);
	if (hits->len)
		rule_found(rule, findings, SUBJECT, IRQ_FILE, cpus, "%u %s to %s: %s", hits->len,
			   hits->len == 1 ? "interrupt goes" : "interrupts go", where, text);
}

static bool is_of_vfio(const Irq *irq)
{
	return g_str_has_prefix(irq->name, "vfio-");
}

static hwloc_bitmap_t moved_trouble(const Audit *audit, const Irq *irq)
{
	return irq->managed || is_of_vfio(irq) ? NULL : set_and(irq_cpus(irq), audit->isolated);
}

/* With managed_irq a queue of isolated CPUs alone stays, and is at rest unless they do I/O. */
static bool is_at_rest(const Audit *audit, const Irq *irq, hwloc_const_bitmap_t hit)
{
	guint64 times;

	return audit->effects && audit->effects->isolcpus.managed && irq->affinity &&
	       !set_meets(irq->affinity, audit->host_cpus) && irq_fired(irq, hit, &times) && !times;
}

static hwloc_bitmap_t managed_trouble(const Audit *audit, const Irq *irq)
{
	g_auto(CpuSet) hit = irq->managed ? set_and(irq_cpus(irq), audit->isolated) : NULL;

	return hit && !is_at_rest(audit, irq, hit) ? g_steal_pointer(&hit) : NULL;
}

static void eval_on_isolated(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	irqs_find(rule, audit, findings, moved_trouble, "isolated CPUs");
}

static const LineAdvice on_isolated_line = {LINE_IRQAFFINITY,
					    "write the host's CPUs to smp_affinity_list", true};

const Rule rule_irq_on_isolated = {
	.id = "irq.on-isolated",
	.severity = SEVERITY_ERROR,
	.title = "Interrupts go to isolated CPUs",
	.sees = "effective_affinity_list of every interrupt that user space can move, or "
		"smp_affinity_list if the kernel has no effective one, against the isolated CPUs; "
		"the counts of /proc/interrupts order them. Interrupts that each CPU has, that "
		"have no handler, and those of devices passed through do not count.",
	.why = "Each interrupt on a dedicated CPU is a VM exit, with the handler and its softirqs "
	       "taken from the guest's time. isolcpus does not move interrupts.",
	.remedy = "write the host's CPUs to smp_affinity_list, and boot with irqaffinity=",
	.fixes = &fixes_irqs,
	.line = &on_isolated_line,
	.source = "Documentation/core-api/irq/irq-affinity.rst",
	.when = WHEN_ISOLATED,
	.needs = FACT_IRQS,
	.eval = eval_on_isolated,
};

static void eval_managed(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	irqs_find(rule, audit, findings, managed_trouble, "isolated CPUs");
}

#define FEWER_QUEUES                                                                               \
	"give the device fewer queues; of megaraid_sas and mpt3sas the parameter "                 \
	"smp_affinity_enable=0 makes them movable, of smartpqi disable_managed_interrupts=1"

static const LineAdvice managed_line = {LINE_MANAGED_IRQ, FEWER_QUEUES, false};

const Rule rule_irq_managed_on_isolated = {
	.id = "irq.managed-on-isolated",
	.severity = SEVERITY_WARNING,
	.title = "Managed interrupts go to isolated CPUs",
	.sees = "effective_affinity_list of interrupts that the kernel places itself against the "
		"isolated CPUs: by debugfs, by the mode of smp_affinity (0444, 6.12 and later), by "
		"the driver (queues of NVMe, virtio-blk, RAID and SAS controllers; of no NIC but "
		"wangxun's), by queues that divide the CPUs among themselves. Not those that never "
		"fired if managed_irq leaves them no other CPU.",
	.why = "User space cannot move them: a write gives EIO or EPERM. isolcpus=managed_irq "
	       "keeps them off isolated CPUs if their queue has others. A queue with only isolated "
	       "CPUs interrupts only if something on these CPUs does I/O.",
	.remedy = "boot with isolcpus=managed_irq,domain,LIST (5.6 and later), or " FEWER_QUEUES,
	.fixes = &fixes_managed,
	.line = &managed_line,
	.source = "kernel/irq/manage.c irq_do_set_affinity(), proc.c; kernel-parameters.txt "
		  "isolcpus=; drivers/scsi",
	.when = WHEN_ISOLATED,
	.needs = FACT_IRQS,
	.eval = eval_managed,
};

/* Devices passed through: their interrupts belong on their own VM's CPUs. */

const AuditVm *irq_owner(const Audit *audit, const Irq *irq)
{
	const char *open = strchr(irq->name, '(');
	g_autofree char *device = open ? g_strndup(open + 1, strcspn(open + 1, ")")) : NULL;

	for (unsigned i = 0; device && i < audit->vms->len; i++) {
		const AuditVm *vm = g_ptr_array_index(audit->vms, i);

		if (vm->guest &&
		    g_ptr_array_find_with_equal_func(vm->guest->passed, device, g_str_equal, NULL))
			return vm;
	}
	return NULL;
}

static hwloc_bitmap_t foreign_trouble(const Audit *audit, const Irq *irq)
{
	const AuditVm *owner = is_of_vfio(irq) ? irq_owner(audit, irq) : NULL;
	g_auto(CpuSet) others = set_new();

	for (unsigned i = 0; owner && i < audit->vms->len; i++) {
		const AuditVm *vm = g_ptr_array_index(audit->vms, i);

		if (vm != owner && vm->dedicated && vm->guest && vm->guest->running)
			hwloc_bitmap_or(others, others, vm->cpus);
	}
	if (owner)
		hwloc_bitmap_andnot(others, others, owner->cpus);
	return set_and(irq_cpus(irq), others);
}

static void eval_foreign(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	irqs_find(rule, audit, findings, foreign_trouble, "other VMs' CPUs");
}

const Rule rule_irq_passed_elsewhere = {
	.id = "irq.passed-elsewhere",
	.severity = SEVERITY_ERROR,
	.title = "A VM's own device interrupts another VM",
	.sees = "effective_affinity_list of vfio-msi, vfio-msix and vfio-intx interrupts of the "
		"PCI devices that a VM's XML passes through, against the CPUs of other running "
		"dedicated VMs. On its own VM's CPUs they are in place.",
	.why = "The interrupt is an exit of a VM that has nothing to do with the device.",
	.remedy = "write the CPUs of the device's VM, or the host's, to smp_affinity_list. The "
		  "guest's driver makes the interrupt again: do so after each start of the guest",
	.source = "drivers/vfio/pci/vfio_pci_intrs.c",
	.when = WHEN_GUESTS,
	.needs = FACT_IRQS | FACT_GUESTS,
	.eval = eval_foreign,
};

/* A plan without irqaffinity= leaves the default to others on purpose; and on OpenShift CRI-O takes
 * the CPUs of a pod out when it starts, unless the profile did so for all. */
static void eval_default(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	if (!audit->plan ? audit->facts->platform != PLATFORM_OPENSHIFT
			 : audit->planned_effects->irq != NULL)
		rule_found_on_isolated(rule, audit, findings, SUBJECT,
				       "/proc/irq/default_smp_affinity",
				       audit->facts->irqs->default_affinity,
				       "new interrupts may be placed on", NULL);
}

static const LineAdvice default_line = {
	LINE_IRQAFFINITY, "write the host's CPUs to /proc/irq/default_smp_affinity", false};

const Rule rule_irq_default_affinity = {
	.id = "irq.default-affinity",
	.severity = SEVERITY_WARNING,
	.title = "New interrupts may be placed on isolated CPUs",
	.sees = "/proc/irq/default_smp_affinity against the isolated CPUs; not if the plan leaves "
		"out irqaffinity=, nor on OpenShift, where CRI-O takes a pod's CPUs out of it.",
	.why = "A new device or a reloaded driver places its interrupts by this mask.",
	.remedy = "boot with irqaffinity= of the host's CPUs, or write them to the file",
	.fixes = &fixes_line,
	.line = &default_line,
	.deliberate = 1u << PLATFORM_UNRAID,
	.at_most = SEVERITY_INFO,
	.source = "Documentation/core-api/irq/irq-affinity.rst; kernel/irq/irqdesc.c",
	.when = WHEN_ISOLATED,
	.needs = FACT_IRQ_DEFAULT,
	.eval = eval_default,
};

/* irqbalance */

static bool hex_word(const char *word, unsigned at, hwloc_bitmap_t set)
{
	guint64 bits;

	if (!g_ascii_string_to_unsigned(word, 16, 0, G_MAXUINT32, &bits, NULL))
		return false;
	for (unsigned i = 0; i < 32; i++)
		if (bits >> i & 1)
			hwloc_bitmap_set(set, at + i);
	return true;
}

/* "00ff,ffffffff": words of 32 bits, the lowest last. */
static bool hex_mask(const char *text, hwloc_bitmap_t set)
{
	g_auto(GStrv) words = g_strsplit(text, ",", -1);
	unsigned n = g_strv_length(words);

	for (unsigned i = 0; i < n; i++)
		if (!hex_word(words[i], (n - 1 - i) * 32, set))
			return false;
	return n > 0 && n <= CPULIST_LIMIT / 32;
}

/* What irqbalance is told to leave alone; BANNED_CPUS wins over CPULIST. NULL: it is told nothing.
 */
static hwloc_bitmap_t rules_irq_banned(GHashTable *settings, const char **name)
{
	const char *mask = g_hash_table_lookup(settings, "IRQBALANCE_BANNED_CPUS");
	const char *list = g_hash_table_lookup(settings, "IRQBALANCE_BANNED_CPULIST");
	hwloc_bitmap_t set;

	if (mask && *mask) {
		*name = "IRQBALANCE_BANNED_CPUS";
		set = set_new();
		if (!hex_mask(mask, set))
			hwloc_bitmap_zero(set);
		return set;
	}
	if (!list || !*list)
		return NULL;
	*name = "IRQBALANCE_BANNED_CPULIST";
	set = cpulist_parse(list, NULL);
	return set ? set : set_new();
}

/* What it leaves alone by itself does not hold the partitions' CPUs. */
static void eval_irqbalance_default(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	g_auto(CpuSet) left = set_minus(audit->partitions, audit->scheduler);
	g_autofree char *list = NULL;

	hwloc_bitmap_andnot(left, left, audit->tick);
	list = set_text(left);
	if (!hwloc_bitmap_iszero(left) && audit->facts->services->irqbalance_runs)
		rule_found_fix(rule, findings, SUBJECT, "irqbalance's environment file", left,
			       "IRQBALANCE_BANNED_CPULIST= of every isolated CPU: 'planner emit "
			       "irqbalance' writes it",
			       "irqbalance runs and leaves alone only what isolcpus and nohz_full "
			       "name, not CPUs %s of cpuset partitions",
			       list);
}

static void eval_irqbalance(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	const ServiceFacts *services = audit->facts->services;
	const char *name = NULL;
	g_auto(CpuSet) set =
		services->irqbalance ? rules_irq_banned(services->irqbalance, &name) : NULL;
	g_auto(CpuSet) left = set ? set_minus(audit->isolated, set) : set_new();
	g_autofree char *list = set_text(left);

	/* On OpenShift CRI-O bans CPUs, pod by pod. */
	if (audit->facts->platform == PLATFORM_OPENSHIFT)
		return;
	if (!set)
		eval_irqbalance_default(rule, audit, findings);
	if (set && !hwloc_bitmap_iszero(left))
		rule_found(rule, findings, SUBJECT,
			   services->irqbalance_source ? services->irqbalance_source
						       : "irqbalance's environment file",
			   left, "%s leaves isolated CPUs %s to irqbalance%s", name, list,
			   services->irqbalance_runs ? "" : ", which is not running");
}

const Rule rule_irq_irqbalance_list = {
	.id = "irq.irqbalance-list",
	.severity = SEVERITY_WARNING,
	.title = "irqbalance is told to use isolated CPUs",
	.sees = "IRQBALANCE_BANNED_CPUS (hexadecimal, has precedence) and "
		"IRQBALANCE_BANNED_CPULIST in /etc/default/irqbalance or "
		"/etc/sysconfig/irqbalance, "
		"else in Environment= of drop-ins of irqbalance.service, against the isolated "
		"CPUs; without either, and where it runs, the CPUs of isolated cpuset partitions. "
		"Not on OpenShift, where CRI-O bans the CPUs of each pod.",
	.why = "By default irqbalance leaves isolated and nohz_full CPUs alone. Either setting "
	       "replaces that list; it does not extend it. It does not know cpuset partitions.",
	.remedy = "remove the setting, or list every isolated CPU: 'planner emit irqbalance' "
		  "writes it",
	.source = "irqbalance cputree.c setup_banned_cpus()",
	.when = WHEN_ISOLATED,
	.needs = FACT_SERVICES,
	.eval = eval_irqbalance,
};
