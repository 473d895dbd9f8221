/* SPDX-License-Identifier: MIT */
#include "planner/place/allowed.h"

static bool allowed_kind(const Host *host, CoreKind kind, const Core *core)
{
	bool most = core->kind + 1 == host->n_kinds;

	if (kind == CORE_KIND_ANY || host->n_kinds < 2)
		return true;
	return kind == CORE_KIND_PERFORMANCE ? most : !most;
}

/* How many nodes with cores are nearer to AT than NODE; of those as near, the ones before it. */
static unsigned allowed_nearer(const Host *host, unsigned at, unsigned node)
{
	unsigned distance = host_distance(host, at, node), nearer = node != at;

	for (unsigned n = 0; n < host->nodes->len; n++) {
		unsigned its = host_distance(host, at, n);

		if (n != at && n != node && node != at &&
		    !hwloc_bitmap_iszero(host_node(host, n)->cpus))
			nearer += its < distance || (its == distance && n < node);
	}
	return nearer;
}

bool allowed_node(const Host *host, const VmSpec *spec, unsigned node)
{
	unsigned near;

	if (!spec->nodes)
		return spec->node < 0 || host_node(host, node)->id == (unsigned)spec->node;
	near = host_node_of_id(host, (unsigned)spec->near_node);
	return near != HOST_NONE && allowed_nearer(host, near, node) < spec->nodes;
}

bool allowed_core(const Host *host, const VmSpec *spec, const Core *core)
{
	if (!allowed_node(host, spec, core->node))
		return false;
	if (spec->socket >= 0 && core->package != (unsigned)spec->socket)
		return false;
	if (spec->die >= 0 && core->die != (unsigned)spec->die)
		return false;
	if (spec->l3 >= 0 && core->l3 != (unsigned)spec->l3)
		return false;
	return allowed_kind(host, spec->kind, core);
}

bool allowed_nodes(const VmSpec *spec)
{
	return !spec->nodes && spec->socket < 0 && spec->die < 0 && spec->l3 < 0 &&
	       spec->kind == CORE_KIND_ANY;
}

bool allowed_every(const VmSpec *spec)
{
	return spec->node < 0 && allowed_nodes(spec);
}

bool allowed_alike(const VmSpec *a, const VmSpec *b)
{
	return a->node == b->node && a->nodes == b->nodes && a->near_node == b->near_node &&
	       a->socket == b->socket && a->die == b->die && a->l3 == b->l3 && a->kind == b->kind &&
	       !g_strcmp0(a->apart.group, b->apart.group) && a->apart.by == b->apart.by;
}

char *allowed_text(const VmSpec *spec)
{
	const int places[] = {spec->node, spec->socket, spec->die, spec->l3};
	static const char *const names[] = {"node", "socket", "die", "L3"};
	GString *text = g_string_new(NULL);

	for (unsigned i = 0; i < G_N_ELEMENTS(places); i++)
		if (places[i] >= 0)
			g_string_append_printf(text, "%s%s %d", text->len ? " and " : "", names[i],
					       places[i]);
	if (spec->nodes)
		g_string_append_printf(text, "%sthe %u nodes nearest to node %d",
				       text->len ? " and " : "", spec->nodes, spec->near_node);
	if (spec->kind != CORE_KIND_ANY)
		g_string_append_printf(text, "%s%s cores", text->len ? " and " : "",
				       core_kind_names[spec->kind]);
	return g_string_free(text, !text->len);
}

bool apart_from(const Apart *a, const Apart *b, ApartBy *by)
{
	*by = MIN(a->by, b->by);
	return a->group && b->group && g_str_equal(a->group, b->group);
}

unsigned apart_place(const Host *host, const Core *core, ApartBy by)
{
	if (by == APART_SOCKET)
		return core->package;
	if (by == APART_L3 && core->l3 != HOST_NONE)
		return core->l3;
	return core->node + (by == APART_L3 ? host->l3s->len : 0);
}

char *apart_place_text(const Host *host, const Core *core, ApartBy by)
{
	if (by == APART_SOCKET)
		return g_strdup_printf("socket %u", core->package);
	if (by == APART_L3 && core->l3 != HOST_NONE)
		return g_strdup_printf("the L3 of CPU %u", core->cpu[0]);
	return g_strdup_printf("node %u", host_node(host, core->node)->id);
}

static bool apart_has_place(const Host *host, const PlanVm *vm, unsigned place, ApartBy by)
{
	for (unsigned v = 0; v < vm->pins->len; v++) {
		unsigned core = host_core_of(host, g_array_index(vm->pins, unsigned, v));

		if (apart_place(host, host_core(host, core), by) == place)
			return true;
	}
	return false;
}

const PlanVm *apart_neighbour(const Plan *plan, const VmSpec *spec, const Core *core, ApartBy *by)
{
	for (unsigned i = 0; spec->apart.group && i < plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);

		if (vm->placed && !g_str_equal(vm->spec->name, spec->name) &&
		    apart_from(&vm->spec->apart, &spec->apart, by) &&
		    apart_has_place(plan->host, vm, apart_place(plan->host, core, *by), *by))
			return vm;
	}
	return NULL;
}
