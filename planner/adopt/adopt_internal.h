/* SPDX-License-Identifier: MIT */
/* What the files of adoption share; nobody else includes this. */
#ifndef PLANNER_ADOPT_ADOPT_INTERNAL_H
#define PLANNER_ADOPT_ADOPT_INTERNAL_H

#include "planner/adopt/adopt.h"
#include "planner/check/rules_found.h"

typedef struct Adopter {
	const Facts *facts;
	const Host *host;
	Audit *audit; /* without a plan: what is, and what it means */
	Adoption *adoption;
	Inventory *inventory; /* the adoption's */
	CpuSet isolated;      /* meant to be isolated, whole cores */
	CpuSet others;	      /* the other online CPUs */
	CpuSet pinned;	      /* CPUs that dedicated VMs are pinned to */
	GPtrArray *vms;	      /* of AdoptVm, those of the inventory, in its order */
} Adopter;

typedef struct AdoptVm {
	const AuditVm *vm;
	VmSpec *spec;  /* the inventory's */
	char *section; /* "vm NAME" */
	CpuSet floats; /* where its vCPUs float; NULL = pinned, or not known where */
	bool loose;    /* they do because nobody says where */
} AdoptVm;

typedef enum Certainty {
	SEEN,	 /* it is so */
	GUESSED, /* made of what was seen */
	LOST,	 /* cannot be expressed */
	UNREAD,	 /* could not be read */
} Certainty;

/* adopt.c: with nothing in it; adoption_free(). */
Adoption *adoption_new(void);

/* adopter.c: a note on KEY of SECTION, as InventoryNote has them; FORMAT is printf's. */
G_GNUC_PRINTF(5, 6)
void adopt_note(Adopter *a, Certainty certainty, const char *section, const char *key,
		const char *format, ...);
/* The same with a line that stands there as a comment. */
G_GNUC_PRINTF(6, 7)
void adopt_offer(Adopter *a, Certainty certainty, const char *section, const char *key,
		 const char *offer, const char *format, ...);

/* TEXT, at most 80 characters of it: names and values may have any length. Yours. */
char *adopt_short(const char *text);

/* Would the parser take the line "KEY = VALUE" in a section of this name? */
bool adopt_parses(const char *section, const char *key, const char *value);

/* adopt_roles.c: which cores are isolated, before the VMs; who has them, after. */
void adopt_isolated(Adopter *a);
void adopt_roles(Adopter *a);
/* adopt_vms.c: the VMs. */
void adopt_vms(Adopter *a);
/* adopt_policy.c: pins or where it floats, of one of them. */
void adopt_policy(Adopter *a, AdoptVm *vm);
/* The CPUs, in vCPU order, that XML pins vCPUs of GUEST to, one each, or, where there is none, that
 * its threads are on; NULL = they are not. Yours. */
GArray *adopt_pins(const Adopter *a, const Guest *guest);
/* vCPUs that are there, each with its thread. */
unsigned adopt_vcpus(const Guest *guest);
/* adopt_kernel.c: [node] and [kernel]. */
void adopt_node(Adopter *a);
void adopt_kernel(Adopter *a);
/* adopt_prove.c: plan the inventory, and note where the plan is not what was found. */
void adopt_prove(Adopter *a);

#endif
