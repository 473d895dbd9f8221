# SPDX-License-Identifier: MIT
"""Groups lost the CPUs of running VMs of two platforms. Nova starts its VM anew, and no pin by virsh is
asked for; kubelet writes the groups of its pods itself, and nobody else may.
"""

from capture import Host, isolating, smt, xml
from find import Find
from situations.platforms import XMLNS

SOURCE = "spheenik/vfio-isolate#6, the other way round, on platforms"
FINDS = [Find("cgroup.pins-outside", "vm nova", "error", text=["4,12", "/machine.slice"],
              fix=["set-property 'machine.slice' AllowedCPUs=0-4,8-12; then a hard reboot"],
              not_fix=["virsh"]),
         Find("cgroup.pins-outside", "vm virt", "error", text=["5,13", "/kubepods.slice"],
              fix=["virtctl restart", "kubelet"], not_fix=["virsh", "systemctl", "echo"])]
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"
VMS = {"nova": ("/machine.slice/machine-qemu\\x2d1\\x2dnova.scope", ["4", "12"]),
       "virt": ("/kubepods.slice/kubepods-pod1.slice/crio-1.scope", ["5", "13"])}


def node(sound):
    host = Host(smt(8), "6.1.0-28-amd64", isolating(ISOLATED, HOST), isolated=ISOLATED,
                nohz=ISOLATED)
    host.domains = []
    allowed = "0-15" if sound else HOST
    for number, (name, (group, pins)) in enumerate(VMS.items()):
        host.groups[group[:group.index("/", 1)]] = allowed
        domain = xml(name, 2, pins, HOST, topology=(1, 1, 2),
                     extra=f"<metadata>{XMLNS[name]}</metadata>")
        host.vm(name, 21000 + 1000 * number, pins if sound else [HOST] * 2, HOST, group=group,
                live=domain, inactive=domain)
    return host
