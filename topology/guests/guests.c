/* SPDX-License-Identifier: MIT */
#include "topology/guests/guests.h"

#include "topology/base/list.h"
#include "topology/guests/absence.h"
#include "topology/guests/domain.h"
#include "topology/guests/domains.h"
#include "topology/guests/qemu.h"
#include "topology/guests/qemu_settings.h"

#include <string.h>

#define DEADLINE 10 /* seconds */
#define LOG_TAIL (4u << 20)

/* Guests */

static hwloc_bitmap_t set_copy(hwloc_const_bitmap_t set)
{
	return set ? hwloc_bitmap_dup(set) : NULL;
}

static int thread_compare(const void *a, const void *b)
{
	const GuestThread *one = a, *other = b;

	if (one->number != other->number)
		return one->number < other->number ? -1 : 1;
	return one->tid < other->tid ? -1 : one->tid > other->tid;
}

/* The thread NUMBER, made where there is none. */
static GuestThread *thread_at(GArray *threads, unsigned number)
{
	GuestThread thread = {.number = number};

	for (guint i = 0; i < threads->len; i++)
		if (g_array_index(threads, GuestThread, i).number == number)
			return &g_array_index(threads, GuestThread, i);
	g_array_append_val(threads, thread);
	return &g_array_index(threads, GuestThread, threads->len - 1);
}

/* XML */

/* PINS to THREADS; those without a thread to LATER. */
static void guests_pins_take(GArray *threads, GArray *later, const GArray *pins, bool live)
{
	for (guint i = 0; i < pins->len; i++) {
		const DomainPin *pin = &g_array_index(pins, DomainPin, i);
		hwloc_bitmap_t *set;
		GuestThread *thread = NULL;

		for (guint t = 0; t < threads->len && !thread; t++)
			if (g_array_index(threads, GuestThread, t).number == pin->number)
				thread = &g_array_index(threads, GuestThread, t);
		if (!thread)
			thread = thread_at(later, pin->number);
		set = live ? &thread->live : &thread->inactive;
		if (!*set)
			*set = set_copy(pin->cpus);
	}
}

/* vCPUs of either XML: of the live one where the domain runs. */
static void vcpus_take(Guest *guest, const Domain *domain)
{
	guest->vcpus = (unsigned)hwloc_bitmap_weight(domain->enabled);
	guest->vcpus_max = domain->vcpus_max;
	for (int vcpu = hwloc_bitmap_first(domain->enabled); vcpu >= 0;
	     vcpu = hwloc_bitmap_next(domain->enabled, vcpu)) {
		GuestThread thread = {.number = (unsigned)vcpu};

		g_array_append_val(guest->vcpu_threads, thread);
	}
}

static void schedulers_take(const Guest *guest, const GArray *schedulers, bool live)
{
	for (unsigned i = 0; i < guest->vcpu_threads->len; i++) {
		GuestThread *thread = &g_array_index(guest->vcpu_threads, GuestThread, i);

		*(live ? &thread->live_scheduler : &thread->inactive_scheduler) =
			thread->number < schedulers->len
				? g_array_index(schedulers, Scheduler, thread->number)
				: (Scheduler){SCHEDULER_OTHER, 0};
	}
}

/* One of the two documents: what runs (LIVE), or the next start. */
static void document_take(Guest *guest, const Domain *domain, bool live)
{
	GuestThread *emulator = thread_at(guest->emulator_threads, 0);

	*(live ? &guest->threads_live : &guest->threads_inactive) = domain->threads;
	*(live ? &guest->cpuset_live : &guest->cpuset_inactive) = set_copy(domain->cpuset);
	*(live ? &guest->nodes_live : &guest->nodes_inactive) = set_copy(domain->nodes);
	*(live ? &guest->overcommit_live : &guest->overcommit_inactive) =
		g_strdupv(domain->overcommit);
	*(live ? &emulator->live : &emulator->inactive) = set_copy(domain->emulatorpin);
	schedulers_take(guest, domain->schedulers, live);
	guests_pins_take(guest->vcpu_threads, guest->later, domain->vcpupins, live);
	guests_pins_take(guest->iothreads, guest->iothreads, domain->iothreads, live);
}

