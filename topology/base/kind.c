/* SPDX-License-Identifier: MIT */
#include "topology/base/kind.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

#define KIND_HEAD 4096 /* bytes that are looked at */

const char *const kind_names[] = {
	[KIND_UNKNOWN] = "",
	[KIND_TOPOLOGY] = "hwloc XML (a topology: -t)",
	[KIND_DOMAIN] = "the XML of a libvirt domain",
	[KIND_XML] = "XML",
	[KIND_TAR] = "an archive (a capture: -r)",
	[KIND_ZIP] = "a spreadsheet or zip file (save it as CSV)",
	[KIND_UTF16] = "UTF-16 text (save it as UTF-8)",
	[KIND_INVENTORY] = "an inventory (-i)",
	[KIND_DOCUMENT] = "a document that planner wrote (a plan: -p)",
	[KIND_REPORT] = "a report of check (an earlier one: --since)",
	[KIND_JSON] = "JSON",
	[KIND_CSV] = "CSV",
};

static bool kind_begins(const char *text, size_t length, const char *magic, size_t n)
{
	return length >= n && !memcmp(text, magic, n);
}

static FileKindFound kind_of_bytes(const char *text, size_t length)
{
	if (kind_begins(text, length, "\x1f\x8b", 2) ||
	    kind_begins(text, length,
			"\xfd"
			"7zXZ",
			5) ||
	    kind_begins(text, length, "BZh", 3) ||
	    kind_begins(text, length, "\x28\xb5\x2f\xfd", 4) ||
	    (length > 262 && !memcmp(text + 257, "ustar", 5)))
		return KIND_TAR;
	if (kind_begins(text, length, "PK\3\4", 4) ||
	    kind_begins(text, length, "\xd0\xcf\x11\xe0", 4))
		return KIND_ZIP;
	if (kind_begins(text, length, "\xff\xfe", 2) || kind_begins(text, length, "\xfe\xff", 2))
		return KIND_UTF16;
	return KIND_UNKNOWN;
}

/* The first line of HEAD that is neither blank nor a comment of an inventory. */
static const char *kind_first_line(const char *head)
{
	for (;;) {
		head += strspn(head, " \t\r\n");
		if (*head != ';' && *head != '#')
			return head;
		head += strcspn(head, "\n");
	}
}

static FileKindFound kind_of_xml(const char *head)
{
	if (strstr(head, "<topology"))
		return KIND_TOPOLOGY;
	return strstr(head, "<domain") ? KIND_DOMAIN : KIND_XML;
}

/* Words with commas, semicolons or tabs between, none of them a number or a setting's. */
static bool kind_is_header(const char *line)
{
	size_t length = strcspn(line, "\r\n");
	g_autofree char *header = g_strndup(line, length);

	return length && header[strcspn(header, ",;\t")] && !strpbrk(header, "=[]{}") &&
	       g_ascii_isalpha(header[*header == '"']);
}

FileKindFound kind_of_text(const char *text, size_t length)
{
	FileKindFound kind = kind_of_bytes(text, length);
	g_autofree char *head = g_strndup(text, MIN(length, KIND_HEAD));
	const char *line =
		kind_first_line(g_str_has_prefix(head, "\xef\xbb\xbf") ? head + 3 : head);
	const char *after = line + 1;

	if (kind != KIND_UNKNOWN)
		return kind;
	if (*line == '<')
		return kind_of_xml(head);
	if (*line == '[' && g_ascii_isalpha(*after))
		return KIND_INVENTORY;
	if (*line == '{' && strstr(line, "\"format\"") && strstr(line, "\"planner-"))
		return strstr(line, "\"planner-check/") ? KIND_REPORT : KIND_DOCUMENT;
	if (*line == '{' || *line == '[')
		return KIND_JSON;
	return kind_is_header(line) ? KIND_CSV : KIND_UNKNOWN;
}
