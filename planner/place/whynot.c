/* SPDX-License-Identifier: MIT */
/* Why a VM was not placed: what it needs, what there is, and what would change it. */
#include "planner/base/size.h"
#include "planner/base/subject.h"
#include "planner/place/allowed.h"
#include "planner/place/change.h"
#include "planner/place/memory_node.h"
#include "planner/place/place.h"
#include "planner/place/replan.h"

#include <string.h>

/* The room there is on one node for one VM. */
typedef struct NodeRoom {
	unsigned node;	/* position */
	unsigned need;	/* cores the VM needs there, by the threads of the cores it has */
	unsigned own;	/* of them for its helpers */
	unsigned cores; /* free ones of one class */
	bool memory;	/* enough of it is left */
} NodeRoom;

/* May SPEC have CORE, with the VMs that are placed where they are? */
static bool core_allowed(const Placer *placer, const VmSpec *spec, const Core *core)
{
	ApartBy by;

	return allowed_core(placer->host, spec, core) &&
	       !apart_neighbour(placer->plan, spec, core, &by);
}

/* Of the cores that SPEC takes, those of its helpers. */
static unsigned helper_cores(const VmSpec *spec, unsigned threads)
{
	return search_cores(vm_spec_helpers(spec), threads, false);
}

/* "3 whole cores (1 for its emulator and I/O threads)". Yours. */
static char *cores_text(unsigned need, unsigned own)
{
	g_autofree char *of_own =
		own ? g_strdup_printf(" (%u for its emulator and I/O threads)", own) : g_strdup("");

	return g_strdup_printf("%u whole core%s%s", need, need == 1 ? "" : "s", of_own);
}

/* Free cores of NODE that are like core LIKE and that SPEC may have: it may have them together. */
static unsigned cores_like(const Placer *placer, unsigned node, const Core *like,
			   const VmSpec *spec)
{
	unsigned cores = 0;

	for (unsigned i = 0; i < placer->host->cores->len; i++) {
		const Core *core = host_core(placer->host, i);

		cores += core->node == node && rooms_class(core) == rooms_class(like) &&
			 place_core_free(placer, i) && core_allowed(placer, spec, core);
	}
	return cores;
}

/* The best class of NODE: the one that comes closest to holding the VM. */
static NodeRoom node_room(const Placer *placer, unsigned node, const VmSpec *spec)
{
	NodeRoom best = {.node = node, .need = G_MAXUINT};
	uint64_t left = placer->memory[node];

	for (unsigned i = 0; i < placer->host->cores->len; i++) {
		const Core *core = host_core(placer->host, i);
		unsigned need, cores;

		if (core->node != node || !core_allowed(placer, spec, core))
			continue;
		need = place_cores(spec, core->n_cpus);
		cores = cores_like(placer, node, core, spec);
		if ((int64_t)need - cores < (int64_t)best.need - best.cores) {
			best.need = need;
			best.own = helper_cores(spec, core->n_cpus);
			best.cores = cores;
		}
	}
	best.memory = left == UINT64_MAX || left >= place_memory(spec);
	return best;
}

static bool room_better(const NodeRoom *a, const NodeRoom *b)
{
	int64_t short_a = MAX((int64_t)a->need - a->cores, 0);
	int64_t short_b = MAX((int64_t)b->need - b->cores, 0);

	return short_a != short_b ? short_a < short_b : a->memory && !b->memory;
}

static NodeRoom best_room(const Placer *placer, const VmSpec *spec)
{
	NodeRoom best = {.node = HOST_NONE, .need = G_MAXUINT};

	for (unsigned node = 0; node < placer->host->nodes->len; node++) {
		const NumaNode *numa = host_node(placer->host, node);
		NodeRoom room;

		if (hwloc_bitmap_iszero(numa->cpus))
			continue;
		room = node_room(placer, node, spec);
		if (room.need == G_MAXUINT)
			continue;
		if (best.node == HOST_NONE || room_better(&room, &best))
			best = room;
	}
	return best;
}

