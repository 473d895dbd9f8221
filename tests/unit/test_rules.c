/* SPDX-License-Identifier: MIT */
/*
 * Every rule, on a node that does exactly what its plan says: it finds nothing there; and on the
 * same node with one fault: it finds that. A rule without a row in the table below fails.
 */
#include "planner/artifacts/artifact_picture.h"
#include "planner/check/measured.h"
#include "planner/check/rules_found.h"
#include "planner/check/trouble.h"
#include "planner/place/place.h"
#include "predicted.h"

#define SMALL "pack:2 [numa(memory=68719476736)] l3:1 core:6 pu:2(indexes=2*12:12*1)"
#define CACHES "pack:1 [numa(memory=68719476736)] l3:2 core:6 pu:2(indexes=2*12:12*1)"
#define OTHER "pack:1 [numa(memory=68719476736)] l3:1 core:12 pu:2(indexes=2*12:12*1)"

/* CPUs n and n+12 are siblings; node 0 has cores 0-5, node 1 cores 6-11. */
#define HEAD                                                                                       \
	"[node]\nname = small\nkernel = 6.1.0\nqemu = 8.2.0\nlibvirt = 9.0.0\nmwait = no\n"        \
	"[host]\ncores-per-node = 1\nmemory-per-node = 1G\n"                                       \
	"[sdk]\ncpus = 5,17\n[shared]\ncores-per-node = 1\novercommit = 4\n"
#define VMS                                                                                        \
	"[vm d1]\nvcpus = 4\ncpus = 2,14,3,15\nmemory = 4G\nhugepages = 2M\niothreads = 1\n"       \
	"[vm d2]\nvcpus = 2\ncpus = 8,20\nmemory = 4G\nhugepages = 2M\nlocked = yes\n"             \
	"realtime = fifo:1\nrealtime-vcpus = 1\n"                                                  \
	"[vm s1]\nvcpus = 2\npolicy = shared\nmemory = 1G\n"

static const char by_line[] = HEAD "[kernel]\nextra = skew_tick=1\n" VMS;
static const char by_cpuset[] = HEAD "[kernel]\nisolation = cpuset\n" VMS;

/* A bed: a plan and the facts it predicts. */
typedef struct Bed {
	Inventory *inventory;
	Host *host;
	Plan *plan;
	Facts *facts;
} Bed;

static void bed_make(Bed *bed, const char *source, const char *text)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	const PlanOptions options = {0};

	bed->inventory = inventory_parse("bed.ini", text, strlen(text), errors);
	g_assert_cmpuint(errors->len, ==, 0);
	bed->host = host_load(source, NULL);
	g_assert_nonnull(bed->host);
	bed->plan = plan_compute(bed->host, bed->inventory, NULL, &options);
	bed->facts = predict(bed->plan, bed->inventory, source);
}

static void bed_clear(Bed *bed)
{
	facts_free(bed->facts);
	plan_free(bed->plan);
	host_free(bed->host);
	inventory_free(bed->inventory);
}

/* Tools of those who break things */

static void line_set(Facts *f, const char *line)
{
	g_free(f->kernel->cmdline);
	f->kernel->cmdline = g_strdup(line);
}

/* Once; it must be there. */
static void replace(char **text, const char *what, const char *with)
{
	GString *changed = g_string_new(*text);

	g_assert_cmpuint(g_string_replace(changed, what, with, 1), ==, 1);
	g_free(*text);
	*text = g_string_free(changed, FALSE);
}

static void line_replace(Facts *f, const char *what, const char *with)
{
	replace(&f->kernel->cmdline, what, with);
}

static void set_set(hwloc_bitmap_t *set, const char *list)
{
	hwloc_bitmap_free(*set);
	*set = predicted_list(list);
}

static Guest *guest(Facts *f, const char *name)
{
	for (unsigned i = 0; i < f->guests->guests->len; i++) {
		Guest *found = g_ptr_array_index(f->guests->guests, i);

		if (g_str_equal(found->name, name))
			return found;
	}
	g_assert_not_reached();
}

static GuestThread *thread(GArray *threads, unsigned i)
{
	return &g_array_index(threads, GuestThread, i);
}

/* Pin in every way: both documents and the kernel. */
static void pin(GArray *threads, unsigned i, const char *list)
{
	set_set(&thread(threads, i)->live, list);
	set_set(&thread(threads, i)->inactive, list);
	set_set(&thread(threads, i)->real, list);
}

static void unpin(GArray *threads, unsigned i, const char *real)
{
	GuestThread *t = thread(threads, i);

	g_clear_pointer(&t->live, hwloc_bitmap_free);
	g_clear_pointer(&t->inactive, hwloc_bitmap_free);
	set_set(&t->real, real);
}

static void no_cpuset(Guest *g)
{
	g_clear_pointer(&g->cpuset_live, hwloc_bitmap_free);
	g_clear_pointer(&g->cpuset_inactive, hwloc_bitmap_free);
}

static void overcommit(Guest *g, const char *argument)
{
	const char *list[] = {argument, NULL};
	const char *argv[] = {"qemu", argument ? "-overcommit" : NULL, argument, NULL};

	g_strfreev(g->overcommit_live);
	g_strfreev(g->overcommit_inactive);
	g_strfreev(g->argv);
	g->overcommit_live = g_strdupv((char **)list);
	g->overcommit_inactive = g_strdupv((char **)list);
	g->argv = g_strdupv((char **)argv);
}

static void table_put(GHashTable *table, const char *name, const char *value)
{
	g_hash_table_insert(table, g_strdup(name), g_strdup(value));
}

static void text_set(char **text, const char *value)
{
	g_free(*text);
	*text = g_strdup(value);
}

/* One fault each */

static void refused(Facts *f)
{
	static const char *const variables[] = {"isolcpus=4-99", NULL};

	g_strfreev(f->kernel->init_environ);
	f->kernel->init_environ = g_strdupv((char **)variables);
}

static void long_line(Facts *f)
{
	g_autofree char *filler = g_strnfill(2048, 'x');

	line_set(f, filler);
}

static void reboot(Facts *f)
{
	text_set(&f->kernel->boot_cmdline, "root=/dev/sda1 quiet");
}

static void elsewhere(Facts *f)
{
	f->kernel->loader = LOADER_PROXMOX;
	f->kernel->written[WRITTEN_GRUB].words = g_strdup("quiet isolcpus=7-9 hugepages=4");
	f->kernel->written[WRITTEN_GRUB].file = g_strdup("/etc/default/grub");
}

/* GRUB booted it, and the next boot has the words of the menu, which was made before WHO's. */
static void unmade_by(Facts *f, Written who)
{
	f->kernel->loader = LOADER_GRUB;
	text_set(&f->kernel->boot_cmdline, f->kernel->cmdline);
	f->kernel->written[who].words = g_strdup("quiet isolcpus=7-9 hugepages=4");
	f->kernel->written[who].file = g_strdup("/etc/x");
}

static void unmade_grub(Facts *f)
{
	unmade_by(f, WRITTEN_GRUB);
}

static void unmade_tuned(Facts *f)
{
	unmade_by(f, WRITTEN_TUNED);
}

static void menu_unknown(Facts *f)
{
	g_clear_pointer(&f->kernel->boot_cmdline, g_free);
}

static void isolcpus(Facts *f)
{
	set_set(&f->kernel->isolated, "2-5,14-17");
}

static void nohz(Facts *f)
{
	set_set(&f->kernel->nohz_full, "");
}

static void rcu(Facts *f)
{
	line_replace(f, "rcu_nocbs", "nothing");
	set_set(&f->kernel->nohz_full, "2-5");
}

static void not_honoured(Facts *f)
{
	set_set(&f->kernel->isolated, "");
}

static void option(Facts *f)
{
	table_put(f->kernel->config, "CONFIG_NO_HZ_FULL", "n");
}

static Plan *plan_now; /* of the bed that is being spoilt */

static void plan_bad_too(Facts *f)
{
	(void)f;
	findings_add(plan_now->findings, SEVERITY_ERROR, "split.none", "vm d1", "",
		     "it does not fit");
}

/* A plan with one thing edited, as a saved one may be. Its VMs: d1 on 2,14,3,15 and d2 on 8,20 by
 * hand, s1 shared; d3 is planner's to place. */

static PlanVm *planned(const char *name)
{
	return (PlanVm *)plan_vm(plan_now, name);
}

static void plan_pin(const char *name, unsigned v, unsigned cpu)
{
	g_array_index(planned(name)->pins, unsigned, v) = cpu;
}

/* The VM is as if planner had chosen its place. */
static void plan_chosen(const char *name)
{
	VmSpec *spec = planned(name)->spec;

	g_clear_pointer(&spec->cpus, g_array_unref);
}

static void plan_on_host(Facts *f)
{
	(void)f;
	plan_pin("d1", 3, 12);
}

static void plan_on_free(Facts *f)
{
	(void)f;
	plan_pin("d2", 1, 22);
}

static void plan_on_sdk(Facts *f)
{
	(void)f;
	plan_pin("d2", 0, 5);
}

static void plan_core_twice(Facts *f)
{
	(void)f;
	plan_pin("d2", 0, 2);
	plan_pin("d2", 1, 15);
}

static void plan_half(Facts *f)
{
	(void)f;
	plan_chosen("d1");
	plan_pin("d1", 3, 4);
}

static void plan_isolate(Facts *f)
{
	(void)f;
	plan_chosen("d1");
	planned("d1")->spec->threads = THREADS_ISOLATE;
}

/* Its third core has a vCPU and its emulator. */
static void plan_helper_beside(Facts *f)
{
	PlanVm *vm = planned("d1");
	unsigned emulator = 16;

	(void)f;
	plan_chosen("d1");
	vm->spec->emulator = HELPER_OWN;
	g_array_append_val(vm->pins, emulator);
	plan_pin("d1", 3, 4);
}

static void plan_unequal(Facts *f)
{
	PlanVm *vm = planned("d1");

	(void)f;
	plan_chosen("d1");
	plan_pin("d1", 1, 3);
	plan_pin("d1", 2, 4);
	plan_pin("d1", 3, 9);
	g_array_set_size(vm->shares, 0);
	place_fill_shares(plan_now->host, vm);
	vm->spec->threads = THREADS_ISOLATE;
}

static void plan_swapped(Facts *f)
{
	(void)f;
	plan_pin("d1", 1, 3);
	plan_pin("d1", 2, 14);
}

static void plan_sockets(Facts *f)
{
	(void)f;
	plan_pin("d1", 2, 8);
	planned("d1")->sockets = 1;
	planned("d1")->threads = 1;
	plan_pin("d1", 3, 9);
	plan_pin("d1", 1, 10);
	planned("d1")->sockets = 2;
}

static void plan_other_socket(Facts *f)
{
	(void)f;
	planned("d1")->spec->socket = 1;
}

static void plan_together(Facts *f)
{
	(void)f;
	planned("d1")->spec->apart = (Apart){g_strdup("web"), APART_SOCKET};
	planned("d2")->spec->apart = (Apart){g_strdup("web"), APART_NODE};
	plan_pin("d2", 0, 4);
}

static void plan_emulator(Facts *f)
{
	(void)f;
	hwloc_bitmap_set(planned("s1")->emulatorpin, 4);
}

static void plan_shared(Facts *f)
{
	(void)f;
	hwloc_bitmap_set(planned("s1")->cpuset, 17);
}

static void plan_pm_shared(Facts *f)
{
	(void)f;
	cpupm_free(planned("s1")->cpupm);
	planned("s1")->cpupm = cpupm_new(CPUPM_ON);
}

static void plan_pm_qemu(Facts *f)
{
	(void)f;
	text_set(&plan_now->node->qemu, NULL);
}

static void plan_line_none(Facts *f)
{
	(void)f;
	text_set(&plan_now->cmdline, "");
}

/* The roles of a core, by position, and the sets that follow. */
static void plan_role(unsigned core, Role role)
{
	for (unsigned r = 0; r < ROLE_COUNT; r++)
		hwloc_bitmap_zero(plan_now->cpus[r]);
	hwloc_bitmap_zero(plan_now->isolated);
	g_array_index(plan_now->roles, Role, core) = role;
	plan_fill_cpus(plan_now);
}

static void plan_boot(Facts *f)
{
	(void)f;
	plan_role(0, ROLE_FREE);
}

static void plan_nobodys(Facts *f)
{
	(void)f;
	plan_role(4, ROLE_DEDICATED);
}

static void plan_stranded(Facts *f)
{
	(void)f;
	plan_role(4, ROLE_STRANDED);
}

static void plan_partial(Facts *f)
{
	(void)f;
	((Core *)host_core(plan_now->host, 4))->partial = true;
}

static void plan_memory(Facts *f)
{
	(void)f;
	g_array_index(planned("d1")->shares, VmShare, 0).memory = UINT64_C(100) << 30;
}

static void versions(Facts *f)
{
	text_set(&f->guests->qemu, "9.1.0");
}

static void watchdog(Facts *f)
{
	set_set(&f->kernel->watchdog, "0-23");
}

static void vulnerable(Facts *f)
{
	table_put(f->kernel->vulnerabilities, "tsx_async_abort", "Vulnerable: no microcode");
}

static Cgroup *group(Facts *f)
{
	return &g_array_index(f->cgroups->groups, Cgroup, 0);
}

static void mixed(Facts *f)
{
	text_set(&group(f)->partition, "isolated");
}

static void invalid(Facts *f)
{
	text_set(&group(f)->partition, "isolated invalid (Parent is not a partition root)");
}

static void no_partition(Facts *f)
{
	text_set(&group(f)->partition, "member");
}

static void other_machine(Facts *f)
{
	host_free(f->host);
	f->host = host_load(OTHER, NULL);
}

static void core_split(Facts *f)
{
	hwloc_bitmap_clr(f->kernel->isolated, 2);
}

static void sibling(Facts *f)
{
	g_array_index(f->host->cores, Core, 2).partial = true;
}

static void smt_forced_off(Facts *f)
{
	sibling(f);
	text_set(&f->kernel->smt_control, "forceoff");
}

/* CPU 24 is offline, and a VM is pinned to it; nobody is to 25, where there is one. */
static void sibling_one(Facts *f)
{
	set_set(&f->kernel->present, "0-24");
}

static void sibling_two(Facts *f)
{
	sibling(f);
	set_set(&f->kernel->present, "0-25");
	pin(guest(f, "d1")->vcpu_threads, 3, "24");
}

