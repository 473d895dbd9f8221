/* SPDX-License-Identifier: MIT */
#include "planner/measure/causes.h"
#include "planner/measure/devices.h"
#include "planner/measure/measure_paths.h"
#include "planner/measure/parts.h"
#include "tests/unit/scratch.h"
#include "topology/facts/irqs.h"
#include "topology/facts/perf_counts.h"
#include "topology/facts/tracing.h"

#define SCENES "tests/hosts/measured/"

static char *scene_text(const char *scene, const char *when, const char *file)
{
	g_autofree char *path = g_build_filename(SCENES, scene, when, file, NULL);
	char *text = NULL;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		text = g_strdup("");
	return text;
}

/* What the kernel had counted at the end of a scene. */
static void scene_histograms(const char *scene, const char *directory)
{
	g_autofree char *folder = g_build_filename(SCENES, scene, "hist", NULL);
	GDir *open = g_dir_open(folder, 0, NULL);

	for (const char *name; open && (name = g_dir_read_name(open));) {
		g_auto(GStrv) words = g_strsplit(name, ".", 3);
		const char *event = g_str_equal(words[1], "vm_out") ? TRACING_EXIT : words[1];
		g_autofree char *path =
			g_build_filename("sys/kernel/tracing/instances/planner-measure/events",
					 words[0], event, "hist", NULL);
		g_autofree char *text = scene_text(scene, "hist", name);

		scratch_put(directory, path, text);
	}
	if (open)
		g_dir_close(open);
}

/* A scene's counters, read as a node's own. */
static Counters *scene_counters(const char *scene, const char *when, const GuestFacts *guests)
{
	static const char *const files[] = {"interrupts", "softirqs", "schedstat", "uptime"};
	g_autofree char *directory = scratch_new();
	g_autofree char *kvm = scene_text(scene, when, "debugfs-kvm");
	g_auto(GStrv) lines = g_strsplit(kvm, "\n", -1);
	g_autoptr(GError) error = NULL;
	g_autoptr(Root) root = NULL;
	Counters *counters;

	for (unsigned i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = g_strconcat("proc/", files[i], NULL);
		g_autofree char *text = scene_text(scene, when, files[i]);

		scratch_put(directory, path, text);
	}
	for (unsigned i = 0; lines[i] && *lines[i]; i++) {
		g_auto(GStrv) words = g_strsplit(lines[i], " ", 2);
		g_autofree char *path = g_strconcat("sys/kernel/debug/kvm/", words[0], NULL);
		g_autofree char *value = g_strconcat(words[1], "\n", NULL);

		scratch_put(directory, path, value);
	}
	if (g_str_equal(when, "after"))
		scene_histograms(scene, directory);
	root = root_open(directory, 0, &error);
	g_assert_no_error(error);
	counters = counters_load(root, guests, NULL);
	scratch_remove(directory);
	return counters;
}

static GuestFacts *one_guest(unsigned pid)
{
	GuestFacts *guests = guests_new("test");
	Guest *guest = guest_new("vm");

	guest->running = true;
	guest->pid = pid;
	g_ptr_array_add(guests->guests, guest);
	return guests;
}

/* FACTS of the recorded hosts; PID of QEMU, 0 = no VM. */
static Facts *scene_facts(unsigned pid)
{
	Facts *facts = facts_new();

	facts->kernel->isolated = cpulist_parse("2-5", NULL);
	facts->kernel->nohz_full = cpulist_parse("2-5", NULL);
	facts->kernel->online = cpulist_parse("0-5", NULL);
	facts->guests = pid ? one_guest(pid) : NULL;
	return facts;
}

typedef struct Scene {
	Facts *facts;
	Audit *audit;
	Counters *before, *after;
	Measure *measure;
} Scene;

static Scene scene_measure(const char *name, unsigned pid)
{
	g_autoptr(GError) error = NULL;
	Scene scene = {.facts = scene_facts(pid)};

	scene.audit = audit_new(NULL, NULL, scene.facts);
	scene.before = scene_counters(name, "before", scene.facts->guests);
	scene.after = scene_counters(name, "after", scene.facts->guests);
	scene.measure = measure_counters(scene.before, scene.after, scene.audit, NULL, &error);
	g_assert_no_error(error);
	return scene;
}

