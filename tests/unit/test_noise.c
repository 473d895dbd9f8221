/* SPDX-License-Identifier: MIT */
#include "planner/measure/measure_noise.h"
#include "tests/unit/scratch.h"
#include "topology/facts/osnoise.h"
#include "topology/facts/tracing.h"

#include <string.h>
#include <unistd.h>

#define HOST "tests/hosts/measured/6.1-rt/"

static char *recorded(const char *file)
{
	g_autofree char *path = g_build_filename(HOST, file, NULL);
	char *text = NULL;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	return text;
}

static GArray *counts_of(const char *cpus)
{
	g_auto(CpuSet) set = cpulist_parse(cpus, NULL);
	GArray *counts = g_array_new(FALSE, TRUE, sizeof(NoiseCount));
	unsigned cpu;

	hwloc_bitmap_foreach_begin(cpu, set)
		NoiseCount count = {.cpu = cpu, .least = NOISE_LEAST};

		g_array_append_val(counts, count);
	hwloc_bitmap_foreach_end();
	return counts;
}

/* What the tracer printed of a host whose CPU 3 has a task that sleeps 5 ms at a time. */
static void test_samples(void)
{
	g_autofree char *text = recorded("osnoise.busy.trace");
	g_autoptr(GArray) counts = counts_of("3-4,7");
	const NoiseCount *count = &g_array_index(counts, NoiseCount, 0);

	osnoise_parse(text, counts);
	g_assert_true(count[0].known && count[1].known && !count[2].known);
	g_assert_cmpuint(count[0].longest, ==, 38294000);
	g_assert_cmpuint(count[1].hardware, ==, count[1].gaps);
	g_assert_cmpuint(count[0].gaps, >, count[0].hardware);
	g_assert_cmpuint(count[0].lost, <, count[0].looked);
	g_assert_cmpuint(count[2].looked, ==, 0);
}

/* What is no sample is none: short, not a number, of another CPU, of another program. */
static void test_samples_wrong(void)
{
	static const char text[] =
		"# tracer: osnoise\n"
		"       osnoise/3-196     [003] .......    13.145135: 504462     347317\n"
		"       osnoise/3-196     [003] .......    13.145135: 1 2 x 4 5 6 7 8 nine\n"
		"       osnoise/3-196     [003 .......    13.145135: 1 2 3 4 5 6 7 8 9\n"
		"       osnoise/3-196     [003] .......    13.145135: -1 2 3 4 5 6 7 8 9\n"
		"       osnoise/3-196     [5] .......    13.145135: 1 2 3 4 5 6 7 8 9\n"
		"          bash-196       [003] .......    13.145135: 1 2 3 4 5 6 7 8 9\n"
		"CPU:3 [LOST 7 EVENTS]\n";
	g_autoptr(GArray) counts = counts_of("3");

	osnoise_parse(text, counts);
	osnoise_parse("", counts);
	g_assert_false(g_array_index(counts, NoiseCount, 0).known);
}

/* What came is counted also where it was shorter than a gap: that is none. */
static void test_samples_short(void)
{
	static const char text[] =
		"       osnoise/3-196     [003] .......    13.145135: 1000000 0 100.0 0 0 0 250 3 "
		"0\n"
		"       osnoise/4-197     [004] .......    13.145135: 1000000 7 99.9 7 0 0 2 0 0\n";
	g_autoptr(GArray) counts = counts_of("3-4");
	const NoiseCount *count = &g_array_index(counts, NoiseCount, 0);

	osnoise_parse(text, counts);
	g_assert_true(count[0].known && count[1].known);
	g_assert_cmpuint(count[0].gaps, ==, 0);
	g_assert_cmpuint(count[1].gaps, ==, 2);
}

/* The histograms that are called by EVENT, as they were at the end of a scene. */
static void scene_event(Counters *counters, const char *scene, const char *event)
{
	g_autofree char *file = g_strdup_printf("%s/osnoise.%s.hist", scene, event);
	g_autofree char *text = recorded(file);

	g_hash_table_insert(counters->histograms, (gpointer)event, histograms_parse(text));
}

