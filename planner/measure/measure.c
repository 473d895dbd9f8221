/* SPDX-License-Identifier: MIT */
#include "planner/measure/measure.h"

#include "planner/check/rules_found.h"
#include "planner/measure/causes.h"
#include "planner/measure/measure_noise.h"
#include "planner/measure/parts.h"
#include "planner/measure/traced.h"
#include "topology/base/error.h"
#include "topology/facts/irqs.h"

#include <string.h>

const char *const interruption_kinds[] = {"exit", "interrupt", "softirq", "task", NULL};

static void interruption_free(void *data)
{
	Interruption *one = data;

	g_free(one->name);
	g_free(one->what);
	g_free(one->cause);
	g_free(one->fix);
	g_array_unref(one->parts);
	hwloc_bitmap_free(one->cpus);
	g_free(one);
}

static void measure_vm_free(void *data)
{
	MeasureVm *vm = data;

	g_array_unref(vm->vcpus);
	g_hash_table_unref(vm->kvm);
	g_free(vm);
}

void measure_free(Measure *measure)
{
	if (!measure)
		return;
	hwloc_bitmap_free(measure->cpus);
	hwloc_bitmap_free(measure->quiet);
	g_ptr_array_unref(measure->interruptions);
	g_ptr_array_unref(measure->vms);
	g_ptr_array_unref(measure->unmeasured);
	g_clear_pointer(&measure->noise, g_array_unref);
	g_free(measure);
}

double measure_rate(const Measure *measure, const Interruption *interruption)
{
	return (double)interruption->count / measure->seconds;
}

uint64_t measure_kvm(const MeasureVm *vm, const char *name)
{
	const uint64_t *growth = g_hash_table_lookup(vm->kvm, name);

	return growth ? *growth : 0;
}

/* VMs */

static const GuestCount *guest_count(const Counters *counters, const char *name)
{
	for (unsigned i = 0; i < counters->guests->len; i++) {
		const GuestCount *guest = g_ptr_array_index(counters->guests, i);

		if (g_str_equal(guest->name, name))
			return guest;
	}
	return NULL;
}

static const ThreadCount *thread_count(const GuestCount *guest, unsigned tid)
{
	for (unsigned i = 0; i < guest->threads->len; i++) {
		const ThreadCount *thread = &g_array_index(guest->threads, ThreadCount, i);

		if (thread->tid == tid && thread->known)
			return thread;
	}
	return NULL;
}

static void vcpu_compare(MeasureVm *vm, const GuestCount *before, const ThreadCount *now)
{
	const GPtrArray *places = vm->vm->vcpus;
	const ThreadCount *old = before ? thread_count(before, now->tid) : NULL;
	MeasureVcpu vcpu = {.vcpu = now->vcpu, .tid = now->tid, .known = old && now->known};

	if (places && now->vcpu < places->len)
		vcpu.cpus = g_ptr_array_index(places, now->vcpu);
	if (vcpu.known) {
		vcpu.run = measure_growth(old->run, now->run);
		vcpu.wait = measure_growth(old->wait, now->wait);
		vcpu.times = measure_growth(old->times, now->times);
		vcpu.left = measure_growth(old->left, now->left);
		vcpu.displaced = measure_growth(old->displaced, now->displaced);
	}
	g_array_append_val(vm->vcpus, vcpu);
}

static void kvm_compare(MeasureVm *vm, const GuestCount *before, const GuestCount *after)
{
	for (unsigned i = 0; kvm_counters[i]; i++) {
		const char *name = kvm_counters[i];
		const uint64_t *old = before ? g_hash_table_lookup(before->kvm, name) : NULL;
		const uint64_t *now = g_hash_table_lookup(after->kvm, name);
		uint64_t *growth = old && now ? g_new(uint64_t, 1) : NULL;

		if (!growth)
			continue;
		*growth = measure_growth(*old, *now);
		g_hash_table_insert(vm->kvm, (gpointer)name, growth);
	}
}

