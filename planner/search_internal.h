/* SPDX-License-Identifier: MIT */
/* What the files of the packing search share. */
#ifndef PLANNER_SEARCH_INTERNAL_H
#define PLANNER_SEARCH_INTERNAL_H

#include "planner/search.h"

#define SEARCH_NEVER G_MAXUINT

typedef struct Group {
	unsigned node, class, cores;
	unsigned first, n_rooms;
} Group;

typedef struct Kind {
	SearchVm vm;
	uint64_t memory;
	unsigned count;
	unsigned natural;
	unsigned extra;
	unsigned least;
} Kind;

typedef struct Model {
	const SearchProblem *problem;
	unsigned n_classes, n_groups, n_kinds;
	unsigned *threads;
	unsigned *group_of;
	unsigned *group_at;
	unsigned *rooms;
	unsigned *kind_of;
	unsigned *needs;
	Group *groups;
	Kind *kinds;
} Model;

typedef struct Span {
	unsigned kind, class, level;
	uint64_t nodes;
} Span;

#define SEARCH_MAX_SPAN 64

typedef struct Packing {
	unsigned *in_room;
	unsigned *in_group;
	GArray *spans;
	unsigned *placed;
	unsigned *room;
	unsigned *group;
	uint64_t *memory;
} Packing;

Model *model_new(const SearchProblem *problem);
void model_free(Model *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Model, model_free)
unsigned share_cores(const Model *model, const Kind *kind, unsigned class, unsigned k);
uint64_t share_memory(const SearchVm *vm, unsigned k);
bool share_possible(const Model *model, const Kind *kind, unsigned k);

Packing *packing_new(const Model *model);
Packing *packing_copy(const Model *model, const Packing *packing);
void packing_free(Packing *packing);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Packing, packing_free)
bool packing_fits_room(const Model *model, const Packing *packing, unsigned kind, unsigned room);
bool packing_fits_group(const Model *model, const Packing *packing, unsigned kind, unsigned group);
bool packing_fits_share(const Model *model, const Packing *packing, unsigned kind, unsigned class,
			unsigned k, unsigned node);
void packing_add_room(const Model *model, Packing *packing, unsigned kind, unsigned room);
void packing_add_group(const Model *model, Packing *packing, unsigned kind, unsigned group);
void packing_add_span(const Model *model, Packing *packing, Span span);
uint64_t packing_value(const Model *model, const Packing *packing);
unsigned packing_left(const Model *model, const Packing *packing);
uint64_t packing_spare_greedy(const Model *model, const Packing *packing);
uint64_t kind_value(const Model *model, const Kind *kind);
Packing *bestfit(const Model *model);
uint64_t bound_value(const Model *model);
GPtrArray *packing_seats(const Model *model, const Packing *packing);

#endif
