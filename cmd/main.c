/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"
#include "cmd/output.h"
#include "planner/base/nearest.h"
#include "topology/base/error.h"

#include <errno.h>
#include <jansson.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* All commands, in the order of help. */
/* clang-format off */
static const Command *const commands[] = {
	&command_show,
	&command_init,
	&command_plan,
	&command_emit,
	&command_fit,
	&command_fleet,
	&command_diff,
	&command_migrate,
	&command_admit,
	&command_replay,
	&command_explain,
	&command_check,
	&command_measure,
	&command_snapshot,
	&command_adopt,
};
/* clang-format on */

static void print_help(void)
{
	puts("Usage: planner COMMAND [OPTION...]\n\n"
	     "Plans CPU isolation and vCPU pinning of KVM hosts: see planner(1).\n\n"
	     "Commands:");
	for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++)
		printf("  %-10s %s\n", commands[i]->name, commands[i]->help);
	puts("  help       this list, or the help of a command\n\n"
	     "A new host:  init, plan, emit --for HOST -d DIR, its apply.sh on the host, check\n"
	     "Place VMs:   fit --fleet, fit --place -d DIR, diff, emit; fleet before nodes change "
	     "or fail\n"
	     "Audit:       snapshot on the host, check -r, explain; measure; adopt for its "
	     "inventory\n\n"
	     "Exit status: 0 no problem found, "
	     "1 problems were found, 2 could not run.");
}

static const Command *command_find(const char *name)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

/* WORD, and what stands behind its '=', become what may be shown wherever they stand in TEXT. */
static void main_word_show(GString *text, const char *word)
{
	g_autofree char *valid = g_utf8_make_valid(word, -1), *safe = output_safe(word);
	const char *value = strchr(word, '=');

	if (!g_str_equal(valid, safe))
		g_string_replace(text, valid, safe, 0);
	if (value)
		main_word_show(text, value + 1);
}

/* On stderr, a line for each that is wrong: nobody's argument makes one of its own. */
static Status main_report(const GError *error, char **argv)
{
	g_autofree char *valid = g_utf8_make_valid(error->message, -1);
	g_autoptr(GString) text = g_string_new(valid);
	g_auto(GStrv) lines = NULL;

	for (char **word = argv; *word; word++)
		main_word_show(text, *word);
	lines = g_strsplit(text->str, "\n", -1);
	for (unsigned i = 0; lines[i]; i++) {
		g_autofree char *line = output_safe(lines[i]);

		fprintf(stderr, "%s%s\n", i ? "" : "planner: ", line);
	}
	return STATUS_TROUBLE;
}

/* What other tools call it. */
static const char *command_meant(const char *name)
{
	static const struct {
		const char *word, *command;
	} words[] = {
		{"audit", "check"},	 {"validate", "check"},	  {"verify", "check"},
		{"lint", "check"},	 {"apply", "emit"},	  {"render", "emit"},
		{"generate", "emit"},	 {"export", "emit"},	  {"new", "init"},
		{"create", "init"},	 {"import", "adopt"},	  {"discover", "adopt"},
		{"capture", "snapshot"}, {"collect", "snapshot"}, {"capacity", "fit"},
		{"place", "fit"},	 {"why", "explain"},	  {"compare", "diff"},
		{"topology", "show"},	 {"noise", "measure"},	  {"monitor", "measure"},
		{"trace", "measure"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(words); i++)
		if (!strcmp(words[i].word, name))
			return words[i].command;
	return NULL;
}

static Status unknown_command(const char *name)
{
	const char *names[G_N_ELEMENTS(commands) + 1] = {NULL};
	g_autofree char *shown = output_safe(name);
	const char *near = command_meant(name);

	for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++)
		names[i] = commands[i]->name;
	if (!near)
		near = nearest_word(name, names);
	if (near)
		fprintf(stderr, "planner: no command '%s'; did you mean '%s'?\n", shown, near);
	else
		fprintf(stderr, "planner: no command '%s'; see 'planner help'\n", shown);
	return STATUS_TROUBLE;
}

static Status print_command_help(const Command *command)
{
	g_autofree char *text = options_help(command);

	fputs(text, stdout);
	return STATUS_FINE;
}

static Status main_run(const Command *command, char **argv)
{
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) words = g_strdupv(argv); /* parsing takes them apart */
	Options options;
	Status status = STATUS_TROUBLE;

	if (!options_parse(command, argv, &options, &error))
		;
	else if (options.help)
		status = print_command_help(command);
	else
		status = command->run(&options, &error);
	if (error)
		status = main_report(error, words);
	options_clear(command, &options);
	return status;
}

static Status main_help(char **argv)
{
	const Command *command;

	if (!argv[0]) {
		print_help();
		return STATUS_FINE;
	}
	command = command_find(argv[0]);
	return command ? print_command_help(command) : unknown_command(argv[0]);
}

static Status main_dispatch(char **argv)
{
	const Command *command;

	if (!argv[1]) {
		fputs("planner: no command given; see 'planner help'\n", stderr);
		return STATUS_TROUBLE;
	}
	if (!strcmp(argv[1], "help"))
		return main_help(argv + 2);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return main_help(argv + g_strv_length(argv));
	if (!strcmp(argv[1], "--version")) {
		puts("planner " PLANNER_VERSION);
		return STATUS_FINE;
	}
	command = command_find(argv[1]);
	return command ? main_run(command, argv + 1) : unknown_command(argv[1]);
}

/* A full disk or a closed pipe must not end in success. */
static Status close_stdout(Status status)
{
	bool failed = ferror(stdout);

	errno = 0; /* of what was written before nobody knows why it failed */
	if (fclose(stdout) == 0 && !failed)
		return status;
	fprintf(stderr, "planner: cannot write the output%s%s\n", errno ? ": " : "",
		errno ? strerror(errno) : "");
	return STATUS_TROUBLE;
}

/* GLib ends a program that gets no memory, or no thread, as if it were broken. What is
 * still buffered may be half an answer: it stays unwritten. */
static GLogWriterOutput main_log(GLogLevelFlags level, const GLogField *fields, gsize n, void *data)
{
	const char *why = "it cannot go on";

	if (!(level & G_LOG_LEVEL_ERROR))
		return g_log_writer_default(level, fields, n, data);
	for (gsize i = 0; i < n; i++)
		if (g_str_equal(fields[i].key, "MESSAGE"))
			why = fields[i].value;
	if (strstr(why, "failed to allocate") || strstr(why, "out of memory"))
		why = "not enough memory; allow it more (ulimit -v, MemoryMax=)";
	fprintf(stderr, "planner: %s\n", why);
	_exit(STATUS_TROUBLE);
}

int main(int argc, char **argv)
{
	(void)argc;
	g_log_set_writer_func(main_log, NULL, NULL);
	json_set_alloc_funcs(g_malloc, g_free); /* its own loses keys that it gets no memory for */
	setlocale(LC_CTYPE, "");
	g_set_prgname("planner");
	signal(SIGXFSZ, SIG_IGN); /* past ulimit -f a write fails, with a word, instead */
	return close_stdout(main_dispatch(argv));
}
