/* SPDX-License-Identifier: MIT */
#include "planner/check/fixes.h"

#include <stddef.h>

/* CloudStack's agent makes the XML at each start; a hook of a site may change it there. */
#define HOOK "let the agent's XML hook (libvirt-vm-xml-transformer in /etc/cloudstack/agent/hooks) "
#define ANEW_BY_AGENT "; stop the VM and start it: the agent writes the XML again"
#define GRUBENV "third_party_kernel_args in /oem/grubenv, by grub2-editenv"

const Fixes fixes_pin = {{
	[PLATFORM_PROCESS] =
		"bind each vCPU's thread to exactly one CPU: taskset -cp CPU TID, and for good "
		"where the VM is started, without one mask of isolated CPUs for the whole process; "
		"or take the CPUs out of isolcpus=",
	[PLATFORM_PROXMOX] =
		"bind each thread 'CPU N/KVM' to one CPU by a hook script, in post-start: taskset "
		"-cp CPU TID; 'qm set ID --hookscript local:snippets/FILE'. The option affinity "
		"gives all threads of a VM one mask: not over isolated CPUs",
	[PLATFORM_OPENSTACK] =
		"hw:cpu_policy=dedicated in the flavor, and these CPUs in cpu_dedicated_set of "
		"nova.conf [compute], isolated ones never in cpu_shared_set; restart nova-compute "
		"and resize the VM: Nova chooses the pins, and makes them again at each start",
	[PLATFORM_OVIRT] =
		"Edit VM, Resource Allocation, CPU Pinning Policy; restart the VM: the engine "
		"makes pins again at each start",
	[PLATFORM_KUBEVIRT] =
		"dedicatedCpuPlacement: true in the VM's spec.domain.cpu, and restart it; kubelet "
		"chooses the CPUs (cpuManagerPolicy: static, without reservedSystemCPUs)",
	[PLATFORM_OPENSHIFT] =
		"dedicatedCpuPlacement: true in the VM's spec.domain.cpu, and restart it; kubelet "
		"chooses the CPUs, of spec.cpu.isolated of the PerformanceProfile",
	[PLATFORM_LXD] =
		"set limits.cpu of the VM to a list with a CPU for each vCPU, such as 4-7: a "
		"number alone lets it float",
	[PLATFORM_UNRAID] =
		"choose the CPUs in the VM's form, which writes them again when it is saved",
	[PLATFORM_OPENNEBULA] =
		"TOPOLOGY=[PIN_POLICY=\"CORE\"] or \"THREAD\" in the VM's template, and deploy it "
		"again: OpenNebula chooses the pins. ISOLCPUS in the host's template keeps CPUs "
		"from it",
	[PLATFORM_CLOUDSTACK] =
		"CloudStack pins nothing: " HOOK "write a CPU for each vCPU" ANEW_BY_AGENT,
	[PLATFORM_HARVESTER] =
		"enable the CPU Manager of the host (Hosts, Enable CPU Manager) and CPU pinning of "
		"the VM (Advanced Options), and restart it; kubelet chooses the CPUs",
	[PLATFORM_KATA] =
		"enable_vcpus_pinning = true in Kata's configuration.toml, and a Guaranteed pod "
		"with as many CPUs as its VM has vCPUs, under cpuManagerPolicy: static of kubelet; "
		"start the pod again: Kata binds the threads then",
}};

