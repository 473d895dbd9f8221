/* SPDX-License-Identifier: MIT */
#include "planner/fleet/drain_class.h"

#include <string.h>

struct DrainClasses {
	GPtrArray *list;   /* of DrainClass */
	GHashTable *known; /* what drain_reach() answered, by what it depends on */
};

static void drain_class_free(gpointer data)
{
	DrainClass *class = data;

	plan_free(class->bare);
	g_free(class);
}

DrainClasses *drain_classes_new(void)
{
	DrainClasses *classes = g_new0(DrainClasses, 1);

	classes->list = g_ptr_array_new_with_free_func(drain_class_free);
	classes->known = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	return classes;
}

void drain_classes_free(DrainClasses *classes)
{
	g_ptr_array_unref(classes->list);
	g_hash_table_unref(classes->known);
	g_free(classes);
}

const DrainClass *drain_class(const DrainClasses *classes, unsigned class)
{
	return g_ptr_array_index(classes->list, class);
}

/* Do VMs fare alike on both? */
static bool drain_standings_alike(const Standing *a, const Standing *b)
{
	return a->modes == b->modes && a->node->mwait == b->node->mwait &&
	       !g_strcmp0(a->host->arch, b->host->arch) &&
	       !g_strcmp0(a->host->model, b->host->model) &&
	       !g_strcmp0(a->node->kernel, b->node->kernel) &&
	       !g_strcmp0(a->node->qemu, b->node->qemu) &&
	       !g_strcmp0(a->node->libvirt, b->node->libvirt);
}

unsigned drain_class_of(DrainClasses *classes, const Standing *standing, unsigned threads)
{
	DrainClass *class;
	unsigned i;

	for (i = 0; i < classes->list->len; i++) {
		class = g_ptr_array_index(classes->list, i);
		if (class->threads == threads && drain_standings_alike(class->standing, standing))
			return i;
	}
	if (i == DRAIN_CLASSES_MOST)
		return i;
	class = g_new0(DrainClass, 1);
	class->standing = standing;
	class->threads = threads;
	class->bare = plan_new(standing->host);
	node_spec_free(class->bare->node);
	class->bare->node = node_spec_copy(standing->node);
	g_ptr_array_add(classes->list, class);
	return i;
}

/* Does the node alone give VM cpu-pm? */
static bool drain_gives_cpu_pm(const DrainClass *class, const StandingVm *vm)
{
	return !vm->shared && vm->spec->cpu_pm &&
	       class->standing->modes & (1u << vm->spec->cpu_mode);
}

static Migration *drain_foresee(const DrainClasses *classes, const StandingVm *vm, unsigned from,
				unsigned to)
{
	const DrainClass *here = drain_class(classes, from), *there = drain_class(classes, to);

	return migrate_foresee(here->bare, there->bare, vm->spec, vm->cpu_pm,
			       drain_gives_cpu_pm(there, vm));
}

/* The guest was told how many threads its cores have. */
static bool drain_threads_differ(const DrainClasses *classes, const StandingVm *vm, unsigned from,
				 unsigned to)
{
	return !vm->shared && vm->spec->threads != THREADS_ISOLATE && vm->spec->vcpus > 1 &&
	       drain_class(classes, from)->threads != drain_class(classes, to)->threads;
}

MigrateVerdict drain_passage(const DrainClasses *classes, const StandingVm *vm, unsigned from,
			     unsigned to)
{
	g_autoptr(Migration) migration = NULL;

	if (vm->cpu_pm && !drain_gives_cpu_pm(drain_class(classes, to), vm))
		return MIGRATE_CANNOT;
	migration = drain_foresee(classes, vm, from, to);
	if (drain_threads_differ(classes, vm, from, to))
		return MAX(migration->verdict, MIGRATE_RESTART);
	return migration->verdict;
}

/* All of VM that a passage depends on, in bits. */
static gint64 drain_passage_key(const StandingVm *vm, unsigned from)
{
	unsigned flags = vm->cpu_pm | vm->spec->cpu_pm << 1 | vm->shared << 2 |
			 (vm->spec->threads == THREADS_ISOLATE || vm->spec->vcpus == 1) << 3;

	return from | (gint64)vm->spec->cpu_mode << 8 | (gint64)flags << 16;
}

static DrainReach *drain_reach_new(const DrainClasses *classes, const StandingVm *vm, unsigned from)
{
	DrainReach *reach = g_new0(DrainReach, 1);

	for (unsigned to = 0; to < classes->list->len; to++) {
		MigrateVerdict verdict = drain_passage(classes, vm, from, to);
		guint64 bit = (guint64)1 << to;

		if (verdict == MIGRATE_LIVE)
			reach->live |= bit;
		else if (verdict <= MIGRATE_UNKNOWN)
			reach->unsure |= bit;
		else if (verdict == MIGRATE_RESTART)
			reach->stopped |= bit;
	}
	return reach;
}

DrainReach drain_reach(const DrainClasses *classes, const StandingVm *vm, unsigned from)
{
	gint64 key = drain_passage_key(vm, from);
	DrainReach *known;

	if (vm->device || from >= DRAIN_CLASSES_MOST)
		return (DrainReach){0};
	known = g_hash_table_lookup(classes->known, &key);
	if (!known) {
		known = drain_reach_new(classes, vm, from);
		g_hash_table_insert(classes->known, g_memdup2(&key, sizeof key), known);
	}
	return *known;
}

char *drain_passage_why(const DrainClasses *classes, const StandingVm *vm, unsigned from,
			unsigned to)
{
	g_autoptr(Migration) migration = drain_foresee(classes, vm, from, to);

	if (vm->cpu_pm && !drain_gives_cpu_pm(drain_class(classes, to), vm))
		return g_strdup("it has cpu-pm, which no other node gives it");
	for (unsigned i = 0; i < migration->points->len; i++) {
		const MigratePoint *point = g_ptr_array_index(migration->points, i);

		if (point->verdict == migration->verdict)
			return g_strdup_printf("%s: %s", point->what, point->text);
	}
	return g_strdup("it may go to no other node");
}