static Counters *scene_traced(const char *scene)
{
	Counters *counters = counters_new();

	scene_event(counters, scene, "irq_noise");
	scene_event(counters, scene, "softirq_noise");
	scene_event(counters, scene, "thread_noise");
	return counters;
}

static const NoiseCause *cause_of(const GArray *noise, unsigned i, const char *name)
{
	const GArray *causes = g_array_index(noise, MeasureNoise, i).causes;

	for (unsigned c = 0; c < causes->len; c++) {
		const NoiseCause *cause = &g_array_index(causes, NoiseCause, c);

		if (g_str_equal(cause->name, name))
			return cause;
	}
	return NULL;
}

static void test_traced(void)
{
	g_autoptr(GArray) counts = counts_of("2-3");
	g_autoptr(GArray) noise = measure_noise_new(counts);
	g_autoptr(Counters) before = counters_new(), after = scene_traced("busy");
	const NoiseCause *first;

	measure_noise_traced(noise, before, after);
	measure_noise_finish(noise);
	g_assert_cmpuint(g_array_index(noise, MeasureNoise, 0).causes->len, ==, 0);
	/* What took most comes first. */
	first = &g_array_index(g_array_index(noise, MeasureNoise, 1).causes, NoiseCause, 0);
	g_assert_cmpstr(first->name, ==, "perl");
	g_assert_cmpuint(first->count, ==, 146);
	g_assert_cmpuint(first->nanoseconds, ==, 31601237);
	g_assert_cmpuint(cause_of(noise, 1, "interrupt local_timer")->nanoseconds, ==, 16532043);
	g_assert_false(measure_noise_uncounted(noise));
}

static void test_traced_quiet(void)
{
	g_autofree char *text = recorded("osnoise.trace");
	g_autoptr(GArray) counts = counts_of("2-5");
	g_autoptr(GArray) noise = NULL;
	g_autoptr(Counters) before = counters_new(), after = scene_traced("quiet");

	osnoise_parse(text, counts);
	noise = measure_noise_new(counts);
	measure_noise_traced(noise, before, after);
	measure_noise_finish(noise);
	/* The emulator alone. */
	for (unsigned i = 0; i < noise->len; i++)
		g_assert_cmpuint(g_array_index(noise, MeasureNoise, i).causes->len, ==, 1);
	g_assert_nonnull(cause_of(noise, 0, NOISE_UNCOUNTED));
}

/* Of gaps that nothing else explains, nobody knows. */
static void test_left(void)
{
	g_autoptr(GArray) counts = counts_of("2-3");
	g_autoptr(GArray) noise = NULL;

	g_array_index(counts, NoiseCount, 0).gaps = 10;
	g_array_index(counts, NoiseCount, 1).gaps = 3;
	noise = measure_noise_new(counts);
	measure_noise_add(measure_noise_of(noise, 2), "perl", 4, 0);
	measure_noise_add(measure_noise_of(noise, 3), "perl", 4, 0);
	g_assert_null(measure_noise_of(noise, 4));
	g_assert_null(measure_noise_of(NULL, 2));
	measure_noise_left(noise);
	measure_noise_finish(noise);
	g_assert_cmpuint(cause_of(noise, 0, NOISE_UNCOUNTED)->count, ==, 6);
	g_assert_null(cause_of(noise, 1, NOISE_UNCOUNTED));
	g_assert_true(measure_noise_uncounted(noise));
}

/* What is on a CPU; 0 = nothing, CPU 0 is the host's. */
typedef struct Occupied {
	unsigned vm, emulator, task, sleeper, sdk;
	bool main_only; /* of tasks, only main threads are known */
	const char *left, *why;
} Occupied;