static void scene_clear(Scene *scene)
{
	measure_free(scene->measure);
	counters_free(scene->before);
	counters_free(scene->after);
	audit_free(scene->audit);
	facts_free(scene->facts);
}

/* How often NAME of KIND came on the CPUs of no VM, or of the VM. */
static uint64_t scene_count(const Scene *scene, InterruptionKind kind, const char *name)
{
	uint64_t count = 0;

	for (unsigned i = 0; i < scene->measure->interruptions->len; i++) {
		const Interruption *one = g_ptr_array_index(scene->measure->interruptions, i);

		if (one->kind == kind && g_str_equal(one->name, name))
			count += one->count;
	}
	return count;
}

static void test_quiet(void)
{
	Scene scene = scene_measure("6.1-svm/quiet", 0);

	g_assert_cmpuint(scene.measure->interruptions->len, ==, 0);
	g_assert_true(hwloc_bitmap_isequal(scene.measure->cpus, scene.measure->quiet));
	g_assert_cmpint(hwloc_bitmap_weight(scene.measure->cpus), ==, 4);
	g_assert_cmpfloat_with_epsilon(scene.measure->seconds, 7.8, 0.1);
	scene_clear(&scene);
}

/* 25 work items on each CPU; a serial line's interrupt on CPU 4. */
static void test_foreign(void)
{
	Scene scene = scene_measure("6.1-svm/foreign", 0);

	g_assert_cmpuint(scene_count(&scene, INTERRUPTION_INTERRUPT, "3"), ==, 4);
	g_assert_cmpuint(scene_count(&scene, INTERRUPTION_TASK, "others"), >=, 4 * 25);
	g_assert_true(hwloc_bitmap_iszero(scene.measure->quiet));
	scene_clear(&scene);
}

/* What the guest was told to do, it did. */
static void test_count(void)
{
	static const struct {
		const char *scene;
		unsigned pid;
		uint64_t exits;
	} scenes[] = {{"6.1-svm/count", 537, 26912}, {"5.10-svm/count", 202, 35032 - 16}};

	for (unsigned i = 0; i < G_N_ELEMENTS(scenes); i++) {
		Scene scene = scene_measure(scenes[i].scene, scenes[i].pid);
		const MeasureVm *vm = g_ptr_array_index(scene.measure->vms, 0);
		uint64_t io = scene_count(&scene, INTERRUPTION_EXIT, "io_exits");
		uint64_t others = scene_count(&scene, INTERRUPTION_EXIT, "other_exits");

		g_assert_cmpuint(io, ==, 4500);
		g_assert_cmpuint(scene_count(&scene, INTERRUPTION_EXIT, "mmio_exits"), ==, 1000);
		g_assert_cmpuint(scene_count(&scene, INTERRUPTION_EXIT, "hypercalls"), ==, 700);
		g_assert_cmpuint(scene_count(&scene, INTERRUPTION_EXIT, "halt_exits"), ==, 1);
		g_assert_cmpuint(measure_kvm(vm, "exits"), ==, scenes[i].exits);
		/* 18000 writes and reads of MSRs, 1500 CPUID, 1200 MMIO inside the kernel. */
		g_assert_cmpuint(others, >=, 18000 + 1500 + 1200);
		scene_clear(&scene);
	}
}

/* An interrupt of a device that is passed through is in place on its own VM's CPUs alone. */
static void test_passed(void)
{
	Irq irq = {.number = 24, .name = g_strdup("vfio-msix[1](0000:0b:00.0)")};
	g_autoptr(Facts) facts = scene_facts(7);
	Guest *guest = g_ptr_array_index(facts->guests->guests, 0);
	g_autoptr(Audit) audit = audit_new(NULL, NULL, facts);
	const AuditVm *vm = g_ptr_array_index(audit->vms, 0);

	g_array_append_val(facts->irqs->irqs, irq);
	for (unsigned own = 0; own < 2; own++) {
		MeasureScene scene = {.audit = audit, .vm = vm, .cpu = 2};
		Interruption one = {.kind = INTERRUPTION_INTERRUPT, .name = g_strdup("24")};

		causes_interrupt(&scene, irq.name, &one);
		g_assert_cmpstr(one.what, ==, "interrupt 24 of vfio-msix[1](0000:0b:00.0)");
		g_assert_cmpint(!*one.fix, ==, own);
		g_ptr_array_add(guest->passed, g_strdup("0000:0b:00.0"));
		g_free(one.name);
		g_free(one.what);
		g_free(one.cause);
		g_free(one.fix);
	}
}