static void sibling_smt(Facts *f)
{
	sibling_two(f);
	sibling_one(f);
	text_set(&f->kernel->smt_control, "off");
}

static void stat_interval(Facts *f)
{
	table_put(f->kernel->sysctls, "vm.stat_interval", "1");
}

static void throttled(Facts *f)
{
	guest(f, "d1")->realtime = true;
	table_put(f->kernel->sysctls, "kernel.sched_rt_runtime_us", "950000");
	table_put(f->kernel->sysctls, "kernel.sched_rt_period_us", "1000000");
}

static void rt_lost(Facts *f)
{
	thread(guest(f, "d2")->vcpu_threads, 1)->scheduler = (Scheduler){SCHEDULER_OTHER, 0};
}

static void rt_higher(Facts *f)
{
	thread(guest(f, "d2")->vcpu_threads, 1)->inactive_scheduler.priority = 2;
}

static void rt_more(Facts *f)
{
	thread(guest(f, "d2")->vcpu_threads, 0)->scheduler = (Scheduler){SCHEDULER_RR, 1};
}

static void polling(Facts *f)
{
	table_put(f->kvm->parameters, "kvm.halt_poll_ns", "200000");
	overcommit(guest(f, "d1"), "mem-lock=on,cpu-pm=on");
	overcommit(guest(f, "d2"), "mem-lock=on,cpu-pm=on");
}

static void nx_pages(Facts *f)
{
	table_put(f->kvm->parameters, "kvm.nx_huge_pages", "Y");
}

static void small_pages(Facts *f)
{
	guest(f, "d1")->hugepages = false;
	table_put(f->kernel->sysctls, "transparent_hugepage.enabled", "always madvise [never]");
}

static void irq(Facts *f)
{
	set_set(&g_array_index(f->irqs->irqs, Irq, 1).effective, "2");
}

static void irq_managed(Facts *f)
{
	set_set(&g_array_index(f->irqs->irqs, Irq, 2).effective, "2");
}

/* d1's network device fires on d2's CPU. */
static void irq_passed(Facts *f)
{
	g_ptr_array_add(guest(f, "d1")->passed, g_strdup("0000:0b:00.0"));
	text_set(&g_array_index(f->irqs->irqs, Irq, 1).name, "vfio-msix[1](0000:0b:00.0)");
	set_set(&g_array_index(f->irqs->irqs, Irq, 1).effective, "8");
}

static void irq_default(Facts *f)
{
	set_set(&f->irqs->default_affinity, "0-23");
}

static void irqbalance(Facts *f)
{
	static const char *const rows[] = {"IRQBALANCE_BANNED_CPUS", "00fc", NULL};

	f->services->irqbalance = predicted_table(rows);
	f->services->irqbalance_runs = true;
}

static void group_add(Facts *f, const char *path, const char *cpus)
{
	Cgroup group = {.path = g_strdup(path),
			.cpus = predicted_list(cpus),
			.effective = predicted_list(*cpus ? cpus : "0-23")};

	g_array_append_val(f->cgroups->groups, group);
}

/* The slice has d1's first core; d1 runs. */
static void slice(Facts *f)
{
	Guest *g = guest(f, "d1");

	group_add(f, "/machine.slice", "0,2,6,12,14");
	for (unsigned v = 0; v < 4; v++)
		text_set(&thread(g->vcpu_threads, v)->group,
			 "/machine.slice/d1.scope/libvirt/vcpu");
}

/* Above a partition nobody has a say. */
static void slice_partition(Facts *f)
{
	GArray *groups = f->cgroups->groups;

	slice(f);
	text_set(&g_array_index(groups, Cgroup, groups->len - 1).partition, "isolated");
	group_add(f, "/", "0,12");
}

/* What is above counts where the kernel's own word was not read. */
static void slice_nested(Facts *f)
{
	GArray *groups = f->cgroups->groups;

	slice(f);
	group_add(f, "/machine.slice/d1.scope", "0-23");
	for (unsigned i = 0; i < groups->len; i++)
		g_clear_pointer(&g_array_index(groups, Cgroup, i).effective, hwloc_bitmap_free);
}

static void quota_group(Facts *f)
{
	CgroupQuota quota = {g_strdup("/machine.slice"), 400000, 100000, 50, 7};

	slice(f);
	g_array_append_val(f->cgroups->quotas, quota);
}

static void quota_xml(Facts *f)
{
	guest(f, "d2")->quota = (DomainQuota){50000, 100000};
}

/* One more vCPU may come, on a CPU that is not there. */
static void plug(Facts *f)
{
	GuestThread later = {.number = 4, .inactive = predicted_list("40")};

	g_array_append_val(guest(f, "d1")->later, later);
}

static void kernel_thread(Facts *f)
{
	predict_task(f, 900, "md0_raid1", true, f->host->online);
}

/* The kernel isolates nothing. */
static void not_isolated(Facts *f)
{
	line_set(f, "BOOT_IMAGE=/boot/vmlinuz-6.1 root=/dev/sda1 ro quiet");
	set_set(&f->kernel->isolated, "");
	set_set(&f->kernel->nohz_full, "");
}

static void user_on_vm(Facts *f)
{
	not_isolated(f);
	predict_task(f, 901, "desktop", false, f->host->online);
	text_set(&last_task(f)->cgroup, "/user.slice/user-1000.slice/x");
}

static void systemd_says(Facts *f, const char *cpus)
{
	const char *const rows[] = {"CPUAffinity", cpus, NULL};

	f->services->systemd = predicted_table(rows);
}

static void affinity_lost(Facts *f)
{
	systemd_says(f, "0 12");
	predict_task(f, 901, "backup", false, f->host->online);
	text_set(&last_task(f)->cgroup, "/system.slice/backup.service");
}

/* CPUs 12-17 are the second threads of 0-5, and VMs have some of both. */
static void fence_split(Facts *f)
{
	not_isolated(f);
	systemd_says(f, "0-1,12-14");
}

/* A service that the affinity leaves on a VM's own CPU. */
static void fence_service(Facts *f)
{
	predict_task(f, 901, "backup", false, f->host->online);
	set_set(&last_task(f)->allowed, "0-1,12-14");
	text_set(&last_task(f)->cgroup, "/system.slice/backup.service");
}

/* The VM has one thread of the core, the host the other; and other tasks may run everywhere. */
static void fence_beside(Facts *f)
{
	user_on_vm(f);
	systemd_says(f, "0-1,12-14");
	pin(guest(f, "d1")->vcpu_threads, 1, "22");
}

static void user_task(Facts *f)
{
	predict_task(f, 901, "backup", false, f->host->online);
}

static void vhost(Facts *f)
{
	predict_task(f, 902, "vhost-10000", true, f->host->online);
	last_task(f)->vhost_of = 10000;
}

static void workqueue(Facts *f)
{
	set_set(&f->kernel->workqueue, "0-23");
}

static void vm_unknown(Facts *f)
{
	text_set(&guest(f, "s1")->name, "stranger");
}

static void vm_missing(Facts *f)
{
	g_ptr_array_remove(f->guests->guests, guest(f, "d2"));
}

static void vm_refused(Facts *f)
{
	guest(f, "d1")->refusal = g_strdup("Cannot find 'iothread' : 2");
}

static void vm_vcpus(Facts *f)
{
	guest(f, "d1")->vcpus = 3;
}

static void vm_live(Facts *f)
{
	set_set(&guest(f, "d1")->nodes_live, "1");
}

static void vm_thread(Facts *f)
{
	set_set(&thread(guest(f, "d1")->vcpu_threads, 1)->real, "0-23");
}

static void vm_slow(Facts *f)
{
	g_ptr_array_add(guest(f, "d1")->slow_devices, g_strdup("e1000 interface"));
}

static void vm_eoi(Facts *f)
{
	guest(f, "d1")->eoi = false;
}

static void vm_unpinned(Facts *f)
{
	unpin(guest(f, "d1")->vcpu_threads, 3, "0-23");
	no_cpuset(guest(f, "d1"));
}

static void vm_shared_pin(Facts *f)
{
	set_set(&guest(f, "s1")->cpuset_inactive, "0");
}

static void vm_emulator(Facts *f)
{
	pin(guest(f, "d1")->emulator_threads, 0, "6");
}

static void vm_emulator_isolated(Facts *f)
{
	pin(guest(f, "d1")->iothreads, 0, "4");
}

static void vm_shared_isolated(Facts *f)
{
	set_set(&guest(f, "s1")->cpuset_live, "0,2,12,14");
	set_set(&guest(f, "s1")->cpuset_inactive, "0,2,12,14");
}

static void vm_free(Facts *f)
{
	unpin(guest(f, "d1")->emulator_threads, 1, "0-23");
	no_cpuset(guest(f, "d1"));
}

static void free_on_pinned(Facts *f)
{
	not_isolated(f);
	set_set(&thread(guest(f, "s1")->vcpu_threads, 0)->real, "0-3,12-15");
}

static void vm_ignored(Facts *f)
{
	guest(f, "d1")->ignored_pins = 1;
}

static void vm_doubled_element(Facts *f)
{
	guest(f, "d2")->doubled_pins = 1;
}

/* The plan on a machine of two CPUs. */
static void foreign(Facts *f)
{
	host_free(f->host);
	f->host = host_load("pack:1 [numa(memory=1073741824)] core:1 pu:2", NULL);
	set_set(&f->kernel->present, "0-1");
	set_set(&f->kernel->online, "0-1");
}

static void vm_core(Facts *f)
{
	pin(guest(f, "d1")->vcpu_threads, 1, "4");
	pin(guest(f, "d2")->vcpu_threads, 1, "16");
}

static void vm_siblings(Facts *f)
{
	Guest *g = guest(f, "d1");

	g->threads_live = g->threads_inactive = 2;
	pin(g->vcpu_threads, 1, "3");
	pin(g->vcpu_threads, 2, "14");
}

static void vm_caches(Facts *f)
{
	host_free(f->host);
	f->host = host_load(CACHES, NULL);
	pin(guest(f, "d1")->vcpu_threads, 2, "7");
	pin(guest(f, "d1")->vcpu_threads, 3, "19");
}

/* In no L3, but in two parts, told in the member of Core at OFFSET. */
static void vm_parts(Facts *f, size_t offset)
{
	for (unsigned i = 0; i < f->host->cores->len; i++) {
		Core *core = &g_array_index(f->host->cores, Core, i);

		core->l3 = HOST_NONE;
		G_STRUCT_MEMBER(unsigned, core, offset) = core->cpu[0] < 4 ? 1 : 2;
	}
	pin(guest(f, "d1")->vcpu_threads, 2, "4");
	pin(guest(f, "d1")->vcpu_threads, 3, "16");
}

static void vm_dies(Facts *f)
{
	vm_parts(f, G_STRUCT_OFFSET(Core, die));
}

static void vm_clusters(Facts *f)
{
	vm_parts(f, G_STRUCT_OFFSET(Core, cluster));
}

/* One performance core, and four efficient ones that nobody has. */
static void vm_kinds(Facts *f)
{
	host_free(f->host);
	f->host = host_load(CACHES, NULL);
	g_array_index(f->host->cores, Core, host_core_of(f->host, 2)).kind = 1;
	f->host->n_kinds = 2;
}

/* libvirt knows nothing of it: its threads are all there is. */
static void unlist(Guest *g)
{
	g->unlisted = true;
	g_clear_pointer(&g->live_xml, g_free);
	g_clear_pointer(&g->inactive_xml, g_free);
	no_cpuset(g);
	for (unsigned v = 0; v < g->vcpu_threads->len; v++)
		unpin(g->vcpu_threads, v, "2-3,14-15");
	for (unsigned i = 0; i < g->emulator_threads->len; i++)
		unpin(g->emulator_threads, i, "2-3,14-15");
}

static void vm_process(Facts *f)
{
	unlist(guest(f, "d1"));
}

/* As it is, but that two threads are on one CPU. */
static void vm_process_doubled(Facts *f)
{
	Guest *g = guest(f, "d1");

	unlist(g);
	unpin(g->vcpu_threads, 0, "2");
	unpin(g->vcpu_threads, 1, "2");
}

static void vm_more(Facts *f)
{
	for (unsigned v = 0; v < 2; v++)
		set_set(&thread(guest(f, "s1")->vcpu_threads, v)->real, "0");
}

static void vm_overcommit(Facts *f)
{
	guest(f, "s1")->vcpus = 17;
}

static void hugepages(Facts *f)
{
	g_array_index(f->hugepages, HugePages, 0).total = 100;
}

static void tsc(Facts *f)
{
	table_put(f->kernel->sysctls, "clocksource.current", "hpet");
	table_put(f->kernel->sysctls, "clocksource.available", "hpet acpi_pm");
}

static void balancing(Facts *f)
{
	table_put(f->kernel->sysctls, "kernel.numa_balancing", "1");
}

/* Two who have the same CPUs, of which one is shut off. */
static void in_turn(Facts *f)
{
	pin(guest(f, "d1")->vcpu_threads, 0, "8");
	guest(f, "d1")->running = false;
	g_clear_pointer(&guest(f, "d1")->live_xml, g_free);
}

static void hugepages_all(Facts *f)
{
	g_array_set_size(f->hugepages, 0);
}

static void vm_hugepages(Facts *f)
{
	guest(f, "d1")->hugepages = false;
}

static void vm_nodes(Facts *f)
{
	set_set(&guest(f, "d1")->nodes_inactive, "1");
}

static void vm_stray(Facts *f)
{
	const uint64_t bytes = UINT64_C(3) << 30;

	g_hash_table_insert(guest(f, "d1")->node_memory, GUINT_TO_POINTER(1),
			    g_memdup2(&bytes, sizeof bytes));
}

static void ksm(Facts *f)
{
	table_put(f->kernel->sysctls, "ksm.run", "1");
}

static void pm_ineligible(Facts *f)
{
	overcommit(guest(f, "s1"), "cpu-pm=on");
}

static void pm_off(Facts *f)
{
	overcommit(guest(f, "d1"), NULL);
}

static void pm_not_running(Facts *f)
{
	static const char *const argv[] = {"qemu", "-overcommit", "mem-lock=off", NULL};

	g_strfreev(guest(f, "d1")->argv);
	guest(f, "d1")->argv = g_strdupv((char **)argv);
}

static void pm_refused(Facts *f)
{
	text_set(&guest(f, "d1")->log_refusal,
		 "kvm: guest stopping CPU not supported: Invalid argument");
}

