/* SPDX-License-Identifier: MIT */
#include "planner/plan_read.h"
#include "planner/json.h"
#include "planner/place.h"
#include "topology/error.h"

#include <string.h>

/* The document being read; the first error stops and is kept. */
typedef struct Reader {
	const char *name;
	GError **error;
} Reader;

G_GNUC_PRINTF(2, 3)
static bool fail(Reader *r, const char *format, ...)
{
	g_autofree char *what = NULL;
	va_list args;

	va_start(args, format);
	what = g_strdup_vprintf(format, args);
	va_end(args);
	if (!*r->error)
		g_set_error(r->error, PLANNER_ERROR, PLANNER_ERROR_INPUT,
			    "%s: %s; save it again with 'planner plan -o'", r->name, what);
	return false;
}

/* Members by type. All say which key it is that is not as it should be. */

static bool get_text(Reader *r, const json_t *object, const char *key, const char **value)
{
	const json_t *member = json_object_get(object, key);

	*value = json_string_value(member);
	return json_is_string(member) || json_is_null(member) ||
	       fail(r, "'%s' is not a string", key);
}

static bool get_string(Reader *r, const json_t *object, const char *key, const char **value)
{
	return get_text(r, object, key, value) && (*value || fail(r, "'%s' is null", key));
}

static bool get_number(Reader *r, const json_t *object, const char *key, uint64_t most,
		       uint64_t *value)
{
	const json_t *member = json_object_get(object, key);
	json_int_t number = json_integer_value(member);

	if (!json_is_integer(member) || number < 0 || (uint64_t)number > most)
		return fail(r, "'%s' is not a whole number up to %" G_GUINT64_FORMAT, key, most);
	*value = (uint64_t)number;
	return true;
}

static bool get_unsigned(Reader *r, const json_t *object, const char *key, unsigned most,
			 unsigned *value)
{
	uint64_t number = 0;
	bool good = get_number(r, object, key, most, &number);

	*value = (unsigned)number;
	return good;
}

static bool get_bool(Reader *r, const json_t *object, const char *key, bool *value)
{
	const json_t *member = json_object_get(object, key);

	*value = json_is_true(member);
	return json_is_boolean(member) || fail(r, "'%s' is not true or false", key);
}

static bool get_array(Reader *r, const json_t *object, const char *key, const json_t **value)
{
	*value = json_object_get(object, key);
	return json_is_array(*value) || fail(r, "'%s' is not a list", key);
}

/* A word of NAMES; its position. */
static bool get_word(Reader *r, const json_t *object, const char *key, const char *const *names,
		     unsigned *value)
{
	const char *word;

	if (!get_string(r, object, key, &word))
		return false;
	for (*value = 0; names[*value]; (*value)++)
		if (!strcmp(names[*value], word))
			return true;
	return fail(r, "'%s' is '%s', which is not known", key, word);
}

static bool get_cpus(Reader *r, const json_t *object, const char *key, hwloc_bitmap_t set)
{
	g_autoptr(GError) error = NULL;
	g_auto(CpuSet) cpus = NULL;
	const char *list;

	if (!get_string(r, object, key, &list))
		return false;
	cpus = cpulist_parse(list, &error);
	if (!cpus)
		return fail(r, "'%s': %s", key, error->message);
	hwloc_bitmap_copy(set, cpus);
	return true;
}

/* CPUs that threads may run on: some, all of them online. Yours, NULL on error. */
static hwloc_bitmap_t get_pins(Reader *r, const Host *host, const json_t *object, const char *key)
{
	g_auto(CpuSet) cpus = hwloc_bitmap_alloc();

	if (!get_cpus(r, object, key, cpus))
		return NULL;
	if (hwloc_bitmap_iszero(cpus) || !hwloc_bitmap_isincluded(cpus, host->online)) {
		fail(r, "'%s' is empty, or names a CPU that is not online", key);
		return NULL;
	}
	return g_steal_pointer(&cpus);
}

/* Call READ with each entry of the list KEY. */
static bool each(Reader *r, void *into, const json_t *object, const char *key,
		 bool (*read)(Reader *, void *into, const json_t *))
{
	const json_t *array;

	if (!get_array(r, object, key, &array))
		return false;
	for (size_t i = 0; i < json_array_size(array); i++)
		if (!read(r, into, json_array_get(array, i)))
			return false;
	return true;
}