static void measure_vm_add(Measure *measure, const AuditVm *audited, const Counters *before,
			   const Counters *after)
{
	const GuestCount *now = guest_count(after, audited->name);
	const GuestCount *old = guest_count(before, audited->name);
	MeasureVm *vm;

	if (!now)
		return;
	vm = g_new0(MeasureVm, 1);
	vm->name = audited->name;
	vm->vm = audited;
	vm->vcpus = g_array_new(FALSE, TRUE, sizeof(MeasureVcpu));
	vm->kvm = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
	for (unsigned i = 0; i < now->threads->len; i++)
		vcpu_compare(vm, old, &g_array_index(now->threads, ThreadCount, i));
	kvm_compare(vm, old, now);
	g_ptr_array_add(measure->vms, vm);
}

/* Is CPU the one that VCPU is pinned to? */
static bool vcpu_pinned(const MeasureVcpu *vcpu, unsigned cpu)
{
	return vcpu->cpus && set_single(vcpu->cpus) && hwloc_bitmap_isset(vcpu->cpus, cpu);
}

/* The VM that has a vCPU pinned to CPU; NULL. */
static const MeasureVm *cpu_owner(const Measure *measure, unsigned cpu)
{
	for (unsigned i = 0; i < measure->vms->len; i++) {
		const MeasureVm *vm = g_ptr_array_index(measure->vms, i);

		for (unsigned v = 0; v < vm->vcpus->len; v++)
			if (vcpu_pinned(&g_array_index(vm->vcpus, MeasureVcpu, v), cpu))
				return vm;
	}
	return NULL;
}

/* Which CPUs are measured */

hwloc_bitmap_t measure_cpus(const Audit *audit)
{
	hwloc_bitmap_t cpus = hwloc_bitmap_dup(audit->isolated);

	for (unsigned i = 0; i < audit->vms->len; i++) {
		const AuditVm *vm = g_ptr_array_index(audit->vms, i);
		bool runs = vm->guest && vm->guest->running && vm->guest->pid;

		for (unsigned v = 0; runs && vm->vcpus && v < vm->vcpus->len; v++) {
			hwloc_const_bitmap_t place = g_ptr_array_index(vm->vcpus, v);

			if (place && set_single(place))
				hwloc_bitmap_or(cpus, cpus, place);
		}
	}
	if (!hwloc_bitmap_iszero(audit->online))
		hwloc_bitmap_and(cpus, cpus, audit->online);
	return cpus;
}

/* What interrupts them */

static Interruption *interruption_new(InterruptionKind kind, const char *name)
{
	Interruption *one = g_new0(Interruption, 1);

	one->kind = kind;
	one->name = g_strdup(name);
	one->cpus = set_new();
	one->parts = parts_new();
	return one;
}

static bool interruption_same(const Interruption *a, const Interruption *b)
{
	return a->kind == b->kind && a->vm == b->vm && g_str_equal(a->name, b->name) &&
	       g_strcmp0(a->cause, b->cause) == 0 && g_strcmp0(a->fix, b->fix) == 0;
}

/* ONE, which becomes the measure's: that of several CPUs is one. */
static void interruption_add(Measure *measure, Interruption *one)
{
	for (unsigned i = 0; i < measure->interruptions->len; i++) {
		Interruption *other = g_ptr_array_index(measure->interruptions, i);

		if (!interruption_same(one, other))
			continue;
		other->count += one->count;
		parts_merge(other->parts, one->parts);
		hwloc_bitmap_or(other->cpus, other->cpus, one->cpus);
		interruption_free(one);
		return;
	}
	g_ptr_array_add(measure->interruptions, one);
}

/* What the kernel counted by name. */
static void scene_parts(const MeasureScene *scene, Interruption *one)
{
	static const struct {
		InterruptionKind kind;
		const char *name;
		void (*parts)(const Counters *before, const Counters *after, unsigned cpu,
			      GArray *parts);
	} rows[] = {{INTERRUPTION_INTERRUPT, "LOC", traced_hrtimers},
		    {INTERRUPTION_INTERRUPT, "CAL", traced_calls},
		    {INTERRUPTION_INTERRUPT, "RES", traced_senders},
		    {INTERRUPTION_SOFTIRQ, "TIMER", traced_timers}};

	if (one->kind == INTERRUPTION_TASK)
		traced_tasks(scene->before, scene->after, scene->cpu, scene->own, scene->vcpus,
			     one->parts);
	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
		if (one->kind == rows[i].kind && g_str_equal(one->name, rows[i].name))
			rows[i].parts(scene->before, scene->after, scene->cpu, one->parts);
}

