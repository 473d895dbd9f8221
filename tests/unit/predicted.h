/* SPDX-License-Identifier: MIT */
/* Facts as a plan predicts them: a node that does exactly what was planned. */
#ifndef TESTS_UNIT_PREDICTED_H
#define TESTS_UNIT_PREDICTED_H

#include "planner/base/version.h"
#include "planner/kernel/cmdline.h"
#include "planner/place/plan.h"
#include "topology/facts/facts.h"
#include "topology/guests/guests.h"

#include <string.h>

static hwloc_bitmap_t predicted_set(hwloc_const_bitmap_t set)
{
	return set ? hwloc_bitmap_dup(set) : NULL;
}

static inline hwloc_bitmap_t predicted_list(const char *list)
{
	hwloc_bitmap_t set = cpulist_parse(list, NULL);

	g_assert_nonnull(set);
	return set;
}

static GHashTable *predicted_table(const char *const *rows)
{
	GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

	for (; *rows; rows += 2)
		g_hash_table_insert(table, g_strdup(rows[0]), g_strdup(rows[1]));
	return table;
}

static void predict_kernel(Facts *facts, const Plan *plan)
{
	static const char *const config[] = {"CONFIG_CPU_ISOLATION",
					     "y",
					     "CONFIG_NO_HZ_FULL",
					     "y",
					     "CONFIG_RCU_NOCB_CPU",
					     "y",
					     "CONFIG_CPUSETS",
					     "y",
					     NULL};
	static const char *const sysctls[] = {"kernel.watchdog", "1", "ksm.run", "0", NULL};
	static const char *const vulnerabilities[] = {"l1tf", "Not affected", "meltdown",
						      "Mitigation: PTI", NULL};
	KernelFacts *kernel = facts->kernel;
	g_autoptr(Cmdline) cmdline = cmdline_parse(plan->cmdline);
	g_autoptr(CmdlineEffects) effects =
		cmdline_effects(cmdline, plan->node->kernel, NULL, NULL);
	hwloc_bitmap_t possible = predicted_set(plan->host->online);

	hwloc_bitmap_or(possible, possible, plan->host->offline);
	kernel->release =
		g_strconcat(plan->node->kernel ? plan->node->kernel : "6.1.0", "-test", NULL);
	kernel->cmdline = g_strconcat("BOOT_IMAGE=/boot/vmlinuz-6.1 root=/dev/sda1 ro quiet ",
				      plan->cmdline, NULL);
	kernel->boot_cmdline = g_strconcat("BOOT_IMAGE=/boot/vmlinuz-6.2 root=/dev/sda2 ro quiet ",
					   plan->cmdline, NULL);
	kernel->boot_source = g_strdup("/boot/grub/grub.cfg");
	kernel->possible = possible;
	kernel->present = predicted_set(possible);
	kernel->online = predicted_set(plan->host->online);
	kernel->offline = predicted_set(plan->host->offline);
	kernel->isolated = predicted_set(effects->domain);
	kernel->nohz_full = predicted_set(effects->tick);
	kernel->nohz_full_file = true;
	kernel->config = predicted_table(config);
	kernel->init_environ = g_new0(char *, 1);
	kernel->vulnerabilities = predicted_table(vulnerabilities);
	kernel->sysctls = predicted_table(sysctls);
	kernel->workqueue = hwloc_bitmap_alloc();
	hwloc_bitmap_andnot(kernel->workqueue, plan->host->online, plan->isolated);
	kernel->writeback = predicted_set(plan->host->online);
	kernel->watchdog = predicted_set(kernel->workqueue);
}

static void predict_irq(Facts *facts, unsigned number, const char *name, bool managed,
			hwloc_const_bitmap_t cpus)
{
	Irq irq = {.number = number,
		   .name = g_strdup(name),
		   .chip = g_strdup(""),
		   .affinity = predicted_set(cpus),
		   .effective = predicted_set(cpus),
		   .managed = managed};

	g_array_append_val(facts->irqs->irqs, irq);
}

static void predict_task(Facts *facts, unsigned tid, const char *comm, bool kernel,
			 hwloc_const_bitmap_t allowed)
{
	Task task = {.pid = tid,
		     .tid = tid,
		     .comm = g_strdup(comm),
		     .kernel = kernel,
		     .allowed = predicted_set(allowed),
		     .last_cpu = -1,
		     .cgroup = g_strdup("/")};

	g_array_append_val(facts->tasks->tasks, task);
}

static Task *last_task(Facts *facts)
{
	return &g_array_index(facts->tasks->tasks, Task, facts->tasks->tasks->len - 1);
}

