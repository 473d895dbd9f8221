/* SPDX-License-Identifier: MIT */
/*
 * Where facts are from, and whether they are there. A note that a source could not be read makes
 * the fact unknown even where some of it is there: what is missing may be what matters.
 */
#include "planner/check/rules_found.h"

#include <string.h>

#define SOURCES_MOST 8

typedef struct FactNeed {
	unsigned fact;
	/* How notes name it: the beginnings of their sources; the first stands for all. */
	const char *sources[SOURCES_MOST];
	bool (*known)(const Facts *facts); /* NULL: a note alone makes it unknown */
} FactNeed;

static bool line_known(const Facts *f)
{
	return f->kernel->cmdline;
}

static bool release_known(const Facts *f)
{
	return f->kernel->release;
}

static bool possible_known(const Facts *f)
{
	return f->kernel->possible;
}

static bool isolated_known(const Facts *f)
{
	return f->kernel->isolated;
}

static bool nohz_known(const Facts *f)
{
	return f->kernel->nohz_full;
}

static bool config_known(const Facts *f)
{
	return f->kernel->config;
}

static bool environ_known(const Facts *f)
{
	return f->kernel->init_environ;
}

static bool boot_known(const Facts *f)
{
	return f->kernel->boot_cmdline;
}

static bool workqueue_known(const Facts *f)
{
	return f->kernel->workqueue;
}

static bool watchdog_known(const Facts *f)
{
	return f->kernel->watchdog;
}

static bool irqs_known(const Facts *f)
{
	return f->irqs->irqs->len > 0;
}

static bool irq_default_known(const Facts *f)
{
	return f->irqs->default_affinity;
}

static bool tasks_known(const Facts *f)
{
	return f->tasks->tasks->len > 0 && !f->tasks->taken_from;
}

static bool guests_known(const Facts *f)
{
	/* Of processes alone it is not known what is defined, nor how it starts next time. */
	return f->guests && g_strcmp0(f->guests->source, "/proc") != 0;
}

static bool threads_known(const Facts *f)
{
	for (unsigned i = 0; f->guests && i < f->guests->guests->len; i++) {
		const Guest *guest = g_ptr_array_index(f->guests->guests, i);

		for (unsigned v = 0; guest->running && v < guest->vcpu_threads->len; v++)
			if (!guest_thread(guest->vcpu_threads, v)->real)
				return false;
	}
	return true;
}

static bool argv_known(const Facts *f)
{
	for (unsigned i = 0; f->guests && i < f->guests->guests->len; i++) {
		const Guest *guest = g_ptr_array_index(f->guests->guests, i);

		if (guest->running && !guest->argv)
			return false;
	}
	return true;
}

static bool node_memory_known(const Facts *f)
{
	for (unsigned i = 0; f->guests && i < f->guests->guests->len; i++) {
		const Guest *guest = g_ptr_array_index(f->guests->guests, i);

		/* Of one that is bound to no node it does not matter. */
		if (guest->running && !guest->node_memory &&
		    (guest->nodes_live || guest->nodes_inactive))
			return false;
	}
	return true;
}

static bool hugepages_known(const Facts *f)
{
	return f->hugepages;
}

static bool kvm_known(const Facts *f)
{
	return f->kvm->parameters;
}

static bool exits_known(const Facts *f)
{
	return f->kvm->disable_exits >= 0;
}

static bool topology_known(const Facts *f)
{
	return f->host;
}

#define CPU_FILES "/sys/devices/system/cpu/"

