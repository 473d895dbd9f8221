/* SPDX-License-Identifier: MIT */
/* What ran, fired and was called on a CPU. */
#include "planner/measure/parts.h"
#include "planner/measure/traced.h"

/* Is KEY the number N? */
static bool key_is(const char *key, uint64_t n)
{
	uint64_t number;

	return histogram_number(key, 10, &number) && number == n;
}

/* The functions FIELD of EVENT, by CPU. */
static void traced_functions(const Counters *before, const Counters *after, const char *event,
			     const char *field, unsigned cpu, const char *prefix, GArray *parts)
{
	const Histogram *now = traced_find(after, event, field, NULL);
	const Histogram *then = traced_find(before, event, field, NULL);

	for (const HistogramRow *row = histogram_first(now, cpu); row;
	     row = histogram_next(now, row)) {
		g_autofree char *name = g_strconcat(prefix, row->keys[1], NULL);

		parts_add(parts, name, traced_growth(then, row));
	}
}

void traced_hrtimers(const Counters *before, const Counters *after, unsigned cpu, GArray *parts)
{
	traced_functions(before, after, "hrtimer_expire_entry", "function", cpu, "", parts);
}

void traced_timers(const Counters *before, const Counters *after, unsigned cpu, GArray *parts)
{
	traced_functions(before, after, "timer_expire_entry", "function", cpu, "", parts);
}

void traced_calls(const Counters *before, const Counters *after, unsigned cpu, GArray *parts)
{
	traced_functions(before, after, "csd_function_entry", "func", cpu, "", parts);
}

static const Histogram *traced_switches(const Counters *counters)
{
	return traced_find(counters, "sched_switch", "next_pid", "next_comm");
}

void traced_tasks(const Counters *before, const Counters *after, unsigned cpu, GHashTable *own,
		  GHashTable *vcpus, GArray *parts)
{
	const Histogram *now = traced_switches(after), *then = traced_switches(before);

	for (const HistogramRow *row = histogram_first(now, cpu); row;
	     row = histogram_next(now, row)) {
		const char *name;
		uint64_t tid;

		/* 0 is the idle task. */
		if (!histogram_number(row->keys[1], 10, &tid) || !tid ||
		    g_hash_table_contains(own, GUINT_TO_POINTER((unsigned)tid)))
			continue;
		name = g_hash_table_lookup(vcpus, GUINT_TO_POINTER((unsigned)tid));
		parts_add(parts, name ? name : row->keys[2], traced_growth(then, row));
	}
	traced_functions(before, after, "workqueue_execute_start", "function", cpu, "work item ",
			 parts);
}

bool traced_runs(const Counters *before, const Counters *after, unsigned tid,
		 hwloc_const_bitmap_t cpus, uint64_t *runs)
{
	const Histogram *now = traced_switches(after), *then = traced_switches(before);

	*runs = 0;
	for (unsigned i = 0; now && i < now->rows->len; i++) {
		const HistogramRow *row = &g_array_index(now->rows, HistogramRow, i);
		uint64_t cpu;

		if (key_is(row->keys[1], tid) && histogram_number(row->keys[0], 10, &cpu) &&
		    cpu < CPULIST_LIMIT && hwloc_bitmap_isset(cpus, (unsigned)cpu))
			*runs += traced_growth(then, row);
	}
	return now;
}

/* A reschedule calls no function. */
#define CALLBACK_NONE "0x0"

void traced_senders(const Counters *before, const Counters *after, unsigned cpu, GArray *parts)
{
	const Histogram *now = traced_find(after, "ipi_send_cpu", "cpu", "callback");
	const Histogram *then = traced_find(before, "ipi_send_cpu", "cpu", "callback");

	for (unsigned i = 0; now && i < now->rows->len; i++) {
		const HistogramRow *row = &g_array_index(now->rows, HistogramRow, i);
		g_autofree char *name = NULL;

		if (!key_is(row->keys[1], cpu) || !g_str_equal(row->keys[2], CALLBACK_NONE))
			continue;
		name = g_strconcat("from CPU ", row->keys[0], NULL);
		parts_add(parts, name, traced_growth(then, row));
	}
}

TickReason traced_tick(const Counters *before, const Counters *after, unsigned cpu)
{
	const Histogram *now = traced_find(after, "tick_stop", "success", "dependency");
	const Histogram *then = traced_find(before, "tick_stop", "success", "dependency");
	TickReason most = TICK_NONE;
	uint64_t times = 0;

	for (const HistogramRow *row = histogram_first(now, cpu); row;
	     row = histogram_next(now, row)) {
		uint64_t count, reason;

		if (!key_is(row->keys[1], 0) || !histogram_number(row->keys[2], 10, &reason) ||
		    reason > TICK_RCU_EXP)
			continue;
		count = traced_growth(then, row);
		if (count <= times)
			continue;
		most = (TickReason)reason;
		times = count;
	}
	return most;
}
