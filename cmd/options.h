/* SPDX-License-Identifier: MIT */
/*
 * The command line. An option that several commands take is a row in options.c with a flag here;
 * one of a single command is a row beside that command. To add an option: the row, its field below,
 * man/planner.1 or the command's own page, and the synopsis of the page of each that takes it.
 */
#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include "planner/search/search.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct Command Command;

/* A bit each. */
enum {
	OPTION_INVENTORY = 1 << 0,
	OPTION_TOPOLOGY = 1 << 1,
	OPTION_PLAN = 1 << 2,
	OPTION_CONNECT = 1 << 3,
	OPTION_PREFER = 1 << 4,
	OPTION_MOVES = 1 << 5,
	OPTION_KEEP = 1 << 6,
	OPTION_TEMPLATES = 1 << 7,
	OPTION_ROOT = 1 << 8,
	OPTION_DOMAINS = 1 << 9,
	OPTION_COUNTERS = 1 << 10,
	OPTION_JSON = 1 << 11,
	OPTION_COLOR = 1 << 12,
	OPTION_OWN = 1 << 30,	  /* where a command's own rows stand among these */
	OPTION_ALWAYS = 1u << 31, /* --help */
};
/* Where a plan comes from. */
#define OPTION_SOURCES (OPTION_INVENTORY | OPTION_TOPOLOGY | OPTION_PLAN | OPTION_CONNECT)

typedef struct Options {
	char *inventory, *topology, *plan, *connect, *output, *templates;
	/* As given; checked and turned into the three below. */
	char *color_word, *prefer_word, *effort_word;
	bool color; /* of stdout */
	Prefer prefer;
	uint64_t budget; /* of the search, in steps; 0 = the default */
	char *directory, *diff, *merge;
	char *root, *domains; /* what is audited or captured */
	char *rule_words, *skip_words, *fail_on, *format;
	char *target;			  /* of emit --for */
	char *since, *waivers, *measured; /* of check */
	gboolean strict, counters, brief, verbose;
	gboolean json, list_names, all, help;
	bool csv, html, svg;			       /* --format csv, html, svg */
	char *from, *from_topology, *to, *to_topology; /* of migrate */
	gboolean xml, planned;
	char *guard;	   /* of admit */
	gboolean script;   /* of snapshot */
	gboolean commands; /* of diff */
	char *for_word;	   /* of measure */
	gboolean compare, noise;
	char *moves_word, *keep;
	unsigned moves;		/* VMs that may move */
	char **vms, **what_ifs; /* NULL, or ended by NULL */
	char *mix;
	char *fleet, *place, *threads_word, *kind;
	char *failures_word, *at_once_word, *canary_word;
	unsigned at_once, canary; /* nodes of a wave, 0 = not said */
	unsigned failures;	  /* nodes lost at once */
	unsigned threads;	  /* 0 = as many as CPUs */
	char **arguments;	  /* what is not an option; never NULL */
} Options;

/* An option as it is given, and as help shows it. */
typedef struct OptionRow {
	char letter; /* 0 = none */
	const char *name;
	const char *value; /* what it takes, NULL for a switch */
	size_t field;	   /* in Options: char *, char ** or gboolean */
	const char *help;
	bool many; /* it may be given again: the field is a char **, NULL or ended by NULL */
} OptionRow;

/*
 * Parse ARGV (its first element is the command's name) into OPTIONS. False with
 * PLANNER_ERROR_USAGE. Clear OPTIONS in both cases.
 */
bool options_parse(const Command *command, char **argv, Options *options, GError **error);
void options_clear(const Command *command, Options *options);

/* The number that WORD, given to --OPTION, is, from LEAST to MOST; 0 where WORD is NULL. False with
 * PLANNER_ERROR_USAGE. */
bool options_number(const char *option, const char *word, unsigned least, unsigned most,
		    unsigned *number, GError **error);

/* Which of NAMES, "people" and "json" and then others, ended by NULL, --format or --json asks
 * COMMAND for: its position. False with PLANNER_ERROR_USAGE. */
bool options_form(const Options *options, const Command *command, const char *const *names,
		  unsigned *form, GError **error);

/*
 * Set ERROR to a PLANNER_ERROR_USAGE: TEXT, which is a printf format, and that the help of COMMAND
 * says more (NULL: TEXT says what to do). False, so that a check can `return options_refuse(…)`.
 */
G_GNUC_PRINTF(3, 4)
bool options_refuse(GError **error, const Command *command, const char *text, ...);

/* The help of COMMAND, yours. */
char *options_help(const Command *command);

#endif
