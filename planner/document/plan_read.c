/* SPDX-License-Identifier: MIT */
#include "planner/document/plan_read.h"
#include "planner/document/plan_read_parts.h"
#include "planner/document/plan_write.h"
#include "planner/inventory/settings.h"
#include "topology/base/error.h"

#include <string.h>

/* Nodes, roles, kernel line */

static bool read_partner(Reader *r, void *into, const json_t *object)
{
	Plan *plan = into;
	const char *name;
	NodeSpec *partner;

	if (!reader_string(r, object, "name", &name))
		return false;
	if (vm_name_fault(name))
		return reader_fail(r, "'name' of a partner %s", vm_name_fault(name));
	partner = partner_new(name);
	g_ptr_array_add(plan->partners, partner);
	return plan_read_settings(r, &partner_settings, partner, object);
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
	return reader_fail(r, "the core of CPU %u does not have one role", core->cpu[0]);
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
		good = good && reader_cpus(r, object, role_names[role], cpus[role]);
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

	if (!reader_string(r, object, "name", &name) || !reader_text(r, object, "value", &value))
		return false;
	parameter = g_new0(KernelParameter, 1);
	parameter->name = g_strdup(name);
	parameter->value = g_strdup(value);
	g_ptr_array_add(plan->parameters, parameter);
	return true;
}

/* The line must be that of the parameters, or one of the two was edited. */
static bool plan_read_kernel(Reader *r, Plan *plan, const json_t *root)
{
	const json_t *kernel = json_object_get(root, "kernel");
	const char *line;

	plan->parameters = g_ptr_array_new_with_free_func((GDestroyNotify)kernel_parameter_free);
	if (!reader_string(r, kernel, "cmdline", &line) ||
	    !reader_each(r, plan, kernel, "parameters", read_parameter))
		return false;
	plan->cmdline = kernel_line(plan->parameters);
	for (const char *c = line; *c; c++)
		if (!g_ascii_isgraph(*c) && *c != ' ')
			return reader_fail(
				r, "'cmdline' has a character that a kernel line cannot have");
	return !strcmp(line, plan->cmdline) ||
	       reader_fail(r, "'cmdline' does not match 'parameters'");
}

/* Placement and findings */

static bool counts_check(Reader *r, const Plan *plan)
{
	unsigned placed = 0;

	for (unsigned i = 0; i < plan->vms->len; i++)
		placed += ((const PlanVm *)g_ptr_array_index(plan->vms, i))->placed;
	return (plan->placed == placed && plan->wanted == plan->vms->len && plan->bound >= placed &&
		plan->bound <= plan->wanted) ||
	       reader_fail(r, "'placement' does not match its VMs");
}

static bool read_placement(Reader *r, Plan *plan, const json_t *root)
{
	static const char *const names[] = {"vcpus", "vms", "order", NULL};
	const json_t *placement = json_object_get(root, "placement");
	unsigned prefer;

	if (!reader_bool(r, placement, "optimal", &plan->optimal) ||
	    !reader_unsigned(r, placement, "placed", G_MAXINT, &plan->placed) ||
	    !reader_unsigned(r, placement, "wanted", G_MAXINT, &plan->wanted) ||
	    !reader_unsigned(r, placement, "bound", G_MAXINT, &plan->bound) ||
	    !reader_word(r, placement, "prefer", names, &prefer))
		return false;
	plan->prefer = prefer;
	plan->overcommit = json_number_value(json_object_get(placement, "overcommit"));
	return counts_check(r, plan);
}

static bool read_finding(Reader *r, void *into, const json_t *object)
{
	Plan *plan = into;
	const char *id, *subject, *text, *fix;
	unsigned severity, verdict;

	if (!reader_string(r, object, "id", &id) ||
	    !reader_string(r, object, "subject", &subject) ||
	    !reader_string(r, object, "text", &text) || !reader_string(r, object, "fix", &fix) ||
	    !reader_word(r, object, "severity", severity_names, &severity) ||
	    !reader_word(r, object, "verdict", verdict_names, &verdict))
		return false;
	if (verdict == VERDICT_UNKNOWN)
		findings_add_unknown(plan->findings, severity, id, subject, fix, "%s", text);
	else
		findings_add(plan->findings, severity, id, subject, fix, "%s", text);
	return true;
}

/* The whole document */

static bool plan_read_has_control(const char *text)
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
		return !plan_read_has_control(json_string_value(value));
	json_array_foreach (value, i, member)
		if (!texts_clean(member))
			return false;
	json_object_foreach (value, key, member)
		if (plan_read_has_control(key) || !texts_clean(member))
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
	       reader_fail(r, "'%s' contradicts the rest of it", where->len ? where->str + 1 : "");
}

static bool format_check(Reader *r, const json_t *root)
{
	const char *format = json_string_value(json_object_get(root, "format"));

	if (!format)
		return reader_fail(r, "is not a plan document: it has no 'format'");
	return !strcmp(format, JSON_FORMAT_PLAN) ||
	       reader_fail(r, "has the format '%s', not %s", format, JSON_FORMAT_PLAN);
}

static bool read_document(Reader *r, json_t *root, Host *host, Plan *plan)
{
	if (!texts_clean(root))
		return reader_fail(r, "has a text with a control character");
	return format_check(r, root) && plan_read_host(r, host, root) &&
	       plan_read_settings(r, node_settings, plan->node, json_object_get(root, "node")) &&
	       read_roles(r, plan, root) && plan_read_kernel(r, plan, root) &&
	       reader_each_if_any(r, plan, root, "partners", read_partner) &&
	       reader_each(r, plan, root, "vms", plan_read_vm) && read_placement(r, plan, root) &&
	       reader_each(r, plan, root, "findings", read_finding) &&
	       plan_read_changes(r, plan, root) && same_check(r, plan, root);
}

/* jansson's message quotes what it could not read. */
static bool not_json(Reader *r, const json_error_t *where)
{
	g_autofree char *text = g_utf8_make_valid(where->text, -1);
	g_autoptr(GString) what = g_string_new(NULL);

	for (const char *c = text; *c; c = g_utf8_next_char(c))
		g_string_append_unichar(
			what, g_unichar_iscntrl(g_utf8_get_char(c)) ? '?' : g_utf8_get_char(c));
	return reader_fail(r, "line %d: not JSON: %s", where->line, what->str);
}

Plan *plan_read(const char *name, const char *text, size_t length, Host **host, GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autoptr(Host) own = host_new();
	g_autoptr(Plan) plan = plan_new(own);
	Reader reader = {name, "save it again with 'planner plan -o'", &failure};
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
