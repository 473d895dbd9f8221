/* SPDX-License-Identifier: MIT */
#include "topology/facts/noise.h"

#include "topology/facts/counters.h"
#include "topology/facts/osnoise.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#define START_TRIES 1000 /* milliseconds until a thread runs, where nothing else has its CPU */
#define END_SECONDS 2	 /* until it ends */
#define LOOKS_A_GAP 4	 /* a clock that is slow to read makes gaps of its own */

typedef enum NoisePhase { PHASE_SETTLE, PHASE_COUNT, PHASE_END } NoisePhase;

/* Shared by a thread and who started it; that one frees it, unless the thread never ended. */
typedef struct NoiseThread {
	NoiseCount count;
	pthread_t thread;
	bool started;
	atomic_uint tid;
	atomic_int phase;
} NoiseThread;

struct Noise {
	char *folder;	    /* NULL = threads of our own */
	GArray *counts;	    /* of NoiseCount */
	GPtrArray *threads; /* of NoiseThread, as counts; empty = the kernel's */
};

static uint64_t noise_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* What two looks at the clock are apart, where nothing comes between them. */
static uint64_t noise_settle(NoiseThread *self)
{
	uint64_t last = noise_now(), least = G_MAXUINT64;

	while (atomic_load_explicit(&self->phase, memory_order_relaxed) == PHASE_SETTLE) {
		uint64_t now = noise_now();

		least = MIN(least, now - last);
		last = now;
	}
	return least < G_MAXUINT64 ? MAX(least * LOOKS_A_GAP, NOISE_LEAST) : NOISE_LEAST;
}

static void *noise_look(void *data)
{
	NoiseThread *self = data;
	NoiseCount count = self->count;
	uint64_t first, last;

	atomic_store(&self->tid, (unsigned)syscall(SYS_gettid));
	count.least = noise_settle(self);
	first = last = noise_now();
	while (atomic_load_explicit(&self->phase, memory_order_relaxed) == PHASE_COUNT) {
		uint64_t now = noise_now(), gap = now - last;

		last = now;
		if (gap < count.least)
			continue;
		count.gaps++;
		count.lost += gap;
		count.longest = MAX(count.longest, gap);
	}
	count.looked = last - first;
	self->count = count;
	return NULL;
}

/* On CPU alone, from its first instruction on. */
static bool noise_thread_start(NoiseThread *thread, unsigned cpu)
{
	cpu_set_t *set = CPU_ALLOC(CPULIST_LIMIT);
	pthread_attr_t how;

	CPU_ZERO_S(CPU_ALLOC_SIZE(CPULIST_LIMIT), set);
	CPU_SET_S(cpu, CPU_ALLOC_SIZE(CPULIST_LIMIT), set);
	pthread_attr_init(&how);
	thread->started =
		pthread_attr_setaffinity_np(&how, CPU_ALLOC_SIZE(CPULIST_LIMIT), set) == 0 &&
		pthread_create(&thread->thread, &how, noise_look, thread) == 0;
	pthread_attr_destroy(&how);
	CPU_FREE(set);
	return thread->started;
}

static Noise *noise_new(hwloc_const_bitmap_t cpus, const char *folder)
{
	Noise *noise = g_new0(Noise, 1);
	unsigned cpu;

	noise->folder = g_strdup(folder);
	noise->counts = g_array_new(FALSE, TRUE, sizeof(NoiseCount));
	noise->threads = g_ptr_array_new();
	hwloc_bitmap_foreach_begin(cpu, cpus)
		NoiseCount count = {.cpu = cpu, .least = folder ? NOISE_LEAST_KERNEL : NOISE_LEAST};

		g_array_append_val(noise->counts, count);
	hwloc_bitmap_foreach_end();
	return noise;
}

static NoiseCount *noise_count(const Noise *noise, unsigned i)
{
	return &g_array_index(noise->counts, NoiseCount, i);
}

Noise *noise_start(hwloc_const_bitmap_t cpus)
{
	Noise *noise = noise_new(cpus, NULL);

	for (unsigned i = 0; i < noise->counts->len; i++) {
		NoiseThread *thread = g_new0(NoiseThread, 1);

		thread->count = *noise_count(noise, i);
		noise_thread_start(thread, thread->count.cpu);
		g_ptr_array_add(noise->threads, thread);
	}
	for (unsigned i = 0; i < noise->threads->len; i++) {
		NoiseThread *thread = g_ptr_array_index(noise->threads, i);

		for (unsigned tries = 0;
		     thread->started && !atomic_load(&thread->tid) && tries < START_TRIES; tries++)
			g_usleep(G_TIME_SPAN_MILLISECOND);
		noise_count(noise, i)->tid = atomic_load(&thread->tid);
	}
	return noise;
}

Noise *noise_of_kernel(hwloc_const_bitmap_t cpus, const char *folder)
{
	Noise *noise = noise_new(cpus, folder);

	osnoise_threads(noise->counts);
	return noise;
}

/* How often the thread of COUNT has been put on its CPU. */
static uint64_t noise_times(const NoiseCount *count)
{
	g_autofree char *path = g_strdup_printf("/proc/%u/schedstat", count->tid);
	g_autofree char *text = NULL;
	ThreadCount thread = {0};

	return count->tid && g_file_get_contents(path, &text, NULL, NULL) &&
			       counters_thread_parse(text, &thread)
		       ? thread.times
		       : 0;
}

void noise_begin(Noise *noise)
{
	for (unsigned i = 0; i < noise->counts->len; i++)
		noise_count(noise, i)->times = noise_times(noise_count(noise, i));
	if (noise->folder)
		osnoise_begin(noise->folder);
	for (unsigned i = 0; i < noise->threads->len; i++)
		atomic_store(&((NoiseThread *)g_ptr_array_index(noise->threads, i))->phase,
			     PHASE_COUNT);
}

/* Take over what THREAD counted. One that gets no time is left alone, with its memory. */
static void noise_thread_end(NoiseThread *thread, NoiseCount *count)
{
	struct timespec late;

	if (!thread->started) {
		g_free(thread);
		return;
	}
	clock_gettime(CLOCK_REALTIME, &late);
	late.tv_sec += END_SECONDS;
	if (pthread_timedjoin_np(thread->thread, NULL, &late) != 0) {
		pthread_detach(thread->thread);
		return;
	}
	thread->count.tid = count->tid;
	thread->count.times = count->times;
	thread->count.known = count->tid;
	*count = thread->count;
	g_free(thread);
}

void noise_end(Noise *noise)
{
	for (unsigned i = 0; i < noise->counts->len; i++) {
		NoiseCount *count = noise_count(noise, i);

		count->times = noise_times(count) - count->times;
	}
	if (noise->folder)
		osnoise_end(noise->folder, noise->counts);
	for (unsigned i = 0; i < noise->threads->len; i++)
		atomic_store(&((NoiseThread *)g_ptr_array_index(noise->threads, i))->phase,
			     PHASE_END);
	for (unsigned i = 0; i < noise->threads->len; i++)
		noise_thread_end(g_ptr_array_index(noise->threads, i), noise_count(noise, i));
	g_ptr_array_set_size(noise->threads, 0);
}

const GArray *noise_counts(const Noise *noise)
{
	return noise->counts;
}

bool noise_is_of_kernel(const Noise *noise)
{
	return noise->folder;
}

void noise_free(Noise *noise)
{
	if (!noise)
		return;
	if (noise->threads->len)
		noise_end(noise);
	g_ptr_array_unref(noise->threads);
	g_array_unref(noise->counts);
	g_free(noise->folder);
	g_free(noise);
}
