/* SPDX-License-Identifier: MIT */
#include "planner/artifacts/artifact.h"

#include <string.h>

const Artifact *const artifacts[] = {
	/* the plan itself */
	&artifact_plan,
	/* what the host is made of, before the kernel line */
	&artifact_modprobe,
	&artifact_sysctl,
	&artifact_affinity,
	&artifact_system_slice,
	&artifact_user_slice,
	&artifact_machine_slice,
	&artifact_sdk_slice,
	&artifact_sdk_partition,
	&artifact_hugepages,
	&artifact_hugetlbfs,
	&artifact_cgconfig,
	&artifact_dpdk,
	&artifact_spdk,
	&artifact_ovs,
	&artifact_check_service,
	&artifact_check_timer,
	&artifact_libvirt_hook,
	&artifact_irqbalance,
	&artifact_irqbalance_rhel,
	&artifact_tuned,
	&artifact_tuned_realtime,
	/* the kernel line */
	&artifact_cmdline,
	&artifact_grub,
	&artifact_grubby,
	&artifact_kernel_install,
	&artifact_extlinux,
	&artifact_zipl,
	&artifact_bootc,
	/* who runs the VMs */
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
	/* pictures */
	&artifact_hwloc_xml,
	&artifact_picture,
	/* what tells of the others */
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