/* What is said of the tick of CPU 2 where the kernel's LINE is this, and it stops the ticks of
 * FULL, the text of its nohz_full; NULL = it has no such file. */
static void assert_tick_fix(const char *line, const char *full, const char *fix)
{
	g_autoptr(Facts) facts = scene_facts(0);
	g_autoptr(Audit) audit = NULL;
	MeasureScene scene = {.cpu = 2};
	Interruption one = {.kind = INTERRUPTION_INTERRUPT, .name = (char *)"LOC"};

	facts->kernel->cmdline = g_strdup(line);
	facts->kernel->release = g_strdup("5.10.0-32-amd64");
	facts->kernel->possible = cpulist_parse("0-5", NULL);
	facts->kernel->nohz_full_file = full;
	hwloc_bitmap_free(facts->kernel->nohz_full);
	facts->kernel->nohz_full = full ? kernel_nohz_parse(full) : hwloc_bitmap_alloc();
	audit = audit_new(NULL, NULL, facts);
	scene.audit = audit;
	causes_interrupt(&scene, "Local timer interrupts", &one);
	g_assert_cmpstr(one.cause, ==, "the scheduler's tick: the kernel does not stop it here");
	g_assert_cmpstr(one.fix, ==, fix);
	g_free(one.what);
	g_free(one.cause);
	g_free(one.fix);
}

static void test_tick(void)
{
	static const char without[] = "boot a kernel with CONFIG_NO_HZ_FULL: this one was built "
				      "without it, and ignores nohz_full=";
	static const char dropped[] =
		"the line has nohz_full=, but the kernel did not take it: 'planner check' says why";

	assert_tick_fix("isolcpus=2-5", "(null)",
			"boot with nohz_full= of the isolated CPUs: 'planner emit cmdline'");
	assert_tick_fix("isolcpus=2-5 nohz_full=2-5", NULL, without);
	assert_tick_fix("isolcpus=2-5", NULL, without);
	assert_tick_fix("isolcpus=3-5 nohz_full=3-5", "3-5",
			"the line's nohz_full= leaves this CPU out: boot with all isolated CPUs in "
			"it, 'planner emit cmdline'");
	/* Before 5.18 the second of two that differ is dropped; and a bad list is. */
	assert_tick_fix("isolcpus=2-5 nohz_full=2-4", "(null)", dropped);
	assert_tick_fix("nohz_full=2-x", "(null)", dropped);
}

/* Two busy tasks on CPU 2, one that sleeps on CPU 3. */
static void test_traced_cpu(void)
{
	g_autoptr(Counters) before = counters_new();
	g_autoptr(Counters) after = scene_counters("6.1-svm/twotasks", "after", NULL);
	g_autoptr(GHashTable) own = g_hash_table_new(NULL, NULL);
	g_autoptr(GHashTable) vcpus = g_hash_table_new(NULL, NULL);
	g_autoptr(GArray) timers = parts_new(), tasks = parts_new();
	g_auto(CpuSet) cpus = cpulist_parse("2", NULL);
	uint64_t runs;

	traced_hrtimers(before, after, 2, timers);
	g_assert_cmpuint(parts_count(timers, "tick_sched_timer"), ==, 1801);
	g_assert_cmpuint(timers->len, ==, 1);
	g_assert_cmpuint(traced_tick(before, after, 2), ==, TICK_SCHED);
	g_assert_cmpuint(traced_tick(before, after, 3), ==, TICK_NONE);
	g_hash_table_add(own, GUINT_TO_POINTER(1501));
	traced_tasks(before, after, 2, own, vcpus, tasks);
	g_assert_cmpuint(parts_count(tasks, "hog"), ==, 302);
	g_assert_cmpuint(parts_count(tasks, "perl"), ==, 0);
	g_assert_cmpuint(parts_count(tasks, "work item vmstat_update"), ==, 2);
	g_assert_cmpuint(parts_count(tasks, "swapper/2"), ==, 0);
	g_assert_true(traced_runs(before, after, 1501, cpus, &runs));
	g_assert_cmpuint(runs, ==, 302);
	g_assert_true(traced_runs(before, after, 1241, cpus, &runs));
	g_assert_cmpuint(runs, ==, 0);
	/* A thread that floats there is called by its VM. */
	g_hash_table_remove(own, GUINT_TO_POINTER(1501));
	g_hash_table_insert(vcpus, GUINT_TO_POINTER(1501), (gpointer) "vCPU 0 of vm");
	traced_tasks(before, after, 2, own, vcpus, tasks);
	g_assert_cmpuint(parts_count(tasks, "vCPU 0 of vm"), ==, 302);
	/* What was there at the first moment is not counted again. */
	g_array_set_size(tasks, 0);
	traced_tasks(after, after, 2, own, vcpus, tasks);
	g_assert_cmpuint(tasks->len, ==, 0);
	g_assert_false(traced_runs(before, before, 1501, cpus, &runs));
}

