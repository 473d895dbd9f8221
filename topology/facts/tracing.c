/* SPDX-License-Identifier: MIT */
#include "topology/facts/tracing.h"

#include "topology/base/error.h"
#include "topology/base/guard.h"
#include "topology/base/signals.h"
#include "topology/facts/osnoise.h"
#include "topology/root/notes.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRACEFS "/sys/kernel/tracing"
#define REMOVE_TRIES 20 /* somebody may be reading a histogram */
#define REMOVE_PAUSE (100 * G_TIME_SPAN_MILLISECOND)

/* A histogram cannot sum a variable, so that the time takes the way over an event. */
#define EXIT_FIELDS TRACING_EXIT " u32 reason; u64 lat"

/* Interrupts and softirqs are not here: the kernel counts those anyway. What refers to another
 * event comes after it: kvm_entry to the synthetic event and to a variable of kvm_exit. */
const TraceEvent tracing_events[] = {
	{"kvm", "kvm_exit", "hist:keys=common_pid,exit_reason", NULL},
	{"kvm", "kvm_msr", "hist:keys=common_pid,write,ecx.hex", NULL},
	{"kvm", "kvm_pio", "hist:keys=common_pid,rw,port.hex", NULL},
	{"kvm", "kvm_mmio", "hist:keys=common_pid,type,gpa.hex", NULL},
	{"kvm", "kvm_fast_mmio", "hist:keys=common_pid,gpa.hex", NULL},
	{"sched", "sched_switch", "hist:keys=common_cpu,next_pid,next_comm:size=8192",
	 "common_cpu"},
	{"timer", "hrtimer_expire_entry", "hist:keys=common_cpu,function.sym", "common_cpu"},
	{"timer", "timer_expire_entry", "hist:keys=common_cpu,function.sym", "common_cpu"},
	{"timer", "tick_stop", "hist:keys=common_cpu,success,dependency", "common_cpu"},
	{"workqueue", "workqueue_execute_start", "hist:keys=common_cpu,function.sym", "common_cpu"},
	{"ipi", "ipi_send_cpu", "hist:keys=common_cpu,cpu,callback.sym:size=8192", "cpu"},
	{"csd", "csd_function_entry", "hist:keys=common_cpu,func.sym", "common_cpu"},
	{"kvm", "kvm_exit", "hist:keys=common_pid:ts0=common_timestamp,r=exit_reason:size=1024",
	 NULL},
	{"synthetic", TRACING_EXIT, "hist:keys=common_pid,reason:vals=lat", NULL},
	{"kvm", "kvm_entry",
	 "hist:keys=common_pid:lat=common_timestamp-$ts0:size=1024:"
	 "onmatch(kvm.kvm_exit)." TRACING_EXIT "($r,$lat)",
	 NULL},
	{"osnoise", "irq_noise", "hist:keys=common_cpu,desc:vals=duration", "common_cpu", true},
	{"osnoise", "softirq_noise", "hist:keys=common_cpu,vector:vals=duration", "common_cpu",
	 true},
	{"osnoise", "thread_noise", "hist:keys=common_cpu,comm:vals=duration", "common_cpu", true},
	{0},
};

struct Tracing {
	int lock; /* of the folder of all instances: a run that is killed gives it back */
	char *tracefs, *folder, *events;
	GPtrArray *unread;
	GuardChild *guard; /* osnoise runs, and must not outlive us; NULL = it does not run */
};

/* Words */

/* A place is written with \040 for a blank. */
char *tracing_mounted(const char *mounts)
{
	g_auto(GStrv) lines = g_strsplit(mounts, "\n", -1);
	char *found = NULL;

	for (unsigned i = 0; lines[i]; i++) {
		g_auto(GStrv) words = g_strsplit(lines[i], " ", -1);

		if (g_strv_length(words) < 3 || !g_str_equal(words[2], "tracefs"))
			continue;
		g_free(found);
		found = g_strcompress(words[1]);
	}
	return found;
}

/* "common_cpu >= 2 && common_cpu <= 5 || common_cpu == 7": FIELD is one of CPUS. Yours. */
static char *tracing_filter(const char *field, hwloc_const_bitmap_t cpus)
{
	GString *filter = g_string_new(NULL);
	int first = hwloc_bitmap_first(cpus);

	while (first >= 0) {
		int end = hwloc_bitmap_next_unset(cpus, first);

		g_string_append(filter, filter->len ? " || " : "");
		if (end == first + 1)
			g_string_append_printf(filter, "%s == %d", field, first);
		else
			g_string_append_printf(filter, "%s >= %d && %s <= %d", field, first, field,
					       end - 1);
		first = hwloc_bitmap_next(cpus, end);
	}
	return g_string_free(filter, FALSE);
}