/* What is said once, of the XML that counts: the inactive one, the live one where transient. */
static void settings_take(Guest *guest, const Domain *domain)
{
	bool host = domain->cpu_mode && (!strcmp(domain->cpu_mode, "host-passthrough") ||
					 !strcmp(domain->cpu_mode, "maximum"));

	if (domain->platform != PLATFORM_LIBVIRT)
		guest->platform = domain->platform;
	guest->cpu_mode = g_strdup(domain->cpu_mode);
	for (unsigned v = 0; v < domain->schedulers->len; v++)
		guest->realtime |=
			scheduler_realtime(&g_array_index(domain->schedulers, Scheduler, v));
	guest->migratable_unknown = host && !domain->migratable_said;
	guest->sockets = domain->sockets;
	guest->locked = domain->locked;
	guest->nodes_strict = domain->nodes_strict;
	guest->cells = domain->cells;
	guest->cell_memory = domain->cell_memory ? g_hash_table_ref(domain->cell_memory) : NULL;
	guest->hugepages = domain->hugepages;
	guest->page = domain->page;
	guest->eoi = domain->eoi;
	guest->memory = domain->memory;
	guest->partition = g_strdup(domain->partition);
	guest->refusal = g_strdup(domain->refusal);
	guest->quota = domain->quota;
	guest->global_quota = domain->global_quota;
	guest->doubled_pins = domain->doubled_pins;
	guest->ignored_pins = domain->ignored_pins;
	guest->namespace_missing = domain->namespace_missing;
	for (unsigned i = 0; i < domain->passed->len; i++)
		g_ptr_array_add(guest->passed, g_strdup(g_ptr_array_index(domain->passed, i)));
	for (unsigned i = 0; i < domain->slow_devices->len; i++)
		g_ptr_array_add(guest->slow_devices,
				g_strdup(g_ptr_array_index(domain->slow_devices, i)));
}

static Domain *xml_parse(Root *root, const char *xml, const char *source, const char *name)
{
	g_autoptr(GError) error = NULL;
	Domain *domain = xml ? domain_parse(xml, strlen(xml), &error) : NULL;
	g_autofree char *shown = NULL;

	if (xml && !domain) {
		shown = g_strdup_printf("%s of %s", source ? source : "XML", name);
		root_note_text(root, shown, error->message);
	}
	return domain;
}

/* Threads that libvirt or taskset saw; those of this machine's /proc come after and count more. */
static void real_set(GuestThread *thread, const char *list)
{
	if (list && !thread->real)
		thread->real = cpulist_parse(list, NULL);
}

static const char *affinity_of(const DomainRecord *record, unsigned tid)
{
	return record->affinities && tid
		       ? g_hash_table_lookup(record->affinities, GUINT_TO_POINTER(tid))
		       : NULL;
}

static void real_take(Guest *guest, const DomainRecord *record, const Domain *live)
{
	GuestThread *emulator = thread_at(guest->emulator_threads, 0);

	for (guint i = 0; i < guest->vcpu_threads->len; i++) {
		GuestThread *thread = &g_array_index(guest->vcpu_threads, GuestThread, i);

		if (live && thread->number < live->tids->len)
			thread->tid = g_array_index(live->tids, unsigned, thread->number);
		if (record->real && i < g_strv_length(record->real))
			real_set(thread, record->real[i]);
		real_set(thread, affinity_of(record, thread->tid));
	}
	real_set(emulator, affinity_of(record, record->pid));
	if (emulator->real)
		emulator->tid = record->pid;
}

/* What is wrong with the next start's XML nobody knows: the live one does not stand for it. */
static void faults_forget(Guest *guest)
{
	g_clear_pointer(&guest->refusal, g_free);
	guest->namespace_missing = false;
	guest->doubled_pins = guest->ignored_pins = 0;
}

static Guest *guest_of(Root *root, DomainRecord *record)
{
	Guest *guest = guest_new(record->name);
	g_autoptr(Domain) live = xml_parse(root, record->live, record->live_source, record->name);
	g_autoptr(Domain) inactive =
		xml_parse(root, record->inactive, record->inactive_source, record->name);

	guest->platform = platform_of_name(record->name);
	guest->uuid = g_strdup(record->uuid);
	guest->running = record->running;
	guest->persistent = record->persistent;
	guest->pid = record->pid;
	guest->halt_exits = record->halt_exits;
	if (live || inactive) {
		vcpus_take(guest, live ? live : inactive);
		settings_take(guest, inactive ? inactive : live);
	}
	if (live)
		document_take(guest, live, true);
	if (inactive)
		document_take(guest, inactive, false);
	real_take(guest, record, live);
	if (live)
		guest->live_xml = g_steal_pointer(&record->live);
	if (inactive)
		guest->inactive_xml = g_steal_pointer(&record->inactive);
	guest->live_unread = record->running && !live;
	guest->inactive_unread = record->persistent && !inactive;
	if (guest->inactive_unread)
		faults_forget(guest);
	return guest;
}