static void pm_partner(Facts *f)
{
	NodeSpec *partner = partner_new("b");

	(void)f;
	partner->qemu = g_strdup("10.0.0");
	partner->kernel = g_strdup("4.14.0");
	g_ptr_array_add(plan_now->partners, partner);
}

static void pm_partner_unknown(Facts *f)
{
	pm_partner(f);
	g_clear_pointer(&((NodeSpec *)g_ptr_array_index(plan_now->partners, 0))->kernel, g_free);
}

static void damaged_idle(Facts *f)
{
	unread_add(f->unread, "/sys/devices/system/cpu/cpu*/cpuidle/state*/disable",
		   "does not hold a number");
}

static void damaged_files(Facts *f)
{
	unread_add(f->unread, "/sys/a", "is damaged");
	unread_add(f->unread, "/sys/b", "is damaged");
}

/* The first of them makes the VM rules unknown. */
static void damaged_domains(Facts *f)
{
	unread_add(f->unread, "/planner/domains/d1.xml", "is damaged");
	unread_add(f->unread, "/planner/domains/d2.xml", "is damaged");
}

static void damaged_and_missing(Facts *f)
{
	vm_missing(f);
	unread_add(f->unread, "/etc/libvirt/qemu/d2.xml", "is damaged");
}

static void point_release(Facts *f)
{
	text_set(&f->guests->qemu, "8.2.7");
	text_set(&f->guests->libvirt, "9.0.1");
	text_set(&f->kernel->release, "6.1.99-amd64");
}

static void pm_halts(Facts *f)
{
	guest(f, "d1")->halt_exits = 123456;
}

static void pm_passthrough(Facts *f)
{
	text_set(&guest(f, "d1")->cpu_mode, "host-passthrough");
}

static void pm_unsupported(Facts *f)
{
	f->kvm->disable_exits = 0;
}

static void pm_unjudged(Facts *f)
{
	g_clear_pointer(&f->guests->qemu, g_free);
}

static void pm_unlocked(Facts *f)
{
	overcommit(guest(f, "d2"), "cpu-pm=on");
}

static void pm_namespace(Facts *f)
{
	guest(f, "d1")->namespace_missing = true;
}

static void ple(Facts *f)
{
	table_put(f->kvm->parameters, "kvm_intel.ple_gap", "0");
}

static void timers(Facts *f)
{
	set_set(&f->kernel->nohz_full, "");
}

static void timer_lost(Facts *f)
{
	g_free(f->kernel->release);
	f->kernel->release = g_strdup("5.10.0");
	table_put(f->kvm->parameters, "kvm_intel.preemption_timer", "Y");
}

/* How often d1's two CPUs were interrupted in 10 s, together: 200 is 10 a second each. */
static unsigned measured_times;

static void interrupted(Facts *f)
{
	(void)f;
	measured_times = 250;
}

/* The longest gap of a CPU that was free, in nanoseconds, and how long somebody looked. */
static unsigned measured_gap, measured_looked;

static void gap(Facts *f)
{
	(void)f;
	measured_gap = 1000100;
}

static void gap_unseen(Facts *f)
{
	(void)f;
	measured_looked = 0;
}

static void systemd(Facts *f)
{
	systemd_says(f, "0 2-3");
}

static void tuned_included(Facts *f)
{
	f->services->tuned_profile = g_strdup("site-kvm");
	f->services->tuned_included = g_strsplit("site-kvm powersave realtime", " ", -1);
}

static void tuned(Facts *f)
{
	f->services->tuned_profile = g_strdup("realtime-virtual-host");
	f->services->tuned_included = g_strsplit("realtime-virtual-host realtime", " ", -1);
}

static void mover(Facts *f)
{
	predict_task(f, 903, "numad", false, f->kernel->workqueue);
}

static void governor(Facts *f)
{
	text_set(&g_array_index(f->power, CpuPower, 2).governor, "schedutil");
}

static void slowest(Facts *f)
{
	text_set(&g_array_index(f->power, CpuPower, 2).governor, "powersave");
	text_set(&g_array_index(f->power, CpuPower, 2).driver, "acpi-cpufreq");
}

static void idle_limit_sysfs(Facts *f)
{
	g_array_index(f->power, CpuPower, 14).idle_limited = true;
}

static void deep_idle(Facts *f)
{
	overcommit(guest(f, "d1"), NULL);
	for (unsigned cpu = 0; cpu < f->power->len; cpu++)
		g_array_index(f->power, CpuPower, cpu).deepest_idle = 133;
}

/* What is on the bed, and who is told what was intended. */
typedef enum Level { PLANNED, PLANNED_CPUSET, ALONE } Level;

typedef struct Fault {
	const char *id;
	Level level;
	void (*spoil)(Facts *facts);
	const char *says; /* a part of what it must say */
	/* Instead of spoil, one of these. */
	const char *line; /* the whole kernel line */
	struct {
		const char *what, *with;
	} word, planned; /* replaced on the kernel line, on the plan's */
	struct {
		const char *vm;
		unsigned vcpu;
		const char *cpus;
	} pin; /* in every way */
} Fault;

