/* SPDX-License-Identifier: MIT */
#include "planner/inventory/vm_name.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

#define NAME_MAX_BYTES 128 /* libvirt keeps NAME.xml and NAME.pid: far below a file name's 255 */

/* Printable, and no separator of lines: some tools end a line there. */
static bool vm_name_shows(gunichar c)
{
	GUnicodeType type = g_unichar_type(c);

	return g_unichar_isprint(c) && type != G_UNICODE_LINE_SEPARATOR &&
	       type != G_UNICODE_PARAGRAPH_SEPARATOR;
}

const char *vm_name_fault(const char *name)
{
	if (!*name)
		return "is empty";
	if (!name[strspn(name, " ")])
		return "is blank";
	if (strlen(name) > NAME_MAX_BYTES)
		return "is longer than 128 bytes";
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return "is a directory's name";
	for (const char *c = name; *c; c = g_utf8_next_char(c)) {
		if (*c == '/')
			return "has a '/', which libvirt refuses";
		if (!vm_name_shows(g_utf8_get_char(c)))
			return "has a character that cannot be printed";
	}
	return NULL;
}