/* The same for a list that is left out when it would be empty. */
static bool each_if_any(Reader *r, void *into, const json_t *object, const char *key,
			bool (*read)(Reader *, void *into, const json_t *))
{
	const json_t *array = json_object_get(object, key);

	if (!array)
		return true;
	return each(r, into, object, key, read) &&
	       (json_array_size(array) || fail(r, "'%s' is empty", key));
}

/* CPU numbers in order, none twice. */
static bool get_numbers(Reader *r, const json_t *object, const char *key, GArray *numbers)
{
	g_auto(CpuSet) seen = hwloc_bitmap_alloc();
	const json_t *array;

	if (!get_array(r, object, key, &array))
		return false;
	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *entry = json_array_get(array, i);
		json_int_t number = json_integer_value(entry);
		unsigned cpu = (unsigned)number;

		if (!json_is_integer(entry) || number < 0 || number >= CPULIST_LIMIT)
			return fail(r, "'%s' has an entry that is no CPU", key);
		if (hwloc_bitmap_isset(seen, cpu))
			return fail(r, "'%s' has CPU %u twice", key, cpu);
		hwloc_bitmap_set(seen, cpu);
		g_array_append_val(numbers, cpu);
	}
	return true;
}

/* The host */

static bool read_node(Reader *r, void *into, const json_t *object)
{
	Host *host = into;
	NumaNode node = {0};
	const char *subtype = NULL;

	if (!get_unsigned(r, object, "id", CPULIST_LIMIT, &node.id))
		return false;
	if (!json_is_null(json_object_get(object, "memory")) &&
	    !get_number(r, object, "memory", G_MAXINT64, &node.memory))
		return false;
	if (json_object_get(object, "subtype") && !get_text(r, object, "subtype", &subtype))
		return false;
	node.subtype = g_strdup(subtype);
	g_array_append_val(host->nodes, node);
	return true;
}

static bool read_core_cpus(Reader *r, Core *core, const json_t *object)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) cpus = NULL;
	const char *list;

	if (!get_string(r, object, "cpus", &list))
		return false;
	cpus = cpulist_parse_ordered(list, &error);
	if (!cpus || !cpus->len || cpus->len > HOST_MAX_THREADS)
		return fail(r, "a core's 'cpus' is '%s'", list);
	core->n_cpus = cpus->len;
	memcpy(core->cpu, cpus->data, cpus->len * sizeof(unsigned));
	return true;
}

static bool read_core(Reader *r, void *into, const json_t *object)
{
	Host *host = into;
	Core core = {.l3 = HOST_NONE, .partial = json_is_true(json_object_get(object, "partial"))};
	unsigned node;

	if (!read_core_cpus(r, &core, object) ||
	    !get_unsigned(r, object, "socket", G_MAXINT, &core.package) ||
	    !get_unsigned(r, object, "node", CPULIST_LIMIT, &node))
		return false;
	if (json_object_get(object, "l3") &&
	    !get_unsigned(r, object, "l3", CPULIST_LIMIT, &core.l3))
		return false;
	if (json_object_get(object, "kind") &&
	    !get_unsigned(r, object, "kind", CPULIST_LIMIT, &core.kind))
		return false;
	core.node = host_node_of_id(host, node);
	if (core.node == HOST_NONE)
		return fail(r, "a core is on node %u, which is not in 'nodes'", node);
	host->n_kinds = MAX(host->n_kinds, core.kind + 1);
	g_array_append_val(host->cores, core);
	return true;
}

/* As many L3s as the cores name; their CPU sets are host_finish()'s to fill. */
static void add_l3s(Host *host)
{
	unsigned n = 0;

	for (unsigned i = 0; i < host->cores->len; i++) {
		unsigned l3 = host_core(host, i)->l3;

		if (l3 != HOST_NONE)
			n = MAX(n, l3 + 1);
	}
	for (unsigned i = 0; i < n; i++) {
		L3 l3 = {0};

		g_array_append_val(host->l3s, l3);
	}
}