const Fixes fixes_float = {{
	[PLATFORM_PROCESS] = "give the process host CPUs where it is started, and each vCPU's "
			     "thread a CPU of its own if it shall have one",
	[PLATFORM_PROXMOX] =
		"'qm set ID --affinity HOST-CPUS' and restart the VM; if it shall have "
		"CPUs of its own, bind its threads by a hook script",
	[PLATFORM_OPENSTACK] = "set cpu_shared_set of nova.conf [compute] to host CPUs, restart "
			       "nova-compute, and resize or migrate the VM",
	[PLATFORM_OVIRT] = "set a CPU pinning policy for the VM (Edit VM, Resource Allocation), or "
			   "take the CPUs out of isolcpus=: the others share all CPUs that are "
			   "online",
	[PLATFORM_KUBEVIRT] = "keep these CPUs from shared pods: reservedSystemCPUs and "
			      "cpuManagerPolicy: static of kubelet; or dedicatedCpuPlacement: true "
			      "in the VM's spec.domain.cpu",
	[PLATFORM_OPENSHIFT] = "give the VM CPUs of its own: dedicatedCpuPlacement: true in its "
			       "spec.domain.cpu, and restart it",
	[PLATFORM_LXD] = "keep the daemon's unit off isolated CPUs (CPUAffinity=), or set "
			 "limits.cpu of the VM to a list of CPUs",
	[PLATFORM_UNRAID] = "choose the CPUs in the VM's form, which writes them again when it is "
			    "saved",
	[PLATFORM_OPENNEBULA] = "ISOLCPUS in the host's template keeps CPUs from VMs that float; "
				"deploy the VM again",
	[PLATFORM_CLOUDSTACK] =
		HOOK "keep the VM on host CPUs" ANEW_BY_AGENT ", or take the CPUs out of isolcpus=",
	[PLATFORM_HARVESTER] =
		"CPU pinning of the VM (Advanced Options) on a host with the CPU Manager, and "
		"restart it; or take the CPUs out of the kernel line (" GRUBENV ")",
	[PLATFORM_KATA] =
		"keep these CPUs from shared pods: reservedSystemCPUs and cpuManagerPolicy: static "
		"of kubelet; or CPUs of its own: a Guaranteed pod with whole CPUs",
}};

const Fixes fixes_emulator = {{
	[PLATFORM_PROCESS] =
		"let QEMU's main and I/O threads run on host CPUs: taskset -cp CPUS TID, and for "
		"good where the VM is started, without one mask of isolated CPUs for the whole "
		"process",
	[PLATFORM_PROXMOX] =
		"let a hook script bind QEMU's main thread and 'IO …' to host CPUs, in post-start: "
		"taskset -cp CPUS TID; 'qm set ID --hookscript local:snippets/FILE'. No affinity "
		"over isolated CPUs: it is for all threads alike",
	[PLATFORM_OPENSTACK] =
		"hw:emulator_threads_policy=share in the flavor and cpu_shared_set of host CPUs in "
		"nova.conf [compute] (or the policy isolate, one CPU more); restart nova-compute "
		"and resize the VM",
	[PLATFORM_OVIRT] =
		"make it a High Performance VM with CPU pins, NUMA pins and I/O threads: only then "
		"does the engine pin emulator and I/O threads",
	[PLATFORM_KUBEVIRT] =
		"isolateEmulatorThread: true beside dedicatedCpuPlacement in the VM's "
		"spec.domain.cpu, and restart it; ioThreadsPolicy: supplementalPool gives I/O "
		"threads CPUs of their own",
	[PLATFORM_LXD] = "the daemon pins vCPUs alone, other threads have its own affinity: set "
			 "CPUAffinity= of its unit to host CPUs",
	[PLATFORM_UNRAID] = "add emulatorpin in the VM's XML view: the form keeps it",
	[PLATFORM_OPENNEBULA] =
		"EMULATOR_CPUS=\"CPUS\" of host CPUs in the host's or the cluster's template, and "
		"deploy the VM again",
	[PLATFORM_CLOUDSTACK] = HOOK "keep emulator and I/O threads on host CPUs" ANEW_BY_AGENT,
	[PLATFORM_HARVESTER] =
		"isolate the emulator thread: isolateEmulatorThread: true beside CPU pinning in "
		"the VM's spec.domain.cpu (Edit as YAML), and restart it",
	[PLATFORM_KATA] = "sandbox_cgroup_only = false in Kata's configuration.toml puts QEMU's "
			  "other threads into the group /kata_overhead: give that group host CPUs; "
			  "start the pod again",
}};

