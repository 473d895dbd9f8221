/* SPDX-License-Identifier: MIT */
#include "cmd/next.h"
#include "cmd/output.h"

#include <stdio.h>
#include <unistd.h>

bool next_wanted(void)
{
	return isatty(STDERR_FILENO);
}

void next_say(const char *format, ...)
{
	va_list arguments;
	g_autofree char *line = NULL, *safe = NULL;

	if (!next_wanted())
		return;
	va_start(arguments, format);
	line = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	safe = output_safe(line);
	fprintf(stderr, "planner: next: %s\n", safe);
}

static void next_add(GString *text, const char *option, const char *value)
{
	g_autofree char *quoted = value ? g_shell_quote(value) : NULL;

	if (value)
		g_string_append_printf(text, " %s %s", option, quoted);
}

char *next_inputs(const Options *options)
{
	GString *text = g_string_new(NULL);

	next_add(text, "-i", options->inventory);
	next_add(text, "-t", options->topology);
	next_add(text, "-p", options->plan);
	next_add(text, "-c", options->connect);
	next_add(text, "--prefer", options->prefer_word);
	next_add(text, "--effort", options->effort_word);
	next_add(text, "--moves", options->moves_word);
	next_add(text, "--keep", options->keep);
	return g_string_free(text, FALSE);
}
