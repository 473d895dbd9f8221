/* SPDX-License-Identifier: MIT */
#include "topology/guests/platform.h"

#include <glib.h>

static void test_names(void)
{
	static const struct {
		const char *name;
		Platform platform;
	} rows[] = {
		{"instance-0000001a", PLATFORM_OPENSTACK},
		{"instance-1", PLATFORM_LIBVIRT},
		{"instance-0000001A", PLATFORM_LIBVIRT},
		{"one-17", PLATFORM_OPENNEBULA},
		{"one-", PLATFORM_LIBVIRT},
		{"one-way", PLATFORM_LIBVIRT},
		{"web", PLATFORM_LIBVIRT},
		{"i-2-10-VM", PLATFORM_CLOUDSTACK},
		{"i-2-10-web-1", PLATFORM_CLOUDSTACK},
		{"r-4-VM", PLATFORM_CLOUDSTACK},
		{"s-1-VM", PLATFORM_CLOUDSTACK},
		{"v-2-VM", PLATFORM_CLOUDSTACK},
		{"x-2-VM", PLATFORM_LIBVIRT},
		{"i-2-VM", PLATFORM_LIBVIRT},
		{"i-2-x-VM", PLATFORM_LIBVIRT},
		{"i-2-10", PLATFORM_LIBVIRT},
		{"r--VM", PLATFORM_LIBVIRT},
		{"-4-VM", PLATFORM_LIBVIRT},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
		g_assert_cmpint(platform_of_name(rows[i].name), ==, rows[i].platform);
}

static void test_namespaces(void)
{
	static const struct {
		const char *href;
		Platform platform;
	} rows[] = {
		{"http://openstack.org/xmlns/libvirt/nova/1.1", PLATFORM_OPENSTACK},
		{"http://ovirt.org/vm/tune/1.0", PLATFORM_OVIRT},
		{"http://kubevirt.io", PLATFORM_KUBEVIRT},
		{"http://unraid", PLATFORM_UNRAID},
		{"unraid", PLATFORM_UNRAID},
		{"http://opennebula.org/xmlns/libvirt/1.0", PLATFORM_OPENNEBULA},
		{"http://libosinfo.org/xmlns/libvirt/domain/1.0", PLATFORM_LIBVIRT},
		{NULL, PLATFORM_LIBVIRT},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
		g_assert_cmpint(platform_of_namespace(rows[i].href), ==, rows[i].platform);
}

static void test_processes(void)
{
	char *const pve[] = {(char *)"/usr/bin/kvm", (char *)"-id", (char *)"100", NULL};
	char *const lxd[] = {(char *)"/usr/bin/qemu-system-x86_64", (char *)"-readconfig",
			     (char *)"/var/log/lxd/a/qemu.conf", NULL};
	char *const plain[] = {(char *)"/usr/bin/qemu-system-x86_64", (char *)"-m", NULL};

	g_assert_cmpint(platform_of_process(pve, NULL), ==, PLATFORM_PROXMOX);
	g_assert_cmpint(platform_of_process(NULL, "/qemu.slice/100.scope"), ==, PLATFORM_PROXMOX);
	g_assert_cmpint(platform_of_process(lxd, "/system.slice/snap.lxd.daemon.service"), ==,
			PLATFORM_LXD);
	g_assert_cmpint(platform_of_process(plain, "/kubepods.slice/kubepods-pod1.slice"), ==,
			PLATFORM_KUBEVIRT);
	g_assert_cmpint(platform_of_process(plain, "/machine.slice/x.scope"), ==, PLATFORM_LIBVIRT);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/platform/names", test_names);
	g_test_add_func("/platform/namespaces", test_namespaces);
	g_test_add_func("/platform/processes", test_processes);
	return g_test_run();
}