static void whynot_report(const Placer *placer, const VmSpec *spec, const char *id, const char *fix,
			  char *text)
{
	g_autofree char *subject = subject_vm(spec->name);

	findings_add(placer->plan->findings, SEVERITY_ERROR, id, subject, fix, "%s", text);
	g_free(text);
}

/* Nodes that have CORES free ones of a class for SPEC, and BYTES of memory. */
static unsigned nodes_with(const Placer *placer, const VmSpec *spec, unsigned cores, uint64_t bytes)
{
	unsigned n = 0;

	for (unsigned node = 0; node < placer->host->nodes->len; node++) {
		bool holds = false;

		for (unsigned i = 0; i < placer->host->cores->len && !holds; i++) {
			const Core *core = host_core(placer->host, i);

			holds = core->node == node && cores_like(placer, node, core, spec) >= cores;
		}
		n += holds && placer->memory[node] >= bytes;
	}
	return n;
}

/* A VM that no node can hold, even an empty one. */
static char *span_text(const Placer *placer, const VmSpec *spec, const NodeRoom *room, unsigned k)
{
	unsigned cores = (room->need + k - 1) / k, fewer = cores * k - room->need;
	unsigned all = vm_spec_pinned(spec), vcpus = (all * cores + room->need - 1) / room->need;
	uint64_t bytes = place_share_memory(spec, MIN(vcpus, all));
	unsigned n = nodes_with(placer, spec, cores, bytes);
	g_autofree char *size = size_format_ceiling(bytes);
	g_autofree char *memory = bytes ? g_strconcat(" and ", size, NULL) : g_strdup("");
	g_autofree char *less =
		fewer ? g_strdup_printf(" (one core less on %u of them)", fewer) : g_strdup("");

	return g_strdup_printf("needs %u whole core%s%s on each of %u nodes%s, because none can "
			       "hold it alone; %u %s that much",
			       cores, cores == 1 ? "" : "s", memory, k, less, n,
			       n == 1 ? "has" : "have");
}

static bool memory_alone(const GPtrArray *changes)
{
	for (unsigned i = 0; changes && i < changes->len; i++)
		if (((const Change *)g_ptr_array_index(changes, i))->kind != CHANGE_MEMORY)
			return false; /* nor of a pair: its cores come first */
	return changes && changes->len;
}

/* Cores that are there, but not now. */
static char *offline_text(const Host *host)
{
	g_autofree char *list = cpulist_format(host->offline);

	return *list ? g_strdup_printf("; CPUs %s are offline", list) : g_strdup("");
}

/* LEVEL is the finest at which the VM would fit in the empty host. */
static char *reason_text(const Placer *placer, const VmSpec *spec, const NodeRoom *room,
			 unsigned level, const GPtrArray *changes)
{
	unsigned id = host_node(placer->host, room->node)->id;
	g_autofree char *cores = NULL, *more = NULL, *offline = NULL, *whole = NULL;
	g_autofree char *needed = size_format(place_memory(spec));
	g_autofree char *left = size_format_floor(placer->memory[room->node]);

	if (level > 1)
		return span_text(placer, spec, room, level);
	if (room->cores >= room->need && room->memory)
		return g_strdup("fits, but the search stopped before it found that");
	if (room->cores >= room->need)
		return g_strdup_printf("needs %s of memory on one node; node %u has the cores, but "
				       "%s left",
				       needed, id, left);
	offline = offline_text(placer->host);
	whole = cores_text(room->need, room->own);
	cores = g_strdup_printf("needs %s on one node; the most that are free is %u, "
				"on node %u: %u missing%s",
				whole, room->cores, id, room->need - room->cores, offline);
	if (!memory_alone(changes))
		return g_steal_pointer(&cores);
	more = size_format_ceiling(((const Change *)g_ptr_array_index(changes, 0))->memory);
	return g_strdup_printf(
		"%s, because memory is short to pack the others closer: %s more would do", cores,
		more);
}

