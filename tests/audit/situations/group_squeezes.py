# SPDX-License-Identifier: MIT
"""The cpuset of a VM's group shrank below it, while it ran: of KubeVirt's pod, and of the unit of a
plain QEMU. Threads that lost their CPUs float over what is left. That is one cause each.
"""

from capture import Host, isolating, smt
from find import Find

SOURCE = "spheenik/vfio-isolate#6; kubernetes/kubernetes#107074, the CPU manager's reconciliation"
FINDS = [Find("vm.more-vcpus-than-cpus", "vm ns_vm", "error",
              text=["4 vCPUs", "4,12", "all that the group leaves to it: /kubepods.slice/kubepods-pod1.slice/crio-1.scope"],
              fix=["virtctl restart", "kubelet"], not_fix=["taskset", "systemctl"]),
         Find("vm.more-vcpus-than-cpus", "vm plain", "error",
              text=["4 vCPUs", "6,14", "/system.slice/plain.service"], fix="AllowedCPUs=")]
NEVER = ["vm.vcpu-floats", "vm.emulator-on-isolated", "vm.free-on-isolated"]
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"
GROUPS = {"ns_vm": ("/kubepods.slice/kubepods-pod1.slice/crio-1.scope", ["4", "12"], ["5", "13"]),
          "plain": ("/system.slice/plain.service", ["6", "14"], ["7", "15"])}


def node(sound):
    host = Host(smt(8), "6.1.0-28-amd64", isolating(ISOLATED, HOST), isolated=ISOLATED,
                nohz=ISOLATED)
    host.grub()
    for number, (name, (group, kept, lost)) in enumerate(GROUPS.items()):
        left = ",".join(kept)
        host.groups |= {"/" + group.split("/")[1]: "", group: HOST + "," + ",".join(kept + lost)
                        if sound else left}
        pins = kept + lost if sound else kept + [left] * 2
        host.vm(name, 31000 + 1000 * number, pins, HOST if sound else left, group=group, argv=[
            "/usr/libexec/qemu-kvm", "-name", f"guest={name},debug-threads=on", "-cpu", "host",
            "-m", "8192", "-smp", "4,sockets=1,cores=2,threads=2"])
    return host
