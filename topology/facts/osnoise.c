/* SPDX-License-Identifier: MIT */
#include "topology/facts/osnoise.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define OSNOISE "osnoise"
#define MICROSECOND 1000 /* the lines are in microseconds */

/* Files */

/* The text of FOLDER/FILE without its last newline, yours; NULL. */
static char *osnoise_read(const char *folder, const char *file)
{
	g_autofree char *path = g_build_filename(folder, file, NULL);
	char *text = NULL;

	return g_file_get_contents(path, &text, NULL, NULL) ? g_strchomp(text) : NULL;
}

static bool osnoise_write(const char *folder, const char *file, const char *text)
{
	g_autofree char *path = g_build_filename(folder, file, NULL);
	int out = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	bool good = out >= 0 && write(out, text, strlen(text)) == (ssize_t)strlen(text);

	if (out >= 0)
		close(out);
	return good;
}

/* Starting and ending it */

/* Does the instance in FOLDER run this tracer, or timerlat, which shares its settings? */
static bool osnoise_runs(const char *folder)
{
	g_autofree char *tracer = osnoise_read(folder, "current_tracer");

	return tracer && (g_str_equal(tracer, OSNOISE) || g_str_equal(tracer, "timerlat"));
}

static bool osnoise_used(const char *tracefs)
{
	g_autofree char *instances = g_build_filename(tracefs, "instances", NULL);
	g_autoptr(GDir) open = g_dir_open(instances, 0, NULL);
	bool used = osnoise_runs(tracefs);

	for (const char *name; open && !used && (name = g_dir_read_name(open));) {
		g_autofree char *folder = g_build_filename(instances, name, NULL);

		used = osnoise_runs(folder);
	}
	return used;
}

static bool osnoise_there(const char *folder)
{
	g_autofree char *tracers = osnoise_read(folder, "available_tracers");
	g_auto(GStrv) names = tracers ? g_strsplit(tracers, " ", -1) : NULL;

	return names && g_strv_contains((const char *const *)names, OSNOISE);
}

/* What the kernel begins with: all CPUs that it could ever have. */
static char *osnoise_default(void)
{
	return osnoise_read("/sys/devices/system/cpu", "possible");
}

static void osnoise_restore(const char *tracefs)
{
	g_autofree char *all = osnoise_default();

	if (all)
		osnoise_write(tracefs, OSNOISE "/cpus", all);
}

bool osnoise_start(const char *tracefs, const char *folder, hwloc_const_bitmap_t cpus)
{
	g_autofree char *before = osnoise_read(tracefs, OSNOISE "/cpus");
	g_autofree char *all = osnoise_default(), *list = cpulist_format(cpus);

	if (!*list || !before || !all || !g_str_equal(before, all) || !osnoise_there(folder) ||
	    osnoise_used(tracefs))
		return false;
	if (osnoise_write(tracefs, OSNOISE "/cpus", list) &&
	    osnoise_write(folder, "current_tracer", OSNOISE))
		return true;
	osnoise_restore(tracefs);
	return false;
}

void osnoise_stop(const char *tracefs, const char *folder)
{
	if (!osnoise_runs(folder))
		return;
	osnoise_write(folder, "current_tracer", "nop");
	osnoise_restore(tracefs);
}

/* Its threads */

static NoiseCount *osnoise_count(GArray *counts, uint64_t cpu)
{
	for (unsigned i = 0; i < counts->len; i++) {
		NoiseCount *count = &g_array_index(counts, NoiseCount, i);

		if (count->cpu == cpu)
			return count;
	}
	return NULL;
}

/* The CPU of a thread called "osnoise/5"; false where it is none. */
static bool osnoise_cpu(const char *comm, uint64_t *cpu)
{
	guint64 number;

	if (!g_str_has_prefix(comm, OSNOISE "/") ||
	    !g_ascii_string_to_unsigned(comm + strlen(OSNOISE "/"), 10, 0, CPULIST_LIMIT - 1,
					&number, NULL))
		return false;
	*cpu = number;
	return true;
}

void osnoise_threads(GArray *counts)
{
	g_autoptr(GDir) open = g_dir_open("/proc", 0, NULL);

	for (const char *name; open && (name = g_dir_read_name(open));) {
		g_autofree char *folder = g_build_filename("/proc", name, NULL);
		g_autofree char *comm =
			g_ascii_isdigit(*name) ? osnoise_read(folder, "comm") : NULL;
		uint64_t cpu;
		NoiseCount *count =
			comm && osnoise_cpu(comm, &cpu) ? osnoise_count(counts, cpu) : NULL;

		if (count)
			count->tid = (unsigned)g_ascii_strtoull(name, NULL, 10);
	}
}

/* What it sampled */

/* After the time of a line: how long it looked, how long it did not get the CPU, that in per cent
 * of the first, the longest gap; and how many gaps came from what. */
enum {
	SAMPLE_RUNTIME,
	SAMPLE_NOISE,
	SAMPLE_PERCENT,
	SAMPLE_LONGEST,
	SAMPLE_HARDWARE,
	SAMPLE_WORDS = SAMPLE_HARDWARE + 5 /* NMI, IRQ, SIRQ, THREAD */
};

static bool sample_numbers(const char *text, uint64_t numbers[SAMPLE_WORDS])
{
	g_auto(GStrv) words = g_strsplit_set(text, " ", -1);
	unsigned n = 0;

	for (unsigned i = 0; words[i] && n < SAMPLE_WORDS; i++) {
		guint64 number = 0;

		if (!*words[i])
			continue;
		if (n != SAMPLE_PERCENT &&
		    !g_ascii_string_to_unsigned(words[i], 10, 0, G_MAXINT64 / MICROSECOND / 2,
						&number, NULL))
			return false;
		numbers[n++] = number;
	}
	return n == SAMPLE_WORDS;
}

/* "   osnoise/5-198     [005] .......    13.143848: 507938 …": flags are more on some kernels. */
static void sample_take(const char *line, GArray *counts)
{
	const char *open = strstr(line, " ["), *time = open ? strstr(open, ": ") : NULL;
	uint64_t numbers[SAMPLE_WORDS];
	char *end;
	NoiseCount *count;

	line += strspn(line, " ");
	if (!g_str_has_prefix(line, OSNOISE "/") || !time || !sample_numbers(time + 2, numbers))
		return;
	count = osnoise_count(counts, g_ascii_strtoull(open + 2, &end, 10));
	if (!count || *end != ']')
		return;
	count->known = true;
	count->looked += numbers[SAMPLE_RUNTIME] * MICROSECOND;
	count->lost += numbers[SAMPLE_NOISE] * MICROSECOND;
	count->longest = MAX(count->longest, numbers[SAMPLE_LONGEST] * MICROSECOND);
	count->hardware += numbers[SAMPLE_HARDWARE];
	/* What came is counted also where it was too short to be noise. */
	for (unsigned i = SAMPLE_HARDWARE; numbers[SAMPLE_NOISE] && i < SAMPLE_WORDS; i++)
		count->gaps += numbers[i];
}

void osnoise_parse(const char *text, GArray *counts)
{
	while (text) {
		size_t length = strcspn(text, "\n");
		g_autofree char *line = g_strndup(text, length);

		sample_take(line, counts);
		text = text[length] ? text + length + 1 : NULL;
	}
}

/* Writing to it empties it. */
void osnoise_begin(const char *folder)
{
	osnoise_write(folder, "trace", "\n");
}

void osnoise_end(const char *folder, GArray *counts)
{
	g_autofree char *text = osnoise_read(folder, "trace");

	if (text)
		osnoise_parse(text, counts);
}
