/* SPDX-License-Identifier: MIT */
/* The picture of waves is well formed and has no element but its own, whatever names hold; it
 * counts all moves, at both ends. */
#include "planner/fleet/waves_picture.h"
#include "tests/unit/hostile.h"

#include <stdlib.h>

#define ROUNDS 300

static void given_standing_free(gpointer data)
{
	Standing *standing = data;

	g_free(standing->name);
	g_free(standing->group);
	g_free(standing);
}

static GPtrArray *given_standings(unsigned n)
{
	GPtrArray *standings = g_ptr_array_new_with_free_func(given_standing_free);

	for (unsigned i = 0; i < n; i++) {
		Standing *standing = g_new0(Standing, 1);

		standing->name = hostile_name();
		standing->group = g_test_rand_bit() ? hostile_name() : NULL;
		g_ptr_array_add(standings, standing);
	}
	return standings;
}

/* NODE changes; VM moves from it to each other node, twice. */
static Wave *given_wave(unsigned node, unsigned n, const StandingVm *vm)
{
	Wave *wave = g_new0(Wave, 1);

	wave->nodes = g_array_new(FALSE, FALSE, sizeof(unsigned));
	wave->moves = g_array_new(FALSE, FALSE, sizeof(WaveMove));
	wave->strands = g_ptr_array_new();
	wave->risks = g_array_new(FALSE, FALSE, sizeof(unsigned));
	g_array_append_val(wave->nodes, node);
	if (g_test_rand_bit())
		g_ptr_array_add(wave->strands, (gpointer)vm);
	for (unsigned i = 0; i < 2 * n; i++) {
		unsigned to = i % n;
		WaveMove move = {vm, node, to, g_test_rand_bit()};

		if (to == node)
			continue;
		g_array_append_val(wave->moves, move);
		if (i < n)
			g_array_append_val(wave->risks, to);
	}
	return wave;
}

/* The sum of the numbers of SVG that have SIGN before them. */
static unsigned picture_sum(const char *svg, const char *sign)
{
	g_autofree char *before = g_strconcat(">", sign, NULL);
	unsigned sum = 0;

	for (const char *c = strstr(svg, before); c; c = strstr(c + 1, before))
		sum += (unsigned)strtoul(c + strlen(before), NULL, 10);
	return sum;
}

static unsigned picture_count(const char *svg, const char *text)
{
	g_auto(GStrv) parts = g_strsplit(svg, text, -1);

	return g_strv_length(parts) - 1;
}

static void test_hostile(void)
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned n = (unsigned)g_test_rand_int_range(1, 7), left = n - 1, moves;
		g_autofree char *name = hostile_name(), *why = hostile_name();
		VmSpec spec = {.name = name};
		StandingVm vm = {.spec = &spec};
		g_autoptr(GPtrArray) standings = given_standings(n);
		Waves waves = {.waves = g_ptr_array_new_with_free_func(wave_free),
			       .left = g_array_new(FALSE, FALSE, sizeof(unsigned)),
			       .why = why,
			       .changes = n};
		g_autofree char *svg = NULL;

		for (unsigned node = 0; node < left; node++)
			g_ptr_array_add(waves.waves, given_wave(node, n, &vm));
		g_array_append_val(waves.left, left);
		waves.moves = moves = 2 * left * (n - 1);
		svg = waves_picture(standings, &waves);
		g_assert_true(g_utf8_validate(svg, -1, NULL));
		g_assert_cmpuint(hostile_look(svg), >=, n);
		g_assert_cmpuint(picture_sum(svg, "−"), ==, moves);
		g_assert_cmpuint(picture_sum(svg, "+"), ==, moves);
		g_assert_cmpuint(picture_count(svg, ">wave "), ==, left);
		g_assert_nonnull(strstr(svg, "Cannot be emptied"));
		g_ptr_array_unref(waves.waves);
		g_array_unref(waves.left);
	}
}

/* A node at risk for several waves in turn has one frame; it has two if there is one between. */
static void test_frames(void)
{
	VmSpec spec = {.name = (char *)"a"};
	StandingVm vm = {.spec = &spec};
	g_autoptr(GPtrArray) standings = given_standings(4);
	Waves waves = {.waves = g_ptr_array_new_with_free_func(wave_free),
		       .left = g_array_new(FALSE, FALSE, sizeof(unsigned)),
		       .changes = 3};
	g_autofree char *svg = NULL, *parted = NULL;

	for (unsigned node = 0; node < 3; node++) {
		Wave *wave = given_wave(node, 4, &vm);

		g_array_set_size(wave->risks, 0);
		g_array_append_vals(wave->risks, &(unsigned){3}, 1);
		g_ptr_array_add(waves.waves, wave);
	}
	svg = waves_picture(standings, &waves);
	g_array_set_size(((Wave *)waves.waves->pdata[1])->risks, 0);
	parted = waves_picture(standings, &waves);
	g_assert_cmpuint(picture_count(svg, "stroke="), ==, 1 + 1);
	g_assert_cmpuint(picture_count(parted, "stroke="), ==, 2 + 1);
	g_ptr_array_unref(waves.waves);
	g_array_unref(waves.left);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/waves-picture/hostile", test_hostile);
	g_test_add_func("/waves-picture/frames", test_frames);
	return g_test_run();
}
