/* SPDX-License-Identifier: MIT */
#include "planner/page/measure_picture.h"

#include "planner/measure/measure_noise.h"
#include "planner/measure/parts.h"
#include "planner/page/svg.h"

#include <math.h>

#define WIDTH 980u
#define MARGIN 12u
#define ROW 20u
#define BAR_LEFT 400u
#define BAR_WIDTH 400u
#define BAR_HIGH 12u
#define VALUE_LEFT (BAR_LEFT + BAR_WIDTH + 10)
#define LABEL_MOST 58 /* characters before the bars */
#define VALUE_MOST 26
#define PARTS_MOST 6

/* A scale: from 1 to 10 to the power of DECADES. */
typedef struct PictureScale {
	unsigned decades;
	double least; /* of what is drawn: the first decade begins there */
	const char *const *marks;
} PictureScale;

static const char *const rate_marks[] = {"0.1/s",  "1/s",   "10/s",  "100/s",
					 "1000/s", "10⁴/s", "10⁵/s", "10⁶/s"};
static const char *const gap_marks[] = {"1 µs",	 "10 µs",  "100 µs", "1 ms",
					"10 ms", "100 ms", "1 s"};
static const PictureScale rates = {G_N_ELEMENTS(rate_marks) - 1, 0.1, rate_marks};
static const PictureScale gaps = {G_N_ELEMENTS(gap_marks) - 1, 1e3, gap_marks};

#define EXIT_COLOR "#b35806"
#define SLEEP_COLOR "#bdbdbd"
#define INTERRUPT_COLOR "#2166ac"
#define SOFTIRQ_COLOR "#7fa8d1"
#define TASK_COLOR "#d7191c"
#define GAP_COLOR "#7b3294"

/* By InterruptionKind. */
static const char *const kind_colors[] = {EXIT_COLOR, INTERRUPT_COLOR, SOFTIRQ_COLOR, TASK_COLOR};

typedef struct MeasurePicture {
	GString *body;
	unsigned y; /* where the next line goes */
} MeasurePicture;

/* TEXT at X, in the line of PICTURE, at most MOST characters of it. */
static void picture_text(MeasurePicture *picture, unsigned x, const char *attributes,
			 const char *text, unsigned most)
{
	svg_text(picture->body, x, picture->y + BAR_HIGH - 1, attributes, text, most);
}

static void picture_heading(MeasurePicture *picture, const char *text)
{
	picture->y += ROW / 2;
	picture_text(picture, MARGIN, " font-weight=\"bold\"", text, LABEL_MOST * 2);
	picture->y += ROW;
}

/* The lines of SCALE, below a heading. */
static void picture_scale(MeasurePicture *picture, const PictureScale *scale)
{
	for (unsigned i = 0; i <= scale->decades; i++)
		picture_text(picture, BAR_LEFT + BAR_WIDTH * i / scale->decades,
			     " fill=\"#666\" font-size=\"10\" text-anchor=\"middle\"",
			     scale->marks[i], LABEL_MOST);
	picture->y += ROW;
}

static unsigned picture_length(const PictureScale *scale, double value)
{
	double decades = value > scale->least ? log10(value / scale->least) : 0;

	return (unsigned)lround(BAR_WIDTH * MIN(decades, scale->decades) / scale->decades);
}

/* A line: LABEL, a bar for VALUE, and what that is in words. What a browser shows of the bar when
 * it is pointed at is TITLE. */
static void picture_bar(MeasurePicture *picture, const PictureScale *scale, const char *color,
			const char *label, double value, const char *words, const char *title)
{
	svg_open(picture->body, title);
	svg_box(picture->body, BAR_LEFT, picture->y, MAX(picture_length(scale, value), 1), BAR_HIGH,
		color);
	picture_text(picture, MARGIN, "", label, LABEL_MOST);
	picture_text(picture, VALUE_LEFT, "", words, VALUE_MOST);
	svg_close(picture->body);
	picture->y += ROW;
}

static void picture_line(MeasurePicture *picture, const char *text)
{
	picture_text(picture, MARGIN, "", text, LABEL_MOST * 2);
	picture->y += ROW;
}

/* Interruptions */

static const char *interruption_color(const Interruption *one)
{
	return g_str_equal(one->name, "halt_exits") ? SLEEP_COLOR : kind_colors[one->kind];
}

static char *interruption_title(const Interruption *one)
{
	g_autofree char *seen = parts_text(one->parts, PARTS_MOST);

	return g_strdup_printf("%s%s%s%s%s%s%s", one->what, *seen ? " · seen: " : "", seen,
			       *one->cause ? " · cause: " : "", one->cause,
			       *one->fix ? " · fix: " : "", one->fix);
}

