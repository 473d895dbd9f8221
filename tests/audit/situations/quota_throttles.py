# SPDX-License-Identifier: MIT
"""A quota of the pod's group throttles vCPUs that have CPUs of their own; and they are bound to
them, though no libvirt says so.
"""

from capture import Host, isolating, smt
from find import Find

SOURCE = "kubevirt/kubevirt#12970; k0sproject/k0s#4954"
FINDS = [Find(("cgroup.quota", "vm.quota"), text=["200000", "/kubepods/pod1"])]
NEVER = ["vm.free-on-isolated", "vm.pin-missing"]
ISOLATED, HOST, GROUP = "2-7,10-15", "0-1,8-9", "/kubepods/pod1/launcher"


def node(sound):
    host = Host(smt(8), "6.1.0-25-amd64", isolating(ISOLATED, HOST), isolated=ISOLATED,
                nohz=ISOLATED)
    host.groups |= {"/kubepods": "", "/kubepods/pod1": "2-3,10-11", GROUP: "2-3,10-11"}
    for group, quota in (("/kubepods/pod1", "200000"), (GROUP, "400000")):
        at = f"sys/fs/cgroup{group}/"
        host.put(at + "cpu.max", f"{'max' if sound else quota} 100000\n")
        host.put(at + "cpu.stat", "usage_usec 1\nnr_periods 98213\nnr_throttled "
                 f"{0 if sound else 61220}\nthrottled_usec {0 if sound else 5123456789}\n")
    host.vm("vms_fedora", 31000, ["2", "10", "3", "11"], HOST, group=GROUP, comm="qemu-kvm",
            argv=["/usr/libexec/qemu-kvm", "-name", "guest=vms_fedora,debug-threads=on", "-cpu",
                  "host", "-m", "4096", "-smp", "4,sockets=1,cores=2,threads=2"])
    return host