static void predict_tasks(Facts *facts, const Plan *plan)
{
	hwloc_const_bitmap_t host = facts->kernel->workqueue;
	hwloc_const_bitmap_t sdk = plan->cpus[ROLE_SDK];
	unsigned cpu;

	predict_task(facts, 1, "systemd", false, host);
	predict_task(facts, 2, "kthreadd", true, host);
	predict_task(facts, 3, "kswapd0", true, plan->host->online);
	predict_task(facts, 4, "kauditd", true, host);
	predict_task(facts, 5, "irqbalance", false, host);
	if (!hwloc_bitmap_iszero(sdk))
		predict_task(facts, 6, "reactor_4", false, sdk);
	hwloc_bitmap_foreach_begin(cpu, plan->host->online)
		g_autofree char *name = g_strdup_printf("ksoftirqd/%u", cpu);
		g_auto(CpuSet) own = hwloc_bitmap_alloc();

		hwloc_bitmap_set(own, cpu);
		predict_task(facts, 100 + cpu, name, true, own);
		last_task(facts)->unmovable = true;
	hwloc_bitmap_foreach_end();
}

static void predict_irqs(Facts *facts, const Plan *plan)
{
	g_autoptr(Cmdline) cmdline = cmdline_parse(plan->cmdline);
	g_autoptr(CmdlineEffects) effects = cmdline_effects(cmdline, NULL, NULL, NULL);

	predict_irq(facts, 9, "acpi", false, facts->kernel->workqueue);
	predict_irq(facts, 24, "eth0-TxRx-0", false, facts->kernel->workqueue);
	predict_irq(facts, 25, "nvme0q1", true, facts->kernel->workqueue);
	facts->irqs->default_affinity =
		predicted_set(effects->irq ? effects->irq : plan->host->online);
}

static void predict_partitions(Facts *facts, const Plan *plan)
{
	Cgroup group = {.path = g_strdup("/planner.slice"), .cpus = predicted_set(plan->isolated)};

	facts->cgroups->version = 2;
	group.effective = predicted_set(plan->isolated);
	group.partition = g_strdup(hwloc_bitmap_iszero(facts->kernel->isolated) &&
						   !hwloc_bitmap_iszero(plan->isolated)
					   ? "isolated"
					   : "member");
	g_array_append_val(facts->cgroups->groups, group);
}

static GuestThread predict_thread(unsigned number, unsigned tid, hwloc_const_bitmap_t pin)
{
	return (GuestThread){.number = number,
			     .live = predicted_set(pin),
			     .inactive = predicted_set(pin),
			     .real = predicted_set(pin),
			     .tid = tid,
			     .comm = g_strdup("thread")};
}

/* Shared VMs float through <vcpu cpuset>; their threads have no pin. */
static void predict_vcpu(Guest *guest, const PlanVm *vm, unsigned v)
{
	GuestThread thread;

	if (vm->spec->policy == POLICY_SHARED) {
		thread = (GuestThread){.number = v,
				       .real = predicted_set(vm->cpuset),
				       .tid = guest->pid + 10 + v,
				       .comm = g_strdup("CPU/KVM")};
	} else {
		g_auto(CpuSet) pin = plan_vm_vcpu_cpus(vm, v);

		thread = predict_thread(v, guest->pid + 10 + v, pin);
	}
	thread.scheduler = vm_spec_realtime(vm->spec, v) ? vm->spec->realtime
							 : (Scheduler){SCHEDULER_OTHER, 0};
	thread.live_scheduler = thread.inactive_scheduler = thread.scheduler;
	guest->realtime |= scheduler_realtime(&thread.scheduler);
	g_array_append_val(guest->vcpu_threads, thread);
}

static void predict_threads(Guest *guest, const PlanVm *vm)
{
	for (unsigned v = 0; v < vm->spec->vcpus; v++)
		predict_vcpu(guest, vm, v);
	for (unsigned i = 0; i < 2; i++) {
		GuestThread thread = predict_thread(0, guest->pid + i, vm->emulatorpin);

		g_array_append_val(guest->emulator_threads, thread);
	}
	for (unsigned i = 0; i < vm->spec->iothreads; i++) {
		GuestThread thread = predict_thread(i + 1, guest->pid + 50 + i,
						    g_ptr_array_index(vm->iothreadpins, i));

		g_array_append_val(guest->iothreads, thread);
	}
}

static void predict_memory(Guest *guest, const Plan *plan, const PlanVm *vm)
{
	guest->memory = vm->spec->memory;
	guest->node_memory = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	if (vm->shares->len)
		guest->nodes_live = hwloc_bitmap_alloc();
	for (unsigned i = 0; i < vm->shares->len; i++) {
		const VmShare *share = &g_array_index(vm->shares, VmShare, i);
		unsigned id = host_node(plan->host, share->node)->id;

		hwloc_bitmap_set(guest->nodes_live, id);
		g_hash_table_insert(guest->node_memory, GUINT_TO_POINTER(id),
				    g_memdup2(&share->memory, sizeof share->memory));
	}
	guest->nodes_inactive = predicted_set(guest->nodes_live);
}

static void predict_overcommit(Guest *guest, const PlanVm *vm)
{
	bool on = vm->cpupm->verdict == CPUPM_ON;
	const char *argument = on ? cpupm_overcommit(vm->spec) : NULL;
	const char *list[] = {argument, NULL};
	const char *argv[] = {"/usr/bin/qemu-system-x86_64",
			      "-overcommit",
			      guest->locked ? "mem-lock=on" : "mem-lock=off",
			      on ? "-overcommit" : NULL,
			      argument,
			      NULL};

	guest->overcommit_live = g_strdupv((char **)list);
	guest->overcommit_inactive = g_strdupv((char **)list);
	guest->argv = g_strdupv((char **)argv);
}