static void occupy_by_vm(Facts *facts, const Occupied *row)
{
	Guest *guest = guest_new("a");
	GuestThread vcpu = {.tid = 9, .real = hwloc_bitmap_alloc()};
	GuestThread emulator = {.tid = 8, .real = hwloc_bitmap_alloc()};

	hwloc_bitmap_only(vcpu.real, row->vm);
	hwloc_bitmap_only(emulator.real, row->emulator);
	guest->running = true;
	guest->pid = 8;
	facts->guests = guests_new("test");
	g_array_append_val(guest->vcpu_threads, vcpu);
	g_array_append_val(guest->emulator_threads, emulator);
	g_ptr_array_add(facts->guests->guests, guest);
}

static Facts *occupied_facts(const Occupied *row)
{
	Facts *facts = facts_new();
	Task task = {.tid = 77, .polls = row->task, .last_cpu = (int)(row->task + row->sleeper)};

	facts->kernel->isolated = cpulist_parse("2-5", NULL);
	facts->kernel->online = cpulist_parse("0-5", NULL);
	task.comm = g_strdup("dpdk");
	task.allowed = cpulist_parse("0-5", NULL);
	g_array_append_val(facts->tasks->tasks, task);
	if (row->main_only)
		facts->tasks->taken_from = g_strdup("main threads only");
	if (row->vm)
		occupy_by_vm(facts, row);
	return facts;
}

/* Where a thread may look: on no VM's CPU, no polling one's, none that somebody uses. */
static void test_where(void)
{
	static const Occupied rows[] = {
		{.left = "2-5"},
		{.vm = 3, .left = "2,4-5", .why = "noise of CPU 3: vm a may run on these cores"},
		{.vm = 3,
		 .emulator = 2,
		 .left = "4-5",
		 .why = "noise of CPUs 2-3: vm a may run on these cores"},
		{.task = 4, .left = "2-3,5", .why = "noise of CPU 4: dpdk (77) runs there"},
		{.sleeper = 4, .left = "2-5"},
		{.sdk = 5, .left = "2-4", .why = "noise of CPU 5: these cores are the SDK's"},
		{.main_only = true,
		 .left = "",
		 .why = "noise of CPUs 2-5: where VMs may run is not known"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(Facts) facts = occupied_facts(&rows[i]);
		g_autoptr(Audit) audit = audit_new(NULL, NULL, facts);
		g_autoptr(GPtrArray) unmeasured = unread_new();
		g_auto(CpuSet) cpus = NULL;
		g_autofree char *why = NULL;

		if (rows[i].sdk)
			hwloc_bitmap_set(audit->sdk_cpus, rows[i].sdk);
		cpus = measure_noise_cpus(audit, unmeasured);
		assert_set(cpus, rows[i].left);
		if (unmeasured->len) {
			const Unread *note = g_ptr_array_index(unmeasured, 0);

			why = g_strdup_printf("%s: %s", note->source, note->why);
		}
		g_assert_cmpstr(why, ==, rows[i].why);
	}
}

/* A busy loop, one that just began, and what sleeps 5 ms at a time. */
static void test_polls(void)
{
	static const char stat[] = "77 (a) b) %c 1 1 1 0 -1 4194304 0 0 0 0 %u 0 0 0 20 0 1\n";
	static const struct {
		char state;
		unsigned ticks, sleeps;
		bool polls;
	} rows[] = {{'R', 100, 9, true},
		    {'R', 2, 0, true},
		    {'R', 1, 0, false},
		    {'R', 100, 150, false},
		    {'S', 100, 9, false}};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *status =
			g_strdup_printf("Name:\ta\nvoluntary_ctxt_switches:\t%u\n", rows[i].sleeps);
		g_autofree char *line = NULL;

		line = g_strdup_printf(stat, rows[i].state, rows[i].ticks);
		g_assert_cmpint(task_polls(line, status), ==, rows[i].polls);
	}
	g_assert_false(task_polls("", ""));
}