const Fixes fixes_siblings = {{
	[PLATFORM_PROCESS] = "bind the threads of its vCPUs, in their order, core by core where "
			     "the VM is started, or leave threads= out of -smp",
	[PLATFORM_PROXMOX] =
		"let the hook script bind 'CPU N/KVM', in their order, core by core, or take "
		"threads= out of args: 'qm set ID --cores' tells guests of no threads",
	[PLATFORM_OPENSTACK] = "hw:cpu_threads=1 in the flavor, or hw:cpu_thread_policy=require; "
			       "resize the VM: Nova chooses the pins",
	[PLATFORM_OVIRT] = "Edit VM, System: one thread a core, or CPU Pinning Policy siblings; "
			   "restart the VM",
	[PLATFORM_KUBEVIRT] =
		"threads: 1 in the VM's spec.domain.cpu, or full-pcpus-only: \"true\" in "
		"cpuManagerPolicyOptions of kubelet, which then gives whole cores; restart the VM",
	[PLATFORM_OPENSHIFT] =
		"threads: 1 in the VM's spec.domain.cpu, or spec.numa.topologyPolicy: "
		"single-numa-node of the PerformanceProfile, which gives whole cores; restart the "
		"VM",
	[PLATFORM_LXD] = "set limits.cpu of the VM to whole cores, and restart it: the daemon "
			 "tells the guest what they are",
	[PLATFORM_UNRAID] = "choose both threads of each core in the VM's form, and restart it",
	[PLATFORM_OPENNEBULA] = "THREADS=1 in TOPOLOGY of the VM's template, or "
				"PIN_POLICY=\"THREAD\"; deploy it again: OpenNebula chooses the "
				"pins",
	[PLATFORM_CLOUDSTACK] = HOOK
	"pin vCPUs, in their order, core by core, or tell the guest of threads=1" ANEW_BY_AGENT,
}};

const Fixes fixes_near = {{
	[PLATFORM_PROCESS] =
		"bind its threads to CPUs that are near each other, where the VM is started",
	[PLATFORM_PROXMOX] =
		"let the hook script bind 'CPU N/KVM' to CPUs that are near each other, and 'qm "
		"set ID --numa 1 --numa0 cpus=…,hostnodes=NODE,memory=MB,policy=bind' the memory",
	[PLATFORM_OPENSTACK] = "hw:numa_nodes=1 in the flavor, and resize the VM: Nova chooses the "
			       "pins. It sees L3s where the firmware makes NUMA nodes of them",
	[PLATFORM_OVIRT] = "pin the VM's CPUs by hand (Edit VM, Resource Allocation, CPU Pinning "
			   "topology), or its NUMA nodes; restart it",
	[PLATFORM_KUBEVIRT] =
		"topologyManagerPolicy: single-numa-node of kubelet, for L3s "
		"prefer-align-cpus-by-uncorecache: \"true\" in cpuManagerPolicyOptions; then "
		"restart the VM: kubelet chooses the CPUs",
	[PLATFORM_OPENSHIFT] =
		"spec.numa.topologyPolicy: single-numa-node of the PerformanceProfile, for L3s "
		"prefer-align-cpus-by-uncorecache in its annotation kubeletconfig.experimental; "
		"then restart the VM: kubelet chooses the CPUs",
	[PLATFORM_LXD] = "set limits.cpu of the VM to a list of CPUs that are near each other, "
			 "and limits.cpu.nodes to their node; restart it",
	[PLATFORM_UNRAID] = "choose CPUs that are near each other in the VM's form, and restart it",
	[PLATFORM_OPENNEBULA] = "NODE_AFFINITY in TOPOLOGY of the VM's template, and deploy it "
				"again: OpenNebula chooses the pins",
	[PLATFORM_CLOUDSTACK] = HOOK "pin vCPUs to CPUs that are near each other" ANEW_BY_AGENT,
	[PLATFORM_KATA] = "topologyManagerPolicy: single-numa-node of kubelet, for L3s "
			  "prefer-align-cpus-by-uncorecache: \"true\" in cpuManagerPolicyOptions; "
			  "start the pod again: kubelet chooses the CPUs",
}};

