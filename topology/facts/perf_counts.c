/* SPDX-License-Identifier: MIT */
#include "topology/facts/perf_counts.h"

#include "topology/base/error.h"
#include "topology/facts/histogram.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

struct PerfCounts {
	GArray *wanted; /* of PerfCount */
};

#define EXIT_KEYS "common_pid,exit_reason"
#define MSR_KEYS "common_pid,write,ecx.hex"
#define TICK_KEYS "common_cpu,success,dependency"

/* What is worth a counter: what has a cause of its own, and a remedy. */
static const unsigned vmx_reasons[] = {1, 7, 10, 12, 18, 30, 31, 32, 40, 48, 49, 52, 56};
static const unsigned svm_reasons[] = {96, 100, 114, 119, 120, 123, 124, 129, 1024, 1025, 1026};
static const unsigned msrs_written[] = {0x6e0, 0x80b, 0x830, 0x48, 0x49};
static const unsigned tick_reasons[] = {1, 2, 4, 8, 16, 32};

/* The counters */

static void perf_count_clear(void *data)
{
	PerfCount *count = data;

	if (count->fd >= 0)
		close(count->fd);
	g_free(count->values);
	g_free(count->filter);
}

/* Takes VALUES and FILTER. */
static void perf_want(GArray *wanted, const char *event, const char *keys, unsigned of,
		      char *values, char *filter)
{
	PerfCount count = {.event = event,
			   .keys = keys,
			   .of = of,
			   .values = values,
			   .filter = filter,
			   .fd = -1};

	g_array_append_val(wanted, count);
}

/* Of one thread. All values together come first: see perf_others(). */
static void perf_want_thread(GArray *wanted, unsigned tid, bool intel)
{
	const unsigned *reasons = intel ? vmx_reasons : svm_reasons;
	unsigned n = intel ? G_N_ELEMENTS(vmx_reasons) : G_N_ELEMENTS(svm_reasons);

	perf_want(wanted, "kvm_exit", EXIT_KEYS, tid, g_strdup("exit_reason: " PERF_OTHERS), NULL);
	for (unsigned i = 0; i < n; i++)
		perf_want(wanted, "kvm_exit", EXIT_KEYS, tid,
			  g_strdup_printf("exit_reason: %u", reasons[i]),
			  g_strdup_printf("exit_reason==%u", reasons[i]));
	perf_want(wanted, "kvm_msr", MSR_KEYS, tid, g_strdup("write: 0, ecx: " PERF_OTHERS),
		  g_strdup("write==0"));
	perf_want(wanted, "kvm_msr", MSR_KEYS, tid, g_strdup("write: 1, ecx: " PERF_OTHERS),
		  g_strdup("write==1"));
	for (unsigned i = 0; i < G_N_ELEMENTS(msrs_written); i++)
		perf_want(wanted, "kvm_msr", MSR_KEYS, tid,
			  g_strdup_printf("write: 1, ecx: %x", msrs_written[i]),
			  g_strdup_printf("ecx==%u && write==1", msrs_written[i]));
}

GArray *perf_counts_wanted(const GuestFacts *guests, hwloc_const_bitmap_t cpus, bool intel)
{
	GArray *wanted = g_array_new(FALSE, FALSE, sizeof(PerfCount));
	unsigned cpu;

	g_array_set_clear_func(wanted, perf_count_clear);
	for (unsigned i = 0; guests && i < guests->guests->len; i++) {
		const Guest *guest = g_ptr_array_index(guests->guests, i);

		for (unsigned t = 0; guest->running && t < guest->vcpu_threads->len; t++) {
			unsigned tid = g_array_index(guest->vcpu_threads, GuestThread, t).tid;

			if (tid)
				perf_want_thread(wanted, tid, intel);
		}
	}
	hwloc_bitmap_foreach_begin(cpu, cpus)
		for (unsigned i = 0; i < G_N_ELEMENTS(tick_reasons); i++)
			perf_want(wanted, "tick_stop", TICK_KEYS, cpu,
				  g_strdup_printf("success: 0, dependency: %u", tick_reasons[i]),
				  g_strdup_printf("success==0 && dependency==%u", tick_reasons[i]));
	hwloc_bitmap_foreach_end();
	return wanted;
}

/* Asking the kernel */

static bool perf_of_cpu(const PerfCount *count)
{
	return g_str_has_prefix(count->keys, "common_cpu");
}

/* The number of an event, by which perf knows it; false where the kernel has no such event. */
static bool perf_event_id(const char *tracefs, const char *event, uint64_t *id)
{
	const char *group = g_str_has_prefix(event, "kvm_") ? "kvm" : "timer";
	g_autofree char *path = g_build_filename(tracefs, "events", group, event, "id", NULL);
	g_autofree char *text = NULL;
	guint64 number;

	if (!g_file_get_contents(path, &text, NULL, NULL) ||
	    !g_ascii_string_to_unsigned(g_strchomp(text), 10, 0, G_MAXINT64, &number, NULL))
		return false;
	*id = number;
	return true;
}

