/* SPDX-License-Identifier: MIT */
#include "planner/measure/measure_noise.h"

#include "planner/base/json.h"
#include "planner/check/rules_found.h"
#include "planner/measure/traced.h"
#include "topology/base/list.h"

#include <string.h>

/* Where it may be looked for */

/* CPUS, of which there are some, are left out, WHY. */
static void noise_leave(hwloc_bitmap_t free, hwloc_const_bitmap_t cpus, const char *why,
			GPtrArray *unmeasured)
{
	g_auto(CpuSet) out = set_and(free, cpus);
	g_autofree char *list = cpulist_format(out);
	g_autofree char *source = g_strdup_printf("noise of CPU%s %s",
						  hwloc_bitmap_weight(out) == 1 ? "" : "s", list);

	if (hwloc_bitmap_iszero(out))
		return;
	unread_add(unmeasured, source, why);
	hwloc_bitmap_andnot(free, free, out);
}

static void noise_leave_vms(const Audit *audit, hwloc_bitmap_t free, GPtrArray *unmeasured)
{
	for (unsigned i = 0; i < audit->vms->len; i++) {
		const AuditVm *vm = g_ptr_array_index(audit->vms, i);
		g_auto(CpuSet) threads = NULL, cores = NULL;
		g_autofree char *why = g_strdup_printf("%s may run on these cores", vm->subject);

		if (!vm->guest || !vm->guest->running)
			continue;
		threads = hwloc_bitmap_dup(vm->cpus);
		hwloc_bitmap_or(threads, threads, vm->emulator);
		cores = cores_of(audit->host, threads);
		noise_leave(free, cores, why, unmeasured);
	}
}

static void noise_leave_tasks(const Audit *audit, hwloc_bitmap_t free, GPtrArray *unmeasured)
{
	const GArray *tasks = audit->facts->tasks->tasks;

	for (unsigned i = 0; i < tasks->len; i++) {
		const Task *task = &g_array_index(tasks, Task, i);
		g_auto(CpuSet) cpu = set_new(), core = NULL;
		g_autofree char *why = g_strdup_printf("%s (%u) runs there", task->comm, task->tid);

		if (task->kernel || !task->polls || task->last_cpu < 0)
			continue;
		hwloc_bitmap_only(cpu, (unsigned)task->last_cpu);
		core = cores_of(audit->host, cpu);
		noise_leave(free, core, why, unmeasured);
	}
}

hwloc_bitmap_t measure_noise_cpus(const Audit *audit, GPtrArray *unmeasured)
{
	hwloc_bitmap_t free = set_and(audit->isolated, audit->online);
	g_auto(CpuSet) sdk = cores_of(audit->host, audit->sdk_cpus);

	/* Who runs is in the list of tasks, QEMU's too, also where nobody says which VMs there are.
	 */
	if (audit->unplaced || audit->facts->tasks->taken_from ||
	    !fact_known(audit->facts, FACT_TASKS))
		noise_leave(free, free, "where VMs may run is not known", unmeasured);
	noise_leave_vms(audit, free, unmeasured);
	noise_leave(free, sdk, "these cores are the SDK's", unmeasured);
	noise_leave_tasks(audit, free, unmeasured);
	return free;
}

/* What it was */

static void noise_cause_clear(void *data)
{
	NoiseCause *cause = data;

	g_free(cause->name);
}

static void measure_noise_clear(void *data)
{
	MeasureNoise *noise = data;

	g_array_unref(noise->causes);
}

GArray *measure_noise_new(const GArray *counts)
{
	GArray *noise = g_array_new(FALSE, FALSE, sizeof(MeasureNoise));

	g_array_set_clear_func(noise, measure_noise_clear);
	for (unsigned i = 0; i < counts->len; i++) {
		MeasureNoise one = {.count = g_array_index(counts, NoiseCount, i)};

		one.causes = g_array_new(FALSE, FALSE, sizeof(NoiseCause));
		g_array_set_clear_func(one.causes, noise_cause_clear);
		g_array_append_val(noise, one);
	}
	return noise;
}