/* 6.12: who sends, and what is called. */
static void test_traced_ipis(void)
{
	g_autoptr(Counters) before = counters_new();
	g_autoptr(Counters) after = scene_counters("6.12-svm/tickipi", "after", NULL);
	g_autoptr(GArray) senders = parts_new(), calls = parts_new();

	traced_senders(before, after, 0, senders);
	g_assert_cmpuint(parts_count(senders, "from CPU 1"), ==, 56);
	g_assert_cmpuint(parts_count(senders, "from CPU 3"), ==, 4);
	traced_calls(before, after, 3, calls);
	g_assert_nonnull(parts_most(calls));
	g_assert_cmpuint(parts_count(calls, "tlb_remove_table_smp_sync"), ==, 1);
}

typedef struct TracedSum {
	uint64_t count, nanoseconds, halts, eois, others;
} TracedSum;

static void traced_sum(void *data, const char *name, uint64_t count, uint64_t nanoseconds)
{
	TracedSum *sum = data;

	sum->halts += g_str_equal(name, "halt_exits") ? count : 0;
	sum->eois += g_str_equal(name, "MSR 80b written") ? count : 0;
	sum->others +=
		g_str_equal(name, PERF_OTHERS) || g_str_equal(name, "MSR " PERF_OTHERS " written")
			? count
			: 0;
	g_assert_true(!g_str_equal(name, "halt_exits") || !nanoseconds);
	sum->count += count;
	sum->nanoseconds += nanoseconds;
}

static const PerfCount *perf_wanted(const GArray *wanted, const char *filter)
{
	for (unsigned i = 0; i < wanted->len; i++) {
		const PerfCount *count = &g_array_index(wanted, PerfCount, i);

		if (g_strcmp0(count->filter, filter) == 0)
			return count;
	}
	return NULL;
}

/* A kernel without histograms: what perf counted of the guest that was told how often to do what
 * (its numbers are those of 5.10). */