static const FactNeed needs[] = {
	{FACT_LINE, {"/proc/cmdline"}, line_known},
	{FACT_RELEASE, {"/proc/sys/kernel/osrelease"}, release_known},
	{FACT_POSSIBLE, {CPU_FILES "possible"}, possible_known},
	{FACT_ISOLATED, {CPU_FILES "isolated"}, isolated_known},
	{FACT_NOHZ, {CPU_FILES "nohz_full"}, nohz_known},
	{FACT_CONFIG, {"kernel configuration", "/boot/config-", "/proc/config.gz"}, config_known},
	{FACT_ENVIRON, {"/proc/1/environ"}, environ_known},
	{FACT_BOOT, {"boot loader", "/boot/loader", "/boot/grub", "/boot/efi"}, boot_known},
	{FACT_WORKQUEUE, {"/sys/devices/virtual/workqueue/cpumask"}, workqueue_known},
	{FACT_WATCHDOG, {"/proc/sys/kernel/watchdog_cpumask"}, watchdog_known},
	{FACT_IRQS, {"/proc/irq", "/proc/interrupts"}, irqs_known},
	{FACT_IRQ_DEFAULT, {"/proc/irq/default_smp_affinity"}, irq_default_known},
	{FACT_TASKS,
	 {"/proc/PID/status", "/proc/PID/stat", "/proc/PID/task", "/proc/PID/comm", "/proc"},
	 tasks_known},
	{FACT_CGROUPS, {"/sys/fs/cgroup", "/proc/PID/cgroup", "cgroup"}, NULL},
	{FACT_GUESTS,
	 {"libvirt", "domains", "/planner/domains", "/etc/libvirt/qemu", "/run/libvirt/qemu",
	  "/var/run/libvirt/qemu", "/sos_commands/virsh"},
	 guests_known},
	{FACT_THREADS,
	 {"/proc/PID/task/TID/status", "/proc/PID/task", "/proc/PID/status"},
	 threads_known},
	{FACT_ARGV, {"/proc/PID/cmdline"}, argv_known},
	{FACT_NODE_MEMORY, {"/proc/PID/numa_maps"}, node_memory_known},
	{FACT_HUGEPAGES, {"/sys/devices/system/node"}, hugepages_known},
	{FACT_KVM, {"/sys/module"}, kvm_known},
	{FACT_EXITS, {"/dev/kvm"}, exits_known},
	/* Machines without either have no such files. */
	{FACT_POWER,
	 {CPU_FILES "cpu*/cpufreq", CPU_FILES "cpu*/cpuidle", CPU_FILES "cpu*/power"},
	 NULL},
	{FACT_SERVICES,
	 {"/etc/default/irqbalance", "/etc/sysconfig/irqbalance", "/etc/systemd", "/etc/tuned"},
	 NULL},
	{FACT_TOPOLOGY, {"topology", "hwloc"}, topology_known},
	{FACT_LOG, {"/var/log/libvirt"}, NULL},
};

/* Is SOURCE NAME, or something below it? */
static bool rules_needs_below(const char *source, const char *name)
{
	size_t length = strlen(name);
	char next;

	if (strncmp(source, name, length) != 0)
		return false;
	next = source[length];
	if (g_str_equal(name, "/proc"))
		return !next;
	return !next || next == '/' || next == ' ' || next == ':' || next == '*' ||
	       name[length - 1] == '-' || g_ascii_isdigit(next);
}

/* One VM of a directory that is named with --domains: not all of them are known then. */
static bool of_guests(const Facts *facts, const FactNeed *need, const char *source)
{
	return need->fact == FACT_GUESTS && facts->guests && facts->guests->source &&
	       rules_needs_below(source, facts->guests->source);
}

static bool is_of(const Facts *facts, const FactNeed *need, const Unread *note)
{
	if (of_guests(facts, need, note->source))
		return true;
	for (unsigned s = 0; s < SOURCES_MOST && need->sources[s]; s++)
		if (rules_needs_below(note->source, need->sources[s]) ||
		    rules_needs_below(need->sources[s], note->source))
			return true;
	return false;
}

/* The note that makes the fact unknown, NULL. */
static const Unread *note_of(const Facts *facts, const FactNeed *need)
{
	for (unsigned i = 0; i < facts->unread->len; i++)
		if (is_of(facts, need, g_ptr_array_index(facts->unread, i)))
			return g_ptr_array_index(facts->unread, i);
	return NULL;
}

static const FactNeed *rules_needs_need_of(unsigned fact)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(needs); i++)
		if (needs[i].fact == fact)
			return &needs[i];
	return NULL;
}

bool fact_known(const Facts *facts, unsigned fact)
{
	const FactNeed *need = rules_needs_need_of(fact);

	return !note_of(facts, need) && (!need->known || need->known(facts));
}

bool note_is_told(const Facts *facts, unsigned needed, const Unread *note)
{
	bool idle = false, second = false;

	for (unsigned i = 0; i < G_N_ELEMENTS(needs); i++) {
		if (!is_of(facts, &needs[i], note))
			continue;
		if (!(needed & needs[i].fact))
			idle = true;
		else if (note_of(facts, &needs[i]) == note)
			return true;
		else
			second = true;
	}
	return idle && !second;
}

static void need_check(const Rule *rule, const Audit *audit, const FactNeed *need,
		       GPtrArray *findings)
{
	const Unread *note = note_of(audit->facts, need);

	if (note)
		rule_unknown(rule, findings, "node", note->source, "%s: %s", note->source,
			     note->why);
	else if (need->fact == FACT_TASKS && audit->facts->tasks->taken_from)
		rule_unknown(rule, findings, "node", need->sources[0],
			     "tasks are not all known: %s", audit->facts->tasks->taken_from);
	else if (need->known && !need->known(audit->facts))
		rule_unknown(rule, findings, "node", need->sources[0], "%s is not known",
			     need->sources[0]);
}

void rule_needs_check(const Rule *rule, const Audit *audit, GPtrArray *findings)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(needs); i++)
		if (rule->needs & needs[i].fact)
			need_check(rule, audit, &needs[i], findings);
}
