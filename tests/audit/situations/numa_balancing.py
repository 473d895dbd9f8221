# SPDX-License-Identifier: MIT
"""Automatic NUMA balancing beside pinned VMs: it unmaps guests' pages to sample them. And half of
a VM's memory lies on the other node, which no numatune forbids.
"""

from capture import Host, isolating, smt, xml
from find import Find

SOURCE = "tuning guides for KVM"
FINDS = [Find(("memory.numa-balancing", "kernel.numa-balancing"), text="numa_balancing"),
         Find("vm.memory-off-node", "vm db", text="node 0")]
STATUS = 0
ISOLATED, HOST = "2-7,10-15,18-23,26-31", "0-1,8-9,16-17,24-25"


def node(sound):
    cores = smt(8, 16, 0, 0, 0, 0) + smt(8, 16, 1, 1, 1, 8)
    host = Host(cores, "5.15.0-91-generic", isolating(ISOLATED, HOST), isolated=ISOLATED,
                nohz=ISOLATED)
    host.domains = []
    host.put("proc/sys/kernel/numa_balancing", "0\n" if sound else "1\n")
    pins = ["10", "26", "11", "27"]
    domain = xml("db", 4, pins, "8-9,24-25")
    host.vm("db", 21000, pins, "8-9,24-25", live=domain, inactive=domain,
            nodes={1: 8 << 30} if sound else {0: 4 << 30, 1: 4 << 30})
    return host
