/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as what a node's files hold, one parser after the other, and as a snapshot: refused or
 * read, never believed beyond its bounds. A snapshot that is read is written the same again.
 */
#include "topology/base/text.h"
#include "topology/facts/bootloader.h"
#include "topology/facts/irq_managed.h"
#include "topology/facts/kernel.h"
#include "topology/facts/kvm.h"
#include "topology/facts/services.h"
#include "topology/guests/guests.h"
#include "topology/guests/qemu.h"
#include "topology/guests/tasks.h"
#include "topology/root/tar.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_task(const char *text)
{
	Task task = {0};
	unsigned parent;

	if (task_stat_parse(text, &task, &parent))
		g_assert(g_utf8_validate(task.comm, -1, NULL) && task.last_cpu < CPULIST_LIMIT);
	task_clear(&task);
	task_status_parse(text, &task, true);
	g_assert(g_utf8_validate(task.comm, -1, NULL));
	task_clear(&task);
	g_free(task_cgroup_parse(text));
}

static void check_kernel(const char *text, const char *bytes, size_t size)
{
	G_GNUC_UNUSED g_autoptr(GHashTable) config = kernel_config_parse(text);
	G_GNUC_UNUSED g_auto(GStrv) variables = kernel_environ_parse(bytes, size, text);
	g_auto(CpuSet) nohz = kernel_nohz_parse(text);
	g_auto(CpuSet) mask = cpumask_parse(text);

	if (nohz)
		g_assert(hwloc_bitmap_last(nohz) < CPULIST_LIMIT);
	if (mask)
		g_assert(hwloc_bitmap_last(mask) < CPULIST_LIMIT);
	cpuinfo_nested(text);
}

static void check_boot(const char *text)
{
	g_autoptr(GHashTable) manager = settings_parse(text);
	G_GNUC_UNUSED g_autofree char *entry = bls_parse(text, manager);
	g_autofree char *kept = grub_keep(text), *line = grub_parse(text, text);
	g_autofree char *again = grub_parse(kept, text);

	g_assert_cmpstr(line, ==, again);
	systemd_parse(manager, text);
}

static void check_guest(const char *text)
{
	G_GNUC_UNUSED g_autoptr(GHashTable) memory = numa_maps_parse(text);
	G_GNUC_UNUSED g_autoptr(GHashTable) names = interrupts_parse(text);
	unsigned number;

	g_free(qemu_name_parse(text));
	g_free(guest_log_parse(text));
	qemu_vcpu_parse(text, &number);
	qemu_iothread_parse(text, &number);
	irq_driver(text);
	irq_name_fixed(text);
}

static void check_tar(const char *bytes, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Tree) tree = tar_parse(bytes, size, &error), again = NULL;
	g_autoptr(GByteArray) tar = NULL, second = NULL;

	g_assert(!tree == !!error);
	if (!tree)
		return;
	tar = tar_format(tree);
	again = tar_parse((const char *)tar->data, tar->len, NULL);
	g_assert(again);
	second = tar_format(again);
	g_assert(tar->len == second->len && !memcmp(tar->data, second->data, tar->len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *bytes = g_strndup((const char *)data, size);
	g_autofree char *text = g_utf8_make_valid(bytes, -1);

	check_task(text);
	check_kernel(text, (const char *)data, size);
	check_boot(text);
	check_guest(text);
	check_tar((const char *)data, size);
	return 0;
}
