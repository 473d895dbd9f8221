/* SPDX-License-Identifier: MIT */
/* What each key of the inventory may say, and where that goes. */
#include "planner/base/nearest.h"
#include "planner/base/size.h"
#include "planner/base/version.h"
#include "planner/inventory/inventory_parser.h"
#include "planner/kernel/cmdline.h"

#include <string.h>

#define IOTHREADS_MAX 64

/* Values */

static bool number_set(Parser *p, const char *value, unsigned least, unsigned most,
		       unsigned *number)
{
	guint64 n;

	if (!g_ascii_isdigit(*value) ||
	    !g_ascii_string_to_unsigned(value, 10, least, most, &n, NULL)) {
		parser_refuse(p, "'%s' is not a whole number from %u to %u", value, least, most);
		return false;
	}
	*number = n;
	return true;
}

/* Who writes fewer bytes than this forgot the unit. */
#define MEMORY_LEAST (UINT64_C(1) << 20)

static void memory_set(Parser *p, const char *value, uint64_t *bytes)
{
	if (!size_parse(value, bytes) || !*bytes)
		parser_refuse(p, "'%s' is not a size: write a number and K, M, G or T, such as 8G",
			      value);
	else if (*bytes < MEMORY_LEAST && g_ascii_isdigit(value[strlen(value) - 1]))
		parser_refuse(p, "'%s' is so many bytes; did you mean %s%c?", value, value,
			      *bytes < 4096 ? 'G' : 'M');
}

/* The position of VALUE in NAMES; a complaint and 0 when it is not there. */
static unsigned choice_set(Parser *p, const char *value, const char *const *names)
{
	g_autofree char *all = NULL;
	const char *near;

	for (unsigned i = 0; names[i]; i++)
		if (!strcmp(value, names[i]))
			return i;
	near = nearest_word(value, names);
	all = g_strjoinv(" | ", (char **)names);
	if (near)
		parser_refuse(p, "'%s' is not one of %s; did you mean '%s'?", value, all, near);
	else
		parser_refuse(p, "'%s' is not one of %s", value, all);
	return 0;
}

static bool yes_no_set(Parser *p, const char *value)
{
	static const char *const names[] = {"no", "yes", NULL};

	return choice_set(p, value, names);
}

static void version_set(Parser *p, const char *value, char **version)
{
	if (version_valid(value))
		*version = g_strdup(value);
	else
		parser_refuse(p, "'%s' is not a version such as 6.2.0", value);
}

/* Words of VALUE between the characters of SEPARATORS, empty ones dropped. */
static char **inventory_keys_words(const char *value, const char *separators)
{
	g_auto(GStrv) parts = g_strsplit_set(value, separators, -1);
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

	for (char **part = parts; *part; part++)
		if (*g_strstrip(*part))
			g_strv_builder_add(builder, *part);
	return g_strv_builder_end(builder);
}

/* [node] */

static void inventory_keys_node_name(Parser *p, const char *value)
{
	const char *fault = vm_name_fault(value);

	if (fault)
		parser_refuse(p, "the name %s", fault);
	else
		p->inventory->name = g_strdup(value);
}

static void node_kernel(Parser *p, const char *value)
{
	version_set(p, value, &p->inventory->kernel);
}

static void node_qemu(Parser *p, const char *value)
{
	version_set(p, value, &p->inventory->qemu);
}

static void node_libvirt(Parser *p, const char *value)
{
	version_set(p, value, &p->inventory->libvirt);
}

static void node_mwait(Parser *p, const char *value)
{
	p->inventory->mwait = yes_no_set(p, value) ? TRISTATE_YES : TRISTATE_NO;
}

static const Key node_keys[] = {
	{"name", inventory_keys_node_name}, {"kernel", node_kernel}, {"qemu", node_qemu},
	{"libvirt", node_libvirt},	    {"mwait", node_mwait},   {NULL, NULL},
};

/* [partner NAME] */

static void partner_kernel(Parser *p, const char *value)
{
	version_set(p, value, &p->partner->kernel);
}

static void partner_qemu(Parser *p, const char *value)
{
	version_set(p, value, &p->partner->qemu);
}

static void partner_libvirt(Parser *p, const char *value)
{
	version_set(p, value, &p->partner->libvirt);
}

static void partner_mwait(Parser *p, const char *value)
{
	p->partner->mwait = yes_no_set(p, value) ? TRISTATE_YES : TRISTATE_NO;
}

const Key parser_partner_keys[] = {
	{"kernel", partner_kernel}, {"qemu", partner_qemu}, {"libvirt", partner_libvirt},
	{"mwait", partner_mwait},   {NULL, NULL},
};

