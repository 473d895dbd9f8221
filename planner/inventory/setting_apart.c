/* SPDX-License-Identifier: MIT */
/* The setting that keeps VMs apart: a group's name and what no two of it may share. */
#include "planner/inventory/inventory.h"
#include "planner/inventory/setting_types.h"
#include "planner/inventory/vm_name.h"

#include <string.h>

const char *const apart_by_names[] = {"socket", "node", "l3", NULL};

static void setting_apart_parse(const Setting *setting, SettingInput *input, void *field)
{
	const char *colon = strrchr(input->text, ':');
	SettingInput by = {colon ? colon + 1 : "node", input->line, input->faults};
	g_autofree char *group =
		g_strndup(input->text, colon ? (size_t)(colon - input->text) : strlen(input->text));
	const char *fault = vm_name_fault(group);
	int word;

	(void)setting;
	if (fault) {
		setting_refuse(input, "the group's name %s; write GROUP:socket, such as web:socket",
			       fault);
		return;
	}
	word = setting_read_word(&by, apart_by_names);
	if (word < 0)
		return;
	g_free(((Apart *)field)->group);
	*(Apart *)field = (Apart){g_steal_pointer(&group), (ApartBy)word};
}

static char *setting_apart_text(const Setting *setting, const void *field)
{
	const Apart *apart = field;

	(void)setting;
	return apart->group ? g_strdup_printf("%s:%s", apart->group, apart_by_names[apart->by])
			    : NULL;
}

static json_t *setting_apart_to_json(const Setting *setting, const void *field)
{
	g_autofree char *text = setting_apart_text(setting, field);

	return text ? json_string(text) : json_null();
}

static char *setting_apart_wanted(const Setting *setting, bool asked)
{
	(void)setting;
	(void)asked;
	return g_strdup("a group, alone or with :socket, :node or :l3, such as \"web:socket\"");
}

static void setting_apart_own(void *field)
{
	((Apart *)field)->group = g_strdup(((Apart *)field)->group);
}

static void setting_apart_clear(void *field)
{
	g_clear_pointer(&((Apart *)field)->group, g_free);
}

const SettingType setting_apart = {
	.parse = setting_apart_parse,
	.text = setting_apart_text,
	.to_json = setting_apart_to_json,
	.from_json = setting_from_text,
	.wanted = setting_apart_wanted,
	.own = setting_apart_own,
	.clear = setting_apart_clear,
	.asked = JSON_STRING,
};
