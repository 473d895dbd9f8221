/* SPDX-License-Identifier: MIT */
#include "topology/guests/domains.h"

#include <string.h>

Domains *domains_new(const char *source)
{
	Domains *domains = g_new0(Domains, 1);

	domains->source = g_utf8_make_valid(source, -1);
	domains->records = g_ptr_array_new_with_free_func((GDestroyNotify)domain_record_free);
	return domains;
}

void domains_free(Domains *domains)
{
	if (!domains)
		return;
	g_free(domains->source);
	g_free(domains->libvirt);
	g_free(domains->qemu);
	g_ptr_array_unref(domains->records);
	g_free(domains);
}

DomainRecord *domain_record_new(const char *name)
{
	DomainRecord *record = g_new0(DomainRecord, 1);

	record->name = g_strdup(name);
	record->halt_exits = -1;
	return record;
}

void domain_record_free(DomainRecord *record)
{
	g_free(record->name);
	g_free(record->uuid);
	g_free(record->live);
	g_free(record->inactive);
	g_free(record->live_source);
	g_free(record->inactive_source);
	g_strfreev(record->real);
	if (record->affinities)
		g_hash_table_unref(record->affinities);
	g_free(record);
}

DomainRecord *domains_record(Domains *domains, const char *name)
{
	DomainRecord *record;

	for (unsigned i = 0; i < domains->records->len; i++) {
		record = g_ptr_array_index(domains->records, i);
		if (!strcmp(record->name, name))
			return record;
	}
	record = domain_record_new(name);
	g_ptr_array_add(domains->records, record);
	return record;
}
