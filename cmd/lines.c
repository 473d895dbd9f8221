/* SPDX-License-Identifier: MIT */
#include "cmd/lines.h"
#include "topology/base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What is wrong with a line before it is looked at as JSON, which would let some of it pass. */
static const char *line_fault(const char *line, size_t length)
{
	if (!length)
		return "the line is blank";
	if (memchr(line, '\0', length))
		return "the line has a NUL byte";
	if (memchr(line, '\r', length))
		return "the line has a carriage return; lines end in a line feed alone";
	return NULL;
}

/* Skip the rest of a line that is too long to hold. */
static void skip_line(FILE *file)
{
	int c;

	while ((c = getc(file)) != EOF && c != '\n')
		;
}

/* Of bounded length: fgets would not tell a NUL byte from the end. */
static void read_file(FILE *file, LineFn *each, void *data)
{
	g_autofree char *buffer = g_malloc(LINE_MOST);
	size_t length = 0;
	int c;

	while ((c = getc(file)) != EOF) {
		if (c == '\n') {
			each(data, buffer, length, line_fault(buffer, length));
			length = 0;
		} else if (length == LINE_MOST) {
			skip_line(file);
			each(data, NULL, 0, "the line is longer than 65536 bytes");
			length = 0;
		} else {
			buffer[length++] = (char)c;
		}
	}
	if (length)
		each(data, buffer, length, line_fault(buffer, length));
}

bool lines_read(const char *name, LineFn *each, void *data, GError **error)
{
	FILE *file = strcmp(name, "-") ? fopen(name, "re") : stdin;
	bool good;

	if (!file)
		return error_errno(error, name);
	errno = 0;
	read_file(file, each, data);
	good = !ferror(file) || error_errno(error, name);
	if (file != stdin)
		fclose(file);
	return good;
}