const Fixes fixes_memory = {{
	[PLATFORM_PROCESS] =
		"-object memory-backend-memfd (or -file),host-nodes=NODE,policy=bind on QEMU's "
		"command line, where the VM is started, and restart it",
	[PLATFORM_PROXMOX] =
		"'qm set ID --numa 1 --numa0 cpus=…,hostnodes=NODE,memory=MB,policy=bind', with "
		"--hugepages 2 or 1024 for huge pages; restart the VM",
	[PLATFORM_OPENSTACK] =
		"hw:numa_nodes and hw:mem_page_size in the flavor, and resize the VM",
	[PLATFORM_OVIRT] = "pin the VM's NUMA nodes in Edit VM; custom property hugepages, in KiB, "
			   "for huge pages; restart it",
	[PLATFORM_KUBEVIRT] =
		"memory.hugepages.pageSize and cpu.numa.guestMappingPassthrough beside "
		"dedicatedCpuPlacement in the VM's spec.domain, and restart it",
	[PLATFORM_LXD] = "limits.cpu.nodes=NODE of the VM, limits.memory.hugepages=true for huge "
			 "pages; restart it",
	[PLATFORM_UNRAID] = "add it in the VM's XML view, and restart the VM",
	[PLATFORM_OPENNEBULA] = "NODE_AFFINITY and HUGEPAGE_SIZE of TOPOLOGY in the VM's template, "
				"and deploy it again",
	[PLATFORM_CLOUDSTACK] = HOOK "bind the memory, and ask for huge pages" ANEW_BY_AGENT,
	[PLATFORM_KATA] =
		"enable_hugepages = true in Kata's configuration.toml; start the pod again",
}};

#define ANEW ": it is written again at each start"

const Fixes fixes_settings = {{
	[PLATFORM_PROCESS] = "change it on QEMU's command line, where the VM is started, and "
			     "restart it",
	[PLATFORM_PROXMOX] = "change it by 'qm set ID' (args: for what it does not know), and "
			     "restart the VM",
	[PLATFORM_OPENSTACK] = "change it by flavor, image properties or nova.conf, if these can "
			       "say it" ANEW " by Nova",
	[PLATFORM_OVIRT] = "change it in Edit VM, if it can be said there" ANEW " by the engine",
	[PLATFORM_KUBEVIRT] =
		"change it in the VM's spec, if it can be said there" ANEW " by virt-launcher",
	[PLATFORM_LXD] = "change it in the instance's configuration, if it can be said there" ANEW
			 " by the daemon",
	[PLATFORM_UNRAID] = "change it in the VM's XML view, and restart the VM",
	[PLATFORM_OPENNEBULA] = "change it in the VM's template (RAW for what it does not know), "
				"and deploy the VM again",
	[PLATFORM_CLOUDSTACK] =
		"change it by the compute offering or agent.properties (guest.cpu.mode), else " HOOK
		"change it" ANEW_BY_AGENT,
	[PLATFORM_KATA] =
		"change it in Kata's configuration.toml, if it can be said there" ANEW " by Kata",
}};

const Fixes fixes_restart = {{
	[PLATFORM_PROCESS] = "stop this QEMU and start it again",
	[PLATFORM_PROXMOX] = "'qm shutdown ID', 'qm start ID': a reboot inside the guest is not "
			     "enough",
	[PLATFORM_OPENSTACK] = "a hard reboot of the VM ('openstack server reboot --hard')",
	[PLATFORM_OVIRT] = "shut the VM down and run it again, by the engine",
	[PLATFORM_KUBEVIRT] = "stop the VM and start it ('virtctl restart')",
	[PLATFORM_LXD] = "stop the instance and start it",
	[PLATFORM_UNRAID] = "stop the VM and start it",
	[PLATFORM_OPENNEBULA] = "power the VM off and resume it, by OpenNebula",
	[PLATFORM_CLOUDSTACK] = "stop the VM and start it, by CloudStack",
	[PLATFORM_KATA] = "delete the pod, and let it start again",
}};

const char fixes_none[] =
	"nothing: the platform writes QEMU's command line, and has no setting for it";

