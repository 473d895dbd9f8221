/* SPDX-License-Identifier: MIT */
#include "topology/guests/guests.h"

static void thread_clear(gpointer data)
{
	GuestThread *thread = data;

	hwloc_bitmap_free(thread->live);
	hwloc_bitmap_free(thread->inactive);
	hwloc_bitmap_free(thread->real);
	g_free(thread->comm);
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
	guest->slow_devices = g_ptr_array_new_with_free_func(g_free);
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
	hwloc_bitmap_free(guest->cpuset_live);
	hwloc_bitmap_free(guest->cpuset_inactive);
	hwloc_bitmap_free(guest->nodes_live);
	hwloc_bitmap_free(guest->nodes_inactive);
	g_free(guest->cpu_mode);
	g_clear_pointer(&guest->node_memory, g_hash_table_unref);
	g_strfreev(guest->overcommit_live);
	g_strfreev(guest->overcommit_inactive);
	g_strfreev(guest->argv);
	g_free(guest->log_refusal);
	g_ptr_array_unref(guest->slow_devices);
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