/* What the cores of one class hold of a VM, on the node that has most of them. */
typedef struct ClassRoom {
	unsigned class, threads, cores, need;
	unsigned node; /* position */
} ClassRoom;

static ClassRoom class_room(const Problem *empty, const VmSpec *spec, unsigned room)
{
	const Rooms *layout = empty->layout;
	const Room *like = &layout->room[room];
	ClassRoom best = {.class = like->class,
			  .threads = like->threads,
			  .need = place_cores(spec, like->threads),
			  .node = like->node};

	for (unsigned c = 0; c < layout->n_cells; c++) {
		const RoomCell *cell = &layout->cell[c];
		unsigned sum = 0;

		for (unsigned i = 0; cell->class == like->class && i < cell->n_rooms; i++)
			if (problem_room_allows(empty, spec, cell->rooms[i]))
				sum += g_array_index(empty->rooms, SearchRoom, cell->rooms[i])
					       .cores;
		if (sum > best.cores) {
			best.cores = sum;
			best.node = cell->node;
		}
	}
	return best;
}

/* Of ClassRoom, a class each. */
static GArray *class_rooms(const Problem *empty, const VmSpec *spec)
{
	GArray *classes = g_array_new(FALSE, FALSE, sizeof(ClassRoom));

	for (unsigned r = 0; r < empty->rooms->len; r++) {
		ClassRoom class = class_room(empty, spec, r);
		bool seen = false;

		for (unsigned i = 0; i < classes->len; i++)
			seen |= g_array_index(classes, ClassRoom, i).class == class.class;
		if (!seen && class.cores)
			g_array_append_val(classes, class);
	}
	return classes;
}

/* " ([host] has 2, [sdk] 1)": the cores of NODE, or (HOST_NONE) of all, that are not for VMs. */
static char *takers_text(const Placer *placer, unsigned node)
{
	static const Role roles[] = {ROLE_HOST, ROLE_SDK, ROLE_SHARED};
	GString *text = g_string_new(NULL);

	for (unsigned r = 0; r < G_N_ELEMENTS(roles); r++) {
		unsigned cores = 0;

		for (unsigned i = 0; i < placer->host->cores->len; i++)
			cores += g_array_index(placer->plan->roles, Role, i) == roles[r] &&
				 (node == HOST_NONE || host_core(placer->host, i)->node == node);
		if (cores)
			g_string_append_printf(text, "%s[%s] %s%u", text->len ? ", " : " (",
					       role_names[roles[r]], text->len ? "" : "has ",
					       cores);
	}
	return g_string_free(text->len ? g_string_append_c(text, ')') : text, FALSE);
}

/* Those of its vCPUs that take cores. */
static const char *pinned_word(const VmSpec *spec)
{
	return vm_spec_floating(spec) ? "dedicated vCPUs" : "vCPUs";
}

static const char *pinned_one(const VmSpec *spec)
{
	return vm_spec_floating(spec) ? "dedicated vCPU" : "vCPU";
}

static char *too_few_cores(const Placer *placer, const VmSpec *spec, const GArray *classes)
{
	const ClassRoom *only = &g_array_index(classes, ClassRoom, 0);
	GString *text = g_string_new(NULL);
	g_autofree char *takers = takers_text(placer, only->node);
	g_autofree char *offline = offline_text(placer->host);
	g_autofree char *whole = cores_text(only->need, helper_cores(spec, only->threads));

	if (classes->len == 1)
		g_string_append_printf(text,
				       "it needs %s on one node, where VMs can have %u%s, and no "
				       "shares of it fit on several",
				       whole, only->cores, takers);
	else
		g_string_append_printf(text,
				       "no kind of core has room for its %u %s on one "
				       "node, nor for shares of them on several",
				       vm_spec_pinned(spec), pinned_word(spec));
	for (unsigned i = 0; i < classes->len && classes->len > 1; i++) {
		const ClassRoom *class = &g_array_index(classes, ClassRoom, i);

		unsigned own = helper_cores(spec, class->threads);
		unsigned cores = class->cores - MIN(class->cores, own);

		g_string_append_printf(
			text, "%s %u cores of %u thread%s, which hold %u of its %s%s",
			i ? "," : ": VMs can have", class->cores, class->threads,
			class->threads == 1 ? "" : "s",
			spec->threads == THREADS_ISOLATE ? cores : cores * class->threads,
			pinned_word(spec), own ? " beside its emulator and I/O threads" : "");
	}
	g_string_append(text, offline);
	return g_string_free(text, FALSE);
}