/* What it is called where noise of the CPU comes from it: a task by its own name. */
static void scene_noise(MeasureNoise *noise, const Interruption *one)
{
	bool named = one->kind == INTERRUPTION_TASK && one->parts->len;

	for (unsigned i = 0; named && i < one->parts->len; i++) {
		const MeasurePart *part = &g_array_index(one->parts, MeasurePart, i);

		measure_noise_add(noise, part->name, part->count, 0);
	}
	if (!named)
		measure_noise_add(noise, one->what, one->count, 0);
}

/* What was counted COUNT times on the CPU of SCENE; TEXT is the kernel's for it. */
static void scene_add(Measure *measure, const MeasureScene *scene, InterruptionKind kind,
		      const char *name, const char *text, uint64_t count)
{
	Interruption *one = interruption_new(kind, name);
	MeasureNoise *noise = measure_noise_of(measure->noise, scene->cpu);

	one->vm = scene->vm ? scene->vm->name : NULL;
	one->count = count;
	hwloc_bitmap_set(one->cpus, scene->cpu);
	hwloc_bitmap_clr(measure->quiet, scene->cpu);
	scene_parts(scene, one);
	if (kind == INTERRUPTION_INTERRUPT)
		causes_interrupt(scene, text, one);
	else if (kind == INTERRUPTION_SOFTIRQ)
		causes_softirq(scene, one);
	else
		causes_task(scene, one);
	if (noise && !noise_is_of_kernel(measure->own->noise))
		scene_noise(noise, one);
	interruption_add(measure, one);
}

static void rows_compare(Measure *measure, const MeasureScene *scene, InterruptionKind kind,
			 GHashTable *before, GHashTable *after)
{
	g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(after), (GCompareFunc)strcmp);

	for (const GList *name = names; name; name = name->next) {
		const Interrupt *row = g_hash_table_lookup(after, name->data);
		uint64_t growth = measure_row_growth(g_hash_table_lookup(before, name->data), row,
						     scene->cpu);

		if (growth)
			scene_add(measure, scene, kind, name->data, row->name, growth);
	}
}

/* The threads of the vCPUs that are pinned to CPU, and who looks for noise there: TIDs. Yours. */
static GHashTable *own_on(const Measure *measure, unsigned cpu)
{
	GHashTable *own = g_hash_table_new(NULL, NULL);
	const MeasureNoise *noise = measure_noise_of(measure->noise, cpu);

	if (noise)
		g_hash_table_add(own, GUINT_TO_POINTER(noise->count.tid));

	for (unsigned i = 0; i < measure->vms->len; i++) {
		const MeasureVm *vm = g_ptr_array_index(measure->vms, i);

		for (unsigned v = 0; v < vm->vcpus->len; v++) {
			const MeasureVcpu *vcpu = &g_array_index(vm->vcpus, MeasureVcpu, v);

			if (vcpu_pinned(vcpu, cpu))
				g_hash_table_add(own, GUINT_TO_POINTER(vcpu->tid));
		}
	}
	return own;
}

/* How often something other than the vCPUs pinned to CPU was put there; 0 where that is not known.
 */
static uint64_t others_on(const Measure *measure, const Counters *before, const Counters *after,
			  unsigned cpu)
{
	const MeasureNoise *noise = measure_noise_of(measure->noise, cpu);
	uint64_t first, last, own = 0;

	if (!measure_count(before->switches, cpu, &first) ||
	    !measure_count(after->switches, cpu, &last))
		return 0;
	for (unsigned i = 0; i < measure->vms->len; i++) {
		const MeasureVm *vm = g_ptr_array_index(measure->vms, i);

		for (unsigned v = 0; v < vm->vcpus->len; v++) {
			const MeasureVcpu *vcpu = &g_array_index(vm->vcpus, MeasureVcpu, v);

			if (!vcpu_pinned(vcpu, cpu))
				continue;
			if (!vcpu->known)
				return 0;
			own += vcpu->times;
		}
	}
	own += noise ? noise->count.times : 0;
	last = measure_growth(first, last);
	return last > own ? last - own : 0;
}

