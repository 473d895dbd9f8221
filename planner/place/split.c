/* SPDX-License-Identifier: MIT */
#include "planner/place/split.h"
#include "planner/base/finding.h"
#include "planner/base/subject.h"
#include "planner/place/near.h"

#include <string.h>

/* A request with its role and the nodes it may take cores from. */
typedef struct SplitWant {
	const CoreRequest *request;
	Role role;
	const char *section; /* "[host]" */
	const bool *near;    /* by node; NULL = all nodes */
} SplitWant;

typedef struct Splitter {
	const Host *host;
	const Inventory *inventory;
	GPtrArray *findings;
	Role *roles;	     /* by core; FREE = not claimed yet */
	bool *near;	     /* by node: an SDK device is there */
	GPtrArray *of_nodes; /* by node: its cores, GArray of unsigned */
} Splitter;

static unsigned n_cores(const Splitter *s)
{
	return s->host->cores->len;
}

static unsigned node_id(const Splitter *s, unsigned node)
{
	return host_node(s->host, node)->id;
}

/* Explicit lists */

/* The CPUs of CORE that the request lists. Yours. */
static CpuSet listed_of(const SplitWant *want, const Core *core)
{
	CpuSet listed = hwloc_bitmap_alloc();

	for (unsigned t = 0; t < core->n_cpus; t++)
		if (hwloc_bitmap_isset(want->request->cpus, core->cpu[t]))
			hwloc_bitmap_set(listed, core->cpu[t]);
	return listed;
}

/* Said once for a core, at the first of its CPUs that is listed. */
static void claim_refused(Splitter *s, const SplitWant *want, unsigned core, unsigned cpu)
{
	const char *holder = role_names[s->roles[core]];
	g_autofree char *subject = subject_cpu(cpu);
	g_autofree char *name = siblings_name(host_core(s->host, core));
	g_auto(CpuSet) listed = listed_of(want, host_core(s->host, core));
	g_autofree char *list = cpulist_format(listed);
	const char *plural = hwloc_bitmap_weight(listed) == 1 ? "" : "s";
	g_autofree char *fix =
		g_strdup_printf("take CPU%s %s out of %s cpus", plural, list, want->section);

	if (hwloc_bitmap_first(listed) != (int)cpu)
		return;
	if (core == 0)
		findings_add(s->findings, SEVERITY_ERROR, "split.boot-core", subject, fix,
			     "%s asks for CPU%s %s, but the core (%s) is the boot CPU's, which is "
			     "always the host's",
			     want->section, plural, list, name);
	else
		findings_add(s->findings, SEVERITY_ERROR, "split.claimed-twice", subject, fix,
			     "%s asks for CPU%s %s, but the core (%s) is already %s by [%s] cpus",
			     want->section, plural, list, name, holder, holder);
}

/* Listed CPUs that are offline, or that the host does not have: one finding for all of a kind. */
static void cpus_absent(Splitter *s, const SplitWant *want, hwloc_const_bitmap_t cpus, bool known)
{
	g_autofree char *list = cpulist_format(cpus);
	g_autofree char *all = cpulist_format(s->host->online);
	g_autofree char *subject = subject_cpu((unsigned)hwloc_bitmap_first(cpus));
	g_autofree char *fix = known ? g_strdup("bring them online or take them out of the list")
				     : g_strdup_printf("this host's CPUs are %s", all);

	if (!hwloc_bitmap_iszero(cpus))
		findings_add(s->findings, SEVERITY_ERROR,
			     known ? "split.cpu-offline" : "split.cpu-absent", subject, fix,
			     "%s cpus names CPU %s, %s", want->section, list,
			     known ? "offline here" : "not on this host");
}

static void absent_check(Splitter *s, const SplitWant *want)
{
	g_auto(CpuSet) offline = hwloc_bitmap_dup(want->request->cpus);
	g_auto(CpuSet) absent = hwloc_bitmap_dup(want->request->cpus);

	hwloc_bitmap_and(offline, offline, s->host->offline);
	hwloc_bitmap_andnot(absent, absent, s->host->online);
	hwloc_bitmap_andnot(absent, absent, s->host->offline);
	cpus_absent(s, want, offline, true);
	cpus_absent(s, want, absent, false);
}