static void picture_interruption(MeasurePicture *picture, const Measure *measure,
				 const Interruption *one)
{
	double rate = measure_rate(measure, one);
	g_autofree char *cpus = cpulist_format(one->cpus);
	g_autofree char *label =
		one->kind == INTERRUPTION_EXIT
			? g_strdup(one->what)
			: g_strdup_printf("%s (CPU%s %s)", one->what,
					  hwloc_bitmap_weight(one->cpus) == 1 ? "" : "s", cpus);
	g_autofree char *words =
		one->nanoseconds
			? g_strdup_printf("%.1f/s, %.1f µs each", rate,
					  (double)one->nanoseconds / (double)one->count / 1e3)
			: g_strdup_printf("%.1f/s", rate);
	g_autofree char *title = interruption_title(one);

	picture_bar(picture, &rates, interruption_color(one), label, rate, words, title);
}

/* Those of the VM NAME, NULL = of none. */
static void picture_interruptions(MeasurePicture *picture, const Measure *measure, const char *name,
				  const char *heading)
{
	const GPtrArray *all = measure->interruptions;
	unsigned n = 0;

	for (unsigned i = 0; i < all->len; i++) {
		const Interruption *one = g_ptr_array_index(all, i);

		if (g_strcmp0(one->vm, name) != 0)
			continue;
		if (!n++) {
			picture_heading(picture, heading);
			picture_scale(picture, &rates);
		}
		picture_interruption(picture, measure, one);
	}
	if (!n && name) {
		picture_heading(picture, heading);
		picture_line(picture, "nothing interrupts it");
	}
}

/* Noise */

static void picture_cpu(MeasurePicture *picture, const MeasureNoise *noise)
{
	const NoiseCount *count = &noise->count;
	g_autofree char *causes = measure_noise_text(noise, PARTS_MOST);
	g_autofree char *label =
		g_strdup_printf("CPU %u%s%s", count->cpu, *causes ? ": " : "", causes);
	g_autofree char *words =
		count->gaps ? g_strdup_printf("%.1f µs, %" G_GUINT64_FORMAT " gaps",
					      (double)count->longest / 1e3, (guint64)count->gaps)
			    : g_strdup(count->known ? "no gap" : "not seen");

	picture_bar(picture, &gaps, GAP_COLOR, label, (double)count->longest, words, label);
}

static void picture_noise(MeasurePicture *picture, const GArray *noise)
{
	if (!noise || !noise->len)
		return;
	picture_heading(picture, "Noise of free CPUs: the longest gap");
	picture_scale(picture, &gaps);
	for (unsigned i = 0; i < noise->len; i++)
		picture_cpu(picture, &g_array_index(noise, MeasureNoise, i));
}

/* All of it */

static void picture_legend(MeasurePicture *picture)
{
	static const struct {
		const char *color, *words;
	} rows[] = {{EXIT_COLOR, "exits to KVM"},
		    {SLEEP_COLOR, "halts: sleep, no cost"},
		    {INTERRUPT_COLOR, "interrupts"},
		    {SOFTIRQ_COLOR, "softirqs"},
		    {TASK_COLOR, "other tasks"}};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		unsigned x = MARGIN + i * 180;

		svg_box(picture->body, x, picture->y, 12, BAR_HIGH, rows[i].color);
		picture_text(picture, x + 18, "", rows[i].words, LABEL_MOST);
	}
	picture->y += ROW;
}

static void picture_quiet(MeasurePicture *picture, const Measure *measure)
{
	g_autofree char *quiet = cpulist_format(measure->quiet);
	g_autofree char *text = g_strdup_printf("Nothing interrupts CPUs %s.", quiet);

	if (!*quiet)
		return;
	picture->y += ROW / 2;
	picture_line(picture, text);
}

char *measure_picture(const Measure *measure)
{
	MeasurePicture picture = {.body = g_string_new(NULL), .y = MARGIN};
	g_autofree char *cpus = cpulist_format(measure->cpus);
	g_autofree char *title = g_strdup_printf(
		"Measured for %.1f s: CPUs %s, %u VM%s", measure->seconds, *cpus ? cpus : "none",
		measure->vms->len, measure->vms->len == 1 ? "" : "s");

	picture_text(&picture, MARGIN, " font-size=\"15\"", title, LABEL_MOST * 2);
	picture.y += ROW + ROW / 2;
	picture_legend(&picture);
	for (unsigned i = 0; i < measure->vms->len; i++) {
		const MeasureVm *vm = g_ptr_array_index(measure->vms, i);

		picture_interruptions(&picture, measure, vm->name, vm->vm->subject);
	}
	picture_interruptions(&picture, measure, NULL, "CPUs of no VM");
	picture_quiet(&picture, measure);
	picture_noise(&picture, measure->noise);
	return svg_end(picture.body, WIDTH, picture.y + MARGIN);
}