/* Processes */

static void thread_real(GuestThread *thread, const Task *task)
{
	hwloc_bitmap_free(thread->real);
	thread->real = set_copy(task->allowed);
	thread->tid = task->tid;
	g_free(thread->comm);
	thread->comm = g_strdup(task->comm);
	g_free(thread->group);
	thread->group = g_strdup(task->cgroup);
	g_free(thread->time_group);
	thread->time_group = g_strdup(task->time_group);
}

static void vcpu_real(Guest *guest, unsigned vcpu, const Task *task)
{
	GuestThread *thread = thread_at(guest->vcpu_threads, vcpu);

	thread_real(thread, task);
	thread->scheduler = task->scheduler;
	guest->realtime |= scheduler_realtime(&task->scheduler);
}

/* One more emulator thread, with the pins of the first; that one is the main thread. */
static void emulator_add(Guest *guest, const Task *task)
{
	GuestThread *first = thread_at(guest->emulator_threads, 0), more = {0};

	if (!first->comm && task->tid == task->pid) {
		thread_real(first, task);
		return;
	}
	more.live = set_copy(first->live);
	more.inactive = set_copy(first->inactive);
	thread_real(&more, task);
	g_array_append_val(guest->emulator_threads, more);
}

/* Of a process whose threads have no names: the main thread is an emulator's for sure. */
static void nameless_take(Guest *guest, const QemuProcess *process, const Task *task)
{
	gpointer key = GUINT_TO_POINTER(task->tid), vcpu;

	if (task->worker || qemu_worker(task->comm))
		return;
	if (process->vcpus && g_hash_table_lookup_extended(process->vcpus, key, NULL, &vcpu))
		vcpu_real(guest, GPOINTER_TO_UINT(vcpu), task);
	else if (process->vcpus || task->tid == task->pid)
		emulator_add(guest, task);
}

static void task_take(Guest *guest, const Task *task)
{
	unsigned number;

	if (qemu_vcpu_parse(task->comm, &number))
		vcpu_real(guest, number, task);
	else if (qemu_iothread_parse(task->comm, &number))
		thread_real(thread_at(guest->iothreads, number), task);
	else if (!qemu_worker(task->comm))
		emulator_add(guest, task);
}

/* The mask that all threads of a process have, NULL = they differ. */
static hwloc_const_bitmap_t common_mask(const QemuProcess *process, const TaskFacts *tasks)
{
	hwloc_const_bitmap_t mask = NULL;

	for (guint i = process->first; i < process->first + process->count; i++) {
		const Task *task = &g_array_index(tasks->tasks, Task, i);

		if (task->worker || qemu_worker(task->comm))
			continue;
		if (!task->allowed || (mask && !hwloc_bitmap_isequal(mask, task->allowed)))
			return NULL;
		mask = task->allowed;
	}
	return mask;
}

/* Where any thread of PROCESS may run; yours. */
static hwloc_bitmap_t process_reach(const QemuProcess *process, const TaskFacts *tasks)
{
	hwloc_bitmap_t reach = hwloc_bitmap_alloc();

	for (guint i = process->first; i < process->first + process->count; i++) {
		const Task *task = &g_array_index(tasks->tasks, Task, i);

		if (task->allowed)
			hwloc_bitmap_or(reach, reach, task->allowed);
	}
	return reach;
}

/* Nothing tells its vCPUs from the rest. Where all threads may run on the same CPUs it does not
 * matter; else where its vCPUs run is not known. */
static void nameless_end(Guest *guest, const QemuProcess *process, const TaskFacts *tasks)
{
	hwloc_const_bitmap_t mask = common_mask(process, tasks);
	unsigned vcpus = process->descriptors ? process->descriptors : guest->vcpus;

	if (process->count == 1) /* of such a capture more is missing than names */
		return;
	if (!mask || !vcpus || process->count <= vcpus) {
		guest->nameless = true;
		guest->reach = process_reach(process, tasks);
		return;
	}
	for (unsigned v = 0; v < vcpus; v++) {
		GuestThread *thread = thread_at(guest->vcpu_threads, v);

		hwloc_bitmap_free(thread->real);
		thread->real = set_copy(mask);
	}
}

