/* SPDX-License-Identifier: MIT */
/*
 * Any text as domain XML: refused with one line, or a Domain within its bounds; what a snapshot
 * keeps of it parses to the same pins, and stripping it again changes nothing.
 */
#include "topology/guests/domain.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_pins(const Domain *domain, const Domain *stripped)
{
	g_assert(stripped);
	g_assert(!strcmp(domain->name, stripped->name));
	g_assert(domain->vcpupins->len == stripped->vcpupins->len);
	g_assert(hwloc_bitmap_isequal(domain->enabled, stripped->enabled));
	for (guint i = 0; i < domain->vcpupins->len; i++) {
		const DomainPin *pin = &g_array_index(domain->vcpupins, DomainPin, i);

		g_assert(pin->number < domain->vcpus_max && pin->cpus);
		g_assert(hwloc_bitmap_last(pin->cpus) < (int)DOMAIN_CPUS_MAX);
	}
}

static void check_strip(const Domain *domain, const char *xml, size_t length)
{
	g_autofree char *once = domain_strip(xml, length), *twice = NULL;
	g_autoptr(Domain) stripped = NULL;

	g_assert(once);
	twice = domain_strip(once, strlen(once));
	g_assert(twice && !strcmp(once, twice));
	stripped = domain_parse(once, strlen(once), NULL);
	check_pins(domain, stripped);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autoptr(GError) error = NULL;
	g_autoptr(Domain) domain = domain_parse((const char *)data, size, &error);
	hwloc_bitmap_t set = domain_cpuset_parse(text);

	g_assert(!domain == !!error);
	if (error)
		g_assert(!strchr(error->message, '\n') &&
			 g_utf8_validate(error->message, -1, NULL));
	if (domain)
		check_strip(domain, (const char *)data, size);
	if (set)
		g_assert(!hwloc_bitmap_iszero(set) &&
			 hwloc_bitmap_last(set) < (int)DOMAIN_CPUS_MAX);
	hwloc_bitmap_free(set);
	return 0;
}