/* Some siblings are listed and some are not: the core goes whole, and that is said. */
static void core_completed(Splitter *s, const SplitWant *want, const Core *core)
{
	g_autofree char *name = siblings_name(core);
	g_autofree char *subject = subject_cpu(core->cpu[0]);
	g_autofree char *fix =
		g_strdup_printf("list CPUs %s together in %s cpus", name, want->section);

	for (unsigned i = 0; i < core->n_cpus; i++)
		if (!hwloc_bitmap_isset(want->request->cpus, core->cpu[i])) {
			findings_add(s->findings, SEVERITY_WARNING, "split.core-split", subject,
				     fix, "%s cpus splits the siblings %s; the whole core is %s",
				     want->section, name, role_names[want->role]);
			return;
		}
}

/* CPU's core takes the role, unless another list has it. */
static void split_claim(Splitter *s, const SplitWant *want, unsigned cpu)
{
	unsigned core = host_core_of(s->host, cpu);
	Role *role;

	if (core == HOST_NONE) /* absent_check() has said so */
		return;
	role = &s->roles[core];
	if (*role == want->role)
		return;
	if (*role == ROLE_FREE)
		*role = want->role;
	else
		claim_refused(s, want, core, cpu);
}

/* The boot CPU's core is the host's even where [host] cpus leaves it out; that is said. */
static void boot_core_check(Splitter *s)
{
	const Core *core = host_core(s->host, 0);
	hwloc_const_bitmap_t listed = s->inventory->host.cpus;
	g_autofree char *subject = subject_cpu(core->cpu[0]);
	g_autofree char *name = siblings_name(core);

	if (s->inventory->host.by != SPLIT_CPUS)
		return;
	for (unsigned t = 0; t < core->n_cpus; t++)
		if (hwloc_bitmap_isset(listed, core->cpu[t]))
			return;
	findings_add(s->findings, SEVERITY_WARNING, "split.boot-core", subject,
		     "list the boot CPU's core in [host] cpus",
		     "[host] cpus leaves out the boot CPU's core (%s), which the host keeps "
		     "nevertheless",
		     name);
}

static void claim_listed(Splitter *s, const SplitWant *want)
{
	unsigned cpu;

	if (want->request->by != SPLIT_CPUS)
		return;
	absent_check(s, want);
	hwloc_bitmap_foreach_begin(cpu, want->request->cpus)
		split_claim(s, want, cpu);
	hwloc_bitmap_foreach_end();
	for (unsigned i = 0; i < n_cores(s); i++) {
		const Core *core = host_core(s->host, i);
		bool listed = false;

		for (unsigned t = 0; t < core->n_cpus; t++)
			listed |= hwloc_bitmap_isset(want->request->cpus, core->cpu[t]);
		if (listed && s->roles[i] == want->role)
			core_completed(s, want, core);
	}
}

/* Counts */

/* The group a core is counted in. */
static unsigned split_group_of(const SplitWant *want, const Core *core)
{
	switch (want->request->by) {
	case SPLIT_SOCKET:
		return core->package;
	case SPLIT_NODE:
		return core->node;
	default:
		return 0;
	}
}

/* Is A taken before B, both cores of one node? Whole L3s first, lowest CPU next. */
static bool core_before(const Core *a, const Core *b)
{
	if (a->partial != b->partial)
		return b->partial;
	return a->l3 != b->l3 ? a->l3 < b->l3 : a->cpu[0] < b->cpu[0];
}

/* A core with an offline sibling is no good but to the host, if its node has no whole one left. */
static bool split_usable(const SplitWant *want, const Core *core)
{
	return !core->partial || want->role == ROLE_HOST;
}

/* The next core of NODE in GROUP for WANT, HOST_NONE when there is none left. */
static unsigned next_core(const Splitter *s, const SplitWant *want, unsigned group, unsigned node)
{
	const GArray *cores = g_ptr_array_index(s->of_nodes, node);
	unsigned best = HOST_NONE;

	if (want->near && !want->near[node])
		return HOST_NONE;
	for (unsigned n = 0; n < cores->len; n++) {
		unsigned i = g_array_index(cores, unsigned, n);
		const Core *core = host_core(s->host, i);

		if (s->roles[i] == ROLE_FREE && split_usable(want, core) &&
		    split_group_of(want, core) == group &&
		    (best == HOST_NONE || core_before(core, host_core(s->host, best))))
			best = i;
	}
	return best;
}