static bool finish_host(Reader *r, Host *host)
{
	g_autoptr(GError) error = NULL;

	add_l3s(host);
	return host_finish(host, &error) || fail(r, "%s", error->message);
}

static bool read_host(Reader *r, Host *host, const json_t *root)
{
	const json_t *node = json_object_get(root, "node"), *cpus = json_object_get(root, "cpus");
	const char *arch, *fingerprint;

	host->n_kinds = 1;
	if (!get_text(r, node, "arch", &arch) || !get_string(r, node, "topology", &fingerprint) ||
	    !get_cpus(r, cpus, "offline", host->offline) ||
	    !each(r, host, root, "nodes", read_node) || !each(r, host, root, "cores", read_core) ||
	    !finish_host(r, host))
		return false;
	host->arch = g_strdup(arch);
	hwloc_bitmap_copy(host->allowed, host->online);
	if (strcmp(host->fingerprint, fingerprint) != 0)
		return fail(r, "its 'topology' is not that of its 'cores'");
	return true;
}

/* Versions, roles, kernel line */

static bool read_versions(Reader *r, Plan *plan, const json_t *root)
{
	const json_t *node = json_object_get(root, "node");
	struct {
		const char *key;
		char **value;
	} const rows[] = {{"name", &plan->name},
			  {"kernel", &plan->kernel},
			  {"qemu", &plan->qemu},
			  {"libvirt", &plan->libvirt}};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		const char *text;

		if (!get_text(r, node, rows[i].key, &text))
			return false;
		*rows[i].value = g_strdup(text);
	}
	return true;
}

/* The role of a core: that of all its CPUs. */
static bool core_role(Reader *r, hwloc_bitmap_t cpus[], const Core *core, Role *role)
{
	for (*role = 0; *role < ROLE_OFFLINE; (*role)++) {
		unsigned have = 0;

		for (unsigned t = 0; t < core->n_cpus; t++)
			have += hwloc_bitmap_isset(cpus[*role], core->cpu[t]);
		if (have == core->n_cpus)
			return true;
	}
	return fail(r, "the core of CPU %u does not have one role", core->cpu[0]);
}

static bool core_roles(Reader *r, Plan *plan, hwloc_bitmap_t cpus[])
{
	plan->roles = g_array_new(FALSE, TRUE, sizeof(Role));
	for (unsigned i = 0; i < plan->host->cores->len; i++) {
		Role role;

		if (!core_role(r, cpus, host_core(plan->host, i), &role))
			return false;
		g_array_append_val(plan->roles, role);
	}
	return true;
}

/* The sets are made from the cores' roles: whether the document has the same is seen in the end. */
static bool read_roles(Reader *r, Plan *plan, const json_t *root)
{
	const json_t *object = json_object_get(root, "cpus");
	hwloc_bitmap_t cpus[ROLE_COUNT];
	bool good = true;

	for (unsigned role = 0; role < ROLE_COUNT; role++) {
		cpus[role] = hwloc_bitmap_alloc();
		good = good && get_cpus(r, object, role_names[role], cpus[role]);
	}
	good = good && core_roles(r, plan, cpus);
	for (unsigned role = 0; role < ROLE_COUNT; role++)
		hwloc_bitmap_free(cpus[role]);
	if (good)
		plan_fill_cpus(plan);
	return good;
}

static bool read_parameter(Reader *r, void *into, const json_t *object)
{
	Plan *plan = into;
	KernelParameter *parameter;
	const char *name, *value;

	if (!get_string(r, object, "name", &name) || !get_text(r, object, "value", &value))
		return false;
	parameter = g_new0(KernelParameter, 1);
	parameter->name = g_strdup(name);
	parameter->value = g_strdup(value);
	g_ptr_array_add(plan->parameters, parameter);
	return true;
}