static const Fault faults[] = {
	{"kernel.parameter-misspelt", PLANNED, .word = {"rcu_nocbs", "rcu_ncbs"},
	 .says = "did you mean rcu_nocbs"},
	{"kernel.parameter-misspelt", ALONE, .line = "ISOLCPUS=4-7",
	 .says = "did you mean isolcpus"},
	{"kernel.parameter-for-init", ALONE, .line = "quiet -- isolcpus=4-7 quiet",
	 .says = "does not read isolcpus=4-7"},
	{"kernel.parameter-for-init", ALONE, .line = "quiet -- nosoftlockup single",
	 .says = "does not read nosoftlockup"},
	{"kernel.nohz-off", ALONE, .line = "nohz=off nohz_full=2-5", .says = "nohz=off"},
	{"kernel.nohz-off", ALONE, .line = "nohz=OFF nohz_full=2-5", .says = "nohz=OFF"},
	{"kernel.sysctl-differs", PLANNED, stat_interval, "vm.stat_interval is 1"},
	{"vm.realtime-throttled", PLANNED, throttled, "950000 us of each 1000000"},
	{"vm.realtime-differs", PLANNED, rt_lost, "vCPU 1 has none, the plan fifo:1"},
	{"vm.realtime-differs", PLANNED, rt_higher,
	 "vCPU 1 has fifo:2 at its next start, the plan fifo:1"},
	{"vm.realtime-differs", PLANNED, rt_more, "vCPU 0 has rr:1, the plan none"},
	{"kvm.halt-polling", PLANNED, polling, "halt_poll_ns is 200000"},
	{"kvm.nx-huge-pages", PLANNED, nx_pages, "nx_huge_pages is Y"},
	{"memory.small-pages", PLANNED, small_pages, "d1, which is pinned"},
	{"kernel.parameter-refused", PLANNED, refused, "isolcpus=4-99"},
	{"kernel.list-out-of-range", ALONE, .line = "isolcpus=2-99", .says = "beyond 23"},
	{"kernel.list-malformed", ALONE, .line = "nohz_full=7-4", .says = "nohz_full=7-4"},
	{"kernel.list-malformed", ALONE, .line = "isolcpus=2-3, 4-5",
	 .says = "'4-5' is an argument of init"},
	{"kernel.list-keyword", ALONE, .line = "rcu_nocbs=2-N", .says = "rcu_nocbs=2-N"},
	{"kernel.flags-without-domain", ALONE, .line = "isolcpus=managed_irq,2-5",
	 .says = "lack 'domain'"},
	{"kernel.flag-unknown", ALONE, .line = "isolcpus=io_queue,domain,2-5",
	 .says = "'io_queue' is no flag"},
	{"kernel.parameter-duplicate", ALONE, .line = "isolcpus=2-5 isolcpus=3-5",
	 .says = "given 2 times"},
	{"kernel.boot-cpu-isolated", ALONE, .line = "nohz_full=0-5", .says = "nohz_full=0-5 names"},
	{"kernel.boot-cpu-isolated", ALONE, .line = "isolcpu=0-5", .says = "meant for isolcpus="},
	{"kernel.boot-cpu-isolated", ALONE, .line = "isolcpus=4-5 isolcpus=0-3 nohz_full=0-5",
	 .says = "meant for isolcpus="},
	{"kernel.boot-cpu-isolated", ALONE, .line = "isolcpus=0-3, 4-5",
	 .says = "meant for isolcpus="},
	{"kernel.line-too-long", ALONE, long_line, "2048 bytes"},
	{"kernel.line-elsewhere", PLANNED, elsewhere, "isolcpus=7-9, hugepages=4 is in"},
	{"kernel.line-elsewhere", PLANNED, unmade_grub, "not in what GRUB boots"},
	{"kernel.line-elsewhere", PLANNED, unmade_tuned, "not in what GRUB boots"},
	{"kernel.reboot-pending", PLANNED, reboot, "the next boot loses ro, isolcpus="},
	{"kernel.parameter-missing", PLANNED, .word = {"skew_tick=1", "skew_tick=0"},
	 .says = "the plan has skew_tick=1"},
	{"kernel.isolcpus-differs", PLANNED, isolcpus,
	 "isolates 2-5,8-11,14-17,20-23: 8-11,20-23 missing"},
	{"kernel.nohz-full-differs", PLANNED, nohz, "no CPU is in nohz_full"},
	{"kernel.rcu-nocbs-differs", PLANNED, rcu, ": 8-11,14-17,20-23 missing"},
	{"kernel.irqaffinity-differs", PLANNED, .word = {"irqaffinity=", "irqaffinity=3,"},
	 .says = ": 3 too many"},
	{"kernel.sets-differ", ALONE, nohz, "without ticks: none",
	 .line = "isolcpus=2-5,14-17 rcu_nocbs=2-5,14-17"},
	{"kernel.not-honoured", PLANNED, not_honoured, "asks for isolcpus of CPUs 2-5"},
	{"kernel.option-missing", PLANNED, option, "without CONFIG_NO_HZ_FULL"},
	{"node.plan-bad", PLANNED, plan_bad_too, "it does not fit (split.none)"},
	{"plan.pin-role", PLANNED, plan_on_host, "to CPUs 12, whose role in the same plan is host"},
	{"plan.pin-role", PLANNED, plan_on_free, "to CPUs 22, whose role in the same plan is free"},
	{"plan.pin-role", PLANNED, plan_on_sdk, "to CPUs 5, whose role in the same plan is sdk"},
	{"plan.core-shared", PLANNED, plan_core_twice, "CPUs 2-3,14-15 are given to it and to d1"},
	{"plan.split-core", PLANNED, plan_half, "4 vCPUs use 3 cores, 2 would be enough"},
	{"plan.split-core", PLANNED, plan_isolate, "those with CPUs 2-3,14-15 have several"},
	{"plan.split-core", PLANNED, plan_unequal, "not spread evenly"},
	{"plan.split-core", PLANNED, plan_helper_beside, "threads are on cores of its vCPUs"},
	{"plan.off-place", PLANNED, plan_other_socket, "asks for socket 1, but its CPUs 2-3,14-15"},
	{"plan.not-apart", PLANNED, plan_together, "apart from d2, but both have CPUs on socket 0"},
	{"plan.guest-topology", PLANNED, plan_swapped, "on 2,3,14,15: not on siblings"},
	{"plan.guest-topology", PLANNED, plan_sockets, "the guest sees 2 sockets"},
	{"plan.floats-on-isolated", PLANNED, plan_emulator, "I/O threads may run on the isolated"},
	{"plan.floats-on-isolated", PLANNED, plan_shared, "which float, may run on the isolated"},
	{"plan.cpu-pm-ineligible", PLANNED, plan_on_host, "ineligible: "},
	{"plan.cpu-pm-ineligible", PLANNED, plan_core_twice, "(split-core)"},
	{"plan.cpu-pm-ineligible", PLANNED, plan_pm_shared, "(overcommitted)"},
	{"plan.cpu-pm-ineligible", PLANNED, plan_pm_qemu, "unknown: QEMU's version"},
	{"plan.kernel-line", PLANNED, .planned = {"nohz_full=2-5", "nohz_full=2-4"},
	 .says = "CPUs 5 are missing, CPUs none are extra"},
	{"plan.kernel-line", PLANNED, .planned = {"domain,2-5", "domain,1-5"},
	 .says = "CPUs none are missing, CPUs 1 are extra"},
	{"plan.kernel-line", PLANNED, plan_line_none, "rcu_nocbs on its kernel line"},
	{"plan.kernel-line", PLANNED, .planned = {"managed_irq,domain", "managed_irq"},
	 .says = "flags without 'domain'"},
	{"plan.kernel-line", PLANNED, .planned = {"irqaffinity=0", "irqaffinity=0,2"},
	 .says = "names isolated CPUs"},
	{"plan.kernel-line", PLANNED, plan_boot, "CPUs 0,12 are missing"},
	{"plan.roles", PLANNED, plan_boot, "CPUs 0,12 is the boot CPU's"},
	{"plan.roles", PLANNED, plan_nobodys, "CPUs 4,16 is dedicated, but no VM"},
	{"plan.roles", PLANNED, plan_stranded, "CPUs 4,16 is stranded, but whole"},
	{"plan.roles", PLANNED, plan_partial, "CPUs 4,16 has an offline sibling"},
	{"plan.memory", PLANNED, plan_memory, "there is 102400 MiB, the node has 64512 MiB"},
	{"node.version-differs", PLANNED, versions, "QEMU 8.2.0, the node has 9.1.0"},
	{"kernel.watchdog-on-isolated", PLANNED, watchdog, "isolated CPUs 2-5"},
	{"kernel.vulnerable", PLANNED, vulnerable, "tsx_async_abort"},
	{"cgroup.partitions-mixed", PLANNED, mixed, "by cpuset partitions"},
	{"cgroup.partition-invalid", PLANNED_CPUSET, invalid, "Parent is not a partition root"},
	{"cgroup.partition-missing", PLANNED_CPUSET, no_partition, "none has them"},
	{"cgroup.pins-outside", PLANNED, slice,
	 "CPUs 3,15 of its pins (2 vCPUs) lie outside the group "
	 "/machine.slice, which may use only 0,2,6,12,14"},
	{"cgroup.pins-outside", PLANNED, slice_partition, "lie outside the group /machine.slice,"},
	{"cgroup.pins-outside", PLANNED, slice_nested, "lie outside the group /machine.slice,"},
	{"cgroup.quota", ALONE, quota_group,
	 "4 vCPUs 400000 of each 100000 µs, throttled in 7 of 50"},
	{"cgroup.quota", ALONE, quota_xml, "<quota> allows 1 vCPU 50000 of each 100000 µs"},
	{"topology.differs", PLANNED, other_machine, "sub-NUMA mode changed"},
	{"topology.differs", PLANNED, foreign,
	 "another machine: the plan has 24 CPUs in 12 cores, this one has 2 in 1"},
	{"topology.core-split", PLANNED, core_split, "2,14"},
	{"topology.sibling-offline", ALONE, sibling, "siblings of CPUs 2"},
	{"topology.sibling-offline", ALONE, smt_forced_off, "smt/control is forceoff"},
	{"topology.sibling-offline", ALONE, sibling_two, "siblings of CPUs 2"},
	{"topology.sibling-offline", ALONE, sibling_smt, "smt/control is off"},
	{"irq.on-isolated", PLANNED, irq, "24 eth0-TxRx-0 (CPUs 2)"},
	{"irq.managed-on-isolated", PLANNED, irq_managed, "25 nvme0q1"},
	{"irq.passed-elsewhere", PLANNED, irq_passed, "24 vfio-msix[1](0000:0b:00.0) (CPUs 8)"},
	{"irq.default-affinity", PLANNED, irq_default, "isolated CPUs 2-5"},
	{"irq.irqbalance-list", PLANNED, irqbalance, "IRQBALANCE_BANNED_CPUS leaves"},
	{"task.kernel-thread-on-isolated", PLANNED, kernel_thread, "1 kernel thread may"},
	{"task.user-on-isolated", PLANNED, user_task, "backup (901, on CPUs 0-23)"},
	{"task.user-on-vm", ALONE, user_on_vm, "in user.slice (such as desktop, 901)"},
	{"service.affinity-lost", ALONE, affinity_lost, "backup (901)"},
	{"topology.fence-split", ALONE, fence_split, "d1"},
	{"topology.fence-split", ALONE, fence_beside, "d1"},
	{"task.vhost-on-isolated", PLANNED, vhost, "vhost-10000 (902"},
	{"task.workqueue-on-isolated", PLANNED, workqueue, "isolated CPUs 2-5"},
	{"vm.unknown", PLANNED, vm_unknown, "does not know this VM, which runs"},
	{"vm.missing", PLANNED, vm_missing, "the node does not"},
	{"vm.xml-refused", ALONE, vm_refused, "refuses its XML: Cannot find 'iothread' : 2"},
	{"vm.vcpus-differ", PLANNED, vm_vcpus, "it has 3 vCPUs, the plan has 4"},
	{"vm.live-differs", PLANNED, vm_live, "numatune"},
	{"vm.thread-differs", PLANNED, vm_thread, "vCPU 1 (thread 10011) on 0-23, pinned to 14"},
	{"vm.slow-device", PLANNED, vm_slow, "e1000 interface"},
	{"vm.no-eoi", PLANNED, vm_eoi, "apic eoi"},
	{"vm.pin-missing", PLANNED, vm_unpinned, "without a pin: vCPU 3"},
	{"vm.pin-missing", ALONE, vm_unpinned, "without a pin: vCPU 3"},
	{"vm.pin-differs", PLANNED, .pin = {"d1", 3, "16"}, .says = "vCPU 3 on 16, planned 15"},
	{"vm.pin-differs", PLANNED, vm_shared_pin, "its vCPUs float over 0, planned"},
	{"vm.pin-differs", PLANNED, .pin = {"s1", 1, "6"}, .says = "vCPU 1 on 6, planned"},
	{"vm.emulatorpin-differs", PLANNED, vm_emulator, "emulator on 6"},
	{"vm.emulator-on-isolated", PLANNED, vm_emulator_isolated, "I/O thread 1 on 4"},
	{"vm.pin-on-host", PLANNED, .pin = {"d1", 3, "12"}, .says = "vCPU 3 on 12"},
	{"vm.pin-on-host", ALONE, .pin = {"d1", 3, "12"}, .says = "vCPU 3 on 12"},
	{"vm.pin-on-sdk", PLANNED, .pin = {"d1", 3, "17"}, .says = "vCPU 3 on 17"},
	{"vm.pin-offline", PLANNED, .pin = {"d1", 3, "99"}, .says = "vCPU 3 on 99"},
	{"vm.pin-offline", ALONE, plug, "vCPU 4 on 40, to be plugged in"},
	{"vm.vcpu-floats", PLANNED, .pin = {"d1", 3, "15-16"}, .says = "vCPU 3 on 15-16"},
	{"vm.shared-on-isolated", PLANNED, vm_shared_isolated, "vCPU 0 on 0,2,12,14"},
	{"vm.free-on-isolated", PLANNED, vm_free, "1 emulator thread without a pin"},
	{"vm.free-on-pinned", ALONE, free_on_pinned, "1 vCPU may run on CPUs 2-3,14-15, which d1"},
	{"vm.pin-across-nodes", PLANNED, .pin = {"d1", 3, "21"}, .says = "across NUMA nodes 0-1"},
	{"vm.pin-across-nodes", ALONE, .pin = {"d1", 3, "21"}, .says = "across NUMA nodes 0-1"},
	{"vm.guest-siblings", PLANNED, vm_siblings, "vCPUs 0 and 1 on CPUs 2 and 3"},
	{"vm.pin-across-caches", ALONE, vm_caches, "its 2 cores lie over 2 L3s"},
	{"vm.pin-across-caches", ALONE, vm_dies, "lie over 2 dies"},
	{"vm.pin-across-caches", ALONE, vm_clusters, "lie over 2 clusters"},
	{"vm.pin-across-kinds", ALONE, vm_kinds, "lie over 2 kinds of cores"},
	{"vm.vcpu-floats", ALONE, vm_process, "vCPU 3 on 2-3,14-15"},
	{"vm.emulator-on-isolated", ALONE, vm_process, "emulator on 2-3,14-15"},
	{"vm.pin-doubled", ALONE, vm_process_doubled, "vCPUs 0 and 1 are both pinned to CPU 2"},
	{"vm.pin-ignored", PLANNED, vm_ignored, "vCPUs from 4"},
	{"vm.pin-doubled", PLANNED, .pin = {"d2", 1, "15"},
	 .says = "pinned to CPU 15, as vCPU 3 of d1"},
	{"vm.pin-doubled", PLANNED, vm_doubled_element, "second vcpupin"},
	{"vm.not-at-once", ALONE, in_turn, "only one of d1 and d2 can run at a time"},
	{"vm.core-shared", PLANNED, vm_core, "a sibling of CPU 4 that d1 has"},
	{"vm.more-vcpus-than-cpus", PLANNED, vm_more, "2 vCPUs may run on 1 CPU only"},
	{"vm.overcommit", PLANNED, vm_overcommit, "the inventory allows 4"},
	{"memory.hugepages-short", PLANNED, hugepages, "the node has 100"},
	{"memory.hugepages-short", ALONE, hugepages_all, "there are 0 of them"},
	{"memory.hugepages-parameter", ALONE, .line = "hugepagesz=2M hugepages=0:16,5:8",
	 .says = "(5:8)"},
	{"vm.hugepages-missing", PLANNED, vm_hugepages, "has none"},
	{"vm.memory-nodes", PLANNED, vm_nodes, "bound to NUMA node 1"},
	{"vm.memory-nodes", ALONE, vm_nodes, "bound to NUMA node 1"},
	{"vm.memory-off-node", PLANNED, vm_stray, "3G of its memory"},
	{"kernel.tsc-unstable", PLANNED, tsc, "the clock is hpet"},
	{"kernel.tsc-unstable", ALONE, tsc, "the tick goes on"},
	{"memory.numa-balancing", PLANNED, balancing, "kernel.numa_balancing is 1"},
	{"memory.numa-balancing", ALONE, balancing, "kernel.numa_balancing is 1"},
	{"memory.ksm", PLANNED, ksm, "merging runs"},
	{"cpu-pm.on-ineligible", PLANNED, pm_ineligible, "must not have it"},
	{"cpu-pm.on-ineligible", ALONE, pm_ineligible, "must not have it"},
	{"cpu-pm.off-eligible", PLANNED, pm_off, "may have cpu-pm and does not"},
	{"cpu-pm.off-eligible", ALONE, pm_off, "may have cpu-pm and does not"},
	{"cpu-pm.not-running", PLANNED, pm_not_running, "the running QEMU does not"},
	{"cpu-pm.not-effective", PLANNED, pm_refused, "guest stopping CPU"},
	{"cpu-pm.not-effective", PLANNED, pm_halts, "123456 times"},
	{"cpu-pm.passthrough-without-mwait", PLANNED, pm_passthrough, "MWAIT"},
	{"cpu-pm.unsupported", PLANNED, pm_unsupported, "kernel-no-disable-exits"},
	{"cpu-pm.unjudged", PLANNED, pm_unjudged, "qemu-unknown"},
	{"cpu-pm.lost-on-migration", PLANNED, pm_partner, "cpu-pm of d1, d2 would not survive"},
	{"cpu-pm.lost-on-migration", PLANNED, pm_partner_unknown, "set [partner b] kernel"},
	{"cpu-pm.memory-unlocked", PLANNED, pm_unlocked, "undoes"},
	{"cpu-pm.namespace-missing", PLANNED, pm_namespace, "xmlns:qemu"},
	{"kvm.ple-gap", PLANNED, ple, "kvm_intel.ple_gap=0"},
	{"kvm.exitless-timer", PLANNED, timers, "without nohz_full"},
	{"kvm.preemption-timer", PLANNED, timer_lost, "from VMs without cpu-pm: s1"},
	{"measured.interrupted", PLANNED, interrupted,
	 "CPUs 2-3 were interrupted up to 12.5 times a second, more than 10: mostly local timer "
	 "interrupts: the tick"},
	{"measured.gap", PLANNED, gap,
	 "something took CPUs 4 away for up to 1000.1 µs at once, more than 1000: mostly perl"},
	{"measured.gap", PLANNED, gap_unseen, "noise of CPUs 4 was not seen"},
	{"service.systemd-affinity", PLANNED, systemd, "CPUAffinity=0 2-3"},
	{"service.tuned-profile", PLANNED, tuned, "realtime-virtual-host"},
	{"service.tuned-profile", PLANNED, tuned_included,
	 "'site-kvm', which includes 'realtime', isolates"},
	{"service.mover", PLANNED, mover, "numad runs"},
	{"power.governor", PLANNED, governor, "CPUs 2 have the governor schedutil"},
	{"power.slowest", PLANNED, slowest, "CPUs 2 run at their lowest frequency"},
	{"power.idle-poll", PLANNED, .word = {"quiet", "idle=poll"}, .says = "spinning"},
	{"power.idle-limit", PLANNED, .word = {"quiet", "intel_idle.max_cstate=1"},
	 .says = "intel_idle.max_cstate=1 does not affect guests"},
	{"power.idle-limit", ALONE, idle_limit_sysfs, "idle states of CPUs 14 are switched off"},
	{"power.deep-idle", PLANNED, deep_idle, "CPUs 2-3,14-15 to sleep when it idles, and they"},
	{"power.deep-idle", PLANNED, damaged_idle, "disable: does not hold a number"},
	{"power.governor", PLANNED, damaged_idle, "disable: does not hold a number"},
	{"node.unread", PLANNED, damaged_files, "/sys/a, /sys/b: is damaged"},
	{"node.unread", PLANNED, damaged_domains, "/planner/domains/d2.xml: is damaged"},
};

/* Judging */

static void bed_level(Bed *bed, Level level)
{
	measured_times = 200;
	measured_gap = 1000000;
	measured_looked = 2000000000;
	bed_make(bed, SMALL, level == PLANNED_CPUSET ? by_cpuset : by_line);
	g_assert_false(findings_has(bed->plan->findings, SEVERITY_WARNING));
}

/* What was measured in 10 s on CPUs 2-3, which are d1's, and on CPU 4; the last one read. */
static Measured *measured_last;

static const Measured *measured_of(const Audit *audit)
{
	g_autofree char *text = g_strdup_printf(
		"{\"format\": \"planner-measure/1\", \"node\": {\"name\": null, \"topology\": "
		"null}, \"milliseconds\": 10000, \"cpus\": \"2-4\", \"interruptions\": ["
		"{\"vm\": \"d1\", \"cpus\": \"2-3\", \"kind\": \"interrupt\", \"name\": \"LOC\", "
		"\"what\": \"local timer interrupts\", \"cause\": \"the tick\", \"count\": %u}, "
		"{\"vm\": \"d1\", \"cpus\": \"2-3\", \"kind\": \"exit\", \"name\": \"HLT\", "
		"\"what\": \"HLT exits\", \"cause\": \"\", \"count\": 90000}, "
		"{\"vm\": null, \"cpus\": \"4\", \"kind\": \"task\", \"name\": \"others\", "
		"\"what\": \"other tasks\", \"cause\": \"\", \"count\": 100}], \"noise\": "
		"{\"cpus\": [{\"cpu\": 4, \"looked_ns\": %u, \"lost_ns\": 7, \"longest_ns\": %u, "
		"\"causes\": [{\"name\": \"perl\"}]}]}}",
		measured_times, measured_looked, measured_gap);
	g_autoptr(GError) error = NULL;

	g_clear_pointer(&measured_last, measured_free);
	measured_last = measured_parse("m.json", text, strlen(text), audit, &error);
	g_assert_no_error(error);
	return measured_last;
}

static Check *bed_check(const Bed *bed, Level level, const char *id, Audit **audit)
{
	char *only[] = {(char *)id, NULL};
	CheckOptions options = {.only = id ? only : NULL, .fail_on = SEVERITY_INFO};
	Check *check;

	*audit = level == ALONE ? audit_new(NULL, NULL, bed->facts)
				: audit_new(bed->plan, bed->inventory, bed->facts);
	if (id && g_str_has_prefix(id, "measured."))
		(*audit)->measured = measured_of(*audit);
	check = check_run(*audit, &options);
	check->options.only = NULL;
	return check;
}

static void print_findings(const Check *check)
{
	for (unsigned i = 0; i < check->findings->len; i++) {
		const Finding *finding = g_ptr_array_index(check->findings, i);

		g_test_message("%s %s: %s", finding->id, finding->subject, finding->text);
	}
}