/* Would it fit with VCPUS vCPUs that take cores? */
static bool size_fits(const Problem *empty, const VmSpec *spec, unsigned vcpus)
{
	VmSpec size = *spec;

	size.vcpus = vcpus;
	size.dedicated_vcpus = NULL;
	return problem_natural_level(empty, &size) != HOST_NONE;
}

static bool fits_bare(const Problem *empty, const VmSpec *spec, unsigned vcpus)
{
	VmSpec bare = *spec;

	bare.emulator = bare.iothread_cpus = HELPER_HOST;
	return size_fits(empty, &bare, vcpus);
}

/* Would its memory, were it one vCPU without helpers? */
static bool whynot_memory_fits(const Problem *empty, const VmSpec *spec)
{
	return fits_bare(empty, spec, 1);
}

/* Would it fit with so many PAGES of memory? */
static bool whynot_pages_fit(const Problem *empty, const VmSpec *spec, uint64_t pages)
{
	VmSpec size = *spec;

	size.memory = pages * place_page(spec);
	return problem_natural_level(empty, &size) != HOST_NONE;
}

/* The most memory with which it would, that it asks for more of; 0 = its cores do not either. */
static uint64_t whynot_most_memory(const Problem *empty, const VmSpec *spec)
{
	uint64_t most = 1, beyond = place_memory(spec) / place_page(spec);

	if (!spec->memory || !whynot_pages_fit(empty, spec, most))
		return 0;
	while (most + 1 < beyond) {
		uint64_t pages = most + (beyond - most) / 2;

		if (whynot_pages_fit(empty, spec, pages))
			most = pages;
		else
			beyond = pages;
	}
	return most * place_page(spec);
}

/* Which of the two the empty host is too small for; no shares fit either. */
static char *too_large_text(const Placer *placer, const Problem *empty, const VmSpec *spec)
{
	g_autoptr(GArray) classes = class_rooms(empty, spec);
	g_autofree char *cores = NULL, *takers = takers_text(placer, HOST_NONE);
	g_autofree char *size = size_format(place_memory(spec));

	if (!classes->len)
		return g_strconcat("does not fit even on the empty host: no core is left for VMs",
				   takers, NULL);
	for (unsigned i = 0; i < classes->len; i++) {
		const ClassRoom *class = &g_array_index(classes, ClassRoom, i);

		if (class->cores >= class->need || !whynot_memory_fits(empty, spec))
			return g_strdup_printf(
				"does not fit even on the empty host: it needs %s of memory on one "
				"node, more than VMs can have there, and no shares of it fit "
				"on several",
				size);
	}
	if (whynot_most_memory(empty, spec))
		return g_strdup_printf("does not fit even on the empty host: its %u %s fit on "
				       "several nodes only, and there its shares of %s of memory "
				       "do not",
				       vm_spec_pinned(spec), pinned_word(spec), size);
	cores = too_few_cores(placer, spec, classes);
	return g_strconcat("does not fit even on the empty host: ", cores, NULL);
}

/* Would the VM fit, were its helpers on the host's CPUs? */
static bool fits_without_helpers(const Problem *empty, const VmSpec *spec)
{
	return vm_spec_helpers(spec) && fits_bare(empty, spec, vm_spec_pinned(spec));
}

