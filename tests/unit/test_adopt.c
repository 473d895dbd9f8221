/* SPDX-License-Identifier: MIT */
/* Adoption: facts that a plan predicts are adopted as that plan; facts that were changed are
 * adopted as what they mean, with a note. */
#include "given.h"
#include "planner/adopt/adopt.h"
#include "predicted.h"

#define SMALL "pack:2 [numa(memory=68719476736)] l3:1 core:6 pu:2(indexes=2*12:12*1)"

/* CPUs n and n+12 are siblings; node 0 has cores 0-5, node 1 cores 6-11. */
static const char text[] =
	"[node]\nname = small\nkernel = 6.1.0\nqemu = 8.2.0\nlibvirt = 9.0.0\nmwait = no\n"
	"[host]\ncores-per-node = 1\n[sdk]\ncpus = 5,17\n[shared]\ncores-per-node = 1\n"
	"[kernel]\nextra = skew_tick=1\n"
	"[vm d1]\nvcpus = 4\ncpus = 2,14,3,15,4\nmemory = 4G\nhugepages = 2M\niothreads = 1\n"
	"iothread-cpus = own\n"
	"[vm d2]\nvcpus = 2\ncpus = 8,20,11\nmemory = 4G\nhugepages = 2M\nlocked = yes\n"
	"emulator = own\n"
	"[vm i]\nvcpus = 3\ndedicated-vcpus = 0-1\ncpus = 9,10\nthreads = isolate\nmemory = 1G\n"
	"realtime = fifo:1\nrealtime-vcpus = 1\n"
	"[vm s1]\nvcpus = 2\npolicy = shared\nmemory = 1G\n";

typedef struct Bed {
	Inventory *inventory;
	Host *host;
	Plan *plan;
	Facts *facts;
	Adoption *adoption;
	char *written;
} Bed;

static const PlanOptions options = {0};

static void bed_make(Bed *bed)
{
	*bed = (Bed){.inventory = given_inventory(text), .host = host_load(SMALL, NULL)};
	g_assert_nonnull(bed->host);
	bed->plan = plan_compute(bed->host, bed->inventory, NULL, &options);
	bed->facts = predict(bed->plan, bed->inventory, SMALL);
}

static void bed_adopt(Bed *bed)
{
	bed->adoption = adopt(bed->facts);
	bed->written = inventory_write(bed->adoption->inventory, bed->adoption->notes);
}

static void bed_clear(Bed *bed)
{
	adoption_free(bed->adoption);
	g_free(bed->written);
	facts_free(bed->facts);
	plan_free(bed->plan);
	host_free(bed->host);
	inventory_free(bed->inventory);
}

/* The written file without its line ends, so that words are found wherever they are folded. */
static void assert_says(const Bed *bed, const char *words)
{
	g_auto(GStrv) lines = g_strsplit(bed->written, "\n; ", -1);
	g_autofree char *flat = g_strjoinv(" ", lines);

	if (!strstr(flat, words))
		g_test_message("no '%s' in:\n%s", words, bed->written);
	g_assert_nonnull(strstr(flat, words));
}

static void assert_silent(const Bed *bed, const char *words)
{
	g_assert_null(strstr(bed->written, words));
}

static void assert_lost(const Bed *bed, unsigned lost)
{
	if (bed->adoption->lost != lost)
		g_test_message("%s", bed->written);
	g_assert_cmpuint(bed->adoption->lost, ==, lost);
}