/* The line must be that of the parameters, or one of the two was edited. */
static bool read_kernel(Reader *r, Plan *plan, const json_t *root)
{
	const json_t *kernel = json_object_get(root, "kernel");
	const char *line;

	plan->parameters = g_ptr_array_new_with_free_func((GDestroyNotify)kernel_parameter_free);
	if (!get_string(r, kernel, "cmdline", &line) ||
	    !each(r, plan, kernel, "parameters", read_parameter))
		return false;
	plan->cmdline = kernel_line(plan->parameters);
	for (const char *c = line; *c; c++)
		if (!g_ascii_isgraph(*c) && *c != ' ')
			return fail(r, "'cmdline' has a character that no kernel line has");
	return !strcmp(line, plan->cmdline) || fail(r, "'cmdline' is not that of 'parameters'");
}

/* VMs */

static bool read_spec(Reader *r, VmSpec *spec, const json_t *object)
{
	unsigned policy, threads, mode;

	if (!get_unsigned(r, object, "vcpus", CPULIST_LIMIT, &spec->vcpus) ||
	    !get_word(r, object, "policy", policy_names, &policy) ||
	    !get_word(r, object, "threads", threads_names, &threads) ||
	    !get_word(r, object, "cpu_mode", cpu_mode_names, &mode) ||
	    !get_number(r, object, "memory", UINT64_C(1) << 56, &spec->memory) ||
	    !get_unsigned(r, object, "iothreads", 64, &spec->iothreads) ||
	    !get_bool(r, object, "locked", &spec->locked))
		return false;
	if (!json_is_null(json_object_get(object, "hugepages")) &&
	    (!get_number(r, object, "hugepages", UINT64_C(1) << 34, &spec->page) ||
	     spec->page < 4096 || spec->page & (spec->page - 1)))
		return fail(r, "'hugepages' is no size of a page");
	spec->policy = policy;
	spec->threads = threads;
	spec->cpu_mode = mode;
	return spec->vcpus || fail(r, "'vcpus' is 0");
}

static bool read_pins(Reader *r, const Plan *plan, PlanVm *vm, const json_t *object)
{
	if (!get_numbers(r, object, "vcpupin", vm->vcpupin))
		return false;
	for (unsigned v = 0; v < vm->vcpupin->len; v++)
		if (host_core_of(plan->host, g_array_index(vm->vcpupin, unsigned, v)) == HOST_NONE)
			return fail(r, "vm %s: 'vcpupin' names a CPU that is not online",
				    vm->spec->name);
	return vm->vcpupin->len == (vm->placed ? vm->spec->vcpus : 0) ||
	       fail(r, "vm %s: 'vcpupin' has not one CPU a vCPU", vm->spec->name);
}

/* The shares follow from the pins; how the memory is shared out is the document's to say. */
static bool read_shares(Reader *r, const Plan *plan, PlanVm *vm, const json_t *object)
{
	const json_t *array = json_object_get(object, "shares");

	place_fill_shares(plan->host, vm);
	if (vm->shares->len > 1 && json_array_size(array) != vm->shares->len)
		return fail(r, "vm %s: 'shares' are not those of its pins", vm->spec->name);
	for (unsigned i = 0; i < vm->shares->len && vm->shares->len > 1; i++)
		if (!get_number(r, json_array_get(array, i), "memory", G_MAXINT64,
				&g_array_index(vm->shares, VmShare, i).memory))
			return false;
	return true;
}

static bool read_guest_topology(Reader *r, PlanVm *vm, const json_t *object)
{
	const json_t *topology = json_object_get(object, "topology");

	if (!get_unsigned(r, topology, "sockets", CPULIST_LIMIT, &vm->sockets) ||
	    !get_unsigned(r, topology, "cores", CPULIST_LIMIT, &vm->cores) ||
	    !get_unsigned(r, topology, "threads", HOST_MAX_THREADS, &vm->threads))
		return false;
	return (uint64_t)vm->sockets * vm->cores * vm->threads == vm->spec->vcpus ||
	       fail(r, "vm %s: 'topology' is not of %u vCPUs", vm->spec->name, vm->spec->vcpus);
}

/* Where it runs, of a VM that is placed. */
static bool read_threads(Reader *r, const Plan *plan, PlanVm *vm, const json_t *object)
{
	vm->emulatorpin = get_pins(r, plan->host, object, "emulatorpin");
	if (!vm->emulatorpin || !read_guest_topology(r, vm, object))
		return false;
	if (vm->spec->policy == POLICY_DEDICATED)
		return read_shares(r, plan, vm, object);
	vm->cpuset = get_pins(r, plan->host, object, "cpuset");
	return vm->cpuset;
}