/* The empty host has no more memory to free: "give it 96G of memory at most". NULL: it is not
 * memory that it lacks. */
static char *too_much_memory_fix(const Placer *placer, const Problem *empty, const VmSpec *spec,
				 const GPtrArray *changes)
{
	uint64_t most = whynot_most_memory(empty, spec),
		 kept = placer->inventory->node->host_memory;
	const Change *change = memory_alone(changes) ? g_ptr_array_index(changes, 0) : NULL;
	g_autofree char *size = size_format_floor(most);
	g_autofree char *node = change ? g_strdup_printf(": node %u has no more for VMs",
							 host_node(placer->host, change->node)->id)
				       : g_strdup("");

	if (!most && change && kept)
		return g_strdup_printf("lower [host] memory-per-node%s", node);
	return most ? g_strdup_printf("give it %s of memory at most%s%s", size,
				      change && kept >= change->memory
					      ? ", or lower [host] memory-per-node"
					      : "",
				      node)
		    : NULL;
}

/* The next sizes that would fit: shares are alike, so a larger VM may fit where this one does not.
 */
static char *too_large_fix(const Placer *placer, const Problem *empty, const VmSpec *spec)
{
	unsigned vcpus = vm_spec_pinned(spec), less = vcpus - 1, more = vcpus + 1;
	unsigned beyond = vcpus + placer->host->nodes->len * HOST_MAX_THREADS;

	while (less && !size_fits(empty, spec, less))
		less--;
	while (more <= beyond && !size_fits(empty, spec, more))
		more++;
	if (less && more <= beyond)
		return g_strdup_printf("give it %u %s, or %u: with its memory these fit", less,
				       pinned_word(spec), more);
	if (less)
		return g_strdup_printf("give it %u %s: that is the most that fits%s", less,
				       less > 1 ? pinned_word(spec) : pinned_one(spec),
				       fits_without_helpers(empty, spec)
					       ? "; with its emulator and I/O threads on the "
						 "host's CPUs it fits as it is"
					       : "");
	if (fits_without_helpers(empty, spec))
		return g_strdup("set emulator and iothread-cpus = host: then it fits");
	if (spec->memory && !whynot_memory_fits(empty, spec))
		return g_strdup("give it less memory: with so much not even one vCPU fits");
	if (whynot_memory_fits(empty, spec))
		return g_strdup("leave it more cores, or set emulator and iothread-cpus = host and "
				"give it fewer vCPUs");
	return g_strdup("leave cores to VMs: [host], [sdk] and [shared] have them all");
}

/* Solving is not free. */
#define SHAPES_MOST 16			/* different VMs whose changes are worked out */
#define STEPS_MOST (10 * SEARCH_BUDGET) /* of the search, for all of them */

typedef struct Answers {
	const Placer *placer;
	const Problem *empty; /* without any VM, those with cpus = included */
	const Problem *base;  /* with those alone that were placed */
	GPtrArray *specs;     /* those answered */
	GPtrArray *changes;   /* by specs: GPtrArray of Change, owned */
	uint64_t steps;	      /* that are left */
} Answers;

/* VMs alike get the same answer; it is worked out once. */
static const GPtrArray *changes_of(Answers *answers, const VmSpec *spec)
{
	for (unsigned i = 0; i < answers->specs->len; i++)
		if (problem_specs_alike(g_ptr_array_index(answers->specs, i), spec))
			return g_ptr_array_index(answers->changes, i);
	if (answers->specs->len == SHAPES_MOST)
		return NULL;
	g_ptr_array_add(answers->specs, (gpointer)spec);
	g_ptr_array_add(answers->changes,
			changes_find(answers->placer, answers->base, spec, &answers->steps));
	return g_ptr_array_index(answers->changes, answers->changes->len - 1);
}

