# SPDX-License-Identifier: MIT
"""A polling thread of Open vSwitch is on an isolated CPU that no VM has, but a VM has its sibling: the two
polling threads share a core. A pmd-cpu-mask of whole cores is the cure.
"""

from capture import Host, isolating, smt, xml
from find import Find

SOURCE = "Open vSwitch with DPDK, pmd-cpu-mask and other_config:pmd-rxq-affinity"
FINDS = [Find("task.user-on-isolated", "tasks", "error", text="pmd-c13/id:10 (710, on CPUs 13 beside a)",
              fix="a PMD by its mask")]
ALLOWED = ["cpu-pm.off-eligible"]
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"
PINS = ["4", "12", "5"]


def node(sound):
    host = Host(smt(8), "6.1.0-28-amd64", isolating(ISOLATED, HOST), isolated=ISOLATED, nohz=ISOLATED)
    host.grub()
    host.domains = []
    domain = xml("a", 3, PINS, HOST, topology=(1, 3, 1))
    host.vm("a", 21000, PINS, HOST, live=domain, inactive=domain)
    host.task(700, "ovs-vswitchd", HOST, group="/system.slice/ovs-vswitchd.service")
    host.task(700, "pmd-c13/id:10", "14" if sound else "13", tid=710,
              group="/system.slice/ovs-vswitchd.service")
    return host
