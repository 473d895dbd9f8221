# SPDX-License-Identifier: MIT
"""machine.slice may use the host's CPUs alone (AllowedCPUs=), and a VM below it is pinned to
others: it does not start.
"""

from capture import Host, isolating, smt, xml
from find import Find

SOURCE = "spheenik/vfio-isolate#6; OpenNebula/one-deploy#283"
FINDS = [Find(("cgroup.pins-outside", "vm.pin-outside-slice"), severity="error",
              text=["4-9,14-19", "machine.slice"], fix="AllowedCPUs=")]
ISOLATED, HOST = "4-9,14-19", "0-3,10-13"
PINS = [str(cpu) for core in range(4, 10) for cpu in (core, core + 10)]


def node(sound):
    host = Host(smt(10), "6.1.0-28-amd64", isolating(ISOLATED, HOST), isolated=ISOLATED,
                nohz=ISOLATED)
    host.domains = []
    host.groups["/machine.slice"] = "0-19" if sound else HOST
    host.vm("win10", 0, [], "", running=False,
            inactive=xml("win10", 12, PINS, HOST, topology=(1, 6, 2)))
    return host