/* What is planned of the written inventory. */
static void assert_replans(const Bed *bed)
{
	g_autoptr(Inventory) inventory = given_inventory(bed->written);
	g_autoptr(Plan) again = plan_compute(bed->host, inventory, NULL, &options);

	g_assert_cmpstr(again->cmdline, ==, bed->plan->cmdline);
	g_assert_cmpuint(again->vms->len, ==, bed->plan->vms->len);
	for (unsigned i = 0; i < again->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(again->vms, i);
		const PlanVm *was = plan_vm(bed->plan, vm->spec->name);

		g_assert_cmpmem(vm->pins->data, vm->pins->len * sizeof(unsigned), was->pins->data,
				was->pins->len * sizeof(unsigned));
		g_assert_true(!vm->cpuset == !was->cpuset);
		g_assert_true(!vm->cpuset || hwloc_bitmap_isequal(vm->cpuset, was->cpuset));
		g_assert_cmpint(vm->cpupm->verdict, ==, was->cpupm->verdict);
		g_assert_cmpint(vm->spec->threads, ==, was->spec->threads);
		g_assert_cmpint(vm->spec->locked, ==, was->spec->locked);
		for (unsigned v = 0; v < vm->spec->vcpus; v++)
			g_assert_true(vm_spec_realtime(vm->spec, v) ==
				      vm_spec_realtime(was->spec, v));
		g_assert_true(scheduler_equal(&vm->spec->realtime, &was->spec->realtime));
		g_assert_cmpuint(vm_spec_floating(vm->spec), ==, vm_spec_floating(was->spec));
		g_assert_cmpint(vm->spec->emulator, ==, was->spec->emulator);
		g_assert_cmpint(vm->spec->iothread_cpus, ==, was->spec->iothread_cpus);
		g_assert_cmpuint(vm->spec->page, ==, was->spec->page);
		g_assert_cmpuint(vm->spec->memory, ==, was->spec->memory);
	}
	for (unsigned role = 0; role < ROLE_COUNT; role++)
		g_assert_true(hwloc_bitmap_isequal(again->cpus[role], bed->plan->cpus[role]));
}

/* Tools of those who change facts */

static Guest *guest(const Bed *bed, const char *name)
{
	for (unsigned i = 0; i < bed->facts->guests->guests->len; i++) {
		Guest *found = g_ptr_array_index(bed->facts->guests->guests, i);

		if (!strcmp(found->name, name))
			return found;
	}
	g_assert_not_reached();
}

static const VmSpec *adopted_vm(const Bed *bed, const char *name)
{
	const GPtrArray *vms = bed->adoption->inventory->vms;

	for (unsigned i = 0; i < vms->len; i++)
		if (g_str_equal(((const VmSpec *)g_ptr_array_index(vms, i))->name, name))
			return g_ptr_array_index(vms, i);
	g_assert_not_reached();
}

static void set_set(hwloc_bitmap_t *set, const char *list)
{
	hwloc_bitmap_free(*set);
	*set = list ? predicted_list(list) : NULL;
}

static void pin(Bed *bed, const char *name, unsigned vcpu, const char *pinned, const char *real)
{
	GuestThread *thread = &g_array_index(guest(bed, name)->vcpu_threads, GuestThread, vcpu);

	set_set(&thread->live, pinned);
	set_set(&thread->inactive, pinned);
	set_set(&thread->real, real);
}

static void text_set(char **to, const char *value)
{
	g_free(*to);
	*to = g_strdup(value);
}

static void line_add(Bed *bed, const char *more)
{
	g_autofree char *line = g_strconcat(bed->facts->kernel->cmdline, " ", more, NULL);

	text_set(&bed->facts->kernel->cmdline, line);
}

/* Cases: a change, and what is said of it */

typedef struct Case {
	const char *name;
	void (*change)(Bed *bed);
	unsigned lost;
	const char *says[3];
} Case;

static void as_planned(Bed *bed)
{
	(void)bed;
}

static void pin_by_thread(Bed *bed)
{
	pin(bed, "d2", 0, NULL, "8");
	pin(bed, "d2", 1, NULL, "20");
}

static void pin_by_core(Bed *bed)
{
	pin(bed, "d2", 0, "8,20", "8,20");
	pin(bed, "d2", 1, "8,20", "8,20");
}

static void pin_all_but_one(Bed *bed)
{
	pin(bed, "d1", 2, NULL, "0");
}

