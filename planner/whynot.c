/* SPDX-License-Identifier: MIT */
/* Why a VM was not placed: what it needs, what there is, and what would change it. */
#include "planner/place.h"
#include "planner/subject.h"

#include <string.h>

/* The room there is on one node for one VM. */
typedef struct NodeRoom {
	unsigned node;	/* position */
	unsigned need;	/* cores the VM needs there, by the threads of the cores it has */
	unsigned cores; /* free ones of one class */
	bool memory;	/* enough of it is left */
} NodeRoom;

static bool core_left(const Placer *placer, unsigned core)
{
	return g_array_index(placer->plan->roles, Role, core) == ROLE_FREE &&
	       placer->owner[core] == HOST_NONE;
}

/* Free cores of NODE that are like core LIKE: one VM may have them together. */
static unsigned cores_like(const Placer *placer, unsigned node, const Core *like)
{
	unsigned cores = 0;

	for (unsigned i = 0; i < placer->host->cores->len; i++) {
		const Core *core = host_core(placer->host, i);

		cores += core->node == node && core->kind == like->kind &&
			 core->n_cpus == like->n_cpus && core_left(placer, i);
	}
	return cores;
}

/* The best class of NODE: the one that comes closest to holding the VM. */
static NodeRoom node_room(const Placer *placer, unsigned node, const VmSpec *spec)
{
	NodeRoom best = {.node = node, .need = G_MAXUINT};
	uint64_t left = placer->memory[node];

	for (unsigned i = 0; i < placer->host->cores->len; i++) {
		const Core *core = host_core(placer->host, i);
		unsigned need, cores;

		if (core->node != node)
			continue;
		need = search_cores(spec->vcpus, core->n_cpus, spec->threads == THREADS_ISOLATE);
		cores = cores_like(placer, node, core);
		if ((int64_t)need - cores < (int64_t)best.need - best.cores) {
			best.need = need;
			best.cores = cores;
		}
	}
	best.memory = left == UINT64_MAX || left >= place_share_memory(spec, spec->vcpus);
	return best;
}

static bool room_better(const NodeRoom *a, const NodeRoom *b)
{
	int64_t short_a = MAX((int64_t)a->need - a->cores, 0);
	int64_t short_b = MAX((int64_t)b->need - b->cores, 0);

	return short_a != short_b ? short_a < short_b : a->memory && !b->memory;
}

static NodeRoom best_room(const Placer *placer, const VmSpec *spec)
{
	NodeRoom best = {.node = HOST_NONE, .need = G_MAXUINT};

	for (unsigned node = 0; node < placer->host->nodes->len; node++) {
		const NumaNode *numa = host_node(placer->host, node);
		NodeRoom room;

		if (hwloc_bitmap_iszero(numa->cpus) ||
		    (spec->node >= 0 && numa->id != (unsigned)spec->node))
			continue;
		room = node_room(placer, node, spec);
		if (best.node == HOST_NONE || room_better(&room, &best))
			best = room;
	}
	return best;
}

static bool fits_empty(const SearchProblem *problem, const SearchVm *vm)
{
	for (unsigned level = 0; level <= problem->n_nodes; level++)
		if (search_fits_empty(problem, vm, level))
			return true;
	return false;
}

static void report(const Placer *placer, const VmSpec *spec, const char *id, const char *fix,
		   char *text)
{
	g_autofree char *subject = subject_vm(spec->name);

	findings_add(placer->plan->findings, SEVERITY_ERROR, id, subject, fix, "%s", text);
	g_free(text);
}

static void too_large(const Placer *placer, const VmSpec *spec, const NodeRoom *room)
{
	report(placer, spec, "vm.too-large", "make the VM smaller, or give back host or SDK cores",
	       g_strdup_printf(
		       "its %u vCPUs and %" G_GUINT64_FORMAT
		       " MiB of memory fit no way on what the host leaves to VMs, all of it "
		       "empty: one node is %u whole cores for it",
		       spec->vcpus, spec->memory >> 20, room->need));
}

static void no_cores(const Placer *placer, const VmSpec *spec, const NodeRoom *room)
{
	unsigned id = host_node(placer->host, room->node)->id, missing = room->need - room->cores;
	g_autofree char *fix = g_strdup_printf(
		"free %u core%s on node %u: take a VM away, or give back host or SDK cores",
		missing, missing == 1 ? "" : "s", id);

	report(placer, spec, "vm.does-not-fit", fix,
	       g_strdup_printf("needs %u whole cores on one node; the most that are free is %u, on "
			       "node %u: %u missing",
			       room->need, room->cores, id, missing));
}

static void no_memory(const Placer *placer, const VmSpec *spec, const NodeRoom *room)
{
	unsigned id = host_node(placer->host, room->node)->id;

	report(placer, spec, "vm.does-not-fit",
	       "give it or the node's other VMs less memory, or lower [host] memory-per-node",
	       g_strdup_printf("needs %" G_GUINT64_FORMAT
			       " MiB on one node; node %u has the cores, but %" G_GUINT64_FORMAT
			       " MiB left",
			       spec->memory >> 20, id, placer->memory[room->node] >> 20));
}

static void node_missing(const Placer *placer, const VmSpec *spec)
{
	report(placer, spec, "vm.node-absent", "ask for a node that the host has",
	       g_strdup_printf("asks for node %d, which this host does not have", spec->node));
}

void place_why_not(const Placer *placer, const PlanVm *vm, const SearchProblem *problem,
		   unsigned index)
{
	const VmSpec *spec = vm->spec;
	NodeRoom room = best_room(placer, spec);

	if (room.node == HOST_NONE)
		node_missing(placer, spec);
	else if (!fits_empty(problem, &problem->vms[index]))
		too_large(placer, spec, &room);
	else if (room.cores < room.need)
		no_cores(placer, spec, &room);
	else
		no_memory(placer, spec, &room);
}