/* [host], [sdk], [shared]: how many cores, or which CPUs */

/* The request may be made in one way only. */
static bool request_by(Parser *p, SplitBy by)
{
	if (p->request->line) {
		parser_refuse(p, "the cores are already asked for in line %d; keep one of the two",
			      p->request->line);
		return false;
	}
	p->request->by = by;
	p->request->line = p->line;
	return true;
}

static void request_count(Parser *p, const char *value, SplitBy by)
{
	unsigned least = p->request == &p->inventory->host;

	if (request_by(p, by))
		number_set(p, value, least, CPULIST_LIMIT, &p->request->cores);
}

static void request_per_socket(Parser *p, const char *value)
{
	request_count(p, value, SPLIT_SOCKET);
}

static void request_per_node(Parser *p, const char *value)
{
	request_count(p, value, SPLIT_NODE);
}

static void request_cores(Parser *p, const char *value)
{
	request_count(p, value, SPLIT_MACHINE);
}

static void inventory_keys_request_cpus(Parser *p, const char *value)
{
	g_autoptr(GError) error = NULL;
	g_auto(CpuSet) cpus = cpulist_parse(value, &error);

	if (!request_by(p, SPLIT_CPUS))
		return;
	if (!cpus)
		parser_refuse(p, "%s", error->message);
	else if (hwloc_bitmap_iszero(cpus))
		parser_refuse(p, "the list is empty; leave the key out instead");
	else
		p->request->cpus = g_steal_pointer(&cpus);
}

static void host_memory(Parser *p, const char *value)
{
	memory_set(p, value, &p->inventory->host_memory);
}

static void sdk_near(Parser *p, const char *value)
{
	g_auto(GStrv) names = inventory_keys_words(value, ",");

	for (char **name = names; *name; name++)
		if (strpbrk(*name, " \t")) {
			parser_refuse(p, "'%s' is no device; write commas between devices", *name);
			return;
		}
	if (!*names) {
		parser_refuse(p, "names no device");
		return;
	}
	p->inventory->near = g_steal_pointer(&names);
	p->inventory->near_line = p->line;
}

static void shared_overcommit(Parser *p, const char *value)
{
	unsigned ratio;

	if (number_set(p, value, 1, 1024, &ratio))
		p->inventory->overcommit = ratio;
}

static const Key host_keys[] = {
	{"cores-per-socket", request_per_socket},
	{"cores-per-node", request_per_node},
	{"cores", request_cores},
	{"cpus", inventory_keys_request_cpus},
	{"memory-per-node", host_memory},
	{NULL, NULL},
};

static const Key sdk_keys[] = {
	{"cores-per-socket", request_per_socket},
	{"cores-per-node", request_per_node},
	{"cores", request_cores},
	{"cpus", inventory_keys_request_cpus},
	{"near", sdk_near},
	{NULL, NULL},
};

static const Key shared_keys[] = {
	{"cores-per-socket", request_per_socket},
	{"cores-per-node", request_per_node},
	{"cores", request_cores},
	{"cpus", inventory_keys_request_cpus},
	{"overcommit", shared_overcommit},
	{NULL, NULL},
};

/* [kernel] */

static void kernel_isolation(Parser *p, const char *value)
{
	p->inventory->isolation = choice_set(p, value, isolation_names);
}

/* Flags of isolcpus=, kernel/sched/isolation.c. The nohz flag is refused: before 6.15 it sets only
 * the tick's mask, and nohz_full= says all of what it is meant for. */
static void kernel_flags(Parser *p, const char *value)
{
	static const char *const known[] = {"managed_irq", "domain", NULL};
	g_auto(GStrv) flags = inventory_keys_words(value, ",");

	for (char **flag = flags; *flag; flag++)
		if (!strcmp(*flag, "nohz"))
			parser_refuse(
				p, "'nohz' is not for this list: planner writes nohz_full= itself");
		else
			choice_set(p, *flag, known);
	p->inventory->flags = g_steal_pointer(&flags);
}

static void kernel_irqaffinity(Parser *p, const char *value)
{
	p->inventory->irqaffinity = yes_no_set(p, value);
}

/* Names the kernel takes as the same: '-' and '_' are equal in parameter names (kernel/params.c).
 */
static char *parameter_name(const char *parameter)
{
	char *name = g_strndup(parameter, strcspn(parameter, "="));

	return g_strdelimit(name, "-", '_');
}

