/* SPDX-License-Identifier: MIT */
#include "planner/base/json.h"

static json_t *json_add_text(const char *string)
{
	return string ? json_string(string) : json_null();
}

static json_t *json_cpus(hwloc_const_bitmap_t set)
{
	g_autofree char *list = set ? cpulist_format(set) : g_strdup("");

	return json_string(list);
}

static json_t *json_unsigneds(const GArray *numbers)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < numbers->len; i++)
		json_array_append_new(array, json_integer(g_array_index(numbers, unsigned, i)));
	return array;
}

/* The host */

static json_t *core_to_json(const Host *host, const Core *core)
{
	json_t *object = json_object();
	GString *list = g_string_new(NULL);

	for (unsigned i = 0; i < core->n_cpus; i++)
		g_string_append_printf(list, "%s%u", i ? "," : "", core->cpu[i]);
	json_object_set_new(object, "cpus", json_string(list->str));
	json_object_set_new(object, "socket", json_integer(core->package));
	json_object_set_new(object, "node", json_integer(host_node(host, core->node)->id));
	if (core->l3 != HOST_NONE)
		json_object_set_new(object, "l3", json_integer(core->l3));
	if (host->n_kinds > 1)
		json_object_set_new(object, "kind", json_integer(core->kind));
	if (core->partial)
		json_object_set_new(object, "partial", json_true());
	g_string_free(list, TRUE);
	return object;
}

static json_t *cores_to_json(const Host *host)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < host->cores->len; i++)
		json_array_append_new(array, core_to_json(host, host_core(host, i)));
	return array;
}

static json_t *nodes_to_json(const Host *host)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < host->nodes->len; i++) {
		const NumaNode *node = host_node(host, i);
		json_t *object = json_object();

		json_object_set_new(object, "id", json_integer(node->id));
		json_object_set_new(object, "cpus", json_cpus(node->cpus));
		json_object_set_new(object, "memory",
				    node->memory ? json_integer((json_int_t)node->memory)
						 : json_null());
		if (node->subtype)
			json_object_set_new(object, "subtype", json_string(node->subtype));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *l3s_to_json(const Host *host)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < host->l3s->len; i++) {
		const L3 *l3 = &g_array_index(host->l3s, L3, i);
		json_t *object = json_object();

		json_object_set_new(object, "cpus", json_cpus(l3->cpus));
		json_object_set_new(object, "size",
				    l3->size ? json_integer((json_int_t)l3->size) : json_null());
		json_array_append_new(array, object);
	}
	return array;
}

static bool knows_l3s(const Host *host)
{
	for (unsigned i = 0; i < host->l3s->len; i++)
		if (g_array_index(host->l3s, L3, i).size)
			return true;
	return false;
}

static void json_places_to_json(json_t *object, const Host *host)
{
	json_object_set_new(object, "nodes", nodes_to_json(host));
	if (knows_l3s(host))
		json_object_set_new(object, "l3s", l3s_to_json(host));
	json_object_set_new(object, "cores", cores_to_json(host));
}

static json_t *devices_to_json(const Host *host)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < host->devices->len; i++) {
		const Device *device = &g_array_index(host->devices, Device, i);
		json_t *object = json_object();

		json_object_set_new(object, "name", json_add_text(device->name));
		json_object_set_new(object, "bus", json_add_text(device->busid));
		json_object_set_new(object, "node",
				    device->node == HOST_NONE
					    ? json_null()
					    : json_integer(host_node(host, device->node)->id));
		json_array_append_new(array, object);
	}
	return array;
}

json_t *host_to_json(const Host *host)
{
	json_t *object = json_object();

	json_object_set_new(object, "format", json_string(JSON_FORMAT_HOST));
	json_object_set_new(object, "topology", json_string(host->fingerprint));
	json_object_set_new(object, "arch", json_add_text(host->arch));
	json_object_set_new(object, "model", json_add_text(host->model));
	json_object_set_new(object, "online", json_cpus(host->online));
	json_object_set_new(object, "offline", json_cpus(host->offline));
	json_object_set_new(object, "allowed", json_cpus(host->allowed));
	json_places_to_json(object, host);
	json_object_set_new(object, "devices", devices_to_json(host));
	return object;
}

/* Findings */

