/* SPDX-License-Identifier: MIT */
/*
 * What becomes of VMs when their nodes are lost: which restart where, and which nowhere.
 *
 * The other nodes' VMs stay where they are. Largest first, each VM goes where it leaves the least
 * room; where that leaves some out, counting says how many must stay out at least: of VMs of so
 * many cores and so much memory no more fit than the free rooms hold copies of that size. In a
 * fleet of few rooms all choices are tried as well. Shared VMs are left out: they take no cores.
 */
#ifndef PLANNER_FLEET_LOSS_H
#define PLANNER_FLEET_LOSS_H

#include "planner/fleet/space.h"

typedef struct LossVm {
	const StandingVm *vm;
	unsigned from; /* its host: position */
	GArray *parts; /* of SpacePart: where it restarts; NULL = nowhere */
	char *why;     /* then; one line */
} LossVm;

static inline const LossVm *loss_vm_at(const GPtrArray *vms, unsigned i)
{
	return g_ptr_array_index(vms, i);
}

/* "survives", "fails", "unknown". */
typedef enum LossVerdict { LOSS_SURVIVES, LOSS_FAILS, LOSS_UNKNOWN } LossVerdict;
extern const char *const loss_names[];

typedef struct Loss {
	GPtrArray *vms; /* of LossVm, large first */
	unsigned left;	/* that restart nowhere */
	bool unsure;	/* some ask for a kind of cores, or to be apart: that is not looked at */
	unsigned least; /* no way leaves out fewer */
} Loss;

/* What is counted once for a fleet. */
typedef struct LossBook LossBook;
/* SPACE is borrowed, and nothing is taken of it. Yours. */
LossBook *loss_book_new(Space *space);
void loss_book_free(LossBook *book);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LossBook, loss_book_free)

/* MEMBERS (of unsigned, hosts) are lost at once. Leaves the space as it was. Yours. */
Loss *loss_new(LossBook *book, const GArray *members);
void loss_free(Loss *loss);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Loss, loss_free)
LossVerdict loss_verdict(const Loss *loss);

/* Why VM has no place on the hosts of SPACE that are not lost: one line, yours. */
char *loss_why(const Space *space, const StandingVm *vm);

/* Of loss_new(): no choice leaves out fewer of VMS (of LossVm) than this, by counting
 * (loss_count.c). */
typedef struct LossCount LossCount;
LossCount *loss_count_new(const Space *space);
void loss_count_free(LossCount *count);
unsigned loss_count_least(LossCount *count, const GPtrArray *vms, const GArray *members);
/* Of loss_new(): try choices of rooms until one leaves out no more than LOSS->least (which rises
 * when all were tried), or steps run out (loss_search.c). Takes nothing in the end. */
void loss_search(Space *space, Loss *loss);
/* May one of VMS (of LossVm) be over several NUMA nodes of a host that is not lost? */
bool loss_may_span(const Space *space, const GPtrArray *vms);

#endif