const Fixes fixes_cpu_pm = {{
	[PLATFORM_PROCESS] = "add -overcommit cpu-pm=on where the VM is started, and restart it",
	[PLATFORM_PROXMOX] = "'qm set ID --args \"-overcommit cpu-pm=on\"', with what args has "
			     "already; 'qm shutdown ID', 'qm start ID'",
	[PLATFORM_OPENSTACK] = fixes_none,
	[PLATFORM_OVIRT] = fixes_none,
	[PLATFORM_KUBEVIRT] = fixes_none,
	[PLATFORM_LXD] = "raw.qemu of the instance: -overcommit cpu-pm=on; stop it and start it",
	[PLATFORM_UNRAID] = "add qemu:commandline with -overcommit cpu-pm=on, and its namespace, "
			    "in the VM's XML view; stop the VM and start it",
	[PLATFORM_OPENNEBULA] = "qemu:commandline with -overcommit cpu-pm=on in RAW (TYPE=\"kvm\") "
				"of the VM's template, and deploy it again",
	[PLATFORM_CLOUDSTACK] = HOOK
	"add qemu:commandline with -overcommit cpu-pm=on, and its namespace" ANEW_BY_AGENT,
	[PLATFORM_KATA] = fixes_none,
}};

const Fixes fixes_room = {{
	[PLATFORM_PROCESS] = "fewer vCPUs (-smp), or more CPUs, where the VM is started",
	[PLATFORM_PROXMOX] = "fewer cores, or more CPUs ('qm set ID --affinity LIST', or none of "
			     "it); restart the VM",
	[PLATFORM_OPENSTACK] = "a flavor with fewer vCPUs, or more CPUs in cpu_shared_set of "
			       "nova.conf [compute]; resize the VM",
	[PLATFORM_OVIRT] = "fewer virtual CPUs in Edit VM, System, or another CPU pinning policy",
	[PLATFORM_KUBEVIRT] = "fewer cores in the VM's spec.domain.cpu, or CPUs of its own: "
			      "dedicatedCpuPlacement: true; restart it",
	[PLATFORM_LXD] = "limits.cpu of the VM: a list with a CPU for each vCPU",
	[PLATFORM_UNRAID] = "choose as many CPUs as vCPUs in the VM's form",
	[PLATFORM_OPENNEBULA] = "less VCPU in the VM's template, or more CPUs on its node; deploy "
				"it again",
	[PLATFORM_CLOUDSTACK] = "a compute offering with fewer cores",
	[PLATFORM_KATA] = "default_vcpus in Kata's configuration.toml and the CPU limits of the "
			  "pod, which are added to it; start the pod again",
}};

#define ELSE_REMOVE "; or remove it from the inventory"

const Fixes fixes_define = {{
	[PLATFORM_PROXMOX] = "make it by 'qm create', or bring it by 'qm migrate'" ELSE_REMOVE,
	[PLATFORM_OPENSTACK] = "let Nova start it on this node" ELSE_REMOVE,
	[PLATFORM_OVIRT] = "let the engine start it on this node" ELSE_REMOVE,
	[PLATFORM_KUBEVIRT] = "start it by its VirtualMachine, with a nodeSelector for this "
			      "node" ELSE_REMOVE,
	[PLATFORM_LXD] = "make it by 'lxc init --vm' or 'incus init --vm'" ELSE_REMOVE,
	[PLATFORM_UNRAID] = "make it in the form for VMs" ELSE_REMOVE,
	[PLATFORM_OPENNEBULA] = "deploy it on this node ('onevm deploy')" ELSE_REMOVE,
	[PLATFORM_CLOUDSTACK] = "let CloudStack start it on this host" ELSE_REMOVE,
	[PLATFORM_KATA] = "start its pod on this node" ELSE_REMOVE,
}};

#define PROFILE "of the PerformanceProfile, which alone writes the line and reboots the node"

const Fixes fixes_line = {{
	[PLATFORM_OVIRT] = "Edit Host, Kernel, in the engine, which writes the line when the host "
			   "is reinstalled from there; reboot",
	[PLATFORM_OPENSHIFT] =
		"spec.cpu.isolated, spec.cpu.reserved or spec.additionalKernelArgs " PROFILE,
	[PLATFORM_UNRAID] =
		"Settings, CPU Pinning, or the append line of /boot/syslinux/syslinux.cfg; "
		"reboot",
	[PLATFORM_HARVESTER] = GRUBENV "; reboot (maintenance mode first)",
}};

