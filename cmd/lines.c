/* SPDX-License-Identifier: MIT */
#include "cmd/lines.h"
#include "topology/base/error.h"
#include "topology/base/file.h"

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
		return "the line has a carriage return; end lines with a line feed only";
	return NULL;
}

static void lines_line(unsigned number, const char *line, size_t length, LineFn *each, void *data)
{
	if (length > LINE_MOST)
		each(data, number, NULL, 0, "the line is longer than 65536 bytes");
	else
		each(data, number, line, length, line_fault(line, length));
}

/* Of bounded length: fgets would not tell a NUL byte from the end. False: there is no end. */
static bool read_file(FILE *file, LineFn *each, void *data)
{
	g_autofree char *buffer = g_malloc(LINE_MOST);
	size_t length = 0, all = 0;
	unsigned number = 0;
	int c;

	while ((c = getc(file)) != EOF) {
		if (++all > LINES_MOST)
			return false;
		if (c != '\n') { /* of a line that is too long the rest is skipped */
			if (length < LINE_MOST)
				buffer[length] = (char)c;
			length++;
			continue;
		}
		lines_line(++number, buffer, length, each, data);
		length = 0;
	}
	if (length)
		lines_line(++number, buffer, length, each, data);
	return true;
}

bool lines_each(const char *text, size_t length, LineFn *each, void *data)
{
	const char *end = text + length;
	unsigned number = 0;

	while (text < end) {
		const char *feed = memchr(text, '\n', (size_t)(end - text));
		const char *stop = feed ? feed : end;

		lines_line(++number, text, (size_t)(stop - text), each, data);
		text = stop + 1;
	}
	return true;
}

bool lines_read(const char *name, LineFn *each, void *data, GError **error)
{
	int fd = file_open(name, FILE_STREAM, error);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	bool good = true;

	errno = 0;
	if (!file) {
		g_prefix_error(error, "%s: ", name);
		return false;
	}
	if (!read_file(file, each, data)) {
		good = file_refuse_size(error, LINES_MOST);
		g_prefix_error(error, "%s: ", name);
	} else if (ferror(file)) {
		good = file_fail(error, errno);
		g_prefix_error(error, "%s: ", name);
	}
	fclose(file);
	return good;
}
