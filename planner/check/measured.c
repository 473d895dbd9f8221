/* SPDX-License-Identifier: MIT */
#include "planner/check/measured.h"

#include "planner/base/reader.h"
#include "planner/check/check_node.h"
#include "planner/check/rules_found.h"

#define MILLISECONDS_MOST 86400000000 /* a thousand days */
#define ONES_MOST 65536		      /* interruptions */
#define SHARES_MOST 4000000	      /* 8192 CPUs with some 500 kinds of interrupts each */

static void measured_one_clear(void *data)
{
	MeasuredOne *one = data;

	hwloc_bitmap_free(one->cpus);
}

void measured_free(Measured *measured)
{
	json_decref(measured->document);
	hwloc_bitmap_free(measured->cpus);
	g_array_unref(measured->ones);
	g_array_unref(measured->by_cpu);
	g_array_unref(measured->noise);
	g_free(measured);
}

static bool measured_read_one(Reader *r, void *into, const json_t *object)
{
	Measured *measured = into;
	MeasuredOne one = {.cpus = set_new()};
	bool good = (measured->ones->len < ONES_MOST || reader_fail(r, "too many interruptions")) &&
		    reader_text(r, object, "vm", &one.vm) &&
		    reader_string(r, object, "kind", &one.kind) &&
		    reader_string(r, object, "name", &one.name) &&
		    reader_string(r, object, "what", &one.what) &&
		    reader_string(r, object, "cause", &one.cause) &&
		    reader_number(r, object, "count", G_MAXINT64, &one.count) &&
		    reader_cpus(r, object, "cpus", one.cpus);

	g_array_append_val(measured->ones, one);
	return good;
}

static bool measured_read_cpu(Reader *r, void *into, const json_t *object)
{
	Measured *measured = into;
	const json_t *first = json_array_get(json_object_get(object, "causes"), 0);
	MeasuredNoise noise = {.cause = json_string_value(json_object_get(first, "name"))};
	bool good = reader_unsigned(r, object, "cpu", CPULIST_LIMIT - 1, &noise.cpu) &&
		    reader_number(r, object, "looked_ns", G_MAXINT64, &noise.looked) &&
		    reader_number(r, object, "lost_ns", G_MAXINT64, &noise.lost) &&
		    reader_number(r, object, "longest_ns", G_MAXINT64, &noise.longest);

	g_array_append_val(measured->noise, noise);
	return good;
}

/* Runs without --noise have none. */
static bool measured_read_noise(Reader *r, Measured *measured)
{
	const json_t *noise = json_object_get(measured->document, "noise");

	return !json_is_object(noise) || reader_each(r, measured, noise, "cpus", measured_read_cpu);
}

/* The first of what DOCUMENT says it could not measure without which counts are too low: a file of
 * the kernel's, or a VM whose threads were not known. */
static const char *measured_lacks(const json_t *document)
{
	size_t i;
	json_t *one;

	json_array_foreach (json_object_get(document, "unmeasured"), i, one) {
		const char *source = json_string_value(json_object_get(one, "source"));

		if (source &&
		    (g_str_has_prefix(source, "/proc/") || g_str_has_prefix(source, "vm ")))
			return source;
	}
	return NULL;
}

static void measured_spread_one(Measured *measured, const MeasuredOne *one)
{
	double rate = (double)one->count / hwloc_bitmap_weight(one->cpus) / measured->seconds;
	unsigned cpu;

	hwloc_bitmap_foreach_begin(cpu, one->cpus)
		MeasuredCpu *on;

		if (cpu >= measured->by_cpu->len)
			g_array_set_size(measured->by_cpu, cpu + 1);
		on = &g_array_index(measured->by_cpu, MeasuredCpu, cpu);
		on->rate += rate;
		on->vm = one->vm ? one->vm : on->vm;
		if (rate > on->most_rate) {
			on->most = one;
			on->most_rate = rate;
		}
	hwloc_bitmap_foreach_end();
}

/* Each CPU's share of them all. False where they are more than any node has. */
static bool measured_spread(Reader *r, Measured *measured)
{
	uint64_t shares = 0;

	for (unsigned i = 0; i < measured->ones->len; i++) {
		const MeasuredOne *one = &g_array_index(measured->ones, MeasuredOne, i);

		if (!one->count ||
		    (!g_str_equal(one->kind, "interrupt") && !g_str_equal(one->kind, "task")))
			continue;
		shares += (uint64_t)hwloc_bitmap_weight(one->cpus);
		if (shares > SHARES_MOST)
			return reader_fail(r, "interruptions: they name more CPUs than a node has");
		measured_spread_one(measured, one);
	}
	return true;
}

static bool measured_read(Reader *r, Measured *measured, const Audit *audit)
{
	const json_t *document = measured->document;
	const char *format = json_string_value(json_object_get(document, "format"));
	uint64_t milliseconds;

	if (!format || !g_str_equal(format, JSON_FORMAT_MEASURE))
		return reader_fail(
			r, "not a document of planner measure --json (" JSON_FORMAT_MEASURE ")");
	if (!check_node_same(r, document, audit) ||
	    !reader_number(r, document, "milliseconds", MILLISECONDS_MOST, &milliseconds) ||
	    !reader_cpus(r, document, "cpus", measured->cpus) ||
	    !reader_each(r, measured, document, "interruptions", measured_read_one) ||
	    !measured_read_noise(r, measured))
		return false;
	if (!milliseconds)
		return reader_fail(r, "milliseconds: 0 is not a time");
	measured->seconds = (double)milliseconds / 1000;
	measured->lacks = measured_lacks(document);
	return measured_spread(r, measured);
}

Measured *measured_parse(const char *name, const char *text, size_t length, const Audit *audit,
			 GError **error)
{
	Reader r = {name, "save one with planner measure -o", error};
	Measured *measured = g_new0(Measured, 1);

	measured->document = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
	measured->cpus = set_new();
	measured->ones = g_array_new(FALSE, FALSE, sizeof(MeasuredOne));
	g_array_set_clear_func(measured->ones, measured_one_clear);
	measured->by_cpu = g_array_new(FALSE, TRUE, sizeof(MeasuredCpu));
	measured->noise = g_array_new(FALSE, FALSE, sizeof(MeasuredNoise));
	if (measured_read(&r, measured, audit))
		return measured;
	measured_free(measured);
	return NULL;
}

MeasuredCpu measured_cpu(const Measured *measured, unsigned cpu)
{
	return cpu < measured->by_cpu->len ? g_array_index(measured->by_cpu, MeasuredCpu, cpu)
					   : (MeasuredCpu){0};
}
