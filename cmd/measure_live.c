/* SPDX-License-Identifier: MIT */
#include "cmd/measure_live.h"
#include "cmd/options.h"
#include "planner/measure/measure_noise.h"
#include "topology/base/error.h"
#include "topology/base/own_cpus.h"
#include "topology/base/signals.h"
#include "topology/facts/tracing.h"

#include <string.h>
#include <unistd.h>

#define FOR_DEFAULT 10
#define FOR_MOST 86400
#define NOISE_MOST 600 /* it takes whole CPUs */
#define SETTLE 1       /* seconds until what the set-up made the kernel do later is done */

static bool measure_seconds(const char *word, unsigned *seconds, GError **error)
{
	static const struct {
		char letter;
		unsigned seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}};
	g_autofree char *digits = g_strdup(word ? word : "");
	size_t length = strlen(digits);
	unsigned unit = 1;
	guint64 n;

	*seconds = FOR_DEFAULT;
	if (!word)
		return true;
	for (unsigned i = 0; i < G_N_ELEMENTS(units); i++)
		if (length && digits[length - 1] == units[i].letter) {
			unit = units[i].seconds;
			digits[length - 1] = '\0';
			break;
		}
	if (!g_ascii_string_to_unsigned(digits, 10, 1, FOR_MOST / unit, &n, NULL))
		return options_refuse(error, NULL,
				      "--for: '%s' is not a time from 1s to 24h, such as 10s or 5m",
				      word);
	*seconds = (unsigned)n * unit;
	return true;
}

bool measure_how(const char *word, bool noise, MeasureHow *how, GError **error)
{
	how->noise = noise;
	if (!measure_seconds(word, &how->seconds, error))
		return false;
	if (noise && how->seconds > NOISE_MOST)
		return options_refuse(error, NULL,
				      "--noise keeps whole CPUs busy: at most --for 10m with it");
	return true;
}

void measure_live_clear(MeasureLive *live)
{
	counters_free(live->before);
	counters_free(live->after);
	hwloc_bitmap_free(live->cpus);
	noise_free(live->noise);
	perf_counts_free(live->perf);
	g_clear_pointer(&live->own.first, g_hash_table_unref);
	g_clear_pointer(&live->own.last, g_hash_table_unref);
}

/* Is there anything that traces would tell of? */
static bool live_traceable(const Audit *audit, hwloc_const_bitmap_t cpus)
{
	for (unsigned i = 0; i < audit->vms->len; i++) {
		const AuditVm *vm = g_ptr_array_index(audit->vms, i);

		if (vm->guest && vm->guest->running)
			return true;
	}
	return !hwloc_bitmap_iszero(cpus);
}

/* Opened anew each time: the set-up may have mounted tracefs. */
static GHashTable *live_interrupts(void)
{
	g_autoptr(Root) root = root_open("/", ROOT_NODE, NULL);

	return root ? counters_interrupts(root) : interrupt_rows_parse("");
}

/* Between the two readings nothing is done but to wait. To begin and to end perf's counts
 * interrupts each CPU: not while noise is looked for. */
static bool live_window(const Audit *audit, const Tracing *tracing, unsigned seconds,
			MeasureLive *live, GError **error)
{
	const char *folder = tracing ? tracing_folder(tracing) : NULL;
	g_autoptr(Root) root = root_open("/", ROOT_NODE, error);

	if (!root)
		return false;
	signals_pause(tracing || live->perf || live->noise ? SETTLE : 0);
	if (live->perf)
		perf_counts_begin(live->perf);
	if (live->noise)
		noise_begin(live->noise);
	live->before = counters_load(root, audit->facts->guests, folder);
	signals_pause(seconds);
	live->after = counters_load(root, audit->facts->guests, folder);
	if (live->noise)
		noise_end(live->noise);
	if (live->perf)
		perf_counts_end(live->perf, live->after->histograms);
	return true;
}

static void live_notes_take(MeasureLive *live, const GPtrArray *unread)
{
	for (unsigned i = 0; i < unread->len; i++) {
		const Unread *note = g_ptr_array_index(unread, i);

		unread_add(live->after->unread, note->source, note->why);
	}
}

static void live_note(MeasureLive *live, const GError *refused, const Tracing *tracing)
{
	if (!live->after)
		return;
	if (refused)
		unread_add(live->after->unread, "traces", refused->message);
	if (tracing)
		live_notes_take(live, tracing_unread(tracing));
}

/* Without histograms perf counts what it can; WHY there are none is told of both. */
static PerfCounts *live_perf(const Audit *audit, hwloc_const_bitmap_t cpus, GError **why)
{
	g_autoptr(GError) refused = NULL;
	g_autofree char *tracefs = tracing_tracefs(&refused);
	PerfCounts *perf =
		tracefs ? perf_counts_start(tracefs, audit->facts->guests, cpus, &refused) : NULL;
	g_autofree char *before = g_strdup((*why)->message);

	g_clear_error(why);
	g_set_error(why, PLANNER_ERROR, PLANNER_ERROR_SYSTEM, "%s%s%s", before,
		    perf      ? "; perf counts exits, MSRs and what keeps the tick instead"
		    : tracefs ? "; "
			      : "",
		    perf || !tracefs ? "" : refused->message);
	return perf;
}

/* Who looks for noise on CPUS: the kernel, if it does, else we. */
static Noise *live_noise(const Tracing *tracing, hwloc_const_bitmap_t cpus)
{
	return tracing_has_noise(tracing) ? noise_of_kernel(cpus, tracing_folder(tracing))
					  : noise_start(cpus);
}

Measure *measure_live(const Audit *audit, MeasureHow how, MeasureLive *live, GError **error)
{
	g_auto(CpuSet) cpus = measure_cpus(audit), noisy = NULL;
	g_autoptr(GPtrArray) unmeasured = unread_new();
	g_autoptr(GError) refused = NULL, left = NULL;
	Tracing *tracing = NULL;
	sigset_t before;
	bool good;

	live->cpus = own_cpus_avoid(cpus);
	live->own = (MeasureOwn){.tid = (unsigned)syscall(SYS_gettid), .cpus = live->cpus};
	live->own.first = live_interrupts();
	signals_hold(&before);
	noisy = how.noise ? measure_noise_cpus(audit, unmeasured) : NULL;
	if (live_traceable(audit, cpus))
		tracing = tracing_start(cpus, noisy, &refused);
	/* Two that look for noise would be each other's. */
	if (noisy && g_error_matches(refused, PLANNER_ERROR, PLANNER_ERROR_BUSY)) {
		signals_release(&before);
		g_propagate_error(error, g_steal_pointer(&refused));
		return NULL;
	}
	if (refused && geteuid() == 0)
		live->perf = live_perf(audit, cpus, &refused);
	live->own.noise = live->noise = noisy ? live_noise(tracing, noisy) : NULL;
	good = live_window(audit, tracing, how.seconds, live, error);
	live_note(live, refused, tracing);
	if (good)
		live_notes_take(live, unmeasured);
	if (!tracing_stop(tracing, &left) && live->after)
		unread_add(live->after->unread, "the end of the traces", left->message);
	signals_release(&before);
	live->own.last = live_interrupts();
	return good ? measure_counters(live->before, live->after, audit, &live->own, error) : NULL;
}