static void test_perf(void)
{
	static const struct {
		const char *filter;
		uint64_t count;
	} counted[] = {{NULL, 27012},
		       {"exit_reason==124", 18003},
		       {"exit_reason==120", 1},
		       {"exit_reason==123", 4500},
		       {"exit_reason==96", 102},
		       {"exit_reason==1024", 2203},
		       {"exit_reason==114", 1500},
		       {"exit_reason==129", 700},
		       {"write==0", 3001},
		       {"write==1", 15002},
		       {"ecx==2059 && write==1", 6000},
		       {"ecx==1760 && write==1", 5000},
		       {"ecx==2096 && write==1", 4000},
		       {"success==0 && dependency==4", 7}};
	g_autoptr(Facts) facts = scene_facts(537);
	Guest *guest = g_ptr_array_index(facts->guests->guests, 0);
	GuestThread thread = {.tid = 540};
	g_auto(CpuSet) cpus = cpulist_parse("2", NULL);
	g_autoptr(GArray) wanted = NULL;
	g_autoptr(Audit) audit = audit_new(NULL, NULL, facts);
	g_autoptr(Counters) before = counters_new(), after = counters_new();
	GuestCount count = {.threads = g_array_new(FALSE, TRUE, sizeof(ThreadCount))};
	ThreadCount one = {.tid = 540};
	TracedSum sum = {0};

	g_array_append_val(guest->vcpu_threads, thread);
	wanted = perf_counts_wanted(facts->guests, cpus, false);
	for (unsigned i = 0; i < G_N_ELEMENTS(counted); i++) {
		PerfCount *row = (PerfCount *)perf_wanted(wanted, counted[i].filter);

		g_assert_nonnull(row);
		g_assert_cmpint(row->fd, ==, -1);
		row->count = counted[i].count;
	}
	perf_counts_fill(wanted, after->histograms);
	facts->kvm->parameters = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_hash_table_insert(facts->kvm->parameters, g_strdup("kvm_amd.avic"), g_strdup("N"));
	g_array_append_val(count.threads, one);
	g_assert_true(traced_exits(audit, &count, before, after, traced_sum, &sum));
	g_assert_cmpuint(sum.count, ==, 27012);
	g_assert_cmpuint(sum.halts, ==, 1);
	g_assert_cmpuint(sum.eois, ==, 6000);
	/* MSRs written that are not asked for, and exits for reasons that are not. */
	g_assert_cmpuint(sum.others, ==, 2 + 3);
	g_assert_cmpuint(traced_tick(before, after, 2), ==, TICK_SCHED);
	g_array_unref(count.threads);
}

/* The ways that a guest with 98 timers a second takes, without cpu-pm and with it. */
static void test_paths(void)
{
	static const struct {
		Tristate pm;
		uint64_t set, fired, preempted, halts;
		bool intel;
		PathVerdict timers, halted;
		bool untraced, built_in;
	} rows[] = {
		{TRISTATE_NO, 1000, 100, 0, 1000, false, PATH_CONFIRMED, PATH_CONFIRMED},
		{TRISTATE_NO, 1000, 0, 990, 1000, true, PATH_CONFIRMED, PATH_CONFIRMED},
		{TRISTATE_NO, 1000, 990, 0, 0, true, PATH_OTHERWISE, PATH_UNSEEN},
		{TRISTATE_YES, 1000, 100, 0, 0, false, PATH_CONFIRMED, PATH_CONFIRMED},
		{TRISTATE_YES, 1000, 990, 0, 3, false, PATH_OTHERWISE, PATH_OTHERWISE},
		{TRISTATE_YES, 1000, 0, 990, 0, true, PATH_OTHERWISE, PATH_CONFIRMED},
		{TRISTATE_YES, 0, 0, 0, 0, false, PATH_UNSEEN, PATH_CONFIRMED},
		/* Timers fire while the vCPU halts: it has a software timer then. */
		{TRISTATE_NO, 1000, 990, 0, 1000, true, PATH_UNSEEN, PATH_CONFIRMED},
		/* Nobody looked which timers fired. */
		{TRISTATE_YES, 1000, 0, 0, 0, false, PATH_UNSEEN, PATH_CONFIRMED, true},
		{TRISTATE_YES, 1000, 990, 0, 0, false, PATH_OTHERWISE, PATH_CONFIRMED, false, true},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(Facts) facts = scene_facts(7);
		g_autoptr(Audit) audit = audit_new(NULL, NULL, facts);
		AuditVm *audited = g_ptr_array_index(audit->vms, 0);
		MeasureVm vm = {.name = audited->name, .vm = audited, .traced = true};
		g_autoptr(GPtrArray) all = g_ptr_array_new();
		g_autoptr(GArray) parts = parts_new(), none = parts_new(), paths = NULL;
		Measure measure = {
			.audit = audit, .interruptions = all, .timers_traced = !rows[i].untraced};
		struct {
			InterruptionKind kind;
			const char *name;
			uint64_t count;
		} seen[] = {{INTERRUPTION_EXIT, "MSR 6e0 written", rows[i].set},
			    {INTERRUPTION_EXIT, "PREEMPTION_TIMER", rows[i].preempted},
			    {INTERRUPTION_EXIT, "halt_exits", rows[i].halts},
			    {INTERRUPTION_INTERRUPT, "LOC", rows[i].fired}};
		Interruption ones[G_N_ELEMENTS(seen)];

		audited->pm_now = rows[i].pm;
		facts->kvm->parameters =
			g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
		if (rows[i].intel)
			g_hash_table_insert(facts->kvm->parameters, g_strdup("kvm_intel.ept"),
					    g_strdup("Y"));
		parts_add(parts, rows[i].built_in ? "apic_timer_fn" : "apic_timer_fn [kvm]",
			  rows[i].fired);
		for (unsigned k = 0; k < G_N_ELEMENTS(seen); k++) {
			ones[k] = (Interruption){.kind = seen[k].kind,
						 .name = (char *)seen[k].name,
						 .vm = vm.name,
						 .count = seen[k].count,
						 .parts = k == 3 ? parts : none};
			g_ptr_array_add(all, &ones[k]);
		}
		paths = measure_paths(&measure, &vm);
		g_assert_cmpuint(paths->len, ==, 3);
		g_assert_cmpint(g_array_index(paths, MeasurePath, 0).verdict, ==, rows[i].timers);
		g_assert_cmpint(g_array_index(paths, MeasurePath, 1).verdict, ==, PATH_UNSEEN);
		g_assert_cmpint(g_array_index(paths, MeasurePath, 2).verdict, ==, rows[i].halted);
		audited->pm_now = TRISTATE_UNKNOWN;
		g_array_unref(g_steal_pointer(&paths));
		paths = measure_paths(&measure, &vm);
		g_assert_cmpuint(paths->len, ==, 0);
	}
}

