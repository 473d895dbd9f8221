/* SPDX-License-Identifier: MIT */
#include "topology/base/worker.h"
#include "topology/guests/absence.h"
#include "topology/guests/domains.h"
#include "topology/guests/libvirt_load.h"

#include <string.h>
#include <unistd.h>

/*
 * The child writes a JSON object a line: first the connection, then the list of all domains, then
 * each with its XML. So a daemon that hangs half way still leaves the names. Only calls that a
 * guest which hangs does not hold (libvirt 9.0, measured): no IOThreadInfo, no vCPU statistics,
 * unless counters are asked for, and then last.
 */

typedef struct DomainsQuestion {
	const char *uri, *shown; /* as it is, and as it may be kept */
	bool counters;
} DomainsQuestion;

/* In the child */

static void domains_libvirt_say(int fd, json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);
	size_t length = strlen(text);

	text[length] = '\n'; /* in place of the NUL */
	if (!worker_write(fd, text, length + 1))
		_exit(1);
	free(text);
	json_decref(object);
}

static void versions_say(int fd, virConnectPtr connection)
{
	unsigned long libvirt = 0, qemu = 0;
	json_t *object = json_object();
	g_autofree char *text = NULL;

	if (virConnectGetLibVersion(connection, &libvirt) == 0 && libvirt)
		json_object_set_new(object, "libvirt",
				    json_string(text = libvirt_version(libvirt)));
	g_clear_pointer(&text, g_free);
	if (virConnectGetVersion(connection, &qemu) == 0 && qemu)
		json_object_set_new(object, "qemu", json_string(text = libvirt_version(qemu)));
	domains_libvirt_say(fd, object);
}

static DomainRecord *record_of(virDomainPtr domain)
{
	DomainRecord *record = domain_record_new(virDomainGetName(domain));
	char uuid[VIR_UUID_STRING_BUFLEN];

	if (virDomainGetUUIDString(domain, uuid) == 0)
		record->uuid = g_strdup(uuid);
	record->running = virDomainIsActive(domain) == 1;
	record->persistent = virDomainIsPersistent(domain) == 1;
	return record;
}

/* The real affinities, of sched_getaffinity(): COUNT vCPUs, MAPS of LENGTH bytes each. */
static char **real_format(unsigned count, const unsigned char *maps, unsigned length)
{
	char **real = g_new0(char *, count + 1);

	for (unsigned vcpu = 0; vcpu < count; vcpu++) {
		g_auto(CpuSet) set = hwloc_bitmap_alloc();

		for (unsigned cpu = 0; cpu < length * 8; cpu++)
			if (maps[vcpu * length + cpu / 8] >> cpu % 8 & 1)
				hwloc_bitmap_set(set, cpu);
		real[vcpu] = cpulist_format(set);
	}
	return real;
}

static char **real_ask(virDomainPtr domain, unsigned cpus)
{
	virDomainInfo info;
	unsigned length = cpus / 8 + 1, count;
	g_autofree virVcpuInfo *infos = NULL;
	g_autofree unsigned char *maps = NULL;
	int got;

	if (virDomainGetInfo(domain, &info) < 0 || !info.nrVirtCpu)
		return NULL;
	count = info.nrVirtCpu;
	infos = g_new0(virVcpuInfo, count);
	maps = g_malloc0((gsize)count * length);
	got = virDomainGetVcpus(domain, infos, (int)count, maps, (int)length);
	return got > 0 ? real_format((unsigned)got, maps, length) : NULL;
}

static char *xml_ask(virDomainPtr domain, unsigned flags)
{
	char *xml = virDomainGetXMLDesc(domain, flags), *copy = g_strdup(xml);

	free(xml);
	return copy;
}

static void domain_say(int fd, virDomainPtr domain, const char *uri, unsigned cpus)
{
	DomainRecord *record = record_of(domain);

	if (record->running) {
		record->live = xml_ask(domain, 0);
		record->real = real_ask(domain, cpus);
		record->live_source = g_strdup(uri);
	}
	if (record->persistent) {
		record->inactive = xml_ask(domain, VIR_DOMAIN_XML_INACTIVE);
		record->inactive_source = g_strdup(uri);
	}
	domains_libvirt_say(fd, domain_record_to_json(record, true));
	domain_record_free(record);
}