/* What findings of a check have besides. */
static void finding_support(json_t *object, const Finding *finding)
{
	if (finding->evidence)
		json_object_set_new(object, "evidence", json_string(finding->evidence));
	if (finding->cpus)
		json_object_set_new(object, "cpus", json_string(finding->cpus));
	if (finding->why)
		json_object_set_new(object, "why", json_string(finding->why));
}

json_t *findings_to_json(const GPtrArray *findings)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < findings->len; i++) {
		const Finding *finding = g_ptr_array_index(findings, i);
		json_t *object = json_object();

		json_object_set_new(object, "id", json_string(finding->id));
		json_object_set_new(object, "severity",
				    json_string(severity_name(finding->severity)));
		json_object_set_new(object, "verdict", json_string(verdict_name(finding->verdict)));
		json_object_set_new(object, "subject", json_string(finding->subject));
		json_object_set_new(object, "text", json_string(finding->text));
		json_object_set_new(object, "fix", json_string(finding->fix));
		finding_support(object, finding);
		json_array_append_new(array, object);
	}
	return array;
}

/* The plan */

/* What another plan beside this one depends on; left out where it is not known, or nothing. */
static void node_facts(json_t *object, const Plan *plan)
{
	if (plan->host->model)
		json_object_set_new(object, "model", json_string(plan->host->model));
	if (plan->mwait != TRISTATE_UNKNOWN)
		json_object_set_new(object, "mwait", json_boolean(plan->mwait == TRISTATE_YES));
	if (plan->host_memory)
		json_object_set_new(object, "host_memory",
				    json_integer((json_int_t)plan->host_memory));
}

json_t *plan_node_to_json(const Plan *plan)
{
	json_t *object = json_object();

	json_object_set_new(object, "name", json_add_text(plan->name));
	json_object_set_new(object, "kernel", json_add_text(plan->kernel));
	json_object_set_new(object, "qemu", json_add_text(plan->qemu));
	json_object_set_new(object, "libvirt", json_add_text(plan->libvirt));
	json_object_set_new(object, "topology", json_string(plan->host->fingerprint));
	json_object_set_new(object, "arch", json_add_text(plan->host->arch));
	return object;
}

/* Left out where there is none. */
static void partners_to_json(json_t *object, const Plan *plan)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < plan->partners->len; i++) {
		const Partner *partner = g_ptr_array_index(plan->partners, i);
		json_t *entry = json_object();

		json_object_set_new(entry, "name", json_add_text(partner->name));
		json_object_set_new(entry, "kernel", json_add_text(partner->kernel));
		json_object_set_new(entry, "qemu", json_add_text(partner->qemu));
		json_object_set_new(entry, "libvirt", json_add_text(partner->libvirt));
		if (partner->mwait != TRISTATE_UNKNOWN)
			json_object_set_new(entry, "mwait",
					    json_boolean(partner->mwait == TRISTATE_YES));
		json_array_append_new(array, entry);
	}
	if (json_array_size(array))
		json_object_set(object, "partners", array);
	json_decref(array);
}

static json_t *roles_to_json(const Plan *plan)
{
	static const Role order[] = {ROLE_HOST, ROLE_SDK,      ROLE_DEDICATED, ROLE_SHARED,
				     ROLE_FREE, ROLE_STRANDED, ROLE_OFFLINE};
	json_t *object = json_object();

	for (unsigned i = 0; i < G_N_ELEMENTS(order); i++)
		json_object_set_new(object, role_names[order[i]], json_cpus(plan->cpus[order[i]]));
	json_object_set_new(object, "isolated", json_cpus(plan->isolated));
	return object;
}

static json_t *kernel_to_json(const Plan *plan)
{
	json_t *object = json_object(), *parameters = json_array();

	for (unsigned i = 0; i < plan->parameters->len; i++) {
		const KernelParameter *p = g_ptr_array_index(plan->parameters, i);
		json_t *entry = json_object();

		json_object_set_new(entry, "name", json_string(p->name));
		json_object_set_new(entry, "value", json_add_text(p->value));
		json_array_append_new(parameters, entry);
	}
	json_object_set_new(object, "cmdline", json_string(plan->cmdline));
	json_object_set_new(object, "parameters", parameters);
	return object;
}