static void assert_clean(const Bed *bed, Level level, const char *id)
{
	g_autoptr(Audit) audit = NULL;
	g_autoptr(Check) check = bed_check(bed, level, id, &audit);

	print_findings(check);
	g_assert_cmpuint(check->findings->len, ==, 0);
}

/* A finding as all must be. */
static void assert_well_formed(const Finding *finding)
{
	g_assert_cmpstr(finding->evidence, !=, NULL);
	g_assert_cmpstr(finding->why, !=, NULL);
	g_assert_cmpstr(finding->fix, !=, "");
	g_assert_null(strchr(finding->text, '\n'));
	g_assert_true(g_utf8_validate(finding->text, -1, NULL));
}

static bool says(const Check *check, const char *id, const char *part)
{
	for (unsigned i = 0; i < check->findings->len; i++) {
		const Finding *finding = g_ptr_array_index(check->findings, i);

		assert_well_formed(finding);
		if (g_str_equal(finding->id, id) && strstr(finding->text, part))
			return true;
	}
	return false;
}

static void fault_do(const Fault *fault, Facts *facts)
{
	if (fault->spoil)
		fault->spoil(facts);
	if (fault->line)
		line_set(facts, fault->line);
	if (fault->word.what)
		line_replace(facts, fault->word.what, fault->word.with);
	if (fault->planned.what)
		replace(&plan_now->cmdline, fault->planned.what, fault->planned.with);
	if (fault->pin.vm)
		pin(guest(facts, fault->pin.vm)->vcpu_threads, fault->pin.vcpu, fault->pin.cpus);
}

static void test_fault(gconstpointer data)
{
	unsigned i = GPOINTER_TO_UINT(data);
	Bed bed;
	g_autoptr(Audit) audit = NULL;
	g_autoptr(Check) check = NULL;

	g_assert_nonnull(rule_find(faults[i].id));
	bed_level(&bed, faults[i].level);
	assert_clean(&bed, faults[i].level, faults[i].id);
	plan_now = bed.plan;
	fault_do(&faults[i], bed.facts);
	check = bed_check(&bed, faults[i].level, faults[i].id, &audit);
	print_findings(check);
	g_assert_true(says(check, faults[i].id, faults[i].says));
	g_clear_pointer(&check, check_free);
	g_clear_pointer(&audit, audit_free);
	bed_clear(&bed);
}

/* Twins: faults, and what makes each of them none */

static void rt_by_server(Facts *f)
{
	text_set(&f->kernel->release, "6.12.9");
}

static void rt_none(Facts *f)
{
	guest(f, "d1")->realtime = guest(f, "d2")->realtime = false;
}

static void rt_unread(Facts *f)
{
	thread(guest(f, "d2")->vcpu_threads, 1)->scheduler.policy = SCHEDULER_UNKNOWN;
}

static void polling_own(Facts *f)
{
	overcommit(guest(f, "d2"), NULL);
}

static void pages_own(Facts *f)
{
	guest(f, "d1")->hugepages = true;
}

static void group_wide(Facts *f)
{
	GArray *groups = f->cgroups->groups;

	set_set(&g_array_index(groups, Cgroup, groups->len - 1).cpus, "0-23");
	set_set(&g_array_index(groups, Cgroup, groups->len - 1).effective, "0-23");
}

/* libvirt's own groups say where threads are, not where they may be. */
static void group_own(Facts *f)
{
	group_wide(f);
	group_add(f, "/machine.slice/d1.scope/libvirt/vcpu", "9");
}

/* vm.pin-offline says that. */
static void group_offline(Facts *f)
{
	group_wide(f);
	pin(guest(f, "d1")->vcpu_threads, 3, "99");
}

static CgroupQuota *last_quota(Facts *f)
{
	return &g_array_index(f->cgroups->quotas, CgroupQuota, f->cgroups->quotas->len - 1);
}

static void quota_unused(Facts *f)
{
	last_quota(f)->throttled = 0;
}

static void quota_elsewhere(Facts *f)
{
	text_set(&last_quota(f)->path, "/machine.slice/d1");
}

static void quota_floats(Facts *f)
{
	pin(guest(f, "d1")->vcpu_threads, 0, "2-3");
}

static void quota_enough(Facts *f)
{
	guest(f, "d2")->quota.quota = 100000;
}

static void quota_xml_floats(Facts *f)
{
	pin(guest(f, "d2")->vcpu_threads, 0, "8-9");
}

static void task_of_machine(Facts *f)
{
	text_set(&last_task(f)->cgroup, "/machine.slice/helper.scope");
}

static void task_put_there(Facts *f)
{
	set_set(&last_task(f)->allowed, "2-3");
}

static void task_of_kernel(Facts *f)
{
	last_task(f)->kernel = true;
}

static void task_kept(Facts *f)
{
	set_set(&last_task(f)->allowed, "0,12");
}

static void task_of_user(Facts *f)
{
	text_set(&last_task(f)->cgroup, "/user.slice/user-1000.slice/x");
}

static void task_thread(Facts *f)
{
	last_task(f)->pid = 900;
}

static void vms_off(Facts *f)
{
	for (unsigned i = 0; i < f->guests->guests->len; i++)
		((Guest *)g_ptr_array_index(f->guests->guests, i))->running = false;
}

static void isolated_again(Facts *f)
{
	set_set(&f->kernel->isolated, "2-5,8-11,14-17,20-23");
}

static void fence_whole(Facts *f)
{
	table_put(f->services->systemd, "CPUAffinity", "0-1,12-13");
}

static void loader_unknown(Facts *f)
{
	f->kernel->loader = LOADER_UNKNOWN;
}

static void words_plain(Facts *f)
{
	text_set(&f->kernel->written[WRITTEN_GRUB].words, "quiet splash");
}

static void words_next(Facts *f)
{
	text_set(&f->kernel->boot_cmdline, "isolcpus=7-9 hugepages=4");
}

typedef struct Twin {
	const char *id;
	Level level;
	void (*spoil)(Facts *facts);
	void (*mend)(Facts *facts);
	const char *key, *value; /* instead: a sysctl, a parameter of KVM */
} Twin;

static void release_of_2022(Facts *f)
{
	g_free(f->kernel->release);
	f->kernel->release = g_strdup("6.1.0");
}

static const Twin twins[] = {
	{"vm.realtime-throttled", PLANNED, throttled, rt_by_server},
	{"vm.realtime-throttled", PLANNED, throttled, rt_none},
	{"vm.realtime-throttled", PLANNED, throttled, NULL, "kernel.sched_rt_runtime_us", "-1"},
	{"vm.realtime-differs", PLANNED, rt_lost, rt_unread},
	{"kernel.sysctl-differs", PLANNED, stat_interval, NULL, "vm.stat_interval", "10"},
	{"kvm.halt-polling", PLANNED, polling, polling_own},
	{"kvm.preemption-timer", PLANNED, timer_lost, vms_off},
	{"kvm.preemption-timer", PLANNED, timer_lost, release_of_2022},
	{"kvm.halt-polling", PLANNED, polling, NULL, "kvm.halt_poll_ns", "0"},
	{"kvm.halt-polling", PLANNED, polling, NULL, "kvm.halt_poll_ns_grow", "0"},
	{"kvm.nx-huge-pages", PLANNED, nx_pages, NULL, "kvm.nx_huge_pages", "N"},
	{"kvm.nx-huge-pages", PLANNED, nx_pages, NULL, "kvm.nx_huge_pages", "never"},
	{"kvm.nx-huge-pages", PLANNED, nx_pages, NULL, "kvm.nx_huge_pages_recovery_ratio", "0"},
	{"memory.small-pages", PLANNED, small_pages, pages_own},
	{"memory.small-pages", PLANNED, small_pages, vms_off},
	{"memory.small-pages", PLANNED, small_pages, NULL, "transparent_hugepage.enabled",
	 "always [madvise] never"},
	{"cgroup.pins-outside", PLANNED, slice, group_wide},
	{"cgroup.pins-outside", PLANNED, slice, group_own},
	{"cgroup.pins-outside", PLANNED, slice, group_offline},
	{"cgroup.quota", ALONE, quota_group, quota_unused},
	{"cgroup.quota", ALONE, quota_group, quota_elsewhere},
	{"cgroup.quota", ALONE, quota_group, quota_floats},
	{"cgroup.quota", ALONE, quota_xml, quota_enough},
	{"cgroup.quota", ALONE, quota_xml, quota_xml_floats},
	{"task.user-on-vm", ALONE, user_on_vm, task_of_machine},
	{"task.user-on-vm", ALONE, user_on_vm, task_put_there},
	{"task.user-on-vm", ALONE, user_on_vm, task_of_kernel},
	{"task.user-on-vm", ALONE, user_on_vm, vms_off},
	{"task.user-on-vm", ALONE, user_on_vm, isolated_again},
	{"vm.free-on-pinned", ALONE, free_on_pinned, vms_off},
	{"vm.free-on-pinned", ALONE, free_on_pinned, isolated_again},
	{"service.affinity-lost", ALONE, affinity_lost, task_kept},
	{"service.affinity-lost", ALONE, affinity_lost, task_of_user},
	{"service.affinity-lost", ALONE, affinity_lost, task_of_kernel},
	{"service.affinity-lost", ALONE, affinity_lost, task_thread},
	{"topology.fence-split", ALONE, fence_split, fence_whole},
	{"topology.fence-split", ALONE, fence_split, fence_service},
	{"topology.sibling-offline", ALONE, sibling_two, sibling_one},
	{"topology.fence-split", ALONE, fence_split, vms_off},
	{"topology.fence-split", ALONE, fence_split, isolated_again},
	{"kernel.line-elsewhere", PLANNED, elsewhere, loader_unknown},
	{"kernel.line-elsewhere", PLANNED, elsewhere, words_plain},
	{"kernel.line-elsewhere", PLANNED, elsewhere, words_next},
	{"kernel.line-elsewhere", PLANNED, unmade_grub, words_next},
	{"kernel.line-elsewhere", PLANNED, unmade_grub, menu_unknown},
};

static void twin_do(const Twin *twin, Facts *facts)
{
	twin->spoil(facts);
	if (twin->mend)
		twin->mend(facts);
	else
		table_put(g_str_has_prefix(twin->key, "kvm.") ? facts->kvm->parameters
							      : facts->kernel->sysctls,
			  twin->key, twin->value);
}

static void test_twins(void)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(twins); i++) {
		Bed bed;

		bed_level(&bed, twins[i].level);
		plan_now = bed.plan;
		twin_do(&twins[i], bed.facts);
		g_test_message("%s, row %u", twins[i].id, i);
		assert_clean(&bed, twins[i].level, twins[i].id);
		bed_clear(&bed);
	}
}

/* Of another machine nothing else is compared with the plan; a VM whose file could not be read is
 * not missing; a release between two steps is the same. */
static void test_one_cause(void)
{
	static const struct {
		void (*spoil)(Facts *facts);
		const char *area;
		bool quiet;
	} rows[] = {{foreign, "vm.pin-differs", true},
		    {foreign, "kernel.isolcpus-differs", true},
		    {damaged_and_missing, "vm.missing", true},
		    {vm_missing, "vm.missing", false},
		    {point_release, "node.version-differs", true},
		    {versions, "node.version-differs", false}};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		Bed bed;
		g_autoptr(Audit) audit = NULL;
		g_autoptr(Check) check = NULL;
		unsigned failed = 0;

		bed_level(&bed, PLANNED);
		rows[i].spoil(bed.facts);
		check = bed_check(&bed, PLANNED, rows[i].area, &audit);
		for (unsigned f = 0; f < check->findings->len; f++)
			failed += ((Finding *)g_ptr_array_index(check->findings, f))->verdict ==
				  VERDICT_FAIL;
		g_test_message("%s", rows[i].area);
		g_assert_cmpint(failed == 0, ==, rows[i].quiet);
		g_clear_pointer(&check, check_free);
		g_clear_pointer(&audit, audit_free);
		bed_clear(&bed);
	}
}

/* What planner's own findings admit, it does not say twice. */
static void test_plan_admits(void)
{
	static const char *const texts[] = {
		HEAD "[vm a]\nvcpus = 2\ncpus = 0,12\n",
		HEAD "[vm a]\nvcpus = 2\ncpus = 5,17\n[vm b]\nvcpus = 1\ncpus = 1\n",
		HEAD "[vm a]\nvcpus = 2\ncpus = 2,14\n[vm b]\nvcpus = 2\ncpus = 2,14\n",
		HEAD "[vm b]\nvcpus = 1\ncpus = 14\n[vm a]\nvcpus = 1\ncpus = 2\n",
		HEAD "[vm a]\nvcpus = 4\ncpus = 2,3,4,8\n",
		HEAD "[vm a]\nvcpus = 2\ncpus = 2,14\nthreads = isolate\n",
		HEAD "[vm a]\nvcpus = 2\ncpus = 2,99\n",
		HEAD "[vm a]\nvcpus = 2\ncpus = 2,14\nmemory = 999G\n",
		HEAD "[kernel]\nflags = managed_irq\n[vm a]\nvcpus = 2\n",
		HEAD "[vm a]\nvcpus = 2\ncpus = 2,14\nsocket = 1\n",
		HEAD "[vm a]\nvcpus = 2\ncpus = 2,14\napart = g:socket\n"
		     "[vm b]\nvcpus = 2\ncpus = 3,15\napart = g\n",
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
		Bed bed;

		bed_make(&bed, SMALL, texts[i]);
		g_test_message("%s", texts[i]);
		assert_clean(&bed, PLANNED, "plan");
		bed_clear(&bed);
	}
}

static void test_every_rule_has_a_fault(void)
{
	for (const Rule *const *rule = rules; *rule; rule++) {
		bool found = false;

		for (unsigned i = 0; i < G_N_ELEMENTS(faults); i++)
			found = found || g_str_equal(faults[i].id, (*rule)->id);
		if (!found)
			g_test_message("no fault for %s", (*rule)->id);
		g_assert_true(found);
	}
}

static void assert_text(const char *text)
{
	g_assert_nonnull(text);
	g_assert_cmpstr(text, !=, "");
	g_assert_null(strchr(text, '\n'));
	g_assert_null(strstr(text, "  "));
	g_assert_true(g_str_is_ascii(text) || g_utf8_validate(text, -1, NULL));
}

