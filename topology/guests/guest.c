/* SPDX-License-Identifier: MIT */
#include "topology/guests/domains.h"
#include "topology/guests/guests.h"

static void thread_clear(gpointer data)
{
	GuestThread *thread = data;

	hwloc_bitmap_free(thread->live);
	hwloc_bitmap_free(thread->inactive);
	hwloc_bitmap_free(thread->real);
	g_free(thread->comm);
	g_free(thread->group);
	g_free(thread->time_group);
}

static GArray *threads_new(void)
{
	GArray *threads = g_array_new(FALSE, TRUE, sizeof(GuestThread));

	g_array_set_clear_func(threads, thread_clear);
	return threads;
}

Guest *guest_new(const char *name)
{
	Guest *guest = g_new0(Guest, 1);

	guest->name = g_strdup(name);
	guest->halt_exits = -1;
	guest->vcpu_threads = threads_new();
	guest->emulator_threads = threads_new();
	guest->iothreads = threads_new();
	guest->later = threads_new();
	guest->slow_devices = g_ptr_array_new_with_free_func(g_free);
	guest->passed = g_ptr_array_new_with_free_func(g_free);
	return guest;
}

static void guest_free(gpointer data)
{
	Guest *guest = data;

	g_free(guest->name);
	g_free(guest->uuid);
	g_free(guest->live_xml);
	g_free(guest->inactive_xml);
	g_array_unref(guest->vcpu_threads);
	g_array_unref(guest->emulator_threads);
	g_array_unref(guest->iothreads);
	g_array_unref(guest->later);
	g_free(guest->partition);
	g_free(guest->refusal);
	hwloc_bitmap_free(guest->reach);
	hwloc_bitmap_free(guest->cpuset_live);
	hwloc_bitmap_free(guest->cpuset_inactive);
	hwloc_bitmap_free(guest->nodes_live);
	hwloc_bitmap_free(guest->nodes_inactive);
	g_free(guest->cpu_mode);
	g_clear_pointer(&guest->cell_memory, g_hash_table_unref);
	g_clear_pointer(&guest->node_memory, g_hash_table_unref);
	g_strfreev(guest->overcommit_live);
	g_strfreev(guest->overcommit_inactive);
	g_strfreev(guest->argv);
	g_free(guest->log_refusal);
	g_ptr_array_unref(guest->slow_devices);
	g_ptr_array_unref(guest->passed);
	g_free(guest);
}

GuestFacts *guests_new(const char *source)
{
	GuestFacts *guests = g_new0(GuestFacts, 1);

	guests->guests = g_ptr_array_new_with_free_func(guest_free);
	guests->source = g_strdup(source);
	return guests;
}

void guests_free(GuestFacts *guests)
{
	if (!guests)
		return;
	g_ptr_array_unref(guests->guests);
	g_free(guests->libvirt);
	g_free(guests->qemu);
	g_free(guests->source);
	g_free(guests);
}

/* Sources */

static bool guests_known(const void *reader)
{
	const GuestFacts *facts = reader;

	/* Of processes alone it is not known what is defined, nor how it starts next time; unless
	 * nobody here defines anything. */
	return facts && (g_strcmp0(facts->source, "/proc") != 0 || facts->no_libvirt);
}

/* Is WHAT there of every guest that runs? */
static bool guests_all(const GuestFacts *facts, bool (*what)(const Guest *guest))
{
	for (unsigned i = 0; facts && i < facts->guests->len; i++) {
		const Guest *guest = g_ptr_array_index(facts->guests, i);

		if (guest->running && !what(guest))
			return false;
	}
	return true;
}

static bool guest_has_threads(const Guest *guest)
{
	if (guest->nameless)
		return false;
	for (unsigned v = 0; v < guest->vcpu_threads->len; v++)
		if (!g_array_index(guest->vcpu_threads, GuestThread, v).real)
			return false;
	return true;
}

static bool guest_has_argv(const Guest *guest)
{
	return guest->argv;
}

/* Of one that is bound to no node it does not matter. */
static bool guest_has_memory(const Guest *guest)
{
	return guest->node_memory || (!guest->nodes_live && !guest->nodes_inactive);
}

static bool threads_known(const void *facts)
{
	return guests_all(facts, guest_has_threads);
}

static bool argv_known(const void *facts)
{
	return guests_all(facts, guest_has_argv);
}

static bool guests_memory_known(const void *facts)
{
	return guests_all(facts, guest_has_memory);
}

const FactSource guest_sources[] = {
	{FACT_GUESTS,
	 {"libvirt", "domains", DOMAINS_FOLDER, "/etc/libvirt/qemu", "/run/libvirt/qemu",
	  "/var/run/libvirt/qemu", "/sos_commands/virsh", "/proc/PID/fd",
	  "/proc/PID/task/TID/syscall"},
	 guests_known},
	{FACT_THREADS,
	 {"/proc/PID/task/TID/status", "/proc/PID/task", "/proc/PID/status", "/proc/PID/fd"},
	 threads_known},
	{FACT_ARGV, {"/proc/PID/cmdline"}, argv_known},
	{FACT_NODE_MEMORY, {"/proc/PID/numa_maps"}, guests_memory_known},
	{FACT_LOG, {"/var/log/libvirt"}, NULL},
	{0},
};
