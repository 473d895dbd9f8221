/* SPDX-License-Identifier: MIT */
#include "topology/facts/facts.h"

#include "topology/base/error.h"
#include "topology/base/text.h"
#include "topology/facts/cgroups.h"
#include "topology/facts/facts_root.h"
#include "topology/facts/hugepages.h"
#include "topology/facts/irqs.h"
#include "topology/facts/kernel.h"
#include "topology/facts/kvm.h"
#include "topology/facts/power.h"
#include "topology/facts/services.h"
#include "topology/facts/tasks.h"
#include "topology/guests/guests.h"

#include <string.h>

/* Making and freeing */

static void irq_clear(gpointer data)
{
	Irq *irq = data;

	g_free(irq->name);
	hwloc_bitmap_free(irq->affinity);
	hwloc_bitmap_free(irq->effective);
}

static void cgroup_clear(gpointer data)
{
	Cgroup *group = data;

	g_free(group->path);
	g_free(group->partition);
	hwloc_bitmap_free(group->cpus);
	hwloc_bitmap_free(group->effective);
}

static void power_clear(gpointer data)
{
	CpuPower *power = data;

	g_free(power->governor);
	g_free(power->driver);
}

static void unread_free(gpointer data)
{
	Unread *unread = data;

	g_free(unread->source);
	g_free(unread->why);
	g_free(unread);
}

static GArray *facts_array_new(guint size, GDestroyNotify clear)
{
	GArray *array = g_array_new(FALSE, TRUE, size);

	g_array_set_clear_func(array, clear);
	return array;
}

Facts *facts_new(void)
{
	Facts *facts = g_new0(Facts, 1);

	facts->kernel = g_new0(KernelFacts, 1);
	facts->irqs = g_new0(IrqFacts, 1);
	facts->irqs->irqs = facts_array_new(sizeof(Irq), irq_clear);
	facts->tasks = g_new0(TaskFacts, 1);
	facts->tasks->tasks = facts_array_new(sizeof(Task), (GDestroyNotify)task_clear);
	facts->cgroups = g_new0(CgroupFacts, 1);
	facts->cgroups->groups = facts_array_new(sizeof(Cgroup), cgroup_clear);
	facts->kvm = g_new0(KvmFacts, 1);
	facts->kvm->disable_exits = -1;
	facts->services = g_new0(ServiceFacts, 1);
	facts->unread = g_ptr_array_new_with_free_func(unread_free);
	return facts;
}

static void kernel_free(KernelFacts *kernel)
{
	hwloc_bitmap_t sets[] = {kernel->possible,  kernel->present,   kernel->online,
				 kernel->offline,   kernel->isolated,  kernel->nohz_full,
				 kernel->workqueue, kernel->writeback, kernel->watchdog};
	char *texts[] = {kernel->release, kernel->cmdline, kernel->boot_cmdline,
			 kernel->boot_source, kernel->smt_control};
	GHashTable *tables[] = {kernel->config, kernel->vulnerabilities, kernel->sysctls};

	for (guint i = 0; i < G_N_ELEMENTS(sets); i++)
		hwloc_bitmap_free(sets[i]);
	for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
		g_free(texts[i]);
	for (guint i = 0; i < G_N_ELEMENTS(tables); i++)
		g_clear_pointer(&tables[i], g_hash_table_unref);
	g_strfreev(kernel->init_environ);
	g_free(kernel);
}

static void services_free(ServiceFacts *services)
{
	g_clear_pointer(&services->irqbalance, g_hash_table_unref);
	g_clear_pointer(&services->systemd, g_hash_table_unref);
	g_free(services->tuned_profile);
	g_free(services);
}

void facts_free(Facts *facts)
{
	if (!facts)
		return;
	kernel_free(facts->kernel);
	g_array_unref(facts->irqs->irqs);
	hwloc_bitmap_free(facts->irqs->default_affinity);
	g_free(facts->irqs);
	g_array_unref(facts->tasks->tasks);
	g_free(facts->tasks->taken_from);
	g_free(facts->tasks);
	g_array_unref(facts->cgroups->groups);
	hwloc_bitmap_free(facts->cgroups->isolated);
	g_free(facts->cgroups);
	g_clear_pointer(&facts->hugepages, g_array_unref);
	g_clear_pointer(&facts->power, g_array_unref);
	g_clear_pointer(&facts->kvm->parameters, g_hash_table_unref);
	g_free(facts->kvm);
	services_free(facts->services);
	guests_free(facts->guests);
	host_free(facts->host);
	g_ptr_array_unref(facts->unread);
	g_free(facts->source);
	g_free(facts);
}

void facts_unread(Facts *facts, const char *source, const char *why)
{
	Unread *unread = g_new(Unread, 1);

	*unread = (Unread){g_strdup(source), g_strdup(why)};
	g_ptr_array_add(facts->unread, unread);
}

const char *facts_why_unread(const Facts *facts, const char *source)
{
	for (unsigned i = 0; i < facts->unread->len; i++) {
		const Unread *unread = g_ptr_array_index(facts->unread, i);

		if (g_str_equal(unread->source, source))
			return unread->why;
	}
	return NULL;
}

/* Loading */

static void facts_host_take(Root *root, const FactsOptions *options, Facts *facts)
{
	g_autoptr(GError) error = NULL;

	facts->host = capture_host_load(root, options->topology, &error);
	if (!facts->host)
		root_note_text(root, "topology", error->message);
}

Node facts_node(const Facts *facts)
{
	const GuestFacts *guests = facts->guests;
	int exits = facts->kvm->disable_exits;

	return (Node){
		.kernel = facts->kernel->release,
		.qemu = guests ? guests->qemu : NULL,
		.libvirt = guests ? guests->libvirt : NULL,
		.disable_exits = exits < 0    ? TRISTATE_UNKNOWN
				 : exits == 0 ? TRISTATE_NO
					      : TRISTATE_YES,
		.mwait = exits < 0   ? TRISTATE_UNKNOWN
			 : exits & 1 ? TRISTATE_YES
				     : TRISTATE_NO,
		.nested = facts->kvm->nested,
	};
}

static void note_take(void *facts, const char *source, const char *why)
{
	facts_unread(facts, source, why);
}

Facts *facts_load_root(Root *root, const FactsOptions *options)
{
	Facts *facts = facts_new();

	facts->source = g_utf8_make_valid(options->root ? options->root : "/", -1);
	facts->live = root_is_live(root);
	facts_host_take(root, options, facts);
	kernel_load(root, facts->kernel);
	irqs_load(root, facts->irqs);
	tasks_load(root, facts->tasks);
	cgroups_load(root, facts->cgroups);
	facts->hugepages = hugepages_load(root);
	kvm_load(root, facts->kvm);
	facts->power = power_load(root, facts->kernel->offline);
	if (facts->power)
		g_array_set_clear_func(facts->power, power_clear);
	services_load(root, facts->tasks, facts->services);
	facts->guests = guests_load(root, options, facts->tasks);
	root_notes(root, note_take, facts);
	return facts;
}

Facts *facts_load(const FactsOptions *options, GError **error)
{
	g_autoptr(Root) root = root_open(options->root ? options->root : "/", 0, error);

	return root ? facts_load_root(root, options) : NULL;
}