/* Texts are whole, ids unique, and each rule has exactly one function. */
static void test_table(void)
{
	g_autoptr(GHashTable) ids = g_hash_table_new(g_str_hash, g_str_equal);

	for (const Rule *const *r = rules; *r; r++) {
		const Rule *rule = *r;

		g_assert_true(g_hash_table_add(ids, (gpointer)rule->id));
		g_assert_nonnull(strchr(rule->id, '.'));
		assert_text(rule->title);
		assert_text(rule->sees);
		assert_text(rule->why);
		assert_text(rule->remedy);
		assert_text(rule->source);
		g_assert_cmpint(!!rule->eval + !!rule->eval_vm + !!rule->eval_planned +
					!!rule->judge,
				==, 1);
		g_assert_true(rule_find(rule->id) == rule);
	}
	g_assert_cmpstr(rule_nearest("irq.on-isolatd"), ==, "irq.on-isolated");
	g_assert_null(rule_nearest("nonsense"));
}

static void test_clean(void)
{
	for (Level level = PLANNED; level <= ALONE; level++) {
		Bed bed;

		bed_level(&bed, level);
		assert_clean(&bed, level, NULL);
		bed_clear(&bed);
	}
}

/* Nothing known: never a pass, never a crash; and every unknown names a source. */
static void test_nothing_known(void)
{
	g_autoptr(Facts) facts = facts_new();

	for (unsigned planned = 0; planned <= 1; planned++) {
		Bed bed;
		g_autoptr(Audit) audit = NULL;
		g_autoptr(Check) check = NULL;
		CheckOptions options = {.strict = true};

		bed_level(&bed, PLANNED);
		audit = audit_new(planned ? bed.plan : NULL, planned ? bed.inventory : NULL, facts);
		check = check_run(audit, &options);
		g_assert_cmpuint(check->unknown, >, 40);
		g_assert_true(check_bad(check));
		for (unsigned i = 0; i < check->findings->len; i++) {
			const Finding *finding = g_ptr_array_index(check->findings, i);

			assert_well_formed(finding);
			g_assert_cmpint(finding->verdict, ==, VERDICT_UNKNOWN);
		}
		g_clear_pointer(&check, check_free);
		g_clear_pointer(&audit, audit_free);
		bed_clear(&bed);
	}
}

/* A note that a source could not be read: rules that need it are unknown, others are not. */
static void test_unread(void)
{
	Bed bed;
	g_autoptr(Audit) audit = NULL;
	g_autoptr(Check) check = NULL;

	bed_level(&bed, PLANNED);
	unread_add(bed.facts->unread, "/proc/1/environ", "Permission denied; run as root");
	check = bed_check(&bed, PLANNED, NULL, &audit);
	g_assert_cmpuint(check->findings->len, ==, 1);
	g_assert_true(says(check, "kernel.parameter-refused", "/proc/1/environ: Permission"));
	g_assert_false(check_bad(check));
	check->options.strict = true;
	g_assert_true(check_bad(check));
	g_clear_pointer(&check, check_free);
	g_clear_pointer(&audit, audit_free);
	bed_clear(&bed);
}

/* What no rule needs where nothing is isolated and no VM is: no trouble. */
static void test_unread_idle(void)
{
	Bed bed;
	g_autoptr(Audit) audit = NULL;
	g_autoptr(Check) check = NULL;

	bed_level(&bed, ALONE);
	g_ptr_array_set_size(bed.facts->guests->guests, 0);
	unread_add(bed.facts->unread, "/dev/kvm", "is not there: KVM is not loaded");
	check = bed_check(&bed, ALONE, "node.unread", &audit);
	g_assert_cmpuint(check->findings->len, ==, 0);
	g_clear_pointer(&check, check_free);
	g_clear_pointer(&audit, audit_free);
	bed_clear(&bed);
}

/* One VM's XML that could not be read, wherever it is from: no VM rule passes. */
static void test_unread_domain(void)
{
	static const char *const sources[] = {
		"/planner/domains/d1.xml",	"/etc/libvirt/qemu/d1.xml",
		"/run/libvirt/qemu/d1.xml",	"/sos_commands/virsh/virsh_-r_dumpxml_d1",
		"/var/run/libvirt/qemu/d1.xml", "/home/me/domains/d1.xml",
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(sources); i++) {
		Bed bed;
		g_autoptr(Audit) audit = NULL;
		g_autoptr(Check) check = NULL;

		bed_level(&bed, PLANNED);
		text_set(&bed.facts->guests->source, "/home/me/domains");
		unread_add(bed.facts->unread, sources[i], "is not a regular file");
		check = bed_check(&bed, PLANNED, "vm", &audit);
		g_test_message("%s", sources[i]);
		g_assert_true(says(check, "vm.core-shared", "is not a regular file"));
		g_assert_true(says(check, "vm.unknown", "is not a regular file"));
		g_clear_pointer(&check, check_free);
		g_clear_pointer(&audit, audit_free);
		bed_clear(&bed);
	}
}

/* libvirt did not answer: no VM rule passes. */
static void test_no_libvirt(void)
{
	Bed bed;
	g_autoptr(Audit) audit = NULL;
	g_autoptr(Check) check = NULL;

	bed_level(&bed, PLANNED);
	g_ptr_array_set_size(bed.facts->guests->guests, 0);
	unread_add(bed.facts->unread, "libvirt qemu:///system", "no answer within 10 seconds");
	check = bed_check(&bed, PLANNED, "vm", &audit);
	g_assert_true(says(check, "vm.pin-differs", "no answer within 10 seconds"));
	g_assert_true(says(check, "vm.core-shared", "no answer within 10 seconds"));
	g_clear_pointer(&check, check_free);
	g_clear_pointer(&audit, audit_free);
	bed_clear(&bed);
}

/* A VM without any pin is allowed everywhere: a warning, and no tenancy that would make every other
 * VM ineligible; isolcpus keeps the scheduler off. */
static void test_unpinned_shared(void)
{
	Bed bed;
	Guest *shared;
	g_autoptr(Audit) audit = NULL;
	g_autoptr(Check) check = NULL;

	bed_level(&bed, PLANNED);
	shared = guest(bed.facts, "s1");
	no_cpuset(shared);
	for (unsigned v = 0; v < 2; v++)
		set_set(&thread(shared->vcpu_threads, v)->real, "0-23");
	check = bed_check(&bed, PLANNED, NULL, &audit);
	print_findings(check);
	g_assert_true(says(check, "vm.free-on-isolated", "2 vCPUs"));
	g_assert_cmpuint(check->counts[SEVERITY_ERROR], ==, 0);
	g_clear_pointer(&check, check_free);
	g_clear_pointer(&audit, audit_free);
	bed_clear(&bed);
}

static const char *fix_of(const Check *check, const char *id)
{
	for (unsigned i = 0; i < check->findings->len; i++) {
		const Finding *finding = g_ptr_array_index(check->findings, i);

		if (g_str_equal(finding->id, id))
			return finding->fix;
	}
	return "";
}

/* A remedy names its VM, but for names that a shell would take for something else. */
static void test_remedy_names(void)
{
	static const char *const names[] = {"web-1.a", "$(reboot)", "a b", "-a", "a'b"};

	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *command =
			g_strdup_printf("virsh vcpupin %s VCPU CPU", i ? "NAME" : names[i]);
		g_autoptr(Audit) audit = NULL;
		g_autoptr(Check) check = NULL;
		Guest *renamed;
		Bed bed;

		bed_level(&bed, PLANNED);
		renamed = guest(bed.facts, "d1");
		text_set(&renamed->name, names[i]);
		set_set(&thread(renamed->vcpu_threads, 0)->real, "0");
		check = bed_check(&bed, PLANNED, NULL, &audit);
		g_assert_nonnull(strstr(fix_of(check, "vm.missing"), "emit domain d1'"));
		g_assert_nonnull(strstr(fix_of(check, "vm.thread-differs"), command));
		g_clear_pointer(&check, check_free);
		g_clear_pointer(&audit, audit_free);
		bed_clear(&bed);
	}
}

/* Words of libvirt's, which a platform would overwrite or has not. */
static bool of_libvirt(const char *text)
{
	static const char *const words[] = {"virsh",	   "vcpupin",	 "iothreadpin", "<",
					    "emit domain", "emit virsh", "redefine"};

	for (unsigned i = 0; i < G_N_ELEMENTS(words); i++)
		if (strstr(text, words[i]))
			return true;
	return false;
}

/* A rule whose remedy is libvirt's has one for each platform, and that is not libvirt's. */
static void test_platforms(void)
{
	/* VMs that only a plan has: the plan's maker defines them. Interrupts, KSM: the host's. */
	static const char *const exempt[] = {"vm.missing", "memory.ksm", NULL};

	for (const Rule *const *rule = rules; *rule; rule++)
		for (Platform p = PLATFORM_PROCESS; p < PLATFORM_COUNT; p++) {
			const char *text = rule_remedy(*rule, p);

			if (g_strv_contains(exempt, (*rule)->id))
				continue;
			g_test_message("%s on %s: %s", (*rule)->id, platform_names[p], text);
			g_assert_false(of_libvirt(text));
			g_assert_true(platform_base(p) != p || !fixes_text((*rule)->fixes, p) ||
				      !g_str_equal(text, (*rule)->remedy));
		}
}

static void oem(Facts *f)
{
	unmade_by(f, WRITTEN_OEM);
}