static json_t *reasons_to_json(const GPtrArray *reasons)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < reasons->len; i++) {
		const CpupmReason *reason = g_ptr_array_index(reasons, i);
		json_t *object = json_object();

		json_object_set_new(object, "code", json_string(reason->code));
		json_object_set_new(object, "text", json_string(reason->text));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *cpupm_to_json(const Cpupm *cpupm)
{
	json_t *object = json_object();

	json_object_set_new(object, "verdict", json_string(cpupm_names[cpupm->verdict]));
	json_object_set_new(object, "reasons", reasons_to_json(cpupm->reasons));
	if (cpupm->notes->len)
		json_object_set_new(object, "notes", reasons_to_json(cpupm->notes));
	return object;
}

static json_t *iothreadpin_to_json(const PlanVm *vm)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < vm->spec->iothreads; i++)
		json_array_append_new(array, json_cpus(vm->emulatorpin));
	return array;
}

static json_t *shares_to_json(const Plan *plan, const PlanVm *vm)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < vm->shares->len; i++) {
		const VmShare *share = &g_array_index(vm->shares, VmShare, i);
		json_t *object = json_object();

		json_object_set_new(object, "node",
				    json_integer(host_node(plan->host, share->node)->id));
		json_object_set_new(object, "vcpus", json_integer(share->vcpus));
		json_object_set_new(object, "memory", json_integer((json_int_t)share->memory));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *vm_nodes_to_json(const Plan *plan, const PlanVm *vm)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < vm->shares->len; i++) {
		unsigned node = g_array_index(vm->shares, VmShare, i).node;

		json_array_append_new(array, json_integer(host_node(plan->host, node)->id));
	}
	return array;
}

static json_t *topology_to_json(const PlanVm *vm)
{
	json_t *object = json_object();

	json_object_set_new(object, "sockets", json_integer(vm->sockets));
	json_object_set_new(object, "cores", json_integer(vm->cores));
	json_object_set_new(object, "threads", json_integer(vm->threads));
	return object;
}

/* Where it runs: pins for a dedicated VM, the pool for a shared one. */
static void vm_places(json_t *object, const Plan *plan, const PlanVm *vm)
{
	if (vm->spec->policy == POLICY_SHARED)
		json_object_set_new(object, "cpuset", json_cpus(vm->cpuset));
	else
		json_object_set_new(object, "vcpupin", json_unsigneds(vm->vcpupin));
	json_object_set_new(object, "emulatorpin", json_cpus(vm->emulatorpin));
	json_object_set_new(object, "iothreadpin", iothreadpin_to_json(vm));
	if (vm->spec->policy == POLICY_DEDICATED)
		json_object_set_new(object, "nodes", vm_nodes_to_json(plan, vm));
}

/* What the inventory says of it, so that the document alone can be worded for other tools. */
static void vm_wishes(json_t *object, const VmSpec *spec)
{
	json_object_set_new(object, "hugepages",
			    spec->page ? json_integer((json_int_t)spec->page) : json_null());
	json_object_set_new(object, "threads", json_string(threads_names[spec->threads]));
	json_object_set_new(object, "cpu_mode", json_string(cpu_mode_names[spec->cpu_mode]));
	json_object_set_new(object, "iothreads", json_integer(spec->iothreads));
	json_object_set_new(object, "locked", json_boolean(spec->locked));
	json_object_set_new(object, "kept", json_boolean(spec->cpus != NULL));
	if (spec->node >= 0)
		json_object_set_new(object, "node", json_integer(spec->node));
}

static json_t *json_vm_to_json(const Plan *plan, const PlanVm *vm)
{
	json_t *object = json_object();

	json_object_set_new(object, "name", json_string(vm->spec->name));
	json_object_set_new(object, "policy", json_string(policy_names[vm->spec->policy]));
	json_object_set_new(object, "placed", json_boolean(vm->placed));
	json_object_set_new(object, "vcpus", json_integer(vm->spec->vcpus));
	vm_places(object, plan, vm);
	json_object_set_new(object, "memory", json_integer((json_int_t)vm->spec->memory));
	if (vm->shares->len > 1)
		json_object_set_new(object, "shares", shares_to_json(plan, vm));
	if (vm->placed)
		json_object_set_new(object, "topology", topology_to_json(vm));
	vm_wishes(object, vm->spec);
	json_object_set_new(object, "cpu_pm", cpupm_to_json(vm->cpupm));
	return object;
}

static json_t *vms_to_json(const Plan *plan)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < plan->vms->len; i++)
		json_array_append_new(array,
				      json_vm_to_json(plan, g_ptr_array_index(plan->vms, i)));
	return array;
}