MeasureNoise *measure_noise_of(GArray *noise, unsigned cpu)
{
	for (unsigned i = 0; noise && i < noise->len; i++) {
		MeasureNoise *one = &g_array_index(noise, MeasureNoise, i);

		if (one->count.cpu == cpu)
			return one;
	}
	return NULL;
}

void measure_noise_add(MeasureNoise *noise, const char *name, uint64_t count, uint64_t nanoseconds)
{
	NoiseCause cause = {.count = count, .nanoseconds = nanoseconds};

	if (!count)
		return;
	cause.name = g_strdup(name);
	g_array_append_val(noise->causes, cause);
}

/* By number, as the kernel and /proc/softirqs call them. */
static char *softirq_name(const char *vector)
{
	static const char *const names[] = {"HI",	"TIMER",   "NET_TX", "NET_RX",	"BLOCK",
					    "IRQ_POLL", "TASKLET", "SCHED",  "HRTIMER", "RCU"};
	uint64_t number;

	return histogram_number(vector, 10, &number) && number < G_N_ELEMENTS(names)
		       ? g_strdup_printf("softirq %s", names[number])
		       : g_strdup_printf("softirq %s", vector);
}

static char *noise_cause_name(const char *event, const char *key)
{
	if (g_str_equal(event, "softirq_noise"))
		return softirq_name(key);
	return g_str_equal(event, "irq_noise") ? g_strdup_printf("interrupt %s", key)
					       : g_strdup(key);
}

static void noise_event(GArray *noise, const char *event, const char *key, const Counters *before,
			const Counters *after)
{
	const Histogram *now = traced_find(after, event, key, NULL);
	const Histogram *then = traced_find(before, event, key, NULL);

	for (unsigned i = 0; now && *now->values && i < now->rows->len; i++) {
		const HistogramRow *row = &g_array_index(now->rows, HistogramRow, i);
		g_autofree char *name = noise_cause_name(event, row->keys[1]);
		uint64_t cpu;
		MeasureNoise *one = histogram_number(row->keys[0], 10, &cpu) && cpu < CPULIST_LIMIT
					    ? measure_noise_of(noise, (unsigned)cpu)
					    : NULL;

		if (one)
			measure_noise_add(one, name, traced_growth(then, row),
					  traced_took(then, row));
	}
}

void measure_noise_traced(GArray *noise, const Counters *before, const Counters *after)
{
	static const char *const events[][2] = {
		{"irq_noise", "desc"}, {"softirq_noise", "vector"}, {"thread_noise", "comm"}};

	for (unsigned i = 0; i < G_N_ELEMENTS(events); i++)
		noise_event(noise, events[i][0], events[i][1], before, after);
	for (unsigned i = 0; i < noise->len; i++) {
		MeasureNoise *one = &g_array_index(noise, MeasureNoise, i);

		measure_noise_add(one, NOISE_UNCOUNTED, one->count.hardware, 0);
	}
}

static int noise_cause_compare(const void *a, const void *b)
{
	const NoiseCause *one = a, *other = b;

	if (one->nanoseconds != other->nanoseconds)
		return one->nanoseconds > other->nanoseconds ? -1 : 1;
	if (one->count != other->count)
		return one->count > other->count ? -1 : 1;
	return strcmp(one->name, other->name);
}

void measure_noise_left(GArray *noise)
{
	for (unsigned i = 0; i < noise->len; i++) {
		MeasureNoise *one = &g_array_index(noise, MeasureNoise, i);
		uint64_t told = 0;

		for (unsigned c = 0; c < one->causes->len; c++)
			told += g_array_index(one->causes, NoiseCause, c).count;
		if (one->count.gaps > told)
			measure_noise_add(one, NOISE_UNCOUNTED, one->count.gaps - told, 0);
	}
}

