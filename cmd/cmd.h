/* SPDX-License-Identifier: MIT */
/*
 * Commands. This layer alone prints, exits and writes files.
 *
 * To add a command: 1. cmd/NAME.c with a `const Command command_NAME`; 2. its line below and in the
 * table of main.c; 3. its options: flags of options.h, and a table of its own; 4. its page
 * man/planner-NAME.1, named in planner.1 (a test compares); completion asks the program.
 */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include "cmd/options.h"

#include <glib.h>

/* The exit status of every command. */
typedef enum Status {
	STATUS_FINE = 0,
	STATUS_BAD_NEWS = 1, /* the answer is bad news: does not fit, findings */
	STATUS_TROUBLE = 2,  /* could not do the job: usage, unreadable input */
} Status;

struct Command {
	const char *name;
	const char *help;      /* one line */
	const char *arguments; /* after the options in the usage line: "NAME…", or "" */
	unsigned options;      /* OPTION_… it shares with others */
	const OptionRow *own;  /* those of its own, ended by a row of NULL; NULL = none */
	const char *example;
	const char *before, *after; /* what is done before and after it, a line each */
	/* Turn words of its own options into values; NULL = it has none of these. */
	bool (*decide)(Options *options, GError **error);
	/* A Status; or, with ERROR set, STATUS_TROUBLE. */
	Status (*run)(const Options *options, GError **error);
};

extern const Command command_show, command_plan, command_emit, command_replay, command_explain,
	command_snapshot, command_check, command_fit, command_diff, command_migrate, command_adopt,
	command_init, command_measure, command_fleet, command_admit;

#endif
