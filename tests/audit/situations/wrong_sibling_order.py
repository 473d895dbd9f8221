# SPDX-License-Identifier: MIT
"""Siblings are n and n+8. The guest is told four cores of two threads and is pinned to
4,5,6,7,12-15: the threads of its first core are two cores of the host.
"""

from capture import Host, isolating, smt, xml
from find import Find

SOURCE = "bryansteiner/gpu-passthrough-tutorial#19; 64kramsystem/qemu-pinning#2; ayufan/pve-helpers#9"
FINDS = [Find("vm.guest-siblings", "vm win11", text=["4", "5"], fix=["4,12,5,13", "threads=1"])]
ISOLATED, HOST = "4-7,12-15", "0-3,8-11"
STATUS = 0


def node(sound):
    pins = "4 12 5 13 6 14 7 15".split() if sound else "4 5 6 7 12 13 14 15".split()
    host = Host(smt(8), "6.1.0-28-amd64", isolating(ISOLATED, HOST), isolated=ISOLATED,
                nohz=ISOLATED)
    host.domains = []
    domain = xml("win11", 8, pins, HOST, topology=(1, 4, 2))
    host.vm("win11", 21000, pins, HOST, live=domain, inactive=domain)
    return host