/* A guest with 98 timers a second: halts are sleep, the rest is cost. The scene of the times has no
 * histogram by reason, which is that of another with the same guest. */
static void test_traced_time(void)
{
	g_autoptr(Facts) facts = scene_facts(0);
	g_autoptr(Audit) audit = audit_new(NULL, NULL, facts);
	g_autoptr(Counters) before = counters_new();
	g_autoptr(Counters) after = scene_counters("6.1-svm/lattick", "after", NULL);
	g_autofree char *exits = g_strdup(
		"# trigger info: hist:keys=common_pid,exit_reason:vals=hitcount:size=2048 "
		"[active]\n\n"
		"{ common_pid:       1815, exit_reason:        120 } hitcount:        527\n"
		"{ common_pid:       1815, exit_reason:        124 } hitcount:       1056\n"
		"{ common_pid:       1747, exit_reason:        123 } hitcount:      29334\n");
	GuestCount guest = {.threads = g_array_new(FALSE, TRUE, sizeof(ThreadCount))};
	ThreadCount thread = {.tid = 1815};
	TracedSum sum = {0};

	facts->kvm->parameters = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_hash_table_insert(facts->kvm->parameters, g_strdup("kvm_amd.avic"), g_strdup("N"));
	g_hash_table_insert(after->histograms, (gpointer) "kvm_exit", histograms_parse(exits));
	g_array_append_val(guest.threads, thread);
	g_assert_true(traced_exits(audit, &guest, before, after, traced_sum, &sum));
	g_assert_cmpuint(sum.halts, ==, 527);
	g_assert_cmpuint(sum.count, ==, 527 + 1056);
	g_assert_cmpuint(sum.nanoseconds, ==, 281998584);
	g_array_unref(guest.threads);
}

static void test_devices(void)
{
	g_autofree char *port = device_port_name(0x3f8), *other = device_port_name(0xc040);
	g_autofree char *hpet = device_address_name(0xfed000f0);
	g_autofree char *bar = device_address_name(0xfebc0123);

	g_assert_cmpstr(port, ==, "port 3f8 (serial line)");
	g_assert_cmpstr(other, ==, "port c040");
	g_assert_cmpstr(hpet, ==, "HPET at fed000f0");
	g_assert_cmpstr(bar, ==, "address febc0000");
}