static bool read_places(Reader *r, const Plan *plan, PlanVm *vm, const json_t *object)
{
	if (!get_bool(r, object, "placed", &vm->placed) ||
	    (vm->spec->policy == POLICY_DEDICATED && !read_pins(r, plan, vm, object)) ||
	    (vm->placed && !read_threads(r, plan, vm, object)))
		return false;
	/* where else it was to be, that is not placed, the document does not say */
	if (json_is_true(json_object_get(object, "kept")))
		vm->spec->cpus = g_array_copy(vm->vcpupin);
	return true;
}

static bool get_reason(Reader *r, const json_t *object, const char **code, const char **text)
{
	return get_string(r, object, "code", code) && get_string(r, object, "text", text);
}

static bool read_reason(Reader *r, void *into, const json_t *object)
{
	const char *code, *text;

	if (!get_reason(r, object, &code, &text))
		return false;
	cpupm_add_reason(into, code, text);
	return true;
}

static bool read_note(Reader *r, void *into, const json_t *object)
{
	const char *code, *text;

	if (!get_reason(r, object, &code, &text))
		return false;
	cpupm_add_note(into, code, text);
	return true;
}

static bool read_cpupm(Reader *r, PlanVm *vm, const json_t *object)
{
	const json_t *cpu_pm = json_object_get(object, "cpu_pm");
	unsigned verdict;

	if (!get_word(r, cpu_pm, "verdict", cpupm_names, &verdict))
		return false;
	vm->cpupm = cpupm_new(verdict);
	vm->spec->cpu_pm = verdict != CPUPM_OFF;
	return each(r, vm->cpupm, cpu_pm, "reasons", read_reason) &&
	       each_if_any(r, vm->cpupm, cpu_pm, "notes", read_note) &&
	       ((verdict == CPUPM_ON) == !vm->cpupm->reasons->len ||
		fail(r, "vm %s: the 'reasons' are not those of its verdict", vm->spec->name));
}

static bool read_vm(Reader *r, void *into, const json_t *object)
{
	Plan *plan = into;
	const char *name;
	PlanVm *vm;

	if (!get_string(r, object, "name", &name))
		return false;
	if (vm_name_fault(name))
		return fail(r, "the name of a VM %s", vm_name_fault(name));
	if (plan_vm(plan, name))
		return fail(r, "two VMs are called '%s'", name);
	vm = plan_vm_new(vm_spec_new(name));
	g_ptr_array_add(plan->vms, vm);
	return read_spec(r, vm->spec, object) && read_places(r, plan, vm, object) &&
	       read_cpupm(r, vm, object);
}

/* Placement and findings */

static bool counts_check(Reader *r, const Plan *plan)
{
	unsigned placed = 0;

	for (unsigned i = 0; i < plan->vms->len; i++)
		placed += ((const PlanVm *)g_ptr_array_index(plan->vms, i))->placed;
	return (plan->placed == placed && plan->wanted == plan->vms->len && plan->bound >= placed &&
		plan->bound <= plan->wanted) ||
	       fail(r, "'placement' does not count its VMs");
}

static bool read_placement(Reader *r, Plan *plan, const json_t *root)
{
	static const char *const names[] = {"vcpus", "vms", "order", NULL};
	const json_t *placement = json_object_get(root, "placement");
	unsigned prefer;

	if (!get_bool(r, placement, "optimal", &plan->optimal) ||
	    !get_unsigned(r, placement, "placed", G_MAXINT, &plan->placed) ||
	    !get_unsigned(r, placement, "wanted", G_MAXINT, &plan->wanted) ||
	    !get_unsigned(r, placement, "bound", G_MAXINT, &plan->bound) ||
	    !get_word(r, placement, "prefer", names, &prefer))
		return false;
	plan->prefer = prefer;
	return counts_check(r, plan);
}