/* Cores of GROUP on NODE that have the role already. */
static unsigned taken_on(const Splitter *s, const SplitWant *want, unsigned group, unsigned node)
{
	const GArray *cores = g_ptr_array_index(s->of_nodes, node);
	unsigned taken = 0;

	for (unsigned n = 0; n < cores->len; n++) {
		unsigned i = g_array_index(cores, unsigned, n);

		taken += s->roles[i] == want->role &&
			 split_group_of(want, host_core(s->host, i)) == group;
	}
	return taken;
}

/* Give GROUP one more core, on the node of it that has the fewest. False when none is left. */
static bool take_one(Splitter *s, const SplitWant *want, unsigned group)
{
	unsigned best = HOST_NONE, fewest = G_MAXUINT;

	for (unsigned node = 0; node < s->host->nodes->len; node++) {
		unsigned core = next_core(s, want, group, node);
		unsigned taken = taken_on(s, want, group, node);

		if (core != HOST_NONE && taken < fewest) {
			fewest = taken;
			best = core;
		}
	}
	if (best != HOST_NONE)
		s->roles[best] = want->role;
	return best != HOST_NONE;
}

/* The number of the socket or node that GROUP is. */
static unsigned group_place(const Splitter *s, const SplitWant *want, unsigned group)
{
	return want->request->by == SPLIT_NODE ? node_id(s, group) : group;
}

static char *place_name(const SplitWant *want, unsigned place)
{
	switch (want->request->by) {
	case SPLIT_SOCKET:
		return g_strdup_printf("socket %u", place);
	case SPLIT_NODE:
		return g_strdup_printf("node %u", place);
	default:
		return g_strdup("the host");
	}
}

/* What the request says of this place by its number; NULL = nothing. */
static const PlaceCores *place_named(const SplitWant *want, unsigned place)
{
	const GArray *places = want->request->places;

	for (unsigned i = 0; places && i < places->len; i++)
		if (g_array_index(places, PlaceCores, i).place == place)
			return &g_array_index(places, PlaceCores, i);
	return NULL;
}

static void too_few(Splitter *s, const SplitWant *want, unsigned place, unsigned asked,
		    unsigned got)
{
	g_autofree char *where = place_name(want, place);

	findings_add(s->findings, SEVERITY_ERROR, "split.too-few-cores", want->section,
		     "ask for fewer cores, or take some from the other sections",
		     "asks for %u cores on %s, but only %u are available", asked, where, got);
}

static unsigned taken_in(const Splitter *s, const SplitWant *want, unsigned group)
{
	unsigned taken = 0;

	for (unsigned node = 0; node < s->host->nodes->len; node++)
		taken += taken_on(s, want, group, node);
	return taken;
}

static void split_fill_group(Splitter *s, const SplitWant *want, unsigned group)
{
	unsigned place = group_place(s, want, group), taken = taken_in(s, want, group);
	const PlaceCores *named = place_named(want, place);
	unsigned asked = named ? named->cores : want->request->cores;

	while (taken < asked && take_one(s, want, group))
		taken++;
	if (taken < asked)
		too_few(s, want, place, asked, taken);
}

/* Has WANT a node in GROUP? With near=, only the sockets of the devices are counted, and those that
 * the request names. */
static bool group_wanted(const Splitter *s, const SplitWant *want, unsigned group)
{
	if (place_named(want, group_place(s, want, group)))
		return true;
	for (unsigned i = 0; i < n_cores(s); i++) {
		const Core *core = host_core(s->host, i);

		if (split_group_of(want, core) == group && (!want->near || want->near[core->node]))
			return true;
	}
	return false;
}

