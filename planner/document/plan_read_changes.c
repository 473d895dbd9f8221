/* SPDX-License-Identifier: MIT */
#include "planner/document/plan_read_parts.h"

/* The plan's own name of the VM that "vm" names: moves and changes borrow it. */
static bool get_vm(Reader *r, const Plan *plan, const json_t *object, const char **name)
{
	const PlanVm *vm;

	if (!reader_string(r, object, "vm", name))
		return false;
	vm = plan_vm(plan, *name);
	*name = vm ? vm->spec->name : NULL;
	return vm || reader_fail(r, "'vm' is not a VM of the plan");
}

static bool read_move(Reader *r, void *into, const json_t *object)
{
	static const char *const costs[] = {"re-pin", "memory", "restart", NULL};
	Plan *plan = into;
	Move *move = g_new0(Move, 1);
	unsigned cost;

	move->from = g_array_new(FALSE, FALSE, sizeof(unsigned));
	g_ptr_array_add(plan->moves, move);
	if (!get_vm(r, plan, object, &move->vm) || !reader_numbers(r, object, "from", move->from) ||
	    !reader_word(r, object, "cost", costs, &cost))
		return false;
	move->cost = cost;
	return true;
}

static bool get_node(Reader *r, const Host *host, const json_t *object, unsigned *node)
{
	unsigned id;

	if (!reader_unsigned(r, object, "node", CPULIST_LIMIT, &id))
		return false;
	*node = host_node_of_id(host, id);
	return *node != HOST_NONE ||
	       reader_fail(r, "a change is on node %u, which is not in 'nodes'", id);
}

static bool read_cores_change(Reader *r, const Plan *plan, Change *change, const json_t *object)
{
	const char *vm = NULL;
	unsigned from;

	if (!reader_unsigned(r, object, "cores", CPULIST_LIMIT, &change->cores) ||
	    !reader_word(r, object, "from", role_names, &from))
		return false;
	change->from = from;
	if (json_object_get(object, "vm") && !get_vm(r, plan, object, &vm))
		return false;
	change->vm = g_strdup(vm);
	if (json_object_get(object, "cpus"))
		change->cpus = reader_pins(r, plan->host, object, "cpus");
	return change->cpus || !json_object_get(object, "cpus");
}

static bool read_change_of(Reader *r, const Plan *plan, Change *change, const json_t *object)
{
	const char *vm;

	switch (change->kind) {
	case CHANGE_CORES:
		return get_node(r, plan->host, object, &change->node) &&
		       read_cores_change(r, plan, change, object);
	case CHANGE_MEMORY:
		return get_node(r, plan->host, object, &change->node) &&
		       reader_number(r, object, "memory", G_MAXINT64, &change->memory);
	case CHANGE_MOVE:
		break;
	}
	if (!get_vm(r, plan, object, &vm))
		return false;
	change->vm = g_strdup(vm);
	return true;
}

static Change *change_begin(Reader *r, const json_t *object)
{
	static const char *const kinds[] = {"cores", "memory", "move", NULL};
	unsigned kind;
	Change *change;

	if (!reader_word(r, object, "kind", kinds, &kind))
		return NULL;
	change = g_new0(Change, 1);
	change->kind = kind;
	return change;
}

/* What CHANGE takes as well. */
static bool read_with(Reader *r, const Plan *plan, Change *change, const json_t *object)
{
	const json_t *with = json_object_get(object, "with");

	if (!with)
		return true;
	if (!json_is_object(with))
		return reader_fail(r, "'with' of a change is not an object");
	change->with = change_begin(r, with);
	return change->with && read_change_of(r, plan, change->with, with);
}

typedef struct WhyNotReader {
	const Plan *plan;
	WhyNot *why_not;
} WhyNotReader;

static bool read_change(Reader *r, void *into, const json_t *object)
{
	const WhyNotReader *reader = into;
	Change *change = change_begin(r, object);

	if (!change)
		return false;
	g_ptr_array_add(reader->why_not->changes, change);
	return read_change_of(r, reader->plan, change, object) &&
	       read_with(r, reader->plan, change, object);
}

static bool read_why_not(Reader *r, void *into, const json_t *object)
{
	Plan *plan = into;
	WhyNotReader reader = {plan, g_new0(WhyNot, 1)};

	reader.why_not->changes = g_ptr_array_new_with_free_func((GDestroyNotify)change_free);
	g_ptr_array_add(plan->why_nots, reader.why_not);
	return get_vm(r, plan, object, &reader.why_not->vm) &&
	       reader_each(r, &reader, object, "changes", read_change);
}

bool plan_read_changes(Reader *r, Plan *plan, const json_t *root)
{
	return reader_each_if_any(r, plan, root, "moves", read_move) &&
	       reader_each_if_any(r, plan, root, "why_not", read_why_not);
}
