/* SPDX-License-Identifier: MIT */
#include "planner/fleet/drain_ground.h"

#include <string.h>

struct DrainGrounds {
	GPtrArray *list;   /* of DrainGround */
	GHashTable *known; /* what drain_passages() answered, by what it depends on */
};

static void drain_ground_free(gpointer data)
{
	DrainGround *ground = data;

	plan_free(ground->bare);
	g_free(ground);
}

DrainGrounds *drain_grounds_new(void)
{
	DrainGrounds *grounds = g_new0(DrainGrounds, 1);

	grounds->list = g_ptr_array_new_with_free_func(drain_ground_free);
	grounds->known = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	return grounds;
}

void drain_grounds_free(DrainGrounds *grounds)
{
	g_ptr_array_unref(grounds->list);
	g_hash_table_unref(grounds->known);
	g_free(grounds);
}

const DrainGround *drain_ground(const DrainGrounds *grounds, unsigned ground)
{
	return g_ptr_array_index(grounds->list, ground);
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

unsigned drain_ground_of(DrainGrounds *grounds, const Standing *standing, unsigned threads)
{
	DrainGround *ground;
	unsigned i;

	for (i = 0; i < grounds->list->len; i++) {
		ground = g_ptr_array_index(grounds->list, i);
		if (ground->threads == threads && drain_standings_alike(ground->standing, standing))
			return i;
	}
	if (i == DRAIN_GROUNDS_MOST)
		return i;
	ground = g_new0(DrainGround, 1);
	ground->standing = standing;
	ground->threads = threads;
	ground->bare = plan_new(standing->host);
	node_spec_free(ground->bare->node);
	ground->bare->node = node_spec_copy(standing->node);
	g_ptr_array_add(grounds->list, ground);
	return i;
}

/* Does the node alone give VM cpu-pm? */
static bool drain_gives_cpu_pm(const DrainGround *ground, const StandingVm *vm)
{
	return !vm->shared && vm->spec->cpu_pm &&
	       ground->standing->modes & (1u << vm->spec->cpu_mode);
}

static Migration *drain_foresee(const DrainGrounds *grounds, const StandingVm *vm, unsigned from,
				unsigned to)
{
	const DrainGround *here = drain_ground(grounds, from), *there = drain_ground(grounds, to);

	return migrate_foresee(here->bare, there->bare, vm->spec, vm->cpu_pm,
			       drain_gives_cpu_pm(there, vm));
}

/* The guest was told how many threads its cores have. */
static bool drain_threads_differ(const DrainGrounds *grounds, const StandingVm *vm, unsigned from,
				 unsigned to)
{
	return !vm->shared && vm->spec->threads != THREADS_ISOLATE && vm->spec->vcpus > 1 &&
	       drain_ground(grounds, from)->threads != drain_ground(grounds, to)->threads;
}

MigrateVerdict drain_passage(const DrainGrounds *grounds, const StandingVm *vm, unsigned from,
			     unsigned to)
{
	g_autoptr(Migration) migration = NULL;

	if (vm->cpu_pm && !drain_gives_cpu_pm(drain_ground(grounds, to), vm))
		return MIGRATE_CANNOT;
	migration = drain_foresee(grounds, vm, from, to);
	if (drain_threads_differ(grounds, vm, from, to))
		return MAX(migration->verdict, MIGRATE_RESTART);
	return migration->verdict;
}

/* All of VM that a passage depends on, in bits, with the question itself. */
static gint64 drain_passage_key(const StandingVm *vm, unsigned from, MigrateVerdict most)
{
	unsigned flags = vm->cpu_pm | vm->spec->cpu_pm << 1 | vm->shared << 2 |
			 (vm->spec->threads == THREADS_ISOLATE || vm->spec->vcpus == 1) << 3;

	return from | (gint64)vm->spec->cpu_mode << 8 | (gint64)flags << 16 | (gint64)most << 24;
}

guint64 drain_passages(const DrainGrounds *grounds, const StandingVm *vm, unsigned from,
		       MigrateVerdict most)
{
	gint64 key = drain_passage_key(vm, from, most);
	guint64 *bits = g_hash_table_lookup(grounds->known, &key);

	if (bits)
		return *bits;
	bits = g_new0(guint64, 1);
	for (unsigned to = 0; to < grounds->list->len; to++)
		if (drain_passage(grounds, vm, from, to) <= most)
			*bits |= (guint64)1 << to;
	g_hash_table_insert(grounds->known, g_memdup2(&key, sizeof key), bits);
	return *bits;
}

char *drain_passage_why(const DrainGrounds *grounds, const StandingVm *vm, unsigned from,
			unsigned to)
{
	g_autoptr(Migration) migration = drain_foresee(grounds, vm, from, to);

	if (vm->cpu_pm && !drain_gives_cpu_pm(drain_ground(grounds, to), vm))
		return g_strdup("it has cpu-pm, which no other node gives it");
	for (unsigned i = 0; i < migration->points->len; i++) {
		const MigratePoint *point = g_ptr_array_index(migration->points, i);

		if (point->verdict == migration->verdict)
			return g_strdup_printf("%s: %s", point->what, point->text);
	}
	return g_strdup("it may go to no other node");
}