/* An XML that says whose it is counts more. */
static void platform_see(Guest *guest, const Task *task)
{
	Platform seen = platform_of_process(guest->argv, task->cgroup);

	if (guest->platform == PLATFORM_PROCESS && platform_is_libvirt(guest->argv, task->cgroup))
		guest->platform = PLATFORM_LIBVIRT;
	if (guest->platform == PLATFORM_LIBVIRT || guest->platform == PLATFORM_PROCESS)
		guest->platform = seen == PLATFORM_LIBVIRT ? guest->platform : seen;
}

static void process_take(Guest *guest, QemuProcess *process, const TaskFacts *tasks)
{
	process->taken = true;
	guest->running = true;
	guest->pid = process->pid;
	guest->argv = g_strdupv(process->argv);
	platform_see(guest, &g_array_index(tasks->tasks, Task, process->first));
	if (process->halt_exits >= 0)
		guest->halt_exits = process->halt_exits;
	for (guint i = 0; i < process->count; i++) {
		const Task *task = &g_array_index(tasks->tasks, Task, process->first + i);

		if (process->named || !process->vm)
			task_take(guest, task);
		else
			nameless_take(guest, process, task);
	}
	if (!process->named && process->vm && !process->vcpus)
		nameless_end(guest, process, tasks);
}

/* Is it this guest's? By pid, by uuid, else by name. GUESSED: nothing else says which run. */
static bool is_process_of(const Guest *guest, const QemuProcess *process, bool guessed)
{
	if (process->taken || (!guest->running && !guessed))
		return false;
	if (guest->pid)
		return guest->pid == process->pid;
	if (guest->uuid && process->uuid)
		return !g_ascii_strcasecmp(guest->uuid, process->uuid);
	return process->name && !strcmp(guest->name, process->name);
}

/* What its command line says in place of an XML; VCPUS were seen running. */
static void settings_say(Guest *guest, char **argv, unsigned vcpus)
{
	QemuSettings settings = qemu_settings_parse(argv);

	guest->vcpus = vcpus ? vcpus : settings.vcpus;
	guest->vcpus_max = MAX(guest->vcpus, settings.vcpus_max);
	guest->cpu_mode = g_strdup(settings.cpu_mode);
	guest->threads_live = settings.threads;
	guest->memory = settings.memory;
	guest->hugepages = settings.hugepages;
	guest->page = settings.page;
	guest->locked = settings.locked;
	guest->nodes_live = g_steal_pointer(&settings.nodes);
	guest->cells = settings.cells;
	qemu_settings_clear(&settings);
}

static Guest *unlisted_new(const QemuProcess *process, unsigned vcpus)
{
	g_autofree char *name =
		process->name ? g_strdup(process->name) : g_strdup_printf("pid %u", process->pid);
	Guest *guest = guest_new(name);

	guest->uuid = g_strdup(process->uuid);
	guest->unlisted = true;
	guest->platform = platform_of_name(guest->name);
	if (guest->platform == PLATFORM_LIBVIRT)
		guest->platform = PLATFORM_PROCESS;
	if (process->argv)
		guest->overcommit_live = qemu_args_overcommit((const char *const *)process->argv);
	settings_say(guest, process->argv, vcpus);
	return guest;
}

static unsigned guests_vcpus_of(const QemuProcess *process, const TaskFacts *tasks)
{
	unsigned n = process->descriptors, vcpu;

	for (guint i = 0; i < process->count; i++)
		n += qemu_vcpu_parse(g_array_index(tasks->tasks, Task, process->first + i).comm,
				     &vcpu);
	return n;
}

/* One of the first LISTED guests runs, and no process is known to be its: PROCESS, whose command
 * line was not read, may be the one. */
static bool may_be_listed(const GuestFacts *facts, guint listed, const QemuProcess *process)
{
	for (guint i = 0; i < listed && !process->argv; i++) {
		const Guest *guest = g_ptr_array_index(facts->guests, i);

		if (guest->running && !guest->pid)
			return true;
	}
	return false;
}

