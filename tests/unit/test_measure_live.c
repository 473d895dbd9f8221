/* SPDX-License-Identifier: MIT */
/* In which order a measurement does what disturbs the machine: the tracing, perf, the noise and the
 * time that passes are stand-ins here, which only say that they were called. */
#include "cmd/measure_live.h"
#include "topology/base/error.h"
#include "topology/base/signals.h"
#include "topology/facts/tracing.h"

static GString *said;	      /* what was called, in order */
static PlannerError why_none; /* why there is no tracing */

static void say(const char *what)
{
	g_string_append_printf(said, "%s%s", said->len ? ", " : "", what);
}

/* Only root has perf count. */
uid_t geteuid(void)
{
	return 0;
}

void signals_hold(sigset_t *before)
{
	sigemptyset(before);
	say("signals held");
}

bool signals_waiting(void)
{
	return false;
}

bool signals_pause(unsigned seconds)
{
	g_autofree char *text = g_strdup_printf("%u s", seconds);

	say(text);
	g_usleep(20 * G_TIME_SPAN_MILLISECOND); /* for /proc/uptime */
	return true;
}

void signals_release(const sigset_t *before)
{
	(void)before;
	say("signals released");
}

const TraceEvent tracing_events[] = {{0}};

char *tracing_tracefs(GError **error)
{
	(void)error;
	return g_strdup("/nowhere");
}

Tracing *tracing_start(hwloc_const_bitmap_t cpus, hwloc_const_bitmap_t noise, GError **error)
{
	(void)cpus;
	(void)noise;
	g_set_error(error, PLANNER_ERROR, (int)why_none, "no traces");
	return NULL;
}

bool tracing_has_noise(const Tracing *tracing)
{
	return tracing;
}

const char *tracing_folder(const Tracing *tracing)
{
	(void)tracing;
	return NULL;
}

const GPtrArray *tracing_unread(const Tracing *tracing)
{
	(void)tracing;
	return NULL;
}

bool tracing_stop(Tracing *tracing, GError **error)
{
	(void)error;
	return !tracing;
}

PerfCounts *perf_counts_start(const char *tracefs, const GuestFacts *guests,
			      hwloc_const_bitmap_t cpus, GError **error)
{
	static int counts;

	(void)tracefs;
	(void)guests;
	(void)cpus;
	(void)error;
	say("perf set up");
	return (PerfCounts *)&counts;
}

void perf_counts_begin(PerfCounts *counts)
{
	(void)counts;
	say("perf begins");
}

void perf_counts_end(PerfCounts *counts, GHashTable *histograms)
{
	(void)counts;
	(void)histograms;
	say("perf ends");
}

void perf_counts_free(PerfCounts *counts)
{
	(void)counts;
}

struct Noise {
	GArray *counts;
};

Noise *noise_start(hwloc_const_bitmap_t cpus)
{
	Noise *noise = g_new(Noise, 1);

	(void)cpus;
	noise->counts = g_array_new(FALSE, TRUE, sizeof(NoiseCount));
	say("noise set up");
	return noise;
}

Noise *noise_of_kernel(hwloc_const_bitmap_t cpus, const char *folder)
{
	(void)folder;
	return noise_start(cpus);
}

void noise_begin(Noise *noise)
{
	(void)noise;
	say("noise begins");
}

void noise_end(Noise *noise)
{
	(void)noise;
	say("noise ends");
}

const GArray *noise_counts(const Noise *noise)
{
	return noise->counts;
}

bool noise_is_of_kernel(const Noise *noise)
{
	(void)noise;
	return false;
}

void noise_free(Noise *noise)
{
	if (noise)
		g_array_unref(noise->counts);
	g_free(noise);
}

/* A machine whose CPUs 2-5 are isolated, measured without traces because of WHY; NULL with ERROR.
 * LIVE is what the answer borrows of. */
static Measure *measured(const Audit *audit, PlannerError why, bool noise, MeasureLive *live,
			 GError **error)
{
	why_none = why;
	g_string_truncate(said, 0);
	return measure_live(audit, (MeasureHow){.seconds = 7, .noise = noise}, live, error);
}

static Facts *isolated_facts(void)
{
	Facts *facts = facts_new();

	facts->kernel->isolated = cpulist_parse("2-5", NULL);
	facts->kernel->online = cpulist_parse("0-5", NULL);
	return facts;
}

/* What perf does to begin and to end interrupts each CPU: that is no noise. */
static void test_perf_outside_noise(void)
{
	g_autoptr(Facts) facts = isolated_facts();
	g_autoptr(Audit) audit = audit_new(NULL, NULL, facts);
	g_autoptr(GError) error = NULL;
	g_auto(MeasureLive) live = {0};
	g_autoptr(Measure) measure = measured(audit, PLANNER_ERROR_SYSTEM, true, &live, &error);

	g_assert_no_error(error);
	g_assert_nonnull(measure);
	g_assert_cmpstr(said->str, ==,
			"signals held, perf set up, noise set up, 1 s, perf begins, noise begins, "
			"7 s, noise ends, perf ends, signals released");
}

/* Another planner measures: two that look for noise would be each other's, two that count are
 * not. */
static void test_another(void)
{
	for (unsigned noise = 0; noise < 2; noise++) {
		g_autoptr(Facts) facts = isolated_facts();
		g_autoptr(Audit) audit = audit_new(NULL, NULL, facts);
		g_autoptr(GError) error = NULL;
		g_auto(MeasureLive) live = {0};
		g_autoptr(Measure) measure =
			measured(audit, PLANNER_ERROR_BUSY, noise, &live, &error);

		if (noise) {
			g_assert_error(error, PLANNER_ERROR, PLANNER_ERROR_BUSY);
			g_assert_null(measure);
			g_assert_cmpstr(said->str, ==, "signals held, signals released");
		} else {
			g_assert_no_error(error);
			g_assert_nonnull(measure);
		}
	}
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	said = g_string_new(NULL);
	g_test_add_func("/measure-live/perf-outside-noise", test_perf_outside_noise);
	g_test_add_func("/measure-live/another", test_another);
	status = g_test_run();
	g_string_free(said, TRUE);
	return status;
}