static void test_parts(void)
{
	g_autoptr(GArray) parts = parts_new();
	g_autofree char *none = parts_text(parts, 2);
	g_autofree char *text = NULL;

	parts_add(parts, "a", 0);
	parts_add(parts, "b", 1);
	parts_add(parts, "c", 5);
	parts_add(parts, "b", 6);
	parts_add(parts, "d", 2);
	g_assert_cmpstr(parts_most(parts), ==, "b");
	parts_sort(parts);
	text = parts_text(parts, 2);
	g_assert_cmpstr(text, ==, "b 7, c 5, 1 other 2");
	g_assert_cmpstr(none, ==, "");
}

static void test_growth(void)
{
	g_assert_cmpuint(measure_growth(5, 7), ==, 2);
	g_assert_cmpuint(measure_growth(G_MAXUINT32 - 1, 3), ==, 5);
	g_assert_cmpuint(measure_growth(100, 3), ==, 3);
	g_assert_cmpuint(measure_growth(1ull << 40, 7), ==, 7);
}

static void test_order(void)
{
	g_autoptr(Counters) counters = counters_new();
	g_autoptr(Facts) facts = scene_facts(0);
	g_autoptr(Audit) audit = audit_new(NULL, NULL, facts);
	g_autoptr(GError) error = NULL;

	g_assert_null(measure_counters(counters, counters, audit, NULL, &error));
	g_assert_nonnull(strstr(error->message, "/proc/uptime"));
}

static void test_rows(void)
{
	g_autoptr(GHashTable) rows = interrupt_rows_parse(
		"           CPU0       CPU3\n"
		" 24:         44          1   PCI-MSI 5-edge      eth0-TxRx-3\n"
		"LOC:          7          9   Local timer interrupts\n"
		"ERR:          3\nMIS:          0\nno colon\n");
	const Interrupt *row = g_hash_table_lookup(rows, "LOC");

	g_assert_cmpuint(g_hash_table_size(rows), ==, 2);
	g_assert_cmpstr(row->name, ==, "Local timer interrupts");
	g_assert_cmpuint(g_array_index(row->counts, guint64, 3), ==, 9);
	g_assert_cmpuint(g_array_index(row->counts, guint64, 1), ==, COUNTER_UNKNOWN);
	row = g_hash_table_lookup(rows, "24");
	g_assert_cmpstr(row->name, ==, "eth0-TxRx-3");
}

static void test_schedstat(void)
{
	ThreadCount thread = {0};
	g_autoptr(GArray) switches = counters_switches_parse(
		"version 15\ntimestamp 4\ncpu0 0 0 0 0 0 0 6 7 8\ndomain0 03 0 0\n"
		"cpu2 0 0 0 0 0 0 1 2 43592\ncpu3 1 2\ncpux 0 0 0 0 0 0 1 2 3\n");

	g_assert_cmpuint(switches->len, ==, 3);
	g_assert_cmpuint(g_array_index(switches, guint64, 0), ==, 8);
	g_assert_cmpuint(g_array_index(switches, guint64, 1), ==, COUNTER_UNKNOWN);
	g_assert_cmpuint(g_array_index(switches, guint64, 2), ==, 43592);
	g_assert_true(counters_thread_parse("14217122257 265161 11\n", &thread));
	g_assert_cmpuint(thread.wait, ==, 265161);
	g_assert_cmpuint(thread.times, ==, 11);
	g_assert_false(counters_thread_parse("1 2\n", &thread));
	g_assert_false(counters_thread_parse("1 -2 3\n", &thread));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/measure/quiet", test_quiet);
	g_test_add_func("/measure/foreign", test_foreign);
	g_test_add_func("/measure/count", test_count);
	g_test_add_func("/measure/passed", test_passed);
	g_test_add_func("/measure/tick", test_tick);
	g_test_add_func("/measure/traced-cpu", test_traced_cpu);
	g_test_add_func("/measure/traced-ipis", test_traced_ipis);
	g_test_add_func("/measure/paths", test_paths);
	g_test_add_func("/measure/perf", test_perf);
	g_test_add_func("/measure/traced-time", test_traced_time);
	g_test_add_func("/measure/devices", test_devices);
	g_test_add_func("/measure/parts", test_parts);
	g_test_add_func("/measure/growth", test_growth);
	g_test_add_func("/measure/order", test_order);
	g_test_add_func("/measure/rows", test_rows);
	g_test_add_func("/measure/schedstat", test_schedstat);
	return g_test_run();
}