/* What a platform would undo is said in its words, whatever the finding itself would have said. */
static void test_platform_words(void)
{
	static const struct {
		void (*spoil)(Facts *facts);
		const char *id;
		Platform platform;
		const char *fix;
	} rows[] = {
		{elsewhere, "kernel.line-elsewhere", PLATFORM_LIBVIRT, "proxmox-boot-tool"},
		{elsewhere, "kernel.line-elsewhere", PLATFORM_OVIRT, "Edit Host, Kernel"},
		{unmade_grub, "kernel.line-elsewhere", PLATFORM_OVIRT, "Edit Host, Kernel"},
		{oem, "kernel.line-elsewhere", PLATFORM_HARVESTER,
		 "reboot (maintenance mode first)"},
		{systemd, "service.systemd-affinity", PLATFORM_OPENSHIFT, "spec.cpu.reserved"},
		{systemd, "service.systemd-affinity", PLATFORM_OPENSTACK, "list only host CPUs"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(Audit) audit = NULL;
		g_autoptr(Check) check = NULL;
		Bed bed;

		bed_level(&bed, PLANNED);
		rows[i].spoil(bed.facts);
		bed.facts->platform = rows[i].platform;
		check = bed_check(&bed, PLANNED, rows[i].id, &audit);
		g_assert_nonnull(strstr(fix_of(check, rows[i].id), rows[i].fix));
		g_clear_pointer(&check, check_free);
		g_clear_pointer(&audit, audit_free);
		bed_clear(&bed);
	}
}

static void kernel_thread_unbuilt(Facts *f)
{
	kernel_thread(f);
	option(f);
	timers(f);
}

static void kernel_thread_absent(Facts *f)
{
	kernel_thread(f);
	timers(f);
	line_replace(f, " nohz_full=", " nohz_none=");
}

static void kernel_thread_missed(Facts *f)
{
	kernel_thread(f);
	set_set(&f->kernel->nohz_full, "3");
	line_replace(f, " nohz_full=", " nohz_full=3 nohz_none=");
}

static void nohz_unbuilt(Facts *f)
{
	option(f);
	timers(f);
}

static void irq_absent(Facts *f)
{
	irq(f);
	line_replace(f, " irqaffinity=", " irqnone=");
}

static void irq_wide(Facts *f)
{
	irq(f);
	line_replace(f, " irqaffinity=", " irqaffinity=0-11 irqnone=");
}

static void irq_managed_older(Facts *f)
{
	irq_managed(f);
	text_set(&f->kernel->release, "5.4.0");
}

static void user_task_unheard(Facts *f)
{
	user_task(f);
	set_set(&f->kernel->isolated, "");
}

/* The list is the plan's, and a flag takes the domain out. */
static void isolcpus_flagged(Facts *f)
{
	line_replace(f, " isolcpus=managed_irq,domain,", " isolcpus=managed_irq,");
	set_set(&f->kernel->isolated, "");
}

static void user_task_flagged(Facts *f)
{
	user_task(f);
	isolcpus_flagged(f);
}

/* rcu_nocbs= is the plan's, and nohz_full= offloads more. */
static void nohz_wide(Facts *f)
{
	line_replace(f, " nohz_full=", " nohz_full=1-23 nohz_none=");
	set_set(&f->kernel->nohz_full, "1-23");
}

/* Nobody is told to boot with what the line has, nor with what the kernel ignores. */
static void test_line_advice(void)
{
	static const struct {
		void (*spoil)(Facts *facts);
		const char *id;
		Platform platform;
		const char *fix;
	} rows[] = {
		{kernel_thread, "task.kernel-thread-on-isolated", PLATFORM_LIBVIRT,
		 "'taskset -pc HOST-CPUS TID' (nohz_full= has these CPUs already)"},
		{kernel_thread, "task.kernel-thread-on-isolated", PLATFORM_OVIRT,
		 "'taskset -pc HOST-CPUS TID' (nohz_full= has these CPUs already)"},
		{kernel_thread_unbuilt, "task.kernel-thread-on-isolated", PLATFORM_LIBVIRT,
		 "'taskset -pc HOST-CPUS TID' (the kernel was built without CONFIG_NO_HZ_FULL and "
		 "ignores nohz_full=)"},
		{kernel_thread_absent, "task.kernel-thread-on-isolated", PLATFORM_LIBVIRT,
		 "boot with nohz_full, or 'taskset -pc HOST-CPUS TID'"},
		{kernel_thread_missed, "task.kernel-thread-on-isolated", PLATFORM_LIBVIRT,
		 "boot with these CPUs in nohz_full=, too, or 'taskset -pc HOST-CPUS TID'"},
		{watchdog, "kernel.watchdog-on-isolated", PLATFORM_LIBVIRT,
		 "write the host's CPUs to watchdog_cpumask (nohz_full= has these CPUs already)"},
		{timers, "kvm.exitless-timer", PLATFORM_LIBVIRT,
		 "leave kvm.pi_inject_timer at its default, and correct nohz_full=, which the "
		 "kernel did not take"},
		{timers, "kernel.nohz-full-differs", PLATFORM_LIBVIRT,
		 "the line is as planned: 'dmesg | grep -e Housekeeping -e isolcpus -e NO_HZ' may "
		 "say what the kernel made of it"},
		{nohz_unbuilt, "kernel.nohz-full-differs", PLATFORM_LIBVIRT,
		 "boot a kernel with CONFIG_NO_HZ_FULL: the line is as planned"},
		{irq, "irq.on-isolated", PLATFORM_LIBVIRT,
		 "write the host's CPUs to smp_affinity_list (irqaffinity= leaves these CPUs out "
		 "already)"},
		{irq_absent, "irq.on-isolated", PLATFORM_LIBVIRT,
		 "write the host's CPUs to smp_affinity_list, and boot with irqaffinity="},
		{irq_wide, "irq.on-isolated", PLATFORM_LIBVIRT,
		 "write the host's CPUs to smp_affinity_list, and boot without these CPUs in "
		 "irqaffinity="},
		{irq_default, "irq.default-affinity", PLATFORM_LIBVIRT,
		 "write the host's CPUs to /proc/irq/default_smp_affinity (irqaffinity= leaves "
		 "these CPUs out already)"},
		{irq_managed, "irq.managed-on-isolated", PLATFORM_LIBVIRT,
		 "isolcpus=managed_irq has these CPUs already"},
		{irq_managed_older, "irq.managed-on-isolated", PLATFORM_LIBVIRT,
		 "this kernel has no managed_irq"},
		{user_task_unheard, "task.user-on-isolated", PLATFORM_LIBVIRT,
		 "correct isolcpus=, which the kernel did not take, or keep each slice off them"},
		{user_task_flagged, "task.user-on-isolated", PLATFORM_LIBVIRT,
		 "boot with isolcpus= of these CPUs"},
		{isolcpus_flagged, "kernel.isolcpus-differs", PLATFORM_LIBVIRT,
		 "boot with the plan's line"},
		{nohz_wide, "kernel.rcu-nocbs-differs", PLATFORM_LIBVIRT,
		 "boot with the plan's line"},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(Audit) audit = NULL;
		g_autoptr(Check) check = NULL;
		Bed bed;

		bed_level(&bed, PLANNED);
		rows[i].spoil(bed.facts);
		bed.facts->platform = rows[i].platform;
		check = bed_check(&bed, PLANNED, rows[i].id, &audit);
		g_test_message("row %u: %s", i, fix_of(check, rows[i].id));
		g_assert_nonnull(strstr(fix_of(check, rows[i].id), rows[i].fix));
		g_clear_pointer(&check, check_free);
		g_clear_pointer(&audit, audit_free);
		bed_clear(&bed);
	}
}

/* A watchdog that does not run disturbs nobody. */
static void test_watchdog_off(void)
{
	Bed bed;

	bed_level(&bed, PLANNED);
	watchdog(bed.facts);
	table_put(bed.facts->kernel->sysctls, "kernel.watchdog", "0");
	assert_clean(&bed, PLANNED, "kernel.watchdog-on-isolated");
	bed_clear(&bed);
}

static void assert_weighs(const Bed *bed, const char *id, Severity severity)
{
	g_autoptr(Audit) audit = NULL;
	g_autoptr(Check) check = bed_check(bed, PLANNED, id, &audit);

	g_assert_cmpuint(check->findings->len, ==, 1);
	g_assert_cmpint(((Finding *)g_ptr_array_index(check->findings, 0))->severity, ==, severity);
}

/* The plan was taken with its warning: where that VM runs as planned, it is none the worse. */
static void test_planned_warning(void)
{
	static const char id[] = "vm.more-vcpus-than-cpus";
	Bed bed;
	unsigned s1 = 0;

	bed_level(&bed, PLANNED);
	vm_more(bed.facts);
	findings_add(bed.plan->findings, SEVERITY_WARNING, id, "vm s2", "", "too many");
	assert_weighs(&bed, id, SEVERITY_ERROR);
	findings_add(bed.plan->findings, SEVERITY_WARNING, id, "vm s1", "", "too many");
	assert_weighs(&bed, id, SEVERITY_ERROR);
	while (!g_str_equal(((PlanVm *)g_ptr_array_index(bed.plan->vms, s1))->spec->name, "s1"))
		s1++;
	hwloc_bitmap_only(((PlanVm *)g_ptr_array_index(bed.plan->vms, s1))->cpuset, 0);
	assert_weighs(&bed, id, SEVERITY_WARNING);
	bed_clear(&bed);
}

/* Where one of its vCPUs may run could not be read: it may have a CPU for each. */
static void test_more_unread(void)
{
	Bed bed;
	Guest *vm;

	bed_level(&bed, PLANNED);
	vm_more(bed.facts);
	vm = guest(bed.facts, "s1");
	vm->unlisted = true;
	g_clear_pointer(&vm->live_xml, g_free);
	g_clear_pointer(&vm->inactive_xml, g_free);
	assert_weighs(&bed, "vm.more-vcpus-than-cpus", SEVERITY_ERROR);
	g_clear_pointer(&thread(vm->vcpu_threads, 1)->real, hwloc_bitmap_free);
	assert_clean(&bed, PLANNED, "vm.more-vcpus-than-cpus");
	bed_clear(&bed);
}

/* KVM itself has the parameters at 0 where the processor has no such exits: nobody can mend that.
 */
static void test_no_pause_exits(void)
{
	Bed bed;

	bed_level(&bed, PLANNED);
	ple(bed.facts);
	bed.facts->kvm->pause_exits = TRISTATE_NO;
	assert_clean(&bed, PLANNED, "kvm.ple-gap");
	bed_clear(&bed);
}

/* What limits nothing, and what others than VMs with cpu-pm do. */
static void test_power_fine(void)
{
	static const char *const lines[] = {"intel_idle.max_cstate=9",
					    "cpuidle.off=0",
					    "processor.max_cstate=",
					    "idle=poll",
					    "idle=",
					    "idle"};
	Bed bed;

	for (unsigned i = 0; i < G_N_ELEMENTS(lines); i++) {
		bed_level(&bed, PLANNED);
		line_replace(bed.facts, "quiet", lines[i]);
		assert_clean(&bed, PLANNED, "power.idle-limit");
		bed_clear(&bed);
	}
	bed_level(&bed, PLANNED);
	g_array_index(bed.facts->power, CpuPower, 0).idle_limited = true;
	assert_clean(&bed, PLANNED, "power.idle-limit");
	text_set(&g_array_index(bed.facts->power, CpuPower, 2).governor, "powersave");
	text_set(&g_array_index(bed.facts->power, CpuPower, 2).driver, "intel_pstate");
	assert_clean(&bed, PLANNED, "power.slowest");
	overcommit(guest(bed.facts, "d2"), NULL);
	for (unsigned cpu = 0; cpu < bed.facts->power->len; cpu++)
		g_array_index(bed.facts->power, CpuPower, cpu).deepest_idle = 20;
	assert_clean(&bed, PLANNED, "power.deep-idle");
	bed_clear(&bed);
}

/* As many VMs and CPUs as a node has at most, or more. */
static void test_large(void)
{
	g_autoptr(GString) text = g_string_new("[node]\nkernel = 6.1.0\nqemu = 8.2.0\n"
					       "libvirt = 9.0.0\nmwait = no\n");
	Bed bed;

	for (unsigned i = 0; i < 250; i++)
		g_string_append_printf(text, "[vm v%u]\nvcpus = 2\ncpus = %u,%u\nmemory = 1G\n", i,
				       2 + i, 256 + 2 + i);
	for (unsigned i = 0; i < 750; i++)
		g_string_append_printf(text, "[vm s%u]\nvcpus = 1\npolicy = shared\n", i);
	bed_make(&bed, "pack:1 [numa(memory=4398046511104)] core:256 pu:2(indexes=2*256:256*1)",
		 text->str);
	for (unsigned i = 0; i < 10000; i++)
		predict_task(bed.facts, 100000 + i, "worker", false, bed.facts->kernel->workqueue);
	assert_clean(&bed, PLANNED, NULL);
	assert_clean(&bed, ALONE, NULL);
	bed_clear(&bed);
}

/* Choice and judgement */

/* The list of a word that is misspelt, or has a wrong sign, is what was meant; of a bare word there
 * is none. */
static void test_meant(void)
{
	static const char *const lines[][2] = {{"quiet isolcpus:2-5", "2-5"},
					       {"quiet ISOLCPUS=2-5", "2-5"},
					       {"quiet isolcpu", ""},
					       {"quiet isolcpus:", ""}};

	for (unsigned i = 0; i < G_N_ELEMENTS(lines); i++) {
		Bed bed;
		g_autoptr(Audit) audit = NULL;
		g_autofree char *asked = NULL;

		bed_level(&bed, ALONE);
		text_set(&bed.facts->kernel->cmdline, lines[i][0]);
		audit = audit_new(NULL, NULL, bed.facts);
		asked = cpulist_format(audit->effects->isolcpus.asked);
		g_assert_cmpstr(asked, ==, lines[i][1]);
		g_assert_true(audit->effects->isolcpus.astray);
		g_clear_pointer(&audit, audit_free);
		bed_clear(&bed);
	}
}

static void test_choice(void)
{
	Bed bed;
	char *only[] = {(char *)"vm", (char *)"kernel.vulnerable", NULL};
	char *skip[] = {(char *)"vm.no-eoi", NULL};
	CheckOptions options = {.only = only, .skip = skip, .fail_on = SEVERITY_WARNING};
	g_autoptr(Audit) audit = NULL;
	g_autoptr(Check) check = NULL;

	bed_level(&bed, PLANNED);
	vm_eoi(bed.facts);
	vulnerable(bed.facts);
	irq(bed.facts);
	audit = audit_new(bed.plan, bed.inventory, bed.facts);
	check = check_run(audit, &options);
	g_assert_cmpuint(check->findings->len, ==, 1);
	g_assert_true(says(check, "kernel.vulnerable", "tsx"));
	g_assert_false(check_bad(check));
	check->options.fail_on = SEVERITY_INFO;
	g_assert_true(check_bad(check));
	g_assert_true(rule_word_known("vm") && rule_word_known("vm.unknown"));
	g_assert_false(rule_word_known("v") || rule_word_known("") || rule_word_known("vm."));
	g_clear_pointer(&check, check_free);
	g_clear_pointer(&audit, audit_free);
	bed_clear(&bed);
}

/* Property: whatever the plan, a node that does what it says has no finding. */

static void append_vm(GString *text, GRand *rand, unsigned i)
{
	static const char *const modes[] = {"host-model", "host-passthrough", "maximum", "custom"};
	bool shared = g_rand_int_range(rand, 0, 4) == 0;
	int vcpus = g_rand_int_range(rand, 1, shared ? 3 : 9),
	    memory = g_rand_int_range(rand, 1, 5);

	g_string_append_printf(text, "[vm v%u]\nvcpus = %d\nmemory = %dG\ncpu-mode = %s\n", i,
			       vcpus, memory, modes[g_rand_int_range(rand, 0, 4)]);
	if (shared)
		g_string_append(text, "policy = shared\n");
	if (g_rand_boolean(rand))
		g_string_append(text, "hugepages = 2M\n");
	if (g_rand_boolean(rand))
		g_string_append(text, "locked = yes\n");
	if (!shared && g_rand_boolean(rand))
		g_string_append(text, "threads = isolate\n");
	g_string_append_printf(text, "iothreads = %d\n", g_rand_int_range(rand, 0, 3));
	if (g_rand_boolean(rand))
		g_string_append(text, "cpu-pm = off\n");
}

static char *random_inventory(GRand *rand)
{
	static const char *const kernels[] = {"4.14", "4.18.0-348", "5.10.0", "6.1.0", "6.12.1"};
	static const char *const qemus[] = {"2.12.0", "6.2.0", "8.2.0", "9.1.0", "10.0.2"};
	GString *text = g_string_new("[node]\nname = n\nlibvirt = 9.0.0\n");
	unsigned vms = (unsigned)g_rand_int_range(rand, 0, 8);
	unsigned kernel = (unsigned)g_rand_int_range(rand, 0, G_N_ELEMENTS(kernels));

	g_string_append_printf(text, "kernel = %s\nqemu = %s\n", kernels[kernel],
			       qemus[g_rand_int_range(rand, 0, G_N_ELEMENTS(qemus))]);
	g_string_append_printf(text, "mwait = %s\n", g_rand_boolean(rand) ? "yes" : "no");
	g_string_append_printf(text, "[host]\ncores-per-node = %d\n", g_rand_int_range(rand, 1, 3));
	if (g_rand_boolean(rand))
		g_string_append_printf(text, "[sdk]\ncores-per-node = %d\n",
				       g_rand_int_range(rand, 1, 3));
	if (g_rand_boolean(rand))
		g_string_append(text, "[shared]\ncores-per-node = 1\n");
	g_string_append_printf(text, "[kernel]\nirqaffinity = %s\n",
			       g_rand_boolean(rand) ? "yes" : "no");
	if (kernel >= 3 && g_rand_boolean(rand))
		g_string_append(text, "isolation = cpuset\n");
	for (unsigned i = 0; i < vms; i++)
		append_vm(text, rand, i);
	return g_string_free(text, FALSE);
}

static const char *random_host(GRand *rand)
{
	static const char *const hosts[] = {
		SMALL,
		"pack:2 [numa(memory=68719476736)] l3:1 core:8 pu:1",
		"pack:1 [numa(memory=137438953472)] l3:4 core:4 pu:2",
		"pack:2 [numa(memory=68719476736)] l3:2 core:4 pu:4",
		"numa:4(memory=34359738368) l3:1 core:4 pu:2",
	};

	return hosts[g_rand_int_range(rand, 0, G_N_ELEMENTS(hosts))];
}

/* A plan that is bad news itself predicts nothing good. */
static bool sound(const Plan *plan)
{
	return !findings_has(plan->findings, SEVERITY_WARNING) && plan->placed == plan->wanted;
}

static void test_predicted(void)
{
	unsigned checked = 0;

	for (unsigned seed = 1; seed <= 300; seed++) {
		GRand *rand = g_rand_new_with_seed(seed);
		const char *host = random_host(rand);
		g_autofree char *text = random_inventory(rand);
		Bed bed;

		bed_make(&bed, host, text);
		if (sound(bed.plan)) {
			g_test_message("seed %u on %s:\n%s", seed, host, text);
			assert_clean(&bed, PLANNED, NULL);
			checked++;
		}
		bed_clear(&bed);
		g_rand_free(rand);
	}
	g_assert_cmpuint(checked, >, 60);
}

/* Lines, most of them wrong, and what is found of a machine that booted them: tests/e2e-lines.t
 * wrote it. */
#define BOOTED "tests/e2e/lines.json"

static hwloc_bitmap_t booted_set(json_t *row, const char *key)
{
	return predicted_list(json_string_value(json_object_get(row, key)));
}

/* What stands between the quotes of "Unknown kernel command line parameters". */
static char *booted_passed_on(json_t *row)
{
	json_t *said;
	size_t i;

	json_array_foreach (json_object_get(row, "said"), i, said) {
		g_auto(GStrv) parts = g_strsplit(json_string_value(said), "\"", -1);

		if (g_str_has_prefix(parts[0], "Unknown kernel command line") && parts[1])
			return g_strdup(parts[1]);
	}
	return g_strdup("");
}

/* The lockup watchdog runs where kernel threads do; kthreadd itself begins before the other CPUs
 * are there. */
static hwloc_bitmap_t booted_watchdog(json_t *row)
{
	g_auto(CpuSet) kthreadd = booted_set(row, "kthreadd");
	g_auto(CpuSet) workqueue = booted_set(row, "workqueue");
	bool early = !hwloc_bitmap_iszero(workqueue) && !set_meets(kthreadd, workqueue);

	return hwloc_bitmap_dup(early ? workqueue : kthreadd);
}

static Facts *booted_facts(json_t *row, const char *release)
{
	Facts *facts = facts_new();
	KernelFacts *kernel = facts->kernel;
	g_autofree char *passed_on = booted_passed_on(row);

	kernel->release = g_strdup(release);
	kernel->cmdline = g_strdup(json_string_value(json_object_get(row, "line")));
	kernel->possible = booted_set(row, "possible");
	kernel->online = booted_set(row, "possible");
	kernel->isolated = booted_set(row, "isolated");
	kernel->nohz_full = booted_set(row, "nohz_full");
	kernel->nohz_full_file = true;
	kernel->watchdog = booted_watchdog(row);
	kernel->init_environ = g_strsplit(passed_on, " ", -1);
	return facts;
}

static char *booted_found(const Facts *facts)
{
	char *const kernel[] = {(char *)"kernel", NULL};
	const CheckOptions options = {.only = (char **)kernel};
	g_autoptr(Audit) audit = audit_new(NULL, NULL, facts);
	g_autoptr(Check) check = check_run(audit, &options);
	GString *ids = g_string_new(NULL);

	for (const Rule *const *rule = rules; *rule; rule++)
		for (unsigned i = 0; i < check->findings->len; i++) {
			const Finding *f = g_ptr_array_index(check->findings, i);

			if (f->verdict == VERDICT_FAIL && g_str_equal(f->id, (*rule)->id)) {
				g_string_append_printf(ids, "%s ", f->id);
				break;
			}
		}
	return g_string_free(ids, FALSE);
}

/* The same ids in the order of the table. */
static char *booted_wanted(json_t *row)
{
	GString *ids = g_string_new(NULL);
	json_t *id;
	size_t i;

	for (const Rule *const *rule = rules; *rule; rule++)
		json_array_foreach (json_object_get(row, "findings"), i, id)
			if (g_str_equal(json_string_value(id), (*rule)->id))
				g_string_append_printf(ids, "%s ", (*rule)->id);
	return g_string_free(ids, FALSE);
}

static void test_booted(void)
{
	json_error_t error;
	json_t *file = json_load_file(BOOTED, 0, &error), *row;
	const char *release = json_string_value(json_object_get(file, "kernel"));
	size_t i;

	g_assert_nonnull(file);
	json_array_foreach (json_object_get(file, "lines"), i, row) {
		g_autoptr(Facts) facts = booted_facts(row, release);
		g_autofree char *found = booted_found(facts), *wanted = booted_wanted(row);

		g_test_message("%s", facts->kernel->cmdline);
		g_assert_cmpstr(found, ==, wanted);
	}
	json_decref(file);
}

/* The other forms */

static void test_forms(void)
{
	Bed bed;
	g_autoptr(Audit) audit = NULL;
	g_autoptr(Check) check = NULL;
	g_autofree char *junit = NULL, *prometheus = NULL, *json = NULL;
	json_t *document;

	bed_level(&bed, PLANNED);
	text_set(&guest(bed.facts, "s1")->name, "<a & \"b\"\x01>");
	check = bed_check(&bed, PLANNED, NULL, &audit);
	junit = check_to_junit(check);
	prometheus = check_to_prometheus(check);
	g_assert_nonnull(strstr(junit, "vm &lt;a &amp; &quot;b&quot;?&gt;"));
	g_assert_nonnull(strstr(junit, "<failure type=\"warning\""));
	g_assert_nonnull(strstr(prometheus, "planner_check_findings{rule=\"vm.unknown\",severity="
					    "\"warning\",verdict=\"fail\"} 1\n"));
	g_assert_nonnull(strstr(prometheus, "\nplanner_check_bad 1\n"));
	document = check_to_json(check);
	json = json_dumps(document, 0);
	g_assert_true(g_str_has_prefix(json, "{\"format\": \"planner-check/1\""));
	json_decref(document);
	g_clear_pointer(&check, check_free);
	g_clear_pointer(&audit, audit_free);
	bed_clear(&bed);
}

/* CPUs in trouble, the worst first to say what they look like. */
static void test_troubles(void)
{
	static const char drawn[] =
		"<svg width='10px' height='10px' viewBox='0 0 10px 10px'></svg>";
	Bed bed;
	g_autoptr(Audit) audit = NULL;
	g_autoptr(Check) check = NULL;
	g_autoptr(GArray) troubles = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *xml = NULL, *clean = NULL, *svg = NULL;
	const Trouble *first;

	bed_level(&bed, PLANNED);
	irq(bed.facts);
	governor(bed.facts);
	check = bed_check(&bed, PLANNED, NULL, &audit);
	troubles = check_troubles(check);
	g_assert_cmpuint(troubles->len, ==, 1);
	first = &g_array_index(troubles, Trouble, 0);
	g_assert_cmpstr(first->ids, ==, "irq.on-isolated, power.governor");
	g_assert_cmpstr(first->role, ==, "dedicated");
	g_assert_cmpint(first->worst, ==, SEVERITY_ERROR);
	g_assert_true(set_single(first->cpus) && hwloc_bitmap_isset(first->cpus, 2));
	clean = picture_xml(bed.plan, NULL);
	g_assert_null(strstr(clean, picture_trouble_colors[SEVERITY_ERROR]));
	xml = picture_xml(bed.plan, check);
	g_assert_nonnull(strstr(xml, "subtype=\"d1 v0\"><info name=\"lstopoStyle\" "
				     "value=\"Background=#d7191c;"));
	svg = picture_finish(drawn, bed.plan, check, NULL, &error);
	g_assert_no_error(error);
	g_assert_nonnull(strstr(svg, "check: 1 error, 1 info; "));
	g_assert_nonnull(strstr(svg, "error: CPUs 2: irq.on-isolated, power.governor<"));
	g_clear_pointer(&check, check_free);
	g_clear_pointer(&audit, audit_free);
	bed_clear(&bed);
}

/* The one finding of AUDIT over a measurement where CPU 2 was interrupted 100 times a second while
 * it was VM's; UNMEASURED is a source that could not be read. */
static void assert_measured(Audit *audit, const char *vm, const char *unmeasured,
			    const char *subject, Verdict verdict, const char *says_so)
{
	static char id[] = "measured.interrupted";
	char *only[] = {id, NULL};
	const CheckOptions options = {.only = only};
	g_autofree char *text = g_strdup_printf(
		"{\"format\": \"planner-measure/1\", \"node\": {\"name\": null, \"topology\": "
		"null}, \"milliseconds\": 1000, \"cpus\": \"2\", \"interruptions\": ["
		"{\"vm\": \"%s\", \"cpus\": \"2\", \"kind\": \"interrupt\", \"name\": \"LOC\", "
		"\"what\": \"local timer interrupts\", \"cause\": \"\", \"count\": %u}], "
		"\"unmeasured\": [{\"source\": \"%s\", \"why\": \"\"}]}",
		vm, *unmeasured ? 1 : 100, unmeasured);
	g_autoptr(GError) error = NULL;
	g_autoptr(Measured) measured = measured_parse("m.json", text, strlen(text), audit, &error);
	g_autoptr(Check) check = NULL;
	const Finding *finding;

	g_assert_no_error(error);
	audit->measured = measured;
	check = check_run(audit, &options);
	g_assert_cmpuint(check->findings->len, ==, 1);
	finding = g_ptr_array_index(check->findings, 0);
	g_assert_cmpstr(finding->subject, ==, subject);
	g_assert_cmpint(finding->verdict, ==, verdict);
	g_assert_nonnull(strstr(finding->text, says_so));
	audit->measured = NULL;
}

/* Whose it is that CPUs were interrupted, and what is not known. */
static void test_measured_vm(void)
{
	Bed bed;
	g_autoptr(Audit) audit = NULL;

	bed_level(&bed, PLANNED);
	audit = audit_new(bed.plan, bed.inventory, bed.facts);
	assert_measured(audit, "d1", "", "vm d1", VERDICT_FAIL, "up to 100.0 times");
	assert_measured(audit, "renamed", "", "node", VERDICT_FAIL, "up to 100.0 times");
	assert_measured(audit, "d1", "/proc/interrupts", "node", VERDICT_UNKNOWN,
			"/proc/interrupts was not measured");
	assert_measured(audit, "d1", "vm d2", "node", VERDICT_UNKNOWN, "vm d2 was not measured");
	g_clear_pointer(&audit, audit_free);
	bed_clear(&bed);
}

/* N interruptions, each of all the CPUs that a kernel can have. */
static char *measured_hostile(unsigned n)
{
	GString *text =
		g_string_new("{\"format\": \"planner-measure/1\", \"node\": {\"name\": null, "
			     "\"topology\": null}, \"milliseconds\": 1, \"cpus\": "
			     "\"0-8191\", \"interruptions\": [");

	for (unsigned i = 0; i < n; i++)
		g_string_append_printf(text,
				       "%s{\"vm\": null, \"cpus\": \"%s\", \"kind\": \"task\", "
				       "\"name\": \"\", \"what\": \"\", \"cause\": \"\", "
				       "\"count\": 1}",
				       i ? ", " : "", n > 1000 ? "1" : "0-8191");
	g_string_append(text, "]}");
	return g_string_free(text, FALSE);
}

/* What is no measurement of this node. */
static void test_measured(void)
{
	static const char *const texts[][2] = {
		{"", "not a document of planner measure"},
		{"{\"format\": \"planner-check/1\"}", "not a document of planner measure"},
		{"{\"format\": \"planner-measure/1\", \"node\": {\"name\": \"other\", "
		 "\"topology\": null}}",
		 "it is of node 'other'"},
		{"{\"format\": \"planner-measure/1\", \"node\": {\"name\": null, \"topology\": "
		 "null}, \"milliseconds\": 0, \"cpus\": \"\", \"interruptions\": []}",
		 "0 is not a time"},
		{"{\"format\": \"planner-measure/1\", \"node\": {\"name\": null, \"topology\": "
		 "null}, \"milliseconds\": 1, \"cpus\": \"2\", \"interruptions\": [{}]}",
		 "vm"}};
	Bed bed;
	g_autoptr(Audit) audit = NULL;

	bed_level(&bed, PLANNED);
	g_free(bed.plan->node->name);
	bed.plan->node->name = g_strdup("small");
	audit = audit_new(bed.plan, bed.inventory, bed.facts);
	for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(
			measured_parse("m.json", texts[i][0], strlen(texts[i][0]), audit, &error));
		g_assert_nonnull(strstr(error->message, texts[i][1]));
	}
	for (unsigned many = 0; many < 2; many++) {
		/* Too many, or all CPUs too often. */
		g_autoptr(GError) error = NULL;
		g_autofree char *text = measured_hostile(many ? 65537 : 1000);

		g_assert_null(measured_parse("m.json", text, strlen(text), audit, &error));
		g_assert_nonnull(strstr(error->message, many ? "too many interruptions"
							     : "more CPUs than a node has"));
	}
	g_clear_pointer(&measured_last, measured_free);
	g_clear_pointer(&audit, audit_free);
	bed_clear(&bed);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/rules/table", test_table);
	g_test_add_func("/rules/one-cause", test_one_cause);
	g_test_add_func("/rules/twins", test_twins);
	g_test_add_func("/rules/every-rule-has-a-fault", test_every_rule_has_a_fault);
	g_test_add_func("/rules/clean", test_clean);
	for (unsigned i = 0; i < G_N_ELEMENTS(faults); i++) {
		g_autofree char *path = g_strdup_printf("/rules/fault/%u-%s", i, faults[i].id);

		g_test_add_data_func(path, GUINT_TO_POINTER(i), test_fault);
	}
	g_test_add_func("/rules/nothing-known", test_nothing_known);
	g_test_add_func("/rules/unread", test_unread);
	g_test_add_func("/rules/unread-idle", test_unread_idle);
	g_test_add_func("/rules/unread-domain", test_unread_domain);
	g_test_add_func("/rules/no-libvirt", test_no_libvirt);
	g_test_add_func("/rules/unpinned-shared", test_unpinned_shared);
	g_test_add_func("/rules/remedy-names", test_remedy_names);
	g_test_add_func("/rules/platforms", test_platforms);
	g_test_add_func("/rules/platform-words", test_platform_words);
	g_test_add_func("/rules/plan-admits", test_plan_admits);
	g_test_add_func("/rules/line-advice", test_line_advice);
	g_test_add_func("/rules/watchdog-off", test_watchdog_off);
	g_test_add_func("/rules/planned-warning", test_planned_warning);
	g_test_add_func("/rules/more-unread", test_more_unread);
	g_test_add_func("/rules/no-pause-exits", test_no_pause_exits);
	g_test_add_func("/rules/power-fine", test_power_fine);
	g_test_add_func("/rules/large", test_large);
	g_test_add_func("/rules/meant", test_meant);
	g_test_add_func("/rules/choice", test_choice);
	g_test_add_func("/rules/predicted", test_predicted);
	g_test_add_func("/rules/booted", test_booted);
	g_test_add_func("/rules/forms", test_forms);
	g_test_add_func("/rules/troubles", test_troubles);
	g_test_add_func("/rules/measured", test_measured);
	g_test_add_func("/rules/measured-vm", test_measured_vm);
	return g_test_run();
}
