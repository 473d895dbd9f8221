/* SPDX-License-Identifier: MIT */
/* As QEMU's machines pc and q35 have them (hw/i386). */
#include "planner/measure/devices.h"

#include <glib.h>

typedef struct DeviceRange {
	uint64_t first, last;
	const char *name;
} DeviceRange;

static const DeviceRange port_devices[] = {
	{0x20, 0x21, "PIC"},
	{0x40, 0x43, "PIT"},
	{0x60, 0x60, "keyboard"},
	{0x61, 0x61, "speaker and PIT"},
	{0x64, 0x64, "keyboard"},
	{0x70, 0x71, "RTC"},
	{0x80, 0x80, "diagnostics"},
	{0xa0, 0xa1, "PIC"},
	{0x170, 0x177, "IDE"},
	{0x1f0, 0x1f7, "IDE"},
	{0x2e8, 0x2ef, "serial line"},
	{0x2f8, 0x2ff, "serial line"},
	{0x376, 0x376, "IDE"},
	{0x3c0, 0x3df, "VGA"},
	{0x3e8, 0x3ef, "serial line"},
	{0x3f0, 0x3f5, "floppy"},
	{0x3f6, 0x3f6, "IDE"},
	{0x3f8, 0x3ff, "serial line"},
	{0x402, 0x402, "the firmware's log"},
	{0x510, 0x51b, "fw_cfg"},
	{0x600, 0x607, "ACPI"},
	{0x608, 0x60b, "ACPI's timer"},
	{0xcf8, 0xcff, "PCI configuration"},
};

static const DeviceRange address_devices[] = {
	{0xa0000, 0xbffff, "VGA"},
	{0xb0000000, 0xbfffffff, "PCI configuration"},
	{0xe0000000, 0xefffffff, "PCI configuration"},
	{0xfec00000, 0xfec00fff, "I/O APIC"},
	{0xfed00000, 0xfed003ff, "HPET"},
	{0xfed40000, 0xfed44fff, "TPM"},
	{0xfee00000, 0xfee00fff, "local APIC"},
};

static const char *device_find(const DeviceRange *ranges, unsigned n, uint64_t place)
{
	for (unsigned i = 0; i < n; i++)
		if (place >= ranges[i].first && place <= ranges[i].last)
			return ranges[i].name;
	return NULL;
}

char *device_port_name(uint64_t port)
{
	const char *name = device_find(port_devices, G_N_ELEMENTS(port_devices), port);

	return name ? g_strdup_printf("port %" G_GINT64_MODIFIER "x (%s)", (guint64)port, name)
		    : g_strdup_printf("port %" G_GINT64_MODIFIER "x", (guint64)port);
}

#define PAGE ((uint64_t)4096)

char *device_address_name(uint64_t address)
{
	const char *name = device_find(address_devices, G_N_ELEMENTS(address_devices), address);

	return name ? g_strdup_printf("%s at %" G_GINT64_MODIFIER "x", name, (guint64)address)
		    : g_strdup_printf("address %" G_GINT64_MODIFIER "x",
				      (guint64)(address / PAGE * PAGE));
}