static bool read_finding(Reader *r, void *into, const json_t *object)
{
	Plan *plan = into;
	static const char *const severities[] = {"info", "warning", "error", NULL};
	static const char *const verdicts[] = {"fail", "unknown", NULL};
	const char *id, *subject, *text, *fix;
	unsigned severity, verdict;

	if (!get_string(r, object, "id", &id) || !get_string(r, object, "subject", &subject) ||
	    !get_string(r, object, "text", &text) || !get_string(r, object, "fix", &fix) ||
	    !get_word(r, object, "severity", severities, &severity) ||
	    !get_word(r, object, "verdict", verdicts, &verdict))
		return false;
	if (verdict == VERDICT_UNKNOWN)
		findings_add_unknown(plan->findings, severity, id, subject, fix, "%s", text);
	else
		findings_add(plan->findings, severity, id, subject, fix, "%s", text);
	return true;
}

/* What was moved, and what would place the rest */

/* The plan's own name of the VM that KEY names: moves and changes borrow it. */
static bool get_vm(Reader *r, const Plan *plan, const json_t *object, const char *key,
		   const char **name)
{
	const PlanVm *vm;

	if (!get_string(r, object, key, name))
		return false;
	vm = plan_vm(plan, *name);
	*name = vm ? vm->spec->name : NULL;
	return vm || fail(r, "'%s' is no VM of the plan", key);
}

static bool read_move(Reader *r, void *into, const json_t *object)
{
	static const char *const costs[] = {"re-pin", "memory", "restart", NULL};
	Plan *plan = into;
	Move *move = g_new0(Move, 1);
	unsigned cost;

	move->from = g_array_new(FALSE, FALSE, sizeof(unsigned));
	g_ptr_array_add(plan->moves, move);
	if (!get_vm(r, plan, object, "vm", &move->vm) ||
	    !get_numbers(r, object, "from", move->from) ||
	    !get_word(r, object, "cost", costs, &cost))
		return false;
	move->cost = cost;
	return true;
}

static bool get_node(Reader *r, const Host *host, const json_t *object, unsigned *node)
{
	unsigned id;

	if (!get_unsigned(r, object, "node", CPULIST_LIMIT, &id))
		return false;
	*node = host_node_of_id(host, id);
	return *node != HOST_NONE || fail(r, "a change is on node %u, which is not in 'nodes'", id);
}

static bool read_cores_change(Reader *r, const Plan *plan, Change *change, const json_t *object)
{
	const char *vm = NULL;
	unsigned from;

	if (!get_unsigned(r, object, "cores", CPULIST_LIMIT, &change->cores) ||
	    !get_word(r, object, "from", role_names, &from))
		return false;
	change->from = from;
	if (json_object_get(object, "vm") && !get_vm(r, plan, object, "vm", &vm))
		return false;
	change->vm = g_strdup(vm);
	if (json_object_get(object, "cpus"))
		change->cpus = get_pins(r, plan->host, object, "cpus");
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
		       get_number(r, object, "memory", G_MAXINT64, &change->memory);
	case CHANGE_MOVE:
		break;
	}
	if (!get_vm(r, plan, object, "vm", &vm))
		return false;
	change->vm = g_strdup(vm);
	return true;
}

typedef struct WhyNotReader {
	const Plan *plan;
	WhyNot *why_not;
} WhyNotReader;

static bool read_change(Reader *r, void *into, const json_t *object)
{
	static const char *const kinds[] = {"cores", "memory", "move", NULL};
	const WhyNotReader *reader = into;
	Change *change = g_new0(Change, 1);
	unsigned kind;

	g_ptr_array_add(reader->why_not->changes, change);
	if (!get_word(r, object, "kind", kinds, &kind))
		return false;
	change->kind = kind;
	return read_change_of(r, reader->plan, change, object);
}

static bool read_why_not(Reader *r, void *into, const json_t *object)
{
	Plan *plan = into;
	WhyNotReader reader = {plan, g_new0(WhyNot, 1)};

	reader.why_not->changes = g_ptr_array_new_with_free_func((GDestroyNotify)change_free);
	g_ptr_array_add(plan->why_nots, reader.why_not);
	return get_vm(r, plan, object, "vm", &reader.why_not->vm) &&
	       each(r, &reader, object, "changes", read_change);
}

static bool read_changes(Reader *r, Plan *plan, const json_t *root)
{
	return each_if_any(r, plan, root, "moves", read_move) &&
	       each_if_any(r, plan, root, "why_not", read_why_not);
}