static unsigned cpus_ask(virConnectPtr connection)
{
	virNodeInfo info;

	if (virNodeGetInfo(connection, &info) < 0)
		return 1024;
	return MIN(VIR_NODEINFO_MAXCPUS(info), CPULIST_LIMIT);
}

static int64_t exits_sum(const virDomainStatsRecord *stats)
{
	int64_t sum = -1;

	for (int i = 0; i < stats->nparams; i++) {
		const virTypedParameter *one = &stats->params[i];

		if (g_str_has_suffix(one->field, ".halt_exits.sum") &&
		    one->type == VIR_TYPED_PARAM_ULLONG)
			sum = MAX(sum, 0) + (int64_t)one->value.ul;
	}
	return sum;
}

static void counters_say(int fd, virConnectPtr connection)
{
	virDomainStatsRecordPtr *stats = NULL;
	int n = virConnectGetAllDomainStats(connection, VIR_DOMAIN_STATS_VCPU, &stats,
					    VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE |
						    VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT);

	for (int i = 0; i < n; i++) {
		int64_t exits = exits_sum(stats[i]);

		if (exits >= 0)
			domains_libvirt_say(fd, json_pack("{ss sI}", "exits_of",
							  virDomainGetName(stats[i]->dom),
							  "halt_exits", (json_int_t)exits));
	}
	virDomainStatsRecordListFree(stats);
}

static void domains_say(int fd, virConnectPtr connection, const DomainsQuestion *question)
{
	virDomainPtr *domains;
	int n = virConnectListAllDomains(connection, &domains, 0);
	unsigned cpus = cpus_ask(connection);

	if (n < 0) {
		domains_libvirt_say(fd, json_pack("{ss}", "error", virGetLastErrorMessage()));
		return;
	}
	for (int i = 0; i < n; i++) {
		DomainRecord *record = record_of(domains[i]);

		domains_libvirt_say(fd, domain_record_to_json(record, false));
	}
	for (int i = 0; i < n; i++)
		domain_say(fd, domains[i], question->shown, cpus);
	if (question->counters)
		counters_say(fd, connection);
	domains_libvirt_say(fd, json_pack("{sb}", "done", 1));
}

static bool domains_libvirt_ask(int fd, const void *data)
{
	const DomainsQuestion *question = data;
	virConnectPtr connection;

	if (!libvirt_load()) {
		domains_libvirt_say(fd, json_pack("{ss}", "error",
						  "libvirt's client library is not installed"));
		return false;
	}
	connection = virConnectOpenReadOnly(question->uri);
	if (!connection) {
		g_autofree char *why =
			libvirt_message_shown(virGetLastErrorMessage(), question->uri);

		domains_libvirt_say(fd, json_pack("{ss}", "error", why));
		return false;
	}
	versions_say(fd, connection);
	domains_say(fd, connection, question);
	/* no virConnectClose(): it waits for the daemon; the end of this process closes it */
	return true;
}

/* In the parent */

typedef struct DomainsAnswer {
	Domains *domains;
	bool connected, done;
	char *error;
} DomainsAnswer;

/* A domain comes twice: in the list, and with its XML; the second is the fuller. */
static void record_take(DomainsAnswer *answer, GHashTable *places, const json_t *object)
{
	DomainRecord *record = domain_record_parse(object);
	gpointer place;

	if (!record)
		return;
	if (!g_hash_table_lookup_extended(places, record->name, NULL, &place)) {
		g_hash_table_insert(places, g_strdup(record->name),
				    GUINT_TO_POINTER(answer->domains->records->len));
		g_ptr_array_add(answer->domains->records, record);
		return;
	}
	domain_record_free(g_ptr_array_index(answer->domains->records, GPOINTER_TO_UINT(place)));
	g_ptr_array_index(answer->domains->records, GPOINTER_TO_UINT(place)) = record;
}