/* vCPUs that share a CPU */

static char *vcpu_name(const MeasureVm *vm, const MeasureVcpu *vcpu)
{
	return g_strdup_printf("vCPU %u of %s", vcpu->vcpu, vm->name);
}

/* The threads of all vCPUs: TID → name. Yours. */
static GHashTable *vcpu_names(const Measure *measure)
{
	GHashTable *names = g_hash_table_new_full(NULL, NULL, NULL, g_free);

	for (unsigned i = 0; i < measure->vms->len; i++) {
		const MeasureVm *vm = g_ptr_array_index(measure->vms, i);

		for (unsigned v = 0; v < vm->vcpus->len; v++) {
			const MeasureVcpu *vcpu = &g_array_index(vm->vcpus, MeasureVcpu, v);

			g_hash_table_insert(names, GUINT_TO_POINTER(vcpu->tid),
					    vcpu_name(vm, vcpu));
		}
	}
	return names;
}

/* Add to PARTS the vCPUs of VM that are pinned to CPU, but for SELF; how often they were put there.
 */
static uint64_t sharers_take(const MeasureVm *vm, unsigned cpu, const MeasureVcpu *self,
			     GArray *parts)
{
	uint64_t count = 0;

	for (unsigned v = 0; v < vm->vcpus->len; v++) {
		const MeasureVcpu *vcpu = &g_array_index(vm->vcpus, MeasureVcpu, v);
		g_autofree char *name = NULL;

		if (vcpu == self || !vcpu_pinned(vcpu, cpu) || !vcpu->times)
			continue;
		name = vcpu_name(vm, vcpu);
		parts_add(parts, name, vcpu->times);
		count += vcpu->times;
	}
	return count;
}

/* The vCPUs that ran on CPU, where VCPU of VM is pinned to it, too. */
static void sharers_add(Measure *measure, unsigned cpu, const MeasureVm *vm,
			const MeasureVcpu *vcpu)
{
	Interruption *one = interruption_new(INTERRUPTION_TASK, "vcpus");

	one->vm = vm->name;
	hwloc_bitmap_set(one->cpus, cpu);
	for (unsigned i = 0; i < measure->vms->len; i++)
		one->count +=
			sharers_take(g_ptr_array_index(measure->vms, i), cpu, vcpu, one->parts);
	if (!one->count) {
		interruption_free(one);
		return;
	}
	hwloc_bitmap_clr(measure->quiet, cpu);
	causes_sharers(measure->audit, one);
	interruption_add(measure, one);
}

static void sharers_compare(Measure *measure, unsigned cpu)
{
	for (unsigned i = 0; i < measure->vms->len; i++) {
		const MeasureVm *vm = g_ptr_array_index(measure->vms, i);

		for (unsigned v = 0; v < vm->vcpus->len; v++) {
			const MeasureVcpu *vcpu = &g_array_index(vm->vcpus, MeasureVcpu, v);

			if (vcpu_pinned(vcpu, cpu))
				sharers_add(measure, cpu, vm, vcpu);
		}
	}
}

static void cpu_compare(Measure *measure, const Counters *before, const Counters *after,
			GHashTable *vcpus, unsigned cpu)
{
	const MeasureVm *owner = cpu_owner(measure, cpu);
	g_autoptr(GHashTable) own = own_on(measure, cpu);
	MeasureScene scene = {.audit = measure->audit,
			      .before = before,
			      .after = after,
			      .own = own,
			      .vcpus = vcpus,
			      .vm = owner ? owner->vm : NULL,
			      .cpu = cpu,
			      .others = others_on(measure, before, after, cpu),
			      .halts = owner && measure_kvm(owner, "halt_exits"),
			      .tick = traced_tick(before, after, cpu)};

	rows_compare(measure, &scene, INTERRUPTION_INTERRUPT, before->interrupts,
		     after->interrupts);
	rows_compare(measure, &scene, INTERRUPTION_SOFTIRQ, before->softirqs, after->softirqs);
	if (scene.others)
		scene_add(measure, &scene, INTERRUPTION_TASK, "others", "", scene.others);
	sharers_compare(measure, cpu);
}

