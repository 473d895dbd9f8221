/* SPDX-License-Identifier: MIT */
/* Settings that are sizes in bytes. */
#include "planner/base/size.h"
#include "planner/inventory/setting_types.h"

#include <string.h>

/* Who writes fewer bytes than this forgot the unit. */
#define MEMORY_LEAST (UINT64_C(1) << 20)

static void setting_memory_parse(const Setting *setting, SettingInput *input, void *field)
{
	const char *text = input->text;
	uint64_t bytes;

	(void)setting;
	if (!size_parse(text, &bytes) || !bytes)
		setting_refuse(input,
			       "'%s' is not a size: write a number and K, M, G or T, such as 8G",
			       text);
	else if (bytes < MEMORY_LEAST && g_ascii_isdigit(text[strlen(text) - 1]))
		setting_refuse(input, "'%s' is a number of bytes; did you mean %s%c?", text, text,
			       bytes < 4096 ? 'G' : 'M');
	else
		*(uint64_t *)field = bytes;
}

static char *setting_size_text(const Setting *setting, const void *field)
{
	uint64_t bytes = *(const uint64_t *)field;

	(void)setting;
	return bytes ? size_format(bytes) : NULL;
}

static json_t *setting_memory_to_json(const Setting *setting, const void *field)
{
	(void)setting;
	return json_integer((json_int_t) * (const uint64_t *)field);
}

static bool setting_memory_from_json(const Setting *setting, const json_t *value, void *field)
{
	json_int_t bytes = json_integer_value(value);

	(void)setting;
	if (!json_is_integer(value) || bytes < 0 || (uint64_t)bytes > SIZE_LIMIT)
		return false;
	*(uint64_t *)field = (uint64_t)bytes;
	return true;
}

static char *setting_memory_wanted(const Setting *setting, bool asked)
{
	(void)setting;
	return asked ? g_strdup("a size such as \"8G\"")
		     : g_strdup_printf("a whole number up to %" G_GUINT64_FORMAT, SIZE_LIMIT);
}

const SettingType setting_memory = {
	.parse = setting_memory_parse,
	.text = setting_size_text,
	.to_json = setting_memory_to_json,
	.from_json = setting_memory_from_json,
	.wanted = setting_memory_wanted,
	.asked = JSON_STRING,
};

/* Sizes some architecture has huge pages of: powers of two from 16K (arm64 contiguous) to 16G
 * (ppc64). */
static bool setting_page_valid(uint64_t page)
{
	return !(page & (page - 1)) && page >= UINT64_C(1) << 14 && page <= UINT64_C(1) << 34;
}

static void setting_page_parse(const Setting *setting, SettingInput *input, void *field)
{
	uint64_t page = 0;

	(void)setting;
	if (size_parse(input->text, &page) && setting_page_valid(page))
		*(uint64_t *)field = page;
	else
		setting_refuse(input, "'%s' is not a huge page size such as 2M or 1G", input->text);
}

static json_t *setting_page_to_json(const Setting *setting, const void *field)
{
	return *(const uint64_t *)field ? setting_memory_to_json(setting, field) : json_null();
}

static bool setting_page_from_json(const Setting *setting, const json_t *value, void *field)
{
	uint64_t page = 0;

	if (json_is_null(value))
		return true;
	if (!setting_memory_from_json(setting, value, &page) || !setting_page_valid(page))
		return false;
	*(uint64_t *)field = page;
	return true;
}

static char *setting_page_wanted(const Setting *setting, bool asked)
{
	(void)setting;
	(void)asked;
	return g_strdup("a page size");
}

const SettingType setting_page = {
	.parse = setting_page_parse,
	.text = setting_size_text,
	.to_json = setting_page_to_json,
	.from_json = setting_page_from_json,
	.wanted = setting_page_wanted,
	.asked = JSON_STRING,
};
