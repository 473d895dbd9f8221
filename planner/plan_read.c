/* SPDX-License-Identifier: MIT */
#include "planner/plan_read.h"
#include "planner/json.h"
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

/* The host */

static bool read_node(Reader *r, Host *host, const json_t *object)
{
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

static bool read_core(Reader *r, Host *host, const json_t *object)
{
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

static bool each(Reader *r, Host *host, const json_t *root, const char *key,
		 bool (*read)(Reader *, Host *, const json_t *))
{
	const json_t *array;

	if (!get_array(r, root, key, &array))
		return false;
	for (size_t i = 0; i < json_array_size(array); i++)
		if (!read(r, host, json_array_get(array, i)))
			return false;
	return true;
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
static bool core_role(Reader *r, const Plan *plan, const Core *core, Role *role)
{
	for (*role = 0; *role < ROLE_OFFLINE; (*role)++) {
		unsigned have = 0;

		for (unsigned t = 0; t < core->n_cpus; t++)
			have += hwloc_bitmap_isset(plan->cpus[*role], core->cpu[t]);
		if (have == core->n_cpus)
			return true;
	}
	return fail(r, "the core of CPU %u does not have one role", core->cpu[0]);
}

static bool read_roles(Reader *r, Plan *plan, const json_t *root)
{
	const json_t *cpus = json_object_get(root, "cpus");

	for (unsigned role = 0; role < ROLE_COUNT; role++)
		if (!get_cpus(r, cpus, role_names[role], plan->cpus[role]))
			return false;
	if (!get_cpus(r, cpus, "isolated", plan->isolated))
		return false;
	plan->roles = g_array_new(FALSE, TRUE, sizeof(Role));
	for (unsigned i = 0; i < plan->host->cores->len; i++) {
		Role role;

		if (!core_role(r, plan, host_core(plan->host, i), &role))
			return false;
		g_array_append_val(plan->roles, role);
	}
	return true;
}

static bool read_parameter(Reader *r, Plan *plan, const json_t *object)
{
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
	const json_t *kernel = json_object_get(root, "kernel"), *array;
	const char *line;

	plan->parameters = g_ptr_array_new_with_free_func((GDestroyNotify)kernel_parameter_free);
	if (!get_string(r, kernel, "cmdline", &line) || !get_array(r, kernel, "parameters", &array))
		return false;
	for (size_t i = 0; i < json_array_size(array); i++)
		if (!read_parameter(r, plan, json_array_get(array, i)))
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
	    !get_number(r, object, "hugepages", UINT64_C(1) << 34, &spec->page))
		return false;
	spec->policy = policy;
	spec->threads = threads;
	spec->cpu_mode = mode;
	return spec->vcpus || fail(r, "'vcpus' is 0");
}

static bool read_pins(Reader *r, const Plan *plan, PlanVm *vm, const json_t *object)
{
	const json_t *array;

	if (!get_array(r, object, "vcpupin", &array))
		return false;
	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *entry = json_array_get(array, i);
		json_int_t number = json_integer_value(entry);
		unsigned cpu = (unsigned)number;

		if (!json_is_integer(entry) || number < 0 || number >= CPULIST_LIMIT ||
		    host_core_of(plan->host, cpu) == HOST_NONE)
			return fail(r, "vm %s: 'vcpupin' names a CPU that is not online",
				    vm->spec->name);
		g_array_append_val(vm->vcpupin, cpu);
	}
	return vm->vcpupin->len == (vm->placed ? vm->spec->vcpus : 0) ||
	       fail(r, "vm %s: 'vcpupin' has not one CPU a vCPU", vm->spec->name);
}

static bool share_add(Reader *r, const Plan *plan, PlanVm *vm, unsigned id, unsigned vcpus,
		      uint64_t memory)
{
	VmShare share = {host_node_of_id(plan->host, id), vcpus, memory};

	if (share.node == HOST_NONE)
		return fail(r, "vm %s: no node %u", vm->spec->name, id);
	g_array_append_val(vm->shares, share);
	return true;
}

static bool read_shares(Reader *r, const Plan *plan, PlanVm *vm, const json_t *object)
{
	const json_t *array = json_object_get(object, "shares"), *nodes;
	unsigned id, vcpus;
	uint64_t memory;

	if (!get_array(r, object, "nodes", &nodes))
		return false;
	if (json_array_size(nodes) == 1)
		return share_add(r, plan, vm,
				 (unsigned)json_integer_value(json_array_get(nodes, 0)),
				 vm->spec->vcpus, vm->spec->memory);
	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *share = json_array_get(array, i);

		if (!get_unsigned(r, share, "node", CPULIST_LIMIT, &id) ||
		    !get_unsigned(r, share, "vcpus", CPULIST_LIMIT, &vcpus) ||
		    !get_number(r, share, "memory", G_MAXINT64, &memory) ||
		    !share_add(r, plan, vm, id, vcpus, memory))
			return false;
	}
	return json_array_size(array) == json_array_size(nodes) ||
	       fail(r, "vm %s: 'shares' are not those of 'nodes'", vm->spec->name);
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

static bool read_emulator(Reader *r, PlanVm *vm, const json_t *object)
{
	vm->emulatorpin = hwloc_bitmap_alloc();
	return get_cpus(r, object, "emulatorpin", vm->emulatorpin) &&
	       (!hwloc_bitmap_iszero(vm->emulatorpin) ||
		fail(r, "vm %s: 'emulatorpin' is empty", vm->spec->name));
}

static bool read_places(Reader *r, const Plan *plan, PlanVm *vm, const json_t *object)
{
	if (vm->spec->policy == POLICY_DEDICATED) {
		if (!read_pins(r, plan, vm, object))
			return false;
	} else if (vm->placed) {
		vm->cpuset = hwloc_bitmap_alloc();
		if (!get_cpus(r, object, "cpuset", vm->cpuset))
			return false;
	}
	if (!vm->placed)
		return true;
	return (vm->spec->policy == POLICY_SHARED || read_shares(r, plan, vm, object)) &&
	       read_emulator(r, vm, object) && read_guest_topology(r, vm, object);
}

static bool read_reasons(Reader *r, Cpupm *cpupm, const json_t *object, const char *key,
			 void (*add)(Cpupm *, const char *, const char *))
{
	const json_t *array = json_object_get(object, key);

	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *reason = json_array_get(array, i);
		const char *code, *text;

		if (!get_string(r, reason, "code", &code) || !get_string(r, reason, "text", &text))
			return false;
		add(cpupm, code, text);
	}
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
	return read_reasons(r, vm->cpupm, cpu_pm, "reasons", cpupm_add_reason) &&
	       read_reasons(r, vm->cpupm, cpu_pm, "notes", cpupm_add_note);
}