const Fixes fixes_reboot = {{
	[PLATFORM_OVIRT] = "reboot (maintenance mode first), or set it before: Edit Host, Kernel, "
			   "in the engine",
	[PLATFORM_OPENSHIFT] = "let the Machine Config Operator reboot the node; only the "
			       "PerformanceProfile and MachineConfigs say what the line is to be",
	[PLATFORM_UNRAID] = "reboot, or set it in Settings, CPU Pinning, or on the append line of "
			    "/boot/syslinux/syslinux.cfg first",
	[PLATFORM_HARVESTER] = "reboot (maintenance mode first), or set it before: " GRUBENV,
}};

const Fixes fixes_domain_flag = {{
	[PLATFORM_OVIRT] = "isolcpus=managed_irq,domain,LIST in Edit Host, Kernel, in the engine; "
			   "reinstall the host from there and reboot",
	[PLATFORM_OPENSHIFT] =
		"deliberate: the profile leaves these CPUs to the scheduler. If it "
		"shall not balance tasks there, spec.cpu.balanceIsolated: false " PROFILE,
	[PLATFORM_UNRAID] = "isolcpus=managed_irq,domain,LIST on the append line of "
			    "/boot/syslinux/syslinux.cfg; reboot",
	[PLATFORM_HARVESTER] = "isolcpus=managed_irq,domain,LIST: " GRUBENV "; reboot",
}};

const Fixes fixes_fence = {{
	[PLATFORM_KUBEVIRT] =
		"keep each slice of the host off them: 'systemctl set-property SLICE "
		"AllowedCPUs=HOST-CPUS' for init.scope, system.slice and user.slice, the same CPUs "
		"in reservedSystemCPUs of kubelet; or isolate the CPUs on the kernel line",
	[PLATFORM_OVIRT] = "isolate the CPUs: Edit Host, Kernel, in the engine; reinstall the host "
			   "from there and reboot",
	[PLATFORM_OPENSHIFT] = "spec.cpu.isolated and spec.cpu.reserved " PROFILE,
	[PLATFORM_UNRAID] = "isolate the CPUs in Settings, CPU Pinning; reboot",
	[PLATFORM_HARVESTER] = "isolate the CPUs on the kernel line: " GRUBENV "; reboot",
}};

const Fixes fixes_affinity = {{
	[PLATFORM_OVIRT] = "systemd.cpu_affinity= in Edit Host, Kernel, in the engine, which "
			   "writes the line; CPUAffinity= on the host itself; only host CPUs, or "
			   "neither",
	[PLATFORM_OPENSHIFT] = "spec.cpu.reserved " PROFILE,
	[PLATFORM_HARVESTER] = "systemd.cpu_affinity= in " GRUBENV
			       "; CPUAffinity= in a CloudInit resource: files elsewhere are lost; "
			       "reboot (maintenance mode first)",
}};

const Fixes fixes_whole = {{
	[PLATFORM_OPENSTACK] = "whole cores in cpu_dedicated_set of nova.conf [compute], the host "
			       "on others; restart nova-compute and resize the VM: Nova chooses "
			       "the pins",
	[PLATFORM_OVIRT] = "keep the host to whole cores, and the VM to others: Edit VM, Resource "
			   "Allocation, CPU Pinning topology; restart the VM",
	[PLATFORM_KUBEVIRT] =
		"whole cores in reservedSystemCPUs of kubelet, the same in AllowedCPUs= of each "
		"slice of the host; restart the VM: kubelet chooses the CPUs",
	[PLATFORM_OPENSHIFT] = "whole cores in spec.cpu.reserved and spec.cpu.isolated " PROFILE,
	[PLATFORM_OPENNEBULA] = "keep the host to whole cores, and these in ISOLCPUS of the host's "
				"template; PIN_POLICY=\"CORE\" in the VM's, and deploy it again",
}};

const Fixes fixes_sibling = {{
	[PLATFORM_OPENSHIFT] = "bring it online, or both threads into spec.cpu.offlined " PROFILE,
}};

