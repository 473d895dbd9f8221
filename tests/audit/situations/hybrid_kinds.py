# SPDX-License-Identifier: MIT
"""A hybrid processor: a VM whose vCPUs are partly on performance, partly on efficient cores, though
four efficient ones are free. The guest takes them for alike.
"""

from capture import Host, isolating, smt, xml
from find import Find

SOURCE = "cockpit-project/cockpit-machines#2121; canonical/lxd#16404; threads on P and E cores"
FINDS = [Find("vm.pin-across-kinds", "vm a", "warning", text="4 cores lie over 2 kinds of cores",
              fix="pin it to CPUs 8-11")]
STATUS = 0
ISOLATED, HOST = "4-15", "0-3"


def node(sound):
    cores = smt(4, adjacent=True) + [((8 + i,), 0, 0, 0) for i in range(8)]
    host = Host(cores, "6.8.0-45-generic", isolating(ISOLATED, HOST), isolated=ISOLATED,
                nohz=ISOLATED)
    host.grub()
    host.put("sys/devices/cpu_core/cpus", "0-7\n")
    host.put("sys/devices/cpu_atom/cpus", "8-15\n")
    host.domains = []
    pins = ["8", "9", "10", "11"] if sound else ["4", "6", "8", "9"]
    domain = xml("a", 4, pins, HOST, topology=(1, 4, 1))
    host.vm("a", 21000, pins, HOST, live=domain, inactive=domain)
    return host