/* Threads of our own on each CPU that this test may use; for a moment. */
static void test_threads(void)
{
	g_auto(CpuSet) cpus = hwloc_bitmap_alloc();
	g_autoptr(Noise) noise = NULL;

	hwloc_bitmap_set(cpus, (unsigned)sched_getcpu());
	noise = noise_start(cpus);
	g_assert_false(noise_is_of_kernel(noise));
	noise_begin(noise);
	g_usleep(50 * G_TIME_SPAN_MILLISECOND);
	noise_end(noise);
	{
		const NoiseCount *count = &g_array_index(noise_counts(noise), NoiseCount, 0);

		g_assert_cmpuint(noise_counts(noise)->len, ==, 1);
		g_assert_true(count->known);
		g_assert_cmpuint(count->tid, !=, 0);
		g_assert_cmpuint(count->looked, >=, 40000000);
		g_assert_cmpuint(count->lost, <=, count->looked);
		g_assert_cmpuint(count->longest, <=, count->lost);
		g_assert_cmpuint(!count->gaps, ==, !count->longest);
	}
}

/* A CPU that there is not. */
static void test_threads_nowhere(void)
{
	g_auto(CpuSet) cpus = hwloc_bitmap_alloc();
	g_autoptr(Noise) noise = NULL;

	hwloc_bitmap_only(cpus, CPULIST_LIMIT - 1);
	noise = noise_start(cpus);
	noise_begin(noise);
	noise_end(noise);
	g_assert_false(g_array_index(noise_counts(noise), NoiseCount, 0).known);
}

/* The folder of a tracefs, as far as osnoise needs it. */
static char *tracefs_new(const char *all)
{
	char *folder = scratch_new();

	scratch_put(folder, "osnoise/cpus", all);
	scratch_put(folder, "current_tracer", "nop\n");
	scratch_put(folder, "instances/ours/current_tracer", "nop\n");
	scratch_put(folder, "instances/ours/available_tracers", "timerlat osnoise nop\n");
	scratch_put(folder, "instances/theirs/current_tracer", "nop\n");
	return folder;
}

static char *tracefs_text(const char *folder, const char *file)
{
	g_autofree char *path = g_build_filename(folder, file, NULL);
	char *text = NULL;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	return text;
}

/* The tracer is started where nobody else has it or its settings, and these are put back. */
static void test_osnoise(void)
{
	g_autofree char *all = tracefs_text("/sys/devices/system/cpu", "possible");
	g_auto(CpuSet) cpus = cpulist_parse("3-4", NULL);

	for (unsigned used = 0; used < 3; used++) {
		g_autofree char *folder = tracefs_new(used == 2 ? "7\n" : all);
		g_autofree char *ours = g_build_filename(folder, "instances/ours", NULL);
		g_autofree char *during = NULL, *tracer = NULL, *after = NULL;

		if (used == 1)
			scratch_put(folder, "instances/theirs/current_tracer", "timerlat\n");
		g_assert_cmpint(osnoise_start(folder, ours, cpus), ==, !used);
		during = tracefs_text(folder, "osnoise/cpus");
		g_assert_cmpstr(during, ==, used == 2 ? "7\n" : used ? all : "3-4");
		tracer = tracefs_text(ours, "current_tracer");
		g_assert_cmpstr(tracer, ==, used ? "nop\n" : "osnoise");
		osnoise_stop(folder, ours);
		after = tracefs_text(folder, "osnoise/cpus");
		g_assert_cmpstr(g_strchomp(after), ==, used == 2 ? "7" : g_strchomp(all));
		scratch_remove(folder);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/noise/samples", test_samples);
	g_test_add_func("/noise/samples-wrong", test_samples_wrong);
	g_test_add_func("/noise/traced", test_traced);
	g_test_add_func("/noise/traced-quiet", test_traced_quiet);
	g_test_add_func("/noise/left", test_left);
	g_test_add_func("/noise/where", test_where);
	g_test_add_func("/noise/polls", test_polls);
	g_test_add_func("/noise/threads", test_threads);
	g_test_add_func("/noise/threads-nowhere", test_threads_nowhere);
	g_test_add_func("/noise/samples-short", test_samples_short);
	g_test_add_func("/noise/osnoise", test_osnoise);
	return g_test_run();
}