static void pin_two_on_one(Bed *bed)
{
	pin(bed, "d2", 1, "8", "8");
}

static void pin_beyond(Bed *bed)
{
	pin(bed, "d2", 1, "8191", "20");
}

static void pin_far_beyond(Bed *bed)
{
	GuestThread *thread = &g_array_index(guest(bed, "d2")->vcpu_threads, GuestThread, 1);

	hwloc_bitmap_only(thread->inactive, 9000);
}

static void thread_moved(Bed *bed)
{
	pin(bed, "d2", 1, "20", "0");
}

static void no_cpu_pm(Bed *bed)
{
	Guest *one = guest(bed, "d2");

	g_clear_pointer(&one->overcommit_live, g_strfreev);
	g_clear_pointer(&one->overcommit_inactive, g_strfreev);
	g_strfreev(one->argv);
	one->argv = g_strsplit("qemu -overcommit mem-lock=on", " ", -1);
}

static void name_bad(Bed *bed)
{
	text_set(&guest(bed, "i")->name, "i]\n[vm evil]\nvcpus = 1");
}

static void name_twice(Bed *bed)
{
	text_set(&guest(bed, "i")->name, "d1");
}

static void no_vcpus(Bed *bed)
{
	Guest *one = guest(bed, "i");

	one->vcpus = 0;
	g_array_set_size(one->vcpu_threads, 0);
}

static void secrets(Bed *bed)
{
	line_add(bed, "password=hidden1 hidden2 ip=10.0.0.1 nosoftlockup "
		      "kvm.x=\"a b\" isolcpus-secret=hidden3");
}

static void flag_unknown(Bed *bed)
{
	g_autoptr(GString) line = g_string_new(bed->facts->kernel->cmdline);

	g_string_replace(line, "managed_irq,domain,", "nohz,managed_irq,domain,", 1);
	text_set(&bed->facts->kernel->cmdline, line->str);
}

static void guests_unread(Bed *bed)
{
	unread_add(bed->facts->unread, "libvirt qemu:///system", "no answer\n[vm evil]\nvcpus = 1");
}

static void version_odd(Bed *bed)
{
	text_set(&bed->facts->guests->qemu, "8.2\n[vm evil]");
}

static void page_unsaid(Bed *bed)
{
	guest(bed, "d2")->page = 0;
	line_add(bed, "default_hugepagesz=1G");
}

static void page_odd(Bed *bed)
{
	guest(bed, "d2")->page = 12345;
}

static void memory_huge(Bed *bed)
{
	guest(bed, "i")->memory = UINT64_C(1) << 60;
}

static void priorities_differ(Bed *bed)
{
	GuestThread *thread = &g_array_index(guest(bed, "i")->vcpu_threads, GuestThread, 0);

	thread->inactive_scheduler = (Scheduler){SCHEDULER_FIFO, 2};
}

static void sockets_two(Bed *bed)
{
	guest(bed, "d1")->sockets = 2;
}

/* Threads that are pinned, and run, on CPUS. */
static void pin_threads(GArray *threads, const char *cpus)
{
	for (unsigned i = 0; i < threads->len; i++) {
		GuestThread *thread = &g_array_index(threads, GuestThread, i);

		set_set(&thread->live, cpus);
		set_set(&thread->inactive, cpus);
		set_set(&thread->real, cpus);
	}
}

/* A CPU is a helper's own where nobody else is on its core, and no other VM's helper on it. */
static void test_helpers(void)
{
	static const struct {
		const char *iothread, *emulator; /* of d1, of d2 */
		bool own[2];			 /* are they adopted so? */
	} rows[] = {
		{"4", "11", {true, true}},
		{"21", "11", {false, true}}, /* a vCPU's sibling */
		{"4", "4", {false, false}},
		{"4", "16", {true, false}},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		const VmSpec *d1, *d2;
		Bed bed;

		bed_make(&bed);
		pin_threads(guest(&bed, "d1")->iothreads, rows[i].iothread);
		pin_threads(guest(&bed, "d2")->emulator_threads, rows[i].emulator);
		bed_adopt(&bed);
		d1 = adopted_vm(&bed, "d1");
		d2 = adopted_vm(&bed, "d2");
		g_assert_true((d1->iothread_cpus == HELPER_OWN) == rows[i].own[0]);
		g_assert_true((d2->emulator == HELPER_OWN) == rows[i].own[1]);
		bed_clear(&bed);
	}
}