static json_t *placement_to_json(const Plan *plan)
{
	static const char *const names[] = {"vcpus", "vms", "order"};
	json_t *object = json_object();

	json_object_set_new(object, "optimal", json_boolean(plan->optimal));
	json_object_set_new(object, "placed", json_integer(plan->placed));
	json_object_set_new(object, "wanted", json_integer(plan->wanted));
	json_object_set_new(object, "bound", json_integer(plan->bound));
	json_object_set_new(object, "prefer", json_string(names[plan->prefer]));
	return object;
}

static json_t *move_to_json(const Plan *plan, const Move *move)
{
	static const char *const costs[] = {"re-pin", "memory", "restart"};
	json_t *object = json_object();

	json_object_set_new(object, "vm", json_string(move->vm));
	json_object_set_new(object, "from", json_unsigneds(move->from));
	json_object_set_new(object, "to", json_unsigneds(plan_vm(plan, move->vm)->vcpupin));
	json_object_set_new(object, "cost", json_string(costs[move->cost]));
	return object;
}

static json_t *json_moves_to_json(const Plan *plan)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < plan->moves->len; i++)
		json_array_append_new(array, move_to_json(plan, g_ptr_array_index(plan->moves, i)));
	return array;
}

static json_t *single_to_json(const Plan *plan, const Change *change)
{
	json_t *object = json_object();

	if (change->kind == CHANGE_MOVE) {
		json_object_set_new(object, "kind", json_string("move"));
		json_object_set_new(object, "vm", json_string(change->vm));
		return object;
	}
	json_object_set_new(object, "kind",
			    json_string(change->kind == CHANGE_CORES ? "cores" : "memory"));
	json_object_set_new(object, "node", json_integer(host_node(plan->host, change->node)->id));
	if (change->kind == CHANGE_MEMORY) {
		json_object_set_new(object, "memory", json_integer((json_int_t)change->memory));
		return object;
	}
	json_object_set_new(object, "cores", json_integer(change->cores));
	json_object_set_new(object, "from", json_string(role_names[change->from]));
	if (change->cpus)
		json_object_set_new(object, "cpus", json_cpus(change->cpus));
	if (change->vm)
		json_object_set_new(object, "vm", json_string(change->vm));
	return object;
}

static json_t *change_to_json(const Plan *plan, const Change *change)
{
	json_t *object = single_to_json(plan, change);

	if (change->with)
		json_object_set_new(object, "with", single_to_json(plan, change->with));
	return object;
}

json_t *changes_to_json(const Plan *plan, const GPtrArray *changes)
{
	json_t *array = json_array();

	for (unsigned c = 0; c < changes->len; c++)
		json_array_append_new(array, change_to_json(plan, g_ptr_array_index(changes, c)));
	return array;
}

static json_t *why_nots_to_json(const Plan *plan)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < plan->why_nots->len; i++) {
		const WhyNot *why_not = g_ptr_array_index(plan->why_nots, i);
		json_t *object = json_object();

		json_object_set_new(object, "vm", json_string(why_not->vm));
		json_object_set_new(object, "changes", changes_to_json(plan, why_not->changes));
		json_array_append_new(array, object);
	}
	return array;
}

json_t *plan_to_json(const Plan *plan)
{
	json_t *object = json_object(), *node = plan_node_to_json(plan);

	json_object_set_new(object, "format", json_string(JSON_FORMAT_PLAN));
	node_facts(node, plan);
	json_object_set_new(object, "node", node);
	json_object_set_new(object, "cpus", roles_to_json(plan));
	json_object_set_new(object, "kernel", kernel_to_json(plan));
	partners_to_json(object, plan);
	json_object_set_new(object, "vms", vms_to_json(plan));
	json_object_set_new(object, "placement", placement_to_json(plan));
	json_object_set_new(object, "findings", findings_to_json(plan->findings));
	if (plan->moves->len)
		json_object_set_new(object, "moves", json_moves_to_json(plan));
	if (plan->why_nots->len)
		json_object_set_new(object, "why_not", why_nots_to_json(plan));
	json_places_to_json(object, plan->host);
	return object;
}

char *json_text(const json_t *document)
{
	char *dump = json_dumps(document, JSON_INDENT(2));
	char *text_with_end = g_strconcat(dump, "\n", NULL);

	free(dump);
	return text_with_end;
}
