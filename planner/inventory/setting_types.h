/* SPDX-License-Identifier: MIT */
/*
 * What settings can be. Each says the C type of its field; all but the requests for cores may be
 * written to documents.
 *
 * To add one: its functions and its row in the file of its kind; its line here.
 */
#ifndef PLANNER_INVENTORY_SETTING_TYPES_H
#define PLANNER_INVENTORY_SETTING_TYPES_H

#include "planner/inventory/setting.h"

/* setting_numbers.c; all are written from `least` to `most` */
extern const SettingType setting_number, /* unsigned */
	setting_ratio,			 /* double; 0 = not said */
	setting_index;			 /* int, of a NUMA node or socket; -1 = any */

/* setting_sizes.c: uint64_t, bytes */
extern const SettingType setting_memory, /* 0 = not said */
	setting_page;			 /* 0 = none */

/* setting_words.c */
extern const SettingType setting_choice, /* an enum, whose values `words` names in their order */
	setting_yes_no,			 /* bool */
	setting_auto_off,		 /* bool, of what is never said to be on */
	setting_tristate;		 /* Tristate; yes, no or not said */
/* The position of the value in WORDS, ended by NULL; -1 and a fault where it is not there. */
int setting_read_word(SettingInput *input, const char *const *words);

/* setting_texts.c */
extern const SettingType setting_name, /* char *, shown and put into XML; NULL = not said */
	setting_version,	       /* char *; NULL = not said */
	setting_vcpu_cpus, /* GArray * of unsigned, a CPU for each vCPU in order; NULL = not said */
	setting_devices,   /* char **; NULL = not said */
	setting_flags,	   /* char **, of isolcpus; NULL = not said */
	setting_parameters; /* char **, of the kernel line; NULL = none */

/* setting_apart.c */
extern const SettingType setting_apart; /* Apart; no group = not said */

/* setting_vcpus.c */
extern const SettingType setting_vcpus, /* hwloc_bitmap_t, of vCPU numbers; NULL = not said */
	setting_scheduler;		/* Scheduler; real-time, or not said */

/* setting_cores.c: CoreRequest, one setting for each way to make it */
extern const SettingType setting_cores, /* one number */
	setting_place_cores,		/* a number for each socket or node, or for some */
	setting_cores_cpus;

/* Read VALUE as the inventory's text, for a type's from_json. */
bool setting_from_text(const Setting *setting, const json_t *value, void *field);
/* The value as a list of numbers that is not empty, yours; NULL and a fault where it is none. */
hwloc_bitmap_t setting_read_set(SettingInput *input);
/* CPUs in vCPU order, "10,46,11-12", as `cpus =` takes them. Yours. */
char *setting_cpus_text(const GArray *cpus);

#endif