static void extra_check(Parser *p, const char *parameter)
{
	g_autofree char *name = parameter_name(parameter);
	const char *near = nearest_word(name, cmdline_cpu_names);

	for (const char *c = parameter; *c; c++)
		if (!g_ascii_isalnum(*c) && !strchr("-_.,:=/@+%*~^", *c)) {
			parser_refuse(p, "'%.*s' is not safe on a kernel line",
				      (int)(g_utf8_next_char(c) - c), c);
			return;
		}
	if (!*name)
		parser_refuse(p, "'%s' has no name before its '='", parameter);
	else if (!strcmp(name, "__"))
		parser_refuse(p, "'--' ends the kernel's part of the line");
	else if (cmdline_listed(cmdline_cpu_names, name))
		parser_refuse(p, "%s= is planner's to write", name);
	else if (near)
		parser_refuse(p,
			      "'%s' is no kernel parameter; did you mean %s, which planner writes?",
			      name, near);
}

static void kernel_extra(Parser *p, const char *value)
{
	g_strfreev(p->inventory->extra);
	p->inventory->extra = inventory_keys_words(value, " \t");
	for (char **parameter = p->inventory->extra; *parameter; parameter++)
		extra_check(p, *parameter);
}

static const Key kernel_keys[] = {
	{"isolation", kernel_isolation},
	{"flags", kernel_flags},
	{"irqaffinity", kernel_irqaffinity},
	{"extra", kernel_extra},
	{NULL, NULL},
};

/* [vm NAME] */

static void vm_vcpus(Parser *p, const char *value)
{
	number_set(p, value, 1, CPULIST_LIMIT, &p->vm->vm->vcpus);
}

static void vm_policy(Parser *p, const char *value)
{
	p->vm->vm->policy = choice_set(p, value, policy_names);
}

static void vm_cpus(Parser *p, const char *value)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) cpus = cpulist_parse_ordered(value, &error);

	if (!cpus)
		parser_refuse(p, "%s", error->message);
	else if (!cpus->len)
		parser_refuse(p, "the list is empty; leave the key out and planner chooses");
	else
		p->vm->vm->cpus = g_steal_pointer(&cpus);
}

static void vm_node(Parser *p, const char *value)
{
	unsigned node;

	if (number_set(p, value, 0, CPULIST_LIMIT - 1, &node))
		p->vm->vm->node = node;
}

static void vm_memory(Parser *p, const char *value)
{
	memory_set(p, value, &p->vm->vm->memory);
}

/* Sizes some architecture has huge pages of: powers of two from 16K (arm64 contiguous) to 16G
 * (ppc64). */
static void vm_hugepages(Parser *p, const char *value)
{
	uint64_t page = 0;

	if (!size_parse(value, &page) || page & (page - 1) || page < UINT64_C(1) << 14 ||
	    page > UINT64_C(1) << 34)
		parser_refuse(p, "'%s' is not a huge page size such as 2M or 1G", value);
	else
		p->vm->vm->page = page;
}

static void vm_threads(Parser *p, const char *value)
{
	p->vm->vm->threads = choice_set(p, value, threads_names);
}

static void vm_cpu_mode(Parser *p, const char *value)
{
	p->vm->vm->cpu_mode = choice_set(p, value, cpu_mode_names);
}

static void vm_cpu_pm(Parser *p, const char *value)
{
	static const char *const names[] = {"auto", "off", NULL};

	if (!strcmp(value, "on"))
		parser_refuse(p, "cpu-pm is on where the plan proves it safe: write auto or off");
	else
		p->vm->vm->cpu_pm = !choice_set(p, value, names);
}

static void vm_iothreads(Parser *p, const char *value)
{
	number_set(p, value, 0, IOTHREADS_MAX, &p->vm->vm->iothreads);
}

static void vm_locked(Parser *p, const char *value)
{
	p->vm->vm->locked = yes_no_set(p, value);
}

static void vm_count(Parser *p, const char *value)
{
	number_set(p, value, 1, INVENTORY_VMS_MAX, &p->vm->count);
}

const Key parser_vm_keys[] = {
	{"vcpus", vm_vcpus},
	{"policy", vm_policy},
	{"cpus", vm_cpus},
	{"node", vm_node},
	{"memory", vm_memory},
	{"hugepages", vm_hugepages},
	{"threads", vm_threads},
	{"cpu-mode", vm_cpu_mode},
	{"cpu-pm", vm_cpu_pm},
	{"iothreads", vm_iothreads},
	{"locked", vm_locked},
	{"count", vm_count},
	{NULL, NULL},
};

const Section parser_sections[] = {
	{"node", node_keys},	 {"host", host_keys},	  {"sdk", sdk_keys},
	{"shared", shared_keys}, {"kernel", kernel_keys}, {NULL, NULL},
};
