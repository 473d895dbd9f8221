/* SPDX-License-Identifier: MIT */
/* Rules over interrupts. */
#include "planner/check/rules_found.h"
#include "planner/check/rules_table.h"

#include <string.h>

#define SUBJECT "interrupts"
#define IRQ_FILE "/proc/irq/*/effective_affinity_list"

/* Where it really goes; where the kernel does not say, where it may go. */
static hwloc_const_bitmap_t irq_cpus(const Irq *irq)
{
	return irq->effective ? irq->effective : irq->affinity;
}

static char *irq_text(const Irq *irq, hwloc_const_bitmap_t hit)
{
	g_autofree char *list = set_text(hit);

	return g_strdup_printf("%u%s%s%s (CPUs %s)", irq->number, *irq->name ? " " : "", irq->name,
			       "", list);
}

/* The interrupts of one kind that go to isolated CPUs. */
static void irqs_on(const Rule *rule, const Audit *audit, GPtrArray *findings, bool managed)
{
	const GArray *irqs = audit->facts->irqs->irqs;
	g_auto(CpuSet) cpus = set_new();
	Naming naming = {0};
	unsigned n = 0;
	g_autofree char *text = NULL;

	for (unsigned i = 0; i < irqs->len; i++) {
		const Irq *irq = &g_array_index(irqs, Irq, i);
		g_auto(CpuSet) hit = set_new();
		g_autofree char *name = NULL;

		if (irq->managed != managed || !set_meets(irq_cpus(irq), audit->isolated))
			continue;
		hwloc_bitmap_and(hit, irq_cpus(irq), audit->isolated);
		hwloc_bitmap_or(cpus, cpus, hit);
		name = irq_text(irq, hit);
		naming_add(&naming, name);
		n++;
	}
	text = naming_end(&naming);
	if (n)
		rule_found(rule, findings, SUBJECT, IRQ_FILE, cpus, "%u %s to isolated CPUs: %s", n,
			   n == 1 ? "interrupt goes" : "interrupts go", text);
}

static void eval_on_isolated(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	irqs_on(rule, audit, findings, false);
}

const Rule rule_irq_on_isolated = {
	.id = "irq.on-isolated",
	.severity = SEVERITY_ERROR,
	.title = "Interrupts go to isolated CPUs",
	.sees = "effective_affinity_list of every interrupt that user space can move, "
		"smp_affinity_list where the kernel has no effective one, against the isolated "
		"CPUs.",
	.why = "Each interrupt on a dedicated CPU is a VM exit, with the handler and its softirqs "
	       "taken from the guest's time. isolcpus does not move interrupts.",
	.remedy = "write the host's CPUs to smp_affinity_list, and boot with irqaffinity=",
	.source = "Documentation/core-api/irq/irq-affinity.rst",
	.when = WHEN_ISOLATED,
	.needs = FACT_IRQS,
	.eval = eval_on_isolated,
};

static void eval_managed(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	irqs_on(rule, audit, findings, true);
}

const Rule rule_irq_managed_on_isolated = {
	.id = "irq.managed-on-isolated",
	.severity = SEVERITY_WARNING,
	.title = "Managed interrupts go to isolated CPUs",
	.sees = "effective_affinity_list of interrupts that the kernel places itself (queues of "
		"NVMe, virtio-blk and many NICs) against the isolated CPUs.",
	.why = "User space cannot move them. isolcpus=managed_irq keeps them off isolated CPUs as "
	       "far as their queue has others; a queue of isolated CPUs alone interrupts only when "
	       "something on these CPUs does I/O.",
	.remedy = "boot with isolcpus=managed_irq,domain,LIST (5.6 and later), or give the device "
		  "fewer queues",
	.source = "kernel/irq/manage.c irq_do_set_affinity(); kernel-parameters.txt isolcpus=",
	.when = WHEN_ISOLATED,
	.needs = FACT_IRQS,
	.eval = eval_managed,
};

/* A plan without irqaffinity= leaves the default to others on purpose. */
static void eval_default(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	if (!audit->plan || audit->planned_effects->irq)
		rule_found_on_isolated(
			rule, audit, findings, SUBJECT, "/proc/irq/default_smp_affinity",
			audit->facts->irqs->default_affinity, "new interrupts may be placed on");
}

const Rule rule_irq_default_affinity = {
	.id = "irq.default-affinity",
	.severity = SEVERITY_WARNING,
	.title = "New interrupts may be placed on isolated CPUs",
	.sees = "/proc/irq/default_smp_affinity against the isolated CPUs; not where the plan "
		"leaves irqaffinity= out.",
	.why = "A device that appears, or a driver that is reloaded, places its interrupts by this "
	       "mask.",
	.remedy = "boot with irqaffinity= of the host's CPUs, or write them to the file",
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

static void eval_irqbalance(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	const ServiceFacts *services = audit->facts->services;
	const char *name = NULL;
	g_auto(CpuSet) set =
		services->irqbalance ? rules_irq_banned(services->irqbalance, &name) : NULL;
	g_auto(CpuSet) left = set ? set_minus(audit->isolated, set) : set_new();
	g_autofree char *list = set_text(left);

	if (set && !hwloc_bitmap_iszero(left))
		rule_found(rule, findings, SUBJECT, "irqbalance's environment file", left,
			   "%s leaves isolated CPUs %s to irqbalance%s", name, list,
			   services->irqbalance_runs ? "" : ", which does not run now");
}

const Rule rule_irq_irqbalance_list = {
	.id = "irq.irqbalance-list",
	.severity = SEVERITY_WARNING,
	.title = "irqbalance is told to use isolated CPUs",
	.sees = "IRQBALANCE_BANNED_CPUS (hexadecimal, wins where both are set) and "
		"IRQBALANCE_BANNED_CPULIST in /etc/default/irqbalance or /etc/sysconfig/irqbalance "
		"against the isolated CPUs.",
	.why = "By itself irqbalance leaves isolated and nohz_full CPUs alone; either setting "
	       "replaces that list, it does not extend it.",
	.remedy = "take the setting out, or name every isolated CPU: 'planner emit irqbalance' "
		  "writes it",
	.source = "irqbalance cputree.c setup_banned_cpus()",
	.when = WHEN_ISOLATED,
	.needs = FACT_SERVICES,
	.eval = eval_irqbalance,
};