const Fixes fixes_pages = {{
	[PLATFORM_OPENSHIFT] = "spec.hugepages.pages (size, count, node) " PROFILE,
	[PLATFORM_UNRAID] = "hugepagesz= and hugepages= on the append line of "
			    "/boot/syslinux/syslinux.cfg; reboot",
	[PLATFORM_HARVESTER] = "hugepagesz= and hugepages= on the kernel line: " GRUBENV "; reboot",
}};

#define BY_GO "set it in /boot/config/go, which runs at each boot: files elsewhere are lost"

const Fixes fixes_host = {{
	[PLATFORM_OPENSHIFT] = "a Tuned resource of the Node Tuning Operator, which sets it on the "
			       "node: what is written there by hand is lost",
	[PLATFORM_UNRAID] = BY_GO,
	[PLATFORM_HARVESTER] = "set it in a CloudInit resource, whose file in /oem runs at each "
			       "boot: files elsewhere are lost",
}};

/* Daemons of these turn it on again. */
const Fixes fixes_ksm = {{
	[PLATFORM_PROXMOX] = "'systemctl disable --now ksmtuned', which turns it on again; then "
			     "echo 2 >/sys/kernel/mm/ksm/run",
	[PLATFORM_OVIRT] = "Edit Cluster, Optimization, KSM, in the engine, whose agent turns it "
			   "on again",
	[PLATFORM_KUBEVIRT] = "take the node out of ksmConfiguration.nodeLabelSelector of the "
			      "KubeVirt or HyperConverged resource: virt-handler turns it on again",
	[PLATFORM_UNRAID] = BY_GO,
}};

const Fixes fixes_irqs = {{
	[PLATFORM_OVIRT] = "write the host's CPUs to smp_affinity_list, and irqaffinity= in Edit "
			   "Host, Kernel, in the engine; reinstall the host from there and reboot",
	[PLATFORM_UNRAID] = "write the host's CPUs to smp_affinity_list, for good in "
			    "/boot/config/go, and irqaffinity= to the append line of "
			    "/boot/syslinux/syslinux.cfg; reboot",
	[PLATFORM_HARVESTER] = "write the host's CPUs to smp_affinity_list, for good by a "
			       "CloudInit resource, and irqaffinity= to " GRUBENV "; reboot",
	[PLATFORM_OPENSHIFT] = "annotate the pods (irq-load-balancing.crio.io: disable), or "
			       "spec.globallyDisableIrqLoadBalancing: true of the "
			       "PerformanceProfile",
}};

#define FEWER_QUEUES ", or give the device fewer queues by its driver's parameter there; reboot"

const Fixes fixes_managed = {{
	[PLATFORM_OVIRT] = "isolcpus=managed_irq,domain,LIST in Edit Host, Kernel, in the "
			   "engine" FEWER_QUEUES,
	[PLATFORM_OPENSHIFT] =
		"fewer queues of the device, by its driver's parameter in "
		"spec.additionalKernelArgs " PROFILE "; isolcpus=managed_irq is the profile's own",
	[PLATFORM_UNRAID] = "isolcpus=managed_irq,domain,LIST on the append line of "
			    "/boot/syslinux/syslinux.cfg" FEWER_QUEUES,
	[PLATFORM_HARVESTER] = "isolcpus=managed_irq,domain,LIST in " GRUBENV FEWER_QUEUES,
}};

#define LATENCY "limit the latency of its CPUs: power/pm_qos_resume_latency_us"

const Fixes fixes_idle = {{
	[PLATFORM_OPENSTACK] = LATENCY ", or tuned's force_latency: Nova has no setting for cpu-pm",
	[PLATFORM_OVIRT] =
		LATENCY ", or tuned's force_latency: the engine has no setting for cpu-pm",
	[PLATFORM_KUBEVIRT] = LATENCY ", or tuned's force_latency",
	[PLATFORM_OPENSHIFT] =
		"annotate the VM's pod (cpu-c-states.crio.io: disable), with the runtime class and "
		"spec.workloadHints.perPodPowerManagement: true of the PerformanceProfile",
	[PLATFORM_HARVESTER] = LATENCY ", for good by a CloudInit resource",
	[PLATFORM_UNRAID] = "give the VM cpu-pm if it may have it; else " LATENCY
			    ", for good in /boot/config/go",
	[PLATFORM_KATA] = LATENCY ", or tuned's force_latency",
}};