static const Case cases[] = {
	{"as planned", as_planned, 0, {"guessed: isolated, no VM", "reactor_4 on 5,17"}},
	{"pinned by taskset", pin_by_thread, 0, {"guessed: its XML does not say so"}},
	{"pinned to cores",
	 pin_by_core,
	 0,
	 {"guessed: it has as many vCPUs as CPUs, all isolated", "vCPU 0 on 8,20, vCPU 1 on 8,20"}},
	{"one pin missing", pin_all_but_one, 0, {"guessed: not every vCPU is pinned"}},
	{"two vCPUs on a CPU",
	 pin_two_on_one,
	 2,
	 {"not expressed: it floats over isolated CPUs (8)", "a plan places it on other CPUs"}},
	{"pinned to a CPU that is not there", pin_beyond, 2, {"its pins are left out"}},
	{"pinned to a CPU no kernel has", pin_far_beyond, 2, {"above the kernel's maximum"}},
	{"a thread was moved",
	 thread_moved,
	 0,
	 {"taken from its next start; its threads have vCPU 1 on 0"}},
	{"cpu-pm left out", no_cpu_pm, 0, {"guessed: it could have cpu-pm", "cpu-pm    = off"}},
	{"two sockets on one node", sockets_two, 0, {"sockets       = 2"}},
	{"two priorities",
	 priorities_differ,
	 1,
	 {"not expressed: its vCPUs have several real-time priorities"}},
	{"a name that ends the section", name_bad, 1, {"VM 'i] [vm evil] vcpus = 1' is left out"}},
	{"a name twice", name_twice, 1, {"it has the name of another VM"}},
	{"no vCPUs", no_vcpus, 1, {"has no vCPUs that could be read"}},
	{"secrets on the line",
	 secrets,
	 1,
	 {"extra = skew_tick=1 nosoftlockup", "not expressed: kvm.x=:"}},
	{"a flag planner does not write", flag_unknown, 1, {"the line has isolcpus=nohz,"}},
	{"guests not read", guests_unread, 1, {"not read: libvirt qemu:///system: no answer [vm"}},
	{"a version that is none", version_odd, 1, {"'8.2 [vm evil]' is not a version"}},
	{"huge pages of the node's size",
	 page_unsaid,
	 0,
	 {"hugepages = 1G", "guessed: it has huge"}},
	{"huge pages of no size", page_odd, 1, {"it has huge pages, but their size"}},
	{"memory that cannot be", memory_huge, 1, {"not read: its memory is unknown"}},
};

static void test_case(gconstpointer data)
{
	const Case *one = data;
	Bed bed;

	bed_make(&bed);
	one->change(&bed);
	bed_adopt(&bed);
	assert_lost(&bed, one->lost);
	for (unsigned i = 0; i < G_N_ELEMENTS(one->says) && one->says[i]; i++)
		assert_says(&bed, one->says[i]);
	assert_silent(&bed, "\n[vm evil]");
	assert_silent(&bed, "hidden");
	inventory_free(given_inventory(bed.written));
	bed_clear(&bed);
}

static void test_as_planned(void)
{
	Bed bed;

	bed_make(&bed);
	bed_adopt(&bed);
	assert_replans(&bed);
	bed_clear(&bed);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/adopt/as-planned", test_as_planned);
	g_test_add_func("/adopt/helpers", test_helpers);
	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strdup_printf("/adopt/%s", cases[i].name);

		g_test_add_data_func(path, &cases[i], test_case);
	}
	return g_test_run();
}