/* Places that the request names and that have no core here. */
static void places_check(Splitter *s, const SplitWant *want)
{
	const GArray *places = want->request->places;
	g_auto(CpuSet) here = hwloc_bitmap_alloc(), absent = hwloc_bitmap_alloc();
	const char *kind = want->request->by == SPLIT_NODE ? "node" : "socket";
	g_autofree char *list = NULL, *all = NULL, *fix = NULL;

	for (unsigned i = 0; i < n_cores(s); i++)
		hwloc_bitmap_set(here,
				 group_place(s, want, split_group_of(want, host_core(s->host, i))));
	for (unsigned i = 0; i < places->len; i++)
		hwloc_bitmap_set(absent, g_array_index(places, PlaceCores, i).place);
	hwloc_bitmap_andnot(absent, absent, here);
	if (hwloc_bitmap_iszero(absent))
		return;
	list = cpulist_format(absent);
	all = cpulist_format(here);
	fix = g_strdup_printf("this host has cores on %s%s %s", kind,
			      hwloc_bitmap_weight(here) > 1 ? "s" : "", all);
	findings_add(s->findings, SEVERITY_ERROR, "split.place-absent", want->section, fix,
		     "asks for cores on %s%s %s, where this host has none", kind,
		     hwloc_bitmap_weight(absent) > 1 ? "s" : "", list);
}

/* The groups in the order of their lowest CPU, each once. */
static void take_counted(Splitter *s, const SplitWant *want)
{
	g_autoptr(GHashTable) done = g_hash_table_new(NULL, NULL);

	if (want->request->by == SPLIT_NONE || want->request->by == SPLIT_CPUS)
		return;
	if (want->request->places)
		places_check(s, want);
	for (unsigned i = 0; i < n_cores(s); i++) {
		unsigned group = split_group_of(want, host_core(s->host, i));

		if (g_hash_table_add(done, GUINT_TO_POINTER(group)) && group_wanted(s, want, group))
			split_fill_group(s, want, group);
	}
}

/* Every node with cores keeps a host core. */

static bool node_has(const Splitter *s, unsigned node, Role role)
{
	const GArray *cores = g_ptr_array_index(s->of_nodes, node);

	for (unsigned n = 0; n < cores->len; n++)
		if (s->roles[g_array_index(cores, unsigned, n)] == role)
			return true;
	return false;
}

static void node_without_host(Splitter *s, unsigned node, Severity severity)
{
	g_autofree char *subject = subject_node(node_id(s, node));

	findings_add(s->findings, severity, "split.node-without-host", subject,
		     "give [host] a core of this node",
		     "node %u has no host core: its interrupts, kernel threads and emulator "
		     "threads run on other nodes",
		     node_id(s, node));
}

static void host_raised(Splitter *s, unsigned node, unsigned core)
{
	g_autofree char *subject = subject_node(node_id(s, node));
	g_autofree char *name = siblings_name(host_core(s->host, core));

	findings_add(s->findings, SEVERITY_WARNING, "split.host-raised", subject,
		     "ask for at least one host core for each NUMA node, or list [host] cpus",
		     "the host gets CPUs %s in addition to what [host] asks for: every NUMA node "
		     "needs a host core",
		     name);
}

static void keep_host_on_nodes(Splitter *s, const SplitWant *host)
{
	bool listed = host->request->by == SPLIT_CPUS;

	for (unsigned node = 0; node < s->host->nodes->len; node++) {
		SplitWant one = {.request = &(CoreRequest){.by = SPLIT_MACHINE}, .role = ROLE_HOST};
		unsigned core;

		if (hwloc_bitmap_iszero(host_node(s->host, node)->cpus) ||
		    node_has(s, node, ROLE_HOST))
			continue;
		core = listed ? HOST_NONE : next_core(s, &one, 0, node);
		if (core == HOST_NONE) {
			node_without_host(s, node, listed ? SEVERITY_WARNING : SEVERITY_ERROR);
			continue;
		}
		s->roles[core] = ROLE_HOST;
		host_raised(s, node, core);
	}
}

/* Devices */

static void device_unknown(Splitter *s, const char *name)
{
	g_autofree char *fix = near_fix(s->host, name);

	findings_add(s->findings, SEVERITY_ERROR, "sdk.device-unknown", "[sdk]", fix,
		     "near names '%s', which is not a device of this host", name);
}