/* PROCESSES to the guests they are of, what is left to guests of its own. */
static void processes_take(GuestFacts *facts, GPtrArray *processes, const TaskFacts *tasks,
			   bool guessed)
{
	guint listed = facts->guests->len;

	for (unsigned p = 0; p < processes->len; p++) {
		QemuProcess *process = g_ptr_array_index(processes, p);

		for (guint i = 0; i < listed && !process->taken; i++) {
			Guest *guest = g_ptr_array_index(facts->guests, i);

			if (is_process_of(guest, process, guessed))
				process_take(guest, process, tasks);
		}
	}
	for (unsigned p = 0; p < processes->len; p++) {
		QemuProcess *process = g_ptr_array_index(processes, p);

		if (process->taken || !process->vm || may_be_listed(facts, listed, process))
			continue;
		g_ptr_array_add(facts->guests,
				unlisted_new(process, guests_vcpus_of(process, tasks)));
		process_take(g_ptr_array_index(facts->guests, facts->guests->len - 1), process,
			     tasks);
	}
}

/* Does somebody say of each vCPU where it runs? */
static bool is_pinned(const Guest *guest)
{
	for (unsigned i = 0; i < guest->vcpu_threads->len; i++) {
		const GuestThread *thread = &g_array_index(guest->vcpu_threads, GuestThread, i);

		if (!thread->live && !thread->inactive && !thread->real)
			return false;
	}
	return guest->vcpu_threads->len > 0;
}

/* Where memory is matters for guests that say where it has to be. */
static void memory_load(Root *root, GuestFacts *facts, unsigned seconds)
{
	g_autoptr(GArray) pids = g_array_new(FALSE, FALSE, sizeof(unsigned));
	g_autoptr(GHashTable) memory = NULL;

	for (unsigned i = 0; i < facts->guests->len; i++) {
		const Guest *guest = g_ptr_array_index(facts->guests, i);

		if (guest->pid && (guest->nodes_live || guest->nodes_inactive || is_pinned(guest)))
			g_array_append_val(pids, guest->pid);
	}
	memory = qemu_memory_load(root, pids, seconds);
	for (unsigned i = 0; i < facts->guests->len; i++) {
		Guest *guest = g_ptr_array_index(facts->guests, i);
		GHashTable *nodes = g_hash_table_lookup(memory, GUINT_TO_POINTER(guest->pid));

		if (guest->pid && nodes)
			guest->node_memory = g_hash_table_ref(nodes);
	}
}

/* Logs */

static const char refusal[] = "guest stopping CPU not supported";

char *guest_log_parse(const char *text)
{
	const char *start = g_strrstr(text, "starting up libvirt version");
	const char *at = g_strrstr(start ? start : text, refusal);

	while (at && at > text && at[-1] != '\n')
		at--;
	return at ? g_utf8_make_valid(at, (gssize)strcspn(at, "\n")) : NULL;
}

/* A log holds whole command lines: a snapshot keeps the one line. */
static void log_load(Root *root, Guest *guest)
{
	g_autofree char *path = g_strdup_printf("/var/log/libvirt/qemu/%s.log", guest->name);
	size_t length;
	int failure = 0;
	g_autofree char *text = NULL;

	if (!guest->running || strchr(guest->name, '/'))
		return;
	text = root_read_tail(root, path, LOG_TAIL, &length, &failure);
	if (!text) {
		root_failed(root, path, "/var/log/libvirt/qemu/*.log", failure);
		return;
	}
	root_note_damage(root, path, "/var/log/libvirt/qemu/*.log", text, length);
	guest->log_refusal = guest_log_parse(text);
	root_record_text(root, path, guest->log_refusal ? guest->log_refusal : "");
}

/* The whole */

static Domains *domains_load(Root *root, const GuestOptions *options, unsigned seconds)
{
	const char *uri = options->uri ? options->uri : "qemu:///system";
	g_autoptr(GError) error = NULL;
	Domains *domains = NULL;

	if (options->domains) {
		domains = domains_read(root, options->domains, &error);
		if (!domains)
			root_remark(root, options->domains, error->message);
	} else if (options->uri || root_is_live(root)) {
		domains = domains_ask(root, uri, seconds, options->counters);
	} else {
		domains = domains_captured(root);
	}
	return domains;
}

