/* SPDX-License-Identifier: MIT */
/*
 * The command line: every option of every command is a row in options.c, and a command says which
 * it takes. To add an option: a flag and a field here, a row there, man/planner.1.
 */
#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include "planner/search/search.h"

#include <glib.h>
#include <stdbool.h>

typedef struct Command Command;

/* A bit each: a new one at the end, one higher. */
enum {
	OPTION_INVENTORY = 1 << 0,
	OPTION_TOPOLOGY = 1 << 1,
	OPTION_PLAN = 1 << 2,
	OPTION_CONNECT = 1 << 3,
	OPTION_JSON = 1 << 4,
	OPTION_COLOR = 1 << 5,
	OPTION_OUTPUT = 1 << 6, /* -o PLAN */
	OPTION_PREFER = 1 << 7,
	OPTION_TEMPLATES = 1 << 8,
	OPTION_LIST_NAMES = 1 << 9,
	OPTION_ALL = 1 << 10,
	OPTION_DIRECTORY = 1 << 11,
	OPTION_DIFF = 1 << 12,
	OPTION_MERGE = 1 << 13,
	OPTION_SKIP = 1 << 14,
	OPTION_ROOT = 1 << 15,
	OPTION_DOMAINS = 1 << 16,
	OPTION_CHECK = 1 << 17, /* --rule, --skip, --fail-on, --strict, --format, -o REPORT */
	OPTION_COUNTERS = 1 << 18,
	OPTION_SNAPSHOT = 1 << 19, /* -o FILE.tar */
	OPTION_ADOPT = 1 << 20,	   /* -o INVENTORY */
	OPTION_MOVES = 1 << 21,
	OPTION_KEEP = 1 << 22,
	OPTION_FIT = 1 << 23,	  /* --vm, --mix, --what-if */
	OPTION_FLEET = 1 << 24,	  /* --fleet, --place, --threads */
	OPTION_MIGRATE = 1 << 25, /* --from, --to, their topologies, --merge, --xml */
	OPTION_ROLLOUT = 1 << 26, /* --commands, -o NEW-PLAN */
	OPTION_ALWAYS = 1u << 31, /* --help */
};
/* Where a plan comes from. */
#define OPTION_SOURCES (OPTION_INVENTORY | OPTION_TOPOLOGY | OPTION_PLAN | OPTION_CONNECT)

typedef struct Options {
	char *inventory, *topology, *plan, *connect, *output, *templates;
	char *color_word, *prefer_word; /* as given; checked and turned into the two below */
	bool color;			/* of stdout */
	Prefer prefer;
	char *directory, *diff, *merge;
	char *root, *domains; /* what is audited or captured */
	char *rule_words, *skip_words, *fail_on, *format;
	gboolean strict, counters;
	gboolean json, list_names, all, help;
	char *from, *from_topology, *to, *to_topology; /* of migrate */
	gboolean xml;
	gboolean commands; /* of diff */
	char *moves_word, *keep;
	unsigned moves;		/* VMs that may move */
	char **vms, **what_ifs; /* NULL, or ended by NULL */
	char *mix;
	char *fleet, *place, *threads_word;
	unsigned threads; /* 0 = as many as CPUs */
	char **arguments; /* what is not an option; never NULL */
} Options;

/*
 * Parse ARGV (its first element is the command's name) into OPTIONS. False with
 * PLANNER_ERROR_USAGE. Clear OPTIONS in both cases.
 */
bool options_parse(const Command *command, char **argv, Options *options, GError **error);
void options_clear(Options *options);

/*
 * Set ERROR to a PLANNER_ERROR_USAGE: TEXT, which is a printf format, and that the help of COMMAND
 * says more (NULL: TEXT says what to do). False, so that a check can `return options_refuse(…)`.
 */
G_GNUC_PRINTF(3, 4)
bool options_refuse(GError **error, const Command *command, const char *text, ...);

/* The help of COMMAND, yours. */
char *options_help(const Command *command);

#endif
