/* SPDX-License-Identifier: MIT */
/* The picture of a measurement is well formed and has no element but its own, whatever names hold.
 */
#include "planner/measure/measure_noise.h"
#include "planner/measure/parts.h"
#include "planner/page/measure_picture.h"
#include "tests/unit/hostile.h"

#define ROUNDS 300

static Interruption *hostile_interruption(const char *vm, InterruptionKind kind, uint64_t count)
{
	Interruption *one = g_new0(Interruption, 1);
	g_autofree char *part = hostile_name();

	one->kind = kind;
	one->name = hostile_name();
	one->what = hostile_name();
	one->cause = hostile_name();
	one->fix = hostile_name();
	one->vm = vm;
	one->cpus = cpulist_parse("3", NULL);
	one->count = count;
	one->nanoseconds = kind == INTERRUPTION_EXIT ? count : 0;
	one->parts = parts_new();
	parts_add(one->parts, part, count);
	return one;
}

static void hostile_free(void *data)
{
	Interruption *one = data;

	g_free(one->name);
	g_free(one->what);
	g_free(one->cause);
	g_free(one->fix);
	hwloc_bitmap_free(one->cpus);
	g_array_unref(one->parts);
	g_free(one);
}

static GArray *hostile_noise(void)
{
	g_autoptr(GArray) counts = g_array_new(FALSE, TRUE, sizeof(NoiseCount));
	NoiseCount count = {.cpu = 4, .gaps = 1, .longest = G_MAXUINT64 / 2};
	g_autofree char *name = hostile_name();
	GArray *noise;

	g_array_append_val(counts, count);
	noise = measure_noise_new(counts);
	measure_noise_add(measure_noise_of(noise, 4), name, 1, 1);
	return noise;
}

static void test_hostile(void)
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		g_autofree char *name = hostile_name(), *subject = g_strdup_printf("vm %s", name);
		AuditVm audited = {.name = name, .subject = subject};
		MeasureVm vm = {.name = name, .vm = &audited};
		g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(hostile_free);
		g_autoptr(GPtrArray) vms = g_ptr_array_new();
		g_autoptr(GArray) noise = hostile_noise();
		g_auto(CpuSet) cpus = cpulist_parse("3-4", NULL);
		Measure measure = {.seconds = 0.001,
				   .interruptions = all,
				   .vms = vms,
				   .noise = noise,
				   .cpus = cpus,
				   .quiet = cpus};
		g_autofree char *svg = NULL;

		g_ptr_array_add(vms, &vm);
		for (unsigned kind = 0; interruption_kinds[kind]; kind++) {
			g_ptr_array_add(all, hostile_interruption(name, (InterruptionKind)kind, 1));
			g_ptr_array_add(all, hostile_interruption(NULL, (InterruptionKind)kind,
								  G_MAXINT64));
		}
		svg = measure_picture(&measure);
		g_assert_true(g_utf8_validate(svg, -1, NULL));
		g_assert_cmpuint(hostile_look(svg), ==, all->len + noise->len);
	}
}

/* A CPU where nobody could look for noise is not quiet. */
static void test_unseen(void)
{
	for (unsigned known = 0; known <= 1; known++) {
		g_autoptr(GArray) counts = g_array_new(FALSE, TRUE, sizeof(NoiseCount));
		g_autoptr(GPtrArray) none = g_ptr_array_new();
		g_autoptr(GArray) noise = NULL;
		g_auto(CpuSet) cpus = cpulist_parse("4", NULL);
		NoiseCount count = {.cpu = 4, .known = known};
		Measure measure = {.seconds = 1,
				   .interruptions = none,
				   .vms = none,
				   .cpus = cpus,
				   .quiet = cpus};
		g_autofree char *svg = NULL;

		g_array_append_val(counts, count);
		measure.noise = noise = measure_noise_new(counts);
		svg = measure_picture(&measure);
		g_assert_cmpint(strstr(svg, "no gap") != NULL, ==, known);
		g_assert_cmpint(strstr(svg, "not seen") != NULL, ==, !known);
	}
}

/* A node that nothing interrupts. */
static void test_quiet(void)
{
	g_autoptr(GPtrArray) none = g_ptr_array_new();
	g_auto(CpuSet) cpus = cpulist_parse("3-4", NULL);
	Measure measure = {
		.seconds = 1, .interruptions = none, .vms = none, .cpus = cpus, .quiet = cpus};
	g_autofree char *svg = measure_picture(&measure);

	g_assert_cmpuint(hostile_look(svg), ==, 0);
	g_assert_nonnull(strstr(svg, "Nothing interrupts CPUs 3-4."));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/measure-picture/hostile", test_hostile);
	g_test_add_func("/measure-picture/unseen", test_unseen);
	g_test_add_func("/measure-picture/quiet", test_quiet);
	return g_test_run();
}