const Fixes fixes_quota = {{
	[PLATFORM_PROCESS] = "remove the limit where the VM is started: CPUQuota= of its unit",
	[PLATFORM_PROXMOX] = "'qm set ID --delete cpulimit'",
	[PLATFORM_OPENSTACK] = "take quota:cpu_quota and quota:cpu_period out of the flavor, and "
			       "resize the VM",
	[PLATFORM_OVIRT] = "take the CPU limit out of the VM's CPU profile, and restart the VM",
	[PLATFORM_KUBEVIRT] = "kubelet 1.33 or later sets no quota on exclusive CPUs; before, the "
			      "pod's annotation cpu-quota.crio.io: disable, with a runtime class "
			      "that takes it",
	[PLATFORM_OPENSHIFT] = "the pod's annotation cpu-quota.crio.io: disable, with the "
			       "runtime class of the PerformanceProfile",
	[PLATFORM_LXD] = "take limits.cpu.allowance out of the VM's configuration",
	[PLATFORM_UNRAID] = "take the quota out of the XML view of the VM's form",
	[PLATFORM_OPENNEBULA] = "take the quota out of RAW in the VM's template, and deploy it "
				"again",
	[PLATFORM_CLOUDSTACK] = "a compute offering without CPU cap",
	[PLATFORM_KATA] =
		"kubelet 1.33 or later sets no quota on exclusive CPUs; before, the pod's "
		"annotation cpu-quota.crio.io: disable, with a runtime class that takes it",
}};

const Fixes fixes_groups = {{
	[PLATFORM_KUBEVIRT] = "stop the VM and start it ('virtctl restart'): kubelet writes the "
			      "cpuset of its pod again, and virt-launcher pins to the CPUs there",
	[PLATFORM_KATA] = "delete the pod, and let it start again: kubelet writes its cpuset, and "
			  "Kata binds the threads to the CPUs there",
}};

#define ANOTHER_POD "a pod does not move: delete it, and let it start on the other node"

const Fixes fixes_migrate = {{
	[PLATFORM_OPENSTACK] = "'openstack server migrate --live-migration --host HOST SERVER'; "
			       "Nova chooses the pins there",
	[PLATFORM_OVIRT] = "Compute, Virtual Machines, Migrate, in the engine",
	[PLATFORM_KUBEVIRT] =
		"'virtctl migrate VM', or a VirtualMachineInstanceMigration with addedNodeSelector "
		"for the other node; kubelet chooses the CPUs there",
	[PLATFORM_OPENNEBULA] = "'onevm migrate --live VM HOST'; OpenNebula chooses the pins there",
	[PLATFORM_CLOUDSTACK] = "migrate the instance to the host, by CloudStack "
				"(migrateVirtualMachine)",
	[PLATFORM_KATA] = ANOTHER_POD,
}};

const Fixes fixes_move = {{
	[PLATFORM_OPENSTACK] =
		"'openstack server migrate --host HOST SERVER', then 'openstack server "
		"migration confirm SERVER'; Nova chooses the pins there",
	[PLATFORM_OVIRT] = "shut it down, and run it on the other host (Run Once, Host), in the "
			   "engine",
	[PLATFORM_KUBEVIRT] = "a nodeSelector for the other node in the VM's spec, and 'virtctl "
			      "restart VM'",
	[PLATFORM_OPENNEBULA] = "'onevm migrate --poff VM HOST'; OpenNebula chooses the pins there",
	[PLATFORM_CLOUDSTACK] = "stop it, and start it on the other host, by CloudStack "
				"(startVirtualMachine with hostid)",
	[PLATFORM_KATA] = ANOTHER_POD,
}};

const char *fixes_text(const Fixes *fixes, Platform platform)
{
	const char *text = fixes ? fixes->of[platform] : NULL;

	if (!text && fixes)
		text = fixes->of[platform_base(platform)];
	return text;
}