/* Exits */

/* The exits of a VM, between two moments. */
typedef struct MeasureExits {
	Measure *measure;
	const MeasureVm *vm;
	const GuestCount *guest;
	const Counters *before, *after;
} MeasureExits;

static void exit_add(void *data, const char *name, uint64_t count, uint64_t nanoseconds)
{
	static const char *const addressed[] = {"mmio_exits", "NPF", "EPT_MISCONFIG", NULL};
	const MeasureExits *exits = data;
	Interruption *one;

	if (!count)
		return;
	one = interruption_new(INTERRUPTION_EXIT, name);
	one->vm = exits->vm->name;
	one->count = count;
	one->nanoseconds = nanoseconds;
	hwloc_bitmap_or(one->cpus, one->cpus, exits->vm->vm->cpus);
	if (g_str_equal(name, "io_exits"))
		traced_ports(exits->guest, exits->before, exits->after, one->parts);
	else if (g_strv_contains(addressed, name))
		traced_addresses(exits->guest, exits->before, exits->after, one->parts);
	causes_exit(exits->measure->audit, exits->vm->vm, one);
	g_ptr_array_add(exits->measure->interruptions, one);
}

/* By KVM's own counters: what these do not tell is one rest. */
static void exits_count(MeasureExits *exits)
{
	uint64_t all = measure_kvm(exits->vm, "exits"), told = 0;

	for (unsigned i = 0; causes_exits[i]; i++) {
		uint64_t count = measure_kvm(exits->vm, causes_exits[i]);

		told += count;
		exit_add(exits, causes_exits[i], count, 0);
	}
	exit_add(exits, OTHER_EXITS, all > told ? all - told : 0, 0);
}

static void exits_compare(Measure *measure, MeasureVm *vm, const Counters *before,
			  const Counters *after)
{
	static const char *const asides[] = {"signal_exits", "request_irq_exits",
					     "directed_yield_attempted"};
	MeasureExits exits = {measure, vm, guest_count(after, vm->name), before, after};

	vm->traced = traced_exits(measure->audit, exits.guest, before, after, exit_add, &exits);
	if (!vm->traced)
		exits_count(&exits);
	for (unsigned i = 0; i < G_N_ELEMENTS(asides); i++)
		exit_add(&exits, asides[i], measure_kvm(vm, asides[i]), 0);
}

/* The order they are shown in */

static int interruption_compare(const void *a, const void *b)
{
	const Interruption *one = *(Interruption *const *)a, *other = *(Interruption *const *)b;
	int order;

	if (!one->vm != !other->vm)
		return one->vm ? -1 : 1;
	order = g_strcmp0(one->vm, other->vm);
	if (!order && one->kind != other->kind)
		order = one->kind < other->kind ? -1 : 1;
	/* By what they cost, where that is known. */
	if (!order && one->nanoseconds != other->nanoseconds)
		order = one->nanoseconds > other->nanoseconds ? -1 : 1;
	if (!order && one->count != other->count)
		order = one->count > other->count ? -1 : 1;
	if (!order)
		order = strcmp(one->name, other->name);
	return order ? order : hwloc_bitmap_compare_first(one->cpus, other->cpus);
}

/* Both moments miss the same, mostly: once is enough. */
static void unmeasured_take(Measure *measure, const GPtrArray *unread)
{
	for (unsigned i = 0; i < unread->len; i++) {
		const Unread *note = g_ptr_array_index(unread, i);
		bool known = false;

		for (unsigned k = 0; k < measure->unmeasured->len && !known; k++) {
			const Unread *other = g_ptr_array_index(measure->unmeasured, k);

			known = g_str_equal(other->source, note->source);
		}
		if (!known)
			unread_add(measure->unmeasured, note->source, note->why);
	}
}