/* The whole document */

static bool has_control(const char *text)
{
	for (; *text; text = g_utf8_next_char(text))
		if (g_unichar_iscntrl(g_utf8_get_char(text)))
			return true;
	return false;
}

/* Its texts are shown, and written into files: none may steer a terminal or end a line. */
static bool texts_clean(json_t *value)
{
	const char *key;
	json_t *member;
	size_t i;

	if (json_is_string(value))
		return !has_control(json_string_value(value));
	json_array_foreach (value, i, member)
		if (!texts_clean(member))
			return false;
	json_object_foreach (value, key, member)
		if (has_control(key) || !texts_clean(member))
			return false;
	return true;
}

/*
 * Does DOCUMENT have what OWN has? Keys beyond are a later planner's. If not, WHERE is the path of
 * the first that is missing or other.
 */
static bool has_all(json_t *own, const json_t *document, GString *where)
{
	const char *key;
	json_t *member;
	size_t i;

	if (!json_is_object(own) && !json_is_array(own))
		return json_equal(own, document);
	if (json_typeof(own) != (document ? json_typeof(document) : JSON_NULL) ||
	    json_array_size(own) != json_array_size(document))
		return false;
	json_array_foreach (own, i, member)
		if (!has_all(member, json_array_get(document, i), where)) {
			g_autofree char *step = g_strdup_printf("[%zu]", i);

			g_string_prepend(where, step);
			return false;
		}
	json_object_foreach (own, key, member)
		if (!has_all(member, json_object_get(document, key), where)) {
			g_autofree char *step = g_strdup_printf(".%s", key);

			g_string_prepend(where, step);
			return false;
		}
	return true;
}

/* Written again, the plan must be what was read: so nothing in the document went unread, and what
 * follows from the rest does. */
static bool same_check(Reader *r, const Plan *plan, const json_t *root)
{
	g_autoptr(GString) where = g_string_new(NULL);
	json_t *own = plan_to_json(plan);
	bool same = has_all(own, root, where);

	json_decref(own);
	return same ||
	       fail(r, "'%s' does not go with the rest of it", where->len ? where->str + 1 : "");
}

static bool format_check(Reader *r, const json_t *root)
{
	const char *format = json_string_value(json_object_get(root, "format"));

	if (!format)
		return fail(r, "is not a plan document: it has no 'format'");
	return !strcmp(format, JSON_FORMAT_PLAN) ||
	       fail(r, "is a document of format '%s', not %s", format, JSON_FORMAT_PLAN);
}

static bool read_document(Reader *r, json_t *root, Host *host, Plan *plan)
{
	if (!texts_clean(root))
		return fail(r, "has a text with a control character");
	return format_check(r, root) && read_host(r, host, root) && read_versions(r, plan, root) &&
	       read_roles(r, plan, root) && read_kernel(r, plan, root) &&
	       each(r, plan, root, "vms", read_vm) && read_placement(r, plan, root) &&
	       each(r, plan, root, "findings", read_finding) && read_changes(r, plan, root) &&
	       same_check(r, plan, root);
}

/* jansson's message quotes what it could not read. */
static bool not_json(Reader *r, const json_error_t *where)
{
	g_autofree char *text = g_utf8_make_valid(where->text, -1);
	g_autoptr(GString) what = g_string_new(NULL);

	for (const char *c = text; *c; c = g_utf8_next_char(c))
		g_string_append_unichar(
			what, g_unichar_iscntrl(g_utf8_get_char(c)) ? '?' : g_utf8_get_char(c));
	return fail(r, "line %d: not JSON: %s", where->line, what->str);
}

Plan *plan_read(const char *name, const char *text, size_t length, Host **host, GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autoptr(Host) own = host_new();
	g_autoptr(Plan) plan = plan_new(own);
	Reader reader = {name, &failure};
	json_error_t where;
	json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &where);

	if (!root)
		not_json(&reader, &where);
	else
		read_document(&reader, root, own, plan);
	json_decref(root);
	if (failure) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return NULL;
	}
	*host = g_steal_pointer(&own);
	return g_steal_pointer(&plan);
}