void measure_noise_finish(GArray *noise)
{
	for (unsigned i = 0; i < noise->len; i++)
		g_array_sort(g_array_index(noise, MeasureNoise, i).causes, noise_cause_compare);
}

uint64_t measure_noise_least(const GArray *noise)
{
	uint64_t least = NOISE_LEAST;

	for (unsigned i = 0; i < noise->len; i++)
		least = MAX(least, g_array_index(noise, MeasureNoise, i).count.least);
	return least;
}

bool measure_noise_uncounted(const GArray *noise)
{
	for (unsigned i = 0; i < noise->len; i++) {
		const GArray *causes = g_array_index(noise, MeasureNoise, i).causes;

		for (unsigned c = 0; c < causes->len; c++)
			if (g_str_equal(g_array_index(causes, NoiseCause, c).name, NOISE_UNCOUNTED))
				return true;
	}
	return false;
}

/* In words */

char *measure_noise_time(uint64_t nanoseconds)
{
	double time = (double)nanoseconds;

	return time < 1e6 ? g_strdup_printf("%.1f us", time / 1e3)
			  : g_strdup_printf("%.1f ms", time / 1e6);
}

char *measure_noise_text(const MeasureNoise *noise, unsigned most)
{
	const GArray *causes = noise->causes;
	GString *text = g_string_new(NULL);

	for (unsigned i = 0; i < causes->len && i < most; i++) {
		const NoiseCause *cause = &g_array_index(causes, NoiseCause, i);
		g_autofree char *took =
			cause->nanoseconds ? measure_noise_time(cause->nanoseconds) : NULL;

		list_add(text, "%s %" G_GUINT64_FORMAT "%s%s%s", cause->name, (guint64)cause->count,
			 took ? " (" : "", took ? took : "", took ? ")" : "");
	}
	if (causes->len > most)
		list_add(text, "and %u more", causes->len - most);
	return g_string_free(text, FALSE);
}

/* As a document */

static json_t *noise_causes_to_json(const GArray *causes)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < causes->len; i++) {
		const NoiseCause *cause = &g_array_index(causes, NoiseCause, i);
		json_t *object = json_object();

		json_object_set_new(object, "name", json_string(cause->name));
		json_object_set_new(object, "count", json_integer((json_int_t)cause->count));
		json_object_set_new(object, "nanoseconds",
				    json_integer((json_int_t)cause->nanoseconds));
		json_array_append_new(list, object);
	}
	return list;
}

static json_t *noise_cpu_to_json(const MeasureNoise *noise)
{
	const NoiseCount *count = &noise->count;
	json_t *object = json_object();

	json_object_set_new(object, "cpu", json_integer(count->cpu));
	json_object_set_new(object, "looked_ns", json_integer((json_int_t)count->looked));
	json_object_set_new(object, "least_ns", json_integer((json_int_t)count->least));
	json_object_set_new(object, "gaps", json_integer((json_int_t)count->gaps));
	json_object_set_new(object, "lost_ns", json_integer((json_int_t)count->lost));
	json_object_set_new(object, "longest_ns", json_integer((json_int_t)count->longest));
	json_object_set_new(object, "causes", noise_causes_to_json(noise->causes));
	return object;
}

json_t *measure_noise_to_json(const Measure *measure)
{
	json_t *object, *list;

	if (!measure->noise)
		return json_null();
	object = json_object();
	list = json_array();
	for (unsigned i = 0; i < measure->noise->len; i++)
		json_array_append_new(
			list, noise_cpu_to_json(&g_array_index(measure->noise, MeasureNoise, i)));
	json_object_set_new(
		object, "by",
		json_string(noise_is_of_kernel(measure->own->noise) ? "osnoise" : "planner"));
	json_object_set_new(object, "cpus", list);
	return object;
}