/* VMs that were not there from the beginning to the end. */
static void gone_note(Measure *measure)
{
	for (unsigned i = 0; i < measure->vms->len; i++) {
		const MeasureVm *vm = g_ptr_array_index(measure->vms, i);
		bool known = true;

		for (unsigned v = 0; v < vm->vcpus->len; v++)
			known &= g_array_index(vm->vcpus, MeasureVcpu, v).known;
		if (!known || !vm->vcpus->len)
			unread_add(
				measure->unmeasured, vm->vm->subject,
				"its vCPUs' threads are not known, or did not exist all the time");
	}
}

static void traces_note(Measure *measure, const Counters *after)
{
	GHashTableIter iterator;
	gpointer name, value;

	/* On this machine, whoever sets traces up says why there are none. */
	if (!measure->own && measure->vms->len &&
	    !g_hash_table_contains(after->histograms, "kvm_exit"))
		unread_add(measure->unmeasured, "exits by reason",
			   "nothing counts them in these captures; on the node itself, as root, "
			   "'planner measure' does");
	g_hash_table_iter_init(&iterator, after->histograms);
	while (g_hash_table_iter_next(&iterator, &name, &value)) {
		const GPtrArray *histograms = value;

		for (unsigned h = 0; h < histograms->len; h++) {
			const Histogram *histogram = g_ptr_array_index(histograms, h);

			if (histogram->dropped || histogram->rows->len == HISTOGRAM_ROWS)
				unread_add(measure->unmeasured, histogram->trigger,
					   "the histogram is full, and not all is counted");
		}
	}
}

static Measure *measure_begin(const Counters *before, const Counters *after, const Audit *audit)
{
	Measure *measure = g_new0(Measure, 1);

	measure->audit = audit;
	measure->seconds = after->uptime - before->uptime;
	measure->cpus = measure_cpus(audit);
	measure->quiet = set_new();
	measure->interruptions = g_ptr_array_new_with_free_func(interruption_free);
	measure->vms = g_ptr_array_new_with_free_func(measure_vm_free);
	measure->unmeasured = unread_new();
	unmeasured_take(measure, before->unread);
	unmeasured_take(measure, after->unread);
	return measure;
}

static void noise_judge(Measure *measure, const Counters *before, const Counters *after)
{
	if (noise_is_of_kernel(measure->own->noise))
		measure_noise_traced(measure->noise, before, after);
	else
		measure_noise_left(measure->noise);
	measure_noise_finish(measure->noise);
}

Measure *measure_counters(const Counters *before, const Counters *after, const Audit *audit,
			  const MeasureOwn *own, GError **error)
{
	g_autoptr(GHashTable) vcpus = NULL;
	Measure *measure;
	unsigned cpu;

	if (before->uptime < 0 || after->uptime <= before->uptime) {
		error_refuse(error, "the second of the two moments must be later than the first, "
				    "and of the same boot: /proc/uptime says when each was");
		return NULL;
	}
	measure = measure_begin(before, after, audit);
	measure->own = own;
	measure->timers_traced = traced_find(after, "hrtimer_expire_entry", "function", NULL);
	measure->noise = own && own->noise ? measure_noise_new(noise_counts(own->noise)) : NULL;
	for (unsigned i = 0; i < audit->vms->len; i++)
		measure_vm_add(measure, g_ptr_array_index(audit->vms, i), before, after);
	vcpus = vcpu_names(measure);
	gone_note(measure);
	traces_note(measure, after);
	if (hwloc_bitmap_iszero(measure->cpus))
		unread_add(measure->unmeasured, "isolated CPUs",
			   "the kernel isolates none, and no VM's vCPU is pinned to one CPU");
	hwloc_bitmap_copy(measure->quiet, measure->cpus);
	hwloc_bitmap_foreach_begin(cpu, measure->cpus)
		cpu_compare(measure, before, after, vcpus, cpu);
	hwloc_bitmap_foreach_end();
	for (unsigned i = 0; i < measure->vms->len; i++)
		exits_compare(measure, g_ptr_array_index(measure->vms, i), before, after);
	for (unsigned i = 0; i < measure->interruptions->len; i++)
		parts_sort(((Interruption *)g_ptr_array_index(measure->interruptions, i))->parts);
	g_ptr_array_sort(measure->interruptions, interruption_compare);
	if (measure->noise)
		noise_judge(measure, before, after);
	if (own)
		measure_own(measure, before, after);
	return measure;
}
