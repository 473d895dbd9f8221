/* SPDX-License-Identifier: MIT */
#include "planner/fit/fit.h"
#include "planner/inventory/settings.h"
#include "planner/place/allowed.h"

#include <string.h>

static void key_add(GByteArray *key, uint64_t value)
{
	g_byte_array_append(key, (const guint8 *)&value, sizeof value);
}

/* All that the inventory says of SPEC, but for what cannot matter. Yours. */
static char *key_words(const VmSpec *spec)
{
	GString *words = g_string_new(NULL);

	for (const Setting *setting = vm_settings->settings; setting->key; setting++) {
		g_autofree char *value = NULL;

		if (setting->flags & SETTING_NOT_PLACED)
			continue;
		value = setting_shown(setting, spec);
		g_string_append(words, value);
		g_string_append_c(words, '\n');
	}
	return g_string_free(words, FALSE);
}

static void key_add_words(GByteArray *key, const char *words)
{
	g_byte_array_append(key, (const guint8 *)words, (guint)strlen(words) + 1);
}

static int words_compare(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Its words, and the rooms it may have: VMs that it must be apart from may be pinned. */
static char *key_vm(const FitBase *base, const VmSpec *spec)
{
	g_autofree char *words = key_words(spec);
	GString *text = g_string_new(words);

	if (allowed_every(spec) && !spec->apart.group)
		return g_string_free(text, FALSE);
	for (unsigned r = 0; r < base->problem->rooms->len; r++)
		g_string_append_c(text, problem_room_allows(base->problem, spec, r) ? '1' : '0');
	return g_string_free(text, FALSE);
}

static void key_vms(GByteArray *key, const FitBase *base)
{
	g_autoptr(GPtrArray) vms = g_ptr_array_new_with_free_func(g_free);

	for (unsigned i = 0; i < base->problem->specs->len; i++)
		g_ptr_array_add(vms, key_vm(base, g_ptr_array_index(base->problem->specs, i)));
	if (base->problem->prefer != PREFER_ORDER)
		g_ptr_array_sort(vms, words_compare);
	key_add(key, vms->len);
	for (unsigned i = 0; i < vms->len; i++)
		key_add_words(key, g_ptr_array_index(vms, i));
	for (unsigned i = 0; i < base->shared->len; i++) {
		const PlanVm *vm = g_ptr_array_index(base->shared, i);
		g_autofree char *words = key_words(vm->spec);

		key_add_words(key, words);
		key_add(key, base->assigned[i]);
	}
}

GBytes *fit_base_key(const FitBase *base)
{
	const Problem *problem = base->problem;
	GByteArray *key = g_byte_array_new();

	key_add(key, problem->prefer);
	key_add(key, problem->budget);
	key_add(key, base->refused->len > 0);
	key_add(key, problem->rooms->len);
	for (unsigned r = 0; r < problem->rooms->len; r++) {
		const SearchRoom *room = &g_array_index(problem->rooms, SearchRoom, r);
		const Core *like = problem->layout->room[r].first;

		key_add(key, room->node);
		key_add(key, room->class);
		key_add(key, room->threads);
		key_add(key, room->cores);
		key_add(key, like->package);
		key_add(key, like->l3);
	}
	key_add(key, problem->host->nodes->len);
	for (unsigned n = 0; n < problem->host->nodes->len; n++) {
		key_add(key, host_node(problem->host, n)->id);
		key_add(key, problem->memory[n]);
		key_add(key, problem->only[n]);
	}
	for (unsigned n = 0; host_distances(problem->host) &&
			     n < problem->host->nodes->len * problem->host->nodes->len;
	     n++)
		key_add(key, host_distances(problem->host)[n]);
	key_vms(key, base);
	return g_byte_array_free_to_bytes(key);
}