static Guest *predict_guest(const Plan *plan, const PlanVm *vm, unsigned pid)
{
	Guest *guest = guest_new(vm->spec->name);

	guest->halt_exits = 0;
	guest->running = guest->persistent = true;
	guest->pid = pid;
	guest->live_xml = g_strdup("<domain/>");
	guest->inactive_xml = g_strdup("<domain/>");
	guest->vcpus = guest->vcpus_max = vm->spec->vcpus;
	guest->cpuset_live = predicted_set(vm->cpuset ? vm->cpuset : vm->emulatorpin);
	guest->cpuset_inactive = predicted_set(guest->cpuset_live);
	guest->cpu_mode = g_strdup(cpu_mode_names[vm->spec->cpu_mode]);
	guest->locked = vm->spec->locked;
	guest->hugepages = vm->spec->page != 0;
	guest->page = vm->spec->page;
	guest->eoi = true;
	predict_threads(guest, vm);
	predict_memory(guest, plan, vm);
	predict_overcommit(guest, vm);
	return guest;
}

static void predict_guests(Facts *facts, const Plan *plan)
{
	GuestFacts *guests = guests_new("qemu:///system");

	guests->libvirt = g_strdup(plan->node->libvirt ? plan->node->libvirt : "9.0.0");
	guests->qemu = g_strdup(plan->node->qemu ? plan->node->qemu : "8.2.0");
	for (unsigned i = 0; i < plan->vms->len; i++) {
		const PlanVm *vm = g_ptr_array_index(plan->vms, i);
		unsigned pid = 10000 + 100 * i;
		g_autofree char *vhost = g_strdup_printf("vhost-%u", pid);

		if (!vm->placed)
			continue;
		g_ptr_array_add(guests->guests, predict_guest(plan, vm, pid));
		predict_task(facts, pid + 90, vhost, true, vm->emulatorpin);
		last_task(facts)->vhost_of = pid;
	}
	facts->guests = guests;
}

static void predict_hugepages(Facts *facts, const Plan *plan)
{
	static const uint64_t sizes[] = {UINT64_C(2) << 20, UINT64_C(1) << 30};

	facts->hugepages = g_array_new(FALSE, TRUE, sizeof(HugePages));
	for (unsigned node = 0; node < plan->host->nodes->len; node++)
		for (unsigned s = 0; s < G_N_ELEMENTS(sizes); s++) {
			HugePages pages = {.node = host_node(plan->host, node)->id,
					   .size = sizes[s],
					   .total = (UINT64_C(4) << 40) / sizes[s]};

			g_array_append_val(facts->hugepages, pages);
		}
}

static void predict_kvm(Facts *facts, const Plan *plan, const Inventory *inventory)
{
	const char *const rows[] = {"kvm_intel.ple_gap",
				    "128",
				    "kvm_intel.enable_apicv",
				    "Y",
				    "kvm.pi_inject_timer",
				    hwloc_bitmap_iszero(facts->kernel->nohz_full) ? "0" : "1",
				    NULL};
	bool too_old = plan->node->kernel && version_before(plan->node->kernel, 4, 17);

	facts->kvm->parameters = predicted_table(rows);
	facts->kvm->disable_exits = too_old ? 0 : inventory->node->mwait == TRISTATE_YES ? 15 : 14;
	facts->kvm->nested = TRISTATE_NO;
}

static void predicted_power_clear(gpointer data)
{
	CpuPower *power = data;

	g_free(power->governor);
	g_free(power->driver);
}

static void predict_power(Facts *facts, const Plan *plan)
{
	unsigned cpu;

	facts->power = g_array_new(FALSE, TRUE, sizeof(CpuPower));
	g_array_set_clear_func(facts->power, predicted_power_clear);
	hwloc_bitmap_foreach_begin(cpu, plan->host->online)
		CpuPower power = {.cpu = cpu,
				  .governor = g_strdup("performance"),
				  .driver = g_strdup("intel_cpufreq"),
				  .deepest_idle = 10};

		g_array_append_val(facts->power, power);
	hwloc_bitmap_foreach_end();
}

/* SOURCE is what the plan's host was loaded from: the facts have one of their own. */
static Facts *predict(const Plan *plan, const Inventory *inventory, const char *source)
{
	Facts *facts = facts_new();

	facts->source = g_strdup("/");
	facts->live = true;
	facts->host = host_load(source, NULL);
	g_assert_nonnull(facts->host);
	predict_kernel(facts, plan);
	predict_irqs(facts, plan);
	predict_tasks(facts, plan);
	predict_partitions(facts, plan);
	predict_guests(facts, plan);
	predict_hugepages(facts, plan);
	predict_kvm(facts, plan, inventory);
	predict_power(facts, plan);
	return facts;
}

#endif