static Change *change_copy(const Change *change)
{
	Change *copy = g_memdup2(change, sizeof *change);

	copy->cpus = change->cpus ? hwloc_bitmap_dup(change->cpus) : NULL;
	copy->vm = g_strdup(change->vm);
	copy->with = change->with ? change_copy(change->with) : NULL;
	return copy;
}

static void why_not_add(Plan *plan, const PlanVm *vm, const GPtrArray *changes)
{
	WhyNot *why_not = g_new0(WhyNot, 1);

	why_not->vm = vm->spec->name;
	why_not->changes = g_ptr_array_new_with_free_func((GDestroyNotify)change_free);
	for (unsigned i = 0; i < changes->len; i++)
		g_ptr_array_add(why_not->changes, change_copy(g_ptr_array_index(changes, i)));
	g_ptr_array_add(plan->why_nots, why_not);
}

/* TEXT, which is freed, and what keeps SPEC from other cores. Yours. */
static char *limited_text(const VmSpec *spec, char *text)
{
	g_autofree char *reason = text, *wish = allowed_text(spec);

	return wish ? g_strdup_printf("%s; it asks for %s", reason, wish)
		    : g_steal_pointer(&reason);
}

static void whynot_answer(Answers *answers, const PlanVm *vm, const NodeRoom *room)
{
	const VmSpec *spec = vm->spec;
	unsigned level = problem_natural_level(answers->empty, spec);
	const GPtrArray *changes = changes_of(answers, spec);
	g_autofree char *fix = changes ? changes_text(answers->placer->plan, changes) : NULL;

	if (level == HOST_NONE && (!fix || memory_alone(changes))) {
		g_autofree char *less =
			too_much_memory_fix(answers->placer, answers->empty, spec, changes);

		if (less) {
			g_free(fix);
			fix = g_steal_pointer(&less);
		}
	}
	if (!fix)
		fix = level == HOST_NONE ? too_large_fix(answers->placer, answers->empty, spec)
					 : g_strdup("make the VM smaller, or remove others");
	if (changes)
		why_not_add(answers->placer->plan, vm, changes);
	whynot_report(
		answers->placer, spec, level == HOST_NONE ? "vm.too-large" : "vm.does-not-fit", fix,
		limited_text(spec,
			     level == HOST_NONE
				     ? too_large_text(answers->placer, answers->empty, spec)
				     : reason_text(answers->placer, spec, room, level, changes)));
}

/* The VMs that keep SPEC from every core it could have otherwise. */
static char *apart_text(const Placer *placer, const VmSpec *spec)
{
	g_autoptr(GHashTable) named = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GString *text = g_string_new("must be apart from VMs that are wherever it could be: ");
	bool first = true;

	for (unsigned i = 0; i < placer->host->cores->len; i++) {
		const Core *core = host_core(placer->host, i);
		g_autofree char *key = NULL, *place = NULL;
		const PlanVm *vm;
		ApartBy by;

		if (!allowed_core(placer->host, spec, core) || !rooms_core_of_vms(placer->plan, i))
			continue;
		vm = apart_neighbour(placer->plan, spec, core, &by);
		/* Sockets, nodes and L3s are numbered each from 0. */
		key = vm ? g_strdup_printf("%d %u", by, apart_place(placer->host, core, by)) : NULL;
		if (!vm || !g_hash_table_add(named, g_strdup(key)))
			continue;
		place = apart_place_text(placer->host, core, by);
		g_string_append_printf(text, "%s%s is on %s", first ? "" : ", ", vm->spec->name,
				       place);
		first = false;
	}
	return g_string_free(text, FALSE);
}

