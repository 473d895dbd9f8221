/* SPDX-License-Identifier: MIT */
#include "planner/fit/fit.h"

static void key_add(GByteArray *key, uint64_t value)
{
	g_byte_array_append(key, (const guint8 *)&value, sizeof value);
}

static void key_vm(GByteArray *key, const VmSpec *spec)
{
	key_add(key, spec->vcpus);
	key_add(key, spec->threads);
	key_add(key, spec->memory);
	key_add(key, place_page(spec));
	key_add(key, (uint64_t)(int64_t)spec->node);
}

static int spec_compare(gconstpointer a, gconstpointer b)
{
	const VmSpec *x = *(VmSpec *const *)a, *y = *(VmSpec *const *)b;

#define BY(field)                                                                                  \
	if (x->field != y->field)                                                                  \
		return x->field < y->field ? -1 : 1;
	BY(vcpus)
	BY(threads)
	BY(memory)
	BY(page)
	BY(node)
#undef BY
	return 0;
}

static void key_vms(GByteArray *key, const FitBase *base)
{
	g_autoptr(GPtrArray) specs = g_ptr_array_copy(base->problem->specs, NULL, NULL);

	if (base->problem->prefer != PREFER_ORDER)
		g_ptr_array_sort(specs, spec_compare);
	key_add(key, specs->len);
	for (unsigned i = 0; i < specs->len; i++)
		key_vm(key, g_ptr_array_index(specs, i));
	for (unsigned i = 0; i < base->shared->len; i++) {
		const PlanVm *vm = g_ptr_array_index(base->shared, i);

		key_vm(key, vm->spec);
		key_add(key, base->seated[i]);
	}
}

GBytes *fit_base_key(const FitBase *base)
{
	const Problem *problem = base->problem;
	GByteArray *key = g_byte_array_new();

	key_add(key, problem->prefer);
	key_add(key, problem->budget);
	key_add(key, problem->rooms->len);
	for (unsigned r = 0; r < problem->rooms->len; r++) {
		const SearchRoom *room = &g_array_index(problem->rooms, SearchRoom, r);

		key_add(key, room->node);
		key_add(key, room->class);
		key_add(key, room->threads);
		key_add(key, room->cores);
	}
	key_add(key, problem->host->nodes->len);
	for (unsigned n = 0; n < problem->host->nodes->len; n++) {
		key_add(key, host_node(problem->host, n)->id);
		key_add(key, problem->memory[n]);
	}
	key_vms(key, base);
	return g_byte_array_free_to_bytes(key);
}
