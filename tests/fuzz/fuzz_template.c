/* SPDX-License-Identifier: MIT */
/*
 * Any text as a template, after a first line that is the value of every name in it: refused with
 * one clean line, or filled; a value that was made safe brings no character that ends its place.
 */
#include "frame.h"
#include "planner/artifacts/template.h"

static void check_escape(const char *value, TemplateEscape escape, const char *never)
{
	const TemplateValue values[] = {{"name", value, escape}, {0}};
	g_autoptr(GError) error = NULL;
	g_autofree char *text = template_fill("t", "${name}", values, &error);

	frame_check_error(text, error);
	if (text)
		frame_check_clean(text, "");
	g_assert(!text || !strpbrk(text, never));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *bytes = g_strndup((const char *)data, size);
	g_autofree char *input = g_utf8_make_valid(bytes, -1);
	char *end = strchr(input, '\n');
	const char *template = end ? end + 1 : "";

	if (end)
		*end = '\0';
	check_escape(input, TEMPLATE_XML, "<>\"'");
	check_escape(input, TEMPLATE_LINE, "\n\r");
	check_escape(input, TEMPLATE_KERNEL, "\n\r\"'`$\\");
	for (unsigned i = TEMPLATE_XML; i < TEMPLATE_RAW; i++) {
		const TemplateValue values[] = {{"name", input, i}, {"a.b", "x", i}, {0}};
		g_autoptr(GError) error = NULL;
		g_autofree char *text = template_fill("t", template, values, &error);

		frame_check_error(text, error);
	}
	return 0;
}