/* The node asked for has no core: is it one of memory alone? */
static char *no_core_text(const Host *host, const VmSpec *spec)
{
	unsigned position = host_node_of_id(host, (unsigned)spec->node);
	const NumaNode *node = position == HOST_NONE ? NULL : host_node(host, position);
	g_autofree char *size = size_format_rounded(node ? node->memory : 0);

	if (!node)
		return g_strdup_printf("asks for node %d, which the host does not have",
				       spec->node);
	return g_strdup_printf("asks for node %d, which is memory only (%s%s%s): it has no cores",
			       spec->node, node->subtype ? node->subtype : "",
			       node->subtype ? ", " : "", size);
}

/* Has the node that SPEC asks for any, whatever else it asks? */
static bool node_has_cores(const Host *host, const VmSpec *spec)
{
	for (unsigned i = 0; i < host->cores->len; i++) {
		const Core *core = host_core(host, i);

		if (spec->node < 0 || host_node(host, core->node)->id == (unsigned)spec->node)
			return true;
	}
	return false;
}

/* There is no core that SPEC may have. */
static void report_no_core(const Answers *answers, const PlanVm *vm)
{
	const Placer *placer = answers->placer;
	const VmSpec *spec = vm->spec;
	g_autofree char *wish = allowed_text(spec);

	for (unsigned i = 0; i < placer->host->cores->len; i++)
		if (allowed_core(placer->host, spec, host_core(placer->host, i))) {
			whynot_report(placer, spec, "vm.does-not-fit",
				      "take one of them away, or leave it out of the group",
				      apart_text(placer, spec));
			return;
		}
	if (!node_has_cores(placer->host, spec))
		whynot_report(placer, spec, "vm.node-absent", "ask for a node that has cores",
			      no_core_text(placer->host, spec));
	else
		whynot_report(placer, spec, "vm.socket-absent",
			      "ask for cores that 'planner show' lists",
			      g_strdup_printf("asks for %s, which the host does not have", wish));
}

/* The node that SPEC asks memory of does not give it. */
static bool report_memory_node(const Placer *placer, const VmSpec *spec)
{
	char *lack = memory_node_lack(placer->host, spec, placer->only);

	if (!lack)
		return false;
	if (memory_node_of(placer->host, spec) == HOST_NONE)
		whynot_report(placer, spec, "vm.node-absent",
			      "name a node of memory alone that 'planner show' lists", lack);
	else
		whynot_report(placer, spec, "vm.does-not-fit",
			      "give it less memory, or name another node", lack);
	return true;
}

static void why_not(Answers *answers, const PlanVm *vm)
{
	NodeRoom room = best_room(answers->placer, vm->spec);

	if (report_memory_node(answers->placer, vm->spec))
		return;
	if (room.node == HOST_NONE)
		report_no_core(answers, vm);
	else
		whynot_answer(answers, vm, &room);
}

/* The problem with the placed of VMS alone. */
static Problem *base_of(const Problem *problem, const GPtrArray *vms)
{
	Problem *base = problem_copy(problem);

	g_array_set_size(base->vms, 0);
	g_ptr_array_set_size(base->specs, 0);
	for (unsigned i = 0; i < vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(vms, i);

		if (vm->placed)
			problem_add_vm(base, vm->spec);
	}
	return base;
}

/* The rooms as they would be if no VM had a place. */
static Problem *empty_of(const Placer *placer, const Problem *base)
{
	Problem *empty = problem_copy(base);

	for (unsigned i = 0; i < placer->plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(placer->plan->vms, i);

		if (replan_movable(placer, vm))
			problem_release(empty, vm);
	}
	return empty;
}

void place_why_not(const Placer *placer, const Problem *problem, const GPtrArray *vms)
{
	g_autoptr(Problem) base = base_of(problem, vms);
	g_autoptr(Problem) empty = empty_of(placer, base);
	g_autoptr(GPtrArray) specs = g_ptr_array_new();
	g_autoptr(GPtrArray) changes =
		g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
	Answers answers = {placer, empty, base, specs, changes, STEPS_MOST};

	for (unsigned i = 0; i < vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(vms, i);

		if (!vm->placed)
			why_not(&answers, vm);
	}
}
