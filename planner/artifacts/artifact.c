/* SPDX-License-Identifier: MIT */
#include "planner/artifacts/artifact.h"

#include <string.h>

const Artifact *const artifacts[] = {
	/* boot */
	&artifact_cmdline,
	&artifact_grub,
	&artifact_grubby,
	&artifact_kernel_install,
	&artifact_bootc,
	/* services */
	&artifact_affinity,
	&artifact_system_slice,
	&artifact_user_slice,
	&artifact_machine_slice,
	&artifact_sdk_slice,
	&artifact_sdk_partition,
	&artifact_irqbalance,
	&artifact_irqbalance_rhel,
	&artifact_tuned,
	&artifact_tuned_realtime,
	&artifact_modprobe,
	&artifact_sysctl,
	&artifact_hugepages,
	&artifact_hugetlbfs,
	&artifact_cgconfig,
	/* SDK */
	&artifact_dpdk,
	&artifact_spdk,
	&artifact_ovs,
	/* clouds */
	&artifact_nova,
	&artifact_flavors,
	&artifact_performance_profile,
	&artifact_ansible,
	&artifact_kubelet,
	&artifact_kubevirt,
	&artifact_proxmox,
	&artifact_starlingx,
	/* VMs */
	&artifact_domain,
	&artifact_virsh,
	&artifact_cpu_pm,
	/* the plan itself */
	&artifact_hwloc_xml,
	&artifact_picture,
	&artifact_plan,
	&artifact_check_service,
	&artifact_check_timer,
	&artifact_apply,
	&artifact_undo,
	&artifact_index,
	NULL,
};

const Artifact *artifact_find(const char *name)
{
	for (const Artifact *const *artifact = artifacts; *artifact; artifact++)
		if (!strcmp((*artifact)->name, name))
			return *artifact;
	return NULL;
}
