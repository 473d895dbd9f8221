/* SPDX-License-Identifier: MIT */
#include "topology/facts/sources.h"

#include <stddef.h>
#include <string.h>

static bool topology_known(const void *host)
{
	return host;
}

static const FactSource host_sources[] = {
	{FACT_TOPOLOGY, {"topology", "hwloc"}, topology_known},
	{0},
};

static const struct {
	const FactSource *sources;
	size_t reader; /* where Facts has the pointer to what it read */
} tables[] = {
	{kernel_sources, offsetof(Facts, kernel)},
	{irq_sources, offsetof(Facts, irqs)},
	{task_sources, offsetof(Facts, tasks)},
	{cgroup_sources, offsetof(Facts, cgroups)},
	{hugepages_sources, offsetof(Facts, hugepages)},
	{kvm_sources, offsetof(Facts, kvm)},
	{power_sources, offsetof(Facts, power)},
	{service_sources, offsetof(Facts, services)},
	{guest_sources, offsetof(Facts, guests)},
	{host_sources, offsetof(Facts, host)},
};

/* The row of FACT, and in *READER the offset of who read it. */
static const FactSource *source_find(unsigned fact, size_t *reader)
{
	for (unsigned t = 0; t < G_N_ELEMENTS(tables); t++)
		for (const FactSource *source = tables[t].sources; source->fact; source++)
			if (source->fact == fact) {
				*reader = tables[t].reader;
				return source;
			}
	g_assert_not_reached();
}

/* Is SOURCE NAME, or something below it? */
static bool source_below(const char *source, const char *name)
{
	size_t length = strlen(name);
	char next;

	if (!length || strncmp(source, name, length) != 0)
		return false;
	next = source[length];
	if (g_str_equal(name, "/proc"))
		return !next;
	return !next || next == '/' || next == ' ' || next == ':' || next == '*' ||
	       name[length - 1] == '-' || g_ascii_isdigit(next);
}

static bool source_has(const Facts *facts, const FactSource *source, const char *noted)
{
	/* One VM of a directory that is named with --domains: not all of them are known then. */
	if (source->fact == FACT_GUESTS && facts->guests && facts->guests->source &&
	    source_below(noted, facts->guests->source))
		return true;
	for (unsigned n = 0; n < G_N_ELEMENTS(source->names) && source->names[n]; n++)
		if (source_below(noted, source->names[n]) || source_below(source->names[n], noted))
			return true;
	return false;
}

bool fact_known(const Facts *facts, unsigned fact)
{
	size_t reader;
	const FactSource *source = source_find(fact, &reader);
	const void *read = *(const void *const *)((const char *)facts + reader);

	return !fact_note(facts, fact) && (!source->known || source->known(read));
}

const Unread *fact_note(const Facts *facts, unsigned fact)
{
	size_t reader;
	const FactSource *source = source_find(fact, &reader);

	for (unsigned i = 0; i < facts->unread->len; i++) {
		const Unread *note = g_ptr_array_index(facts->unread, i);

		if (source_has(facts, source, note->source))
			return note;
	}
	return NULL;
}

const char *fact_name(unsigned fact)
{
	size_t reader;

	return source_find(fact, &reader)->names[0];
}

unsigned facts_of_note(const Facts *facts, const Unread *note)
{
	unsigned found = 0;

	for (unsigned t = 0; t < G_N_ELEMENTS(tables); t++)
		for (const FactSource *source = tables[t].sources; source->fact; source++)
			if (source_has(facts, source, note->source))
				found |= source->fact;
	return found;
}