static void exits_take(DomainsAnswer *answer, const char *name, const json_t *object)
{
	domains_record(answer->domains, name)->halt_exits =
		json_integer_value(json_object_get(object, "halt_exits"));
}

static void domains_libvirt_line(DomainsAnswer *answer, GHashTable *places, const json_t *object)
{
	const char *error = json_string_value(json_object_get(object, "error"));
	const char *exits = json_string_value(json_object_get(object, "exits_of"));

	if (error) {
		g_free(answer->error);
		answer->error = g_strdup(error);
	} else if (json_object_get(object, "done")) {
		answer->done = true;
	} else if (exits) {
		exits_take(answer, exits, object);
	} else if (json_object_get(object, "name")) {
		record_take(answer, places, object);
	} else {
		const char *libvirt = json_string_value(json_object_get(object, "libvirt"));
		const char *qemu = json_string_value(json_object_get(object, "qemu"));

		answer->connected = true;
		answer->domains->libvirt = g_strdup(libvirt);
		answer->domains->qemu = g_strdup(qemu);
	}
}

static void lines_take(DomainsAnswer *answer, const char *text)
{
	g_autoptr(GHashTable) places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	while (*text) {
		size_t length = strcspn(text, "\n");
		json_t *object = text[length] ? json_loadb(text, length, 0, NULL) : NULL;

		if (object)
			domains_libvirt_line(answer, places, object);
		json_decref(object);
		text += length + (text[length] == '\n');
	}
}

static unsigned unread_count(const Domains *domains)
{
	unsigned n = 0;

	for (unsigned i = 0; i < domains->records->len; i++) {
		const DomainRecord *record = g_ptr_array_index(domains->records, i);

		n += (record->running && !record->live) ||
		     (record->persistent && !record->inactive);
	}
	return n;
}

static void trouble_note(Root *root, const DomainsAnswer *answer, const char *uri, unsigned seconds,
			 bool finished)
{
	g_autofree char *source = absence_source(uri);
	g_autofree char *why = NULL;
	unsigned unread = unread_count(answer->domains);

	if (answer->error)
		why = g_strdelimit(g_strdup(answer->error), "\n\r", ' ');
	else if (!finished && !answer->connected)
		why = g_strdup_printf("did not answer within %u s; is its daemon stopped?",
				      seconds);
	else if (!finished)
		why = g_strdup_printf(
			"stopped answering within %u s; %u of %u domains are not read", seconds,
			unread, answer->domains->records->len);
	else if (!answer->done)
		why = g_strdup("the connection was lost");
	else if (unread) /* one that is gone by now is no trouble: it has no XML either way */
		why = g_strdup_printf(
			"did not give the XML of %u domains: they are gone, or access was refused",
			unread);
	if (why)
		root_remark(root, source, why);
}

/* "qemu+ssh://host/system": somebody else's domains. */
static bool is_elsewhere(const char *uri)
{
	const char *host = strstr(uri, "://");

	if (!host || g_str_has_prefix(uri, "test:"))
		return g_str_has_prefix(uri, "test:");
	host += strlen("://");
	return *host && *host != '/' && !g_str_has_prefix(host, "localhost") &&
	       !g_str_has_prefix(host, "127.0.0.1");
}

Domains *domains_ask(Root *root, const char *uri, unsigned seconds, bool counters)
{
	g_autofree char *shown = libvirt_uri_shown(uri);
	DomainsQuestion question = {uri, shown, counters};
	DomainsAnswer answer = {.domains = domains_new(shown)};
	size_t length;
	WorkerEnd end;
	g_autofree char *text = worker_run(domains_libvirt_ask, &question, seconds, &length, &end);

	lines_take(&answer, text ? text : "");
	trouble_note(root, &answer, shown, seconds, end == WORKER_DONE || end == WORKER_FAILED);
	answer.domains->elsewhere = is_elsewhere(uri);
	g_free(answer.error);
	if (!answer.connected)
		g_clear_pointer(&answer.domains, domains_free);
	return answer.domains;
}
