/* SPDX-License-Identifier: MIT */
/*
 * One online decision, in process: replays a history and times each placement alone.
 * Usage: online_bench TOPOLOGY INVENTORY EVENTS.jsonl [best-fit|first-fit]
 * The clock's own time is taken off. Prints
 * {"decisions":…,"median_ns":…,"rejected":…,"rejected_vcpus":…,"peak_vcpus":…}.
 */
#include "planner/online/event.h"
#include "planner/online/online.h"
#include "topology/host/host_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static char *contents(const char *name)
{
	g_autoptr(GError) error = NULL;
	char *text = NULL;

	if (!g_file_get_contents(name, &text, NULL, &error)) {
		fprintf(stderr, "%s\n", error->message);
		exit(2);
	}
	return text;
}

/* All events, parsed before any is timed. */
static GPtrArray *events_of(const char *name)
{
	g_autofree char *text = contents(name);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	GPtrArray *events = g_ptr_array_new_with_free_func((GDestroyNotify)event_free);

	for (char **line = lines; *line && **line; line++) {
		g_autoptr(GError) error = NULL;
		Event *event = event_parse(*line, strlen(*line), &error);

		if (!event) {
			fprintf(stderr, "%s: %s\n", name, error->message);
			exit(2);
		}
		g_ptr_array_add(events, event);
	}
	return events;
}

static int compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* What reading the clock twice takes by itself. */
static int64_t clock_cost(void)
{
	int64_t ns[999];

	for (unsigned i = 0; i < G_N_ELEMENTS(ns); i++) {
		int64_t start = now();

		ns[i] = now() - start;
	}
	qsort(ns, G_N_ELEMENTS(ns), sizeof *ns, compare);
	return ns[G_N_ELEMENTS(ns) / 2];
}

static void bench(Online *online, const GPtrArray *events)
{
	g_autofree int64_t *ns = g_new0(int64_t, events->len + 1);
	unsigned n = 0, rejected = 0, rejected_vcpus = 0, peak = 0;

	for (unsigned i = 0; i < events->len; i++) {
		const Event *event = g_ptr_array_index(events, i);
		const OnlineVm *vm;
		OnlineStatus status;
		int64_t start;

		if (event->op == EVENT_REMOVE) {
			online_remove(online, event->spec->name);
			continue;
		}
		start = now();
		status = online_place(online, event->spec, &vm);
		ns[n++] = now() - start;
		if (status == ONLINE_REJECTED) {
			rejected++;
			rejected_vcpus += event->spec->vcpus;
		}
		peak = MAX(peak, online_vcpus(online));
	}
	qsort(ns, n, sizeof *ns, compare);
	printf("{\"decisions\":%u,\"median_ns\":%" G_GINT64_FORMAT
	       ",\"rejected\":%u,\"rejected_vcpus\":%u,\"peak_vcpus\":%u}\n",
	       n, ns[n / 2] - clock_cost(), rejected, rejected_vcpus, peak);
}

static OnlinePolicy policy_of(const char *word)
{
	if (!word)
		return ONLINE_LOOK_AHEAD;
	return strcmp(word, "first-fit") ? ONLINE_BEST_FIT : ONLINE_FIRST_FIT;
}

int main(int argc, char **argv)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;
	g_autofree char *text = argc > 3 ? contents(argv[2]) : NULL;
	g_autoptr(Inventory) inventory =
		text ? inventory_parse(argv[2], text, strlen(text), errors) : NULL;
	g_autoptr(Host) host = inventory ? host_load(argv[1], &error) : NULL;
	g_autoptr(GPtrArray) events = host ? events_of(argv[3]) : NULL;
	PlanOptions options = {0};

	if (!events) {
		fprintf(stderr, "usage: online_bench TOPOLOGY INVENTORY EVENTS.jsonl [POLICY]\n");
		return 2;
	}
	g_autoptr(Plan) plan = plan_compute(host, inventory, NULL, &options);
	g_autoptr(Online) online = online_new(plan, policy_of(argv[4]));

	bench(online, events);
	return 0;
}