/* Files */

/* Write TEXT at the end of the file PATH; false with errno. */
static bool tracing_append(const char *path, const char *text)
{
	int file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	ssize_t written;
	int code;

	if (file < 0)
		return false;
	written = write(file, text, strlen(text));
	code = errno;
	close(file);
	errno = code;
	return written == (ssize_t)strlen(text);
}

static char *event_file(const Tracing *tracing, const TraceEvent *event, const char *file)
{
	return g_build_filename(tracing->events, event->group, event->name, file, NULL);
}

static bool event_there(const Tracing *tracing, const TraceEvent *event, const char *file)
{
	g_autofree char *path = event_file(tracing, event, file);

	return access(path, F_OK) == 0;
}

/* Setting it up */

/* Mount it where nobody else sees that. */
static bool tracing_mount(void)
{
	return access(TRACEFS, F_OK) == 0 && unshare(CLONE_NEWNS) == 0 &&
	       mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("tracefs", TRACEFS, "tracefs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0;
}

char *tracing_tracefs(GError **error)
{
	g_autofree char *mounts = NULL;
	char *folder = NULL;

	if (g_file_get_contents("/proc/self/mounts", &mounts, NULL, NULL))
		folder = tracing_mounted(mounts);
	if (!folder && tracing_mount())
		folder = g_strdup(TRACEFS);
	if (!folder)
		g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_SYSTEM,
			    "tracefs is not mounted, and cannot be: %s",
			    access(TRACEFS, F_OK) < 0 ? "the kernel has none"
			    : errno == EPERM	      ? "run as root, outside of a container"
						      : g_strerror(errno));
	return folder;
}

static bool tracing_refuse(GError **error, const char *what)
{
	const char *hint = errno == EACCES   ? "; run as root"
			   : errno == EPERM  ? "; run as root; a kernel that is locked down for "
					       "confidentiality refuses it even to root"
			   : errno == EROFS  ? "; run it outside of the container"
			   : errno == ENOENT ? "; a kernel that is locked down for confidentiality "
					       "has none"
					     : "";

	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_SYSTEM, "%s: %s%s", what, g_strerror(errno),
		    hint);
	return false;
}

static bool tracing_lock(Tracing *tracing, GError **error)
{
	g_autofree char *instances = g_build_filename(tracing->tracefs, "instances", NULL);

	tracing->lock = open(instances, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (tracing->lock < 0)
		return tracing_refuse(error, instances);
	if (flock(tracing->lock, LOCK_EX | LOCK_NB) == 0)
		return true;
	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_BUSY,
		    "another planner measures this machine now; wait until it has ended");
	return false;
}

/* Setting a trigger that no kernel has under this name costs nothing. */
static bool event_set(const Tracing *tracing, const TraceEvent *event, const char *cpu_key,
		      hwloc_const_bitmap_t cpus)
{
	g_autofree char *path = event_file(tracing, event, "trigger");
	g_autofree char *filter = event->cpu ? tracing_filter(event->cpu, cpus) : NULL;
	g_autofree char *text =
		g_strconcat(event->trigger, filter ? " if " : "", filter ? filter : "", "\n", NULL);
	g_autoptr(GString) words = g_string_new(text);

	g_string_replace(words, "common_cpu", cpu_key, 0);
	return tracing_append(path, words->str);
}

/* Kernels before 5.10 call the CPU's key cpu. */
static void event_start(Tracing *tracing, const TraceEvent *event, hwloc_const_bitmap_t cpus)
{
	g_autofree char *name = NULL;

	if (!event_there(tracing, event, "trigger") || (event->cpu && hwloc_bitmap_iszero(cpus)) ||
	    event_set(tracing, event, "common_cpu", cpus) || event_set(tracing, event, "cpu", cpus))
		return;
	name = g_strdup_printf("trace of %s", event->name);
	unread_add(tracing->unread, name, g_strerror(errno));
}

static void tracing_synthetic(const Tracing *tracing, const char *sign)
{
	g_autofree char *path = g_build_filename(tracing->tracefs, "synthetic_events", NULL);
	g_autofree char *text = g_strconcat(sign, *sign ? TRACING_EXIT : EXIT_FIELDS, "\n", NULL);

	tracing_append(path, text);
}

static bool tracing_possible(const Tracing *tracing, GError **error)
{
	static const TraceEvent probe = {.group = "sched", .name = "sched_switch"};

	if (event_there(tracing, &probe, "hist"))
		return true;
	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_SYSTEM,
		    "this kernel has no histograms of events (CONFIG_HIST_TRIGGERS)");
	return false;
}

/* Taking it away */

static void event_stop(const Tracing *tracing, const TraceEvent *event)
{
	g_autofree char *path = event_file(tracing, event, "trigger");
	int file = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (file >= 0)
		close(file);
}

