# SPDX-License-Identifier: MIT
"""A polling thread of Open vSwitch is bound to an isolated CPU that a VM has for itself: a wrong
pmd-cpu-mask. Both were put there on purpose, and each takes the other's time.
"""

from capture import Host, isolating, smt, xml
from find import Find

SOURCE = "risuorg/risu#182; ironcore-dev/libvirt-provider#168; harvester/harvester#11054"
FINDS = [Find("task.user-on-isolated", "tasks", "error",
              text=["1 user task", "pmd-c05/id:9 (7001, on CPUs 5 of a)"], fix="mask")]
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"


def node(sound):
    host = Host(smt(8), "6.1.0-28-amd64", isolating(ISOLATED, HOST), isolated=ISOLATED,
                nohz=ISOLATED)
    host.grub()
    host.domains = []
    service, scope = "/system.slice/ovs-vswitchd.service", "/machine.slice/machine-qemu\\x2d1\\x2da.scope"
    host.task(7000, "ovs-vswitchd", HOST, group=service)
    host.task(7000, "pmd-c05/id:9", "7" if sound else "5", tid=7001, group=service)
    host.task(7000, "pmd-c06/id:10", "6", tid=7002, group=service)
    host.task(7100, "swtpm", "4", group=scope + "/libvirt/emulator")  # the VM's own
    domain = xml("a", 4, ["4", "12", "5", "13"], HOST, topology=(1, 2, 2))
    host.vm("a", 21000, ["4", "12", "5", "13"], HOST, group=scope, live=domain, inactive=domain)
    return host
