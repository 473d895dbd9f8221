/* SPDX-License-Identifier: MIT */
#include "topology/facts/counters.h"

#include "topology/facts/irqs.h"
#include "topology/facts/tracing.h"

#include <string.h>

#define ROWS_MAX (64u << 20) /* 8192 CPUs are 90 kB a line */
#define KVM_FOLDER "/sys/kernel/debug/kvm"
#define TRACING_DEFAULT "/sys/kernel/tracing/instances/" TRACING_INSTANCE

/* Each also as 5.13 and before have it, in the same order; NULL = the same. */
#define KVM_COUNTERS(X)                                                                            \
	X("exits", NULL)                                                                           \
	X("halt_exits", NULL)                                                                      \
	X("io_exits", NULL)                                                                        \
	X("mmio_exits", NULL)                                                                      \
	X("irq_exits", NULL)                                                                       \
	X("irq_window_exits", "irq_window")                                                        \
	X("nmi_window_exits", "nmi_window")                                                        \
	X("signal_exits", NULL)                                                                    \
	X("request_irq_exits", "request_irq")                                                      \
	X("hypercalls", NULL)                                                                      \
	X("directed_yield_attempted", NULL)                                                        \
	X("preemption_reported", NULL)                                                             \
	X("halt_poll_success_ns", NULL)                                                            \
	X("halt_poll_fail_ns", NULL)                                                               \
	X("halt_wait_ns", NULL)
#define KVM_NAME(name, old) name,
#define KVM_OLD(name, old) old,

const char *const kvm_counters[] = {KVM_COUNTERS(KVM_NAME) NULL};
static const char *const kvm_old[] = {KVM_COUNTERS(KVM_OLD) NULL};

static void guest_count_free(void *data)
{
	GuestCount *guest = data;

	g_free(guest->name);
	g_array_unref(guest->threads);
	g_hash_table_unref(guest->kvm);
	g_free(guest);
}

Counters *counters_new(void)
{
	Counters *counters = g_new0(Counters, 1);

	counters->uptime = -1;
	counters->histograms = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
						     (GDestroyNotify)g_ptr_array_unref);
	counters->guests = g_ptr_array_new_with_free_func(guest_count_free);
	return counters;
}

void counters_free(Counters *counters)
{
	if (!counters)
		return;
	g_clear_pointer(&counters->interrupts, g_hash_table_unref);
	g_clear_pointer(&counters->softirqs, g_hash_table_unref);
	g_clear_pointer(&counters->switches, g_array_unref);
	g_hash_table_unref(counters->histograms);
	g_clear_pointer(&counters->unread, g_ptr_array_unref);
	g_ptr_array_unref(counters->guests);
	g_free(counters);
}

/* The Nth word of WORDS as a number; false where it is none. */
static bool counters_word(char **words, unsigned n, guint64 *number)
{
	return n < g_strv_length(words) &&
	       g_ascii_string_to_unsigned(words[n], 10, 0, G_MAXUINT64, number, NULL);
}

bool counters_thread_parse(const char *text, ThreadCount *thread)
{
	g_autofree char *line = g_strstrip(g_strndup(text, strcspn(text, "\n")));
	g_auto(GStrv) words = g_strsplit(line, " ", -1);
	guint64 run, wait, times;

	if (!counters_word(words, 0, &run) || !counters_word(words, 1, &wait) ||
	    !counters_word(words, 2, &times))
		return false;
	thread->run = run;
	thread->wait = wait;
	thread->times = times;
	return true;
}

/* "cpu2 0 0 0 0 0 0 RUN WAIT TIMES" in versions 15 to 17; the last counts always, the first six
 * only with sched_schedstats. */
enum { SCHEDSTAT_TIMES = 9 };

GArray *counters_switches_parse(const char *text)
{
	static const guint64 unknown = COUNTER_UNKNOWN;
	GArray *switches = g_array_new(FALSE, FALSE, sizeof(guint64));
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (unsigned i = 0; lines[i]; i++) {
		g_auto(GStrv) words = g_strsplit(lines[i], " ", -1);
		guint64 cpu, times;

		if (!words[0] || !g_str_has_prefix(words[0], "cpu") ||
		    !g_ascii_string_to_unsigned(words[0] + 3, 10, 0, CPULIST_LIMIT - 1, &cpu,
						NULL) ||
		    !counters_word(words, SCHEDSTAT_TIMES, &times))
			continue;
		while (switches->len <= cpu)
			g_array_append_val(switches, unknown);
		g_array_index(switches, guint64, cpu) = times;
	}
	return switches;
}

/* Loading */

static GHashTable *rows_load(Root *root, const char *path)
{
	size_t length;
	g_autofree char *bytes = root_read(root, path, NULL, ROWS_MAX, &length);
	g_autofree char *text = bytes ? g_utf8_make_valid(bytes, -1) : NULL;

	if (!bytes)
		root_note_missing(root, path);
	return interrupt_rows_parse(text ? text : "");
}

static GArray *switches_load(Root *root)
{
	static const char path[] = "/proc/schedstat";
	size_t length;
	g_autofree char *text = root_read(root, path, NULL, ROWS_MAX, &length);

	if (!text)
		root_note_missing(root, path);
	return counters_switches_parse(text ? text : "");
}