/* The triggers first, those that refer to others before these: else both stay, and the instance
 * with them. */
static bool tracing_remove(const Tracing *tracing)
{
	unsigned n = 0;
	bool gone;

	while (tracing_events[n].name)
		n++;
	osnoise_stop(tracing->tracefs, tracing->folder);
	while (n--)
		event_stop(tracing, &tracing_events[n]);
	gone = rmdir(tracing->folder) == 0;
	for (unsigned i = 0; !gone && errno == EBUSY && i < REMOVE_TRIES; i++) {
		g_usleep(REMOVE_PAUSE);
		gone = rmdir(tracing->folder) == 0;
	}
	if (gone || errno == ENOENT) {
		tracing_synthetic(tracing, "!");
		return true;
	}
	return false;
}

/* What is called as ours, but runs a tracer that we do not, is somebody else's. Triggers make
 * events look enabled, so that these do not tell. */
static bool tracing_foreign(const Tracing *tracing, GError **error)
{
	g_autofree char *path = g_build_filename(tracing->folder, "current_tracer", NULL);
	g_autofree char *tracer = NULL;

	if (!g_file_get_contents(path, &tracer, NULL, NULL) ||
	    g_str_equal(g_strchomp(tracer), "nop") || g_str_equal(tracer, "osnoise"))
		return false;
	g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_SYSTEM,
		    "%s: somebody traces there; end that, or rmdir it", tracing->folder);
	return true;
}

/* osnoise takes whole CPUs until it is told to end: also where we are killed. */
static void tracing_abandoned(const void *tracing)
{
	tracing_remove(tracing);
}

static void tracing_free(Tracing *tracing)
{
	guard_free(tracing->guard);
	if (tracing->lock >= 0)
		close(tracing->lock);
	g_free(tracing->tracefs);
	g_free(tracing->folder);
	g_free(tracing->events);
	g_ptr_array_unref(tracing->unread);
	g_free(tracing);
}

static bool tracing_make(Tracing *tracing, GError **error)
{
	if (tracing_foreign(tracing, error))
		return false;
	if (!tracing_remove(tracing) || mkdir(tracing->folder, 0700) < 0)
		return tracing_refuse(error, tracing->folder);
	return true;
}

static void tracing_noise(Tracing *tracing, hwloc_const_bitmap_t cpus)
{
	if (!osnoise_start(tracing->tracefs, tracing->folder, cpus))
		return;
	tracing->guard = guard_new(tracing_abandoned, tracing);
	if (!tracing->guard)
		osnoise_stop(tracing->tracefs, tracing->folder);
}

Tracing *tracing_start(hwloc_const_bitmap_t cpus, hwloc_const_bitmap_t noise, GError **error)
{
	g_autofree char *tracefs = tracing_tracefs(error);

	return tracefs ? tracing_start_in(tracefs, cpus, noise, error) : NULL;
}

Tracing *tracing_start_in(const char *tracefs, hwloc_const_bitmap_t cpus,
			  hwloc_const_bitmap_t noise, GError **error)
{
	Tracing *tracing = g_new0(Tracing, 1);

	tracing->tracefs = g_strdup(tracefs);
	tracing->folder = g_build_filename(tracefs, "instances", TRACING_INSTANCE, NULL);
	tracing->events = g_build_filename(tracing->folder, "events", NULL);
	tracing->unread = unread_new();
	if (!tracing_lock(tracing, error) || !tracing_make(tracing, error)) {
		tracing_free(tracing);
		return NULL;
	}
	if (!tracing_possible(tracing, error)) {
		tracing_stop(tracing, NULL);
		return NULL;
	}
	tracing_synthetic(tracing, "");
	if (noise)
		tracing_noise(tracing, noise);
	for (unsigned i = 0; tracing_events[i].name && !signals_waiting(); i++)
		if (!tracing_events[i].noise || tracing->guard)
			event_start(tracing, &tracing_events[i], cpus);
	return tracing;
}

bool tracing_has_noise(const Tracing *tracing)
{
	return tracing && tracing->guard;
}

const char *tracing_folder(const Tracing *tracing)
{
	return tracing->folder;
}

const GPtrArray *tracing_unread(const Tracing *tracing)
{
	return tracing->unread;
}

bool tracing_stop(Tracing *tracing, GError **error)
{
	bool gone;

	if (!tracing)
		return true;
	gone = tracing_remove(tracing);
	if (!gone)
		g_set_error(error, PLANNER_ERROR, PLANNER_ERROR_SYSTEM,
			    "%s: %s: the next 'planner measure' removes it", tracing->folder,
			    g_strerror(errno));
	tracing_free(tracing);
	return gone;
}
