# SPDX-License-Identifier: MIT
"""A VM of KubeVirt is told of two threads a core, and kubelet gave it CPUs of four cores in no such order.
Nobody can pin it otherwise by hand: the cure is kubelet's, or the VM's spec.
"""

from capture import Host, isolating, smt
from find import Find

SOURCE = "kubevirt/kubevirt#4687"
FINDS = [Find("vm.guest-siblings", "vm ns_vm", "warning", text="vCPUs 0 and 1 on CPUs 4 and 5",
              fix=["full-pcpus-only", "4,12,5,13"], not_fix=["virsh", "vcpupin"])]
STATUS = 0
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"
POD = "/kubepods.slice/kubepods-pod1.slice/crio-1.scope"


def node(sound):
    host = Host(smt(8), "6.8.0-45-generic", isolating(ISOLATED, HOST), isolated=ISOLATED, nohz=ISOLATED)
    host.grub()
    host.groups |= {"/kubepods.slice": "", POD: "4-6,12-14", POD + "/housekeeping": "6,14"}
    host.task(1200, "virt-handler", HOST, group="/kubepods.slice/kubepods-pod0.slice/crio-0.scope")
    host.vm("ns_vm", 31000, ["4", "12", "5", "13"] if sound else ["4", "5", "12", "13"], "6,14", group=POD,
            comm="qemu-kvm", argv=["/usr/libexec/qemu-kvm", "-name", "guest=ns_vm,debug-threads=on", "-cpu",
                                   "host", "-m", "8192", "-smp", "4,sockets=1,cores=2,threads=2"])
    return host