static double uptime_load(Root *root)
{
	g_autofree char *text = root_text(root, "/proc/uptime", NULL);
	char *end = NULL;
	double uptime = text ? g_ascii_strtod(text, &end) : -1;

	if (!text)
		root_note_missing(root, "/proc/uptime");
	return text && end != text && uptime >= 0 ? uptime : -1;
}

static uint64_t switches_of(const char *status, const char *name)
{
	g_autofree char *value = task_status_value(status, name);
	guint64 number;

	return value && g_ascii_string_to_unsigned(value, 10, 0, G_MAXUINT64, &number, NULL)
		       ? number
		       : 0;
}

static void counters_thread_load(Root *root, unsigned pid, ThreadCount *thread)
{
	g_autofree char *folder = g_strdup_printf("/proc/%u/task/%u", pid, thread->tid);
	g_autofree char *path = g_strconcat(folder, "/schedstat", NULL);
	g_autofree char *status_path = g_strconcat(folder, "/status", NULL);
	g_autofree char *text = root_text(root, path, "/proc/PID/task/TID/schedstat");
	g_autofree char *status = root_text(root, status_path, "/proc/PID/task/TID/status");

	thread->known = text && counters_thread_parse(text, thread);
	if (!status)
		return;
	thread->left = switches_of(status, "voluntary_ctxt_switches");
	thread->displaced = switches_of(status, "nonvoluntary_ctxt_switches");
}

static void kvm_counter_add(GHashTable *counters, const char *name, uint64_t value)
{
	uint64_t *sum = g_hash_table_lookup(counters, name);

	if (!sum) {
		sum = g_new0(uint64_t, 1);
		g_hash_table_insert(counters, (gpointer)name, sum);
	}
	*sum += value;
}

/* What FOLDER, of one VM, has. What a kernel does not count, it has no file for. */
static void kvm_folder_load(Root *root, const char *folder, GHashTable *counters)
{
	static const char source[] = KVM_FOLDER "/PID-FD/*";

	for (unsigned i = 0; kvm_counters[i]; i++) {
		g_autofree char *path = g_build_filename(folder, kvm_counters[i], NULL);
		g_autofree char *old =
			kvm_old[i] ? g_build_filename(folder, kvm_old[i], NULL) : NULL;
		uint64_t value;

		if (root_number(root, path, source, &value) ||
		    (old && root_number(root, old, source, &value)))
			kvm_counter_add(counters, kvm_counters[i], value);
	}
}

/* NAMES are the folders of all VMs, "PID-FD". */
static void counters_guest_load(Root *root, Counters *counters, const Guest *guest, char **names)
{
	GuestCount *count = g_new0(GuestCount, 1);
	g_autofree char *prefix = g_strdup_printf("%u-", guest->pid);

	count->name = g_strdup(guest->name);
	count->threads = g_array_new(FALSE, TRUE, sizeof(ThreadCount));
	count->kvm = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
	for (unsigned i = 0; i < guest->vcpu_threads->len; i++) {
		const GuestThread *thread = &g_array_index(guest->vcpu_threads, GuestThread, i);
		ThreadCount one = {.vcpu = thread->number, .tid = thread->tid};

		if (one.tid)
			counters_thread_load(root, guest->pid, &one);
		g_array_append_val(count->threads, one);
	}
	for (unsigned i = 0; names[i]; i++) {
		g_autofree char *folder = g_build_filename(KVM_FOLDER, names[i], NULL);

		if (g_str_has_prefix(names[i], prefix))
			kvm_folder_load(root, folder, count->kvm);
	}
	g_ptr_array_add(counters->guests, count);
}

static char **kvm_folders_load(Root *root)
{
	char **names = root_list(root, KVM_FOLDER, NULL);

	if (!*names && !root_why(root, KVM_FOLDER))
		root_note_text(root, KVM_FOLDER,
			       "does not exist: KVM is not loaded, debugfs is not mounted, or "
			       "planner does not run as root");
	return names;
}

GHashTable *counters_interrupts(Root *root)
{
	return rows_load(root, "/proc/interrupts");
}

/* Reading a histogram interrupts nobody. */
static void histograms_load(Root *root, const char *instance, GHashTable *histograms)
{
	for (const TraceEvent *event = tracing_events; event->name; event++) {
		g_autofree char *path = g_build_filename(instance, "events", event->group,
							 event->name, "hist", NULL);
		g_autofree char *text = NULL;
		size_t length;

		if (g_hash_table_contains(histograms, event->name))
			continue;
		text = root_read(root, path, NULL, ROWS_MAX, &length);
		if (text)
			g_hash_table_insert(histograms, (gpointer)event->name,
					    histograms_parse(text));
	}
}

Counters *counters_load(Root *root, const GuestFacts *guests, const char *instance)
{
	Counters *counters = counters_new();
	g_auto(GStrv) folders = kvm_folders_load(root);

	counters->uptime = uptime_load(root);
	counters->interrupts = counters_interrupts(root);
	counters->softirqs = rows_load(root, "/proc/softirqs");
	counters->switches = switches_load(root);
	histograms_load(root, instance ? instance : TRACING_DEFAULT, counters->histograms);
	for (unsigned i = 0; guests && i < guests->guests->len; i++) {
		const Guest *guest = g_ptr_array_index(guests->guests, i);

		if (guest->running && guest->pid)
			counters_guest_load(root, counters, guest, folders);
	}
	counters->unread = root_unread(root);
	return counters;
}