/* False with errno. */
static bool perf_count_open(PerfCount *count, uint64_t id)
{
	struct perf_event_attr how = {
		.type = PERF_TYPE_TRACEPOINT, .size = sizeof(how), .config = id, .disabled = 1};
	bool cpu = perf_of_cpu(count);

	count->fd = (int)syscall(SYS_perf_event_open, &how, cpu ? -1 : (int)count->of,
				 cpu ? (int)count->of : -1, -1, PERF_FLAG_FD_CLOEXEC);
	return count->fd >= 0 &&
	       (!count->filter ||
		ioctl(count->fd, PERF_EVENT_IOC_SET_FILTER, count->filter) == 0) &&
	       ioctl(count->fd, PERF_EVENT_IOC_ENABLE, 0) == 0;
}

/* Each counter is an open file: as many as we may have. */
static void perf_limit_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static void perf_refuse(GError **error)
{
	const char *hint = errno == EACCES || errno == EPERM
				   ? "; run as root; perf_event_paranoid or a kernel that is "
				     "locked down may refuse it even to root"
			   : errno == EMFILE ? "; raise the limit of open files: ulimit -n"
					     : "";

	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_SYSTEM, "perf_event_open: %s%s",
		    g_strerror(errno), hint);
}

PerfCounts *perf_counts_start(const char *tracefs, const GuestFacts *guests,
			      hwloc_const_bitmap_t cpus, GError **error)
{
	g_autoptr(PerfCounts) counts = g_new0(PerfCounts, 1);
	bool intel = access("/sys/module/kvm_intel", F_OK) == 0, any = false;

	counts->wanted = perf_counts_wanted(guests, cpus, intel);
	perf_limit_raise();
	for (unsigned i = 0; i < counts->wanted->len; i++) {
		PerfCount *count = &g_array_index(counts->wanted, PerfCount, i);
		uint64_t id;

		if (!perf_event_id(tracefs, count->event, &id))
			continue;
		/* A thread that ended meanwhile counts nothing more. */
		if (!perf_count_open(count, id) && errno != ESRCH) {
			perf_refuse(error);
			return NULL;
		}
		any |= count->fd >= 0;
	}
	if (any)
		return g_steal_pointer(&counts);
	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_SYSTEM,
		    "there is no event that perf could count");
	return NULL;
}

void perf_counts_begin(PerfCounts *counts)
{
	for (unsigned i = 0; i < counts->wanted->len; i++) {
		const PerfCount *count = &g_array_index(counts->wanted, PerfCount, i);

		if (count->fd >= 0)
			ioctl(count->fd, PERF_EVENT_IOC_RESET, 0);
	}
}

/* What it comes to */

static bool perf_same(const PerfCount *a, const PerfCount *b)
{
	return a->of == b->of && g_str_equal(a->event, b->event);
}

/* ALL counts what those after it count, too; of reads and writes of MSRs only the same. */
static uint64_t perf_others(const GArray *wanted, unsigned all)
{
	const PerfCount *first = &g_array_index(wanted, PerfCount, all);
	bool read = g_str_has_prefix(first->values, "write: 0");
	uint64_t told = 0;

	for (unsigned i = all + 1; !read && i < wanted->len; i++) {
		const PerfCount *count = &g_array_index(wanted, PerfCount, i);

		if (!perf_same(count, first))
			break;
		told += count->count;
	}
	return first->count > told ? first->count - told : 0;
}

static void perf_fill_event(const GArray *wanted, const char *event, GHashTable *histograms)
{
	g_autoptr(GString) text = g_string_new(NULL);
	unsigned rows = 0;

	for (unsigned i = 0; i < wanted->len; i++) {
		const PerfCount *count = &g_array_index(wanted, PerfCount, i);
		bool others = g_str_has_suffix(count->values, PERF_OTHERS);
		uint64_t n = others ? perf_others(wanted, i) : count->count;

		if (!g_str_equal(count->event, event))
			continue;
		if (!text->len)
			g_string_append_printf(text, "# trigger info: hist:keys=%s\n", count->keys);
		if (!n)
			continue;
		g_string_append_printf(text, "{ %s: %u, %s } hitcount: %" G_GUINT64_FORMAT "\n",
				       perf_of_cpu(count) ? "common_cpu" : "common_pid", count->of,
				       count->values, (guint64)n);
		rows++;
	}
	g_string_append_printf(text, "    Entries: %u\n", rows);
	if (g_str_has_prefix(text->str, "#"))
		g_hash_table_insert(histograms, (gpointer)event, histograms_parse(text->str));
}

void perf_counts_fill(const GArray *wanted, GHashTable *histograms)
{
	static const char *const events[] = {"kvm_exit", "kvm_msr", "tick_stop"};

	for (unsigned i = 0; i < G_N_ELEMENTS(events); i++)
		perf_fill_event(wanted, events[i], histograms);
}

void perf_counts_end(PerfCounts *counts, GHashTable *histograms)
{
	for (unsigned i = 0; i < counts->wanted->len; i++) {
		PerfCount *count = &g_array_index(counts->wanted, PerfCount, i);

		if (count->fd < 0 ||
		    read(count->fd, &count->count, sizeof(count->count)) != sizeof(count->count))
			count->count = 0;
	}
	perf_counts_fill(counts->wanted, histograms);
}

void perf_counts_free(PerfCounts *counts)
{
	if (!counts)
		return;
	g_array_unref(counts->wanted);
	g_free(counts);
}