static void device_mark(Splitter *s, const char *name)
{
	const Device *device = host_device(s->host, name);

	if (!device)
		device_unknown(s, name);
	else if (device->node == HOST_NONE)
		findings_add_unknown(s->findings, SEVERITY_WARNING, "sdk.device-node", "[sdk]",
				     "give the SDK's CPUs with [sdk] cpus",
				     "the host does not say on which NUMA node %s is", name);
	else if (!hwloc_bitmap_iszero(host_node(s->host, device->node)->cpus))
		s->near[device->node] = true;
}

/* Mark the devices' nodes that have cores; false when that leaves none, and SDK cores may be
 * anywhere. */
static bool devices_mark(Splitter *s)
{
	bool any = false;

	for (char **name = s->inventory->near; name && *name; name++)
		device_mark(s, *name);
	for (unsigned node = 0; node < s->host->nodes->len; node++)
		any |= s->near[node];
	return any;
}

static void devices_check(Splitter *s)
{
	for (char **name = s->inventory->near; name && *name; name++) {
		const Device *device = host_device(s->host, *name);

		if (device && device->node != HOST_NONE && !node_has(s, device->node, ROLE_SDK))
			findings_add(s->findings, SEVERITY_WARNING, "sdk.off-node", "[sdk]",
				     "move the SDK's cores to the device's node",
				     "%s is on node %u, where the SDK has no core", *name,
				     node_id(s, device->node));
	}
}

static void split_strand(Splitter *s, unsigned core)
{
	g_autofree char *name = siblings_name(host_core(s->host, core));
	g_autofree char *subject = subject_cpu(host_core(s->host, core)->cpu[0]);

	if (s->roles[core] == ROLE_FREE)
		s->roles[core] = ROLE_STRANDED;
	findings_add(s->findings, SEVERITY_WARNING, "split.sibling-offline", subject,
		     "bring the siblings online, or turn SMT off for the whole host",
		     "a sibling of CPU %s is offline: no VM can have the core", name);
}

static void strand_partial(Splitter *s)
{
	for (unsigned i = 0; i < n_cores(s); i++)
		if (host_core(s->host, i)->partial)
			split_strand(s, i);
}

static GPtrArray *cores_of_nodes(const Host *host)
{
	GPtrArray *of_nodes = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);

	for (unsigned node = 0; node < host->nodes->len; node++)
		g_ptr_array_add(of_nodes, g_array_new(FALSE, FALSE, sizeof(unsigned)));
	for (unsigned i = 0; i < host->cores->len; i++)
		g_array_append_val((GArray *)g_ptr_array_index(of_nodes, host_core(host, i)->node),
				   i);
	return of_nodes;
}

GArray *split_compute(const Host *host, const Inventory *inventory, GPtrArray *findings)
{
	GArray *roles = g_array_sized_new(FALSE, TRUE, sizeof(Role), host->cores->len);
	g_autofree bool *near = g_new0(bool, host->nodes->len);
	g_autoptr(GPtrArray) of_nodes = cores_of_nodes(host);
	Splitter s = {host, inventory, findings, NULL, near, of_nodes};
	SplitWant wants[] = {
		{&inventory->host, ROLE_HOST, "[host]", NULL},
		{&inventory->shared, ROLE_SHARED, "[shared]", NULL},
		{&inventory->sdk, ROLE_SDK, "[sdk]", devices_mark(&s) ? near : NULL},
	};

	g_array_set_size(roles, host->cores->len);
	s.roles = (Role *)roles->data;
	for (unsigned i = 0; i < host->cores->len; i++)
		s.roles[i] = ROLE_FREE;
	s.roles[0] = ROLE_HOST; /* cores are by lowest CPU: the boot CPU's comes first */
	boot_core_check(&s);
	for (unsigned i = 0; i < G_N_ELEMENTS(wants); i++)
		claim_listed(&s, &wants[i]);
	for (unsigned i = 0; i < G_N_ELEMENTS(wants); i++) {
		take_counted(&s, &wants[i]);
		if (wants[i].role == ROLE_HOST)
			keep_host_on_nodes(&s, &wants[i]);
	}
	devices_check(&s);
	strand_partial(&s);
	return roles;
}