static bool read_vm(Reader *r, Plan *plan, const json_t *object)
{
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
	if (!read_spec(r, vm->spec, object) || !get_bool(r, object, "placed", &vm->placed) ||
	    !read_places(r, plan, vm, object))
		return false;
	if (json_is_true(json_object_get(object, "kept")) && vm->placed)
		vm->spec->cpus = g_array_copy(vm->vcpupin);
	return read_cpupm(r, vm, object);
}

static bool read_vms(Reader *r, Plan *plan, const json_t *root)
{
	const json_t *array;

	if (!get_array(r, root, "vms", &array))
		return false;
	for (size_t i = 0; i < json_array_size(array); i++)
		if (!read_vm(r, plan, json_array_get(array, i)))
			return false;
	return true;
}

/* Placement and findings */

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
	return true;
}

static bool read_finding(Reader *r, Plan *plan, const json_t *object)
{
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

static bool read_findings(Reader *r, Plan *plan, const json_t *root)
{
	const json_t *array;

	if (!get_array(r, root, "findings", &array))
		return false;
	for (size_t i = 0; i < json_array_size(array); i++)
		if (!read_finding(r, plan, json_array_get(array, i)))
			return false;
	return true;
}

/* The document */

static bool format_check(Reader *r, const json_t *root)
{
	const char *format = json_string_value(json_object_get(root, "format"));

	if (!format)
		return fail(r, "is not a plan document: it has no 'format'");
	return !strcmp(format, JSON_FORMAT_PLAN) ||
	       fail(r, "is a document of format '%s', not %s", format, JSON_FORMAT_PLAN);
}

static bool read_document(Reader *r, const json_t *root, Host *host, Plan *plan)
{
	return format_check(r, root) && read_host(r, host, root) && read_versions(r, plan, root) &&
	       read_roles(r, plan, root) && read_kernel(r, plan, root) && read_vms(r, plan, root) &&
	       read_placement(r, plan, root) && read_findings(r, plan, root);
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
		g_set_error(&failure, PLANNER_ERROR, PLANNER_ERROR_INPUT, "%s:%d: not JSON: %s",
			    name, where.line, where.text);
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
