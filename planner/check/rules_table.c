/* SPDX-License-Identifier: MIT */
#include "planner/check/rules_table.h"
#include "planner/base/nearest.h"

#include <string.h>

/* In the order of planner-rules(7). */
const Rule *const rules[] = {
	/* rules_word.c, rules_line.c */
	&rule_kernel_parameter_misspelt,
	&rule_kernel_parameter_for_init,
	&rule_kernel_parameter_refused,
	&rule_kernel_list_out_of_range,
	&rule_kernel_list_malformed,
	&rule_kernel_list_keyword,
	&rule_kernel_flags_without_domain,
	&rule_kernel_flag_unknown,
	&rule_kernel_parameter_duplicate,
	&rule_kernel_boot_cpu_isolated,
	&rule_kernel_line_too_long,
	&rule_kernel_reboot_pending,
	&rule_kernel_line_elsewhere,
	&rule_kernel_parameter_missing,
	/* rules_kernel.c */
	&rule_kernel_isolcpus_differs,
	&rule_kernel_nohz_full_differs,
	&rule_kernel_rcu_nocbs_differs,
	&rule_kernel_irqaffinity_differs,
	&rule_kernel_sets_differ,
	&rule_kernel_not_honoured,
	&rule_kernel_option_missing,
	&rule_node_version_differs,
	&rule_node_plan_bad,
	&rule_kernel_watchdog_on_isolated,
	&rule_kernel_vulnerable,
	/* rules_tuning.c */
	&rule_kernel_nohz_off,
	&rule_kernel_tsc_unstable,
	&rule_kernel_sysctl_differs,
	&rule_vm_realtime_throttled,
	&rule_vm_realtime_differs,
	&rule_kvm_halt_polling,
	&rule_kvm_nx_huge_pages,
	&rule_memory_small_pages,
	/* rules_plan.c */
	&rule_plan_pin_role,
	&rule_plan_core_shared,
	&rule_plan_split_core,
	&rule_plan_off_place,
	&rule_plan_not_apart,
	&rule_plan_guest_topology,
	&rule_plan_floats_on_isolated,
	&rule_plan_cpu_pm_ineligible,
	&rule_plan_kernel_line,
	&rule_plan_roles,
	&rule_plan_memory,
	/* rules_cgroup.c */
	&rule_cgroup_partitions_mixed,
	&rule_cgroup_partition_invalid,
	&rule_cgroup_partition_missing,
	/* rules_group.c */
	&rule_cgroup_pins_outside,
	&rule_cgroup_quota,
	/* rules_topology.c */
	&rule_topology_differs,
	&rule_topology_core_split,
	&rule_topology_sibling_offline,
	/* rules_irq.c */
	&rule_irq_on_isolated,
	&rule_irq_managed_on_isolated,
	&rule_irq_passed_elsewhere,
	&rule_irq_default_affinity,
	&rule_irq_irqbalance_list,
	/* rules_task.c */
	&rule_task_kernel_thread_on_isolated,
	&rule_task_user_on_isolated,
	&rule_task_vhost_on_isolated,
	&rule_task_workqueue_on_isolated,
	/* rules_fence.c */
	&rule_task_user_on_vm,
	&rule_service_affinity_lost,
	&rule_topology_fence_split,
	/* rules_vm.c */
	&rule_vm_unknown,
	&rule_vm_missing,
	&rule_vm_xml_refused,
	&rule_vm_vcpus_differ,
	&rule_vm_live_differs,
	&rule_vm_thread_differs,
	&rule_vm_slow_device,
	&rule_vm_no_eoi,
	/* rules_pin.c */
	&rule_vm_pin_missing,
	&rule_vm_pin_differs,
	&rule_vm_emulatorpin_differs,
	&rule_vm_emulator_on_isolated,
	&rule_vm_pin_on_host,
	&rule_vm_pin_on_sdk,
	&rule_vm_pin_offline,
	&rule_vm_vcpu_floats,
	&rule_vm_shared_on_isolated,
	&rule_vm_free_on_isolated,
	&rule_vm_free_on_pinned,
	&rule_vm_pin_across_nodes,
	&rule_vm_pin_ignored,
	/* rules_shape.c */
	&rule_vm_guest_siblings,
	&rule_vm_pin_across_caches,
	&rule_vm_pin_across_kinds,
	/* rules_tenants.c */
	&rule_vm_pin_doubled,
	&rule_vm_core_shared,
	&rule_vm_not_at_once,
	&rule_vm_more_vcpus_than_cpus,
	&rule_vm_overcommit,
	/* rules_memory.c */
	&rule_memory_hugepages_short,
	&rule_memory_hugepages_parameter,
	&rule_vm_hugepages_missing,
	&rule_vm_memory_nodes,
	&rule_vm_memory_off_node,
	&rule_memory_numa_balancing,
	&rule_memory_ksm,
	/* rules_cpupm.c */
	&rule_cpu_pm_on_ineligible,
	&rule_cpu_pm_off_eligible,
	&rule_cpu_pm_not_running,
	&rule_cpu_pm_not_effective,
	&rule_cpu_pm_passthrough_without_mwait,
	&rule_cpu_pm_unsupported,
	&rule_cpu_pm_unjudged,
	&rule_cpu_pm_lost_on_migration,
	&rule_cpu_pm_memory_unlocked,
	&rule_cpu_pm_namespace_missing,
	&rule_kvm_ple_gap,
	&rule_kvm_exitless_timer,
	&rule_kvm_preemption_timer,
	/* rules_service.c */
	&rule_service_systemd_affinity,
	&rule_service_tuned_profile,
	&rule_service_mover,
	/* rules_power.c */
	&rule_measured_interrupted,
	&rule_measured_gap,
	&rule_power_governor,
	&rule_power_slowest,
	&rule_power_idle_poll,
	&rule_power_idle_limit,
	&rule_power_deep_idle,
	/* rules_unread.c */
	&rule_node_unread,
	NULL,
};

const Rule *rule_find(const char *id)
{
	for (const Rule *const *rule = rules; *rule; rule++)
		if (g_str_equal((*rule)->id, id))
			return *rule;
	return NULL;
}

const char *rule_nearest(const char *id)
{
	const char *ids[G_N_ELEMENTS(rules)] = {NULL};

	for (unsigned i = 0; rules[i]; i++)
		ids[i] = rules[i]->id;
	return nearest_word(id, ids);
}

bool rule_covered(const char *word, const char *id)
{
	size_t length = strlen(word);

	return !strncmp(word, id, length) && (!id[length] || id[length] == '.');
}

bool rule_word_known(const char *id)
{
	for (const Rule *const *rule = rules; *rule; rule++)
		if (*id && rule_covered(id, (*rule)->id))
			return true;
	return false;
}