/* Nobody has the domains: is there a libvirt that should? Otherwise what runs is all there is. */
static void absence_judge(Root *root, const GuestOptions *options, GuestFacts *facts,
			  const TaskFacts *tasks, const GPtrArray *processes)
{
	bool asked = options->domains || options->uri;

	if (!asked && absence_of_libvirt(root, tasks, processes)) {
		g_autofree char *source = absence_source("qemu:///system");

		facts->no_libvirt = true;
		root_forget(root, source);
	} else if (!asked && !root_is_live(root) && !root_is_snapshot(root)) {
		root_note_text(root, "/etc/libvirt/qemu",
			       "the capture contains no domains; capture with `planner snapshot`, "
			       "or name a directory with --domains");
	}
}

static int guest_compare(const void *a, const void *b)
{
	const Guest *one = *(const Guest *const *)a, *other = *(const Guest *const *)b;
	int names = strcmp(one->name, other->name);

	return names ? names : one->pid < other->pid ? -1 : one->pid > other->pid;
}

/* One that has an XML is known but for where its threads run. */
static void nameless_note(Root *root, const GuestFacts *facts)
{
	g_autoptr(GString) names = g_string_new(NULL);
	g_autofree char *why = NULL;

	for (unsigned i = 0; i < facts->guests->len; i++) {
		const Guest *guest = g_ptr_array_index(facts->guests, i);

		if (guest->nameless && guest->unlisted)
			list_add(names, "%u (%s)", guest->pid, guest->name);
	}
	why = g_strdup_printf("the threads of QEMU %s have no names and cannot be told apart: ask "
			      "as root while it runs, or start it with -name …,debug-threads=on",
			      names->str);
	if (names->len)
		root_note_text(root, "/proc/PID/fd", why);
}

static void guests_sort(GuestFacts *facts)
{
	g_ptr_array_sort(facts->guests, guest_compare);
	for (unsigned i = 0; i < facts->guests->len; i++) {
		Guest *guest = g_ptr_array_index(facts->guests, i);

		g_array_sort(guest->vcpu_threads, thread_compare);
		g_array_sort(guest->iothreads, thread_compare);
		g_array_sort(guest->later, thread_compare);
		thread_at(guest->emulator_threads, 0); /* one at least */
	}
}

static GuestFacts *facts_of(Root *root, Domains *domains)
{
	GuestFacts *facts = guests_new(domains ? domains->source : "/proc");

	if (!domains)
		return facts;
	facts->libvirt = g_strdup(domains->libvirt);
	facts->qemu = g_strdup(domains->qemu);
	for (unsigned i = 0; i < domains->records->len; i++)
		g_ptr_array_add(facts->guests,
				guest_of(root, g_ptr_array_index(domains->records, i)));
	return facts;
}

/* Seconds up to END of the monotonic clock; one at least, so that it is tried. */
static unsigned seconds_left(gint64 end)
{
	gint64 left = (end - g_get_monotonic_time()) / G_USEC_PER_SEC;

	return (unsigned)MAX(left, 1);
}

GuestFacts *guests_of_domains(Root *root, Domains *domains)
{
	GuestFacts *facts = facts_of(root, domains);

	guests_sort(facts);
	return facts;
}

GuestFacts *guests_load(Root *root, const GuestOptions *options, const TaskFacts *tasks)
{
	unsigned seconds = options->deadline ? options->deadline : DEADLINE;
	gint64 end = g_get_monotonic_time() + (gint64)seconds * G_USEC_PER_SEC;
	g_autoptr(Domains) domains = domains_load(root, options, seconds);
	GuestFacts *facts;

	if (domains)
		domains_record_into(root, domains);
	facts = facts_of(root, domains);
	if (!domains || !domains->elsewhere) {
		g_autoptr(GPtrArray) processes = qemu_load(root, tasks, seconds_left(end));

		if (!domains)
			absence_judge(root, options, facts, tasks, processes);
		processes_take(facts, processes, tasks, domains && domains->states_unknown);
		nameless_note(root, facts);
		memory_load(root, facts, seconds_left(end));
		for (unsigned i = 0; i < facts->guests->len; i++)
			log_load(root, g_ptr_array_index(facts->guests, i));
	}
	guests_sort(facts);
	if (!domains && !facts->guests->len)
		g_clear_pointer(&facts, guests_free);
	return facts;
}
